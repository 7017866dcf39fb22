//! Result tables as Parquet files whose bytes depend on the rows alone.
//!
//! In: [`ResultTable`]s. Out: `<name>.parquet`, counted again from its own footer, and its blake3 hash; files read back. Never here: times, paths,
//! machine names; the same rows written twice are the same bytes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Decimal128Type, Int64Type};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::{KeyValue, SortingColumn};
use parquet::file::properties::{WriterProperties, WriterVersion};
use parquet::file::reader::{FileReader, SerializedFileReader};

use rust_decimal::Decimal;

use super::ResultTable;
use crate::error::{Context, Error, Kind, Result};
use crate::side_by_side::side_by_side;
use crate::terms::UnitId;

/// One written table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableFile {
    /// Name of the table.
    pub name: String,
    /// Rows, as its footer says.
    pub rows: u64,
    /// Size.
    pub bytes: u64,
    /// Hash of the file, in hexadecimal.
    pub blake3: String,
}

/// Rows of one row group: large enough for every result table of a province to be a few groups.
const GROUP_ROWS: usize = 1 << 18;

/// Writes every table into `dir`, on at most `threads` threads.
pub fn write_tables(tables: &[ResultTable], dir: &Path, threads: usize) -> Result<Vec<TableFile>> {
    fs::create_dir_all(dir).context(Kind::Environment, || format!("creating {}", dir.display()))?;
    side_by_side(tables, threads, |table| write_table(table, dir))
}

fn write_table(table: &ResultTable, dir: &Path) -> Result<TableFile> {
    let bytes = encode(table)?;
    let reader = SerializedFileReader::new(bytes.clone()).context(Kind::Bug, || format!("reading result table `{}` again", table.name))?;
    let rows = reader.metadata().file_metadata().num_rows();
    if usize::try_from(rows) != Ok(table.rows_total) {
        return Err(Error::new(Kind::Bug, format!("result table `{}` was written with {rows} of {} rows", table.name, table.rows_total)));
    }
    let path = dir.join(format!("{}.parquet", table.name));
    fs::write(&path, &bytes).context(Kind::Environment, || format!("writing {}", path.display()))?;
    Ok(TableFile {
        name: table.name.to_owned(),
        rows: table.rows_total as u64,
        bytes: bytes.len() as u64,
        blake3: blake3::hash(&bytes).to_hex().to_string(),
    })
}

/// Ranks by unit and domain, read back from a result table; an absent table has none.
pub fn read_ranks(path: &Path) -> Result<BTreeMap<(UnitId, String), u32>> {
    let doing = || format!("reading {}", path.display());
    let places = read_of_objects(path, "rank", &DataType::Int64, |column, row| column.as_primitive::<Int64Type>().value(row))?;
    places.into_iter().map(|(object, place)| Ok((object, u32::try_from(place).context(Kind::Bug, doing)?))).collect()
}

/// The total of each object that has one.
pub fn read_totals(path: &Path) -> Result<BTreeMap<(UnitId, String), Decimal>> {
    let kind = DataType::Decimal128(38, 12);
    let total = |column: &ArrayRef, row| Decimal::try_from_i128_with_scale(column.as_primitive::<Decimal128Type>().value(row), 12);
    let totals = read_of_objects(path, "total", &kind, total)?;
    let doing = || format!("reading {}", path.display());
    totals.into_iter().map(|(object, total)| Ok((object, total.context(Kind::Bug, doing)?.normalize()))).collect()
}

/// Peer group, total, rank, grade.
pub type Shown = (String, Option<Decimal>, Option<u32>, Option<String>);

/// What a table of ranks shows of each object.
///
/// # Errors
/// A table that is missing or can't be read.
pub fn read_shown(path: &Path) -> Result<BTreeMap<(UnitId, String), Shown>> {
    let text = |column: &ArrayRef, row| column.as_string::<i32>().value(row).to_owned();
    let groups = read_of_objects(path, "peer_group", &DataType::Utf8, text)?;
    if groups.is_empty() {
        return Err(Error::new(Kind::Environment, format!("{} shows nobody", path.display())));
    }
    let (totals, ranks, grades) = (read_totals(path)?, read_ranks(path)?, read_of_objects(path, "grade", &DataType::Utf8, text)?);
    let shown = |(object, group): ((UnitId, String), String)| {
        let of = (group, totals.get(&object).copied(), ranks.get(&object).copied(), grades.get(&object).cloned());
        (object, of)
    };
    Ok(groups.into_iter().map(shown).collect())
}

