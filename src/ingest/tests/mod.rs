//! Loading whole tables from small files: the same rows however they are delivered, and every wrong row accounted for.

mod delivery;
mod hostile;
mod losses;
mod owners;
mod rows;
mod shaped;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use arrow::array::Array;
use arrow::ipc::reader::FileReader;
use arrow::record_batch::RecordBatch;
use arrow::util::display::array_value_to_string;

use super::{LastFile, LoadContext, StagedTable, fitted, load_table};
use crate::diagnostics::Diagnostics;
use crate::error::Result;
use crate::library::contract::{TableContract, read_contract};
use crate::project::Source;
use crate::terms::RunId;

/// A small contract with one column of every kind.
pub(super) const CASES: &str = r#"
title = "案件"
basis = "test"
key = ["case_id"]
month = "opened_on"
references = ["unit_id -> units.unit_id"]
[[column]]
name = "case_id"
type = "text"
required = true
first_of = ["case_id", "decision_no"]
aliases = ["案号"]
meaning = "编号"
sensitivity = "internal"
[[column]]
name = "decision_no"
type = "text"
aliases = ["文书号"]
meaning = "决定书文号"
sensitivity = "internal"
[[column]]
name = "unit_id"
type = "text"
required = true
aliases = ["执法主体"]
meaning = "主体"
sensitivity = "public"
[[column]]
name = "opened_on"
type = "date"
first_of = ["opened_on", "opened_at"]
aliases = ["立案日期"]
meaning = "立案日期"
sensitivity = "public"
[[column]]
name = "opened_at"
type = "instant"
aliases = ["立案时间"]
meaning = "立案时间"
sensitivity = "public"
[[column]]
name = "fine"
type = "decimal"
aliases = ["罚款金额"]
aliases_in_wan = ["CF_NR_FK"]
meaning = "罚款"
sensitivity = "public"
[[column]]
name = "outcome"
type = "text"
aliases = ["结果"]
meaning = "结果"
sensitivity = "public"
[column.enum]
penalty = ["行政处罚", "处罚", "1"]
none = ["不予处罚"]
[[column]]
name = "is_public"
type = "boolean"
aliases = ["是否公示"]
default = "false"
meaning = "公示"
sensitivity = "public"
[[column]]
name = "laws"
type = "list"
aliases = ["法条"]
meaning = "法条"
sensitivity = "public"
[[column]]
name = "people"
type = "integer"
aliases = ["人数"]
meaning = "人数"
sensitivity = "public"
[[column]]
name = "updated_at"
type = "instant"
aliases = ["更新时间"]
meaning = "更新时间"
sensitivity = "internal"
[[check]]
name = "negative_fine"
says = "罚款金额为负数"
severity = "quarantine"
where = "fine < 0"
[[check]]
name = "future"
says = "立案时间晚于考核时点"
severity = "warn"
where = "opened_at >= $as_of"
[[check]]
name = "forbidden"
says = "不应出现的主体"
severity = "stop"
where = "unit_id = 'STOP'"
"#;

/// A folder with sources, and what a load needs.
pub(super) struct Office {
    folder: tempfile::TempDir,
    pub contract: TableContract,
    /// What the lake holds.
    pub last: Vec<LastFile>,
    /// Who follows whom.
    pub successors: BTreeMap<String, String>,
}

pub(super) fn contract(name: &str, text: &str) -> TableContract {
    let mut diagnostics = Diagnostics::default();
    read_contract(name, "test.toml", text, &mut diagnostics).unwrap_or_else(|| panic!("{}", diagnostics.to_text()))
}

impl Office {
    pub fn new() -> Self {
        Self::with(contract("cases", CASES))
    }

