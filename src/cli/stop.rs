//! What happens when somebody ends the process: SIGINT (130), SIGTERM (143).
//!
//! In: the signal, what the command at hand was doing. Out: a last line in the run's journal, its unfinished files removed, the project's hook told, the exit
//! code, all within half a minute. Never here: half a switch: a step that replaces what readers see is waited for, and a run that came so far ends by
//! itself.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use super::hooks::{self, Ended, Told};
use super::surroundings::{now, take_bar_away};
use crate::error::Result;
use crate::project::Hooks;

/// Held while readers are switched.
static SWITCHING: Mutex<()> = Mutex::new(());
/// Readers have been switched to what this process made.
static HAS_SWITCHED: AtomicBool = AtomicBool::new(false);
/// What readers were switched to is on its way to an object store.
static IS_SENDING: AtomicBool = AtomicBool::new(false);
/// The process is about to end, and its job goes no further.
static IS_ENDING: AtomicBool = AtomicBool::new(false);
/// Whom to tell, and of what.
static LAST_WORDS: Mutex<Option<(Hooks, Told)>> = Mutex::new(None);

/// How often unfinished files are tried to be removed.
const TRIES: u32 = 20;

const STOPPED_SENDING: &str = "; the run is current here, and the store shows what it showed before: `kaohe publish` sends the rest";

/// How long a switch, and then the end of the process, is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// The signal that an exit code stands for.
pub fn name_of(code: u8) -> &'static str {
    if code == 130 { "SIGINT" } else { "SIGTERM" }
}

/// From now on whoever ends the process has this told.
pub fn with_last_words(hooks: &Hooks, told: &Told) {
    *LAST_WORDS.lock().unwrap_or_else(PoisonError::into_inner) = Some((hooks.clone(), told.clone()));
}

/// The job has ended by itself: it is told so, unless a signal came first. Then everything is said already, and the process is about to end.
pub fn tell(ended: &Result<(u8, String)>) {
    if let Some((hooks, told)) = take_words() {
        hooks::tell(&hooks, &told, &Ended::of(ended));
    }
}

fn take_words() -> Option<(Hooks, Told)> {
    LAST_WORDS.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// Does the step that switches readers; a signal waits for it.
pub fn switch(step: &mut dyn FnMut() -> Result<()>) -> Result<()> {
    let _switching = SWITCHING.lock().unwrap_or_else(PoisonError::into_inner);
    step().inspect(|()| HAS_SWITCHED.store(true, Ordering::SeqCst))
}

/// Results are on their way to an object store, or are not any more: that may take long, and a signal ends it.
pub fn sends(is_under_way: bool) {
    IS_SENDING.store(is_under_way, Ordering::SeqCst);
}

/// Where the job turns to its surroundings it stands still once the process is about to end: it would go on making what is being removed.
pub fn stand_still_if_ending() {
    while IS_ENDING.load(Ordering::SeqCst) {
        std::thread::park();
    }
}

/// Ends the process on a signal. `consequence` says what that means for whoever reads results.
pub fn exit_on_signals(consequence: &'static str) {
    std::thread::spawn(move || {
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
            end(code, consequence);
        }
    });
}

fn end(code: u8, consequence: &str) {
    // Nobody may switch readers any more: the lock is kept until the process is gone.
    let _nobody_switches = lock_within(PATIENCE);
    take_bar_away();
    let is_sending = IS_SENDING.load(Ordering::SeqCst);
    if HAS_SWITCHED.load(Ordering::SeqCst) && !is_sending {
        eprintln!("{} came after readers were switched: the run ends by itself", name_of(code));
        std::thread::sleep(PATIENCE);
    } else {
        IS_ENDING.store(true, Ordering::SeqCst);
        eprintln!("stopped by {}{}", name_of(code), if is_sending { STOPPED_SENDING } else { consequence });
        if let Some((hooks, told)) = take_words() {
            leave(&hooks, &told, code);
        }
    }
    std::process::exit(code.into());
}

/// Writes the run's last line, unless it has not begun, tells the hook, and removes unfinished files, with which nobody will go on.
fn leave(hooks: &Hooks, told: &Told, code: u8) {
    let folder = told.out.join("runs").join(&told.run);
    if let Ok(mut journal) = std::fs::OpenOptions::new().append(true).open(folder.join("journal.jsonl")) {
        let line = serde_json::json!({"at": now(), "event": "run-stopped", "subject": told.run, "detail": name_of(code)});
        let _ = writeln!(journal, "{line}").and_then(|()| journal.sync_data());
    }
    hooks::tell(hooks, told, &Ended::BySignal(code));
    // What the job was writing it may write to its end; a disk that refuses is not waited for.
    let staging = folder.join("staging");
    for _ in 0..TRIES {
        if !staging.is_dir() {
            break;
        }
        if std::fs::remove_dir_all(&staging).is_err() {
            std::thread::sleep(PATIENCE / 100);
        }
    }
}

fn lock_within(patience: Duration) -> Option<MutexGuard<'static, ()>> {
    let begun = Instant::now();
    while begun.elapsed() < patience {
        match SWITCHING.try_lock() {
            Ok(guard) => return Some(guard),
            Err(TryLockError::Poisoned(poisoned)) => return Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(5)),
        }
    }
    None
}
