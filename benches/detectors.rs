//! What every detector finds of planted cheating, and whom it names for nothing, over many simulated provinces.
//!
//! In: number of seeds (argument 1), and optionally units (2), cases (3) and the first seed (4); a folder of queries that lie over the shipped ones (a
//! changed detector is measured without a build); a file `….jsonl` of outcomes. Out: Markdown tables on standard output; the outcome of every province, with
//! the tests of every planted unit, as a line of that file: provinces that it holds are not made again, so that two hundred seeds may take several
//! sittings (of the same build: a line holds the digest of the detectors, and others are refused). Never here: thresholds; how anything is planted (that is
//! `simulate`).
//!
//! Each seed gives two provinces, loaded and judged by the code of a run as of a year's end: one in which nobody cheats, and one in which each pattern is planted
//! at units of its own, at a strength that the answer key tells, beside the benign twins.
//!
//! `cargo bench --bench detectors -- 200 100 16000 1000 target/detectors.jsonl`
//!
//! `cargo bench --bench detectors -- cost PROJECT AS-OF [MEMORY IN MIB] [DETECTOR …]` instead runs every detector, or those named, once over a lake that is
//! loaded, with the project's `queries/` over the shipped ones, and prints the seconds of each, as they end, and the peak of memory.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use jiff::civil::Date;
use kaohe::compute::counting_session::{CountingSession, Limits};
use kaohe::compute::run::moment_of;
use kaohe::compute::shared::SharedPopulations;
use kaohe::diagnostics::Diagnostics;
use kaohe::findings::effects::Effects;
use kaohe::findings::tables::{Detected, Evidence, Finding, FindingKind};
use kaohe::findings::{DetectRequest, WORTH_STORING, detect};
use kaohe::lake::Lake;
use kaohe::library::Library;
use kaohe::library::detector::Statistic;
use kaohe::library::indicator::Window;
use kaohe::library::scheme::read_scheme;
use kaohe::nightly::loading::shape_of;
use kaohe::nightly::{self, Purpose, Request, Surroundings, Work};
use kaohe::process_memory;
use kaohe::project::Project;
use kaohe::simulate::{Planting, ReferenceTexts, SimulationFormat, SimulationRequest, simulate};
use kaohe::statistics::proportion::{DEVIATE_95, wilson_at};
use kaohe::terms::{Period, RunId};

/// As in the program itself.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const YEAR_END: jiff::civil::Date = jiff::civil::date(2025, 12, 31);

/// Folders whose files make an outcome what it is.
const SOURCES: [&str; 4] = ["src/findings", "src/simulate", "src/statistics", "src/functions"];

/// Strengths of the answer key, the last one that of a documented case.
const STRENGTHS: [&str; 6] = ["0.2", "0.4", "0.6", "0.8", "1.0", DOCUMENTED];
const DOCUMENTED: &str = "documented";

/// So many records of a twin make a unit one that it touches.
const TOUCHED: usize = 5;

/// Answers of benign twins begin with this.
const TWIN: &str = "twin:";

/// Months of a province: the judged year, and enough of the one before for what was held back from it.
const MONTHS: usize = 16;

struct Size {
    units: usize,
    cases: u64,
}

/// One line of the answer key.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
struct Planted {
    pattern: String,
    unit: String,
    strength: String,
    /// Planted records.
    records: usize,
    /// Of those, the ones that the finding of this pattern at this unit lists, themselves or by a paper, film or lead with their number.
    listed: usize,
    /// A finding of this detector names the unit; a fact, with some of what was planted.
    found: bool,
    /// The units that it names.
    named: Vec<String>,
    /// The tests of this detector that were made of the unit.
    tests: Vec<Judgement>,
}

/// A test that was made, as `finding_tests` tells it.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
struct Judgement {
    domain: String,
    sign: String,
    odd: i64,
    n: i64,
    usual: Option<f64>,
    effect: Option<f64>,
    p: Option<f64>,
    q: Option<f64>,
    outcome: String,
}

