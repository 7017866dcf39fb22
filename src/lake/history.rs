//! What the history of a table consists of, file by file, for whoever copies it elsewhere.
//!
//! In: the logs on the disk. Out: names and bytes of log entries, the data files that each brought, checkpoints. Never here: the copying; what a
//! version means (see `store`).

use std::path::PathBuf;

use serde::Deserialize;

use super::store::Lake;
use crate::error::{Context, Error, Kind, Result};

/// One entry of a table's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// Relative to the lake: `cases/_delta_log/00000000000000000003.json`.
    pub path: String,
    /// Its bytes, which never change.
    pub bytes: Vec<u8>,
    /// The data files that it brought, relative to the lake, with their sizes.
    pub added: Vec<(String, u64)>,
}

/// A line of an entry, as far as it brings a file.
#[derive(Deserialize)]
struct Line {
    add: Option<AddedFile>,
}

#[derive(Deserialize)]
struct AddedFile {
    path: String,
    size: u64,
}

impl Lake {
    /// Where an entry of a table's log stands, relative to the lake.
    pub fn log_path(table: &str, version: u64) -> String {
        format!("{table}/_delta_log/{version:020}.json")
    }

    /// An entry of a table's log.
    ///
    /// # Errors
    /// It is gone, or was written by another program in a way that kaohe does not.
    pub fn log_entry(&self, table: &str, version: u64) -> Result<LogEntry> {
        let path = Self::log_path(table, version);
        let doing = || format!("reading `{path}` in the lake");
        let bytes = std::fs::read(self.root().join(&path)).context(Kind::Environment, doing)?;
        let text = std::str::from_utf8(&bytes).context(Kind::Environment, doing)?;
        let mut added = Vec::new();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let line: Line = serde_json::from_str(line).context(Kind::Environment, doing)?;
            let Some(file) = line.add else { continue };
            // Names of kaohe's files need no escapes; an escape, or a path of its own, is another program's.
            if file.path.contains('%') || file.path.contains("..") || file.path.contains(':') || file.path.starts_with('/') {
                return Err(Error::new(Kind::Environment, format!("`{}` was written by another program", file.path)).while_doing(doing()));
            }
            added.push((format!("{table}/{}", file.path), file.size));
        }
        Ok(LogEntry { path, bytes, added })
    }

    /// The checkpoints of a table's log up to a version, and the file that names the newest, last: relative to the lake, from which a reader is
    /// spared the entries before.
    ///
    /// # Errors
    /// A folder that can't be read.
    pub fn checkpoints(&self, table: &str, up_to: u64) -> Result<Vec<String>> {
        let folder: PathBuf = self.root().join(table).join("_delta_log");
        let doing = || format!("listing {}", folder.display());
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&folder).context(Kind::Environment, doing)? {
            let name = entry.context(Kind::Environment, doing)?.file_name().to_string_lossy().into_owned();
            let version = name.split_once(".checkpoint.").and_then(|(version, _)| version.parse::<u64>().ok());
            if version.is_some_and(|version| version <= up_to) && name.ends_with(".parquet") {
                names.push(format!("{table}/_delta_log/{name}"));
            }
        }
        names.sort();
        let newest = std::fs::read(folder.join(LAST_CHECKPOINT)).ok();
        let newest = newest.and_then(|bytes| serde_json::from_slice::<Newest>(&bytes).ok());
        if newest.is_some_and(|newest| newest.version <= up_to) {
            names.push(format!("{table}/_delta_log/{LAST_CHECKPOINT}"));
        }
        Ok(names)
    }
}

/// The only file of a log that is replaced.
pub const LAST_CHECKPOINT: &str = "_last_checkpoint";

#[derive(Deserialize)]
struct Newest {
    version: u64,
}
