//! Running indicators over a snapshot.
//!
//! In: a session whose tables are pinned, the library, the period and the as-of date. Out: measures of each indicator, or its
//! failure; one that fails does not stop the others. Never here: division, policy, I/O beyond the session's scans.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::convert::Infallible;
use std::ops::{ControlFlow, Range, RangeInclusive};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Decimal128Type, Field, Int64Type, Schema, UInt32Type};
use datafusion::common::{DataFusionError, ScalarValue};
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::SessionContext;
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{Ident, ObjectName, Query, Statement as SqlStatement, TableAlias, TableFactor, VisitMut, VisitorMut};
use jiff::civil::Date;

use super::due_soon;
use super::fused::fuse;
use super::fused::graph::Moving;
use super::fused::kernel::{Plan, Totals};
use super::fused::reuse::{Ahead, CountedRelation, Reuse, counted};
use super::measures::{Amount, Block, CellFigures, Measures, NO_DOMAIN, Scope, pair_subject};
use super::populations::names_read;
use super::shared::{SharedPopulations, answer};
use super::units::Hierarchy;
use crate::calendar::{end_of_day, start_of_day};
use crate::functions::{Moment, parse_bound};
use crate::library::Library;
use crate::library::indicator::{Indicator, Rollup, Shape, Window};
use crate::side_by_side::side_by_side;
use crate::terms::{Fraction, IndicatorId, Month, Period, date_from_epoch_days, epoch_days};

/// What is to be computed.
pub struct Task<'a> {
    /// Text of the library.
    pub library: &'a Library,
    /// Which indicators.
    pub indicators: Vec<&'a Indicator>,
    /// Months that are asked for.
    pub period: &'a Period,
    /// The day whose 24:00 is the instant of computation.
    pub as_of: Date,
    /// Who is below whom.
    pub hierarchy: &'a Hierarchy,
    /// Told of each indicator once its last month is computed.
    pub finished: &'a (dyn Fn(&IndicatorId) + Sync),
    /// Seconds since the run began: the clock is the caller's.
    pub elapsed: &'a (dyn Fn() -> f64 + Sync),
    /// Counts of earlier runs; without them everything is counted.
    pub reuse: Option<&'a Reuse>,
    /// Who watches the months before the period besides.
    pub watched: Option<Watched<'a>>,
}

/// A listener of the months of flow indicators, those before the period among them: they are counted anyway, and too many to be kept.
#[derive(Clone, Copy)]
pub struct Watched<'a> {
    /// First month that is told of.
    pub first: Month,
    /// Takes the sorted measures of a flow indicator from that month to the last of the period; from any thread, one call an indicator.
    pub tell: &'a (dyn Fn(&Indicator, &Measures) + Sync),
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Sorted measures.
    pub measures: Measures,
    /// Indicators that failed, with the engine's words.
    pub failed: BTreeMap<IndicatorId, String>,
    /// Seconds that went by while an indicator's plan was waited for and run, over all its months.
    pub seconds: BTreeMap<IndicatorId, f64>,
    /// What was read of each relation.
    pub counted: Vec<CountedRelation>,
    /// Relations whose scan failed, with the engine's words: their indicators were answered one by one.
    pub not_counted: BTreeMap<String, String>,
}

/// The day at which plans are looked at without data: what is wrong with them, and what is fused, does not depend on it.
pub(super) const SOME_DAY: Date = jiff::civil::date(2026, 6, 30);

/// The instants of a window that ends with `end`.
pub fn moment_of(window: Window, end: Date) -> Moment {
    let month = Month::of(end);
    let first = match window {
        Window::Flow | Window::YearToDate | Window::Stock => jiff::civil::date(end.year(), 1, 1),
        Window::Rolling(months) => month.plus(1 - i32::from(months)).first_day(),
    };
    Moment { as_of: end_of_day(epoch_days(end)), from: start_of_day(epoch_days(first)) }
}

