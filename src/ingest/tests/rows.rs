//! What happens to single rows and cells.

use super::*;
use crate::error::Kind;

#[test]
fn wrong_cells_quarantine_their_row_with_every_reason_and_its_raw_text() {
    let office = Office::new();
    let staged =
        office.load_csv("案号,执法主体,立案日期,罚款金额,人数\nA1,U1,2026-02-30,abc,1\nA2,,2026-03-01,1,x\nA3,U1,2026-03-01,1,1\n");
    assert_eq!(totals(&staged), [3, 1, 2, 0, 0]);
    let said = quarantined(&staged);
    assert_eq!((said[0].0, said[0].1.as_str(), said[0].3.as_str()), (2, "opened_on, fine", "A1,U1,2026-02-30,abc,1"));
    assert_eq!(said[0].2, "立案日期（opened_on）：不是日期（2026-02-30）; 罚款金额（fine）：不是数字（abc）");
    assert_eq!(said[1].2, "人数（people）：不是整数（x）; 执法主体（unit_id）：必填项为空");
}

#[test]
fn a_ragged_row_is_quarantined_but_empty_cells_at_its_end_are_not_ragged() {
    let office = Office::new();
    let staged = office.load_csv("案号,执法主体,立案日期\nA1,U1\nA2,U1,2026-03-01,,\nA3,U1,2026-03-01,x\n,,\n\nA4,U1,2026-03-02\n");
    assert_eq!(totals(&staged), [4, 2, 2, 0, 0]);
    assert_eq!(quarantined(&staged)[0].2, "有2个单元格，表头有3个");
    assert_eq!(rows(&staged, &["case_id", "source_line"]), ["A2|3", "A4|7"]);
    assert_eq!(staged.files[0].not_records, 2, "the header and the row of delimiters; blank lines are no rows at all");
}

#[test]
fn a_row_with_quoted_line_breaks_is_known_by_its_first_line() {
    let office = Office::new();
    let staged = office.load_csv(
        "案号,执法主体,立案日期,文书号\r\nA1,U1,2026-03-01,\"一\r\n\r\n二\"\r\nA2,U1,2026-03-01,\"三\"\"四\"\r\nA3,U1,x,\"五\n六\"\r\n",
    );
    assert_eq!(rows(&staged, &["case_id", "decision_no", "source_line"]), ["A1|一\r\n\r\n二|2", "A2|三\"四|5"]);
    assert_eq!((quarantined(&staged)[0].0, quarantined(&staged)[0].3.as_str()), (6, "A3,U1,x,\"五\n六\""));
}

#[test]
fn a_title_row_above_the_header_is_no_record() {
    let office = Office::new();
    let staged = office.load_csv("某县行政处罚案件台账\n填报单位：,某局,,\n案号,执法主体,立案日期\nA1,U1,2026-03-01\n");
    assert_eq!((totals(&staged), rows(&staged, &["case_id", "source_line"])), ([1, 1, 0, 0, 0], vec!["A1|4".to_owned()]));
}

#[test]
fn amounts_in_wan_yuan_are_multiplied_by_their_heading() {
    let office = Office::new();
    for header in ["CF_NR_FK", "罚款金额（万元）", "罚款金额(万元)", "fine（万元）"] {
        let staged = office.load_csv(format!("案号,执法主体,立案日期,{header}\nA1,U1,2026-03-01,1.23456\n"));
        assert_eq!(rows(&staged, &["fine"]), ["12345.60"], "{header}");
    }
    let staged = office.load_csv("案号,执法主体,立案日期,罚款金额（元）\nA1,U1,2026-03-01,\"1,234.5\"\n");
    assert_eq!(rows(&staged, &["fine"]), ["1234.50"]);
}

