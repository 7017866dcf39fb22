//! How much of a person a column of a plan holds.
//!
//! In: a plan and the contracts. Out: a word for each column. Never here: rows, leaving anything out.

use datafusion::common::Column;
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable, LogicalPlan, Operator};

use arrow::datatypes::DataType;

use super::lineage::resolve;
use crate::library::Library;
use crate::library::contract::Sensitivity;

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
            | Operator::RegexNotMatch
            | Operator::LikeMatch
            | Operator::NotLikeMatch
    )
}

/// Functions whose answer holds nothing of the text that they look at.
const TELL_LITTLE: [&str; 14] = [
    "array_has",
    "array_length",
    "cardinality",
    "char_length",
    "character_length",
    "contains",
    "ends_with",
    "length",
    "picture_distance",
    "regexp_like",
    "starts_with",
    "strpos",
    "text_similarity",
    "uscc_is_valid",
];
/// Counts, of whatever.
const COUNTS: [&str; 9] =
    ["approx_distinct", "bool_and", "bool_or", "count", "cume_dist", "dense_rank", "percent_rank", "rank", "row_number"];

/// Whether what a personal column says may stand in a column, written over source columns ([`resolve`]): of a CASE its branches count and its conditions don't,
/// of a comparison nothing, of a count nothing.
pub fn says_personal(expression: &Expr, library: &Library) -> bool {
    let any = |parts: &[Expr]| parts.iter().any(|part| says_personal(part, library));
    match expression {
        Expr::Column(column) => {
            let table = column.relation.as_ref().and_then(|relation| library.tables.get(relation.table()));
            table.and_then(|table| table.column(&column.name)).is_some_and(|column| column.sensitivity == Sensitivity::Personal)
        }
        Expr::Case(case) => {
            let branches = case.when_then_expr.iter().map(|(_, then)| then).chain(&case.else_expr);
            branches.into_iter().any(|branch| says_personal(branch, library))
        }
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
            !is_comparison(*op) && (says_personal(left, library) || says_personal(right, library))
        }
        Expr::AggregateFunction(function) => !COUNTS.contains(&function.func.name()) && any(&function.params.args),
        Expr::WindowFunction(function) => !COUNTS.contains(&function.fun.name()) && any(&function.params.args),
        Expr::ScalarFunction(function) if TELL_LITTLE.contains(&function.name()) => false,
        Expr::ScalarFunction(function) => any(&function.args),
        Expr::Alias(inner) => says_personal(&inner.expr, library),
        Expr::Negative(inner) => says_personal(inner, library),
        Expr::Cast(inner) => says_personal(&inner.expr, library),
        Expr::TryCast(inner) => says_personal(&inner.expr, library),
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
        other => other.column_refs().into_iter().any(|column| says_personal(&Expr::Column(column.clone()), library)),
    }
}

/// How much of a person each column of the plan holds, in order.
pub fn personal(plan: &LogicalPlan, library: &Library) -> Vec<Personal> {
    let resolved = resolve(plan).ok();
    let schema = plan.schema();
    let judge = |index: usize| {
        let Some(resolved) = &resolved else { return Personal::Yes };
        let expression = &resolved.columns[index];
        let is_personal = expression.column_refs().into_iter().any(|column| {
            let table = column.relation.as_ref().and_then(|relation| library.tables.get(relation.table()));
            table.and_then(|table| table.column(&column.name)).is_some_and(|column| column.sensitivity == Sensitivity::Personal)
        });
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
