//! The local file system as Delta's object store, with writes that survive a power cut.
//!
//! In: Delta's puts, copies and renames. Out: the same, on the disk when they return (see `durable`). Never here: paths or
//! names of our own.
//!
//! `LocalFileSystem` never calls fsync: a commit that was reported as done could vanish, or come back torn, after a power cut.

use std::fmt;
use std::io::{self, ErrorKind};
use std::ops::Range;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use object_store::local::LocalFileSystem;
use object_store::path::Path as ObjectPath;
use object_store::{
    CopyMode, CopyOptions, Error as StoreError, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMode,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, RenameTargetMode, Result as StoreResult, UploadPart,
};

use super::durable::{Name, publish, publish_file, staged_number, sync_file, sync_parent};

/// The local file system as an object store whose successful writes have reached the disk.
#[derive(Debug, Clone)]
pub struct DurableLocalStore {
    inner: LocalFileSystem,
}

impl DurableLocalStore {
    /// The store whose root is the root of the file system, as Delta wants it.
    pub fn new() -> Self {
        Self { inner: LocalFileSystem::new() }
    }

    fn path(&self, location: &ObjectPath) -> StoreResult<PathBuf> {
        self.inner.path_to_filesystem(location)
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
        off_thread(path, move |path| publish(path, &parts, name)).await?;
        Ok(PutResult { e_tag: None, version: None })
    }

    async fn put_multipart_opts(&self, location: &ObjectPath, options: PutMultipartOptions) -> StoreResult<Box<dyn MultipartUpload>> {
        // Uploaded under another name, so that a reader of the final name never meets bytes that are not on the disk yet.
        let staged = ObjectPath::parse(format!("{location}.{}.uploading", staged_number()))?;
        let (from, to) = (self.path(&staged)?, self.path(location)?);
        let inner = self.inner.put_multipart_opts(&staged, options).await?;
        Ok(Box::new(DurableUpload { inner, from, to }))
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
        off_thread(self.path(from)?, sync_file).await?;
        self.inner.copy_opts(from, to, options).await?;
        off_thread(self.path(to)?, sync_parent).await
    }

    async fn rename_opts(&self, from: &ObjectPath, to: &ObjectPath, options: RenameOptions) -> StoreResult<()> {
        match options.target_mode {
            RenameTargetMode::Overwrite => {
                let (source, target) = (self.path(from)?, self.path(to)?);
                off_thread(source.clone(), sync_file).await?;
                self.inner.rename_opts(from, to, options).await?;
                off_thread(target, sync_parent).await?;
                off_thread(source, sync_parent).await
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
    use crate::lake::durable::synced;

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
    async fn every_way_of_writing_brings_bytes_and_name_to_the_disk() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let store = DurableLocalStore::new();
        let at = |name: &str| location(&folder, name);
        let synced = || synced::take(folder.path());
        store.put(&at("put"), "a".into()).await.expect("put");
        assert_eq!(synced(), ["put#", "."]);
        store.put_opts(&at("log/new"), "a".into(), PutOptions { mode: PutMode::Create, ..PutOptions::default() }).await.expect("create");
        assert_eq!(synced(), [".", "log/new#", "log"], "the new folder's name too");
        store.copy(&at("put"), &at("log/copy")).await.expect("copy");
        assert_eq!(synced(), ["put", "log"]);
        store.rename(&at("log/copy"), &at("renamed")).await.expect("rename");
        assert_eq!(synced(), ["log/copy", ".", "log"]);
        store.rename_if_not_exists(&at("renamed"), &at("claimed")).await.expect("rename to a free name");
        assert_eq!(synced(), ["renamed", ".", "."]);
        let mut upload = store.put_multipart(&at("parts")).await.expect("upload");
        upload.put_part("b".into()).await.expect("part");
        assert!(!folder.path().join("parts").exists(), "not named before it is complete");
        upload.complete().await.expect("complete");
        let [bytes, name] = <[String; 2]>::try_from(synced()).expect("two syncs");
        assert!(bytes.starts_with("parts.") && bytes.ends_with(".uploading") && name == ".", "{bytes}, {name}");
        let mut left: Vec<_> = std::fs::read_dir(folder.path()).expect("listing").map(|entry| entry.expect("entry").file_name()).collect();
        left.sort();
        assert_eq!(left, ["claimed", "log", "parts", "put"]);
    }
}
