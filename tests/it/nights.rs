//! Nights that go on by themselves: a run goes on from one that was stopped, past days are computed again, what is old goes.

use std::fs;

use crate::province::{FIGURES, Province, after, finished_second_night, finished_small, kaohe, simulate};

/// The events of a run's journal, with what each is about.
fn journal(province: &Province, run: &str) -> Vec<(String, String)> {
    let text = province.text(&format!("runs/{run}/journal.jsonl"));
    let line = |line: &str| -> (String, String) {
        let line: serde_json::Value = serde_json::from_str(line).expect("a line of JSON");
        (line["event"].as_str().expect("an event").to_owned(), line["subject"].as_str().expect("a subject").to_owned())
    };
    text.lines().map(line).collect()
}

fn with_event<'a>(events: &'a [(String, String)], event: &str) -> Vec<&'a str> {
    events.iter().filter(|(of, _)| of == event).map(|(_, subject)| subject.as_str()).collect()
}

#[track_caller]
fn assert_same_figures(one: &Province, other: &Province) {
    let (one, other) = (one.tables(), other.tables());
    let changed: Vec<&&str> = FIGURES.iter().filter(|table| one[**table] != other[**table]).collect();
    assert!(changed.is_empty(), "{changed:?} differ");
}

/// A first night that was killed when nine tables were stored, and its name.
fn killed_while_loading() -> (Province, String) {
    let province = Province::small();
    let mut running = province.start();
    running.reach_event(&province, &[], "table-loaded", 9);
    running.signal("KILL");
    running.wait();
    let killed = province.runs().remove(0);
    (province, killed)
}

/// A text that every load reads is another one: the tables may be read otherwise, and the figures be others.
fn review_the_clocks(province: &Province) {
    let clocks = concat!(env!("CARGO_MANIFEST_DIR"), "/queries/clocks.toml");
    province.write("queries/clocks.toml", format!("{}\n# reviewed\n", fs::read_to_string(clocks).expect("clocks")));
}

#[test]
fn a_run_goes_on_from_one_that_was_killed_and_reads_no_table_twice() {
    let (province, killed) = killed_while_loading();
    let stored = journal(&province, &killed);
    let stored = with_event(&stored, "table-loaded");

    // The registry is delivered anew, with other bytes: what it says is the same, and it is read again.
    let units = province.text("sources/units/units.csv");
    province.write("sources/units/units.csv", format!("{units}\n"));
    let ended = province.run().with(0);
    let run = province.current_run();
    let events = journal(&province, &run);
    let (taken, read) = (with_event(&events, "table-taken-over"), with_event(&events, "load-started"));
    assert!(read.contains(&"units"), "{read:?}");
    assert_eq!(taken.len() + read.len(), province.results_of(&run)["tables"].as_object().expect("tables").len());
    let expected: Vec<&str> = stored.iter().copied().filter(|table| *table != "units").collect();
    assert!(taken.len() >= 8 && taken.iter().all(|table| expected.contains(table)), "{taken:?} of {expected:?}");
    let says = format!("resumed    {killed}, which did not end: {} loaded tables taken over", taken.len());
    assert!(ended.out.starts_with(&says), "{}", ended.out);
    assert_same_figures(finished_small(), &province);
    let accounts = |province: &Province| {
        let sql = "select source_file, records_seen, loaded, quarantined from accounting where \"table\" <> 'units' order by 1";
        province.sql(sql)
    };
    assert_eq!(accounts(finished_small()), accounts(&province), "an account of a table that was taken over is lost");
    let refused = "select source_table, count(*) from quarantine group by 1 order by 1";
    assert_eq!(finished_small().sql(refused), province.sql(refused), "refused records are lost");
    assert!(!province.path(&format!("runs/{run}/loaded")).exists(), "what nobody will go on with was left");

    // What was killed is told of; and nothing is taken over from a night that has ended.
    let listed = province.kaohe(&["runs"]).with(0).out;
    assert!(
        listed.contains("at work, or killed, after table-loaded") || listed.contains("at work, or killed, after load-started"),
        "{listed}"
    );
    assert!(!province.run().with(0).out.contains("resumed"));
}

#[test]
fn nothing_is_taken_over_that_would_be_read_otherwise_now() {
    let (province, _) = killed_while_loading();
    review_the_clocks(&province);
    let ended = province.run().with(0);
    assert!(ended.out.contains("0 loaded tables taken over"), "{}", ended.out);
    let events = journal(&province, &province.current_run());
    assert_eq!(with_event(&events, "table-taken-over"), Vec::<&str>::new());
}

