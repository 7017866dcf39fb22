//! Checking the library's SQL on its plans, without data.
//!
//! In: the library. Out: diagnostics with file, place and hint for everything that would fail, be answered wrongly by the
//! engine, or be refused by the law. Never here: rows; every table is empty and typed by its contract.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::ops::Range;
use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{DataFusionError, SchemaError};
use datafusion::datasource::MemTable;
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan};
use datafusion::prelude::{SessionConfig, SessionContext};
use futures::executor::block_on;

use super::forms::{
    Written, byte_of, refuse_forms, refuse_in_indicator, refuse_loose_month, refuse_other_statements, refuse_unknown_codes, text_of,
};
use super::law::refuse_unlawful;
use super::lineage::resolve;
use super::populations::{Dependencies, names_read, register_populations};
use super::run::{SOME_DAY, moment_of, over_ancestors, register_ancestors};
use super::units::Hierarchy;
use crate::diagnostics::{Diagnostics, nearest};
use crate::error::{Context, Kind, Result};
use crate::functions::{self, Clocks, Moment, parse_bound, parse_bound_expression};
use crate::ingest::arrow_schema;
use crate::lake::register_no_freeze;
use crate::library::Library;
use crate::library::indicator::{Indicator, Population, Rollup, Shape, Window, span_of_word};
use crate::side_by_side::side_by_side;

/// Settings of a session over no records or a handful, where planning is all that a query costs: positions are kept for messages, and a
/// plan is optimised once and not until nothing changes.
pub fn planning_config() -> SessionConfig {
    let mut config = SessionConfig::new();
    config.options_mut().optimizer.max_passes = 1;
    config.options_mut().sql_parser.collect_spans = true;
    config
}

/// How far a check goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// All that can be said without data.
    Full,
    /// What a run would not find out by itself. It optimises every plan anyway, and holds an indicator or detector of which that fails: doing it
    /// twice would be half of what the check costs.
    BeforeRun,
}

impl Depth {
    /// What the optimiser would refuse later, said now.
    ///
    /// # Errors
    /// Whatever the optimiser says of the plan.
    pub fn optimise(self, context: &SessionContext, plan: &LogicalPlan) -> Result<(), DataFusionError> {
        match self {
            Self::Full => context.state().optimize(plan).map(|_| ()),
            Self::BeforeRun => Ok(()),
        }
    }
}

/// Checks the library in a session of its own, and hands that session on to whoever plans more over the same empty tables.
///
/// # Errors
/// Only a session that can't be set up.
pub fn check(library: &Library, depth: Depth, diagnostics: &mut Diagnostics) -> Result<SessionContext> {
    let context = SessionContext::new_with_config(planning_config());
    block_on(check_library(&context, library, depth, diagnostics)).context(Kind::Bug, || "checking the library")?;
    Ok(context)
}

/// The session that [`check`] leaves, of a library that is known to be right: tests that plan something over it need not check it again.
#[cfg(test)]
pub fn unchecked_session(library: &Library) -> SessionContext {
    let context = session_of_tables(library).expect("contracts make schemas");
    register_ancestors(&context, &Hierarchy::default()).expect("its own table");
    let (dependencies, failures) = Dependencies::of(&context, library);
    assert!(failures.is_empty(), "{failures:?}");
    let failures = block_on(register_populations(&context, library, &dependencies, moment_of(Window::Flow, SOME_DAY)));
    assert!(failures.is_empty(), "{failures:?}");
    context
}

/// Checks only the contracts of the source tables: what a load rests on, whatever is wrong with an indicator.
///
/// # Errors
/// Only a session that can't be set up.
pub fn check_tables(library: &Library, diagnostics: &mut Diagnostics) -> Result<()> {
    let context = session_of_tables(library).context(Kind::Bug, || "checking the contracts")?;
    block_on(check_contracts(&context, library, moment_of(Window::Flow, SOME_DAY), diagnostics));
    Ok(())
}

fn session_of_tables(library: &Library) -> Result<SessionContext, DataFusionError> {
    let context = SessionContext::new_with_config(planning_config());
    functions::register(&context, &Clocks::of(library));
    register_empty_tables(&context, library)?;
    Ok(context)
}

