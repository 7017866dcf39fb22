//! `kaohe doctor`: can this machine, this disk, this object store keep the promises?
//!
//! In: the project's folder, or the one named with --out; with --store an object store instead. Out: a line for each promise with what was found, on standard output; 0 where all hold, 3 where one
//! does not. Never here: anything left behind; a judgement of data.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;

use super::Common;
use super::surroundings::{default_memory, human, now, today};
use crate::error::{Context, Kind, Result};
use crate::lake::{Lake, WriterLock};
use crate::terms::RunId;

mod store;

/// Flags of `kaohe doctor`.
#[derive(Args)]
pub struct Arguments {
    /// Try an object store instead: s3://bucket/prefix, or '$VARIABLE' that holds it; without a name the one of [publish]
    #[arg(long, value_name = "STORE", num_args = 0..=1, default_missing_value = "")]
    store: Option<String>,
}

/// What was found of one promise.
struct Found {
    promise: &'static str,
    says: String,
    is_kept: bool,
}

impl Found {
    fn new(promise: &'static str, is_kept: bool, says: impl Into<String>) -> Self {
        Self { promise, says: says.into(), is_kept }
    }
}

/// Memory below which a province of a million cases was not tried.
const LITTLE_MEMORY: u64 = 2_000_000_000;
/// Years that a clock may name.
const YEARS: std::ops::RangeInclusive<i16> = 2026..=2100;

/// Probes and tells.
pub fn doctor(common: &Common, arguments: &Arguments) -> Result<u8> {
    if let Some(written) = &arguments.store {
        return store::probed(common, written);
    }
    let out = common.out(&common.directory()?);
    fs::create_dir_all(&out).context(Kind::Environment, || format!("creating {}", out.display()))?;
    let folder = ProbeFolder::make(&out)?;
    let mut found =
        vec![hard_links(&folder.0), durable(&folder.0), replaced(&folder.0), locked(&folder.0), path(&out), room(&out), memory()];
    found.extend([open_files(), clock(&out)]);
    drop(folder);
    for Found { promise, says, is_kept } in &found {
        say_line!("{}  {promise:<12}{says}", if *is_kept { "ok  " } else { "FAIL" });
    }
    Ok(if found.iter().all(|found| found.is_kept) { 0 } else { 3 })
}

/// A folder beside the lake, on its disk, which goes with this value.
struct ProbeFolder(PathBuf);

impl ProbeFolder {
    fn make(out: &Path) -> Result<Self> {
        let folder = out.join(format!(".kaohe-doctor-{}", std::process::id()));
        fs::create_dir(&folder).context(Kind::Environment, || format!("writing to {}", out.display()))?;
        Ok(Self(folder))
    }
}

impl Drop for ProbeFolder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A version of a table is claimed by a hard link to a name that must be new: of two writers one may win.
fn hard_links(folder: &Path) -> Found {
    let (first, second, claimed) = (folder.join("first"), folder.join("second"), folder.join("claimed"));
    let tried = fs::write(&first, "1").and_then(|()| fs::write(&second, "2")).and_then(|()| fs::hard_link(&first, &claimed));
    match tried {
        Err(error) => Found::new("hard links", false, format!("can't be made here ({error}): put the project on ext4 or xfs")),
        Ok(()) if fs::hard_link(&second, &claimed).is_ok() => {
            Found::new("hard links", false, "a name that was taken was given again: two writers would overwrite each other")
        }
        Ok(()) => Found::new("hard links", true, "a name can be claimed once"),
    }
}

/// What is reported as stored is brought to the disk: how long that takes tells whether the disk does it.
fn durable(folder: &Path) -> Found {
    let begun = Instant::now();
    let write = |number: usize| -> std::io::Result<()> {
        let mut file = File::create(folder.join(format!("synced-{number}")))?;
        file.write_all(&[0; 4096])?;
        file.sync_all()?;
        File::open(folder)?.sync_all()
    };
    match (0..SYNCED).try_for_each(write) {
        Err(error) => Found::new("fsync", false, format!("is refused ({error}): after a power cut, what was published may be gone")),
        Ok(()) => {
            let each = begun.elapsed().as_secs_f64() * 1000.0 / SYNCED as f64;
            Found::new(
                "fsync",
                true,
                format!("{each:.2} ms for a file and its name; a network share or a cache without battery may not mean it"),
            )
        }
    }
}

