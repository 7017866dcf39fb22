//! Rows of a table on their way to the lake: by month, without duplicates, sorted.
//!
//! In: batches of good rows, file by file. Out: one Arrow IPC file a month, sorted by unit, key and then everything else, with
//! a digest that neither the order nor the split of the input changes. Never here: wrong rows.
//!
//! First pass: rows go to unsorted files by month; a column that has held no value is not written. Then the newest row of each key is chosen
//! (`newest`). Second pass: month by month, two at a time, the others are left out.
//!
//! A key belongs to one unit. Where rows of one key name several, the unit that had it when the table was last loaded keeps it, and the
//! rows of the others are set apart; where none of them had it, all are: no unit can put its own row in the place of another's.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{Array, AsArray, BooleanArray, UInt32Array, UInt64Array};
use arrow::compute::{concat_batches, filter_record_batch, take_record_batch};
use arrow::datatypes::{DataType, Date32Type, Field, Int64Type, Schema, SchemaRef, TimestampMicrosecondType, UInt64Type};
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::{FileWriter, StreamWriter};
use arrow::record_batch::RecordBatch;

use super::file::batch_row_text;
use super::newest::{Chosen, Counted, Entries, Entry, Fate, MOST_UNITS, NO_UNIT};
use super::row_order::{KeyHashes, RowOrder};
use super::schema::fitted;
use super::{LINEAGE, LoadContext, StagedMonth};
use crate::error::{Context, Kind, Result};
use crate::library::contract::TableContract;
use crate::side_by_side::side_by_side;
use crate::terms::{Month, date_from_epoch_days};

const BUFFERED_ROWS: usize = 65_536;
const BUFFERED_BYTES: usize = 64 << 20;
const WRITTEN_ROWS: usize = 65_536;
/// The row's position in the whole load, a column of the first pass only.
const ORDINAL: &str = "__ordinal";

/// A row that is set apart because its key is another unit's, too.
pub(super) struct Contested {
    /// Number of its file.
    pub file: usize,
    /// Its line.
    pub line: i64,
    /// Its unit.
    pub unit: String,
    /// The units that name the key.
    pub units: BTreeSet<String>,
    /// Its columns.
    pub text: String,
}

type Writer = StreamWriter<BufWriter<File>>;

/// Collects the good rows of one table.
pub(super) struct Stage {
    table: String,
    folder: PathBuf,
    schema: SchemaRef,
    with_ordinal: SchemaRef,
    /// Columns that have held a value so far, and those that always stay: the others are not written.
    used: Vec<bool>,
    month_column: Option<usize>,
    updated_column: Option<usize>,
    /// The column with the row's unit, unless it is part of the key.
    unit_column: Option<usize>,
    /// Number of each unit that rows name; a unit and its successors have one.
    units: HashMap<String, u64>,
    successors: BTreeMap<String, String>,
    /// The column whose values stay, and those seen.
    kept: Option<(usize, HashSet<String>)>,
    keys: KeyHashes,
    order: RowOrder,
    entries: Entries,
    /// First ordinal of each file.
    file_starts: Vec<u64>,
    buffer: Vec<RecordBatch>,
    buffered: (usize, usize),
    writers: BTreeMap<Option<Month>, Writer>,
    /// How many of them may be open; a source with more months continues in further files.
    open_files: usize,
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
    /// An empty one.
    pub fn new(contract: &TableContract, schema: &SchemaRef, context: &LoadContext<'_>) -> Result<Self> {
        let position = |name: &str| contract.columns.iter().position(|column| column.name == name);
        let what = || "preparing the staging area".to_owned();
        let mut with_ordinal: Vec<Field> = schema.fields().iter().map(|field| field.as_ref().clone()).collect();
        with_ordinal.push(Field::new(ORDINAL, DataType::UInt64, false));
        let folder = context.staging.join(&contract.name);
        std::fs::create_dir_all(&folder).context(Kind::Environment, what)?;
        let always = |field: &Field| {
            let is_key = contract.key.iter().map(String::as_str).chain(contract.month.as_deref()).chain(contract.owner());
            let lineage = LINEAGE.iter().map(|(name, _)| *name);
            is_key.chain(lineage).chain([ORDINAL]).any(|name| name == field.name())
        };
        let (used, entries) = (with_ordinal.iter().map(always).collect(), Entries::new(&folder));
        Ok(Self {
            used,
            table: contract.name.clone(),
            folder,
            schema: Arc::clone(schema),
            with_ordinal: Arc::new(Schema::new(with_ordinal)),
            month_column: contract.month.as_deref().and_then(position),
            updated_column: position("updated_at").filter(|index| schema.field(*index).data_type() != &DataType::Utf8),
            unit_column: contract.owner().filter(|name| !contract.key.iter().any(|key| key == name)).and_then(position),
            units: HashMap::new(),
            successors: context.successors.clone(),
            kept: contract.keeps.as_deref().and_then(position).map(|index| (index, HashSet::new())),
            keys: KeyHashes::new(schema, &contract.key)?,
            order: RowOrder::new(schema, &contract.key)?,
            entries,
            file_starts: Vec::new(),
            buffer: Vec::new(),
            buffered: (0, 0),
            writers: BTreeMap::new(),
            open_files: context.open_files,
            segments: BTreeMap::new(),
        })
    }

