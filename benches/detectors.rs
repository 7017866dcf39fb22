//! What every detector finds of planted cheating, and whom it names for nothing, over many simulated provinces.
//!
//! In: number of seeds (argument 1), and optionally units (2), cases (3) and the first seed (4), and a folder of queries that lie over the shipped ones (a
//! changed detector is measured without a build). Out: Markdown tables on standard output; the outcomes of every province, with the tests of
//! every planted unit, as JSON lines on standard error. Never here: thresholds; how anything is planted (that is `simulate`).
//!
//! Each seed gives two provinces, loaded and judged by the code of a run as of a year's end: one in which nobody cheats, and one in which each pattern is planted
//! at units of its own, at a strength that the answer key tells, beside the benign twins.
//!
//! `cargo bench --bench detectors -- 200`

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use kaohe::compute::counting_session::{CountingSession, Limits};
use kaohe::compute::run::moment_of;
use kaohe::compute::shared::SharedPopulations;
use kaohe::diagnostics::Diagnostics;
use kaohe::findings::effects::Effects;
use kaohe::findings::tables::{Detected, FindingKind};
use kaohe::findings::{DetectRequest, detect};
use kaohe::lake::Lake;
use kaohe::library::Library;
use kaohe::library::detector::Statistic;
use kaohe::library::indicator::Window;
use kaohe::library::scheme::read_scheme;
use kaohe::nightly::loading::shape_of;
use kaohe::nightly::{self, Request, Surroundings, Work};
use kaohe::project::Project;
use kaohe::simulate::{Planting, ReferenceTexts, SimulationFormat, SimulationRequest, simulate};
use kaohe::terms::{Period, RunId};

/// As in the program itself.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const YEAR_END: jiff::civil::Date = jiff::civil::date(2025, 12, 31);

/// Strengths of the answer key, the last one that of a documented case.
const STRENGTHS: [&str; 6] = ["0.2", "0.4", "0.6", "0.8", "1.0", "documented"];

/// Answers of benign twins begin with this.
const TWIN: &str = "twin:";

struct Size {
    units: usize,
    cases: u64,
}

/// One line of the answer key.
#[derive(Debug, Clone, serde::Serialize)]
struct Planted {
    pattern: String,
    unit: String,
    strength: String,
    /// Planted records.
    records: usize,
    /// Of those, the ones that the finding of this pattern at this unit lists.
    listed: usize,
    /// A finding of this detector names the unit.
    found: bool,
    /// The units that it names.
    named: Vec<String>,
    /// The tests of this detector that were made of the unit.
    tests: Vec<Judgement>,
}

/// A test that was made, as `finding_tests` tells it.
#[derive(Debug, Clone, serde::Serialize)]
struct Judgement {
    domain: String,
    sign: String,
    odd: i64,
    n: i64,
    usual: Option<f64>,
    effect: Option<f64>,
    p: Option<f64>,
    q: Option<f64>,
    outcome: &'static str,
}

impl Planted {
    /// A test of this detector was made of the unit, with at most so many records.
    fn judged(&self) -> Option<i64> {
        self.tests.iter().map(|test| test.n).max()
    }
}

/// What one province showed.
#[derive(Debug, Clone, serde::Serialize)]
struct Outcome {
    seed: u64,
    honest: bool,
    seconds: f64,
    /// Units with at least one test.
    units: usize,
    planted: Vec<Planted>,
    /// Statistical findings at units that nothing was planted at: (detector, unit).
    wrong: Vec<(String, String)>,
    /// Statistical findings of another pattern at a unit with one.
    beside: Vec<(String, String)>,
    /// All statistical findings.
    flagged: usize,
    /// Twins, with how many units they touch and how many of those were named.
    twins: BTreeMap<String, (usize, usize)>,
    /// Detectors that failed, with the engine's words.
    failed: BTreeMap<String, String>,
}

struct Silent;

impl Surroundings for Silent {
    fn now(&self) -> String {
        "2026-01-01T00:00:00Z".to_owned()
    }
    fn elapsed(&self) -> f64 {
        0.0
    }
    fn peak_memory(&self) -> u64 {
        0
    }
    fn stage(&self, _: &str, _: Work) {}
    fn busy_with(&self, _: &str) {}
    fn advance(&self, _: u64) {}
    fn identity(&self) -> (u32, String) {
        (0, "bench".to_owned())
    }
}

