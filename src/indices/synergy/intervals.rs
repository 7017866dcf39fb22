//! How far a side's value and a region's index depend on chance: a bootstrap over transactions.
//!
//! In: parts of sides, fines, a seed. Out: replicates of any weighted mean of sides, and 95 % intervals. Never here: values themselves; an
//! interval that another region moves.
//!
//! The transactions of a period are read as draws from how a side usually works. Due numbers and weights are held; P is a census without
//! error: each required patrol is looked at, and none stands for others. A side of P alone has an interval of no width.
//!
//! A rate is drawn from Jeffreys' posterior Beta(k + h/2, n − k + h/2) instead of from its n duties, since duties that are all in time
//! would have no error. His one observation (h = 1) is shared by the rates of a mean, each with its share of the variance: one observation
//! each would pull every rate towards ½, and in a mean over many small sides that adds up. The deviations are widened by
//!
//! ```text
//! √((n + h + 1) / (n − 1 + 3h)),
//! ```
//!
//! so that a rate alone keeps Jeffreys' law and one of many has the unbiased variance p(1 − p)/(n − 1), as in the Rao–Wu bootstrap.
//!
//! Measured with 1000 draws (2,000 data sets each, Monte Carlo error 0.5): with true rates of 0.5 to 0.99 in 1, 3 or 18 cells of 5, 20 or
//! 100 duties each, the interval holds the true mean in 92.5 to 99.2 % of the data sets, with 2 duties a cell in 90.5 to 100 %. With one
//! observation a rate it was down to 50 %, with resampled duties alone down to 5 %.
//!
//! Of K the medians of both regions' fines are resampled. Where two regions really differ its interval holds the truth in 94 to 96 % (a
//! ratio of medians of 1.3 and more with 20 fines a kind, 1.1 with 100), at 1.1 with 20 in 84 %; of regions that fine exactly alike in
//! half of the cases only, since a distance δ is never negative and chance alone makes one.
//!
//! Source: methods 4.2; Brown, Cai, DasGupta 2001, Statistical Science 16:101; Rao, Wu 1988, JASA 83:231. To share the observation is ours;
//! compare the stratified Wilson interval of Yan, Su 2010, Statistics in Biopharmaceutical Research 2:329.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use rust_decimal::prelude::{FromPrimitive, ToPrimitive};

use super::PARTS;
use super::consistency::{AllFines, Fines, Kinds, LEAST_POSITION, compared_kinds};
use super::draws::{beta, resampled_median};
use super::parameters::SynergyParameters;
use super::sides::{Side, SideParts, shares, unordered};
use crate::indices::bootstrap::{quantile, stream};

/// Replicates of K that several sides share, and what the others are drawn from.
pub(super) struct Resampling<'a> {
    sides: &'a BTreeMap<Side, SideParts>,
    parameters: &'a SynergyParameters,
    /// By pair, see [`unordered`].
    consistency: BTreeMap<Side, Vec<f64>>,
}

impl<'a> Resampling<'a> {
    pub(super) fn of(sides: &'a BTreeMap<Side, SideParts>, fines: &AllFines<'_>, parameters: &'a SynergyParameters) -> Self {
        let mut consistency = BTreeMap::new();
        let domains: BTreeSet<&str> = sides.keys().map(|side| side.2.as_str()).collect();
        for domain in domains {
            // One domain at a time: replicates of medians of all of them would be many.
            let mut medians = MedianDraws { domain, parameters, drawn: BTreeMap::new() };
            let compared = |(side, known): &(&Side, &SideParts)| side.2 == domain && side.0 <= side.1 && known.parts[4].scored().is_some();
            for (side, known) in sides.iter().filter(compared) {
                let of = |region: &'a str| Some((region, fines.get(&(domain, region))?));
                let (Some(a), Some(b)) = (of(&side.0), of(&side.1)) else { continue };
                let delta = known.parts[4].numerator.to_f64().unwrap_or(0.0);
                consistency.insert(side.clone(), medians.consistency(a, b, delta));
            }
        }
        Self { sides, parameters, consistency }
    }

    /// Replicates of one side's value, without unit, between 0 and 1.
    pub(super) fn of_side(&self, side: &Side) -> Vec<f64> {
        self.replicates(&[(side, 1.0)])
    }

    /// Replicates of the mean of sides, each with its weight.
    pub(super) fn of_sides(&self, weighted: &[(&Side, Decimal)]) -> Vec<f64> {
        let whole: Decimal = weighted.iter().map(|(_, weight)| *weight).sum();
        let share = |weight: Decimal| weight.checked_div(whole).and_then(|share| share.to_f64()).unwrap_or(0.0);
        self.replicates(&weighted.iter().map(|(side, weight)| (*side, share(*weight))).collect::<Vec<_>>())
    }

