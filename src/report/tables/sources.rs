//! Result tables about the sources: where every record went, both systems beside each other, what was checked, what is held, who has not
//! reported, which limits are provisional.
//!
//! In: [`ReportInput`]. Out: tables in their declared order. Never here: raw text of a row.

use super::ResultTable;
use super::columns::Columns;
use crate::error::Result;
use crate::explain::reconciled::{Place, ReconciledRecord};
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

/// The records behind the counts of `reconciliation`, but for those that match or are left out. A record's key is the office's own: it
/// holds no name, and no value of a personal column. Which run loaded a line is not told: the same sources give the same table, also
/// when another run than the first had to load them.
pub fn reconciliation_rows(input: &ReportInput) -> Result<ResultTable> {
    let fields =
        |record: &ReconciledRecord| record.differing.iter().map(|differing| differing.field.as_str()).collect::<Vec<_>>().join(" ");
    let mut rows: Vec<(&ReconciledRecord, String)> = input.reconciled.records.iter().map(|record| (record, fields(record))).collect();
    rows.sort();
    let line = |place: &Option<Place>| place.as_ref().and_then(|place| place.line);
    Columns::of("reconciliation_rows", &["unit_id", "domain", "source_table", "outcome", "field", "due_on", "record_id"], &rows)
        .text("unit_id", |(row, _)| row.unit.as_ref())
        .text("domain", |(row, _)| &row.domain)
        .text("source_table", |(row, _)| &row.source_table)
        .text("outcome", |(row, _)| &row.outcome)
        .text("field", |(row, _)| &row.field)
        .date_or_null("due_on", |(row, _)| row.due_on)
        .text("record_id", |(row, _)| &row.record_id)
        .text("difference", |(row, _)| &row.difference)
        .text("fields", |(_, fields)| fields)
        .text_or_null("own_value", |(row, _)| counted_values(row).map(|(own, _)| own.as_str()))
        .text_or_null("platform_value", |(row, _)| counted_values(row).map(|(_, platform)| platform.as_str()))
        .date_or_null("event_on", |(row, _)| row.event_on)
        .date_or_null("submitted_on", |(row, _)| row.submitted_on)
        .text_or_null("source_file", |(row, _)| row.own.as_ref().map(|place| place.file.as_str()))
        .count_or_null("source_line", |(row, _)| line(&row.own))
        .text_or_null("platform_file", |(row, _)| row.platform.as_ref().map(|place| place.file.as_str()))
        .count_or_null("platform_line", |(row, _)| line(&row.platform))
        .table(input.reconciled.records.len())
}

/// Both values of the first field that differs, by which the record is counted.
fn counted_values(record: &ReconciledRecord) -> Option<&(String, String)> {
    record.differing.first()?.values.as_ref()
}

/// What the units recorded, beside what each way of checking confirmed. Not called as the population behind it: both stand in one session.
pub fn verification(input: &ReportInput) -> Result<ResultTable> {
    let mut rows: Vec<_> = input.verification.iter().collect();
    rows.sort();
    Columns::of("verification", &["unit_id", "domain", "quarter", "way"], &rows)
        .text("unit_id", |row| row.unit.as_ref())
        .text("domain", |row| &row.domain)
        .text("quarter", |row| &row.quarter)
        .text("way", |row| &row.way)
        .count("claimed", |row| row.claimed)
        .count("confirmed", |row| row.confirmed)
        .share_or_null("share", |row| row.share())
        .share_or_null("third_party_mean", |row| row.third_party_mean)
        .table(input.verification.len())
}

/// What was noticed about the rows of each unit: set apart, loaded with a remark, under a code that nobody knows.
pub fn unit_remarks(input: &ReportInput) -> Result<ResultTable> {
    let rows: Vec<_> = input.unit_remarks.iter().collect();
    Columns::of("unit_remarks", &["table", "unit_id", "check"], &rows)
        .text("table", |row| &row.remark.table)
        .text("unit_id", |row| &row.remark.unit)
        .text("check", |row| &row.remark.check)
        .text("says", |row| &row.remark.says)
        .size("rows", |row| row.remark.rows)
        .size_or_null("of_rows", |row| row.of_rows)
        .table(input.unit_remarks.len())
}

/// What the units declared of their records, beside what the data tell.
pub fn declarations(input: &ReportInput) -> Result<ResultTable> {
    let mut rows: Vec<_> = input.declarations.iter().collect();
    rows.sort();
    Columns::of("declarations", &["unit_id", "domain", "flag"], &rows)
        .text("unit_id", |row| row.unit.as_ref())
        .text("domain", |row| &row.domain)
        .text("flag", |row| &row.flag)
        .count("compared", |row| row.compared)
        .count("only_declared", |row| row.only_declared)
        .count("only_derived", |row| row.only_derived)
        .table(input.declarations.len())
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
