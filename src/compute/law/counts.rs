//! What a figure counts: whether one side is a part of the other, and whether a value is a bare count of acts.
//!
//! In: aggregates over base columns. Out: yes or no. Never here: conditions on amounts (that is `caps`).

use datafusion::common::Column;
use datafusion::logical_expr::expr::AggregateFunction;
use datafusion::logical_expr::{BinaryExpr, Expr, Operator, lit};

use super::super::lineage::{branches, conjuncts, touched};
use super::{DIMENSIONS, any_part, children, holds_amount, parts};

/// Aggregates whose value does not grow with the number of rows.
const OF_ONE_ROW: [&str; 20] = [
    "avg",
    "mean",
    "median",
    "percentile_cont",
    "quantile_cont",
    "stddev",
    "stddev_samp",
    "stddev_pop",
    "var",
    "var_samp",
    "var_pop",
    "var_sample",
    "var_population",
    "min",
    "max",
    "bool_and",
    "bool_or",
    "corr",
    "first_value",
    "last_value",
];

pub fn strip(expression: &Expr) -> &Expr {
    match expression {
        Expr::Cast(cast) => strip(&cast.expr),
        Expr::TryCast(cast) => strip(&cast.expr),
        Expr::Alias(alias) => strip(&alias.expr),
        other => other,
    }
}

pub fn is_zero_or_null(expression: &Expr) -> bool {
    match strip(expression) {
        Expr::Literal(value, _) => value.is_null() || ["0", "0.0", "0.00"].contains(&value.to_string().as_str()),
        _ => false,
    }
}

fn is_null(expression: &Expr) -> bool {
    matches!(strip(expression), Expr::Literal(value, _) if value.is_null())
}

/// A count in its plain form: what is counted, and under which conditions. `sum(CASE WHEN x THEN 1 ELSE 0 END)` is a count of x.
pub fn as_count(aggregate: &AggregateFunction) -> (Vec<Expr>, Vec<Expr>) {
    let mut conditions: Vec<Expr> = aggregate.params.filter.iter().flat_map(|filter| conjuncts(filter.as_ref().clone())).collect();
    let mut arguments: Vec<Expr> = aggregate.params.args.iter().map(|argument| strip(argument).clone()).collect();
    let is_sum = aggregate.func.name() == "sum";
    if let [Expr::Case(case)] = arguments.as_slice()
        && case.expr.is_none()
        && let [(when, then)] = case.when_then_expr.as_slice()
        && case.else_expr.as_ref().is_none_or(|other| is_null(other) || is_sum && is_zero_or_null(other))
        && !is_zero_or_null(then)
        && branches(&arguments[0]).is_none()
    {
        conditions.extend(conjuncts(when.as_ref().clone()));
        arguments = vec![strip(then).clone()];
    }
    if arguments.len() == 1 && matches!(arguments[0], Expr::Literal(..)) {
        arguments = vec![lit(1)];
    } else if aggregate.func.name() == "count" && !aggregate.params.distinct && arguments.len() == 1 {
        conditions.push(Expr::IsNotNull(Box::new(arguments[0].clone())));
        arguments = vec![lit(1)];
    }
    (arguments, conditions)
}

/// One aggregate in its plain form.
#[derive(PartialEq)]
struct Count {
    function: String,
    distinct: bool,
    arguments: Vec<Expr>,
    conditions: Vec<Expr>,
}

impl Count {
    /// The aggregate that an expression is, where it is a single one that counts or adds up.
    fn of(expression: &Expr) -> Option<Self> {
        let stripped = strip(expression);
        if let Some((value, by)) = touched(stripped) {
            let mut count = Self::of(value)?;
            count.conditions.extend(by.iter().cloned());
            return Some(count);
        }
        match stripped {
            Expr::AggregateFunction(aggregate) => {
                let (arguments, conditions) = as_count(aggregate);
                let plain = ["count", "sum"].contains(&aggregate.func.name()) && arguments == [lit(1)];
                let function = if plain { "count" } else { aggregate.func.name() }.to_owned();
                Some(Self { function, distinct: aggregate.params.distinct, arguments, conditions })
            }
            Expr::ScalarFunction(function) if function.name() == "coalesce" => match function.args.as_slice() {
                [first, other] if is_zero_or_null(other) => Self::of(first),
                _ => None,
            },
            _ => None,
        }
    }

