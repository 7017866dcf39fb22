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
use super::synergy::{Border, Origin, Patrol, Penalty, SynergyParameters, SynergyRows, Transaction};
use crate::error::{Context, Kind, Result};
use crate::terms::date_from_epoch_days;

/// Source tables that the synergy index reads.
pub const SYNERGY_SOURCES: [&str; 8] =
    ["assistance_requests", "cases", "joint_patrol_participants", "joint_patrols", "lead_transfers", "leads", "region_adjacency", "units"];

/// Source tables that the burden index reads.
pub const BURDEN_SOURCES: [&str; 1] = ["enterprise_burden_samples"];

/// Units with their region on the last day, from which both sides of a transaction are read when its own region is empty.
const UNIT_REGIONS: &str = "unit_regions AS (
  SELECT unit_id, max(substr(region_code, 1, 6)) AS region FROM units
  WHERE (valid_from IS NULL OR valid_from <= DATE '$until') AND (valid_to IS NULL OR valid_to > DATE '$until')
  GROUP BY unit_id)";

/// Leads that belong to another region: sent (T), answered (A), fed back (R), each as the duty of one side.
///
/// Borders run between counties. Where a row names a city or the province, the county of its case or of the place of violation stands
/// for it, if the row has one. A lead whose place of violation lies outside its unit's region and that no transfer speaks of is due like
/// any other and was never sent: its owner is known on the day of the decision to transfer, else on that of receipt.
const TRANSACTIONS: &str = "WITH $unit_regions,
crossing AS (
  SELECT t.transfer_id, t.from_unit, t.to_unit, t.domain, t.known_on, t.transferred_on, t.accepted_at, t.refused_at, t.refusal_reason,
         t.outcome_at, t.fed_back_at, t.source_file, t.source_line, t.batch_id,
         coalesce($county(t.from_region), $county(c.region_code), $county(l.region_code), $county(f.region),
                  substr(t.from_region, 1, 6), f.region, '') AS sender,
         coalesce($county(t.to_region), $county(l.place_code), $county(c.place_code), $county(g.region),
                  substr(t.to_region, 1, 6), g.region, '') AS recipient
  FROM lead_transfers t LEFT JOIN unit_regions f ON f.unit_id = t.from_unit LEFT JOIN unit_regions g ON g.unit_id = t.to_unit
  LEFT JOIN cases c ON c.case_id = t.case_id LEFT JOIN leads l ON l.lead_id = t.lead_id
  WHERE t.kind = 'cross_region' AND t.domain IS NOT NULL),
handed_on AS (
  SELECT lead_id FROM lead_transfers WHERE lead_id IS NOT NULL
  UNION
  SELECT c.lead_id FROM lead_transfers t JOIN cases c ON c.case_id = t.case_id WHERE c.lead_id IS NOT NULL),
placed AS (
  SELECT l.lead_id, l.unit_id, l.domain, l.received_on, l.decision, l.decision_at, l.source_file, l.source_line, l.batch_id,
         substr(l.place_code, 1, 6) AS place, f.region, coalesce($county(f.region), $county(l.region_code), f.region) AS sender,
         least($digits(f.region), $digits(l.place_code)) AS digits
  FROM leads l JOIN unit_regions f ON f.unit_id = l.unit_id LEFT JOIN handed_on h ON h.lead_id = l.lead_id
  WHERE h.lead_id IS NULL AND l.place_code IS NOT NULL),
unsent AS (
  SELECT *, CASE WHEN decision = 'transfer' THEN coalesce(day_of(decision_at), received_on) ELSE received_on END AS known_on
  FROM placed WHERE substr(place, 1, digits) <> substr(region, 1, digits)),
requests AS (
  SELECT q.request_id, q.domain, q.to_unit, q.sent_on, q.answered_at, q.source_file, q.source_line, q.batch_id, f.region AS sender, g.region AS recipient
  FROM assistance_requests q JOIN unit_regions f ON f.unit_id = q.from_unit JOIN unit_regions g ON g.unit_id = q.to_unit
  WHERE q.domain IS NOT NULL),
duties AS (
  SELECT 'T' AS part, sender AS region, recipient AS neighbour, domain, known_on AS begun_on,
         due_on('lead_transfer.target', domain, known_on) AS due_on, transferred_on AS done_on,
         'lead_transfers' AS source, transfer_id AS record_id, from_unit AS unit_id, source_file, source_line, batch_id
  FROM crossing
  UNION ALL
  SELECT 'T', sender, place, domain, known_on, due_on('lead_transfer.target', domain, known_on), CAST(NULL AS DATE),
         'leads', lead_id, unit_id, source_file, source_line, batch_id
  FROM unsent
  UNION ALL
  SELECT 'A', recipient, sender, domain, transferred_on, due_on('transfer_acceptance.target', domain, transferred_on),
         day_of(coalesce(accepted_at, CASE WHEN trim(refusal_reason) <> '' THEN refused_at END)),
         'lead_transfers', transfer_id, to_unit, source_file, source_line, batch_id
  FROM crossing WHERE transferred_on IS NOT NULL
  UNION ALL
  SELECT 'A', recipient, sender, domain, sent_on, due_on('assistance.target', domain, sent_on), day_of(answered_at),
         'assistance_requests', request_id, to_unit, source_file, source_line, batch_id
  FROM requests
  UNION ALL
  SELECT 'R', recipient, sender, domain, day_of(outcome_at), due_on('transfer_feedback.target', domain, day_of(outcome_at)), day_of(fed_back_at),
         'lead_transfers', transfer_id, to_unit, source_file, source_line, batch_id
  FROM crossing WHERE accepted_at IS NOT NULL AND outcome_at IS NOT NULL)
