//! The world outside: clock, memory, signals, progress, this program itself.
//!
//! In: the operating system. Out: [`Terminal`], which the nightly job sees as its surroundings; [`Reading`], room for a command that reads what runs
//! left; names of new runs, the writer's lock, temporary folders. Never here: the job; what a signal does ([`super::stop`]).

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{DecimalBytes, ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::civil::{Date, DateTime};

use super::Common;
use super::stop::stand_still_if_ending;
use crate::compute::counting_session::Limits;
use crate::error::{Context, Error, Kind, Result};
use crate::lake::{SpillFolder, WriterLock};
use crate::nightly::{Surroundings, Work};
use crate::process_memory;
use crate::release::hash_file;
use crate::terms::{RunId, counted};

/// Now in Shanghai.
fn shanghai_now() -> DateTime {
    jiff::tz::Offset::constant(8).to_datetime(jiff::Timestamp::now())
}

/// The last day that is over in Shanghai.
pub fn yesterday() -> Date {
    shanghai_now().date().yesterday().expect("the calendar does not begin today")
}

/// The day that is not over yet, in Shanghai.
pub fn today() -> Date {
    shanghai_now().date()
}

/// A new run's identifier: its start in Shanghai and four random hexadecimal digits. Runs are ordered by it.
///
/// # Errors
/// A clock that stands before the start of a run that is there already: what it calls yesterday would be another day.
pub fn new_run(out: &Path) -> Result<RunId> {
    let begun = shanghai_now();
    let known = std::fs::read_dir(out.join("runs")).into_iter().flatten().flatten();
    let newest = known.map(|entry| entry.file_name().to_string_lossy().into_owned()).filter(|name| name.starts_with('2')).max();
    let start_of = |run: &String| run.split('-').next().unwrap_or_default().to_owned();
    let stamp = match newest.as_ref().map(start_of) {
        Some(newest) if newest >= start_of_second(begun) => {
            let newest: DateTime = DateTime::strptime("%Y%m%dT%H%M%S", &newest)
                .context(Kind::Environment, || format!("reading when the run {newest} began"))?;
            let back = newest.duration_since(begun);
            if back > CLOCK_TOLERANCE {
                let says = format!("this machine's clock stands at {begun}, but a run began at {newest} already");
                return Err(Error::new(Kind::Environment, says).with_hint("set the clock (timedatectl), then run again; if that run's folder came from a machine whose clock was ahead, move it out of runs/"));
            }
            start_of_second(newest.saturating_add(jiff::Span::new().seconds(1)))
        }
        _ => start_of_second(begun),
    };
    Ok(RunId(unique(&stamp)))
}

/// A path from the root of the file system: a hook may stand in another folder.
pub fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// The lake below `out`, for this process alone; and the name under which it holds it.
pub fn hold_lake(out: &Path) -> Result<(RunId, WriterLock)> {
    let (run, (pid, host)) = (new_run(out)?, identity());
    let lock = WriterLock::acquire(&out.join("lake").join(".lock"), &run, pid, &host, &now())?;
    Ok((run, lock))
}

/// This process, and the machine.
fn identity() -> (u32, String) {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    (std::process::id(), host.trim().to_owned())
}

/// Seconds since 1970.
pub fn seconds_now() -> i64 {
    jiff::Timestamp::now().as_second()
}

/// A name that nobody else has, for what is tried and removed.
pub fn unique_name() -> String {
    unique(&start_of_second(shanghai_now()))
}

fn start_of_second(at: DateTime) -> String {
    at.strftime("%Y%m%dT%H%M%S").to_string()
}

fn unique(stamp: &str) -> String {
    format!("{stamp}-{:04x}", rand::random::<u16>())
}

/// A clock that was set back by so little, as time servers do, orders runs all the same.
const CLOCK_TOLERANCE: jiff::SignedDuration = jiff::SignedDuration::from_mins(5);

/// What tells this build from another of the same version, for what must not outlive it.
pub fn build() -> String {
    let of_file = std::env::current_exe().and_then(std::fs::metadata).and_then(|metadata| Ok((metadata.len(), metadata.modified()?)));
    format!("{ENGINE} {of_file:?}")
}

/// Memory that the engine may use by default: 60 % of what is available.
pub fn default_memory() -> Option<usize> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("MemAvailable:"))?;
    let kilobytes: usize = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1024 / 10 * 6)
}

