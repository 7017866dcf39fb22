//! What people see while and after kaohe works: progress, its absence, plain words.

use std::collections::BTreeSet;
use std::process::Command;

use crate::province::{AS_OF, DAMAGED, Province, after, finished_small, first_small_run, kaohe, night_of_damage, skipped};

/// The lines of standard error, without their times.
fn stages(said: &str) -> Vec<&str> {
    said.lines().filter_map(|line| line.split_once(" s  ")).map(|(_, rest)| rest).collect()
}

#[test]
fn without_a_terminal_each_stage_is_one_plain_line_and_quiet_says_nothing() {
    let (finished, ended) = first_small_run();
    let stages = stages(&ended.err);
    let names: Vec<&str> = stages.iter().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(names, ["load", "assess", "indices", "records", "findings", "scoring", "report"], "{}", ended.err);
    assert!(stages[0].ends_with("B)") && stages[1].ends_with(" indicators)"), "{}", ended.err);
    assert!(!ended.err.contains('\u{1b}') && !ended.err.contains('\r'), "{:?}", ended.err);
    assert_eq!(after(finished).kaohe(&["run", "--quiet"]).with(0).err, "");
}

#[test]
fn on_a_terminal_a_bar_reaches_its_end_and_goes_away() {
    let province = Province::small();
    let command = format!("'{}' run --project '{}' --as-of {AS_OF}", env!("CARGO_BIN_EXE_kaohe"), province.folder());
    let typescript = province.path("typescript");
    let script = Command::new("script").args(["-qec", &command]).arg(&typescript).env("TERM", "xterm").output();
    let Ok(output) = script else { return skipped("progress on a terminal: `script` is not installed") };
    assert!(output.status.success(), "{output:?}");
    let said = province.text("typescript");
    // Each frame is the whole line again.
    let frames: Vec<&str> = said.split('\r').filter_map(|frame| frame.strip_prefix("\u{1b}[2K")).collect();
    let bytes = frames.iter().filter(|frame| frame.starts_with("load")).filter_map(|frame| {
        let (read, rest) = frame.split_once("] ")?.1.split_once(" of ")?;
        Some((read.to_owned(), rest.split_once("  ")?.0.to_owned()))
    });
    // The very last frame may fall between two redraws.
    let seen: BTreeSet<(String, String)> = bytes.collect();
    let totals: BTreeSet<&String> = seen.iter().map(|(_, total)| total).collect();
    assert!(seen.len() > 2 && totals.len() == 1 && totals.iter().all(|total| total.ends_with("kB")), "{seen:?}");
    assert!(frames.iter().any(|frame| frame.starts_with("assess") && frame.contains(" indicators")), "{said}");
    assert!(frames.iter().any(|frame| frame.trim_end().ends_with("units")), "the table at hand is named: {said}");
    let after = said.rsplit("\u{1b}[2K").next().expect("the end");
    assert!(after.trim_start().starts_with("loaded "), "the bar is gone: {after:?}");
}

#[test]
fn status_says_why_the_last_run_is_not_what_readers_see() {
    let current = finished_small().current_run();
    let sound = finished_small().kaohe(&["status"]).with(0).out;
    assert!(sound.contains(&current) && !sound.contains("last run"), "{sound}");

    let (province, _) = night_of_damage();
    let kept_back = province.kaohe(&["status"]).with(1).out;
    assert!(kept_back.starts_with(&format!("current    {current} ")), "{kept_back}");
    assert!(kept_back.contains(": kept back\n") && kept_back.contains("more than the 25 % that [hold] allows"), "{kept_back}");
    for table in DAMAGED {
        assert!(kept_back.contains(&format!("held: {table}: sources/{table}/{table}.csv: the file ends inside")), "{table}: {kept_back}");
    }
    assert!(kept_back.contains("market.filing_within_7d: source tables item_lists, leads are held"), "{kept_back}");
    assert!(kept_back.contains("ask for it again"), "the hint is part of the reason: {kept_back}");
    assert!(!kept_back.contains("fewer by more than"), "what can't be read has not shrunk: {kept_back}");
}

