//! `kaohe explain … --as-sent`: each record as its office sent it.
//!
//! In: an explanation, the project's sources, what the runs that loaded say of their files. Out: the same explanation, with the cells of every record whose file
//! is still the one that was loaded; how many are not. Never here: reading files (that is `ingest`), columns about persons.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use arrow::array::AsArray;

use super::super::Opened;
use crate::error::{Context, Kind, Result};
use crate::explain::Explanation;
use crate::explain::records::Record;
use crate::ingest::{AsSent, as_sent};
use crate::report::tables::parquet::open_table;

/// Gives each record its cells; how many records have none.
pub fn add(opened: &Opened, out: &Path, explanation: &mut Explanation) -> Result<usize> {
    let Some(project) = &opened.project else { return Ok(0) };
    let mut wanted: BTreeMap<(String, String), BTreeSet<i64>> = BTreeMap::new();
    for record in records(explanation) {
        if let Some(line) = record.source_line {
            wanted.entry((record.batch_id.clone(), record.source_file.clone())).or_default().insert(line);
        }
    }
    let runs: BTreeSet<&String> = wanted.keys().map(|(run, _)| run).collect();
    let accounts = runs.into_iter().map(|run| Ok((run.clone(), accounts(out, run)?))).collect::<Result<BTreeMap<_, _>>>()?;
    let mut found: BTreeMap<(String, String), BTreeMap<i64, AsSent>> = BTreeMap::new();
    for (place, lines) in wanted {
        let account = accounts.get(&place.0).and_then(|files| files.get(&place.1));
        let Some((table, digest)) = account else { continue };
        let Some(contract) = opened.library.tables.get(table) else { continue };
        let cells = as_sent(contract, &project.sources_of(table), &place.1, digest, &lines)?;
        found.insert(place, cells);
    }
    let mut without = 0;
    for record in records(explanation) {
        let cells = found.get(&(record.batch_id.clone(), record.source_file.clone()));
        record.as_sent = cells.and_then(|cells| cells.get(&record.source_line?).cloned());
        without += usize::from(record.as_sent.is_none());
    }
    Ok(without)
}

fn records(explanation: &mut Explanation) -> impl Iterator<Item = &mut Record> {
    let sections =
        explanation.indicators.iter_mut().filter_map(|explained| explained.records.as_mut()).flat_map(|records| &mut records.sections);
    sections.flat_map(|section| &mut section.records)
}

/// File → table and digest, as a run has loaded it; empty when nobody knows any more.
fn accounts(out: &Path, run: &str) -> Result<BTreeMap<String, (String, String)>> {
    let path = out.join("runs").join(run).join("tables/accounting.parquet");
    let mut files = BTreeMap::new();
    if !path.is_file() {
        return Ok(files);
    }
    for batch in open_table(&path)? {
        let batch = batch.context(Kind::Environment, || format!("reading {}", path.display()))?;
        let column = |name: &str| batch.column_by_name(name).and_then(|column| column.as_string_opt::<i32>());
        let (Some(tables), Some(names), Some(digests)) = (column("table"), column("source_file"), column("digest")) else { continue };
        for row in 0..batch.num_rows() {
            files.insert(names.value(row).to_owned(), (tables.value(row).to_owned(), digests.value(row).to_owned()));
        }
    }
    Ok(files)
}
