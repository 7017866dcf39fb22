//! Rows of texts → one Parquet file, in bounded memory.
//!
//! In: rows in their order. Out: a file in which every column is text, and null is null. Never here: where the rows come from.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, StringBuilder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::{EnabledStatistics, WriterProperties};

use crate::error::{Context, Kind, Result};
use crate::ingest::raw::{CHUNK_BYTES, CHUNK_ROWS};

/// Bytes of a row group: the file's reader unpacks one column of one at a time.
const GROUP_BYTES: usize = 64 << 20;

/// A file being written.
pub(super) struct TextFile {
    schema: SchemaRef,
    columns: Vec<StringBuilder>,
    rows: usize,
    bytes: usize,
    writer: ArrowWriter<File>,
}

impl TextFile {
    /// Makes the file, and the folders above it.
    ///
    /// # Errors
    /// They can't be written.
    pub fn create(path: &Path, names: &[String]) -> Result<Self> {
        let what = || format!("writing {}", path.display());
        std::fs::create_dir_all(path.parent().unwrap_or(path)).context(Kind::Environment, what)?;
        let file = File::create(path).context(Kind::Environment, what)?;
        let fields: Vec<Field> = names.iter().map(|name| Field::new(name, DataType::Utf8, true)).collect();
        let schema = Arc::new(Schema::new(fields));
        // It is read once and removed; a dictionary would make it look smaller than its reader allows an honest file to be.
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_dictionary_enabled(false)
            .set_statistics_enabled(EnabledStatistics::None)
            .build();
        let writer = ArrowWriter::try_new(file, Arc::clone(&schema), Some(properties)).context(Kind::Environment, what)?;
        Ok(Self { schema, columns: names.iter().map(|_| StringBuilder::new()).collect(), rows: 0, bytes: 0, writer })
    }

    /// Puts one text of the row at hand into its column.
    pub fn text(&mut self, column: usize, text: Option<&str>) {
        self.columns[column].append_option(text);
        self.bytes += text.map_or(0, str::len);
    }

    /// The row at hand has all its texts.
    ///
    /// # Errors
    /// The disk is full.
    pub fn end_row(&mut self) -> Result<()> {
        self.rows += 1;
        if self.rows >= CHUNK_ROWS || self.bytes >= CHUNK_BYTES { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<()> {
        let columns: Vec<ArrayRef> = self.columns.iter_mut().map(|column| Arc::new(column.finish()) as ArrayRef).collect();
        (self.rows, self.bytes) = (0, 0);
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns).context(Kind::Bug, || "gathering pulled rows")?;
        self.writer.write(&batch).context(Kind::Environment, || "writing pulled rows")?;
        if self.writer.in_progress_size() >= GROUP_BYTES {
            self.writer.flush().context(Kind::Environment, || "writing pulled rows")?;
        }
        Ok(())
    }

    /// Ends the file.
    ///
    /// # Errors
    /// The disk is full.
    pub fn finish(mut self) -> Result<()> {
        if self.rows > 0 {
            self.flush()?;
        }
        self.writer.close().map(drop).context(Kind::Environment, || "writing pulled rows")
    }
}
