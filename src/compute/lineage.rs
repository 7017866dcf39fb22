//! Where a column of a plan comes from, down to source tables, and what touched it on the way.
//!
//! In: a logical plan with views inlined. Out: for each output column an expression over base columns (`table.column`), with
//! every alias, view and join in between substituted away, and the conditions that decided which rows there are, and how
//! often. Never here: judgement (that is `law`), execution.
//!
//! A value can depend on a condition that its expression does not show: a column of the nullable side of an outer join is
//! empty where the other side's conditions fail, a flag that differs between the branches of a union tells which branch's
//! conditions held, a count grows with the rows that passed. Such a value is written `touched_by(value, condition, …)`, for
//! the conditions that [`Lineage::matters`] asks for. Branches of a union are a CASE whose first condition is `true`.

use std::sync::{Arc, LazyLock};

use arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, DFSchema, DataFusionError, Result};
use datafusion::logical_expr::expr::{Exists, InSubquery, ScalarFunction};
use datafusion::logical_expr::{
    Aggregate, Case, ColumnarValue, Distinct, Expr, Join, JoinType, LogicalPlan, Operator, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl,
    Signature, Subquery, Union, Unnest, Volatility, binary_expr, lit,
};

/// The relation name of columns that a VALUES list makes up.
pub const MADE_UP: &str = "(values)";

/// A relation whose columns are written over base columns.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// One expression an output column, in order.
    pub columns: Vec<Expr>,
    /// Conditions that matter, and that every row passed on its way.
    pub filters: Vec<Expr>,
    /// What matters and decided how often a row stands there: unnested lists, conditions of joins.
    pub weights: Vec<Expr>,
}

/// A walk down a plan.
pub struct Lineage<'a> {
    /// Whether a condition is worth carrying along with what it touched.
    pub matters: &'a dyn Fn(&Expr) -> bool,
    /// Told of every expression on the way, over base columns.
    pub meets: &'a dyn Fn(&Expr),
}

/// Resolves a plan, carrying no conditions.
///
/// # Errors
/// A node kind that is not understood, by its name.
pub fn resolve(plan: &LogicalPlan) -> Result<Resolved> {
    Lineage { matters: &|_| false, meets: &|_| {} }.resolve(plan)
}

