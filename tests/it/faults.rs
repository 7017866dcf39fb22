//! What is wrong with what people deliver or write, and what kaohe says about it.
//!
//! A damaged delivery holds its table (exit code 1) and names file, line and remedy; text that no indicator can be held for stops
//! the run before it begins (exit code 2). In no case do readers see half a run.

use std::fs;
use std::sync::OnceLock;

use crate::province::{AS_OF, DAMAGED, Ended, Province, after, finished_small, kaohe, night_of_damage, shared_after};

/// Loads one file as the only source of `leads`, with `more` in its section of kaohe.toml.
fn load_leads(file: &str, bytes: impl AsRef<[u8]>, more: &str) -> (Province, Ended) {
    load_only("leads", file, bytes, more)
}

fn load_only(table: &str, file: &str, bytes: impl AsRef<[u8]>, more: &str) -> (Province, Ended) {
    let province = Province::empty();
    province.write(file, bytes);
    province.write("kaohe.toml", project(table, file, more));
    let ended = province.kaohe(&["load"]);
    (province, ended)
}

fn project(table: &str, file: &str, more: &str) -> String {
    format!("name = \"示例省\"\nscheme = \"2026\"\nperiod = \"2026\"\n\n[[source]]\ntable = \"{table}\"\npath = \"{file}\"\n{more}\n")
}

/// The table was held: exit code 1, the reason on the screen and in the results with each of `words`, nothing published.
#[track_caller]
fn assert_held(loaded: (Province, Ended), table: &str, words: &[&str]) {
    let (province, ended) = loaded;
    let ended = ended.with(1);
    let reason = province.held_in_only_run(table);
    for word in words {
        assert!(reason.contains(word), "`{word}` is missing in: {reason}");
        assert!(ended.said().contains(word), "`{word}` was not said: {}", ended.said());
    }
    assert!(province.current().is_none(), "something was published");
    let lake = fs::read_dir(province.path("lake")).expect("the lake's folder").flatten().filter(|entry| entry.path().is_dir()).count();
    assert_eq!(lake, 0, "the held table was stored");
}

const HEADER: &str = "线索编号,执法主体编码,领域,接收日期,立案决定,更新时间";

fn leads(rows: &[&str]) -> String {
    format!("{HEADER}\n{}\n", rows.join("\n"))
}

/// A record under the headings of a file, whatever other columns it has.
fn record(header: &str, cells: &[(&str, &str)]) -> String {
    let cell = |heading: &str| cells.iter().find(|(known, _)| *known == heading).map_or("", |(_, value)| *value);
    header.trim_end().split(',').map(cell).collect::<Vec<_>>().join(",") + "\n"
}

/// Rows of a table that the first run put into quarantine.
fn quarantined(province: &Province, table: &str) -> u64 {
    let results = province.results_of(&province.runs()[0]);
    results["tables"][table]["records"][2].as_u64().expect("records are counted")
}

#[test]
fn a_missing_required_column_is_named_with_the_headers_that_would_do() {
    let loaded = load_leads("leads.csv", "线索编号,领域,接收日期\nXS1,市场监管,2026-01-05\n", "");
    assert_held(loaded, "leads", &["leads.csv", "line 1", "the required column `unit_id` is missing", "执法主体编码"]);
}

#[test]
fn a_renamed_column_is_recognised_as_the_nearest_one_and_the_line_to_write_is_given() {
    let loaded = load_leads("leads.csv", "线索编号,执法主体编号,领域,接收日期\nXS1,A,市场监管,2026-01-05\n", "");
    assert_held(loaded, "leads", &["if the headers mean that, write in kaohe.toml: columns = { \"执法主体编号\" = \"unit_id\" }"]);
}

#[test]
fn the_line_that_the_hint_gives_mends_the_renamed_column() {
    let text = "线索编号,执法主体编号,领域,接收日期\nXS1,A,市场监管,2026-01-05\n";
    let (province, ended) = load_leads("leads.csv", text, "columns = { \"执法主体编号\" = \"unit_id\" }");
    ended.with(0);
    assert_eq!(province.results_of(&province.runs()[0])["tables"]["leads"]["rows"], 1);
}