/// Cores, memory and room to spill for a command that reads what runs left.
pub struct Reading {
    /// Cores.
    pub cores: usize,
    memory: Option<usize>,
    spill: SpillFolder,
}

impl Reading {
    /// Beside the lake below `out`; the folder goes with this value.
    pub fn of(common: &Common, out: &Path) -> Result<Self> {
        let spill = SpillFolder::new(&out.join("lake"), &format!("reader-{}", std::process::id()))?;
        Ok(Self { cores: cores(), memory: common.memory_limit.or_else(default_memory), spill })
    }

    /// The same, as counting takes it.
    pub fn limits(&self) -> Limits<'_> {
        Limits { memory: self.memory, spill: self.spill.path(), partitions: self.cores }
    }
}

/// Bytes as people read them: `1.20 GB`.
pub fn human(bytes: u64) -> String {
    DecimalBytes(bytes).to_string()
}

/// Where the SQL shell keeps its history: the XDG state folder.
pub fn history_file() -> Option<PathBuf> {
    let state = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from);
    let state = state.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".local/state")))?;
    Some(state.join("kaohe/sql_history"))
}

/// The password of a secret key: `KAOHE_KEY_PASSWORD`.
pub fn key_password() -> Option<String> {
    std::env::var("KAOHE_KEY_PASSWORD").ok().filter(|password| !password.is_empty())
}

/// Version of this program.
pub const ENGINE: &str = env!("CARGO_PKG_VERSION");

/// Digest of this program: two builds of one version may write different pages.
pub fn program() -> Result<String> {
    std::env::current_exe().and_then(|path| hash_file(&path)).context(Kind::Environment, || "reading this program")
}

/// The time as texts of runs and releases hold it.
pub fn now() -> String {
    format!("{}+08:00", shanghai_now().strftime("%Y-%m-%dT%H:%M:%S"))
}

/// A folder of this process alone, which goes with this value: for what needs no project.
pub struct TemporaryFolder(PathBuf);

impl TemporaryFolder {
    /// Makes it in the system's folder for such.
    pub fn make() -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("kaohe-{}", std::process::id()));
        let doing = || format!("making the temporary folder {}", folder.display());
        // What a process of the same number left is nobody's any more; what is not ours refuses to go.
        if folder.exists() {
            std::fs::remove_dir_all(&folder).context(Kind::Environment, doing)?;
        }
        std::fs::create_dir(&folder).context(Kind::Environment, doing)?;
        Ok(Self(folder))
    }

    /// Where it is.
    pub fn path(&self) -> &std::path::Path {
        &self.0
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Cores of this machine.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}

/// Threads for a reader's session; at least two, since the SQL shell waits for keys on one.
pub fn runtime(cores: usize) -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(cores.max(2))
        .enable_all()
        .build()
        .context(Kind::Environment, || "starting worker threads")
}

/// Where progress goes.
pub struct Terminal {
    begun: Instant,
    voice: Voice,
}

enum Voice {
    /// A bar for each stage, in one line.
    Bar,
    /// A line for each stage.
    Lines,
    /// The same as JSON.
    Json,
    /// `--quiet`.
    Silent,
}

/// The bar that is on the terminal: known to all, so that a signal can take it away before the process speaks its last words.
static SHOWN: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// Redraws a second.
const FRAMES: u8 = 8;

impl Terminal {
    /// A bar on a terminal, plain or JSON lines elsewhere, nothing when `quiet`.
    pub fn new(quiet: bool, json: bool) -> Self {
        let voice = match (quiet, json) {
            (true, _) => Voice::Silent,
            (_, true) => Voice::Json,
            _ if is_terminal_that_draws() => Voice::Bar,
            _ => Voice::Lines,
        };
        Self { begun: Instant::now(), voice }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        take_bar_away();
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        take_bar_away();
    }
}