#[test]
fn empty_cells_are_filled_from_other_columns_and_from_defaults() {
    let office = Office::new();
    let staged = office.load_csv("文书号,执法主体,立案时间\n文1,U1,2026-03-31 23:30:00\n,U1,2026-03-31 23:30:00\n");
    assert_eq!(rows(&staged, &["case_id", "opened_on", "is_public"]), ["文1|2026-03-31|false"]);
    assert_eq!(quarantined(&staged)[0].2, "case_id：必填项为空");
}

#[test]
fn a_constant_of_the_source_stands_where_the_file_is_silent() {
    let office = Office::new();
    office.write("a.csv", "案号,立案日期,结果,人数\nA1,2026-03-01,,3\nA2,2026-03-01,不予处罚,\nA3,2026-03-01,怪,\n");
    let with = |constants: &[(&str, &str)]| {
        let mut source = office.source("a.csv");
        source.constants = constants.iter().map(|(column, value)| ((*column).to_owned(), (*value).to_owned())).collect();
        office.try_load(&[source])
    };
    let staged = with(&[("unit_id", "某局"), ("outcome", "行政处罚"), ("people", "2")]).expect("loads");
    assert_eq!(
        rows(&staged, &["case_id", "unit_id", "outcome", "people"]),
        ["A1|某局|penalty|3", "A2|某局|none|2", "A3|某局||2"],
        "what the file says wins, and an unknown label is not the constant"
    );
    for (column, value, message) in [
        ("outcom", "penalty", "has a constant for `outcom`, which is no column of it"),
        ("people", "viele", "gives `people` the constant `viele`, which is not of its type"),
    ] {
        let error = with(&[("unit_id", "某局"), (column, value)]).map(|staged| staged.held.unwrap_or_default());
        let said = error.unwrap_or_else(|error| error.to_string());
        assert!(said.contains(message), "{said}");
    }
}

#[test]
fn an_unknown_label_is_counted_and_left_empty_and_a_further_label_is_understood() {
    let office = Office::new();
    office.write("a.csv", "案号,执法主体,立案日期,结果\nA1,U1,2026-03-01,罚了\nA2,U1,2026-03-01,行政 处罚\nA3,U1,2026-03-01,怪\nA4,U1,2026-03-01,怪\nA5,U1,2026-03-01,１\n");
    let mut source = office.source("a.csv");
    source.codes.entry("outcome".into()).or_default().insert("罚了".into(), "penalty".into());
    let staged = office.try_load(&[source]).expect("loads");
    assert_eq!(rows(&staged, &["case_id", "outcome"]), ["A1|penalty", "A2|penalty", "A3|", "A4|", "A5|penalty"]);
    let [warning] = staged.warnings.as_slice() else { panic!("{:?}", staged.warnings) };
    assert_eq!(
        (warning.check.as_str(), warning.rows, warning.says.as_str()),
        ("unknown_label", 2, "结果（outcome）：“怪”不在代码表内，按空值处理")
    );
}

#[test]
fn checks_quarantine_warn_and_stop() {
    let office = Office::new();
    let header = "案号,执法主体,立案时间,罚款金额\n";
    let staged = office.load_csv(format!("{header}A1,U1,2026-03-01,-1\nA2,U1,2026-07-01 00:00:00,1\nA3,U1,2026-06-30 23:59:59,1\n"));
    assert_eq!((totals(&staged), quarantined(&staged)[0].2.as_str()), ([3, 2, 1, 0, 0], "罚款金额为负数（negative_fine）"));
    let said: Vec<_> = staged.warnings.iter().map(|warning| (warning.check.as_str(), warning.rows)).collect();
    assert_eq!(said, [("future", 1), ("negative_fine", 1)]);
    office.write("a.csv", format!("{header}A1,STOP,2026-03-01,1\n"));
    let error = office.try_load(&[office.source("a.csv")]).expect_err("stops");
    assert!(error.kind == Kind::Source && error.to_string().contains("不应出现的主体 (a.csv line 2"), "{error}");
}