    fn counts_rows(&self) -> bool {
        self.function == "count" && !self.distinct
    }

    fn is_within(&self, whole: &Self) -> bool {
        whole.conditions.iter().all(|condition| self.conditions.contains(condition))
    }

    fn is_part_of(&self, whole: &Self, has_duty: bool) -> bool {
        let same = self.distinct == whole.distinct && self.function == whole.function;
        same && ["count", "sum"].contains(&self.function.as_str())
            && self.is_within(whole)
            && (self.arguments == whole.arguments || capped_at(&self.arguments, &whole.arguments, has_duty))
    }
}

/// `least(x, y)` against `y`: never more than the whole. What a record says of itself (fields filled in, of those required) is such a
/// part; acts counted up to a number, or up to so many a unit, officer or enterprise, are a quota, unless a law makes the number a duty.
fn capped_at(arguments: &[Expr], whole: &[Expr], has_duty: bool) -> bool {
    match (arguments, whole) {
        ([Expr::ScalarFunction(least)], [whole]) if least.name() == "least" => {
            let is_quota = any_part(whole, is_of_dimension) || !any_part(whole, |part| matches!(part, Expr::Column(_)));
            least.args.iter().any(|part| strip(part) == whole)
                && (has_duty || !is_quota && !least.args.iter().any(|part| any_part(part, counts_rows)))
        }
        _ => false,
    }
}

fn is_of_dimension(expression: &Expr) -> bool {
    matches!(expression, Expr::Column(Column { relation: Some(relation), .. }) if DIMENSIONS.contains(&relation.table()))
}

/// Whether the numerator counts a part of what the denominator counts.
pub fn is_part_of(numerator: &Expr, denominator: &Expr, has_duty: bool) -> bool {
    let Some(whole) = Count::of(denominator) else { return false };
    if let Some(part) = Count::of(numerator) {
        return part.is_part_of(&whole, has_duty);
    }
    match strip(numerator) {
        // The whole without a part of it.
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Minus, right }) => {
            Count::of(left).is_some_and(|left| left == whole) && Count::of(right).is_some_and(|part| part.is_part_of(&whole, has_duty))
        }
        _ => false,
    }
}

/// Whether a condition is true or false for a whole branch of a union, so that it tells kinds of rows apart and nothing about a row.
pub fn is_decided_by_branch(condition: &Expr) -> bool {
    if let Some((value, _)) = touched(condition) {
        return is_decided_by_branch(value);
    }
    let mut says_branch = false;
    constant_leaves(condition, &mut says_branch) && says_branch
}

/// Whether an expression reads no column at all; notes whether it differs between branches.
fn constant_leaves(expression: &Expr, says_branch: &mut bool) -> bool {
    if let Some((value, _)) = touched(expression) {
        return constant_leaves(value, says_branch);
    }
    *says_branch |= branches(expression).is_some();
    match expression {
        Expr::Column(_) | Expr::OuterReferenceColumn(..) | Expr::ScalarSubquery(_) | Expr::Exists(_) | Expr::InSubquery(_) => false,
        other => children(other).into_iter().all(|child| constant_leaves(child, says_branch)),
    }
}

/// Whether a branch of a union below a month is a constant, not a date of the row.
pub fn made_up_branch(month: &Expr) -> bool {
    let constant = |value: &Expr| branches(value).is_none() && !is_null(value) && constant_leaves(value, &mut false);
    any_part(month, |part| branches(part).is_some_and(|(one, two)| constant(one) || constant(two)))
}

