//! What change the index of a panel could show, and that of panels of other sizes.
//!
//! In: one scope's panel. Out: for each component the panel as it is, and a grid of plans with the same spread of answers. Never here:
//! observed changes: a plan says what could have been seen, not what was.
//!
//! Answers are those of the index, pulled in, in its strata with the base quarter's populations.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::super::tables::BurdenPower;
use super::panel::{COMPONENTS, Comparison, Stratum};
use super::{Scope, rounded};
use crate::statistics::ranks::normal_quantile;
use crate::statistics::survey::{self, IndexPlan, IndexPower, SingleFirm, VarianceRule};

/// Confidence of the interval and of the test.
const CONFIDENCE: f64 = 0.95;
/// Probability with which the detectable rise is detected.
const POWER: f64 = 0.8;
/// Firms of the plans.
const FIRMS: [u32; 5] = [50, 100, 200, 400, 1000];
/// Correlations of the plans; all of their firms answer in both quarters.
const CORRELATIONS: [f64; 4] = [0.0, 0.5, 0.7, 0.9];
/// A correlation of fewer pairs is mostly chance: none is taken.
const MINIMUM_PAIRS: u32 = 10;

/// Own row and grid of visits, hours and cost; none where fewer than two firms answered, or all alike.
///
/// The own row's standard error is that of the component's own interval, `interval_of`, where it has one: the page must not say two things of one
/// figure. The formula of the plans takes limits as given, and a finite population into account; replicates do neither.
pub fn rows(scope: &Scope<'_>, quarter: &str, mads: f64, interval_of: &dyn Fn(&str) -> Option<(Decimal, Decimal)>) -> Vec<BurdenPower> {
    let strata = Comparison::of(&scope.panel, scope.base, quarter, mads).strata;
    let mut result = Vec::new();
    // By name, as the sort key has it.
    for component in [2, 1, 0] {
        let Some(spread) = Spread::of(&strata, component) else { continue };
        // A quarter is no second answer to itself.
        let (pairs, correlation) = if quarter == scope.base { (0, 0.0) } else { correlation(&strata, component) };
        let plan = IndexPlan {
            firms: spread.firms,
            variation: spread.variation,
            // Firms of one quarter only are as good as drawn afresh: the means move together by as much less.
            correlation: correlation * f64::from(pairs) / f64::from(spread.firms),
            design_effect: spread.design_effect,
            confidence: CONFIDENCE,
            power: POWER,
        };
        let own = interval_of(COMPONENTS[component]).and_then(power_of).or_else(|| survey::index_power(&plan));
        let own = own.map(|power| (spread.firms, Some(pairs), correlation, power));
        let grid = survey::power_table(&plan, &FIRMS, &CORRELATIONS).into_iter().flatten();
        let grid = grid.map(|(firms, correlation, power)| (firms, None, correlation, power));
        let row = |(firms, pairs, correlation, power): (u32, Option<u32>, f64, IndexPower)| {
            Some(BurdenPower {
                scope: scope.name.to_owned(),
                quarter: quarter.to_owned(),
                component: COMPONENTS[component].to_owned(),
                firms,
                pairs,
                correlation: rounded(correlation)?,
                is_own: pairs.is_some(),
                variation: rounded(spread.variation)?,
                design_effect: rounded(spread.design_effect)?,
                standard_error: rounded(power.standard_error)?,
                half_width: rounded(power.half_width)?,
                detectable_rise: rounded(power.detectable_rise)?,
            })
        };
        result.extend(own.into_iter().chain(grid).filter_map(row));
    }
    result
}

/// What an index with this 95 % interval can show; `None` for one without width.
fn power_of((low, high): (Decimal, Decimal)) -> Option<IndexPower> {
    let (low, high) = (low.to_f64()?, high.to_f64()?);
    let deviate = normal_quantile(0.5 + CONFIDENCE / 2.0);
    let standard_error = (libm::log(high) - libm::log(low)) / (2.0 * deviate);
    (low > 0.0 && standard_error > 0.0).then(|| IndexPower::of(standard_error, CONFIDENCE, POWER))
}

/// How answers of the later quarter differ.
struct Spread {
    firms: u32,
    variation: f64,
    design_effect: f64,
}

impl Spread {
    /// √S²/ȳ over the population, S² = n/(n − 1)·Σw(y − ȳ)²/Σw: the variance that the design effect compares with.
    fn of(strata: &[Stratum], component: usize) -> Option<Self> {
        let answers = strata.iter().map(|stratum| {
            let values = stratum.later.reports.iter().filter_map(|report| report[component]).collect();
            (stratum.population, values)
        });
        let answers: Vec<(f64, Vec<f64>)> =
            answers.filter(|(population, values): &(f64, Vec<f64>)| *population > 0.0 && !values.is_empty()).collect();
        let firms = answers.iter().map(|(_, values)| values.len()).sum::<usize>();
        let whole: f64 = answers.iter().map(|(population, _)| population).sum();
        let over_firms = |of: &dyn Fn(f64) -> f64| {
            let sum = |(population, values): &(f64, Vec<f64>)| {
                population * values.iter().map(|value| of(*value)).sum::<f64>() / values.len() as f64
            };
            answers.iter().map(sum).sum::<f64>() / whole
        };
        let mean = over_firms(&|value| value);
        let variance = firms as f64 / (firms as f64 - 1.0) * over_firms(&|value| (value - mean).powi(2));
        let variation = variance.sqrt() / mean;
        // A firm alone in its stratum must not make the plan look better.
        let rule = VarianceRule { single_firm: SingleFirm::AroundAll, finite_population: true };
        let sample: Vec<survey::Stratum<'_>> =
            answers.iter().map(|(population, values)| survey::Stratum { population: *population, values }).collect();
        let design_effect = survey::design_effect(&sample, rule).filter(|effect| *effect > 0.0).unwrap_or(1.0);
        (variation.is_finite() && variation > 0.0).then_some(Self { firms: firms as u32, variation, design_effect })
    }
}

/// Firms that answered in both quarters, and the correlation of their answers around the means of their stratum: what the strata
/// themselves differ by is no error of the index. 0 for fewer than [`MINIMUM_PAIRS`], or where nothing varies.
fn correlation(strata: &[Stratum], component: usize) -> (u32, f64) {
    let (mut pairs, mut products, mut squares) = (0, 0.0, [0.0; 2]);
    for stratum in strata {
        let both = stratum.earlier.reports.iter().zip(&stratum.later.reports);
        let both: Vec<[f64; 2]> = both.filter_map(|(earlier, later)| Some([earlier[component]?, later[component]?])).collect();
        let mean = |side: usize| both.iter().map(|pair| pair[side]).sum::<f64>() / both.len() as f64;
        let means = [mean(0), mean(1)];
        for pair in &both {
            let [earlier, later] = [pair[0] - means[0], pair[1] - means[1]];
            products += earlier * later;
            squares[0] += earlier * earlier;
            squares[1] += later * later;
        }
        pairs += both.len() as u32;
    }
    let correlation = products / (squares[0].sqrt() * squares[1].sqrt());
    let usable = pairs >= MINIMUM_PAIRS && correlation.is_finite();
    (pairs, if usable { correlation.clamp(-1.0, 1.0) } else { 0.0 })
}
