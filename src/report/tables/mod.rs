//! Result tables: what analysts query, `explain` follows and a release freezes.
//!
//! In: [`ReportInput`]; scorecards, an audit or a what-if alone. Out: one [`ResultTable`] a kind of row, in its declared order, and Parquet files whose bytes depend on the
//! rows alone. Never here: pages, masking (the tables stay inside the office), rounding beyond the declared scales.
//!
//! * [`columns`] builds a batch column by column; [`scores`], [`signals`], [`sources`], [`audit`], [`whatif`] say which columns a table has
//! * [`parquet`] writes, counts again and hashes

mod audit;
pub mod columns;
mod difference;
mod errata;
pub mod parquet;
mod scores;
mod signals;
mod sources;
mod whatif;

use arrow::record_batch::RecordBatch;

use super::input::ReportInput;
use crate::error::{Error, Kind, Result};
use crate::scoring::audit::Audit;
use crate::scoring::difference::Difference;
use crate::scoring::tables::Scorecards;
use crate::scoring::whatif::{CurveUse, Move, Shares};

/// One result table.
#[derive(Debug, Clone)]
pub struct ResultTable {
    /// Its name: `tables/<name>.parquet`.
    pub name: &'static str,
    /// Columns by which its rows are sorted.
    pub sorted_by: &'static [&'static str],
    /// Rows.
    pub batch: RecordBatch,
    /// Rows that the input holds for it; writing refuses any other number.
    pub rows_total: usize,
}

/// Every result table, in the order of the data flow.
pub fn tables(input: &ReportInput) -> Result<Vec<ResultTable>> {
    let mut tables = of_scoring(input)?;
    tables.extend([
        audit::indicators(&input.audit)?,
        audit::correlations(&input.audit)?,
        signals::synergy_pairs(input)?,
        signals::synergy_sides(input)?,
        signals::synergy_regions(input)?,
        signals::burden(input)?,
        signals::burden_visits(input)?,
        signals::burden_caps(input)?,
        signals::burden_power(input)?,
        sources::reconciliation(input)?,
        sources::reconciliation_rows(input)?,
        sources::verification(input)?,
        sources::declarations(input)?,
        sources::unit_remarks(input)?,
        signals::findings(input)?,
        signals::findings_evidence(input)?,
        signals::finding_tests(input)?,
        signals::findings_resolved(input)?,
        signals::findings_waiting(input)?,
        signals::control_charts(input)?,
        signals::control_points(input)?,
        sources::accounting(input)?,
        sources::reasons("quarantine_reasons", &input.quarantine_reasons)?,
        sources::reasons("warnings", &input.warnings)?,
        sources::held(input)?,
        sources::not_reported(input)?,
        sources::marks(input)?,
    ]);
    complete(tables)
}

/// The scores with what they are made of.
fn of_scoring(input: &ReportInput) -> Result<Vec<ResultTable>> {
    Ok(vec![
        scores::measures(input)?,
        scores::values(&input.scorecards)?,
        scores::scores(&input.scorecards, input.scheme.nodes.iter().map(|node| node.id.as_str()))?,
        scores::ranks(&input.scorecards, &input.units)?,
        scores::scorecards(input)?,
        scores::score_lines(&input.scorecards, &input.line_events)?,
        scores::ledger(input)?,
        scores::next_grades(&input.scorecards)?,
        scores::rank_neighbours(&input.scorecards)?,
    ])
}

/// The tables of scores alone: `values`, `scores` (nodes in the given order), `ranks`, `score_lines`.
pub fn tables_of_scores<'a>(cards: &Scorecards, nodes: impl Iterator<Item = &'a str>) -> Result<Vec<ResultTable>> {
    complete(vec![scores::values(cards)?, scores::scores(cards, nodes)?, scores::ranks(cards, &[])?, scores::score_lines(cards, &[])?])
}

/// The tables of a scheme's audit.
pub fn tables_of_audit(audit: &Audit) -> Result<Vec<ResultTable>> {
    complete(vec![audit::indicators(audit)?, audit::correlations(audit)?])
}

/// The tables of a what-if, whose names and first column say that they are none of a run.
pub fn tables_of_whatif(moves: &[Move], shares: &[Shares], curves: &[CurveUse]) -> Result<Vec<ResultTable>> {
    complete(vec![whatif::moves(moves)?, whatif::shares(shares)?, whatif::curves(curves)?])
}

/// What a release holds: scores with what they were made of, and what its hearing changed.
///
/// # Errors
/// A bug in a table.
pub fn tables_of_release(input: &ReportInput) -> Result<Vec<ResultTable>> {
    let mut tables = of_scoring(input)?;
    tables.extend([signals::synergy_regions(input)?, signals::burden(input)?]);
    if let Some(edition) = &input.edition {
        tables.extend([errata::figures(edition)?, errata::objects(edition)?]);
    }
    complete(tables)
}

/// The tables of a comparison of two runs.
pub fn tables_of_difference(found: &Difference) -> Result<Vec<ResultTable>> {
    complete(vec![difference::objects(found)?, difference::indicators(found)?, difference::tables(found)?, difference::texts(found)?])
}

fn complete(tables: Vec<ResultTable>) -> Result<Vec<ResultTable>> {
    for table in &tables {
        if table.batch.num_rows() != table.rows_total {
            let (rows, total) = (table.batch.num_rows(), table.rows_total);
            return Err(Error::new(Kind::Bug, format!("result table `{}` has {rows} of {total} rows", table.name)));
        }
    }
    Ok(tables)
}
