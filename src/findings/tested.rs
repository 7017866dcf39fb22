//! From tests to findings: the correction for many tests, the floors, and the evidence of what is flagged.
//!
//! In: [`Tested`], one for each test of each unit. Out: [`FindingTest`] rows and the flagged tests. Never here: how a p-value comes about.

use std::collections::BTreeMap;

use super::LEAST_ODD;
use super::peers::Share;
use super::tables::{Evidence, FindingTest, Outcome};
use super::tail::benjamini_hochberg_of_groups;
use crate::library::detector::{Detector, Statistic};

/// Which rows are evidence.
#[derive(Debug, Clone, PartialEq)]
pub enum EvidenceOf {
    /// The odd rows of this sign.
    Odd(String),
    /// Those that are not odd: there are too few of the others.
    NotOdd(String),
    /// These.
    Rows(Vec<Evidence>),
}

/// A part of the rows below which those that were not judged hide nothing, however small the floor.
const LEAST_HIDDEN: f64 = 0.05;

/// One test of one unit.
#[derive(Debug, Clone)]
pub struct Tested<'a> {
    /// Its detector.
    pub detector: &'a Detector,
    /// Rows of the unit.
    pub share: Share,
    /// Which kind of oddness.
    pub sign: String,
    /// The unit's share, or the detector's own statistic.
    pub statistic: f64,
    /// The same among peers.
    pub usual: Option<f64>,
    /// Units compared with.
    pub peers: usize,
    /// They are of every tier.
    pub all_tiers: bool,
    /// Effect, with its limits.
    pub effect: Option<f64>,
    /// 95 % limits of the effect.
    pub effect_interval: Option<(f64, f64)>,
    /// p, when it was judged.
    pub p: Option<f64>,
    /// The effect is large enough, whatever the probability.
    pub worth: bool,
    /// Why a precondition fails.
    pub not_applicable: Option<String>,
    /// What the finding would say.
    pub says: String,
    /// Its evidence, were it flagged.
    pub evidence: EvidenceOf,
}

impl<'a> Tested<'a> {
    /// A test that was not made: too few rows, or, with a reason, not applicable.
    pub fn not_made(detector: &'a Detector, share: &Share, sign: &str, statistic: f64, why: Option<&str>) -> Self {
        Self {
            detector,
            share: share.clone(),
            sign: sign.to_owned(),
            statistic,
            usual: None,
            peers: 0,
            all_tiers: false,
            effect: None,
            effect_interval: None,
            p: None,
            worth: false,
            not_applicable: why.map(str::to_owned),
            says: String::new(),
            evidence: EvidenceOf::Rows(Vec::new()),
        }
    }

    /// Why it is no pass that nothing stands out: so many rows could not be judged that the share which is asked for may lie among them. The test keeps its place
    /// among all that were made.
    fn may_hide(&self) -> Option<String> {
        let asks_a_share = matches!(self.detector.statistic, Statistic::Share { .. } | Statistic::LateBurst | Statistic::NumberOrder);
        let (n, unjudged) = (self.share.n, self.share.unjudged);
        let may = asks_a_share && unjudged >= LEAST_ODD && unjudged as f64 >= self.detector.floor.max(LEAST_HIDDEN) * (n + unjudged) as f64;
        may.then(|| format!("{n} 条可以判断的没有异常，另有 {unjudged} 条缺少判断所需的内容或者属于批量装载，不能说没有这一情形"))
    }

    fn outcome(&self, q: Option<f64>, limit: f64) -> Outcome {
        match (self.p, q) {
            (Some(_), Some(q)) if q < limit && self.worth => Outcome::Flagged,
            (Some(_), _) if self.may_hide().is_some() => Outcome::NotApplicable,
            (Some(_), Some(q)) if q < limit => Outcome::BelowFloor,
            (Some(_), _) => Outcome::Usual,
            (None, _) if self.not_applicable.is_some() => Outcome::NotApplicable,
            (None, _) => Outcome::TooFew,
        }
    }
}

