//! What is: the current run, an earlier one, or a table of values; and corrections of it.
//!
//! In: the flags of `kaohe whatif`. Out: [`Basis`], which scores by any scheme. Never here: changes of a scheme, what is printed.

use super::Arguments;
use crate::cli::surroundings::Reading;
use crate::cli::{Common, runs, score, surroundings};
use crate::diagnostics::Diagnostics;
use crate::error::{Error, Kind, Result};
use crate::library::Library;
use crate::library::scheme::{Scheme, read_scheme};
use crate::nightly::correcting::{Corrected, Correction, Limit, read_figure};
use crate::nightly::left::Left;
use crate::project::PROJECT_FILE;
use crate::scoring::correction::Figure;
use crate::scoring::table::{self, ValueTable};
use crate::scoring::tables::Scorecards;
use crate::terms::IndicatorId;

/// What is, with the scheme that it is scored by.
pub struct Basis {
    /// Headers of indicators, and the schemes.
    pub library: Library,
    /// The scheme.
    pub scheme: Scheme,
    of: Of,
    corrected: Corrected,
}

enum Of {
    Run(Box<Left>),
    Table(ValueTable),
}

fn wrong(says: String) -> Error {
    as_written(Error::new(Kind::Configuration, says))
}

/// How a correction is written, where nothing better is to be said.
fn as_written(error: Error) -> Error {
    error.or_hint("--correct 330114SJ/market.filing_within_7d=48/50, or UNIT/DOMAIN/INDICATOR=… of one scorecard")
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
            return Ok(Self { library, scheme, of: Of::Table(table::read::read(path)?), corrected: Corrected::default() });
        }
        let opened = common.open()?;
        let out = common.out(&opened.directory);
        let run = match &arguments.run {
            Some(run) => run.clone(),
            None => runs::current(&out)?.run.0,
        };
        let reading = Reading::of(common, &out)?;
        let left = surroundings::runtime(reading.cores)?.block_on(Left::read(&opened.library, &out, &run, &reading.limits()))?;
        let is_other = common.as_of.is_some_and(|date| date != left.as_of);
        if is_other || common.period.as_ref().is_some_and(|period| period.name != left.period.name) {
            let says = format!("the run {run} is as of {}, of the period {}: a what-if has no other date", left.as_of, left.period.name);
            return Err(
                Error::new(Kind::Configuration, says).with_hint("name an earlier run with --run; `kaohe runs` lists them with their dates")
            );
        }
        let scheme = scheme_of(&left, &opened.library, common.quiet)?;
        Ok(Self { library: opened.library, scheme, of: Of::Run(Box::new(left)), corrected: Corrected::default() })
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
        let left = match &mut self.of {
            Of::Table(values) => return correct_table(values, &correction).map(|()| None),
            Of::Run(left) => left,
        };
        let (unit, indicator) = (&correction.unit, &correction.indicator);
        let limit = self.corrected.correct(left, (&self.library, &self.scheme), before, &correction).map_err(as_written)?;
        Ok(limit.map(|limit| match limit {
            Limit::OnlyShown => format!("`{indicator}` is only shown: no total rests on it"),
            Limit::StaysAbove => format!("whoever answers for `{unit}` keeps the figure of `{indicator}`: parents count it anew"),
        }))
    }

    fn parse(&self, correction: &str) -> Result<Correction> {
        let (place, figure) = correction.split_once('=').ok_or_else(|| wrong(format!("`{correction}` is no UNIT/INDICATOR=FIGURE")))?;
        let (unit, domain, indicator) = match place.split('/').collect::<Vec<_>>().as_slice() {
            [unit, indicator] => ((*unit).to_owned(), None, (*indicator).to_owned()),
            [unit, domain, indicator] => ((*unit).to_owned(), Some((*domain).to_owned()), (*indicator).to_owned()),
            _ => return Err(wrong(format!("`{place}` is no UNIT/INDICATOR"))),
        };
        let figure = read_figure(figure, &self.library, &indicator).map_err(as_written)?;
        Ok(Correction { unit, domain, indicator, figure })
    }
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

fn correct_table(values: &mut ValueTable, correction: &Correction) -> Result<()> {
    let Correction { unit, domain, indicator, figure } = correction;
    let mut found = false;
    for row in values.rows.iter_mut() {
        if row.unit != *unit || row.indicator != *indicator || domain.as_ref().is_some_and(|domain| row.domain != *domain) {
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
