//! The 95 % interval of a proportion, as decimals.
//!
//! In: successes of trials, which interval. Out: two decimals between 0 and 1, rounded to six places. Never here: the formulas (see
//! [`crate::statistics::proportion`]), scores.

use rust_decimal::Decimal;
use rust_decimal::prelude::{FromPrimitive, ToPrimitive};

use crate::library::scheme::IntervalKind;
use crate::statistics::proportion::{DEVIATE_95, clopper_pearson, wilson_at};

/// The interval; `None` unless both are whole and 0 ≤ successes ≤ trials, trials > 0.
pub fn interval(kind: IntervalKind, successes: Decimal, trials: Decimal) -> Option<(Decimal, Decimal)> {
    let count = |amount: Decimal| amount.to_u64().filter(|_| amount.fract().is_zero());
    let (successes, trials) = (count(successes)?, count(trials)?);
    let interval = match kind {
        IntervalKind::Wilson => wilson_at(successes, trials, DEVIATE_95)?,
        IntervalKind::Exact => clopper_pearson(successes, trials, 0.95)?,
    };
    let bound = |value: f64| Some(Decimal::from_f64(value.clamp(0.0, 1.0))?.round_dp(6));
    Some((bound(interval.low)?, bound(interval.high)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_intervals_of_eight_of_ten_are_the_textbook_ones() {
        let of = |kind| interval(kind, Decimal::from(8), Decimal::from(10)).expect("counts");
        assert_eq!(of(IntervalKind::Wilson), (Decimal::new(490_157, 6), Decimal::new(943_319, 6)));
        // R: binom.test(8, 10)$conf.int
        assert_eq!(of(IntervalKind::Exact), (Decimal::new(443_905, 6), Decimal::new(974_789, 6)));
    }

    #[test]
    fn amounts_that_are_no_counts_have_no_interval() {
        for kind in [IntervalKind::Wilson, IntervalKind::Exact] {
            assert_eq!(interval(kind, Decimal::new(15, 1), Decimal::from(10)), None);
            assert_eq!(interval(kind, Decimal::from(-1), Decimal::from(10)), None);
            assert_eq!(interval(kind, Decimal::from(11), Decimal::from(10)), None);
            assert_eq!(interval(kind, Decimal::ZERO, Decimal::ZERO), None);
        }
    }
}
