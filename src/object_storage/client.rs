//! One bucket below one prefix: the few requests that kaohe makes, and what their failures mean.
//!
//! In: names relative to the prefix. Out: objects, bytes, and errors that say what to do, without a key in them. Never here: what the objects are for.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use futures::TryStreamExt;
use object_store::path::Path as Key;
use object_store::{
    Attribute, Attributes, Error as StoreError, GetOptions, GetRange, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode,
    PutMultipartOptions, PutOptions, UpdateVersion, WriteMultipart,
};

use crate::error::{Context, Error, Kind, Result};
use crate::project::ObjectPrefix;

/// Bytes of one request for a part of a large object, the least that the protocol allows: a minute is enough for as many of them as are on their
/// way at once, on a line of 6 Mbit/s.
const PART: u64 = 5 << 20;
/// Objects that are on their way at once, each with one request.
pub(super) const AT_ONCE: usize = 8;

/// An object of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Relative to the prefix, with `/`.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// Its ETag: another one means other bytes.
    pub e_tag: Option<String>,
    /// When it was written, as text.
    pub modified: String,
}

/// What became of a conditional put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Put {
    /// It is there now.
    Done,
    /// The store refused, because the condition was not met.
    Refused,
}

/// A bucket, as far as it stands below a prefix.
#[derive(Debug, Clone)]
pub struct Bucket {
    prefix: ObjectPrefix,
    store: Arc<dyn ObjectStore>,
    /// The same with hardly any patience, for what is expected to be refused.
    hasty: Arc<dyn ObjectStore>,
}

impl Bucket {
    /// Makes a client of what the environment says; nothing is asked of the store yet.
    ///
    /// # Errors
    /// Configuration: no keys, an endpoint that can't be used, a kaohe without the feature `cloud`.
    pub fn open(prefix: &ObjectPrefix) -> Result<Self> {
        let doing = |error: Error| error.while_doing(format!("reaching {prefix}"));
        let store = connect(prefix, usize::MAX).map_err(doing)?;
        let hasty = connect(prefix, 1).map_err(doing)?;
        Ok(Self { prefix: prefix.clone(), store, hasty })
    }

    /// A bucket over a store of a test.
    #[cfg(test)]
    pub(super) fn over(prefix: &ObjectPrefix, store: Arc<dyn ObjectStore>) -> Self {
        Self { prefix: prefix.clone(), hasty: Arc::clone(&store), store }
    }

    /// The same, for requests that are expected to be refused.
    pub(super) fn hasty(&self) -> Self {
        Self { store: Arc::clone(&self.hasty), ..self.clone() }
    }

    /// Where it is.
    pub fn prefix(&self) -> &ObjectPrefix {
        &self.prefix
    }

    /// Where an object is, for people.
    pub fn address(&self, name: &str) -> String {
        format!("{}/{name}", self.prefix)
    }

    fn key(&self, name: &str) -> Result<Key> {
        let text = format!("{}/{name}", self.prefix.prefix);
        Key::parse(text.trim_matches('/')).context(Kind::Source, || format!("naming an object of {}", self.prefix))
    }

    /// All objects below a folder, by name; what only marks a folder is left out.
    pub(super) async fn list(&self, folder: &str) -> Result<Vec<Object>, Failure> {
        let key = self.key(folder).map_err(Failure::of)?;
        let found: Vec<ObjectMeta> =
            self.store.list(Some(&key)).try_collect().await.map_err(|error| self.failed(&error, "listing", folder))?;
        let names: BTreeSet<String> = found.iter().map(|meta| meta.location.to_string()).collect();
        let is_marker = |meta: &ObjectMeta| {
            let below = format!("{}/", meta.location);
            meta.size == 0 && (meta.location == key || names.range(below.clone()..).next().is_some_and(|next| next.starts_with(&below)))
        };
        let mut objects: Vec<Object> = found.iter().filter(|meta| !is_marker(meta)).map(|meta| self.object(meta)).collect();
        objects.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(objects)
    }

    fn object(&self, meta: &ObjectMeta) -> Object {
        let location = meta.location.as_ref();
        let name = location.strip_prefix(&self.prefix.prefix).unwrap_or(location).trim_start_matches('/');
        Object { name: name.to_owned(), bytes: meta.size, e_tag: meta.e_tag.clone(), modified: meta.last_modified.to_rfc3339() }
    }

