//! Exact upper tails of counts, and the correction for many tests.
//!
//! In: counts, rates, probabilities. Out: probabilities and q-values. Never here: units, thresholds, data.

use std::collections::BTreeMap;

use statrs::function::beta::beta_reg;
use statrs::function::erf::erfc;
use statrs::function::gamma::{gamma_lr, gamma_ur, ln_gamma};

use crate::statistics::proportion::DEVIATE_95;

/// How rates of honest units are distributed: their logits are normal around a centre. `spread` is above 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Logits {
    /// Mean of the logits.
    pub centre: f64,
    /// Their standard deviation.
    pub spread: f64,
}

/// ln(p ÷ (1 − p)).
pub fn logit(p: f64) -> f64 {
    (p / (1.0 - p)).ln()
}

/// The rate of a logit.
pub fn rate_of(logit: f64) -> f64 {
    1.0 / (1.0 + (-logit).exp())
}

impl Logits {
    /// Logarithm of the probability of `k` of `n`, but for a part that depends on `k` and `n` alone: the binomial, integrated over the
    /// rates around the point where the integrand is highest.
    pub fn ln_likelihood(self, k: u64, n: u64) -> f64 {
        let (k, n) = (k as f64, n as f64);
        let ln_binomial = |x: f64| k * x - n * if x > 0.0 { x + (-x).exp().ln_1p() } else { x.exp().ln_1p() };
        let (mut z, mut curvature) = (0.0_f64, 1.0);
        for _ in 0..12 {
            let p = rate_of(self.centre + self.spread * z);
            let slope = self.spread * (k - n * p) - z;
            curvature = 1.0 + self.spread * self.spread * n * p * (1.0 - p);
            let step = (slope / curvature).clamp(-2.0, 2.0);
            z += step;
            if step.abs() < 1e-6 {
                break;
            }
        }
        let width = 1.0 / curvature.sqrt();
        let at = |t: f64| {
            let z = z + width * t;
            ln_binomial(self.centre + self.spread * z) - z * z / 2.0
        };
        let highest = at(0.0);
        let sum: f64 = (-8..=8).map(|step| (at(f64::from(step) * 0.5) - highest).exp()).sum();
        highest + (sum * 0.5 * width / (2.0 * std::f64::consts::PI).sqrt()).ln()
    }

    /// P(X ≥ k) of `n`: the binomial tail, integrated over the rates.
    pub fn upper_tail(self, k: u64, n: u64) -> f64 {
        if k == 0 {
            return 1.0;
        }
        if k > n {
            return 0.0;
        }
        const STEP: f64 = 0.1;
        let (a, b) = (k as f64, (n - k) as f64 + 1.0);
        let at = |step: i32| {
            let z = f64::from(step) * STEP;
            let p = rate_of(self.centre + self.spread * z).clamp(1e-12, 1.0 - 1e-12);
            (-z * z / 2.0).exp() * beta_reg(a, b, p)
        };
        ((-60..=75).map(at).sum::<f64>() * STEP / (2.0 * std::f64::consts::PI).sqrt()).min(1.0)
    }

    /// P(X ÷ n > share), quickly: sampling error and spread as one normal law of the logit.
    pub fn above(self, share: f64, n: u64) -> f64 {
        if share <= 0.0 {
            return 1.0 - self.ln_likelihood(0, n).exp();
        }
        if share >= 1.0 {
            return 0.0;
        }
        let error = 1.0 / (n.max(1) as f64 * share * (1.0 - share));
        let z = (logit(share) - self.centre) / (self.spread * self.spread + error).sqrt();
        0.5 * erfc(z / std::f64::consts::SQRT_2)
    }
}

/// Pearson's X² of counts against expected shares, all of them above 0.
pub fn chi_squared(counts: &[u64], expected: &[f64]) -> f64 {
    let n = counts.iter().sum::<u64>() as f64;
    counts.iter().zip(expected).map(|(count, share)| (*count as f64 - n * share).powi(2) / (n * share)).sum()
}

/// P(X ≤ x) of a χ² with so many degrees of freedom.
pub fn chi_squared_lower_tail(x: f64, degrees: f64) -> f64 {
    if x <= 0.0 || degrees <= 0.0 { 0.0 } else { gamma_lr(degrees / 2.0, x / 2.0) }
}

