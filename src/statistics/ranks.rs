//! Ranks, and how far a rank can be trusted.
//!
//! In: scores, or estimates with standard errors, of the units of one peer group; a seed. Out: ranks, laws and confidence sets of
//! ranks, statements that may be published. Never here: scores, SQL, files; units of different peer groups in one ranking; a rank
//! that depends on the order of the input, the number of threads or the machine.
//!
//! More is better everywhere: negate what is better when low. Two tools answer two questions. [`RankLaw`] says where a unit stands
//! in draws of the caller's law of the scores (a posterior, best after shrinkage). [`simultaneous_rank_sets`] covers the whole table
//! of true ranks with stated confidence and needs no prior; [`marginal_rank_sets`] does so for one unit, as in its appeal.

use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// Least probability with which a unit may be said to be among the top (methods, section 6.7).
pub const TOP_PROBABILITY: f64 = 0.95;

/// Competition ranks ("1,2,2,4"): one more than the number of higher scores.
///
/// `None` when a score is not a number; of no scores, no ranks.
pub fn competition_ranks(scores: &[f64]) -> Option<Vec<u32>> {
    let mut ranks = vec![0; scores.len()];
    rank_into(scores, &mut Vec::new(), |unit, rank| ranks[unit] = rank)?;
    Some(ranks)
}

/// Calls `place` with every unit and its rank; `order` is working space.
fn rank_into(scores: &[f64], order: &mut Vec<(u64, u32)>, mut place: impl FnMut(usize, u32)) -> Option<()> {
    order.clear();
    for (unit, score) in scores.iter().enumerate() {
        order.push((!ascending_key(*score)?, u32::try_from(unit).ok()?));
    }
    // Whole numbers sort several times faster than floats with a comparison.
    order.sort_unstable();
    let (mut rank, mut shared) = (0, None);
    for (position, (key, unit)) in (1..).zip(order.iter()) {
        if shared != Some(*key) {
            (rank, shared) = (position, Some(*key));
        }
        place(*unit as usize, rank);
    }
    Some(())
}

/// A whole number that ascends with the score; zero has one sign.
fn ascending_key(score: f64) -> Option<u64> {
    const SIGN: u64 = 1 << 63;
    let bits = (score + 0.0).to_bits();
    (!score.is_nan()).then_some(if bits & SIGN == 0 { bits | SIGN } else { !bits })
}

/// Mean absolute difference of two rankings of the same units, in places: (1/n)·Σ|R − R'|.
///
/// `None` when they differ in length or are empty. Source: Saisana, Saltelli, Tarantola 2005, JRSS A 168:307.
pub fn mean_rank_shift(first: &[u32], second: &[u32]) -> Option<f64> {
    let shift: u64 = first.iter().zip(second).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    (first.len() == second.len() && !first.is_empty()).then(|| shift as f64 / first.len() as f64)
}

/// Ranks between which a unit lies, both included; 1 is the best.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RankSet {
    /// Lowest number.
    pub best: u32,
    /// Highest number.
    pub worst: u32,
}

impl RankSet {
    /// Whether the rank lies inside.
    pub fn contains(self, rank: u32) -> bool {
        self.best <= rank && rank <= self.worst
    }

    /// Whether some rank lies inside both.
    pub fn overlaps(self, other: Self) -> bool {
        self.best <= other.worst && other.best <= self.worst
    }
}

/// How often each unit had each rank in draws of the scores.
///
/// Memory: 4·n² bytes for n units, whatever the number of draws. Percentiles of this law are as good as the law of the scores: raw
/// estimates lie further apart than the true scores, so that draws around them claim too much; draw from a posterior (shrunk means
/// with posterior standard deviations). Source: Goldstein, Spiegelhalter 1996, JRSS A 159:385.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RankLaw {
    units: usize,
    draws: u32,
    /// By unit, then by rank.
    counts: Vec<u32>,
}

/// Draws that a thread ranks before it adds them to the counts: few enough to stay in the cache, enough to add row by row.
const BLOCK: usize = 64;

impl RankLaw {
    /// The law by simulation: `draw` fills the scores of all units from the random numbers of one draw.
    ///
    /// Draw number d has stream d of the seed to itself, so that threads do not matter. `None` without units or draws, or when a
    /// score is not a number or was not filled in.
    pub fn simulate<F>(units: usize, draws: u32, seed: u64, threads: NonZeroUsize, draw: F) -> Option<Self>
    where
        F: Fn(&mut ChaCha8Rng, &mut [f64]) + Sync,
    {
        let start = ChaCha8Rng::seed_from_u64(seed);
        Self::collect(units, draws, threads, |number, scores| {
            let mut random = start.clone();
            random.set_stream(number as u64);
            scores.fill(f64::NAN);
            draw(&mut random, scores);
        })
    }

    /// The law of given draws, one row of all units' scores a draw.
    ///
    /// `None` without units or draws, when the rows are not whole, or when a score is not a number.
    #[cfg(test)]
    fn of_draws(scores: &[f64], units: usize, threads: NonZeroUsize) -> Option<Self> {
        if units == 0 || scores.len() % units != 0 {
            return None;
        }
        let draws = u32::try_from(scores.len() / units).ok()?;
        Self::collect(units, draws, threads, |number, row| row.copy_from_slice(&scores[number * units..(number + 1) * units]))
    }

    /// The law of independent normal scores, such as estimates with their standard errors.
    ///
    /// The same units in another order have the same law. `None` as in [`Self::simulate`], and as for [`simultaneous_rank_sets`] when
    /// an estimate is not finite or a standard error negative.
    pub fn of_normal_estimates(estimates: &[f64], standard_errors: &[f64], draws: u32, seed: u64, threads: NonZeroUsize) -> Option<Self> {
        let order = canonical_order(estimates, standard_errors)?;
        Self::simulate(estimates.len(), draws, seed, threads, |random, scores| {
            for unit in &order {
                scores[*unit] = estimates[*unit] + standard_errors[*unit] * standard_normal(random);
            }
        })
    }

    fn collect(units: usize, draws: u32, threads: NonZeroUsize, row: impl Fn(usize, &mut [f64]) + Sync) -> Option<Self> {
        if units == 0 || draws == 0 || u32::try_from(units).is_err() {
            return None;
        }
        let counts: Vec<AtomicU32> = (0..units * units).map(|_| AtomicU32::new(0)).collect();
        let (failed, blocks) = (AtomicBool::new(false), (draws as usize).div_ceil(BLOCK));
        let work = |thread: usize, _: &mut [()]| {
            let (mut scores, mut order, mut ranks) = (vec![0.0; units], Vec::with_capacity(units), vec![0; units * BLOCK]);
            for block in (thread..blocks).step_by(threads.get()) {
                let numbers = block * BLOCK..(draws as usize).min((block + 1) * BLOCK);
                let size = numbers.len();
                for (column, number) in numbers.enumerate() {
                    row(number, &mut scores);
                    if rank_into(&scores, &mut order, |unit, rank| ranks[unit * BLOCK + column] = rank - 1).is_none() {
                        failed.store(true, Ordering::Relaxed);
                        return;
                    }
                }
                for unit in 0..units {
                    for rank in &ranks[unit * BLOCK..unit * BLOCK + size] {
                        counts[unit * units + *rank as usize].fetch_add(1, Ordering::Relaxed);
                    }
                }
            }
        };
        on_parts(&mut vec![(); threads.get().min(blocks)], 1, work);
        let counts = counts.into_iter().map(AtomicU32::into_inner).collect();
        (!failed.into_inner()).then_some(Self { units, draws, counts })
    }