/// Computes every indicator of the task.
///
/// Flow indicators run once as of the as-of date and keep every month of the period: later months hold what is pending. Other
/// windows run once a month end, up to the as-of date. A population that several read is answered once a moment. Cost grows with rows ×
/// populations, and for other windows × months.
///
/// # Errors
/// Only a session that can't be set up; a failing indicator is part of the outcome.
pub async fn compute(shared: &mut SharedPopulations<'_>, task: &Task<'_>) -> Result<Outcome, DataFusionError> {
    let mut outcome = Outcome::default();
    let context = shared.context().clone();
    let soon = due_soon::last_day(task.library, task.as_of);
    register_ancestors(&context, task.hierarchy)?;
    let mut ahead: BTreeMap<&IndicatorId, usize> = BTreeMap::new();
    let moments = moments(task);
    for (indicator, _) in moments.iter().flat_map(|(_, indicators)| indicators) {
        *ahead.entry(&indicator.id).or_default() += 1;
    }
    for (moment, indicators) in moments {
        let read = indicators.iter().flat_map(|(indicator, _)| names_read(&context, &indicator.sql).unwrap_or_default());
        let failures = shared.stand_at(moment, read).await;
        let words = |error: &DataFusionError| {
            let below = failures.iter().find(|(name, _)| error.to_string().contains(name.as_str()));
            below.map_or_else(|| error.strip_backtrace(), |(name, cause)| format!("population {name}: {}", cause.strip_backtrace()))
        };
        let (planned, queries) = planned(&context, indicators, moment, soon).await;
        let mut answers = Answered::new(shared, queries, moment, soon, task.reuse, &mut outcome).await;
        let mut of_counts = answers.measures_of_counts(task, &planned);
        for (number, (indicator, month, places)) in planned.into_iter().enumerate() {
            let (computed, seconds) = match of_counts.remove(&number) {
                Some(computed) => computed,
                None => {
                    let begun = (task.elapsed)();
                    let computed = match places {
                        Ok(places) => answers.rows_of_all(places).await.and_then(|rows| measures_of(task, indicator, month, &rows)),
                        Err(error) => Err(error),
                    };
                    (computed, (task.elapsed)() - begun)
                }
            };
            match computed {
                Ok(measures) => outcome.measures.append(measures),
                Err(error) => {
                    outcome.failed.entry(indicator.id.clone()).or_insert_with(|| words(&error));
                }
            }
            *outcome.seconds.entry(indicator.id.clone()).or_default() += seconds;
            if let Some(months) = ahead.get_mut(&indicator.id) {
                *months -= 1;
                if *months == 0 {
                    (task.finished)(&indicator.id);
                }
            }
        }
    }
    outcome.failed.keys().for_each(|indicator| outcome.measures.remove(indicator));
    outcome.measures.sort();
    Ok(outcome)
}

/// Indicators by the moment at which they are computed, with the month of the figure where the window gives it. The last one comes first: it
/// reads the most columns of what stands for every moment, and its rows are read by later stages. Then earlier instants first, so that what
/// was stored for one can be dropped.
fn moments<'a>(task: &Task<'a>) -> Vec<(Moment, Vec<(&'a Indicator, Option<Month>)>)> {
    let months = task.period.months_until(task.as_of);
    let mut moments: BTreeMap<(i64, i64), Vec<(&Indicator, Option<Month>)>> = BTreeMap::new();
    for indicator in &task.indicators {
        let ends: Vec<(Option<Month>, Date)> = match indicator.window {
            Window::Flow => vec![(None, task.as_of)],
            _ => months.iter().map(|month| (Some(*month), month.last_day().min(task.as_of))).collect(),
        };
        for (month, end) in ends {
            let moment = moment_of(indicator.window, end);
            moments.entry((moment.as_of, moment.from)).or_default().push((indicator, month));
        }
    }
    let last = moments.keys().map(|(as_of, _)| *as_of).max();
    let mut moments: Vec<_> = moments.into_iter().map(|((as_of, from), indicators)| (Moment { as_of, from }, indicators)).collect();
    moments.sort_by_key(|(moment, _)| (Some(moment.as_of) != last, moment.as_of, moment.from));
    moments
}

/// An indicator at a moment: the month of its figure where the window gives it, and the places of its queries.
type PlannedIndicator<'a> = (&'a Indicator, Option<Month>, Result<Range<usize>, DataFusionError>);

