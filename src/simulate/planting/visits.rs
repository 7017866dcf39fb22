//! Inspections that look like work: from templates, in two places at once, finding nothing, leading to nothing, always at the same doors,
//! or never written down.
//!
//! In: a unit's visits, and what the panel's firms answered. Out: the same with other times, results and firms; visits added, or reported by the firms alone. Never here: what was filmed
//! (see `media`).

use std::collections::BTreeSet;

use crate::calendar::{shanghai_day, start_of_day};
use crate::simulate::days::{HOUR, MINUTE, minutes};
use crate::simulate::draw::Stream;
use crate::simulate::firms::Firm;
use crate::simulate::planting::ground::Ground;
use crate::simulate::planting::{Dose, Planted, RECORDS};
use crate::simulate::world::{Tier, Unit};
use crate::terms::date_from_epoch_days;

/// Minutes of a template's visit: the round ones that a form suggests, or whatever was typed first.
const ROUND_LENGTHS: [i32; 4] = [20, 30, 45, 60];
const TYPED_LENGTHS: (i32, i32) = (14, 75);
/// Times of day at which templates begin: of the form, or typed once.
const ROUND_TIMES: [(i32, i32); 4] = [(9, 0), (9, 30), (14, 0), (15, 0)];
/// Minutes of an invented visit, and how long at least it overlaps the real one.
const INVENTED_LENGTH: (i32, i32) = (20, 100);
const OVERLAP: i32 = 5;
/// Firms that are visited again and again; the documented town had a few cafés, hotels and a museum.
const FEW_FIRMS: (i32, i32) = (3, 10);
const DOCUMENTED_FIRMS: (i32, i32) = (4, 8);
/// The documented months: July to October.
const DOCUMENTED_MONTHS: (i8, i8) = (7, 10);
/// Visits to each of them in these months. The report gives no number: "again and again" is thrice at least, and every other week for the keenest.
const DOCUMENTED_TIMES: (i32, i32) = (3, 8);
/// Visits to firms that a bureau must have made in these months, for others to be like.
const LIKE_VISITS: usize = 4;
/// Visits to one firm in a quarter that nobody wrote down, at most.
const UNWRITTEN: (i32, i32) = (1, 4);
/// How much more those from elsewhere pay, as a factor.
const DEARER: (f64, f64) = (1.1, 2.5);

pub(super) fn timed(ground: &Ground<'_>, unit: &Unit) -> usize {
    ground.visits(unit).len()
}

/// Many visits last the same to the minute, begin at the same minute, or both.
pub(super) fn identical_duration(ground: &mut Ground<'_>, unit: &Unit, dose: Dose, stream: &mut Stream) -> Option<Planted> {
    let rows = ground.visits(unit);
    let chosen = Ground::pick(&rows, dose.share, stream);
    let typed = stream.between(TYPED_LENGTHS.0, TYPED_LENGTHS.1);
    let length = if stream.chance(0.6) { ROUND_LENGTHS[stream.below(ROUND_LENGTHS.len())] } else { typed };
    let round = ROUND_TIMES[stream.below(ROUND_TIMES.len())];
    let (hour, minute) = if stream.chance(0.6) { round } else { (stream.between(8, 16), stream.between(0, 59)) };
    let (same_length, same_time) = [(true, false), (true, false), (false, true), (true, true)][stream.below(4)];
    for row in &chosen {
        let visits = ground.edit("inspections");
        let (from, to) = (visits.instant(*row, "checked_from")?, visits.instant(*row, "checked_to")?);
        let day = start_of_day(shanghai_day(from));
        let begun = if same_time { day + i64::from(hour) * HOUR + minutes(minute) } else { from };
        visits.set_instant(*row, "checked_from", begun);
        visits.set_instant(*row, "checked_to", begun + if same_length { minutes(length) } else { to - from });
        if visits.instant(*row, "scanned_at").is_some() {
            visits.set_instant(*row, "scanned_at", begun - MINUTE);
        }
    }
    Some(Planted::of(ground.ids("inspections", &chosen), rows.len()))
}

