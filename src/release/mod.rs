//! The pointer to the current results; [`signing`] of what leaves the office.
//!
//! In: a finished run. Out: `current.json`, replaced in one step; readers see the old run or the new one, never a mixture. Beside it what every
//! released file needs: its hash, and the format it names. Never here: computing anything; the time of writing is given.
//!
//! Everything that readers see (report pages, `kaohe sql`, `kaohe explain`) resolves through this file: it names the run, the lake version of
//! each source table, and the hash of each result table, so that a result that was changed afterwards is noticed.
//!
//! A pointer that reached the disk before what it points to would, after a power cut, name empty files. So it is made only for
//! a run whose folder was brought to the disk first: pages, tables, quarantine, and the names that lead to them.

pub mod signing;

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::{Context, Error, Kind, Result};
use crate::lake::{replace_json, sync_parent, sync_tree};
use crate::terms::RunId;

/// The format this version writes. Higher ones come from a newer kaohe and are refused.
const FORMAT: u32 = 1;

/// What readers see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Current {
    /// Version of this file's format.
    format: u32,
    /// The run whose results are current.
    pub run: RunId,
    /// Source table → version in the lake.
    pub lake_versions: BTreeMap<String, u64>,
    /// Result table → blake3 hash of its file.
    pub tables: BTreeMap<String, String>,
    /// When it was written, as text.
    pub written_at: String,
}

/// A result table that is not what the pointer says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mismatch {
    /// The file is gone.
    Missing(String),
    /// The file has other bytes.
    Changed(String),
    /// The file is not named by the pointer.
    Unknown(String),
}

impl Current {
    /// The pointer to a finished run: brings its folder to the disk and hashes every `tables/*.parquet` in it.
    pub fn of_run(run: &RunId, run_folder: &Path, lake_versions: BTreeMap<String, u64>, written_at: &str) -> Result<Self> {
        let on_disk = sync_tree(run_folder).and_then(|()| sync_parent(run_folder));
        on_disk.context(Kind::Environment, || format!("bringing `{}` to the disk", run_folder.display()))?;
        let tables = hash_tables(run_folder)?;
        Ok(Self { format: FORMAT, run: run.clone(), lake_versions, tables, written_at: written_at.to_owned() })
    }

    /// Replaces the pointer in one step.
    pub fn write(&self, path: &Path) -> Result<()> {
        // The folder of the runs may be as new as the run.
        sync_parent(path)
            .context(Kind::Environment, || format!("bringing the folder of `{}` to the disk", path.display()))
            .and_then(|()| replace_json(path, self))
            .map_err(|error| error.while_doing("switching to the new results"))
    }

    /// The pointer; `None` before the first run has finished.
    pub fn read(path: &Path) -> Result<Option<Self>> {
        let doing = || format!("reading `{}`", path.display());
        let text = match std::fs::read_to_string(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            read => read.context(Kind::Environment, doing)?,
        };
        Self::of_text(&text).map(Some).map_err(|error| error.while_doing(doing()))
    }

    /// The pointer that a text holds.
    ///
    /// # Errors
    /// As [`of_format`].
    pub fn of_text(text: &str) -> Result<Self> {
        of_format(text, FORMAT)
    }

    /// Compares the run's result tables with the pointer, in order of their names; nothing is returned when all are as they were.
    pub fn verify(&self, run_folder: &Path) -> Result<Vec<Mismatch>> {
        let found = hash_tables(run_folder)?;
        let named = self.tables.iter().filter_map(|(table, hash)| match found.get(table) {
            None => Some(Mismatch::Missing(table.clone())),
            Some(other) if other != hash => Some(Mismatch::Changed(table.clone())),
            Some(_) => None,
        });
        let unknown = found.keys().filter(|table| !self.tables.contains_key(*table)).map(|table| Mismatch::Unknown(table.clone()));
        Ok(named.chain(unknown).collect())
    }
}

impl std::fmt::Display for Mismatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing(table) => write!(f, "the result table `{table}` is missing"),
            Self::Changed(table) => write!(f, "the result table `{table}` was changed after the run"),
            Self::Unknown(table) => write!(f, "the result table `{table}` was added after the run"),
        }
    }
}