/// Registers an empty table for every contract, and for what detectors read beside them.
///
/// # Errors
/// A contract whose columns can't make a schema.
pub fn register_empty_tables(context: &SessionContext, library: &Library) -> Result<(), DataFusionError> {
    for contract in library.tables.values() {
        let table = MemTable::try_new(arrow_schema(contract), vec![vec![]])?;
        context.register_table(contract.name.as_str(), Arc::new(table))?;
    }
    register_no_freeze(context, library).map_err(|error| DataFusionError::External(Box::new(error)))
}

/// Plans every check, population, indicator and sample over empty tables and says all that is wrong.
///
/// `context` is a session with the functions registered and no tables. Planning waits for nothing: it needs no runtime.
///
/// # Errors
/// Only a session that can't be set up.
pub async fn check_library(
    context: &SessionContext,
    library: &Library,
    depth: Depth,
    diagnostics: &mut Diagnostics,
) -> Result<(), DataFusionError> {
    functions::register(context, &Clocks::of(library));
    register_empty_tables(context, library)?;
    register_ancestors(context, &Hierarchy::default())?;
    let moment = moment_of(Window::Flow, SOME_DAY);
    let mut broken: BTreeSet<String> = BTreeSet::new();
    check_contracts(context, library, moment, diagnostics).await;
    let dependencies = check_populations_plan(context, library, moment, &mut broken, diagnostics).await;
    let alone = with_populations_as_tables(context, library, &broken).await?;
    // Plans are deep, and each is looked at for itself.
    let check_population = |population: &&Population| {
        let mut own = Diagnostics::default();
        block_on(async {
            if let Ok(plan) = plan_of(context, &population.sql, moment).await {
                refuse_unknown_codes(library, &plan, written(population), &mut own);
                check_exclusions(population, &plan, &dependencies.exclusions_of(library, &population.name), &mut own);
            }
            if let Ok(plan) = plan_of(&alone, &population.sql, moment).await {
                refuse_forms(&alone, &plan, written(population), &mut own);
            }
        });
        Ok(own)
    };
    let check_indicator = |indicator: &&Indicator| {
        let mut own = Diagnostics::default();
        block_on(check_indicator(context, &alone, library, indicator, &broken, depth, &mut own));
        Ok(own)
    };
    let threads = context.state().config().target_partitions();
    let populations: Vec<&Population> = library.populations.values().filter(|population| !broken.contains(&population.name)).collect();
    let indicators: Vec<&Indicator> = library.indicators.values().collect();
    let Ok(of_populations) = side_by_side::<_, _, Infallible>(&populations, threads, check_population);
    let Ok(of_indicators) = side_by_side::<_, _, Infallible>(&indicators, threads, check_indicator);
    of_populations.into_iter().chain(of_indicators).for_each(|own| diagnostics.absorb(own));
    check_findings(context, &alone, library, moment, diagnostics).await;
    super::samples::check(context, library, diagnostics).await;
    Ok(())
}

/// Makes a view of every population, and says of which that is impossible.
async fn check_populations_plan(
    context: &SessionContext,
    library: &Library,
    moment: Moment,
    broken: &mut BTreeSet<String>,
    diagnostics: &mut Diagnostics,
) -> Dependencies {
    for population in library.populations.values() {
        if !refuse_other_statements(context, written(population), diagnostics) {
            broken.insert(population.name.clone());
        }
    }
    let (dependencies, mut failures) = Dependencies::of(context, library);
    failures.extend(register_populations(context, library, &dependencies, moment).await);
    failures.retain(|(name, _)| !broken.contains(name));
    broken.extend(failures.iter().map(|(name, _)| name.clone()));
    for (name, error) in failures {
        let population = &library.populations[&name];
        // A population that fails only because one below it failed is not reported twice.
        let below = names_read(context, &population.sql).unwrap_or_default();
        if !below.iter().any(|read| broken.contains(read)) {
            report(&error, &population.file, &population.text, population.sql_offset, library, diagnostics);
        }
    }
    dependencies
}

fn written(population: &Population) -> Written<'_> {
    Written { file: &population.file, text: &population.text, offset: population.sql_offset }
}