#[test]
fn a_wrongly_declared_encoding_holds_the_table_and_shows_what_was_read() {
    let text = leads(&["XS1,A,市场监管,2026-01-05,,"]);
    let gb18030 = encoding_rs::GB18030.encode(&text).0.into_owned();
    assert_held(load_leads("leads.csv", gb18030, "encoding = \"utf-8\""), "leads", &["leads.csv", "holds a known header", "\u{fffd}"]);
    assert_held(load_leads("leads.csv", text, "encoding = \"gb18030\""), "leads", &["leads.csv", "holds a known header"]);
}

#[test]
fn a_csv_that_ends_inside_a_quotation_is_held_with_the_line_where_it_began() {
    let text = leads(&["XS1,A,市场监管,2026-01-05,,", "XS2,A,市场监管,2026-01-06,\"立案"]);
    assert_held(load_leads("leads.csv", text.trim_end(), ""), "leads", &["leads.csv", "inside a quotation mark", "line 3", "cut off"]);
}

#[test]
fn cut_workbooks_parquet_files_and_empty_files_are_held_by_name() {
    let province = Province::small();
    let cut = |path: &str| {
        let bytes = province.read(path);
        bytes[..bytes.len() * 2 / 3].to_vec()
    };
    let workbook = cut("sources/inspections/inspections_1.xlsx");
    assert_held(load_only("inspections", "inspections.xlsx", workbook, ""), "inspections", &["inspections.xlsx"]);
    let parquet = cut("sources/platform_records/platform_records.parquet");
    assert_held(load_only("platform_records", "records.parquet", parquet, ""), "platform_records", &["records.parquet", "cut off"]);
    let lines = cut("sources/hotline_orders/hotline_orders.jsonl");
    assert_held(
        load_only("hotline_orders", "orders.jsonl", lines, ""),
        "hotline_orders",
        &["orders.jsonl", "ends inside the object of line", "cut off"],
    );
    assert_held(load_leads("leads.csv", "", ""), "leads", &["leads.csv", "the file is empty"]);
}

#[test]
fn a_csv_that_was_cut_off_without_any_quotation_mark_is_held() {
    let text = leads(&["XS1,A,市场监管,2026-01-05,,", "XS2,A,市场监管,2026-01-06,,"]);
    let (kept, _) = text.split_at(text.find("2026-01-06").expect("it is there") + 4);
    assert_held(load_leads("leads.csv", kept, ""), "leads", &["leads.csv", "ends inside the record of line 3", "cut off"]);
}

/// Every indicator over a column that nothing gives any more would be wrong, and nothing else would look wrong.
#[test]
fn an_optional_column_under_a_new_header_holds_its_table_until_somebody_says_what_it_is() {
    let province = after(finished_small());
    let files = ["sources/leads/leads.csv"];
    let text = province.text(files[0]);
    let (header, rows) = text.split_once('\n').expect("a header");
    assert!(header.contains(",立案决定,"), "{header}");
    province.write(files[0], format!("{}\n{rows}", header.replace(",立案决定,", ",处理情形,")));
    let ended = province.run().with(1);
    for words in [
        "leads: header `处理情形` of sources/leads/leads.csv is unknown and was not read",
        "held: leads: sources/leads/leads.csv: the column `decision` (立案决定) held values in ",
        "columns = { \"处理情形\" = \"decision\" }",
        "dropped = [\"decision\"]",
    ] {
        assert!(ended.err.contains(words), "`{words}` is missing in: {}", ended.err);
    }
    let told = province.one("select says from warnings where \"table\" = 'leads' and \"check\" = 'unknown_header'");
    assert_eq!(told, "表头“处理情形”不在数据标准内，未装载");
    let status = province.kaohe(&["status"]).with(1).out;
    assert!(status.contains("leads: header `处理情形`"), "{status}");
    let account = province.sql("select records_seen = held + quarantined + duplicates, loaded from accounting where \"table\" = 'leads'");
    assert_eq!(account, [["true", "0"]], "what a held table has does not count as loaded");
    province.replace("kaohe.toml", "table = \"leads\"\n", "table = \"leads\"\ncolumns = { \"处理情形\" = \"decision\" }\n");
    let ended = province.run().with(0);
    assert!(!ended.err.contains("处理情形"), "{}", ended.err);
}

