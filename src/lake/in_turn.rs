//! A plan that holds a few parts of its rows in memory and not all of them.
//!
//! In: a physical plan whose joins, aggregates and windows are dealt out over many partitions by their keys. Out: the same plan, of which so many
//! partitions run at a time as there are cores. Never here: which plans need it (that is `crate::compute::shared`), answers that differ.
//!
//! The engine's hash join holds one side of all partitions at once and does not spill. Here its partitions run one after another (a partitioned
//! hash join: Kitsuregawa, Tanaka & Moto-oka 1983; DeWitt et al. 1984), and what the later ones need waits where the engine deals rows out
//! by their keys (`RepartitionExec`), which spills. Each row of both sides is written once and read once; a sort-merge join sorts both sides, and
//! merges its runs as often as memory is short. One task deals out, or the engine may stand still: see [`super::pool`].
//!
//! ```text
//! before   HashJoin, 32 partitions at once ─▶ deal out ─▶ …
//! after    HashJoin, partitions 0, 2, 4, … on one core and 1, 3, 5, … on the other ─▶ deal out ─▶ …
//! ```

use std::fmt::{self, Formatter};
use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::common::{DataFusionError, Result};
use datafusion::config::SpillCompression;
use datafusion::execution::context::SessionState;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::{SendableRecordBatchStream, SessionStateBuilder, TaskContext};
use datafusion::physical_expr::{Partitioning, PhysicalExpr};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::repartition::RepartitionExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties, ReplaceChildrenOptions,
};
use futures::{StreamExt, TryStreamExt, stream};

use super::pool::PoolInParts;

/// Parts that the rows of a join are dealt out into.
const PARTS: usize = 32;
/// Rows of a batch. Whoever deals rows out gathers one such batch for each part before it passes it on, and tells nobody of them: with four times as many a run
/// over 10 million cases held 4 GB more than its limit.
const BATCH_ROWS: usize = 4 << 10;

/// The session whose plans run in parts, as many at a time as it has cores.
pub fn in_parts(state: SessionState) -> SessionState {
    let lanes = state.config().target_partitions();
    let mut config = state.config().clone().with_target_partitions(PARTS.max(lanes)).with_batch_size(BATCH_ROWS);
    let options = config.options_mut();
    // All partitions of a join would wait for what the others found of its keys.
    options.optimizer.enable_join_dynamic_filter_pushdown = false;
    options.execution.spill_compression = SpillCompression::Lz4Frame;
    // The tables are those of the session, whose catalog is shared: a new one would stand in its place.
    options.catalog.create_default_catalog_and_schema = false;
    let rule = Arc::new(TakePartitionsInTurn { lanes });
    let pool = PoolInParts::over(Arc::clone(&state.runtime_env().memory_pool));
    let runtime = RuntimeEnvBuilder::from_runtime_env(state.runtime_env()).with_memory_pool(Arc::new(pool));
    // Everything in it is there already.
    let runtime = runtime.build_arc().expect("a runtime over the parts of another");
    SessionStateBuilder::new_from_existing(state).with_config(config).with_runtime_env(runtime).with_physical_optimizer_rule(rule).build()
}

/// Puts [`InTurnExec`] wherever the engine would run all partitions of a plan at once: below what deals rows out or brings them together, and at the top.
#[derive(Debug)]
struct TakePartitionsInTurn {
    lanes: usize,
}

impl TakePartitionsInTurn {
    fn in_turn(&self, input: Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
        if input.output_partitioning().partition_count() <= self.lanes { input } else { Arc::new(InTurnExec::new(input, self.lanes)) }
    }
}

/// Whether the engine runs the node's partitions at once, in an order that nobody relies on.
fn runs_all_at_once(node: &Arc<dyn ExecutionPlan>) -> bool {
    let keeps_order = |repartition: &RepartitionExec| repartition.preserve_order();
    node.is::<CoalescePartitionsExec>() || node.downcast_ref::<RepartitionExec>().is_some_and(|repartition| !keeps_order(repartition))
}

impl PhysicalOptimizerRule for TakePartitionsInTurn {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let inside = plan.transform_up(|node| {
            if !runs_all_at_once(&node) {
                return Ok(Transformed::no(node));
            }
            let deals_out = node.is::<RepartitionExec>();
            let input = |input: &Arc<dyn ExecutionPlan>| {
                let in_turn = self.in_turn(Arc::clone(input));
                let is_whole = in_turn.output_partitioning().partition_count() == 1;
                if !deals_out || is_whole { in_turn } else { Arc::new(CoalescePartitionsExec::new(in_turn)) as _ }
            };
            let inputs = node.children().into_iter().map(input).collect();
            let options = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute);
            node.replace_children(inputs, options).map(Transformed::yes)
        });
        let plan = inside.data()?;
        // A sorted whole is brought together by its order.
        let is_sorted = plan.output_ordering().is_some();
        Ok(if is_sorted { plan } else { self.in_turn(plan) })
    }

    fn name(&self) -> &str {
        "take_partitions_in_turn"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// The partitions of its input on fewer lanes: each lane takes one after another.
#[derive(Debug, Clone)]
struct InTurnExec {
    input: Arc<dyn ExecutionPlan>,
    properties: Arc<PlanProperties>,
}

impl InTurnExec {
    fn new(input: Arc<dyn ExecutionPlan>, lanes: usize) -> Self {
        let mut equivalences = input.equivalence_properties().clone();
        equivalences.clear_orderings();
        equivalences.clear_per_partition_constants();
        let partitioning = Partitioning::UnknownPartitioning(lanes);
        let properties = PlanProperties::new(equivalences, partitioning, input.pipeline_behavior(), input.boundedness());
        Self { input, properties: Arc::new(properties) }
    }

    fn lanes(&self) -> usize {
        self.properties.output_partitioning().partition_count()
    }
}

impl DisplayAs for InTurnExec {
    fn fmt_as(&self, _format: DisplayFormatType, out: &mut Formatter<'_>) -> fmt::Result {
        write!(out, "InTurnExec: {} partitions on {} lanes", self.input.output_partitioning().partition_count(), self.lanes())
    }
}

impl ExecutionPlan for InTurnExec {
    fn name(&self) -> &'static str {
        "InTurnExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(&self, _tell: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![false]
    }

    fn replace_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
        _options: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let input = children.pop().ok_or_else(|| DataFusionError::Internal("partitions in turn have lost their input".to_owned()))?;
        Ok(Arc::new(Self::new(input, self.lanes())))
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn execute(&self, lane: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let (input, schema) = (Arc::clone(&self.input), self.schema());
        let partitions = (lane..input.output_partitioning().partition_count()).step_by(self.lanes());
        // Each begins when the one before has ended, and given its memory back.
        let rows = stream::iter(partitions).then(move |partition| {
            let begun = input.execute(partition, Arc::clone(&context));
            async move { begun }
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows.try_flatten())))
    }
}

