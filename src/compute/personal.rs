//! How much of a person a column of a plan holds.
//!
//! In: a plan and the contracts. Out: a word for each column. Never here: rows, leaving anything out.

use datafusion::common::Column;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan};

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
