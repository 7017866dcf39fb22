//! Completion in the shell.
//!
//! In: the line, the cursor, the catalogue. Out: what may stand there: relations after FROM, columns of the relations that the
//! statement reads, functions, keywords, names of clocks and parameters inside their functions. Never here: values of data,
//! which may be personal.

use std::ops::Range;

use reedline::{Completer, CompletionResult, Span, Suggestion};

use super::catalogue::{Catalogue, Relation};
use super::statements;

/// Offers names of the catalogue.
pub(super) struct Names {
    catalogue: Catalogue,
}

/// One offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Offer {
    pub text: String,
    pub description: String,
    /// A blank follows.
    pub is_whole: bool,
}

/// Commands of the shell with their meaning.
pub(super) const COMMANDS: [(&str, &str); 7] = [
    ("\\d", "列出源表、口径、结果表"),
    ("\\d 表名", "列出一张表的列、类型和含义"),
    ("\\all", "重新执行上一条查询，显示全部行"),
    ("\\x", "逐列竖排显示，再输入一次恢复"),
    ("\\timing", "显示或不显示用时"),
    ("\\?", "本帮助"),
    ("\\q", "退出（也可按 Ctrl-D）"),
];

const KEYWORDS: [&str; 58] = [
    "ALL",
    "AND",
    "AS",
    "ASC",
    "BETWEEN",
    "BY",
    "CASE",
    "CAST",
    "CROSS",
    "DATE",
    "DESC",
    "DESCRIBE",
    "DISTINCT",
    "ELSE",
    "END",
    "EXCEPT",
    "EXISTS",
    "EXPLAIN",
    "FALSE",
    "FILTER",
    "FIRST",
    "FROM",
    "FULL",
    "GROUP",
    "HAVING",
    "ILIKE",
    "IN",
    "INNER",
    "INTERSECT",
    "INTERVAL",
    "IS",
    "JOIN",
    "LAST",
    "LEFT",
    "LIKE",
    "LIMIT",
    "NOT",
    "NULL",
    "NULLS",
    "OFFSET",
    "ON",
    "OR",
    "ORDER",
    "OUTER",
    "OVER",
    "PARTITION",
    "QUALIFY",
    "RIGHT",
    "SELECT",
    "THEN",
    "TIMESTAMP",
    "TRUE",
    "UNION",
    "USING",
    "VALUES",
    "WHEN",
    "WHERE",
    "WITH",
];

impl Names {
    pub fn new(catalogue: Catalogue) -> Self {
        Self { catalogue }
    }

    /// The bytes that an offer replaces, and the offers, best first.
    pub fn offers(&self, text: &str, cursor: usize) -> (Range<usize>, Vec<Offer>) {
        let cursor = text.floor_char_boundary(cursor.min(text.len()));
        let before = &text[..cursor];
        if let Some(command) = before.strip_prefix('\\') {
            return self.command_offers(command, cursor);
        }
        if let Some((start, names)) = self.quoted_names(before) {
            let stem = &before[start..];
            let found = names.iter().filter(|name| begins(name, stem)).map(|name| Offer::part(name, ""));
            return (start..cursor, found.collect());
        }
        let start = before.rfind(|c: char| !is_word(c)).map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
        let stem = &before[start..];
        let statement = &text[statement_around(text, cursor)];
        if let Some(rest) = before[..start].strip_suffix('.') {
            let from = rest.rfind(|c: char| !is_word(c)).map_or(0, |at| at + rest[at..].chars().next().map_or(1, char::len_utf8));
            return (start..cursor, self.members(&rest[from..], stem, statement));
        }
        let word_before = before[..start].split_whitespace().next_back().unwrap_or("").to_ascii_uppercase();
        if matches!(word_before.as_str(), "FROM" | "JOIN" | "DESCRIBE") {
            return (start..cursor, self.relation_offers(stem));
        }
        (start..cursor, self.expression_offers(stem, statement))
    }

    fn command_offers(&self, command: &str, cursor: usize) -> (Range<usize>, Vec<Offer>) {
        match command.strip_prefix("d ") {
            Some(stem) => (cursor - stem.len()..cursor, self.relation_offers(stem)),
            None => {
                let known = COMMANDS.iter().filter(|(word, _)| !word.contains(' ') && begins(&word[1..], command));
                (0..cursor, known.map(|(word, says)| Offer::part(word, says)).collect())
            }
        }
    }

    /// The names that the quotation at the cursor may hold, when a clock or parameter is expected there.
    fn quoted_names(&self, before: &str) -> Option<(usize, &[String])> {
        let quote = before.rfind('\'')?;
        let inside = !before[quote + 1..].contains(|c: char| !is_word(c) && c != '.');
        let call = before[..quote].trim_end().strip_suffix('(')?.trim_end().to_ascii_lowercase();
        let names = match call.rsplit(|c: char| !is_word(c)).next()? {
            "due_on" | "due_at" => &self.catalogue.clocks,
            "param" => &self.catalogue.parameters,
            _ => return None,
        };
        inside.then_some((quote + 1, names.as_slice()))
    }

