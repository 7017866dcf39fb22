//! Scores of any table of values: unit, indicator, value.
//!
//! In: rows of a [`ValueTable`], a scheme, the library's headers where it knows the indicators. Out: [`Scorecards`], as for a province.
//! Never here: months, laws of indicators, events; reading files is in [`read`].
//!
//! It is the same scoring as a night's: values become scores by the scheme's curves, scores go up the tree, ranks are formed inside peer
//! groups. A row that is not there is a missing value: by default its weight goes to its siblings.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::interval::interval;
use super::objects::{Assessed, peer_group};
use super::tables::{Scorecards, Status, Unit, Value};
use super::{leaf_score, scored, tree};
use crate::error::{Error, Kind, Result};
use crate::library::indicator::Indicator;
use crate::library::scheme::{IntervalKind, Scheme, Scored};
use crate::terms::{IndicatorId, UnitId};

pub mod read;
#[cfg(test)]
mod tests;

/// One row: an indicator's value of a unit.
#[derive(Debug, Clone, PartialEq)]
pub struct ValueRow {
    /// Unit.
    pub unit: String,
    /// Domain; empty where units have none.
    pub domain: String,
    /// Indicator.
    pub indicator: String,
    /// The value; `None` is missing.
    pub value: Option<Decimal>,
    /// Numerator and denominator, where the value is their quotient.
    pub fraction: Option<(Decimal, Decimal)>,
    /// Standard error of the value, where it is an estimate.
    pub standard_error: Option<Decimal>,
    /// Answers that the value rests on, where it is no quotient.
    pub answers: Option<Decimal>,
    /// Line of the file, from 1.
    pub line: u64,
}

/// What a table says of a unit in a domain.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UnitFacts {
    /// Name; the identifier where the table has none.
    pub name: Option<String>,
    /// Peer group, where the table says it.
    pub group: Option<String>,
    /// Tier.
    pub tier: Option<String>,
    /// Size class.
    pub size_class: Option<String>,
}

/// A table of values: at most one row a unit, domain and indicator.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ValueTable {
    /// Units and domains with what is known of them.
    pub units: BTreeMap<(String, String), UnitFacts>,
    /// Rows, in any order.
    pub rows: Vec<ValueRow>,
}

/// 1.96 standard errors are half of a 95 % interval.
const Z: Decimal = Decimal::from_parts(196, 0, 0, false, 2);

/// Scores every unit of the table.
///
/// # Errors
/// Rows that stand twice.
pub fn score(table: &ValueTable, scheme: &Scheme, indicators: &BTreeMap<IndicatorId, Indicator>) -> Result<Scorecards> {
    let units: Vec<(Unit, &str, Option<&str>)> =
        table.units.iter().map(|((id, domain), facts)| (unit(id, domain, facts), domain.as_str(), facts.group.as_deref())).collect();
    let objects: Vec<Assessed<'_>> = units
        .iter()
        .map(|(unit, domain, group)| Assessed {
            unit,
            domains: vec![domain],
            domain: (*domain).to_owned(),
            peer_group: group.map_or_else(|| peer_group(scheme, unit, domain), str::to_owned),
            subtree: false,
            events: Vec::new(),
        })
        .collect();
    let mut rows: BTreeMap<(&str, &str, &str), &ValueRow> = BTreeMap::new();
    for row in &table.rows {
        if let Some(earlier) = rows.insert((&row.unit, &row.domain, &row.indicator), row) {
            let message = format!("`{}` of `{}` stands twice, in lines {} and {}", row.indicator, row.unit, earlier.line, row.line);
            return Err(Error::new(Kind::Source, message).with_hint("one row a unit, domain and indicator"));
        }
    }
    let tree = tree::Tree::of(scheme);
    let of_object = |object: &Assessed<'_>| {
        let value = |indicator: &Scored| {
            let row = rows.get(&(object.unit.id.as_ref(), object.domain.as_str(), indicator.id.as_ref())).copied();
            tree.reaches(&indicator.node, object).then(|| value(scheme, indicator, object, row))
        };
        scheme.indicators.iter().map(value).collect()
    };
    let values = objects.iter().map(of_object).collect();
    let better = |id: &IndicatorId| indicators.get(id).map(|header| header.better);
    scored(scheme, &better, &objects, values)
}

fn unit(id: &str, domain: &str, facts: &UnitFacts) -> Unit {
    Unit {
        id: UnitId::from(id),
        name: facts.name.clone().unwrap_or_else(|| id.to_owned()),
        tier: facts.tier.clone().unwrap_or_default(),
        domains: vec![domain.to_owned()],
        region: String::new(),
        parent: None,
        size_class: facts.size_class.clone().unwrap_or_default(),
        predecessors: Vec::new(),
    }
}

