//! The panel's reports of two quarters, side by side by stratum.
//!
//! In: one scope's rows. Out: answers by stratum and firm, pulled in to their stratum's limit, and what that cut off. Never here: means,
//! indices.
//!
//! Strata come by name and firms by name inside them: sums of floats run in that order, whatever the order of the rows.

use std::collections::BTreeMap;

use rust_decimal::prelude::ToPrimitive;

use super::PanelRow;
use crate::statistics::survey;

/// Visits, hours, cost, equipment: where each stands in a row of reports.
pub const COMPONENTS: [&str; 4] = ["visits", "hours", "cost", "equipment"];

/// What one firm reported in one quarter, in the order of [`COMPONENTS`].
pub type Report = [Option<f64>; 4];

/// One quarter of one stratum: a place for each firm of either quarter, empty where it did not report.
#[derive(Default)]
pub struct Side {
    /// Reports.
    pub reports: Vec<Report>,
    /// Firms of the population that each one stands for this quarter; 0 where it did not report.
    pub weights: Vec<f64>,
}

impl Side {
    /// Someone answered.
    pub fn answered(&self, component: usize) -> bool {
        self.reports.iter().any(|report| report[component].is_some())
    }
}

/// One stratum with reports in the earlier quarter.
pub struct Stratum {
    /// Firms of the population in the earlier quarter.
    pub population: f64,
    /// The earlier quarter.
    pub earlier: Side,
    /// The later one.
    pub later: Side,
    /// Reports of both before pulling in.
    raw: [Vec<Report>; 2],
}

impl Stratum {
    /// The stratum as one replicate sees it, with limits of the firms that it drew; `weights` are those of the replicate.
    pub fn redrawn(&self, weights: &[f64], mads: f64) -> Self {
        let [earlier, later] = [(&self.earlier, &self.raw[0]), (&self.later, &self.raw[1])]
            .map(|(side, raw)| Side { reports: limited(raw, weights, mads), weights: side.weights.clone() });
        Self { population: self.population, earlier, later, raw: Default::default() }
    }
}

/// What was pulled in, by component.
#[derive(Default)]
pub struct PulledIn {
    /// How many reports.
    pub reports: [u32; 4],
    /// By how much in sum.
    pub excess: [f64; 4],
}

/// Two quarters of one scope.
pub struct Comparison {
    /// Strata with reports in the earlier quarter, by name.
    pub strata: Vec<Stratum>,
    /// The later quarter of the others: without an earlier one they have no weight and stand aside.
    pub newcomers: Vec<Side>,
    /// What was pulled in of the later quarter, in `strata`.
    pub pulled_in: PulledIn,
}

impl Comparison {
    /// Firms of both quarters, by stratum; `panel` is in the order of the rows.
    pub fn of(panel: &[&PanelRow], earlier: &str, later: &str, mads: f64) -> Self {
        let mut firms: BTreeMap<&str, BTreeMap<&str, [(Report, f64); 2]>> = BTreeMap::new();
        let mut population: BTreeMap<&str, f64> = BTreeMap::new();
        for row in panel {
            let report = [row.visits, row.hours, row.cost, row.equipment].map(|amount| amount.and_then(|amount| amount.to_f64()));
            let weight = row.weight.to_f64().unwrap_or(0.0);
            for (place, _) in [earlier, later].iter().enumerate().filter(|(_, quarter)| row.quarter == **quarter) {
                firms.entry(&row.stratum).or_default().entry(&row.firm).or_default()[place] = (report, weight);
            }
            // The rows are in the order of their firms, and so is this sum.
            if row.quarter == earlier {
                *population.entry(&row.stratum).or_default() += weight;
            }
        }
        let mut result = Self { strata: Vec::new(), newcomers: Vec::new(), pulled_in: PulledIn::default() };
        for (stratum, firms) in firms {
            let [mut earlier, mut later] = <[Side; 2]>::default();
            for [(report, weight), (later_report, later_weight)] in firms.into_values() {
                earlier.reports.push(report);
                earlier.weights.push(weight);
                later.reports.push(later_report);
                later.weights.push(later_weight);
            }
            let Some(population) = population.get(stratum).copied() else {
                result.newcomers.push(later);
                continue;
            };
            let raw = [earlier.reports.clone(), later.reports.clone()];
            winsorise(&mut earlier.reports, mads);
            let pulled_in = winsorise(&mut later.reports, mads);
            for component in 0..COMPONENTS.len() {
                result.pulled_in.reports[component] += pulled_in.reports[component];
                result.pulled_in.excess[component] += pulled_in.excess[component];
            }
            result.strata.push(Stratum { population, earlier, later, raw });
        }
        result
    }

    /// Strata that answered one of these components in one of the quarters only.
    pub fn left_out(&self, components: &[usize]) -> u32 {
        let once = |earlier: Option<&Side>, later: &Side| {
            components.iter().any(|component| earlier.is_some_and(|side| side.answered(*component)) != later.answered(*component))
        };
        let strata = self.strata.iter().filter(|stratum| once(Some(&stratum.earlier), &stratum.later)).count();
        (strata + self.newcomers.iter().filter(|side| once(None, side)).count()) as u32
    }
}

/// Pulls one stratum's reports above its limit in to it.
pub fn winsorise(reports: &mut [Report], mads: f64) -> PulledIn {
    let mut pulled_in = PulledIn::default();
    for component in 0..COMPONENTS.len() {
        let answers: Vec<f64> = reports.iter().filter_map(|report| report[component]).collect();
        let Some(found) = survey::winsorise(&answers, &vec![0; answers.len()], mads, None) else { continue };
        for (answer, value) in reports.iter_mut().filter_map(|report| report[component].as_mut()).zip(found.values) {
            *answer = value;
        }
        pulled_in.reports[component] = found.excess.iter().filter(|excess| **excess > 0.0).count() as u32;
        pulled_in.excess[component] = found.excess.iter().sum();
    }
    pulled_in
}

/// Reports pulled in to the limits of a replicate, in which each firm's answer stands as often as it was drawn.
fn limited(reports: &[Report], weights: &[f64], mads: f64) -> Vec<Report> {
    let mut limited = reports.to_vec();
    let firms = weights.len() as f64;
    // A firm drawn k times weighs k·n/(n − 1); one that is alone weighs 1.
    let times = |weight: f64| if weights.len() > 1 { (weight * (firms - 1.0) / firms).round() as usize } else { 1 };
    for component in 0..COMPONENTS.len() {
        let answers = reports.iter().zip(weights).filter_map(|(report, weight)| Some((report[component]?, times(*weight))));
        let drawn: Vec<f64> = answers.flat_map(|(answer, times)| std::iter::repeat_n(answer, times)).collect();
        let Some(found) = survey::winsorise(&drawn, &vec![0; drawn.len()], mads, None) else { continue };
        let Some(limit) = found.limits.get(&0) else { continue };
        limited.iter_mut().filter_map(|report| report[component].as_mut()).for_each(|answer| *answer = answer.min(*limit));
    }
    limited
}