fn main() {
    let arguments: Vec<u64> =
        std::env::args().skip(1).filter(|argument| argument != "--bench").map_while(|text| text.parse().ok()).collect();
    let Some(seeds) = arguments.first().copied() else {
        // `cargo test --benches` calls it without arguments.
        println!("usage: detectors SEEDS [UNITS] [CASES] [FIRST SEED] [QUERIES]");
        return;
    };
    let of = |place: usize, default: u64| arguments.get(place).copied().unwrap_or(default);
    let (size, first) = (Size { units: of(1, 150) as usize, cases: of(2, 15_000) }, of(3, 0));
    let overlay = std::env::args().skip(1).find(|argument| Path::new(argument).is_dir());
    let (library, diagnostics) = Library::read(overlay.as_deref().map(Path::new)).expect("the library reads");
    assert!(diagnostics.errors() == 0, "the library has errors: see kaohe check");
    let outcomes = Mutex::new(Vec::new());
    let next = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let job = next.fetch_add(1, Ordering::Relaxed);
                    if job >= 2 * seeds {
                        return;
                    }
                    let outcome = province(&library, &size, first + job / 2, job % 2 == 0);
                    eprintln!("{}", serde_json::to_string(&outcome).expect("JSON"));
                    outcomes.lock().expect("no thread failed").push(outcome);
                }
            });
        }
    });
    print(&library, &outcomes.into_inner().expect("no thread failed"), &size);
}

fn province(library: &Library, size: &Size, seed: u64, honest: bool) -> Outcome {
    let begun = Instant::now();
    let folder = tempfile::tempdir().expect("a folder");
    let reference = ReferenceTexts::of(library);
    let request = SimulationRequest {
        units: size.units,
        months: 12,
        cases: size.cases,
        seed,
        as_of: YEAR_END,
        format: SimulationFormat::Parquet,
        province: "330000".to_owned(),
        night: None,
        workers: 1,
        plant: if honest { Planting::Nothing } else { Planting::Every },
    };
    simulate(&request, &library.tables, &reference, folder.path(), &|_| {}).expect("a province");
    let detected = judged(library, folder.path());
    let answers = std::fs::read_to_string(folder.path().join("answers.csv")).expect("an answer key");
    outcome(seed, honest, begun.elapsed().as_secs_f64(), &detected, &answers)
}

/// Loads the province and runs every detector over its year.
fn judged(library: &Library, folder: &Path) -> Detected {
    let mut diagnostics = Diagnostics::default();
    let project = Project::read(folder, &BTreeMap::new(), &mut diagnostics).expect("the project reads").expect("a project");
    let period: Period = "2025".parse().expect("a period");
    let (file, scheme) = library.scheme_text("2026").expect("a scheme");
    let scheme = read_scheme("2026", &file, scheme, &library.indicators, &mut diagnostics).expect("it reads");
    let request = Request {
        project: &project,
        library,
        scheme: &scheme,
        diagnostics: &diagnostics,
        period: period.clone(),
        as_of: YEAR_END,
        run: RunId("bench".to_owned()),
        out: folder.to_owned(),
        memory_limit: None,
        partitions: 1,
        seed: 1,
        engine: "bench",
        only_load: true,
    };
    let loaded = nightly::run(&request, &Silent).expect("loaded");
    assert!(loaded.tables.values().all(|table| table.held.is_none()), "a table is held");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a thread");
    runtime.block_on(async {
        let lake = Lake::open(&folder.join("lake")).expect("a lake");
        let snapshot = lake.pin().await.expect("pinned");
        let shapes: Vec<_> = library.tables.values().map(shape_of).collect();
        let spill = folder.join("spill");
        std::fs::create_dir_all(&spill).expect("a folder");
        let limits = Limits { memory: None, spill: &spill, partitions: 1 };
        let counting = CountingSession::open(&lake, &snapshot, library, &shapes, YEAR_END, &limits).await.expect("a session");
        let mut shared = SharedPopulations::new(&counting.context, library, spill.clone(), &|| 0.0);
        let populations = shared.dependencies().clone();
        shared.stand_at(moment_of(Window::Flow, YEAR_END), populations.in_order().map(str::to_owned)).await;
        let effects = Effects::read(&counting.context, YEAR_END).await.expect("effects");
        let request = DetectRequest { library, as_of: YEAR_END, period: &period, effects: &effects };
        detect(&counting.context, &request).await.expect("judged")
    })
}

