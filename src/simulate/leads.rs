//! Leads that became no case, and leads that were handed on, to another department or across a border.
//!
//! In: a unit, a month, its cases. Out: rows of `leads` and `lead_transfers`. Never here: leads behind cases (see `rows_case`).

use crate::calendar::shanghai_day;
use crate::simulate::cases::Case;
use crate::simulate::days::{Days, HOUR};
use crate::simulate::draw::Stream;
use crate::simulate::items::{ECO, ITEMS, MARKET, items_of};
use crate::simulate::sheet::{Sheet, Sheets};
use crate::simulate::world::{Tier, Unit, World};
use crate::terms::Month;

/// What the office did with a lead.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Decision {
    NotFiled,
    Transferred,
    Parked,
}

/// Where leads come from.
const SOURCES: [(&str, f64); 7] =
    [("12345", 3.0), ("complaint", 2.0), ("report", 2.0), ("patrol", 1.0), ("monitoring", 0.5), ("assigned", 0.7), ("self", 0.5)];

/// Days after its month until the slowest honest case is entered.
const SLOWEST_ENTRY: i32 = 120;

/// A lead to hand on.
struct Handover<'a> {
    id: String,
    lead: Option<&'a str>,
    case: Option<&'a str>,
    known_at: i64,
    domain: usize,
    county: usize,
    kind: &'static str,
    to: Option<usize>,
    firm: Option<&'a str>,
    is_major: bool,
}

impl World {
    /// Leads without a case.
    pub fn write_leads(&self, sheets: &mut Sheets, unit: &Unit, month: Month, expected: f64) {
        let mut stream = Stream::new(self.seed, "leads", &[unit.index as u64, month.to_epoch_days() as u64]);
        let count = stream.poisson(expected * 0.16);
        for number in 0..count {
            self.write_lead(sheets, unit, month, number, &mut stream);
        }
    }

    fn write_lead(&self, sheets: &mut Sheets, unit: &Unit, month: Month, number: usize, stream: &mut Stream) {
        let id = format!("XS{}{:02}{:02}N{number:04}", unit.id, month.year % 100, month.month);
        let weights: Vec<f64> = unit.domains.iter().map(|(_, weight)| *weight).collect();
        let domain = unit.domains[stream.weighted(&weights)].0;
        let items = items_of(domain);
        let item = &ITEMS[items[stream.weighted(&items.iter().map(|(_, weight)| *weight).collect::<Vec<_>>())].0];
        let county = self.county_for(unit, stream);
        let firm = self.firm(county, stream.below(self.firms_per_county as usize) as u64);
        let day = self.days.act_day(month, 0.15, stream);
        let received_at = self.days.any_hour(day, stream);
        let decisions = [Decision::NotFiled, Decision::Transferred, Decision::Parked];
        let mut decision = decisions[stream.weighted(&[0.55, 0.33, World::odds(unit, 0.2, 0.01)])];
        // What is not on a township's list is its county's to decide.
        let beyond = unit.tier == Tier::Township && !item.township;
        if beyond && decision == Decision::NotFiled && Stream::about(self.seed, "beyond", &id).chance(World::odds(unit, 0.5, 0.97)) {
            decision = Decision::Transferred;
        }
        let decided = self.days.lag_working(day, if item.food { 7 } else { 15 }, World::odds(unit, 0.6, 0.96), stream);
        let place = if stream.chance(0.55) { self.neighbour_of(county, stream) } else { county };
        let source = stream.choose(&SOURCES);
        let (extended, suspended) = (stream.chance(0.06) && item.food, stream.chance(0.05));
        let decided_at = (Days::evening(decided) - 2 * HOUR).max(received_at + HOUR);
        let is_transfer = decision == Decision::Transferred;
        // What is parked may lie elsewhere too: a lead that belongs to a neighbour and that nobody ever handed on.
        let place = if decision == Decision::NotFiled || beyond { county } else { place };
        if day <= self.days.as_of() {
            let sheet = sheets.of("leads");
            sheet.text("lead_id", &id).text("source", source).text("credit_code", &firm.code).text("violation_type", item.violation);
            if !self.small || number % 3 == 0 || beyond {
                sheet.text("item_code", item.code);
            }
            sheet.flag("is_data_fraud", (domain == ECO).then_some(item.pollution.is_some() && (number + month.month as usize) % 7 == 3));
            sheet.flag("is_food_drug", item.food && domain == MARKET).flag("is_major", number % 20 == 7);
            sheet.text("place_code", &self.counties[place].code).date("received_on", day).instant("received_at", received_at);
            sheet.date("extended_on", self.days.seen(extended.then(|| self.days.plus_working(day, 5))));
            sheet.number("suspended_days", suspended.then_some(7));
            if !self.small || number % 8 == 0 {
                sheet.instant("assigned_at", self.days.seen_at(Some(received_at + 5 * HOUR)));
            }
            self.write_handling(sheet, received_at, decision, decided_at);
            let seen = self.days.seen_at((decision != Decision::Parked).then_some(decided_at));
            self.common(sheet, unit, domain, received_at + HOUR, seen);
            sheet.end();
        }
        if is_transfer {
            let kind = if beyond {
                "up"
            } else if place != county {
                "cross_region"
            } else {
                "cross_dept"
            };
            let handover = Handover {
                id: format!("YS{id}"),
                lead: Some(&id),
                case: None,
                // That it is beyond the list shows when it is looked at.
                known_at: if beyond { decided_at.min(received_at + 30 * HOUR) } else { decided_at },
                domain,
                county: place,
                kind,
                to: unit.parent.filter(|_| beyond),
                firm: Some(&firm.code),
                is_major: number % 20 == 7,
            };
            self.write_transfer(sheets, unit, &handover, stream);
        }
    }

