//! Synergy between regions and the burden on enterprises (indicators.md C1, C2).
//!
//! In: the session over pinned tables. Out: rows of [`tables`]. Never here: scores of units.

pub mod tables;
