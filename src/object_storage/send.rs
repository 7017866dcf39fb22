//! A published run and the lake behind it, brought below a prefix of an object store.
//!
//! In: what stands beside the lake: `current.json`, the run that it names, the logs up to the versions that it names. Out: the same below the prefix,
//! `current.json` last; a note of what the store shows now (`sent.json`). Never here: another run than the current one; taking anything away from the
//! store; deciding what a failure means for a night.
//!
//! What is there already is not sent again: files of the lake and of a run never change under their names. So a sending that was cut off anywhere
//! is mended by the next one, and until then the store shows the run before.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use object_store::PutMode;
use serde::{Deserialize, Serialize};

use super::client::{AT_ONCE, Bucket, Put, only_over};
use super::probe::{self, Condition, Conditions};
use crate::error::{Context, Error, Kind, Result};
use crate::lake::{LAST_CHECKPOINT, Lake, LogEntry, replace_json};
use crate::project::Publish;
use crate::release::{Current, of_format};
use crate::terms::RunId;

/// The pointer, here and there.
const POINTER: &str = "current.json";
/// The note, beside the pointer, of what the store shows.
const NOTE: &str = "sent.json";
/// The format of the note.
const FORMAT: u32 = 1;
/// Folders of a run that are its workshop.
const WORKSHOPS: [&str; 2] = ["staging", "spill"];

/// What readers of the store see, as far as this project has put it there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// Version of this file's format.
    format: u32,
    /// The prefix.
    pub to: String,
    /// The run.
    pub run: RunId,
    /// blake3 of the pointer as it was put.
    pointer: String,
    /// When, as text.
    pub at: String,
}

impl Shown {
    /// The note beside the pointer; `None` where nothing was sent yet.
    ///
    /// # Errors
    /// A note that can't be read.
    pub fn read(out: &Path) -> Result<Option<Self>> {
        let path = out.join(NOTE);
        let doing = || format!("reading `{}`", path.display());
        match std::fs::read_to_string(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            read => of_format(&read.context(Kind::Environment, doing)?, FORMAT).map(Some).map_err(|error| error.while_doing(doing())),
        }
    }
}

/// What was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sent {
    /// Objects.
    pub objects: usize,
    /// Their bytes.
    pub bytes: u64,
}

/// Sends the current run to where the project says, unless it is there already.
///
/// `unique` names what is tried before the first log entry; `begin` is told how many bytes are ahead, `advance` how many more of them went.
///
/// # Errors
/// Conflict: somebody else writes there, and nothing of his was replaced. Environment: the store does not answer, refuses, or can't be trusted.
/// Configuration of the store. In each case the store shows what it showed before.
pub async fn send(
    publish: &Publish,
    out: &Path,
    unique: &str,
    now: &str,
    begin: &(dyn Fn(u64) + Sync),
    advance: &(dyn Fn(u64) + Sync),
) -> Result<Sent> {
    let doing = |error: Error| error.while_doing(format!("sending the results to {}", publish.to));
    let bucket = Bucket::open(&publish.to).map_err(doing)?;
    send_to(&bucket, publish.single_writer, out, unique, now, begin, advance).await.map_err(doing)
}

