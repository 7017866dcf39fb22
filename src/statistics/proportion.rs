//! A proportion of counts and its interval.
//!
//! In: successes of trials, a two-sided level. Out: an interval between 0 and 1, or nothing where there is no trial. Never here:
//! rates with an exposure (see `count`), other units (see `shrinkage`), rounding, scores.
//!
//! `ln` and `exp` come from the platform, so the last bits of an exact limit may differ between machines: round before you publish.
//! Wilson's interval at a given deviate uses only arithmetic and a square root, and is the same everywhere.

use statrs::distribution::{ContinuousCDF, Normal};
use statrs::function::gamma::ln_gamma;

/// The deviate of 95 % as the published tables write it. The exact quantile is 1.959964.
pub const DEVIATE_95: f64 = 1.96;

/// The deviate of 99.8 % as the published tables write it. The exact quantile is 3.090232.
pub const DEVIATE_998: f64 = 3.09;

/// Two limits, low ≤ high, in the unit of the estimate that they enclose.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The lower limit.
    pub low: f64,
    /// The upper limit.
    pub high: f64,
}

/// What was counted in one unit: r successes of n trials, both numbers of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// r, at most `trials` in sound data. Every function that takes counts answers `None` if it is more.
    pub successes: u64,
    /// n.
    pub trials: u64,
}

impl Counts {
    /// r / n; `None` if n = 0 or r > n.
    pub fn proportion(self) -> Option<f64> {
        self.sound().then_some(self.successes as f64 / self.trials as f64).filter(|_| self.trials > 0)
    }

    pub(super) fn sound(self) -> bool {
        self.successes <= self.trials
    }
}

/// The pooled proportion Σr / Σn of several units; `None` if no unit has a trial, or one has r > n.
pub fn pooled(units: &[Counts]) -> Option<f64> {
    if !units.iter().all(|unit| unit.sound()) {
        return None;
    }
    // Whole numbers first: a sum of counts has no order.
    let successes: u128 = units.iter().map(|unit| u128::from(unit.successes)).sum();
    let trials: u128 = units.iter().map(|unit| u128::from(unit.trials)).sum();
    (trials > 0).then(|| successes as f64 / trials as f64)
}

/// The deviate z that leaves (1 − level)/2 of the normal law above it; `None` unless 0 < level < 1.
pub fn two_sided_deviate(level: f64) -> Option<f64> {
    Some(-Normal::standard().inverse_cdf(tail_of(level)?))
}

/// Wilson's score interval of r of n at a two-sided level, without unit.
///
/// ```text
/// centre = (p + z²/2n) / (1 + z²/n),   half-width = z/(1 + z²/n) · √(p(1 − p)/n + z²/4n²),   p = r/n
/// ```
///
/// z is the exact normal quantile: at 95 % it is 1.959964, not 1.96; for the published form see [`wilson_at`].
/// `None` if n = 0, r > n or the level is not between 0 and 1.
/// Source: Wilson (1927), JASA 22; Newcombe (1998), Statistics in Medicine 17, method 3.
pub fn wilson(successes: u64, trials: u64, level: f64) -> Option<Interval> {
    wilson_at(successes, trials, two_sided_deviate(level)?)
}

/// Wilson's score interval of r of n at a given deviate, [`DEVIATE_95`] for every published proportion.
///
/// `None` if n = 0, r > n or the deviate is not a positive number. Formula and source: see [`wilson`].
pub fn wilson_at(successes: u64, trials: u64, deviate: f64) -> Option<Interval> {
    if trials == 0 || successes > trials || !(deviate > 0.0 && deviate.is_finite()) {
        return None;
    }
    let low = |count: u64| {
        // The exact root for no successes is 0; rounding would leave a grain above or below it.
        if count == 0 {
            return 0.0;
        }
        let n = trials as f64;
        let (p, z2) = (count as f64 / n, deviate * deviate);
        let centre = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
        let half = deviate / (1.0 + z2 / n) * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
        (centre - half).max(0.0)
    };
    // The upper limit of the successes is the lower one of the failures, so that both readings of a case agree to the last bit.
    Some(Interval { low: low(successes), high: 1.0 - low(trials - successes) })
}

