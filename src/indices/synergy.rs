//! Synergy between neighbouring regions (catalogue of indicators, C1).
//!
//! In: transactions across borders, joint patrols, penalties, borders. Out: both sides of every border by part and over its parts, and one
//! index a region. Never here: SQL; correlation of outcomes, which is no cooperation; raw counts of requests, which punish quiet borders.
//!
//! Every part is attributed to the side that is responsible for it: P and K to both, T to the sender, A and R to the recipient.
//! What is still open when its deadline passes is due and not in time; what is not due yet stands in neither side.
//!
//! A region without a neighbour inside the province is isolated, and a pair with too few parts or too few due transactions has insufficient
//! contact: neither gets a value in its place, since no contact is neither good nor bad co-operation.

use std::collections::{BTreeMap, BTreeSet};

use self::consistency::{consistency, fines_by_kind};
use self::duties::Duties;
use self::intervals::Resampling;
use self::patrols::PatrolDuties;
use self::reference::Reference;
use self::result_rows::Known;
use self::sides::{PartValue, Side, SideParts, standings, unordered};
use super::tables::{SynergyPair, SynergyRegion, SynergySide};

pub use self::parameters::SynergyParameters;
pub use self::rows::{Border, Origin, Patrol, Penalty, SynergyRows, Transaction};

mod consistency;
mod coupling;
mod draws;
mod duties;
mod intervals;
mod parameters;
mod patrols;
mod reference;
mod result_rows;
mod rows;
mod sides;

/// Parts in the order of their weights.
pub const PARTS: [char; 5] = ['P', 'T', 'A', 'R', 'K'];

/// A part in words.
pub fn part_title(part: char) -> &'static str {
    match part {
        'P' => "联合巡查",
        'T' => "线索移送",
        'A' => "受理答复",
        'R' => "结果反馈",
        'K' => "处罚一致",
        _ => "其他",
    }
}

/// Rows of the result tables, in the order of their sort keys.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SynergyTables {
    /// One part of one side of a border.
    pub pairs: Vec<SynergyPair>,
    /// One side of a border.
    pub sides: Vec<SynergySide>,
    /// One region's own side.
    pub regions: Vec<SynergyRegion>,
}

/// All result tables.
pub fn synergy(rows: &SynergyRows, parameters: &SynergyParameters) -> SynergyTables {
    let duties = Duties::of(&rows.transactions, parameters);
    let fines = fines_by_kind(&rows.penalties);
    let domains: BTreeSet<&str> =
        (rows.transactions.iter().map(|row| row.domain.as_str())).chain(rows.patrols.iter().map(|row| row.domain.as_str())).collect();
    let own: BTreeSet<&str> = rows.regions.iter().map(String::as_str).collect();
    // The table of borders may hold the whole country.
    let touches = |border: &&Border| own.contains(border.region_a.as_str()) || own.contains(border.region_b.as_str());
    let borders: Vec<&Border> = rows.borders.iter().filter(touches).collect();
    let patrols = PatrolDuties::of(&borders, &rows.patrols, parameters);
    let mut sides: BTreeMap<Side, SideParts> = BTreeMap::new();
    for border in &borders {
        for domain in &domains {
            let k = consistency(&fines, &unordered(&border.region_a, &border.region_b, domain), parameters);
            for (region, neighbour) in [(&border.region_a, &border.region_b), (&border.region_b, &border.region_a)] {
                let side = (region.clone(), neighbour.clone(), (*domain).to_owned());
                let (p, patrols_due) = patrols.of_side(&side, border);
                let parts = [p, counted(&duties, 'T', &side), counted(&duties, 'A', &side), counted(&duties, 'R', &side), k];
                sides.insert(side, SideParts { parts, patrols_due, cross_province: border.cross_province });
            }
        }
    }
    let touching = borders.iter().flat_map(|border| [(&border.region_a, &border.region_b), (&border.region_b, &border.region_a)]);
    let touching: BTreeSet<(&str, &str)> = touching.map(|(one, other)| (one.as_str(), other.as_str())).collect();
    let reference = |domain: &&'_ str| Reference::of(domain, &own, &touching, &fines, parameters);
    let known = Known {
        sides: &sides,
        standings: standings(&sides, parameters),
        duties: &duties,
        references: domains.iter().map(|domain| (*domain, reference(domain))).collect(),
        resampling: Resampling::of(&sides, &fines, parameters),
        parameters,
    };
    SynergyTables { pairs: known.pair_rows(), sides: known.side_rows(), regions: known.region_rows(&own, &domains) }
}

/// Value of T, A or R of a side.
fn counted(duties: &Duties, part: char, side: &Side) -> PartValue {
    let count = duties.count(part, side);
    PartValue::ratio(count.in_time, count.due)
}

/// Duties of the period that were not done in time: what counts against a side, by side and deadline.
pub fn missed(rows: &SynergyRows, parameters: &SynergyParameters) -> Vec<Transaction> {
    let inside = |row: &&Transaction| parameters.from <= row.due_on && row.due_on <= parameters.until && !row.is_in_time();
    let mut missed: Vec<Transaction> = rows.transactions.iter().filter(inside).cloned().collect();
    missed.sort_by(|a, b| (&a.region, &a.domain, a.due_on, a.part, &a.origin).cmp(&(&b.region, &b.domain, b.due_on, b.part, &b.origin)));
    missed
}

/// Of these, what lowers a region's index in a domain: its own side towards the neighbours that count.
pub fn missed_by<'a>(region: &str, domain: &str, missed: &'a [Transaction], pairs: &[SynergyPair]) -> Vec<&'a Transaction> {
    let own = pairs.iter().filter(|row| row.scored && row.region == region && row.domain == domain);
    let neighbours: BTreeSet<&str> = own.map(|row| row.neighbour.as_str()).collect();
    let is_own = |row: &&Transaction| row.region == region && row.domain == domain && neighbours.contains(row.neighbour.as_str());
    missed.iter().filter(is_own).collect()
}

#[cfg(test)]
mod coverage_tests;
#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod shown_tests;
#[cfg(test)]
mod tests;
