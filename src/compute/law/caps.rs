//! Conditions on amounts: which of them favour no larger amount.
//!
//! In: conditions over base columns, with what touched them. Out: whether a condition is a cap, or makes rows by an amount.
//! Never here: what a side counts (that is `counts`).

use datafusion::common::{Column, ScalarValue};
use datafusion::logical_expr::{BinaryExpr, Case, Expr, Operator};

use super::super::lineage::{MADE_UP, branches, touched};
use super::counts::{is_zero_or_null, strip};
use super::marks::{imposes_money, is_number_of_money_kinds, mark_of};
use super::{any_part, children, holds_amount, is_amount};
use crate::library::contract::Money;

/// Whether the condition, when `wanted` is its rewarded outcome, never favours a larger amount.
pub fn is_cap(condition: &Expr, wanted: bool) -> bool {
    if !holds_amount(condition) {
        return true;
    }
    if imposes_money(condition) {
        return !wanted;
    }
    if let Some(inside) = is_inside_benchmark(condition) {
        return inside == wanted;
    }
    if let Some((value, by)) = touched(condition) {
        // A flag that is there only where its conditions held.
        return is_cap(value, wanted) && by.iter().all(|condition| is_cap(condition, wanted) && wanted);
    }
    match condition {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::And | Operator::Or, right }) => is_cap(left, wanted) && is_cap(right, wanted),
        Expr::Not(inner) => is_cap(inner, !wanted),
        Expr::IsTrue(inner) | Expr::IsNotFalse(inner) => is_cap(inner, wanted),
        Expr::IsFalse(inner) | Expr::IsNotTrue(inner) => is_cap(inner, !wanted),
        Expr::Alias(alias) => is_cap(&alias.expr, wanted),
        Expr::Cast(cast) => is_cap(&cast.expr, wanted),
        Expr::IsNull(inner) => is_absence(inner, wanted),
        Expr::IsNotNull(inner) => is_absence(inner, !wanted),
        Expr::Case(case) if case.expr.is_none() => {
            let branches = case.when_then_expr.iter().all(|(when, then)| match strip(then) {
                Expr::Literal(ScalarValue::Boolean(Some(value)), _) => is_cap(when, *value == wanted),
                _ => !holds_amount(when) && is_cap(then, wanted),
            });
            branches && case.else_expr.iter().all(|other| is_cap(other, wanted))
        }
        // `CASE outcome WHEN 'penalty' THEN condition …`: what is compared chooses the condition.
        Expr::Case(case) if case.expr.iter().chain(case.when_then_expr.iter().map(|(when, _)| when)).all(|part| !holds_amount(part)) => {
            case.when_then_expr.iter().map(|(_, then)| then).chain(&case.else_expr).all(|then| is_cap(then, wanted))
        }
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => compares_as_cap(left, *op, right, wanted),
        // A flag carried through an aggregate of booleans keeps its direction.
        Expr::AggregateFunction(aggregate) if ["bool_and", "bool_or", "max", "min"].contains(&aggregate.func.name()) => {
            aggregate.params.args.iter().all(|argument| is_cap(argument, wanted))
                && aggregate.params.filter.iter().all(|filter| !holds_amount(filter))
        }
        Expr::ScalarFunction(function) if function.name() == "coalesce" => {
            // What stands in for a touched value is rewarded where the conditions did not hold.
            let stands_in = |argument: &Expr| match strip(argument) {
                Expr::Literal(ScalarValue::Boolean(value), _) => *value != Some(wanted),
                _ => false,
            };
            let touched = any_part(condition, |part| touched(part).is_some());
            function.args.iter().all(|argument| is_cap(argument, wanted)) && (!touched || function.args.iter().skip(1).all(stands_in))
        }
        _ => false,
    }
}

/// Columns with the two bounds of a discretion benchmark (行政处罚法 art. 34), which favours neither side.
const BENCHMARKS: [(&str, &str); 2] = [("benchmark_min", "benchmark_max"), ("fine_min", "fine_max")];

