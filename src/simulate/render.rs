//! Rows as an office writes them: Chinese headings and labels, dates in the office's own style.
//!
//! In: record batches and a contract. Out: rows of texts. Never here: files, errors that offices make (see `dirt`).

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Date32Type, Decimal128Type, Int64Type, TimestampMicrosecondType};

use crate::calendar::{SHANGHAI_OFFSET_MICROSECONDS, shanghai_day};
use crate::library::contract::{Column, ColumnType, TableContract};
use crate::terms::date_from_epoch_days;

/// How one office writes dates, truth and lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// `2026-03-02`, 是, `;`
    Plain,
    /// `2026/3/2`, Y, `、`
    Slashes,
    /// `2026年3月2日`, 是, `，`
    Chinese,
    /// `20260302`, 1, `;`
    Digits,
}

impl Style {
    /// The style of the `nth` office.
    pub fn of(nth: usize) -> Self {
        [Self::Plain, Self::Chinese, Self::Slashes, Self::Digits][nth % 4]
    }

    fn date(self, day: i32) -> String {
        let Some(date) = date_from_epoch_days(day) else { return String::new() };
        let (year, month, day) = (date.year(), date.month(), date.day());
        match self {
            Self::Plain => format!("{year}-{month:02}-{day:02}"),
            Self::Slashes => format!("{year}/{month}/{day}"),
            Self::Chinese => format!("{year}年{month}月{day}日"),
            Self::Digits => format!("{year}{month:02}{day:02}"),
        }
    }

    fn instant(self, instant: i64) -> String {
        let second = (instant + SHANGHAI_OFFSET_MICROSECONDS).div_euclid(1_000_000).rem_euclid(86_400);
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        let day = shanghai_day(instant);
        match self {
            Self::Plain | Self::Digits => format!("{} {hour:02}:{minute:02}:{second:02}", Self::Plain.date(day)),
            Self::Slashes => format!("{} {hour}:{minute:02}:{second:02}", self.date(day)),
            Self::Chinese => format!("{} {hour:02}:{minute:02}:{second:02}", self.date(day)),
        }
    }

    fn truth(self, value: bool) -> &'static str {
        match (self, value) {
            (Self::Plain | Self::Chinese, true) => "是",
            (Self::Plain | Self::Chinese, false) => "否",
            (Self::Slashes, true) => "Y",
            (Self::Slashes, false) => "N",
            (Self::Digits, true) => "1",
            (Self::Digits, false) => "0",
        }
    }

    fn separator(self) -> &'static str {
        match self {
            Self::Plain | Self::Digits => ";",
            Self::Slashes => "、",
            Self::Chinese => "，",
        }
    }
}

/// The columns that an office sends, with their headings.
pub(super) struct Layout {
    /// Column index in the batch, column, heading.
    pub columns: Vec<(usize, Column, String)>,
}

impl Layout {
    /// The columns that hold anything in the batches, under Chinese headings where the contract has them.
    pub fn of(contract: &TableContract, batches: &[RecordBatch], style: Style) -> Self {
        // The loader fills such a column by itself, and no office has a heading for it.
        let own = |index: &usize| !contract.columns[*index].first_of.is_empty() && contract.columns[*index].aliases.is_empty();
        let used = |index: &usize| !own(index) && batches.iter().any(|batch| batch.column(*index).null_count() < batch.num_rows());
        let columns = (0..contract.columns.len()).filter(used).map(|index| {
            let column = contract.columns[index].clone();
            let heading = heading(&column, style);
            (index, column, heading)
        });
        Self { columns: columns.collect() }
    }

    /// The headings.
    pub fn headings(&self) -> Vec<String> {
        self.columns.iter().map(|(_, _, heading)| heading.clone()).collect()
    }

    /// The place of a column among those sent.
    pub fn place(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|(_, column, _)| column.name == name)
    }

    /// One row as texts; empty where there is no value.
    pub fn row(&self, batch: &RecordBatch, row: usize, style: Style) -> Vec<String> {
        self.columns.iter().map(|(index, column, _)| cell(batch.column(*index).as_ref(), column, row, style)).collect()
    }
}

/// A heading in Chinese: the first, or for offices of another style the second, if there is one.
fn heading(column: &Column, style: Style) -> String {
    let chinese: Vec<&String> = column.aliases.iter().filter(|alias| !alias.is_ascii()).collect();
    let wanted = usize::from(matches!(style, Style::Chinese | Style::Slashes));
    chinese.get(wanted).or(chinese.first()).copied().unwrap_or(&column.name).clone()
}

fn cell(array: &dyn Array, column: &Column, row: usize, style: Style) -> String {
    if array.is_null(row) {
        return String::new();
    }
    match column.kind {
        ColumnType::Text => label(column, array.as_string::<i32>().value(row)),
        ColumnType::Date => style.date(array.as_primitive::<Date32Type>().value(row)),
        ColumnType::Instant => style.instant(array.as_primitive::<TimestampMicrosecondType>().value(row)),
        ColumnType::Integer => array.as_primitive::<Int64Type>().value(row).to_string(),
        ColumnType::Decimal => {
            let cents = array.as_primitive::<Decimal128Type>().value(row);
            let sign = if cents < 0 { "-" } else { "" };
            let (whole, part) = (cents.abs() / 100, cents.abs() % 100);
            if part == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{part:02}") }
        }
        ColumnType::Boolean => style.truth(array.as_boolean().value(row)).to_owned(),
        ColumnType::List => {
            let items = array.as_list::<i32>().value(row);
            let items = items.as_string::<i32>();
            let items: Vec<String> = (0..items.len()).map(|item| label(column, items.value(item))).collect();
            items.join(style.separator())
        }
    }
}

/// The first label of a code; the text itself where the column is free.
fn label(column: &Column, code: &str) -> String {
    let labels = column.codes.iter().find(|(known, _)| known == code).map(|(_, labels)| labels);
    labels.and_then(|labels| labels.first()).map_or_else(|| code.to_owned(), Clone::clone)
}
