//! One staged month → one Parquet file.
//!
//! In: an Arrow IPC file or stream whose rows are already in order. Out: a Parquet file on the disk, and what the log must say
//! about it, taken from the rows that were written. Never here: the log itself, sorting, row digests.
//!
//! Files carry no Arrow schema of ours, so that every reader sees plain Parquet types.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::{max, max_string, min, min_string};
use arrow::datatypes::{DataType, Date32Type, SchemaRef};
use arrow::error::ArrowError;
use arrow::ipc::reader::{FileReader, StreamReader};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use serde_json::{Map, Value, json};

use super::durable::{create_folders, publish_file};
use crate::error::{Context, Error, Kind, Result};
use crate::ingest::fitted;
use crate::terms::date_from_epoch_days;

/// Rows of a row group: fine enough to skip by unit, coarse enough for dictionaries to pay.
const ROW_GROUP_ROWS: usize = 256 << 10;

/// What the log must say about a written file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WrittenFile {
    pub bytes: u64,
    pub rows: u64,
    /// Milliseconds since 1970, as the file system dates the file.
    pub modified: i64,
    /// Delta's per-file statistics as JSON.
    pub statistics: String,
}

/// Writes `source` to `target` with the columns of `schema`; a column that the source lacks becomes null.
pub(super) fn write_month_file(source: &Path, schema: &SchemaRef, target: &Path) -> Result<WrittenFile> {
    let doing = || format!("writing `{}` from `{}`", target.display(), source.display());
    let write = || -> Result<WrittenFile> {
        if let Some(folder) = target.parent() {
            create_folders(folder).context(Kind::Environment, || "creating its folder")?;
        }
        let staged = staged_name(target);
        let file = File::create(&staged).context(Kind::Environment, || "creating it")?;
        let options = ArrowWriterOptions::new().with_properties(properties()?).with_skip_arrow_metadata(true);
        let mut writer = ArrowWriter::try_new_with_options(file, Arc::clone(schema), options).context(Kind::Bug, || "preparing Parquet")?;
        let mut ranges = ColumnRange::of_schema(schema);
        for batch in read_batches(source)? {
            let batch = fit(&batch.context(Kind::Environment, || "reading the staged rows")?, schema)?;
            ranges.iter_mut().for_each(|range| range.take(&batch));
            writer.write(&batch).context(Kind::Environment, || "writing rows")?;
        }
        let rows = writer.close().context(Kind::Environment, || "finishing the file")?.file_metadata().num_rows();
        publish_file(&staged, target).context(Kind::Environment, || "naming the file")?;
        let metadata = std::fs::metadata(target).context(Kind::Environment, || "reading its size")?;
        let modified = metadata.modified().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
        Ok(WrittenFile {
            bytes: metadata.len(),
            rows: rows.unsigned_abs(),
            modified: modified.and_then(|since| i64::try_from(since.as_millis()).ok()).unwrap_or_default(),
            statistics: statistics(rows, &ranges),
        })
    };
    write().map_err(|error| error.while_doing(doing()))
}

/// Beside the target, with a name that no reader takes for Parquet.
fn staged_name(target: &Path) -> PathBuf {
    let mut name = target.as_os_str().to_owned();
    name.push(".writing");
    PathBuf::from(name)
}

fn properties() -> Result<WriterProperties> {
    let level = ZstdLevel::try_new(1).context(Kind::Bug, || "compression level")?;
    Ok(WriterProperties::builder()
        .set_compression(Compression::ZSTD(level))
        .set_dictionary_enabled(true)
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        // Lists get the element name of the Parquet specification, as Spark and Delta expect it.
        .set_coerce_types(true)
        .build())
}

type Batches = Box<dyn Iterator<Item = Result<RecordBatch, ArrowError>>>;

/// Reads either form of Arrow IPC; the file form announces itself.
pub(super) fn read_batches(source: &Path) -> Result<Batches> {
    let open = || -> std::io::Result<(File, bool)> {
        let mut file = File::open(source)?;
        let mut magic = [0; 6];
        let is_file = file.read(&mut magic)? == magic.len() && &magic == b"ARROW1";
        file.seek(SeekFrom::Start(0))?;
        Ok((file, is_file))
    };
    let (file, is_file) = open().context(Kind::Environment, || "opening the staged rows")?;
    let file = BufReader::new(file);
    let unreadable = || "reading the head of the staged rows";
    Ok(match is_file {
        true => Box::new(FileReader::try_new(file, None).context(Kind::Environment, unreadable)?),
        false => Box::new(StreamReader::try_new(file, None).context(Kind::Environment, unreadable)?),
    })
}

/// The batch with exactly the columns of `schema`, in its order.
fn fit(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    if let Some(unknown) = batch.schema_ref().fields().iter().find(|field| schema.field_with_name(field.name()).is_err()) {
        return Err(Error::new(Kind::Bug, format!("staged rows have a column `{}` that the table has not", unknown.name())));
    }
    for field in schema.fields() {
        let staged = batch.column_by_name(field.name()).map(|column| column.data_type());
        if let Some(staged) = staged.filter(|staged| *staged != field.data_type()) {
            let message = format!("staged column `{}` is {staged}, the table wants {}", field.name(), field.data_type());
            return Err(Error::new(Kind::Bug, message));
        }
    }
    fitted(batch, schema)
}

/// Smallest and largest value of a column, in the text form that Delta's log wants. Dates are compared as text, which is
/// right from year 0 to 9999.
struct ColumnRange {
    index: usize,
    name: String,
    smallest: Option<String>,
    largest: Option<String>,
    nulls: usize,
}

