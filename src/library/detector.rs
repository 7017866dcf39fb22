//! Detectors of patterns: `queries/findings/<name>.sql`.
//!
//! In: SQL text that opens with a TOML header in `--` lines. Out: [`Detector`]: what the pattern is, how its rows are judged, and the SELECT of
//! the rows looked at. Never here: planning or running the SQL, statistics (that is `findings`).

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::indicator::{Parts, cut};
use crate::diagnostics::Diagnostics;
use crate::document::{Section, read_document};

/// Which rows stand out too far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tail {
    /// Too many odd rows.
    Upper,
    /// Too few.
    Lower,
}

/// How the judged rows of a unit become findings.
#[derive(Debug, Clone, PartialEq)]
pub enum Statistic {
    /// A fact about rows: each odd row is listed, nothing is tested.
    Rule,
    /// The share of odd rows against peers.
    Share {
        /// Too many or too few.
        tail: Tail,
        /// The rate that a share is held against is never below this.
        least_rate: f64,
        /// The sentence, with `{n}`, `{odd}`, `{share}`, `{usual}`, `{sign}`.
        says: String,
    },
    /// Two shares at once: entered late, and entered at the end of the period.
    LateBurst,
    /// Document numbers against their dates.
    NumberOrder,
    /// Monthly counts of the parts of a unit that vary less than chance lets them, with fines in a narrow band.
    Evenness,
    /// Odd outcomes among marked rows, against the unit's other rows.
    Contrast {
        /// The sentence, with the placeholders of a share; `{usual}` is the share among the other rows.
        says: String,
    },
    /// Last digits of whole numbers, against peers.
    LastDigits,
    /// First two digits of amounts, against Benford's law.
    FirstDigits,
}

const STATISTICS: [(&str, &str); 8] = [
    ("rule", "rule"),
    ("share", "share"),
    ("late_burst", "late_burst"),
    ("number_order", "number_order"),
    ("evenness", "evenness"),
    ("contrast", "contrast"),
    ("last_digits", "last_digits"),
    ("first_digits", "first_digits"),
];

/// What amounts a test of first digits may be made of, and of which it is refused; why (methods 3).
const QUANTITIES: [(&str, Option<&str>); 6] = [
    ("total", None),
    ("invoice", None),
    ("fine", Some("fines are assigned by the law and its bands, so that their first digits follow those")),
    ("fee", Some("fees are assigned by a tariff, so that their first digits follow it")),
    ("count", Some("counts span too few orders of magnitude")),
    ("hours", Some("hours are bounded and rounded by people")),
];

/// Placeholders of a share's sentence.
pub const PLACEHOLDERS: [&str; 5] = ["n", "odd", "share", "usual", "sign"];

impl Statistic {
    /// Its word in a header.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Rule => "rule",
            Self::Share { .. } => "share",
            Self::LateBurst => "late_burst",
            Self::NumberOrder => "number_order",
            Self::Evenness => "evenness",
            Self::Contrast { .. } => "contrast",
            Self::LastDigits => "last_digits",
            Self::FirstDigits => "first_digits",
        }
    }

    /// The column with the day of a row, by which known effects are left out; a fact needs none.
    pub fn day(&self) -> Option<&'static str> {
        match self {
            Self::Rule => None,
            Self::NumberOrder => Some("dated_on"),
            _ => Some("happened_on"),
        }
    }

    /// Columns that the SELECT must have: the record and where it came from, then what the statistic needs. `is_odd` NULL means that a row
    /// can't be judged.
    pub fn columns(&self) -> Vec<&'static str> {
        let own: &[&str] = match self {
            Self::Rule => &["sign", "is_odd", "says"],
            Self::Share { .. } | Self::LateBurst => &["sign", "is_odd", "says", "happened_on"],
            Self::NumberOrder => &["number", "dated_on"],
            Self::Evenness => &["part", "month", "amount", "says", "happened_on"],
            Self::Contrast { .. } => &["sign", "is_odd", "is_marked", "stratum", "says", "happened_on"],
            Self::LastDigits => &["sign", "number", "says", "happened_on"],
            Self::FirstDigits => &["sign", "amount", "says", "happened_on"],
        };
        ["unit_id", "domain", "source_table", "record_id", "source_file", "source_line"].into_iter().chain(own.iter().copied()).collect()
    }
}

/// One detector.
#[derive(Debug, Clone)]
pub struct Detector {
    /// Name = file name.
    pub name: String,
    /// Its file, for messages.
    pub file: String,
    /// Chinese title of the pattern.
    pub title: String,
    /// How rows become findings.
    pub statistic: Statistic,
    /// 1 (a habit) to 5 (likely to have legal consequences).
    pub severity: u8,
    /// What the pattern is.
    pub pattern: String,
    /// Innocent explanations to rule out first.
    pub benign: String,
    /// What a reviewer should pull and look at.
    pub look_at: String,
    /// A documented case, with its source.
    pub documented: String,
    /// Law or catalogue.
    pub basis: String,
    /// Rows that a unit must have to be judged; 1 for a rule.
    pub minimum_n: u64,
    /// Smallest effect that is worth a reviewer's time, 0 to 1; 0 for a rule.
    pub floor: f64,
    /// Of a share: a unit's rows of all domains are judged together, beside units with rows in any.
    pub is_over_domains: bool,
    /// Of a share whose SELECT names no `occasion`: why each row is a matter of its own.
    pub rows_stand_alone: Option<String>,
    /// Which rows are looked at and how they are judged, in words.
    pub comment: String,
    /// The SELECT.
    pub sql: String,
    /// Where the SELECT begins in the file.
    pub sql_offset: usize,
    /// The whole file.
    pub text: String,
}

