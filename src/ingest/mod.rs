//! Placeholder until the ingest stage is merged.
use crate::library::contract::{ColumnType, TableContract};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use std::sync::Arc;
/// Arrow schema of a contract.
pub fn arrow_schema(contract: &TableContract) -> SchemaRef {
    let kind = |kind| match kind {
        ColumnType::Text => DataType::Utf8,
        ColumnType::Date => DataType::Date32,
        ColumnType::Instant => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        ColumnType::Integer => DataType::Int64,
        ColumnType::Decimal => DataType::Decimal128(18, 2),
        ColumnType::Boolean => DataType::Boolean,
        ColumnType::List => DataType::List(Arc::new(Field::new("item", DataType::Utf8, true))),
    };
    let mut fields: Vec<Field> = contract.columns.iter().map(|column| Field::new(&column.name, kind(column.kind), true)).collect();
    fields.push(Field::new("source_file", DataType::Utf8, true));
    fields.push(Field::new("source_line", DataType::Int64, true));
    fields.push(Field::new("batch_id", DataType::Utf8, true));
    Arc::new(Schema::new(fields))
}
