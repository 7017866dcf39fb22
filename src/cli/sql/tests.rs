//! Statements in, rows out, over a table of three cases.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, Date32Array, Decimal128Array, Int64Array, ListBuilder, RecordBatch, StringArray, StringBuilder, TimestampMicrosecondArray,
};
use datafusion::prelude::SessionContext;

use super::complete::{Names, Offer};
use super::output::Target;
use super::query::{Engine, Text};
use super::{SqlFormat, SqlInput, SqlOptions, output, run_text, sql, statements};
use crate::error::{Error, Result};
use crate::functions::{Clocks, Moment, register};
use crate::library::Library;

/// 2026-03-31 24:00 in Shanghai.
const MOMENT: Moment = Moment { as_of: 1_774_972_800_000_000, from: 1_767_196_800_000_000 };

fn library() -> Library {
    Library::read(None).expect("the shipped library can be read").0
}

fn context() -> SessionContext {
    let context = SessionContext::new();
    register(&context, &Clocks::of(&library()));
    let mut officers = ListBuilder::new(StringBuilder::new());
    officers.values().append_value("甲");
    officers.values().append_value("乙");
    officers.append(true);
    officers.append(false);
    officers.append(true);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("case_id", Arc::new(StringArray::from(vec![Some("一号"), Some("=1+1"), Some("")]))),
        ("unit_id", Arc::new(StringArray::from(vec![Some("A, \"甲\""), None, Some("行\n二")]))),
        ("days", Arc::new(Int64Array::from(vec![Some(7), None, Some(9_007_199_254_740_993)]))),
        (
            "fine_amount",
            Arc::new(Decimal128Array::from(vec![Some(123_450), None, Some(-5)]).with_precision_and_scale(18, 2).expect("a valid decimal")),
        ),
        ("decided_on", Arc::new(Date32Array::from(vec![Some(20_520), None, Some(-25_600)]))),
        (
            "found_at",
            Arc::new(
                TimestampMicrosecondArray::from(vec![Some(1_772_413_200_000_000), None, Some(1_772_413_200_500_000)]).with_timezone("UTC"),
            ),
        ),
        ("officers", Arc::new(officers.finish())),
    ];
    context.register_batch("cases", RecordBatch::try_from_iter(columns).expect("columns are equally long")).expect("a new table");
    context
}

async fn engine() -> Engine {
    Engine::new(context(), library(), MOMENT).await
}

/// The bytes that a statement gives.
async fn bytes(format: SqlFormat, text: &str) -> Result<Vec<u8>> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("out");
    let text = Text { name: "-c".to_owned(), text: text.to_owned() };
    run_text(&engine().await, &text, format, Some(path.clone())).await?;
    Ok(std::fs::read(&path).expect("the file was written"))
}

async fn shown(format: SqlFormat, text: &str) -> String {
    let written = bytes(format, text).await.unwrap_or_else(|error| panic!("{text}: {error}"));
    String::from_utf8(written).expect("text is UTF-8")
}

async fn error(text: &str) -> Error {
    bytes(SqlFormat::Csv, text).await.expect_err(text)
}

#[tokio::test]
async fn a_table_aligns_chinese_and_shows_null_and_shanghai_time() {
    let table = shown(SqlFormat::Table, "SELECT case_id AS \"案号\", days, found_at, officers FROM cases LIMIT 2").await;
    let expected = " 案号 | days | found_at            | officers\n\
                    ------+------+---------------------+----------\n \
                    一号 |    7 | 2026-03-02 09:00:00 | 甲;乙\n \
                    =1+1 | NULL | NULL                | NULL\n";
    assert_eq!(table, expected);
}

#[tokio::test]
async fn a_table_keeps_each_row_on_its_line() {
    let table = shown(SqlFormat::Table, "SELECT unit_id, 'a\u{202e}b' AS turned FROM cases WHERE case_id = ''").await;
    assert!(table.contains("行\\n二  | a\\u{202e}b\n"), "{table}");
}

#[tokio::test]
async fn a_score_is_shown_without_its_noughts_and_an_amount_with_its_two_places() {
    let select =
        "SELECT CAST(80 AS decimal(38, 12)) AS score, CAST(0 AS decimal(38, 12)) AS nothing, CAST(1200.5 AS decimal(18, 2)) AS fine";
    let table = shown(SqlFormat::Table, select).await;
    assert!(table.ends_with("    80 |       0 | 1200.50\n"), "{table}");
    assert_eq!(shown(SqlFormat::Csv, select).await, "score,nothing,fine\n80.000000000000,0.000000000000,1200.50\n");
}

