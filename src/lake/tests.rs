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
use datafusion::execution::memory_pool::GreedyMemoryPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};

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
            let digest = blake3::hash(digest.as_bytes()).to_hex().to_string();
            let first = month(text).map_or(0, Month::to_epoch_days);
            (month(text), self.stage(&rows_batch(&shape.schema, first, rows), &digest))
        };
        Replacement {
            shape: shape.clone(),
            key: vec!["unit_id".to_owned(), "opened_on".to_owned()],
            months: months.iter().map(part).collect(),
        }
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
    let error = bench.lake.plan(&Replacement { shape: changed, key: Vec::new(), months: BTreeMap::new() }).await.err().expect("refused");
    assert_eq!(error.kind, Kind::Configuration);
    assert!(error.to_string().contains("`note`") && error.to_string().contains("hint:"), "{error}");
    let whole = TableShape { by_month: false, ..cases() };
    assert_eq!(
        bench.lake.plan(&Replacement { shape: whole, key: Vec::new(), months: BTreeMap::new() }).await.err().expect("refused").kind,
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
    bench.lake.commit(&Replacement { shape: everything(), key: vec!["unit_id".to_owned()], months }, &run()).await.expect("stored");
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
    // A pool without room, so that the small table is read from its files.
    let full = RuntimeEnvBuilder::new().with_memory_pool(Arc::new(GreedyMemoryPool::new(1))).build_arc().expect("a runtime");
    let context = SessionContext::new_with_config_rt(SessionConfig::new(), full);
    bench.lake.register(&context, &snapshot, &[cases()]).expect("tables");
    let explained =
        answer(&context, "EXPLAIN SELECT unit_id FROM cases WHERE month = DATE '2026-03-01' AND opened_on > DATE '2026-03-01'").await;
    assert!(explained.contains("month=2026-03-01/"), "{explained}");
    assert!(!explained.contains("month=2026-02-01/") && !explained.contains("month=2026-04-01/"), "{explained}");
    assert!(explained.contains("predicate="), "other conditions reach the reader to skip row groups: {explained}");
    let sql = "SELECT count(*) AS rows FROM cases WHERE month >= DATE '2026-03-01' AND unit_id = 'A'";
    for _ in 0..50 {
        // Which partition reads which file is a race: rows that are kept must stand under their month every time.
        assert_eq!(bench.query(&snapshot, sql).await, "+------+\n| rows |\n+------+\n| 2    |\n+------+", "the same of rows that are kept");
    }
    // Row counts come from the rows, not from the log.
    assert!(answer(&context, "EXPLAIN SELECT count(*) FROM cases").await.contains("DataSourceExec"));
}

