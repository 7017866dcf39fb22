//! Explanations over a few rows in memory and result tables in a temporary folder.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use datafusion::dataframe::DataFrameWriteOptions;
use datafusion::datasource::MemTable;
use datafusion::prelude::SessionContext;
use jiff::civil::date;
use rust_decimal::Decimal;

use super::lists::{ListInput, RecordList, RecordLists, record_lists};
use super::reconciled::reconciled_records;
use super::records::{Part, Records};
use super::rows::rows_of;
use super::text::render;
use super::*;
use crate::compute::check::register_empty_tables;
use crate::compute::loads::with_loads;
use crate::compute::shared::SharedPopulations;
use crate::functions::{self, Clocks, parse_bound};
use crate::ingest::arrow_schema;

fn shipped() -> Library {
    library_with(&[])
}

fn library_with(files: &[(&str, &str)]) -> Library {
    let mut texts = crate::library::texts(None).expect("the shipped library reads");
    texts.extend(files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())));
    let (library, diagnostics) = Library::from_texts(texts).expect("the library reads");
    assert_eq!(diagnostics.errors(), 0, "{}", diagnostics.to_text());
    library
}

/// A session with empty source tables.
fn session(library: &Library) -> SessionContext {
    let context = SessionContext::new();
    functions::register(&context, &Clocks::of(library));
    register_empty_tables(&context, library).expect("contracts make schemas");
    context
}

/// Replaces a source table by rows, written as SQL values under a list of columns; the other columns are NULL.
async fn fill(context: &SessionContext, library: &Library, table: &str, columns: &[&str], values: &str) {
    let schema = arrow_schema(&library.tables[table]);
    let typed = schema.fields().iter().map(|field| {
        let source = if columns.contains(&field.name().as_str()) { format!("v.{}", field.name()) } else { "NULL".to_owned() };
        format!("arrow_cast({source}, '{}') AS {}", field.data_type(), field.name())
    });
    let sql = format!("SELECT {} FROM (VALUES {values}) AS v ({})", typed.collect::<Vec<_>>().join(", "), columns.join(", "));
    let batches = context.sql(&sql).await.expect("the rows plan").collect().await.expect("the rows read");
    let batches = batches.iter().map(|batch| {
        arrow::record_batch::RecordBatch::try_new(Arc::clone(&schema), batch.columns().to_vec()).expect("types are the contract's")
    });
    let memory = MemTable::try_new(Arc::clone(&schema), vec![batches.collect()]).expect("one partition");
    context.deregister_table(table).expect("the empty table was there");
    context.register_table(table, Arc::new(memory)).expect("its place is free");
}

/// Writes a result table from a SELECT.
async fn result(folder: &Path, name: &str, sql: &str) {
    let frame = SessionContext::new().sql(sql).await.expect("the result table plans");
    let path = folder.join(format!("{name}.parquet"));
    frame
        .write_parquet(path.to_string_lossy().as_ref(), DataFrameWriteOptions::new().with_single_file_output(true), None)
        .await
        .expect("it is written");
}

const VALUE_COLUMNS: &str = "'group' AS node, 0 AS pending, 0 AS excluded, arrow_cast(points, 'Decimal128(38, 12)') AS points, \
    arrow_cast(points, 'Decimal128(38, 12)') AS effective_points, arrow_cast(score, 'Decimal128(38, 12)') AS score, \
    arrow_cast(numerator, 'Decimal128(38, 12)') AS numerator, arrow_cast(denominator, 'Decimal128(38, 12)') AS denominator, \
    arrow_cast(value, 'Decimal128(38, 12)') AS value, arrow_cast(0.9, 'Decimal128(38, 12)') AS target, 'scored' AS status, false AS too_few";

async fn results(folder: &Path, values: &str) {
    let columns = "unit_id, domain, indicator, numerator, denominator, value, score, points";
    result(folder, "values", &format!("SELECT unit_id, domain, indicator, {VALUE_COLUMNS} FROM (VALUES {values}) AS v ({columns})")).await;
    result(
        folder,
        "ranks",
        "SELECT 'A' AS unit_id, 'market' AS domain, 'market · county' AS peer_group, arrow_cast(83.2, 'Decimal128(38, 12)') AS total, \
        '良好' AS grade, 3 AS rank, 12 AS ranked_units, arrow_cast(NULL, 'Utf8') AS withheld",
    )
    .await;
    result(
        folder,
        "scores",
        "SELECT 'A' AS unit_id, 'market' AS domain, node, node_order, arrow_cast(81, 'Decimal128(38, 12)') AS score, \
        arrow_cast(60, 'Decimal128(38, 12)') AS effective_points, arrow_cast(48.6, 'Decimal128(38, 12)') AS earned \
        FROM (VALUES ('base', 1), ('dynamic', 2), ('inner group', 3)) AS v (node, node_order)",
    )
    .await;
}

