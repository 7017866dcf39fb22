//! What the law refuses in an indicator, decided on column lineage (indicators.md C7).
//!
//! In: an indicator and its plan with views inlined. Out: diagnostics with the text of the law. Never here: data.
//!
//! 行政处罚法 art. 74: fines and confiscations may not be tied, openly or covertly, to the assessment of an agency.
//! 国办发〔2024〕54号 [M]: no inspection quotas, no assessment by inspection frequency or fines. So an amount never flows into a
//! numerator that is better higher (nor into a denominator that is better lower), may stand in a condition only as a cap,
//! and acts count only as a part of the acts that were due.

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::expr::AggregateFunction;
use datafusion::logical_expr::{BinaryExpr, Expr, LogicalPlan, Operator, lit};

use super::lineage::{conjuncts, resolve};
use crate::diagnostics::Diagnostics;
use crate::library::indicator::{Better, Indicator, Shape, span_of_word};

const AMOUNTS: [&str; 4] = ["fine_amount", "confiscated_amount", "paid_amount", "fine_paid"];
/// Name of the diagnostics that stop a run: what the law forbids.
pub const UNLAWFUL: &str = "unlawful-indicator";
const ART_74: &str =
    "行政处罚法 第七十四条：罚款、没收的违法所得……不得同作出行政处罚决定的行政机关及其工作人员的考核、考评直接或者变相挂钩";
const NO_QUOTA: &str = "国办发〔2024〕54号：不得下达检查指标，不得将考核考评与检查频次、罚没数额挂钩 [M]; count the acts in time out of the acts due, in both sides of one population";

/// Refuses what the law forbids in one indicator.
///
/// # Errors
/// A plan node that the lineage walk does not understand; the caller reports it, since what can't be traced can't be cleared.
pub fn refuse_unlawful(indicator: &Indicator, plan: &LogicalPlan, diagnostics: &mut Diagnostics) -> Result<()> {
    report_missing_duty(indicator, diagnostics);
    let resolved = resolve(plan)?;
    let side = |name: &str| plan.schema().index_of_column_by_name(None, name).map(|index| resolved.columns[index].clone());
    let says = |diagnostics: &mut Diagnostics, column: &str, message: String, law: &str| {
        let span = span_of_word(&indicator.text, indicator.sql_offset, column);
        diagnostics.error(UNLAWFUL, &indicator.file, span, message).hint(law);
    };
    if matches!(indicator.shape, Shape::Value | Shape::Region) {
        if indicator.better == Better::Higher && side("value").is_some_and(|value| holds_amount(&value)) {
            says(diagnostics, "value", format!("`{}` rewards an amount of fines or confiscations", indicator.id), ART_74);
        }
        return Ok(());
    }
    let (Some(numerator), Some(denominator)) = (side("numerator"), side("denominator")) else { return Ok(()) };
    let rewarded_high = indicator.better != Better::Lower;
    let (merit, merit_name) = if rewarded_high { (&numerator, "numerator") } else { (&denominator, "denominator") };
    if flows_amount(merit) {
        says(
            diagnostics,
            merit_name,
            format!("an amount of fines or confiscations flows into the {merit_name} of `{}`", indicator.id),
            ART_74,
        );
    } else if !caps_only(&extra_conditions(&numerator, &denominator), rewarded_high) {
        let message = format!("the numerator of `{}` picks cases by a fine or confiscation other than as a cap", indicator.id);
        says(diagnostics, "numerator", message, ART_74);
    }
    if rewarded_high && !indicator.id.0.starts_with("innovation.") && !is_part_of(&numerator, &denominator) {
        let message = format!("the numerator of `{}` counts acts that are not a part of its denominator", indicator.id);
        says(diagnostics, "numerator", message, NO_QUOTA);
    }
    Ok(())
}

