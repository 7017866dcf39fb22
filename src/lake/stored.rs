//! Rows that a run keeps for itself: the answer of one query that many others read.
//!
//! In: a physical plan, the places of the columns that are wanted. Out: a table with the query's full schema that can be read as often as
//! needed; its rows stay in memory where they are few or a run has room for them, the others go to Parquet files in its temporary folder. Never here: which query is worth keeping,
//! anything that outlives the run.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, RwLock};

use arrow::array::RecordBatch;
use arrow::datatypes::{Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::common::stats::Precision;
use datafusion::common::{DataFusionError, Result, Statistics};
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::datasource::{TableProvider, TableType};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::TaskContext;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::Expr;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};
use futures::StreamExt;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

use super::provider::whole_file;
use super::room::{Held, RoomForRows};

/// Bytes of a query's rows up to which they stay in memory, whatever room there is.
const KEPT_BYTES: usize = 2 << 20;
/// Rows of a row group: what a writer holds until it is full.
const ROW_GROUP_ROWS: usize = 128 << 10;

/// A table whose rows are those of one query, once it has run.
#[derive(Debug)]
pub struct StoredRows {
    name: String,
    schema: SchemaRef,
    rows: RwLock<Option<Arc<Rows>>>,
}

#[derive(Debug)]
struct Rows {
    /// Places of the stored columns in the full schema, ascending.
    columns: Vec<usize>,
    schema: SchemaRef,
    number: usize,
    parts: Parts,
}

#[derive(Debug)]
enum Parts {
    Memory(Vec<Vec<RecordBatch>>, #[expect(dead_code, reason = "held for the pool's accounting")] Arc<InMemory>),
    Files(Vec<StoredFile>),
}

/// A file that goes with the rows.
#[derive(Debug)]
struct StoredFile {
    path: PathBuf,
    bytes: u64,
}

impl Drop for StoredFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

impl StoredRows {
    /// A table without rows yet. Every column may be null, whatever the query says.
    pub fn new(name: &str, schema: &Schema) -> Self {
        let fields: Vec<Field> = schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true)).collect();
        Self { name: name.to_owned(), schema: Arc::new(Schema::new(fields)), rows: RwLock::new(None) }
    }

    /// Whether rows are there, with every one of these columns.
    pub fn has(&self, columns: impl IntoIterator<Item = usize>) -> bool {
        let Some(rows) = self.rows() else { return false };
        columns.into_iter().all(|column| rows.columns.contains(&column))
    }

    /// Places of the columns that are stored.
    pub fn columns(&self) -> Vec<usize> {
        self.rows().map_or_else(Vec::new, |rows| rows.columns.clone())
    }

    fn rows(&self) -> Option<Arc<Rows>> {
        self.rows.read().ok()?.clone()
    }

    /// Runs the plan, whose columns are those at `columns` of the full schema in order, and keeps its rows in the place of earlier ones.
    ///
    /// # Errors
    /// The query's own, or a disk that takes no more.
    pub async fn fill(&self, plan: Arc<dyn ExecutionPlan>, columns: Vec<usize>, task: Arc<TaskContext>, folder: &Path) -> Result<()> {
        let schema = Arc::new(self.schema.project(&columns)?);
        // Earlier rows give their room to these.
        *self.rows.write().map_err(|_| poisoned())? = None;
        // The reader's paths are absolute.
        let folder = std::path::absolute(folder)?;
        let in_memory = Arc::new(InMemory {
            is_left: AtomicBool::new(false),
            few: AtomicUsize::new(0),
            reservation: MemoryConsumer::new(format!("rows of {}", self.name)).register(task.memory_pool()),
            held: RoomForRows::of(task.session_config()).map(|room| room.hold(&self.name, task.memory_pool())),
        });
        let mut writing = tokio::task::JoinSet::new();
        for partition in 0..plan.output_partitioning().partition_count() {
            let stream = plan.execute(partition, Arc::clone(&task))?;
            let part = Part {
                partition,
                schema: Arc::clone(&schema),
                in_memory: Arc::clone(&in_memory),
                path: folder.join(format!("{}-{}-{partition}.parquet", self.name, next_number())),
            };
            writing.spawn(part.take(stream));
        }
        let mut parts = Vec::new();
        while let Some(part) = writing.join_next().await {
            parts.push(part.map_err(|error| DataFusionError::External(Box::new(error)))??);
        }
        parts.sort_unstable_by_key(|part| part.part.partition);
        let number = parts.iter().map(|part| part.number).sum();
        let is_in_memory = parts.iter().all(|part| part.file.is_none());
        let parts = if is_in_memory {
            Parts::Memory(parts.into_iter().map(|part| part.batches).collect(), in_memory)
        } else {
            let mut files = Vec::new();
            for part in parts {
                files.extend(part.written()?);
            }
            Parts::Files(files)
        };
        *self.rows.write().map_err(|_| poisoned())? = Some(Arc::new(Rows { columns, schema, number, parts }));
        Ok(())
    }
}

