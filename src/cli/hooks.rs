//! Who is told how a night ended: a command of the project's own.
//!
//! In: `[hooks]` of kaohe.toml, how a run or load ended. Out: the command, called once with what happened in its environment. Never here: a channel (a chat, a
//! mail), which is the command's; another exit code because the telling failed.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::error::Result;
use crate::project::Hooks;

/// A command that has not ended by then is ended: the next night must not wait for a chat.
const PATIENCE: Duration = Duration::from_secs(60);

/// As long, where somebody waits for this process to end.
const HASTE: Duration = Duration::from_secs(15);

/// What is told, whatever became of it.
#[derive(Debug, Clone)]
pub struct Told {
    /// `run`, `load` or `backfill`.
    pub command: &'static str,
    /// The run.
    pub run: String,
    /// State of the facts.
    pub as_of: String,
    /// Where `runs/` stands.
    pub out: PathBuf,
    /// The project's folder.
    pub directory: PathBuf,
}

/// How it ended.
pub enum Ended {
    /// By itself: the exit code and the lines that were printed.
    WithCode(u8, String),
    /// On an error: its exit code, and what it says.
    OnError(u8, String),
    /// By a signal: the exit code that stands for it.
    BySignal(u8),
}

impl Ended {
    /// What a job came to.
    pub fn of(ended: &Result<(u8, String)>) -> Self {
        match ended {
            Ok((code, summary)) => Self::WithCode(*code, summary.clone()),
            Err(error) => Self::OnError(error.kind.exit_code(), error.to_string()),
        }
    }
}

/// Calls the command for how it ended, in the project's folder. What it says goes to standard error; that it failed is told, and changes nothing.
pub fn tell(hooks: &Hooks, told: &Told, ended: &Ended) {
    let (event, command, code, summary) = match ended {
        Ended::WithCode(0, summary) => ("success", &hooks.success, 0, summary.clone()),
        Ended::WithCode(1, summary) => ("held", &hooks.held, 1, summary.clone()),
        // Another writer in the object store: somebody has to act tonight.
        Ended::WithCode(code, summary) => ("failure", &hooks.failure, *code, summary.clone()),
        Ended::OnError(code, says) => ("failure", &hooks.failure, *code, says.clone()),
        Ended::BySignal(code) => ("failure", &hooks.failure, *code, format!("stopped by {}", super::stop::name_of(*code))),
    };
    let Some(command) = command.as_ref().filter(|command| !command.trim().is_empty()) else { return };
    let mut process = Command::new("sh");
    process
        .args(["-c", command])
        .current_dir(&told.directory)
        .env("KAOHE_EVENT", event)
        .env("KAOHE_COMMAND", told.command)
        .env("KAOHE_RUN", &told.run)
        .env("KAOHE_AS_OF", &told.as_of)
        .env("KAOHE_OUT", &told.out)
        .env("KAOHE_EXIT_CODE", code.to_string())
        .env("KAOHE_SUMMARY", summary.trim_end())
        .stdin(Stdio::null())
        .stdout(std::io::stderr());
    let patience = if matches!(ended, Ended::BySignal(_)) { HASTE } else { PATIENCE };
    if let Err(says) = finish(&mut process, patience) {
        tell_line!("warning: the hook for {event} in kaohe.toml {says}: {command}");
    }
}

/// Runs a command to its end, or to the end of somebody's patience.
fn finish(process: &mut Command, patience: Duration) -> Result<(), String> {
    let mut child = process.spawn().map_err(|error| format!("could not be started ({error})"))?;
    let begun = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => return Err(format!("ended with {status}")),
            Ok(None) if begun.elapsed() < patience => std::thread::sleep(Duration::from_millis(20)),
            Ok(None) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("was still running after {} s and was ended", patience.as_secs()));
            }
            Err(error) => return Err(format!("could not be waited for ({error})")),
        }
    }
}
