//! What is promised of an object store, held against a store in memory and against one that breaks the promise.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::path::Path as Key;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutMultipartOptions,
    PutOptions, PutPayload, PutResult, Result as StoreResult,
};

use super::client::Bucket;
use super::fetch::{Fetched, fetch_through};
use super::probe::{Condition, ROUNDS, conditions, probe};
use crate::diagnostics::Diagnostics;
use crate::error::Kind;
use crate::project::{ObjectPrefix, PROJECT_FILE, Project, Source};

fn prefix(settings: &[(&str, &str)]) -> ObjectPrefix {
    let environment: BTreeMap<String, String> = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    ObjectPrefix::read("s3://kaohe/a/b", &environment).expect("an address")
}

fn bucket(store: impl ObjectStore) -> Bucket {
    Bucket::over(&prefix(&[]), Arc::new(store))
}

/// A store that does as it is told, whatever the condition.
#[derive(Debug, Default)]
struct Obliging(InMemory);

impl fmt::Display for Obliging {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Obliging")
    }
}

#[async_trait]
impl ObjectStore for Obliging {
    async fn put_opts(&self, key: &Key, payload: PutPayload, options: PutOptions) -> StoreResult<PutResult> {
        self.0.put_opts(key, payload, PutOptions { mode: PutMode::Overwrite, ..options }).await
    }
    async fn put_multipart_opts(&self, key: &Key, options: PutMultipartOptions) -> StoreResult<Box<dyn MultipartUpload>> {
        self.0.put_multipart_opts(key, options).await
    }
    async fn get_opts(&self, key: &Key, options: GetOptions) -> StoreResult<GetResult> {
        self.0.get_opts(key, options).await
    }
    fn delete_stream(&self, keys: BoxStream<'static, StoreResult<Key>>) -> BoxStream<'static, StoreResult<Key>> {
        self.0.delete_stream(keys)
    }
    fn list(&self, prefix: Option<&Key>) -> BoxStream<'static, StoreResult<ObjectMeta>> {
        self.0.list(prefix)
    }
    async fn list_with_delimiter(&self, prefix: Option<&Key>) -> StoreResult<ListResult> {
        self.0.list_with_delimiter(prefix).await
    }
    async fn copy_opts(&self, from: &Key, to: &Key, options: CopyOptions) -> StoreResult<()> {
        self.0.copy_opts(from, to, options).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_keeps_conditions_is_told_from_one_that_ignores_them() {
    let good = bucket(InMemory::new());
    let probed = probe(&good, "one").await.expect("it answers");
    assert!(probed.notices_a_second_writer(), "{probed:?}");
    assert!(probed.requests.iter().all(|(_, failed)| failed.is_none()), "{probed:?}");
    assert_eq!(good.list("").await.expect("listed"), [], "probes were left behind");

    let ignoring = bucket(Obliging::default());
    let made = conditions(&ignoring, "two").await.expect("it answers");
    assert_eq!((made.create, made.replace), (Condition::Ignored, Condition::Ignored));
    let probed = probe(&ignoring, "three").await.expect("it answers");
    assert!(!probed.notices_a_second_writer());
    assert_eq!(probed.races.map(|races| races.both_won), Some(ROUNDS));
}

#[tokio::test]
async fn what_marks_a_folder_is_no_object_and_names_are_relative_to_the_prefix() {
    let store = InMemory::new();
    for (key, text) in [("a/b/cases", ""), ("a/b/cases/2.csv", "2"), ("a/b/cases/1.csv", "1"), ("a/b/empty.csv", ""), ("a/bc/3.csv", "3")] {
        store.put(&Key::parse(key).expect("a key"), Bytes::from(text).into()).await.expect("put");
    }
    let names: Vec<String> = bucket(store).list("").await.expect("listed").into_iter().map(|object| object.name).collect();
    assert_eq!(names, ["cases/1.csv", "cases/2.csv", "empty.csv"]);
}

#[tokio::test]
async fn an_object_that_changes_while_it_is_fetched_is_refused() {
    let store = Arc::new(InMemory::new());
    let key = Key::parse("a/b/cases.csv").expect("a key");
    store.put(&key, Bytes::from_static(b"first").into()).await.expect("put");
    let bucket = Bucket::over(&prefix(&[]), Arc::clone(&store) as Arc<dyn ObjectStore>);
    let listed = bucket.list("").await.expect("listed").remove(0);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let to = folder.path().join("cases.csv");
    bucket.download(&listed, &to, &|_| ()).await.expect("as it was listed");
    assert_eq!(std::fs::read(&to).expect("fetched"), b"first");
    store.put(&key, Bytes::from_static(b"other").into()).await.expect("put");
    let error = bucket.download(&listed, &to, &|_| ()).await.expect_err("another object").error;
    assert_eq!(error.kind, Kind::Source);
    assert!(error.to_string().contains("s3://kaohe/a/b/cases.csv"), "{error}");
}

#[tokio::test]
async fn a_large_file_goes_and_comes_in_parts() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (from, to) = (folder.path().join("from"), folder.path().join("to"));
    let bytes: Vec<u8> = (0..20_000_001u32).map(|index| (index % 251) as u8).collect();
    std::fs::write(&from, &bytes).expect("written");
    let bucket = bucket(InMemory::new());
    assert_eq!(bucket.upload("large", &from).await.expect("sent"), 20_000_001);
    let object = bucket.head("large").await.expect("asked").expect("there");
    bucket.download(&object, &to, &|_| ()).await.expect("fetched");
    assert!(std::fs::read(&to).expect("fetched") == bytes);
    assert!(bucket.head("larger").await.expect("asked").is_none());
}

/// Sources of a project whose root is the prefix of these tests.
fn sources(paths: &[&str]) -> Vec<Source> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let one = |path: &&str| format!("[[source]]\ntable = \"cases\"\npath = \"{path}\"\nroot = \"$ROOT\"\n");
    let text = format!("name = \"示例省\"\nscheme = \"2026\"\n{}", paths.iter().map(one).collect::<String>());
    std::fs::write(folder.path().join(PROJECT_FILE), text).expect("written");
    let environment = BTreeMap::from([("ROOT".to_owned(), "s3://kaohe/a/b".to_owned())]);
    let project = Project::read(folder.path(), &environment, &mut Diagnostics::default()).expect("read");
    project.expect("a project").sources
}

