//! What loading left of each table, kept beside the run until it has ended: a run that was stopped is gone on with.
//!
//! In: the folder of the run that loads, those of runs before it that did not end. Out: [`TableLoad`] of each table, on the disk as soon as the lake has
//! the table; those of a stopped run that still hold, with their quarantine. Never here: loading; a table that was held, which is always read again.
//!
//! A table holds while its sources have the bytes that were read, what reads them is unchanged (contract, mapping, clocks, who follows whom, the
//! program), the as-of date is the same, and the lake still stands at the version that was stored.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Request;
use super::journal::{RunResults, RunStatus, TableResult, name_of, run_folders};
use crate::error::{Context, Kind, Result};
use crate::ingest::{self, CheckCount, FileAccounting, UnitRemark};
use crate::lake::{create_folders, replace_json};
use crate::library::contract::TableContract;
use crate::project::Source;
use crate::release::hash_file;

/// What loading left of one table.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TableLoad {
    /// Digest of everything besides the bytes of the sources.
    pub rests_on: String,
    /// blake3 of the file with the rows that stay out, where there are any.
    pub quarantine: Option<String>,
    /// What the run's results say of it.
    pub result: TableResult,
    /// One row a file.
    pub files: Vec<FileAccounting>,
    /// What was noticed about loaded rows.
    pub warnings: Vec<CheckCount>,
    /// The same by unit, with what was set apart.
    pub unit_remarks: Vec<UnitRemark>,
    /// Rows that each unit sent.
    pub unit_rows: BTreeMap<String, u64>,
}

/// Folder of the kept loads in a run's folder.
const FOLDER: &str = "loaded";

fn path_of(run: &Path, table: &str) -> PathBuf {
    run.join(FOLDER).join(format!("{table}.json"))
}

/// Where a run keeps the rows of a table that stay out.
pub fn quarantine_of(run: &Path, table: &str) -> PathBuf {
    run.join("quarantine").join(format!("{table}.parquet"))
}

/// Texts of the library that no load reads; of the contracts each load reads its own.
const NOT_READ: [&str; 6] = ["indicators/", "populations/", "findings/", "schemes/", "samples/", "tables/"];

/// What every load of a run rests on: the program, the as-of date, clocks, parameters, lists.
pub fn ground(request: &Request<'_>) -> blake3::Hasher {
    let mut hasher = blake3::Hasher::new();
    hasher.update(format!("{} {}", request.build, request.as_of).as_bytes());
    for (path, text) in request.library.files.iter().filter(|(path, _)| !NOT_READ.iter().any(|folder| path.starts_with(folder))) {
        hasher.update(path.as_bytes()).update(text.as_bytes());
    }
    hasher
}

/// Digest of what decides how the sources of a table are read: the ground, its contract, what kaohe.toml says of them, who follows whom.
pub fn rests_on(ground: &blake3::Hasher, contract: &TableContract, sources: &[Source], successors: &BTreeMap<String, String>) -> String {
    let mut hasher = ground.clone();
    hasher.update(format!("{contract:?} {sources:?} {successors:?}").as_bytes());
    hasher.finalize().to_hex().to_string()
}

impl TableLoad {
    /// Brings it to the disk, once the lake has the table.
    ///
    /// # Errors
    /// A folder that can't be written.
    pub fn keep(&self, run: &Path, table: &str) -> Result<()> {
        create_folders(&run.join(FOLDER)).context(Kind::Environment, || format!("keeping what was loaded of `{table}`"))?;
        replace_json(&path_of(run, table), self)
    }
}

/// Runs that did not end, the newest first.
#[derive(Debug, Default)]
pub struct Stopped {
    folders: Vec<PathBuf>,
}

impl Stopped {
    /// Those since the last run that ended, before `run`.
    ///
    /// # Errors
    /// A folder that can't be read.
    pub fn before(runs: &Path, run: &str) -> Result<Self> {
        // Results that are there and can't be read are no stop.
        let has_failed = |folder: &PathBuf| RunResults::of(folder).is_some_and(|results| results.status == RunStatus::Failed);
        let has_stopped = |folder: &PathBuf| !folder.join("run_results.json").is_file() || has_failed(folder);
        let before = run_folders(runs)?.into_iter().filter(|folder| name_of(folder).as_str() < run);
        Ok(Self { folders: before.rev().take_while(has_stopped).collect() })
    }

    /// The name of the newest of which anything is left to go on with.
    pub fn newest(&self) -> Option<String> {
        self.folders.iter().find(|folder| folder.join(FOLDER).is_dir()).map(|folder| name_of(folder))
    }

    /// What a stopped run has loaded of a table, if it still holds; its quarantine is then `run`'s as well.
    ///
    /// # Errors
    /// A quarantine that can't be taken over.
    pub fn take_over(
        &self,
        run: &Path,
        table: &str,
        rests_on: &str,
        version: Option<u64>,
        sources: &[Source],
    ) -> Result<Option<TableLoad>> {
        let read = |folder: &PathBuf| {
            let load: TableLoad = serde_json::from_str(&std::fs::read_to_string(path_of(folder, table)).ok()?).ok()?;
            Some((folder.clone(), load))
        };
        let Some((folder, load)) = self.folders.iter().find_map(read) else { return Ok(None) };
        let holds = load.rests_on == rests_on
            && load.result.held.is_none()
            && version == Some(load.result.version)
            && load.quarantine == digest_of_quarantine(&folder, table)?
            && ingest::are_as_accounted(sources, &load.files);
        if !holds {
            return Ok(None);
        }
        take_over_quarantine(&folder, run, table)?;
        Ok(Some(load))
    }
}

/// What a run has loaded, by table.
///
/// # Errors
/// A run that has not loaded, or files that are damaged.
pub fn all_of(run: &Path) -> Result<BTreeMap<String, TableLoad>> {
    let reading = || format!("reading what {} has loaded", run.display());
    let mut loads = BTreeMap::new();
    for entry in std::fs::read_dir(run.join(FOLDER)).context(Kind::Environment, reading)? {
        let path = entry.context(Kind::Environment, reading)?.path();
        let table = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let text = std::fs::read_to_string(&path).context(Kind::Environment, reading)?;
        loads.insert(table, serde_json::from_str(&text).context(Kind::Environment, reading)?);
    }
    Ok(loads)
}

/// blake3 of the rows of a table that stay out; `None` where none do.
///
/// # Errors
/// A file that can't be read.
pub fn digest_of_quarantine(run: &Path, table: &str) -> Result<Option<String>> {
    let path = quarantine_of(run, table);
    if !path.is_file() {
        return Ok(None);
    }
    hash_file(&path).map(Some).context(Kind::Environment, || format!("reading {}", path.display()))
}

/// Gives a run the quarantine that another has of a table.
///
/// # Errors
/// A folder that can't be written.
pub fn take_over_quarantine(from: &Path, run: &Path, table: &str) -> Result<()> {
    let (there, here) = (quarantine_of(from, table), quarantine_of(run, table));
    if !there.is_file() {
        return Ok(());
    }
    let folder = run.join("quarantine");
    create_folders(&folder)
        .and_then(|()| std::fs::copy(&there, &here))
        .map(|_| ())
        .context(Kind::Environment, || format!("taking over the quarantine of `{table}`"))
}

/// A run that has ended is gone on with by nobody.
pub fn forget(run: &Path) {
    let _ = std::fs::remove_dir_all(run.join(FOLDER));
}