/// The cells of a source table's line in `kaohe status`.
#[track_caller]
fn freshness(status: &str, table: &str) -> Vec<String> {
    let line = status.lines().find(|line| line.split_whitespace().next() == Some(table));
    line.unwrap_or_else(|| panic!("no line for {table}: {status}")).split_whitespace().map(str::to_owned).collect()
}

#[test]
fn status_says_how_far_each_source_reaches_and_when_it_was_last_loaded_and_changed() {
    let province = after(finished_small());
    let first = format!("runs/{}/run_results.json", province.current_run());
    let today = province.results_of(&province.current_run())["started"].as_str().expect("a time")[..10].to_owned();
    // The first run was some weeks ago, and so was the load of what has not changed since.
    province.replace(&first, &format!("\"started\": \"{today}"), "\"started\": \"2026-07-01");
    let leads = province.text("sources/leads/leads.csv");
    let shortened = leads.trim_end().rsplit_once('\n').expect("several leads").0.to_owned();
    province.write("sources/leads/leads.csv", shortened + "\n");
    let said = province.run().with(0).out;
    let status = province.kaohe(&["status"]).with(0).out;
    let newest = |table: &str, column: &str| province.one(&format!("select max({column}) from {table} where {column} <= date '{AS_OF}'"));
    let rows = |table: &str| province.one(&format!("select count(*) from {table}"));
    let cells = |table: &str, column: &str, changed: &str| {
        [table, &newest(table, column), &today, changed, &rows(table)].map(str::to_owned).to_vec()
    };
    assert_eq!(freshness(&status, "leads")[..5], cells("leads", "received_on", &today), "{status}");
    assert_eq!(freshness(&status, "cases")[..5], cells("cases", "opened_on", "2026-07-01"), "{status}");
    assert_eq!(freshness(&status, "inspection_plans")[1], newest("inspection_plans", "due"), "what is planned is no news: {status}");
    assert_eq!(freshness(&status, "units")[1], "-", "{status}");

    let warned = province.one("select sum(rows) from warnings");
    let tables = province.one("select count(distinct \"table\") from warnings");
    assert!(said.contains(&format!("nothing; warnings: {warned} rows in {tables} tables; see `kaohe status`")), "{said}");
    assert!(status.contains(&format!("\nwarnings: {warned} rows in {tables} tables\n")), "{status}");
    let listed = status.split("\nwarnings: ").nth(1).expect("warnings").lines().skip(1).take(20);
    let rows: Vec<u64> = listed.map(|line| line.split_whitespace().nth(1).and_then(|rows| rows.parse().ok()).expect("a number")).collect();
    assert!(rows.is_sorted_by(|first, second| first >= second), "the list is cut, so the most rows come first: {status}");
    assert_eq!(
        rows[0].to_string(),
        province.one("select max(rows) from (select sum(rows) as rows from warnings group by \"table\", \"check\", says)")
    );
    let refused = province.one("select count(*) from warnings join quarantine_reasons using (\"table\", \"check\")");
    assert_eq!(refused, "0", "who was refused is not warned of as well");

    province.write("sources/leads/leads.csv", format!("{}\n\"", leads.trim_end()));
    province.replace(
        &format!("runs/{}/run_results.json", province.current_run()),
        &format!("\"started\": \"{today}"),
        "\"started\": \"2026-07-02",
    );
    province.run().with(1);
    let held = freshness(&province.kaohe(&["status"]).with(1).out, "leads");
    assert_eq!(
        (held[2].as_str(), held[3].as_str(), held.last().map(String::as_str)),
        ("2026-07-02", "2026-07-02", Some("held")),
        "{held:?}"
    );
}

