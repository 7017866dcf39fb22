//! One file of a source: from its reader to staging, quarantine and its account.
//!
//! In: inputs of a reader (header, rows, batches). Out: good rows to staging, wrong rows to quarantine, each counted. Never
//! here: formats, the whole table.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, Int64Array, StringArray, new_null_array};
use arrow::compute::kernels::zip::zip;
use arrow::compute::{filter_record_batch, is_not_null};
use arrow::record_batch::RecordBatch;
use arrow::util::display::array_value_to_string;

use super::columns::{ColumnReader, Typed, with_time_of_day};
use super::decode::{self, Examined};
use super::files::SourceFile;
use super::fill::Filler;
use super::header::{HeaderMap, Headers};
use super::load::Load;
use super::mapping::RawTable;
use super::quarantine::Reason;
use super::raw::{Expect, Input, RawChunk, ReadSummary, Sink};
use super::{FileAccounting, csv, jsonl, parquet, xlsx};
use crate::error::{Context, Error, Kind, Result};
use crate::library::contract::CheckSeverity;
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
    /// Loads one file; the account tells how far it came also when it failed.
    pub fn run(load: &'l mut Load<'a>, source: &'l Source, file: &SourceFile) -> (FileAccounting, Result<()>) {
        let account = FileAccounting {
            table: load.contract.name.clone(),
            source_file: file.name.clone(),
            sheet: source.sheet.clone(),
            format: file.format.word().to_owned(),
            ..FileAccounting::default()
        };
        let mut this = match Self::new(load, source, account.clone()) {
            Ok(this) => this,
            Err(error) => return (account, Err(error)),
        };
        let outcome = this.read(file);
        (this.account, outcome)
    }

    fn new(load: &'l mut Load<'a>, source: &'l Source, account: FileAccounting) -> Result<Self> {
        let contract = load.contract;
        let mut readers: Vec<ColumnReader> = contract.columns.iter().map(|column| ColumnReader::new(contract, column, source)).collect();
        let filler = Filler::new(contract, source, &mut readers)?;
        let raw = source.mapping.as_ref().map(|_| RawTable::new(&load.context.staging.join(format!("{}.raw.parquet", contract.name))));
        Ok(Self { headers: Headers::new(contract, source)?, load, source, readers, filler, map: HeaderMap::default(), raw, account })
    }

    fn read(&mut self, file: &SourceFile) -> Result<()> {
        let is_text = matches!(file.format, Format::Csv | Format::JsonLines);
        let examined = decode::examine(&file.path, is_text, self.source.encoding)?;
        self.account.bytes_size = examined.size;
        self.account.digest.clone_from(&examined.digest);
        self.account.encoding = is_text.then(|| examined.encoding.name().to_owned());
        if examined.size == 0 {
            return Err(super::header::none_found(&[]));
        }
        let summary = self.read_format(file, &examined)?;
        self.account.not_records = summary.not_records;
        self.account.replacement_characters = summary.replacement_characters;
        self.account.bytes_read = summary.bytes_read.unwrap_or(examined.size);
        let size_now = std::fs::metadata(&file.path).context(Kind::Source, || "reading the file's size")?.len();
        if self.account.bytes_read != examined.size || size_now != examined.size {
            return Err(
                Error::new(Kind::Source, "the file changed while it was read").with_hint("deliver it under another name, then rename it")
            );
        }
        if summary.replacement_characters > 0 {
            let says = "文件中含有U+FFFD：上游系统已丢失部分文字";
            self.warn("replacement_characters", says, CheckSeverity::Warn, summary.replacement_characters);
        }
        self.finish_mapping()
    }

    fn read_format(&mut self, file: &SourceFile, examined: &Examined) -> Result<ReadSummary> {
        let source = self.source;
        let contract = self.load.contract;
        let headers = Headers::new(contract, source)?;
        let is_known = |cell: &str| headers.find(cell).is_some();
        let expect = if source.mapping.is_some() { Expect::Any } else { Expect::Known(&is_known) };
        let progress = self.load.context.progress;
        let progress = |bytes: u64| progress(bytes);
        let sink: &mut Sink<'_> = &mut |input| self.take(input);
        match file.format {
            Format::Csv => csv::read(&file.path, examined.encoding, source.delimiter, &expect, &progress, sink),
            Format::Xlsx => xlsx::read(&file.path, source.sheet.as_deref(), &expect, &progress, sink),
            Format::JsonLines => jsonl::read(&file.path, examined.encoding, &progress, sink),
            Format::Parquet => parquet::read(&file.path, &progress, sink),
        }
    }

    fn warn(&mut self, check: &str, says: &str, severity: CheckSeverity, rows: u64) {
        self.load.warnings.add(&self.account.source_file, check, says, severity, rows);
    }

    fn take(&mut self, input: Input) -> Result<()> {
        match input {
            Input::Header { names, line, sheet } => {
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
            Input::Batch { batch, first_line } => {
                self.account.records_seen += batch.num_rows() as u64;
                let lines: Vec<i64> = (first_line..first_line + batch.num_rows() as i64).collect();
                match &mut self.raw {
                    Some(raw) => raw.write_batch(&batch, &lines),
                    None => {
                        let raw = |row| batch_row_text(&batch, row);
                        self.take_batch(&batch, lines, Some(&raw))
                    }
                }
            }
        }
    }

    fn map_header(&mut self, names: &[String], line: i64) -> Result<()> {
        let known: BTreeSet<String> = self.map.unknown.iter().map(|(name, _)| name.clone()).collect();
        self.map = self.headers.map(names, line)?;
        for (name, near) in self.map.unknown.clone().iter().filter(|(name, _)| !known.contains(name)) {
            // A mapping has to select it; it is ours and not the office's.
            if self.source.mapping.is_some() && name == "source_line" {
                continue;
            }
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
        let mut columns: Vec<Typed> = self
            .readers
            .iter_mut()
            .zip(&self.map.columns)
            .map(|(reader, from)| match from {
                Some((at, _, factor)) => reader.read_texts(chunk.len(), &|row| cell(row, *at), *factor, chunk.is_1904),
                None => reader.read_texts(chunk.len(), &|_| ("", super::raw::Mark::Plain), 1, false),
            })
            .collect();
        self.take_times_of_day(&mut columns, |reader, at| Ok(reader.read_texts(chunk.len(), &|row| cell(row, at), 1, chunk.is_1904)))?;
        let lines = (0..chunk.len()).map(|row| chunk.line(row)).collect();
        self.judge(Candidates { columns, lines, reasons, raw: Some(&|row| chunk.raw(row)) })
    }

    fn take_batch(&mut self, batch: &RecordBatch, lines: Vec<i64>, raw: Option<&dyn Fn(usize) -> String>) -> Result<()> {
        let mut columns = Vec::new();
        for (index, (reader, from)) in self.readers.iter_mut().zip(&self.map.columns).enumerate() {
            columns.push(match from {
                Some((at, _, factor)) => reader.read_array(batch.column(*at), *factor)?,
                None => Typed {
                    array: new_null_array(self.load.schema.field(index).data_type(), batch.num_rows()),
                    wrong: Vec::new(),
                    unknown: Vec::new(),
                },
            });
        }
        self.take_times_of_day(&mut columns, |reader, at| reader.read_array(batch.column(at), 1))?;
        self.judge(Candidates { columns, lines, reasons: BTreeMap::new(), raw })
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
        let arrays = self.complete(columns, &mut reasons)?;
        let batch = self.with_lineage(arrays, &lines)?;
        let good: BooleanArray = (0..lines.len()).map(|row| Some(!reasons.contains_key(&row))).collect();
        let positions: Vec<usize> = (0..lines.len()).filter(|row| !reasons.contains_key(row)).collect();
        let mut kept =
            if reasons.is_empty() { batch } else { filter_record_batch(&batch, &good).context(Kind::Bug, || "leaving out wrong rows")? };
        if kept.num_rows() > 0 && self.check(&kept, &positions, &lines, &mut reasons)? {
            let stays: BooleanArray = positions.iter().map(|row| Some(!reasons.contains_key(row))).collect();
            kept = filter_record_batch(&kept, &stays).context(Kind::Bug, || "leaving out wrong rows")?;
        }
        for (row, reasons) in &reasons {
            match raw {
                Some(raw) => self.quarantine(lines[*row], reasons, &raw(*row))?,
                None => self.raw.as_mut().expect("only a mapping has no raw text at hand").postpone(lines[*row], reasons.clone()),
            }
        }
        self.load.stage.add(&kept)
    }

    fn quarantine(&mut self, line: i64, reasons: &[Reason], raw: &str) -> Result<()> {
        self.account.quarantined += 1;
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

    fn complete(&mut self, columns: Vec<Typed>, reasons: &mut BTreeMap<usize, Vec<Reason>>) -> Result<Vec<ArrayRef>> {
        let contract = self.load.contract;
        let mut arrays = Vec::new();
        let mut unknown = vec![Vec::new(); columns.len()];
        for (index, typed) in columns.into_iter().enumerate() {
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
                }
            }
            for (text, rows) in labels {
                self.warn("unknown_label", &format!("{label}：“{text}”不在代码表内，按空值处理"), CheckSeverity::Warn, rows);
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

    /// Runs the contract's checks; true when a row must leave.
    fn check(
        &mut self,
        batch: &RecordBatch,
        positions: &[usize],
        lines: &[i64],
        reasons: &mut BTreeMap<usize, Vec<Reason>>,
    ) -> Result<bool> {
        let mut leaves = false;
        let Load { checks, warnings, stopped, .. } = &mut *self.load;
        for (check, bad) in checks.evaluate(batch)? {
            let rows: Vec<usize> = (0..bad.len()).filter(|row| bad.is_valid(*row) && bad.value(*row)).map(|row| positions[row]).collect();
            let Some(first) = rows.first() else { continue };
            warnings.add(&self.account.source_file, &check.name, &check.says, check.severity, rows.len() as u64);
            match check.severity {
                CheckSeverity::Warn => {}
                CheckSeverity::Quarantine => {
                    leaves = true;
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
        Ok(leaves)
    }

    /// Runs the mapping over the raw rows, once the file has been read.
    fn finish_mapping(&mut self) -> Result<()> {
        let (Some(mapping), Some(mut raw)) = (self.source.mapping.as_ref(), self.raw.take()) else { return Ok(()) };
        let what = || format!("mapping {}", mapping.file);
        raw.close()?;
        let batches = raw.query(&mapping.sql, self.load.context.functions).map_err(|error| error.while_doing(what()))?;
        self.raw = Some(raw);
        let mut is_first = true;
        for batch in batches {
            let batch = batch.map_err(|error| error.while_doing(what()))?;
            if std::mem::take(&mut is_first) {
                let names: Vec<String> = batch.schema().fields().iter().map(|field| field.name().clone()).collect();
                self.map_header(&names, 0).map_err(|error| Error::new(Kind::Query, error.message().to_owned()).while_doing(what()))?;
                self.map.unknown.clear();
            }
            let raw = self.raw.as_mut().expect("the raw table was just put back");
            let lines = raw.lines_out(&batch).map_err(|error| error.while_doing(what()))?;
            self.take_batch(&batch, lines, None)?;
        }
        let raw = self.raw.take().expect("the raw table was just put back");
        (self.account.filtered, self.account.expanded) = raw.difference();
        raw.each_postponed(|line, reasons, text| self.quarantine(line, reasons, text))
    }
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
        .map(|(field, column)| {
            let value = if column.is_null(row) { String::new() } else { array_value_to_string(column, row).unwrap_or_default() };
            format!("{}={value}", field.name())
        })
        .collect::<Vec<_>>();
    cells.join("\t")
}
