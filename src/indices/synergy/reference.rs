//! What K would be without a border: the pairs of regions that do not touch.
//!
//! In: fines of the province's regions in one domain, borders. Out: for a pair of neighbours the median K of those pairs and the place of
//! its own distance among theirs. Never here: a change of K; regions outside the province; pairs with fewer penalties in common than K
//! needs, which would look unlike by chance.
//!
//! The place is a permutation rank: if borders did not matter, a pair of neighbours would be any pair of regions. Pairs share regions, so
//! that it describes and tests nothing. Source: methods 4.2 (5).

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use super::consistency::{AllFines, Kinds, consistency_from, median};
use super::parameters::SynergyParameters;
use super::sides::PartValue;

/// Up to so many regions with enough fines every pair is compared: 11,175 pairs. Most provinces have fewer counties.
const REGIONS_COMPARED_WHOLE: usize = 150;

/// Pairs compared beyond that. A share of so many is known to ±1 point, which is more than anybody reads from it, and the cost stays that
/// of a province of middling size.
const SAMPLED_PAIRS: usize = 10_000;

/// Pairs of one domain that do not touch.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Reference {
    /// Their distances δ, ascending.
    distances: Vec<Decimal>,
    /// Their median K.
    pub(super) median: Option<Decimal>,
}

impl Reference {
    /// Of the province's regions in a domain; `touching` holds neighbours in both orders.
    pub(super) fn of(
        domain: &str,
        regions: &BTreeSet<&str>,
        touching: &BTreeSet<(&str, &str)>,
        fines: &AllFines<'_>,
        parameters: &SynergyParameters,
    ) -> Self {
        let minimum = parameters.minimum_penalties;
        // Of kinds with enough fines alone, so that the many comparisons are short.
        let mut compared: BTreeMap<&str, Kinds<'_>> = BTreeMap::new();
        for region in regions {
            let kinds = fines.get(&(domain, *region)).into_iter().flatten().filter(|(_, of_kind)| of_kind.positions.len() >= minimum);
            let kinds: Kinds<'_> = kinds.map(|(kind, of_kind)| (*kind, of_kind.clone())).collect();
            if !kinds.is_empty() {
                compared.insert(region, kinds);
            }
        }
        let names: Vec<&str> = compared.keys().copied().collect();
        let pairs = pairs_of(&names, touching, REGIONS_COMPARED_WHOLE, SAMPLED_PAIRS, &format!("{}|{domain}", parameters.seed));
        let value = |(a, b): (&str, &str)| consistency_from(&compared[a], &compared[b], minimum, parameters);
        let found: Vec<PartValue> = pairs.into_iter().filter_map(value).collect();
        let mut distances: Vec<Decimal> = found.iter().map(|part| part.numerator).collect();
        distances.sort_unstable();
        let mut values: Vec<Decimal> = found.iter().filter_map(|part| part.value).collect();
        values.sort_unstable();
        Self { distances, median: (!values.is_empty()).then(|| median(&values)) }
    }

    /// Pairs compared.
    pub(super) fn pairs(&self) -> u32 {
        self.distances.len() as u32
    }

    /// (1 + #{δ of the others ≤ δ}) / (1 + m); `None` without others. The pair itself counts as one of all, so that the share is never 0.
    pub(super) fn share(&self, delta: Decimal) -> Option<Decimal> {
        let at_least_as_alike = self.distances.partition_point(|other| *other <= delta);
        let share = Decimal::from(1 + at_least_as_alike) / Decimal::from(1 + self.distances.len());
        (!self.distances.is_empty()).then(|| share.round_dp(6).normalize())
    }
}

/// Pairs of sorted names that do not touch: all of up to `whole` names, otherwise `sampled` of them.
///
/// A pair is in the sample by a digest of its own name, so that another region moves few of the others in or out.
fn pairs_of<'a>(names: &[&'a str], touching: &BTreeSet<(&str, &str)>, whole: usize, sampled: usize, salt: &str) -> Vec<(&'a str, &'a str)> {
    let later = |(place, first): (usize, &&'a str)| names[place + 1..].iter().map(|second| (*first, *second)).collect::<Vec<_>>();
    let apart = |pair: &(&str, &str)| !touching.contains(pair);
    let pairs = names.iter().enumerate().flat_map(later).filter(apart);
    if names.len() <= whole {
        return pairs.collect();
    }
    let digest = |pair: (&'a str, &'a str)| (*blake3::hash(format!("{salt}|{}|{}", pair.0, pair.1).as_bytes()).as_bytes(), pair);
    let mut drawn: Vec<_> = pairs.map(digest).collect();
    drawn.sort_unstable();
    drawn.into_iter().take(sampled).map(|(_, pair)| pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_regions_are_sampled_by_the_seed_and_without_their_neighbours() {
        let names: Vec<String> = (0..40).map(|number| format!("{number:02}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let touching = BTreeSet::from([("00", "01"), ("01", "00")]);
        assert_eq!(pairs_of(&names, &touching, 40, 100, "7").len(), 40 * 39 / 2 - 1);
        let sample =
            |names: &[&str], salt: &str| pairs_of(names, &touching, 39, 100, salt).into_iter().map(|(a, b)| format!("{a}{b}")).collect();
        let drawn: BTreeSet<String> = sample(&names, "7");
        assert_eq!((drawn.len(), drawn.contains("0001")), (100, false));
        assert_eq!(drawn, sample(&names, "7"));
        assert_ne!(drawn, sample(&names, "8"));
        // One region more brings 40 pairs to 779: of the sample of 100 about 5 make room.
        let more: BTreeSet<String> = sample(&[names.as_slice(), &["zz"]].concat(), "7");
        assert!(drawn.intersection(&more).count() >= 85);
    }

    #[test]
    fn the_share_counts_the_pair_itself_and_ties() {
        let reference = Reference { distances: [1, 2, 2, 5].map(Decimal::from).to_vec(), median: None };
        let share = |delta: i64| reference.share(Decimal::from(delta)).map(|share| share.to_string());
        assert_eq!([share(0), share(2), share(9)].map(Option::unwrap), ["0.2", "0.8", "1"]);
        assert_eq!(Reference::default().share(Decimal::ZERO), None);
    }
}
