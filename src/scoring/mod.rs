//! Measures + scheme → values, scores, ranks; what a rank hangs on; the same for any table of values.
//!
//! In: measures, units, regional values, events, the scheme, or a table of values ([`table`], the only part that reads files). Out:
//! [`tables::Scorecards`]. Never here: SQL; random numbers without the seed of the scheme or of the command.
//!
//! The order of things: months become one exact fraction for the period ([`period`], through Polars); a fraction becomes a
//! score by the scheme's curve, rounded half up ([`values`]), or by comparison with others ([`relative`]), from the value itself or drawn
//! towards its peers' ([`shrunken`]); the tree moves the weight of what does not apply or had nothing due inside the parent, makes one score
//! of children ([`means`]) and adds up ([`tree`]); bonus and deduction are capped; ranks exist inside one
//! peer group only; quota and vetoes limit the grade ([`ranking`]); draws say which ranks chance leaves open ([`uncertainty`]), and a search what the next grade is away by ([`next_grade`]). Totals are decimal and exact
//! where means are arithmetic and curves straight; by default every published figure is computed from published figures. Audit and what-if
//! ([`audit`], [`whatif`]) score again and again in binary fractions ([`draws`]).

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;

use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::compute::measures::Measures;
use crate::error::Result;
use crate::library::indicator::{Better, Indicator};
use crate::library::scheme::curve::BINARY_DECIMALS;
use crate::library::scheme::{Scheme, Steps};
use crate::terms::{IndicatorId, Period};

pub mod audit;
pub mod correction;
pub mod difference;
pub mod draws;
pub mod interval;
mod ledger;
mod means;
mod next_grade;
mod objects;
mod period;
#[cfg(test)]
mod properties;
mod ranking;
pub mod regional;
mod relative;
mod shrunken;
pub mod table;
pub mod tables;
#[cfg(test)]
mod tests;
mod tree;
mod uncertainty;
mod values;
pub mod whatif;

pub use crate::compute::events::Event;
use tables::{Scorecards, Unit};

/// A value that belongs to a region, not to a unit, and has no measure: synergy, burden.
#[derive(Debug, Clone, PartialEq)]
pub struct RegionalValue {
    /// Which composite.
    pub indicator: IndicatorId,
    /// Division code.
    pub region: String,
    /// Domain; empty for every domain.
    pub domain: String,
    /// The value, shown.
    pub value: Decimal,
    /// The value that the curve sees, where the rule says another one ("no detectable change" is exactly 100).
    pub scored_as: Option<Decimal>,
    /// What it rests on.
    pub n: Decimal,
    /// 95 % interval.
    pub interval: Option<(Decimal, Decimal)>,
}

/// Everything that scoring reads.
#[derive(Debug, Clone, Copy)]
pub struct ScoringInput<'a> {
    /// Measures, in any order.
    pub measures: &'a Measures,
    /// Units as they stand on the as-of date.
    pub units: &'a [Unit],
    /// The policy.
    pub scheme: &'a Scheme,
    /// Headers: window, shape, roll-up, domains, tiers.
    pub indicators: &'a BTreeMap<IndicatorId, Indicator>,
    /// What the scorecards speak about.
    pub period: &'a Period,
    /// The run's date.
    pub as_of: Date,
    /// Composites that `indices` computed.
    pub regional: &'a [RegionalValue],
    /// Indicators one of whose sources is held: they show an earlier run's values, marked.
    pub held: &'a BTreeSet<IndicatorId>,
    /// Indicators that used dates beyond the published calendar.
    pub provisional: &'a BTreeSet<IndicatorId>,
    /// Bonus, deduction, veto.
    pub events: &'a [Event],
}

/// The best grade that an event leaves, as an index into the scheme's grades: by its code, by itself, or the lower of both; `None` where
/// it caps nothing.
pub fn grade_cap(scheme: &Scheme, event: &Event) -> Option<usize> {
    let grade = |name: &str| scheme.grades.iter().position(|grade| grade.name == name);
    let by_scheme = scheme.vetoes.iter().find(|veto| veto.code == event.code).and_then(|veto| grade(&veto.cap_grade));
    by_scheme.max(event.cap_grade.as_deref().and_then(grade))
}

