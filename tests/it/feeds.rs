//! National feeds load without mapping: the headers of 双公示 and of 互联网+监管.

use std::collections::BTreeMap;
use std::process::Command;

use arrow::array::Array;
use kaohe::functions::{Clocks, register};
use kaohe::ingest::{LoadContext, StagedTable, load_table};
use kaohe::library::Library;
use kaohe::project::Source;
use kaohe::terms::RunId;

/// Loads one GB18030 file into `table` and returns the answer of `sql` over the new run.
fn loaded(table: &str, text: &str) -> String {
    let project = tempfile::tempdir().expect("a temporary folder");
    std::fs::create_dir(project.path().join("sources")).expect("a folder");
    let (bytes, _, _) = encoding_rs::GB18030.encode(text);
    std::fs::write(project.path().join("sources/feed.csv"), &bytes).expect("the feed is written");
    let config = format!("name = \"试\"\nscheme = \"2026\"\n[[source]]\ntable = \"{table}\"\npath = \"sources/*.csv\"\n");
    std::fs::write(project.path().join("kaohe.toml"), config).expect("the project is written");
    let ended = Command::new(env!("CARGO_BIN_EXE_kaohe"))
        .args(["load", "--quiet", "--as-of", "2026-06-30", "--project"])
        .arg(project.path())
        .output()
        .expect("kaohe starts");
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    let lake = project.path().join("lake").join(table);
    let mut rows = String::new();
    for path in parquet_files(&lake) {
        let file = std::fs::File::open(&path).expect("a lake file opens");
        let reader =
            parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file).expect("Parquet").build().expect("readable");
        for batch in reader {
            let batch = batch.expect("a batch reads");
            rows.push_str(
                &arrow::util::pretty::pretty_format_columns("row", &[std::sync::Arc::new(arrow::array::StructArray::from(batch))])
                    .expect("printable")
                    .to_string(),
            );
        }
    }
    rows
}

fn parquet_files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the lake has the table").flatten().map(|entry| entry.path());
    entries
        .flat_map(|path| match path.is_dir() {
            true => parquet_files(&path),
            false => vec![path],
        })
        .filter(|path| path.extension().is_some_and(|extension| extension == "parquet"))
        .collect()
}

#[test]
fn a_double_publicity_file_in_wan_arrives_in_yuan_keyed_by_decision_number_with_no_filing_date() {
    let rows = loaded(
        "cases",
        "CF_WSH,CF_XDR_MC,CF_XDR_LB,CF_XDR_SHXYM,CF_CFLB,CF_NR_FK,CF_NR_WFFF,CF_JDRQ,CF_CFJGDM,CF_CFJG,CF_WFXW\n\
         浙杭市监罚〔2026〕1号,某某有限公司,法人及非法人组织,91330500MA1B3N1N2M,罚款,0.25,0.1,2026/3/7,11330100002489653X,某市市场监督管理局,虚假宣传\n",
    );
    for part in [
        "case_id: 浙杭市监罚〔2026〕1号",
        "fine_amount: 2500.00",
        "confiscated_amount: 1000.00",
        "decided_on: 2026-03-07",
        "party_kind: org",
        "filed_on: ,",
    ] {
        assert!(rows.contains(part), "no `{part}` in {rows}");
    }
}

#[test]
fn an_inspection_feed_with_chinese_headers_and_labels_needs_no_mapping() {
    let rows = loaded(
        "inspections",
        "记录唯一标识,监管事项目录编码,实施机构编码,行政相对人名称,检查行为编号,检查形式,检查类别,检查结果,检查时间\n\
         JC001,01234567890123,11330100002489653X,某某有限公司,XW9,现场检查,重点检查,未发现问题,2026年3月7日\n",
    );
    for part in ["inspection_id: JC001", "checked_on: 2026-03-07", "result: no_problem", "form: onsite", "kind: key"] {
        assert!(rows.contains(part), "no `{part}` in {rows}");
    }
}

