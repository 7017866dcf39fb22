//! What was decided, in the figures.
//!
//! In: a frozen run with the keys of its records, the matters of a release. Out: the run with what was granted, scored; every published figure that is another by it. Never here: a
//! decision.
//!
//! Records first: each is taken out of the measures of whoever has acted, in its own month, and of everybody who answers for them, once, however many matters name it.
//! Then figures, each in the place of what the records have left.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use super::evidence::{self, Named, difference};
use super::frozen::Frozen;
use super::hearing::{Change, Decision, Matter};
use crate::compute::events::Event;
use crate::compute::measures::{Amount, Measure, Scope};
use crate::error::{Error, Kind, Result};
use crate::library::Library;
use crate::library::indicator::{Rollup, Shape};
use crate::library::scheme::Scheme;
use crate::nightly::correcting::{Corrected, Correction, Limit, figure_of, is_ratio, limit_of, published, read_figure};
use crate::report::input::ChangedFigure;
use crate::report::read_published;
use crate::report::tables::parquet::Published;
use crate::scoring::score;
use crate::scoring::tables::{Scorecards, Status, Value};
use crate::terms::{Fraction, IndicatorId, Month, date_from_epoch_days};

/// A release's scores before and after the hearing.
pub struct Scored {
    /// As the frozen run was scored; the ledger stays empty.
    pub before: Scorecards,
    /// With what was granted; the ledger is filled.
    pub after: Scorecards,
    /// Published figures that are others than in the edition that this one corrects, or than in the frozen run.
    pub figures: Vec<ChangedFigure>,
}

/// Unit and indicator → the matters by which the figure is another.
type Touched = BTreeMap<(String, String), BTreeSet<u32>>;

/// Puts everything that was granted into the figures of the edition or draft in `folder`, and scores both ways.
///
/// # Errors
/// A change that finds no value or changes nothing; evidence that is damaged.
pub fn correct_and_score(frozen: &mut Frozen, folder: &Path, matters: &BTreeMap<u32, Matter>, edition: u32) -> Result<Scored> {
    let before = frozen.left.score(&frozen.scheme, &frozen.library)?;
    let events = frozen.left.events.clone();
    let applied = apply(frozen, folder, &before, matters, edition)?;
    let after = score(&frozen.left.input(&frozen.scheme, &frozen.library.indicators))?;
    let cited = folder.join("cited/values.parquet");
    let was = if cited.is_file() {
        read_published(&cited, |indicator| is_ratio(&frozen.library, indicator))?
    } else {
        shown(&before, &frozen.library)
    };
    let mut figures = changed(frozen, &was, &after, &applied);
    let (earlier, now) = (that_hold(matters, edition.saturating_sub(1)), that_hold(matters, edition));
    figures.extend(changed_events((&events, &frozen.scheme), &earlier, &now));
    Ok(Scored { before, after, figures })
}

/// What a file of decisions changes: the scores by the decisions of before, and by those of now. The figures of `frozen` stay as they are.
///
/// # Errors
/// As [`correct_and_score`].
pub fn effect(
    frozen: &mut Frozen,
    folder: &Path,
    before: &Scorecards,
    (earlier, now): (&BTreeMap<u32, Matter>, &BTreeMap<u32, Matter>),
    edition: u32,
) -> Result<Vec<ChangedFigure>> {
    let (measures, events) = (frozen.left.measures.clone(), frozen.left.events.clone());
    let mut by = |matters| -> Result<(Scorecards, Applied)> {
        frozen.left.measures = measures.clone();
        frozen.left.events = events.clone();
        let applied = apply(frozen, folder, before, matters, edition)?;
        Ok((frozen.left.score(&frozen.scheme, &frozen.library)?, applied))
    };
    let (was, _) = by(earlier)?;
    let (is, applied) = by(now)?;
    (frozen.left.measures, frozen.left.events) = (measures, events.clone());
    let mut figures = changed(frozen, &shown(&was, &frozen.library), &is, &applied);
    figures.extend(changed_events((&events, &frozen.scheme), &that_hold(earlier, edition), &that_hold(now, edition)));
    Ok(figures)
}

