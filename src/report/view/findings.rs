//! Patterns for a reviewer, with their evidence: for the office's tree alone.
//!
//! In: findings, the tests behind them, the detectors' own words. Out: an ordered list, a view by detector and by unit, one [`FindingView`] a
//! finding. Never here: verdicts. Keys and sentences of evidence come from rows, so whatever looks like a personal number in them is covered.

use std::collections::BTreeMap;
use std::iter::repeat_n;

use super::Facts;
use crate::findings::effects::Effect;
use crate::findings::tables::{Evidence, Finding, FindingKind, FindingTest, IgnoredReview, Outcome, Resolved, State};
use crate::library::detector::{Detector, Statistic, Tail};
use crate::report::names::Text;
use crate::report::numbers;
use crate::report::svg::{self, Dot, Svg};
use crate::report::texts;
use crate::terms::UnitId;

/// Rows of evidence that a page lists of one finding; all of them are in the result table, and the page says so.
const EVIDENCE_ON_PAGE: usize = 50;

/// And of all findings of a unit together.
const EVIDENCE_OF_A_UNIT: usize = 400;

/// Findings that the ordered list shows; all of them are in the workbook, and the page says so.
const FINDINGS_ON_PAGE: usize = 300;

/// Units that the list by unit shows, those with most to look at first.
const UNITS_ON_PAGE: usize = 500;

/// One finding.
#[derive(Debug, Clone)]
pub struct FindingView {
    /// The number by which a reviewer's decision names it.
    pub number: String,
    /// Title of the pattern.
    pub title: Text,
    /// A fact or a test, in words.
    pub kind: &'static str,
    /// Where it stands, in words.
    pub state: &'static str,
    /// What a reviewer decided; empty when nobody has.
    pub review: Text,
    /// Domain in words.
    pub domain: Text,
    /// What it is about.
    pub subject: Text,
    /// One or two sentences.
    pub says: Text,
    /// What its statistic is.
    pub statistic: &'static str,
    /// The statistic: mostly the share of the records looked at that are odd.
    pub strength: String,
    /// What that is held against.
    pub compared_with: &'static str,
    /// Its figure.
    pub usual: String,
    /// What the effect is.
    pub effect_name: &'static str,
    /// Effect with its limits.
    pub effect: String,
    /// p.
    pub p: String,
    /// q.
    pub q: String,
    /// Rows looked at.
    pub n: String,
    /// The unit among its peers.
    pub strip: Svg,
    /// Innocent explanations.
    pub benign: Text,
    /// What to pull and look at.
    pub look_at: Text,
    /// Evidence.
    pub evidence: Vec<EvidenceView>,
    /// That there is more of it, when there is.
    pub more: String,
}

/// One record of evidence.
#[derive(Debug, Clone)]
pub struct EvidenceView {
    /// Source table.
    pub table: Text,
    /// Record.
    pub record: Text,
    /// What is odd.
    pub says: Text,
    /// File.
    pub file: Text,
    /// Line.
    pub line: i64,
}

/// One detector: what it looks for, and what came of it.
#[derive(Debug, Clone)]
pub struct DetectorView {
    /// Title of the pattern.
    pub title: Text,
    /// A fact or a test, in words.
    pub kind: &'static str,
    /// What the pattern is.
    pub pattern: Text,
    /// What to pull and look at.
    pub look_at: Text,
    /// Innocent explanations.
    pub benign: Text,
    /// A documented case.
    pub documented: Text,
    /// Findings.
    pub count: String,
    /// Units judged.
    pub judged: String,
    /// Tests not made: too few rows.
    pub too_few: String,
    /// Tests not made: a precondition fails.
    pub not_applicable: String,
}

