//! What a signed edition says otherwise than the run that it froze.
//!
//! In: an [`Edition`]. Out: `errata_figures` and `errata`. Never here: why something was granted, who asked.

use super::ResultTable;
use super::columns::Columns;
use crate::error::Result;
use crate::report::input::{ChangedFigure, Edition};
use crate::scoring::whatif::Move;

/// Figures that are others than they were, with the matters by which they are.
pub fn figures(edition: &Edition) -> Result<ResultTable> {
    let numbers = |row: &ChangedFigure| row.matters.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
    let mut rows: Vec<(&ChangedFigure, String)> = edition.figures.iter().map(|row| (row, numbers(row))).collect();
    rows.sort_by_key(|(row, _)| (&row.unit, &row.domain, &row.what));
    Columns::of("errata_figures", &["unit_id", "domain", "what"], &rows)
        .text("unit_id", |(row, _)| &row.unit)
        .text("domain", |(row, _)| &row.domain)
        .text("what", |(row, _)| &row.what)
        .text("matters", |(_, matters)| matters)
        .text("figure_before", |(row, _)| &row.figure.0)
        .text("figure_after", |(row, _)| &row.figure.1)
        .share_or_null("score_before", |(row, _)| row.score.0)
        .share_or_null("score_after", |(row, _)| row.score.1)
        .table(rows.len())
}

/// Objects whose total, rank or grade moved.
pub fn objects(edition: &Edition) -> Result<ResultTable> {
    let mut rows: Vec<&Move> = edition.moved.iter().collect();
    rows.sort_by_key(|row| (&row.unit, &row.domain));
    Columns::of("errata", &["unit_id", "domain"], &rows)
        .text("unit_id", |row| &row.unit)
        .text("domain", |row| &row.domain)
        .text("peer_group", |row| &row.peer_group.1)
        .share_or_null("total_before", |row| row.total.0)
        .share_or_null("total_after", |row| row.total.1)
        .count_or_null("rank_before", |row| row.rank.0.map(i64::from))
        .count_or_null("rank_after", |row| row.rank.1.map(i64::from))
        .text_or_null("grade_before", |row| row.grade.0.as_deref())
        .text_or_null("grade_after", |row| row.grade.1.as_deref())
        .table(rows.len())
}
