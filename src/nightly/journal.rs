//! What a run leaves about itself: a journal written ahead, results, manifest, metrics.
//!
//! In: events as they happen. Out: `journal.jsonl` (each line on disk before the work goes on, so that it survives a kill),
//! `run_results.json`, `manifest.json`, `metrics.prom`; the folders of all runs, and what each has left, read back. Never here: decisions.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::remote::{SEND, Sending};
use super::switched_on::Counted;
use crate::compute::fused::reuse::CountedRelation;
use crate::error::{Context, Kind, Result};
use crate::lake::{create_folders, replace_file, replace_json};
use crate::terms::counted;

/// The journal of a run.
pub struct Journal {
    file: File,
}

#[derive(Serialize)]
struct Line<'a> {
    at: &'a str,
    event: &'a str,
    subject: &'a str,
    detail: &'a str,
}

impl Journal {
    /// Opens the journal in a run's folder.
    ///
    /// # Errors
    /// A folder that can't be written.
    pub fn open(folder: &Path) -> Result<Self> {
        let path = folder.join("journal.jsonl");
        let doing = || format!("opening {}", path.display());
        create_folders(folder).context(Kind::Environment, doing)?;
        let file = OpenOptions::new().create(true).append(true).open(&path).context(Kind::Environment, doing)?;
        Ok(Self { file })
    }

    /// Writes one line and waits until it is on disk.
    ///
    /// # Errors
    /// A full or failing disk.
    pub fn write(&mut self, at: &str, event: &str, subject: &str, detail: &str) -> Result<()> {
        let mut line = serde_json::to_string(&Line { at, event, subject, detail }).context(Kind::Bug, || "writing the journal")?;
        line.push('\n');
        self.file.write_all(line.as_bytes()).context(Kind::Environment, || "writing the journal")?;
        self.file.sync_data().context(Kind::Environment, || "writing the journal")
    }
}

fn read<T: for<'de> Deserialize<'de>>(path: &Path) -> Option<T> {
    serde_json::from_str(&std::fs::read_to_string(path).ok()?).ok()
}

/// Folders of all runs that have begun, in the order in which they did.
///
/// # Errors
/// A folder that can't be read.
pub fn run_folders(runs: &Path) -> Result<Vec<PathBuf>> {
    if !runs.is_dir() {
        return Ok(Vec::new());
    }
    let reading = || format!("reading {}", runs.display());
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(runs).context(Kind::Environment, reading)? {
        let folder = entry.context(Kind::Environment, reading)?.path();
        if folder.join("journal.jsonl").is_file() {
            folders.push(folder);
        }
    }
    folders.sort();
    Ok(folders)
}

/// The name of a run, as its folder bears it.
pub fn name_of(folder: &Path) -> String {
    folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// Everything was computed and published.
    Done,
    /// Published, with something held or failed.
    DoneWithHeld,
    /// Computed, but too much was held: readers still see the run before.
    KeptBack,
    /// Only loaded.
    Loaded,
    /// A past day, computed beside what readers see.
    PastDay,
    /// It stopped on an error.
    Failed,
}

/// Seconds and memory of one stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StageTime {
    /// Name of the stage.
    pub stage: String,
    /// Wall-clock seconds.
    pub seconds: f64,
    /// Peak resident memory of the process so far, bytes.
    pub peak_memory: u64,
}

/// What happened to one source table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub struct TableResult {
    /// Rows of the whole table afterwards.
    pub rows: u64,
    /// Version in the lake afterwards.
    pub version: u64,
    /// Months that were rewritten.
    pub months_written: usize,
    /// Months that were as before.
    pub months_unchanged: usize,
    /// Months that vanished from the extract.
    pub months_removed: usize,
    /// Records seen, loaded, quarantined, duplicates, filtered, over all its files.
    pub records: [u64; 5],
    /// The newest date that it speaks of, not after the as-of date; none after a mere load, and for tables without months.
    #[serde(default)]
    pub newest: Option<String>,
    /// Good records that stay out because the table is held.
    #[serde(default)]
    pub records_held: u64,
    /// What was left out although somebody may have meant it: headers, worksheets, files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<String>,
    /// Why it is held.
    pub held: Option<String>,
    /// The kinds of those reasons ([`crate::ingest::HeldBecause::word`]).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held_because: Vec<String>,
}

