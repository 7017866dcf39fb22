//! How many of the planted patterns each detector finds, and how many units it names for nothing.
//!
//! In: simulated provinces, each with its answer key, run as of a year's end: before that, nobody can have entered anything in a hurry at
//! the year's end. Out: a line per detector, and floors under what it says. Never here: a detector's thresholds.

use std::collections::{BTreeMap, BTreeSet};

use crate::province::{Province, assess_by_few, kaohe};

const YEAR_END: &str = "2025-12-31";
const SEEDS: [&str; 2] = ["1", "2"];
/// Patterns that are tested unit by unit. The simulator's answers name the township of a quota; the finding is the county's.
const TESTED: [&str; 3] = ["yearend_backfill", "case_splitting", "quota_uniformity"];

/// A pattern whose rows are listed one by one.
const LISTED: &str = "stage_inversion";

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
    /// Units with a statistical finding.
    flagged: BTreeSet<String>,
    /// Planted and listed records of [`LISTED`].
    records: (BTreeSet<String>, BTreeSet<String>),
    judged: usize,
}

fn show(seed: &str) -> Shown {
    let province = Province::empty();
    let folder = province.folder();
    let size = ["simulate", "--units", "80", "--months", "12", "--cases", "6000", "--format", "parquet"];
    kaohe(&[&size[..], &["--seed", seed, "--as-of", YEAR_END, "--out", &folder]].concat()).with(0);
    assess_by_few(&province);
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
    let flagged = rows("select distinct unit_id from findings where kind = 'statistical'").into_iter().flatten().collect();
    let listed = format!("select record_id from findings_evidence join findings using (finding_id) where detector = '{LISTED}'");
    let listed = rows(&listed).into_iter().flatten().collect();
    let decided = rows("select case_id from cases where decided_on >= date '2025-01-01' and decided_on <= date '2025-12-31'");
    let decided: BTreeSet<String> = decided.into_iter().flatten().collect();
    let answers = province.text("answers.csv");
    let answers: Vec<Vec<String>> = answers.lines().skip(1).map(|line| line.split(',').map(str::to_owned).collect()).collect();
    let of_listed = answers.iter().filter(|answer| answer[0] == LISTED).flat_map(|answer| answer[3].split(';'));
    let to_list = of_listed.filter(|record| decided.contains(*record)).map(str::to_owned).collect();
    let place = |pattern: &str| if pattern == "quota_uniformity" { 2 } else { 1 };
    let planted = named(answers.iter().map(|answer| vec![answer[0].clone(), answer[place(&answer[0])].clone()]));
    Shown { planted, found, flagged, records: (to_list, listed), judged }
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
fn detectors_find_most_of_what_was_planted_list_every_fact_and_hardly_name_an_honest_unit() {
    let shown: Vec<Shown> = std::thread::scope(|scope| {
        let threads: Vec<_> = SEEDS.iter().map(|seed| scope.spawn(|| show(seed))).collect();
        threads.into_iter().map(|thread| thread.join().expect("the province was judged")).collect()
    });
    let judged: usize = shown.iter().map(|one| one.judged).sum();
    assert!(judged >= 100, "only {judged} units have enough cases to be judged");
    for detector in TESTED {
        let (mut planted, mut found, mut wrong) = (0, 0, 0);
        let none = BTreeSet::new();
        for one in &shown {
            let (key, named) = (one.planted.get(detector).unwrap_or(&none), one.found.get(detector).unwrap_or(&none));
            planted += key.len();
            found += key.intersection(named).count();
            wrong += named.difference(key).count();
        }
        println!("{detector:<17} planted {planted:>2}   found {found:>2}   wrongly named {wrong:>2} of {judged} units judged");
        let least = if detector == "quota_uniformity" { 1 } else { 4 };
        assert!(planted >= least, "{detector}: only {planted} planted");
        assert!(found * 10 >= planted * 7, "{detector} found {found} of {planted}");
        assert!(wrong * 50 <= judged, "{detector} named {wrong} honest units of {judged}");
    }
    let (to_list, listed) = shown
        .iter()
        .fold((0, 0), |(all, found), one| (all + one.records.0.len(), found + one.records.0.intersection(&one.records.1).count()));
    println!("{LISTED:<17} planted {to_list} records, listed {listed}");
    // A decision of December is dated before a notice of January, which nobody can know of yet.
    assert!(to_list >= 30 && listed * 10 >= to_list * 9, "{LISTED}: {listed} of {to_list} records listed");
    // Whoever plants nothing is an honest unit, whatever the detector; the parents of planted townships are not.
    let honest = |one: &Shown| {
        let planted: BTreeSet<&String> = one.planted.values().flatten().collect();
        one.flagged.iter().filter(|unit| !planted.contains(unit)).count()
    };
    let wrong: usize = shown.iter().map(honest).sum();
    println!("all statistical detectors: {wrong} honest units named of {judged} judged");
    assert!(wrong * 50 <= judged, "{wrong} honest units named of {judged}");
}