fn policy() -> Policy {
    let points = |text: &str| text.parse::<Decimal>().expect("a decimal");
    Policy {
        from_shrunk: BTreeSet::new(),
        compared: BTreeSet::new(),
        titles: BTreeMap::from([("base".to_owned(), "基础".to_owned()), ("dynamic".to_owned(), "动态".to_owned())]),
        classes: BTreeSet::from(["base".to_owned(), "dynamic".to_owned()]),
        indicators: BTreeSet::from(["market.filing_within_7d", "eco.monitoring_data_use"].map(IndicatorId::from)),
        curves: BTreeMap::from([(
            IndicatorId::from("market.filing_within_7d"),
            vec![(points("0"), points("0")), (points("1"), points("100"))],
        )]),
        subtree_tiers: BTreeSet::from(["city".to_owned()]),
        months: BTreeMap::new(),
    }
}

struct Asked<'a> {
    library: &'a Library,
    context: &'a SessionContext,
    folder: &'a Path,
    unit: &'a str,
    indicator: Option<&'a str>,
    all: bool,
}

async fn ask(asked: &Asked<'_>) -> Result<Explanation> {
    let (policy, id) = (policy(), asked.indicator.map(IndicatorId::from));
    let period = "2026".parse().expect("a period");
    let input = ExplainInput {
        library: asked.library,
        policy: &policy,
        tables: asked.folder,
        unit: asked.unit,
        domain: None,
        indicator: id.as_ref(),
        period: &period,
        as_of: date(2026, 6, 30),
        all: asked.all,
    };
    explain(asked.context, &input).await
}

const LEAD_COLUMNS: [&str; 9] =
    ["lead_id", "unit_id", "domain", "is_food_drug", "received_on", "decision", "decision_at", "source_file", "source_line"];

async fn five_leads(library: &Library) -> SessionContext {
    let context = session(library);
    fill(&context, library, "units", &["unit_id", "unit_name", "tier", "parent_unit_id", "valid_from"],
        "('P', '甲市局', 'city', NULL, '2020-01-01'), ('A', '乙县局', 'county', 'P', '2020-01-01'), ('B', '丙县局', 'county', 'P', '2020-01-01')").await;
    fill(
        &context,
        library,
        "leads",
        &LEAD_COLUMNS,
        "('in time', 'A', 'market', true, '2026-03-02', 'file', '2026-03-11T01:00:00Z', 'leads.csv', 2), \
         ('a day late', 'A', 'market', true, '2026-03-02', 'file', '2026-03-12T01:00:00Z', 'leads.csv', 3), \
         ('no decision', 'A', 'market', true, '2026-02-02', NULL, NULL, 'leads.csv', 4), \
         ('not yet due', 'A', 'market', true, '2026-06-29', NULL, NULL, 'leads.csv', 5), \
         ('refused in time', 'A', 'market', true, '2026-03-02', 'not_file', '2026-03-04T01:00:00Z', 'leads.csv', 6), \
         ('of another unit', 'B', 'market', true, '2026-02-02', NULL, NULL, 'leads.csv', 7)",
    )
    .await;
    context
}

fn ids(records: &Records, part: Part) -> Vec<String> {
    let of_part = records.sections.iter().filter(|section| section.part == part);
    of_part
        .flat_map(|section| {
            section.records.iter().map(|record| format!("{} @{}:{}", record.record_id, record.source_file, record.source_line.unwrap_or(0)))
        })
        .collect()
}

