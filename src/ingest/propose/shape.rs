//! Signs that a file is not one row a record under one header.
//!
//! In: the beginning of a table. Out: sentences for people, each with what to do. Never here: values.

use super::fit::{Header, Place};
use super::sample::Beginning;
use crate::ingest::typing;
use crate::library::contract::{ColumnType, TableContract};

/// First words of rows that add up others.
const TOTALS: [&str; 8] = ["合计", "总计", "小计", "共计", "累计", "总和", "total", "subtotal"];
/// So many columns alike are one column turned on its side.
const WIDE: usize = 5;

/// What is odd about the table.
pub(super) fn remarks(table: &Beginning, headers: &[Header], places: &[Place], contract: &TableContract) -> Vec<String> {
    [wide(headers, places), totals(table), second_header(table, headers), merged(headers, places, contract), repeated(headers)]
        .into_iter()
        .flatten()
        .collect()
}

/// Many headers that no column takes, with whole numbers of the same range below each.
fn wide(headers: &[Header], places: &[Place]) -> Option<String> {
    let alike = headers.iter().zip(places).filter(|(header, place)| is_turned(header, place)).count();
    (alike >= WIDE && alike * 2 > headers.len()).then(|| {
        format!("wide: {alike} of {} headers hold few whole numbers, or yes and no, each; where one row for each of them is wanted, a mapping SQL turns them", headers.len())
    })
}

/// Whether a header without a column holds few whole numbers, or yes and no, as one of many marks does.
pub(super) fn is_turned(header: &Header, place: &Place) -> bool {
    let profile = &header.profile;
    let is_mark = profile.booleans == profile.filled || profile.integers == profile.filled && profile.distinct <= 12;
    matches!(place, Place::Nothing) && profile.filled > 0 && is_mark
}

/// Rows that add up others.
fn totals(table: &Beginning) -> Option<String> {
    let is_total = |text: &str| {
        let text = text.trim().trim_end_matches([':', '：']).to_lowercase();
        TOTALS.contains(&text.as_str())
    };
    let first = |(chunk, row): &(&crate::ingest::raw::RawChunk, usize)| {
        (0..chunk.width(*row)).map(|at| chunk.cell(*row, at).0).find(|text| !text.trim().is_empty()).map(is_total)
    };
    let lines: Vec<String> =
        table.rows().filter(|row| first(row) == Some(true)).map(|(chunk, row)| chunk.line(row).to_string()).take(4).collect();
    (!lines.is_empty()).then(|| {
        format!(
            "rows of totals (line {}{}): they are no records; leave them out of the export, or by the WHERE of a mapping SQL",
            lines[..lines.len().min(3)].join(", "),
            if lines.len() > 3 { ", …" } else { "" }
        )
    })
}

/// The first record holds names under headers whose other values have a type.
fn second_header(table: &Beginning, headers: &[Header]) -> Option<String> {
    let (chunk, row) = table.rows().next()?;
    let is_typed =
        |header: &Header| header.profile.filled > 2 && header.profile.share(header.profile.decimals.max(header.profile.dates)) > 0.6;
    let typed: Vec<usize> = (0..headers.len()).filter(|at| is_typed(&headers[*at])).collect();
    let is_name = |at: &usize| {
        let text = chunk.cell(row, *at).0;
        !typing::is_nothing(text, ColumnType::Date) && typing::read_decimal(text, 1).is_err() && typing::read_date(text, false).is_err()
    };
    let names = typed.iter().filter(|at| is_name(at)).count();
    (typed.len() > 1 && names * 2 > typed.len()).then(|| {
        format!(
            "line {} reads like a second row of headers: a header of two rows has to be made one, or the row is set apart",
            chunk.line(row)
        )
    })
}

/// A column that every row must have is blank in many of them.
fn merged(headers: &[Header], places: &[Place], contract: &TableContract) -> Option<String> {
    let is_gappy = |(header, place): &(&Header, &Place)| {
        let must = place
            .column(true)
            .is_some_and(|column| contract.must_have(&contract.columns[column]) && contract.columns[column].default.is_none());
        let rows = header.profile.empty + header.profile.filled;
        must && header.profile.filled > 0 && header.profile.empty * 5 > rows
    };
    let (header, _) = headers.iter().zip(places).find(is_gappy)?;
    let rows = header.profile.empty + header.profile.filled;
    Some(format!(
        "`{}` is empty in {} of {rows} rows, and rows must have it: merged cells, or several rows a record?",
        header.name, header.profile.empty
    ))
}

/// The same header twice: the two can't be told apart by their name.
fn repeated(headers: &[Header]) -> Option<String> {
    let is_again = |at: usize| !headers[at].name.is_empty() && headers[..at].iter().any(|other| other.name == headers[at].name);
    let names: Vec<String> = (0..headers.len()).filter(|at| is_again(*at)).map(|at| format!("`{}`", headers[at].name)).collect();
    (!names.is_empty()).then(|| {
        format!("{} stands more than once: `columns` can't tell them apart, a mapping SQL can (`\"x\"`, `\"x_2\"`)", names.join(", "))
    })
}
