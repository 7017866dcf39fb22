//! Rows of a source table as the simulator writes them: cells by column name, columns by the table's contract.
//!
//! In: a contract and cells. Out: Arrow record batches of the contract's types. A column that the contract does not have is
//! passed over; one that nobody writes stays empty; a value is turned to the contract's type where that loses nothing.
//! Never here: what the values mean.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use arrow::array::{
    ArrayBuilder, ArrayRef, BooleanBuilder, Date32Builder, Decimal128Builder, Int64Builder, ListBuilder, RecordBatch, StringBuilder,
    TimestampMicrosecondBuilder,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use crate::calendar::{DAY_MICROSECONDS, shanghai_day, start_of_day};
use crate::error::{Context, Kind, Result};
use crate::ingest::data_type;
use crate::library::contract::{ColumnType, TableContract};

/// Rows of one table that have not been written yet.
pub(super) struct Sheet {
    table: String,
    /// A unit and what it was called when the rows were sent.
    former: Option<(String, String)>,
    schema: SchemaRef,
    columns: Vec<Cells>,
    index: HashMap<String, usize, BuildHasherDefault<NameHasher>>,
    rows: usize,
}

enum Cells {
    Text(StringBuilder),
    Date(Date32Builder),
    Instant(TimestampMicrosecondBuilder),
    Integer(Int64Builder),
    Decimal(Decimal128Builder),
    Boolean(BooleanBuilder),
    List(ListBuilder<StringBuilder>),
}

impl Cells {
    fn new(kind: ColumnType) -> Self {
        match kind {
            ColumnType::Text => Self::Text(StringBuilder::new()),
            ColumnType::Date => Self::Date(Date32Builder::new()),
            ColumnType::Instant => Self::Instant(TimestampMicrosecondBuilder::new().with_timezone("UTC")),
            ColumnType::Integer => Self::Integer(Int64Builder::new()),
            ColumnType::Decimal => Self::Decimal(Decimal128Builder::new().with_data_type(DataType::Decimal128(18, 2))),
            ColumnType::Boolean => Self::Boolean(BooleanBuilder::new()),
            ColumnType::List => Self::List(ListBuilder::new(StringBuilder::new())),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Text(cells) => cells.len(),
            Self::Date(cells) => cells.len(),
            Self::Instant(cells) => cells.len(),
            Self::Integer(cells) => cells.len(),
            Self::Decimal(cells) => cells.len(),
            Self::Boolean(cells) => cells.len(),
            Self::List(cells) => cells.len(),
        }
    }

    fn append_null(&mut self) {
        match self {
            Self::Text(cells) => cells.append_null(),
            Self::Date(cells) => cells.append_null(),
            Self::Instant(cells) => cells.append_null(),
            Self::Integer(cells) => cells.append_null(),
            Self::Decimal(cells) => cells.append_null(),
            Self::Boolean(cells) => cells.append_null(),
            Self::List(cells) => cells.append_null(),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Text(cells) => Arc::new(cells.finish()),
            Self::Date(cells) => Arc::new(cells.finish()),
            Self::Instant(cells) => Arc::new(cells.finish()),
            Self::Integer(cells) => Arc::new(cells.finish()),
            Self::Decimal(cells) => Arc::new(cells.finish()),
            Self::Boolean(cells) => Arc::new(cells.finish()),
            Self::List(cells) => Arc::new(cells.finish()),
        }
    }
}

