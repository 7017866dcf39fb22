//! What a case's record says beyond its course: grounds, reviews passed, who discussed and voted, when the fine was paid.
//!
//! In: a case. Out: more cells of its row in `cases`; who presided and voted, for its stages; papers that few cases have. Never here:
//! draws that shape the story; these are from streams of their own, so that the story stays as it is.

use crate::calendar::start_of_day;
use crate::simulate::cases::Case;
use crate::simulate::days::{Days, HOUR};
use crate::simulate::draw::Stream;
use crate::simulate::items::{OVERLOAD, TRANSPORT};
use crate::simulate::rows_standards::band;
use crate::simulate::sheet::{Sheet, Sheets};
use crate::simulate::world::{Unit, World};

impl Case {
    /// A vehicle over its limits.
    pub fn is_overload(&self) -> bool {
        self.item.code == OVERLOAD
    }
}

/// Officers of the unit who do not investigate the case, from the `first` on.
fn others<'a>(unit: &'a Unit, case: &'a Case, first: u32) -> impl Iterator<Item = u32> + 'a {
    (0..unit.officers).map(move |step| (first + step) % unit.officers).filter(|nth| !case.officers.contains(nth))
}

/// How papers reach the party.
pub(super) fn service_method(case: &Case) -> &'static str {
    ["direct", "direct", "post", "electronic", "leave"][(case.salt % 5) as usize]
}

impl World {
    /// The number on the officer's certificate.
    pub fn certificate_no(&self, unit: &Unit, nth: u32) -> String {
        format!("{}{:06}{nth:02}", &unit.region[..6], unit.index)
    }

    /// More cells of the case's row.
    pub fn write_case_detail(&self, sheet: &mut Sheet, unit: &Unit, case: &Case) {
        let mut stream = Stream::about(self.seed, "case detail", &case.id);
        let ended = self.days.seen(case.decided.or(case.closed)).is_some();
        if case.domain == TRANSPORT {
            sheet.flag("is_overload", case.is_overload());
        }
        sheet.text_of("accident_id", self.accident_of(case).as_deref());
        sheet.date("investigated_on", self.days.seen(case.investigated));
        if !self.small || case.procedure != "simple" {
            sheet.date("performed_on", self.performed_on(unit, case));
        }
        self.write_ground(sheet, unit, case, ended, &mut stream);
        let (passed, looked_over) = (stream.chance(World::odds(unit, 0.75, 0.995)), stream.chance(World::odds(unit, 0.70, 0.99)));
        sheet.flag("legal_review_passed", self.days.seen(case.reviewed).map(|_| passed));
        // What the device saw is not always good enough; some tick that it was looked over and not when.
        let mut looks = Stream::about(self.seed, "look at a record", &case.id);
        let (blurred, ticked) = (looks.chance(self.rare(0.05)), looks.chance(0.5));
        let judged = match (case.device, case.device_reviewed) {
            (Some(_), None) => ticked.then_some(true),
            (_, reviewed) => self.days.seen_at(reviewed).map(|_| looked_over && !blurred),
        };
        sheet.flag("offsite_review_passed", judged);
        sheet.flag("complex", self.is_complex(case).then_some(true));
        self.write_discussion(sheet, unit, case, &mut stream);
        self.write_reason(sheet, unit, case, ended, &mut stream);
        if !self.small {
            let certificates: Vec<String> = case.officers.iter().map(|nth| self.certificate_no(unit, *nth)).collect();
            sheet.list("officer_certificates", &certificates);
        }
    }

    /// When the penalty was carried out, once the extract knows that the case is closed: closing is counted from there.
    pub fn performed_on(&self, unit: &Unit, case: &Case) -> Option<i32> {
        let mut stream = Stream::about(self.seed, "payment", &case.id);
        let (in_time, share) = (stream.chance(World::odds(unit, 0.1, 0.94)), stream.unit());
        let (Some(delivered), Some(closed), true) = (case.delivered, case.closed, case.is_penalty()) else { return None };
        // Fifteen working days before the closing, or as far back as the delivery.
        let latest = (closed - delivered).max(0);
        let back = if in_time { (share * f64::from(latest.min(20))) as i32 } else { latest };
        self.days.seen(Some(closed)).map(|closed| closed - back)
    }

    fn write_ground(&self, sheet: &mut Sheet, unit: &Unit, case: &Case, ended: bool, stream: &mut Stream) {
        // Who corrects at once and is told off is let go for the first time; now and then others are, too.
        let first = if case.corrected_early && case.education { 12.0 } else { 1.5 };
        let ground = stream.choose(&[
            ("first_violation", first),
            ("minor", 3.0),
            ("no_fault", 0.6),
            ("time_barred", 0.3),
            ("incapable", 0.1),
            ("other", 0.5),
        ]);
        let (light, stated) = (stream.chance(World::odds(unit, 0.66, 0.97)), stream.chance(0.93));
        if ended && case.outcome == "no_penalty" {
            sheet.text_of("no_penalty_ground", stated.then_some(ground));
            sheet.flag("consequences_minor", stated.then_some(light));
        }
    }

    /// Who discussed the case and who of them voted; an investigator must not vote.
    pub fn voters_of(&self, unit: &Unit, case: &Case) -> (Vec<String>, Vec<String>) {
        let mut stream = Stream::about(self.seed, "discussion", &case.id);
        let (proper, first) = (stream.chance(World::odds(unit, 0.6, 0.98)), stream.below(unit.officers as usize) as u32);
        let mut present = others(unit, case, first).take(3).collect::<Vec<u32>>();
        present.push(case.officers[0]);
        let ids: Vec<String> = present.iter().map(|nth| self.officer_id(unit, *nth)).collect();
        let voters = if proper { ids[..ids.len() - 1].to_vec() } else { ids.clone() };
        (ids, voters)
    }