#[tokio::test]
async fn csv_is_raw_and_tells_null_from_empty() {
    let csv = shown(SqlFormat::Csv, "SELECT * FROM cases").await;
    let expected = "case_id,unit_id,days,fine_amount,decided_on,found_at,officers\n\
                    一号,\"A, \"\"甲\"\"\",7,1234.50,2026-03-08,2026-03-02T09:00:00+08:00,甲;乙\n\
                    =1+1,,,,,,\n\
                    \"\",\"行\n二\",9007199254740993,-0.05,1899-11-29,2026-03-02T09:00:00.5+08:00,\"\"\n";
    assert_eq!(csv, expected);
}

#[tokio::test]
async fn json_keeps_every_digit() {
    let json = shown(SqlFormat::Json, "SELECT case_id, days, fine_amount, found_at, officers FROM cases").await;
    let lines: Vec<&str> = json.lines().collect();
    assert_eq!(
        lines[0],
        r#"{"case_id":"一号","days":7,"fine_amount":1234.50,"found_at":"2026-03-02T09:00:00+08:00","officers":["甲","乙"]}"#
    );
    assert_eq!(lines[1], r#"{"case_id":"=1+1","days":null,"fine_amount":null,"found_at":null,"officers":null}"#);
    assert_eq!(
        lines[2],
        r#"{"case_id":"","days":9007199254740993,"fine_amount":-0.05,"found_at":"2026-03-02T09:00:00.5+08:00","officers":[]}"#
    );
}

#[tokio::test]
async fn a_workbook_holds_typed_cells_and_no_formula() {
    use calamine::{Data, Reader, Xlsx};
    let book = bytes(SqlFormat::Xlsx, "SELECT * FROM cases").await.expect("a workbook");
    let mut book: Xlsx<_> = Xlsx::new(std::io::Cursor::new(book)).expect("calamine reads it");
    let sheet = book.worksheet_range_at(0).expect("there is a sheet").expect("it can be read");
    assert_eq!(sheet.get((1, 3)), Some(&Data::Float(1234.5)));
    assert_eq!(sheet.get((2, 0)), Some(&Data::String("=1+1".to_owned())));
    assert_eq!(sheet.get((3, 2)), Some(&Data::String("9007199254740993".to_owned())), "a number that Excel would round stays a text");
    assert_eq!(sheet.get((3, 4)), Some(&Data::String("1899-11-29".to_owned())), "a date that Excel does not know stays a text");
    assert!(matches!(sheet.get((1, 4)), Some(Data::DateTime(day)) if day.as_f64() == 46_089.0), "{:?}", sheet.get((1, 4)));
    assert!(matches!(sheet.get((1, 5)), Some(Data::DateTime(at)) if at.as_f64() == 46_083.375), "{:?}", sheet.get((1, 5)));
    assert_eq!(book.worksheet_formula("Sheet1").expect("formulas can be read").used_cells().count(), 0);
}

#[tokio::test]
async fn what_excel_cannot_hold_is_an_error() {
    let long = bytes(SqlFormat::Xlsx, "SELECT 1 AS a, repeat('长', 32768) AS words").await.expect_err("a cell is too long");
    assert!(long.to_string().contains("row 1, column `words`: 32768 characters"), "{long}");
    let many = bytes(SqlFormat::Xlsx, "SELECT 1 FROM generate_series(1, 1048576)").await.expect_err("the sheet is too long");
    assert!(many.to_string().contains("more than 1048575 rows"), "{many}");
}

#[tokio::test]
async fn parquet_gives_the_same_bytes_again() {
    let query = "SELECT value % 97 AS a, count(*) AS n FROM generate_series(1, 20000) GROUP BY 1";
    let first = bytes(SqlFormat::Parquet, query).await.expect("a file");
    for _ in 0..3 {
        assert_eq!(bytes(SqlFormat::Parquet, query).await.expect("a file"), first);
    }
}

#[tokio::test]
async fn parquet_keeps_the_order_that_is_asked_for() {
    let query = "SELECT case_id, found_at, officers FROM cases ORDER BY case_id DESC";
    let file = bytes(SqlFormat::Parquet, query).await.expect("a file");
    let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(file)).expect("parquet");
    let batch = reader.build().expect("a reader").next().expect("a batch").expect("rows");
    let ids: Vec<&str> = arrow::array::AsArray::as_string::<i32>(batch.column(0)).iter().flatten().collect();
    assert_eq!(ids, ["一号", "=1+1", ""]);
}

