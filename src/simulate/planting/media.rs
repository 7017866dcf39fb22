//! Films, pictures and signatures: what was not filmed, pictures that serve in many cases, names under what their bearers did not do.
//!
//! In: a unit's recordings, evidence, cases. Out: the same with gaps, copies and other names. Never here: days of decisions that were
//! dated back (see `dates`).

use crate::calendar::{DAY_MICROSECONDS, end_of_day, start_of_day};
use crate::simulate::days::{Days, HOUR, minutes};
use crate::simulate::draw::Stream;
use crate::simulate::planting::dates::add_picture;
use crate::simulate::planting::ground::{Ground, Step};
use crate::simulate::planting::{Dose, Planted};
use crate::simulate::world::{Tier, Unit};
use crate::terms::{Month, date_from_epoch_days};

/// Seconds of a recording that is only there to be there.
const SECONDS: (i32, i32) = (2, 40);
/// Days after which a recording is brought in late.
const LATE: (i32, i32) = (4, 60);
/// Cases to which a picture is added.
const PICTURES: (i32, i32) = (14, 45);
/// Bits by which a retouched picture differs.
const BITS: (i32, i32) = (1, 6);
/// Cases that one officer signs in a day: one may do three or four.
const SIGNED_A_DAY: (i32, i32) = (8, 25);
/// Days of work that are signed together.
const GATHERED: i32 = 60;

/// Visits of the year with their recordings.
fn films(ground: &Ground<'_>, unit: &Unit) -> Vec<(usize, usize)> {
    let (visits, films) = (ground.of("inspections"), ground.of("body_cam_recordings"));
    let film = |row: usize| films.find_one("file_no", &format!("SP{}", visits.word(row, "inspection_id")));
    ground.visits(unit).into_iter().filter_map(|row| film(row).map(|film| (row, film))).collect()
}

pub(super) fn filmed(ground: &Ground<'_>, unit: &Unit) -> usize {
    films(ground, unit).len()
}

/// Acts on the spot without a recording, or with one of seconds, one brought in late, one that was deleted.
pub(super) fn recording_gap(ground: &mut Ground<'_>, unit: &Unit, dose: Dose, stream: &mut Stream) -> Option<Planted> {
    let rows = films(ground, unit);
    let places: Vec<usize> = (0..rows.len()).collect();
    let chosen = Ground::pick(&places, dose.share, stream);
    let weights = [1.0 + 2.0 * stream.unit(), 2.0 * stream.unit(), 2.0 * stream.unit(), stream.unit()];
    let last = end_of_day(ground.last);
    for place in &chosen {
        let film = rows[*place].1;
        let films = ground.edit("body_cam_recordings");
        match stream.weighted(&weights) {
            0 => films.remove(film),
            1 => films.set_whole(film, "duration_s", i64::from(stream.between(SECONDS.0, SECONDS.1))),
            2 => {
                let days = i64::from(stream.between(LATE.0, LATE.1)) * DAY_MICROSECONDS;
                for column in ["imported_at", "uploaded_at", "linked_at"] {
                    let at = films.instant(film, column).map(|at| at + days).filter(|at| *at < last);
                    films.set_instant(film, column, at);
                }
                if films.instant(film, "linked_at").is_none() {
                    films.clear(film, &["inspection_id", "measure_id", "case_id"]);
                }
                if let Some(at) = films.instant(film, "imported_at") {
                    films.set_instant(film, "updated_at", at);
                }
            }
            _ => films.set_truth(film, "deleted", true),
        }
    }
    let visits: Vec<usize> = chosen.iter().map(|place| rows[*place].0).collect();
    Some(Planted::of(ground.ids("inspections", &visits), rows.len()))
}

fn with_scene(ground: &Ground<'_>, unit: &Unit) -> Vec<usize> {
    let mut rows = ground.of_year("cases", unit, "decided_on");
    rows.retain(|row| ground.of("cases").instant(*row, "found_at").is_some());
    rows
}

pub(super) fn photographed(ground: &Ground<'_>, unit: &Unit) -> usize {
    with_scene(ground, unit).len()
}

/// The same picture serves in several cases, as it is or slightly retouched.
pub(super) fn duplicate_media(ground: &mut Ground<'_>, unit: &Unit, dose: Dose, stream: &mut Stream) -> Option<Planted> {
    let cases = with_scene(ground, unit);
    let count = stream.between(PICTURES.0, PICTURES.1) as usize;
    let scenes = Ground::pick(&cases, count as f64 / cases.len() as f64, stream);
    let mut rows = Vec::new();
    for case in scenes {
        let found = ground.of("cases").instant(case, "found_at").map(crate::calendar::shanghai_day)?;
        rows.push(add_picture(ground, unit, case, found, stream));
    }
    let mut chosen = Ground::pick(&rows, dose.share, stream);
    // One alone is no copy.
    if chosen.len() < 2 {
        chosen = rows.iter().copied().take(2).collect();
    }
    let (pictures, retouches) = (1 + stream.below(3).min(chosen.len() / 2 - 1), stream.chance(0.5));
    for (nth, row) in chosen.iter().enumerate().skip(pictures) {
        let first = chosen[nth % pictures];
        let files = ground.edit("evidence_files");
        let (sha, phash, taken) = (files.word(first, "sha256"), files.word(first, "phash"), files.instant(first, "exif_time"));
        let retouched = u64::from_str_radix(&phash, 16).ok().filter(|_| retouches && stream.chance(0.7));
        match retouched {
            Some(bits) => {
                let bits = (0..stream.between(BITS.0, BITS.1)).fold(bits, |bits, _| bits ^ (1 << stream.below(64)));
                files.set_text(*row, "phash", &format!("{bits:016x}"));
            }
            None => {
                files.set_text(*row, "sha256", &sha);
                files.set_text(*row, "phash", &phash);
            }
        }
        files.set_instant(*row, "exif_time", taken);
    }
    Some(Planted::of(ground.ids("evidence_files", &chosen), rows.len()))
}

