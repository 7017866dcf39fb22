//! Marks on base columns: what a contract says about the money of penalties (`Money`), carried by the column itself.
//!
//! In: expressions over base columns, contracts. Out: the same expressions, where a column that speaks of penalty money has the mark
//! as the schema of its relation, except where it is asked for something else. Never here: which conditions favour an amount (`caps`).

use std::collections::BTreeMap;

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, TableReference};
use datafusion::logical_expr::{BinaryExpr, Expr, Operator, lit};

use super::super::forms::text_of;
use super::super::lineage::{conjuncts, touched};
use super::caps::collect_tables;
use super::counts::{counts_rows, strip};
use super::{any_part, children};
use crate::library::contract::{MONEY_KINDS, Money, TableContract};

const MARKS: [(Money, &str); 3] = [(Money::Penalty, "(amount)"), (Money::Wording, "(wording)"), (Money::Kind, "(kind)")];
/// What a kind is called in a text of one's own.
const MONEY_WORDS: [&str; 4] = ["fine", "confiscat", "罚", "没收"];

/// What a base column says about the money of penalties.
pub fn mark_of(expression: &Expr) -> Money {
    let (Expr::Column(column) | Expr::OuterReferenceColumn(_, column)) = expression else { return Money::None };
    let schema = column.relation.as_ref().and_then(TableReference::schema);
    MARKS.iter().find(|(_, mark)| schema == Some(mark)).map_or(Money::None, |(money, _)| *money)
}

fn marked(column: &Column, money: Money) -> Column {
    let table = column.relation.as_ref().map_or("", |relation| relation.table());
    match MARKS.iter().find(|(known, _)| *known == money) {
        Some((_, mark)) => Column::new(Some(TableReference::partial(*mark, table)), &column.name),
        None => Column::new(Some(TableReference::bare(table)), &column.name),
    }
}

/// The expression with its columns marked.
pub fn mark(expression: Expr, tables: &BTreeMap<String, TableContract>) -> Expr {
    let said = |table: &str, name: &str| tables.get(table).and_then(|table| table.column(name)).map_or(Money::None, |column| column.money);
    rewrite(expression, |part| match part {
        Expr::Column(column) if column.relation.as_ref().is_some_and(|relation| relation.schema().is_none()) => {
            let money = said(column.relation.as_ref().map_or("", |relation| relation.table()), &column.name);
            if money == Money::None {
                Transformed::no(Expr::Column(column))
            } else {
                Transformed::yes(Expr::Column(marked(&column, money)))
            }
        }
        // The relation is an alias here, so any table's column of that name counts.
        Expr::OuterReferenceColumn(field, column) => {
            let money = tables.keys().map(|table| said(table, &column.name)).max().unwrap_or(Money::None);
            let column = if money == Money::None { column } else { marked(&column, money) };
            Transformed::no(Expr::OuterReferenceColumn(field, column))
        }
        other if asks_nothing_of_money(&other) => Transformed::yes(rewrite(other, |inner| match inner {
            Expr::Column(column) if [Money::Kind, Money::Wording].contains(&mark_of(&Expr::Column(column.clone()))) => {
                Transformed::yes(Expr::Column(marked(&column, Money::None)))
            }
            inner => Transformed::no(inner),
        })),
        other => Transformed::no(other),
    })
}

/// The expression with every count of rows written as an amount and all else unmarked, so that conditions on counts are judged as
/// conditions on amounts are. A record that is there at all, the first of several, and a number compared with another number of the same
/// kind say nothing about how many acts there are.
pub fn counts_as_amounts(expression: Expr) -> Expr {
    let asked = rewrite(expression, |part| match part {
        Expr::BinaryExpr(binary) if is_of_existence(&binary) => Transformed::yes(lit(true)),
        Expr::Column(column) => Transformed::yes(Expr::Column(marked(&column, Money::None))),
        other => match touched(&other) {
            Some((value, _)) => Transformed::yes(value.clone()),
            None => Transformed::no(other),
        },
    });
    rewrite(asked, |part| {
        if counts_rows(&part) {
            Transformed::yes(Expr::Column(marked(&Column::new(Some("(acts)"), "number"), Money::Penalty)))
        } else {
            Transformed::no(part)
        }
    })
}

fn is_comparison(op: Operator) -> bool {
    use Operator::{Eq, Gt, GtEq, IsDistinctFrom, IsNotDistinctFrom, Lt, LtEq, NotEq};
    [Eq, NotEq, Lt, LtEq, Gt, GtEq, IsDistinctFrom, IsNotDistinctFrom].contains(&op)
}