impl Planted {
    /// A test of this detector was made of the unit, with at most so many records.
    fn judged(&self) -> Option<i64> {
        self.tests.iter().map(|test| test.n).max()
    }
}

/// What one province showed.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
struct Outcome {
    /// Digest of the detectors, the populations and parameters, and the province's size.
    made_with: String,
    seed: u64,
    honest: bool,
    seconds: f64,
    /// Units with at least one test.
    units: usize,
    planted: Vec<Planted>,
    /// Statistical findings at units that nothing was planted at: (detector, unit).
    wrong: Vec<(String, String)>,
    /// Statistical findings of another pattern at a unit with one, most of whose rows are planted records all the same: (detector, unit).
    same_records: Vec<(String, String)>,
    /// Statistical findings of another pattern at a unit with one, of other records.
    beside: Vec<(String, String)>,
    /// Facts at units that nothing was planted at.
    facts: Vec<(String, String)>,
    /// All statistical findings.
    flagged: usize,
    /// Twins, with how many units they touch and how many of those were named.
    twins: BTreeMap<String, (usize, usize)>,
    /// Statistical findings of those units, by twin: (detector, unit).
    twin_named: BTreeMap<String, Vec<(String, String)>>,
    /// Of those units, by twin: findings that are facts, most of whose rows are records of the twin.
    twin_facts: BTreeMap<String, Vec<(String, String)>>,
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
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    if let [cost, project, as_of, rest @ ..] = words.as_slice()
        && cost == "cost"
    {
        let memory = rest.first().and_then(|word| word.parse::<usize>().ok());
        let only = if memory.is_some() { &rest[1..] } else { rest };
        return print_cost(Path::new(project), as_of.parse().expect("a day"), memory.map(|mebibytes| mebibytes << 20), only);
    }
    let numbers: Vec<u64> = words.iter().filter_map(|word| word.parse().ok()).collect();
    let Some(seeds) = numbers.first().copied() else {
        // `cargo test --benches` calls it without arguments.
        println!("usage: detectors SEEDS [UNITS] [CASES] [FIRST SEED] [QUERIES] [OUTCOMES.jsonl]");
        return;
    };
    let of = |place: usize, default: u64| numbers.get(place).copied().unwrap_or(default);
    let (size, first) = (Size { units: of(1, 150) as usize, cases: of(2, 15_000) }, of(3, 0));
    let overlay = words.iter().find(|word| Path::new(word).is_dir());
    let (library, diagnostics) = Library::read(overlay.map(Path::new)).expect("the library reads");
    assert!(diagnostics.errors() == 0, "the library has errors: see kaohe check");
    let made_with = made_with(&library, &size).expect("the sources read");
    let file = words.iter().find(|word| word.ends_with(".jsonl"));
    let known = file.map_or_else(Vec::new, |file| known_outcomes(file, &made_with));
    let mut kept = file.map(|file| OpenOptions::new().create(true).append(true).open(file).expect("the file of outcomes opens"));
    let seeds = first..first + seeds;
    let outcomes: Vec<Outcome> = known.into_iter().filter(|outcome| seeds.contains(&outcome.seed)).collect();
    let is_known = |seed: u64, honest: bool| outcomes.iter().any(|outcome| (outcome.seed, outcome.honest) == (seed, honest));
    let jobs = seeds.flat_map(|seed| [(seed, true), (seed, false)]).filter(|(seed, honest)| !is_known(*seed, *honest));
    let (jobs, outcomes) = (Mutex::new(jobs.collect::<VecDeque<_>>()), Mutex::new((outcomes.clone(), &mut kept)));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let Some((seed, honest)) = jobs.lock().expect("no thread failed").pop_front() else { return };
                    let outcome = province(&library, &size, (seed, honest), &made_with);
                    let (outcomes, kept) = &mut *outcomes.lock().expect("no thread failed");
                    if let Some(file) = kept {
                        let line = serde_json::to_string(&outcome).expect("JSON");
                        writeln!(file, "{line}").expect("the outcome is written");
                    }
                    outcomes.push(outcome);
                }
            });
        }
    });
    print(&library, &outcomes.into_inner().expect("no thread failed").0, &size);
}