#[test]
fn a_signal_leaves_a_last_line_no_unfinished_files_and_a_message() {
    let province = after(finished_small());
    let tells = r#"printf '%s|%s|%s\n' "$KAOHE_EVENT" "$KAOHE_EXIT_CODE" "$KAOHE_SUMMARY" >> told"#;
    province.replace("kaohe.toml", "[[source]]", &format!("[hooks]\nfailure = '''{tells}'''\n\n[[source]]"));
    let known = province.runs();
    let mut running = province.start();
    running.reach_event(&province, &known, "table-loaded", 3);
    let begun = std::time::Instant::now();
    running.signal("TERM");
    let ended = running.wait().with(143);
    assert!(begun.elapsed().as_secs() < 30, "it took {:?}", begun.elapsed());
    assert!(ended.err.contains("stopped by SIGTERM; nothing was published"), "{}", ended.err);
    let run = province.runs().into_iter().find(|run| !known.contains(run)).expect("a run");
    let events = journal(&province, &run);
    assert!(events.contains(&("run-stopped".to_owned(), run.clone())), "{events:?}");
    assert!(!province.path(&format!("runs/{run}/staging")).exists());
    assert_eq!(province.text("told"), "failure|143|stopped by SIGTERM\n");
    let status = province.kaohe(&["status"]).with(1).out;
    assert!(status.contains(&format!("last run   {run}: stopped")) && status.contains("ended by SIGTERM, after "), "{status}");
    assert_eq!(province.current_run(), finished_small().current_run());
}

#[test]
fn a_clock_that_was_set_back_starts_no_run() {
    let province = after(finished_small());
    let ahead = "runs/20990101T000000-abcd";
    province.write(&format!("{ahead}/journal.jsonl"), "");
    let ended = province.run().with(3);
    assert!(ended.err.contains("but a run began at 2099-01-01T00:00:00 already") && ended.err.contains("set the clock"), "{}", ended.err);
    assert!(province.kaohe(&["doctor"]).with(3).out.contains("FAIL  clock"));
    fs::remove_dir_all(province.path(ahead)).expect("the folder goes");
    let found = province.kaohe(&["doctor"]).with(0).out;
    assert!(found.lines().count() >= 9 && found.lines().all(|line| line.starts_with("ok    ")), "{found}");
    assert!(
        !fs::read_dir(province.path(""))
            .expect("the project")
            .flatten()
            .any(|entry| entry.file_name().to_string_lossy().starts_with(".kaohe"))
    );
}

#[test]
fn a_day_that_is_filled_in_later_has_the_figures_of_a_run_on_that_day() {
    let province = after(finished_small());
    let current = province.read("current.json");
    let span = ["backfill", "--from", "2026-04-01", "--to", "2026-05-31"];
    let plan = province.kaohe(&[&span[..], &["--dry-run"]].concat()).with(0).out;
    assert!(plan.starts_with("backfill of 2 days, 0 of them done already\n"), "{plan}");
    for line in ["2026-04-30  period 2026", "2026-05-31  period 2026", "reads 2025-02 to 2026-04  to do", "back to 2025-02 for burden."] {
        assert!(plan.contains(line), "{line}: {plan}");
    }
    assert_eq!(province.runs().len(), 1, "a plan is no run");
    province.kaohe(&span).with(0);
    assert_eq!(province.read("current.json"), current, "readers see another run");
    let status = province.kaohe(&["status"]).with(0).out;
    assert!(status.contains(": loaded") && !status.contains("past day"), "{status}");
    let listed = province.kaohe(&["runs"]).with(0).out;
    let past: Vec<String> =
        listed.lines().filter(|line| line.contains("past day")).map(|line| line.split(' ').next().expect("a run").to_owned()).collect();
    assert_eq!(past.len(), 2, "{listed}");

    let on_the_day = Province::small();
    for (run, day) in past.iter().zip(["2026-04-30", "2026-05-31"]) {
        kaohe(&["run", "--project", &on_the_day.folder(), "--as-of", day]).with(0);
        let tables = on_the_day.tables();
        let other: Vec<&&str> =
            FIGURES.iter().filter(|table| tables[**table] != province.read(&format!("runs/{run}/tables/{table}.parquet"))).collect();
        assert!(other.is_empty(), "{day}: {other:?} differ");
    }

    // What was held is computed again once its file is back; what is done is not done again; under another text it is.
    let leads = province.text("sources/leads/leads.csv");
    province.write("sources/leads/leads.csv", format!("{leads}\""));
    let one = ["backfill", "--from", "2026-03-31", "--to", "2026-03-31"];
    province.kaohe(&one).with(1);
    province.write("sources/leads/leads.csv", &leads);
    let mended = province.kaohe(&one).with(0).out;
    assert!(mended.contains("0 of them done already") && !mended.contains("is done by"), "{mended}");
    let again = province.kaohe(&span).with(0).out;
    assert_eq!(again.matches(" is done by ").count(), 2, "{again}");
    review_the_clocks(&province);
    let anew = province.kaohe(&[&span[..], &["--dry-run"]].concat()).with(0).out;
    assert!(anew.contains("0 of them done already"), "{anew}");
    let refused = province.kaohe(&["backfill", "--from", "2026-05-31", "--to", "2026-04-01"]).with(2);
    assert!(refused.err.contains("is before --from"), "{}", refused.err);
}