/// Scores every assessed object.
///
/// # Errors
/// An indicator of the scheme without a header, a unit that stands twice, amounts too large for 28 digits.
pub fn score(input: &ScoringInput<'_>) -> Result<Scorecards> {
    let mut cards = score_without_ledger(input)?;
    cards.ledger = ledger::rows(input)?;
    let others = input.indicators.values().filter(|header| header.is_decided_by_others).map(|header| &header.id).collect();
    cards.next_grades = next_grade::rows(input.scheme, &others, &cards);
    Ok(cards)
}

/// As [`score`], and the ledger stays empty: for who only asks what if.
///
/// # Errors
/// As [`score`].
pub fn score_without_ledger(input: &ScoringInput<'_>) -> Result<Scorecards> {
    let mut cards = score_by(input)?;
    if input.scheme.indicators.iter().any(|scored| scored.dynamic.is_some()) {
        let mut everywhere = input.scheme.clone();
        for scored in everywhere.indicators.iter_mut().filter(|scored| scored.dynamic.is_some()) {
            (scored.report_only, scored.curve, scored.relative) = (true, None, None);
        }
        // Only totals and ranks are taken from it: nothing is drawn.
        everywhere.uncertainty.draws = 0;
        let without = score_by(&ScoringInput { scheme: &everywhere, ..*input })?;
        for (rank, other) in cards.ranks.iter_mut().zip(without.ranks) {
            rank.unswitched = Some(tables::Unswitched { total: other.total, rank: other.rank });
        }
    }
    Ok(cards)
}

/// Scores every assessed object by the scheme as it is; no ledger.
fn score_by(input: &ScoringInput<'_>) -> Result<Scorecards> {
    let entries = period::entries(input)?;
    let totals = period::aggregate(input.measures.iter(), &entries)?;
    let objects = objects::assessed(input)?;
    let regions = regional::Regions::of(input, &objects);
    let tree = tree::Tree::of(input.scheme);
    let mut values = Vec::with_capacity(objects.len());
    for object in &objects {
        let mut of_object = Vec::with_capacity(entries.len());
        for (index, entry) in entries.iter().enumerate() {
            of_object.push(if tree.reaches(entry.node, object) {
                Some(values::value(input, object, index, entry, &totals, &regions)?)
            } else {
                None
            });
        }
        values.push(of_object);
    }
    let better = |id: &IndicatorId| input.indicators.get(id).map(|header| header.better);
    scored(input.scheme, &better, &objects, values)
}

/// From values to scores and ranks: what is the same for a province and for any table. `values` has one row an object, in step with
/// `objects`, and in it one value for each indicator of the scheme, in its order; `better` says which way is better where a header does.
fn scored(
    scheme: &Scheme,
    better: &dyn Fn(&IndicatorId) -> Option<Better>,
    objects: &[objects::Assessed<'_>],
    mut values: Vec<Vec<Option<tables::Value>>>,
) -> Result<Scorecards> {
    shrunken::add(scheme, objects, &mut values);
    relative::score(scheme, better, objects, &mut values);
    let tree = tree::Tree::of(scheme);
    let mut cards = Scorecards::default();
    let mut results = Vec::with_capacity(objects.len());
    for (object, mut values) in objects.iter().zip(values) {
        let outcome = tree.add_up(object, &mut values);
        cards.scores.extend(outcome.scores);
        cards.score_lines.extend(outcome.score_lines);
        let mut values: Vec<_> = values.into_iter().flatten().collect();
        values.sort_by(|a, b| a.indicator.cmp(&b.indicator));
        cards.values.extend(values);
        results.push(outcome.result);
    }
    cards.ranks = ranking::rank(scheme, objects, results)?;
    // One thread: results must not depend on their number, and a province takes a moment.
    uncertainty::add(scheme, &mut cards, NonZeroUsize::MIN);
    Ok(cards)
}

/// The score of an indicator as it goes into its node.
fn leaf_score(scheme: &Scheme, score: Decimal) -> Decimal {
    match scheme.rounding.steps {
        Steps::Rounded => scheme.round(score),
        Steps::Exact => score.round_dp(BINARY_DECIMALS),
    }
}