/// What an outcome rests on beside its seed: the sources of detectors, statistics and simulator, the SQL, the parameters, the size.
fn made_with(library: &Library, size: &Size) -> std::io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    let mut sources = Vec::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders: Vec<_> = SOURCES.iter().map(|folder| root.join(folder)).collect();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() { folders.push(path) } else { sources.push(path) }
        }
    }
    sources.sort();
    for source in sources {
        hasher.update(&std::fs::read(source)?);
    }
    hasher.update(format!("{} {} {MONTHS}", size.units, size.cases).as_bytes());
    for detector in library.detectors.values() {
        hasher.update(format!("{detector:?}").as_bytes());
    }
    for (name, population) in &library.populations {
        hasher.update(format!("{name} {population:?}").as_bytes());
    }
    for (name, parameter) in &library.parameters {
        hasher.update(format!("{name} {parameter:?}").as_bytes());
    }
    Ok(hasher.finalize().to_hex()[..12].to_owned())
}

/// The outcomes of an earlier sitting.
fn known_outcomes(file: &str, made_with: &str) -> Vec<Outcome> {
    let Ok(text) = std::fs::read_to_string(file) else { return Vec::new() };
    let outcomes: Vec<Outcome> = text.lines().map(|line| serde_json::from_str(line).expect("a line of outcomes reads")).collect();
    assert!(
        outcomes.iter().all(|outcome| outcome.made_with == made_with),
        "{file} holds outcomes of other detectors or of another size: name another file"
    );
    outcomes
}

fn province(library: &Library, size: &Size, (seed, honest): (u64, bool), made_with: &str) -> Outcome {
    let begun = Instant::now();
    let folder = tempfile::tempdir().expect("a folder");
    let reference = ReferenceTexts::of(library);
    let request = SimulationRequest {
        units: size.units,
        months: MONTHS,
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
    let simulated = begun.elapsed();
    let (loaded, detected) = judged(library, folder.path());
    let judged = begun.elapsed() - simulated - loaded;
    eprintln!(
        "seed {seed}, {}: simulated in {simulated:.1?}, loaded in {loaded:.1?}, judged in {judged:.1?}",
        if honest { "nobody cheats" } else { "planted" }
    );
    let answers = std::fs::read_to_string(folder.path().join("answers.csv")).expect("an answer key");
    let told = outcome(&detected, &answers);
    Outcome { made_with: made_with.to_owned(), seed, honest, seconds: begun.elapsed().as_secs_f64(), ..told }
}

/// Loads the province, and runs every detector over its year.
fn judged(library: &Library, folder: &Path) -> (Duration, Detected) {
    let begun = Instant::now();
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
        build: String::new(),
        purpose: Purpose::OnlyLoad,
    };
    let loaded = nightly::run(&request, &Silent).expect("loaded");
    assert!(loaded.tables.values().all(|table| table.held.is_none()), "a table is held");
    let seconds = begun.elapsed();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a thread");
    let over = Over { library, folder, period: &period, as_of: YEAR_END, memory: None, partitions: 1, elapsed: &|| 0.0, finished: &|| () };
    (seconds, runtime.block_on(detected(&over, &|_| ())))
}

/// The lake that detectors look at.
struct Over<'a> {
    library: &'a Library,
    folder: &'a Path,
    period: &'a Period,
    as_of: Date,
    memory: Option<usize>,
    partitions: usize,
    elapsed: &'a (dyn Fn() -> f64 + Sync),
    finished: &'a (dyn Fn() + Sync),
}

