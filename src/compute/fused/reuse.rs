//! Counting only what changed.
//!
//! In: a scan, the parts of the tables below it, the counts that earlier runs kept. Out: its counts, put together from what is the same and
//! what was counted anew; for people, what was read and why. Never here: SQL of indicators, what a figure means.
//!
//! A source table that is cut by month has a part a month. A small table, and a population that joins, groups or numbers its rows, is one
//! part: it is the same when every file of every table below it is, and its plan, clocks and instants are.
//!
//! The sum of the months is kept beside them: a night takes out of it what is no longer as it was, and adds what is there instead.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, lit};
use serde::{Deserialize, Serialize};

use super::kept::{Figures, KeptCounts, Stays, put_together, stay};
use super::kernel::{Parts, Plan, State, Totals};
use super::{Scan, count};
use crate::compute::shared::SharedPopulations;
use crate::functions::{self, Moment};
use crate::lake::{MONTH_COLUMN, Snapshot};
use crate::terms::Month;

/// Bytes of a table up to which it is one part: reading it whole costs no more than looking after its months.
const SMALL_TABLE_BYTES: u64 = 4 << 20;

/// A part of a source table.
#[derive(Debug, Clone, PartialEq, Eq)]
struct TablePart {
    /// First day of the month; none for rows without one, and for a table as a whole.
    month: Option<i32>,
    digest: String,
}

/// What is known of the tables of a run, and where counts are kept.
#[derive(Debug)]
pub struct Reuse {
    kept: KeptCounts,
    /// Table → its parts, and whether each is a month.
    tables: BTreeMap<String, (Vec<TablePart>, bool)>,
    /// What is read beside source tables → its digest.
    beside: BTreeMap<String, String>,
    /// What decides about figures and stands in no plan.
    ground: String,
    /// The instant of the run: what is counted as of it gives way to what the next run counts.
    now: i64,
}

/// What was done for one relation at one moment, or what would be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountedRelation {
    /// Table or population.
    pub relation: String,
    /// The instant, UTC microseconds.
    pub as_of: i64,
    /// How many SELECTs are answered by it.
    pub queries: usize,
    /// Its parts.
    pub parts: usize,
    /// Of those, the ones of which something was counted anew.
    pub anew: usize,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    /// Rows that were read.
    pub rows: u64,
}

impl Reuse {
    /// The parts of the tables in a snapshot, with the counts kept in `folder`. `ground` says what decides about figures beside plans and rows
    /// (who answers for whom); `beside` gives the digests of what is read beside source tables; `now` is the run's instant.
    pub fn new(folder: PathBuf, snapshot: &Snapshot, ground: String, beside: BTreeMap<String, String>, now: i64) -> Self {
        Self::with_small_tables(folder, snapshot, ground, beside, now, SMALL_TABLE_BYTES)
    }

    /// The same with another measure of what is small.
    pub fn with_small_tables(
        folder: PathBuf,
        snapshot: &Snapshot,
        ground: String,
        beside: BTreeMap<String, String>,
        now: i64,
        small: u64,
    ) -> Self {
        let mut tables = BTreeMap::new();
        for (table, pinned) in &snapshot.tables {
            let is_cut =
                pinned.files.iter().any(|file| file.month.is_some()) && pinned.files.iter().map(|file| file.bytes).sum::<u64>() > small;
            let mut files: BTreeMap<Option<Month>, Vec<&str>> = BTreeMap::new();
            for file in &pinned.files {
                files.entry(file.month.filter(|_| is_cut)).or_default().push(&file.path);
            }
            let part = |(month, mut paths): (Option<Month>, Vec<&str>)| {
                paths.sort_unstable();
                TablePart { month: month.map(|month| month.to_epoch_days()), digest: hash(&[&paths.join("\n")]) }
            };
            tables.insert(table.clone(), (files.into_iter().map(part).collect(), is_cut));
        }
        Self { kept: KeptCounts::new(folder), tables, beside, ground, now }
    }

