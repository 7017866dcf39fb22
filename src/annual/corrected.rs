//! What was decided, in the figures.
//!
//! In: a frozen run, the matters of a release. Out: the run with the corrected figures, scored; which figure became which. Never here: a decision.

use std::collections::BTreeMap;

use super::frozen::Frozen;
use super::hearing::{Change, Matter};
use crate::error::{Error, Kind, Result};
use crate::library::Library;
use crate::library::indicator::Shape;
use crate::nightly::correcting::{Corrected, Correction, Limit, read_figure};
use crate::report::input::ChangedFigure;
use crate::scoring::correction::Figure;
use crate::scoring::tables::{Scorecards, Value};
use crate::scoring::{score, score_without_ledger};

/// A release's scores before and after the hearing.
pub struct Scored {
    /// As the frozen run was scored.
    pub before: Scorecards,
    /// With what was granted; the ledger is filled.
    pub after: Scorecards,
    /// What was changed.
    pub figures: Vec<ChangedFigure>,
}

/// Puts every granted change into the figures and scores both ways.
///
/// # Errors
/// As [`apply`].
pub fn correct_and_score(frozen: &mut Frozen, matters: &BTreeMap<u32, Matter>) -> Result<Scored> {
    let before = score(&frozen.left.input(&frozen.scheme, &frozen.library.indicators))?;
    let figures = apply_to(frozen, &before, matters)?;
    let after = if figures.is_empty() { before.clone() } else { score(&frozen.left.input(&frozen.scheme, &frozen.library.indicators))? };
    Ok(Scored { before, after, figures })
}

/// Puts every granted change into the figures; tells which figure became which.
///
/// # Errors
/// A change that finds no value, that changes nothing, or a figure that is changed twice.
pub fn apply(frozen: &mut Frozen, matters: &BTreeMap<u32, Matter>) -> Result<Vec<ChangedFigure>> {
    let before = score_without_ledger(&frozen.left.input(&frozen.scheme, &frozen.library.indicators))?;
    apply_to(frozen, &before, matters)
}

fn apply_to(frozen: &mut Frozen, before: &Scorecards, matters: &BTreeMap<u32, Matter>) -> Result<Vec<ChangedFigure>> {
    let Frozen { library, scheme, left, .. } = frozen;
    let (mut corrected, mut figures) = (Corrected::default(), Vec::new());
    for (matter, edition, change) in that_hold(matters) {
        let doing = |error: Error| error.while_doing(format!("applying what was decided of the matter {}", matter.number));
        let wrong = |says: String| doing(Error::new(Kind::Configuration, says));
        match change {
            Change::Void { event } => {
                let place = left.events.iter().position(|known| known.id == *event && known.unit.as_ref() == matter.unit);
                let place = place.ok_or_else(|| wrong(format!("`{event}` of `{}` fell away already", matter.unit)))?;
                let event = left.events.remove(place);
                let veto = scheme.vetoes.iter().find(|veto| veto.code == event.code && event.is_veto);
                figures.push(ChangedFigure {
                    matter: matter.number,
                    edition,
                    unit: matter.unit.clone(),
                    domain: String::new(),
                    what: veto.map_or_else(|| event.id.clone(), |veto| veto.title.clone()),
                    figure: (event.points.normalize().to_string(), String::new()),
                    stays_above: false,
                    only_shown: false,
                });
            }
            Change::Figure { domain, indicator, figure } => {
                let figure = read_figure(figure, library, indicator).map_err(doing)?;
                let correction = Correction { unit: matter.unit.clone(), domain: domain.clone(), indicator: indicator.clone(), figure };
                let limit = corrected.correct(left, (library, scheme), before, &correction).map_err(doing)?;
                let is_of = |value: &&Value| {
                    value.unit.as_ref() == matter.unit
                        && value.indicator.as_ref() == indicator
                        && domain.as_ref().is_none_or(|domain| value.domain == *domain)
                };
                let value = before.values.iter().find(is_of);
                let (was, is) = (value.map(|value| shown(value, library)).unwrap_or_default(), written(figure));
                if was == is {
                    return Err(wrong(format!("`{indicator}` of `{}` is {was} as it is", matter.unit)));
                }
                figures.push(ChangedFigure {
                    matter: matter.number,
                    edition,
                    unit: matter.unit.clone(),
                    domain: value.map(|value| value.domain.clone()).unwrap_or_default(),
                    what: indicator.clone(),
                    figure: (was, is),
                    stays_above: limit == Some(Limit::StaysAbove),
                    only_shown: limit == Some(Limit::OnlyShown),
                });
            }
        }
    }
    Ok(figures)
}

/// The changes of the decisions that hold, with the edition of each. Where two matters change one figure, the later one holds.
fn that_hold(matters: &BTreeMap<u32, Matter>) -> Vec<(&Matter, u32, &Change)> {
    let mut changes: Vec<(&Matter, u32, &Change)> = Vec::new();
    for matter in matters.values() {
        let Some(decision) = matter.decision() else { continue };
        for change in &decision.changes {
            let is_same = |earlier: &(&Matter, u32, &Change)| match (earlier.2, change) {
                (Change::Figure { domain: a, indicator: b, .. }, Change::Figure { domain: c, indicator: d, .. }) => {
                    earlier.0.unit == matter.unit && earlier.0.number != matter.number && (a, b) == (c, d)
                }
                _ => false,
            };
            changes.retain(|earlier| !is_same(earlier));
            changes.push((matter, decision.edition, change));
        }
    }
    changes
}

/// What the decisions of this edition's hearing changed, against the figures of the edition before it: what an earlier edition had corrected begins where that
/// one left it, and what is not corrected any more goes back to the frozen figure.
pub fn since_last_edition(figures: &[ChangedFigure], matters: &BTreeMap<u32, Matter>, edition: u32) -> Vec<ChangedFigure> {
    let earlier = before_edition(matters, edition);
    let key = |figure: &ChangedFigure| (figure.unit.clone(), figure.what.clone());
    let mut changed: Vec<ChangedFigure> = Vec::new();
    for figure in figures {
        let was = earlier.get(&key(figure)).map_or(&figure.figure.0, |(_, was)| was);
        if *was != figure.figure.1 {
            changed.push(ChangedFigure { figure: (was.clone(), figure.figure.1.clone()), ..figure.clone() });
        }
    }
    changed
}

/// What held before an edition: unit and indicator → matter, figure.
fn before_edition(matters: &BTreeMap<u32, Matter>, edition: u32) -> BTreeMap<(String, String), (u32, String)> {
    let mut held = BTreeMap::new();
    for matter in matters.values() {
        let Some(decision) = matter.decisions.iter().rev().find(|decision| decision.edition < edition) else { continue };
        for change in &decision.changes {
            if let Change::Figure { indicator, figure, .. } = change {
                held.insert((matter.unit.clone(), indicator.clone()), (matter.number, figure.trim().to_owned()));
            }
        }
    }
    held
}

fn written(figure: Figure) -> String {
    match figure {
        Figure::Ratio(numerator, denominator) => format!("{}/{}", numerator.normalize(), denominator.normalize()),
        Figure::Value(value) => value.normalize().to_string(),
    }
}

/// A published figure as a correction would write it.
fn shown(value: &Value, library: &Library) -> String {
    let is_ratio = library.indicators.get(&value.indicator).is_none_or(|header| header.shape == Shape::Ratio);
    match (value.numerator, value.denominator) {
        (Some(numerator), Some(denominator)) if is_ratio => format!("{}/{}", numerator.normalize(), denominator.normalize()),
        _ => value.value.map(|value| value.normalize().to_string()).unwrap_or_default(),
    }
}