const SYNCED: usize = 16;

/// The pointer to the current results is replaced by a rename.
fn replaced(folder: &Path) -> Found {
    let (old, new) = (folder.join("pointer"), folder.join("pointer.new"));
    let tried =
        fs::write(&old, "old").and_then(|()| fs::write(&new, "new")).and_then(|()| fs::rename(&new, &old)).and_then(|()| fs::read(&old));
    match tried {
        Ok(bytes) if bytes == b"new" => Found::new("rename", true, "replaces in one step"),
        Ok(_) => Found::new("rename", false, "did not replace what was there"),
        Err(error) => Found::new("rename", false, format!("can't replace a file here ({error})")),
    }
}

/// One writer at a time.
fn locked(folder: &Path) -> Found {
    let path = folder.join("lock");
    let take = || WriterLock::acquire(&path, &RunId::from("doctor"), std::process::id(), "", &now());
    match take() {
        Err(error) => Found::new("locks", false, error.message().to_owned()),
        Ok(held) => {
            let second = take().is_err();
            drop(held);
            let says = if second { "a second writer is refused" } else { "a second writer is let in: two nights could write at once" };
            Found::new("locks", second, says)
        }
    }
}

/// Other readers of the lake stumble over other letters.
fn path(out: &Path) -> Found {
    let whole = std::path::absolute(out).unwrap_or_else(|_| out.to_owned());
    let text = whole.to_string_lossy();
    let is_plain = text.chars().all(|c| c.is_ascii_graphic());
    let says =
        if is_plain { "plain letters" } else { "has blanks or letters that are not ASCII: kaohe does not mind, Polars and DuckDB do" };
    Found::new("path", true, format!("{text}: {says}"))
}

/// Room for the next night: as much as the lake and the last run take, twice.
fn room(out: &Path) -> Found {
    let free = match fs4::available_space(out) {
        Ok(free) => free,
        Err(error) => return Found::new("disk", false, format!("its free space can't be told ({error})")),
    };
    let lake = out
        .join("lake")
        .is_dir()
        .then(|| Lake::open(&out.join("lake")).and_then(|lake| lake.disk_usage()).ok())
        .flatten()
        .unwrap_or_default();
    let wanted = (lake.bytes * 2).max(1_000_000_000);
    let device = fs::metadata(out).map(|metadata| metadata.dev()).unwrap_or_default();
    let says = format!("{} free on device {device}, the lake takes {}", human(free), human(lake.bytes));
    if free < wanted {
        return Found::new("disk", false, format!("{says}; keep {} free: sorting and a whole new lake may need it", human(wanted)));
    }
    Found::new("disk", true, says)
}

fn memory() -> Found {
    match default_memory() {
        None => Found::new("memory", false, "can't be told: name --memory-limit at every run"),
        Some(limit) if (limit as u64) < LITTLE_MEMORY => {
            let says = format!(
                "the engine would take {}: below {} not even a million cases were tried",
                human(limit as u64),
                human(LITTLE_MEMORY)
            );
            Found::new("memory", false, says)
        }
        Some(limit) => Found::new("memory", true, format!("the engine would take {} (60 % of what is available)", human(limit as u64))),
    }
}

/// A load holds files of months open.
fn open_files() -> Found {
    let text = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("Max open files"));
    let limit = line.and_then(|line| line.split_whitespace().nth(3)?.parse::<u64>().ok());
    match limit {
        Some(limit) if limit < OPEN_FILES => {
            Found::new("open files", false, format!("{limit} are allowed, {OPEN_FILES} are needed: `ulimit -n 4096`"))
        }
        Some(limit) => Found::new("open files", true, format!("{limit} are allowed")),
        None => Found::new("open files", true, "the limit can't be told"),
    }
}

const OPEN_FILES: u64 = 1024;

/// Nights are ordered by their start, and yesterday is told from today by this clock.
fn clock(out: &Path) -> Found {
    let says = format!("{}, so that `kaohe run` is as of {}", now(), super::surroundings::yesterday());
    if !YEARS.contains(&today().year()) {
        return Found::new("clock", false, format!("{says}: no year of any assessment; set it (timedatectl)"));
    }
    match super::surroundings::new_run(out) {
        Ok(_) => Found::new("clock", true, says),
        Err(error) => Found::new("clock", false, error.message().to_owned()),
    }
}
