//! The index linked quarter to quarter.
//!
//! In: one scope's panel. Out: each component's chain, base quarter = 100. Never here: intervals; the register, whose chain is its index.
//!
//! A link compares two neighbouring quarters of the scope over the strata that both have, weighted by the earlier one's population, so
//! that a stratum that came later still counts from its second quarter on. The chain equals the direct index in the first quarter after
//! the base, and in every quarter while strata answer throughout and the proportions of their populations stay. Otherwise both are
//! published: the direct index says what the old population bears, the chain what the present one does.

use std::collections::BTreeMap;

use super::Scope;
use super::index::indices;
use super::panel::Comparison;

/// Chains by quarter. Empty where the scope has no base quarter; from the first link on that can't be computed, because a quarter has no
/// answers or only zeros, the component has none.
pub fn chained<'a>(scope: &Scope<'_>, quarters: &[&'a str], mads: f64) -> BTreeMap<&'a str, [Option<f64>; 4]> {
    let mut result = BTreeMap::new();
    let mut before: Option<(&str, [Option<f64>; 4])> = None;
    for quarter in quarters.iter().filter(|quarter| scope.firms(quarter) > 0) {
        let (earlier, chain) = match before {
            Some(before) => before,
            None if *quarter == scope.base => (*quarter, [Some(100.0); 4]),
            None => break,
        };
        let strata = Comparison::of(&scope.panel, earlier, quarter, mads).strata;
        let whole: Vec<Vec<f64>> = strata.iter().map(|stratum| vec![1.0; stratum.earlier.reports.len()]).collect();
        let links = indices(&strata, &whole);
        let chain = [0, 1, 2, 3].map(|component| Some(chain[component]? * links[component]? / 100.0));
        result.insert(*quarter, chain);
        before = Some((quarter, chain));
    }
    result
}
