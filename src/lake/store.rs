//! The lake on the disk: which tables there are, and what their logs say at a version.
//!
//! In: a folder. Out: Delta tables at a version, and their live files as plain values. Never here: writing data, SQL.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use deltalake::errors::DeltaTableError;
use deltalake::kernel::transaction::TransactionError;
use deltalake::kernel::{Action, LogicalFileView};
use deltalake::{DeltaTable, DeltaTableBuilder};
use object_store::ObjectStore;
use url::Url;

use super::durable::create_folders;
use super::durable_store::DurableLocalStore;
use super::shape::MONTH_COLUMN;
use super::snapshot::{PinnedFile, PinnedTable, Snapshot};
use crate::error::{Context, Error, Kind, Result};
use crate::terms::Month;

/// Tag of a file in the log: the digest of its rows.
pub(super) const DIGEST_TAG: &str = "kaohe.digest";

/// The lake of a project: one Delta table a source table.
#[derive(Debug, Clone)]
pub struct Lake {
    root: PathBuf,
    store: Arc<dyn ObjectStore>,
}

/// Files and bytes of a lake on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DiskUsage {
    /// Number of files, logs included.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// A live file of a table, with the log action that removes it.
#[derive(Debug, Clone)]
pub(super) struct LiveFile {
    pub pinned: PinnedFile,
    pub remove: Action,
}

impl Lake {
    /// Opens the lake in that folder; an absent folder is an empty lake and is created.
    pub fn open(root: &Path) -> Result<Self> {
        let doing = || format!("opening the lake `{}`", root.display());
        create_folders(root).context(Kind::Environment, doing)?;
        // Delta and the SQL engine address files by absolute URL.
        let root = std::fs::canonicalize(root).context(Kind::Environment, doing)?;
        Ok(Self { root, store: Arc::new(DurableLocalStore::new()) })
    }

    /// Its folder, absolute.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Names of the tables that have been loaded, sorted.
    pub fn tables(&self) -> Result<Vec<String>> {
        let list = || -> std::io::Result<Vec<String>> {
            let mut names = Vec::new();
            for entry in std::fs::read_dir(&self.root)? {
                let entry = entry?;
                if entry.path().join("_delta_log").join("00000000000000000000.json").is_file() {
                    names.extend(entry.file_name().into_string().ok());
                }
            }
            names.sort();
            Ok(names)
        };
        list().context(Kind::Environment, || format!("listing the lake `{}`", self.root.display()))
    }

    /// The newest version of every table.
    pub async fn pin(&self) -> Result<Snapshot> {
        let mut tables = BTreeMap::new();
        for table in self.tables()? {
            tables.insert(table.clone(), self.pin_table(&table, None).await?);
        }
        Ok(Snapshot { tables })
    }

    /// The given version of each table, as an earlier run pinned it.
    pub async fn pin_at(&self, versions: &BTreeMap<String, u64>) -> Result<Snapshot> {
        let mut tables = BTreeMap::new();
        for (table, version) in versions {
            tables.insert(table.clone(), self.pin_table(table, Some(*version)).await?);
        }
        Ok(Snapshot { tables })
    }

    async fn pin_table(&self, table: &str, version: Option<u64>) -> Result<PinnedTable> {
        let missing = || Error::new(Kind::Environment, format!("the lake has no table `{table}`"));
        let loaded = self.load(table, version).await?.ok_or_else(missing)?;
        let files = self.live_files(table, &loaded)?.into_iter().map(|file| file.pinned).collect();
        let version = loaded.version().ok_or_else(|| Error::new(Kind::Bug, format!("table `{table}` was loaded without a version")))?;
        Ok(PinnedTable { version, files })
    }

    /// Files and bytes on the disk, those of older versions included.
    pub fn disk_usage(&self) -> Result<DiskUsage> {
        fn add(folder: &Path, usage: &mut DiskUsage) -> std::io::Result<()> {
            for entry in std::fs::read_dir(folder)? {
                let entry = entry?;
                let metadata = entry.metadata()?;
                if metadata.is_dir() {
                    add(&entry.path(), usage)?;
                } else {
                    usage.files += 1;
                    usage.bytes += metadata.len();
                }
            }
            Ok(())
        }
        let mut usage = DiskUsage::default();
        add(&self.root, &mut usage).context(Kind::Environment, || format!("measuring the lake `{}`", self.root.display()))?;
        Ok(usage)
    }

