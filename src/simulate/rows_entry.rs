//! How cases and inspections came into their sources, and what went wrong on the way: entered late, moved over from an older system in
//! one night, changed long after everything was over, dates that cannot be true.
//!
//! In: an act with the time at which it was entered and the newest thing known of it. Out: the columns of record keeping of its row,
//! and which of its dates a clerk got wrong. Never here: the acts; planted cheating, whose times must stay as they are.

use crate::calendar::start_of_day;
use crate::simulate::days::{Days, HOUR, minutes};
use crate::simulate::draw::Stream;
use crate::simulate::items::DOMAINS;
use crate::simulate::sheet::Sheet;
use crate::simulate::world::{Unit, World};

/// Months from the first one until the first city's old system was moved over.
const MIGRATED_MONTHS: i32 = 12;

/// How a row came into its source, and when it was last changed there.
pub(super) struct Entry {
    created_at: Option<i64>,
    updated_at: Option<i64>,
    batch: Option<String>,
}

/// A date that a clerk got wrong, so that it contradicts another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slip {
    FoundAfterFiling,
    InvestigatedBeforeFiling,
    PerformedBeforeDecision,
    DecidedBeforeFiling,
    DeliveredBeforeDecision,
    ClosedBeforeDecision,
}

/// What a clerk wrote of a visit that cannot be true.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum VisitSlip {
    EndedBefore,
    PublishedBefore,
    RectifiedBefore,
    ProblemsOfNone,
}

impl World {
    /// The slip in the case's dates and by how many days it is off, if there is one.
    pub fn slip_of(&self, unit: &Unit, case: &str) -> Option<(Slip, i32)> {
        let mut stream = Stream::about(self.seed, "slip", case);
        let slips = [
            Slip::FoundAfterFiling,
            Slip::InvestigatedBeforeFiling,
            Slip::PerformedBeforeDecision,
            Slip::DecidedBeforeFiling,
            Slip::DeliveredBeforeDecision,
            Slip::ClosedBeforeDecision,
        ];
        let slip = slips[stream.weighted(&[5.0, 4.0, 4.0, 1.2, 0.6, 0.6])];
        let (days, happens) = (stream.between(1, 9), stream.chance(World::odds(unit, 0.15, 0.02)));
        (happens && !is_planted(unit)).then_some((slip, days))
    }

    /// What a clerk got wrong about the visit, if anything.
    pub fn visit_slip_of(&self, unit: &Unit, visit: &str) -> Option<VisitSlip> {
        let mut stream = Stream::about(self.seed, "slip", visit);
        let slips = [VisitSlip::EndedBefore, VisitSlip::PublishedBefore, VisitSlip::RectifiedBefore, VisitSlip::ProblemsOfNone];
        let slip = slips[stream.weighted(&[3.0, 1.5, 1.5, 4.0])];
        stream.chance(World::odds(unit, 0.13, 0.02)).then_some(slip)
    }

    /// How the row `id` came into its source; `settled` is the day after which nothing more happened, if the extract knows it.
    pub fn entry_of(&self, unit: &Unit, id: &str, entered: i64, newest: i64, settled: Option<i32>) -> Entry {
        let mut stream = Stream::about(self.seed, "entry", id);
        let (touched, later, minute) = (stream.chance(World::odds(unit, 0.12, 0.012)), stream.between(20, 160), stream.between(0, 540));
        let (unstamped, undated) = (stream.chance(World::odds(unit, 0.03, 0.002)), stream.chance(World::odds(unit, 0.03, 0.002)));
        let touched = settled.filter(|_| touched).map(|day| start_of_day(self.days.working(day + later)) + 9 * HOUR + minutes(minute));
        let newest = self.days.seen_at(touched).unwrap_or(newest).max(newest);
        if let Some((day, at)) = self.migration().filter(|(_, at)| entered < *at && self.is_migrated(unit)) {
            return Entry { created_at: Some(at), updated_at: Some(newest.max(at)), batch: Some(format!("QY{day}")) };
        }
        let careless = !is_planted(unit);
        Entry {
            created_at: Some(entered).filter(|_| !(undated && careless)),
            updated_at: Some(newest.max(entered)).filter(|_| !(unstamped && careless)),
            batch: None,
        }
    }

    /// The columns of record keeping.
    pub fn write_entry(&self, sheet: &mut Sheet, unit: &Unit, domain: usize, entry: &Entry) {
        sheet.text("unit_id", &unit.id).text("domain", DOMAINS[domain]).text("region_code", &unit.region);
        sheet.instant("created_at", entry.created_at).instant("updated_at", entry.updated_at);
        sheet.text_of("source_batch", entry.batch.as_deref());
        if !self.small {
            sheet.instant("submitted_at", entry.updated_at.or(entry.created_at).map(|at| at + HOUR / 2));
        }
    }

    /// The night in which the first city's units moved their records to another system.
    fn migration(&self) -> Option<(i32, i64)> {
        let (first, _) = self.months.first().filter(|_| self.asked as i32 > MIGRATED_MONTHS + 1)?;
        let day = self.days.rest_day(first.plus(MIGRATED_MONTHS).to_epoch_days());
        Some((day, start_of_day(day) + 3 * HOUR))
    }

    fn is_migrated(&self, unit: &Unit) -> bool {
        unit.city == Some(0) && !is_planted(unit)
    }

    /// When the act of the day was entered by an office that mostly enters at once.
    pub fn entered_after(&self, unit: &Unit, id: &str, day: i32) -> i64 {
        let mut stream = Stream::about(self.seed, "entered", id);
        let in_time = stream.chance(World::odds(unit, 0.74, 0.985));
        let delay = if in_time { stream.between(0, 1) } else { stream.between(5, 24) };
        // In the evening, before or after supper.
        Days::evening(if delay == 0 { day } else { self.days.working(day + delay) }) + 2 * HOUR
    }
}

/// Whether cheating was planted in the unit's data.
fn is_planted(unit: &Unit) -> bool {
    unit.backdates || unit.backfills || unit.splits || unit.quota.is_some()
}
