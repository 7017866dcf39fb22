//! What the units recorded, beside what four ways of checking confirmed: quarters side by side.
//!
//! In: rows by unit, domain, quarter and way. Out: [`VerificationView`]. Never here: sums over the ways or over units.

use std::collections::{BTreeMap, BTreeSet};

use super::Facts;
use crate::compute::verification::{POPULATION, Verified, WAYS, quarter_of};
use crate::library::indicator::ShownAs;
use crate::report::names::Text;
use crate::report::{numbers, texts};
use crate::terms::UnitId;

/// The office's page, or one unit's part of it.
#[derive(Debug, Clone)]
pub struct VerificationView {
    /// Which sources are not of this run; empty when all are.
    pub held: String,
    /// Heads of the columns.
    pub quarters: Vec<String>,
    /// Columns of the table: the way, and the quarters.
    pub columns: usize,
    /// Units in their domains.
    pub objects: Vec<VerifiedObject>,
    /// A line each instead, where they are many: the newest quarter alone; of very many those of which least was confirmed.
    pub lines: Vec<VerifiedLine>,
    /// That there are more of them.
    pub more: String,
    /// Heads of its columns: the ways.
    pub ways: Vec<Text>,
    /// What the lines show, in words; empty without them.
    pub newest: String,
}

/// More objects than this are told in a line each; every quarter stands on the units' own pages.
const OBJECTS_IN_FULL: usize = 150;

/// Lines of a page: some 200 bytes each.
const LINES_ON_PAGE: usize = 3_000;

/// The newest quarter of a unit in one domain.
#[derive(Debug, Clone)]
pub struct VerifiedLine {
    /// Unit.
    pub unit: Text,
    /// Its own page; empty where it has none.
    pub href: String,
    /// Domain in words.
    pub domain: Text,
    /// Confirmed, of what was claimed, a way each.
    pub shares: Vec<Text>,
}

fn line(object: VerifiedObject) -> VerifiedLine {
    let newest = |way: &WayRow| way.cells.last().map_or_else(Text::default, |cell| Text::of(&format!("{} {}", cell.share, cell.fraction)));
    VerifiedLine { shares: object.ways.iter().map(newest).collect(), unit: object.unit, href: object.href, domain: object.domain }
}

/// A unit in one domain.
#[derive(Debug, Clone)]
pub struct VerifiedObject {
    /// Whose it is.
    pub id: UnitId,
    /// Domain.
    pub code: String,
    /// Unit.
    pub unit: Text,
    /// Its own page; empty where it has none.
    pub href: String,
    /// Domain in words.
    pub domain: Text,
    /// All four ways, whether anything was checked or not.
    pub ways: Vec<WayRow>,
}

/// A way of checking.
#[derive(Debug, Clone)]
pub struct WayRow {
    /// Its name.
    pub title: Text,
    /// One cell a quarter.
    pub cells: Vec<WayCell>,
}

/// What it found in one quarter.
#[derive(Debug, Clone)]
pub struct WayCell {
    /// The quarter.
    pub quarter: String,
    /// Confirmed, of what was claimed.
    pub share: String,
    /// Both counts; empty when nothing was checked.
    pub fraction: String,
    /// The third party's score in words; empty where there is none.
    pub score: String,
}

/// The office's page.
pub fn verification(facts: &Facts) -> VerificationView {
    let quarters = quarters(facts);
    let objects = facts.verification().iter().flat_map(|(unit, rows)| objects(facts, unit, rows, &quarters));
    let mut view = view(facts, &quarters, objects.collect());
    if view.objects.len() > OBJECTS_IN_FULL {
        view.ways = view.objects[0].ways.iter().map(|way| way.title.clone()).collect();
        view.newest = view.quarters.last().map_or_else(String::new, |quarter| texts::verified_newest(quarter));
        let mut objects = std::mem::take(&mut view.objects);
        if objects.len() > LINES_ON_PAGE {
            view.more = texts::objects_more(LINES_ON_PAGE, objects.len(), "verification");
            let newest = quarters.last();
            let least = |unit: &UnitId, domain: &str| {
                let rows = facts.verification().get(unit).into_iter().flatten();
                rows.filter(|row| row.domain == domain && Some(&row.quarter) == newest).filter_map(|row| row.share()).min()
            };
            objects.sort_by_cached_key(|object| {
                let least = least(&object.id, &object.code);
                (least.is_none(), least)
            });
            objects.truncate(LINES_ON_PAGE);
        }
        view.lines = objects.into_iter().map(line).collect();
    }
    view
}

/// A unit's own part; none when nothing of it was checked.
pub fn of_unit(facts: &Facts, unit: &UnitId) -> Option<VerificationView> {
    let quarters = quarters(facts);
    let objects = objects(facts, unit, facts.verification().get(unit)?, &quarters);
    Some(view(facts, &quarters, objects))
}

fn view(facts: &Facts, quarters: &[String], objects: Vec<VerifiedObject>) -> VerificationView {
    let heads: Vec<String> = quarters.iter().map(|code| texts::quarter(code)).collect();
    VerificationView {
        held: facts.held_below(POPULATION),
        columns: heads.len() + 1,
        quarters: heads,
        objects,
        lines: Vec::new(),
        more: String::new(),
        ways: Vec::new(),
        newest: String::new(),
    }
}

/// The quarters of the period, up to that of the as-of date.
fn quarters(facts: &Facts) -> Vec<String> {
    let quarters: BTreeSet<String> = facts.months.iter().map(|month| quarter_of(*month)).collect();
    quarters.into_iter().collect()
}

fn objects(facts: &Facts, unit: &UnitId, rows: &[&Verified], quarters: &[String]) -> Vec<VerifiedObject> {
    let mut domains: BTreeMap<&str, Vec<&Verified>> = BTreeMap::new();
    for row in rows {
        domains.entry(&row.domain).or_default().push(row);
    }
    let href = facts.unit_page(unit).map_or_else(String::new, |page| format!("{page}#verification"));
    let object = |(domain, rows): (&str, Vec<&Verified>)| VerifiedObject {
        id: unit.clone(),
        code: domain.to_owned(),
        unit: facts.unit_name(unit),
        href: href.clone(),
        domain: Text::of(texts::domain(domain)),
        ways: ways(&rows, quarters),
    };
    domains.into_iter().map(object).collect()
}

/// The four ways, then any that a project's own population adds.
fn ways(rows: &[&Verified], quarters: &[String]) -> Vec<WayRow> {
    let added: BTreeSet<&str> = rows.iter().map(|row| row.way.as_str()).filter(|way| !WAYS.contains(way)).collect();
    let way = |way: &str| WayRow {
        title: Text::of(texts::way(way)),
        cells: quarters.iter().map(|quarter| cell(quarter, rows.iter().find(|row| row.quarter == *quarter && row.way == way))).collect(),
    };
    WAYS.into_iter().chain(added).map(way).collect()
}

fn cell(quarter: &str, row: Option<&&Verified>) -> WayCell {
    let count = |number: i64| numbers::count(number.max(0).unsigned_abs());
    let share = row.and_then(|row| row.share());
    WayCell {
        quarter: texts::quarter(quarter),
        share: share.map_or_else(|| texts::NONE.to_owned(), |share| numbers::value(share, ShownAs::Percent)),
        fraction: row
            .filter(|row| row.claimed > 0)
            .map_or_else(String::new, |row| format!("{}／{}", count(row.confirmed), count(row.claimed))),
        score: row
            .and_then(|row| row.third_party_mean)
            .map_or_else(String::new, |mean| texts::third_party_score(&numbers::value(mean, ShownAs::Score))),
    }
}
