//! Rows as they stand in a file, before any type.
//!
//! In: what the readers of the formats find. Out: [`Input`], the one thing that the loader takes from all of them: a header,
//! then chunks of rows (text) or batches (Parquet). Never here: contracts, types.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use arrow::record_batch::RecordBatch;

use crate::error::{Error, Kind, Result};

/// A quoted field of one row may be this long.
pub(super) const MAX_FIELD_BYTES: usize = 1 << 20;
/// All of a row may be this long.
pub(super) const MAX_ROW_BYTES: usize = 4 << 20;
/// A row (with quoted line breaks) may span this many lines.
pub(super) const MAX_ROW_LINES: u64 = 1_000;
/// A row may have this many cells.
pub(super) const MAX_CELLS: usize = 2_000;
/// Among the first rows, so many are tried as the header.
pub(super) const HEADER_WITHIN: usize = 20;
/// A chunk is handed over at this many rows …
pub(super) const CHUNK_ROWS: usize = 8_192;
/// … or this many bytes of text.
pub(super) const CHUNK_BYTES: usize = 16 << 20;

/// What is known of a cell besides its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Mark {
    /// Text, or a number as short as a spreadsheet keeps exactly.
    #[default]
    Plain,
    /// A number of more than fifteen digits out of a spreadsheet or a float: its last digits are gone.
    LostDigits,
    /// A formula that ended in an error.
    FormulaError,
}

/// One row of a [`RawChunk`].
#[derive(Debug, Clone)]
struct RawRow {
    line: i64,
    cells: std::ops::Range<usize>,
    raw: std::ops::Range<usize>,
    fault: Option<String>,
}

/// Rows as text, in one buffer.
#[derive(Debug, Default)]
pub(super) struct RawChunk {
    text: String,
    /// End of each cell in `text`, with its mark.
    cells: Vec<(usize, Mark)>,
    raw: String,
    rows: Vec<RawRow>,
    /// Serial dates count from 1904.
    pub is_1904: bool,
}

impl RawChunk {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Ready to be handed over.
    pub fn is_full(&self) -> bool {
        self.rows.len() >= CHUNK_ROWS || self.text.len() + self.raw.len() >= CHUNK_BYTES
    }

    /// Appends a row. An empty `raw` says that the row's own cells, joined by tabs, are its raw text.
    pub fn push<'a>(&mut self, line: i64, cells: impl Iterator<Item = (&'a str, Mark)>, raw: &str, fault: Option<String>) {
        let first = self.cells.len();
        for (cell, mark) in cells {
            self.text.push_str(cell);
            self.cells.push((self.text.len(), mark));
        }
        let start = self.raw.len();
        self.raw.push_str(raw);
        self.rows.push(RawRow { line, cells: first..self.cells.len(), raw: start..self.raw.len(), fault });
    }

    /// Line (or row, or record) in the file, from 1.
    pub fn line(&self, row: usize) -> i64 {
        self.rows[row].line
    }

    /// Why the row can't be used at all.
    pub fn fault(&self, row: usize) -> Option<&str> {
        self.rows[row].fault.as_deref()
    }

    /// Bytes of text that it holds.
    pub fn bytes(&self) -> usize {
        self.text.len() + self.raw.len()
    }

    /// Forgets the rows from `rows` on.
    pub fn truncate(&mut self, rows: usize) {
        self.rows.truncate(rows);
    }

    /// How many cells the row has.
    pub fn width(&self, row: usize) -> usize {
        self.rows[row].cells.len()
    }

    /// A cell; beyond the row's end it is empty.
    pub fn cell(&self, row: usize, column: usize) -> (&str, Mark) {
        let cells = &self.rows[row].cells;
        let index = cells.start + column;
        if index >= cells.end {
            return ("", Mark::Plain);
        }
        let start = if index == 0 { 0 } else { self.cells[index - 1].0 };
        let (end, mark) = self.cells[index];
        (&self.text[start..end], mark)
    }

    /// The row as it stands in the file.
    pub fn raw(&self, row: usize) -> String {
        let range = self.rows[row].raw.clone();
        if range.is_empty() {
            return (0..self.width(row)).map(|column| self.cell(row, column).0).collect::<Vec<_>>().join("\t");
        }
        self.raw[range].to_owned()
    }
}

