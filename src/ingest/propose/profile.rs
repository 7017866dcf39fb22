//! What the values of one column of a file are.
//!
//! In: the sampled texts under one header. Out: counts of what they can be read as, labels where there are few. Never here: contracts,
//! a decision.

use std::collections::{BTreeMap, BTreeSet};

use crate::ingest::{dates, typing};
use crate::library::contract::{ColumnType, normalise_header};
use crate::terms::{Month, counted, date_from_epoch_days, is_credit_code};

/// More different texts than this are no labels.
const MOST_LABELS: usize = 60;
/// A longer text is no label.
const LONGEST_LABEL: usize = 24;
/// Of fewer values it is no wonder that none stands twice.
const FEW: u64 = 5;

/// Ids that are known before the file is read.
#[derive(Debug, Default)]
pub(super) struct KnownIds {
    /// `regions.region_code`.
    pub regions: BTreeSet<String>,
    /// `units.unit_id`.
    pub units: BTreeSet<String>,
}

/// Counts of the values under one header; every count but `empty` is of cells that hold something.
#[derive(Debug, Clone, Default)]
pub(super) struct Profile {
    pub empty: u64,
    pub filled: u64,
    pub distinct: u64,
    /// Read as a date that is written as one; of them, those with a time of day.
    pub dates: u64,
    pub with_time: u64,
    /// Five or six digits that a spreadsheet may have meant as a date.
    pub serials: u64,
    /// `12/29/04`, `29.12.2004`, `108/12/09`: a day, but nobody can tell which.
    pub unclear_dates: u64,
    pub integers: u64,
    pub decimals: u64,
    pub booleans: u64,
    pub credit_codes: u64,
    pub regions: u64,
    pub units: u64,
    /// Days between which the dates lie.
    pub days: Option<(i32, i32)>,
    /// Numbers between which they lie, where all are whole.
    pub range: Option<(i64, i64)>,
    /// Each text with its count where there are few and short ones, in the order of texts.
    pub labels: Option<Vec<(String, u64)>>,
}

