//! Which files a source means.
//!
//! In: a source's root and its written path: a file, a folder or a glob. Out: the files, in the order of their names. Never
//! here: reading them. A path never leaves the root, not even through a symbolic link.

use std::path::{Component, Path, PathBuf};

use crate::error::{Context, Error, Kind, Result};
use crate::project::{Format, Source};

/// One file of a source.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SourceFile {
    /// Relative to the root, with `/`: how accounting and lineage name it.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// Its format.
    pub format: Format,
}

/// Finds the files of `source`.
///
/// # Errors
/// No file; a path that leaves the root; a file whose format nobody knows.
pub(super) fn find(source: &Source) -> Result<Vec<SourceFile>> {
    let climbs = Path::new(&source.path).components().any(|part| !matches!(part, Component::Normal(_) | Component::CurDir));
    if climbs {
        return Err(Error::new(Kind::Configuration, format!("the path `{}` leaves its folder", source.path)));
    }
    let root = source.root.canonicalize().context(Kind::Source, || format!("looking for the folder {}", source.root.display()))?;
    let written = root.join(&source.path);
    let paths = if written.is_dir() {
        list_folder(&written)?
    } else if written.exists() {
        vec![written]
    } else {
        match_glob(&root, &source.path)?
    };
    let mut files = Vec::new();
    for path in paths {
        let name = path.strip_prefix(&root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
        let real = path.canonicalize().context(Kind::Source, || format!("looking for {name}"))?;
        if !real.starts_with(&root) {
            return Err(Error::new(Kind::Source, format!("{name} is a symbolic link that leaves the project")));
        }
        let Some(format) = source.format.or_else(|| Format::of_extension(&path)) else {
            return Err(Error::new(Kind::Source, format!("{name} has an unknown ending"))
                .with_hint("write the format in kaohe.toml: format = \"csv\""));
        };
        files.push(SourceFile { name, path: real, format });
    }
    if files.is_empty() {
        return Err(Error::new(Kind::Source, format!("no file matches `{}`", source.path)).with_hint("did the delivery fail?"));
    }
    files.sort();
    Ok(files)
}

/// The files directly in a folder whose ending is known; hidden and temporary files (`~$…`) are left out.
fn list_folder(folder: &Path) -> Result<Vec<PathBuf>> {
    let what = || format!("listing {}", folder.display());
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).context(Kind::Source, what)? {
        let path = entry.context(Kind::Source, what)?.path();
        if path.is_file() && !is_temporary(&path) && Format::of_extension(&path).is_some() {
            paths.push(path);
        }
    }
    Ok(paths)
}

fn match_glob(root: &Path, pattern: &str) -> Result<Vec<PathBuf>> {
    let full = format!("{}/{pattern}", glob::Pattern::escape(&root.to_string_lossy()));
    let matches = glob::glob(&full).context(Kind::Configuration, || format!("reading the path `{pattern}`"))?;
    let mut paths = Vec::new();
    for path in matches {
        let path = path.context(Kind::Source, || format!("looking for `{pattern}`"))?;
        if path.is_file() && !is_temporary(&path) {
            paths.push(path);
        }
    }
    Ok(paths)
}

fn is_temporary(path: &Path) -> bool {
    path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(['.', '~']))
}

/// How many files a source means now, and their bytes; none when they can't be found.
pub fn files_of(source: &Source) -> (usize, u64) {
    let files = find(source).unwrap_or_default();
    let bytes = files.iter().filter_map(|file| std::fs::metadata(&file.path).ok()).map(|metadata| metadata.len()).sum();
    (files.len(), bytes)
}
