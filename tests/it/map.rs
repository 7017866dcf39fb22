//! `kaohe map`: what it proposes is right on the sample and on real records, reads back, and shows nothing of anybody.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use kaohe::diagnostics::Diagnostics;
use kaohe::ingest::check_sources;
use kaohe::library::Library;
use kaohe::project::{Encoding, Format, Project, Source};

/// What the command said.
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

fn map(folder: &Path, arguments: &[&str]) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kaohe"));
    let output = command.current_dir(folder).args(["map", "--as-of", "2026-06-30"]).args(arguments).output().expect("kaohe starts");
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
    Said { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
}

/// A folder with one file, mapped.
fn mapped(name: &str, bytes: impl AsRef<[u8]>, arguments: &[&str]) -> Said {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join(name), bytes).expect("the file is written");
    map(folder.path(), &[&[name], arguments].concat())
}

/// The proposal as a project reads it, which must be without a diagnostic.
#[track_caller]
fn read_back(proposed: &str) -> Vec<Source> {
    read_back_by(None, proposed)
}

/// The same, by the contracts of a project.
#[track_caller]
fn read_back_by(queries: Option<&Path>, proposed: &str) -> Vec<Source> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("kaohe.toml"), format!("name = \"试\"\nscheme = \"2026\"\n\n{proposed}")).expect("written");
    let (library, _) = Library::read(queries).expect("the library reads");
    let mut diagnostics = Diagnostics::default();
    let project = Project::read(folder.path(), &BTreeMap::new(), &mut diagnostics).expect("it can be read");
    if let Some(project) = &project {
        check_sources(project, &library.tables, &mut diagnostics);
    }
    assert!(diagnostics.is_empty(), "{}\n{proposed}", diagnostics.to_text());
    project.expect("a project without a diagnostic is one").sources
}

/// Takes the # away from every line that proposes something.
fn with_doubtful(proposed: &str) -> String {
    let is_proposal = |line: &str| line.starts_with("# \"") && !line.contains("\" = \"\"");
    proposed.lines().map(|line| if is_proposal(line) { line.trim_start_matches("# ") } else { line }).collect::<Vec<_>>().join("\n")
}

/// Files below a folder.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { files.extend(files_below(&path)) } else { files.push(path) }
    }
    files.sort();
    files
}

fn sources_of_the_sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data-samples/sources")
}

#[test]
fn every_file_of_the_sample_is_proposed_for_its_table_by_its_content_alone_and_reads_back() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut tables: BTreeMap<String, String> = BTreeMap::new();
    for (number, path) in files_below(&sources_of_the_sample()).into_iter().enumerate() {
        let table = path.parent().and_then(Path::file_name).expect("a folder a table").to_string_lossy().into_owned();
        // A number says nothing of the table.
        let name = format!("{number}.{}", path.extension().expect("an ending").to_string_lossy());
        std::fs::copy(&path, folder.path().join(&name)).expect("copied");
        tables.insert(format!("sources/{name}"), table);
    }
    let names: Vec<&str> = tables.keys().map(|path| path.trim_start_matches("sources/")).collect();
    let said = map(folder.path(), &[&names[..], &["--rows", "2000"]].concat());
    assert_eq!(said.code, Some(0), "{}", said.err);
    let sources = read_back(&said.out);
    read_back(&with_doubtful(&said.out));
    assert_eq!(sources.len(), tables.len(), "one proposal a file");
    let wrong: Vec<String> = sources
        .iter()
        .filter(|source| source.table != tables[&source.path])
        .map(|source| format!("{} for {}", source.table, tables[&source.path]))
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    assert!(sources.iter().all(|source| source.columns.is_empty() && source.encoding.is_none() && source.delimiter.is_none()));
    assert!(!said.out.contains("the table would be held"), "every file of the sample loads as proposed: {}", said.err);
}

/// Headers of the sample in the words of another office: the sample's = the other's.
const LEADS: &str = "线索编号=线索流水号 线索来源=来源渠道 统一社会信用代码=企业统一信用码 违法行为类型=涉嫌违法类型 事项编码=权力事项代码 \
    执法主体编码=承办机构代码 领域=所属条线 违法地区划代码=违法发生地代码 是否食品药品=食药类 是否重大线索=重大 风险等级=风险级别 \
    是否监测数据造假=数据造假 接收日期=收到线索日期 接收时间=收到时刻 交办时间=派发时间 核查时间=核实时间 立案决定=是否决定立案 \
    立案决定时间=决定立案时间 不予立案理由=不立案原因 延长批准日期=批准延期日期 扣除天数=扣减天数 更新时间=最近更新";
