//! Fines that were made to measure: below a threshold, after a quota, in parts, as one pleases, for friends.
//!
//! In: a unit's penalties. Out: the same with other amounts, others in their place, or more of them. Never here: days alone (see `dates`),
//! sums that no tariff sets (see `figures`).

use std::collections::BTreeMap;

use crate::calendar::shanghai_day;
use crate::simulate::draw::Stream;
use crate::simulate::firms::Firm;
use crate::simulate::items::{ITEMS, Item, URBAN};
use crate::simulate::planting::ground::Ground;
use crate::simulate::planting::media::sign_as;
use crate::simulate::planting::visits::set_party;
use crate::simulate::planting::{Dose, Planted, RECORDS};
use crate::simulate::rows_standards::band;
use crate::simulate::world::{Tier, Unit};
use crate::terms::{Month, date_from_epoch_days};

/// From so much on, in hundredths, a fine needs a hearing on request, a legal review and a discussion: of an organisation, of others.
const MAJOR: (i64, i64) = (10_000_000, 1_000_000);
/// Up to so much, in hundredths, the simple procedure will do (行政处罚法 art. 51): of an organisation, of others.
const SIMPLE: (i64, i64) = (300_000, 20_000);
/// By how much of the threshold, in thousandths, a fine may stay below it: just below, or below in round numbers.
const BELOW: (i32, i32) = (1, 80);
/// Fines near a threshold, as shares of it: whoever would have taken so much may be tempted.
const NEAR: (f64, f64) = (0.3, 4.0);
/// Yuan that a quota asks for; with the quarter above it the simple procedure will still do. The documented one is the last.
const QUOTAS: [i64; 4] = [500, 1_000, 1_500, 2_000];
/// Months for which the quota lasted.
const QUOTA_MONTHS: usize = 6;
/// Townships that make the documented county, which had 23: fewer would be another story.
const DOCUMENTED_TOWNSHIPS: usize = 5;
/// Matter for which townships fine under the quota: one that they all may deal with and that the amounts fit.
const QUOTA_MATTER: &str = "330217005000";
/// A case is cut up when its fine is at most so many times what the simple procedure allows.
const MOST_PARTS: i64 = 6;
/// Days between the parts.
const PARTS_APART: (i32, i32) = (0, 3);
/// Cases of the same matter and grade that a unit must have before its fines can be told to differ.
const ALIKE: usize = 3;
/// How far fines go beyond their band, as a factor on either side.
const SPREAD: (f64, f64) = (1.3, 6.0);
/// Firms that an officer favours, and their cases in the year.
const FRIENDS: (i32, i32) = (1, 5);
const CASES_OF_FRIENDS: (i32, i32) = (12, 40);
/// How often, at most, a friend is let off altogether; else a friend pays the least, or so many hundredths of the band more.
const LET_OFF: f64 = 0.5;
const ABOVE_THE_LEAST: (i32, i32) = (0, 4);

fn by_party(ground: &Ground<'_>, case: usize, amounts: (i64, i64)) -> i64 {
    if ground.of("cases").text(case, "party_kind") == Some("org") { amounts.0 } else { amounts.1 }
}

fn fine_of(ground: &Ground<'_>, case: usize) -> i64 {
    ground.of("cases").number(case, "fine_amount").unwrap_or(0)
}

fn is_simple(ground: &Ground<'_>, case: usize) -> bool {
    ground.of("cases").text(case, "procedure") == Some("simple")
}

/// Penalties near the amount that calls for a hearing; or those on the spot near what the simple procedure allows.
fn near(ground: &Ground<'_>, unit: &Unit, simple: bool) -> Vec<usize> {
    let mut rows = ground.fined(unit);
    rows.retain(|row| {
        let share = fine_of(ground, *row) as f64 / by_party(ground, *row, if simple { SIMPLE } else { MAJOR }) as f64;
        is_simple(ground, *row) == simple && (NEAR.0..=if simple { 1.0 } else { NEAR.1 }).contains(&share)
    });
    rows
}

pub(super) fn near_a_threshold(ground: &Ground<'_>, unit: &Unit) -> usize {
    near(ground, unit, false).len().max(near(ground, unit, true).len())
}

