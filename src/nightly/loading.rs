//! Loading: every source table of the project into the lake.
//!
//! In: the project's sources and the contracts. Out: rows of databases as files of the run, new lake versions, accounts of every file,
//! quarantine files in the run's folder, and for each table that is held the reason. Never here: indicators.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::journal::{Journal, TableResult};
use super::kept_loads::{self, Stopped, TableLoad};
use super::{Request, Surroundings, Work};
use crate::compute::attribution::Attribution;
use crate::error::{Context, Error, Kind, Result};
use crate::functions::{self, Clocks};
use crate::ingest::{CheckCount, FileAccounting, LastFile, LoadContext, Pulled, StagedTable, UnitRemark, arrow_schema, load_table};
use crate::lake::{Lake, MonthFile, Replacement, Snapshot, TableShape};
use crate::library::contract::{CheckSeverity, REGISTRY, TableContract};
use crate::project::Project;
use crate::side_by_side::side_by_side;

/// What loading left.
#[derive(Debug, Default, Clone)]
pub struct Loaded {
    /// By table.
    pub tables: BTreeMap<String, TableResult>,
    /// One row a file.
    pub files: Vec<FileAccounting>,
    /// What was noticed about loaded rows.
    pub warnings: Vec<CheckCount>,
    /// The same by unit, with what was set apart.
    pub unit_remarks: Vec<UnitRemark>,
    /// Rows that each unit sent, by table.
    pub unit_rows: BTreeMap<String, BTreeMap<String, u64>>,
    /// The stopped run that is gone on with, and how many tables were taken over from it and those before it.
    pub resumes: Option<(String, usize)>,
}

/// The lake's view of a contract.
pub fn shape_of(contract: &TableContract) -> TableShape {
    TableShape { table: contract.name.clone(), schema: arrow_schema(contract), by_month: contract.month.is_some() }
}

/// Pulls the rows of sources that stand in databases, in a stage of their own where there are any.
///
/// # Errors
/// A machine that can't go on; a database that refuses only holds the tables of its sources.
pub fn pull(
    project: &Project,
    runtime: &tokio::runtime::Runtime,
    folder: &Path,
    journal: &mut Journal,
    surroundings: &dyn Surroundings,
) -> Result<Pulled> {
    let sources = &project.sources;
    let databases: BTreeSet<&str> = sources.iter().filter_map(|source| Some(source.database.as_ref()?.variable.as_str())).collect();
    if !databases.is_empty() {
        surroundings.stage(PULL, Work::Unknown);
        let named = databases.into_iter().collect::<Vec<_>>().join(", ");
        journal.write(&surroundings.now(), "pull-started", &named, "")?;
    }
    runtime.block_on(crate::ingest::pull(sources, &folder.join("staging"), &|source| surroundings.busy_with(source)))
}

/// The stage in which databases are read.
pub const PULL: &str = "pull";

/// Bytes of all source files that a load would read.
pub fn bytes_ahead(request: &Request<'_>, pulled: &Pulled) -> u64 {
    request.library.tables.keys().map(|table| crate::ingest::bytes_of(&pulled.sources_of(table))).sum()
}

