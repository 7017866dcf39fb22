//! Writing that survives a power cut: files whose bytes reach the disk before their name does.
//!
//! In: bytes and paths. Out: files under their final name, and an [`ObjectStore`] for Delta with the same promise.
//! Never here: what the files mean.
//!
//! `LocalFileSystem` never calls fsync, so a commit that was reported as done could vanish, or come back torn, after a power
//! cut. Here every write is staged beside its target, synced, and only then named: by a hard link where the name must be new
//! (Delta's commits), else by a rename. The folder is synced last.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
#[cfg(test)]
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use object_store::local::LocalFileSystem;
use object_store::path::Path as ObjectPath;
use object_store::{
    CopyMode, CopyOptions, Error as StoreError, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMode,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, RenameTargetMode, Result as StoreResult, UploadPart,
};

use crate::error::{Context, Kind, Result};

/// Numbers staged files within this process; names of other processes are avoided by `create_new`.
static STAGED: AtomicU64 = AtomicU64::new(0);

/// Whether a name may be taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Name {
    /// It must be free.
    New,
    /// What stood there is replaced.
    Replaced,
}

/// Replaces a file in one step: afterwards it holds either the old bytes or all of the new ones, whatever happens.
pub fn replace_file(path: &Path, bytes: &[u8]) -> Result<()> {
    publish(path, &[bytes], Name::Replaced).context(Kind::Environment, || format!("writing `{}`", path.display()))
}

/// Makes an already written file durable and gives it its final name.
pub(super) fn publish_file(staged: &Path, path: &Path) -> io::Result<()> {
    File::open(staged)?.sync_all()?;
    std::fs::rename(staged, path)?;
    sync_parent(path)
}

