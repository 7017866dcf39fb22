//! The first records behind every figure of every unit, for the units' own pages.
//!
//! In: units, indicators, the session over pinned tables. Out: for each assessed object and indicator the records that count against it,
//! are pending, or are left out, by deadline, capped. Never here: records of another unit than the object's own (a city's and the
//! province's are also those of the units below), personal columns ([`super::rows`] takes them out), figures.
//!
//! Two queries an indicator answer for all units, over the populations that the figures were computed from: the cost grows with rows ×
//! indicators and not with units.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;

use arrow::array::AsArray;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use datafusion::common::DataFusionError;
use datafusion::functions_aggregate::expr_fn::count;
use datafusion::functions_window::expr_fn::row_number;
use datafusion::logical_expr::{ExprFunctionExt, LogicalPlan};
use datafusion::prelude::{DataFrame, SessionContext, col, lit};
use futures::StreamExt;
use jiff::civil::Date;

use super::packed::{ListedRecord, PackedRecords};
use super::records::{Part, Record, Wanted, narrowed, record_at, sort_order, subject_of};
use super::rows::{IndicatorRows, rows_of};
use super::words::Words;
use super::{Policy, span_of};
use crate::compute::populations::{Dependencies, names_read};
use crate::compute::shared::{SharedPopulations, answer, has_no_room};
use crate::compute::units::{Hierarchy, Unit};
use crate::functions::{Moment, parse_bound};
use crate::library::Library;
use crate::library::indicator::{Indicator, Rollup, Shape};
use crate::terms::{IndicatorId, Period, UnitId};

/// What is asked.
pub struct ListInput<'a> {
    /// Definitions.
    pub library: &'a Library,
    /// What the scheme says.
    pub policy: &'a Policy,
    /// Units on the as-of date.
    pub units: &'a [Unit],
    /// Who is below whom.
    pub hierarchy: &'a Hierarchy,
    /// Whose records are wanted.
    pub indicators: Vec<&'a Indicator>,
    /// Period of the run.
    pub period: &'a Period,
    /// As-of date of the run.
    pub as_of: Date,
    /// Records of one kind that a list holds at most.
    pub longest: usize,
}

/// Records of one kind behind one figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordList {
    /// What they are for the figure: against, pending or excluded.
    pub part: Part,
    /// All of them.
    pub total: u64,
    /// The first of them.
    pub records: PackedRecords,
}

/// Whose figure: unit, domain, indicator.
pub type FigureKey = (UnitId, String, IndicatorId);

/// The lists of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecordLists {
    /// Lists that are not empty, worst part first.
    pub lists: BTreeMap<FigureKey, Vec<RecordList>>,
    /// Indicators without lists, with the reason.
    pub without: BTreeMap<IndicatorId, String>,
    /// Indicators whose listing failed, with the engine's words; `without` has those for readers.
    pub failed: BTreeMap<IndicatorId, String>,
    /// Indicators that count something once however many records it has, or add up amounts: their lists are no subtraction of figures.
    pub not_by_record: BTreeSet<IndicatorId>,
}

impl RecordLists {
    /// Bytes of the records in memory.
    pub fn bytes(&self) -> usize {
        self.lists.values().flatten().map(|list| list.records.bytes()).sum()
    }
}

/// Kinds that a page lists: those that somebody has to look into.
const LISTED: [Part; 3] = [Part::Against, Part::Pending, Part::Excluded];

/// What the lists will read of the populations of the as-of instant, so that they are kept: each twice, once to count and once to pick.
pub fn read_for_lists(context: &SessionContext, indicators: &[&Indicator]) -> BTreeMap<String, usize> {
    let mut read = BTreeMap::new();
    for name in indicators.iter().flat_map(|indicator| names_read(context, &indicator.sql).unwrap_or_default()) {
        *read.entry(name).or_default() += 2;
    }
    read
}

