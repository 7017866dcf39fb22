//! The two sides of the comparison between the units' systems and the platform, as counts.
//!
//! In: the population `reconciled_records` in a session. Out: one [`Reconciled`] a unit, domain, source table and outcome, for what fell due
//! in the period and for what is on its way. Never here: rates, single records.

use arrow::array::AsArray;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use datafusion::common::DataFusionError;
use datafusion::prelude::SessionContext;

use super::shared::SharedPopulations;
use crate::terms::{Month, UnitId};

/// The population that compares both sides.
pub const POPULATION: &str = "reconciled_records";
/// The columns that tell how a record stands.
const COLUMNS: [&str; 6] = ["unit_id", "domain", "source_table", "state", "difference", "due_on"];

/// Records of one unit and source table that stand alike. Sort key: unit, domain, source table, outcome, field.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reconciled {
    /// Unit.
    pub unit: UnitId,
    /// Domain.
    pub domain: String,
    /// Source table of the unit's side.
    pub source_table: String,
    /// `matched`, `in_transit`, `missing_on_platform`, `missing_in_system`, `differing` or `excluded`.
    pub outcome: String,
    /// The first field that differs; empty for other outcomes.
    pub field: String,
    /// How many.
    pub records: i64,
}

/// The rows of the population that fell due in the months or are in transit, each with `outcome` and `field`: what is counted here and
/// listed one by one by [`crate::explain`]. Nothing when the library has no such population, or one of another form.
pub async fn compared(context: &SessionContext, (first, last): (Month, Month)) -> Option<String> {
    let population = context.table(POPULATION).await.ok()?;
    if COLUMNS.iter().any(|column| population.schema().index_of_column_by_name(None, column).is_none()) {
        return None;
    }
    Some(format!(
        "SELECT *, CASE WHEN outcome = 'differing' THEN difference ELSE '' END AS field
         FROM (SELECT *, CASE WHEN state = 'excluded' THEN 'excluded' WHEN state = 'pending' THEN 'in_transit'
                              WHEN difference IS NULL THEN 'matched'
                              WHEN difference IN ('missing_on_platform', 'missing_in_system') THEN difference
                              ELSE 'differing' END AS outcome
               FROM {POPULATION}
               WHERE due_on >= DATE '{}' AND (due_on <= DATE '{}' OR state = 'pending')) AS r",
        first.first_day(),
        last.last_day()
    ))
}

/// Counts what fell due in the months and what is in transit; nothing when the library has no such population, or one of another form.
///
/// # Errors
/// The session's own.
pub async fn reconciled(shared: &mut SharedPopulations<'_>, months: (Month, Month)) -> Result<Vec<Reconciled>, DataFusionError> {
    let Some(compared) = compared(shared.context(), months).await else { return Ok(Vec::new()) };
    let sql =
        format!("SELECT unit_id, domain, source_table, outcome, field, count(*) AS records FROM ({compared}) AS c GROUP BY 1, 2, 3, 4, 5");
    let mut rows = Vec::new();
    for batch in shared.rows(&sql).await? {
        let texts: Vec<_> = (0..5).map(|index| cast(batch.column(index), &DataType::Utf8)).collect::<Result<_, _>>()?;
        let records = cast(batch.column(5), &DataType::Int64)?;
        for row in 0..batch.num_rows() {
            // A null is an empty text here: a row without a unit stands under no name.
            let cell = |column: usize| texts[column].as_string::<i32>().value(row).to_owned();
            rows.push(Reconciled {
                unit: UnitId(cell(0)),
                domain: cell(1),
                source_table: cell(2),
                outcome: cell(3),
                field: cell(4),
                records: records.as_primitive::<Int64Type>().value(row),
            });
        }
    }
    rows.sort();
    Ok(rows)
}