/// Fines just below an amount above which more is needed.
pub(super) fn fine_threshold_bunching(ground: &mut Ground<'_>, unit: &Unit, dose: Dose, stream: &mut Stream) -> Option<Planted> {
    let (major, on_the_spot) = (near(ground, unit, false), near(ground, unit, true));
    let simple = major.len() < RECORDS || (on_the_spot.len() >= RECORDS && stream.chance(0.25));
    let rows = if simple { on_the_spot } else { major };
    let chosen = Ground::pick(&rows, dose.share, stream);
    let most = stream.between(BELOW.0 + 4, BELOW.1);
    for row in &chosen {
        let threshold = by_party(ground, *row, if simple { SIMPLE } else { MAJOR });
        let below = threshold * i64::from(stream.between(BELOW.0, most)) / 1_000;
        // Round amounts, as people write them.
        let step = threshold / 200;
        let fine = ((threshold - below) / step * step).min(threshold - step);
        ground.set_fine(*row, Some(fine));
        if !is_major(ground, *row) {
            spare_the_hearing(ground, *row);
        }
    }
    Some(Planted::of(ground.ids("cases", &chosen), rows.len()))
}

/// Whether the penalty is one of which the party may ask to be heard.
pub(super) fn is_major(ground: &Ground<'_>, case: usize) -> bool {
    let from = by_party(ground, case, MAJOR);
    ["fine_amount", "confiscated_amount"].iter().any(|column| ground.of("cases").number(case, column).is_some_and(|sum| sum >= from))
}

/// Below the threshold nobody is told of a hearing.
pub(super) fn spare_the_hearing(ground: &mut Ground<'_>, case: usize) {
    let id = ground.of("cases").word(case, "case_id");
    for flag in ["hearing_required", "legal_review_required", "collective_required", "major"] {
        if ground.of("cases").truth(case, flag).is_some() {
            ground.edit("cases").set_truth(case, flag, false);
        }
    }
    for row in ground.of("case_documents").find("case_id", &id) {
        if ground.of("case_documents").text(row, "doc_kind") == Some("hearing_right_notice") {
            ground.edit("case_documents").remove(row);
        }
    }
}

/// Townships that answer to the unit and carry nothing yet.
fn townships_of<'a>(ground: &Ground<'a>, unit: &Unit) -> Vec<&'a Unit> {
    let world = ground.world;
    let answers = |town: &&Unit| town.tier == Tier::Township && town.parent == Some(unit.index) && ground.is_free(town);
    world.units.iter().filter(answers).filter(|town| urban_case_of(ground, town).is_some()).collect()
}

pub(super) fn townships(ground: &Ground<'_>, unit: &Unit) -> usize {
    townships_of(ground, unit).len()
}

/// 指标摊派: the townships of a county make the same few cases each month for half a year, with fines just above the same amount.
pub(super) fn quota_uniformity(ground: &mut Ground<'_>, unit: &Unit, dose: Dose, stream: &mut Stream) -> Option<Planted> {
    let towns = townships_of(ground, unit);
    if dose.documented && towns.len() < DOCUMENTED_TOWNSHIPS {
        return None;
    }
    let item = ITEMS.iter().find(|item| item.code == QUOTA_MATTER)?;
    let months = months_of_year(ground);
    let length = QUOTA_MONTHS.min(months.len());
    let from = stream.below(months.len() - length + 1);
    let amount = if dose.documented { QUOTAS[3] } else { QUOTAS[stream.below(QUOTAS.len())] };
    // Two or three in the documented county.
    let least = if dose.documented { 2 } else { stream.between(1, 3) };
    let places: Vec<usize> = (0..towns.len()).collect();
    let followers = Ground::pick(&places, dose.share, stream);
    let mut records = Vec::new();
    for place in &followers {
        let like = urban_case_of(ground, towns[*place])?;
        for month in &months[from..from + length] {
            records.extend(fill_the_quota(ground, towns[*place], *month, (least, amount, like), item, stream)?);
        }
        ground.number_in_order(towns[*place]);
    }
    let with = towns.iter().map(|town| town.id.clone()).collect();
    Some(Planted { lines: vec![(String::new(), records)], done: followers.len(), of: towns.len(), with })
}

/// A decided case of the trade that the quota is about: others are made in its likeness.
fn urban_case_of(ground: &Ground<'_>, town: &Unit) -> Option<usize> {
    let cases = ground.of("cases");
    let is_like = |row: &usize| cases.text(*row, "domain") == Some("urban") && cases.text(*row, "decision_no").is_some();
    cases.find("unit_id", &town.id).into_iter().find(is_like)
}

fn months_of_year(ground: &Ground<'_>) -> Vec<Month> {
    let inside = |month: &Month| month.to_epoch_days() >= ground.first && month.to_epoch_days() <= ground.last;
    ground.world.months.iter().map(|(month, _)| *month).filter(inside).collect()
}

