//! Rows as a workbook.
//!
//! In: batches. Out: one sheet with a frozen header, typed numbers, dates and instants (Shanghai time), texts as texts: no
//! cell is ever a formula. Never here: cutting; what Excel can't hold is an error that names the row and column.

use std::io::Write;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Date32Type, TimestampMicrosecondType};
use futures::StreamExt;
use jiff::civil::DateTime;
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook, Worksheet};

use super::cells::{Cells, Style, shanghai};
use super::query::{Failure, Rows};
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

/// Writes all rows; how many they were.
pub(super) async fn write(mut rows: Rows, out: &mut (dyn Write + Send)) -> Result<u64, Failure> {
    let mut workbook = Workbook::new();
    let fixed = ExcelDateTime::from_ymd(2000, 1, 1).context(Kind::Bug, || "setting up a workbook")?;
    workbook.set_properties(&rust_xlsxwriter::DocProperties::new().set_creation_datetime(&fixed));
    let total = fill(workbook.add_worksheet(), &mut rows).await?;
    let bytes = workbook.save_to_buffer().context(Kind::Environment, || "writing a workbook")?;
    out.write_all(&bytes).context(Kind::Environment, || "writing a workbook")?;
    Ok(total)
}

async fn fill(sheet: &mut Worksheet, rows: &mut Rows) -> Result<u64, Failure> {
    let what = || "writing a workbook";
    let fields = rows.schema.fields().clone();
    if fields.len() > MOST_COLUMNS {
        return Err(too_much(format!("{} columns, and a sheet holds {MOST_COLUMNS}", fields.len())).into());
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
    let mut total = 0_u64;
    while let Some(batch) = rows.stream.next().await {
        let batch = batch?;
        let last = total + batch.num_rows() as u64;
        if last + 1 > MOST_ROWS {
            return Err(too_much(format!("more than {} rows, and a sheet holds no more below its header", MOST_ROWS - 1)).into());
        }
        add(sheet, &batch, total)?;
        total = last;
    }
    Ok(total)
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
        kind if kind.is_numeric() && digits(&text) <= MOST_DIGITS => text.parse().ok().map(Value::Number),
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
