//! Corrected figures in the place of published ones, of a run that was read back.
//!
//! In: what a run left, its published values, corrections by unit, domain and indicator. Out: the measures with the corrected figures; a figure read and written. Never here: where the
//! corrections come from (a what-if, an appeal that was granted), new scores.

use rust_decimal::Decimal;

use super::left::Left;
use crate::compute::units::Hierarchy;
use crate::error::{Error, Kind, Result};
use crate::library::Library;
use crate::library::indicator::{Shape, ShownAs};
use crate::library::scheme::Scheme;
use crate::library::scheme::composites::composite;
use crate::scoring::correction::{self, Figure, Place};
use crate::scoring::tables::{Scorecards, Status, Value};
use crate::terms::{IndicatorId, UnitId};

/// A figure that ought to be another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correction {
    /// Whose.
    pub unit: String,
    /// Where the unit has several scorecards.
    pub domain: Option<String>,
    /// Of which indicator.
    pub indicator: String,
    /// What it ought to be.
    pub figure: Figure,
}

/// What a correction does not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// The indicator is only shown: no total rests on it.
    OnlyShown,
    /// Whoever answers for the unit keeps the figure: parents count it anew.
    StaysAbove,
}

/// What was corrected of a run: unit, domain, indicator.
#[derive(Debug, Default)]
pub struct Corrected(Vec<(UnitId, String, IndicatorId)>);

fn wrong(says: String) -> Error {
    Error::new(Kind::Configuration, says)
}

/// Figures are smaller: sums of them still have room in 28 digits.
const LARGEST: Decimal = Decimal::from_parts(3_567_587_328, 232, 0, false, 0);

/// A figure as it is written: `48/50` of a ratio (`0/0` where nothing is left to judge), `4.5` of a value.
///
/// # Errors
/// No number, a share above 1 or with a part below 0, a figure of another shape than the indicator's. An indicator that is not known takes both.
pub fn read_figure(text: &str, library: &Library, indicator: &str) -> Result<Figure> {
    let number = |text: &str| {
        let text = text.trim();
        let is_plain = |text: &str| text.chars().all(|c| c.is_ascii_digit() || c == '.') && text.starts_with(|c: char| c.is_ascii_digit());
        let number = is_plain(text.strip_prefix('-').unwrap_or(text)).then(|| text.parse::<Decimal>().ok()).flatten();
        let number = number.ok_or_else(|| wrong(format!("`{text}` is no number like 48 or 4.5")))?;
        if number.abs() >= LARGEST {
            return Err(wrong(format!("`{text}` is larger than any figure of an assessment")));
        }
        Ok(number.normalize())
    };
    let header = library.indicators.get(&IndicatorId::from(indicator));
    let figure = match text.split_once('/') {
        None => Figure::Value(number(text)?),
        Some((numerator, denominator)) => {
            let (numerator, denominator) = (number(numerator)?, number(denominator)?);
            let is_share = header.is_some_and(|header| header.shape == Shape::Ratio && header.shown_as == ShownAs::Percent);
            // 0/0: everything that was due was left out, and the weight moves as where nothing fell due.
            if is_share && numerator > denominator {
                return Err(wrong(format!("`{numerator}/{denominator}` is no share: the numerator lies between 0 and the denominator")));
            }
            if numerator < Decimal::ZERO || denominator < Decimal::ZERO {
                return Err(wrong(format!("`{numerator}/{denominator}` has a part below 0")));
            }
            Figure::Ratio(numerator, denominator)
        }
    };
    let is_ratio = is_ratio(library, indicator);
    if header.is_some() && matches!(figure, Figure::Ratio(..)) != is_ratio {
        let form = if is_ratio { "numerator and denominator" } else { "a value" };
        return Err(wrong(format!("`{indicator}` is corrected by {form}")));
    }
    Ok(figure)
}

/// Whether an indicator's figures are written as a fraction; of one that is not known, they may be.
pub fn is_ratio(library: &Library, indicator: &str) -> bool {
    library.indicators.get(&IndicatorId::from(indicator)).is_none_or(|header| header.shape == Shape::Ratio)
}

/// A published figure as a correction would give it; none where there is none.
pub fn figure_of(value: &Value, library: &Library) -> Option<Figure> {
    match (value.numerator, value.denominator) {
        (Some(numerator), Some(denominator)) if is_ratio(library, value.indicator.as_ref()) => Some(Figure::Ratio(numerator, denominator)),
        _ => value.value.map(Figure::Value),
    }
}

/// What a correction of a published figure does not do.
pub fn limit_of(value: &Value, hierarchy: &Hierarchy, library: &Library) -> Option<Limit> {
    if value.status == Status::ReportOnly {
        return Some(Limit::OnlyShown);
    }
    let header = library.indicators.get(&value.indicator)?;
    correction::stays_above(header, hierarchy, value.unit.as_ref()).then_some(Limit::StaysAbove)
}

