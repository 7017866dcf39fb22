//! T, A, R: duties across borders, counted and timed.
//!
//! In: duties. Out: by part and responsible side what was due, done in time and never done; how long leads waited. Never here: duties that
//! are not due yet among those due; leads that are still open left out of the median, which would make the slow look fast.

use std::collections::BTreeMap;

use super::parameters::SynergyParameters;
use super::rows::Transaction;
use super::sides::Side;
use crate::statistics::survival::{Duration, KaplanMeier, Scale};
use crate::terms::epoch_days;

/// Duties of one part of one side whose deadline lies inside the period.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) in_time: i64,
    pub(super) due: i64,
    /// Of those due, never done until the last day.
    pub(super) undone: i64,
}

/// How long leads waited until they were sent, in days.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Waiting {
    pub(super) median: Option<u32>,
    /// 95 % limits of the median.
    pub(super) interval: Option<(Option<u32>, Option<u32>)>,
    /// Not sent on the last day.
    pub(super) open: u32,
}

/// Everything counted from the duties.
pub(super) struct Duties {
    pub(super) counts: BTreeMap<(char, Side), Count>,
    pub(super) waiting: BTreeMap<Side, Waiting>,
}

impl Duties {
    pub(super) fn of(transactions: &[Transaction], parameters: &SynergyParameters) -> Self {
        Self { counts: count_due(transactions, parameters), waiting: waiting(transactions, parameters) }
    }

    pub(super) fn count(&self, part: char, side: &Side) -> Count {
        self.counts.get(&(part, side.clone())).copied().unwrap_or_default()
    }
}

/// Region, neighbour and domain without a copy for every duty.
type Place<'a> = (&'a str, &'a str, &'a str);

fn place(row: &Transaction) -> Place<'_> {
    (&row.region, &row.neighbour, &row.domain)
}

fn side_at((region, neighbour, domain): Place<'_>) -> Side {
    (region.to_owned(), neighbour.to_owned(), domain.to_owned())
}

/// By part and responsible side, of the deadlines inside the period.
fn count_due(transactions: &[Transaction], parameters: &SynergyParameters) -> BTreeMap<(char, Side), Count> {
    let mut counts: BTreeMap<(char, Place<'_>), Count> = BTreeMap::new();
    for row in transactions.iter().filter(|row| parameters.from <= row.due_on && row.due_on <= parameters.until) {
        let count = counts.entry((row.part, place(row))).or_default();
        count.due += 1;
        count.in_time += i64::from(row.is_in_time());
        count.undone += i64::from(row.done_on.is_none_or(|done| done > parameters.until));
    }
    counts.into_iter().map(|((part, place), count)| ((part, side_at(place)), count)).collect()
}

/// By sender's side, of the leads that became known inside the period; what is open counts as censored at the last day.
fn waiting(transactions: &[Transaction], parameters: &SynergyParameters) -> BTreeMap<Side, Waiting> {
    let mut durations: BTreeMap<Place<'_>, Vec<Duration>> = BTreeMap::new();
    let begun = |row: &&Transaction| row.part == 'T' && parameters.from <= row.begun_on && row.begun_on <= parameters.until;
    for row in transactions.iter().filter(begun) {
        let sent = row.done_on.filter(|done| *done <= parameters.until);
        let days = epoch_days(sent.unwrap_or(parameters.until)) - epoch_days(row.begun_on);
        durations.entry(place(row)).or_default().push(Duration { time: f64::from(days.max(0)), ended: sent.is_some() });
    }
    durations.into_iter().map(|(place, durations)| (side_at(place), waiting_of(&durations))).collect()
}

/// Kaplan–Meier's median with limits on the log-log scale, which is best for small numbers.
pub(super) fn waiting_of(durations: &[Duration]) -> Waiting {
    // Times are whole days that fit.
    let days = |time: f64| time as u32;
    let open = durations.iter().filter(|duration| !duration.ended).count() as u32;
    let curve = KaplanMeier::of(durations);
    let limits = curve.as_ref().and_then(|curve| curve.median_interval(0.95, Scale::LogLog));
    Waiting {
        median: curve.and_then(|curve| curve.median()).map(days),
        interval: limits.map(|(low, high)| (low.map(days), high.map(days))),
        open,
    }
}