fn report_missing_duty(indicator: &Indicator, diagnostics: &mut Diagnostics) {
    if indicator.measures.is_some() && (indicator.statutory_duty.is_none() || indicator.companion.is_none()) {
        let span = span_of_word(&indicator.text, 0, "measures");
        diagnostics
            .error(
                "frequency-without-duty",
                &indicator.file,
                span,
                format!("`{}` measures frequency or coverage, but names no duty and cap", indicator.id),
            )
            .hint(format!("cite the law in `statutory_duty` and name the indicator that caps it in `companion`; {NO_QUOTA}"));
    }
}

fn is_amount(expression: &Expr) -> bool {
    matches!(expression, Expr::Column(column) if AMOUNTS.contains(&column.name.as_str()))
}

/// Whether an amount stands anywhere in the expression, subqueries included.
fn holds_amount(expression: &Expr) -> bool {
    let mut found = false;
    let walked = expression.apply(|part| {
        let below = match part {
            Expr::ScalarSubquery(subquery) => Some(&subquery.subquery),
            Expr::InSubquery(subquery) => Some(&subquery.subquery.subquery),
            Expr::Exists(exists) => Some(&exists.subquery.subquery),
            _ => None,
        };
        let in_subquery =
            below.is_some_and(|plan| resolve(plan).is_ok_and(|inner| inner.columns.iter().chain(&inner.filters).any(holds_amount)));
        found |= is_amount(part) || in_subquery;
        Ok(if found { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    });
    found || walked.is_err()
}

fn aggregates(expression: &Expr) -> Vec<&AggregateFunction> {
    let mut all = Vec::new();
    collect_aggregates(expression, &mut all);
    all
}

fn collect_aggregates<'a>(expression: &'a Expr, all: &mut Vec<&'a AggregateFunction>) {
    match expression {
        Expr::AggregateFunction(aggregate) => all.push(aggregate),
        Expr::Alias(alias) => collect_aggregates(&alias.expr, all),
        Expr::Cast(cast) => collect_aggregates(&cast.expr, all),
        Expr::TryCast(cast) => collect_aggregates(&cast.expr, all),
        Expr::BinaryExpr(binary) => {
            collect_aggregates(&binary.left, all);
            collect_aggregates(&binary.right, all);
        }
        Expr::ScalarFunction(function) => function.args.iter().for_each(|argument| collect_aggregates(argument, all)),
        Expr::Case(case) => {
            for (when, then) in &case.when_then_expr {
                collect_aggregates(when, all);
                collect_aggregates(then, all);
            }
            case.else_expr.iter().for_each(|other| collect_aggregates(other, all));
        }
        _ => {}
    }
}

/// Whether an amount is added up, counted, averaged or otherwise becomes a value.
fn flows_amount(expression: &Expr) -> bool {
    let found = aggregates(expression);
    if found.is_empty() {
        return holds_amount(expression);
    }
    found.iter().any(|aggregate| {
        let (arguments, _) = as_count(aggregate);
        arguments.iter().any(holds_amount)
    })
}

/// A count in its plain form: what is counted, and under which conditions. `sum(CASE WHEN x THEN 1 ELSE 0 END)` is a count of x.
fn as_count(aggregate: &AggregateFunction) -> (Vec<Expr>, Vec<Expr>) {
    let mut conditions: Vec<Expr> = aggregate.params.filter.iter().flat_map(|filter| conjuncts(filter.as_ref().clone())).collect();
    let mut arguments: Vec<Expr> = aggregate.params.args.iter().map(|argument| strip(argument).clone()).collect();
    if let [Expr::Case(case)] = arguments.as_slice()
        && case.expr.is_none()
        && let [(when, then)] = case.when_then_expr.as_slice()
        && case.else_expr.as_ref().is_none_or(|other| is_zero_or_null(other))
        && matches!(strip(then), Expr::Literal(..))
        && !is_zero_or_null(then)
    {
        conditions.extend(conjuncts(when.as_ref().clone()));
        arguments = vec![lit(1)];
    } else if aggregate.func.name() == "count"
        && !aggregate.params.distinct
        && arguments.len() == 1
        && !matches!(arguments[0], Expr::Literal(..))
    {
        conditions.push(Expr::IsNotNull(Box::new(arguments[0].clone())));
        arguments = vec![lit(1)];
    } else if arguments.len() == 1 && matches!(arguments[0], Expr::Literal(..)) {
        arguments = vec![lit(1)];
    }
    (arguments, conditions)
}

fn strip(expression: &Expr) -> &Expr {
    match expression {
        Expr::Cast(cast) => strip(&cast.expr),
        Expr::TryCast(cast) => strip(&cast.expr),
        Expr::Alias(alias) => strip(&alias.expr),
        other => other,
    }
}

fn is_zero_or_null(expression: &Expr) -> bool {
    match strip(expression) {
        Expr::Literal(value, _) => value.is_null() || ["0", "0.0", "0.00"].contains(&value.to_string().as_str()),
        _ => false,
    }
}

/// Conditions of the numerator that the denominator does not share.
fn extra_conditions(numerator: &Expr, denominator: &Expr) -> Vec<(Expr, bool)> {
    let shared: Vec<Expr> = aggregates(denominator).iter().flat_map(|aggregate| as_count(aggregate).1).collect();
    signed_aggregates(numerator, true)
        .into_iter()
        .flat_map(|(aggregate, adds)| as_count(aggregate).1.into_iter().map(move |condition| (condition, adds)))
        .filter(|(condition, _)| !shared.contains(condition))
        .collect()
}

/// Aggregates with whether they add to the result or are taken away.
fn signed_aggregates(expression: &Expr, adds: bool) -> Vec<(&AggregateFunction, bool)> {
    match strip(expression) {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Minus, right }) => {
            signed_aggregates(left, adds).into_iter().chain(signed_aggregates(right, !adds)).collect()
        }
        other => aggregates(other).into_iter().map(|aggregate| (aggregate, adds)).collect(),
    }
}

