//! Score → indicator → numerator and denominator → records → source file and line.
//!
//! In: the result tables of a run, the library, the session over the lake at the run's pinned versions. Out: an [`Explanation`], as text
//! ([`text::render`]) or JSON (serde). Never here: new figures; scores are those of the run, and records only retrace them. Where the
//! records don't add up to the figure (the definition or the data changed since the run), the explanation says so.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use datafusion::prelude::SessionContext;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Serialize;

use crate::compute::attribution::Attribution;
use crate::compute::populations::{Dependencies, names_read, register_populations};
use crate::compute::run::moment_of;
use crate::error::{Context, Error, Kind, Result};
use crate::functions::Moment;
use crate::library::Library;
use crate::library::indicator::{Indicator, Rollup, Shape, ShownAs, Window};
use crate::library::scheme::composites::COMPOSITES;
use crate::library::scheme::{Scheme, ScoreFrom, Scored};
use crate::terms::{IndicatorId, Month, Period};

pub mod codes;
pub mod composites;
pub mod curve;
pub mod evidence;
pub mod lists;
pub mod packed;
pub mod reconciled;
pub mod records;
pub mod results;
pub mod rows;
#[cfg(test)]
mod tests;
pub mod text;
mod unit;
pub mod way_back;
pub mod words;

use records::{Records, Wanted, records_of};
use results::{Scorecard, ValueRow};
use unit::Assessed;
use words::Words;

/// What an explanation needs to know of the year's scheme.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// Titles of nodes, and of composed indices that have no SQL file.
    pub titles: BTreeMap<String, String>,
    /// Nodes that are classes.
    pub classes: BTreeSet<String>,
    /// Indicators that the scheme names, scored or shown.
    pub indicators: BTreeSet<IndicatorId>,
    /// From value to score: points (value, score).
    pub curves: BTreeMap<IndicatorId, Vec<(Decimal, Decimal)>>,
    /// Indicators that are scored from the value drawn towards the peers'.
    pub from_shrunk: BTreeSet<IndicatorId>,
    /// Indicators that are scored by comparison with others.
    pub compared: BTreeSet<IndicatorId>,
    /// Tiers whose units answer for the acts of every unit below them.
    pub subtree_tiers: BTreeSet<String>,
    /// Months that count, for indicators that are switched on for a part of the period only.
    pub months: BTreeMap<IndicatorId, (Month, Month)>,
}

impl Policy {
    /// Takes it from a scheme.
    pub fn of(scheme: &Scheme) -> Self {
        let of = |is_so: &dyn Fn(&Scored) -> bool| -> BTreeSet<IndicatorId> {
            scheme.indicators.iter().filter(|scored| is_so(scored)).map(|scored| scored.id.clone()).collect()
        };
        let nodes = scheme.nodes.iter().map(|node| (node.id.clone(), node.title.clone()));
        let composites = COMPOSITES.iter().map(|composite| (composite.id.to_owned(), composite.title.to_owned()));
        let switched_on = scheme.indicators.iter().filter_map(|scored| {
            let dynamic = scored.dynamic.as_ref()?;
            Some((scored.id.clone(), (Month::of(dynamic.from), Month::of(dynamic.until?))))
        });
        Self {
            titles: nodes.chain(composites).collect(),
            classes: scheme.nodes.iter().filter(|node| node.parent == "total").map(|node| node.id.clone()).collect(),
            indicators: scheme.indicators.iter().map(|scored| scored.id.clone()).collect(),
            curves: scheme
                .indicators
                .iter()
                .filter_map(|scored| Some((scored.id.clone(), scored.curve.as_ref()?.points().to_vec())))
                .collect(),
            from_shrunk: of(&|scored| scored.score_from == ScoreFrom::Shrunk),
            compared: of(&|scored| scored.relative.is_some()),
            subtree_tiers: scheme.subtree_tiers.clone(),
            months: switched_on.collect(),
        }
    }
}

/// Why an indicator over pairs has no records.
const PAIRS_HAVE_NO_RECORDS: &str = "按区域对计算的指标不能逐条归到一个主体";
/// Why there is nothing yet.
const NOT_BEGUN: &str = "考核期尚未开始";
/// What a reader is told of an engine's error.
const LISTING_FAILED: &str = "逐条列出时程序出错，请向考核办查询";
/// Why a SELECT can't be taken apart.
const NO_SINGLE_AGGREGATE: &str = "这个指标的 SELECT 不是对一个口径的单层汇总，不能逐条列出";