/// Every detector over a loaded lake; told when the populations stand.
async fn detected(over: &Over<'_>, stand: &dyn Fn(&str)) -> Detected {
    let lake = Lake::open(&over.folder.join("lake")).expect("a lake");
    let snapshot = lake.pin().await.expect("pinned");
    let shapes: Vec<_> = over.library.tables.values().map(shape_of).collect();
    let spill = over.folder.join("spill");
    std::fs::create_dir_all(&spill).expect("a folder");
    let limits = Limits { memory: over.memory, spill: &spill, partitions: over.partitions };
    let counting = CountingSession::open(&lake, &snapshot, over.library, &shapes, over.as_of, &limits).await.expect("a session");
    let mut shared = SharedPopulations::new(&counting.context, over.library, spill.clone(), over.elapsed);
    let populations = shared.dependencies().clone();
    shared.stand_at(moment_of(Window::Flow, over.as_of), populations.in_order().map(str::to_owned)).await;
    stand("populations");
    let effects = Effects::read(&counting.context, over.as_of).await.expect("effects");
    let Over { library, period, as_of, elapsed, finished, .. } = *over;
    let request = DetectRequest { library, as_of, period, effects: &effects, elapsed, stored_from: WORTH_STORING, finished };
    detect(&mut shared, &request).await.expect("judged")
}

/// Seconds of each detector over the lake of `project`; of those named, where some are.
fn print_cost(project: &Path, as_of: Date, memory: Option<usize>, only: &[String]) {
    let queries = Some(project.join("queries")).filter(|queries| queries.is_dir());
    let (mut library, _) = Library::read(queries.as_deref()).expect("the library reads");
    library.detectors.retain(|name, _| only.is_empty() || only.contains(name));
    let period: Period = as_of.year().to_string().parse().expect("a period");
    let partitions = std::thread::available_parallelism().map_or(1, usize::from);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(partitions).enable_all().build().expect("threads");
    let begun = Instant::now();
    let last = Mutex::new(begun);
    let told = |name: &str| {
        let mut last = last.lock().expect("nobody failed");
        eprintln!("{name}: {:.1} s, at most {} MB", last.elapsed().as_secs_f64(), process_memory::peak().unwrap_or(0) / 1_000_000);
        // From here on the peak is that of the next one (proc(5), clear_refs).
        let _ = std::fs::write("/proc/self/clear_refs", "5");
        *last = Instant::now();
    };
    let names = Mutex::new(library.detectors.keys());
    let finished = || told(names.lock().expect("nobody failed").next().expect("a detector for each"));
    let elapsed = || begun.elapsed().as_secs_f64();
    let over =
        Over { library: &library, folder: project, period: &period, as_of, memory, partitions, elapsed: &elapsed, finished: &finished };
    let detected = runtime.block_on(detected(&over, &told));
    println!("| detector | seconds |\n|---|---|");
    for (name, seconds) in &detected.seconds {
        println!("| {name} | {seconds:.1} |");
    }
    let (whole, of_detectors) = (elapsed(), detected.seconds.values().sum::<f64>());
    println!("| populations that they share | {:.1} |", whole - of_detectors);
    told("findings of flagged tests");
    let evidence: usize = detected.findings.iter().map(|finding| finding.evidence.len()).sum();
    println!(
        "| together | {whole:.1} |\n\n{} findings with {evidence} rows of evidence, failed: {:?}",
        detected.findings.len(),
        detected.failed
    );
}

