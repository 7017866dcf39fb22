//! A Parquet file → batches of typed columns.
//!
//! In: a file. Out: the columns that are needed, batch by batch, untouched; `source_line` is the record's number. Never here:
//! conversion.
//!
//! A few kilobytes of Parquet can stand for terabytes, because a value is written once and repeated by number. So the footer
//! and the dictionaries are looked at first, batches are as long as the longest value allows, and a file that still yields out
//! of all proportion to its size is given up.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, NullArray};
use arrow::compute::kernels::length::length;
use arrow::compute::max;
use arrow::datatypes::{DataType, Field, Int32Type, Int64Type, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Encoding, Type};
use parquet::column::page::{Page, PageReader};
use parquet::file::metadata::{ColumnChunkMetaData, RowGroupMetaData};
use parquet::file::serialized_reader::SerializedPageReader;

use super::raw::{Expect, Input, MAX_FIELD_BYTES, ReadSummary, Sink, survive_panic};
use crate::error::{Context, Error, Kind, Result};

/// A batch has at most so many rows …
const BATCH_ROWS: u64 = 32_768;
/// … and about so many bytes.
const BATCH_BYTES: u64 = 64 << 20;
const MAX_FOOTER: u64 = 32 << 20;
/// One column of one row group, unpacked: it is read page by page, but a page may be all of it.
const MAX_CHUNK: u64 = 512 << 20;
/// All items of a list column in one row group: they may stand in one record.
const MAX_LISTS: u64 = 1 << 30;
/// Beyond this many bytes a file must not yield more than so many times its size.
const RATIO_FROM: u64 = 256 << 20;
const MAX_RATIO: u64 = 1_000;

/// Reads a whole file.
pub(super) fn read(path: &Path, expect: &Expect<'_>, progress: &dyn Fn(u64), sink: &mut Sink<'_>) -> Result<ReadSummary> {
    survive_panic("Parquet file", sink, &mut |sink| read_batches(path, expect, progress, sink))
}

fn read_batches(path: &Path, expect: &Expect<'_>, progress: &dyn Fn(u64), sink: &mut Sink<'_>) -> Result<ReadSummary> {
    let mut file = File::open(path).context(Kind::Source, || "opening the file")?;
    let size = file.metadata().context(Kind::Source, || "reading the file's size")?.len();
    refuse_footer(&mut file, size)?;
    let pages = Arc::new(file.try_clone().context(Kind::Source, || "opening the file")?);
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).context(Kind::Source, || "reading the Parquet footer")?;
    let names: Vec<String> = builder.schema().fields().iter().map(|field| field.name().clone()).collect();
    let is_needed: Vec<bool> = names
        .iter()
        .map(|name| match expect {
            Expect::Known { is_known, .. } => is_known(name),
            Expect::Any | Expect::Likely { .. } => true,
        })
        .collect();
    let promised = builder.metadata().file_metadata().num_rows();
    sink(Input::Header { names, line: 0, sheet: None })?;
    let roots = is_needed.iter().enumerate().filter(|(_, needed)| **needed).map(|(root, _)| root);
    let mask = ProjectionMask::roots(builder.parquet_schema(), roots);
    let rows = rows_of_batch(&pages, builder.metadata().row_groups(), &mask)?;
    let whole = with_gaps(builder.schema(), &is_needed);
    let reader = builder.with_projection(mask).with_batch_size(rows).build().context(Kind::Source, || "opening the Parquet file")?;
    let (mut count, mut bytes) = (0_u64, 0_u64);
    for batch in reader {
        let batch = batch.context(Kind::Source, || format!("reading the records from {} on", count + 1))?;
        refuse_long_values(&batch, count)?;
        bytes += batch.get_array_memory_size() as u64;
        if bytes > RATIO_FROM && bytes / size.max(1) > MAX_RATIO {
            return Err(bomb(&format!("its records unpack to more than {MAX_RATIO} times its size")));
        }
        let first_line = count as i64 + 1;
        let before = count;
        count += batch.num_rows() as u64;
        sink(Input::Batch { batch: fill_gaps(batch, &whole, &is_needed)?, first_line })?;
        let share = |records: u64| u128::from(size) * u128::from(records) / u128::from(promised.max(1).unsigned_abs());
        progress(u64::try_from(share(count).saturating_sub(share(before))).unwrap_or(0));
    }
    if i64::try_from(count) != Ok(promised) {
        let message = format!("the file holds {count} records, and its footer promises {promised}");
        return Err(Error::new(Kind::Source, message).with_hint("the file is damaged; ask for it again"));
    }
    Ok(ReadSummary::default())
}

