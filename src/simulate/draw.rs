//! Random draws that are the same for the same request, in whatever order months are generated.
//!
//! In: the seed, a name and the numbers that say what is being drawn (unit, month). Out: a [`Stream`] of its own for each.
//! Never here: the system's randomness, the clock.

use rand::{Rng, RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// One independent stream of draws.
pub(super) struct Stream(ChaCha8Rng);

impl Stream {
    /// The stream named `name` for the thing that `parts` identify.
    pub fn new(seed: u64, name: &str, parts: &[u64]) -> Self {
        Self(ChaCha8Rng::from_seed(digest(seed, name, parts)))
    }

    /// The stream of `what` about the record `id`: for rows that hang on another, so that the draws of that one stay as they are.
    pub fn about(seed: u64, what: &str, id: &str) -> Self {
        Self::new(seed, &format!("{what} {id}"), &[])
    }

    /// True with probability `p`.
    pub fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// A number in [0, 1).
    pub fn unit(&mut self) -> f64 {
        (self.0.next_u32() as f64) / 4_294_967_296.0
    }

    /// A whole number in `low..=high`.
    pub fn between(&mut self, low: i32, high: i32) -> i32 {
        if high <= low { low } else { low + (self.unit() * f64::from(high - low + 1)) as i32 }
    }

    /// An index below `length` (0 for an empty range).
    pub fn below(&mut self, length: usize) -> usize {
        if length == 0 { 0 } else { self.0.random_range(0..length) }
    }

    /// The index of one of `weights`, in proportion.
    pub fn weighted(&mut self, weights: &[f64]) -> usize {
        let mut left = self.unit() * weights.iter().sum::<f64>();
        for (index, weight) in weights.iter().enumerate() {
            left -= weight;
            if left < 0.0 {
                return index;
            }
        }
        weights.len() - 1
    }

    /// One of the labels, in proportion to the numbers beside them.
    pub fn choose(&mut self, values: &[(&'static str, f64)]) -> &'static str {
        let mut left = self.unit() * values.iter().map(|(_, weight)| weight).sum::<f64>();
        for (value, weight) in values {
            left -= weight;
            if left < 0.0 {
                return value;
            }
        }
        values[values.len() - 1].0
    }

    /// A draw with mean 0 and deviation 1.
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// How many of `of` things turn out well when each does with probability `p`.
    pub fn successes(&mut self, of: i32, p: f64) -> i32 {
        (0..of).filter(|_| self.chance(p)).count() as i32
    }

    /// A count with mean `mean`.
    pub fn poisson(&mut self, mean: f64) -> usize {
        if mean <= 0.0 {
            return 0;
        }
        if mean > 60.0 {
            return (mean + mean.sqrt() * self.normal()).round().max(0.0) as usize;
        }
        let (mut count, mut product, limit) = (0, self.unit(), (-mean).exp());
        while product > limit {
            product *= self.unit();
            count += 1;
        }
        count
    }
}

/// 32 bytes that depend on nothing but the arguments.
fn digest(seed: u64, name: &str, parts: &[u64]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&seed.to_le_bytes()).update(name.as_bytes());
    for part in parts {
        hasher.update(&part.to_le_bytes());
    }
    *hasher.finalize().as_bytes()
}

/// A cheap number that depends on nothing but the arguments: for attributes of things that are not kept in memory.
pub(super) fn hash_of(seed: u64, what: u64, index: u64) -> u64 {
    let mut z = seed ^ what.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ index.wrapping_mul(0xD1B5_4A32_D192_ED03);
    for constant in [0xBF58_476D_1CE4_E5B9, 0x94D0_49BB_1331_11EB] {
        z = (z ^ (z >> 30)).wrapping_mul(constant);
    }
    z ^ (z >> 31)
}

/// [`hash_of`] as a number in [0, 1).
pub(super) fn share_of(seed: u64, what: u64, index: u64) -> f64 {
    (hash_of(seed, what, index) >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_depends_only_on_what_names_it() {
        let draw = |seed, name, parts: &[u64]| Stream::new(seed, name, parts).unit();
        assert_eq!(draw(1, "cases", &[3, 4]), draw(1, "cases", &[3, 4]));
        assert_ne!(draw(1, "cases", &[3, 4]), draw(1, "cases", &[4, 3]));
        assert_ne!(draw(1, "cases", &[3, 4]), draw(2, "cases", &[3, 4]));
    }

    #[test]
    fn counts_have_the_mean_they_are_asked_for() {
        for mean in [0.4, 7.0, 300.0] {
            let mut stream = Stream::new(7, "poisson", &[]);
            let total: usize = (0..2_000).map(|_| stream.poisson(mean)).sum();
            assert!((total as f64 / 2_000.0 / mean - 1.0).abs() < 0.1, "{mean}: {total}");
        }
    }
}
