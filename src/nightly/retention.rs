//! What a project keeps of its nights, and what may go.
//!
//! In: `[retention]` of kaohe.toml, the runs, what releases and samples rest on, today. Out: a plan (runs whose results go, quarantines that go, versions of the
//! lake that stay), and its execution. Never here: anything that a release, a sample, the current run or the comparison after a freeze needs.
//!
//! Of a run whose results go, its journal, its results in figures and what it was computed from stay: `kaohe runs` goes on telling of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use jiff::civil::Date;

use super::freezes;
use super::journal::{Manifest, RunResults, name_of, run_folders};
use crate::error::{Error, Kind, Result};
use crate::library::Library;
use crate::project::Retention;
use crate::release::Current;
use crate::terms::Month;

/// Why a run stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// Readers see it.
    Current,
    /// The release of a period has frozen it: what was refused may be asked for in an appeal.
    Release(String),
    /// It is the last of its month: what the year is told by later on. Its refused records may go.
    LastOfMonth,
}

impl std::fmt::Display for Why {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Current => f.write_str("readers see it"),
            Self::Release(period) => write!(f, "the release of {period}"),
            Self::LastOfMonth => f.write_str("the last of its month"),
        }
    }
}

/// What must stay, whatever its age.
#[derive(Debug, Clone, Default)]
pub struct Needed {
    /// Run → who needs it.
    pub runs: BTreeMap<String, Why>,
    /// Source table → versions of the lake.
    pub versions: BTreeMap<String, BTreeSet<u64>>,
}

impl Needed {
    /// These versions stay as well.
    pub fn add(&mut self, versions: &BTreeMap<String, u64>) {
        for (table, version) in versions {
            self.versions.entry(table.clone()).or_default().insert(*version);
        }
    }
}

/// What goes and what stays.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// Runs whose results go, with their age in days.
    pub runs: Vec<(PathBuf, i32)>,
    /// Quarantines that go, of runs that stay.
    pub quarantines: Vec<PathBuf>,
    /// Runs that are old enough and stay, with the reason.
    pub spared: BTreeMap<String, Why>,
    /// What must stay readable in the lake.
    pub needed: Needed,
}

/// Folders and files of a run that are its results.
const RESULTS: [&str; 5] = ["tables", "report", "quarantine", "staging", "loaded"];

/// A run, as its folder tells.
struct Run {
    folder: PathBuf,
    name: String,
    begun: Date,
    results: Option<RunResults>,
    versions: BTreeMap<String, u64>,
}

/// The day on which a run began: it is named after it.
fn begun_on(folder: &Path) -> Option<Date> {
    Date::strptime("%Y%m%d", name_of(folder).split('T').next()?).ok()
}

impl Run {
    fn read(folder: PathBuf) -> Option<Self> {
        let versions = Manifest::of(&folder).map(|manifest| manifest.lake_versions).unwrap_or_default();
        Some(Self { name: name_of(&folder), begun: begun_on(&folder)?, results: RunResults::of(&folder), versions, folder })
    }

    fn has(&self, part: &str) -> bool {
        self.folder.join(part).is_dir()
    }
}

/// The day on which the last run before `run` began.
///
/// # Errors
/// A folder that can't be read.
pub fn last_begun(out: &Path, run: &str) -> Result<Option<Date>> {
    let before = run_folders(&out.join("runs"))?.into_iter().filter(|folder| name_of(folder).as_str() < run);
    Ok(before.filter_map(|folder| begun_on(&folder)).max())
}

/// What may go today.
///
/// # Errors
/// A pointer or folder that can't be read.
pub fn plan(out: &Path, library: &Library, retention: &Retention, mut needed: Needed, today: Date) -> Result<Plan> {
    let folder = out.join("runs");
    let runs: Vec<Run> = run_folders(&folder)?.into_iter().filter_map(Run::read).collect();
    if let Some(current) = Current::read(&out.join("current.json"))? {
        needed.add(&current.lake_versions);
        needed.runs.insert(current.run.0, Why::Current);
    }
    for run in last_of_months(&runs) {
        needed.runs.entry(run).or_insert(Why::LastOfMonth);
    }
    for freeze in freezes::of_all_months(library, &folder)? {
        needed.add(&freeze.versions);
    }
    let mut plan = Plan::default();
    for run in &runs {
        let age = (today - run.begun).get_days();
        let is_old = |days: Option<u32>| days.is_some_and(|days| i64::from(age) > i64::from(days));
        let why = needed.runs.get(&run.name).cloned();
        let goes = is_old(retention.runs_days) && why.is_none();
        if goes && RESULTS.iter().any(|part| run.has(part)) {
            plan.runs.push((run.folder.clone(), age));
        }
        let may_lose_quarantine = why.as_ref().is_none_or(|why| *why == Why::LastOfMonth);
        if !goes && is_old(retention.quarantine_days) && run.has("quarantine") && may_lose_quarantine {
            plan.quarantines.push(run.folder.join("quarantine"));
        }
        // What a needed run read stays, though somebody removed its results by hand.
        if why.is_some() || !goes && run.has("tables") {
            needed.add(&run.versions);
        }
        if let Some(why) = why.filter(|_| is_old(retention.runs_days)) {
            plan.spared.insert(run.name.clone(), why);
        }
    }
    plan.needed = needed;
    Ok(plan)
}

/// Of each month of the as-of date the last published run: what the year is told by later on.
fn last_of_months(runs: &[Run]) -> Vec<String> {
    let mut last: BTreeMap<Month, (Date, &str)> = BTreeMap::new();
    for run in runs {
        let published = run.results.as_ref().filter(|results| results.is_published());
        let Some(as_of) = published.and_then(|results| results.as_of.parse::<Date>().ok()) else { continue };
        let place = last.entry(Month::of(as_of)).or_insert((as_of, &run.name));
        *place = (*place).max((as_of, &run.name));
    }
    last.into_values().map(|(_, run)| run.to_owned()).collect()
}

/// Removes what the plan names of runs; the lake is another step.
///
/// # Errors
/// A folder that can't be removed; those before it are gone.
pub fn remove(plan: &Plan) -> Result<()> {
    let results = plan.runs.iter().flat_map(|(run, _)| RESULTS.map(|part| run.join(part)));
    for folder in results.chain(plan.quarantines.iter().cloned()).filter(|folder| folder.is_dir()) {
        fs::remove_dir_all(&folder).map_err(|error| {
            Error::new(Kind::Environment, format!("{} can't be removed: {error}", folder.display()))
                .with_hint("run it again when nobody has the folder open; what was removed so far was meant to go")
        })?;
    }
    Ok(())
}
