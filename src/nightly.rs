//! The whole job: load, compute, score, detect, report, switch, send.
//!
//! In: a project, a library, a scheme, a date. Out: new lake versions, a run's folder with result tables and pages, the texts that it has read, and, in one
//! step at the very end, the pointer that makes them current; then the same in the object store of the project, where it names one. A load stops after the
//! lake, a past day before the pointer ([`Purpose`]). Never here: the wall clock, the environment, the terminal; they come in through [`Surroundings`].
//!
//! A run that stops anywhere leaves readers with the results of the run before, because they resolve through `current.json`,
//! which is replaced last.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::civil::Date;

use crate::compute::law::UNLAWFUL;
use crate::compute::usage::{says_without_source, without_source};
use crate::diagnostics::{Diagnostics, Severity};
use crate::error::{Context, Error, Kind, Result};
use crate::lake::{Lake, SpillFolder, WriterLock};
use crate::library::Library;
use crate::library::contract::REGISTRY;
use crate::library::scheme::Scheme;
use crate::project::{Project, Source};
use crate::release::Current;
use crate::report;
use crate::terms::{IndicatorId, Period, RunId, UnitId, counted};

pub mod assessing;
pub mod backfill;
pub mod border_records;
pub mod correcting;
pub mod difference;
pub mod freezes;
pub mod journal;
pub mod kept_loads;
pub mod kept_texts;
pub mod left;
pub mod lineage;
pub mod loading;
pub mod publishing;
pub mod remote;
pub mod retention;
pub mod switched_on;

use assessing::Assessed;
use journal::{Journal, Manifest, RunResults, RunStatus, StageTime, TableResult, Warning};
use lineage::Lineage;
use loading::Loaded;
use switched_on::Counted;

/// What a run is asked to do.
pub struct Request<'a> {
    /// The project.
    pub project: &'a Project,
    /// Its library.
    pub library: &'a Library,
    /// The year's policy.
    pub scheme: &'a Scheme,
    /// Diagnostics about the library, from [`crate::compute::check`]: indicators with errors are held.
    pub diagnostics: &'a Diagnostics,
    /// The span that scorecards speak about.
    pub period: Period,
    /// The day whose 24:00 is the instant of computation.
    pub as_of: Date,
    /// The run's identifier.
    pub run: RunId,
    /// Where `lake/`, `runs/` and `current.json` stand.
    pub out: PathBuf,
    /// Bytes that the engine may use.
    pub memory_limit: Option<usize>,
    /// Cores.
    pub partitions: usize,
    /// Seed of the bootstrap.
    pub seed: u64,
    /// Version of kaohe.
    pub engine: &'a str,
    /// What tells this build of kaohe from another of the same version.
    pub build: String,
    /// What the run is for.
    pub purpose: Purpose<'a>,
}

/// What a run is for.
#[derive(Debug, Clone, Copy)]
pub enum Purpose<'a> {
    /// New results for readers.
    Publish,
    /// New versions of the lake, and nothing else.
    OnlyLoad,
    /// Results of a past day, beside what readers see: over the lake as it stands, with what a load before has left.
    PastDay(&'a PastDay),
}

/// What the computation of a past day goes on from.
#[derive(Debug)]
pub struct PastDay {
    /// Folder of the run that has loaded.
    pub loaded_by: PathBuf,
    /// Source table → version of the lake after that.
    pub versions: BTreeMap<String, u64>,
    /// Folder of the last run of an earlier day.
    pub before: Option<PathBuf>,
}

/// How much work a stage has before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Bytes of source files.
    Bytes(u64),
    /// So many things of this name (in the singular).
    Things(usize, &'static str),
    /// Nobody knows beforehand.
    Unknown,
}

/// What a stage may know of the world.
pub trait Surroundings: Sync {
    /// Wall-clock time as text.
    fn now(&self) -> String;
    /// Seconds since the run began.
    fn elapsed(&self) -> f64;
    /// Peak resident memory so far, bytes; 0 when unknown.
    fn peak_memory(&self) -> u64;
    /// A stage begins, with so much work ahead.
    fn stage(&self, name: &str, work: Work);
    /// What the stage is busy with: a source table.
    fn busy_with(&self, subject: &str);
    /// So much more of the stage's work is done.
    fn advance(&self, amount: u64);
    /// Who runs: process and machine.
    fn identity(&self) -> (u32, String);
    /// The step that switches readers: whoever ends the process waits until it is done.
    fn switch(&self, step: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        step()
    }
    /// Results that readers were switched to are on their way to an object store, or are not any more.
    fn sends(&self, _is_under_way: bool) {}
}