    pub(super) fn folder(&self, table: &str) -> PathBuf {
        self.root.join(table)
    }

    /// The table without its log read.
    pub(super) fn table(&self, table: &str) -> Result<DeltaTable> {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if table.is_empty() || !table.chars().all(allowed) {
            return Err(Error::new(Kind::Configuration, format!("`{table}` is not a table name"))
                .with_hint("use lower-case letters, digits and underscores"));
        }
        let folder = self.folder(table);
        let url = Url::from_directory_path(&folder)
            .map_err(|()| Error::new(Kind::Bug, format!("`{}` is not an absolute path", folder.display())))?;
        let build = DeltaTableBuilder::from_url(url.clone()).and_then(|it| it.with_storage_backend(Arc::clone(&self.store), url).build());
        build.map_err(|error| delta_error(table, &error))
    }

    /// The table at a version (newest by default); `None` when it was never loaded.
    pub(super) async fn load(&self, table: &str, version: Option<u64>) -> Result<Option<DeltaTable>> {
        let mut loaded = self.table(table)?;
        if !loaded.verify_deltatable_existence().await.map_err(|error| delta_error(table, &error))? {
            return Ok(None);
        }
        match version {
            None => loaded.load().await,
            Some(version) => loaded.load_version(version).await,
        }
        .map_err(|error| delta_error(table, &error))?;
        Ok(Some(loaded))
    }

    /// The live files of a loaded table, by month and path.
    pub(super) fn live_files(&self, table: &str, loaded: &DeltaTable) -> Result<Vec<LiveFile>> {
        let state = loaded.snapshot().map_err(|error| delta_error(table, &error))?;
        let log = state.snapshot().try_log_data().map_err(|error| delta_error(table, &error))?;
        let mut files = log.iter().map(|view| live_file(table, &view)).collect::<Result<Vec<_>>>()?;
        files.sort_by(|a, b| (&a.pinned.month, &a.pinned.path).cmp(&(&b.pinned.month, &b.pinned.path)));
        Ok(files)
    }
}

fn live_file(table: &str, view: &LogicalFileView) -> Result<LiveFile> {
    let strange = |what: &str| {
        Error::new(Kind::Environment, format!("table `{table}` in the lake: {what} of `{}`", view.path()))
            .with_hint("the table was written by another program; move its folder out of the lake and load every extract again")
    };
    if view.deletion_vector_descriptor().is_some() {
        return Err(strange("cannot read the deletion vector"));
    }
    let month = match view.partition_values_map().get(MONTH_COLUMN) {
        None => None,
        Some(value) => {
            let parsed = value.as_deref().and_then(|day| day.strip_suffix("-01")).and_then(|month| month.parse::<Month>().ok());
            Some(parsed.ok_or_else(|| strange("cannot read the month"))?)
        }
    };
    let rows = view.num_records().ok_or_else(|| strange("cannot find the number of rows"))?;
    #[expect(deprecated, reason = "the only public way to a file's tags")]
    let tags = view.add_action().tags;
    let pinned = PinnedFile {
        path: format!("{table}/{}", view.path()),
        month,
        rows: rows as u64,
        bytes: view.size().unsigned_abs(),
        digest: tags.and_then(|mut tags| tags.remove(DIGEST_TAG)).flatten(),
    };
    Ok(LiveFile { pinned, remove: Action::Remove(view.remove_action(true)) })
}

/// Who must act on a failure of Delta.
pub(super) fn delta_error(table: &str, error: &DeltaTableError) -> Error {
    let conflict = matches!(
        error,
        DeltaTableError::VersionAlreadyExists(_)
            | DeltaTableError::Transaction {
                source: TransactionError::CommitConflict(_)
                    | TransactionError::MaxCommitAttempts(_)
                    | TransactionError::VersionAlreadyExists(_)
            }
    );
    match conflict {
        true => overtaken(table),
        false => Error::new(Kind::Environment, error.to_string()).while_doing(format!("table `{table}` in the lake")),
    }
}

/// Somebody else committed between reading and writing.
pub(super) fn overtaken(table: &str) -> Error {
    Error::new(Kind::Conflict, "somebody else wrote to it since it was read; nothing of this load was stored")
        .with_hint("run it again; only one kaohe may write to a project at a time")
        .while_doing(format!("table `{table}` in the lake"))
}
