//! The index with weights that meet the register's visits.
//!
//! In: two quarters of the panel, the register's totals of both. Out: one component's calibrated index. Never here: intervals.
//!
//! Each quarter's weights are calibrated so that the visits estimated from the panel are those of the register; with them the component's
//! total is estimated, and divided by the enterprises in being, since the index is one of burden per enterprise. That makes the figure
//! hours (or yuan) per reported visit times recorded visits per enterprise: a ratio estimate, steadier than the direct one because visits
//! no longer vary by sample. Calibrated visits are the register's own index. Unlike the direct index it follows the present population.

use super::panel::{Side, Stratum};
use super::register::Total;
use crate::statistics::survey;

/// Component `component` with calibrated weights, the greatest at most `limit` times the least.
///
/// Firms count that answered both the component and visits, and have a positive weight; strata that have such firms in both quarters.
/// `None` without the register's total of either quarter, or where such firms report no visit at all.
pub fn calibrated(strata: &[Stratum], component: usize, totals: [Option<Total>; 2], limit: f64) -> Option<f64> {
    let both: Vec<[Vec<Answer>; 2]> = strata
        .iter()
        .map(|stratum| [answers(&stratum.earlier, component), answers(&stratum.later, component)])
        .filter(|sides| sides.iter().all(|answers| !answers.is_empty()))
        .collect();
    let [earlier, later] = totals;
    let (earlier, later) = (per_enterprise(&both, 0, earlier?, limit)?, per_enterprise(&both, 1, later?, limit)?);
    (earlier > 0.0).then(|| 100.0 * later / earlier)
}

/// Weight, visits, and the component's answer.
type Answer = (f64, f64, f64);

fn answers(side: &Side, component: usize) -> Vec<Answer> {
    let reports = side.reports.iter().zip(&side.weights).filter(|(_, weight)| **weight > 0.0);
    reports.filter_map(|(report, weight)| Some((*weight, report[0]?, report[component]?))).collect()
}

fn per_enterprise(strata: &[[Vec<Answer>; 2]], side: usize, total: Total, limit: f64) -> Option<f64> {
    let answers = || strata.iter().flat_map(|sides| &sides[side]);
    let weights: Vec<f64> = answers().map(|(weight, _, _)| *weight).collect();
    let visits: Vec<f64> = answers().map(|(_, visits, _)| *visits).collect();
    let calibrated = survey::calibrate(&weights, &visits, total.visits, Some(limit))?;
    let sum: f64 = calibrated.weights.iter().zip(answers()).map(|(weight, (_, _, answer))| weight * answer).sum();
    (total.enterprises > 0.0).then(|| sum / total.enterprises)
}
