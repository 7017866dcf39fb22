//! Rows that stay out, with everything needed to mend them.
//!
//! In: rows with their raw text and every reason. Out: one Parquet file a table. Never here: masking: the file is internal and
//! holds what the office sent; whoever shows it masks it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayBuilder, Int64Builder, StringBuilder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use crate::error::{Context, Kind, Result};

const FLUSH_ROWS: usize = 4_096;
const FLUSH_BYTES: usize = 8 << 20;

/// Why a row stays out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reason {
    /// Column of the contract; `None` for the row as a whole.
    pub column: Option<String>,
    /// Chinese, for the person who delivered the file.
    pub says: String,
}

/// Writes the quarantine file of one table; no row, no file.
pub(super) struct Quarantine {
    table: String,
    path: PathBuf,
    writer: Option<ArrowWriter<File>>,
    texts: [StringBuilder; 6],
    lines: Int64Builder,
    bytes: usize,
}

/// Columns of a quarantine file.
pub fn quarantine_schema() -> SchemaRef {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    let fields = vec![
        text("table"),
        text("source_file"),
        text("sheet"),
        Field::new("source_line", DataType::Int64, true),
        text("column"),
        text("reasons"),
        text("raw_text"),
    ];
    Arc::new(Schema::new(fields))
}

impl Quarantine {
    pub fn new(table: &str, staging: &Path) -> Self {
        let path = staging.join(format!("{table}.quarantine.parquet"));
        Self { table: table.to_owned(), path, writer: None, texts: Default::default(), lines: Int64Builder::new(), bytes: 0 }
    }

    /// Adds one row with all its reasons.
    pub fn add(&mut self, file: &str, sheet: Option<&str>, line: i64, reasons: &[Reason], raw: &str) -> Result<()> {
        let mut columns: Vec<&str> = Vec::new();
        for column in reasons.iter().filter_map(|reason| reason.column.as_deref()) {
            if !columns.contains(&column) {
                columns.push(column);
            }
        }
        let says = reasons.iter().map(|reason| reason.says.as_str()).collect::<Vec<_>>().join("; ");
        let columns = columns.join(", ");
        let cells = [
            Some(self.table.as_str()),
            Some(file),
            sheet,
            Some(columns.as_str()).filter(|names| !names.is_empty()),
            Some(&says),
            Some(raw),
        ];
        for (builder, cell) in self.texts.iter_mut().zip(cells) {
            builder.append_option(cell);
        }
        self.lines.append_value(line);
        self.bytes += raw.len() + says.len();
        if self.lines.len() >= FLUSH_ROWS || self.bytes > FLUSH_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        let what = || "writing the quarantine".to_owned();
        let [table, file, sheet, column, reasons, raw] = &mut self.texts;
        let batch = RecordBatch::try_new(
            quarantine_schema(),
            vec![
                Arc::new(table.finish()),
                Arc::new(file.finish()),
                Arc::new(sheet.finish()),
                Arc::new(self.lines.finish()),
                Arc::new(column.finish()),
                Arc::new(reasons.finish()),
                Arc::new(raw.finish()),
            ],
        )
        .context(Kind::Bug, what)?;
        self.bytes = 0;
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let writer = match &mut self.writer {
            Some(writer) => writer,
            None => {
                let file = File::create(&self.path).context(Kind::Environment, what)?;
                let zstd = Compression::ZSTD(ZstdLevel::default());
                let properties = WriterProperties::builder().set_compression(zstd).build();
                self.writer.insert(ArrowWriter::try_new(file, quarantine_schema(), Some(properties)).context(Kind::Bug, what)?)
            }
        };
        writer.write(&batch).context(Kind::Environment, what)?;
        writer.flush().context(Kind::Environment, what)
    }

    /// Closes the file; its path when there is one.
    pub fn finish(mut self) -> Result<Vec<PathBuf>> {
        self.flush()?;
        let Some(writer) = self.writer.take() else { return Ok(Vec::new()) };
        writer.close().context(Kind::Environment, || "closing the quarantine")?;
        Ok(vec![self.path])
    }
}