/// Loads every table that the project has sources for: the registry first, then large tables one by one, each of which keeps the cores busy,
/// then small ones side by side. `pulled` are the
/// request's sources, all of them on the disk.
///
/// # Errors
/// A check of severity `stop`, or a machine that can't go on; a source that fails only holds its table. Tables that were done by then, or at
/// hand, are stored.
pub fn load(
    request: &Request<'_>,
    pulled: &Pulled,
    lake: &Lake,
    runtime: &tokio::runtime::Runtime,
    folder: &Path,
    journal: &mut Journal,
    surroundings: &dyn Surroundings,
) -> Result<Loaded> {
    let before = runtime.block_on(lake.pin())?;
    let previous_rows = before.rows();
    let clocks = Clocks::of(request.library);
    let journal = Mutex::new(journal);
    let write = |event: &str, table: &str, detail: &str| {
        let mut journal = journal.lock().unwrap_or_else(PoisonError::into_inner);
        journal.write(&surroundings.now(), event, table, detail)
    };
    let stopped = Stopped::before(&request.out.join("runs"), &request.run.0)?;
    let (ground, versions) = (kept_loads::ground(request), before.versions());
    if let Some(run) = stopped.newest() {
        write("resuming", &run, "")?;
    }
    let load_one = |contract: &TableContract, successors: &BTreeMap<String, String>, at_once: usize| {
        let sources = pulled.sources_of(&contract.name);
        // As kaohe.toml has them: where they were fetched or pulled to says nothing of how they are read.
        let rests_on = kept_loads::rests_on(&ground, contract, &request.project.sources_of(&contract.name), successors);
        surroundings.busy_with(&contract.name);
        let (ahead, read) = (crate::ingest::bytes_of(&sources), AtomicU64::new(0));
        let version = versions.get(&contract.name).copied();
        if let Some(load) = stopped.take_over(folder, &contract.name, &rests_on, version, &sources)? {
            load.keep(folder, &contract.name)?;
            write("table-taken-over", &contract.name, &format!("{} rows, version {}", load.result.rows, load.result.version))?;
            surroundings.advance(ahead);
            return Ok((contract.name.clone(), load, true));
        }
        write("load-started", &contract.name, "")?;
        let staging = folder.join("staging").join(&contract.name);
        std::fs::create_dir_all(&staging).context(Kind::Environment, || format!("creating {}", staging.display()))?;
        let last = last_files(lake, &before, &contract.name);
        let context = LoadContext {
            staging: &staging,
            as_of: request.as_of,
            batch: &request.run,
            last: &last,
            successors,
            open_files: (OPEN_FILES / at_once).max(FEWEST_OPEN_FILES),
            at_most: u64::MAX,
            progress: &|bytes| {
                read.fetch_add(bytes, Ordering::Relaxed);
                surroundings.advance(bytes);
            },
            functions: &|session| functions::register(session, &clocks),
        };
        let staged = load_table(contract, &sources, &context).map_err(|error| error.while_doing(format!("loading `{}`", contract.name)))?;
        // A file that could not be read to its end is over as well.
        surroundings.advance(ahead.saturating_sub(read.into_inner()));
        let (mut result, joined) = store(request, lake, runtime, contract, &staged, &versions, folder)?;
        result.notices.extend_from_slice(pulled.notices_of(&contract.name));
        let before = previous_rows.get(&contract.name).copied().unwrap_or(0);
        if result.held.is_some() {
            result.rows = before;
        } else if result.rows < before {
            result.notices.push(format!("{} rows fewer than when last loaded ({before})", before - result.rows));
        }
        let StagedTable { files, mut warnings, unit_remarks, unit_rows, .. } = staged;
        warnings.extend(joined);
        let quarantine = kept_loads::digest_of_quarantine(folder, &contract.name)?;
        let load = TableLoad { rests_on, quarantine, result, files, warnings, unit_remarks, unit_rows };
        load.keep(folder, &contract.name)?;
        let result = &load.result;
        let detail = result.held.clone().unwrap_or_else(|| format!("{} rows, version {}", result.rows, result.version));
        write(if result.held.is_some() { "table-held" } else { "table-loaded" }, &contract.name, &detail)?;
        std::fs::remove_dir_all(&staging).context(Kind::Environment, || format!("removing {}", staging.display()))?;
        Ok::<_, Error>((contract.name.clone(), load, false))
    };
    let with_sources = request.library.tables.values().filter(|contract| !pulled.sources_of(&contract.name).is_empty());
    let (registry, others): (Vec<&TableContract>, Vec<_>) = with_sources.partition(|contract| contract.name == REGISTRY.0);
    // The registry first: whose key it is that a row brings depends on who follows whom.
    let nobody = BTreeMap::new();
    let mut done = registry.into_iter().map(|contract| load_one(contract, &nobody, 1)).collect::<Result<Vec<_>>>()?;
    if !others.is_empty() {
        let successors = successors_in(request, lake, runtime, &folder.join("staging").join("spill"))?;
        let at_once = request.partitions.max(1);
        let room = request.memory_limit.unwrap_or(LITTLE_MEMORY) / at_once / BYTES_OF_A_SOURCE_BYTE;
        let is_small = |contract: &&TableContract| crate::ingest::bytes_of(&pulled.sources_of(&contract.name)) <= room as u64;
        let (small, large): (Vec<&TableContract>, Vec<_>) = others.into_iter().partition(is_small);
        for contract in large {
            done.push(load_one(contract, &successors, 1)?);
        }
        done.extend(side_by_side(&small, at_once, |contract| load_one(contract, &successors, at_once))?);
    }
    // In the order of the contracts, whatever was done first.
    done.sort_by(|(one, ..), (other, ..)| one.cmp(other));
    let taken_over = done.iter().filter(|(.., is_taken_over)| *is_taken_over).count();
    let of_tables = done.into_iter().map(|(table, load, _)| (table, load));
    Ok(Loaded { resumes: stopped.newest().map(|run| (run, taken_over)), ..Loaded::of(of_tables) })
}

impl Loaded {
    fn of(tables: impl IntoIterator<Item = (String, TableLoad)>) -> Self {
        let mut loaded = Self::default();
        for (table, load) in tables {
            let TableLoad { result, files, warnings, unit_remarks, unit_rows, .. } = load;
            loaded.tables.insert(table.clone(), result);
            loaded.files.extend(files);
            loaded.warnings.extend(warnings);
            loaded.unit_remarks.extend(unit_remarks);
            loaded.unit_rows.insert(table, unit_rows);
        }
        loaded
    }

