//! The same rows give the same table, however they are delivered.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Int64Array, ListBuilder, StringArray, StringBuilder, TimestampMicrosecondArray,
};
use arrow::record_batch::RecordBatch;
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};

use super::*;

const HEADER: &str = "案号,执法主体,立案日期,立案时间,罚款金额,结果,是否公示,法条,人数,更新时间\n";
const ROWS: [&str; 3] = [
    "A1,U2,2026-03-07,2026-03-07 09:05:00,12345.50,行政处罚,是,第一条;第二条,3,2026-03-08 00:00:00\n",
    "A2,U1,2026-03-09,,0.00,不予处罚,否,,,2026-03-10 00:00:00\n",
    "A3,U1,2026-04-01,2026-04-01 23:59:59,700.00,行政处罚,否,第一条,1,\n",
];

fn plain(office: &Office) -> StagedTable {
    office.load_csv(format!("{HEADER}{}", ROWS.concat()))
}

#[test]
fn rows_are_staged_by_month_and_sorted_by_unit_and_key() {
    let office = Office::new();
    let staged = plain(&office);
    assert_eq!(staged.held, None);
    assert_eq!(
        rows(
            &staged,
            &[
                "case_id",
                "unit_id",
                "opened_on",
                "opened_at",
                "fine",
                "outcome",
                "is_public",
                "people",
                "source_file",
                "source_line",
                "batch_id"
            ]
        ),
        [
            "A2|U1|2026-03-09||0.00|none|false||a.csv|3|test",
            "A1|U2|2026-03-07|2026-03-07T01:05:00Z|12345.50|penalty|true|3|a.csv|2|test",
            "A3|U1|2026-04-01|2026-04-01T15:59:59Z|700.00|penalty|false|1|a.csv|4|test",
        ]
    );
    assert_eq!(totals(&staged), [3, 3, 0, 0, 0]);
    assert_eq!(digests(&staged).keys().collect::<Vec<_>>(), ["2026-03", "2026-04"]);
}