/// The queries of a moment's indicators. Plans are made on every core ahead of the one query that runs: over small tables planning is most of
/// the work.
async fn planned<'a>(
    context: &SessionContext,
    indicators: Vec<(&'a Indicator, Option<Month>)>,
    moment: Moment,
    soon: Date,
) -> (Vec<PlannedIndicator<'a>>, Vec<LogicalPlan>) {
    let mut planning = Vec::new();
    for (indicator, month) in indicators.into_iter().filter(|(indicator, _)| !indicator.sql.is_empty()) {
        let is_recomputed = indicator.rollup == Rollup::Recompute && indicator.shape != Shape::Region;
        let plans = plans_of(context.clone(), indicator.sql.clone(), moment, soon, is_recomputed);
        planning.push((indicator, month, tokio::spawn(plans)));
    }
    let (mut planned, mut queries) = (Vec::new(), Vec::new());
    for (indicator, month, plans) in planning {
        let plans = plans.await.map_err(|error| DataFusionError::External(Box::new(error))).and_then(|plans| plans);
        let places = plans.map(|plans| {
            let first = queries.len();
            queries.extend(plans);
            first..queries.len()
        });
        planned.push((indicator, month, places));
    }
    (planned, queries)
}

/// What would be counted, and what is kept from earlier runs: relation by relation, at each moment. What is answered alone stands under the
/// name of its indicator.
///
/// # Errors
/// Only a session that can't be set up.
pub async fn ahead(shared: &mut SharedPopulations<'_>, task: &Task<'_>) -> Result<Vec<CountedRelation>, DataFusionError> {
    let context = shared.context().clone();
    let soon = due_soon::last_day(task.library, task.as_of);
    register_ancestors(&context, task.hierarchy)?;
    let mut told = Vec::new();
    for (moment, indicators) in moments(task) {
        let read = indicators.iter().flat_map(|(indicator, _)| names_read(&context, &indicator.sql).unwrap_or_default());
        shared.stand_at(moment, read).await;
        let (planned, queries) = planned(&context, indicators, moment, soon).await;
        let fusion = fuse(&context.state(), &queries, &moving(moment, soon), &|node| shared.is_made(node)).await;
        told.extend(fusion.scans.iter().map(|scan| Ahead::of(scan, moment, task.reuse).told(scan, moment)));
        for (place, _) in fusion.alone {
            let is_of = |(_, _, places): &&PlannedIndicator<'_>| places.as_ref().is_ok_and(|places| places.contains(&place));
            let Some((indicator, ..)) = planned.iter().find(is_of) else { continue };
            let is_kept = task.reuse.is_some_and(|reuse| reuse.name_of(&queries[place]).is_some_and(|name| reuse.has_rows(&name)));
            let (relation, because) = (indicator.id.0.clone(), (!is_kept).then(|| "answered alone".to_owned()));
            told.push(CountedRelation {
                relation,
                as_of: moment.as_of,
                queries: 1,
                parts: 1,
                anew: usize::from(!is_kept),
                because,
                rows: 0,
            });
        }
    }
    Ok(told)
}

/// What moves from one night to the next in the queries of a moment.
pub(super) fn moving(moment: Moment, soon: Date) -> [Moving; 3] {
    let instant = |at: i64| ScalarValue::TimestampMicrosecond(Some(at), Some("UTC".into()));
    let soon = epoch_days(soon);
    [
        Moving { name: "as_of", value: instant(moment.as_of) },
        Moving { name: "soon_at", value: instant(end_of_day(soon)) },
        Moving { name: "soon_on", value: ScalarValue::Date32(Some(soon)) },
    ]
}

/// The answers of one moment's queries, by their places.
struct Answered<'s, 'a> {
    shared: &'s mut SharedPopulations<'a>,
    reuse: Option<&'s Reuse>,
    queries: Vec<LogicalPlan>,
    ways: Vec<Way>,
    scans: Vec<Option<(Arc<Plan>, Totals)>>,
}

/// How a query is answered.
enum Way {
    /// By itself; the name under which the answer is kept.
    Alone(Result<LogicalPlan, DataFusionError>, Option<String>),
    /// As in an earlier run: nothing below it has changed.
    Kept(Vec<RecordBatch>),
    /// With others: the scan, and the place in it.
    Fused(usize, usize),
}

