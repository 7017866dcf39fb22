//! What people say: hotline orders, complaints, surveys, and disputes that were mediated.
//!
//! In: a unit, a month, its cases. Out: rows of `hotline_orders`, `complaints`, `survey_responses`, `mediation_records`.
//! Never here: what calls are about (see `hotline`), ratings (see `ratings`), real people; hashes stand for phones and addresses.

use crate::calendar::shanghai_day;
use crate::error::Result;
use crate::simulate::cases::{Case, Origin};
use crate::simulate::days::{Days, HOUR};
use crate::simulate::draw::{Stream, hash_of};
use crate::simulate::items::{DOMAINS, EMERGENCY, MARKET};
use crate::simulate::public_detail::Registered;
use crate::simulate::sheet::{Output, Sheets};
use crate::simulate::world::{Unit, World};
use crate::terms::Month;

/// Grades of satisfaction, best first.
pub(super) const GRADES: [&str; 5] = ["very_satisfied", "satisfied", "basically_satisfied", "dissatisfied", "very_dissatisfied"];

/// Survey answers a county and quarter.
const ANSWERS: usize = 6;

impl World {
    /// Everything that people say about the unit in the month.
    pub fn write_public(&self, sheets: &mut Sheets, unit: &Unit, month: Month, cases: &[Case], expected: f64) {
        let parts = [unit.index as u64, month.to_epoch_days() as u64];
        let mut stream = Stream::new(self.seed, "hotline", &parts);
        for number in 0..stream.poisson(expected * 0.5) {
            self.write_order(sheets, unit, month, number, cases, &mut stream);
        }
        let mut stream = Stream::new(self.seed, "complaints", &parts);
        let share = unit.domains.iter().filter(|(domain, _)| *domain == MARKET).map(|(_, share)| share).sum::<f64>();
        for number in 0..stream.poisson(expected * share * 0.22) {
            let id = format!("TS{}{:02}{:02}{number:05}", unit.id, month.year % 100, month.month);
            let day = self.days.act_day(month, 0.6, &mut stream);
            let at = self.days.any_hour(day, &mut stream);
            self.write_complaint(sheets, unit, &id, None, at, cases, &mut stream);
        }
        self.write_ratings(sheets, unit, month, cases, expected);
        let mut stream = Stream::new(self.seed, "mediation", &parts);
        for number in 0..stream.poisson(expected * if self.small { 0.22 } else { 0.02 }) {
            self.write_mediation(sheets, unit, month, number, &mut stream);
        }
    }

