//! Benign twins: what looks a little like a pattern and is honest.
//!
//! In: the honest extract. Out: the same after a campaign, an outage, a reform, a migration, or in a place that works as it must. The
//! answer key names the units that they touch. Never here: cheating.

use std::collections::BTreeMap;

use crate::calendar::{end_of_day, start_of_day};
use crate::simulate::days::{HOUR, minutes};
use crate::simulate::draw::Stream;
use crate::simulate::items::DOMAINS;
use crate::simulate::planting::entry::enter_at;
use crate::simulate::planting::ground::Ground;
use crate::simulate::planting::{Occurrence, Planted, RECORDS, dates};
use crate::simulate::world::{THIN, Tier, Unit};
use crate::terms::Month;

/// A campaign: so many more visits, of which so few find something.
const MORE_VISITS: (f64, f64) = (1.0, 2.0);
const FOUND_IN_CAMPAIGN: f64 = 0.06;
/// Days for which the interface was down, and days until all was entered.
const DOWN: i32 = 14;
const ENTERED_AFTER: i32 = 3;
/// A group that works to the limit: this share of its cases, in the last weeks before it.
const LATE_SHARE: (f64, f64) = (0.6, 0.9);
const LATE_DAYS: i32 = 25;
const ALONE: f64 = 0.3;
/// Units of a group that is small enough to be late as a whole.
const GROUP: std::ops::RangeInclusive<usize> = 3..=8;
/// Units whose records were moved over in one night, and the minutes that it took: a moment for many, an evening for one or two.
const MIGRATED: (i32, i32) = (1, 6);
const MANY: i32 = 3;
const EVENING: i32 = 150;

fn stream_of(ground: &Ground<'_>, word: &str) -> Stream {
    Stream::new(ground.world.seed, &format!("planting twin:{word}"), &[])
}

fn twin(pattern: &'static str, unit: &Unit, group: &str, records: Vec<String>) -> Occurrence {
    let planted = Planted { done: records.len(), of: records.len(), lines: vec![(group.to_owned(), records)], with: Vec::new() };
    Occurrence { pattern, unit_id: unit.id.clone(), dose: None, strength: "", planted }
}

/// What the whole province goes through, whoever cheats in it.
pub(super) fn of_the_province(ground: &mut Ground<'_>) -> Vec<Occurrence> {
    let mut twins = campaign(ground);
    twins.extend(outage(ground));
    twins
}

/// What the whole province went through may have been taken away since by those who cheat.
pub(super) fn forget_what_is_gone(ground: &Ground<'_>, of: &mut Occurrence) {
    if of.dose.is_none() {
        let is_there = |record: &String| {
            [("cases", "case_id"), ("inspections", "inspection_id")]
                .iter()
                .any(|(table, key)| ground.of(table).find_one(key, record).is_some())
        };
        of.planted.lines.iter_mut().for_each(|(_, records)| records.retain(is_there));
    }
}

/// Months of the judged year, but for its first and last ones.
fn months_inside(ground: &Ground<'_>) -> Vec<Month> {
    let world = ground.world;
    let thick = (0..world.months.len()).filter(|nth| world.thickness_of(*nth) > THIN).map(|nth| world.months[nth].0);
    thick.filter(|month| month.to_epoch_days() > ground.first + 31 && month.to_epoch_days() < ground.last - 75).collect()
}

/// 专项行动: in one month everybody in a domain inspects more, and finds less.
fn campaign(ground: &mut Ground<'_>) -> Vec<Occurrence> {
    let mut stream = stream_of(ground, "campaign");
    let months = months_inside(ground);
    let Some(month) = months.get(stream.below(months.len())).copied() else { return Vec::new() };
    let domains: Vec<usize> = (0..DOMAINS.len()).filter(|domain| has_domain(ground, *domain)).collect();
    let domain = domains[stream.below(domains.len())];
    let more = MORE_VISITS.0 + (MORE_VISITS.1 - MORE_VISITS.0) * stream.unit();
    let world = ground.world;
    let mut twins = Vec::new();
    for unit in world.units.iter().filter(|unit| unit.domains.iter().any(|(known, _)| *known == domain)) {
        let visits = ground.of("inspections");
        let mut rows = ground.free_visits(unit);
        let inside = |day: Option<i32>| day.is_some_and(|day| day >= month.to_epoch_days() && day < month.next().to_epoch_days());
        rows.retain(|row| visits.text(*row, "domain") == Some(DOMAINS[domain]) && inside(visits.day(*row, "checked_on")));
        let mut records = Vec::new();
        for row in rows {
            let copies = more as usize + usize::from(stream.chance(more.fract()));
            for _ in 0..copies {
                records.push(campaign_visit(ground, unit, row, month, &mut stream));
            }
        }
        if !records.is_empty() {
            twins.push(twin("twin:campaign", unit, &format!("{} {month}", DOMAINS[domain]), records));
        }
    }
    twins
}