pub(super) async fn send_to(
    bucket: &Bucket,
    single_writer: bool,
    out: &Path,
    unique: &str,
    now: &str,
    begin: &(dyn Fn(u64) + Sync),
    advance: &(dyn Fn(u64) + Sync),
) -> Result<Sent> {
    let path = out.join(POINTER);
    let pointer = Bytes::from(std::fs::read(&path).context(Kind::Environment, || format!("reading {}", path.display()))?);
    let current = Current::of_text(&String::from_utf8_lossy(&pointer)).map_err(|error| error.while_doing(path.display().to_string()))?;
    let shown = bucket.get(POINTER).await?;
    let note = || Shown {
        format: FORMAT,
        to: bucket.prefix().to_string(),
        run: current.run.clone(),
        pointer: blake3::hash(&pointer).to_hex().to_string(),
        at: now.to_owned(),
    };
    if shown.as_ref().is_some_and(|(bytes, _)| *bytes == pointer) {
        replace_json(&out.join(NOTE), &note())?;
        return Ok(Sent::default());
    }
    if let Some((bytes, _)) = &shown {
        refuse_strangers_pointer(bucket, out, bytes)?;
    }
    let store = Guarded { bucket, conditions: trusted(bucket, single_writer, unique).await? };
    let lake = Lake::open(&out.join("lake"))?;
    let tables: Vec<Table> = futures::stream::iter(&current.lake_versions)
        .map(|(table, version)| Table::compare(bucket, &lake, table, *version))
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    let files = files_ahead(bucket, &lake, out, &current, &tables).await?;
    let entries = tables.iter().flat_map(|table| &table.new).map(|entry| entry.bytes.len() as u64);
    let mut sent = Sent {
        objects: files.len() + tables.iter().map(|table| table.new.len()).sum::<usize>() + 1,
        bytes: files.values().map(|(_, bytes)| *bytes).sum::<u64>() + entries.sum::<u64>() + pointer.len() as u64,
    };
    begin(sent.bytes);
    // First what nobody reads yet.
    let upload = async |(name, (path, _)): (&String, &(PathBuf, u64))| -> Result<()> {
        advance(bucket.upload(name, path).await?);
        Ok(())
    };
    futures::stream::iter(&files).map(Ok).try_for_each_concurrent(AT_ONCE, upload).await?;
    // Then what makes the data files a version: after it a reader of a table's newest version sees the new one.
    let log = async |table: &Table| -> Result<usize> {
        for entry in &table.new {
            store.create(&format!("lake/{}", entry.path), Bytes::from(entry.bytes.clone()), "log entry").await?;
            advance(entry.bytes.len() as u64);
        }
        table.send_checkpoints(bucket, &lake).await
    };
    let checkpoints: Vec<usize> = futures::stream::iter(&tables).map(log).buffer_unordered(AT_ONCE).try_collect().await?;
    sent.objects += checkpoints.iter().sum::<usize>();
    store.replace_pointer(pointer.clone(), shown).await?;
    replace_json(&out.join(NOTE), &note())?;
    Ok(sent)
}

/// A pointer that this project has not put there is somebody else's.
fn refuse_strangers_pointer(bucket: &Bucket, out: &Path, bytes: &Bytes) -> Result<()> {
    let hash = blake3::hash(bytes).to_hex();
    let is_known = Shown::read(out)?.is_some_and(|shown| shown.pointer == hash.as_str() && shown.to == bucket.prefix().to_string());
    // A sending that was cut off after the pointer has left no note.
    let named = Current::of_text(&String::from_utf8_lossy(bytes)).ok().map(|current| current.run.0);
    let is_plain = |run: &str| !run.is_empty() && run.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    let is_run_of_ours = named.as_ref().is_some_and(|run| is_plain(run) && out.join("runs").join(run).is_dir());
    if is_known || is_run_of_ours {
        return Ok(());
    }
    let run = named.filter(|run| is_plain(run)).map_or_else(|| "something else".to_owned(), |run| format!("the run {run}"));
    Err(Error::new(Kind::Conflict, format!("{} names {run}, which is none of this project", bucket.address(POINTER)))
        .with_hint("one project, one prefix; if this project is to take over there, remove that current.json first"))
}

/// What the store makes of conditions; a store that lets a second writer pass is used only where somebody vouches that there is none.
async fn trusted(bucket: &Bucket, single_writer: bool, unique: &str) -> Result<Conditions> {
    let conditions = probe::conditions(bucket, unique).await?;
    let says = match conditions.create {
        Condition::Kept => return Ok(conditions),
        _ if single_writer => return Ok(conditions),
        Condition::Ignored => "the store ignores `If-None-Match`: two writers would overwrite each other unseen",
        Condition::Unknown => "the store does not know `If-None-Match`, so it can't refuse a second writer",
    };
    Err(Error::new(Kind::Environment, says)
        .with_hint("if nobody else ever writes to this prefix, say so in kaohe.toml: [publish] single_writer = true; `kaohe doctor --store` tells more"))
}

