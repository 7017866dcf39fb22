//! What is: the current run, an earlier one, or a table of values; and corrections of it.
//!
//! In: the flags of `kaohe whatif`. Out: [`Basis`], which scores by any scheme. Never here: changes of a scheme, what is printed.

use rust_decimal::Decimal;

use super::Arguments;
use crate::cli::{Common, runs, score, surroundings};
use crate::compute::counting_session::Limits;
use crate::compute::units::Hierarchy;
use crate::diagnostics::{Diagnostics, nearest};
use crate::error::{Error, Kind, Result};
use crate::lake::SpillFolder;
use crate::library::Library;
use crate::library::indicator::{Shape, ShownAs};
use crate::library::scheme::composites::composite;
use crate::library::scheme::{Scheme, read_scheme};
use crate::nightly::left::Left;
use crate::project::PROJECT_FILE;
use crate::scoring::correction::{self, Figure, Place};
use crate::scoring::table::{self, ValueTable};
use crate::scoring::tables::{Scorecards, Status, Value};
use crate::terms::{IndicatorId, UnitId};

/// What is, with the scheme that it is scored by.
pub struct Basis {
    /// Headers of indicators, and the schemes.
    pub library: Library,
    /// The scheme.
    pub scheme: Scheme,
    of: Of,
    /// What was corrected: unit, domain, indicator.
    corrected: Vec<(UnitId, String, IndicatorId)>,
}

enum Of {
    Run(Box<Left>),
    Table(ValueTable),
}

/// A correction, as it was written.
struct Correction<'a> {
    unit: &'a str,
    /// Where the unit has several scorecards.
    domain: Option<&'a str>,
    indicator: &'a str,
    figure: Figure,
}

fn wrong(says: String) -> Error {
    Error::new(Kind::Configuration, says)
        .with_hint("--correct 330114SJ/market.filing_within_7d=48/50, or UNIT/DOMAIN/INDICATOR=… of one scorecard")
}

/// The same of a name that nothing has, with the one that was probably meant.
fn unknown<'a>(says: String, name: &str, known: impl IntoIterator<Item = &'a str>) -> Error {
    match nearest(name, known) {
        Some(near) => Error::new(Kind::Configuration, says).with_hint(format!("did you mean `{near}`?")),
        None => wrong(says),
    }
}

impl Basis {
    /// Reads what the flags ask for.
    ///
    /// # Errors
    /// No run, a run without results, a table or scheme that can't be read.
    pub fn read(common: &Common, arguments: &Arguments) -> Result<Self> {
        if let Some(path) = &arguments.values {
            let scheme = arguments.scheme.as_ref().ok_or_else(|| {
                Error::new(Kind::Configuration, "a table of values needs --scheme FILE")
                    .with_hint("the scheme that scores it, as for `kaohe score`")
            })?;
            let (library, _) = Library::read(None)?;
            let scheme = score::read_scheme(scheme, &library)?;
            return Ok(Self { library, scheme, of: Of::Table(table::read::read(path)?), corrected: Vec::new() });
        }
        let opened = common.open()?;
        let out = common.out(&opened.directory);
        let run = match &arguments.run {
            Some(run) => run.clone(),
            None => runs::current(&out)?.run.0,
        };
        let cores = surroundings::cores();
        let memory = common.memory_limit.or_else(surroundings::default_memory);
        let spill = SpillFolder::new(&out.join("lake"), &format!("reader-{}", std::process::id()))?;
        let limits = Limits { memory, spill: spill.path(), partitions: cores };
        let left = surroundings::runtime(cores)?.block_on(Left::read(&opened.library, &out, &run, &limits))?;
        let is_other = common.as_of.is_some_and(|date| date != left.as_of);
        if is_other || common.period.as_ref().is_some_and(|period| period.name != left.period.name) {
            let says = format!("the run {run} is as of {}, of the period {}: a what-if has no other date", left.as_of, left.period.name);
            return Err(
                Error::new(Kind::Configuration, says).with_hint("name an earlier run with --run; `kaohe runs` lists them with their dates")
            );
        }
        let scheme = scheme_of(&left, &opened.library, common.quiet)?;
        Ok(Self { library: opened.library, scheme, of: Of::Run(Box::new(left)), corrected: Vec::new() })
    }

    /// Whether it is a table of values.
    pub fn is_table(&self) -> bool {
        matches!(self.of, Of::Table(_))
    }

