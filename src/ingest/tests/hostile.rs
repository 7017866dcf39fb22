//! Files that are broken, cut off, or made to hurt: the table is held with a reason, and nothing is lost silently.

use super::*;

fn held(staged: &StagedTable) -> String {
    staged.held.clone().unwrap_or_else(|| panic!("not held: {:?}", staged.files))
}

const HEADER: &str = "案号,执法主体,立案日期\n";

#[test]
fn a_file_that_ends_inside_quotation_marks_holds_the_table() {
    let office = Office::new();
    let staged = office.load_csv(format!("{HEADER}A1,U1,2026-03-01\nA2,\"U1,2026-03-01\nA3,U1,2026-03-01\n"));
    let why = held(&staged);
    assert!(why.contains("a.csv: the file ends inside a quotation mark opened in the record of line 3"), "{why}");
    assert!(staged.months.is_empty());
    let staged = office.load_csv(format!("{HEADER}A1,U1,2026-03-01\nA2,\"U1\",\"2026-03-01\""));
    assert_eq!((staged.held.clone(), totals(&staged)), (None, [2, 2, 0, 0, 0]), "a last line without line end is whole");
}

#[test]
fn an_endless_field_is_refused_with_its_first_line() {
    let office = Office::new();
    let why = held(&office.load_csv(format!("{HEADER}A1,U1,2026-03-01\nA2,\"{}", "x".repeat(3 << 20))));
    assert!(why.contains("the record that begins in line 3 is longer than 1048576 bytes in one field"), "{why}");
    let why = held(&office.load_csv(format!("{HEADER}\"{}\",U1,2026-03-01\n", "A1\n".repeat(2000))));
    assert!(why.contains("the record that begins in line 2 is longer than 1000 lines"), "{why}");
}

#[test]
fn empty_files_missing_files_and_unknown_headers_hold_the_table() {
    let office = Office::new();
    assert!(held(&office.load_csv("")).contains("the file is empty"));
    assert!(held(&office.load_csv("\n\n")).contains("the file is empty"));
    assert!(held(&office.load("missing/*.csv")).contains("no file matches `missing/*.csv`"));
    let why = held(&office.load_csv("甲,乙\n1,2\n"));
    assert!(why.contains("none of the first 2 rows holds a known header") && why.contains("甲 | 乙"), "{why}");
}

#[test]
fn a_missing_required_column_names_what_is_accepted_and_what_is_near() {
    let office = Office::new();
    let why = held(&office.load_csv("标题\n案号,执法机关主体,立案日期\nA1,U1,2026-03-01\n"));
    assert!(
        why.contains("a.csv: header in line 2: the required column `unit_id` is missing (accepted headers: unit_id, 执法主体)"),
        "{why}"
    );
    assert!(why.contains("write in kaohe.toml: columns = { \"执法机关主体\" = \"unit_id\" }"), "{why}");
    let why = held(&office.load_csv("案号,case_id,执法主体,立案日期\n"));
    assert!(why.contains("the headers `案号` and `case_id` both mean the column `case_id`"), "{why}");
}

#[test]
fn undecodable_bytes_and_nul_quarantine_their_row_only() {
    let office = Office::new();
    let mut bytes =
        format!("{HEADER}A1,市场监督管理局,2026-03-01\nA2,市场监督管理局,2026-03-01\nA3,U\0,2026-03-01\nA4,U\u{fffd},2026-03-01\n")
            .into_bytes();
    let at = bytes.windows(2).position(|window| window == b"A2").expect("there");
    bytes.insert(at + 1, 0xff);
    let staged = office.load_csv(bytes);
    assert_eq!(totals(&staged), [4, 2, 2, 0, 0]);
    let said = quarantined(&staged);
    assert_eq!((said[0].0, said[0].2.as_str()), (3, "含有无法按文件编码解读的字节"));
    assert_eq!((said[1].0, said[1].2.as_str()), (4, "含有空字符（NUL）"));
    assert_eq!((staged.files[0].replacement_characters, staged.warnings[0].check.as_str()), (1, "replacement_characters"));
}

