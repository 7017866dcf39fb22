//! What was decided, in the figures.
//!
//! In: a frozen run, the matters of a release. Out: the run with the corrected figures, scored; which figures the hearing of an edition changed. Never here: a
//! decision.

use std::borrow::Cow;
use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::evidence::{Retaken, without};
use super::frozen::Frozen;
use super::hearing::{Change, Matter};
use crate::compute::events::Event;
use crate::error::{Error, Kind, Result};
use crate::library::Library;
use crate::nightly::correcting::{Corrected, Correction, Limit, figure_of, limit_of, published, read_figure};
use crate::report::input::ChangedFigure;
use crate::scoring::correction::Figure;
use crate::scoring::score;
use crate::scoring::tables::Scorecards;

/// A release's scores before and after the hearing.
pub struct Scored {
    /// As the frozen run was scored; the ledger stays empty.
    pub before: Scorecards,
    /// With what was granted; the ledger is filled.
    pub after: Scorecards,
    /// What the hearing of the edition changed.
    pub figures: Vec<ChangedFigure>,
}

/// Puts every granted change into the figures and scores both ways.
///
/// # Errors
/// As [`apply`].
pub fn correct_and_score(frozen: &mut Frozen, matters: &BTreeMap<u32, Matter>, edition: u32) -> Result<Scored> {
    let before = frozen.left.score(&frozen.scheme, &frozen.library)?;
    let figures = apply_to(frozen, &before, matters, edition)?;
    let after = score(&frozen.left.input(&frozen.scheme, &frozen.library.indicators))?;
    Ok(Scored { before, after, figures })
}

/// Puts every granted change into the figures. Tells what the hearing of this edition changed: what an earlier edition had corrected begins where that one left
/// it, and what is not corrected any more goes back to the frozen figure.
///
/// # Errors
/// A change that finds no value, that changes nothing, or a figure that is changed twice.
pub fn apply(frozen: &mut Frozen, matters: &BTreeMap<u32, Matter>, edition: u32) -> Result<Vec<ChangedFigure>> {
    let before = frozen.left.score(&frozen.scheme, &frozen.library)?;
    apply_to(frozen, &before, matters, edition)
}

fn apply_to(frozen: &mut Frozen, before: &Scorecards, matters: &BTreeMap<u32, Matter>, edition: u32) -> Result<Vec<ChangedFigure>> {
    let doing =
        |held: &Held<'_>, error: Error| error.while_doing(format!("applying what was decided of the matter {}", held.matter.number));
    let now = merged(frozen, before, that_hold(matters, edition))?;
    let earlier = merged(frozen, before, that_hold(matters, edition.saturating_sub(1))).unwrap_or_default();
    // Where another run is frozen now, an earlier change may have no place in it: then nothing of it is left to be taken back.
    let earlier = earlier.iter().filter_map(|held| described(frozen, before, held).ok()).collect();
    let described = now.iter().map(|held| described(frozen, before, held).map_err(|error| doing(held, error)));
    let described: Vec<Described> = described.collect::<Result<_>>()?;
    let Frozen { library, scheme, left, .. } = frozen;
    let mut corrected = Corrected::default();
    for held in &now {
        let done = match held.change.as_ref() {
            Change::Records { .. } => unreachable!("records were merged into figures"),
            Change::Void { event } => place_of(&left.events, held.matter, event).map(|place| drop(left.events.remove(place))),
            Change::Figure { domain, indicator, figure } => correction(held.matter, (domain, indicator, figure), library)
                .and_then(|correction| corrected.correct(left, (library, scheme), before, &correction).map(drop)),
        };
        done.map_err(|error| doing(held, error))?;
    }
    Ok(since(described, earlier))
}

/// A change of a decision that holds.
struct Held<'a> {
    matter: &'a Matter,
    change: Cow<'a, Change>,
}

/// What held in an edition. Where two matters change one figure, the later one holds.
fn that_hold(matters: &BTreeMap<u32, Matter>, edition: u32) -> Vec<Held<'_>> {
    let mut changes: Vec<Held<'_>> = Vec::new();
    for matter in matters.values() {
        let Some(decision) = matter.decisions.iter().rev().find(|decision| decision.edition <= edition) else { continue };
        for change in &decision.changes {
            let is_same = |earlier: &Held<'_>| match (earlier.change.as_ref(), change) {
                (Change::Figure { domain: a, indicator: b, .. }, Change::Figure { domain: c, indicator: d, .. }) => {
                    earlier.matter.unit == matter.unit && earlier.matter.number != matter.number && (a, b) == (c, d)
                }
                _ => false,
            };
            changes.retain(|earlier| !is_same(earlier));
            changes.push(Held { matter, change: Cow::Borrowed(change) });
        }
    }
    changes
}

