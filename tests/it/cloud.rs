//! Extracts in an object store and results that go to one, with a real server at the other end.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::object_store::{Manner, SECRETS, Store};
use crate::province::{Province, Running, after, finished_second_night, finished_small, skipped};

/// The project's results go to the store.
fn publishes(province: &Province, more: &str) {
    province.replace("kaohe.toml", "\n[report]\n", &format!("\n[publish]\nto = \"$KAOHE_STORE\"\n{more}\n[report]\n"));
}

/// All sources come from the store, under the names that they have in the folder.
fn delivers(province: &Province, store: &Store) {
    store.put_folder(&province.path("sources"), "deliveries/sources");
    fs::remove_dir_all(province.path("sources")).expect("the store alone has them");
    let text = province.text("kaohe.toml").replace("\npath = ", "\nroot = \"$DELIVERIES\"\npath = ");
    province.write("kaohe.toml", text);
}

/// Fails unless a copy by plain GETs is what the project has.
#[track_caller]
fn assert_the_store_shows(store: &Store, province: &Province) -> Province {
    let copy = Province::empty();
    let run = province.current_run();
    for key in store.keys("results/") {
        let name = key.strip_prefix("results/").expect("listed by it");
        copy.write(name, store.get(&key).expect("it was listed"));
    }
    let own = |folder: &str| files_below(&province.path(folder), folder);
    let expected: BTreeSet<String> = own("lake").into_iter().chain(own(&format!("runs/{run}"))).chain(own("texts")).collect();
    let expected: BTreeSet<&String> = expected.iter().filter(|name| !name.contains("/.")).collect();
    for name in &expected {
        // These go on after the sending has begun.
        let goes_on = ["journal.jsonl", "run_results.json", "metrics.prom"].iter().any(|file| name.ends_with(file));
        assert!(copy.path(name).is_file(), "{name} is missing in the store");
        assert!(goes_on || copy.read(name) == province.read(name), "{name} is other in the store");
    }
    assert_eq!(copy.read("current.json"), province.read("current.json"));
    assert!(!copy.path(".probe").exists(), "probes were left behind");
    copy.write("kaohe.toml", "name = \"copy\"\nscheme = \"2026\"\n");
    copy.assert_readers_see_a_complete_run();
    copy
}

fn files_below(folder: &Path, name: &str) -> Vec<String> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let inner = format!("{name}/{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() { files.extend(files_below(&entry.path(), &inner)) } else { files.push(inner) }
    }
    files
}

fn run_in(store: &Store) -> Option<String> {
    let pointer: serde_json::Value = serde_json::from_slice(&store.get("results/current.json")?).expect("JSON");
    Some(pointer["run"].as_str().expect("a run").to_owned())
}

/// Names of objects that were got; a listing names none.
fn got(store: &Store) -> Vec<String> {
    let asked = store.asked().into_iter().filter(|(method, key)| method == "GET" && key.starts_with("deliveries/"));
    asked.map(|(_, key)| key).collect()
}

#[test]
fn a_night_with_everything_in_a_store_is_the_night_of_the_same_files_in_folders() {
    let Some(store) = Store::open() else { return };
    let province = Province::small();
    delivers(&province, &store);
    publishes(&province, "");
    let planned = store.kaohe(&province, &["run", "--dry-run"]).with(0).out;
    assert!(planned.contains("send to s3://") && !planned.contains("no file"), "{planned}");
    store.asked();
    let ended = store.kaohe(&province, &["run"]).with(0);
    assert!(ended.out.lines().last().is_some_and(|line| line.starts_with("sent       ")), "{}", ended.out);
    let (here, there) = (finished_small().tables(), province.tables());
    let other: Vec<&String> = here.keys().filter(|table| here[*table] != there[*table]).collect();
    assert!(other.is_empty() && here.len() == there.len(), "{other:?} differ");
    assert_the_store_shows(&store, &province);
    let run = province.current_run();
    assert_eq!(province.results_of(&run)["sending"]["sent"], true);
    for left in ["journal.jsonl", "run_results.json", "metrics.prom", "lineage.jsonl", "manifest.json"] {
        let text = province.text(&format!("runs/{run}/{left}"));
        assert!(SECRETS.iter().all(|secret| !text.contains(secret)), "{left} holds a key");
    }
    let delivered = store.keys("deliveries/");
    let first = got(&store);
    assert_eq!(first.len(), delivered.len(), "each object once");

    // What did not change is not fetched again; what did is.
    store.kaohe(&province, &["load"]).with(0);
    assert_eq!(got(&store), [] as [String; 0]);
    let units = "deliveries/sources/units/units.csv";
    store.put(units, [store.get(units).expect("units"), b"\n".to_vec()].concat());
    store.kaohe(&province, &["load"]).with(0);
    assert_eq!(got(&store), [units]);

    // What vanished is not loaded from what was kept of it, and holds its own table alone.
    let gone = delivered.iter().find(|key| key.contains("/lead_transfers/")).expect("lead transfers were delivered");
    store.remove(gone);
    let held = store.kaohe(&province, &["load"]).with(1);
    assert!(held.err.contains("held: lead_transfers: no file matches"), "{}", held.err);
    assert_eq!(held.err.matches("held: ").count(), 1, "{}", held.err);
}

