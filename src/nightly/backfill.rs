//! Past days: what they would have shown, by the library as it stands, over the records as they stand.
//!
//! In: a span of days, how close together, what earlier runs left. Out: the plan, a day a line, with the months that each reads; which days are done
//! already. Never here: computing a day, which is a run like any other with [`super::Purpose::PastDay`]; the pointer that readers follow.
//!
//! A day is done when a run of it rests on the same library, scheme, period, lake and engine, and nothing of it was held: a backfill that was stopped goes on where it was.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::ToSpan;
use jiff::civil::Date;

use super::journal::{Manifest, RunResults, RunStatus, run_folders};
use crate::error::{Error, Kind, Result};
use crate::library::Library;
use crate::library::indicator::Window;
use crate::terms::{IndicatorId, Month, Period, counted};

/// How close together the days of a backfill lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Every {
    /// Each day.
    Day,
    /// Each Sunday, and the last day of the span.
    Week,
    /// Each month's last day, and the last day of the span.
    Month,
}

/// The days of a span, in their order.
///
/// # Errors
/// A span that ends before it begins.
pub fn days(from: Date, to: Date, every: Every) -> Result<Vec<Date>> {
    if to < from {
        let says = format!("--to {to} is before --from {from}");
        return Err(Error::new(Kind::Configuration, says).with_hint("name the earlier day with --from"));
    }
    let is_meant = |day: &Date| match every {
        Every::Day => true,
        Every::Week => day.weekday() == jiff::civil::Weekday::Sunday,
        Every::Month => *day == Month::of(*day).last_day(),
    };
    Ok(from.series(1.day()).take_while(|day| *day <= to).filter(|day| is_meant(day) || *day == to).collect())
}

/// The period that a past day is assessed for: the given one where it holds the day, else its year.
pub fn period_of(day: Date, given: Option<&Period>) -> Period {
    let holds = |period: &&Period| (period.first..=period.last).contains(&Month::of(day));
    given.filter(holds).cloned().unwrap_or_else(|| day.year().to_string().parse().expect("a year is a period"))
}

/// From which month on the indicators read at a day, and who looks back further than the period.
pub fn looks_back(library: &Library, period: &Period, day: Date) -> (Month, BTreeMap<Month, Vec<IndicatorId>>) {
    let mut further: BTreeMap<Month, Vec<IndicatorId>> = BTreeMap::new();
    let months = period.months_until(day);
    let first = months.first().copied().unwrap_or(period.first);
    for indicator in library.indicators.values() {
        let from = match indicator.window {
            Window::Flow | Window::Stock => continue,
            Window::YearToDate => Month::of(jiff::civil::date(first.last_day().year(), 1, 1)),
            // Computed for each month's end: the first of them looks back furthest.
            Window::Rolling(months) => first.plus(1 - i32::from(months)),
        };
        if from < first {
            further.entry(from).or_default().push(indicator.id.clone());
        }
    }
    (further.keys().next().copied().unwrap_or(first).min(first), further)
}

/// A run of a day, as its folder tells.
#[derive(Debug, Clone)]
pub struct DayRun {
    /// Its folder.
    pub folder: PathBuf,
    /// The day.
    pub as_of: Date,
    /// What it was computed from.
    pub manifest: Manifest,
    /// Seconds that it took.
    pub seconds: f64,
    /// Nothing of it was held, and nothing failed.
    pub is_whole: bool,
}

impl DayRun {
    /// A run that computed a day and was not kept back.
    pub fn of(folder: PathBuf) -> Option<Self> {
        let results = RunResults::of(&folder).filter(|results| results.is_published() || results.status == RunStatus::PastDay)?;
        let seconds = results.stages.iter().map(|stage| stage.seconds).sum();
        let (as_of, is_whole) = (results.as_of.parse().ok()?, results.is_whole());
        folder.join("tables").is_dir().then_some(Self { as_of, manifest: Manifest::of(&folder)?, seconds, is_whole, folder })
    }
}

/// Every such run, in the order in which they began.
///
/// # Errors
/// A folder that can't be read.
pub fn day_runs(runs: &Path) -> Result<Vec<DayRun>> {
    Ok(run_folders(runs)?.into_iter().filter_map(DayRun::of).collect())
}

/// The run that has done a day already: of the same texts, period, lake and engine, with nothing held: what was held may be there now.
pub fn done<'r>(runs: &'r [DayRun], wanted: &Manifest) -> Option<&'r DayRun> {
    runs.iter().rev().find(|run| run.is_whole && Manifest { run: wanted.run.clone(), ..run.manifest.clone() } == *wanted)
}

/// The last run of an earlier day: what a day is compared with.
pub fn before(runs: &[DayRun], day: Date) -> Option<&DayRun> {
    runs.iter().filter(|run| run.as_of < day).max_by_key(|run| (run.as_of, &run.folder))
}

/// What a backfill would do, a day a line.
pub fn plan(library: &Library, days: &[(Date, Period, Option<String>)], seconds: Option<f64>) -> String {
    let ahead = days.iter().filter(|(.., done)| done.is_none()).count();
    let mut text = format!("backfill of {}, {} of them done already\n", counted(days.len(), "day"), days.len() - ahead);
    text.push_str("  sources are loaded once; each day is computed over the lake as it then stands, beside what readers see\n");
    let mut told: BTreeMap<Month, Vec<IndicatorId>> = BTreeMap::new();
    for (day, period, done) in days {
        let (first, further) = looks_back(library, period, *day);
        let state = done.as_ref().map_or_else(|| "to do".to_owned(), |run| format!("done by {run}"));
        text.push_str(&format!("  {day}  period {period:<8}  reads {first} to {}  {state}\n", Month::of(*day)));
        told.extend(further);
    }
    for (month, indicators) in told {
        let names: Vec<&str> = indicators.iter().take(NAMED).map(AsRef::as_ref).collect();
        let more = if indicators.len() > NAMED { format!(" and {} more", indicators.len() - NAMED) } else { String::new() };
        text.push_str(&format!("  back to {month} for {}{more}\n", names.join(", ")));
    }
    if let (Some(seconds), true) = (seconds, ahead > 0) {
        text.push_str(&format!(
            "  the last run took {seconds:.0} s: about {:.0} min for {}\n",
            seconds * ahead as f64 / 60.0,
            counted(ahead, "day")
        ));
    }
    text
}

/// So many indicators that look back are named.
const NAMED: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        text.parse().expect("a date")
    }

    fn texts(days: &[Date]) -> Vec<String> {
        days.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_span_holds_its_month_ends_and_its_last_day() {
        let of = |every| days(date("2026-01-30"), date("2026-03-02"), every).expect("a span");
        assert_eq!(texts(&of(Every::Month)), ["2026-01-31", "2026-02-28", "2026-03-02"]);
        assert_eq!(texts(&of(Every::Week)), ["2026-02-01", "2026-02-08", "2026-02-15", "2026-02-22", "2026-03-01", "2026-03-02"]);
        assert_eq!(of(Every::Day).len(), 32);
        assert!(days(date("2026-03-02"), date("2026-01-30"), Every::Day).is_err());
    }

    #[test]
    fn a_day_outside_the_given_period_is_assessed_for_its_year() {
        let given: Period = "2026-H1".parse().expect("a period");
        assert_eq!(period_of(date("2026-06-30"), Some(&given)), given);
        assert_eq!(period_of(date("2026-07-01"), Some(&given)).to_string(), "2026");
        assert_eq!(period_of(date("2025-12-31"), None).to_string(), "2025");
    }
}
