//! Everything that is not a literate page: layers, the nightly job, reliability.
mod alone;
mod browser;
mod catalogue;
#[cfg(feature = "databases")]
mod databases;
mod detectors;
mod diff;
mod faults;
mod feeds;
mod hooks;
mod kills;
mod layers;
mod library;
mod nightly;
mod packet;
mod polars;
mod province;
mod published;
mod readers;
mod realdata;
mod release;
mod sample;
mod shown;
mod terminal;
mod whatif;
