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
    assert!(why.contains("is `执法机关主体` the column `unit_id`?"), "{why}");
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
fn too_many_wrong_rows_and_too_few_rows_hold_the_table() {
    let mut office = Office::new();
    office.write("a.csv", format!("{HEADER}A1,U1,2026-03-01\nA2,U1,x\n"));
    let mut source = office.source("a.csv");
    source.max_quarantine_rate = 0.4;
    let staged = office.try_load(&[source.clone()]).expect("loads");
    assert_eq!(held(&staged), "a.csv: 1 of 2 records are quarantined (50.0 %), more than 40.0 %");
    assert_eq!(staged.months.len(), 1, "the rows stay at hand for whoever releases the table");
    source.max_quarantine_rate = 0.5;
    assert_eq!(office.try_load(&[source.clone()]).expect("loads").held, None);
    office.previous.insert("cases".into(), 2);
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
