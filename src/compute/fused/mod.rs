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
mod tests;

use std::sync::Arc;

use datafusion::common::{DataFusionError, Result};
use datafusion::execution::memory_pool::MemoryConsumer;
use datafusion::execution::{SessionState, TaskContext};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder};
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};
use futures::StreamExt;

use counting::{Counting, NotFused, taken_apart, taken_apart_to};
use graph::Graph;
use kernel::{Plan, State};

/// One relation with everything that is counted of it.
#[derive(Debug)]
pub struct Scan {
    /// What is read, as the planner made it: not analysed, so that it is recognised again.
    relation: LogicalPlan,
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

/// Sorts SELECTs that stand at `as_of` (UTC microseconds) by relation. `is_relation` tells where the way down ends at a node that is more
/// than a projection, a condition or an alias.
pub async fn fuse(state: &SessionState, queries: &[LogicalPlan], as_of: i64, is_relation: &dyn Fn(&LogicalPlan) -> bool) -> Fusion {
    let mut analysing = Vec::new();
    for query in queries {
        let (state, query) = (state.clone(), query.clone());
        analysing.push(tokio::spawn(async move { state.analyzer().execute_and_check(query, state.config_options(), |_, _| {}) }));
    }
    let mut fusion = Fusion::default();
    let mut groups: Vec<(LogicalPlan, Graph, Vec<(usize, Counting)>)> = Vec::new();
    for ((place, query), analysed) in queries.iter().enumerate().zip(analysing) {
        let analysed = analysed.await.map_err(|error| DataFusionError::External(Box::new(error))).and_then(|plan| plan);
        match read(state, query, analysed, as_of, is_relation, &mut groups) {
            Ok((group, counting)) => groups[group].2.push((place, counting)),
            Err(reason) => fusion.alone.push((place, reason)),
        }
    }
    for (relation, graph, members) in groups.into_iter().filter(|(_, _, members)| !members.is_empty()) {
        let (queries, countings) = members.into_iter().unzip();
        fusion.scans.push(Scan { relation, queries, plan: Arc::new(Plan::new(graph, countings)) });
    }
    fusion
}

fn read(
    state: &SessionState,
    query: &LogicalPlan,
    analysed: Result<LogicalPlan>,
    as_of: i64,
    is_relation: &dyn Fn(&LogicalPlan) -> bool,
    groups: &mut Vec<(LogicalPlan, Graph, Vec<(usize, Counting)>)>,
) -> std::result::Result<(usize, Counting), NotFused> {
    let sent = taken_apart(query, is_relation)?;
    let analysed = analysed?;
    let parts = taken_apart_to(&analysed, sent.depth())?;
    let known = groups.iter().position(|(relation, ..)| relation == sent.relation);
    let group = known.unwrap_or_else(|| {
        groups.push((sent.relation.clone(), Graph::new(parts.relation.schema().as_arrow(), as_of), Vec::new()));
        groups.len() - 1
    });
    let counting = Counting::read(state, &mut groups[group].1, &parts)?;
    Ok((group, counting))
}

impl Scan {
    /// What the relation is called.
    pub fn name(&self) -> &str {
        match &self.relation {
            LogicalPlan::TableScan(scan) => scan.table_name.table(),
            LogicalPlan::SubqueryAlias(alias) => alias.alias.table(),
            _ => "a join",
        }
    }

    /// The columns of the relation that are read; the first one where rows are only counted.
    ///
    /// # Errors
    /// A plan that does not hang together.
    pub fn rows(&self) -> Result<LogicalPlan> {
        let schema = self.relation.schema();
        let mut places = self.plan.columns();
        if places.is_empty() {
            places.push(0);
        }
        let columns = places.iter().map(|place| Expr::from(schema.qualified_field(*place)));
        LogicalPlanBuilder::from(self.relation.clone()).project(columns)?.build()
    }
}

/// Counts all rows of a physical plan, its partitions side by side.
///
/// # Errors
/// The query's own; no room for what is counted.
pub async fn count(plan: Arc<Plan>, rows: Arc<dyn ExecutionPlan>, task: Arc<TaskContext>) -> Result<State> {
    let mut counting = tokio::task::JoinSet::new();
    for partition in 0..rows.output_partitioning().partition_count() {
        let mut stream = rows.execute(partition, Arc::clone(&task))?;
        let plan = Arc::clone(&plan);
        let reservation = MemoryConsumer::new("counts").register(task.memory_pool());
        counting.spawn(async move {
            let mut state = State::new(&plan);
            while let Some(batch) = stream.next().await {
                state.update(&plan, &batch?)?;
                reservation.try_resize(state.bytes())?;
            }
            // What is merged stays told until all partitions are done.
            Ok::<_, DataFusionError>((state, reservation))
        });
    }
    let mut all: Option<State> = None;
    let mut told = Vec::new();
    while let Some(part) = counting.join_next().await {
        let (part, reservation) = part.map_err(|error| DataFusionError::External(Box::new(error)))??;
        told.push(reservation);
        match &mut all {
            None => all = Some(part),
            Some(all) => all.merge(&plan, &part),
        }
    }
    Ok(all.unwrap_or_else(|| State::new(&plan)))
}
