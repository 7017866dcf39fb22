//! How far a rank can be trusted.
//!
//! In: scored and ranked objects, the scheme's number of draws and seed. Out: for every ranked object the ranks that chance leaves open,
//! whether it differs from the mean of its peers, and how it stands to those next to it. Never here: other ranks; what the weights do to a rank (that is a what-if).
//!
//! - The law of a score: normal, around what is published, with the error of the unit's own cases; of an indicator that is scored from the shrunk
//!   value, with the error of that. Its error goes through the curve by five-point Gauss–Hermite quadrature. What is no estimate stands fast.
//! - The law of a total: the sum of many scores of small weight, taken as normal around what is published. Where a node's score is no sum
//!   the scores are drawn and go up the tree for its error. Ranks, sets and probabilities are all of this one law, or one would gainsay another.
//! - `median`, `best`, `worst`: the rank in draws of these laws, and between which ranks it lies with the scheme's confidence, widened to hold the published rank (for one unit, as in
//!   its appeal; Goldstein and Spiegelhalter, Journal of the Royal Statistical Society A 159, 1996).
//! - `set`: ranks that hold for the whole peer group at once (Mogstad, Romano, Shaikh and Wilhelm, Review of Economic Studies 91, 2024).
//! - `band`: above, below or not distinguishable from the mean of the group, for all its units at once, by sampling error alone: it says that a
//!   unit differs, not that it is unusual (that is the funnel's).
//! - `probability` beside a neighbour: that the own total is the higher of the two. It is of these two alone; what may be said rests on the sets.
//! - Nothing of it where an indicator is scored by comparison with others: such a score has no law of its own.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rust_decimal::Decimal;
use rust_decimal::prelude::{FromPrimitive, ToPrimitive};

use super::draws::{Draw, Drawable, Places};
use super::tables::{Rank, RankNeighbour, RankUncertainty, Said, Scorecards, Status, Value};
use crate::library::scheme::method::Transform;
use crate::library::scheme::{Curve, Scheme, ScoreFrom};
use crate::statistics::ranks::{
    Family, RankLaw, RankSet, RankSetOptions, RankStatement, bonferroni_rank_sets, comparison, peer_bands, simultaneous_rank_sets,
    standard_normal,
};

/// A normal law's nodes and weights for the mean of a function of it.
const QUADRATURE: [(f64, f64); 5] = [
    (-2.856_970_013_872_806, 0.011_257_411_327_720_69),
    (-1.355_626_179_974_266, 0.222_075_922_005_612_6),
    (0.0, 0.533_333_333_333_333_3),
    (1.355_626_179_974_266, 0.222_075_922_005_612_6),
    (2.856_970_013_872_806, 0.011_257_411_327_720_69),
];
/// Standard errors between the two ends of a 95 % interval.
const ERRORS_OF_INTERVAL: f64 = 3.92;
/// Units of a peer group up to which sets for the whole group are drawn: their cost grows with the square, times the draws. Larger groups have wider ones.
const LARGEST_GROUP: usize = 400;
/// Draws of the sets for the whole group: enough to find the critical value to a few hundredths.
const SET_DRAWS: u32 = 4_000;
/// So many of the group on either side are told of each object: enough for "is that different from the fifth?", and not the square of the group.
const NEIGHBOURS: usize = 5;
/// Scores that are drawn and go up the tree in all, where totals are no sums.
const MOST_SCORES: usize = 400_000_000;

/// Mean and standard deviation.
#[derive(Debug, Clone, Copy, Default)]
struct Law {
    mean: f64,
    deviation: f64,
}