/// The run that readers see before this one.
pub struct Previous {
    /// Its folder.
    pub folder: PathBuf,
    /// Its as-of date.
    pub as_of: Option<Date>,
    /// Its ranks.
    pub ranks: BTreeMap<(UnitId, String), u32>,
    /// What published runs up to it have counted of dynamic indicators.
    pub switched_on: Counted,
}

/// Runs the job. The results say how it ended; an error that stops it is also written to the run's folder.
///
/// # Errors
/// Configuration, environment or conflict: nothing was published.
pub fn run(request: &Request<'_>, surroundings: &dyn Surroundings) -> Result<RunResults> {
    let (pid, host) = surroundings.identity();
    let started = surroundings.now();
    let _lock = WriterLock::acquire(&request.out.join("lake").join(".lock"), &request.run, pid, &host, &started)?;
    let folder = request.out.join("runs").join(&request.run.0);
    remove_abandoned(&request.out);
    let mut journal = Journal::open(&folder)?;
    journal.write(&started, "run-started", &request.run.0, &format!("as of {}, period {}", request.as_of, request.period))?;
    let mut results = RunResults {
        run: request.run.0.clone(),
        project: request.project.name.clone(),
        as_of: request.as_of.to_string(),
        period: request.period.to_string(),
        started,
        finished: String::new(),
        status: RunStatus::Failed,
        stages: Vec::new(),
        tables: BTreeMap::new(),
        held_indicators: BTreeMap::new(),
        indicators: 0,
        indicator_seconds: BTreeMap::new(),
        population_seconds: BTreeMap::new(),
        detector_seconds: BTreeMap::new(),
        table_hashes: BTreeMap::new(),
        counted: Vec::new(),
        scorecards: 0,
        ranked: 0,
        findings: BTreeMap::new(),
        failed_detectors: BTreeMap::new(),
        warnings: Vec::new(),
        without_source: says_without_source(&without_source(request.project, request.library, request.scheme)),
        back_from: None,
        not_reported: Vec::new(),
        resumes: None,
        switched_on: Counted::new(),
        report: None,
        pages: [0, 0],
        error: None,
        sending: None,
    };
    let lineage = Lineage::of(request, &results.started);
    let begun = lineage.start(&folder);
    let mut ended = begun.and_then(|()| stages(request, surroundings, &folder, &mut journal, &mut results));
    let _ = std::fs::remove_dir_all(folder.join("staging"));
    // What was only loaded may be gone on from; what ended is over, before anything of the run is sent.
    if ended.is_ok() && !matches!(request.purpose, Purpose::OnlyLoad) {
        kept_loads::forget(&folder);
    }
    ended = ended.and_then(|()| lineage.end(request, &results, &surroundings.now(), &folder));
    if let Some(publish) = request.project.publish.as_ref().filter(|_| ended.is_ok() && results.is_published()) {
        ended = remote::send(publish, &request.out, &request.run.0, &mut results, &mut journal, surroundings);
    }
    results.finished = surroundings.now();
    if let Err(error) = &ended {
        results.error = Some(error.to_string());
        // Readers may have been switched, and only what came after failed: then they see a run that is done.
        let current = Current::read(&request.out.join("current.json")).ok().flatten();
        if current.is_none_or(|current| current.run != request.run) {
            results.status = RunStatus::Failed;
        }
    }
    // A disk too full for the results must not hide the error that says so.
    let failed = || results.error.as_deref().filter(|_| ended.is_err());
    let told = || failed().map_or(Ok(()), |says| lineage.fail(&results.finished, says, &folder));
    let written = results
        .write(&folder)
        .and_then(|()| told())
        .and_then(|()| journal.write(&results.finished, "run-ended", &request.run.0, results.error.as_deref().unwrap_or("")));
    ended.and(written).map(|()| results)
}