/// Reads one detector's file; what is wrong with it goes to `diagnostics`.
pub fn read_detector(name: &str, file: &str, text: &str, diagnostics: &mut Diagnostics) -> Option<Detector> {
    diagnostics.remember(file, text);
    let Parts { header, comment, sql, sql_offset } = cut("finding", file, text, diagnostics)?;
    read_document(file, &header, "a detector's header", 0, diagnostics, |section, diagnostics| {
        let title = section.required_text("title", diagnostics);
        let word = section.required_word("statistic", &STATISTICS, diagnostics);
        let severity = severity(section, diagnostics);
        let [pattern, benign, look_at, documented, basis] =
            ["pattern", "benign", "look_at", "documented", "basis"].map(|key| section.required_text(key, diagnostics));
        let word = word?;
        let statistic = match word {
            "rule" => Some(Statistic::Rule),
            "late_burst" => Some(Statistic::LateBurst),
            "number_order" => Some(Statistic::NumberOrder),
            "evenness" => Some(Statistic::Evenness),
            "last_digits" => Some(Statistic::LastDigits),
            "first_digits" => quantity(section, diagnostics).then_some(Statistic::FirstDigits),
            "contrast" => sentence(section, diagnostics).map(|says| Statistic::Contrast { says }),
            _ => share_test(section, diagnostics),
        };
        let (minimum_n, floor) = if word == "rule" { (Some(1), Some(0.0)) } else { limits(section, diagnostics) };
        let is_share = matches!(statistic, Some(Statistic::Share { .. }));
        let is_over_domains = is_share && section.word("domains", &[("apart", false), ("together", true)], diagnostics).unwrap_or_default();
        let rows_stand_alone = if is_share { section.text("rows_stand_alone", diagnostics).map(|placed| placed.value) } else { None };
        Some(Detector {
            is_over_domains,
            rows_stand_alone,
            name: name.to_owned(),
            file: file.to_owned(),
            title: title?.value,
            statistic: statistic?,
            severity: severity?,
            pattern: pattern?.value,
            benign: benign?.value,
            look_at: look_at?.value,
            documented: documented?.value,
            basis: basis?.value,
            minimum_n: minimum_n?,
            floor: floor?,
            comment,
            sql,
            sql_offset,
            text: text.to_owned(),
        })
    })
}

fn severity(section: &mut Section<'_>, diagnostics: &mut Diagnostics) -> Option<u8> {
    let placed = section.required_integer("severity", diagnostics)?;
    let severity = u8::try_from(placed.value).ok().filter(|severity| (1..=5).contains(severity));
    if severity.is_none() {
        let says = format!("`severity` is {}, expected 1 to 5", placed.value);
        diagnostics.error("detector-severity", section.file(), Some(placed.span), says);
    }
    severity
}

fn limits(section: &mut Section<'_>, diagnostics: &mut Diagnostics) -> (Option<u64>, Option<f64>) {
    let minimum_n = section.required_integer("minimum_n", diagnostics).and_then(|placed| {
        let count = u64::try_from(placed.value).ok().filter(|count| *count > 0);
        if count.is_none() {
            let says = format!("`minimum_n` is {}, expected 1 or more", placed.value);
            diagnostics.error("detector-minimum", section.file(), Some(placed.span), says);
        }
        count
    });
    (minimum_n, share(section, "floor", diagnostics))
}

fn share(section: &mut Section<'_>, key: &'static str, diagnostics: &mut Diagnostics) -> Option<f64> {
    let placed = section.required_number(key, diagnostics)?;
    let share = placed.value.parse::<Decimal>().ok().filter(|share| (Decimal::ZERO..=Decimal::ONE).contains(share));
    if share.is_none() {
        let says = format!("`{key}` is {}, expected a share from 0 to 1", placed.value);
        diagnostics.error("detector-share", section.file(), Some(placed.span), says);
    }
    share.and_then(|share| share.to_f64())
}

fn share_test(section: &mut Section<'_>, diagnostics: &mut Diagnostics) -> Option<Statistic> {
    let tail = section.required_word("tail", &[("upper", Tail::Upper), ("lower", Tail::Lower)], diagnostics);
    let least_rate = match section.number("least_rate", diagnostics) {
        None => Some(0.0),
        Some(placed) => {
            let rate = placed.value.parse::<f64>().ok().filter(|rate| (0.0..1.0).contains(rate));
            if rate.is_none() {
                let says = format!("`least_rate` is {}, expected a share from 0 to below 1", placed.value);
                diagnostics.error("detector-share", section.file(), Some(placed.span), says);
            }
            rate
        }
    };
    let says = sentence(section, diagnostics)?;
    Some(Statistic::Share { tail: tail?, least_rate: least_rate?, says })
}

