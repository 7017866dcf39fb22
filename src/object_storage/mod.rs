//! An S3-compatible object store, as a place that extracts come from and results go to.
//!
//! In: a prefix with what the environment says of it ([`crate::project::ObjectPrefix`]). Out: files of sources in a folder beside the lake
//! ([`fetch`]); a published run, with the lake behind it, below a prefix ([`send`]); what the store can promise ([`probe`]). Never here: SQL or
//! computation over the network. The lake that a run works on stays on the local disk on purpose: one writer, scans of mapped files.
//!
//! The order in which results go is the promise: first what nobody reads yet (data files, the run's folder), then the logs of the tables, entry by
//! entry, last `current.json`. Whoever resolves through it sees the run before or this one. A log entry is created and never replaced, which is
//! what a second writer is noticed by; a store that does not refuse the second creation of a name can't promise that, and is found out first.
//!
//! Every request ends: it is tried again for a minute (`KAOHE_STORE_PATIENCE`), and one try takes a minute at most.

mod client;
pub mod fetch;
pub mod probe;
pub mod send;
#[cfg(test)]
mod tests;

pub use client::{Bucket, Object};