#[tokio::test]
async fn a_figure_is_followed_down_to_file_and_line() {
    let library = shipped();
    let context = five_leads(&library).await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    results(folder.path(), "('A', 'market', 'market.filing_within_7d', 1, 3, 0.333333333333, 33.33, 10)").await;
    let asked = Asked {
        library: &library,
        context: &context,
        folder: folder.path(),
        unit: "乙县局",
        indicator: Some("market.filing_within_7d"),
        all: false,
    };
    let explanation = ask(&asked).await.expect("it explains");
    let explained = &explanation.indicators[0];
    let records = explained.records.as_ref().expect("it lists records");
    assert_eq!(ids(records, Part::Against), ["no decision @leads.csv:4", "a day late @leads.csv:3"]);
    assert_eq!(ids(records, Part::Counted), ["in time @leads.csv:2"]);
    assert_eq!(ids(records, Part::Excluded), ["refused in time @leads.csv:6"]);
    assert_eq!(ids(records, Part::Pending), ["not yet due @leads.csv:5"], "due in July, inside the period");
    assert_eq!(explained.agrees, Some(true));
    let text = render(&explanation, &library);
    assert!(text.contains("乙县局（A）　考核期 2026　数据截止 2026-06-30"), "{text}");
    assert!(text.contains("33.33% 在 0.00%（0.00 分）与 100.00%（100.00 分）之间"), "{text}");
    assert!(text.contains("  a day late   2026-03-11  2026-03-12  leads.csv   3"), "{text}");
    assert!(text.contains("在期限内依法决定不予立案") && !text.contains("not_filed"), "{text}");
    assert!(text.contains("立案日期") && !text.contains("filed_on  "), "{text}");
}

#[tokio::test]
async fn a_city_is_explained_by_the_records_of_everything_below_it() {
    let library = shipped();
    let context = five_leads(&library).await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    results(folder.path(), "('P', 'market', 'market.filing_within_7d', 1, 3, 0.25, 25, 10)").await;
    result(folder.path(), "ranks", "SELECT 'P' AS unit_id").await;
    let asked = Asked {
        library: &library,
        context: &context,
        folder: folder.path(),
        unit: "P",
        indicator: Some("market.filing_within_7d"),
        all: false,
    };
    let explanation = ask(&asked).await.expect("it explains");
    let explained = &explanation.indicators[0];
    assert_eq!(explained.subjects, ["P", "A", "B"]);
    assert_eq!(explained.agrees, Some(false), "one of four in the data, one of three in the results");
    assert!(render(&explanation, &library).contains("逐条核对为 1/4，与结果表的 1/3 不一致"));
}

#[tokio::test]
async fn the_lists_of_every_unit_are_what_each_explanation_shows() {
    let library = shipped();
    let context = five_leads(&library).await;
    let as_of = date(2026, 6, 30);
    let units = crate::compute::units::read_units(&context, as_of).await.expect("units");
    let (period, policy) = ("2026".parse().expect("a period"), policy());
    let indicators = || library.indicators.values().collect::<Vec<_>>();
    let hierarchy = crate::compute::units::Hierarchy::read(&context, as_of).await.expect("units");
    let input = |longest| ListInput {
        library: &library,
        policy: &policy,
        units: &units,
        hierarchy: &hierarchy,
        indicators: indicators(),
        period: &period,
        as_of,
        longest,
    };
    let temporary = tempfile::tempdir().expect("a temporary folder");
    let mut shared = SharedPopulations::new(&context, &library, temporary.path().to_owned(), &|| 0.0);
    let lists = record_lists(&mut shared, &input(50)).await;
    let of = |lists: &RecordLists, unit: &str| {
        let key = (unit.into(), "market".to_owned(), IndicatorId::from("market.filing_within_7d"));
        let shown = |list: &RecordList| {
            let records = list.records.iter().map(|record| format!("{}:{}", record.record_id, record.source_line.unwrap_or(0)));
            (list.part, list.total, records.collect::<Vec<_>>())
        };
        lists.lists[&key].iter().map(shown).collect::<Vec<_>>()
    };
    let text = |records: &[&str]| records.iter().map(|record| (*record).to_owned()).collect::<Vec<_>>();
    assert_eq!(
        of(&lists, "A"),
        [
            (Part::Against, 2, text(&["no decision:4", "a day late:3"])),
            (Part::Pending, 1, text(&["not yet due:5"])),
            (Part::Excluded, 1, text(&["refused in time:6"]))
        ]
    );
    assert_eq!(of(&lists, "P")[0], (Part::Against, 3, text(&["no decision:4", "of another unit:7", "a day late:3"])));
    let shortened = record_lists(&mut shared, &input(1)).await;
    assert_eq!(of(&shortened, "A")[0], (Part::Against, 2, text(&["no decision:4"])), "the total is that of all");
    assert_eq!(of(&shortened, "P")[0], (Part::Against, 3, text(&["no decision:4"])));
    let list = &lists.lists[&("A".into(), "market".to_owned(), IndicatorId::from("market.filing_within_7d"))][2];
    let record = list.records.iter().next().expect("a record");
    assert!(record.because.chars().any(|c| c > '\u{4e00}'), "the reason is a sentence: {}", record.because);
    assert!(lists.without.keys().all(|id| id.0 != "market.filing_within_7d"));
}

