//! Rows of a table on their way to the lake: by month, without duplicates, sorted.
//!
//! In: batches of good rows, file by file. Out: one Arrow IPC file a month, sorted by unit, key and then everything else, with
//! a digest that neither the order nor the split of the input changes. Never here: wrong rows.
//!
//! First pass: rows go to unsorted files by month; of every row the key's hash, its `updated_at` and its content's hash are
//! kept (48 bytes). Then the newest row of each key is chosen. Second pass: month by month, the others are left out.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, AsArray, BooleanArray, UInt32Array, UInt64Array};
use arrow::compute::{concat_batches, filter_record_batch, take_record_batch};
use arrow::datatypes::{DataType, Date32Type, Field, Schema, SchemaRef, TimestampMicrosecondType, UInt64Type};
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::{FileWriter, StreamWriter};
use arrow::record_batch::RecordBatch;

use super::StagedMonth;
use super::row_order::{KeyHashes, RowOrder};
use crate::error::{Context, Kind, Result};
use crate::library::contract::TableContract;
use crate::terms::{Month, date_from_epoch_days};

const BUFFERED_ROWS: usize = 65_536;
const BUFFERED_BYTES: usize = 64 << 20;
/// Open files of the first pass; a source with more months continues in further files.
const OPEN_FILES: usize = 200;
const WRITTEN_ROWS: usize = 65_536;
/// The row's position in the whole load, a column of the first pass only.
const ORDINAL: &str = "__ordinal";

/// What is kept of each row to find duplicates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    key: u128,
    /// Microseconds; the smallest value stands for "unknown".
    updated_at: i64,
    content: u128,
    ordinal: u64,
}

type Writer = StreamWriter<BufWriter<File>>;

/// Collects the good rows of one table.
pub(super) struct Stage {
    table: String,
    folder: PathBuf,
    schema: SchemaRef,
    with_ordinal: SchemaRef,
    month_column: Option<usize>,
    updated_column: Option<usize>,
    keys: KeyHashes,
    order: RowOrder,
    entries: Vec<Entry>,
    /// First ordinal of each file.
    file_starts: Vec<u64>,
    buffer: Vec<RecordBatch>,
    buffered: (usize, usize),
    writers: BTreeMap<Option<Month>, Writer>,
    segments: BTreeMap<Option<Month>, Vec<PathBuf>>,
}

/// What the second pass leaves.
pub(super) struct Finished {
    /// Months with at least one row.
    pub months: BTreeMap<Option<Month>, StagedMonth>,
    /// Rows written, for each file.
    pub loaded: Vec<u64>,
    /// Rows left out as duplicates, for each file.
    pub duplicates: Vec<u64>,
    /// Keys whose newest rows differ in content, for each file of the row that was chosen.
    pub conflicts: Vec<u64>,
}

impl Stage {
    pub fn new(contract: &TableContract, schema: &SchemaRef, staging: &Path) -> Result<Self> {
        let position = |name: &str| contract.columns.iter().position(|column| column.name == name);
        let what = || "preparing the staging area".to_owned();
        let mut with_ordinal: Vec<Field> = schema.fields().iter().map(|field| field.as_ref().clone()).collect();
        with_ordinal.push(Field::new(ORDINAL, DataType::UInt64, false));
        let folder = staging.join(&contract.name);
        std::fs::create_dir_all(&folder).context(Kind::Environment, what)?;
        Ok(Self {
            table: contract.name.clone(),
            folder,
            schema: Arc::clone(schema),
            with_ordinal: Arc::new(Schema::new(with_ordinal)),
            month_column: contract.month.as_deref().and_then(position),
            updated_column: position("updated_at").filter(|index| schema.field(*index).data_type() != &DataType::Utf8),
            keys: KeyHashes::new(schema, &contract.key)?,
            order: RowOrder::new(schema, &contract.key)?,
            entries: Vec::new(),
            file_starts: Vec::new(),
            buffer: Vec::new(),
            buffered: (0, 0),
            writers: BTreeMap::new(),
            segments: BTreeMap::new(),
        })
    }

    /// The rows that follow come from the next file.
    pub fn next_file(&mut self) {
        self.file_starts.push(self.entries.len() as u64);
    }