/// Whether a value holds a count or sum that is not divided by a count of the same rows. With a statutory duty (`has_duty`), counts may
/// be compared with each other, but a bare count is no value either.
pub fn counts_undivided(value: &Expr, has_duty: bool) -> bool {
    if let Some((value, _)) = touched(value) {
        return counts_undivided(value, has_duty);
    }
    match value {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Divide, right }) => {
            let divided = Count::of(divisor(right))
                .is_some_and(|whole| has_duty && ["count", "sum"].contains(&whole.function.as_str()) || is_mean(left, &whole));
            !divided && (counts_undivided(left, has_duty) || counts_undivided(right, has_duty))
        }
        Expr::AggregateFunction(aggregate) if OF_ONE_ROW.contains(&aggregate.func.name()) => {
            aggregate.params.args.iter().any(|argument| counts_rows_below(argument, has_duty))
        }
        Expr::AggregateFunction(_) => true,
        Expr::WindowFunction(_) => true,
        other => children(other).into_iter().any(|child| counts_undivided(child, has_duty)),
    }
}

/// Below an average: sums of days or scores are quantities of a row; counts of rows and positions are not.
fn counts_rows_below(argument: &Expr, has_duty: bool) -> bool {
    if let Some((value, _)) = touched(argument) {
        return counts_rows_below(value, has_duty);
    }
    match argument {
        Expr::BinaryExpr(BinaryExpr { op: Operator::Divide, .. }) => counts_undivided(argument, has_duty) && counts_in(argument),
        Expr::AggregateFunction(_) => counts_in(argument),
        // What was measured in a record (days, a score) may be added up over others; the number of rows may not.
        other => counts_rows(other) || children(other).into_iter().any(|child| counts_rows_below(child, has_duty)),
    }
}

/// Whether rows are counted anywhere inside.
fn counts_in(expression: &Expr) -> bool {
    any_part(expression, counts_rows)
}

/// Aggregates whose value grows with every row, whatever stands in it.
const OF_ALL_ROWS: [&str; 7] = ["count", "row_number", "rank", "dense_rank", "ntile", "approx_distinct", "regr_count"];

/// Whether an aggregate, over groups or windows, says how many rows there are: a sum of ones is a count, and so is the length of what was
/// gathered from rows.
pub fn counts_rows(expression: &Expr) -> bool {
    let (name, arguments) = match expression {
        Expr::AggregateFunction(aggregate) => (aggregate.func.name(), &aggregate.params.args),
        Expr::WindowFunction(window) => (window.fun.name(), &window.params.args),
        Expr::ScalarFunction(length) if ["cardinality", "array_length", "character_length"].contains(&length.name()) => {
            return length.args.iter().any(|argument| any_part(argument, gathers_rows));
        }
        _ => return false,
    };
    OF_ALL_ROWS.contains(&name) || name == "sum" && arguments.iter().all(is_ones)
}

fn gathers_rows(expression: &Expr) -> bool {
    let name = match expression {
        Expr::AggregateFunction(aggregate) => aggregate.func.name(),
        Expr::WindowFunction(window) => window.fun.name(),
        _ => return false,
    };
    ["array_agg", "string_agg"].contains(&name)
}

/// Whether every row gets a number that stands in the text, or a truth value as one: nothing that the row itself measures.
fn is_ones(expression: &Expr) -> bool {
    if let Some((value, _)) = touched(expression) {
        return is_ones(value);
    }
    match strip(expression) {
        Expr::Case(case) => case.when_then_expr.iter().all(|(_, then)| is_ones(then)) && case.else_expr.iter().all(|other| is_ones(other)),
        Expr::BinaryExpr(BinaryExpr { op: Operator::Plus | Operator::Minus | Operator::Multiply | Operator::Divide, left, right }) => {
            is_ones(left) && is_ones(right)
        }
        Expr::ScalarFunction(function) => function.args.iter().all(is_ones),
        Expr::BinaryExpr(_) | Expr::IsNull(_) | Expr::IsNotNull(_) | Expr::IsTrue(_) | Expr::IsFalse(_) | Expr::Not(_) => true,
        Expr::InList(_) | Expr::Between(_) | Expr::Like(_) | Expr::Literal(..) => true,
        _ => false,
    }
}

