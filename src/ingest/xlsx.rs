//! A workbook → rows.
//!
//! In: an XLSX file, perhaps the name of a worksheet. Out: the rows of that sheet, else of every visible sheet with a known
//! header, one after the other; cells as text (dates as ISO text by the
//! workbook's own calendar, formulas by their cached value). Never here: `worksheet_range`, which allocates the rectangle
//! that a sheet spans: two cells can claim ten gigabytes.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use calamine::{DataRef, Reader, SheetType, SheetVisible, Xlsx};

use super::raw::{Expect, HEADER_WITHIN, HeaderWatch, Input, MAX_CELLS, MAX_FIELD_BYTES, Mark, RawChunk, ReadSummary, Sink, survive_panic};
use super::{dates, zip};
use crate::error::{Context, Error, Kind, Result};

/// More digits than this a spreadsheet does not keep.
pub(super) const EXACT_BELOW: f64 = 1e15;

type Book = Xlsx<BufReader<File>>;

/// One row: cells by column.
#[derive(Debug, Default, Clone)]
struct Row {
    line: i64,
    cells: Vec<(String, Mark)>,
    /// Cells that hold something to the right of the header: how many the row has with them, and their texts.
    beyond: Option<(usize, String)>,
}

impl Row {
    fn is_blank(&self) -> bool {
        self.cells.iter().all(|(text, _)| text.trim().is_empty())
    }
}

/// Reads the declared sheet, else every visible one with a recognised header; under a mapping the first that holds anything.
pub(super) fn read(
    path: &Path,
    sheet: Option<&str>,
    expect: &Expect<'_>,
    progress: &dyn Fn(u64),
    sink: &mut Sink<'_>,
) -> Result<ReadSummary> {
    zip::refuse_bomb(path)?;
    survive_panic("workbook", sink, &mut |sink| read_book(path, sheet, expect, progress, sink))
}

fn read_book(path: &Path, sheet: Option<&str>, expect: &Expect<'_>, progress: &dyn Fn(u64), sink: &mut Sink<'_>) -> Result<ReadSummary> {
    let (mut book, size) = open(path)?;
    let is_1904 = book.has_1904_epoch();
    let candidates = match sheet {
        Some(name) if book.sheet_names().iter().any(|known| known == name) => vec![name.to_owned()],
        Some(name) => return Err(missing_sheet(name, &book.sheet_names())),
        None => visible_sheets(&book),
    };
    let mut summary = ReadSummary::default();
    let (mut chosen, mut doubtful, mut tried) = (Vec::new(), Vec::new(), Vec::new());
    for name in &candidates {
        let first = first_rows(&mut book, name)?;
        let texts: Vec<Vec<String>> = first.iter().map(|row| row.cells.iter().map(|(text, _)| text.clone()).collect()).collect();
        match expect.find(&texts) {
            // A mapping reads one sheet: which of several it means, only `sheet` can tell.
            Some(_) if matches!(expect, Expect::Any) && !chosen.is_empty() => summary.skipped_sheets.push(name.clone()),
            Some(at) if expect.is_complete(&texts[at]) || expect.is_mostly_known(&texts[at]) => {
                expect.refuse_upper_header(&texts, at, |row| first[row].line)?;
                chosen.push((name, first[at].clone()));
            }
            // A note in which a word happens to be a header; read only if nothing better is found, to say what is missing.
            Some(at) => doubtful.push((name, first[at].clone())),
            None if texts.is_empty() => {}
            None => {
                summary.skipped_sheets.push(name.clone());
                tried.extend(texts);
            }
        }
    }
    if chosen.is_empty() && !doubtful.is_empty() {
        chosen.push(doubtful.remove(0));
    }
    summary.skipped_sheets.extend(doubtful.into_iter().map(|(name, _)| name.clone()));
    if chosen.is_empty() {
        return Err(super::header::none_found(&tried));
    }
    for (name, header) in chosen {
        read_sheet(&mut book, name, &header, is_1904, expect, sink)?;
    }
    progress(size);
    Ok(summary)
}

