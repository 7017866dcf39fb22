//! Forms of SQL that are refused: the engine would answer them wrongly, or differently from run to run, or not at all.
//!
//! In: a SELECT inside a file of `queries/`, its syntax and its plan. Out: diagnostics with file, place and hint. Never here:
//! what the law refuses (that is `law`), the columns that a shape needs (that is `check`), data.

use std::collections::BTreeSet;
use std::ops::{ControlFlow, Range};

use arrow::datatypes::DataType;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchema, DataFusionError, ScalarValue};
use datafusion::logical_expr::{Aggregate, Case, Expr, ExprSchemable, LogicalPlan, Operator};
use datafusion::prelude::SessionContext;
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr as SyntaxExpr, Query, Select, SelectItem, SetExpr, Statement as SqlStatement, Visit, Visitor, visit_expressions,
};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::tokenizer::{Location, Token, Tokenizer, Whitespace};

use super::lineage::{Lineage, branches, touched};
use crate::diagnostics::{Diagnostics, nearest};
use crate::library::Library;
use crate::library::contract::ColumnType;
use crate::library::indicator::{Indicator, Shape, span_of_word};

/// Functions whose answer depends on the wall clock, on chance, or on how the data is split.
const REFUSED_FUNCTIONS: [&str; 11] = [
    "now",
    "current_date",
    "current_time",
    "today",
    "random",
    "uuid",
    "approx_distinct",
    "approx_median",
    "approx_percentile_cont",
    "approx_percentile_cont_with_weight",
    "any_value",
];

/// Aggregates and windows whose answer depends on the order of the rows.
const ORDERED_FUNCTIONS: [&str; 8] = ["string_agg", "array_agg", "first_value", "last_value", "nth_value", "lag", "lead", "ntile"];

/// A SELECT inside a file.
#[derive(Clone, Copy)]
pub struct Written<'a> {
    /// The file, for messages.
    pub file: &'a str,
    /// Its whole text.
    pub text: &'a str,
    /// Where the SELECT begins.
    pub offset: usize,
}

impl Written<'_> {
    fn sql(&self) -> &str {
        self.text.get(self.offset..).unwrap_or("")
    }

    fn word(&self, word: &str) -> Option<Range<usize>> {
        span_of_word(self.text, self.offset, word)
    }

    fn at(&self, location: Location) -> Option<usize> {
        byte_of(self.sql(), location.line, location.column).map(|at| self.offset + at)
    }
}

/// The byte of a line and column (in characters), both from 1.
pub fn byte_of(sql: &str, line: u64, column: u64) -> Option<usize> {
    let mut start = 0;
    for (index, text) in sql.split_inclusive('\n').enumerate() {
        if index as u64 + 1 == line {
            let within: usize = text.chars().take(column.saturating_sub(1) as usize).map(char::len_utf8).sum();
            return Some(start + within);
        }
        start += text.len();
    }
    None
}

