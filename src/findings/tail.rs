//! Exact upper tails of counts, and the correction for many tests.
//!
//! In: counts, rates, probabilities. Out: probabilities and q-values. Never here: units, thresholds, data.

/// Logarithm of the gamma function (Lanczos, g = 7, nine terms: about fifteen digits for x > 0).
fn ln_gamma(x: f64) -> f64 {
    const TERMS: [f64; 9] = [
        0.999_999_999_999_809_9,
        676.520_368_121_885_1,
        -1_259.139_216_722_402_8,
        771.323_428_777_653_1,
        -176.615_029_162_140_6,
        12.507_343_278_686_905,
        -0.138_571_095_265_720_12,
        9.984_369_578_019_572e-6,
        1.505_632_735_149_311_6e-7,
    ];
    if x < 0.5 {
        return (std::f64::consts::PI / (std::f64::consts::PI * x).sin()).ln() - ln_gamma(1.0 - x);
    }
    let x = x - 1.0;
    let sum = TERMS.iter().enumerate().skip(1).fold(TERMS[0], |sum, (index, term)| sum + term / (x + index as f64));
    let t = x + 7.5;
    0.5 * (2.0 * std::f64::consts::PI).ln() + (x + 0.5) * t.ln() - t + sum.ln()
}

fn ln_beta(a: f64, b: f64) -> f64 {
    ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b)
}

fn ln_choose(n: u64, k: u64) -> f64 {
    ln_gamma(n as f64 + 1.0) - ln_gamma(k as f64 + 1.0) - ln_gamma((n - k) as f64 + 1.0)
}

/// P(X ≥ k) where X counts successes in `n` draws whose rate varies between units: mean `rate`, intra-unit correlation `rho`
/// (0 = every unit alike, the binomial).
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
    // The smallest terms are added first, so that none is lost.
    (k..=n).rev().map(|x| ln_probability(x).exp()).sum::<f64>().min(1.0)
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
