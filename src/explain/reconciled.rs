//! The records that the units' systems and the platform do not agree on, one by one.
//!
//! In: the population that [`crate::compute::reconciliation`] counts, in a session over pinned tables. Out: one [`ReconciledRecord`] a record
//! that differs, is missing on one side, or is in transit. Never here: records that match or are left out, values of personal columns
//! (traced down to the contracts), counts.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Int64Type};
use datafusion::common::{Column, DataFusionError};
use datafusion::logical_expr::Expr;
use datafusion::prelude::{col, lit};
use jiff::civil::Date;

use super::rows::{HIDDEN, guard};
use crate::compute::loads::apart;
use crate::compute::personal::{Personal, personal};
use crate::compute::populations::Dependencies;
use crate::compute::reconciliation::{POPULATION, compared};
use crate::compute::shared::SharedPopulations;
use crate::library::Library;
use crate::terms::{Month, UnitId, date_from_epoch_days};

/// Where a record stands in the file that brought it.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Source file.
    pub file: String,
    /// Line in that file.
    pub line: Option<i64>,
    /// The run whose load read it there; empty when unknown.
    pub batch_id: String,
}

/// One record on which both sides do not agree, or not yet. Sort key: unit, domain, source table, outcome, field, date, record, the rest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReconciledRecord {
    /// Unit.
    pub unit: UnitId,
    /// Domain.
    pub domain: String,
    /// Source table of the unit's side.
    pub source_table: String,
    /// `in_transit`, `missing_on_platform`, `missing_in_system` or `differing`, as counted.
    pub outcome: String,
    /// The first field that differs, as counted; empty for other outcomes.
    pub field: String,
    /// Last day to arrive on the platform.
    pub due_on: Option<Date>,
    /// Key of the record on both sides.
    pub record_id: String,
    /// How it stands today: what `outcome` will be when it is due, or the first field that differs; empty where both sides agree.
    pub difference: String,
    /// Every field that differs, in the order of comparison.
    pub differing: Vec<Differing>,
    /// Day of the decision or inspection.
    pub event_on: Option<Date>,
    /// Day on which it was submitted; none when it was not.
    pub submitted_on: Option<Date>,
    /// On the unit's side.
    pub own: Option<Place>,
    /// On the platform's side.
    pub platform: Option<Place>,
}

/// A field that differs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Differing {
    /// Name of the field.
    pub field: String,
    /// Both values, the unit's first; none where the population does not give them or they are personal. An absent value is empty.
    pub values: Option<(String, String)>,
}

/// The records of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReconciledRecords {
    /// Records, sorted.
    pub records: Vec<ReconciledRecord>,
    /// Field and code → label, from the contracts of the tables below.
    pub labels: BTreeMap<(String, String), String>,
}

/// Every record that fell due in the months and does not agree, and every one in transit; nothing when the library has no such population.
///
/// Values stand in columns `own_<field>` and `platform_<field>`. A population that lacks one of the optional columns leaves its part empty.
///
/// # Errors
/// The session's own.
pub async fn reconciled_records(
    shared: &mut SharedPopulations<'_>,
    library: &Library,
    months: (Month, Month),
) -> Result<ReconciledRecords, DataFusionError> {
    let context = shared.context().clone();
    let Some(compared) = compared(&context, months).await else { return Ok(ReconciledRecords::default()) };
    let plan = context.sql(&compared).await?.into_unoptimized_plan();
    let names: Vec<String> = plan.schema().fields().iter().map(|field| field.name().clone()).collect();
    let held: BTreeMap<&str, Personal> = names.iter().map(String::as_str).zip(personal(&plan, library)).collect();
    let is_wanted = |name: &&String| WANTED.contains(&name.as_str()) || value_of(name).is_some() && held[name.as_str()] == Personal::No;
    let wanted: Vec<Expr> = names.iter().filter(is_wanted).map(|name| Expr::Column(Column::from_name(name))).collect();
    let agreeing = vec![lit("matched"), lit("excluded")];
    let frame = context.execute_logical_plan(plan).await?;
    let frame = frame.filter(col("outcome").in_list(agreeing, true))?.select(wanted)?;
    let key = held.get("record_id").copied().unwrap_or(Personal::No);
    let mut records = Vec::new();
    for batch in shared.answered(frame.into_unoptimized_plan()).await? {
        let rows = Rows::of(&batch)?;
        records.extend((0..batch.num_rows()).map(|row| rows.record(row, key)));
    }
    records.sort();
    Ok(ReconciledRecords { records, labels: labels(library, shared.dependencies()) })
}