    /// What the store says of one object; `None` when it has none of that name.
    pub(super) async fn head(&self, name: &str) -> Result<Option<Object>, Failure> {
        let key = self.key(name).map_err(Failure::of)?;
        match self.store.head(&key).await {
            Ok(meta) => Ok(Some(self.object(&meta))),
            Err(StoreError::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.failed(&error, "looking for", name)),
        }
    }

    /// A small object with its ETag; `None` when there is none of that name.
    pub(super) async fn get(&self, name: &str) -> Result<Option<(Bytes, Option<String>)>, Failure> {
        let key = self.key(name).map_err(Failure::of)?;
        let got = match self.store.get(&key).await {
            Err(StoreError::NotFound { .. }) => return Ok(None),
            got => got.map_err(|error| self.failed(&error, "reading", name))?,
        };
        let e_tag = got.meta.e_tag.clone();
        let bytes = got.bytes().await.map_err(|error| self.failed(&error, "reading", name))?;
        Ok(Some((bytes, e_tag)))
    }

    /// Writes an object to a file, part by part; it must be the one that was listed, all the way.
    pub(super) async fn download(&self, object: &Object, to: &Path, advance: &(dyn Fn(u64) + Sync)) -> Result<(), Failure> {
        use std::io::Write;
        let doing = || format!("fetching {}", self.address(&object.name));
        let disk = |error: std::io::Error| Failure::of(Error::new(Kind::Environment, error.to_string()).while_doing(doing()));
        let key = self.key(&object.name).map_err(Failure::of)?;
        let mut file = std::fs::File::create(to).map_err(disk)?;
        let mut from = 0;
        while from < object.bytes {
            let end = (from + PART).min(object.bytes);
            let options = GetOptions { if_match: object.e_tag.clone(), range: Some(GetRange::Bounded(from..end)), ..GetOptions::default() };
            let got = self.store.get_opts(&key, options).await.map_err(|error| self.failed(&error, "fetching", &object.name))?;
            let size = got.meta.size;
            let bytes = got.bytes().await.map_err(|error| self.failed(&error, "fetching", &object.name))?;
            if size != object.bytes || bytes.len() as u64 != end - from {
                let says = format!("{size} bytes now, {} when it was listed", object.bytes);
                let error =
                    Error::new(Kind::Source, says).with_hint("it changed while it was fetched; run again when the delivery is complete");
                return Err(Failure::of(error.while_doing(doing())));
            }
            file.write_all(&bytes).map_err(disk)?;
            advance(end - from);
            from = end;
        }
        file.sync_all().map_err(disk)
    }

    /// Puts an object as the mode says.
    pub(super) async fn put(&self, name: &str, bytes: Bytes, mode: PutMode) -> Result<Put, Failure> {
        let key = self.key(name).map_err(Failure::of)?;
        let options = PutOptions { mode, attributes: attributes_of(name), ..PutOptions::default() };
        match self.store.put_opts(&key, bytes.into(), options).await {
            Ok(_) => Ok(Put::Done),
            Err(StoreError::AlreadyExists { .. } | StoreError::Precondition { .. }) => Ok(Put::Refused),
            Err(error) => Err(self.failed(&error, "writing", name)),
        }
    }

    /// Puts a file, whatever stood there.
    pub(super) async fn upload(&self, name: &str, path: &Path) -> Result<u64, Failure> {
        let disk = |error: std::io::Error| {
            Failure::of(Error::new(Kind::Environment, error.to_string()).while_doing(format!("reading {}", path.display())))
        };
        let size = path.metadata().map_err(disk)?.len();
        if size <= PART {
            self.put(name, std::fs::read(path).map_err(disk)?.into(), PutMode::Overwrite).await?;
            return Ok(size);
        }
        let key = self.key(name).map_err(Failure::of)?;
        let failed = |error: StoreError| self.failed(&error, "writing", name);
        let options = PutMultipartOptions { attributes: attributes_of(name), ..PutMultipartOptions::default() };
        let upload = self.store.put_multipart_opts(&key, options).await.map_err(failed)?;
        let mut parts = WriteMultipart::new_with_chunk_size(upload, PART as usize);
        let mut file = std::fs::File::open(path).map_err(disk)?;
        let mut buffer = vec![0; 1 << 20];
        loop {
            let read = file.read(&mut buffer).map_err(disk)?;
            if read == 0 {
                break;
            }
            parts.wait_for_capacity(1).await.map_err(failed)?;
            parts.write(&buffer[..read]);
        }
        parts.finish().await.map_err(failed)?;
        Ok(size)
    }

