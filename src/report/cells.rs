//! One cell as text.
//!
//! In: a column of a result. Out: text, for people or for machines; instants in
//! Asia/Shanghai, numbers exactly. Never here: widths, quotation, NULL's look.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, TimestampMicrosecondType};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use jiff::civil::DateTime;

use crate::calendar::SHANGHAI_OFFSET_MICROSECONDS;
use crate::error::{Context, Kind, Result};

/// Whom the text is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// `2026-03-02 09:00:00`
    People,
    /// `2026-03-02T09:00:00+08:00`
    Machine,
}

/// The cells of one column.
pub struct Cells<'a> {
    array: &'a ArrayRef,
    form: Form<'a>,
    style: Style,
}

enum Form<'a> {
    Instant,
    Text,
    /// Items joined by `;`, as loading splits them again.
    List,
    Other(ArrayFormatter<'a>),
}

const PEOPLE: FormatOptions<'static> = FormatOptions::new().with_timestamp_format(Some("%Y-%m-%d %H:%M:%S%.f"));
const MACHINE: FormatOptions<'static> = FormatOptions::new();

impl<'a> Cells<'a> {
    /// The cells of a column, in a style.
    ///
    /// # Errors
    /// A type that has no text.
    pub fn new(array: &'a ArrayRef, style: Style) -> Result<Self> {
        let options: &'static FormatOptions<'static> = if style == Style::People { &PEOPLE } else { &MACHINE };
        let form = match array.data_type() {
            DataType::Timestamp(_, Some(_)) => Form::Instant,
            DataType::Utf8 => Form::Text,
            DataType::List(item) if *item.data_type() == DataType::Utf8 => Form::List,
            _ => Form::Other(ArrayFormatter::try_new(array.as_ref(), options).context(Kind::Bug, || "writing a column as text")?),
        };
        Ok(Self { array, form, style })
    }

    /// The cell's text; `None` is NULL.
    ///
    /// # Errors
    /// A cell that can't be written as text.
    pub fn text(&self, row: usize) -> Result<Option<String>> {
        if self.array.is_null(row) {
            return Ok(None);
        }
        Ok(Some(match &self.form {
            Form::Instant => instant_text(self.array.as_primitive::<TimestampMicrosecondType>().value(row), self.style),
            Form::Text => self.array.as_string::<i32>().value(row).to_owned(),
            Form::List => {
                let items = self.array.as_list::<i32>().value(row);
                items.as_string::<i32>().iter().map(|item| item.unwrap_or("")).collect::<Vec<_>>().join(";")
            }
            Form::Other(formatter) => {
                let text = formatter.value(row).try_to_string().context(Kind::Query, || "writing a value as text")?;
                if self.style == Style::People { shortened(text, self.array.data_type()) } else { text }
            }
        }))
    }
}

/// The civil time in Shanghai; `None` outside the calendar.
pub fn shanghai(microseconds: i64) -> Option<DateTime> {
    let shifted = jiff::Timestamp::from_microsecond(microseconds.checked_add(SHANGHAI_OFFSET_MICROSECONDS)?).ok()?;
    Some(jiff::tz::TimeZone::UTC.to_datetime(shifted))
}

fn instant_text(microseconds: i64, style: Style) -> String {
    match (shanghai(microseconds), style) {
        (Some(time), Style::People) => time.to_string().replace('T', " "),
        (Some(time), Style::Machine) => format!("{time}+08:00"),
        (None, _) => format!("{microseconds} microseconds"),
    }
}

/// Decimals with many places, such as scores, without the noughts at their end; amounts of money keep their two.
fn shortened(text: String, kind: &DataType) -> String {
    match kind {
        DataType::Decimal128(_, 5..) | DataType::Decimal256(_, 5..) => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        _ => text,
    }
}

/// Whether numbers stand in the column, which people compare by their last digit.
pub fn is_number(kind: &DataType) -> bool {
    kind.is_numeric()
}