#[tokio::test]
async fn what_a_run_keeps_in_memory_answers_as_the_files_do() {
    let bench = Bench::new();
    let notes: Vec<String> = (0..100_000).map(|row| blake3::hash(format!("note {row}").as_bytes()).to_hex().to_string()).collect();
    let rows = |first: usize| -> Vec<Row<'_>> {
        let row = |place: usize| ("A", (place % 28) as i32, Some(notes[place].as_str()).filter(|_| place % 5 > 0));
        (first..first + 50_000).map(row).collect()
    };
    let (january, march) = (rows(0), rows(50_000));
    bench.load(&[("2026-01", &january), ("2026-03", &march)]).await;
    let snapshot = bench.lake.pin().await.expect("pinned");
    assert!(snapshot.files("cases").iter().map(|file| file.bytes).sum::<u64>() > 2 << 20, "a large table");
    let session = session_of_a_run(Some(4 << 30), bench.folder.path(), 2).expect("a session");
    bench.lake.register(&session, &snapshot, &[cases()]).expect("tables");
    let room = session.runtime_env().memory_pool.reserved();
    let mut held = Vec::new();
    for sql in [
        "SELECT count(*) AS n FROM cases",
        "SELECT count(note) AS n, min(note) AS first FROM cases WHERE month = DATE '2026-03-01'",
        "SELECT month, opened_on, count(*) AS n, max(note) AS last FROM cases GROUP BY 1, 2 ORDER BY 1, 2",
        "SELECT month, opened_on, count(*) AS n, max(note) AS last FROM cases GROUP BY 1, 2 ORDER BY 1, 2",
    ] {
        assert_eq!(answer(&session, sql).await, bench.query(&snapshot, sql).await, "{sql}");
        held.push(session.runtime_env().memory_pool.reserved() - room);
    }
    assert!(held[0] == 0 && held[1] > 0 && held[2] > held[1] && held[3] == held[2], "{held:?}");
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

    // What a copy of the log consists of: a version that was there before the folding has none of it.
    let folded = ["cases/_delta_log/00000000000000000099.checkpoint.parquet", "cases/_delta_log/_last_checkpoint"];
    assert_eq!(bench.lake.checkpoints("cases", 101).expect("listed"), folded);
    assert_eq!(bench.lake.checkpoints("cases", 98).expect("listed"), [] as [String; 0]);
    let entry = bench.lake.log_entry("cases", 0).expect("the first entry");
    let added: Vec<(String, u64)> = first.files("cases").iter().map(|file| (file.path.clone(), file.bytes)).collect();
    assert_eq!((entry.path.as_str(), entry.added), ("cases/_delta_log/00000000000000000000.json", added));
    assert!(bench.lake.log_entry("cases", 102).is_err());
}

