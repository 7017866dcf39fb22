//! Random numbers of the bootstrap: rates of duties and medians of fines.
//!
//! In: a stream of random bits. Out: draws of named laws, the same on every machine. Never here: weights, indices; the platform's
//! logarithm, whose last digit differs between machines.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::RngCore;

use crate::statistics::ranks::standard_normal;

/// Between 0 and 1, never either.
fn uniform(random: &mut ChaCha8Rng) -> f64 {
    // 52 bits and a half: exact.
    ((random.next_u64() >> 12) as f64 + 0.5) / (1_u64 << 52) as f64
}

/// Gamma with scale 1. Source: Marsaglia, Tsang 2000, ACM TOMS 26:363; below a shape of 1 by their Γ(a) = Γ(a + 1)·U^(1/a).
fn gamma(random: &mut ChaCha8Rng, shape: f64) -> f64 {
    if shape < 1.0 {
        let power = libm::pow(uniform(random), 1.0 / shape);
        return gamma(random, shape + 1.0) * power;
    }
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let x = standard_normal(random);
        let root = 1.0 + c * x;
        if root <= 0.0 {
            continue;
        }
        let (v, u, x2) = (root * root * root, uniform(random), x * x);
        // The first condition implies the second and needs no logarithm.
        if u < 1.0 - 0.0331 * x2 * x2 || libm::log(u) < 0.5 * x2 + d * (1.0 - v + libm::log(v)) {
            return d * v;
        }
    }
}

/// Beta(a, b), a and b positive.
pub(super) fn beta(random: &mut ChaCha8Rng, a: f64, b: f64) -> f64 {
    let (x, y) = (gamma(random, a), gamma(random, b));
    // Both are too small for a number only where a and b are: then the mean is as good.
    if x + y > 0.0 { x / (x + y) } else { a / (a + b) }
}

/// The median of as many of these sorted values drawn with replacement.
///
/// The draws are n uniform places between 0 and 1, and only the middle one of them is needed: the m-th of n is Beta(m, n + 1 − m), and the
/// next one lies above it like the least of the n − m that are left. So a replicate costs the same for twenty fines as for a million.
/// Source: David, Nagaraja 2003, Order Statistics, 2.1 and 2.5; the bootstrap of a median by order statistics: Maritz, Jarrett 1978, JASA
/// 73:194.
pub(super) fn resampled_median(random: &mut ChaCha8Rng, sorted: &[f64]) -> f64 {
    let n = sorted.len();
    let value = |place: f64| sorted[((place * n as f64) as usize).min(n - 1)];
    let middle = n.div_ceil(2);
    let place = beta(random, middle as f64, (n + 1 - middle) as f64);
    if n % 2 == 1 {
        return value(place);
    }
    let above = libm::pow(uniform(random), 1.0 / (n - middle) as f64);
    (value(place) + value(1.0 - (1.0 - place) * above)) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::indices::bootstrap::stream;

    /// Mean and variance of many draws.
    fn moments(draws: usize, mut draw: impl FnMut() -> f64) -> (f64, f64) {
        let values: Vec<f64> = (0..draws).map(|_| draw()).collect();
        let mean = values.iter().sum::<f64>() / draws as f64;
        (mean, values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / draws as f64)
    }

    #[test]
    fn beta_draws_have_the_mean_and_the_variance_of_their_law() {
        let mut random = stream(3, "beta");
        for (a, b) in [(0.5, 0.5), (5.5, 0.5), (0.02, 7.0), (40.0, 3.0)] {
            let (mean, variance) = moments(200_000, || beta(&mut random, a, b));
            let (true_mean, true_variance) = (a / (a + b), a * b / ((a + b) * (a + b) * (a + b + 1.0)));
            // Five standard errors of the mean; the variance of so skew a law as the third is known to a tenth.
            assert!((mean - true_mean).abs() < 5.0 * (true_variance / 200_000.0_f64).sqrt(), "{a} {b}: {mean}");
            assert!((variance / true_variance - 1.0).abs() < 0.1, "{a} {b}: {variance}");
        }
    }

    /// Share of each median among all nⁿ resamples, counted one by one.
    fn enumerated(sorted: &[f64]) -> Vec<(f64, f64)> {
        let n = sorted.len();
        let all = n.pow(n as u32);
        let mut medians: Vec<f64> = (0..all)
            .map(|number| {
                let mut drawn: Vec<f64> = (0..n).map(|place| sorted[number / n.pow(place as u32) % n]).collect();
                drawn.sort_by(f64::total_cmp);
                (drawn[(n - 1) / 2] + drawn[n / 2]) / 2.0
            })
            .collect();
        medians.sort_by(f64::total_cmp);
        medians.chunk_by(|a, b| a == b).map(|same| (same[0], same.len() as f64 / all as f64)).collect()
    }

    #[test]
    fn medians_of_resamples_are_as_frequent_as_among_all_resamples() {
        // Of three values, the outer ones are the median in 7 of 27 resamples each.
        assert!((enumerated(&[0.1, 0.4, 0.8])[0].1 - 7.0 / 27.0).abs() < 1e-12);
        let mut random = stream(3, "median");
        for sorted in [vec![0.1, 0.4, 0.8], vec![0.1, 0.4, 0.8, 2.0], vec![0.1, 0.2, 0.4, 0.8, 1.6, 3.2]] {
            let drawn: Vec<f64> = (0..100_000).map(|_| resampled_median(&mut random, &sorted)).collect();
            for (median, share) in enumerated(&sorted) {
                let found = drawn.iter().filter(|value| (**value - median).abs() < 1e-12).count() as f64 / 100_000.0;
                assert!((found - share).abs() < 0.008, "{sorted:?} {median}: {found} for {share}");
            }
        }
    }
}