fn poisoned() -> DataFusionError {
    DataFusionError::Execution("a thread that stored rows has ended early".to_owned())
}

fn next_number() -> usize {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    NUMBER.fetch_add(1, Ordering::Relaxed)
}

/// One partition on its way to where it is kept.
struct Part {
    partition: usize,
    schema: SchemaRef,
    in_memory: Arc<InMemory>,
    path: PathBuf,
}

/// What rows take in memory.
#[derive(Debug)]
struct InMemory {
    /// A partition has gone to a file, so that all do.
    is_left: AtomicBool,
    /// Bytes up to [`KEPT_BYTES`], and the pool's word for them.
    few: AtomicUsize,
    reservation: MemoryReservation,
    /// The room of a run for more.
    held: Option<Held>,
}

impl InMemory {
    fn has_room_for(&self, bytes: usize) -> bool {
        let few = |few: usize| Some(few + bytes).filter(|few| *few <= KEPT_BYTES);
        let is_few = self.few.fetch_update(Ordering::Relaxed, Ordering::Relaxed, few).is_ok();
        let is_room = !self.is_left.load(Ordering::Relaxed)
            && if is_few { self.reservation.try_grow(bytes).is_ok() } else { self.held.as_ref().is_some_and(|held| held.try_grow(bytes)) };
        self.is_left.fetch_or(!is_room, Ordering::Relaxed);
        is_room
    }
}

/// One partition, in memory or in a file.
struct Taken {
    part: Part,
    number: usize,
    batches: Vec<RecordBatch>,
    file: Option<StoredFile>,
}

impl Part {
    async fn take(self, mut stream: SendableRecordBatchStream) -> Result<Taken> {
        let mut taken = Taken { part: self, number: 0, batches: Vec::new(), file: None };
        let mut writer: Option<ArrowWriter<File>> = None;
        while let Some(batch) = stream.next().await {
            let batch = batch?;
            let batch = RecordBatch::try_new(Arc::clone(&taken.part.schema), batch.columns().to_vec())?;
            taken.number += batch.num_rows();
            if let Some(writer) = &mut writer {
                writer.write(&batch)?;
                continue;
            }
            if !taken.part.in_memory.has_room_for(batch.get_array_memory_size()) {
                let mut opened = taken.part.writer()?;
                for batch in taken.batches.drain(..).chain([batch]) {
                    opened.write(&batch)?;
                }
                writer = Some(opened);
            } else {
                taken.batches.push(batch);
            }
        }
        if let Some(writer) = writer {
            writer.close()?;
            taken.file = Some(stored_file(&taken.part.path)?);
        }
        Ok(taken)
    }

    fn writer(&self) -> Result<ArrowWriter<File>> {
        let properties =
            WriterProperties::builder().set_compression(Compression::SNAPPY).set_max_row_group_row_count(Some(ROW_GROUP_ROWS)).build();
        Ok(ArrowWriter::try_new(File::create(&self.path)?, Arc::clone(&self.schema), Some(properties))?)
    }
}

impl Taken {
    /// As a file, also what had room to stay: the other partitions had none. None when there are no rows.
    fn written(self) -> Result<Option<StoredFile>> {
        if self.file.is_some() || self.number == 0 {
            return Ok(self.file);
        }
        let mut writer = self.part.writer()?;
        self.batches.iter().try_for_each(|batch| writer.write(batch))?;
        writer.close()?;
        stored_file(&self.part.path).map(Some)
    }
}

fn stored_file(path: &Path) -> Result<StoredFile> {
    Ok(StoredFile { path: path.to_owned(), bytes: fs::metadata(path)?.len() })
}