    /// Units that were ranked.
    pub fn units(&self) -> usize {
        self.units
    }

    /// Draws.
    pub fn draws(&self) -> u32 {
        self.draws
    }

    /// How often the unit had rank 1, 2, …; `None` for a unit that there is not.
    pub fn counts(&self, unit: usize) -> Option<&[u32]> {
        (unit < self.units).then(|| &self.counts[unit * self.units..(unit + 1) * self.units])
    }

    /// The best rank that the unit had, or bettered, in at least half of the draws; `None` for a unit that there is not.
    pub fn median(&self, unit: usize) -> Option<u32> {
        rank_at(first_beyond(self.counts(unit)?, u64::from(self.draws - 1) / 2)?)
    }

    /// The narrowest ranks such that on each side at most (1 − level)/2 of the draws lie outside: 2.5 % for level 0.95.
    ///
    /// `None` for a unit that there is not, or a level outside [0, 1].
    pub fn interval(&self, unit: usize, level: f64) -> Option<RankSet> {
        let counts = self.counts(unit)?;
        if !(0.0..=1.0).contains(&level) {
            return None;
        }
        // A hair is added because 0.05/2 of 1,000 draws must not become 24.999… draws.
        let outside = (f64::from(self.draws) * (1.0 - level) / 2.0 + 1e-9).floor() as u64;
        // Never half of the draws: the two sides would pass each other.
        let outside = outside.min(u64::from(self.draws - 1) / 2);
        let best = first_beyond(counts, outside)?;
        let worst = self.units - 1 - first_beyond(counts.iter().rev(), outside)?;
        Some(RankSet { best: rank_at(best)?, worst: rank_at(worst)? })
    }

    /// Share of draws in which the unit's rank was at most `places`; `None` for a unit that there is not.
    ///
    /// Units that share a rank are all inside, so the sum over units is `places` only without ties.
    pub fn probability_of_top(&self, unit: usize, places: u32) -> Option<f64> {
        let inside: u64 = self.counts(unit)?.iter().take(places as usize).copied().map(u64::from).sum();
        Some(inside as f64 / f64::from(self.draws))
    }
}

/// Where the sum of the counts so far first exceeds a number.
fn first_beyond<'a>(counts: impl IntoIterator<Item = &'a u32>, number: u64) -> Option<usize> {
    let mut sum = 0;
    counts.into_iter().position(|count| {
        sum += u64::from(*count);
        sum > number
    })
}

fn rank_at(position: usize) -> Option<u32> {
    u32::try_from(position + 1).ok()
}

/// Works on parts of so many items side by side, the first part on this thread; `work` is told the number of its first item.
fn on_parts<T: Send>(items: &mut [T], size: usize, work: impl Fn(usize, &mut [T]) + Sync) {
    std::thread::scope(|scope| {
        let mut parts = items.chunks_mut(size).enumerate();
        let first = parts.next();
        for (part, items) in parts {
            let work = &work;
            scope.spawn(move || work(part * size, items));
        }
        if let Some((_, items)) = first {
            work(0, items);
        }
    });
}

/// How confidence sets of ranks are made.
#[derive(Debug, Clone, PartialEq)]
pub struct RankSetOptions {
    /// Probability with which the sets hold the true ranks, at least 0.5 and below 1.
    pub coverage: f64,
    /// Bootstrap draws, at least coverage/(1 − coverage); memory is 8 bytes for each draw and unit.
    pub draws: u32,
    /// Seed.
    pub seed: u64,
    /// After rejections, test the remaining pairs against the maximum over what remains; never wider, nearly always wanted.
    pub stepdown: bool,
    /// Threads; the sets do not depend on them.
    pub threads: NonZeroUsize,
}

impl RankSetOptions {
    /// 95 %, 2,000 draws, stepdown, one thread.
    pub fn usual(seed: u64) -> Self {
        Self { coverage: 0.95, draws: 2000, seed, stepdown: true, threads: NonZeroUsize::MIN }
    }
}

/// Sets that hold the true ranks of all units at once with the stated probability: for a published table.
///
/// For every ordered pair, H(i, j): "i is not better than j" is tested by t = (x_i − x_j)/√(s_i² + s_j²) against the quantile of the
/// maximum, over all pairs not yet rejected, of the same fraction of normal noise; repeated until nothing more is rejected. A unit
/// ranks behind those shown better and before those shown worse. The quantile is the ⌈coverage·(draws + 1)⌉-th smallest maximum,
/// never below zero. A pair without any error is decided by its estimates.
///
/// Estimates must be independent and nearly normal (proportions of small numbers are not). The same draws serve every step and every
/// set, so that a marginal set never leaves the simultaneous one, and units in another order have the same sets.
///
/// `None` when lengths differ, nothing is given, an estimate is not finite, a standard error is negative or not finite, or the
/// options are outside their limits. Source: Mogstad, Romano, Shaikh, Wilhelm 2024, Review of Economic Studies 91:476, two-sided
/// sets with the stepdown of R csranks.
pub fn simultaneous_rank_sets(estimates: &[f64], standard_errors: &[f64], options: &RankSetOptions) -> Option<Vec<RankSet>> {
    let table = Table::new(estimates, standard_errors, options)?;
    let units = table.order.len() as u32;
    let mut never_rejected = vec![f64::NEG_INFINITY; table.draws];
    table.raise_to(&mut never_rejected, options.threads, |raise| {
        for better in 0..units {
            (better + 1..units).for_each(|worse| raise(worse, better));
        }
    });
    let mut open: Vec<(u32, u32)> = (0..units).flat_map(|better| (better + 1..units).map(move |worse| (better, worse))).collect();
    let mut sets = vec![RankSet { best: 1, worst: units }; estimates.len()];
    while !open.is_empty() {
        let mut maxima = never_rejected.clone();
        table.raise_to(&mut maxima, options.threads, |raise| open.iter().for_each(|(better, worse)| raise(*better, *worse)));
        let limit = table.limit(&mut maxima);
        let before = open.len();
        open.retain(|(better, worse)| {
            let rejected = table.shows_better(*better, *worse, limit);
            if rejected {
                sets[table.order[*worse as usize]].best += 1;
                sets[table.order[*better as usize]].worst -= 1;
            }
            !rejected
        });
        if !options.stepdown || open.len() == before {
            break;
        }
    }
    Some(sets)
}

/// Sets that hold the true ranks of all units at once with at least the stated probability, without draws: for groups of thousands of units.
///
/// As [`simultaneous_rank_sets`], but every pair is tested against the normal quantile that Bonferroni's bound over all pairs and both directions gives, so
/// that the sets are wider, and cost only one comparison a pair. `None` as there.
pub fn bonferroni_rank_sets(estimates: &[f64], standard_errors: &[f64], coverage: f64) -> Option<Vec<RankSet>> {
    let order = canonical_order(estimates, standard_errors)?;
    let units = u32::try_from(order.len()).ok().filter(|units| *units > 0)?;
    if !(0.5..1.0).contains(&coverage) {
        return None;
    }
    let tests = f64::from(units) * f64::from(units - 1);
    let limit = if tests > 0.0 { -normal_quantile((1.0 - coverage) / tests) } else { 0.0 };
    let mut sets = vec![RankSet { best: 1, worst: units }; order.len()];
    for (place, better) in order.iter().enumerate() {
        for worse in &order[place + 1..] {
            let error = error_of_difference(standard_errors[*better], standard_errors[*worse]);
            if estimates[*better] - estimates[*worse] > limit * error {
                sets[*worse].best += 1;
                sets[*better].worst -= 1;
            }
        }
    }
    Some(sets)
}

