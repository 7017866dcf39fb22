//! Rows as JSON, one object a line.
//!
//! In: batches. Out: objects whose keys are the columns in their order; numbers with every digit, instants in Shanghai time
//! with their offset, NULL as null. Never here: an array around the rows, since a reader may stop anywhere.

use std::io::Write;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::DataType;

use crate::error::{Context, Kind, Result};
use crate::report::cells::{Cells, Style};

/// One line a row.
pub(super) fn write(batch: &RecordBatch, out: &mut dyn Write) -> Result<()> {
    let names: Vec<String> = batch.schema().fields().iter().map(|field| text(field.name())).collect();
    let columns = batch.columns().iter().map(Values::new).collect::<Result<Vec<_>>>()?;
    let mut line = String::new();
    for row in 0..batch.num_rows() {
        line.clear();
        for (index, values) in columns.iter().enumerate() {
            line.push(if index == 0 { '{' } else { ',' });
            line.push_str(&names[index]);
            line.push(':');
            values.append(row, &mut line)?;
        }
        line.push_str(if columns.is_empty() { "{}\n" } else { "}\n" });
        out.write_all(line.as_bytes()).context(Kind::Environment, || "writing rows")?;
    }
    Ok(())
}

struct Values<'a> {
    array: &'a ArrayRef,
    cells: Cells<'a>,
}

impl<'a> Values<'a> {
    fn new(array: &'a ArrayRef) -> Result<Self> {
        Ok(Self { array, cells: Cells::new(array, Style::Machine)? })
    }

    fn append(&self, row: usize, line: &mut String) -> Result<()> {
        let kind = self.array.data_type();
        if let (DataType::List(_), false) = (kind, self.array.is_null(row)) {
            let items = self.array.as_list::<i32>().value(row);
            let values = Values::new(&items)?;
            line.push('[');
            for item in 0..items.len() {
                if item > 0 {
                    line.push(',');
                }
                values.append(item, line)?;
            }
            line.push(']');
            return Ok(());
        }
        match self.cells.text(row)? {
            None => line.push_str("null"),
            // JSON has no words for these.
            Some(word) if kind.is_floating() && matches!(word.as_str(), "NaN" | "inf" | "-inf") => line.push_str("null"),
            Some(plain) if kind.is_numeric() || *kind == DataType::Boolean => line.push_str(&plain),
            Some(other) => line.push_str(&text(&other)),
        }
        Ok(())
    }
}

fn text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