/// What was found of what was planted; who made it and when is filled in by the caller.
fn outcome(detected: &Detected, answers: &str) -> Outcome {
    let mut twins: BTreeMap<String, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    // One occurrence may have several lines: a group each.
    let mut occurrences: BTreeMap<(String, String), (String, String, BTreeSet<String>)> = BTreeMap::new();
    let mut reader = csv::Reader::from_reader(answers.as_bytes());
    for answer in reader.records().map(|answer| answer.expect("the answer key is CSV")) {
        let (pattern, unit) = (answer[0].to_owned(), answer[1].to_owned());
        if let Some(twin) = pattern.strip_prefix(TWIN) {
            let records = twins.entry(twin.to_owned()).or_default().entry(unit).or_default();
            records.extend(answer[3].split(';').filter(|record| !record.is_empty()).map(str::to_owned));
            continue;
        }
        let (group, strength) = (answer[2].to_owned(), answer.get(4).unwrap_or_default().to_owned());
        let of = occurrences.entry((pattern, unit)).or_insert_with(|| (group, strength, BTreeSet::new()));
        of.2.extend(answer[3].split(';').filter(|record| !record.is_empty()).map(str::to_owned));
    }
    let mut planted = Vec::new();
    let mut records_of: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for ((pattern, unit), (group, strength, records)) in occurrences {
        records_of.entry(unit.clone()).or_default().extend(records.iter().cloned());
        // Nobody knows which unit did not write down its visits: the finding is its county's, whose code begins the unit's.
        let county = if pattern == "unrecorded_visits" { group } else { String::new() };
        let is_of = |other: &str| other == unit || !county.is_empty() && other.starts_with(&county);
        let of_unit = || detected.findings.iter().filter(|finding| finding.detector == pattern && is_of(&finding.unit));
        let evidence: BTreeSet<&str> = of_unit().flat_map(|finding| &finding.evidence).map(|row| row.record_id.as_str()).collect();
        let is_listed = |record: &String| evidence.contains(record.as_str()) || evidence.iter().any(|row| row.contains(record.as_str()));
        let listed = records.iter().filter(|record| is_listed(record)).count();
        // A fact names the unit for what was planted only where it lists some of it: honest slips are facts as well.
        let is_found = |finding: &Finding| finding.kind == FindingKind::Statistical || listed > 0;
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
            outcome: test.outcome.word().to_owned(),
        });
        planted.push(Planted {
            strength,
            records: records.len(),
            listed,
            found: of_unit().any(is_found),
            tests: tests.collect(),
            named: of_unit().map(|finding| finding.unit.clone()).collect(),
            pattern,
            unit,
        });
    }
    let cheats: BTreeSet<&str> = planted.iter().map(|answer| answer.unit.as_str()).collect();
    let is_planted = |finding: &Finding| {
        planted.iter().any(|one| one.pattern == finding.detector && (one.unit == finding.unit || one.named.contains(&finding.unit)))
    };
    let (statistical, facts): (Vec<&Finding>, Vec<&Finding>) =
        detected.findings.iter().partition(|finding| finding.kind == FindingKind::Statistical);
    let (at_a_cheat, wrong): (Vec<&Finding>, Vec<&Finding>) =
        statistical.iter().copied().filter(|finding| !is_planted(finding)).partition(|finding| cheats.contains(finding.unit.as_str()));
    let (same_records, beside): (Vec<&Finding>, Vec<&Finding>) =
        at_a_cheat.into_iter().partition(|finding| records_of.get(&finding.unit).is_some_and(|records| is_mostly_of(finding, records)));
    let facts = facts.into_iter().filter(|finding| !is_planted(finding) && !cheats.contains(finding.unit.as_str())).collect();
    let named: BTreeSet<&str> = statistical.iter().map(|finding| finding.unit.as_str()).collect();
    // A unit with a record or two of an outage shows nothing of it.
    let honest = |units: &BTreeMap<String, BTreeSet<String>>| -> BTreeMap<String, BTreeSet<String>> {
        let is_honest = |(unit, records): &(&String, &BTreeSet<String>)| {
            !cheats.contains(unit.as_str()) && (records.is_empty() || records.len() >= TOUCHED)
        };
        units.iter().filter(is_honest).map(|(unit, records)| (unit.clone(), records.clone())).collect()
    };
    let twins: BTreeMap<&String, BTreeMap<String, BTreeSet<String>>> = twins.iter().map(|(twin, units)| (twin, honest(units))).collect();
    let of_twin =
        |units: &BTreeMap<String, BTreeSet<String>>| (units.len(), units.keys().filter(|unit| named.contains(unit.as_str())).count());
    let facts_of_twin = |units: &BTreeMap<String, BTreeSet<String>>| {
        let is_of = |finding: &&Finding| units.get(&finding.unit).is_some_and(|records| is_mostly_of(finding, records));
        names(detected.findings.iter().filter(|finding| finding.kind == FindingKind::Fact).filter(is_of).collect())
    };
    let named_of_twin = |units: &BTreeMap<String, BTreeSet<String>>| {
        names(statistical.iter().copied().filter(|finding| units.contains_key(&finding.unit)).collect())
    };
    let twin_named = twins.iter().map(|(twin, units)| ((*twin).clone(), named_of_twin(units))).collect();
    let twin_facts = twins.iter().map(|(twin, units)| ((*twin).clone(), facts_of_twin(units))).collect();
    let twins = twins.iter().map(|(twin, units)| ((*twin).clone(), of_twin(units))).collect();
    let units: BTreeSet<&str> = detected.tests.iter().filter(|test| test.p_value.is_some()).map(|test| test.unit.as_str()).collect();
    Outcome {
        made_with: String::new(),
        seed: 0,
        honest: true,
        seconds: 0.0,
        units: units.len(),
        wrong: names(wrong),
        same_records: names(same_records),
        beside: names(beside),
        facts: names(facts),
        flagged: statistical.len(),
        twins,
        twin_named,
        twin_facts,
        planted,
        failed: detected.failed.clone(),
    }
}

