//! Grids of a page as typed batches, and batches as cells.
//!
//! In: a contract and the cells of a page, in canonical form (`2026-03-01`, `2026-03-01 09:00`, `true`, `a;b`). Out: a batch
//! whose types are the contract's. Never here: the many ways in which offices write; ingest's own tests cover those.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanBuilder, Date32Builder, Decimal128Builder, Int64Builder, ListBuilder, RecordBatch, StringBuilder,
    TimestampMicrosecondBuilder,
};
use arrow::datatypes::DataType;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use jiff::civil::{Date, DateTime};
use kaohe::calendar::{DAY_MICROSECONDS, shanghai_day, start_of_day};
use kaohe::ingest::arrow_schema;
use kaohe::library::contract::{Column, ColumnType, TableContract};
use kaohe::terms::{date_from_epoch_days, epoch_days};

use super::{Grid, unknown};

/// Columns that loading adds.
const LOADED: [&str; 3] = ["source_file", "source_line", "batch_id"];

/// The grid as a batch; omitted columns are NULL, the contract's default, or filled from `first_of`.
pub fn typed(contract: &TableContract, grid: &Grid) -> Result<RecordBatch, String> {
    for (index, heading) in grid.headings.iter().enumerate() {
        match contract.column(heading) {
            Some(column) => check_codes(contract, column, grid, index)?,
            None if LOADED.contains(&heading.as_str()) => {}
            None => {
                let known = contract.columns.iter().map(|column| column.name.as_str()).chain(LOADED);
                return Err(unknown(grid.line, format!("`{}` has no column `{heading}`", contract.name), heading, known));
            }
        }
    }
    let schema = arrow_schema(contract);
    let mut columns: Vec<ArrayRef> = Vec::new();
    for field in schema.fields() {
        let cells: Vec<Option<String>> = (0..grid.rows.len()).map(|row| cell(contract, grid, field.name(), row)).collect();
        let wrong = |error| format!("line {}: `{}`.`{}`: {error}", grid.line, contract.name, field.name());
        columns.push(array(field.data_type(), &cells).map_err(wrong)?);
    }
    RecordBatch::try_new(schema, columns).map_err(|error| error.to_string())
}

/// Every code is one of the contract: no other reaches the lake, whatever an office writes, and a slip of the pen would count nowhere.
fn check_codes(contract: &TableContract, column: &Column, grid: &Grid, index: usize) -> Result<(), String> {
    let is_known = |code: &str| column.codes.iter().any(|(known, _)| known == code);
    for (row, line) in grid.rows.iter().zip(&grid.lines).filter(|_| !column.codes.is_empty()) {
        let parts = if column.kind == ColumnType::List { row[index].split(';').collect() } else { vec![row[index].as_str()] };
        if let Some(wrong) = parts.into_iter().find(|part| !part.is_empty() && !is_known(part)) {
            let says = format!("`{}.{}` has no code `{wrong}`", contract.name, column.name);
            return Err(unknown(*line, says, wrong, column.codes.iter().map(|(code, _)| code.as_str())));
        }
    }
    Ok(())
}

fn cell(contract: &TableContract, grid: &Grid, name: &str, row: usize) -> Option<String> {
    let written = |name: &str| {
        let index = grid.headings.iter().position(|heading| heading == name)?;
        grid.rows[row].get(index).filter(|cell| !cell.is_empty()).cloned()
    };
    let Some(column) = contract.column(name) else {
        return written(name).or_else(|| match name {
            "source_line" => Some((row + 2).to_string()),
            "source_file" => Some(contract.name.clone()),
            _ => None,
        });
    };
    let filled = || {
        column.first_of.iter().find_map(|source| {
            let text = written(source)?;
            let is_instant = contract.column(source).is_some_and(|source| source.kind == ColumnType::Instant);
            if is_instant && column.kind == ColumnType::Date { text.get(..10).map(str::to_owned) } else { Some(text) }
        })
    };
    written(name).or_else(filled).or_else(|| column.default.clone())
}

