//! Source tables as they stood when their months were frozen.
//!
//! In: the snapshot of a run; for each frozen month the versions that the first run after its freeze had pinned. Out: in the session, the tables of
//! [`crate::library::at_freeze`]. Never here: which run that was; what counts as an edit.
//!
//! Only months whose content has another digest now are read again: what nobody touched costs nothing. A table whose months are edited every night is read
//! once for each freeze, and only the columns that are asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, RecordBatch, StringArray};
use arrow::datatypes::SchemaRef;
use datafusion::common::ScalarValue;
use datafusion::datasource::MemTable;
use datafusion::prelude::{DataFrame, SessionContext, lit};
use jiff::civil::Date;

use super::shape::{MONTH_COLUMN, TableShape};
use super::snapshot::{PinnedFile, Snapshot};
use super::store::Lake;
use crate::error::{Context, Error, Kind, Result};
use crate::ingest::{arrow_schema, fitted};
use crate::library::Library;
use crate::library::at_freeze::{FREEZE_MONTH, FREEZES, name_at_freeze};
use crate::library::contract::TableContract;
use crate::terms::{Month, epoch_days};

/// What the first run after a freeze had pinned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Freeze {
    /// The frozen month.
    pub month: Month,
    /// As-of date of the run.
    pub seen_as_of: Date,
    /// Its version of each table; a table that it held is not among them.
    pub versions: BTreeMap<String, u64>,
}

/// The tables without any row: before anything was frozen, and for checking plans.
///
/// # Errors
/// A contract whose columns can't make a schema.
pub fn register_no_freeze(context: &SessionContext, library: &Library) -> Result<()> {
    library.contracts_at_freeze().iter().try_for_each(|contract| register_rows(context, &contract.name, arrow_schema(contract), vec![]))
}

impl Lake {
    /// Makes the tables of [`crate::library::at_freeze`] known to the session.
    ///
    /// # Errors
    /// A version that the lake does not have, a file that was lost.
    pub async fn register_at_freeze(
        &self,
        context: &SessionContext,
        library: &Library,
        snapshot: &Snapshot,
        freezes: &[Freeze],
        shape_of: impl Fn(&TableContract) -> TableShape,
    ) -> Result<()> {
        register_no_freeze(context, library)?;
        let (mut tables, mut months, mut seen) = (Vec::new(), Vec::new(), Vec::new());
        for contract in library.tables_at_freeze() {
            let shape = shape_of(contract);
            let mut rows: Option<DataFrame> = None;
            for freeze in freezes {
                let Some(version) = freeze.versions.get(&shape.table) else { continue };
                tables.push(shape.table.clone());
                months.push(epoch_days(freeze.month.first_day()));
                seen.push(epoch_days(freeze.seen_as_of));
                let known = BTreeMap::from([(shape.table.clone(), *version)]);
                let before = self.pin_at(&known).await?;
                let files = changed_since(before.files(&shape.table), snapshot.files(&shape.table));
                if files.is_empty() {
                    continue;
                }
                let of_freeze = self.rows_at_freeze(context, &shape, files, freeze.month)?;
                rows = Some(match rows {
                    None => of_freeze,
                    Some(rows) => rows.union(of_freeze).context(Kind::Bug, || "joining what was frozen")?,
                });
            }
            let Some(rows) = rows else { continue };
            let name = name_at_freeze(&shape.table);
            let registering = || format!("registering `{name}`");
            context.deregister_table(name.as_str()).context(Kind::Bug, registering)?;
            context.register_table(name.as_str(), rows.into_view()).context(Kind::Bug, registering)?;
        }
        let freezes = library.contracts_at_freeze().into_iter().find(|contract| contract.name == FREEZES);
        let schema = freezes.as_ref().map(arrow_schema).ok_or_else(|| Error::new(Kind::Bug, "there is no contract of `freezes`"))?;
        let columns: [(&str, ArrayRef); 3] = [
            ("source_table", Arc::new(StringArray::from(tables))),
            (FREEZE_MONTH, Arc::new(Date32Array::from(months))),
            ("seen_as_of", Arc::new(Date32Array::from(seen))),
        ];
        let batch = RecordBatch::try_from_iter(columns).context(Kind::Bug, || "listing the freezes")?;
        register_rows(context, FREEZES, Arc::clone(&schema), vec![fitted(&batch, &schema)?])
    }

    fn rows_at_freeze(&self, context: &SessionContext, shape: &TableShape, files: Vec<PinnedFile>, month: Month) -> Result<DataFrame> {
        let reading = || format!("reading `{}` as it was frozen for {month}", shape.table);
        let first_day = lit(ScalarValue::Date32(Some(epoch_days(month.first_day()))));
        let rows = context.read_table(self.provider_of(shape, files)?).context(Kind::Bug, reading)?;
        let rows = rows.drop_columns(&[MONTH_COLUMN]).context(Kind::Bug, reading)?;
        rows.with_column(FREEZE_MONTH, first_day).context(Kind::Bug, reading)
    }
}

fn register_rows(context: &SessionContext, name: &str, schema: SchemaRef, rows: Vec<RecordBatch>) -> Result<()> {
    let registering = || format!("registering `{name}`");
    let table = MemTable::try_new(schema, vec![rows]).context(Kind::Bug, registering)?;
    context.deregister_table(name).context(Kind::Bug, registering)?;
    context.register_table(name, Arc::new(table)).context(Kind::Bug, registering)?;
    Ok(())
}

/// Files of the months whose rows are others now.
fn changed_since(before: &[PinnedFile], now: &[PinnedFile]) -> Vec<PinnedFile> {
    let content = |files: &[PinnedFile]| {
        let mut months: BTreeMap<Option<Month>, BTreeSet<String>> = BTreeMap::new();
        for file in files {
            months.entry(file.month).or_default().insert(file.digest.clone().unwrap_or_else(|| file.path.clone()));
        }
        months
    };
    let (then, now) = (content(before), content(now));
    before.iter().filter(|file| then.get(&file.month) != now.get(&file.month)).cloned().collect()
}