/// What was put into the figures.
#[derive(Default)]
struct Applied {
    touched: Touched,
    /// Unit and indicator of a given figure that stops at the unit.
    stays: BTreeSet<(String, String)>,
}

fn apply(frozen: &mut Frozen, folder: &Path, before: &Scorecards, matters: &BTreeMap<u32, Matter>, edition: u32) -> Result<Applied> {
    let held = that_hold(matters, edition);
    let doing =
        |held: &Held<'_>, error: Error| error.while_doing(format!("applying what was decided of the matter {}", held.matter.number));
    let mut applied = Applied::default();
    let mut gone: BTreeSet<&str> = BTreeSet::new();
    for one in &held {
        let Change::Void { event } = one.change else { continue };
        if gone.insert(event) {
            let place = frozen.left.events.iter().position(|known| known.id == *event && known.unit.as_ref() == one.matter.unit);
            let says = || Error::new(Kind::Configuration, format!("`{}` has no bonus, deduction or veto `{event}`", one.matter.unit));
            let place = place.ok_or_else(|| doing(one, says().with_hint(SETTLED)))?;
            frozen.left.events.remove(place);
        }
    }
    let has_records = held.iter().any(|one| matches!(one.change, Change::Records { .. }));
    if has_records {
        take_records(frozen, &folder.join("frozen"), &held, &mut applied)?;
    }
    // The last figure that was given for a value holds.
    let mut given: BTreeMap<(&str, Option<&str>, &str), usize> = BTreeMap::new();
    for (place, one) in held.iter().enumerate() {
        if let Change::Figure { domain, indicator, .. } = one.change {
            given.insert((&one.matter.unit, domain.as_deref(), indicator), place);
        }
    }
    let left_by_records = if has_records && !given.is_empty() { Some(frozen.left.score(&frozen.scheme, &frozen.library)?) } else { None };
    let published_now = left_by_records.as_ref().unwrap_or(before);
    let mut corrected = Corrected::default();
    let mut places: Vec<usize> = given.into_values().collect();
    places.sort_unstable();
    for place in places {
        give_figure(frozen, published_now, (&held, place), &mut corrected, &mut applied).map_err(|error| doing(&held[place], error))?;
    }
    Ok(applied)
}

const SETTLED: &str = "where the data have it now, revise the decision: `ruling = \"settled\"`";

fn give_figure(
    frozen: &mut Frozen,
    before: &Scorecards,
    (held, place): (&[Held<'_>], usize),
    corrected: &mut Corrected,
    applied: &mut Applied,
) -> Result<()> {
    let Held { matter, change, .. } = &held[place];
    let Change::Figure { domain, indicator, figure } = change else { return Ok(()) };
    let key = (matter.unit.clone(), indicator.clone());
    let later: BTreeSet<u32> = held[place..].iter().map(|one| one.matter.number).filter(|number| *number != matter.number).collect();
    if let Some(other) = applied.touched.get(&key).and_then(|by| by.intersection(&later).next()) {
        let says = format!(
            "the matter {} has given `{indicator}` of `{}` the figure {figure}, and the matter {other} then took records out of it: say which it is now",
            matter.number, matter.unit
        );
        return Err(Error::new(Kind::Configuration, says).with_hint("[[decision.correction]] with `figure`, in one of the two"));
    }
    let correction = Correction {
        unit: matter.unit.clone(),
        domain: domain.clone(),
        indicator: indicator.clone(),
        figure: read_figure(figure, &frozen.library, indicator)?,
    };
    let value = published(before, &correction)?;
    if figure_of(value, &frozen.library) == Some(correction.figure) {
        let says = format!("`{indicator}` of `{}` is {} as it is", matter.unit, correction.figure);
        return Err(Error::new(Kind::Configuration, says).with_hint(SETTLED));
    }
    let limit = limit_of(value, &frozen.left.hierarchy, &frozen.library);
    let Frozen { library, scheme, left, .. } = frozen;
    corrected.correct(left, (library, scheme), before, &correction)?;
    if limit == Some(Limit::StaysAbove) {
        applied.stays.insert(key);
    }
    for unit in frozen.left.hierarchy.with_ancestors(&matter.unit) {
        applied.touched.entry((unit, indicator.clone())).or_default().insert(matter.number);
    }
    Ok(())
}

/// A change of a decision that holds.
struct Held<'a> {
    matter: &'a Matter,
    decision: &'a Decision,
    change: &'a Change,
}

/// What held in an edition, in the order in which it was decided.
fn that_hold(matters: &BTreeMap<u32, Matter>, edition: u32) -> Vec<Held<'_>> {
    let mut changes: Vec<Held<'_>> = Vec::new();
    for matter in matters.values() {
        let Some(decision) = matter.decisions.iter().rev().find(|decision| decision.edition <= edition) else { continue };
        changes.extend(decision.changes.iter().map(|change| Held { matter, decision, change }));
    }
    changes.sort_by_key(|held| held.decision.sequence);
    changes
}

