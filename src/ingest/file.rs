//! One file of a source: from its reader to staging, quarantine and its account.
//!
//! In: inputs of a reader (header, rows, batches). Out: good rows to staging, wrong rows to quarantine, each counted. Never
//! here: formats, the whole table.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::resume_unwind;
use std::sync::{Arc, mpsc};
use std::thread;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array, StringArray};
use arrow::compute::kernels::zip::zip;
use arrow::compute::{filter_record_batch, is_not_null};
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use arrow::util::display::array_value_to_string;

use super::checks::Verdict;
use super::columns::{ColumnReader, Typed, with_time_of_day};
use super::decode::{self, Examined};
use super::files::SourceFile;
use super::fill::Filler;
use super::header::{HeaderMap, Headers};
use super::load::Load;
use super::mapping::{Answer, RawTable};
use super::quarantine::Reason;
use super::raw::{Expect, Input, RawChunk, ReadSummary, Sink};
use super::reasons::ReasonCounts;
use super::{FileAccounting, csv, jsonl, parquet, xlsx};
use crate::error::{Context, Error, Kind, Result};
use crate::library::contract::{CheckSeverity, TableContract};
use crate::project::{Format, Source};

/// One file being loaded.
pub(super) struct FileLoad<'l, 'a> {
    load: &'l mut Load<'a>,
    source: &'l Source,
    headers: Headers<'a>,
    readers: Vec<ColumnReader>,
    filler: Filler,
    map: HeaderMap,
    raw: Option<RawTable>,
    account: FileAccounting,
    columns: Vec<ColumnSeen>,
    /// Headers that mean nothing, each with the column it may mean.
    unknown: Vec<(String, Option<String>)>,
    reasons: ReasonCounts,
    /// The worksheets before this one.
    done: Vec<FileOutcome>,
    sheet_ended: bool,
}

/// Chunks that are read while one is typed.
const CHUNKS_AHEAD: usize = 2;

/// Stands between a workbook's name and that of its second or further worksheet.
pub(super) const SHEET_SIGN: &str = " › ";

/// Format of rows that were pulled from a database, whatever file they wait in.
const POSTGRESQL: &str = "postgresql";

/// What a file gave for one column of the contract.
#[derive(Debug, Clone, Default)]
pub(super) struct ColumnSeen {
    /// The header that feeds it.
    pub header: Option<String>,
    /// Cells that hold a value, before anything is filled in.
    pub values: u64,
    /// Cells with a label that no code knows.
    pub unknown: u64,
    /// One of them.
    pub example: String,
}

/// A file, or one worksheet of it, after it was read.
#[derive(Debug)]
pub(super) struct FileOutcome {
    pub account: FileAccounting,
    /// By column of the contract.
    pub columns: Vec<ColumnSeen>,
    /// Headers that mean nothing, each with the column it may mean.
    pub unknown: Vec<(String, Option<String>)>,
    /// Visible worksheets that hold something and have no known header.
    pub skipped_sheets: Vec<String>,
    /// Why rows stay out.
    pub reasons: ReasonCounts,
}

/// Rows that wait for their judgement.
struct Candidates<'c> {
    columns: Vec<Typed>,
    lines: Vec<i64>,
    reasons: BTreeMap<usize, Vec<Reason>>,
    /// Raw text of a row; `None` while only the raw table of a mapping knows it.
    raw: Option<&'c dyn Fn(usize) -> String>,
}

