//! The texts of the library as runs have read them, kept under their digests.
//!
//! In: the library of a run, or the manifest of an earlier one. Out: `texts/<digest>` beside the runs, each distinct text once; the library of that
//! run, as it was. Never here: which text is the right one; a text that is no more what its name says is an error.
//!
//! A release and a comparison of two runs must know by what text a figure was made, long after the file was edited.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::journal::Manifest;
use crate::error::{Context, Error, Kind, Result};
use crate::lake::{create_folders, replace_file};
use crate::library::Library;

/// The digest under which a text is kept.
pub fn digest(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex().to_string()
}

fn place(out: &Path, digest: &str) -> PathBuf {
    out.join("texts").join(digest)
}

/// Keeps every text of the library that is not kept yet.
///
/// # Errors
/// A folder that can't be written.
pub fn keep(out: &Path, library: &Library) -> Result<()> {
    let folder = out.join("texts");
    create_folders(&folder).context(Kind::Environment, || format!("creating {}", folder.display()))?;
    for text in library.files.values() {
        let path = place(out, &digest(text));
        if !path.is_file() {
            replace_file(&path, text.as_bytes())?;
        }
    }
    Ok(())
}

/// The library that a run has read; how it stands now does not matter.
///
/// # Errors
/// A text that was not kept, or is not what was kept; a work calendar that is none.
pub fn library_of(out: &Path, manifest: &Manifest) -> Result<Library> {
    let mut files = BTreeMap::new();
    for (path, known) in &manifest.library {
        let kept = place(out, known);
        let text = std::fs::read_to_string(&kept).map_err(|_| {
            Error::new(Kind::Environment, format!("the text of queries/{path}, as the run {} has read it, is not there", manifest.run))
                .with_hint(format!("runs keep their texts in {}; those of an older kaohe did not", out.join("texts").display()))
        })?;
        if digest(&text) != *known {
            return Err(Error::new(Kind::Environment, format!("{} was changed after it was kept", kept.display()))
                .with_hint("its name is the digest of what it held; bring it back from a backup"));
        }
        files.insert(path.clone(), text);
    }
    let (library, _) = Library::from_texts(files)?;
    Ok(library)
}
