//! Contract types → Arrow types: the only place of that mapping.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};

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