#[test]
fn a_column_renamed_under_a_mapping_holds_its_table_and_not_the_run() {
    let province = Province::empty();
    province.write("leads.csv", "案件号码,单位\nXS1,A\n");
    province.write(
        "m.sql",
        "SELECT \"案号\" AS lead_id, \"单位\" AS unit_id, 'market' AS domain, '2026-01-05' AS received_on, source_line FROM source",
    );
    province.write("kaohe.toml", project("leads", "leads.csv", "mapping = \"m.sql\""));
    let ended = province.kaohe(&["load"]);
    let words = ["leads.csv: mapping m.sql: it reads the column `案号`, which the file does not have; nearest are `", "`案件号码`"];
    assert_held((province, ended), "leads", &words);
}

/// A text of sixty kilobytes, written once and repeated by number: 85 kB that stand for two gigabytes.
#[test]
fn a_small_parquet_file_that_stands_for_gigabytes_is_held_in_little_memory() {
    use arrow::array::{ArrayRef, DictionaryArray, Int32Array, StringArray};
    use std::sync::Arc;
    let rows = 32_768;
    let text = |each: &dyn Fn(usize) -> String| Arc::new(StringArray::from_iter_values((0..rows).map(each))) as ArrayRef;
    let long = StringArray::from(vec!["x".repeat(60_000)]);
    let long = Arc::new(DictionaryArray::new(Int32Array::from(vec![0; rows]), Arc::new(long))) as ArrayRef;
    let mut columns = vec![
        ("线索编号", text(&|row| format!("L{row}"))),
        ("执法主体编码", text(&|_| "A".to_owned())),
        ("领域", text(&|_| "市场监管".to_owned())),
        ("接收日期", text(&|_| "2026-01-05".to_owned())),
        ("reason", Arc::clone(&long)),
    ];
    columns.extend(["备注1", "备注2", "备注3"].map(|name| (name, Arc::clone(&long))));
    let batch = arrow::record_batch::RecordBatch::try_from_iter(columns).expect("a batch");
    let zstd = parquet::basic::Compression::ZSTD(parquet::basic::ZstdLevel::default());
    let properties = parquet::file::properties::WriterProperties::builder().set_compression(zstd).build();
    let options = parquet::arrow::arrow_writer::ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
    let mut bytes = Vec::new();
    let mut writer = parquet::arrow::ArrowWriter::try_new_with_options(&mut bytes, batch.schema(), options).expect("a writer");
    writer.write(&batch).expect("written");
    writer.close().expect("closed");
    assert!(bytes.len() < 300_000, "{}", bytes.len());
    let (province, ended) = load_leads("leads.parquet", &bytes, "");
    let peak = province.results_of(&province.runs()[0])["stages"][0]["peak_memory"].as_u64().expect("it is measured");
    assert!(peak < 1 << 30, "{} MB", peak >> 20);
    assert_held((province, ended), "leads", &["leads.parquet", "unpack to more than 1000 times its size"]);
}

/// The small province the night after somebody added odd leads: one twice, two of impossible days, two with codes that nobody has. To be read only.
fn night_of_odd_leads() -> &'static Province {
    static FINISHED: OnceLock<Province> = OnceLock::new();
    FINISHED.get_or_init(|| {
        let province = shared_after("odd-leads", finished_small());
        let text = province.text("sources/leads/leads.csv");
        let (header, rows) = text.split_once('\n').expect("a header");
        let in_market = [("领域", "市场监管"), ("接收日期", "2026-01-05")];
        let row = |id: &str, decision: &str, updated: &str| {
            let decided = [("立案决定", decision), ("立案决定时间", "2026-01-06 09:00:00"), ("更新时间", updated)];
            record(header, &[&[("线索编号", id), ("执法主体编码", "330000SJ")], &in_market[..], &decided[..]].concat())
        };
        let twice = [
            row("甲", "立案", "2026-01-09 10:00:00"),
            row("乙", "立案", "2026-01-09 10:00:00"),
            row("甲", "不予立案", "2026-01-07 10:00:00"),
        ];
        let of_day = |(id, day)| {
            let cells = [("线索编号", id), ("执法主体编码", "330000SJ"), ("领域", "市场监管"), ("是否食品药品", "是"), ("接收日期", day)];
            record(header, &cells)
        };
        let impossible = [("后", "2106-03-05"), ("前", "1926-03-05")].map(of_day);
        let filed = [("立案决定", "立案")];
        let lost = [("线索编号", "丙"), ("执法主体编码", "不存在的单位")];
        let miscoded = [("线索编号", "丁"), ("统一社会信用代码", "91330000000000000X"), ("执法主体编码", "330000SJ")];
        let unknown = [&lost[..], &miscoded[..]].map(|cells| record(header, &[cells, &in_market[..], &filed[..]].concat()));
        let rows = format!("{header}\n{}{rows}{}{}", twice.concat(), impossible.concat(), unknown.concat());
        province.write("sources/leads/leads.csv", rows);
        province.run().with(0);
        province
    })
}