/// P(X ≥ x) of a χ² with so many degrees of freedom.
pub fn chi_squared_upper_tail(x: f64, degrees: f64) -> f64 {
    if x <= 0.0 || degrees <= 0.0 { 1.0 } else { gamma_ur(degrees / 2.0, x / 2.0) }
}

/// Rows of one kind, of which some were drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drawn {
    /// Odd rows among those drawn.
    pub odd: u64,
    /// Rows drawn.
    pub drawn: u64,
    /// Odd rows.
    pub all_odd: u64,
    /// All rows.
    pub all: u64,
}

/// P(as many odd rows or more among those drawn, over all strata together) when in each stratum the rows are drawn at random: the sum of independent
/// hypergeometric counts, exactly. With one stratum that is the tail of Fisher's exact test; with several, of the exact test of a common odds ratio
/// of 1 (Birch 1964; Mantel & Haenszel 1959 is its approximation).
pub fn stratified_upper_tail(strata: &[Drawn]) -> f64 {
    let ln_choose = |n: u64, k: u64| ln_gamma(n as f64 + 1.0) - ln_gamma(k as f64 + 1.0) - ln_gamma((n - k) as f64 + 1.0);
    let (mut law, mut least_of_all, mut observed) = (vec![1.0_f64], 0, 0);
    for &Drawn { odd, drawn, all_odd, all } in strata {
        let least = (drawn + all_odd).saturating_sub(all);
        let term = |k: u64| (ln_choose(all_odd, k) + ln_choose(all - all_odd, drawn - k) - ln_choose(all, drawn)).exp();
        let terms: Vec<f64> = (least..=drawn.min(all_odd)).map(term).collect();
        let mut sums = vec![0.0; law.len() + terms.len() - 1];
        for (place, so_far) in law.iter().enumerate() {
            terms.iter().enumerate().for_each(|(more, term)| sums[place + more] += so_far * term);
        }
        law = sums;
        least_of_all += least;
        observed += odd;
    }
    law.iter().skip(observed.saturating_sub(least_of_all) as usize).sum::<f64>().min(1.0)
}

/// The common odds ratio of the strata, with 95 % limits (Mantel & Haenszel 1959; Robins, Breslow & Greenland 1986); nothing where it is not finite.
pub fn common_odds_ratio(strata: &[Drawn]) -> (Option<f64>, Option<(f64, f64)>) {
    let (mut r, mut s, mut pr, mut mixed, mut qs) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for &Drawn { odd, drawn, all_odd, all } in strata {
        let [a, b, c] = [odd, drawn - odd, all_odd - odd].map(|count| count as f64);
        let (n, d) = (all as f64, (all - drawn - (all_odd - odd)) as f64);
        let (p, q) = ((a + d) / n, (b + c) / n);
        let (with, against) = (a * d / n, b * c / n);
        r += with;
        s += against;
        pr += p * with;
        mixed += p * against + q * with;
        qs += q * against;
    }
    if s == 0.0 {
        return (None, None);
    }
    let ratio = r / s;
    if r == 0.0 {
        return (Some(ratio), None);
    }
    let reach = DEVIATE_95 * (pr / (2.0 * r * r) + mixed / (2.0 * r * s) + qs / (2.0 * s * s)).sqrt();
    (Some(ratio), Some((ratio * (-reach).exp(), ratio * reach.exp())))
}

/// Benjamini–Hochberg: for each p the smallest false-discovery rate at which it would be reported, in the order given.
pub fn benjamini_hochberg(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|one, two| p[*one].total_cmp(&p[*two]).then(one.cmp(two)));
    let mut q = vec![1.0; p.len()];
    let mut smallest: f64 = 1.0;
    for (place, index) in order.iter().enumerate().rev() {
        smallest = smallest.min(p[*index] * p.len() as f64 / (place + 1) as f64);
        q[*index] = smallest;
    }
    q
}

