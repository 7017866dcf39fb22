//! Funnels: which units lie further from the target than chance and the usual variation between units explain.
//!
//! In: counts of every unit and a target. Out: z-scores, the overdispersion of the group, limits for drawing, a position for each unit.
//! Never here: exact limits of a count (see `count`), the choice of the target, a judgement of the unit (a position selects files; files
//! decide).
//!
//! Trimming makes the estimate blind to moderate overdispersion: see `Trimming`. Sums do not depend on the order of units.

use super::proportion::{Counts, DEVIATE_95, DEVIATE_998, Interval, sorted_sum};
use std::f64::consts::FRAC_PI_2;

/// Fewer units than this tell nothing of the variation between units: at 10 %, the winsorised tenth would be less than one unit.
pub const MINIMUM_UNITS: usize = 10;

/// The share that the Care Quality Commission winsorises, and the SHMI truncates, at each end.
pub const USUAL_SHARE: f64 = 0.1;

/// The scale on which a value is compared with its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// asin √p, of proportions.
    ArcsineRoot,
    /// √x, of observed over expected.
    Root,
    /// ln x, of observed over expected and of ratios.
    Logarithm,
}

/// A unit's value on its scale, beside the target and the standard error that chance gives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    // Private: the error is positive and all three are finite.
    scale: Scale,
    value: f64,
    target: f64,
    error: f64,
}

/// What is done to the z-scores at both ends before their spread is measured, so that true outliers do not hide themselves. The share is
/// that of each end, 0 ≤ share < 0.5.
///
/// Of units that differ by chance alone, φ is 1 without trimming, but 0.68 winsorised and 0.44 truncated at 10 % (many units, normal law).
/// It reaches 1, and adjusts anything, only where the true variance of z is above 1.47, or 2.28; and beyond that it adjusts too little.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Trimming {
    /// Nothing.
    None,
    /// z beyond the quantiles `share` and 1 − `share` is moved onto them (Care Quality Commission). Quantiles of type 7, R's default:
    /// linear between the sorted z at position share·(I − 1), counted from 0.
    Winsorise(f64),
    /// z in the first and last group of `share` is left out (SHMI). Groups as in FunnelPlotR: a unit of rank k is left out if
    /// k < share·(I + 1) or k ≥ (1 − share)·(I + 1); equal z share their mean rank. Where share·(I + 1) is whole, one more is left out
    /// above than below.
    Truncate(f64),
}

/// How much more the units of a group differ than chance explains.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Overdispersion {
    /// φ, the mean square of the trimmed z. Below 1: no adjustment.
    pub factor: f64,
    /// τ², the variance between units on the scale of the points. 0 if φ < 1.
    pub variance: f64,
    /// I, the units whose z counted.
    pub units: usize,
}

/// What is added to the error of chance: `Adjustment::NONE`, or from [`Overdispersion`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Adjustment {
    // Private: at least 1 and at least 0.
    factor: f64,
    variance: f64,
}

/// Where a unit lies. Low and high are those of the value: which of them is good, the indicator says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position {
    /// z < −3.09.
    AlarmLow,
    /// −3.09 ≤ z < −1.96.
    AttentionLow,
    /// −1.96 ≤ z ≤ 1.96.
    Within,
    /// 1.96 < z ≤ 3.09.
    AttentionHigh,
    /// z > 3.09.
    AlarmHigh,
}

impl Point {
    /// A proportion: y = asin √(r/n), s = 1/(2√n), θ = asin √target. The target is usually Σr/Σn, see `proportion::pooled`.
    ///
    /// `None` if n = 0, r > n or the target is not between 0 and 1.
    /// Source: Spiegelhalter and others (2012), J. R. Statist. Soc. A 175, 1–47.
    pub fn proportion(unit: Counts, target: f64) -> Option<Point> {
        let proportion = unit.proportion()?;
        let target = (0.0..=1.0).contains(&target).then_some(target)?;
        let error = 0.5 / (unit.trials as f64).sqrt();
        Point::sound(Scale::ArcsineRoot, proportion.sqrt().asin(), target.sqrt().asin(), error)
    }