impl Profile {
    pub fn of<'t>(texts: impl Iterator<Item = &'t str>, known: &KnownIds) -> Self {
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        let mut profile = Self::default();
        for text in texts {
            if typing::is_nothing(text, ColumnType::Date) {
                profile.empty += 1;
            } else {
                *counts.entry(text.trim()).or_default() += 1;
            }
        }
        profile.distinct = counts.len() as u64;
        counts.iter().for_each(|(text, count)| profile.count(text, *count, known));
        let are_labels = counts.len() <= MOST_LABELS && counts.keys().all(|text| text.chars().count() <= LONGEST_LABEL);
        profile.labels = are_labels.then(|| counts.into_iter().map(|(text, count)| (text.to_owned(), count)).collect());
        profile
    }

    fn count(&mut self, text: &str, count: u64, known: &KnownIds) {
        self.filled += count;
        let is_serial =
            text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') && text.split('.').next().is_some_and(|w| w.len() < 8);
        match typing::read_date(text, false) {
            Ok(_) if is_serial => self.serials += count,
            Ok(day) => {
                self.dates += count;
                let (first, last) = self.days.unwrap_or((day, day));
                self.days = Some((first.min(day), last.max(day)));
                let midnight = crate::calendar::start_of_day(day);
                self.with_time += if typing::read_instant(text, false).is_ok_and(|at| at != midnight) { count } else { 0 };
            }
            Err(_) if dates::is_unclear(&typing::unify(text)) => self.unclear_dates += count,
            Err(_) => {}
        }
        if let Ok(number) = typing::read_integer(text) {
            self.integers += count;
            let (least, most) = self.range.unwrap_or((number, number));
            self.range = Some((least.min(number), most.max(number)));
        }
        self.decimals += if typing::read_decimal(text, 1).is_ok() { count } else { 0 };
        self.booleans += if typing::read_boolean(text).is_ok() { count } else { 0 };
        let unified = typing::unify(text);
        self.credit_codes += if is_credit_code(&unified) { count } else { 0 };
        self.regions += if known.regions.contains(&*unified) { count } else { 0 };
        self.units += if known.units.contains(&*unified) { count } else { 0 };
    }

    /// Share of the filled cells.
    pub fn share(&self, count: u64) -> f64 {
        if self.filled == 0 { 0.0 } else { count as f64 / self.filled as f64 }
    }

    /// Whether every row has a value and none stands twice.
    pub fn is_unique(&self) -> bool {
        self.empty == 0 && self.distinct == self.filled && self.filled >= FEW
    }

    /// How many cells read as the type, and what they are then called; texts and lists read always.
    pub fn read_as(&self, kind: ColumnType) -> (u64, &'static str) {
        match kind {
            ColumnType::Date => (self.dates + self.serials, "dates"),
            ColumnType::Instant => (self.dates + self.serials, "times"),
            ColumnType::Integer => (self.integers, "whole numbers"),
            ColumnType::Decimal => (self.decimals, "numbers"),
            ColumnType::Boolean => (self.booleans, "yes or no"),
            ColumnType::Text | ColumnType::List => (self.filled, "texts"),
        }
    }

    /// What the column holds, without showing any value of it.
    pub fn says(&self) -> String {
        let most = |count: u64| self.share(count) > 0.9;
        let blank = if self.empty > 0 && self.filled > 0 {
            format!(", {} of {} empty", self.empty, self.empty + self.filled)
        } else {
            String::new()
        };
        let what = if self.filled == 0 {
            "no value in any row".to_owned()
        } else if most(self.dates) {
            self.span().map_or_else(|| "dates".to_owned(), |span| format!("dates {span}"))
        } else if most(self.unclear_dates) {
            "dates of which nobody can tell the day from the month, or the calendar".to_owned()
        } else if most(self.booleans) && self.distinct <= 2 {
            "yes or no".to_owned()
        } else if most(self.integers) {
            format!("whole numbers, {}", counted(self.distinct as usize, "distinct value"))
        } else if most(self.decimals) {
            format!("numbers, {}", counted(self.distinct as usize, "distinct value"))
        } else {
            format!("text, {}", counted(self.distinct as usize, "distinct value"))
        };
        format!("{what}{blank}")
    }

    /// The months between which the dates lie: of few dates nothing, since a span of one day is that day.
    fn span(&self) -> Option<String> {
        let (first, last) = self.days.filter(|_| self.distinct >= 5)?;
        let month = |day| date_from_epoch_days(day).map(Month::of);
        Some(format!("{} to {}", month(first)?, month(last)?))
    }
}

/// Labels as a code list compares them.
pub(super) fn normalised(labels: &[(String, u64)]) -> Vec<(String, u64)> {
    labels.iter().map(|(label, count)| (normalise_header(label), *count)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(texts: &[&str]) -> String {
        Profile::of(texts.iter().copied(), &KnownIds::default()).says()
    }

    #[test]
    fn a_column_is_described_without_its_values() {
        assert_eq!(says(&["张三", "李四", "张三", ""]), "text, 2 distinct values, 1 of 4 empty");
        assert_eq!(says(&["2026-01-05", "2026/2/1", "20260303", "2026年4月1日", "2026-05-06"]), "dates 2026-01 to 2026-05");
        assert_eq!(says(&["1987-03-02"]), "dates", "the span of one birthday is the birthday");
        assert_eq!(says(&["12/29/04", "1/2/05"]), "dates of which nobody can tell the day from the month, or the calendar");
        assert_eq!(says(&["94109", "94110"]), "whole numbers, 2 distinct values");
        assert_eq!(says(&["是", "否"]), "yes or no");
        assert_eq!(says(&["", "-"]), "no value in any row");
    }

    #[test]
    fn five_digits_are_a_number_before_they_are_a_date_of_a_spreadsheet() {
        let profile = Profile::of(["94109", "94110"].into_iter(), &KnownIds::default());
        assert_eq!((profile.dates, profile.serials, profile.integers), (0, 2, 2));
    }
}