/// Adds to every ranked object what chance leaves open.
pub(super) fn add(scheme: &Scheme, cards: &mut Scorecards, threads: NonZeroUsize) {
    let draws = scheme.uncertainty.draws;
    // A score that hangs on the values of others has no law of its own.
    let is_compared = scheme.indicators.iter().any(|scored| scored.relative.is_some() && !scored.report_only);
    if draws == 0 || is_compared || cards.ranks.iter().all(|rank| rank.rank.is_none()) {
        return;
    }
    let laws = Laws::of(scheme, cards, true);
    let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (row, rank) in cards.ranks.iter().enumerate().filter(|(_, rank)| rank.rank.is_some()) {
        groups.entry(&rank.peer_group).or_default().push(row);
    }
    let mut found: Vec<(usize, RankUncertainty)> = Vec::new();
    let mut neighbours: Vec<RankNeighbour> = Vec::new();
    for (group, rows) in groups {
        let pick = |of: fn(&Law) -> f64| rows.iter().map(|row| of(&laws.totals[*row])).collect::<Vec<f64>>();
        let (totals, errors) = (pick(|law| law.mean), pick(|law| law.deviation));
        // Nothing that is an estimate: the ranks stand fast, and an interval of one rank would claim to have looked.
        if errors.iter().all(|error| *error == 0.0) {
            continue;
        }
        let seed = seed_of(scheme.uncertainty.seed, group);
        let law = RankLaw::of_normal_estimates(&totals, &errors, draws, seed, threads);
        let confidence = scheme.uncertainty.confidence.to_f64().unwrap_or(0.95);
        let options = RankSetOptions { coverage: confidence, draws: SET_DRAWS, threads, ..RankSetOptions::usual(seed) };
        let sets = if rows.len() <= LARGEST_GROUP {
            simultaneous_rank_sets(&totals, &errors, &options)
        } else {
            bonferroni_rank_sets(&totals, &errors, confidence)
        };
        let bands = peer_bands(&totals, &errors, confidence, Family::WholeGroup);
        let mut in_order: Vec<usize> = (0..rows.len()).collect();
        in_order.sort_by_key(|place| (cards.ranks[rows[*place]].rank, *place));
        let is_above = |one: usize, other: usize| probability_above((totals[one], errors[one]), (totals[other], errors[other]));
        // What the page of the whole group says: wider than the interval of one.
        let mut whole: Vec<Option<RankSet>> = vec![None; rows.len()];
        for (place, row) in rows.iter().enumerate() {
            let Some(((law, bands), sets)) = law.as_ref().zip(bands.as_ref()).zip(sets.as_ref()) else { continue };
            let Some((median, interval)) = law.median(place).zip(law.interval(place, confidence)) else { continue };
            // A published rank that its own law leaves out would be read as a mistake: who is first by much chance is rarely first again.
            let published = cards.ranks[*row].rank.unwrap_or(median);
            let interval = RankSet { best: interval.best.min(published), worst: interval.worst.max(published) };
            // What holds for the whole group is never tighter than what holds for one.
            let set = RankSet { best: sets[place].best.min(interval.best), worst: sets[place].worst.max(interval.worst) };
            let uncertainty = RankUncertainty { median, interval, set, band: bands[place], draws: law.draws() };
            whole[place] = Some(set);
            found.push((*row, uncertainty));
        }
        for (nth, place) in in_order.iter().enumerate() {
            let near = nth.saturating_sub(NEIGHBOURS)..(nth + NEIGHBOURS + 1).min(rows.len());
            for other in in_order[near].iter().filter(|other| *other != place) {
                let (own, beside) = (&cards.ranks[rows[*place]], &cards.ranks[rows[*other]]);
                neighbours.push(RankNeighbour {
                    unit: own.unit.clone(),
                    domain: own.domain.clone(),
                    other: beside.unit.clone(),
                    other_rank: beside.rank.unwrap_or_default(),
                    probability: Decimal::from_f64(is_above(*place, *other)).unwrap_or_default().round_dp(4),
                    said: whole[*place].zip(whole[*other]).and_then(said),
                });
            }
        }
    }
    neighbours.sort_by(|a, b| (&a.unit, &a.domain, a.other_rank, &a.other).cmp(&(&b.unit, &b.domain, b.other_rank, &b.other)));
    cards.rank_neighbours = neighbours;
    for (row, uncertainty) in found {
        cards.ranks[row].uncertainty = Some(uncertainty);
    }
}

/// What the sets of the whole group leave to be said of two.
fn said((own, other): (RankSet, RankSet)) -> Option<Said> {
    Some(match comparison(&[own, other], 0, 1)? {
        RankStatement::BetterThan(_) => Said::Better,
        RankStatement::WorseThan(_) => Said::Worse,
        RankStatement::InTheTop(_) | RankStatement::NotDistinguishable => Said::NotDistinguishable,
    })
}

/// Probability that a normal quantity exceeds another, independent one, each with mean and deviation; a half where both stand fast and are equal.
fn probability_above(one: (f64, f64), other: (f64, f64)) -> f64 {
    let (difference, deviation) = (one.0 - other.0, one.1.hypot(other.1));
    if deviation == 0.0 {
        return if difference == 0.0 { 0.5 } else { f64::from(difference > 0.0) };
    }
    0.5 * libm::erfc(-difference / deviation / std::f64::consts::SQRT_2)
}

/// Mean and deviation of the law of every score, NaN where there is none: indicator × objects + object.
pub(super) fn score_laws(scheme: &Scheme, cards: &Scorecards) -> Vec<(f64, f64)> {
    Laws::of(scheme, cards, false).scores.into_iter().map(|law| (law.mean, law.deviation)).collect()
}

/// A seed for each group, so that another group changes no draw of this one.
fn seed_of(seed: u64, group: &str) -> u64 {
    let digest = blake3::hash(group.as_bytes());
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&digest.as_bytes()[..8]);
    seed ^ u64::from_le_bytes(bytes)
}

/// Laws of scores and totals.
struct Laws {
    /// In the order of the ranks' rows.
    totals: Vec<Law>,
    /// Indicator × objects + object; NaN where there is no score.
    scores: Vec<Law>,
}

