//! The records behind a figure.
//!
//! In: an indicator, the session over pinned tables, whose acts count. Out: those that count against the unit first, then what is pending,
//! left out, and in order; each with its source file and line. Never here: personal columns ([`super::rows`] takes them out).

use std::collections::BTreeMap;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, TimestampMicrosecondArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::common::DataFusionError;
use datafusion::functions_aggregate::expr_fn::{count, sum};
use datafusion::logical_expr::{Expr, SortExpr, when};
use datafusion::prelude::{DataFrame, SessionContext, col, lit};
use serde::Serialize;

use super::rows::{DENOMINATOR, EXCLUDED, IndicatorRows, NUMERATOR, PENDING, guard, rows_of};
use super::words::Words;
use crate::calendar::{DAY_MICROSECONDS, shanghai_day, start_of_day};
use crate::compute::loads::{apart, with_loads};
use crate::compute::populations::Dependencies;
use crate::functions::{Moment, parse_bound};
use crate::ingest::AsSent;
use crate::library::Library;
use crate::library::indicator::{Better, Indicator, Window};
use crate::terms::{Month, date_from_epoch_days};

/// Records of a section that are shown unless all are asked for.
pub const SHOWN: usize = 50;

/// Whose records, and when.
pub struct Wanted<'a> {
    /// Units (or regions) whose acts count; `None` for everyone.
    pub subjects: Option<&'a [String]>,
    /// Domain; `None` for every domain.
    pub domain: Option<&'a str>,
    /// First and last month of a flow indicator.
    pub months: (Month, Month),
    /// Last month for what is pending: its deadline lies ahead, so usually after the last month that counts.
    pub pending_until: Month,
    /// The moment that the populations stand at.
    pub moment: Moment,
    /// Show every record.
    pub all: bool,
}

/// What a record is for the figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Counts against the unit.
    Against,
    /// Its deadline is still ahead.
    Pending,
    /// Left out for a named reason.
    Excluded,
    /// Counts for the unit.
    Counted,
    /// Stands in the population and in no figure.
    Outside,
}

const PARTS: [Part; 5] = [Part::Against, Part::Pending, Part::Excluded, Part::Counted, Part::Outside];

impl Part {
    /// What stands for it in the column `part`.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Against => "against",
            Self::Pending => "pending",
            Self::Excluded => "excluded",
            Self::Counted => "counted",
            Self::Outside => "outside",
        }
    }
}

/// One record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Record {
    /// Key of the source row; empty when the population has none.
    pub record_id: String,
    /// Whose act.
    pub unit: String,
    /// Last day or moment.
    pub due: String,
    /// Why it is left out, as a code that the population's comment explains.
    pub excluded_because: String,
    /// Columns that decide, with their values.
    pub facts: BTreeMap<String, String>,
    /// Source file; empty when the population has none.
    pub source_file: String,
    /// Line in that file.
    pub source_line: Option<i64>,
    /// The run whose load read them there; empty when unknown.
    pub batch_id: String,
    /// Headers and cells as the office sent them; none where nobody asked, or the file is not the one that was loaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as_sent: Option<AsSent>,
}

/// Records of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Section {
    /// What they are for the figure.
    pub part: Part,
    /// All of them.
    pub total: i64,
    /// Those that are shown, by deadline.
    pub records: Vec<Record>,
}

/// Everything behind a figure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Records {
    /// Sections that have records, worst first.
    pub sections: Vec<Section>,
    /// Rows in numerator and denominator, where the figures are plain counts of rows.
    pub counted: Option<(i64, i64)>,
    /// Whether records are judged by a numerator: a mean or an index only counts them in.
    pub has_numerator: bool,
    /// Columns on the way back to the source that the population does not have.
    pub missing: Vec<String>,
}

