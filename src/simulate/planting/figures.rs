//! Figures that somebody made up: they end on the digits that come to mind, or lie in a range that came to mind.
//!
//! In: a unit's visits, what was asked about it, what it confiscated. Out: the same with other minutes, seconds and sums. Never here: fines
//! (see `amounts`), one length or hour for all visits (see `visits`).

use crate::calendar::{shanghai_day, start_of_day};
use crate::simulate::days::MINUTE;
use crate::simulate::draw::Stream;
use crate::simulate::planting::amounts::{is_major, spare_the_hearing};
use crate::simulate::planting::ground::Ground;
use crate::simulate::planting::{Dose, Planted};
use crate::simulate::world::Unit;

/// Visits that a unit needs for the digits of its figures to be told apart.
pub(super) const FIGURES: usize = 30;
/// Digits on which round figures end; whoever avoids these has so many favourites.
const ROUND_DIGITS: [&[i64]; 2] = [&[0, 5], &[0]];
const FAVOURITES: (i32, i32) = (1, 3);
/// Yuan between which invented sums lie: any of three or four digits, or from such an amount on up to so many times as much.
const WIDE: [(i32, i32); 3] = [(100, 999), (1_000, 9_999), (100, 9_999)];
const NARROW_FROM: (i32, i32) = (300, 4_000);
const NARROW_FACTOR: (f64, f64) = (1.2, 2.4);
/// Yuan to which a person rounds what was invented.
const ROUNDED_TO: [i32; 4] = [1, 1, 10, 50];

pub(super) fn timed(ground: &Ground<'_>, unit: &Unit) -> usize {
    ground.visits(unit).len()
}

/// Answers of the year about the unit, with the seconds that they took.
fn answers(ground: &Ground<'_>, unit: &Unit) -> Vec<usize> {
    let mut rows = ground.of_year("survey_responses", unit, "answered_on");
    rows.retain(|row| ground.of("survey_responses").number(*row, "duration_s").is_some());
    rows
}

/// 编造数字: how long visits lasted, when they began and ended, or how long people answered ends on the teller's favourite digits.
pub(super) fn digit_heaping(ground: &mut Ground<'_>, unit: &Unit, dose: Dose, stream: &mut Stream) -> Option<Planted> {
    let digits = favourite_digits(stream);
    let (asked, visits) = (answers(ground, unit), ground.visits(unit));
    if asked.len() >= FIGURES && stream.chance(0.3) {
        let chosen = Ground::pick(&asked, dose.share, stream);
        for row in &chosen {
            let seconds = ground.of("survey_responses").number(*row, "duration_s")?;
            ground.edit("survey_responses").set_whole(*row, "duration_s", ending_on(&digits, seconds, stream));
        }
        return Some(Planted::of(ground.ids("survey_responses", &chosen), asked.len()));
    }
    let chosen = Ground::pick(&visits, dose.share, stream);
    // Either the time of day is made up or the time that it took.
    let of_day = stream.chance(0.5);
    for row in &chosen {
        let visits = ground.edit("inspections");
        let (from, to) = (visits.instant(*row, "checked_from")?, visits.instant(*row, "checked_to")?);
        let day = start_of_day(shanghai_day(from));
        let begun = if of_day { day + ending_on(&digits, (from - day) / MINUTE, stream) * MINUTE } else { from };
        let since = if of_day { day } else { from };
        let ended = since + ending_on(&digits, (to - since) / MINUTE, stream) * MINUTE;
        visits.set_instant(*row, "checked_from", begun);
        visits.set_instant(*row, "checked_to", if ended > begun { ended } else { ended + 10 * MINUTE });
        if visits.instant(*row, "scanned_at").is_some() {
            visits.set_instant(*row, "scanned_at", begun - MINUTE);
        }
    }
    Some(Planted::of(ground.ids("inspections", &chosen), visits.len()))
}

fn favourite_digits(stream: &mut Stream) -> Vec<i64> {
    if stream.chance(0.6) {
        return ROUND_DIGITS[stream.below(ROUND_DIGITS.len())].to_vec();
    }
    let mut left: Vec<i64> = (1..=9).filter(|digit| *digit != 5).collect();
    (0..stream.between(FAVOURITES.0, FAVOURITES.1)).map(|_| left.swap_remove(stream.below(left.len()))).collect()
}

/// The figure, as large as before but for its last digit.
fn ending_on(digits: &[i64], figure: i64, stream: &mut Stream) -> i64 {
    figure.max(10) / 10 * 10 + digits[stream.below(digits.len())]
}

/// Cases decided in the year in which something was confiscated.
fn confiscations(ground: &Ground<'_>, unit: &Unit) -> Vec<usize> {
    let mut rows = ground.of_year("cases", unit, "decided_on");
    rows.retain(|row| ground.of("cases").number(*row, "confiscated_amount").is_some_and(|sum| sum > 0));
    rows
}

pub(super) fn confiscated(ground: &Ground<'_>, unit: &Unit) -> usize {
    confiscations(ground, unit).len()
}

/// 编造金额: what was confiscated was not counted: its worth is any sum of a range.
pub(super) fn benford_amounts(ground: &mut Ground<'_>, unit: &Unit, dose: Dose, stream: &mut Stream) -> Option<Planted> {
    let rows = confiscations(ground, unit);
    let chosen = Ground::pick(&rows, dose.share, stream);
    let (low, high) = if stream.chance(0.5) {
        let low = stream.between(NARROW_FROM.0, NARROW_FROM.1);
        let factor = NARROW_FACTOR.0 + (NARROW_FACTOR.1 - NARROW_FACTOR.0) * stream.unit();
        (low, (f64::from(low) * factor) as i32)
    } else {
        WIDE[stream.below(WIDE.len())]
    };
    let step = ROUNDED_TO[stream.below(ROUNDED_TO.len())];
    for row in &chosen {
        let was_major = is_major(ground, *row);
        let yuan = stream.between(low, high) / step * step;
        ground.edit("cases").set_amount(*row, "confiscated_amount", i64::from(yuan) * 100);
        if was_major && !is_major(ground, *row) {
            spare_the_hearing(ground, *row);
        }
    }
    Some(Planted::of(ground.ids("cases", &chosen), rows.len()))
}
