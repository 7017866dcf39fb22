//! Rows as sheets of a workbook.
//!
//! In: batches. Out: sheets with a frozen header and a filter, typed numbers, dates and instants (Shanghai time), texts as texts: no
//! cell is ever a formula. Never here: cutting; what Excel can't hold is an error that names the row and column.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Date32Type, Fields, Float64Type, TimestampMicrosecondType};
use jiff::civil::DateTime;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, FormatAlign, Workbook, Worksheet};
use unicode_width::UnicodeWidthStr;

use super::cells::{Cells, Style, shanghai};
use super::numbers::without_trailing_zeros;
use crate::error::{Context, Error, Kind, Result};
use crate::terms::date_from_epoch_days;

/// Rows of a sheet, its header included.
const MOST_ROWS: u64 = 1_048_576;
/// Columns of a sheet.
const MOST_COLUMNS: usize = 16_384;
/// UTF-16 units of a cell.
const MOST_UNITS: usize = 32_767;
/// Digits that Excel keeps of a number.
const MOST_DIGITS: usize = 15;

/// How wide a column of text is at most, in digits; longer texts wrap.
const MOST_TEXT_COLUMNS: usize = 50;
/// How wide a column of numbers is.
const NUMBER_COLUMNS: usize = 8;
/// What the arrow of a filter takes of a heading.
const FILTER_COLUMNS: usize = 3;
/// Below this four digits show nothing.
const SMALL: f64 = 0.0001;

/// An empty workbook whose bytes depend on what is put in alone.
///
/// # Errors
/// None that a user can cause.
pub fn workbook() -> Result<Workbook> {
    let mut workbook = Workbook::new();
    let fixed = ExcelDateTime::from_ymd(2000, 1, 1).context(Kind::Bug, || "setting up a workbook")?;
    workbook.set_properties(&DocProperties::new().set_creation_datetime(&fixed));
    Ok(workbook)
}

/// A sheet that is being filled.
pub struct Sheet<'w> {
    sheet: &'w mut Worksheet,
    columns: usize,
    rows: u64,
}

impl<'w> Sheet<'w> {
    /// Writes the header.
    ///
    /// # Errors
    /// More columns than a sheet holds.
    pub fn begin(sheet: &'w mut Worksheet, fields: &Fields) -> Result<Self> {
        let what = || "writing a workbook";
        if fields.len() > MOST_COLUMNS {
            return Err(too_much(format!("{} columns, and a sheet holds {MOST_COLUMNS}", fields.len())));
        }
        let bold = Format::new().set_bold();
        for (column, field) in fields.iter().enumerate() {
            let column = column as u16;
            sheet.write_string_with_format(0, column, field.name(), &bold).context(Kind::Bug, what)?;
            let format = match field.data_type() {
                DataType::Date32 => Some(("yyyy-mm-dd", 11)),
                DataType::Timestamp(_, _) => Some(("yyyy-mm-dd hh:mm:ss", 19)),
                _ => None,
            };
            if let Some((format, width)) = format {
                sheet.set_column_format(column, &Format::new().set_num_format(format)).context(Kind::Bug, what)?;
                sheet.set_column_width(column, width).context(Kind::Bug, what)?;
            }
        }
        sheet.set_freeze_panes(1, 0).context(Kind::Bug, what)?;
        Ok(Self { sheet, columns: fields.len(), rows: 0 })
    }

    /// Widths and formats for whoever reads the sheet: as wide as the texts of `batch`, long ones wrap, fractions show four digits (the cell holds all).
    ///
    /// # Errors
    /// None that a user can cause.
    pub fn lay_out(&mut self, batch: &RecordBatch) -> Result<()> {
        let what = || "laying out a workbook";
        for (index, array) in batch.columns().iter().enumerate() {
            let (column, heading) = (index as u16, batch.schema().field(index).name().width() + FILTER_COLUMNS);
            let (width, format) = match array.data_type() {
                DataType::Utf8 => {
                    let texts = array.as_string::<i32>().iter().flatten();
                    let longest = texts.map(UnicodeWidthStr::width).max().unwrap_or(0);
                    (longest, if longest > MOST_TEXT_COLUMNS { Format::new().set_text_wrap() } else { Format::new() })
                }
                kind if kind.is_floating() => (NUMBER_COLUMNS, Format::new().set_num_format(number_format(array))),
                kind if kind.is_integer() => (NUMBER_COLUMNS, Format::new()),
                _ => continue,
            };
            self.sheet.set_column_width(column, (width.min(MOST_TEXT_COLUMNS).max(heading) + 1) as f64).context(Kind::Bug, what)?;
            self.sheet.set_column_format(column, &format.set_align(FormatAlign::Top)).context(Kind::Bug, what)?;
        }
        Ok(())
    }