/// The same where what is reported is a group of tests: a group is as improbable as its least p, corrected for how many it has (Šidák 1967); the procedure
/// runs over the groups, and a test gets the q that a group of its own, corrected p would have. `tests` are (group, p); the answer in their order.
pub fn benjamini_hochberg_of_groups(tests: &[(usize, f64)]) -> Vec<f64> {
    let mut sizes: BTreeMap<usize, i32> = BTreeMap::new();
    tests.iter().for_each(|(group, _)| *sizes.entry(*group).or_default() += 1);
    let own: Vec<f64> = tests.iter().map(|(group, p)| -(f64::from(sizes[group]) * (-p).ln_1p()).exp_m1()).collect();
    let mut least: BTreeMap<usize, f64> = BTreeMap::new();
    for ((group, _), p) in tests.iter().zip(&own) {
        least.entry(*group).and_modify(|so_far| *so_far = so_far.min(*p)).or_insert(*p);
    }
    let groups: Vec<f64> = least.into_values().collect();
    let of_groups = benjamini_hochberg(&groups);
    let mut steps: Vec<(f64, f64)> = groups.iter().copied().zip(of_groups).collect();
    steps.sort_by(|one, two| one.0.total_cmp(&two.0));
    let q = |p: &f64| {
        let below = steps.partition_point(|(step, _)| step <= p);
        let itself = p * steps.len() as f64 / below.max(1) as f64;
        steps.get(below).map_or(itself, |(_, next)| next.min(itself)).min(1.0)
    };
    own.iter().map(q).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: f64, expected: f64) -> bool {
        (found - expected).abs() <= 1e-9 * expected.max(1e-3)
    }

    /// Sum of the binomial's terms.
    fn binomial_tail(k: u64, n: u64, p: f64) -> f64 {
        (k..=n).map(|x| (ln_choose(n, x) + x as f64 * p.ln() + (n - x) as f64 * (1.0 - p).ln()).exp()).sum()
    }

    fn ln_choose(n: u64, k: u64) -> f64 {
        ln_gamma(n as f64 + 1.0) - ln_gamma(k as f64 + 1.0) - ln_gamma((n - k) as f64 + 1.0)
    }

    #[test]
    fn tails_have_their_ends() {
        let logits = Logits { centre: 0.0, spread: 0.5 };
        assert_eq!((logits.upper_tail(0, 10), logits.upper_tail(11, 10), logits.above(1.0, 10)), (1.0, 0.0, 0.0));
        assert!((logits.upper_tail(5, 9) - 0.5).abs() < 1e-6, "what is symmetric has its half on either side");
    }

    #[test]
    fn rates_with_hardly_any_spread_give_the_binomial_and_a_tail_is_the_sum_of_its_terms() {
        let still = Logits { centre: logit(0.3), spread: 1e-3 };
        assert!((still.upper_tail(18, 40) - binomial_tail(18, 40, 0.3)).abs() < 1e-6);
        let wide = Logits { centre: logit(0.1), spread: 0.8 };
        let terms: f64 = (12..=40).map(|k| (ln_choose(40, k) + wide.ln_likelihood(k, 40)).exp()).sum();
        assert!((wide.upper_tail(12, 40) / terms - 1.0).abs() < 1e-4, "{} {terms}", wide.upper_tail(12, 40));
        assert!((wide.above(0.2, 500) - wide.upper_tail(101, 500)).abs() < 0.01);
    }

    #[test]
    fn a_chi_squared_has_the_quantiles_of_the_tables() {
        assert!((chi_squared_lower_tail(1.145, 5.0) - 0.05).abs() < 1e-3);
        assert!((chi_squared_lower_tail(18.493, 30.0) - 0.05).abs() < 1e-4);
        assert_eq!(chi_squared_lower_tail(0.0, 5.0), 0.0);
    }

    #[test]
    fn both_tails_of_a_chi_squared_are_one_together() {
        assert!((chi_squared_upper_tail(16.919, 9.0) - 0.05).abs() < 1e-4);
        assert!((chi_squared_upper_tail(7.0, 9.0) + chi_squared_lower_tail(7.0, 9.0) - 1.0).abs() < 1e-12);
    }

    fn drawn(odd: u64, drawn: u64, all_odd: u64, all: u64) -> Drawn {
        Drawn { odd, drawn, all_odd, all }
    }

    #[test]
    fn the_tail_of_one_stratum_is_that_of_the_tea_tasting() {
        // Eight cups, four of each; all four named rightly: 1 of 70; three or more: 17 of 70 (Fisher 1935).
        let tail = |odd, n, all_odd, all| stratified_upper_tail(&[drawn(odd, n, all_odd, all)]);
        assert!((tail(4, 4, 4, 8) - 1.0 / 70.0).abs() < 1e-9);
        assert!((tail(3, 4, 4, 8) - 17.0 / 70.0).abs() < 1e-9);
        assert!((tail(0, 4, 4, 8) - 1.0).abs() < 1e-9);
        assert!((tail(2, 6, 4, 8) - 1.0).abs() < 1e-9, "at least two of six must be odd when two of eight are not drawn");
    }

    #[test]
    fn strata_add_up_and_what_differs_between_them_is_no_difference_within() {
        // Two tastings, all right in both: 1 of 70 twice.
        let twice = stratified_upper_tail(&[drawn(4, 4, 4, 8), drawn(4, 4, 4, 8)]);
        assert!((twice * 70.0 * 70.0 - 1.0).abs() < 1e-6);
        // A lenient officer (16 of 20, and 16 of 20 others) and a strict one (0 of 3, and 4 of 200 others): pooled 16 of 23 against 20 of 220.
        let (lenient, strict) = (drawn(16, 20, 32, 40), drawn(0, 3, 4, 203));
        assert!(stratified_upper_tail(&[drawn(16, 23, 36, 243)]) < 1e-8);
        assert!(stratified_upper_tail(&[lenient, strict]) > 0.5);
        let (ratio, limits) = common_odds_ratio(&[lenient, strict]);
        let (low, high) = limits.expect("finite odds");
        assert!(ratio.is_some_and(|ratio| ratio < 1.0) && low < 1.0 && high > 1.0);
    }

    #[test]
    fn the_common_odds_ratio_of_one_table_is_its_own_with_woolfs_limits() {
        // (10/5) ÷ (4/16) = 8; ln has the variance 1/10 + 1/5 + 1/4 + 1/16.
        let (ratio, limits) = common_odds_ratio(&[drawn(10, 15, 14, 35)]);
        assert!((ratio.expect("finite odds") - 8.0).abs() < 1e-9);
        let reach = DEVIATE_95 * (0.1_f64 + 0.2 + 0.25 + 0.0625).sqrt();
        let (low, high) = limits.expect("finite odds");
        assert!((low - 8.0 * (-reach).exp()).abs() < 1e-9 && (high - 8.0 * reach.exp()).abs() < 1e-9);
        assert_eq!(common_odds_ratio(&[drawn(5, 5, 9, 20)]).0, None);
    }

    #[test]
    fn one_group_of_tests_counts_by_its_least_p_times_their_number() {
        // Groups of 1, 2 and 1 tests: least adjusted p 0.01, 1 − 0.99² = 0.0199, 0.5.
        let q = benjamini_hochberg_of_groups(&[(0, 0.01), (1, 0.01), (1, 0.9), (2, 0.5)]);
        assert!(near(q[0], 0.0199 * 3.0 / 2.0) && near(q[1], 0.0199 * 3.0 / 2.0) && near(q[3], 0.5), "{q:?}");
        // The second test of a group has the q of a group with its own p.
        assert!(q[2] > 0.9);
        // One test a group: the plain procedure.
        let p = [0.01, 0.04, 0.03, 0.005];
        let alone: Vec<(usize, f64)> = p.iter().copied().enumerate().collect();
        assert!(benjamini_hochberg(&p).iter().zip(benjamini_hochberg_of_groups(&alone)).all(|(one, other)| near(*one, other)));
    }

    #[test]
    fn q_values_are_those_of_the_stepped_procedure() {
        let q = benjamini_hochberg(&[0.01, 0.04, 0.03, 0.005]);
        assert!([0.02, 0.04, 0.04, 0.02].iter().zip(&q).all(|(expected, found)| near(*found, *expected)), "{q:?}");
        assert_eq!(benjamini_hochberg(&[]), Vec::<f64>::new());
    }

    #[test]
    fn a_larger_p_never_has_a_smaller_q() {
        let q = benjamini_hochberg(&[0.9, 0.001, 0.5, 0.02, 0.02]);
        assert!(q[1] <= q[3] && q[3] == q[4] && q[3] <= q[2] && q[2] <= q[0]);
    }
}
