//! Exact upper tails of counts, and the correction for many tests.
//!
//! In: counts, rates, probabilities. Out: probabilities and q-values. Never here: units, thresholds, data.

use statrs::function::beta::beta_reg;
use statrs::function::erf::erfc;
use statrs::function::gamma::{gamma_lr, gamma_ur, ln_gamma};

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

/// P(X ≥ `odd`) when `drawn` of `all` rows are drawn at random and `all_odd` of them are odd: the hypergeometric tail of Fisher's exact test.
pub fn hypergeometric_upper_tail(odd: u64, drawn: u64, all_odd: u64, all: u64) -> f64 {
    let ln_choose = |n: u64, k: u64| ln_gamma(n as f64 + 1.0) - ln_gamma(k as f64 + 1.0) - ln_gamma((n - k) as f64 + 1.0);
    let least = odd.max((drawn + all_odd).saturating_sub(all));
    let most = drawn.min(all_odd);
    let term = |k: u64| (ln_choose(all_odd, k) + ln_choose(all - all_odd, drawn - k) - ln_choose(all, drawn)).exp();
    (least..=most).map(term).sum::<f64>().min(1.0)
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

    #[test]
    fn the_tail_of_fishers_test_is_that_of_the_tea_tasting() {
        // Eight cups, four of each; all four named rightly: 1 of 70; three or more: 17 of 70 (Fisher 1935).
        assert!((hypergeometric_upper_tail(4, 4, 4, 8) - 1.0 / 70.0).abs() < 1e-9);
        assert!((hypergeometric_upper_tail(3, 4, 4, 8) - 17.0 / 70.0).abs() < 1e-9);
        assert!((hypergeometric_upper_tail(0, 4, 4, 8) - 1.0).abs() < 1e-9);
        assert_eq!(hypergeometric_upper_tail(5, 4, 4, 8), 0.0);
        assert!(
            (hypergeometric_upper_tail(2, 6, 4, 8) - 1.0).abs() < 1e-9,
            "at least two of six must be odd when two of eight are not drawn"
        );
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
