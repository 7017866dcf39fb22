//! Extracts that lie in an object store, brought into a folder from which they are loaded like any other file.
//!
//! In: sources whose root is an object store, a folder beside the lake. Out: the same sources with a root on the disk, which holds what the store
//! holds now; of a source that could not be fetched the reason, which holds its table. Never here: reading what is in the files.
//!
//! An object that was fetched once is kept under its ETag and size, and is not fetched again until one of them changes: most extracts of a province
//! are the same as yesterday's. What only its name counts of (a file that no loader reads) is not fetched at all.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use futures::StreamExt;
use serde::{Deserialize, Serialize};

use super::client::{AT_ONCE, Bucket, Failure, Object};
use crate::error::{Context, Kind, Result};
use crate::ingest::{is_temporary, leads_to};
use crate::lake::{create_folders, replace_json};
use crate::project::{Format, ObjectPrefix, Source};

/// What was brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Fetched {
    /// Objects that the sources lead to.
    pub objects: usize,
    /// Those of them that were fetched now; the others were here.
    pub fetched: usize,
    /// Their bytes.
    pub bytes: u64,
}

/// What a source leads to.
#[derive(Debug, Default)]
struct Found {
    /// Objects by their name relative to the root.
    files: BTreeMap<String, Object>,
    /// Names of folders inside a folder that is a source: they are told as left out.
    folders: BTreeSet<String>,
}

/// By name relative to the root: what an object was when it was fetched.
type Kept = BTreeMap<String, Version>;

/// What tells one content of an object from another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Version {
    bytes: u64,
    e_tag: Option<String>,
    /// Only where the store gives no ETag.
    modified: Option<String>,
}

impl Version {
    fn of(object: &Object) -> Self {
        let modified = object.e_tag.is_none().then(|| object.modified.clone());
        Self { bytes: object.bytes, e_tag: object.e_tag.clone(), modified }
    }
}

/// One prefix that sources name as their root.
struct Root {
    bucket: Bucket,
    folder: PathBuf,
    kept: Kept,
    /// Once it did not answer, nobody waits for it again this night.
    out_of_reach: Option<String>,
}

impl Root {
    fn open(bucket: Bucket, cache: &Path) -> Result<Self> {
        let prefix = bucket.prefix();
        let digest = blake3::hash(prefix.to_string().as_bytes()).to_hex();
        let folder = cache.join(format!("{}-{}", prefix.bucket, &digest[..8]));
        // A night that was killed may have left parts.
        let _ = std::fs::remove_dir_all(folder.join(PARTS));
        for inner in [FILES, PARTS] {
            create_folders(&folder.join(inner)).context(Kind::Environment, || format!("creating {}", folder.display()))?;
        }
        // What can't be read was fetched by nobody: then everything is fetched again.
        let kept = std::fs::read(folder.join(RECORD)).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
        Ok(Self { bucket, folder, kept, out_of_reach: None })
    }

    fn files(&self) -> PathBuf {
        self.folder.join(FILES)
    }
}

const FILES: &str = "files";
const PARTS: &str = "parts";
const RECORD: &str = "fetched.json";

/// Brings everything that the sources lead to into folders below `cache`, and gives the sources their root there.
///
/// `begin` is told how many bytes are ahead, `advance` how many more of them came.
///
/// # Errors
/// Configuration of a store; a folder that can't be written. What a store does not give stands in [`crate::project::Remote::missing`] of its source.
pub async fn fetch(sources: &mut [Source], cache: &Path, begin: &(dyn Fn(u64) + Sync), advance: &(dyn Fn(u64) + Sync)) -> Result<Fetched> {
    fetch_through(&Bucket::open, sources, cache, begin, advance).await
}

/// The same, through clients that `open` makes.
pub(super) async fn fetch_through(
    open: &dyn Fn(&ObjectPrefix) -> Result<Bucket>,
    sources: &mut [Source],
    cache: &Path,
    begin: &(dyn Fn(u64) + Sync),
    advance: &(dyn Fn(u64) + Sync),
) -> Result<Fetched> {
    let (mut roots, found) = look_for_all(open, sources, cache).await?;
    let ahead = ahead_of(sources, &roots, &found)?;
    let bytes = ahead.values().map(|object| object.bytes).sum();
    begin(bytes);
    let (objects, fetched) = (distinct(&found), ahead.len());
    let failed = fetch_all(&mut roots, ahead, advance).await?;
    for Looked { index, address, found } in &found {
        let of_source = |((root, name), _): &(&Place, &String)| root == address && found.files.contains_key(name);
        let says: Vec<String> = failed.iter().filter(of_source).map(|(_, says)| says.clone()).collect();
        if !says.is_empty() {
            set_missing(&mut sources[*index], Some(says.join("\n")));
        }
    }
    Ok(Fetched { objects, fetched: fetched - failed.len(), bytes })
}