#[test]
fn of_two_records_with_one_key_the_newer_stays() {
    let province = night_of_odd_leads();
    let kept = province.sql("select lead_id, decision, source_line from leads where lead_id in ('甲', '乙') order by source_line");
    assert_eq!(kept, [["甲", "file", "2"], ["乙", "file", "3"]]);
    assert_eq!(province.sql("select records_seen - loaded, duplicates from accounting where \"table\" = 'leads'"), [["1", "1"]]);
}

#[test]
fn too_many_wrong_cells_hold_the_table_and_each_is_kept_with_its_reason() {
    let text = leads(&["XS1,A,市场监管,2026-01-05,,", "XS2,A,市场监管,昨日,,", "XS3,A,市场监管,2026-06-30,,"]);
    let (province, ended) = load_leads("leads.csv", &text, "max_quarantine_rate = 0.5");
    ended.with(0);
    assert_eq!(quarantined(&province, "leads"), 1);
    let (province, ended) = load_leads("leads.csv", &text, "");
    assert_eq!(quarantined(&province, "leads"), 1);
    assert_held(
        (province, ended),
        "leads",
        &["1 of 3 records are quarantined (33.3 %), more than 5.0 %; most frequent: `received_on` ", "不是日期 (1 record)"],
    );
}

#[test]
fn a_date_in_the_future_or_before_2000_is_loaded_and_counted_as_a_warning() {
    let province = night_of_odd_leads();
    let before = finished_small()
        .sql("select \"check\", sum(rows) from warnings where \"table\" = 'leads' and \"check\" like 'received_on%' group by 1");
    let count = |rows: &[Vec<String>], check: &str| -> u64 {
        rows.iter().find(|row| row[0] == check).map_or(0, |row| row[1].parse().expect("a number"))
    };
    let warned =
        province.sql("select \"check\", sum(rows) from warnings where \"table\" = 'leads' and \"check\" like 'received_on%' group by 1");
    for check in ["received_on_in_future", "received_on_before_2000"] {
        assert_eq!(count(&warned, check), count(&before, check) + 1, "{warned:?}");
    }
    assert_eq!(province.one("select count(*) from leads where lead_id in ('后', '前')"), "2");
    assert_eq!(
        province.one("select count(*) from measures where indicator = 'market.filing_within_7d' and month > date '2026-12-31'"),
        "0",
        "what begins after the as-of instant is in no indicator"
    );
    let page = province.text(&format!("runs/{}/report/office/quality.html", province.current_run()));
    assert!(page.contains("收到日期晚于统计截止日") && page.contains("收到日期早于2000年1月1日"), "the page does not show the warnings");
}

/// A past date can be computed again on today's extract: what came later stays in the lake and out of the figures.
#[test]
fn a_run_for_a_past_date_loads_all_of_todays_extract() {
    let province = after(finished_small());
    let before = province.one("select count(*) from cases");
    let folder = province.folder();
    crate::province::kaohe(&["run", "--project", &folder, "--as-of", "2026-03-31"]).with(0);
    assert_eq!(province.one("select count(*) from cases"), before, "later rows left the lake");
    assert_eq!(province.one("select count(*) from held"), "0");
    assert_eq!(province.one("select count(*) from measures where month > date '2026-03-01' and numerator > 0"), "0");
}

#[test]
fn a_code_that_its_dimension_does_not_have_is_loaded_and_counted() {
    let province = night_of_odd_leads();
    assert_eq!(province.one("select count(*) from leads where unit_id = '不存在的单位'"), "1");
    let warned = province.sql("select rows from warnings where \"table\" = 'leads' and \"check\" = 'unknown_unit_id'");
    assert_eq!(warned, [["1"]], "{:?}", province.sql("select * from warnings"));
    let warned = province.sql("select rows, says from warnings where \"table\" = 'leads' and \"check\" = 'unknown_credit_code'");
    assert_eq!(warned, [["1", "「涉嫌主体的统一社会信用代码」有编码不在市场主体内：已装载"]]);
}

