//! What was decided, in the figures.
//!
//! In: a frozen run, the matters of a release. Out: the run with the corrected figures, scored; which figure became which. Never here: a decision.

use std::collections::BTreeMap;

use super::frozen::Frozen;
use super::hearing::{Change, Matter};
use crate::error::{Error, Kind, Result};
use crate::library::Library;
use crate::library::indicator::Shape;
use crate::nightly::correcting::{Corrected, Correction, read_figure};
use crate::report::input::ChangedFigure;
use crate::scoring::score;
use crate::scoring::tables::{Scorecards, Value};

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
/// A change that finds no value, or a figure that is changed twice.
pub fn correct_and_score(frozen: &mut Frozen, matters: &BTreeMap<u32, Matter>) -> Result<Scored> {
    let Frozen { library, scheme, left, .. } = frozen;
    let before = score(&left.input(scheme, &library.indicators))?;
    let (mut corrected, mut figures) = (Corrected::default(), Vec::new());
    for matter in matters.values() {
        for change in matter.decision.iter().flat_map(|decision| &decision.changes) {
            let doing = |error: Error| error.while_doing(format!("applying what was decided of the matter {}", matter.number));
            match change {
                Change::Void { event } => {
                    let place = left.events.iter().position(|known| known.id == *event && known.unit.as_ref() == matter.unit);
                    let place = place.ok_or_else(|| {
                        doing(Error::new(Kind::Configuration, format!("`{event}` of `{}` fell away already", matter.unit)))
                    })?;
                    let event = left.events.remove(place);
                    figures.push(ChangedFigure {
                        matter: matter.number,
                        unit: matter.unit.clone(),
                        domain: String::new(),
                        what: event.code.clone(),
                        figure: (event.points.normalize().to_string(), String::new()),
                    });
                }
                Change::Figure { domain, indicator, figure } => {
                    let correction = Correction {
                        unit: matter.unit.clone(),
                        domain: domain.clone(),
                        indicator: indicator.clone(),
                        figure: read_figure(figure, library, indicator).map_err(doing)?,
                    };
                    corrected.correct(left, (library, scheme), &before, &correction).map_err(doing)?;
                    let is_of = |value: &&Value| {
                        value.unit.as_ref() == matter.unit
                            && value.indicator.as_ref() == indicator
                            && domain.as_ref().is_none_or(|domain| value.domain == *domain)
                    };
                    let value = before.values.iter().find(is_of);
                    figures.push(ChangedFigure {
                        matter: matter.number,
                        unit: matter.unit.clone(),
                        domain: value.map(|value| value.domain.clone()).unwrap_or_default(),
                        what: indicator.clone(),
                        figure: (value.map(|value| shown(value, library)).unwrap_or_default(), figure.clone()),
                    });
                }
            }
        }
    }
    let after = if figures.is_empty() { before.clone() } else { score(&left.input(scheme, &library.indicators))? };
    Ok(Scored { before, after, figures })
}

/// A published figure as a correction would write it.
fn shown(value: &Value, library: &Library) -> String {
    let is_ratio = library.indicators.get(&value.indicator).is_none_or(|header| header.shape == Shape::Ratio);
    match (value.numerator, value.denominator) {
        (Some(numerator), Some(denominator)) if is_ratio => format!("{}/{}", numerator.normalize(), denominator.normalize()),
        _ => value.value.map(|value| value.normalize().to_string()).unwrap_or_default(),
    }
}