    /// Observed over expected, by square root: y = √(O/E), s = 1/(2√E), θ = 1.
    ///
    /// `None` unless the expected number is positive and finite.
    /// Source: Spiegelhalter (2005), Statistics in Medicine 24, 1185–1202; the scale of the Care Quality Commission.
    pub fn observed_by_root(observed: u64, expected: f64) -> Option<Point> {
        Point::sound(Scale::Root, (observed as f64 / expected).sqrt(), 1.0, 0.5 / expected.sqrt())
    }

    /// Observed over expected, by logarithm: y = ln(O/E), s = 1/√E, θ = 0.
    ///
    /// `None` unless the expected number is positive and finite, and if nothing was observed: nothing has no logarithm; take the root.
    /// Source: NHS Digital, SHMI specification.
    pub fn observed_by_logarithm(observed: u64, expected: f64) -> Option<Point> {
        Point::sound(Scale::Logarithm, (observed as f64 / expected).ln(), 0.0, 1.0 / expected.sqrt())
    }

    /// A ratio of two counts: y = ln((O₁ + ½)/(O₂ + ½)), s² = O₁/(O₁ + ½)² + O₂/(O₂ + ½)², θ = ln target. The target is usually ΣO₁/ΣO₂.
    ///
    /// `None` unless the target is positive and finite, and if either count is 0: the formula would give it no error at all (0 to 100 at a
    /// target of 0.02, where 2 are expected, would be z = −14).
    /// Source: Spiegelhalter and others (2012), J. R. Statist. Soc. A 175, 1–47.
    pub fn ratio(first: u64, second: u64, target: f64) -> Option<Point> {
        if first == 0 || second == 0 {
            return None;
        }
        let (first, second) = (first as f64, second as f64);
        let variance = first / (first + 0.5).powi(2) + second / (second + 0.5).powi(2);
        Point::sound(Scale::Logarithm, ((first + 0.5) / (second + 0.5)).ln(), target.ln(), variance.sqrt())
    }

    fn sound(scale: Scale, value: f64, target: f64, error: f64) -> Option<Point> {
        (value.is_finite() && target.is_finite() && error.is_finite() && error > 0.0).then_some(Point { scale, value, target, error })
    }

    /// The scale of the value, the target and the error.
    pub fn scale(&self) -> Scale {
        self.scale
    }

    /// s, the standard error by chance, on the scale.
    pub fn error(&self) -> f64 {
        self.error
    }

    /// (y − θ)/√(s²·φ + τ²), in standard deviations, with the φ and τ² of the adjustment.
    pub fn z(&self, adjustment: Adjustment) -> f64 {
        (self.value - self.target) / self.deviation(adjustment)
    }

    /// Beyond 1.96 attention, beyond 3.09 alarm; on a limit is within it.
    pub fn position(&self, adjustment: Adjustment) -> Position {
        let z = self.z(adjustment);
        match (z.abs() > DEVIATE_95, z.abs() > DEVIATE_998, z < 0.0) {
            (false, ..) => Position::Within,
            (true, false, true) => Position::AttentionLow,
            (true, false, false) => Position::AttentionHigh,
            (true, true, true) => Position::AlarmLow,
            (true, true, false) => Position::AlarmHigh,
        }
    }