#[test]
fn weights_that_do_not_add_up_stop_the_run_with_file_and_line() {
    let province = after(finished_small());
    let before = province.read("current.json");
    let scheme = province.text("queries/schemes/2026.toml");
    let old = "title = \"基础指标\"\npoints = 60";
    assert!(scheme.contains(old));
    let wrong = scheme.replacen(old, "title = \"基础指标\"\npoints = 55", 1);
    let line = wrong.lines().position(|line| line == "points = 55").expect("the line was written") + 1;
    province.write("queries/schemes/2026.toml", &wrong);
    let ended = province.run().with(2);
    assert!(ended.err.contains("queries/schemes/2026.toml"), "{}", ended.err);
    assert!(ended.err.contains("55"), "{}", ended.err);
    let places: Vec<&str> = ended.err.lines().filter(|line| line.contains("--> ")).collect();
    assert!(places.iter().any(|place| place.contains("2026.toml:")), "no line is given: {}", ended.err);
    let near = |place: &&str| {
        place.split(':').nth(1).and_then(|number| number.parse::<usize>().ok()).is_some_and(|number| number.abs_diff(line) < 8)
    };
    assert!(places.iter().any(near), "no place near line {line}: {}", ended.err);
    assert_eq!(province.read("current.json"), before);
    assert_eq!(province.runs().len(), 1, "a run was begun");
}

#[test]
fn an_unlawful_indicator_stops_the_run_with_the_text_of_the_law() {
    let province = after(finished_small());
    let before = province.read("current.json");
    let sql = "-- /// indicator\n-- title = \"罚没金额\"\n-- better = \"higher\"\n-- shown_as = \"number\"\n-- domains = [\"market\"]\n\
        -- tiers = [\"city\", \"county\"]\n-- basis = \"无\"\n-- ///\n--\n-- More fines, more points.\n\
        SELECT unit_id, domain, month_of(decided_on) AS month, sum(fine_amount) AS numerator, count(*) AS denominator\nFROM case_register\nGROUP BY 1, 2, 3\n";
    province.write("queries/indicators/market/fines.sql", sql);
    // No scheme names it: only where the whole library is computed would it be.
    province.replace("kaohe.toml", "indicators = \"scheme\"", "indicators = \"all\"");
    let ended = province.run().with(2);
    for word in [
        "unlawful-indicator",
        "queries/indicators/market/fines.sql",
        "行政处罚法 第七十四条",
        "不得同作出行政处罚决定的行政机关及其工作人员的考核",
    ] {
        assert!(ended.err.contains(word), "`{word}` is missing in: {}", ended.err);
    }
    assert_eq!(province.read("current.json"), before);
    assert_eq!(province.runs().len(), 1, "a run was begun");
    let checked = province.kaohe(&["check", "--format", "json"]).with(1);
    assert!(checked.out.lines().any(|line| line.contains("\"unlawful-indicator\"") && line.contains("\"start\"")), "{}", checked.out);
    // A load rests on contracts only.
    assert!(province.kaohe(&["load"]).with(0).out.starts_with("loaded "));
}

