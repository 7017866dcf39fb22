//! What if: another scheme, other weights, a corrected figure, and how much of a rank is chance, and how much choice.
//!
//! In: the scorecards before and after; scored objects with their scheme. Out: what moved and why, and the shares of each unit's rank variance.
//! Never here: anything that may be published: tables of a what-if say so in their names and in every row.
//!
//! The variance of a rank is taken apart after Sobol, group by group: with A and B two independent draws of everything, and A with the group g
//! taken from B, the total share of g is mean((R(A) − R(A_g))²) ÷ (2·Var R) (Jansen, Computer Physics Communications 117, 1999; Saisana,
//! Saltelli and Tarantola, Journal of the Royal Statistical Society A 168, 2005). Shares of groups that act together add up to more than 1.

use std::collections::BTreeMap;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use rust_decimal::Decimal;

use super::audit::{Audit, IndicatorAudit};
use super::draws::{Draw, Drawable};
use super::tables::{LineKind, Rank, Scorecards};
use super::uncertainty::score_laws;
use crate::error::Result;
use crate::library::scheme::method::Mean;
use crate::library::scheme::{Scheme, TOTAL};
use crate::side_by_side::side_by_side;

/// What may be otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The cases that happened to fall due.
    Sampling,
    /// What is put in the place of a missing score: its weight moves, or the mean of the peer group.
    Imputation,
    /// Where the curves reach 0 and 100.
    Curves,
    /// Weights of indicators and groups.
    Weights,
    /// The mean of each group: as the scheme has it, or geometric.
    Aggregation,
}

/// Every cause, in the order of columns.
pub const CAUSES: [Cause; 5] = [Cause::Sampling, Cause::Imputation, Cause::Curves, Cause::Weights, Cause::Aggregation];

/// How far things may be otherwise.
#[derive(Debug, Clone, Copy)]
pub struct Variation {
    /// Pairs of draws; each costs seven rankings of everybody.
    pub pairs: usize,
    /// Where the random numbers begin.
    pub seed: u64,
    /// Weights are multiplied by 1 ± this, evenly.
    pub weights: f64,
    /// The scores at which curves reach 0 and 100 move by up to so many points.
    pub curves: f64,
}

/// How far the scorecards use an indicator's curve, before and after.
#[derive(Debug, Clone, PartialEq)]
pub struct CurveUse {
    /// Indicator.
    pub indicator: String,
    /// Scorecards with a score of it, after.
    pub scored: usize,
    /// Share of these that are 0, before and after; `None` where it is not scored.
    pub at_zero: [Option<f64>; 2],
    /// Share of these that are 100.
    pub at_full: [Option<f64>; 2],
}

impl CurveUse {
    /// Half of the scorecards or more stand at one end, after.
    pub fn is_saturated(&self) -> bool {
        [self.at_zero[1], self.at_full[1]].iter().flatten().any(|share| *share >= 0.5)
    }
}

/// What two audits say of the curves, in the order of the second.
pub fn curves(before: &Audit, after: &Audit) -> Vec<CurveUse> {
    let earlier: BTreeMap<&str, &IndicatorAudit> = before.indicators.iter().map(|row| (row.indicator.as_str(), row)).collect();
    let one = |row: &IndicatorAudit| {
        let sides = |share: fn(&IndicatorAudit) -> f64| {
            let of = |row: &IndicatorAudit| (row.scored > 0).then(|| share(row));
            [earlier.get(row.indicator.as_str()).and_then(|row| of(row)), of(row)]
        };
        CurveUse {
            indicator: row.indicator.clone(),
            scored: row.scored,
            at_zero: sides(|row| row.at_zero),
            at_full: sides(|row| row.at_full),
        }
    };
    after.indicators.iter().map(one).collect()
}

/// Whose rank is open, and what opens it.
#[derive(Debug, Clone, PartialEq)]
pub struct Shares {
    /// Unit.
    pub unit: String,
    /// Domain.
    pub domain: String,
    /// Peer group.
    pub peer_group: String,
    /// Published rank.
    pub rank: u32,
    /// Between these ranks it lies in 95 % of the draws of everything.
    pub interval: (u32, u32),
    /// Standard deviation of the rank.
    pub deviation: f64,
    /// Total share of each of [`CAUSES`] in the variance; `None` where the rank never moves.
    pub of: Option<[f64; 5]>,
}

