//! Shrinkage: what is known of a small unit is partly what is known of all units.
//!
//! In: counts of every unit of one peer group. Out: the law of the group, and for each unit a shrunk value with its weight and posterior
//! law. Never here: the choice of peer groups, ranks, and whether a shrunk value may decide (it moves small good units to the middle:
//! publish the raw value beside it, and the weight).
//!
//! Empirical Bayes: the law of the group is estimated and then taken as known. With few units the posterior intervals are too narrow.
//! Sums do not depend on the order of units.

use super::count::Rate;
use super::proportion::{Counts, Interval, beta_high, beta_low, pooled, sorted_sum, tail_of};
use statrs::distribution::{ContinuousCDF, Gamma};

/// The largest correlation that is used. Moments may give 1 or more; then M would be 0 or negative, and a unit without trials would have no
/// law.
pub const HIGHEST_CORRELATION: f64 = 0.999_999;

/// The Beta law from which the units of a group draw their true proportions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BetaPrior {
    /// p̄ = Σr/Σn.
    pub mean: f64,
    /// ρ, the correlation between two trials of one unit, 0 ≤ ρ ≤ [`HIGHEST_CORRELATION`]. 0: units differ by chance alone.
    pub correlation: f64,
    /// M = 1/ρ − 1 in trials: a unit with M trials is shrunk half-way. Infinite if ρ = 0.
    pub strength: f64,
}

/// The Gamma law from which the units of a group draw their true rates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GammaPrior {
    /// m = Σr/Σe, in events per unit of exposure.
    pub mean: f64,
    /// A ≥ 0, the variance between units, in the square of that. 0: units differ by chance alone.
    pub variance: f64,
}

/// One unit after shrinkage.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shrunk<Law> {
    /// The posterior mean, between the raw value and the mean of the group.
    pub value: f64,
    /// The weight of the unit's own value, 0 to 1.
    pub weight: f64,
    /// What is known of the unit. `None` if units differ by chance alone: the law has shrunk to a point at the mean of the group, and an
    /// interval of no width would claim a knowledge that nobody has.
    pub posterior: Option<Law>,
}

/// A Beta(a, b) law of a proportion.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BetaLaw {
    /// a, in successes.
    pub a: f64,
    /// b, in failures.
    pub b: f64,
}

/// A Gamma law of a rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GammaLaw {
    /// The shape, in events.
    pub shape: f64,
    /// The rate parameter, in units of exposure.
    pub rate: f64,
}

/// The Beta law of a group by moments.
///
/// ```text
/// p̄ = Σr/Σn,  q̄ = 1 − p̄,  N = Σn,  S = Σ n(p − p̄)²,  a = Σ(1 − n/N),  c = Σ n(1 − n/N)
/// ρ = (S − p̄q̄a) / (p̄q̄(c − a)) clipped to [0, 1),   M = 1/ρ − 1
/// ```
///
/// Sums run over units with n > 0: one without trials would add 1 to a and nothing to S. If p̄ is 0 or 1, ρ = 0.
///
/// `None` if fewer than two units have trials, if none has a second trial (c = a: single trials tell nothing of the spread), or if r > n
/// anywhere.
/// Source: Kleinman (1973), JASA 68, with weights n.
pub fn beta_prior(units: &[Counts]) -> Option<BetaPrior> {
    let mean = pooled(units)?;
    let with_trials = || units.iter().filter(|unit| unit.trials > 0);
    let number = with_trials().count();
    // c·N = Σ n(N − n) in whole numbers, which have no order.
    let total: u128 = with_trials().map(|unit| u128::from(unit.trials)).sum();
    let mixed = with_trials().try_fold(0u128, |sum, unit| {
        let trials = u128::from(unit.trials);
        sum.checked_add(trials.checked_mul(total - trials)?)
    })?;
    if number < 2 || total == number as u128 {
        return None;
    }
    let a = (number - 1) as f64;
    let c = mixed as f64 / total as f64;
    let binomial = mean * (1.0 - mean);
    let spread = sorted_sum(with_trials().map(|unit| {
        let (r, n) = (unit.successes as f64, unit.trials as f64);
        n * (r / n - mean).powi(2)
    }));
    let correlation = match binomial > 0.0 {
        true => ((spread - binomial * a) / (binomial * (c - a))).clamp(0.0, HIGHEST_CORRELATION),
        false => 0.0,
    };
    Some(BetaPrior { mean, correlation, strength: 1.0 / correlation - 1.0 })
}