/// Lists for every unit that an indicator speaks of. A failing indicator stands in `without`; the populations of the session are replaced.
pub async fn record_lists(shared: &mut SharedPopulations<'_>, input: &ListInput<'_>) -> RecordLists {
    let context = shared.context().clone();
    let (moments, without) = by_moment(input.policy, &input.indicators, input.period, input.as_of);
    let mut found = RecordLists { without, ..RecordLists::default() };
    for (moment, indicators) in moments {
        shared.stand_at(moment, indicators.iter().flat_map(|indicator| names_read(&context, &indicator.sql).unwrap_or_default())).await;
        let (mut asked, mut queries) = (Vec::new(), Vec::new());
        for indicator in indicators {
            match questions_of(&context, input, shared.dependencies(), indicator, moment).await {
                Ok(Some(questions)) => {
                    queries.extend([questions.totals.clone(), questions.first.clone()]);
                    asked.push((indicator, questions));
                }
                Ok(None) => {
                    found.without.insert(indicator.id.clone(), super::NO_SINGLE_AGGREGATE.to_owned());
                }
                Err(error) => found.fail(indicator, &error),
            }
        }
        let mut prepared = shared.prepared(queries).await.into_iter();
        let mut planned = Vec::new();
        for (indicator, questions) in asked {
            match prepared.by_ref().take(2).collect::<Result<Vec<_>, _>>() {
                Ok(plans) => planned.push((indicator, questions, plans)),
                Err(error) => found.fail(indicator, &error),
            }
        }
        let at_once = shared.at_once();
        let answers = futures::stream::iter(planned).map(async |(indicator, questions, plans)| {
            let lists = answered(&context, &plans, &questions).await;
            (indicator, questions, plans, lists)
        });
        let mut answers = pin!(answers.buffered(at_once));
        let mut again = Vec::new();
        while let Some((indicator, questions, plans, lists)) = answers.next().await {
            match lists {
                Err(error) if at_once > 1 && has_no_room(&error) => again.push((indicator, questions, plans)),
                lists => found.take(lists, indicator, questions.rows.adds_up, input),
            }
        }
        // What did not fit beside others has the memory to itself.
        for (indicator, questions, plans) in again {
            let lists = answered(&context, &plans, &questions).await;
            found.take(lists, indicator, questions.rows.adds_up, input);
        }
    }
    found
}