impl Lineage<'_> {
    /// Resolves a plan.
    ///
    /// # Errors
    /// A node kind that is not understood, by its name.
    pub fn resolve(&self, plan: &LogicalPlan) -> Result<Resolved> {
        Ok(match plan {
            LogicalPlan::TableScan(scan) => {
                let table = scan.table_name.table().to_owned();
                let columns = plan.schema().fields().iter().map(|field| Expr::Column(Column::new(Some(table.clone()), field.name())));
                Resolved { columns: columns.collect(), filters: self.of_matter(scan.filters.clone()), weights: Vec::new() }
            }
            LogicalPlan::SubqueryAlias(alias) => self.resolve(&alias.input)?,
            LogicalPlan::Sort(sort) => self.resolve(&sort.input)?,
            LogicalPlan::Repartition(repartition) => self.resolve(&repartition.input)?,
            LogicalPlan::Limit(limit) => {
                let mut input = self.resolve(&limit.input)?;
                let keys = self.sort_keys(&limit.input)?;
                input.filters.extend(self.mark(keys));
                input
            }
            LogicalPlan::Distinct(distinct) => self.distinct(distinct)?,
            LogicalPlan::Filter(filter) => {
                let mut input = self.resolve(&filter.input)?;
                let condition = self.substitute(&filter.predicate, filter.input.schema(), &input.columns)?;
                input.filters.extend(self.of_matter(conjuncts(condition)));
                input
            }
            LogicalPlan::Projection(projection) => {
                let input = self.resolve(&projection.input)?;
                let columns = self.substitute_all(&projection.expr, projection.input.schema(), &input.columns)?;
                Resolved { columns, ..input }
            }
            LogicalPlan::Aggregate(aggregate) => self.aggregate(aggregate)?,
            LogicalPlan::Window(window) => {
                let mut input = self.resolve(&window.input)?;
                let added = self.substitute_all(&window.window_expr, window.input.schema(), &input.columns)?;
                let filters = input.filters.clone();
                input.columns.extend(added.into_iter().map(|value| grown_with(value, &filters)));
                input
            }
            LogicalPlan::Join(join) => self.join(join)?,
            LogicalPlan::Union(union) => self.union(union)?,
            LogicalPlan::Unnest(unnest) => self.unnest(unnest)?,
            LogicalPlan::EmptyRelation(_) => made_up(plan, |_| lit(true)),
            LogicalPlan::Values(_) => made_up(plan, |name| Expr::Column(Column::new(Some(MADE_UP), name))),
            other => return Err(DataFusionError::Plan(format!("`{}` is not understood here", other.display()))),
        })
    }

    fn of_matter(&self, conditions: Vec<Expr>) -> Vec<Expr> {
        conditions.into_iter().filter(|condition| (self.matters)(condition)).collect()
    }

    /// Expressions that decide about rows without being a condition that every row passed.
    fn mark(&self, expressions: Vec<Expr>) -> Option<Expr> {
        let matter = self.of_matter(expressions);
        (!matter.is_empty()).then(|| touched_by(lit(true), &matter))
    }

    fn sort_keys(&self, plan: &LogicalPlan) -> Result<Vec<Expr>> {
        match plan {
            LogicalPlan::Sort(sort) => {
                let input = self.resolve(&sort.input)?;
                sort.expr.iter().map(|key| self.substitute(&key.expr, sort.input.schema(), &input.columns)).collect()
            }
            LogicalPlan::Projection(projection) => self.sort_keys(&projection.input),
            LogicalPlan::SubqueryAlias(alias) => self.sort_keys(&alias.input),
            _ => Ok(Vec::new()),
        }
    }

    fn distinct(&self, distinct: &Distinct) -> Result<Resolved> {
        let mut input = self.resolve(distinct.input())?;
        let keys = match distinct {
            Distinct::All(_) => input.columns.clone(),
            Distinct::On(on) => {
                let schema = on.input.schema();
                let sorted: Vec<Expr> = on.sort_expr.iter().flatten().map(|key| key.expr.clone()).collect();
                let mut keys = self.substitute_all(&on.on_expr, schema, &input.columns)?;
                keys.extend(self.substitute_all(&sorted, schema, &input.columns)?);
                input.columns = self.substitute_all(&on.select_expr, schema, &input.columns)?;
                keys
            }
        };
        input.filters.extend(self.mark(keys));
        Ok(input)
    }

    fn aggregate(&self, aggregate: &Aggregate) -> Result<Resolved> {
        if aggregate.group_expr.iter().any(|group| matches!(group, Expr::GroupingSet(_))) {
            return Err(DataFusionError::Plan("a grouping by several sets is not understood here".to_owned()));
        }
        let input = self.resolve(&aggregate.input)?;
        let schema = aggregate.input.schema();
        let mut columns = self.substitute_all(&aggregate.group_expr, schema, &input.columns)?;
        let groups = columns.clone();
        let values = self.substitute_all(&aggregate.aggr_expr, schema, &input.columns)?;
        columns.extend(values.into_iter().map(|value| grown_with(value, &input.filters)));
        let mut filters = input.filters;
        filters.extend(self.mark(groups));
        Ok(Resolved { columns, filters, weights: input.weights })
    }

    fn join(&self, join: &Join) -> Result<Resolved> {
        let (left, right) = (self.resolve(&join.left)?, self.resolve(&join.right)?);
        let both = join.left.schema().join(join.right.schema())?;
        let under: Vec<Expr> = left.columns.iter().chain(&right.columns).cloned().collect();
        let pairs = join.on.iter().map(|(one, two)| binary_expr(one.clone(), Operator::Eq, two.clone()));
        let mut on = Vec::new();
        for condition in pairs.chain(join.filter.clone()) {
            on.extend(self.of_matter(conjuncts(self.substitute(&condition, &both, &under)?)));
        }
        let beside = |side: &Resolved| -> Vec<Expr> { side.filters.iter().chain(&on).cloned().collect() };
        let (of_left, of_right) = (beside(&left), beside(&right));
        let absent = |columns: Vec<Expr>, by: &[Expr]| -> Vec<Expr> { columns.into_iter().map(|value| touched_by(value, by)).collect() };
        let mut weights = left.weights;
        weights.extend(right.weights);
        weights.extend(on.iter().cloned());
        let (columns, filters) = match join.join_type {
            JoinType::Inner => (under, left.filters.into_iter().chain(of_right).collect()),
            JoinType::Left => (left.columns.into_iter().chain(absent(right.columns, &of_right)).collect(), left.filters),
            JoinType::Right => (absent(left.columns, &of_left).into_iter().chain(right.columns).collect(), right.filters),
            JoinType::Full => (absent(left.columns, &of_left).into_iter().chain(absent(right.columns, &of_right)).collect(), Vec::new()),
            JoinType::LeftSemi => (left.columns, left.filters.into_iter().chain(of_right).collect()),
            JoinType::RightSemi => (right.columns, right.filters.into_iter().chain(of_left).collect()),
            JoinType::LeftAnti => (left.columns, left.filters.into_iter().chain(self.mark(of_right)).collect()),
            JoinType::RightAnti => (right.columns, right.filters.into_iter().chain(self.mark(of_left)).collect()),
            JoinType::LeftMark => (left.columns.into_iter().chain([touched_by(lit(true), &of_right)]).collect(), left.filters),
            JoinType::RightMark => (right.columns.into_iter().chain([touched_by(lit(true), &of_left)]).collect(), right.filters),
        };
        Ok(Resolved { columns, filters, weights })
    }

    fn union(&self, union: &Union) -> Result<Resolved> {
        let inputs: Vec<Resolved> = union.inputs.iter().map(|input| self.resolve(input)).collect::<Result<_>>()?;
        let first = inputs.first().ok_or_else(|| DataFusionError::Plan("a union of nothing".to_owned()))?;
        let columns = (0..first.columns.len()).map(|index| {
            let differs = inputs.iter().any(|input| input.columns[index] != first.columns[index]);
            let value = |input: &Resolved| touched_by(input.columns[index].clone(), if differs { &input.filters } else { &[] });
            inputs.iter().skip(1).fold(value(first), |so_far, input| either(so_far, value(input)))
        });
        let filters = if inputs.iter().all(|input| input.filters == first.filters) {
            first.filters.clone()
        } else {
            self.mark(inputs.iter().flat_map(|input| input.filters.iter().cloned()).collect()).into_iter().collect()
        };
        let weights = inputs.iter().flat_map(|input| input.weights.iter().cloned()).collect();
        Ok(Resolved { columns: columns.collect(), filters, weights })
    }

    fn unnest(&self, unnest: &Unnest) -> Result<Resolved> {
        let mut input = self.resolve(&unnest.input)?;
        let is_list = |index: usize| unnest.list_type_columns.iter().any(|(list, _)| *list == index);
        let lists = unnest.list_type_columns.iter().map(|(index, _)| input.columns[*index].clone()).collect();
        let item = |index: &usize| {
            let value = input.columns[*index].clone();
            if is_list(*index) { Expr::Unnest(datafusion::logical_expr::expr::Unnest::new(value)) } else { value }
        };
        let columns = unnest.dependency_indices.iter().map(item).collect();
        let lists = self.of_matter(lists).into_iter().map(|list| Expr::Unnest(datafusion::logical_expr::expr::Unnest::new(list)));
        input.weights.extend(lists);
        Ok(Resolved { columns, ..input })
    }

    fn substitute_all(&self, expressions: &[Expr], schema: &DFSchema, columns: &[Expr]) -> Result<Vec<Expr>> {
        expressions.iter().map(|expression| self.substitute(expression, schema, columns)).collect()
    }

    /// The expression with every column replaced by what it stands for, every alias stripped, and subqueries touched by what they read.
    fn substitute(&self, expression: &Expr, schema: &DFSchema, columns: &[Expr]) -> Result<Expr> {
        let replaced = expression.clone().transform_up(|part| {
            Ok(match part {
                Expr::Column(column) => match schema.maybe_index_of_column(&column) {
                    Some(index) => Transformed::yes(columns[index].clone()),
                    None => Transformed::no(Expr::Column(column)),
                },
                Expr::Alias(alias) => Transformed::yes(*alias.expr),
                Expr::ScalarSubquery(subquery) => {
                    let by = self.below(&subquery, true, schema, columns)?;
                    Transformed::yes(touched_by(Expr::ScalarSubquery(subquery), &by))
                }
                Expr::InSubquery(within) => {
                    let by = self.below(&within.subquery, true, schema, columns)?;
                    let value = touched_by(Expr::InSubquery(InSubquery::new(within.expr, within.subquery, false)), &by);
                    Transformed::yes(if within.negated { Expr::Not(Box::new(value)) } else { value })
                }
                Expr::Exists(exists) => {
                    let by = self.below(&exists.subquery, false, schema, columns)?;
                    let value = touched_by(Expr::Exists(Exists::new(exists.subquery, false)), &by);
                    Transformed::yes(if exists.negated { Expr::Not(Box::new(value)) } else { value })
                }
                Expr::SetComparison(compared) => {
                    let by = self.below(&compared.subquery, true, schema, columns)?;
                    Transformed::yes(touched_by(Expr::SetComparison(compared), &by))
                }
                other => Transformed::no(other),
            })
        })?;
        (self.meets)(&replaced.data);
        Ok(replaced.data)
    }

    /// What matters inside a subquery: its value (where that is read), its conditions, and the outer columns that it looks at.
    fn below(&self, subquery: &Subquery, is_value: bool, schema: &DFSchema, columns: &[Expr]) -> Result<Vec<Expr>> {
        let inner = self.resolve(&subquery.subquery)?;
        let mut by = inner.filters;
        by.extend(inner.weights);
        let values = if is_value { inner.columns } else { Vec::new() };
        let outer = subquery.outer_ref_columns.iter().filter_map(|reference| match reference {
            Expr::OuterReferenceColumn(_, column) => schema.maybe_index_of_column(column).map(|index| columns[index].clone()),
            _ => None,
        });
        by.extend(self.of_matter(values.into_iter().chain(outer).collect()));
        Ok(by)
    }
}

