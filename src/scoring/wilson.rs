//! Wilson's 95 % interval of a proportion, as decimals.
//!
//! In: successes of trials. Out: two decimals between 0 and 1, rounded to six places. Never here: the formula (see
//! [`crate::statistics::proportion`]), scores.

use rust_decimal::Decimal;
use rust_decimal::prelude::{FromPrimitive, ToPrimitive};

use crate::statistics::proportion::{DEVIATE_95, wilson_at};

/// The interval; `None` unless both are whole and 0 ≤ successes ≤ trials, trials > 0.
pub fn interval(successes: Decimal, trials: Decimal) -> Option<(Decimal, Decimal)> {
    let count = |amount: Decimal| amount.to_u64().filter(|_| amount.fract().is_zero());
    let interval = wilson_at(count(successes)?, count(trials)?, DEVIATE_95)?;
    let bound = |value: f64| Some(Decimal::from_f64(value.clamp(0.0, 1.0))?.round_dp(6));
    Some((bound(interval.low)?, bound(interval.high)?))
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
        assert_eq!(interval(Decimal::from(-1), Decimal::from(10)), None);
        assert_eq!(interval(Decimal::from(11), Decimal::from(10)), None);
        assert_eq!(interval(Decimal::ZERO, Decimal::ZERO), None);
    }
}
