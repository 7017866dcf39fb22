//! Text with delimiters → rows.
//!
//! In: a file and its encoding. Out: every record with the line it begins on and its raw text; blank lines are no records.
//! Never here: types. Memory stays bounded: a record longer than the limits is a failure that names its first line, because
//! that is what an unbalanced quotation mark looks like.

use std::borrow::Cow;
use std::path::Path;

use csv_core::ReadRecordResult;

use super::decode::TextReader;
use super::raw::{
    Expect, HEADER_WITHIN, HeaderWatch, Input, MAX_CELLS, MAX_FIELD_BYTES, MAX_ROW_BYTES, MAX_ROW_LINES, Mark, RawChunk, ReadSummary, Sink,
};
use crate::error::{Error, Kind, Result};

const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// The delimiter is recognised in so many bytes.
const SNIFFED_BYTES: usize = 1 << 16;

/// One record.
#[derive(Debug, Default, Clone)]
struct Record {
    line: u64,
    fields: Vec<u8>,
    ends: Vec<usize>,
    raw: Vec<u8>,
    fault: Option<String>,
    /// The file ends without a line end behind it.
    is_unterminated: bool,
}

impl Record {
    fn cells(&self) -> impl Iterator<Item = &str> + Clone {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        // Delimiters and quotes are ASCII, so cutting at them leaves UTF-8.
        let text = simdutf8::basic::from_utf8(&self.fields).unwrap_or_default();
        starts.zip(&self.ends).map(move |(start, end)| text.get(start..*end).unwrap_or("\u{fffd}"))
    }

    fn is_blank(&self) -> bool {
        self.fields.iter().all(u8::is_ascii_whitespace)
    }
}

/// Cuts text into records.
struct Records<'a> {
    text: TextReader<'a>,
    parser: csv_core::Reader,
    buffer: Vec<u8>,
    at: usize,
    /// Bytes of text that have left `buffer`.
    dropped: u64,
    lines: LineCounter,
    ended: bool,
}

/// Counts line ends; `\r\n` is one, also across blocks.
#[derive(Default)]
struct LineCounter {
    lines: u64,
    after_return: bool,
}

impl LineCounter {
    fn advance(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match byte {
                b'\r' => self.lines += 1,
                b'\n' if !self.after_return => self.lines += 1,
                _ => {}
            }
            self.after_return = *byte == b'\r';
        }
    }
}

impl<'a> Records<'a> {
    fn new(text: TextReader<'a>, delimiter: u8) -> Self {
        let parser = csv_core::ReaderBuilder::new().delimiter(delimiter).build();
        Self { text, parser, buffer: Vec::new(), at: 0, dropped: 0, lines: LineCounter::default(), ended: false }
    }