/// Rows that were loaded with a remark: an unknown header, label or code, or a check of severity `warn`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Warning {
    /// Source table.
    pub table: String,
    /// Name of the check.
    pub check: String,
    /// What it says.
    pub says: String,
    /// Rows; of an unknown header one.
    pub rows: u64,
}

/// `run_results.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunResults {
    /// Run.
    pub run: String,
    /// Assessment.
    pub project: String,
    /// As-of date.
    pub as_of: String,
    /// Period.
    pub period: String,
    /// When it began and ended, as text.
    pub started: String,
    /// When it ended.
    pub finished: String,
    /// How.
    pub status: RunStatus,
    /// Stages in their order.
    pub stages: Vec<StageTime>,
    /// Source tables.
    pub tables: BTreeMap<String, TableResult>,
    /// Indicators that are held or failed, with the reason.
    pub held_indicators: BTreeMap<String, String>,
    /// Indicators computed.
    pub indicators: usize,
    /// Seconds spent on each indicator, over all its months: where the time of `assess` goes.
    #[serde(default)]
    pub indicator_seconds: BTreeMap<String, f64>,
    /// Seconds spent on each population that several indicators read.
    #[serde(default)]
    pub population_seconds: BTreeMap<String, f64>,
    /// Seconds spent on each detector: where the time of `findings` goes.
    #[serde(default)]
    pub detector_seconds: BTreeMap<String, f64>,
    /// Result table → blake3 of its file: what was shown can be told from what was changed afterwards.
    #[serde(default)]
    pub table_hashes: BTreeMap<String, String>,
    /// What was counted anew for the indicators and what was kept from earlier runs, by relation and moment.
    #[serde(default)]
    pub counted: Vec<CountedRelation>,
    /// Assessed objects, and how many of them are ranked.
    pub scorecards: usize,
    /// Ranked objects.
    pub ranked: usize,
    /// Findings by detector.
    pub findings: BTreeMap<String, usize>,
    /// Detectors that failed, with the engine's words.
    #[serde(default)]
    pub failed_detectors: BTreeMap<String, String>,
    /// What was noticed about loaded rows.
    #[serde(default)]
    pub warnings: Vec<Warning>,
    /// Units that sent nothing lately: table, unit, last date.
    pub not_reported: Vec<String>,
    /// The stopped run that this one goes on from, and how many tables it took over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resumes: Option<(String, usize)>,
    /// What published runs, this one among them, have counted of dynamic indicators.
    #[serde(default)]
    pub switched_on: Counted,
    /// Source tables that scored indicators read and no source gives, in a sentence.
    #[serde(default)]
    pub without_source: Option<String>,
    /// The as-of date of the run that was current, where this one's is older.
    #[serde(default)]
    pub back_from: Option<String>,
    /// The page to open first, relative to the run's folder.
    pub report: Option<String>,
    /// Pages of the report, and those of them that say what they said in the run before.
    #[serde(default)]
    pub pages: [usize; 2],
    /// The error that stopped it.
    pub error: Option<String>,
    /// Whether they went to the object store that the project names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sending: Option<Sending>,
}

impl RunResults {
    /// Whether everything was computed from what was delivered tonight.
    pub fn is_whole(&self) -> bool {
        let nothing_held = self.tables.values().all(|table| table.held.is_none());
        nothing_held && self.held_indicators.is_empty() && self.failed_detectors.is_empty()
    }

    /// The process exit code of this outcome.
    pub fn exit_code(&self) -> u8 {
        let nothing_held = || self.tables.values().all(|table| table.held.is_none());
        let here = match self.status {
            RunStatus::Done => 0,
            RunStatus::Loaded if nothing_held() => 0,
            RunStatus::PastDay if self.is_whole() => 0,
            _ => 1,
        };
        self.sending.as_ref().map_or(here, |sending| here.max(sending.exit_code))
    }

    /// Those that a run has left; `None` where it did not come so far, or they are damaged.
    pub fn of(folder: &Path) -> Option<Self> {
        read(&folder.join("run_results.json"))
    }

    /// Whether readers see the run, or have seen it.
    pub fn is_published(&self) -> bool {
        matches!(self.status, RunStatus::Done | RunStatus::DoneWithHeld)
    }

    /// The results as they were before anything was sent: that is what goes to the object store.
    pub fn before_sending(mut self) -> Self {
        self.stages.retain(|stage| stage.stage != SEND);
        Self { sending: None, ..self }
    }

