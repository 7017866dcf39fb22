//! A full extract replaces the months it covers, in one transaction a table.
//!
//! In: a [`Replacement`], the staged months of one table. Out: a new version of the table, or none when nothing changed.
//! Never here: deciding whether an extract is good enough to be loaded.
//!
//! Files to write, files to drop and the log's actions all come from one [`Plan`], because Delta's conflict check believes what
//! it is told. A plan that has become stale is refused, never merged: its digests were compared with files that are gone.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;

use deltalake::DeltaTable;
use deltalake::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake::kernel::{Action, Add, MetadataExt, StructType, Transaction};
use deltalake::operations::create::CreateBuilder;
use deltalake::protocol::{DeltaOperation, SaveMode};
use futures::{StreamExt, TryStreamExt};

use super::cover::{cover, settle};
use super::month_file::{WrittenFile, write_month_file};
use super::shape::{MONTH_COLUMN, TableShape};
use super::store::{DIGEST_TAG, Lake, LiveFile, delta_error, overtaken};
use crate::error::{Context, Error, Kind, Result};
use crate::terms::{Month, RunId};

/// Months written at the same time. Each holds one row group in memory.
const WRITERS: usize = 2;

/// The staged rows of one month (or of a whole table).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonthFile {
    /// Arrow IPC, stream or file, rows in final order.
    pub path: PathBuf,
    /// Rows in it. Zero means that the extract covers the month and found nothing.
    pub rows: u64,
    /// Digest of the rows without their lineage.
    pub digest: String,
}

/// A full extract of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replacement {
    /// The table.
    pub shape: TableShape,
    /// The columns by which a row is known.
    pub key: Vec<String>,
    /// By month where the table is cut by month, else one entry under `None`. The extract covers every month from the first
    /// to the last one named here, stray dates left out (see `cover`); an extract that names none covers nothing.
    pub months: BTreeMap<Option<Month>, MonthFile>,
}

/// What a commit did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitOutcome {
    /// The table's version afterwards.
    pub version: u64,
    /// Months whose rows were written.
    pub months_written: Vec<Option<Month>>,
    /// Months whose rows were already there.
    pub months_unchanged: Vec<Option<Month>>,
    /// Months whose rows vanished from the extract.
    pub months_removed: Vec<Option<Month>>,
    /// Months that the extract names and does not cover: its rows joined those that were there.
    pub months_joined: Vec<Option<Month>>,
    /// Rows of the whole table afterwards, months outside the extract included.
    pub rows: u64,
}

/// What turns one version of a table into the next.
pub(super) struct Plan {
    shape: TableShape,
    table: Option<DeltaTable>,
    columns: Option<StructType>,
    write: BTreeMap<Option<Month>, MonthFile>,
    unchanged: Vec<Option<Month>>,
    joined: Vec<Option<Month>>,
    drop: Vec<LiveFile>,
    keep: Vec<LiveFile>,
}

impl Lake {
    /// Stores a full extract. Months whose digest is known are not rewritten; when nothing changed the version stays.
    pub async fn commit(&self, replacement: &Replacement, run: &RunId) -> Result<CommitOutcome> {
        let plan = self.plan(replacement).await?;
        self.apply(plan, run).await
    }