/// An officer signs a second visit, somewhere else, at the time of the first.
pub(super) fn impossible_presence(ground: &mut Ground<'_>, unit: &Unit, dose: Dose, stream: &mut Stream) -> Option<Planted> {
    let rows = ground.visits(unit);
    // So many invented that the share of all that overlap is that of the dose.
    let invented = ((rows.len() as f64 * dose.share / (2.0 - dose.share)).round() as usize).clamp(1, rows.len());
    let chosen = Ground::pick(&rows, invented as f64 / rows.len() as f64, stream);
    let mut pairs = Vec::new();
    for row in &chosen {
        let visits = ground.of("inspections");
        let (from, to) = (visits.instant(*row, "checked_from")?, visits.instant(*row, "checked_to")?);
        let (lasted, length) = (((to - from) / MINUTE) as i32, stream.between(INVENTED_LENGTH.0, INVENTED_LENGTH.1));
        let overlap = OVERLAP.min(lasted);
        let offset = stream.between(overlap - length, lasted - overlap);
        let officers = visits.list(*row, "officers");
        let other = ground.world.officer_id(unit, stream.below(unit.officers as usize) as u32);
        let firm = firm_of(ground, unit, stream);
        let copy = ground.add_visit_like(*row, "T", from + minutes(offset), minutes(length));
        ground.visit_firm(copy, &firm);
        let mut signed: Vec<String> = officers.into_iter().take(1).collect();
        if !signed.contains(&other) {
            signed.push(other);
        }
        ground.edit("inspections").set_list(copy, "officers", &signed);
        pairs.extend([*row, copy]);
    }
    Some(Planted::of(ground.ids("inspections", &pairs), rows.len() + chosen.len()))
}

/// A firm of the unit's county, or of one of its counties.
fn firm_of(ground: &Ground<'_>, unit: &Unit, stream: &mut Stream) -> Firm {
    let county = ground.world.county_for(unit, stream);
    ground.world.firm(county, stream.below(ground.world.firms_per_county as usize) as u64)
}

/// Free visits that found something.
fn findings(ground: &Ground<'_>, unit: &Unit) -> Vec<usize> {
    let visits = ground.of("inspections");
    let mut rows = ground.free_visits(unit);
    rows.retain(|row| matches!(visits.text(*row, "result"), Some("problem" | "corrected")));
    rows
}

pub(super) fn with_findings(ground: &Ground<'_>, unit: &Unit) -> usize {
    findings(ground, unit).len()
}

/// 走过场: what was there to be found was not found.
pub(super) fn zero_finding(ground: &mut Ground<'_>, unit: &Unit, dose: Dose, stream: &mut Stream) -> Option<Planted> {
    let rows = findings(ground, unit);
    let chosen = Ground::pick(&rows, dose.share, stream);
    for row in &chosen {
        ground.forget_what_followed(*row);
        ground.edit("inspections").set_text(*row, "result", "no_problem");
        ground.edit("inspections").set_whole(*row, "problems", 0);
    }
    Some(Planted::of(ground.ids("inspections", &chosen), rows.len()))
}

/// Problems were found, and nothing followed: no case, no order, no second look.
pub(super) fn zero_penalty(ground: &mut Ground<'_>, unit: &Unit, dose: Dose, stream: &mut Stream) -> Option<Planted> {
    let rows = findings(ground, unit);
    let chosen = Ground::pick(&rows, dose.share, stream);
    for row in &chosen {
        ground.forget_what_followed(*row);
        ground.edit("inspections").set_text(*row, "result", "problem");
    }
    Some(Planted::of(ground.ids("inspections", &chosen), rows.len()))
}

/// Free visits to firms.
fn to_firms(ground: &Ground<'_>, unit: &Unit) -> Vec<usize> {
    let mut rows = ground.free_visits(unit);
    rows.retain(|row| ground.of("inspections").text(*row, "credit_code").is_some());
    rows
}

pub(super) fn choosable(ground: &Ground<'_>, unit: &Unit) -> usize {
    to_firms(ground, unit).len()
}

