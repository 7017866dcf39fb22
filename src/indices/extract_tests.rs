//! The SQL plans and attributes each duty to the side that owes it. The calendar functions are stand-ins: seven days, and days of
//! instants in UTC.

use std::sync::Arc;

use arrow::array::Date32Array;
use arrow::datatypes::{TimeUnit, TimestampMicrosecondType};
use datafusion::logical_expr::{ColumnarValue, Volatility, create_udf};
use jiff::civil::date;

use super::*;

fn session() -> SessionContext {
    let session = SessionContext::new();
    let plus_seven = |arguments: &[ColumnarValue]| {
        let start = ColumnarValue::values_to_arrays(&arguments[2..])?;
        let start = start[0].as_primitive::<Date32Type>();
        Ok(ColumnarValue::Array(Arc::new(start.iter().map(|day| day.map(|day| day + 7)).collect::<Date32Array>())))
    };
    let texts_and_date = vec![DataType::Utf8, DataType::Utf8, DataType::Date32];
    session.register_udf(create_udf("due_on", texts_and_date, DataType::Date32, Volatility::Immutable, Arc::new(plus_seven)));
    let utc_day = |arguments: &[ColumnarValue]| {
        let at = ColumnarValue::values_to_arrays(arguments)?;
        let at = at[0].as_primitive::<TimestampMicrosecondType>();
        let days = at.iter().map(|at| at.map(|at| at.div_euclid(86_400_000_000) as i32));
        Ok(ColumnarValue::Array(Arc::new(days.collect::<Date32Array>())))
    };
    let instant = DataType::Timestamp(TimeUnit::Microsecond, None);
    session.register_udf(create_udf("day_of", vec![instant], DataType::Date32, Volatility::Immutable, Arc::new(utc_day)));
    session
}

async fn with_tables(tables: &[&str]) -> SessionContext {
    let session = session();
    for table in tables {
        session.sql(table).await.expect("it plans").collect().await.expect("it runs");
    }
    session
}

const UNITS: &str = "CREATE TABLE units AS SELECT column1 AS unit_id, column2 AS region_code, DATE '2020-01-01' AS valid_from,
  CAST(NULL AS DATE) AS valid_to FROM (VALUES ('ua', '330102'), ('ub', '330106001'), ('city', '330100'))";
const TRANSFERS: &str = "CREATE TABLE lead_transfers AS
  SELECT column7 AS transfer_id, column8 AS lead_id, CAST(NULL AS VARCHAR) AS case_id, 't.csv' AS source_file, 7 AS source_line, 'load' AS batch_id,
         column1 AS from_unit, column2 AS to_unit, column3 AS from_region, CAST(NULL AS VARCHAR) AS to_region, 'eco' AS domain,
         'cross_region' AS kind, CAST(column4 AS DATE) AS known_on, CAST(column5 AS DATE) AS transferred_on,
         CAST(column6 AS TIMESTAMP(6)) AS accepted_at, CAST(NULL AS TIMESTAMP(6)) AS refused_at, CAST(NULL AS VARCHAR) AS refusal_reason,
         CAST(NULL AS TIMESTAMP(6)) AS outcome_at, CAST(NULL AS TIMESTAMP(6)) AS fed_back_at
  FROM (VALUES ('ua', 'ub', '330102', '2026-03-02', '2026-03-03', '2026-03-05T02:00:00', 'sent', 'handed on'),
               ('ua', 'ub', NULL, '2026-03-02', NULL, NULL, 'open', NULL),
               ('city', 'ub', '330100', '2026-03-02', NULL, NULL, 'of the city', NULL))";
const LEADS: &str = "CREATE TABLE leads AS
  SELECT column1 AS lead_id, column2 AS unit_id, 'eco' AS domain, CAST(NULL AS VARCHAR) AS region_code, column3 AS place_code,
         DATE '2026-04-01' AS received_on, column4 AS decision, CAST(column5 AS TIMESTAMP(6)) AS decision_at, 'l.csv' AS source_file, 9 AS source_line, 'load' AS batch_id
  FROM (VALUES ('handed on', 'ua', '330106', 'transfer', '2026-03-02T00:00:00'),
               ('own', 'ua', '330102', NULL, NULL),
               ('somewhere in the city', 'ua', '330100', NULL, NULL),
               ('inside the city', 'city', '330106', NULL, NULL),
               ('left alone', 'ua', '330106003', NULL, NULL),
               ('to be handed on', 'ua', '330106', 'transfer', '2026-04-07T00:00:00'))";
const REQUESTS: &str = "CREATE TABLE assistance_requests AS SELECT 'ub' AS from_unit, 'ua' AS to_unit, 'eco' AS domain,
  'q' AS request_id, 'q.csv' AS source_file, 3 AS source_line, 'load' AS batch_id, DATE '2026-03-02' AS sent_on, CAST(NULL AS TIMESTAMP(6)) AS answered_at";
const PATROL: &str = "CREATE TABLE joint_patrols AS SELECT 'p' AS patrol_id, '330102' AS region_a, '330106' AS region_b, 'eco' AS domain,
  DATE '2026-03-02' AS patrolled_on, CAST('2026-03-02T01:00:00' AS TIMESTAMP(6)) AS from_at, CAST('2026-03-02T01:45:00' AS TIMESTAMP(6)) AS to_at";
