//! A table built column by column from sorted rows.
//!
//! In: rows and, for each column, what it takes from a row. Out: a [`ResultTable`]. Never here: a value that does not fit its
//! column; a number with more places than an exact column holds is an error, not a rounding.

use std::slice;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, StringArray};
use arrow::datatypes::{Field, Schema};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use jiff::civil::Date;
use rust_decimal::{Decimal, RoundingStrategy};

use super::ResultTable;
use crate::error::{Context, Error, Kind, Result};
use crate::terms::epoch_days;

/// Places of counts and amounts: exact.
const AMOUNT_PLACES: u32 = 4;

/// Places of quotients and of points after weight has moved: half up.
const SHARE_PLACES: u32 = 12;

/// Digits of every decimal column.
const DIGITS: u8 = 38;

/// A table under construction over `rows`, which stand in their declared order; every column goes through them once.
pub struct Columns<I> {
    name: &'static str,
    sorted_by: &'static [&'static str],
    rows: I,
    fields: Vec<Field>,
    arrays: Vec<ArrayRef>,
    failed: Option<Error>,
}

impl<'r, R> Columns<slice::Iter<'r, R>> {
    /// Begins a table.
    pub fn of(name: &'static str, sorted_by: &'static [&'static str], rows: &'r [R]) -> Self {
        Self::over(name, sorted_by, rows.iter())
    }
}

impl<I: Iterator + Clone> Columns<I> {
    /// Begins a table over rows that stand nowhere as such.
    pub fn over(name: &'static str, sorted_by: &'static [&'static str], rows: I) -> Self {
        Self { name, sorted_by, rows, fields: Vec::new(), arrays: Vec::new(), failed: None }
    }

    fn push(mut self, name: &str, nullable: bool, array: ArrayRef) -> Self {
        self.fields.push(Field::new(name, array.data_type().clone(), nullable));
        self.arrays.push(array);
        self
    }

    /// Words.
    pub fn text<'t>(self, name: &str, of: impl Fn(I::Item) -> &'t str) -> Self
    where
        I::Item: 't,
    {
        let array = StringArray::from_iter(self.rows.clone().map(|row| Some(of(row))));
        self.push(name, false, Arc::new(array))
    }

    /// Words, or none.
    pub fn text_or_null<'t>(self, name: &str, of: impl Fn(I::Item) -> Option<&'t str>) -> Self
    where
        I::Item: 't,
    {
        let array = StringArray::from_iter(self.rows.clone().map(of));
        self.push(name, true, Arc::new(array))
    }

    /// Yes or no.
    pub fn flag(self, name: &str, of: impl Fn(I::Item) -> bool) -> Self {
        let array = BooleanArray::from_iter(self.rows.clone().map(|row| Some(of(row))));
        self.push(name, false, Arc::new(array))
    }

    /// Yes, no, or not known.
    pub fn flag_or_null(self, name: &str, of: impl Fn(I::Item) -> Option<bool>) -> Self {
        let array = BooleanArray::from_iter(self.rows.clone().map(of));
        self.push(name, true, Arc::new(array))
    }

    /// A whole number.
    pub fn count(self, name: &str, of: impl Fn(I::Item) -> i64) -> Self {
        let array = Int64Array::from_iter_values(self.rows.clone().map(of));
        self.push(name, false, Arc::new(array))
    }

    /// A whole number that a file or a collection counted.
    pub fn size(mut self, name: &str, of: impl Fn(I::Item) -> u64) -> Self {
        let sizes: std::result::Result<Vec<i64>, _> = self.rows.clone().map(|row| i64::try_from(of(row))).collect();
        match sizes {
            Ok(sizes) => self.push(name, false, Arc::new(Int64Array::from(sizes))),
            Err(refused) => {
                self.fail(name, &refused.to_string());
                self
            }
        }
    }

    /// A whole number, or none.
    pub fn count_or_null(self, name: &str, of: impl Fn(I::Item) -> Option<i64>) -> Self {
        let array = Int64Array::from_iter(self.rows.clone().map(of));
        self.push(name, true, Arc::new(array))
    }

