//! What a run reads: one version of each table, and exactly its files.
//!
//! In: the logs at a version (see `store`). Out: values that go into the manifest and into `current.json`, and from which SQL
//! tables are made (see `provider`). Never here: the disk.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::terms::Month;

/// A pinned version of every table.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Snapshot {
    /// Table → version and files.
    pub tables: BTreeMap<String, PinnedTable>,
}

/// One table at a version.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PinnedTable {
    /// Version in the table's log.
    pub version: u64,
    /// Its live files, by month and path.
    pub files: Vec<PinnedFile>,
}

/// One file of a pinned table. Files are never changed once they stand in a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinnedFile {
    /// Relative to the lake: `cases/month=2026-03-01/….parquet`.
    pub path: String,
    /// The month whose rows it holds; `None` in tables that are not cut by month.
    #[serde(with = "month_text", default, skip_serializing_if = "Option::is_none")]
    pub month: Option<Month>,
    /// Rows.
    pub rows: u64,
    /// Bytes.
    pub bytes: u64,
    /// Digest of the rows without their lineage: equal digests mean equal content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

impl Snapshot {
    /// Table → version, for `current.json`.
    pub fn versions(&self) -> BTreeMap<String, u64> {
        self.tables.iter().map(|(table, pinned)| (table.clone(), pinned.version)).collect()
    }

    /// Table → rows, for the comparison with the next load.
    pub fn rows(&self) -> BTreeMap<String, u64> {
        self.tables.iter().map(|(table, pinned)| (table.clone(), pinned.rows())).collect()
    }

    /// Bytes of all files.
    pub fn bytes(&self) -> u64 {
        self.tables.values().flat_map(|pinned| &pinned.files).map(|file| file.bytes).sum()
    }

    /// The files of a table; none when it was never loaded.
    pub fn files(&self, table: &str) -> &[PinnedFile] {
        self.tables.get(table).map_or(&[], |pinned| &pinned.files)
    }
}

impl PinnedTable {
    /// Rows of all files.
    pub fn rows(&self) -> u64 {
        self.files.iter().map(|file| file.rows).sum()
    }
}

mod month_text {
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::terms::Month;

    pub fn serialize<S: Serializer>(month: &Option<Month>, serializer: S) -> Result<S::Ok, S::Error> {
        match month {
            Some(month) => serializer.collect_str(month),
            None => serializer.serialize_none(),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Month>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| text.parse().map_err(serde::de::Error::custom)).transpose()
    }
}