/// Takes the bar away, so that what is said next stands on a line of its own.
pub fn take_bar_away() {
    if let Some(bar) = SHOWN.lock().ok().and_then(|mut shown| shown.take()) {
        // Frames are seldom drawn; the last one shows how far the stage came.
        bar.abandon();
        bar.finish_and_clear();
    }
}

/// A stage's own bar: one that changed its style and its length would show a frame with half of each.
fn put_bar(name: &str, work: Work) {
    take_bar_away();
    let (length, message) = match work {
        Work::Bytes(bytes) => (Some(bytes), String::new()),
        Work::Things(count, word) => (Some(count as u64), counted(count, word)),
        Work::Unknown => (None, String::new()),
    };
    let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::stderr_with_hz(FRAMES))
        .with_style(style_of(work))
        .with_prefix(name.to_owned())
        .with_message(message);
    bar.enable_steady_tick(Duration::from_secs(1) / u32::from(FRAMES));
    if let Ok(mut shown) = SHOWN.lock() {
        *shown = Some(bar);
    }
}

fn with_bar(change: impl Fn(&ProgressBar)) {
    if let Ok(shown) = SHOWN.lock() {
        shown.as_ref().inspect(|bar| change(bar));
    }
}

fn is_terminal_that_draws() -> bool {
    use std::io::IsTerminal;
    std::io::stderr().is_terminal() && std::env::var_os("TERM").is_some_and(|term| term != "dumb")
}

/// How the bar of a stage looks: a share and what it is a share of, where the work is known.
fn style_of(work: Work) -> ProgressStyle {
    let template = match work {
        Work::Bytes(_) => "{prefix:<9} [{bar:24}] {decimal_bytes} of {decimal_total_bytes}  {elapsed}  {wide_msg}",
        Work::Things(..) => "{prefix:<9} [{bar:24}] {pos} of {msg}  {elapsed}",
        Work::Unknown => "{prefix:<9} {spinner} {elapsed}  {wide_msg}",
    };
    ProgressStyle::with_template(template).expect("the template is well formed").progress_chars("=> ").tick_chars("|/-\\ ")
}

impl Surroundings for Terminal {
    fn now(&self) -> String {
        stand_still_if_ending();
        now()
    }

    fn elapsed(&self) -> f64 {
        self.begun.elapsed().as_secs_f64()
    }

    fn peak_memory(&self) -> u64 {
        process_memory::peak().unwrap_or(0)
    }

    fn stage(&self, name: &str, work: Work) {
        stand_still_if_ending();
        let words = match work {
            Work::Bytes(bytes) => human(bytes),
            Work::Things(count, word) => counted(count, word),
            Work::Unknown => String::new(),
        };
        match &self.voice {
            Voice::Bar => put_bar(name, work),
            Voice::Lines if words.is_empty() => eprintln!("{:>8.1} s  {name}", self.elapsed()),
            Voice::Lines => eprintln!("{:>8.1} s  {name} ({words})", self.elapsed()),
            Voice::Json => {
                let mut line = serde_json::json!({"at": self.now(), "event": "stage", "stage": name, "seconds": self.elapsed()});
                match work {
                    Work::Bytes(bytes) => line["bytes"] = bytes.into(),
                    Work::Things(count, word) => line[format!("{word}s")] = count.into(),
                    Work::Unknown => {}
                }
                eprintln!("{line}");
            }
            Voice::Silent => {}
        }
    }

    fn busy_with(&self, subject: &str) {
        stand_still_if_ending();
        if matches!(self.voice, Voice::Bar) {
            with_bar(|bar| bar.set_message(subject.to_owned()));
        }
    }

    fn advance(&self, amount: u64) {
        stand_still_if_ending();
        if matches!(self.voice, Voice::Bar) {
            with_bar(|bar| bar.inc(amount));
        }
    }

    fn sends(&self, is_under_way: bool) {
        super::stop::sends(is_under_way);
    }

    fn switch(&self, step: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        super::stop::switch(step)
    }

    fn identity(&self) -> (u32, String) {
        identity()
    }
}