fn has_domain(ground: &Ground<'_>, domain: usize) -> bool {
    ground.world.units.iter().filter(|unit| unit.domains.iter().any(|(known, _)| *known == domain)).count() >= *GROUP.start()
}

fn campaign_visit(ground: &mut Ground<'_>, unit: &Unit, like: usize, month: Month, stream: &mut Stream) -> String {
    let world = ground.world;
    let day = world.days.act_day(month, 0.1, stream);
    let from = world.days.office_hour(day, stream);
    let (length, found) = (stream.between(10, 60), stream.chance(FOUND_IN_CAMPAIGN));
    let officers: Vec<String> = world.draw_officers(unit, stream).into_iter().map(|nth| world.officer_id(unit, nth)).collect();
    let county = world.county_for(unit, stream);
    let firm = world.firm(county, stream.below(world.firms_per_county as usize) as u64);
    let row = ground.add_visit_like(like, "Z", from, minutes(length));
    if ground.of("inspections").text(row, "credit_code").is_some() {
        ground.visit_firm(row, &firm);
        ground.report_visit(&firm.code, day, true);
    }
    let visits = ground.edit("inspections");
    visits.set_text(row, "kind", "special");
    visits.set_text(row, "trigger_kind", "plan");
    visits.set_list(row, "officers", &officers);
    if visits.truth(row, "counts_toward_cap").is_some() {
        visits.set_truth(row, "counts_toward_cap", true);
    }
    if found {
        visits.set_text(row, "result", "corrected");
        visits.set_whole(row, "problems", 1);
    }
    ground.film_like(like, row);
    ground.of("inspections").word(row, "inspection_id")
}

/// The province's interface was down for two weeks: what was to be entered then was entered afterwards.
fn outage(ground: &mut Ground<'_>) -> Vec<Occurrence> {
    let mut stream = stream_of(ground, "outage");
    let months = months_inside(ground);
    let Some(month) = months.get(stream.below(months.len())).copied() else { return Vec::new() };
    let begins = month.to_epoch_days() + stream.between(0, 12);
    let (from, to) = (start_of_day(begins), end_of_day(begins + DOWN - 1));
    let world = ground.world;
    let mut twins = Vec::new();
    for unit in &world.units {
        let mut records = Vec::new();
        for table in ["cases", "inspections"] {
            for row in ground.of(table).find("unit_id", &unit.id) {
                if ground.of(table).instant(row, "created_at").is_some_and(|at| (from..to).contains(&at)) {
                    let day = world.days.working(begins + DOWN + stream.between(0, ENTERED_AFTER));
                    let at = start_of_day(day) + 8 * HOUR + minutes(stream.between(0, 12 * 60));
                    enter_at(ground, table, row, at);
                    records.extend(ground.ids(table, &[row]));
                }
            }
        }
        if !records.is_empty() {
            twins.push(twin("twin:outage", unit, "", records));
        }
    }
    twins
}

/// What a group of units does because all of it does.
pub(super) fn of_a_group(ground: &mut Ground<'_>) -> Vec<Occurrence> {
    let mut stream = stream_of(ground, "deadline_work");
    let world = ground.world;
    // Units of a tier with the same trade; those above the counties are few enough to be late as a whole.
    let mut groups: BTreeMap<(u8, &str, Option<usize>), Vec<&Unit>> = BTreeMap::new();
    for unit in world.units.iter().filter(|unit| matches!(unit.tier, Tier::City | Tier::County) && ground.is_free(unit)) {
        if dates::movable(ground, unit) >= RECORDS {
            let within = unit.city.filter(|_| unit.tier == Tier::County);
            groups.entry((unit.tier as u8, &unit.id[unit.id.len() - 2..], within)).or_default().push(unit);
        }
    }
    let fitting: Vec<Vec<&Unit>> = groups.into_values().filter(|units| GROUP.contains(&units.len())).collect();
    // Groups stand in the order of their tier: the first have all their members in the province.
    let Some(units) = fitting.get(stream.below(fitting.len().min(3))) else { return Vec::new() };
    // Now and then one of them works so by itself.
    let units = if stream.chance(ALONE) { &units[..1] } else { &units[..] };
    let share = LATE_SHARE.0 + (LATE_SHARE.1 - LATE_SHARE.0) * stream.unit();
    let mut twins = Vec::new();
    for unit in units {
        let rows = dates::in_time(ground, unit);
        let chosen = Ground::pick(&rows, share, &mut stream);
        for row in &chosen {
            // Spread over weeks: a few are nearly too late, none is.
            let early = (f64::from(LATE_DAYS) * stream.unit()) as i32;
            dates::finish_before_the_limit(ground, *row, early);
        }
        // An honest office numbers when it decides: what is decided later has a later number.
        ground.number_in_order(unit);
        ground.take(&unit.id);
        twins.push(twin("twin:deadline_work", unit, "", ground.ids("cases", &chosen)));
    }
    twins
}

