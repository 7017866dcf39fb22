//! The raw rows of a file as the table `source`, and the mapping's SELECT over it.
//!
//! In: raw rows, the mapping's SQL. Out: batches whose columns are named by contract headers, each row with the
//! `source_line` it came from; how many lines were left out and how many rows were added; the lines in which a cell that the
//! SQL reads was damaged before it became text. Never here: contract types.
//!
//! All columns of `source` are text and named as in the file (quote them in SQL: `"罚款金额"`); a repeated header is numbered
//! (`"x"`, `"x_2"`), an empty one is `"column_3"`. `source_line`, `source_file` and `source_text` are added.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::sync_channel;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, StringArray, StringBuilder};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Float64Type, Int64Type, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use arrow::util::display::array_value_to_string;
use datafusion::common::SchemaError;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::DataFusionError;
use datafusion::execution::context::{SQLOptions, SessionConfig, SessionContext};
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::ParquetReadOptions;
use futures::StreamExt;
use parquet::arrow::ArrowWriter;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::quarantine::Reason;
use super::raw::{Mark, RawChunk};
use super::{columns, xlsx};
use crate::error::{Context, Error, Kind, Result};
use crate::library::contract::ColumnType;

/// Columns that stand behind a file's own.
const ADDED: [(&str, DataType); 3] = [("source_line", DataType::Int64), ("source_file", DataType::Utf8), ("source_text", DataType::Utf8)];

/// The raw rows of one file.
pub(super) struct RawTable {
    path: PathBuf,
    source_file: String,
    /// Columns known so far; [`ADDED`] stand behind them.
    schema: Option<SchemaRef>,
    writer: Option<ArrowWriter<File>>,
    /// Files of rows; a further one begins where a key turns up that no line had before.
    segments: Vec<PathBuf>,
    /// Lines of the file that are in `source`: how many rows bear the number (a damaged workbook repeats some), and how many
    /// came out.
    lines: BTreeMap<i64, (u64, u64)>,
    /// Cells that are not what they were before the file was written: line → column and mark.
    damaged: BTreeMap<i64, Vec<(String, Mark)>>,
    /// Serial dates count from 1904.
    pub is_1904: bool,
    postponed: BTreeMap<i64, Vec<Vec<Reason>>>,
}

/// What the SELECT answers.
pub(super) enum Answer {
    /// First: what it yields, and which columns of `source` it reads.
    Planned {
        /// Names of the columns that it yields.
        yields: Vec<String>,
        /// Names of the columns that it reads.
        reads: BTreeSet<String>,
    },
    /// Then: rows.
    Rows(RecordBatch),
}

