//! Source tables as they stood when their months were frozen: what a detector may read beside source tables.
//!
//! In: contracts, the SQL of detectors. Out: contracts of `<table>_at_freeze` and of `freezes`. Never here: which run was the first after a freeze
//! (`nightly`), versions and files (`lake`).
//!
//! - `<table>_at_freeze`: rows of the table as the first run after the freeze of `freeze_month` read them, of those months of the table whose content has
//!   changed since. A month that is still as it was is not here: nothing in it was edited.
//! - `freezes`: `source_table`, `freeze_month`, `seen_as_of`: the freezes that a run has seen, and the as-of date of that run. A month without one
//!   can't be judged.

use std::collections::BTreeSet;

use super::Library;
use super::contract::{Column, ColumnType, Money, Sensitivity, TableContract};

/// Ends the name of a table as it stood.
const AT_FREEZE: &str = "_at_freeze";

/// The column with the frozen month: its first day.
pub const FREEZE_MONTH: &str = "freeze_month";

/// The table of freezes.
pub const FREEZES: &str = "freezes";

/// Name of a table as it stood.
pub fn name_at_freeze(table: &str) -> String {
    format!("{table}{AT_FREEZE}")
}

/// Name of the source table that a name stands for, as it is or stood.
pub fn source_name(table: &str) -> &str {
    table.strip_suffix(AT_FREEZE).unwrap_or(table)
}

impl Library {
    /// Tables that a detector reads as they stood, in order of their names.
    pub fn tables_at_freeze(&self) -> Vec<&TableContract> {
        let named: BTreeSet<&str> = self.detectors.values().flat_map(|detector| words(&detector.sql)).collect();
        self.tables.values().filter(|contract| named.contains(name_at_freeze(&contract.name).as_str())).collect()
    }

    /// Contracts of everything that stands beside the source tables for detectors.
    pub fn contracts_at_freeze(&self) -> Vec<TableContract> {
        self.tables_at_freeze().into_iter().map(at_freeze).chain([freezes()]).collect()
    }
}

/// SQL that reads `freezes`, as all does that speaks of edits after a freeze.
pub fn reads_at_freeze(sql: &str) -> bool {
    words(sql).any(|word| word == FREEZES)
}

fn words(sql: &str) -> impl Iterator<Item = &str> {
    sql.split(|letter: char| !letter.is_alphanumeric() && letter != '_')
}

fn at_freeze(contract: &TableContract) -> TableContract {
    let mut found = TableContract { name: name_at_freeze(&contract.name), month: None, ..contract.clone() };
    found.columns.push(column(FREEZE_MONTH, ColumnType::Date, "冻结的月份（该月第一日）"));
    found
}

fn freezes() -> TableContract {
    TableContract {
        max_quarantine_rate: 1.0,
        name: FREEZES.to_owned(),
        file: String::new(),
        title: "各月数据截止后第一次运行".to_owned(),
        basis: "时限 data_freeze.target".to_owned(),
        key: vec!["source_table".to_owned(), FREEZE_MONTH.to_owned()],
        month: None,
        columns: vec![
            column("source_table", ColumnType::Text, "源表"),
            column(FREEZE_MONTH, ColumnType::Date, "冻结的月份（该月第一日）"),
            column("seen_as_of", ColumnType::Date, "该次运行的数据截止日"),
        ],
        checks: Vec::new(),
        references: Vec::new(),
        keeps: None,
    }
}

fn column(name: &str, kind: ColumnType, meaning: &str) -> Column {
    Column {
        name: name.to_owned(),
        kind,
        required: true,
        first_of: Vec::new(),
        instant_of: None,
        aliases: Vec::new(),
        aliases_in_wan: Vec::new(),
        meaning: meaning.to_owned(),
        source: None,
        sensitivity: Sensitivity::Internal,
        default: None,
        codes: Vec::new(),
        money: Money::None,
    }
}
