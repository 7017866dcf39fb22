//! What an extract lost since the last one holds its table, however well the rest of it reads.

use super::*;

fn held(staged: &StagedTable) -> String {
    staged.held.clone().unwrap_or_else(|| panic!("not held: {:?}", staged.files))
}

const HEADER: &str = "案号,执法主体,立案日期,结果,法条,人数";

fn text(header: &str, rows: impl Iterator<Item = u32>) -> String {
    let rows: String = rows.map(|row| format!("A{row},U1,2026-0{}-01,处罚,第一条,{row}\n", row % 3 + 1)).collect();
    format!("{header}\n{rows}")
}

#[test]
fn an_unknown_header_near_a_missing_column_holds_the_table_on_the_first_load_too() {
    let office = Office::new();
    office.write("a.csv", text(&HEADER.replace("人数", "人数（新）"), 0..3));
    let mut source = office.source("a.csv");
    let why = held(&office.try_load(&[source.clone()]).expect("loads"));
    assert!(why.contains("a.csv: the header `人数（新）` is unknown, and nothing gives the column `people`"), "{why}");
    assert!(why.contains("columns = { \"人数（新）\" = \"people\" }"), "{why}");
    source.columns.insert("人数（新）".into(), String::new());
    assert_eq!(office.try_load(&[source.clone()]).expect("loads").held, None, "the line of the hint accepts that they differ");
    source.columns.clear();
    source.dropped.push("people".into());
    let staged = office.try_load(&[source.clone()]).expect("loads");
    assert_eq!((staged.held, staged.notices), (None, vec!["header `人数（新）` of a.csv is unknown and was not read".to_owned()]));
    source.dropped.push("peple".into());
    let error = office.try_load(&[source]).expect_err("no such column");
    assert!(error.to_string().contains("has dropped `peple`, which is no column of it\nhint: did you mean `people`?"), "{error}");
}

#[test]
fn a_column_that_held_values_and_is_now_given_by_no_header_holds_the_table() {
    let mut office = Office::new();
    let staged = office.load_csv(text(HEADER, 0..9));
    office.keep(&staged);
    office.write("a.csv", text(&HEADER.replace("人数", "从业者总计"), 0..9));
    let mut source = office.source("a.csv");
    let why = held(&office.try_load(&[source.clone()]).expect("loads"));
    assert!(why.starts_with("a.csv: the column `people` (人数) held values in 9 rows when the table was last loaded, and no header gives it now; unknown headers are `从业者总计`"), "{why}");
    assert!(why.contains("columns = { \"从业者总计\" = \"people\" }") && why.contains("dropped = [\"people\"]"), "{why}");
    source.dropped.push("people".into());
    assert_eq!(office.try_load(&[source.clone()]).expect("loads").held, None);
    // What only ever stood there by default, or was lent by another column, is not missed.
    office.write("a.csv", text(HEADER, 0..9));
    assert_eq!(office.load("a.csv").held, None);
}

#[test]
fn one_of_several_files_that_lost_a_column_holds_the_table_also_under_a_new_name() {
    let mut office = Office::new();
    office.write("d/1.csv", text(HEADER, 0..9));
    office.write("d/2.csv", text(HEADER, 10..19));
    let staged = office.load("d");
    office.keep(&staged);
    office.write("d/2.csv", text(&HEADER.replace("人数", "总计"), 10..19));
    let why = held(&office.load("d"));
    assert!(why.starts_with("d/2.csv: the column `people`"), "{why}");
    std::fs::remove_file(office.folder.path().join("in/d/1.csv")).expect("removed");
    std::fs::remove_file(office.folder.path().join("in/d/2.csv")).expect("removed");
    office.write("d/3.csv", text(&HEADER.replace("人数", "总计"), 0..19));
    let why = held(&office.load("d"));
    assert!(why.starts_with("d/3.csv: the column `people`"), "{why}");
}

#[test]
fn a_column_of_which_no_label_is_known_any_more_holds_the_table() {
    let mut office = Office::new();
    let staged = office.load_csv(text(HEADER, 0..9));
    office.keep(&staged);
    office.write("a.csv", text(HEADER, 0..9).replace("处罚", "罚了"));
    let mut source = office.source("a.csv");
    let why = held(&office.try_load(&[source.clone()]).expect("loads"));
    assert!(why.contains("none of its labels is known now, such as `罚了`") && why.contains("codes.outcome = { \"罚了\" ="), "{why}");
    source.codes.entry("outcome".into()).or_default().insert("罚了".into(), "penalty".into());
    assert_eq!(office.try_load(&[source]).expect("loads").held, None);
}

#[test]
fn objects_may_lack_a_key_that_is_seldom_filled() {
    let mut office = Office::new();
    let line = |row: u32, more: &str| format!("{{\"案号\":\"A{row}\",\"执法主体\":\"U1\",\"立案日期\":\"2026-03-01\"{more}}}\n");
    let lines = |more: &str| (0..9).map(|row| line(row, if row == 0 { more } else { "" })).collect::<String>();
    office.write("a.jsonl", lines(",\"人数\":3"));
    let staged = office.load("a.jsonl");
    office.keep(&staged);
    office.write("a.jsonl", lines(""));
    assert_eq!(office.load("a.jsonl").held, None);
    office.write("a.jsonl", lines(",\"总计\":3"));
    assert!(held(&office.load("a.jsonl")).contains("unknown headers are `总计`"));
}

