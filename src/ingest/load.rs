//! One table from all its sources.
//!
//! In: contract, sources, context. Out: the staged table; what is wrong with a source holds the table, what is wrong with the
//! configuration or the machine is an error. Never here: how a file becomes columns.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;

use super::checks::Checks;
use super::file::FileLoad;
use super::files::{self, SourceFile};
use super::quarantine::Quarantine;
use super::schema::arrow_schema;
use super::staging::Stage;
use super::{CheckCount, FileAccounting, LoadContext, StagedTable};
use crate::error::{Context, Error, Kind, Result};
use crate::library::contract::{CheckSeverity, TableContract};
use crate::project::Source;

/// Different sentences of one kind that are kept for one file; the rest are counted together.
const DISTINCT_WARNINGS: usize = 200;

/// What all files of a table share.
pub(super) struct Load<'a> {
    pub contract: &'a TableContract,
    pub context: &'a LoadContext<'a>,
    pub schema: SchemaRef,
    pub checks: Checks,
    pub stage: Stage,
    pub quarantine: Quarantine,
    pub warnings: Warnings,
    /// The first `stop` check that was true of a row.
    pub stopped: Option<String>,
}

/// Counted warnings of one table.
#[derive(Default)]
pub(super) struct Warnings {
    counts: BTreeMap<(String, String, String), (CheckSeverity, u64)>,
    distinct: BTreeMap<(String, String), usize>,
}

impl Warnings {
    /// Counts `rows` rows of `file` under a check and its sentence.
    pub fn add(&mut self, file: &str, check: &str, says: &str, severity: CheckSeverity, rows: u64) {
        let key = (file.to_owned(), check.to_owned(), says.to_owned());
        if let Some((_, count)) = self.counts.get_mut(&key) {
            *count += rows;
            return;
        }
        let distinct = self.distinct.entry((key.0.clone(), key.1.clone())).or_default();
        *distinct += 1;
        let key = if *distinct > DISTINCT_WARNINGS { (key.0, key.1, "其余同类情况".to_owned()) } else { key };
        self.counts.entry(key).or_insert((severity, 0)).1 += rows;
    }

    fn into_list(self, table: &str) -> Vec<CheckCount> {
        let one = |((source_file, check, says), (severity, rows))| CheckCount {
            table: table.to_owned(),
            check,
            says,
            severity,
            source_file,
            rows,
        };
        self.counts.into_iter().map(one).collect()
    }
}

/// Loads one table.
///
/// A source that is missing, damaged, shrunk or full of wrong rows holds the table: the reason stands in
/// [`StagedTable::held`], and the account of every readable file is still complete.
///
/// # Errors
/// A check of severity `stop` is true of a row ([`Kind::Source`]); a mapping, rename or check is wrong; the staging folder
/// can't be written.
pub fn load_table(contract: &TableContract, sources: &[Source], context: &LoadContext<'_>) -> Result<StagedTable> {
    let schema = arrow_schema(contract);
    let what = || format!("loading `{}`", contract.name);
    std::fs::create_dir_all(context.staging).context(Kind::Environment, what)?;
    let mut load = Load {
        contract,
        context,
        checks: Checks::plan(contract, &schema, context.as_of, context.functions)?,
        stage: Stage::new(contract, &schema, context.staging)?,
        quarantine: Quarantine::new(&contract.name, context.staging),
        schema,
        warnings: Warnings::default(),
        stopped: None,
    };
    let mut held = Vec::new();
    let mut accounts = Vec::new();
    for (file, source) in all_files(sources, &mut held)? {
        load.stage.next_file();
        let (account, outcome) = FileLoad::run(&mut load, source, &file);
        match outcome {
            Ok(()) => accounts.push((source, account)),
            Err(error) if error.kind == Kind::Source => {
                held.push(format!("{}: {}", file.name, plain(&error)));
                accounts.push((source, FileAccounting { failed: Some(plain(&error)), ..account }));
            }
            Err(error) => return Err(error.while_doing(file.name).while_doing(what())),
        }
    }
    if let Some(says) = &load.stopped {
        return Err(Error::new(Kind::Source, says.clone())
            .while_doing(what())
            .with_hint("the check has severity `stop`: the run stays back until the source is mended"));
    }
    finish(load, accounts, held, sources)
}

