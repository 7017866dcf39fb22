//! A corrected figure of one object, carried to everybody who answers for it.
//!
//! In: a run's measures, the hierarchy, the object's published value, the figure that it ought to be. Out: the measures with the difference. Never
//! here: records; a correction that a source has to make is made in the source.

use std::fmt;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::tables::Value;
use crate::compute::measures::{Amount, Measure, Measures, Scope};
use crate::compute::units::Hierarchy;
use crate::error::{Error, Kind, Result};
use crate::library::indicator::{Indicator, Rollup, Shape};
use crate::terms::{Fraction, IndicatorId, Month};

/// What an object's figure over the period ought to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Figure {
    /// Numerator and denominator.
    Ratio(Decimal, Decimal),
    /// A value that is no ratio.
    Value(Decimal),
}

impl fmt::Display for Figure {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ratio(numerator, denominator) => write!(to, "{}/{}", numerator.normalize(), denominator.normalize()),
            Self::Value(value) => write!(to, "{}", value.normalize()),
        }
    }
}

/// Whose figure is corrected.
pub struct Place<'a> {
    /// Header of the indicator.
    pub indicator: &'a Indicator,
    /// The object's value as it was published.
    pub value: &'a Value,
    /// The object's figures are those of its subtree.
    pub is_of_subtree: bool,
    /// Months of the period that have begun.
    pub months: &'a [Month],
}

/// Puts the difference between the published figure and the corrected one into the measures, of the object and of everybody above it.
///
/// What parents count anew (distinct firms, `rollup = "recompute"`) can't be told from the object's figure: they keep theirs.
///
/// # Errors
/// A figure that is none (a part below 0, a share above 1), of another shape, or of a region; an object without a measure.
pub fn correct(measures: &mut Measures, hierarchy: &Hierarchy, place: &Place<'_>, figure: Figure) -> Result<()> {
    let Place { indicator, value, .. } = place;
    let wrong = |says: String| Error::new(Kind::Configuration, says);
    let subject = value.unit.as_ref();
    let is_of = |measure: &Measure<'_>| {
        measure.indicator == indicator.id.as_ref() && measure.subject == subject && value.counts_domain(measure.domain)
    };
    let own: Vec<Measure<'_>> = measures.iter().filter(is_of).collect();
    let counted = |measure: &&Measure<'_>| place.months.contains(&measure.month);
    let last = own.iter().filter(counted).max_by_key(|measure| measure.month);
    let (month, domain) = match last {
        Some(measure) => (measure.month, measure.domain.to_owned()),
        None => {
            let domain = value.domain.split('+').find(|domain| indicator.domains.iter().any(|known| known == domain));
            let month = place.months.last().copied();
            month.zip(domain.map(str::to_owned)).ok_or_else(|| wrong(format!("`{}` has no month to correct", indicator.id)))?
        }
    };
    match (indicator.shape, figure) {
        (Shape::Ratio, Figure::Ratio(numerator, denominator)) => {
            let scaled = |wanted: Decimal, published: Option<Decimal>| {
                let difference = (wanted - published.unwrap_or_default()) * Decimal::from(Fraction::SCALE);
                difference.round().to_i128().ok_or_else(|| wrong(format!("`{wanted}` has too many digits")))
            };
            let amount = Amount::Ratio(Fraction {
                numerator: scaled(numerator, value.numerator)?,
                denominator: scaled(denominator, value.denominator)?,
            });
            let difference = |subject: &str, scope: Scope, measures: &mut Measures| {
                let (pending, due_soon, excluded) = (0, 0, 0);
                let (indicator, domain) = (indicator.id.as_ref(), domain.as_str());
                measures.push(Measure { indicator, subject, domain, month, scope, amount, pending, due_soon, excluded, held: false });
            };
            if !place.is_of_subtree || indicator.rollup == Rollup::None {
                difference(subject, Scope::Own, measures);
            }
            if indicator.rollup == Rollup::Sum {
                hierarchy.with_ancestors(subject).iter().for_each(|above| difference(above, Scope::Subtree, measures));
            } else if place.is_of_subtree && indicator.rollup == Rollup::Recompute {
                difference(subject, Scope::Subtree, measures);
            }
            Ok(())
        }
        (Shape::Value, Figure::Value(wanted)) => {
            let scaled = (wanted * Decimal::from(Fraction::SCALE)).round().to_i128();
            let scaled = scaled.ok_or_else(|| wrong(format!("`{wanted}` has too many digits")))?;
            if last.is_none() {
                return Err(wrong(format!("there is no value of `{}` for `{subject}` to correct", indicator.id)));
            }
            replace_values(measures, &indicator.id, value, place.months, scaled);
            Ok(())
        }
        (Shape::Ratio, _) => Err(wrong(format!("`{}` is corrected by numerator and denominator", indicator.id))),
        (Shape::Value, _) => Err(wrong(format!("`{}` is corrected by a value", indicator.id))),
        (Shape::Pair | Shape::Region, _) => {
            Err(wrong(format!("`{}` belongs to a region, and several units carry it: it can't be corrected for one of them", indicator.id)))
        }
    }
}

/// Whether a correction of a unit's figure stops at the unit although others answer for it.
pub fn stays_above(indicator: &Indicator, hierarchy: &Hierarchy, unit: &str) -> bool {
    indicator.rollup == Rollup::Recompute && hierarchy.with_ancestors(unit).len() > 1
}

/// Every month of the scorecard gets the value: the mean over the months is then the value, whatever each rests on.
fn replace_values(measures: &mut Measures, indicator: &IndicatorId, corrected: &Value, months: &[Month], scaled: i128) {
    let before = measures.clone();
    measures.remove(indicator);
    for mut measure in before.iter().filter(|measure| measure.indicator == indicator.as_ref()) {
        if let Amount::Value { value, .. } = &mut measure.amount
            && measure.subject == corrected.unit.as_ref()
            && corrected.counts_domain(measure.domain)
            && months.contains(&measure.month)
        {
            *value = Some(scaled);
        }
        measures.push(measure);
    }
}
