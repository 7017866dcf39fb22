//! `kaohe publish`: the current run goes to the object store once more, where a night could not send it.
//!
//! In: the project's `[publish]`, `current.json`. Out: the store as it should be; the run's results say so. Never here: a new run.

use super::Common;
use super::runs::current;
use super::surroundings::{Terminal, hold_lake};
use crate::error::{Error, Kind, Result};
use crate::nightly::journal::{Journal, RunResults};
use crate::nightly::{left, remote};
use crate::project::PROJECT_FILE;

/// Sends what is missing; with nothing missing it says so.
pub fn publish(common: &Common) -> Result<u8> {
    let opened = common.open()?;
    if opened.project.is_none() {
        eprintln!("{}", opened.diagnostics.to_text_of(|file| file == PROJECT_FILE));
    }
    let out = common.out(&opened.directory);
    let publish = opened.project.and_then(|project| project.publish).ok_or_else(|| {
        Error::new(Kind::Configuration, format!("{PROJECT_FILE} names no object store"))
            .with_hint("write [publish] to = \"$KAOHE_STORE\", a variable that holds s3://bucket/prefix")
    })?;
    let terminal = Terminal::new(common.quiet, common.log_format == "json");
    // Nobody may load, or switch to another run, while this one goes.
    let (own, _lock) = hold_lake(&out)?;
    let run = current(&out)?.run;
    let folder = out.join("runs").join(&run.0);
    let (_, results) = left::records_of(&out, &run.0)?;
    let mut results = results.before_sending();
    results.write(&folder)?;
    remote::send(&publish, &out, &own.0, &mut results, &mut Journal::open(&folder)?, &terminal)?;
    terminal.finish();
    results.write(&folder)?;
    say!("{}", said(&results));
    Ok(results.sending.map_or(0, |sending| sending.exit_code))
}

/// One line on what became of the sending, for a summary; none where no store is named.
pub fn said(results: &RunResults) -> String {
    match &results.sending {
        None => String::new(),
        Some(sending) if sending.sent && sending.objects == 0 => format!("sent       {} shows {} already\n", sending.to, results.run),
        Some(sending) if sending.sent => {
            format!("sent       {}, {} bytes to {}\n", crate::terms::counted(sending.objects, "object"), sending.bytes, sending.to)
        }
        Some(sending) => {
            let reason = super::runs::indented(sending.reason.as_deref().unwrap_or(""), "     ");
            format!("not sent   {reason}\n           the run is current here; `kaohe publish` sends it\n")
        }
    }
}