    /// Rows of each file so far, duplicates included.
    pub fn rows_of_files(&self) -> Vec<u64> {
        let ends = self.file_starts.iter().skip(1).copied().chain([self.entries.len() as u64]);
        self.file_starts.iter().zip(ends).map(|(start, end)| end - start).collect()
    }

    /// The hashes by which keys are compared.
    pub fn keys(&self) -> &KeyHashes {
        &self.keys
    }

    /// Takes out the keys that are among the rows so far.
    pub fn remove_staged<T>(&self, keys: &mut HashMap<u128, T>) {
        for entry in &self.entries {
            keys.remove(&entry.key);
        }
    }

    /// Adds good rows.
    pub fn add(&mut self, batch: &RecordBatch) -> Result<()> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let (keys, contents) = (self.keys.of(batch)?, self.order.contents(batch)?);
        let updated = self.updated_column.and_then(|index| batch.column(index).as_primitive_opt::<TimestampMicrosecondType>());
        let first = self.entries.len() as u64;
        for row in 0..batch.num_rows() {
            self.entries.push(Entry {
                key: keys[row],
                updated_at: updated.filter(|column| column.is_valid(row)).map_or(i64::MIN, |column| column.value(row)),
                content: contents[row],
                ordinal: first + row as u64,
            });
        }
        let mut columns = batch.columns().to_vec();
        columns.push(Arc::new(UInt64Array::from_iter_values(first..first + batch.num_rows() as u64)));
        let batch = RecordBatch::try_new(Arc::clone(&self.with_ordinal), columns).context(Kind::Bug, || "staging rows")?;
        self.buffered.0 += batch.num_rows();
        self.buffered.1 += batch.get_array_memory_size();
        self.buffer.push(batch);
        if self.buffered.0 >= BUFFERED_ROWS || self.buffered.1 >= BUFFERED_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    /// Writes the buffered rows to the files of their months.
    fn flush(&mut self) -> Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let batch = concat_batches(&self.with_ordinal, &self.buffer).context(Kind::Bug, || "staging rows")?;
        self.buffer.clear();
        self.buffered = (0, 0);
        let Some(index) = self.month_column else { return self.write(None, &batch) };
        let dates = batch.column(index).as_primitive::<Date32Type>();
        let month_of = |row: usize| date_from_epoch_days(dates.value(row)).map(Month::of);
        let mut order: Vec<(Option<Month>, u32)> = (0..batch.num_rows()).map(|row| (month_of(row), row as u32)).collect();
        order.sort_unstable();
        let rows = UInt32Array::from_iter_values(order.iter().map(|(_, row)| *row));
        let sorted = take_record_batch(&batch, &rows).context(Kind::Bug, || "staging rows")?;
        let mut start = 0;
        for group in order.chunk_by(|(left, _), (right, _)| left == right) {
            self.write(group[0].0, &sorted.slice(start, group.len()))?;
            start += group.len();
        }
        Ok(())
    }

    fn write(&mut self, month: Option<Month>, batch: &RecordBatch) -> Result<()> {
        let what = || format!("staging {}", self.table);
        if !self.writers.contains_key(&month) {
            if self.writers.len() >= OPEN_FILES {
                close(&mut self.writers).context(Kind::Environment, what)?;
            }
            let segments = self.segments.entry(month).or_default();
            let path = self.folder.join(format!("{}.{}.unsorted", name_of(month), segments.len()));
            let file = File::create(&path).context(Kind::Environment, what)?;
            segments.push(path);
            self.writers.insert(month, StreamWriter::try_new(BufWriter::new(file), &self.with_ordinal).context(Kind::Environment, what)?);
        }
        let writer = self.writers.get_mut(&month).expect("a writer was just put there");
        writer.write(batch).context(Kind::Environment, what)
    }

    /// Chooses the newest row of every key and writes the months; without `keep` the rows are only counted.
    pub fn finish(mut self, keep: bool) -> Result<Finished> {
        let rows = self.rows_of_files();
        self.flush()?;
        close(&mut self.writers).context(Kind::Environment, || format!("staging {}", self.table))?;
        let files = self.file_starts.len();
        let mut finished =
            Finished { months: BTreeMap::new(), loaded: vec![0; files], duplicates: vec![0; files], conflicts: vec![0; files] };
        let is_loser = self.choose(&mut finished);
        if !keep {
            finished.loaded = rows.iter().zip(&finished.duplicates).map(|(rows, duplicates)| rows - duplicates).collect();
            return Ok(finished);
        }
        for (month, segments) in std::mem::take(&mut self.segments) {
            let staged = self.finish_month(month, &segments, &is_loser, &mut finished.loaded)?;
            if staged.rows > 0 {
                finished.months.insert(month, staged);
            }
            for segment in &segments {
                std::fs::remove_file(segment).context(Kind::Environment, || format!("clearing {}", segment.display()))?;
            }
        }
        Ok(finished)
    }

    fn file_of(&self, ordinal: u64) -> usize {
        self.file_starts.partition_point(|start| *start <= ordinal) - 1
    }

    /// Marks the rows that are not the newest of their key: newest `updated_at`, then content, so that the order of the files
    /// does not matter; of identical rows the first one stays.
    fn choose(&mut self, finished: &mut Finished) -> Vec<bool> {
        let mut entries = std::mem::take(&mut self.entries);
        let mut is_loser = vec![false; entries.len()];
        entries.sort_unstable_by_key(|entry| (entry.key, std::cmp::Reverse((entry.updated_at, entry.content)), entry.ordinal));
        for group in entries.chunk_by(|left, right| left.key == right.key) {
            for entry in &group[1..] {
                is_loser[entry.ordinal as usize] = true;
                finished.duplicates[self.file_of(entry.ordinal)] += 1;
            }
            let (winner, rivals) = (group[0], &group[1..]);
            if rivals.iter().any(|rival| rival.updated_at == winner.updated_at && rival.content != winner.content) {
                finished.conflicts[self.file_of(winner.ordinal)] += 1;
            }
        }
        is_loser
    }

    fn finish_month(&self, month: Option<Month>, segments: &[PathBuf], is_loser: &[bool], loaded: &mut [u64]) -> Result<StagedMonth> {
        let what = || format!("staging {} {}", self.table, name_of(month));
        let mut kept = Vec::new();
        for segment in segments {
            let file = File::open(segment).context(Kind::Environment, what)?;
            for batch in StreamReader::try_new(BufReader::new(file), None).context(Kind::Environment, what)? {
                let batch = batch.context(Kind::Environment, what)?;
                let ordinals = batch.column(batch.num_columns() - 1).as_primitive::<UInt64Type>();
                let stays: BooleanArray = ordinals.values().iter().map(|ordinal| Some(!is_loser[*ordinal as usize])).collect();
                for ordinal in ordinals.values().iter().filter(|ordinal| !is_loser[**ordinal as usize]) {
                    loaded[self.file_of(*ordinal)] += 1;
                }
                let batch = filter_record_batch(&batch, &stays).context(Kind::Bug, what)?;
                let columns = batch.columns()[..self.schema.fields().len()].to_vec();
                kept.push(RecordBatch::try_new(Arc::clone(&self.schema), columns).context(Kind::Bug, what)?);
            }
        }
        let batch = concat_batches(&self.schema, &kept).context(Kind::Bug, what)?;
        drop(kept);
        self.write_sorted(month, &batch)
    }

    fn write_sorted(&self, month: Option<Month>, batch: &RecordBatch) -> Result<StagedMonth> {
        let what = || format!("staging {} {}", self.table, name_of(month));
        let (order, digest) = self.order.arrange(batch)?;
        let path = self.folder.join(format!("{}.arrow", name_of(month)));
        let file = File::create(&path).context(Kind::Environment, what)?;
        let mut writer = FileWriter::try_new(BufWriter::new(file), &self.schema).context(Kind::Environment, what)?;
        for rows in order.chunks(WRITTEN_ROWS) {
            let rows = UInt32Array::from(rows.to_vec());
            let sorted = take_record_batch(batch, &rows).context(Kind::Bug, what)?;
            writer.write(&sorted).context(Kind::Environment, what)?;
        }
        writer.finish().context(Kind::Environment, what)?;
        Ok(StagedMonth { path, rows: order.len() as u64, digest })
    }
}

fn name_of(month: Option<Month>) -> String {
    month.map_or_else(|| "all".to_owned(), |month| month.to_string())
}

fn close(writers: &mut BTreeMap<Option<Month>, Writer>) -> std::result::Result<(), arrow::error::ArrowError> {
    for (_, mut writer) in std::mem::take(writers) {
        writer.finish()?;
    }
    Ok(())
}