/// One finding in a list.
#[derive(Debug, Clone)]
pub struct FindingRow {
    /// Place in the order of worth.
    pub order: usize,
    /// The number by which a reviewer's decision names it.
    pub number: String,
    /// Title of the pattern.
    pub title: Text,
    /// A fact or a test, in words.
    pub kind: &'static str,
    /// Where it stands, in words.
    pub state: &'static str,
    /// What a reviewer decided.
    pub review: Text,
    /// Unit.
    pub unit: Text,
    /// Its page, at this finding.
    pub href: Option<String>,
    /// What it is about.
    pub subject: Text,
    /// One or two sentences.
    pub says: Text,
    /// The unit among its peers.
    pub strip: Svg,
    /// How much it matters, 1 to 5.
    pub severity: u8,
    /// q.
    pub q: String,
    /// Rows of evidence.
    pub evidence: String,
}

/// The findings of one unit, counted.
#[derive(Debug, Clone)]
pub struct UnitRow {
    /// Unit.
    pub unit: Text,
    /// Its page, at its findings.
    pub href: Option<String>,
    /// Findings that nobody has decided.
    pub count: String,
    /// Their patterns.
    pub title: Text,
}

/// A finding that is none any more.
#[derive(Debug, Clone)]
pub struct ResolvedRow {
    /// Unit.
    pub unit: Text,
    /// Title of the pattern.
    pub title: Text,
    /// What it was about.
    pub subject: Text,
    /// What it said.
    pub says: Text,
    /// Date as of which it was none any more.
    pub resolved_on: String,
    /// What was decided of it.
    pub review: Text,
}

/// Everything on the page.
#[derive(Debug, Clone)]
pub struct FindingsView {
    /// How many findings stand where.
    pub counted: String,
    /// How many tests were made, and how many not.
    pub tested: String,
    /// Findings that nobody has decided, the most worth looking at first.
    pub open: Vec<FindingRow>,
    /// That there are more of them.
    pub more: String,
    /// Findings that a reviewer has decided.
    pub reviewed: Vec<FindingRow>,
    /// Findings of the run before that are none any more.
    pub resolved: Vec<ResolvedRow>,
    /// Decisions that decide nothing: number, unit, day, document, why.
    pub ignored: Vec<[Text; 5]>,
    /// That more findings were decided.
    pub more_reviewed: String,
    /// That more are none any more.
    pub more_resolved: String,
    /// By unit.
    pub units: Vec<UnitRow>,
    /// That there are more of them.
    pub more_units: String,
    /// By detector.
    pub detectors: Vec<DetectorView>,
    /// What is known to have disturbed the records.
    pub effects: Vec<EffectRow>,
}

/// A known effect: what the tests left out.
#[derive(Debug, Clone)]
pub struct EffectRow {
    /// Its number.
    pub number: Text,
    /// Kind, in words.
    pub kind: Text,
    /// Unit or region; everybody.
    pub unit: Text,
    /// Domain in words; all.
    pub domain: Text,
    /// First and last day.
    pub days: String,
    /// The order or record.
    pub document: Text,
}

/// A probability with four decimals; smaller ones as a bound.
fn probability(p: Option<f64>) -> String {
    match p {
        None => texts::NONE.to_owned(),
        Some(p) if p < 0.0001 => "<0.0001".to_owned(),
        Some(p) => format!("{p:.4}"),
    }
}

fn percent(share: f64) -> String {
    format!("{:.1}%", share * 100.0)
}

/// Findings of a unit, the most worth looking at first.
pub fn of_unit<'a>(facts: &Facts<'a>, unit: &'a UnitId) -> Vec<FindingView> {
    let all = in_order(facts.findings_of(unit));
    let longest = (EVIDENCE_OF_A_UNIT / all.len().max(1)).clamp(3, EVIDENCE_ON_PAGE);
    all.into_iter().map(|row| finding(facts, row, longest)).collect()
}

/// The most worth looking at first.
pub fn in_order(mut findings: Vec<&Finding>) -> Vec<&Finding> {
    findings.sort_by(|a, b| {
        b.worth
            .total_cmp(&a.worth)
            .then_with(|| (&a.detector, &a.unit, &a.subject, &a.finding_id).cmp(&(&b.detector, &b.unit, &b.subject, &b.finding_id)))
    });
    findings
}

