//! Library × snapshot → measures.
//!
//! In: the library and a session over pinned tables. Out: [`measures::Measure`] rows, or for `kaohe check` diagnostics on
//! plans over empty tables. Never here: division, policy.

pub mod alone;
pub mod attribution;
pub mod check;
pub mod counting_session;
pub mod declarations;
pub mod due_soon;
pub mod events;
pub mod flow;
pub mod forms;
pub mod fused;
pub mod law;
pub mod lineage;
pub mod loads;
pub mod mappings;
pub mod measures;
pub mod personal;
pub mod populations;
pub mod previous;
pub mod reconciliation;
pub mod reporting;
pub mod resting;
pub mod run;
pub mod samples;
pub mod shared;
pub mod units;
pub mod usage;
pub mod verification;
