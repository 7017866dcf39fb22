//! Which load read the file and line of a record.
//!
//! In: a plan over source tables; a cell of its `source_file`. Out: the plan with the load named in that column; file and load,
//! apart again. Never here: populations by name, the folders of runs.
//!
//! A month whose content did not change is not rewritten, and neither are its files and lines: they stand as the load that wrote
//! the month read them, and later extracts may have moved or renamed them. So a line means nothing without its load. Populations
//! hand `source_file` on through joins and unions and know of no load; it travels inside that column. A population that compares two
//! files by that name, or sorts by it, looks at the files alone: what decides must not change because two runs loaded them.

use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::datasource::source_as_provider;
use datafusion::functions::string::expr_fn::{concat_ws, split_part};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{BinaryExpr, Expr, LogicalPlan, LogicalPlanBuilder, Operator, Sort, SortExpr, TableScan, cast, lit};

use crate::lake::StoredRows;

/// Stands between file and load; no path holds it.
const SEPARATOR: char = '\u{1f}';

/// The plan with `source_file` of every source table naming the load as well.
///
/// # Errors
/// Expressions that the engine refuses.
pub fn with_loads(plan: LogicalPlan) -> Result<LogicalPlan> {
    let named = plan.transform_up(|node| match &node {
        // The rows of a stored population were made with their loads.
        LogicalPlan::TableScan(scan) if source_as_provider(&scan.source).is_ok_and(|table| table.is::<StoredRows>()) => {
            Ok(Transformed::no(node))
        }
        LogicalPlan::TableScan(scan) => match naming_load(scan) {
            None => Ok(Transformed::no(node)),
            Some(columns) => Ok(Transformed::yes(LogicalPlanBuilder::from(node).project(columns)?.build()?)),
        },
        _ => {
            let names = NamePreserver::new(&node);
            let comparing = node.map_expressions(|expression| {
                let name = names.save(&expression);
                Ok(expression.transform_up(by_file_alone)?.update_data(|expression| name.restore(expression)))
            })?;
            let node = match comparing.data {
                LogicalPlan::Sort(sort) => LogicalPlan::Sort(Sort { expr: sorted_alone(sort.expr), ..sort }),
                other => other,
            };
            // Its columns may have become nullable.
            Ok(Transformed::yes(node.recompute_schema()?))
        }
    })?;
    Ok(named.data)
}

/// Operators that ask whether two files are the same.
const EQUALITY: [Operator; 4] = [Operator::Eq, Operator::NotEq, Operator::IsDistinctFrom, Operator::IsNotDistinctFrom];

fn is_file(side: &Expr) -> bool {
    matches!(side, Expr::Column(column) if column.name == "source_file")
}

fn alone(side: Expr) -> Expr {
    if is_file(&side) { split_part(side, lit(SEPARATOR.to_string()), lit(1_i64)) } else { side }
}

fn sorted_alone(order: Vec<SortExpr>) -> Vec<SortExpr> {
    order.into_iter().map(|by| SortExpr { expr: alone(by.expr), ..by }).collect()
}

/// A comparison of `source_file`, or an order by it, without the load.
fn by_file_alone(expression: Expr) -> Result<Transformed<Expr>> {
    let by_file = |order: &[SortExpr]| order.iter().any(|by| is_file(&by.expr));
    match expression {
        Expr::WindowFunction(mut function) if by_file(&function.params.order_by) => {
            function.params.order_by = sorted_alone(function.params.order_by);
            Ok(Transformed::yes(Expr::WindowFunction(function)))
        }
        Expr::AggregateFunction(mut function) if by_file(&function.params.order_by) => {
            function.params.order_by = sorted_alone(function.params.order_by);
            Ok(Transformed::yes(Expr::AggregateFunction(function)))
        }
        Expr::BinaryExpr(BinaryExpr { left, op, right }) if EQUALITY.contains(&op) && (is_file(&left) || is_file(&right)) => {
            Ok(Transformed::yes(Expr::BinaryExpr(BinaryExpr::new(Box::new(alone(*left)), op, Box::new(alone(*right))))))
        }
        other => Ok(Transformed::no(other)),
    }
}

/// The columns of a source table, with the load in one of them; `None` for a table that has none.
fn naming_load(scan: &TableScan) -> Option<Vec<Expr>> {
    let column = |wanted: &str| {
        scan.projected_schema.iter().find(|(_, field)| field.name() == wanted).map(|(table, field)| Expr::from((table, field)))
    };
    let (file, load) = (column("source_file")?, column("batch_id")?);
    let named = |(table, field): (Option<&_>, &arrow::datatypes::FieldRef)| {
        if field.name() != "source_file" {
            return Expr::from((table, field));
        }
        let both = concat_ws(lit(SEPARATOR.to_string()), vec![file.clone(), load.clone()]);
        cast(both, field.data_type().clone()).alias_qualified(table.cloned(), field.name())
    };
    Some(scan.projected_schema.iter().map(named).collect())
}

/// File and load of a cell; the load is empty where the row came from no load.
pub fn apart(cell: &str) -> (&str, &str) {
    cell.split_once(SEPARATOR).unwrap_or((cell, ""))
}

/// When a load began, `2026-06-30 01:02`: its identifier begins with it. An identifier of another form stands for itself.
pub fn began(load: &str) -> String {
    let digits = |from: usize, to: usize| load.get(from..to).filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
    let parts = [(0, 4), (4, 6), (6, 8), (9, 11), (11, 13)].map(|(from, to)| digits(from, to));
    match (parts, load.get(8..9)) {
        ([Some(year), Some(month), Some(day), Some(hour), Some(minute)], Some("T")) => format!("{year}-{month}-{day} {hour}:{minute}"),
        _ => load.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_load_is_named_by_its_beginning() {
        assert_eq!(began("20260630T010203-ab12"), "2026-06-30 01:02");
        for other in ["", "batch 7", "20260630", "二〇二六年六月三十日"] {
            assert_eq!(began(other), other);
        }
    }
}