/// What happens to single units.
pub(super) fn of_few_units(ground: &mut Ground<'_>) -> Vec<Occurrence> {
    let mut twins = small_township(ground);
    twins.extend(reform(ground));
    twins.extend(data_migration(ground));
    twins
}

/// A move of a unit's data as the assessing office has it on record.
fn announce(ground: &mut Ground<'_>, unit: &Unit, night: i32, batch: &str) {
    let file = ground.file_of(night);
    let effects = ground.edit("known_effects");
    let row = effects.add(file);
    for (column, text) in [
        ("effect_id", format!("{batch}-{}", unit.id)),
        ("kind", "migration".to_owned()),
        ("unit_id", unit.id.clone()),
        ("document", format!("数迁〔{batch}〕1号")),
    ] {
        effects.set_text(row, column, &text);
    }
    effects.set_day(row, "from_on", Some(night));
    effects.set_day(row, "until_on", Some(night));
    effects.set_day(row, "recorded_on", Some(night));
    effects.set_instant(row, "created_at", end_of_day(night) - HOUR);
    effects.set_instant(row, "updated_at", end_of_day(night) - HOUR);
}

/// 系统迁移: old cases and visits of a few units were loaded into a new system in one night, late in the year.
fn data_migration(ground: &mut Ground<'_>) -> Vec<Occurrence> {
    let mut stream = stream_of(ground, "data_migration");
    let world = ground.world;
    let mut units: Vec<&Unit> = world.units.iter().filter(|unit| ground.is_free(unit)).collect();
    let night = world.days.rest_day(ground.last - stream.between(10, 75)).min(ground.last - 1);
    let at = start_of_day(night) + 2 * HOUR + minutes(stream.between(0, 120));
    let (batch, until) = (format!("QY{night}"), ground.last - 150);
    let mut twins = Vec::new();
    let moved = stream.between(MIGRATED.0, MIGRATED.1);
    let milliseconds = if moved < MANY { EVENING * 60_000 } else { 55_000 };
    for _ in 0..moved {
        if units.is_empty() {
            break;
        }
        let unit = units.swap_remove(stream.below(units.len()));
        let mut records = Vec::new();
        for (table, column) in [("cases", "opened_on"), ("inspections", "checked_on")] {
            for row in ground.of_year(table, unit, column) {
                let known = ground.of(table);
                if known.day(row, column).is_some_and(|day| day < until) && known.instant(row, "created_at").is_some() {
                    let second = at + i64::from(stream.between(0, milliseconds)) * 1_000;
                    let known = ground.edit(table);
                    known.set_instant(row, "created_at", second);
                    known.set_text(row, "source_batch", &batch);
                    known.touch(row, second);
                    records.extend(ground.ids(table, &[row]));
                }
            }
        }
        ground.take(&unit.id);
        // Nothing in the records of one or two units tells a move from filling in: the office has it on record.
        if moved < MANY {
            announce(ground, unit, night, &batch);
        }
        twins.push(twin("twin:data_migration", unit, &batch, records));
    }
    twins
}