fn stages(
    request: &Request<'_>,
    surroundings: &dyn Surroundings,
    folder: &Path,
    journal: &mut Journal,
    results: &mut RunResults,
) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(request.partitions)
        .enable_all()
        .build()
        .context(Kind::Environment, || "starting worker threads")?;
    let lake = Lake::open(&request.out.join("lake"))?;
    let mut watch = StageWatch { surroundings, begun: surroundings.elapsed() };
    let previous = match request.purpose {
        Purpose::PastDay(day) => day.before.as_deref().map(previous_in).transpose()?,
        Purpose::Publish | Purpose::OnlyLoad => previous_run(&request.out)?,
    };
    let is_only_load = matches!(request.purpose, Purpose::OnlyLoad);
    if !is_only_load {
        results.switched_on = counted_after(previous.as_ref(), request)?;
    }

    let loaded = match request.purpose {
        Purpose::PastDay(day) => Loaded::taken_over(&day.loaded_by, folder)?,
        Purpose::Publish | Purpose::OnlyLoad => {
            let fetched = remote::fetch(request, &runtime, journal, surroundings)?;
            if fetched.is_some() {
                watch.done("fetch", results);
            }
            let project = fetched.as_ref().unwrap_or(request.project);
            let pulled = loading::pull(project, &runtime, folder, journal, surroundings)?;
            if project.sources.iter().any(|source| source.database.is_some()) {
                watch.done(loading::PULL, results);
            }
            surroundings.stage("load", Work::Bytes(loading::bytes_ahead(request, &pulled)));
            loading::load(request, &pulled, &lake, &runtime, folder, journal, surroundings)?
        }
    };
    results.resumes = loaded.resumes.clone();
    results.tables = loaded.tables.clone();
    results.warnings = warnings(publishing::warning_counts(request, &loaded, &Assessed::default()));
    watch.done("load", results);
    if is_only_load {
        results.status = RunStatus::Loaded;
        return Ok(());
    }

    let snapshot = match request.purpose {
        Purpose::PastDay(day) => runtime.block_on(lake.pin_at(&day.versions))?,
        Purpose::Publish | Purpose::OnlyLoad => runtime.block_on(lake.pin())?,
    };
    journal.write(&surroundings.now(), "snapshot-pinned", "lake", &format!("{:?}", snapshot.versions()))?;
    let held_tables = held_tables(&loaded.tables);
    let broken = broken_indicators(request);
    let published = previous.as_ref().map(|previous| previous.folder.as_path());
    let of_period = published.and_then(|published| newest_of_period(published, request.period.to_string().as_str()));
    let before = assessing::Before { published, of_period: of_period.as_deref() };
    let assessed = runtime.block_on(assessing::assess(request, &lake, &snapshot, &held_tables, &broken, before, surroundings))?;
    for (id, why) in &assessed.records.failed {
        journal.write(&surroundings.now(), "listing-failed", &id.0, why)?;
    }
    for (relation, why) in &assessed.not_counted {
        journal.write(&surroundings.now(), "scan-failed", relation, why)?;
    }
    watch.done("assess", results);

    surroundings.stage("report", Work::Unknown);
    results.held_indicators = assessed.held.iter().map(|(id, reason)| (id.0.clone(), reason.clone())).collect();
    results.indicators = request.library.indicators.keys().filter(|id| !assessed.held.contains_key(*id)).count();
    results.population_seconds = assessed.population_seconds.clone();
    results.detector_seconds = assessed.detected.seconds.clone();
    results.counted = assessed.counted.clone();
    results.indicator_seconds = assessed.seconds.iter().map(|(id, seconds)| (id.0.clone(), *seconds)).collect();
    results.scorecards = assessed.scorecards.ranks.len();
    results.ranked = assessed.scorecards.ranks.iter().filter(|rank| rank.rank.is_some()).count();
    for (detector, reason) in &assessed.detected.failed {
        journal.write(&surroundings.now(), "detector-failed", detector, reason)?;
        results.failed_detectors.insert(detector.clone(), reason.clone());
    }
    for finding in assessed.detected.open() {
        *results.findings.entry(finding.detector.clone()).or_default() += 1;
    }
    for silent in &assessed.silent {
        let last = silent.last_seen.map_or_else(|| "never".to_owned(), |day| format!("last {day}"));
        results.not_reported.push(format!("{} {} ({last})", silent.table, silent.unit));
    }
    for (table, day) in &assessed.newest {
        if let Some(result) = results.tables.get_mut(table) {
            result.newest = Some(day.to_string());
        }
    }
    let reasons = crate::ingest::quarantine_reasons(&folder.join("quarantine"))?;
    let reasons = reasons.into_iter().map(|((table, check, says), rows)| report::input::ReasonCount { table, check, says, rows }).collect();
    let input = publishing::report_input(request, &loaded, assessed, reasons, &snapshot, previous.as_ref());
    results.warnings = warnings(input.warnings.clone());
    journal.write(&surroundings.now(), "report-started", "report", "")?;
    // The date stands on every page: those of another date can't be the same, and are not read.
    let same_day = previous.as_ref().filter(|previous| previous.as_of == Some(request.as_of));
    let written = report::write(&input, folder, same_day.map(|previous| previous.folder.as_path()), request.partitions)?;
    results.table_hashes = written.tables.iter().map(|table| (table.name.clone(), table.blake3.clone())).collect();
    results.pages = [written.pages, written.unchanged];
    results.report = Some("report/office/index.html".to_owned());
    kept_texts::keep(&request.out, request.library)?;
    manifest(request, snapshot.versions()).write(folder)?;
    watch.done("report", results);

    if let Some(reason) = reason_to_keep_back(request, results) {
        results.status = RunStatus::KeptBack;
        let readers = if previous.is_some() { "readers still see the run before" } else { "readers see no run yet" };
        results.error = Some(format!("{reason}: {readers}"));
        return Ok(());
    }
    // Written first, so that whoever follows the pointer finds a finished run.
    results.back_from =
        previous.as_ref().and_then(|previous| previous.as_of).filter(|before| *before > request.as_of).map(|date| date.to_string());
    let is_whole = results.held_indicators.is_empty() && held_tables.is_empty() && results.failed_detectors.is_empty();
    results.finished = surroundings.now();
    if matches!(request.purpose, Purpose::PastDay(_)) {
        results.status = RunStatus::PastDay;
        return Ok(());
    }
    results.status = if is_whole { RunStatus::Done } else { RunStatus::DoneWithHeld };
    results.write(folder)?;
    let current = Current::of_run(&request.run, folder, snapshot.versions(), &surroundings.now())?;
    surroundings.switch(&mut || {
        journal.write(&surroundings.now(), "switching", "current.json", "")?;
        current.write(&request.out.join("current.json"))
    })
}