    /// Drops what was consumed and decodes more; false at the end of the file.
    fn refill(&mut self) -> Result<bool> {
        self.buffer.drain(..self.at);
        self.dropped += self.at as u64;
        self.at = 0;
        while self.buffer.is_empty() {
            if !self.text.fill(&mut self.buffer)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn next(&mut self, record: &mut Record) -> Result<bool> {
        record.raw.clear();
        let (mut field_bytes, mut field_count) = (0, 0);
        loop {
            if self.at == self.buffer.len() {
                if self.ended {
                    self.refuse_open_quote(record)?;
                } else if !self.refill()? {
                    self.ended = true;
                    self.buffer.push(b'\n');
                }
            }
            grow(&mut record.fields, field_bytes, 1 << 12);
            grow(&mut record.ends, field_count, 1 << 6);
            let input = &self.buffer[self.at..];
            let (result, read, written, ended) =
                self.parser.read_record(input, &mut record.fields[field_bytes..], &mut record.ends[field_count..]);
            record.raw.extend_from_slice(&input[..read]);
            self.at += read;
            field_bytes += written;
            field_count += ended;
            let last_end = if field_count == 0 { 0 } else { record.ends[field_count - 1] };
            self.refuse_oversize(record, field_bytes - last_end.min(field_bytes), field_count)?;
            match result {
                ReadRecordResult::Record => {
                    record.fields.truncate(field_bytes);
                    record.ends.truncate(field_count);
                    record.is_unterminated = self.ended;
                    self.close(record)?;
                    return Ok(true);
                }
                ReadRecordResult::End => return Ok(false),
                ReadRecordResult::InputEmpty | ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {}
            }
        }
    }

    /// Numbers the record and tells what makes it unusable.
    fn close(&mut self, record: &mut Record) -> Result<()> {
        let blank = record.raw.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        self.lines.advance(&record.raw[..blank]);
        record.line = self.lines.lines + 1;
        self.lines.advance(&record.raw[blank..]);
        record.raw.drain(..blank);
        while matches!(record.raw.last(), Some(b'\r' | b'\n')) {
            record.raw.pop();
        }
        if self.lines.lines.saturating_sub(record.line) > MAX_ROW_LINES {
            return Err(too_long(record.line, &format!("{MAX_ROW_LINES} lines")));
        }
        record.fault = if self.text.had_fault_before(self.dropped + self.at as u64) {
            Some("含有无法按文件编码解读的字节".to_owned())
        } else if record.fields.contains(&0) {
            Some("含有空字符（NUL）".to_owned())
        } else {
            None
        };
        Ok(())
    }

    fn start_line(&self, raw: &[u8]) -> u64 {
        let mut lines = LineCounter { lines: self.lines.lines, after_return: self.lines.after_return };
        lines.advance(&raw[..raw.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count()]);
        lines.lines + 1
    }

    fn refuse_oversize(&self, record: &Record, open_field: usize, field_count: usize) -> Result<()> {
        if open_field > MAX_FIELD_BYTES {
            return Err(too_long(self.start_line(&record.raw), &format!("{MAX_FIELD_BYTES} bytes in one field")));
        }
        if record.raw.len() > MAX_ROW_BYTES {
            return Err(too_long(self.start_line(&record.raw), &format!("{MAX_ROW_BYTES} bytes")));
        }
        if field_count > MAX_CELLS {
            return Err(too_long(self.start_line(&record.raw), &format!("{MAX_CELLS} cells")));
        }
        Ok(())
    }

    /// At the end of the file a line end is supplied: if it does not end the record, the record stands inside quotation marks.
    fn refuse_open_quote(&self, record: &Record) -> Result<()> {
        if record.raw.iter().all(|byte| matches!(byte, b'\r' | b'\n')) {
            return Ok(());
        }
        let line = self.start_line(&record.raw);
        Err(Error::new(Kind::Source, format!("the file ends inside a quotation mark opened in the record of line {line}"))
            .with_hint("the file was cut off, or a quotation mark is missing; ask for it again"))
    }
}

fn grow<T: Default + Clone>(buffer: &mut Vec<T>, used: usize, by: usize) {
    if buffer.len() <= used + 1 {
        buffer.resize(used + by.max(used), T::default());
    }
}

fn too_long(line: u64, limit: &str) -> Error {
    Error::new(Kind::Source, format!("the record that begins in line {line} is longer than {limit}"))
        .with_hint("probably a quotation mark in that line is not closed")
}

/// Reads a whole file.
pub(super) fn read(
    path: &Path,
    encoding: &'static encoding_rs::Encoding,
    delimiter: Option<u8>,
    expect: &Expect<'_>,
    progress: &dyn Fn(u64),
    sink: &mut Sink<'_>,
) -> Result<ReadSummary> {
    let delimiter = match delimiter {
        Some(delimiter) => delimiter,
        None => sniff(path, encoding, expect)?,
    };
    let mut records = Records::new(TextReader::open(path, encoding, progress)?, delimiter);
    let mut summary = ReadSummary::default();
    let mut record = Record::default();
    let mut first = Vec::new();
    while first.len() < HEADER_WITHIN && records.next(&mut record)? {
        if record.is_blank() {
            summary.not_records += 1;
        } else {
            first.push(record.clone());
        }
    }
    let texts: Vec<Vec<String>> = first.iter().map(|record| record.cells().map(str::to_owned).collect()).collect();
    let Some(at) = expect.find(&texts) else { return Err(super::header::none_found(&texts)) };
    expect.refuse_upper_header(&texts, at, |row| first[row].line as i64)?;
    let header = texts[at].iter().map(|cell| cell.trim_start_matches('\u{feff}').to_owned()).collect::<Vec<_>>();
    let line = first[at].line as i64;
    sink(Input::Header { names: header.clone(), line, sheet: None })?;
    summary.not_records += at as u64 + 1;
    let filled = header.iter().rposition(|name| !name.trim().is_empty()).map_or(0, |last| last + 1);
    let watch = HeaderWatch { names: &header[..filled], line, expect };
    let form = Form { delimiter, width: header.len(), filled: if matches!(expect, Expect::Any) { header.len() } else { filled }, watch };
    let mut chunk = RawChunk::default();
    for record in first.drain(at + 1..) {
        form.push(&record, &mut chunk, &mut summary)?;
    }
    while records.next(&mut record)? {
        form.push(&record, &mut chunk, &mut summary)?;
        if chunk.is_full() {
            sink(Input::Rows(std::mem::take(&mut chunk)))?;
        }
    }
    sink(Input::Rows(chunk))?;
    summary.bytes_read = Some(records.text.bytes_read);
    summary.replacement_characters = records.text.own_replacement_characters();
    Ok(summary)
}

/// Lines inside one cell that look like records of their own: so many are no coincidence.
const SWALLOWED_LINES: usize = 3;

/// What the records of a file look like.
struct Form<'a> {
    delimiter: u8,
    /// Cells of the header row.
    width: usize,
    /// Cells that a record must have: those of the header without the empty ones at its end.
    filled: usize,
    watch: HeaderWatch<'a>,
}

impl Form<'_> {
    fn push(&self, record: &Record, chunk: &mut RawChunk, summary: &mut ReadSummary) -> Result<()> {
        if record.is_blank() || self.watch.is_repeated(record.line as i64, record.cells())? {
            summary.not_records += 1;
            return Ok(());
        }
        let is_short = record.ends.len() < self.filled;
        if record.is_unterminated && is_short {
            let (cells, line) = (record.ends.len(), record.line);
            let message = format!("the file ends inside the record of line {line}: {cells} of {} cells, and no line end", self.filled);
            return Err(Error::new(Kind::Source, message).with_hint("the file was cut off; ask for it again"));
        }
        self.refuse_swallowed(record)?;
        let extra_is_empty = record.ends.len() <= self.width || record.cells().skip(self.width).all(|cell| cell.trim().is_empty());
        let is_ragged = is_short || !extra_is_empty;
        let ragged = || is_ragged.then(|| format!("有{}个单元格，表头有{}个", record.ends.len(), self.filled));
        let fault = record.fault.clone().or_else(ragged);
        let raw = simdutf8::basic::from_utf8(&record.raw).map_or_else(|_| String::from_utf8_lossy(&record.raw), Cow::Borrowed);
        let cells = record
            .cells()
            .enumerate()
            .map(|(index, cell)| (if index == 0 { cell.trim_start_matches('\u{feff}') } else { cell }, Mark::Plain));
        chunk.push(record.line as i64, cells, &raw, fault);
        Ok(())
    }