fn caps_only(conditions: &[(Expr, bool)], rewarded_high: bool) -> bool {
    conditions.iter().all(|(condition, adds)| is_cap(condition, *adds == rewarded_high))
}

/// Whether the condition, when `wanted` is its rewarded outcome, never favours a larger amount.
fn is_cap(condition: &Expr, wanted: bool) -> bool {
    if !holds_amount(condition) {
        return true;
    }
    match condition {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::And | Operator::Or, right }) => is_cap(left, wanted) && is_cap(right, wanted),
        Expr::Not(inner) => is_cap(inner, !wanted),
        Expr::IsTrue(inner) | Expr::IsNotFalse(inner) => is_cap(inner, wanted),
        Expr::IsFalse(inner) | Expr::IsNotTrue(inner) => is_cap(inner, !wanted),
        Expr::Alias(alias) => is_cap(&alias.expr, wanted),
        Expr::Cast(cast) => is_cap(&cast.expr, wanted),
        Expr::IsNull(inner) => wanted || !is_amount(strip(inner)),
        Expr::IsNotNull(inner) => !wanted && is_amount(strip(inner)),
        Expr::Case(case) if case.expr.is_none() => {
            let branches = case.when_then_expr.iter().all(|(when, then)| match strip(then) {
                Expr::Literal(ScalarValue::Boolean(Some(value)), _) => is_cap(when, *value == wanted),
                _ => !holds_amount(when) && is_cap(then, wanted),
            });
            branches && case.else_expr.iter().all(|other| is_cap(other, wanted))
        }
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => compares_as_cap(left, *op, right, wanted),
        // A flag carried through an aggregate of booleans keeps its direction.
        Expr::AggregateFunction(aggregate) if ["bool_and", "bool_or", "max", "min"].contains(&aggregate.func.name()) => {
            aggregate.params.args.iter().all(|argument| is_cap(argument, wanted))
                && aggregate.params.filter.iter().all(|filter| !holds_amount(filter))
        }
        Expr::ScalarFunction(function) if function.name() == "coalesce" => function.args.iter().all(|argument| is_cap(argument, wanted)),
        _ => false,
    }
}

