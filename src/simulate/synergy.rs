//! What neighbours do together: joint patrols, who took part, requests for assistance; and the panel of firms that report their burden.
//!
//! In: a month. Out: rows of `joint_patrols`, `joint_patrol_participants`, `assistance_requests`, `enterprise_burden_samples`.
//! Never here: leads handed across a border (see `leads`).

use crate::calendar::start_of_day;
use crate::simulate::days::{Days, HOUR, minutes};
use crate::simulate::draw::{Stream, hash_of, share_of};
use crate::simulate::firms::Firm;
use crate::simulate::items::{DOMAINS, ECO, MARKET, URBAN};
use crate::simulate::sheet::Sheets;
use crate::simulate::world::{THIN, Unit, World};
use crate::terms::Month;

/// Firms on the panel: of a small province, or of each city of a large one.
const PANEL: u64 = 100;

/// Domains of joint actions at a border, with what a plan of a quarter promises.
const JOINT: [(usize, i64); 3] = [(ECO, 2), (MARKET, 1), (URBAN, 1)];

/// Visits to a firm in a quarter for every case of its county in it, by how they come about: those that go back to the same few firms,
/// and those that fall on all alike. Measured, so that what firms report is about what inspections record.
const VISITS_AGAIN: f64 = 0.59;
const VISITS_ALIKE: f64 = 0.53;

/// A firm of the burden panel.
struct Member {
    /// Place in the panel.
    nth: u64,
    /// Of the firm that has the place now.
    number: u64,
    joined: Month,
    county: usize,
    place: u64,
    firm: Firm,
}