    /// Adds rows.
    ///
    /// # Errors
    /// More rows than a sheet holds, or a text longer than a cell.
    pub fn add(&mut self, batch: &RecordBatch) -> Result<()> {
        if self.rows + batch.num_rows() as u64 + 1 > MOST_ROWS {
            return Err(too_much(format!("more than {} rows, and a sheet holds no more below its header", MOST_ROWS - 1)));
        }
        add(self.sheet, batch, self.rows)?;
        self.rows += batch.num_rows() as u64;
        Ok(())
    }

    /// Sets the filter over header and rows; how many rows they are.
    ///
    /// # Errors
    /// None that a user can cause.
    pub fn end(self) -> Result<u64> {
        if self.columns > 0 {
            let last = (self.rows as u32, self.columns as u16 - 1);
            self.sheet.autofilter(0, 0, last.0, last.1).context(Kind::Bug, || "writing a workbook")?;
        }
        Ok(self.rows)
    }
}

fn add(sheet: &mut Worksheet, batch: &RecordBatch, before: u64) -> Result<()> {
    let schema = batch.schema();
    for (index, array) in batch.columns().iter().enumerate() {
        let cells = Cells::new(array, Style::Machine)?;
        for row in (0..batch.num_rows()).filter(|row| !array.is_null(*row)) {
            let place = ((before + row as u64 + 1) as u32, index as u16);
            let value = value(array, &cells, row)?;
            if let Value::Text(text) = &value
                && text.encode_utf16().count() > MOST_UNITS
            {
                let name = schema.field(index).name();
                let length = text.encode_utf16().count();
                let number = before + row as u64 + 1;
                return Err(too_much(format!("row {number}, column `{name}`: {length} characters, and a cell holds {MOST_UNITS}")));
            }
            match &value {
                Value::Number(number) => sheet.write_number(place.0, place.1, *number),
                Value::Boolean(truth) => sheet.write_boolean(place.0, place.1, *truth),
                Value::Moment(moment) => sheet.write_datetime(place.0, place.1, moment),
                Value::Text(text) => sheet.write_string(place.0, place.1, text.as_str()),
            }
            .context(Kind::Bug, || "writing a cell")?;
        }
    }
    Ok(())
}

/// How a column of fractions is best read: whole numbers as such, very small ones by their power of ten, others with four digits.
fn number_format(array: &ArrayRef) -> &'static str {
    let numbers = array.as_primitive_opt::<Float64Type>().map(|numbers| numbers.iter().flatten().collect::<Vec<f64>>()).unwrap_or_default();
    if numbers.iter().all(|number| number.fract() == 0.0) {
        "0"
    } else if numbers.iter().any(|number| *number != 0.0 && number.abs() < SMALL) {
        "0.00E+00"
    } else {
        "0.0000"
    }
}

enum Value {
    Number(f64),
    Boolean(bool),
    Moment(ExcelDateTime),
    Text(String),
}

fn value(array: &ArrayRef, cells: &Cells<'_>, row: usize) -> Result<Value> {
    let text = cells.text(row)?.unwrap_or_default();
    let moment = |time: Option<DateTime>| time.and_then(excel_time).map(Value::Moment);
    let typed = match array.data_type() {
        DataType::Boolean => Some(Value::Boolean(array.as_boolean().value(row))),
        DataType::Date32 => {
            let day = date_from_epoch_days(array.as_primitive::<Date32Type>().value(row));
            moment(day.map(|day| day.to_datetime(jiff::civil::Time::midnight())))
        }
        DataType::Timestamp(_, Some(_)) => moment(shanghai(array.as_primitive::<TimestampMicrosecondType>().value(row))),
        // A number that Excel would round stays a text with every digit.
        kind if kind.is_floating() => text.parse().ok().filter(|number: &f64| number.is_finite()).map(Value::Number),
        kind if kind.is_numeric() && digits(without_trailing_zeros(&text)) <= MOST_DIGITS => text.parse().ok().map(Value::Number),
        _ => None,
    };
    Ok(typed.unwrap_or(Value::Text(text)))
}

fn digits(number: &str) -> usize {
    number.trim_start_matches(['-', '0', '.']).bytes().filter(u8::is_ascii_digit).count()
}

/// `None` before 1900 and after 9999, which Excel does not know.
fn excel_time(time: DateTime) -> Option<ExcelDateTime> {
    let year = u16::try_from(time.year()).ok().filter(|year| *year >= 1900)?;
    let day = ExcelDateTime::from_ymd(year, time.month() as u8, time.day() as u8).ok()?;
    let milliseconds = (time.subsec_nanosecond() / 1_000_000) as u16;
    day.and_hms_milli(time.hour() as u16, time.minute() as u8, time.second() as u8, milliseconds).ok()
}

fn too_much(what: String) -> Error {
    Error::new(Kind::Query, format!("Excel can't hold the result: {what}"))
        .with_hint("write csv or parquet, or select less; nothing is ever cut")
}
