//! Rows of the three result tables of synergy.
//!
//! In: parts, standings and replicates of sides. Out: rows in the order of their sort keys. Never here: what makes a part or a standing.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use rust_decimal::prelude::{FromPrimitive, ToPrimitive};

use super::coupling::coupling_degree;
use super::duties::Duties;
use super::intervals::{Resampling, interval};
use super::reference::Reference;
use super::sides::{PartValue, Side, SideParts, Standing, opposite};
use super::{PARTS, SynergyParameters, counted};
use crate::indices::tables::{SynergyPair, SynergyRegion, SynergySide};
use crate::statistics::proportion::{DEVIATE_95, wilson_at};

/// What the rows are made of.
pub(super) struct Known<'a> {
    pub(super) sides: &'a BTreeMap<Side, SideParts>,
    pub(super) standings: BTreeMap<&'a Side, Standing>,
    pub(super) duties: &'a Duties,
    /// By domain.
    pub(super) references: BTreeMap<&'a str, Reference>,
    pub(super) resampling: Resampling<'a>,
    pub(super) parameters: &'a SynergyParameters,
}

impl Known<'_> {
    /// One row a part of every side, and of every side without a border on which something was due.
    pub(super) fn pair_rows(&self) -> Vec<SynergyPair> {
        let mut pairs = Vec::new();
        for (side, known) in self.sides {
            let (cross_province, scored) = (known.cross_province, self.standings[side].scored().is_some());
            for (part, value) in PARTS.into_iter().zip(&known.parts) {
                let row = self.pair_row(side, part, value);
                pairs.push(SynergyPair { cross_province, bordering: true, scored, ..row });
            }
        }
        let without_border = self.duties.counts.keys().filter(|(_, side)| !self.sides.contains_key(side));
        pairs.extend(without_border.map(|(part, side)| self.pair_row(side, *part, &counted(self.duties, *part, side))));
        pairs.sort_by(|a, b| (&a.region, &a.neighbour, &a.domain, a.part).cmp(&(&b.region, &b.neighbour, &b.domain, b.part)));
        pairs
    }

    /// A part of a side that is taken to have no border.
    fn pair_row(&self, side: &Side, part: char, value: &PartValue) -> SynergyPair {
        let waiting = self.duties.waiting.get(side).copied().filter(|_| part == 'T').unwrap_or_default();
        let unsent = if part == 'T' { self.duties.count(part, side).undone } else { 0 };
        let reference = self.references.get(side.2.as_str()).filter(|_| part == 'K');
        let share = |reference: &Reference| value.scored().and_then(|_| reference.share(value.numerator));
        SynergyPair {
            region: side.0.clone(),
            neighbour: side.1.clone(),
            domain: side.2.clone(),
            part,
            numerator: value.numerator,
            denominator: value.denominator,
            value: value.value.map(|value| value.round_dp(6)),
            report_only: value.report_only,
            interval: if matches!(part, 'T' | 'A' | 'R') { wilson(value) } else { None },
            median_days: waiting.median,
            median_interval: waiting.interval,
            open: waiting.open,
            unsent: u32::try_from(unsent).unwrap_or(u32::MAX),
            reference: reference.and_then(|reference| reference.median),
            reference_pairs: reference.map_or(0, Reference::pairs),
            reference_share: reference.and_then(share),
            cross_province: false,
            bordering: false,
            scored: false,
        }
    }

    /// One row a side of every border.
    pub(super) fn side_rows(&self) -> Vec<SynergySide> {
        self.standings.iter().map(|(side, standing)| self.side_row(side, standing)).collect()
    }

    fn side_row(&self, side: &Side, standing: &Standing) -> SynergySide {
        let value = standing.value.map(|value| value.round_dp(6));
        let replicates = if value.is_some() { self.resampling.of_side(side) } else { Vec::new() };
        let coupling = self.coupling(side, &replicates);
        SynergySide {
            region: side.0.clone(),
            neighbour: side.1.clone(),
            domain: side.2.clone(),
            value,
            interval: value.and_then(|value| interval(value, replicates)),
            due: whole(self.sides[side].due()),
            scored: standing.scored().is_some(),
            reason: standing.reason.map(str::to_owned),
            coupling: coupling.map(|(degree, _)| degree),
            coupling_interval: coupling.and_then(|(_, interval)| interval),
        }
    }

    /// The degree of both sides and its interval, when it is asked for and both have a value.
    fn coupling(&self, side: &Side, own_replicates: &[f64]) -> Option<(Decimal, Option<(Decimal, Decimal)>)> {
        let other = opposite(side);
        let (own, others) = (self.standings[side].value?, self.standings[&other].value?);
        if !self.parameters.has_coupling {
            return None;
        }
        let degree = Decimal::from_f64(coupling_degree(own.to_f64()?, others.to_f64()?))?.round_dp(6);
        // Both sides of a replicate have the same K, as both sides of the value have.
        let replicates = own_replicates.iter().zip(self.resampling.of_side(&other));
        Some((degree, interval(degree, replicates.map(|(own, others)| coupling_degree(*own, others)).collect())))
    }

    /// One row a region and domain.
    pub(super) fn region_rows(&self, regions: &BTreeSet<&str>, domains: &BTreeSet<&str>) -> Vec<SynergyRegion> {
        regions.iter().flat_map(|region| domains.iter().map(|domain| self.region_row(region, domain))).collect()
    }

    fn region_row(&self, region: &str, domain: &str) -> SynergyRegion {
        let (mut neighbours, mut due, mut weight, mut sum, mut scored) = (0, Decimal::ZERO, Decimal::ZERO, Decimal::ZERO, Vec::new());
        let first = (region.to_owned(), String::new(), String::new());
        let own = self.sides.range(first..).take_while(|(side, _)| side.0 == region);
        for (side, known) in own.filter(|(side, known)| side.2 == domain && !known.cross_province) {
            neighbours += 1;
            due += known.due();
            if let Some(value) = self.standings[side].scored() {
                weight += known.due();
                sum += known.due() * value;
                scored.push((side, known.due()));
            }
        }
        let index = (!weight.is_zero()).then(|| (sum / weight).round_dp(6));
        let reason = match (neighbours, index) {
            (0, _) => Some("isolated".to_owned()),
            (_, None) => Some("insufficient_contact".to_owned()),
            _ => None,
        };
        SynergyRegion {
            region: region.to_owned(),
            domain: domain.to_owned(),
            index,
            interval: index.and_then(|index| interval(index, self.resampling.of_sides(&scored))),
            neighbours_scored: scored.len() as u32,
            neighbours,
            due: whole(due),
            due_scored: whole(weight),
            reason,
        }
    }
}

/// Shares of a cap over three neighbours are thirds; their sum is whole again.
fn whole(due: Decimal) -> Decimal {
    due.round_dp(6).normalize()
}

/// Wilson's 95 % interval of a part that is a share of what was due.
fn wilson(value: &PartValue) -> Option<(Decimal, Decimal)> {
    let limits = wilson_at(value.numerator.to_u64()?, value.denominator.to_u64()?, DEVIATE_95)?;
    let limit = |limit: f64| Some(Decimal::from_f64(limit)?.round_dp(6));
    limit(limits.low).zip(limit(limits.high))
}