    /// Takes an object away.
    pub(super) async fn delete(&self, name: &str) -> Result<(), Failure> {
        let key = self.key(name).map_err(Failure::of)?;
        self.store.delete(&key).await.map_err(|error| self.failed(&error, "removing", name))
    }

    fn failed(&self, error: &StoreError, doing: &str, name: &str) -> Failure {
        Failure::new(error, &self.prefix, format!("{doing} {}", self.address(name)))
    }
}

/// What a browser and a static web host are told of an object, by the ending of its name.
fn attributes_of(name: &str) -> Attributes {
    let kind = match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "json" => "application/json",
        "jsonl" => "application/x-ndjson",
        "csv" => "text/csv; charset=utf-8",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "parquet" => "application/vnd.apache.parquet",
        "prom" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    };
    Attributes::from_iter([(Attribute::ContentType, kind)])
}

/// Replaces an object only if it is still the one with that ETag.
pub(super) fn only_over(e_tag: String) -> PutMode {
    PutMode::Update(UpdateVersion { e_tag: Some(e_tag), version: None })
}

/// A request that failed.
#[derive(Debug)]
pub(super) struct Failure {
    /// What to tell.
    pub error: Error,
    /// The status that the store answered with; `None` when it did not answer, or the failure is not the store's.
    pub status: Option<u16>,
    /// Whether the store could not be reached at all: further requests would wait as long.
    pub is_out_of_reach: bool,
}

impl Failure {
    /// A failure that is not the store's.
    pub fn of(error: Error) -> Self {
        Self { error, status: None, is_out_of_reach: false }
    }

    fn new(error: &StoreError, prefix: &ObjectPrefix, doing: String) -> Self {
        let text = error.to_string();
        let status = status_in(&text);
        let is_out_of_reach = status.is_none() && matches!(error, StoreError::Generic { .. } | StoreError::JoinError { .. });
        let (kind, hint) = match (status, error) {
            (Some(501), _) => (Kind::Environment, "the store does not know this request; `kaohe doctor --store` says what it can do"),
            (_, StoreError::NotFound { .. }) => (Kind::Environment, "is the bucket there?"),
            (_, StoreError::PermissionDenied { .. } | StoreError::Unauthenticated { .. }) => {
                (Kind::Environment, "look at AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION and at the rights of this key")
            }
            (_, StoreError::InvalidPath { .. }) => {
                (Kind::Source, "a key with an empty part, `.`, `..` or a control character is no file's name: rename or remove that object")
            }
            (_, StoreError::Precondition { .. }) => (Kind::Source, "it changed meanwhile; run again when the delivery is complete"),
            (None, _) if is_out_of_reach => (Kind::Environment, "look at AWS_ENDPOINT_URL, and at the way there"),
            _ => (Kind::Environment, "the store's own log says more"),
        };
        let mut says = readable(&text);
        if is_out_of_reach {
            says.push_str(&format!(": {}", readable(&deepest(error))));
        }
        Self { error: Error::new(kind, prefix.without_secrets(&says)).while_doing(doing).with_hint(hint), status, is_out_of_reach }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        failure.error
    }
}

/// The status stands in the text alone: the client's type for it is its own.
fn status_in(text: &str) -> Option<u16> {
    text.split("non-2xx status code: ").nth(1)?.get(..3)?.parse().ok()
}

/// What went wrong at the bottom: that a line was refused, or a certificate is nobody's.
fn deepest(error: &StoreError) -> String {
    let mut below: &dyn std::error::Error = error;
    while let Some(source) = below.source() {
        below = source;
    }
    below.to_string()
}