/// The Arrow schema of a contract's columns.
pub(super) fn schema_of(contract: &TableContract) -> SchemaRef {
    let fields = contract.columns.iter().map(|column| Field::new(&column.name, data_type(column.kind), true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

impl Sheet {
    /// An empty sheet of the contract's columns.
    pub fn new(contract: &TableContract) -> Self {
        Self {
            table: contract.name.clone(),
            former: None,
            schema: schema_of(contract),
            columns: contract.columns.iter().map(|column| Cells::new(column.kind)).collect(),
            index: contract.columns.iter().enumerate().map(|(index, column)| (column.name.clone(), index)).collect(),
            rows: 0,
        }
    }

    /// A sheet for a table without a contract: takes everything, keeps nothing.
    fn without_contract(table: &str) -> Self {
        let schema = Arc::new(Schema::empty());
        Self { table: table.to_owned(), former: None, schema, columns: Vec::new(), index: HashMap::default(), rows: 0 }
    }

    /// Whether this is the sheet of `table`.
    pub fn is(&self, table: &str) -> bool {
        self.table == table
    }

    fn cells(&mut self, name: &str) -> Option<&mut Cells> {
        let cells = &mut self.columns[*self.index.get(name)?];
        // A cell written twice in one row keeps its first value.
        (cells.len() == self.rows).then_some(cells)
    }

    /// Writes a text (or a code).
    pub fn text(&mut self, name: &str, value: &str) -> &mut Self {
        let former = self.former.as_ref().filter(|(unit, _)| name == "unit_id" && unit == value).map(|(_, former)| former.clone());
        let value = former.as_deref().unwrap_or(value);
        match self.cells(name) {
            Some(Cells::Text(cells)) => cells.append_value(value),
            Some(Cells::List(cells)) => cells.append_value([Some(value)]),
            _ => {}
        }
        self
    }

    /// Writes a text where there is one.
    pub fn text_of(&mut self, name: &str, value: Option<&str>) -> &mut Self {
        if let Some(value) = value {
            self.text(name, value);
        }
        self
    }

    /// Writes a date where there is one; as nine in the morning where the contract asks for an instant.
    pub fn date(&mut self, name: &str, value: impl Into<Option<i32>>) -> &mut Self {
        if let Some(day) = value.into() {
            match self.cells(name) {
                Some(Cells::Date(cells)) => cells.append_value(day),
                Some(Cells::Instant(cells)) => cells.append_value(start_of_day(day) + DAY_MICROSECONDS * 3 / 8),
                _ => {}
            }
        }
        self
    }

    /// Writes an instant where there is one; as its Shanghai day where the contract asks for a date.
    pub fn instant(&mut self, name: &str, value: impl Into<Option<i64>>) -> &mut Self {
        if let Some(instant) = value.into() {
            match self.cells(name) {
                Some(Cells::Instant(cells)) => cells.append_value(instant),
                Some(Cells::Date(cells)) => cells.append_value(shanghai_day(instant)),
                _ => {}
            }
        }
        self
    }

    /// Writes a whole number where there is one.
    pub fn number(&mut self, name: &str, value: impl Into<Option<i64>>) -> &mut Self {
        if let Some(value) = value.into() {
            match self.cells(name) {
                Some(Cells::Integer(cells)) => cells.append_value(value),
                Some(Cells::Decimal(cells)) => cells.append_value(i128::from(value) * 100),
                Some(Cells::Text(cells)) => cells.append_value(value.to_string()),
                _ => {}
            }
        }
        self
    }

    /// Writes an amount in hundredths where there is one.
    pub fn hundredths(&mut self, name: &str, value: impl Into<Option<i64>>) -> &mut Self {
        if let Some(value) = value.into() {
            match self.cells(name) {
                Some(Cells::Decimal(cells)) => cells.append_value(i128::from(value)),
                Some(Cells::Integer(cells)) => cells.append_value(value / 100),
                Some(Cells::Text(cells)) => cells.append_value(format!("{}.{:02}", value / 100, value % 100)),
                _ => {}
            }
        }
        self
    }

    /// Writes a truth value where there is one.
    pub fn flag(&mut self, name: &str, value: impl Into<Option<bool>>) -> &mut Self {
        if let Some(value) = value.into()
            && let Some(Cells::Boolean(cells)) = self.cells(name)
        {
            cells.append_value(value);
        }
        self
    }

    /// Writes a list; an empty one stays an empty cell.
    pub fn list<T: AsRef<str>>(&mut self, name: &str, values: &[T]) -> &mut Self {
        if !values.is_empty() {
            match self.cells(name) {
                Some(Cells::List(cells)) => {
                    values.iter().for_each(|value| cells.values().append_value(value.as_ref()));
                    cells.append(true);
                }
                Some(Cells::Text(cells)) => {
                    let joined: Vec<&str> = values.iter().map(AsRef::as_ref).collect();
                    cells.append_value(joined.join(";"));
                }
                _ => {}
            }
        }
        self
    }

    /// Ends the row: what was not written is empty.
    pub fn end(&mut self) {
        self.rows += 1;
        let rows = self.rows;
        self.columns.iter_mut().filter(|cells| cells.len() < rows).for_each(Cells::append_null);
    }

    /// Takes the rows written so far.
    fn take(&mut self) -> Result<RecordBatch> {
        self.rows = 0;
        let columns = self.columns.iter_mut().map(Cells::finish).collect();
        RecordBatch::try_new(self.schema.clone(), columns).context(Kind::Bug, || format!("rows of `{}`", self.table))
    }
}

/// Where finished batches go.
pub(super) trait Output {
    /// Takes rows of `table`.
    fn write(&mut self, table: &str, batch: &RecordBatch) -> Result<()>;
}

/// One sheet a table.
pub(super) struct Sheets {
    sheets: Vec<Sheet>,
    index: HashMap<String, usize, BuildHasherDefault<NameHasher>>,
    /// Firm → day and occasion of its visits, for [`Sheets::watching`].
    watched: BTreeMap<String, BTreeSet<(i32, String)>>,
}

/// Rows of a sheet that are handed on together.
const BATCH_ROWS: usize = 16_384;

impl Sheets {
    /// Empty sheets for every contract.
    pub fn new(contracts: &BTreeMap<String, TableContract>) -> Self {
        let mut sheets: Vec<Sheet> = contracts.values().map(Sheet::new).collect();
        let index = sheets.iter().enumerate().map(|(index, sheet)| (sheet.table.clone(), index)).collect();
        sheets.push(Sheet::without_contract("without contract"));
        Self { sheets, index, watched: BTreeMap::new() }
    }

    /// Sheets that keep no row and remember the visits to these firms.
    pub fn watching(firms: impl IntoIterator<Item = String>) -> Self {
        let mut sheets = Self::new(&BTreeMap::new());
        sheets.watched = firms.into_iter().map(|firm| (firm, BTreeSet::new())).collect();
        sheets
    }

    /// An inspection of a firm on site: its day, and what makes it one occasion with others.
    pub fn visited(&mut self, firm: &str, day: i32, occasion: &str) {
        if let Some(visits) = self.watched.get_mut(firm) {
            visits.insert((day, occasion.to_owned()));
        }
    }

    /// Days of the remembered visits to a firm, one an occasion.
    pub fn days_of(&self, firm: &str) -> Vec<i32> {
        self.watched.get(firm).into_iter().flatten().map(|(day, _)| *day).collect()
    }

    /// From here on rows name the unit as it was called before: `(unit, former)`.
    pub fn call_by_former(&mut self, former: Option<(&str, &str)>) {
        for sheet in &mut self.sheets {
            sheet.former = former.map(|(unit, former)| (unit.to_owned(), former.to_owned()));
        }
    }

    /// The sheet of `table`; one that keeps nothing where there is no contract.
    pub fn of(&mut self, table: &str) -> &mut Sheet {
        let index = self.index.get(table).copied().unwrap_or(self.sheets.len() - 1);
        &mut self.sheets[index]
    }

    /// Hands on the sheets that are full.
    pub fn hand_on_full(&mut self, output: &mut dyn Output) -> Result<()> {
        self.hand_on(output, BATCH_ROWS)
    }

    /// Hands on every row.
    pub fn hand_on_all(&mut self, output: &mut dyn Output) -> Result<()> {
        self.hand_on(output, 1)
    }

    fn hand_on(&mut self, output: &mut dyn Output, least: usize) -> Result<()> {
        for sheet in self.sheets.iter_mut().filter(|sheet| sheet.rows >= least && !sheet.columns.is_empty()) {
            let batch = sheet.take()?;
            output.write(&sheet.table, &batch)?;
        }
        Ok(())
    }
}

/// FNV-1a: names are short, and a cell is found by name a billion times in a large province.
#[derive(Default)]
struct NameHasher(u64);

impl Hasher for NameHasher {
    fn write(&mut self, bytes: &[u8]) {
        let mut hash = self.0 ^ 0xcbf2_9ce4_8422_2325;
        for chunk in bytes.chunks(8) {
            let mut word = [0u8; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            hash = (hash ^ u64::from_le_bytes(word)).wrapping_mul(0x0100_0000_01b3_9e37).rotate_left(23);
        }
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 29)
    }
}
