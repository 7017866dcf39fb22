//! Who is told how a night ended: a command of the project's own.
//!
//! In: `[hooks]` of kaohe.toml, how a run or load ended. Out: the command, called once with what happened in its environment. Never here: a channel (a chat, a
//! mail), which is the command's; another exit code because the telling failed.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::project::Hooks;

/// A command that has not ended by then is ended: the next night must not wait for a chat.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is told.
pub struct Told<'a> {
    /// `run` or `load`.
    pub command: &'a str,
    /// The run.
    pub run: &'a str,
    /// State of the facts.
    pub as_of: String,
    /// Where `runs/` stands.
    pub out: &'a Path,
    /// The exit code and the lines that were printed, or what it stopped on.
    pub ended: Result<(u8, &'a str), &'a Error>,
}

/// Calls the command for how it ended, in the project's folder. What it says goes to standard error; that it failed is told, and changes nothing.
pub fn tell(hooks: &Hooks, directory: &Path, told: &Told<'_>) {
    let (event, command, code, summary) = match told.ended {
        Ok((0, summary)) => ("success", &hooks.success, 0, summary.to_owned()),
        Ok((code, summary)) => ("held", &hooks.held, code, summary.to_owned()),
        Err(error) => ("failure", &hooks.failure, error.kind.exit_code(), error.to_string()),
    };
    let Some(command) = command.as_ref().filter(|command| !command.trim().is_empty()) else { return };
    let mut process = Command::new("sh");
    process
        .args(["-c", command])
        .current_dir(directory)
        .env("KAOHE_EVENT", event)
        .env("KAOHE_COMMAND", told.command)
        .env("KAOHE_RUN", told.run)
        .env("KAOHE_AS_OF", &told.as_of)
        .env("KAOHE_OUT", told.out)
        .env("KAOHE_EXIT_CODE", code.to_string())
        .env("KAOHE_SUMMARY", summary.trim_end())
        .stdin(Stdio::null())
        .stdout(std::io::stderr());
    if let Err(says) = finish(&mut process) {
        tell_line!("warning: the hook for {event} in kaohe.toml {says}: {command}");
    }
}

/// Runs a command to its end, or to the end of [`PATIENCE`].
fn finish(process: &mut Command) -> Result<(), String> {
    let mut child = process.spawn().map_err(|error| format!("could not be started ({error})"))?;
    let begun = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => return Err(format!("ended with {status}")),
            Ok(None) if begun.elapsed() < PATIENCE => std::thread::sleep(Duration::from_millis(20)),
            Ok(None) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("was still running after {} s and was ended", PATIENCE.as_secs()));
            }
            Err(error) => return Err(format!("could not be waited for ({error})")),
        }
    }
}
