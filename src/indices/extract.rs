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

use super::burden::{CapRow, PanelRow, RegisterRow};
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
/// Populations that it reads beside them: what the register of inspections holds, and who was inspected more often than a cap allows.
pub const BURDEN_POPULATIONS: [&str; 3] = ["registered_visits", "counted_visits", "enterprise_spans"];

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

/// The panel, without firms of no weight, who stand for nobody; cities are the first four digits. A firm without a credit code, and a quarter that is not over, can't be compared with the register.
const PANEL: &str = "
WITH visits AS (
  SELECT enterprise_code, date_trunc('quarter', checked_on) AS first_day, count(DISTINCT occasion) AS recorded
  FROM registered_visits
  WHERE enterprise_code IN (SELECT credit_code FROM enterprise_burden_samples)
  GROUP BY enterprise_code, date_trunc('quarter', checked_on)
)
SELECT s.sample_id, concat(substr(s.region_code, 1, 4), '00') AS city, coalesce(s.stratum, '') AS stratum, s.quarter, coalesce(s.weight, 1) AS weight,
       s.visits_reported, s.hours_materials, s.hours_escort, s.cost_other, s.cost_equipment, s.cost_safety_equipment,
       CASE WHEN s.credit_code IS NOT NULL AND CAST(date_trunc('quarter', s.quarter_start) + INTERVAL '3 months' AS DATE) - 1 <= DATE '$until'
            THEN coalesce(v.recorded, 0) END AS recorded
FROM enterprise_burden_samples AS s
LEFT JOIN visits AS v ON v.enterprise_code = s.credit_code AND v.first_day = date_trunc('quarter', s.quarter_start)
WHERE s.quarter_start <= DATE '$until' AND coalesce(s.weight, 1) > 0";

/// Visits and enterprises by city, for the quarters of the panel that are over; enterprises that nobody registered have no city.
const REGISTER: &str = "
WITH quarters AS (
  SELECT DISTINCT quarter, date_trunc('quarter', quarter_start) AS first_day,
         CAST(date_trunc('quarter', quarter_start) + INTERVAL '3 months' AS DATE) - 1 AS last_day
  FROM enterprise_burden_samples
  WHERE CAST(date_trunc('quarter', quarter_start) + INTERVAL '3 months' AS DATE) - 1 <= DATE '$until'
),
firms AS (
  SELECT q.quarter, e.credit_code, concat(substr(e.region_code, 1, 4), '00') AS city, NOT e.is_gone AS is_alive
  FROM quarters AS q
  JOIN enterprise_spans AS e ON q.last_day BETWEEN e.valid_from AND e.valid_to
),
visits AS (
  SELECT q.quarter, v.enterprise_code, count(DISTINCT v.occasion) AS visits
  FROM quarters AS q
  JOIN registered_visits AS v ON date_trunc('quarter', v.checked_on) = q.first_day
  GROUP BY q.quarter, v.enterprise_code
),
by_firm AS (
  SELECT coalesce(f.quarter, v.quarter) AS quarter, coalesce(f.city, '') AS city, coalesce(v.visits, 0) AS visits, coalesce(f.is_alive, false) AS is_alive
  FROM firms AS f
  FULL JOIN visits AS v ON v.quarter = f.quarter AND v.enterprise_code = f.credit_code
)
SELECT quarter, city, sum(visits) AS visits, count(*) FILTER (WHERE is_alive) AS enterprises
FROM by_firm
GROUP BY quarter, city";

/// Registered enterprises in being by city, and those of them with a visit beyond a cap in the year to date, the unit's own or all units' together.
const CAPS: &str = "
WITH over AS (
  SELECT enterprise_key, max(extract(year FROM checked_on)) AS year FROM counted_visits
  WHERE excluded_because IS NULL AND (own_visits > own_cap OR combined_visits > combined_cap)
  GROUP BY enterprise_key
),
firms AS (
  SELECT credit_code, concat(substr(region_code, 1, 4), '00') AS city FROM enterprise_spans
  WHERE DATE '$until' BETWEEN valid_from AND valid_to AND NOT is_gone
)
SELECT coalesce(f.city, '') AS city, coalesce((SELECT max(year) FROM over), extract(year FROM DATE '$until')) AS year,
       count(*) AS enterprises, count(o.enterprise_key) AS over
