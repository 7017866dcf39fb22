//! What neighbours do together: joint patrols, who took part, requests for assistance; and the panel of firms that report their burden.
//!
//! In: a month. Out: rows of `joint_patrols`, `joint_patrol_participants`, `assistance_requests`, `enterprise_burden_samples`.
//! Never here: leads handed across a border (see `leads`).

use crate::calendar::start_of_day;
use crate::simulate::days::{Days, HOUR, minutes};
use crate::simulate::draw::{Stream, hash_of, share_of};
use crate::simulate::items::{DOMAINS, ECO, MARKET, URBAN};
use crate::simulate::sheet::Sheets;
use crate::simulate::world::{Unit, World};
use crate::terms::Month;

/// Firms on the panel.
const PANEL: u64 = 100;

impl World {
    /// Patrols and requests of every pair of neighbours in the month.
    pub fn write_neighbours(&self, sheets: &mut Sheets, month: Month, thickness: f64) {
        for (pair, (a, b, kilometres)) in self.borders.iter().enumerate() {
            self.write_joint_plan(sheets, [*a, *b], month);
            let mut stream = Stream::new(self.seed, "neighbours", &[pair as u64, month.to_epoch_days() as u64]);
            for (nth, domain) in [ECO, ECO, MARKET, URBAN].into_iter().enumerate() {
                let (Some(one), Some(other)) = (self.office_of(*a, domain, usize::MAX), self.office_of(*b, domain, usize::MAX)) else {
                    continue;
                };
                let (one, other) = (&self.units[one], &self.units[other]);
                let wish = (one.skill + other.skill)
                    * 0.25
                    * (kilometres / 30.0).clamp(0.5, 1.5)
                    * if domain == ECO { 1.0 } else { 0.4 }
                    * thickness;
                let id =
                    format!("XC{}{}{:02}{:02}{nth}", self.counties[*a].code, &self.counties[*b].code[2..], month.year % 100, month.month);
                self.write_patrol(sheets, [one, other], [*a, *b], domain, month, &id, wish, &mut stream);
                for (from, to, way) in [(one, other, 0), (other, one, 1)] {
                    for number in 0..stream.poisson(0.5 * thickness) {
                        let id = format!("XZ{}{way}{number}", &id[2..]);
                        self.write_request(sheets, from, to, domain, month, &id, &mut stream);
                    }
                }
            }
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn write_patrol(
        &self,
        sheets: &mut Sheets,
        sides: [&Unit; 2],
        counties: [usize; 2],
        domain: usize,
        month: Month,
        id: &str,
        wish: f64,
        stream: &mut Stream,
    ) {
        let happens = stream.chance(wish);
        let day = self.days.act_day(month, 0.1, stream);
        let from = self.days.office_hour(day, stream);
        let length = if stream.chance(0.07) { stream.between(3, 25) } else { stream.between(40, 180) };
        let recorded = sides.map(|unit| stream.chance(World::odds(unit, 0.7, 0.98)));
        let officers = sides.map(|_| stream.between(1, 6));
        let problems = stream.between(0, 4);
        if !happens || day > self.days.as_of() {
            return;
        }
        let sheet = sheets.of("joint_patrols");
        if domain == ECO {
            sheet.text("plan_id", &self.joint_plan_id(counties, month));
        }
        sheet.text("patrol_id", id).text("organiser_unit", &sides[0].id).text("domain", DOMAINS[domain]).text("kind", "border");
        let mut regions = counties.map(|county| self.counties[county].code.as_str());
        regions.sort_unstable();
        sheet
            .text("region_a", regions[0])
            .text("region_b", regions[1])
            .date("patrolled_on", day)
            .instant("from_at", from)
            .instant("to_at", from + minutes(length));
        let place = hash_of(self.seed, 51, day as u64 + counties[0] as u64);
        sheet
            .text("place_gps", &format!("{}.{:04},{}.{:04}", 119 + place % 3, place % 9_973, 28 + place % 2, place / 7 % 9_967))
            .number("problems", i64::from(problems));
        sheet.instant("created_at", Days::evening(day)).instant("updated_at", Days::evening(day));
        sheet.end();
        for ((unit, recorded), officers) in sides.into_iter().zip(recorded).zip(officers) {
            let sheet = sheets.of("joint_patrol_participants");
            sheet
                .text("patrol_id", id)
                .date("patrolled_on", day)
                .flag("recorded_own_system", recorded)
                .number("officers", i64::from(officers));
            sheet.instant("confirmed_at", self.days.seen(recorded.then_some(day + 1)).map(Days::evening));
            if recorded {
                // What each side's own system says of the time; now and then another time altogether.
                let mut own = Stream::about(self.seed, &unit.id, id);
                let apart = if own.chance(World::odds(unit, 0.7, 0.98)) { own.between(-25, 40) } else { own.between(150, 400) };
                sheet.instant("recorded_from_at", from + minutes(apart)).instant("recorded_to_at", from + minutes(apart + length));
                if !self.small {
                    sheet.text("own_record_no", &format!("{}{id}", unit.id));
                }
            }
            self.common(sheet, unit, domain, Days::evening(day), None);
            sheet.end();
        }
    }

    /// The quarter's plan of joint actions of the pair, in `inspection_plans`; the organiser answers for it.
    fn write_joint_plan(&self, sheets: &mut Sheets, counties: [usize; 2], month: Month) {
        let first_ever = self.months.first().is_some_and(|(first, _)| *first == month);
        let Some(organiser) = self.office_of(counties[0], ECO, usize::MAX).filter(|_| month.month % 3 == 1 || first_ever) else { return };
        let unit = &self.units[organiser];
        let begins = Month { year: month.year, month: (month.month - 1) / 3 * 3 + 1 };
        let sheet = sheets.of("inspection_plans");
        sheet.text("plan_id", &self.joint_plan_id(counties, month)).number("plan_year", i64::from(month.year)).text("kind", "joint_action");
        sheet.text("target_scope", "相邻区县边界联合巡查").number("planned_targets", 3).date("due", begins.plus(3).to_epoch_days() - 1);
        let filed = start_of_day(begins.to_epoch_days() - 12) + 10 * HOUR;
        sheet.instant("filed_at", filed).text("approved_by", "本机关负责人");
        self.common(sheet, unit, ECO, filed + 2 * HOUR, None);
        sheet.end();
    }

    fn joint_plan_id(&self, counties: [usize; 2], month: Month) -> String {
        let [a, b] = counties.map(|county| self.counties[county].code.as_str());
        format!("LX{a}{}{:02}Q{}", &b[2..], month.year % 100, (month.month - 1) / 3 + 1)
    }

    #[allow(clippy::too_many_arguments)]
    fn write_request(&self, sheets: &mut Sheets, from: &Unit, to: &Unit, domain: usize, month: Month, id: &str, stream: &mut Stream) {
        let day = self.days.act_day(month, 0.03, stream);
        let sent = self.days.office_hour(day, stream);
        let answered = self.days.lag_working(day, 15, World::odds(to, 0.55, 0.98), stream);
        let (silent, refused) = (stream.chance(0.1 * (1.0 - to.skill)), stream.chance(0.1));
        if self.days.seen_at(Some(sent)).is_none() {
            return;
        }
        let answer = self.days.seen(Some(answered)).filter(|_| !silent);
        let sheet = sheets.of("assistance_requests");
        sheet
            .text("request_id", id)
            .text("from_unit", &from.id)
            .text("to_unit", &to.id)
            .text("domain", DOMAINS[domain])
            .flag("cross_region", true);
        sheet.date("sent_on", day).instant("sent_at", sent).instant("due_at", Days::evening(self.days.plus_working(day, 15)));
        if let Some(answer) = answer {
            sheet
                .instant("answered_at", Days::evening(answer).max(sent + HOUR))
                .text("result", if refused { "不予协助并说明理由" } else { "已协助" });
        } else if id.ends_with('1') {
            sheet.instant("extension_told_at", self.days.seen(Some(self.days.plus_working(day, 12))).map(Days::evening));
        }
        sheet.instant("created_at", sent).instant("updated_at", answer.map_or(sent, Days::evening));
        sheet.end();
    }

    /// `enterprise_burden_samples` of the quarter that begins with the month.
    pub fn write_burden(&self, sheets: &mut Sheets, month: Month) {
        // The panel begins with the first quarter that is there in full.
        let thick = (0..self.months.len()).find(|nth| self.thickness_of(*nth) > 0.5).unwrap_or(0);
        let first_ever = self.months.get(thick).map_or(month, |(first, _)| first.plus(i32::from((13 - first.month) % 3)));
        let quarter = Month { year: month.year, month: (month.month - 1) / 3 * 3 + 1 };
        let starts = quarter.to_epoch_days();
        let ends = quarter.plus(3).to_epoch_days() - 1;
        // The answers of a quarter arrive in the two weeks after it.
        if month != quarter || month < first_ever || ends + 14 > self.days.as_of() {
            return;
        }
        let since_base = (starts - first_ever.to_epoch_days()).max(0) / 91;
        for nth in 0..PANEL {
            // A fifth of the panel leaves after the first year and is replaced inside its stratum.
            let replaced = nth % 5 == 0 && since_base >= 4;
            let joined = if replaced { quarter.plus(-3 * (since_base - 4)) } else { first_ever };
            self.write_sample(sheets, nth, replaced, joined, quarter, since_base);
        }
    }

    fn write_sample(&self, sheets: &mut Sheets, nth: u64, replaced: bool, joined: Month, quarter: Month, since_base: i32) {
        let (starts, ends) = (quarter.to_epoch_days(), quarter.plus(3).to_epoch_days() - 1);
        let member = nth + if replaced { PANEL } else { 0 };
        let county = (nth % self.counties.len() as u64) as usize;
        let first = hash_of(self.seed, 61, member) % self.firms_per_county;
        let place = (first..first + 200).find(|place| self.sells_food(county, *place) == (nth % 2 == 0)).unwrap_or(first);
        let firm = self.firm(county, place);
        // The size belongs to the stratum, so a replacement has it too.
        let size = (share_of(self.seed, 63, nth) * 3.0) as usize;
        let employees = [8, 45, 160][size] + (share_of(self.seed, 64, member) * 10.0) as i64;
        let mut stream = Stream::new(self.seed, "burden", &[member, starts as u64]);
        let visits = stream.poisson(1.6 * (0.4 + 1.6 * share_of(self.seed, 62, member)) * (1.0 - 0.025 * f64::from(since_base)));
        let outlier = if stream.chance(0.02) { 14.0 } else { 1.0 };
        let (materials, escort) = (visits as f64 * (1.5 + 3.0 * stream.unit()) * outlier, visits as f64 * (1.0 + 2.0 * stream.unit()));
        let (buys, cost, spent) = (stream.chance(0.15), 3_000.0 * stream.unit() * outlier, visits as f64 * 120.0 * stream.unit());
        let (refused, fined) = (stream.chance(0.03), stream.chance(0.05));
        let days = (0..visits).map(|_| stream.between(starts, ends)).filter_map(crate::terms::date_from_epoch_days);
        let days: Vec<String> = days.map(|day| day.to_string()).collect();
        let sheet = sheets.of("enterprise_burden_samples");
        sheet.text("sample_id", &format!("YB{member:04}")).text("credit_code", &firm.code).text("region_code", &self.counties[county].code);
        let trade = if firm.food { "食品餐饮" } else { "其他行业" };
        sheet.text("stratum", &format!("{trade}/{}", ["微型", "小型", "中型"][size])).text("scheme_sample_scope", "province");
        sheet.date("joined_on", joined.to_epoch_days()).date("quarter_start", starts);
        sheet.text("quarter", &format!("{}Q{}", quarter.year, quarter.month / 3 + 1));
        if !refused {
            sheet.number("visits_reported", visits as i64).list("visit_dates", &days);
            sheet.hundredths("hours_materials", (materials * 100.0) as i64).hundredths("hours_escort", (escort * 100.0) as i64);
            sheet
                .hundredths("cost_equipment", if buys { (cost * 100.0) as i64 } else { 0 })
                .hundredths("cost_other", (spent * 100.0) as i64);
            sheet.hundredths("fine_paid", if fined { 200_000 } else { 0 });
            // Extinguishers and the like, which the law asks for anyway.
            let safety = share_of(self.seed, 65, member * 64 + starts as u64);
            sheet.hundredths("cost_safety_equipment", if safety < 0.2 { (safety * 2_000_000.0) as i64 } else { 0 });
        }
        sheet.hundredths("revenue", employees * 4_000_000).number("employees", employees).hundredths("weight", 1_000 * (3 - size as i64));
        sheet.instant("created_at", start_of_day(ends + 10)).instant("updated_at", start_of_day(ends + 10));
        sheet.end();
    }
}
