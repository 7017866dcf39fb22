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
use crate::library::contract::{ColumnType, REGISTRY, TableContract};
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

/// Tables that every unit of the executing tiers feeds, whatever it sent before.
const FED_BY_ALL: [&str; 2] = ["cases", "inspections"];
/// Who sent rows of another table in each month of the year before owes it; with fewer, two empty months are nothing odd.
const MONTHS_OF_A_HABIT: i64 = 12;

/// Finds units without a row in this month and the one before: of the executing tiers (county, township) in the tables that all of them
/// feed, of any tier in a table that they fed in every month of the year before.
///
/// # Errors
/// The session's own.
pub async fn silent_units(
    context: &SessionContext,
    library: &Library,
    units: &[Unit],
    as_of: Date,
) -> Result<Vec<Silent>, DataFusionError> {
    let since = Month::of(as_of).plus(-1).first_day();
    let year_before = Month::of(as_of).plus(-13).first_day();
    let mut silent = Vec::new();
    for contract in library.tables.values() {
        let Some(date) = contract.month.as_ref().filter(|_| contract.column("unit_id").is_some()) else { continue };
        // A date typed into the future is no sign of life.
        let sql = format!(
            "SELECT unit_id, max(\"{date}\") AS last,
                    count(DISTINCT CASE WHEN \"{date}\" >= DATE '{year_before}' AND \"{date}\" < DATE '{since}' THEN month_of(\"{date}\") END) AS months
             FROM \"{}\" WHERE \"{date}\" <= DATE '{as_of}' GROUP BY unit_id",
            contract.name
        );
        let mut last: BTreeMap<String, (Date, i64)> = BTreeMap::new();
        for batch in context.sql(&sql).await?.collect().await? {
            let names = cast(batch.column(0), &DataType::Utf8)?;
            let days = batch.column(1).as_primitive::<Date32Type>();
            let months = batch.column(2).as_primitive::<Int64Type>();
            for row in 0..batch.num_rows() {
                if names.is_valid(row)
                    && days.is_valid(row)
                    && let Some(day) = date_from_epoch_days(days.value(row))
                {
                    last.insert(names.as_string::<i32>().value(row).to_owned(), (day, months.value(row)));
                }
            }
        }
        for unit in units {
            let executes = ["county", "township"].contains(&unit.tier.as_str());
            let seen = last.get(&unit.id.0).copied();
            let owes =
                FED_BY_ALL.contains(&contract.name.as_str()) && executes || seen.is_some_and(|(_, months)| months >= MONTHS_OF_A_HABIT);
            if owes && seen.is_none_or(|(day, _)| day < since) {
                silent.push(Silent { table: contract.name.clone(), unit: unit.id.clone(), last_seen: seen.map(|(day, _)| day) });
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
    /// Rows by unit; they are loaded. Where the code is a unit's, that is it; elsewhere it is the unit that answers for the row.
    pub units: BTreeMap<String, u64>,
}

impl UnknownCodes {
    /// Rows of all units.
    pub fn rows(&self) -> u64 {
        self.units.values().sum()
    }
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
    let counts = async |sql: String| -> Result<BTreeMap<String, u64>, DataFusionError> {
        let mut counts = BTreeMap::new();
        for batch in context.sql(&sql).await?.collect().await? {
            let (names, rows) = (cast(batch.column(0), &DataType::Utf8)?, batch.column(1).as_primitive::<Int64Type>());
            let names = names.as_string::<i32>();
            counts.extend((0..batch.num_rows()).map(|row| (names.value(row).to_owned(), rows.value(row).unsigned_abs())));
        }
        Ok(counts)
    };
    let mut filled = BTreeSet::new();
    for dimension in library.tables.values().filter(|contract| contract.month.is_none()) {
        if counts(format!("SELECT '', count(*) FROM \"{}\"", dimension.name)).await?.values().any(|rows| *rows > 0) {
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
                let Some(owner) = contract.owner() else { continue };
                let powers = format!("SELECT DISTINCT unit_id, unnest(\"{target}\") AS code FROM \"{dimension}\"");
                format!(
                    "SELECT t.\"{owner}\", count(*) FROM \"{table}\" t
                     LEFT ANTI JOIN ({powers}) d ON t.\"{owner}\" = d.unit_id AND t.\"{column}\" = d.code
                     WHERE t.\"{owner}\" IN (SELECT unit_id FROM \"{dimension}\" q) AND t.\"{column}\" <> '{NO_DOMAIN}' GROUP BY 1"
                )
            } else {
                let is_unit = (dimension.as_str(), target.as_str()) == REGISTRY;
                let unit = if is_unit { Some(column.as_str()) } else { contract.owner() };
                let unit = unit.map_or("''".to_owned(), |unit| format!("coalesce(t.\"{unit}\", '')"));
                format!(
                    "SELECT {unit}, count(*) FROM \"{table}\" t LEFT ANTI JOIN (SELECT DISTINCT \"{target}\" AS code FROM \"{dimension}\") d \
                     ON t.\"{column}\" = d.code WHERE t.\"{column}\" IS NOT NULL GROUP BY 1"
                )
            };
            let units = counts(sql).await?;
            if !units.is_empty() {
                unknown.push(UnknownCodes { table: table.clone(), column: column.clone(), dimension: dimension.clone(), units });
            }
        }
    }
    Ok(unknown)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::compute::check::register_empty_tables;
    use crate::functions::{self, Clocks};

    async fn put(context: &SessionContext, table: &str, date: &str, rows: &str) {
        context.deregister_table(table).expect("its place is free");
        let sql = format!("CREATE TABLE {table} AS SELECT column1 AS unit_id, CAST(column2 AS DATE) AS {date} FROM (VALUES {rows})");
        context.sql(&sql).await.expect("planned").collect().await.expect("made");
    }

    #[tokio::test]
    async fn a_county_owes_cases_and_whoever_sent_every_month_owes_what_it_sent() {
        let (library, _) = Library::read(None).expect("the shipped library reads");
        let context = SessionContext::new();
        functions::register(&context, &Clocks::of(&library));
        register_empty_tables(&context, &library).expect("tables");
        put(&context, "cases", "opened_on", "('A', '2026-05-01'), ('B', '2026-04-30'), ('B', '2027-01-01'), ('CITY', '2026-01-01')").await;
        put(&context, "inspections", "checked_on", "('A', '2026-06-30'), ('B', '2026-06-30'), ('NEW', '2026-06-30')").await;
        let monthly = |unit: &str, months: std::ops::Range<i32>| {
            let days = months.map(|back| format!("('{unit}', '{}')", Month::of(date(2026, 4, 1)).plus(-back).first_day()));
            days.collect::<Vec<_>>().join(", ")
        };
        put(&context, "leads", "received_on", &format!("{}, {}", monthly("CITY", 0..12), monthly("A", 1..12))).await;
        let unit = |id: &str, tier: &str| Unit {
            id: UnitId::from(id),
            name: id.to_owned(),
            tier: tier.to_owned(),
            domains: Vec::new(),
            region: String::new(),
            parent: None,
            size_class: String::new(),
            predecessors: Vec::new(),
        };
        let units = [unit("A", "county"), unit("B", "township"), unit("NEW", "county"), unit("CITY", "city")];
        let silent = silent_units(&context, &library, &units, date(2026, 6, 30)).await.expect("asked");
        let found: Vec<_> = silent.iter().map(|one| (one.table.as_str(), one.unit.0.as_str(), one.last_seen)).collect();
        let expected = [("cases", "B", Some(date(2026, 4, 30))), ("cases", "NEW", None), ("leads", "CITY", Some(date(2026, 4, 1)))];
        assert_eq!(found, expected);
    }
}
