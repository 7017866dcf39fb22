//! Indicators and populations: `queries/indicators/<namespace>/<name>.sql`, `queries/populations/<name>.sql`.
//!
//! In: SQL text that opens with a TOML header in `--` lines. Out: [`Indicator`] and [`Population`] with header, comment and
//! the SELECT. Never here: planning or running the SQL (that is `compute`), policy (that is the scheme).

use std::collections::BTreeMap;
use std::ops::Range;

use crate::diagnostics::Diagnostics;
use crate::document::{Placed, Section, read_document};
use crate::terms::{DOMAINS, IndicatorId};

/// Which way is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    /// More is better.
    Higher,
    /// Less is better.
    Lower,
    /// Inside a band is best.
    Band,
}

/// How a value is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShownAs {
    /// 0.87 is shown as 87.00 %.
    Percent,
    /// As it is.
    Number,
    /// A score of a survey.
    Score,
    /// Days.
    Days,
    /// An index with base 100.
    Index,
}

/// The span of time a monthly row speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// Months add up.
    Flow,
    /// From 1 January to the month's end.
    YearToDate,
    /// The last N months to the month's end.
    Rolling(u16),
    /// As of the month's end.
    Stock,
}

/// How a parent's value comes from its children.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rollup {
    /// Exact sum of numerators and denominators.
    Sum,
    /// The same SQL with units replaced by their ancestors.
    Recompute,
    /// Not at all.
    None,
}

/// What the SELECT yields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// `numerator`, `denominator` (and `pending`, `excluded`) per unit, domain, month.
    Ratio,
    /// `value`, `n` per unit, domain, month.
    Value,
    /// `numerator`, `denominator` per `region_a`, `region_b`, domain, month.
    Pair,
    /// `value`, `n` per `region_code`, domain, month.
    Region,
}

/// What an indicator counts, where that needs a duty (catalogue of indicators, C7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measures {
    /// How often something is done.
    Frequency,
    /// How much of a list is covered.
    Coverage,
}

/// One indicator.
#[derive(Debug, Clone)]
pub struct Indicator {
    /// `namespace.name`.
    pub id: IndicatorId,
    /// Its file, for messages.
    pub file: String,
    /// Chinese title.
    pub title: String,
    /// Which way is good.
    pub better: Better,
    /// How a value is shown.
    pub shown_as: ShownAs,
    /// Domains it applies to.
    pub domains: Vec<String>,
    /// Tiers it applies to.
    pub tiers: Vec<String>,
    /// Clause that asks for it.
    pub basis: String,
    /// Span of time.
    pub window: Window,
    /// Roll-up to parents.
    pub rollup: Rollup,
    /// Columns it yields.
    pub shape: Shape,
    /// Frequency or coverage, when it is one.
    pub measures: Option<Measures>,
    /// The law that makes the frequency or coverage a duty.
    pub statutory_duty: Option<String>,
    /// The cap that keeps it honest.
    pub companion: Option<IndicatorId>,
    /// Others decide what its numerator counts (courts, complainants, reviewers): nobody may be told how many of these should have been otherwise.
    pub is_decided_by_others: bool,
    /// Its `n` counts answers of people or firms: a few of them are shown to nobody.
    pub counts_answers: bool,
    /// Why it is answered by a query of its own, and not counted together with others.
    pub alone: Option<String>,
    /// Definition in words, without the `--`.
    pub comment: String,
    /// The SELECT.
    pub sql: String,
    /// Where the SELECT begins in the file.
    pub sql_offset: usize,
    /// The whole file.
    pub text: String,
}

/// One population.
#[derive(Debug, Clone)]
pub struct Population {
    /// Name = file name; the view's name in SQL.
    pub name: String,
    /// Its file, for messages.
    pub file: String,
    /// Chinese title.
    pub title: String,
    /// What one row is.
    pub grain: String,
    /// Why a row is left out: code in `excluded_because` → Chinese sentence. Populations that read this one share them.
    pub excluded: BTreeMap<String, String>,
    /// What its derived columns are called on pages: column → Chinese words. Populations that read this one share them.
    pub columns: BTreeMap<String, String>,
    /// Definition in words.
    pub comment: String,
    /// The SELECT.
    pub sql: String,
    /// Where the SELECT begins in the file.
    pub sql_offset: usize,
    /// The whole file.
    pub text: String,
}

/// A file of `queries/` cut into its four parts.
pub(super) struct Parts {
    /// Header with every `--` turned into blanks, so that offsets stay those of the file.
    pub header: String,
    pub comment: String,
    pub sql: String,
    pub sql_offset: usize,
}

