//! What those above a unit see and write: spot checks, quarterly verifications, third parties' scores, supervision documents,
//! problems to be put right.
//!
//! In: a unit, a month, its cases. Out: rows of `spot_checks`, `stage_verifications`, `third_party_evaluations`, `supervision_docs`,
//! `rectifications`, near the quality that the unit really has. Never here: appeals and events (see `rows_assessment`).

use crate::simulate::cases::Case;
use crate::simulate::days::Days;
use crate::simulate::draw::Stream;
use crate::simulate::sheet::Sheets;
use crate::simulate::world::{THIN, Tier, Unit, World};
use crate::terms::Month;

/// Codes of faults, the same in every table that names them.
const FAULTS: [&str; 8] =
    ["GC01超期", "GC02文书缺项", "GC03未全程记录", "GC04证据不足", "GC05未告知", "GC06裁量无理由", "GC07滞后录入", "GC08未公示"];

/// What third parties score, with the weight.
const DIMENSIONS: [(&str, i64); 4] = [("执法规范", 40), ("执法效能", 30), ("群众满意", 20), ("数据质量", 10)];

/// Indicators that problems are found in.
const INDICATORS: [&str; 5] = [
    "procedure.decision_timeliness",
    "procedure.document_standard_rate",
    "data.consistency_rate",
    "inspection.prior_filing_rate",
    "market.complaint_contact_24h",
];

impl World {
    /// Everything that others looked at or wrote about the unit in the month.
    pub fn write_oversight(&self, sheets: &mut Sheets, unit: &Unit, month: Month, cases: &[Case], thickness: f64) {
        let parts = [unit.index as u64, month.to_epoch_days() as u64];
        let mut stream = Stream::new(self.seed, "oversight", &parts);
        for number in 0..stream.poisson(0.55 * thickness) {
            self.write_spot_check(sheets, unit, month, number, cases, &mut stream);
        }
        let mut stream = Stream::new(self.seed, "supervision", &parts);
        for number in 0..stream.poisson(World::odds(unit, 0.9, 0.15) * thickness) {
            self.write_supervision(sheets, unit, month, number, cases, &mut stream);
        }
        let mut stream = Stream::new(self.seed, "problems", &parts);
        for number in 0..stream.poisson(World::odds(unit, 0.6, 0.12) * thickness) {
            self.write_rectification(sheets, unit, month, number, &mut stream);
        }
        if month.month % 3 == 1 && thickness > THIN {
            let mut stream = Stream::new(self.seed, "verification", &parts);
            self.write_verification(sheets, unit, month, &mut stream);
            if matches!(unit.tier, Tier::Province | Tier::City) || !self.small {
                self.write_evaluation(sheets, unit, month, &mut stream);
            }
        }
    }

    /// How often a fact of the unit is what its records say: cheats are worse than their skill.
    fn truth_of(unit: &Unit, low: f64, high: f64) -> f64 {
        let cheats = unit.quota.is_some() || unit.backdates || unit.backfills || unit.splits;
        World::odds(unit, low, high) - if cheats { 0.08 } else { 0.0 }
    }

    /// The unit above; for those of the province none.
    fn superior(&self, unit: &Unit) -> Option<&Unit> {
        unit.parent.map(|parent| &self.units[parent])
    }

    fn number_of(unit: &Unit, month: Month, number: usize) -> String {
        format!("{}{:02}{:02}{number:02}", unit.id, month.year % 100, month.month)
    }

