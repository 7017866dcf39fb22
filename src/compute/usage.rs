//! What a definition rests on: populations, columns of source tables, clocks and parameters.
//!
//! In: a session in which the library is planned ([`super::check::check`]), the SELECT of an indicator or a population. Out: [`Usage`].
//! Never here: data, words for people.

use std::collections::{BTreeMap, BTreeSet};

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{DataFusionError, ScalarValue};
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::prelude::SessionContext;

use super::populations::{Dependencies, names_read};
use super::run::{SOME_DAY, moment_of};
use crate::error::{Context, Kind, Result};
use crate::functions::parse_bound;
use crate::library::Library;
use crate::library::indicator::Window;
use crate::library::scheme::Scheme;
use crate::project::Project;
use crate::terms::{IndicatorId, counted};

/// What one SELECT rests on in the end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Usage {
    /// Populations and source tables that its own FROM names.
    pub reads: BTreeSet<String>,
    /// Every population on the way down.
    pub populations: BTreeSet<String>,
    /// Source table → the columns of it that are needed, and no others.
    pub tables: BTreeMap<String, BTreeSet<String>>,
    /// Clocks asked for, here or on the way.
    pub clocks: BTreeSet<String>,
    /// Parameters asked for, here or on the way.
    pub parameters: BTreeSet<String>,
}

/// Source tables that scored indicators read and the project has no source for, each with those indicators: what they look for there
/// counts as never recorded.
pub fn without_source(project: &Project, library: &Library, scheme: &Scheme) -> BTreeMap<String, BTreeSet<IndicatorId>> {
    let context = SessionContext::new();
    let (dependencies, _) = Dependencies::of(&context, library);
    let given: BTreeSet<&str> = project.sources.iter().map(|source| source.table.as_str()).collect();
    let mut missing: BTreeMap<String, BTreeSet<IndicatorId>> = BTreeMap::new();
    for indicator in scheme.indicators.iter().filter_map(|scored| library.indicators.get(&scored.id)) {
        for table in dependencies.tables_of(&context, indicator).into_iter().filter(|table| !given.contains(table.as_str())) {
            missing.entry(table).or_default().insert(indicator.id.clone());
        }
    }
    missing
}

/// The same in a sentence; nothing when every table has a source.
pub fn says_without_source(missing: &BTreeMap<String, BTreeSet<IndicatorId>>) -> Option<String> {
    if missing.is_empty() {
        return None;
    }
    let indicators: BTreeSet<&IndicatorId> = missing.values().flatten().collect();
    let names: Vec<&str> = missing.keys().map(String::as_str).collect();
    Some(format!(
        "no [[source]] gives {}, read by {} of the scheme: what they look for there counts as never recorded; name the sources, or take \
         such indicators out of the scheme",
        names.join(", "),
        counted(indicators.len(), "indicator")
    ))
}

/// The usage of every indicator (by id) and population (by name) of the library; what does not plan is left out.
///
/// # Errors
/// A planner that can't be started.
pub fn usages(context: &SessionContext, library: &Library) -> Result<BTreeMap<String, Usage>> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().context(Kind::Environment, || "starting the planner")?;
    let indicators = library.indicators.values().map(|indicator| (indicator.id.0.clone(), indicator.window, &indicator.sql));
    let populations = library.populations.values().map(|population| (population.name.clone(), Window::Flow, &population.sql));
    let (dependencies, _) = Dependencies::of(context, library);
    let mut usages = BTreeMap::new();
    for (name, window, sql) in indicators.chain(populations) {
        if let Ok(usage) = runtime.block_on(usage_of(context, &dependencies, window, sql)) {
            usages.insert(name, usage);
        }
    }
    Ok(usages)
}

async fn usage_of(
    context: &SessionContext,
    dependencies: &Dependencies,
    window: Window,
    sql: &str,
) -> std::result::Result<Usage, DataFusionError> {
    let statement = parse_bound(context, sql, moment_of(window, SOME_DAY))?;
    let plan = context.state().statement_to_plan(statement).await?;
    let reads = names_read(context, sql)?;
    let populations = dependencies.populations_below(reads.iter().cloned());
    let mut usage = Usage { reads, populations, ..Usage::default() };
    // The optimiser leaves out what a population offers and this SELECT does not need: columns, and the limits behind them.
    let needed = context.state().optimize(&plan)?;
    for_each_expression(&needed, &mut |expression| note_call(expression, &mut usage))?;
    needed.apply_with_subqueries(|node| {
        if let LogicalPlan::TableScan(scan) = node {
            let columns = scan.projected_schema.fields().iter().map(|field| field.name().clone());
            usage.tables.entry(scan.table_name.table().to_owned()).or_default().extend(columns);
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(usage)
}

fn for_each_expression(plan: &LogicalPlan, tell: &mut impl FnMut(&Expr)) -> std::result::Result<(), DataFusionError> {
    plan.apply_with_subqueries(|node| {
        node.apply_expressions(|expression| {
            expression.apply(|part| {
                tell(part);
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })?;
    Ok(())
}

fn note_call(expression: &Expr, usage: &mut Usage) {
    let Expr::ScalarFunction(call) = expression else { return };
    let Some(Expr::Literal(ScalarValue::Utf8(Some(name)) | ScalarValue::Utf8View(Some(name)), _)) = call.args.first() else { return };
    match call.name() {
        "due_on" | "due_at" => usage.clocks.insert(name.clone()),
        "param" => usage.parameters.insert(name.clone()),
        _ => false,
    };
}