    fn write_order(&self, sheets: &mut Sheets, unit: &Unit, month: Month, number: usize, cases: &[Case], stream: &mut Stream) {
        let weights: Vec<f64> = unit.domains.iter().map(|(_, weight)| *weight).collect();
        let domain = unit.domains[stream.weighted(&weights)].0;
        let day = self.days.act_day(month, 0.7, stream);
        let called = self.days.any_hour(day, stream);
        let dispatched = called + i64::from(stream.between(10, 300)) * 60_000_000;
        let contact_hours = Days::lag(24, World::odds(unit, 0.76, 0.985), stream);
        let contact = dispatched + i64::from(contact_hours.max(1)) * HOUR - 1_000_000 * i64::from(stream.between(1, 3_000));
        let contact = Days::awake(contact).max(dispatched);
        let (never, anonymous, copied) = (stream.chance(0.02), stream.chance(0.12), domain == MARKET && stream.chance(0.3));
        let closed_day = self.days.lag_working(day, 10, World::odds(unit, 0.45, 0.90), stream);
        let closed_at = (Days::evening(closed_day) - 2 * HOUR).max(contact + HOUR);
        let callback = Days::awake(closed_at + i64::from(stream.between(20, 90)) * HOUR);
        let reasonable = if stream.chance(0.08) { None } else { Some(stream.chance(0.86)) };
        let (answers, resolved) = (stream.chance(0.8), stream.chance(World::odds(unit, 0.70, 0.98)));
        let moods = if resolved { [0.50, 0.34, 0.09, 0.05, 0.02] } else { [0.04, 0.1, 0.25, 0.35, 0.26] };
        let satisfaction = GRADES[stream.weighted(&moods)];
        let (linked, reopened, undated) = (stream.chance(0.3), stream.chance(0.14), stream.chance(0.02));
        let county = self.county_for(unit, stream);
        if day > self.days.as_of() {
            return;
        }
        let id = |number: usize| format!("RX{}{:02}{:02}{number:05}", unit.id, month.year % 100, month.month);
        let order_id = id(number);
        let topic = self.topic_of(unit, &order_id, domain, county, closed_day - day, anonymous);
        let sheet = sheets.of("hotline_orders");
        sheet.text("order_id", &order_id).text_of("category_code", topic.category);
        // A small province's hotline leaves out what goes without saying.
        let said = |flag: bool| (flag || !self.small).then_some(flag);
        sheet.flag("is_enforcement", topic.declared).flag("is_livelihood", said(topic.livelihood)).text_of("sub_kind", topic.sub_kind);
        sheet.text("address_hash", &format!("{:08x}", topic.place >> 32));
        if !self.small {
            sheet.text("city_code", &self.cities[unit.city.unwrap_or(self.counties[county].city)].code);
            sheet.text("content_hash", &format!("{:08x}", hash_of(2, hash_of_text(&order_id), 0) >> 32));
        }
        sheet.date("created_on", day).instant("called_at", called);
        sheet.instant("dispatched_at", self.days.seen_at((!undated).then_some(dispatched)));
        let contacted = self.days.seen_at((!never && !anonymous).then_some(contact));
        sheet.instant("first_contact_at", contacted).flag("anonymous", said(anonymous));
        // The order before this one, made the same way, is in the extract when this one is old enough.
        // Whoever complained of manners calls again more often.
        let of_manners = matches!(topic.sub_kind, Some("attitude" | "no_explanation"));
        let insists = of_manners && Stream::about(self.seed, "calls again", &order_id).chance(0.8);
        let earlier = number.checked_sub(1).filter(|_| reopened || insists).map(id);
        self.write_words(sheet, &order_id, &topic, earlier.as_deref(), closed_day - day, closed_at);
        let closed = self.days.seen_at(Some(closed_at));
        if closed.is_some() {
            sheet.instant("closed_at", closed);
            sheet.flag("is_reasonable", if topic.baseless { Some(false) } else { reasonable });
            if answers && self.days.seen_at(Some(callback)).is_some() {
                sheet.flag("resolved", resolved).instant("callback_at", callback).text("satisfaction", satisfaction);
            }
        }
        sheet.text_of("reopened_from", earlier.as_deref().filter(|_| month.next().to_epoch_days() <= self.days.as_of()));
        // A call that led to something is linked to it; now and then one that was about something else is, by mistake.
        let linked = linked && (self.is_about_enforcement(&order_id) || number % 25 == 3);
        let later: Vec<&Case> = cases.iter().filter(|case| case.domain == domain && case.opened() >= day).collect();
        if let Some(case) = later.get(number % later.len().max(1)).filter(|case| linked && self.knows(case)) {
            match case.origin {
                Origin::Inspection => _ = sheet.text("linked_inspection_id", &format!("JC{}", case.id)),
                _ => _ = sheet.text("linked_case_id", &case.id),
            }
            sheet.text_of("credit_code", case.firm.as_ref().map(|firm| firm.code.as_str()));
        }
        self.common(sheet, unit, domain, called, closed.or(contacted));
        sheet.end();
        self.write_order_rating(sheets, unit, &order_id, domain, closed_at);
        // A report of danger mostly goes into the office's own register, too.
        if domain == EMERGENCY && topic.kind == "report" && Stream::about(self.seed, "registered", &order_id).chance(0.6) {
            let report = format!("TSY{}", &order_id[2..]);
            self.write_safety_report(sheets, unit, &report, Some(&order_id), dispatched);
        }
        if copied {
            let complaint = format!("TSR{}{:02}{:02}{number:05}", unit.id, month.year % 100, month.month);
            self.write_complaint(sheets, unit, &complaint, Some((&order_id, anonymous)), dispatched, cases, stream);
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn write_complaint(
        &self,
        sheets: &mut Sheets,
        unit: &Unit,
        id: &str,
        order: Option<(&str, bool)>,
        at: i64,
        cases: &[Case],
        stream: &mut Stream,
    ) {
        let (drawn, is_report, odds) = (stream.chance(0.15), stream.chance(0.4), World::odds(unit, 0.76, 0.985));
        // Who called without a name has none in the copy either.
        let anonymous = order.map_or(drawn, |(_, anonymous)| anonymous);
        let contact = Days::awake(at + i64::from(Days::lag(24, odds, stream).max(1)) * HOUR - HOUR / 3).max(at);
        let (never, accepted) = (stream.chance(0.02), self.days.lag_working(shanghai_day(at), 7, World::odds(unit, 0.8, 0.99), stream));
        let (mediated, county) = (accepted + stream.between(5, 40), self.county_for(unit, stream));
        let firm = self.firm(county, stream.below(self.firms_per_county as usize) as u64);
        if self.days.seen_at(Some(at)).is_none() {
            return;
        }
        let registered = if is_report { self.lead_of_report(id, at, cases) } else { Registered::default() };
        let sheet = sheets.of("complaints");
        sheet
            .text("complaint_id", id)
            .text_of("order_id", order.map(|(id, _)| id))
            .text("kind", if is_report { "report" } else { "complaint" })
            .flag("anonymous", anonymous);
        sheet.text("credit_code", registered.credit_code.as_deref().unwrap_or(&firm.code));
        sheet.date("received_on", shanghai_day(at)).instant("received_at", at).text_of("filed_lead_id", registered.lead_id.as_deref());
        let contacted = self.days.seen_at(Some(contact)).filter(|_| !never && !anonymous);
        sheet
            .instant("first_contact_at", contacted)
            .instant("accept_decision_at", self.days.seen(Some(accepted)).map(|day| Days::evening(day).max(at)));
        if !registered.handed_on {
            self.write_course(sheet, unit, id, (is_report, anonymous), [at, Days::evening(accepted).max(at)], mediated);
        }
        if !is_report
            && !anonymous
            && let Some(mediated) = self.days.seen(Some(mediated))
        {
            sheet.instant("mediated_at", Days::evening(mediated)).text("result", "已办结");
        }
        self.common(sheet, unit, MARKET, at, contacted);
        sheet.end();
        if registered.is_own {
            self.write_lead_of_report(sheets, unit, id, at, registered.handed_on, &firm);
        }
    }

    fn write_mediation(&self, sheets: &mut Sheets, unit: &Unit, month: Month, number: usize, stream: &mut Stream) {
        let domain = unit.domains[stream.below(unit.domains.len())].0;
        let closed = self.days.act_day(month, 0.1, stream);
        let (length, agreed, withdrawn, minor) =
            (stream.between(3, 40), stream.chance(World::odds(unit, 0.40, 0.86)), stream.chance(0.25), stream.chance(0.85));
        if closed > self.days.as_of() {
            return;
        }
        let sheet = sheets.of("mediation_records");
        sheet.text("mediation_id", &format!("TJ{}{:02}{:02}{number:04}", unit.id, month.year % 100, month.month));
        sheet.text("dispute_kind", if minor { MINOR_DISPUTE } else { "civil_compensation" }).date("referred_on", closed - length);
        if agreed {
            sheet.date("agreement_on", closed - length % 3);
        }
        sheet.date("closed_on", closed).text(
            "result",
            if agreed {
                "agreed"
            } else if withdrawn {
                "withdrawn"
            } else {
                "failed"
            },
        );
        self.common(sheet, unit, domain, Days::evening(closed), None);
        sheet.end();
    }

    /// `survey_responses` of the quarter that ends with the month.
    pub fn write_surveys(&self, sheets: &mut Sheets, month: Month, output: &mut dyn Output) -> Result<()> {
        if month.month % 3 != 0 {
            return Ok(());
        }
        let quarter = format!("{}Q{}", month.year, month.month / 3);
        for (county, place) in self.counties.iter().enumerate() {
            let mut stream = Stream::new(self.seed, "survey", &[county as u64, month.to_epoch_days() as u64]);
            let units: Vec<&Unit> = self.units.iter().filter(|unit| unit.county == Some(county)).collect();
            for number in 0..(ANSWERS + units.len() * 13) {
                let unit = units[stream.below(units.len())];
                let mean = 2.6 + 2.1 * unit.skill;
                let answer = |stream: &mut Stream| match stream.unit() {
                    share if share < 0.05 => Some(0),
                    share if share < 0.08 => None,
                    _ => Some((mean + 0.9 * stream.normal()).round().clamp(1.0, 5.0) as i64),
                };
                let answers = [answer(&mut stream), answer(&mut stream), answer(&mut stream), answer(&mut stream)];
                let (about_unit, enterprise, phone) = (stream.chance(0.8), stream.chance(0.5), stream.chance(0.6));
                let (clueless, unweighted) = (stream.chance(0.03), stream.chance(self.rare(0.002)));
                let (weight, seconds) = (stream.between(60, 240), stream.between(90, 600));
                let firm = self.firm(county, stream.below(self.firms_per_county as usize) as u64);
                let day = self.days.act_day(month, 0.5, &mut stream);
                if day > self.days.as_of() {
                    continue;
                }
                let answers = if clueless { [Some(0), None, Some(0), None] } else { answers };
                let sheet = sheets.of("survey_responses");
                sheet.text("response_id", &format!("DC{}{quarter}{number:04}", place.code)).text("quarter", &quarter);
                if !self.small {
                    sheet.text("survey_id", &format!("DC{quarter}")).instant("updated_at", Days::evening(day));
                }
                sheet
                    .text("region_code", &place.code)
                    .text("domain", DOMAINS[unit.domains[0].0])
                    .text("respondent", if enterprise { "enterprise" } else { "person" });
                if about_unit {
                    sheet.text("unit_id", &unit.id);
                }
                if enterprise {
                    sheet.text("credit_code", &firm.code);
                }
                sheet
                    .text("stratum", if enterprise { "企业" } else { "居民" })
                    .hundredths("weight", (!unweighted).then_some(i64::from(weight)));
                for (name, answer) in ["q_transparency", "q_basis_clear", "q_guidance", "q_overall"].into_iter().zip(answers) {
                    sheet.number(name, answer);
                }
                sheet
                    .text("method", if phone { "phone" } else { "online" })
                    .number("duration_s", i64::from(seconds))
                    .date("answered_on", day);
                sheet.end();
            }
            sheets.hand_on_full(output)?;
        }
        Ok(())
    }
}

fn hash_of_text(text: &str) -> u64 {
    text.bytes().fold(0u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)))
}

/// The kind of dispute that counts for linked mediation.
const MINOR_DISPUTE: &str = "minor_administrative";