/// Whether a number is only asked whether there is any, whether it is complete beside another number of rows, or whether it reaches what the
/// year's plan or a parameter with its basis (two officers an act) sets. A running number is never held against a parameter: that is a quota.
fn is_of_existence(binary: &BinaryExpr) -> bool {
    let is_number = |side: &Expr, number: &str| matches!(strip(side), Expr::Literal(value, _) if value.to_string() == number);
    let (left, right) = (any_part(&binary.left, counts_rows), any_part(&binary.right, counts_rows));
    let beside = |counted: &Expr, other: &Expr, at_least: Operator| {
        let runs = any_part(counted, |part| matches!(part, Expr::WindowFunction(_)));
        let set = any_part(other, |part| matches!(part, Expr::ScalarFunction(function) if function.name() == "param"));
        is_number(other, "0") || is_number(other, "1") && [Operator::Eq, at_least].contains(&binary.op) || set && !runs || is_of_plan(other)
    };
    let asks = left && beside(&binary.left, &binary.right, Operator::GtEq)
        || right && beside(&binary.right, &binary.left, Operator::LtEq)
        || left && right;
    asks && is_comparison(binary.op)
}

/// The year's plan, filed beforehand: 国办发〔2024〕54号 asks for it, and keeping to it is no quota of a unit's own.
const PLANS: &str = "inspection_plans";

fn is_of_plan(expression: &Expr) -> bool {
    let mut tables = Vec::new();
    collect_tables(expression, &mut tables);
    !tables.is_empty() && tables.iter().all(|table| table == PLANS)
}

fn rewrite(expression: Expr, change: impl Fn(Expr) -> Transformed<Expr>) -> Expr {
    let kept = expression.clone();
    expression.transform_up(|part| Ok(change(part))).map_or(kept, |changed| changed.data)
}

/// Whether kinds or words of a penalty are asked for something that says nothing about its money: whether they are there, whether a kind
/// is among them that takes none.
fn asks_nothing_of_money(expression: &Expr) -> bool {
    match expression {
        Expr::IsNull(inner) | Expr::IsNotNull(inner) => carries(inner),
        Expr::BinaryExpr(BinaryExpr { left, op, right }) if is_comparison(*op) => {
            let beside = |value: &Expr, other: &Expr| match strip(other) {
                other if text_of(other).is_some_and(|text| text.trim().is_empty()) => carries(trimmed(value)),
                Expr::Literal(number, _) if number.to_string() == "0" => is_number_of_kinds(value),
                other => [Operator::Eq, Operator::NotEq].contains(op) && carries_kind(value) && takes_no_money(other),
            };
            beside(left, right) || beside(right, left)
        }
        Expr::InList(list) => carries_kind(&list.expr) && list.list.iter().all(takes_no_money),
        Expr::ScalarFunction(function) => match (function.name(), function.args.as_slice()) {
            ("array_has" | "array_has_any" | "array_has_all", [kinds, asked]) => carries_kind(kinds) && takes_no_money(asked),
            ("array_intersect", [kinds, asked]) => carries_kind(kinds) && takes_no_money(asked),
            // Where a date is missing, another stands in for penalties of kinds that nobody has to perform: a date, and no flag.
            ("coalesce", [date, stands_in]) => any_part(date, |part| matches!(part, Expr::Column(_))) && is_given_without_money(stands_in),
            // A fixed phrase of another matter (a consent order) is looked for in the words.
            ("strpos", [words, phrase]) => {
                any_part(words, carries) && texts(phrase).is_some_and(|all| all.iter().all(|text| is_of_another_matter(text)))
            }
            // What is left holds nothing that takes money.
            ("array_except", [kinds, known]) => {
                carries_kind(kinds) && MONEY_KINDS.iter().all(|kind| texts(known).is_some_and(|all| all.iter().any(|text| text == kind)))
            }
            _ => false,
        },
        _ => false,
    }
}

/// `CASE WHEN cardinality(array_except(kinds, …)) = 0 THEN date END`, where only kinds are listed that take no money.
fn is_given_without_money(expression: &Expr) -> bool {
    let is_without = |condition: &Expr| match condition {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) => {
            is_number_of_money_kinds(left).is_some() && matches!(strip(right), Expr::Literal(number, _) if number.to_string() == "0")
        }
        other => !any_part(other, |part| mark_of(part) != Money::None),
    };
    match touched(expression).map_or(expression, |(value, _)| value) {
        Expr::Case(case) if case.expr.is_none() && case.else_expr.is_none() => case.when_then_expr.iter().all(|(when, then)| {
            conjuncts(when.as_ref().clone()).iter().all(is_without)
                && any_part(then, |part| matches!(part, Expr::Column(_)))
                && !any_part(then, |part| mark_of(part) != Money::None)
        }),
        _ => false,
    }
}

