//! Pinned tables in SQL.
//!
//! In: a [`Snapshot`] and the shapes of all source tables. Out: tables in a session that read exactly the pinned files, with the
//! contract's types; a table that was never loaded is there and empty. Never here: listing folders, reading logs, guessing types.
//!
//! A small table is read from its files once a session and kept: a hundred indicators over small files would otherwise spend their time
//! opening them. What is kept is told to the memory pool, and not kept when the pool has no room. Of a large table the columns that were read
//! stay for the queries of a run, as far as there is room (`columns`).
//!
//! The order of rows is not declared to the engine: it would choose a slower aggregation. Row counts are told as estimates
//! only, so that `count(*)` really counts.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, AsArray, Date32Array, RecordBatch};
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::common::runtime::SpawnedTask;
use datafusion::common::stats::Precision;
use datafusion::common::{DFSchema, Result as QueryResult, ScalarValue, Statistics};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::datasource::{TableProvider, TableType};
use datafusion::error::DataFusionError;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::{ExecutionPlan, collect};
use datafusion::prelude::SessionContext;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use tokio::sync::OnceCell;

use super::columns::{KeptColumns, Wanted};
use super::room::RoomForRows;
use super::shape::{MONTH_COLUMN, TableShape};
use super::snapshot::{PinnedFile, Snapshot};
use super::store::Lake;
use crate::error::{Context, Error, Kind, Result};

impl Lake {
    /// Makes every table of `shapes` known to the session, at the snapshot's versions.
    pub fn register(&self, context: &SessionContext, snapshot: &Snapshot, shapes: &[TableShape]) -> Result<()> {
        for shape in shapes {
            let provider = self.provider_of(shape, snapshot.files(&shape.table).to_vec())?;
            register_table(context, &shape.table, provider)?;
        }
        Ok(())
    }

    /// A table that reads exactly these files.
    pub(super) fn provider_of(&self, shape: &TableShape, files: Vec<PinnedFile>) -> Result<Arc<dyn TableProvider>> {
        if let Some(lost) = files.iter().find(|file| !self.is_whole(file)) {
            let message = format!("the lake has lost or changed the file `{}` of table `{}`", lost.path, shape.table);
            return Err(Error::new(Kind::Environment, message).with_hint("restore the lake from its backup, or load every extract again"));
        }
        Ok(pinned(self.root().to_owned(), shape, files))
    }

    fn is_whole(&self, file: &PinnedFile) -> bool {
        std::fs::metadata(self.root().join(&file.path)).is_ok_and(|metadata| metadata.is_file() && metadata.len() == file.bytes)
    }
}

/// Makes tables known without any data: for checking plans before anything was loaded.
pub fn register_empty(context: &SessionContext, shapes: &[TableShape]) -> Result<()> {
    shapes.iter().try_for_each(|shape| register_table(context, &shape.table, pinned(PathBuf::new(), shape, Vec::new())))
}

/// The same table with its texts as dictionaries, which decode in half the time and let a question be asked of each distinct text once; none
/// for a table that is small, or no table of the lake. `plain` columns stay as they are.
///
/// # Errors
/// A file whose footer can't be read.
pub fn with_dictionaries(provider: &dyn TableProvider, plain: &[&str]) -> QueryResult<Option<Arc<dyn TableProvider>>> {
    let Some(pinned) = provider.downcast_ref::<PinnedProvider>() else { return Ok(None) };
    if pinned.is_small() {
        return Ok(None);
    }
    let mut source = pinned.source.clone();
    source.dictionaries = Some(source.files.iter().map(|file| source.columns_of(file, plain)).collect::<QueryResult<Vec<_>>>()?.into());
    source.file_schema = as_dictionaries(&source.file_schema, plain);
    let schema = as_dictionaries(&pinned.schema, plain);
    Ok(Some(Arc::new(PinnedProvider { source, schema, kept: OnceCell::new(), columns: KeptColumns::default() })))
}

/// Texts as dictionaries; the rest as it is.
fn as_dictionaries(schema: &Schema, plain: &[&str]) -> SchemaRef {
    let field = |field: &FieldRef| match field.data_type() {
        DataType::Utf8 if !plain.contains(&field.name().as_str()) => {
            let kind = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
            Arc::new(field.as_ref().clone().with_data_type(kind))
        }
        _ => Arc::clone(field),
    };
    Arc::new(Schema::new(schema.fields().iter().map(field).collect::<Vec<_>>()))
}