const LEADS_IN_ENGLISH: &str = "线索编号=LeadNo 线索来源=LeadSource 统一社会信用代码=CreditCode 违法行为类型=ViolationType 事项编码=ItemCode \
    执法主体编码=AgencyCode 领域=Sector 违法地区划代码=ViolationPlaceCode 是否食品药品=IsFoodDrug 是否重大线索=IsMajor 风险等级=RiskGrade \
    是否监测数据造假=DataFraud 接收日期=ReceiptDate 接收时间=ReceivedTime 交办时间=AssignedTime 核查时间=VerifiedTime 立案决定=FilingDecision \
    立案决定时间=FilingDecisionTime 不予立案理由=NoFilingReason 延长批准日期=ExtensionApprovalDate 扣除天数=ExcludedDays 更新时间=ModifiedTime";
const CASES: &str = "案号=案件流水号 行政处罚决定书文号=处罚决定文号 执法单位编码=承办机构代码 区划代码=区县代码 执法领域=条线 \
    立案日期=立案登记日期 决定日期=作出决定时间 决定书送达日期=文书送达时间 结案时间=案件办结日期 罚款数额=罚金数额 处罚类别=处罚方式 \
    当事人名称=被处罚人名称 案件结果=处理结果 案件来源=案源 适用程序=办案程序 处罚依据=处罚法律依据 重大案件=重大案件标志 \
    听证时间=举行听证日期 修改时间=最近修改时间 违法类型=违法行为种类";

/// The columns of a sample file that `spec` names, under the other office's headers.
fn renamed(file: &str, spec: &str) -> String {
    let bytes = std::fs::read(sources_of_the_sample().join(file)).expect("the sample has it");
    let (text, _, broken) = encoding_rs::UTF_8.decode(&bytes);
    let text = if broken { encoding_rs::GB18030.decode(&bytes).0 } else { text };
    let names: BTreeMap<&str, &str> = spec.split_whitespace().filter_map(|pair| pair.split_once('=')).collect();
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().map(|row| row.expect("a row")).collect();
    let kept: Vec<usize> = (0..rows[0].len()).filter(|at| names.contains_key(&rows[0][*at])).collect();
    assert_eq!(kept.len(), names.len(), "the sample has every header of {spec}");
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(kept.iter().map(|at| names[&rows[0][*at]])).expect("written");
    rows[1..].iter().for_each(|row| writer.write_record(kept.iter().map(|at| &row[*at])).expect("written"));
    String::from_utf8(writer.into_inner().expect("written")).expect("UTF-8")
}

