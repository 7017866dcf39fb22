//! Coercive measures and coercive execution in a case.
//!
//! In: a case and a stream named after it. Out: rows of `coercive_measures`, with the recordings made of them.
//! Never here: the recordings' rows (see `rows_recording`), penalties.

use crate::calendar::{shanghai_day, start_of_day};
use crate::simulate::cases::Case;
use crate::simulate::days::{Days, HOUR, year_of};
use crate::simulate::draw::Stream;
use crate::simulate::items::{ECO, MARKET, TRANSPORT, URBAN};
use crate::simulate::rows_recording::Act;
use crate::simulate::sheet::{Sheet, Sheets};
use crate::simulate::world::{Unit, World};

/// Days that a seizure may last, and with an extension.
const LIMIT: i32 = 30;

impl World {
    /// A seal, seizure or freeze of the case, and perhaps its execution.
    pub fn write_coercion(&self, sheets: &mut Sheets, unit: &Unit, case: &Case) {
        let mut stream = Stream::about(self.seed, "coercion", &case.id);
        let likely = match case.domain {
            TRANSPORT => 0.07,
            URBAN => 0.03,
            _ => 0.075,
        };
        let (seized, executed) = (stream.chance(self.rare(likely)), stream.chance(self.rare(0.02)));
        if seized && (case.procedure != "simple" || case.domain == URBAN) {
            self.write_seizure(sheets, unit, case, &mut stream);
        }
        if let Some(decided) = case.decided.filter(|_| executed && case.is_penalty() && case.procedure != "simple") {
            self.write_execution(sheets, unit, case, decided, &mut stream);
        }
    }

    fn write_seizure(&self, sheets: &mut Sheets, unit: &Unit, case: &Case, stream: &mut Stream) {
        let kind = match case.domain {
            MARKET => stream.choose(&[("seize", 3.0), ("seal", 2.0), ("freeze", 0.35)]),
            ECO => stream.choose(&[("seal", 4.0), ("seize", 1.0), ("other", 0.3)]),
            TRANSPORT => stream.choose(&[("vehicle", 5.0), ("seize", 1.0)]),
            _ => stream.choose(&[("seize", 3.0), ("seal", 1.0), ("other", 0.2)]),
        };
        let day = self.days.working(shanghai_day(case.found_at) + stream.between(0, 3));
        let started = self.days.office_hour(day, stream).max(case.found_at + HOUR / 2);
        let (urgent, hours, told) =
            (stream.chance(0.4), Days::lag(24, World::odds(unit, 0.62, 0.96), stream), i64::from(stream.between(1, 5)));
        let (unapproved, before) = (stream.chance(World::odds(unit, 0.08, 0.005)), i64::from(stream.between(1, 26)));
        let testing = if case.item.food && stream.chance(0.4) { stream.between(5, 20) } else { 0 };
        let (extended, asked) = (stream.chance(0.2), stream.between(18, 30));
        let limit = LIMIT + testing + if extended { LIMIT } else { 0 };
        let (length, forgotten) = (Days::lag(limit, World::odds(unit, 0.45, 0.95), stream), stream.chance(World::odds(unit, 0.06, 0.005)));
        let handled = stream.choose(&[("released", 6.0), ("confiscated", 2.0), ("destroyed", 0.7), ("transferred", 0.3)]);
        if self.days.seen_at(Some(started)).is_none() {
            return;
        }
        let approved = if urgent {
            started + i64::from(hours.max(1)) * HOUR - HOUR / 4
        } else {
            Days::evening(self.days.worked_before(day - 1)) - before * HOUR / 8
        };
        let ends = day + LIMIT;
        let released = Days::evening(day + length.max(1)) - 2 * HOUR;
        let released = self.days.seen_at((!forgotten).then_some(released));
        let id = format!("QZ{}", case.id);
        let sheet = sheets.of("coercive_measures");
        // Careless offices write the day alone.
        let timed = !Stream::about(self.seed, "time of measure", &id).chance(World::odds(unit, 0.18, 0.01));
        self.begin_measure(sheet, case, &id, kind, day, Some(started).filter(|_| timed));
        sheet
            .flag("urgent", (urgent || !self.small).then_some(urgent))
            .instant("approved_at", self.days.seen_at((!unapproved).then_some(approved)));
        if urgent && !self.small {
            sheet.instant("reported_at", self.days.seen_at(Some(started + told * HOUR)));
        }
        sheet.date("ends_on", ends).number("testing_days", (testing > 0).then_some(i64::from(testing)));
        if extended && day + asked <= self.days.as_of() {
            sheet.date("extension_approved_on", day + asked).date("extended_to", ends + LIMIT);
        }
        sheet.instant("released_at", released);
        if released.is_some() {
            sheet.instant("handled_at", released).text("handled_as", handled);
        }
        self.end_measure(sheet, unit, case, Days::evening(day).max(self.entered_at(case)), released);
        // Nobody films the freezing of an account.
        if kind != "freeze" {
            let act = Act { measure: Some(&id), ..Act::of(case, started, 30) };
            self.write_recordings(sheets, unit, &act);
        }
    }