fn pinned(root: PathBuf, shape: &TableShape, files: Vec<PinnedFile>) -> Arc<dyn TableProvider> {
    let source = PinnedSource { root, shape: shape.clone(), files, file_schema: shape.file_schema(), dictionaries: None };
    Arc::new(PinnedProvider { schema: shape.sql_schema(), source, kept: OnceCell::new(), columns: KeptColumns::default() })
}

fn register_table(context: &SessionContext, table: &str, provider: Arc<dyn TableProvider>) -> Result<()> {
    let registering = || format!("registering table `{table}`");
    context.deregister_table(table).context(Kind::Bug, registering)?;
    context.register_table(table, provider).context(Kind::Bug, registering)?;
    Ok(())
}

#[derive(Debug, Clone)]
struct PinnedSource {
    root: PathBuf,
    shape: TableShape,
    files: Vec<PinnedFile>,
    /// The columns of the files as they are read.
    file_schema: SchemaRef,
    /// The columns of each file where texts are read as dictionaries. The reader must be told file by file: of the table's columns alone it
    /// would decode texts and make dictionaries of them afterwards.
    dictionaries: Option<Arc<[SchemaRef]>>,
}

#[derive(Debug)]
struct PinnedProvider {
    source: PinnedSource,
    schema: SchemaRef,
    /// The rows of a small table, file by file; `None` when there was no room.
    kept: OnceCell<Option<Kept>>,
    /// What was read of a large one.
    columns: KeptColumns,
}

/// Rows in memory, with the pool's word that they may be there.
#[derive(Debug)]
struct Kept {
    files: Vec<Vec<RecordBatch>>,
    _reservation: MemoryReservation,
}

/// Bytes of Parquet up to which a table is kept: some tens of thousands of rows.
const KEPT_BYTES: u64 = 2 << 20;

impl PinnedProvider {
    fn is_small(&self) -> bool {
        self.source.files.is_empty() || self.source.files.iter().map(|file| file.bytes).sum::<u64>() <= KEPT_BYTES
    }

    /// The rows of each file, when the table is small and there is room.
    async fn kept(&self, state: &dyn Session) -> QueryResult<Option<&Kept>> {
        if !self.is_small() {
            return Ok(None);
        }
        let read = || async {
            let mut files = Vec::with_capacity(self.source.files.len());
            for place in 0..self.source.files.len() {
                files.push(collect(self.file_reader(state, place, None)?, state.task_ctx()).await?);
            }
            let bytes = files.iter().flatten().map(RecordBatch::get_array_memory_size).sum();
            let reservation = MemoryConsumer::new(format!("table {}", self.source.shape.table)).register(&state.runtime_env().memory_pool);
            Ok::<_, DataFusionError>(reservation.try_grow(bytes).is_ok().then_some(Kept { files, _reservation: reservation }))
        };
        Ok(self.kept.get_or_try_init(read).await?.as_ref())
    }

    /// A plan of one file: partitions of one plan take over each other's files, and a file stands for its month.
    fn file_reader(&self, state: &dyn Session, place: usize, columns: Option<&Vec<usize>>) -> QueryResult<Arc<dyn ExecutionPlan>> {
        let group = FileGroup::new(vec![self.source.partitioned_file(place)?]);
        self.source.reader(state, vec![group], Statistics::new_unknown(&self.schema), None, columns)
    }

    /// Columns of some files, in the session of a run: from memory, where there is room. Dictionaries are read once a moment, by a table of their
    /// own: nothing would be gained.
    async fn kept_columns(&self, state: &dyn Session, places: &[usize], columns: &[usize]) -> QueryResult<Option<Vec<Vec<RecordBatch>>>> {
        let Some(room) = RoomForRows::of(state.config()).filter(|_| self.source.dictionaries.is_none()) else { return Ok(None) };
        let hold = || room.hold(&self.source.shape.table, &state.runtime_env().memory_pool);
        let bytes = |place: usize, columns: &[usize]| {
            let width = columns.iter().map(|column| bytes_of_value(self.schema.field(*column).data_type())).sum::<usize>();
            usize::try_from(self.source.files[place].rows).unwrap_or(usize::MAX).saturating_mul(width)
        };
        let read = |place: usize, columns: Vec<usize>| {
            let (plan, task) = (self.file_reader(state, place, Some(&columns)), state.task_ctx());
            async move {
                let reading = SpawnedTask::spawn(collect(plan?, task)).join_unwind();
                reading.await.map_err(|error| DataFusionError::External(Box::new(error)))?
            }
        };
        let schema = Arc::new(self.schema.project(columns)?);
        let wanted = Wanted { files: places, columns, schema: &schema };
        self.columns.of(wanted, hold, bytes, read, state.config().target_partitions()).await
    }
}