fn warnings(counts: Vec<report::input::ReasonCount>) -> Vec<Warning> {
    let warning =
        |count: report::input::ReasonCount| Warning { table: count.table, check: count.check, says: count.says, rows: count.rows };
    counts.into_iter().map(warning).collect()
}

/// Why readers must not see what was computed.
fn reason_to_keep_back(request: &Request<'_>, results: &RunResults) -> Option<String> {
    // Composites are held as well, but a share of the indicators counts indicators on both sides.
    let held = request.library.indicators.keys().filter(|id| results.held_indicators.contains_key(&id.0)).count();
    let share = held as f64 / request.library.indicators.len().max(1) as f64;
    let allowed = request.project.hold_max_share;
    if results.scorecards == 0 {
        return Some("there is no unit to assess, `units` is empty or held".to_owned());
    }
    (share > allowed)
        .then(|| format!("{:.0} % of the indicators are held, more than the {:.0} % that [hold] allows", share * 100.0, allowed * 100.0))
}

/// A killed run leaves its staging and what it has spilled: before anything is loaded they go, or a disk that they fill stays full. Whoever holds the writer lock
/// may do so.
fn remove_abandoned(out: &Path) {
    for entry in std::fs::read_dir(out.join("runs")).into_iter().flatten().flatten() {
        let _ = std::fs::remove_dir_all(entry.path().join("staging"));
    }
    SpillFolder::remove_abandoned(&out.join("lake"));
}

struct StageWatch<'a> {
    surroundings: &'a dyn Surroundings,
    begun: f64,
}

impl StageWatch<'_> {
    fn done(&mut self, stage: &str, results: &mut RunResults) {
        let now = self.surroundings.elapsed();
        results.stages.push(StageTime { stage: stage.to_owned(), seconds: now - self.begun, peak_memory: self.surroundings.peak_memory() });
        self.begun = now;
    }
}

fn held_tables(tables: &BTreeMap<String, TableResult>) -> BTreeMap<String, String> {
    tables.iter().filter_map(|(table, result)| Some((table.clone(), result.held.clone()?))).collect()
}