    fn write_handling(&self, sheet: &mut Sheet, received_at: i64, decision: Decision, decided_at: i64) {
        sheet.instant("checked_at", self.days.seen_at(Some(received_at + 30 * HOUR)));
        if let (Some(at), true) = (self.days.seen_at(Some(decided_at)), decision != Decision::Parked) {
            let (word, reason) = match decision {
                Decision::NotFiled => ("not_file", "违法事实不成立或情节轻微"),
                _ => ("transfer", "不属于本机关管辖"),
            };
            sheet.text("decision", word).instant("decision_at", at).text("reason", reason);
        }
    }

    /// Cases whose place lies across a border, or that ended with a transfer, are handed on.
    pub fn write_case_transfer(&self, sheets: &mut Sheets, unit: &Unit, case: &Case, stream: &mut Stream) {
        let across = case.place_county != case.county;
        if !(across || case.outcome == "transferred") || !self.knows(case) {
            return;
        }
        let criminal = !across && case.salt % 3 == 0;
        let kind = if across {
            "cross_region"
        } else if criminal {
            "criminal"
        } else {
            "up"
        };
        let to = if kind == "up" { unit.parent } else { None };
        let known_at = Days::evening(case.left.filter(|_| !across).unwrap_or(case.opened()));
        let handover = Handover {
            id: format!("YS{}", case.id),
            lead: None,
            case: Some(&case.id),
            known_at,
            domain: case.domain,
            county: case.place_county,
            kind,
            to,
            firm: case.firm.as_ref().map(|firm| firm.code.as_str()),
            is_major: case.is_major() || case.salt % 25 == 0,
        };
        self.write_transfer(sheets, unit, &handover, stream);
    }

