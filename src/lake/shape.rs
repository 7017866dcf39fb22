//! How a source table looks in the lake: its columns, and whether it is cut by month.
//!
//! In: the Arrow schema that `ingest` derives from a contract. Out: the same table as Delta stores it and as SQL shows it, and what
//! to do when a contract has changed. Never here: files, commits.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use deltalake::kernel::engine::arrow_conversion::TryIntoKernel;
use deltalake::kernel::{StructField, StructType};

use crate::error::{Context, Error, Kind, Result};

/// The partition column: the first day of the row's month.
pub const MONTH_COLUMN: &str = "month";

/// A source table as the lake needs to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableShape {
    /// Name of the contract.
    pub table: String,
    /// Columns of the contract with those of the loader, without the partition column.
    pub schema: SchemaRef,
    /// True when the contract names a date that cuts the table by month.
    pub by_month: bool,
}

impl TableShape {
    /// The schema as SQL sees it: everything nullable, the month last.
    pub fn sql_schema(&self) -> SchemaRef {
        let mut fields: Vec<FieldRef> = self.file_schema().fields().iter().cloned().collect();
        fields.extend(self.partition_fields());
        Arc::new(Schema::new(fields))
    }

    /// The schema as files are written and read: everything nullable, because a later contract may drop a requirement. Text is read
    /// as plain text and not as views into the file's pages. Views decode faster, but each keeps its whole page in memory through
    /// joins and sorts: over a million cases the assessment took 2.6 GB and 55 s with views, 1.7 GB and 49 s without.
    pub(super) fn file_schema(&self) -> SchemaRef {
        let field = |field: &FieldRef| Field::new(field.name(), field.data_type().clone(), true);
        Arc::new(Schema::new(self.schema.fields().iter().map(field).collect::<Vec<_>>()))
    }

    pub(super) fn partition_fields(&self) -> Vec<FieldRef> {
        if self.by_month { vec![Arc::new(Field::new(MONTH_COLUMN, DataType::Date32, true))] } else { Vec::new() }
    }

    pub(super) fn partition_columns(&self) -> Vec<String> {
        if self.by_month { vec![MONTH_COLUMN.to_owned()] } else { Vec::new() }
    }

    /// The columns as Delta declares them.
    pub(super) fn delta_columns(&self) -> Result<Vec<StructField>> {
        if self.by_month && self.schema.field_with_name(MONTH_COLUMN).is_ok() {
            return Err(Error::new(Kind::Configuration, format!("table `{}` has a column `{MONTH_COLUMN}`", self.table)).with_hint(
                "a table that is cut by month gets a column of that name from the lake; give the contract's column another name",
            ));
        }
        let mut fields: Vec<FieldRef> = self.file_schema().fields().iter().cloned().collect();
        fields.extend(self.partition_fields());
        let convert = |field: &FieldRef| -> Result<StructField> {
            field.as_ref().try_into_kernel().context(Kind::Bug, || format!("column `{}` of table `{}`", field.name(), self.table))
        };
        fields.iter().map(convert).collect()
    }

    /// What Delta's declared columns must become: `None` when they already fit.
    ///
    /// New columns are added at the end. A column that left the contract stays (its old values are somebody's evidence) and is
    /// null from now on. Anything else is refused.
    pub(super) fn evolve(&self, declared: &StructType, partition_columns: &[String]) -> Result<Option<StructType>> {
        if partition_columns != self.partition_columns() {
            let (was, is) = if self.by_month { ("as a whole", "by month") } else { ("by month", "as a whole") };
            return Err(self.incompatible(format!("it was stored {was}, the contract now wants it {is}")));
        }
        let mut columns: Vec<StructField> = declared.fields().cloned().collect();
        let before = columns.len();
        for wanted in self.delta_columns()? {
            match declared.field(wanted.name()) {
                None => columns.push(wanted),
                Some(column) if column.data_type() == wanted.data_type() => {}
                Some(column) => {
                    let (name, was, is) = (wanted.name(), column.data_type(), wanted.data_type());
                    return Err(self.incompatible(format!("column `{name}` was stored as {was}, the contract now says {is}")));
                }
            }
        }
        if columns.len() == before {
            return Ok(None);
        }
        StructType::try_new(columns).map(Some).context(Kind::Bug, || format!("adding columns to table `{}`", self.table))
    }

    fn incompatible(&self, what: String) -> Error {
        Error::new(Kind::Configuration, format!("the contract of table `{}` no longer fits its data: {what}", self.table))
            .with_hint("give the changed column a new name, or move the table's folder out of the lake and load every extract again")
    }
}
