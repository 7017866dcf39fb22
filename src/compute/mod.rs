//! Library × snapshot → measures.
//!
//! In: the library and a session over pinned tables. Out: [`measures::Measure`] rows. Never here: division, policy.

pub mod measures;
