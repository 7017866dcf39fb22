//! Source files → typed batches and quarantine, every row accounted for; rows of databases become files first ([`pull`]).
//!
//! In: a table's contract, its sources, the as-of date. Out: [`StagedTable`]: one sorted Arrow file a month, the quarantine,
//! and an account of every file. Never here: the lake, other tables, the wall clock.
//!
//! ```text
//! file ─decode─▶ rows ─header─▶ cells ─typing─▶ columns ─first_of, default, required, checks─▶ staging by month ─▶ newest of each key
//!                  └─mapping SQL (a source shaped otherwise)─▶ columns        └─▶ quarantine
//! ```
//!
//! The account of a file always balances, and is enforced: `records_seen + expanded = loaded + quarantined + duplicates +
//! filtered + held`: good rows of a table that is held are `held` and not `loaded`. A mapping's WHERE leaves rows `filtered` (lines of which no row comes out); a mapping that makes several rows
//! of one line adds the further ones to `expanded`, which is 0 for every source without a mapping.
//!
//! The same rows give the same months and digests whatever the encoding, the format, the split into files or their order.
//! Memory is bounded by a chunk, a month, and 48 bytes a row of the table.

mod as_sent;
mod checks;
mod columns;
mod csv;
mod databases;
mod dates;
mod decode;
mod file;
mod files;
mod fill;
mod header;
mod jsonl;
mod last_load;
mod load;
mod losses;
mod mapping;
mod newest;
mod parquet;
pub mod propose;
mod quarantine;
mod raw;
mod reasons;
mod row_order;
mod schema;
mod staging;
mod typing;
mod unit_remarks;
mod words_of_sources;
mod xlsx;
mod zip;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use arrow::datatypes::SchemaRef;
use datafusion::execution::context::SessionContext;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::library::contract::CheckSeverity;
use crate::terms::{Month, RunId};

pub use as_sent::{AsSent, as_sent};
pub use databases::{Pulled, pull};
pub use files::{files_of, is_temporary, leads_to};
pub use load::{are_as_accounted, bytes_of, load_table};
pub use mapping::SEES_ITS_FILE;
pub use quarantine::quarantine_schema;
pub use reasons::quarantine_reasons;
pub use row_order::{KeyHashes, RowOrder};
pub use schema::{LINEAGE, arrow_schema, data_type, fitted};
pub use words_of_sources::check_sources;

/// What a load needs to know besides contract and sources.
pub struct LoadContext<'a> {
    /// Folder for staged files; the caller removes it.
    pub staging: &'a Path,
    /// The as-of date: `$as_of` is its 24:00 in Shanghai.
    pub as_of: Date,
    /// The run that loads.
    pub batch: &'a RunId,
    /// The table as it stands in the lake.
    pub last: &'a [LastFile],
    /// By unit that was merged or renamed, the one that answers for its rows now.
    pub successors: &'a BTreeMap<String, String>,
    /// How many files of months the first pass may hold open.
    pub open_files: usize,
    /// Records that are read of each file: `u64::MAX` but where a mapping is tried.
    pub at_most: u64,
    /// Told how many more bytes of source files were read.
    pub progress: &'a (dyn Fn(u64) + Sync),
    /// Registers kaohe's SQL functions.
    pub functions: &'a dyn Fn(&SessionContext),
}

/// A Parquet file of the lake that holds rows of the table as it was last loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastFile {
    /// Where it is.
    pub path: PathBuf,
    /// The month whose rows it holds; `None` in tables that are not cut by month.
    pub month: Option<Month>,
    /// Rows in it.
    pub rows: u64,
}

/// A table, ready for the lake.
#[derive(Debug, Clone)]
pub struct StagedTable {
    /// Source table.
    pub table: String,
    /// Its Arrow schema.
    pub schema: SchemaRef,
    /// Its months; one entry without month for a table that is not partitioned. Empty when a file could not be read.
    pub months: BTreeMap<Option<Month>, StagedMonth>,
    /// The account of every file, in the order of their names.
    pub files: Vec<FileAccounting>,
    /// Parquet files with the rows that stay out ([`quarantine_schema`]).
    pub quarantine: Vec<PathBuf>,
    /// What was noticed about rows that were loaded, and about headers.
    pub warnings: Vec<CheckCount>,
    /// The same, and what was set apart, by unit.
    pub unit_remarks: Vec<UnitRemark>,
    /// How many rows each unit sent, whatever became of them.
    pub unit_rows: BTreeMap<String, u64>,
    /// What was left out although somebody may have meant it, for whoever runs the load: headers, worksheets, files.
    pub notices: Vec<String>,
    /// Why the table must not replace the last one.
    pub held: Option<String>,
    /// The kinds of those reasons.
    pub held_because: BTreeSet<HeldBecause>,
}