#[test]
fn a_store_that_hangs_or_refuses_holds_tables_in_time_and_keys_are_not_repeated() {
    let Some(store) = Store::open() else { return };
    let province = after(finished_small());
    delivers(&province, &store);
    for (manner, says) in [(Manner::Refuses, "403 InvalidAccessKeyId"), (Manner::Hangs, "look at AWS_ENDPOINT_URL")] {
        store.behave(manner);
        let begun = Instant::now();
        let held = store.kaohe(&province, &["load"]).with(1);
        assert!(held.err.contains("held: units: ") && held.err.contains(says), "{}", held.err);
        assert!(begun.elapsed() < Duration::from_secs(60), "it took {:?}", begun.elapsed());
    }
    store.behave(Manner::Honest);
    store.kaohe(&province, &["load"]).with(0);
}

/// Another program on the prefix itself.
const COUNT: &str = "
import os
from deltalake import DeltaTable, QueryBuilder
table = DeltaTable(os.environ['KAOHE_STORE'] + '/lake/cases')
rows = QueryBuilder().register('t', table).execute('select count(*) as n from t').read_all()['n'][0].as_py()
print(table.version(), rows)
";

#[test]
fn another_program_opens_the_prefix_as_a_lake() {
    let Some(store) = Store::open() else { return };
    let province = after(finished_second_night());
    publishes(&province, "");
    store.kaohe(&province, &["publish"]).with(0);
    if !Command::new("python3").args(["-c", "import deltalake"]).output().is_ok_and(|output| output.status.success()) {
        return skipped("readers of the lake: python3 with deltalake is not installed");
    }
    let counted = Command::new("python3").args(["-c", COUNT]).envs(store.environment()).output().expect("python3 runs");
    let said = String::from_utf8_lossy(&counted.stdout).into_owned();
    let current = province.current().expect("a run is current");
    let expected = format!("{} {}\n", current["lake_versions"]["cases"], province.one("select count(*) from cases"));
    assert_eq!(said, expected, "{}", String::from_utf8_lossy(&counted.stderr));
}

#[test]
fn a_published_prefix_is_a_lake_and_a_next_night_sends_only_what_is_new() {
    let Some(store) = Store::open() else { return };
    let province = after(finished_small());
    publishes(&province, "");
    store.kaohe(&province, &["publish"]).with(0);
    let first: BTreeSet<String> = store.keys("results/").into_iter().collect();
    let copy = assert_the_store_shows(&store, &province);
    let count = "select count(*), min(case_id), max(case_id) from cases";
    assert_eq!(copy.sql(count), province.sql(count));
    store.asked();
    let again = store.kaohe(&province, &["publish"]).with(0);
    assert!(again.out.contains("already"), "{}", again.out);
    assert_eq!(store.put_since(), [] as [String; 0]);

    // The second night begins where the first has ended, in a folder of its own.
    let next = after(finished_second_night());
    publishes(&next, "");
    store.kaohe(&next, &["publish"]).with(0);
    let put: Vec<String> = store.put_since().into_iter().filter(|key| !key.contains("/.probe/")).collect();
    let again: Vec<&String> = put.iter().filter(|key| first.contains(*key)).collect();
    assert_eq!(again, ["results/current.json"]);
    assert_eq!(put.last().map(String::as_str), Some("results/current.json"), "the pointer is last");
    let is_log = |key: &String| key.contains("/_delta_log/");
    let (first_log, last_file) = (put.iter().position(is_log), put.iter().rposition(|key| !is_log(key) && !key.ends_with("/current.json")));
    assert!(first_log.is_some() && last_file < first_log, "a log entry went before what it names");
    assert_the_store_shows(&store, &next);
    let status = next.kaohe(&["status"]).out;
    assert!(status.contains("shows it (sent "), "{status}");
}