    /// The rows that follow come from the next file.
    pub fn next_file(&mut self) {
        self.file_starts.push(self.entries.number());
    }

    /// Rows of each file so far, duplicates included.
    pub fn rows_of_files(&self) -> Vec<u64> {
        let ends = self.file_starts.iter().skip(1).copied().chain([self.entries.number()]);
        self.file_starts.iter().zip(ends).map(|(start, end)| end - start).collect()
    }

    /// The hashes by which keys are compared.
    pub fn keys(&self) -> &KeyHashes {
        &self.keys
    }

    /// Takes out the keys that are among the rows so far.
    pub fn remove_staged<T>(&self, keys: &mut HashMap<u128, T>) -> Result<()> {
        let mut remove = |key| drop(keys.remove(&key));
        self.entries.each_key(&mut remove).context(Kind::Environment, || format!("staging {}", self.table))
    }

    /// The values of the contract's `keeps` column so far.
    pub fn kept(&self) -> Option<&HashSet<String>> {
        self.kept.as_ref().map(|(_, values)| values)
    }

    /// The number of a row's unit.
    fn unit_number(&mut self, unit: &str) -> u64 {
        let unit = self.successors.get(unit).map_or(unit, String::as_str);
        if let Some(number) = self.units.get(unit) {
            return *number;
        }
        if self.units.len() >= MOST_UNITS {
            return NO_UNIT;
        }
        let number = self.units.len() as u64 + 1;
        self.units.insert(unit.to_owned(), number);
        number
    }