fn with_officers(ground: &Ground<'_>, unit: &Unit) -> Vec<usize> {
    let mut rows = ground.of_year("cases", unit, "decided_on");
    rows.retain(|row| !ground.of("cases").list(*row, "officers").is_empty());
    rows
}

pub(super) fn signed(ground: &Ground<'_>, unit: &Unit) -> usize {
    with_officers(ground, unit).len()
}

/// 挂名: one officer signs more cases in a day than anybody can, or cases of days spent on a course.
pub(super) fn officer_signature(ground: &mut Ground<'_>, unit: &Unit, dose: Dose, stream: &mut Stream) -> Option<Planted> {
    let rows = with_officers(ground, unit);
    let mut chosen = Ground::pick(&rows, dose.share, stream);
    let absent = stream.chance(0.35);
    let officer = ground.of("cases").list(chosen[stream.below(chosen.len())], "officers").first()?.clone();
    if absent {
        for row in &chosen {
            sign_as(ground, *row, &officer);
        }
        send_on_courses(ground, unit, &chosen, &officer, stream);
        return Some(Planted::of(ground.ids("cases", &chosen), rows.len()));
    }
    let cases = ground.of("cases");
    chosen.sort_by_key(|row| (cases.day(*row, "decided_on"), *row));
    let days: Vec<i32> = chosen.iter().map(|row| ground.of("cases").day(*row, "decided_on").unwrap_or(0)).collect();
    let mut begin = 0;
    while begin < chosen.len() {
        let size = stream.between(SIGNED_A_DAY.0, SIGNED_A_DAY.1) as usize;
        let end = (begin..chosen.len()).take(size).take_while(|nth| days[*nth] - days[begin] <= GATHERED).last().unwrap_or(begin) + 1;
        for nth in begin..end {
            let moved = days[end - 1] - days[nth];
            ground.shift_steps(chosen[nth], &[Step::Decision], moved);
            ground.shift_steps(chosen[nth], &Step::AFTER, moved);
            sign_as(ground, chosen[nth], &officer);
        }
        begin = end;
    }
    chosen.sort_unstable();
    Some(Planted::of(ground.ids("cases", &chosen), rows.len()))
}

/// The officer's name stands first under the case.
pub(super) fn sign_as(ground: &mut Ground<'_>, case: usize, officer: &str) {
    let cases = ground.edit("cases");
    let mut officers = cases.list(case, "officers");
    officers.retain(|known| known != officer);
    officers.insert(0, officer.to_owned());
    officers.truncate(2);
    cases.set_list(case, "officers", &officers);
}

/// On the days on which the cases were decided the officer sat in a course.
fn send_on_courses(ground: &mut Ground<'_>, unit: &Unit, cases: &[usize], officer: &str, stream: &mut Stream) {
    let mut days: Vec<i32> = cases.iter().filter_map(|row| ground.of("cases").day(*row, "decided_on")).collect();
    days.sort_unstable();
    days.dedup();
    let domain = ground.of("cases").word(cases[0], "domain");
    let region = if unit.tier == Tier::Province { &unit.region[..2] } else { &unit.region[..4] };
    for (nth, day) in days.into_iter().enumerate() {
        let month = date_from_epoch_days(day).map_or(Month { year: 1970, month: 1 }, Month::of);
        let file = ground.file_of(day);
        let trainings = ground.edit("trainings");
        let row = trainings.add(file);
        for (column, text) in [
            ("training_id", format!("PX{region}{:02}{:02}K{nth:02}", month.year % 100, month.month).as_str()),
            ("officer_id", officer),
            ("unit_id", unit.id.as_str()),
            ("domain", domain.as_str()),
            ("course", "执法业务脱产培训"),
            ("organiser_tier", "city"),
        ] {
            trainings.set_text(row, column, text);
        }
        trainings.set_truth(row, "is_basic", false);
        trainings.set_amount(row, "hours", 800);
        trainings.set_day(row, "trained_on", day);
        let at = start_of_day(day) + 18 * HOUR + minutes(stream.between(0, 120));
        trainings.set_instant(row, "updated_at", at.max(Days::evening(day)));
    }
}
