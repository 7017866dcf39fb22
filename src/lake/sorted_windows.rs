//! Window functions over rows that are sorted already.
//!
//! In: a physical plan. Out: the same plan, in which such a window reads a batch once and compares neighbours: `row_number()`, `lag` and `lead` by one
//! row, sums, counts, least and largest values of the rows so far (`ROWS UNBOUNDED PRECEDING`). Never here: other windows, which stay the engine's; an
//! order that is not there yet.
//!
//! The engine's own operator keeps a state for each partition: with two rows a partition, as keys of records have, that costs some
//! microseconds a row. Neighbours are compared as arrow's `partition` compares them, so that NULLs are one partition, as with the engine.

use std::fmt;
use std::future::ready;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, RecordBatch, UInt64Array, new_null_array};
use arrow::compute::{concat, nullif, partition};
use arrow::datatypes::SchemaRef;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Accumulator, WindowFrame, WindowFrameBound, WindowFrameUnits};
use datafusion::physical_expr::window::{PlainAggregateWindowExpr, StandardWindowExpr, StandardWindowFunctionExpr, WindowExpr};
use datafusion::physical_expr::{Distribution, OrderingRequirements, PhysicalExpr};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet, RecordOutput};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::windows::{BoundedWindowAggExec, WindowUDFExpr};
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, InputOrderMode, PlanProperties, ReplaceChildrenOptions,
};
use futures::{StreamExt, stream};

/// Aggregates that can be asked after every row.
const RUNNING: [&str; 4] = ["count", "sum", "min", "max"];

/// Puts [`SortedWindowExec`] in the place of the engine's operator where it knows all that is asked for.
#[derive(Debug)]
pub struct ReadSortedRowsOnce;

