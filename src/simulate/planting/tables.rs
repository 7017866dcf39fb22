//! The extract's tables in memory, row by row, so that a cheat can edit them: cells by column name, of the contract's types.
//!
//! In: the batches of the honest extract. Out: the same batches, with what was edited, added or taken away. A column that the contract
//! does not have is passed over. Never here: what the values mean.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Date32Type, Decimal128Type, Int64Type, TimestampMicrosecondType};

use crate::error::Result;
use crate::library::contract::TableContract;
use crate::simulate::sheet::{Output, Sheet, Sheets};
use crate::simulate::write::ParquetOutput;

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::simulate) enum Cell {
    /// Nothing was written.
    Empty,
    Text(Box<str>),
    Day(i32),
    Instant(i64),
    Whole(i64),
    Hundredths(i64),
    Truth(bool),
    List(Box<[String]>),
}

/// A row, and the month of the file that it stands in.
#[derive(Debug, Clone)]
struct Row {
    file: usize,
    cells: Vec<Cell>,
    gone: bool,
}

/// Where the values of a column stand.
type Places = BTreeMap<Box<str>, Vec<usize>>;

/// One table.
#[derive(Clone)]
pub(in crate::simulate) struct Table {
    columns: BTreeMap<String, usize>,
    names: Vec<String>,
    /// The column whose month partitions the table.
    pub month: Option<String>,
    pub key: Vec<String>,
    rows: Vec<Row>,
    /// Columns that were searched before.
    places: RefCell<BTreeMap<usize, Places>>,
}

/// Every table that has months.
#[derive(Clone)]
pub(in crate::simulate) struct Tables {
    tables: BTreeMap<String, Table>,
}

impl Tables {
    /// Empty tables of the contracts.
    pub fn new(contracts: &BTreeMap<String, TableContract>) -> Self {
        let table = |contract: &TableContract| Table {
            columns: contract.columns.iter().enumerate().map(|(nth, column)| (column.name.clone(), nth)).collect(),
            names: contract.columns.iter().map(|column| column.name.clone()).collect(),
            month: contract.month.clone(),
            key: contract.key.clone(),
            rows: Vec::new(),
            places: RefCell::default(),
        };
        Self { tables: contracts.iter().map(|(name, contract)| (name.clone(), table(contract))).collect() }
    }

    /// Takes in rows of the file of a month.
    pub fn take_in(&mut self, file: usize, table: &str, batch: &RecordBatch) {
        if let Some(table) = self.tables.get_mut(table) {
            let columns: Vec<Vec<Cell>> = batch.columns().iter().map(cells_of).collect();
            let mut columns: Vec<_> = columns.into_iter().map(Vec::into_iter).collect();
            for _ in 0..batch.num_rows() {
                let cells = columns.iter_mut().map(|cells| cells.next().unwrap_or(Cell::Empty)).collect();
                table.rows.push(Row { file, cells, gone: false });
            }
        }
    }

    /// The table, to read.
    pub fn of(&self, name: &str) -> &Table {
        self.tables.get(name).expect("patterns name tables of the contracts")
    }

    /// The table, to edit.
    pub fn edit(&mut self, name: &str) -> &mut Table {
        self.tables.get_mut(name).expect("patterns name tables of the contracts")
    }

    /// Names of all tables.
    #[cfg(test)]
    pub fn names(&self) -> Vec<String> {
        self.tables.keys().cloned().collect()
    }

    /// Writes the files of the months, and counts the rows of each table.
    pub fn write(&self, contracts: &BTreeMap<String, TableContract>, folder: &Path, files: &[String]) -> Result<BTreeMap<String, u64>> {
        let mut rows = BTreeMap::new();
        for (nth, file) in files.iter().enumerate() {
            let (mut output, mut sheets) = (ParquetOutput::new(folder, Some(file.clone())), Sheets::new(contracts));
            for (name, table) in &self.tables {
                for row in table.rows.iter().filter(|row| row.file == nth && !row.gone) {
                    let sheet = sheets.of(name);
                    table.names.iter().zip(&row.cells).for_each(|(column, cell)| write_cell(sheet, column, cell));
                    sheet.end();
                }
                sheets.hand_on_full(&mut output)?;
            }
            sheets.hand_on_all(&mut output)?;
            for (table, count) in output.finish()? {
                *rows.entry(table).or_default() += count;
            }
        }
        Ok(rows)
    }
}

