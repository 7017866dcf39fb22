//! Everything that is not a literate page: layers, the nightly job, reliability.
mod alone;
mod catalogue;
mod detectors;
mod faults;
mod feeds;
mod kills;
mod layers;
mod library;
mod nightly;
mod polars;
mod province;
mod published;
mod readers;
mod realdata;
mod shown;
mod terminal;
mod whatif;
