//! Records as an office sent them, read again from its file.
//!
//! In: a table's contract and sources, the digest that a file had when it was loaded, records by line and key. Out: for each the header and the cell of every column
//! that the contract knows, and the line on which it stands now. Never here: columns about persons, headers that the contract does not know: nobody has said
//! that they may be shown.
//!
//! A file with the bytes that were loaded is read by line. Full extracts change every night, though, and months that did not change are not loaded anew: a
//! file with other bytes is searched for the record's key.

use std::collections::BTreeMap;

use arrow::array::Array;
use arrow::util::display::array_value_to_string;

use super::decode;
use super::file::{SHEET_SIGN, read_file};
use super::files::SourceFile;
use super::header::{HeaderMap, Headers};
use super::load::all_files;
use super::raw::{Expect, Input};
use crate::error::{Context, Kind, Result};
use crate::library::contract::{Sensitivity, TableContract};
use crate::project::Source;

/// One record as it stands in its file now.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct AsSent {
    /// The line, row or record.
    pub line: i64,
    /// Headers and cells, in the order of the contract's columns.
    pub cells: Vec<(String, String)>,
}

/// The records of a file, named as accounts name it, by the line on which each was loaded; `wanted` gives the keys. Left out is what is not found: the file is
/// gone, is shaped by a mapping, or has other bytes (not those of `digest`) and no row of that key.
///
/// # Errors
/// A file that can't be read any more.
pub fn as_sent(
    contract: &TableContract,
    sources: &[Source],
    name: &str,
    digest: Option<&str>,
    wanted: &BTreeMap<i64, String>,
) -> Result<BTreeMap<i64, AsSent>> {
    let (of_file, sheet) = name.split_once(SHEET_SIGN).map_or((name, None), |(file, sheet)| (file, Some(sheet)));
    let (files, _) = all_files(sources, &mut Vec::new())?;
    let Some((file, source)) = files.iter().find(|(file, source)| file.name == of_file && source.mapping.is_none()) else {
        return Ok(BTreeMap::new());
    };
    read(contract, source, file, sheet, digest, wanted).map_err(|error| error.while_doing(format!("reading {name} again")))
}

fn read(
    contract: &TableContract,
    source: &Source,
    file: &SourceFile,
    sheet: Option<&str>,
    digest: Option<&str>,
    wanted: &BTreeMap<i64, String>,
) -> Result<BTreeMap<i64, AsSent>> {
    let examined = decode::examine(&file.path, file.format.is_text(), source.encoding)?;
    let is_same = digest == Some(examined.digest.as_str());
    // A key of several columns is written as one text in records: it is not looked for.
    let key = match contract.key.as_slice() {
        [one] => contract.columns.iter().position(|column| column.name == *one),
        _ => None,
    };
    let by_key: BTreeMap<&str, i64> = wanted.iter().map(|(line, key)| (key.as_str(), *line)).collect();
    let mut found = BTreeMap::new();
    let headers = Headers::new(contract, source);
    let (is_known, is_complete) = (|cell: &str| headers.find(cell).is_some(), |row: &[String]| headers.is_complete(row));
    let expect = Expect::Known { is_known: &is_known, is_complete: &is_complete };
    let mut map = HeaderMap::default();
    // Of a workbook, the account without a name of its own is the first worksheet's.
    let (mut number, mut is_meant) = (0, true);
    // The line on which a row was loaded, if it is wanted.
    let place = |line: i64, map: &HeaderMap, cell: &dyn Fn(usize) -> String| -> Option<i64> {
        if is_same {
            return wanted.contains_key(&line).then_some(line);
        }
        let (at, ..) = map.columns.get(key?)?.as_ref()?;
        by_key.get(cell(*at).trim()).copied()
    };
    let mut take = |input: Input| -> Result<()> {
        match input {
            Input::Header { names, line, sheet: of } => {
                is_meant = sheet.map_or(number == 0, |wanted| of.as_deref() == Some(wanted));
                map = headers.map(&names, line)?;
            }
            Input::SheetEnd { .. } => number += 1,
            Input::Rows(chunk) if is_meant => {
                for row in 0..chunk.len() {
                    let cell = |at: usize| chunk.cell(row, at).0.to_owned();
                    if let Some(loaded) = place(chunk.line(row), &map, &cell) {
                        found.insert(loaded, AsSent { line: chunk.line(row), cells: shown(contract, &map, cell) });
                    }
                }
            }
            Input::Batch { batch, first_line } => {
                for row in 0..batch.num_rows() {
                    let line = first_line + row as i64;
                    let cell = |at: usize| {
                        let column = batch.column(at);
                        if column.is_null(row) { String::new() } else { array_value_to_string(column, row).unwrap_or_default() }
                    };
                    if let Some(loaded) = place(line, &map, &cell) {
                        found.insert(loaded, AsSent { line, cells: shown(contract, &map, cell) });
                    }
                }
            }
            Input::Rows(_) => {}
        }
        Ok(())
    };
    read_file(file, source, examined.encoding, &expect, &|_| {}, &mut take).context(Kind::Source, || file.name.clone())?;
    Ok(found)
}

fn shown(contract: &TableContract, map: &HeaderMap, cell: impl Fn(usize) -> String) -> Vec<(String, String)> {
    let columns = contract.columns.iter().zip(&map.columns).filter(|(column, _)| column.sensitivity != Sensitivity::Personal);
    columns.filter_map(|(_, from)| from.as_ref().map(|(at, header, _)| (header.clone(), cell(*at)))).collect()
}
