//! The world outside: clock, memory, signals, progress.
//!
//! In: the operating system. Out: [`Terminal`], which the nightly job sees as its surroundings. Never here: the job.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::civil::{Date, DateTime};

use crate::error::{Context, Kind, Result};
use crate::nightly::Surroundings;
use crate::terms::RunId;

/// Now in Shanghai.
fn shanghai_now() -> DateTime {
    jiff::tz::Offset::constant(8).to_datetime(jiff::Timestamp::now())
}

/// The last day that is over in Shanghai.
pub fn yesterday() -> Date {
    shanghai_now().date().yesterday().expect("the calendar does not begin today")
}

/// A new run's identifier: its start in Shanghai and four random hexadecimal digits.
pub fn new_run() -> RunId {
    RunId(format!("{}-{:04x}", shanghai_now().strftime("%Y%m%dT%H%M%S"), rand::random::<u16>()))
}

/// Ends the process on SIGINT (130) and SIGTERM (143). Nothing needs undoing: results become current in one last step.
pub fn exit_on_signals() {
    std::thread::spawn(|| {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
        let code = runtime.block_on(async {
            use tokio::signal::unix::{SignalKind, signal};
            let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate())) else {
                return None;
            };
            tokio::select! {
                _ = interrupt.recv() => Some(130),
                _ = terminate.recv() => Some(143),
            }
        });
        if let Some(code) = code {
            eprintln!("stopped by a signal; nothing was published, readers still see the run before");
            std::process::exit(code);
        }
    });
}

/// Memory that the engine may use by default: 60 % of what is available.
pub fn default_memory() -> Option<usize> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("MemAvailable:"))?;
    let kilobytes: usize = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1024 / 10 * 6)
}

/// Where the SQL shell keeps its history: the XDG state folder.
pub fn history_file() -> Option<std::path::PathBuf> {
    let state = std::env::var_os("XDG_STATE_HOME").map(std::path::PathBuf::from);
    let state = state.or_else(|| Some(std::path::PathBuf::from(std::env::var_os("HOME")?).join(".local/state")))?;
    Some(state.join("kaohe/sql_history"))
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
    quiet: bool,
    json: bool,
    bar: Option<ProgressBar>,
    bytes: AtomicU64,
    stage: Mutex<String>,
}

impl Terminal {
    /// A bar on a terminal, plain or JSON lines elsewhere, nothing when `quiet`.
    pub fn new(quiet: bool, json: bool) -> Self {
        let on_terminal = console_is_terminal();
        let bar = (!quiet && !json && on_terminal).then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            let style = ProgressStyle::with_template("{spinner} {msg} {decimal_bytes} {elapsed}").expect("the template is well formed");
            bar.set_style(style);
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        Self { begun: Instant::now(), quiet, json, bar, bytes: AtomicU64::new(0), stage: Mutex::new(String::new()) }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn console_is_terminal() -> bool {
    use std::io::IsTerminal;
    std::io::stderr().is_terminal()
}

impl Surroundings for Terminal {
    fn now(&self) -> String {
        format!("{}+08:00", shanghai_now().strftime("%Y-%m-%dT%H:%M:%S"))
    }

    fn elapsed(&self) -> f64 {
        self.begun.elapsed().as_secs_f64()
    }

    fn peak_memory(&self) -> u64 {
        let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with("VmHWM:"));
        line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok()).map_or(0, |kilobytes| kilobytes * 1024)
    }

    fn stage(&self, name: &str) {
        if let Ok(mut stage) = self.stage.lock() {
            *stage = name.to_owned();
        }
        match &self.bar {
            Some(bar) => bar.set_message(name.to_owned()),
            None if self.quiet => {}
            None if self.json => {
                eprintln!("{}", serde_json::json!({"at": self.now(), "event": "stage", "stage": name, "seconds": self.elapsed()}))
            }
            None => eprintln!("{:>8.1} s  {name}", self.elapsed()),
        }
    }

    fn advance(&self, bytes: u64) {
        let total = self.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if let Some(bar) = &self.bar {
            bar.set_position(total);
        }
    }

    fn identity(&self) -> (u32, String) {
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        (std::process::id(), host.trim().to_owned())
    }
}