/// Refuses what is not one SELECT with nothing after it. `false`: there is no SELECT to plan.
pub fn refuse_other_statements(context: &SessionContext, written: Written<'_>, diagnostics: &mut Diagnostics) -> bool {
    // Text that is not even made of tokens, or doesn't parse, has its own message.
    let Ok(tokens) = Tokenizer::new(&GenericDialect {}, written.sql()).tokenize_with_location() else { return true };
    let mut end = None;
    for token in &tokens {
        match &token.token {
            Token::SemiColon => end = end.or(Some(token.span)),
            Token::Whitespace(Whitespace::SingleLineComment { .. } | Whitespace::MultiLineComment(_)) | Token::EOF => {}
            Token::Whitespace(_) => {}
            _ if end.is_some() => {
                let at = written.at(token.span.start);
                diagnostics
                    .error("one-select", written.file, at.map(|at| at..at + 1), "a second statement follows the SELECT")
                    .hint("a file is one SELECT, with nothing after it");
                return false;
            }
            _ => {}
        }
    }
    let last = tokens.iter().rposition(|token| !matches!(token.token, Token::Whitespace(_) | Token::SemiColon | Token::EOF));
    let after = tokens.iter().skip(last.map_or(0, |last| last + 1));
    let comment = after
        .into_iter()
        .find(|token| matches!(&token.token, Token::Whitespace(Whitespace::SingleLineComment { .. } | Whitespace::MultiLineComment(_))));
    if let Some(comment) = comment {
        let at = written.at(comment.span.start);
        diagnostics
            .error("one-select", written.file, at.map(|at| at..at + 2), "a comment follows the SELECT")
            .hint("what is said about the SELECT stands above it, where people read it");
    }
    let dialect = context.state().config().options().sql_parser.dialect;
    match context.state().sql_to_statement(written.sql().trim_end().trim_end_matches(';'), &dialect) {
        Ok(Statement::Statement(statement)) if matches!(statement.as_ref(), SqlStatement::Query(query) if selects(&query.body)) => true,
        Ok(_) => {
            let first = tokens.iter().find(|token| !matches!(token.token, Token::Whitespace(_)));
            let span = first.and_then(|token| Some(written.at(token.span.start)?..written.at(token.span.end)?));
            diagnostics
                .error("one-select", written.file, span, "this is no SELECT")
                .hint("a file is one SELECT, with nothing after it; nothing here may make, change or write tables");
            false
        }
        Err(_) => true,
    }
}

fn selects(body: &SetExpr) -> bool {
    match body {
        SetExpr::Select(_) | SetExpr::Values(_) => true,
        SetExpr::Query(query) => selects(&query.body),
        SetExpr::SetOperation { left, right, .. } => selects(left) && selects(right),
        _ => false,
    }
}

/// Refuses what only an indicator may not do: divide a ratio, select `*`, hide a table behind a CTE.
pub fn refuse_in_indicator(indicator: &Indicator, statement: &Statement, library: &Library, diagnostics: &mut Diagnostics) {
    let Statement::Statement(statement) = statement else { return };
    let divides = visit_expressions(statement.as_ref(), |expression| match expression {
        SyntaxExpr::BinaryOp { op: BinaryOperator::Divide, .. } => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    });
    if divides.is_break() && matches!(indicator.shape, Shape::Ratio | Shape::Pair) {
        let at = indicator.sql.find('/').map(|at| indicator.sql_offset + at);
        diagnostics
            .error("division", &indicator.file, at.map(|at| at..at + 1), format!("`{}` divides", indicator.id))
            .hint("give numerator and denominator; parents are exact sums of children, and division happens once, in scoring");
    }
    let mut found = Found { star: None, names: BTreeSet::new() };
    let _ = statement.as_ref().visit(&mut found);
    if let Some(star) = found.star {
        let at = byte_of(&indicator.sql, star.line, star.column).map(|at| indicator.sql_offset + at);
        let span = at.map(|at| at..at + 1);
        diagnostics.error("select-star", &indicator.file, span, format!("`{}` selects `*`; name its columns", indicator.id));
    }
    for name in found.names.iter().filter(|name| library.tables.contains_key(*name) || library.populations.contains_key(*name)) {
        diagnostics
            .error(
                "one-population",
                &indicator.file,
                span_of_word(&indicator.text, indicator.sql_offset, name),
                format!("`{}` hides `{name}` behind a WITH of the same name", indicator.id),
            )
            .hint("give it another name, so that what is read can be seen");
    }
}

/// What the syntax tree of an indicator holds.
struct Found {
    star: Option<Location>,
    names: BTreeSet<String>,
}

impl Visitor for Found {
    type Break = ();

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        let star = select.projection.iter().find_map(|item| match item {
            SelectItem::Wildcard(options) | SelectItem::QualifiedWildcard(_, options) => Some(options.wildcard_token.0.span.start),
            _ => None,
        });
        self.star = self.star.or(star);
        ControlFlow::Continue(())
    }

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        self.names.extend(query.with.iter().flat_map(|with| &with.cte_tables).map(|cte| cte.alias.name.value.clone()));
        ControlFlow::Continue(())
    }
}

