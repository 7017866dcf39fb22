//! Burden of enforcement on enterprises (catalogue of indicators, C2).
//!
//! In: the panel's reports, one row a firm and quarter. Out: visits, hours, cost and the index against the base quarter, with
//! intervals. Never here: SQL; ranks of units; fines, which are no burden in this sense.
//!
//! Means inside strata are weighted by the base quarter's firms (Laspeyres), so that a change of the panel is no change of
//! burden. Reports beyond median + 5·MAD of their stratum and quarter are pulled in to that limit, never dropped; where the MAD
//! is zero there is no such limit. Floating point serves here alone: the figures are estimates with an interval.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use rust_decimal::prelude::{FromPrimitive, ToPrimitive};
use rust_decimal::{Decimal, RoundingStrategy};

use super::amount;
use super::bootstrap::{Replicates, quantile};
use super::tables::Burden;
use crate::library::Library;
use crate::library::scheme::Curve;

/// One firm's report of one quarter; `None` is no answer, zero is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PanelRow {
    /// Firm.
    pub firm: String,
    /// City's division code.
    pub city: String,
    /// Stratum.
    pub stratum: String,
    /// `2026Q1`.
    pub quarter: String,
    /// Firms of the population that this one stands for.
    pub weight: Decimal,
    /// Visits.
    pub visits: Option<Decimal>,
    /// Hours of materials and escort.
    pub hours: Option<Decimal>,
    /// Extra cost, fines excluded.
    pub cost: Option<Decimal>,
    /// Legally required safety equipment, shown apart.
    pub equipment: Option<Decimal>,
}

/// Amounts that policy may change.
#[derive(Debug, Clone, PartialEq)]
pub struct BurdenParameters {
    /// Quarter that is 100; `None` takes the first of the panel.
    pub base_quarter: Option<String>,
    /// Weights of visits, hours and cost.
    pub weights: [f64; 3],
    /// Limit of a stratum: median plus so many MAD.
    pub winsor_mads: f64,
    /// Bootstrap replicates.
    pub draws: u32,
    /// Seed.
    pub seed: u64,
    /// A city with fewer firms has no index of its own.
    pub minimum_firms: u32,
    /// From the index to a score.
    pub curve: Curve,
}

impl BurdenParameters {
    /// The amounts of the catalogue of indicators, C2.
    pub fn usual(seed: u64) -> Self {
        let points = [(60, 100), (100, 80), (150, 0)].map(|(value, score)| (Decimal::from(value), Decimal::from(score)));
        Self {
            base_quarter: None,
            weights: [0.3, 0.4, 0.3],
            winsor_mads: 5.0,
            draws: 2000,
            seed,
            minimum_firms: 100,
            curve: Curve::new(points.to_vec()).expect("the usual curve ascends"),
        }
    }

    /// The amounts in force on that day; those of [`Self::usual`] where the library names none.
    pub fn of(library: &Library, until: Date, seed: u64) -> Self {
        let usual = Self::usual(seed);
        let amount = |name: &str| amount(library, name, until);
        let float = |name: &str, usual: f64| amount(name).and_then(|amount| amount.to_f64()).unwrap_or(usual);
        let whole = |name: &str, usual: u32| amount(name).and_then(|amount| amount.to_u32()).unwrap_or(usual);
        let [visits, hours, cost] = usual.weights;
        Self {
            weights: [float("burden.weight.visits", visits), float("burden.weight.hours", hours), float("burden.weight.cost", cost)],
            winsor_mads: float("burden.winsor_mads", usual.winsor_mads),
            draws: whole("burden.bootstrap_draws", usual.draws),
            minimum_firms: whole("burden.minimum_firms", usual.minimum_firms),
            ..usual
        }
    }
}

/// Visits, hours, cost, equipment: where each stands in a row of reports.
const COMPONENTS: [&str; 4] = ["visits", "hours", "cost", "equipment"];

/// What one firm reported in one quarter, in the order of [`COMPONENTS`].
type Report = [Option<f64>; 4];

/// One stratum of one panel: firms in order, each with its report of the base quarter and of this one.
struct Stratum {
    /// Firms of the population in the base quarter.
    population: f64,
    base: Vec<Report>,
    now: Vec<Report>,
}

