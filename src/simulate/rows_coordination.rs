//! What units owe each other beside leads: disputes over jurisdiction, copies of overload cases, proposals to close a firm, suspected
//! crimes that were weighed, a township's requests to its county.
//!
//! In: a case, or a unit and a month. Out: rows of `jurisdiction_disputes`, more kinds of `lead_transfers`, more `assistance_requests`.
//! Never here: leads handed on (see `leads`), neighbours (see `synergy`).

use crate::calendar::shanghai_day;
use crate::simulate::cases::Case;
use crate::simulate::days::{Days, HOUR};
use crate::simulate::draw::Stream;
use crate::simulate::items::{DOMAINS, EMERGENCY, TRANSPORT};
use crate::simulate::sheet::{Sheet, Sheets};
use crate::simulate::world::{Tier, Unit, World};
use crate::terms::Month;

impl World {
    /// Disputes and notices to others that come with the case.
    pub fn write_coordination(&self, sheets: &mut Sheets, unit: &Unit, case: &Case) {
        if !self.knows(case) {
            return;
        }
        let mut stream = Stream::about(self.seed, "coordination", &case.id);
        let (copied, proposed, suspected) =
            (stream.chance(World::odds(unit, 0.5, 0.98)), stream.chance(0.5), stream.chance(self.rare(0.008)));
        let decided = self.days.seen(case.decided).filter(|_| case.is_penalty());
        if case.place_county != case.county || case.outcome == "transferred" {
            self.write_dispute(sheets, unit, case, &mut stream);
        }
        if let Some(day) = decided.filter(|_| case.is_overload() && copied && case.firm.is_some()) {
            self.write_copies(sheets, unit, case, day, &mut stream);
        }
        if let Some(day) = decided.filter(|_| case.domain == EMERGENCY && case.severity == "较重" && proposed && case.firm.is_some()) {
            self.write_proposal(sheets, unit, case, day, &mut stream);
        }
        if let Some(day) = decided.filter(|_| suspected && case.severity == "较重" && case.procedure != "simple") {
            self.write_suspicion(sheets, unit, case, day, &mut stream);
        }
    }

    fn write_dispute(&self, sheets: &mut Sheets, unit: &Unit, case: &Case, stream: &mut Stream) {
        let raised = self.days.plus_working(case.opened(), stream.between(0, 4));
        let (happens, open, escalates) = (stream.chance(0.55), stream.chance(0.04), stream.chance(0.55));
        let (talks, to_other) = (stream.between(2, 6), stream.chance(0.5));
        let other = self.office_of(case.place_county, case.domain, unit.index).map(|other| &self.units[other]);
        let above = unit.parent.map(|parent| &self.units[parent]);
        let (Some(other), Some(above), true) = (other, above, happens && raised <= self.days.as_of()) else { return };
        // Seven working days for the talks, seven more from the day on which the superior was asked.
        let escalated = self.days.plus_working(raised, talks);
        let begun = if escalates { escalated } else { raised };
        let settled = self.days.lag_working(begun, 7, World::odds(above, 0.5, 0.96), stream);
        let settled = self.days.seen((!open).then_some(settled));
        let escalated = self.days.seen(escalates.then_some(escalated));
        let sheet = sheets.of("jurisdiction_disputes");
        sheet.text("dispute_id", &format!("ZY{}", case.id)).list("units", &[&unit.id, &other.id]).text("case_id", &case.id);
        sheet.text("item_code", case.item.code).date("raised_on", raised).date("escalated_on", escalated).date("settled_on", settled);
        if settled.is_some() {
            sheet.text("assigned_to", if to_other { &other.id } else { &unit.id });
            sheet.text_of("decided_by", escalated.map(|_| above.name.as_str()));
        }
        self.common(sheet, above, case.domain, Days::evening(raised), settled.map(Days::evening));
        sheet.end();
    }

    /// 一超四罚: copies to whoever is in charge of the carrier and of the place of loading.
    fn write_copies(&self, sheets: &mut Sheets, unit: &Unit, case: &Case, decided: i32, stream: &mut Stream) {
        let to = self.office_of(case.county, TRANSPORT, unit.index).or(unit.parent);
        for concerns in ["operator", "shipper"] {
            let (sent, never) = (self.days.lag_working(decided, 5, World::odds(unit, 0.65, 0.97), stream), stream.chance(0.06));
            let (answered, silent) = (self.days.lag_working(sent, 15, 0.8, stream), stream.chance(0.12));
            let sheet = sheets.of("lead_transfers");
            self.begin_transfer(sheet, unit, case, &format!("CG{}{concerns}", case.id), "copied", decided);
            sheet.text("concerns", concerns).text_of("to_unit", to.map(|to| self.units[to].id.as_str()));
            let sent = self.days.seen((!never).then_some(sent));
            let answered = self.days.seen(sent.filter(|_| !silent).map(|_| answered)).map(|day| Days::evening(day) + HOUR);
            sheet.instant("transferred_at", sent.map(Days::evening)).date("transferred_on", sent);
            sheet.instant("accepted_at", answered).instant("fed_back_at", answered);
            self.end_transfer(sheet, case, decided, answered.or(sent.map(Days::evening)));
        }
    }

