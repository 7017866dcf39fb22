//! A night and the object store: extracts fetched before it loads, the published run sent after it.
//!
//! In: a request, results. Out: the project with every source on the disk; results that say whether they were sent, and why not. Never here: the
//! requests themselves ([`crate::object_storage`]); a night that fails because its results could not be sent: they are current here.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::journal::{Journal, RunResults, StageTime};
use super::{Request, Surroundings, Work};
use crate::error::{Context, Kind, Result};
use crate::object_storage::{fetch, send};
use crate::project::{Project, Publish};
use crate::terms::counted;

/// The stages in which results are current here already: they are compared with the store's, then sent.
pub const COMPARE: &str = "compare";
/// The second of them.
pub const SEND: &str = "send";

/// Whether published results went to the object store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sending {
    /// The prefix.
    pub to: String,
    /// Whether its readers see this run.
    pub sent: bool,
    /// Objects that were sent for it.
    #[serde(default)]
    pub objects: usize,
    /// Their bytes.
    #[serde(default)]
    pub bytes: u64,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The exit code that this ends with.
    #[serde(default)]
    pub exit_code: u8,
}

/// Fetches what sources have in object stores; `None` where none has anything there.
///
/// # Errors
/// Configuration of a store; a folder that can't be written. A source that could not be fetched says so itself, and holds its table.
pub fn fetch(
    request: &Request<'_>,
    runtime: &tokio::runtime::Runtime,
    journal: &mut Journal,
    surroundings: &dyn Surroundings,
) -> Result<Option<Project>> {
    if request.project.sources.iter().all(|source| source.remote.is_none()) {
        return Ok(None);
    }
    let mut project = request.project.clone();
    journal.write(&surroundings.now(), "fetching", "sources", "")?;
    let cache = request.out.join("lake").join(".fetched");
    let begin = |bytes| surroundings.stage("fetch", Work::Bytes(bytes));
    let fetched = runtime.block_on(fetch::fetch(&mut project.sources, &cache, &begin, &|bytes| surroundings.advance(bytes)))?;
    let detail = format!("{}, {} of them fetched, {} bytes", counted(fetched.objects, "object"), fetched.fetched, fetched.bytes);
    journal.write(&surroundings.now(), "fetched", "sources", &detail)?;
    Ok(Some(project))
}

/// Sends the current run to where the project says, and notes in its results what became of it.
///
/// Whoever calls holds the writer lock, and has written the results as they are before sending: so they are sent.
///
/// # Errors
/// A journal that can't be written.
pub fn send(
    publish: &Publish,
    out: &Path,
    unique: &str,
    results: &mut RunResults,
    journal: &mut Journal,
    surroundings: &dyn Surroundings,
) -> Result<()> {
    let (to, begun) = (publish.to.to_string(), surroundings.elapsed());
    let now = surroundings.now();
    journal.write(&now, "sending", &to, "")?;
    surroundings.sends(true);
    surroundings.stage(COMPARE, Work::Unknown);
    let begin = |bytes| surroundings.stage(SEND, Work::Bytes(bytes));
    let sent = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context(Kind::Environment, || "starting worker threads")
        .and_then(|runtime| runtime.block_on(send::send(publish, out, unique, &now, &begin, &|bytes| surroundings.advance(bytes))));
    surroundings.sends(false);
    let seconds = surroundings.elapsed() - begun;
    results.stages.push(StageTime { stage: SEND.to_owned(), seconds, peak_memory: surroundings.peak_memory() });
    let (event, detail, sending) = match sent {
        Ok(send::Sent { objects, bytes }) => {
            let detail = format!("{}, {bytes} bytes", counted(objects, "object"));
            ("sent", detail, Sending { to: to.clone(), sent: true, objects, bytes, reason: None, exit_code: 0 })
        }
        Err(error) => {
            // Somebody else's writing has to be looked at; anything else mends itself with the next sending.
            let exit_code = if error.kind == Kind::Conflict { error.kind.exit_code() } else { 1 };
            let reason = error.to_string();
            ("not-sent", reason.clone(), Sending { to: to.clone(), sent: false, objects: 0, bytes: 0, reason: Some(reason), exit_code })
        }
    };
    journal.write(&surroundings.now(), event, &to, &detail)?;
    results.sending = Some(sending);
    Ok(())
}