fn bomb(what: &str) -> Error {
    Error::new(Kind::Source, format!("the Parquet file is not read: {what}")).with_hint("few honest files are like that; export it as CSV")
}

/// The last eight bytes say how long the footer is.
fn refuse_footer(file: &mut File, size: u64) -> Result<()> {
    let cut_off = || {
        Error::new(Kind::Source, "the file has no Parquet footer (a file cut off has none)")
            .with_hint("the file was cut off, or is another format under this name; ask for it again")
    };
    let mut tail = [0; 8];
    let end = size.checked_sub(8).ok_or_else(cut_off)?;
    file.seek(SeekFrom::Start(end)).and_then(|_| file.read_exact(&mut tail)).context(Kind::Source, || "reading the Parquet footer")?;
    let length = u64::from(u32::from_le_bytes([tail[0], tail[1], tail[2], tail[3]]));
    match &tail[4..] {
        b"PAR1" if length + 12 > size => Err(cut_off()),
        b"PAR1" if length > MAX_FOOTER => Err(bomb(&format!("its footer is longer than {} MiB", MAX_FOOTER >> 20))),
        b"PAR1" => Ok(()),
        b"PARE" => Err(Error::new(Kind::Source, "the Parquet file is encrypted").with_hint("ask for it without encryption")),
        _ => Err(cut_off()),
    }
}

/// How many rows a batch may have, so that it stays small even when each of its rows repeats the longest values.
fn rows_of_batch(file: &Arc<File>, groups: &[RowGroupMetaData], mask: &ProjectionMask) -> Result<usize> {
    let leaves = groups.first().map_or(0, RowGroupMetaData::num_columns);
    let mut row_bytes = 1;
    for leaf in (0..leaves).filter(|leaf| mask.leaf_included(*leaf)) {
        let mut widest = 0;
        for group in groups {
            widest = widest.max(bytes_of_row(file, group, group.column(leaf))?);
        }
        row_bytes += widest;
    }
    Ok((BATCH_BYTES / row_bytes).clamp(1, BATCH_ROWS) as usize)
}

/// The bytes that one row of a column may need; refuses a column that is too large in itself.
fn bytes_of_row(file: &Arc<File>, group: &RowGroupMetaData, column: &ColumnChunkMetaData) -> Result<u64> {
    let name = column.column_path().string();
    let damaged = || Error::new(Kind::Source, format!("the footer gives impossible sizes for the column `{name}`"));
    let unpacked = u64::try_from(column.uncompressed_size()).map_err(|_| damaged())?;
    let values = u64::try_from(column.num_values()).map_err(|_| damaged())?;
    let rows = u64::try_from(group.num_rows()).map_err(|_| damaged())?.max(1);
    if unpacked > MAX_CHUNK {
        return Err(bomb(&format!("a row group's column `{name}` is larger than {} MiB", MAX_CHUNK >> 20)));
    }
    let longest = match column.column_type() {
        Type::BYTE_ARRAY if column.encodings().any(|encoding| encoding == Encoding::DELTA_BYTE_ARRAY) => MAX_FIELD_BYTES as u64,
        Type::BYTE_ARRAY => longest_of_dictionary(file, group, column)?.max(unpacked / values.max(1) + 1),
        Type::FIXED_LEN_BYTE_ARRAY => u64::try_from(column.column_descr().type_length()).map_err(|_| damaged())?,
        _ => 16,
    };
    if longest > MAX_FIELD_BYTES as u64 {
        return Err(too_long(&name));
    }
    if column.column_descr().max_rep_level() == 0 {
        return Ok(longest);
    }
    match values.checked_mul(longest) {
        Some(bytes) if bytes <= MAX_LISTS => Ok(longest * (values / rows + 1)),
        _ => Err(bomb(&format!("the lists of the column `{name}` may unpack to more than {} MiB", MAX_LISTS >> 20))),
    }
}