/// Of the headers of `spec`, how many are mapped to the right column for certain and how many in doubt; and those that are for certain wrong.
fn rated(table: &str, file: &str, spec: &str) -> (usize, usize, usize, Vec<String>) {
    let said = mapped("导出.csv", renamed(file, spec), &[]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    let (library, _) = Library::read(None).expect("the library reads");
    let accepted = library.tables[table].headers();
    let column = |header: &str| accepted.get(&kaohe::library::contract::normalise_header(header)).map(|(column, _)| *column);
    let [sure] = &read_back(&said.out)[..] else { panic!("one source: {}", said.out) };
    assert_eq!(sure.table, table);
    let all = read_back(&with_doubtful(&said.out)).remove(0);
    let (mut right, mut doubtful, mut wrong) = (0, 0, Vec::new());
    for (own, other) in spec.split_whitespace().filter_map(|pair| pair.split_once('=')) {
        let proposed = |source: &Source| source.columns.get(other).and_then(|name| column(name)).or_else(|| column(other));
        if proposed(sure) == column(own) {
            right += 1;
        } else if let Some(column) = proposed(sure) {
            wrong.push(format!("{other} as {}", library.tables[table].columns[column].name));
        } else if proposed(&all) == column(own) {
            doubtful += 1;
        }
    }
    (right, doubtful, spec.split_whitespace().count(), wrong)
}

#[test]
fn headers_of_another_office_find_most_of_their_columns_and_none_surely_a_wrong_one() {
    for (table, file, spec, least_sure, least) in [
        ("leads", "leads/leads.csv", LEADS, 14, 22),
        ("leads", "leads/leads.csv", LEADS_IN_ENGLISH, 15, 18),
        ("cases", "cases/cases_330100.csv", CASES, 13, 19),
    ] {
        let (sure, doubtful, of, wrong) = rated(table, file, spec);
        assert!(wrong.is_empty(), "{wrong:?}");
        assert!(sure >= least_sure && sure + doubtful >= least, "{table}: of {of} headers {sure} for certain and {doubtful} in doubt");
    }
}

/// An extract as offices send them: a title, a header in their own words, labels of their own, names and numbers of persons.
const EXTRACT: &str = "某市2026年案件明细,,,,,,,\n\
    案件编号,办案机构代码,立案日期,罚款额,案件结果,经办联系人,联系手机,案件编号备用\n\
    A-1,U1,2026-01-05,100.5,行政处罚决定,张三丰,13800138000,\n\
    A-2,U1,2026-01-06,200,不给予处罚,李四光,13900139000,\n\
    A-3,U1,2026-13-07,300,行政处罚决定,王五,13700137000,\n\
    A-4,U2,2026-01-08,,挂起待议,张三丰,13800138000,\n\
    合计,,,600.5,,,,\n";

#[test]
fn an_extract_with_a_title_and_foreign_labels_is_proposed_with_what_is_certain_and_tried() {
    let (bytes, _, _) = encoding_rs::GB18030.encode(EXTRACT);
    let said = mapped("导出.csv", &bytes, &[]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    let sources = read_back(&said.out);
    assert_eq!((sources.len(), sources[0].table.as_str(), sources[0].path.as_str()), (1, "cases", "sources/导出.csv"));
    let written: Vec<(&str, &str)> = sources[0].columns.iter().map(|(header, column)| (header.as_str(), column.as_str())).collect();
    assert_eq!(written, [("办案机构代码", "unit_id"), ("罚款额", "fine_amount")], "{}", said.out);
    assert_eq!(sources[0].codes["outcome"]["不给予处罚"], "no_penalty", "{}", said.out);
    assert_eq!(sources[0].codes["outcome"].get("挂起待议"), None);
    for part in [
        "read as csv, gb18030, delimiter \",\", header in line 2, 5 records looked at",
        "headers that the contract knows: 案件编号 = case_id, 立案日期 = filed_on, 案件结果 = outcome",
        "# \"行政处罚决定\" = \"penalty\"   # 2 rows; not certain: is like 行政处罚",
        "# \"挂起待议\" = \"\"   # 1 row; is like no known label",
        "rows of totals (line 7)",
        "# \"联系手机\" = \"\"   # of no column; whole numbers, 3 distinct values, 1 of 5 empty",
    ] {
        assert!(said.out.contains(part), "no `{part}` in:\n{}", said.out);
    }
    assert!(
        said.err.contains("tried on 5 records: 3 good, 2 set apart, 0 twice under one key; the table would be held: 导出.csv: 2 of 5"),
        "{}",
        said.err
    );
}

#[test]
fn what_is_proposed_shows_no_value_of_a_person_or_of_a_header_that_nobody_knows() {
    let said = mapped("导出.csv", EXTRACT, &[]);
    for value in ["张三丰", "李四光", "王五", "13800138000", "13700137000", "A-1", "100.5", "2026-01-05"] {
        assert!(!said.out.contains(value) && !said.err.contains(value), "`{value}` is shown:\n{}\n{}", said.out, said.err);
    }
    let headless = "张三丰,13800138000,2026-01-05,杭州\n李四光,13900139000,2026-01-06,宁波\n";
    let said = mapped("名单.csv", headless, &[]);
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
    assert!(said.err.contains("reads like a record, and none like a header") && !said.err.contains("张三丰"), "{}", said.err);
}

#[test]
fn the_figures_are_those_of_a_load_of_the_first_records() {
    let mut text = "case_id,unit_id,domain,filed_on\n".to_owned();
    // Of each ten records the last has the key of the one before; of each hundred the last is no date.
    let key = |number: u32| number - u32::from(number % 10 == 9);
    let day = |number: u32| if number % 100 == 99 { "?" } else { "2026-01-05" };
    (0..30_000).for_each(|number| text.push_str(&format!("C{},U1,market,{}\n", key(number), day(number))));
    let said = mapped("x.csv", &text, &["--rows", "9000"]);
    assert!(said.out.contains("9000 records looked at, and there are more"), "{}", said.out);
    assert!(said.err.contains("tried on the first 9000 records: 8100 loaded, 90 set apart, 810 twice under one key"), "{}", said.err);
    assert!(said.out.contains("#   90 set apart: filed_on：不是日期"), "{}", said.out);
    let again = mapped("x.csv", &text, &["--rows", "9000"]);
    assert_eq!((said.out, said.err), (again.out, again.err), "the same file gives the same text");
}

#[test]
fn a_table_of_another_shape_is_told() {
    let marks = ["读写", "听说", "仪容", "守时", "礼貌", "规范"];
    let mut wide = format!("案号,单位编码,立案日期,{}\n", marks.join(","));
    (0..9).for_each(|number| wide.push_str(&format!("A{number},U1,2026-01-05,1,2,3,4,5,{number}\n")));
    assert!(mapped("x.csv", wide, &[]).err.contains("wide: 6 of 9 headers hold few whole numbers"));
    let mut merged = "案号,单位编码,立案日期\n".to_owned();
    (0..9).for_each(|number| merged.push_str(&format!("A{number},{},2026-01-05\n", if number % 3 == 0 { "U1" } else { "" })));
    assert!(mapped("x.csv", merged, &[]).err.contains("`单位编码` is empty in 6 of 9 rows, and rows must have it: merged cells"));
    let mut twofold = "案号,单位编码,立案日期,罚款金额\n编号,编号,年月日,元\n".to_owned();
    (0..9).for_each(|number| twofold.push_str(&format!("A{number},U1,2026-01-05,{number}.5\n")));
    assert!(mapped("x.csv", twofold, &[]).err.contains("line 2 reads like a second row of headers"));
    let twice = mapped("x.csv", "案号,单位编码,立案日期,备注,备注\nA1,U1,2026-01-05,x,\n", &[]);
    read_back(&twice.out);
    assert!(twice.err.contains("`备注` stands more than once") && twice.err.contains("would be held"), "{}", twice.err);
}

#[test]
fn a_header_that_gives_a_column_twice_is_ignored_where_it_has_fewer_values() {
    let said = mapped("x.csv", "案号,案件编号,单位编码,立案日期\nA1,,U1,2026-01-05\nA2,B2,U1,2026-01-06\n", &[]);
    let source = read_back(&said.out).remove(0);
    assert_eq!(source.columns.get("案件编号").map(String::as_str), Some(""), "{}", said.out);
    assert!(said.err.contains("tried on 2 records: 2 loaded"), "{}", said.err);
}

#[test]
fn headers_of_any_characters_are_written_as_toml() {
    let text = "案号,单位编码,立案日期,\"他说\"\"x\"\"\n\\ \u{202e}\",罚没款_万\nA1,U1,2026-01-05,x,1\nA2,U1,2026-01-06,y,2\n";
    let said = mapped("x.csv", text, &["--table", "cases"]);
    read_back(&said.out);
    assert!(said.out.contains(r#"他说\"x\"\u000a\\ \u202e"#), "{}", said.out);
    let every_line = said.out.lines().map(|line| if line.starts_with("# \"") { &line[2..] } else { line }).collect::<Vec<_>>().join("\n");
    let sources = read_back(&every_line);
    assert!(sources[0].columns.contains_key("他说\"x\"\n\\ \u{202e}"), "a line is as good without its #: {every_line}");
    if let Some(column) = sources[0].columns.get("罚没款_万").filter(|column| !column.is_empty()) {
        assert!(column.ends_with("（万元）"), "amounts in 万 are told to the loader: {column}");
    }
}

#[test]
fn worksheets_of_different_tables_are_two_sources_and_notes_are_none() {
    let mut book = rust_xlsxwriter::Workbook::new();
    let mut write = |name: &str, rows: &[&[&str]]| {
        let sheet = book.add_worksheet();
        sheet.set_name(name).expect("a name");
        for (row, cells) in rows.iter().enumerate() {
            for (column, cell) in cells.iter().enumerate() {
                sheet.write(row as u32, column as u16, *cell).expect("written");
            }
        }
    };
    write("说明", &[&["本表由业务系统导出"]]);
    write("立案", &[&["案号", "单位编码", "立案日期"], &["A1", "U1", "2026-01-05"], &["A2", "U1", "2026-01-06"]]);
    write(
        "检查",
        &[
            &["检查编号", "单位编码", "检查日期", "检查结果"],
            &["J1", "U1", "2026-01-05", "未发现问题"],
            &["J2", "U1", "2026-01-06", "发现问题"],
        ],
    );
    let said = mapped("导出.xlsx", book.save_to_buffer().expect("a workbook"), &[]);
    let sources = read_back(&said.out);
    let found: Vec<(&str, Option<&str>)> = sources.iter().map(|source| (source.table.as_str(), source.sheet.as_deref())).collect();
    assert_eq!(found, [("cases", Some("立案")), ("inspections", Some("检查"))], "{}", said.out);
    assert!(
        said.out.contains("# The worksheet 说明 has no header") && said.err.matches("2 loaded, 0 set apart").count() == 2,
        "{}{}",
        said.out,
        said.err
    );
}

#[test]
fn a_format_that_the_ending_does_not_tell_is_declared_and_an_old_workbook_is_refused() {
    let said = mapped("导出.dat", "{\"case_id\": \"A1\", \"unit_id\": \"U1\", \"filed_on\": \"2026-01-05\"}\n", &[]);
    let source = read_back(&said.out).remove(0);
    assert_eq!((source.table.as_str(), source.format), ("cases", Some(Format::JsonLines)), "{}", said.out);
    let said = mapped("导出.xls", "案号\t单位编码\t立案日期\nA1\tU1\t2026-01-05\n", &[]);
    assert_eq!(
        read_back(&said.out)[0].format,
        Some(Format::Csv),
        "a text under the name of a workbook is a text: {}{}",
        said.out,
        said.err
    );
    let said = mapped("导出.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", &[]);
    assert!(said.code == Some(1) && said.err.contains("hint: open it and save it as .xlsx"), "{}", said.err);
    let said = mapped("导出.csv", "", &[]);
    assert!(said.code == Some(1) && said.err.contains("the file is empty"), "{}", said.err);
}

#[test]
fn a_file_of_no_table_ends_with_1_and_says_which_came_nearest() {
    let said = mapped("x.csv", "\u{feff}D,X1,X2,X3\n0,3,3,3\n1,4,2,5\n", &[]);
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""), "{}", said.err);
    assert!(said.err.contains("no table fits; nearest: "), "{}", said.err);
    let said = mapped("x.csv", "D,X1\n0,3\n", &["--table", "case"]);
    assert!(said.code == Some(2) && said.err.contains("did you mean `cases`?"), "{}", said.err);
    let said = mapped("x.csv", "D,X1\n0,3\n", &["--table", "cases"]);
    assert_eq!(said.code, Some(0), "whoever names the table gets its text: {}", said.err);
    assert!(said.out.contains("# unit_id = \"\"   # 执法主体编码"), "{}", said.out);
}

#[test]
fn inside_a_project_its_own_contracts_units_and_folder_are_known() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, text).expect("written");
    };
    write("kaohe.toml", "name = \"试\"\nscheme = \"2026\"\n[[source]]\ntable = \"units\"\npath = \"units.csv\"\n");
    write(
        "units.csv",
        "unit_id,unit_name,unit_kind,domain_list,tier,region_code\nHZ01,甲,agency,market,county,330106\nHZ02,乙,agency,market,county,330106\n",
    );
    write("in/x.csv", "案号,谁,立案日期\nA1,HZ01,2026-01-05\nA2,HZ02,2026-01-06\n");
    let said = map(folder.path(), &["in/x.csv"]);
    assert!(said.out.contains("path = \"in/x.csv\"\n"), "{}", said.out);
    assert!(said.out.contains("# \"谁\" = \"unit_id\"   # not certain: 2 of 2 values are units of the registry"), "{}", said.out);
    write(
        "queries/tables/visits.toml",
        "title = \"走访\"\nbasis = \"本局\"\nkey = [\"visit_id\"]\n[[column]]\nname = \"visit_id\"\ntype = \"text\"\nrequired = true\naliases = [\"走访编号\"]\nmeaning = \"编号\"\nsensitivity = \"internal\"\n[[column]]\nname = \"mood\"\ntype = \"text\"\naliases = [\"心情\"]\nmeaning = \"心情\"\nsensitivity = \"internal\"\n",
    );
    write("in/y.csv", "走访编号,心情\nZ1,好\nZ2,坏\n");
    assert!(map(folder.path(), &["in/y.csv"]).out.contains("table = \"visits\""));
}

