//! The dynamic ledger: every assessed object's indicators month by month.
//!
//! In: measures, the scheme's indicators, the assessed objects. Out: [`LedgerRow`]s, by the same rules as the period's values. Never
//! here: weights, totals.

use std::collections::BTreeSet;

use rust_decimal::Decimal;

use super::objects::assessed;
use super::period::{Entry, aggregate, entries};
use super::regional::Regions;
use super::tables::{LedgerRow, Status};
use super::tree::Tree;
use super::{ScoringInput, values};
use crate::error::Result;
use crate::terms::IndicatorId;

/// The rows of every month of the period that has any; composites have no months.
pub(super) fn rows(input: &ScoringInput<'_>) -> Result<Vec<LedgerRow>> {
    let entries = entries(input)?;
    let objects = assessed(input)?;
    let tree = Tree::of(input.scheme);
    let Some(last) = input.period.months_until(input.as_of).last().copied() else { return Ok(Vec::new()) };
    let without_composites = ScoringInput { regional: &[], ..*input };
    let regions = Regions::of(&without_composites, &objects);
    let mut rows = Vec::new();
    for month in input.period.months_until(input.period.last.last_day()) {
        if input.measures.in_month(month).next().is_none() {
            continue;
        }
        let entries: Vec<Entry<'_>> = entries.iter().map(|entry| entry.in_month(month, last)).collect();
        let totals = aggregate(input.measures.in_month(month), &entries)?;
        for object in &objects {
            for (index, entry) in
                entries.iter().enumerate().filter(|(_, entry)| entry.composite.is_none() && tree.reaches(entry.node, object))
            {
                let value = values::value(&without_composites, object, index, entry, &totals, &regions)?;
                let has_any = value.value.is_some() || value.pending > 0 || value.excluded > 0;
                if !has_any || value.status == Status::NotApplicable {
                    continue;
                }
                rows.push(LedgerRow {
                    unit: value.unit,
                    domain: value.domain,
                    indicator: value.indicator,
                    month,
                    numerator: value.numerator,
                    denominator: value.denominator,
                    pending: value.pending,
                    due_soon: value.due_soon,
                    excluded: value.excluded,
                    value: value.value,
                    target: value.target,
                    score: value.score,
                    status: value.status,
                });
            }
        }
    }
    rows.sort_by(|a, b| (&a.unit, &a.domain, &a.indicator, a.month).cmp(&(&b.unit, &b.domain, &b.indicator, b.month)));
    let surveys: BTreeSet<&IndicatorId> = entries.iter().filter(|entry| entry.counts_answers).map(|entry| &entry.scored.id).collect();
    for of_object in rows.chunk_by_mut(|a, b| (&a.unit, &a.domain, &a.indicator) == (&b.unit, &b.domain, &b.indicator)) {
        if surveys.contains(&of_object[0].indicator) {
            hide_small_differences(of_object, Decimal::from(input.scheme.minimum_n.confidential));
        }
    }
    Ok(rows)
}

/// Averages of the year up to each month: from two of them the answers between can be told. The last stands on the scorecard, so it
/// is the earlier one that goes.
fn hide_small_differences(months: &mut [LedgerRow], minimum: Decimal) {
    let mut later: Option<Decimal> = None;
    for row in months.iter_mut().rev() {
        let Some(answers) = row.denominator else { continue };
        if later.is_some_and(|later| later != answers && (later - answers).abs() < minimum) {
            row.status = Status::Confidential;
            (row.numerator, row.denominator, row.value, row.score) = (None, None, None, None);
            (row.pending, row.due_soon, row.excluded) = (0, 0, 0);
        } else {
            later = Some(answers);
        }
    }
}