    pub fn with(contract: TableContract) -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder"), contract, last: Vec::new(), successors: BTreeMap::new() }
    }

    /// Puts a load into the lake, so that the next one is compared with it.
    pub fn keep(&mut self, staged: &StagedTable) {
        assert_eq!(staged.held, None);
        self.last.clear();
        for (month, file) in &staged.months {
            let path = self.folder.path().join(format!("{}.parquet", month.map_or_else(|| "all".to_owned(), |month| month.to_string())));
            let mut writer = parquet::arrow::ArrowWriter::try_new(
                std::fs::File::create(&path).expect("created"),
                std::sync::Arc::clone(&staged.schema),
                None,
            )
            .expect("opened");
            batches_of(&file.path, staged).iter().for_each(|batch| writer.write(batch).expect("written"));
            writer.close().expect("closed");
            self.last.push(LastFile { path, month: *month, rows: file.rows });
        }
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join("in").join(name);
        std::fs::create_dir_all(path.parent().expect("inside a folder")).expect("made");
        std::fs::write(&path, bytes).expect("written");
        path
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.write(name, "")
    }

    pub fn source(&self, path: &str) -> Source {
        let root = self.folder.path().join("in");
        std::fs::create_dir_all(&root).expect("made");
        source(&self.contract.name, &root, path)
    }

    pub fn try_load(&self, sources: &[Source]) -> Result<StagedTable> {
        let staging = tempfile::tempdir_in(self.folder.path()).expect("a temporary folder").keep();
        let context = LoadContext {
            staging: &staging,
            as_of: jiff::civil::date(2026, 6, 30),
            batch: &RunId::from("test"),
            last: &self.last,
            successors: &self.successors,
            open_files: 3,
            at_most: u64::MAX,
            progress: &|_| (),
            functions: &|_| (),
        };
        load_table(&self.contract, sources, &context)
    }

    pub fn load(&self, path: &str) -> StagedTable {
        self.try_load(&[self.source(path)]).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Loads one CSV text.
    pub fn load_csv(&self, text: impl AsRef<[u8]>) -> StagedTable {
        self.write("a.csv", text);
        self.load("a.csv")
    }
}

pub(super) fn source(table: &str, root: &Path, path: &str) -> Source {
    Source {
        table: table.to_owned(),
        path: path.to_owned(),
        database: None,
        root: root.to_owned(),
        remote: None,
        format: None,
        encoding: None,
        delimiter: None,
        sheet: None,
        mapping: None,
        places: Default::default(),
        max_quarantine_rate: Some(1.0),
        max_shrink: 0.3,
        columns: BTreeMap::new(),
        codes: BTreeMap::new(),
        constants: BTreeMap::new(),
        dropped: Vec::new(),
    }
}

/// Month → digest.
pub(super) fn digests(staged: &StagedTable) -> BTreeMap<String, String> {
    let name = |month: &Option<crate::terms::Month>| month.map_or_else(|| "all".to_owned(), |month| month.to_string());
    staged.months.iter().map(|(month, staged)| (name(month), staged.digest.clone())).collect()
}

pub(super) fn batches(staged: &StagedTable) -> Vec<RecordBatch> {
    staged.months.values().flat_map(|month| batches_of(&month.path, staged)).collect()
}

/// The rows of a staged file in the columns of their table.
fn batches_of(path: &Path, staged: &StagedTable) -> Vec<RecordBatch> {
    let rows = FileReader::try_new(std::fs::File::open(path).expect("staged"), None).expect("an Arrow file");
    rows.map(|batch| fitted(&batch.expect("readable"), &staged.schema).expect("the table's columns")).collect()
}

/// The values of some columns, row by row, joined by `|`; empty for null.
pub(super) fn rows(staged: &StagedTable, columns: &[&str]) -> Vec<String> {
    let mut rows = Vec::new();
    for batch in batches(staged) {
        for row in 0..batch.num_rows() {
            let cell = |name: &&str| {
                let column = batch.column_by_name(name).expect("a column");
                if column.is_null(row) { String::new() } else { array_value_to_string(column, row).expect("shown") }
            };
            rows.push(columns.iter().map(cell).collect::<Vec<_>>().join("|"));
        }
    }
    rows
}

/// Line, column, reasons and raw text of every quarantined row.
pub(super) fn quarantined(staged: &StagedTable) -> Vec<(i64, String, String, String)> {
    let mut rows = Vec::new();
    for path in &staged.quarantine {
        let file = std::fs::File::open(path).expect("written");
        let reader =
            parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file).expect("Parquet").build().expect("Parquet");
        for batch in reader {
            let batch = batch.expect("readable");
            for row in 0..batch.num_rows() {
                let cell = |name| array_value_to_string(batch.column_by_name(name).expect("a column"), row).expect("shown");
                rows.push((cell("source_line").parse().expect("a number"), cell("column"), cell("reasons"), cell("raw_text")));
            }
        }
    }
    rows
}

/// Seen, loaded, quarantined, duplicates, filtered of all files together.
pub(super) fn totals(staged: &StagedTable) -> [u64; 5] {
    let mut totals = [0; 5];
    for file in &staged.files {
        assert!(file.failed.is_some() || file.balances(), "{file:?}");
        let of_rows = file.loaded + file.quarantined + file.duplicates + file.filtered + file.held;
        assert_eq!(file.records_seen + file.expanded, of_rows, "also of a file that failed: {file:?}");
        let counts = [file.records_seen, file.loaded, file.quarantined, file.duplicates, file.filtered];
        totals.iter_mut().zip(counts).for_each(|(total, count)| *total += count);
    }
    totals
}