/// A unit before and after.
#[derive(Debug, Clone, PartialEq)]
pub struct Move {
    /// Unit.
    pub unit: String,
    /// Domain.
    pub domain: String,
    /// Peer group before and after.
    pub peer_group: (String, String),
    /// Total before and after.
    pub total: (Option<Decimal>, Option<Decimal>),
    /// Rank before and after.
    pub rank: (Option<u32>, Option<u32>),
    /// Grade before and after.
    pub grade: (Option<String>, Option<String>),
    /// What moved the total, the largest first: line of the scorecard, points gained.
    pub because: Vec<(String, Decimal)>,
}

impl Move {
    /// Whether total, rank or grade is another.
    pub fn is_a_move(&self) -> bool {
        self.total.0 != self.total.1 || self.rank.0 != self.rank.1 || self.grade.0 != self.grade.1
    }
}

/// Everybody, before and after; those whose rank moves most first.
pub fn moves(before: &Scorecards, after: &Scorecards) -> Vec<Move> {
    let key = |rank: &Rank| (rank.unit.0.clone(), rank.domain.clone());
    let mut pairs: BTreeMap<(String, String), (Option<&Rank>, Option<&Rank>)> = BTreeMap::new();
    for rank in &before.ranks {
        pairs.entry(key(rank)).or_default().0 = Some(rank);
    }
    for rank in &after.ranks {
        pairs.entry(key(rank)).or_default().1 = Some(rank);
    }
    let (earned_before, earned_after) = (earned(before), earned(after));
    let nothing = BTreeMap::new();
    let one = |((unit, domain), (old, new)): ((String, String), (Option<&Rank>, Option<&Rank>))| {
        let of = |lines: &'_ BTreeMap<(String, String), BTreeMap<String, Decimal>>| {
            lines.get(&(unit.clone(), domain.clone())).unwrap_or(&nothing).clone()
        };
        let (old_lines, new_lines) = (of(&earned_before), of(&earned_after));
        let mut because: Vec<(String, Decimal)> = Vec::new();
        for line in old_lines.keys().chain(new_lines.keys().filter(|line| !old_lines.contains_key(*line))) {
            let gained = new_lines.get(line).copied().unwrap_or_default() - old_lines.get(line).copied().unwrap_or_default();
            if !gained.round_dp(4).is_zero() {
                because.push((line.clone(), gained.round_dp(4)));
            }
        }
        because.sort_by(|a, b| b.1.abs().cmp(&a.1.abs()).then_with(|| a.0.cmp(&b.0)));
        Move {
            peer_group: (
                old.map(|rank| rank.peer_group.clone()).unwrap_or_default(),
                new.map(|rank| rank.peer_group.clone()).unwrap_or_default(),
            ),
            total: (old.and_then(|rank| rank.total), new.and_then(|rank| rank.total)),
            rank: (old.and_then(|rank| rank.rank), new.and_then(|rank| rank.rank)),
            grade: (old.and_then(|rank| rank.grade.clone()), new.and_then(|rank| rank.grade.clone())),
            because,
            unit,
            domain,
        }
    };
    let mut moves: Vec<Move> = pairs.into_iter().map(one).collect();
    let distance = |one: &Move| one.rank.0.zip(one.rank.1).map_or(0, |(before, after)| before.abs_diff(after));
    let shift = |one: &Move| one.total.0.zip(one.total.1).map_or(Decimal::ZERO, |(before, after)| (after - before).abs());
    moves.sort_by(|a, b| {
        distance(b).cmp(&distance(a)).then_with(|| shift(b).cmp(&shift(a))).then_with(|| (&a.unit, &a.domain).cmp(&(&b.unit, &b.domain)))
    });
    moves
}

/// Points of every line that adds up, by object and line.
fn earned(cards: &Scorecards) -> BTreeMap<(String, String), BTreeMap<String, Decimal>> {
    let mut earned: BTreeMap<(String, String), BTreeMap<String, Decimal>> = BTreeMap::new();
    for line in cards.score_lines.iter().filter(|line| line.kind.adds_up() && line.kind != LineKind::Rounding) {
        let name = if line.id.is_empty() { line.kind.word().to_owned() } else { line.id.clone() };
        *earned.entry((line.unit.0.clone(), line.domain.clone())).or_default().entry(name).or_default() += line.earned;
    }
    earned
}