#[test]
fn a_line_is_named_with_the_load_that_found_the_record_there() {
    let province = after(finished_small());
    let first = province.text("sources/leads/leads.csv");
    let (head, rows) = first.split_once('\n').expect("a head");
    let newest = rows.trim_end().lines().max_by_key(|row| row.find("2026-06").map(|_| (*row).to_owned())).expect("a lead");
    let (id, rest) = newest.split_once(',').expect("several columns");
    // One more lead at the top moves every line, and the file has another name: months without a new lead are as they were.
    let second = format!("{head}\n{id}-2,{rest}\n{rows}");
    std::fs::remove_file(province.path("sources/leads/leads.csv")).expect("removed");
    province.write("sources/leads/leads_of_july.csv", &second);
    province.run().with(0);

    let unit =
        "select unit_id from \"values\" where indicator = 'market.filing_within_7d' and denominator > 2 order by denominator desc, unit_id";
    let unit = province.one(unit);
    let explained = province.kaohe(&["explain", &unit, "market.filing_within_7d", "--all", "--format", "json"]).with(0).out;
    let explained: serde_json::Value = serde_json::from_str(&explained).expect("JSON");
    let sections = explained["indicators"][0]["records"]["sections"].as_array().expect("records");
    let mut loads = BTreeSet::new();
    for record in sections.iter().flat_map(|section| section["records"].as_array().expect("a list")) {
        let load = record["batch_id"].as_str().expect("a load").to_owned();
        let (file, text) = if load == province.current_run() { ("leads_of_july.csv", &second) } else { ("leads.csv", &first) };
        assert_eq!(record["source_file"].as_str(), Some(format!("sources/leads/{file}").as_str()), "{record}");
        let line = record["source_line"].as_u64().expect("a line") as usize;
        let id = record["record_id"].as_str().expect("a key");
        assert!(text.lines().nth(line - 1).is_some_and(|row| row.contains(id)), "{record}");
        loads.insert(load);
    }
    assert_eq!(loads.len(), 2, "the test has records of both loads: {explained}");

    // Folders of units spell capitals in their own way.
    let folder = format!("runs/{}/report/units", province.current_run());
    let names: Vec<_> = std::fs::read_dir(province.path(&folder)).expect("units").flatten().map(|entry| entry.file_name()).collect();
    let plain = |name: &str| name.replace('~', "").to_uppercase();
    let own = names.iter().filter_map(|name| name.to_str()).find(|name| plain(name) == unit).expect("the unit has a page");
    let page = province.text(&format!("{folder}/{own}/index.html"));
    for load in &loads {
        let (date, time) = (format!("{}-{}-{}", &load[..4], &load[4..6], &load[6..8]), format!("{}:{}", &load[9..11], &load[11..13]));
        assert!(page.contains(&format!("（{date} {time} 装载）")), "the page does not name the load {load}");
    }
}

#[test]
fn status_shows_the_check_that_stopped_the_last_run() {
    let province = after(finished_small());
    let contract = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("queries/tables/cases.toml");
    let stop =
        "\n[[check]]\nname = \"frozen\"\nsays = \"本年度案件尚未冻结\"\nseverity = \"stop\"\nwhere = \"opened_on >= DATE '2026-01-01'\"\n";
    province.write("queries/tables/cases.toml", std::fs::read_to_string(contract).expect("the contract") + stop);
    let ended = province.run().with(1);
    assert!(ended.err.contains("本年度案件尚未冻结"), "{}", ended.err);
    let status = province.kaohe(&["status"]).with(1).out;
    assert!(status.contains(": failed\n") && status.contains("本年度案件尚未冻结"), "{status}");
    assert!(status.starts_with(&format!("current    {}", province.current_run())), "{status}");
    std::fs::remove_file(province.path("current.json")).expect("removed");
    let never = province.kaohe(&["status"]).with(1).out;
    assert!(never.starts_with("current    none: ") && never.contains("本年度案件尚未冻结"), "{never}");
}