impl<'l, 'a> FileLoad<'l, 'a> {
    /// Loads one file, of a workbook every worksheet with a known header; the accounts tell how far it came also when it failed.
    pub fn run(load: &'l mut Load<'a>, source: &'l Source, file: &SourceFile) -> (Vec<FileOutcome>, Result<()>) {
        let account = FileAccounting {
            table: load.contract.name.clone(),
            source_file: file.name.clone(),
            sheet: source.sheet.clone(),
            format: if source.database.is_some() { POSTGRESQL } else { file.format.word() }.to_owned(),
            ..FileAccounting::default()
        };
        let nothing_seen = vec![ColumnSeen::default(); load.contract.columns.len()];
        let mut this = match Self::new(load, source, account.clone()) {
            Ok(this) => this,
            Err(error) => {
                let outcome = FileOutcome {
                    account,
                    columns: nothing_seen,
                    unknown: Vec::new(),
                    skipped_sheets: Vec::new(),
                    reasons: ReasonCounts::default(),
                };
                return (vec![outcome], Err(error));
            }
        };
        let read = this.read(file);
        this.end_sheet(FileAccounting::default());
        if let (Ok(skipped), Some(first)) = (&read, this.done.first_mut()) {
            first.skipped_sheets.clone_from(skipped);
        }
        (this.done, read.map(|_| ()))
    }

    fn new(load: &'l mut Load<'a>, source: &'l Source, account: FileAccounting) -> Result<Self> {
        let contract = load.contract;
        let mut readers: Vec<ColumnReader> = contract.columns.iter().map(|column| ColumnReader::new(contract, column, source)).collect();
        let filler = Filler::new(contract, source, &mut readers)?;
        let raw = source.mapping.as_ref().map(|_| RawTable::new(&load.context.staging.join(format!("{}.raw.parquet", contract.name))));
        Ok(Self {
            headers: Headers::new(contract, source),
            load,
            source,
            readers,
            filler,
            map: HeaderMap::default(),
            raw,
            account,
            columns: vec![ColumnSeen::default(); contract.columns.len()],
            unknown: Vec::new(),
            reasons: ReasonCounts::default(),
            done: Vec::new(),
            sheet_ended: false,
        })
    }

    /// Closes the account at hand and opens `next`.
    fn end_sheet(&mut self, next: FileAccounting) {
        let account = std::mem::replace(&mut self.account, next);
        let nothing_seen = vec![ColumnSeen::default(); self.columns.len()];
        let columns = std::mem::replace(&mut self.columns, nothing_seen);
        let (unknown, reasons) = (std::mem::take(&mut self.unknown), std::mem::take(&mut self.reasons));
        self.done.push(FileOutcome { account, columns, unknown, skipped_sheets: Vec::new(), reasons });
    }

    /// A further worksheet has rows and lines of its own, and so a name and an account; the bytes stand in that of the first.
    fn next_sheet(&mut self, sheet: &str) {
        let file = self.done.first().map_or(&self.account, |first| &first.account);
        let next = FileAccounting {
            table: file.table.clone(),
            source_file: format!("{}{SHEET_SIGN}{sheet}", file.source_file),
            format: file.format.clone(),
            digest: file.digest.clone(),
            ..FileAccounting::default()
        };
        self.end_sheet(next);
        self.map = HeaderMap::default();
        self.load.stage.next_file();
    }

    /// Reads the file; which of its worksheets were left out.
    fn read(&mut self, file: &SourceFile) -> Result<Vec<String>> {
        let is_text = file.format.is_text();
        let before = stamp(file)?;
        self.account.bytes_size = before.0;
        let examined = decode::examine(&file.path, is_text, self.source.encoding)?;
        self.account.digest.clone_from(&examined.digest);
        self.account.encoding = is_text.then(|| examined.encoding.name().to_owned());
        if examined.size == 0 {
            return Err(super::header::none_found(&[]));
        }
        let summary = self.read_format(file, &examined).map_err(|error| self.doubt_encoding(error, file, &examined))?;
        self.account.not_records += summary.not_records;
        // A workbook and a Parquet file are not read from end to end by their readers; the pass that took the digest did.
        let bytes_read = summary.bytes_read.unwrap_or(examined.size);
        let first = self.done.first_mut().map_or(&mut self.account, |first| &mut first.account);
        first.bytes_read = bytes_read;
        first.replacement_characters = summary.replacement_characters;
        if bytes_read != before.0 || stamp(file)? != before {
            return Err(
                Error::new(Kind::Source, "the file changed while it was read").with_hint("deliver it under another name, then rename it")
            );
        }
        if summary.replacement_characters > 0 {
            let says = "文件中含有U+FFFD：上游系统已丢失部分文字";
            self.warn("replacement_characters", says, CheckSeverity::Warn, summary.replacement_characters);
        }
        for sheet in &summary.skipped_sheets {
            self.warn("skipped_sheet", &format!("工作表“{sheet}”有内容但没有可识别的表头，未装载"), CheckSeverity::Warn, 1);
        }
        self.finish_mapping()?;
        Ok(summary.skipped_sheets)
    }