fn made_up(plan: &LogicalPlan, column: impl Fn(&str) -> Expr) -> Resolved {
    Resolved {
        columns: plan.schema().fields().iter().map(|field| column(field.name())).collect(),
        filters: Vec::new(),
        weights: Vec::new(),
    }
}

fn either(one: Expr, two: Expr) -> Expr {
    if one == two {
        return one;
    }
    Expr::Case(Case { expr: None, when_then_expr: vec![(Box::new(lit(true)), Box::new(one))], else_expr: Some(Box::new(two)) })
}

/// The values that a column has in the branches of a union.
pub fn branches(expression: &Expr) -> Option<(&Expr, &Expr)> {
    match expression {
        Expr::Case(Case { expr: None, when_then_expr, else_expr: Some(two) }) => match when_then_expr.as_slice() {
            [(when, one)] if **when == lit(true) => Some((one, two)),
            _ => None,
        },
        _ => None,
    }
}

/// A count or sum grows with the rows that passed; a flag or a first date over them says only what the rows say.
fn grown_with(value: Expr, filters: &[Expr]) -> Expr {
    let name = match &value {
        Expr::AggregateFunction(aggregate) => aggregate.func.name().to_owned(),
        Expr::WindowFunction(window) => window.fun.name().to_owned(),
        _ => return value,
    };
    let says_what_rows_say = ["bool_and", "bool_or", "min", "max", "first_value", "last_value", "lag", "lead"].contains(&name.as_str());
    if says_what_rows_say { value } else { touched_by(value, filters) }
}

