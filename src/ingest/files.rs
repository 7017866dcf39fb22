//! Which files a source means.
//!
//! In: a source's root and its written path: a file, a folder or a glob. Out: the files, in the order of their names, and what
//! else lies in a folder. Never here: reading them. A path never leaves the root, not even through a symbolic link.

use std::path::{Component, Path, PathBuf};

use crate::error::{Context, Error, Kind, Result};
use crate::project::{Database, Format, Source};

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

/// What a source's path leads to.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The files to load, by name.
    pub files: Vec<SourceFile>,
    /// What a folder holds besides, by name: files of unknown ending, folders.
    pub skipped: Vec<String>,
}

/// Endings of files that hold data which can't be read as they are, with what to do about it.
const UNREADABLE: [(&str, &str); 9] = [
    ("xls", SAVE_AS_XLSX),
    ("et", SAVE_AS_XLSX),
    ("ods", SAVE_AS_XLSX),
    ("dbf", SAVE_AS_XLSX),
    ("gz", UNPACK),
    ("zip", UNPACK),
    ("rar", UNPACK),
    ("7z", UNPACK),
    ("tar", UNPACK),
];
const SAVE_AS_XLSX: &str = "open it and save it as .xlsx";
const UNPACK: &str = "unpack it";

/// Finds the files of `source`.
///
/// # Errors
/// No file; a path that leaves the root; a file whose format nobody knows, or which must be unpacked or saved otherwise first.
pub(super) fn find(source: &Source) -> Result<Found> {
    if let Some(Database { pulled, .. }) = &source.database
        && !matches!(pulled, Some(Ok(())))
    {
        let why = pulled.clone().and_then(Result::err).unwrap_or_else(|| format!("{}: not pulled yet", source.path));
        return Err(Error::new(Kind::Source, why));
    }
    let climbs = Path::new(&source.path).components().any(|part| !matches!(part, Component::Normal(_) | Component::CurDir));
    if climbs {
        return Err(Error::new(Kind::Configuration, format!("the path `{}` leaves its folder", source.path)));
    }
    if let Some(why) = source.remote.as_ref().and_then(|remote| remote.missing.as_ref()) {
        return Err(Error::new(Kind::Source, why.clone()));
    }
    let root = source.root.canonicalize().context(Kind::Source, || format!("looking for the folder {}", source.root.display()))?;
    let written = root.join(&source.path);
    let mut found = Found::default();
    let name_of = |path: &Path| path.strip_prefix(&root).unwrap_or(path).to_string_lossy().replace('\\', "/");
    let paths = if written.is_dir() {
        let (paths, others) = list_folder(&written)?;
        found.skipped = others.iter().map(|path| name_of(path)).collect();
        paths
    } else if written.exists() {
        vec![written]
    } else {
        match_glob(&root, &source.path)?
    };
    let mut unreadable = Vec::new();
    for path in paths {
        let name = name_of(&path);
        let real = path.canonicalize().context(Kind::Source, || format!("looking for {name}"))?;
        if !real.starts_with(&root) {
            return Err(Error::new(Kind::Source, format!("{name} is a symbolic link that leaves the project")));
        }
        // A pipe or a device would be waited for without end.
        if !real.is_file() {
            return Err(Error::new(Kind::Source, format!("{name} is not a regular file")));
        }
        if source.format.is_none()
            && let Some(remedy) = remedy_of(&path)
        {
            unreadable.push(format!("{name} ({remedy})"));
            continue;
        }
        let Some(format) = source.format.or_else(|| Format::of_extension(&path)) else {
            return Err(Error::new(Kind::Source, format!("{name} has an unknown ending"))
                .with_hint("write the format in kaohe.toml: format = \"csv\""));
        };
        found.files.push(SourceFile { name, path: real, format });
    }
    if !unreadable.is_empty() {
        unreadable.sort();
        return Err(Error::new(Kind::Source, format!("can't be read as they are: {}", unreadable.join(", "))));
    }
    if found.files.is_empty() {
        return Err(Error::new(Kind::Source, format!("no file matches `{}`", source.path)).with_hint("did the delivery fail?"));
    }
    found.files.sort();
    found.skipped.sort();
    Ok(found)
}

/// Whether the written path of `source` leads to a file of that name (relative to the root), be it there or not.
pub fn leads_to(source: &Source, name: &str) -> bool {
    let path = source.path.trim_start_matches("./").trim_end_matches('/');
    // As [`glob::glob`] matches: a star does not cross a folder.
    let options = glob::MatchOptions { require_literal_separator: true, ..glob::MatchOptions::new() };
    let in_folder = name.strip_prefix(path).and_then(|rest| rest.strip_prefix('/')).is_some_and(|rest| !rest.contains('/'));
    name == path || in_folder || glob::Pattern::new(path).is_ok_and(|pattern| pattern.matches_with(name, options))
}

/// The files directly in a folder whose ending is known or refused, and everything else; hidden and temporary files (`~$…`)
/// are left out.
fn list_folder(folder: &Path) -> Result<(Vec<PathBuf>, Vec<PathBuf>)> {
    let what = || format!("listing {}", folder.display());
    let (mut paths, mut others) = (Vec::new(), Vec::new());
    for entry in std::fs::read_dir(folder).context(Kind::Source, what)? {
        let path = entry.context(Kind::Source, what)?.path();
        if is_temporary(&path) {
            continue;
        }
        let is_meant = !path.is_dir() && (Format::of_extension(&path).is_some() || remedy_of(&path).is_some());
        if is_meant { paths.push(path) } else { others.push(path) }
    }
    Ok((paths, others))
}

/// What to do about a file whose ending says that it can't be read as it is.
pub(super) fn remedy_of(path: &Path) -> Option<&'static str> {
    let ending = path.extension()?.to_str()?.to_ascii_lowercase();
    UNREADABLE.iter().find(|(known, _)| *known == ending).map(|(_, remedy)| *remedy)
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

/// Whether a name is that of a hidden file, or of one that a program left while it was writing: no delivery.
pub fn is_temporary(path: &Path) -> bool {
    path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(['.', '~']))
}

/// How many files a source means now, and their bytes; none when they can't be found.
pub fn files_of(source: &Source) -> (usize, u64) {
    let files = find(source).unwrap_or_default().files;
    let bytes = files.iter().filter_map(|file| std::fs::metadata(&file.path).ok()).map(|metadata| metadata.len()).sum();
    (files.len(), bytes)
}
