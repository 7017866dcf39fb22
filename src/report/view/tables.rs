//! The files of every result table.
//!
//! In: what was written for Excel. Out: one [`TableRow`] a table. Never here: rows of tables.

use super::Facts;
use crate::report::names::Text;
use crate::report::numbers;
use crate::report::texts;

/// A table.
#[derive(Debug, Clone)]
pub struct TableRow {
    /// Title.
    pub title: Text,
    /// Its name in Parquet and SQL.
    pub name: Text,
    /// What a row of it is.
    pub says: Text,
    /// Rows written of rows total.
    pub figure: String,
    /// Its files, without their endings.
    pub href: String,
}

/// Every table, in the order of the data flow.
pub fn rows(facts: &Facts) -> Vec<TableRow> {
    let count = |rows: usize| numbers::count(rows as u64);
    let row = |files: &crate::report::sheets::SheetFiles| TableRow {
        title: Text::of(files.title),
        name: Text::of(files.name),
        says: Text::of(files.says),
        figure: texts::rows_written(&count(files.rows), &count(files.rows_total)),
        href: format!("tables/{}", files.stem),
    };
    facts.sheets.iter().map(row).collect()
}