impl ColumnRange {
    /// Ranges are kept for what readers skip by: the unit and the dates.
    fn of_schema(schema: &SchemaRef) -> Vec<Self> {
        let worth = |(_, field): &(usize, &arrow::datatypes::FieldRef)| match field.data_type() {
            DataType::Date32 => true,
            DataType::Utf8 => field.name() == "unit_id",
            _ => false,
        };
        let range = |(index, field): (usize, &arrow::datatypes::FieldRef)| Self {
            index,
            name: field.name().clone(),
            smallest: None,
            largest: None,
            nulls: 0,
        };
        schema.fields().iter().enumerate().filter(worth).map(range).collect()
    }

    fn take(&mut self, batch: &RecordBatch) {
        let column = batch.column(self.index);
        self.nulls += column.null_count();
        let (smallest, largest) = match column.data_type() {
            DataType::Date32 => {
                let days = column.as_primitive::<Date32Type>();
                let text = |day: Option<i32>| day.and_then(date_from_epoch_days).map(|date| date.to_string());
                (text(min(days)), text(max(days)))
            }
            _ => {
                let texts = column.as_string::<i32>();
                (min_string(texts).map(str::to_owned), max_string(texts).map(str::to_owned))
            }
        };
        if smallest.is_some() && (self.smallest.is_none() || smallest < self.smallest) {
            self.smallest = smallest;
        }
        if largest > self.largest {
            self.largest = largest;
        }
    }
}

fn statistics(rows: i64, ranges: &[ColumnRange]) -> String {
    let pick = |value: fn(&ColumnRange) -> Option<Value>| -> Map<String, Value> {
        ranges.iter().filter_map(|range| Some((range.name.clone(), value(range)?))).collect()
    };
    json!({
        "numRecords": rows,
        "minValues": pick(|range| range.smallest.clone().map(Value::from)),
        "maxValues": pick(|range| range.largest.clone().map(Value::from)),
        "nullCount": pick(|range| Some(Value::from(range.nulls))),
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, Date32Array, Int64Array, StringArray};
    use arrow::datatypes::{Field, Schema};
    use arrow::ipc::writer::StreamWriter;
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

    use super::*;

    fn schema() -> SchemaRef {
        let field = |name, kind| Field::new(name, kind, true);
        Arc::new(Schema::new(vec![
            field("unit_id", DataType::Utf8),
            field("opened_on", DataType::Date32),
            field("people", DataType::Int64),
        ]))
    }

    fn stage(folder: &tempfile::TempDir, batches: &[RecordBatch]) -> PathBuf {
        let path = folder.path().join("staged.arrow");
        let mut writer = StreamWriter::try_new(File::create(&path).expect("file"), batches[0].schema_ref()).expect("writer");
        batches.iter().for_each(|batch| writer.write(batch).expect("rows"));
        writer.finish().expect("end");
        path
    }

    fn batch(units: &[Option<&str>], days: &[Option<i32>]) -> RecordBatch {
        let columns: Vec<(&str, ArrayRef)> =
            vec![("opened_on", Arc::new(Date32Array::from(days.to_vec()))), ("unit_id", Arc::new(StringArray::from(units.to_vec())))];
        RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, column)| (name, column, true))).expect("columns fit")
    }

    #[test]
    fn the_log_is_told_what_was_written_and_the_file_keeps_the_order() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let staged =
            stage(&folder, &[batch(&[Some("B"), None], &[Some(20_454), None]), batch(&[Some("A"), Some("乙")], &[None, Some(20_450)])]);
        let target = folder.path().join("month=2026-01-01/file.parquet");
        let written = write_month_file(&staged, &schema(), &target).expect("written");
        let told: Value = serde_json::from_str(&written.statistics).expect("json");
        let expected = json!({
            "numRecords": 4,
            "minValues": { "unit_id": "A", "opened_on": "2025-12-28" },
            "maxValues": { "unit_id": "乙", "opened_on": "2026-01-01" },
            "nullCount": { "unit_id": 1, "opened_on": 2 },
        });
        assert_eq!((told, written.rows), (expected, 4));
        let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&target).expect("file")).expect("Parquet");
        assert!(reader.metadata().file_metadata().key_value_metadata().is_none(), "no schema of ours for other readers to trip over");
        let rows = reader.build().expect("reader").next().expect("a batch").expect("rows");
        let units: Vec<_> = rows.column_by_name("unit_id").expect("column").as_string::<i32>().iter().collect();
        assert_eq!(units, [Some("B"), None, Some("A"), Some("乙")]);
        assert_eq!(rows.column_by_name("people").expect("column").null_count(), 4, "a column that the extract lacks is null");
        assert_eq!(std::fs::read_dir(target.parent().expect("folder")).expect("listing").count(), 1, "nothing half-written stays");
    }

    #[test]
    fn staged_rows_of_another_shape_are_a_bug_that_names_the_column() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let columns: Vec<(&str, ArrayRef)> = vec![("unit_id", Arc::new(Int64Array::from(vec![1])))];
        let staged = stage(&folder, &[RecordBatch::try_from_iter(columns).expect("columns fit")]);
        let error = write_month_file(&staged, &schema(), &folder.path().join("file.parquet")).expect_err("a number is no unit");
        assert_eq!(error.kind, Kind::Bug);
        assert!(error.to_string().contains("`unit_id`"), "{error}");
    }
}