    /// No header was found in text of a declared encoding, and the bytes look like another one.
    fn doubt_encoding(&self, error: Error, file: &SourceFile, examined: &Examined) -> Error {
        if self.source.encoding.is_none() || self.account.encoding.is_none() || self.account.records_seen > 0 {
            return error;
        }
        match decode::examine(&file.path, true, None) {
            Ok(likely) if likely.encoding != examined.encoding => error.with_hint(format!(
                "kaohe.toml says that the file is {}, but it looks like {}: correct or remove `encoding`",
                examined.encoding.name(),
                likely.encoding.name()
            )),
            _ => error,
        }
    }

    /// Reads in a thread of its own, and takes here what it finds: a chunk is typed while the next one is read.
    fn read_format(&mut self, file: &SourceFile, examined: &Examined) -> Result<ReadSummary> {
        let (source, contract, progress) = (self.source, self.load.contract, self.load.context.progress);
        let (found, inputs) = mpsc::sync_channel(CHUNKS_AHEAD);
        thread::scope(|scope| {
            let reader = thread::Builder::new().name("reading".to_owned()).spawn_scoped(scope, move || {
                let headers = Headers::new(contract, source);
                let is_known = |cell: &str| headers.find(cell).is_some();
                let is_complete = |row: &[String]| headers.is_complete(row);
                let expect =
                    if source.mapping.is_some() { Expect::Any } else { Expect::Known { is_known: &is_known, is_complete: &is_complete } };
                // Whoever takes no more says why.
                let sink: &mut Sink<'_> = &mut |input| found.send(input).context(Kind::Bug, || "handing rows over");
                read_file(file, source, examined.encoding, &expect, &progress, sink)
            });
            let reader = reader.context(Kind::Environment, || "starting a thread")?;
            let mut room = self.load.context.at_most;
            let mut taken = Ok(());
            // Ends with the first refusal or the last record wanted, and with it the channel.
            for input in inputs {
                taken = self.take(input.within(&mut room));
                if taken.is_err() || room == 0 {
                    break;
                }
            }
            let read = reader.join().unwrap_or_else(|panic| resume_unwind(panic));
            // Behind the last record wanted the reader was told to stop.
            taken.and(read.or_else(|error| if room == 0 { Ok(ReadSummary::default()) } else { Err(error) }))
        })
    }

    fn warn(&mut self, check: &str, says: &str, severity: CheckSeverity, rows: u64) {
        self.load.warnings.add(&self.account.source_file, check, says, severity, rows);
    }

    fn take(&mut self, input: Input) -> Result<()> {
        match input {
            Input::Header { names, line, sheet } => {
                if let (true, Some(sheet)) = (std::mem::take(&mut self.sheet_ended), &sheet) {
                    self.next_sheet(sheet);
                }
                self.account.sheet = sheet.or(self.account.sheet.take());
                match &mut self.raw {
                    Some(raw) => raw.header(&names, &self.account.source_file),
                    None => self.map_header(&names, line),
                }
            }
            Input::Rows(chunk) => {
                self.account.records_seen += chunk.len() as u64;
                self.take_rows(&chunk)
            }
            Input::SheetEnd { not_records } => {
                self.account.not_records = not_records;
                self.sheet_ended = true;
                Ok(())
            }
            Input::Batch { batch, first_line } => {
                self.account.records_seen += batch.num_rows() as u64;
                let lines: Vec<i64> = (first_line..first_line + batch.num_rows() as i64).collect();
                match &mut self.raw {
                    Some(raw) => raw.write_batch(&batch, &lines),
                    None => {
                        let raw = |row| batch_row_text(&batch, row);
                        self.take_batch(&batch, lines, BTreeMap::new(), Some(&raw), false)
                    }
                }
            }
        }
    }