    /// The limits around the target for a unit of this size, back in the unit of the value: θ ∓ deviate·√(s²·φ + τ²), the scale undone.
    ///
    /// The deviate is [`DEVIATE_95`] or [`DEVIATE_998`]; `None` unless it is positive and finite. The point's own value plays no part. A
    /// limit that the scale does not reach is the end of what is possible: 0, or 1 for a proportion.
    pub fn limits(&self, adjustment: Adjustment, deviate: f64) -> Option<Interval> {
        if !(deviate > 0.0 && deviate.is_finite()) {
            return None;
        }
        let half = deviate * self.deviation(adjustment);
        let undone = |scaled: f64| match self.scale {
            Scale::ArcsineRoot => scaled.clamp(0.0, FRAC_PI_2).sin().powi(2),
            Scale::Root => scaled.max(0.0).powi(2),
            Scale::Logarithm => scaled.exp(),
        };
        Some(Interval { low: undone(self.target - half), high: undone(self.target + half) })
    }

    fn deviation(&self, adjustment: Adjustment) -> f64 {
        (self.error * self.error * adjustment.factor + adjustment.variance).sqrt()
    }
}

/// The overdispersion of a group.
///
/// ```text
/// φ = Σz²/I,   τ² = (Iφ − (I − 1)) / (Σw − Σw²/Σw),   w = 1/s²;   τ² = 0 if φ < 1
/// ```
///
/// z trimmed as asked for; after truncation I and w are those of the units kept.
///
/// `None` if there are fewer than [`MINIMUM_UNITS`] points (nothing is known then, which is not the same as φ = 1), if they are not all on
/// one scale, if the share is not one, or if fewer than two units are kept.
/// Source: Spiegelhalter (2005), Quality and Safety in Health Care 14, 347–351; DerSimonian and Laird (1986) for τ².
pub fn overdispersion(points: &[Point], trimming: Trimming) -> Option<Overdispersion> {
    if points.len() < MINIMUM_UNITS {
        return None;
    }
    dispersion(points, trimming)
}

fn dispersion(points: &[Point], trimming: Trimming) -> Option<Overdispersion> {
    let scale = points.first()?.scale;
    if points.iter().any(|point| point.scale != scale) {
        return None;
    }
    // (z, w), sorted by z.
    let mut scored: Vec<(f64, f64)> = points.iter().map(|point| (point.z(Adjustment::NONE), point.error.powi(-2))).collect();
    scored.sort_by(|one, other| one.0.total_cmp(&other.0));
    match trimming {
        Trimming::None => {}
        Trimming::Winsorise(share) => {
            let share = share_of_an_end(share)?;
            let (low, high) = (quantile(&scored, share), quantile(&scored, 1.0 - share));
            scored.iter_mut().for_each(|(z, _)| *z = z.clamp(low, high));
        }
        Trimming::Truncate(share) => scored = truncated(&scored, share_of_an_end(share)?),
    }
    if scored.len() < 2 {
        return None;
    }
    let units = scored.len() as f64;
    let squares = sorted_sum(scored.iter().map(|(z, _)| z * z));
    let weights = sorted_sum(scored.iter().map(|(_, w)| *w));
    let squared_weights = sorted_sum(scored.iter().map(|(_, w)| w * w));
    let factor = squares / units;
    let variance = if factor < 1.0 { 0.0 } else { (squares - (units - 1.0)) / (weights - squared_weights / weights) };
    variance.is_finite().then_some(Overdispersion { factor, variance, units: scored.len() })
}

fn share_of_an_end(share: f64) -> Option<f64> {
    (0.0..0.5).contains(&share).then_some(share)
}

/// Type 7. Not empty.
fn quantile(sorted: &[(f64, f64)], share: f64) -> f64 {
    let position = share * (sorted.len() - 1) as f64;
    let (low, high) = (sorted[position.floor() as usize].0, sorted[position.ceil() as usize].0);
    low + (high - low) * position.fract()
}

fn truncated(sorted: &[(f64, f64)], share: f64) -> Vec<(f64, f64)> {
    let ends = (sorted.len() + 1) as f64;
    let mut before = 0;
    let mut kept = Vec::new();
    for equal in sorted.chunk_by(|one, other| one.0 == other.0) {
        let rank = before as f64 + (equal.len() + 1) as f64 / 2.0;
        if share * ends <= rank && rank < (1.0 - share) * ends {
            kept.extend_from_slice(equal);
        }
        before += equal.len();
    }
    kept
}

