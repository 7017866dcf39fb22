//! Which months an extract replaces, and what its rows do to the other months.
//!
//! In: the staged months of an extract, the live files of its table. Out: the months to be replaced, and the months outside
//! them as they must become. Never here: writing to the lake.
//!
//! A full extract replaces the months from its first to its last. A date typed wrongly must not stretch that: one row of
//! `2003-05` among those of `2026` would delete the years between, which an earlier extract has loaded. So the cover grows from
//! the month of most rows outwards, and only as far as the extract brings at least half of the rows that it would replace.
//!
//! Outside the cover nothing vanishes by silence, but a key that the extract holds goes where the extract has it: a row that
//! stood in a wrong month, and was corrected, does not stay there as a second one. Therefore no key stands twice in a table.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufWriter;
use std::ops::Bound::{Excluded, Unbounded};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch, UInt32Array};
use arrow::compute::{concat_batches, filter_record_batch, take_record_batch};
use arrow::datatypes::SchemaRef;
use arrow::ipc::writer::FileWriter;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::commit::{MonthFile, Replacement};
use super::month_file::read_batches;
use super::store::LiveFile;
use crate::error::{Context, Kind, Result};
use crate::ingest::{KeyHashes, RowOrder, fitted};
use crate::terms::Month;

type Months = BTreeMap<Option<Month>, MonthFile>;

/// The months that the extract replaces as a whole; `None` when it names none.
pub(super) fn cover(months: &Months, live: &[LiveFile]) -> Option<RangeInclusive<Option<Month>>> {
    let (core, _) = months.iter().max_by_key(|(month, staged)| (staged.rows, **month))?;
    let mut rows: BTreeMap<Option<Month>, (u64, u64)> = months.iter().map(|(month, staged)| (*month, (staged.rows, 0))).collect();
    for file in live {
        rows.entry(file.pinned.month).or_default().1 += file.pinned.rows;
    }
    let outwards = |side: &mut dyn Iterator<Item = (&Option<Month>, &(u64, u64))>| {
        let (mut reached, mut brought, mut stored) = (*core, 0, 0);
        for (month, (brings, stores)) in side {
            (brought, stored) = (brought + brings, stored + stores);
            // A month named without rows is said to be empty: nobody types that by mistake.
            if months.get(month).is_some_and(|staged| staged.rows == 0 || brought * 2 >= stored) {
                (reached, brought, stored) = (*month, 0, 0);
            }
        }
        reached
    };
    let first = outwards(&mut rows.range((Unbounded, Excluded(*core))).rev());
    let last = outwards(&mut rows.range((Excluded(*core), Unbounded)));
    Some(first..=last)
}

/// The months of the extract as they must become: inside the cover as they were staged; outside it joined with the rows that the
/// lake has there, and without the keys that the extract has elsewhere. Months that stay as they are are not named.
pub(super) fn settle(root: &Path, extract: &Replacement, cover: &RangeInclusive<Option<Month>>, live: &[LiveFile]) -> Result<Months> {
    let mut settled = extract.months.clone();
    let outside: Vec<&LiveFile> = live.iter().filter(|file| !cover.contains(&file.pinned.month)).collect();
    let Some((_, any)) = extract.months.first_key_value().filter(|_| !outside.is_empty() && !extract.key.is_empty()) else {
        return Ok(settled);
    };
    let folder = any.path.parent().map(PathBuf::from).unwrap_or_default();
    let keys = Keys::of(extract)?;
    for files in outside.chunk_by(|left, right| left.pinned.month == right.pinned.month) {
        let month = files[0].pinned.month;
        let paths: Vec<PathBuf> = files.iter().map(|file| root.join(&file.pinned.path)).collect();
        let staged = extract.months.get(&month);
        if staged.is_none() && !keys.stand_in(&paths)? {
            continue;
        }
        let name = month.map_or_else(|| "all".to_owned(), |month| month.to_string());
        let joined = join(&paths, staged, &keys, extract, &folder.join(format!("{name}.joined.arrow")));
        let doing = || format!("joining {name} of table `{}`", extract.shape.table);
        settled.insert(month, joined.map_err(|error| error.while_doing(doing()))?);
    }
    Ok(settled)
}