    /// `41 rows in 3 tables`, for what was loaded with a remark; `None` when nothing was.
    pub fn warned(&self) -> Option<String> {
        let tables: BTreeSet<&str> = self.warnings.iter().map(|warning| warning.table.as_str()).collect();
        let rows: u64 = self.warnings.iter().map(|warning| warning.rows).sum();
        (rows > 0).then(|| format!("{} in {}", counted(rows as usize, "row"), counted(tables.len(), "table")))
    }

    /// Writes `run_results.json` and `metrics.prom`.
    ///
    /// # Errors
    /// A folder that can't be written.
    pub fn write(&self, folder: &Path) -> Result<()> {
        replace_json(&folder.join("run_results.json"), self)?;
        replace_file(&folder.join("metrics.prom"), self.metrics().as_bytes())
    }

    /// The metrics as a node-exporter textfile.
    fn metrics(&self) -> String {
        let mut text = String::from("# TYPE kaohe_stage_seconds gauge\n");
        for stage in &self.stages {
            text.push_str(&format!("kaohe_stage_seconds{{stage=\"{}\"}} {:.3}\n", stage.stage, stage.seconds));
        }
        text.push_str("# TYPE kaohe_records gauge\n");
        for (table, result) in &self.tables {
            for (what, count) in ["seen", "loaded", "quarantined", "duplicates", "filtered"].iter().zip(result.records) {
                text.push_str(&format!("kaohe_records{{table=\"{table}\",what=\"{what}\"}} {count}\n"));
            }
            text.push_str(&format!("kaohe_records{{table=\"{table}\",what=\"held\"}} {}\n", result.records_held));
        }
        text.push_str("# TYPE kaohe_table_held gauge\n");
        for (table, result) in &self.tables {
            text.push_str(&format!("kaohe_table_held{{table=\"{table}\"}} {}\n", u8::from(result.held.is_some())));
        }
        let findings: usize = self.findings.values().sum();
        text.push_str(&format!("# TYPE kaohe_scorecards gauge\nkaohe_scorecards {}\n", self.scorecards));
        text.push_str(&format!("# TYPE kaohe_findings gauge\nkaohe_findings {findings}\n"));
        text.push_str(&format!("# TYPE kaohe_units_not_reported gauge\nkaohe_units_not_reported {}\n", self.not_reported.len()));
        let peak = self.stages.iter().map(|stage| stage.peak_memory).max().unwrap_or(0);
        text.push_str(&format!("# TYPE kaohe_peak_memory_bytes gauge\nkaohe_peak_memory_bytes {peak}\n"));
        if let Some(seconds) = seconds_of(&self.finished) {
            text.push_str(&format!("# TYPE kaohe_finished_timestamp_seconds gauge\nkaohe_finished_timestamp_seconds {seconds}\n"));
        }
        let held = self.held_indicators.len();
        text.push_str(&format!("# TYPE kaohe_held_indicators gauge\nkaohe_held_indicators {held}\n"));
        if let Some(sending) = &self.sending {
            text.push_str(&format!("# TYPE kaohe_sent gauge\nkaohe_sent {}\n", u8::from(sending.sent)));
        }
        text.push_str(&format!("# TYPE kaohe_exit_code gauge\nkaohe_exit_code {}\n", self.exit_code()));
        text
    }
}

/// Seconds since 1970 of a time as results hold it.
fn seconds_of(text: &str) -> Option<i64> {
    text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second)
}

/// `manifest.json`: what the results were computed from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Run.
    pub run: String,
    /// Version of kaohe.
    pub engine: String,
    /// As-of date.
    pub as_of: String,
    /// Period.
    pub period: String,
    /// Seed of the bootstrap.
    pub seed: u64,
    /// blake3 over every file of the library, by path.
    pub library: BTreeMap<String, String>,
    /// Scheme name and blake3 of its text.
    pub scheme: (String, String),
    /// Source table → lake version.
    pub lake_versions: BTreeMap<String, u64>,
}

impl Manifest {
    /// That of a run; `None` where it did not come so far, or it is damaged.
    pub fn of(folder: &Path) -> Option<Self> {
        read(&folder.join("manifest.json"))
    }

    /// Writes it.
    ///
    /// # Errors
    /// A folder that can't be written.
    pub fn write(&self, folder: &Path) -> Result<()> {
        replace_json(&folder.join("manifest.json"), self)
    }
}