/// Whether the expression is a marked column, or one where it is there.
fn carries(expression: &Expr) -> bool {
    match strip(expression) {
        Expr::ScalarFunction(function) if function.name() == "coalesce" => {
            function.args.iter().all(|part| carries(part) || !any_part(part, |part| mark_of(part) != Money::None))
        }
        other => match touched(other) {
            Some((value, _)) => carries(value),
            None => mark_of(other) != Money::None,
        },
    }
}

fn carries_kind(expression: &Expr) -> bool {
    carries(expression) && !any_part(expression, |part| [Money::Penalty, Money::Wording].contains(&mark_of(part)))
}

fn trimmed(expression: &Expr) -> &Expr {
    match strip(expression) {
        Expr::ScalarFunction(function) if ["btrim", "trim"].contains(&function.name()) && function.args.len() == 1 => {
            strip(&function.args[0])
        }
        other => other,
    }
}

/// `cardinality(kinds)`, and `coalesce(cardinality(kinds), 0)`.
fn is_number_of_kinds(expression: &Expr) -> bool {
    match strip(expression) {
        Expr::ScalarFunction(function) if ["cardinality", "array_length"].contains(&function.name()) => {
            function.args.first().is_some_and(carries)
        }
        Expr::ScalarFunction(function) if function.name() == "coalesce" => function.args.first().is_some_and(is_number_of_kinds),
        _ => false,
    }
}

/// Whether kinds are left over, or in common, from a list: a number of them is a number of kinds that take money.
pub fn is_number_of_money_kinds(expression: &Expr) -> Option<(String, String)> {
    let Expr::ScalarFunction(number) = strip(expression) else { return None };
    let [Expr::ScalarFunction(some)] = number.args.as_slice() else { return None };
    if !["cardinality", "array_length"].contains(&number.name()) || !["array_except", "array_intersect"].contains(&some.name()) {
        return None;
    }
    let kinds = some.args.first().filter(|kinds| carries_kind(kinds))?;
    Some((kinds.to_string(), some.args.get(1)?.to_string()))
}

/// Words and signs that may stand beside an amount.
const AMOUNT_WORDS: [&str; 9] = ["元", "款", "金", "额", "万", "$", "¥", "pay", "penal"];

/// Whether a phrase is long enough to say something, and neither names nor numbers money.
fn is_of_another_matter(phrase: &str) -> bool {
    let named = MONEY_WORDS.iter().chain(&AMOUNT_WORDS).any(|word| phrase.contains(word));
    phrase.chars().filter(|c| c.is_alphabetic()).count() >= 4 && !named && !phrase.chars().any(char::is_numeric)
}

fn takes_no_money(expression: &Expr) -> bool {
    texts(expression).is_some_and(|all| all.iter().all(|text| !MONEY_WORDS.iter().any(|word| text.contains(word))))
}

/// The texts that an expression lists, if it is made of nothing else.
fn texts(expression: &Expr) -> Option<Vec<String>> {
    let stripped = strip(expression);
    if let Some(text) = text_of(stripped) {
        return Some(vec![text]);
    }
    match stripped {
        Expr::ScalarFunction(function) if function.name() == "make_array" => {
            function.args.iter().map(texts).collect::<Option<Vec<_>>>().map(|all| all.concat())
        }
        _ => None,
    }
}

/// Whether the kinds of a penalty are asked for a fine or confiscation.
pub fn imposes_money(expression: &Expr) -> bool {
    match expression {
        Expr::ScalarFunction(function) if ["array_has", "array_has_any", "array_has_all"].contains(&function.name()) => {
            function.args.iter().any(|argument| any_part(argument, |part| mark_of(part) == Money::Kind))
                && function.args.iter().skip(1).all(|asked| children(asked).is_empty() || texts(asked).is_some())
        }
        other => mark_of(other) == Money::Kind && is_flag(other),
    }
}

/// A bare column in the place of a condition is a truth value; a list or text can't stand there.
fn is_flag(expression: &Expr) -> bool {
    matches!(expression, Expr::Column(_))
}
