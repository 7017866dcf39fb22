//! The index of one scope and quarter: components, their mean, intervals, contributions.
//!
//! In: two quarters of the panel, what the register and the other methods say. Out: rows of the panel's components and of the index.
//! Never here: which reports count, the register's own row.

use std::collections::BTreeMap;

use rust_decimal::prelude::FromPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};

use super::super::bootstrap::Replicates;
use super::super::tables::Burden;
use super::calibration::calibrated;
use super::panel::{COMPONENTS, Comparison, Report, Stratum};
use super::register::Register;
use super::{BurdenParameters, Scope, interval, rounded};

/// Components of the index: the first three, visits first.
const PARTS: usize = 3;

/// Rows of one scope and quarter. `carries` says that the firms' reports agree with the register.
pub fn rows(
    scope: &Scope<'_>,
    quarter: &str,
    chained: &BTreeMap<&str, [Option<f64>; 4]>,
    register: &Register<'_>,
    carries: bool,
    parameters: &BurdenParameters,
) -> Vec<Burden> {
    let comparison = Comparison::of(&scope.panel, scope.base, quarter, parameters.winsor_mads);
    let strata = &comparison.strata;
    let firms = scope.firms(quarter);
    let large_enough = firms >= scope.minimum_firms;
    let frequency = register.index(scope.name, scope.base, quarter).filter(|_| carries);
    let composite = |parts: [Option<f64>; 4]| index(parts, frequency, parameters.weights);

    let whole: Vec<Vec<f64>> = strata.iter().map(|stratum| vec![1.0; stratum.earlier.reports.len()]).collect();
    let points = indices(strata, &whole);
    let mut replicates = Replicates::new(parameters.seed, &format!("{}|{quarter}", scope.name), whole.iter().map(Vec::len).collect());
    let mut samples: [Vec<f64>; 5] = Default::default();
    for _ in 0..if large_enough { parameters.draws } else { 0 } {
        // The same draws for both quarters, and no draws for the register: it is a census.
        let weights = replicates.draw();
        let drawn = if parameters.limits_redrawn {
            let redrawn = strata.iter().zip(&weights).map(|(stratum, weights)| stratum.redrawn(weights, parameters.winsor_mads));
            indices(&redrawn.collect::<Vec<_>>(), &weights)
        } else {
            indices(strata, &weights)
        };
        samples.iter_mut().zip(drawn.into_iter().chain([composite(drawn)])).for_each(|(sample, index)| sample.extend(index));
    }

    let shown = |value: Option<f64>| value.filter(|_| large_enough).and_then(rounded);
    let total = shown(composite(points));
    let contributions = total.and_then(|total| contributions(total, points, frequency, parameters.weights));
    let chained = chained.get(quarter).copied().unwrap_or_default();
    let totals = [scope.base, quarter].map(|quarter| register.total(scope.name, quarter));
    let calibrated = [0, 1, 2, 3].map(|component| calibrated(strata, component, totals, parameters.weight_ratio_limit));
    let carried_by = if frequency.is_some() { "register" } else { "panel" };
    let row = |component: &str, index: Option<Decimal>, sample: Vec<f64>| {
        let interval = index.and_then(|_| interval(sample, rounded));
        Burden {
            scope: scope.name.to_owned(),
            quarter: quarter.to_owned(),
            component: component.to_owned(),
            index,
            interval,
            firms,
            minimum_firms: scope.minimum_firms,
            winsorised: comparison.pulled_in.reports[..PARTS].iter().sum(),
            unchanged: interval.is_some_and(|(low, high)| low <= Decimal::ONE_HUNDRED && Decimal::ONE_HUNDRED <= high),
            score: None,
            mean: None,
            excess: None,
            contribution: None,
            chained: shown(composite(chained)),
            calibrated: shown(composite(calibrated)),
            carried_by: carried_by.to_owned(),
            strata_left_out: comparison.left_out(if frequency.is_some() { &[1, 2] } else { &[0, 1, 2] }),
        }
    };
    let [visits, hours, cost, equipment, sample] = samples;
    let mut whole_row = row("index", total, sample);
    whole_row.score = whole_row.index.map(|index| {
        let seen = if whole_row.unchanged { Decimal::ONE_HUNDRED } else { index };
        parameters.curve.score(seen).round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
    });
    let parts = [visits, hours, cost, equipment].into_iter().zip(COMPONENTS).enumerate().map(|(place, (sample, name))| Burden {
        winsorised: comparison.pulled_in.reports[place],
        mean: shown(mean_per_firm(strata, place)),
        excess: shown(Some(comparison.pulled_in.excess[place])),
        contribution: contributions.and_then(|shares| shares.get(place).copied()).filter(|_| place > 0 || frequency.is_none()),
        chained: shown(chained[place]),
        calibrated: shown(calibrated[place]),
        carried_by: "panel".to_owned(),
        strata_left_out: comparison.left_out(&[place]),
        ..row(name, shown(points[place]), sample)
    });
    let of_register = contributions.map(|[visits, ..]| visits).filter(|_| frequency.is_some());
    parts.chain([whole_row]).chain(register.row(scope, quarter, of_register)).collect()
}