    fn write_spot_check(&self, sheets: &mut Sheets, unit: &Unit, month: Month, number: usize, cases: &[Case], stream: &mut Stream) {
        let day = self.days.act_day(month, 0.1, stream);
        let (facts, covert) = (stream.between(8, 20), stream.chance(0.25));
        let matching = stream.successes(facts, World::truth_of(unit, 0.84, 0.985));
        let (first, second) = (FAULTS[stream.below(FAULTS.len())], FAULTS[stream.below(FAULTS.len())]);
        let team = stream.choose(&[("province", 3.0), ("city", 4.0), ("third", 3.0)]);
        let officer = stream.between(0, unit.officers as i32 - 1) as u32;
        let good = World::odds(unit, 0.70, 0.99);
        let (shown, uniform, place) = (stream.chance(good), stream.chance(good), stream.below(cases.len()));
        if day > self.days.as_of() {
            return;
        }
        // Who watches unseen is often too far off to see a certificate; others come when the act has begun.
        let far = Stream::about(self.seed, "certificate unseen", &World::number_of(unit, month, number)).chance(if covert {
            0.5
        } else {
            self.rare(0.02)
        });
        let case = cases.get(place).filter(|case| self.knows(case));
        let sheet = sheets.of("spot_checks");
        sheet.text("spot_id", &format!("CC{}", World::number_of(unit, month, number)));
        match case {
            Some(case) => sheet.text("subject_kind", "case").text("subject_id", &case.id),
            None => sheet.text("subject_kind", "other").text("subject_id", &unit.id),
        };
        // Some teams came upon a closed door and compared nothing, or wrote no numbers.
        let (facts, matching) = match Stream::about(self.seed, "compared", &World::number_of(unit, month, number)).unit() {
            share if share < self.rare(0.008) => (Some(0), Some(0)),
            share if share < self.rare(0.012) => (None, None),
            _ => (Some(facts), Some(matching)),
        };
        sheet.date("checked_on", day).number("facts", facts.map(i64::from)).number("facts_matching", matching.map(i64::from));
        if let (Some(facts), Some(matching)) = (facts, matching)
            && matching < facts
        {
            sheet.list("found", &[first, second][..if matching + 2 < facts && first != second { 2 } else { 1 }]);
        }
        sheet
            .text("officer", &self.officer_id(unit, officer))
            .flag("certificate_shown", (!far).then_some(shown))
            .flag("uniform_worn", uniform);
        sheet.text("team", team).flag("covert", covert);
        let domain = case.map_or(unit.domains[0].0, |case| case.domain);
        self.common(sheet, unit, domain, Days::evening(day), None);
        sheet.end();
    }

    fn write_supervision(&self, sheets: &mut Sheets, unit: &Unit, month: Month, number: usize, cases: &[Case], stream: &mut Stream) {
        let day = self.days.act_day(month, 0.0, stream);
        let kind = stream.choose(&[("notice", 2.0), ("opinion", 5.0), ("decision", 2.0)]);
        let answered = day + Days::lag(30, World::odds(unit, 0.6, 0.97), stream);
        let (silent, corrected) = (stream.chance(World::odds(unit, 0.1, 0.005)), stream.chance(World::odds(unit, 0.7, 0.98)));
        let (seen_after, fault) = (stream.between(0, 5), FAULTS[stream.below(FAULTS.len())]);
        let place = stream.below(cases.len());
        let Some(superior) = self.superior(unit).filter(|_| day <= self.days.as_of()) else { return };
        let answered = self.days.seen((!silent).then_some(answered));
        let judged = self.days.seen(answered.map(|day| day + seen_after));
        let case = cases.get(place).filter(|case| self.knows(case));
        let sheet = sheets.of("supervision_docs");
        sheet.text("doc_id", &format!("JD{}", World::number_of(unit, month, number))).text("kind", kind);
        sheet.text("from_unit", &superior.id).text("to_unit", &unit.id).text_of("case_id", case.map(|case| case.id.as_str()));
        sheet.date("issued_on", day).date("due_on", day + 30).date("answered_on", answered);
        if judged.is_some() {
            sheet.flag("corrected", corrected).date("corrected_on", judged.filter(|_| corrected));
        }
        // Now and then the writer names no fault.
        let named = !Stream::about(self.seed, "named fault", &World::number_of(unit, month, number)).chance(self.rare(0.06));
        if kind != "notice" && named {
            sheet.list("fault_codes", &[fault]);
        }
        let domain = case.map_or(unit.domains[0].0, |case| case.domain);
        self.common(sheet, unit, domain, Days::evening(day), judged.or(answered).map(Days::evening));
        sheet.end();
    }

