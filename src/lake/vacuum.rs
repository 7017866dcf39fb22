//! Removes files of the lake that no version in use names.
//!
//! In: by table the versions that must stay readable, an instant before which a file must have been written. Out: the data files that went, or would go.
//! Never here: deciding which versions those are; the logs, which stay whole, so that versions keep their numbers; new versions.
//!
//! Delta's own vacuum writes two versions of its own and calls the keeping of versions experimental; what a release rests on must not hang on that.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::store::{DiskUsage, Lake};
use crate::error::{Context, Kind, Result};

/// Files of the lake that nothing names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unused {
    /// Source table → files, absolute.
    pub files: BTreeMap<String, Vec<PathBuf>>,
    /// How many, and their bytes.
    pub usage: DiskUsage,
}

impl Lake {
    /// Data files that neither the newest version of their table nor one of `kept` names, and that were written before `before` (seconds since
    /// 1970): what is younger may still be read by somebody who has just opened it.
    ///
    /// # Errors
    /// A kept version that can't be read any more: then nothing may go.
    pub async fn unused(&self, kept: &BTreeMap<String, BTreeSet<u64>>, before: i64) -> Result<Unused> {
        let mut unused = Unused::default();
        let newest = self.pin().await?;
        for (table, newest) in newest.versions() {
            let mut named = BTreeSet::new();
            let versions = kept.get(&table).into_iter().flatten().copied().chain([newest]).collect::<BTreeSet<u64>>();
            for version in versions {
                let pinned = self.pin_at(&BTreeMap::from([(table.clone(), version)])).await;
                let pinned = pinned.map_err(|error| error.while_doing(format!("finding the files of version {version} of `{table}`")))?;
                named.extend(pinned.files(&table).iter().map(|file| self.root().join(&file.path)));
            }
            let folder = self.root().join(&table);
            let mut found = Vec::new();
            data_files(&folder, &mut found).context(Kind::Environment, || format!("listing {}", folder.display()))?;
            for (path, bytes, written) in found {
                if !named.contains(&path) && written < before {
                    unused.usage.files += 1;
                    unused.usage.bytes += bytes;
                    unused.files.entry(table.clone()).or_default().push(path);
                }
            }
        }
        Ok(unused)
    }

    /// Removes them.
    ///
    /// # Errors
    /// A file that can't be removed; those before it are gone.
    pub fn remove(&self, unused: &Unused) -> Result<()> {
        for path in unused.files.values().flatten() {
            fs::remove_file(path).context(Kind::Environment, || format!("removing {}", path.display()))?;
        }
        Ok(())
    }
}

/// Parquet files below a table's folder, with their bytes and when they were written; its log is left alone.
fn data_files(folder: &Path, found: &mut Vec<(PathBuf, u64, i64)>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (path, metadata) = (entry.path(), entry.metadata()?);
        if metadata.is_dir() && entry.file_name() != "_delta_log" {
            data_files(&path, found)?;
        } else if path.extension().is_some_and(|ending| ending == "parquet") {
            found.push((path, metadata.len(), metadata.mtime()));
        }
    }
    found.sort();
    Ok(())
}
