//! Record keeping: entered in a rush at the year's end, held back until the next year, changed when all was over, numbered out of order,
//! made uncountable.
//!
//! In: a unit's cases and visits. Out: the same with other times of entry, numbers and marks. Never here: the days of acts (see `dates`).

use crate::calendar::{shanghai_day, start_of_day};
use crate::simulate::days::{HOUR, minutes};
use crate::simulate::draw::Stream;
use crate::simulate::planting::ground::{Ground, Step};
use crate::simulate::planting::{Dose, Planted};
use crate::simulate::world::Unit;

/// Working days at the year's end in which the rush falls: its last week, or most of December.
const RUSH: (i32, i32) = (5, 20);
/// Sittings in which a unit enters its backlog.
const SITTINGS: (i32, i32) = (2, 8);
/// Days by which an event must lie before the rush to belong to an earlier month.
const EARLIER: i32 = 35;
/// Working days of the new year in which what was held back is entered: its first days, or its first two weeks.
const NEW_YEAR: (i32, i32) = (2, 9);
/// Days before the new year by which an act must lie to have been held back for weeks.
const HELD_BACK: i32 = 21;
/// Days after which nothing more happens to a case, so that a change is one after the fact.
const OVER: i32 = 75;
/// Days before the extract's last in which a unit tidies its figures.
const TIDIED: (i32, i32) = (3, 45);
/// Days by which a decision is moved into its limit, or fines are changed by.
const TIDIED_BY: (i32, i32) = (2, 30);
/// One in so many numbers is used twice rather than out of order.
const REUSED: usize = 6;

/// Cases and visits of the year's earlier months, with the times of their entry.
fn backlog(ground: &Ground<'_>, unit: &Unit) -> Vec<(&'static str, usize)> {
    let until = ground.world.days.start_of_last_working(ground.last + 1, RUSH.1) - EARLIER;
    let mut rows = Vec::new();
    for (table, column) in [("cases", "opened_on"), ("inspections", "checked_on")] {
        let known = ground.of(table);
        let old = |row: &usize| known.day(*row, column).is_some_and(|day| day < until) && known.instant(*row, "created_at").is_some();
        rows.extend(ground.of_year(table, unit, column).into_iter().filter(old).map(|row| (table, row)));
    }
    rows
}

pub(super) fn old_events(ground: &Ground<'_>, unit: &Unit) -> usize {
    backlog(ground, unit).len()
}

/// 年底突击补录: what happened in earlier months is entered in the last weeks of the year.
pub(super) fn yearend_backfill(ground: &mut Ground<'_>, unit: &Unit, dose: Dose, stream: &mut Stream) -> Option<Planted> {
    let rows = backlog(ground, unit);
    let start = ground.world.days.start_of_last_working(ground.last + 1, stream.between(RUSH.0, RUSH.1));
    let sittings: Vec<i32> =
        (0..stream.between(SITTINGS.0, SITTINGS.1)).map(|_| ground.working(stream.between(start, ground.last))).collect();
    Some(enter_in_sittings(ground, &rows, &sittings, dose, stream))
}

/// Cases and visits of the year before that were entered in it, weeks before it ended.
fn of_the_year_before(ground: &Ground<'_>, unit: &Unit) -> Vec<(&'static str, usize)> {
    let (acted, year_ends) = (ground.first - 365..ground.first - HELD_BACK, start_of_day(ground.first));
    let mut rows = Vec::new();
    for (table, column) in [("cases", "opened_on"), ("inspections", "checked_on")] {
        let known = ground.of(table);
        let in_time = |row: &usize| {
            let entered = known.instant(*row, "created_at").is_some_and(|at| at < year_ends);
            entered && known.day(*row, column).is_some_and(|day| acted.contains(&day))
        };
        rows.extend(known.find("unit_id", &unit.id).into_iter().filter(in_time).map(|row| (table, row)));
    }
    rows
}

pub(super) fn before_the_year(ground: &Ground<'_>, unit: &Unit) -> usize {
    of_the_year_before(ground, unit).len()
}