/// Refuses forms that the engine accepts and answers wrongly, or differently from run to run.
pub fn refuse_forms(context: &SessionContext, plan: &LogicalPlan, written: Written<'_>, diagnostics: &mut Diagnostics) {
    // Lists of one aggregate: the same list elsewhere is another.
    let mut sorted_lists: Vec<(*const Aggregate, Expr)> = Vec::new();
    let walked = plan.apply_with_subqueries(|node| {
        sorted_lists.extend(lists_sorted_by(node));
        let own = match node {
            LogicalPlan::Aggregate(aggregate) => std::ptr::from_ref(aggregate),
            _ => std::ptr::null(),
        };
        if let LogicalPlan::Limit(limit) = node
            && !is_sorted(&limit.input)
        {
            diagnostics
                .error("order-or-limit", written.file, written.word("LIMIT"), "a LIMIT without ORDER BY keeps other rows every time")
                .hint("sort by a key first, or count all rows");
        }
        node.apply_expressions(|expression| {
            expression.apply(|part| {
                if !sorted_lists.iter().any(|(of, list)| std::ptr::eq(*of, own) && list == part) {
                    refuse_function(part, written, diagnostics);
                }
                refuse_swallowed_condition(part, written, diagnostics);
                Ok(TreeNodeRecursion::Continue)
            })
        })
    });
    let compared = refuse_durations(context, plan, written, diagnostics);
    if walked.is_err() || compared.is_err() {
        diagnostics.warning("unwalked-plan", written.file, None, "the plan could not be walked for refused forms");
    }
}

fn is_sorted(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Sort(_) => true,
        LogicalPlan::Projection(projection) => is_sorted(&projection.input),
        LogicalPlan::SubqueryAlias(alias) => is_sorted(&alias.input),
        _ => false,
    }
}

/// Lists that an aggregate makes in any order and the SELECT above it reads only sorted: `array_sort(flatten(array_agg(x)))`.
fn lists_sorted_by(node: &LogicalPlan) -> Vec<(*const Aggregate, Expr)> {
    let LogicalPlan::Projection(projection) = node else { return Vec::new() };
    let (aggregate, having) = match projection.input.as_ref() {
        LogicalPlan::Aggregate(aggregate) => (aggregate, None),
        LogicalPlan::Filter(filter) => match filter.input.as_ref() {
            LogicalPlan::Aggregate(aggregate) => (aggregate, Some(&filter.predicate)),
            _ => return Vec::new(),
        },
        _ => return Vec::new(),
    };
    let is_list = |made: &&Expr| matches!(made, Expr::AggregateFunction(function) if function.func.name() == "array_agg");
    let is_sorted = |made: &&Expr| {
        let name = made.schema_name().to_string();
        projection.expr.iter().chain(having).all(|read| !reads_unsorted(read, &name))
    };
    aggregate.aggr_expr.iter().filter(is_list).filter(is_sorted).map(|list| (std::ptr::from_ref(aggregate), list.clone())).collect()
}

/// Whether an expression reads the column of this name other than to sort it.
fn reads_unsorted(expression: &Expr, name: &str) -> bool {
    let is_column = |part: &Expr| matches!(part, Expr::Column(column) if column.name == name);
    let mut found = false;
    let walked = expression.apply(|part| {
        if let Expr::ScalarFunction(sort) = part
            && let ("array_sort", [list]) = (sort.name(), sort.args.as_slice())
        {
            let flat = match list {
                Expr::ScalarFunction(flatten) if flatten.name() == "flatten" && flatten.args.len() == 1 => &flatten.args[0],
                other => other,
            };
            if is_column(flat) {
                return Ok(TreeNodeRecursion::Jump);
            }
        }
        found |= is_column(part);
        Ok(TreeNodeRecursion::Continue)
    });
    found || walked.is_err()
}