/// Records that are taken out of a figure become the figure without them; several matters that take some out of one figure do so together, under the last of them.
///
/// # Errors
/// A figure that the scorecard does not have; a figure that one matter has given, and of which a later one takes records out: what it is now nobody has said.
fn merged<'a>(frozen: &Frozen, before: &Scorecards, held: Vec<Held<'a>>) -> Result<Vec<Held<'a>>> {
    type Figures<'c> = BTreeMap<(&'c str, &'c str, &'c str), (usize, BTreeMap<(&'c str, &'c str, &'c str), &'c Retaken>)>;
    let mut figures: Figures<'_> = BTreeMap::new();
    for (place, one) in held.iter().enumerate() {
        let Change::Records { domain, indicator, records } = one.change.as_ref() else { continue };
        let (last, of_figure) = figures.entry((&one.matter.unit, domain, indicator)).or_default();
        *last = place;
        of_figure.extend(records.iter().map(|record| (record.key(), record)));
    }
    let mut places = BTreeMap::new();
    for ((unit, domain, indicator), (last, records)) in figures {
        let gives = |one: &Held<'_>| match one.change.as_ref() {
            Change::Figure { domain: of, indicator: given, .. } => {
                one.matter.unit == unit && given == indicator && of.as_deref().is_none_or(|of| of == domain)
            }
            _ => false,
        };
        if let Some((place, given)) = held.iter().enumerate().find(|(_, one)| gives(one)) {
            if place > last {
                continue;
            }
            let says =
                format!("the matter {} has given `{indicator}` of `{unit}` another figure: say which it is now", given.matter.number);
            return Err(Error::new(Kind::Configuration, says).with_hint("[[decision.correction]] with `figure`"));
        }
        let any = Correction {
            unit: unit.to_owned(),
            domain: Some(domain.to_owned()),
            indicator: indicator.to_owned(),
            figure: Figure::Value(Decimal::ZERO),
        };
        let value = published(before, &any)?;
        let (Some(header), Some(Figure::Ratio(numerator, denominator))) =
            (frozen.library.indicators.get(&value.indicator), figure_of(value, &frozen.library))
        else {
            let says = format!("`{indicator}` of `{unit}` counts no records");
            return Err(Error::new(Kind::Configuration, says));
        };
        let figure = without((numerator, denominator), header.better, records.into_values()).to_string();
        places.insert(last, Change::Figure { domain: Some(domain.to_owned()), indicator: indicator.to_owned(), figure });
    }
    let settled = held.iter().enumerate().filter_map(|(place, one)| match one.change.as_ref() {
        Change::Records { .. } => Some(Held { matter: one.matter, change: Cow::Owned(places.remove(&place)?) }),
        _ => Some(Held { matter: one.matter, change: one.change.clone() }),
    });
    Ok(settled.collect())
}

/// Unit, scorecard, and indicator or event; and what it was and is.
type Described = ((String, String, String), ChangedFigure);

/// What a change makes of the frozen figure.
fn described(frozen: &Frozen, before: &Scorecards, held: &Held<'_>) -> Result<Described> {
    let Frozen { library, scheme, left, .. } = frozen;
    let (matter, change) = (held.matter, held.change.as_ref());
    let changed = |domain: &str, what: &str, figure: (String, String), limit: Option<Limit>| ChangedFigure {
        matter: matter.number,
        unit: matter.unit.clone(),
        domain: domain.to_owned(),
        is_event: matches!(change, Change::Void { .. }),
        what: what.to_owned(),
        figure,
        stays_above: limit == Some(Limit::StaysAbove),
        only_shown: limit == Some(Limit::OnlyShown),
    };
    let key = |domain: &str, what: &str| (matter.unit.clone(), domain.to_owned(), what.to_owned());
    match change {
        Change::Records { .. } => unreachable!("records were merged into figures"),
        Change::Void { event } => {
            let known = &left.events[place_of(&left.events, matter, event)?];
            let veto = scheme.vetoes.iter().find(|veto| veto.code == known.code && known.is_veto);
            let what = veto.map_or(event, |veto| &veto.title);
            Ok((key("", event), changed("", what, (known.points.normalize().to_string(), String::new()), None)))
        }
        Change::Figure { domain, indicator, figure } => {
            let correction = correction(matter, (domain, indicator, figure), library)?;
            let value = published(before, &correction)?;
            let was = figure_of(value, library);
            if was == Some(correction.figure) {
                let says = format!("`{indicator}` of `{}` is {} as it is", matter.unit, correction.figure);
                return Err(Error::new(Kind::Configuration, says));
            }
            let figure = (was.map(|was| was.to_string()).unwrap_or_default(), correction.figure.to_string());
            let changed = changed(&value.domain, indicator, figure, limit_of(value, &left.hierarchy, library));
            Ok((key(&value.domain, indicator), changed))
        }
    }
}

