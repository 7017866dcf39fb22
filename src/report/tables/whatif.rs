//! Tables of a what-if: none of a run's, and every row says so.
//!
//! In: moves, shares, curves. Out: `whatif_moves`, `whatif_shares`, `whatif_curves`, whose first column is `not_for_publication`. Never here: results.

use super::ResultTable;
use super::columns::Columns;
use crate::error::Result;
use crate::scoring::whatif::{CurveUse, Move, Shares};

/// Everybody, before and after.
pub fn moves(moves: &[Move]) -> Result<ResultTable> {
    let because = |one: &Move| one.because.iter().take(5).map(|(line, points)| format!("{line} {points:+}")).collect::<Vec<_>>().join("; ");
    let rows: Vec<(&Move, String, i64)> = moves.iter().zip(1..).map(|(one, place)| (one, because(one), place)).collect();
    Columns::of("whatif_moves", &["place"], &rows)
        .flag("not_for_publication", |_| true)
        .count("place", |(_, _, place)| *place)
        .text("unit_id", |(row, ..)| &row.unit)
        .text("domain", |(row, ..)| &row.domain)
        .text("peer_group_before", |(row, ..)| &row.peer_group.0)
        .text("peer_group_after", |(row, ..)| &row.peer_group.1)
        .share_or_null("total_before", |(row, ..)| row.total.0)
        .share_or_null("total_after", |(row, ..)| row.total.1)
        .count_or_null("rank_before", |(row, ..)| row.rank.0.map(i64::from))
        .count_or_null("rank_after", |(row, ..)| row.rank.1.map(i64::from))
        .text_or_null("grade_before", |(row, ..)| row.grade.0.as_deref())
        .text_or_null("grade_after", |(row, ..)| row.grade.1.as_deref())
        .text("because", |(_, because, _)| because)
        .table(moves.len())
}

/// What each rank hangs on.
pub fn shares(shares: &[Shares]) -> Result<ResultTable> {
    let mut rows: Vec<&Shares> = shares.iter().collect();
    rows.sort_by_key(|row| (&row.unit, &row.domain));
    // Nine decimals, far beyond what draws can bear, so that the last bits do not matter.
    let rounded = |figure: f64| (figure * 1e9).round() / 1e9;
    let of = move |row: &Shares, cause: usize| row.of.map(|of| rounded(of[cause]));
    Columns::of("whatif_shares", &["unit_id", "domain"], &rows)
        .flag("not_for_publication", |_| true)
        .text("unit_id", |row| &row.unit)
        .text("domain", |row| &row.domain)
        .text("peer_group", |row| &row.peer_group)
        .count("rank", |row| i64::from(row.rank))
        .count("rank_best", |row| i64::from(row.interval.0))
        .count("rank_worst", |row| i64::from(row.interval.1))
        .real_or_null("deviation", move |row| Some(rounded(row.deviation)))
        .real_or_null("sampling", move |row| of(row, 0))
        .real_or_null("imputation", move |row| of(row, 1))
        .real_or_null("curves", move |row| of(row, 2))
        .real_or_null("weights", move |row| of(row, 3))
        .real_or_null("aggregation", move |row| of(row, 4))
        .table(shares.len())
}

/// How far every curve is used, in the order of the scheme.
pub fn curves(curves: &[CurveUse]) -> Result<ResultTable> {
    let rows: Vec<(&CurveUse, i64)> = curves.iter().zip(1..).collect();
    let rounded = |share: Option<f64>| share.map(|share| (share * 1e9).round() / 1e9);
    Columns::of("whatif_curves", &["place"], &rows)
        .flag("not_for_publication", |_| true)
        .count("place", |(_, place)| *place)
        .text("indicator", |(row, _)| &row.indicator)
        .count("scored", |(row, _)| row.scored as i64)
        .real_or_null("at_zero_before", move |(row, _)| rounded(row.at_zero[0]))
        .real_or_null("at_zero_after", move |(row, _)| rounded(row.at_zero[1]))
        .real_or_null("at_full_before", move |(row, _)| rounded(row.at_full[0]))
        .real_or_null("at_full_after", move |(row, _)| rounded(row.at_full[1]))
        .table(curves.len())
}