#[tokio::test]
async fn a_scorecard_lists_what_cost_most_first() {
    let library = shipped();
    let context = five_leads(&library).await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    results(folder.path(), "('A', 'market', 'law.review_correction_rate', 0, 20, 0, 100, 8), ('A', 'market', 'market.filing_within_7d', 1, 3, 0.3333, 33.33, 10), \
        ('A', 'market', 'procedure.decision_timeliness', 1, 2, 0.5, 40, 20), ('A', 'market', 'county.backlog_rate', NULL, NULL, NULL, NULL, 5)").await;
    let asked = Asked { library: &library, context: &context, folder: folder.path(), unit: "A", indicator: None, all: false };
    let explanation = ask(&asked).await.expect("it explains");
    let card = &explanation.scorecards[0];
    let order: Vec<&str> = card.indicators.iter().map(|value| value.indicator.as_str()).collect();
    assert_eq!(order, ["procedure.decision_timeliness", "market.filing_within_7d", "law.review_correction_rate", "county.backlog_rate"]);
    assert_eq!(card.classes.iter().map(|class| class.title.as_str()).collect::<Vec<_>>(), ["基础", "动态"]);
    let text = render(&explanation, &library);
    assert!(text.contains("总分 83.2　等次 良好　名次 第 3 名，共 12 个"), "{text}");
    let json = serde_json::to_value(&explanation).expect("it serialises");
    assert_eq!(json["scorecards"][0]["indicators"][0]["lost"], "12");
}

#[tokio::test]
async fn an_unknown_unit_or_indicator_is_named_with_the_nearest() {
    let library = shipped();
    let context = five_leads(&library).await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    results(folder.path(), "('A', 'market', 'market.filing_within_7d', 1, 3, 0.3333, 33.33, 10)").await;
    let mut asked = Asked {
        library: &library,
        context: &context,
        folder: folder.path(),
        unit: "A",
        indicator: Some("market.filing_within_7"),
        all: false,
    };
    let error = ask(&asked).await.expect_err("there is no such indicator");
    assert!(error.to_string().contains("did you mean `market.filing_within_7d`?"), "{error}");
    asked.indicator = Some("market.closure_within_30d");
    let error = ask(&asked).await.expect_err("the scheme does not name it").to_string();
    assert!(error.contains("`market.closure_within_30d` is not in the scheme, so no unit is assessed by it"), "{error}");
    assert!(error.contains("a `node` and `report_only = true`"), "{error}");
    asked.indicator = Some("eco.monitoring_data_use");
    let error = ask(&asked).await.expect_err("the unit is of another domain").to_string();
    assert!(error.contains("`A` is not assessed by `eco.monitoring_data_use`") && error.contains("kaohe explain A lists"), "{error}");
    asked.unit = "Z";
    assert!(ask(&asked).await.expect_err("there is no such unit").to_string().contains("has no scorecard"));
    asked.folder = Path::new("/nowhere");
    assert!(ask(&asked).await.expect_err("there are no results").to_string().contains("kaohe run"));
}

/// What `kaohe check` says of the words of a library: of the files that lie over the shipped ones and of indicators whose SQL holds `part`.
fn said_of_words(files: &[(&str, &str)], part: &str) -> (Vec<&'static str>, String) {
    let mut library = library_with(files);
    let mut diagnostics = crate::diagnostics::Diagnostics::default();
    library.files.iter().for_each(|(path, text)| diagnostics.remember(&format!("queries/{path}"), text));
    let planned = crate::compute::check::unchecked_session(&library);
    library.indicators.retain(|_, indicator| indicator.sql.contains(part) || files.iter().any(|(path, _)| indicator.file.ends_with(path)));
    words::check(&planned, &library, &mut diagnostics).expect("a planner");
    way_back::check(&planned, &library, &mut diagnostics).expect("a planner");
    (diagnostics.sorted().iter().map(|item| item.name).collect(), diagnostics.to_text())
}