impl World {
    /// Patrols and requests of every pair of neighbours in the month.
    pub fn write_neighbours(&self, sheets: &mut Sheets, month: Month, thickness: f64) {
        self.write_strangers(sheets, month, thickness);
        for (pair, (a, b, kilometres)) in self.borders.iter().enumerate() {
            for (domain, promised) in JOINT {
                self.write_joint_plan(sheets, [*a, *b], domain, promised, month);
            }
            let mut stream = Stream::new(self.seed, "neighbours", &[pair as u64, month.to_epoch_days() as u64]);
            for (nth, domain) in [ECO, ECO, MARKET, URBAN].into_iter().enumerate() {
                let (Some(one), Some(other)) = (self.office_of(*a, domain, usize::MAX), self.office_of(*b, domain, usize::MAX)) else {
                    continue;
                };
                let (one, other) = (&self.units[one], &self.units[other]);
                let wish = (one.skill + other.skill)
                    * 0.25
                    * (kilometres / 30.0).clamp(0.5, 1.5)
                    * if domain == ECO { 1.15 } else { 0.9 }
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
        let (happens, other_organises) = (stream.chance(wish), stream.chance(0.4));
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
        if self.plans_jointly(counties, domain, month) {
            sheet.text("plan_id", &self.joint_plan_id(counties, domain, month));
        }
        let organiser = &sides[usize::from(other_organises)].id;
        sheet.text("patrol_id", id).text("organiser_unit", organiser).text("domain", DOMAINS[domain]).text("kind", "border");
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
    fn write_joint_plan(&self, sheets: &mut Sheets, counties: [usize; 2], domain: usize, promised: i64, month: Month) {
        let first_ever = self.months.first().is_some_and(|(first, _)| *first == month);
        let begins_now = (month.month % 3 == 1 || first_ever) && self.plans_jointly(counties, domain, month);
        let Some(organiser) = self.office_of(counties[0], domain, usize::MAX).filter(|_| begins_now) else { return };
        let unit = &self.units[organiser];
        let begins = Month { year: month.year, month: (month.month - 1) / 3 * 3 + 1 };
        let sheet = sheets.of("inspection_plans");
        let id = self.joint_plan_id(counties, domain, month);
        sheet.text("plan_id", &id).number("plan_year", i64::from(month.year)).text("kind", "joint_action");
        sheet
            .text("target_scope", "相邻区县边界联合巡查")
            .number("planned_targets", promised)
            .date("due", begins.plus(3).to_epoch_days() - 1);
        let filed = start_of_day(begins.to_epoch_days() - 12) + 10 * HOUR;
        sheet.instant("filed_at", filed).text("approved_by", "本机关负责人");
        self.common(sheet, unit, domain, filed + 2 * HOUR, None);
        sheet.end();
    }

    /// Whether the pair plans joint actions of the domain in the month's quarter: not in the thin past, and other than in ecology not
    /// every pair.
    fn plans_jointly(&self, counties: [usize; 2], domain: usize, month: Month) -> bool {
        let begins = Month { year: month.year, month: (month.month - 1) / 3 * 3 + 1 };
        let nth = self.months.iter().position(|(known, _)| *known == begins).unwrap_or(0);
        self.thickness_of(nth) > THIN && (domain == ECO || (counties[0] + counties[1] + domain) % 2 == 0)
    }

    fn joint_plan_id(&self, counties: [usize; 2], domain: usize, month: Month) -> String {
        let [a, b] = counties.map(|county| self.counties[county].code.as_str());
        format!("LX{a}{}{:02}Q{}D{domain}", &b[2..], month.year % 100, (month.month - 1) / 3 + 1)
    }

    /// Patrols with a neighbour in another province, whose own records nobody here sees.
    fn write_strangers(&self, sheets: &mut Sheets, month: Month, thickness: f64) {
        for (pair, (county, stranger)) in self.strangers.iter().enumerate() {
            let mut stream = Stream::new(self.seed, "strangers", &[pair as u64, month.to_epoch_days() as u64]);
            let (happens, day) = (stream.chance(self.rare(0.12) * thickness), self.days.act_day(month, 0.0, &mut stream));
            let (from, length) = (self.days.office_hour(day, &mut stream), stream.between(40, 180));
            let unit = self.office_of(*county, ECO, usize::MAX).map(|unit| &self.units[unit]);
            let Some(unit) = unit.filter(|_| happens && day <= self.days.as_of()) else { continue };
            let (own, other) = (self.counties[*county].code.as_str(), stranger.as_str());
            let id = format!("XC{own}{other}{:02}{:02}", month.year % 100, month.month);
            let sheet = sheets.of("joint_patrols");
            sheet.text("patrol_id", &id).text("organiser_unit", &unit.id).text("domain", DOMAINS[ECO]).text("kind", "border");
            sheet.text("region_a", own.min(other)).text("region_b", own.max(other)).date("patrolled_on", day);
            sheet.instant("from_at", from).instant("to_at", from + minutes(length));
            sheet.instant("created_at", Days::evening(day)).instant("updated_at", Days::evening(day));
            sheet.end();
            let sheet = sheets.of("joint_patrol_participants");
            sheet.text("patrol_id", &id).date("patrolled_on", day).flag("recorded_own_system", true).number("officers", 2);
            sheet.instant("recorded_from_at", from).instant("recorded_to_at", from + minutes(length));
            self.common(sheet, unit, ECO, Days::evening(day), None);
            sheet.end();
        }
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
        let thick = (0..self.months.len()).find(|nth| self.thickness_of(*nth) > THIN).unwrap_or(0);
        let first_ever = self.months.get(thick).map_or(month, |(first, _)| first.plus(i32::from((13 - first.month) % 3)));
        let quarter = Month { year: month.year, month: (month.month - 1) / 3 * 3 + 1 };
        let starts = quarter.to_epoch_days();
        let ends = quarter.plus(3).to_epoch_days() - 1;
        // The answers of a quarter arrive in the two weeks after it.
        if month != quarter || month < first_ever || ends + 14 > self.days.as_of() {
            return;
        }
        let since_base = (starts - first_ever.to_epoch_days()).max(0) / 91;
        let cases = self.cases_of_counties(quarter);
        let members: Vec<Member> = (0..self.panel())
            .map(|nth| {
                // A fifth of the panel leaves after the first year and is replaced inside its stratum.
                let replaced = nth % 5 == 0 && since_base >= 4;
                let joined = if replaced { quarter.plus(-3 * (since_base - 4)) } else { first_ever };
                self.member(nth, replaced, joined)
            })
            .collect();
        let seen = self.visits_of(quarter, &members);
        for member in &members {
            self.write_sample(sheets, member, cases[member.county], quarter, since_base, &seen);
        }
    }

    /// What the register holds of visits to these firms in the quarter: firms know what happened to them, and report that.
    fn visits_of(&self, quarter: Month, members: &[Member]) -> Sheets {
        let mut seen = Sheets::watching(members.iter().map(|member| member.firm.code.clone()));
        for (month, total) in self.months.iter().filter(|(month, _)| *month >= quarter && *month < quarter.plus(3)) {
            for unit in &self.units {
                let expected = total * unit.weight / self.total_weight;
                let cases = self.cases_of(unit, *month, expected);
                self.write_inspections(&mut seen, unit, *month, &cases, expected);
            }
        }
        seen
    }

    /// How much of the quarter the register holds, while a province's past is thin.
    fn thickness_in(&self, quarter: Month) -> f64 {
        let inside: Vec<f64> = (0..self.months.len())
            .filter(|nth| self.months[*nth].0 >= quarter && self.months[*nth].0 < quarter.plus(3))
            .map(|nth| self.thickness_of(nth))
            .collect();
        inside.iter().sum::<f64>() / inside.len().max(1) as f64
    }

    fn member(&self, nth: u64, replaced: bool, joined: Month) -> Member {
        let county = self.county_of_sample(nth);
        let number = nth + if replaced { self.panel() } else { 0 };
        let first = hash_of(self.seed, 61, number) % self.firms_per_county;
        let place = (first..first + 200).find(|place| self.sells_food(county, *place) == (nth % 2 == 0)).unwrap_or(first);
        Member { nth, number, joined, county, place, firm: self.firm(county, place) }
    }

    fn panel(&self) -> u64 {
        if self.small { PANEL } else { PANEL * self.cities.len() as u64 }
    }

    /// A small province's panel is of the whole province, a large one's of each city.
    fn county_of_sample(&self, nth: u64) -> usize {
        if self.small {
            return (nth % self.counties.len() as u64) as usize;
        }
        let inside: Vec<usize> = (0..self.counties.len()).filter(|county| self.counties[*county].city == (nth / PANEL) as usize).collect();
        inside[(nth % inside.len() as u64) as usize]
    }

    /// Cases that the quarter would have in each county, were none of its months thin.
    fn cases_of_counties(&self, quarter: Month) -> Vec<f64> {
        let inside = |month: &Month| *month >= quarter && *month < quarter.plus(3);
        let cases: f64 =
            (0..self.months.len()).filter(|nth| inside(&self.months[*nth].0)).map(|nth| self.months[nth].1 / self.thickness_of(nth)).sum();
        let mut weights = vec![0.0; self.counties.len()];
        for unit in &self.units {
            let acts_in: Vec<usize> = (0..self.counties.len())
                .filter(|county| unit.county.is_none_or(|own| own == *county))
                .filter(|county| unit.city.is_none_or(|city| self.counties[*county].city == city))
                .collect();
            acts_in.iter().for_each(|county| weights[*county] += unit.weight / acts_in.len() as f64);
        }
        weights.into_iter().map(|weight| cases * weight / self.total_weight).collect()
    }

    fn write_sample(&self, sheets: &mut Sheets, of: &Member, cases: f64, quarter: Month, since_base: i32, seen: &Sheets) {
        let Member { nth, number: member, joined, county, place, ref firm } = *of;
        let (starts, ends) = (quarter.to_epoch_days(), quarter.plus(3).to_epoch_days() - 1);
        // The size belongs to the stratum, so a replacement has it too.
        let size = (share_of(self.seed, 63, nth) * 3.0) as usize;
        let employees = [8, 45, 160][size] + (share_of(self.seed, 64, member) * 10.0) as i64;
        let mut stream = Stream::new(self.seed, "burden", &[member, starts as u64]);
        let (firms, at) = (self.firms_per_county as f64, (place % self.firms_per_county) as f64);
        let again = ((at + 1.0) / firms).sqrt() - (at / firms).sqrt();
        // Hardly a visit is forgotten; what a thin register lacks has happened all the same.
        let mut days: Vec<i32> = seen.days_of(&firm.code).into_iter().filter(|_| stream.chance(0.98)).collect();
        let unrecorded =
            stream.poisson(cases * (VISITS_AGAIN * again + VISITS_ALIKE / firms) * (1.0 - self.thickness_in(quarter)).max(0.0));
        days.extend((0..unrecorded).map(|_| stream.between(starts, ends)));
        let visits = days.len();
        // Preparing becomes easier with the quarters, since forms are asked for only once.
        let eased = 1.0 - 0.025 * f64::from(since_base);
        let outlier = if stream.chance(0.02) { 14.0 } else { 1.0 };
        let (materials, escort) =
            (visits as f64 * (1.5 + 3.0 * stream.unit()) * outlier * eased, visits as f64 * (1.0 + 2.0 * stream.unit()));
        let (buys, cost, share) = (stream.chance(0.15), 3_000.0 * stream.unit() * outlier, stream.unit());
        let revenue = employees * 40_000;
        // Testing, printing, travel: 0.2 % to 2 % of what the firm earns where it was visited, little where it was not.
        let spent = revenue as f64 * (0.002 + 0.018 * share * share) * eased * if visits > 0 { 1.0 } else { 0.15 };
        let (refused, fined) = (stream.chance(0.03), stream.chance(0.05));
        let days: Vec<String> = days.into_iter().filter_map(crate::terms::date_from_epoch_days).map(|day| day.to_string()).collect();
        let sheet = sheets.of("enterprise_burden_samples");
        // What a few answers lack; a weight of zero is one that nobody worked out.
        let lack = stream.unit();
        let credit_code = Some(firm.code.as_str()).filter(|_| lack >= 0.02);
        sheet.text("sample_id", &format!("YB{member:04}")).text_of("credit_code", credit_code);
        sheet.text("region_code", &self.counties[county].code);
        let trade = if firm.food { "食品餐饮" } else { "其他行业" };
        sheet
            .text("stratum", &format!("{trade}/{}", ["微型", "小型", "中型"][size]))
            .text("scheme_sample_scope", if self.small { "province" } else { "city" });
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
        let hides_revenue = (0.02..0.02 + self.rare(0.025)).contains(&lack);
        sheet.number("revenue", (!hides_revenue).then_some(revenue)).number("employees", employees);
        let unweighed = Stream::new(self.seed, "no weight", &[member, starts as u64]).chance(self.rare(0.012));
        sheet.hundredths("weight", if unweighed { 0 } else { 1_000 * (3 - size as i64) });
        sheet.instant("updated_at", start_of_day(ends + 10));
        if !self.small {
            sheet.instant("created_at", start_of_day(ends + 10));
        }
        sheet.end();
    }
}
