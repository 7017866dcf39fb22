//! The words of the assessment as types: what identifies a unit, an indicator, a month, a run.
//!
//! In: text that people or files write. Out: small values that order, print and compare the same everywhere.
//! Never here: I/O, engines, policy. This module imports nothing from the project.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// Identifier of an indicator: `namespace.name`, which is also its path `namespace/name.sql`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IndicatorId(pub String);

/// Identifier of an assessed unit, as the source `units` gives it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnitId(pub String);

/// Identifier of one run of the nightly job: `20260630T010203-ab12`, sortable by start.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(pub String);

/// A count with its word in the plural where English wants it: `1 error`, `2 errors`.
pub fn counted(count: usize, word: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {word}{ending}")
}

macro_rules! text_identifier {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }
        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    )*};
}
text_identifier!(IndicatorId, UnitId, RunId);

/// A calendar month, `2026-03`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    /// Four-digit year.
    pub year: i16,
    /// 1 to 12.
    pub month: i8,
}

impl Month {
    /// The month in which `date` lies.
    pub fn of(date: Date) -> Self {
        Self { year: date.year(), month: date.month() }
    }

    /// Its first day.
    pub fn first_day(self) -> Date {
        jiff::civil::date(self.year, self.month, 1)
    }

    /// Its last day.
    pub fn last_day(self) -> Date {
        self.first_day().last_of_month()
    }

    /// The month after.
    pub fn next(self) -> Self {
        self.plus(1)
    }

    /// `months` later (earlier when negative).
    pub fn plus(self, months: i32) -> Self {
        let index = i32::from(self.year) * 12 + i32::from(self.month) - 1 + months;
        Self { year: index.div_euclid(12) as i16, month: (index.rem_euclid(12) + 1) as i8 }
    }

    /// How many months later the other is.
    pub fn months_to(self, later: Self) -> i32 {
        (i32::from(later.year) - i32::from(self.year)) * 12 + i32::from(later.month) - i32::from(self.month)
    }

    /// Days from 1970-01-01 to its first day: how Arrow's Date32 writes it.
    pub fn to_epoch_days(self) -> i32 {
        epoch_days(self.first_day())
    }
}

/// Codes of the domains of enforcement, as every contract's `domain` writes them.
pub const DOMAINS: [&str; 6] = ["market", "urban", "eco", "transport", "emergency", "other"];

/// Letters of a unified social credit code (GB 32100-2015), in the order of their values.
pub const CREDIT_CODE_LETTERS: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

/// The check character that follows the first seventeen of a unified social credit code (GB 32100-2015); `None` when one of them
/// is no letter of the code.
pub fn credit_code_check(first: &[u8]) -> Option<u8> {
    const WEIGHTS: [usize; 17] = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];
    let value = |byte: &u8| CREDIT_CODE_LETTERS.iter().position(|letter| letter == byte);
    let sum = first.iter().zip(WEIGHTS).map(|(byte, weight)| Some(value(byte)? * weight)).sum::<Option<usize>>()?;
    Some(CREDIT_CODE_LETTERS[(31 - sum % 31) % 31])
}

/// Whether a text is a unified social credit code: eighteen letters, the last being the check of the others.
pub fn is_credit_code(text: &str) -> bool {
    text.len() == 18 && text.as_bytes().split_last().is_some_and(|(last, first)| credit_code_check(first) == Some(*last))
}

/// Days from 1970-01-01 to `date` (Arrow's Date32).
pub fn epoch_days(date: Date) -> i32 {
    (date - jiff::civil::date(1970, 1, 1)).get_days()
}

/// The date that lies `days` after 1970-01-01; `None` outside the calendar's range.
pub fn date_from_epoch_days(days: i32) -> Option<Date> {
    jiff::civil::date(1970, 1, 1).checked_add(jiff::Span::new().try_days(days).ok()?).ok()
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl FromStr for Month {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text
            .split_once('-')
            .and_then(|(year, month)| Some((year.parse().ok()?, month.parse().ok()?)))
            .filter(|(year, month): &(i16, i8)| (1900..=2200).contains(year) && (1..=12).contains(month));
        match parsed {
            Some((year, month)) => Ok(Self { year, month }),
            None => Err(format!("`{text}` is not a month; write it as 2026-03")),
        }
    }
}

/// The span that a scorecard speaks about: a year, a half, a quarter or a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Period {
    /// As written: `2026`, `2026-H1`, `2026-Q2`, `2026-06`.
    pub name: String,
    /// First month.
    pub first: Month,
    /// Last month, inclusive.
    pub last: Month,
}

impl Period {
    /// The months of the period that have begun by `as_of`.
    pub fn months_until(&self, as_of: Date) -> Vec<Month> {
        let last = self.last.min(Month::of(as_of));
        let mut months = Vec::new();
        let mut month = self.first;
        while month <= last {
            months.push(month);
            month = month.next();
        }
        months
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl FromStr for Period {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let refuse = || format!("`{text}` is not a period; write 2026, 2026-H1, 2026-Q2 or 2026-06");
        let (year, part) = text.split_once('-').map_or((text, None), |(year, part)| (year, Some(part)));
        let year: i16 = year.parse().ok().filter(|year| (1900..=2200).contains(year)).ok_or_else(refuse)?;
        let (from, to) = match part {
            None => (1, 12),
            Some("H1") => (1, 6),
            Some("H2") => (7, 12),
            Some("Q1") => (1, 3),
            Some("Q2") => (4, 6),
            Some("Q3") => (7, 9),
            Some("Q4") => (10, 12),
            Some(month) => {
                let month: i8 = month.parse().ok().filter(|month| (1..=12).contains(month)).ok_or_else(refuse)?;
                (month, month)
            }
        };
        Ok(Self { name: text.to_owned(), first: Month { year, month: from }, last: Month { year, month: to } })
    }
}

/// A numerator over a denominator, never divided before scoring.
///
/// Both are exact, scaled by [`Fraction::SCALE`], because money and hours are decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Fraction {
    /// Numerator × [`Fraction::SCALE`].
    pub numerator: i128,
    /// Denominator × [`Fraction::SCALE`].
    pub denominator: i128,
}

impl Fraction {
    /// Four decimals are kept.
    pub const SCALE: i128 = 10_000;
    /// The decimal places that [`Fraction::SCALE`] stands for.
    pub const DECIMALS: u32 = 4;

    /// Adds numerators to numerators, denominators to denominators.
    pub fn merge(self, other: Self) -> Self {
        Self { numerator: self.numerator + other.numerator, denominator: self.denominator + other.denominator }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_credit_codes_pass_the_check_and_any_changed_letter_fails() {
        for code in ["91230500MA1B3N1N2M", "11230500001755309F", "91350100M000100Y43"] {
            assert!(is_credit_code(code), "{code}");
            for place in 0..18 {
                let mut wrong = code.as_bytes().to_vec();
                wrong[place] = if wrong[place] == b'7' { b'8' } else { b'7' };
                assert!(!is_credit_code(&String::from_utf8(wrong).expect("letters")), "{code} with another letter {place}");
            }
        }
        assert!(
            !["", "91230500MA1B3N1N2", "91230500MA1B3N1N2MM", "91230500MA1B3O1N2M", "统一社会信用"].iter().any(|code| is_credit_code(code))
        );
    }
}