/// One column of `ranks`, where it has a value; an absent file is an empty table.
fn read_of_objects<T>(
    path: &Path,
    column: &str,
    kind: &DataType,
    of: impl Fn(&ArrayRef, usize) -> T,
) -> Result<BTreeMap<(UnitId, String), T>> {
    let doing = || format!("reading {}", path.display());
    let mut found = BTreeMap::new();
    if !path.is_file() {
        return Ok(found);
    }
    for batch in open_table(path)? {
        let batch = batch.context(Kind::Environment, doing)?;
        let of_kind =
            |name: &str, kind: &DataType| batch.column_by_name(name).map(|column| cast(column, kind)).transpose().context(Kind::Bug, doing);
        let columns = (of_kind("unit_id", &DataType::Utf8)?, of_kind("domain", &DataType::Utf8)?, of_kind(column, kind)?);
        let (Some(units), Some(domains), Some(values)) = columns else { continue };
        let (units, domains) = (units.as_string::<i32>(), domains.as_string::<i32>());
        for row in (0..batch.num_rows()).filter(|row| values.is_valid(*row)) {
            found.insert((UnitId::from(units.value(row)), domains.value(row).to_owned()), of(&values, row));
        }
    }
    Ok(found)
}

/// Unit, scorecard, indicator → the figure as it is written, and its score.
pub type Published = BTreeMap<(String, String, String), (String, Option<Decimal>)>;

/// What a table of values shows.
///
/// # Errors
/// A table that is missing or can't be read.
pub fn read_published(path: &Path, is_ratio: impl Fn(&str) -> bool) -> Result<Published> {
    let doing = || format!("reading {}", path.display());
    let mut found = BTreeMap::new();
    for batch in open_table(path)? {
        let batch = batch.context(Kind::Environment, doing)?;
        let column = |name: &str, kind: &DataType| {
            let column = batch.column_by_name(name);
            let column = column.ok_or_else(|| Error::new(Kind::Environment, format!("no column `{name}`")).while_doing(doing()))?;
            cast(column, kind).context(Kind::Environment, doing)
        };
        let [units, domains, indicators] = ["unit_id", "domain", "indicator"].map(|name| column(name, &DataType::Utf8));
        let (units, domains, indicators) = (units?, domains?, indicators?);
        let [units, domains, indicators] = [&units, &domains, &indicators].map(|texts| texts.as_string::<i32>());
        let [numerators, denominators, values, scores] =
            ["numerator", "denominator", "value", "score"].map(|name| column(name, &DataType::Decimal128(38, 12)));
        let (numerators, denominators, values, scores) = (numerators?, denominators?, values?, scores?);
        let number = |numbers: &ArrayRef, row: usize| -> Result<Option<Decimal>> {
            let numbers = numbers.as_primitive::<Decimal128Type>();
            let number = numbers.is_valid(row).then(|| Decimal::try_from_i128_with_scale(numbers.value(row), 12));
            Ok(number.transpose().context(Kind::Environment, doing)?.map(|number| number.normalize()))
        };
        for row in 0..batch.num_rows() {
            let indicator = indicators.value(row);
            let figure = match (number(&numerators, row)?, number(&denominators, row)?) {
                (Some(numerator), Some(denominator)) if is_ratio(indicator) => Some(format!("{numerator}/{denominator}")),
                _ => number(&values, row)?.map(|value| value.to_string()),
            };
            let Some(figure) = figure else { continue };
            let key = (units.value(row).to_owned(), domains.value(row).to_owned(), indicator.to_owned());
            found.insert(key, (figure, number(&scores, row)?));
        }
    }
    Ok(found)
}

/// A table's batches, one after another.
///
/// # Errors
/// A file that is missing or damaged.
pub fn open_table(path: &Path) -> Result<ParquetRecordBatchReader> {
    let doing = || format!("reading {}", path.display());
    let file = fs::File::open(path).context(Kind::Environment, doing)?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file);
    builder.and_then(ParquetRecordBatchReaderBuilder::build).context(Kind::Environment, doing)
}

