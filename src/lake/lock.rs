//! One writer at a time.
//!
//! In: where the lock file stands and who asks. Out: a guard; while it lives no other process gets one. Who writes to the lake is
//! refused at once and told who does; a short step that only has to come after another waits ([`turn`]).
//! Never here: breaking somebody's lock. The operating system drops the lock of a process that dies, so a crash
//! leaves nothing to clean up; the file's text only says who holds it.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use fs4::TryLockError;
use serde::{Deserialize, Serialize};

use super::durable::create_folders;
use crate::error::{Context, Error, Kind, Result};
use crate::terms::RunId;

/// Who holds the lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The run.
    pub run: RunId,
    /// Its process.
    pub pid: u32,
    /// Its machine.
    pub host: String,
    /// When it started, as text.
    pub started: String,
}

/// The right to write to a project; given back when dropped.
#[derive(Debug)]
pub struct WriterLock {
    file: File,
}

impl WriterLock {
    /// Takes the lock or says who has it.
    pub fn acquire(path: &Path, run: &RunId, pid: u32, host: &str, started: &str) -> Result<Self> {
        let doing = || format!("taking the writer lock `{}`", path.display());
        if let Some(folder) = path.parent() {
            create_folders(folder).context(Kind::Environment, doing)?;
        }
        // Not truncated: another process may stand in it.
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).context(Kind::Environment, doing)?;
        match fs4::FileExt::try_lock(&file) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(conflict(&mut file).while_doing(doing())),
            Err(TryLockError::Error(error)) => {
                return Err(Error::new(Kind::Environment, error.to_string())
                    .with_hint("the file system must support file locks; put the project on a local disk")
                    .while_doing(doing()));
            }
        }
        let holder = Holder { run: run.clone(), pid, host: host.to_owned(), started: started.to_owned() };
        let text = serde_json::to_string_pretty(&holder).expect("four plain fields always serialise");
        let mut lock = Self { file };
        lock.say(&text).context(Kind::Environment, doing)?;
        Ok(lock)
    }

    fn say(&mut self, text: &str) -> std::io::Result<()> {
        self.file.set_len(0)?;
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(text.as_bytes())?;
        self.file.flush()
    }
}

impl Drop for WriterLock {
    fn drop(&mut self) {
        // The file stays (removing it would race with the next writer); its text must not name a holder that is gone.
        let _ = self.say("");
        let _ = fs4::FileExt::unlock(&self.file);
    }
}

fn conflict(file: &mut File) -> Error {
    let mut text = String::new();
    // Another process is writing it at this very moment, at worst: then there is no name to give.
    let read = file.read_to_string(&mut text).map(|_| text);
    let message = match read.ok().and_then(|text| serde_json::from_str::<Holder>(&text).ok()) {
        Some(Holder { run, pid, host, started }) => {
            format!("another kaohe is writing to this project: run {run}, process {pid} on {host}, started {started}")
        }
        None => "another kaohe is writing to this project".to_owned(),
    };
    Error::new(Kind::Conflict, message).with_hint("wait until it has ended; a process that died holds no lock")
}

/// Waits until nobody else works in a folder; the next may begin when the file is dropped.
///
/// # Errors
/// A folder that can't be written, or a file system without locks.
pub fn turn(folder: &Path) -> std::io::Result<std::fs::File> {
    std::fs::create_dir_all(folder)?;
    let file = std::fs::OpenOptions::new().create(true).write(true).truncate(false).open(folder.join(".lock"))?;
    file.lock()?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acquire(path: &Path, run: &str, pid: u32) -> Result<WriterLock> {
        WriterLock::acquire(path, &RunId::from(run), pid, "考核-01", "2026-06-30 01:00:00")
    }

    #[test]
    fn the_second_writer_is_told_who_the_first_is() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("project/.lock");
        let first = acquire(&path, "20260630T010000-ab12", 4711).expect("free");
        let error = acquire(&path, "20260630T010500-cd34", 4712).expect_err("taken");
        assert_eq!(error.kind, Kind::Conflict);
        let text = error.to_string();
        for named in ["20260630T010000-ab12", "4711", "考核-01", "2026-06-30 01:00:00"] {
            assert!(text.contains(named), "{named} is missing in: {text}");
        }
        drop(first);
        acquire(&path, "20260630T010500-cd34", 4712).expect("given back");
    }

    #[test]
    fn what_a_crashed_holder_wrote_does_not_lock_anybody_out() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join(".lock");
        std::fs::write(&path, r#"{"run":"20260629T010000-dead","pid":1,"host":"h","started":"s"}"#).expect("left behind");
        let lock = acquire(&path, "20260630T010000-ab12", 4711).expect("the lock itself is free");
        assert!(std::fs::read_to_string(&path).expect("text").contains("ab12"));
        drop(lock);
    }
}
