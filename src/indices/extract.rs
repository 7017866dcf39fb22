//! Rows of the two indices out of the session.
//!
//! In: the session over pinned tables, with the calendar functions. Out: plain rows for [`super::synergy`] and
//! [`super::burden`]. Never here: arithmetic; policy beyond the names of clocks.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Decimal128Type, Int64Type};
use datafusion::prelude::SessionContext;
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::burden::PanelRow;
use super::synergy::{Border, Patrol, Penalty, SynergyParameters, SynergyRows, Transaction};
use crate::error::{Context, Kind, Result};
use crate::terms::date_from_epoch_days;

/// Units with their county on the as-of date, from which both sides of a transaction are read when its own region is empty.
const UNIT_REGIONS: &str = "unit_regions AS (
  SELECT unit_id, max(substr(region_code, 1, 6)) AS region FROM units
  WHERE (valid_from IS NULL OR valid_from <= DATE '$as_of') AND (valid_to IS NULL OR valid_to > DATE '$as_of')
  GROUP BY unit_id)";

/// Leads that belong to another region: sent (T), answered (A), fed back (R), each as the duty of one side.
const TRANSACTIONS: &str = "WITH $unit_regions,
crossing AS (
  SELECT t.*, coalesce(substr(t.from_region, 1, 6), f.region) AS sender, coalesce(substr(t.to_region, 1, 6), g.region) AS recipient
  FROM lead_transfers t LEFT JOIN unit_regions f ON f.unit_id = t.from_unit LEFT JOIN unit_regions g ON g.unit_id = t.to_unit
  WHERE t.kind = 'cross_region' AND t.domain IS NOT NULL),
requests AS (
  SELECT q.domain, q.sent_on, q.answered_at, f.region AS sender, g.region AS recipient
  FROM assistance_requests q JOIN unit_regions f ON f.unit_id = q.from_unit JOIN unit_regions g ON g.unit_id = q.to_unit
  WHERE q.domain IS NOT NULL),
duties AS (
  SELECT 'T' AS part, sender AS region, recipient AS neighbour, domain, known_on AS begun_on,
         due_on('lead_transfer.target', domain, known_on) AS due_on, transferred_on AS done_on
  FROM crossing
  UNION ALL
  SELECT 'A', recipient, sender, domain, transferred_on, due_on('transfer_acceptance.target', domain, transferred_on),
         day_of(coalesce(accepted_at, CASE WHEN trim(refusal_reason) <> '' THEN refused_at END))
  FROM crossing WHERE transferred_on IS NOT NULL
  UNION ALL
  SELECT 'A', recipient, sender, domain, sent_on, due_on('assistance.target', domain, sent_on), day_of(answered_at)
  FROM requests
  UNION ALL
  SELECT 'R', recipient, sender, domain, day_of(outcome_at), due_on('transfer_feedback.target', domain, day_of(outcome_at)), day_of(fed_back_at)
  FROM crossing WHERE accepted_at IS NOT NULL AND outcome_at IS NOT NULL)
SELECT part, region, neighbour, domain, begun_on, due_on, done_on FROM duties
WHERE region <> neighbour AND due_on BETWEEN DATE '$from' AND DATE '$as_of'
   OR region <> neighbour AND part = 'T' AND begun_on BETWEEN DATE '$from' AND DATE '$as_of'";

/// Border patrols with what each side recorded in its own system.
const PATROLS: &str = "WITH $unit_regions,
parts AS (
  SELECT p.patrol_id, coalesce(substr(p.region_code, 1, 6), u.region) AS region
  FROM joint_patrol_participants p LEFT JOIN unit_regions u ON u.unit_id = p.unit_id
  WHERE p.recorded_own_system AND p.officers >= $officers
  GROUP BY 1, 2)
SELECT substr(j.region_a, 1, 6) AS region_a, substr(j.region_b, 1, 6) AS region_b, j.domain, j.patrolled_on,
       CASE WHEN j.to_at >= j.from_at THEN CAST((CAST(j.to_at AS BIGINT) - CAST(j.from_at AS BIGINT)) / 60000000 AS BIGINT) END AS minutes,
       a.patrol_id IS NOT NULL AS recorded_by_a, b.patrol_id IS NOT NULL AS recorded_by_b
FROM joint_patrols j
LEFT JOIN parts a ON a.patrol_id = j.patrol_id AND a.region = substr(j.region_a, 1, 6)
LEFT JOIN parts b ON b.patrol_id = j.patrol_id AND b.region = substr(j.region_b, 1, 6)
WHERE j.region_a IS NOT NULL AND j.region_b IS NOT NULL AND j.domain IS NOT NULL
  AND j.patrolled_on BETWEEN DATE '$from' AND DATE '$as_of'";