    fn write_execution(&self, sheets: &mut Sheets, unit: &Unit, case: &Case, decided: i32, stream: &mut Stream) {
        let (wait, odd, night) = (stream.between(70, 130), stream.chance(World::odds(unit, 0.5, 0.03)), stream.chance(0.5));
        let urgent = stream.chance(0.1);
        let hour = i64::from(stream.between(0, 3));
        let usual = self.days.office_hour(self.days.working(decided + wait), stream);
        // An execution outside the hours that the law allows: by night, or on a day of rest.
        let at = match (odd, night) {
            (true, true) => start_of_day(decided + wait) + (22 + hour % 2) * HOUR,
            (true, false) => start_of_day(self.days.rest_day(decided + wait)) + (9 + hour) * HOUR,
            _ => usual,
        };
        if self.days.seen_at(Some(at)).is_none() {
            return;
        }
        let (day, id) = (shanghai_day(at), format!("QX{}", case.id));
        let sheet = sheets.of("coercive_measures");
        let timed = odd || !Stream::about(self.seed, "time of measure", &id).chance(self.rare(0.05));
        let written = Some(at).filter(|_| timed);
        self.begin_measure(sheet, case, &id, "execute", day, written);
        sheet.text("execution_kind", if case.domain == URBAN { "强制拆除" } else { "代履行" }).instant("executed_at", written);
        sheet.flag("urgent", urgent).flag("night", odd && night);
        // Half of those who executed on a day of rest say so.
        sheet.flag("holiday", odd && !night && hour % 2 == 0).instant("approved_at", at - 30 * HOUR);
        self.end_measure(sheet, unit, case, Days::evening(day), None);
        let act = Act { measure: Some(&id), ..Act::of(case, at, 90) };
        self.write_recordings(sheets, unit, &act);
    }

    fn begin_measure(&self, sheet: &mut Sheet, case: &Case, id: &str, kind: &str, day: i32, at: Option<i64>) {
        sheet.text("measure_id", id).text("case_id", &case.id).text("kind", kind);
        sheet.text("decision_no", &format!("强〔{}〕{}号", year_of(day), &case.id[case.id.len() - 7..]));
        sheet.instant("started_at", at);
        if let Some(firm) = &case.firm {
            sheet.text("credit_code", &firm.code);
        }
        if !self.small || at.is_none() {
            sheet.date("started_on", day);
        }
        if !self.small {
            sheet.text("item_code", case.item.code).text("party_kind", case.party_kind());
        }
    }

    fn end_measure(&self, sheet: &mut Sheet, unit: &Unit, case: &Case, created: i64, updated: Option<i64>) {
        if !self.small {
            let officers: Vec<String> = case.officers.iter().map(|nth| self.officer_id(unit, *nth)).collect();
            let certificates: Vec<String> = case.officers.iter().map(|nth| self.certificate_no(unit, *nth)).collect();
            sheet.list("officers", &officers).list("officer_certificates", &certificates);
        }
        self.common(sheet, unit, case.domain, created, updated);
        sheet.end();
    }
}