impl BetaPrior {
    /// The unit's shrunk proportion.
    ///
    /// ```text
    /// value = (r + M·p̄)/(n + M),   weight = n/(n + M),   posterior Beta(r + M·p̄, n − r + M·q̄)
    /// ```
    ///
    /// A unit without trials has the mean of the group with weight 0. If M is infinite, every unit has. `None` if r > n.
    pub fn shrink(&self, unit: Counts) -> Option<Shrunk<BetaLaw>> {
        if !unit.sound() {
            return None;
        }
        if self.strength.is_infinite() {
            return Some(Shrunk { value: self.mean, weight: 0.0, posterior: None });
        }
        let (r, n, strength) = (unit.successes as f64, unit.trials as f64, self.strength);
        let law = BetaLaw { a: r + strength * self.mean, b: (n - r) + strength * (1.0 - self.mean) };
        let value = match unit.proportion() {
            Some(raw) => between(law.a / (n + strength), raw, self.mean),
            None => self.mean,
        };
        Some(Shrunk { value, weight: n / (n + strength), posterior: Some(law).filter(|law| law.a > 0.0 && law.b > 0.0) })
    }
}

impl BetaLaw {
    /// √(ab / ((a + b)²(a + b + 1))).
    pub fn standard_deviation(self) -> f64 {
        let sum = self.a + self.b;
        (self.a / sum * (self.b / sum) / (sum + 1.0)).sqrt()
    }

    /// The interval with equal tails, by beta quantiles; `None` unless 0 < level < 1.
    ///
    /// Of a very skewed law (a or b far below 1) it may not contain the mean.
    pub fn interval(self, level: f64) -> Option<Interval> {
        let tail = tail_of(level)?;
        Some(Interval { low: beta_low(tail, self.a, self.b), high: beta_high(tail, self.a, self.b) })
    }
}

/// The Gamma law of a group by moments, Marshall's global form.
///
/// ```text
/// m = Σr/Σe,   s² = Σ e(r/e − m)²/Σe,   A = s² − m/ē,   ē = Σe/I
/// ```
///
/// A negative A, where rates differ less than chance would have it, is 0: every unit then has the mean. Sums run over units with e > 0.
/// A divides by I where an unbiased estimate has less, so with few units, or one that is most of the group, it shrinks too much.
///
/// `None` if fewer than two units have an exposure, if one is negative or not finite, or if a unit has events without exposure.
/// Source: Marshall (1991), Applied Statistics 40, 283–294.
pub fn gamma_prior(units: &[Rate]) -> Option<GammaPrior> {
    if !units.iter().all(|unit| sound(*unit)) {
        return None;
    }
    let exposed = || units.iter().filter(|unit| unit.exposure > 0.0);
    let number = exposed().count();
    if number < 2 {
        return None;
    }
    let events: u128 = exposed().map(|unit| u128::from(unit.events)).sum();
    let exposure = sorted_sum(exposed().map(|unit| unit.exposure));
    let mean = events as f64 / exposure;
    let spread = sorted_sum(exposed().map(|unit| unit.exposure * (unit.events as f64 / unit.exposure - mean).powi(2))) / exposure;
    let variance = (spread - mean * number as f64 / exposure).max(0.0);
    (mean.is_finite() && variance.is_finite()).then_some(GammaPrior { mean, variance })
}