/// The visible worksheets in their order, each with its first rows that hold anything.
pub(super) fn beginnings(path: &Path) -> Result<Vec<(String, Vec<Vec<String>>)>> {
    zip::refuse_bomb(path)?;
    let mut found = Vec::new();
    survive_panic("workbook", &mut |_| Ok(()), &mut |_| {
        let (mut book, _) = open(path)?;
        for name in visible_sheets(&book) {
            let rows = first_rows(&mut book, &name)?;
            found.push((name, rows.into_iter().map(|row| row.cells.into_iter().map(|(text, _)| text).collect()).collect()));
        }
        Ok(ReadSummary::default())
    })?;
    Ok(found)
}

fn open(path: &Path) -> Result<(Book, u64)> {
    let file = File::open(path).context(Kind::Source, || "opening the file")?;
    let size = file.metadata().context(Kind::Source, || "reading the file's size")?.len();
    Ok((Xlsx::new(BufReader::new(file)).context(Kind::Source, || "opening the workbook")?, size))
}

fn visible_sheets(book: &Book) -> Vec<String> {
    let is_visible = |meta: &&calamine::Sheet| meta.typ == SheetType::WorkSheet && meta.visible == SheetVisible::Visible;
    book.sheets_metadata().iter().filter(is_visible).map(|meta| meta.name.clone()).collect()
}

fn missing_sheet(name: &str, known: &[String]) -> Error {
    let list = known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    Error::new(Kind::Source, format!("the workbook has no worksheet `{name}`; it has {list}")).with_hint("correct `sheet` in kaohe.toml")
}

/// The first rows that hold anything.
fn first_rows(book: &mut Book, name: &str) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    each_row(book, name, MAX_CELLS, |row| {
        if !row.is_blank() {
            rows.push(row.clone());
        }
        Ok(rows.len() < HEADER_WITHIN)
    })?;
    Ok(rows)
}

fn read_sheet(book: &mut Book, name: &str, header: &Row, is_1904: bool, expect: &Expect<'_>, sink: &mut Sink<'_>) -> Result<()> {
    let mut names: Vec<String> = header.cells.iter().map(|(text, _)| text.clone()).collect();
    while names.last().is_some_and(|name| name.trim().is_empty()) {
        names.pop();
    }
    sink(Input::Header { names: names.clone(), line: header.line, sheet: Some(name.to_owned()) })?;
    let watch = HeaderWatch { names: &names, line: header.line, expect };
    let mut not_records = 0;
    let empty = || {
        let mut chunk = RawChunk::default();
        chunk.is_1904 = is_1904;
        chunk
    };
    let mut chunk = empty();
    let mut is_below = false;
    each_row(book, name, names.len(), |row| {
        // By the order of the rows and not by their numbers, which a damaged workbook repeats.
        if !is_below || row.is_blank() || watch.is_repeated(row.line, row.cells.iter().map(|(text, _)| text.as_str()))? {
            is_below |= row.line == header.line;
            not_records += 1;
            return Ok(true);
        }
        // As in a text file: nobody knows to which column what stands to the right of the header belongs.
        let (fault, raw) = match &row.beyond {
            None => (None, String::new()),
            Some((cells, texts)) => {
                let within = row.cells.iter().map(|(text, _)| text.as_str()).collect::<Vec<_>>().join("\t");
                (Some(format!("有{cells}个单元格，表头有{}个", names.len())), format!("{within}{texts}"))
            }
        };
        chunk.push(row.line, row.cells.iter().map(|(text, mark)| (text.as_str(), *mark)), &raw, fault);
        if chunk.is_full() {
            sink(Input::Rows(std::mem::replace(&mut chunk, empty())))?;
        }
        Ok(true)
    })?;
    sink(Input::Rows(chunk))?;
    sink(Input::SheetEnd { not_records })
}