fn compares_as_cap(left: &Expr, op: Operator, right: &Expr, wanted: bool) -> bool {
    let bare = |side: &Expr| {
        let stripped = strip(side);
        is_amount(stripped)
            || matches!(stripped, Expr::ScalarFunction(function) if function.name() == "coalesce"
                && function.args.iter().all(|argument| is_amount(strip(argument)) || is_zero_or_null(argument)))
    };
    let (amount_left, amount_right) = (holds_amount(left), holds_amount(right));
    match op {
        // Two systems that say the same amount: neither large nor small is favoured.
        Operator::Eq | Operator::NotEq | Operator::IsNotDistinctFrom | Operator::IsDistinctFrom if amount_left && amount_right => {
            bare(left) && bare(right)
        }
        Operator::Eq if is_zero_or_null(right) || is_zero_or_null(left) => wanted,
        Operator::NotEq if is_zero_or_null(right) || is_zero_or_null(left) => !wanted,
        Operator::Lt | Operator::LtEq => (wanted && bare(left) && !amount_right) || (!wanted && bare(right) && !amount_left),
        Operator::Gt | Operator::GtEq => (wanted && bare(right) && !amount_left) || (!wanted && bare(left) && !amount_right),
        // `state = 'due'` where the state was decided by a CASE over an amount: traced through its branches.
        Operator::Eq => matches_case_branches(left, right, wanted) || matches_case_branches(right, left, wanted),
        _ => false,
    }
}

/// `CASE WHEN c1 THEN 'a' … END = 'b'`: each branch's condition is judged by whether its value is the one asked for.
fn matches_case_branches(case: &Expr, literal: &Expr, wanted: bool) -> bool {
    let (Expr::Case(case), Expr::Literal(asked, _)) = (strip(case), strip(literal)) else { return false };
    case.expr.is_none()
        && case.when_then_expr.iter().all(|(when, then)| match strip(then) {
            Expr::Literal(value, _) => is_cap(when, (value == asked) == wanted),
            _ => !holds_amount(when) && !holds_amount(then),
        })
        && case.else_expr.iter().all(|other| !holds_amount(other))
}

/// Whether the numerator counts a part of what the denominator counts.
fn is_part_of(numerator: &Expr, denominator: &Expr) -> bool {
    let Expr::AggregateFunction(whole) = strip(denominator) else { return false };
    let (whole_arguments, whole_conditions) = as_count(whole);
    let same = |part: &AggregateFunction| {
        let (arguments, conditions) = as_count(part);
        part.params.distinct == whole.params.distinct
            && counts_alike(part, whole)
            && arguments == whole_arguments
            && whole_conditions.iter().all(|condition| conditions.contains(condition))
    };
    match strip(numerator) {
        Expr::AggregateFunction(part) => same(part),
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Minus, right }) => {
            strip(left) == strip(denominator) && matches!(strip(right), Expr::AggregateFunction(part) if same(part))
        }
        Expr::ScalarFunction(function) if function.name() == "coalesce" => match function.args.as_slice() {
            [first, other] if is_zero_or_null(other) => is_part_of(first, denominator),
            _ => false,
        },
        _ => false,
    }
}

fn counts_alike(one: &AggregateFunction, two: &AggregateFunction) -> bool {
    let plain = |aggregate: &AggregateFunction| {
        let constant = as_count(aggregate).0.iter().all(|argument| matches!(argument, Expr::Literal(..)));
        if constant && ["count", "sum"].contains(&aggregate.func.name()) { "count".to_owned() } else { aggregate.func.name().to_owned() }
    };
    plain(one) == plain(two)
}