/// Indicators whose own file, or a population's, has an error.
fn broken_indicators(request: &Request<'_>) -> BTreeMap<IndicatorId, String> {
    let errors: Vec<_> = request.diagnostics.sorted().into_iter().filter(|item| item.severity == Severity::Error).collect();
    let of_file = |file: &str| errors.iter().find(|item| item.file == file).map(|item| format!("{}: {}", item.file, item.message));
    let populations: BTreeMap<&str, String> = request
        .library
        .populations
        .values()
        .filter_map(|population| Some((population.name.as_str(), of_file(&population.file)?)))
        .collect();
    let through = |sql: &str| {
        populations.iter().find(|(name, _)| crate::library::indicator::span_of_word(sql, 0, name).is_some()).map(|(_, why)| why.clone())
    };
    request
        .library
        .indicators
        .values()
        .filter_map(|indicator| Some((indicator.id.clone(), of_file(&indicator.file).or_else(|| through(&indicator.sql))?)))
        .collect()
}

/// What a run would read, compute and publish, without doing it.
///
/// # Errors
/// A lake or pointer that can't be read.
pub fn plan(request: &Request<'_>) -> Result<String> {
    counted_after(previous_run(&request.out)?.as_ref(), request)?;
    let mut text = format!("would run as of {}, period {}, scheme {}\n", request.as_of, request.period, request.scheme.name);
    let broken = broken_indicators(request);
    for contract in request.library.tables.values() {
        for source in request.project.sources_of(&contract.name) {
            if let Some(database) = &source.database {
                let unset = format!("  ← ${} is not set: the table would be held", database.variable);
                let missing = if database.url.is_none() { unset.as_str() } else { "" };
                text.push_str(&format!("  pull {:<30} {:>32}  {}{missing}\n", contract.name, "rows of a database", source.path));
                continue;
            }
            let (files, bytes, missing) = ahead_of(&source);
            let word = if files == 1 { "file" } else { "files" };
            text.push_str(&format!("  load {:<30} {files:>5} {word:<5} {bytes:>14} bytes  {}{missing}\n", contract.name, source.path));
        }
    }
    if let Some(says) = says_without_source(&without_source(request.project, request.library, request.scheme)) {
        text.push_str(&format!("  {says}\n"));
    }
    if request.project.sources_of(REGISTRY.0).is_empty() {
        text.push_str("  no [[source]] gives `units`: there would be no unit to assess\n");
    }
    let months = request.period.months_until(request.as_of);
    let span = match (months.first(), months.last()) {
        (Some(first), Some(last)) if first == last => first.to_string(),
        (Some(first), Some(last)) => format!("{first} to {last}"),
        _ => format!("no month: the period {} has not begun on {}", request.period, request.as_of),
    };
    text.push_str(&format!("  assess {} for {span}\n", counted(request.library.indicators.len() - broken.len(), "indicator")));
    text.push_str(&counts_ahead(request, &broken)?);
    if !broken.is_empty() {
        text.push_str(&format!("  hold {} for errors in their text\n", counted(broken.len(), "indicator")));
    }
    for (id, reason) in &broken {
        text.push_str(&format!("    {id}: {reason}\n"));
    }
    let current = Current::read(&request.out.join("current.json"))?;
    let replaces = current.map_or_else(|| "nothing (first run)".to_owned(), |current| current.run.0);
    text.push_str(&format!("  publish in {}, replacing {replaces}\n", request.out.join("runs").display()));
    if let Some(publish) = &request.project.publish {
        text.push_str(&format!("  send to {}\n", publish.to));
    }
    Ok(text)
}

/// Files that a source means now, their bytes, and a remark where they can't be loaded.
fn ahead_of(source: &Source) -> (usize, u64, String) {
    let ahead = match &source.remote {
        None => Ok(crate::ingest::files_of(source)),
        Some(_) => tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context(Kind::Environment, || "starting a worker thread")
            .and_then(|runtime| runtime.block_on(crate::object_storage::fetch::ahead(source))),
    };
    match ahead {
        Ok((0, _)) => (0, 0, "  ← no file: the table would be held".to_owned()),
        Ok((files, bytes)) => (files, bytes, String::new()),
        Err(error) => (0, 0, format!("  ← {error}: the table would be held")),
    }
}