/// A session in which a population is an empty table: what is wrong inside it is then said of its own file only.
async fn with_populations_as_tables(
    context: &SessionContext,
    library: &Library,
    broken: &BTreeSet<String>,
) -> Result<SessionContext, DataFusionError> {
    let alone = session_of_tables(library)?;
    for name in library.populations.keys().filter(|name| !broken.contains(*name) && !library.tables.contains_key(*name)) {
        if let Ok(view) = context.table_provider(name.as_str()).await {
            alone.register_table(name.as_str(), Arc::new(MemTable::try_new(view.schema(), vec![vec![]])?))?;
        }
    }
    Ok(alone)
}

/// The detectors' SELECTs plan like populations, and the same forms are refused in them; what does not plan is reported by `findings`.
async fn check_findings(
    context: &SessionContext,
    alone: &SessionContext,
    library: &Library,
    moment: Moment,
    diagnostics: &mut Diagnostics,
) {
    for detector in library.detectors.values() {
        let written = Written { file: &detector.file, text: &detector.text, offset: detector.sql_offset };
        if !refuse_other_statements(context, written, diagnostics) {
            continue;
        }
        let sql = detector.sql.as_str();
        if let Ok(plan) = plan_of(alone, sql, moment).await {
            refuse_forms(alone, &plan, written, diagnostics);
        }
        if let Ok(plan) = plan_of(context, sql, moment).await {
            refuse_unknown_codes(library, &plan, written, diagnostics);
        }
    }
}

async fn plan_of(context: &SessionContext, sql: &str, moment: Moment) -> Result<LogicalPlan, DataFusionError> {
    let statement = parse_bound(context, sql, moment)?;
    context.state().statement_to_plan(statement).await
}

async fn check_contracts(context: &SessionContext, library: &Library, moment: Moment, diagnostics: &mut Diagnostics) {
    for contract in library.tables.values() {
        let Ok(table) = context.table(contract.name.as_str()).await else { continue };
        let text = library.files.get(contract.file.trim_start_matches("queries/")).map_or("", String::as_str);
        for check in &contract.checks {
            let planned = parse_bound_expression(context, &check.predicate, moment)
                .and_then(|syntax| context.state().create_logical_expr_from_sql_expr(syntax, table.schema()))
                .and_then(|expression| Ok((expression.get_type(table.schema())?, expression)));
            let written = Written { file: &contract.file, text, offset: check.span.start };
            let planned = match planned {
                Ok((DataType::Boolean | DataType::Null, expression)) => match table.clone().filter(expression) {
                    Ok(rows) => {
                        let plan = rows.into_unoptimized_plan();
                        refuse_forms(context, &plan, written, diagnostics);
                        refuse_unknown_codes(library, &plan, written, diagnostics);
                        Ok(DataType::Boolean)
                    }
                    Err(error) => Err(error),
                },
                other => other.map(|(kind, _)| kind),
            };
            match planned {
                Ok(DataType::Boolean) => {}
                Ok(other) => {
                    let message = format!("the check `{}` of `{}` is {other}, not a condition", check.name, contract.name);
                    diagnostics.error("check-type", &contract.file, Some(check.span.clone()), message);
                }
                Err(error) => report(&error, &contract.file, text, check.span.start, library, diagnostics),
            }
        }
    }
}