/// One table, here and in the store.
struct Table {
    name: String,
    version: u64,
    /// Objects of the table in the store, relative to the prefix.
    there: BTreeMap<String, u64>,
    /// Entries that the store has not, oldest first.
    new: Vec<LogEntry>,
}

impl Table {
    /// Compares the log of a table up to a version with the store's.
    async fn compare(bucket: &Bucket, lake: &Lake, name: &str, version: u64) -> Result<Self> {
        let folder = format!("lake/{name}");
        let there: BTreeMap<String, u64> = bucket.list(&folder).await?.into_iter().map(|object| (object.name, object.bytes)).collect();
        let version_of =
            |object: &String| object.strip_prefix(&format!("{folder}/_delta_log/"))?.strip_suffix(".json")?.parse::<u64>().ok();
        let entries: BTreeSet<u64> = there.keys().filter_map(version_of).collect();
        let conflict = |says: String| {
            Error::new(Kind::Conflict, format!("the log of `{name}` in {}: {says}; nothing was replaced", bucket.prefix()))
                .with_hint("another project or machine writes to this prefix; give each its own")
        };
        if let Some(beyond) = entries.last().filter(|newest| **newest > version) {
            return Err(conflict(format!("it has version {beyond}, this project's run has {version}")));
        }
        for entry in &entries {
            let path = lake.root().join(Lake::log_path(name, *entry));
            let known = there.get(&format!("lake/{}", Lake::log_path(name, *entry)));
            if path.metadata().is_ok_and(|here| Some(&here.len()) != known) {
                return Err(conflict(format!("its version {entry} is not this project's")));
            }
        }
        // Times and runs stand in every entry: whose newest one is the same, his earlier ones are.
        if let Some(newest) = entries.last() {
            let here = lake.log_entry(name, *newest)?;
            let object = format!("lake/{}", here.path);
            if bucket.get(&object).await?.is_none_or(|(bytes, _)| bytes != here.bytes) {
                return Err(conflict(format!("its version {newest} is not this project's")));
            }
        }
        let new = (0..=version).filter(|entry| !entries.contains(entry)).map(|entry| lake.log_entry(name, entry));
        Ok(Self { name: name.to_owned(), version, there, new: new.collect::<Result<_>>()? })
    }

    /// What spares readers the entries before; without them the log says the same.
    async fn send_checkpoints(&self, bucket: &Bucket, lake: &Lake) -> Result<usize> {
        let mut sent = 0;
        for path in lake.checkpoints(&self.name, self.version)? {
            let name = format!("lake/{path}");
            let is_there = self.there.contains_key(&name) && (!path.ends_with(LAST_CHECKPOINT) || sent == 0);
            if !is_there {
                bucket.upload(&name, &lake.root().join(&path)).await?;
                sent += 1;
            }
        }
        Ok(sent)
    }
}

/// Everything but logs and pointer that the store has not, by its name there: where it is here, and its size.
async fn files_ahead(
    bucket: &Bucket,
    lake: &Lake,
    out: &Path,
    current: &Current,
    tables: &[Table],
) -> Result<BTreeMap<String, (PathBuf, u64)>> {
    let mut ahead = BTreeMap::new();
    let there: BTreeMap<&String, u64> = tables.iter().flat_map(|table| &table.there).map(|(name, bytes)| (name, *bytes)).collect();
    let snapshot = lake.pin_at(&current.lake_versions).await?;
    let live = snapshot.tables.values().flat_map(|table| &table.files).map(|file| (file.path.clone(), file.bytes, true));
    // Files of versions that came and went since: of use to whoever asks for such a version, and missed by nobody where they were cleared away.
    let passed =
        tables.iter().flat_map(|table| &table.new).flat_map(|entry| &entry.added).map(|(path, bytes)| (path.clone(), *bytes, false));
    for (path, bytes, is_live) in live.chain(passed) {
        let (name, here) = (format!("lake/{path}"), lake.root().join(&path));
        if there.get(&name) != Some(&bytes) && (is_live || here.is_file()) {
            ahead.insert(name, (here, bytes));
        }
    }
    let run = format!("runs/{}", current.run);
    for (folder, without) in [(run.as_str(), WORKSHOPS.as_slice()), ("texts", &[])] {
        let there: BTreeMap<String, u64> = bucket.list(folder).await?.into_iter().map(|object| (object.name, object.bytes)).collect();
        for (name, path, bytes) in files_below(out, folder, without).context(Kind::Environment, || format!("listing {folder}"))? {
            if there.get(&name) != Some(&bytes) {
                ahead.insert(name, (path, bytes));
            }
        }
    }
    Ok(ahead)
}