#[test]
fn truncated_parquet_and_workbooks_are_named() {
    let office = Office::new();
    let mut book = rust_xlsxwriter::Workbook::new();
    book.add_worksheet().write_row(0, 0, ["案号", "执法主体", "立案日期"]).expect("written");
    let path = office.path("a.xlsx");
    book.save(&path).expect("saved");
    let whole = std::fs::read(&path).expect("readable");
    for length in [1, 10, whole.len() / 2, whole.len() - 1] {
        office.write("a.xlsx", &whole[..length]);
        let why = held(&office.load("a.xlsx"));
        assert!(why.starts_with("a.xlsx: "), "{why}");
    }
    office.write("a.parquet", b"PAR1 cut off");
    assert!(held(&office.load("a.parquet")).contains("footer"));
    office.write("a.jsonl", "{\"案号\":\"A1\",\"执法主体\":\"U1\",\"立案日期\":\"2026-03-01\"}\n{\"案号\":\"A2");
    assert!(held(&office.load("a.jsonl")).contains("the file ends inside the object of line 2"));
}

#[test]
fn damaged_bytes_anywhere_in_a_workbook_never_stop_the_run() {
    let office = Office::new();
    let mut book = rust_xlsxwriter::Workbook::new();
    book.add_worksheet().write_row(0, 0, ["案号", "执法主体", "立案日期"]).expect("written");
    let path = office.path("a.xlsx");
    book.save(&path).expect("saved");
    let whole = std::fs::read(&path).expect("readable");
    for at in (0..whole.len()).step_by(whole.len() / 60) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x5a;
        office.write("a.xlsx", damaged);
        let _ = office.load("a.xlsx");
    }
}

#[test]
fn two_far_cells_do_not_fill_the_memory() {
    let office = Office::new();
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    sheet.write_row(0, 0, ["案号", "执法主体", "立案日期"]).expect("written");
    sheet.write(1_048_575, 16_383, "远").expect("written");
    book.save(office.path("a.xlsx")).expect("saved");
    let staged = office.load("a.xlsx");
    assert_eq!((staged.held.clone(), totals(&staged)), (None, [0, 0, 0, 0, 0]));
}

#[test]
fn an_archive_that_inflates_beyond_reason_is_not_opened() {
    let office = Office::new();
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    sheet.write_row(0, 0, ["案号", "执法主体", "立案日期"]).expect("written");
    let long = "x".repeat(32_000);
    for row in 0..400 {
        sheet.write(row + 1, 0, format!("{long}{row}")).expect("written");
    }
    book.save(office.path("a.xlsx")).expect("saved");
    assert_eq!(office.load("a.xlsx").files[0].records_seen, 400, "long, but honest");
    let mut bytes = std::fs::read(office.folder.path().join("in/a.xlsx")).expect("readable");
    let end = bytes.windows(4).rposition(|window| window == b"PK\x05\x06").expect("a directory");
    bytes[end + 12..end + 16].copy_from_slice(&u32::MAX.to_le_bytes());
    office.write("a.xlsx", bytes);
    assert!(held(&office.load("a.xlsx")).contains("not a complete XLSX workbook"));
}

#[test]
fn a_workbook_that_really_inflates_is_not_opened() {
    let office = Office::new();
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    sheet.write_row(0, 0, ["案号", "执法主体", "立案日期"]).expect("written");
    let long = "x".repeat(32_000);
    for row in 0..1_200 {
        sheet.write(row + 1, 0, format!("{row}{long}")).expect("written");
    }
    let path = office.path("a.xlsx");
    book.save(&path).expect("saved");
    assert!(std::fs::metadata(&path).expect("there").len() < 400_000);
    let why = held(&office.load("a.xlsx"));
    assert!(why.contains("xl/sharedStrings.xml inflates ") && why.contains("export it as CSV"), "{why}");
}

