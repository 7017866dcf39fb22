//! Everything that is not a literate page: layers, the nightly job, reliability.
mod alone;
mod browser;
mod catalogue;
#[cfg(feature = "cloud")]
mod cloud;
#[cfg(feature = "databases")]
mod databases;
mod detectors;
mod diff;
mod disk;
mod faults;
mod feeds;
mod hooks;
mod hostile;
mod kills;
mod layers;
mod library;
mod map;
mod nightly;
mod nights;
#[cfg(feature = "cloud")]
mod object_store;
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
mod week;
mod whatif;
