//! More of an order, and how a complaint or report went on: registered as a lead, decided, told, closed.
//!
//! In: an order or complaint that is being written. Out: more cells of its row in `hotline_orders` or `complaints`, from draws of
//! their own; the row in `leads` of a report that led to no case. Never here: what a call was about (see `hotline`).

use crate::calendar::shanghai_day;
use crate::simulate::cases::{Case, Origin};
use crate::simulate::days::{Days, HOUR};
use crate::simulate::draw::Stream;
use crate::simulate::firms::Firm;
use crate::simulate::hotline::Topic;
use crate::simulate::items::{ITEMS, MARKET, items_of};
use crate::simulate::sheet::{Sheet, Sheets};
use crate::simulate::world::{Unit, World};

/// How a report was registered as a lead.
#[derive(Default)]
pub(super) struct Registered {
    pub lead_id: Option<String>,
    /// The firm of the case that the lead led to.
    pub credit_code: Option<String>,
    /// A lead of the report's own, that led to no case.
    pub is_own: bool,
    /// Given to whoever is in charge of it.
    pub handed_on: bool,
}

impl World {
    /// More cells of an order; `earlier` is the order that the same person had called about before.
    pub fn write_words(&self, sheet: &mut Sheet, id: &str, topic: &Topic, earlier: Option<&str>, open_days: i32, closed_at: i64) {
        let put_off = Stream::about(self.seed, "putting off", id).chance(0.4);
        sheet.text("kind", topic.kind).text_of("content", topic.content.as_deref());
        if open_days > 16 && put_off {
            sheet.instant("extended_to", Days::evening(shanghai_day(closed_at) + 1));
        }
        if let Some(caller) = &topic.caller {
            sheet.text("caller_hash", &blake3::hash(earlier.unwrap_or(caller).as_bytes()).to_hex()[..8]);
        }
    }

    /// How the report was registered: as the lead behind a later case, as a lead of its own, or not at all.
    pub fn lead_of_report(&self, id: &str, at: i64, cases: &[Case]) -> Registered {
        let mut stream = Stream::about(self.seed, "lead of report", id);
        let (followed, is_own, handed_on) = (stream.chance(0.35), stream.chance(0.3), stream.chance(0.45));
        let behind: Vec<&Case> =
            cases.iter().filter(|case| case.origin == Origin::Lead && case.domain == MARKET && case.received_at >= at).collect();
        let case = behind.get(stream.below(behind.len())).filter(|_| followed);
        if let Some(case) = case {
            let lead_id = self.days.seen_at(Some(case.received_at)).map(|_| format!("XS{}", case.id));
            let credit_code = case.firm.as_ref().map(|firm| firm.code.clone());
            return Registered { lead_id, credit_code, ..Registered::default() };
        }
        Registered { lead_id: is_own.then(|| lead_id_of(id)), credit_code: None, is_own, handed_on: is_own && handed_on }
    }

    /// The lead of a report that led to no case.
    pub fn write_lead_of_report(&self, sheets: &mut Sheets, unit: &Unit, id: &str, at: i64, handed_on: bool, firm: &Firm) {
        let mut stream = Stream::about(self.seed, "own lead of report", id);
        let items = items_of(MARKET);
        let item = &ITEMS[items[stream.below(items.len())].0];
        let received = shanghai_day(at);
        let decided = self.days.lag_working(received, if item.food { 7 } else { 15 }, World::odds(unit, 0.6, 0.96), &mut stream);
        let decided_at = self.days.seen_at(Some((Days::evening(decided) - 2 * HOUR).max(at + HOUR)));
        let county = (firm.index / self.firms_per_county) as usize;
        let sheet = sheets.of("leads");
        sheet.text("lead_id", &lead_id_of(id)).text("source", "report").text("credit_code", &firm.code);
        sheet.text("violation_type", item.violation).flag("is_food_drug", item.food);
        sheet.text("place_code", &self.counties[county].code).date("received_on", received).instant("received_at", at);
        if decided_at.is_some() {
            sheet.text("decision", if handed_on { "transfer" } else { "not_file" }).instant("decision_at", decided_at);
            sheet.text("reason", if handed_on { "不属于本机关管辖" } else { "违法事实不成立或情节轻微" });
        }
        self.common(sheet, unit, MARKET, at + HOUR, decided_at);
        sheet.end();
    }

    /// How a complaint or report went on after its acceptance: decided, told, closed.
    pub fn write_course(
        &self,
        sheet: &mut Sheet,
        unit: &Unit,
        id: &str,
        (is_report, anonymous): (bool, bool),
        times: [i64; 2],
        mediated: i32,
    ) {
        let mut stream = Stream::about(self.seed, "course", id);
        let accepted = shanghai_day(times[1]);
        let decided = self.days.lag_working(accepted, 15, World::odds(unit, 0.65, 0.97), &mut stream);
        let told = self.days.lag_working(decided, 5, World::odds(unit, 0.45, 0.94), &mut stream);
        let (never, written, later) =
            (stream.chance(World::odds(unit, 0.1, 0.005)), stream.chance(World::odds(unit, 0.5, 0.95)), stream.between(0, 8));
        let seen = |day: i32| self.days.seen(Some(day)).map(|day| Days::evening(day).max(times[1]));
        if is_report {
            sheet.instant("filing_decision_at", seen(decided));
            sheet.instant("decision_told_at", seen(told).filter(|_| !never && !anonymous));
            let closed = seen(told + later);
            sheet.instant("closed_at", closed).flag("written_reply", closed.map(|_| written));
        } else {
            sheet.instant("closed_at", seen(mediated + later));
        }
    }
}

fn lead_id_of(report: &str) -> String {
    format!("XS{report}")
}
