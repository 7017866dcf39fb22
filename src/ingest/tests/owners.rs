//! Whose rows they are: a key belongs to one unit, a value of a registry stays, remarks are told by unit.

use std::collections::BTreeMap;

use super::{CASES, Office, contract, quarantined, rows, totals};

const HEADER: &str = "案号,执法主体,立案日期,结果,更新时间\n";

#[test]
fn a_key_that_two_units_name_is_nobodys_and_both_are_told() {
    let office = Office::new();
    office.write("a.csv", format!("{HEADER}A1,U1,2026-03-01,处罚,2026-03-02\nA2,U1,2026-03-01,处罚,2026-03-02\n"));
    office.write("b.csv", format!("{HEADER}A1,U2,2026-03-01,不予处罚,2026-06-02\nA3,U2,2026-03-01,处罚,2026-03-02\n"));
    let staged = office.load("*.csv");
    assert_eq!(rows(&staged, &["case_id", "unit_id"]), ["A2|U1", "A3|U2"]);
    assert_eq!(totals(&staged), [4, 2, 2, 0, 0]);
    let why: Vec<_> = quarantined(&staged).into_iter().map(|row| row.2).collect();
    assert_eq!(why, ["主键与其他单位的记录相同（U2）", "主键与其他单位的记录相同（U1）"]);
    let told: Vec<_> = staged.unit_remarks.iter().map(|remark| (remark.unit.as_str(), remark.check.as_str(), remark.rows)).collect();
    assert_eq!(told, [("U1", "contested_key", 1), ("U2", "contested_key", 1)]);
    assert_eq!(staged.unit_rows, BTreeMap::from([("U1".to_owned(), 2), ("U2".to_owned(), 2)]));
    assert!(
        staged.warnings.iter().any(|warning| warning.check == "contested_key" && warning.says.contains("U1、U2")),
        "{:?}",
        staged.warnings
    );
}

#[test]
fn whose_key_it_was_keeps_it_however_new_the_others_row_is() {
    let mut office = Office::new();
    office.write("a.csv", format!("{HEADER}A1,U1,2026-03-01,处罚,2026-03-02\n"));
    let first = office.load("a.csv");
    office.keep(&first);
    office.write("b.csv", format!("{HEADER}A1,U2,2026-03-01,不予处罚,2026-06-02\nA1,U1,2026-03-01,不予处罚,2026-03-01\n"));
    let staged = office.load("*.csv");
    assert_eq!(rows(&staged, &["case_id", "unit_id", "outcome"]), ["A1|U1|penalty"], "its own newest row stays");
    assert_eq!(totals(&staged), [3, 1, 1, 1, 0]);
    assert_eq!(staged.unit_remarks.iter().map(|remark| remark.unit.as_str()).collect::<Vec<_>>(), ["U2"]);
}

#[test]
fn a_unit_and_its_successor_are_one_owner() {
    let mut office = Office::new();
    office.successors.insert("U1".to_owned(), "U2".to_owned());
    office.write("a.csv", format!("{HEADER}A1,U1,2026-03-01,处罚,2026-03-02\nA1,U2,2026-03-01,不予处罚,2026-06-02\n"));
    let staged = office.load("a.csv");
    assert_eq!((rows(&staged, &["case_id", "unit_id"]), totals(&staged)), (vec!["A1|U2".to_owned()], [2, 1, 0, 1, 0]));
}

#[test]
fn a_registry_that_lost_a_unit_is_held_by_name_until_the_loss_is_accepted() {
    let mut office = Office::with(contract("cases", &CASES.replace("month = \"opened_on\"\n", "keeps = \"unit_id\"\n")));
    office.write("a.csv", format!("{HEADER}A1,U1,2026-03-01,处罚,\nA2,U2,2026-03-01,处罚,\nA3,U2,2026-03-01,处罚,\n"));
    let first = office.load("a.csv");
    office.keep(&first);
    office.write("a.csv", format!("{HEADER}A1,U1,2026-03-01,处罚,\nA2,U1,2026-03-01,处罚,\nA4,U1,2026-03-01,处罚,\n"));
    let mut source = office.source("a.csv");
    source.max_shrink = 0.5;
    let held = office.try_load(&[source.clone()]).expect("loads").held.expect("held");
    assert!(held.starts_with("`U2`: in column `unit_id` when last loaded, and gone now\nhint: "), "{held}");
    source.max_shrink = 1.0;
    assert_eq!(office.try_load(&[source]).expect("loads").held, None);
}

#[test]
fn what_is_remarked_on_is_told_by_unit() {
    let office = Office::new();
    let staged = office.load_csv(
        "案号,执法主体,立案时间,结果,罚款金额\nA1,U1,2026-08-01 09:00:00,怪,1\nA2,U1,2026-03-01 09:00:00,处罚,-1\nA3,U2,2026-03-01 09:00:00,处罚,1\n",
    );
    let told: Vec<_> = staged.unit_remarks.iter().map(|remark| (remark.unit.as_str(), remark.check.as_str(), remark.rows)).collect();
    assert_eq!(told, [("U1", "future", 1), ("U1", "quarantined", 1), ("U1", "unknown_label", 1)]);
    assert_eq!(staged.unit_rows, BTreeMap::from([("U1".to_owned(), 2), ("U2".to_owned(), 1)]));
}
