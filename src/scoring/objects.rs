//! Who is assessed.
//!
//! In: units and the scheme's choice of object. Out: assessed objects, sorted by unit and domain, with the events that count for
//! them. Never here: values.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::tables::Unit;
use super::{Event, ScoringInput};
use crate::error::{Error, Kind, Result};
use crate::library::scheme::{Object, PeerKey, Scheme};
use crate::terms::UnitId;

/// A unit in one domain, or a unit with all its domains.
#[derive(Debug, Clone)]
pub(super) struct Assessed<'a> {
    /// The unit.
    pub unit: &'a Unit,
    /// Its domains that count here, sorted.
    pub domains: Vec<&'a str>,
    /// What tables write: the domain, or the domains joined by `+`.
    pub domain: String,
    /// Peer group.
    pub peer_group: String,
    /// Whose acts count: the unit's subtree.
    pub subtree: bool,
    /// Events in the period, by day and code.
    pub events: Vec<&'a Event>,
}

impl Assessed<'_> {
    /// True when one of its domains and its tier are among those given; an empty list means all.
    pub fn is_among(&self, domains: &[String], tiers: &[String]) -> bool {
        let domain = domains.is_empty() || self.domains.iter().any(|domain| domains.iter().any(|allowed| allowed == domain));
        domain && (tiers.is_empty() || tiers.contains(&self.unit.tier))
    }
}

/// Every assessed object, sorted by unit and domain.
pub(super) fn assessed<'a>(input: &ScoringInput<'a>) -> Result<Vec<Assessed<'a>>> {
    let mut units: Vec<&Unit> = input.units.iter().collect();
    units.sort_by(|a, b| a.id.cmp(&b.id));
    if let Some(pair) = units.windows(2).find(|pair| pair[0].id == pair[1].id) {
        let message = format!("the unit `{}` stands twice on the as-of date", pair[0].id);
        return Err(Error::new(Kind::Source, message).with_hint("rows of `units` with the same unit_id need disjoint spans of validity"));
    }
    let mut events: BTreeMap<&UnitId, Vec<&Event>> = BTreeMap::new();
    let inside = |event: &&Event| input.period.first.first_day() <= event.on && event.on <= input.period.last.last_day().min(input.as_of);
    for event in input.events.iter().filter(inside) {
        events.entry(&event.unit).or_default().push(event);
    }
    for list in events.values_mut() {
        list.sort_by(|a, b| (a.on, &a.code, a.points, &a.cap_grade).cmp(&(b.on, &b.code, b.points, &b.cap_grade)));
    }
    let mut objects = Vec::new();
    for unit in units {
        let mut domains: Vec<&str> = unit.domains.iter().map(String::as_str).collect();
        domains.sort_unstable();
        domains.dedup();
        let sets = match input.scheme.object {
            Object::UnitDomain => domains.into_iter().map(|domain| vec![domain]).collect(),
            Object::Unit => vec![domains],
        };
        for domains in sets {
            let domain = domains.join("+");
            let peer_group = peer_group(input.scheme, unit, &domain);
            let subtree = input.scheme.subtree_tiers.contains(&unit.tier);
            objects.push(Assessed {
                unit,
                domains,
                domain,
                peer_group,
                subtree,
                events: events.get(&unit.id).cloned().unwrap_or_default(),
            });
        }
    }
    Ok(objects)
}

/// The peer group of a unit in a domain, by the scheme's keys.
pub(super) fn peer_group(scheme: &Scheme, unit: &Unit, domain: &str) -> String {
    let parts: Vec<&str> = scheme
        .peer_group
        .iter()
        .map(|key| match key {
            PeerKey::Domain => domain,
            PeerKey::Tier => unit.tier.as_str(),
            PeerKey::SizeClass => unit.size_class.as_str(),
        })
        .collect();
    parts.join(" · ")
}

/// Sums of bonus and deduction, each capped; both positive.
pub(super) fn capped(scheme: &Scheme, events: &[&Event]) -> (Decimal, Decimal) {
    let bonus: Decimal = events.iter().map(|event| event.points.max(Decimal::ZERO)).sum();
    let deduction: Decimal = events.iter().map(|event| (-event.points).max(Decimal::ZERO)).sum();
    (bonus.min(scheme.bonus_cap), deduction.min(scheme.deduction_cap))
}
