//! The panel's rows; those of the synergy index are read from populations, which the pages below `tests/cases` try.

use jiff::civil::date;

use super::*;

/// A panel of three firms, and what the populations hold of them.
async fn session() -> SessionContext {
    let session = SessionContext::new();
    for sql in [
        "CREATE TABLE enterprise_burden_samples AS
         SELECT column1 AS sample_id, column4 AS credit_code, column5 AS region_code, 'small' AS stratum, '2026Q1' AS quarter,
                DATE '2026-01-01' AS quarter_start, CAST(50 AS DECIMAL(18,2)) AS weight, 3 AS visits_reported,
                CAST(column2 AS DECIMAL(18,2)) AS hours_materials, CAST(column3 AS DECIMAL(18,2)) AS hours_escort,
                CAST(column2 AS DECIMAL(18,2)) AS cost_other, CAST(NULL AS DECIMAL(18,2)) AS cost_equipment,
                CAST(column3 AS DECIMAL(18,2)) AS cost_safety_equipment
         FROM (VALUES ('a', 1.5, 2, 'A', '330106'), ('b', NULL, NULL, 'B', '330106'), ('c', 1, NULL, NULL, '3'))",
        "CREATE TABLE registered_visits AS
         SELECT column1 AS enterprise_code, CAST(column2 AS DATE) AS checked_on, column3 AS occasion
         FROM (VALUES ('A', '2026-01-05', 'one'), ('A', '2026-01-05', 'one'), ('A', '2026-03-31', 'two'), ('A', '2026-04-01', 'three'),
                      ('stranger', '2026-02-02', 'four'), ('B', '2025-12-31', 'five'))",
        "CREATE TABLE enterprise_spans AS
         SELECT column1 AS credit_code, column2 AS region_code, column3 AS is_gone, DATE '2020-01-01' AS valid_from, CAST(column4 AS DATE) AS valid_to
         FROM (VALUES ('A', '330106', false, '9999-12-31'), ('B', '330702', false, '9999-12-31'), ('gone', '330106', true, '9999-12-31'),
                      ('past', '330106', false, '2026-01-31'))",
        "CREATE TABLE counted_visits AS
         SELECT column1 AS enterprise_key, DATE '2026-02-01' AS checked_on, CAST(column2 AS VARCHAR) AS excluded_because, column3 AS own_visits,
                2 AS own_cap, column4 AS combined_visits, 4 AS combined_cap
         FROM (VALUES ('A', NULL, 2, 5), ('B', NULL, 2, 4), ('B', 'exempt_trigger', 9, 9), ('stranger', NULL, 3, 3))",
    ] {
        session.sql(sql).await.expect("it plans").collect().await.expect("it runs");
    }
    session
}

#[tokio::test]
async fn hours_and_cost_are_two_answers_together_and_no_answer_is_none() {
    let mut rows = panel_rows(&session().await, date(2026, 6, 30)).await.expect("the SQL runs");
    rows.sort();
    let half = |tenths: i64| Some(Decimal::new(tenths, 1));
    assert_eq!(rows.iter().map(|row| row.hours).collect::<Vec<_>>(), [half(35), None, half(10)]);
    assert_eq!(rows.iter().map(|row| row.cost).collect::<Vec<_>>(), [half(15), None, half(10)]);
    assert_eq!(rows[0].equipment, Some(Decimal::TWO), "what the law asks for anyway");
    assert_eq!((rows[0].city.as_str(), rows[0].visits), ("330100", Some(Decimal::from(3))));
    assert_eq!(rows[2].city, "", "a code that is no county's has no city");
}

#[tokio::test]
async fn visits_are_compared_for_firms_with_a_code_in_quarters_that_are_over() {
    let session = session().await;
    let recorded = async |until| {
        let mut rows = panel_rows(&session, until).await.expect("the SQL runs");
        rows.sort();
        rows.iter().map(|row| row.recorded).collect::<Vec<_>>()
    };
    // Of firm A two occasions lie in the quarter, one of them in two rows; B was not visited in it, and c can't be looked up.
    assert_eq!(recorded(date(2026, 3, 31)).await, [Some(Decimal::TWO), Some(Decimal::ZERO), None]);
    assert_eq!(recorded(date(2026, 3, 30)).await, [None, None, None], "a quarter that runs is not compared");
}

#[tokio::test]
async fn the_register_holds_all_visits_and_every_enterprise_in_being_at_the_quarters_end() {
    let mut rows = register_rows(&session().await, date(2026, 6, 30)).await.expect("the SQL runs");
    rows.sort_by(|a, b| a.city.cmp(&b.city));
    let shown: Vec<_> = rows.iter().map(|row| (row.city.as_str(), row.quarter.as_str(), row.visits, row.enterprises)).collect();
    let visits = |count: i64| Decimal::from(count);
    // A visited twice; of the firm that nobody registered the visit counts without a city. Who is gone or past is no enterprise.
    assert_eq!(shown, [("", "2026Q1", visits(1), 0), ("330100", "2026Q1", visits(2), 1), ("330700", "2026Q1", visits(0), 1)]);
    assert_eq!(register_rows(&session().await, date(2026, 3, 30)).await.expect("the SQL runs"), []);
}

#[tokio::test]
async fn an_enterprise_is_over_its_cap_by_one_visit_that_counts() {
    let mut rows = cap_rows(&session().await, date(2026, 6, 30)).await.expect("the SQL runs");
    rows.sort_by(|a, b| a.city.cmp(&b.city));
    let shown: Vec<_> = rows.iter().map(|row| (row.city.as_str(), row.year, row.enterprises, row.over)).collect();
    // A by all units' cap; B's exempt visit does not count, and a firm that nobody registered is none of them.
    assert_eq!(shown, [("330100", 2026, 1, 1), ("330700", 2026, 1, 0)]);
}