/// The longest value that a column's dictionary holds; 0 without one.
fn longest_of_dictionary(file: &Arc<File>, group: &RowGroupMetaData, column: &ColumnChunkMetaData) -> Result<u64> {
    let what = || format!("reading the dictionary of the column `{}`", column.column_path().string());
    let rows = usize::try_from(group.num_rows()).context(Kind::Source, what)?;
    let mut pages = SerializedPageReader::new(Arc::clone(file), column, rows, None).context(Kind::Source, what)?;
    let Some(Page::DictionaryPage { buf, .. }) = pages.get_next_page().context(Kind::Source, what)? else { return Ok(0) };
    // Each value is its length in four bytes, then its bytes.
    let (mut at, mut longest) = (0, 0);
    while let Some(length) = buf.get(at..at + 4) {
        let length = u32::from_le_bytes([length[0], length[1], length[2], length[3]]) as usize;
        longest = longest.max(length as u64);
        at = at.saturating_add(4).saturating_add(length);
    }
    Ok(longest)
}

fn too_long(name: &str) -> Error {
    Error::new(Kind::Source, format!("the column `{name}` holds a value longer than {MAX_FIELD_BYTES} bytes"))
}

fn refuse_long_values(batch: &RecordBatch, before: u64) -> Result<()> {
    use DataType::{Binary, BinaryView, LargeBinary, LargeUtf8, Utf8, Utf8View};
    for (field, column) in batch.schema_ref().fields().iter().zip(batch.columns()) {
        if !matches!(column.data_type(), Utf8 | LargeUtf8 | Utf8View | Binary | LargeBinary | BinaryView) {
            continue;
        }
        let lengths = length(column).context(Kind::Source, || format!("measuring the column `{}`", field.name()))?;
        let longest = match lengths.as_primitive_opt::<Int32Type>() {
            Some(lengths) => max(lengths).map(i64::from),
            None => lengths.as_primitive_opt::<Int64Type>().and_then(max),
        };
        if longest.is_some_and(|longest| longest > MAX_FIELD_BYTES as i64) {
            return Err(too_long(field.name()).while_doing(format!("reading the records from {} on", before + 1)));
        }
    }
    Ok(())
}

/// The file's schema, in which columns that are not read are of type null.
fn with_gaps(schema: &SchemaRef, is_needed: &[bool]) -> SchemaRef {
    let field = |(field, needed): (&Arc<Field>, &bool)| match needed {
        true => field.as_ref().clone(),
        false => Field::new(field.name(), DataType::Null, true),
    };
    Arc::new(Schema::new(schema.fields().iter().zip(is_needed).map(field).collect::<Vec<_>>()))
}

/// Puts the columns of a batch back to their places.
fn fill_gaps(batch: RecordBatch, whole: &SchemaRef, is_needed: &[bool]) -> Result<RecordBatch> {
    if is_needed.iter().all(|needed| *needed) {
        return Ok(batch);
    }
    let mut read = batch.columns().iter();
    let gap = || Arc::new(NullArray::new(batch.num_rows())) as ArrayRef;
    let columns = is_needed.iter().map(|needed| if *needed { read.next().map_or_else(gap, Arc::clone) } else { gap() }).collect();
    RecordBatch::try_new(Arc::clone(whole), columns).context(Kind::Source, || "arranging the records")
}
