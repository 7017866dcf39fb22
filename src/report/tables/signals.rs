//! Result tables of the composite indices and of findings.
//!
//! In: [`ReportInput`]. Out: tables in their declared order. Never here: computation, verdicts.

use super::ResultTable;
use super::columns::Columns;
use crate::error::Result;
use crate::findings::tables::{Evidence, Finding};
use crate::report::input::ReportInput;

/// Parts of the sides of borders.
pub fn synergy_pairs(input: &ReportInput) -> Result<ResultTable> {
    let mut rows: Vec<_> = input.synergy_pairs.iter().map(|row| (row, row.part.to_string())).collect();
    rows.sort_by(|(a, a_part), (b, b_part)| {
        (&a.region, &a.neighbour, &a.domain, a_part).cmp(&(&b.region, &b.neighbour, &b.domain, b_part))
    });
    Columns::of("synergy_pairs", &["region", "neighbour", "domain", "part"], &rows)
        .text("region", |(row, _)| &row.region)
        .text("neighbour", |(row, _)| &row.neighbour)
        .text("domain", |(row, _)| &row.domain)
        .text("part", |(_, part)| part)
        .share_or_null("numerator", |(row, _)| Some(row.numerator))
        .share_or_null("denominator", |(row, _)| Some(row.denominator))
        .share_or_null("value", |(row, _)| row.value)
        .flag("report_only", |(row, _)| row.report_only)
        .count_or_null("median_days", |(row, _)| row.median_days.map(i64::from))
        .flag("cross_province", |(row, _)| row.cross_province)
        .flag("bordering", |(row, _)| row.bordering)
        .flag("scored", |(row, _)| row.scored)
        .table(input.synergy_pairs.len())
}

/// Regions over all their borders.
pub fn synergy_regions(input: &ReportInput) -> Result<ResultTable> {
    let mut rows: Vec<_> = input.synergy_regions.iter().collect();
    rows.sort_by_key(|row| (&row.region, &row.domain));
    Columns::of("synergy_regions", &["region", "domain"], &rows)
        .text("region", |row| &row.region)
        .text("domain", |row| &row.domain)
        .share_or_null("index", |row| row.index)
        .count("neighbours_scored", |row| i64::from(row.neighbours_scored))
        .count("neighbours", |row| i64::from(row.neighbours))
        .share_or_null("due", |row| Some(row.due))
        .share_or_null("due_scored", |row| Some(row.due_scored))
        .text_or_null("reason", |row| row.reason.as_deref())
        .table(input.synergy_regions.len())
}

/// Burden on enterprises.
pub fn burden(input: &ReportInput) -> Result<ResultTable> {
    let mut rows: Vec<_> = input.burden.iter().collect();
    rows.sort_by_key(|row| (&row.scope, &row.quarter, &row.component));
    Columns::of("burden", &["scope", "quarter", "component"], &rows)
        .text("scope", |row| &row.scope)
        .text("quarter", |row| &row.quarter)
        .text("component", |row| &row.component)
        .share_or_null("index", |row| row.index)
        .share_or_null("index_low", |row| row.interval.map(|(low, _)| low))
        .share_or_null("index_high", |row| row.interval.map(|(_, high)| high))
        .count("firms", |row| i64::from(row.firms))
        .count("minimum_firms", |row| i64::from(row.minimum_firms))
        .count("winsorised", |row| i64::from(row.winsorised))
        .flag("unchanged", |row| row.unchanged)
        .share_or_null("score", |row| row.score)
        .table(input.burden.len())
}

fn sorted_findings(input: &ReportInput) -> Vec<&Finding> {
    let mut rows: Vec<&Finding> = input.findings.iter().collect();
    rows.sort_by_key(|row| (&row.detector, &row.unit, &row.subject, &row.finding_id));
    rows
}

/// Patterns for a reviewer.
pub fn findings(input: &ReportInput) -> Result<ResultTable> {
    let rows = sorted_findings(input);
    Columns::of("findings", &["detector", "unit_id", "subject", "finding_id"], &rows)
        .text("detector", |row| &row.detector)
        .text("unit_id", |row| &row.unit)
        .text("subject", |row| &row.subject)
        .text("finding_id", |row| &row.finding_id)
        .text("domain", |row| &row.domain)
        .text("title", |row| &row.title)
        .text("says", |row| &row.says)
        .real_or_null("strength", |row| Some(row.strength))
        .real_or_null("p_value", |row| row.p_value)
        .real_or_null("q_value", |row| row.q_value)
        .count("n", |row| row.n)
        .text("benign_causes", |row| &row.benign_causes)
        .size("evidence_rows", |row| row.evidence.len() as u64)
        .table(input.findings.len())
}

/// Records that findings rest on.
pub fn findings_evidence(input: &ReportInput) -> Result<ResultTable> {
    let mut rows: Vec<(&str, &Evidence)> = Vec::new();
    for finding in &input.findings {
        rows.extend(finding.evidence.iter().map(|evidence| (finding.finding_id.as_str(), evidence)));
    }
    rows.sort();
    let rows_total = input.findings.iter().map(|finding| finding.evidence.len()).sum();
    Columns::of("findings_evidence", &["finding_id", "table", "record_id", "says", "source_file", "source_line"], &rows)
        .text("finding_id", |(finding, _)| finding)
        .text("table", |(_, row)| &row.table)
        .text("record_id", |(_, row)| &row.record_id)
        .text("says", |(_, row)| &row.says)
        .text("source_file", |(_, row)| &row.source_file)
        .count("source_line", |(_, row)| row.source_line)
        .table(rows_total)
}
