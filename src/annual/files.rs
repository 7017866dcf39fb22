//! The files of a release: copied, listed with their digests, looked through.
//!
//! In: folders. Out: a [`Manifest`] of every file below one, and what differs from it. Never here: what the files say.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::{Context, Kind, Result};
use crate::lake::{create_folders, sync_parent, sync_tree};
use crate::release::hash_file;

/// The list itself, and its signature, are not on it.
pub const MANIFEST: &str = "manifest.json";
pub const SIGNATURE: &str = "manifest.json.minisig";

/// `manifest.json`: path → what the file is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Every file below the release's folder.
    pub files: BTreeMap<String, Listed>,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// Its size.
    pub bytes: u64,
    /// Its digest, hexadecimal.
    pub blake3: String,
}

/// The digest of a file.
///
/// # Errors
/// A file that can't be read.
pub fn digest(path: &Path) -> Result<String> {
    hash_file(path).context(Kind::Environment, || format!("reading {}", path.display()))
}

/// A new folder in the place of what a process left there that was killed.
///
/// # Errors
/// A disk that refuses.
pub fn begin_anew(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).context(Kind::Environment, || format!("removing {}", folder.display()))?;
    }
    create_folders(folder).context(Kind::Environment, || format!("creating {}", folder.display()))
}

/// Gives a folder the name that others look for, once all that is in it is on the disk.
///
/// # Errors
/// A disk that refuses.
pub fn put_in_place(making: &Path, place: &Path) -> Result<()> {
    let done = sync_tree(making).and_then(|()| fs::rename(making, place)).and_then(|()| sync_parent(place));
    done.context(Kind::Environment, || format!("making {}", place.display()))
}

/// Every file below a folder, by its path with `/`.
///
/// # Errors
/// A folder that can't be read.
pub fn below(folder: &Path) -> Result<BTreeMap<String, PathBuf>> {
    Ok(look(folder)?.0)
}

/// Every file below a folder, and what has no place in a release: links (they are followed nowhere) and empty folders.
///
/// # Errors
/// A folder that can't be read.
fn look(folder: &Path) -> Result<(BTreeMap<String, PathBuf>, Vec<String>)> {
    let (mut found, mut strangers) = (BTreeMap::new(), Vec::new());
    let mut ahead = vec![(String::new(), folder.to_owned())];
    while let Some((prefix, folder)) = ahead.pop() {
        let doing = || format!("reading {}", folder.display());
        let mut is_empty = true;
        for entry in fs::read_dir(&folder).context(Kind::Environment, doing)? {
            is_empty = false;
            let entry = entry.context(Kind::Environment, doing)?;
            let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
            let kind = entry.file_type().context(Kind::Environment, doing)?;
            if kind.is_dir() {
                ahead.push((format!("{path}/"), entry.path()));
            } else if kind.is_file() {
                found.insert(path, entry.path());
            } else {
                strangers.push(format!("{path} is a link"));
            }
        }
        if is_empty && !prefix.is_empty() {
            strangers.push(format!("{prefix} is an empty folder"));
        }
    }
    strangers.sort();
    Ok((found, strangers))
}

/// Links and empty folders below a folder, in words.
///
/// # Errors
/// A folder that can't be read.
pub fn strangers(folder: &Path) -> Result<Vec<String>> {
    Ok(look(folder)?.1)
}

impl Manifest {
    /// Lists what is there.
    ///
    /// # Errors
    /// A file that can't be read.
    pub fn of(folder: &Path) -> Result<Self> {
        let mut files = BTreeMap::new();
        for (path, place) in below(folder)? {
            if path == MANIFEST || path == SIGNATURE {
                continue;
            }
            let bytes = fs::metadata(&place).context(Kind::Environment, || format!("reading {}", place.display()))?.len();
            files.insert(path, Listed { bytes, blake3: digest(&place)? });
        }
        Ok(Self { files })
    }

    /// What is not as it is listed, in words.
    pub fn differences(&self, found: &Self) -> Vec<String> {
        let listed = self.files.iter().filter_map(|(path, file)| match found.files.get(path) {
            None => Some(format!("{path} is missing")),
            Some(other) if other != file => Some(format!("{path} was changed after it was signed")),
            Some(_) => None,
        });
        let added =
            found.files.keys().filter(|path| !self.files.contains_key(*path)).map(|path| format!("{path} was added after it was signed"));
        listed.chain(added).collect()
    }
}

/// Copies a file, with the folders that lead to it; the copy may be written to, whatever the file.
///
/// # Errors
/// A file that can't be read or written.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    let doing = || format!("copying {} to {}", from.display(), to.display());
    if let Some(folder) = to.parent() {
        create_folders(folder).context(Kind::Environment, doing)?;
    }
    let copied = File::open(from).and_then(|mut from| io::copy(&mut from, &mut File::create(to)?));
    copied.map(|_| ()).context(Kind::Environment, doing)
}

/// Copies everything below a folder.
///
/// # Errors
/// As [`copy`].
pub fn copy_all(from: &Path, to: &Path) -> Result<()> {
    below(from)?.into_iter().try_for_each(|(path, place)| copy(&place, &to.join(path)))
}

/// As [`copy_all`], of a part that not every release has.
///
/// # Errors
/// As [`copy`].
pub fn copy_if_there(from: &Path, to: &Path) -> Result<()> {
    if from.is_dir() { copy_all(from, to) } else { Ok(()) }
}

/// Takes the right to write from every file below a folder: what is final is not changed by an editor that was left open.
///
/// # Errors
/// A disk that refuses.
pub fn make_read_only(folder: &Path) -> Result<()> {
    below(folder)?.values().try_for_each(|file| take_write_right(file))
}

/// Takes it from the folders as well: nothing is added to what is final, and nothing removed. Once this is done, not even a program that was killed can be
/// tidied up after without somebody's hand.
///
/// # Errors
/// A disk that refuses.
pub fn make_folders_read_only(folder: &Path) -> Result<()> {
    let files = below(folder)?;
    let above = files.values().flat_map(|file| file.ancestors().skip(1)).filter(|above| above.starts_with(folder));
    above.collect::<BTreeSet<_>>().into_iter().try_for_each(take_write_right)
}

fn take_write_right(place: &Path) -> Result<()> {
    let doing = || format!("making {} read-only", place.display());
    let mut permissions = fs::metadata(place).context(Kind::Environment, doing)?.permissions();
    permissions.set_readonly(true);
    fs::set_permissions(place, permissions).context(Kind::Environment, doing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_changed_added_or_taken_away_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            create_folders(path.parent().expect("a parent")).expect("a folder");
            fs::write(path, text).expect("written");
        };
        for path in ["public/index.html", "tables/ranks.parquet", "release.json", "manifest.json"] {
            write(path, path);
        }
        let listed = Manifest::of(folder.path()).expect("listed");
        assert_eq!(listed.files.keys().collect::<Vec<_>>(), ["public/index.html", "release.json", "tables/ranks.parquet"]);
        assert_eq!(listed.differences(&listed), Vec::<String>::new());
        write("public/index.html", "PUBLIC/INDEX.html");
        write("public/more.html", "");
        fs::remove_file(folder.path().join("release.json")).expect("removed");
        let found = Manifest::of(folder.path()).expect("listed");
        let says = [
            "public/index.html was changed after it was signed",
            "release.json is missing",
            "public/more.html was added after it was signed",
        ];
        assert_eq!(listed.differences(&found), says);
    }
}