/// The exact binomial interval of r of n at a two-sided level, without unit.
///
/// ```text
/// L = B(t; r, n − r + 1),   U = B(1 − t; r + 1, n − r),   t = (1 − level)/2,   B(·; a, b) the beta quantile
/// ```
///
/// L = 0 if r = 0, U = 1 if r = n. It covers at least the level, mostly more: Wilson's is shorter and the one to publish.
/// `None` if n = 0, r > n or the level is not between 0 and 1. Source: Clopper and Pearson (1934), Biometrika 26.
pub fn clopper_pearson(successes: u64, trials: u64, level: f64) -> Option<Interval> {
    let tail = tail_of(level)?;
    if trials == 0 || successes > trials {
        return None;
    }
    let low = |count: u64| match count {
        0 => 0.0,
        _ => beta_low(tail, count as f64, (trials - count) as f64 + 1.0),
    };
    Some(Interval { low: low(successes), high: 1.0 - low(trials - successes) })
}

/// The part of a law below a two-sided interval of this level.
pub(super) fn tail_of(level: f64) -> Option<f64> {
    (0.0 < level && level < 1.0).then_some((1.0 - level) / 2.0)
}

/// A sum that does not depend on the order of its terms: sorted first.
pub(super) fn sorted_sum(terms: impl Iterator<Item = f64>) -> f64 {
    let mut terms: Vec<f64> = terms.collect();
    terms.sort_by(f64::total_cmp);
    terms.iter().sum()
}

/// The value that a Beta(a, b) variable exceeds with probability `tail`.
pub(super) fn beta_high(tail: f64, a: f64, b: f64) -> f64 {
    1.0 - beta_low(tail, b, a)
}

/// The value below which a Beta(a, b) variable stays with probability `tail`; a, b > 0 and 0 < tail < 1.
///
/// Newton's steps on the distribution, inside a bracket that only shrinks. Not `statrs`: its beta distribution stops after 140 pairs of the
/// continued fraction, and with a = b = 1,000,000 it gives 0.491 for the probability below one half.
pub(super) fn beta_low(tail: f64, a: f64, b: f64) -> f64 {
    let ln_beta = ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b);
    let (mut low, mut high) = (0.0, 1.0);
    // From the mean. Where that is 0 or 1 to the last bit, the first step is a bisection.
    let mut value = a / (a + b);
    // Newton's steps are about ten. The quantile of a very small `a` may be smaller than any number: bisection gives up at 10⁻⁶⁰.
    for _ in 0..200 {
        let excess = beta_below(value, a, b, ln_beta) - tail;
        if excess > 0.0 {
            high = value;
        } else {
            low = value;
        }
        let density = ((a - 1.0) * value.ln() + (b - 1.0) * (-value).ln_1p() - ln_beta).exp();
        let newton = value - excess / density;
        let next = if low < newton && newton < high { newton } else { low + (high - low) / 2.0 };
        let settled = (next - value).abs() <= 1e-14 * next;
        value = next;
        if settled {
            break;
        }
    }
    value
}

/// The probability that a Beta(a, b) variable lies below `value`: the regularised incomplete beta function.
fn beta_below(value: f64, a: f64, b: f64, ln_beta: f64) -> f64 {
    let front = (a * value.ln() + b * (-value).ln_1p() - ln_beta).exp();
    // The fraction converges fast on this side of the mean; the other side is its mirror.
    if value < (a + 1.0) / (a + b + 2.0) {
        front / (a * beta_fraction(value, a, b))
    } else {
        1.0 - front / (b * beta_fraction(1.0 - value, b, a))
    }
}