#[cfg(test)]
mod tests {
    use arrow::util::pretty::pretty_format_batches;
    use datafusion::physical_plan::{collect, displayable};
    use datafusion::prelude::SessionContext;

    use super::*;
    use crate::lake::session;

    /// Cases and their papers, with more text than the limit holds.
    async fn province(context: &SessionContext, folder: &std::path::Path, cases: usize) {
        for (name, sql) in [
            (
                "cases",
                format!(
                    "SELECT value AS case_id, value % 97 AS unit, repeat(CAST(value AS VARCHAR), 20) AS said FROM generate_series(1, {cases})"
                ),
            ),
            (
                "papers",
                format!(
                    "SELECT (value * 7919) % {cases} + 1 AS case_id, value AS paper, repeat(CAST(value AS VARCHAR), 20) AS said FROM generate_series(1, {cases})"
                ),
            ),
        ] {
            let file = folder.join(format!("{name}.parquet"));
            context
                .sql(&format!("COPY ({sql}) TO '{}' STORED AS PARQUET", file.display()))
                .await
                .expect("planned")
                .collect()
                .await
                .expect("written");
            context.register_parquet(name, file.to_str().expect("a path"), Default::default()).await.expect("registered");
        }
    }

    const QUESTION: &str = "WITH joined AS (
          SELECT c.unit, c.said AS of_case, p.said AS of_paper, row_number() OVER (PARTITION BY c.case_id ORDER BY p.paper) AS nth
          FROM cases AS c LEFT JOIN papers AS p ON p.case_id = c.case_id)
        SELECT unit, count(*) AS n, sum(nth) AS turns, min(of_case) AS first, max(of_paper) AS last
        FROM joined GROUP BY unit";

    async fn answer(state: &SessionState) -> Result<String> {
        let logical = state.create_logical_plan(&format!("{QUESTION} ORDER BY unit")).await?;
        let plan = state.create_physical_plan(&logical).await?;
        Ok(pretty_format_batches(&collect(plan, state.task_ctx()).await?)?.to_string())
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_join_that_does_not_fit_at_once_is_answered_in_parts_and_alike() {
        const CASES: usize = 300_000;
        let folder = tempfile::tempdir().expect("temporary folder");
        let plenty = session(None, &folder.path().join("plenty"), 2).expect("a session");
        province(&plenty, folder.path(), CASES).await;
        let expected = answer(&plenty.state()).await.expect("answered");
        let short = session(Some(230 << 20), &folder.path().join("short"), 2).expect("a session");
        for name in ["cases", "papers"] {
            let file = folder.path().join(format!("{name}.parquet"));
            short.register_parquet(name, file.to_str().expect("a path"), Default::default()).await.expect("registered");
        }
        let at_once = answer(&short.state()).await.expect_err("one side of the join is larger than the limit");
        assert!(matches!(at_once.find_root(), DataFusionError::ResourcesExhausted(_)), "{at_once}");
        assert_eq!(answer(&in_parts(short.state())).await.expect("answered in parts"), expected);
    }

    #[tokio::test]
    async fn all_that_the_engine_would_run_at_once_runs_on_as_many_lanes_as_there_are_cores_and_one_task_deals_out() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let context = session(None, folder.path(), 2).expect("a session");
        province(&context, folder.path(), 20_000).await;
        let state = in_parts(context.state());
        let logical = state.create_logical_plan(QUESTION).await.expect("planned");
        let plan = state.create_physical_plan(&logical).await.expect("planned");
        assert_eq!(plan.output_partitioning().partition_count(), 2);
        let mut wide = Vec::new();
        plan.apply(|node| {
            let inputs = node.children();
            let lanes = if node.is::<RepartitionExec>() { 1 } else { 2 };
            let is_wide = |input: &&Arc<dyn ExecutionPlan>| input.output_partitioning().partition_count() > lanes;
            if runs_all_at_once(node) && inputs.iter().any(is_wide) {
                wide.push(displayable(node.as_ref()).one_line().to_string());
            }
            Ok(TreeNodeRecursion::Continue)
        })
        .expect("walked");
        assert_eq!(wide, Vec::<String>::new());
    }
}
