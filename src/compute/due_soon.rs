//! How many of an indicator's pending rows fall due within the next days.
//!
//! In: an indicator's plan. Out: the same plan with one more count, over the rows that the indicator itself calls pending. Never here:
//! data, what pending means.
//!
//! So the figure needs no line in any indicator, and costs no scan of its own.

use std::sync::Arc;

use datafusion::common::{Column, Result};
use datafusion::logical_expr::expr::AggregateFunction;
use datafusion::logical_expr::{Aggregate, Expr, LogicalPlan, Projection, lit};
use datafusion::scalar::ScalarValue;
use jiff::civil::Date;

use crate::calendar::end_of_day;
use crate::library::Library;
use crate::terms::epoch_days;

/// The added column.
pub const DUE_SOON: &str = "due_soon";
/// The parameter that says how many days ahead count.
const DAYS: &str = "ledger.due_soon_days";

/// The last day that is soon.
pub fn last_day(library: &Library, as_of: Date) -> Date {
    let days = library.parameters.get(DAYS).and_then(|parameter| parameter.amount_on(None, as_of)?.try_into().ok()).unwrap_or(0_i64);
    as_of.checked_add(jiff::Span::new().days(days)).unwrap_or(as_of)
}

/// The plan with the column [`DUE_SOON`]; as it was where nothing is called pending by one `count(…) FILTER`, or the rows have no
/// deadline (`due_on` or `due_at`).
///
/// # Errors
/// A plan that does not hang together.
pub fn counted(plan: LogicalPlan, soon: Date) -> Result<LogicalPlan> {
    let LogicalPlan::Projection(projection) = &plan else { return Ok(plan) };
    let LogicalPlan::Aggregate(aggregate) = projection.input.as_ref() else { return Ok(plan) };
    let Some(pending) =
        projection.schema.index_of_column_by_name(None, "pending").map(|index| projection.expr[index].clone().unalias_nested().data)
    else {
        return Ok(plan);
    };
    let named = |expression: &Expr| Expr::Column(Column::new_unqualified(expression.schema_name().to_string()));
    let Some(Expr::AggregateFunction(function)) = aggregate.aggr_expr.iter().find(|function| pending == named(function)) else {
        return Ok(plan);
    };
    let rows = aggregate.input.schema();
    let deadline = |name: &str, last: ScalarValue| {
        let (relation, field) = rows.qualified_field_with_unqualified_name(name).ok()?;
        Some(Expr::from((relation, field)).lt_eq(lit(last)))
    };
    let instant = ScalarValue::TimestampMicrosecond(Some(end_of_day(epoch_days(soon))), Some("UTC".into()));
    let is_soon = deadline("due_at", instant).or_else(|| deadline("due_on", ScalarValue::Date32(Some(epoch_days(soon)))));
    let (Some(is_soon), Some(filter), false) = (is_soon, &function.params.filter, function.params.distinct) else { return Ok(plan) };
    let mut params = function.params.clone();
    params.filter = Some(Box::new(filter.as_ref().clone().and(is_soon)));
    let added = Expr::AggregateFunction(AggregateFunction { func: Arc::clone(&function.func), params });
    let column = named(&added).alias(DUE_SOON);
    let mut functions = aggregate.aggr_expr.clone();
    functions.push(added);
    let widened = Aggregate::try_new(Arc::clone(&aggregate.input), aggregate.group_expr.clone(), functions)?;
    let mut columns = projection.expr.clone();
    columns.push(column);
    Ok(LogicalPlan::Projection(Projection::try_new(columns, Arc::new(LogicalPlan::Aggregate(widened)))?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compute::check::{planning_config, register_empty_tables};
    use crate::compute::populations::{Dependencies, names_read, register_populations};
    use crate::compute::run::moment_of;
    use crate::functions::{self, Clocks, parse_bound};
    use crate::library::indicator::{Shape, Window};
    use datafusion::prelude::SessionContext;

    /// Every shipped flow indicator that calls rows pending counts those that are soon, without a line of its own.
    #[tokio::test]
    async fn every_flow_indicator_with_pending_rows_counts_those_that_are_due_soon() {
        let (library, _) = Library::read(None).expect("the shipped library reads");
        let context = SessionContext::new_with_config(planning_config());
        functions::register(&context, &Clocks::of(&library));
        register_empty_tables(&context, &library).expect("tables");
        let (dependencies, _) = Dependencies::of(&context, &library);
        let day = jiff::civil::date(2026, 6, 30);
        let moment = moment_of(Window::Flow, day);
        assert!(register_populations(&context, &library, &dependencies, moment).await.is_empty());
        assert_eq!(last_day(&library, day), jiff::civil::date(2026, 7, 10));
        let mut without = Vec::new();
        for indicator in library.indicators.values().filter(|one| one.shape == Shape::Ratio && one.window == Window::Flow) {
            let plan =
                context.state().statement_to_plan(parse_bound(&context, &indicator.sql, moment).expect("parses")).await.expect("plans");
            let has_pending = plan.schema().index_of_column_by_name(None, "pending").is_some();
            let mut has_deadline = false;
            for name in names_read(&context, &indicator.sql).expect("parses") {
                let schema = context.table(name.as_str()).await.expect("a population").schema().clone();
                has_deadline |= ["due_on", "due_at"].iter().any(|column| schema.index_of_column_by_name(None, column).is_some());
            }
            let plan = counted(plan, last_day(&library, day)).expect("still a plan");
            if has_pending && has_deadline && plan.schema().index_of_column_by_name(None, DUE_SOON).is_none() {
                without.push(indicator.id.0.clone());
            }
            context.execute_logical_plan(plan).await.expect("plans physically");
        }
        assert!(without.is_empty(), "no deadline is seen in {without:?}");
    }

    #[tokio::test]
    async fn a_deadline_on_the_last_day_is_soon_and_one_on_the_next_is_not() {
        let context = SessionContext::new();
        let sql = "SELECT count(*) FILTER (WHERE state = 'pending') AS pending FROM (VALUES ('pending', DATE '2026-07-10'), \
                   ('pending', DATE '2026-07-11'), ('due', DATE '2026-06-01')) AS t(state, due_on)";
        let plan = context.state().create_logical_plan(sql).await.expect("plans");
        let plan = counted(plan, jiff::civil::date(2026, 7, 10)).expect("still a plan");
        let batches = context.execute_logical_plan(plan).await.expect("runs").collect().await.expect("runs");
        let figure = |name: &str| {
            arrow::array::AsArray::as_primitive::<arrow::datatypes::Int64Type>(batches[0].column_by_name(name).expect(name).as_ref())
                .value(0)
        };
        assert_eq!((figure("pending"), figure(DUE_SOON)), (2, 1));
    }
}
