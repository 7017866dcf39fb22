//! Cells and foreign arrays → typed columns of the contract.
//!
//! In: one column of a chunk, as texts or as an Arrow array of another type. Out: an array of exactly the contract's type,
//! with the rows whose cell is wrong (and why) and the labels that no code knows. Never here: what happens to such rows.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, Decimal128Array, Int64Array, ListBuilder, StringArray, StringBuilder,
    TimestampMicrosecondArray, new_null_array,
};
use arrow::compute::{CastOptions, cast_with_options, nullif};
use arrow::datatypes::{DataType, TimeUnit, TimestampMicrosecondType};
use arrow::util::display::FormatOptions;

use super::raw::Mark;
use super::{dates, schema, typing, xlsx};
use crate::calendar::{DAY_MICROSECONDS, SHANGHAI_OFFSET_MICROSECONDS, shanghai_day};
use crate::error::{Context, Kind, Result};
use crate::library::contract::{Column, ColumnType, TableContract, normalise_header};
use crate::project::Source;

/// A typed column with what was wrong on the way.
pub(super) struct Typed {
    /// Values; null where the cell is empty, wrong or unknown.
    pub array: ArrayRef,
    /// Rows whose cell is wrong, with the reason and the cell's text.
    pub wrong: Vec<(usize, String, String)>,
    /// Rows whose label is in no code list, with the label.
    pub unknown: Vec<(usize, String)>,
}

impl Typed {
    /// A column that the file does not have.
    pub fn empty(kind: &DataType, rows: usize) -> Self {
        Self { array: new_null_array(kind, rows), wrong: Vec::new(), unknown: Vec::new() }
    }
}

/// Reads one column of a table.
pub(super) struct ColumnReader {
    kind: ColumnType,
    is_identifier: bool,
    /// Normalised label → code; empty when the column is free.
    labels: HashMap<String, Arc<str>>,
    /// Cell text as written → code: most cells of a coded column are alike.
    cache: HashMap<String, Option<Arc<str>>>,
}

const LOST_DIGITS: &str = "数字超过15位，末尾数位已丢失，请改为文本格式";
const CACHED_LABELS: usize = 10_000;

impl ColumnReader {
    pub fn new(contract: &TableContract, column: &Column, source: &Source) -> Self {
        let mut labels = HashMap::new();
        for (code, spellings) in &column.codes {
            let code: Arc<str> = Arc::from(code.as_str());
            for label in spellings.iter().map(String::as_str).chain([code.as_ref()]) {
                labels.insert(normalise_header(label), Arc::clone(&code));
            }
        }
        for (label, code) in source.codes.get(&column.name).into_iter().flatten() {
            labels.insert(normalise_header(label), Arc::from(code.as_str()));
        }
        let is_identifier =
            contract.key.contains(&column.name) || contract.references.iter().any(|reference| reference.column == column.name);
        Self { kind: column.kind, is_identifier, labels, cache: HashMap::new() }
    }

    fn is_coded(&self) -> bool {
        !self.labels.is_empty()
    }

    fn code(&mut self, text: &str) -> Option<Arc<str>> {
        if let Some(code) = self.cache.get(text) {
            return code.clone();
        }
        let normal = normalise_header(text);
        // A code that a spreadsheet has made a number comes back as `1.0`.
        let code = self.labels.get(&normal).or_else(|| self.labels.get(normal.strip_suffix(".0")?)).cloned();
        if self.cache.len() < CACHED_LABELS {
            self.cache.insert(text.to_owned(), code.clone());
        }
        code
    }

