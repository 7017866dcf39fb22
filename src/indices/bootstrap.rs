//! Rao–Wu rescaled bootstrap: which firms weigh how much in one replicate; streams of random numbers by name.
//!
//! In: strata sizes, a seed and a name. Out: weights, the same for the same seed on every machine. Never here: means, indices.
//!
//! In a stratum of n firms, n − 1 are drawn with replacement, and a firm drawn k times weighs k·n/(n − 1). A firm alone in its
//! stratum always weighs 1: it adds no variance, which understates the interval a little.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// A stream of replicates of one named panel.
pub struct Replicates {
    random: ChaCha8Rng,
    sizes: Vec<usize>,
}

impl Replicates {
    /// Replicates for strata of these sizes. Each name has a stream of its own, so that another panel changes nothing here.
    pub fn new(seed: u64, name: &str, sizes: Vec<usize>) -> Self {
        Self { random: stream(seed, name), sizes }
    }

    /// Weights of the next replicate, by stratum and firm.
    pub fn draw(&mut self) -> Vec<Vec<f64>> {
        let sizes = std::mem::take(&mut self.sizes);
        let weights = sizes.iter().map(|size| self.stratum(*size)).collect();
        self.sizes = sizes;
        weights
    }

    fn stratum(&mut self, size: usize) -> Vec<f64> {
        if size < 2 {
            return vec![1.0; size];
        }
        let factor = size as f64 / (size - 1) as f64;
        let mut weights = vec![0.0; size];
        for _ in 0..size - 1 {
            weights[self.below(size)] += factor;
        }
        weights
    }

    /// A number below `size` by multiplication: the same bits give the same firm in every version of the random crates.
    fn below(&mut self, size: usize) -> usize {
        ((u64::from(self.random.next_u32()) * size as u64) >> 32) as usize
    }
}

/// The random numbers of a name under a seed: what else has a name changes nothing here.
pub fn stream(seed: u64, name: &str) -> ChaCha8Rng {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let digest = blake3::hash(name.as_bytes());
    let mut stream = [0; 8];
    stream.copy_from_slice(&digest.as_bytes()[..8]);
    random.set_stream(u64::from_le_bytes(stream));
    random
}

/// The value below which `share` of the sorted values lie, interpolated between neighbours.
pub fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let position = share * (sorted.len().checked_sub(1)?) as f64;
    let (low, high) = (position.floor() as usize, position.ceil() as usize);
    Some(sorted[low] + (sorted[high] - sorted[low]) * (position - position.floor()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_add_up_to_the_firms_and_repeat_with_the_seed() {
        let draws = |seed| {
            let mut replicates = Replicates::new(seed, "province|2026Q1", vec![5, 1]);
            (0..4).map(|_| replicates.draw()).collect::<Vec<_>>()
        };
        assert_eq!(draws(7), draws(7));
        assert_ne!(draws(7), draws(8));
        for weights in draws(7) {
            assert!((weights[0].iter().sum::<f64>() - 5.0).abs() < 1e-12);
            assert_eq!(weights[1], [1.0]);
        }
    }

    #[test]
    fn a_quantile_lies_between_its_neighbours() {
        assert_eq!(quantile(&[1.0, 2.0, 4.0], 0.75), Some(3.0));
        assert_eq!(quantile(&[], 0.5), None);
    }
}
