//! `kaohe explain … --as-sent`: each record as its office sent it.
//!
//! In: an explanation, the project's sources, what runs say of the files that they loaded. Out: the same explanation, with the cells of every record that is found
//! in its file; how many are not. Never here: reading files (that is `ingest`), columns about persons.

use std::collections::BTreeMap;
use std::path::Path;

use arrow::array::AsArray;

use super::super::Opened;
use crate::error::{Context, Kind, Result};
use crate::explain::Explanation;
use crate::explain::records::Record;
use crate::ingest::{AsSent, as_sent};
use crate::report::tables::parquet::open_table;

/// Gives each record its cells; how many records have none. `run` is the explained run: it knows every file.
pub fn add(opened: &Opened, out: &Path, run: &str, explanation: &mut Explanation) -> Result<usize> {
    let Some(project) = &opened.project else { return Ok(0) };
    let mut wanted: BTreeMap<(String, String), BTreeMap<i64, String>> = BTreeMap::new();
    for record in records(explanation) {
        if let Some(line) = record.source_line {
            wanted.entry((record.batch_id.clone(), record.source_file.clone())).or_default().insert(line, record.record_id.clone());
        }
    }
    let known = accounts(out, run)?;
    let mut of_loads: BTreeMap<String, BTreeMap<String, (String, String)>> = BTreeMap::new();
    let mut found: BTreeMap<(String, String), BTreeMap<i64, AsSent>> = BTreeMap::new();
    for (place, lines) in wanted {
        if !of_loads.contains_key(&place.0) {
            of_loads.insert(place.0.clone(), accounts(out, &place.0)?);
        }
        let of_load = of_loads.get(&place.0).and_then(|files| files.get(&place.1));
        // Who loaded it may have left no account: it was stopped, or its results are gone.
        let Some((table, _)) = of_load.or_else(|| known.get(&place.1)) else { continue };
        let Some(contract) = opened.library.tables.get(table) else { continue };
        let cells = as_sent(contract, &project.sources_of(table), &place.1, of_load.map(|(_, digest)| digest.as_str()), &lines)?;
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
    let of_indicators = explanation.indicators.iter_mut().filter_map(|explained| explained.records.as_mut());
    of_indicators.flat_map(|records| &mut records.sections).flat_map(|section| &mut section.records)
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