/// A township with a case a month, as it happens.
fn small_township(ground: &mut Ground<'_>) -> Vec<Occurrence> {
    let mut stream = stream_of(ground, "small_township");
    let world = ground.world;
    let mut towns: Vec<&Unit> = world.units.iter().filter(|unit| unit.tier == Tier::Township && ground.is_free(unit)).collect();
    towns.retain(|unit| ground.cases(unit).len() >= RECORDS);
    let Some(unit) = towns.get(stream.below(towns.len())).copied() else { return Vec::new() };
    let mut months: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for row in ground.cases(unit) {
        let day = ground.of("cases").day(row, "opened_on").unwrap_or(ground.last);
        months.entry(ground.file_of(day)).or_default().push(row);
    }
    let mut kept = Vec::new();
    for mut rows in months.into_values() {
        let count = 1 + usize::from(stream.chance(0.3));
        while rows.len() > count {
            let gone = rows.swap_remove(stream.below(rows.len()));
            let id = ground.of("cases").word(gone, "case_id");
            ground.remove_case(gone);
            // Nobody reported it either, and nobody went there: a lead that is left would stand as refused, a visit as one whose problem nobody took up.
            ground.remove_lead(&format!("XS{id}"));
            if let Some(visit) = ground.of("inspections").find_one("inspection_id", &format!("JC{id}")) {
                ground.remove_visit(visit);
            }
        }
        kept.extend(rows);
    }
    kept.sort_unstable();
    ground.take(&unit.id);
    vec![twin("twin:small_township", unit, "", ground.ids("cases", &kept))]
}

/// Tables whose rows go with the unit that took over, and the columns that name it.
const TAKEN_OVER: [(&str, &str); 12] = [
    ("cases", "unit_id"),
    ("inspections", "unit_id"),
    ("leads", "unit_id"),
    ("hotline_orders", "unit_id"),
    ("complaints", "unit_id"),
    ("ratings", "unit_id"),
    ("inspection_plans", "unit_id"),
    ("mediation_records", "unit_id"),
    ("lead_transfers", "from_unit"),
    ("lead_transfers", "to_unit"),
    ("hazards", "unit_id"),
    ("trainings", "unit_id"),
];

/// Tables whose rows go with a case or a visit, by the column that names it.
const GOES_WITH: [(&str, &str, &str); 9] = [
    ("case_documents", "cases", "case_id"),
    ("case_stages", "cases", "case_id"),
    ("case_suspensions", "cases", "case_id"),
    ("disclosures", "cases", "case_id"),
    ("evidence_files", "cases", "case_id"),
    ("coercive_measures", "cases", "case_id"),
    ("reviews_litigation", "cases", "case_id"),
    ("case_file_reviews", "cases", "case_id"),
    ("body_cam_recordings", "inspections", "inspection_id"),
];

/// From one day on a unit takes over the matters of another.
fn reform(ground: &mut Ground<'_>) -> Vec<Occurrence> {
    let mut stream = stream_of(ground, "reform");
    let world = ground.world;
    let same = |a: &Unit, b: &Unit| {
        let domains = |unit: &Unit| unit.domains.iter().map(|(domain, _)| *domain).collect::<Vec<_>>();
        a.tier == b.tier && a.county == b.county && a.city == b.city && a.id != b.id && domains(a) == domains(b)
    };
    let mut pairs = Vec::new();
    for from in world.units.iter().filter(|unit| ground.is_free(unit) && ground.cases(unit).len() >= RECORDS) {
        pairs.extend(world.units.iter().filter(|to| ground.is_free(to) && same(from, to)).map(|to| (from, to)));
    }
    let Some((from, to)) = pairs.get(stream.below(pairs.len())).copied() else { return Vec::new() };
    let Some(month) = months_inside(ground).get(stream.below(months_inside(ground).len())).copied() else { return Vec::new() };
    let since = month.to_epoch_days();
    let mut taken: Vec<String> = Vec::new();
    for (table, column) in TAKEN_OVER {
        let day = ground.of(table).month.clone().unwrap_or_default();
        for row in ground.of(table).find(column, &from.id) {
            if ground.of(table).day(row, &day).is_some_and(|day| day >= since) {
                ground.edit(table).set_text(row, column, &to.id);
                if table == "cases" {
                    taken.extend(ground.ids(table, &[row]));
                }
                if matches!(table, "cases" | "inspections") {
                    go_along(ground, table, row, to);
                }
            }
        }
    }
    ground.take(&from.id);
    ground.take(&to.id);
    let group = crate::terms::date_from_epoch_days(since).map_or_else(String::new, |date| date.to_string());
    vec![twin("twin:reform", from, &group, Vec::new()), twin("twin:reform", to, &group, taken)]
}

fn go_along(ground: &mut Ground<'_>, table: &str, row: usize, to: &Unit) {
    let id = ground.ids(table, &[row]).concat();
    for (other, _, column) in GOES_WITH.iter().filter(|(_, with, _)| *with == table) {
        for row in ground.of(other).find(column, &id) {
            ground.edit(other).set_text(row, "unit_id", &to.id);
        }
    }
    for row in ground.platform_of(&id) {
        ground.edit("platform_records").set_text(row, "unit_id", &to.id);
    }
}