/// What a value takes in memory, about.
fn bytes_of_value(kind: &DataType) -> usize {
    const TEXT: usize = 36;
    const LIST: usize = 64;
    match kind {
        DataType::Utf8 => TEXT,
        DataType::List(_) => LIST,
        kind => kind.primitive_width().unwrap_or(1),
    }
}

/// The rows of files, dealt out to partitions.
fn from_memory(
    files: impl ExactSizeIterator<Item = Vec<RecordBatch>>,
    partitions: usize,
    schema: SchemaRef,
    projection: Option<Vec<usize>>,
) -> QueryResult<Arc<dyn ExecutionPlan>> {
    let parts = partitions.min(files.len());
    let mut batches: Vec<Vec<RecordBatch>> = vec![Vec::new(); parts];
    for (turn, file) in files.enumerate() {
        batches[turn % parts].extend(file);
    }
    Ok(MemorySourceConfig::try_new_exec(&batches, schema, projection)?)
}

impl PinnedSource {
    fn partitioned_file(&self, place: usize) -> QueryResult<PartitionedFile> {
        let file = &self.files[place];
        let mut partitioned = whole_file(&self.root.join(&file.path), file.bytes)?;
        if let Some(columns) = self.dictionaries.as_ref().and_then(|files| files.get(place)) {
            partitioned = partitioned.with_arrow_schema(Arc::clone(columns));
        }
        let values = self.shape.by_month.then(|| ScalarValue::Date32(file.month.map(|month| month.to_epoch_days())));
        Ok(partitioned.with_partition_values(values.into_iter().collect()))
    }

    /// The columns that stand in a file, texts as dictionaries.
    fn columns_of(&self, file: &PinnedFile, plain: &[&str]) -> QueryResult<SchemaRef> {
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let footer = ArrowReaderMetadata::load(&File::open(self.root.join(&file.path))?, options)?;
        // Only texts are asked for otherwise than they stand there: lists and instants are made the table's by the reader.
        let is_text =
            |field: &&FieldRef| self.file_schema.field_with_name(field.name()).is_ok_and(|own| *own.data_type() == DataType::Utf8);
        let others: Vec<&str> =
            footer.schema().fields().iter().filter(|field| !is_text(field)).map(|field| field.name().as_str()).collect();
        Ok(as_dictionaries(footer.schema(), &[plain, others.as_slice()].concat()))
    }

    /// A plan that reads groups of files.
    fn reader(
        &self,
        state: &dyn Session,
        groups: Vec<FileGroup>,
        statistics: Statistics,
        limit: Option<usize>,
        projection: Option<&Vec<usize>>,
    ) -> QueryResult<Arc<dyn ExecutionPlan>> {
        let schema = TableSchema::builder(Arc::clone(&self.file_schema)).with_table_partition_cols(self.shape.partition_fields()).build();
        // A run reads the same files once for every indicator; their footers, of a hundred columns each, are parsed once.
        let store = state.runtime_env().object_store(ObjectStoreUrl::local_filesystem())?;
        let cache = state.runtime_env().cache_manager.get_file_metadata_cache();
        let source =
            ParquetSource::new(schema).with_parquet_file_reader_factory(Arc::new(CachedParquetFileReaderFactory::new(store, cache)));
        let config = FileScanConfigBuilder::new(ObjectStoreUrl::local_filesystem(), Arc::new(source))
            .with_file_groups(groups)
            .with_statistics(statistics)
            .with_limit(limit)
            .with_projection_indices(projection.cloned())?
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }

    /// The places of the files whose month passes all filters on the month.
    fn pruned(&self, state: &dyn Session, filters: &[Expr]) -> QueryResult<Vec<usize>> {
        let filters: Vec<_> = filters.iter().filter(|filter| speaks_of_month_alone(filter)).collect();
        if !self.shape.by_month || filters.is_empty() {
            return Ok((0..self.files.len()).collect());
        }
        let schema = Arc::new(Schema::new(vec![Field::new(MONTH_COLUMN, DataType::Date32, true)]));
        let months: Date32Array = self.files.iter().map(|file| file.month.map(|month| month.to_epoch_days())).collect();
        let batch = RecordBatch::try_new(Arc::clone(&schema), vec![Arc::new(months)])?;
        let columns = DFSchema::try_from(schema)?;
        let mut stays = vec![true; self.files.len()];
        for filter in filters {
            let verdict = state.create_physical_expr(filter.clone(), &columns)?.evaluate(&batch)?.into_array(batch.num_rows())?;
            let verdict = verdict.as_boolean_opt().ok_or_else(|| DataFusionError::Plan(format!("`{filter}` is not a condition")))?;
            stays.iter_mut().enumerate().for_each(|(row, stays)| *stays &= verdict.is_valid(row) && verdict.value(row));
        }
        Ok(stays.into_iter().enumerate().filter_map(|(place, stays)| stays.then_some(place)).collect())
    }
}

/// A file to be read from its first byte to its last.
pub(super) fn whole_file(path: &Path, bytes: u64) -> QueryResult<PartitionedFile> {
    let mut file = PartitionedFile::new("", bytes);
    // Set afterwards: the constructor would encode a second time what the path already encodes.
    file.object_meta.location =
        object_store::path::Path::from_absolute_path(path).map_err(|error| DataFusionError::External(Box::new(error)))?;
    Ok(file)
}

fn speaks_of_month_alone(filter: &Expr) -> bool {
    let columns = filter.column_refs();
    !columns.is_empty() && columns.iter().all(|column| column.name == MONTH_COLUMN) && !filter.is_volatile()
}

#[async_trait]
impl TableProvider for PinnedProvider {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn statistics(&self) -> Option<Statistics> {
        let bytes = self.source.files.iter().map(|file| file.bytes).sum::<u64>() as usize;
        Some(Statistics { total_byte_size: Precision::Inexact(bytes), ..Statistics::new_unknown(&self.schema) })
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> QueryResult<Vec<TableProviderFilterPushDown>> {
        // A file holds one month, so a filter on the month alone is answered by choosing files. Others reach the Parquet reader
        // through the physical optimiser, which skips row groups and keeps the filter.
        let verdict = |filter: &&Expr| match self.source.shape.by_month && speaks_of_month_alone(filter) {
            true => TableProviderFilterPushDown::Exact,
            false => TableProviderFilterPushDown::Unsupported,
        };
        Ok(filters.iter().map(verdict).collect())
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> QueryResult<Arc<dyn ExecutionPlan>> {
        let places = self.source.pruned(state, filters)?;
        if places.is_empty() {
            let schema = match projection {
                Some(columns) => Arc::new(self.schema.project(columns)?),
                None => Arc::clone(&self.schema),
            };
            return Ok(Arc::new(EmptyExec::new(schema)));
        }
        let partitions = state.config().target_partitions().max(1);
        if let Some(kept) = self.kept(state).await? {
            let files = places.into_iter().map(|place| kept.files[place].clone());
            return from_memory(files, partitions, Arc::clone(&self.schema), projection.cloned());
        }
        if let (Some(columns), None) = (projection, limit)
            && let Some(files) = self.kept_columns(state, &places, columns).await?
        {
            return from_memory(files.into_iter(), partitions, Arc::new(self.schema.project(columns)?), None);
        }
        let files: Vec<&PinnedFile> = places.iter().map(|place| &self.source.files[*place]).collect();
        let total = |count: fn(&PinnedFile) -> u64| files.iter().map(|file| count(file)).sum::<u64>() as usize;
        let statistics = Statistics {
            num_rows: Precision::Inexact(total(|file| file.rows)),
            total_byte_size: Precision::Inexact(total(|file| file.bytes)),
            column_statistics: Statistics::unknown_column(&self.schema),
        };
        let partitioned = places.iter().map(|place| self.source.partitioned_file(*place)).collect::<QueryResult<Vec<_>>>()?;
        let groups = FileGroup::new(partitioned).split_files(partitions);
        self.source.reader(state, groups, statistics, limit, projection)
    }
}