    fn write_rectification(&self, sheets: &mut Sheets, unit: &Unit, month: Month, number: usize, stream: &mut Stream) {
        let day = self.days.act_day(month, 0.0, stream);
        let source = stream.choose(&[("assessment", 4.0), ("supervision", 3.0), ("spot", 3.0)]);
        let (indicator, fault) = (INDICATORS[stream.below(INDICATORS.len())], FAULTS[stream.below(FAULTS.len())]);
        let done = day + Days::lag(26, World::odds(unit, 0.6, 0.97), stream);
        let (open, later) = (stream.chance(World::odds(unit, 0.1, 0.005)), stream.between(0, 4));
        let Some(superior) = self.superior(unit).filter(|_| day <= self.days.as_of()) else { return };
        let done = self.days.seen((!open).then_some(done));
        let verified = self.days.seen(done.map(|done| done + later));
        let sheet = sheets.of("rectifications");
        sheet.text("rect_id", &format!("ZG{}", World::number_of(unit, month, number))).text("source", source);
        sheet.text("indicator_id", indicator).text("problem", fault).date("found_on", day).date("due_on", day + 30);
        if !self.small {
            sheet.date("plan_on", self.days.seen(Some(day + 5)));
        }
        sheet.date("done_on", done).date("verified_on", verified);
        if verified.is_some() {
            // Who put it right cannot verify it; some do.
            let own = Stream::about(self.seed, "verifier", &World::number_of(unit, month, number)).chance(World::odds(unit, 0.3, 0.01));
            sheet.text("verified_by", if own { &unit.id } else { &superior.id });
        }
        self.common(sheet, unit, unit.domains[0].0, Days::evening(day), verified.or(done).map(Days::evening));
        sheet.end();
    }

    /// `stage_verifications` of the quarter before the month.
    fn write_verification(&self, sheets: &mut Sheets, unit: &Unit, month: Month, stream: &mut Stream) {
        let day = self.days.act_day(month, 0.0, stream);
        let sampled = stream.between(15, 40);
        let confirmed = stream.successes(sampled, World::truth_of(unit, 0.86, 0.99));
        let issue = FAULTS[stream.below(FAULTS.len())];
        if day > self.days.as_of() {
            return;
        }
        let sheet = sheets.of("stage_verifications");
        let id = World::number_of(unit, month, 0);
        // A few are not what they should be: no quarter, one that was yet to come, no numbers.
        let flaw = Stream::about(self.seed, "flaw", &id).unit();
        let quarter = match flaw / self.rare(0.016) {
            share if share < 1.0 => None,
            share if share < 2.0 => Some(quarter_before(month.plus(6))),
            _ => Some(quarter_before(month)),
        };
        let counted = !(2.0..3.0).contains(&(flaw / self.rare(0.016)));
        sheet.text("verification_id", &format!("HY{id}")).text_of("quarter", quarter.as_deref()).date("verified_on", day);
        sheet.number("sampled", counted.then_some(i64::from(sampled))).number("confirmed", counted.then_some(i64::from(confirmed)));
        if confirmed < sampled {
            sheet.list("issues", &[issue]);
        }
        self.common(sheet, unit, unit.domains[0].0, Days::evening(day), None);
        sheet.end();
    }

    /// `third_party_evaluations` of the quarter before the month.
    fn write_evaluation(&self, sheets: &mut Sheets, unit: &Unit, month: Month, stream: &mut Stream) {
        let day = self.days.act_day(month, 0.0, stream);
        // Some evaluations are announced before they are scored, some dimensions rest on nobody's answers.
        let mut flaws = Stream::about(self.seed, "unscored", &World::number_of(unit, month, 0));
        let unscored = flaws.chance(if self.small { 0.12 } else { 0.02 });
        for (nth, (dimension, weight)) in DIMENSIONS.into_iter().enumerate() {
            let score = (62.0 + 34.0 * World::truth_of(unit, 0.0, 1.0) + 4.0 * stream.normal()).clamp(30.0, 100.0);
            let n = stream.between(20, 80);
            let (scored, answered) = (!unscored && !flaws.chance(0.04), !flaws.chance(0.04));
            if day > self.days.as_of() {
                continue;
            }
            let sheet = sheets.of("third_party_evaluations");
            sheet.text("evaluation_id", &format!("PG{}", World::number_of(unit, month, nth))).text("evaluator", "示例评估中心");
            sheet
                .text("quarter", &quarter_before(month))
                .text("dimension", dimension)
                .hundredths("score", scored.then_some((score * 10.0).round() as i64 * 10));
            sheet
                .number("n", i64::from(if answered { n } else { 0 }))
                .hundredths("weight", weight)
                .text("method", "抽样与访谈")
                .date("evaluated_on", day);
            self.common(sheet, unit, unit.domains[0].0, Days::evening(day), None);
            sheet.end();
        }
    }
}

fn quarter_before(month: Month) -> String {
    let before = month.plus(-1);
    format!("{}Q{}", before.year, before.month / 3)
}