/// First and last month that count for an indicator, and the moment at which its figure was computed; `None` before the period begins.
fn span_of(policy: &Policy, indicator: &Indicator, period: &Period, as_of: Date) -> Option<((Month, Month), Moment)> {
    let passed = period.months_until(as_of);
    let months = policy.months.get(&indicator.id).copied().or_else(|| Some((*passed.first()?, *passed.last()?)))?;
    let end = if indicator.window == Window::Flow { as_of } else { months.1.last_day().min(as_of) };
    Some((months, moment_of(indicator.window, end)))
}

/// Files that the explained figures rest on: indicators, populations below them, clocks, parameters, the scheme.
pub fn definitions(context: &SessionContext, library: &Library, explanation: &Explanation, scheme: &str) -> BTreeSet<String> {
    let (dependencies, _) = Dependencies::of(context, library);
    let mut paths: BTreeSet<String> = ["clocks.toml".to_owned(), "parameters.toml".to_owned(), format!("schemes/{scheme}.toml")].into();
    for explained in &explanation.indicators {
        let Some(header) = library.indicators.get(&IndicatorId::from(explained.value.indicator.as_str())) else { continue };
        paths.insert(format!("indicators/{}.sql", header.id.as_ref().replace('.', "/")));
        let names = names_read(context, &header.sql).unwrap_or_default();
        paths.extend(dependencies.populations_below(names).into_iter().map(|name| format!("populations/{name}.sql")));
    }
    paths
}

/// What is asked.
pub struct ExplainInput<'a> {
    /// Definitions.
    pub library: &'a Library,
    /// What the scheme says.
    pub policy: &'a Policy,
    /// `runs/<id>/tables`.
    pub tables: &'a Path,
    /// Identifier or name of a unit.
    pub unit: &'a str,
    /// One domain of the unit; `None` for all that it is assessed in.
    pub domain: Option<&'a str>,
    /// One indicator; `None` for the whole scorecard.
    pub indicator: Option<&'a IndicatorId>,
    /// Period of the run.
    pub period: &'a Period,
    /// As-of date of the run.
    pub as_of: Date,
    /// Show every record.
    pub all: bool,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// Identifier of the unit.
    pub unit: String,
    /// Its name.
    pub unit_name: String,
    /// Period.
    pub period: String,
    /// State of the facts.
    pub as_of: String,
    /// Whole scorecards, when no indicator was asked for.
    pub scorecards: Vec<Scorecard>,
    /// One entry a domain, when an indicator was asked for.
    pub indicators: Vec<Explained>,
}

/// One indicator of one assessed object.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explained {
    /// The figures of the run.
    pub value: ValueRow,
    /// The value as it is shown.
    pub shown: Option<String>,
    /// The target as it is shown.
    pub target: Option<String>,
    /// Definition in words.
    pub definition: String,
    /// Clause that asks for it.
    pub basis: String,
    /// Where the definition stands.
    pub file: String,
    /// The population's name, title, definition in words and file.
    pub population: Option<Source>,
    /// How the curve gave the score.
    pub curve: Option<String>,
    /// What a composite index is made of.
    pub composite: Option<composites::CompositeParts>,
    /// Units (or regions) whose acts count.
    pub subjects: Vec<String>,
    /// The records; `None` where they can't be listed one by one.
    pub records: Option<Records>,
    /// Why they can't.
    pub why_no_records: Option<String>,
    /// Whether the records add up to the figures of the run; `None` where that can't be said.
    pub agrees: Option<bool>,
    /// Words for what the records name by column or code.
    #[serde(skip)]
    pub words: Words,
}

/// The relation that an indicator reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Source {
    /// Name in SQL.
    pub name: String,
    /// Chinese title.
    pub title: String,
    /// Definition in words: what is due, pending, excluded.
    pub definition: String,
    /// Its file.
    pub file: String,
    /// Code in `excluded_because` → sentence.
    pub excluded: BTreeMap<String, String>,
}

