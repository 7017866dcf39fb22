//! A project in a temporary folder, and kaohe as a process that works on it.
//!
//! In: `data-samples/`, or a smaller province that `kaohe simulate` makes. Out: exit codes, texts, result tables, to be judged
//! by the tests. Never here: a call into the library; what users can't reach, these tests don't see.
//!
//! A finished run is made once for each province and shared: tests that change something work on a copy of it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The date of every run; both provinces end with it.
pub const AS_OF: &str = "2026-06-30";

/// Result tables that hold no source lines and no account of files: the same facts give the same bytes in whatever form they came.
pub const FIGURES: [&str; 11] = [
    "measures",
    "values",
    "scores",
    "ranks",
    "scorecards",
    "score_lines",
    "ledger",
    "synergy_pairs",
    "synergy_regions",
    "burden",
    "findings",
];

const PATIENCE: Duration = Duration::from_secs(180);

/// How a kaohe ended.
#[derive(Debug)]
pub struct Ended {
    /// Exit code; `None` when a signal killed it.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }
}

impl Ended {
    /// Both streams.
    pub fn said(&self) -> String {
        format!("{}{}", self.out, self.err)
    }

    /// Fails, with all that was said, unless it ended with `code`.
    #[track_caller]
    pub fn with(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}", self.said());
        self
    }
}

/// A project folder.
pub struct Province {
    folder: PathBuf,
    /// Removes the folder at the end of a test; shared folders are removed by the next run of the tests.
    _temporary: Option<TempDir>,
}

impl Province {
    /// `data-samples/` as it is committed.
    fn take_samples(&self) {
        let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("data-samples");
        for folder in ["sources", "mapping"] {
            copy(&samples.join(folder), &self.path(folder));
        }
        copy(&samples.join("kaohe.toml"), &self.path("kaohe.toml"));
    }

    /// Eight months of a few units, which no run has seen.
    pub fn small() -> Self {
        static SIMULATED: OnceLock<PathBuf> = OnceLock::new();
        let simulated = SIMULATED.get_or_init(|| {
            let province = Self::shared("small");
            simulate(&province, &[]);
            province.folder
        });
        Self::of_copy(simulated)
    }

    /// A folder without anything.
    pub fn empty() -> Self {
        let temporary = TempDir::new().expect("a temporary folder");
        Self { folder: temporary.path().to_owned(), _temporary: Some(temporary) }
    }

    /// A folder that several tests read.
    fn shared(name: &str) -> Self {
        static CLEAN: OnceLock<()> = OnceLock::new();
        let all = Path::new(env!("CARGO_TARGET_TMPDIR"));
        CLEAN.get_or_init(|| remove_left_behind(all));
        let folder = all.join(format!("kaohe-it-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder is made");
        Self { folder, _temporary: None }
    }

    /// A copy of a folder.
    pub fn of_copy(folder: &Path) -> Self {
        let province = Self::empty();
        copy(folder, &province.folder);
        province
    }

    /// A file or folder of the project.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.folder.join(relative)
    }

    /// The project's own folder as text.
    pub fn folder(&self) -> String {
        text(&self.folder)
    }

