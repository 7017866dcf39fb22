//! The contract's checks: SQL predicates that are true of bad rows.
//!
//! In: the predicates, the as-of date, typed batches. Out: for every check, the rows of which it is true. Never here: what
//! happens to such rows.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{AsArray, BooleanArray};
use arrow::datatypes::{DataType, SchemaRef};
use arrow::record_batch::RecordBatch;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::execution::context::SessionContext;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{Expr, lit};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::utils::collect_columns;
use jiff::civil::Date;

use crate::calendar::end_of_day;
use crate::error::{Context, Error, Kind, Result};
use crate::library::contract::{Check, TableContract};
use crate::terms::epoch_days;

/// One check, planned.
struct Planned {
    check: Check,
    expression: Arc<dyn PhysicalExpr>,
    /// The columns it looks at.
    columns: BTreeSet<String>,
}

/// The checks of one table, planned once.
pub(super) struct Checks {
    planned: Vec<Planned>,
}

/// What a check says of a batch.
pub(super) struct Verdict<'c> {
    pub check: &'c Check,
    /// The columns it looked at.
    pub columns: &'c BTreeSet<String>,
    /// True of bad rows.
    pub bad: BooleanArray,
}

impl Checks {
    /// # Errors
    /// A predicate that is not SQL over the table's columns.
    pub fn plan(contract: &TableContract, schema: &SchemaRef, as_of: Date, register: &dyn Fn(&SessionContext)) -> Result<Self> {
        let mut planned = Vec::new();
        if contract.checks.is_empty() {
            return Ok(Self { planned });
        }
        let session = SessionContext::new();
        register(&session);
        let columns = DFSchema::try_from(Arc::clone(schema)).context(Kind::Bug, || "planning checks")?;
        for check in &contract.checks {
            let what = || format!("{}: check `{}`", contract.file, check.name);
            let parsed = session.parse_sql_expr(&check.predicate, &columns).context(Kind::Configuration, what)?;
            let bound = bind(parsed, as_of).context(Kind::Configuration, what)?;
            let simple = simplify(bound, &columns).context(Kind::Configuration, what)?;
            let physical = session.create_physical_expr(simple, &columns).context(Kind::Configuration, what)?;
            let kind = physical.data_type(schema).context(Kind::Configuration, what)?;
            if kind != DataType::Boolean {
                return Err(Error::new(Kind::Configuration, format!("the predicate yields {kind}, not true or false")).while_doing(what()));
            }
            let columns = collect_columns(&physical).iter().map(|column| column.name().to_owned()).collect();
            planned.push(Planned { check: check.clone(), expression: physical, columns });
        }
        Ok(Self { planned })
    }

    /// For every check, the rows of which it is true.
    pub fn evaluate(&self, batch: &RecordBatch) -> Result<Vec<Verdict<'_>>> {
        let mut verdicts = Vec::new();
        for Planned { check, expression, columns } in &self.planned {
            let value = expression
                .evaluate(batch)
                .and_then(|value| value.into_array(batch.num_rows()))
                .context(Kind::Configuration, || format!("check `{}`", check.name))?;
            verdicts.push(Verdict { check, columns, bad: value.as_boolean().clone() });
        }
        Ok(verdicts)
    }
}

/// Some functions (`coalesce`) exist only until an expression is simplified; a query's optimiser does it, a bare expression's owner must.
fn simplify(expression: Expr, columns: &DFSchema) -> datafusion::error::Result<Expr> {
    let context = SimplifyContext::builder().with_schema(Arc::new(columns.clone())).build();
    let simplifier = ExprSimplifier::new(context);
    simplifier.simplify(simplifier.coerce(expression, columns)?)
}

/// `$as_of` is 24:00 Shanghai of the as-of date.
fn bind(expression: Expr, as_of: Date) -> datafusion::error::Result<Expr> {
    let instant = ScalarValue::TimestampMicrosecond(Some(end_of_day(epoch_days(as_of))), Some("UTC".into()));
    let bound = expression.transform(|node| match &node {
        Expr::Placeholder(placeholder) if placeholder.id == "$as_of" => Ok(Transformed::yes(lit(instant.clone()))),
        Expr::Placeholder(placeholder) => {
            datafusion::common::plan_err!("the placeholder {} is unknown here; a check knows $as_of", placeholder.id)
        }
        _ => Ok(Transformed::no(node)),
    })?;
    Ok(bound.data)
}
