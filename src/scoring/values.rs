//! The value and score of one indicator of one assessed object.
//!
//! In: sums over the period, regional values, the curve. Out: a [`Value`] with its status. Never here: weights, which the tree
//! moves afterwards.

use rust_decimal::Decimal;

use super::interval::interval;
use super::objects::Assessed;
use super::period::{Entry, PeriodAmount, Totals};
use super::regional::{Regions, lies_in};
use super::tables::{Status, Value};
use super::{RegionalValue, ScoringInput, leaf_score};
use crate::compute::measures::NO_DOMAIN;
use crate::error::{Error, Kind, Result};
use crate::library::indicator::Shape;
use crate::library::scheme::Absent;
use crate::terms::Fraction;

/// What there is before any rule about nothing.
enum Found<'a> {
    NotApplicable,
    Nothing,
    Sums(PeriodAmount),
    Composite(&'a RegionalValue),
}

/// The value of `entry` for `object`; its weights are still those of the scheme.
pub(super) fn value(
    input: &ScoringInput<'_>,
    object: &Assessed<'_>,
    index: usize,
    entry: &Entry<'_>,
    totals: &Totals,
    regions: &Regions<'_>,
) -> Result<Value> {
    let scored = entry.scored;
    let mut value = Value {
        unit: object.unit.id.clone(),
        domain: object.domain.clone(),
        indicator: scored.id.clone(),
        node: entry.node.to_owned(),
        numerator: None,
        denominator: None,
        pending: 0,
        excluded: 0,
        due_soon: 0,
        value: None,
        interval: None,
        score: None,
        points: scored.points,
        effective_points: Decimal::ZERO,
        target: scored.target,
        status: Status::NotApplicable,
        half_width: None,
        shrunk: None,
        funnel: None,
        too_few: false,
        provisional: input.provisional.contains(&scored.id),
    };
    let held = input.held.contains(&scored.id);
    match find(input, object, index, entry, totals, regions) {
        Found::NotApplicable => return Ok(value),
        Found::Nothing if scored.report_only => value.status = Status::ReportOnly,
        Found::Nothing if held => match input.scheme.nothing.owed_and_absent {
            Absent::Hold => value.status = Status::Held,
            Absent::Zero => {
                value.status = Status::AbsentAsZero;
                value.score = Some(input.scheme.round(Decimal::ZERO));
            }
        },
        Found::Nothing => value.status = Status::NothingDue,
        Found::Sums(amount) => fill(input, entry, amount, held, &mut value)?,
        Found::Composite(regional) => {
            value.numerator = Some(regional.value);
            value.denominator = Some(regional.n);
            value.value = Some(regional.value);
            value.interval = regional.interval;
            value.status = if held { Status::Held } else { Status::Scored };
            value.score =
                scored.curve.as_ref().map(|curve| leaf_score(input.scheme, curve.score(regional.scored_as.unwrap_or(regional.value))));
        }
    }
    if scored.report_only && value.status != Status::Confidential {
        value.status = Status::ReportOnly;
        value.score = None;
    }
    Ok(value)
}

fn find<'a>(
    input: &ScoringInput<'_>,
    object: &Assessed<'_>,
    index: usize,
    entry: &Entry<'_>,
    totals: &Totals,
    regions: &Regions<'a>,
) -> Found<'a> {
    let here = entry.scored.dynamic.as_ref().is_none_or(|dynamic| dynamic.regions.iter().any(|area| lies_in(&object.unit.region, area)));
    if !here || entry.months.is_none() || !object.is_among(&entry.domains, &entry.tiers) {
        return Found::NotApplicable;
    }
    let domains: Vec<&str> = object.domains.iter().copied().filter(|domain| entry.domains.iter().any(|other| other == domain)).collect();
    if let Some(composite) = entry.composite {
        let candidates = regions.candidates(input.scheme, composite.family, object, entry.scored.report_only);
        if candidates.is_empty() {
            return Found::NotApplicable;
        }
        return regions.composite(composite.id, &candidates, &domains).map_or(Found::Nothing, Found::Composite);
    }
    let merged = |amounts: &mut dyn Iterator<Item = PeriodAmount>| amounts.reduce(PeriodAmount::merge);
    let sums = match entry.shape {
        Shape::Pair => None,
        Shape::Region => {
            let candidates = regions.candidates(input.scheme, "survey", object, entry.scored.report_only);
            if candidates.is_empty() {
                return Found::NotApplicable;
            }
            candidates.iter().find_map(|region| {
                let own = merged(&mut domains.iter().filter_map(|domain| totals.get(index, region, domain, false)));
                own.or_else(|| totals.get(index, region, NO_DOMAIN, false))
            })
        }
        Shape::Ratio | Shape::Value => {
            let subtree = object.subtree && entry.rolls_up;
            merged(&mut domains.iter().filter_map(|domain| totals.get(index, &object.unit.id.0, domain, subtree)))
        }
    };
    sums.map_or(Found::Nothing, Found::Sums)
}

/// From sums to value, interval, score and status.
fn fill(input: &ScoringInput<'_>, entry: &Entry<'_>, amount: PeriodAmount, held: bool, value: &mut Value) -> Result<()> {
    let is_ratio = entry.shape == Shape::Ratio;
    let numerator = exact(amount.fraction.numerator, value)?;
    let denominator = exact(amount.fraction.denominator, value)?;
    let minimum = &input.scheme.minimum_n;
    // A survey. Its score is left out with the value: from the points of a class and a public curve both could be told.
    if entry.counts_answers && denominator > Decimal::ZERO && denominator < Decimal::from(minimum.confidential) {
        value.status = Status::Confidential;
        return Ok(());
    }
    value.pending = amount.pending;
    value.excluded = amount.excluded;
    value.due_soon = amount.due_soon;
    if is_ratio {
        value.numerator = Some(numerator);
    }
    value.denominator = Some(denominator);
    if denominator <= Decimal::ZERO {
        value.status = Status::NothingDue;
        return Ok(());
    }
    value.value = Some(numerator / denominator);
    if !is_ratio {
        value.numerator = value.value;
    }
    let least = if is_ratio { minimum.rate } else { minimum.value };
    value.too_few = denominator < Decimal::from(least);
    if is_ratio {
        value.interval = interval(input.scheme.uncertainty.interval, numerator, denominator);
    }
    if let Some(curve) = &entry.scored.curve {
        value.score = Some(leaf_score(input.scheme, curve.score_of_ratio(numerator, denominator)));
        value.half_width = value.interval.map(|(low, high)| curve.half_range(low, high).round_dp(4));
    }
    value.status = if held || amount.held { Status::Held } else { Status::Scored };
    Ok(())
}

fn exact(scaled: i128, value: &Value) -> Result<Decimal> {
    Decimal::try_from_i128_with_scale(scaled, Fraction::DECIMALS)
        .map(|amount| amount.normalize())
        .map_err(|_| Error::new(Kind::Query, format!("the amount of `{}` for `{}` has more than 28 digits", value.indicator, value.unit)))
}
