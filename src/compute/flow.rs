//! Whether what some source columns hold may stand in a column of a plan.
//!
//! In: a logical plan with views inlined, and which source columns are asked for. Out: a truth for each output column. Never here: expressions over source columns
//! (that is `lineage`, whose answers grow with every window over a window), rows.
//!
//! Of a CASE its branches count and its conditions don't, of a comparison and any other truth nothing, of a count nothing unless counts are asked for. What can't be looked into
//! (a subquery, a node of another engine) may hold anything.

use arrow::datatypes::DataType;
use datafusion::common::{Column, DFSchema};
use datafusion::logical_expr::{BinaryExpr, Distinct, Expr, ExprSchemable, JoinType, LogicalPlan};

use crate::library::Library;
use crate::library::at_freeze::source_name;
use crate::library::contract;

/// What is asked for.
pub struct Flow<'a> {
    /// Contracts of the source tables.
    pub library: &'a Library,
    /// Which columns of them.
    pub is_of: &'a dyn Fn(&contract::Column) -> bool,
    /// Whether a count of whatever rows is asked for as well.
    pub counts: bool,
}

/// Functions whose answer holds nothing of the text that they look at; of two places `asin` tells how far they lie apart, and not where.
const TELL_LITTLE: [&str; 16] = [
    "array_has",
    "array_length",
    "asin",
    "cardinality",
    "char_length",
    "character_length",
    "contains",
    "ends_with",
    "length",
    "octet_length",
    "picture_distance",
    "regexp_like",
    "starts_with",
    "strpos",
    "text_similarity",
    "uscc_is_valid",
];

/// Counts and places in an order.
const COUNTS: [&str; 7] = ["approx_distinct", "count", "cume_dist", "dense_rank", "percent_rank", "rank", "row_number"];

/// Truths over rows.
const TRUTHS: [&str; 2] = ["bool_and", "bool_or"];

impl Flow<'_> {
    /// For each column of the plan whether such a value may stand in it.
    pub fn through(&self, plan: &LogicalPlan) -> Vec<bool> {
        match plan {
            LogicalPlan::TableScan(scan) => {
                let table = self.library.tables.get(source_name(scan.table_name.table()));
                let holds = |name: &str| table.and_then(|table| table.column(name)).is_some_and(|column| (self.is_of)(column));
                scan.projected_schema.fields().iter().map(|field| holds(field.name())).collect()
            }
            LogicalPlan::SubqueryAlias(alias) => self.through(&alias.input),
            LogicalPlan::Subquery(subquery) => self.through(&subquery.subquery),
            LogicalPlan::Sort(sort) => self.through(&sort.input),
            LogicalPlan::Repartition(repartition) => self.through(&repartition.input),
            LogicalPlan::Limit(limit) => self.through(&limit.input),
            LogicalPlan::Filter(filter) => self.through(&filter.input),
            LogicalPlan::Distinct(Distinct::All(input)) => self.through(input),
            LogicalPlan::Distinct(Distinct::On(on)) => self.of_all(&on.select_expr, &on.input),
            LogicalPlan::Projection(projection) => self.of_all(&projection.expr, &projection.input),
            LogicalPlan::Aggregate(aggregate) => {
                self.of_all(&[aggregate.group_expr.as_slice(), &aggregate.aggr_expr].concat(), &aggregate.input)
            }
            LogicalPlan::Window(window) => {
                let below = self.through(&window.input);
                let added = self.of_each(&window.window_expr, &window.input, &below);
                [below, added].concat()
            }
            LogicalPlan::Join(join) => match join.join_type {
                JoinType::LeftSemi | JoinType::LeftAnti => self.through(&join.left),
                JoinType::RightSemi | JoinType::RightAnti => self.through(&join.right),
                JoinType::LeftMark => [self.through(&join.left), vec![false]].concat(),
                JoinType::RightMark => [self.through(&join.right), vec![false]].concat(),
                _ => [self.through(&join.left), self.through(&join.right)].concat(),
            },
            LogicalPlan::Union(union) => {
                let of_inputs: Vec<Vec<bool>> = union.inputs.iter().map(|input| self.through(input)).collect();
                (0..plan.schema().fields().len()).map(|place| of_inputs.iter().any(|of| of.get(place).copied().unwrap_or(true))).collect()
            }
            LogicalPlan::Unnest(unnest) => {
                let input = self.through(&unnest.input);
                unnest.dependency_indices.iter().map(|place| input.get(*place).copied().unwrap_or(true)).collect()
            }
            LogicalPlan::EmptyRelation(_) | LogicalPlan::Values(_) => vec![false; plan.schema().fields().len()],
            other => vec![true; other.schema().fields().len()],
        }
    }

    fn of_all(&self, expressions: &[Expr], input: &LogicalPlan) -> Vec<bool> {
        self.of_each(expressions, input, &self.through(input))
    }

    fn of_each(&self, expressions: &[Expr], input: &LogicalPlan, columns: &[bool]) -> Vec<bool> {
        expressions.iter().map(|expression| self.stands_in(expression, input.schema(), columns)).collect()
    }

    /// Whether such a value may stand in an expression over columns of which that is known.
    fn stands_in(&self, expression: &Expr, schema: &DFSchema, columns: &[bool]) -> bool {
        let stands_in = |part: &Expr| self.stands_in(part, schema, columns);
        let holds = |column: &Column| schema.maybe_index_of_column(column).is_none_or(|place| columns.get(place).copied().unwrap_or(true));
        let called = |name: &str, arguments: &[Expr]| {
            if COUNTS.contains(&name) { self.counts } else { !TRUTHS.contains(&name) && arguments.iter().any(stands_in) }
        };
        match expression {
            Expr::Column(column) => holds(column),
            Expr::Case(case) => case.when_then_expr.iter().map(|(_, then)| then).chain(&case.else_expr).any(|branch| stands_in(branch)),
            Expr::AggregateFunction(function) => called(function.func.name(), &function.params.args),
            Expr::WindowFunction(function) => called(function.fun.name(), &function.params.args),
            Expr::ScalarFunction(function) => !TELL_LITTLE.contains(&function.name()) && function.args.iter().any(stands_in),
            Expr::Alias(inner) => stands_in(&inner.expr),
            Expr::Negative(inner) => stands_in(inner),
            Expr::Cast(inner) => stands_in(&inner.expr),
            Expr::TryCast(inner) => stands_in(&inner.expr),
            Expr::ScalarSubquery(_) => true,
            truth if truth.get_type(schema).is_ok_and(|kind| kind == DataType::Boolean) => false,
            Expr::BinaryExpr(BinaryExpr { left, right, .. }) => stands_in(left) || stands_in(right),
            other => other.column_refs().into_iter().any(holds),
        }
    }
}