/// All files in the order of their names, so that lineage does not depend on the order in kaohe.toml.
fn all_files<'a>(sources: &'a [Source], held: &mut Vec<String>) -> Result<Vec<(SourceFile, &'a Source)>> {
    let mut all: Vec<(SourceFile, &Source)> = Vec::new();
    for source in sources {
        match files::find(source) {
            Ok(found) => {
                for file in found {
                    // Overlapping globs: the same sheet of the same file is loaded once.
                    let is_known = all
                        .iter()
                        .any(|(known, other)| known.path == file.path && other.sheet == source.sheet && other.mapping == source.mapping);
                    if !is_known {
                        all.push((file, source));
                    }
                }
            }
            Err(error) if error.kind == Kind::Source => held.push(plain(&error)),
            Err(error) => return Err(error),
        }
    }
    all.sort_by(|(left, _), (right, _)| left.cmp(right));
    Ok(all)
}

/// Bytes of the files that loading a table from `sources` reads; what can't be found has none.
pub fn bytes_of(sources: &[Source]) -> u64 {
    let files = all_files(sources, &mut Vec::new()).unwrap_or_default();
    files.iter().filter_map(|(file, _)| std::fs::metadata(&file.path).ok()).map(|metadata| metadata.len()).sum()
}

/// An error's text without the word of its kind.
fn plain(error: &Error) -> String {
    let text = error.to_string();
    text.split_once("]: ").map_or(text.clone(), |(_, rest)| rest.to_owned())
}

fn finish(load: Load<'_>, accounts: Vec<(&Source, FileAccounting)>, mut held: Vec<String>, sources: &[Source]) -> Result<StagedTable> {
    let Load { contract, context, schema, stage, quarantine, mut warnings, .. } = load;
    let finished = stage.finish()?;
    let quarantine = quarantine.finish()?;
    let mut files = Vec::new();
    for (index, (source, mut account)) in accounts.into_iter().enumerate() {
        account.loaded = finished.loaded[index];
        account.duplicates = finished.duplicates[index];
        if finished.conflicts[index] > 0 {
            let says = "同一主键有内容不同、更新时间相同的多条记录，只保留一条";
            warnings.add(&account.source_file, "conflicting_duplicates", says, CheckSeverity::Warn, finished.conflicts[index]);
        }
        if account.failed.is_none() && !account.balances() {
            return Err(Error::new(Kind::Bug, format!("the account of {} does not balance: {account:?}", account.source_file)));
        }
        files.push((source, account));
    }
    let has_failed = !held.is_empty();
    held.extend(over_quarantine_rate(sources, &files));
    // That rows are missing when a file could not be read is no news.
    if !has_failed {
        held.extend(shrunk(contract, sources, context, finished.loaded.iter().sum()));
    }
    let months = if has_failed { BTreeMap::new() } else { finished.months };
    Ok(StagedTable {
        table: contract.name.clone(),
        schema: Arc::clone(&schema),
        months,
        files: files.into_iter().map(|(_, account)| account).collect(),
        quarantine,
        warnings: warnings.into_list(&contract.name),
        held: (!held.is_empty()).then(|| held.join("\n")),
    })
}

/// The sources of which too many records are wrong.
fn over_quarantine_rate(sources: &[Source], files: &[(&Source, FileAccounting)]) -> Vec<String> {
    let mut over = Vec::new();
    for source in sources {
        let own = || files.iter().filter(|(of, account)| std::ptr::eq(*of, source) && account.failed.is_none()).map(|(_, account)| account);
        let seen: u64 = own().map(|account| account.records_seen + account.expanded).sum();
        let quarantined: u64 = own().map(|account| account.quarantined).sum();
        if seen > 0 && quarantined as f64 > source.max_quarantine_rate * seen as f64 {
            over.push(format!(
                "{}: {quarantined} of {seen} records are quarantined ({:.1} %), more than {:.1} %",
                source.path,
                quarantined as f64 * 100.0 / seen as f64,
                source.max_quarantine_rate * 100.0
            ));
        }
    }
    over
}

fn shrunk(contract: &TableContract, sources: &[Source], context: &LoadContext<'_>, loaded: u64) -> Option<String> {
    let previous = *context.previous_rows.get(&contract.name).filter(|rows| **rows > 0)?;
    let limit = sources.iter().map(|source| source.max_shrink).fold(1.0, f64::min);
    let is_less = (loaded as f64) < previous as f64 * (1.0 - limit);
    is_less.then(|| format!("{loaded} rows, {previous} when last loaded: fewer by more than {:.0} %", limit * 100.0))
}