fn finding(facts: &Facts, finding: &Finding, longest: usize) -> FindingView {
    let all = finding.evidence.len();
    let effect = finding.effect.map(|effect| match finding.effect_interval {
        Some((low, high)) => format!("{}（{}–{}）", effect_size(effect), effect_size(low), effect_size(high)),
        None => effect_size(effect),
    });
    let or_none = |text: Option<String>| text.unwrap_or_else(|| texts::NONE.to_owned());
    let [statistic, compared_with, effect_name] = measures(facts, finding);
    FindingView {
        number: finding.number(),
        title: Text::of(&finding.title),
        kind: texts::finding_kind(finding.kind),
        state: texts::finding_state(finding.state),
        review: review(finding),
        domain: Text::of(if finding.domain.is_empty() { "" } else { texts::domain(&finding.domain) }),
        subject: facts.subject(&finding.subject),
        says: Text::masked(&finding.says),
        statistic,
        compared_with,
        effect_name,
        strength: percent(finding.strength),
        usual: or_none(finding.usual.map(percent)),
        effect: or_none(effect),
        p: probability(finding.p_value),
        q: probability(finding.q_value),
        n: numbers::count(finding.n.max(0).unsigned_abs()),
        strip: strip(facts, finding),
        benign: Text::of(&finding.benign_causes),
        look_at: Text::of(&finding.look_at),
        evidence: finding.evidence.iter().take(longest).map(|row| evidence(facts, row)).collect(),
        more: if all > longest { texts::evidence_more(longest, all) } else { String::new() },
    }
}

/// A finding of a detector that the library has no more is read as a share.
fn measures(facts: &Facts, finding: &Finding) -> [&'static str; 3] {
    let detector = facts.input.detectors.iter().find(|detector| detector.name == finding.detector);
    let share = Statistic::Share { tail: Tail::Upper, least_rate: 0.0, says: String::new() };
    texts::finding_measures(detector.map_or(&share, |detector| &detector.statistic))
}

fn review(finding: &Finding) -> Text {
    let says = finding.review.as_ref().map(|review| texts::reviewed(review.decision, review.on, &review.document));
    Text::masked(&says.unwrap_or_default())
}

/// The unit among those it was compared with; of a fact, among the units whose records were looked at.
fn strip(facts: &Facts, finding: &Finding) -> Svg {
    let (own, others, usual, without) = match facts.test_of(finding) {
        Some(test) => (test.statistic, facts.tests_beside(test), test.usual, 0),
        None => {
            let without = facts.input.detected.unremarkable.get(&finding.detector).copied().unwrap_or(0);
            (finding.strength, facts.strongest_beside(finding).into_iter().chain(repeat_n(0.0, without)).collect(), None, without)
        }
    };
    let highest = others.iter().copied().chain([own]).chain(usual).fold(0.0, f64::max);
    // Without anybody beside it, chance alone may still say what is usual.
    if highest <= 0.0 || others.is_empty() && usual.is_none() {
        return Svg::default();
    }
    let place = |value: f64| (value / highest * 10_000.0).round() as i64;
    let mut dots: Vec<Dot> = others.iter().map(|value| Dot { place: place(*value), own: false }).collect();
    dots.push(Dot { place: place(own), own: true });
    let [statistic, compared_with, _] = measures(facts, finding);
    let usual_words = usual.map(percent);
    let compared = (compared_with, usual_words.as_deref());
    let words = texts::finding_strip_words((statistic, &percent(own)), (others.len(), without), compared, &percent(highest));
    svg::strip(&dots, usual.map(place), &words)
}

fn evidence(facts: &Facts, evidence: &Evidence) -> EvidenceView {
    EvidenceView {
        table: facts.table_name(&evidence.table),
        record: Text::masked(&evidence.record_id),
        says: Text::masked(&evidence.says),
        file: Text::masked(&evidence.source_file),
        line: evidence.source_line,
    }
}