/// Headers of the common part of 互联网+监管: Chinese | English | column (or the column of the other table) and, where
/// the cell is not simply text, a cell as offices fill it | the value that arrives. `-`: the reference names no English field.
const COMMON: &str = "\
记录唯一标识 | record_unique_identity | case_id, inspection_id
监管事项目录编码 | supervise_item_code | supervise_item_code | 01234567890123 | 01234567890123
实施机构 | implement_institution | unit_name
实施机构编码 | implement_institution_code | unit_id | 11330100002489653X | 11330100002489653X
受委托部门 | entrust_dept | entrust_dept
受委托部门编码 | entrust_dept_code | entrust_dept_code
监管对象类型 | supervise_object_type | supervise_object_type
监管对象 | supervise_object | supervise_object, object_name
行政相对人名称 | administrative_cp | party_name_masked, party_name
行政相对人性质 | administrative_cp_na | party_kind | 法人及非法人组织 | org
证件类型 | administrative_cp_ce_type | party_code_type | 统一社会信用代码 | 统一社会信用代码
证件编码 | administrative_cp_ui_code | party_code | 91330500MA1B3N1N2M | 91330500MA1B3N1N2M
注册地址 | address_registered | address_registered
经营地址 | address_operating | address_operating
行政区划代码 | area_number | region_code | 330102 | 330102
报送时间 | submitted_date | submitted_at | 2026-03-09 10:00:00 | 2026-03-09T02:00:00Z
报送人员 | submitted_personnel | submitted_by
主键 | cd_id | source_row_key
插入时间 | cd_time | created_at | 2026-03-08 10:00:00 | 2026-03-08T02:00:00Z
来源 | cd_source | data_source
批次号 | cd_batch | source_batch
操作 | cd_operation | source_operation | u | update";

/// What 互联网+监管 adds for an inspection.
const INSPECTION: &str = "\
双随机计划id | plan_id | plan_id
检查实施清单编码 | check_item_code | check_item_code
检查行为名称 | check_action_name | check_action_name
检查行为编号 | check_action_code | check_action_code
检查形式 | check_form | form | 现场检查 | onsite
检查类别 | check_type | kind | 部门联合双随机 | random_joint
检查方式 | check_mode | check_mode
检查结果 | check_result | result | 未发现问题 | no_problem
检查时间 | check_date | checked_on | 2026/3/7 9:05:00 | 2026-03-07
检查人员 | check_personnel | officer_names | 张三；李四 | [张三, 李四]
执法证号 | check_personnel_code | officer_certificates | Z001；Z002 | [Z001, Z002]";

/// What 互联网+监管 adds for a penalty; 集体讨论 in English as its 法制审核.
const PENALTY: &str = "\
处罚行为名称 | punish_action_name | case_name
处罚行为编号 | punish_action_code | action_code
案件来源 | case_source | case_source
检查行为编号 | check_action_code | check_action_code
违法事实 | illegal_fact | illegal_fact
处罚依据 | punish_accord | punish_accord
处罚程序 | punish_procedure | procedure | 普通程序 | ordinary
是否听证 | is_hearing | hearing_held | 否 | false
处罚立案时间 | filed_date | filed_on | 2026年3月7日 | 2026-03-07
是否涉刑 | is_criminal | criminal_suspected | 否 | false
是否重大案件 | major_case | major | 是 | true
是否法制审核 | legal_review | legal_reviewed | 是 | true
法制审核日期 | legal_review_date | legal_review_on | 20260320 | 2026-03-20
法制审核意见 | legal_review_opinion | legal_review_opinion
是否集体讨论 | collective_discussion | collective_discussed | 是 | true
集体讨论日期 | collective_discussion_date | collective_discussion_on | 2026/3/21 | 2026-03-21
集体讨论结论 | collective_discussion_conclusion | collective_discussion_conclusion
处罚文书号 | punish_file_num | decision_no
决定日期 | punish_set_date | decided_on | 2026-03-25 | 2026-03-25
处罚种类 | punish_type | penalty_kinds | 警告；罚款 | [warning, fine]
罚款金额 | fine_amount | fine_amount | 2500 | 2500.00
处罚结果 | punish_result | punish_result
行政复议 | reconsideration | reconsideration
行政诉讼 | litigation | litigation
结案执行方式 | - | closing_mode
结案执行结果 | - | closing_result
实缴金额 | paid_amount | paid_amount | 1000.5元 | 1000.50
不予处罚 | no_penalty | no_penalty | 否 | false
结案日期 | closed_date | closed_on | 2026-04-10 | 2026-04-10
其他处理 | - | other_handling
移送时间 | transferred_at | transferred_at | 2026-03-28 10:00:00 | 2026-03-28T02:00:00Z";

