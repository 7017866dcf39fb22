//! The beginning of a file that nobody has described.
//!
//! In: a file. Out: its format and encoding, and for each of its tables (a workbook may hold several) the header and the first records as
//! text. Never here: contracts, types. The readers are those of a load: only the header is found otherwise, as the row that reads most
//! like names.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use arrow::array::{Array, AsArray};
use arrow::record_batch::RecordBatch;

use crate::error::{Context, Error, Kind, Result};
use crate::ingest::raw::{Expect, Input, Mark, RawChunk, Sink};
use crate::ingest::{csv, decode, files, header, jsonl, mapping, parquet, typing, xlsx};
use crate::library::contract::{ColumnType, normalise_header};
use crate::project::{Encoding, Format};

/// So much text is kept of a table; what stands behind it is not looked at.
const MOST_BYTES: usize = 64 << 20;
/// Of text in two languages, so large a share of lone letters is Western European and not Chinese.
const LONE_LETTERS: f64 = 0.9;
/// A header seldom has so many digits.
const LONG_NUMBER: usize = 8;

/// A file, recognised.
#[derive(Debug)]
pub(super) struct Sample {
    pub format: Format,
    /// Encoding of a text file.
    pub encoding: Option<&'static encoding_rs::Encoding>,
    /// What has to be declared so that the text is read rightly.
    pub declared: Option<Encoding>,
    /// Delimiter of a text file with delimiters.
    pub delimiter: Option<u8>,
    pub tables: Vec<Beginning>,
    /// Visible worksheets without anything like a header.
    pub other_sheets: Vec<String>,
}

/// The beginning of one table.
#[derive(Debug, Default)]
pub(super) struct Beginning {
    /// Worksheets that have this header, the one that was sampled first.
    pub sheets: Vec<String>,
    pub names: Vec<String>,
    /// Line of the header; 0 where the format has none.
    pub line: i64,
    pub chunks: Vec<RawChunk>,
    pub records: u64,
    /// Whether the table goes on behind the last record sampled.
    pub goes_on: bool,
    bytes: usize,
}

impl Beginning {
    /// The texts under the header at `position`; records that can't be used at all have none.
    pub fn texts(&self, position: usize) -> impl Iterator<Item = &str> {
        self.rows().map(move |(chunk, row)| chunk.cell(row, position).0)
    }

    /// Records that can be used, as chunk and row.
    pub fn rows(&self) -> impl Iterator<Item = (&RawChunk, usize)> {
        self.chunks.iter().flat_map(|chunk| (0..chunk.len()).filter(|row| chunk.fault(*row).is_none()).map(move |row| (chunk, row)))
    }

    fn take(&mut self, input: Input, room: &mut u64) -> Result<()> {
        match input.within(room) {
            Input::Header { names, line, .. } => (self.names, self.line) = (names, line),
            Input::Rows(chunk) => self.keep(chunk),
            Input::Batch { batch, first_line } => self.keep(chunk_of(&batch, first_line)?),
            Input::SheetEnd { .. } => {}
        }
        Ok(())
    }

    fn keep(&mut self, chunk: RawChunk) {
        self.records += chunk.len() as u64;
        self.bytes += chunk.bytes();
        self.chunks.push(chunk);
    }
}

/// Reads the beginning of a file, at most `most` records of each of its tables.
///
/// # Errors
/// A file that can't be read, or holds nothing like a header.
pub(super) fn read(path: &Path, most: u64, is_known: &dyn Fn(&str) -> bool) -> Result<Sample> {
    let format = recognise(path)?;
    let weight = |cell: &str| weight_of(cell, is_known);
    let mut sample = Sample { format, encoding: None, declared: None, delimiter: None, tables: Vec::new(), other_sheets: Vec::new() };
    match format {
        Format::Csv | Format::JsonLines => {
            let mut examined = decode::examine(path, true, None)?;
            if examined.size == 0 {
                return Err(header::none_found(&[]));
            }
            let mut table = read_text(path, examined.encoding, &weight, most, &mut sample)?;
            if examined.encoding == encoding_rs::GB18030 && is_western(&table) {
                sample.declared = Some(Encoding::Windows1252);
                examined.encoding = encoding_rs::WINDOWS_1252;
                table = read_text(path, examined.encoding, &weight, most, &mut sample)?;
            }
            sample.encoding = Some(examined.encoding);
            sample.tables.push(table);
        }
        Format::Parquet => sample.tables.push(read_beginning(most, &weight, |sink| {
            parquet::read(path, &Expect::Likely { weight: &weight }, &|_| (), sink).map(|_| ())
        })?),
        Format::Xlsx => read_sheets(path, &weight, most, &mut sample)?,
    }
    Ok(sample)
}