SELECT part, region, neighbour, domain, begun_on, due_on, done_on, source, record_id, unit_id, source_file, source_line, batch_id
FROM duties
WHERE region <> neighbour AND due_on BETWEEN DATE '$from' AND DATE '$until'
   OR region <> neighbour AND part = 'T' AND begun_on BETWEEN DATE '$from' AND DATE '$until'";

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
  AND j.patrolled_on BETWEEN DATE '$from' AND DATE '$until'";

/// Fines with a benchmark band.
const PENALTIES: &str = "SELECT substr(region_code, 1, 6) AS region, domain, concat(item_code, '/', coalesce(severity, '')) AS kind,
       fine_amount, benchmark_min, benchmark_max
FROM cases
WHERE outcome = 'penalty' AND region_code IS NOT NULL AND domain IS NOT NULL AND item_code IS NOT NULL AND fine_amount >= 0
  AND benchmark_min IS NOT NULL AND benchmark_max > benchmark_min AND decided_on BETWEEN DATE '$from' AND DATE '$until'";

const BORDERS: &str = "SELECT substr(region_a, 1, 6) AS region_a, substr(region_b, 1, 6) AS region_b, cross_province, required_patrols
FROM region_adjacency";

const REGIONS: &str = "WITH $unit_regions
SELECT DISTINCT region FROM unit_regions WHERE region IS NOT NULL AND region NOT LIKE '%00' ORDER BY region";

/// The panel; cities are the first four digits.
const PANEL: &str = "SELECT sample_id, concat(substr(region_code, 1, 4), '00') AS city, coalesce(stratum, '') AS stratum, quarter,
       coalesce(weight, 1) AS weight, visits_reported, hours_materials, hours_escort, cost_other, cost_equipment
FROM enterprise_burden_samples WHERE quarter_start <= DATE '$until'";

/// A template with its dates and macros filled in: `$county(x)` is a county's code or nothing, `$digits(x)` how many digits of a code
/// say where it is.
fn filled(sql: &str, parameters: &SynergyParameters) -> String {
    let sql = sql.replace("$unit_regions", UNIT_REGIONS).replace("$officers", &parameters.patrol_officers.to_string());
    let sql = sql.replace("$until", &parameters.until.to_string()).replace("$from", &parameters.from.to_string());
    let sql = with_macro(&sql, "$county", |code| format!("CASE WHEN substr({code}, 5, 2) <> '00' THEN substr({code}, 1, 6) END"));
    with_macro(&sql, "$digits", |code| {
        format!("CASE WHEN substr({code}, 3, 4) = '0000' THEN 2 WHEN substr({code}, 5, 2) = '00' THEN 4 ELSE 6 END")
    })
}

fn with_macro(sql: &str, name: &str, body: impl Fn(&str) -> String) -> String {
    let call = format!("{name}(");
    let mut pieces = sql.split(call.as_str());
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (argument, rest) = piece.split_once(')').unwrap_or((piece, ""));
        text.push_str(&body(argument));
        text.push_str(rest);
    }
    text
}

/// Everything that the synergy index reads, for deadlines and patrols of the parameters' span.
///
/// # Errors
/// A table or function that the session does not have, or a failed read.
pub async fn synergy_rows(session: &SessionContext, parameters: &SynergyParameters) -> Result<SynergyRows> {
    let dated = |sql: &str| filled(sql, parameters);
    let mut rows = SynergyRows::default();
    for batch in query(session, &dated(TRANSACTIONS), "transactions across borders").await? {
        let (part, region, neighbour, domain) =
            (Texts::of(&batch, 0)?, Texts::of(&batch, 1)?, Texts::of(&batch, 2)?, Texts::of(&batch, 3)?);
        let (begun, due, done) = (Days::of(&batch, 4)?, Days::of(&batch, 5)?, Days::of(&batch, 6)?);
        let (table, record, unit, file) = (Texts::of(&batch, 7)?, Texts::of(&batch, 8)?, Texts::of(&batch, 9)?, Texts::of(&batch, 10)?);
        let (line, load) = (Numbers::of(&batch, 11)?, Texts::of(&batch, 12)?);
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
                origin: Origin {
                    table: table.get(row).to_owned(),
                    record_id: record.get(row).to_owned(),
                    unit: unit.get(row).to_owned(),
                    source_file: file.get(row).to_owned(),
                    source_line: line.whole(row),
                    batch_id: load.get(row).to_owned(),
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