/// One file of the real records: the tables that it was mapped to by hand, and which header gives which column there.
struct ByHand {
    project: &'static str,
    file: &'static str,
    tables: &'static [&'static str],
    columns: &'static [(&'static str, &'static [&'static str])],
}

/// `tests/realdata/*/mapping/*.sql`, as far as a header alone gives a column.
const BY_HAND: &[ByHand] = &[
    ByHand {
        project: "ma_dep_enforcement",
        file: "MADEP_enforcement_actions.csv",
        tables: &["cases", "action_towns"],
        columns: &[
            ("Date", &["opened_on", "decided_on"]),
            ("Text", &["illegal_fact"]),
            ("Fine", &["fine_amount"]),
            ("Year", &["source_batch"]),
        ],
    },
    ByHand {
        project: "ma_dep_enforcement",
        file: "ma_towns.csv",
        tables: &["regions", "units"],
        columns: &[("town_id", &["region_code"]), ("town", &["name"]), ("pop2010", &["population"])],
    },
    ByHand {
        project: "ma_dep_enforcement",
        file: "ma_town_adjacency.csv",
        tables: &["region_adjacency"],
        columns: &[("town_id_a", &["region_a"]), ("town_id_b", &["region_b"])],
    },
    ByHand {
        project: "sf_food_inspections",
        file: "businesses.csv",
        tables: &["enterprises", "units", "regions"],
        columns: &[("business_id", &["credit_code"]), ("name", &["name"]), ("postal_code", &["region_code"])],
    },
    ByHand {
        project: "sf_food_inspections",
        file: "inspections.csv",
        tables: &["inspections", "inspection_scores"],
        columns: &[("date", &["checked_on"]), ("score", &["score"])],
    },
    ByHand {
        project: "sf_food_inspections",
        file: "violations.csv",
        tables: &["violations"],
        columns: &[("business_id", &["credit_code"]), ("date", &["checked_on"]), ("description", &["description"])],
    },
];

