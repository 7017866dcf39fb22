//! The raw rows of a file as the table `source`, and the mapping's SELECT over it.
//!
//! In: raw rows, the mapping's SQL. Out: batches whose columns are named by contract headers, each row with the
//! `source_line` it came from; how many lines were left out and how many rows were added. Never here: contract types.
//!
//! All columns of `source` are text and named as in the file (quote them in SQL: `"罚款金额"`); a repeated header is numbered
//! (`"x"`, `"x_2"`), an empty one is `"column_3"`. `source_line`, `source_file` and `source_text` are added.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::sync_channel;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, StringArray, StringBuilder, new_null_array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use datafusion::execution::context::{SQLOptions, SessionConfig, SessionContext};
use datafusion::prelude::ParquetReadOptions;
use futures::StreamExt;
use parquet::arrow::ArrowWriter;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::quarantine::Reason;
use super::raw::RawChunk;
use crate::error::{Context, Error, Kind, Result};

/// Columns that stand behind a file's own.
const ADDED: [(&str, DataType); 3] = [("source_line", DataType::Int64), ("source_file", DataType::Utf8), ("source_text", DataType::Utf8)];

/// The raw rows of one file.
pub(super) struct RawTable {
    path: PathBuf,
    source_file: String,
    schema: Option<SchemaRef>,
    writer: Option<ArrowWriter<File>>,
    /// Lines of the file that are in `source`, and whether a row came out of them.
    lines: BTreeMap<i64, bool>,
    rows_out: u64,
    postponed: BTreeMap<i64, Vec<Vec<Reason>>>,
}