/// Two typos in an overlay, one in SQL and one in a header, one source that vanished, one that shrank: each holds what depends on it, by name, and the rest is published.
#[test]
fn what_can_not_be_computed_is_held_by_name_and_the_rest_is_published() {
    let finished = finished_small();
    let province = after(finished);
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/queries/indicators/urban/conflict_resolution_rate.sql");
    let typo = fs::read_to_string(shipped).expect("the indicator").replace("FROM on_site_conflicts", "FROM on_site_conflict");
    province.write("queries/indicators/urban/conflict_resolution_rate.sql", typo);
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/queries/indicators/procedure/decision_timeliness.sql");
    let typo = fs::read_to_string(shipped).expect("the indicator").replace("-- better ", "-- beter ");
    province.write("queries/indicators/procedure/decision_timeliness.sql", typo);
    fs::remove_dir_all(province.path("sources/mediation_records")).expect("the source vanishes");
    let answers = province.text("sources/survey_responses/survey_responses.csv");
    let half: Vec<&str> = answers.lines().take(answers.lines().count() / 2).collect();
    province.write("sources/survey_responses/survey_responses.csv", format!("{}\n", half.join("\n")));

    let ended = province.run().with(1);
    for word in [
        "did you mean `on_site_conflicts`",
        "did you mean `better`",
        "conflict_resolution_rate.sql",
        "no file matches `sources/mediation_records/*.xlsx`",
        "fewer by more than 30 %",
    ] {
        assert!(ended.said().contains(word), "`{word}` is missing in: {}", ended.said());
    }
    assert_ne!(province.current_run(), finished.current_run());
    province.assert_readers_see_a_complete_run();

    let results = province.results_of(&province.current_run());
    let held: Vec<&str> = results["held_indicators"].as_object().expect("indicators").keys().map(String::as_str).collect();
    assert!(held.contains(&"urban.conflict_resolution_rate") && held.contains(&"innovation.mediation_resolved"), "{held:?}");
    assert!(held.contains(&"perception.survey_mean_score") && held.contains(&"procedure.decision_timeliness"), "{held:?}");
    let names: Vec<String> =
        province.sql("select name from held where kind = 'table' order by 1").into_iter().map(|row| row[0].clone()).collect();
    assert_eq!(names, ["mediation_records", "survey_responses"]);
    let status = province.kaohe(&["status"]).with(1);
    assert!(held.iter().chain(&["mediation_records", "survey_responses"]).all(|name| status.out.contains(name)), "{}", status.out);

    let listed = held.iter().map(|id| format!("'{id}'")).collect::<Vec<_>>().join(",");
    let columns = "indicator, subject, domain, month, scope, numerator, denominator, value, n, pending, excluded";
    let of = |province: &Province, condition: &str| {
        province.sql(&format!("select {columns} from measures where {condition} order by 1, 2, 3, 4, 5"))
    };
    let yesterday = of(finished, &format!("indicator in ({listed})"));
    assert!(!yesterday.is_empty());
    assert_eq!(of(&province, &format!("indicator in ({listed}) and held")), yesterday, "yesterday's values are kept and marked");
    assert_eq!(of(&province, "not held"), of(finished, &format!("indicator not in ({listed})")), "the rest is as before");
    assert_eq!(
        province.one("select count(*) from survey_responses"),
        finished.one("select count(*) from survey_responses"),
        "the shrunk extract was stored"
    );
    let page = province.text(&format!("runs/{}/report/office/quality.html", province.current_run()));
    assert!(page.contains("mediation_records") && page.contains("survey_responses"), "the page does not name what is held");
    for words in ["没有收到文件", "记录数比上次大幅减少", "指标或口径的定义有误", "所依据的源表沿用上次数据"]
    {
        assert!(page.contains(words), "the page does not say why: {words}");
    }
}

/// More damage than `[hold]` allows: the run is made, told and kept back.
#[test]
fn too_much_damage_keeps_the_whole_run_back() {
    let finished = finished_small();
    let (province, ended) = night_of_damage();
    let mut damaged = DAMAGED.map(|table| (table, "ends inside a quotation mark")).to_vec();
    damaged.push(("inspections", "inspections_1.xlsx"));
    let damaged_tables = damaged.len();
    assert_eq!(province.read("current.json"), finished.read("current.json"), "readers see another run");
    assert!(ended.out.contains("published  nothing") && ended.out.contains("more than the 25 %"), "{}", ended.out);
    for (table, words) in damaged {
        let line = ended.err.lines().find(|line| line.starts_with(&format!("held: {table}:")));
        assert!(line.is_some_and(|line| line.contains(words)), "{table}: {}", ended.err);
    }
    let versions = &province.results_of(&province.runs()[1])["tables"]["units"]["version"];
    assert_eq!(versions, &finished.current().expect("current")["lake_versions"]["units"], "a damaged source changed the lake");
    let runs = province.kaohe(&["runs"]).with(0).out;
    assert!(runs.contains("kept back") && runs.contains("25 %"), "{runs}");
    let results = &province.results_of(&province.runs()[1]);
    let indicators = results["held_indicators"].as_object().expect("indicators").len();
    let (head, last) = (runs.lines().next().expect("a heading"), runs.lines().rfind(|line| line.contains("kept back")).expect("a line"));
    assert!(head.ends_with("seconds  held tables  held indicators"), "{runs}");
    let counts: Vec<&str> = last.split_whitespace().rev().take(2).collect();
    assert_eq!(counts, [indicators.to_string(), damaged_tables.to_string()], "{runs}");
    assert_eq!(province.tables(), finished.tables());
}

