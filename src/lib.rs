//! kaohe (考核): the nightly assessment of administrative enforcement, as one pipeline.
//!
//! ```text
//! sources ──ingest──▶ lake (Delta) ──compute──▶ measures ──scoring──▶ values ▶ scores ▶ ranks
//!              │                        │            └─indices─▶ synergy, burden ─┘      │
//!              ▼                        ▼                                                ▼
//!         quarantine               explain ◀───────────────── findings ─────────▶ report ▶ release ▶ annual
//! ```
//!
//! The modules below stand in the order in which data flows. A module uses only modules above it; a test holds that, and
//! the fences: `deltalake` only in `lake` and `release`; `datafusion` only in `functions`, `ingest`, `lake`, `compute`, `indices`,
//! `findings`, `explain` and `cli::sql`; `object_store` only in `lake` and `object_storage`; `polars` only in `scoring`, `findings` and `report`; `tokio_postgres`
//! only in `ingest`; `clap` only in `cli`. Clock, environment and randomness enter through `cli` alone: stages take the as-of date, the run's id and a seed.
//!
//! Promises that tests hold: every row of a source is accounted for; the same input gives the same bytes; a run that is
//! killed leaves yesterday's results in place; fines and case counts never raise a score; no personal column reaches a page; an indicator's
//! figures are those of its SQL run alone, and counts kept from an earlier night change no byte.
//!
//! The heart is `compute::fused`: SELECTs over the same rows are taken apart, each distinct condition and value is answered once a batch, and all
//! are counted in one scan. What was counted is kept by month of the source table, under the digest of what it is a count of.
//!
//! A source that fails holds its table, whole: one damaged file of several is enough. The lake keeps what it had, and the indicators
//! that read the table keep their last value, for every unit.
//!
//! Three channels for what goes wrong: a bad row is data (quarantine), a bad text is a diagnostic, a failed operation is an
//! error. They never mix.
#![deny(missing_docs)]

// Ground floor: words that every stage uses.

/// The words of the assessment as types.
pub mod terms;

/// Messages about text that somebody wrote.
pub mod diagnostics;

/// TOML text with a closed set of keys, read with positions.
pub mod document;

/// An operation that failed: who must act, and what was being done.
pub mod error;

/// The same work on several things, on several threads.
mod side_by_side;

/// What this process holds of the machine's memory.
pub mod process_memory;

/// Working days, clocks and parameters by date of effect.
pub mod calendar;

/// Intervals, shrinkage, funnels, ranks, surveys, durations, control charts: formulas on plain numbers.
pub mod statistics;

// The pipeline.

/// `queries/` → contracts, populations, indicators, samples, detectors, clocks, schemes; no engine, no data.
pub mod library;

/// A frame → who is drawn: seeded, stratified, rotating.
pub mod sampling;

/// Clocks, days, the likeness of texts and reference lists for SQL.
pub mod functions;

/// `kaohe.toml` → what to load from where.
pub mod project;

/// Source files, and rows pulled from databases → typed batches and quarantine, every row accounted for.
pub mod ingest;

/// Delta tables, pinned snapshots, the SQL session.
pub mod lake;

/// Library × snapshot → measures.
pub mod compute;

/// Synergy between regions, burden on enterprises.
pub mod indices;

/// Measures + scheme → values, scores, ranks.
pub mod scoring;

/// Patterns for a reviewer, with their evidence; beside them, charts of each unit's own months.
pub mod findings;

/// Score → indicator → numerator and denominator → records → source file and line.
pub mod explain;

/// Result tables as Parquet, pages as HTML, the anomaly report as a workbook besides.
pub mod report;

/// The library as a handbook for people: indicators, tables, clocks, scheme.
pub mod handbook;

/// The pointer to the current results.
pub mod release;

/// Extracts from an object store, published runs to one, and what it can promise.
pub mod object_storage;

/// A province that does not exist, with known cheating.
pub mod simulate;

/// The whole job as one function; what a run left, and what moved between two.
pub mod nightly;

/// The release of a period: frozen, heard, corrected, signed, computed again by anybody.
pub mod annual;

/// The command line.
pub mod cli;
