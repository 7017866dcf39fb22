//! Domains: the list of all, and the page of each.
//!
//! In: rank rows, values, findings. Out: [`DomainPageView`] and the rows of the list. Never here: figures that no stage computed, a sum over domains.

use std::collections::BTreeSet;

use super::Facts;
use super::indicator::{self, ListRow};
use super::ranking::{Group, domain_page, groups};
use crate::report::names::Text;
use crate::report::numbers;
use crate::report::texts;

/// One domain of the list.
#[derive(Debug, Clone)]
pub struct DomainRow {
    /// Domain in words.
    pub title: Text,
    /// Its page.
    pub href: String,
    /// Assessed objects.
    pub objects: String,
    /// Ranked ones.
    pub ranked: String,
    /// Peer groups.
    pub groups: String,
    /// Indicators that speak of it.
    pub indicators: String,
    /// Findings that nobody has decided on.
    pub findings: String,
}

/// The page of one domain.
#[derive(Debug, Clone)]
pub struct DomainPageView {
    /// Peer groups with all their objects.
    pub groups: Vec<Group>,
    /// Indicators that speak of it.
    pub indicators: Vec<ListRow>,
}

/// Every domain with an assessed object.
pub fn list(facts: &Facts) -> Vec<DomainRow> {
    let count = |count: usize| numbers::count(count as u64);
    let row = |domain: &str| {
        let ranks = || facts.ranks().filter(|rank| rank.domain == domain);
        let groups: BTreeSet<&str> = ranks().map(|rank| rank.peer_group.as_str()).collect();
        DomainRow {
            title: Text::of(texts::domain(domain)),
            href: domain_page(domain),
            objects: count(ranks().count()),
            ranked: count(ranks().filter(|rank| rank.rank.is_some()).count()),
            groups: count(groups.len()),
            indicators: count(indicator::count_in(facts, domain)),
            findings: count(facts.input.detected.open().filter(|finding| domain.split('+').any(|of| of == finding.domain)).count()),
        }
    };
    facts.domains().into_iter().map(row).collect()
}

/// The page of a domain.
pub fn page(facts: &Facts, domain: &str) -> DomainPageView {
    DomainPageView { groups: groups(facts, "../", |rank| rank.domain == domain), indicators: indicator::list(facts, "../", Some(domain)) }
}