#[test]
fn refused_records_are_a_table_beside_their_reasons() {
    let province = finished_small();
    let by_table = "group by 1 having sum(n) > 0 order by 1";
    let refused = province.sql(&format!("select source_table, sum(n) from (select source_table, 1 as n from quarantine) {by_table}"));
    let counted = province.sql(&format!("select \"table\", sum(n) from (select \"table\", quarantined as n from accounting) {by_table}"));
    assert!(refused.len() > 2, "{refused:?}");
    assert_eq!(refused, counted);
    let incomplete = "select count(*) from quarantine where source_file = '' or source_line < 1 or reasons = '' or raw_text = ''";
    assert_eq!(province.one(incomplete), "0");
    let unknown = "select count(*) from quarantine left join accounting using (source_file) where accounting.source_file is null";
    assert_eq!(province.one(unknown), "0", "files are named as in the account");

    let spotless = after(province);
    std::fs::remove_dir_all(spotless.path(&format!("runs/{}/quarantine", spotless.current_run()))).expect("removed");
    assert_eq!(spotless.one("select count(reasons) from quarantine"), "0");
}

#[test]
fn among_the_runs_stand_only_runs_and_what_a_killed_one_spilled_goes_with_the_next() {
    let province = after(finished_small());
    let spill = province.path("lake/.spill");
    assert!(!spill.exists(), "a finished run leaves nothing");
    let mut running = province.start();
    running.reach_stage("assess");
    assert_eq!(std::fs::read_dir(&spill).expect("the run's temporary folder").count(), 1);
    running.signal("KILL");
    running.wait();
    assert!(spill.exists(), "nobody could remove it");
    assert_eq!(province.one("select 1"), "1");
    assert!(!spill.exists(), "the next one removes it");
    let folders = std::fs::read_dir(province.path("runs")).expect("runs").count();
    assert_eq!(folders, province.runs().len(), "something else stands among the runs");
}

#[test]
fn what_was_not_done_is_not_counted_and_one_is_singular() {
    let province = Province::small();
    let loaded = province.kaohe(&["load"]).with(0);
    let heads: Vec<&str> = loaded.out.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(heads, ["loaded", "held", "took", "stored"], "{}", loaded.out);
    province.write("kaohe.toml", format!("colour = 1\n{}", province.text("kaohe.toml")));
    assert!(province.kaohe(&["check"]).with(1).out.contains(": 1 error, 0 warnings"));
    let refused = province.run().with(2).err;
    assert!(refused.contains("1 error in the library, scheme or project"), "{refused}");

    let nowhere = Province::empty();
    for command in ["runs", "status", "check", "run", "load"] {
        assert!(nowhere.kaohe(&[command]).with(2).err.contains("there is no kaohe.toml in "), "{command}");
    }
}

#[test]
fn the_help_of_each_command_says_what_is_written_into_out() {
    for (command, words) in
        [("docs", "Folder that the chapters are written into"), ("simulate", "Folder of the new project"), ("run", "lake/")]
    {
        let help = kaohe(&[command, "--help"]).with(0).out;
        let after = help.split("--out <DIR>").nth(1).expect("the flag").split("--").next().unwrap_or_default();
        assert!(after.split_whitespace().collect::<Vec<_>>().join(" ").contains(words), "{command}: {help}");
    }
}

#[test]
fn a_run_of_an_older_day_says_that_readers_go_back() {
    let province = after(finished_small());
    let ended = kaohe(&["run", "--quiet", "--project", &province.folder(), "--as-of", "2026-06-29"]).with(0);
    assert!(ended.out.trim_end().ends_with(&format!("(goes back from {AS_OF} to 2026-06-29)")), "{}", ended.out);
    let again = province.run().with(0);
    assert!(!again.out.contains("goes back"), "{}", again.out);
}