/// Sets each of which holds the true rank of its own unit with the stated probability: for one unit's appeal, not for a table.
///
/// As [`simultaneous_rank_sets`], but the maximum runs over the pairs of the one unit. `None` as there.
pub fn marginal_rank_sets(estimates: &[f64], standard_errors: &[f64], options: &RankSetOptions) -> Option<Vec<RankSet>> {
    let table = Table::new(estimates, standard_errors, options)?;
    let units = table.order.len();
    let mut by_position = vec![RankSet { best: 1, worst: 1 }; units];
    on_parts(&mut by_position, units.div_ceil(options.threads.get()), |first, sets| {
        for (position, set) in (first..).zip(sets) {
            *set = table.marginal(position, options.stepdown);
        }
    });
    let mut sets = by_position.clone();
    for (position, set) in by_position.into_iter().enumerate() {
        sets[table.order[position]] = set;
    }
    Some(sets)
}

/// One unit's set of [`marginal_rank_sets`]; `None` also for a unit that there is not.
pub fn marginal_rank_set(estimates: &[f64], standard_errors: &[f64], unit: usize, options: &RankSetOptions) -> Option<RankSet> {
    let table = Table::new(estimates, standard_errors, options)?;
    let position = table.order.iter().position(|placed| *placed == unit)?;
    Some(table.marginal(position, options.stepdown))
}

/// Standard error of the difference of two independent estimates.
fn error_of_difference(a: f64, b: f64) -> f64 {
    (a * a + b * b).sqrt()
}

/// Units by estimate, best first, then by standard error: random numbers are dealt in this order, not in that of the input.
fn canonical_order(estimates: &[f64], standard_errors: &[f64]) -> Option<Vec<usize>> {
    let sound = |(estimate, error): (&f64, &f64)| estimate.is_finite() && error.is_finite() && *error >= 0.0;
    if estimates.len() != standard_errors.len() || !estimates.iter().zip(standard_errors).all(sound) {
        return None;
    }
    let mut order: Vec<usize> = (0..estimates.len()).collect();
    let by_errors = |a: &usize, b: &usize| standard_errors[*a].total_cmp(&standard_errors[*b]);
    order.sort_by(|a, b| estimates[*b].total_cmp(&estimates[*a]).then_with(|| by_errors(a, b)));
    Some(order)
}

/// Estimates, errors and bootstrap noise in canonical order; positions below are places in that order.
struct Table {
    order: Vec<usize>,
    estimates: Vec<f64>,
    errors: Vec<f64>,
    draws: usize,
    /// By position, then by draw.
    noise: Vec<f64>,
    /// Which of the ascending maxima is the quantile.
    quantile: usize,
}

/// Draws that are handled together: the noise of hundreds of units then stays in the second cache.
const STRIP: usize = 256;

impl Table {
    fn new(estimates: &[f64], standard_errors: &[f64], options: &RankSetOptions) -> Option<Self> {
        let order = canonical_order(estimates, standard_errors)?;
        let draws = options.draws as usize;
        let quantile = (options.coverage * (draws as f64 + 1.0) - 1e-9).ceil();
        let possible = (0.5..1.0).contains(&options.coverage) && 1.0 <= quantile && quantile <= draws as f64;
        if order.is_empty() || u32::try_from(order.len()).is_err() || !possible {
            return None;
        }
        let estimates: Vec<f64> = order.iter().map(|unit| estimates[*unit]).collect();
        let errors: Vec<f64> = order.iter().map(|unit| standard_errors[*unit]).collect();
        let mut noise = vec![0.0; order.len() * draws];
        let start = ChaCha8Rng::seed_from_u64(options.seed);
        on_parts(&mut noise, order.len().div_ceil(options.threads.get()) * draws, |first, rows| {
            for (position, row) in (first / draws..).zip(rows.chunks_mut(draws)) {
                let mut random = start.clone();
                random.set_stream(position as u64);
                row.iter_mut().for_each(|value| *value = errors[position] * standard_normal(&mut random));
            }
        });
        Some(Self { order, estimates, errors, draws, noise, quantile: quantile as usize - 1 })
    }

    /// Standard error of the difference of two units.
    fn error_of_difference(&self, a: u32, b: u32) -> f64 {
        error_of_difference(self.errors[a as usize], self.errors[b as usize])
    }

    /// Whether the estimates show that one unit is better than another one.
    fn shows_better(&self, better: u32, worse: u32, limit: f64) -> bool {
        let difference = self.estimates[better as usize] - self.estimates[worse as usize];
        difference > limit * self.error_of_difference(better, worse)
    }

    /// Raises the maxima of some draws to the studentised noise of a pair.
    fn raise(&self, maxima: &mut [f64], draws: Range<usize>, better: u32, worse: u32) {
        let error = self.error_of_difference(better, worse);
        let scale = if error > 0.0 { 1.0 / error } else { 0.0 };
        let row = |unit: u32| &self.noise[unit as usize * self.draws..][draws.clone()];
        for ((maximum, better), worse) in maxima.iter_mut().zip(row(better)).zip(row(worse)) {
            let studentised = (better - worse) * scale;
            // Not f64::max, whose care for numbers that are none costs half the speed.
            *maximum = if studentised > *maximum { studentised } else { *maximum };
        }
    }

    /// Raises all maxima to all the pairs that `pairs` names, draws divided among threads.
    fn raise_to(&self, maxima: &mut [f64], threads: NonZeroUsize, pairs: impl Fn(&mut dyn FnMut(u32, u32)) + Sync) {
        let share = self.draws.div_ceil(threads.get()).next_multiple_of(STRIP);
        on_parts(maxima, share, |first, maxima| {
            for (strip, maxima) in maxima.chunks_mut(STRIP).enumerate() {
                let draws = first + strip * STRIP..first + strip * STRIP + maxima.len();
                pairs(&mut |better, worse| self.raise(maxima, draws.clone(), better, worse));
            }
        });
    }

    /// The quantile of the maxima, never below zero: then a pair is never decided both ways.
    fn limit(&self, maxima: &mut [f64]) -> f64 {
        maxima.select_nth_unstable_by(self.quantile, f64::total_cmp).1.max(0.0)
    }

