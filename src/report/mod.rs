//! Report: everything a run found, as pages for three readers and as result tables.
//!
//! In: [`ReportInput`]. Out: `report/office/` with `findings.xlsx` and `tables/`, `report/units/<id>/`, `report/public/` and `tables/<table>.parquet` in
//! the run's folder; of a release its tables, each unit's final scorecard and what is public. Never here: figures that no stage computed, a personal column, an address outside, a script but the one of sorting and finding.
//!
//! ```text
//! ReportInput ──Facts──▶ view models (Text, Svg) ──templates──▶ guard ──▶ pages
//!            ├──anomalies──▶ sheets of the workbook
//!            └──tables──▶ RecordBatch ──▶ Parquet, counted again, hashed
//!                                    └──sheets──▶ XLSX and CSV, with titles and names
//! ```
//!
//! Three walls keep personal data off a page: the input has no place for it, the templates may name only what [`allowed`] lists
//! (a test reads them), and [`guard`] reads every finished page before it is written.

#[cfg(test)]
mod allowed;
pub mod anomalies;
pub mod cells;
pub mod chart;
pub mod difference;
#[cfg(test)]
pub(crate) mod fixture;
pub mod guard;
pub mod input;
mod layout;
pub mod names;
pub mod numbers;
pub mod packet;
mod pages;
pub mod sheets;
pub mod svg;
pub mod tables;
#[cfg(test)]
mod tests;
pub mod texts;
pub mod trees;
pub mod view;
pub mod workbook;

use std::collections::BTreeMap;
use std::path::Path;

use crate::error::Result;
use crate::terms::UnitId;
pub use input::ReportInput;
pub use tables::parquet::TableFile;
pub use tables::{ResultTable, tables};

/// The stylesheet of every page.
pub const STYLE: &str = include_str!("templates/style.css");

/// The script of every page; nothing else on it runs.
pub const SCRIPT: &str = include_str!("templates/page.js");

/// What a report left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportSummary {
    /// Pages in all three trees.
    pub pages: usize,
    /// Pages that say what they said in the run before, and were not written again.
    pub unchanged: usize,
    /// The bytes of all pages together.
    pub page_bytes: u64,
    /// Result tables with their hashes, in the order of the data flow.
    pub tables: Vec<TableFile>,
}

/// Writes the result tables into `run_dir/tables` and the three trees of pages into `run_dir/report`. A page that says what it
/// said in the run whose folder is `before` is that page, and names that run.
///
/// # Errors
/// A folder that can't be written; a page with what no page may hold.
pub fn write(input: &ReportInput, run_dir: &Path, before: Option<&Path>, threads: usize) -> Result<ReportSummary> {
    let results = tables::tables(input)?;
    let tables = tables::parquet::write_tables(&results, &run_dir.join("tables"), threads)?;
    let mut facts = view::Facts::of(input);
    facts.sheets = results.iter().map(sheets::SheetFiles::of).collect();
    let written = trees::write_trees(&facts, &run_dir.join("report"), before, threads)?;
    sheets::write(&facts, &results, &run_dir.join("report"), threads)?;
    anomalies::write(input, &run_dir.join("report/office/findings.xlsx"))?;
    Ok(ReportSummary { pages: written.pages, unchanged: written.unchanged, page_bytes: written.bytes, tables })
}

/// Writes what a release says: its result tables into `folder/tables`, each unit's final scorecard into `folder/units`, and for everybody pages and the ranking for
/// Excel into `folder/public`.
///
/// # Errors
/// As [`write`].
pub fn write_release(input: &ReportInput, folder: &Path, threads: usize) -> Result<Vec<TableFile>> {
    let tables = tables::parquet::write_tables(&tables::tables_of_release(input)?, &folder.join("tables"), threads)?;
    trees::write_units(&view::Facts::of(input), folder, threads)?;
    write_public(input, folder, threads)?;
    Ok(tables)
}

/// Writes what everybody may see of a release into `folder/public`: pages, and the ranking as Parquet and for Excel.
///
/// # Errors
/// As [`write`].
pub fn write_public(input: &ReportInput, folder: &Path, threads: usize) -> Result<()> {
    let facts = view::Facts::of(input);
    trees::write_public(&facts, folder, threads)?;
    let (public, ranking) = (folder.join("public"), sheets::public_ranking(&facts)?);
    sheets::write_public(&facts, &ranking, &public)?;
    tables::parquet::write_tables(&[ranking], &public, 1).map(drop)
}

/// Rank of each assessed object in the result tables of a finished run; none when the run left none.
///
/// # Errors
/// A table that can't be read.
pub fn read_ranks(folder: &Path) -> Result<BTreeMap<(UnitId, String), u32>> {
    tables::parquet::read_ranks(&folder.join("ranks.parquet"))
}

/// Peer group, total, rank and grade of each assessed object in a table of ranks.
///
/// # Errors
/// A table that is missing or can't be read.
pub fn read_shown(ranks: &Path) -> Result<BTreeMap<(UnitId, String), tables::parquet::Shown>> {
    tables::parquet::read_shown(ranks)
}

/// The figures that a table of values shows, as they are written, with their scores: by unit, scorecard, indicator. `is_ratio` tells whose are fractions.
///
/// # Errors
/// A table that is missing or can't be read.
pub fn read_published(values: &Path, is_ratio: impl Fn(&str) -> bool) -> Result<tables::parquet::Published> {
    tables::parquet::read_published(values, is_ratio)
}

/// Total of each assessed object in the result tables of a finished run; none when the run left none.
///
/// # Errors
/// A table that can't be read.
pub fn read_totals(folder: &Path) -> Result<BTreeMap<(UnitId, String), rust_decimal::Decimal>> {
    tables::parquet::read_totals(&folder.join("ranks.parquet"))
}