/// One month of the lake without the keys of the extract, and with the rows that the extract has there.
fn join(paths: &[PathBuf], staged: Option<&MonthFile>, keys: &Keys, extract: &Replacement, target: &Path) -> Result<MonthFile> {
    let schema = extract.shape.file_schema();
    let mut kept = Vec::new();
    for path in paths {
        for batch in read_live(path, &schema)? {
            let batch = batch?;
            let stays: BooleanArray = keys.are_known(&batch)?.into_iter().map(|known| Some(!known)).collect();
            kept.push(filter_record_batch(&batch, &stays).context(Kind::Bug, || "leaving out rows")?);
        }
    }
    for batch in staged.map(|staged| read_batches(&staged.path)).transpose()?.into_iter().flatten() {
        kept.push(fitted(&batch.context(Kind::Environment, || "reading the staged rows")?, &schema)?);
    }
    let rows = concat_batches(&schema, &kept).context(Kind::Bug, || "joining rows")?;
    drop(kept);
    let (order, digest) = RowOrder::new(&schema, &extract.key)?.arrange(&rows)?;
    let sorted = take_record_batch(&rows, &UInt32Array::from(order)).context(Kind::Bug, || "sorting rows")?;
    let file = File::create(target).context(Kind::Environment, || format!("creating {}", target.display()))?;
    let mut writer = FileWriter::try_new(BufWriter::new(file), &schema).context(Kind::Environment, || "staging joined rows")?;
    writer.write(&sorted).context(Kind::Environment, || "staging joined rows")?;
    writer.finish().context(Kind::Environment, || "staging joined rows")?;
    Ok(MonthFile { path: target.to_owned(), rows: sorted.num_rows() as u64, digest })
}

/// The keys of an extract: 16 bytes a row, kept only while there are months outside its cover.
struct Keys {
    hashes: KeyHashes,
    schema: SchemaRef,
    sorted: Vec<u128>,
    /// The key's columns alone.
    key_schema: SchemaRef,
    key_hashes: KeyHashes,
}

impl Keys {
    fn of(extract: &Replacement) -> Result<Self> {
        let schema = extract.shape.file_schema();
        let columns: Vec<usize> = (0..schema.fields().len()).filter(|index| extract.key.contains(schema.field(*index).name())).collect();
        let key_schema = Arc::new(schema.project(&columns).context(Kind::Bug, || "choosing the key's columns")?);
        let mut keys = Self {
            hashes: KeyHashes::new(&schema, &extract.key)?,
            key_hashes: KeyHashes::new(&key_schema, &extract.key)?,
            schema,
            sorted: Vec::new(),
            key_schema,
        };
        for staged in extract.months.values().filter(|staged| staged.rows > 0) {
            for batch in read_batches(&staged.path)? {
                let batch = fitted(&batch.context(Kind::Environment, || "reading the staged rows")?, &keys.schema)?;
                keys.sorted.extend(keys.hashes.of(&batch)?);
            }
        }
        keys.sorted.sort_unstable();
        Ok(keys)
    }

    /// For each row, whether the extract has its key.
    fn are_known(&self, batch: &RecordBatch) -> Result<Vec<bool>> {
        Ok(self.hashes.of(batch)?.iter().map(|hash| self.sorted.binary_search(hash).is_ok()).collect())
    }

    /// Whether any row of these files has a key of the extract; reads the key's columns only.
    fn stand_in(&self, paths: &[PathBuf]) -> Result<bool> {
        for path in paths {
            for batch in read_live(path, &self.key_schema)? {
                if self.key_hashes.of(&batch?)?.iter().any(|hash| self.sorted.binary_search(hash).is_ok()) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}

/// A file of the lake with exactly the columns of `schema`.
fn read_live<'a>(path: &Path, schema: &'a SchemaRef) -> Result<impl Iterator<Item = Result<RecordBatch>> + 'a> {
    let doing = || format!("reading `{}`", path.display());
    let file = File::open(path).context(Kind::Environment, doing)?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).context(Kind::Environment, doing)?;
    let stored = builder.schema();
    let wanted = (0..stored.fields().len()).filter(|index| schema.index_of(stored.field(*index).name()).is_ok());
    let mask = ProjectionMask::roots(builder.parquet_schema(), wanted.collect::<Vec<_>>());
    let reader = builder.with_projection(mask).build().context(Kind::Environment, doing)?;
    let name = path.display().to_string();
    Ok(reader.map(move |batch| fitted(&batch.context(Kind::Environment, || format!("reading `{name}`"))?, schema)))
}