    /// Writes a file, with the folders above it.
    pub fn write(&self, relative: &str, content: impl AsRef<[u8]>) {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().expect("the path has a folder")).expect("folders are made");
        fs::write(path, content).expect("the file is written");
    }

    /// A file's bytes.
    pub fn read(&self, relative: &str) -> Vec<u8> {
        fs::read(self.path(relative)).unwrap_or_else(|error| panic!("{relative}: {error}"))
    }

    /// A file's text.
    pub fn text(&self, relative: &str) -> String {
        String::from_utf8(self.read(relative)).expect("the file is UTF-8")
    }

    /// Replaces text in a file, which must hold it.
    pub fn replace(&self, relative: &str, old: &str, new: &str) {
        let before = self.text(relative);
        assert!(before.contains(old), "{relative} does not hold {old}");
        self.write(relative, before.replacen(old, new, 1));
    }

    fn arguments<'a>(&'a self, command: &[&'a str], folder: &'a str) -> Vec<&'a str> {
        let mut arguments = command.to_vec();
        arguments.extend(["--project", folder, "--as-of", AS_OF]);
        arguments
    }

    /// kaohe with this project.
    pub fn kaohe(&self, command: &[&str]) -> Ended {
        kaohe(&self.arguments(command, &self.folder()))
    }

    /// The nightly job.
    pub fn run(&self) -> Ended {
        self.kaohe(&["run"])
    }

    /// The nightly job, started and left alone.
    pub fn start(&self) -> Running {
        self.start_with(&["run"])
    }

    /// Another job, started and left alone.
    pub fn start_with(&self, command: &[&str]) -> Running {
        Running::of(&mut self.command(command))
    }

    /// kaohe with this project, to be given more before it is started.
    pub fn command(&self, command: &[&str]) -> Command {
        let mut kaohe = Command::new(env!("CARGO_BIN_EXE_kaohe"));
        kaohe.args(self.arguments(command, &self.folder()));
        kaohe
    }

    /// The run that readers see; `None` before the first.
    pub fn current(&self) -> Option<serde_json::Value> {
        let text = fs::read_to_string(self.path("current.json")).ok()?;
        Some(serde_json::from_str(&text).expect("current.json is JSON"))
    }

    /// Its name.
    #[track_caller]
    pub fn current_run(&self) -> String {
        self.current().expect("a run is current")["run"].as_str().expect("the run is named").to_owned()
    }

    /// Names of all runs, oldest first.
    pub fn runs(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path("runs")).into_iter().flatten().flatten();
        let mut runs: Vec<String> =
            entries.filter(|entry| entry.path().join("journal.jsonl").is_file()).map(|entry| text(Path::new(&entry.file_name()))).collect();
        runs.sort();
        runs
    }

    /// `run_results.json` of a run.
    pub fn results_of(&self, run: &str) -> serde_json::Value {
        serde_json::from_str(&self.text(&format!("runs/{run}/run_results.json"))).expect("run_results.json is JSON")
    }

    /// Why a table was held by the only run.
    #[track_caller]
    pub fn held_in_only_run(&self, table: &str) -> String {
        let runs = self.runs();
        assert_eq!(runs.len(), 1);
        let results = self.results_of(&runs[0]);
        results["tables"][table]["held"].as_str().unwrap_or_else(|| panic!("`{table}` is not held: {results}")).to_owned()
    }

    /// Result tables of the current run, as bytes.
    pub fn tables(&self) -> BTreeMap<String, Vec<u8>> {
        let folder = self.path(&format!("runs/{}/tables", self.current_run()));
        let read =
            |path: PathBuf| (text(Path::new(path.file_stem().expect("a table has a name"))), fs::read(path).expect("a table can be read"));
        fs::read_dir(folder).expect("the current run has tables").map(|entry| read(entry.expect("an entry").path())).collect()
    }

    /// Rows of a query over the current run, as texts, without the header.
    #[track_caller]
    pub fn sql(&self, sql: &str) -> Vec<Vec<String>> {
        let ended = self.kaohe(&["sql", "-c", sql, "--format", "csv"]).with(0);
        let mut reader = csv::Reader::from_reader(ended.out.as_bytes());
        reader.records().map(|record| record.expect("kaohe writes CSV").iter().map(str::to_owned).collect()).collect()
    }

    /// The only value of a query.
    #[track_caller]
    pub fn one(&self, sql: &str) -> String {
        self.sql(sql).into_iter().next().and_then(|row| row.into_iter().next()).unwrap_or_default()
    }

    /// Fails unless readers see a complete and untouched run, or none.
    #[track_caller]
    pub fn assert_readers_see_a_complete_run(&self) {
        let Some(current) = self.current() else { return };
        let run = current["run"].as_str().expect("the run is named");
        let status = self.results_of(run)["status"].as_str().expect("the run has a status").to_owned();
        assert!(status.starts_with("done"), "current.json names the run {run}, which is {status}");
        assert!(self.path(&format!("runs/{run}/report/office/index.html")).is_file(), "the run {run} has no page");
        for (table, hash) in current["tables"].as_object().expect("current.json lists tables") {
            let bytes = self.read(&format!("runs/{run}/tables/{table}.parquet"));
            assert_eq!(hash.as_str(), Some(blake3::hash(&bytes).to_hex().as_str()), "{table} of {run} is not what current.json says");
        }
    }
}

