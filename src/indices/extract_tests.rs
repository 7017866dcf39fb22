//! The panel's rows; those of the synergy index are read from populations, which the pages below `tests/cases` try.

use jiff::civil::date;

use super::*;

#[tokio::test]
async fn hours_are_materials_and_escort_together_and_no_answer_is_none() {
    let samples = "CREATE TABLE enterprise_burden_samples AS
      SELECT column1 AS sample_id, '330106' AS region_code, 'small' AS stratum, '2026Q1' AS quarter, DATE '2026-01-01' AS quarter_start,
             CAST(50 AS DECIMAL(18,2)) AS weight, 3 AS visits_reported, CAST(column2 AS DECIMAL(18,2)) AS hours_materials,
             CAST(column3 AS DECIMAL(18,2)) AS hours_escort, CAST(NULL AS DECIMAL(18,2)) AS cost_other, CAST(NULL AS DECIMAL(18,2)) AS cost_equipment
      FROM (VALUES ('a', 1.5, 2), ('b', NULL, NULL)) ORDER BY 1";
    let session = SessionContext::new();
    session.sql(samples).await.expect("it plans").collect().await.expect("it runs");
    let rows = panel_rows(&session, date(2026, 6, 30)).await.expect("the SQL runs");
    assert_eq!(rows.iter().map(|row| row.hours).collect::<Vec<_>>(), [Some(Decimal::new(35, 1)), None]);
    assert_eq!((rows[0].city.as_str(), rows[0].visits), ("330100", Some(Decimal::from(3))));
}