#[test]
fn a_sending_that_breaks_off_anywhere_leaves_the_run_before_and_the_next_one_completes_it() {
    let Some(store) = Store::open() else { return };
    let before = after(finished_small());
    publishes(&before, "");
    store.kaohe(&before, &["publish"]).with(0);
    let shown = run_in(&store);
    let province = after(finished_second_night());
    publishes(&province, "");

    // The store goes away: after the probes, among the files, before the logs, before the pointer.
    let moments =
        [Manner::BreaksAfter(3), Manner::BreaksAfter(40), Manner::BreaksAt("/_delta_log/"), Manner::BreaksAt("results/current.json")];
    for moment in moments {
        store.behave(moment);
        let ended = store.kaohe(&province, &["publish"]).with(1);
        assert!(ended.out.contains("not sent   ") && ended.out.contains("kaohe publish"), "{}", ended.out);
        assert_eq!(run_in(&store), shown, "{moment:?}");
        let sending = province.results_of(&province.current_run())["sending"].clone();
        assert!(sending["sent"] == false && sending["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{sending}");
    }

    let status = store.kaohe(&province, &["status"]).with(1).out;
    assert!(status.contains("not sent   "), "{status}");

    // kaohe itself is killed.
    let other = after(finished_second_night());
    publishes(&other, "");
    let fresh = Store::open().expect("the server is there");
    let running = Running::of(&mut fresh.command(&other, &["publish"]));
    let begun = Instant::now();
    while fresh.count("PUT") < 50 {
        assert!(begun.elapsed() < Duration::from_secs(60), "nothing is sent");
        std::thread::sleep(Duration::from_millis(1));
    }
    running.signal("KILL");
    assert_eq!(running.wait().code, None, "it had ended before it was killed");
    assert_eq!(run_in(&fresh), None);
    let there: BTreeSet<String> = fresh.keys("results/").into_iter().filter(|key| !key.contains("/.probe/")).collect();
    // What was under way when the process died still arrives.
    std::thread::sleep(Duration::from_millis(300));
    fresh.behave(Manner::Honest);
    fresh.kaohe(&other, &["publish"]).with(0);
    let put: BTreeSet<String> = fresh.put_since().into_iter().collect();
    let twice: Vec<&String> = there
        .intersection(&put)
        .filter(|key| !["run_results.json", "metrics.prom", "journal.jsonl"].iter().any(|file| key.ends_with(file)))
        .collect();
    assert!(twice.is_empty(), "sent twice: {twice:?}");
    assert_the_store_shows(&fresh, &other);

    store.behave(Manner::Honest);
    store.kaohe(&province, &["publish"]).with(0);
    assert_eq!(run_in(&store), Some(province.current_run()));
    assert_the_store_shows(&store, &province);
}

#[test]
fn another_writer_is_a_conflict_and_nothing_of_his_is_replaced() {
    let Some(store) = Store::open() else { return };
    let before = after(finished_small());
    publishes(&before, "");
    store.kaohe(&before, &["publish"]).with(0);
    let province = after(finished_second_night());
    publishes(&province, "");
    let (pointer, current) = (store.get("results/current.json"), province.current().expect("a run is current"));
    let entry = |table: &str, version: u64| format!("results/lake/{table}/_delta_log/{version:020}.json");
    let version = |table: &str| current["lake_versions"][table].as_u64().expect("a version");
    assert_eq!(version("cases"), 1, "the second night brought cases");

    // His entry where ours was to go: of another length, of the same length, and beyond ours.
    let ours = province.read("lake/cases/_delta_log/00000000000000000001.json");
    let same_length: Vec<u8> = ours.iter().map(|byte| if byte.is_ascii_digit() { b'7' } else { *byte }).collect();
    for (name, his) in [(entry("cases", 1), b"{}".to_vec()), (entry("cases", 1), same_length), (entry("units", version("units") + 1), ours)]
    {
        store.put(&name, &his);
        let ended = store.kaohe(&province, &["publish"]).with(3);
        assert!(ended.out.contains("[conflict]") && ended.out.contains("give each its own"), "{}", ended.out);
        assert_eq!(store.get(&name), Some(his), "his entry is his");
        assert_eq!(store.get("results/current.json"), pointer);
        store.remove(&name);
    }

    // His pointer.
    let his = String::from_utf8(pointer.expect("a pointer")).expect("text").replace(&before.current_run(), "20260101T010101-ffff");
    store.put("results/current.json", &his);
    let ended = store.kaohe(&province, &["publish"]).with(3);
    assert!(ended.out.contains("20260101T010101-ffff, which is none of this project"), "{}", ended.out);
    assert_eq!(store.get("results/current.json"), Some(his.into_bytes()));
    store.remove("results/current.json");
    store.kaohe(&province, &["publish"]).with(0);
    assert_the_store_shows(&store, &province);
}

#[test]
fn a_store_that_can_not_refuse_a_second_writer_is_found_out_and_needs_somebodys_word() {
    let Some(store) = Store::open() else { return };
    let province = after(finished_small());
    publishes(&province, "");
    let doctor = |code| store.kaohe(&province, &["doctor", "--store", "$KAOHE_STORE"]).with(code).out;
    let healthy = doctor(0);
    assert!(healthy.contains("race       50 of 50 had exactly one winner\n"), "{healthy}");
    assert_eq!(store.keys(""), [] as [String; 0], "probes were left behind");

    for (manner, found, told) in [
        (Manner::IgnoresConditions, "If-None-Match: * is ignored", "both won in 50"),
        (Manner::KnowsNoConditions, "If-None-Match: * is answered with \"not implemented\"", "can't refuse a second writer"),
    ] {
        store.behave(manner);
        let said = doctor(1);
        assert!(said.contains(found) && said.contains(told) && said.contains("single_writer = true"), "{said}");
        let refused = store.kaohe(&province, &["publish"]).with(1);
        assert!(refused.out.contains("single_writer = true"), "{}", refused.out);
        assert_eq!(store.keys("results/lake"), [] as [String; 0], "something was sent");
    }
    province.replace("kaohe.toml", "to = \"$KAOHE_STORE\"\n", "to = \"$KAOHE_STORE\"\nsingle_writer = true\n");
    for (index, manner) in [Manner::IgnoresConditions, Manner::KnowsNoConditions].into_iter().enumerate() {
        store.behave(manner);
        store.kaohe(&province, &["publish"]).with(0);
        assert_the_store_shows(&store, &province);
        // An entry of somebody who is no single writer is still seen before it is written over.
        let next = after(finished_second_night());
        publishes(&next, "single_writer = true\n");
        let entry = "results/lake/cases/_delta_log/00000000000000000001.json";
        store.put(entry, "{}");
        store.kaohe(&next, &["publish"]).with(3);
        assert_eq!(store.get(entry), Some(b"{}".to_vec()), "{index}");
        store.remove(entry);
    }
    store.behave(Manner::Refuses);
    let closed = store.kaohe(&province, &["doctor", "--store"]).with(1).out;
    assert!(closed.contains("403 InvalidAccessKeyId") && closed.contains("nothing can be published"), "{closed}");
    let nowhere =
        store.command(&province, &["doctor", "--store"]).env("AWS_ENDPOINT_URL", "http://127.0.0.1:9").output().expect("kaohe starts");
    assert_eq!(nowhere.status.code(), Some(3));
}

#[test]
fn a_store_is_named_by_a_variable_and_a_wrong_one_is_told_with_its_place() {
    let province = after(finished_small());
    publishes(&province, "");
    let check = |value: &str| province.command(&["check"]).env("KAOHE_STORE", value).output().expect("kaohe starts");
    for wrong in ["s3://AKIDKAOHEKAOHE:topsecret/topsecret@bucket/a", "/srv/kaohe", "oss://bucket/a"] {
        let said = check(wrong);
        let text = format!("{}{}", String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr));
        assert_ne!(said.status.code(), Some(0), "{text}");
        assert!(text.contains("store-form") && text.contains("kaohe.toml:") && !text.contains("topsecret"), "{text}");
    }
    assert!(String::from_utf8_lossy(&check("").stdout).contains("KAOHE_STORE is not set"));
    let ended =
        province.command(&["publish"]).env("KAOHE_STORE", "s3://bucket/a").env_remove("AWS_ACCESS_KEY_ID").output().expect("kaohe starts");
    assert_eq!(ended.status.code(), Some(1), "a store without a key keeps nobody from the run that is current here");
}