/// 双公示 penalties(the Chinese titles as the template of the feed prints them [K]).
const PUBLICITY: &str = "\
行政相对人名称 | CF_XDR_MC | party_name_masked
行政相对人类别 | CF_XDR_LB | party_kind | 法人及非法人组织 | org
行政相对人代码_1(统一社会信用代码) | CF_XDR_SHXYM | credit_code | 91330500MA1B3N1N2M | 91330500MA1B3N1N2M
行政相对人代码_2(工商注册号) | CF_XDR_GSZC | business_registration_no
行政相对人代码_3(组织机构代码) | CF_XDR_ZZJG | organisation_code
行政相对人代码_4(税务登记号) | CF_XDR_SWDJ | tax_registration_no
行政相对人代码_5(事业单位证书号) | CF_XDR_SYDW | public_institution_no
行政相对人代码_6(社会组织登记证号) | CF_XDR_SHZZ | social_organisation_no
法定代表人 | CF_FRDB | legal_representative
法定代表人证件类型 | CF_FR_ZJLX | legal_representative_id_type
法定代表人证件号码 | CF_FR_ZJHM | legal_representative_id_no
证件类型 | CF_XDR_ZJLX | party_code_type, person_id_type | 身份证 | 身份证
证件号码 | CF_XDR_ZJHM | person_id_no
行政处罚决定书文号 | CF_WSH | decision_no
违法行为类型 | CF_WFXW | violation_type
违法事实 | CF_SY | illegal_fact
处罚依据 | CF_YJ | punish_accord
处罚类别 | CF_CFLB | penalty_kinds | 警告；罚款 | [warning, fine]
处罚内容 | CF_NR | punish_content
罚款金额（万元） | CF_NR_FK | fine_amount | 0.25 | 2500.00
没收违法所得、没收非法财物的金额（万元） | CF_NR_WFFF | confiscated_amount | 0.1 | 1000.00
暂扣或吊销证照名称及编号 | CF_NR_ZKDX | licence_suspended
处罚决定日期 | CF_JDRQ | decided_on | 2026-03-25 | 2026-03-25
处罚有效期 | CF_YXQ | valid_to | 2027-03-25 | 2027-03-25
公示截止期 | CF_GSJZQ | publication_end | 2029-03-25 | 2029-03-25
处罚机关 | CF_CFJG | unit_name
处罚机关统一社会信用代码 | CF_CFJGDM | unit_id | 11330100002489653X | 11330100002489653X
数据来源单位 | CF_SJLY | data_source
数据来源单位统一社会信用代码 | CF_SJLYDM | data_source_code
备注 | BZ | remarks";

/// What older 双公示 feeds have instead or besides.
const OLDER_PUBLICITY: &str = "\
处罚名称 | CF_CFMC | case_name
处罚类别1 | CF_CFLB1 | penalty_kinds | 警告；罚款 | [warning, fine]
处罚类别2 | CF_CFLB2 | penalty_kind_second
处罚结果 | CF_JG | punish_result
处罚机关 | CF_XZJG | unit_name
当前状态 | CF_ZT | publication_status";