impl<'s, 'a> Answered<'s, 'a> {
    /// Runs every scan that answers several queries, as far as its counts are not kept; what is answered alone is prepared.
    async fn new(
        shared: &'s mut SharedPopulations<'a>,
        queries: Vec<LogicalPlan>,
        moment: Moment,
        soon: Date,
        reuse: Option<&'s Reuse>,
        outcome: &mut Outcome,
    ) -> Self {
        let state = shared.context().state();
        let fusion = fuse(&state, &queries, &moving(moment, soon), &|node| shared.is_made(node)).await;
        let mut ways: BTreeMap<usize, Way> = BTreeMap::new();
        let (mut asked, mut alone) = (Vec::new(), Vec::new());
        for (place, _) in &fusion.alone {
            let name = reuse.and_then(|reuse| reuse.name_of(&queries[*place]));
            match name.as_ref().and_then(|name| reuse?.rows(name)) {
                Some(rows) => {
                    ways.insert(*place, Way::Kept(rows));
                }
                None => {
                    asked.push(queries[*place].clone());
                    alone.push((*place, name));
                }
            }
        }
        let mut scans = Vec::new();
        for scan in fusion.scans {
            let ahead = Ahead::of(&scan, moment, reuse);
            if let Ok(readings) = ahead.readings(&scan) {
                asked.extend(readings.iter().map(|reading| reading.rows.clone()));
                scans.push((scan, ahead, readings));
            }
        }
        let mut prepared = shared.prepared(asked).await.into_iter();
        for ((place, name), plan) in alone.into_iter().zip(prepared.by_ref()) {
            ways.insert(place, Way::Alone(plan, name));
        }
        let mut counts = Vec::new();
        for (number, (scan, ahead, readings)) in scans.into_iter().enumerate() {
            ways.extend(scan.queries.iter().enumerate().map(|(within, place)| (*place, Way::Fused(number, within))));
            let plans: Vec<_> = prepared.by_ref().take(readings.len()).collect();
            let readings =
                readings.into_iter().zip(plans).map(|(reading, plan)| Ok((reading, plan?))).collect::<Result<Vec<_>, DataFusionError>>();
            let state = match readings {
                Ok(readings) => counted(shared, &scan, ahead, readings, moment, reuse).await,
                Err(error) => Err(error),
            };
            counts.push(match state {
                Ok((state, counted)) => {
                    outcome.counted.push(counted);
                    Some((Arc::clone(&scan.plan), state))
                }
                Err(error) => {
                    outcome.not_counted.insert(scan.name().to_owned(), error.strip_backtrace());
                    None
                }
            });
        }
        let ways = (0..queries.len()).map(|place| ways.remove(&place).unwrap_or(Way::Alone(Ok(queries[place].clone()), None))).collect();
        Self { shared, reuse, queries, ways, scans: counts }
    }

    /// The rows of the query at this place, where it was counted with others.
    fn counted_rows(&self, place: usize) -> Option<Result<RecordBatch, DataFusionError>> {
        let Way::Fused(scan, within) = &self.ways[place] else { return None };
        let (plan, totals) = self.scans[*scan].as_ref()?;
        Some(totals.rows_of(plan, &self.shared.context().state(), *within))
    }

