//! Where queries put what does not fit into memory.
//!
//! In: the lake's folder and a name for whoever works. Out: a folder of its own below `lake/.spill/`, which goes when its owner goes.
//! Never here: touching the folder of somebody who is alive. Each owner keeps a file lock, which the operating system drops with the
//! process: a folder whose lock is free was left by one that was killed, and whoever comes next removes it.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use crate::error::{Error, Kind, Result};

const HOME: &str = ".spill";
const OWNER: &str = ".owner";

/// Names that are tried before giving up: others may hold the first ones, or sweep while the folder is being made.
const ATTEMPTS: usize = 100;

/// A folder for temporary files; removed when dropped.
#[derive(Debug)]
pub struct SpillFolder {
    path: PathBuf,
    _owner: File,
}

impl SpillFolder {
    /// Makes a folder below `lake`, after removing those that dead processes left.
    ///
    /// # Errors
    /// A lake that can't be written, or a file system without locks.
    pub fn new(lake: &Path, name: &str) -> Result<Self> {
        let home = lake.join(HOME);
        let doing = || format!("making a temporary folder in `{}`", home.display());
        Self::remove_abandoned(lake);
        for attempt in 0..ATTEMPTS {
            let path = home.join(if attempt == 0 { name.to_owned() } else { format!("{name}-{attempt}") });
            match fs::create_dir_all(&path).and_then(|()| claim(&path)) {
                Ok(Some(owner)) => return Ok(Self { path, _owner: owner }),
                Ok(None) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(Error::new(Kind::Environment, error.to_string()).while_doing(doing())),
            }
        }
        Err(Error::new(Kind::Environment, format!("{ATTEMPTS} names are taken")).while_doing(doing()))
    }

    /// Removes the folders below `lake` whose owner is gone: gigabytes, in the way of whatever comes next. One without an owner's file is just being made.
    pub fn remove_abandoned(lake: &Path) {
        for folder in fs::read_dir(lake.join(HOME)).into_iter().flatten().flatten().map(|entry| entry.path()) {
            let is_left = folder.join(OWNER).exists() && claim(&folder).is_ok_and(|owner| owner.is_some());
            if is_left {
                let _ = fs::remove_dir_all(&folder);
            }
        }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for SpillFolder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
        // Goes only when nobody else is in it.
        let _ = self.path.parent().map(fs::remove_dir);
    }
}

/// The locked owner's file; `None` when another has it, or has swept the folder away meanwhile.
fn claim(folder: &Path) -> io::Result<Option<File>> {
    let path = folder.join(OWNER);
    let file = OpenOptions::new().write(true).create(true).truncate(false).open(&path)?;
    Ok((fs4::FileExt::try_lock(&file).is_ok() && path.exists()).then_some(file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_goes_with_its_owner_and_nothing_is_left() {
        let lake = tempfile::tempdir().expect("temporary folder");
        let spill = SpillFolder::new(lake.path(), "run").expect("a folder");
        fs::write(spill.path().join("rows"), "…").expect("written");
        drop(spill);
        assert_eq!(fs::read_dir(lake.path()).expect("listing").count(), 0);
    }

    #[test]
    fn what_a_killed_process_left_is_removed_and_what_a_living_one_has_stays() {
        let lake = tempfile::tempdir().expect("temporary folder");
        let killed = lake.path().join(HOME).join("killed");
        fs::create_dir_all(&killed).expect("made");
        fs::write(killed.join(OWNER), "").expect("written");
        fs::write(killed.join("rows"), "…").expect("written");
        let alive = SpillFolder::new(lake.path(), "alive").expect("a folder");
        assert!(!killed.exists() && alive.path().exists());
        let same_name = SpillFolder::new(lake.path(), "alive").expect("another folder");
        assert!(alive.path().exists() && same_name.path() != alive.path());
    }
}