/// Every scope and quarter: the province, and each city of the panel.
pub fn burden(rows: &[PanelRow], parameters: &BurdenParameters) -> Vec<Burden> {
    let quarters: BTreeSet<&str> = rows.iter().map(|row| row.quarter.as_str()).collect();
    let Some(base) = parameters.base_quarter.as_deref().or_else(|| quarters.first().copied()) else { return Vec::new() };
    let cities: BTreeSet<&str> = rows.iter().map(|row| row.city.as_str()).filter(|city| !city.is_empty()).collect();
    let mut result = Vec::new();
    for scope in cities.into_iter().chain(["province"]) {
        let panel: Vec<&PanelRow> = rows.iter().filter(|row| scope == "province" || row.city == scope).collect();
        for quarter in quarters.iter().filter(|quarter| **quarter >= base) {
            result.extend(one(scope, quarter, base, &panel, parameters));
        }
    }
    result.sort_by(|a, b| (&a.scope, &a.quarter, &a.component).cmp(&(&b.scope, &b.quarter, &b.component)));
    result
}

fn one(scope: &str, quarter: &str, base: &str, panel: &[&PanelRow], parameters: &BurdenParameters) -> Vec<Burden> {
    let mut strata = strata(panel, base, quarter);
    let firms = panel.iter().filter(|row| row.quarter == quarter).map(|row| row.firm.as_str()).collect::<BTreeSet<_>>().len() as u32;
    let minimum_firms = if scope == "province" { 0 } else { parameters.minimum_firms };
    let large_enough = firms >= minimum_firms;
    let mut pulled_in = [0; 4];
    for stratum in &mut strata {
        winsorise(&mut stratum.base, parameters.winsor_mads);
        let counts = winsorise(&mut stratum.now, parameters.winsor_mads);
        pulled_in.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
    }
    let whole: Vec<Vec<f64>> = strata.iter().map(|stratum| vec![1.0; stratum.base.len()]).collect();
    let points = indices(&strata, &whole, parameters);
    let mut replicates = Replicates::new(parameters.seed, &format!("{scope}|{quarter}"), whole.iter().map(Vec::len).collect());
    let mut samples: [Vec<f64>; 5] = Default::default();
    for _ in 0..if large_enough { parameters.draws } else { 0 } {
        let drawn = indices(&strata, &replicates.draw(), parameters);
        samples.iter_mut().zip(drawn).for_each(|(sample, index)| sample.extend(index));
    }
    let names = COMPONENTS.into_iter().chain(["index"]).zip(points).zip(samples).enumerate();
    names
        .map(|(place, ((component, index), sample))| {
            let index = index.filter(|_| large_enough).and_then(rounded);
            let interval = index.and_then(|_| interval(sample));
            let unchanged = interval.is_some_and(|(low, high)| low <= Decimal::ONE_HUNDRED && Decimal::ONE_HUNDRED <= high);
            let score = index.filter(|_| component == "index").map(|index| {
                let seen = if unchanged { Decimal::ONE_HUNDRED } else { index };
                parameters.curve.score(seen).round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
            });
            Burden {
                scope: scope.to_owned(),
                quarter: quarter.to_owned(),
                component: component.to_owned(),
                index,
                interval,
                firms,
                minimum_firms,
                winsorised: pulled_in.get(place).copied().unwrap_or_else(|| pulled_in[..3].iter().sum()),
                unchanged,
                score,
            }
        })
        .collect()
}