#[tokio::test]
async fn only_queries_are_run() {
    let changes = [
        ("COPY cases TO 'x.csv'", "`COPY` is refused"),
        ("CREATE TABLE t AS SELECT 1", "`CREATE` is refused"),
        ("CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '/etc/passwd'", "`CREATE` is refused"),
        ("CREATE VIEW v AS SELECT 1", "`CREATE` is refused"),
        ("-- 注释\n/* ; */ insert INTO cases VALUES (1)", "`INSERT` is refused"),
        ("DELETE FROM cases", "`DELETE` is refused"),
        ("UPDATE cases SET days = 1", "`UPDATE` is refused"),
        ("DROP TABLE cases", "`DROP` is refused"),
        ("SET datafusion.execution.batch_size = 1", "`SET` is refused"),
        ("RESET datafusion.execution.batch_size", "`RESET` is refused"),
        ("EXPLAIN ANALYZE INSERT INTO cases SELECT * FROM cases", "is refused"),
        ("SELECT * INTO t FROM cases", "is refused"),
        ("WITH a AS (SELECT 1) INSERT INTO cases SELECT * FROM a", "is refused"),
        ("PREPARE p AS SELECT 1", "`PREPARE` is refused"),
        ("VACUUM cases", "`VACUUM` is refused"),
        ("TRUNCATE TABLE cases", "`TRUNCATE` is refused"),
        ("BEGIN", "`BEGIN` is refused"),
    ];
    for (text, expected) in changes {
        let message = error(text).await.to_string();
        assert!(message.contains(expected) && message.contains("only reads"), "{text}: {message}");
    }
    assert_eq!(shown(SqlFormat::Csv, "SELECT count(*) AS n FROM cases").await, "n\n3\n", "nothing has changed");
    for text in ["EXPLAIN SELECT 1", "DESCRIBE cases", "VALUES (1)", "WITH a AS (SELECT 1 AS b) SELECT b FROM a", "(SELECT 1)"] {
        bytes(SqlFormat::Csv, text).await.unwrap_or_else(|error| panic!("{text}: {error}"));
    }
}

#[tokio::test]
async fn an_indicator_file_runs_unchanged() {
    let text = "-- /// indicator\n-- title = \"试；\"\n-- ///\n--\n-- Words; more words.\n\nSELECT unit_id, month_of(decided_on) AS month, count(*) FILTER (WHERE end_of(decided_on) <= $as_of AND found_at >= $from) AS numerator\nFROM cases GROUP BY 1, 2 ORDER BY 1 NULLS LAST\n";
    let csv = shown(SqlFormat::Csv, text).await;
    assert_eq!(csv.lines().count(), 5, "{csv}");
    assert!(csv.starts_with("unit_id,month,numerator\n\"A, \"\"甲\"\"\",2026-03-01,1\n"), "{csv}");
}

#[tokio::test]
async fn an_error_names_line_column_and_the_nearest_name() {
    let text = "-- 说明\nSELECT case_id,\n       '甲' || unit_idd AS x\nFROM cases";
    let message = error(text).await.to_string();
    assert!(message.starts_with("error[query]: there is no column `unit_idd`\n --> -c:3:15\n"), "{message}");
    assert!(
        message.contains("\n3 |        '甲' || unit_idd AS x\n  |                ^^^^^^^^\nhint: did you mean `unit_id`?"),
        "{message}"
    );
    let far = error("SELECT nothing_like_it FROM cases AS c JOIN (SELECT 1 AS one) AS o ON true").await.to_string();
    assert!(far.contains("there is no column `nothing_like_it`") && far.contains("\nhint: `c` has case_id, "), "{far}");
    assert!(far.ends_with("; `o` has one"), "{far}");
    let table = error("SELECT 1;".replace('1', "* FROM casses").as_str()).await.to_string();
    assert!(
        table.contains("there is no table or population `casses`\n --> -c:1:15\n") && table.contains("did you mean `cases`?"),
        "{table}"
    );
    let function = error("SELECT coutn(*) FROM cases").await.to_string();
    assert!(function.contains("-c:1:8") && function.contains("did you mean `count`?"), "{function}");
    let clock = error("SELECT due_on('food_drug_filing.targe', 'market', decided_on) FROM cases").await.to_string();
    assert!(clock.contains("did you mean `food_drug_filing.target`?"), "{clock}");
    let placeholder = error("SELECT $until").await.to_string();
    assert!(placeholder.contains("there is no placeholder `$until`"), "{placeholder}");
    let syntax = error("SELECT 1 FORM\ncases WHERE )").await.to_string();
    assert!(syntax.contains("-c:2:"), "{syntax}");
}