fn outcome(seed: u64, honest: bool, seconds: f64, detected: &Detected, answers: &str) -> Outcome {
    let mut twins: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    // One occurrence may have several lines: a group each.
    let mut occurrences: BTreeMap<(String, String), (String, String, BTreeSet<String>)> = BTreeMap::new();
    let mut reader = csv::Reader::from_reader(answers.as_bytes());
    for answer in reader.records().map(|answer| answer.expect("the answer key is CSV")) {
        let (pattern, unit) = (answer[0].to_owned(), answer[1].to_owned());
        if let Some(twin) = pattern.strip_prefix(TWIN) {
            twins.entry(twin.to_owned()).or_default().insert(unit);
            continue;
        }
        let (group, strength) = (answer[2].to_owned(), answer.get(4).unwrap_or_default().to_owned());
        let of = occurrences.entry((pattern, unit)).or_insert_with(|| (group, strength, BTreeSet::new()));
        of.2.extend(answer[3].split(';').filter(|record| !record.is_empty()).map(str::to_owned));
    }
    let mut planted = Vec::new();
    for ((pattern, unit), (group, strength, records)) in occurrences {
        // Nobody knows which unit did not write down its visits: the finding is its county's, whose code begins the unit's.
        let county = if pattern == "unrecorded_visits" { group } else { String::new() };
        let is_of = |other: &str| other == unit || !county.is_empty() && other.starts_with(&county);
        let of_unit = || detected.findings.iter().filter(|finding| finding.detector == pattern && is_of(&finding.unit));
        let evidence: BTreeSet<&str> = of_unit().flat_map(|finding| &finding.evidence).map(|row| row.record_id.as_str()).collect();
        let made = detected.tests.iter().filter(|test| test.detector == pattern && is_of(&test.unit) && test.p_value.is_some());
        let tests = made.map(|test| Judgement {
            domain: test.domain.clone(),
            sign: test.sign.clone(),
            odd: test.odd,
            n: test.n,
            usual: test.usual,
            effect: test.effect,
            p: test.p_value,
            q: test.q_value,
            outcome: test.outcome.word(),
        });
        planted.push(Planted {
            strength,
            records: records.len(),
            listed: records.iter().filter(|record| evidence.contains(record.as_str())).count(),
            found: of_unit().next().is_some(),
            tests: tests.collect(),
            named: of_unit().map(|finding| finding.unit.clone()).collect(),
            pattern,
            unit,
        });
    }
    let cheats: BTreeSet<&str> = planted.iter().map(|answer| answer.unit.as_str()).collect();
    let statistical: Vec<(String, String)> = detected
        .findings
        .iter()
        .filter(|finding| finding.kind == FindingKind::Statistical)
        .map(|finding| (finding.detector.clone(), finding.unit.clone()))
        .collect();
    let is_planted = |(detector, unit): &(String, String)| {
        planted.iter().any(|one| one.pattern == *detector && (one.unit == *unit || one.named.contains(unit)))
    };
    let (beside, wrong): (Vec<_>, Vec<_>) =
        statistical.iter().filter(|one| !is_planted(one)).cloned().partition(|(_, unit)| cheats.contains(unit.as_str()));
    let named: BTreeSet<&str> = statistical.iter().map(|(_, unit)| unit.as_str()).collect();
    let of_twin = |units: &BTreeSet<String>| {
        let honest: Vec<&String> = units.iter().filter(|unit| !cheats.contains(unit.as_str())).collect();
        (honest.len(), honest.iter().filter(|unit| named.contains(unit.as_str())).count())
    };
    let twins = twins.iter().map(|(twin, units)| (twin.clone(), of_twin(units))).collect();
    let units: BTreeSet<&str> = detected.tests.iter().filter(|test| test.p_value.is_some()).map(|test| test.unit.as_str()).collect();
    Outcome {
        seed,
        honest,
        seconds,
        units: units.len(),
        wrong,
        beside,
        flagged: statistical.len(),
        twins,
        planted,
        failed: detected.failed.clone(),
    }
}