/// 跨期补录: what happened in the year before, and was held back or forgotten then, is entered in the first days of the judged year.
pub(super) fn cross_period_backfill(ground: &mut Ground<'_>, unit: &Unit, dose: Dose, stream: &mut Stream) -> Option<Planted> {
    let rows = of_the_year_before(ground, unit);
    let until = stream.between(NEW_YEAR.0, NEW_YEAR.1);
    let sittings: Vec<i32> = (0..stream.between(1, until))
        .map(|_| ground.world.days.plus_working(ground.first - 1, stream.between(1, until)).min(ground.last))
        .collect();
    Some(enter_in_sittings(ground, &rows, &sittings, dose, stream))
}

/// The dose's share of the rows is entered on a few days.
fn enter_in_sittings(
    ground: &mut Ground<'_>,
    rows: &[(&'static str, usize)],
    sittings: &[i32],
    dose: Dose,
    stream: &mut Stream,
) -> Planted {
    let places: Vec<usize> = (0..rows.len()).collect();
    let mut records = Vec::new();
    for place in Ground::pick(&places, dose.share, stream) {
        let (table, row) = rows[place];
        let day = sittings[stream.below(sittings.len())];
        // One after the other, into the evening.
        let at = start_of_day(day) + 9 * HOUR + minutes(stream.between(0, 11 * 60)) + i64::from(stream.between(0, 59)) * 1_000_000;
        enter_at(ground, table, row, at);
        records.extend(ground.ids(table, &[row]));
    }
    Planted::of(records, rows.len())
}

/// The case or visit came into its source at that time, with its papers, and into the platform not before.
pub(super) fn enter_at(ground: &mut Ground<'_>, table: &str, row: usize, at: i64) {
    ground.edit(table).set_instant(row, "created_at", at);
    ground.edit(table).touch(row, at);
    let id = ground.ids(table, &[row]).concat();
    if table == "cases" {
        for papers in ["case_documents", "case_stages", "evidence_files"] {
            for paper in ground.of(papers).find("case_id", &id) {
                ground.edit(papers).touch(paper, at);
                if ground.of(papers).day(paper, "created_on").is_some_and(|day| day < shanghai_day(at)) {
                    ground.edit(papers).set_day(paper, "created_on", shanghai_day(at));
                }
            }
        }
    }
    for record in ground.platform_of(&id) {
        ground.arrive_not_before(record, shanghai_day(at));
    }
}

/// Decided cases in which nothing happened for long.
fn settled(ground: &Ground<'_>, unit: &Unit) -> Vec<usize> {
    let cases = ground.of("cases");
    let mut rows = ground.of_year("cases", unit, "decided_on");
    rows.retain(|row| {
        let over = ground.newest_day("cases", *row).is_some_and(|day| day + OVER <= ground.last);
        over && cases.instant(*row, "updated_at").is_some()
    });
    rows
}

pub(super) fn long_over(ground: &Ground<'_>, unit: &Unit) -> usize {
    settled(ground, unit).len()
}

/// Key fields of old cases are changed when the figures are due; the papers and the platform keep what was there.
pub(super) fn post_cutoff_edit(ground: &mut Ground<'_>, unit: &Unit, dose: Dose, stream: &mut Stream) -> Option<Planted> {
    let rows = settled(ground, unit);
    let chosen = Ground::pick(&rows, dose.share, stream);
    let sittings: Vec<i32> = (0..stream.between(1, 5)).map(|_| ground.working(ground.last - stream.between(TIDIED.0, TIDIED.1))).collect();
    for row in &chosen {
        let day = sittings[stream.below(sittings.len())];
        let at = start_of_day(day) + 9 * HOUR + minutes(stream.between(0, 10 * 60));
        let (field, by) = (stream.below(3), stream.between(TIDIED_BY.0, TIDIED_BY.1));
        let cases = ground.edit("cases");
        let (filed, decided, fine) = (cases.day(*row, "filed_on"), cases.day(*row, "decided_on")?, cases.number(*row, "fine_amount"));
        let lower = fine.map(|fine| (fine * i64::from(100 - by) / 100 / 5_000 * 5_000).max(5_000)).filter(|lower| Some(*lower) < fine);
        match (field, filed, lower) {
            (0, _, Some(lower)) => cases.set_amount(*row, "fine_amount", lower),
            (1, Some(filed), _) => cases.set_day(*row, "filed_on", filed - by),
            // Into the limit, but not before the filing where there is room.
            (_, Some(filed), _) if filed < decided => cases.set_day(*row, "decided_on", (decided - by).max(filed)),
            _ => cases.set_day(*row, "decided_on", decided - by),
        }
        cases.set_instant(*row, "updated_at", at);
    }
    Some(Planted::of(ground.ids("cases", &chosen), rows.len()))
}

pub(super) fn numbered(ground: &Ground<'_>, unit: &Unit) -> usize {
    ground.numbered(unit).len()
}

/// Numbers were reserved or used again: the later a decision, the smaller its number.
pub(super) fn number_inversion(ground: &mut Ground<'_>, unit: &Unit, dose: Dose, stream: &mut Stream) -> Option<Planted> {
    let rows = ground.numbered(unit);
    let mut chosen = Ground::pick(&rows, dose.share, stream);
    if chosen.len() < 2 {
        return None;
    }
    let cases = ground.of("cases");
    chosen.sort_by_key(|row| (cases.day(*row, "decided_on"), *row));
    let mut numbers: Vec<String> = chosen.iter().map(|row| cases.word(*row, "decision_no")).collect();
    numbers.sort_by(|a, b| b.cmp(a));
    for (nth, row) in chosen.iter().enumerate() {
        let reused = nth > 0 && stream.below(REUSED) == 0;
        let number = numbers[if reused { nth - 1 } else { nth }].clone();
        ground.set_number(*row, &number);
    }
    chosen.sort_unstable();
    Some(Planted::of(ground.ids("cases", &chosen), rows.len()))
}

/// Decided cases of the year that a ratio can count: filed, of a party with a code.
fn in_ratios(ground: &Ground<'_>, unit: &Unit) -> Vec<usize> {
    let cases = ground.of("cases");
    let mut rows = ground.cases(unit);
    rows.retain(|row| {
        cases.text(*row, "credit_code").is_some() && cases.day(*row, "filed_on").is_some() && cases.text(*row, "item_code").is_some()
    });
    rows
}

pub(super) fn countable(ground: &Ground<'_>, unit: &Unit) -> usize {
    in_ratios(ground, unit).len()
}

/// Records leave the ratios: no code or a wrong one, no filing date, another kind.
pub(super) fn denominator_shrink(ground: &mut Ground<'_>, unit: &Unit, dose: Dose, stream: &mut Stream) -> Option<Planted> {
    let rows = in_ratios(ground, unit);
    let chosen = Ground::pick(&rows, dose.share, stream);
    // A unit has its way of doing it, and now and then another.
    let usual = stream.below(4);
    for row in &chosen {
        let way = if stream.chance(0.75) { usual } else { stream.below(4) };
        match way {
            0 => set_party_code(ground, *row, None),
            1 => {
                let code = ground.of("cases").word(*row, "credit_code");
                let wrong = if stream.chance(0.3) { "0".repeat(18) } else { spoilt(&code, stream) };
                set_party_code(ground, *row, Some(&wrong));
            }
            2 => ground.set_day_of(*row, Step::Filed, None),
            _ => {
                let cases = ground.edit("cases");
                cases.clear(*row, &["item_code", "supervise_item_code"]);
                cases.set_text(*row, "violation_type", "其他");
                cases.set_truth(*row, "is_food_drug", false);
                cases.set_truth(*row, "is_livelihood", false);
            }
        }
    }
    Some(Planted::of(ground.ids("cases", &chosen), rows.len()))
}

/// A code of which one character is another.
fn spoilt(code: &str, stream: &mut Stream) -> String {
    let place = 9 + stream.below(7);
    code.chars()
        .enumerate()
        .map(|(nth, letter)| {
            if nth != place {
                letter
            } else if letter == '7' {
                '3'
            } else {
                '7'
            }
        })
        .collect()
}

fn set_party_code(ground: &mut Ground<'_>, case: usize, code: Option<&str>) {
    let id = ground.of("cases").word(case, "case_id");
    let cases = ground.edit("cases");
    match code {
        Some(code) => cases.set_text(case, "credit_code", code),
        None => cases.clear(case, &["credit_code", "party_code"]),
    }
    for row in ground.platform_of(&id) {
        match code {
            Some(code) => ground.edit("platform_records").set_text(row, "party_code", code),
            None => ground.edit("platform_records").clear(row, &["party_code"]),
        }
    }
}