/// Address of a root, and a name relative to it.
type Place = (String, String);

/// What one of the sources leads to.
struct Looked {
    index: usize,
    address: String,
    found: Found,
}

/// Looks for the objects of every source, and clears away what a source led to before and leads to no more.
async fn look_for_all(
    open: &dyn Fn(&ObjectPrefix) -> Result<Bucket>,
    sources: &mut [Source],
    cache: &Path,
) -> Result<(BTreeMap<String, Root>, Vec<Looked>)> {
    let (mut roots, mut all) = (BTreeMap::new(), Vec::new());
    for (index, source) in sources.iter_mut().enumerate() {
        let Some(prefix) = source.remote.as_ref().map(|remote| remote.prefix.clone()) else { continue };
        let address = prefix.to_string();
        if !roots.contains_key(&address) {
            roots.insert(address.clone(), Root::open(open(&prefix)?, cache)?);
        }
        let root = roots.get_mut(&address).expect("it was put there");
        source.root = root.files();
        let looked = match &root.out_of_reach {
            Some(says) => Err(says.clone()),
            None => look(&root.bucket, source).await.map_err(|failure| {
                let says = failure.error.without_kind();
                root.out_of_reach = failure.is_out_of_reach.then(|| says.clone());
                says
            }),
        };
        match looked.and_then(|found| refuse_unnameable(&found).map(|()| found)) {
            Ok(found) => {
                remove_vanished(root, source, &found).context(Kind::Environment, || format!("clearing {}", root.folder.display()))?;
                set_missing(source, None);
                all.push(Looked { index, address, found });
            }
            Err(says) => set_missing(source, Some(says)),
        }
    }
    Ok((roots, all))
}

/// What has to be fetched; what only its name counts of is put there at once.
fn ahead_of(sources: &[Source], roots: &BTreeMap<String, Root>, all: &[Looked]) -> Result<BTreeMap<Place, Object>> {
    let mut ahead = BTreeMap::new();
    for Looked { index, address, found } in all {
        let (root, source) = (&roots[address], &sources[*index]);
        let doing = || format!("making room below {}", root.folder.display());
        for name in &found.folders {
            create_folders(&root.files().join(name)).context(Kind::Environment, doing)?;
        }
        for (name, object) in &found.files {
            let path = root.files().join(name);
            create_folders(path.parent().unwrap_or(&path)).context(Kind::Environment, doing)?;
            let is_known =
                || root.kept.get(name) == Some(&Version::of(object)) && path.metadata().is_ok_and(|file| file.len() == object.bytes);
            if source.format.is_none() && Format::of_extension(&path).is_none() {
                std::fs::write(&path, b"").context(Kind::Environment, doing)?;
            } else if !is_known() {
                ahead.insert((address.clone(), name.clone()), object.clone());
            }
        }
    }
    Ok(ahead)
}

fn distinct(all: &[Looked]) -> usize {
    let names = all.iter().flat_map(|looked| looked.found.files.keys().map(move |name| (&looked.address, name)));
    names.collect::<BTreeSet<_>>().len()
}

/// How many objects a source in a store leads to, and their bytes, without fetching any.
///
/// # Errors
/// What the store does not give.
pub async fn ahead(source: &Source) -> Result<(usize, u64)> {
    let Some(remote) = &source.remote else { return Ok((0, 0)) };
    let found = look(&Bucket::open(&remote.prefix)?, source).await?;
    Ok((found.files.len(), found.files.values().map(|object| object.bytes).sum()))
}

fn set_missing(source: &mut Source, says: Option<String>) {
    if let Some(remote) = &mut source.remote {
        remote.missing = says;
    }
}