#[tokio::test]
async fn a_failure_leaves_the_old_file_alone() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("out.csv");
    std::fs::write(&path, "old").expect("a file");
    let text = Text { name: "-c".to_owned(), text: "SELECT 1 / (value - 20000) FROM generate_series(1, 20000)".to_owned() };
    let failed = run_text(&engine().await, &text, SqlFormat::Csv, Some(path.clone())).await.expect_err("a division by zero");
    assert!(failed.to_string().contains("ivide by zero"), "{failed}");
    assert_eq!(std::fs::read_to_string(&path).expect("the old file"), "old");
    assert_eq!(std::fs::read_dir(folder.path()).expect("the folder").count(), 1, "no part file stays");
}

#[tokio::test]
async fn several_statements_are_for_tables_only() {
    let message = error("SELECT 1; SELECT 2").await.to_string();
    assert!(message.contains("holds 2 statements"), "{message}");
    assert!(error("-- nothing").await.to_string().contains("holds no statement"));
    let options = SqlOptions {
        input: SqlInput::Text("SELECT 1".to_owned()),
        format: Some(SqlFormat::Xlsx),
        output: None,
        history: None,
        moment: MOMENT,
        library: library(),
    };
    let refused = sql(context(), options).await.expect_err("a workbook needs a file");
    assert!(refused.to_string().contains("--output FILE"), "{refused}");
}

#[tokio::test]
async fn rows_are_never_capped() {
    let text = Text { name: "-c".to_owned(), text: "SELECT * FROM generate_series(1, 30000)".to_owned() };
    let statement = statements::split(&text.text).remove(0);
    let folder = tempfile::tempdir().expect("a temporary folder");
    for format in [SqlFormat::Table, SqlFormat::Csv, SqlFormat::Json, SqlFormat::Parquet, SqlFormat::Xlsx] {
        let mut target = Target::open(Some(&folder.path().join("out"))).expect("a file");
        let rows = engine().await.rows(&text, &statement, format).await.expect("rows");
        assert_eq!(output::write(rows, format, &mut target).await.expect("written"), 30_000, "{format:?}");
    }
}

async fn offered(line: &str) -> Vec<String> {
    let cursor = line.find('|').expect("the cursor is marked");
    let line = line.replacen('|', "", 1);
    let (range, offers) = Names::new(engine().await.catalogue).offers(&line, cursor);
    assert!(range.end == cursor && line.is_char_boundary(range.start));
    offers.into_iter().map(|offer: Offer| offer.text).collect()
}

#[tokio::test]
async fn completion_follows_the_statement() {
    assert_eq!(offered("SELECT * FROM ca|").await, ["cases"]);
    assert_eq!(offered("SELECT * FROM cases WHERE fin|").await, ["fine_amount", "find_in_set("]);
    assert_eq!(offered("SELECT c.de| FROM cases AS c").await, ["decided_on"]);
    assert_eq!(offered("SELECT 甲.of| FROM cases 甲").await, ["officers"]);
    assert_eq!(offered("SELECT 1; SELECT un| FROM cases").await[0], "unit_id");
    assert!(offered("SELECT month_|").await.contains(&"month_of(".to_owned()));
    assert_eq!(offered("sel|").await, ["select"]);
    assert_eq!(offered("SEL|").await, ["SELECT"]);
    assert_eq!(offered("SELECT due_on('food_drug_fil|").await, ["food_drug_filing.target"]);
    assert!(offered("SELECT param('simple.|").await.iter().all(|name| name.starts_with("simple.")));
    assert_eq!(offered("\\d ca|").await, ["cases"]);
    assert!(offered("\\|").await.contains(&"\\timing".to_owned()));
}
