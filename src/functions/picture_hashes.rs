//! Perceptual hashes of pictures: how far two are apart, and by what near ones are found.
//!
//! In: hashes as hexadecimal text, of any length (usually 64 bits). Out: the number of bits that differ; the bands of a hash. Never here: pictures; what
//! distance is near (a parameter), who may be compared with whom (the SQL).

use super::mixed;

/// Two hashes of the same length that differ in fewer bits than there are bands have one band in common (the pigeonhole principle).
const BANDS: usize = 5;

/// The bits of a hash, most significant first; `None` where it is no hexadecimal text.
fn bits(hash: &str) -> Option<Vec<u8>> {
    let digits = hash.chars().map(|digit| digit.to_digit(16)).collect::<Option<Vec<u32>>>()?;
    let of_digit = |digit: u32| (0..4).rev().map(move |place| (digit >> place & 1) as u8);
    (!digits.is_empty()).then(|| digits.into_iter().flat_map(of_digit).collect())
}

/// Bits that differ; `None` where one is no hash, or their lengths differ.
pub(super) fn distance(one: &str, other: &str) -> Option<i64> {
    let (one, other) = (bits(one)?, bits(other)?);
    (one.len() == other.len()).then(|| one.iter().zip(&other).filter(|(a, b)| a != b).count() as i64)
}

/// A number for each of [`BANDS`] parts of a hash, which depends on the part, its bits and the length of the hash.
pub(super) fn bands(hash: &str) -> Option<Vec<i64>> {
    let bits = bits(hash)?;
    let number = |band: usize| {
        let part = &bits[bits.len() * band / BANDS..bits.len() * (band + 1) / BANDS];
        let seed = mixed((bits.len() * BANDS + band) as u64);
        part.iter().fold(seed, |number, bit| mixed(number ^ u64::from(*bit))) as i64
    };
    Some((0..BANDS).map(number).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_counts_bits_and_only_hashes_of_one_length_have_one() {
        assert_eq!(distance("00ff", "00FE"), Some(1));
        assert_eq!(distance("ffff", "0000"), Some(16));
        assert_eq!([distance("00ff", "ff"), distance("", ""), distance("00fg", "00ff")], [None; 3]);
    }

    #[test]
    fn hashes_four_bits_apart_share_a_band_wherever_the_bits_are_and_strangers_hardly_ever_do() {
        let hash = |value: u64| format!("{value:016x}");
        let shared = |one: u64, other: u64| {
            let (one, other) = (bands(&hash(one)).expect("a hash"), bands(&hash(other)).expect("a hash"));
            one.iter().any(|band| other.contains(band))
        };
        let mut strangers = 0;
        for seed in 0..2_000_u64 {
            let own = mixed(seed);
            let flipped = (0..4).fold(own, |hash, nth| hash ^ 1 << (mixed(seed * 4 + nth) % 64));
            assert!(shared(own, flipped), "{own:x} {flipped:x}");
            strangers += u32::from(shared(own, mixed(seed + 1_000_000)));
        }
        // Five bands of twelve or thirteen bits: about one pair in 1500.
        assert!(strangers < 10, "{strangers}");
        assert_eq!(bands("no hash"), None);
    }
}
