//! Alerts: risks that a system reports, exceedances that a monitoring station measures, reports of danger.
//!
//! In: a unit and a month. Out: leads of their own, with the monitoring data behind them; safety reports in `complaints`.
//! Never here: leads of people or cases (see `leads`, `rows_case`).

use crate::calendar::shanghai_day;
use crate::simulate::days::{Days, HOUR};
use crate::simulate::draw::Stream;
use crate::simulate::firms::Firm;
use crate::simulate::items::{ECO, EMERGENCY, ITEMS, Item, MARKET, items_of};
use crate::simulate::sheet::Sheets;
use crate::simulate::world::{Unit, World};
use crate::terms::Month;

/// An alert as it arrives.
struct Alert<'a> {
    id: &'a str,
    domain: usize,
    item: &'static Item,
    firm: &'a Firm,
    at: i64,
    level: &'static str,
    fraud: Option<bool>,
}

impl World {
    /// Every alert of the unit in the month.
    pub fn write_alerts(&self, sheets: &mut Sheets, unit: &Unit, month: Month, expected: f64, thickness: f64) {
        let parts = [unit.index as u64, month.to_epoch_days() as u64];
        for (domain, share) in &unit.domains {
            let mut stream = Stream::new(self.seed, "alerts", &[parts[0], parts[1], *domain as u64]);
            let usual = if self.small { 0.5 * thickness * share.max(0.5) } else { expected * share * 0.04 };
            let mean = if matches!(*domain, MARKET | ECO) { usual } else { 0.0 };
            for number in 0..stream.poisson(mean) {
                let id = format!("{}{:02}{:02}{domain}{number:03}", unit.id, month.year % 100, month.month);
                if *domain == MARKET {
                    self.write_risk(sheets, unit, month, &id, &mut stream);
                } else {
                    self.write_exceedance(sheets, unit, month, &id, &mut stream);
                }
            }
            if *domain == EMERGENCY {
                let mean = if self.small { 0.6 * thickness } else { expected * share * 0.1 };
                for number in 0..stream.poisson(mean) {
                    let day = self.days.act_day(month, 0.3, &mut stream);
                    let at = self.days.any_hour(day, &mut stream);
                    let id = format!("TSY{}{:02}{:02}{number:03}", unit.id, month.year % 100, month.month);
                    self.write_safety_report(sheets, unit, &id, None, at);
                }
            }
        }
    }

    fn write_risk(&self, sheets: &mut Sheets, unit: &Unit, month: Month, id: &str, stream: &mut Stream) {
        let day = self.days.act_day(month, 0.2, stream);
        let at = self.days.any_hour(day, stream);
        let level = stream.choose(&[("high", 5.0), ("medium", 2.0), ("low", 1.5)]);
        let county = self.county_for(unit, stream);
        let firm = self.firm(county, stream.below(self.firms_per_county as usize) as u64);
        let items = items_of(MARKET);
        let item = &ITEMS[items[stream.below(items.len())].0];
        let alert = Alert { id: &format!("XSA{id}"), domain: MARKET, item, firm: &firm, at, level, fraud: None };
        self.write_alert(sheets, unit, &alert, stream);
    }

    /// A station's exceedance; the lead follows its confirmation, mostly at once.
    fn write_exceedance(&self, sheets: &mut Sheets, unit: &Unit, month: Month, id: &str, stream: &mut Stream) {
        let day = self.days.act_day(month, 0.28, stream);
        let measured = self.days.any_hour(day, stream);
        let items: Vec<&'static Item> = ITEMS.iter().filter(|item| matches!(item.pollution, Some("water" | "air" | "noise"))).collect();
        let item = items[stream.below(items.len())];
        let county = self.county_for(unit, stream);
        let firm = self.firm(county, stream.below(self.firms_per_county as usize) as u64);
        let (value, confirmed) = (stream.between(102, 240), day + stream.between(0, 2));
        let led = self.days.lag_working(confirmed, 3, World::odds(unit, 0.4, 0.95), stream);
        let (ever, fraud) = (stream.chance(World::odds(unit, 0.85, 0.995)), stream.chance(0.12));
        let at = self.days.office_hour(led, stream).max(measured + HOUR);
        if self.days.seen_at(Some(measured)).is_none() {
            return;
        }
        let lead = format!("XSA{id}");
        let led = self.days.seen_at(ever.then_some(at));
        let sheet = sheets.of("monitoring_data_refs");
        sheet.text("ref_id", &format!("JKA{id}")).flag("is_automatic", true).text("station_id", &format!("ZD{}", &firm.code[8..17]));
        sheet.text("credit_code", &firm.code).text_of("kind", item.pollution).instant("measured_at", measured).date("measured_on", day);
        sheet
            .text("value", &format!("{value}.{}", value % 10))
            .text("limit_value", "100.0")
            .flag("exceed", true)
            .text("device_state", "ok");
        sheet.date("confirmed_on", self.days.seen(Some(confirmed))).text("quality_flag", "N").flag("used_as_basis", false);
        sheet.text_of("lead_id", led.map(|_| lead.as_str()));
        self.common(sheet, unit, ECO, measured + 2 * HOUR, led);
        sheet.end();
        if led.is_some() {
            let alert = Alert { id: &lead, domain: ECO, item, firm: &firm, at, level: "high", fraud: Some(fraud) };
            self.write_alert(sheets, unit, &alert, stream);
        }
    }

