//! Many SELECTs over one relation, answered by one scan.
//!
//! In: the plans of SELECTs at one moment. Out: [`Scan`]s, each of one relation with all that is counted of it, and the SELECTs that are
//! answered alone, with the reason. Never here: which indicators there are, what a figure means.
//!
//! ```text
//! SELECTs ──taken apart──▶ by relation ──▶ graph of distinct steps ──▶ one scan ──▶ counts ──▶ each SELECT's rows
//!     └── of another form ──▶ answered alone, and `kaohe check` says why
//! ```
//!
//! A relation is a source table, or a population that joins, groups or numbers its rows: what stands row by row above it is read into the
//! graph, so that populations over the same table share its scan.

pub mod counting;
pub mod graph;
pub mod kept;
pub mod kernel;
#[cfg(test)]
mod nights;
pub mod reuse;
#[cfg(test)]
mod tests;
mod words;

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::Date32Type;
use datafusion::common::{DataFusionError, Result};
use datafusion::datasource::{provider_as_source, source_as_provider};
use datafusion::execution::memory_pool::MemoryConsumer;
use datafusion::execution::{SessionState, TaskContext};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder};
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};
use futures::StreamExt;

use counting::{Counting, NotFused, taken_apart, taken_apart_to};
use graph::{Graph, Moving};
use kernel::{Parts, Plan, State};

use super::attribution::placed;
use crate::ingest::LINEAGE;
use crate::lake::{MONTH_COLUMN, with_dictionaries};

/// One relation with everything that is counted of it.
#[derive(Debug)]
pub struct Scan {
    /// What it stands for, as the planner made it: not analysed, so that it is recognised again.
    relation: LogicalPlan,
    /// What is read of it: the relation, or the table below with its texts as dictionaries.
    read: LogicalPlan,
    /// Places of the SELECTs among those that were given.
    pub queries: Vec<usize>,
    /// What is counted.
    pub plan: Arc<Plan>,
}

/// SELECTs by the way they are answered.
#[derive(Debug, Default)]
pub struct Fusion {
    /// One scan a relation.
    pub scans: Vec<Scan>,
    /// Places of the SELECTs that are answered alone, with the reason.
    pub alone: Vec<(usize, NotFused)>,
}

/// Sorts SELECTs by relation. `moving` are the moments in them that are others in the next run; `is_relation` tells where the way down ends
/// at a node that is more than a projection, a condition or an alias.
pub async fn fuse(state: &SessionState, queries: &[LogicalPlan], moving: &[Moving], is_relation: &dyn Fn(&LogicalPlan) -> bool) -> Fusion {
    let mut analysing = Vec::new();
    for query in queries {
        let (state, query) = (state.clone(), query.clone());
        analysing.push(tokio::spawn(async move { state.analyzer().execute_and_check(query, state.config_options(), |_, _| {}) }));
    }
    let mut fusion = Fusion::default();
    let mut groups: Vec<Group> = Vec::new();
    for ((place, query), analysed) in queries.iter().enumerate().zip(analysing) {
        let analysed = analysed.await.map_err(|error| DataFusionError::External(Box::new(error))).and_then(|plan| plan);
        match read(state, query, analysed, moving, is_relation, &mut groups) {
            Ok((group, counting)) => groups[group].members.push((place, counting)),
            Err(reason) => fusion.alone.push((place, reason)),
        }
    }
    for Group { relation, read, graph, members } in groups.into_iter().filter(|group| !group.members.is_empty()) {
        let (queries, countings) = members.into_iter().unzip();
        fusion.scans.push(Scan { relation, read, queries, plan: Arc::new(Plan::new(graph, countings)) });
    }
    fusion
}

/// A relation, its graph, and the SELECTs that count it, by their places.
struct Group {
    relation: LogicalPlan,
    read: LogicalPlan,
    graph: Graph,
    members: Vec<(usize, Counting)>,
}

impl Group {
    /// `analysed` is the same relation after the analyser has seen it.
    fn new(state: &SessionState, relation: &LogicalPlan, analysed: &LogicalPlan, moving: &[Moving]) -> Result<Self> {
        let mut graph = Graph::new(analysed.schema().as_arrow(), moving);
        let mut read = relation.clone();
        if let LogicalPlan::TableScan(scan) = relation {
            let table = source_as_provider(&scan.source)?;
            let placed = placed(table.as_ref());
            let sent = placed.as_ref().map_or(&table, |placed| placed.sent);
            let lineage = LINEAGE.map(|(name, _)| name);
            if let Some(dictionaries) = with_dictionaries(sent.as_ref(), &lineage)? {
                if let Some(placed) = &placed {
                    graph.place(state, analysed.schema(), placed.changed, placed.kept)?;
                }
                read = LogicalPlanBuilder::scan(scan.table_name.clone(), provider_as_source(dictionaries), None)?.build()?;
            }
        }
        Ok(Self { relation: relation.clone(), read, graph, members: Vec::new() })
    }
}