/// An extract as an office sends it: the day of every record by its number, `20260307` for 2026-03-07.
async fn deliver(bench: &Bench, records: &BTreeMap<u32, u32>) -> CommitOutcome {
    let mut months: BTreeMap<String, Vec<(String, i32)>> = BTreeMap::new();
    for (record, day) in records {
        let month = format!("{:04}-{:02}", day / 10_000, day / 100 % 100);
        months.entry(month).or_default().push((format!("R{record:06}"), (day % 100) as i32));
    }
    let rows: Vec<(&str, Vec<Row<'_>>)> = months
        .iter()
        .map(|(month, rows)| (month.as_str(), rows.iter().map(|(record, day)| (record.as_str(), *day, None)).collect()))
        .collect();
    let mut extract = bench.extract(&cases(), &rows.iter().map(|(month, rows)| (*month, rows.as_slice())).collect::<Vec<_>>());
    extract.key = vec!["unit_id".to_owned()];
    // As loading digests it, so that a month joined from the lake and the extract compares with one that was loaded whole.
    for staged in extract.months.values_mut() {
        let batches: Vec<RecordBatch> =
            super::month_file::read_batches(&staged.path).expect("staged").map(|batch| batch.expect("rows")).collect();
        let order = crate::ingest::RowOrder::new(&batches[0].schema(), &extract.key).expect("comparable");
        staged.digest = order.arrange(&batches[0]).expect("arranged").1;
    }
    bench.lake.commit(&extract, &run()).await.expect("the load is stored")
}

/// Record and day of every row in the lake, sorted.
async fn stored(bench: &Bench) -> Vec<(u32, u32)> {
    let context = session(None, bench.folder.path(), 2).expect("a session");
    bench.lake.register(&context, &bench.lake.pin().await.expect("a pin"), &[cases()]).expect("tables");
    let sql = "SELECT unit_id || ' ' || replace(CAST(opened_on AS VARCHAR), '-', '') AS row FROM cases \
               WHERE date_trunc('month', opened_on) = month ORDER BY 1";
    let batches = context.sql(sql).await.expect(sql).collect().await.expect(sql);
    let rows =
        batches.iter().flat_map(|batch| arrow::array::AsArray::as_string::<i32>(batch.column(0)).iter().flatten().collect::<Vec<_>>());
    let read = |row: &str| (row[1..7].parse().expect("a record"), row[8..].parse().expect("a day"));
    rows.map(read).collect()
}

/// Ten records a month over some months of a year, numbered by year and month.
fn months_of(year: u32, months: std::ops::RangeInclusive<u32>) -> BTreeMap<u32, u32> {
    let records =
        months.flat_map(move |month| (1..=10).map(move |day| (year % 100 * 10_000 + month * 100 + day, year * 10_000 + month * 100 + day)));
    records.collect()
}

#[tokio::test]
async fn a_corrected_date_leaves_no_second_row_in_the_month_that_was_typed() {
    for typed in [20_030_501, 22_000_307] {
        let bench = Bench::new();
        let right = months_of(2026, 1..=6);
        let mut wrong = right.clone();
        wrong.insert(260_301, typed);
        deliver(&bench, &wrong).await;
        assert_eq!(stored(&bench).await, wrong.into_iter().collect::<Vec<_>>());
        let outcome = deliver(&bench, &right).await;
        assert_eq!(outcome.months_removed.len(), 1, "the month that was typed has no row left");
        assert_eq!(stored(&bench).await, right.into_iter().collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn one_mistyped_date_does_not_delete_the_years_that_an_earlier_extract_loaded() {
    let bench = Bench::new();
    let mut all = BTreeMap::new();
    for year in 2020..=2025 {
        all.extend(months_of(year, 1..=12));
    }
    deliver(&bench, &all).await;
    // This year's extract; one record lies before all history, one in the middle of it, one in the month before the first.
    let mut extract = months_of(2026, 1..=6);
    extract.extend([(260_101, 20_030_501), (260_102, 20_220_715), (260_103, 20_251_203)]);
    let outcome = deliver(&bench, &extract).await;
    assert_eq!(outcome.months_joined, [month("2022-07"), month("2025-12")], "2003-05 was empty");
    all.extend(extract.clone());
    assert_eq!(stored(&bench).await, all.clone().into_iter().collect::<Vec<_>>());
    // The same again changes nothing.
    let again = deliver(&bench, &extract).await;
    assert_eq!((again.version, again.months_written), (outcome.version, vec![]));
    // Corrected, the rows go home and history is what it was.
    let right = months_of(2026, 1..=6);
    deliver(&bench, &right).await;
    all.extend(right);
    assert_eq!(stored(&bench).await, all.into_iter().collect::<Vec<_>>());
}

#[tokio::test]
async fn an_extract_that_begins_inside_a_month_keeps_what_it_does_not_bring() {
    let bench = Bench::new();
    deliver(&bench, &months_of(2026, 1..=6)).await;
    let mut later = months_of(2026, 3..=6);
    later.retain(|record, _| record % 10_000 > 306);
    let outcome = deliver(&bench, &later).await;
    assert_eq!(outcome.months_joined, [month("2026-03")]);
    assert_eq!(stored(&bench).await, months_of(2026, 1..=6).into_iter().collect::<Vec<_>>());
}

#[tokio::test]
async fn rows_that_vanish_from_the_extract_are_deleted_in_the_months_it_covers() {
    let bench = Bench::new();
    deliver(&bench, &months_of(2026, 1..=6)).await;
    let mut fewer = months_of(2026, 1..=6);
    // All of March, and four rows of the first month.
    fewer.retain(|record, _| record / 100 % 100 != 3 && *record > 260_104);
    let outcome = deliver(&bench, &fewer).await;
    assert_eq!((outcome.months_removed, outcome.months_joined), (vec![month("2026-03")], vec![]));
    assert_eq!(stored(&bench).await, fewer.into_iter().collect::<Vec<_>>());
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(12))]

    #[test]
    fn after_any_extracts_no_key_stands_twice_and_the_last_one_is_in_the_lake(
        extracts in proptest::collection::vec(proptest::collection::btree_map(0_u32..30, (0_u32..24, 1_u32..28), 1..20), 1..5)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let bench = Bench::new();
            for extract in extracts {
                let days = extract.into_iter().map(|(record, (month, day))| (record, (2025 + month / 12) * 10_000 + (month % 12 + 1) * 100 + day));
                let extract: BTreeMap<u32, u32> = days.collect();
                let outcome = deliver(&bench, &extract).await;
                let rows = stored(&bench).await;
                assert_eq!(outcome.rows, rows.len() as u64, "every row stands in the month of its date");
                let known: BTreeMap<u32, u32> = rows.iter().copied().collect();
                assert_eq!(known.len(), rows.len(), "a key stands twice: {rows:?}");
                assert!(extract.iter().all(|(record, day)| known.get(record) == Some(day)), "{extract:?} is not in {known:?}");
            }
        });
    }
}