/// The same few are visited again and again while others on the plan never are; or those from elsewhere pay for what local ones do not.
pub(super) fn selective_targets(ground: &mut Ground<'_>, unit: &Unit, dose: Dose, stream: &mut Stream) -> Option<Planted> {
    if dose.documented {
        return for_the_index(ground, unit, stream);
    }
    let fined = ground.fined(unit);
    if fined.len() >= RECORDS && stream.chance(0.4) {
        return dearer_for_strangers(ground, unit, &fined, dose, stream);
    }
    // A season, or all the year.
    let first = stream.between(1, 8) as i8;
    let months = if stream.chance(0.5) { (1, 12) } else { (first, first + 4) };
    let rows = to_firms_in(ground, unit, months);
    if rows.len() < 8 {
        return None;
    }
    let few: Vec<Firm> = (0..stream.between(FEW_FIRMS.0, FEW_FIRMS.1)).map(|_| firm_of(ground, unit, stream)).collect();
    let chosen = Ground::pick(&rows, dose.share, stream);
    for row in &chosen {
        let (day, before) = (ground.of("inspections").day(*row, "checked_on")?, ground.of("inspections").word(*row, "credit_code"));
        let firm = &few[stream.below(few.len())];
        ground.visit_firm(*row, firm);
        ground.report_visit(&before, day, false);
        ground.report_visit(&firm.code, day, true);
        choose(ground, *row);
    }
    Some(Planted::of(ground.ids("inspections", &chosen), rows.len()))
}

/// Free visits to firms from one month to another.
fn to_firms_in(ground: &Ground<'_>, unit: &Unit, (begins, ends): (i8, i8)) -> Vec<usize> {
    let visits = ground.of("inspections");
    let mut rows = to_firms(ground, unit);
    rows.retain(|row| visits.day(*row, "checked_on").is_some_and(|day| (begins..=ends).contains(&month_of(day))));
    rows
}

fn month_of(day: i32) -> i8 {
    date_from_epoch_days(day).map_or(0, |date| date.month())
}

/// The unit chose it: nobody had complained or asked, nothing was rechecked, and whom the plan named was not visited.
fn choose(ground: &mut Ground<'_>, visit: usize) {
    let visits = ground.edit("inspections");
    visits.clear(visit, &["plan_id", "recheck_of"]);
    visits.set_text(visit, "kind", "special");
    visits.set_text(visit, "trigger_kind", "plan");
}

/// As documented: to lift a figure that counts visits, a few firms are visited again and again, on top of the unit's work.
fn for_the_index(ground: &mut Ground<'_>, unit: &Unit, stream: &mut Stream) -> Option<Planted> {
    let like = to_firms_in(ground, unit, DOCUMENTED_MONTHS);
    let is_within = |day: &i32| (DOCUMENTED_MONTHS.0..=DOCUMENTED_MONTHS.1).contains(&month_of(*day)) && ground.working(*day) == *day;
    let days: Vec<i32> = (ground.first..=ground.last).filter(is_within).collect();
    if like.len() < LIKE_VISITS || days.len() < DOCUMENTED_TIMES.1 as usize {
        return None;
    }
    let mut added = Vec::new();
    for _ in 0..stream.between(DOCUMENTED_FIRMS.0, DOCUMENTED_FIRMS.1) {
        let firm = firm_of(ground, unit, stream);
        let times = stream.between(DOCUMENTED_TIMES.0, DOCUMENTED_TIMES.1) as f64;
        for day in Ground::pick(&(0..days.len()).collect::<Vec<_>>(), times / days.len() as f64, stream) {
            let (row, day) = (like[stream.below(like.len())], days[day]);
            let visits = ground.of("inspections");
            let (from, to) = (visits.instant(row, "checked_from")?, visits.instant(row, "checked_to")?);
            let time_of_day = from - start_of_day(shanghai_day(from));
            let visit = ground.add_visit_like(row, "R", start_of_day(day) + time_of_day, to - from);
            ground.visit_firm(visit, &firm);
            ground.report_visit(&firm.code, day, true);
            ground.film_like(row, visit);
            choose(ground, visit);
            added.push(visit);
        }
    }
    // All that came on top is of the pattern.
    Some(Planted::of(ground.ids("inspections", &added), added.len()))
}

