//! Measures of an earlier run, read back from its result table.
//!
//! In: `tables/measures.parquet` of a run. Out: [`Measures`]. Never here: deciding which of them still stand.

use std::path::Path;

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Decimal128Type, Int64Type};
use datafusion::common::DataFusionError;
use datafusion::prelude::{ParquetReadOptions, SessionContext, lit};

use super::due_soon::DUE_SOON;
use super::measures::{Amount, Measure, Measures, Scope};
use crate::terms::{Fraction, Month, date_from_epoch_days};

/// Reads the measures of the indicators that are wanted, marking those that are held; an absent file is an empty table.
///
/// # Errors
/// A file that is not a table of measures.
pub async fn read_measures(
    context: &SessionContext,
    path: &Path,
    is_wanted: impl Fn(&str) -> bool,
    is_held: impl Fn(&str) -> bool,
) -> Result<Measures, DataFusionError> {
    if !path.is_file() {
        return Ok(Measures::default());
    }
    let frame = context.read_parquet(path.to_string_lossy().as_ref(), ParquetReadOptions::default()).await?;
    // A run of an engine that did not count them yet has no such column.
    let frame = match frame.schema().has_column_with_unqualified_name(DUE_SOON) {
        true => frame,
        false => frame.with_column(DUE_SOON, lit(0_i64))?,
    };
    let frame = frame.select_columns(&[
        "indicator",
        "subject",
        "domain",
        "month",
        "scope",
        "numerator",
        "denominator",
        "value",
        "n",
        "pending",
        "excluded",
        DUE_SOON,
    ])?;
    let mut measures = Measures::default();
    for batch in frame.collect().await? {
        let column = |index: usize, kind: &DataType| cast(batch.column(index), kind);
        let texts = [0, 1, 2, 4].map(|index| column(index, &DataType::Utf8));
        let exact = [5, 6, 7].map(|index| column(index, &DataType::Decimal128(38, 4)));
        let counts = [8, 9, 10, 11].map(|index| column(index, &DataType::Int64));
        let months = column(3, &DataType::Date32)?;
        for row in 0..batch.num_rows() {
            let text = |index: usize| -> Result<&str, DataFusionError> {
                let array = texts[index].as_ref().map_err(|error| DataFusionError::Execution(error.to_string()))?.as_string::<i32>();
                Ok(if array.is_null(row) { "" } else { array.value(row) })
            };
            if !is_wanted(text(0)?) {
                continue;
            }
            let decimal = |index: usize| -> Result<Option<i128>, DataFusionError> {
                let array =
                    exact[index].as_ref().map_err(|error| DataFusionError::Execution(error.to_string()))?.as_primitive::<Decimal128Type>();
                Ok(array.is_valid(row).then(|| array.value(row)))
            };
            let count = |index: usize| -> Result<i64, DataFusionError> {
                let array =
                    counts[index].as_ref().map_err(|error| DataFusionError::Execution(error.to_string()))?.as_primitive::<Int64Type>();
                Ok(if array.is_valid(row) { array.value(row) } else { 0 })
            };
            let amount = match (decimal(0)?, decimal(1)?) {
                (Some(numerator), Some(denominator)) => Amount::Ratio(Fraction { numerator, denominator }),
                _ => Amount::Value { value: decimal(2)?, n: count(0)? },
            };
            let Some(day) = date_from_epoch_days(months.as_primitive::<Date32Type>().value(row)) else { continue };
            measures.push(Measure {
                indicator: text(0)?,
                subject: text(1)?,
                domain: text(2)?,
                month: Month::of(day),
                scope: if text(3)? == Scope::Own.word() { Scope::Own } else { Scope::Subtree },
                amount,
                pending: count(1)?,
                excluded: count(2)?,
                due_soon: count(3)?,
                held: is_held(text(0)?),
            });
        }
    }
    Ok(measures)
}
