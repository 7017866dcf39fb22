//! Tables of a comparison of two runs.
//!
//! In: a [`Difference`]. Out: `diff_objects`, `diff_indicators`, `diff_tables`, `diff_texts`. Never here: results of a run.

use super::ResultTable;
use super::columns::Columns;
use crate::error::Result;
use crate::scoring::difference::{CAUSES, Cause, Difference, IndicatorChange, ObjectChange};

/// Who moved, and by how much because of what: `by_*` add up to the move of the total.
pub fn objects(found: &Difference) -> Result<ResultTable> {
    let rows: Vec<(&ObjectChange, i64)> = found.objects.iter().zip(1..).collect();
    let points = |place: usize| move |(row, _): &(&ObjectChange, i64)| row.by_cause.map(|by_cause| by_cause[place]);
    let mut columns = Columns::of("diff_objects", &["place"], &rows)
        .count("place", |(_, place)| *place)
        .text("run_before", |_| &found.before.run)
        .text("run_after", |_| &found.after.run)
        .text("unit_id", |(row, _)| &row.moved.unit)
        .text("domain", |(row, _)| &row.moved.domain)
        .text("peer_group_before", |(row, _)| &row.moved.peer_group.0)
        .text("peer_group_after", |(row, _)| &row.moved.peer_group.1)
        .share_or_null("total_before", |(row, _)| row.moved.total.0)
        .share_or_null("total_after", |(row, _)| row.moved.total.1)
        .count_or_null("rank_before", |(row, _)| row.moved.rank.0.map(i64::from))
        .count_or_null("rank_after", |(row, _)| row.moved.rank.1.map(i64::from))
        .text_or_null("grade_before", |(row, _)| row.moved.grade.0.as_deref())
        .text_or_null("grade_after", |(row, _)| row.moved.grade.1.as_deref());
    for (place, cause) in CAUSES.iter().enumerate() {
        columns = columns.share_or_null(&format!("by_{}", cause.word()), points(place));
    }
    columns.table(found.objects.len())
}

/// Indicators of which some values are others.
pub fn indicators(found: &Difference) -> Result<ResultTable> {
    let has = |cause: Cause| move |row: &IndicatorChange| row.causes.contains(&cause);
    Columns::of("diff_indicators", &["indicator"], &sorted(&found.indicators, |row| &row.indicator))
        .text("indicator", |row| &row.indicator)
        .size("values_moved", |row| row.moved.0 as u64)
        .size("values_compared", |row| row.moved.1 as u64)
        .share_or_null("points_moved", |row| Some(row.points))
        .flag("by_data", has(Cause::Data))
        .flag("by_clocks", has(Cause::Clocks))
        .flag("by_definition", has(Cause::Definition))
        .table(found.indicators.len())
}

/// Source tables of which other rows were read.
pub fn tables(found: &Difference) -> Result<ResultTable> {
    Columns::of("diff_tables", &["table"], &found.tables)
        .text("table", |row| &row.table)
        .size_or_null("rows_before", |row| row.rows.0)
        .size_or_null("rows_after", |row| row.rows.1)
        .size_or_null("version_before", |row| row.version.0)
        .size_or_null("version_after", |row| row.version.1)
        .table(found.tables.len())
}

/// Files of the library that were read differently.
pub fn texts(found: &Difference) -> Result<ResultTable> {
    let rows: Vec<_> = found.texts.iter().map(|text| (text, text.names.join(", "))).collect();
    Columns::of("diff_texts", &["file"], &rows)
        .text("file", |(row, _)| &row.file)
        .text("is", |(row, _)| row.how)
        .text_or_null("moves", |(row, _)| row.cause.map(Cause::word))
        .text("names", |(_, names)| names)
        .table(found.texts.len())
}

fn sorted<T: Clone>(rows: &[T], key: impl Fn(&T) -> &String) -> Vec<T> {
    let mut rows = rows.to_vec();
    rows.sort_by(|a, b| key(a).cmp(key(b)));
    rows
}