/// One line of what a store says: of its XML the code and the sentence, of anything else the beginning.
fn readable(text: &str) -> String {
    let element = |name: &str| text.split(&format!("<{name}>")).nth(1)?.split(&format!("</{name}>")).next();
    let says = match (status_in(text), element("Code")) {
        (Some(status), Some(code)) => format!("the store answers {status} {code}: {}", element("Message").unwrap_or_default()),
        (Some(status), None) => format!("the store answers {status}"),
        (None, _) => text.to_owned(),
    };
    let line = says.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().filter(|c| !c.is_control()).take(MOST_SAID).collect()
}

/// Characters of a store's own words.
const MOST_SAID: usize = 400;

#[cfg(not(feature = "cloud"))]
fn connect(_: &ObjectPrefix, _: usize) -> Result<Arc<dyn ObjectStore>> {
    Err(Error::new(Kind::Configuration, "this kaohe was built without the feature `cloud`, so it knows no object store")
        .with_hint("build it with `--features cloud`, or name a folder"))
}

/// A client that tries a request again at most `tries` times, within its patience.
#[cfg(feature = "cloud")]
fn connect(prefix: &ObjectPrefix, tries: usize) -> Result<Arc<dyn ObjectStore>> {
    use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
    use object_store::{ClientOptions, RetryConfig};
    use std::time::Duration;

    use crate::project::PATIENCE;

    refuse_unusable(prefix)?;
    let patience = match prefix.settings.get(PATIENCE).map(|text| text.trim().parse::<u64>()) {
        None => 60,
        Some(Ok(seconds)) if (1..=3600).contains(&seconds) => seconds,
        Some(_) => return Err(Error::new(Kind::Configuration, format!("{PATIENCE} is no number of seconds from 1 to 3600"))),
    };
    let retry = RetryConfig { max_retries: tries, retry_timeout: Duration::from_secs(patience), ..RetryConfig::default() };
    let client =
        ClientOptions::new().with_timeout(Duration::from_secs(patience)).with_connect_timeout(Duration::from_secs(patience.min(10)));
    let settings = prefix.settings.iter().filter_map(|(name, value)| {
        let key: AmazonS3ConfigKey = name.to_ascii_lowercase().parse().ok()?;
        Some((key, value))
    });
    let builder = AmazonS3Builder::new().with_client_options(client).with_retry(retry);
    let builder = settings.fold(builder, |builder, (key, value)| builder.with_config(key, value));
    let store = builder.with_bucket_name(&prefix.bucket).build();
    store.map(|store| Arc::new(store) as Arc<dyn ObjectStore>).map_err(|error| {
        let says = prefix.without_secrets(&readable(&error.to_string()));
        Error::new(Kind::Configuration, says).with_hint("look at the environment variables AWS_*")
    })
}

/// Settings with which the client would wait for nobody, or say nothing that helps.
#[cfg(feature = "cloud")]
fn refuse_unusable(prefix: &ObjectPrefix) -> Result<()> {
    let has = |name: &str| prefix.settings.contains_key(name);
    let wrong = |says: &str, hint: &str| Err(Error::new(Kind::Configuration, says).with_hint(hint));
    // Without keys the client would ask a cloud's own address for them, which nobody answers elsewhere.
    let has_other_keys = ["AWS_SKIP_SIGNATURE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_METADATA_ENDPOINT"].iter().any(|name| has(name))
        || prefix.settings.keys().any(|name| name.starts_with("AWS_CONTAINER_"));
    let has_keys = has("AWS_ACCESS_KEY_ID") && has("AWS_SECRET_ACCESS_KEY");
    if !has_keys && !has_other_keys {
        return wrong(
            "the environment holds no key for it",
            "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; for a store that asks for none, AWS_SKIP_SIGNATURE=true",
        );
    }
    let endpoints = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"];
    let Some((name, endpoint)) = endpoints.iter().find_map(|name| Some((name, prefix.settings.get(*name)?))) else { return Ok(()) };
    if endpoint.contains('@') {
        return wrong(&format!("{name} holds a key"), "it is the address alone, such as https://oss.example.gov.cn");
    }
    let may_be_open = prefix.settings.get("AWS_ALLOW_HTTP").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    if endpoint.starts_with("http://") && !may_be_open {
        return wrong(&format!("{name} is not encrypted (http)"), "use https, or set AWS_ALLOW_HTTP=true for a network of your own");
    }
    Ok(())
}