/// Hands over row after row (only those that hold a cell), at most `width` cells of each, until `take` says false.
fn each_row(book: &mut Book, name: &str, width: usize, mut take: impl FnMut(&Row) -> Result<bool>) -> Result<()> {
    let mut cells = book.worksheet_cells_reader(name).context(Kind::Source, || format!("opening the worksheet `{name}`"))?;
    let mut row = Row::default();
    loop {
        let cell = cells.next_cell().context(Kind::Source, || format!("reading the worksheet `{name}` after row {}", row.line))?;
        let line = cell.as_ref().map(|cell| i64::from(cell.get_position().0) + 1);
        if line != Some(row.line) {
            if row.line > 0 && !take(&row)? {
                return Ok(());
            }
            row.cells.clear();
            row.beyond = None;
            row.line = line.unwrap_or(0);
        }
        let Some(cell) = cell else { return Ok(()) };
        let column = cell.get_position().1 as usize;
        let (text, mark) = cell_text(cell.get_value());
        if column >= width {
            if !text.trim().is_empty() {
                let (cells, texts) = row.beyond.get_or_insert_default();
                *cells = column + 1;
                texts.push('\t');
                texts.push_str(&text);
            }
            continue;
        }
        if text.len() > MAX_FIELD_BYTES {
            return Err(Error::new(Kind::Source, format!("a cell of row {} is longer than {MAX_FIELD_BYTES} bytes", row.line)));
        }
        if row.cells.len() <= column {
            row.cells.resize(column + 1, (String::new(), Mark::Plain));
        }
        row.cells[column] = (text, mark);
    }
}

fn cell_text(value: &DataRef<'_>) -> (String, Mark) {
    match value {
        DataRef::Empty => (String::new(), Mark::Plain),
        DataRef::String(text) => (text.clone(), Mark::Plain),
        DataRef::SharedString(text) => ((*text).to_owned(), Mark::Plain),
        DataRef::Int(number) => {
            (number.to_string(), if number.unsigned_abs() >= EXACT_BELOW as u64 { Mark::LostDigits } else { Mark::Plain })
        }
        DataRef::Float(number) => (float_text(*number), if number.abs() >= EXACT_BELOW { Mark::LostDigits } else { Mark::Plain }),
        DataRef::Bool(truth) => (truth.to_string(), Mark::Plain),
        DataRef::DateTime(moment) if moment.is_datetime() => (serial_text(moment), Mark::Plain),
        DataRef::DateTime(duration) => (float_text(duration.as_f64()), Mark::Plain),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => (text.clone(), Mark::Plain),
        DataRef::Error(error) => (error.to_string(), Mark::FormulaError),
    }
}

/// A float as a spreadsheet shows it: fifteen significant digits, no exponent.
pub(super) fn float_text(number: f64) -> String {
    let shown: f64 = format!("{number:.14e}").parse().unwrap_or(number);
    shown.to_string()
}

fn serial_text(moment: &calamine::ExcelDateTime) -> String {
    let (year, month, day, hour, minute, second, milli) = moment.to_ymd_hms_milli();
    // Times of day alone and days before 1954 are left as the number that they are.
    if year < 1950 || dates::from_serial(moment.as_f64() + 1_462.0, false).is_none() {
        return float_text(moment.as_f64());
    }
    let date = format!("{year:04}-{month:02}-{day:02}");
    match (hour, minute, second, milli) {
        (0, 0, 0, 0) => date,
        (_, _, _, 0) => format!("{date} {hour:02}:{minute:02}:{second:02}"),
        _ => format!("{date} {hour:02}:{minute:02}:{second:02}.{milli:03}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_shown_as_a_spreadsheet_shows_them() {
        assert_eq!(float_text(3.3000000000000003), "3.3");
        assert_eq!(float_text(330106.0), "330106");
        assert_eq!(float_text(1e20), "100000000000000000000");
        assert_eq!(cell_text(&DataRef::Float(110_101_199_001_011_234.0)).1, Mark::LostDigits);
        assert_eq!(cell_text(&DataRef::Float(13_800_138_000.0)), ("13800138000".into(), Mark::Plain));
    }
}