async fn check_indicator(
    context: &SessionContext,
    alone: &SessionContext,
    library: &Library,
    indicator: &Indicator,
    broken: &BTreeSet<String>,
    depth: Depth,
    diagnostics: &mut Diagnostics,
) {
    if indicator.sql.is_empty() {
        // The library has said already why it could not read the file.
        return;
    }
    let written = Written { file: &indicator.file, text: &indicator.text, offset: indicator.sql_offset };
    if !refuse_other_statements(context, written, diagnostics) {
        return;
    }
    let moment = moment_of(indicator.window, SOME_DAY);
    let fail = |error: &DataFusionError, diagnostics: &mut Diagnostics| {
        report(error, &indicator.file, &indicator.text, indicator.sql_offset, library, diagnostics);
    };
    let names = match names_read(context, &indicator.sql) {
        Ok(names) => names,
        Err(error) => return fail(&error, diagnostics),
    };
    if names.iter().any(|name| broken.contains(name)) {
        return;
    }
    if names.len() != 1 {
        let list = names.iter().cloned().collect::<Vec<_>>().join(", ");
        diagnostics
            .error(
                "one-population",
                &indicator.file,
                None,
                format!("`{}` reads {} relations ({list}), expected one", indicator.id, names.len()),
            )
            .hint("joins belong into a population, where several indicators can share them");
    }
    if let Ok(statement) = parse_bound(context, &indicator.sql, moment) {
        refuse_in_indicator(indicator, &statement, library, diagnostics);
    }
    if let Ok(plan) = plan_of(alone, &indicator.sql, moment).await {
        refuse_forms(alone, &plan, written, diagnostics);
    }
    match plan_of(context, &indicator.sql, moment).await {
        Err(error) => fail(&error, diagnostics),
        Ok(plan) => {
            check_output(indicator, &plan, diagnostics);
            refuse_order(indicator, &plan, diagnostics);
            refuse_unknown_codes(library, &plan, written, diagnostics);
            check_month(indicator, &plan, diagnostics);
            check_recomputed(context, indicator, moment, diagnostics).await;
            if let Err(error) = depth.optimise(context, &plan) {
                fail(&error, diagnostics);
            }
            if let Err(error) = refuse_unlawful(indicator, &plan, &library.tables, diagnostics) {
                diagnostics
                    .error(
                        "untraceable",
                        &indicator.file,
                        None,
                        format!("`{}` can't be traced to its source columns: {}", indicator.id, error.strip_backtrace()),
                    )
                    .hint("write it without this form, so that the law's refusals can be decided");
            }
        }
    }
}

fn check_month(indicator: &Indicator, plan: &LogicalPlan, diagnostics: &mut Diagnostics) {
    let Some(index) = plan.schema().index_of_column_by_name(None, "month") else { return };
    let is_date = *plan.schema().field(index).data_type() == DataType::Date32;
    if let Ok(resolved) = resolve(plan)
        && indicator.window == Window::Flow
        && is_date
    {
        refuse_loose_month(indicator, &resolved.columns[index], diagnostics);
    }
}

/// What is recomputed for parents plans too.
async fn check_recomputed(context: &SessionContext, indicator: &Indicator, moment: Moment, diagnostics: &mut Diagnostics) {
    if indicator.rollup != Rollup::Recompute || matches!(indicator.shape, Shape::Pair | Shape::Region) {
        return;
    }
    let planned = async { context.state().statement_to_plan(over_ancestors(context, &indicator.sql, moment).await?).await };
    if let Err(error) = planned.await {
        let message = format!("`{}` can't be recomputed for parents: {}", indicator.id, plain_message(&error));
        diagnostics
            .error("recompute", &indicator.file, span_of_word(&indicator.text, 0, "recompute"), message)
            .hint("the relation in FROM must have a column `unit_id`, which is replaced by each ancestor; or set rollup = \"none\"");
    }
}

/// Every code that leaves a row out is explained in a header, and every explained code can occur.
fn check_exclusions(population: &Population, plan: &LogicalPlan, explained: &BTreeMap<String, String>, diagnostics: &mut Diagnostics) {
    let column = plan.schema().index_of_column_by_name(None, "excluded_because");
    let expression = column.and_then(|index| resolve(plan).ok().map(|resolved| resolved.columns[index].clone()));
    let mut written = BTreeSet::new();
    expression.iter().for_each(|expression| results(expression, &mut written));
    for code in written.iter().filter(|code| !explained.contains_key(*code)) {
        diagnostics
            .error(
                "unexplained-exclusion",
                &population.file,
                span_of_word(&population.text, population.sql_offset, code),
                format!("`{}` leaves rows out as `{code}` without saying why", population.name),
            )
            .hint(format!("add a last table to the header: `-- [excluded]` and `-- {code} = \"…\"`, a sentence that the unit reads"));
    }
    // A code may be passed on from another column, so any literal on the way counts as one that can occur.
    let mut possible = BTreeSet::new();
    if let Some(expression) = &expression {
        let _ = expression.apply(|part| {
            possible.extend(text_of(part));
            Ok(TreeNodeRecursion::Continue)
        });
    }
    for code in population.excluded.keys().filter(|code| !possible.contains(*code)) {
        diagnostics
            .error(
                "unused-exclusion",
                &population.file,
                span_of_word(&population.text, 0, code),
                format!("`{}` explains `{code}`, which its SELECT never writes into `excluded_because`", population.name),
            )
            .hint_nearest(code, possible.iter().map(String::as_str));
    }
}