#[async_trait]
impl TableProvider for StoredRows {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Temporary
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let rows = self.rows().ok_or_else(|| DataFusionError::Internal(format!("the rows of `{}` are not stored yet", self.name)))?;
        let wanted: Vec<usize> = projection.cloned().unwrap_or_else(|| (0..self.schema.fields().len()).collect());
        let place = |column: &usize| {
            let missing = || DataFusionError::Internal(format!("column {column} of `{}` is not stored", self.name));
            rows.columns.binary_search(column).map_err(|_| missing())
        };
        let places: Vec<usize> = wanted.iter().map(place).collect::<Result<_>>()?;
        let files = match &rows.parts {
            Parts::Memory(batches, _) => {
                return Ok(MemorySourceConfig::try_new_exec(batches, Arc::clone(&rows.schema), Some(places))?);
            }
            Parts::Files(files) => files,
        };
        let group = files.iter().map(|file| whole_file(&file.path, file.bytes)).collect::<Result<Vec<_>>>()?;
        let statistics = Statistics { num_rows: Precision::Exact(rows.number), ..Statistics::new_unknown(&rows.schema) };
        let source = ParquetSource::new(TableSchema::builder(Arc::clone(&rows.schema)).build());
        let config = FileScanConfigBuilder::new(ObjectStoreUrl::local_filesystem(), Arc::new(source))
            .with_file_groups(FileGroup::new(group).split_files(state.config().target_partitions().max(1)))
            .with_statistics(statistics)
            .with_limit(limit)
            .with_projection_indices(Some(places))?
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }
}

#[cfg(test)]
mod tests {
    use datafusion::prelude::{SessionConfig, SessionContext};

    use super::*;

    async fn stored(context: &SessionContext, sql: &str, columns: Vec<usize>, folder: &Path) -> Arc<StoredRows> {
        let plan = context.sql(sql).await.expect("planned");
        let rows = Arc::new(StoredRows::new("rows", plan.schema().as_arrow()));
        fill(&rows, context, sql, columns, folder).await;
        context.register_table("rows", Arc::clone(&rows) as _).expect("registered");
        rows
    }

    async fn fill(rows: &StoredRows, context: &SessionContext, sql: &str, columns: Vec<usize>, folder: &Path) {
        let plan = context.sql(sql).await.expect("planned");
        let names = plan.schema().fields().iter().map(|field| field.name().clone()).collect::<Vec<_>>();
        let wanted = columns.iter().map(|place| names[*place].as_str()).collect::<Vec<_>>();
        let plan = plan.select_columns(&wanted).expect("columns").create_physical_plan().await.expect("planned");
        rows.fill(plan, columns, context.task_ctx(), folder).await.expect("stored");
    }

    async fn text(context: &SessionContext, sql: &str) -> String {
        let batches = context.sql(sql).await.expect("planned").collect().await.expect("answered");
        arrow::util::pretty::pretty_format_batches(&batches).expect("text").to_string()
    }

    fn files(folder: &Path) -> usize {
        fs::read_dir(folder).expect("listing").count()
    }

    #[tokio::test]
    async fn few_rows_stay_in_memory_and_many_go_to_files_that_go_with_them() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let none = RoomForRows::within(Some(2 << 30));
        let some = RoomForRows::within(Some(2 << 30 | 6 << 20));
        let plenty = RoomForRows::within(Some(3 << 30));
        for (number, room, has_files) in [(100, none, false), (300_000, some, true), (300_000, plenty, false)] {
            let config = SessionConfig::new().with_target_partitions(3).with_extension(Arc::new(room));
            let context = SessionContext::new_with_config(config);
            let sql = format!("SELECT value % 7 AS week, value AS day, CAST(value AS VARCHAR) AS word FROM generate_series(1, {number})");
            let rows = stored(&context, &sql, vec![0, 1, 2], folder.path()).await;
            assert_eq!(files(folder.path()) > 0, has_files);
            let question = "SELECT week, count(*) AS n, sum(day) AS days, min(word) AS first FROM {} GROUP BY week ORDER BY week";
            let answer = |from: &str| question.replace("{}", from);
            assert_eq!(text(&context, &answer("rows")).await, text(&context, &answer(&format!("({sql})"))).await);
            assert_eq!(text(&context, "SELECT count(*) AS n FROM rows").await, text(&context, &format!("SELECT {number} AS n")).await);
            context.deregister_table("rows").expect("there");
            drop(rows);
            assert_eq!(files(folder.path()), 0);
        }
    }

    #[tokio::test]
    async fn a_column_that_was_not_stored_is_missed_until_the_rows_are_made_again() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let context = SessionContext::new();
        let sql = "SELECT * FROM (VALUES (1, 'a', true), (2, 'b', NULL)) AS t (number, word, truth)";
        let rows = stored(&context, sql, vec![1], folder.path()).await;
        assert!(rows.has([1]) && !rows.has([0, 1]));
        assert!(context.sql("SELECT number FROM rows").await.expect("planned").collect().await.is_err());
        fill(&rows, &context, sql, vec![0, 1], folder.path()).await;
        assert_eq!(rows.columns(), [0, 1]);
        let expected = text(&context, "SELECT * FROM (VALUES ('a', 1), ('b', 2)) AS t (word, number)").await;
        assert_eq!(text(&context, "SELECT word, number FROM rows ORDER BY number").await, expected);
    }
}