pub(super) fn cut(word: &str, file: &str, text: &str, diagnostics: &mut Diagnostics) -> Option<Parts> {
    let opening = format!("-- /// {word}");
    let first_line = text.lines().next().unwrap_or("");
    // Editors on Windows begin a file with a byte-order mark, which nobody can see.
    if first_line.trim_start_matches('\u{feff}').trim_end() != opening {
        diagnostics
            .error("header-missing", file, Some(0..first_line.len()), format!("line 1 must be `{opening}`"))
            .hint("the header is TOML in `--` lines, closed by `-- ///`");
        return None;
    }
    let mut header = String::new();
    let mut comment = Vec::new();
    let mut offset = 0;
    let mut state = 0; // 0 = opening line, 1 = header, 2 = comment
    for line in text.split_inclusive('\n') {
        let bare = line.trim_end();
        match state {
            0 => {
                header.push_str(&" ".repeat(line.len() - 1));
                header.push('\n');
                state = 1;
            }
            1 if bare == "-- ///" => state = 2,
            1 if bare.starts_with("--") => {
                header.push_str("  ");
                header.push_str(&line[2..]);
            }
            1 => {
                let is_closed = text[offset..].lines().any(|line| line.trim_end() == "-- ///");
                let (says, hint) = if is_closed {
                    ("this line of the header does not begin with `--`", "every line of the header begins with `--`, an empty one too")
                } else {
                    ("the header is not closed", "close it with a line `-- ///`")
                };
                diagnostics.error("header-open", file, Some(offset..offset + bare.len()), says).hint(hint);
                return None;
            }
            _ if bare.starts_with("--") => comment.push(bare[2..].trim().to_owned()),
            _ if bare.is_empty() => {}
            _ => break,
        }
        offset += line.len();
    }
    if state < 2 {
        diagnostics.error("header-open", file, Some(0..first_line.len()), "the header is not closed").hint("close it with a line `-- ///`");
        return None;
    }
    let sql = text[offset..].trim_end().trim_end_matches(';').to_owned();
    if sql.trim().is_empty() {
        diagnostics.error("select-missing", file, None, "no SELECT follows the header");
        return None;
    }
    let comment = comment.join("\n").trim().to_owned();
    if comment.is_empty() {
        diagnostics
            .error("comment-missing", file, Some(0..first_line.len()), "the definition in words is missing")
            .hint("after the header, say in `--` lines what is counted and what is left out");
    }
    Some(Parts { header, comment, sql, sql_offset: offset })
}

const TIERS: [&str; 4] = ["province", "city", "county", "township"];

fn closed_list(section: &mut Section<'_>, key: &'static str, known: &[&str], diagnostics: &mut Diagnostics) -> Vec<String> {
    let texts = section.texts(key, diagnostics);
    if texts.is_empty() {
        diagnostics.error("missing-key", section.file(), Some(section.span()), format!("an indicator needs the key `{key}`"));
        // Whoever had a figure keeps it while the file is held; for others nothing is due.
        return all(known);
    }
    for text in &texts {
        if !known.contains(&text.value.as_str()) {
            diagnostics
                .error("unknown-word", section.file(), Some(text.span.clone()), format!("`{}` is none of {}", text.value, known.join(", ")))
                .hint_nearest(&text.value, known.iter().copied());
        }
    }
    texts.into_iter().map(|text| text.value).collect()
}