/// Literals that a CASE (or a choice of the first known value) can yield.
fn results(expression: &Expr, found: &mut BTreeSet<String>) {
    match expression {
        Expr::Case(case) => {
            for (when, then) in &case.when_then_expr {
                let mut lists = split_conjunction(when).into_iter().filter_map(|part| match part {
                    Expr::InList(among) if among.expr == *then => Some(&among.list),
                    _ => None,
                });
                // Where what a condition tests is passed on, it is one of the condition's list.
                match lists.next_back() {
                    Some(list) => found.extend(list.iter().filter_map(text_of)),
                    None => results(then, found),
                }
            }
            case.else_expr.iter().for_each(|otherwise| results(otherwise, found));
        }
        Expr::ScalarFunction(function) if function.name() == "coalesce" => function.args.iter().for_each(|part| results(part, found)),
        Expr::Cast(cast) => results(&cast.expr, found),
        Expr::Alias(alias) => results(&alias.expr, found),
        other => found.extend(text_of(other)),
    }
}

fn check_output(indicator: &Indicator, plan: &LogicalPlan, diagnostics: &mut Diagnostics) {
    let mut expected: Vec<(&str, &str)> = match indicator.shape {
        Shape::Ratio => vec![("unit_id", "text"), ("domain", "text"), ("numerator", "count"), ("denominator", "count")],
        Shape::Value => vec![("unit_id", "text"), ("domain", "text"), ("value", "number"), ("n", "count")],
        Shape::Pair => {
            vec![("region_a", "text"), ("region_b", "text"), ("domain", "text"), ("numerator", "count"), ("denominator", "count")]
        }
        Shape::Region => vec![("region_code", "text"), ("domain", "text"), ("value", "number"), ("n", "count")],
    };
    if indicator.window == Window::Flow {
        expected.push(("month", "date"));
    }
    let optional = [("pending", "count"), ("excluded", "count")];
    let schema = plan.schema();
    for (name, _) in &expected {
        if schema.index_of_column_by_name(None, name).is_none() {
            diagnostics
                .error(
                    "contract-columns",
                    &indicator.file,
                    Some(indicator.sql_offset..indicator.sql_offset + 6),
                    format!("`{}` yields no column `{name}`", indicator.id),
                )
                .hint(format!("expected {}", expected.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")));
        }
    }
    for field in schema.fields() {
        let span = span_of_word(&indicator.text, indicator.sql_offset, field.name());
        match expected.iter().chain(&optional).find(|(name, _)| name == field.name()) {
            None => {
                diagnostics
                    .error(
                        "contract-columns",
                        &indicator.file,
                        span,
                        format!("`{}` yields a column `{}` that its shape does not have", indicator.id, field.name()),
                    )
                    .hint_nearest(field.name(), expected.iter().chain(&optional).map(|(name, _)| *name));
            }
            Some((name, kind)) if !fits(field.data_type(), kind) => {
                let hint = if *kind == "date" {
                    "wrap it in month_of(…)"
                } else {
                    "counts are integers, money and hours decimals, nothing is a floating-point number"
                };
                diagnostics
                    .error(
                        "contract-types",
                        &indicator.file,
                        span,
                        format!("`{name}` of `{}` is {}, expected a {kind}", indicator.id, field.data_type()),
                    )
                    .hint(hint);
            }
            Some(_) => {}
        }
    }
}

fn fits(kind: &DataType, expected: &str) -> bool {
    match expected {
        "text" => match kind {
            DataType::Dictionary(_, value) => fits(value, "text"),
            other => matches!(other, DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8),
        },
        "date" => *kind == DataType::Date32,
        _ => kind.is_integer() || matches!(kind, DataType::Decimal128(_, scale) if *scale <= 18),
    }
}

fn refuse_order(indicator: &Indicator, plan: &LogicalPlan, diagnostics: &mut Diagnostics) {
    if let LogicalPlan::Sort(_) | LogicalPlan::Limit(_) = plan {
        diagnostics
            .error("order-or-limit", &indicator.file, None, format!("`{}` sorts or limits its rows", indicator.id))
            .hint("an indicator yields every row, in no order");
    }
}

fn report(error: &DataFusionError, file: &str, text: &str, offset: usize, library: &Library, diagnostics: &mut Diagnostics) {
    let known: Vec<&str> = library.tables.keys().chain(library.populations.keys()).map(String::as_str).collect();
    describe(error, file, text, offset, &known, diagnostics);
}

/// Turns an engine's error about SQL into a diagnostic at its place.
///
/// The SQL is the part of `text` from byte `offset` on; the nearest of `names` is offered for a table or function that does not exist.
pub fn describe(error: &DataFusionError, file: &str, text: &str, offset: usize, names: &[&str], diagnostics: &mut Diagnostics) {
    let sql = text.get(offset..).unwrap_or("");
    let root = error.find_root();
    let (message, word, hint) = match root {
        DataFusionError::SchemaError(schema_error, _) => match schema_error.as_ref() {
            SchemaError::FieldNotFound { field, valid_fields } => {
                let near = nearest(&field.name, valid_fields.iter().map(|valid| valid.name.as_str()))
                    .map(|near| format!("did you mean `{near}`?"));
                (format!("there is no column `{}`", field.name), Some(field.name.clone()), near)
            }
            other => (other.to_string(), None, None),
        },
        DataFusionError::Plan(message) if message.contains("not found") && message.starts_with("table '") => {
            let name = message.split('\'').nth(1).and_then(|full| full.rsplit('.').next()).unwrap_or("").to_owned();
            let near = nearest(&name, names.iter().copied()).map(|near| format!("did you mean `{near}`?"));
            (format!("there is no table or population `{name}`"), Some(name), near)
        }
        other => {
            let message = plain_message(other);
            let unknown = message.strip_prefix("Invalid function '").and_then(|rest| rest.split('\'').next());
            let own = unknown.and_then(|name| nearest(name, names.iter().copied()));
            let near = own.or_else(|| message.lines().find_map(|line| line.strip_prefix("Did you mean '")?.split('\'').next()));
            let hint = near.map(|near| format!("did you mean `{near}`?"));
            (message, None, hint)
        }
    };
    let quoted =
        || message.split(['`', '\'', '"']).skip(1).step_by(2).find(|word| span_of_word(text, offset, word).is_some()).map(str::to_owned);
    let by_engine = error.diagnostic().and_then(|diagnostic| diagnostic.span).and_then(|span| {
        let start = byte_of(sql, span.start.line, span.start.column)?;
        let end = byte_of(sql, span.end.line, span.end.column).unwrap_or(start);
        Some(offset + start..offset + end.max(start))
    });
    let by_text = || by_message(&message, sql).map(|at| offset + at..offset + at + 1);
    let span: Option<Range<usize>> =
        by_engine.or_else(|| word.or_else(quoted).and_then(|word| span_of_word(text, offset, &word))).or_else(by_text);
    let first = message.lines().next().unwrap_or("").trim_end_matches('.');
    // The parser counts lines from the SELECT on; the place below is that of the file.
    let first = if span.is_some() { first.split(" at Line: ").next().unwrap_or(first) } else { first }.to_owned();
    let diagnostic = diagnostics.error("sql", file, span, first);
    if let Some(hint) = hint {
        diagnostic.hint(hint);
    }
}

/// The engine's message without the words that only say which part of the engine speaks.
fn plain_message(error: &DataFusionError) -> String {
    let message = error.strip_backtrace();
    let parser = ["SQL error: ParserError(\"", "SQL error: TokenizerError(\""]
        .iter()
        .find_map(|opening| message.strip_prefix(opening))
        .and_then(|rest| rest.strip_suffix("\")"));
    parser.or_else(|| message.strip_prefix("Error during planning: ")).unwrap_or(&message).to_owned()
}

/// A parser's "at Line: 3, Column: 7" as a byte of the SQL.
fn by_message(message: &str, sql: &str) -> Option<usize> {
    let number = |after: &str| -> Option<u64> {
        let rest = &message[message.find(after)? + after.len()..];
        rest.trim_start().split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
    };
    byte_of(sql, number("Line:")?, number("Column:")?)
}