    /// The measures of what was counted, with the seconds that each took, by place in `planned`: on every core, for there are cells by the
    /// million.
    fn measures_of_counts(
        &self,
        task: &Task<'_>,
        planned: &[PlannedIndicator<'_>],
    ) -> BTreeMap<usize, (Result<Measures, DataFusionError>, f64)> {
        let is_counted = |place: usize| matches!(self.ways[place], Way::Fused(scan, _) if self.scans[scan].is_some());
        let places_of = |number: usize| planned[number].2.as_ref().ok().cloned().filter(|places| places.clone().all(is_counted));
        let wanted: Vec<(usize, Range<usize>)> = (0..planned.len()).filter_map(|number| Some((number, places_of(number)?))).collect();
        let one = |number: usize, places: Range<usize>| {
            let (indicator, month, _) = &planned[number];
            let rows = places.filter_map(|place| self.counted_rows(place)).map(|rows| Ok(vec![rows?]));
            measures_of(task, indicator, *month, &rows.collect::<Result<Vec<_>, DataFusionError>>()?)
        };
        let timed = |(number, places): &(usize, Range<usize>)| {
            let begun = (task.elapsed)();
            let measures = one(*number, places.clone());
            Ok::<_, Infallible>((*number, (measures, (task.elapsed)() - begun)))
        };
        let threads = self.shared.context().state().config().target_partitions();
        let Ok(done) = side_by_side(&wanted, threads, timed);
        done.into_iter().collect()
    }

    /// The rows of the queries at these places.
    async fn rows_of_all(&mut self, places: Range<usize>) -> Result<Vec<Vec<RecordBatch>>, DataFusionError> {
        let mut rows = Vec::new();
        for place in places {
            rows.push(self.rows(place).await?);
        }
        Ok(rows)
    }

    /// The rows of the query at this place.
    async fn rows(&mut self, place: usize) -> Result<Vec<RecordBatch>, DataFusionError> {
        match &mut self.ways[place] {
            Way::Alone(plan, name) => {
                let plan = std::mem::replace(plan, Ok(self.queries[place].clone()))?;
                let rows = answer(self.shared.context(), &plan).await?;
                if let (Some(reuse), Some(name)) = (self.reuse, name) {
                    reuse.keep_rows(name, &self.queries[place], &rows);
                }
                Ok(rows)
            }
            Way::Kept(rows) => Ok(std::mem::take(rows)),
            Way::Fused(..) => match self.counted_rows(place) {
                Some(rows) => Ok(vec![rows?]),
                // One of those that were fused is wrong: alone, only that one fails.
                None => self.shared.answered(self.queries[place].clone()).await,
            },
        }
    }
}

/// Measures from the rows of an indicator's own query and, where parents are computed anew, from those of the one over every unit's
/// ancestors.
fn measures_of(
    task: &Task<'_>,
    indicator: &Indicator,
    month: Option<Month>,
    answers: &[Vec<RecordBatch>],
) -> Result<Measures, DataFusionError> {
    let mut measures = Measures::default();
    let is_per_unit = matches!(indicator.shape, Shape::Ratio | Shape::Value);
    let watched = task.watched.filter(|_| month.is_none() && is_per_unit);
    let first = watched.map_or(task.period.first, |watched| watched.first.min(task.period.first));
    for (batches, scope) in answers.iter().zip([Scope::Own, Scope::Subtree]) {
        for batch in batches {
            let block = read_measures(indicator, batch, month, scope, first..=task.period.last, &mut measures)?;
            measures.add_block(&indicator.id, block);
        }
    }
    if indicator.shape != Shape::Region && indicator.rollup == Rollup::Sum {
        measures = measures.with_sums(task.hierarchy);
    } else {
        measures.sort();
    }
    if let Some(watched) = watched {
        (watched.tell)(indicator, &measures);
        measures.begin_with(task.period.first);
    }
    Ok(measures)
}

/// The indicator's plan and, where parents are computed anew, the same over every unit's ancestors.
async fn plans_of(
    context: SessionContext,
    sql: String,
    moment: Moment,
    soon: Date,
    is_recomputed: bool,
) -> Result<Vec<LogicalPlan>, DataFusionError> {
    let mut plans = vec![plan_of(&context, parse_bound(&context, &sql, moment)?, soon).await?];
    if is_recomputed {
        plans.push(plan_of(&context, over_ancestors(&context, &sql, moment).await?, soon).await?);
    }
    Ok(plans)
}

async fn plan_of(context: &SessionContext, statement: Statement, soon: Date) -> Result<LogicalPlan, DataFusionError> {
    due_soon::counted(context.state().statement_to_plan(statement).await?, soon)
}

pub(super) fn register_ancestors(context: &SessionContext, hierarchy: &Hierarchy) -> Result<(), DataFusionError> {
    let (units, ancestors) = hierarchy.pairs();
    let schema =
        Arc::new(Schema::new(vec![Field::new("unit_id", DataType::Utf8, false), Field::new("ancestor_id", DataType::Utf8, false)]));
    let batch = RecordBatch::try_new(schema, vec![Arc::new(StringArray::from(units)), Arc::new(StringArray::from(ancestors))])?;
    let _ = context.deregister_table(ANCESTORS);
    context.register_batch(ANCESTORS, batch)?;
    Ok(())
}

/// The relation of units and those above them.
pub const ANCESTORS: &str = "unit_ancestors";

/// The same SELECT over a relation in which each row stands once for its unit and once for every ancestor.
///
/// # Errors
/// A relation without a column `unit_id`.
pub(super) async fn over_ancestors(context: &SessionContext, sql: &str, moment: Moment) -> Result<Statement, DataFusionError> {
    let mut statement = parse_bound(context, sql, moment)?;
    let names = names_read(context, sql)?;
    let mut with = Vec::new();
    for name in &names {
        let schema = context.table(name.as_str()).await?.schema().clone();
        if schema.index_of_column_by_name(None, "unit_id").is_none() {
            return Err(DataFusionError::Plan(format!("`{name}` has no column `unit_id`")));
        }
        let columns: Vec<String> = schema
            .fields()
            .iter()
            .map(|field| if field.name() == "unit_id" { "a.ancestor_id AS unit_id".to_owned() } else { format!("p.\"{}\"", field.name()) })
            .collect();
        let select = columns.join(", ");
        with.push(format!("{} AS (SELECT {select} FROM {name} p JOIN {ANCESTORS} a ON p.unit_id = a.unit_id)", widened(name)));
    }
    let _ = statement_query(&mut statement)?.visit(&mut Widen { names });
    let mut before = parse_bound(context, &format!("WITH {} SELECT 1", with.join(", ")), moment)?;
    let before = statement_query(&mut before)?.with.take();
    let query = statement_query(&mut statement)?;
    query.with = match (before, query.with.take()) {
        (Some(mut before), Some(own)) => {
            before.cte_tables.extend(own.cte_tables);
            Some(before)
        }
        (before, own) => before.or(own),
    };
    Ok(statement)
}

fn widened(name: &str) -> String {
    format!("{name}_with_ancestors")
}

fn statement_query(statement: &mut Statement) -> Result<&mut Query, DataFusionError> {
    if let Statement::Statement(inner) = statement
        && let SqlStatement::Query(query) = inner.as_mut()
    {
        return Ok(query);
    }
    Err(DataFusionError::Plan("an indicator is one SELECT".to_owned()))
}

/// Reads the widened relation wherever one of `names` is read, under its old name.
struct Widen {
    names: BTreeSet<String>,
}

impl VisitorMut for Widen {
    type Break = ();

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
        if let TableFactor::Table { name, alias, .. } = factor
            && let Some(known) = self.names.get(&name.to_string())
        {
            alias.get_or_insert_with(|| TableAlias { explicit: true, name: Ident::new(known.as_str()), columns: Vec::new(), at: None });
            *name = ObjectName::from(vec![Ident::new(widened(known))]);
        }
        ControlFlow::Continue(())
    }
}