fn refuse_function(part: &Expr, written: Written<'_>, diagnostics: &mut Diagnostics) {
    let (name, is_ordered, is_window) = match part {
        Expr::ScalarFunction(function) => (function.name().to_owned(), true, false),
        Expr::AggregateFunction(function) => (function.func.name().to_owned(), !function.params.order_by.is_empty(), false),
        Expr::WindowFunction(window) => (window.fun.name().to_owned(), !window.params.order_by.is_empty(), true),
        _ => return,
    };
    if REFUSED_FUNCTIONS.contains(&name.as_str()) {
        diagnostics
            .error("unrepeatable-function", written.file, written.word(&name), format!("`{name}` does not give the same answer every time"))
            .hint("the as-of instant is `$as_of`; counts and medians must be exact");
    } else if !is_ordered && ORDERED_FUNCTIONS.contains(&name.as_str()) {
        let how = if is_window { "OVER (… ORDER BY key)" } else { "(… ORDER BY key)" };
        diagnostics
            .error(
                "unordered-function",
                written.file,
                written.word(&name),
                format!("`{name}` without ORDER BY does not give the same answer every time"),
            )
            .hint(match name.as_str() {
                "array_agg" => {
                    format!("write `array_sort(array_agg(…))`, or `{name}{how}` with an order that leaves no two rows equal")
                }
                _ => format!("write `{name}{how}`, with an order that leaves no two rows equal"),
            });
    } else if !is_ordered && is_window && name == "row_number" {
        diagnostics
            .warning(
                "unordered-function",
                written.file,
                written.word(&name),
                "`row_number` without ORDER BY numbers the rows anew every time",
            )
            .hint("add an ORDER BY that leaves no two rows equal, the record's key last");
    }
}

/// Refuses `a IS DISTINCT FROM b AND c`: the parser takes `b AND c` for what `a` is compared with.
fn refuse_swallowed_condition(part: &Expr, written: Written<'_>, diagnostics: &mut Diagnostics) {
    let Expr::BinaryExpr(comparison) = part else { return };
    if !matches!(comparison.op, Operator::IsDistinctFrom | Operator::IsNotDistinctFrom) {
        return;
    }
    if let Expr::BinaryExpr(right) = comparison.right.as_ref()
        && matches!(right.op, Operator::And | Operator::Or)
    {
        let word = if right.op == Operator::And { "AND" } else { "OR" };
        diagnostics
            .error(
                "swallowed-condition",
                written.file,
                written.word("DISTINCT FROM"),
                format!("the comparison swallows the {word} after it: `a IS DISTINCT FROM b {word} c` is read as `a IS DISTINCT FROM (b {word} c)`"),
            )
            .hint(format!("write `(a IS DISTINCT FROM b) {word} c`"));
    }
}

/// Refuses a difference of instants that meets an INTERVAL: wherever the engine brings the two to one type, it compares field by field.
fn refuse_durations(
    context: &SessionContext,
    plan: &LogicalPlan,
    written: Written<'_>,
    diagnostics: &mut Diagnostics,
) -> Result<(), DataFusionError> {
    let state = context.state();
    // What can't be analysed is reported as what it is, by the planner.
    let Ok(analysed) = state.analyzer().execute_and_check(plan.clone(), state.config_options(), |_, _| {}) else { return Ok(()) };
    let mut found = false;
    for plan in [plan, &analysed] {
        plan.apply_with_subqueries(|node| {
            let schema = under(node)?;
            node.apply_expressions(|expression| {
                expression.apply(|part| {
                    found |= mixes_duration_with_interval(part, &schema);
                    Ok(TreeNodeRecursion::Continue)
                })
            })
        })?;
    }
    if found {
        diagnostics
            .error(
                "duration-against-interval",
                written.file,
                written.word("INTERVAL"),
                "a difference of instants meets an INTERVAL: the engine compares them field by field, so 31 days counts as less than 7",
            )
            .hint("write `a <= b + INTERVAL '7 days'`, or use due_at / due_on");
    }
    Ok(())
}

/// The columns that a node's expressions may speak of.
fn under(node: &LogicalPlan) -> Result<DFSchema, DataFusionError> {
    match (node, node.inputs().as_slice()) {
        (LogicalPlan::Join(join), _) => join.left.schema().join(join.right.schema()),
        (_, [input]) => Ok(input.schema().as_ref().clone()),
        _ => Ok(DFSchema::empty()),
    }
}