/// Writes records in which a text of the contract, and as many others, stand once and are repeated by number.
fn repeated_text(office: &Office, rows: usize, length: usize, others: usize) -> u64 {
    use arrow::array::{ArrayRef, DictionaryArray, Int32Array};
    use parquet::basic::{Compression, ZstdLevel};
    use std::sync::Arc;
    let text = |each: &dyn Fn(usize) -> String| Arc::new(arrow::array::StringArray::from_iter_values((0..rows).map(each))) as ArrayRef;
    let long = || {
        let numbers = Int32Array::from(vec![0; rows]);
        Arc::new(DictionaryArray::new(numbers, Arc::new(arrow::array::StringArray::from(vec!["x".repeat(length)])))) as ArrayRef
    };
    let mut columns = vec![
        ("案号".to_owned(), text(&|row| format!("A{row}"))),
        ("执法主体".to_owned(), text(&|_| "U1".to_owned())),
        ("立案日期".to_owned(), text(&|_| "2026-03-01".to_owned())),
        ("文书号".to_owned(), long()),
    ];
    columns.extend((0..others).map(|number| (format!("备注{number}"), long())));
    let batch = RecordBatch::try_from_iter(columns).expect("a batch");
    let path = office.path("a.parquet");
    let properties =
        parquet::file::properties::WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default())).build();
    let options = parquet::arrow::arrow_writer::ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
    let file = std::fs::File::create(&path).expect("created");
    let mut writer = parquet::arrow::ArrowWriter::try_new_with_options(file, batch.schema(), options).expect("opened");
    writer.write(&batch).expect("written");
    writer.close().expect("closed");
    std::fs::metadata(&path).expect("there").len()
}

#[test]
fn a_parquet_file_that_repeats_a_long_text_by_number_is_given_up_and_columns_without_use_are_not_read() {
    let office = Office::new();
    let size = repeated_text(&office, 8_192, 60_000, 0);
    assert!(size < 100_000, "{size}");
    let why = held(&office.load("a.parquet"));
    assert!(why.contains("the Parquet file is not read: its records unpack to more than 1000 times its size"), "{why}");
    repeated_text(&office, 100, 3, 10);
    let staged = office.load("a.parquet");
    assert_eq!((staged.held.clone(), totals(&staged)), (None, [100, 100, 0, 0, 0]));
    repeated_text(&office, 2, 2 << 20, 0);
    assert!(held(&office.load("a.parquet")).contains("the column `文书号` holds a value longer than 1048576 bytes"));
    // The end of a footer that promises more than there is.
    office.write("a.parquet", b"PAR1\xff\xff\xff\x7fPAR1");
    assert!(held(&office.load("a.parquet")).contains("no Parquet footer"));
}

#[test]
fn a_file_that_was_cut_off_inside_a_record_is_held_and_a_whole_last_line_is_not() {
    let office = Office::new();
    let why = held(&office.load_csv(format!("{HEADER}A1,U1,2026-03-01\nA2,U1")));
    assert!(why.contains("a.csv: the file ends inside the record of line 3: 2 of 3 cells, and no line end"), "{why}");
    for whole in ["A2,U1,2026-03-01", "A2,U1,2026-03-01\r", "A2,U1,2026-03-01\n\n"] {
        let staged = office.load_csv(format!("{HEADER}A1,U1,2026-03-01\n{whole}"));
        assert_eq!((staged.held.clone(), totals(&staged)), (None, [2, 2, 0, 0, 0]), "{whole:?}");
    }
}

#[test]
fn two_stray_quotation_marks_do_not_swallow_the_records_between_them() {
    let office = Office::new();
    let rows: String = (0..9).map(|row| format!("A{row},U1,2026-03-01,理由\n")).collect();
    let text = format!(
        "案号,执法主体,立案日期,文书号\n{}",
        rows.replace("A2,U1,2026-03-01,理", "A2,U1,2026-03-01,\"理").replace("A7,U1,2026-03-01,理由", "A7,U1,2026-03-01,理由\"")
    );
    let why = held(&office.load_csv(&text));
    assert!(why.contains("a.csv: a quotation mark in line 4 swallows 4 lines that look like records"), "{why}");
    let staged = office.load_csv("案号,执法主体,立案日期,文书号\nA1,U1,2026-03-01,\"一、\n二，三\n四,五\n六\"\n");
    assert_eq!((staged.held.clone(), totals(&staged)), (None, [1, 1, 0, 0, 0]), "a text of several lines is whole");
}