/// Fines with a benchmark band.
const PENALTIES: &str = "SELECT substr(region_code, 1, 6) AS region, domain, concat(item_code, '/', coalesce(severity, '')) AS kind,
       fine_amount, benchmark_min, benchmark_max
FROM cases
WHERE outcome = 'penalty' AND region_code IS NOT NULL AND domain IS NOT NULL AND item_code IS NOT NULL AND fine_amount >= 0
  AND benchmark_min IS NOT NULL AND benchmark_max > benchmark_min AND decided_on BETWEEN DATE '$from' AND DATE '$as_of'";

const BORDERS: &str = "SELECT substr(region_a, 1, 6) AS region_a, substr(region_b, 1, 6) AS region_b, cross_province, required_patrols
FROM region_adjacency";

const REGIONS: &str = "WITH $unit_regions
SELECT DISTINCT region FROM unit_regions WHERE region IS NOT NULL AND region NOT LIKE '%00' ORDER BY region";

/// The panel; cities are the first four digits.
const PANEL: &str = "SELECT sample_id, concat(substr(region_code, 1, 4), '00') AS city, coalesce(stratum, '') AS stratum, quarter,
       coalesce(weight, 1) AS weight, visits_reported, hours_materials, hours_escort, cost_other, cost_equipment
FROM enterprise_burden_samples WHERE quarter_start <= DATE '$as_of'";

/// Everything that the synergy index reads, for deadlines and patrols of the parameters' span.
///
/// # Errors
/// A table or function that the session does not have, or a failed read.
pub async fn synergy_rows(session: &SessionContext, parameters: &SynergyParameters) -> Result<SynergyRows> {
    let (from, as_of) = (parameters.from, parameters.as_of);
    let dated = |sql: &str| {
        let sql = sql.replace("$unit_regions", UNIT_REGIONS).replace("$officers", &parameters.patrol_officers.to_string());
        sql.replace("$as_of", &as_of.to_string()).replace("$from", &from.to_string())
    };
    let mut rows = SynergyRows::default();
    for batch in query(session, &dated(TRANSACTIONS), "transactions across borders").await? {
        let (part, region, neighbour, domain) =
            (Texts::of(&batch, 0)?, Texts::of(&batch, 1)?, Texts::of(&batch, 2)?, Texts::of(&batch, 3)?);
        let (begun, due, done) = (Days::of(&batch, 4)?, Days::of(&batch, 5)?, Days::of(&batch, 6)?);
        for row in 0..batch.num_rows() {
            let (Some(begun_on), Some(due_on)) = (begun.get(row), due.get(row)) else { continue };
            rows.transactions.push(Transaction {
                part: part.get(row).chars().next().unwrap_or('T'),
                region: region.get(row).to_owned(),
                neighbour: neighbour.get(row).to_owned(),
                domain: domain.get(row).to_owned(),
                begun_on,
                due_on,
                done_on: done.get(row),
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
        let (fine, least, most) = (Numbers::of(&batch, 3)?, Numbers::of(&batch, 4)?, Numbers::of(&batch, 5)?);
        for row in 0..batch.num_rows() {
            let (Some(fine), Some(least), Some(most)) = (fine.get(row), least.get(row), most.get(row)) else { continue };
            let (region, domain, kind) = (region.get(row).to_owned(), domain.get(row).to_owned(), kind.get(row).to_owned());
            rows.penalties.push(Penalty { region, domain, kind, fine, least, most });
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
                required_patrols: required.whole(row).unwrap_or(0),
            });
        }
    }
    for batch in query(session, &dated(REGIONS), "regions of units").await? {
        let region = Texts::of(&batch, 0)?;
        rows.regions.extend((0..batch.num_rows()).map(|row| region.get(row).to_owned()));
    }
    Ok(rows)
}

/// The burden panel up to the as-of date.
///
/// # Errors
/// A session without the table, or a failed read.
pub async fn panel_rows(session: &SessionContext, as_of: Date) -> Result<Vec<PanelRow>> {
    let mut rows = Vec::new();
    for batch in query(session, &PANEL.replace("$as_of", &as_of.to_string()), "the burden panel").await? {
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
    let frame = session.sql(sql).await.context(Kind::Query, || format!("planning {what}"))?;
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

struct Numbers(ArrayRef);

impl Numbers {
    fn of(batch: &RecordBatch, index: usize) -> Result<Self> {
        Ok(Self(column(batch, index, &DataType::Decimal128(28, 4))?))
    }

    fn get(&self, row: usize) -> Option<Decimal> {
        let numbers = self.0.as_primitive::<Decimal128Type>();
        let number = numbers.is_valid(row).then(|| Decimal::try_from_i128_with_scale(numbers.value(row), 4).ok())?;
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
