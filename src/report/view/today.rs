//! What is new since the run before, and what needs a person today: a few sentences at the head of the office's first page.
//!
//! In: findings with their states, held items, silent units, ranks of two runs. Out: sentences with the place where each is worked on. Never here: figures
//! of its own.

use std::collections::BTreeSet;

use super::Facts;
use crate::findings::tables::State;
use crate::report::names::Text;
use crate::report::texts;

/// One sentence.
#[derive(Debug, Clone)]
pub struct Task {
    /// What there is.
    pub says: Text,
    /// Where it is worked on.
    pub href: &'static str,
}

fn task(says: String, href: &'static str) -> Task {
    Task { says: Text::of(&says), href }
}

/// A finding of this severity and more is named by itself.
const SEVERE: u8 = 4;

/// Names in a sentence; the others are behind the link.
const NAMED: usize = 3;

/// What needs a person.
pub fn tasks(facts: &Facts) -> Vec<Task> {
    let input = facts.input;
    let of = |state: State| input.detected.findings.iter().filter(move |finding| finding.state == state);
    let severe = of(State::New).filter(|finding| finding.severity >= SEVERE).count();
    let silent: BTreeSet<_> = input.not_reported.iter().map(|row| &row.unit).collect();
    let held: Vec<String> =
        input.held.iter().filter(|item| item.kind == "table").map(|item| facts.table_name(&item.name).to_string()).collect();
    let waiting = input.held.len() - held.len();
    let names = |all: &[String]| all.iter().take(NAMED).cloned().collect::<Vec<_>>().join(texts::NAME_SEPARATOR);
    let silent_names: Vec<String> = silent.iter().map(|unit| facts.unit_name(unit).to_string()).collect();
    let sentences = [
        (!held.is_empty() || waiting > 0).then(|| task(texts::today_held(held.len(), &names(&held), waiting), "quality.html#held")),
        (!silent.is_empty()).then(|| task(texts::today_silent(silent.len(), &names(&silent_names)), "quality.html#silent")),
        (of(State::New).count() > 0).then(|| task(texts::today_new(of(State::New).count(), severe), "findings.html#open")),
        (of(State::Changed).count() > 0).then(|| task(texts::today_changed(of(State::Changed).count()), "findings.html#open")),
    ];
    sentences.into_iter().flatten().collect()
}

/// What has changed since the run before; nothing without one.
pub fn news(facts: &Facts) -> Vec<Task> {
    let Some(previous) = &facts.input.previous else { return Vec::new() };
    let (mut up, mut down, mut came) = (0, 0, 0);
    for rank in facts.ranks() {
        let Some(now) = rank.rank else { continue };
        match previous.ranks.get(&(rank.unit.clone(), rank.domain.clone())) {
            Some(before) if *before > now => up += 1,
            Some(before) if *before < now => down += 1,
            Some(_) => {}
            None => came += 1,
        }
    }
    let ranked: BTreeSet<_> = facts.ranks().filter(|rank| rank.rank.is_some()).map(|rank| (&rank.unit, rank.domain.as_str())).collect();
    let gone = previous.ranks.keys().filter(|(unit, domain)| !ranked.contains(&(unit, domain.as_str()))).count();
    let resolved = facts.input.newly_resolved();
    let is_moved = up + down + came + gone > 0;
    let sentences = [
        Some(task(if is_moved { texts::today_moved(up, down, came, gone) } else { texts::TODAY_UNMOVED.to_owned() }, "#ranking")),
        (resolved > 0).then(|| task(texts::today_resolved(resolved), "findings.html")),
    ];
    sentences.into_iter().flatten().collect()
}
