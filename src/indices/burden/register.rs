//! The frequency of visits by the register of inspections.
//!
//! In: visits and enterprises by city and quarter. Out: totals and indices by scope, and the component `register`. Never here: whether the
//! register may carry the index.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::super::tables::Burden;
use super::{PROVINCE, RegisterRow, Scope, rounded};

/// What the register holds for one scope and quarter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Total {
    /// On-site visits.
    pub visits: f64,
    /// Enterprises in being at the quarter's end.
    pub enterprises: f64,
}

/// Totals by scope and quarter; the province is the sum of all rows.
pub struct Register<'a>(BTreeMap<&'a str, BTreeMap<&'a str, Total>>);

impl<'a> Register<'a> {
    /// Totals of these rows.
    pub fn of(rows: &'a [RegisterRow]) -> Self {
        // Exact sums first: they have no order.
        let mut sums: BTreeMap<(&str, &str), (Decimal, u64)> = BTreeMap::new();
        for row in rows {
            for scope in [row.city.as_str(), PROVINCE].into_iter().filter(|scope| !scope.is_empty()) {
                let (visits, enterprises) = sums.entry((scope, &row.quarter)).or_default();
                *visits += row.visits;
                *enterprises += row.enterprises;
            }
        }
        let mut totals: BTreeMap<&str, BTreeMap<&str, Total>> = BTreeMap::new();
        for ((scope, quarter), (visits, enterprises)) in sums {
            let total = Total { visits: visits.to_f64().unwrap_or(0.0), enterprises: enterprises as f64 };
            totals.entry(scope).or_default().insert(quarter, total);
        }
        Self(totals)
    }

    /// Scopes, by name.
    pub fn scopes(&self) -> impl Iterator<Item = &'a str> {
        self.0.keys().copied()
    }

    /// Quarters of a scope, in order.
    pub fn quarters(&self, scope: &str) -> impl Iterator<Item = &'a str> {
        self.0.get(scope).into_iter().flat_map(|quarters| quarters.keys().copied())
    }

    /// What it holds for a scope and quarter.
    pub fn total(&self, scope: &str, quarter: &str) -> Option<Total> {
        self.0.get(scope)?.get(quarter).copied()
    }

    /// Visits per enterprise; `None` without enterprises.
    fn rate(&self, scope: &str, quarter: &str) -> Option<f64> {
        let Total { visits, enterprises } = self.total(scope, quarter)?;
        (enterprises > 0.0).then(|| visits / enterprises)
    }

    /// 100·rate/rate of the base quarter; `None` when the register lacks either quarter or has no visit in the base.
    pub fn index(&self, scope: &str, base: &str, quarter: &str) -> Option<f64> {
        let before = self.rate(scope, base).filter(|rate| *rate > 0.0)?;
        Some(100.0 * self.rate(scope, quarter)? / before)
    }

    /// The row of the component `register`, shown for small cities too: a census needs no panel. `None` where the register has none.
    pub fn row(&self, scope: &Scope<'_>, quarter: &str, contribution: Option<Decimal>) -> Option<Burden> {
        self.total(scope.name, quarter)?;
        let index = self.index(scope.name, scope.base, quarter).and_then(rounded);
        Some(Burden {
            scope: scope.name.to_owned(),
            quarter: quarter.to_owned(),
            component: "register".to_owned(),
            index,
            interval: None,
            firms: scope.firms(quarter),
            minimum_firms: scope.minimum_firms,
            winsorised: 0,
            unchanged: index == Some(Decimal::ONE_HUNDRED),
            score: None,
            mean: self.rate(scope.name, quarter).and_then(rounded),
            excess: None,
            contribution,
            chained: index,
            calibrated: None,
            carried_by: "register".to_owned(),
            strata_left_out: 0,
        })
    }
}