    fn write_discussion(&self, sheet: &mut Sheet, unit: &Unit, case: &Case, stream: &mut Stream) {
        let written = stream.chance(World::odds(unit, 0.7, 0.99));
        if self.days.seen(case.discussed).is_none() {
            return;
        }
        let (present, voters) = self.voters_of(unit, case);
        if !self.small {
            sheet.list("discussants", &present);
        }
        if written {
            sheet.list("collective_voters", &voters);
        }
    }

    /// Who presided over the hearing: somebody who did not investigate, or carelessly one who did.
    pub fn host_of(&self, unit: &Unit, case: &Case) -> String {
        let mut stream = Stream::about(self.seed, "host", &case.id);
        let (proper, first) = (stream.chance(World::odds(unit, 0.6, 0.98)), stream.below(unit.officers as usize) as u32);
        let host = others(unit, case, first).next().filter(|_| proper).unwrap_or(case.officers[0]);
        self.officer_id(unit, host)
    }

    /// Why the fine lies outside the band of its grade, where somebody wrote it down.
    fn write_reason(&self, sheet: &mut Sheet, unit: &Unit, case: &Case, ended: bool, stream: &mut Stream) {
        let stated = stream.chance(World::odds(unit, 0.1, 0.85));
        let (low, high) = band(case.item, case.severity);
        if let Some(fine) = case.fine.filter(|_| ended && stated) {
            if fine < low * 100 {
                sheet.text("aggravation", "主动消除危害后果，减轻处罚");
            } else if fine > high * 100 {
                sheet.text("aggravation", "一年内再次违法，从重处罚");
            }
        }
    }

    /// Papers that few cases have: notices after a device's record, notices of a hearing, service by publication. Only for files that
    /// were scanned, since any paper says that they were.
    pub fn write_rare_papers(&self, sheets: &mut Sheets, unit: &Unit, case: &Case) {
        let mut stream = Stream::about(self.seed, "rare papers", &case.id);
        let told = World::odds(unit, 0.55, 0.97);
        if let Some(reviewed) = case.device_reviewed.filter(|_| case.domain == TRANSPORT) {
            let reviewed = crate::calendar::shanghai_day(reviewed);
            let day = self.days.lag_working(reviewed, 5, told, &mut stream);
            self.write_paper(sheets, unit, case, ("T", "offsite_notice"), day, Some(("electronic", day)));
        }
        let early = stream.between(7, 12);
        let ahead = if stream.chance(told) { early } else { stream.between(2, 6) };
        if let Some(held) = case.hearing.filter(|_| case.decided.is_some()) {
            // So many working days lie between the notice and the hearing, or too few.
            let day = self.days.worked_before(held - ahead - 2 * ahead.div_euclid(5) - 1).max(case.opened());
            self.write_paper(sheets, unit, case, ("H", "hearing_notice"), day, Some(("direct", day)));
        }
        let (published, late) = (stream.chance(0.35), Days::lag(7, told, &mut stream));
        if let (Some(decided), Some(delivered), true) = (case.decided, case.delivered, published && case.procedure != "simple")
            && delivered > decided + 11
        {
            let day = self.days.plus_working(decided, late.max(1));
            self.write_paper(sheets, unit, case, ("G", "delivery_receipt"), day, Some(("publication", day + 30)));
        }
        self.write_papers_of_the_party(sheets, unit, case);
        if let Some(held) = case.hearing.filter(|_| case.decided.is_some()) {
            self.write_paper(sheets, unit, case, ("J", "hearing_record"), held, None);
        }
        let filed_away = stream.chance(if self.small { 0.05 } else { 0.02 });
        if let Some(closed) = case.closed.filter(|_| filed_away && case.procedure != "simple") {
            self.write_paper(sheets, unit, case, ("Z", "closing_report"), closed, None);
        }
    }

    /// What the party signs: that it waives its statement, that papers may come to its phone.
    fn write_papers_of_the_party(&self, sheets: &mut Sheets, unit: &Unit, case: &Case) {
        let mut stream = Stream::about(self.seed, "papers of the party", &case.id);
        let (waives, agrees, later) = (stream.chance(0.06), stream.chance(0.25), stream.between(0, 2));
        let (Some(notice), Some(decided), true) = (case.notice, case.decided, case.is_penalty()) else { return };
        // A waiver would hide that the decision carries a date before the notice.
        if waives && !unit.backdates && notice + later < decided {
            self.write_paper(sheets, unit, case, ("F", "waiver"), notice + later, None);
        }
        if agrees && service_method(case) == "electronic" {
            self.write_paper(sheets, unit, case, ("D", "delivery_consent"), notice, None);
        }
    }

    fn write_paper(
        &self,
        sheets: &mut Sheets,
        unit: &Unit,
        case: &Case,
        (suffix, kind): (&str, &str),
        day: i32,
        served: Option<(&str, i32)>,
    ) {
        if day > self.days.as_of() {
            return;
        }
        let sheet = sheets.of("case_documents");
        sheet.text("document_id", &format!("WS{}{suffix}", case.id)).text("case_id", &case.id).text("doc_kind", kind).date("dated_on", day);
        if let Some((method, on)) = served {
            sheet.text("service_method", method).flag("service_consent", (method == "electronic").then_some(true));
            sheet.instant("served_at", self.days.seen(Some(on)).map(|on| start_of_day(on) + 16 * HOUR));
            sheet.date("notice_published_on", (method == "publication").then_some(day));
        }
        sheet.flag("elements_ok", true);
        self.common(sheet, unit, case.domain, Days::evening(day).max(self.entered_at(case)), None);
        sheet.end();
    }
}