/// The month's cases of the township are those that the quota asks for; what it does in other trades stays.
fn fill_the_quota(
    ground: &mut Ground<'_>,
    town: &Unit,
    month: Month,
    (least, amount, like): (i32, i64, usize),
    item: &Item,
    stream: &mut Stream,
) -> Option<Vec<String>> {
    let cases = ground.of("cases");
    let file = |day: Option<i32>| day.and_then(date_from_epoch_days).map(Month::of);
    let mut before = cases.find("unit_id", &town.id);
    before.retain(|row| cases.text(*row, "domain") == Some("urban") && file(cases.day(*row, "opened_on")) == Some(month));
    before.into_iter().for_each(|row| ground.remove_case(row));
    let mut records = Vec::new();
    let wanted = least + stream.between(0, 1);
    for _ in 0..wanted {
        let day = ground.world.days.act_day(month, 0.05, stream).min(ground.last);
        let county = town.county.unwrap_or(0);
        let nth = stream.below(ground.world.firms_per_county as usize) as u64;
        let firm = (nth..nth + 40).map(|nth| ground.world.firm(county, nth)).find(|firm| !firm.individual);
        let fine = (amount + amount / 4 * i64::from(stream.between(0, 10)) / 10) / 10 * 1_000;
        let id = ground.add_simple_case(like, town, day, fine, firm.as_ref(), stream);
        let row = ground.of("cases").find_one("case_id", &id)?;
        let cases = ground.edit("cases");
        for (column, text) in
            [("item_code", item.code), ("violation_type", item.violation), ("punish_accord", item.basis), ("severity", "一般")]
        {
            cases.set_text(row, column, text);
        }
        cases.set_truth(row, "is_food_drug", false);
        cases.set_truth(row, "is_livelihood", false);
        debug_assert_eq!(item.domain, URBAN, "the paper and the platform name the domain of the case that was copied");
        records.push(id);
    }
    Some(records)
}

/// Ordinary penalties that a few cases of the simple procedure could take the place of.
fn small_enough(ground: &Ground<'_>, unit: &Unit) -> Vec<usize> {
    let mut rows = ground.ordinary(unit);
    rows.retain(|row| {
        let (fine, cap) = (fine_of(ground, *row), by_party(ground, *row, SIMPLE));
        let told = ground.of("cases").text(*row, "decision_no").is_some();
        told && fine > cap && fine <= cap * MOST_PARTS && ground.of("cases").instant(*row, "found_at").is_some()
    });
    rows
}

pub(super) fn divisible(ground: &Ground<'_>, unit: &Unit) -> usize {
    small_enough(ground, unit).len()
}

/// 拆分案件: one violation of one party in several cases of a few days, each small enough for the simple procedure.
pub(super) fn case_splitting(ground: &mut Ground<'_>, unit: &Unit, dose: Dose, stream: &mut Stream) -> Option<Planted> {
    let rows = small_enough(ground, unit);
    let chosen = Ground::pick(&rows, dose.share, stream);
    let apart = stream.between(PARTS_APART.0, PARTS_APART.1);
    let mut lines = Vec::new();
    for (nth, row) in chosen.iter().enumerate() {
        let (fine, cap) = (fine_of(ground, *row), by_party(ground, *row, SIMPLE));
        let first = ground.of("cases").instant(*row, "found_at").map(shanghai_day)?.clamp(ground.first, ground.last - 30);
        let largest = cap * i64::from(stream.between(70, 99)) / 100;
        let parts = ((fine + largest - 1) / largest).max(2);
        let mut day = first;
        let mut records = Vec::new();
        for part in 0..parts {
            // Not quite the same each time; together what the whole would have cost.
            let sign = if part % 2 == 0 { 1_000 } else { -1_000 };
            let share = fine / parts + sign * i64::from(stream.between(0, 3)) * (cap / SIMPLE.0);
            let on = ground.world.days.working(day).min(ground.last);
            records.push(ground.add_simple_case(*row, unit, on, (share / 500 * 500).clamp(500, cap), None, stream));
            day += stream.between(i32::from(apart > 0), apart);
        }
        let month = date_from_epoch_days(first).map(Month::of)?;
        lines.push((format!("{month}-{nth}"), records));
        ground.remove_case(*row);
    }
    Some(Planted { done: chosen.len(), of: rows.len(), lines, with: Vec::new() })
}

/// Fines beyond the simple procedure that can be held against others of the unit, of the same matter and grade: matter by matter.
fn graded(ground: &Ground<'_>, unit: &Unit) -> Vec<usize> {
    let cases = ground.of("cases");
    let mut alike: BTreeMap<(String, String), Vec<usize>> = BTreeMap::new();
    for row in ground.fined(unit).into_iter().filter(|row| !is_simple(ground, *row) && item_of(ground, *row).is_some()) {
        alike.entry((cases.word(row, "item_code"), cases.word(row, "severity"))).or_default().push(row);
    }
    alike.into_values().filter(|rows| rows.len() >= ALIKE).flatten().collect()
}