    fn map_header(&mut self, names: &[String], line: i64) -> Result<()> {
        let known: BTreeSet<String> = self.map.unknown.iter().map(|(name, _)| name.clone()).collect();
        self.map = self.headers.map(names, line)?;
        for (seen, from) in self.columns.iter_mut().zip(&self.map.columns) {
            seen.header = from.as_ref().map(|(_, header, _)| header.clone());
        }
        for (name, near) in self.map.unknown.clone().iter().filter(|(name, _)| !known.contains(name)) {
            // A mapping has to select it; it is ours and not the office's.
            if self.source.mapping.is_some() && name == "source_line" {
                continue;
            }
            self.unknown.push((name.clone(), near.clone()));
            let near = near.as_ref().map_or(String::new(), |near| format!("；是否为“{near}”？"));
            self.warn("unknown_header", &format!("表头“{name}”不在数据标准内，未装载{near}"), CheckSeverity::Warn, 1);
        }
        Ok(())
    }

    fn take_rows(&mut self, chunk: &RawChunk) -> Result<()> {
        let faulty = |row: usize| chunk.fault(row).map(|says| vec![Reason { column: None, says: says.to_owned() }]);
        let reasons: BTreeMap<usize, Vec<Reason>> = (0..chunk.len()).filter_map(|row| Some((row, faulty(row)?))).collect();
        if let Some(raw) = &mut self.raw {
            raw.write_rows(chunk)?;
            for (row, reasons) in &reasons {
                self.quarantine(chunk.line(*row), reasons, &chunk.raw(*row))?;
            }
            return Ok(());
        }
        // Cells of a faulty row may stand under the wrong header: they are not judged.
        let cell = |row: usize, at: usize| if chunk.fault(row).is_some() { ("", super::raw::Mark::Plain) } else { chunk.cell(row, at) };
        let typed = self.readers.iter_mut().zip(&self.map.columns).zip(self.load.schema.fields());
        let mut columns: Vec<Typed> = typed
            .map(|((reader, from), field)| match from {
                Some((at, _, factor)) => reader.read_texts(chunk.len(), &|row| cell(row, *at), *factor, chunk.is_1904),
                None => Typed::empty(field.data_type(), chunk.len()),
            })
            .collect();
        self.take_times_of_day(&mut columns, |reader, at| Ok(reader.read_texts(chunk.len(), &|row| cell(row, at), 1, chunk.is_1904)))?;
        let lines = (0..chunk.len()).map(|row| chunk.line(row)).collect();
        self.judge(Candidates { columns, lines, reasons, raw: Some(&|row| chunk.raw(row)) })
    }

    fn take_batch(
        &mut self,
        batch: &RecordBatch,
        lines: Vec<i64>,
        reasons: BTreeMap<usize, Vec<Reason>>,
        raw: Option<&dyn Fn(usize) -> String>,
        is_1904: bool,
    ) -> Result<()> {
        let mut columns = Vec::new();
        for (index, (reader, from)) in self.readers.iter_mut().zip(&self.map.columns).enumerate() {
            columns.push(match from {
                Some((at, _, factor)) => reader.read_array(batch.column(*at), *factor, is_1904)?,
                None => Typed::empty(self.load.schema.field(index).data_type(), batch.num_rows()),
            });
        }
        self.take_times_of_day(&mut columns, |reader, at| reader.read_array(batch.column(at), 1, is_1904))?;
        self.judge(Candidates { columns, lines, reasons, raw })
    }