/// 100·Σ N·ȳ_later / Σ N·ȳ_earlier for each component, N of the earlier quarter, under the given weights of firms.
pub fn indices(strata: &[Stratum], weights: &[Vec<f64>]) -> [Option<f64>; 4] {
    [0, 1, 2, 3].map(|component| {
        let Sums { earlier, later, .. } = sums(strata, weights, component);
        (earlier > 0.0).then(|| 100.0 * later / earlier)
    })
}

/// The weighted mean of visits, hours and cost; where the register carries V, `frequency` stands in for the panel's visits.
fn index(parts: [Option<f64>; 4], frequency: Option<f64>, weights: [f64; PARTS]) -> Option<f64> {
    let parts = carrying(parts, frequency);
    let weighted = (0..PARTS).map(|part| Some(weights[part] * parts[part]?)).sum::<Option<f64>>();
    let whole = weights.iter().sum::<f64>();
    weighted.map(|sum| sum / whole)
}

fn carrying([visits, hours, cost, _]: [Option<f64>; 4], frequency: Option<f64>) -> [Option<f64>; PARTS] {
    [frequency.or(visits), hours, cost]
}

/// Points of `total` − 100 by part, w·(I − 100)/Σw, rounded so that they add up exactly: each rounded down, then one grain more by
/// largest remainder, ties to the part named first.
pub fn contributions(total: Decimal, parts: [Option<f64>; 4], frequency: Option<f64>, weights: [f64; PARTS]) -> Option<[Decimal; PARTS]> {
    let whole = weights.iter().sum::<f64>();
    let (mut shares, mut remainders) = ([Decimal::ZERO; PARTS], [Decimal::ZERO; PARTS]);
    for (place, part) in carrying(parts, frequency).into_iter().enumerate() {
        let exact = Decimal::from_f64(weights[place] * (part? - 100.0) / whole)?;
        shares[place] = exact.round_dp_with_strategy(4, RoundingStrategy::ToNegativeInfinity);
        remainders[place] = exact - shares[place];
    }
    let mut order = [0, 1, 2];
    // Stable: equal remainders keep the order of the parts.
    order.sort_by(|a, b| remainders[*b].cmp(&remainders[*a]));
    let mut left = total - Decimal::ONE_HUNDRED - shares.iter().sum::<Decimal>();
    for place in order {
        let grain = left.clamp(Decimal::ZERO, Decimal::new(1, 4));
        shares[place] += grain;
        left -= grain;
    }
    // Nothing is left unless an index is so large that binary fractions have no four decimals.
    shares[order[0]] += left;
    Some(shares)
}

/// The later quarter's mean per firm of the population, over the strata that answered in both.
fn mean_per_firm(strata: &[Stratum], component: usize) -> Option<f64> {
    let whole: Vec<Vec<f64>> = strata.iter().map(|stratum| vec![1.0; stratum.later.reports.len()]).collect();
    let Sums { population, later, .. } = sums(strata, &whole, component);
    (population > 0.0).then(|| later / population)
}

/// Sums over the strata that answered in both quarters.
#[derive(Default)]
struct Sums {
    population: f64,
    earlier: f64,
    later: f64,
}

fn sums(strata: &[Stratum], weights: &[Vec<f64>], component: usize) -> Sums {
    let mut sums = Sums::default();
    for (stratum, weights) in strata.iter().zip(weights) {
        let means = (mean(&stratum.later.reports, weights, component), mean(&stratum.earlier.reports, weights, component));
        // A stratum that answered in one period only would compare nothing with something.
        let (Some(later), Some(earlier)) = means else { continue };
        sums.population += stratum.population;
        sums.later += stratum.population * later;
        sums.earlier += stratum.population * earlier;
    }
    sums
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
