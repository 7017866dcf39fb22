//! A prefix of an S3-compatible object store, as the value of an environment variable names it.
//!
//! In: `s3://bucket/prefix` and the environment passed in. Out: [`ObjectPrefix`], or what is wrong with the address. Never here: a connection
//! (that is [`crate::object_storage`]); a secret in any text: what the environment says of keys is carried along and never shown.

use std::collections::BTreeMap;
use std::fmt;

/// What stands before every address of this kind.
const SCHEME: &str = "s3://";

/// How long one request is tried again, in seconds.
pub const PATIENCE: &str = "KAOHE_STORE_PATIENCE";

/// One prefix, and how its store is reached.
#[derive(Clone, PartialEq, Eq)]
pub struct ObjectPrefix {
    /// The bucket.
    pub bucket: String,
    /// What all keys begin with, without a slash at either end; empty for the whole bucket.
    pub prefix: String,
    /// `AWS_*` and [`PATIENCE`], as the environment has them: endpoint, region, keys.
    pub settings: BTreeMap<String, String>,
}

impl ObjectPrefix {
    /// Whether a text is meant as an address, and not as a folder.
    pub fn is_meant(text: &str) -> bool {
        text.contains("://")
    }

    /// Reads an address.
    ///
    /// # Errors
    /// What is wrong with it, in words that repeat nothing of it: whoever pastes a key does so here.
    pub fn read(text: &str, environment: &BTreeMap<String, String>) -> Result<Self, String> {
        let rest = text.strip_prefix(SCHEME).ok_or("its address does not begin with `s3://` (other stores speak S3, too)")?;
        if rest.contains(['@', '?', '#']) {
            return Err(
                "its address holds more than bucket and prefix; keys belong into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY".to_owned()
            );
        }
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let is_of_a_bucket = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        if bucket.len() < 3 || !bucket.chars().all(is_of_a_bucket) {
            return Err("its address names no bucket: write s3://bucket/prefix".to_owned());
        }
        let prefix = prefix.trim_end_matches('/');
        let is_wrong = |part: &str| matches!(part, "" | "." | "..") || part.chars().any(|c| c.is_control() || c == '\\');
        if !prefix.is_empty() && prefix.split('/').any(is_wrong) {
            return Err("its prefix has an empty part, `.`, `..`, `\\` or a control character".to_owned());
        }
        let is_asked = |name: &str| name.starts_with("AWS_") || name == PATIENCE;
        let settings = environment.iter().filter(|(name, value)| is_asked(name) && !value.is_empty());
        let settings = settings.map(|(name, value)| (name.clone(), value.clone())).collect();
        Ok(Self { bucket: bucket.to_owned(), prefix: prefix.to_owned(), settings })
    }

    /// A text of the store or its client, in which every key of the environment is blacked out.
    pub fn without_secrets(&self, text: &str) -> String {
        let is_secret = |name: &str| ["KEY", "TOKEN", "SECRET", "PASSWORD"].iter().any(|word| name.contains(word));
        let secrets = self.settings.iter().filter(|(name, value)| is_secret(name) && value.len() > 3);
        secrets.fold(text.to_owned(), |text, (_, value)| text.replace(value.as_str(), "…"))
    }
}

impl fmt::Display for ObjectPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}", self.bucket)?;
        if self.prefix.is_empty() { Ok(()) } else { write!(f, "/{}", self.prefix) }
    }
}

impl fmt::Debug for ObjectPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