fn all(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn read_window(section: &mut Section<'_>, diagnostics: &mut Diagnostics) -> Window {
    let Some(text) = section.text("window", diagnostics) else { return Window::Flow };
    match text.value.as_str() {
        "flow" => Window::Flow,
        "year_to_date" => Window::YearToDate,
        "stock" => Window::Stock,
        other => {
            match other.strip_prefix("rolling_").and_then(|months| months.parse::<u16>().ok()).filter(|months| (1..=120).contains(months)) {
                Some(months) => Window::Rolling(months),
                None => {
                    diagnostics
                        .error(
                            "unknown-word",
                            section.file(),
                            Some(text.span),
                            format!("`window` is `{other}`, expected flow, year_to_date, stock or rolling_N (N months)"),
                        )
                        .hint_nearest(other, ["flow", "year_to_date", "stock", "rolling_12"]);
                    Window::Flow
                }
            }
        }
    }
}

/// Reads one indicator file; what is wrong with it goes to `diagnostics`.
pub fn read_indicator(id: &str, file: &str, text: &str, diagnostics: &mut Diagnostics) -> Option<Indicator> {
    diagnostics.remember(file, text);
    let parts = cut("indicator", file, text, diagnostics)?;
    let Parts { header, comment, sql, sql_offset } = parts;
    read_document(file, &header, "an indicator's header", 0, diagnostics, |section, diagnostics| {
        let title = section.required_text("title", diagnostics);
        let better =
            section.required_word("better", &[("higher", Better::Higher), ("lower", Better::Lower), ("band", Better::Band)], diagnostics);
        let shown = [
            ("percent", ShownAs::Percent),
            ("number", ShownAs::Number),
            ("score", ShownAs::Score),
            ("days", ShownAs::Days),
            ("index", ShownAs::Index),
        ];
        let shown_as = section.required_word("shown_as", &shown, diagnostics);
        let domains = closed_list(section, "domains", &DOMAINS, diagnostics);
        let tiers = closed_list(section, "tiers", &TIERS, diagnostics);
        let basis = section.required_text("basis", diagnostics);
        let window = read_window(section, diagnostics);
        let rollups = [("sum", Rollup::Sum), ("recompute", Rollup::Recompute), ("none", Rollup::None)];
        let rollup = section.word("rollup", &rollups, diagnostics);
        let shapes = [("ratio", Shape::Ratio), ("value", Shape::Value), ("pair", Shape::Pair), ("region", Shape::Region)];
        let shape = section.word("shape", &shapes, diagnostics).unwrap_or(Shape::Ratio);
        let rollup = rollup.unwrap_or(if shape == Shape::Ratio { Rollup::Sum } else { Rollup::None });
        if rollup == Rollup::Sum && shape != Shape::Ratio {
            diagnostics
                .error("rollup-of-value", file, Some(section.span()), "only a ratio can roll up by sum")
                .hint("set rollup = \"none\"");
        }
        if rollup == Rollup::Recompute && matches!(shape, Shape::Pair | Shape::Region) {
            diagnostics
                .error("rollup-of-regions", file, Some(section.span()), "only what is measured by unit can be recomputed for parents")
                .hint("set rollup = \"none\"");
        }
        let measures = section.word("measures", &[("frequency", Measures::Frequency), ("coverage", Measures::Coverage)], diagnostics);
        let statutory_duty = section.text("statutory_duty", diagnostics).map(|text| text.value);
        let companion = section.text("companion", diagnostics).map(|text| IndicatorId(text.value));
        let decided_by = section.word("decided_by", &[("unit", false), ("others", true)], diagnostics);
        let counts = section.word("counts", &[("answers", true), ("records", false)], diagnostics);
        let alone = section.text("alone", diagnostics).map(|text| text.value);
        Some(Indicator {
            id: IndicatorId(id.to_owned()),
            file: file.to_owned(),
            // What only words and pages need may be missing: the file has its error, and its figures are held.
            title: title.map_or_else(|| id.to_owned(), |title| title.value),
            better: better?,
            shown_as: shown_as.unwrap_or(ShownAs::Percent),
            domains,
            tiers,
            basis: basis.map(|basis| basis.value).unwrap_or_default(),
            window,
            rollup,
            shape,
            measures,
            statutory_duty,
            companion,
            is_decided_by_others: decided_by.unwrap_or(false),
            counts_answers: counts.unwrap_or(shape == Shape::Region),
            alone,
            comment,
            sql,
            sql_offset,
            text: text.to_owned(),
        })
    })
}

impl Indicator {
    /// What stands for a file whose header can't be read: its id is known, so that a scheme may name it, and nothing is computed.
    pub fn unreadable(id: &str, file: &str, text: &str) -> Self {
        Self {
            id: IndicatorId(id.to_owned()),
            file: file.to_owned(),
            title: id.to_owned(),
            better: Better::Higher,
            shown_as: ShownAs::Percent,
            domains: all(&DOMAINS),
            tiers: all(&TIERS),
            basis: String::new(),
            window: Window::Flow,
            rollup: Rollup::Sum,
            shape: Shape::Ratio,
            measures: None,
            statutory_duty: None,
            companion: None,
            is_decided_by_others: false,
            counts_answers: false,
            alone: None,
            comment: String::new(),
            sql: String::new(),
            sql_offset: 0,
            text: text.to_owned(),
        }
    }
}

/// Reads one population file; what is wrong with it goes to `diagnostics`.
pub fn read_population(name: &str, file: &str, text: &str, diagnostics: &mut Diagnostics) -> Option<Population> {
    diagnostics.remember(file, text);
    let Parts { header, comment, sql, sql_offset } = cut("population", file, text, diagnostics)?;
    read_document(file, &header, "a population's header", 0, diagnostics, |section, diagnostics| {
        let title = section.required_text("title", diagnostics);
        let grain = section.required_text("grain", diagnostics);
        let excluded = section.free_table("excluded", diagnostics);
        let columns = section.free_table("columns", diagnostics);
        let sentence = |texts: Vec<Placed<String>>| texts.into_iter().map(|text| text.value).collect::<Vec<_>>().join("；");
        Some(Population {
            excluded: excluded.into_iter().map(|(code, texts)| (code.value, sentence(texts))).collect(),
            columns: columns.into_iter().map(|(column, texts)| (column.value, sentence(texts))).collect(),
            name: name.to_owned(),
            file: file.to_owned(),
            title: title?.value,
            grain: grain?.value,
            comment,
            sql,
            sql_offset,
            text: text.to_owned(),
        })
    })
}

/// The bytes of `word` inside the SELECT, as bytes of the file; for messages about a name.
pub fn span_of_word(text: &str, sql_offset: usize, word: &str) -> Option<Range<usize>> {
    let sql = &text[sql_offset..];
    let lower = sql.to_ascii_lowercase();
    let wanted = word.to_ascii_lowercase();
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut from = 0;
    while let Some(found) = lower[from..].find(&wanted) {
        let (start, end) = (from + found, from + found + wanted.len());
        let before = sql[..start].chars().next_back().is_some_and(is_word);
        let after = sql[end..].chars().next().is_some_and(is_word);
        if !before && !after {
            return Some(sql_offset + start..sql_offset + end);
        }
        from = end;
    }
    None
}