impl RawTable {
    pub fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            source_file: String::new(),
            schema: None,
            writer: None,
            lines: BTreeMap::new(),
            rows_out: 0,
            postponed: BTreeMap::new(),
        }
    }

    /// Fixes the columns; keys that JSON lines show later than in the first chunk can't be added any more.
    pub fn header(&mut self, names: &[String], source_file: &str) -> Result<()> {
        if self.schema.is_some() {
            return Ok(());
        }
        let mut fields: Vec<Field> = Vec::new();
        let taken =
            |fields: &[Field], name: &str| fields.iter().any(|field| field.name() == name) || ADDED.iter().any(|(added, _)| *added == name);
        for (index, name) in names.iter().enumerate() {
            let name = name.trim();
            let name = if name.is_empty() { format!("column_{}", index + 1) } else { name.to_owned() };
            let unique = (2..).map(|count| format!("{name}_{count}")).find(|numbered| !taken(&fields, numbered));
            let name = if taken(&fields, &name) { unique.expect("some number is free") } else { name };
            fields.push(Field::new(name, DataType::Utf8, true));
        }
        fields.extend(ADDED.into_iter().map(|(name, kind)| Field::new(name, kind, true)));
        let schema: SchemaRef = Arc::new(Schema::new(fields));
        let file = File::create(&self.path).context(Kind::Environment, || "staging raw rows")?;
        self.writer = Some(ArrowWriter::try_new(file, Arc::clone(&schema), None).context(Kind::Environment, || "staging raw rows")?);
        self.schema = Some(schema);
        self.source_file = source_file.to_owned();
        Ok(())
    }

    /// Adds the rows without fault.
    pub fn write_rows(&mut self, chunk: &RawChunk) -> Result<()> {
        let Some(schema) = self.schema.clone() else { return Ok(()) };
        let rows: Vec<usize> = (0..chunk.len()).filter(|row| chunk.fault(*row).is_none()).collect();
        let mut columns: Vec<ArrayRef> = Vec::new();
        for index in 0..schema.fields().len() - ADDED.len() {
            let mut builder = StringBuilder::new();
            for row in &rows {
                let (text, _) = chunk.cell(*row, index);
                builder.append_option(Some(text).filter(|text| !text.is_empty()));
            }
            columns.push(Arc::new(builder.finish()));
        }
        let lines: Vec<i64> = rows.iter().map(|row| chunk.line(*row)).collect();
        let texts = StringArray::from_iter_values(rows.iter().map(|row| chunk.raw(*row)));
        self.write(schema, columns, &lines, texts)
    }

    /// Adds typed rows, as text.
    pub fn write_batch(&mut self, batch: &RecordBatch, lines: &[i64]) -> Result<()> {
        let Some(schema) = self.schema.clone() else { return Ok(()) };
        let columns = batch
            .columns()
            .iter()
            .map(|column| cast(column, &DataType::Utf8).or_else(|_| Ok(new_null_array(&DataType::Utf8, column.len()))))
            .collect::<std::result::Result<Vec<_>, arrow::error::ArrowError>>()
            .context(Kind::Source, || "reading raw rows as text")?;
        let texts = StringArray::from_iter_values((0..batch.num_rows()).map(|row| super::file::batch_row_text(batch, row)));
        self.write(schema, columns, lines, texts)
    }

    fn write(&mut self, schema: SchemaRef, mut columns: Vec<ArrayRef>, lines: &[i64], texts: StringArray) -> Result<()> {
        self.lines.extend(lines.iter().map(|line| (*line, false)));
        columns.push(Arc::new(Int64Array::from(lines.to_vec())));
        columns.push(Arc::new(StringArray::from_iter_values(std::iter::repeat_n(self.source_file.as_str(), lines.len()))));
        columns.push(Arc::new(texts));
        let batch = RecordBatch::try_new(schema, columns).context(Kind::Bug, || "staging raw rows")?;
        let writer = self.writer.as_mut().expect("a schema comes with a writer");
        writer.write(&batch).context(Kind::Environment, || "staging raw rows")
    }

    /// No more raw rows.
    pub fn close(&mut self) -> Result<()> {
        match self.writer.take() {
            Some(writer) => writer.close().map(|_| ()).context(Kind::Environment, || "staging raw rows"),
            None => Err(super::header::none_found(&[])),
        }
    }

    /// Runs the SELECT; batches come as they are computed, in a thread of their own.
    pub fn query(&self, sql: &str, register: &dyn Fn(&SessionContext)) -> Result<impl Iterator<Item = Result<RecordBatch>> + use<>> {
        // One partition keeps the order of the lines.
        let mut config = SessionConfig::new().with_target_partitions(1);
        config.options_mut().execution.parquet.schema_force_view_types = false;
        let session = SessionContext::new_with_config(config);
        register(&session);
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().context(Kind::Environment, || "starting the SQL engine")?;
        let (sender, receiver) = sync_channel(2);
        let (sql, path) = (sql.to_owned(), self.path.to_string_lossy().into_owned());
        let worker = move || {
            let failed = |error: datafusion::error::DataFusionError| Error::new(Kind::Query, error.strip_backtrace());
            runtime.block_on(async {
                let planned = async {
                    session.register_parquet("source", &path, ParquetReadOptions::default()).await?;
                    let only_queries = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
                    let frame = session.sql_with_options(&sql, only_queries).await?;
                    let schema: SchemaRef = Arc::new(frame.schema().as_arrow().clone());
                    Ok((schema, frame.execute_stream().await?))
                };
                match planned.await {
                    Ok((schema, mut stream)) => {
                        // An empty batch first: the header is judged also when no row comes out.
                        let mut goes_on = sender.send(Ok(RecordBatch::new_empty(schema))).is_ok();
                        while let (true, Some(batch)) = (goes_on, stream.next().await) {
                            goes_on = sender.send(batch.map_err(failed)).is_ok();
                        }
                    }
                    // A receiver that is gone has its own error already.
                    Err(error) => drop(sender.send(Err(failed(error)))),
                }
            });
        };
        std::thread::Builder::new().name("mapping".to_owned()).spawn(worker).context(Kind::Environment, || "starting the SQL engine")?;
        Ok(receiver.into_iter())
    }

    /// The lines that the rows of a batch came from.
    ///
    /// # Errors
    /// The SELECT does not keep `source_line`, or makes up lines.
    pub fn lines_out(&mut self, batch: &RecordBatch) -> Result<Vec<i64>> {
        let missing =
            || Error::new(Kind::Query, "the mapping must select `source_line` of every row").with_hint("add source_line to the SELECT");
        let column = batch.column_by_name("source_line").ok_or_else(missing)?;
        let column = cast(column, &DataType::Int64).map_err(|_| missing())?;
        let column = column.as_primitive::<Int64Type>();
        if column.null_count() > 0 {
            return Err(missing());
        }
        for line in column.values() {
            let came_out = self.lines.get_mut(line);
            *came_out.ok_or_else(|| Error::new(Kind::Query, format!("the mapping yields line {line}, which the file does not have")))? =
                true;
        }
        self.rows_out += column.len() as u64;
        Ok(column.values().to_vec())
    }

    /// Lines of which no row came out; rows beyond the first of their line.
    pub fn difference(&self) -> (u64, u64) {
        let used = self.lines.values().filter(|came_out| **came_out).count() as u64;
        (self.lines.len() as u64 - used, self.rows_out - used)
    }

    /// Remembers a wrong row until its raw text is looked up.
    pub fn postpone(&mut self, line: i64, reasons: Vec<Reason>) {
        self.postponed.entry(line).or_default().push(reasons);
    }

    /// Hands over the postponed rows with their raw text, and removes the raw table.
    pub fn each_postponed(self, mut take: impl FnMut(i64, &[Reason], &str) -> Result<()>) -> Result<()> {
        let what = || "looking up raw rows".to_owned();
        if !self.postponed.is_empty() {
            let file = File::open(&self.path).context(Kind::Environment, what)?;
            let builder = ParquetRecordBatchReaderBuilder::try_new(file).context(Kind::Environment, what)?;
            let width = builder.schema().fields().len();
            let mask = ProjectionMask::roots(builder.parquet_schema(), [width - 3, width - 1]);
            for batch in builder.with_projection(mask).build().context(Kind::Environment, what)? {
                let batch = batch.context(Kind::Environment, what)?;
                let (lines, texts) = (batch.column(0).as_primitive::<Int64Type>(), batch.column(1).as_string::<i32>());
                for (row, line) in lines.values().iter().enumerate() {
                    for reasons in self.postponed.get(line).into_iter().flatten() {
                        take(*line, reasons, texts.value(row))?;
                    }
                }
            }
        }
        std::fs::remove_file(&self.path).context(Kind::Environment, what)
    }
}
