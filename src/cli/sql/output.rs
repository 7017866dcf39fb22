//! Where rows go: standard output, or a file that appears whole or not at all.
//!
//! In: the rows of a statement and the format. Out: bytes, and how many rows they hold. Never here: SQL; a cap on rows.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use futures::StreamExt;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use super::query::{Failure, Rows};
use super::table::Grid;
use super::{SqlFormat, excel, json, records};
use crate::error::{Context, Error, Kind, Result};

/// Where the bytes go.
pub(super) struct Target {
    sink: Sink,
    /// The part file and the file that it becomes.
    file: Option<(PathBuf, PathBuf)>,
}

struct Sink {
    inner: BufWriter<Box<dyn Write + Send>>,
    is_broken: bool,
}

impl Sink {
    fn note<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        self.is_broken |= result.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe);
        result
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let result = self.inner.write(bytes);
        self.note(result)
    }

    fn flush(&mut self) -> io::Result<()> {
        let result = self.inner.flush();
        self.note(result)
    }
}

impl Target {
    /// Standard output, or a file beside the wanted one until everything is written.
    pub fn open(output: Option<&Path>) -> Result<Self> {
        let Some(path) = output else {
            return Ok(Self { sink: Sink { inner: BufWriter::new(Box::new(io::stdout())), is_broken: false }, file: None });
        };
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = name.ok_or_else(|| Error::new(Kind::Configuration, format!("{} is not a file", path.display())))?;
        let part = path.with_file_name(format!(".{name}.{}.part", std::process::id()));
        let file = File::create(&part).context(Kind::Environment, || format!("writing {}", path.display()))?;
        let inner: Box<dyn Write + Send> = Box::new(file);
        Ok(Self { sink: Sink { inner: BufWriter::new(inner), is_broken: false }, file: Some((part, path.to_owned())) })
    }

    /// Whether whoever read the rows has gone, which is no failure.
    pub fn is_broken(&self) -> bool {
        self.sink.is_broken
    }

    /// Tells a person how many rows there were.
    pub fn say_rows(&self, rows: u64, format: SqlFormat) {
        match &self.file {
            Some((_, path)) => eprintln!("共 {rows} 行，写入 {}", path.display()),
            None if format == SqlFormat::Table => eprintln!("共 {rows} 行"),
            None => {}
        }
    }

    /// Everything is written: the file takes its name.
    pub fn finish(mut self) -> Result<()> {
        if self.sink.flush().is_err() && self.is_broken() {
            return Ok(());
        }
        self.sink.flush().context(Kind::Environment, || "writing rows")?;
        if let Some((part, path)) = self.file.take() {
            let publish = || -> io::Result<()> {
                File::open(&part)?.sync_all()?;
                std::fs::rename(&part, &path)
            };
            publish().context(Kind::Environment, || format!("writing {}", path.display()))?;
        }
        Ok(())
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        if let Some((part, _)) = self.file.take() {
            // What is left of a failed export; nothing can be done when even that fails.
            let _ = std::fs::remove_file(part);
        }
    }
}

/// Writes all rows; how many they were.
pub(super) async fn write(rows: Rows, format: SqlFormat, target: &mut Target) -> Result<u64, Failure> {
    let total = match format {
        SqlFormat::Table => write_table(rows, &mut target.sink).await?,
        SqlFormat::Csv => {
            records::write_header(&rows.schema, &mut target.sink)?;
            write_lines(rows, &mut target.sink, records::write).await?
        }
        SqlFormat::Json => write_lines(rows, &mut target.sink, json::write).await?,
        SqlFormat::Parquet => write_parquet(rows, &mut target.sink).await?,
        SqlFormat::Xlsx => excel::write(rows, &mut target.sink).await?,
    };
    target.sink.flush().context(Kind::Environment, || "writing rows")?;
    Ok(total)
}

async fn write_table(mut rows: Rows, sink: &mut Sink) -> Result<u64, Failure> {
    let mut grid = Grid::new(&rows.schema);
    while let Some(batch) = rows.stream.next().await {
        grid.add(&batch?, usize::MAX)?;
    }
    grid.write(sink).context(Kind::Environment, || "writing rows")?;
    Ok(grid.rows() as u64)
}

async fn write_lines(
    mut rows: Rows,
    sink: &mut Sink,
    write: fn(&arrow::array::RecordBatch, &mut dyn Write) -> Result<()>,
) -> Result<u64, Failure> {
    let mut total = 0;
    while let Some(batch) = rows.stream.next().await {
        let batch = batch?;
        write(&batch, sink)?;
        total += batch.num_rows() as u64;
    }
    Ok(total)
}

async fn write_parquet(mut rows: Rows, sink: &mut Sink) -> Result<u64, Failure> {
    let level = ZstdLevel::try_new(3).context(Kind::Bug, || "setting up parquet")?;
    // No version of any library may stand in the file: the same rows give the same bytes.
    let properties = WriterProperties::builder().set_compression(Compression::ZSTD(level)).set_created_by("kaohe".to_owned()).build();
    let what = || "writing parquet";
    let mut writer = ArrowWriter::try_new(sink, rows.schema, Some(properties)).context(Kind::Environment, what)?;
    let mut total = 0;
    while let Some(batch) = rows.stream.next().await {
        let batch = batch?;
        writer.write(&batch).context(Kind::Query, what)?;
        total += batch.num_rows() as u64;
    }
    writer.close().context(Kind::Environment, what)?;
    Ok(total)
}