/// Result table → blake3 hash of `tables/<table>.parquet`.
///
/// # Errors
/// A folder or file that can't be read.
pub fn hash_tables(run_folder: &Path) -> Result<BTreeMap<String, String>> {
    let folder = run_folder.join("tables");
    let hash = || -> std::io::Result<BTreeMap<String, String>> {
        let mut hashes = BTreeMap::new();
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            let stem = path.file_stem().and_then(|stem| stem.to_str());
            if let (Some(table), Some("parquet")) = (stem, path.extension().and_then(|extension| extension.to_str())) {
                hashes.insert(table.to_owned(), hash_file(&path)?);
            }
        }
        Ok(hashes)
    };
    hash().context(Kind::Environment, || format!("hashing the result tables in `{}`", folder.display()))
}

/// The blake3 hash of a file, in hexadecimal.
///
/// # Errors
/// A file that can't be read.
pub fn hash_file(path: &Path) -> std::io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(File::open(path)?)?;
    Ok(hasher.finalize().to_hex().to_string())
}

/// What a JSON text with the number of its format says.
///
/// # Errors
/// Another format, a text that is damaged.
pub fn of_format<T: DeserializeOwned>(text: &str, format: u32) -> Result<T> {
    #[derive(Deserialize)]
    struct Numbered {
        format: u32,
    }
    let damaged = || "it is damaged";
    // The format first: a newer file may have a body that this version can't read.
    let found: Numbered = serde_json::from_str(text).context(Kind::Environment, damaged)?;
    if found.format != format {
        let message = format!("it has format {}, this kaohe reads format {format}", found.format);
        return Err(Error::new(Kind::Environment, message).with_hint("use the kaohe that wrote it, or a newer one"));
    }
    serde_json::from_str(text).context(Kind::Environment, damaged)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lake::synced;

    fn finished_run() -> (tempfile::TempDir, Current) {
        let project = tempfile::tempdir().expect("temporary folder");
        std::fs::create_dir(project.path().join("tables")).expect("folder");
        for table in ["ranks", "scores"] {
            std::fs::write(project.path().join(format!("tables/{table}.parquet")), table).expect("table");
        }
        let versions = BTreeMap::from([("cases".to_owned(), 3)]);
        let current = Current::of_run(&RunId::from("20260630T010203-ab12"), project.path(), versions, "2026-06-30 01:09").expect("hashes");
        (project, current)
    }

    #[test]
    fn the_pointer_is_read_as_it_was_written_and_absent_before_the_first_run() {
        let (project, current) = finished_run();
        let path = project.path().join("current.json");
        assert_eq!(Current::read(&path).expect("absent is no failure"), None);
        current.write(&path).expect("written");
        assert_eq!(Current::read(&path).expect("read"), Some(current));
    }

    #[test]
    fn a_run_is_on_the_disk_before_a_pointer_to_it_is_made() {
        let (project, _) = finished_run();
        std::fs::create_dir_all(project.path().join("report/units/a")).expect("folder");
        std::fs::write(project.path().join("report/units/a/index.html"), "page").expect("page");
        synced::take(project.path());
        Current::of_run(&RunId::from("20260630T010203-ab12"), project.path(), BTreeMap::new(), "2026-06-30 01:09").expect("hashes");
        let order = synced::take(project.path());
        let all: std::collections::BTreeSet<&str> = order.iter().map(String::as_str).collect();
        let files = ["tables/ranks.parquet", "tables/scores.parquet", "report/units/a/index.html"];
        let folders = [".", "tables", "report", "report/units", "report/units/a"];
        assert_eq!(all, files.iter().chain(&folders).copied().collect());
        let last_file = order.iter().rposition(|name| files.contains(&name.as_str()));
        let first_folder = order.iter().position(|name| folders.contains(&name.as_str()));
        assert!(last_file < first_folder, "names before what they name: {order:?}");
    }

    #[test]
    fn a_pointer_of_a_newer_kaohe_is_refused_politely() {
        let (project, _) = finished_run();
        let path = project.path().join("current.json");
        std::fs::write(&path, r#"{"format": 2, "pages": []}"#).expect("written");
        let error = Current::read(&path).expect_err("too new").to_string();
        assert!(error.contains("format 2") && error.contains("hint:"), "{error}");
    }

    #[test]
    fn results_that_were_touched_after_the_run_are_named() {
        let (project, current) = finished_run();
        assert_eq!(current.verify(project.path()).expect("hashes"), []);
        let table = |name: &str| project.path().join(format!("tables/{name}.parquet"));
        std::fs::write(table("scores"), "better").expect("changed");
        std::fs::rename(table("ranks"), table("ranks_old")).expect("moved");
        let expected = [Mismatch::Missing("ranks".into()), Mismatch::Changed("scores".into()), Mismatch::Unknown("ranks_old".into())];
        assert_eq!(current.verify(project.path()).expect("hashes"), expected);
    }
}