    /// One header may feed two columns: a date, and the instant where it carries a time of day and no header of its own does.
    fn take_times_of_day(&mut self, columns: &mut [Typed], mut read: impl FnMut(&mut ColumnReader, usize) -> Result<Typed>) -> Result<()> {
        for (index, column) in self.load.contract.columns.iter().enumerate() {
            let date = column.instant_of.as_ref().and_then(|name| self.load.contract.columns.iter().position(|other| other.name == *name));
            let Some((at, _, _)) = date.and_then(|date| self.map.columns[date].as_ref()) else { continue };
            // What is wrong with such a cell is said once, by the date.
            let times = with_time_of_day(&read(&mut self.readers[index], *at)?.array)?;
            let own = &columns[index].array;
            let is_given = is_not_null(own).context(Kind::Bug, || "finding empty cells")?;
            columns[index].array = zip(&is_given, own, &times).context(Kind::Bug, || "taking times of day")?;
        }
        Ok(())
    }

    /// Fills, requires, checks; good rows go to staging, the others to quarantine.
    fn judge(&mut self, candidates: Candidates<'_>) -> Result<()> {
        let Candidates { columns, lines, mut reasons, raw } = candidates;
        if lines.is_empty() {
            return Ok(());
        }
        let mut unlabelled = Vec::new();
        let arrays = self.complete(columns, &mut reasons, &mut unlabelled)?;
        let batch = self.with_lineage(arrays, &lines)?;
        if let Some(units) = units_of(self.load.contract, &batch) {
            self.load.unit_remarks.count(units);
            self.remark(units, &unlabelled, UNKNOWN_LABEL, "值不在代码表内，按空值处理");
        }
        self.check(&batch, &lines, &mut reasons)?;
        if let Some(units) = units_of(self.load.contract, &batch) {
            let apart: Vec<usize> = reasons.keys().copied().collect();
            self.remark(units, &apart, "quarantined", "已隔离，未装载");
        }
        let good: BooleanArray = (0..lines.len()).map(|row| Some(!reasons.contains_key(&row))).collect();
        let kept =
            if reasons.is_empty() { batch } else { filter_record_batch(&batch, &good).context(Kind::Bug, || "leaving out wrong rows")? };
        for (row, reasons) in &reasons {
            match raw {
                Some(raw) => self.quarantine(lines[*row], reasons, &raw(*row))?,
                None => self.raw.as_mut().expect("only a mapping has no raw text at hand").postpone(lines[*row], reasons.clone()),
            }
        }
        self.load.stage.add(&kept)
    }

    /// Counts what a check says of rows, for their units.
    fn remark(&mut self, units: &StringArray, rows: &[usize], check: &str, says: &str) {
        for row in rows.iter().filter(|row| units.is_valid(**row)) {
            self.load.unit_remarks.add(units.value(*row), check, says, 1);
        }
    }

    fn quarantine(&mut self, line: i64, reasons: &[Reason], raw: &str) -> Result<()> {
        self.account.quarantined += 1;
        self.reasons.add(reasons);
        self.load.quarantine.add(&self.account.source_file, self.account.sheet.as_deref(), line, reasons, raw)
    }

    /// The column as its file calls it.
    fn label(&self, index: usize) -> String {
        let name = &self.load.contract.columns[index].name;
        match self.map.columns.get(index) {
            Some(Some((_, header, _))) if header != name => format!("{header}（{name}）"),
            _ => name.clone(),
        }
    }

