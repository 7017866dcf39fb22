//! From a value to a score: straight lines between given points.
//!
//! In: points (value, score). Out: the exact score of a value or of a fraction, clamped at both ends. Never here: rounding.

use rust_decimal::Decimal;

/// Points with ascending values; before the first and after the last the score stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Curve(Vec<(Decimal, Decimal)>);

impl Curve {
    /// A curve, or `None` when there are fewer than two points or the values do not ascend.
    pub fn new(points: Vec<(Decimal, Decimal)>) -> Option<Self> {
        let ascending = points.windows(2).all(|pair| pair[0].0 < pair[1].0);
        (points.len() >= 2 && ascending).then_some(Self(points))
    }

    /// Its points.
    pub fn points(&self) -> &[(Decimal, Decimal)] {
        &self.0
    }

    /// The score of a value.
    pub fn score(&self, value: Decimal) -> Decimal {
        self.score_of_ratio(value, Decimal::ONE)
    }

    /// The score of numerator ÷ denominator (denominator > 0). Only the last step divides, so that a result on the border
    /// between two roundings is exact.
    pub fn score_of_ratio(&self, numerator: Decimal, denominator: Decimal) -> Decimal {
        let (first, last) = (self.0[0], self.0[self.0.len() - 1]);
        if numerator <= first.0 * denominator {
            return first.1;
        }
        if numerator >= last.0 * denominator {
            return last.1;
        }
        let right = self.0.iter().position(|point| numerator <= point.0 * denominator).unwrap_or(self.0.len() - 1);
        let ((left_value, left_score), (right_value, right_score)) = (self.0[right - 1], self.0[right]);
        let rise = (right_score - left_score) * (numerator - left_value * denominator);
        let exact = left_score * (denominator * (right_value - left_value)) + rise;
        exact / (denominator * (right_value - left_value))
    }

    /// Half of the range of scores over the values from `low` to `high`.
    pub fn half_range(&self, low: Decimal, high: Decimal) -> Decimal {
        let inside = self.0.iter().filter(|point| low < point.0 && point.0 < high).map(|point| point.1);
        let scores: Vec<Decimal> = inside.chain([self.score(low), self.score(high)]).collect();
        let largest = scores.iter().max().copied().unwrap_or_default();
        let smallest = scores.iter().min().copied().unwrap_or_default();
        (largest - smallest) / Decimal::TWO
    }
}