    /// Types `rows` cells of text.
    pub fn read_texts<'c>(&mut self, rows: usize, cell: &dyn Fn(usize) -> (&'c str, Mark), factor: i64, is_1904: bool) -> Typed {
        let mut wrong = Vec::new();
        let kind = self.kind;
        // The cell of a row that holds something and is not known to be damaged.
        let mut usable = |row: usize| -> Option<&'c str> {
            let (text, mark) = cell(row);
            if let Some(why) = damage(kind, mark) {
                wrong.push((row, why.to_owned(), text.to_owned()));
                return None;
            }
            Some(text)
        };
        let mut unknown = Vec::new();
        let mut refused = Vec::new();
        macro_rules! values {
            ($read:expr) => {
                (0..rows)
                    .map(|row| {
                        let text = usable(row).filter(|text| !typing::is_nothing(text, kind))?;
                        $read(text).map_err(|why: &'static str| refused.push((row, why.to_owned(), text.to_owned()))).ok()
                    })
                    .collect::<Vec<_>>()
            };
        }
        let array: ArrayRef = match kind {
            ColumnType::Date => Arc::new(Date32Array::from(values!(|text| typing::read_date(text, is_1904)))),
            ColumnType::Instant => {
                Arc::new(TimestampMicrosecondArray::from(values!(|text| typing::read_instant(text, is_1904))).with_timezone("UTC"))
            }
            ColumnType::Integer => Arc::new(Int64Array::from(values!(typing::read_integer))),
            ColumnType::Boolean => Arc::new(BooleanArray::from(values!(typing::read_boolean))),
            ColumnType::Decimal => {
                let values: Vec<Option<i128>> = values!(|text| typing::read_decimal(text, factor));
                let array = Decimal128Array::from(values).with_precision_and_scale(18, 2).expect("18 and 2 are valid");
                Arc::new(array)
            }
            ColumnType::Text => {
                let mut builder = StringBuilder::with_capacity(rows, rows * 8);
                for row in 0..rows {
                    match usable(row) {
                        Some(text) => self.append_text(row, text, &mut builder, &mut refused, &mut unknown),
                        None => builder.append_null(),
                    }
                }
                Arc::new(builder.finish())
            }
            ColumnType::List => {
                let mut builder = ListBuilder::new(StringBuilder::new());
                for row in 0..rows {
                    let text = usable(row).filter(|text| !typing::is_nothing(text, kind));
                    self.append_list(row, text, &mut builder, &mut unknown);
                }
                Arc::new(builder.finish())
            }
        };
        wrong.append(&mut refused);
        Typed { array, wrong, unknown }
    }

    fn append_text(
        &mut self,
        row: usize,
        text: &str,
        builder: &mut StringBuilder,
        refused: &mut Vec<(usize, String, String)>,
        unknown: &mut Vec<(usize, String)>,
    ) {
        if typing::is_nothing(text, ColumnType::Text) {
            return builder.append_null();
        }
        if self.is_coded() {
            match self.code(text) {
                Some(code) => builder.append_value(code),
                None => {
                    builder.append_null();
                    // Strokes and 无 are nothing, unless a code list knows them.
                    if !typing::is_nothing(text, ColumnType::Date) {
                        unknown.push((row, text.trim().to_owned()));
                    }
                }
            }
        } else if typing::has_lost_digits(text.trim()) {
            builder.append_null();
            refused.push((row, LOST_DIGITS.to_owned(), text.to_owned()));
        } else if text.contains('\0') {
            builder.append_null();
            refused.push((row, "含有空字符（NUL）".to_owned(), text.to_owned()));
        } else {
            builder.append_value(typing::clean_text(text, self.is_identifier));
        }
    }

    fn append_list(
        &mut self,
        row: usize,
        text: Option<&str>,
        builder: &mut ListBuilder<StringBuilder>,
        unknown: &mut Vec<(usize, String)>,
    ) {
        let items = text.map(typing::read_list).unwrap_or_default();
        let mut kept: Vec<String> = Vec::new();
        for item in items {
            if !self.is_coded() {
                kept.push(item);
            } else if let Some(code) = self.code(&item) {
                if !kept.iter().any(|known| **known == *code) {
                    kept.push(code.to_string());
                }
            } else {
                unknown.push((row, item));
            }
        }
        kept.iter().for_each(|item| builder.values().append_value(item));
        builder.append(!kept.is_empty());
    }

    /// Types a foreign array: directly where nothing can be lost, else by way of its texts.
    pub fn read_array(&mut self, array: &ArrayRef, factor: i64, is_1904: bool) -> Result<Typed> {
        let rows = array.len();
        if let Some(array) = self.convert(array, factor)? {
            return inside_the_calendar(array);
        }
        if let DataType::Timestamp(_, Some(_)) = array.data_type() {
            let instants = strict_cast(array, &schema::data_type(ColumnType::Instant))?;
            return self.read_array(&strict_cast(&instants, &DataType::Utf8)?, factor, is_1904);
        }
        let is_float = array.data_type().is_floating();
        if let DataType::List(_) | DataType::LargeList(_) = array.data_type() {
            let texts = list_texts(array)?;
            return Ok(self.read_texts(rows, &|row| (texts[row].as_str(), Mark::Plain), factor, false));
        }
        if is_float {
            let floats = strict_cast(array, &DataType::Float64)?;
            let floats = floats.as_primitive::<arrow::datatypes::Float64Type>();
            let texts: Vec<String> = floats.iter().map(|value| value.map_or_else(String::new, xlsx::float_text)).collect();
            let mark = |row: usize| if floats.value(row).abs() >= 1e15 { Mark::LostDigits } else { Mark::Plain };
            return Ok(self.read_texts(rows, &|row| (texts[row].as_str(), mark(row)), factor, is_1904));
        }
        let texts = strict_cast(array, &DataType::Utf8)?;
        let texts = texts.as_string::<i32>();
        if self.kind == ColumnType::Text && !self.is_coded() && self.is_clean(texts) {
            return Ok(Typed { array: Arc::new(texts.clone()), wrong: Vec::new(), unknown: Vec::new() });
        }
        let cell = |row: usize| if texts.is_null(row) { ("", Mark::Plain) } else { (texts.value(row), Mark::Plain) };
        Ok(self.read_texts(rows, &cell, factor, is_1904))
    }

    /// Whether every text is already as it would be kept.
    fn is_clean(&self, texts: &StringArray) -> bool {
        let keeps = |text: &str| {
            !typing::is_nothing(text, ColumnType::Text)
                && !text.contains('\0')
                && !typing::has_lost_digits(text)
                && *typing::clean_text(text, self.is_identifier) == *text
        };
        texts.iter().flatten().all(keeps)
    }

    /// Conversions in which nothing can be lost and nothing can be wrong.
    fn convert(&self, array: &ArrayRef, factor: i64) -> Result<Option<ArrayRef>> {
        let target = schema::data_type(self.kind);
        if array.data_type() == &DataType::Null {
            return Ok(Some(new_null_array(&target, array.len())));
        }
        let is_direct = match (self.kind, array.data_type()) {
            (ColumnType::Date, DataType::Date32 | DataType::Date64) | (ColumnType::Boolean, DataType::Boolean) => true,
            (ColumnType::Instant, DataType::Timestamp(_, Some(_))) => true,
            (ColumnType::Integer, kind) => kind.is_integer() && *kind != DataType::UInt64,
            (ColumnType::Decimal, DataType::Decimal128(precision, scale)) => {
                factor == 1 && (0..=2).contains(scale) && i16::from(*precision) - i16::from(*scale) <= 16
            }
            (ColumnType::List, DataType::List(field)) => {
                !self.is_coded() && matches!(field.data_type(), DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
            }
            _ => false,
        };
        if is_direct {
            return strict_cast(array, &target).map(Some);
        }
        let shift = |array: &ArrayRef, by: i64| -> Result<TimestampMicrosecondArray> {
            let naive = strict_cast(array, &DataType::Timestamp(TimeUnit::Microsecond, None))?;
            Ok(naive.as_primitive::<TimestampMicrosecondType>().unary(|value| value.saturating_add(by)))
        };
        match (self.kind, array.data_type()) {
            // A timestamp without zone, and a date, are Shanghai's.
            (ColumnType::Instant, DataType::Timestamp(_, None) | DataType::Date32 | DataType::Date64) => {
                Ok(Some(Arc::new(shift(array, -SHANGHAI_OFFSET_MICROSECONDS)?.with_timezone("UTC"))))
            }
            (ColumnType::Date, DataType::Timestamp(_, zone)) => {
                let by = if zone.is_some() { SHANGHAI_OFFSET_MICROSECONDS } else { 0 };
                let days = shift(array, by)?.unary(|at| at.div_euclid(DAY_MICROSECONDS) as i32);
                let days: arrow::array::PrimitiveArray<arrow::datatypes::Date32Type> = days;
                Ok(Some(Arc::new(days)))
            }
            _ => Ok(None),
        }
    }
}

