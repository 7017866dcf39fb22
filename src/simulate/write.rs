//! Batches as Parquet files: one a table and month, or one a table that changes slowly.
//!
//! In: record batches. Out: files under `sources/`, the same bytes for the same batches; rows written, by table.
//! Never here: texts of offices (see `offices`).

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use crate::error::{Context, Kind, Result};
use crate::simulate::sheet::Output;

/// Rows that one row group holds.
const GROUP_ROWS: usize = 131_072;

/// Parquet files of one month (or of the tables without one).
pub(super) struct ParquetOutput {
    folder: PathBuf,
    /// `None`: one file a table, named after it.
    month: Option<String>,
    writers: BTreeMap<String, ArrowWriter<File>>,
    rows: BTreeMap<String, u64>,
}

impl ParquetOutput {
    /// Files under `folder`.
    pub fn new(folder: &Path, month: Option<String>) -> Self {
        Self { folder: folder.to_owned(), month, writers: BTreeMap::new(), rows: BTreeMap::new() }
    }

    /// Ends every file; the rows of each table.
    pub fn finish(self) -> Result<BTreeMap<String, u64>> {
        for (table, writer) in self.writers {
            writer.close().context(Kind::Environment, || format!("ending the Parquet file of `{table}`"))?;
        }
        Ok(self.rows)
    }
}

impl Output for ParquetOutput {
    fn write(&mut self, table: &str, batch: &RecordBatch) -> Result<()> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        *self.rows.entry(table.to_owned()).or_default() += batch.num_rows() as u64;
        let writer = match self.writers.remove(table) {
            Some(writer) => writer,
            None => {
                let path = match &self.month {
                    Some(month) => self.folder.join(table).join(format!("{month}.parquet")),
                    None => self.folder.join(table).join(format!("{table}.parquet")),
                };
                open(&path, batch)?
            }
        };
        let writer = self.writers.entry(table.to_owned()).or_insert(writer);
        writer.write(batch).context(Kind::Environment, || format!("writing Parquet rows of `{table}`"))
    }
}

fn open(path: &Path, batch: &RecordBatch) -> Result<ArrowWriter<File>> {
    let file = create(path)?;
    let level = ZstdLevel::try_new(1).context(Kind::Bug, || "choosing a compression level")?;
    let properties =
        WriterProperties::builder().set_compression(Compression::ZSTD(level)).set_max_row_group_row_count(Some(GROUP_ROWS)).build();
    ArrowWriter::try_new(file, batch.schema(), Some(properties)).context(Kind::Environment, || format!("starting {}", path.display()))
}

/// A new file, with its folder.
pub(super) fn create(path: &Path) -> Result<File> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).context(Kind::Environment, || format!("creating {}", folder.display()))?;
    }
    File::create(path).context(Kind::Environment, || format!("creating {}", path.display()))
}
