//! Why rows stayed out, as counts.
//!
//! In: reasons as rows are refused, or the quarantine files of a run. Out: rows by table, column and reason; the most frequent one. Never
//! here: a row's text.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::Path;

use arrow::array::{Array, AsArray};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::quarantine::Reason;
use crate::error::{Context, Kind, Result};
use crate::terms::counted;

/// Different reasons that are told apart for one file: a source of nonsense must not fill the memory.
const DISTINCT: usize = 200;

/// How many rows of a file each reason keeps out. A row with two reasons counts under both.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ReasonCounts(BTreeMap<(Option<String>, String), u64>);

impl ReasonCounts {
    /// Counts a row.
    pub fn add(&mut self, reasons: &[Reason]) {
        let of_row: BTreeSet<_> = reasons.iter().map(|reason| (reason.column.clone(), general(&reason.says))).collect();
        for reason in of_row {
            if self.0.len() < DISTINCT || self.0.contains_key(&reason) {
                *self.0.entry(reason).or_default() += 1;
            }
        }
    }

    /// Counts what another file has.
    pub fn absorb(&mut self, other: &Self) {
        for (reason, rows) in &other.0 {
            *self.0.entry(reason.clone()).or_default() += rows;
        }
    }

    /// The reason of the most rows, with their number; of equals the first by name.
    pub fn most_frequent(&self) -> Option<String> {
        let ((column, says), rows) = self.0.iter().rev().max_by_key(|(_, rows)| **rows)?;
        let of = column.as_ref().map(|column| format!("`{column}` ")).unwrap_or_default();
        Some(format!("{of}{says} ({})", counted(usize::try_from(*rows).unwrap_or(usize::MAX), "record")))
    }
}

/// Rows by (table, column, reasons), over every quarantine file in `folder`; an absent folder is an empty quarantine.
///
/// # Errors
/// A file that can't be read.
pub fn quarantine_reasons(folder: &Path) -> Result<BTreeMap<(String, String, String), u64>> {
    let mut counts = BTreeMap::new();
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(counts) };
    for entry in entries {
        let path = entry.context(Kind::Environment, || format!("reading {}", folder.display()))?.path();
        let doing = || format!("reading {}", path.display());
        let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&path).context(Kind::Environment, doing)?)
            .and_then(|builder| builder.build())
            .context(Kind::Environment, doing)?;
        for batch in reader {
            let batch = batch.context(Kind::Environment, doing)?;
            let column = |name: &str| batch.column_by_name(name).map(|column| column.as_string::<i32>());
            let (Some(tables), Some(columns), Some(reasons)) = (column("table"), column("column"), column("reasons")) else { continue };
            for row in 0..batch.num_rows() {
                let text = |array: &arrow::array::StringArray| if array.is_null(row) { String::new() } else { array.value(row).to_owned() };
                *counts.entry((text(tables), text(columns), general(&text(reasons)))).or_default() += 1;
            }
        }
    }
    Ok(counts)
}

/// The reason without the value that it quotes: values stay in the quarantine.
fn general(reason: &str) -> String {
    let mut out = String::new();
    let mut depth = 0;
    for c in reason.chars() {
        match c {
            '（' => depth += 1,
            '）' => depth = (depth - 1).max(0),
            _ if depth == 0 => out.push(c),
            _ => {}
        }
    }
    out
}