fn read(
    state: &SessionState,
    query: &LogicalPlan,
    analysed: Result<LogicalPlan>,
    moving: &[Moving],
    is_relation: &dyn Fn(&LogicalPlan) -> bool,
    groups: &mut Vec<Group>,
) -> std::result::Result<(usize, Counting), NotFused> {
    let analysed = analysed?;
    let read = |is_relation: &dyn Fn(&LogicalPlan) -> bool, groups: &mut Vec<Group>| {
        let sent = taken_apart(query, is_relation)?;
        let parts = taken_apart_to(&analysed, sent.depth())?;
        let group = match groups.iter().position(|group| group.relation == *sent.relation) {
            Some(known) => known,
            None => {
                groups.push(Group::new(state, sent.relation, parts.relation, moving)?);
                groups.len() - 1
            }
        };
        let counting = Counting::read(state, &mut groups[group].graph, &parts)?;
        Ok::<_, NotFused>((group, counting))
    };
    // Where an expression may fail for rows that a condition keeps away, the rows that it lets pass are the relation.
    read(is_relation, groups).or_else(|_| read(&|_| true, groups))
}

impl Scan {
    /// What the relation is called.
    pub fn name(&self) -> &str {
        name_of(&self.relation)
    }

    /// The columns of the relation that a plan of its queries reads; the first one where rows are only counted. The month comes last where the
    /// rows are counted by month.
    ///
    /// # Errors
    /// A plan that does not hang together.
    pub fn rows(&self, plan: &Plan, by_month: bool) -> Result<LogicalPlan> {
        self.rows_over(self.read.clone(), plan, by_month)
    }

    /// The same of some rows of the relation.
    ///
    /// # Errors
    /// A plan that does not hang together.
    fn rows_over(&self, relation: LogicalPlan, plan: &Plan, by_month: bool) -> Result<LogicalPlan> {
        let schema = self.read.schema();
        let mut places = plan.columns();
        if by_month {
            let month = schema.index_of_column_by_name(None, MONTH_COLUMN);
            let month = month.ok_or_else(|| DataFusionError::Internal(format!("`{}` is not cut by month", self.name())))?;
            // A plan that reads the month itself gets it twice.
            let column = Expr::from(schema.qualified_field(month)).alias(PART_COLUMN);
            let columns = places.iter().map(|place| Expr::from(schema.qualified_field(*place))).chain([column]);
            return LogicalPlanBuilder::from(relation).project(columns)?.build();
        }
        if places.is_empty() {
            places.push(0);
        }
        let columns = places.iter().map(|place| Expr::from(schema.qualified_field(*place)));
        LogicalPlanBuilder::from(relation).project(columns)?.build()
    }
}

/// The name of a relation: its own, or that of what it is made of first.
fn name_of(relation: &LogicalPlan) -> &str {
    match relation {
        LogicalPlan::TableScan(scan) => scan.table_name.table(),
        LogicalPlan::SubqueryAlias(alias) => alias.alias.table(),
        other => other.inputs().first().map_or("rows", |below| name_of(below)),
    }
}

/// The month of a row as a column beside those that are counted.
const PART_COLUMN: &str = "counted_part";

/// Stretches of equal months.
fn stretches(months: &ArrayRef) -> Vec<(Option<i32>, usize, usize)> {
    let months = months.as_primitive::<Date32Type>();
    let mut stretches: Vec<(Option<i32>, usize, usize)> = Vec::new();
    for (row, month) in months.iter().enumerate() {
        match stretches.last_mut() {
            Some((last, _, length)) if *last == month => *length += 1,
            _ => stretches.push((month, row, 1)),
        }
    }
    stretches
}

/// Counts all rows of a physical plan, its partitions side by side: by month, where the month is the last column, or as one part.
///
/// # Errors
/// The query's own; no room for what is counted.
pub async fn count(plan: Arc<Plan>, rows: Arc<dyn ExecutionPlan>, task: Arc<TaskContext>, by_month: bool) -> Result<Parts> {
    let mut counting = tokio::task::JoinSet::new();
    for partition in 0..rows.output_partitioning().partition_count() {
        let mut stream = rows.execute(partition, Arc::clone(&task))?;
        let plan = Arc::clone(&plan);
        let reservation = MemoryConsumer::new("counts").register(task.memory_pool());
        counting.spawn(async move {
            let mut parts = Parts::new();
            while let Some(batch) = stream.next().await {
                let batch = batch?;
                if by_month {
                    let columns: Vec<usize> = (0..batch.num_columns() - 1).collect();
                    let counted = batch.project(&columns)?;
                    for (month, from, length) in stretches(batch.column(columns.len())) {
                        let state = parts.entry(month).or_insert_with(|| State::new(&plan));
                        state.update(&plan, &counted.slice(from, length))?;
                    }
                } else {
                    parts.entry(None).or_insert_with(|| State::new(&plan)).update(&plan, &batch)?;
                }
                reservation.try_resize(parts.values().map(State::bytes).sum())?;
            }
            // What is merged stays told until all partitions are done.
            Ok::<_, DataFusionError>((parts, reservation))
        });
    }
    let mut all = Parts::new();
    let mut told = Vec::new();
    while let Some(counted) = counting.join_next().await {
        let (parts, reservation) = counted.map_err(|error| DataFusionError::External(Box::new(error)))??;
        told.push(reservation);
        for (part, state) in parts {
            match all.get_mut(&part) {
                Some(known) => known.merge(&plan, &state),
                None => {
                    all.insert(part, state);
                }
            }
        }
    }
    Ok(all)
}