/// Draws everything that may be otherwise, and says of every ranked object what its rank hangs on.
///
/// Cost: 7 × pairs × (objects × (indicators + nodes)). The result does not depend on the number of threads.
///
/// # Errors
/// None of its own.
pub fn shares(scheme: &Scheme, cards: &Scorecards, variation: &Variation, threads: usize) -> Result<Vec<Shares>> {
    let drawable = Drawable::of(scheme, cards);
    let draws = Draws::of(scheme, cards, &drawable, variation);
    let objects = drawable.objects;
    // A fixed number of pairs a block, so that sums are added in the same order on any number of threads.
    let blocks: Vec<std::ops::Range<usize>> =
        (0..variation.pairs.div_ceil(BLOCK)).map(|block| block * BLOCK..((block + 1) * BLOCK).min(variation.pairs)).collect();
    let one_block = |pairs: &std::ops::Range<usize>| -> Result<Block> {
        let mut block = Block { ranks: Vec::new(), differences: vec![[0.0; CAUSES.len()]; objects] };
        for pair in pairs.clone() {
            let seeds = |side: u64| CAUSES.map(|cause| ((pair as u64 * 2 + side) << 3) | cause as u64);
            let (a, b) = (seeds(0), seeds(1));
            let of_a = draws.places(&a);
            for place in 0..CAUSES.len() {
                let mut mixed = a;
                mixed[place] = b[place];
                let of_mixed = draws.places(&mixed);
                // A draw in which a unit has no total says nothing of its rank.
                for object in (0..objects).filter(|object| of_a[*object] > 0 && of_mixed[*object] > 0) {
                    let difference = f64::from(of_a[object]) - f64::from(of_mixed[object]);
                    block.differences[object][place] += difference * difference;
                }
            }
            let of_b = draws.places(&b);
            block.ranks.extend([of_a, of_b]);
        }
        Ok(block)
    };
    let done = side_by_side(&blocks, threads, one_block)?;
    let ranks: Vec<&Vec<u32>> = done.iter().flat_map(|block| &block.ranks).collect();
    let mut found = Vec::new();
    for (object, rank) in cards.ranks.iter().enumerate() {
        let Some(published) = rank.rank else { continue };
        let mut own: Vec<u32> = ranks.iter().map(|ranks| ranks[object]).filter(|rank| *rank > 0).collect();
        own.sort_unstable();
        if own.is_empty() {
            continue;
        }
        let n = own.len() as f64;
        let mean = own.iter().map(|rank| f64::from(*rank)).sum::<f64>() / n;
        let variance = own.iter().map(|rank| (f64::from(*rank) - mean).powi(2)).sum::<f64>() / n;
        let tail = (own.len() as f64 * 0.025).floor() as usize;
        let total = |cause: usize| {
            let squares: f64 = done.iter().map(|block| block.differences[object][cause]).sum();
            // With few pairs an estimate can exceed the whole.
            (squares / variation.pairs as f64 / (2.0 * variance)).min(1.0)
        };
        found.push(Shares {
            unit: rank.unit.0.clone(),
            domain: rank.domain.clone(),
            peer_group: rank.peer_group.clone(),
            rank: published,
            interval: (own[tail], own[own.len() - 1 - tail]),
            deviation: variance.sqrt(),
            of: (variance > 1e-12).then(|| std::array::from_fn(total)),
        });
    }
    Ok(found)
}

/// Pairs of draws that one thread does at a time.
const BLOCK: usize = 8;

struct Block {
    /// Ranks of every draw of everything.
    ranks: Vec<Vec<u32>>,
    /// Sums of squared differences of ranks, by object and cause.
    differences: Vec<[f64; CAUSES.len()]>,
}

/// Normal numbers at evenly spaced probabilities: a draw picks one.
const NORMALS: usize = 4096;

/// Everything that draws are made from.
struct Draws<'a> {
    drawable: &'a Drawable<'a>,
    variation: &'a Variation,
    nodes: usize,
    indicators: usize,
    /// Groups whose mean may be another: not the classes.
    groups: Vec<bool>,
    /// Mean and deviation of every score.
    laws: Vec<(f64, f64)>,
    /// What stands in the place of a score that is missing: the mean of its peers.
    imputed: Vec<f64>,
    normals: Vec<f64>,
}

