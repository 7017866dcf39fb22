//! The lake as its users see it: loads, pins and queries on a table of a few rows.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Int64Array, ListBuilder, RecordBatch, StringArray, StringBuilder,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use arrow::ipc::writer::{FileWriter, StreamWriter};
use arrow::util::pretty::pretty_format_batches;
use datafusion::prelude::SessionContext;

use super::*;
use crate::error::Kind;
use crate::terms::{Month, RunId};

/// A lake in a folder whose name is not ASCII, and staged months beside it.
struct Bench {
    folder: tempfile::TempDir,
    lake: Lake,
}

/// A row: unit, day of the month, note.
type Row<'a> = (&'a str, i32, Option<&'a str>);

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("temporary folder");
        let lake = Lake::open(&folder.path().join("示例 省/lake")).expect("an empty lake");
        Self { folder, lake }
    }

    fn stage(&self, batch: &RecordBatch, digest: &str) -> MonthFile {
        let path: PathBuf = self.folder.path().join(format!("{digest}.arrow"));
        let file = std::fs::File::create(&path).expect("staging file");
        let mut writer = StreamWriter::try_new(file, &batch.schema()).expect("writer");
        writer.write(batch).expect("rows");
        writer.finish().expect("end");
        MonthFile { path, rows: batch.num_rows() as u64, digest: digest.to_owned() }
    }

    fn extract(&self, shape: &TableShape, months: &[(&str, &[Row<'_>])]) -> Replacement {
        let part = |(text, rows): &(&str, &[Row<'_>])| {
            let digest =
                format!("{text}{}", rows.iter().map(|row| format!("{}{}{}", row.0, row.1, row.2.unwrap_or("-"))).collect::<String>());
            let first = month(text).map_or(0, Month::to_epoch_days);
            (month(text), self.stage(&rows_batch(&shape.schema, first, rows), &digest))
        };
        Replacement { shape: shape.clone(), months: months.iter().map(part).collect() }
    }

    async fn load(&self, months: &[(&str, &[Row<'_>])]) -> CommitOutcome {
        self.lake.commit(&self.extract(&cases(), months), &run()).await.expect("the load is stored")
    }

    async fn query(&self, snapshot: &Snapshot, sql: &str) -> String {
        let context = session(None, self.folder.path(), 2).expect("a session");
        self.lake.register(&context, snapshot, &[cases(), everything()]).expect("tables");
        answer(&context, sql).await
    }
}

async fn answer(context: &SessionContext, sql: &str) -> String {
    let batches = context.sql(sql).await.expect(sql).collect().await.expect(sql);
    pretty_format_batches(&batches).expect("a table").to_string()
}

fn run() -> RunId {
    RunId::from("20260630T010203-ab12")
}

fn month(text: &str) -> Option<Month> {
    text.parse().ok()
}

fn shape(table: &str, by_month: bool, columns: &[(&str, DataType)]) -> TableShape {
    let loader = [("source_file", DataType::Utf8), ("source_line", DataType::Int64), ("batch_id", DataType::Utf8)];
    let fields: Vec<_> = columns.iter().chain(&loader).map(|(name, kind)| Field::new(*name, kind.clone(), *name != "unit_id")).collect();
    TableShape { table: table.to_owned(), schema: Arc::new(Schema::new(fields)), by_month }
}

fn cases() -> TableShape {
    shape("cases", true, &[("unit_id", DataType::Utf8), ("opened_on", DataType::Date32), ("note", DataType::Utf8)])
}

fn instant() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

fn list() -> DataType {
    DataType::List(Arc::new(Field::new("item", DataType::Utf8, true)))
}

/// One column of every type of contract.
fn everything() -> TableShape {
    shape(
        "everything",
        false,
        &[
            ("unit_id", DataType::Utf8),
            ("opened_on", DataType::Date32),
            ("opened_at", instant()),
            ("people", DataType::Int64),
            ("fine", DataType::Decimal128(18, 2)),
            ("is_open", DataType::Boolean),
            ("tags", list()),
        ],
    )
}

fn rows_batch(schema: &SchemaRef, first_day: i32, rows: &[Row<'_>]) -> RecordBatch {
    let columns: Vec<ArrayRef> = schema
        .fields()
        .iter()
        .map(|field| -> ArrayRef {
            match field.name().as_str() {
                "unit_id" => Arc::new(rows.iter().map(|row| Some(row.0)).collect::<StringArray>()),
                "opened_on" => Arc::new(Date32Array::from_iter_values(rows.iter().map(|row| first_day + row.1 - 1))),
                "source_line" => Arc::new(Int64Array::from_iter_values(1..=rows.len() as i64)),
                "people" => Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| i64::from(row.1)))),
                "note" => Arc::new(rows.iter().map(|row| row.2).collect::<StringArray>()),
                _ => Arc::new(rows.iter().map(|_| Some("案件.csv")).collect::<StringArray>()),
            }
        })
        .collect();
    RecordBatch::try_new(Arc::clone(schema), columns).expect("columns fit")
}

const COUNTS: &str = "SELECT month, count(*) AS rows, max(note) AS note FROM cases GROUP BY month ORDER BY month";

#[tokio::test]
async fn an_extract_replaces_the_months_it_covers_and_no_others() {
    let bench = Bench::new();
    let first = bench
        .load(&[
            ("2026-01", &[("A", 1, None)]),
            ("2026-02", &[("A", 1, None)]),
            ("2026-03", &[("A", 1, None)]),
            ("2026-04", &[("A", 1, None)]),
        ])
        .await;
    assert_eq!((first.version, first.rows), (0, 4));
    // February vanished, March changed, April stayed; January lies before the extract.
    let second = bench.load(&[("2026-03", &[("A", 1, Some("new")), ("B", 2, None)]), ("2026-04", &[("A", 1, None)])]).await;
    assert_eq!(second.months_written, [month("2026-03")]);
    assert_eq!(second.months_unchanged, [month("2026-04")]);
    assert!(second.months_removed.is_empty(), "February lies before the extract too");
    let third = bench.load(&[("2026-01", &[("A", 1, None)]), ("2026-03", &[("A", 1, Some("new")), ("B", 2, None)])]).await;
    assert_eq!(third.months_removed, [month("2026-02")]);
    assert_eq!((third.version, third.rows), (2, 4));
    let snapshot = bench.lake.pin().await.expect("a pin");
    let expected = "\
+------------+------+------+
| month      | rows | note |
+------------+------+------+
| 2026-01-01 | 1    |      |
| 2026-03-01 | 2    | new  |
| 2026-04-01 | 1    |      |
+------------+------+------+";
    assert_eq!(bench.query(&snapshot, COUNTS).await, expected);
}

#[tokio::test]
async fn an_extract_that_changes_nothing_makes_no_version_and_touches_no_file() {
    let bench = Bench::new();
    let months: &[(&str, &[Row<'_>])] = &[("2026-01", &[("A", 1, None)]), ("2026-02", &[("B", 2, None)])];
    bench.load(months).await;
    let before = (bench.lake.pin().await.expect("a pin"), bench.lake.disk_usage().expect("usage"));
    let outcome = bench.load(months).await;
    assert_eq!(outcome.months_unchanged, [month("2026-01"), month("2026-02")]);
    assert_eq!((outcome.version, outcome.rows), (0, 2));
    assert_eq!((bench.lake.pin().await.expect("a pin"), bench.lake.disk_usage().expect("usage")), before);
    // The file of an unchanged month stays the same one when another month changes.
    bench.load(&[("2026-01", &[("A", 1, None)]), ("2026-02", &[("C", 2, None)])]).await;
    let after = bench.lake.pin().await.expect("a pin");
    assert_eq!(after.files("cases")[0], before.0.files("cases")[0]);
    assert_ne!(after.files("cases")[1].path, before.0.files("cases")[1].path);
}

#[tokio::test]
async fn a_covered_month_without_rows_is_emptied() {
    let bench = Bench::new();
    bench.load(&[("2026-01", &[("A", 1, None)]), ("2026-02", &[("A", 1, None)])]).await;
    let outcome = bench.load(&[("2026-01", &[("A", 1, None)]), ("2026-02", &[])]).await;
    assert_eq!((outcome.months_removed, outcome.rows), (vec![month("2026-02")], 1));
}

#[tokio::test]
async fn a_pinned_snapshot_is_read_as_it_was_while_the_table_moves_on() {
    let bench = Bench::new();
    bench.load(&[("2026-01", &[("A", 1, Some("old"))])]).await;
    let pinned = bench.lake.pin().await.expect("a pin");
    let context = session(None, bench.folder.path(), 2).expect("a session");
    bench.lake.register(&context, &pinned, &[cases()]).expect("tables");
    bench.load(&[("2026-01", &[("A", 1, Some("new")), ("B", 1, None)])]).await;
    let sql = "SELECT count(*) AS rows, max(note) AS note FROM cases";
    let old = "+------+------+\n| rows | note |\n+------+------+\n| 1    | old  |\n+------+------+";
    assert_eq!(answer(&context, sql).await, old);
    // The manifest's text and the version alone lead to the same files.
    let text = serde_json::to_string(&pinned).expect("json");
    assert_eq!(serde_json::from_str::<Snapshot>(&text).expect("json"), pinned);
    assert_eq!(bench.lake.pin_at(&pinned.versions()).await.expect("the old version"), pinned);
    assert_eq!(bench.lake.pin().await.expect("a pin").versions(), BTreeMap::from([("cases".to_owned(), 1)]));
}

#[tokio::test]
async fn a_plan_made_before_somebody_else_committed_is_refused() {
    let bench = Bench::new();
    bench.load(&[("2026-01", &[("A", 1, None)])]).await;
    let stale = bench.lake.plan(&bench.extract(&cases(), &[("2026-02", &[("A", 1, None)])])).await.expect("a plan");
    bench.load(&[("2026-03", &[("B", 1, None)])]).await;
    let error = bench.lake.apply(stale, &run()).await.expect_err("the table moved on");
    assert_eq!(error.kind, Kind::Conflict, "{error}");
    assert_eq!(bench.lake.pin().await.expect("a pin").tables["cases"].version, 1);
    // The same for two plans that both want to create the table.
    let other = TableShape { table: "units".to_owned(), by_month: false, ..cases() };
    let extract = bench.extract(&other, &[("", &[("A", 1, None)])]);
    let (first, second) = (bench.lake.plan(&extract).await.expect("plan"), bench.lake.plan(&extract).await.expect("plan"));
    bench.lake.apply(first, &run()).await.expect("created");
    assert_eq!(bench.lake.apply(second, &run()).await.expect_err("created before").kind, Kind::Conflict);
}

#[tokio::test]
async fn a_new_column_is_null_in_the_months_that_were_there_before() {
    let bench = Bench::new();
    bench.load(&[("2026-01", &[("A", 1, None)])]).await;
    let mut wider = cases();
    let mut fields = wider.schema.fields().to_vec();
    fields.insert(1, Arc::new(Field::new("people", DataType::Int64, true)));
    wider.schema = Arc::new(Schema::new(fields));
    bench.lake.commit(&bench.extract(&wider, &[("2026-02", &[("B", 7, None)])]), &run()).await.expect("a wider table");
    let snapshot = bench.lake.pin().await.expect("a pin");
    let context = session(None, bench.folder.path(), 2).expect("a session");
    bench.lake.register(&context, &snapshot, std::slice::from_ref(&wider)).expect("tables");
    let expected = "+---------+--------+\n| unit_id | people |\n+---------+--------+\n| A       |        |\n| B       | 7      |\n+---------+--------+";
    assert_eq!(answer(&context, "SELECT unit_id, people FROM cases ORDER BY unit_id").await, expected);
    // The narrower contract still reads and writes it.
    bench.load(&[("2026-03", &[("C", 1, None)])]).await;
    let count = "+------+\n| rows |\n+------+\n| 3    |\n+------+";
    assert_eq!(bench.query(&bench.lake.pin().await.expect("a pin"), "SELECT count(*) AS rows FROM cases").await, count);
}

#[tokio::test]
async fn a_column_that_changes_its_type_is_refused_with_the_way_out() {
    let bench = Bench::new();
    bench.load(&[("2026-01", &[("A", 1, None)])]).await;
    let changed = shape("cases", true, &[("unit_id", DataType::Utf8), ("opened_on", DataType::Date32), ("note", DataType::Int64)]);
    let error = bench.lake.plan(&Replacement { shape: changed, months: BTreeMap::new() }).await.err().expect("refused");
    assert_eq!(error.kind, Kind::Configuration);
    assert!(error.to_string().contains("`note`") && error.to_string().contains("hint:"), "{error}");
    let whole = TableShape { by_month: false, ..cases() };
    assert_eq!(
        bench.lake.plan(&Replacement { shape: whole, months: BTreeMap::new() }).await.err().expect("refused").kind,
        Kind::Configuration
    );
}

#[tokio::test]
async fn every_type_of_contract_comes_back_as_it_went_in() {
    let bench = Bench::new();
    let mut tags = ListBuilder::new(StringBuilder::new());
    tags.append_value([Some("食品"), Some("药品")]);
    tags.append_null();
    let text = |value: &'static str| -> ArrayRef { Arc::new(StringArray::from(vec![value, value])) };
    let columns: Vec<ArrayRef> = vec![
        text("A"),
        Arc::new(Date32Array::from(vec![Some(20_454), None])),
        Arc::new(TimestampMicrosecondArray::from(vec![Some(1_767_225_600_123_456), None]).with_timezone("UTC")),
        Arc::new(Int64Array::from(vec![Some(i64::MAX), None])),
        Arc::new(Decimal128Array::from(vec![Some(-12_345_678_901_234_567), None]).with_precision_and_scale(18, 2).expect("fits")),
        Arc::new(BooleanArray::from(vec![Some(true), None])),
        Arc::new(tags.finish()),
        text("案件.csv"),
        Arc::new(Int64Array::from(vec![2, 3])),
        text("batch"),
    ];
    let batch = RecordBatch::try_new(everything().schema, columns).expect("columns fit");
    // The staged file may be Arrow's file form as well as its stream form.
    let path = bench.folder.path().join("everything.arrow");
    let mut writer = FileWriter::try_new(std::fs::File::create(&path).expect("file"), &batch.schema()).expect("writer");
    writer.write(&batch).expect("rows");
    writer.finish().expect("end");
    let months = BTreeMap::from([(None, MonthFile { path, rows: 2, digest: "d".to_owned() })]);
    bench.lake.commit(&Replacement { shape: everything(), months }, &run()).await.expect("stored");
    let snapshot = bench.lake.pin().await.expect("a pin");
    let context = session(None, bench.folder.path(), 2).expect("a session");
    bench.lake.register(&context, &snapshot, &[everything()]).expect("tables");
    let frame = context.sql("SELECT * FROM everything").await.expect("query");
    let types: Vec<_> = frame.schema().fields().iter().map(|field| field.data_type().clone()).take(7).collect();
    let declared = [DataType::Utf8, DataType::Date32, instant(), DataType::Int64, DataType::Decimal128(18, 2), DataType::Boolean, list()];
    assert_eq!(types, declared);
    let sql = "SELECT opened_on, arrow_cast(opened_at, 'Int64') AS opened_at, people, fine, is_open, tags FROM everything WHERE source_line = 2 OR fine IS NULL ORDER BY source_line";
    let expected = "\
+------------+------------------+---------------------+-----------------------+---------+--------------+
| opened_on  | opened_at        | people              | fine                  | is_open | tags         |
+------------+------------------+---------------------+-----------------------+---------+--------------+
| 2026-01-01 | 1767225600123456 | 9223372036854775807 | -123456789012345.67   | true    | [食品, 药品] |
|            |                  |                     |                       |         |              |
+------------+------------------+---------------------+-----------------------+---------+--------------+";
    let squeeze = |text: &str| text.replace([' ', '-'], "");
    assert_eq!(squeeze(&answer(&context, sql).await), squeeze(expected));
}

#[tokio::test]
async fn a_table_that_was_never_loaded_is_there_and_empty() {
    let bench = Bench::new();
    let counts = "SELECT count(*) AS rows, max(month) AS month FROM cases";
    let nothing = "+------+-------+\n| rows | month |\n+------+-------+\n| 0    |       |\n+------+-------+";
    assert_eq!(bench.query(&Snapshot::default(), counts).await, nothing);
    let context = SessionContext::new();
    register_empty(&context, &[cases()]).expect("tables");
    assert_eq!(answer(&context, counts).await, nothing);
}

#[tokio::test]
async fn a_condition_on_the_month_opens_only_the_files_of_that_month() {
    let bench = Bench::new();
    bench.load(&[("2026-02", &[("A", 1, None)]), ("2026-03", &[("A", 1, None), ("B", 2, None)]), ("2026-04", &[("A", 1, None)])]).await;
    let snapshot = bench.lake.pin().await.expect("a pin");
    let explained =
        bench.query(&snapshot, "EXPLAIN SELECT unit_id FROM cases WHERE month = DATE '2026-03-01' AND opened_on > DATE '2026-03-01'").await;
    assert!(explained.contains("month=2026-03-01/"), "{explained}");
    assert!(!explained.contains("month=2026-02-01/") && !explained.contains("month=2026-04-01/"), "{explained}");
    assert!(explained.contains("predicate="), "other conditions reach the reader to skip row groups: {explained}");
    let sql = "SELECT count(*) AS rows FROM cases WHERE month >= DATE '2026-03-01' AND unit_id = 'A'";
    assert_eq!(bench.query(&snapshot, sql).await, "+------+\n| rows |\n+------+\n| 2    |\n+------+");
    // Row counts come from the rows, not from the log.
    assert!(bench.query(&snapshot, "EXPLAIN SELECT count(*) FROM cases").await.contains("DataSourceExec"));
}

#[tokio::test]
async fn a_lost_file_is_named_before_any_query_runs() {
    let bench = Bench::new();
    bench.load(&[("2026-02", &[("A", 1, None)])]).await;
    let snapshot = bench.lake.pin().await.expect("a pin");
    let path = &snapshot.files("cases")[0].path;
    std::fs::remove_file(bench.lake.root().join(path)).expect("removed");
    let error = bench.lake.register(&SessionContext::new(), &snapshot, &[cases()]).expect_err("a file is gone");
    assert_eq!(error.kind, Kind::Environment);
    assert!(error.to_string().contains(path), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unchanged_month_is_recognised_after_the_log_was_folded_into_a_checkpoint() {
    let bench = Bench::new();
    let still: (&str, &[Row<'_>]) = ("2026-01", &[("A", 1, None)]);
    bench.load(&[still]).await;
    let first = bench.lake.pin().await.expect("a pin");
    for night in 1..=100 {
        bench.load(&[("2026-02", &[("A", night % 28 + 1, None)])]).await;
    }
    let log = bench.lake.root().join("cases/_delta_log");
    assert!(log.join("00000000000000000099.checkpoint.parquet").is_file(), "the log was folded");
    let outcome = bench.load(&[still, ("2026-02", &[("B", 1, None)])]).await;
    assert_eq!(outcome.months_unchanged, [month("2026-01")]);
    assert_eq!(outcome.version, 101);
    assert_eq!(bench.lake.pin_at(&first.versions()).await.expect("the first version"), first);
    assert_eq!(bench.lake.pin().await.expect("a pin").files("cases")[0], first.files("cases")[0]);
}
