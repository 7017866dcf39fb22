//! The lake: every source table as a Delta table, every version of it readable for ever.
//!
//! In: staged months of an extract (Arrow IPC with a digest each). Out: new table versions, snapshots that pin them, and a SQL
//! session that reads exactly the pinned files. Never here: source files, checks of rows, indicators.
//!
//! - A full extract replaces the months it covers; a month that did not change is not rewritten (`commit`).
//! - A mistyped date neither stretches what an extract covers, nor leaves a row behind once it is corrected (`cover`).
//! - A run pins one version of each table; what is written meanwhile does not reach it (`snapshot`, `provider`).
//! - What was reported as stored survives a power cut (`durable`, `durable_store`).
//! - One process writes at a time (`lock`); a second one is refused, not merged.
//! - What does not fit into memory goes to a folder that goes with its process (`spill`).
//! - What many queries of a run read is answered once and kept beside it (`stored`).
//! - The memory limit also counts what a join holds twice (`pool`).
//! - What was decoded once stays in memory as far as there is room (`room`, `columns`).
//! - What a month was like when it was frozen can be read beside what it is now (`at_freeze`).
//! - Windows over sorted rows read each row once (`sorted_windows`).
//! - What a table's history consists of can be copied elsewhere, entry by entry (`history`).
//! - Files are plain Parquet: DuckDB, Spark and Polars read the lake as it is (`month_file`).
//!
//! - Files that no version in use names may go, when somebody asks for it (`vacuum`).
//!
//! No version that is in use is ever deleted here: an older version is a release's evidence.

mod at_freeze;
mod columns;
mod commit;
mod cover;
mod durable;
mod durable_store;
mod history;
mod in_turn;
mod lock;
mod month_file;
mod pool;
mod provider;
mod room;
mod session;
mod shape;
mod snapshot;
mod sorted_windows;
mod spill;
mod store;
mod stored;
#[cfg(test)]
mod tests;
mod vacuum;

pub use at_freeze::{Freeze, register_no_freeze};
pub use commit::{CommitOutcome, MonthFile, Replacement};
#[cfg(test)]
pub(crate) use durable::synced;
pub use durable::{create_folders, replace_file, replace_json, sync_parent, sync_tree};
pub use durable_store::DurableLocalStore;
pub use history::{LAST_CHECKPOINT, LogEntry};
pub use in_turn::in_parts;
pub use lock::{Holder, WriterLock, turn};
pub use provider::{register_empty, with_dictionaries};
pub use room::{RoomForRows, told_to_queries};
pub use session::{session, session_of_a_run, verify_read_only};
pub use shape::{MONTH_COLUMN, TableShape};
pub use snapshot::{PinnedFile, PinnedTable, Snapshot};
pub use spill::SpillFolder;
pub use store::{DiskUsage, Lake};
pub use stored::StoredRows;
pub use vacuum::Unused;