/// One header of a feed.
#[derive(Clone, Copy)]
struct Header {
    chinese: &'static str,
    english: &'static str,
    columns: &'static str,
    cell: &'static str,
    value: &'static str,
}

fn headers(lists: &[&'static str]) -> Vec<Header> {
    let read = |line: &'static str| {
        let parts: Vec<&str> = line.split(" | ").collect();
        let (cell, value) = if parts.len() == 5 { (parts[3], parts[4]) } else { (parts[0], parts[0]) };
        Header { chinese: parts[0], english: parts[1], columns: parts[2], cell, value }
    };
    lists.iter().flat_map(|list| list.lines()).map(read).collect()
}

/// The older feed: its own headers where it has some for a column, those of today elsewhere.
fn older_publicity() -> Vec<Header> {
    let older = headers(&[OLDER_PUBLICITY]);
    let kept = headers(&[PUBLICITY]).into_iter().filter(|header| !older.iter().any(|own| own.columns == header.columns));
    kept.chain(older.clone()).collect()
}

/// Loads a file of one row with these headers.
fn staged(table: &str, names: &[&str], cells: &[&str]) -> (tempfile::TempDir, StagedTable) {
    let (library, _) = Library::read(None).expect("the library reads");
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("feed.csv"), format!("{}\n{}\n", names.join(","), cells.join(","))).expect("written");
    let source = Source {
        table: table.to_owned(),
        path: "feed.csv".to_owned(),
        database: None,
        root: folder.path().to_owned(),
        remote: None,
        format: None,
        encoding: None,
        delimiter: None,
        sheet: None,
        mapping: None,
        max_quarantine_rate: Some(0.0),
        max_shrink: 0.3,
        columns: BTreeMap::new(),
        codes: BTreeMap::new(),
        constants: BTreeMap::new(),
        dropped: Vec::new(),
        places: Default::default(),
    };
    let clocks = Clocks::of(&library);
    let (staging, batch) = (folder.path().join("staging"), RunId::from("test"));
    let context = LoadContext {
        staging: &staging,
        as_of: jiff::civil::date(2026, 6, 30),
        batch: &batch,
        last: &[],
        successors: &BTreeMap::new(),
        open_files: 200,
        at_most: u64::MAX,
        progress: &|_| (),
        functions: &|session| register(session, &clocks),
    };
    let staged = load_table(&library.tables[table], &[source], &context).expect("the feed is read");
    (folder, staged)
}

/// The only row, by column; empty columns are left out.
fn row(staged: &StagedTable) -> BTreeMap<String, String> {
    let path = &staged.months.values().next().expect("the row was loaded").path;
    let file = std::fs::File::open(path).expect("staged");
    let batch = arrow::ipc::reader::FileReader::try_new(file, None).expect("an Arrow file").next().expect("a batch").expect("readable");
    let schema = batch.schema();
    let given = schema.fields().iter().zip(batch.columns()).filter(|(_, column)| column.is_valid(0));
    let shown = |column| arrow::util::display::array_value_to_string(column, 0).expect("shown");
    given.map(|(field, column)| (field.name().clone(), shown(column))).collect()
}

#[track_caller]
fn assert_loads_whole(feed: &str, table: &str, headers: &[Header], name: impl Fn(&Header) -> &'static str) {
    let headers: Vec<&Header> = headers.iter().filter(|header| name(header) != "-").collect();
    let names: Vec<&str> = headers.iter().map(|header| name(header)).collect();
    let cells: Vec<&str> = headers.iter().map(|header| header.cell).collect();
    let (_folder, staged) = staged(table, &names, &cells);
    assert_eq!(staged.held, None, "{feed}");
    let unread: Vec<&str> =
        staged.warnings.iter().filter(|said| said.check.starts_with("unknown_")).map(|said| said.says.as_str()).collect();
    assert!(unread.is_empty(), "{feed}: {unread:?}");
    let row = row(&staged);
    for header in headers {
        let column = header.columns.split(", ").find(|column| row.contains_key(*column));
        let column = column.unwrap_or_else(|| panic!("{feed}: `{}` arrived nowhere", name(header)));
        assert_eq!(row[column], header.value, "{feed}: `{}` in `{column}`", name(header));
    }
}

