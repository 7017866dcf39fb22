//! Headers of a file → columns of the contract.
//!
//! In: the header row, the contract's accepted headers, the source's own renames. Out: which cell feeds which column, with
//! the factor of amounts; unknown headers with the column they may mean. Never here: cells.

use std::collections::BTreeMap;

use crate::diagnostics::nearest;
use crate::error::{Error, Kind, Result};
use crate::library::contract::{ColumnType, TableContract, normalise_header};
use crate::project::Source;

/// Which cell feeds which column.
#[derive(Debug, Clone, Default)]
pub(super) struct HeaderMap {
    /// For each column of the contract: position in the file, header as written, factor of amounts.
    pub columns: Vec<Option<(usize, String, i64)>>,
    /// Headers that mean nothing here, each with the column it may mean.
    pub unknown: Vec<(String, Option<String>)>,
}

/// Recognises the headers of one table as one source writes them.
pub(super) struct Headers<'a> {
    contract: &'a TableContract,
    /// Columns for which the source gives a constant.
    constants: Vec<usize>,
    /// Normalised header → column and factor.
    known: BTreeMap<String, (usize, i64)>,
    /// Normalised headers that the source tells to ignore.
    ignored: Vec<String>,
}

impl<'a> Headers<'a> {
    /// The contract's headers with the renames of `source`; one to no column is left out ([`super::words_of_sources`] refuses it).
    pub fn new(contract: &'a TableContract, source: &Source) -> Self {
        let with_constant = contract.columns.iter().enumerate().filter(|(_, column)| source.constants.contains_key(&column.name));
        let constants = with_constant.map(|(index, _)| index).collect();
        let mut headers = Self { contract, constants, known: contract.headers(), ignored: Vec::new() };
        // A column's own name wins over any alias.
        for (index, column) in contract.columns.iter().enumerate() {
            headers.known.insert(normalise_header(&column.name), (index, 1));
        }
        for (header, column) in &source.columns {
            let normal = normalise_header(header);
            if column.is_empty() {
                headers.ignored.push(normal);
                continue;
            }
            let Some(found) = headers.find(column) else { continue };
            let is_wan = normal.ends_with("(万元)");
            headers.known.insert(normal, if is_wan { (found.0, 10_000) } else { found });
        }
        headers
    }

    /// The column and factor that a header stands for.
    pub fn find(&self, header: &str) -> Option<(usize, i64)> {
        let normal = normalise_header(header);
        if self.ignored.contains(&normal) {
            return None;
        }
        let is_decimal = |index: usize| self.contract.columns[index].kind == ColumnType::Decimal;
        let in_wan = normal.strip_suffix("(万元)");
        let direct = self.known.get(&normal).copied();
        let bare = in_wan.or_else(|| normal.strip_suffix("(元)")).and_then(|bare| self.known.get(bare).copied());
        match (direct, bare) {
            (Some((index, _)), _) if in_wan.is_some() && is_decimal(index) => Some((index, 10_000)),
            (Some(found), _) => Some(found),
            (None, Some((index, _))) if is_decimal(index) => Some((index, if in_wan.is_some() { 10_000 } else { 1 })),
            _ => None,
        }
    }

    /// Maps a header row.
    ///
    /// # Errors
    /// Two headers for one column; a required column that no header provides.
    pub fn map(&self, names: &[String], line: i64) -> Result<HeaderMap> {
        let mut map = HeaderMap { columns: vec![None; self.contract.columns.len()], unknown: Vec::new() };
        for (position, name) in names.iter().enumerate() {
            match self.find(name) {
                Some((index, factor)) => {
                    if let Some((_, other, _)) = &map.columns[index] {
                        let column = &self.contract.columns[index].name;
                        return Err(Error::new(
                            Kind::Source,
                            format!("line {line}: the headers `{other}` and `{name}` both mean the column `{column}`"),
                        )
                        .with_hint(format!("tell kaohe.toml which one to leave out: columns = {{ \"{name}\" = \"\" }}")));
                    }
                    map.columns[index] = Some((position, name.trim().to_owned(), factor));
                }
                None if name.trim().is_empty() || self.ignored.contains(&normalise_header(name)) => {}
                None => map.unknown.push((name.trim().to_owned(), None)),
            }
        }
        self.refuse_missing(&map, names, line)?;
        for (name, near) in &mut map.unknown {
            *near = self.nearest_column(name, &map.columns);
        }
        Ok(map)
    }

    fn nearest_column(&self, name: &str, taken: &[Option<(usize, String, i64)>]) -> Option<String> {
        let normal = normalise_header(name);
        let free = self.known.iter().filter(|(_, (index, _))| taken[*index].is_none());
        let free: Vec<&str> = free.map(|(header, _)| header.as_str()).collect();
        let near = nearest(&normal, free.iter().copied()).or_else(|| free.into_iter().find(|header| is_part(&normal, header)))?;
        self.known.get(near).map(|(index, _)| self.contract.columns[*index].name.clone())
    }