/// Creates a folder and its parents; each new name is synced into its parent.
pub(super) fn create_folders(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        create_folders(parent)?;
    }
    match std::fs::create_dir(path) {
        Ok(()) => sync_parent(path),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

/// Opens a new file beside `path` under a name that the store's listings hide (`name#digits`).
fn stage(path: &Path) -> io::Result<(File, PathBuf)> {
    if let Some(parent) = path.parent() {
        create_folders(parent)?;
    }
    loop {
        let mut name = path.as_os_str().to_owned();
        name.push(format!("#{}", STAGED.fetch_add(1, Ordering::Relaxed)));
        let staged = PathBuf::from(name);
        match OpenOptions::new().write(true).create_new(true).open(&staged) {
            Ok(file) => return Ok((file, staged)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}

fn publish<B: AsRef<[u8]>>(path: &Path, parts: &[B], name: Name) -> io::Result<()> {
    let (mut file, staged) = stage(path)?;
    let written = parts.iter().try_for_each(|part| file.write_all(part.as_ref())).and_then(|()| file.sync_all());
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

/// The local file system as an object store whose successful writes have reached the disk.
#[derive(Debug, Clone)]
pub struct DurableLocalStore {
    inner: LocalFileSystem,
    #[cfg(test)]
    published: Arc<std::sync::Mutex<Vec<PathBuf>>>,
}

impl DurableLocalStore {
    /// The store whose root is the root of the file system, as Delta wants it.
    pub fn new() -> Self {
        Self {
            inner: LocalFileSystem::new(),
            #[cfg(test)]
            published: Arc::default(),
        }
    }

    fn path(&self, location: &ObjectPath) -> StoreResult<PathBuf> {
        self.inner.path_to_filesystem(location)
    }

    fn note(&self, _path: &Path) {
        #[cfg(test)]
        self.published.lock().expect("no test panics while holding the list").push(_path.to_owned());
    }
}

impl Default for DurableLocalStore {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for DurableLocalStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Durable{}", self.inner)
    }
}

/// Runs blocking disk work off the async threads where there are any.
async fn off_thread<T: Send + 'static>(path: PathBuf, work: impl FnOnce(&Path) -> io::Result<T> + Send + 'static) -> StoreResult<T> {
    let outcome = match tokio::runtime::Handle::try_current() {
        Ok(handle) => {
            let at = path.clone();
            handle.spawn_blocking(move || work(&at)).await?
        }
        Err(_) => work(&path),
    };
    outcome.map_err(|error| store_error(error, &path))
}

fn store_error(error: io::Error, path: &Path) -> StoreError {
    let shown = path.display().to_string();
    match error.kind() {
        ErrorKind::AlreadyExists => StoreError::AlreadyExists { path: shown, source: error.into() },
        ErrorKind::NotFound => StoreError::NotFound { path: shown, source: error.into() },
        ErrorKind::PermissionDenied => StoreError::PermissionDenied { path: shown, source: error.into() },
        _ => StoreError::Generic { store: "DurableLocalStore", source: format!("{shown}: {error}").into() },
    }
}

#[async_trait]
impl ObjectStore for DurableLocalStore {
    async fn put_opts(&self, location: &ObjectPath, payload: PutPayload, options: PutOptions) -> StoreResult<PutResult> {
        let name = match options.mode {
            PutMode::Create => Name::New,
            PutMode::Overwrite => Name::Replaced,
            // Not supported by local disks: the inner store says so in its own words.
            PutMode::Update(_) => return self.inner.put_opts(location, payload, options).await,
        };
        let path = self.path(location)?;
        let parts: Vec<Bytes> = payload.into_iter().collect();
        off_thread(path.clone(), move |path| publish(path, &parts, name)).await?;
        self.note(&path);
        Ok(PutResult { e_tag: None, version: None })
    }

    async fn put_multipart_opts(&self, location: &ObjectPath, options: PutMultipartOptions) -> StoreResult<Box<dyn MultipartUpload>> {
        // Uploaded under another name, so that a reader of the final name never meets bytes that are not on the disk yet.
        let staged = ObjectPath::parse(format!("{location}.{}.uploading", STAGED.fetch_add(1, Ordering::Relaxed)))?;
        let (from, to) = (self.path(&staged)?, self.path(location)?);
        let inner = self.inner.put_multipart_opts(&staged, options).await?;
        Ok(Box::new(DurableUpload { inner, from, to, store: self.clone() }))
    }

    async fn get_opts(&self, location: &ObjectPath, options: GetOptions) -> StoreResult<GetResult> {
        self.inner.get_opts(location, options).await
    }

    async fn get_ranges(&self, location: &ObjectPath, ranges: &[Range<u64>]) -> StoreResult<Vec<Bytes>> {
        self.inner.get_ranges(location, ranges).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, StoreResult<ObjectPath>>) -> BoxStream<'static, StoreResult<ObjectPath>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&ObjectPath>) -> BoxStream<'static, StoreResult<ObjectMeta>> {
        self.inner.list(prefix)
    }

    fn list_with_offset(&self, prefix: Option<&ObjectPath>, offset: &ObjectPath) -> BoxStream<'static, StoreResult<ObjectMeta>> {
        self.inner.list_with_offset(prefix, offset)
    }

    async fn list_with_delimiter(&self, prefix: Option<&ObjectPath>) -> StoreResult<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &ObjectPath, to: &ObjectPath, options: CopyOptions) -> StoreResult<()> {
        off_thread(self.path(from)?, |from| File::open(from)?.sync_all()).await?;
        self.inner.copy_opts(from, to, options).await?;
        let path = self.path(to)?;
        off_thread(path.clone(), sync_parent).await?;
        self.note(&path);
        Ok(())
    }

    async fn rename_opts(&self, from: &ObjectPath, to: &ObjectPath, options: RenameOptions) -> StoreResult<()> {
        match options.target_mode {
            RenameTargetMode::Overwrite => {
                let (source, target) = (self.path(from)?, self.path(to)?);
                off_thread(source.clone(), |source| File::open(source)?.sync_all()).await?;
                self.inner.rename_opts(from, to, options).await?;
                off_thread(target.clone(), sync_parent).await?;
                off_thread(source, sync_parent).await?;
                self.note(&target);
                Ok(())
            }
            RenameTargetMode::Create => {
                self.copy_opts(from, to, CopyOptions { mode: CopyMode::Create, extensions: options.extensions }).await?;
                off_thread(self.path(from)?, |path| std::fs::remove_file(path).and_then(|()| sync_parent(path))).await
            }
        }
    }
}

/// An upload in parts that is named after its bytes are on the disk.
#[derive(Debug)]
struct DurableUpload {
    inner: Box<dyn MultipartUpload>,
    from: PathBuf,
    to: PathBuf,
    store: DurableLocalStore,
}

#[async_trait]
impl MultipartUpload for DurableUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        self.inner.put_part(data)
    }

    async fn complete(&mut self) -> StoreResult<PutResult> {
        let result = self.inner.complete().await?;
        let to = self.to.clone();
        off_thread(self.from.clone(), move |from| publish_file(from, &to)).await?;
        self.store.note(&self.to);
        Ok(result)
    }

    async fn abort(&mut self) -> StoreResult<()> {
        self.inner.abort().await
    }
}

