//! Rows as a table for people.
//!
//! In: cell texts. Out: lines whose columns stand under each other on a terminal, Chinese included. Never here: a cap on rows
//! or on the width of a cell; what is shown is whole.
//!
//! The lines are ASCII: terminals that are set to Chinese draw `│` and `─` two columns wide.

use std::io::{self, Write};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use unicode_width::UnicodeWidthStr;

use crate::diagnostics::is_harmful;
use crate::error::Result;
use crate::report::cells::{Cells, Style, is_number};

/// Rows as texts.
#[derive(Debug, Default)]
pub struct Grid {
    headers: Vec<String>,
    is_right: Vec<bool>,
    widths: Vec<usize>,
    rows: Vec<Vec<String>>,
}

impl Grid {
    pub fn new(schema: &SchemaRef) -> Self {
        let headers: Vec<String> = schema.fields().iter().map(|field| visible(field.name())).collect();
        Self {
            widths: headers.iter().map(|header| header.width()).collect(),
            is_right: schema.fields().iter().map(|field| is_number(field.data_type())).collect(),
            headers,
            rows: Vec::new(),
        }
    }

    /// A grid of texts, for what kaohe says about tables itself.
    pub fn of_texts(headers: &[&str], rows: Vec<Vec<String>>) -> Self {
        let headers: Vec<String> = headers.iter().map(|header| (*header).to_owned()).collect();
        let mut grid = Self {
            widths: headers.iter().map(|header| header.width()).collect(),
            is_right: vec![false; headers.len()],
            headers,
            rows: Vec::new(),
        };
        rows.into_iter().for_each(|row| grid.push(row));
        grid
    }

    fn push(&mut self, row: Vec<String>) {
        for (width, cell) in self.widths.iter_mut().zip(&row) {
            *width = (*width).max(cell.width());
        }
        self.rows.push(row);
    }

    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// Adds the rows of a batch, at most `room` of them.
    pub fn add(&mut self, batch: &RecordBatch, room: usize) -> Result<()> {
        let columns = batch.columns().iter().map(|column| Cells::new(column, Style::People)).collect::<Result<Vec<_>>>()?;
        for row in 0..batch.num_rows().min(room) {
            let cells = columns.iter().map(|cells| Ok(cells.text(row)?.map_or_else(|| "NULL".to_owned(), |text| visible(&text))));
            let cells = cells.collect::<Result<Vec<_>>>()?;
            self.push(cells);
        }
        Ok(())
    }

    /// One line a row.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.headers.is_empty() {
            return Ok(());
        }
        self.write_line(out, &self.headers, &vec![false; self.headers.len()])?;
        let rule: Vec<String> = self.widths.iter().map(|width| "-".repeat(width + 2)).collect();
        writeln!(out, "{}", rule.join("+"))?;
        self.rows.iter().try_for_each(|row| self.write_line(out, row, &self.is_right))
    }

    fn write_line(&self, out: &mut dyn Write, cells: &[String], is_right: &[bool]) -> io::Result<()> {
        let mut line = String::new();
        for (index, cell) in cells.iter().enumerate() {
            let padding = " ".repeat(self.widths[index] - cell.width());
            line.push_str(if index == 0 { " " } else { " | " });
            if is_right[index] {
                line.push_str(&padding);
                line.push_str(cell);
            } else {
                line.push_str(cell);
                line.push_str(&padding);
            }
        }
        writeln!(out, "{}", line.trim_end())
    }

    /// One line a cell, for rows wider than a terminal.
    pub fn write_upright(&self, out: &mut dyn Write) -> io::Result<()> {
        let width = self.headers.iter().map(|header| header.width()).max().unwrap_or(0);
        for (index, row) in self.rows.iter().enumerate() {
            writeln!(out, "-- {} {}", index + 1, "-".repeat(width))?;
            for (header, cell) in self.headers.iter().zip(row) {
                writeln!(out, " {header}{} | {cell}", " ".repeat(width - header.width()))?;
            }
        }
        Ok(())
    }
}

/// The text on one line: control characters, and those that turn the direction of writing, are shown as escapes.
fn visible(text: &str) -> String {
    if !text.contains(is_harmful) {
        return text.to_owned();
    }
    text.chars().map(|c| if is_harmful(c) { c.escape_default().to_string() } else { c.to_string() }).collect()
}
