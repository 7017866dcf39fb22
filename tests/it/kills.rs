//! What a run leaves when it is stopped: by SIGKILL in any stage, by a signal, by another run, by a full disk.
//!
//! The promise is one: readers see a complete run, the last that ended, and a rerun mends the rest.
//!
//! `KAOHE_KILLS=100 cargo test --test it -- --nocapture at_random_moments` kills a hundred runs (about half an hour); `KAOHE_SEED` draws other moments.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use rand::{Rng, SeedableRng};

use crate::province::{AS_OF, FIGURES, Province, after, finished_second_night, finished_small, simulate, skipped};

#[track_caller]
fn assert_same_tables(one: &Province, other: &Province) {
    let (one, other) = (one.tables(), other.tables());
    assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
    let changed: Vec<&String> = one.keys().filter(|table| one[*table] != other[*table]).collect();
    assert!(changed.is_empty(), "{changed:?} differ");
}

/// Where a run is killed: at a line of its journal, or at a stage that it announces.
enum Moment {
    Journal(&'static str, usize),
    Stage(&'static str),
}
use Moment::{Journal, Stage};

#[track_caller]
fn kill_at(province: &Province, moment: &Moment) {
    let known = province.runs();
    let mut running = province.start();
    match moment {
        Journal(event, count) => running.reach_event(province, &known, event, *count),
        Stage(stage) => running.reach_stage(stage),
    }
    running.signal("KILL");
    let ended = running.wait();
    // Between the last line of the journal and the end there is next to nothing: there the kill may come too late.
    assert!(ended.code.is_none() || matches!(moment, Journal("switching", _)), "the run ended before it was killed: {}", ended.said());
}

/// The first night is killed again and again while it loads; nothing is current until a run is let through.
#[test]
fn a_first_run_that_is_killed_while_loading_leaves_nothing_that_a_rerun_does_not_mend() {
    let province = Province::small();
    let moments = [
        Journal("run-started", 1),
        Journal("load-started", 2),
        Journal("table-loaded", 1),
        Journal("load-started", 7),
        Journal("table-loaded", 16),
    ];
    for (killed, moment) in moments.iter().enumerate() {
        let spilled = province.path("lake/.spill/killed");
        fs::create_dir_all(&spilled).expect("a folder");
        fs::write(spilled.join(".owner"), "").expect("written");
        kill_at(&province, moment);
        assert!(!spilled.exists(), "what an earlier run has spilled is there while the next one loads");
        assert!(province.current().is_none(), "a killed run is current");
        assert_eq!(province.runs().len(), killed + 1);
    }
    let listed = province.kaohe(&["runs"]).with(0).out;
    assert_eq!(listed.lines().filter(|line| line.ends_with(" stopped")).count(), moments.len(), "{listed}");
    province.run().with(0);
    province.assert_readers_see_a_complete_run();
    assert_same_tables(finished_small(), &province);
    let staging: Vec<String> = province.runs().into_iter().filter(|run| province.path(&format!("runs/{run}/staging")).exists()).collect();
    assert!(staging.is_empty(), "staging was left behind by {staging:?}");
}

/// The second night's extract, killed in every later stage: readers see the first night until the second has ended.
#[test]
fn a_run_that_is_killed_in_any_stage_leaves_readers_with_the_run_before() {
    let finished = finished_small();
    let province = after(finished);
    simulate(&province, &["--night", "1"]);
    let undisturbed = finished_second_night();
    // From "indices" to "scoring" nothing is written: one moment among them stands for all.
    let moments = [Journal("table-loaded", 6), Stage("assess"), Stage("findings"), Journal("report-started", 1)];
    for moment in &moments {
        kill_at(&province, moment);
        assert_eq!(province.current_run(), finished.current_run(), "the killed run is current");
        province.assert_readers_see_a_complete_run();
        assert_eq!(province.one("select count(*) from cases"), finished.one("select count(*) from cases"), "readers see another lake");
    }
    kill_at(&province, &Journal("switching", 1));
    province.assert_readers_see_a_complete_run();
    province.run().with(0);
    assert_ne!(
        FIGURES.map(|table| undisturbed.tables()[table].clone()),
        FIGURES.map(|table| finished.tables()[table].clone()),
        "the second night brought nothing"
    );
    province.assert_readers_see_a_complete_run();
    assert_same_tables(undisturbed, &province);
}

/// One night after another, each with its own extract, killed after a time that was drawn, up to a little more than a whole night takes.
#[test]
fn runs_that_are_killed_at_random_moments_leave_readers_with_a_complete_run_and_the_next_one_ends_well() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let (kills, seed) = (number("KAOHE_KILLS").unwrap_or(2), number("KAOHE_SEED").unwrap_or(20));
    let mut moments = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
    // Made before the clock runs.
    finished_small();
    let began = Instant::now();
    let province = after_finished(1);
    let whole = began.elapsed();
    let (mut ended, mut switched) = (0, 0);
    for kill in 0..kills {
        simulate(&province, &["--night", &(kill + 2).to_string()]);
        let (known, before) = (province.runs(), province.current_run());
        let running = province.start();
        let after = whole.mul_f64(moments.random_range(0.0..1.1));
        std::thread::sleep(after);
        running.signal("KILL");
        let end = running.wait();
        assert!(matches!(end.code, None | Some(0)), "kill {kill} after {after:?}: {}", end.said());
        ended += u64::from(end.code.is_some());
        province.assert_readers_see_a_complete_run();
        let current = province.current_run();
        switched += u64::from(current != before);
        assert!(current == before || !known.contains(&current), "kill {kill} after {after:?}: an older run is current");
        assert_ne!(province.one("select count(*) from cases"), "0", "kill {kill} after {after:?}");
    }
    eprintln!("{kills} kills (seed {seed}) within {whole:?}: {ended} runs had ended, {switched} had switched readers");
    province.run().with(0);
    province.assert_readers_see_a_complete_run();
    let undisturbed = after_finished(kills + 1);
    let of = |province: &Province| {
        let mut tables = province.tables();
        // It names the versions of the lake, of which the killed nights have left some.
        tables.remove("scorecards");
        // Where a row stands names the load that read it: a killed night's, where the last one took its rows over. What it says must be the same.
        for (table, places) in [
            ("findings_evidence", "source_file, source_line"),
            ("reconciliation_rows", "source_file, source_line, platform_file, platform_line"),
        ] {
            let mut rows = province.sql(&format!("select * except ({places}) from {table}"));
            rows.sort();
            tables.insert(table.to_owned(), format!("{rows:?}").into_bytes());
        }
        tables
    };
    let (here, there) = (of(&province), of(&undisturbed));
    assert!(there["findings_evidence"].len() > 2, "there are findings whose rows are compared");
    let changed: Vec<&String> = here.keys().filter(|table| here.get(*table) != there.get(*table)).collect();
    assert!(changed.is_empty() && here.len() == there.len(), "{changed:?} differ from a province that was never disturbed");
    let left: Vec<String> = province.runs().into_iter().filter(|run| province.path(&format!("runs/{run}/staging")).exists()).collect();
    assert!(left.is_empty(), "staging was left behind by {left:?}");
}

/// A province that has loaded one extract after the first.
fn after_finished(night: u64) -> Province {
    let province = after(finished_small());
    simulate(&province, &["--night", &night.to_string()]);
    province.run().with(0);
    province
}

#[test]
fn a_signal_ends_the_run_with_its_own_exit_code() {
    let finished = finished_small();
    let province = after(finished);
    for (signal, code) in [("TERM", 143), ("INT", 130)] {
        let mut running = province.start();
        running.reach_stage("assess");
        running.signal(signal);
        let ended = running.wait().with(code);
        assert!(ended.err.contains("nothing was published"), "{}", ended.err);
        assert_eq!(province.current_run(), finished.current_run());
    }
    province.assert_readers_see_a_complete_run();
}

#[test]
fn a_second_run_at_the_same_time_is_told_who_the_first_is() {
    let finished = finished_small();
    let province = after(finished);
    let known = province.runs();
    let mut first = province.start();
    first.reach_event(&province, &known, "run-started", 1);
    let run = province.runs().into_iter().find(|run| !known.contains(run)).expect("the first run has begun");
    for command in ["run", "load"] {
        let second = province.kaohe(&[command]).with(3);
        for word in ["another kaohe", &format!("process {}", first.pid()), &run, "hint: wait"] {
            assert!(second.err.contains(word), "`{word}` is missing in: {}", second.err);
        }
    }
    // Readers are not kept out.
    assert_ne!(province.one("select count(*) from units"), "0");
    let runs = province.runs().len();
    first.signal("KILL");
    first.wait();
    assert_eq!(runs, known.len() + 1, "the refused run left a folder");
    assert_eq!(province.current_run(), finished.current_run());
}

/// A tmpfs that is too small, in a mount namespace of its own: nobody else sees it, and nothing has to be unmounted.
pub fn can_mount(folder: &Path) -> bool {
    let probe = format!("mount -t tmpfs -o size=1m tmpfs '{}'", folder.display());
    Command::new("unshare").args(["--mount", "--map-root-user", "sh", "-c", &probe]).output().is_ok_and(|output| output.status.success())
}

/// Runs `script` with a tmpfs of `size` on `$DISK`; `$KAOHE` is a run that writes there, `$KEPT` a folder that stays.
fn on_a_disk(province: &Province, size: &str, script: &str) -> (i32, String) {
    for folder in ["disk", "kept"] {
        fs::create_dir_all(province.path(folder)).expect("a folder is made");
    }
    let kaohe = format!(
        "{} run --project {} --as-of {AS_OF} --out {}",
        env!("CARGO_BIN_EXE_kaohe"),
        province.folder(),
        province.path("disk").display()
    );
    let output = Command::new("unshare")
        .args(["--mount", "--map-root-user", "sh", "-c", &format!("mount -t tmpfs -o size={size} tmpfs \"$DISK\" && {script}")])
        .env("KAOHE", kaohe)
        .env("DISK", province.path("disk"))
        .env("KEPT", province.path("kept"))
        .output()
        .expect("unshare runs");
    assert!(output.status.signal().is_none());
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn a_disk_that_is_full_on_the_first_run_publishes_nothing_and_says_so() {
    let province = Province::small();
    fs::create_dir_all(province.path("disk")).expect("a folder is made");
    if !can_mount(&province.path("disk")) {
        return skipped_mount("a full disk");
    }
    let (code, said) = on_a_disk(&province, "1500k", "{ $KAOHE; CODE=$?; cp -r \"$DISK\"/. \"$KEPT\"; exit $CODE; }");
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("No space left on device") && said.contains("error[environment]"), "{said}");
    assert!(!province.path("kept/current.json").exists(), "a run on a full disk is current");
}

#[test]
fn a_disk_that_fills_up_at_night_leaves_yesterdays_run_and_a_rerun_mends_it() {
    let finished = finished_small();
    let province = after(finished);
    fs::create_dir_all(province.path("disk")).expect("a folder is made");
    if !can_mount(&province.path("disk")) {
        return skipped_mount("a full disk");
    }
    for folder in ["lake", "runs", "current.json"] {
        let kept = province.path("yesterday").join(folder);
        fs::create_dir_all(province.path("yesterday")).expect("a folder is made");
        fs::rename(province.path(folder), kept).expect("yesterday's state is set aside");
    }
    simulate(&province, &["--night", "1"]);
    // Full but for what the tables need, so that it is the report that finds no room; then room is made.
    let script = "{ cp -r \"$DISK\"/../yesterday/. \"$DISK\" && USED=$(du -sk \"$DISK\" | cut -f1) && mount -o remount,size=$((USED + 700))k \"$DISK\" || exit 90
        $KAOHE; FIRST=$?; mkdir \"$KEPT\"/full \"$KEPT\"/mended; cp -r \"$DISK\"/. \"$KEPT\"/full
        mount -o remount,size=200m \"$DISK\" || exit 91
        $KAOHE && cp -r \"$DISK\"/. \"$KEPT\"/mended || exit 92
        exit $FIRST; }";
    let (code, said) = on_a_disk(&province, "100m", script);
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("No space left on device"), "{said}");
    let mended = Province::of_copy(&province.path("kept/mended"));
    let full = Province::of_copy(&province.path("kept/full"));
    assert_eq!(full.current_run(), finished.current_run());
    full.assert_readers_see_a_complete_run();
    assert_ne!(mended.current_run(), finished.current_run());
    mended.assert_readers_see_a_complete_run();
    assert_same_tables(finished_second_night(), &mended);
}