/// The records behind an indicator and the words for them; `None` when its SELECT has a form that can't be taken apart.
///
/// # Errors
/// SQL that does not run.
pub async fn records_of(
    context: &SessionContext,
    library: &Library,
    dependencies: &Dependencies,
    indicator: &Indicator,
    wanted: &Wanted<'_>,
) -> Result<Option<(Records, Words)>, DataFusionError> {
    let statement = parse_bound(context, &indicator.sql, wanted.moment)?;
    let plan = context.state().statement_to_plan(statement).await?;
    let Some(rows) = rows_of(&plan, library)? else { return Ok(None) };
    let narrowed = narrowed(context, &rows, indicator, wanted).await?.into_unoptimized_plan();
    let frame = context.execute_logical_plan(with_loads(narrowed)?).await?;
    let counts = totals(&frame).await?;
    let mut sections = Vec::new();
    for part in PARTS {
        let total = counts.get(part.word()).map_or(0, |counts| counts.rows);
        if total > 0 {
            sections.push(Section { part, total, records: shown(&frame, &rows, part, wanted.all).await? });
        }
    }
    let sums =
        counts.values().fold((0, 0), |(numerator, denominator), counts| (numerator + counts.numerator, denominator + counts.denominator));
    let path = ["record_id", "source_file", "source_line"];
    let missing = rows.missing.iter().filter(|name| path.contains(name)).map(|name| (*name).to_owned()).collect();
    let words = Words::of(context, library, dependencies, indicator, &rows);
    Ok(Some((Records { sections, counted: rows.adds_up.then_some(sums), has_numerator: rows.has_numerator, missing }, words)))
}

/// The column that says whose act a row is.
pub(super) fn subject_of(frame: &DataFrame) -> &'static str {
    if has(frame, "unit_id") { "unit_id" } else { "region_code" }
}

fn has(frame: &DataFrame, name: &str) -> bool {
    frame.schema().index_of_column_by_name(None, name).is_some()
}

/// The rows of the wanted units, domain and months, each with its part; the files without their loads.
pub(super) async fn narrowed(
    context: &SessionContext,
    rows: &IndicatorRows,
    indicator: &Indicator,
    wanted: &Wanted<'_>,
) -> Result<DataFrame, DataFusionError> {
    let mut frame = context.execute_logical_plan(rows.plan.clone()).await?;
    if let Some(subjects) = wanted.subjects {
        let subjects = subjects.iter().map(|subject| lit(subject.as_str())).collect();
        frame = frame.clone().filter(col(subject_of(&frame)).in_list(subjects, false))?;
    }
    if let Some(domain) = wanted.domain {
        frame = frame.filter(col("domain").eq(lit(domain)))?;
    }
    if indicator.window == Window::Flow && has(&frame, "month") {
        let date = |month: Month| Expr::Literal(datafusion::common::ScalarValue::Date32(Some(month.to_epoch_days())), None);
        let (first, last) = wanted.months;
        let ahead = col(PENDING).eq(lit(1_i64)).and(col("month").between(date(first), date(wanted.pending_until.max(last))));
        frame = frame.filter(col("month").between(date(first), date(last)).or(ahead))?;
    }
    let is = |name: &str| col(name).eq(lit(1_i64));
    let left_out = if has(&frame, "state") { col("state").eq(lit("excluded")) } else { lit(false) };
    // In a "lower is better" indicator the numerator is what went wrong; of a mean or a band nothing is.
    let against = match indicator.better {
        Better::Higher if rows.has_numerator => is(DENOMINATOR).and(!is(NUMERATOR)),
        Better::Lower if rows.has_numerator => is(NUMERATOR),
        _ => lit(false),
    };
    let part = when(is(EXCLUDED).or(left_out.and(!is(DENOMINATOR))), lit(Part::Excluded.word()))
        .when(is(PENDING), lit(Part::Pending.word()))
        .when(against, lit(Part::Against.word()))
        .when(is(DENOMINATOR).or(is(NUMERATOR)), lit(Part::Counted.word()))
        .otherwise(lit(Part::Outside.word()))?;
    frame.with_column("part", part)
}

#[derive(Default)]
struct Counts {
    rows: i64,
    numerator: i64,
    denominator: i64,
}

