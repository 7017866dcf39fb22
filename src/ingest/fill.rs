//! Empty cells that the contract fills, and those that must not be empty.
//!
//! In: typed columns of one chunk. Out: the same with `first_of` and `default` applied; the rows that lack what is required.
//! Never here: reading cells.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, PrimitiveArray, Scalar};
use arrow::compute::kernels::zip::zip;
use arrow::compute::{cast, is_null, nullif};
use arrow::datatypes::{Date32Type, TimestampMicrosecondType};

use super::columns::ColumnReader;
use super::raw::Mark;
use super::schema;
use crate::calendar::{shanghai_day, start_of_day};
use crate::error::{Context, Error, Kind, Result};
use crate::library::contract::{ColumnType, TableContract};
use crate::project::Source;

/// A constant or default as an array of one row; nothing when it is not of the column's type, or no code of it.
pub(super) fn one_value(reader: &mut ColumnReader, text: &str) -> Option<ArrayRef> {
    let typed = reader.read_texts(1, &|_| (text, Mark::Plain), 1, false);
    (typed.wrong.is_empty() && typed.unknown.is_empty()).then_some(typed.array)
}

/// Fills the columns of one table.
pub(super) struct Filler {
    kinds: Vec<ColumnType>,
    /// Columns (by position) that each column is filled from, never itself.
    first_of: Vec<Vec<usize>>,
    /// One-row arrays.
    defaults: Vec<Option<ArrayRef>>,
    /// Columns that must not be empty: required, key and month.
    required: Vec<usize>,
}

impl Filler {
    /// # Errors
    /// A default or constant that is not of its column's type; a `first_of` between types that do not convert.
    pub fn new(contract: &TableContract, source: &Source, readers: &mut [ColumnReader]) -> Result<Self> {
        let position = |name: &String| contract.columns.iter().position(|column| column.name == *name);
        let mut filler = Self { kinds: Vec::new(), first_of: Vec::new(), defaults: Vec::new(), required: Vec::new() };
        for (index, column) in contract.columns.iter().enumerate() {
            let wrong = |what: &str| Error::new(Kind::Configuration, format!("{}: column `{}`: {what}", contract.file, column.name));
            let from: Vec<usize> = column.first_of.iter().filter_map(position).filter(|other| *other != index).collect();
            for other in &from {
                if !converts(contract.columns[*other].kind, column.kind) {
                    return Err(wrong(&format!(
                        "first_of can't fill it from `{}`, which is of another type",
                        contract.columns[*other].name
                    )));
                }
            }
            let constant = source.constants.get(&column.name);
            let default = match constant.or(column.default.as_ref()) {
                None => None,
                Some(text) => {
                    let word = if constant.is_some() { "constant" } else { "default" };
                    let value = one_value(&mut readers[index], text);
                    Some(value.ok_or_else(|| wrong(&format!("the {word} `{text}` is not of its type")))?)
                }
            };
            filler.kinds.push(column.kind);
            filler.first_of.push(from);
            filler.defaults.push(default);
            if contract.must_have(column) {
                filler.required.push(index);
            }
        }
        Ok(filler)
    }

    /// Applies `first_of`, then defaults; a cell whose label was unknown stays empty (unknown is not the default).
    pub fn fill(&self, columns: &mut [ArrayRef], unknown: &[Vec<usize>]) -> Result<()> {
        let mut done = vec![false; columns.len()];
        for index in 0..columns.len() {
            self.fill_column(index, columns, &mut done, 0)?;
        }
        for (index, rows) in unknown.iter().enumerate().filter(|(_, rows)| !rows.is_empty()) {
            if self.defaults[index].is_some() {
                let mask: BooleanArray = (0..columns[index].len()).map(|row| Some(rows.contains(&row))).collect();
                columns[index] = nullif(&columns[index], &mask).context(Kind::Bug, || "clearing unknown labels")?;
            }
        }
        Ok(())
    }

    /// What an empty cell of a column means, as an array of one row.
    pub fn default_of(&self, index: usize) -> Option<&ArrayRef> {
        self.defaults[index].as_ref()
    }

    fn fill_column(&self, index: usize, columns: &mut [ArrayRef], done: &mut [bool], depth: usize) -> Result<()> {
        if std::mem::replace(&mut done[index], true) || depth > 8 {
            return Ok(());
        }
        for other in &self.first_of[index] {
            self.fill_column(*other, columns, done, depth + 1)?;
            if columns[index].null_count() > 0 {
                let from = convert(&columns[*other], self.kinds[*other], self.kinds[index])?;
                let empty = is_null(&columns[index]).context(Kind::Bug, || "finding empty cells")?;
                columns[index] = zip(&empty, &from, &columns[index]).context(Kind::Bug, || "filling empty cells")?;
            }
        }
        if let Some(default) = &self.defaults[index]
            && columns[index].null_count() > 0
        {
            let empty = is_null(&columns[index]).context(Kind::Bug, || "finding empty cells")?;
            let default = Scalar::new(Arc::clone(default));
            columns[index] = zip(&empty, &default, &columns[index]).context(Kind::Bug, || "filling defaults")?;
        }
        Ok(())
    }

    /// Rows and columns where something required is empty.
    pub fn missing(&self, columns: &[ArrayRef]) -> Vec<(usize, usize)> {
        let mut missing = Vec::new();
        for index in &self.required {
            let column = &columns[*index];
            if column.null_count() > 0 {
                missing.extend((0..column.len()).filter(|row| column.is_null(*row)).map(|row| (row, *index)));
            }
        }
        missing
    }
}

fn converts(from: ColumnType, to: ColumnType) -> bool {
    use ColumnType::{Date, Decimal, Instant, Integer, Text};
    from == to || matches!((from, to), (Instant, Date) | (Date, Instant) | (Integer, Text | Decimal) | (Date, Text))
}

fn convert(array: &ArrayRef, from: ColumnType, to: ColumnType) -> Result<ArrayRef> {
    match (from, to) {
        _ if from == to => Ok(Arc::clone(array)),
        (ColumnType::Instant, ColumnType::Date) => {
            let days: PrimitiveArray<Date32Type> = array.as_primitive::<TimestampMicrosecondType>().unary(shanghai_day);
            Ok(Arc::new(days))
        }
        (ColumnType::Date, ColumnType::Instant) => {
            let instants: PrimitiveArray<TimestampMicrosecondType> = array.as_primitive::<Date32Type>().unary(start_of_day);
            Ok(Arc::new(instants.with_timezone("UTC")))
        }
        _ => cast(array, &schema::data_type(to)).context(Kind::Bug, || "filling a column from another"),
    }
}