    /// 提请关闭: a firm with grave violations, proposed to the government above.
    fn write_proposal(&self, sheets: &mut Sheets, unit: &Unit, case: &Case, decided: i32, stream: &mut Stream) {
        let (sent, never) = (self.days.lag_working(decided, 10, World::odds(unit, 0.6, 0.97), stream), stream.chance(0.15));
        let sheet = sheets.of("lead_transfers");
        self.begin_transfer(sheet, unit, case, &format!("TQ{}", case.id), "closure_proposal", decided);
        sheet.text_of("to_unit", unit.parent.map(|parent| self.units[parent].id.as_str()));
        let sent = self.days.seen((!never).then_some(sent));
        sheet.instant("transferred_at", sent.map(Days::evening)).date("transferred_on", sent);
        self.end_transfer(sheet, case, decided, sent.map(Days::evening));
    }

    /// A penalty whose act may have been a crime: approved and handed over in time, too late, or weighed and kept.
    fn write_suspicion(&self, sheets: &mut Sheets, unit: &Unit, case: &Case, decided: i32, stream: &mut Stream) {
        let known_at = Days::evening(decided);
        let hours = Days::lag(72, World::odds(unit, 0.6, 0.97), stream).max(2);
        let (kept, handed) = (stream.chance(0.2), Days::lag(24, World::odds(unit, 0.6, 0.97), stream).max(1));
        let approved = known_at + i64::from(hours) * HOUR - HOUR / 2;
        let sheet = sheets.of("lead_transfers");
        self.begin_transfer(sheet, unit, case, &format!("XX{}", case.id), "criminal", decided);
        let judged = self.days.seen_at(Some(approved));
        sheet.instant(if kept { "approval_refused_at" } else { "approved_at" }, judged);
        let sent = judged.filter(|_| !kept).map(|at| at + i64::from(handed) * HOUR - HOUR / 4);
        let sent = self.days.seen_at(sent);
        sheet.instant("transferred_at", sent).date("transferred_on", sent.map(shanghai_day));
        self.end_transfer(sheet, case, decided, sent.or(judged));
    }

    fn begin_transfer(&self, sheet: &mut Sheet, unit: &Unit, case: &Case, id: &str, kind: &str, known: i32) {
        sheet.text("transfer_id", id).text("case_id", &case.id).text("from_unit", &unit.id).text("kind", kind);
        sheet.text("from_region", &self.county_code_of(unit)).instant("known_at", Days::evening(known)).date("known_on", known);
        sheet.text_of("credit_code", case.firm.as_ref().map(|firm| firm.code.as_str())).number("hop", 1);
    }

    fn end_transfer(&self, sheet: &mut Sheet, case: &Case, known: i32, updated: Option<i64>) {
        sheet.text("domain", DOMAINS[case.domain]).instant("created_at", Days::evening(known));
        sheet.instant("updated_at", updated.unwrap_or(Days::evening(known)));
        sheet.end();
    }

    /// What a township asks of its county: expertise, testing, officers.
    pub fn write_township_requests(&self, sheets: &mut Sheets, unit: &Unit, month: Month, thickness: f64) {
        let Some(county) = unit.parent.map(|parent| &self.units[parent]).filter(|_| unit.tier == Tier::Township) else { return };
        let parts = [unit.index as u64, month.to_epoch_days() as u64];
        let mut stream = Stream::new(self.seed, "township requests", &parts);
        for number in 0..stream.poisson(0.8 * thickness) {
            let day = self.days.act_day(month, 0.0, &mut stream);
            let sent = self.days.office_hour(day, &mut stream);
            let answered = self.days.lag_working(day, 5, World::odds(county, 0.5, 0.97), &mut stream);
            let (silent, domain) = (stream.chance(World::odds(county, 0.1, 0.01)), unit.domains[stream.below(unit.domains.len())].0);
            if self.days.seen_at(Some(sent)).is_none() {
                continue;
            }
            let answer = self.days.seen((!silent).then_some(answered)).map(|day| Days::evening(day).max(sent + HOUR));
            let sheet = sheets.of("assistance_requests");
            sheet.text("request_id", &format!("XZ{}{:02}{:02}{number:02}", unit.id, month.year % 100, month.month));
            sheet.text("from_unit", &unit.id).text("to_unit", &county.id).text("domain", DOMAINS[domain]).flag("cross_region", false);
            sheet.date("sent_on", day).instant("sent_at", sent).instant("answered_at", answer);
            sheet.text_of("result", answer.map(|_| "已协助"));
            sheet.instant("created_at", sent).instant("updated_at", answer.unwrap_or(sent));
            sheet.end();
        }
    }
}