/// What a reader hands to the loader.
pub(super) enum Input {
    /// Names of the columns and the line they stand on; JSON lines may extend it later.
    Header {
        /// Names as written.
        names: Vec<String>,
        /// Line of the header.
        line: i64,
        /// Worksheet.
        sheet: Option<String>,
    },
    /// Rows of text.
    Rows(RawChunk),
    /// A worksheet has been read; another may follow, with a header of its own.
    SheetEnd {
        /// As in [`ReadSummary`], of this worksheet.
        not_records: u64,
    },
    /// Typed columns (Parquet); the first row is record `first_line`.
    Batch {
        /// Columns named as in the header; those that nobody needs have not been read and are of type null.
        batch: RecordBatch,
        /// Record number of its first row.
        first_line: i64,
    },
}

impl Input {
    /// The same with at most `room` records, which are taken off `room`.
    pub fn within(mut self, room: &mut u64) -> Self {
        let most = usize::try_from(*room).unwrap_or(usize::MAX);
        let taken = match &mut self {
            Self::Rows(chunk) => {
                chunk.truncate(most);
                chunk.len()
            }
            Self::Batch { batch, .. } => {
                *batch = batch.slice(0, most.min(batch.num_rows()));
                batch.num_rows()
            }
            Self::Header { .. } | Self::SheetEnd { .. } => 0,
        };
        *room -= taken as u64;
        self
    }
}

/// Takes what a reader finds.
pub(super) type Sink<'a> = dyn FnMut(Input) -> Result<()> + 'a;

/// Runs a foreign reader that may panic on a damaged file: that is the file's fault, not the run's. A panic of our own side
/// (inside `sink`) goes on.
pub(super) fn survive_panic(
    what: &str,
    sink: &mut Sink<'_>,
    read: &mut dyn FnMut(&mut Sink<'_>) -> Result<ReadSummary>,
) -> Result<ReadSummary> {
    let inside = Cell::new(false);
    let mut guarded = |input| {
        inside.set(true);
        let taken = sink(input);
        inside.set(false);
        taken
    };
    match catch_unwind(AssertUnwindSafe(|| read(&mut guarded))) {
        Ok(summary) => summary,
        Err(panic) if inside.get() => resume_unwind(panic),
        Err(_) => Err(Error::new(Kind::Source, format!("the {what} is damaged: its reader gave up"))),
    }
}

/// What a reader knows when the file has ended.
#[derive(Debug, Default)]
pub(super) struct ReadSummary {
    /// Rows without any content, rows above the header, repeated headers: not records.
    pub not_records: u64,
    /// Bytes taken from the file by the reader itself, where it reads the file from end to end.
    pub bytes_read: Option<u64>,
    /// U+FFFD characters that stood in the source already.
    pub replacement_characters: u64,
    /// Visible worksheets that hold something and have no known header.
    pub skipped_sheets: Vec<String>,
}

/// How the header row is recognised.
pub(super) enum Expect<'a> {
    /// The row in which most cells are known headers.
    Known {
        /// Whether a cell is a header.
        is_known: &'a dyn Fn(&str) -> bool,
        /// Whether a row names every column that must be there.
        is_complete: &'a dyn Fn(&[String]) -> bool,
    },
    /// The first row with the most filled cells (a mapping names the columns).
    Any,
    /// The first row that reads most like names: no table is chosen yet.
    Likely {
        /// How much a cell speaks for a header: 0 where it is empty or a value.
        weight: &'a dyn Fn(&str) -> usize,
    },
}

impl Expect<'_> {
    /// How much of a row is recognised as header.
    pub fn recognised(&self, row: &[String]) -> usize {
        match self {
            Self::Known { is_known, .. } => row.iter().filter(|cell| is_known(cell)).count(),
            Self::Any => 0,
            Self::Likely { weight } => row.iter().map(|cell| weight(cell)).sum(),
        }
    }

    /// Position of the header among the first rows; `None` when no row has a known header.
    pub fn find(&self, rows: &[Vec<String>]) -> Option<usize> {
        let score = |row: &Vec<String>| match self {
            Self::Any => row.iter().filter(|cell| !cell.trim().is_empty()).count(),
            _ => self.recognised(row),
        };
        let (index, best) = rows.iter().map(score).enumerate().max_by_key(|(index, score)| (*score, usize::MAX - index))?;
        (best > 0).then_some(index)
    }

    /// Whether a row names every column that must be there.
    pub fn is_complete(&self, row: &[String]) -> bool {
        match self {
            Self::Known { is_complete, .. } => is_complete(row),
            Self::Any | Self::Likely { .. } => true,
        }
    }

    /// Whether most of what a row holds is headers.
    pub fn is_mostly_known(&self, row: &[String]) -> bool {
        match self {
            Self::Known { is_known, .. } => mostly(row.iter().map(String::as_str), is_known),
            Self::Any | Self::Likely { .. } => false,
        }
    }

    /// Refuses a file in which a row above the header chosen (the row `at` of `rows`) is a header as well: the rows between the
    /// two would be taken for titles.
    pub fn refuse_upper_header(&self, rows: &[Vec<String>], at: usize, line: impl Fn(usize) -> i64) -> Result<()> {
        let Self::Known { is_complete, .. } = self else { return Ok(()) };
        match rows[..at].iter().position(|row| is_complete(row)) {
            Some(upper) => Err(two_headers(line(upper), line(at))),
            None => Ok(()),
        }
    }
}