fn read_text(
    path: &Path,
    encoding: &'static encoding_rs::Encoding,
    weight: &dyn Fn(&str) -> usize,
    most: u64,
    sample: &mut Sample,
) -> Result<Beginning> {
    let expect = &Expect::Likely { weight };
    if sample.format == Format::JsonLines {
        return read_beginning(most, weight, |sink| jsonl::read(path, encoding, &|_| (), sink).map(|_| ()));
    }
    let delimiter = csv::sniff(path, encoding, expect)?;
    sample.delimiter = Some(delimiter);
    read_beginning(most, weight, |sink| csv::read(path, encoding, Some(delimiter), expect, &|_| (), sink).map(|_| ()))
}

/// Reads each visible worksheet that has a header and records; those with the same header are one table.
fn read_sheets(path: &Path, weight: &dyn Fn(&str) -> usize, most: u64, sample: &mut Sample) -> Result<()> {
    let expect = &Expect::Likely { weight };
    let mut headers: Vec<BTreeSet<String>> = Vec::new();
    let mut unlike: Option<Error> = None;
    for (name, rows) in xlsx::beginnings(path)? {
        let found =
            expect.find(&rows).filter(|at| rows[*at].iter().filter(|cell| !cell.trim().is_empty()).count() > 1 && at + 1 < rows.len());
        let refused = found.and_then(|at| refuse_record(&rows[at], 0, weight).err());
        let Some(at) = found.filter(|_| refused.is_none()) else {
            if !rows.is_empty() {
                sample.other_sheets.push(name);
                unlike.get_or_insert(refused.unwrap_or_else(|| header::none_found(&rows)));
            }
            continue;
        };
        let header: BTreeSet<String> = rows[at].iter().map(|cell| normalise_header(cell)).filter(|cell| !cell.is_empty()).collect();
        if let Some(known) = headers.iter().position(|known| *known == header) {
            sample.tables[known].sheets.push(name);
            continue;
        }
        let mut table = read_beginning(most, weight, |sink| xlsx::read(path, Some(&name), expect, &|_| (), sink).map(|_| ()))?;
        table.sheets.push(name);
        headers.push(header);
        sample.tables.push(table);
    }
    if sample.tables.is_empty() {
        return Err(unlike.unwrap_or_else(|| header::none_found(&[])));
    }
    Ok(())
}

