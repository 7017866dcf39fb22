//! K: how alike two regions fine like cases.
//!
//! In: fines by their place in the benchmark's band. Out: δ and K of any two regions in a domain. Never here: amounts of money; cases of
//! different items or severities against each other; whether two regions touch.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use rust_decimal::prelude::{FromPrimitive, ToPrimitive};

use super::parameters::SynergyParameters;
use super::rows::Penalty;
use super::sides::{PartValue, Side};

/// Fines of one kind in one region and domain.
#[derive(Debug, Clone)]
pub(super) struct Fines {
    /// Places in the band, ascending: 0 its lower end, 1 its upper.
    pub(super) positions: Vec<Decimal>,
    /// Their median, for a logarithm: at least [`LEAST_POSITION`].
    median: f64,
}

/// A position below one hundredth of the band counts as one hundredth, since a logarithm needs one.
pub(super) const LEAST_POSITION: f64 = 0.01;

/// Fines by kind.
pub(super) type Kinds<'a> = BTreeMap<&'a str, Fines>;

/// Fines by (domain, region): the regions of a domain stand together.
pub(super) type AllFines<'a> = BTreeMap<(&'a str, &'a str), Kinds<'a>>;

pub(super) fn fines_by_kind(penalties: &[Penalty]) -> AllFines<'_> {
    let mut positions: BTreeMap<(&str, &str), BTreeMap<&str, Vec<Decimal>>> = BTreeMap::new();
    for penalty in penalties {
        positions.entry((&penalty.domain, &penalty.region)).or_default().entry(&penalty.kind).or_default().push(penalty.position);
    }
    let fines = |mut positions: Vec<Decimal>| {
        positions.sort_unstable();
        let median = median(&positions).to_f64().unwrap_or(1.0).max(LEAST_POSITION);
        Fines { positions, median }
    };
    let kinds = |kinds: BTreeMap<_, _>| kinds.into_iter().map(|(kind, positions)| (kind, fines(positions))).collect();
    positions.into_iter().map(|(place, of_kinds)| (place, kinds(of_kinds))).collect()
}

/// The middle of sorted values; the mean of the two middle ones.
pub(super) fn median(sorted: &[Decimal]) -> Decimal {
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[middle] } else { (sorted[middle - 1] + sorted[middle]) / Decimal::TWO }
}

/// K = exp(−δ/δ0), δ the mean distance |ln(m_a/m_b)| of median positions over kinds with enough penalties on both sides,
/// weighted by penalties. Where no kind has enough, whatever both sides have is compared and only shown.
///
/// Source: methods 4.2 (5).
pub(super) fn consistency(fines: &AllFines<'_>, pair: &Side, parameters: &SynergyParameters) -> PartValue {
    let (first, second) = ((pair.2.as_str(), pair.0.as_str()), (pair.2.as_str(), pair.1.as_str()));
    let (Some(a), Some(b)) = (fines.get(&first), fines.get(&second)) else { return PartValue::default() };
    let few = || consistency_from(a, b, 1, parameters).map(|value| PartValue { report_only: true, ..value });
    consistency_from(a, b, parameters.minimum_penalties, parameters).or_else(few).unwrap_or_default()
}

/// K over the kinds with at least `minimum` penalties on both sides; `None` without such a kind.
pub(super) fn consistency_from(a: &Kinds<'_>, b: &Kinds<'_>, minimum: usize, parameters: &SynergyParameters) -> Option<PartValue> {
    let (mut distance, mut compared) = (0.0, 0);
    for (_, in_a, in_b) in compared_kinds(a, b, minimum) {
        let n = in_a.positions.len() + in_b.positions.len();
        distance += (in_a.median / in_b.median).ln().abs() * n as f64;
        compared += n;
    }
    if compared == 0 {
        return None;
    }
    let delta = distance / compared as f64;
    let value = Some(six_digits((-delta / parameters.delta0).exp()));
    Some(PartValue { numerator: six_digits(delta), denominator: Decimal::from(compared), value, report_only: false })
}

/// Kinds with at least `minimum` penalties on both sides, in their order.
pub(super) fn compared_kinds<'a>(
    a: &'a Kinds<'_>,
    b: &'a Kinds<'_>,
    minimum: usize,
) -> impl Iterator<Item = (&'a str, &'a Fines, &'a Fines)> {
    let has_enough = move |fines: &&Fines| fines.positions.len() >= minimum;
    let both = move |(kind, in_a): (&'a &str, &'a Fines)| Some((*kind, in_a, b.get(kind).filter(has_enough)?));
    a.iter().filter(move |(_, in_a)| has_enough(in_a)).filter_map(both)
}

/// Rounded to six digits, as published values are; 0 for what is no number.
fn six_digits(value: f64) -> Decimal {
    Decimal::from_f64(value).unwrap_or_default().round_dp(6)
}
