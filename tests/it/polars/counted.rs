//! Rows of the lake as they count, for Polars, and what a row is asked: days, months, limits, states.
//!
//! In: Parquet files, the published work calendar. Out: lazy frames in which a day is the number of days since 1970 and an instant that of
//! microseconds, both as clocks in Shanghai show them; the unit that answers for a row in place of one that has ended; the domain of a row
//! that left it open. Never here: an indicator; kaohe's reader, calendar or attribution.
//!
//! What the samples never leave open is not asked for: a unit has one row in the registry, and at most one successor, which has none.

use std::fs;
use std::path::{Path, PathBuf};

use ::polars::prelude::{
    Column, DataFrame, DataType, ExplodeOptions, Expr, IntoLazy, LazyFrame, NamedFrom, PolarsResult, Series, UnionArgs, by_name, col,
    concat, lit, when,
};
use arrow::array::{ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType as Arrow, Float64Type, Int32Type, Int64Type, TimeUnit};
use jiff::ToSpan;
use jiff::civil::{Date, date};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

/// Microseconds of a day.
pub const DAY: i64 = 86_400_000_000;
/// Shanghai is eight hours ahead.
const SHANGHAI: i64 = 8 * 3_600_000_000;

/// The lake, and who answers for its rows.
pub struct Sample {
    lake: PathBuf,
    /// `ended`, `successor`, `since`: units that have ended, their successors, their own first days.
    followed: LazyFrame,
    /// The registry without those that have a successor, which has been there since the first day of whom it follows.
    pub units: LazyFrame,
    /// `unit`, `ancestor`; each unit is its own first.
    pub ancestors: LazyFrame,
}

impl Sample {
    pub fn open(lake: PathBuf, as_of: Date) -> PolarsResult<Self> {
        let sent = stored(&files_of(&lake.join("units")))?;
        let has_ended = known(col("valid_to").lt(lit(days(as_of)))).and(col("replaced_by").is_not_null());
        let ended = [col("unit_id").alias("ended"), col("replaced_by").alias("successor"), col("valid_from").alias("since")];
        let followed = sent.clone().filter(has_ended.clone()).select(ended).collect()?.lazy();
        let since = followed.clone().group_by([col("successor")]).agg([col("since").min()]);
        let first = earlier(col("valid_from"), col("since")).alias("valid_from");
        let units = sent.filter(has_ended.not()).left_join(since, col("unit_id"), col("successor")).with_column(first);
        let units = answering(units.with_column(col("valid_to").fill_null(lit(i32::MAX))), &followed, "parent_unit_id").collect()?.lazy();
        let parents = units.clone().select([col("unit_id").alias("child"), col("parent_unit_id").alias("parent")]);
        let mut above = units.clone().select([col("unit_id").alias("unit"), col("unit_id").alias("ancestor")]);
        let mut all = vec![above.clone()];
        for _tier in ["county", "city", "province"] {
            above = above.inner_join(parents.clone(), col("ancestor"), col("child")).select([col("unit"), col("parent").alias("ancestor")]);
            all.push(above.clone());
        }
        let ancestors = concat(all, UnionArgs::default())?.filter(col("ancestor").is_not_null()).collect()?.lazy();
        Ok(Self { lake, followed, units, ancestors })
    }

    /// Rows of a source table that its source has not deleted, as they were sent.
    pub fn sent(&self, table: &str) -> PolarsResult<LazyFrame> {
        let mut rows = stored(&files_of(&self.lake.join(table)))?;
        let has_operation = rows.collect_schema()?.contains("source_operation");
        Ok(if has_operation { rows.filter(or_true(col("source_operation").neq(lit("delete")))) } else { rows })
    }

    /// [`Self::placed`], and the rest stands under other.
    pub fn counted(&self, table: &str, unit: &str) -> PolarsResult<LazyFrame> {
        let mut rows = self.placed(table, unit)?;
        let has_domain = rows.collect_schema()?.contains("domain");
        Ok(if has_domain { rows.with_column(col("domain").fill_null(lit("other"))) } else { rows })
    }

    /// [`Self::placed`], and the rest stands under the domain of its case, else under other.
    pub fn counted_by_case(&self, table: &str, unit: &str) -> PolarsResult<LazyFrame> {
        let cases = self.counted("cases", "unit_id")?.select([col("case_id").alias("case"), col("domain").alias("case_domain")]);
        let rows = self.placed(table, unit)?.left_join(cases, col("case_id"), col("case"));
        Ok(rows.with_column(col("domain").fill_null(col("case_domain")).fill_null(lit("other"))))
    }