const PARTICIPANTS: &str = "CREATE TABLE joint_patrol_participants AS
  SELECT 'p' AS patrol_id, column1 AS unit_id, CAST(NULL AS VARCHAR) AS region_code, column2 AS recorded_own_system, column3 AS officers
  FROM (VALUES ('ua', true, 2), ('ub', true, 0))";
const BORDER: &str =
    "CREATE TABLE region_adjacency AS SELECT '330102' AS region_a, '330106' AS region_b, false AS cross_province, 4 AS required_patrols";
const CASES: &str =
    "CREATE TABLE cases AS SELECT 'c' AS case_id, CAST(NULL AS VARCHAR) AS lead_id, CAST(NULL AS VARCHAR) AS place_code, '330102' AS region_code, 'eco' AS domain, 'i' AS item_code, CAST(NULL AS VARCHAR) AS severity,
  'penalty' AS outcome, CAST(1500 AS DECIMAL(18,2)) AS fine_amount, CAST(1000 AS DECIMAL(18,2)) AS benchmark_min,
  CAST(2000 AS DECIMAL(18,2)) AS benchmark_max, DATE '2026-03-02' AS decided_on";

const ALL: [&str; 8] = [UNITS, TRANSFERS, LEADS, REQUESTS, PATROL, PARTICIPANTS, BORDER, CASES];

async fn rows_of(session: &SessionContext) -> Result<SynergyRows> {
    synergy_rows(session, &SynergyParameters::usual(date(2026, 1, 1), date(2026, 6, 30))).await
}

#[tokio::test]
async fn a_lead_of_another_region_that_nobody_sent_is_due_like_any_other() {
    let rows = rows_of(&with_tables(&ALL).await).await.expect("the SQL runs");
    let mut unsent: Vec<_> = rows.transactions.iter().filter(|row| row.origin.table == "leads").collect();
    unsent.sort_by_key(|row| &row.origin.record_id);
    let known: Vec<_> = unsent.iter().map(|row| (row.origin.record_id.as_str(), row.begun_on, row.done_on)).collect();
    assert_eq!(known, [("left alone", date(2026, 4, 1), None), ("to be handed on", date(2026, 4, 7), None)]);
    assert!(unsent.iter().all(|row| (row.part, row.region.as_str(), row.neighbour.as_str()) == ('T', "330102", "330106")));
}

#[tokio::test]
async fn the_sources_named_are_the_tables_that_are_read() {
    let session = with_tables(&ALL).await;
    for table in SYNERGY_SOURCES {
        let provider = session.deregister_table(table).expect("it can be taken away").expect("the table was there");
        assert!(rows_of(&session).await.is_err(), "`{table}` is not read");
        session.register_table(table, provider).expect("its place is free");
    }
    assert_eq!(SYNERGY_SOURCES.len(), ALL.len(), "one of the tables is not named");
}

#[tokio::test]
async fn each_duty_is_attributed_to_the_side_that_owes_it() {
    let rows = rows_of(&with_tables(&ALL).await).await.expect("the SQL runs");
    let of_table = |row: &&Transaction| row.origin.table != "leads" && row.region != "330100";
    let mut duties: Vec<_> = rows.transactions.iter().filter(of_table).map(|row| (row.part, row.region.as_str(), row.done_on)).collect();
    duties.sort();
    let expected =
        [('A', "330102", None), ('A', "330106", Some(date(2026, 3, 5))), ('T', "330102", None), ('T', "330102", Some(date(2026, 3, 3)))];
    assert_eq!(duties, expected);
    let of_city = rows.transactions.iter().find(|row| row.region == "330100").expect("what a city owes is not dropped");
    assert_eq!((of_city.neighbour.as_str(), of_city.origin.unit.as_str()), ("330106", "city"));
    assert_eq!((of_city.origin.record_id.as_str(), of_city.origin.source_line), ("of the city", Some(7)));
    let patrol = &rows.patrols[0];
    assert_eq!(
        (patrol.minutes, patrol.recorded_by_a, patrol.recorded_by_b),
        (Some(45), true, false),
        "a side without officers took no part"
    );
    assert_eq!(rows.borders[0].required_patrols, Some(4));
    assert_eq!(rows.penalties[0].fine, Decimal::from(1500));
    assert_eq!(rows.regions, ["330102", "330106"]);
}

#[tokio::test]
async fn hours_are_materials_and_escort_together_and_no_answer_is_none() {
    let samples = "CREATE TABLE enterprise_burden_samples AS
      SELECT column1 AS sample_id, '330106' AS region_code, 'small' AS stratum, '2026Q1' AS quarter, DATE '2026-01-01' AS quarter_start,
             CAST(50 AS DECIMAL(18,2)) AS weight, 3 AS visits_reported, CAST(column2 AS DECIMAL(18,2)) AS hours_materials,
             CAST(column3 AS DECIMAL(18,2)) AS hours_escort, CAST(NULL AS DECIMAL(18,2)) AS cost_other, CAST(NULL AS DECIMAL(18,2)) AS cost_equipment
      FROM (VALUES ('a', 1.5, 2), ('b', NULL, NULL)) ORDER BY 1";
    let rows = panel_rows(&with_tables(&[samples]).await, date(2026, 6, 30)).await.expect("the SQL runs");
    assert_eq!(rows.iter().map(|row| row.hours).collect::<Vec<_>>(), [Some(Decimal::new(35, 1)), None]);
    assert_eq!((rows[0].city.as_str(), rows[0].visits), ("330100", Some(Decimal::from(3))));
}
