//! Regional values and whose score they enter.
//!
//! In: synergy and burden, the units' regions, the scheme's attribution. Out: for an assessed object, the division code whose
//! value it takes. Never here: scores.
//!
//! A unit takes the value of its own region, else that of the nearest region above it that has one.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::objects::Assessed;
use super::{RegionalValue, ScoringInput};
use crate::compute::measures::NO_DOMAIN;
use crate::indices::tables::{Burden, SynergyRegion};
use crate::library::scheme::composites::{BURDEN, SYNERGY};
use crate::library::scheme::{Attribution, Scheme};
use crate::terms::IndicatorId;

/// The domain whose synergy index is scored.
pub const SYNERGY_DOMAIN: &str = "eco";

/// The synergy index of regions in that domain, as regional values; regions without an index have none.
pub fn from_synergy(regions: &[SynergyRegion]) -> Vec<RegionalValue> {
    regions
        .iter()
        .filter(|row| row.domain == SYNERGY_DOMAIN)
        .filter_map(|row| {
            Some(RegionalValue {
                indicator: IndicatorId::from(SYNERGY),
                region: row.region.clone(),
                domain: row.domain.clone(),
                value: row.index?,
                scored_as: None,
                n: row.due_scored,
                interval: row.interval,
            })
        })
        .collect()
}

/// The burden index of the last quarter of each scope, as regional values; `province` becomes the province's division code.
pub fn from_burden(rows: &[Burden], province: &str) -> Vec<RegionalValue> {
    let mut latest: BTreeMap<&str, &Burden> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.component == "index" && row.index.is_some()) {
        let known = latest.entry(&row.scope).or_insert(row);
        if row.quarter > known.quarter {
            *known = row;
        }
    }
    latest
        .into_values()
        .filter_map(|row| {
            Some(RegionalValue {
                indicator: IndicatorId::from(BURDEN),
                region: if row.scope == "province" { province.to_owned() } else { row.scope.clone() },
                domain: NO_DOMAIN.to_owned(),
                value: row.index?,
                scored_as: row.unchanged.then_some(Decimal::ONE_HUNDRED),
                n: Decimal::from(row.firms),
                interval: row.interval,
            })
        })
        .collect()
}

/// The division codes from a region upwards: township, county, city, province.
pub fn upwards(region: &str) -> Vec<String> {
    let mut codes = vec![region.to_owned()];
    let digits = region.chars().all(|c| c.is_ascii_digit());
    if !digits || region.len() < 6 {
        return codes;
    }
    for length in [9, 6] {
        if region.len() > length {
            codes.push(region[..length].to_owned());
        }
    }
    for (kept, zeros) in [(4, "00"), (2, "0000")] {
        let code = format!("{}{zeros}", &region[..kept]);
        if !codes.contains(&code) {
            codes.push(code);
        }
    }
    codes
}

/// True when `region` is `area` or lies in it.
pub fn lies_in(region: &str, area: &str) -> bool {
    upwards(region).iter().any(|code| code == area)
}

/// Regional values and the leading units.
pub(super) struct Regions<'a> {
    composites: BTreeMap<(&'a str, &'a str, &'a str), &'a RegionalValue>,
    leads: BTreeMap<(&'a str, &'a str), &'a str>,
}

impl<'a> Regions<'a> {
    /// Looks up tables for one run.
    pub fn of(input: &ScoringInput<'a>, objects: &[Assessed<'a>]) -> Self {
        let composites = input
            .regional
            .iter()
            .map(|value| ((value.indicator.0.as_str(), value.region.as_str(), value.domain.as_str()), value))
            .collect();
        let mut leads: BTreeMap<(&str, &str), (usize, &str)> = BTreeMap::new();
        for object in objects {
            let tier = ["province", "city", "county", "township"].iter().position(|tier| *tier == object.unit.tier).unwrap_or(4);
            let candidate = (tier, object.unit.id.0.as_str());
            for domain in &object.domains {
                let lead = leads.entry((object.unit.region.as_str(), domain)).or_insert(candidate);
                *lead = (*lead).min(candidate);
            }
        }
        Self { composites, leads: leads.into_iter().map(|(key, (_, unit))| (key, unit)).collect() }
    }

    /// The regions whose value of that family may enter the object's score, nearest first; empty when none does. What is only
    /// reported is shown to everybody.
    pub fn candidates(&self, scheme: &Scheme, family: &str, object: &Assessed<'_>, report_only: bool) -> Vec<String> {
        match scheme.regional.get(family).copied().unwrap_or(Attribution::None) {
            _ if report_only => upwards(&object.unit.region),
            Attribution::None => Vec::new(),
            Attribution::AllUnitsInDomain => upwards(&object.unit.region),
            Attribution::LeadUnit => {
                let region = object.unit.region.as_str();
                let leads = object.domains.iter().any(|domain| self.leads.get(&(region, *domain)) == Some(&object.unit.id.0.as_str()));
                if leads { vec![region.to_owned()] } else { Vec::new() }
            }
        }
    }

    /// The composite's value of the nearest candidate that has one.
    pub fn composite(&self, id: &str, candidates: &[String], domains: &[&str]) -> Option<&'a RegionalValue> {
        candidates.iter().find_map(|region| {
            let of = |domain: &str| self.composites.get(&(id, region.as_str(), domain)).copied();
            domains.iter().find_map(|domain| of(domain)).or_else(|| of(NO_DOMAIN))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_township_lies_in_its_county_city_and_province() {
        assert_eq!(upwards("330106001"), ["330106001", "330106", "330100", "330000"]);
        assert_eq!(upwards("330000"), ["330000"]);
        assert!(lies_in("330106", "330100"));
        assert!(!lies_in("330206", "330100"));
    }
}