#[test]
fn every_column_that_decides_has_words_of_its_population_or_its_contract() {
    assert_eq!(said_of_words(&[], "").0, [""; 0], "the shipped library");
    let text = include_str!("../../queries/populations/due_documents.sql");
    let words = "-- [columns]\n-- is_standard = \"文书规范\"\n";
    assert!(text.contains(words));
    let said = |new: &str| said_of_words(&[("populations/due_documents.sql", &text.replace(words, new))], "due_documents");
    let (names, message) = said("");
    assert_eq!(names, ["missing-words"]);
    assert!(message.contains("`is_standard` decides `procedure.document_standard_rate` and has no words"), "{message}");
    assert!(message.contains("queries/populations/due_documents.sql"), "{message}");
    let (names, message) = said("-- [columns]\n-- is_standrad = \"文书规范\"\n");
    assert_eq!(names, ["unused-words", "missing-words"]);
    assert!(message.contains("did you mean `is_standard`?"), "{message}");
    let (names, _) = said(&format!("{words}-- doc_kind = \"文书\"\n"));
    assert_eq!(names, ["words-of-source"], "the contract of case_documents says what it is called");
}

#[test]
fn an_indicator_over_a_sub_select_is_warned_of_unless_it_is_a_figure_about_groups() {
    let ratio = |rest: &str| {
        format!(
            "-- /// indicator\n-- {HEADER}\n-- ///\n-- Counts.\nSELECT unit_id, domain, month_of(opened_on) AS month,\n\
             count(*) FILTER (WHERE is_food_drug) AS numerator, count(*) AS denominator\n{rest}\nGROUP BY 1, 2, 3\n"
        )
    };
    let of_groups = format!(
        "-- /// indicator\n-- {HEADER}\n-- shape = \"value\"\n-- ///\n-- Means.\nSELECT unit_id, domain, month,\n\
         CAST(avg(days) AS DECIMAL(18, 6)) AS value, count(*) AS n\nFROM (\n  SELECT unit_id, domain, month_of(opened_on) AS month, item_code,\n\
         median(extension_days) AS days FROM cases GROUP BY 1, 2, 3, 4\n) AS items\nGROUP BY 1, 2, 3\n"
    );
    let columns = "unit_id, domain, opened_on, is_food_drug";
    const OF_NONE: &str = "in no shipped indicator";
    let files: [(&str, &str); 5] = [
        ("indicators/market/by_table.sql", &ratio("FROM cases")),
        ("indicators/market/below.sql", &ratio(&format!("FROM (SELECT {columns}, source_line FROM cases) AS c"))),
        ("indicators/market/groups.sql", &of_groups),
        ("indicators/market/of_groups.sql", &ratio(&format!("FROM (SELECT {columns} FROM cases GROUP BY {columns}) AS c"))),
        (
            "indicators/market/traced.sql",
            &ratio(&format!("FROM (SELECT {columns}, case_id AS record_id, source_file, source_line FROM cases) AS c")),
        ),
    ];
    let (names, text) = said_of_words(&files, OF_NONE);
    assert_eq!(names, ["sub-select"; 3], "{text}");
    let whole = "warning[sub-select]: `market.below` reads a sub-SELECT instead of a population, and nobody finds the records behind its \
                 figures: its rows have no `record_id`, `source_file`\n  --> queries/indicators/market/below.sql:12:7\n   |\n\
                 12 | FROM (SELECT unit_id, domain, opened_on, is_food_drug, source_line FROM cases) AS c\n   |       ^^^^^^\n\
                 hint: move the rows to `queries/populations/below.sql`, with `record_id`";
    assert!(text.contains(whole), "{text}");
    assert!(text.contains("`market.of_groups` reads a sub-SELECT"), "{text}");
    assert!(text.contains("`market.traced` reads a sub-SELECT instead of a population, and no header gives"), "{text}");
    let named = ratio("FROM c").replacen("SELECT", &format!("WITH c AS (SELECT {columns} FROM cases)\nSELECT"), 1);
    let (names, text) = said_of_words(&[("indicators/market/named.sql", &named)], OF_NONE);
    assert_eq!(names, ["sub-select"]);
    assert!(text.contains("named.sql:10:12\n"), "{text}");
}