    fn write_transfer(&self, sheets: &mut Sheets, unit: &Unit, handover: &Handover<'_>, stream: &mut Stream) {
        let never = stream.chance(World::odds(unit, 0.15, 0.01));
        let known = shanghai_day(handover.known_at);
        let limit = if unit.tier == Tier::Township && handover.kind != "cross_region" { 3 } else { 5 };
        let sent = self.days.lag_working(known, limit, World::odds(unit, 0.6, 0.97), stream);
        let to = handover.to.or_else(|| self.office_of(handover.county, handover.domain, unit.index));
        let skill = to.map_or(0.6, |to| self.units[to].skill);
        let answered = self.days.lag_working(sent, 5, 0.5 + 0.47 * skill, stream);
        let (silent, refused, reasoned) = (stream.chance(0.12 * (1.0 - skill)), stream.chance(0.12), stream.chance(0.75));
        let (handled, evidence) = (answered + stream.between(10, 80), stream.chance(0.2 + 0.6 * skill));
        let fed = self.days.lag_working(handled, 15, 0.45 + 0.5 * skill, stream);
        // Offices that never send a neighbour's lead mostly write no transfer either.
        let unwritten = never && handover.kind == "cross_region" && handover.lead.is_some() && known % 3 != 0;
        let mut scarce = Stream::about(self.seed, "scarce", &handover.id);
        // A note of what was sent, that names nothing and says not when it was known; a result of what nobody accepted.
        let share = match (handover.kind, unit.tier) {
            ("criminal", _) => 0.05,
            (_, Tier::Township) => 0.04,
            _ => 0.01,
        };
        let bare = scarce.chance(self.rare(share)) && handover.kind != "cross_region" && !never;
        let (unregistered, kept) = (scarce.chance(self.rare(0.03)), scarce.chance(0.15) && handover.kind == "criminal" && !bare);
        // What is grave is told by telephone first, and some note the day of the call alone.
        let called = handover.is_major && handover.kind != "criminal" && scarce.chance(self.rare(0.1));
        if known > self.days.as_of() || unwritten || (bare && sent > self.days.as_of()) {
            return;
        }
        let seen = |day: i32, hour: i64| self.days.seen(Some(day)).map(|day| Days::evening(day) + hour * HOUR);
        let sheet = sheets.of("lead_transfers");
        sheet
            .text("transfer_id", &handover.id)
            .text_of("lead_id", handover.lead.filter(|_| !bare))
            .text_of("case_id", handover.case.filter(|_| !bare))
            .text("from_unit", &unit.id);
        sheet
            .text("from_region", &self.county_code_of(unit))
            .text("kind", handover.kind)
            .instant("known_at", Some(handover.known_at).filter(|_| !bare && !called))
            .date("known_on", if bare { sent } else { known });
        sheet.number("hop", 1).text_of("credit_code", handover.firm);
        if handover.kind != "criminal" {
            sheet.text_of("to_unit", to.map(|to| self.units[to].id.as_str())).text("to_region", &self.counties[handover.county].code);
        } else {
            // Some are weighed and kept: it was no crime.
            let judged = self.days.seen_at(Some(handover.known_at + 40 * HOUR));
            sheet.instant(if kept { "approval_refused_at" } else { "approved_at" }, judged);
        }
        let sent_at = if never || kept { None } else { seen(sent, 0).map(|at| at.max(handover.known_at)) };
        let mut newest = sent_at;
        if sent_at.is_some() {
            sheet.instant("transferred_at", sent_at).date("transferred_on", sent);
            let answered_at = if silent { None } else { seen(answered, 1) };
            newest = answered_at.or(newest);
            if refused {
                sheet.instant("refused_at", answered_at);
                if reasoned && answered_at.is_some() {
                    sheet.text("refusal_reason", "不属于本地管辖，证据材料不全");
                }
            } else if answered_at.is_some() {
                sheet.instant("accepted_at", answered_at.filter(|_| !unregistered));
                if let Some(outcome_at) = seen(handled, 0) {
                    sheet
                        .text("outcome", "已作出处罚")
                        .instant("outcome_at", outcome_at)
                        .flag("evidence_used", evidence)
                        .instant("fed_back_at", seen(fed, 2));
                    let received = to
                        .filter(|_| handover.kind != "criminal")
                        .and_then(|to| self.settled_case_of(&self.units[to], answered, handover.domain, known));
                    sheet.text_of("received_case_id", received.as_deref());
                    newest = Some(outcome_at);
                }
            }
        }
        sheet.text("domain", crate::simulate::items::DOMAINS[handover.domain]);
        let updated = newest.unwrap_or(handover.known_at);
        sheet.instant("created_at", handover.known_at).instant("updated_at", self.days.seen_at(Some(updated)));
        sheet.end();
    }

    /// A case that the unit surely opened in the month of the day, so far back that even the slowest entry is in the extract: in a
    /// large province the first of the month, told without telling all its cases. `None` for units that enter when they please.
    fn settled_case_of(&self, unit: &Unit, day: i32, domain: usize, known: i32) -> Option<String> {
        let month = crate::terms::date_from_epoch_days(day).map(Month::of)?;
        let (_, total) = self.months.iter().find(|(known, _)| *known == month)?;
        let settled = month.next().to_epoch_days() + SLOWEST_ENTRY <= self.days.as_of() && !unit.backfills;
        let expected = total * unit.weight / self.total_weight;
        if self.small {
            let cases = if settled { self.cases_of(unit, month, expected) } else { Vec::new() };
            let of_domain = || cases.iter().filter(|case| case.domain == domain);
            // Some of what was taken over was handed on again.
            let passed_on = of_domain().find(|case| case.outcome == "transferred" && case.decided.is_some() && known % 2 == 0);
            return passed_on.or_else(|| of_domain().next()).map(|case| case.id.clone());
        }
        let alone = matches!(unit.domains.as_slice(), [(only, _)] if *only == domain);
        (settled && alone && self.count_of_cases(unit, month, expected) > 0)
            .then(|| format!("{}{:02}{:02}{:05}", unit.id, month.year % 100, month.month, 0))
    }

    /// The unit's county, or its own region above the counties.
    pub fn county_code_of(&self, unit: &Unit) -> String {
        unit.county.map_or_else(|| unit.region.clone(), |county| self.counties[county].code.clone())
    }

    /// A unit of the county with the domain, other than `not`.
    pub fn office_of(&self, county: usize, domain: usize, not: usize) -> Option<usize> {
        self.offices.get(&(county, domain)).into_iter().flatten().copied().find(|unit| *unit != not)
    }
}

/// County offices by county and domain.
pub(super) fn offices(units: &[Unit]) -> std::collections::BTreeMap<(usize, usize), Vec<usize>> {
    let mut offices = std::collections::BTreeMap::<_, Vec<usize>>::new();
    for unit in units.iter().filter(|unit| unit.tier == Tier::County) {
        for (domain, _) in &unit.domains {
            offices.entry((unit.county.unwrap_or(0), *domain)).or_default().push(unit.index);
        }
    }
    offices
}