    /// Columns behind `alias.`, or tables behind `schema.`.
    fn members(&self, qualifier: &str, stem: &str, statement: &str) -> Vec<Offer> {
        let read = relations_read(statement);
        let name = read.iter().find(|(_, alias)| alias.eq_ignore_ascii_case(qualifier)).map_or(qualifier, |(name, _)| name.as_str());
        if let Some(relation) = self.catalogue.relation(name) {
            return columns(relation, stem);
        }
        let prefix = format!("{qualifier}.");
        let tables = self.catalogue.relations.iter().filter_map(|relation| Some((relation.name.strip_prefix(&prefix)?, relation)));
        tables.filter(|(table, _)| begins(table, stem)).map(|(table, relation)| Offer::whole(table, &relation.title)).collect()
    }

    fn relation_offers(&self, stem: &str) -> Vec<Offer> {
        let found = self.catalogue.relations.iter().filter(|relation| begins(&relation.name, stem));
        found.map(|relation| Offer::whole(&relation.name, &format!("{} {}", relation.kind.word(), relation.title))).collect()
    }

    fn expression_offers(&self, stem: &str, statement: &str) -> Vec<Offer> {
        let mut offers = Vec::new();
        let read = relations_read(statement);
        let relations: Vec<&Relation> = read.iter().filter_map(|(name, _)| self.catalogue.relation(name)).collect();
        for relation in &relations {
            offers.extend(columns(relation, stem));
        }
        offers
            .extend(read.iter().filter(|(name, alias)| alias != name && begins(alias, stem)).map(|(name, alias)| Offer::part(alias, name)));
        // Before FROM is written any column may be meant; two letters keep the list short.
        if relations.is_empty() && stem.len() >= 2 {
            self.catalogue.relations.iter().for_each(|relation| offers.extend(columns(relation, stem)));
        }
        let lower = stem.chars().next().is_some_and(|c| c.is_ascii_lowercase());
        let keywords = KEYWORDS.iter().filter(|word| !stem.is_empty() && begins(word, stem));
        offers.extend(keywords.map(|word| Offer::whole(&if lower { word.to_ascii_lowercase() } else { (*word).to_owned() }, "")));
        let functions = self.catalogue.functions.iter().filter(|name| !stem.is_empty() && begins(name, stem));
        offers.extend(functions.map(|name| Offer::part(&format!("{name}("), "函数")));
        if !stem.is_empty() {
            offers.extend(self.relation_offers(stem));
        }
        let mut seen = std::collections::BTreeSet::new();
        offers.retain(|offer| seen.insert(offer.text.clone()));
        offers
    }
}

impl Offer {
    fn whole(text: &str, description: &str) -> Self {
        Self { text: text.to_owned(), description: description.trim().to_owned(), is_whole: true }
    }

    fn part(text: &str, description: &str) -> Self {
        Self { text: text.to_owned(), description: description.trim().to_owned(), is_whole: false }
    }
}

impl Completer for Names {
    fn complete(&mut self, line: &str, pos: usize) -> CompletionResult {
        let (range, offers) = self.offers(line, pos);
        let suggestion = |offer: Offer| Suggestion {
            value: offer.text,
            description: Some(offer.description).filter(|text| !text.is_empty()),
            span: Span::new(range.start, range.end),
            append_whitespace: offer.is_whole,
            ..Suggestion::default()
        };
        CompletionResult::fresh(offers.into_iter().map(suggestion).collect::<Vec<_>>())
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn begins(name: &str, stem: &str) -> bool {
    name.get(..stem.len()).is_some_and(|start| start.eq_ignore_ascii_case(stem))
}

fn columns(relation: &Relation, stem: &str) -> Vec<Offer> {
    let found = relation.columns.iter().filter(|column| begins(&column.name, stem));
    found.map(|column| Offer::part(&column.name, &format!("{} {}", column.kind, column.meaning))).collect()
}

fn statement_around(text: &str, cursor: usize) -> Range<usize> {
    let ranges = statements::split(text);
    ranges.into_iter().rev().find(|range| range.start <= cursor).unwrap_or(0..text.len())
}

/// Relations behind FROM and JOIN with the names by which the statement calls them.
fn relations_read(statement: &str) -> Vec<(String, String)> {
    let spaced = statement.replace(',', " , ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let is_keyword = |word: &str| KEYWORDS.contains(&word.to_ascii_uppercase().as_str());
    let mut read = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let opens = matches!(words[at].to_ascii_uppercase().as_str(), "FROM" | "JOIN");
        at += 1;
        while let (true, Some(name)) = (opens, words.get(at).filter(|word| word.starts_with(is_word) && !is_keyword(word))) {
            at += 1;
            if words.get(at).is_some_and(|word| word.eq_ignore_ascii_case("as")) {
                at += 1;
            }
            let alias = words.get(at).filter(|word| word.starts_with(is_word) && !is_keyword(word));
            at += usize::from(alias.is_some());
            read.push(((*name).to_owned(), alias.unwrap_or(name).trim_end_matches(';').to_owned()));
            if words.get(at) != Some(&",") {
                break;
            }
            at += 1;
        }
    }
    read
}