/// Explains a unit's score, or one of its indicators.
///
/// `context` has the functions and every source table at the run's versions; populations are made here.
///
/// # Errors
/// A unit or indicator that the run does not know, result tables that are missing, SQL that does not run.
pub async fn explain(context: &SessionContext, input: &ExplainInput<'_>) -> Result<Explanation> {
    let counting = || "putting rows where they count";
    let attribution = Attribution::settle(context, input.library, input.as_of).await.context(Kind::Query, counting)?;
    if let Some(successor) = attribution.successor_of(input.unit) {
        let message = format!("`{}` has ended; `{successor}` answers for what it did", input.unit);
        return Err(Error::new(Kind::Configuration, message).with_hint(format!("ask for `kaohe explain {successor}`")));
    }
    let assessed = Assessed::find(context, input.unit, input.as_of).await?;
    let known = results::units(input.tables).await?;
    let unit = match assessed.as_ref().map_or(input.unit, |assessed| assessed.id.as_str()) {
        unit if known.contains(unit) => unit.to_owned(),
        unit => {
            return Err(Error::new(Kind::Configuration, format!("`{unit}` has no scorecard in this run"))
                .with_hint("kaohe sql -c 'SELECT unit_id, unit_name FROM units' lists the units")
                .hint_nearest(unit, known.iter().map(String::as_str)));
        }
    };
    let in_domain = |domain: &str| input.domain.is_none_or(|wanted| wanted == domain);
    let mut explanation = Explanation {
        unit_name: assessed.as_ref().map_or_else(String::new, |assessed| assessed.name.clone()),
        period: input.period.to_string(),
        as_of: input.as_of.to_string(),
        scorecards: Vec::new(),
        indicators: Vec::new(),
        unit,
    };
    let Some(id) = input.indicator else {
        explanation.scorecards = results::scorecards(input.tables, &explanation.unit, input.library, input.policy).await?;
        explanation.scorecards.retain(|card| in_domain(&card.domain));
        return Ok(explanation);
    };
    let values = results::values(input.tables, &explanation.unit, input.library, input.policy).await?;
    let own: Vec<ValueRow> = values.iter().filter(|value| value.indicator == id.0 && in_domain(&value.domain)).cloned().collect();
    if own.is_empty() {
        return Err(without_value(input, id, &explanation.unit, &values));
    }
    for value in own {
        explanation.indicators.push(explained(context, input, assessed.as_ref(), value).await?);
    }
    Ok(explanation)
}

/// Why a unit has no value of an indicator: the scheme leaves it out, or its objects have nothing to do with it.
fn without_value(input: &ExplainInput<'_>, id: &IndicatorId, unit: &str, values: &[ValueRow]) -> Error {
    if !input.policy.indicators.contains(id) && input.library.indicators.contains_key(id) {
        return Error::new(Kind::Configuration, format!("`{id}` is not in the scheme, so no unit is assessed by it"))
            .with_hint("an `[[indicator]]` of the scheme with its `id`, a `node` and `report_only = true` shows it from the next run on");
    }
    Error::new(Kind::Configuration, format!("`{unit}` is not assessed by `{id}`"))
        .with_hint(format!("kaohe explain {unit} lists its indicators"))
        .hint_nearest(&id.0, values.iter().map(|value| value.indicator.as_str()))
}