impl GammaPrior {
    /// The unit's shrunk rate.
    ///
    /// ```text
    /// weight = A/(A + m/e),   value = m + weight·(r/e − m),   posterior Gamma(shape m²/A + r, rate m/A + e)
    /// ```
    ///
    /// A unit without exposure has the mean of the group with weight 0. If A = 0, every unit has.
    /// `None` if the exposure is negative or not finite, or if there are events without exposure.
    pub fn shrink(&self, unit: Rate) -> Option<Shrunk<GammaLaw>> {
        if !sound(unit) {
            return None;
        }
        if self.variance == 0.0 {
            return Some(Shrunk { value: self.mean, weight: 0.0, posterior: None });
        }
        let prior = GammaLaw { shape: self.mean * self.mean / self.variance, rate: self.mean / self.variance };
        let law = GammaLaw { shape: prior.shape + unit.events as f64, rate: prior.rate + unit.exposure };
        let value = match unit.exposure > 0.0 {
            true => between(law.shape / law.rate, unit.events as f64 / unit.exposure, self.mean),
            false => self.mean,
        };
        Some(Shrunk { value, weight: unit.exposure / law.rate, posterior: Some(law) })
    }
}

impl GammaLaw {
    /// √shape / rate.
    pub fn standard_deviation(self) -> f64 {
        self.shape.sqrt() / self.rate
    }

    /// The interval with equal tails, by gamma quantiles; `None` unless 0 < level < 1.
    ///
    /// A limit below 10⁻⁹ events is given as about that.
    pub fn interval(self, level: f64) -> Option<Interval> {
        let tail = tail_of(level)?;
        let events = Gamma::new(self.shape, 1.0).ok()?;
        Some(Interval { low: events.inverse_cdf(tail) / self.rate, high: events.inverse_cdf(1.0 - tail) / self.rate })
    }
}

fn sound(unit: Rate) -> bool {
    unit.exposure.is_finite() && unit.exposure >= 0.0 && (unit.events == 0 || unit.exposure > 0.0)
}

