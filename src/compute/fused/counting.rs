//! A SELECT of an indicator, understood as counts over the rows of one relation.
//!
//! In: the plan of a SELECT. Out: what it counts, over steps of the relation's [`Graph`]; or in words why it is not understood. Never here:
//! rows.
//!
//! What is understood: `SELECT … FROM (row by row above one relation) [WHERE …] GROUP BY …`, with `count(*)`, `count(x)` and `sum(x)` of whole
//! numbers and decimals, each with or without FILTER, and any arithmetic over these. `WHERE` and `FILTER` take NULL as false, a group is
//! there when a row passed `WHERE`, NULL is a group of its own, and the sum of nothing is NULL: as in SQL.

use std::fmt;
use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::{DFSchemaRef, DataFusionError};
use datafusion::execution::SessionState;
use datafusion::logical_expr::expr::AggregateFunction;
use datafusion::logical_expr::{Aggregate, Expr, LogicalPlan, Projection};

use super::graph::{Graph, Layer, StepId, layers_above};

/// Why a SELECT is answered alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotFused(pub String);

impl fmt::Display for NotFused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<DataFusionError> for NotFused {
    fn from(error: DataFusionError) -> Self {
        let said = error.strip_backtrace();
        Self(said.strip_prefix("Error during planning: ").unwrap_or(&said).to_owned())
    }
}

/// What is added up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Total {
    /// Rows; where an argument is given, those in which it is not NULL.
    Rows(Option<StepId>),
    /// Values.
    Sum(StepId),
}

/// One aggregate of a SELECT.
#[derive(Debug, Clone)]
pub struct Counted {
    /// What is added up.
    pub total: Total,
    /// Conditions of its FILTER, all of which must be true; sorted.
    pub conditions: Vec<StepId>,
    /// Type of the figure.
    pub kind: DataType,
}

/// A SELECT as counts.
#[derive(Debug, Clone)]
pub struct Counting {
    /// Conditions that every row must pass; sorted.
    pub conditions: Vec<StepId>,
    /// What the rows are grouped by.
    pub groups: Vec<StepId>,
    /// The aggregates, in the plan's order.
    pub counted: Vec<Counted>,
    /// Groups and figures as the plan calls them.
    pub aggregated: DFSchemaRef,
    /// What the SELECT makes of them.
    pub select: Vec<Expr>,
    /// The SELECT's columns.
    pub schema: DFSchemaRef,
}

/// The parts of a SELECT that counts rows of a relation.
#[derive(Debug)]
pub struct Parts<'a> {
    projection: &'a Projection,
    aggregate: &'a Aggregate,
    layers: Vec<&'a LogicalPlan>,
    /// What the rows come from.
    pub relation: &'a LogicalPlan,
}

/// Takes a SELECT apart, down to the first node that is no projection, condition or alias, or that `is_relation` says to stop at.
///
/// # Errors
/// A form that is not understood, in words.
pub fn taken_apart<'a>(plan: &'a LogicalPlan, is_relation: &dyn Fn(&LogicalPlan) -> bool) -> Result<Parts<'a>, NotFused> {
    let LogicalPlan::Projection(projection) = plan else {
        return Err(NotFused(format!("it ends with {}", kind_of(plan))));
    };
    let LogicalPlan::Aggregate(aggregate) = projection.input.as_ref() else {
        return Err(NotFused(format!("its SELECT stands over {} and not over a GROUP BY", kind_of(&projection.input))));
    };
    let (layers, relation) = layers_above(&aggregate.input, is_relation);
    Ok(Parts { projection, aggregate, layers, relation })
}

fn kind_of(node: &LogicalPlan) -> String {
    let line = node.display().to_string();
    line.split([':', ' ']).next().unwrap_or("a node").to_owned()
}

impl Parts<'_> {
    /// How many nodes stand between the GROUP BY and the relation.
    pub fn depth(&self) -> usize {
        self.layers.len()
    }
}

/// The parts of the same SELECT after the analyser has seen it: it changes no node but the expressions in it.
///
/// # Errors
/// An analysed plan of another form.
pub fn taken_apart_to<'a>(plan: &'a LogicalPlan, depth: usize) -> Result<Parts<'a>, NotFused> {
    let left = std::cell::Cell::new(depth);
    let is_relation = |_: &LogicalPlan| {
        let ends = left.get() == 0;
        left.set(left.get().saturating_sub(1));
        ends
    };
    let parts = taken_apart(plan, &is_relation)?;
    if parts.depth() == depth { Ok(parts) } else { Err(NotFused("the analyser has changed its form".to_owned())) }
}