/// Between the program and the C library: notes what is synced and what is named, in order.
const WATCHER: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
static void note(const char *what, const char *path) {
    FILE *log = fopen(getenv("KAOHE_SYNCED"), "a");
    if (log) { fprintf(log, "%s %s\n", what, path); fclose(log); }
}
static void synced(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    path[length < 0 ? 0 : length] = 0;
    note("synced", path);
}
int fsync(int fd) { synced(fd); return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(fd); }
int fdatasync(int fd) { synced(fd); return ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(fd); }
int rename(const char *from, const char *to) {
    note("named", to);
    return ((int (*)(const char *, const char *))dlsym(RTLD_NEXT, "rename"))(from, to);
}
"#;

/// Files and folders below `folder`, and the folder itself.
fn all_below(folder: &Path) -> Vec<String> {
    let mut all = vec![folder.to_string_lossy().into_owned()];
    for entry in fs::read_dir(folder).expect("the folder is read").flatten() {
        if entry.path().is_dir() { all.extend(all_below(&entry.path())) } else { all.push(entry.path().to_string_lossy().into_owned()) }
    }
    all
}

#[test]
fn after_a_power_cut_current_json_names_nothing_that_is_not_on_the_disk() {
    let province = Province::small();
    province.write("watcher.c", WATCHER);
    let (source, watcher, log) = (province.path("watcher.c"), province.path("watcher.so"), province.path("synced.log"));
    let compiled = Command::new("cc").args(["-shared", "-fPIC", "-o"]).args([&watcher, &source]).arg("-ldl").status();
    if !compiled.is_ok_and(|status| status.success()) {
        return skipped("a power cut: no C compiler `cc`");
    }
    let status = Command::new(env!("CARGO_BIN_EXE_kaohe"))
        .args(["run", "--quiet", "--as-of", AS_OF, "--project", &province.folder()])
        .env("LD_PRELOAD", &watcher)
        .env("KAOHE_SYNCED", &log)
        .stdout(std::process::Stdio::null())
        .status()
        .expect("kaohe starts");
    assert!(status.success(), "{status}");
    let log = fs::read_to_string(log).expect("the watcher saw something");
    let switched = format!("named {}\n", province.path("current.json").display());
    let (before, _) = log.split_once(&switched).expect("current.json was named");
    let synced: BTreeSet<&str> = before.lines().filter_map(|line| line.strip_prefix("synced ")).collect();
    let mut promised = all_below(&province.path(&format!("runs/{}", province.current_run())));
    promised.extend(["runs", ""].map(|above| province.path(above).to_string_lossy().trim_end_matches('/').to_owned()));
    assert!(promised.len() > 60 && promised.iter().any(|path| path.ends_with("ranks.parquet")), "{promised:?}");
    let lost: Vec<&String> = promised.iter().filter(|path| !synced.contains(path.as_str())).collect();
    assert!(lost.is_empty(), "{} of {} may be lost: {lost:?}", lost.len(), promised.len());
}

/// Not a failure on the build server either: the right to mount is the machine's to give.
pub fn skipped_mount(what: &str) {
    eprintln!("skipped: {what}: this process may not mount a tmpfs");
}
