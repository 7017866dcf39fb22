//! The share of enterprises that were inspected more often than their yearly cap allows.
//!
//! In: counts by city and year. Out: one row a scope and year, with Wilson's interval. Never here: what a cap is, or who is over it.
//!
//! The counts are a census; the interval says how far the share could lie from its usual level by chance alone.

use std::collections::BTreeMap;

use super::super::tables::BurdenCaps;
use super::{CapRow, PROVINCE, share};
use crate::statistics::proportion::{Counts, DEVIATE_95, wilson_at};

/// Every city and the province, which is the sum of all rows, by scope and year.
pub fn shares(rows: &[CapRow]) -> Vec<BurdenCaps> {
    let mut sums: BTreeMap<(&str, i16), Counts> = BTreeMap::new();
    for row in rows {
        for scope in [row.city.as_str(), PROVINCE].into_iter().filter(|scope| !scope.is_empty()) {
            let counts = sums.entry((scope, row.year)).or_insert(Counts { successes: 0, trials: 0 });
            counts.successes += row.over;
            counts.trials += row.enterprises;
        }
    }
    let row = |((scope, year), counts): ((&str, i16), Counts)| BurdenCaps {
        scope: scope.to_owned(),
        year,
        enterprises: counts.trials,
        over: counts.successes,
        share: counts.proportion().and_then(share),
        interval: wilson_at(counts.successes, counts.trials, DEVIATE_95).and_then(|found| Some((share(found.low)?, share(found.high)?))),
    };
    sums.into_iter().map(row).collect()
}