/// What one month wrote, kept until every month is there.
#[derive(Default)]
pub(in crate::simulate) struct Kept(pub Vec<(String, RecordBatch)>);

impl Output for Kept {
    fn write(&mut self, table: &str, batch: &RecordBatch) -> Result<()> {
        self.0.push((table.to_owned(), batch.clone()));
        Ok(())
    }
}

fn cells_of(column: &arrow::array::ArrayRef) -> Vec<Cell> {
    let cell = |row: usize| {
        if column.is_null(row) {
            return Cell::Empty;
        }
        match column.data_type() {
            DataType::Utf8 => Cell::Text(column.as_string::<i32>().value(row).into()),
            DataType::Date32 => Cell::Day(column.as_primitive::<Date32Type>().value(row)),
            DataType::Timestamp(_, _) => Cell::Instant(column.as_primitive::<TimestampMicrosecondType>().value(row)),
            DataType::Int64 => Cell::Whole(column.as_primitive::<Int64Type>().value(row)),
            DataType::Decimal128(_, _) => {
                let value = column.as_primitive::<Decimal128Type>().value(row);
                Cell::Hundredths(i64::try_from(value).expect("amounts are far below the largest number"))
            }
            DataType::Boolean => Cell::Truth(column.as_boolean().value(row)),
            _ => {
                let items = column.as_list::<i32>().value(row);
                Cell::List(items.as_string::<i32>().iter().flatten().map(str::to_owned).collect())
            }
        }
    };
    (0..column.len()).map(cell).collect()
}

fn write_cell(sheet: &mut Sheet, column: &str, cell: &Cell) {
    match cell {
        Cell::Empty => {}
        Cell::Text(text) => _ = sheet.text(column, text),
        Cell::Day(day) => _ = sheet.date(column, *day),
        Cell::Instant(instant) => _ = sheet.instant(column, *instant),
        Cell::Whole(number) => _ = sheet.number(column, *number),
        Cell::Hundredths(amount) => _ = sheet.hundredths(column, *amount),
        Cell::Truth(truth) => _ = sheet.flag(column, *truth),
        Cell::List(items) => _ = sheet.list(column, items),
    }
}

impl Table {
    /// Rows that are there.
    pub fn rows(&self) -> Vec<usize> {
        (0..self.rows.len()).filter(|row| !self.rows[*row].gone).collect()
    }

    /// Rows whose text in the column is this one.
    pub fn find(&self, column: &str, value: &str) -> Vec<usize> {
        let Some(nth) = self.columns.get(column) else { return Vec::new() };
        let mut known = self.places.borrow_mut();
        let places = known.entry(*nth).or_insert_with(|| {
            let mut places = Places::new();
            for (row, cells) in self.rows.iter().enumerate() {
                if let Cell::Text(text) = &cells.cells[*nth] {
                    places.entry(text.clone()).or_default().push(row);
                }
            }
            places
        });
        places.get(value).into_iter().flatten().copied().filter(|row| !self.rows[*row].gone).collect()
    }

    /// The one row whose text in the column is this one.
    pub fn find_one(&self, column: &str, value: &str) -> Option<usize> {
        self.find(column, value).first().copied()
    }

    /// Whether the row is there.
    #[cfg(test)]
    pub fn has(&self, row: usize) -> bool {
        !self.rows[row].gone
    }

    fn cell(&self, row: usize, column: &str) -> &Cell {
        self.columns.get(column).map_or(&Cell::Empty, |nth| &self.rows[row].cells[*nth])
    }

    /// Every cell of the row with the name of its column.
    pub fn cells(&self, row: usize) -> impl Iterator<Item = (&str, &Cell)> {
        self.names.iter().map(String::as_str).zip(&self.rows[row].cells)
    }

    pub fn text(&self, row: usize, column: &str) -> Option<&str> {
        if let Cell::Text(text) = self.cell(row, column) { Some(text) } else { None }
    }

    /// The text, or nothing written as an empty one.
    pub fn word(&self, row: usize, column: &str) -> String {
        self.text(row, column).unwrap_or_default().to_owned()
    }

    pub fn day(&self, row: usize, column: &str) -> Option<i32> {
        if let Cell::Day(day) = self.cell(row, column) { Some(*day) } else { None }
    }

    pub fn instant(&self, row: usize, column: &str) -> Option<i64> {
        if let Cell::Instant(instant) = self.cell(row, column) { Some(*instant) } else { None }
    }