    /// Tables that the library knows and nobody has sent yet: they are empty, and that is known.
    pub fn knows<'a>(mut self, tables: impl IntoIterator<Item = &'a String>) -> Self {
        for table in tables {
            self.tables.entry(table.clone()).or_default();
        }
        self
    }

    /// Removes the counts that nobody asked for in this run.
    pub fn sweep(&self) {
        // Counts that stay too long cost nothing but their bytes.
        let _ = self.kept.sweep();
    }

    /// The parts of a scan's relation: the month of each, and the name under which its counts are kept; none where it rests on something
    /// whose changes nobody tells.
    fn parts(&self, scan: &Scan, moment: Moment) -> Option<Vec<(Option<i32>, String)>> {
        let at = self.at(moment);
        let named = |digest: &str| hash(&[&self.ground, scan.name(), &at, digest])[..32].to_owned();
        if let LogicalPlan::TableScan(_) = &scan.relation {
            let (parts, _) = self.tables.get(scan.name())?;
            return Some(parts.iter().map(|part| (part.month, named(&part.digest))).collect());
        }
        Some(vec![(None, named(&self.digest_below(&scan.relation)?))])
    }

    /// The name under which the sum of a relation's parts is kept, whichever these are.
    fn name_of_sum(&self, scan: &Scan, moment: Moment) -> String {
        hash(&[&self.ground, scan.name(), "sum", &self.at(moment)])[..32].to_owned()
    }

    /// The moment as it stands in names: what is counted as of now gives way to what the next run counts.
    fn at(&self, moment: Moment) -> String {
        let as_of = if moment.as_of == self.now { "now".to_owned() } else { moment.as_of.to_string() };
        format!("{as_of} {}", moment.from)
    }

    /// The name under which the rows of a query that is answered alone are kept.
    pub fn name_of(&self, query: &LogicalPlan) -> Option<String> {
        Some(hash(&[&self.ground, &self.digest_below(query)?])[..32].to_owned())
    }

    /// The rows of a query that is answered alone.
    pub fn rows(&self, name: &str) -> Option<Vec<RecordBatch>> {
        self.kept.read_rows(name)
    }

    /// Keeps the rows of a query that is answered alone; a disk that takes no more does not matter.
    pub fn keep_rows(&self, name: &str, query: &LogicalPlan, rows: &[RecordBatch]) {
        let schema = rows.first().map_or_else(|| Arc::new(query.schema().as_arrow().clone()), RecordBatch::schema);
        let _ = self.kept.write_rows(name, schema, rows);
    }

    /// Whether the rows of a query that is answered alone are there.
    pub fn has_rows(&self, name: &str) -> bool {
        self.kept.has_rows(name)
    }

    fn is_cut(&self, scan: &Scan) -> bool {
        matches!(&scan.relation, LogicalPlan::TableScan(_)) && self.tables.get(scan.name()).is_some_and(|(_, is_cut)| *is_cut)
    }

    /// What a relation says, with everything that it rests on.
    fn digest_below(&self, relation: &LogicalPlan) -> Option<String> {
        let mut hasher = blake3::Hasher::new();
        hasher.update(relation.display_indent().to_string().as_bytes());
        let mut is_known = true;
        let walked = relation.apply_with_subqueries(|node| {
            if let LogicalPlan::TableScan(scan) = node {
                let name = scan.table_name.table();
                match (self.tables.get(name), self.beside.get(name)) {
                    (Some((parts, _)), _) => parts.iter().for_each(|part| {
                        hasher.update(part.digest.as_bytes());
                    }),
                    (None, Some(digest)) => {
                        hasher.update(digest.as_bytes());
                    }
                    (None, None) => is_known = false,
                }
            }
            node.apply_expressions(|expression| {
                // Shown as a plan, a list of values ends after five.
                hasher.update(format!("{expression:?}").as_bytes());
                hasher.update(functions::definitions(expression).as_bytes());
                Ok(TreeNodeRecursion::Continue)
            })?;
            Ok(TreeNodeRecursion::Continue)
        });
        (walked.is_ok() && is_known).then(|| hasher.finalize().to_hex().to_string())
    }
}

fn hash(parts: &[&str]) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

/// One part on its way to its counts.
struct PartAhead {
    month: Option<i32>,
    name: String,
    kept: Option<Figures>,
    answers: Vec<bool>,
    /// Its figures are in the sum that was kept.
    is_in_sum: bool,
}

/// The sum of the parts that an earlier run had.
struct KeptSum {
    /// Named as its parts are those that are there still and answer as they did.
    figures: Figures,
    /// The figures of the others, which stand in the sum, too.
    gone: Vec<Figures>,
}

impl KeptSum {
    /// The sum, if it has all figures and most of its parts stay.
    fn of(scan: &Scan, parts: &[(Option<i32>, String)], moment: Moment, reuse: &Reuse) -> Option<Self> {
        let plan = &scan.plan;
        let moments = || (0..plan.number_of_queries()).flat_map(|place| plan.moments_asked(place));
        let there: BTreeSet<&str> = parts.iter().map(|(_, name)| name.as_str()).collect();
        let stays = |(name, stays): &(&String, &Stays)| there.contains(name.as_str()) && stay(stays, moments());
        let is_worth_it = |outline: &Figures| outline.has_all(plan) && outline.of.iter().filter(stays).count() * 2 >= outline.of.len();
        let mut figures = reuse.kept.read_if(scan.name(), &reuse.name_of_sum(scan, moment), is_worth_it)?;
        let part = |(name, stood): (&String, &Stays)| {
            let is_as_it_stands_in_the_sum = |outline: &Figures| outline.validity == *stood && outline.has_all(plan);
            reuse.kept.read_if(scan.name(), name, is_as_it_stands_in_the_sum)
        };
        let gone = figures.of.iter().filter(|part| !stays(part)).map(part).collect::<Option<Vec<_>>>()?;
        figures.of.retain(|name, stood| stays(&(name, &*stood)));
        Some(Self { figures, gone })
    }