#[cfg(test)]
mod tests {
    use object_store::ObjectStoreExt;

    use super::*;

    fn location(folder: &tempfile::TempDir, name: &str) -> ObjectPath {
        ObjectPath::from_absolute_path(folder.path().join(name)).expect("a temporary path")
    }

    #[tokio::test]
    async fn a_name_that_must_be_new_is_refused_the_second_time_and_keeps_its_bytes() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let store = DurableLocalStore::new();
        let commit = location(&folder, "日志/00.json");
        let create = || PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        store.put_opts(&commit, "first".into(), create()).await.expect("the name is free");
        let again = store.put_opts(&commit, "second".into(), create()).await.expect_err("the name is taken");
        assert!(matches!(again, StoreError::AlreadyExists { .. }), "{again}");
        assert_eq!(std::fs::read(folder.path().join("日志/00.json")).expect("the commit"), b"first");
        assert_eq!(std::fs::read_dir(folder.path().join("日志")).expect("listing").count(), 1, "no staged file stays behind");
    }

    #[tokio::test]
    async fn every_way_of_writing_passes_through_the_syncing_path() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let store = DurableLocalStore::new();
        let at = |name: &str| location(&folder, name);
        store.put(&at("put"), "a".into()).await.expect("put");
        store.copy(&at("put"), &at("copy")).await.expect("copy");
        store.rename(&at("copy"), &at("renamed")).await.expect("rename");
        store.rename_if_not_exists(&at("renamed"), &at("claimed")).await.expect("rename to a free name");
        let mut upload = store.put_multipart(&at("parts")).await.expect("upload");
        upload.put_part("b".into()).await.expect("part");
        assert!(!folder.path().join("parts").exists(), "not named before it is complete");
        upload.complete().await.expect("complete");
        let published = store.published.lock().expect("the list").clone();
        let expected: Vec<_> = ["put", "copy", "renamed", "claimed", "parts"].iter().map(|name| folder.path().join(name)).collect();
        assert_eq!(published, expected);
        let mut left: Vec<_> = std::fs::read_dir(folder.path()).expect("listing").map(|entry| entry.expect("entry").file_name()).collect();
        left.sort();
        assert_eq!(left, ["claimed", "parts", "put"]);
    }

    #[test]
    fn replacing_a_file_leaves_no_trace_of_the_old_one() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("current.json");
        replace_file(&path, b"a much longer first text").expect("first");
        replace_file(&path, b"second").expect("second");
        assert_eq!(std::fs::read(&path).expect("the file"), b"second");
        assert_eq!(std::fs::read_dir(folder.path()).expect("listing").count(), 1);
    }
}