impl<'a> Draws<'a> {
    fn of(scheme: &Scheme, cards: &Scorecards, drawable: &'a Drawable<'a>, variation: &'a Variation) -> Self {
        let objects = drawable.objects;
        let mut imputed = vec![f64::NAN; drawable.scores.len()];
        for leaf in 0..scheme.indicators.len() {
            let column = leaf * objects..(leaf + 1) * objects;
            let mut sums: BTreeMap<u32, (f64, f64)> = BTreeMap::new();
            for (score, group) in drawable.scores[column.clone()].iter().zip(&drawable.groups).filter(|(score, _)| !score.is_nan()) {
                let (sum, n) = sums.entry(*group).or_default();
                *sum += score;
                *n += 1.0;
            }
            for (object, at) in column.enumerate() {
                if drawable.is_missing(at) {
                    imputed[at] = sums.get(&drawable.groups[object]).map_or(f64::NAN, |(sum, n)| sum / n);
                }
            }
        }
        let normal = |place: usize| crate::statistics::ranks::normal_quantile((place as f64 + 0.5) / NORMALS as f64);
        Self {
            drawable,
            variation,
            nodes: scheme.nodes.len(),
            indicators: scheme.indicators.len(),
            groups: scheme.nodes.iter().map(|node| node.parent != TOTAL).collect(),
            laws: score_laws(scheme, cards),
            imputed,
            normals: (0..NORMALS).map(normal).collect(),
        }
    }

    /// Ranks under a draw; each cause has its own seed.
    fn places(&self, seeds: &[u64; CAUSES.len()]) -> Vec<u32> {
        let random = |cause: Cause| {
            let mut random = ChaCha8Rng::seed_from_u64(self.variation.seed);
            random.set_stream(seeds[cause as usize]);
            random
        };
        let draw = Draw {
            scores: self.scores(random(Cause::Sampling), random(Cause::Imputation), random(Cause::Curves)),
            node_factors: self.factors(random(Cause::Weights), self.nodes, 0),
            indicator_factors: self.factors(random(Cause::Weights), self.indicators, self.nodes),
            means: self.means(random(Cause::Aggregation)),
        };
        self.drawable.places(&self.drawable.totals(&draw))
    }

    fn scores(&self, mut sampling: ChaCha8Rng, mut imputation: ChaCha8Rng, mut curves: ChaCha8Rng) -> Vec<f64> {
        let objects = self.drawable.objects;
        let is_imputed = imputation.next_u32() & 1 == 1;
        let mut scores = Vec::with_capacity(self.laws.len());
        for leaf in 0..self.indicators {
            // The curve reaches 0 at the score `low`, and 100 at `high`.
            let low = (uniform(&mut curves) * 2.0 - 1.0) * self.variation.curves;
            let high = 100.0 + (uniform(&mut curves) * 2.0 - 1.0) * self.variation.curves;
            let slope = 100.0 / (high - low);
            for at in leaf * objects..(leaf + 1) * objects {
                let (mean, deviation) = self.laws[at];
                let score = if deviation > 0.0 {
                    mean + deviation * self.normals[(sampling.next_u32() as usize) % NORMALS]
                } else if mean.is_nan() && is_imputed {
                    self.imputed[at]
                } else {
                    mean
                };
                scores.push(((score - low) * slope).clamp(0.0, 100.0));
            }
        }
        scores
    }

    fn factors(&self, mut random: ChaCha8Rng, number: usize, skipped: usize) -> Vec<f64> {
        let mut factor = || 1.0 + (uniform(&mut random) * 2.0 - 1.0) * self.variation.weights;
        // Nodes and indicators take theirs from one stream.
        (0..skipped + number).map(|_| factor()).skip(skipped).collect()
    }

    fn means(&self, mut random: ChaCha8Rng) -> Vec<Option<Mean>> {
        let is_geometric = random.next_u32() & 1 == 1;
        self.groups.iter().map(|is_group| (is_geometric && *is_group).then_some(Mean::Geometric)).collect()
    }
}

fn uniform(random: &mut ChaCha8Rng) -> f64 {
    (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}
