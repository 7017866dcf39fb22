//! Rows as CSV.
//!
//! In: batches. Out: RFC 4180 text in UTF-8 without byte-order mark, lines ended by LF; NULL is nothing, an empty text is
//! `""`. Never here: escapes for spreadsheets, which would change values; that is what xlsx is for.

use std::io::Write;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use crate::error::{Context, Kind, Result};
use crate::report::cells::{Cells, Style};

/// The line of column names.
pub(super) fn write_header(schema: &SchemaRef, out: &mut dyn Write) -> Result<()> {
    let names: Vec<String> = schema.fields().iter().map(|field| quoted(field.name())).collect();
    writeln!(out, "{}", names.join(",")).context(Kind::Environment, || "writing rows")
}

/// One line a row.
pub(super) fn write(batch: &RecordBatch, out: &mut dyn Write) -> Result<()> {
    let columns = batch.columns().iter().map(|column| Cells::new(column, Style::Machine)).collect::<Result<Vec<_>>>()?;
    let mut line = String::new();
    for row in 0..batch.num_rows() {
        line.clear();
        for (index, cells) in columns.iter().enumerate() {
            if index > 0 {
                line.push(',');
            }
            if let Some(text) = cells.text(row)? {
                line.push_str(&quoted(&text));
            }
        }
        line.push('\n');
        out.write_all(line.as_bytes()).context(Kind::Environment, || "writing rows")?;
    }
    Ok(())
}

fn quoted(text: &str) -> String {
    let needs = text.is_empty() || text.contains(['"', ',', '\n', '\r']) || text.starts_with(' ') || text.ends_with(' ');
    if needs { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}