/// Columns that are taken when they are there, beside the values.
const WANTED: [&str; 15] = [
    "unit_id",
    "domain",
    "source_table",
    "outcome",
    "field",
    "due_on",
    "record_id",
    "difference",
    "differing_fields",
    "event_on",
    "submitted_on",
    "source_file",
    "source_line",
    "platform_file",
    "platform_line",
];

/// What stands before the name of a field in the columns of its two values.
const SIDES: [&str; 2] = ["own_", "platform_"];

/// The field whose value a column holds.
fn value_of(column: &str) -> Option<&str> {
    SIDES.iter().find_map(|side| column.strip_prefix(side)).filter(|field| !["file", "line"].contains(field))
}

/// The columns of a batch as text, dates as days, lines as numbers.
struct Rows {
    texts: BTreeMap<String, arrow::array::ArrayRef>,
    dates: BTreeMap<String, arrow::array::ArrayRef>,
    lines: BTreeMap<String, arrow::array::ArrayRef>,
}

impl Rows {
    fn of(batch: &RecordBatch) -> Result<Self, DataFusionError> {
        let (mut texts, mut dates, mut lines) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
            let name = field.name().clone();
            match name.as_str() {
                "due_on" | "event_on" | "submitted_on" => dates.insert(name, cast(column, &DataType::Date32)?),
                "source_line" | "platform_line" => lines.insert(name, cast(column, &DataType::Int64)?),
                _ => texts.insert(name, cast(column, &DataType::Utf8)?),
            };
        }
        Ok(Self { texts, dates, lines })
    }

    /// The cell; a null is an empty text.
    fn text(&self, column: &str, row: usize) -> &str {
        self.texts.get(column).filter(|array| array.is_valid(row)).map_or("", |array| array.as_string::<i32>().value(row))
    }

    fn date(&self, column: &str, row: usize) -> Option<Date> {
        let days = self.dates.get(column).filter(|array| array.is_valid(row))?;
        date_from_epoch_days(days.as_primitive::<Date32Type>().value(row))
    }

    fn place(&self, file: &str, line: &str, row: usize) -> Option<Place> {
        let cell = Some(self.text(file, row)).filter(|cell| !cell.is_empty())?;
        let (file, batch_id) = apart(cell);
        let line = self.lines.get(line).filter(|array| array.is_valid(row)).map(|array| array.as_primitive::<Int64Type>().value(row));
        Some(Place { file: file.to_owned(), line, batch_id: batch_id.to_owned() })
    }

    fn differing(&self, row: usize) -> Vec<Differing> {
        let all = if self.texts.contains_key("differing_fields") { "differing_fields" } else { "difference" };
        let of_field = |field: &str| {
            let [own, platform] = SIDES.map(|side| format!("{side}{field}"));
            let is_shown = self.texts.contains_key(&own) && self.texts.contains_key(&platform);
            let values = is_shown.then(|| (self.text(&own, row).to_owned(), self.text(&platform, row).to_owned()));
            Differing { field: field.to_owned(), values }
        };
        self.text(all, row).split(' ').filter(|field| !field.is_empty() && !MISSING.contains(field)).map(of_field).collect()
    }

    fn record(&self, row: usize, key: Personal) -> ReconciledRecord {
        let text = |column: &str| self.text(column, row).to_owned();
        let source = self.place("source_file", "source_line", row);
        let of_platform = self.place("platform_file", "platform_line", row);
        // A record that the system does not have came with the platform's file.
        let (own, platform) =
            if self.text("difference", row) == MISSING[1] { (None, of_platform.or(source)) } else { (source, of_platform) };
        ReconciledRecord {
            unit: UnitId(text("unit_id")),
            domain: text("domain"),
            source_table: text("source_table"),
            outcome: text("outcome"),
            field: text("field"),
            due_on: self.date("due_on", row),
            record_id: match key {
                Personal::Yes => HIDDEN.to_owned(),
                Personal::No => text("record_id"),
                Personal::Derived | Personal::Text => guard(self.text("record_id", row)),
            },
            difference: text("difference"),
            differing: self.differing(row),
            event_on: self.date("event_on", row),
            submitted_on: self.date("submitted_on", row),
            own,
            platform,
        }
    }
}

/// Differences that are not of a field.
const MISSING: [&str; 2] = ["missing_on_platform", "missing_in_system"];

/// Labels of the codes that the tables below the population declare.
fn labels(library: &Library, dependencies: &Dependencies) -> BTreeMap<(String, String), String> {
    let mut labels = BTreeMap::new();
    for table in dependencies.tables_below(POPULATION) {
        for column in library.tables.get(&table).into_iter().flat_map(|table| &table.columns) {
            for (code, words) in &column.codes {
                if let Some(word) = words.first() {
                    labels.entry((column.name.clone(), code.clone())).or_insert_with(|| word.clone());
                }
            }
        }
    }
    labels
}