/// The file's bytes.
pub fn encode(table: &ResultTable) -> Result<Bytes> {
    let doing = || format!("writing result table `{}`", table.name);
    let level = ZstdLevel::try_new(3).context(Kind::Bug, doing)?;
    let place = |key: &&str| table.batch.schema().index_of(key).context(Kind::Bug, doing);
    let keys: Vec<usize> = table.sorted_by.iter().map(place).collect::<Result<_>>()?;
    let sorting = keys.into_iter().map(|column| SortingColumn { column_idx: column as i32, descending: false, nulls_first: true });
    let properties = WriterProperties::builder()
        .set_writer_version(WriterVersion::PARQUET_1_0)
        .set_created_by(concat!("kaohe ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::ZSTD(level))
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .set_sorting_columns(Some(sorting.collect()))
        .set_key_value_metadata(Some(vec![
            KeyValue::new("kaohe.rows_total".to_owned(), table.rows_total.to_string()),
            KeyValue::new("kaohe.sorted_by".to_owned(), table.sorted_by.join(",")),
        ]))
        .build();
    let mut writer = ArrowWriter::try_new(Vec::new(), table.batch.schema(), Some(properties)).context(Kind::Bug, doing)?;
    writer.write(&table.batch).context(Kind::Bug, doing)?;
    Ok(Bytes::from(writer.into_inner().context(Kind::Bug, doing)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture::province;
    use crate::report::tables::tables;
    use arrow::array::{Array, AsArray};
    use arrow::datatypes::{DataType, Decimal128Type};
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

    #[test]
    fn the_same_rows_are_the_same_bytes_in_whatever_order_they_came() {
        let mut shuffled = province();
        let backwards: Vec<_> = shuffled.measures.iter().collect();
        shuffled.measures = backwards.iter().rev().copied().collect();
        shuffled.scorecards.values.reverse();
        shuffled.scorecards.scores.reverse();
        shuffled.scorecards.ranks.reverse();
        shuffled.detected.findings.reverse();
        shuffled.charts.reverse();
        shuffled.burden.rows.reverse();
        shuffled.synergy.pairs.reverse();
        shuffled.accounting.reverse();
        shuffled.line_events.reverse();
        for (a, b) in tables(&province()).expect("tables").iter().zip(tables(&shuffled).expect("tables")) {
            assert_eq!(encode(a).expect("bytes"), encode(&b).expect("bytes"), "{}", a.name);
        }
    }

    #[test]
    fn what_is_written_can_be_read_and_is_exact() {
        let folder = tempfile::tempdir().expect("a folder");
        let input = province();
        let written = write_tables(&tables(&input).expect("tables"), folder.path(), 2).expect("files");
        assert_eq!(written.len(), 36);
        let ranks = fs::File::open(folder.path().join("ranks.parquet")).expect("the file");
        let reader = ParquetRecordBatchReaderBuilder::try_new(ranks).expect("parquet").build().expect("a reader");
        let batches: Vec<_> = reader.map(|batch| batch.expect("a batch")).collect();
        let totals = batches[0].column_by_name("total").expect("total");
        assert_eq!(totals.data_type(), &DataType::Decimal128(38, 12));
        let mut expected: Vec<_> = input.scorecards.ranks.iter().collect();
        expected.sort_by_key(|rank| (&rank.unit, &rank.domain));
        for (place, rank) in expected.iter().enumerate() {
            let total = rank.total.expect("the fixture has totals");
            assert_eq!(totals.as_primitive::<Decimal128Type>().value(place), total.mantissa() * 10_i128.pow(12 - total.scale()));
        }
    }

    #[test]
    fn a_table_that_lost_a_row_is_not_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut tables = tables(&province()).expect("tables");
        tables[0].batch = tables[0].batch.slice(1, tables[0].batch.num_rows() - 1);
        let refused = write_tables(&tables, folder.path(), 2).expect_err("one row is missing").to_string();
        assert!(refused.contains("`measures`"), "{refused}");
        assert!(!folder.path().join("measures.parquet").exists());
    }

    #[test]
    fn rows_stand_in_their_declared_order() {
        for table in tables(&province()).expect("tables") {
            let columns: Vec<_> =
                table.sorted_by.iter().map(|key| table.batch.column_by_name(key).expect("a key column").clone()).collect();
            let columns: Vec<_> = columns.into_iter().map(|values| arrow::compute::SortColumn { values, options: None }).collect();
            let order = arrow::compute::lexsort_to_indices(&columns, None).expect("an order");
            let twisted = order.values().iter().zip(0..).filter(|(place, row)| **place != *row).count();
            assert_eq!(twisted, 0, "{}", table.name);
        }
    }
}