    /// What is left of it, without the parts that are gone.
    fn into_state(self, plan: &Plan) -> State {
        let mut state = State::new(plan);
        state.take(plan, &self.figures, &|_| true);
        for gone in self.gone {
            state.take(plan, &gone.negated(), &|_| true);
        }
        state
    }
}

impl PartAhead {
    fn is_whole(&self) -> bool {
        self.answers.iter().all(|is_there| *is_there)
    }
}

/// What a scan needs to read: which parts are there, which queries each of them lacks.
pub struct Ahead {
    parts: Vec<PartAhead>,
    is_cut: bool,
    sum: Option<KeptSum>,
}

impl Ahead {
    /// Looks for kept counts. Without `reuse`, or where changes can't be told, everything is counted.
    pub fn of(scan: &Scan, moment: Moment, reuse: Option<&Reuse>) -> Self {
        let Some((reuse, parts)) = reuse.and_then(|reuse| Some((reuse, reuse.parts(scan, moment)?))) else {
            return Self { parts: Vec::new(), is_cut: false, sum: None };
        };
        let is_cut = reuse.is_cut(scan);
        let sum = if is_cut { KeptSum::of(scan, &parts, moment, reuse) } else { None };
        let is_in_sum = |name: &str| sum.as_ref().is_some_and(|sum| sum.figures.of.contains_key(name));
        let part = |(month, name): (Option<i32>, String)| {
            let is_in_sum = is_in_sum(&name);
            let kept = if is_in_sum { None } else { reuse.kept.read(scan.name(), &name) };
            let answers = kept.as_ref().map_or_else(|| vec![is_in_sum; scan.plan.number_of_queries()], |kept| kept.answer(&scan.plan));
            PartAhead { month, name, kept, answers, is_in_sum }
        };
        Self { parts: parts.into_iter().map(part).collect(), is_cut, sum }
    }

    /// Parts, those of which something must be counted, and why.
    pub fn told(&self, scan: &Scan, moment: Moment) -> CountedRelation {
        let anew: Vec<&PartAhead> = self.parts.iter().filter(|part| !part.is_whole()).collect();
        let of_rows = anew.iter().filter(|part| part.kept.is_none()).count();
        let is_table = matches!(&scan.relation, LogicalPlan::TableScan(_));
        let because = match (anew.len(), of_rows) {
            (0, _) => None,
            (all, rows) if all == rows => {
                Some(if is_table { "new rows" } else { "new rows below it, another definition or limit, or another day" })
            }
            (_, 0) => Some("another definition or limit, or what has fallen due"),
            _ => Some("new rows; another definition or limit, or what has fallen due"),
        };
        let (parts, anew) = if self.parts.is_empty() { (1, 1) } else { (self.parts.len(), anew.len()) };
        let (relation, queries) = (scan.name().to_owned(), scan.queries.len());
        CountedRelation { relation, as_of: moment.as_of, queries, parts, anew, because: because.map(str::to_owned), rows: 0 }
    }

    /// The queries that parts lack, with the parts that lack exactly these.
    fn lacking(&self) -> BTreeMap<Vec<bool>, Vec<usize>> {
        let mut lacking: BTreeMap<Vec<bool>, Vec<usize>> = BTreeMap::new();
        for (place, part) in self.parts.iter().enumerate().filter(|(_, part)| !part.is_whole()) {
            lacking.entry(part.answers.iter().map(|is_there| !is_there).collect()).or_default().push(place);
        }
        lacking
    }

    /// What must be read: for each list of lacking queries their plan, the rows to read, and the places of the parts.
    ///
    /// # Errors
    /// A plan that does not hang together.
    pub fn readings(&self, scan: &Scan) -> Result<Vec<Reading>> {
        if self.parts.is_empty() {
            return Ok(vec![Reading { rows: scan.rows(&scan.plan, false)?, plan: Arc::clone(&scan.plan), parts: Vec::new() }]);
        }
        let mut readings = Vec::new();
        for (lacks, parts) in self.lacking() {
            let plan = if lacks.iter().all(|lacks| *lacks) { Arc::clone(&scan.plan) } else { Arc::new(scan.plan.of_some(&lacks)) };
            let mut rows = scan.rows(&plan, self.is_cut)?;
            if self.is_cut && parts.len() < self.parts.len() {
                rows = of_months(scan, &plan, parts.iter().map(|place| self.parts[*place].month))?;
            }
            readings.push(Reading { rows, plan, parts });
        }
        Ok(readings)
    }
}

