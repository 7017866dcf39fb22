//! Contract types → Arrow types, and batches in the shape of a table: the only place of either.
//!
//! In: a contract; a batch with some of a table's columns. Out: the table's schema; the batch in it. Never here: reading, judging values.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef, TimeUnit};

use crate::error::{Context, Kind, Result};
use crate::library::contract::{ColumnType, TableContract};

/// Loader columns that stand behind a contract's own: file, line and batch of each row.
pub const LINEAGE: [(&str, DataType); 3] =
    [("source_file", DataType::Utf8), ("source_line", DataType::Int64), ("batch_id", DataType::Utf8)];

/// The Arrow schema of a loaded table: the contract's columns in order, then [`LINEAGE`].
///
/// Every column is nullable: that a required column holds no null is the loader's promise, not the type's, so that test pages
/// and empty tables need no invented values.
pub fn arrow_schema(contract: &TableContract) -> SchemaRef {
    let own = contract.columns.iter().map(|column| Field::new(&column.name, data_type(column.kind), true));
    let lineage = LINEAGE.into_iter().map(|(name, kind)| Field::new(name, kind, true));
    Arc::new(Schema::new(own.chain(lineage).collect::<Vec<_>>()))
}

/// The Arrow type of a contract type.
pub fn data_type(kind: ColumnType) -> DataType {
    match kind {
        ColumnType::Text => DataType::Utf8,
        ColumnType::Date => DataType::Date32,
        ColumnType::Instant => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        ColumnType::Integer => DataType::Int64,
        ColumnType::Decimal => DataType::Decimal128(18, 2),
        ColumnType::Boolean => DataType::Boolean,
        ColumnType::List => DataType::List(Arc::new(Field::new("item", DataType::Utf8, true))),
    }
}

/// A batch with exactly the columns of `schema`: what it lacks has no value, what is of another type is converted.
///
/// # Errors
/// A column that does not convert.
pub fn fitted(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let column = |field: &FieldRef| -> Result<ArrayRef> {
        match batch.column_by_name(field.name()) {
            None => Ok(new_null_array(field.data_type(), batch.num_rows())),
            Some(column) if column.data_type() == field.data_type() => Ok(Arc::clone(column)),
            Some(column) => cast(column, field.data_type()).context(Kind::Bug, || format!("reading column `{}`", field.name())),
        }
    };
    let columns = schema.fields().iter().map(column).collect::<Result<Vec<_>>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options).context(Kind::Bug, || "arranging rows")
}