#[test]
fn a_backfill_that_was_killed_goes_on_where_it_was() {
    let province = after(finished_small());
    let span = ["backfill", "--from", "2026-03-01", "--to", "2026-05-31"];
    let known = province.runs();
    let running = province.start_with(&span);
    // The first run loads, the second is the first day.
    while province.runs().len() < known.len() + 3 {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    running.signal("KILL");
    running.wait();
    let ended = province.kaohe(&span).with(0).out;
    assert!(ended.starts_with("backfill of 3 days, 1 of them done already\n"), "{ended}");
    let listed = province.kaohe(&["runs"]).with(0).out;
    assert_eq!(listed.lines().filter(|line| line.contains(" past day ")).count(), 3, "{listed}");
}

/// The lake's files are older than a day, as they would be.
fn written_long_ago(province: &Province) {
    let arguments = [&province.folder(), "-name", "*.parquet", "-exec", "touch", "-d", "2026-07-02", "{}", "+"];
    assert!(std::process::Command::new("find").args(arguments).status().expect("find runs").success());
}

/// Sets the start of a run back by as many days as its name tells, and the age of the lake's files with it.
fn age(province: &Province, run: &str, day: &str) -> String {
    let old = format!("{day}T{}", run.split_once('T').expect("a run is named after its start").1);
    fs::rename(province.path(&format!("runs/{run}")), province.path(&format!("runs/{old}"))).expect("renamed");
    old
}

#[test]
fn what_is_old_goes_and_what_a_release_or_a_reader_needs_stays() {
    let province = after(finished_second_night());
    simulate(&province, &["--night", "2"]);
    province.run().with(0);
    let [first, second, third] = <[String; 3]>::try_from(province.runs()).expect("three runs");
    written_long_ago(&province);
    let (first, second) = (age(&province, &first, "20260701"), age(&province, &second, "20260702"));
    let shown = province.one("select count(*) from cases");
    let versions = province.current().expect("current")["lake_versions"].clone();
    let nothing = province.kaohe(&["vacuum", "--dry-run"]).with(0).out;
    assert!(nothing.contains("would go    0 runs, 0 quarantines, 0 files"), "without [retention] all stays: {nothing}");

    province.replace("kaohe.toml", "[[source]]", "[retention]\nruns_days = 30\nquarantine_days = 10\n\n[[source]]");
    let plan = province.kaohe(&["vacuum", "--dry-run"]).with(0).out;
    assert!(plan.contains(&format!("run         {first}: ")) && plan.contains(&format!("run         {second}: ")), "{plan}");
    // The first night is what the months before were like when they were frozen: its files stay, those of the second go.
    assert!(plan.contains("lake        cases: "), "{plan}");
    assert!(province.path(&format!("runs/{first}/tables")).exists(), "a plan removes nothing");
    let gone = province.kaohe(&["vacuum"]).with(0).out;
    assert!(gone.contains("gone        2 runs, "), "{gone}");
    assert!(!province.path(&format!("runs/{first}/tables")).exists() && !province.path(&format!("runs/{first}/report")).exists());
    assert!(province.path(&format!("runs/{first}/run_results.json")).is_file(), "`kaohe runs` goes on telling of it");
    province.assert_readers_see_a_complete_run();
    assert_eq!(province.one("select count(*) from cases"), shown);
    assert_eq!(province.current().expect("current")["lake_versions"], versions, "a vacuum makes no version");
    let told = province.kaohe(&["diff", &second, &third]).with(2);
    assert!(told.err.contains("are gone: [retention]"), "{}", told.err);
    assert!(province.kaohe(&["vacuum"]).with(0).out.contains("gone        0 runs, 0 quarantines, 0 files"));
    // A clock that is far ahead of the last night removes nothing.
    let ahead = age(&province, &third, "20250101");
    let current = province.text("current.json").replace(&third, &ahead);
    province.write("current.json", &current);
    let refused = province.kaohe(&["vacuum"]).with(3);
    assert!(refused.err.contains("the last run began on 2026-07-02") && refused.err.contains("--after-a-pause"), "{}", refused.err);
    province.kaohe(&["vacuum", "--after-a-pause", "--dry-run"]).with(0);
    // The night after goes on as ever, and compares with what was frozen.
    province.run().with(0);
    province.assert_readers_see_a_complete_run();
}

#[test]
fn a_run_that_a_release_froze_keeps_its_results_and_its_versions_of_the_lake() {
    let province = after(finished_second_night());
    let safe = tempfile::tempdir().expect("a folder outside the project");
    let key = safe.path().join("office.key").to_string_lossy().into_owned();
    kaohe(&["sample", "--make-keys", &key]).with(0);
    simulate(&province, &["--night", "2"]);
    province.kaohe(&["run", "--period", "2026-H1"]).with(0);
    province.kaohe(&["release", "create", "--period", "2026-H1", "--key", &key]).with(0);
    let frozen = province.current_run();
    simulate(&province, &["--night", "3"]);
    province.run().with(0);
    written_long_ago(&province);
    let old = age(&province, &frozen, "20260701");
    province.replace("releases/2026-H1/draft/release.json", &frozen, &old);
    province.replace("kaohe.toml", "[[source]]", "[retention]\nruns_days = 30\n\n[[source]]");
    let gone = province.kaohe(&["vacuum"]).with(0).out;
    assert!(gone.contains(&format!("spared      {old}: the release of 2026-H1")) && gone.contains("0 files of the lake"), "{gone}");
    assert!(province.path(&format!("runs/{old}/tables")).is_dir());
    province.replace("kaohe.toml", "runs_days = 30", "runs_days = 30\nquarantine_days = 10");
    province.kaohe(&["vacuum"]).with(0);
    assert!(province.path(&format!("runs/{old}/quarantine")).is_dir(), "an appeal may ask for what was refused");
    // Without the release they go.
    fs::remove_dir_all(province.path("releases")).expect("the draft goes");
    let gone = province.kaohe(&["vacuum"]).with(0).out;
    assert!(gone.contains(&format!("run         {old}: ")) && !gone.contains("0 files of the lake"), "{gone}");
}

/// One line for the beginning and one for the end, as OpenLineage wants them.
#[test]
fn a_run_tells_its_lineage_and_a_failed_one_its_error() {
    let province = after(finished_small());
    let events = |run: &str| -> Vec<serde_json::Value> {
        let text = province.text(&format!("runs/{run}/lineage.jsonl"));
        text.lines().map(|line| serde_json::from_str(line).expect("an event")).collect()
    };
    let [start, complete] = <[serde_json::Value; 2]>::try_from(events(&province.current_run())).expect("two events");
    for event in [&start, &complete] {
        for key in ["eventTime", "producer", "schemaURL", "run", "job", "eventType"] {
            assert!(!event[key].is_null(), "{key} is missing in {event}");
        }
        assert!(event["schemaURL"].as_str().expect("a text").starts_with("https://openlineage.io/spec/2-0-2/"));
    }
    assert_eq!((start["eventType"].as_str(), complete["eventType"].as_str()), (Some("START"), Some("COMPLETE")));
    assert_eq!(start["run"]["runId"], complete["run"]["runId"]);
    let versions = province.current().expect("current")["lake_versions"].clone();
    let names = |side: &str| -> Vec<String> {
        let datasets = complete[side].as_array().expect("datasets").iter();
        datasets.map(|dataset| dataset["name"].as_str().expect("a name").to_owned()).collect()
    };
    assert!(names("inputs").iter().any(|name| name.contains("sources/leads")), "{complete}");
    assert!(names("outputs").iter().any(|name| name.ends_with("/tables/ranks.parquet")), "{complete}");
    for (table, version) in versions.as_object().expect("versions") {
        let is_it = |output: &&serde_json::Value| output["name"].as_str().expect("a name").ends_with(&format!("/lake/{table}"));
        let output = complete["outputs"].as_array().expect("outputs").iter().find(is_it).unwrap_or_else(|| panic!("{table}: {complete}"));
        assert_eq!(output["facets"]["version"]["datasetVersion"].as_str(), Some(version.to_string().as_str()), "{table}");
    }

    // A stop check ends the load, and the run with it.
    let known = province.runs();
    let contract = concat!(env!("CARGO_MANIFEST_DIR"), "/queries/tables/leads.toml");
    let stops = "\n[[check]]\nname = \"never\"\nsays = \"不得装载\"\nseverity = \"stop\"\nwhere = \"lead_id IS NOT NULL\"\n";
    province.write("queries/tables/leads.toml", fs::read_to_string(contract).expect("the contract") + stops);
    let ended = province.run();
    assert_ne!(ended.code, Some(0), "{}", ended.said());
    let run = province.runs().into_iter().find(|run| !known.contains(run)).expect("a run");
    let last = events(&run).pop().expect("an event");
    assert_eq!(last["eventType"].as_str(), Some("FAIL"));
    assert!(last["run"]["facets"]["errorMessage"]["message"].as_str().expect("a message").contains("never"), "{last}");
}

/// An indented block of the README that holds a line, without its indentation.
fn block_with(line: &str) -> String {
    let readme = include_str!("../../README.md");
    let at = readme.find(line).unwrap_or_else(|| panic!("the README has no line `{line}`"));
    let begin = readme[..at].rfind("\n\n").expect("a blank line before it") + 2;
    let end = readme[at..].find("\n\n").map_or(readme.len(), |length| at + length);
    readme[begin..end].lines().map(|line| line.trim_start_matches("    ")).collect::<Vec<_>>().join("\n") + "\n"
}

/// The lines that the README gives to whoever schedules, run as they stand but for where things are.
#[test]
fn the_timer_and_the_cron_line_of_the_readme_run_a_night() {
    let province = after(finished_small());
    let placed = |text: &str| {
        text.replace("/usr/local/bin/kaohe", env!("CARGO_BIN_EXE_kaohe"))
            .replace("/srv/kaohe", &province.folder())
            .replace("/var/log/kaohe.log", &province.path("kaohe.log").to_string_lossy())
            .replace("kaohe run", "kaohe run --as-of 2026-06-30")
    };
    let cron = placed(block_with("flock -n /srv/kaohe/.cron.lock").trim());
    let command = cron.strip_prefix("0 1 * * * ").expect("every night at one");
    let ended = std::process::Command::new("sh").args(["-c", command]).status().expect("sh runs");
    assert!(ended.success(), "{}", province.text("kaohe.log"));
    assert!(province.text("kaohe.log").contains("published  "));
    assert_eq!(province.runs().len(), 2);
    // One at a time: while somebody holds the lock the next start leaves at once.
    let waits = format!("flock '{}' sleep 5 & sleep 1; {command}", province.path(".cron.lock").display());
    assert!(!std::process::Command::new("sh").args(["-c", &waits]).status().expect("sh runs").success());
    assert_eq!(province.runs().len(), 2);

    let service = placed(&block_with("Description=kaohe nightly assessment"));
    let timer = block_with("OnCalendar=*-*-* 01:00:00 Asia/Shanghai");
    let line = |key: &str| -> String {
        service.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_else(|| panic!("{key} is missing in {service}")).to_owned()
    };
    let start = line("ExecStart=").replace("16GB", "4GB");
    assert!(std::process::Command::new("sh").args(["-c", &start]).status().expect("sh runs").success());
    assert_eq!(province.runs().len(), 3);
    let post = line("ExecStartPost=-");
    assert!(std::process::Command::new("sh").args(["-c", &post]).status().expect("sh runs").success());
    province.write("kaohe.service", &service);
    province.write("kaohe.timer", &timer);
    province.write("kaohe-failed.service", "[Service]\nType=oneshot\nExecStart=/bin/true\n");
    let files = ["kaohe.service", "kaohe.timer"].map(|name| province.path(name));
    let Ok(judged) = std::process::Command::new("systemd-analyze").args(["verify", "--man=no"]).args(&files).output() else {
        return crate::province::skipped("the timer is not judged by systemd: no `systemd-analyze`");
    };
    let said = String::from_utf8_lossy(&judged.stderr).into_owned();
    let ours: Vec<&str> = said.lines().filter(|line| line.contains("kaohe")).collect();
    assert!(ours.is_empty(), "{ours:?}");
}

/// What an earlier kaohe wrote is read and gone on from: its folder is kept in the tests and never made anew.
#[test]
fn a_project_of_an_older_kaohe_is_read_and_gone_on_from() {
    let province = Province::of_copy(std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/older")));
    province.assert_readers_see_a_complete_run();
    let before = province.current_run();
    assert_eq!(province.one("select count(*) from leads"), "40");
    assert_eq!(
        province.one("select cast(sum(denominator) as bigint) from measures where indicator = 'market.filing_within_7d' and scope = 'own'"),
        "40"
    );
    assert!(province.kaohe(&["runs"]).with(0).out.contains(&before));
    let ended = province.run().with(0);
    assert!(ended.out.contains("0 written, 6 unchanged"), "its months are known: {}", ended.out);
    province.assert_readers_see_a_complete_run();
}
