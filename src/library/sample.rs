//! Samples that are drawn: `queries/samples/<name>.sql`.
//!
//! In: SQL text that opens with a TOML header in `--` lines. Out: [`Sample`]: how many are drawn from each stratum, and the SELECT of the frame.
//! Never here: planning or running the SQL, drawing (that is `sampling`).

use rust_decimal::Decimal;

use super::indicator::{Parts, cut};
use crate::diagnostics::Diagnostics;
use crate::document::{Placed, Section, read_document};

/// How many are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// So many in all, shared out between the strata.
    Whole(u32),
    /// So many from every stratum, or all it has.
    OfStratum(u32),
}

/// How a whole is shared out between strata.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allocation {
    /// By the number of members.
    Proportional,
    /// By members times the standard deviation expected of them (column `deviation`): Neyman.
    Neyman,
}

/// One sample.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Name = file name.
    pub name: String,
    /// Its file, for messages.
    pub file: String,
    /// Chinese title.
    pub title: String,
    /// Clause that asks for it.
    pub basis: String,
    /// How many.
    pub size: Size,
    /// How a whole is shared out.
    pub allocation: Allocation,
    /// Every stratum gets so many, or all it has.
    pub minimum: u32,
    /// Share of a stratum that is replaced when the sample is drawn again after an earlier one, 0 to 1.
    pub rotation: Decimal,
    /// Replacements that are drawn beside the members of a stratum, as a share of them.
    pub reserves: Decimal,
    /// Definition in words.
    pub comment: String,
    /// The SELECT of the frame.
    pub sql: String,
    /// Where the SELECT begins in the file.
    pub sql_offset: usize,
    /// The whole file.
    pub text: String,
}

/// Columns that the SELECT must yield, both text.
pub const REQUIRED: [&str; 2] = ["id", "stratum"];

/// Column with the standard deviation expected in the stratum, for Neyman's allocation.
pub const DEVIATION: &str = "deviation";

/// Columns of a drawn list that the SELECT can't have too.
pub const OF_THE_LIST: [&str; 5] = ["order", "role", "weight", "since", "number"];

/// Reads one sample file; what is wrong with it goes to `diagnostics`.
pub fn read_sample(name: &str, file: &str, text: &str, diagnostics: &mut Diagnostics) -> Option<Sample> {
    diagnostics.remember(file, text);
    let Parts { header, comment, sql, sql_offset } = cut("sample", file, text, diagnostics)?;
    read_document(file, &header, "a sample's header", 0, diagnostics, |section, diagnostics| {
        let title = section.required_text("title", diagnostics);
        let basis = section.required_text("basis", diagnostics);
        let whole = count(section, "size", diagnostics);
        let of_stratum = count(section, "size_of_stratum", diagnostics);
        let size = match (whole, of_stratum) {
            (Some(whole), None) => Some(Size::Whole(whole)),
            (None, Some(each)) => Some(Size::OfStratum(each)),
            _ => {
                diagnostics
                    .error("sample-size", file, Some(section.span()), "a sample needs `size` or `size_of_stratum`, and one of them only")
                    .hint("size = 100 shares 100 out between the strata; size_of_stratum = 10 draws 10 from each");
                None
            }
        };
        let words = [("proportional", Allocation::Proportional), ("neyman", Allocation::Neyman)];
        let allocation = section.word("allocation", &words, diagnostics).unwrap_or(Allocation::Proportional);
        let minimum = count(section, "minimum", diagnostics).unwrap_or(1);
        let rotation = share(section, "rotation", diagnostics).unwrap_or_default();
        let reserves = share(section, "reserves", diagnostics).unwrap_or_default();
        Some(Sample {
            name: name.to_owned(),
            file: file.to_owned(),
            title: title?.value,
            basis: basis?.value,
            size: size?,
            allocation,
            minimum,
            rotation,
            reserves,
            comment,
            sql,
            sql_offset,
            text: text.to_owned(),
        })
    })
}

fn count(section: &mut Section<'_>, key: &'static str, diagnostics: &mut Diagnostics) -> Option<u32> {
    let Placed { value, span } = section.integer(key, diagnostics)?;
    let count = u32::try_from(value).ok().filter(|count| *count > 0);
    if count.is_none() {
        diagnostics.error("sample-size", section.file(), Some(span), format!("`{key}` is {value}, expected 1 or more"));
    }
    count
}

fn share(section: &mut Section<'_>, key: &'static str, diagnostics: &mut Diagnostics) -> Option<Decimal> {
    let Placed { value, span } = section.number(key, diagnostics)?;
    let share = value.parse::<Decimal>().ok().filter(|share| (Decimal::ZERO..=Decimal::ONE).contains(share));
    if share.is_none() {
        diagnostics.error("sample-share", section.file(), Some(span), format!("`{key}` is {value}, expected a share from 0 to 1"));
    }
    share
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(header: &str) -> (Option<Sample>, String) {
        let text = format!("-- /// sample\n-- title = \"样本\"\n-- basis = \"本系统补充\"\n{header}-- ///\n-- 全部单位。\nSELECT 1\n");
        let mut diagnostics = Diagnostics::default();
        let sample = read_sample("panel", "queries/samples/panel.sql", &text, &mut diagnostics);
        (sample, diagnostics.to_text())
    }

    #[test]
    fn a_sample_has_one_size_and_shares_between_0_and_1() {
        let (sample, said_of_it) = said("-- size = 100\n-- rotation = 0.25\n");
        let sample = sample.expect(&said_of_it);
        assert_eq!((sample.size, sample.rotation, sample.minimum), (Size::Whole(100), Decimal::new(25, 2), 1));
        assert!(said("").1.contains("`size` or `size_of_stratum`"));
        assert!(said("-- size = 10\n-- size_of_stratum = 3\n").1.contains("one of them only"));
        assert!(said("-- size = 0\n").1.contains("expected 1 or more"));
        assert!(
            said("-- size = 10\n-- rotation = 1.2\n").1.contains("panel.sql:5:")
                && said("-- size = 10\n-- rotation = 1.2\n").1.contains("share from 0 to 1")
        );
    }
}