fn column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef, DataFusionError> {
    batch.column_by_name(name).ok_or_else(|| DataFusionError::Plan(format!("the result has no column `{name}`")))
}

/// Texts as numbers of each row; none for NULL. Numbers are given in the order of the texts.
fn numbers_of(texts: &ArrayRef, mut number: impl FnMut(&str) -> u32) -> Result<Vec<Option<u32>>, DataFusionError> {
    let dictionary = DataType::Dictionary(Box::new(DataType::UInt32), Box::new(DataType::Utf8));
    let texts = cast(texts, &dictionary)?;
    let texts = texts.as_dictionary::<UInt32Type>();
    let values: Vec<&str> = texts.values().as_string::<i32>().iter().map(Option::unwrap_or_default).collect();
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_unstable_by_key(|place| values[*place]);
    let mut numbers = vec![0; values.len()];
    order.into_iter().for_each(|place| numbers[place] = number(values[place]));
    Ok(texts.keys().iter().map(|key| key.map(|key| numbers[key as usize])).collect())
}

/// Reads a query's rows. Rows without a subject or a month, and those of other months, are left out.
fn read_measures(
    indicator: &Indicator,
    batch: &RecordBatch,
    month: Option<Month>,
    scope: Scope,
    months: RangeInclusive<Month>,
    measures: &mut Measures,
) -> Result<Block, DataFusionError> {
    let mut block = Block::default();
    let exact = |name: &str| -> Result<_, DataFusionError> { Ok(cast(column(batch, name)?, &DataType::Decimal128(38, 4))?) };
    let count = |name: &str| -> Result<_, DataFusionError> {
        batch.column_by_name(name).map(|column| cast(column, &DataType::Int64)).transpose().map_err(DataFusionError::from)
    };
    let (subject, first, second) = match indicator.shape {
        Shape::Region => ("region_code", "value", "n"),
        Shape::Value => ("unit_id", "value", "n"),
        Shape::Ratio => ("unit_id", "numerator", "denominator"),
        Shape::Pair => ("region_a", "numerator", "denominator"),
    };
    let subjects = match indicator.shape {
        Shape::Pair => numbers_of(&pairs(column(batch, subject)?, column(batch, "region_b")?)?, |text| measures.subject(text))?,
        _ => numbers_of(column(batch, subject)?, |text| measures.subject(text))?,
    };
    let domains = numbers_of(column(batch, "domain")?, |text| measures.domain(text))?;
    let no_domain = measures.domain(NO_DOMAIN);
    let (upper, lower) = (exact(first)?, exact(second)?);
    let (upper, lower) = (upper.as_primitive::<Decimal128Type>(), lower.as_primitive::<Decimal128Type>());
    let (pending, excluded, due_soon) = (count("pending")?, count("excluded")?, count(due_soon::DUE_SOON)?);
    let at = |counts: &Option<ArrayRef>, row: usize| match counts.as_ref().map(|counts| counts.as_primitive::<Int64Type>()) {
        Some(counts) if counts.is_valid(row) => counts.value(row),
        _ => 0,
    };
    let own_months = if month.is_none() { Some(cast(column(batch, "month")?, &DataType::Date32)?) } else { None };
    let own_months = own_months.as_ref().map(|days| days.as_primitive::<Date32Type>());
    let mut known: HashMap<i32, Option<Month>> = HashMap::new();
    let mut month_of = |day: i32| *known.entry(day).or_insert_with(|| date_from_epoch_days(day).map(Month::of));
    for (row, subject) in subjects.into_iter().enumerate() {
        let own_month = || own_months.filter(|days| days.is_valid(row)).and_then(|days| month_of(days.value(row)));
        let Some((subject, row_month)) = subject.zip(month.or_else(own_month)) else { continue };
        if !months.contains(&row_month) {
            continue;
        }
        let amount = match indicator.shape {
            Shape::Ratio | Shape::Pair => Amount::Ratio(Fraction {
                numerator: if upper.is_valid(row) { upper.value(row) } else { 0 },
                denominator: if lower.is_valid(row) { lower.value(row) } else { 0 },
            }),
            Shape::Value | Shape::Region => Amount::Value {
                value: upper.is_valid(row).then(|| upper.value(row)),
                n: if lower.is_valid(row) { (lower.value(row) / Fraction::SCALE) as i64 } else { 0 },
            },
        };
        let figures = CellFigures { amount, pending: at(&pending, row), excluded: at(&excluded, row), due_soon: at(&due_soon, row) };
        block.push((subject, domains[row].unwrap_or(no_domain), row_month, scope), figures);
    }
    Ok(block)
}