fn dearer_for_strangers(ground: &mut Ground<'_>, unit: &Unit, fined: &[usize], dose: Dose, stream: &mut Stream) -> Option<Planted> {
    let mut chosen = Ground::pick(fined, dose.share, stream);
    let cases = ground.of("cases");
    chosen.sort_by_key(|row| (cases.word(*row, "item_code"), *row));
    let elsewhere = (unit.county.unwrap_or(0) + ground.world.counties.len() / 2) % ground.world.counties.len();
    let factor = DEARER.0 + (DEARER.1 - DEARER.0) * stream.unit();
    // Of the same matter one is from elsewhere, the next from here.
    for (nth, row) in chosen.iter().enumerate() {
        if nth % 2 == 1 {
            ground.edit("cases").set_truth(*row, "is_out_of_area", false);
            ground.let_off(*row);
            continue;
        }
        ground.edit("cases").set_truth(*row, "is_out_of_area", true);
        if ground.of("cases").text(*row, "credit_code").is_some() {
            let firm = ground.world.firm(elsewhere, stream.below(ground.world.firms_per_county as usize) as u64);
            set_party(ground, *row, &firm);
        }
        let fine = ground.of("cases").number(*row, "fine_amount").unwrap_or(0);
        ground.set_fine(*row, Some(((fine as f64 * factor) as i64 / 5_000).max(1) * 5_000));
    }
    chosen.sort_unstable();
    Some(Planted::of(ground.ids("cases", &chosen), fined.len()))
}

/// The case is against this firm.
pub(super) fn set_party(ground: &mut Ground<'_>, case: usize, firm: &Firm) {
    let id = ground.of("cases").word(case, "case_id");
    let cases = ground.edit("cases");
    cases.set_text(case, "credit_code", &firm.code);
    cases.set_text(case, "party_name_masked", &firm.name);
    cases.set_text(case, "party_kind", if firm.individual { "individual_business" } else { "org" });
    if cases.text(case, "party_code").is_some() {
        cases.set_text(case, "party_code", &firm.code);
    }
    for row in ground.platform_of(&id) {
        ground.edit("platform_records").set_text(row, "party_code", &firm.code);
    }
    if let Some(lead) = ground.of("leads").find_one("lead_id", &format!("XS{id}")) {
        ground.edit("leads").set_text(lead, "credit_code", &firm.code);
    }
    for (table, column) in [("lead_transfers", "case_id"), ("coercive_measures", "case_id"), ("hotline_orders", "linked_case_id")] {
        for row in ground.of(table).find(column, &id) {
            ground.edit(table).set_text(row, "credit_code", &firm.code);
        }
    }
    if let Some(visit) = ground.of("inspections").find_one("inspection_id", &format!("JC{id}")) {
        let (day, before) = (ground.of("inspections").day(visit, "checked_on"), ground.of("inspections").word(visit, "credit_code"));
        ground.visit_firm(visit, firm);
        if let Some(day) = day {
            ground.report_visit(&before, day, false);
            ground.report_visit(&firm.code, day, true);
        }
    }
}

/// Answers of the county's firms of the panel about quarters of the judged year.
fn answers_about(ground: &Ground<'_>, unit: &Unit) -> Vec<usize> {
    let (Some(county), Tier::County) = (unit.county, unit.tier) else { return Vec::new() };
    let answers = ground.of("enterprise_burden_samples");
    let mut rows = answers.find("region_code", &ground.world.counties[county].code);
    rows.retain(|row| {
        let of_year = answers.day(*row, "quarter_start").is_some_and(|day| (ground.first..=ground.last).contains(&day));
        of_year && answers.number(*row, "visits_reported").is_some() && answers.text(*row, "credit_code").is_some()
    });
    rows
}

pub(super) fn answers_of_the_panel(ground: &Ground<'_>, unit: &Unit) -> usize {
    answers_about(ground, unit).len()
}

/// The county's units do not write down all their visits: firms of the panel report more than the register has.
pub(super) fn unrecorded_visits(ground: &mut Ground<'_>, unit: &Unit, dose: Dose, stream: &mut Stream) -> Option<Planted> {
    let all = answers_about(ground, unit);
    let county = ground.world.counties[unit.county?].code.clone();
    let chosen = Ground::pick(&all, dose.share, stream);
    let most = stream.between(UNWRITTEN.0, UNWRITTEN.1);
    for row in &chosen {
        let answers = ground.of("enterprise_burden_samples");
        let (code, begins) = (answers.word(*row, "credit_code"), answers.day(*row, "quarter_start")?);
        for _ in 0..stream.between(1, most) {
            let day = ground.world.days.worked_before((begins + stream.between(0, 88)).min(ground.last));
            ground.report_visit(&code, day.max(begins), true);
        }
    }
    let samples: BTreeSet<String> = ground.ids("enterprise_burden_samples", &chosen).into_iter().collect();
    let lines = vec![(county, samples.into_iter().collect())];
    Some(Planted { lines, done: chosen.len(), of: all.len(), with: Vec::new() })
}