    /// What it is, in words.
    pub fn words(&self) -> String {
        match &self.of {
            Of::Run(left) => format!("run {} as of {}, period {}", left.run, left.as_of, left.period.name),
            Of::Table(_) => "the table".to_owned(),
        }
    }

    /// Scores it by a scheme.
    ///
    /// # Errors
    /// What scoring refuses.
    pub fn score(&self, scheme: &Scheme) -> Result<Scorecards> {
        match &self.of {
            Of::Run(left) => left.score(scheme, &self.library),
            Of::Table(values) => table::score(values, scheme, &self.library.indicators),
        }
    }

    /// What of a scheme finds nothing here, in words.
    pub fn mismatches(&self, scheme: &Scheme) -> Vec<String> {
        match &self.of {
            Of::Table(values) => table::mismatches(values, scheme),
            Of::Run(left) => {
                let ids: Vec<&str> = left.unmeasured(scheme).into_iter().map(IndicatorId::as_ref).collect();
                let says = |ids: &[&str]| format!("nothing was measured of {}: for nobody does it count", ids.join(", "));
                (!ids.is_empty()).then(|| says(&ids)).into_iter().collect()
            }
        }
    }

    /// Puts a corrected figure in the place of a published one; `before` are the scorecards as they are. What could not be carried up, in words.
    ///
    /// # Errors
    /// A correction that is none, of something that is not there, or of a figure of several scorecards.
    pub fn correct(&mut self, correction: &str, before: &Scorecards) -> Result<Option<String>> {
        let correction = self.parse(correction)?;
        match &mut self.of {
            Of::Table(values) => correct_table(values, &correction).map(|()| None),
            Of::Run(left) => {
                let Some(header) = self.library.indicators.get(&IndicatorId::from(correction.indicator)) else {
                    if composite(correction.indicator).is_some() {
                        let says = format!("`{}` is a composite of a region, and several units carry it", correction.indicator);
                        return Err(Error::new(Kind::Configuration, says).with_hint("correct the records that it is made of, and run"));
                    }
                    let says = format!("there is no indicator `{}`", correction.indicator);
                    return Err(unknown(says, correction.indicator, self.library.indicators.keys().map(IndicatorId::as_ref)));
                };
                let value = published(before, &correction)?;
                if value.status == Status::NotApplicable {
                    return Err(wrong(format!("`{}` does not apply to `{}`: there is nothing to correct", header.id, value.unit)));
                }
                refuse_twice(&self.corrected, &left.hierarchy, value)?;
                self.corrected.push((value.unit.clone(), value.domain.clone(), value.indicator.clone()));
                let unit = left.units.iter().find(|unit| unit.id == value.unit);
                let is_of_subtree = unit.is_some_and(|unit| self.scheme.subtree_tiers.contains(&unit.tier));
                let months = left.period.months_until(left.as_of);
                let place = Place { indicator: header, value, is_of_subtree, months: &months };
                let stays = correction::stays_above(header, &left.hierarchy, value.unit.as_ref());
                let only_shown = value.status == Status::ReportOnly;
                correction::correct(&mut left.measures, &left.hierarchy, &place, correction.figure)?;
                let says = match (only_shown, stays) {
                    (true, _) => Some(format!("`{}` is only shown: no total rests on it", header.id)),
                    (false, true) => {
                        Some(format!("whoever answers for `{}` keeps the figure of `{}`: parents count it anew", value.unit, header.id))
                    }
                    (false, false) => None,
                };
                Ok(says)
            }
        }
    }

    fn parse<'a>(&self, correction: &'a str) -> Result<Correction<'a>> {
        let (place, figure) = correction.split_once('=').ok_or_else(|| wrong(format!("`{correction}` is no UNIT/INDICATOR=FIGURE")))?;
        let (unit, domain, indicator) = match place.split('/').collect::<Vec<_>>().as_slice() {
            [unit, indicator] => (*unit, None, *indicator),
            [unit, domain, indicator] => (*unit, Some(*domain), *indicator),
            _ => return Err(wrong(format!("`{place}` is no UNIT/INDICATOR"))),
        };
        let number = |text: &str| text.trim().parse::<Decimal>().map_err(|_| wrong(format!("`{text}` is no number")));
        let header = self.library.indicators.get(&IndicatorId::from(indicator));
        let figure = match figure.split_once('/') {
            None => Figure::Value(number(figure)?),
            Some((numerator, denominator)) => {
                let (numerator, denominator) = (number(numerator)?, number(denominator)?);
                let is_share = header.is_some_and(|header| header.shape == Shape::Ratio && header.shown_as == ShownAs::Percent);
                if is_share && (numerator > denominator || denominator.is_zero()) {
                    let says = format!(
                        "`{}/{}` is no share: the numerator lies between 0 and the denominator, which is above 0",
                        numerator, denominator
                    );
                    return Err(wrong(says));
                }
                if numerator < Decimal::ZERO || denominator < Decimal::ZERO {
                    return Err(wrong(format!("`{numerator}/{denominator}` has a part below 0")));
                }
                Figure::Ratio(numerator, denominator)
            }
        };
        let is_ratio = header.is_none_or(|header| header.shape == Shape::Ratio);
        if header.is_some() && matches!(figure, Figure::Ratio(..)) != is_ratio {
            let form = if is_ratio { "numerator and denominator" } else { "a value" };
            return Err(wrong(format!("`{indicator}` is corrected by {form}")));
        }
        Ok(Correction { unit, domain, indicator, figure })
    }
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

