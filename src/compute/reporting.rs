//! Who has not reported, who reports without being known, and how far each source reaches.
//!
//! In: source tables in a session, their contracts. Out: units without a row in the last two months, with the last date for which
//! they have one; rows with codes of which the dimension tables know nothing; the newest date of each table. Never here: judging why.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Int64Type};
use datafusion::common::DataFusionError;
use datafusion::prelude::SessionContext;
use jiff::civil::Date;

use super::attribution::NO_DOMAIN;
use super::units::Unit;
use crate::library::Library;
use crate::library::contract::{ColumnType, TableContract};
use crate::terms::{Month, UnitId, date_from_epoch_days};

/// A unit that sent nothing lately. Sort key: table, unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silent {
    /// Source table.
    pub table: String,
    /// Unit.
    pub unit: UnitId,
    /// Last date for which it has a row.
    pub last_seen: Option<Date>,
}

/// Tables that every unit of the executing tiers feeds, with the date that says when.
const FED_BY_ALL: [(&str, &str); 2] = [("cases", "opened_on"), ("inspections", "checked_on")];

/// Finds county and township units without a row in this month and the one before.
///
/// # Errors
/// The session's own.
pub async fn silent_units(context: &SessionContext, units: &[Unit], as_of: Date) -> Result<Vec<Silent>, DataFusionError> {
    let since = Month::of(as_of).plus(-1).first_day();
    let mut silent = Vec::new();
    for (table, date) in FED_BY_ALL {
        let mut last: BTreeMap<String, Date> = BTreeMap::new();
        // A date typed into the future is no sign of life.
        let sql = format!("SELECT unit_id, max({date}) AS last FROM {table} WHERE {date} <= DATE '{as_of}' GROUP BY unit_id");
        for batch in context.sql(&sql).await?.collect().await? {
            let names = cast(batch.column(0), &DataType::Utf8)?;
            let days = batch.column(1).as_primitive::<Date32Type>();
            for row in 0..batch.num_rows() {
                if names.is_valid(row)
                    && days.is_valid(row)
                    && let Some(day) = date_from_epoch_days(days.value(row))
                {
                    last.insert(names.as_string::<i32>().value(row).to_owned(), day);
                }
            }
        }
        for unit in units.iter().filter(|unit| ["county", "township"].contains(&unit.tier.as_str())) {
            let seen = last.get(&unit.id.0).copied();
            if seen.is_none_or(|day| day < since) {
                silent.push(Silent { table: table.to_owned(), unit: unit.id.clone(), last_seen: seen });
            }
        }
    }
    Ok(silent)
}

/// Table → the newest date that it speaks of, not after `as_of`: plans and slips of the pen lie beyond. A table without months has none.
///
/// # Errors
/// The session's own.
pub async fn newest_dates(context: &SessionContext, library: &Library, as_of: Date) -> Result<BTreeMap<String, Date>, DataFusionError> {
    let mut newest = BTreeMap::new();
    for contract in library.tables.values() {
        let Some(column) = &contract.month else { continue };
        let sql = format!("SELECT max(\"{column}\") FROM \"{}\" WHERE \"{column}\" <= DATE '{as_of}'", contract.name);
        for batch in context.sql(&sql).await?.collect().await? {
            let days = cast(batch.column(0), &DataType::Date32)?;
            let days = days.as_primitive::<Date32Type>();
            let day = (0..batch.num_rows()).filter(|row| days.is_valid(*row)).find_map(|row| date_from_epoch_days(days.value(row)));
            newest.extend(day.map(|day| (contract.name.clone(), day)));
        }
    }
    Ok(newest)
}

/// Rows with a code that the dimension table it refers to does not have. Sort key: table, column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownCodes {
    /// Source table.
    pub table: String,
    /// The column with the code.
    pub column: String,
    /// The dimension table, as `units`.
    pub dimension: String,
    /// Rows; they are loaded.
    pub rows: u64,
}

/// Counts unknown codes over every reference to a dimension table that the contracts declare, and rows in a domain in which their unit
/// never had powers (a reference to the unit's list of domains): they count in the score of no assessed object.
///
/// A dimension is a table without months; one that is empty is not asked. References between facts are left out: extracts cover
/// different months. Costs one join with a small side for each reference.
///
/// # Errors
/// The session's own.
pub async fn unknown_codes(context: &SessionContext, library: &Library) -> Result<Vec<UnknownCodes>, DataFusionError> {
    let mut unknown = Vec::new();
    let count = async |sql: String| -> Result<u64, DataFusionError> {
        let batches = context.sql(&sql).await?.collect().await?;
        let rows = batches.iter().filter(|batch| batch.num_rows() > 0).map(|batch| batch.column(0).as_primitive::<Int64Type>().value(0));
        Ok(rows.sum::<i64>().unsigned_abs())
    };
    let mut filled = BTreeSet::new();
    for dimension in library.tables.values().filter(|contract| contract.month.is_none()) {
        if count(format!("SELECT count(*) FROM \"{}\"", dimension.name)).await? > 0 {
            filled.insert(dimension.name.as_str());
        }
    }
    for contract in library.tables.values() {
        for reference in contract.references.iter().filter(|reference| filled.contains(reference.table.as_str())) {
            if contract.column(&reference.column).is_none_or(|column| column.kind != ColumnType::Text) {
                continue;
            }
            let (table, column, target, dimension) = (&contract.name, &reference.column, &reference.target, &reference.table);
            let is_list = |contract: &TableContract| contract.column(target).is_some_and(|column| column.kind == ColumnType::List);
            let sql = if library.tables.get(dimension).is_some_and(is_list) {
                let powers = format!("SELECT DISTINCT unit_id, unnest(\"{target}\") AS code FROM \"{dimension}\"");
                format!(
                    "SELECT count(*) FROM \"{table}\" t LEFT ANTI JOIN ({powers}) d ON t.unit_id = d.unit_id AND t.\"{column}\" = d.code
                     WHERE t.unit_id IN (SELECT unit_id FROM \"{dimension}\" q) AND t.\"{column}\" <> '{NO_DOMAIN}'"
                )
            } else {
                format!(
                    "SELECT count(*) FROM \"{table}\" t LEFT ANTI JOIN (SELECT DISTINCT \"{target}\" AS code FROM \"{dimension}\") d \
                     ON t.\"{column}\" = d.code WHERE t.\"{column}\" IS NOT NULL"
                )
            };
            let rows = count(sql).await?;
            if rows > 0 {
                unknown.push(UnknownCodes { table: table.clone(), column: column.clone(), dimension: dimension.clone(), rows });
            }
        }
    }
    Ok(unknown)
}
