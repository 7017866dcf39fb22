//! Who has not reported, and who reports without being known.
//!
//! In: source tables in a session, their contracts. Out: units without a row in the last two months, with the last date for which
//! they have one; rows that name a unit of which `units` knows nothing. Never here: judging why.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Int64Type};
use datafusion::common::DataFusionError;
use datafusion::prelude::SessionContext;
use jiff::civil::Date;

use super::units::Unit;
use crate::library::Library;
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
        for batch in context.sql(&format!("SELECT unit_id, max({date}) AS last FROM {table} GROUP BY unit_id")).await?.collect().await? {
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

/// Rows that name a unit which does not stand in `units`. Sort key: table, column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownUnits {
    /// Source table.
    pub table: String,
    /// The column that names the unit.
    pub column: String,
    /// Rows; they are loaded and counted, but no scorecard shows them.
    pub rows: u64,
}

/// Counts the rows that name an unknown unit, over every reference to `units` that the contracts declare.
///
/// # Errors
/// The session's own.
pub async fn unknown_units(context: &SessionContext, library: &Library) -> Result<Vec<UnknownUnits>, DataFusionError> {
    let mut unknown = Vec::new();
    let count = async |sql: String| -> Result<u64, DataFusionError> {
        let batches = context.sql(&sql).await?.collect().await?;
        let rows = batches.iter().filter(|batch| batch.num_rows() > 0).map(|batch| batch.column(0).as_primitive::<Int64Type>().value(0));
        Ok(rows.sum::<i64>().unsigned_abs())
    };
    if count("SELECT count(*) FROM units".to_owned()).await? == 0 {
        return Ok(unknown);
    }
    for contract in library.tables.values() {
        for reference in
            contract.references.iter().filter(|reference| (reference.table.as_str(), reference.target.as_str()) == ("units", "unit_id"))
        {
            let (table, column) = (&contract.name, &reference.column);
            let sql = format!(
                "SELECT count(*) FROM \"{table}\" t LEFT ANTI JOIN units u ON t.\"{column}\" = u.unit_id WHERE t.\"{column}\" IS NOT NULL"
            );
            let rows = count(sql).await?;
            if rows > 0 {
                unknown.push(UnknownUnits { table: table.clone(), column: column.clone(), rows });
            }
        }
    }
    Ok(unknown)
}