#[test]
fn every_header_of_the_national_feeds_is_known_in_chinese_and_in_english_and_usual_labels_become_codes() {
    let feeds = [
        ("互联网+监管 检查", "inspections", headers(&[COMMON, INSPECTION])),
        ("互联网+监管 处罚", "cases", headers(&[COMMON, PENALTY])),
        ("双公示", "cases", headers(&[PUBLICITY])),
        ("双公示旧版", "cases", older_publicity()),
    ];
    for (feed, table, headers) in feeds {
        assert_loads_whole(feed, table, &headers, |header| header.chinese);
        assert_loads_whole(&format!("{feed}, English"), table, &headers, |header| header.english);
    }
}

/// Labels of one column of a feed, each loaded in a file of its own.
fn codes_of(table: &str, list: &[Header], header: &str, labels: &[&str]) -> Vec<String> {
    let names: Vec<&str> = list.iter().map(|header| header.chinese).collect();
    let load = |label: &&str| {
        let cells: Vec<&str> = list.iter().map(|known| if known.chinese == header { *label } else { known.cell }).collect();
        let (_folder, staged) = staged(table, &names, &cells);
        let column = list.iter().find(|known| known.chinese == header).expect("a header of the feed").columns;
        row(&staged).remove(column).unwrap_or_default()
    };
    labels.iter().map(load).collect()
}

#[test]
fn the_usual_labels_of_coded_headers_arrive_as_codes() {
    let inspection = headers(&[COMMON, INSPECTION]);
    let penalty = headers(&[COMMON, PENALTY]);
    let kinds = ["单部门双随机", "跨部门双随机", "重点检查", "专项检查", "有因检查", "综合查一次", "承诺核查"];
    let expected = ["random_single", "random_joint", "key", "special", "cause", "merged", "commitment"];
    assert_eq!(codes_of("inspections", &inspection, "检查类别", &kinds), expected);
    assert_eq!(codes_of("inspections", &inspection, "检查形式", &["现场检查", "非现场检查", "书面检查"]), ["onsite", "offsite", "written"]);
    assert_eq!(
        codes_of("inspections", &inspection, "检查结果", &["未发现问题", "发现问题", "当场改正", "立案"]),
        ["no_problem", "problem", "corrected", "case"]
    );
    assert_eq!(
        codes_of("cases", &penalty, "处罚程序", &["简易程序", "普通程序", "一般程序", "快速办理"]),
        ["simple", "ordinary", "ordinary", "quick"]
    );
    assert_eq!(codes_of("cases", &penalty, "行政相对人性质", &["自然人", "个体工商户"]), ["person", "individual_business"]);
    assert_eq!(codes_of("cases", &penalty, "处罚种类", &["警告", "罚款；没收违法所得"]), ["[warning]", "[fine, confiscate_gains]"]);
    assert_eq!(codes_of("cases", &penalty, "操作", &["i", "u", "d"]), ["insert", "update", "delete"]);
}

