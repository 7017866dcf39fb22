//! Synergy between regions and the burden on enterprises (indicators.md C1, C2).
//!
//! In: the session over pinned tables. Out: rows of [`tables`]. Never here: scores of units.
//!
//! Each index is a pure function on plain rows ([`synergy::synergy`], [`burden::burden`]); `extract` gets the rows out of the
//! session by SQL and decides nothing.

pub mod bootstrap;
pub mod burden;
pub mod extract;
pub mod synergy;
pub mod tables;