fn mixes_duration_with_interval(part: &Expr, schema: &DFSchema) -> bool {
    let is_duration = |expression: &Expr| matches!(expression.get_type(schema), Ok(DataType::Duration(_)));
    let is_interval = |expression: &Expr| matches!(expression.get_type(schema), Ok(DataType::Interval(_)));
    // `date + 1` becomes a duration of days cast to an interval, by the engine itself and rightly.
    let casts = |to: &DataType, value: &Expr| matches!(to, DataType::Interval(_)) && is_duration(value) && !matches!(value, Expr::Cast(_));
    match part {
        Expr::Cast(cast) => casts(cast.field.data_type(), &cast.expr),
        Expr::TryCast(cast) => casts(cast.field.data_type(), &cast.expr),
        Expr::BinaryExpr(binary) if binary.op.supports_propagation() => {
            is_duration(&binary.left) && is_interval(&binary.right) || is_interval(&binary.left) && is_duration(&binary.right)
        }
        _ => false,
    }
}

/// Refuses a month that may be another day than the first: the SELECT would group by day, and a month would have several rows.
pub fn refuse_loose_month(indicator: &Indicator, month: &Expr, diagnostics: &mut Diagnostics) {
    if !is_first_of_month(month) {
        diagnostics
            .error(
                "month-not-first",
                &indicator.file,
                span_of_word(&indicator.text, indicator.sql_offset, "month"),
                format!("`month` of `{}` may be any day, so that a month has several rows", indicator.id),
            )
            .hint("wrap it in month_of(…)");
    }
}

fn is_first_of_month(expression: &Expr) -> bool {
    if let Some((value, _)) = touched(expression) {
        return is_first_of_month(value);
    }
    match expression {
        Expr::Alias(alias) => is_first_of_month(&alias.expr),
        Expr::Cast(cast) => is_first_of_month(&cast.expr),
        Expr::TryCast(cast) => is_first_of_month(&cast.expr),
        Expr::ScalarFunction(function) => match (function.name(), function.args.as_slice()) {
            ("month_of", _) => true,
            ("date_trunc", [unit, _]) => text_of(unit).is_some_and(|unit| ["month", "quarter", "year"].contains(&unit.as_str())),
            ("coalesce" | "least" | "greatest", values) => values.iter().all(is_first_of_month),
            _ => false,
        },
        Expr::AggregateFunction(aggregate) if ["min", "max", "first_value", "last_value"].contains(&aggregate.func.name()) => {
            aggregate.params.args.iter().all(is_first_of_month)
        }
        Expr::Case(case) => {
            case.when_then_expr.iter().all(|(_, then)| is_first_of_month(then))
                && case.else_expr.iter().all(|other| is_first_of_month(other))
        }
        Expr::Literal(value, _) if value.is_null() => true,
        Expr::Literal(ScalarValue::Date32(Some(days)), _) => crate::terms::date_from_epoch_days(*days).is_some_and(|date| date.day() == 1),
        // `DATE '2026-01-01'` is a cast of its text.
        other => text_of(other).and_then(|text| text.parse::<jiff::civil::Date>().ok()).is_some_and(|date| date.day() == 1),
    }
}

/// The text that an expression is.
pub fn text_of(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Literal(ScalarValue::Utf8(text) | ScalarValue::Utf8View(text) | ScalarValue::LargeUtf8(text), _) => text.clone(),
        Expr::Cast(cast) => text_of(&cast.expr),
        Expr::Alias(alias) => text_of(&alias.expr),
        _ => None,
    }
}