#[test]
fn a_file_of_several_that_is_gone_holds_the_table_unless_its_rows_are_elsewhere() {
    let mut office = Office::new();
    for file in 0..4 {
        office.write(&format!("d/{file}.csv"), text(HEADER, file * 30..file * 30 + 20));
    }
    let staged = office.load("d/*.csv");
    office.keep(&staged);
    let remove = |name: &str| std::fs::remove_file(office.folder.path().join("in/d").join(name)).expect("removed");
    remove("3.csv");
    let why = held(&office.load("d/*.csv"));
    assert!(why.starts_with("d/3.csv: the file is gone, and 20 of its 20 rows are in no other file\nhint: deliver it again"), "{why}");
    office.write("d/new.csv", text(HEADER, 90..110));
    assert_eq!(office.load("d/*.csv").held, None, "the same rows under another name");
    remove("new.csv");
    office.write("d/0.csv", text(HEADER, (0..20).chain(90..110)));
    assert_eq!(office.load("d/*.csv").held, None, "the same rows in another file");
    let mut source = office.source("d/*.csv");
    office.write("d/0.csv", text(HEADER, 0..20));
    source.max_shrink = 1.0;
    assert_eq!(office.try_load(&[source]).expect("loads").held, None, "as the hint says");
}

#[test]
fn a_file_whose_months_are_over_may_go() {
    let mut office = Office::new();
    office.write("d/1.csv", "案号,执法主体,立案日期\nA1,U1,2026-01-01\n");
    office.write("d/2.csv", "案号,执法主体,立案日期\nA2,U1,2026-02-01\nA3,U1,2026-02-01\nA4,U1,2026-02-01\n");
    let staged = office.load("d");
    office.keep(&staged);
    std::fs::remove_file(office.folder.path().join("in/d/1.csv")).expect("removed");
    assert_eq!(office.load("d").held, None, "January stays in the lake");
}

#[test]
fn a_source_beside_a_larger_one_and_a_file_of_several_may_not_shrink_unseen() {
    let mut office = Office::new();
    office.write("a.csv", text(HEADER, 0..80));
    office.write("b.csv", text(HEADER, 100..120));
    let sources = [office.source("a.csv"), office.source("b.csv")];
    let staged = office.try_load(&sources).expect("loads");
    office.keep(&staged);
    office.write("b.csv", text(HEADER, 100..101));
    let why = held(&office.try_load(&sources).expect("loads"));
    assert!(why.starts_with("b.csv: 19 of the 20 rows when last loaded are gone: more than 30 %\nhint: "), "{why}");
    let why = held(&office.load("*.csv"));
    assert!(why.starts_with("b.csv: 19 of its 20 rows when last loaded are gone: more than 30 %"), "{why}");
    office.write("a.csv", text(HEADER, (0..80).chain(101..120)));
    assert_eq!(office.try_load(&sources).expect("loads").held, None, "rows that moved to another source are not lost");
}

#[test]
fn a_held_table_hands_on_the_kinds_of_its_reasons() {
    let mut office = Office::new();
    let words = |staged: &StagedTable| staged.held_because.iter().map(|because| because.word()).collect::<Vec<_>>();
    for file in 0..4 {
        office.write(&format!("d/{file}.csv"), text(HEADER, file * 30..file * 30 + 20));
    }
    let whole = office.load("d/*.csv");
    assert!(words(&whole).is_empty());
    office.keep(&whole);
    assert_eq!(words(&office.load("e/*.csv")), ["no_file"]);
    office.write("d/1.csv", text(&HEADER.replace("人数", "总计"), 30..50));
    assert_eq!(words(&office.load("d/*.csv")), ["column_lost"]);
    office.write("d/1.csv", text(HEADER, 30..50));
    office.write("d/2.csv", format!("{HEADER}\n\"A60"));
    assert_eq!(words(&office.load("d/*.csv")), ["file_unreadable"], "what could not be read is not also lost");
    office.write("d/2.csv", text(HEADER, 60..62));
    assert_eq!(words(&office.load("d/*.csv")), ["rows_lost"], "18 of 80 rows are no shrunk table");
    office.write("d/1.csv", text(HEADER, 30..32));
    assert_eq!(words(&office.load("d/*.csv")), ["shrunk", "rows_lost"]);
    let wrong: String = (0..80).map(|row| format!("B{row},U1,x,处罚,第一条,1\n")).collect();
    office.write("d/1.csv", text(HEADER, 30..50) + &wrong);
    office.write("d/2.csv", text(HEADER, 60..80));
    let source = crate::project::Source { max_quarantine_rate: None, ..office.source("d/*.csv") };
    assert_eq!(words(&office.try_load(&[source]).expect("loads")), ["too_many_quarantined"]);
}