fn names(findings: Vec<&Finding>) -> Vec<(String, String)> {
    findings.into_iter().map(|finding| (finding.detector.clone(), finding.unit.clone())).collect()
}

/// At least half of the finding's rows are planted records, or belong to one: the simulator's lead, paper or visit of a case has its number in its own.
fn is_mostly_of(finding: &Finding, records: &BTreeSet<String>) -> bool {
    let is_of = |row: &&Evidence| records.contains(&row.record_id) || records.iter().any(|record| row.record_id.contains(record.as_str()));
    2 * finding.evidence.iter().filter(is_of).count() >= finding.evidence.len()
}

fn print(library: &Library, outcomes: &[Outcome], size: &Size) {
    let (honest, planted): (Vec<&Outcome>, Vec<&Outcome>) = outcomes.iter().partition(|outcome| outcome.honest);
    let seconds: f64 = outcomes.iter().map(|outcome| outcome.seconds).sum::<f64>() / outcomes.len().max(1) as f64;
    println!("{} seeds, {} units and {} cases a province; {seconds:.1} s a province\n", honest.len(), size.units, size.cases);
    print_figures(&honest, &planted);
    print_documented(library, &planted);
    print_twins(&planted);
    print_recall(library, &honest, &planted);
    print_facts(library, &honest, &planted);
    print_power(library, &planted);
}

fn print_figures(honest: &[&Outcome], planted: &[&Outcome]) {
    let unit_years: usize = honest.iter().map(|outcome| outcome.units).sum();
    let false_alarms: usize = honest.iter().map(|outcome| outcome.wrong.len()).sum();
    let mean = |wrong: fn(&Outcome) -> usize| {
        let of = |outcome: &&Outcome| wrong(outcome) as f64 / outcome.flagged.max(1) as f64;
        planted.iter().map(of).sum::<f64>() / planted.len().max(1) as f64
    };
    println!("| figure | goal | found |\n|---|---|---|");
    println!(
        "| statistical findings per 1000 unit-years, nobody cheats ({unit_years} unit-years) | ≤ 2 | {:.2} |",
        per_thousand(false_alarms, unit_years)
    );
    println!("| share of findings at units where nothing was planted, mean of provinces | ≤ 0.05 | {:.3} |", mean(|one| one.wrong.len()));
    println!(
        "| and of those of another pattern and other records than the planted ones | | {:.3} |",
        mean(|one| one.wrong.len() + one.beside.len())
    );
    println!("| and of every other pattern | | {:.3} |", mean(|one| one.wrong.len() + one.beside.len() + one.same_records.len()));
    let (touched, named) = planted.iter().flat_map(|outcome| outcome.twins.values()).fold((0, 0), |sum, of| (sum.0 + of.0, sum.1 + of.1));
    println!(
        "| benign twins that no statistical finding names (facts of their records: below) | ≥ 0.99 | {} |",
        rate(touched - named, touched)
    );
    let failed: BTreeSet<&str> = honest.iter().chain(planted).flat_map(|outcome| outcome.failed.keys()).map(String::as_str).collect();
    println!("| detectors that failed anywhere | none | {} |", failed.into_iter().collect::<Vec<_>>().join(", "));
}

