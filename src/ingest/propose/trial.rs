//! A proposal, tried: the beginning of the file through the loader itself.
//!
//! In: a contract and a source, as they would stand in kaohe.toml. Out: what became of the records. Never here: the lake; anything stays of
//! what was staged.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::civil::Date;

use crate::error::{Context, Kind, Result};
use crate::functions::{Clocks, register};
use crate::ingest::{LoadContext, StagedTable, load_table, quarantine_reasons};
use crate::library::contract::TableContract;
use crate::project::Source;
use crate::terms::RunId;

/// Reasons and warnings that are named.
const NAMED: usize = 5;

/// What became of the first records.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trial {
    /// Records read.
    pub records: u64,
    /// Of them, good.
    pub good: u64,
    /// Set apart.
    pub quarantined: u64,
    /// Those that gave way to another of the same key.
    pub duplicates: u64,
    /// The most frequent reasons, with their rows.
    pub reasons: Vec<(String, u64)>,
    /// What is remarkable about good rows, with their number.
    pub warnings: Vec<(String, u64)>,
    /// Why the table would be held.
    pub held: Option<String>,
}

/// What a trial needs besides a contract and a source.
pub(super) struct Bench<'a> {
    pub staging: &'a Path,
    pub as_of: Date,
    pub at_most: u64,
    pub clocks: &'a std::sync::Arc<Clocks>,
}

impl Bench<'_> {
    /// Loads the beginning of the sources' files; `read` looks at what was staged before it goes.
    ///
    /// # Errors
    /// As [`load_table`].
    pub fn load<T>(&self, contract: &TableContract, sources: &[Source], read: impl FnOnce(&StagedTable) -> Result<T>) -> Result<T> {
        let folder = self.staging.join(&contract.name);
        let context = LoadContext {
            staging: &folder,
            as_of: self.as_of,
            batch: &RunId::from("map"),
            last: &[],
            successors: &BTreeMap::new(),
            open_files: 16,
            at_most: self.at_most,
            progress: &|_| (),
            functions: &|session| register(session, self.clocks),
        };
        let ended = load_table(contract, sources, &context).and_then(|staged| read(&staged));
        std::fs::remove_dir_all(&folder).context(Kind::Environment, || format!("removing {}", folder.display()))?;
        ended
    }

    /// Tries a source; an error of the file or of a check that stops a run is told as what would happen.
    ///
    /// # Errors
    /// A machine that can't go on.
    pub fn try_source(&self, contract: &TableContract, source: &Source) -> Result<Trial> {
        match self.load(contract, std::slice::from_ref(source), trial_of) {
            Err(error) if matches!(error.kind, Kind::Source | Kind::Configuration) => {
                Ok(Trial { held: Some(error.message().to_owned()), ..Trial::default() })
            }
            ended => ended,
        }
    }
}

fn trial_of(staged: &StagedTable) -> Result<Trial> {
    let mut trial = Trial { held: staged.held.clone(), ..Trial::default() };
    for file in &staged.files {
        trial.records += file.records_seen;
        trial.good += file.loaded + file.held;
        trial.quarantined += file.quarantined;
        trial.duplicates += file.duplicates;
    }
    trial.reasons = most_frequent(reasons(staged)?);
    // Labels and headers have their own place in a proposal.
    let of_rows =
        staged.warnings.iter().filter(|warning| !matches!(warning.check.as_str(), "unknown_label" | "unknown_header" | "skipped_sheet"));
    let mut warnings: BTreeMap<String, u64> = BTreeMap::new();
    of_rows.for_each(|warning| *warnings.entry(warning.says.clone()).or_default() += warning.rows);
    trial.warnings = most_frequent(warnings);
    Ok(trial)
}

/// Reasons of the quarantine, which quote no value.
fn reasons(staged: &StagedTable) -> Result<BTreeMap<String, u64>> {
    let Some(path) = staged.quarantine.first() else { return Ok(BTreeMap::new()) };
    let folder = path.with_extension("apart");
    let doing = || format!("moving {}", path.display());
    std::fs::create_dir_all(&folder).context(Kind::Environment, doing)?;
    for path in &staged.quarantine {
        std::fs::rename(path, folder.join(path.file_name().unwrap_or_default())).context(Kind::Environment, doing)?;
    }
    let mut reasons = BTreeMap::new();
    for ((_, _, says), rows) in quarantine_reasons(&folder)? {
        *reasons.entry(says).or_default() += rows;
    }
    Ok(reasons)
}

fn most_frequent(counts: BTreeMap<String, u64>) -> Vec<(String, u64)> {
    let mut counts: Vec<(String, u64)> = counts.into_iter().collect();
    counts.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
    counts.truncate(NAMED);
    counts
}