    /// A whole number, or an amount in hundredths.
    pub fn number(&self, row: usize, column: &str) -> Option<i64> {
        match self.cell(row, column) {
            Cell::Whole(number) | Cell::Hundredths(number) => Some(*number),
            _ => None,
        }
    }

    pub fn truth(&self, row: usize, column: &str) -> Option<bool> {
        if let Cell::Truth(truth) = self.cell(row, column) { Some(*truth) } else { None }
    }

    pub fn list(&self, row: usize, column: &str) -> Vec<String> {
        if let Cell::List(items) = self.cell(row, column) { items.to_vec() } else { Vec::new() }
    }

    fn set(&mut self, row: usize, column: &str, cell: Cell) {
        let Some(nth) = self.columns.get(column) else { return };
        if let Some(places) = self.places.get_mut().get_mut(nth) {
            if let Cell::Text(before) = &self.rows[row].cells[*nth]
                && let Some(rows) = places.get_mut(before)
            {
                rows.retain(|known| *known != row);
            }
            if let Cell::Text(text) = &cell {
                let rows = places.entry(text.clone()).or_default();
                rows.insert(rows.partition_point(|known| *known < row), row);
            }
        }
        self.rows[row].cells[*nth] = cell;
    }

    pub fn set_text(&mut self, row: usize, column: &str, value: &str) {
        self.set(row, column, Cell::Text(value.into()));
    }

    pub fn set_day(&mut self, row: usize, column: &str, value: impl Into<Option<i32>>) {
        self.set(row, column, value.into().map_or(Cell::Empty, Cell::Day));
    }

    pub fn set_instant(&mut self, row: usize, column: &str, value: impl Into<Option<i64>>) {
        self.set(row, column, value.into().map_or(Cell::Empty, Cell::Instant));
    }

    pub fn set_whole(&mut self, row: usize, column: &str, value: impl Into<Option<i64>>) {
        self.set(row, column, value.into().map_or(Cell::Empty, Cell::Whole));
    }

    pub fn set_amount(&mut self, row: usize, column: &str, value: impl Into<Option<i64>>) {
        self.set(row, column, value.into().map_or(Cell::Empty, Cell::Hundredths));
    }

    pub fn set_truth(&mut self, row: usize, column: &str, value: impl Into<Option<bool>>) {
        self.set(row, column, value.into().map_or(Cell::Empty, Cell::Truth));
    }

    pub fn set_list(&mut self, row: usize, column: &str, items: &[String]) {
        self.set(row, column, if items.is_empty() { Cell::Empty } else { Cell::List(items.into()) });
    }

    pub fn clear(&mut self, row: usize, columns: &[&str]) {
        columns.iter().for_each(|column| self.set(row, column, Cell::Empty));
    }

    /// Moves every day and instant of the named columns by so many days; what then lies behind the last day is not known yet.
    pub fn shift(&mut self, row: usize, columns: &[&str], days: i32, last: i32) {
        for column in columns {
            let moved = match self.cell(row, column) {
                Cell::Day(day) => Some(day + days).filter(|day| *day <= last).map_or(Cell::Empty, Cell::Day),
                Cell::Instant(at) => {
                    let at = at + i64::from(days) * crate::calendar::DAY_MICROSECONDS;
                    if at < crate::calendar::end_of_day(last) { Cell::Instant(at) } else { Cell::Empty }
                }
                _ => continue,
            };
            self.set(row, column, moved);
        }
    }

    /// The row was touched at that time, if it was not touched later.
    pub fn touch(&mut self, row: usize, at: i64) {
        if self.instant(row, "updated_at").is_some_and(|before| before < at) {
            self.set_instant(row, "updated_at", at);
        }
    }

    /// Takes the row away.
    pub fn remove(&mut self, row: usize) {
        self.rows[row].gone = true;
    }

    /// A new row like another, in the file of the month.
    pub fn copy(&mut self, row: usize, file: usize) -> usize {
        let cells = self.rows[row].cells.clone();
        self.push(Row { file, cells, gone: false })
    }

    /// A new row without a cell, in the file of the month.
    pub fn add(&mut self, file: usize) -> usize {
        let cells = vec![Cell::Empty; self.names.len()];
        self.push(Row { file, cells, gone: false })
    }

    fn push(&mut self, row: Row) -> usize {
        let place = self.rows.len();
        for (nth, places) in self.places.get_mut() {
            if let Cell::Text(text) = &row.cells[*nth] {
                places.entry(text.clone()).or_default().push(place);
            }
        }
        self.rows.push(row);
        place
    }
}