/// Refuses days that no text could mean; a number in a Parquet file can be any.
fn inside_the_calendar(array: ArrayRef) -> Result<Typed> {
    let outside: Vec<usize> = match array.data_type() {
        DataType::Date32 => {
            let days = array.as_primitive::<arrow::datatypes::Date32Type>();
            (0..days.len()).filter(|row| days.is_valid(*row) && !dates::is_a_day(days.value(*row))).collect()
        }
        DataType::Timestamp(TimeUnit::Microsecond, Some(_)) => {
            let instants = array.as_primitive::<TimestampMicrosecondType>();
            (0..instants.len()).filter(|row| instants.is_valid(*row) && !dates::is_a_day(shanghai_day(instants.value(*row)))).collect()
        }
        _ => Vec::new(),
    };
    if outside.is_empty() {
        return Ok(Typed { array, wrong: Vec::new(), unknown: Vec::new() });
    }
    let mask: BooleanArray = (0..array.len()).map(|row| Some(outside.binary_search(&row).is_ok())).collect();
    let array = nullif(&array, &mask).context(Kind::Bug, || "leaving out days outside the calendar")?;
    let wrong = outside.into_iter().map(|row| (row, "不在1900年至2200年之间".to_owned(), String::new())).collect();
    Ok(Typed { array, wrong, unknown: Vec::new() })
}

