//! `row_number()` over rows that are sorted already.
//!
//! In: a physical plan. Out: the same plan, in which numbering reads a batch once, compares neighbours and counts. Never here: other window
//! functions, an order that is not there yet.
//!
//! The engine's own operator keeps a state for each partition: with two rows a partition, as keys of records have, that costs some
//! microseconds a row. Neighbours are compared as arrow's `partition` compares them, so that NULLs are one partition, as with the engine.

use std::fmt;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, UInt64Array};
use arrow::compute::{concat, partition};
use arrow::datatypes::SchemaRef;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::window::{StandardWindowExpr, WindowExpr};
use datafusion::physical_expr::{Distribution, OrderingRequirements, PhysicalExpr};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet, RecordOutput};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::windows::{BoundedWindowAggExec, WindowUDFExpr};
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, InputOrderMode, PlanProperties, ReplaceChildrenOptions,
};
use futures::StreamExt;

/// Puts [`RowNumberExec`] in the place of the engine's operator where nothing but `row_number()` is asked for.
#[derive(Debug)]
pub struct CountSortedRows;

impl PhysicalOptimizerRule for CountSortedRows {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_up(|node| match node.downcast_ref::<BoundedWindowAggExec>() {
            Some(window) if only_numbers_sorted_rows(window) => Ok(Transformed::yes(Arc::new(RowNumberExec::new(window.clone())) as _)),
            _ => Ok(Transformed::no(node)),
        })
        .data()
    }

    fn name(&self) -> &str {
        "count_sorted_rows"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

fn only_numbers_sorted_rows(window: &BoundedWindowAggExec) -> bool {
    let numbers = |expression: &Arc<dyn WindowExpr>| {
        let function = expression.as_any().downcast_ref::<StandardWindowExpr>().map(StandardWindowExpr::get_standard_func_expr);
        let function = function.and_then(|function| function.as_any().downcast_ref::<WindowUDFExpr>());
        function.is_some_and(|function| function.fun().name() == "row_number")
    };
    let is_partitioned = window.window_expr().first().is_some_and(|first| !first.partition_by().is_empty());
    matches!(window.input_order_mode, InputOrderMode::Sorted) && is_partitioned && window.window_expr().iter().all(numbers)
}

/// Numbers the rows of each partition by counting.
#[derive(Debug)]
pub struct RowNumberExec {
    /// The engine's operator: it says what comes in and what goes out.
    window: Arc<BoundedWindowAggExec>,
    metrics: ExecutionPlanMetricsSet,
}

impl RowNumberExec {
    fn new(window: BoundedWindowAggExec) -> Self {
        Self { window: Arc::new(window), metrics: ExecutionPlanMetricsSet::new() }
    }
}

impl DisplayAs for RowNumberExec {
    fn fmt_as(&self, _format: DisplayFormatType, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.window.window_expr().iter().map(|expression| expression.name()).collect();
        write!(out, "RowNumberExec: [{}]", names.join(", "))
    }
}

impl ExecutionPlan for RowNumberExec {
    fn name(&self) -> &'static str {
        "RowNumberExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.window.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![self.window.input()]
    }

    fn apply_expressions(&self, tell: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>) -> Result<TreeNodeRecursion> {
        self.window.apply_expressions(tell)
    }

    fn required_input_distribution(&self) -> Vec<Distribution> {
        self.window.input_distribution_requirements().into_per_child()
    }

    fn required_input_ordering(&self) -> Vec<Option<OrderingRequirements>> {
        self.window.required_input_ordering()
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        _options: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let options = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute);
        let window = Arc::clone(&self.window).replace_children(children, options)?;
        let window = window.downcast_ref::<BoundedWindowAggExec>();
        let window = window.ok_or_else(|| DataFusionError::Internal("numbering has lost its window".to_owned()))?;
        Ok(Arc::new(Self::new(window.clone())))
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let schema = self.window.schema();
        let mut numbering = Numbering {
            keys: self.window.window_expr()[0].partition_by().to_vec(),
            columns: self.window.window_expr().len(),
            schema: Arc::clone(&schema),
            last: None,
        };
        let metrics = BaselineMetrics::new(&self.metrics, partition);
        let rows = self.window.input().execute(partition, context)?.map(move |batch| {
            let batch = batch?;
            let _timer = metrics.elapsed_compute().timer();
            numbering.numbered(&batch).record_output(&metrics)
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}

/// Where the numbering stands in one stream.
struct Numbering {
    keys: Vec<Arc<dyn PhysicalExpr>>,
    /// How many columns are numbered: over the same partitions and order, so alike.
    columns: usize,
    schema: SchemaRef,
    /// The keys of the last row, and its number.
    last: Option<(Vec<ArrayRef>, u64)>,
}

impl Numbering {
    fn numbered(&mut self, batch: &RecordBatch) -> Result<RecordBatch> {
        let numbers: ArrayRef = Arc::new(UInt64Array::from(self.numbers(batch)?));
        let columns = batch.columns().iter().cloned().chain(std::iter::repeat_n(numbers, self.columns));
        Ok(RecordBatch::try_new(Arc::clone(&self.schema), columns.collect())?)
    }

    fn numbers(&mut self, batch: &RecordBatch) -> Result<Vec<u64>> {
        let rows = batch.num_rows();
        if rows == 0 {
            return Ok(Vec::new());
        }
        let keys: Vec<ArrayRef> = self.keys.iter().map(|key| key.evaluate(batch)?.into_array(rows)).collect::<Result<_>>()?;
        let mut number = match &self.last {
            Some((last, number)) if are_equal(last, &keys)? => *number,
            _ => 0,
        };
        let mut numbers = Vec::with_capacity(rows);
        for range in partition(&keys)?.ranges() {
            numbers.extend((1..=range.len() as u64).map(|within| number + within));
            // Only the first partition of a batch may have begun before it.
            number = 0;
        }
        self.last = Some((keys.iter().map(|key| key.slice(rows - 1, 1)).collect(), numbers[rows - 1]));
        Ok(numbers)
    }
}

/// Whether the one row of `last` and the first of `keys` are of one partition.
fn are_equal(last: &[ArrayRef], keys: &[ArrayRef]) -> Result<bool> {
    let both: Vec<ArrayRef> =
        last.iter().zip(keys).map(|(last, key)| concat(&[last.as_ref(), key.slice(0, 1).as_ref()])).collect::<Result<_, _>>()?;
    Ok(partition(&both)?.len() == 1)
}

#[cfg(test)]
mod tests {
    use datafusion::execution::SessionStateBuilder;
    use datafusion::physical_plan::displayable;
    use datafusion::prelude::{SessionConfig, SessionContext};
    use proptest::prelude::*;

    use super::*;

    /// A session that numbers by counting, and one that does not.
    fn sessions(batch_size: usize, partitions: usize) -> [SessionContext; 2] {
        let config = || SessionConfig::new().with_batch_size(batch_size).with_target_partitions(partitions);
        let state = SessionStateBuilder::new().with_default_features().with_config(config());
        [
            SessionContext::new_with_state(state.with_physical_optimizer_rule(Arc::new(CountSortedRows)).build()),
            SessionContext::new_with_config(config()),
        ]
    }

    async fn answer(context: &SessionContext, sql: &str) -> (String, String) {
        let plan = context.sql(sql).await.expect("planned").create_physical_plan().await.expect("planned");
        let text = displayable(plan.as_ref()).indent(false).to_string();
        let batches = datafusion::physical_plan::collect(plan, context.task_ctx()).await.expect("answered");
        let mut lines: Vec<String> =
            arrow::util::pretty::pretty_format_batches(&batches).expect("text").to_string().lines().map(str::to_owned).collect();
        lines.sort();
        (text, lines.join("\n"))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        #[test]
        fn rows_are_numbered_as_the_engine_numbers_them(
            rows in prop::collection::vec((prop::option::of(0..4u8), prop::option::of("[ab]"), 0..1000u32), 0..60),
            batch_size in 1usize..9,
            partitions in 1usize..4,
        ) {
            let text = |value: Option<String>| value.map_or("NULL".to_owned(), |value| format!("'{value}'"));
            let listed: Vec<String> = rows
                .iter()
                .enumerate()
                .map(|(place, (key, word, day))| {
                    let key = key.map_or("CAST(NULL AS BIGINT)".to_owned(), |key| key.to_string());
                    format!("({place}, {key}, {}, {day})", text(word.clone()))
                })
                .chain(["(-1, 0, 'a', 0)".to_owned()])
                .collect();
            let sql = format!(
                "SELECT place, row_number() OVER (PARTITION BY key, word ORDER BY day, place) AS nth,
                        row_number() OVER (PARTITION BY key, word ORDER BY day, place) + 1 AS next
                 FROM (VALUES {}) AS t (place, key, word, day)",
                listed.join(", ")
            );
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().expect("a runtime");
            let [ours, theirs] = sessions(batch_size, partitions);
            let (plan, own) = runtime.block_on(answer(&ours, &sql));
            prop_assert!(plan.contains("RowNumberExec") && !plan.contains("BoundedWindowAggExec"), "{}", plan);
            prop_assert_eq!(own, runtime.block_on(answer(&theirs, &sql)).1);
        }
    }

    #[tokio::test]
    async fn what_is_not_only_numbered_is_left_to_the_engine() {
        let [ours, _] = sessions(8, 2);
        for window in ["sum(b) OVER (PARTITION BY a ORDER BY b)", "row_number() OVER (ORDER BY b)"] {
            let (plan, _) = answer(&ours, &format!("SELECT {window} AS n FROM (VALUES (1, 2), (1, 3), (2, 4)) AS t (a, b)")).await;
            assert!(!plan.contains("RowNumberExec"), "{plan}");
        }
    }
}