async fn totals(frame: &DataFrame) -> Result<BTreeMap<String, Counts>, DataFusionError> {
    let truths = |name: &str| sum(col(name)).alias(name);
    let aggregates = vec![count(lit(1)).alias("rows"), truths(NUMERATOR), truths(DENOMINATOR)];
    let batches = frame.clone().aggregate(vec![col("part")], aggregates)?.collect().await?;
    let mut counts = BTreeMap::new();
    for batch in &batches {
        let parts = cast(batch.column(0), &DataType::Utf8)?;
        let columns = [1, 2, 3].map(|index| cast(batch.column(index), &DataType::Int64));
        let [rows, numerator, denominator] = columns;
        let (rows, numerator, denominator) = (rows?, numerator?, denominator?);
        for row in 0..batch.num_rows() {
            let [rows, numerator, denominator] =
                [&rows, &numerator, &denominator].map(|column| column.as_primitive::<Int64Type>().value(row));
            counts.insert(parts.as_string::<i32>().value(row).to_owned(), Counts { rows, numerator, denominator });
        }
    }
    Ok(counts)
}

/// By deadline, then by record, so that every call shows the same ones.
pub(super) fn sort_order(frame: &DataFrame) -> Vec<SortExpr> {
    let order = ["due_on", "due_at", "month", "unit_id", "record_id", "source_file", "source_line"];
    order.into_iter().filter(|name| has(frame, name)).map(|name| col(name).sort(true, false)).collect()
}

/// The first records of a part.
async fn shown(frame: &DataFrame, rows: &IndicatorRows, part: Part, all: bool) -> Result<Vec<Record>, DataFusionError> {
    let frame = frame.clone().filter(col("part").eq(lit(part.word())))?.sort(sort_order(frame))?;
    let frame = if all { frame } else { frame.limit(0, Some(SHOWN))? };
    let mut records = Vec::new();
    for batch in frame.collect().await? {
        for row in 0..batch.num_rows() {
            records.push(record_at(&batch, row, rows)?);
        }
    }
    Ok(records)
}

/// One row as a record.
pub(super) fn record_at(batch: &RecordBatch, row: usize, rows: &IndicatorRows) -> Result<Record, DataFusionError> {
    let value = |name: &str| batch.column_by_name(name).map_or_else(|| Ok(String::new()), |column| cell(column, row));
    let (due, unit, file) = (value("due_on")?, value("unit_id")?, value("source_file")?);
    let (source_file, batch_id) = apart(&file);
    let facts = rows.facts.iter().enumerate().map(|(index, name)| Ok((name.clone(), value(&format!("fact_{index}"))?)));
    Ok(Record {
        record_id: if rows.guarded { guard(&value("record_id")?) } else { value("record_id")? },
        unit: if unit.is_empty() { value("region_code")? } else { unit },
        due: if due.is_empty() { value("due_at")? } else { due },
        excluded_because: value("excluded_because")?,
        facts: facts.collect::<Result<_, DataFusionError>>()?,
        source_file: source_file.to_owned(),
        source_line: value("source_line")?.parse().ok(),
        batch_id: batch_id.to_owned(),
        as_sent: None,
    })
}

/// A cell as people read it: instants in Shanghai time, truths as 是 and 否, nothing as nothing.
fn cell(column: &ArrayRef, row: usize) -> Result<String, DataFusionError> {
    if column.is_null(row) {
        return Ok(String::new());
    }
    if let Some(instants) = column.as_any().downcast_ref::<TimestampMicrosecondArray>() {
        let at = instants.value(row);
        let minutes = (at - start_of_day(shanghai_day(at))).rem_euclid(DAY_MICROSECONDS) / 60_000_000;
        let date = date_from_epoch_days(shanghai_day(at)).map_or_else(String::new, |date| date.to_string());
        return Ok(format!("{date} {:02}:{:02}", minutes / 60, minutes % 60));
    }
    if let Some(truths) = column.as_boolean_opt() {
        return Ok(if truths.value(row) { "是" } else { "否" }.to_owned());
    }
    Ok(ArrayFormatter::try_new(column, &FormatOptions::default())?.value(row).to_string())
}
