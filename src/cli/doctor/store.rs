//! `kaohe doctor --store`: can this object store keep the promises?
//!
//! In: an address, or the variable that holds one. Out: what works, on standard output; exit code 1 when publishing there would need somebody's word.
//! Never here: the trying itself ([`crate::object_storage::probe`]).

use std::collections::BTreeMap;

use super::super::Common;
use super::super::surroundings::{cores, runtime, unique_name};
use crate::error::{Error, Kind, Result};
use crate::object_storage::Bucket;
use crate::object_storage::probe::{self, Condition, Probed, ROUNDS};
use crate::project::ObjectPrefix;

/// Tries the store that is written (`s3://bucket/prefix`, or `$VARIABLE`; empty: the one of `[publish]`), and says what follows.
pub fn probed(common: &Common, written: &str) -> Result<u8> {
    let bucket = Bucket::open(&prefix(common, written)?)?;
    say_line!("store      {}", bucket.prefix());
    let probed = runtime(cores())?.block_on(probe::probe(&bucket, &unique_name()))?;
    say!("{}", told(&probed));
    Ok(u8::from(!probed.notices_a_second_writer()))
}

fn prefix(common: &Common, written: &str) -> Result<ObjectPrefix> {
    let environment: BTreeMap<String, String> = std::env::vars().collect();
    if written.is_empty() {
        let publish = common.open()?.project.and_then(|project| project.publish);
        return publish
            .map(|publish| publish.to)
            .ok_or_else(|| Error::new(Kind::Configuration, "no object store is named").with_hint("name one: --store s3://bucket/prefix"));
    }
    let text = match written.strip_prefix('$') {
        None => written.to_owned(),
        Some(name) => environment
            .get(name)
            .cloned()
            .ok_or_else(|| Error::new(Kind::Configuration, format!("the environment variable {name} is not set")))?,
    };
    ObjectPrefix::read(&text, &environment)
        .map_err(|says| Error::new(Kind::Configuration, format!("--store names no object store: {says}")))
}

/// A line for each thing that was tried, then what follows.
fn told(probed: &Probed) -> String {
    let mut text = String::new();
    for (request, failed) in &probed.requests {
        text.push_str(&format!("{request:<10} {}\n", failed.as_deref().unwrap_or("works")));
    }
    if let Some(conditions) = probed.conditions {
        let header = |name: &str, condition| match condition {
            Condition::Kept => format!("{name} is kept"),
            Condition::Unknown => format!("{name} is answered with \"not implemented\""),
            Condition::Ignored => format!("{name} is ignored"),
        };
        text.push_str(&format!("create     {}\n", header("If-None-Match: *", conditions.create)));
        text.push_str(&format!("replace    {}\n", header("If-Match", conditions.replace)));
    }
    if let Some(races) = probed.races {
        text.push_str(&format!("race       {} of {ROUNDS} had exactly one winner", races.one_won));
        for (count, what) in [(races.both_won, "both won"), (races.none_won, "none won"), (races.overwritten, "the winner was overwritten")]
        {
            if count > 0 {
                text.push_str(&format!("; {what} in {count}"));
            }
        }
        text.push('\n');
    }
    text.push_str(&format!("so         {}\n", follows(probed)));
    text
}

/// What a project may rely on.
fn follows(probed: &Probed) -> String {
    let needs = |says: &str| {
        format!(
            "{says}: publish there only where nobody else ever writes to the prefix, and say so in kaohe.toml: [publish] single_writer = true\n           \
             (a second writer who comes all the same, between a look and a write, is not noticed)"
        )
    };
    match probed.conditions {
        None => "nothing can be published there; sources can be fetched if get and list work".to_owned(),
        _ if probed.notices_a_second_writer() => "a second writer is refused: results can be published there".to_owned(),
        Some(conditions) if conditions.create == Condition::Unknown => {
            needs("the store can't refuse a second writer (Aliyun OSS can't, either)")
        }
        Some(_) => needs("the store lets a second writer pass"),
    }
}