/// Whether the condition asks for an amount inside (`true`) or outside its benchmark; both bounds stand in it, or it is none.
fn is_inside_benchmark(condition: &Expr) -> Option<bool> {
    let is_bound = |bound: &Expr, name: &str| matches!(strip(bound), Expr::Column(column) if column.name == name);
    let is_band = |low: &Expr, high: &Expr| BENCHMARKS.iter().any(|(min, max)| is_bound(low, min) && is_bound(high, max));
    match condition {
        Expr::Between(between) if amount_of(&between.expr).is_some() && is_band(&between.low, &between.high) => Some(!between.negated),
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) => match (left.as_ref(), right.as_ref()) {
            (
                Expr::BinaryExpr(BinaryExpr { left: below, op: Operator::Lt, right: low }),
                Expr::BinaryExpr(BinaryExpr { left: above, op: Operator::Gt, right: high }),
            ) => (amount_of(below).is_some() && below == above && is_band(low, high)).then_some(false),
            _ => None,
        },
        _ => None,
    }
}

/// Whether `value IS NULL`, when `wanted` is its rewarded outcome, never favours a larger amount.
fn is_absence(value: &Expr, wanted: bool) -> bool {
    if !holds_amount(value) {
        return true;
    }
    if is_amount(strip(value)) {
        return wanted;
    }
    if let Some((value, by)) = touched(value) {
        // Absent where one of the conditions did not hold.
        return is_absence(value, wanted) && by.iter().all(|condition| is_cap(condition, !wanted));
    }
    match value {
        Expr::Case(case) if case.expr.is_none() => {
            let branch = |when: &Expr, then: &Expr| match strip(then) {
                Expr::Literal(value, _) => is_cap(when, value.is_null() == wanted),
                _ => !holds_amount(when) && is_absence(then, wanted),
            };
            case.when_then_expr.iter().all(|(when, then)| branch(when, then))
                && case.else_expr.iter().all(|other| is_absence(other, wanted))
        }
        Expr::Cast(cast) => is_absence(&cast.expr, wanted),
        Expr::Alias(alias) => is_absence(&alias.expr, wanted),
        _ => false,
    }
}

fn compares_as_cap(left: &Expr, op: Operator, right: &Expr, wanted: bool) -> bool {
    let (amount_left, amount_right) = (holds_amount(left), holds_amount(right));
    let (bare_left, bare_right) = (amount_of(left).is_some(), amount_of(right).is_some());
    match op {
        Operator::Eq | Operator::NotEq | Operator::IsNotDistinctFrom | Operator::IsDistinctFrom if amount_left && amount_right => {
            is_same_amount_elsewhere(left, right) || is_same_wording_elsewhere(left, right)
        }
        Operator::Eq if bare_left && is_zero_or_null(right) || bare_right && is_zero_or_null(left) => wanted,
        Operator::NotEq if bare_left && is_zero_or_null(right) || bare_right && is_zero_or_null(left) => !wanted,
        Operator::Lt | Operator::LtEq if bare_left || bare_right => {
            (wanted && bare_left && !amount_right) || (!wanted && bare_right && !amount_left)
        }
        Operator::Gt | Operator::GtEq if bare_left || bare_right => {
            (wanted && bare_right && !amount_left) || (!wanted && bare_left && !amount_right)
        }
        // `state = 'due'` where the state was decided by a CASE over an amount: traced through its branches.
        Operator::Eq if matches_case_branches(left, right, wanted) || matches_case_branches(right, left, wanted) => true,
        _ => is_cap_on_presence(left, wanted) && is_cap_on_presence(right, wanted),
    }
}

/// A comparison of a touched value is true only where its conditions held.
fn is_cap_on_presence(side: &Expr, wanted: bool) -> bool {
    match touched(strip(side)) {
        Some((value, by)) => wanted && !holds_amount(value) && by.iter().all(|condition| is_cap(condition, true)),
        None => !holds_amount(side),
    }
}

/// Two systems that say the same amount: neither large nor small is favoured. Another amount, or the same row's, is no second system.
fn is_same_amount_elsewhere(left: &Expr, right: &Expr) -> bool {
    match (amount_of(left), amount_of(right)) {
        (Some((table, name)), Some((other_table, other_name))) => table != other_table && name == other_name,
        _ => false,
    }
}

/// Two systems that say the same words, or the same kinds.
fn is_same_wording_elsewhere(left: &Expr, right: &Expr) -> bool {
    match (strip(left), strip(right)) {
        (Expr::Column(one), Expr::Column(other)) => {
            let table = |column: &Column| column.relation.as_ref().map(|relation| relation.table().to_owned());
            one.name == other.name && table(one) != table(other)
        }
        _ => false,
    }
}

