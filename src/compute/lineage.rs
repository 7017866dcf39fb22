//! Where a column of a plan comes from, down to source tables.
//!
//! In: a logical plan with views inlined. Out: for each output column an expression over base columns (`table.column`), with
//! every alias, view and join in between substituted away. Never here: judgement (that is `law`), execution.

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, DFSchema, DataFusionError, Result};
use datafusion::logical_expr::{Case, Expr, JoinType, LogicalPlan, lit};

/// A relation whose columns are written over base columns.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// One expression an output column, in order.
    pub columns: Vec<Expr>,
    /// Conditions that every row passed on its way.
    pub filters: Vec<Expr>,
}

/// Resolves a plan.
///
/// # Errors
/// A node kind that is not understood, by its name.
pub fn resolve(plan: &LogicalPlan) -> Result<Resolved> {
    Ok(match plan {
        LogicalPlan::TableScan(scan) => {
            let table = scan.table_name.table().to_owned();
            let columns = plan.schema().fields().iter().map(|field| Expr::Column(Column::new(Some(table.clone()), field.name()))).collect();
            Resolved { columns, filters: scan.filters.clone() }
        }
        LogicalPlan::SubqueryAlias(alias) => resolve(&alias.input)?,
        LogicalPlan::Sort(sort) => resolve(&sort.input)?,
        LogicalPlan::Limit(limit) => resolve(&limit.input)?,
        LogicalPlan::Repartition(repartition) => resolve(&repartition.input)?,
        LogicalPlan::Distinct(distinct) => resolve(distinct.input())?,
        LogicalPlan::Filter(filter) => {
            let mut input = resolve(&filter.input)?;
            let condition = substitute(&filter.predicate, filter.input.schema(), &input.columns)?;
            input.filters.extend(conjuncts(condition));
            input
        }
        LogicalPlan::Projection(projection) => {
            let input = resolve(&projection.input)?;
            let columns = substitute_all(&projection.expr, projection.input.schema(), &input.columns)?;
            Resolved { columns, filters: input.filters }
        }
        LogicalPlan::Aggregate(aggregate) => {
            let input = resolve(&aggregate.input)?;
            let schema = aggregate.input.schema();
            let mut columns = substitute_all(&aggregate.group_expr, schema, &input.columns)?;
            columns.extend(substitute_all(&aggregate.aggr_expr, schema, &input.columns)?);
            Resolved { columns, filters: input.filters }
        }
        LogicalPlan::Window(window) => {
            let mut input = resolve(&window.input)?;
            let added = substitute_all(&window.window_expr, window.input.schema(), &input.columns)?;
            input.columns.extend(added);
            input
        }
        LogicalPlan::Join(join) => {
            let (left, right) = (resolve(&join.left)?, resolve(&join.right)?);
            let columns = match join.join_type {
                JoinType::LeftSemi | JoinType::LeftAnti => left.columns,
                JoinType::RightSemi | JoinType::RightAnti => right.columns,
                JoinType::LeftMark => left.columns.into_iter().chain([lit(true)]).collect(),
                JoinType::RightMark => right.columns.into_iter().chain([lit(true)]).collect(),
                _ => left.columns.into_iter().chain(right.columns).collect(),
            };
            Resolved { columns, filters: left.filters.into_iter().chain(right.filters).collect() }
        }
        LogicalPlan::Union(union) => {
            let mut inputs = union.inputs.iter().map(|input| resolve(input));
            let mut first = inputs.next().ok_or_else(|| DataFusionError::Plan("a union of nothing".to_owned()))??;
            for other in inputs {
                let other = other?;
                let pairs = first.columns.into_iter().zip(other.columns);
                first.columns = pairs.map(|(one, two)| either(one, two)).collect();
                first.filters.clear();
            }
            first
        }
        LogicalPlan::Unnest(unnest) => {
            let input = resolve(&unnest.input)?;
            let columns = unnest.schema.fields().iter().map(|field| {
                let index = unnest.input.schema().index_of_column_by_name(None, field.name());
                index.map_or_else(|| lit(true), |index| input.columns[index].clone())
            });
            Resolved { columns: columns.collect(), filters: input.filters.clone() }
        }
        LogicalPlan::EmptyRelation(_) | LogicalPlan::Values(_) => {
            Resolved { columns: plan.schema().fields().iter().map(|_| lit(true)).collect(), filters: Vec::new() }
        }
        other => return Err(DataFusionError::Plan(format!("`{}` is not understood here", other.display()))),
    })
}

fn either(one: Expr, two: Expr) -> Expr {
    if one == two {
        return one;
    }
    Expr::Case(Case { expr: None, when_then_expr: vec![(Box::new(lit(true)), Box::new(one))], else_expr: Some(Box::new(two)) })
}

fn substitute_all(expressions: &[Expr], schema: &DFSchema, columns: &[Expr]) -> Result<Vec<Expr>> {
    expressions.iter().map(|expression| substitute(expression, schema, columns)).collect()
}

/// The expression with every column replaced by what it stands for, and every alias stripped.
fn substitute(expression: &Expr, schema: &DFSchema, columns: &[Expr]) -> Result<Expr> {
    let replaced = expression.clone().transform_up(|part| {
        Ok(match part {
            Expr::Column(column) => match schema.maybe_index_of_column(&column) {
                Some(index) => Transformed::new(columns[index].clone(), true, datafusion::common::tree_node::TreeNodeRecursion::Jump),
                None => Transformed::no(Expr::Column(column)),
            },
            Expr::Alias(alias) => Transformed::yes(*alias.expr),
            other => Transformed::no(other),
        })
    })?;
    Ok(replaced.data)
}

/// The parts of a conjunction.
pub fn conjuncts(expression: Expr) -> Vec<Expr> {
    datafusion::logical_expr::utils::split_conjunction_owned(expression)
}
