//! Result tables about the sources: where every record went, what is held, who has not reported, which limits are provisional.
//!
//! In: [`ReportInput`]. Out: tables in their declared order. Never here: raw text of a row.

use super::ResultTable;
use super::columns::Columns;
use crate::error::Result;
use crate::report::input::{HeldItem, ReasonCount, ReportInput};

/// One row a source file and sheet.
pub fn accounting(input: &ReportInput) -> Result<ResultTable> {
    let mut rows: Vec<_> = input.accounting.iter().collect();
    rows.sort_by_key(|row| (&row.table, &row.source_file, &row.sheet));
    Columns::of("accounting", &["table", "source_file", "sheet"], &rows)
        .text("table", |row| &row.table)
        .text("source_file", |row| &row.source_file)
        .text("sheet", |row| &row.sheet)
        .text("format", |row| &row.format)
        .text("encoding", |row| &row.encoding)
        .size("bytes_size", |row| row.bytes_size)
        .size("bytes_read", |row| row.bytes_read)
        .size("records_seen", |row| row.records_seen)
        .size("expanded", |row| row.expanded)
        .size("loaded", |row| row.loaded)
        .size("quarantined", |row| row.quarantined)
        .size("duplicates", |row| row.duplicates)
        .size("filtered", |row| row.filtered)
        .size("held", |row| row.held)
        .flag("balanced", |row| row.balanced)
        .text("digest", |row| &row.digest)
        .table(input.accounting.len())
}

/// Rows by check: `quarantine_reasons`, `warnings`.
pub fn reasons(name: &'static str, counts: &[ReasonCount]) -> Result<ResultTable> {
    let mut rows: Vec<&ReasonCount> = counts.iter().collect();
    rows.sort_by_key(|row| (&row.table, &row.check, &row.says));
    Columns::of(name, &["table", "check", "says"], &rows)
        .text("table", |row| &row.table)
        .text("check", |row| &row.check)
        .text("says", |row| &row.says)
        .size("rows", |row| row.rows)
        .table(counts.len())
}

/// What stands at the value of an earlier run.
pub fn held(input: &ReportInput) -> Result<ResultTable> {
    let mut rows: Vec<(&HeldItem, String)> = input.held.iter().map(|row| (row, row.codes.join(" "))).collect();
    rows.sort_by_key(|(row, _)| (&row.kind, &row.name));
    Columns::of("held", &["kind", "name"], &rows)
        .text("kind", |(row, _)| &row.kind)
        .text("name", |(row, _)| &row.name)
        .text("codes", |(_, codes)| codes)
        .text("reason", |(row, _)| &row.reason)
        .date_or_null("since", |(row, _)| row.since)
        .table(input.held.len())
}

/// Records of the units' systems and of the platform, by how they stand to each other.
pub fn reconciliation(input: &ReportInput) -> Result<ResultTable> {
    let mut rows: Vec<_> = input.reconciliation.iter().collect();
    rows.sort();
    Columns::of("reconciliation", &["unit_id", "domain", "source_table", "outcome", "field"], &rows)
        .text("unit_id", |row| row.unit.as_ref())
        .text("domain", |row| &row.domain)
        .text("source_table", |row| &row.source_table)
        .text("outcome", |row| &row.outcome)
        .text("field", |row| &row.field)
        .count("records", |row| row.records)
        .table(input.reconciliation.len())
}

/// Units that have sent nothing to a source.
pub fn not_reported(input: &ReportInput) -> Result<ResultTable> {
    let mut rows: Vec<_> = input.not_reported.iter().collect();
    rows.sort_by_key(|row| (&row.table, &row.unit));
    Columns::of("not_reported", &["table", "unit_id"], &rows)
        .text("table", |row| &row.table)
        .text("unit_id", |row| row.unit.as_ref())
        .date_or_null("last_seen", |row| row.last_seen)
        .table(input.not_reported.len())
}

/// Clocks and parameters with a reservation.
pub fn marks(input: &ReportInput) -> Result<ResultTable> {
    let mut rows: Vec<_> = input.marks.iter().collect();
    rows.sort_by_key(|row| &row.name);
    Columns::of("marks", &["name"], &rows)
        .text("name", |row| &row.name)
        .text("title", |row| &row.title)
        .text("confirmed", |row| &row.confirmed)
        .text("source", |row| &row.source)
        .date_or_null("provisional_from", |row| row.provisional_from)
        .table(input.marks.len())
}