impl RawTable {
    pub fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            source_file: String::new(),
            schema: None,
            writer: None,
            segments: Vec::new(),
            lines: BTreeMap::new(),
            damaged: BTreeMap::new(),
            is_1904: false,
            postponed: BTreeMap::new(),
        }
    }

    /// Fixes the columns of the rows that follow; keys that JSON lines show later extend them.
    pub fn header(&mut self, names: &[String], source_file: &str) -> Result<()> {
        if self.schema.as_ref().is_some_and(|schema| schema.fields().len() == names.len() + ADDED.len()) {
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
        self.close_segment()?;
        // The engine reads the segments in the order of their names.
        let path = self.path.with_extension(format!("{:05}.parquet", self.segments.len()));
        let file = File::create(&path).context(Kind::Environment, || "staging raw rows")?;
        self.writer = Some(ArrowWriter::try_new(file, Arc::clone(&schema), None).context(Kind::Environment, || "staging raw rows")?);
        self.segments.push(path);
        self.schema = Some(schema);
        self.source_file = source_file.to_owned();
        Ok(())
    }

    /// Adds the rows without fault.
    pub fn write_rows(&mut self, chunk: &RawChunk) -> Result<()> {
        let Some(schema) = self.schema.clone() else { return Ok(()) };
        self.is_1904 |= chunk.is_1904;
        let rows: Vec<usize> = (0..chunk.len()).filter(|row| chunk.fault(*row).is_none()).collect();
        let mut columns: Vec<ArrayRef> = Vec::new();
        for index in 0..schema.fields().len() - ADDED.len() {
            let mut builder = StringBuilder::new();
            for row in &rows {
                let (text, mark) = chunk.cell(*row, index);
                builder.append_option(Some(text).filter(|text| !text.is_empty()));
                self.remember_damage(chunk.line(*row), schema.field(index).name(), mark);
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
        let mut columns = Vec::new();
        for (field, column) in schema.fields().iter().zip(batch.columns()) {
            let what = || format!("reading the column `{}` as text", field.name());
            columns.push(as_texts(column).map_err(|error| error.while_doing(what()))?);
            if column.data_type().is_floating() {
                let floats = columns::strict_cast(column, &DataType::Float64)?;
                for (row, value) in floats.as_primitive::<Float64Type>().iter().enumerate() {
                    let has_lost = value.is_some_and(|value| value.abs() >= xlsx::EXACT_BELOW);
                    self.remember_damage(lines[row], field.name(), if has_lost { Mark::LostDigits } else { Mark::Plain });
                }
            }
        }
        let texts = StringArray::from_iter_values((0..batch.num_rows()).map(|row| super::file::batch_row_text(batch, row)));
        self.write(schema, columns, lines, texts)
    }

    fn remember_damage(&mut self, line: i64, column: &str, mark: Mark) {
        if mark != Mark::Plain {
            self.damaged.entry(line).or_default().push((column.to_owned(), mark));
        }
    }

    /// Why a row that came of `line` is unusable, whatever the SELECT made of it: a cell that it reads was damaged.
    pub fn damage(&self, line: i64, reads: &BTreeSet<String>) -> Vec<Reason> {
        let cells = self.damaged.get(&line).into_iter().flatten().filter(|(column, _)| reads.contains(column));
        cells
            .filter_map(|(column, mark)| {
                Some(Reason { column: None, says: format!("{column}：{}", columns::damage(ColumnType::Text, *mark)?) })
            })
            .collect()
    }

    fn write(&mut self, schema: SchemaRef, mut columns: Vec<ArrayRef>, lines: &[i64], texts: StringArray) -> Result<()> {
        for line in lines {
            self.lines.entry(*line).or_default().0 += 1;
        }
        columns.push(Arc::new(Int64Array::from(lines.to_vec())));
        columns.push(Arc::new(StringArray::from_iter_values(std::iter::repeat_n(self.source_file.as_str(), lines.len()))));
        columns.push(Arc::new(texts));
        let batch = RecordBatch::try_new(schema, columns).context(Kind::Bug, || "staging raw rows")?;
        let writer = self.writer.as_mut().expect("a schema comes with a writer");
        writer.write(&batch).context(Kind::Environment, || "staging raw rows")
    }

    /// No more raw rows.
    pub fn close(&mut self) -> Result<()> {
        if self.schema.is_none() {
            return Err(super::header::none_found(&[]));
        }
        self.close_segment()
    }

    fn close_segment(&mut self) -> Result<()> {
        match self.writer.take() {
            Some(writer) => writer.close().map(|_| ()).context(Kind::Environment, || "staging raw rows"),
            None => Ok(()),
        }
    }

    /// Runs the SELECT; answers come as they are computed, in a thread of their own.
    pub fn query(&self, sql: &str, register: &dyn Fn(&SessionContext)) -> Result<impl Iterator<Item = Result<Answer>> + use<>> {
        // One partition keeps the order of the lines.
        let mut config = SessionConfig::new().with_target_partitions(1);
        config.options_mut().execution.parquet.schema_force_view_types = false;
        let session = SessionContext::new_with_config(config);
        register(&session);
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().context(Kind::Environment, || "starting the SQL engine")?;
        let (sender, receiver) = sync_channel(2);
        let schema = self.schema.clone().unwrap_or_else(|| Arc::new(Schema::empty()));
        let sql = sql.to_owned();
        let paths: Vec<String> = self.segments.iter().map(|path| path.to_string_lossy().into_owned()).collect();
        let worker = move || {
            let failed = |error: DataFusionError| query_error(&error, &schema);
            runtime.block_on(async {
                let planned = async {
                    let source = session.read_parquet(paths, ParquetReadOptions::default().schema(&schema)).await?;
                    session.register_table("source", source.into_view())?;
                    let only_queries = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
                    let frame = session.sql_with_options(&sql, only_queries).await?;
                    let yields = frame.schema().fields().iter().map(|field| field.name().clone()).collect();
                    let reads = columns_read(&frame.clone().into_optimized_plan()?)?;
                    Ok((yields, reads, frame.execute_stream().await?))
                };
                match planned.await {
                    Ok((yields, reads, mut stream)) => {
                        // The header is judged also when no row comes out.
                        let mut goes_on = sender.send(Ok(Answer::Planned { yields, reads })).is_ok();
                        while let (true, Some(batch)) = (goes_on, stream.next().await) {
                            goes_on = sender.send(batch.map(Answer::Rows).map_err(failed)).is_ok();
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
            let unknown = || Error::new(Kind::Query, format!("the mapping yields line {line}, which the file does not have"));
            self.lines.get_mut(line).ok_or_else(unknown)?.1 += 1;
        }
        Ok(column.values().to_vec())
    }

    /// Lines of which no row came out; rows beyond the first of their line.
    pub fn difference(&self) -> (u64, u64) {
        self.lines.values().fold((0, 0), |(left_out, added), (rows, came_out)| {
            (left_out + rows.saturating_sub(*came_out), added + came_out.saturating_sub(*rows))
        })
    }

    /// Remembers a wrong row until its raw text is looked up.
    pub fn postpone(&mut self, line: i64, reasons: Vec<Reason>) {
        self.postponed.entry(line).or_default().push(reasons);
    }

    /// Hands over the postponed rows with their raw text, and removes the raw table.
    pub fn each_postponed(mut self, mut take: impl FnMut(i64, &[Reason], &str) -> Result<()>) -> Result<()> {
        let what = || "looking up raw rows".to_owned();
        for path in &self.segments {
            if !self.postponed.is_empty() {
                let file = File::open(path).context(Kind::Environment, what)?;
                let builder = ParquetRecordBatchReaderBuilder::try_new(file).context(Kind::Environment, what)?;
                let width = builder.schema().fields().len();
                let mask = ProjectionMask::roots(builder.parquet_schema(), [width - 3, width - 1]);
                for batch in builder.with_projection(mask).build().context(Kind::Environment, what)? {
                    let batch = batch.context(Kind::Environment, what)?;
                    let (lines, texts) = (batch.column(0).as_primitive::<Int64Type>(), batch.column(1).as_string::<i32>());
                    for (row, line) in lines.values().iter().enumerate() {
                        // Each is handed over once, also where two rows bear one number.
                        for reasons in self.postponed.remove(line).into_iter().flatten() {
                            take(*line, &reasons, texts.value(row))?;
                        }
                    }
                }
            }
            std::fs::remove_file(path).context(Kind::Environment, what)?;
        }
        Ok(())
    }
}

/// A column as text, with nothing lost: a value that has no text is the file's fault.
pub(super) fn as_texts(column: &ArrayRef) -> Result<ArrayRef> {
    let kind = column.data_type();
    if kind.is_floating() {
        let floats = columns::strict_cast(column, &DataType::Float64)?;
        let texts: StringArray = floats.as_primitive::<Float64Type>().iter().map(|value| value.map(xlsx::float_text)).collect();
        return Ok(Arc::new(texts));
    }
    if let DataType::List(item) | DataType::LargeList(item) = kind
        && !item.data_type().is_nested()
    {
        let texts = columns::list_texts(column)?;
        return Ok(Arc::new(texts.into_iter().map(|text| Some(text).filter(|text| !text.is_empty())).collect::<StringArray>()));
    }
    if kind.is_nested() {
        let shown = (0..column.len()).map(|row| if column.is_null(row) { Ok(None) } else { array_value_to_string(column, row).map(Some) });
        let texts = shown.collect::<std::result::Result<StringArray, _>>();
        return Ok(Arc::new(texts.context(Kind::Source, || "reading nested values as text")?));
    }
    columns::strict_cast(column, &DataType::Utf8)
}

/// The columns of `source` that a plan reads.
fn columns_read(plan: &LogicalPlan) -> std::result::Result<BTreeSet<String>, DataFusionError> {
    let mut reads = BTreeSet::new();
    plan.apply_with_subqueries(|node| {
        if let LogicalPlan::TableScan(scan) = node {
            reads.extend(scan.projected_schema.fields().iter().map(|field| field.name().clone()));
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(reads)
}

/// What to do about a mapping that reads another table.
pub const SEES_ITS_FILE: &str = "a mapping sees the raw rows of its own file alone, as the table `source`: write short lists with CASE or \
                                 (VALUES …), and join other tables in a population, after loading";

/// A column that the file does not have is told with those that it has; what else is wrong stands in the engine's own words.
fn query_error(error: &DataFusionError, schema: &SchemaRef) -> Error {
    if let DataFusionError::SchemaError(inner, _) = error.find_root()
        && let SchemaError::FieldNotFound { field, .. } = inner.as_ref()
    {
        let own = schema.fields().iter().map(|known| known.name().as_str()).filter(|name| ADDED.iter().all(|(added, _)| added != name));
        let mut near: Vec<(usize, &str)> = own.map(|name| (strsim::damerau_levenshtein(&field.name, name), name)).collect();
        near.sort_unstable();
        let near: Vec<String> = near.iter().take(3).map(|(_, name)| format!("`{name}`")).collect();
        let message = format!("it reads the column `{}`, which the file does not have; nearest are {}", field.name, near.join(", "));
        return Error::new(Kind::Query, message)
            .with_hint("if the file's header was renamed, follow it in the mapping, or ask for the old header");
    }
    match error.find_root() {
        DataFusionError::Plan(message) if message.starts_with("table '") && message.ends_with("not found") => {
            Error::new(Kind::Query, message.clone()).with_hint(SEES_ITS_FILE)
        }
        _ => Error::new(Kind::Query, error.strip_backtrace()),
    }
}
