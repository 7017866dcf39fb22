//! From a value to a score: straight lines between given points.
//!
//! In: points (value, score), and what is done to values first. Out: the exact score of a value or of a fraction, clamped at both ends; after
//! a transform one of ten decimals. Never here: rounding as a scheme declares it.

use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;

use super::method::Transform;

/// Decimals of a score that went through binary fractions: far more than a scheme shows, and fewer than the last bit touches.
pub const BINARY_DECIMALS: u32 = 10;

/// Points with ascending values; before the first and after the last the score stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Curve {
    points: Vec<(Decimal, Decimal)>,
    /// The lines are straight over transformed values.
    transform: Transform,
}

impl Curve {
    /// A curve, or `None` when there are fewer than two points or the values do not ascend.
    pub fn new(points: Vec<(Decimal, Decimal)>) -> Option<Self> {
        let ascending = points.windows(2).all(|pair| pair[0].0 < pair[1].0);
        (points.len() >= 2 && ascending).then_some(Self { points, transform: Transform::None })
    }

    /// The curve with lines that are straight over transformed values; `None` where a point lies outside the transform's domain.
    pub fn over(self, transform: Transform) -> Option<Self> {
        let inside = self.points.iter().all(|point| transform.of(point.0).is_some());
        inside.then_some(Self { transform, ..self })
    }

    /// What is done to values first.
    pub fn transform(&self) -> Transform {
        self.transform
    }

    /// Its points.
    pub fn points(&self) -> &[(Decimal, Decimal)] {
        &self.points
    }

    /// The score of a value.
    pub fn score(&self, value: Decimal) -> Decimal {
        self.score_of_ratio(value, Decimal::ONE)
    }

    /// The score of numerator ÷ denominator (denominator > 0). Only the last step divides, so that a result on the border
    /// between two roundings is exact.
    pub fn score_of_ratio(&self, numerator: Decimal, denominator: Decimal) -> Decimal {
        let (first, last) = (self.points[0], self.points[self.points.len() - 1]);
        let reaches =
            |point: Decimal| point.checked_mul(denominator).map_or(numerator / denominator >= point, |border| numerator >= border);
        let is_at_most =
            |point: Decimal| point.checked_mul(denominator).map_or(numerator / denominator <= point, |border| numerator <= border);
        if is_at_most(first.0) {
            return first.1;
        }
        if reaches(last.0) {
            return last.1;
        }
        let right = self.points.iter().position(|point| is_at_most(point.0)).unwrap_or(self.points.len() - 1);
        let ((left_value, left_score), (right_value, right_score)) = (self.points[right - 1], self.points[right]);
        if self.transform != Transform::None {
            return self.between((left_value, left_score), (right_value, right_score), numerator / denominator);
        }
        let exact = || {
            let width = denominator.checked_mul(right_value.checked_sub(left_value)?)?;
            let ahead = numerator.checked_sub(left_value.checked_mul(denominator)?)?;
            let rise = (right_score - left_score).checked_mul(ahead)?;
            left_score.checked_mul(width)?.checked_add(rise)?.checked_div(width)
        };
        // Amounts of more than 28 digits in between: binary fractions do.
        exact().unwrap_or_else(|| self.between((left_value, left_score), (right_value, right_score), numerator / denominator))
    }

    /// On the line between two points over transformed values.
    fn between(&self, left: (Decimal, Decimal), right: (Decimal, Decimal), value: Decimal) -> Decimal {
        let at = |value| self.transform.of(value);
        let (Some(from), Some(to), Some(here)) = (at(left.0), at(right.0), at(value)) else { return left.1 };
        let share = Decimal::from_f64((here - from) / (to - from)).unwrap_or_default();
        (left.1 + (right.1 - left.1) * share).round_dp(BINARY_DECIMALS)
    }

    /// Half of the range of scores over the values from `low` to `high`.
    pub fn half_range(&self, low: Decimal, high: Decimal) -> Decimal {
        let inside = self.points.iter().filter(|point| low < point.0 && point.0 < high).map(|point| point.1);
        let scores: Vec<Decimal> = inside.chain([self.score(low), self.score(high)]).collect();
        let largest = scores.iter().max().copied().unwrap_or_default();
        let smallest = scores.iter().min().copied().unwrap_or_default();
        (largest - smallest) / Decimal::TWO
    }
}