/// Indicators by the moment at which their populations stand, and why others have no records.
pub(super) fn by_moment<'a>(
    policy: &Policy,
    indicators: &[&'a Indicator],
    period: &Period,
    as_of: Date,
) -> (Vec<(Moment, Vec<&'a Indicator>)>, BTreeMap<IndicatorId, String>) {
    let (mut moments, mut without): (Vec<(Moment, Vec<&Indicator>)>, _) = (Vec::new(), BTreeMap::new());
    for indicator in indicators {
        match span_of(policy, indicator, period, as_of) {
            Some(_) if matches!(indicator.shape, Shape::Pair) => {
                without.insert(indicator.id.clone(), super::PAIRS_HAVE_NO_RECORDS.to_owned());
            }
            None => {
                without.insert(indicator.id.clone(), super::NOT_BEGUN.to_owned());
            }
            Some((_, moment)) => match moments.iter_mut().find(|(known, _)| *known == moment) {
                Some((_, indicators)) => indicators.push(indicator),
                None => moments.push((moment, vec![indicator])),
            },
        }
    }
    (moments, without)
}

/// Everybody's rows of an indicator, each with its part; none where its SELECT can't be taken apart.
pub(super) async fn rows_of_all(
    context: &SessionContext,
    (library, policy): (&Library, &Policy),
    (period, as_of): (&Period, Date),
    indicator: &Indicator,
    moment: Moment,
) -> Result<Option<(IndicatorRows, DataFrame)>, DataFusionError> {
    let Some((months, _)) = span_of(policy, indicator, period, as_of) else { return Ok(None) };
    let statement = parse_bound(context, &indicator.sql, moment)?;
    let plan = context.state().statement_to_plan(statement).await?;
    let Some(rows) = rows_of(&plan, library)? else { return Ok(None) };
    let wanted = Wanted { subjects: None, domain: None, months, pending_until: period.last, moment, all: false };
    let frame = narrowed(context, &rows, indicator, &wanted).await?;
    Ok(Some((rows, frame)))
}

impl RecordLists {
    fn take(&mut self, lists: Result<ByWhom, DataFusionError>, indicator: &Indicator, adds_up: bool, input: &ListInput<'_>) {
        match lists {
            Ok(lists) => {
                if !adds_up {
                    self.not_by_record.insert(indicator.id.clone());
                }
                assign(lists, indicator, input, self);
            }
            Err(error) => self.fail(indicator, &error),
        }
    }

    fn fail(&mut self, indicator: &Indicator, error: &DataFusionError) {
        self.without.insert(indicator.id.clone(), super::LISTING_FAILED.to_owned());
        self.failed.insert(indicator.id.clone(), error.strip_backtrace());
    }
}

/// All there are and the first of them, by subject (unit or region) or owner, domain and part.
type ByWhom = BTreeMap<(String, String, Part), (u64, Vec<ListedRecord>)>;

/// What is asked for the lists of one indicator.
struct Questions {
    rows: IndicatorRows,
    words: Words,
    subject: &'static str,
    /// How many there are, by subject, domain and part.
    totals: LogicalPlan,
    /// The first of each.
    first: LogicalPlan,
}

async fn questions_of(
    context: &SessionContext,
    input: &ListInput<'_>,
    dependencies: &Dependencies,
    indicator: &Indicator,
    moment: Moment,
) -> Result<Option<Questions>, DataFusionError> {
    let texts = (input.library, input.policy);
    let Some((rows, frame)) = rows_of_all(context, texts, (input.period, input.as_of), indicator, moment).await? else { return Ok(None) };
    let subject = subject_of(&frame);
    let listed = LISTED.iter().map(|part| lit(part.word())).collect();
    let keys = vec![col(subject), col("domain"), col("part")];
    let place = row_number().partition_by(keys.clone()).order_by(sort_order(&frame)).build()?.alias("place");
    let frame = frame.filter(col("part").in_list(listed, false))?;
    let totals = frame.clone().aggregate(keys, vec![count(lit(1)).alias("total")])?.into_unoptimized_plan();
    let first = frame.window(vec![place])?.filter(col("place").lt_eq(lit(input.longest as u64)))?.into_unoptimized_plan();
    let words = Words::of(context, input.library, dependencies, indicator, &rows);
    Ok(Some(Questions { rows, words, subject, totals, first }))
}

async fn answered(context: &SessionContext, plans: &[LogicalPlan], questions: &Questions) -> Result<ByWhom, DataFusionError> {
    let mut answers = Vec::new();
    for plan in plans {
        answers.push(answer(context, plan).await?);
    }
    let mut placed: BTreeMap<(String, String, Part), (u64, Vec<(i64, ListedRecord)>)> = BTreeMap::new();
    for (index, batch) in answers.iter().enumerate().flat_map(|(index, batches)| batches.iter().map(move |batch| (index, batch))) {
        let text = |name: &str| cast(&batch[name], &DataType::Utf8);
        let (subjects, domains, parts) = (text(questions.subject)?, text("domain")?, text("part")?);
        let numbers = cast(&batch[if index == 0 { "total" } else { "place" }], &DataType::Int64)?;
        let numbers = numbers.as_primitive::<Int64Type>();
        for row in 0..batch.num_rows() {
            let at = |column: &arrow::array::ArrayRef| column.as_string::<i32>().value(row).to_owned();
            let Some(part) = LISTED.into_iter().find(|part| part.word() == at(&parts)) else { continue };
            let list = placed.entry((at(&subjects), at(&domains), part)).or_default();
            if index == 0 {
                list.0 = numbers.value(row).unsigned_abs();
            } else {
                list.1.push((numbers.value(row), questions.words.listed(record_at(batch, row, &questions.rows)?)));
            }
        }
    }
    let in_order = |((subject, domain, part), (total, mut records)): (_, (u64, Vec<(i64, ListedRecord)>))| {
        records.sort_by_key(|(place, _)| *place);
        ((subject, domain, part), (total, records.into_iter().map(|(_, record)| record).collect()))
    };
    Ok(placed.into_iter().map(in_order).collect())
}

impl Words {
    fn listed(&self, record: Record) -> ListedRecord {
        ListedRecord {
            because: self.exclusion(&record.excluded_because).to_owned(),
            facts: self.facts(&record),
            record_id: self.key(&record.record_id),
            due: record.due,
            unit: record.unit,
            source_file: record.source_file,
            source_line: record.source_line,
            batch_id: record.batch_id,
        }
    }
}

/// Gives each unit the lists whose acts count for it: its own, its region's, or, in the tiers that answer for everyone below, all of them.
fn assign(lists: ByWhom, indicator: &Indicator, input: &ListInput<'_>, found: &mut RecordLists) {
    let tier: BTreeMap<&str, &Unit> = input.units.iter().map(|unit| (unit.id.as_ref(), unit)).collect();
    let answers =
        |unit: &str| indicator.rollup != Rollup::None && tier.get(unit).is_some_and(|unit| input.policy.subtree_tiers.contains(&unit.tier));
    let mut by_region: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for unit in input.units {
        by_region.entry(&unit.region).or_default().push(unit.id.as_ref());
    }
    let mut assigned = ByWhom::new();
    for ((subject, domain, part), (total, records)) in lists {
        let owners: Vec<String> = if indicator.shape == Shape::Region {
            by_region.get(subject.as_str()).into_iter().flatten().map(|unit| (*unit).to_owned()).collect()
        } else {
            input.hierarchy.with_ancestors(&subject).into_iter().filter(|unit| *unit == subject || answers(unit)).collect()
        };
        for owner in owners {
            match assigned.entry((owner, domain.clone(), part)) {
                Entry::Vacant(place) => drop(place.insert((total, records.clone()))),
                Entry::Occupied(known) => {
                    let (all, first) = known.into_mut();
                    *all += total;
                    first.extend(records.iter().cloned());
                    // What has no deadline stands last, as in a single unit's list.
                    first.sort_by(|a, b| (a.due.is_empty(), a).cmp(&(b.due.is_empty(), b)));
                    first.truncate(input.longest);
                }
            }
        }
    }
    for ((owner, domain, part), (total, records)) in assigned {
        let key = (UnitId(owner), domain, indicator.id.clone());
        found.lists.entry(key).or_default().push(RecordList { part, total, records: records.into_iter().collect() });
    }
}
