//! Exact upper tails of counts, and the correction for many tests.
//!
//! In: counts, rates, probabilities. Out: probabilities and q-values. Never here: units, thresholds, data.

use statrs::function::gamma::{gamma_lr, ln_gamma};

fn ln_beta(a: f64, b: f64) -> f64 {
    ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b)
}

fn ln_choose(n: u64, k: u64) -> f64 {
    ln_gamma(n as f64 + 1.0) - ln_gamma(k as f64 + 1.0) - ln_gamma((n - k) as f64 + 1.0)
}

/// P(X ≥ k) where X counts successes in `n` draws whose rate varies between units: mean `rate`, intra-unit correlation `rho`
/// (0 = every unit alike, the binomial). Terms follow from one another, so that a count costs a few steps and not n logarithms.
pub fn upper_tail(k: u64, n: u64, rate: f64, rho: f64) -> f64 {
    if k == 0 || rate >= 1.0 {
        return 1.0;
    }
    if k > n || rate <= 0.0 {
        return 0.0;
    }
    let size = 1.0 / rho.max(1e-12) - 1.0;
    let (alpha, beta) = (rate * size, (1.0 - rate) * size);
    let ln_probability = |x: u64| {
        let successes = x as f64;
        let failures = (n - x) as f64;
        if rho <= 0.0 {
            ln_choose(n, x) + successes * rate.ln() + failures * (1.0 - rate).ln()
        } else {
            ln_choose(n, x) + ln_beta(successes + alpha, failures + beta) - ln_beta(alpha, beta)
        }
    };
    // P(x + 1) ÷ P(x).
    let step = |x: u64| {
        let (successes, failures) = (x as f64, (n - x) as f64);
        let odds = if rho <= 0.0 { rate / (1.0 - rate) } else { (successes + alpha) / (failures - 1.0 + beta) };
        failures / (successes + 1.0) * odds
    };
    if k as f64 > n as f64 * rate {
        let mut term = ln_probability(k).exp();
        let mut sum = term;
        for x in k..n {
            term *= step(x);
            sum += term;
            if term < sum * LEAST_PART && step(x) < 1.0 {
                break;
            }
        }
        sum.min(1.0)
    } else {
        let mut term = ln_probability(k - 1).exp();
        let mut below = term;
        for x in (0..k - 1).rev() {
            term /= step(x);
            below += term;
            if term < below * LEAST_PART && step(x) > 1.0 {
                break;
            }
        }
        (1.0 - below).clamp(0.0, 1.0)
    }
}

/// A term that adds less than this part of the sum ends it.
const LEAST_PART: f64 = 1e-17;

/// P(X ≤ x) of a χ² with so many degrees of freedom.
pub fn chi_squared_lower_tail(x: f64, degrees: f64) -> f64 {
    if x <= 0.0 || degrees <= 0.0 { 0.0 } else { gamma_lr(degrees / 2.0, x / 2.0) }
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

    #[test]
    fn binomial_tails_are_those_of_the_tables() {
        assert!(near(upper_tail(8, 10, 0.5, 0.0), 56.0 / 1024.0));
        assert!(near(upper_tail(5, 20, 0.1, 0.0), 0.043_174_495_277));
        assert!(near(upper_tail(1, 30, 0.01, 0.0), 1.0 - 0.99_f64.powi(30)));
        assert!(near(upper_tail(10, 10, 0.5, 0.0), 1.0 / 1024.0));
    }

    #[test]
    fn a_uniform_rate_makes_every_count_equally_likely() {
        // alpha = beta = 1 is rate 1/2 with rho 1/3.
        assert!(near(upper_tail(8, 10, 0.5, 1.0 / 3.0), 3.0 / 11.0));
        assert!(near(upper_tail(1, 10, 0.5, 1.0 / 3.0), 10.0 / 11.0));
    }

    #[test]
    fn a_beta_binomial_with_alpha_2_and_beta_3_has_its_known_tail() {
        assert!(near(upper_tail(4, 5, 0.4, 1.0 / 6.0), 1.0 / 6.0));
    }

    #[test]
    fn a_tail_is_the_sum_of_its_terms_on_either_side_of_the_mean() {
        for (n, rate, rho) in [(40, 0.3, 0.0), (40, 0.3, 0.2), (25, 0.05, 0.01), (60, 0.9, 0.4)] {
            let whole: f64 = (0..=n).map(|k| upper_tail(k, n, rate, rho) - upper_tail(k + 1, n, rate, rho)).sum();
            assert!(near(whole, 1.0), "{whole}");
            let mean: f64 = (1..=n).map(|k| upper_tail(k, n, rate, rho)).sum();
            assert!(near(mean, n as f64 * rate), "{mean} of {n} at {rate}, {rho}");
        }
    }

    #[test]
    fn a_chi_squared_has_the_quantiles_of_the_tables() {
        assert!((chi_squared_lower_tail(1.145, 5.0) - 0.05).abs() < 1e-3);
        assert!((chi_squared_lower_tail(18.493, 30.0) - 0.05).abs() < 1e-4);
        assert_eq!(chi_squared_lower_tail(0.0, 5.0), 0.0);
    }

    #[test]
    fn tails_have_their_ends() {
        assert_eq!(upper_tail(0, 10, 0.0, 0.0), 1.0);
        assert_eq!(upper_tail(1, 10, 0.0, 0.0), 0.0);
        assert_eq!(upper_tail(11, 10, 0.5, 0.0), 0.0);
        assert!(near(upper_tail(1, 100_000, 0.5, 0.005), 1.0));
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
