//! Rows of the two indices out of the session.
//!
//! In: a session in which populations stand. Out: plain rows for [`super::synergy`] and [`super::burden`]. Never here: arithmetic; what a
//! duty, a patrol or a comparable penalty is: populations say that, for the indicators alike.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Decimal128Type, Int64Type};
use datafusion::prelude::SessionContext;
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::burden::PanelRow;
use super::synergy::{Border, Origin, Patrol, Penalty, SynergyParameters, SynergyRows, Transaction};
use crate::compute::loads::{apart, with_loads};
use crate::error::{Context, Kind, Result};
use crate::terms::date_from_epoch_days;

/// Populations that the synergy index reads: what a duty, a patrol and a comparable penalty is stands there, and for the indicators alike.
pub const SYNERGY_POPULATIONS: [&str; 4] = ["border_duties", "border_patrols", "penalties_in_bands", "unit_spans"];
/// Source tables that it reads beside them.
pub const SYNERGY_SOURCES: [&str; 1] = ["region_adjacency"];

/// Source tables that the burden index reads.
pub const BURDEN_SOURCES: [&str; 1] = ["enterprise_burden_samples"];

/// Duties of one side: to hand a lead on (T), to answer (A), to feed back (R). Of a lead that nobody sent the duty counts from the day on which
/// it was known, whatever its deadline.
const TRANSACTIONS: &str = "
SELECT CASE duty WHEN 'hand_over' THEN 'T' WHEN 'feed_back' THEN 'R' ELSE 'A' END AS part,
       region, neighbour, domain, begun_on, due_on, done_on, source_table, record_id, unit_id, source_file, source_line
FROM border_duties
WHERE excluded_because IS NULL
  AND (due_on BETWEEN DATE '$from' AND DATE '$until' OR duty = 'hand_over' AND begun_on BETWEEN DATE '$from' AND DATE '$until')";

/// Border patrols with what each side recorded in its own system.
const PATROLS: &str = "
SELECT region_a, region_b, domain, patrolled_on, minutes, recorded_by_a, recorded_by_b
FROM border_patrols
WHERE excluded_because IS NULL AND region_a IS NOT NULL AND region_b IS NOT NULL AND patrolled_on BETWEEN DATE '$from' AND DATE '$until'";

/// Fines by their place in the benchmark's band.
const PENALTIES: &str = "
SELECT region, domain, concat(item_code, '/', severity) AS kind, band_position
FROM penalties_in_bands
WHERE band_position IS NOT NULL AND decided_on BETWEEN DATE '$from' AND DATE '$until'";

const BORDERS: &str = "SELECT substr(region_a, 1, 6) AS region_a, substr(region_b, 1, 6) AS region_b, cross_province, required_patrols
FROM region_adjacency";

/// Counties in which a unit stands on the last day.
const REGIONS: &str = "
SELECT DISTINCT substr(region_code, 1, 6) AS region
FROM unit_spans
WHERE region_code IS NOT NULL AND substr(region_code, 1, 6) NOT LIKE '%00' AND DATE '$until' BETWEEN valid_from AND valid_to
ORDER BY region";

/// The panel; cities are the first four digits.
const PANEL: &str = "SELECT sample_id, concat(substr(region_code, 1, 4), '00') AS city, coalesce(stratum, '') AS stratum, quarter,
       coalesce(weight, 1) AS weight, visits_reported, hours_materials, hours_escort, cost_other, cost_equipment
FROM enterprise_burden_samples WHERE quarter_start <= DATE '$until'";

/// A template with its dates filled in.
fn dated(sql: &str, parameters: &SynergyParameters) -> String {
    sql.replace("$until", &parameters.until.to_string()).replace("$from", &parameters.from.to_string())
}

