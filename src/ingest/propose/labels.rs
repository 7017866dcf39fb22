//! Labels that a list of codes does not know.
//!
//! In: the texts under the header of a coded column. Out: each unknown label with its count and the code that it may mean. Never here:
//! columns without codes, and of none a text that may name a person.

use std::collections::BTreeMap;

use super::likeness::{Vocabulary, Words};
use super::sample::Beginning;
use crate::ingest::columns::ColumnReader;
use crate::library::contract::{Column, Sensitivity, TableContract, normalise_header};
use crate::project::Source;

/// More unknown labels than this are a text and no code.
const MOST: usize = 40;
const LONGEST: usize = 20;
/// As long a run of digits may be a number of a person.
const DIGITS: usize = 6;
const SURE: f64 = 0.8;
const LEAST: f64 = 0.5;
const MARGIN: f64 = 0.1;

/// A label, and what is proposed for it.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelProposal {
    /// As the file writes it.
    pub label: String,
    /// Rows that have it, among those sampled.
    pub rows: u64,
    /// The code that it is most like.
    pub code: Option<String>,
    /// Whether the code can be written without asking.
    pub is_sure: bool,
    /// Why.
    pub because: String,
}

/// Labels of one column.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ColumnLabels {
    /// Column of the contract.
    pub column: String,
    /// Its codes.
    pub codes: Vec<String>,
    /// Unknown labels, the most frequent first.
    pub labels: Vec<LabelProposal>,
    /// Different unknown texts that are no labels to be shown.
    pub hidden: usize,
}

/// What the column's list does not know among the texts under a header; `None` when it knows all.
pub(super) fn unknown(
    contract: &TableContract,
    column: &Column,
    source: &Source,
    table: &Beginning,
    position: usize,
    vocabulary: &Vocabulary,
) -> Option<ColumnLabels> {
    if column.codes.is_empty() {
        return None;
    }
    let mut reader = ColumnReader::new(contract, column, source);
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for chunk in &table.chunks {
        let cell = |row: usize| if chunk.fault(row).is_some() { ("", Default::default()) } else { chunk.cell(row, position) };
        for (_, label) in reader.read_texts(chunk.len(), &cell, 1, chunk.is_1904).unknown {
            *counts.entry(label).or_default() += 1;
        }
    }
    if counts.is_empty() {
        return None;
    }
    let codes = column.codes.iter().map(|(code, _)| code.clone()).collect();
    let is_shown =
        |label: &str| column.sensitivity != Sensitivity::Personal && label.chars().count() <= LONGEST && longest_digits(label) < DIGITS;
    let (shown, hidden): (Vec<_>, Vec<_>) = counts.into_iter().partition(|(label, _)| is_shown(label));
    if shown.len() > MOST {
        return Some(ColumnLabels { column: column.name.clone(), codes, labels: Vec::new(), hidden: shown.len() + hidden.len() });
    }
    let spelled: Vec<(&str, Vec<(&str, Words)>)> =
        column.codes.iter().map(|(code, labels)| (code.as_str(), words_of(code, labels, vocabulary))).collect();
    let mut labels: Vec<LabelProposal> = shown.into_iter().map(|(label, rows)| proposed(label, rows, &spelled, vocabulary)).collect();
    labels.sort_by(|one, other| other.rows.cmp(&one.rows).then_with(|| one.label.cmp(&other.label)));
    Some(ColumnLabels { column: column.name.clone(), codes, labels, hidden: hidden.len() })
}

fn words_of<'c>(code: &'c str, labels: &'c [String], vocabulary: &Vocabulary) -> Vec<(&'c str, Words)> {
    labels.iter().map(String::as_str).chain([code]).map(|label| (label, vocabulary.words(label))).collect()
}

/// The code one of whose labels is most like, unless another code's is as like.
fn proposed(label: String, rows: u64, spelled: &[(&str, Vec<(&str, Words)>)], vocabulary: &Vocabulary) -> LabelProposal {
    let words = vocabulary.words(&label);
    let normal = normalise_header(&label);
    let likeness = |known: &str, known_words: &Words| {
        let known = normalise_header(known);
        let letters = strsim::normalized_damerau_levenshtein(&normal, &known);
        let within = normal.contains(&known) || known.contains(&normal);
        let (one, two) = (normal.chars().count(), known.chars().count());
        let part = if within { one.min(two) as f64 / one.max(two) as f64 } else { 0.0 };
        let is_torn = is_negated(&normal) != is_negated(&known);
        words.likeness(known_words).max(letters).max(part) * if is_torn { 0.4 } else { 1.0 }
    };
    let mut rated: Vec<(f64, &str, &str)> = Vec::new();
    for (code, labels) in spelled {
        let best = labels.iter().map(|(known, words)| (likeness(known, words), *known)).max_by(|one, other| one.0.total_cmp(&other.0));
        rated.extend(best.map(|(likeness, known)| (likeness, *code, known)));
    }
    rated.sort_by(|one, other| other.0.total_cmp(&one.0));
    match rated[..] {
        [(best, code, known), ref rest @ ..] if best >= LEAST => {
            let is_alone = rest.first().is_none_or(|next| next.0 + MARGIN <= best);
            let rival = if is_alone { String::new() } else { format!("; it may as well be `{}`", rest[0].1) };
            LabelProposal {
                label,
                rows,
                code: Some(code.to_owned()),
                is_sure: best >= SURE && is_alone,
                because: format!("is like {known}{rival}"),
            }
        }
        _ => LabelProposal { label, rows, code: None, is_sure: false, because: "is like no known label".to_owned() },
    }
}

/// `不予处罚` is most of `予以处罚`, and its contrary.
fn is_negated(label: &str) -> bool {
    label.chars().any(|c| matches!(c, '不' | '未' | '无' | '非' | '免')) || label.starts_with("no")
}

fn longest_digits(text: &str) -> usize {
    text.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap_or(0)
}