    /// A count of rows or bytes, where there is one.
    pub fn size_or_null(self, name: &str, of: impl Fn(I::Item) -> Option<u64>) -> Self {
        self.count_or_null(name, |row| of(row).map(|size| i64::try_from(size).unwrap_or(i64::MAX)))
    }

    /// A probability or an effect: the only floating column.
    pub fn real_or_null(self, name: &str, of: impl Fn(I::Item) -> Option<f64>) -> Self {
        let array = Float64Array::from_iter(self.rows.clone().map(of));
        self.push(name, true, Arc::new(array))
    }

    /// A date.
    pub fn date(self, name: &str, of: impl Fn(I::Item) -> Date) -> Self {
        let array = Date32Array::from_iter_values(self.rows.clone().map(|row| epoch_days(of(row))));
        self.push(name, false, Arc::new(array))
    }

    /// A date, or none.
    pub fn date_or_null(self, name: &str, of: impl Fn(I::Item) -> Option<Date>) -> Self {
        let array = Date32Array::from_iter(self.rows.clone().map(|row| of(row).map(epoch_days)));
        self.push(name, true, Arc::new(array))
    }

    /// An exact number that is scaled by 10 000 already, or none.
    pub fn scaled_or_null(self, name: &str, of: impl Fn(I::Item) -> Option<i128>) -> Self {
        let numbers: Vec<Option<i128>> = self.rows.clone().map(of).collect();
        self.decimal(name, AMOUNT_PLACES, numbers)
    }

    /// A quotient, points or a score: twelve places, half up.
    pub fn share_or_null(self, name: &str, of: impl Fn(I::Item) -> Option<Decimal>) -> Self {
        let numbers: Vec<Option<i128>> = self.rows.clone().map(|row| of(row).map(|number| at_scale(number, SHARE_PLACES))).collect();
        self.decimal(name, SHARE_PLACES, numbers)
    }

    fn decimal(mut self, name: &str, places: u32, numbers: Vec<Option<i128>>) -> Self {
        match Decimal128Array::from(numbers).with_precision_and_scale(DIGITS, places as i8) {
            Ok(array) => self.push(name, true, Arc::new(array)),
            Err(refused) => {
                self.fail(name, &refused.to_string());
                self
            }
        }
    }

    fn fail(&mut self, column: &str, why: &str) {
        let table = self.name;
        self.failed.get_or_insert_with(|| Error::new(Kind::Bug, why).while_doing(format!("result table `{table}`, column `{column}`")));
    }

    /// Ends the table; `rows_total` is what the input holds, counted apart from the rows.
    pub fn table(self, rows_total: usize) -> Result<ResultTable> {
        if let Some(failed) = self.failed {
            return Err(failed);
        }
        debug_assert!(self.sorted_by.iter().all(|key| self.fields.iter().any(|field| field.name() == key)));
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows.count()));
        let batch = RecordBatch::try_new_with_options(Arc::new(Schema::new(self.fields)), self.arrays, &options)
            .context(Kind::Bug, || format!("result table `{}`", self.name))?;
        Ok(ResultTable { name: self.name, sorted_by: self.sorted_by, batch, rows_total })
    }
}

/// `number` × 10^`places`, half up. Decimals hold 28 digits, so it fits 38 with twelve places of its own.
fn at_scale(number: Decimal, places: u32) -> i128 {
    let rounded = number.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero);
    rounded.mantissa() * 10_i128.pow(places - rounded.scale())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_keep_their_value_at_another_scale() {
        let dec = |text: &str| text.parse::<Decimal>().expect("a decimal");
        assert_eq!(at_scale(dec("83.2"), 4), 832_000);
        assert_eq!(at_scale(dec("-0.00005"), 4), -1);
        assert_eq!(at_scale(Decimal::ONE / Decimal::from(3), 12), 333_333_333_333);
        assert_eq!(at_scale(Decimal::MAX, 4), Decimal::MAX.mantissa() * 10_000);
    }
}
