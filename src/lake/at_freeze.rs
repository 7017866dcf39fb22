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
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use datafusion::prelude::SessionContext;
use jiff::civil::Date;

use super::shape::{MONTH_COLUMN, TableShape};
use super::snapshot::{PinnedFile, Snapshot};
use super::store::Lake;
use crate::error::{Context, Kind, Result};
use crate::ingest::arrow_schema;
use crate::library::Library;
use crate::library::at_freeze::{FREEZE_MONTH, FREEZES, name_at_freeze};
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
    library.contracts_at_freeze().iter().try_for_each(|contract| {
        let table = MemTable::try_new(arrow_schema(contract), vec![vec![]]).context(Kind::Bug, || contract.name.clone())?;
        register(context, &contract.name, Arc::new(table))
    })
}

impl Lake {
    /// Makes `freezes` and, of the tables of `shapes`, those as they stood known to the session, in place of what [`register_no_freeze`] has put there.
    ///
    /// # Errors
    /// A version that the lake does not have, a file that was lost.
    pub async fn register_at_freeze(
        &self,
        context: &SessionContext,
        snapshot: &Snapshot,
        freezes: &[Freeze],
        shapes: &[TableShape],
    ) -> Result<()> {
        let (mut tables, mut months, mut seen) = (Vec::new(), Vec::new(), Vec::new());
        for shape in shapes {
            let mut files = Vec::new();
            for freeze in freezes {
                let Some(version) = freeze.versions.get(&shape.table) else { continue };
                tables.push(shape.table.clone());
                months.push(epoch_days(freeze.month.first_day()));
                seen.push(epoch_days(freeze.seen_as_of));
                let before = self.pin_at(&BTreeMap::from([(shape.table.clone(), *version)])).await?;
                let changed = changed_since(before.files(&shape.table), snapshot.files(&shape.table));
                files.extend(changed.into_iter().map(|file| PinnedFile { month: Some(freeze.month), ..file }));
            }
            if !files.is_empty() {
                self.register_rows_at_freeze(context, shape, files)?;
            }
        }
        let columns: [(&str, ArrayRef); 3] = [
            ("source_table", Arc::new(StringArray::from(tables))),
            (FREEZE_MONTH, Arc::new(Date32Array::from(months))),
            ("seen_as_of", Arc::new(Date32Array::from(seen))),
        ];
        let batch = RecordBatch::try_from_iter(columns).context(Kind::Bug, || "listing the freezes")?;
        let table = MemTable::try_new(batch.schema(), vec![vec![batch]]).context(Kind::Bug, || "listing the freezes")?;
        register(context, FREEZES, Arc::new(table))
    }

    /// One scan of all files; the frozen month stands where a table has the month of its rows.
    fn register_rows_at_freeze(&self, context: &SessionContext, shape: &TableShape, files: Vec<PinnedFile>) -> Result<()> {
        let name = name_at_freeze(&shape.table);
        let reading = || format!("reading `{name}`");
        let by_month = TableShape { by_month: true, ..shape.clone() };
        let rows = context.read_table(self.provider_of(&by_month, files)?).context(Kind::Bug, reading)?;
        let rows = rows.with_column_renamed(MONTH_COLUMN, FREEZE_MONTH).context(Kind::Bug, reading)?;
        register(context, &name, rows.into_view())
    }
}

fn register(context: &SessionContext, name: &str, table: Arc<dyn TableProvider>) -> Result<()> {
    let registering = || format!("registering `{name}`");
    context.deregister_table(name).context(Kind::Bug, registering)?;
    context.register_table(name, table).context(Kind::Bug, registering)?;
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