#[test]
fn a_ranking_without_any_unit_is_not_published() {
    let province = Province::small();
    province.write("sources/units/units.csv", format!("{}\n\"", province.text("sources/units/units.csv").trim_end()));
    let ended = province.run().with(1);
    assert!(ended.out.contains("published  nothing: there is no unit to assess"), "{}", ended.out);
    assert!(ended.err.contains("held: units: sources/units/units.csv: the file ends inside a quotation mark"), "{}", ended.err);
    assert!(province.current().is_none());
}

#[test]
fn a_project_that_can_not_be_read_is_refused_before_anything_is_written() {
    let province = Province::empty();
    province.write("leads.csv", leads(&[]));
    for (table, more, words) in [
        ("lead", "", ["there is no source table `lead`", "did you mean `leads`?"]),
        ("leads", "encodng = \"utf-8\"", ["kaohe.toml:8:1", "did you mean `encoding`?"]),
    ] {
        province.write("kaohe.toml", project(table, "leads.csv", more));
        let ended = province.kaohe(&["run"]).with(2);
        for word in words {
            assert!(ended.err.contains(word), "`{word}` is missing in: {}", ended.err);
        }
    }
    assert!(!province.path("runs").exists() && !province.path("lake").exists(), "something was written");
    crate::province::kaohe(&["run", "--project", &province.path("nowhere").to_string_lossy(), "--as-of", AS_OF]).with(2);
}

#[test]
fn check_judges_the_words_of_a_source_by_its_table_and_a_mapping_without_its_file() {
    let province = Province::empty();
    let source = |table: &str, more: &str| format!("[[source]]\ntable = \"{table}\"\npath = \"a.csv\"\n{more}\n");
    let text = [
        "name = \"a\"\nscheme = \"2026\"\n".to_owned(),
        source("inspections", "columns = { \"检查日\" = \"checked_date\" }\ncodes.result = { \"需整改\" = \"problematic\" }"),
        source("检查", ""),
        source("leads", "constants = { domain = \"集市\" }\ndropped = [\"place\"]\nmapping = \"joins.sql\""),
        source("cases", "codes.case_name = { \"甲\" = \"a\" }\nmapping = \"typo.sql\""),
    ];
    province.write("kaohe.toml", text.concat());
    province.write("joins.sql", "SELECT lead_id, source_line FROM source JOIN units USING (unit_id)");
    province.write("typo.sql", "SELECT a FRM source WHERE");
    let said = province.kaohe(&["check"]).with(1).out;
    for words in [
        "renames `检查日` to `checked_date`, which is no column of it\n --> kaohe.toml:6:21",
        "reads `需整改` of `result` as `problematic`, which is no code of it",
        "hint: it is one of no_problem, problem, corrected, case",
        "there is no source table `检查`",
        "hint: did you mean `",
        "gives `domain` the constant `集市`, which is not of its type",
        "has dropped `place`, which is no column of it",
        "has codes for `case_name`, which has no list of codes",
        "a mapping can't read `units`\n --> joins.sql:1:46",
        "error[sql]: Expected: end of statement, found: source\n --> typo.sql:1:14",
        "8 errors, 0 warnings",
        "no [[source]] gives ",
    ] {
        assert!(said.contains(words), "{words}\n{said}");
    }
}

#[test]
fn files_of_the_library_are_brought_into_a_project_once() {
    let province = Province::empty();
    let folder = province.folder();
    std::fs::remove_file(province.path("kaohe.toml")).ok();
    let made = kaohe(&["init", &folder, "--with", "schemes/2026.toml"]).with(0);
    assert!(made.out.ends_with("queries/schemes/2026.toml\n"), "{}", made.out);
    let brought = kaohe(&["init", &folder, "--with", "queries/clocks.toml"]).with(0);
    assert_eq!(province.text("queries/clocks.toml"), include_str!("../../queries/clocks.toml"), "{}", brought.out);
    let again = kaohe(&["init", &folder, "--with", "clocks.toml"]).with(2);
    assert!(again.err.contains("queries/clocks.toml exists already"), "{}", again.err);
    let unknown = kaohe(&["init", &folder, "--with", "schemes/2062.toml"]).with(2);
    assert!(unknown.err.contains("did you mean `schemes/2026.toml`?"), "{}", unknown.err);
}