#[test]
fn real_records_are_proposed_for_the_tables_that_people_mapped_them_to() {
    let Some(records) = std::env::var_os("KAOHE_REALDATA").map(PathBuf::from) else {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "KAOHE_REALDATA is not set, and CI must not skip this");
        let _ = writeln!(std::io::stderr(), "skipped: KAOHE_REALDATA is not set (map)");
        return;
    };
    let (mut right, mut columns, mut all) = (0, 0, 0);
    for ByHand { project, file, tables, columns: by_hand } in BY_HAND {
        let path = records.join(project).join(file);
        let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/realdata").join(project);
        let said = map(Path::new("/"), &[&path.to_string_lossy(), "--project", &project.to_string_lossy()]);
        assert_eq!(said.code, Some(0), "{file}: {}", said.err);
        let text = with_doubtful(&said.out);
        let table = text.lines().find_map(|line| line.strip_prefix("table = ")).expect("a table").trim_matches('"').to_owned();
        right += usize::from(tables.contains(&table.as_str()));
        let known: BTreeSet<&str> = text
            .lines()
            .filter_map(|line| line.strip_prefix("# headers that the contract knows: "))
            .flat_map(|line| line.split(", "))
            .collect();
        let has = |(header, targets): &&(&str, &[&str])| {
            known.contains(header) && targets.contains(header)
                || targets.iter().any(|target| text.contains(&format!("\"{header}\" = \"{target}\"")))
        };
        let found = by_hand.iter().filter(has).count();
        let _ = writeln!(std::io::stderr(), "map: {file}: {table} (by hand {}), columns {found} of {}", tables.join(", "), by_hand.len());
        (columns, all) = (columns + found, all + by_hand.len());
        let queries = project.join("queries");
        let source = read_back_by(Some(&queries), &said.out).remove(0);
        read_back_by(Some(&queries), &text);
        let western = (*file == "businesses.csv").then_some(Encoding::Windows1252);
        assert_eq!(source.encoding, western, "{file}: the encoding is declared where it was by hand, and only there");
    }
    assert_eq!(right, BY_HAND.len(), "tables as by hand");
    assert!(columns >= 13, "{columns} of {all} columns as by hand");
}