/// Instants with a time of day; 0:00:00 is how a date is written by programs that know no dates.
pub(super) fn with_time_of_day(instants: &ArrayRef) -> Result<ArrayRef> {
    let is_midnight = |at: i64| (at + SHANGHAI_OFFSET_MICROSECONDS).rem_euclid(DAY_MICROSECONDS) == 0;
    let mask: BooleanArray = instants.as_primitive::<TimestampMicrosecondType>().iter().map(|at| at.map(is_midnight)).collect();
    nullif(instants, &mask).context(Kind::Bug, || "reading times of day")
}

/// Why a cell is unusable whatever its text.
pub(super) fn damage(kind: ColumnType, mark: Mark) -> Option<&'static str> {
    match mark {
        Mark::Plain => None,
        Mark::FormulaError => Some("公式结果为错误"),
        Mark::LostDigits => matches!(kind, ColumnType::Text | ColumnType::List | ColumnType::Integer).then_some(LOST_DIGITS),
    }
}

/// Casts, and fails where a value would be lost.
pub(super) fn strict_cast(array: &ArrayRef, target: &DataType) -> Result<ArrayRef> {
    let options = CastOptions { safe: false, format_options: FormatOptions::default() };
    cast_with_options(array, target, &options).context(Kind::Source, || format!("reading a column of type {}", array.data_type()))
}

/// Lists as JSON texts, which [`typing::read_list`] reads back whatever the items hold.
pub(super) fn list_texts(array: &ArrayRef) -> Result<Vec<String>> {
    let field = Arc::new(arrow::datatypes::Field::new("item", DataType::Utf8, true));
    let lists = strict_cast(array, &DataType::List(field))?;
    let texts = lists.as_list::<i32>().iter().map(|items| {
        let items = items.map(|items| items.as_string::<i32>().iter().flatten().map(str::to_owned).collect::<Vec<_>>());
        items.filter(|items| !items.is_empty()).map_or_else(String::new, |items| serde_json::Value::from(items).to_string())
    });
    Ok(texts.collect())
}
