//! Writing that survives a power cut: files whose bytes reach the disk before their name does.
//!
//! In: bytes (or a value, as JSON) and paths. Out: files under their final name. Never here: what the files mean.
//!
//! Every write is staged beside its target, synced, and only then named: by a hard link where the name must be new (Delta's
//! commits), else by a rename. The folder is synced last, because a name is the folder's content.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

use crate::error::{Context, Kind, Result};

/// Numbers staged files within this process; names of other processes are avoided by `create_new`.
static STAGED: AtomicU64 = AtomicU64::new(0);

/// A number that no other staged file of this process has.
pub(super) fn staged_number() -> u64 {
    STAGED.fetch_add(1, Ordering::Relaxed)
}

/// Whether a name may be taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Name {
    /// It must be free.
    New,
    /// What stood there is replaced.
    Replaced,
}

/// Replaces a file in one step: afterwards it holds either the old bytes or all of the new ones, whatever happens.
pub fn replace_file(path: &Path, bytes: &[u8]) -> Result<()> {
    publish(path, &[bytes], Name::Replaced).context(Kind::Environment, || format!("writing `{}`", path.display()))
}

/// As [`replace_file`], with a value as JSON that people can read.
pub fn replace_json(path: &Path, value: &impl Serialize) -> Result<()> {
    let mut text = serde_json::to_string_pretty(value).context(Kind::Bug, || format!("writing `{}`", path.display()))?;
    text.push('\n');
    replace_file(path, text.as_bytes())
}

/// Writes a file and names it.
pub(super) fn publish<B: AsRef<[u8]>>(path: &Path, parts: &[B], name: Name) -> io::Result<()> {
    let (mut file, staged) = stage(path)?;
    let written = parts.iter().try_for_each(|part| file.write_all(part.as_ref())).and_then(|()| sync(&file, &staged));
    drop(file);
    let named = written.and_then(|()| match name {
        Name::New => std::fs::hard_link(&staged, path),
        Name::Replaced => std::fs::rename(&staged, path),
    });
    if named.is_err() || name == Name::New {
        // A staged file that stays behind is hidden from listings and harms nobody.
        let _ = std::fs::remove_file(&staged);
    }
    named?;
    sync_parent(path)
}

/// Makes an already written file durable and gives it its final name.
pub(super) fn publish_file(staged: &Path, path: &Path) -> io::Result<()> {
    sync_file(staged)?;
    std::fs::rename(staged, path)?;
    sync_parent(path)
}

/// Syncs at the same time: the disk answers many at once hardly later than one, and a province's run has thousands of pages.
const SYNCERS: usize = 8;

/// Brings a folder with all that is in it to the disk: what was written there without care is then as safe as what was published.
pub fn sync_tree(folder: &Path) -> io::Result<()> {
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    let mut read = 0;
    while let Some(folder) = folders.get(read) {
        for entry in std::fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()? {
            if entry.file_type()?.is_dir() { folders.push(entry.path()) } else { files.push(entry.path()) }
        }
        read += 1;
    }
    // Names last, because they are worth nothing before what they name.
    sync_all(&files)?;
    sync_all(&folders)
}

fn sync_all(paths: &[PathBuf]) -> io::Result<()> {
    std::thread::scope(|scope| {
        let sync_every = |first| scope.spawn(move || paths.iter().skip(first).step_by(SYNCERS).try_for_each(|path| sync_file(path)));
        let syncers: Vec<_> = (0..SYNCERS).map(sync_every).collect();
        syncers.into_iter().try_for_each(|syncer| syncer.join().map_err(|_| io::Error::other("a thread that syncs has failed"))?)
    })
}

/// Creates a folder and its parents; each new name is synced into its parent.
pub fn create_folders(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    create_folders(parent(path))?;
    match std::fs::create_dir(path) {
        Ok(()) => sync_parent(path),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

/// Brings the bytes of a file, or the names in a folder, to the disk.
pub(super) fn sync_file(path: &Path) -> io::Result<()> {
    sync(&File::open(path)?, path)
}

/// Brings the name of a file to the disk.
pub fn sync_parent(path: &Path) -> io::Result<()> {
    sync_file(parent(path))
}

fn sync(file: &File, _path: &Path) -> io::Result<()> {
    file.sync_all()?;
    #[cfg(test)]
    synced::note(_path);
    Ok(())
}

/// The folder of a path; that of a bare name is the current one.
fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Opens a new file beside `path` under a name that the store's listings hide (`name#digits`).
fn stage(path: &Path) -> io::Result<(File, PathBuf)> {
    create_folders(parent(path))?;
    loop {
        let mut name = path.as_os_str().to_owned();
        name.push(format!("#{}", staged_number()));
        let staged = PathBuf::from(name);
        match OpenOptions::new().write(true).create_new(true).open(&staged) {
            Ok(file) => return Ok((file, staged)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}

/// What was synced, in order: the only trace that a sync leaves for a test.
#[cfg(test)]
pub(crate) mod synced {
    use std::path::{Path, PathBuf};
    use std::sync::Mutex;

    static SYNCED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

    pub fn note(path: &Path) {
        SYNCED.lock().expect("no test panics while holding the list").push(path.to_owned());
    }

    /// The names below `folder` that were synced since the last call; `.` is the folder itself, and numbers of staged files are cut.
    pub fn take(folder: &Path) -> Vec<String> {
        let mut list = SYNCED.lock().expect("no test panics while holding the list");
        let (ours, others): (Vec<_>, Vec<_>) = list.drain(..).partition(|path| path.starts_with(folder));
        *list = others;
        let name = |path: &PathBuf| {
            let name = path.strip_prefix(folder).expect("chosen by this prefix").display().to_string();
            let name = name.trim_end_matches(|c: char| c.is_ascii_digit()).to_owned();
            if name.is_empty() { ".".to_owned() } else { name }
        };
        ours.iter().map(name).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replacing_a_file_leaves_no_trace_of_the_old_one() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("current.json");
        replace_file(&path, b"a much longer first text").expect("first");
        synced::take(folder.path());
        replace_file(&path, b"second").expect("second");
        assert_eq!(std::fs::read(&path).expect("the file"), b"second");
        assert_eq!(std::fs::read_dir(folder.path()).expect("listing").count(), 1);
        assert_eq!(synced::take(folder.path()), ["current.json#", "."], "bytes before the name");
    }

    #[test]
    fn a_bare_name_stands_in_the_current_folder() {
        assert_eq!(parent(Path::new("current.json")), Path::new("."));
        assert_eq!(parent(Path::new("/")), Path::new("."));
        assert_eq!(parent(Path::new("runs/a")), Path::new("runs"));
    }
}