/// The divisor without what only keeps it from being zero, and without constant factors.
fn divisor(expression: &Expr) -> &Expr {
    match strip(expression) {
        Expr::ScalarFunction(function) if ["nullif", "greatest", "coalesce"].contains(&function.name()) => match function.args.as_slice() {
            [first, other] if matches!(strip(other), Expr::Literal(..)) => divisor(first),
            _ => expression,
        },
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Multiply, right }) => match (strip(left), strip(right)) {
            (Expr::Literal(..), _) => divisor(right),
            (_, Expr::Literal(..)) => divisor(left),
            _ => expression,
        },
        other => other,
    }
}

/// Whether every aggregate of the dividend, divided by `whole`, is a mean, a weighted mean or a share of the same rows.
fn is_mean(dividend: &Expr, whole: &Count) -> bool {
    let aggregates = parts(dividend);
    !aggregates.is_empty()
        && aggregates.iter().all(|part| {
            let expression = Expr::AggregateFunction(part.aggregate.clone());
            let Some(mut count) = Count::of(&expression) else { return false };
            count.conditions.extend(part.touched_by.iter().cloned());
            // A mean of quantities of a row; the mean of counts is a count again.
            let of_rows = whole.counts_rows()
                && ["count", "sum"].contains(&count.function.as_str())
                && !count.arguments.iter().any(|argument| counts_rows_below(argument, false));
            let weighted = count.function == "sum" && whole.function == "sum" && is_weighted(&count.arguments, &whole.arguments);
            count.is_part_of(whole, false) || (of_rows || weighted) && count.is_within(whole)
        })
}

/// `weight * score` against `weight`.
fn is_weighted(arguments: &[Expr], weights: &[Expr]) -> bool {
    match (arguments, weights) {
        ([Expr::BinaryExpr(BinaryExpr { left, op: Operator::Multiply, right })], [weight]) => {
            strip(left) == weight || strip(right) == weight
        }
        _ => false,
    }
}

/// Whether a value says how far amounts of equal cases lie apart: their deviation over their mean, or (`by_difference`) the distance of
/// two means. Neither large nor small amounts are favoured.
pub fn measures_spread(value: &Expr, by_difference: bool) -> bool {
    let stripped = strip(value);
    match stripped {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Divide, right }) => {
            matches!((strip(left), strip(divisor(right))), (Expr::AggregateFunction(above), Expr::AggregateFunction(below))
                if above.func.name().starts_with("stddev") && ["avg", "median"].contains(&below.func.name())
                    && without_type(&above.params.args) == without_type(&below.params.args) && above.params.filter == below.params.filter
                    && above.params.filter.iter().all(|filter| !holds_amount(filter)))
        }
        Expr::ScalarFunction(function) if function.name() == "abs" && by_difference => match function.args.as_slice() {
            [difference] => matches!(strip(difference), Expr::BinaryExpr(BinaryExpr { left, op: Operator::Minus, right })
                if is_mean_amount(left) && is_mean_amount(right)),
            _ => false,
        },
        // A mean or median of spreads, or a spread rounded, is one.
        Expr::AggregateFunction(aggregate) if ["avg", "median"].contains(&aggregate.func.name()) => {
            aggregate.params.filter.iter().all(|filter| !holds_amount(filter))
                && aggregate.params.args.iter().all(|argument| measures_spread(argument, by_difference))
        }
        Expr::ScalarFunction(function) if ["round", "coalesce"].contains(&function.name()) => {
            function.args.iter().all(|argument| !holds_amount(argument) || measures_spread(argument, by_difference))
        }
        _ => false,
    }
}

fn is_mean_amount(expression: &Expr) -> bool {
    matches!(strip(expression), Expr::AggregateFunction(mean) if ["avg", "median"].contains(&mean.func.name())
        && mean.params.args.iter().any(holds_amount) && mean.params.filter.iter().all(|filter| !holds_amount(filter)))
}

fn without_type(arguments: &[Expr]) -> Vec<&Expr> {
    arguments.iter().map(strip).collect()
}