fn print(library: &Library, outcomes: &[Outcome], size: &Size) {
    let (honest, planted): (Vec<&Outcome>, Vec<&Outcome>) = outcomes.iter().partition(|outcome| outcome.honest);
    let unit_years: usize = honest.iter().map(|outcome| outcome.units).sum();
    let false_alarms: usize = honest.iter().map(|outcome| outcome.wrong.len()).sum();
    let proportion = |outcome: &&Outcome, also: bool| {
        let wrong = outcome.wrong.len() + if also { outcome.beside.len() } else { 0 };
        wrong as f64 / outcome.flagged.max(1) as f64
    };
    let mean = |also: bool| planted.iter().map(|outcome| proportion(outcome, also)).sum::<f64>() / planted.len().max(1) as f64;
    let seconds: f64 = outcomes.iter().map(|outcome| outcome.seconds).sum::<f64>() / outcomes.len().max(1) as f64;
    println!("{} seeds, {} units and {} cases a province; {seconds:.1} s a province\n", honest.len(), size.units, size.cases);
    println!("| figure | goal | found |\n|---|---|---|");
    println!("| statistical findings per 1000 unit-years, nobody cheats | ≤ 2 | {:.2} |", per_thousand(false_alarms, unit_years));
    println!("| share of findings at units where nothing was planted, mean of provinces | ≤ 0.05 | {:.3} |", mean(false));
    println!("| the same, another pattern than the planted one counted as wrong | | {:.3} |", mean(true));
    let (mut touched, mut named) = (0, 0);
    for (units, of_those) in planted.iter().flat_map(|outcome| outcome.twins.values()) {
        (touched, named) = (touched + units, named + of_those);
    }
    println!("| benign twins of which nothing is said | ≥ 0.99 | {:.4} |", 1.0 - named as f64 / touched.max(1) as f64);
    let failed: BTreeSet<&String> = outcomes.iter().flat_map(|outcome| outcome.failed.keys()).collect();
    println!("| detectors that failed anywhere | none | {} |", failed.into_iter().map(String::as_str).collect::<Vec<_>>().join(", "));
    println!("\n| twin | units | named |\n|---|---|---|");
    let twins: BTreeSet<&String> = planted.iter().flat_map(|outcome| outcome.twins.keys()).collect();
    for twin in twins {
        let of: Vec<&(usize, usize)> = planted.iter().filter_map(|outcome| outcome.twins.get(twin)).collect();
        println!("| {twin} | {} | {} |", of.iter().map(|one| one.0).sum::<usize>(), of.iter().map(|one| one.1).sum::<usize>());
    }
    println!("\n| detector | planted | {} | n < minimum | honest: per 1000 | planted: wrong |", STRENGTHS.join(" | "));
    println!("|---|---|{}---|---|---|", "---|".repeat(STRENGTHS.len()));
    for detector in library.detectors.values().filter(|detector| detector.statistic != Statistic::Rule) {
        let of: Vec<&Planted> = planted.iter().flat_map(|outcome| &outcome.planted).filter(|one| one.pattern == detector.name).collect();
        let judged: Vec<&&Planted> = of.iter().filter(|one| one.judged().is_some()).collect();
        let recall = |strength: &&str| {
            let here: Vec<bool> = judged.iter().filter(|one| one.strength == **strength).map(|one| one.found).collect();
            let found = here.iter().filter(|found| **found).count();
            if here.is_empty() { "–".to_owned() } else { format!("{:.2} ({})", found as f64 / here.len() as f64, here.len()) }
        };
        let wrong = |outcomes: &[&Outcome]| outcomes.iter().flat_map(|one| &one.wrong).filter(|(name, _)| *name == detector.name).count();
        let cells: Vec<String> = STRENGTHS.iter().map(recall).collect();
        println!(
            "| {} | {} | {} | {} | {:.2} | {} |",
            detector.name,
            of.len(),
            cells.join(" | "),
            of.len() - judged.len(),
            per_thousand(wrong(&honest), unit_years),
            wrong(&planted)
        );
    }
    println!("\n| facts | units planted | found | records planted | listed |\n|---|---|---|---|---|");
    for detector in library.detectors.values().filter(|detector| detector.statistic == Statistic::Rule) {
        let of: Vec<&Planted> = planted.iter().flat_map(|outcome| &outcome.planted).filter(|one| one.pattern == detector.name).collect();
        let sum = |value: fn(&Planted) -> usize| of.iter().map(|one| value(one)).sum::<usize>();
        let found = of.iter().filter(|one| one.found).count();
        println!("| {} | {} | {found} | {} | {} |", detector.name, of.len(), sum(|one| one.records), sum(|one| one.listed));
    }
    println!("\nRecall by the number of records that were judged, strengths of 0.6 and more:\n\n| n | planted | found |\n|---|---|---|");
    for (low, high) in [(0, 30), (30, 60), (60, 120), (120, 250), (250, i64::MAX)] {
        let strong = ["0.6", "0.8", "1.0", "documented"];
        let here: Vec<&Planted> = planted
            .iter()
            .flat_map(|outcome| &outcome.planted)
            .filter(|one| strong.contains(&one.strength.as_str()) && one.judged().is_some_and(|n| (low..high).contains(&n)))
            .collect();
        let found = here.iter().filter(|one| one.found).count();
        let until = if high == i64::MAX { "and more".to_owned() } else { format!("to {}", high - 1) };
        println!("| {low} {until} | {} | {:.2} |", here.len(), found as f64 / here.len().max(1) as f64);
    }
}

fn per_thousand(count: usize, of: usize) -> f64 {
    count as f64 / of.max(1) as f64 * 1000.0
}