FROM firms AS f
LEFT JOIN over AS o ON o.enterprise_key = f.credit_code
GROUP BY coalesce(f.city, '')";

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

/// The burden panel up to the quarter in which the last day lies, with what the register holds for the same firms. [`BURDEN_POPULATIONS`] stand in
/// the session.
///
/// # Errors
/// A session without the tables, or a failed read.
pub async fn panel_rows(session: &SessionContext, until: Date) -> Result<Vec<PanelRow>> {
    let mut rows = Vec::new();
    for batch in query(session, &PANEL.replace("$until", &until.to_string()), "the burden panel").await? {
        let (firm, city, stratum, quarter) = (Texts::of(&batch, 0)?, Texts::of(&batch, 1)?, Texts::of(&batch, 2)?, Texts::of(&batch, 3)?);
        let numbers = (4..12).map(|column| Numbers::of(&batch, column)).collect::<Result<Vec<_>>>()?;
        for row in 0..batch.num_rows() {
            let number = |column: usize| numbers[column - 4].get(row);
            // One of the two answered is an answer; none is none.
            let sum = |parts: [Option<Decimal>; 2]| parts.iter().any(Option::is_some).then(|| parts.into_iter().flatten().sum());
            rows.push(PanelRow {
                firm: firm.get(row).to_owned(),
                city: city_of(city.get(row)),
                stratum: stratum.get(row).to_owned(),
                quarter: quarter.get(row).to_owned(),
                weight: number(4).unwrap_or(Decimal::ONE),
                visits: number(5),
                hours: sum([number(6), number(7)]),
                cost: sum([number(8), number(9)]),
                equipment: number(10),
                recorded: number(11),
            });
        }
    }
    Ok(rows)
}

/// What the register of inspections holds for the quarters of the panel that are over.
///
/// # Errors
/// As [`panel_rows`].
pub async fn register_rows(session: &SessionContext, until: Date) -> Result<Vec<RegisterRow>> {
    let mut rows = Vec::new();
    for batch in query(session, &REGISTER.replace("$until", &until.to_string()), "the register of visits").await? {
        let (quarter, city) = (Texts::of(&batch, 0)?, Texts::of(&batch, 1)?);
        let (visits, enterprises) = (Numbers::of(&batch, 2)?, Numbers::of(&batch, 3)?);
        for row in 0..batch.num_rows() {
            rows.push(RegisterRow {
                city: city_of(city.get(row)),
                quarter: quarter.get(row).to_owned(),
                visits: visits.get(row).unwrap_or_default(),
                enterprises: enterprises.count(row),
            });
        }
    }
    Ok(rows)
}

/// Enterprises, and those over a cap in the year to date.
///
/// # Errors
/// As [`panel_rows`].
pub async fn cap_rows(session: &SessionContext, until: Date) -> Result<Vec<CapRow>> {
    let mut rows = Vec::new();
    for batch in query(session, &CAPS.replace("$until", &until.to_string()), "enterprises over a cap").await? {
        let city = Texts::of(&batch, 0)?;
        let (year, enterprises, over) = (Numbers::of(&batch, 1)?, Numbers::of(&batch, 2)?, Numbers::of(&batch, 3)?);
        for row in 0..batch.num_rows() {
            let year = year.whole(row).and_then(|year| i16::try_from(year).ok()).unwrap_or(until.year());
            rows.push(CapRow { city: city_of(city.get(row)), year, enterprises: enterprises.count(row), over: over.count(row) });
        }
    }
    Ok(rows)
}

/// A city's division code; empty for what is none.
fn city_of(code: &str) -> String {
    Some(code).filter(|code| code.len() == 6).unwrap_or_default().to_owned()
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

    /// A count; nothing is none.
    fn count(&self, row: usize) -> u64 {
        self.whole(row).and_then(|count| u64::try_from(count).ok()).unwrap_or(0)
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
