//! What the lake holds of a table from its last load, for the comparison with the load at hand.
//!
//! In: the lake's Parquet files of the table. Out: rows by source file, columns that hold values, keys and the units that had them,
//! values that must stay. Never here: judging.
//!
//! A file that is lost or damaged counts as nothing: loading again is how such a lake is repaired.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs::File;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::record_batch::RecordBatch;
use arrow::util::display::array_value_to_string;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::fill::Filler;
use super::schema;
use super::staging::Stage;
use super::{LINEAGE, LastFile};
use crate::error::{Context, Kind, Result};
use crate::library::contract::TableContract;
use crate::terms::Month;

const BATCH_ROWS: usize = 65_536;
const SOURCE_FILE: &str = LINEAGE[0].0;

/// The table as it was last loaded.
pub(super) struct LastLoad<'a> {
    contract: &'a TableContract,
    files: &'a [LastFile],
    /// Rows by source file.
    pub rows: BTreeMap<String, u64>,
}

/// Keys of the last load: hash → number of the source file, month.
pub(super) type Keys = HashMap<u128, (usize, Option<Month>)>;

impl<'a> LastLoad<'a> {
    pub fn read(contract: &'a TableContract, files: &'a [LastFile]) -> Self {
        let mut last = Self { contract, files, rows: BTreeMap::new() };
        let mut rows: BTreeMap<String, u64> = BTreeMap::new();
        last.each_batch(&[], &mut |_, names, _| {
            let mut row = 0;
            while row < names.len() {
                // Rows of one file stand together, mostly.
                let name = names[row];
                let same = names[row..].iter().take_while(|other| **other == name).count();
                match rows.get_mut(name) {
                    Some(count) => *count += same as u64,
                    None => drop(rows.insert(name.to_owned(), same as u64)),
                }
                row += same;
            }
        });
        last.rows = rows;
        last
    }

    /// Rows of all files, as the lake's log counts them.
    pub fn total(&self) -> u64 {
        self.files.iter().map(|file| file.rows).sum()
    }

    /// Hands over batch after batch: the columns wanted, and the source file of every row.
    fn each_batch(&self, columns: &[&str], take: &mut dyn FnMut(&LastFile, &[&str], &RecordBatch)) {
        for file in self.files {
            let Some(builder) = open(file) else { continue };
            let fields = builder.schema().fields();
            let position = |name: &str| fields.iter().position(|field| field.name() == name);
            let Some(wanted) = columns.iter().chain([&SOURCE_FILE]).map(|name| position(name)).collect::<Option<Vec<_>>>() else {
                continue;
            };
            let mask = ProjectionMask::roots(builder.parquet_schema(), wanted);
            let Ok(reader) = builder.with_projection(mask).with_batch_size(BATCH_ROWS).build() else { continue };
            for batch in reader.map_while(|batch| batch.ok()) {
                let names = batch.column_by_name(SOURCE_FILE).and_then(|names| names.as_string_opt::<i32>());
                let names: Vec<&str> = names.into_iter().flat_map(|names| names.iter().map(Option::unwrap_or_default)).collect();
                take(file, &names, &batch);
            }
        }
    }

    /// The columns of the contract that hold any value, as the footers tell without a row being read.
    pub fn filled(&self) -> BTreeSet<usize> {
        let mut filled = BTreeSet::new();
        for builder in self.files.iter().filter_map(open) {
            for column in builder.metadata().row_groups().iter().flat_map(|group| group.columns()) {
                let nulls = column.statistics().and_then(|statistics| statistics.null_count_opt());
                let name = column.column_path().parts().first();
                let index = self.contract.columns.iter().position(|known| Some(&known.name) == name);
                if nulls != u64::try_from(column.num_values()).ok() {
                    filled.extend(index);
                }
            }
        }
        filled
    }