/// A weighted mean lies between its parts; rounding may put it a grain outside, where it would turn two ranks round.
fn between(value: f64, one: f64, other: f64) -> f64 {
    value.clamp(one.min(other), one.max(other))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn counts(units: &[(u64, u64)]) -> Vec<Counts> {
        units.iter().map(|&(successes, trials)| Counts { successes, trials }).collect()
    }

    fn rates(units: &[(u64, f64)]) -> Vec<Rate> {
        units.iter().map(|&(events, exposure)| Rate { events, exposure }).collect()
    }

    fn near(found: f64, expected: f64) -> bool {
        (found - expected).abs() <= 1e-7 * expected.abs()
    }

    #[test]
    fn the_beta_law_of_four_units_agrees_with_the_formula_in_numpy() {
        // numpy and scipy 1.17.1, the formula of the docs term by term; posterior by scipy.stats.beta.
        let units = counts(&[(3, 10), (40, 60), (9, 30), (120, 150), (0, 0)]);
        let prior = beta_prior(&units).expect("four units");
        assert!(near(prior.mean, 0.688) && near(prior.correlation, 0.2449201674007876) && near(prior.strength, 3.082963075733976));
        let shrunk: Vec<_> = units.iter().map(|unit| prior.shrink(*unit).expect("sound")).collect();
        for (found, value, weight) in [
            (shrunk[0], 0.3914311, 0.76435284),
            (shrunk[1], 0.66770926, 0.95112844),
            (shrunk[2], 0.33615727, 0.90681116),
            (shrunk[3], 0.79774441, 0.97986083),
            (shrunk[4], 0.688, 0.0),
        ] {
            assert!((found.value - value).abs() < 1e-8 && (found.weight - weight).abs() < 1e-8, "{found:?}");
        }
        let law = shrunk[0].posterior.expect("units differ");
        let interval = law.interval(0.95).expect("a level");
        assert!(near(law.a, 5.121078596104976) && near(law.b, 7.961884479629001));
        assert!(near(law.standard_deviation(), 0.1300575356475723), "{}", law.standard_deviation());
        assert!((interval.low - 0.15724266).abs() < 1e-8 && (interval.high - 0.65699148).abs() < 1e-8, "{interval:?}");
    }

    #[test]
    fn units_that_differ_by_chance_alone_have_the_pooled_mean_and_no_law() {
        for units in [[(4, 5), (8, 10), (80, 100)], [(0, 5), (0, 10), (0, 1)], [(5, 5), (9, 9), (1, 1)]] {
            let units = counts(&units);
            let prior = beta_prior(&units).expect("three units");
            assert_eq!((prior.correlation, prior.strength), (0.0, f64::INFINITY));
            for unit in &units {
                let expected = Shrunk { value: pooled(&units).expect("trials"), weight: 0.0, posterior: None };
                assert_eq!(prior.shrink(*unit), Some(expected));
            }
        }
    }

    #[test]
    fn a_unit_without_trials_has_the_mean_and_moves_nobody() {
        let with = beta_prior(&counts(&[(3, 10), (0, 0), (40, 60), (0, 0)])).expect("two units");
        assert_eq!(Some(with), beta_prior(&counts(&[(3, 10), (40, 60)])));
        let shrunk = with.shrink(Counts { successes: 0, trials: 0 }).expect("sound");
        assert_eq!((shrunk.value, shrunk.weight), (with.mean, 0.0));
        let law = shrunk.posterior.expect("units differ");
        assert_eq!((law.a, law.b), (with.strength * with.mean, with.strength * (1.0 - with.mean)));
    }

    #[test]
    fn one_unit_single_trials_and_unsound_counts_have_no_law() {
        for units in [&[(3, 10)][..], &[(3, 10), (0, 0)], &[], &[(0, 0), (0, 0)], &[(1, 1), (0, 1), (1, 1)], &[(3, 10), (11, 10)]] {
            assert_eq!(beta_prior(&counts(units)), None, "{units:?}");
        }
        let prior = beta_prior(&counts(&[(3, 10), (40, 60)])).expect("two units");
        assert_eq!(prior.shrink(Counts { successes: 11, trials: 10 }), None);
    }

    #[test]
    fn units_of_all_or_nothing_keep_their_own_value_almost() {
        let units = counts(&[(10, 10), (0, 10), (10, 10), (0, 10)]);
        let prior = beta_prior(&units).expect("four units");
        assert_eq!(prior.correlation, HIGHEST_CORRELATION);
        let shrunk = prior.shrink(units[0]).expect("sound");
        assert!(shrunk.value < 1.0 && shrunk.value > 1.0 - 1e-6 && shrunk.weight > 1.0 - 1e-6);
        let interval = shrunk.posterior.expect("units differ").interval(0.95).expect("a level");
        assert!(interval.low > 0.999, "{interval:?}");
    }

    #[test]
    fn marshalls_estimate_agrees_with_the_formula_in_numpy() {
        // numpy and scipy 1.17.1, as in spdep's EBest; posterior by scipy.stats.gamma.
        let units = rates(&[(3, 10.0), (40, 60.5), (9, 30.0), (120, 200.0)]);
        let prior = gamma_prior(&units).expect("four units");
        assert!(near(prior.mean, 0.5723793677204659) && near(prior.variance, 0.004351122372490984), "{prior:?}");
        let shrunk: Vec<_> = units.iter().map(|unit| prior.shrink(*unit).expect("sound")).collect();
        for (found, value, weight) in [
            (shrunk[0], 0.55313641, 0.07064765),
            (shrunk[1], 0.60034666, 0.31502619),
            (shrunk[2], 0.52179747, 0.18570387),
            (shrunk[3], 0.58904101, 0.60323177),
        ] {
            assert!((found.value - value).abs() < 1e-8 && (found.weight - weight).abs() < 1e-8, "{found:?}");
        }
        let law = shrunk[0].posterior.expect("units differ");
        let interval = law.interval(0.95).expect("a level");
        assert!(near(law.shape, 78.29508769125276) && near(law.rate, 141.5475223908224));
        assert!(near(law.standard_deviation(), 0.06251222908746334));
        assert!((interval.low - 0.43743687).abs() < 1e-8 && (interval.high - 0.68220642).abs() < 1e-8, "{interval:?}");
    }

    #[test]
    fn rates_that_differ_less_than_chance_have_the_pooled_rate_and_no_law() {
        for units in [[(2, 1.0), (4, 2.0), (10, 5.0)], [(2, 1.0), (3, 2.0), (11, 5.0)], [(0, 1.0), (0, 2.0), (0, 5.0)]] {
            let units = rates(&units);
            let prior = gamma_prior(&units).expect("three units");
            assert_eq!(prior.variance, 0.0);
            for unit in &units {
                assert_eq!(prior.shrink(*unit), Some(Shrunk { value: prior.mean, weight: 0.0, posterior: None }));
            }
        }
    }

    #[test]
    fn a_unit_without_exposure_has_the_mean_rate_and_moves_nobody() {
        let with = gamma_prior(&rates(&[(3, 10.0), (0, 0.0), (60, 60.0)])).expect("two units");
        assert_eq!(Some(with), gamma_prior(&rates(&[(3, 10.0), (60, 60.0)])));
        let shrunk = with.shrink(Rate { events: 0, exposure: 0.0 }).expect("sound");
        assert_eq!((shrunk.value, shrunk.weight), (with.mean, 0.0));
        assert!(shrunk.posterior.is_some());
    }

    #[test]
    fn one_rate_and_unsound_rates_have_no_law() {
        for units in
            [&[(3, 10.0)][..], &[(3, 10.0), (0, 0.0)], &[(3, 10.0), (1, 0.0)], &[(3, 10.0), (1, -2.0)], &[(3, 10.0), (1, f64::NAN)]]
        {
            assert_eq!(gamma_prior(&rates(units)), None, "{units:?}");
        }
        let prior = gamma_prior(&rates(&[(3, 10.0), (60, 60.0)])).expect("two units");
        assert_eq!(prior.shrink(Rate { events: 1, exposure: 0.0 }), None);
    }

    /// SplitMix64 (Steele and others 2014): enough for a simulation, and the same for ever.
    struct Random(u64);

    impl Random {
        fn share(&mut self) -> f64 {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            (((mixed ^ (mixed >> 31)) >> 11) as f64 + 0.5) / (1u64 << 53) as f64
        }
    }

    #[test]
    fn posterior_intervals_cover_the_truth_as_often_as_they_say() {
        // Truth: Beta(8, 2), so M = 10 and ρ = 1/11. 40 provinces of 150 units with 5 to 60 trials: 6,000 intervals, so that one standard
        // error is 0.0028 at 95 % and 0.0052 at 80 %. The tolerance is 3.5 of them. Over many provinces
        // the rates are 0.9475 and 0.796 (numpy): the prior is estimated.
        let mut random = Random(1);
        let (mut covered, mut correlation) = ([0usize; 2], 0.0);
        for _ in 0..40 {
            let truths: Vec<f64> = (0..150).map(|_| beta_low(random.share(), 8.0, 2.0)).collect();
            let mut draw = |truth: &f64| {
                let trials = 5 + (random.share() * 56.0) as u64;
                Counts { successes: (0..trials).filter(|_| random.share() < *truth).count() as u64, trials }
            };
            let units: Vec<Counts> = truths.iter().map(&mut draw).collect();
            let prior = beta_prior(&units).expect("many units");
            correlation += prior.correlation / 40.0;
            for (unit, truth) in units.iter().zip(&truths) {
                let law = prior.shrink(*unit).and_then(|shrunk| shrunk.posterior).expect("units differ");
                for (count, level) in covered.iter_mut().zip([0.95, 0.8]) {
                    let interval = law.interval(level).expect("a level");
                    *count += usize::from(interval.low <= *truth && *truth <= interval.high);
                }
            }
        }
        let [wide, narrow] = covered.map(|count| count as f64 / 6_000.0);
        assert!((wide - 0.95).abs() < 3.5 * 0.0028 && (narrow - 0.8).abs() < 3.5 * 0.0052, "{wide} {narrow}");
        assert!((correlation - 1.0 / 11.0).abs() < 0.005, "{correlation}");
    }

    fn some_counts() -> impl Strategy<Value = Vec<Counts>> {
        let unit = (0u64..200, 0u64..200).prop_map(|(successes, failures)| Counts { successes, trials: successes + failures });
        proptest::collection::vec(unit, 2..20)
    }

    fn some_rates() -> impl Strategy<Value = Vec<Rate>> {
        let unit = (0u64..200, 0.1..500.0).prop_map(|(events, exposure)| Rate { events, exposure });
        proptest::collection::vec(unit, 2..20)
    }

    proptest! {
        #[test]
        fn a_shrunk_value_lies_between_the_raw_one_and_the_mean_and_nearer_with_more_trials(units in some_counts()) {
            let Some(prior) = beta_prior(&units) else { return Ok(()) };
            for unit in &units {
                let shrunk = prior.shrink(*unit).expect("sound");
                let raw = unit.proportion().unwrap_or(prior.mean);
                prop_assert!(raw.min(prior.mean) <= shrunk.value && shrunk.value <= raw.max(prior.mean));
                let twice = prior.shrink(Counts { successes: unit.successes * 2, trials: unit.trials * 2 }).expect("sound");
                prop_assert!((twice.value - raw).abs() <= (shrunk.value - raw).abs() + 1e-15);
                prop_assert!((0.0..1.0).contains(&shrunk.weight) && twice.weight >= shrunk.weight);
                let mixed = shrunk.weight * raw + (1.0 - shrunk.weight) * prior.mean;
                prop_assert!((shrunk.value - mixed).abs() < 1e-12);
            }
        }

        #[test]
        fn a_shrunk_rate_lies_between_the_raw_one_and_the_mean(units in some_rates()) {
            let prior = gamma_prior(&units).expect("exposed");
            for unit in &units {
                let (shrunk, raw) = (prior.shrink(*unit).expect("sound"), unit.events as f64 / unit.exposure);
                prop_assert!(raw.min(prior.mean) <= shrunk.value && shrunk.value <= raw.max(prior.mean));
                let mixed = shrunk.weight * raw + (1.0 - shrunk.weight) * prior.mean;
                prop_assert!((shrunk.value - mixed).abs() <= 1e-12 * (1.0 + raw));
            }
        }

        #[test]
        fn neither_law_depends_on_the_order_of_units(
            (counts, other_counts) in some_counts().prop_flat_map(|units| (Just(units.clone()), Just(units).prop_shuffle())),
            (rates, other_rates) in some_rates().prop_flat_map(|units| (Just(units.clone()), Just(units).prop_shuffle())),
        ) {
            // Equal to the last bit: no field is a zero of either sign or not a number.
            prop_assert_eq!(beta_prior(&counts), beta_prior(&other_counts));
            prop_assert_eq!(gamma_prior(&rates), gamma_prior(&other_rates));
        }

        #[test]
        fn a_posterior_interval_widens_with_the_level_around_the_median(a in 0.5..300.0, b in 0.5..300.0, level in 0.5..0.99) {
            let (beta, gamma) = (BetaLaw { a, b }, GammaLaw { shape: a, rate: b });
            let both = |level| [beta.interval(level), gamma.interval(level)].map(|interval| interval.expect("a level"));
            for (narrow, wide) in both(level).into_iter().zip(both(level + 0.009)) {
                prop_assert!(wide.low < narrow.low && narrow.low < narrow.high && narrow.high < wide.high);
            }
        }
    }
}