#[test]
fn encoding_delimiter_and_byte_order_mark_do_not_matter() {
    let office = Office::new();
    let expected = digests(&plain(&office));
    let text = format!("{HEADER}{}", ROWS.concat());
    let (gb18030, ..) = encoding_rs::GB18030.encode(&text);
    let with_tabs = text.replace(',', "\t").replace('\n', "\r\n");
    let utf16: Vec<u8> = std::iter::once(0xfeff_u16).chain(with_tabs.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let variants: [(&str, Vec<u8>); 5] = [
        ("gb18030", gb18030.into_owned()),
        ("bom", format!("\u{feff}{text}").into_bytes()),
        ("tabs", with_tabs.clone().into_bytes()),
        ("utf-16", utf16),
        ("old Macintosh lines", text.replace('\n', "\r").into_bytes()),
    ];
    for (name, bytes) in variants {
        let staged = office.load_csv(bytes);
        assert_eq!(digests(&staged), expected, "{name}: {:?} {:?}", staged.held, quarantined(&staged));
    }
}

#[test]
fn text_is_whole_where_a_block_of_bytes_ends() {
    let office = Office::new();
    let text: String = (0..12_000).map(|index| format!("浙杭市监罚{index},执法主体{index},2026-03-07\n")).collect();
    let text = format!("案号,执法主体,立案日期\n{text}");
    let expected = digests(&office.load_csv(&text));
    for shift in 0..3 {
        let (bytes, ..) = encoding_rs::GB18030.encode(&text);
        let padded: Vec<u8> = [vec![b'\n'; shift], bytes.into_owned()].concat();
        let staged = office.load_csv(padded);
        assert_eq!((digests(&staged), totals(&staged)), (expected.clone(), [12_000, 12_000, 0, 0, 0]));
    }
}

#[test]
fn the_split_into_files_and_the_order_of_rows_do_not_matter() {
    let office = Office::new();
    let expected = digests(&plain(&office));
    let other = Office::new();
    other.write("p/2.csv", format!("{HEADER}{}{}", ROWS[2], ROWS[0]));
    other.write("p/1.csv", format!("{HEADER}{}", ROWS[1]));
    other.write("p/~$1.csv", "a lock file of a spreadsheet");
    for path in ["p", "p/*.csv", "*/?.csv"] {
        let staged = other.load(path);
        assert_eq!(digests(&staged), expected, "{path}: {:?}", staged.held);
        assert_eq!(staged.files.iter().map(|file| file.source_file.as_str()).collect::<Vec<_>>(), ["p/1.csv", "p/2.csv"]);
    }
    let staged = other.try_load(&[other.source("p/2.csv"), other.source("p/*.csv")]).expect("loads");
    assert_eq!(digests(&staged), expected, "a file that two globs match is loaded once");
}

#[test]
fn files_joined_with_cat_lose_the_inner_header_and_mark() {
    let office = Office::new();
    let expected = digests(&plain(&office));
    let staged = office.load_csv(format!("\u{feff}{HEADER}{}\u{feff}{HEADER}{}{}", ROWS[0], ROWS[1], ROWS[2]));
    assert_eq!((digests(&staged), totals(&staged)), (expected, [3, 3, 0, 0, 0]));
}

#[test]
fn json_lines_give_the_same_table() {
    let office = Office::new();
    let expected = digests(&plain(&office));
    office.write(
        "a.jsonl",
        r#"{"案号":"A2","执法主体":"U1","立案日期":"2026-03-09","罚款金额":0,"结果":"不予处罚","更新时间":"2026-03-10 00:00:00"}
{"案号":"A1","执法主体":"U2","立案日期":"2026年3月7日","立案时间":"2026/3/7 9:05:00","罚款金额":12345.5,"结果":"1","是否公示":true,"法条":["第一条","第二条"],"人数":3,"更新时间":"20260308"}

{"案号":"A3","执法主体":"U1","立案日期":"2026-04-01","立案时间":"2026-04-01T15:59:59Z","罚款金额":"700","结果":"处罚","是否公示":"否","法条":["第一条"],"人数":1,"更新时间":null}"#,
    );
    let staged = office.load("a.jsonl");
    assert_eq!((digests(&staged), totals(&staged)), (expected, [3, 3, 0, 0, 0]), "{:?} {:?}", staged.held, quarantined(&staged));
}

#[test]
fn a_workbook_with_title_blank_rows_and_hidden_sheet_gives_the_same_table() {
    let office = Office::new();
    let expected = digests(&plain(&office));
    let mut book = Workbook::new();
    let date = Format::new().set_num_format("yyyy-mm-dd");
    let instant = Format::new().set_num_format("yyyy/m/d h:mm:ss");
    let hidden = book.add_worksheet().set_name("旧表").expect("named").set_hidden(true);
    hidden.write_row(0, 0, ["案号", "执法主体", "立案日期"]).expect("written");
    book.add_worksheet().set_name("说明").expect("named").write(0, 0, "填报说明").expect("written");
    let sheet = book.add_worksheet().set_name("案件").expect("named");
    sheet.set_active(true);
    sheet.merge_range(0, 0, 0, 9, "某县行政处罚案件台账", &Format::new()).expect("merged");
    sheet.write_row(2, 0, HEADER.trim().split(',')).expect("written");
    let at = |text: &str| ExcelDateTime::parse_from_str(text).expect("a date");
    sheet.write_row(3, 0, ["A1", "U2"]).expect("written");
    sheet.write_with_format(3, 2, at("2026-03-07"), &date).expect("written");
    sheet.write_with_format(3, 3, at("2026-03-07 09:05:00"), &instant).expect("written");
    sheet.write(3, 4, 12345.5).expect("written");
    sheet.write_row(3, 5, ["行政处罚", "是", "第一条、第二条"]).expect("written");
    sheet.write(3, 8, 3).expect("written");
    sheet.write(3, 9, 46089).expect("written");
    sheet.write_row(6, 0, ["A2", "U1", "2026/3/9"]).expect("written");
    sheet.write_formula(6, 4, rust_xlsxwriter::Formula::new("=1-1").set_result("0")).expect("written");
    sheet.write_row(6, 5, ["不予处罚", "否"]).expect("written");
    sheet.write(6, 9, "2026-03-10").expect("written");
    sheet.write_row(7, 0, ["A3", "U1", "2026年4月1日", "2026-04-01 23:59:59", "700元", "处罚", "", "第一条"]).expect("written");
    sheet.write(7, 8, true).expect("written");
    sheet.write(7, 8, 1).expect("written");
    book.save(office.path("a.xlsx")).expect("saved");
    let staged = office.load("a.xlsx");
    assert_eq!(
        digests(&staged),
        expected,
        "{:?} {:?} {:?}",
        staged.held,
        quarantined(&staged),
        rows(&staged, &["case_id", "updated_at", "laws"])
    );
    assert_eq!((staged.files[0].sheet.as_deref(), totals(&staged)), (Some("案件"), [3, 3, 0, 0, 0]));
    assert_eq!(rows(&staged, &["case_id", "source_line"]), ["A2|7", "A1|4", "A3|8"]);
}

/// In a text file a stray comma makes one; in a workbook somebody's note beside the table.
#[test]
fn a_row_with_more_cells_than_the_header_stays_out_of_a_workbook_as_of_a_text_file() {
    let office = Office::new();
    office.write("a.csv", format!("{HEADER}A1,U1,2026-03-07,,,处罚,,,,,备注\nA2,U1,2026-03-08,,,处罚,,,,\n"));
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.write_row(0, 0, HEADER.trim().split(',')).expect("written");
    sheet.write_row(1, 0, ["A1", "U1", "2026-03-07", "", "", "处罚", "", "", "", "", "备注"]).expect("written");
    sheet.write_row(2, 0, ["A2", "U1", "2026-03-08", "", "", "处罚", "", "", "", ""]).expect("written");
    book.save(office.path("b.xlsx")).expect("saved");
    for file in ["a.csv", "b.xlsx"] {
        let staged = office.load(file);
        assert_eq!(totals(&staged), [2, 1, 1, 0, 0], "{file}");
        assert_eq!(rows(&staged, &["case_id"]), ["A2"], "{file}");
        let told = format!("{:?}", quarantined(&staged));
        assert!(told.contains("有11个单元格，表头有10个") && told.contains("备注"), "{file}: {told}");
    }
}

#[test]
fn parquet_gives_the_same_table_typed_or_as_text() {
    let office = Office::new();
    let expected = digests(&plain(&office));
    let text = |values: [Option<&str>; 3]| Arc::new(StringArray::from(values.to_vec())) as ArrayRef;
    let mut laws = ListBuilder::new(StringBuilder::new());
    laws.append_value([Some("第一条"), Some("第二条")]);
    laws.append_null();
    laws.append_value([Some("第一条")]);
    let instants = |values: [Option<i64>; 3]| Arc::new(TimestampMicrosecondArray::from(values.to_vec()).with_timezone("UTC")) as ArrayRef;
    let second = 1_000_000;
    let common = |opened_on: ArrayRef, fine: ArrayRef, is_public: ArrayRef, people: ArrayRef| {
        vec![
            ("case_id", text([Some("A1"), Some("A2"), Some("A3")])),
            ("unit_id", text([Some("U2"), Some("U1"), Some("U1")])),
            ("opened_on", opened_on),
            ("opened_at", instants([Some(1_772_845_500 * second), None, Some(1_775_059_199 * second)])),
            ("fine", fine),
            ("outcome", text([Some("penalty"), Some("不予处罚"), Some("处罚")])),
            ("is_public", is_public),
            ("法条", Arc::new(laws.finish_cloned()) as ArrayRef),
            ("people", people),
            ("updated_at", instants([Some(1_772_899_200 * second), Some(1_773_072_000 * second), None])),
        ]
    };
    let typed = common(
        Arc::new(Date32Array::from(vec![20519, 20521, 20544])),
        Arc::new(Decimal128Array::from(vec![1_234_550, 0, 70_000]).with_precision_and_scale(18, 2).expect("valid")),
        Arc::new(BooleanArray::from(vec![Some(true), Some(false), None])),
        Arc::new(Int64Array::from(vec![Some(3), None, Some(1)])),
    );
    let loose = common(
        text([Some("2026-03-07"), Some("20260309"), Some("2026.4.1")]),
        Arc::new(arrow::array::Float64Array::from(vec![12345.5, 0.0, 700.0])),
        text([Some("Y"), Some("N"), None]),
        Arc::new(arrow::array::Float32Array::from(vec![Some(3.0), None, Some(1.0)])),
    );
    for columns in [typed, loose] {
        let batch = RecordBatch::try_from_iter(columns).expect("a batch");
        let file = std::fs::File::create(office.path("a.parquet")).expect("created");
        let mut writer = parquet::arrow::ArrowWriter::try_new(file, batch.schema(), None).expect("opened");
        writer.write(&batch).expect("written");
        writer.close().expect("closed");
        let staged = office.load("a.parquet");
        assert_eq!(
            digests(&staged),
            expected,
            "{:?} {:?} {:?}",
            staged.held,
            quarantined(&staged),
            rows(&staged, &["case_id", "opened_at", "updated_at"])
        );
        assert_eq!(totals(&staged), [3, 3, 0, 0, 0]);
    }
}

#[test]
fn the_newest_row_of_a_key_wins_in_any_order() {
    let row = |fine: &str, updated: &str| format!("A1,U1,2026-03-07,,{fine},,,,,{updated}\n");
    let (old, new, undated) = (row("1", "2026-03-08"), row("2", "2026-03-09"), row("9", ""));
    let office = Office::new();
    let mut seen = Vec::new();
    for (first, second) in [(format!("{old}{new}"), undated.clone()), (undated, format!("{new}{old}"))] {
        office.write("d/1.csv", format!("{HEADER}{first}"));
        office.write("d/2.csv", format!("{HEADER}{second}"));
        let staged = office.load("d");
        assert_eq!((rows(&staged, &["case_id", "fine"]), totals(&staged)), (vec!["A1|2.00".to_owned()], [3, 1, 0, 2, 0]));
        seen.push(digests(&staged));
    }
    assert_eq!(seen[0], seen[1]);
}

#[test]
fn identical_rows_keep_the_first_place_and_unlike_rows_of_one_age_are_reported() {
    let office = Office::new();
    office.write("d/1.csv", format!("{HEADER}{}", ROWS[0]));
    office.write("d/2.csv", format!("{HEADER}{}{}", ROWS[0], ROWS[0]));
    let staged = office.load("d");
    assert_eq!((rows(&staged, &["source_file", "source_line"]), totals(&staged)), (vec!["d/1.csv|2".to_owned()], [3, 1, 0, 2, 0]));
    assert!(staged.warnings.is_empty());
    office.write("d/3.csv", format!("{HEADER}{}", ROWS[0].replace("12345.50", "1")));
    let staged = office.load("d");
    assert_eq!(staged.warnings.iter().map(|warning| warning.check.as_str()).collect::<Vec<_>>(), ["conflicting_duplicates"]);
}

#[test]
fn a_column_that_a_file_lacks_and_one_without_values_are_the_same() {
    let office = Office::new();
    let narrow = "案号,执法主体,立案日期\nA1,U1,2026-03-07\nA2,U2,2026-04-08\n";
    let wide = "案号,执法主体,立案日期,人数\nA1,U1,2026-03-07,\nA3,U1,2026-03-09,4\n";
    let mut seen = Vec::new();
    for (first, second) in [(narrow, wide), (wide, narrow)] {
        office.write("d/1.csv", first);
        office.write("d/2.csv", second);
        let staged = office.load("d");
        assert!(staged.warnings.is_empty(), "A1 is the same row in both files: {:?}", staged.warnings);
        assert_eq!(rows(&staged, &["case_id", "people"]), ["A1|", "A3|4", "A2|"]);
        seen.push(digests(&staged));
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0]["2026-04"], digests(&office.load_csv("案号,执法主体,立案日期,人数,罚款金额\nA2,U2,2026-04-08,,\n"))["2026-04"]);
}

#[test]
fn a_number_in_parquet_that_is_no_day_of_any_calendar_is_quarantined() {
    let office = Office::new();
    let text = |values: [&'static str; 2]| -> ArrayRef { Arc::new(StringArray::from(values.to_vec())) };
    let days: ArrayRef = Arc::new(Date32Array::from(vec![20_519, 2_000_000]));
    let batch =
        RecordBatch::try_from_iter([("案号", text(["A1", "A2"])), ("执法主体", text(["U1", "U1"])), ("立案日期", days)]).expect("columns");
    let file = std::fs::File::create(office.path("a.parquet")).expect("created");
    let mut writer = parquet::arrow::ArrowWriter::try_new(file, batch.schema(), None).expect("opened");
    writer.write(&batch).expect("written");
    writer.close().expect("closed");
    let staged = office.load("a.parquet");
    assert_eq!(totals(&staged), [2, 1, 1, 0, 0]);
    assert!(quarantined(&staged)[0].2.contains("不在1900年至2200年之间"), "{:?}", quarantined(&staged));
}