    pub(super) async fn plan(&self, replacement: &Replacement) -> Result<Plan> {
        let Replacement { shape, months, .. } = replacement;
        if let Some(month) = months.keys().find(|month| month.is_some() != shape.by_month) {
            let message =
                format!("table `{}`: the extract's part {month:?} does not fit a table with by_month = {}", shape.table, shape.by_month);
            return Err(Error::new(Kind::Bug, message));
        }
        let table = self.load(&shape.table, None).await?;
        let (columns, live) = match &table {
            None => (None, Vec::new()),
            Some(loaded) => {
                let state = loaded.snapshot().map_err(|error| delta_error(&shape.table, &error))?;
                let columns = shape.evolve(&state.schema(), state.metadata().partition_columns())?;
                (columns, self.live_files(&shape.table, loaded)?)
            }
        };
        let Some(cover) = cover(months, &live) else {
            let (write, unchanged, joined, drop) = Default::default();
            return Ok(Plan { shape: shape.clone(), table, columns, write, unchanged, joined, drop, keep: live });
        };
        let is_joined = |month: &&Option<Month>| !cover.contains(month) && live.iter().any(|file| file.pinned.month == **month);
        let joined: Vec<_> = months.keys().filter(is_joined).copied().collect();
        let months = {
            let (root, replacement, cover, live) = (self.root().to_owned(), replacement.clone(), cover.clone(), live.clone());
            let settled = tokio::task::spawn_blocking(move || settle(&root, &replacement, &cover, &live));
            settled.await.context(Kind::Bug, || "joining months")??
        };
        let is_known = |month: &Option<Month>, staged: &MonthFile| {
            let mut there = live.iter().filter(|file| file.pinned.month == *month);
            there.next().is_some_and(|file| file.pinned.digest.as_ref() == Some(&staged.digest)) && there.next().is_none()
        };
        let staged = months.iter().filter(|(_, staged)| staged.rows > 0);
        let (known, new): (Vec<_>, Vec<_>) = staged.partition(|(month, staged)| is_known(month, staged));
        let unchanged: Vec<_> = known.into_iter().map(|(month, _)| *month).collect();
        let write = new.into_iter().map(|(month, staged)| (*month, staged.clone())).collect();
        let replaced = |file: &LiveFile| cover.contains(&file.pinned.month) || months.contains_key(&file.pinned.month);
        let (drop, keep) = live.into_iter().partition(|file| replaced(file) && !unchanged.contains(&file.pinned.month));
        Ok(Plan { shape: shape.clone(), table, columns, write, unchanged, joined, drop, keep })
    }

    pub(super) async fn apply(&self, plan: Plan, run: &RunId) -> Result<CommitOutcome> {
        let base = plan.table.as_ref().and_then(DeltaTable::version);
        let before: BTreeSet<_> = plan.drop.iter().map(|file| file.pinned.month).collect();
        let removed: Vec<_> = before.into_iter().filter(|month| !plan.write.contains_key(month)).collect();
        let kept: u64 = plan.keep.iter().map(|file| file.pinned.rows).sum();
        if let Some(version) = base
            && plan.columns.is_none()
            && plan.write.is_empty()
            && plan.drop.is_empty()
        {
            return Ok(CommitOutcome {
                version,
                months_written: vec![],
                months_unchanged: plan.unchanged,
                months_removed: vec![],
                months_joined: plan.joined,
                rows: kept,
            });
        }
        if base.is_none() && self.load(&plan.shape.table, None).await?.is_some() {
            return Err(overtaken(&plan.shape.table));
        }
        let added = self.write_files(&plan, base.map_or(0, |version| version + 1), run).await?;
        let version = match &plan.table {
            None => self.create(&plan, &added, run).await?,
            Some(table) => append(&plan, table, &added, run).await?,
        };
        let rows = kept + added.iter().map(|(_, file)| file.rows).sum::<u64>();
        let expected = plan.keep.iter().map(|file| file.pinned.path.clone());
        let expected = expected.chain(added.iter().map(|(add, _)| format!("{}/{}", plan.shape.table, add.path))).collect();
        self.check(&plan.shape.table, version, expected, rows).await?;
        let months_written = plan.write.keys().copied().collect();
        Ok(CommitOutcome {
            version,
            months_written,
            months_unchanged: plan.unchanged,
            months_removed: removed,
            months_joined: plan.joined,
            rows,
        })
    }

    /// Writes the months to their final place; until the commit no reader knows of them.
    async fn write_files(&self, plan: &Plan, version: u64, run: &RunId) -> Result<Vec<(Add, WrittenFile)>> {
        let folder = self.folder(&plan.shape.table);
        let schema = plan.shape.file_schema();
        let write = |(month, staged): (Option<Month>, MonthFile)| {
            // Version, run and digest make the name one that was never used before: files in a log are never overwritten.
            let digest: String = staged.digest.chars().filter(char::is_ascii_alphanumeric).take(16).collect();
            let name = format!("v{version:05}-{run}-{digest}.parquet");
            let path = month.map_or(name.clone(), |month| format!("{MONTH_COLUMN}={}/{name}", month.first_day()));
            let (target, schema) = (folder.join(&path), schema.clone());
            async move {
                let source = staged.path.clone();
                let written = tokio::task::spawn_blocking(move || write_month_file(&source, &schema, &target));
                let written = written.await.context(Kind::Bug, || "writing a month")??;
                if written.rows != staged.rows {
                    let message = format!("`{}` announced {} rows and held {}", staged.path.display(), staged.rows, written.rows);
                    return Err(Error::new(Kind::Bug, message));
                }
                Ok((add_action(path, month, &staged.digest, &written), written))
            }
        };
        let files = futures::stream::iter(plan.write.clone().into_iter().map(write)).buffered(WRITERS);
        files.try_collect().await.map_err(|error: Error| error.while_doing(format!("storing table `{}`", plan.shape.table)))
    }