/// The scheme that the run was scored by, as its file stands now.
fn scheme_of(left: &Left, library: &Library, quiet: bool) -> Result<Scheme> {
    let (name, digest) = &left.scheme;
    let Some((file, text)) = library.scheme_text(name) else {
        return Err(Error::new(
            Kind::Configuration,
            format!("the run {} was scored by the scheme `{name}`, which is not there any more", left.run),
        )
        .with_hint(format!("put it back as queries/schemes/{name}.toml")));
    };
    if blake3::hash(text.as_bytes()).to_hex().as_str() != digest && !quiet {
        tell_line!(
            "warning: {file} has changed since the run {}: what is compared is the run scored by the file as it stands, not what was published",
            left.run
        );
    }
    let mut diagnostics = Diagnostics::default();
    let scheme = read_scheme(name, &file, text, &library.indicators, &mut diagnostics).filter(|_| diagnostics.errors() == 0);
    scheme.ok_or_else(|| {
        Error::new(Kind::Configuration, format!("the scheme of {PROJECT_FILE} can't be used as it is")).with_hint("`kaohe check` says why")
    })
}

/// The published value that is corrected.
fn published<'a>(before: &'a Scorecards, correction: &Correction<'_>) -> Result<&'a Value> {
    let Correction { unit, domain, indicator, .. } = correction;
    let is_of = |value: &&Value| value.unit.as_ref() == *unit && value.indicator.as_ref() == *indicator;
    let known = || before.values.iter().filter(is_of);
    let found: Vec<&Value> = known().filter(|value| domain.is_none_or(|domain| value.domain == domain)).collect();
    match found.as_slice() {
        [one] => Ok(*one),
        [] if before.ranks.iter().any(|rank| rank.unit.as_ref() == *unit) => {
            let ids: Vec<&str> =
                before.values.iter().filter(|value| value.unit.as_ref() == *unit).map(|value| value.indicator.as_ref()).collect();
            Err(unknown(format!("there is no value of `{indicator}` for `{unit}`"), indicator, ids))
        }
        [] => {
            let units: Vec<&str> = before.ranks.iter().map(|rank| rank.unit.as_ref()).collect();
            Err(unknown(format!("there is no scorecard of `{unit}`"), unit, units))
        }
        several => {
            let domains: Vec<&str> = several.iter().map(|value| value.domain.as_str()).collect();
            Err(wrong(format!("`{unit}` has several scorecards with `{indicator}`: say which of {}", domains.join(", "))))
        }
    }
}

fn correct_table(values: &mut ValueTable, correction: &Correction<'_>) -> Result<()> {
    let Correction { unit, domain, indicator, figure } = correction;
    let mut found = false;
    for row in values.rows.iter_mut() {
        if row.unit != *unit || row.indicator != *indicator || domain.is_some_and(|domain| row.domain != domain) {
            continue;
        }
        found = true;
        (row.value, row.fraction) = match *figure {
            Figure::Ratio(numerator, denominator) if denominator.is_zero() => (None, Some((numerator, denominator))),
            Figure::Ratio(numerator, denominator) => {
                let value = numerator.checked_div(denominator);
                (
                    Some(value.ok_or_else(|| wrong(format!("`{numerator}/{denominator}` has too many digits")))?),
                    Some((numerator, denominator)),
                )
            }
            Figure::Value(value) => (Some(value), None),
        };
        row.standard_error = None;
    }
    if found { Ok(()) } else { Err(wrong(format!("there is no value of `{indicator}` for `{unit}`"))) }
}
