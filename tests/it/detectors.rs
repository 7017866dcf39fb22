//! How many of the planted patterns each detector finds, and how many units it names for nothing.
//!
//! In: simulated provinces, each with its answer key, run as of a year's end: before that, nobody can have entered anything in a hurry at
//! the year's end. Out: a line per detector, and floors under what it says. Never here: a detector's thresholds.

use std::collections::{BTreeMap, BTreeSet};

use crate::province::{Province, kaohe};

const YEAR_END: &str = "2025-12-31";
const SEEDS: [&str; 3] = ["1", "2", "3"];
const DETECTORS: [&str; 3] = ["stage_inversion", "yearend_backfill", "case_splitting"];

/// Tables that the detectors read; the others would only take time.
const TABLES: [&str; 6] = ["regions", "units", "cases", "case_stages", "case_documents", "inspections"];

/// A unit with fewer cases in the year is too small to be judged by every detector.
const LEAST_CASES: &str = "30";

/// Units by detector.
type Named = BTreeMap<String, BTreeSet<String>>;

/// What one province showed.
struct Shown {
    planted: Named,
    found: Named,
    judged: usize,
}

fn show(seed: &str) -> Shown {
    let province = Province::empty();
    let folder = province.folder();
    let size = ["simulate", "--units", "80", "--months", "12", "--cases", "6000", "--format", "parquet"];
    kaohe(&[&size[..], &["--seed", seed, "--as-of", YEAR_END, "--out", &folder]].concat()).with(0);
    let project = province.text("kaohe.toml");
    let mut sections = project.split("\n[[source]]\n");
    let head = sections.next().expect("a project has a head").to_owned();
    let is_read = |section: &&str| TABLES.iter().any(|table| section.starts_with(&format!("table = \"{table}\"\n")));
    let kept = sections.filter(is_read).fold(head, |text, section| format!("{text}\n[[source]]\n{section}"));
    province.write("kaohe.toml", kept);
    kaohe(&["run", "--project", &folder, "--as-of", YEAR_END]).with(0);
    let rows = |sql: &str| -> Vec<Vec<String>> {
        let ended = kaohe(&["sql", "--project", &folder, "--as-of", YEAR_END, "--format", "csv", "-c", sql]).with(0);
        let mut reader = csv::Reader::from_reader(ended.out.as_bytes());
        reader.records().map(|record| record.expect("kaohe writes CSV").iter().map(str::to_owned).collect()).collect()
    };
    let judged = rows(&format!("select unit_id from cases group by 1 having count(*) >= {LEAST_CASES}")).len();
    let found = named(rows("select distinct detector, unit_id from findings").into_iter());
    let key = province.text("answers.csv");
    let planted = named(key.lines().skip(1).map(|line| line.split(',').map(str::to_owned).collect()));
    Shown { planted, found, judged }
}

/// Of each row the first text names what was seen, and the second the unit.
fn named(rows: impl Iterator<Item = Vec<String>>) -> Named {
    let mut named = Named::new();
    for row in rows {
        named.entry(row[0].clone()).or_default().insert(row[1].clone());
    }
    named
}

#[test]
fn each_detector_finds_most_of_what_was_planted_and_hardly_names_an_honest_unit() {
    let shown: Vec<Shown> = std::thread::scope(|scope| {
        let threads: Vec<_> = SEEDS.iter().map(|seed| scope.spawn(|| show(seed))).collect();
        threads.into_iter().map(|thread| thread.join().expect("the province was judged")).collect()
    });
    let judged: usize = shown.iter().map(|one| one.judged).sum();
    assert!(judged >= 150, "only {judged} units have enough cases to be judged");
    for detector in DETECTORS {
        let (mut planted, mut found, mut wrong) = (0, 0, 0);
        let none = BTreeSet::new();
        for one in &shown {
            let (key, named) = (one.planted.get(detector).unwrap_or(&none), one.found.get(detector).unwrap_or(&none));
            planted += key.len();
            found += key.intersection(named).count();
            wrong += named.difference(key).count();
        }
        println!("{detector:<17} planted {planted:>2}   found {found:>2}   wrongly named {wrong:>2} of {judged} units judged");
        assert!(planted >= 6, "{detector}: only {planted} planted");
        assert!(found * 10 >= planted * 7, "{detector} found {found} of {planted}");
        assert!(wrong * 50 <= judged, "{detector} named {wrong} honest units of {judged}");
    }
}
