//! Units as they stand on a date.
//!
//! In: the source table `units` in a session. Out: one [`Unit`] for each identifier that is valid on the date. Never here:
//! measures, scores.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use datafusion::common::DataFusionError;
use datafusion::prelude::SessionContext;
use jiff::civil::Date;

use crate::terms::UnitId;

/// A unit as it stands on the as-of date (one row of the source table `units`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// Identifier.
    pub id: UnitId,
    /// Chinese name.
    pub name: String,
    /// `province`, `city`, `county`, `township`.
    pub tier: String,
    /// Domains in which it has powers.
    pub domains: Vec<String>,
    /// Division code.
    pub region: String,
    /// Unit above.
    pub parent: Option<UnitId>,
    /// `small`, `medium`, `large`.
    pub size_class: String,
}

/// Reads the units that are valid on `as_of`, sorted by identifier; of several valid rows the latest stands.
///
/// # Errors
/// The session's own.
pub async fn read_units(context: &SessionContext, as_of: Date) -> Result<Vec<Unit>, DataFusionError> {
    let sql = format!(
        "SELECT unit_id, unit_name, tier, array_to_string(domain_list, ';') AS domains, region_code, parent_unit_id, size_class
         FROM units WHERE valid_from <= DATE '{as_of}' AND (valid_to IS NULL OR valid_to >= DATE '{as_of}') ORDER BY unit_id, valid_from"
    );
    let mut units = BTreeMap::new();
    for batch in context.sql(&sql).await?.collect().await? {
        let columns: Vec<Vec<String>> = (0..batch.num_columns()).map(|index| texts(&batch, index)).collect::<Result<_, _>>()?;
        for row in 0..batch.num_rows() {
            let cell = |column: usize| columns[column][row].clone();
            let unit = Unit {
                id: UnitId(cell(0)),
                name: cell(1),
                tier: cell(2),
                domains: cell(3).split(';').filter(|domain| !domain.is_empty()).map(str::to_owned).collect(),
                region: cell(4),
                parent: Some(cell(5)).filter(|parent| !parent.is_empty()).map(UnitId),
                size_class: cell(6),
            };
            units.insert(unit.id.clone(), unit);
        }
    }
    Ok(units.into_values().collect())
}

/// A column as texts; NULL is empty.
fn texts(batch: &RecordBatch, index: usize) -> Result<Vec<String>, DataFusionError> {
    let column = cast(batch.column(index), &DataType::Utf8)?;
    let column = column.as_string::<i32>();
    Ok((0..batch.num_rows()).map(|row| if column.is_null(row) { String::new() } else { column.value(row).to_owned() }).collect())
}