#[test]
fn the_hour_of_an_inspection_is_kept_where_its_header_carries_one() {
    let start = |cell: &str, more: Option<&str>| {
        let mut names = vec!["记录唯一标识", "实施机构编码", "检查时间"];
        let mut cells = vec!["JC1", "U1", cell];
        if let Some(own) = more {
            names.push("检查开始时间");
            cells.push(own);
        }
        let (_folder, staged) = staged("inspections", &names, &cells);
        let row = row(&staged);
        assert_eq!(row["checked_on"], "2026-03-07", "{cell}");
        row.get("checked_from").cloned()
    };
    assert_eq!(start("2026/3/7 9:05:00", None).as_deref(), Some("2026-03-07T01:05:00Z"));
    assert_eq!(start("2026年3月7日9时5分", None).as_deref(), Some("2026-03-07T01:05:00Z"));
    for date_alone in ["2026-03-07", "2026-03-07 00:00:00", "46088"] {
        assert_eq!(start(date_alone, None), None, "{date_alone}: the day is known, the hour is not");
    }
    let own = Some("2026-03-07 10:00:00");
    assert_eq!(start("2026/3/7 9:05:00", own).as_deref(), Some("2026-03-07T02:00:00Z"), "a header of its own goes first");
    assert_eq!(start("2026/3/7 9:05:00", Some("")).as_deref(), Some("2026-03-07T01:05:00Z"), "and where it is empty");
}

/// Checks that had something to say of one row.
fn said(table: &str, names: &[&str], cells: &[&str]) -> Vec<String> {
    let (_folder, staged) = staged(table, names, cells);
    assert_eq!(staged.held, None, "what a source declares never keeps a row out");
    staged.warnings.into_iter().map(|said| said.check).collect()
}

#[test]
fn a_deadline_that_a_source_computed_is_compared_with_the_clock() {
    let lead = ["线索编号", "执法主体编码", "领域", "是否食品药品", "接收日期", "法定期限", "考核期限"];
    let of_lead =
        |food: &str, legal: &str, target: &str| said("leads", &lead, &["XS1", "U1", "市场监管", food, "2026-03-02", legal, target]);
    // Fifteen and seven working days after Monday, 2 March.
    assert!(of_lead("是", "2026-03-23", "2026-03-11").is_empty());
    assert_eq!(of_lead("是", "2026-03-24", "2026-03-12"), ["deadline_legal_differs", "deadline_target_differs"]);
    assert!(of_lead("否", "", "2026-04-01").is_empty(), "the target is for food and drugs; an empty cell declares nothing");
    let request = ["协助编号", "请求单位", "被请求单位", "领域", "发出日期", "due_at"];
    let of_request = |due: &str| said("assistance_requests", &request, &["XZ1", "U1", "U2", "城市管理", "2026-03-02", due]);
    for right in ["2026-03-23", "2026-03-23 17:30:00", "2026-03-24 00:00:00"] {
        assert!(of_request(right).is_empty(), "{right}: the last day, or its 24:00");
    }
    assert_eq!(of_request("2026-03-24 09:00:00"), ["due_at_differs"]);
}

#[test]
fn what_a_unit_declares_of_itself_is_compared_with_the_row() {
    let visit = ["检查编号", "执法主体编码", "领域", "检查日期", "检查触发原因", "是否计入频次"];
    let of_visit = |trigger: &str, counts: &str| said("inspections", &visit, &["JC1", "U1", "市场监管", "2026-03-02", trigger, counts]);
    assert!(of_visit("计划", "是").is_empty() && of_visit("投诉举报", "否").is_empty() && of_visit("计划", "").is_empty());
    assert_eq!(of_visit("计划", "否"), ["counts_toward_cap_differs"]);
    assert_eq!(of_visit("投诉举报", "是"), ["counts_toward_cap_differs"]);
    let firm = ["credit_code", "name", "region_code", "uscc_valid"];
    let of_firm = |code: &str, valid: &str| said("enterprises", &firm, &[code, "某公司", "330102", valid]);
    assert!(of_firm("91230500MA1B3N1N2M", "是").is_empty());
    assert_eq!(of_firm("91230500MA1B3N1N20", "是"), ["uscc_invalid", "uscc_valid_differs"]);
    assert_eq!(of_firm("91230500MA1B3N1N20", "否"), ["uscc_invalid"]);
}