fn item_of(ground: &Ground<'_>, case: usize) -> Option<&'static Item> {
    let code = ground.of("cases").text(case, "item_code")?;
    ITEMS.iter().find(|item| item.code == code)
}

pub(super) fn comparable(ground: &Ground<'_>, unit: &Unit) -> usize {
    graded(ground, unit).len()
}

/// 同案不同罚: of the same matter and grade one pays next to nothing and another far more than elsewhere.
pub(super) fn disparity(ground: &mut Ground<'_>, unit: &Unit, dose: Dose, stream: &mut Stream) -> Option<Planted> {
    let rows = graded(ground, unit);
    let places: Vec<usize> = (0..rows.len()).collect();
    let chosen: Vec<usize> = Ground::pick(&places, dose.share, stream).into_iter().map(|place| rows[place]).collect();
    let spread = SPREAD.0 + (SPREAD.1 - SPREAD.0) * stream.unit();
    // One pays little, the next of the same matter far too much.
    let first = stream.below(2);
    for (nth, row) in chosen.iter().enumerate() {
        let item = item_of(ground, *row)?;
        let (low, high) = (f64::from(item.fine.0), f64::from(item.fine.1));
        let factor = 1.0 + (spread - 1.0) * (0.5 + 0.5 * stream.unit());
        let yuan = if nth % 2 == first { low / factor } else { high * factor };
        ground.set_fine(*row, Some(((yuan / 50.0).round() as i64).max(1) * 5_000));
    }
    Some(Planted::of(ground.ids("cases", &chosen), rows.len()))
}

/// Fines of organisations beyond the simple procedure, of a known matter and grade, that an accident or a meter tied to no other firm.
fn of_organisations(ground: &Ground<'_>, unit: &Unit) -> Vec<usize> {
    let cases = ground.of("cases");
    let mut rows = ground.fined(unit);
    rows.retain(|row| {
        let metered = ground.of("monitoring_data_refs").find_one("ref_id", &format!("JK{}", cases.word(*row, "case_id"))).is_some();
        let coded = cases.text(*row, "party_kind") == Some("org") && cases.text(*row, "credit_code").is_some();
        let graded = cases.text(*row, "severity").is_some() && item_of(ground, *row).is_some() && !is_simple(ground, *row);
        coded && graded && !metered && cases.text(*row, "accident_id").is_none()
    });
    rows
}

pub(super) fn of_friends(ground: &Ground<'_>, unit: &Unit) -> usize {
    of_organisations(ground, unit).len()
}

/// 人情案: an officer handles the cases of a few firms, and whatever they did costs them the least that anybody pays, or nothing.
pub(super) fn favour(ground: &mut Ground<'_>, unit: &Unit, dose: Dose, stream: &mut Stream) -> Option<Planted> {
    let all = of_organisations(ground, unit);
    let friends = circle(ground, unit, stream);
    let wanted = stream.between(CASES_OF_FRIENDS.0, CASES_OF_FRIENDS.1);
    let rows = Ground::pick(&all, f64::from(wanted) / all.len() as f64, stream);
    for row in &rows {
        set_party(ground, *row, friends.get(stream.below(friends.len()))?);
    }
    // The others of the circle's cases went to whoever was there, and cost what they cost.
    let chosen = Ground::pick(&rows, dose.share, stream);
    let officer = ground.world.officer_id(unit, stream.below(unit.officers as usize) as u32);
    let lets_off = LET_OFF * stream.unit();
    for row in &chosen {
        let (item, was_major) = (item_of(ground, *row)?, is_major(ground, *row));
        sign_as(ground, *row, &officer);
        ground.edit("cases").clear(*row, &["aggravation"]);
        if stream.chance(lets_off) {
            ground.let_off(*row);
        } else {
            let (low, high) = band(item, &ground.of("cases").word(*row, "severity"));
            // The band of a light grade begins below what anybody pays.
            let least = low.max(i64::from(item.fine.0));
            let above = (high - least) * i64::from(stream.between(ABOVE_THE_LEAST.0, ABOVE_THE_LEAST.1)) / 100;
            ground.set_fine(*row, Some((least + above) / 50 * 5_000));
        }
        if was_major && !is_major(ground, *row) {
            spare_the_hearing(ground, *row);
        }
    }
    Some(Planted::of(ground.ids("cases", &chosen), rows.len()))
}

/// A few organisations of the unit's county. They deal in food: such firms can have broken any of the rules.
fn circle(ground: &Ground<'_>, unit: &Unit, stream: &mut Stream) -> Vec<Firm> {
    let world = ground.world;
    let (county, firms) = (world.county_for(unit, stream), world.firms_per_county);
    let friends = (0..stream.between(FRIENDS.0, FRIENDS.1)).filter_map(|_| {
        let first = stream.below(firms as usize) as u64;
        (first..first + firms).map(|nth| world.firm(county, nth)).find(|firm| firm.food && !firm.individual)
    });
    friends.collect()
}