/// The continued fraction 1 + d₁/(1 + d₂/(1 + …)) of DLMF 8.17.22, from the front by Lentz's method.
fn beta_fraction(value: f64, a: f64, b: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let away_from_zero = |term: f64| if term.abs() < TINY { TINY } else { term };
    let (mut whole, mut ratio, mut inverse) = (1.0, 1.0, 0.0);
    // About √max(a, b) pairs are needed: the end is out of reach below 10¹¹ trials.
    for pair in 0..1_000_000 {
        let m = f64::from(pair);
        let odd = -(a + m) * (a + b + m) * value / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let even = (m + 1.0) * (b - m - 1.0) * value / ((a + 2.0 * m + 1.0) * (a + 2.0 * m + 2.0));
        let mut change = 1.0;
        for term in [odd, even] {
            inverse = 1.0 / away_from_zero(1.0 + term * inverse);
            ratio = away_from_zero(1.0 + term / ratio);
            change = ratio * inverse;
            whole *= change;
        }
        if (change - 1.0).abs() <= f64::EPSILON {
            break;
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn close(found: Interval, low: f64, high: f64, tolerance: f64) -> bool {
        (found.low - low).abs() <= tolerance && (found.high - high).abs() <= tolerance
    }

    #[test]
    fn the_interval_of_eight_of_ten_is_the_textbook_one() {
        let found = wilson_at(8, 10, DEVIATE_95).expect("counts");
        assert!(close(found, 0.490_157, 0.943_319, 5e-7), "{found:?}");
    }

    #[test]
    fn the_table_of_newcombe_1998_is_reproduced() {
        // Table I there, methods 3 (score) and 5 (exact), four decimals.
        let table = [
            (81, 263, [0.2553, 0.3662], [0.2527, 0.3676]),
            (15, 148, [0.0624, 0.1605], [0.0578, 0.1617]),
            (0, 20, [0.0, 0.1611], [0.0, 0.1684]),
            (1, 29, [0.0061, 0.1718], [0.0009, 0.1776]),
        ];
        for (r, n, score, exact) in table {
            let (found_score, found_exact) = (wilson(r, n, 0.95).expect("counts"), clopper_pearson(r, n, 0.95).expect("counts"));
            assert!(close(found_score, score[0], score[1], 5.1e-5), "{r}/{n} {found_score:?}");
            assert!(close(found_exact, exact[0], exact[1], 5.1e-5), "{r}/{n} {found_exact:?}");
        }
    }

    #[test]
    fn beta_quantiles_agree_with_scipy_from_half_a_trial_to_millions() {
        // scipy 1.17.1, scipy.stats.beta.ppf(tail, a, b).
        let table = [
            (0.025, 0.5, 0.5, 0.001541333133436012),
            (0.025, 81.0, 183.0, 0.25273674558527126),
            (0.025, 3.2, 5_000.7, 0.0001412755220734783),
            (0.025, 1.0, 1e6, 2.5317807663794178e-8),
            (0.5, 3.0, 1e6, 2.674054064378464e-6),
            (0.5, 1e6, 1e6, 0.5),
            (0.025, 1e6, 1e6, 0.49930704833394945),
            (0.001, 270_000.0, 10_001.0, 0.9631890056138348),
            (0.975, 0.05, 7.0, 0.08313331126053403),
            (0.025, 10.0, 1e-6, 1.0),
            (0.025, 0.3, 0.02, 0.04436542),
        ];
        for (tail, a, b, expected) in table {
            let found = beta_low(tail, a, b);
            assert!((found / expected - 1.0).abs() < 1e-7, "{tail} {a} {b}: {found} for {expected}");
        }
    }

    #[test]
    fn a_quantile_too_small_for_any_use_is_nothing_and_not_a_hang() {
        assert!(beta_low(0.025, 1e-6, 1e-6) < 1e-20);
        assert_eq!(beta_high(0.025, 1e-6, 1e-6), 1.0);
        // The mean of this law is 1 to the last bit: no density to start from.
        assert!((beta_low(0.025, 10.0, 1e-18) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn one_half_of_a_symmetric_law_lies_below_one_half_even_of_millions_of_trials() {
        for n in [2.0, 1e4, 1e6, 1e8] {
            let below = beta_below(0.5, n, n, 2.0 * ln_gamma(n) - ln_gamma(2.0 * n));
            assert!((below - 0.5).abs() < 1e-6, "{n}: {below}");
        }
    }

    #[test]
    fn the_deviates_of_the_two_levels_round_to_the_published_ones() {
        // scipy 1.17.1, scipy.stats.norm.ppf([0.975, 0.999]).
        for (level, exact, published) in [(0.95, 1.959_963_98, DEVIATE_95), (0.998, 3.090_232_31, DEVIATE_998)] {
            let found = two_sided_deviate(level).expect("a level");
            assert!((found - exact).abs() < 1e-7 && (found - published).abs() < 5e-4, "{level} {found}");
        }
    }

    #[test]
    fn without_a_trial_a_sound_count_or_a_level_there_is_no_interval() {
        for (r, n, level) in [(0, 0, 0.95), (11, 10, 0.95), (5, 10, 0.0), (5, 10, 1.0), (5, 10, f64::NAN), (5, 10, -0.5)] {
            assert_eq!((wilson(r, n, level), clopper_pearson(r, n, level)), (None, None), "{r}/{n} at {level}");
        }
        for deviate in [0.0, -1.96, f64::NAN, f64::INFINITY] {
            assert_eq!(wilson_at(5, 10, deviate), None, "{deviate}");
        }
        assert_eq!(Counts { successes: 0, trials: 0 }.proportion(), None);
        assert_eq!(Counts { successes: 2, trials: 1 }.proportion(), None);
    }

    #[test]
    fn the_pooled_proportion_is_that_of_all_trials_together() {
        let units = [Counts { successes: 1, trials: 1 }, Counts { successes: 0, trials: 0 }, Counts { successes: 1, trials: 7 }];
        assert_eq!(pooled(&units), Some(0.25));
        assert_eq!(pooled(&units[1..2]), None);
        assert_eq!(pooled(&[Counts { successes: 2, trials: 1 }, Counts { successes: 0, trials: 9 }]), None);
    }

    #[test]
    fn the_exact_interval_covers_every_truth_at_least_as_often_as_it_says() {
        let n = 20u64;
        let intervals: Vec<_> = (0..=n).map(|r| clopper_pearson(r, n, 0.95).expect("counts")).collect();
        for step in 1..100 {
            let truth = f64::from(step) / 100.0;
            let mut probability = (1.0 - truth).powi(20);
            let mut covered = 0.0;
            for (r, interval) in intervals.iter().enumerate() {
                if interval.low <= truth && truth <= interval.high {
                    covered += probability;
                }
                probability *= (20 - r) as f64 / (r + 1) as f64 * truth / (1.0 - truth);
            }
            // And not by answering with everything.
            assert!((0.95..0.9999).contains(&covered), "{truth}: {covered}");
        }
    }

    #[test]
    fn a_sum_has_no_order() {
        let terms = [0.1, 0.2, 0.3, 1e16, -1e16, 0.7];
        let forwards = sorted_sum(terms.into_iter());
        assert_eq!(forwards.to_bits(), sorted_sum(terms.into_iter().rev()).to_bits());
        // The terms are such that an unsorted sum has one.
        assert_ne!(terms.iter().sum::<f64>().to_bits(), terms.iter().rev().sum::<f64>().to_bits());
    }

    proptest! {
        #[test]
        fn an_interval_contains_its_estimate_and_widens_with_the_level(r in 0u64..500, failures in 0u64..500, level in 0.5..0.99) {
            prop_assume!(r + failures > 0);
            let n = r + failures;
            let estimate = r as f64 / n as f64;
            for method in [wilson, clopper_pearson] {
                let (narrow, wide) = (method(r, n, level).expect("counts"), method(r, n, level + 0.009).expect("counts"));
                prop_assert!(0.0 <= narrow.low && narrow.low <= estimate && estimate <= narrow.high && narrow.high <= 1.0);
                prop_assert!(wide.low <= narrow.low && narrow.high <= wide.high && wide.high - wide.low > narrow.high - narrow.low);
            }
        }

        #[test]
        fn failures_have_the_mirrored_interval_to_the_last_bit(r in 0u64..500, failures in 0u64..500, level in 0.5..0.999) {
            prop_assume!(r + failures > 0);
            for method in [wilson, clopper_pearson] {
                let interval = |count| method(count, r + failures, level).expect("counts");
                let (one, other) = (interval(r), interval(failures));
                prop_assert_eq!(one.high, 1.0 - other.low);
                prop_assert_eq!(other.high, 1.0 - one.low);
            }
        }

        #[test]
        fn the_same_share_of_more_trials_has_a_narrower_interval(r in 0u64..200, failures in 0u64..200, times in 2u64..50) {
            prop_assume!(r + failures > 0);
            for method in [wilson, clopper_pearson] {
                let (few, many) = (method(r, r + failures, 0.95), method(r * times, (r + failures) * times, 0.95));
                let width = |found: Option<Interval>| found.map(|limits| limits.high - limits.low).expect("counts");
                prop_assert!(width(many) < width(few));
            }
        }
    }
}
