//! From a value to its score, in words.
//!
//! In: a value, a curve, how the value is shown. Out: Chinese sentences and rounded figures. Never here: scores; they come from the result
//! tables, and what is said here only retraces them.

use rust_decimal::{Decimal, RoundingStrategy};

use crate::library::indicator::ShownAs;

/// Two decimals, half up.
pub fn two(number: Decimal) -> String {
    let mut rounded = number.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero);
    rounded.rescale(2);
    rounded.to_string()
}

/// A count or an amount, without trailing zeros.
pub fn plain(number: Decimal) -> String {
    number.round_dp_with_strategy(4, RoundingStrategy::MidpointAwayFromZero).normalize().to_string()
}

/// A value as its indicator shows it.
pub fn shown(value: Decimal, shown_as: ShownAs) -> String {
    match shown_as {
        ShownAs::Percent => format!("{}%", two(value * Decimal::ONE_HUNDRED)),
        ShownAs::Days => format!("{} 天", two(value)),
        ShownAs::Score => format!("{} 分", two(value)),
        ShownAs::Number | ShownAs::Index => two(value),
    }
}

/// Points that a score leaves on the table.
pub fn lost_points(points: Decimal, score: Decimal) -> Decimal {
    points * (Decimal::ONE_HUNDRED - score) / Decimal::ONE_HUNDRED
}

/// How the curve turns the value into a score.
pub fn retrace(value: Decimal, curve: &[(Decimal, Decimal)], shown_as: ShownAs) -> Option<String> {
    let (first, last) = (curve.first()?, curve.last()?);
    let own = shown(value, shown_as);
    if value <= first.0 {
        return Some(format!("{own} 不超过曲线起点 {}，得 {} 分", shown(first.0, shown_as), two(first.1)));
    }
    if value >= last.0 {
        return Some(format!("{own} 不低于曲线终点 {}，得 {} 分", shown(last.0, shown_as), two(last.1)));
    }
    let right = curve.iter().position(|point| value <= point.0)?;
    let (a, b) = (curve[right - 1], curve[right]);
    let score = a.1 + (b.1 - a.1) * (value - a.0) / (b.0 - a.0);
    let (from, to) = (shown(a.0, shown_as), shown(b.0, shown_as));
    Some(format!("{own} 在 {from}（{} 分）与 {to}（{} 分）之间，按直线内插得 {} 分", two(a.1), two(b.1), two(score)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn d(text: &str) -> Decimal {
        text.parse().expect("a decimal")
    }

    fn curve() -> Vec<(Decimal, Decimal)> {
        vec![(d("0.5"), d("0")), (d("0.8"), d("60")), (d("1"), d("100"))]
    }

    #[test]
    fn a_value_between_two_points_is_interpolated() {
        let says = retrace(d("0.9"), &curve(), ShownAs::Percent);
        assert_eq!(says.as_deref(), Some("90.00% 在 80.00%（60.00 分）与 100.00%（100.00 分）之间，按直线内插得 80.00 分"));
    }

    #[test]
    fn outside_its_points_the_curve_is_flat() {
        assert_eq!(retrace(d("0.2"), &curve(), ShownAs::Percent).as_deref(), Some("20.00% 不超过曲线起点 50.00%，得 0.00 分"));
        assert_eq!(retrace(d("1"), &curve(), ShownAs::Percent).as_deref(), Some("100.00% 不低于曲线终点 100.00%，得 100.00 分"));
        assert_eq!(retrace(d("1"), &[], ShownAs::Percent), None);
    }

    #[test]
    fn half_a_cent_is_rounded_up() {
        assert_eq!(two(d("83.205")), "83.21");
        assert_eq!(plain(d("12.0000")), "12");
        assert_eq!(lost_points(d("10"), d("83.2")), d("1.68"));
    }
}