/// Firms of the base quarter and of this one, by stratum; a stratum without base has no weight and stands aside.
fn strata(panel: &[&PanelRow], base: &str, quarter: &str) -> Vec<Stratum> {
    let mut firms: BTreeMap<&str, BTreeMap<&str, (Report, Report)>> = BTreeMap::new();
    let mut population: BTreeMap<&str, f64> = BTreeMap::new();
    for row in panel {
        let report = [row.visits, row.hours, row.cost, row.equipment].map(|amount| amount.and_then(|amount| amount.to_f64()));
        if row.quarter == base {
            firms.entry(&row.stratum).or_default().entry(&row.firm).or_default().0 = report;
        }
        if row.quarter == quarter {
            firms.entry(&row.stratum).or_default().entry(&row.firm).or_default().1 = report;
        }
    }
    // Weights are summed in the firms' order: a sum of floats must not depend on the order of the rows.
    let mut weights: Vec<(&str, &str, f64)> = panel
        .iter()
        .filter(|row| row.quarter == base)
        .map(|row| (row.stratum.as_str(), row.firm.as_str(), row.weight.to_f64().unwrap_or(0.0)))
        .collect();
    weights.sort_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)));
    for (stratum, _, weight) in weights {
        *population.entry(stratum).or_default() += weight;
    }
    let of = |(stratum, firms): (&str, BTreeMap<&str, (Report, Report)>)| {
        let population = *population.get(stratum)?;
        let (base, now) = firms.into_values().unzip();
        Some(Stratum { population, base, now })
    };
    firms.into_iter().filter_map(of).collect()
}

/// Pulls reports above the stratum's limit in to it; how many, by component.
fn winsorise(reports: &mut [Report], mads: f64) -> [u32; 4] {
    let mut pulled_in = [0; 4];
    for component in 0..4 {
        let answers: Vec<f64> = reports.iter().filter_map(|report| report[component]).collect();
        let Some(middle) = median(answers.clone()) else { continue };
        let Some(mad) = median(answers.iter().map(|answer| (answer - middle).abs()).collect()).filter(|mad| *mad > 0.0) else { continue };
        let limit = middle + mads * mad;
        for answer in reports.iter_mut().filter_map(|report| report[component].as_mut()).filter(|answer| **answer > limit) {
            *answer = limit;
            pulled_in[component] += 1;
        }
    }
    pulled_in
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    quantile(&values, 0.5)
}

/// 100·Σ N·ȳ_now / Σ N·ȳ_base for each component, then the index, under the given weights of firms.
fn indices(strata: &[Stratum], weights: &[Vec<f64>], parameters: &BurdenParameters) -> [Option<f64>; 5] {
    let component = |component: usize| {
        let (mut now, mut base) = (0.0, 0.0);
        for (stratum, weights) in strata.iter().zip(weights) {
            let means = (mean(&stratum.now, weights, component), mean(&stratum.base, weights, component));
            // A stratum that answered in one period only would compare nothing with something.
            let (Some(mean_now), Some(mean_base)) = means else { continue };
            now += stratum.population * mean_now;
            base += stratum.population * mean_base;
        }
        (base > 0.0).then(|| 100.0 * now / base)
    };
    let parts = [0, 1, 2, 3].map(component);
    let weighted = (0..3).map(|part| Some(parameters.weights[part] * parts[part]?)).sum::<Option<f64>>();
    let whole = parameters.weights.iter().sum::<f64>();
    [parts[0], parts[1], parts[2], parts[3], weighted.map(|sum| sum / whole)]
}

/// Weighted mean of the answers; when a replicate drew none of the firms that answered, the plain mean.
fn mean(reports: &[Report], weights: &[f64], component: usize) -> Option<f64> {
    let answers = || reports.iter().zip(weights).filter_map(|(report, weight)| Some((report[component]?, *weight)));
    let drawn: f64 = answers().map(|(_, weight)| weight).sum();
    if drawn > 0.0 {
        return Some(answers().map(|(answer, weight)| answer * weight).sum::<f64>() / drawn);
    }
    let n = answers().count();
    (n > 0).then(|| answers().map(|(answer, _)| answer).sum::<f64>() / n as f64)
}

/// The 2.5 % and 97.5 % quantiles of the replicates; a percentile is the same on a logarithmic scale.
fn interval(mut sample: Vec<f64>) -> Option<(Decimal, Decimal)> {
    sample.sort_by(f64::total_cmp);
    Some((rounded(quantile(&sample, 0.025)?)?, rounded(quantile(&sample, 0.975)?)?))
}

fn rounded(value: f64) -> Option<Decimal> {
    Some(Decimal::from_f64(value)?.round_dp_with_strategy(4, RoundingStrategy::MidpointAwayFromZero))
}

#[cfg(test)]
#[path = "burden_tests.rs"]
mod tests;