fn print_twins(planted: &[&Outcome]) {
    println!("\n| twin | units with {TOUCHED} records of it and more | no statistical finding | named by | facts of its records |");
    println!("|---|---|---|---|---|");
    let twins: BTreeSet<&String> = planted.iter().flat_map(|outcome| outcome.twins.keys()).collect();
    for twin in twins {
        let of = planted.iter().filter_map(|outcome| outcome.twins.get(twin));
        let (touched, named) = of.fold((0, 0), |sum, of| (sum.0 + of.0, sum.1 + of.1));
        let facts: usize = planted.iter().filter_map(|outcome| outcome.twin_facts.get(twin)).map(Vec::len).sum();
        let mut by: BTreeMap<&str, usize> = BTreeMap::new();
        for (detector, _) in planted.iter().filter_map(|outcome| outcome.twin_named.get(twin)).flatten() {
            *by.entry(detector).or_default() += 1;
        }
        let by: Vec<String> = by.into_iter().map(|(detector, units)| format!("{detector} {units}")).collect();
        println!("| {twin} | {touched} | {} | {} | {facts} |", rate(touched - named, touched), by.join(", "));
    }
}

/// The documented cases by themselves: each must be found.
fn print_documented(library: &Library, planted: &[&Outcome]) {
    println!("\n| documented case | planted | enough records | found |\n|---|---|---|---|");
    let of = |outcome: &&'_ Outcome| outcome.planted.iter().filter(|one| one.strength == DOCUMENTED).cloned().collect::<Vec<_>>();
    let documented: Vec<Planted> = planted.iter().flat_map(of).collect();
    let patterns: BTreeSet<&String> = documented.iter().map(|one| &one.pattern).collect();
    for pattern in patterns {
        let of: Vec<&Planted> = documented.iter().filter(|one| one.pattern == *pattern).collect();
        // A fact has no test; what it needs is a record.
        let is_fact = library.detectors.get(pattern).is_some_and(|detector| detector.statistic == Statistic::Rule);
        let judged: Vec<&&Planted> = of.iter().filter(|one| is_fact || one.judged().is_some()).collect();
        println!("| {pattern} | {} | {} | {} |", of.len(), judged.len(), rate(judged.iter().filter(|one| one.found).count(), judged.len()));
    }
}

/// Where a pattern was planted, whoever was planted there.
fn planted_of<'a>(planted: &[&'a Outcome], detector: &str) -> Vec<&'a Planted> {
    planted.iter().flat_map(|outcome| &outcome.planted).filter(|one| one.pattern == detector).collect()
}

fn of_detector(found: &[(String, String)], detector: &str) -> usize {
    found.iter().filter(|(name, _)| name == detector).count()
}

