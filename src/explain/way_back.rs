//! Whether an indicator's rows lead back to records, as they do through a population.
//!
//! In: the SELECT of each indicator. Out: a warning where it reads a sub-SELECT: its rows lose key, file and line, and no header can say
//! why one is left out. Never here: data, what an indicator may read at all ([`crate::compute::check`] decides that).

use datafusion::prelude::SessionContext;
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{GroupByExpr, Query, Select, SetExpr, Statement as SqlStatement, TableFactor, TableWithJoins, With};
use jiff::civil::date;

use super::rows::rows_of;
use crate::compute::forms::byte_of;
use crate::compute::run::moment_of;
use crate::diagnostics::Diagnostics;
use crate::error::{Context, Kind, Result};
use crate::functions::parse_bound;
use crate::library::Library;
use crate::library::indicator::{Indicator, Shape};

/// Columns without which no reader finds the record.
const NEEDED: [&str; 3] = ["record_id", "source_file", "source_line"];

/// Warns of every indicator that reads a sub-SELECT.
///
/// `context` is the session that [`crate::compute::check::check`] leaves.
///
/// # Errors
/// Only a planner that can't be started.
pub fn check(context: &SessionContext, library: &Library, diagnostics: &mut Diagnostics) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().context(Kind::Environment, || "starting the planner")?;
    for indicator in library.indicators.values() {
        // What does not parse has an error of its own.
        let Ok(statement) = parse_bound(context, &indicator.sql, moment_of(indicator.window, date(2026, 6, 30))) else { continue };
        let Some(below) = sub_select(&statement) else { continue };
        // A figure about groups of like records has no single record to lead to.
        if matches!(indicator.shape, Shape::Value | Shape::Region) && groups(below) {
            continue;
        }
        let missing = runtime.block_on(missing(context, library, statement.clone()));
        warn(indicator, below, &missing, diagnostics);
    }
    Ok(())
}

fn warn(indicator: &Indicator, below: &Query, missing: &[&str], diagnostics: &mut Diagnostics) {
    let start = first_select(&below.body).map(|select| select.select_token.0.span.start);
    let at = start.and_then(|start| byte_of(&indicator.sql, start.line, start.column)).map(|at| indicator.sql_offset + at);
    let name = indicator.id.0.rsplit('.').next().unwrap_or_default();
    let lost = match missing {
        [] => "no header gives its exclusions their sentences".to_owned(),
        missing => {
            let list = missing.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            format!("nobody finds the records behind its figures: its rows have no {list}")
        }
    };
    diagnostics
        .warning(
            "sub-select",
            &indicator.file,
            at.map(|at| at..at + "SELECT".len()),
            format!("`{}` reads a sub-SELECT instead of a population, and {lost}", indicator.id),
        )
        .hint(format!(
            "move the rows to `queries/populations/{name}.sql`, with `record_id`, `source_file`, `source_line`, `state`, \
             `excluded_because` and a table `-- [excluded]` in its header"
        ));
}

/// The first sub-SELECT that the outermost SELECT reads, in its FROM or by a name of its WITH.
fn sub_select(statement: &Statement) -> Option<&Query> {
    let Statement::Statement(statement) = statement else { return None };
    let SqlStatement::Query(query) = statement.as_ref() else { return None };
    let select = select_of(query)?;
    select.from.iter().flat_map(relations).find_map(|relation| of_relation(relation, query.with.as_ref()))
}

fn relations(joined: &TableWithJoins) -> impl Iterator<Item = &TableFactor> {
    std::iter::once(&joined.relation).chain(joined.joins.iter().map(|join| &join.relation))
}

fn of_relation<'a>(relation: &'a TableFactor, with: Option<&'a With>) -> Option<&'a Query> {
    match relation {
        TableFactor::Derived { subquery, .. } => Some(subquery),
        TableFactor::NestedJoin { table_with_joins, .. } => relations(table_with_joins).find_map(|relation| of_relation(relation, with)),
        TableFactor::Table { name, .. } => {
            let name = name.to_string();
            with?.cte_tables.iter().find(|cte| cte.alias.name.value.eq_ignore_ascii_case(&name)).map(|cte| cte.query.as_ref())
        }
        _ => None,
    }
}

fn select_of(query: &Query) -> Option<&Select> {
    match query.body.as_ref() {
        SetExpr::Select(select) => Some(select),
        SetExpr::Query(query) => select_of(query),
        _ => None,
    }
}

fn first_select(body: &SetExpr) -> Option<&Select> {
    match body {
        SetExpr::Select(select) => Some(select),
        SetExpr::Query(query) => first_select(&query.body),
        SetExpr::SetOperation { left, .. } => first_select(left),
        _ => None,
    }
}

fn groups(query: &Query) -> bool {
    select_of(query).is_some_and(|select| !matches!(&select.group_by, GroupByExpr::Expressions(expressions, _) if expressions.is_empty()))
}

/// Columns on the way back that the indicator's rows don't have; all where they can't be taken apart.
async fn missing(context: &SessionContext, library: &Library, statement: Statement) -> Vec<&'static str> {
    let rows = context.state().statement_to_plan(statement).await.and_then(|plan| rows_of(&plan, library));
    let lost = match &rows {
        Ok(Some(rows)) => rows.missing.as_slice(),
        _ => &NEEDED,
    };
    NEEDED.into_iter().filter(|name| lost.contains(name)).collect()
}
