//! Who has not reported.
//!
//! In: the tables that every unit with enforcement powers feeds, in a session. Out: units without a row in the last two months,
//! with the last date for which they have one. Never here: judging why.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type};
use datafusion::common::DataFusionError;
use datafusion::prelude::SessionContext;
use jiff::civil::Date;

use super::units::Unit;
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