    /// Two stray quotation marks make one cell of all the records between them.
    fn refuse_swallowed(&self, record: &Record) -> Result<()> {
        let is_end = |byte: &u8| matches!(byte, b'\n' | b'\r');
        if self.filled < 3 || !record.raw.iter().any(is_end) {
            return Ok(());
        }
        let lines: Vec<&[u8]> = record.raw.split(is_end).collect();
        let is_record = |line: &&&[u8]| {
            let delimiters = line.iter().filter(|byte| **byte == self.delimiter).count();
            // Of a wide table one more or less is still the same; three columns must agree.
            delimiters.abs_diff(self.width - 1) <= usize::from(self.width > 5)
        };
        let swallowed = lines[1..lines.len() - 1].iter().filter(is_record).count();
        if swallowed < SWALLOWED_LINES {
            return Ok(());
        }
        let line = quoted_from(record);
        let message = format!("a quotation mark in line {line} swallows {swallowed} lines that look like records");
        Err(Error::new(Kind::Source, message).with_hint("close or remove the quotation mark in that line"))
    }
}

/// The first line that opens a quotation and does not close it.
fn quoted_from(record: &Record) -> u64 {
    let opens = |line: &[u8]| line.iter().filter(|byte| **byte == b'"').count() % 2 == 1;
    let text = String::from_utf8_lossy(&record.raw);
    record.line + text.lines().position(|line| opens(line.as_bytes())).unwrap_or(0) as u64
}

/// The delimiter under which the first rows show the best header.
pub(super) fn sniff(path: &Path, encoding: &'static encoding_rs::Encoding, expect: &Expect<'_>) -> Result<u8> {
    let mut reader = TextReader::open(path, encoding, &|_| ())?;
    let mut sample = Vec::new();
    while sample.len() < SNIFFED_BYTES && reader.fill(&mut sample)? {}
    let mut best = (0, 0, b',');
    for delimiter in DELIMITERS {
        let mut rows = Vec::new();
        let mut parser = csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).has_headers(false).from_reader(sample.as_slice());
        for record in parser.byte_records().take(HEADER_WITHIN).flatten() {
            rows.push(record.iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect::<Vec<_>>());
        }
        let found = expect.find(&rows).map_or((0, 0), |at| (expect.recognised(&rows[at]), rows[at].len()));
        if found > (best.0, best.1) {
            best = (found.0, found.1, delimiter);
        }
    }
    Ok(best.2)
}