/// Everything that the synergy index reads, for deadlines and patrols of the parameters' span. [`SYNERGY_POPULATIONS`] stand in the session, at
/// the as-of moment.
///
/// # Errors
/// A population or table that the session does not have, or a failed read.
pub async fn synergy_rows(session: &SessionContext, parameters: &SynergyParameters) -> Result<SynergyRows> {
    let dated = |sql: &str| dated(sql, parameters);
    let mut rows = SynergyRows::default();
    for batch in query(session, &dated(TRANSACTIONS), "transactions across borders").await? {
        let (part, region, neighbour, domain) =
            (Texts::of(&batch, 0)?, Texts::of(&batch, 1)?, Texts::of(&batch, 2)?, Texts::of(&batch, 3)?);
        let (begun, due, done) = (Days::of(&batch, 4)?, Days::of(&batch, 5)?, Days::of(&batch, 6)?);
        let (table, record, unit, file) = (Texts::of(&batch, 7)?, Texts::of(&batch, 8)?, Texts::of(&batch, 9)?, Texts::of(&batch, 10)?);
        let line = Numbers::of(&batch, 11)?;
        for row in 0..batch.num_rows() {
            let (Some(begun_on), Some(due_on)) = (begun.get(row), due.get(row)) else { continue };
            let (file, load) = apart(file.get(row));
            rows.transactions.push(Transaction {
                part: part.get(row).chars().next().unwrap_or('T'),
                region: region.get(row).to_owned(),
                neighbour: neighbour.get(row).to_owned(),
                domain: domain.get(row).to_owned(),
                begun_on,
                due_on,
                done_on: done.get(row),
                origin: Origin {
                    table: table.get(row).to_owned(),
                    record_id: record.get(row).to_owned(),
                    unit: unit.get(row).to_owned(),
                    source_file: file.to_owned(),
                    source_line: line.whole(row),
                    batch_id: load.to_owned(),
                },
            });
        }
    }
    for batch in query(session, &dated(PATROLS), "joint patrols").await? {
        let (a, b, domain, on) = (Texts::of(&batch, 0)?, Texts::of(&batch, 1)?, Texts::of(&batch, 2)?, Days::of(&batch, 3)?);
        let (minutes, by_a, by_b) = (Numbers::of(&batch, 4)?, batch.column(5).as_boolean(), batch.column(6).as_boolean());
        for row in 0..batch.num_rows() {
            let Some(patrolled_on) = on.get(row) else { continue };
            rows.patrols.push(Patrol {
                region_a: a.get(row).to_owned(),
                region_b: b.get(row).to_owned(),
                domain: domain.get(row).to_owned(),
                patrolled_on,
                minutes: minutes.whole(row),
                recorded_by_a: by_a.value(row),
                recorded_by_b: by_b.value(row),
            });
        }
    }
    for batch in query(session, &dated(PENALTIES), "penalties with a benchmark").await? {
        let (region, domain, kind) = (Texts::of(&batch, 0)?, Texts::of(&batch, 1)?, Texts::of(&batch, 2)?);
        let position = Numbers::with_scale(&batch, 3, 6)?;
        for row in 0..batch.num_rows() {
            let Some(position) = position.get(row) else { continue };
            let (region, domain, kind) = (region.get(row).to_owned(), domain.get(row).to_owned(), kind.get(row).to_owned());
            rows.penalties.push(Penalty { region, domain, kind, position });
        }
    }
    for batch in query(session, BORDERS, "borders").await? {
        let (a, b, required) = (Texts::of(&batch, 0)?, Texts::of(&batch, 1)?, Numbers::of(&batch, 3)?);
        let cross_province = batch.column(2).as_boolean();
        for row in 0..batch.num_rows() {
            rows.borders.push(Border {
                region_a: a.get(row).to_owned(),
                region_b: b.get(row).to_owned(),
                cross_province: cross_province.is_valid(row) && cross_province.value(row),
                required_patrols: required.whole(row),
            });
        }
    }
    for batch in query(session, &dated(REGIONS), "regions of units").await? {
        let region = Texts::of(&batch, 0)?;
        rows.regions.extend((0..batch.num_rows()).map(|row| region.get(row).to_owned()));
    }
    Ok(rows)
}