    /// Adds good rows.
    pub fn add(&mut self, batch: &RecordBatch) -> Result<()> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let (keys, contents) = (self.keys.of(batch)?, self.order.contents(batch)?);
        let updated = self.updated_column.and_then(|index| batch.column(index).as_primitive_opt::<TimestampMicrosecondType>());
        let first = self.entries.number();
        let units = self.unit_column.and_then(|index| batch.column(index).as_string_opt::<i32>());
        // Rows of one unit stand together, mostly.
        let mut last = ("", NO_UNIT);
        for row in 0..batch.num_rows() {
            let unit = match units.filter(|units| units.is_valid(row)).map(|units| units.value(row)) {
                None | Some("") => NO_UNIT,
                Some(unit) if unit == last.0 => last.1,
                Some(unit) => {
                    last = (unit, self.unit_number(unit));
                    last.1
                }
            };
            let updated_at = updated.filter(|column| column.is_valid(row)).map_or(i64::MIN, |column| column.value(row));
            let entry = Entry::new(keys[row], updated_at, contents[row], unit, first + row as u64);
            self.entries.push(entry).context(Kind::Environment, || format!("staging {}", self.table))?;
        }
        if let Some((index, values)) = &mut self.kept
            && let Some(column) = batch.column(*index).as_string_opt::<i32>()
        {
            values.extend(column.iter().flatten().map(str::to_owned));
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
        let (mut used, mut places) = (self.used.clone(), Vec::new());
        for (place, used) in used.iter_mut().enumerate() {
            *used |= self.buffer.iter().any(|batch| batch.column(place).null_count() < batch.num_rows());
            places.extend(used.then_some(place));
        }
        if used != self.used {
            // The files of months go on with more columns.
            close(&mut self.writers).context(Kind::Environment, || format!("staging {}", self.table))?;
            self.used = used;
        }
        let staging = || "staging rows";
        let narrow = self.buffer.drain(..).map(|batch| batch.project(&places)).collect::<std::result::Result<Vec<_>, _>>();
        let narrow = narrow.context(Kind::Bug, staging)?;
        let batch = concat_batches(narrow[0].schema_ref(), &narrow).context(Kind::Bug, staging)?;
        drop(narrow);
        self.buffered = (0, 0);
        let month_column = self.month_column.and_then(|index| batch.schema_ref().index_of(self.schema.field(index).name()).ok());
        let Some(index) = month_column else { return self.write(None, &batch) };
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
            if self.writers.len() >= self.open_files {
                close(&mut self.writers).context(Kind::Environment, what)?;
            }
            let segments = self.segments.entry(month).or_default();
            let path = self.folder.join(format!("{}.{}.unsorted", name_of(month), segments.len()));
            let file = File::create(&path).context(Kind::Environment, what)?;
            segments.push(path);
            self.writers.insert(month, StreamWriter::try_new(BufWriter::new(file), batch.schema_ref()).context(Kind::Environment, what)?);
        }
        let writer = self.writers.get_mut(&month).expect("a writer was just put there");
        writer.write(batch).context(Kind::Environment, what)
    }

    /// Chooses the newest row of every key and writes the months; without `keep` the rows are only counted.
    ///
    /// `owners` tells the units that had keys when the table was last loaded; it is asked only when keys are contested.
    /// `apart` takes, one by one, the rows whose key belongs to another unit.
    pub fn finish(
        mut self,
        keep: bool,
        owners: impl FnOnce(&HashSet<u128>, &Self) -> Result<HashMap<u128, String>>,
        apart: &mut dyn FnMut(Contested) -> Result<()>,
    ) -> Result<Finished> {
        let rows = self.rows_of_files();
        self.flush()?;
        close(&mut self.writers).context(Kind::Environment, || format!("staging {}", self.table))?;
        let entries = std::mem::replace(&mut self.entries, Entries::new(&self.folder));
        let choosing = || format!("staging {}", self.table);
        let mut chosen = entries.choose(self.file_starts.clone(), AT_ONCE).context(Kind::Environment, choosing)?;
        let contested = chosen.contested();
        if !contested.is_empty() {
            let owners = owners(&contested.keys().copied().collect(), &self)?;
            let owners: HashMap<u128, u64> = owners.into_iter().map(|(key, unit)| (key, self.unit_number(&unit))).collect();
            chosen.settle(|key| owners.get(&key).copied());
        }
        let Counted { duplicates, conflicts } = chosen.counted.clone();
        let mut finished = Finished { months: BTreeMap::new(), loaded: vec![0; rows.len()], duplicates, conflicts };
        if !keep {
            finished.loaded = rows.iter().zip(&finished.duplicates).map(|(rows, duplicates)| rows - duplicates).collect();
            return Ok(finished);
        }
        let months: Vec<(Option<Month>, Vec<PathBuf>)> = std::mem::take(&mut self.segments).into_iter().collect();
        let finish = |(month, segments): &(Option<Month>, Vec<PathBuf>), apart: &mut dyn FnMut(Contested) -> Result<()>| {
            let staged = self.finish_month(*month, segments, &chosen, &contested, apart)?;
            for segment in segments {
                std::fs::remove_file(segment).context(Kind::Environment, || format!("clearing {}", segment.display()))?;
            }
            Ok(staged)
        };
        // What is contested is told row by row, in the order of the months.
        let staged = match contested.is_empty() {
            false => months.iter().map(|month| finish(month, apart)).collect::<Result<Vec<_>>>()?,
            true => side_by_side(&months, at_once(&months), |month| finish(month, &mut |_| Ok(())))?,
        };
        for ((month, _), (staged, loaded)) in months.iter().zip(staged) {
            finished.loaded.iter_mut().zip(loaded).for_each(|(total, rows)| *total += rows);
            if staged.rows > 0 {
                finished.months.insert(*month, staged);
            }
        }
        Ok(finished)
    }

    /// Tells who contests the rows of a batch that are set apart.
    fn set_apart(
        &self,
        batch: &RecordBatch,
        chosen: &Chosen,
        contested: &BTreeMap<u128, BTreeSet<u64>>,
        apart: &mut dyn FnMut(Contested) -> Result<()>,
    ) -> Result<()> {
        let ordinals = batch.column(batch.num_columns() - 1).as_primitive::<UInt64Type>();
        let rows: Vec<usize> = (0..batch.num_rows()).filter(|row| chosen.is(ordinals.value(*row), Fate::Contested)).collect();
        let Some(unit_column) = self.unit_column.filter(|_| !rows.is_empty()) else { return Ok(()) };
        let own = fitted(batch, &self.schema)?;
        let (keys, units) = (self.keys.of(&own)?, own.column(unit_column).as_string::<i32>());
        let lines = own.column_by_name(LINEAGE[1].0).map(|lines| lines.as_primitive::<Int64Type>());
        let names: HashMap<u64, &str> = self.units.iter().map(|(unit, number)| (*number, unit.as_str())).collect();
        for row in rows {
            let named = contested.get(&keys[row]).into_iter().flatten().filter_map(|number| names.get(number));
            apart(Contested {
                file: chosen.file_of(ordinals.value(row)),
                line: lines.map_or(0, |lines| lines.value(row)),
                unit: if units.is_valid(row) { units.value(row).to_owned() } else { String::new() },
                units: named.map(|unit| (*unit).to_owned()).collect(),
                text: batch_row_text(&own, row),
            })?;
        }
        Ok(())
    }

    fn finish_month(
        &self,
        month: Option<Month>,
        segments: &[PathBuf],
        chosen: &Chosen,
        contested: &BTreeMap<u128, BTreeSet<u64>>,
        apart: &mut dyn FnMut(Contested) -> Result<()>,
    ) -> Result<(StagedMonth, Vec<u64>)> {
        let what = || format!("staging {} {}", self.table, name_of(month));
        let used: Vec<usize> = (0..self.schema.fields().len()).filter(|place| self.used[*place]).collect();
        let schema = Arc::new(self.schema.project(&used).context(Kind::Bug, what)?);
        let (mut kept, mut loaded) = (Vec::new(), vec![0; self.file_starts.len()]);
        for segment in segments {
            let file = File::open(segment).context(Kind::Environment, what)?;
            for batch in StreamReader::try_new(BufReader::new(file), None).context(Kind::Environment, what)? {
                let batch = batch.context(Kind::Environment, what)?;
                let ordinals = batch.column(batch.num_columns() - 1).as_primitive::<UInt64Type>();
                let is_staying = |ordinal: &u64| chosen.is(*ordinal, Fate::Stays);
                let stays: BooleanArray = ordinals.values().iter().map(|ordinal| Some(is_staying(ordinal))).collect();
                for ordinal in ordinals.values().iter().filter(|ordinal| is_staying(ordinal)) {
                    loaded[chosen.file_of(*ordinal)] += 1;
                }
                if !contested.is_empty() {
                    self.set_apart(&batch, chosen, contested, apart)?;
                }
                let batch = filter_record_batch(&batch, &stays).context(Kind::Bug, what)?;
                kept.push(fitted(&batch, &schema)?);
            }
        }
        let batch = concat_batches(&schema, &kept).context(Kind::Bug, what)?;
        drop(kept);
        Ok((self.write_sorted(month, &batch)?, loaded))
    }

    fn write_sorted(&self, month: Option<Month>, batch: &RecordBatch) -> Result<StagedMonth> {
        let what = || format!("staging {} {}", self.table, name_of(month));
        let (order, digest) = self.order.arrange(batch)?;
        let path = self.folder.join(format!("{}.arrow", name_of(month)));
        let file = File::create(&path).context(Kind::Environment, what)?;
        let mut writer = FileWriter::try_new(BufWriter::new(file), batch.schema_ref()).context(Kind::Environment, what)?;
        for rows in order.chunks(WRITTEN_ROWS) {
            let rows = UInt32Array::from(rows.to_vec());
            let sorted = take_record_batch(batch, &rows).context(Kind::Bug, what)?;
            writer.write(&sorted).context(Kind::Environment, what)?;
        }
        writer.finish().context(Kind::Environment, what)?;
        Ok(StagedMonth { path, rows: order.len() as u64, digest })
    }
}

/// Months, and parts of the keys, that are sorted at the same time; each is held in memory.
const AT_ONCE: usize = 2;
/// Bytes up to which the two largest months may be.
const BYTES_AT_ONCE: u64 = 1 << 30;

/// How many months of these segments are sorted at the same time.
fn at_once(months: &[(Option<Month>, Vec<PathBuf>)]) -> usize {
    let bytes =
        |segments: &Vec<PathBuf>| segments.iter().filter_map(|segment| std::fs::metadata(segment).ok()).map(|file| file.len()).sum();
    let mut sizes: Vec<u64> = months.iter().map(|(_, segments)| bytes(segments)).collect();
    sizes.sort_unstable_by_key(|size| std::cmp::Reverse(*size));
    if sizes.iter().take(AT_ONCE).sum::<u64>() <= BYTES_AT_ONCE { AT_ONCE } else { 1 }
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