    /// The columns with what the contract fills in; rows with a label that nobody knows go to `unlabelled`, one entry a cell.
    fn complete(
        &mut self,
        columns: Vec<Typed>,
        reasons: &mut BTreeMap<usize, Vec<Reason>>,
        unlabelled: &mut Vec<usize>,
    ) -> Result<Vec<ArrayRef>> {
        let contract = self.load.contract;
        let mut arrays = Vec::new();
        let mut unknown = vec![Vec::new(); columns.len()];
        for (index, typed) in columns.into_iter().enumerate() {
            let seen = &mut self.columns[index];
            seen.values += (typed.array.len() - typed.array.null_count()) as u64;
            seen.unknown += typed.unknown.len() as u64;
            if let (true, Some((_, text))) = (seen.example.is_empty(), typed.unknown.first()) {
                seen.example = shorten(text);
            }
            arrays.push(typed.array);
            let column = &contract.columns[index];
            if typed.wrong.is_empty() && typed.unknown.is_empty() {
                continue;
            }
            let label = self.label(index);
            let mut refuse =
                |row: usize, says: String| reasons.entry(row).or_default().push(Reason { column: Some(column.name.clone()), says });
            for (row, why, text) in typed.wrong {
                refuse(row, format!("{label}：{why}（{}）", shorten(&text)));
            }
            let mut labels: BTreeMap<String, u64> = BTreeMap::new();
            for (row, text) in typed.unknown {
                if column.required {
                    refuse(row, format!("{label}：不在代码表内（{}）", shorten(&text)));
                } else {
                    *labels.entry(shorten(&text)).or_default() += 1;
                    unknown[index].push(row);
                    unlabelled.push(row);
                }
            }
            for (text, rows) in labels {
                self.warn(UNKNOWN_LABEL, &format!("{label}：“{text}”不在代码表内，按空值处理"), CheckSeverity::Warn, rows);
            }
        }
        self.filler.fill(&mut arrays, &unknown)?;
        for (row, index) in self.filler.missing(&arrays) {
            let name = &contract.columns[index].name;
            let row_reasons = reasons.entry(row).or_default();
            // A row that is unusable as a whole, or a cell that is wrong, has its reason already.
            if !row_reasons.iter().any(|reason| reason.column.is_none() || reason.column.as_ref() == Some(name)) {
                let says = format!("{}：必填项为空", self.label(index));
                reasons.entry(row).or_default().push(Reason { column: Some(name.clone()), says });
            }
        }
        Ok(arrays)
    }

    fn with_lineage(&self, mut arrays: Vec<ArrayRef>, lines: &[i64]) -> Result<RecordBatch> {
        let text = |value: &str| Arc::new(StringArray::from_iter_values(std::iter::repeat_n(value, lines.len())));
        arrays.push(text(&self.account.source_file));
        arrays.push(Arc::new(Int64Array::from(lines.to_vec())));
        arrays.push(text(self.load.context.batch.as_ref()));
        RecordBatch::try_new(Arc::clone(&self.load.schema), arrays).context(Kind::Bug, || "assembling typed rows")
    }

    /// Runs the contract's checks, on rows with a wrong cell too, so that whoever mends the row learns every reason at once. Such
    /// a row is not judged by a check that looks at the wrong cell, and not at all where its cells may stand in wrong places.
    fn check(&mut self, batch: &RecordBatch, lines: &[i64], reasons: &mut BTreeMap<usize, Vec<Reason>>) -> Result<()> {
        let wrong = reasons.clone();
        let Load { checks, warnings, stopped, unit_remarks, contract, .. } = &mut *self.load;
        let units = units_of(contract, batch);
        for Verdict { check, columns, bad } in checks.evaluate(batch)? {
            let is_judged = |row: &usize| match wrong.get(row) {
                None => true,
                Some(faults) => {
                    let spares = |fault: &Reason| fault.column.as_ref().is_some_and(|column| !columns.contains(column));
                    check.severity == CheckSeverity::Quarantine && faults.iter().all(spares)
                }
            };
            let rows: Vec<usize> = (0..bad.len()).filter(|row| bad.is_valid(*row) && bad.value(*row)).filter(is_judged).collect();
            let Some(first) = rows.first() else { continue };
            warnings.add(&self.account.source_file, &check.name, &check.says, check.severity, rows.len() as u64);
            match check.severity {
                CheckSeverity::Warn => {
                    for (units, row) in rows.iter().filter_map(|row| Some((units?, *row))).filter(|(units, row)| units.is_valid(*row)) {
                        unit_remarks.add(units.value(row), &check.name, &check.says, 1);
                    }
                }
                CheckSeverity::Quarantine => {
                    for row in &rows {
                        reasons.entry(*row).or_default().push(Reason { column: None, says: format!("{}（{}）", check.says, check.name) });
                    }
                }
                CheckSeverity::Stop => {
                    let place = format!("{} line {}", self.account.source_file, lines[*first]);
                    stopped.get_or_insert_with(|| format!("check `{}`: {} ({place}, and perhaps further rows)", check.name, check.says));
                }
            }
        }
        Ok(())
    }

