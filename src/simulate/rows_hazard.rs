//! Work safety: hazards that inspections or firms find, and the few accidents.
//!
//! In: an inspection with a problem; a unit and a month; a case. Out: rows of `hazards` and `accidents`: in time, late, put off,
//! verified by whoever should not. Never here: the inspections and cases themselves.

use crate::calendar::{shanghai_day, start_of_day};
use crate::simulate::cases::Case;
use crate::simulate::days::{Days, HOUR};
use crate::simulate::draw::{Stream, share_of};
use crate::simulate::firms::Firm;
use crate::simulate::items::{DOMAINS, EMERGENCY, TRANSPORT, URBAN};
use crate::simulate::sheet::Sheets;
use crate::simulate::world::{Unit, World};
use crate::terms::Month;

/// What hashes are drawn for.
const ACCIDENT: u64 = 95;
const HARM: u64 = 96;

/// A hazard as it was found.
pub(super) struct Found<'a> {
    /// The number of whatever it was found by.
    pub id: &'a str,
    pub by: &'static str,
    pub inspection: Option<&'a str>,
    pub case: Option<&'a str>,
    pub firm: &'a Firm,
    pub domain: usize,
    pub day: i32,
}

impl World {
    /// The hazard and what became of it.
    pub fn write_hazard(&self, sheets: &mut Sheets, unit: &Unit, found: &Found<'_>) {
        let mut stream = Stream::about(self.seed, "hazard", found.id);
        let is_careless = unit.county.and_then(|county| self.careless_firm(county)).is_some_and(|firm| firm.code == found.firm.code);
        let major = stream.chance(if self.small { 0.14 } else { 0.04 }) && !is_careless;
        let limit = if major { stream.between(20, 45) } else { stream.between(5, 20) };
        let (extended, more, twice) = (stream.chance(0.13), stream.between(7, 25), stream.chance(0.2));
        let due = found.day + limit;
        let last = if extended { due + more } else { due };
        // What is done on the last day has no time left to be verified in.
        let done = found.day + Days::lag((last - found.day - 3).max(2), World::odds(unit, 0.62, 0.97), &mut stream);
        let (open, unverified) = (stream.chance(World::odds(unit, 0.08, 0.004)), stream.chance(World::odds(unit, 0.12, 0.01)));
        let verified = self.days.working(done + stream.between(0, 4));
        let rechecked = self.days.lag_working(last, 10, World::odds(unit, 0.3, 0.95), &mut stream);
        let verifier = stream.choose(&[("authority", 8.0), ("third_party", 1.2), ("enterprise", 0.5)]);
        let supervised = major && stream.chance(0.6);
        // Now and then nobody set a day until which it had to be put right.
        let dated = !Stream::about(self.seed, "no deadline", found.id).chance(self.rare(0.007));
        if found.day > self.days.as_of() {
            return;
        }
        let done = self.days.seen((!open).then_some(done));
        let verified = self.days.seen(done.filter(|_| !unverified).map(|_| verified));
        let sheet = sheets.of("hazards");
        sheet.text("hazard_id", &format!("YH{}", found.id)).text("level", if major { "major" } else { "general" });
        sheet.date("found_on", found.day).text("found_by", found.by).text_of("inspection_id", found.inspection);
        sheet.text("credit_code", &found.firm.code).date("due_on", dated.then_some(due)).text_of("case_id", found.case);
        if dated && extended && due - 2 <= self.days.as_of() {
            sheet.date("extended_to", last).number("extensions", 1 + i64::from(twice));
        }
        // Put right in time and looked at at once, or looked at when the time was up.
        let looked_at = verified.filter(|day| *day <= last).or(self.days.seen(Some(rechecked)));
        sheet.date("closed_on", done).date("rechecked_on", looked_at).date("verified_on", verified);
        if verified.is_some() {
            sheet.text("verifier_kind", verifier);
            match verifier {
                "enterprise" => _ = sheet.text("verified_by", &found.firm.code),
                "third_party" => _ = sheet.text("verified_by", "安评机构"),
                _ if !self.small => _ = sheet.text("verified_by", &unit.id),
                _ => {}
            }
        }
        sheet.flag("supervised", supervised.then_some(true));
        if !self.small {
            sheet.text("responsible", &found.firm.code);
        }
        let updated = verified.or(done).map(Days::evening);
        self.common(sheet, unit, found.domain, Days::evening(found.day), updated);
        sheet.end();
    }

    /// Hazards that firms reported themselves, or that an expert found for them.
    pub fn write_reported_hazards(&self, sheets: &mut Sheets, unit: &Unit, month: Month, expected: f64, thickness: f64) {
        let parts = [unit.index as u64, month.to_epoch_days() as u64];
        let mut stream = Stream::new(self.seed, "reported hazards", &parts);
        for (domain, share) in unit.domains.iter().filter(|(domain, _)| matches!(*domain, EMERGENCY | TRANSPORT | URBAN)) {
            let usual = if *domain == EMERGENCY { 0.25 } else { 0.04 };
            let mean = if self.small && *domain == EMERGENCY { 0.7 * thickness } else { expected * share * usual };
            for number in 0..stream.poisson(mean) {
                let county = self.county_for(unit, &mut stream);
                // The same few firms have hazards again and again.
                let share = stream.unit();
                let firm = self.firm(county, (share * share * share * self.firms_per_county as f64) as u64);
                let day = self.days.act_day(month, 0.1, &mut stream);
                let by = stream.choose(&[("self_check", 5.0), ("expert", 3.0), ("report", 1.0), ("monitoring", 1.0)]);
                let id = format!("{}{:02}{:02}{domain}{number:04}", unit.id, month.year % 100, month.month);
                self.write_hazard(sheets, unit, &Found { id: &id, by, inspection: None, case: None, firm: &firm, domain: *domain, day });
            }
        }
    }

    /// The number of the accident that set off the case.
    pub fn accident_of(&self, case: &Case) -> Option<String> {
        // In a small province they must be seen; in a large one they stay few.
        let likely = match (case.domain, self.small) {
            (EMERGENCY, true) => 0.15,
            (EMERGENCY, false) => 0.015,
            (TRANSPORT, true) => 0.03,
            (TRANSPORT, false) => 0.003,
            _ => return None,
        };
        let accident = case.firm.is_some() && share_of(self.seed, ACCIDENT, case.salt) < likely;
        accident.then(|| format!("SG{}", case.id))
    }

    /// The accident behind the case, if there was one.
    pub fn write_accident(&self, sheets: &mut Sheets, unit: &Unit, case: &Case) {
        let (Some(id), Some(firm), true) = (self.accident_of(case), &case.firm, self.knows(case)) else { return };
        let share = share_of(self.seed, HARM, case.salt);
        let day = shanghai_day(case.received_at) - 1 - (case.salt % 9) as i32;
        let deaths = i64::from(share > 0.55) + 3 * i64::from(share > 0.985);
        let sheet = sheets.of("accidents");
        sheet.text("accident_id", &id).text("unit_id", &unit.id).text("domain", DOMAINS[case.domain]);
        sheet.text("region_code", &self.counties[case.county].code).text("credit_code", &firm.code);
        sheet.date("happened_on", day).instant("happened_at", start_of_day(day) + (6 + (case.salt % 14) as i64) * HOUR);
        sheet.text("level", if deaths >= 3 { "larger" } else { "ordinary" }).number("deaths", deaths);
        sheet.number("injured", 1 + (case.salt % 3) as i64);
        sheet.instant("created_at", Days::evening(day + 1)).instant("updated_at", Days::evening(day + 1));
        sheet.end();
    }
}