/// The burden panel up to the quarter in which the last day lies.
///
/// # Errors
/// A session without the table, or a failed read.
pub async fn panel_rows(session: &SessionContext, until: Date) -> Result<Vec<PanelRow>> {
    let mut rows = Vec::new();
    for batch in query(session, &PANEL.replace("$until", &until.to_string()), "the burden panel").await? {
        let (firm, city, stratum, quarter) = (Texts::of(&batch, 0)?, Texts::of(&batch, 1)?, Texts::of(&batch, 2)?, Texts::of(&batch, 3)?);
        let numbers = (4..10).map(|column| Numbers::of(&batch, column)).collect::<Result<Vec<_>>>()?;
        for row in 0..batch.num_rows() {
            let number = |column: usize| numbers[column - 4].get(row);
            let hours = [number(6), number(7)];
            rows.push(PanelRow {
                firm: firm.get(row).to_owned(),
                city: Some(city.get(row)).filter(|city| city.len() == 6).unwrap_or_default().to_owned(),
                stratum: stratum.get(row).to_owned(),
                quarter: quarter.get(row).to_owned(),
                weight: number(4).unwrap_or(Decimal::ONE),
                visits: number(5),
                // One of the two answered is an answer; none is none.
                hours: hours.iter().any(Option::is_some).then(|| hours.into_iter().flatten().sum()),
                cost: number(8),
                equipment: number(9),
            });
        }
    }
    Ok(rows)
}

async fn query(session: &SessionContext, sql: &str, what: &str) -> Result<Vec<RecordBatch>> {
    let planning = || format!("planning {what}");
    let plan = session.sql(sql).await.context(Kind::Query, planning)?.into_unoptimized_plan();
    let frame = session.execute_logical_plan(with_loads(plan).context(Kind::Query, planning)?).await.context(Kind::Query, planning)?;
    frame.collect().await.context(Kind::Query, || format!("reading {what}"))
}

fn column(batch: &RecordBatch, index: usize, kind: &DataType) -> Result<ArrayRef> {
    cast(batch.column(index), kind).context(Kind::Bug, || format!("column {index} of an index's rows as {kind}"))
}

struct Texts(ArrayRef);

impl Texts {
    fn of(batch: &RecordBatch, index: usize) -> Result<Self> {
        Ok(Self(column(batch, index, &DataType::Utf8)?))
    }

    /// The text; empty for null.
    fn get(&self, row: usize) -> &str {
        let texts = self.0.as_string::<i32>();
        if texts.is_valid(row) { texts.value(row) } else { "" }
    }
}

struct Days(ArrayRef);

impl Days {
    fn of(batch: &RecordBatch, index: usize) -> Result<Self> {
        Ok(Self(column(batch, index, &DataType::Date32)?))
    }

    fn get(&self, row: usize) -> Option<Date> {
        let days = self.0.as_primitive::<Date32Type>();
        days.is_valid(row).then(|| date_from_epoch_days(days.value(row)))?
    }
}

/// Decimals, and their scale.
struct Numbers(ArrayRef, i8);

impl Numbers {
    fn of(batch: &RecordBatch, index: usize) -> Result<Self> {
        Self::with_scale(batch, index, 4)
    }

    fn with_scale(batch: &RecordBatch, index: usize, scale: i8) -> Result<Self> {
        Ok(Self(column(batch, index, &DataType::Decimal128(28, scale))?, scale))
    }

    fn get(&self, row: usize) -> Option<Decimal> {
        let numbers = self.0.as_primitive::<Decimal128Type>();
        let scale = u32::from(self.1.unsigned_abs());
        let number = numbers.is_valid(row).then(|| Decimal::try_from_i128_with_scale(numbers.value(row), scale).ok())?;
        number.map(|number| number.normalize())
    }

    fn whole(&self, row: usize) -> Option<i64> {
        let wholes = cast(&self.0, &DataType::Int64).ok()?;
        let wholes = wholes.as_primitive::<Int64Type>();
        wholes.is_valid(row).then(|| wholes.value(row))
    }
}

#[cfg(test)]
#[path = "extract_tests.rs"]
mod tests;