/// What would be counted anew, with the reason, and how much is kept.
fn counts_ahead(request: &Request<'_>, broken: &BTreeMap<IndicatorId, String>) -> Result<String> {
    if !request.out.join("lake").is_dir() {
        return Ok("    there is no lake yet: everything would be counted\n".to_owned());
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(request.partitions)
        .enable_all()
        .build()
        .context(Kind::Environment, || "starting worker threads")?;
    let ahead = runtime.block_on(assessing::counts_ahead(request, broken))?;
    let mut anew: BTreeMap<(&str, &str), (usize, usize)> = BTreeMap::new();
    for counted in ahead.iter().filter(|counted| counted.anew > 0) {
        let parts = anew.entry((&counted.relation, counted.because.as_deref().unwrap_or("nothing is kept of it"))).or_default();
        *parts = (parts.0 + counted.anew, parts.1 + counted.parts);
    }
    let all: usize = ahead.iter().map(|counted| counted.parts).sum();
    let again: usize = ahead.iter().map(|counted| counted.anew).sum();
    let mut text =
        format!("    before anything is loaded: {} of {} would be counted anew, the rest is kept\n", again, counted(all, "part"));
    for ((relation, because), (some, all)) in anew {
        text.push_str(&format!("      {relation:<34} {some:>4} of {all:<4} {because}\n"));
    }
    Ok(text)
}

/// Refuses to run on text that no indicator can be held for: contracts, clocks, scheme, project, or what the law forbids.
///
/// # Errors
/// Configuration, with the number of errors; the caller prints the diagnostics.
pub fn refuse_unusable_text(diagnostics: &Diagnostics) -> Result<()> {
    let stops = |item: &&&crate::diagnostics::Diagnostic| {
        // A sample is drawn by hand, and no figure of a run rests on it.
        let may_be_held =
            ["queries/indicators/", "queries/populations/", "queries/samples/"].iter().any(|folder| item.file.starts_with(folder));
        item.severity == Severity::Error && (!may_be_held || item.name == UNLAWFUL)
    };
    let sorted = diagnostics.sorted();
    match sorted.iter().filter(stops).count() {
        0 => Ok(()),
        count => Err(Error::new(
            Kind::Configuration,
            format!("{} in the library, scheme or project: such text can't be run", counted(count, "error")),
        )
        .with_hint("`kaohe check` shows them with their places")),
    }
}

fn previous_run(out: &Path) -> Result<Option<Previous>> {
    let Some(current) = Current::read(&out.join("current.json"))? else { return Ok(None) };
    previous_in(&out.join("runs").join(&current.run.0)).map(Some)
}

/// The newest run up to this one that looked at the period: one of another period in between has other findings, and resolves nobody's. This one may be of a past day, which
/// readers don't see; those before it were published.
fn newest_of_period(published: &Path, period: &str) -> Option<PathBuf> {
    let of = |folder: &Path| RunResults::of(folder).filter(|results| results.period == period);
    if of(published).is_some() {
        return Some(published.to_owned());
    }
    let runs = std::fs::read_dir(published.parent()?).ok()?.flatten().map(|entry| entry.path());
    // Names of runs are sorted as they began.
    let mut earlier: Vec<PathBuf> = runs.filter(|folder| folder.as_path() < published).collect();
    earlier.sort();
    earlier.into_iter().rev().find(|folder| of(folder).is_some_and(|results| results.is_published()))
}

/// What a run needs of the one before.
fn previous_in(folder: &Path) -> Result<Previous> {
    let folder = folder.to_owned();
    let results = RunResults::of(&folder);
    let as_of = results.as_ref().and_then(|results| results.as_of.parse().ok());
    let ranks = report::read_ranks(&folder.join("tables"))?;
    Ok(Previous { folder, as_of, ranks, switched_on: results.map(|results| results.switched_on).unwrap_or_default() })
}

/// What will be counted of dynamic indicators when this run is published.
fn counted_after(previous: Option<&Previous>, request: &Request<'_>) -> Result<Counted> {
    let none = Counted::new();
    switched_on::count(previous.map_or(&none, |previous| &previous.switched_on), request.scheme, request.as_of)
}

/// What a run of this request is computed from, over these versions of the lake.
pub fn manifest(request: &Request<'_>, lake_versions: BTreeMap<String, u64>) -> Manifest {
    let hash = kept_texts::digest;
    Manifest {
        run: request.run.0.clone(),
        engine: request.engine.to_owned(),
        as_of: request.as_of.to_string(),
        period: request.period.to_string(),
        seed: request.seed,
        library: request.library.files.iter().map(|(path, text)| (path.clone(), hash(text))).collect(),
        scheme: (request.scheme.name.clone(), hash(&request.scheme.text)),
        lake_versions,
    }
}