/// The objects that a source's path leads to: one, those in a folder, or those that a glob matches.
async fn look(bucket: &Bucket, source: &Source) -> Result<Found, Failure> {
    let path = source.path.split('/').filter(|part| !matches!(*part, "" | ".")).collect::<Vec<_>>().join("/");
    let mut found = Found::default();
    if !path.contains('*')
        && let Some(object) = bucket.head(&path).await?
    {
        found.files.insert(path, object);
        return Ok(found);
    }
    let literal = path.split('/').take_while(|part| !part.contains(['*', '?', '['])).collect::<Vec<_>>().join("/");
    for object in bucket.list(&literal).await? {
        let is_shown = !is_temporary(Path::new(&object.name));
        if is_shown && leads_to(source, &object.name) {
            found.files.insert(object.name.clone(), object);
        } else if let Some((folder, _)) = object.name.strip_prefix(&format!("{path}/")).and_then(|rest| rest.split_once('/')) {
            found.folders.insert(format!("{path}/{folder}"));
        }
    }
    Ok(found)
}

/// What can stand in a key and in no file's name.
fn refuse_unnameable(found: &Found) -> Result<(), String> {
    let is_wrong = |name: &&String| name.split('/').any(|part| part.len() > 255 || part.chars().any(|c| c.is_control() || c == '\\'));
    match found.files.keys().chain(&found.folders).find(is_wrong) {
        None => Ok(()),
        Some(name) => {
            Err(format!("the key {name:?} can't be a file's name\nhint: rename that object, without `\\` and control characters"))
        }
    }
}

/// Takes away what a source leads to on the disk and the store has no more: it would be loaded again.
fn remove_vanished(root: &mut Root, source: &Source, found: &Found) -> std::io::Result<()> {
    let files = root.files();
    let mut open = vec![files.clone()];
    let mut folders = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            let name = path.strip_prefix(&files).unwrap_or(&path).to_string_lossy().into_owned();
            let has_vanished = leads_to(source, &name) && !found.files.contains_key(&name) && !found.folders.contains(&name);
            if path.is_dir() {
                // A folder where the store has an object now is in its way.
                let is_in_the_way = found.files.contains_key(&name);
                if is_in_the_way {
                    std::fs::remove_dir_all(&path)?
                } else {
                    open.push(path.clone())
                }
                folders.extend(has_vanished.then_some(path));
            } else if has_vanished {
                std::fs::remove_file(&path)?;
                root.kept.remove(&name);
            }
        }
    }
    // One that still holds what another source leads to stays.
    folders.iter().rev().for_each(|folder| drop(std::fs::remove_dir(folder)));
    Ok(())
}

/// Fetches objects, several at once; what failed, by root and name, with the reason.
async fn fetch_all(
    roots: &mut BTreeMap<String, Root>,
    ahead: BTreeMap<Place, Object>,
    advance: &(dyn Fn(u64) + Sync),
) -> Result<BTreeMap<Place, String>> {
    let mut failed = BTreeMap::new();
    let jobs = ahead.into_iter().enumerate().map(|(number, ((address, name), object))| {
        let root = &roots[&address];
        let (bucket, part, path) = (root.bucket.clone(), root.folder.join(PARTS).join(number.to_string()), root.files().join(&name));
        async move {
            let fetched = bucket.download(&object, &part, advance).await;
            let placed = fetched
                .map_err(|failure| failure.error.without_kind())
                .and_then(|()| std::fs::rename(&part, &path).map_err(|error| format!("keeping {}: {error}", path.display())));
            if placed.is_err() {
                let _ = std::fs::remove_file(&part);
            }
            (address, name, object, placed)
        }
    });
    let jobs: Vec<_> = jobs.collect();
    let mut done = futures::stream::iter(jobs).buffer_unordered(AT_ONCE);
    let mut fetched = Vec::new();
    while let Some((address, name, object, placed)) = done.next().await {
        match placed {
            Ok(()) => fetched.push((address, name, Version::of(&object))),
            Err(says) => drop(failed.insert((address, name), says)),
        }
    }
    drop(done);
    for (address, name, version) in fetched {
        roots.get_mut(&address).expect("it was asked").kept.insert(name, version);
    }
    for root in roots.values() {
        replace_json(&root.folder.join(RECORD), &root.kept)?;
    }
    Ok(failed)
}