/// Table and name of the amount that an expression is, empty or zero where there is none.
fn amount_of(expression: &Expr) -> Option<(String, String)> {
    let one_of = |parts: Vec<&Expr>| {
        let mut found = None;
        for part in parts.into_iter().filter(|part| !is_zero_or_null(part)) {
            let amount = amount_of(part)?;
            if found.as_ref().is_some_and(|known| *known != amount) {
                return None;
            }
            found = Some(amount);
        }
        found
    };
    let stripped = strip(expression);
    match stripped {
        Expr::Column(column) if mark_of(stripped) == Money::Penalty => {
            Some((column.relation.as_ref()?.table().to_owned(), column.name.clone()))
        }
        Expr::ScalarFunction(function) if function.name() == "coalesce" => one_of(function.args.iter().collect()),
        other => branches(other).and_then(|(one, two)| one_of(vec![one, two])).or_else(|| is_number_of_money_kinds(other)),
    }
}

/// `CASE WHEN c1 THEN 'a' … END = 'b'`: each branch's condition is judged by whether its value is the one asked for.
fn matches_case_branches(case: &Expr, literal: &Expr, wanted: bool) -> bool {
    let (Expr::Case(case), Expr::Literal(asked, _)) = (strip(case), strip(literal)) else { return false };
    let Case { expr: None, when_then_expr, else_expr } = case else { return false };
    when_then_expr.iter().all(|(when, then)| match strip(then) {
        Expr::Literal(value, _) => is_cap(when, (value == asked) == wanted),
        _ => !holds_amount(when) && !holds_amount(then),
    }) && else_expr.iter().all(|other| !holds_amount(other))
}

/// Whether the condition lets an amount decide how often a row stands there: a list as long as the amount, or an amount compared
/// with numbers that were made for that. `of_rows`: it is a condition of a join or a WHERE, where a column of another table makes rows too.
pub fn multiplies(condition: &Expr, of_rows: bool) -> bool {
    if let Some((value, by)) = touched(condition) {
        return multiplies(value, of_rows) || by.iter().any(|condition| multiplies(condition, of_rows));
    }
    match condition {
        Expr::Unnest(list) => holds_amount(&list.expr),
        Expr::BinaryExpr(binary) if !matches!(binary.op, Operator::And | Operator::Or) => {
            let (left, right) = (&binary.left, &binary.right);
            let sides = match (holds_directly(left), holds_directly(right)) {
                (true, false) => makes_rows(right, left, of_rows),
                (false, true) => makes_rows(left, right, of_rows),
                _ => false,
            };
            sides || multiplies(left, of_rows) || multiplies(right, of_rows)
        }
        Expr::Between(between) if holds_directly(&between.expr) => {
            makes_rows(&between.low, &between.expr, of_rows) || makes_rows(&between.high, &between.expr, of_rows)
        }
        Expr::Between(between) => {
            [&between.low, &between.high].into_iter().any(|bound| holds_directly(bound) && makes_rows(&between.expr, bound, of_rows))
        }
        other => children(other).into_iter().any(|child| multiplies(child, of_rows)),
    }
}

/// Whether an amount stands in the value itself, and not only in what touched it.
pub fn holds_directly(expression: &Expr) -> bool {
    match touched(expression) {
        Some((value, _)) => holds_directly(value),
        None => is_amount(expression) || children(expression).into_iter().any(holds_directly),
    }
}

/// Whether `limits` are numbers made to be counted: positions, unnested or listed numbers, or (in conditions of rows) another table's.
fn makes_rows(limits: &Expr, amount: &Expr, of_rows: bool) -> bool {
    let mut own = Vec::new();
    collect_tables(amount, &mut own);
    let made = |part: &Expr| match part {
        Expr::Unnest(_) | Expr::WindowFunction(_) => true,
        Expr::Column(column) => {
            let table = column.relation.as_ref().map_or("", |relation| relation.table());
            table == MADE_UP || of_rows && !own.iter().any(|known| known == table)
        }
        other => branches(other).is_some_and(|(one, two)| one != two && !any_part(one, is_column) && !any_part(two, is_column)),
    };
    any_part(limits, made)
}

fn is_column(expression: &Expr) -> bool {
    matches!(expression, Expr::Column(_))
}

pub fn collect_tables(expression: &Expr, tables: &mut Vec<String>) {
    if let Expr::Column(column) = expression {
        tables.extend(column.relation.as_ref().map(|relation| relation.table().to_owned()));
    }
    children(expression).into_iter().for_each(|child| collect_tables(child, tables));
}
