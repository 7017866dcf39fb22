//! Can this store keep the promises? Tried, not asked: a store that ignores a condition says yes to everything.
//!
//! In: a prefix, a name that nobody used before. Out: what it can do, and whether exactly one of two writers wins. Never here: what follows for a
//! project, beyond the sentences that say it; clock and chance (the name is given).
//!
//! Publishing rests on one thing: of two who create the same name, one is told that he came too late. Stores that speak S3 differ in it: some
//! ignore `If-None-Match`, some refuse the request altogether (Aliyun OSS answers 501), and both look well until two write at once.

use bytes::Bytes;
use object_store::PutMode;

use super::client::{Bucket, Failure, Put, only_over};
use crate::error::Result;

/// Rounds of a race; a store that lets both win seldom would still do harm in a year of nights.
pub const ROUNDS: usize = 50;

/// What a store makes of a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// It is kept.
    Kept,
    /// The store answers that it does not know it.
    Unknown,
    /// The store writes all the same.
    Ignored,
}

/// What a store makes of both conditions that publishing would like to set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conditions {
    /// Create only if there is none (`If-None-Match: *`).
    pub create: Condition,
    /// Replace only what was read (`If-Match`).
    pub replace: Condition,
}

/// How the races ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Races {
    /// Exactly one writer won, and his bytes are there.
    pub one_won: usize,
    /// Both were told that they had won.
    pub both_won: usize,
    /// Neither won.
    pub none_won: usize,
    /// One won, and other bytes than his are there.
    pub overwritten: usize,
}

/// What a store can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probed {
    /// Put, get, list, delete: `None` where it works, else what the store said.
    pub requests: [(&'static str, Option<String>); 4],
    /// What it makes of conditions; `None` when it can't be written to.
    pub conditions: Option<Conditions>,
    /// The races; `None` where the condition is unknown or nothing can be written.
    pub races: Option<Races>,
}

impl Probed {
    /// Whether a second writer would be noticed.
    pub fn notices_a_second_writer(&self) -> bool {
        let is_kept = self.conditions.is_some_and(|conditions| conditions.create == Condition::Kept);
        is_kept && self.races.is_some_and(|races| races.one_won == ROUNDS)
    }
}

/// Where probes are made, below the prefix; they are removed again.
const FOLDER: &str = ".probe";

/// Tries everything, and races two writers [`ROUNDS`] times.
///
/// # Errors
/// A store that can't be reached.
pub async fn probe(bucket: &Bucket, unique: &str) -> Result<Probed> {
    let name = format!("{FOLDER}/{unique}");
    let text = Bytes::from_static(b"kaohe doctor");
    let put = bucket.hasty().put(&name, text.clone(), PutMode::Overwrite).await;
    if let Err(failure) = &put
        && failure.is_out_of_reach
    {
        return Err(put.expect_err("it failed").error);
    }
    let can_write = put.is_ok();
    let get = bucket.hasty().get(&name).await.map(|found| found.is_some_and(|(bytes, _)| bytes == text) || !can_write);
    let list = bucket.hasty().list(FOLDER).await.map(|all| all.iter().any(|object| object.name == name) || !can_write);
    let said = |failure: Failure| failure.error.message().to_owned();
    let shown =
        |works: Result<bool, Failure>, else_: &str| works.map_or_else(|failure| Some(said(failure)), |ok| (!ok).then(|| else_.to_owned()));
    let (get, list) = (shown(get, "what was put does not come back"), shown(list, "what was put is not listed"));
    let conditions = if can_write { Some(conditions(bucket, &format!("{unique}-condition")).await?) } else { None };
    let races = match conditions {
        Some(Conditions { create: Condition::Kept | Condition::Ignored, .. }) => Some(races(bucket, unique).await?),
        _ => None,
    };
    let delete = bucket.hasty().delete(&name).await;
    let requests = [("put", put.err().map(said)), ("get", get), ("list", list), ("delete", delete.err().map(said))];
    Ok(Probed { requests, conditions, races })
}

/// What a store makes of conditions, in four requests.
///
/// # Errors
/// A store that can't be written to.
pub async fn conditions(bucket: &Bucket, unique: &str) -> Result<Conditions> {
    let (hasty, name) = (bucket.hasty(), format!("{FOLDER}/{unique}"));
    let put = async |text: &'static str, mode: PutMode| judged(hasty.put(&name, Bytes::from_static(text.as_bytes()), mode).await);
    let create = match put("first", PutMode::Create).await? {
        None => Condition::Unknown,
        Some(_) => of_refusal(put("second", PutMode::Create).await?),
    };
    if create == Condition::Unknown {
        hasty.put(&name, Bytes::from_static(b"first"), PutMode::Overwrite).await?;
    }
    let replace = of_refusal(put("third", only_over("\"00000000000000000000000000000000\"".to_owned())).await?);
    // Whoever may not remove it leaves some bytes behind.
    let _ = hasty.delete(&name).await;
    Ok(Conditions { create, replace })
}

/// A put that must be refused.
fn of_refusal(put: Option<Put>) -> Condition {
    match put {
        None => Condition::Unknown,
        Some(Put::Refused) => Condition::Kept,
        Some(Put::Done) => Condition::Ignored,
    }
}

/// `None` for a request that the store does not know: 501, or 400 for a header that it will not have.
fn judged(put: Result<Put, Failure>) -> Result<Option<Put>> {
    match put {
        Ok(put) => Ok(Some(put)),
        Err(Failure { status: Some(400 | 405 | 501), .. }) => Ok(None),
        Err(failure) => Err(failure.error),
    }
}

/// Two writers create the same name at the same time, again and again.
async fn races(bucket: &Bucket, unique: &str) -> Result<Races> {
    let mut races = Races::default();
    for round in 0..ROUNDS {
        let name = format!("{FOLDER}/{unique}-race-{round}");
        let writer = |text: &'static str| {
            let (bucket, name) = (bucket.clone(), name.clone());
            tokio::spawn(async move { bucket.put(&name, Bytes::from_static(text.as_bytes()), PutMode::Create).await })
        };
        let (one, other) = (writer("one"), writer("other"));
        let won = |ended: Result<Result<Put, Failure>, tokio::task::JoinError>| match ended {
            Ok(put) => put.map(|put| put == Put::Done).map_err(|failure| failure.error),
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        };
        let (one, other) = (won(one.await)?, won(other.await)?);
        let there = bucket.get(&name).await?.map(|(bytes, _)| bytes);
        match (one, other) {
            (true, true) => races.both_won += 1,
            (false, false) => races.none_won += 1,
            _ if there.as_deref() == Some(if one { b"one".as_slice() } else { b"other" }) => races.one_won += 1,
            _ => races.overwritten += 1,
        }
        let _ = bucket.hasty().delete(&name).await;
    }
    Ok(races)
}