#[tokio::test]
async fn a_long_list_is_cut_and_says_so() {
    let library = shipped();
    let context = session(&library);
    let leads: Vec<String> =
        (1..=60).map(|line| format!("('lead {line:02}', 'A', 'market', true, '2026-02-02', NULL, NULL, 'leads.csv', {line})")).collect();
    fill(&context, &library, "leads", &LEAD_COLUMNS, &leads.join(", ")).await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    results(folder.path(), "('A', 'market', 'market.filing_within_7d', 0, 60, 0, 0, 10)").await;
    let mut asked = Asked {
        library: &library,
        context: &context,
        folder: folder.path(),
        unit: "A",
        indicator: Some("market.filing_within_7d"),
        all: false,
    };
    let cut = ask(&asked).await.expect("it explains");
    assert!(render(&cut, &library).contains("显示 50 条，共 60 条"));
    assert!(render(&cut, &library).contains("--all"));
    assert_eq!(cut.indicators[0].agrees, Some(true), "counts are of all records");
    asked.all = true;
    let whole = ask(&asked).await.expect("it explains");
    assert_eq!(whole.indicators[0].records.as_ref().map(|records| records.sections[0].records.len()), Some(60));
}

const HEADER: &str = "title = \"t\"\n-- better = \"higher\"\n-- shown_as = \"percent\"\n-- domains = [\"market\"]\n-- tiers = [\"county\"]\n-- basis = \"b\"";

#[tokio::test]
async fn personal_columns_are_not_shown_whatever_the_definition_asks() {
    let indicator = format!(
        "-- /// indicator\n-- {HEADER}\n-- ///\n-- Counts.\nSELECT unit_id, domain, month_of(opened_on) AS month,\n\
         count(*) FILTER (WHERE party_name_masked = '张三' AND is_food_drug) AS numerator, count(*) AS denominator\nFROM named_cases\nGROUP BY 1, 2, 3\n"
    );
    let population = "-- /// population\n-- title = \"t\"\n-- grain = \"one case\"\n-- ///\n-- Cases.\nSELECT *, party_code || ' ' || case_id AS record_id FROM cases\n";
    let library = library_with(&[("indicators/market/named.sql", &indicator), ("populations/named_cases.sql", population)]);
    let context = session(&library);
    fill(
        &context,
        &library,
        "cases",
        &["case_id", "unit_id", "domain", "opened_on", "party_code", "party_name_masked", "is_food_drug", "source_file", "source_line"],
        "('1', 'A', 'market', '2026-02-02', '330102199001011234', '张三', true, 'cases.csv', 2)",
    )
    .await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    results(folder.path(), "('A', 'market', 'market.named', 1, 1, 1, 100, 10)").await;
    let asked =
        Asked { library: &library, context: &context, folder: folder.path(), unit: "A", indicator: Some("market.named"), all: true };
    let explanation = ask(&asked).await.expect("it explains");
    let record = &explanation.indicators[0].records.as_ref().expect("it lists records").sections[0].records[0];
    assert_eq!(record.facts, BTreeMap::from([("is_food_drug".to_owned(), "是".to_owned())]));
    assert_eq!((record.record_id.as_str(), record.source_line), ("（含个人信息，不显示）", Some(2)));
    let everything = render(&explanation, &library) + &serde_json::to_string(&explanation).expect("it serialises");
    assert!(!everything.contains("张三") && !everything.contains("330102199001011234"), "{everything}");
}