/// Rows above and below the line, and left out.
type Difference = (i64, i64, i64);

/// Takes named records out of the measures, or counts them as met: of whoever has acted, and of everybody who answers for them.
fn take_records(frozen: &mut Frozen, evidence: &Path, held: &[Held<'_>], applied: &mut Applied) -> Result<()> {
    let scored: Vec<IndicatorId> = frozen.scheme.indicators.iter().map(|scored| scored.id.clone()).collect();
    for id in scored {
        let Some(header) = frozen.library.indicators.get(&id).filter(|header| header.shape == Shape::Ratio) else { continue };
        // Of two decisions about one record the later one holds.
        let mut named: HashMap<(&str, &str, &str), (&Named, u32)> = HashMap::new();
        for one in held {
            let Change::Records { indicator, records } = one.change else { continue };
            if indicator.as_ref().is_none_or(|indicator| *indicator == id.0) {
                named.extend(records.iter().map(|record| (record.key(), (record, one.matter.number))));
            }
        }
        if named.is_empty() {
            continue;
        }
        let mut differences: BTreeMap<(String, String, Option<i32>), (Difference, BTreeSet<u32>)> = BTreeMap::new();
        let adds_up = evidence::each(evidence, id.as_ref(), |entry| {
            let Some((record, matter)) = named.get(&(entry.unit, entry.domain, entry.record)) else { return };
            let (above, below) = difference(entry, record.as_met, header.better);
            if (above, below) == (0, 0) {
                return;
            }
            let of = differences.entry((entry.unit.to_owned(), entry.domain.to_owned(), entry.month)).or_default();
            let out = i64::from(!record.as_met && entry.in_denominator);
            of.0 = (of.0.0 + above, of.0.1 + below, of.0.2 + out);
            of.1.insert(*matter);
        })?;
        if adds_up != Some(true) {
            continue;
        }
        let rollup = header.rollup;
        let months = frozen.left.period.months_until(frozen.left.as_of);
        let Some(last) = months.last().copied() else { continue };
        for ((unit, domain, day), ((above, below, excluded), matters)) in differences {
            let month = day.and_then(date_from_epoch_days).map_or(last, Month::of);
            let [numerator, denominator] = [above, below].map(|rows| i128::from(rows) * Fraction::SCALE);
            let amount = Amount::Ratio(Fraction { numerator, denominator });
            let chain = frozen.left.hierarchy.with_ancestors(&unit);
            let above = chain.iter().filter(|_| rollup != Rollup::None).map(|subject| (subject.as_str(), Scope::Subtree));
            let subjects: Vec<(&str, Scope)> = [(unit.as_str(), Scope::Own)].into_iter().chain(above).collect();
            for (subject, scope) in subjects {
                let (indicator, domain) = (id.as_ref(), domain.as_str());
                frozen.left.measures.push(Measure {
                    indicator,
                    subject,
                    domain,
                    month,
                    scope,
                    amount,
                    pending: 0,
                    due_soon: 0,
                    excluded,
                    held: false,
                });
            }
            for subject in chain {
                applied.touched.entry((subject, id.0.clone())).or_default().extend(&matters);
            }
        }
    }
    Ok(())
}

fn shown(cards: &Scorecards, library: &Library) -> Published {
    let row = |value: &Value| {
        let figure = written(value, library)?;
        Some(((value.unit.0.clone(), value.domain.clone(), value.indicator.0.clone()), (figure, value.score)))
    };
    cards.values.iter().filter_map(row).collect()
}

/// A figure as tables keep it: with twelve decimals.
fn written(value: &Value, library: &Library) -> Option<String> {
    use crate::scoring::correction::Figure::{Ratio, Value};
    figure_of(value, library).map(|figure| match figure {
        Value(number) => Value(number.round_dp(12)).to_string(),
        Ratio(numerator, denominator) => Ratio(numerator.round_dp(12), denominator.round_dp(12)).to_string(),
    })
}

/// Published figures that are others than they were.
fn changed(frozen: &Frozen, was: &Published, after: &Scorecards, applied: &Applied) -> Vec<ChangedFigure> {
    let now = shown(after, &frozen.library);
    let only_shown: BTreeSet<(&str, &str, &str)> = after
        .values
        .iter()
        .filter(|value| value.status == Status::ReportOnly)
        .map(|value| (value.unit.as_ref(), value.domain.as_str(), value.indicator.as_ref()))
        .collect();
    let keys: BTreeSet<&(String, String, String)> = was.keys().chain(now.keys()).collect();
    let row = |key: &(String, String, String)| {
        let (before, after) = (was.get(key).cloned().unwrap_or_default(), now.get(key).cloned().unwrap_or_default());
        let (unit, domain, indicator) = key;
        let by = (unit.clone(), indicator.clone());
        (before.0 != after.0).then(|| ChangedFigure {
            matters: applied.touched.get(&by).into_iter().flatten().copied().collect(),
            unit: unit.clone(),
            domain: domain.clone(),
            what: indicator.clone(),
            is_event: false,
            figure: (before.0, after.0),
            score: (before.1, after.1),
            stays_above: applied.stays.contains(&by),
            only_shown: only_shown.contains(&(unit, domain, indicator)),
        })
    };
    let mut rows: Vec<ChangedFigure> = keys.into_iter().filter_map(row).collect();
    // What nobody has decided comes from other data, and stands last.
    // Sorted by unit, scorecard and indicator already, and stays so within.
    rows.sort_by(|a, b| (a.matters.is_empty(), &a.matters).cmp(&(b.matters.is_empty(), &b.matters)));
    rows
}

/// Bonuses, deductions and vetoes that have fallen away by the later of two states of what holds, and those that are back.
fn changed_events(run: (&[Event], &Scheme), earlier: &[Held<'_>], now: &[Held<'_>]) -> Vec<ChangedFigure> {
    fn voided<'a>(held: &[Held<'a>]) -> BTreeMap<(u32, &'a str), &'a Matter> {
        let of = |one: &Held<'a>| match one.change {
            Change::Void { event } => Some(((one.matter.number, event.as_str()), one.matter)),
            _ => None,
        };
        held.iter().filter_map(of).collect()
    }
    let (earlier, now) = (voided(earlier), voided(now));
    let fell = now.iter().filter(|(key, _)| !earlier.contains_key(*key)).map(|((_, event), matter)| event_row(run, matter, event, false));
    let back = earlier.iter().filter(|(key, _)| !now.contains_key(*key)).map(|((_, event), matter)| event_row(run, matter, event, true));
    fell.chain(back).collect()
}

fn event_row((events, scheme): (&[Event], &Scheme), matter: &Matter, event: &str, is_back: bool) -> ChangedFigure {
    let known = events.iter().find(|known| known.id == event && known.unit.as_ref() == matter.unit);
    let veto = known.and_then(|known| scheme.vetoes.iter().find(|veto| veto.code == known.code && known.is_veto));
    let points = known.map_or_else(String::new, |known| known.points.normalize().to_string());
    let figure = if is_back { (String::new(), points) } else { (points, String::new()) };
    ChangedFigure {
        matters: vec![matter.number],
        unit: matter.unit.clone(),
        domain: String::new(),
        what: veto.map_or(event, |veto| &veto.title).to_owned(),
        is_event: true,
        figure,
        score: (None, None),
        stays_above: false,
        only_shown: false,
    }
}