impl Adjustment {
    /// Chance alone.
    pub const NONE: Adjustment = Adjustment { factor: 1.0, variance: 0.0 };
}

impl Overdispersion {
    /// The default: every unit has a true value of its own, with variance τ² around the target. Limits of large units stay apart.
    pub fn additive(&self) -> Adjustment {
        Adjustment { factor: 1.0, variance: self.variance.max(0.0) }
    }

    /// Chance is larger than assumed by φ, for all units alike: limits × √φ, unless φ < 1. Large units still look abnormal.
    pub fn multiplicative(&self) -> Adjustment {
        Adjustment { factor: self.factor.max(1.0), variance: 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::count::{TAIL_998, funnel_limits};
    use crate::statistics::proportion::two_sided_deviate;
    use proptest::prelude::*;

    /// Days in hospital, observed and expected, of the 54 hospitals of `medpar` (R package COUNT, Hilbe). Expected by the Poisson model of
    /// FunnelPlotR's README, los ~ hmo + died + age80 + factor(type), fitted with statsmodels 0.15 and rounded to two decimals as there.
    const HOSPITALS: [(u64, f64); 54] = [
        (406, 523.70),
        (642, 612.98),
        (46, 53.79),
        (764, 763.72),
        (82, 120.94),
        (201, 250.19),
        (193, 155.49),
        (569, 484.71),
        (404, 362.22),
        (134, 188.93),
        (614, 554.38),
        (491, 616.74),
        (501, 360.15),
        (131, 245.61),
        (274, 263.56),
        (124, 154.66),
        (456, 475.02),
        (48, 38.93),
        (429, 445.10),
        (14, 28.80),
        (369, 347.54),
        (8, 7.56),
        (37, 73.21),
        (128, 118.11),
        (145, 273.34),
        (493, 449.79),
        (104, 172.38),
        (6, 19.20),
        (308, 321.86),
        (34, 36.56),
        (7, 19.96),
        (935, 851.72),
        (134, 198.94),
        (339, 302.39),
        (458, 410.16),
        (22, 45.87),
        (2, 9.67),
        (160, 212.34),
        (87, 38.92),
        (55, 31.74),
        (252, 285.64),
        (174, 186.66),
        (43, 33.98),
        (228, 255.65),
        (210, 242.03),
        (321, 279.48),
        (631, 619.26),
        (543, 626.13),
        (105, 145.67),
        (389, 413.86),
        (92, 111.26),
        (1012, 685.59),
        (283, 181.11),
        (95, 24.81),
    ];

    fn hospitals(point: fn(u64, f64) -> Option<Point>) -> Vec<Point> {
        HOSPITALS.iter().map(|(observed, expected)| point(*observed, *expected).expect("expected")).collect()
    }

    fn alarms(points: &[Point], adjustment: Adjustment) -> usize {
        points.iter().filter(|point| matches!(point.position(adjustment), Position::AlarmLow | Position::AlarmHigh)).count()
    }

    fn plain(z: f64) -> Point {
        Point { scale: Scale::Root, value: z, target: 0.0, error: 1.0 }
    }

    #[test]
    fn of_54_hospitals_25_are_outside_exact_limits_9_by_the_shmi_and_2_by_the_commission() {
        // 25 and 9 are printed in FunnelPlotR's README; 2, and φ and τ², by numpy 2 and scipy 1.17.1 after FunnelPlotR's source.
        let outside = HOSPITALS.iter().filter(|(observed, expected)| {
            let (ratio, limits) = (*observed as f64 / expected, funnel_limits(*expected, TAIL_998).expect("expected"));
            ratio < limits.low || ratio > limits.high
        });
        assert_eq!(outside.count(), 25);

        let points = hospitals(Point::observed_by_logarithm);
        let found = overdispersion(&points, Trimming::Truncate(USUAL_SHARE)).expect("54 units");
        assert_eq!((found.units, alarms(&points, found.additive())), (44, 9));
        assert!((found.factor - 8.532851289248642).abs() < 1e-9 && (found.variance - 0.02841023227451879).abs() < 1e-12, "{found:?}");

        let points = hospitals(Point::observed_by_root);
        let found = overdispersion(&points, Trimming::Winsorise(USUAL_SHARE)).expect("54 units");
        assert_eq!((found.units, alarms(&points, found.additive())), (54, 2));
        assert!((found.factor - 9.303088927611654).abs() < 1e-9 && (found.variance - 0.007863633320913156).abs() < 1e-12, "{found:?}");
    }

    #[test]
    fn the_factor_of_six_units_is_that_of_the_nhs_package() {
        // FunnelPlotR, tests/testthat/test-classes_methods.R. Six are too few for us: the minimum is stepped over here.
        let units = [(100, 108.0), (150, 112.0), (180, 165.0), (80, 95.0), (120, 100.0), (225, 220.0)];
        let points: Vec<_> = units.iter().filter_map(|(observed, expected)| Point::observed_by_logarithm(*observed, *expected)).collect();
        let found = dispersion(&points, Trimming::Truncate(USUAL_SHARE)).expect("six units");
        assert!((found.factor - 2.948033).abs() < 5e-7, "{found:?}");
        assert_eq!(overdispersion(&points, Trimming::Truncate(USUAL_SHARE)), None);
    }

    #[test]
    fn scores_of_each_kind_agree_with_numpy() {
        // numpy 2, the formulas of the docs.
        let nine_of_ten = Point::proportion(Counts { successes: 9, trials: 10 }, 0.5);
        for (point, expected) in [
            (nine_of_ten, 2.932364952267465),
            (Point::observed_by_root(30, 20.0), 2.0101792401041627),
            (Point::observed_by_logarithm(30, 20.0), 1.8132950884683134),
            (Point::ratio(12, 40, 0.2), 1.3639324289310288),
        ] {
            let found = point.expect("sound").z(Adjustment::NONE);
            assert!((found - expected).abs() < 1e-12, "{found} for {expected}");
        }
    }

    #[test]
    fn what_has_no_score_is_no_point() {
        let counts = |successes, trials| Counts { successes, trials };
        assert_eq!(Point::proportion(counts(0, 0), 0.5), None);
        assert_eq!(Point::proportion(counts(2, 1), 0.5), None);
        assert_eq!(Point::proportion(counts(1, 2), 1.1), None);
        assert_eq!(Point::proportion(counts(1, 2), f64::NAN), None);
        for expected in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!((Point::observed_by_root(1, expected), Point::observed_by_logarithm(1, expected)), (None, None), "{expected}");
        }
        assert_eq!(Point::observed_by_logarithm(0, 5.0), None);
        assert!(Point::observed_by_root(0, 5.0).is_some());
        assert_eq!((Point::ratio(1, 1, 0.0), Point::ratio(1, 1, -1.0), Point::ratio(1, 1, f64::INFINITY)), (None, None, None));
    }

    #[test]
    fn a_zero_count_has_no_ratio_score_because_the_formula_gives_it_no_error() {
        assert_eq!((Point::ratio(0, 100, 0.02), Point::ratio(100, 0, 50.0), Point::ratio(0, 0, 1.0)), (None, None, None));
        assert!(Point::ratio(1, 100, 0.02).is_some());
    }

    #[test]
    fn a_position_changes_beyond_its_limit_and_not_on_it() {
        for (z, expected) in [
            (0.0, Position::Within),
            (1.96, Position::Within),
            (1.961, Position::AttentionHigh),
            (3.09, Position::AttentionHigh),
            (3.091, Position::AlarmHigh),
            (-1.96, Position::Within),
            (-1.961, Position::AttentionLow),
            (-3.09, Position::AttentionLow),
            (-3.091, Position::AlarmLow),
        ] {
            assert_eq!(plain(z).position(Adjustment::NONE), expected, "{z}");
        }
    }

    #[test]
    fn winsorising_moves_both_ends_onto_quantiles_of_type_7() {
        // numpy.quantile([…], [0.1, 0.9]) is [-2, 3] here, and [-1.5, 4] at 0.15.
        let points = [-4.0, -2.0, -1.0, -0.5, 0.0, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0].map(plain);
        let squares = |ends: [f64; 4], middle: &[f64]| ends.iter().chain(middle).map(|z| z * z).sum::<f64>() / 11.0;
        let tenth = overdispersion(&points, Trimming::Winsorise(0.1)).expect("eleven");
        assert!((tenth.factor - squares([-2.0, -2.0, 3.0, 3.0], &[-1.0, -0.5, 0.0, 0.25, 0.5, 1.0, 2.0])).abs() < 1e-12, "{tenth:?}");
        let more = overdispersion(&points, Trimming::Winsorise(0.15)).expect("eleven");
        assert!((more.factor - squares([-1.5, -1.5, 2.5, 2.5], &[-1.0, -0.5, 0.0, 0.25, 0.5, 1.0, 2.0])).abs() < 1e-12, "{more:?}");
        let none = overdispersion(&points, Trimming::Winsorise(0.0)).expect("eleven");
        assert_eq!(Some(none), overdispersion(&points, Trimming::None));
    }

    #[test]
    fn truncating_leaves_out_the_outer_groups_and_keeps_equal_units_together() {
        let ranks = |count: u32| (1..=count).map(|rank| (f64::from(rank), 1.0)).collect::<Vec<_>>();
        let kept = |sorted: &[(f64, f64)]| truncated(sorted, 0.1).iter().map(|(z, _)| *z as u32).collect::<Vec<_>>();
        assert_eq!(kept(&ranks(12)), (2..=11).collect::<Vec<_>>());
        // 0.1 · 20 is whole: two go above, one below, as in the package.
        assert_eq!(kept(&ranks(19)), (2..=17).collect::<Vec<_>>());
        // Three at the lower end share rank 2, and stay where the first alone would have gone.
        let mut tied = ranks(12);
        (tied[0].0, tied[2].0) = (2.0, 2.0);
        assert_eq!(kept(&tied), [2, 2, 2, 4, 5, 6, 7, 8, 9, 10, 11]);
    }

    #[test]
    fn too_few_units_mixed_scales_and_shares_that_are_none_have_no_overdispersion() {
        let points = hospitals(Point::observed_by_root);
        assert_eq!(overdispersion(&points[..9], Trimming::None), None);
        assert!(overdispersion(&points[..10], Trimming::None).is_some());
        for share in [-0.1, 0.5, f64::NAN] {
            assert_eq!(overdispersion(&points, Trimming::Winsorise(share)), None, "{share}");
            assert_eq!(overdispersion(&points, Trimming::Truncate(share)), None, "{share}");
        }
        let mut mixed = points;
        mixed[5] = Point::observed_by_logarithm(3, 3.0).expect("sound");
        assert_eq!(overdispersion(&mixed, Trimming::None), None);
        // Two lumps: with 0.4 of each end left out nothing is left.
        let lumps: Vec<_> = (0..10).map(|unit| plain(if unit < 5 { -1.0 } else { 1.0 })).collect();
        assert_eq!(overdispersion(&lumps, Trimming::Truncate(0.4)), None);
    }

    #[test]
    fn units_that_differ_less_than_chance_are_not_adjusted() {
        // The last is between (I − 1)/I and 1, where τ² by its formula alone would be positive.
        for z in [0.0, 0.5, 0.96] {
            let points: Vec<_> = (0..10).map(|unit| plain(if unit % 2 == 0 { z } else { -z })).collect();
            let found = overdispersion(&points, Trimming::None).expect("ten");
            assert!((found.factor - z * z).abs() < 1e-12 && found.variance == 0.0, "{found:?}");
            assert_eq!((found.additive(), found.multiplicative()), (Adjustment::NONE, Adjustment::NONE));
        }
    }

    #[test]
    fn a_multiplicative_adjustment_divides_z_by_the_root_and_an_additive_one_spares_small_units() {
        let found = Overdispersion { factor: 4.0, variance: 0.03, units: 60 };
        let (small, large) = (Point::observed_by_root(40, 10.0).expect("sound"), Point::observed_by_root(1_200, 1_000.0).expect("sound"));
        for point in [small, large] {
            assert!((point.z(found.multiplicative()) - point.z(Adjustment::NONE) / 2.0).abs() < 1e-12);
            let expected = (point.value - 1.0) / (point.error().powi(2) + 0.03).sqrt();
            assert!((point.z(found.additive()) - expected).abs() < 1e-12);
        }
        let kept = |point: Point| point.z(found.additive()) / point.z(Adjustment::NONE);
        assert!(kept(small) > 0.67 && kept(large) < 0.1, "{} {}", kept(small), kept(large));
    }

    #[test]
    fn the_variance_of_units_of_different_size_is_the_moment_estimate() {
        // By hand: z = ±3 with weights 1 and 4, five of each: Σz² = 90, Σw = 25, Σw² = 85, τ² = (90 − 9)/(25 − 3.4).
        let points: Vec<_> = (0..10)
            .map(|unit| match unit % 2 {
                0 => Point { scale: Scale::Root, value: 3.0, target: 0.0, error: 1.0 },
                _ => Point { scale: Scale::Root, value: -1.5, target: 0.0, error: 0.5 },
            })
            .collect();
        let found = overdispersion(&points, Trimming::None).expect("ten");
        assert!((found.factor - 9.0).abs() < 1e-12 && (found.variance - 3.75).abs() < 1e-12, "{found:?}");
    }

    #[test]
    fn trimming_makes_chance_look_smaller_than_it_is() {
        // The normal law itself as 1,999 units: 1, 1 − 0.2 − 2cφ(c) + 0.2c² = 0.679 and (0.8 − 2cφ(c))/0.8 = 0.438 with c = 1.2816.
        let points: Vec<_> = (1..2_000)
            .map(|unit| {
                let below = f64::from(unit) / 2_000.0;
                let distance = two_sided_deviate((2.0 * below - 1.0).abs()).unwrap_or(0.0);
                plain(if below < 0.5 { -distance } else { distance })
            })
            .collect();
        for (trimming, expected) in [(Trimming::None, 1.0), (Trimming::Winsorise(0.1), 0.6787), (Trimming::Truncate(0.1), 0.4377)] {
            let found = overdispersion(&points, trimming).expect("many");
            assert!((found.factor - expected).abs() < 0.01, "{trimming:?} {found:?}");
        }
    }

    #[test]
    fn limits_for_fifty_trials_agree_with_numpy_and_stop_at_what_is_possible() {
        // numpy 2: sin²(asin √0.8 ∓ 1.96/(2√50)).
        let fifty = Point::proportion(Counts { successes: 0, trials: 50 }, 0.8).expect("trials");
        let limits = fifty.limits(Adjustment::NONE, DEVIATE_95).expect("a deviate");
        assert!((limits.low - 0.6790887960949428).abs() < 1e-12 && (limits.high - 0.8980088053693591).abs() < 1e-12, "{limits:?}");
        // With one trial both limits run off the scale, where sin² would come back.
        let one = Point::proportion(Counts { successes: 0, trials: 1 }, 0.8).expect("trials");
        assert_eq!(one.limits(Adjustment::NONE, DEVIATE_998), Some(Interval { low: 0.0, high: 1.0 }));
        let little = Point::observed_by_root(0, 0.5).expect("expected");
        assert_eq!(little.limits(Adjustment::NONE, DEVIATE_95).map(|limits| limits.low), Some(0.0));
        for deviate in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(fifty.limits(Adjustment::NONE, deviate), None, "{deviate}");
        }
    }