/// The tests, each told how many others of its table, domain, tier and sign were made; of statistics that are judged by chance alone, so that one sees beside whom.
pub fn with_peers(mut tests: Vec<Tested<'_>>) -> Vec<Tested<'_>> {
    let key = |test: &Tested<'_>| (test.share.table.clone(), test.share.domain.clone(), test.share.tier.clone(), test.sign.clone());
    let mut made: BTreeMap<_, usize> = BTreeMap::new();
    for test in tests.iter().filter(|test| test.p.is_some()) {
        *made.entry(key(test)).or_default() += 1;
    }
    for test in tests.iter_mut().filter(|test| test.p.is_some()) {
        test.peers = made[&key(test)] - 1;
    }
    tests
}

/// Corrects all tests together, and each detector's by themselves; the rows of the table, and the flagged tests with p and q.
pub fn corrected<'t, 'a>(tests: &'t [Tested<'a>], limit: f64) -> (Vec<FindingTest>, Vec<(&'t Tested<'a>, f64)>) {
    let whole = corrected_of(tests.iter());
    let mut by_detector: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (place, test) in tests.iter().enumerate() {
        by_detector.entry(&test.detector.name).or_default().push(place);
    }
    let mut family = vec![None; tests.len()];
    for places in by_detector.values() {
        for (place, q) in places.iter().zip(corrected_of(places.iter().map(|place| &tests[*place]))) {
            family[*place] = q;
        }
    }
    let mut rows: Vec<FindingTest> =
        tests.iter().zip(whole.iter().zip(&family)).map(|(test, (q, family))| row(test, *q, *family, test.outcome(*q, limit))).collect();
    rows.sort_by(|a, b| (&a.detector, &a.unit, &a.domain, &a.table, &a.sign).cmp(&(&b.detector, &b.unit, &b.domain, &b.table, &b.sign)));
    let is_flagged =
        |(test, q): (&'t Tested<'a>, &Option<f64>)| (test.outcome(*q, limit) == Outcome::Flagged).then_some((test, q.unwrap_or(1.0)));
    (rows, tests.iter().zip(&whole).filter_map(is_flagged).collect())
}

/// q-values of the tests that were made, in their places. What is reported is a finding: the tests of one detector at one unit, domain and table are
/// one hypothesis.
fn corrected_of<'t, 'a: 't>(tests: impl Iterator<Item = &'t Tested<'a>>) -> Vec<Option<f64>> {
    let mut groups: BTreeMap<[&str; 4], usize> = BTreeMap::new();
    let mut group_of = |test: &'t Tested<'a>| {
        let (share, next) = (&test.share, groups.len());
        *groups.entry([&test.detector.name, &share.unit, &share.domain, &share.table]).or_insert(next)
    };
    let p: Vec<Option<(usize, f64)>> = tests.map(|test| test.p.map(|p| (group_of(test), p))).collect();
    let made: Vec<(usize, f64)> = p.iter().copied().flatten().collect();
    let mut q = benjamini_hochberg_of_groups(&made).into_iter();
    p.into_iter().map(|p| p.and_then(|_| q.next())).collect()
}

fn row(test: &Tested<'_>, q: Option<f64>, family: Option<f64>, outcome: Outcome) -> FindingTest {
    let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    FindingTest {
        detector: test.detector.name.clone(),
        unit: test.share.unit.clone(),
        domain: test.share.domain.clone(),
        table: test.share.table.clone(),
        sign: test.sign.clone(),
        group: if test.all_tiers { test.share.domain.clone() } else { format!("{}·{}", test.share.domain, test.share.tier) },
        peers: count(test.peers as u64),
        n: count(test.share.n),
        minimum_n: count(test.detector.minimum_n),
        odd: count(test.share.odd),
        statistic: test.statistic,
        usual: test.usual,
        effect: test.effect,
        effect_interval: test.effect_interval,
        p_value: test.p,
        q_value: q,
        family_q_value: family,
        outcome,
        reason: match outcome {
            Outcome::NotApplicable => test.not_applicable.clone().or_else(|| test.may_hide()).unwrap_or_default(),
            _ => String::new(),
        },
        left_out: count(test.share.left_out),
    }
}