#[tokio::test]
async fn every_shipped_indicator_can_be_taken_apart_and_leads_to_file_and_line() {
    let library = shipped();
    let context = session(&library);
    let temporary = tempfile::tempdir().expect("a temporary folder");
    let mut shared = SharedPopulations::new(&context, &library, temporary.path().to_owned(), &|| 0.0);
    let mut broken = Vec::new();
    // Its rows are groups of like cases, of which no single record decides.
    let of_groups = ["law.disparity_index"];
    for indicator in library.indicators.values().filter(|indicator| !indicator.sql.is_empty()) {
        let moment = moment_of(indicator.window, date(2026, 6, 30));
        shared.stand_at(moment, names_read(&context, &indicator.sql).expect("it parses")).await;
        let plan = async {
            let statement = parse_bound(&context, &indicator.sql, moment)?;
            context.state().statement_to_plan(statement).await
        };
        let plan = plan.await.expect("the shipped library plans");
        let Some(rows) = rows_of(&plan, &library).expect("rows plan") else {
            broken.push(format!("{}: another form", indicator.id));
            continue;
        };
        let run = context.execute_logical_plan(with_loads(rows.plan).expect("loads plan")).await.expect("rows plan").collect().await;
        broken.extend(run.err().map(|error| format!("{}: {error}", indicator.id)));
        broken.extend(
            ["record_id", "source_file", "source_line"]
                .iter()
                .filter(|name| rows.missing.contains(name) && !of_groups.contains(&indicator.id.0.as_str()))
                .map(|name| format!("{}: no {name}", indicator.id)),
        );
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[tokio::test]
async fn a_distinct_count_shows_the_rows_and_does_not_claim_to_add_up() {
    let library = shipped();
    let context = session(&library);
    fill(&context, &library, "inspections", &["inspection_id", "unit_id", "domain", "credit_code", "checked_on", "counts_toward_cap", "source_file", "source_line"],
        "('one', 'A', 'market', '91330100MA00000001', '2026-02-02', true, 'i.csv', 2), ('two', 'A', 'market', '91330100MA00000001', '2026-03-02', true, 'i.csv', 3), \
         ('three', 'A', 'market', '91330100MA00000001', '2026-04-02', true, 'i.csv', 4), ('other firm', 'A', 'market', '91330100MA00000002', '2026-04-02', true, 'i.csv', 5)").await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    results(folder.path(), "('A', 'market', 'market.inspection_frequency_compliance', 1, 2, 0.5, 50, 10)").await;
    let asked = Asked {
        library: &library,
        context: &context,
        folder: folder.path(),
        unit: "A",
        indicator: Some("market.inspection_frequency_compliance"),
        all: false,
    };
    let explanation = ask(&asked).await.expect("it explains");
    let explained = &explanation.indicators[0];
    assert_eq!(explained.agrees, None);
    assert_eq!(ids(explained.records.as_ref().expect("it lists records"), Part::Against), ["three @i.csv:4"]);
}

/// Two records that differ in the party and the fine: the values of a column that a contract calls personal are left out, even where a
/// project's population hands them on.
#[tokio::test]
async fn values_of_both_sides_are_given_unless_they_are_personal() {
    let file = "populations/reconciled_records.sql";
    let text = crate::library::texts(None).expect("the shipped library reads")[file].clone();
    let telling = "s.party_code AS own_party_code, p.party_code AS platform_party_code, s.event_on AS own_date";
    let changed = text.replace("s.event_on AS own_date", telling);
    assert_ne!(text, changed);
    let library = library_with(&[(file, &changed)]);
    let context = session(&library);
    let columns =
        ["case_id", "decision_no", "unit_id", "domain", "decided_on", "outcome", "party_code", "fine_amount", "source_file", "source_line"];
    let case = |key: &str, unit: &str, on: &str, line: u32| {
        format!("('{key}', '{key}', '{unit}', 'market', DATE '{on}', 'penalty', '33010219900101001X', 500.00, 'cases.csv', {line})")
    };
    let cases = [case("differs", "A", "2026-03-02", 2), case("alone", "B", "2026-03-02", 3), case("ahead", "B", "2026-06-30", 4)];
    fill(&context, &library, "cases", &columns, &cases.join(", ")).await;
    let columns = [
        "platform_id",
        "source_table",
        "key_text",
        "unit_id",
        "domain",
        "event_date",
        "decision_no",
        "decided_on",
        "outcome",
        "party_code",
        "fine_amount",
        "source_file",
        "source_line",
    ];
    let platform = |key: &str, party: &str| {
        format!(
            "('p {key}', 'cases', '{key}', 'A', 'market', DATE '2026-03-02', '{key}', DATE '2026-03-02', 'penalty', '{party}', 50.00, 'platform.csv', 9)"
        )
    };
    let rows = [platform("differs", "33010219900101002X"), platform("theirs", "33010219900101001X")];
    fill(&context, &library, "platform_records", &columns, &rows.join(", ")).await;
    let temporary = tempfile::tempdir().expect("a temporary folder");
    let mut shared = standing(&context, &library, temporary.path()).await;
    let months = (Month { year: 2026, month: 1 }, Month { year: 2026, month: 6 });
    let found = reconciled_records(&mut shared, &library, months).await.expect("it is compared");
    let told: Vec<_> = found.records.iter().map(|row| (row.record_id.as_str(), row.outcome.as_str(), row.field.as_str())).collect();
    let expected = [
        ("differs", "differing", "party_code"),
        ("theirs", "missing_in_system", ""),
        ("ahead", "in_transit", ""),
        ("alone", "missing_on_platform", ""),
    ];
    assert_eq!(told, expected);
    let differing: Vec<_> = found.records[0].differing.iter().map(|field| (field.field.as_str(), field.values.clone())).collect();
    assert_eq!(differing, [("party_code", None), ("fine", Some(("500.00".to_owned(), "50.00".to_owned())))]);
    let lines =
        |row: &super::reconciled::ReconciledRecord| [&row.own, &row.platform].map(|place| place.as_ref().and_then(|place| place.line));
    assert_eq!(
        found.records.iter().map(lines).collect::<Vec<_>>(),
        [[Some(2), Some(9)], [None, Some(9)], [Some(4), None], [Some(3), None]]
    );
    assert!(!format!("{found:?}").contains("330102"), "{found:?}");
    assert_eq!(found.labels[&("outcome".to_owned(), "penalty".to_owned())], "行政处罚");
}

/// Every population at the end of June.
async fn standing<'a>(context: &SessionContext, library: &'a Library, folder: &std::path::Path) -> SharedPopulations<'a> {
    let mut shared = SharedPopulations::new(context, library, folder.to_owned(), &|| 0.0);
    let all: Vec<String> = shared.dependencies().in_order().map(str::to_owned).collect();
    shared.stand_at(moment_of(Window::Flow, date(2026, 6, 30)), all).await;
    shared
}