/// The rows of some months: the condition stands below the projection, where the table chooses its files by it.
fn of_months(scan: &Scan, plan: &Plan, months: impl Iterator<Item = Option<i32>>) -> Result<LogicalPlan> {
    let schema = scan.read.schema();
    let (relation, field) = schema.qualified_field_with_unqualified_name(MONTH_COLUMN)?;
    let month = Expr::from((relation, field));
    let (some, none): (Vec<Option<i32>>, Vec<Option<i32>>) = months.partition(Option::is_some);
    let listed = month.clone().in_list(some.into_iter().map(|day| lit(ScalarValue::Date32(day))).collect(), false);
    let condition = if none.is_empty() { listed } else { listed.or(month.is_null()) };
    let filtered = LogicalPlanBuilder::from(scan.read.clone()).filter(condition)?.build()?;
    scan.rows_over(filtered, plan, true)
}

/// One pass over some parts of a relation.
pub struct Reading {
    /// What is read.
    pub rows: LogicalPlan,
    /// What is counted.
    pub plan: Arc<Plan>,
    parts: Vec<usize>,
}

/// Reads what is ahead and puts it together with what is kept.
///
/// # Errors
/// The query's own; a disk that takes no more does not fail it.
pub async fn counted(
    shared: &mut SharedPopulations<'_>,
    scan: &Scan,
    ahead: Ahead,
    readings: Vec<(Reading, LogicalPlan)>,
    moment: Moment,
    reuse: Option<&Reuse>,
) -> Result<(Totals, CountedRelation)> {
    let mut told = ahead.told(scan, moment);
    let mut fresh: Vec<Option<(Arc<Plan>, State)>> = ahead.parts.iter().map(|_| None).collect();
    let mut whole = None;
    for (reading, optimised) in readings {
        let run = async |rows, task| count(Arc::clone(&reading.plan), rows, task, ahead.is_cut).await;
        let mut parts: Parts = shared.run(scan.name(), &optimised, run).await?;
        told.rows += parts.values().map(State::rows).sum::<u64>();
        if ahead.parts.is_empty() {
            whole = parts.into_values().next();
            continue;
        }
        for place in &reading.parts {
            let state = parts.remove(&ahead.parts[*place].month).unwrap_or_else(|| State::new(&reading.plan));
            fresh[*place] = Some((Arc::clone(&reading.plan), state));
        }
    }
    let is_changed = ahead.sum.as_ref().is_none_or(|sum| !sum.gone.is_empty()) || ahead.parts.iter().any(|part| !part.is_in_sum);
    let mut of = BTreeMap::new();
    let mut total = match ahead.sum {
        Some(sum) => {
            of.clone_from(&sum.figures.of);
            sum.into_state(&scan.plan)
        }
        None => whole.unwrap_or_else(|| State::new(&scan.plan)),
    };
    let uses = |part: &str| reuse.iter().for_each(|reuse| reuse.kept.uses(scan.name(), part));
    let mut are_all_kept = true;
    for (part, fresh) in ahead.parts.into_iter().zip(fresh) {
        if part.is_in_sum {
            uses(&part.name);
            continue;
        }
        let is_whole = part.is_whole();
        let kept = part.kept.as_ref().filter(|_| part.answers.iter().any(|is_there| *is_there));
        let state = match (kept, fresh) {
            // The plan of all queries counted it: nothing is to be translated.
            (None, Some((_, state))) => state,
            (kept, fresh) => {
                let fresh = fresh.map(|(plan, state)| state.figures(&plan));
                put_together(&scan.plan, kept.map(|kept| (kept, part.answers.as_slice())), fresh.as_ref())
            }
        };
        total.merge(&scan.plan, &state);
        if let Some(reuse) = reuse {
            of.insert(part.name.clone(), state.stays(&scan.plan));
            match is_whole || reuse.kept.write(scan.name(), &part.name, &state.figures(&scan.plan)).is_ok() {
                true => uses(&part.name),
                false => are_all_kept = false,
            }
        }
    }
    if let Some(reuse) = reuse.filter(|_| ahead.is_cut && are_all_kept) {
        let name = reuse.name_of_sum(scan, moment);
        if !is_changed || reuse.kept.write(scan.name(), &name, &Figures { of, ..total.figures(&scan.plan).without_empty_groups() }).is_ok()
        {
            uses(&name);
        }
    }
    Ok((total.into_totals(&scan.plan), told))
}