/// Where the event stands that falls away.
fn place_of(events: &[Event], matter: &Matter, event: &str) -> Result<usize> {
    let place = events.iter().position(|known| known.id == event && known.unit.as_ref() == matter.unit);
    place.ok_or_else(|| Error::new(Kind::Configuration, format!("`{event}` of `{}` fell away already", matter.unit)))
}

/// A figure that was granted, with its domain and indicator.
fn correction(matter: &Matter, granted: (&Option<String>, &str, &str), library: &Library) -> Result<Correction> {
    let (domain, indicator, figure) = granted;
    let figure = read_figure(figure, library, indicator)?;
    Ok(Correction { unit: matter.unit.clone(), domain: domain.clone(), indicator: indicator.to_owned(), figure })
}

/// What differs between the changes that held before and those that hold now.
fn since(now: Vec<Described>, earlier: Vec<Described>) -> Vec<ChangedFigure> {
    let mut earlier: BTreeMap<_, ChangedFigure> = earlier.into_iter().collect();
    let mut changed = Vec::new();
    for (key, figure) in now {
        match earlier.remove(&key) {
            None => changed.push(figure),
            Some(before) if before.figure.1 != figure.figure.1 => {
                changed.push(ChangedFigure { figure: (before.figure.1, figure.figure.1.clone()), ..figure });
            }
            Some(_) => {}
        }
    }
    let back = |before: ChangedFigure| ChangedFigure { figure: (before.figure.1, before.figure.0), ..before };
    changed.extend(earlier.into_values().map(back));
    changed.sort_by_key(|figure| figure.matter);
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(domain: &str, what: &str, was: &str, is: &str) -> Described {
        let (unit, matter) = ("a".to_owned(), 1);
        let figure = (was.to_owned(), is.to_owned());
        let key = (unit.clone(), domain.to_owned(), what.to_owned());
        let (domain, what) = (domain.to_owned(), what.to_owned());
        (key, ChangedFigure { matter, unit, domain, what, is_event: false, figure, stays_above: false, only_shown: false })
    }

    fn told(now: &[Described], earlier: &[Described]) -> Vec<(String, String, (String, String))> {
        since(now.to_vec(), earlier.to_vec()).into_iter().map(|row| (row.domain, row.what, row.figure)).collect()
    }

    #[test]
    fn an_edition_tells_what_differs_from_the_one_before_and_nothing_that_one_told() {
        let earlier = [changed("market", "rate", "45/50", "48/50"), changed("urban", "rate", "1/9", "2/9"), changed("", "event", "5", "")];
        assert_eq!(told(&earlier, &earlier), [], "an event that fell away and a figure that was corrected are told once");
        let now = [changed("market", "rate", "45/50", "47/50"), changed("urban", "rate", "1/9", "2/9"), changed("", "event", "5", "")];
        let further = ("market".to_owned(), "rate".to_owned(), ("48/50".to_owned(), "47/50".to_owned()));
        assert_eq!(told(&now, &earlier), [further], "it begins where the edition before left it, in that scorecard");
    }

    #[test]
    fn what_holds_no_more_goes_back_to_the_frozen_figure() {
        let earlier = [changed("market", "rate", "45/50", "48/50"), changed("", "event", "5", "")];
        let back = |domain: &str, what: &str, was: &str, is: &str| (domain.to_owned(), what.to_owned(), (was.to_owned(), is.to_owned()));
        assert_eq!(told(&[], &earlier), [back("", "event", "", "5"), back("market", "rate", "48/50", "45/50")]);
    }
}