impl Laws {
    fn of(scheme: &Scheme, cards: &Scorecards, with_totals: bool) -> Self {
        let number = |amount: Decimal| amount.to_f64().unwrap_or_default();
        let places = Places::of(scheme, &cards.ranks);
        let curves: Vec<Option<Line>> = scheme.indicators.iter().map(|scored| scored.curve.as_ref().map(Line::of)).collect();
        let total = |rank: &Rank| Law { mean: number(rank.total.unwrap_or_default()), deviation: 0.0 };
        let mut totals: Vec<Law> = cards.ranks.iter().map(total).collect();
        let objects = cards.ranks.len();
        let mut scores: Vec<Law> = vec![Law { mean: f64::NAN, deviation: 0.0 }; scheme.indicators.len() * objects];
        for value in &cards.values {
            let Some(score) = value.score.filter(|_| value.status != Status::ReportOnly) else { continue };
            let found = places.get(value.unit.as_ref(), &value.domain, value.indicator.as_ref(), &value.node);
            let Some((row, leaf)) = found else { continue };
            let estimate = match scheme.indicators[leaf].score_from {
                ScoreFrom::Shrunk => shrunk_law(value),
                ScoreFrom::Own => own_law(value),
            };
            let deviation = curves[leaf].as_ref().zip(estimate).map_or(0.0, |(line, law)| line.deviation(law));
            scores[leaf * objects + row] = Law { mean: number(score), deviation };
            // Variances are added up here and become deviations below.
            totals[row].deviation += (number(value.effective_points) / 100.0 * deviation).powi(2);
        }
        totals.iter_mut().for_each(|law| law.deviation = law.deviation.sqrt());
        let adds_up = scheme.method.adds_up() && scheme.nodes.iter().all(|node| node.method.adds_up());
        if with_totals && !adds_up {
            let drawn = drawn(scheme, cards, &scores);
            for (row, law) in totals.iter_mut().enumerate() {
                law.deviation = deviation(drawn.iter().map(|totals| totals[row]).filter(|total| !total.is_nan()));
            }
        }
        Self { totals, scores }
    }
}

/// Totals of draws of all scores, up the tree.
fn drawn(scheme: &Scheme, cards: &Scorecards, scores: &[Law]) -> Vec<Vec<f64>> {
    let drawable = Drawable::of(scheme, cards);
    let draws = (MOST_SCORES / scores.len().max(1)).min(scheme.uncertainty.draws as usize).max(200);
    let start = ChaCha8Rng::seed_from_u64(scheme.uncertainty.seed);
    let one = |number: usize| {
        let mut random = start.clone();
        random.set_stream(number as u64);
        let draw = |law: &Law| {
            if law.deviation == 0.0 { law.mean } else { (law.mean + law.deviation * standard_normal(&mut random)).clamp(0.0, 100.0) }
        };
        drawable.totals(&Draw { scores: scores.iter().map(draw).collect(), ..Draw::default() })
    };
    (0..draws).map(one).collect()
}

fn deviation(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let n = values.clone().count() as f64;
    if n < 2.0 {
        return 0.0;
    }
    let mean = values.clone().sum::<f64>() / n;
    (values.map(|value| (value - mean) * (value - mean)).sum::<f64>() / (n - 1.0)).sqrt()
}

/// The law of a value drawn towards its peers; of one that has too few of them, by its own interval.
fn shrunk_law(value: &Value) -> Option<Law> {
    let Some(shrunk) = value.shrunk else { return own_law(value) };
    Some(Law { mean: shrunk.value.to_f64()?, deviation: shrunk.deviation.to_f64()? })
}

/// The law of a value by its own interval.
fn own_law(value: &Value) -> Option<Law> {
    let (low, high) = value.interval?;
    Some(Law { mean: value.value?.to_f64()?, deviation: (high - low).to_f64()? / ERRORS_OF_INTERVAL })
}

/// A curve in binary fractions.
struct Line {
    points: Vec<(f64, f64)>,
    transform: Transform,
}

impl Line {
    fn of(curve: &Curve) -> Self {
        let transform = curve.transform();
        let point = |point: &(Decimal, Decimal)| Some((transform.of(point.0)?, point.1.to_f64()?));
        Self { points: curve.points().iter().filter_map(point).collect(), transform }
    }

    fn score(&self, value: f64) -> f64 {
        let value = match self.transform {
            Transform::None => value,
            Transform::Log => libm::log(value.max(f64::MIN_POSITIVE)),
            Transform::SquareRoot => value.max(0.0).sqrt(),
            Transform::Logit => {
                let value = value.clamp(1e-12, 1.0 - 1e-12);
                libm::log(value / (1.0 - value))
            }
        };
        let (first, last) = (self.points[0], self.points[self.points.len() - 1]);
        let right = self.points.partition_point(|point| point.0 < value);
        match right {
            0 => first.1,
            right if right == self.points.len() => last.1,
            right => {
                let (left, right) = (self.points[right - 1], self.points[right]);
                left.1 + (right.1 - left.1) * (value - left.0) / (right.0 - left.0)
            }
        }
    }

    /// Deviation of the score of a value with this law.
    fn deviation(&self, law: Law) -> f64 {
        if self.points.is_empty() {
            return 0.0;
        }
        let scores = QUADRATURE.map(|(node, weight)| (self.score(law.mean + node * law.deviation), weight));
        let mean: f64 = scores.iter().map(|(score, weight)| score * weight).sum();
        let variance: f64 = scores.iter().map(|(score, weight)| weight * (score - mean) * (score - mean)).sum();
        variance.max(0.0).sqrt()
    }
}