/// Refuses a code that the compared column's contract does not have: the comparison would be false for every row.
pub fn refuse_unknown_codes(library: &Library, plan: &LogicalPlan, written: Written<'_>, diagnostics: &mut Diagnostics) {
    let compared = std::cell::RefCell::new(BTreeSet::new());
    let meets = |expression: &Expr| {
        let _ = expression.apply(|part| {
            compared.borrow_mut().extend(comparisons(part).into_iter().filter_map(|(value, literal)| {
                let literal = text_of(literal)?;
                let possible = possible_codes(library, value)?;
                (!possible.codes.contains(&literal)).then_some((literal, possible))
            }));
            Ok(TreeNodeRecursion::Continue)
        });
    };
    // A plan that can't be traced is reported where that matters.
    let _ = Lineage { matters: &|_| false, meets: &meets }.resolve(plan);
    for (literal, possible) in compared.into_inner() {
        // A literal that is not in this text stands in a population below, which is checked by itself.
        let Some(at) = written.sql().find(&format!("'{literal}'")).map(|at| written.offset + at + 1) else { continue };
        let span = Some(at..at + literal.len());
        let near = nearest(&literal, possible.codes.iter().map(String::as_str)).map(|near| format!("did you mean `{near}`?"));
        let known = possible.codes.iter().cloned().collect::<Vec<_>>().join(", ");
        let hint = near.unwrap_or_else(|| format!("the codes are {known}"));
        match possible.column {
            Some(column) => diagnostics.error("unknown-code", written.file, span, format!("`{column}` has no code `{literal}`")).hint(hint),
            None => {
                diagnostics.warning("unknown-code", written.file, span, format!("what is compared here is never `{literal}`")).hint(hint)
            }
        };
    }
}

/// Pairs of a value and a literal that are compared for equality.
fn comparisons(part: &Expr) -> Vec<(&Expr, &Expr)> {
    match part {
        Expr::BinaryExpr(binary)
            if matches!(binary.op, Operator::Eq | Operator::NotEq | Operator::IsDistinctFrom | Operator::IsNotDistinctFrom) =>
        {
            vec![(&*binary.left, &*binary.right), (&*binary.right, &*binary.left)]
        }
        Expr::InList(among) => among.list.iter().map(|literal| (&*among.expr, literal)).collect(),
        Expr::Case(Case { expr: Some(value), when_then_expr, .. }) => when_then_expr.iter().map(|(when, _)| (&**value, &**when)).collect(),
        Expr::ScalarFunction(function) if function.name() == "array_has" => match function.args.as_slice() {
            [list, literal] => vec![(list, literal)],
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// What a value can be; `column` where it is a column as it stands in its table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Possible {
    codes: BTreeSet<String>,
    column: Option<String>,
}

/// The codes that an expression over base columns can have, where every one is known.
fn possible_codes(library: &Library, expression: &Expr) -> Option<Possible> {
    if let Some((value, _)) = touched(expression) {
        return possible_codes(library, value);
    }
    let all = |parts: Vec<&Expr>| {
        let mut codes = BTreeSet::new();
        for part in parts {
            match (text_of(part), part) {
                (Some(text), _) => {
                    codes.insert(text);
                }
                (None, Expr::Literal(value, _)) if value.is_null() => {}
                _ => codes.extend(possible_codes(library, part)?.codes),
            }
        }
        Some(Possible { codes, column: None })
    };
    match expression {
        Expr::Column(column) => {
            let table = column.relation.as_ref()?.table();
            let known = library.tables.get(table)?.column(&column.name)?;
            let coded = !known.codes.is_empty() && matches!(known.kind, ColumnType::Text | ColumnType::List);
            let codes = known.codes.iter().map(|(code, _)| code.clone()).chain(known.default.clone());
            coded.then(|| Possible { codes: codes.collect(), column: Some(format!("{table}.{}", column.name)) })
        }
        Expr::Cast(cast) => possible_codes(library, &cast.expr),
        Expr::Alias(alias) => possible_codes(library, &alias.expr),
        Expr::ScalarFunction(function) if function.name() == "coalesce" => all(function.args.iter().collect()),
        Expr::Case(case) => match branches(expression) {
            Some((one, two)) => all(vec![one, two]),
            None => all(case.when_then_expr.iter().map(|(_, then)| &**then).chain(case.else_expr.iter().map(|other| &**other)).collect()),
        },
        _ => None,
    }
}
