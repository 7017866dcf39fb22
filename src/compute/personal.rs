//! How much of a person a column of a plan holds.
//!
//! In: a plan and the contracts. Out: a word for each column. Never here: rows, leaving anything out.

use datafusion::common::Column;
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable, LogicalPlan, Operator};

use arrow::datatypes::DataType;

use super::lineage::resolve;
use crate::library::Library;
use crate::library::at_freeze::source_name;
use crate::library::contract::{self, Sensitivity};

/// How much of a person a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Personal {
    /// Nothing.
    No,
    /// Computed from a personal column, as a date or a truth.
    Derived,
    /// A text computed from a personal column.
    Text,
    /// A personal column, or one that can't be traced.
    Yes,
}

fn is_comparison(operator: Operator) -> bool {
    matches!(
        operator,
        Operator::Eq
            | Operator::NotEq
            | Operator::Lt
            | Operator::LtEq
            | Operator::Gt
            | Operator::GtEq
            | Operator::And
            | Operator::Or
            | Operator::IsDistinctFrom
            | Operator::IsNotDistinctFrom
            | Operator::RegexMatch
            | Operator::RegexIMatch
            | Operator::RegexNotMatch
            | Operator::RegexNotIMatch
            | Operator::LikeMatch
            | Operator::ILikeMatch
            | Operator::NotLikeMatch
            | Operator::NotILikeMatch
            | Operator::AtArrow
            | Operator::ArrowAt
    )
}

/// Functions whose answer holds nothing of the text that they look at.
const TELL_LITTLE: [&str; 15] = [
    "array_has",
    "array_length",
    "cardinality",
    "char_length",
    "character_length",
    "contains",
    "ends_with",
    "length",
    "octet_length",
    "picture_distance",
    "regexp_like",
    "starts_with",
    "strpos",
    "text_similarity",
    "uscc_is_valid",
];
/// Counts, of whatever.
pub const COUNTS: [&str; 9] =
    ["approx_distinct", "bool_and", "bool_or", "count", "cume_dist", "dense_rank", "percent_rank", "rank", "row_number"];

/// Whether what a personal column says may stand in a column, written over source columns ([`super::lineage::resolve`]).
pub fn says_personal(expression: &Expr, library: &Library) -> bool {
    stands_in(expression, &|column| is_personal(column, library))
}

fn is_personal(column: &Column, library: &Library) -> bool {
    source_column(column, library).is_some_and(|column| column.sensitivity == Sensitivity::Personal)
}

/// The column of a contract that a column of a plan is, as it stands today or stood at a freeze.
pub fn source_column<'l>(column: &Column, library: &'l Library) -> Option<&'l contract::Column> {
    library.tables.get(source_name(column.relation.as_ref()?.table()))?.column(&column.name)
}

/// Whether what such a column holds may stand in a value: of a CASE its branches count and its conditions don't, of a comparison nothing, of a count nothing. What
/// can't be looked into (a subquery) may hold anything.
pub fn stands_in(expression: &Expr, is_of: &dyn Fn(&Column) -> bool) -> bool {
    let any = |parts: &[Expr]| parts.iter().any(|part| stands_in(part, is_of));
    match expression {
        Expr::Column(column) => is_of(column),
        Expr::Case(case) => {
            let branches = case.when_then_expr.iter().map(|(_, then)| then).chain(&case.else_expr);
            branches.into_iter().any(|branch| stands_in(branch, is_of))
        }
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => !is_comparison(*op) && (stands_in(left, is_of) || stands_in(right, is_of)),
        Expr::AggregateFunction(function) => !COUNTS.contains(&function.func.name()) && any(&function.params.args),
        Expr::WindowFunction(function) => !COUNTS.contains(&function.fun.name()) && any(&function.params.args),
        Expr::ScalarFunction(function) => !TELL_LITTLE.contains(&function.name()) && any(&function.args),
        Expr::Alias(inner) => stands_in(&inner.expr, is_of),
        Expr::Negative(inner) => stands_in(inner, is_of),
        Expr::Cast(inner) => stands_in(&inner.expr, is_of),
        Expr::TryCast(inner) => stands_in(&inner.expr, is_of),
        Expr::ScalarSubquery(_) => true,
        Expr::Literal(..)
        | Expr::Not(_)
        | Expr::IsNull(_)
        | Expr::IsNotNull(_)
        | Expr::IsTrue(_)
        | Expr::IsFalse(_)
        | Expr::IsUnknown(_)
        | Expr::IsNotTrue(_)
        | Expr::IsNotFalse(_)
        | Expr::IsNotUnknown(_)
        | Expr::Like(_)
        | Expr::SimilarTo(_)
        | Expr::Between(_)
        | Expr::InList(_)
        | Expr::Exists(_)
        | Expr::InSubquery(_) => false,
        other => other.column_refs().into_iter().any(is_of),
    }
}

/// How much of a person each column of the plan holds, in order.
pub fn personal(plan: &LogicalPlan, library: &Library) -> Vec<Personal> {
    let resolved = resolve(plan).ok();
    let schema = plan.schema();
    let judge = |index: usize| {
        let Some(resolved) = &resolved else { return Personal::Yes };
        let expression = &resolved.columns[index];
        let is_personal = expression.column_refs().into_iter().any(|column| is_personal(column, library));
        let kind = Expr::Column(Column::from(schema.qualified_field(index))).get_type(schema.as_ref());
        match (is_personal, expression, kind) {
            (false, ..) => Personal::No,
            (true, Expr::Column(_), _) => Personal::Yes,
            (true, _, Ok(DataType::Boolean | DataType::Date32 | DataType::Timestamp(..))) => Personal::Derived,
            (true, ..) => Personal::Text,
        }
    };
    (0..schema.fields().len()).map(judge).collect()
}