impl PhysicalOptimizerRule for ReadSortedRowsOnce {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_up(|node| match node.downcast_ref::<BoundedWindowAggExec>().and_then(SortedWindowExec::of) {
            Some(sorted) => Ok(Transformed::yes(Arc::new(sorted) as _)),
            None => Ok(Transformed::no(node)),
        })
        .data()
    }

    fn name(&self) -> &str {
        "read_sorted_rows_once"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// For a frame of the rows so far, whether a row itself belongs to it.
fn ends_with_own_row(frame: &WindowFrame) -> Option<bool> {
    let is_so_far = frame.units == WindowFrameUnits::Rows && frame.start_bound.is_unbounded();
    match &frame.end_bound {
        WindowFrameBound::CurrentRow if is_so_far => Some(true),
        WindowFrameBound::Preceding(ScalarValue::UInt64(Some(1))) if is_so_far => Some(false),
        _ => None,
    }
}

/// Answers window functions by comparing each row with the one before.
#[derive(Debug)]
pub struct SortedWindowExec {
    /// The engine's operator: it says what comes in and what goes out.
    window: Arc<BoundedWindowAggExec>,
    metrics: ExecutionPlanMetricsSet,
}

impl SortedWindowExec {
    /// In the place of `window`, if all of its functions are known.
    fn of(window: &BoundedWindowAggExec) -> Option<Self> {
        let is_partitioned = !window.window_expr().first()?.partition_by().is_empty();
        let is_sorted = matches!(window.input_order_mode, InputOrderMode::Sorted);
        let sorted = Self { window: Arc::new(window.clone()), metrics: ExecutionPlanMetricsSet::new() };
        (is_partitioned && is_sorted && sorted.functions().is_some()).then_some(sorted)
    }

    /// What is asked for, at the beginning of a stream; none where one of them is not known.
    fn functions(&self) -> Option<Vec<Function>> {
        self.window.window_expr().iter().map(Function::of).collect()
    }
}

impl DisplayAs for SortedWindowExec {
    fn fmt_as(&self, _format: DisplayFormatType, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.window.window_expr().iter().map(|expression| expression.name()).collect();
        write!(out, "SortedWindowExec: [{}]", names.join(", "))
    }
}

impl ExecutionPlan for SortedWindowExec {
    fn name(&self) -> &'static str {
        "SortedWindowExec"
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
        let sorted = window.downcast_ref::<BoundedWindowAggExec>().and_then(Self::of);
        Ok(Arc::new(sorted.ok_or_else(|| DataFusionError::Internal("sorted rows have lost their window".to_owned()))?))
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let schema = self.window.schema();
        let mut reading = Reading {
            keys: self.window.window_expr()[0].partition_by().to_vec(),
            functions: self.functions().ok_or_else(|| DataFusionError::Internal("a window has lost its functions".to_owned()))?,
            schema: Arc::clone(&schema),
            last_keys: None,
            waiting: None,
        };
        let metrics = BaselineMetrics::new(&self.metrics, partition);
        let batches = self.window.input().execute(partition, context)?.map(|batch| batch.map(Some)).chain(stream::iter([Ok(None)]));
        let rows = batches.filter_map(move |batch| {
            let _timer = metrics.elapsed_compute().timer();
            let read = batch.and_then(|batch| match batch {
                Some(batch) => reading.read(&batch),
                None => reading.finished(None),
            });
            ready(read.transpose().map(|rows| rows.record_output(&metrics)))
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}

/// Where the reading stands in one stream.
struct Reading {
    keys: Vec<Arc<dyn PhysicalExpr>>,
    functions: Vec<Function>,
    schema: SchemaRef,
    /// Keys of the last row.
    last_keys: Option<Vec<ArrayRef>>,
    /// The last batch, where the row after it is asked for.
    waiting: Option<Waiting>,
}

/// What is asked of each row, and where one stream stands with it.
enum Function {
    RowNumber {
        last: u64,
    },
    /// The value of the row before.
    Before {
        value: Arc<dyn PhysicalExpr>,
        last: Option<ArrayRef>,
    },
    /// The value of the row after.
    After {
        value: Arc<dyn PhysicalExpr>,
    },
    /// An aggregate of the rows so far.
    SoFar {
        of: Arc<dyn WindowExpr>,
        with_own_row: bool,
        so_far: Box<dyn Accumulator>,
    },
}

/// A batch whose rows are known but for what comes after the last one.
struct Waiting {
    batch: RecordBatch,
    /// Which rows begin a partition.
    begins: Vec<bool>,
    /// The finished columns; for what asks for the row after, the row's own value.
    columns: Vec<ArrayRef>,
}

impl Function {
    /// At the beginning of a stream; none for what is not known.
    fn of(expression: &Arc<dyn WindowExpr>) -> Option<Self> {
        match expression.as_any().downcast_ref::<StandardWindowExpr>() {
            Some(standard) => Self::of_standard(standard.get_standard_func_expr().as_any().downcast_ref::<WindowUDFExpr>()?),
            None => {
                let with_own_row = ends_with_own_row(expression.get_window_frame())?;
                let plain = expression.as_any().downcast_ref::<PlainAggregateWindowExpr>()?;
                let aggregate = plain.get_aggregate_expr();
                // The engine shows a FILTER nowhere else.
                let is_whole = !aggregate.is_distinct() && format!("{plain:?}").ends_with("filter: None }");
                let is_known = is_whole && RUNNING.contains(&aggregate.fun().name());
                let so_far = accumulator(expression).ok().filter(|_| is_known)?;
                Some(Self::SoFar { of: Arc::clone(expression), with_own_row, so_far })
            }
        }
    }

    fn of_standard(function: &WindowUDFExpr) -> Option<Self> {
        /// A row with as many before and after it that one step can be told from several.
        const ROW: usize = 9;
        const ROWS: usize = 20;
        match (function.fun().name(), function.args()) {
            ("row_number", _) => Some(Self::RowNumber { last: 0 }),
            ("lag" | "lead", [value]) => {
                // The engine turns functions round where rows are sorted the other way: what is looked at says which it is, and that no NULL is passed over.
                let looked_at = function.create_evaluator().ok()?.get_range(ROW, ROWS).ok()?;
                if looked_at == (ROW - 1..ROW + 1) {
                    Some(Self::Before { value: Arc::clone(value), last: None })
                } else {
                    (looked_at == (ROW..ROW + 1)).then(|| Self::After { value: Arc::clone(value) })
                }
            }
            _ => None,
        }
    }

    /// The column of a batch that has rows.
    fn read(&mut self, batch: &RecordBatch, begins: &[bool]) -> Result<ArrayRef> {
        let rows = batch.num_rows();
        match self {
            Self::RowNumber { last } => {
                let number = |begins: &bool| {
                    *last = if *begins { 1 } else { *last + 1 };
                    *last
                };
                Ok(Arc::new(begins.iter().map(number).collect::<UInt64Array>()))
            }
            Self::Before { value, last } => {
                let values = value.evaluate(batch)?.into_array(rows)?;
                let before = last.replace(values.slice(rows - 1, 1)).unwrap_or_else(|| new_null_array(values.data_type(), 1));
                without(&concat(&[before.as_ref(), values.slice(0, rows - 1).as_ref()])?, begins.to_vec())
            }
            Self::After { value } => value.evaluate(batch)?.into_array(rows),
            Self::SoFar { of, with_own_row, so_far } => {
                let arguments: Vec<ArrayRef> =
                    of.expressions().iter().map(|argument| argument.evaluate(batch)?.into_array(rows)).collect::<Result<_>>()?;
                let mut values = Vec::with_capacity(rows);
                for (row, begins) in begins.iter().enumerate() {
                    if *begins {
                        *so_far = accumulator(of)?;
                    }
                    let own: Vec<ArrayRef> = arguments.iter().map(|argument| argument.slice(row, 1)).collect();
                    if *with_own_row {
                        so_far.update_batch(&own)?;
                        values.push(so_far.evaluate()?);
                    } else {
                        values.push(so_far.evaluate()?);
                        so_far.update_batch(&own)?;
                    }
                }
                ScalarValue::iter_to_array(values)
            }
        }
    }
}

fn accumulator(of: &Arc<dyn WindowExpr>) -> Result<Box<dyn Accumulator>> {
    let plain = of.as_any().downcast_ref::<PlainAggregateWindowExpr>();
    plain
        .ok_or_else(|| DataFusionError::Internal("an aggregate over a window is none".to_owned()))?
        .get_aggregate_expr()
        .create_accumulator()
}

/// The values, without those of these rows.
fn without(values: &ArrayRef, rows: Vec<bool>) -> Result<ArrayRef> {
    Ok(nullif(values, &BooleanArray::from(rows))?)
}

impl Reading {
    /// Takes a batch, and gives what is finished by it.
    fn read(&mut self, batch: &RecordBatch) -> Result<Option<RecordBatch>> {
        let rows = batch.num_rows();
        if rows == 0 {
            return Ok(None);
        }
        let keys: Vec<ArrayRef> = self.keys.iter().map(|key| key.evaluate(batch)?.into_array(rows)).collect::<Result<_>>()?;
        let mut begins = vec![false; rows];
        partition(&keys)?.ranges().iter().for_each(|range| begins[range.start] = true);
        begins[0] = !self.last_keys.as_ref().map_or(Ok(false), |last| are_equal(last, &keys))?;
        self.last_keys = Some(keys.iter().map(|key| key.slice(rows - 1, 1)).collect());
        let columns = self.functions.iter_mut().map(|function| function.read(batch, &begins)).collect::<Result<_>>()?;
        let read = Waiting { batch: batch.clone(), begins, columns };
        if self.functions.iter().any(|function| matches!(function, Function::After { .. })) {
            let finished = self.finished(Some(&read));
            self.waiting = Some(read);
            return finished;
        }
        self.rows_of(read).map(Some)
    }

    /// The batch that waits, if one does; `next` is what follows it.
    fn finished(&mut self, next: Option<&Waiting>) -> Result<Option<RecordBatch>> {
        let Some(mut waiting) = self.waiting.take() else { return Ok(None) };
        let is_last: Vec<bool> = waiting.begins[1..].iter().copied().chain([next.is_none_or(|next| next.begins[0])]).collect();
        for (place, function) in self.functions.iter().enumerate() {
            if matches!(function, Function::After { .. }) {
                let own = &waiting.columns[place];
                let after = next.map_or_else(|| new_null_array(own.data_type(), 1), |next| next.columns[place].slice(0, 1));
                let shifted = concat(&[own.slice(1, own.len() - 1).as_ref(), after.as_ref()])?;
                waiting.columns[place] = without(&shifted, is_last.clone())?;
            }
        }
        self.rows_of(waiting).map(Some)
    }

    fn rows_of(&self, read: Waiting) -> Result<RecordBatch> {
        Ok(RecordBatch::try_new(Arc::clone(&self.schema), read.batch.columns().iter().cloned().chain(read.columns).collect())?)
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

    /// A session that reads sorted rows once, and one that does not.
    fn sessions(batch_size: usize, partitions: usize) -> [SessionContext; 2] {
        let config = || SessionConfig::new().with_batch_size(batch_size).with_target_partitions(partitions);
        let state = SessionStateBuilder::new().with_default_features().with_config(config());
        [
            SessionContext::new_with_state(state.with_physical_optimizer_rule(Arc::new(ReadSortedRowsOnce)).build()),
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
        fn neighbours_are_read_as_the_engine_reads_them(
            rows in prop::collection::vec((prop::option::of(0..4u8), prop::option::of("[ab]"), prop::option::of(0..1000i32)), 0..60),
            batch_size in 1usize..9,
            partitions in 1usize..4,
        ) {
            let number = |value: Option<i32>| value.map_or("CAST(NULL AS BIGINT)".to_owned(), |value| value.to_string());
            let text = |value: Option<String>| value.map_or("NULL".to_owned(), |value| format!("'{value}'"));
            let listed: Vec<String> = rows
                .iter()
                .enumerate()
                .map(|(place, (key, word, day))| format!("({place}, {}, {}, {})", number(key.map(i32::from)), text(word.clone()), number(*day)))
                .chain(["(-1, 0, 'a', 0)".to_owned()])
                .collect();
            // Functions that are asked for with others, in both directions, and by themselves.
            let asked = [
                "row_number() OVER w, row_number() OVER w + 1",
                "lag(day) OVER w, lag(word) OVER w, lead(day) OVER w, lead(word) OVER w, row_number() OVER w",
                "lag(make_array(day, place)) OVER w, lead(arrow_cast(word, 'Dictionary(Int32, Utf8)')) OVER w",
                "lead(place) OVER w, lag(place) OVER (PARTITION BY key, word ORDER BY day DESC, place DESC)",
                "sum(day) OVER so_far, min(day) OVER so_far, max(word) OVER so_far, count(*) OVER so_far, count(day) OVER so_far",
                "sum(day) OVER before, max(day) OVER before, count(*) OVER before, lag(day) OVER w, lead(day) OVER w",
                "sum(CAST(day AS DECIMAL(18, 2))) OVER so_far, sum(CAST(day AS DOUBLE)) OVER before",
            ];
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().expect("a runtime");
            let [ours, theirs] = sessions(batch_size, partitions);
            for asked in asked {
                let sql = format!(
                    "SELECT place, {asked} FROM (VALUES {}) AS t (place, key, word, day)
                     WINDOW w AS (PARTITION BY key, word ORDER BY day, place),
                            so_far AS (PARTITION BY key, word ORDER BY day, place ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW),
                            before AS (PARTITION BY key, word ORDER BY day, place ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)",
                    listed.join(", ")
                );
                let (plan, own) = runtime.block_on(answer(&ours, &sql));
                prop_assert!(plan.contains("SortedWindowExec") && !plan.contains("BoundedWindowAggExec"), "{}", plan);
                prop_assert_eq!(own, runtime.block_on(answer(&theirs, &sql)).1);
            }
        }
    }

    #[tokio::test]
    async fn what_is_not_known_is_left_to_the_engine() {
        let [ours, theirs] = sessions(2, 2);
        for window in [
            "sum(b) OVER (PARTITION BY a ORDER BY b)",
            "sum(b) OVER (PARTITION BY a ORDER BY b ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)",
            "sum(b) FILTER (WHERE b > 2) OVER (PARTITION BY a ORDER BY b ROWS UNBOUNDED PRECEDING)",
            "count(*) FILTER (WHERE b > 2) OVER (PARTITION BY a ORDER BY b ROWS UNBOUNDED PRECEDING)",
            "max(b) FILTER (WHERE b < 9) OVER (PARTITION BY a ORDER BY b ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)",
            "count(DISTINCT b) OVER (PARTITION BY a ORDER BY b ROWS UNBOUNDED PRECEDING)",
            "avg(b) OVER (PARTITION BY a ORDER BY b ROWS UNBOUNDED PRECEDING)",
            "row_number() OVER (ORDER BY b)",
            "lag(b, 2) OVER (PARTITION BY a ORDER BY b)",
            "lag(b) IGNORE NULLS OVER (PARTITION BY a ORDER BY b)",
            "lead(b) IGNORE NULLS OVER (PARTITION BY a ORDER BY b)",
            "lead(b, 1, 7) OVER (PARTITION BY a ORDER BY b)",
        ] {
            let sql = format!("SELECT a, b, {window} AS n FROM (VALUES (1, 2), (1, 3), (2, 4), (1, NULL), (1, 9)) AS t (a, b)");
            let (plan, own) = answer(&ours, &sql).await;
            assert!(!plan.contains("SortedWindowExec"), "{plan}");
            assert_eq!(own, answer(&theirs, &sql).await.1);
        }
    }
}
