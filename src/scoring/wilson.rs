//! Wilson's 95 % interval of a proportion.
//!
//! In: successes of trials. Out: two decimals between 0 and 1, rounded to six places. Never here: scores.
//!
//! The only floating-point arithmetic of scoring: additions, divisions and a square root, each correctly rounded by IEEE 754,
//! so the result is the same on every machine.

use rust_decimal::Decimal;
use rust_decimal::prelude::{FromPrimitive, ToPrimitive};

const Z: f64 = 1.96;

/// The interval; `None` unless both are whole and 0 ≤ successes ≤ trials, trials > 0.
pub fn interval(successes: Decimal, trials: Decimal) -> Option<(Decimal, Decimal)> {
    let counts = successes.fract().is_zero() && trials.fract().is_zero() && Decimal::ZERO <= successes && successes <= trials;
    if !counts || trials.is_zero() {
        return None;
    }
    let (r, n) = (successes.to_f64()?, trials.to_f64()?);
    let p = r / n;
    let z2 = Z * Z;
    let centre = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z / (1.0 + z2 / n) * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    let bound = |value: f64| Some(Decimal::from_f64(value.clamp(0.0, 1.0))?.round_dp(6));
    Some((bound(centre - half)?, bound(centre + half)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_of_eight_of_ten_is_the_textbook_one() {
        let (low, high) = interval(Decimal::from(8), Decimal::from(10)).expect("counts");
        assert_eq!((low, high), (Decimal::new(490_157, 6), Decimal::new(943_319, 6)));
    }

    #[test]
    fn amounts_that_are_no_counts_have_no_interval() {
        assert_eq!(interval(Decimal::new(15, 1), Decimal::from(10)), None);
        assert_eq!(interval(Decimal::from(11), Decimal::from(10)), None);
        assert_eq!(interval(Decimal::ZERO, Decimal::ZERO), None);
    }
}