impl Corrected {
    /// Puts a corrected figure in the place of a published one; `before` are the scorecards as they were published, by the scheme.
    ///
    /// # Errors
    /// An indicator, unit or value that is not there, does not apply, belongs to a region, or is corrected twice.
    pub fn correct(
        &mut self,
        left: &mut Left,
        (library, scheme): (&Library, &Scheme),
        before: &Scorecards,
        correction: &Correction,
    ) -> Result<Option<Limit>> {
        let Some(header) = library.indicators.get(&IndicatorId::from(correction.indicator.as_str())) else {
            if composite(&correction.indicator).is_some() {
                let says = format!("`{}` is a composite of a region, and several units carry it", correction.indicator);
                return Err(wrong(says).with_hint("correct the records that it is made of, and run"));
            }
            let says = format!("there is no indicator `{}`", correction.indicator);
            return Err(wrong(says).hint_nearest(&correction.indicator, library.indicators.keys().map(IndicatorId::as_ref)));
        };
        let value = published(before, correction)?;
        if value.status == Status::NotApplicable {
            return Err(wrong(format!("`{}` does not apply to `{}`: there is nothing to correct", header.id, value.unit)));
        }
        refuse_parts_of_counts(value, correction.figure)?;
        refuse_twice(&self.0, &left.hierarchy, value)?;
        self.0.push((value.unit.clone(), value.domain.clone(), value.indicator.clone()));
        let unit = left.units.iter().find(|unit| unit.id == value.unit);
        let is_of_subtree = unit.is_some_and(|unit| scheme.subtree_tiers.contains(&unit.tier));
        let months = left.period.months_until(left.as_of);
        let place = Place { indicator: header, value, is_of_subtree, months: &months };
        correction::correct(&mut left.measures, &left.hierarchy, &place, correction.figure)?;
        Ok(limit_of(value, &left.hierarchy, library))
    }
}

/// What was counted stays a count.
fn refuse_parts_of_counts(value: &Value, figure: Figure) -> Result<()> {
    let (Some(numerator), Some(denominator), Figure::Ratio(corrected, of)) = (value.numerator, value.denominator, figure) else {
        return Ok(());
    };
    let is_count = |number: Decimal| number.fract().is_zero();
    if is_count(numerator) && is_count(denominator) && !(is_count(corrected) && is_count(of)) {
        return Err(wrong(format!("`{corrected}/{of}` counts parts of records, and `{numerator}/{denominator}` counts records")));
    }
    Ok(())
}

/// A figure that was corrected already, of the unit itself or of one that answers for it or that it answers for, would be counted twice.
fn refuse_twice(corrected: &[(UnitId, String, IndicatorId)], hierarchy: &Hierarchy, value: &Value) -> Result<()> {
    let shares_domain = |domain: &str| domain.split('+').any(|one| value.domain.split('+').any(|other| one == other));
    for (unit, domain, indicator) in corrected.iter().filter(|(_, _, indicator)| *indicator == value.indicator) {
        if unit == &value.unit && domain == &value.domain {
            return Err(wrong(format!("`{indicator}` of `{unit}` is corrected twice")));
        }
        let above = |one: &UnitId, other: &UnitId| hierarchy.with_ancestors(one.as_ref()).iter().any(|above| above == other.as_ref());
        if shares_domain(domain) && unit != &value.unit && (above(unit, &value.unit) || above(&value.unit, unit)) {
            return Err(wrong(format!(
                "`{unit}` and `{}` are both corrected, and one answers for the other: correct the lower one, and the upper one moves with it",
                value.unit
            )));
        }
    }
    Ok(())
}

/// The published value that is corrected.
///
/// # Errors
/// No such value, or several.
pub fn published<'v>(before: &'v Scorecards, correction: &Correction) -> Result<&'v Value> {
    let Correction { unit, domain, indicator, .. } = correction;
    let is_of = |value: &&Value| value.unit.as_ref() == *unit && value.indicator.as_ref() == *indicator;
    let known = || before.values.iter().filter(is_of);
    let found: Vec<&Value> = known().filter(|value| domain.as_ref().is_none_or(|domain| value.domain == *domain)).collect();
    match found.as_slice() {
        [one] => Ok(*one),
        [] if before.ranks.iter().any(|rank| rank.unit.as_ref() == *unit) => {
            let ids: Vec<&str> =
                before.values.iter().filter(|value| value.unit.as_ref() == *unit).map(|value| value.indicator.as_ref()).collect();
            Err(wrong(format!("there is no value of `{indicator}` for `{unit}`")).hint_nearest(indicator, ids))
        }
        [] => {
            let units: Vec<&str> = before.ranks.iter().map(|rank| rank.unit.as_ref()).collect();
            Err(wrong(format!("there is no scorecard of `{unit}`")).hint_nearest(unit, units))
        }
        several => {
            let domains: Vec<&str> = several.iter().map(|value| value.domain.as_str()).collect();
            Err(wrong(format!("`{unit}` has several scorecards with `{indicator}`: say which of {}", domains.join(", "))))
        }
    }
}