/// The sentence of a finding, its placeholders known.
fn sentence(section: &mut Section<'_>, diagnostics: &mut Diagnostics) -> Option<String> {
    let says = section.required_text("says", diagnostics)?;
    if let Some(unknown) = placeholders(&says.value).into_iter().find(|name| !PLACEHOLDERS.contains(name)) {
        diagnostics
            .error("detector-sentence", section.file(), Some(says.span.clone()), format!("`says` has no placeholder `{{{unknown}}}`"))
            .hint_nearest(unknown, PLACEHOLDERS);
        return None;
    }
    Some(says.value)
}

/// Whether first digits of such amounts say anything; if not, why.
fn quantity(section: &mut Section<'_>, diagnostics: &mut Diagnostics) -> bool {
    let Some(placed) = section.required_text("quantity", diagnostics) else { return false };
    let found = QUANTITIES.iter().find(|(word, _)| *word == placed.value).map(|(_, why)| *why);
    match found {
        Some(None) => true,
        Some(Some(why)) => {
            let says = format!("Benford's law is not to be expected of `{}`: {why}", placed.value);
            diagnostics
                .error("detector-benford", section.file(), Some(placed.span), says)
                .hint("use `last_digits` or `share`, which compare with peers; `first_digits` takes `total` or `invoice`");
            false
        }
        None => {
            let says = format!("`quantity` is `{}`, which is not known", placed.value);
            diagnostics
                .error("detector-benford", section.file(), Some(placed.span), says)
                .hint_nearest(&placed.value, QUANTITIES.map(|(word, _)| word));
            false
        }
    }
}

/// The names between braces.
fn placeholders(text: &str) -> Vec<&str> {
    text.split('{').skip(1).map(|rest| rest.split('}').next().unwrap_or(rest)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(header: &str) -> (Option<Detector>, String) {
        let text = format!(
            "-- /// finding\n-- title = \"疑点\"\n-- pattern = \"a\"\n-- benign = \"b\"\n-- look_at = \"c\"\n-- documented = \"d\"\n\
             -- basis = \"e\"\n{header}-- ///\n-- 全部案件。\nSELECT 1\n"
        );
        let mut diagnostics = Diagnostics::default();
        let detector = read_detector("x", "queries/findings/x.sql", &text, &mut diagnostics);
        (detector, diagnostics.to_text())
    }

    #[test]
    fn a_rule_needs_no_minimum_and_a_test_does() {
        let (rule, text) = said("-- severity = 3\n-- statistic = \"rule\"\n");
        let rule = rule.expect(&text);
        assert_eq!((rule.minimum_n, rule.statistic, rule.comment.as_str()), (1, Statistic::Rule, "全部案件。"));
        let share = "-- severity = 3\n-- statistic = \"share\"\n-- tail = \"lower\"\n-- says = \"{n} 条中 {odd} 条\"\n";
        assert!(said(share).1.contains("needs the key `minimum_n`"));
        let (share, text) = said(&format!("{share}-- minimum_n = 30\n-- floor = 0.1\n"));
        let share = share.expect(&text);
        assert_eq!((share.minimum_n, share.floor), (30, 0.1));
        assert!(matches!(share.statistic, Statistic::Share { tail: Tail::Lower, least_rate: 0.0, .. }));
    }

    #[test]
    fn what_a_header_can_not_say_is_named_with_its_place() {
        let share = "-- severity = 3\n-- statistic = \"share\"\n-- tail = \"upper\"\n-- minimum_n = 30\n-- floor = 0.1\n";
        assert!(said(&format!("{share}-- says = \"{{rate}}\"\n")).1.contains("no placeholder `{rate}`"));
        assert!(said("-- severity = 9\n-- statistic = \"rule\"\n").1.contains("x.sql:8:"));
        assert!(said("-- severity = 3\n-- statistic = \"magic\"\n").1.contains("magic"));
        assert!(said("-- severity = 3\n-- statistic = \"late_burst\"\n-- minimum_n = 0\n-- floor = 2\n").1.contains("expected a share"));
        assert!(said("-- severity = 3\n-- statistic = \"rule\"\n-- flor = 1\n").1.contains("flor"));
    }

    #[test]
    fn benford_refuses_fines_fees_counts_and_hours_and_takes_totals() {
        let of = |quantity: &str| {
            said(&format!(
                "-- severity = 3\n-- statistic = \"first_digits\"\n-- quantity = \"{quantity}\"\n-- minimum_n = 1000\n-- floor = 0.0015\n"
            ))
        };
        assert!(of("total").0.is_some() && of("invoice").0.is_some());
        for refused in ["fine", "fee", "count", "hours"] {
            let (detector, text) = of(refused);
            assert!(detector.is_none() && text.contains("Benford's law is not to be expected"), "{text}");
        }
        assert!(of("fines").1.contains("fine"));
    }
}