/// Whether at least two cells, and more than half of those filled, satisfy `is_known`.
fn mostly<'c>(cells: impl Iterator<Item = &'c str>, is_known: &dyn Fn(&str) -> bool) -> bool {
    let (mut filled, mut known) = (0, 0);
    for cell in cells.filter(|cell| !cell.trim().is_empty()) {
        filled += 1;
        known += usize::from(is_known(cell));
    }
    known >= 2 && known * 2 > filled
}

fn two_headers(first: i64, second: i64) -> Error {
    Error::new(Kind::Source, format!("the header of line {first} is followed by another one in line {second}"))
        .with_hint("two files were joined; deliver each by itself, under one header")
}

/// Looks for further headers below the one that was chosen.
pub(super) struct HeaderWatch<'a> {
    /// The header's cells, without empty ones at its end.
    pub names: &'a [String],
    /// Its line.
    pub line: i64,
    pub expect: &'a Expect<'a>,
}

impl HeaderWatch<'_> {
    /// Whether the row repeats the header, as `cat a.csv b.csv` leaves it behind.
    ///
    /// # Errors
    /// The row is another header: what stands below it would be read into the wrong columns.
    pub fn is_repeated<'c>(&self, line: i64, cells: impl Iterator<Item = &'c str> + Clone) -> Result<bool> {
        let cells = cells.map(|cell| cell.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}'));
        let mut names = self.names.iter().map(|name| name.trim());
        let mut rest = cells.clone();
        if names.by_ref().all(|name| rest.next() == Some(name)) && rest.all(str::is_empty) {
            return Ok(true);
        }
        let is_known = |cell: &str| match self.expect {
            Expect::Known { is_known, .. } => is_known(cell),
            Expect::Any | Expect::Likely { .. } => self.names.iter().any(|name| name.trim() == cell),
        };
        // Almost every record is told from a header by the digits or the word in one of its first two cells.
        let mut first = cells.clone().filter(|cell| !cell.is_empty()).take(2);
        if !first.all(|cell| !cell.bytes().any(|byte| byte.is_ascii_digit()) && is_known(cell)) {
            return Ok(false);
        }
        if mostly(cells, &is_known) { Err(two_headers(self.line, line)) } else { Ok(false) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_the_row_with_most_known_cells_and_the_first_of_equals() {
        let rows: Vec<Vec<String>> = [vec!["标题"], vec!["a", "b"], vec!["a", "x"], vec!["b", "a"]]
            .into_iter()
            .map(|row| row.into_iter().map(str::to_owned).collect())
            .collect();
        let known = |is_known| Expect::Known { is_known, is_complete: &|_| false }.find(&rows);
        assert_eq!(known(&|cell: &str| cell == "a" || cell == "b"), Some(1));
        assert_eq!(known(&|_: &str| false), None);
        assert_eq!(Expect::Any.find(&rows), Some(1));
    }

    #[test]
    fn a_cell_beyond_the_row_is_empty_and_raw_text_falls_back_to_the_cells() {
        let mut chunk = RawChunk::default();
        chunk.push(2, [("甲", Mark::Plain), ("", Mark::Plain)].into_iter(), "", None);
        chunk.push(3, [("乙", Mark::LostDigits)].into_iter(), "原文", None);
        assert_eq!(
            (chunk.cell(0, 0).0, chunk.cell(0, 1).0, chunk.cell(0, 2).0, chunk.cell(1, 0)),
            ("甲", "", "", ("乙", Mark::LostDigits))
        );
        assert_eq!((chunk.raw(0).as_str(), chunk.raw(1).as_str()), ("甲\t", "原文"));
    }
}