/// Files below a folder of `out`, with their names relative to `out` and their sizes; those in the named folders directly below it are left out.
fn files_below(out: &Path, folder: &str, without: &[&str]) -> std::io::Result<Vec<(String, PathBuf, u64)>> {
    let mut files = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(name) = open.pop() {
        let path = out.join(&name);
        if name == folder && !path.is_dir() {
            continue;
        }
        for entry in std::fs::read_dir(path)? {
            let entry = entry?;
            let (part, metadata) = (entry.file_name().to_string_lossy().into_owned(), entry.metadata()?);
            let inner = format!("{name}/{part}");
            match metadata.is_dir() {
                true if name == folder && without.contains(&part.as_str()) => {}
                true => open.push(inner),
                false => files.push((inner, entry.path(), metadata.len())),
            }
        }
    }
    Ok(files)
}

/// A store, and what it makes of conditions.
struct Guarded<'a> {
    bucket: &'a Bucket,
    conditions: Conditions,
}

impl Guarded<'_> {
    /// Creates an object; one that is there already must have the same bytes.
    async fn create(&self, name: &str, bytes: Bytes, what: &str) -> Result<()> {
        if self.conditions.create == Condition::Kept {
            if self.bucket.put(name, bytes.clone(), PutMode::Create).await? == Put::Done {
                return Ok(());
            }
        } else if self.bucket.head(name).await?.is_none() {
            // Here a second writer could come between; somebody vouched that there is none.
            self.bucket.put(name, bytes, PutMode::Overwrite).await?;
            return Ok(());
        }
        match self.bucket.get(name).await? {
            Some((there, _)) if there == bytes => Ok(()),
            _ => Err(overtaken(&format!("the {what} {}", self.bucket.address(name)))),
        }
    }

    /// Replaces the pointer that was read before the sending began.
    async fn replace_pointer(&self, pointer: Bytes, before: Option<(Bytes, Option<String>)>) -> Result<()> {
        let (bytes, e_tag) = before.map_or((None, None), |(bytes, e_tag)| (Some(bytes), e_tag));
        let mode = match (&bytes, e_tag) {
            (None, _) if self.conditions.create == Condition::Kept => PutMode::Create,
            (Some(_), Some(e_tag)) if self.conditions.replace == Condition::Kept => only_over(e_tag),
            _ => {
                if self.bucket.get(POINTER).await?.map(|(there, _)| there) != bytes {
                    return Err(overtaken(&self.bucket.address(POINTER)));
                }
                PutMode::Overwrite
            }
        };
        // Refused, it may have been an answer that got lost on the way: what is there decides.
        self.bucket.put(POINTER, pointer.clone(), mode).await?;
        match self.bucket.get(POINTER).await? {
            Some((there, _)) if there == pointer => Ok(()),
            _ => Err(overtaken(&self.bucket.address(POINTER))),
        }
    }
}

/// Somebody else wrote since it was looked at.
fn overtaken(what: &str) -> Error {
    Error::new(Kind::Conflict, format!("{what} was written by somebody else; nothing of his was replaced"))
        .with_hint("another project or machine writes to this prefix; give each its own")
}
