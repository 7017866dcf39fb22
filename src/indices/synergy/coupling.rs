//! 耦合协调度 of the two sides of a border, in its corrected form.
//!
//! In: two values between 0 and 1. Out: one degree. Never here: classes of degrees, which have no statistical basis; a change of any score.
//!
//! It is shown because readers of Chinese studies look for it, and enters no score: D follows the level of the two values (their
//! correlation is 0.93 to 0.99) and adds almost nothing to the mean, and two sides that are alike are no cooperation. Source: methods 4.3.

/// D = √(C·T) with C = √((1 − (U₂ − U₁))·U₁/U₂) for U₁ ≤ U₂ and T = (U₁ + U₂)/2; 0 when one side has 0. Without unit, 0 to 1.
///
/// The values stand on fixed goalposts, since each is a share of what was due: years compare. Source: 王淑佳, 孔伟, 任亮, 治丹丹, 戴彬婷 2021,
/// 国内耦合协调度模型的误区及修正, 自然资源学报 36(3):793, for n = 2.
pub(super) fn coupling_degree(one: f64, other: f64) -> f64 {
    let (low, high) = (one.min(other), one.max(other));
    if low <= 0.0 {
        return 0.0;
    }
    let coupling = ((1.0 - (high - low)) * low / high).sqrt();
    (coupling * (low + high) / 2.0).sqrt()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_corrected_degree_is_that_of_the_formula() {
        // C = √(0.6·0.5) = 0.547723; T = 0.6; D = √0.328634.
        assert!((coupling_degree(0.4, 0.8) - 0.573_266).abs() < 5e-7);
        assert_eq!(coupling_degree(0.0, 1.0), 0.0);
        assert_eq!(coupling_degree(0.0, 0.0), 0.0);
        assert_eq!(coupling_degree(1.0, 1.0), 1.0);
    }

    proptest! {
        #[test]
        fn a_degree_has_no_first_side_and_is_at_most_the_root_of_the_level(one in 0.0..=1.0, other in 0.0..=1.0) {
            let degree = coupling_degree(one, other);
            prop_assert_eq!(degree.to_bits(), coupling_degree(other, one).to_bits());
            prop_assert!(degree >= 0.0 && degree <= f64::sqrt((one + other) / 2.0) + 1e-12);
        }
    }
}