/// Runs a reader until enough is read.
fn read_beginning(most: u64, weight: &dyn Fn(&str) -> usize, read: impl FnOnce(&mut Sink<'_>) -> Result<()>) -> Result<Beginning> {
    let mut table = Beginning::default();
    let (mut room, mut is_enough) = (most, false);
    let ended = read(&mut |input| {
        if let Input::Header { names, line, .. } = &input {
            refuse_record(names, *line, weight)?;
        }
        table.take(input, &mut room)?;
        is_enough = room == 0 || table.bytes >= MOST_BYTES;
        if is_enough { Err(Error::new(Kind::Bug, "enough is read")) } else { Ok(()) }
    });
    table.goes_on = is_enough;
    if is_enough {
        return Ok(table);
    }
    ended.map(|()| table)
}

fn chunk_of(batch: &RecordBatch, first_line: i64) -> Result<RawChunk> {
    let columns = batch.columns().iter().map(mapping::as_texts).collect::<Result<Vec<_>>>()?;
    let mut chunk = RawChunk::default();
    for row in 0..batch.num_rows() {
        let cell = |column: &arrow::array::ArrayRef| if column.is_null(row) { "" } else { column.as_string::<i32>().value(row) }.to_owned();
        let cells: Vec<String> = columns.iter().map(cell).collect();
        chunk.push(first_line + row as i64, cells.iter().map(|text| (text.as_str(), Mark::Plain)), "", None);
    }
    Ok(chunk)
}

/// The format of a file: what its first bytes say, else what its name says.
fn recognise(path: &Path) -> Result<Format> {
    let mut first = Vec::new();
    File::open(path).and_then(|file| file.take(512).read_to_end(&mut first)).context(Kind::Source, || "opening the file")?;
    let begins = |bytes: &[u8]| first.starts_with(bytes);
    if begins(b"PAR1") {
        return Ok(Format::Parquet);
    }
    // An old workbook, and what is packed; a text under such a name is a text.
    let is_packed = begins(b"\xd0\xcf\x11\xe0") || begins(b"\x1f\x8b") || begins(b"Rar!") || begins(b"7z\xbc\xaf");
    let is_zip = begins(b"PK\x03\x04");
    if let Some(remedy) = files::remedy_of(path).filter(|_| is_packed || is_zip) {
        return Err(Error::new(Kind::Source, "the file can't be read as it is").with_hint(remedy));
    }
    if is_packed {
        return Err(Error::new(Kind::Source, "the file is an old workbook or packed, whatever its name says")
            .with_hint("save it as .xlsx, or unpack it"));
    }
    if is_zip {
        return Ok(Format::Xlsx);
    }
    let named = Format::of_extension(path);
    let sign = first.iter().find(|byte| !byte.is_ascii_whitespace() && !matches!(byte, 0xef | 0xbb | 0xbf));
    if sign == Some(&b'[') && named.is_none() {
        return Err(Error::new(Kind::Source, "the file is one JSON list")
            .with_hint("write it as one object a line (`jq -c '.[]'`), ending in .jsonl"));
    }
    // A name that promises a workbook or Parquet over other bytes: the reader says what is wrong with them.
    Ok(named.unwrap_or(if sign == Some(&b'{') { Format::JsonLines } else { Format::Csv }))
}

/// How much a cell speaks for a header.
fn weight_of(cell: &str, is_known: &dyn Fn(&str) -> bool) -> usize {
    if typing::is_nothing(cell, ColumnType::Date) {
        return 0;
    }
    if is_known(cell) {
        return 2;
    }
    let is_value = typing::read_decimal(cell, 1).is_ok() || typing::read_date(cell, false).is_ok() || cell.chars().count() > 60;
    usize::from(!is_value)
}

/// Refuses a header in which cells are what only a record holds: what is shown as headers must not be somebody's data.
fn refuse_record(names: &[String], line: i64, weight: &dyn Fn(&str) -> usize) -> Result<()> {
    let is_datum =
        |name: &&String| typing::read_date(name, false).is_ok() || name.chars().filter(char::is_ascii_digit).count() >= LONG_NUMBER;
    let data = names.iter().filter(|name| weight(name) < 2).filter(is_datum).count();
    let filled = names.iter().filter(|name| !name.trim().is_empty()).count();
    let is_known = names.iter().any(|name| weight(name) > 1);
    if is_known || data == 0 || data * 5 < filled {
        return Ok(());
    }
    let place = if line > 0 { format!("line {line}") } else { "the row that reads most like a header".to_owned() };
    let message = format!("{place} reads like a record, and none like a header");
    Err(Error::new(Kind::Source, message).with_hint("ask for the file with its header, or write one above its first line"))
}

/// Whether text that was read as GB18030 is Western European: hardly any of its other letters has a neighbour, and no header has one.
fn is_western(table: &Beginning) -> bool {
    if !table.names.iter().all(|name| name.is_ascii()) {
        return false;
    }
    let (mut lone, mut all) = (0_u64, 0_u64);
    for (chunk, row) in table.rows() {
        for column in 0..chunk.width(row) {
            let text = chunk.cell(row, column).0;
            for part in text.split(|c: char| c.is_ascii()).filter(|part| !part.is_empty()) {
                let letters = part.chars().count() as u64;
                all += letters;
                lone += if letters == 1 && part.len() < text.len() { 1 } else { 0 };
            }
        }
    }
    all > 0 && lone as f64 >= LONE_LETTERS * all as f64
}
