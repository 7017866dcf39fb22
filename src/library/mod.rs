//! `queries/` → contracts, populations, indicators, clocks, schemes; no engine, no data.

pub mod contract;
pub mod indicator;
pub mod scheme;