#[tokio::test]
async fn a_month_that_was_edited_after_its_freeze_can_be_read_as_it_was_and_one_that_was_not_is_left_out() {
    let bench = Bench::new();
    // The last row of January ended in February.
    let january: &[Row<'_>] = &[("A", 1, None), ("A", 2, None), ("A", 3, None), ("A", 4, None), ("B", 2, None), ("late", 34, None)];
    bench.load(&[("2026-01", january), ("2026-02", &[("C", 3, None)])]).await;
    let first = bench.lake.pin().await.expect("a pin");
    bench.load(&[("2026-01", &january[..4]), ("2026-02", &[("C", 3, None)])]).await;
    let now = bench.lake.pin().await.expect("a pin");
    let freeze = |text: &str, versions: BTreeMap<String, u64>| Freeze {
        month: month(text).expect("a month"),
        seen_as_of: jiff::civil::date(2026, 3, 15),
        versions,
    };
    let freezes = [freeze("2026-01", first.versions()), freeze("2026-02", first.versions()), freeze("2026-03", BTreeMap::new())];
    let context = session(None, bench.folder.path(), 2).expect("a session");
    bench.lake.register_at_freeze(&context, &now, &freezes, &[cases()]).await.expect("the tables as they stood");
    bench.lake.register(&context, &now, &[cases()]).expect("tables");
    let gone = "WITH frozen AS (SELECT f.*, row_number() OVER (PARTITION BY f.unit_id ORDER BY f.freeze_month) AS nth
                                FROM cases_at_freeze AS f WHERE date_trunc('month', f.opened_on) = f.freeze_month)
                SELECT f.unit_id, f.freeze_month, z.seen_as_of
                FROM frozen AS f
                JOIN freezes AS z ON z.source_table = 'cases' AND z.freeze_month = f.freeze_month
                LEFT JOIN cases AS n ON n.unit_id = f.unit_id
                WHERE f.nth = 1 AND n.unit_id IS NULL ORDER BY 1";
    let expected = [
        "+---------+--------------+------------+",
        "| unit_id | freeze_month | seen_as_of |",
        "+---------+--------------+------------+",
        "| B       | 2026-01-01   | 2026-03-15 |",
        "| late    | 2026-02-01   | 2026-03-15 |",
        "+---------+--------------+------------+",
    ];
    assert_eq!(answer(&context, gone).await, expected.join("\n"));
    let of_each = "SELECT freeze_month, count(*) AS rows FROM cases_at_freeze GROUP BY 1 ORDER BY 1";
    let expected = "+--------------+------+\n| freeze_month | rows |\n+--------------+------+\n| 2026-01-01   | 6    |\n| 2026-02-01   | 6    |\n+--------------+------+";
    assert_eq!(answer(&context, of_each).await, expected);
    let seen = "SELECT count(*) AS freezes FROM freezes WHERE source_table = 'cases' AND seen_as_of = DATE '2026-03-15'";
    assert_eq!(answer(&context, seen).await, "+---------+\n| freezes |\n+---------+\n| 2       |\n+---------+");
}