/// The whole page.
pub fn view(facts: &Facts) -> FindingsView {
    let detected = &facts.input.detected;
    let all = in_order(detected.findings.iter().collect());
    let (open, reviewed): (Vec<&Finding>, Vec<&Finding>) = all.into_iter().partition(|finding| finding.state.is_open());
    let of_state = |state: State| detected.findings.iter().filter(|finding| finding.state == state).count();
    let of_outcome = |outcome: Outcome| detected.tests.iter().filter(|test| test.outcome == outcome).count();
    let states = [State::New, State::Standing, State::Changed, State::Reviewed].map(of_state);
    let unmade = [of_outcome(Outcome::TooFew), of_outcome(Outcome::NotApplicable)];
    let rows = |findings: &[&Finding]| findings.iter().enumerate().map(|(place, finding)| row(facts, place + 1, finding)).collect();
    let shown = open.len().min(FINDINGS_ON_PAGE);
    let is_failed = |detector: &&Detector| detected.failed.contains_key(&detector.name);
    let failed: Vec<&str> = facts.input.detectors.iter().filter(is_failed).map(|detector| detector.title.as_str()).collect();
    let mut units = units(facts, &open);
    let all_units = units.len();
    units.truncate(UNITS_ON_PAGE);
    FindingsView {
        more_units: if all_units > units.len() { texts::units_more(units.len(), all_units, "findings") } else { String::new() },
        counted: texts::findings_counted(states, facts.input.newly_resolved()),
        tested: texts::findings_tested(detected.tests.len() - unmade[0] - unmade[1], unmade) + &texts::findings_failed(&failed),
        more: more(open.len()),
        units,
        open: rows(&open[..shown]),
        more_reviewed: more(reviewed.len()),
        more_resolved: more(detected.resolved.len()),
        reviewed: rows(&reviewed[..reviewed.len().min(FINDINGS_ON_PAGE)]),
        resolved: newest_first(&detected.resolved)
            .into_iter()
            .take(FINDINGS_ON_PAGE)
            .map(|resolved| resolved_row(facts, resolved))
            .collect(),
        ignored: detected.ignored.iter().take(FINDINGS_ON_PAGE).map(|review| ignored_row(facts, review)).collect(),
        detectors: detectors(facts),
        effects: facts.input.effects.list.iter().map(|effect| effect_row(facts, effect)).collect(),
    }
}

/// Beyond a hundred times the usual the figure tells of how few peers have it, and not of how much the unit has.
const LARGEST_EFFECT: f64 = 100.0;

fn effect_size(effect: f64) -> String {
    if effect > LARGEST_EFFECT { texts::more_than(LARGEST_EFFECT) } else { format!("{effect:.2}") }
}

fn effect_row(facts: &Facts, effect: &Effect) -> EffectRow {
    let unit = effect.unit.as_ref().map(|unit| facts.unit_name(unit));
    let region = effect.region.as_ref().map(|region| facts.region_name(region));
    EffectRow {
        number: Text::masked(&effect.id),
        kind: Text::of(texts::effect_kind(&effect.kind)),
        unit: unit.or(region).unwrap_or_else(|| Text::of(texts::EVERYBODY)),
        domain: Text::of(effect.domain.as_deref().map_or(texts::EVERYTHING, texts::domain)),
        days: texts::effect_days(effect.days, &effect.detectors),
        document: Text::masked(&effect.document),
    }
}

fn more(all: usize) -> String {
    if all > FINDINGS_ON_PAGE { texts::findings_more(FINDINGS_ON_PAGE, all) } else { String::new() }
}

fn ignored_row(facts: &Facts, review: &IgnoredReview) -> [Text; 5] {
    let unit = if review.unit.is_empty() { Text::default() } else { facts.unit_name(&review.unit) };
    let (number, document) = (Text::masked(&review.number), Text::masked(&review.document));
    [number, unit, Text::of(&review.on.to_string()), document, Text::of(texts::why_ignored(review.why))]
}