    /// Runs the mapping over the raw rows, once the file has been read.
    fn finish_mapping(&mut self) -> Result<()> {
        let (Some(mapping), Some(mut raw)) = (self.source.mapping.as_ref(), self.raw.take()) else { return Ok(()) };
        let what = || format!("mapping {}", mapping.file);
        raw.close()?;
        let answers = raw.query(&mapping.sql, self.load.context.functions).map_err(|error| error.while_doing(what()))?;
        let is_1904 = raw.is_1904;
        self.raw = Some(raw);
        let mut reads = BTreeSet::new();
        for answer in answers {
            let batch = match answer.map_err(|error| error.while_doing(what()))? {
                Answer::Planned { yields, reads: columns } => {
                    self.map_header(&yields, 0).map_err(|error| Error::new(Kind::Query, error.message().to_owned()).while_doing(what()))?;
                    self.map.unknown.clear();
                    reads = columns;
                    continue;
                }
                Answer::Rows(batch) => batch,
            };
            let raw = self.raw.as_mut().expect("the raw table was just put back");
            let lines = raw.lines_out(&batch).map_err(|error| error.while_doing(what()))?;
            let damage = |(row, line): (usize, &i64)| Some((row, raw.damage(*line, &reads))).filter(|(_, reasons)| !reasons.is_empty());
            let reasons = lines.iter().enumerate().filter_map(damage).collect();
            self.take_batch(&batch, lines, reasons, None, is_1904)?;
        }
        let raw = self.raw.take().expect("the raw table was just put back");
        (self.account.filtered, self.account.expanded) = raw.difference();
        raw.each_postponed(|line, reasons, text| self.quarantine(line, reasons, text))
    }
}

/// Reads a file of any format from end to end.
pub(super) fn read_file(
    file: &SourceFile,
    source: &Source,
    encoding: &'static encoding_rs::Encoding,
    expect: &Expect<'_>,
    progress: &dyn Fn(u64),
    sink: &mut Sink<'_>,
) -> Result<ReadSummary> {
    match file.format {
        Format::Csv => csv::read(&file.path, encoding, source.delimiter, expect, progress, sink),
        Format::Xlsx => xlsx::read(&file.path, source.sheet.as_deref(), expect, progress, sink),
        Format::JsonLines => jsonl::read(&file.path, encoding, progress, sink),
        Format::Parquet => parquet::read(&file.path, expect, progress, sink),
    }
}

const UNKNOWN_LABEL: &str = "unknown_label";

/// The units that the rows of a batch name.
fn units_of<'b>(contract: &TableContract, batch: &'b RecordBatch) -> Option<&'b StringArray> {
    batch.column_by_name(contract.owner()?)?.as_string_opt::<i32>()
}

/// What tells that a file is still the same: its size, and when it was last changed.
fn stamp(file: &SourceFile) -> Result<(u64, impl PartialEq + use<>)> {
    let metadata = std::fs::metadata(&file.path).context(Kind::Source, || "reading the file's size")?;
    Ok((metadata.len(), metadata.modified().ok()))
}

fn shorten(text: &str) -> String {
    let short: String = text.trim().chars().take(60).collect();
    if short.chars().count() < text.trim().chars().count() { format!("{short}…") } else { short }
}

/// A record of a Parquet file as text.
pub(super) fn batch_row_text(batch: &RecordBatch, row: usize) -> String {
    let cells = batch
        .schema()
        .fields()
        .iter()
        .zip(batch.columns())
        // A column of type null was not read.
        .filter(|(_, column)| column.data_type() != &DataType::Null)
        .map(|(field, column)| {
            let value = if column.is_null(row) { String::new() } else { array_value_to_string(column, row).unwrap_or_default() };
            format!("{}={value}", field.name())
        })
        .collect::<Vec<_>>();
    cells.join("\t")
}
