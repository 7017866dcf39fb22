//! Records as an office sent them, read again from its file.
//!
//! In: a table's contract and sources, the digests that its files had when they were loaded, lines. Out: for each line the header and the cell of every column
//! that the contract knows. Never here: a file that has changed since, columns about persons, headers that the contract does not know: nobody has said
//! that they may be shown.

use std::collections::{BTreeMap, BTreeSet};

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

/// Headers and cells of one record, in the order of the contract's columns.
pub type AsSent = Vec<(String, String)>;

/// The records on these lines of a file, named as accounts name it; empty where the file is gone, is not the one that was loaded, or is shaped by a mapping.
///
/// # Errors
/// A file that can't be read any more although its bytes are the same.
pub fn as_sent(
    contract: &TableContract,
    sources: &[Source],
    name: &str,
    digest: &str,
    lines: &BTreeSet<i64>,
) -> Result<BTreeMap<i64, AsSent>> {
    let (of_file, sheet) = name.split_once(SHEET_SIGN).map_or((name, None), |(file, sheet)| (file, Some(sheet)));
    let (files, _) = all_files(sources, &mut Vec::new())?;
    let Some((file, source)) = files.iter().find(|(file, source)| file.name == of_file && source.mapping.is_none()) else {
        return Ok(BTreeMap::new());
    };
    read(contract, source, file, sheet, digest, lines).map_err(|error| error.while_doing(format!("reading {name} again")))
}

fn read(
    contract: &TableContract,
    source: &Source,
    file: &SourceFile,
    sheet: Option<&str>,
    digest: &str,
    lines: &BTreeSet<i64>,
) -> Result<BTreeMap<i64, AsSent>> {
    let examined = decode::examine(&file.path, file.format.is_text(), source.encoding)?;
    let mut found = BTreeMap::new();
    if examined.digest != digest {
        return Ok(found);
    }
    let headers = Headers::new(contract, source);
    let (is_known, is_complete) = (|cell: &str| headers.find(cell).is_some(), |row: &[String]| headers.is_complete(row));
    let expect = Expect::Known { is_known: &is_known, is_complete: &is_complete };
    let mut map = HeaderMap::default();
    // Of a workbook, the account without a name of its own is the first worksheet's.
    let (mut number, mut is_meant) = (0, true);
    let mut take = |input: Input| -> Result<()> {
        match input {
            Input::Header { names, line, sheet: of } => {
                is_meant = sheet.map_or(number == 0, |wanted| of.as_deref() == Some(wanted));
                map = headers.map(&names, line)?;
            }
            Input::SheetEnd { .. } => number += 1,
            Input::Rows(chunk) if is_meant => {
                for row in (0..chunk.len()).filter(|row| lines.contains(&chunk.line(*row))) {
                    found.insert(chunk.line(row), shown(contract, &map, |at| chunk.cell(row, at).0.to_owned()));
                }
            }
            Input::Batch { batch, first_line } => {
                for row in (0..batch.num_rows()).filter(|row| lines.contains(&(first_line + *row as i64))) {
                    let cell = |at: usize| {
                        let column = batch.column(at);
                        if column.is_null(row) { String::new() } else { array_value_to_string(column, row).unwrap_or_default() }
                    };
                    found.insert(first_line + row as i64, shown(contract, &map, cell));
                }
            }
            Input::Rows(_) => {}
        }
        Ok(())
    };
    read_file(file, source, examined.encoding, &expect, &|_| {}, &mut take).context(Kind::Source, || file.name.clone())?;
    Ok(found)
}

fn shown(contract: &TableContract, map: &HeaderMap, cell: impl Fn(usize) -> String) -> AsSent {
    let columns = contract.columns.iter().zip(&map.columns).filter(|(column, _)| column.sensitivity != Sensitivity::Personal);
    columns.filter_map(|(_, from)| from.as_ref().map(|(at, header, _)| (header.clone(), cell(*at)))).collect()
}