#[test]
fn a_row_is_told_every_reason_at_once_but_not_what_follows_from_a_wrong_cell() {
    let office = Office::new();
    let staged =
        office.load_csv("案号,执法主体,立案日期,罚款金额,人数\nA1,U1,坏,-1,坏\nA2,U1,2026-03-01,坏,坏\nA3,STOP,坏,1,1\nA4,U1,-1\n");
    assert_eq!(totals(&staged), [4, 0, 4, 0, 0]);
    let said = quarantined(&staged);
    assert!(
        said[0].2.contains("不是日期") && said[0].2.contains("不是整数") && said[0].2.contains("罚款金额为负数（negative_fine）"),
        "{said:?}"
    );
    assert!(!said[1].2.contains("negative_fine"), "an amount that can't be read is not negative: {said:?}");
    assert_eq!(said[3].2, "有3个单元格，表头有5个", "cells that may stand in wrong places are not judged");
}

#[test]
fn a_delimiter_at_the_end_of_the_header_makes_no_row_ragged() {
    let office = Office::new();
    let staged =
        office.load_csv("案号,执法主体,立案日期,\nA1,U1,2026-03-01\nA2,U1,2026-03-01,\nA3,U1,2026-03-01,x\nA4,U1,2026-03-01,x,y\n");
    assert_eq!(totals(&staged), [4, 3, 1, 0, 0]);
}

#[test]
fn identifiers_compare_equal_in_full_and_half_width_and_mangled_ones_are_refused() {
    let office = Office::new();
    let staged =
        office.load_csv("案号,执法主体,立案日期,文书号\nＡ１,U1,2026-03-01,甲\nA1 ,U1,2026-03-01,乙\n1.10101E+17,U1,2026-03-01,丙\n");
    assert_eq!(totals(&staged), [3, 1, 1, 1, 0]);
    assert!(quarantined(&staged)[0].2.contains("末尾数位已丢失"));
}

#[test]
fn a_long_number_in_a_workbook_has_lost_its_digits() {
    let office = Office::new();
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    sheet.write_row(0, 0, ["案号", "执法主体", "立案日期"]).expect("written");
    for (row, case) in [(1, 330_106_202_603_070_001.0), (2, 20_260_307_001.0)] {
        sheet.write(row, 0, case).expect("written");
        sheet.write_row(row, 1, ["U1", "2026-03-07"]).expect("written");
    }
    book.save(office.path("a.xlsx")).expect("saved");
    let staged = office.load("a.xlsx");
    assert_eq!((rows(&staged, &["case_id"]), totals(&staged)), (vec!["20260307001".to_owned()], [2, 1, 1, 0, 0]));
}

#[test]
fn a_renamed_header_is_accepted_and_an_ignored_one_is_silent() {
    let office = Office::new();
    office.write("a.csv", "编码,执法主体,立案日期,罚款额度,备注\nA1,U1,2026-03-01,5,x\n");
    let mut source = office.source("a.csv");
    source.columns.insert("编码".into(), "case_id".into());
    let staged = office.try_load(&[source.clone()]).expect("loads");
    assert_eq!(rows(&staged, &["case_id", "fine"]), ["A1|"]);
    let says: Vec<_> = staged.warnings.iter().map(|warning| warning.says.as_str()).collect();
    assert_eq!(says, ["表头“备注”不在数据标准内，未装载", "表头“罚款额度”不在数据标准内，未装载"]);
    source.columns.insert("备注".into(), String::new());
    source.columns.insert("罚款额度".into(), "罚款金额".into());
    let staged = office.try_load(&[source.clone()]).expect("loads");
    assert_eq!((rows(&staged, &["fine"]), staged.warnings.len()), (vec!["5.00".to_owned()], 0));
    source.columns.insert("编码".into(), "case_idd".into());
    let error = office.try_load(&[source]).expect_err("no such column");
    assert!(error.kind == Kind::Configuration && error.to_string().contains("did you mean `case_id`?"), "{error}");
}
