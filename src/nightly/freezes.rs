//! The first run after each month was frozen.
//!
//! In: what earlier runs left, the clock `data_freeze.target`. Out: for each frozen month of the period the as-of date of that run and the versions that it had
//! pinned. Never here: reading the lake.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::civil::Date;

use super::Request;
use super::journal::{Manifest, RunResults, name_of, run_folders};
use crate::error::Result;
use crate::lake::Freeze;
use crate::library::Library;
use crate::terms::{Month, epoch_days};

/// The clock that freezes a month, from its last day.
const CLOCK: &str = "data_freeze.target";

/// A published run: when it began, its as-of date, the versions of the tables that it had loaded.
struct Published {
    started: String,
    as_of: Date,
    versions: BTreeMap<String, u64>,
}

/// Freezes of the period's months that an earlier run has seen. Runs count in the order in which they began: a run for a past date, made later, reads a
/// later extract. Only runs for an earlier date count, so that a second run for the same date says the same. A table that a run held is not among its
/// versions: what it read of it was older than its date.
///
/// # Errors
/// A folder that can't be read.
pub fn freezes(request: &Request<'_>) -> Result<Vec<Freeze>> {
    let mut published = published(&request.out.join("runs"), &request.run.0)?;
    published.retain(|run| run.as_of < request.as_of);
    Ok(request.period.months_until(request.as_of).into_iter().filter_map(|month| freeze(request.library, &published, month)).collect())
}

/// Freezes of every month that any run may have seen: what they pinned is asked for again.
///
/// # Errors
/// A folder that can't be read.
pub fn of_all_months(library: &Library, runs: &Path) -> Result<Vec<Freeze>> {
    let published = published(runs, "")?;
    let (Some(first), Some(last)) = (published.iter().map(|run| run.as_of).min(), published.iter().map(|run| run.as_of).max()) else {
        return Ok(Vec::new());
    };
    // A run that follows the freezes of earlier months is seen by each of them; a year back is more than any freeze takes.
    let months = std::iter::successors(Some(Month::of(first).plus(-12)), |month| Some(month.next()));
    Ok(months.take_while(|month| *month <= Month::of(last)).filter_map(|month| freeze(library, &published, month)).collect())
}

/// What the first of these runs saw of a month that was frozen by then.
fn freeze(library: &Library, published: &[Published], month: Month) -> Option<Freeze> {
    let frozen_on = frozen_on(library, month)?;
    let first = published.iter().find(|run| epoch_days(run.as_of) >= frozen_on)?;
    Some(Freeze { month, seen_as_of: first.as_of, versions: first.versions.clone() })
}

/// The day on which a month is frozen in every domain; none without the clock.
fn frozen_on(library: &Library, month: Month) -> Option<i32> {
    let clock = library.clocks.get(CLOCK)?;
    let domains = clock.versions.iter().map(|version| version.domain.as_deref()).chain([None]);
    domains.filter_map(|domain| clock.due_on(&library.calendar, domain, epoch_days(month.last_day()), 0)).map(|due| due.epoch_day).max()
}

/// Published runs besides one's own, in the order in which they began.
fn published(folder: &Path, own: &str) -> Result<Vec<Published>> {
    let others = run_folders(folder)?.into_iter().filter(|run| name_of(run) != own);
    let mut runs: Vec<Published> = others.filter_map(|run| published_run(&run)).collect();
    runs.sort_by(|a, b| a.started.cmp(&b.started).then(a.as_of.cmp(&b.as_of)));
    Ok(runs)
}

/// What a run left, where it was published: one that was stopped or kept back showed nothing to anybody.
fn published_run(folder: &Path) -> Option<Published> {
    let results = RunResults::of(folder).filter(RunResults::is_published)?;
    let manifest = Manifest::of(folder)?;
    let is_held = |table: &str| results.tables.get(table).is_some_and(|table| table.held.is_some());
    let versions = manifest.lake_versions.into_iter().filter(|(table, _)| !is_held(table)).collect();
    Some(Published { started: results.started, as_of: results.as_of.parse().ok()?, versions })
}
