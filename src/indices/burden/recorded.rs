//! Visits that firms report against visits that the register holds for them.
//!
//! In: one scope's panel. Out: one row a quarter, with the ratio, its interval, and whether it lies in the band. Never here: what
//! follows from that; pulling in, since the same firms stand on both sides.

use std::collections::BTreeMap;

use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};

use super::super::bootstrap::Replicates;
use super::super::tables::BurdenVisits;
use super::{BurdenParameters, Scope, interval, share};

/// Recorded ÷ reported of the firms of a quarter that have both, each firm once as in the indicator `burden.recorded_ratio`; `None`
/// where no firm can be compared.
pub fn compared(scope: &Scope<'_>, quarter: &str, parameters: &BurdenParameters) -> Option<BurdenVisits> {
    let mut strata: BTreeMap<&str, BTreeMap<&str, (Decimal, Decimal)>> = BTreeMap::new();
    for row in scope.panel.iter().filter(|row| row.quarter == quarter) {
        let (Some(reported), Some(recorded)) = (row.visits, row.recorded) else { continue };
        strata.entry(&row.stratum).or_default().insert(&row.firm, (reported, recorded));
    }
    let strata: Vec<Vec<(Decimal, Decimal)>> = strata.into_values().map(|firms| firms.into_values().collect()).collect();
    let firms: usize = strata.iter().map(Vec::len).sum();
    if firms == 0 {
        return None;
    }
    let reported: Decimal = strata.iter().flatten().map(|(reported, _)| *reported).sum();
    let recorded: Decimal = strata.iter().flatten().map(|(_, recorded)| *recorded).sum();
    let covered: Decimal = strata.iter().flatten().map(|(reported, recorded)| *reported.min(recorded)).sum();
    let has_ratio = reported > Decimal::ZERO;
    let (low, high) = parameters.recorded_band;
    Some(BurdenVisits {
        scope: scope.name.to_owned(),
        quarter: quarter.to_owned(),
        firms: firms as u32,
        reported,
        recorded,
        ratio: has_ratio.then(|| (recorded / reported).round_dp_with_strategy(6, RoundingStrategy::MidpointAwayFromZero)),
        interval: if has_ratio && scope.large_enough(quarter) { ratios(&strata, scope, quarter, parameters) } else { None },
        covered: has_ratio.then(|| (covered / reported).round_dp_with_strategy(6, RoundingStrategy::MidpointAwayFromZero)),
        // Multiplied, not divided: a ratio on the band's edge is inside.
        inside_band: has_ratio.then(|| low * reported <= covered && recorded <= high * reported),
    })
}

/// Whether the register holds nearly the same share of the reported visits in both quarters, and nearly the same ratio: if it fell from 1.0 to 0.8, a
/// fifth of the visits would have gone from the index without having gone from the firms.
pub fn is_steady(visits: &[BurdenVisits], base: &str, quarter: &str, drift: Decimal) -> bool {
    let of = |quarter: &str| visits.iter().find(|row| row.quarter == quarter).and_then(|row| row.covered.zip(row.ratio));
    let Some(((covered_before, ratio_before), (covered, ratio))) = of(base).zip(of(quarter)) else { return false };
    let near = |before: Decimal, now: Decimal| (now - before).abs() <= drift * before;
    near(covered_before, covered) && near(ratio_before, ratio)
}

/// The interval of replicates; those that drew only firms without a visit have no ratio and are left out.
fn ratios(
    strata: &[Vec<(Decimal, Decimal)>],
    scope: &Scope<'_>,
    quarter: &str,
    parameters: &BurdenParameters,
) -> Option<(Decimal, Decimal)> {
    let float = |amount: Decimal| amount.to_f64().unwrap_or(0.0);
    let strata: Vec<Vec<(f64, f64)>> =
        strata.iter().map(|firms| firms.iter().map(|(reported, recorded)| (float(*reported), float(*recorded))).collect()).collect();
    let name = format!("{}|{quarter}|recorded", scope.name);
    let mut replicates = Replicates::new(parameters.seed, &name, strata.iter().map(Vec::len).collect());
    let mut sample = Vec::new();
    for _ in 0..parameters.draws {
        let weights = replicates.draw();
        let (mut reported, mut recorded) = (0.0, 0.0);
        for ((firm_reported, firm_recorded), weight) in strata.iter().flatten().zip(weights.iter().flatten()) {
            reported += weight * firm_reported;
            recorded += weight * firm_recorded;
        }
        sample.extend((reported > 0.0).then(|| recorded / reported));
    }
    interval(sample, share)
}