/// Nights rewrite only the months that changed, so the two tables of one export often stand as different runs loaded them.
#[tokio::test]
async fn records_of_one_export_are_left_out_whichever_runs_loaded_them() {
    let library = library_with(&[]);
    let context = session(&library);
    let both = ["unit_id", "domain", "decision_no", "decided_on", "outcome", "fine_amount", "source_file", "source_line"];
    let row = |first: &str, amount: u32, load: &str| {
        format!("({first}, 'A', 'market', 'one', DATE '2026-03-02', 'penalty', {amount}.00, 'export.csv', 2, '{load}')")
    };
    let columns = |first: &[&'static str]| [first, &both, &["batch_id"]].concat();
    fill(&context, &library, "cases", &columns(&["case_id"]), &row("'one'", 500, "run 1")).await;
    let platform = ["platform_id", "source_table", "key_text", "event_date"];
    let keys = "'p one', 'cases', 'one', DATE '2026-03-02'";
    fill(&context, &library, "platform_records", &columns(&platform), &row(keys, 50, "run 2")).await;
    let temporary = tempfile::tempdir().expect("a temporary folder");
    let mut shared = standing(&context, &library, temporary.path()).await;
    let months = (Month { year: 2026, month: 1 }, Month { year: 2026, month: 6 });
    let counted = crate::compute::reconciliation::reconciled(&mut shared, months).await.expect("it is counted");
    assert_eq!(counted.iter().map(|row| (row.outcome.as_str(), row.records)).collect::<Vec<_>>(), [("excluded", 1)]);
    let listed = reconciled_records(&mut shared, &library, months).await.expect("it is compared").records;
    assert!(listed.is_empty(), "{listed:?}");
}

#[tokio::test]
async fn a_population_of_another_form_lists_nothing() {
    let other = "-- /// population\n-- title = \"别的比对\"\n-- grain = \"one case\"\n-- ///\n--\n-- 不同形式的口径。\nSELECT unit_id, domain, case_id AS record_id FROM cases";
    let library = library_with(&[("populations/reconciled_records.sql", other)]);
    let context = session(&library);
    let temporary = tempfile::tempdir().expect("a temporary folder");
    let mut shared = standing(&context, &library, temporary.path()).await;
    let months = (Month { year: 2026, month: 1 }, Month { year: 2026, month: 6 });
    assert_eq!(reconciled_records(&mut shared, &library, months).await.expect("nothing to compare"), Default::default());
}

#[tokio::test]
async fn figures_that_leave_groups_out_or_count_a_row_twice_are_not_what_their_rows_add_up_to() {
    let library = shipped();
    let context = session(&library);
    let adds_up = async |numerator: &str, having: &str| {
        let sql = format!(
            "SELECT unit_id, domain, {numerator} AS numerator, count(*) AS denominator FROM cases GROUP BY unit_id, domain {having}"
        );
        let plan = context.state().create_logical_plan(&sql).await.expect("it plans");
        rows_of(&plan, &library).expect("rows").expect("one aggregate over rows").adds_up
    };
    let major = "count(*) FILTER (WHERE major)";
    assert!(adds_up(major, "").await);
    assert!(!adds_up(major, "HAVING count(*) >= 3").await, "small groups are in no figure");
    assert!(!adds_up(&format!("{major} + count(*) FILTER (WHERE is_food_drug)"), "").await, "a row may be both");
    assert!(!adds_up("count(DISTINCT credit_code)", "").await);
}