/// A job under way.
pub struct Running {
    child: Child,
    lines: BufReader<std::process::ChildStderr>,
}

impl Running {
    /// Starts a command.
    pub fn of(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("kaohe starts");
        let lines = BufReader::new(child.stderr.take().expect("standard error is a pipe"));
        Self { child, lines }
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it says on standard error that a stage has begun.
    #[track_caller]
    pub fn reach_stage(&mut self, stage: &str) {
        let mut said = String::new();
        let mut line = String::new();
        while self.lines.read_line(&mut line).expect("standard error is text") > 0 {
            let begun = line.split_once(" s  ").and_then(|(_, rest)| rest.split_whitespace().next());
            if begun == Some(stage) {
                return;
            }
            said.push_str(&std::mem::take(&mut line));
        }
        panic!("the stage {stage} was never reached: {said}");
    }

    /// Waits until the journal of the newest run of `province` holds `count` lines with `event`.
    #[track_caller]
    pub fn reach_event(&mut self, province: &Province, known: &[String], event: &str, count: usize) {
        let begun = Instant::now();
        let pattern = format!("\"event\":\"{event}\"");
        while begun.elapsed() < PATIENCE {
            let new = province.runs().into_iter().find(|run| !known.contains(run));
            let journal =
                new.and_then(|run| fs::read_to_string(province.path(&format!("runs/{run}/journal.jsonl"))).ok()).unwrap_or_default();
            if journal.matches(&pattern).count() >= count {
                return;
            }
            if self.child.try_wait().expect("the process can be asked").is_some() {
                panic!("kaohe ended before {count} × {event}: {journal}");
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        panic!("{event} was not reached in {PATIENCE:?}");
    }

    /// Sends a signal by name: `KILL`, `TERM`, `INT`.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").arg(format!("-{name}")).arg(self.pid().to_string()).status().expect("kill runs");
        assert!(status.success() || name == "KILL", "kill -{name} failed");
    }

    /// Waits for its end.
    pub fn wait(mut self) -> Ended {
        let (mut out, mut err) = (String::new(), String::new());
        self.lines.read_to_string(&mut err).expect("standard error is text");
        self.child.stdout.take().expect("standard output is a pipe").read_to_string(&mut out).expect("standard output is text");
        Ended { code: self.child.wait().expect("kaohe ends").code(), out, err }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The samples after their first run: exit code and texts, and the project. To be read only.
pub fn finished_sample() -> &'static (Province, Ended) {
    static FINISHED: OnceLock<(Province, Ended)> = OnceLock::new();
    FINISHED.get_or_init(|| {
        let province = Province::shared("finished-sample");
        province.take_samples();
        let ended = province.run();
        (province, ended)
    })
}

/// The small province after its first run. To be read only.
pub fn finished_small() -> &'static Province {
    &first_small_run().0
}

/// The same, with what was said.
pub fn first_small_run() -> &'static (Province, Ended) {
    static FINISHED: OnceLock<(Province, Ended)> = OnceLock::new();
    FINISHED.get_or_init(|| {
        let province = Province::shared("finished-small");
        simulate(&province, &[]);
        let ended = province.run().with(0);
        (province, ended)
    })
}

/// The small province after the next night's extract as well. To be read only.
pub fn finished_second_night() -> &'static Province {
    static FINISHED: OnceLock<Province> = OnceLock::new();
    FINISHED.get_or_init(|| {
        let province = shared_after("finished-second-night", finished_small());
        simulate(&province, &["--night", "1"]);
        province.run().with(0);
        province
    })
}

/// A copy of a finished province: yesterday's run is there, and tonight's may go wrong.
pub fn after(finished: &Province) -> Province {
    Province::of_copy(&finished.folder)
}

/// Sources that end inside a quotation mark on [`night_of_damage`]; a workbook of inspections is cut besides.
pub const DAMAGED: [&str; 6] = ["units", "item_lists", "devices", "leads", "enterprises", "survey_responses"];