fn array(kind: &DataType, cells: &[Option<String>]) -> Result<ArrayRef, String> {
    let wrong = |text: &str, what: &str| format!("`{text}` is not {what}");
    macro_rules! build {
        ($builder:expr, $parse:expr) => {{
            let mut builder = $builder;
            for text in cells {
                match text {
                    None => builder.append_null(),
                    Some(text) => builder.append_value($parse(text.as_str())?),
                }
            }
            Arc::new(builder.finish()) as ArrayRef
        }};
    }
    Ok(match kind {
        DataType::Utf8 => build!(StringBuilder::new(), |text: &str| Ok::<_, String>(text.to_owned())),
        DataType::Int64 => build!(Int64Builder::new(), |text: &str| text.parse::<i64>().map_err(|_| wrong(text, "a whole number"))),
        DataType::Boolean => build!(BooleanBuilder::new(), |text: &str| text.parse::<bool>().map_err(|_| wrong(text, "true or false"))),
        DataType::Date32 => {
            build!(Date32Builder::new(), |text: &str| text.parse::<Date>().map(epoch_days).map_err(|_| wrong(text, "a date")))
        }
        DataType::Timestamp(..) => build!(TimestampMicrosecondBuilder::new().with_timezone("UTC"), instant),
        DataType::Decimal128(..) => {
            build!(Decimal128Builder::new().with_precision_and_scale(18, 2).map_err(|error| error.to_string())?, |text: &str| {
                let amount: rust_decimal::Decimal = text.parse().map_err(|_| wrong(text, "a decimal"))?;
                let mut scaled = amount;
                scaled.rescale(2);
                Ok::<_, String>(scaled.mantissa())
            })
        }
        DataType::List(_) => {
            let mut builder = ListBuilder::new(StringBuilder::new());
            for text in cells {
                match text {
                    None => builder.append_null(),
                    Some(text) => {
                        text.split(';').filter(|part| !part.is_empty()).for_each(|part| builder.values().append_value(part));
                        builder.append(true);
                    }
                }
            }
            Arc::new(builder.finish())
        }
        other => return Err(format!("no test cell has the type {other}")),
    })
}

fn instant(text: &str) -> Result<i64, String> {
    let wrong = || format!("`{text}` is not an instant like 2026-03-01 09:00");
    let (date, time) = text.split_once([' ', 'T']).unwrap_or((text, "00:00"));
    let moment: DateTime = format!("{date}T{time}").parse().map_err(|_| wrong())?;
    let seconds = i64::from(moment.hour()) * 3600 + i64::from(moment.minute()) * 60 + i64::from(moment.second());
    Ok(start_of_day(epoch_days(moment.date())) + seconds * 1_000_000)
}

/// Rows of batches as cells: dates as dates, instants in Shanghai time, NULL as an empty cell.
pub fn cells(batches: &[RecordBatch]) -> Result<Vec<Vec<String>>, String> {
    let mut rows = Vec::new();
    for batch in batches {
        for row in 0..batch.num_rows() {
            rows.push(batch.columns().iter().map(|column| shown(column, row)).collect::<Result<_, _>>()?);
        }
    }
    Ok(rows)
}

fn shown(column: &ArrayRef, row: usize) -> Result<String, String> {
    if column.is_null(row) {
        return Ok(String::new());
    }
    if let Some(instants) = column.as_any().downcast_ref::<arrow::array::TimestampMicrosecondArray>() {
        let at = instants.value(row);
        let day = shanghai_day(at);
        let date = date_from_epoch_days(day).ok_or("an instant out of range")?;
        let minutes = (at - start_of_day(day)).rem_euclid(DAY_MICROSECONDS) / 60_000_000;
        return Ok(format!("{date} {:02}:{:02}", minutes / 60, minutes % 60));
    }
    let formatter = ArrayFormatter::try_new(column, &FormatOptions::default()).map_err(|error| error.to_string())?;
    Ok(formatter.value(row).to_string())
}