fn value(scheme: &Scheme, scored: &Scored, object: &Assessed<'_>, row: Option<&ValueRow>) -> Value {
    let found = row.and_then(|row| row.value);
    let fraction = row.and_then(|row| row.fraction);
    let interval = found.and_then(|value| interval_of(value, row?, scheme.uncertainty.interval));
    let exact = match (fraction, &scored.curve) {
        (Some((numerator, denominator)), Some(curve)) if denominator > Decimal::ZERO => Some(curve.score_of_ratio(numerator, denominator)),
        (_, Some(curve)) => found.map(|value| curve.score(value)),
        _ => None,
    };
    let status = match found {
        _ if scored.report_only => Status::ReportOnly,
        Some(_) => Status::Scored,
        None if fraction.is_some() => Status::NothingDue,
        None => Status::Missing,
    };
    Value {
        unit: object.unit.id.clone(),
        domain: object.domain.clone(),
        indicator: scored.id.clone(),
        node: scored.node.clone(),
        numerator: fraction.map(|fraction| fraction.0),
        denominator: fraction.map(|fraction| fraction.1).or(row.and_then(|row| row.answers)),
        pending: 0,
        excluded: 0,
        due_soon: 0,
        value: found,
        interval,
        score: exact.filter(|_| !scored.report_only).map(|score| leaf_score(scheme, score)),
        points: scored.points,
        effective_points: Decimal::ZERO,
        target: scored.target,
        status,
        half_width: interval.and_then(|(low, high)| Some(scored.curve.as_ref()?.half_range(low, high).round_dp(4))),
        too_few: match (fraction, row.and_then(|row| row.answers)) {
            (Some((_, denominator)), _) => denominator < Decimal::from(scheme.minimum_n.rate),
            (None, Some(answers)) => answers < Decimal::from(scheme.minimum_n.value),
            (None, None) => false,
        },
        provisional: false,
        shrunk: None,
        funnel: None,
    }
}

/// The 95 % interval: 1.96 standard errors, or the scheme's of a ratio of counts.
fn interval_of(value: Decimal, row: &ValueRow, kind: IntervalKind) -> Option<(Decimal, Decimal)> {
    if let Some(error) = row.standard_error {
        return Some((value - Z * error, value + Z * error));
    }
    let (numerator, denominator) = row.fraction?;
    interval(kind, numerator, denominator)
}

/// What does not fit between a table and a scheme, as sentences; none of it stops scoring.
pub fn mismatches(table: &ValueTable, scheme: &Scheme) -> Vec<String> {
    let mut rows_of: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for row in &table.rows {
        let (rows, values) = rows_of.entry(&row.indicator).or_default();
        *rows += 1;
        *values += usize::from(row.value.is_some());
    }
    let mut found = Vec::new();
    for (indicator, (rows, _)) in &rows_of {
        if !scheme.indicators.iter().any(|scored| scored.id.0 == *indicator) {
            found.push(format!("the scheme has no indicator `{indicator}`: its {rows} rows are left out"));
        }
    }
    for exclusion in &scheme.exclusions {
        let is_it =
            |(unit, domain): &(String, String)| *unit == exclusion.unit && exclusion.domain.as_ref().is_none_or(|own| own == domain);
        if !table.units.keys().any(is_it) {
            found.push(format!("the scheme excludes `{}`, which is not in the table", exclusion.unit));
        }
    }
    for scored in scheme.indicators.iter().filter(|scored| !scored.report_only) {
        if rows_of.get(scored.id.as_ref()).is_none_or(|(_, values)| *values == 0) {
            found.push(format!("the table has no value of `{}`", scored.id));
        }
        if let Some(relative) = &scored.relative
            && relative.by == crate::library::scheme::method::Spread::Z
            && rows_of.get(scored.id.as_ref()).is_some_and(|(_, values)| *values < 20)
        {
            found.push(format!("`{}` is scored by z of fewer than 20 values: its mean and spread are themselves uncertain", scored.id));
        }
        let outside = |row: &&ValueRow| row.indicator == scored.id.0 && row.value.is_some_and(|value| scored.transform.of(value).is_none());
        if let Some(row) = table.rows.iter().find(outside) {
            let value = row.value.and_then(|value| value.to_f64()).unwrap_or_default();
            found.push(format!("line {}: the value {value} of `{}` can't be transformed and has no score", row.line, scored.id));
        }
    }
    found
}