#[test]
fn a_second_header_of_another_order_holds_the_file_wherever_it_stands() {
    let office = Office::new();
    let rows = |count: u32| (0..count).map(|row| format!("A{row},U1,2026-03-01\n")).collect::<String>();
    let other = "执法主体,案号,立案日期\nU1,B1,2026-03-01\n";
    for (text, words) in [
        (format!("{HEADER}{}{other}", rows(30)), "the header of line 1 is followed by another one in line 32"),
        (
            format!("{HEADER}{}{}", rows(3), "案号,执法主体,立案日期,人数\nB1,U1,2026-03-01,1\n"),
            "the header of line 1 is followed by another one in line 5",
        ),
    ] {
        let why = held(&office.load_csv(text));
        assert!(why.contains(words) && why.contains("deliver each by itself"), "{why}");
    }
}

#[test]
fn every_visible_worksheet_with_a_known_header_is_loaded_and_the_others_are_named() {
    let office = Office::new();
    let mut book = rust_xlsxwriter::Workbook::new();
    for (name, cases) in [("一月", ["A1", "A2"]), ("二月", ["B1", "B2"])] {
        let sheet = book.add_worksheet().set_name(name).expect("named");
        sheet.write_row(0, 0, ["案号", "执法主体", "立案日期"]).expect("written");
        for (row, case) in cases.iter().enumerate() {
            sheet.write_row(row as u32 + 1, 0, [case, "U1", "2026-03-01"]).expect("written");
        }
    }
    book.add_worksheet().set_name("说明").expect("named").write(0, 0, "填报说明").expect("written");
    book.add_worksheet().set_name("空").expect("named");
    book.save(office.path("a.xlsx")).expect("saved");
    let staged = office.load("a.xlsx");
    assert_eq!(
        rows(&staged, &["case_id", "source_file", "source_line"]),
        ["A1|a.xlsx|2", "A2|a.xlsx|3", "B1|a.xlsx › 二月|2", "B2|a.xlsx › 二月|3"]
    );
    let accounts: Vec<_> =
        staged.files.iter().map(|file| (file.sheet.as_deref(), file.records_seen, file.loaded, file.not_records)).collect();
    assert_eq!(accounts, [(Some("一月"), 2, 2, 1), (Some("二月"), 2, 2, 1)]);
    assert_eq!(staged.notices, ["the worksheet `说明` of a.xlsx has no known header and was not read"]);
    assert_eq!(staged.warnings.iter().map(|warning| warning.check.as_str()).collect::<Vec<_>>(), ["skipped_sheet"]);
}