fn newest_first(resolved: &[Resolved]) -> Vec<&Resolved> {
    let mut rows: Vec<&Resolved> = resolved.iter().collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.resolved_on));
    rows
}

fn resolved_row(facts: &Facts, resolved: &Resolved) -> ResolvedRow {
    let finding = &resolved.finding;
    let review = finding.review.as_ref().map(|review| texts::reviewed(review.decision, review.on, &review.document));
    ResolvedRow {
        resolved_on: resolved.resolved_on.to_string(),
        review: Text::masked(&review.unwrap_or_default()),
        unit: facts.unit_name(&finding.unit),
        title: Text::of(&finding.title),
        subject: facts.subject(&finding.subject),
        says: Text::masked(&finding.says),
    }
}

fn units(facts: &Facts, open: &[&Finding]) -> Vec<UnitRow> {
    let mut by_unit: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in open {
        by_unit.entry(&finding.unit).or_default().push(finding);
    }
    let mut rows: Vec<(f64, UnitRow)> = by_unit
        .into_iter()
        .map(|(unit, findings)| {
            let id = UnitId(unit.to_owned());
            let mut titles: Vec<&str> = findings.iter().map(|finding| finding.title.as_str()).collect();
            titles.dedup();
            let row = UnitRow {
                unit: facts.unit_name(&id),
                href: facts.unit_page(&id).map(|page| format!("{page}#findings")),
                count: numbers::count(findings.len() as u64),
                title: Text::of(&titles.join("、")),
            };
            (findings.iter().map(|finding| finding.worth).sum(), row)
        })
        .collect();
    rows.sort_by(|a, b| b.0.total_cmp(&a.0));
    rows.into_iter().map(|(_, row)| row).collect()
}

fn detectors(facts: &Facts) -> Vec<DetectorView> {
    let detected = &facts.input.detected;
    let mut rows: Vec<(usize, DetectorView)> = facts
        .input
        .detectors
        .iter()
        .map(|detector| {
            let findings = detected.open().filter(|finding| finding.detector == detector.name).count();
            let tests: Vec<&FindingTest> = detected.tests.iter().filter(|test| test.detector == detector.name).collect();
            let of = |outcome: Outcome| tests.iter().filter(|test| test.outcome == outcome).count() as u64;
            let unmade = (of(Outcome::TooFew), of(Outcome::NotApplicable));
            let is_rule = detector.statistic == Statistic::Rule;
            let made = |count: u64| if is_rule { texts::NONE.to_owned() } else { numbers::count(count) };
            let view = DetectorView {
                title: Text::of(&detector.title),
                kind: texts::finding_kind(if is_rule { FindingKind::Fact } else { FindingKind::Statistical }),
                pattern: Text::of(&detector.pattern),
                look_at: Text::of(&detector.look_at),
                benign: Text::of(&detector.benign),
                documented: Text::of(&detector.documented),
                count: numbers::count(findings as u64),
                judged: made(tests.len() as u64 - unmade.0 - unmade.1),
                too_few: made(unmade.0),
                not_applicable: made(unmade.1),
            };
            (findings, view)
        })
        .collect();
    rows.sort_by_key(|(findings, _)| std::cmp::Reverse(*findings));
    rows.into_iter().map(|(_, view)| view).collect()
}

fn row(facts: &Facts, order: usize, finding: &Finding) -> FindingRow {
    let id = UnitId(finding.unit.clone());
    FindingRow {
        order,
        number: finding.number(),
        title: Text::of(&finding.title),
        kind: texts::finding_kind(finding.kind),
        state: texts::finding_state(finding.state),
        review: review(finding),
        unit: facts.unit_name(&id),
        href: facts.unit_page(&id).map(|page| format!("{page}#findings")),
        subject: facts.subject(&finding.subject),
        says: Text::masked(&finding.says),
        strip: strip(facts, finding),
        severity: finding.severity,
        q: probability(finding.q_value),
        evidence: numbers::count(finding.evidence.len() as u64),
    }
}
