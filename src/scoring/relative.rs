//! Scores by comparison with the other rows of a table.
//!
//! In: values of all objects, the scheme's indicators that are scored so. Out: their scores, written into the values. Never here: curves.
//!
//! Formulas: OECD/JRC, Handbook on Constructing Composite Indicators (2008), step 5; a percentile rank is the share of the others that are worse.
//! Sums run over sorted values, so that the order of rows changes no bit. One row's value moves everybody's score: `kaohe check` asks for a
//! reason.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;

use super::leaf_score;
use super::objects::Assessed;
use super::tables::{Status, Value};
use crate::library::indicator::Better;
use crate::library::scheme::method::{Over, Relative, Spread};
use crate::library::scheme::{Scheme, Scored};
use crate::terms::IndicatorId;

/// Scores every indicator of the scheme that is compared with others.
pub(super) fn score(
    scheme: &Scheme,
    better: &dyn Fn(&IndicatorId) -> Option<Better>,
    objects: &[Assessed<'_>],
    values: &mut [Vec<Option<Value>>],
) {
    for (index, scored) in scheme.indicators.iter().enumerate() {
        let Some(relative) = &scored.relative else { continue };
        let lower_is_better = better(&scored.id).or(scored.better) == Some(Better::Lower);
        let mut groups: BTreeMap<&str, Vec<(usize, f64)>> = BTreeMap::new();
        for (row, object) in objects.iter().enumerate() {
            let Some(value) = values[row][index].as_ref().and_then(|value| value.value) else { continue };
            let Some(transformed) = scored.transform.of(value) else { continue };
            let group = if relative.over == Over::All { "" } else { object.peer_group.as_str() };
            groups.entry(group).or_default().push((row, if lower_is_better { -transformed } else { transformed }));
        }
        for rows in groups.into_values() {
            for (row, score) in compared(relative, target(scored, lower_is_better), rows) {
                let Some(value) = values[row][index].as_mut() else { continue };
                if matches!(value.status, Status::Scored | Status::Held) {
                    value.score = Some(leaf_score(scheme, score));
                }
            }
        }
    }
}

fn target(scored: &Scored, lower_is_better: bool) -> Option<f64> {
    let target = scored.transform.of(scored.target?)?;
    Some(if lower_is_better { -target } else { target })
}

/// The scores of values of which more is better.
fn compared(relative: &Relative, target: Option<f64>, rows: Vec<(usize, f64)>) -> Vec<(usize, Decimal)> {
    let mut sorted: Vec<f64> = rows.iter().map(|(_, value)| *value).collect();
    sorted.sort_by(f64::total_cmp);
    let (Some(worst), Some(best)) = (sorted.first().copied(), sorted.last().copied()) else { return Vec::new() };
    let n = sorted.len() as f64;
    let mean = sorted.iter().sum::<f64>() / n;
    let deviation = libm::sqrt(sorted.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / (n - 1.0));
    // Where all are equal nothing tells them apart: all are in the middle of the scale.
    let between = |value: f64, top: f64| if top > worst { 100.0 * (value - worst) / (top - worst) } else { 50.0 };
    let score = |value: f64| match relative.by {
        Spread::MinMax => between(value, best),
        Spread::DistanceToTarget if target.is_some_and(|target| value >= target) => 100.0,
        Spread::DistanceToTarget => between(value, target.unwrap_or(best)),
        Spread::Z if deviation > 0.0 => (50.0 + 10.0 * (value - mean) / deviation).clamp(0.0, 100.0),
        Spread::Percentile if best > worst => 100.0 * sorted.partition_point(|other| *other < value) as f64 / (n - 1.0),
        Spread::Z | Spread::Percentile => 50.0,
    };
    rows.into_iter().filter_map(|(row, value)| Some((row, Decimal::from_f64(score(value))?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scores(by: Spread, target: Option<f64>, values: &[f64]) -> Vec<String> {
        let relative = Relative { by, over: Over::All, allow: None };
        let scores = compared(&relative, target, values.iter().copied().enumerate().collect());
        scores.into_iter().map(|(_, score)| score.round_dp(4).normalize().to_string()).collect()
    }

    #[test]
    fn four_values_are_compared_as_in_the_handbook() {
        let values = [10.0, 20.0, 20.0, 50.0];
        assert_eq!(scores(Spread::MinMax, None, &values), ["0", "25", "25", "100"]);
        assert_eq!(scores(Spread::Percentile, None, &values), ["0", "33.3333", "33.3333", "100"]);
        assert_eq!(scores(Spread::DistanceToTarget, Some(30.0), &values), ["0", "50", "50", "100"]);
        // Mean 25, standard deviation √300 = 17.3205.
        assert_eq!(scores(Spread::Z, None, &values), ["41.3397", "47.1132", "47.1132", "64.4338"]);
    }

    #[test]
    fn who_has_reached_the_target_has_all_of_it_whoever_else_has() {
        assert_eq!(scores(Spread::DistanceToTarget, Some(0.7), &[0.95, 0.8, 0.75]), ["100", "100", "100"]);
        assert_eq!(scores(Spread::DistanceToTarget, Some(0.7), &[0.95, 0.35, 0.0]), ["100", "50", "0"]);
    }

    #[test]
    fn equal_values_are_in_the_middle() {
        for by in [Spread::MinMax, Spread::Z, Spread::Percentile] {
            assert_eq!(scores(by, None, &[3.0, 3.0, 3.0]), ["50", "50", "50"], "{by:?}");
            assert_eq!(scores(by, None, &[3.0]), ["50"], "{by:?}");
        }
    }

    #[test]
    fn one_value_moves_the_scores_of_all_others() {
        assert_ne!(scores(Spread::MinMax, None, &[0.0, 1.0, 2.0])[..2], scores(Spread::MinMax, None, &[0.0, 1.0, 4.0])[..2]);
    }
}