    async fn create(&self, plan: &Plan, added: &[(Add, WrittenFile)], run: &RunId) -> Result<u64> {
        let table = &plan.shape.table;
        let created = CreateBuilder::new()
            .with_log_store(self.table(table)?.log_store())
            .with_columns(plan.shape.delta_columns()?)
            .with_partition_columns(plan.shape.partition_columns())
            // A release names versions that must stay readable for years, whichever program writes next.
            .with_configuration([("delta.enableExpiredLogCleanup", Some("false"))])
            .with_commit_properties(commit_properties(table, run))
            .with_actions(added.iter().map(|(add, _)| Action::Add(add.clone())))
            .await
            .map_err(|error| delta_error(table, &error))?;
        created.version().ok_or_else(|| Error::new(Kind::Bug, format!("table `{table}` was created without a version")))
    }

    /// The new version must hold exactly what was meant.
    async fn check(&self, table: &str, version: u64, expected: BTreeSet<String>, rows: u64) -> Result<()> {
        let loaded = self.load(table, Some(version)).await?;
        let files = loaded.map(|loaded| self.live_files(table, &loaded)).transpose()?.unwrap_or_default();
        let found: BTreeSet<_> = files.iter().map(|file| file.pinned.path.clone()).collect();
        if found != expected || files.iter().map(|file| file.pinned.rows).sum::<u64>() != rows {
            let message = format!(
                "table `{table}` version {version} does not hold what was stored: {} files, {} expected",
                found.len(),
                expected.len()
            );
            return Err(Error::new(Kind::Bug, message));
        }
        Ok(())
    }
}

async fn append(plan: &Plan, table: &DeltaTable, added: &[(Add, WrittenFile)], run: &RunId) -> Result<u64> {
    let name = &plan.shape.table;
    let state = table.snapshot().map_err(|error| delta_error(name, &error))?;
    let mut actions = Vec::new();
    if let Some(columns) = &plan.columns {
        let metadata = state.metadata().clone().with_schema(columns).context(Kind::Bug, || format!("adding columns to table `{name}`"))?;
        actions.push(Action::Metadata(metadata));
    }
    actions.extend(plan.drop.iter().map(|file| file.remove.clone()));
    actions.extend(added.iter().map(|(add, _)| Action::Add(add.clone())));
    let operation =
        DeltaOperation::Write { mode: SaveMode::Overwrite, partition_by: Some(plan.shape.partition_columns()), predicate: None };
    let commit =
        CommitBuilder::from(commit_properties(name, run)).with_actions(actions).build(Some(state), table.log_store(), operation).await;
    commit.map(|done| done.version()).map_err(|error| delta_error(name, &error))
}

fn commit_properties(table: &str, run: &RunId) -> CommitProperties {
    // Runs are numbered by their start, `20260630T010203-ab12` → 20260630010203: Delta wants a number that grows.
    let started = run.as_ref().split('-').next().unwrap_or_default();
    let number = started.chars().filter(char::is_ascii_digit).collect::<String>().parse().unwrap_or_default();
    CommitProperties::default()
        .with_max_retries(0)
        .with_cleanup_expired_logs(Some(false))
        .with_application_transaction(Transaction::new(format!("kaohe/{table}"), number))
        .with_metadata([("kaohe.run".to_owned(), serde_json::Value::from(run.as_ref()))])
}

fn add_action(path: String, month: Option<Month>, digest: &str, written: &WrittenFile) -> Add {
    Add {
        path,
        partition_values: month.map(|month| (MONTH_COLUMN.to_owned(), Some(month.first_day().to_string()))).into_iter().collect(),
        size: written.bytes.cast_signed(),
        modification_time: written.modified,
        data_change: true,
        stats: Some(written.statistics.clone()),
        tags: Some(HashMap::from([(DIGEST_TAG.to_owned(), Some(digest.to_owned()))])),
        ..Add::default()
    }
}