    /// Rows with the unit that answers for them, and a domain that was left open or called other where it is known: the only one of the
    /// unit, else the one under which every list of powers has the item of the row.
    pub fn placed(&self, table: &str, unit: &str) -> PolarsResult<LazyFrame> {
        let mut rows = answering(self.sent(table)?, &self.followed, unit);
        let schema = rows.collect_schema()?;
        if !schema.contains("domain") {
            return Ok(rows);
        }
        let is_open = |domain: &str| or_true(col(domain).eq(lit("other")));
        let sole = [col("unit_id").alias("of_one_domain"), col("domain_list").list().first().alias("sole_domain")];
        let sole = self.units.clone().filter(col("domain_list").list().len().eq(lit(1))).select(sole);
        rows = rows.left_join(sole.filter(is_open("sole_domain").not()), col(unit), col("of_one_domain"));
        let mut told = col("sole_domain");
        if table != "item_lists" && schema.contains("item_code") {
            let domains = [col("domain").n_unique().alias("domains"), col("domain").first().alias("item_domain")];
            let listed = self.sent("item_lists")?.filter(is_open("domain").not()).group_by([col("item_code").alias("item")]).agg(domains);
            let listed = listed.filter(col("domains").eq(lit(1))).select([col("item"), col("item_domain")]);
            rows = rows.left_join(listed, col("item_code"), col("item"));
            told = told.fill_null(col("item_domain"));
        }
        let put = when(is_open("domain")).then(told.fill_null(col("domain"))).otherwise(col("domain"));
        Ok(rows.with_column(put.alias("domain")))
    }

    /// A column of units as those that answer for them.
    pub fn answering(&self, rows: LazyFrame, unit: &str) -> LazyFrame {
        answering(rows, &self.followed, unit)
    }

    /// Units that are there on the day, by each of their domains: `unit_id`, `tier`, `region_code`, `domain`.
    pub fn units_by_domain(&self, day: i32) -> LazyFrame {
        let is_there = col("valid_from").lt_eq(lit(day)).and(col("valid_to").gt_eq(lit(day)));
        let columns = [col("unit_id"), col("tier"), col("region_code"), col("domain_list").alias("domain")];
        each_of(self.units.clone().filter(is_there).select(columns), "domain").with_column(col("domain").fill_null(lit("other")))
    }
}