fn missing(source: &Source) -> Option<&str> {
    source.remote.as_ref().and_then(|remote| remote.missing.as_deref())
}

#[tokio::test]
async fn a_folder_on_the_disk_is_what_the_store_holds_now() {
    let store = Arc::new(InMemory::new());
    let put = async |key: &str, text: &str| {
        let key = Key::parse(format!("a/b/{key}")).expect("a key");
        store.put(&key, Bytes::from(text.to_owned()).into()).await.expect("put");
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let fetch = async |sources: &mut [Source]| {
        let open = |prefix: &ObjectPrefix| Ok(Bucket::over(prefix, Arc::clone(&store) as Arc<dyn ObjectStore>));
        fetch_through(&open, sources, folder.path(), &|_| (), &|_| ()).await.expect("fetched")
    };
    for (key, text) in [
        ("cases/2.csv", "two"),
        ("cases/1.csv", "one"),
        ("cases/archive.rar", "packed"),
        ("cases/2025/3.csv", "three"),
        ("cases/.4.csv.swp", "four"),
        ("other/5.csv", "five"),
    ] {
        put(key, text).await;
    }
    let mut all = sources(&["cases", "other/5.csv", "cases/2*.csv", "none/*.csv"]);
    assert_eq!(fetch(&mut all).await, Fetched { objects: 4, fetched: 3, bytes: 10 });
    assert!(all.iter().all(|source| missing(source).is_none()));
    let root = all[0].root.clone();
    let text = |name: &str| std::fs::read_to_string(root.join(name)).ok();
    assert_eq!((text("cases/1.csv").as_deref(), text("other/5.csv").as_deref()), (Some("one"), Some("five")));
    // Of what is not loaded there is the name, so that it is told.
    assert_eq!((text("cases/archive.rar").as_deref(), root.join("cases/2025").is_dir(), text("cases/.4.csv.swp")), (Some(""), true, None));

    // Another object under the same name and of the same size, one that vanished, and a folder that vanished.
    put("cases/1.csv", "eno").await;
    for key in ["a/b/cases/2.csv", "a/b/cases/2025/3.csv"] {
        store.delete(&Key::parse(key).expect("a key")).await.expect("removed");
    }
    assert_eq!(fetch(&mut all).await, Fetched { objects: 3, fetched: 1, bytes: 3 });
    assert_eq!((text("cases/1.csv").as_deref(), text("cases/2.csv"), root.join("cases/2025").is_dir()), (Some("eno"), None, false));
    assert_eq!(text("other/5.csv").as_deref(), Some("five"));

    // A key that can't be a name on the disk holds its source, and no other.
    put("cases/a\\b.csv", "six").await;
    fetch(&mut all).await;
    assert!(missing(&all[0]).is_some_and(|says| says.contains("can't be a file's name")), "{:?}", missing(&all[0]));
    assert_eq!(missing(&all[1]), None);
}

/// What a store says may hold what was sent to it.
#[test]
fn a_refusal_is_one_sentence_without_keys() {
    let prefix = prefix(&[("AWS_ACCESS_KEY_ID", "AKIDKAOHE"), ("AWS_SECRET_ACCESS_KEY", "topsecret"), ("HOME", "/root")]);
    assert!(!format!("{prefix:?}").contains("AKID"));
    assert_eq!(prefix.settings.len(), 2);
    assert_eq!(prefix.without_secrets("key AKIDKAOHE and topsecret at /root"), "key … and … at /root");
}

#[test]
fn an_address_is_bucket_and_prefix_alone() {
    let read = |text: &str| ObjectPrefix::read(text, &BTreeMap::new());
    assert_eq!(read("s3://kaohe-1/考核/results/").map(|prefix| prefix.to_string()), Ok("s3://kaohe-1/考核/results".to_owned()));
    assert_eq!(read("s3://kaohe").map(|prefix| (prefix.bucket, prefix.prefix)), Ok(("kaohe".to_owned(), String::new())));
    for wrong in [
        "oss://kaohe/a",
        "s3://",
        "s3:///a",
        "s3://AKID:topsecret@kaohe/a",
        "s3://kaohe/a//b",
        "s3://kaohe/../b",
        "s3://kaohe/a?b=topsecret",
    ] {
        let says = read(wrong).expect_err(wrong);
        assert!(!says.contains("topsecret"), "{says}");
    }
}

#[cfg(feature = "cloud")]
#[test]
fn a_store_without_a_key_or_with_an_open_line_is_refused_before_it_is_asked() {
    let keys = [("AWS_ACCESS_KEY_ID", "AKIDKAOHE"), ("AWS_SECRET_ACCESS_KEY", "topsecret")];
    let open = |more: &[(&str, &str)]| Bucket::open(&prefix(&[&keys, more].concat())).map(|_| ());
    for (environment, named) in [
        (vec![("AWS_ENDPOINT_URL", "http://10.0.0.1:9000")], "AWS_ALLOW_HTTP"),
        (vec![("AWS_ENDPOINT_URL", "https://user:topsecret@10.0.0.1")], "AWS_ENDPOINT_URL"),
        (vec![("KAOHE_STORE_PATIENCE", "soon")], "KAOHE_STORE_PATIENCE"),
    ] {
        let error = open(&environment).expect_err(named);
        assert_eq!(error.kind, Kind::Configuration);
        assert!(error.to_string().contains(named) && !error.to_string().contains("topsecret"), "{error}");
    }
    open(&[("AWS_ENDPOINT_URL", "http://10.0.0.1:9000"), ("AWS_ALLOW_HTTP", "true")]).expect("an open line that somebody wants");
    let error = Bucket::open(&prefix(&[])).expect_err("no key").to_string();
    assert!(error.contains("AWS_SECRET_ACCESS_KEY"), "{error}");
}

/// An encrypted line needs a back end for TLS, of which two stand in the program.
#[cfg(feature = "cloud")]
#[tokio::test]
async fn nobody_at_the_other_end_is_an_error_in_time() {
    let keys = [("AWS_ACCESS_KEY_ID", "AKIDKAOHE"), ("AWS_SECRET_ACCESS_KEY", "topsecret"), ("KAOHE_STORE_PATIENCE", "1")];
    let nobody = Bucket::open(&prefix(&[&keys[..], &[("AWS_ENDPOINT_URL", "https://127.0.0.1:9")]].concat())).expect("a client");
    let failure = nobody.get("current.json").await.expect_err("nobody is there");
    assert!(failure.is_out_of_reach && failure.status.is_none());
    let says = failure.error.to_string();
    assert!(says.contains("AWS_ENDPOINT_URL") && says.contains("Connection refused"), "{says}");
}
