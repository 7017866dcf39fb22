//! P: joint patrols that both sides recorded, against those that a side owes.
//!
//! In: patrols, borders. Out: the part of one side, and what it adds to what was due on it. Never here: patrols that one side alone
//! recorded, or shorter ones; an interval, since every required patrol is counted: P is no sample of patrols.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::parameters::SynergyParameters;
use super::rows::{Border, Patrol};
use super::sides::{PartValue, Side, unordered};

/// Joint patrols: how many each side owes, and how many it has.
///
/// A number that the border itself declares is owed to that neighbour. Where it declares none, the parameter's number caps what a region
/// owes over all such neighbours together: with nine neighbours it need not go nine times.
pub(super) struct PatrolDuties<'a> {
    parameters: &'a SynergyParameters,
    recorded: BTreeMap<Side, i64>,
    /// Neighbours inside the province without a number of their own, by region.
    pooled: BTreeMap<&'a str, Vec<&'a str>>,
    quarters: i64,
}

impl<'a> PatrolDuties<'a> {
    pub(super) fn of(borders: &[&'a Border], patrols: &[Patrol], parameters: &'a SynergyParameters) -> Self {
        let mut pooled: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for border in borders.iter().filter(|border| border.required_patrols.is_none() && !border.cross_province) {
            pooled.entry(&border.region_a).or_default().push(&border.region_b);
            pooled.entry(&border.region_b).or_default().push(&border.region_a);
        }
        Self { parameters, recorded: recorded_by_both(patrols, parameters), pooled, quarters: parameters.quarters_over() }
    }

    fn recorded(&self, region: &str, neighbour: &str, domain: &str) -> i64 {
        self.recorded.get(&unordered(region, neighbour, domain)).copied().unwrap_or(0)
    }

    /// The part, and what it adds to what was due on the side: of a cap over several neighbours each carries its share.
    pub(super) fn of_side(&self, side: &Side, border: &Border) -> (PartValue, Decimal) {
        let (region, neighbour, domain) = (side.0.as_str(), side.1.as_str(), side.2.as_str());
        let own = self.recorded(region, neighbour, domain);
        let Some(per_quarter) = self.parameters.patrols_per_quarter.get(domain) else { return (PartValue::ratio(own, 0), Decimal::ZERO) };
        if let Some(a_year) = border.required_patrols {
            let required = a_year.max(0) * self.quarters / 4;
            return (PartValue::ratio(own, required), Decimal::from(required));
        }
        let cap = per_quarter * self.quarters;
        match self.pooled.get(region).filter(|_| !border.cross_province) {
            Some(neighbours) => {
                let all = neighbours.iter().map(|neighbour| self.recorded(region, neighbour, domain)).sum();
                (PartValue::ratio(all, cap), Decimal::from(cap) / Decimal::from(neighbours.len()))
            }
            None => (PartValue::ratio(own, cap), Decimal::from(cap)),
        }
    }
}

fn recorded_by_both(patrols: &[Patrol], parameters: &SynergyParameters) -> BTreeMap<Side, i64> {
    let mut counts = BTreeMap::new();
    for patrol in patrols {
        let inside = parameters.from <= patrol.patrolled_on && patrol.patrolled_on <= parameters.until;
        let long_enough = patrol.minutes.is_some_and(|minutes| minutes >= parameters.patrol_minutes);
        if inside && long_enough && patrol.recorded_by_a && patrol.recorded_by_b {
            *counts.entry(unordered(&patrol.region_a, &patrol.region_b, &patrol.domain)).or_insert(0) += 1;
        }
    }
    counts
}
