//! A Parquet file → batches of typed columns.
//!
//! In: a file. Out: its columns, batch by batch, untouched; `source_line` is the record's number. Never here: conversion.

use std::fs::File;
use std::path::Path;

use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::raw::{Input, ReadSummary, Sink, survive_panic};
use crate::error::{Context, Kind, Result};

const BATCH_ROWS: usize = 32_768;

/// Reads a whole file.
pub(super) fn read(path: &Path, progress: &dyn Fn(u64), sink: &mut Sink<'_>) -> Result<ReadSummary> {
    survive_panic("Parquet file", sink, &mut |sink| read_batches(path, progress, sink))
}

fn read_batches(path: &Path, progress: &dyn Fn(u64), sink: &mut Sink<'_>) -> Result<ReadSummary> {
    let file = File::open(path).context(Kind::Source, || "opening the file")?;
    let size = file.metadata().context(Kind::Source, || "reading the file's size")?.len();
    let builder =
        ParquetRecordBatchReaderBuilder::try_new(file).context(Kind::Source, || "reading the Parquet footer (a file cut off has none)")?;
    let names = builder.schema().fields().iter().map(|field| field.name().clone()).collect();
    let rows = builder.metadata().file_metadata().num_rows().max(1) as u64;
    sink(Input::Header { names, line: 0, sheet: None })?;
    let mut first_line = 1;
    let reader = builder.with_batch_size(BATCH_ROWS).build().context(Kind::Source, || "opening the Parquet file")?;
    for batch in reader {
        let batch = batch.context(Kind::Source, || format!("reading the records from {first_line} on"))?;
        let count = batch.num_rows() as u64;
        sink(Input::Batch { batch, first_line })?;
        first_line += count as i64;
        progress(u64::try_from(u128::from(size) * u128::from(count) / u128::from(rows)).unwrap_or(0));
    }
    Ok(ReadSummary::default())
}