#[test]
fn a_folder_names_what_it_does_not_read_and_holds_on_what_could_be_read_otherwise() {
    let office = Office::new();
    office.write("d/a.csv", format!("{HEADER}A1,U1,2026-03-01\n"));
    office.write("d/a.csv.bak", "x");
    office.write("d/inner/b.csv", HEADER);
    let staged = office.load("d");
    assert_eq!(
        (staged.held.clone(), staged.notices.clone()),
        (None, vec!["not of a known format and not read: d/a.csv.bak, d/inner".to_owned()])
    );
    for (file, remedy) in [("d/b.xls", "save it as .xlsx"), ("d/b.csv.gz", "unpack it")] {
        let path = office.write(file, "x");
        let why = held(&office.load("d"));
        assert!(why.contains("can't be read as they are: ") && why.contains(file) && why.contains(remedy), "{why}");
        std::fs::remove_file(path).expect("removed");
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_is_not_waited_for() {
    let office = Office::new();
    office.write("b.csv", HEADER);
    let made = std::process::Command::new("mkfifo").arg(office.folder.path().join("in/a.csv")).status().expect("mkfifo runs");
    assert!(made.success());
    assert!(held(&office.load("a.csv")).contains("a.csv is not a regular file"));
}

#[test]
fn what_a_source_says_can_not_move_the_terminals_cursor() {
    let office = Office::new();
    let why = held(&office.load_csv("\u{1b}[31m红\u{1b}]0;pwn\u{7},\u{202e}b\n1,2\n"));
    assert!(why.contains("\\u{1b}[31m红") && why.contains("\\u{202e}b"), "{why}");
    assert!(!why.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{why}");
}

#[test]
fn a_wrongly_declared_encoding_is_told_from_unknown_headers() {
    let office = Office::new();
    office.write("a.csv", format!("{HEADER}A1,市场监督管理局,2026-03-01\n"));
    let mut source = office.source("a.csv");
    source.encoding = Some(crate::project::Encoding::Gb18030);
    let why = held(&office.try_load(&[source]).expect("loads"));
    assert!(why.contains("kaohe.toml says that the file is gb18030, but it looks like UTF-8: correct or remove `encoding`"), "{why}");
}

#[test]
fn the_most_frequent_reason_is_named_without_the_values_that_it_quotes() {
    let office = Office::new();
    office.write("a.csv", format!("{HEADER}A1,,2026-03-01\nA2,U1,x\n"));
    office.write("b.csv", format!("{HEADER}A3,U1,y\nA4,U1,2026-03-01\n,,z\n"));
    let mut source = office.source("*.csv");
    source.max_quarantine_rate = Some(0.4);
    let why = held(&office.try_load(&[source]).expect("loads"));
    assert!(
        why.starts_with("*.csv: 4 of 5 records are quarantined (80.0 %), more than 40.0 %; most frequent: `opened_on` 立案日期：不是日期 (3 records)\nhint: "),
        "{why}"
    );
}

#[test]
fn too_many_wrong_rows_and_too_few_rows_hold_the_table() {
    let mut office = Office::new();
    office.write("a.csv", format!("{HEADER}A1,U1,2026-03-01\nA2,U1,x\n"));
    let mut source = office.source("a.csv");
    source.max_quarantine_rate = Some(0.4);
    let staged = office.try_load(&[source.clone()]).expect("loads");
    let why = held(&staged);
    assert!(
        why.starts_with("a.csv: 1 of 2 records are quarantined (50.0 %), more than 40.0 %; most frequent: `opened_on` 立案日期：不是日期 (1 record)\nhint: "),
        "{why}"
    );
    assert_eq!((staged.files[0].loaded, staged.files[0].held), (0, 1), "what does not reach the lake is not loaded");
    assert_eq!(staged.months.len(), 1, "the rows stay at hand for whoever releases the table");
    source.max_quarantine_rate = Some(0.5);
    assert_eq!(office.try_load(&[source.clone()]).expect("loads").held, None);
    source.max_quarantine_rate = None;
    assert!(held(&office.try_load(&[source.clone()]).expect("loads")).contains("more than 5.0 %"));
    office.contract.max_quarantine_rate = 1.0;
    assert_eq!(office.try_load(&[source.clone()]).expect("loads").held, None, "a list that is kept by hand says so in its contract");
    office.write("a.csv", format!("{HEADER}A1,U1,2026-03-01\nA2,U1,2026-03-01\n"));
    let before = office.try_load(&[source.clone()]).expect("loads");
    office.keep(&before);
    office.write("a.csv", format!("{HEADER}A1,U1,2026-03-01\n"));
    assert!(held(&office.try_load(&[source]).expect("loads")).contains("1 rows, 2 when last loaded"));
}

#[cfg(unix)]
#[test]
fn a_symbolic_link_does_not_leave_the_root() {
    let office = Office::new();
    let outside = office.folder.path().join("secret.csv");
    std::fs::write(&outside, HEADER).expect("written");
    office.write("b.csv", HEADER);
    std::os::unix::fs::symlink(&outside, office.folder.path().join("in/a.csv")).expect("linked");
    assert!(held(&office.load("a.csv")).contains("a.csv is a symbolic link that leaves the project"));
    let mut source = office.source("b.csv");
    source.path = "../secret.csv".into();
    assert!(office.try_load(&[source]).is_err());
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(40))]
    #[test]
    fn any_bytes_balance_or_hold(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
        let office = Office::new();
        let mut text = HEADER.as_bytes().to_vec();
        text.extend(&bytes);
        let staged = office.load_csv(text);
        totals(&staged);
    }
}