    fn write_alert(&self, sheets: &mut Sheets, unit: &Unit, alert: &Alert<'_>, stream: &mut Stream) {
        let checked = alert.at + i64::from(Days::lag(24, World::odds(unit, 0.6, 0.97), stream).max(1)) * HOUR - HOUR / 4;
        let day = shanghai_day(alert.at);
        let decided = self.days.lag_working(day, 7, World::odds(unit, 0.6, 0.96), stream);
        let (forgotten, unchecked) = (stream.chance(World::odds(unit, 0.12, 0.005)), stream.chance(World::odds(unit, 0.1, 0.005)));
        // Some risks belong to others and are handed on at once, unchecked.
        let may_be_anothers = alert.domain == MARKET || alert.fraud == Some(true);
        let passed_on = may_be_anothers && stream.chance(self.rare(0.04));
        let hours = i64::from(stream.between(1, 20));
        if self.days.seen_at(Some(alert.at)).is_none() {
            return;
        }
        let decided = if passed_on { alert.at + hours * HOUR } else { Days::evening(decided).max(checked + HOUR) };
        let decided = self.days.seen_at((!forgotten || passed_on).then_some(decided));
        let sheet = sheets.of("leads");
        sheet.text("lead_id", alert.id).text("source", "monitoring").text("credit_code", &alert.firm.code);
        sheet.text("violation_type", alert.item.violation).text("item_code", alert.item.code).text("risk_level", alert.level);
        sheet.flag("is_food_drug", alert.item.food && alert.domain == MARKET).flag("is_data_fraud", alert.fraud);
        sheet.date("received_on", day).instant("received_at", alert.at);
        sheet.instant("checked_at", self.days.seen_at((!unchecked && !passed_on).then_some(checked)));
        if decided.is_some() {
            sheet.text("decision", if passed_on { "transfer" } else { "not_file" }).instant("decision_at", decided);
            // What looks like fraud is mostly explained when it is dropped.
            let explained = alert.fraud == Some(true) && Stream::about(self.seed, "explained", alert.id).chance(0.6);
            sheet.text_of("reason", explained.then_some("经核查系设备故障，不是弄虚作假"));
        }
        self.common(sheet, unit, alert.domain, alert.at, decided);
        sheet.end();
    }

    /// A report of danger to an emergency authority, closed with a written answer, or not; `order` is the call that it came by.
    pub fn write_safety_report(&self, sheets: &mut Sheets, unit: &Unit, id: &str, order: Option<&str>, at: i64) {
        let mut stream = Stream::about(self.seed, "safety report", id);
        let day = shanghai_day(at);
        let contact =
            Days::awake(at + i64::from(Days::lag(24, World::odds(unit, 0.7, 0.98), &mut stream).max(1)) * HOUR - HOUR / 3).max(at);
        let closed = self.days.lag_working(day, 30, World::odds(unit, 0.6, 0.97), &mut stream);
        let (open, written) = (stream.chance(World::odds(unit, 0.08, 0.005)), stream.chance(World::odds(unit, 0.65, 0.98)));
        let county = self.county_for(unit, &mut stream);
        let firm = self.firm(county, stream.below(self.firms_per_county as usize) as u64);
        if self.days.seen_at(Some(at)).is_none() {
            return;
        }
        let closed = self.days.seen((!open).then_some(closed)).map(|day| Days::evening(day).max(contact + HOUR));
        let sheet = sheets.of("complaints");
        sheet.text("complaint_id", id).text_of("order_id", order).text("kind", "report").flag("anonymous", false);
        sheet.text("credit_code", &firm.code).date("received_on", day);
        sheet.instant("received_at", at).instant("first_contact_at", self.days.seen_at(Some(contact))).instant("closed_at", closed);
        sheet.flag("written_reply", closed.map(|_| written));
        self.common(sheet, unit, EMERGENCY, at, closed);
        sheet.end();
    }
}