/// A kind of reason to hold a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum HeldBecause {
    /// A source without a file that can be opened.
    NoFile,
    /// A source whose rows a database did not give.
    NotPulled,
    /// A file that could not be read to its end, or no longer fits its mapping.
    FileUnreadable,
    /// More wrong records than the source may have.
    TooManyQuarantined,
    /// A column that the last load had, or that the contract asks for.
    ColumnLost,
    /// The table as a whole has far fewer rows than when it was last loaded.
    Shrunk,
    /// Rows of single files or sources that are gone.
    RowsLost,
}

impl HeldBecause {
    /// The word in results and on pages.
    pub fn word(self) -> &'static str {
        match self {
            Self::NoFile => "no_file",
            Self::NotPulled => "not_pulled",
            Self::FileUnreadable => "file_unreadable",
            Self::TooManyQuarantined => "too_many_quarantined",
            Self::ColumnLost => "column_lost",
            Self::Shrunk => "shrunk",
            Self::RowsLost => "rows_lost",
        }
    }
}

/// One month of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StagedMonth {
    /// Arrow IPC file, sorted by unit (where the table has one), key, then everything else; columns in which no row of the table has a value
    /// are not in it.
    pub path: PathBuf,
    /// Rows in it.
    pub rows: u64,
    /// blake3 over the sorted rows without [`LINEAGE`].
    pub digest: String,
}

/// Where the records of one file went.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileAccounting {
    /// Source table.
    pub table: String,
    /// Path relative to the source's root; of a workbook's second and further worksheets with their name: `a.xlsx › 二月`.
    pub source_file: String,
    /// Worksheet.
    pub sheet: Option<String>,
    /// `csv`, `xlsx`, `jsonl`, `parquet`; `postgresql` of rows that were pulled into a file.
    pub format: String,
    /// Encoding of a text file.
    pub encoding: Option<String>,
    /// Size of the file, as the disk tells it; 0 for a workbook's further worksheets.
    pub bytes_size: u64,
    /// Bytes that were read: of a text file by its reader, of a workbook or Parquet file (whose readers jump) by the pass that
    /// takes the digest. Of a Parquet file the records are compared with what its footer promises.
    pub bytes_read: u64,
    /// blake3 of the file.
    pub digest: String,
    /// Records in the file.
    pub records_seen: u64,
    /// Further rows that a mapping made of lines it had already made a row of.
    pub expanded: u64,
    /// Rows that go to the lake.
    pub loaded: u64,
    /// Rows in the quarantine.
    pub quarantined: u64,
    /// Rows that gave way to a newer row of the same key.
    pub duplicates: u64,
    /// Records that a mapping left out.
    pub filtered: u64,
    /// Good rows that stay out because the table is held.
    pub held: u64,
    /// Blank rows, titles, headers: no records.
    pub not_records: u64,
    /// U+FFFD characters that the file itself contains: text lost upstream.
    pub replacement_characters: u64,
    /// Why the file could not be read to its end; its counts then stop there.
    pub failed: Option<String>,
}

impl FileAccounting {
    /// Whether every record is accounted for.
    pub fn balances(&self) -> bool {
        self.records_seen + self.expanded == self.loaded + self.quarantined + self.duplicates + self.filtered + self.held
            && self.bytes_read == self.bytes_size
    }
}

/// Rows of one file for which a check, or the loader itself, has something to say.
///
/// The loader's own: `unknown_header`, `unknown_label`, `skipped_sheet`, `skipped_file`, `replacement_characters`,
/// `conflicting_duplicates`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckCount {
    /// Source table.
    pub table: String,
    /// Name of the check.
    pub check: String,
    /// The sentence for people, in Chinese.
    pub says: String,
    /// Consequence.
    pub severity: CheckSeverity,
    /// File.
    pub source_file: String,
    /// How many rows.
    pub rows: u64,
}

/// How many rows of a unit in a table a check remarked on. Sort key: table, unit, check.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct UnitRemark {
    /// Source table.
    pub table: String,
    /// The unit, as its rows name it.
    pub unit: String,
    /// Name of the check, or `quarantined`, `unknown_label`, `contested_key`.
    pub check: String,
    /// The sentence for people, in Chinese.
    pub says: String,
    /// How many rows.
    pub rows: u64,
}

#[cfg(test)]
mod tests;
