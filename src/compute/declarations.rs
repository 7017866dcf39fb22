//! What the units declare of their own records, beside what the data tell.
//!
//! In: the population `declared_flags` in a session. Out: one [`Declared`] a unit, domain and flag, for the months of the period. Never
//! here: scores; they go by what is derived. Nor a verdict: a flag that differs is a question to whoever set it.

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use datafusion::common::DataFusionError;

use super::shared::SharedPopulations;
use crate::terms::{Month, UnitId};

/// The population with both sides of every flag.
const POPULATION: &str = "declared_flags";

/// Flags that are compared: codes of the population, in the order in which they are shown.
pub const FLAGS: [&str; 7] =
    ["is_enforcement", "is_reasonable", "counts_toward_cap", "is_food_drug", "hearing_required", "damage", "anonymous"];

/// How often a unit declared a flag as the data have it. Sort key: unit, domain, flag.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Declared {
    /// Unit.
    pub unit: UnitId,
    /// Domain.
    pub domain: String,
    /// One of [`FLAGS`].
    pub flag: String,
    /// Records compared.
    pub compared: i64,
    /// Declared yes, of which the data say no.
    pub only_declared: i64,
    /// Declared no, of which the data say yes.
    pub only_derived: i64,
}

impl Declared {
    /// Records on which both do not agree.
    pub fn differing(&self) -> i64 {
        self.only_declared + self.only_derived
    }
}

/// Counts flags of records of the months; nothing when the library has no such population.
///
/// # Errors
/// The session's own.
pub async fn declared(shared: &mut SharedPopulations<'_>, (first, last): (Month, Month)) -> Result<Vec<Declared>, DataFusionError> {
    if shared.context().table(POPULATION).await.is_err() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT unit_id, domain, flag, count(*) AS compared, count(*) FILTER (WHERE is_declared AND NOT is_derived) AS only_declared,
                count(*) FILTER (WHERE is_derived AND NOT is_declared) AS only_derived
         FROM {POPULATION}
         WHERE happened_on BETWEEN DATE '{}' AND DATE '{}' AND is_declared IS NOT NULL AND is_derived IS NOT NULL
         GROUP BY unit_id, domain, flag",
        first.first_day(),
        last.last_day()
    );
    let mut rows = Vec::new();
    for batch in shared.rows(&sql).await? {
        let texts: Vec<_> = (0..3).map(|index| cast(batch.column(index), &DataType::Utf8)).collect::<Result<_, _>>()?;
        let text = |column: usize, row: usize| {
            let column = texts[column].as_string::<i32>();
            if column.is_valid(row) { column.value(row).to_owned() } else { String::new() }
        };
        let count = |column: usize, row: usize| batch.column(column).as_primitive::<Int64Type>().value(row);
        rows.extend((0..batch.num_rows()).map(|row| Declared {
            unit: UnitId(text(0, row)),
            domain: text(1, row),
            flag: text(2, row),
            compared: count(3, row),
            only_declared: count(4, row),
            only_derived: count(5, row),
        }));
    }
    rows.sort();
    Ok(rows)
}