    fn is_provided(&self, index: usize, map: &HeaderMap, depth: usize) -> bool {
        let column = &self.contract.columns[index];
        let position = |name: &String| self.contract.columns.iter().position(|column| column.name == *name);
        map.columns[index].is_some()
            || column.default.is_some()
            || self.constants.contains(&index)
            || depth < 4
                && column.first_of.iter().filter_map(position).any(|other| other != index && self.is_provided(other, map, depth + 1))
    }

    /// Columns that a row must have and that nothing provides, by position.
    pub fn missing(&self, map: &HeaderMap) -> Vec<usize> {
        let is_missing = |index: &usize| self.contract.must_have(&self.contract.columns[*index]) && !self.is_provided(*index, map, 0);
        (0..self.contract.columns.len()).filter(is_missing).collect()
    }

    fn refuse_missing(&self, map: &HeaderMap, names: &[String], line: i64) -> Result<()> {
        let mut messages = Vec::new();
        let mut candidates: Vec<(usize, &str, &str)> = Vec::new();
        for column in self.missing(map).into_iter().map(|index| &self.contract.columns[index]) {
            let mut accepted: Vec<&str> = vec![&column.name];
            accepted.extend(column.aliases.iter().chain(&column.aliases_in_wan).map(String::as_str));
            messages.push(format!("the required column `{}` is missing (accepted headers: {})", column.name, accepted.join(", ")));
            let free = names.iter().filter(|name| self.find(name).is_none() && !name.trim().is_empty());
            let distances = free.filter_map(|name| {
                let normal = normalise_header(name);
                let distance = accepted.iter().map(|header| strsim::damerau_levenshtein(&normal, &normalise_header(header))).min()?;
                Some((distance, name.trim(), column.name.as_str()))
            });
            candidates.extend(distances);
        }
        // Each header stands for one column: the nearest pair is taken first.
        candidates.sort_unstable();
        let mut renames: BTreeMap<&str, &str> = BTreeMap::new();
        for (_, name, column) in candidates {
            if !renames.contains_key(name) && renames.values().all(|taken| *taken != column) {
                renames.insert(name, column);
            }
        }
        if messages.is_empty() {
            return Ok(());
        }
        let place = if line > 0 { format!("header in line {line}: ") } else { String::new() };
        let error = Error::new(Kind::Source, format!("{place}{}", messages.join("; ")));
        if renames.is_empty() {
            return Err(error);
        }
        let pairs: Vec<String> = renames.iter().map(|(name, column)| format!("\"{name}\" = \"{column}\"")).collect();
        Err(error.with_hint(format!("if the headers mean that, write in kaohe.toml: columns = {{ {} }}", pairs.join(", "))))
    }
}

/// Whether one header is most of the other (`立案决定` and `立案决定意见`), or the other with a remark (`人数` and `人数(新)`).
fn is_part(one: &str, other: &str) -> bool {
    let (one_length, other_length) = (one.chars().count(), other.chars().count());
    let (short, long) = if one_length < other_length { (one, other) } else { (other, one) };
    let is_remark = |rest: &str| rest.starts_with('(') && !short.is_empty();
    let is_most = one_length.min(other_length) * 2 > one_length.max(other_length);
    is_most && long.contains(short) || long.strip_prefix(short).is_some_and(is_remark)
}

impl Headers<'_> {
    /// Whether the row is a header from which the table could be loaded.
    pub fn is_complete(&self, names: &[String]) -> bool {
        self.map(names, 0).is_ok()
    }

    /// How unlike a header is to the nearest header of a column, in thousandths.
    pub fn distance(&self, name: &str, column: usize) -> usize {
        let normal = normalise_header(name);
        let column = &self.contract.columns[column];
        let accepted =
            std::iter::once(&column.name).chain(&column.aliases).chain(&column.aliases_in_wan).map(|header| normalise_header(header));
        let likeness =
            |header: String| if is_part(&normal, &header) { 1.0 } else { strsim::normalized_damerau_levenshtein(&normal, &header) };
        1_000 - (accepted.map(likeness).fold(0.0, f64::max) * 1_000.0) as usize
    }
}

/// The failure to find any header row.
pub(super) fn none_found(rows: &[Vec<String>]) -> Error {
    if rows.is_empty() {
        return Error::new(Kind::Source, "the file is empty").with_hint("ask for it again; an extract without rows still has its header");
    }
    let first = rows.iter().map(|row| row.join(" | ")).find(|row| !row.trim().is_empty()).unwrap_or_default();
    let shown: String = first.chars().take(200).collect();
    let hint = if shown.contains('\u{fffd}') {
        "the bytes are no text in this encoding: correct or remove `encoding` in kaohe.toml, or ask for the file again"
    } else {
        "name the headers in kaohe.toml (columns = { … }), or write a mapping"
    };
    Error::new(Kind::Source, format!("none of the first {} rows holds a known header; the first is: {shown}", rows.len())).with_hint(hint)
}