    fn replicates(&self, sides: &[(&Side, f64)]) -> Vec<f64> {
        let (mut fixed, mut cells, mut shared) = (0.0, Vec::new(), Vec::new());
        for (side, share) in sides {
            let known = &self.sides[*side];
            for (part, of_side) in shares(&known.parts, self.parameters) {
                let value = &known.parts[part];
                let weight = share * of_side.to_f64().unwrap_or(0.0);
                match PARTS[part] {
                    'P' => fixed += weight * value.scored().and_then(|value| value.to_f64()).unwrap_or(0.0),
                    'K' => shared.push((weight, &self.consistency[&unordered(&side.0, &side.1, &side.2)])),
                    letter => cells.push(Cell {
                        stream: format!("{}|{}|{}|{letter}", side.0, side.1, side.2),
                        weight,
                        in_time: value.numerator.to_f64().unwrap_or(0.0),
                        due: value.denominator.to_f64().unwrap_or(0.0),
                    }),
                }
            }
        }
        let mut sums = vec![fixed; self.parameters.bootstrap_draws];
        let whole: f64 = cells.iter().map(Cell::contribution).sum();
        // A part may weigh nothing: it has no share of nothing.
        for cell in cells.iter().filter(|cell| cell.weight > 0.0) {
            cell.add_to(&mut sums, cell.contribution() / whole, self.parameters.seed);
        }
        for (weight, draws) in shared {
            sums.iter_mut().zip(draws).for_each(|(sum, draw)| *sum += weight * draw);
        }
        sums.into_iter().map(|sum| sum.clamp(0.0, 1.0)).collect()
    }
}

/// The duties of one part of one side.
struct Cell {
    /// Name of its random numbers.
    stream: String,
    /// What the rate weighs in the mean.
    weight: f64,
    in_time: f64,
    due: f64,
}

impl Cell {
    /// To the variance of the mean, if all rates were equal.
    fn contribution(&self) -> f64 {
        self.weight * self.weight / self.due
    }

    /// Adds replicates of the weighted rate; `prior` is the cell's share h of Jeffreys' one observation.
    fn add_to(&self, sums: &mut [f64], prior: f64, seed: u64) {
        let (a, b) = (self.in_time + prior / 2.0, self.due - self.in_time + prior / 2.0);
        let centre = a / (a + b);
        let spread = ((self.due + prior + 1.0) / (self.due - 1.0 + 3.0 * prior)).sqrt();
        let mut random = stream(seed, &self.stream);
        for sum in sums {
            *sum += self.weight * (centre + spread * (beta(&mut random, a, b) - centre));
        }
    }
}

/// Logarithms of the medians of resampled fines in one domain, drawn once for all borders of a region: they are the same fines.
struct MedianDraws<'a> {
    domain: &'a str,
    parameters: &'a SynergyParameters,
    /// By region and kind.
    drawn: BTreeMap<(&'a str, &'a str), Vec<f64>>,
}

impl<'a> MedianDraws<'a> {
    fn draw(&mut self, region: &'a str, kind: &'a str, fines: &Fines) {
        let (parameters, domain) = (self.parameters, self.domain);
        let draws = || {
            let mut random = stream(parameters.seed, &format!("{region}|{domain}|K|{kind}"));
            let positions: Vec<f64> = fines.positions.iter().map(|position| position.to_f64().unwrap_or(1.0)).collect();
            let median = |_| libm::log(resampled_median(&mut random, &positions).max(LEAST_POSITION));
            (0..parameters.bootstrap_draws).map(median).collect()
        };
        self.drawn.entry((region, kind)).or_insert_with(draws);
    }

    /// Replicates of K around the distance δ that was found.
    fn consistency(&mut self, a: (&'a str, &'a Kinds<'a>), b: (&'a str, &'a Kinds<'a>), delta: f64) -> Vec<f64> {
        let mut distances = vec![0.0; self.parameters.bootstrap_draws];
        let mut compared = 0.0;
        for (kind, in_a, in_b) in compared_kinds(a.1, b.1, self.parameters.minimum_penalties) {
            self.draw(a.0, kind, in_a);
            self.draw(b.0, kind, in_b);
            let n = (in_a.positions.len() + in_b.positions.len()) as f64;
            let pairs = self.drawn[&(a.0, kind)].iter().zip(&self.drawn[&(b.0, kind)]);
            distances.iter_mut().zip(pairs).for_each(|(distance, (a, b))| *distance += (a - b).abs() * n);
            compared += n;
        }
        let mean = distances.iter().sum::<f64>() / (compared * distances.len() as f64);
        // A distance is never negative, so that resampling adds to it what chance added once already: the replicates are moved back.
        let around = |distance: f64| (distance / compared - mean + delta).max(0.0);
        distances.into_iter().map(|distance| libm::exp(-around(distance) / self.parameters.delta0)).collect()
    }
}

/// The 2.5 % and 97.5 % quantiles of replicates between 0 and 1, to six digits, widened where they do not hold the value itself; `None`
/// without replicates.
pub(super) fn interval(value: Decimal, mut replicates: Vec<f64>) -> Option<(Decimal, Decimal)> {
    replicates.sort_by(f64::total_cmp);
    let limit = |share: f64| Some(Decimal::from_f64(quantile(&replicates, share)?)?.round_dp(6));
    Some((limit(0.025)?.min(value), limit(0.975)?.max(value)))
}