impl Counting {
    /// Reads the parts of an analysed SELECT into the graph of its relation.
    ///
    /// # Errors
    /// What is not understood, in words.
    pub fn read(state: &SessionState, graph: &mut Graph, parts: &Parts<'_>) -> Result<Self, NotFused> {
        let mut layer = graph.relation(parts.relation.schema());
        let mut conditions = graph.counting_rows().to_vec();
        for node in &parts.layers {
            match node {
                LogicalPlan::Projection(projection) => {
                    layer = graph.projected(state, &projection.expr, &layer, &projection.schema)?;
                }
                LogicalPlan::Filter(filter) => {
                    conditions.extend(graph.conditions(state, &filter.predicate, &layer)?);
                    layer.is_guarded = true;
                }
                other => layer = Graph::renamed(&layer, other.schema()),
            }
        }
        let groups: Vec<StepId> =
            parts.aggregate.group_expr.iter().map(|group| graph.add(state, group, &layer)).collect::<Result<_, _>>()?;
        for group in &groups {
            let kind = graph.kind(*group);
            if !is_groupable(kind) {
                return Err(NotFused(format!("it groups by a value of type {kind}")));
            }
        }
        let mut counted = Vec::new();
        let fields = parts.aggregate.schema.fields();
        for (place, expression) in parts.aggregate.aggr_expr.iter().enumerate() {
            let kind = fields[groups.len() + place].data_type().clone();
            counted.push(read_aggregate(state, graph, expression, &layer, kind)?);
        }
        sort(&mut conditions);
        Ok(Self {
            conditions,
            groups,
            counted,
            aggregated: Arc::clone(&parts.aggregate.schema),
            select: parts.projection.expr.clone(),
            schema: Arc::clone(&parts.projection.schema),
        })
    }

    /// Every step that the counts ask for.
    pub fn asks(&self) -> impl Iterator<Item = StepId> {
        let of_counted = self.counted.iter().flat_map(|counted| {
            let value = match counted.total {
                Total::Rows(value) => value,
                Total::Sum(value) => Some(value),
            };
            counted.conditions.iter().copied().chain(value)
        });
        self.conditions.iter().copied().chain(self.groups.iter().copied()).chain(of_counted)
    }
}

fn sort(conditions: &mut Vec<StepId>) {
    conditions.sort_unstable();
    conditions.dedup();
}

fn is_groupable(kind: &DataType) -> bool {
    match kind {
        DataType::Dictionary(_, value) => is_groupable(value),
        kind => {
            matches!(kind, DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8 | DataType::Date32 | DataType::Boolean)
                || kind.is_signed_integer()
        }
    }
}

fn read_aggregate(state: &SessionState, graph: &mut Graph, expression: &Expr, layer: &Layer, kind: DataType) -> Result<Counted, NotFused> {
    let bare = expression.clone().unalias_nested().data;
    let Expr::AggregateFunction(AggregateFunction { func, params }) = &bare else {
        return Err(NotFused(format!("`{bare}` is no aggregate")));
    };
    if params.distinct || !params.order_by.is_empty() || params.null_treatment.is_some() {
        return Err(NotFused(format!("`{}` counts distinct values or in an order", func.name())));
    }
    let mut conditions = Vec::new();
    if let Some(filter) = &params.filter {
        conditions = graph.conditions(state, filter, layer)?;
    }
    sort(&mut conditions);
    let total = match (func.name(), params.args.as_slice()) {
        ("count", [Expr::Literal(value, _)]) if !value.is_null() => Total::Rows(None),
        ("count", []) => Total::Rows(None),
        ("count", [argument]) => Total::Rows(Some(graph.add(state, argument, layer)?)),
        ("sum", [argument]) => {
            let value = graph.add(state, argument, layer)?;
            let of = graph.kind(value);
            if !(of.is_signed_integer() || matches!(of, DataType::Decimal128(..))) {
                return Err(NotFused(format!("it sums values of type {of}")));
            }
            if let (DataType::Decimal128(_, one), DataType::Decimal128(_, two)) = (of, &kind)
                && one != two
            {
                return Err(NotFused("its sum has another scale than its values".to_owned()));
            }
            Total::Sum(value)
        }
        (name, _) => return Err(NotFused(format!("`{name}` is neither a count nor a sum"))),
    };
    Ok(Counted { total, conditions, kind })
}