    fn some_points() -> impl Strategy<Value = Vec<Point>> {
        // Few distinct values, so that equal z of different sizes occur.
        let unit = (0u64..6, 1u64..6).prop_map(|(observed, expected)| Point::observed_by_root(observed, expected as f64).expect("sound"));
        proptest::collection::vec(unit, 10..40)
    }

    proptest! {
        #[test]
        fn a_unit_is_outside_the_drawn_limits_where_its_position_says_so(
            r in 1u64..400, failures in 0u64..400, target in 0.05..0.95, expected in 1.0..400.0, factor in 1.0..9.0, variance in 0.0..0.05,
        ) {
            let found = Overdispersion { factor, variance, units: 60 };
            let (n, observed) = (r + failures, r as f64);
            let points = [
                (Point::proportion(Counts { successes: r, trials: n }, target), observed / n as f64),
                (Point::observed_by_root(r, expected), observed / expected),
                (Point::observed_by_logarithm(r, expected), observed / expected),
                (Point::ratio(r, failures + 1, target), (observed + 0.5) / (failures as f64 + 1.5)),
            ];
            for (point, value) in points {
                let point = point.expect("sound");
                for adjustment in [Adjustment::NONE, found.additive(), found.multiplicative()] {
                    let attention = point.limits(adjustment, DEVIATE_95).expect("a deviate");
                    let alarm = point.limits(adjustment, DEVIATE_998).expect("a deviate");
                    prop_assert!(alarm.low <= attention.low && attention.low < attention.high && attention.high <= alarm.high);
                    // On the limit itself rounding decides.
                    prop_assume!([attention, alarm].iter().all(|limits| {
                        (value - limits.low).abs() > 1e-9 && ((value - limits.high).abs() > 1e-9 || limits.high == 1.0)
                    }));
                    let expected = match () {
                        () if value < alarm.low => Position::AlarmLow,
                        () if value < attention.low => Position::AttentionLow,
                        () if value > alarm.high => Position::AlarmHigh,
                        () if value > attention.high => Position::AttentionHigh,
                        () => Position::Within,
                    };
                    prop_assert_eq!(point.position(adjustment), expected);
                }
            }
        }

        #[test]
        fn limits_narrow_with_the_size_of_the_unit_but_not_below_the_variation_between_units(n in 20u64..5_000, times in 2u64..20) {
            let limits = |trials, adjustment| {
                let point = Point::proportion(Counts { successes: 0, trials }, 0.5).expect("trials");
                point.limits(adjustment, DEVIATE_95).expect("a deviate")
            };
            let found = Overdispersion { factor: 3.0, variance: 0.01, units: 60 };
            for adjustment in [Adjustment::NONE, found.additive(), found.multiplicative()] {
                let (few, many) = (limits(n, adjustment), limits(n * times, adjustment));
                prop_assert!(few.low < many.low && many.low < 0.5 && 0.5 < many.high && many.high < few.high);
            }
            // 1.96 · √0.01 on the scale, whatever the size.
            prop_assert!(limits(n * times, found.additive()).high > (0.5f64.sqrt().asin() + 0.196).sin().powi(2));
        }

        #[test]
        fn overdispersion_does_not_depend_on_the_order_of_units(
            (points, other) in some_points().prop_flat_map(|points| (Just(points.clone()), Just(points).prop_shuffle())),
        ) {
            for trimming in [Trimming::None, Trimming::Winsorise(0.1), Trimming::Truncate(0.1)] {
                prop_assert_eq!(overdispersion(&points, trimming), overdispersion(&other, trimming));
            }
        }
    }
}