/// The small province after a night on which more was damaged than `[hold]` allows. To be read only.
pub fn night_of_damage() -> &'static (Province, Ended) {
    static FINISHED: OnceLock<(Province, Ended)> = OnceLock::new();
    FINISHED.get_or_init(|| {
        let province = shared_after("night-of-damage", finished_small());
        for table in DAMAGED {
            let file = format!("sources/{table}/{table}.csv");
            province.write(&file, format!("{}\n\"", province.text(&file).trim_end()));
        }
        let cut = province.read("sources/inspections/inspections_1.xlsx");
        province.write("sources/inspections/inspections_1.xlsx", &cut[..cut.len() / 2]);
        let ended = province.run().with(1);
        (province, ended)
    })
}

/// The small province three weeks later, when nobody sent lead transfers. To be read only.
pub fn night_without_transfers() -> &'static Province {
    static FINISHED: OnceLock<Province> = OnceLock::new();
    FINISHED.get_or_init(|| {
        let province = shared_after("night-without-transfers", finished_small());
        fs::remove_dir_all(province.path("sources/lead_transfers")).expect("the source vanishes");
        kaohe(&["run", "--project", &province.folder(), "--as-of", "2026-07-20"]).with(1);
        province
    })
}

/// A copy of a finished province that one test changes and several read.
pub fn shared_after(name: &str, finished: &Province) -> Province {
    let province = Province::shared(name);
    copy(&finished.folder, &province.folder);
    province
}

/// Writes a small province into a folder.
pub fn simulate(province: &Province, more: &[&str]) {
    let folder = province.folder();
    let size = ["simulate", "--units", "8", "--months", "8", "--cases", "300", "--as-of", AS_OF, "--out", &folder];
    kaohe(&[&size, more].concat()).with(0);
    assess_by_few(province);
}

/// Gives a simulated province a policy of some dozens of indicators, and computes no others: what these tests ask of a night does not
/// hang on how many there are, and nearly all the time of a night on so few records is the planning of each.
pub fn assess_by_few(province: &Province) {
    province.write("queries/schemes/2026.toml", small_scheme());
    province.replace("kaohe.toml", "\n[report]\n", "\n[library]\nindicators = \"scheme\"\n\n[report]\n");
}

/// A policy of some dozens of indicators.
pub fn small_scheme() -> String {
    scheme_with(include_str!("small.toml"))
}

/// The shipped policy with another tree.
pub fn scheme_with(tree: &str) -> String {
    let shipped = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/queries/schemes/2026.toml")).expect("the scheme");
    let (head, _) = shipped.split_once("# ==== base class").expect("the tree has a heading");
    format!("{head}{tree}")
}

/// Removes the shared folders of test processes that have ended.
fn remove_left_behind(all: &Path) {
    for entry in fs::read_dir(all).into_iter().flatten().flatten() {
        let name = text(Path::new(&entry.file_name()));
        let owner = name.strip_prefix("kaohe-it-").and_then(|rest| rest.split('-').next());
        if owner.is_some_and(|owner| !Path::new("/proc").join(owner).exists()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// kaohe with these arguments.
pub fn kaohe(arguments: &[&str]) -> Ended {
    Command::new(env!("CARGO_BIN_EXE_kaohe")).args(arguments).output().expect("kaohe starts").into()
}

/// Says on standard error that a test could not be made here; on the build server that is a failure.
pub fn skipped(why: &str) {
    eprintln!("skipped: {why}");
    assert!(std::env::var("CI").as_deref() != Ok("true"), "on the build server nothing is skipped: {why}");
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// Copies a file or a folder.
pub fn copy(from: &Path, to: &Path) {
    // What a reader of a shared province sets aside goes while it is copied.
    if from.ends_with(".spill") {
        return;
    }
    if from.is_dir() {
        fs::create_dir_all(to).expect("a folder is made");
        for entry in fs::read_dir(from).expect("a folder is read") {
            let entry = entry.expect("an entry is read");
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        fs::copy(from, to).unwrap_or_else(|error| panic!("copying {}: {error}", from.display()));
    }
}