/// Pairs of regions as subjects; none where one of the two is missing.
fn pairs(first: &ArrayRef, second: &ArrayRef) -> Result<ArrayRef, DataFusionError> {
    let (first, second) = (cast(first, &DataType::Utf8)?, cast(second, &DataType::Utf8)?);
    let both = first.as_string::<i32>().iter().zip(second.as_string::<i32>());
    Ok(Arc::new(both.map(|(first, second)| Some(pair_subject(first?, second?))).collect::<StringArray>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_moment_comes_first_and_the_others_ascend() {
        let (library, _) = Library::read(None).expect("the shipped library reads");
        let period: Period = "2026".parse().expect("a period");
        let task = Task {
            library: &library,
            indicators: library.indicators.values().collect(),
            period: &period,
            as_of: jiff::civil::date(2026, 3, 15),
            hierarchy: &Hierarchy::default(),
            finished: &|_| (),
            elapsed: &|| 0.0,
            reuse: None,
            watched: None,
        };
        let instants: Vec<i64> = moments(&task).iter().map(|(moment, _)| moment.as_of).collect();
        let last = moment_of(Window::Flow, task.as_of).as_of;
        let after = instants.iter().position(|at| *at != last).expect("the ends of earlier months");
        assert!(after > 0 && instants[..after].iter().all(|at| *at == last), "{instants:?}");
        assert!(instants[after..].is_sorted() && instants[after..].iter().all(|at| *at < last), "{instants:?}");
    }
}
