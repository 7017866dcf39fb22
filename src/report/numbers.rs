//! How numbers are written on a page.
//!
//! In: exact decimals. Out: text for people: half-up rounding, groups of three, a fixed number of places. Never here: f64, and
//! never a score that is rounded a second time to other places than the scheme declares.

use rust_decimal::{Decimal, RoundingStrategy};

use super::texts;
use crate::library::indicator::ShownAs;

/// `number` with exactly `places` decimals, half up.
pub fn fixed(number: Decimal, places: u32) -> String {
    let rounded = number.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero);
    grouped(&format!("{rounded:.*}", places as usize))
}

/// A count or an amount: no more decimals than it has, at most four.
pub fn amount(number: Decimal) -> String {
    let rounded = number.round_dp_with_strategy(4, RoundingStrategy::MidpointAwayFromZero).normalize();
    grouped(&rounded.to_string())
}

/// `82.25` for `82.250000000000`.
pub fn without_trailing_zeros(number: &str) -> &str {
    if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { number }
}

/// A count.
pub fn count(number: u64) -> String {
    grouped(&number.to_string())
}

/// A value as its indicator is shown: 0.87 as 87.00%.
pub fn value(number: Decimal, shown_as: ShownAs) -> String {
    match shown_as {
        ShownAs::Percent => format!("{}%", fixed(number * Decimal::ONE_HUNDRED, 2)),
        ShownAs::Number | ShownAs::Score => fixed(number, 2),
        ShownAs::Days => texts::days(&fixed(number, 1)),
        ShownAs::Index => fixed(number, 1),
    }
}

/// A value at an axis: as its indicator is shown, without decimals that say nothing.
pub fn tick(number: Decimal, shown_as: ShownAs) -> String {
    let shown = value(number.round_dp(6), shown_as);
    match shown.strip_suffix('%') {
        Some(percent) => format!("{}%", without_trailing_zeros(percent)),
        None => without_trailing_zeros(&shown).to_owned(),
    }
}

/// Points of the scheme: two decimals, none when they are whole.
pub fn points(number: Decimal) -> String {
    let rounded = number.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero).normalize();
    grouped(&rounded.to_string())
}

/// A target of an indicator: the places that it was written with.
pub fn target(number: Decimal, shown_as: ShownAs) -> String {
    match shown_as {
        ShownAs::Percent => format!("{}%", amount(number * Decimal::ONE_HUNDRED)),
        ShownAs::Days => texts::days(&amount(number)),
        _ => amount(number),
    }
}

/// Where `number` lies between `low` and `high`, in hundredths of per cent; inside the span even if the number is not.
///
/// Drawings take integers, so that the same figures give the same bytes on every machine.
pub fn place(number: Decimal, low: Decimal, high: Decimal) -> i64 {
    use rust_decimal::prelude::ToPrimitive;
    if high <= low {
        return 5_000;
    }
    let share = ((number - low) / (high - low)).clamp(Decimal::ZERO, Decimal::ONE) * Decimal::from(10_000);
    share.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero).to_i64().unwrap_or(0)
}

/// Groups of three before the point.
fn grouped(plain: &str) -> String {
    let (sign, rest) = plain.strip_prefix('-').map_or(("", plain), |rest| ("\u{2212}", rest));
    let (whole, decimals) = rest.split_once('.').map_or((rest, None), |(whole, decimals)| (whole, Some(decimals)));
    let mut text = String::from(sign);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if let Some(decimals) = decimals {
        text.push('.');
        text.push_str(decimals);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dec(text: &str) -> Decimal {
        text.parse().expect("a decimal")
    }

    #[test]
    fn numbers_are_grouped_and_rounded_half_up() {
        assert_eq!(fixed(dec("1234567.885"), 2), "1,234,567.89");
        assert_eq!(fixed(dec("83.2"), 2), "83.20");
        assert_eq!(fixed(dec("-0.5"), 1), "\u{2212}0.5");
        assert_eq!(amount(dec("1200.00")), "1,200");
        assert_eq!(points(dec("4.5714285")), "4.57");
    }

    #[test]
    fn a_value_is_written_as_its_indicator_says() {
        assert_eq!(value(dec("0.87"), ShownAs::Percent), "87.00%");
        assert_eq!(value(dec("97.34"), ShownAs::Index), "97.3");
        assert_eq!(target(dec("0.9"), ShownAs::Percent), "90%");
    }

    #[test]
    fn a_place_never_leaves_the_drawing() {
        assert_eq!(place(dec("2"), dec("0"), dec("1")), 10_000);
        assert_eq!(place(dec("0.12345"), dec("0"), dec("1")), 1_235);
        assert_eq!(place(dec("1"), dec("1"), dec("1")), 5_000);
    }
}