    /// What another run has loaded, with its quarantine.
    ///
    /// # Errors
    /// A run that has not loaded, or files that can't be read or written.
    pub fn taken_over(from: &Path, run: &Path) -> Result<Self> {
        let tables = kept_loads::all_of(from)?;
        tables.keys().try_for_each(|table| kept_loads::take_over_quarantine(from, run, table))?;
        Ok(Self::of(tables))
    }
}

/// Bytes in memory for a byte of a source, at most: a compressed file is unpacked, and a month that is sorted stands there twice.
const BYTES_OF_A_SOURCE_BYTE: usize = 32;
/// What is counted on where nobody says how much there is.
const LITTLE_MEMORY: usize = 1 << 30;
/// Files of months that all tables at hand may hold open together: most systems allow a process 1024.
const OPEN_FILES: usize = 200;
/// Below this a table of a few years would be staged in too many pieces.
const FEWEST_OPEN_FILES: usize = 36;

/// Who answers for whom by the registry as it stands in the lake.
fn successors_in(request: &Request<'_>, lake: &Lake, runtime: &tokio::runtime::Runtime, spill: &Path) -> Result<BTreeMap<String, String>> {
    let Some(registry) = request.library.tables.get(REGISTRY.0) else { return Ok(BTreeMap::new()) };
    let session = crate::lake::session(request.memory_limit, spill, request.partitions)?;
    let attribution = runtime.block_on(async {
        lake.register(&session, &lake.pin().await?, &[shape_of(registry)])?;
        Attribution::read(&session, request.as_of).await.context(Kind::Query, || "reading who follows whom")
    })?;
    Ok(attribution.successors().clone())
}

/// The files that hold the table as it was last loaded.
fn last_files(lake: &Lake, before: &Snapshot, table: &str) -> Vec<LastFile> {
    let file = |file: &crate::lake::PinnedFile| LastFile { path: lake.root().join(&file.path), month: file.month, rows: file.rows };
    before.files(table).iter().map(file).collect()
}

/// Keeps the quarantine, enforces the account, and commits the table unless it is held.
fn store(
    request: &Request<'_>,
    lake: &Lake,
    runtime: &tokio::runtime::Runtime,
    contract: &TableContract,
    staged: &StagedTable,
    versions: &BTreeMap<String, u64>,
    folder: &Path,
) -> Result<(TableResult, Option<CheckCount>)> {
    let mut result = TableResult {
        version: versions.get(&contract.name).copied().unwrap_or(0),
        held: staged.held.clone(),
        held_because: staged.held_because.iter().map(|because| because.word().to_owned()).collect(),
        notices: staged.notices.clone(),
        ..Default::default()
    };
    for file in &staged.files {
        for (total, part) in
            result.records.iter_mut().zip([file.records_seen, file.loaded, file.quarantined, file.duplicates, file.filtered])
        {
            *total += part;
        }
        result.records_held += file.held;
        if file.failed.is_none() && !file.balances() {
            return Err(Error::new(Kind::Bug, format!("the account of `{}` does not balance: {file:?}", file.source_file))
                .while_doing(format!("loading `{}`", contract.name)));
        }
    }
    for path in &staged.quarantine {
        let kept = kept_loads::quarantine_of(folder, &contract.name);
        let doing = || format!("keeping the quarantine of `{}`", contract.name);
        crate::lake::create_folders(&folder.join("quarantine")).context(Kind::Environment, doing)?;
        std::fs::rename(path, kept).context(Kind::Environment, doing)?;
    }
    if result.held.is_some() {
        return Ok((result, None));
    }
    let months = staged
        .months
        .iter()
        .map(|(month, staged)| (*month, MonthFile { path: staged.path.clone(), rows: staged.rows, digest: staged.digest.clone() }));
    let replacement = Replacement { shape: shape_of(contract), key: contract.key.clone(), months: months.collect() };
    let outcome = runtime
        .block_on(lake.commit(&replacement, &request.run))
        .map_err(|error| error.while_doing(format!("storing `{}`", contract.name)))?;
    result.rows = outcome.rows;
    result.version = outcome.version;
    result.months_written = outcome.months_written.len();
    result.months_unchanged = outcome.months_unchanged.len();
    result.months_removed = outcome.months_removed.len();
    let rows = outcome.months_joined.iter().filter_map(|month| staged.months.get(month)).map(|month| month.rows).sum();
    let months: Vec<String> = outcome.months_joined.iter().flatten().map(ToString::to_string).collect();
    let joined = (!months.is_empty()).then(|| CheckCount {
        table: contract.name.clone(),
        check: "months_joined".to_owned(),
        says: format!("来源对这些月份只有零星记录，日期可能有误：只按主键增改，该月原有的其他记录保留（{}）", months.join("、")),
        severity: CheckSeverity::Warn,
        source_file: String::new(),
        rows,
    });
    Ok((result, joined))
}