    fn marginal(&self, position: usize, stepdown: bool) -> RankSet {
        let units = self.order.len() as u32;
        // Units that are equal in all that is known of them share the noise of the first, or their sets might differ by chance.
        let same = |other: &usize| (self.estimates[*other], self.errors[*other]) == (self.estimates[position], self.errors[position]);
        let one = (0..position).find(same).unwrap_or(position) as u32;
        let mut open: Vec<(u32, u32)> = (0..units).filter(|other| *other != one).map(|other| (one.min(other), one.max(other))).collect();
        let mut never_rejected = vec![f64::NEG_INFINITY; self.draws];
        open.iter().for_each(|(better, worse)| self.raise(&mut never_rejected, 0..self.draws, *worse, *better));
        let mut set = RankSet { best: 1, worst: units };
        while !open.is_empty() {
            let mut maxima = never_rejected.clone();
            open.iter().for_each(|(better, worse)| self.raise(&mut maxima, 0..self.draws, *better, *worse));
            let limit = self.limit(&mut maxima);
            let before = open.len();
            open.retain(|(better, worse)| {
                let rejected = self.shows_better(*better, *worse, limit);
                set.best += u32::from(rejected && *worse == one);
                set.worst -= u32::from(rejected && *better == one);
                !rejected
            });
            if !stepdown || open.len() == before {
                break;
            }
        }
        set
    }
}

/// What may be said of a unit's place in public.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RankStatement {
    /// Among the best so many.
    InTheTop(u32),
    /// Better than the unit of this number.
    BetterThan(usize),
    /// Worse than the unit of this number.
    WorseThan(usize),
    /// Nothing.
    NotDistinguishable,
}

/// "In the top `places`" when its probability is at least [`TOP_PROBABILITY`]; `None` for a unit that there is not.
///
/// Source: methods, section 6.7.
pub fn top_statement(law: &RankLaw, unit: usize, places: u32) -> Option<RankStatement> {
    let certain = law.probability_of_top(unit, places)? >= TOP_PROBABILITY;
    Some(if certain { RankStatement::InTheTop(places) } else { RankStatement::NotDistinguishable })
}

/// "Better than" when the simultaneous sets of both units have no rank in common; `None` for a unit that there is not.
///
/// The sets must be those of [`simultaneous_rank_sets`]: marginal sets promise nothing about two units at once. Source: methods,
/// section 6.7.
pub fn comparison(simultaneous: &[RankSet], unit: usize, other: usize) -> Option<RankStatement> {
    let (one, another) = (simultaneous.get(unit)?, simultaneous.get(other)?);
    Some(match (one.worst < another.best, another.worst < one.best) {
        (true, _) => RankStatement::BetterThan(other),
        (_, true) => RankStatement::WorseThan(other),
        _ => RankStatement::NotDistinguishable,
    })
}

/// Where a unit stands to the mean of its peers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Band {
    /// Shown to be below.
    Below,
    /// Neither.
    NotDistinguishable,
    /// Shown to be above.
    Above,
}

/// For how many units at once the bands hold with the stated confidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// For each by itself: of 60 equal units about three stand outside at 95 %.
    EachUnit,
    /// For the whole group, by Bonferroni.
    WholeGroup,
}

/// The band of every unit of a peer group by z = (x_i − x̄)/√Var(x_i − x̄), x̄ the plain mean of the group, the unit included.
///
/// Var(x_i − x̄) = (1 − 2/n)·s_i² + Σs_j²/n², for independent estimates. Where units truly differ a little, as they do, the standard
/// errors must hold the between-unit variance too (additive overdispersion), or big units always look abnormal.
///
/// `None` when lengths differ, nothing is given, an estimate is not finite, a standard error is negative or not finite, or the
/// confidence is not between 0 and 1. Source: methods, sections 1.4 and 2; Goldstein, Spiegelhalter 1996, JRSS A 159:385.
pub fn peer_bands(estimates: &[f64], standard_errors: &[f64], confidence: f64, family: Family) -> Option<Vec<Band>> {
    let order = canonical_order(estimates, standard_errors)?;
    if order.is_empty() || !(confidence > 0.0 && confidence < 1.0) {
        return None;
    }
    let units = order.len() as f64;
    // Sums run in canonical order: a band must not depend on the order of the rows.
    let mean = order.iter().map(|unit| estimates[*unit]).sum::<f64>() / units;
    let variances = order.iter().map(|unit| standard_errors[*unit].powi(2)).sum::<f64>();
    let tests = if family == Family::WholeGroup { units } else { 1.0 };
    let limit = -normal_quantile((1.0 - confidence) / (2.0 * tests));
    let band = |(estimate, error): (&f64, &f64)| {
        // One unit is its own mean; rounding must not make its variance negative.
        let variance = ((1.0 - 2.0 / units) * error * error + variances / (units * units)).max(0.0);
        let (difference, margin) = (estimate - mean, limit * variance.sqrt());
        // The mean of equal scores may differ from them in the last digit, which without any error is no difference.
        let margin = margin.max(1e-12 * estimate.abs().max(mean.abs()));
        match difference {
            _ if difference > margin => Band::Above,
            _ if difference < -margin => Band::Below,
            _ => Band::NotDistinguishable,
        }
    };
    Some(estimates.iter().zip(standard_errors).map(band).collect())
}

/// One standard normal number from one 64-bit number of the stream, the same on every machine.
pub fn standard_normal(random: &mut ChaCha8Rng) -> f64 {
    // 52 bits and a half: never 0 or 1, and exact.
    normal_quantile(((random.next_u64() >> 12) as f64 + 0.5) / (1_u64 << 52) as f64)
}

/// The value below which a standard normal number lies with this probability, to about 16 digits; the probability lies inside (0, 1).
///
/// Only additions, multiplications, divisions and square roots, each correctly rounded by IEEE 754, so that seeded draws agree on every
/// machine; libraries' logarithms differ in the last digit. Source: Wichura 1988, Applied Statistics 37:477 (AS 241, PPND16).
pub fn normal_quantile(probability: f64) -> f64 {
    let centred = probability - 0.5;
    if centred.abs() <= 0.425 {
        let r = 0.180625 - centred * centred;
        return centred * polynomial(&CENTRE_ABOVE, r) / polynomial(&CENTRE_BELOW, r);
    }
    let r = (-logarithm(probability.min(1.0 - probability))).sqrt();
    let tail = if r <= 5.0 {
        polynomial(&MIDDLE_ABOVE, r - 1.6) / polynomial(&MIDDLE_BELOW, r - 1.6)
    } else {
        polynomial(&FAR_ABOVE, r - 5.0) / polynomial(&FAR_BELOW, r - 5.0)
    };
    if centred < 0.0 { -tail } else { tail }
}

/// Coefficients from the constant up.
fn polynomial(coefficients: &[f64; 8], x: f64) -> f64 {
    coefficients.iter().rev().fold(0.0, |sum, coefficient| sum * x + coefficient)
}

/// Natural logarithm of a positive normal number: ln(m·2^e) = e·ln 2 + 2·artanh((m − 1)/(m + 1)), m between √½ and √2.
fn logarithm(x: f64) -> f64 {
    const FRACTION: u64 = (1 << 52) - 1;
    let mut exponent = (x.to_bits() >> 52) as i64 - 1023;
    let mut mantissa = f64::from_bits(x.to_bits() & FRACTION | 1.0_f64.to_bits());
    if mantissa > std::f64::consts::SQRT_2 {
        mantissa /= 2.0;
        exponent += 1;
    }
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let series = (0..=11).rev().fold(0.0, |sum, term| sum * s * s + 1.0 / f64::from(2 * term + 1));
    exponent as f64 * std::f64::consts::LN_2 + 2.0 * s * series
}