/// Parquet files, with days and instants as numbers.
pub fn stored(files: &[PathBuf]) -> PolarsResult<LazyFrame> {
    let frames = files.iter().flat_map(|file| {
        let file = fs::File::open(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        ParquetRecordBatchReaderBuilder::try_new(file).expect("a Parquet file").build().expect("its rows")
    });
    let frames = frames.map(|batch| {
        let batch = batch.expect("rows");
        let columns: Vec<Column> =
            batch.schema().fields().iter().zip(batch.columns()).map(|(field, array)| column(field.name(), array)).collect();
        Ok(DataFrame::new(batch.num_rows(), columns)?.lazy())
    });
    concat(frames.collect::<PolarsResult<Vec<_>>>()?, UnionArgs::default())?.collect().map(IntoLazy::lazy)
}

/// A column's cells: texts, lists of texts, truths, days, microseconds in Shanghai, other numbers.
fn column(name: &str, array: &ArrayRef) -> Column {
    let to = |kind: &Arrow| cast(array, kind).unwrap_or_else(|error| panic!("{name}: {error}"));
    match array.data_type() {
        Arrow::Boolean => Column::new(name.into(), array.as_boolean().iter().collect::<Vec<_>>()),
        Arrow::Date32 => Column::new(name.into(), to(&Arrow::Int32).as_primitive::<Int32Type>().iter().collect::<Vec<_>>()),
        Arrow::Timestamp(TimeUnit::Microsecond, _) => {
            let instants = to(&Arrow::Int64);
            Column::new(name.into(), instants.as_primitive::<Int64Type>().iter().map(|at| Some(at? + SHANGHAI)).collect::<Vec<_>>())
        }
        Arrow::List(_) => {
            let list = |cell: ArrayRef| Series::new("".into(), texts(&cell));
            let lists = Column::new(name.into(), array.as_list::<i32>().iter().map(|cell| cell.map(list)).collect::<Vec<_>>());
            // Where no cell has a list, nothing says of what.
            lists.cast(&DataType::List(Box::new(DataType::String))).expect("lists of texts")
        }
        kind if kind.is_integer() => Column::new(name.into(), to(&Arrow::Int64).as_primitive::<Int64Type>().iter().collect::<Vec<_>>()),
        kind if kind.is_numeric() => Column::new(name.into(), to(&Arrow::Float64).as_primitive::<Float64Type>().iter().collect::<Vec<_>>()),
        _ => Column::new(name.into(), texts(array)),
    }
}

fn texts(array: &ArrayRef) -> Vec<Option<String>> {
    let texts = cast(array, &Arrow::Utf8).expect("texts");
    texts.as_string::<i32>().iter().map(|text| text.map(str::to_owned)).collect()
}

/// The Parquet files of a table in the lake.
fn files_of(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())).flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if path.is_dir() {
            files.extend(files_of(&path));
        } else if name.starts_with('v') && name.ends_with(".parquet") {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn answering(rows: LazyFrame, followed: &LazyFrame, unit: &str) -> LazyFrame {
    let successors = followed.clone().select([col("ended"), col("successor").alias("answering")]);
    let rows = rows.left_join(successors, col(unit), col("ended")).with_column(col("answering").fill_null(col(unit)).alias(unit));
    rows.drop(by_name(["answering"], true, false))
}

/// One row for each of a list; one without a value where there is none.
pub fn each_of(rows: LazyFrame, list: &str) -> LazyFrame {
    rows.explode(by_name([list], true, false), ExplodeOptions { empty_as_null: true, keep_nulls: true })
}

/// What is not known is false.
pub fn known(condition: Expr) -> Expr {
    condition.fill_null(lit(false))
}

/// What is not known is true.
pub fn or_true(condition: Expr) -> Expr {
    condition.fill_null(lit(true))
}

/// The lower of two numbers, or the one that is there.
pub fn earlier(one: Expr, other: Expr) -> Expr {
    when(other.clone().lt(one.clone()).fill_null(one.clone().is_null())).then(other).otherwise(one)
}

/// The higher of two numbers, or the one that is there.
pub fn later(one: Expr, other: Expr) -> Expr {
    when(other.clone().gt(one.clone()).fill_null(one.clone().is_null())).then(other).otherwise(one)
}

pub fn is_one_of(column: Expr, words: &[&str]) -> Expr {
    known(words.iter().map(|word| column.clone().eq(lit(*word))).fold(lit(false), Expr::or))
}

/// Whether a day lies in the window, its last day included.
pub fn is_within(day: &str, first: i32, last: i32) -> Expr {
    col(day).gt_eq(lit(first)).and(col(day).lt_eq(lit(last)))
}

pub fn days(day: Date) -> i32 {
    (day.duration_since(date(1970, 1, 1)).as_hours() / 24) as i32
}

pub fn day_of(instant: Expr) -> Expr {
    instant.floor_div(lit(DAY)).cast(DataType::Int32)
}

/// 24:00 of a day.
pub fn end_of(day: Expr) -> Expr {
    (day.cast(DataType::Int64) + lit(1_i64)) * lit(DAY)
}

/// 202601 for a day of January 2026, counted in eras of 400 years that begin on 1 March (Hinnant, chrono-compatible low-level date algorithms).
pub fn month_of(day: Expr) -> Expr {
    let whole = |number: Expr, by: i64| number.floor_div(lit(by));
    let day = day.cast(DataType::Int64) + lit(719_468_i64);
    let era = whole(day.clone(), 146_097);
    let of_era = day - era.clone() * lit(146_097_i64);
    let leaps = whole(of_era.clone(), 1_460) - whole(of_era.clone(), 36_524) + whole(of_era.clone(), 146_096);
    let year = whole(of_era.clone() - leaps, 365);
    let of_year = of_era - (lit(365_i64) * year.clone() + whole(year.clone(), 4) - whole(year.clone(), 100));
    let from_march = whole(lit(5_i64) * of_year + lit(2_i64), 153);
    let is_next_year = from_march.clone().gt_eq(lit(10_i64));
    let month = from_march + when(is_next_year.clone()).then(lit(-9_i64)).otherwise(lit(3_i64));
    let year = year + era * lit(400_i64) + when(is_next_year).then(lit(1_i64)).otherwise(lit(0_i64));
    (year * lit(100_i64) + month).cast(DataType::Int32)
}

/// `start` and `last`: the last day of a limit, for every day of the published calendar.
pub fn last_days(last_of: impl Fn(Date) -> Option<Date>) -> PolarsResult<LazyFrame> {
    let starts: Vec<Date> = date(2004, 1, 1).series(1.day()).take_while(|day| *day <= date(2026, 12, 31)).collect();
    let last: Vec<Option<i32>> = starts.iter().map(|start| last_of(*start).map(days)).collect();
    let starts: Vec<i32> = starts.into_iter().map(days).collect();
    Ok(DataFrame::new_infer_height(vec![Column::new("start".into(), starts), Column::new("last".into(), last)])?.lazy())
}

/// [`last_days`] of so many working days: the day that starts the limit does not count.
pub fn working_days(amount: usize) -> PolarsResult<LazyFrame> {
    let calendar = Path::new(env!("CARGO_MANIFEST_DIR")).join("queries/reference/work_calendar.csv");
    let calendar = fs::read_to_string(calendar).expect("the calendar is there");
    let worked = |line: &str| line[10..].starts_with(",1,").then(|| line[..10].parse::<Date>().expect("a date"));
    let worked: Vec<Date> = calendar.lines().skip(1).filter_map(worked).collect();
    last_days(|start| worked.get(worked.partition_point(|day| *day <= start) + amount - 1).copied())
}