    /// In how many rows of each source file a column held a value that the file gave: not its default, and not what another
    /// column lent it.
    pub fn given(&self, index: usize, filler: &Filler) -> BTreeMap<String, u64> {
        let column = &self.contract.columns[index];
        let lenders: Vec<&str> = column
            .first_of
            .iter()
            .filter(|other| **other != column.name && self.contract.column(other).is_some())
            .map(String::as_str)
            .collect();
        let wanted: Vec<&str> = std::iter::once(column.name.as_str()).chain(lenders.iter().copied()).collect();
        let default = filler.default_of(index).and_then(|value| array_value_to_string(value, 0).ok());
        let mut given: BTreeMap<String, u64> = BTreeMap::new();
        self.each_batch(&wanted, &mut |_, names, batch| {
            let of = |name: &str| batch.column_by_name(name);
            let Some(values) = of(&column.name) else { return };
            for row in (0..values.len()).filter(|row| values.is_valid(*row)) {
                let is_lent = lenders.iter().any(|lender| of(lender).is_some_and(|other| other.is_valid(row)));
                let is_default = || default.is_some() && array_value_to_string(values, row).ok() == default;
                if !is_lent && !is_default() {
                    *given.entry(names[row].to_owned()).or_default() += 1;
                }
            }
        });
        given
    }

    /// The keys of the rows that came from some source files (numbered as in `names`).
    pub fn keys(&self, names: &[String], stage: &Stage) -> Result<Keys> {
        let wanted: Vec<&str> = self.contract.key.iter().map(String::as_str).collect();
        let mut keys = Keys::new();
        let mut failed = None;
        self.each_batch(&wanted, &mut |file, sources, batch| {
            let hashes = self.key_columns(batch).and_then(|columns| stage.keys().of_columns(&columns));
            match hashes {
                Ok(hashes) => {
                    for (hash, source) in hashes.into_iter().zip(sources) {
                        if let Some(number) = names.iter().position(|name| name == source) {
                            keys.insert(hash, (number, file.month));
                        }
                    }
                }
                Err(error) => failed = Some(error),
            }
        });
        failed.map_or(Ok(keys), Err)
    }

    /// The units that had these keys, as a column of the contract names them.
    pub fn owners(&self, wanted: &HashSet<u128>, stage: &Stage) -> Result<HashMap<u128, String>> {
        let Some(owner) = self.contract.owner() else { return Ok(HashMap::new()) };
        let columns: Vec<&str> = self.contract.key.iter().map(String::as_str).chain([owner]).collect();
        let mut owners = HashMap::new();
        let mut failed = None;
        self.each_batch(&columns, &mut |_, _, batch| {
            let Some(units) = batch.column_by_name(owner).and_then(|units| units.as_string_opt::<i32>()) else { return };
            match self.key_columns(batch).and_then(|columns| stage.keys().of_columns(&columns)) {
                Ok(hashes) => {
                    let found = hashes.into_iter().enumerate().filter(|(row, hash)| wanted.contains(hash) && units.is_valid(*row));
                    owners.extend(found.map(|(row, hash)| (hash, units.value(row).to_owned())));
                }
                Err(error) => failed = Some(error),
            }
        });
        failed.map_or(Ok(owners), Err)
    }

    /// The values of the contract's `keeps` column.
    pub fn kept(&self) -> BTreeSet<String> {
        let mut values = BTreeSet::new();
        let Some(column) = self.contract.keeps.as_deref() else { return values };
        self.each_batch(&[column], &mut |_, _, batch| {
            let texts = batch.column_by_name(column).and_then(|texts| texts.as_string_opt::<i32>());
            values.extend(texts.into_iter().flat_map(|texts| texts.iter().flatten().map(str::to_owned).collect::<Vec<_>>()));
        });
        values
    }

    fn key_columns(&self, batch: &RecordBatch) -> Result<Vec<ArrayRef>> {
        let typed = |name: &String| {
            let column = self.contract.column(name).zip(batch.column_by_name(name));
            column.map(|(column, values)| {
                cast(values, &schema::data_type(column.kind)).context(Kind::Environment, || "reading the lake's keys")
            })
        };
        self.contract.key.iter().filter_map(typed).collect()
    }
}

fn open(file: &LastFile) -> Option<ParquetRecordBatchReaderBuilder<File>> {
    ParquetRecordBatchReaderBuilder::try_new(File::open(&file.path).ok()?).ok()
}