/// Recall by strength, of units with enough records.
fn print_recall(library: &Library, honest: &[&Outcome], planted: &[&Outcome]) {
    let unit_years: usize = honest.iter().map(|outcome| outcome.units).sum();
    println!("\n| detector | planted | {} | too few records | per 1000 honest unit-years | wrong beside cheats |", STRENGTHS.join(" | "));
    println!("|---|---|{}---|---|---|", "---|".repeat(STRENGTHS.len()));
    for detector in library.detectors.values().filter(|detector| detector.statistic != Statistic::Rule) {
        let of = planted_of(planted, &detector.name);
        let judged: Vec<&&Planted> = of.iter().filter(|one| one.judged().is_some()).collect();
        let recall = |strength: &&str| {
            let here: Vec<&&&Planted> = judged.iter().filter(|one| one.strength == **strength).collect();
            rate(here.iter().filter(|one| one.found).count(), here.len())
        };
        let wrong = |outcomes: &[&Outcome]| outcomes.iter().map(|one| of_detector(&one.wrong, &detector.name)).sum::<usize>();
        println!(
            "| {} | {} | {} | {} | {:.2} | {} |",
            detector.name,
            of.len(),
            STRENGTHS.iter().map(recall).collect::<Vec<_>>().join(" | "),
            of.len() - judged.len(),
            per_thousand(wrong(honest), unit_years),
            wrong(planted)
        );
    }
}

fn print_facts(library: &Library, honest: &[&Outcome], planted: &[&Outcome]) {
    let unit_years: usize = honest.iter().map(|outcome| outcome.units).sum();
    println!(
        "\n| facts | units planted | found | records planted | listed | findings per 1000 honest unit-years |\n|---|---|---|---|---|---|"
    );
    for detector in library.detectors.values().filter(|detector| detector.statistic == Statistic::Rule) {
        let of = planted_of(planted, &detector.name);
        let sum = |value: fn(&Planted) -> usize| of.iter().map(|one| value(one)).sum::<usize>();
        let found = rate(of.iter().filter(|one| one.found).count(), of.len());
        let honest: usize = honest.iter().map(|one| of_detector(&one.facts, &detector.name)).sum();
        println!(
            "| {} | {} | {found} | {} | {} | {:.1} |",
            detector.name,
            of.len(),
            sum(|one| one.records),
            sum(|one| one.listed),
            per_thousand(honest, unit_years)
        );
    }
}

/// Below which number of records a detector is blind, though the pattern is strong.
fn print_power(library: &Library, planted: &[&Outcome]) {
    const NUMBERS: [(i64, i64); 7] = [(0, 30), (30, 60), (60, 120), (120, 250), (250, 500), (500, 1000), (1000, i64::MAX)];
    let titles = NUMBERS.map(|(low, high)| if high == i64::MAX { format!("{low} and more") } else { format!("{low} to {}", high - 1) });
    println!(
        "\nUnits found of units planted at 0.6 and more, by the number of records that were judged:\n\n| detector | {} |",
        titles.join(" | ")
    );
    println!("|---|{}", "---|".repeat(NUMBERS.len()));
    let is_strong = |one: &&Planted| ["0.6", "0.8", "1.0", DOCUMENTED].contains(&one.strength.as_str());
    let line = |title: &str, of: &[&Planted]| {
        let cell = |(low, high): (i64, i64)| {
            let here: Vec<&&Planted> = of.iter().filter(|one| one.judged().is_some_and(|n| (low..high).contains(&n))).collect();
            rate(here.iter().filter(|one| one.found).count(), here.len())
        };
        println!("| {title} | {} |", NUMBERS.map(cell).join(" | "));
    };
    let mut all = Vec::new();
    for detector in library.detectors.values().filter(|detector| detector.statistic != Statistic::Rule) {
        let of: Vec<&Planted> = planted_of(planted, &detector.name).into_iter().filter(is_strong).collect();
        line(&detector.name, &of);
        all.extend(of);
    }
    line("all", &all);
}

/// A share with its 95 % limits (Wilson) and what it is of.
fn rate(count: usize, of: usize) -> String {
    let Some(limits) = wilson_at(count as u64, of as u64, DEVIATE_95) else { return "–".to_owned() };
    format!("{:.2} ({:.2}–{:.2}; {of})", count as f64 / of as f64, limits.low, limits.high)
}

fn per_thousand(count: usize, of: usize) -> f64 {
    count as f64 / of.max(1) as f64 * 1000.0
}