/// The marker's definition: it is never evaluated.
#[derive(Debug, PartialEq, Eq, Hash)]
struct TouchedBy(Signature);

impl ScalarUDFImpl for TouchedBy {
    fn name(&self) -> &str {
        "touched_by"
    }

    fn signature(&self) -> &Signature {
        &self.0
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        types.first().cloned().ok_or_else(|| DataFusionError::Plan("touched_by needs a value".to_owned()))
    }

    fn invoke_with_args(&self, _: ScalarFunctionArgs) -> Result<ColumnarValue> {
        Err(DataFusionError::Plan("touched_by stands in lineages only".to_owned()))
    }
}

static TOUCHED_BY: LazyLock<Arc<ScalarUDF>> =
    LazyLock::new(|| Arc::new(ScalarUDF::new_from_impl(TouchedBy(Signature::variadic_any(Volatility::Immutable)))));

/// The value, with the conditions that decided about it.
fn touched_by(value: Expr, by: &[Expr]) -> Expr {
    let (value, mut all) = match touched(&value) {
        Some((inner, known)) => (inner.clone(), known.to_vec()),
        None => (value, Vec::new()),
    };
    for condition in by {
        if !all.contains(condition) {
            all.push(condition.clone());
        }
    }
    if all.is_empty() {
        return value;
    }
    all.insert(0, value);
    Expr::ScalarFunction(ScalarFunction::new_udf(Arc::clone(&TOUCHED_BY), all))
}

/// A touched value, and by what.
pub fn touched(expression: &Expr) -> Option<(&Expr, &[Expr])> {
    match expression {
        Expr::ScalarFunction(function) if function.func.inner().downcast_ref::<TouchedBy>().is_some() => function.args.split_first(),
        _ => None,
    }
}

/// The parts of a conjunction.
pub fn conjuncts(expression: Expr) -> Vec<Expr> {
    datafusion::logical_expr::utils::split_conjunction_owned(expression)
}