const CENTRE_ABOVE: [f64; 8] = [
    3.387_132_872_796_366_5,
    133.141_667_891_784_38,
    1_971.590_950_306_551_3,
    13_731.693_765_509_46,
    45_921.953_931_549_87,
    67_265.770_927_008_7,
    33_430.575_583_588_13,
    2_509.080_928_730_122_7,
];
const CENTRE_BELOW: [f64; 8] = [
    1.0,
    42.313_330_701_600_91,
    687.187_007_492_057_9,
    5_394.196_021_424_751,
    21_213.794_301_586_597,
    39_307.895_800_092_71,
    28_729.085_735_721_943,
    5_226.495_278_852_854,
];
const MIDDLE_ABOVE: [f64; 8] = [
    1.423_437_110_749_683_5,
    4.630_337_846_156_546,
    5.769_497_221_460_691,
    3.647_848_324_763_204_5,
    1.270_458_252_452_368_4,
    0.241_780_725_177_450_6,
    0.022_723_844_989_269_184,
    7.745_450_142_783_414e-4,
];
const MIDDLE_BELOW: [f64; 8] = [
    1.0,
    2.053_191_626_637_759,
    1.676_384_830_183_803_8,
    0.689_767_334_985_1,
    0.148_103_976_427_480_08,
    0.015_198_666_563_616_457,
    5.475_938_084_995_345e-4,
    1.050_750_071_644_416_9e-9,
];
const FAR_ABOVE: [f64; 8] = [
    6.657_904_643_501_103,
    5.463_784_911_164_114,
    1.784_826_539_917_291_3,
    0.296_560_571_828_504_87,
    0.026_532_189_526_576_124,
    0.001_242_660_947_388_078_4,
    2.711_555_568_743_487_6e-5,
    2.010_334_399_292_288_1e-7,
];
const FAR_BELOW: [f64; 8] = [
    1.0,
    0.599_832_206_555_888,
    0.136_929_880_922_735_8,
    0.014_875_361_290_850_615,
    7.868_691_311_456_133e-4,
    1.846_318_317_510_054_7e-5,
    1.421_511_758_316_446e-7,
    2.044_263_103_389_939_8e-15,
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use statrs::distribution::{ContinuousCDF, Normal};

    use super::*;

    const ALONE: NonZeroUsize = NonZeroUsize::MIN;

    fn quick(seed: u64) -> RankSetOptions {
        RankSetOptions { draws: 199, ..RankSetOptions::usual(seed) }
    }

    fn set(best: u32, worst: u32) -> RankSet {
        RankSet { best, worst }
    }

    /// Mathematics of PISA 2018 as published by the OECD, with one decimal: mean and standard error of 37 countries from A to Z.
    const PISA: [(f64, f64); 37] = [
        (491.4, 1.9),
        (498.9, 3.0),
        (508.1, 2.3),
        (512.0, 2.4),
        (417.4, 2.4),
        (390.9, 3.0),
        (499.5, 2.5),
        (509.4, 1.7),
        (523.4, 1.7),
        (507.3, 2.0),
        (495.4, 2.3),
        (500.0, 2.6),
        (451.4, 3.1),
        (481.1, 2.3),
        (495.2, 2.0),
        (499.6, 2.2),
        (463.0, 3.5),
        (486.6, 2.8),
        (527.0, 2.5),
        (525.9, 3.1),
        (496.1, 2.0),
        (481.2, 2.0),
        (483.4, 1.1),
        (408.8, 2.5),
        (519.2, 2.6),
        (494.5, 1.7),
        (501.0, 2.2),
        (515.6, 2.6),
        (492.5, 2.7),
        (486.2, 2.6),
        (508.9, 1.4),
        (481.4, 1.5),
        (502.4, 2.7),
        (515.3, 2.9),
        (453.5, 2.3),
        (501.8, 2.6),
        (478.2, 3.2),
    ];
    const CHILE: usize = 4;
    const COLOMBIA: usize = 5;
    const GERMANY: usize = 11;
    const JAPAN: usize = 18;
    const KOREA: usize = 19;
    const MEXICO: usize = 23;
    const UNITED_KINGDOM: usize = 35;

    #[test]
    fn equal_scores_share_a_rank_and_the_next_ones_are_skipped() {
        assert_eq!(competition_ranks(&[80.0, 95.0, 80.0, 70.0]), Some(vec![2, 1, 2, 4]));
        assert_eq!(competition_ranks(&[0.0, -0.0, -1.0, f64::INFINITY]), Some(vec![2, 2, 4, 1]));
        assert_eq!(competition_ranks(&[1.0, f64::NAN]), None);
        assert_eq!(competition_ranks(&[]), Some(vec![]));
    }

    #[test]
    fn the_mean_rank_shift_counts_places_whatever_their_direction() {
        assert_eq!(mean_rank_shift(&[1, 2, 3], &[3, 2, 1]), Some(4.0 / 3.0));
        assert_eq!(mean_rank_shift(&[1, 2], &[1]), None);
        assert_eq!(mean_rank_shift(&[], &[]), None);
    }

    #[test]
    fn the_law_of_four_draws_is_what_one_counts_by_hand() {
        let draws = [3.0, 2.0, 1.0, 3.0, 2.0, 1.0, 2.0, 3.0, 1.0, 1.0, 1.0, 5.0];
        let law = RankLaw::of_draws(&draws, 3, ALONE).expect("whole rows");
        assert_eq!((law.units(), law.draws()), (3, 4));
        assert_eq!([0, 1, 2].map(|unit| law.counts(unit).expect("a unit")), [[2, 2, 0], [1, 3, 0], [1, 0, 3]]);
        assert_eq!([0, 1, 2].map(|unit| law.median(unit)), [Some(1), Some(2), Some(3)]);
        assert_eq!(law.probability_of_top(1, 1), Some(0.25));
        assert_eq!(law.probability_of_top(1, 2), Some(1.0));
        // At 50 % one draw of four may lie outside on each side.
        assert_eq!([0, 1, 2].map(|unit| law.interval(unit, 0.5)), [Some(set(1, 2)), Some(set(2, 2)), Some(set(3, 3))]);
        assert_eq!(law.interval(2, 0.95), Some(set(1, 3)));
        assert_eq!(law.interval(0, 0.0), Some(set(1, 2)));
        assert_eq!((law.counts(3), law.median(3), law.interval(3, 0.95), law.probability_of_top(3, 1)), (None, None, None, None));
        assert_eq!(law.interval(0, 1.5), None);
    }

    #[test]
    fn exactly_one_draw_in_forty_may_lie_outside_each_side() {
        // Forty draws: once first, once third, else second.
        let law =
            |first: u32, third: u32| RankLaw { units: 3, draws: 40, counts: vec![first, 40 - first - third, third, 0, 0, 0, 0, 0, 0] };
        assert_eq!(law(1, 1).interval(0, 0.95), Some(set(2, 2)));
        assert_eq!(law(2, 1).interval(0, 0.95), Some(set(1, 2)));
        assert_eq!(law(1, 2).interval(0, 0.95), Some(set(2, 3)));
    }

    #[test]
    fn what_is_no_law_is_none() {
        assert_eq!(RankLaw::of_draws(&[1.0, 2.0, 3.0], 2, ALONE), None);
        assert_eq!(RankLaw::of_draws(&[], 2, ALONE), None);
        assert_eq!(RankLaw::of_draws(&[1.0], 0, ALONE), None);
        assert_eq!(RankLaw::of_draws(&[1.0, f64::NAN], 2, ALONE), None);
        assert_eq!(RankLaw::simulate(2, 10, 1, ALONE, |_, scores| scores[0] = 1.0), None);
        assert_eq!(RankLaw::of_normal_estimates(&[1.0], &[-1.0], 10, 1, ALONE), None);
        assert_eq!(RankLaw::of_normal_estimates(&[1.0], &[1.0, 1.0], 10, 1, ALONE), None);
    }

    #[test]
    fn the_number_of_threads_changes_nothing() {
        let three = NonZeroUsize::new(3).expect("not zero");
        let (estimates, errors): (Vec<f64>, Vec<f64>) = PISA.into_iter().unzip();
        let law = |threads| RankLaw::of_normal_estimates(&estimates, &errors, 300, 5, threads);
        assert!(law(ALONE).is_some() && law(ALONE) == law(three));
        let options = RankSetOptions { draws: 700, threads: three, ..quick(5) };
        let alone = RankSetOptions { threads: ALONE, ..options.clone() };
        assert_eq!(simultaneous_rank_sets(&estimates, &errors, &options), simultaneous_rank_sets(&estimates, &errors, &alone));
        assert_eq!(marginal_rank_sets(&estimates, &errors, &options), marginal_rank_sets(&estimates, &errors, &alone));
    }

    #[test]
    fn one_of_two_normal_units_is_first_as_often_as_the_closed_form_says() {
        let law = RankLaw::of_normal_estimates(&[80.0, 79.0], &[0.8, 0.6], 20_000, 3, ALONE).expect("sound estimates");
        let exact = Normal::standard().cdf(1.0);
        let error = (exact * (1.0 - exact) / 20_000.0_f64).sqrt();
        assert!((law.probability_of_top(0, 1).expect("a unit") - exact).abs() < 3.0 * error);
    }

    #[test]
    fn intervals_of_posterior_draws_hold_true_ranks_as_declared_and_those_of_raw_draws_too_seldom() {
        let errors: Vec<f64> = (0..20).map(|unit| 0.5 + 0.1 * f64::from(unit)).collect();
        let mut random = ChaCha8Rng::seed_from_u64(9);
        let (mut posterior, mut raw) = (0, 0);
        for number in 0..120 {
            let truth: Vec<f64> = (0..20).map(|_| standard_normal(&mut random)).collect();
            let estimates: Vec<f64> = truth.iter().zip(&errors).map(|(x, s)| x + s * standard_normal(&mut random)).collect();
            // True scores have variance 1, so that this is how far an estimate can be trusted.
            let trust: Vec<f64> = errors.iter().map(|s| 1.0 / (1.0 + s * s)).collect();
            let shrunk: Vec<f64> = estimates.iter().zip(&trust).map(|(x, trust)| x * trust).collect();
            let deviations: Vec<f64> = errors.iter().zip(&trust).map(|(s, trust)| s * trust.sqrt()).collect();
            let ranks = competition_ranks(&truth).expect("numbers");
            let held = |estimates: &[f64], errors: &[f64]| {
                let law = RankLaw::of_normal_estimates(estimates, errors, 200, number, ALONE).expect("sound estimates");
                (0..20).filter(|unit| law.interval(*unit, 0.9).expect("a unit").contains(ranks[*unit])).count()
            };
            posterior += held(&shrunk, &deviations);
            raw += held(&estimates, &errors);
        }
        // 2,160 of 2,400, and a little more because ranks are whole.
        assert!((2130..=2280).contains(&posterior), "{posterior}");
        assert!(raw < 2130, "{raw}");
    }

    #[test]
    fn the_united_kingdom_of_pisa_ranks_from_seven_to_twenty_three() {
        let (scores, errors): (Vec<f64>, Vec<f64>) = PISA.into_iter().unzip();
        assert_eq!(competition_ranks(&scores).expect("numbers")[UNITED_KINGDOM], 13);
        // Vignette of csranks: "its true rank could be anywhere between 7 and 23".
        let options = RankSetOptions { draws: 10_000, ..quick(1) };
        assert_eq!(marginal_rank_set(&scores, &errors, UNITED_KINGDOM, &options), Some(set(7, 23)));
    }

    #[test]
    fn the_simultaneous_sets_of_pisa_allow_what_the_vignette_of_csranks_says() {
        let (scores, errors): (Vec<f64>, Vec<f64>) = PISA.into_iter().unzip();
        let sets = simultaneous_rank_sets(&scores, &errors, &RankSetOptions { draws: 1000, ..quick(1) }).expect("sound estimates");
        assert_eq!([CHILE, MEXICO, COLOMBIA].map(|country| sets[country]), [set(35, 36), set(35, 36), set(37, 37)]);
        for country in (0..37).filter(|country| ![CHILE, MEXICO, COLOMBIA].contains(country)) {
            assert_eq!(comparison(&sets, country, CHILE), Some(RankStatement::BetterThan(CHILE)));
            assert_eq!(comparison(&sets, COLOMBIA, country), Some(RankStatement::WorseThan(country)));
        }
        assert_eq!(comparison(&sets, KOREA, GERMANY), Some(RankStatement::NotDistinguishable));
        assert!(sets[KOREA].contains(7) && sets[GERMANY].contains(7), "the rank that both sets hold");
        assert!(sets[JAPAN].overlaps(sets[KOREA]) && !sets[JAPAN].overlaps(sets[CHILE]));
        assert_eq!(comparison(&sets, 0, 37), None);
    }

    #[test]
    fn two_units_differ_from_the_normal_quantile_on() {
        let sets = |difference: f64| {
            let options = RankSetOptions { draws: 20_000, ..quick(2) };
            simultaneous_rank_sets(&[difference, 0.0], &[0.6, 0.8], &options).expect("sound estimates")
        };
        assert_eq!(sets(1.91), [set(1, 2), set(1, 2)]);
        assert_eq!(sets(2.01), [set(1, 1), set(2, 2)]);
    }

    #[test]
    fn differences_are_measured_in_their_own_standard_errors() {
        // A third unit of error 10 adds one independent test: the limit is the quantile of 0.95^½ both-sided, 2.2365, that is 0.3163.
        let sets = |difference: f64| {
            let options = RankSetOptions { draws: 20_000, ..quick(3) };
            simultaneous_rank_sets(&[difference, 0.0, 0.1], &[0.1, 0.1, 10.0], &options).expect("sound estimates")
        };
        assert_eq!(sets(0.308), [set(1, 3); 3]);
        assert_eq!(sets(0.325), [set(1, 2), set(2, 3), set(1, 3)]);
    }

    #[test]
    fn estimates_without_error_rank_themselves() {
        let sets = simultaneous_rank_sets(&[3.0, 5.0, 3.0, 1.0], &[0.0; 4], &quick(1)).expect("sound estimates");
        assert_eq!(sets, [set(2, 3), set(1, 1), set(2, 3), set(4, 4)]);
    }

    #[test]
    fn what_has_no_sets_is_none() {
        let sets = |estimates: &[f64], errors: &[f64], options| simultaneous_rank_sets(estimates, errors, &options);
        assert!(sets(&[1.0, 2.0], &[1.0, 1.0], quick(1)).is_some());
        assert_eq!(sets(&[1.0], &[1.0], quick(1)), Some(vec![set(1, 1)]));
        assert_eq!(sets(&[], &[], quick(1)), None);
        assert_eq!(sets(&[1.0, 2.0], &[1.0], quick(1)), None);
        assert_eq!(sets(&[1.0, f64::NAN], &[1.0, 1.0], quick(1)), None);
        assert_eq!(sets(&[1.0, 2.0], &[1.0, -1.0], quick(1)), None);
        assert_eq!(sets(&[1.0], &[1.0], RankSetOptions { coverage: 1.0, ..quick(1) }), None);
        assert_eq!(sets(&[1.0], &[1.0], RankSetOptions { coverage: 0.4, ..quick(1) }), None);
        // The 95 % quantile of fewer than 19 draws would lie beyond the highest.
        assert_eq!(sets(&[1.0], &[1.0], RankSetOptions { draws: 18, ..quick(1) }), None);
        assert!(sets(&[1.0], &[1.0], RankSetOptions { draws: 19, ..quick(1) }).is_some());
        assert_eq!(marginal_rank_set(&[1.0], &[1.0], 1, &quick(1)), None);
    }

    #[test]
    fn without_draws_the_sets_of_the_whole_group_are_those_of_bonferroni() {
        let sets = |estimates: &[f64], errors: &[f64]| bonferroni_rank_sets(estimates, errors, 0.95);
        // Three units with error 1: six one-sided tests, the quantile of 1 − 0.05/6 is 2.3940, times √2 is 3.3856.
        assert_eq!(sets(&[3.38, 0.0, -3.40], &[1.0; 3]), Some(vec![set(1, 2), set(1, 2), set(3, 3)]));
        assert_eq!(sets(&[0.0, 7.0, 3.5], &[1.0; 3]), Some(vec![set(3, 3), set(1, 1), set(2, 2)]));
        // Without error the estimates decide, and who is equal shares places.
        assert_eq!(sets(&[2.0, 2.0, 1.0], &[0.0; 3]), Some(vec![set(1, 2), set(1, 2), set(3, 3)]));
        assert_eq!((sets(&[1.0], &[1.0]), sets(&[], &[])), (Some(vec![set(1, 1)]), None));
        assert_eq!((sets(&[1.0, f64::NAN], &[1.0; 2]), sets(&[1.0], &[-1.0])), (None, None));
        assert_eq!(bonferroni_rank_sets(&[1.0], &[1.0], 1.0), None);
    }

    /// In how many of 500 seeded samples every set holds its unit's true rank, whichever way ties are ranked.
    fn samples_covered(truth: &[f64], simultaneous: bool) -> u32 {
        let errors: Vec<f64> = (0..truth.len()).map(|unit| 0.5 + 0.25 * unit as f64).collect();
        let mut random = ChaCha8Rng::seed_from_u64(11);
        let sample = |number: u64| {
            let estimates: Vec<f64> = truth.iter().zip(&errors).map(|(x, s)| x + s * standard_normal(&mut random)).collect();
            let options = quick(number);
            let holds = |unit: usize, set: RankSet| {
                let better = truth.iter().filter(|other| **other > truth[unit]).count() as u32;
                let worse = truth.iter().filter(|other| **other < truth[unit]).count() as u32;
                set.contains(1 + better) && set.contains(truth.len() as u32 - worse)
            };
            if simultaneous {
                let sets = simultaneous_rank_sets(&estimates, &errors, &options).expect("sound estimates");
                sets.into_iter().enumerate().all(|(unit, set)| holds(unit, set))
            } else {
                holds(1, marginal_rank_set(&estimates, &errors, 1, &options).expect("sound estimates"))
            }
        };
        (0..500).map(sample).map(u32::from).sum()
    }

    #[test]
    fn simultaneous_sets_hold_all_true_ranks_as_often_as_declared() {
        // 475 of 500, less or more three Monte Carlo errors of 4.9.
        let equal = samples_covered(&[0.0; 5], true);
        assert!((460..=490).contains(&equal), "equal units are the hardest: neither too few nor far too many, {equal}");
        for truth in [[0.0, 0.0, 0.0, 3.0, 9.0], [0.0, 1.0, 2.0, 3.0, 4.0], [0.0, 0.0, 40.0, 40.0, 80.0]] {
            let covered = samples_covered(&truth, true);
            assert!(covered >= 460, "{truth:?}: {covered}");
        }
    }

    #[test]
    fn a_marginal_set_holds_its_true_rank_as_often_as_declared() {
        let equal = samples_covered(&[0.0; 5], false);
        assert!((460..=490).contains(&equal), "{equal}");
        assert!(samples_covered(&[0.0, 0.0, 1.0, 2.0, 9.0], false) >= 460);
    }

    #[test]
    fn the_top_is_said_from_ninety_five_percent_on() {
        let law = |inside: u32| RankLaw { units: 2, draws: 10_000, counts: vec![inside, 10_000 - inside, 0, 0] };
        assert_eq!(top_statement(&law(9500), 0, 1), Some(RankStatement::InTheTop(1)));
        assert_eq!(top_statement(&law(9499), 0, 1), Some(RankStatement::NotDistinguishable));
        assert_eq!(top_statement(&law(0), 2, 1), None);
    }

    #[test]
    fn bands_follow_the_distance_from_the_mean_in_its_own_standard_errors() {
        // Four units with error 1: Var(x − mean) = 1 − 2/4 + 4/16 = 0.75, so that the limit is 1.96·√0.75 = 1.697.
        let bands = |top: f64, family| peer_bands(&[top, -top, 0.0, 0.0], &[1.0; 4], 0.95, family).expect("sound estimates");
        let nothing = Band::NotDistinguishable;
        assert_eq!(bands(1.69, Family::EachUnit), [nothing; 4]);
        assert_eq!(bands(1.70, Family::EachUnit), [Band::Above, Band::Below, nothing, nothing]);
        // Four tests: the quantile of 1 − 0.05/8 is 2.4977, the limit 2.163.
        assert_eq!(bands(2.16, Family::WholeGroup), [nothing; 4]);
        assert_eq!(bands(2.17, Family::WholeGroup), [Band::Above, Band::Below, nothing, nothing]);
        assert_eq!(peer_bands(&[5.0], &[1.0], 0.95, Family::EachUnit), Some(vec![nothing]));
        assert_eq!(peer_bands(&[0.1; 3], &[0.0; 3], 0.95, Family::EachUnit), Some(vec![nothing; 3]));
        assert_eq!(peer_bands(&[2.0, 1.0], &[0.0; 2], 0.95, Family::EachUnit), Some(vec![Band::Above, Band::Below]));
        assert_eq!(peer_bands(&[], &[], 0.95, Family::EachUnit), None);
        assert_eq!(peer_bands(&[1.0], &[1.0], 1.0, Family::EachUnit), None);
    }

    #[test]
    fn equal_peers_leave_the_middle_band_no_oftener_than_declared() {
        let mut random = ChaCha8Rng::seed_from_u64(4);
        let (mut outside, mut groups) = (0, 0);
        for _ in 0..400 {
            let estimates: Vec<f64> = (0..20).map(|_| standard_normal(&mut random)).collect();
            let count = |family| {
                let bands = peer_bands(&estimates, &[1.0; 20], 0.95, family).expect("sound estimates");
                bands.into_iter().filter(|band| *band != Band::NotDistinguishable).count()
            };
            outside += count(Family::EachUnit);
            groups += usize::from(count(Family::WholeGroup) > 0);
        }
        // 400 of 8,000 units with an error of 19.5; 20 of 400 groups with an error of 4.4.
        assert!((340..=460).contains(&outside), "{outside}");
        assert!((5..=33).contains(&groups), "{groups}");
    }

    #[test]
    fn normal_quantiles_are_those_of_the_tables() {
        let mut greatest = 0.0_f64;
        for (probability, quantile) in [
            (0.5, 0.0),
            (0.975, 1.959_963_984_540_054),
            (0.999, 3.090_232_306_167_813_5),
            (0.25, -0.674_489_750_196_081_7),
            (1e-7, -5.199_337_582_192_817),
            // Wichura's own check of the far tail.
            (1e-20, -9.262_340_089_798_408),
        ] {
            greatest = greatest.max((normal_quantile(probability) - quantile).abs());
        }
        assert!(greatest < 4e-15, "{greatest}");
        for step in 1..1000 {
            let probability = f64::from(step) / 1000.0;
            assert!((normal_quantile(probability) - Normal::standard().inverse_cdf(probability)).abs() < 1e-9, "{probability}");
        }
    }

    #[test]
    fn the_own_logarithm_is_the_natural_one() {
        for exponent in -300..300 {
            let x = 1.37 * 10_f64.powi(exponent);
            assert!((logarithm(x) - x.ln()).abs() <= 4.0 * f64::EPSILON * x.ln().abs().max(1.0), "{x}");
        }
    }

    #[test]
    fn a_seed_gives_the_same_numbers_on_every_machine() {
        let mut random = ChaCha8Rng::seed_from_u64(2026);
        random.set_stream(7);
        let bits: Vec<u64> = (0..4).map(|_| standard_normal(&mut random).to_bits()).collect();
        assert_eq!(bits, [4_593_742_111_533_397_067, 13_828_461_917_828_959_033, 13_823_372_607_041_095_339, 4_608_738_826_338_281_646]);
    }

    /// Up to nine units with estimates and errors, some of them equal.
    fn groups() -> impl Strategy<Value = Vec<(f64, f64)>> {
        prop::collection::vec((-4_i32..5, 0_i32..4), 1..9)
            .prop_map(|units| units.into_iter().map(|(x, s)| (f64::from(x), f64::from(s) / 2.0)).collect())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

        #[test]
        fn sets_hold_the_point_rank_and_marginal_ones_lie_inside(units in groups(), seed in 0_u64..100) {
            let (estimates, errors): (Vec<f64>, Vec<f64>) = units.into_iter().unzip();
            let single = RankSetOptions { stepdown: false, ..quick(seed) };
            let ranks = competition_ranks(&estimates).expect("numbers");
            let simultaneous = simultaneous_rank_sets(&estimates, &errors, &quick(seed)).expect("sound estimates");
            let in_one_step = simultaneous_rank_sets(&estimates, &errors, &single).expect("sound estimates");
            let marginal = marginal_rank_sets(&estimates, &errors, &quick(seed)).expect("sound estimates");
            let without_draws = bonferroni_rank_sets(&estimates, &errors, 0.95).expect("sound estimates");
            let within = |inner: RankSet, outer: RankSet| outer.best <= inner.best && inner.worst <= outer.worst;
            for unit in 0..ranks.len() {
                prop_assert!(marginal[unit].contains(ranks[unit]));
                prop_assert!(within(marginal[unit], simultaneous[unit]));
                prop_assert!(within(simultaneous[unit], in_one_step[unit]));
                prop_assert!(without_draws[unit].contains(ranks[unit]));
                prop_assert_eq!(marginal_rank_set(&estimates, &errors, unit, &quick(seed)), Some(marginal[unit]));
            }
        }

        #[test]
        fn the_order_of_the_units_does_not_matter(units in groups(), seed in 0_u64..100) {
            let turned: Vec<(f64, f64)> = units.iter().rev().copied().collect();
            let (estimates, errors): (Vec<f64>, Vec<f64>) = units.into_iter().unzip();
            let (turned_estimates, turned_errors): (Vec<f64>, Vec<f64>) = turned.into_iter().unzip();
            let back = |sets: Option<Vec<RankSet>>| sets.map(|sets| sets.into_iter().rev().collect::<Vec<_>>());
            for sets in [simultaneous_rank_sets, marginal_rank_sets] {
                let turned = sets(&turned_estimates, &turned_errors, &quick(seed));
                prop_assert_eq!(sets(&estimates, &errors, &quick(seed)), back(turned));
            }
            let bands = peer_bands(&estimates, &errors, 0.95, Family::EachUnit).expect("sound estimates");
            let turned = peer_bands(&turned_estimates, &turned_errors, 0.95, Family::EachUnit).expect("sound estimates");
            prop_assert_eq!(bands, turned.into_iter().rev().collect::<Vec<_>>());
        }

        #[test]
        fn the_law_of_distinct_units_does_not_depend_on_their_order(seed in 0_u64..100) {
            let law = |estimates: [f64; 4], errors: [f64; 4]| {
                RankLaw::of_normal_estimates(&estimates, &errors, 200, seed, ALONE).expect("sound estimates")
            };
            let turned = law([2.5, 2.0, 1.0, 3.0], [0.0, 2.0, 0.5, 1.0]);
            let law = law([3.0, 1.0, 2.0, 2.5], [1.0, 0.5, 2.0, 0.0]);
            for unit in 0..4 {
                prop_assert_eq!(law.counts(unit), turned.counts(3 - unit));
            }
        }

        #[test]
        fn a_unit_far_behind_changes_nothing_among_the_others(scores in prop::collection::vec(0.0..1.0_f64, 40)) {
            let with_another: Vec<f64> = scores.chunks(4).flat_map(|row| row.iter().copied().chain([-1e6])).collect();
            let alone = RankLaw::of_draws(&scores, 4, ALONE).expect("whole rows");
            let beside = RankLaw::of_draws(&with_another, 5, ALONE).expect("whole rows");
            for unit in 0..4 {
                prop_assert_eq!(alone.counts(unit), beside.counts(unit).map(|counts| &counts[..4]));
                prop_assert_eq!(alone.interval(unit, 0.9), beside.interval(unit, 0.9));
            }
            prop_assert_eq!(beside.interval(4, 1.0), Some(set(5, 5)));
        }

        #[test]
        fn every_draw_gives_every_unit_one_rank_and_the_top_its_places(
            scores in prop::collection::vec(0.0..1.0_f64, 60), places in 1_u32..6,
        ) {
            let law = RankLaw::of_draws(&scores, 6, ALONE).expect("whole rows");
            for unit in 0..6 {
                prop_assert_eq!(law.counts(unit).expect("a unit").iter().sum::<u32>(), 10);
            }
            let sum: f64 = (0..6).filter_map(|unit| law.probability_of_top(unit, places)).sum();
            prop_assert!((sum - f64::from(places)).abs() < 1e-9, "{}", sum);
        }
    }
}
