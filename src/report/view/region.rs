//! Regions: the list of counties and cities, and the page of each.
//!
//! In: units, rank rows, the two composite indices, findings. Out: [`RegionPageView`] and the rows of the list. Never here: a total of a region; the ranks are
//! those of the peer groups, which reach beyond it.

use std::collections::BTreeSet;

use super::Facts;
use super::burden::{self, BurdenRow};
use super::ranking::{Group, KeyFigure, groups};
use super::synergy::{self, RegionOfDomain};
use crate::report::names::{Text, file_name};
use crate::report::numbers;
use crate::report::texts;
use crate::scoring::regional::upwards;
use crate::scoring::tables::Unit;

/// One region of the list.
#[derive(Debug, Clone)]
pub struct ListedRegion {
    /// Region.
    pub title: Text,
    /// Its page.
    pub href: String,
    /// True for a city, which holds the counties after it.
    pub whole: bool,
    /// Assessed units.
    pub units: String,
    /// Assessed objects.
    pub objects: String,
    /// Ranked ones.
    pub ranked: String,
    /// Synergy index over all domains.
    pub synergy: String,
    /// Burden index of the last quarter.
    pub burden: String,
    /// Findings that nobody has decided on.
    pub findings: String,
}

/// The page of one region.
#[derive(Debug, Clone)]
pub struct RegionPageView {
    /// Division code.
    pub id: Text,
    /// The region above, where it has a page.
    pub above: Option<Link>,
    /// Regions below with a page.
    pub below: Vec<Link>,
    /// Figures at the head.
    pub figures: Vec<KeyFigure>,
    /// Peer groups with the objects of this region.
    pub groups: Vec<Group>,
    /// Synergy, domain by domain.
    pub synergy: Vec<RegionOfDomain>,
    /// The last quarter's burden; empty without an index of its own.
    pub burden: Vec<BurdenRow>,
}

/// A region with its page.
#[derive(Debug, Clone)]
pub struct Link {
    /// Region.
    pub label: Text,
    /// Its page.
    pub href: String,
}

fn file(code: &str) -> String {
    format!("{}.html", file_name(code))
}

/// Where the page of a region stands, seen from the first page of the office's tree.
pub fn page_of(code: &str) -> String {
    format!("regions/{}", file(code))
}

fn open_findings(facts: &Facts, units: &[&Unit]) -> usize {
    let units: BTreeSet<&str> = units.iter().map(|unit| unit.id.as_ref()).collect();
    facts.input.detected.open().filter(|finding| units.contains(finding.unit.as_str())).count()
}

/// Every county and city with assessed units.
pub fn list(facts: &Facts) -> Vec<ListedRegion> {
    let count = |count: usize| numbers::count(count as u64);
    let row = |(code, units): (String, Vec<&Unit>)| {
        let ranks: Vec<_> = units.iter().flat_map(|unit| facts.objects_of(&unit.id)).filter_map(|object| facts.rank(object)).collect();
        ListedRegion {
            title: facts.region_name(&code),
            href: page_of(&code),
            whole: code.ends_with("00"),
            units: count(units.len()),
            objects: count(ranks.len()),
            ranked: count(ranks.iter().filter(|rank| rank.rank.is_some()).count()),
            synergy: synergy::index_of(facts, &code),
            burden: burden::last_of(facts, &code).first().map_or_else(|| texts::NONE.to_owned(), |row| row.index.clone()),
            findings: count(open_findings(facts, &units)),
        }
    };
    facts.regions().into_iter().map(row).collect()
}

/// The page of a region with these units.
pub fn page(facts: &Facts, code: &str, units: &[&Unit], all: &BTreeSet<&str>) -> RegionPageView {
    let own: BTreeSet<&str> = units.iter().map(|unit| unit.id.as_ref()).collect();
    let groups = groups(facts, "../", |rank| own.contains(rank.unit.as_ref()));
    let link = |code: &str| Link { label: facts.region_name(code), href: file(code) };
    let is_below = |other: &&&str| **other != code && upwards(other).iter().any(|above| above == code);
    let rows = || groups.iter().flat_map(|group| &group.rows);
    let figure =
        |label: &str, number: usize| KeyFigure { label: Text::of(label), figure: numbers::count(number as u64), href: None, alert: false };
    RegionPageView {
        id: Text::of(code),
        above: upwards(code).iter().skip(1).map(String::as_str).find(|above| all.contains(above)).map(link),
        below: all.iter().filter(is_below).map(|code| link(code)).collect(),
        figures: vec![
            figure(texts::UNIT, units.len()),
            figure(texts::OBJECTS, rows().count()),
            figure(texts::RANKED, rows().filter(|row| row.withheld.is_empty()).count()),
            figure(texts::FINDINGS, open_findings(facts, units)),
        ],
        groups,
        synergy: synergy::of_region(facts, code),
        burden: burden::last_of(facts, code),
    }
}