async fn explained(context: &SessionContext, input: &ExplainInput<'_>, assessed: Option<&Assessed>, value: ValueRow) -> Result<Explained> {
    let id = IndicatorId::from(value.indicator.as_str());
    let Some(indicator) = input.library.indicators.get(&id) else {
        let region = assessed.and_then(|assessed| assessed.region.as_ref());
        return composites::with_parts(context, input, region, without_definition(value)).await;
    };
    let subjects = subjects(input, indicator, assessed);
    let found = records(context, input, indicator, &subjects, &value.domain).await?;
    let (found, words, why_no_records) = match found {
        Ok((records, words)) => (Some(records), words, None),
        Err(why) => (None, Words::default(), Some(why)),
    };
    let agrees = found.as_ref().and_then(|records| records.counted).and_then(|(numerator, denominator)| {
        let same = |count: i64, figure: Option<Decimal>| Some(Decimal::from(count) == figure?);
        Some(same(numerator, value.numerator)? && same(denominator, value.denominator)?)
    });
    // Where the scheme scores the value that is drawn towards the peers', it is that which goes through the curve.
    let shrunk = value.shrunk.filter(|_| input.policy.from_shrunk.contains(&id));
    let retraced = |value| curve::retrace(value, input.policy.curves.get(&id)?, indicator.shown_as);
    let curve = match shrunk {
        Some(shrunk) => retraced(shrunk).map(|said| format!("按收缩值（向同类组平均靠拢）计分：{said}")),
        None if input.policy.compared.contains(&id) => Some("与其他单位比较计分，方法见方案和方法说明页".to_owned()),
        None => value.value.and_then(retraced),
    };
    Ok(Explained {
        shown: value.value.map(|value| curve::shown(value, indicator.shown_as)),
        target: value.target.map(|target| curve::shown(target, indicator.shown_as)),
        definition: indicator.comment.clone(),
        basis: indicator.basis.clone(),
        file: indicator.file.clone(),
        population: population(context, input.library, indicator),
        curve,
        composite: None,
        subjects,
        records: found,
        why_no_records,
        agrees,
        words,
        value,
    })
}

/// An index that the engine composes has no SELECT: its parts stand in result tables of their own.
fn without_definition(value: ValueRow) -> Explained {
    Explained {
        shown: value.value.map(|shown| curve::shown(shown, ShownAs::Index)),
        target: value.target.map(|target| curve::shown(target, ShownAs::Index)),
        definition: String::new(),
        basis: String::new(),
        file: String::new(),
        population: None,
        curve: None,
        composite: None,
        subjects: Vec::new(),
        records: None,
        why_no_records: Some("综合指数由多个分项合成，分项见结果表 synergy_pairs、synergy_regions、burden".to_owned()),
        agrees: None,
        words: Words::default(),
        value,
    }
}

fn population(context: &SessionContext, library: &Library, indicator: &Indicator) -> Option<Source> {
    let name = names_read(context, &indicator.sql).ok()?.into_iter().next()?;
    let excluded = Dependencies::of(context, library).0.exclusions_of(library, &name);
    if let Some(population) = library.populations.get(&name) {
        let (title, definition, file) = (population.title.clone(), population.comment.clone(), population.file.clone());
        return Some(Source { name, title, definition, file, excluded });
    }
    let table = library.tables.get(&name)?;
    Some(Source { name, title: table.title.clone(), definition: String::new(), file: table.file.clone(), excluded })
}

/// The unit itself, or with everything below it; for a regional indicator its region.
fn subjects(input: &ExplainInput<'_>, indicator: &Indicator, assessed: Option<&Assessed>) -> Vec<String> {
    let Some(assessed) = assessed else { return vec![input.unit.to_owned()] };
    match indicator.shape {
        Shape::Region | Shape::Pair => assessed.region.iter().cloned().collect(),
        _ if indicator.rollup != Rollup::None && input.policy.subtree_tiers.contains(&assessed.tier) => assessed.with_descendants.clone(),
        _ => vec![assessed.id.clone()],
    }
}

/// The records behind the figure at the moment at which it was computed.
async fn records(
    context: &SessionContext,
    input: &ExplainInput<'_>,
    indicator: &Indicator,
    subjects: &[String],
    domain: &str,
) -> Result<std::result::Result<(Records, Words), String>> {
    if indicator.shape == Shape::Pair {
        return Ok(Err(PAIRS_HAVE_NO_RECORDS.to_owned()));
    }
    let Some((months, moment)) = span_of(input.policy, indicator, input.period, input.as_of) else {
        return Ok(Err(NOT_BEGUN.to_owned()));
    };
    let (dependencies, _) = Dependencies::of(context, input.library);
    register_populations(context, input.library, &dependencies, moment).await;
    let domain = Some(domain).filter(|domain| !domain.is_empty());
    let wanted = Wanted { subjects: Some(subjects), domain, months, pending_until: input.period.last, moment, all: input.all };
    let found = records_of(context, input.library, &dependencies, indicator, &wanted)
        .await
        .context(Kind::Query, || format!("the records of {}", indicator.id))?;
    Ok(found.ok_or_else(|| NO_SINGLE_AGGREGATE.to_owned()))
}
