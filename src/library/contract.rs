//! Contracts of source tables: `queries/tables/<table>.toml`.
//!
//! In: one TOML text a table. Out: [`TableContract`], the only place where column types stand: reading, validation, the data
//! dictionary, the simulator, test pages and SQL completion take them from here. Never here: Arrow, files, data.

use std::collections::BTreeMap;
use std::ops::Range;

use jiff::civil::Date;
use rust_decimal::Decimal;
use unicode_normalization::UnicodeNormalization;

use crate::diagnostics::Diagnostics;
use crate::document::{Placed, Section, read_document};
use crate::terms::DOMAINS;

/// Type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ColumnType {
    /// UTF-8 text.
    Text,
    /// Civil date.
    Date,
    /// Instant, UTC microseconds, written and shown in Asia/Shanghai.
    Instant,
    /// 64-bit whole number.
    Integer,
    /// Decimal(18,2): yuan, hours, scores.
    Decimal,
    /// Truth value.
    Boolean,
    /// List of texts.
    List,
}

/// Who may see a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sensitivity {
    /// May stand in a published page.
    Public,
    /// For offices only.
    Internal,
    /// About a person: never on a page.
    Personal,
}

/// What a column says about the money that penalties take (行政处罚法 art. 74): the law's refusals follow it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Money {
    /// Nothing: hours, scores, costs, limits set beforehand.
    None,
    /// An amount fined, confiscated or paid.
    Penalty,
    /// A text that may name such an amount.
    Wording,
    /// A code or truth value that says whether there was one.
    Kind,
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// English name.
    pub name: String,
    /// Type.
    pub kind: ColumnType,
    /// A row without it is quarantined.
    pub required: bool,
    /// Filled from the first of these columns that is present.
    pub first_of: Vec<String>,
    /// The date column whose header, where it carries a time of day, fills this instant; 0:00:00 is no time of day.
    pub instant_of: Option<String>,
    /// Headers that mean this column.
    pub aliases: Vec<String>,
    /// Headers that mean this column, with amounts in 万元.
    pub aliases_in_wan: Vec<String>,
    /// Meaning, in Chinese.
    pub meaning: String,
    /// Legal or standard source.
    pub source: Option<String>,
    /// Who may see it.
    pub sensitivity: Sensitivity,
    /// Text used when the cell is empty or the column missing.
    pub default: Option<String>,
    /// Codes with the labels that offices write; empty when the column is free.
    pub codes: Vec<(String, Vec<String>)>,
    /// What it says about the money of penalties: `money`, or by its type and words.
    pub money: Money,
}

/// What happens to a row for which a check's predicate is true.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum CheckSeverity {
    /// The row stays out, with its reason.
    Quarantine,
    /// The row loads and is counted.
    Warn,
    /// The run stops.
    Stop,
}

/// A predicate that is true of bad rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Kebab or snake name, unique in the table.
    pub name: String,
    /// The sentence shown to people.
    pub says: String,
    /// Consequence.
    pub severity: CheckSeverity,
    /// SQL predicate over the table's columns, `$as_of` allowed.
    pub predicate: String,
    /// Where the predicate stands in the contract file.
    pub span: Range<usize>,
}

/// A column whose values should be found in another table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Column here.
    pub column: String,
    /// Table there.
    pub table: String,
    /// Column there.
    pub target: String,
}

/// One source table.
#[derive(Debug, Clone, PartialEq)]
pub struct TableContract {
    /// Table name = file name.
    pub name: String,
    /// The contract's file, for messages.
    pub file: String,
    /// Chinese title.
    pub title: String,
    /// Standard or legal source.
    pub basis: String,
    /// Columns that make a row unique inside an extract.
    pub key: Vec<String>,
    /// Date column that partitions; `None` for dimension tables, which are replaced as a whole.
    pub month: Option<String>,
    /// Columns, in contract order.
    pub columns: Vec<Column>,
    /// Checks, in contract order.
    pub checks: Vec<Check>,
    /// References to other tables.
    pub references: Vec<Reference>,
    /// A column whose values stay: one that was loaded once comes again in every extract, since a row of it is ended and never deleted.
    pub keeps: Option<String>,
    /// Above this share of quarantined rows the table is held, where the source says nothing else. Of lists that are kept by hand 1: one wrong line is no broken extract.
    pub max_quarantine_rate: f64,
}

/// Of an extract.
const MAX_QUARANTINE_RATE: f64 = 0.05;

/// The table of units, and its column that others refer to.
pub const REGISTRY: (&str, &str) = ("units", "unit_id");

impl TableContract {
    /// The column of that name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Whether a row without a value in `column` is set apart: it is required, or of the key, or the month.
    pub fn must_have(&self, column: &Column) -> bool {
        column.required || self.key.contains(&column.name) || self.month.as_ref() == Some(&column.name)
    }

    /// The column with the unit that answers for a row: `unit_id`, else the first text that refers to the registry of units.
    pub fn owner(&self) -> Option<&str> {
        let to_units = self.references.iter().filter(|reference| (reference.table.as_str(), reference.target.as_str()) == REGISTRY);
        let is_text = |name: &&str| self.column(name).is_some_and(|column| column.kind == ColumnType::Text);
        let mut owners = to_units.map(|reference| reference.column.as_str()).filter(is_text);
        let first = owners.clone().next();
        owners.find(|name| *name == REGISTRY.1).or(first)
    }

    /// Every accepted header, normalised by [`normalise_header`], with its column and the factor on amounts.
    pub fn headers(&self) -> BTreeMap<String, (usize, i64)> {
        let mut headers = BTreeMap::new();
        for (index, column) in self.columns.iter().enumerate() {
            headers.insert(normalise_header(&column.name), (index, 1));
            for alias in &column.aliases {
                headers.insert(normalise_header(alias), (index, 1));
            }
            for alias in &column.aliases_in_wan {
                headers.insert(normalise_header(alias), (index, 10_000));
            }
        }
        headers
    }
}

/// A header as it is compared: compatibility forms unified (full width = half width), lower case, no white space, no byte-order mark.
pub fn normalise_header(header: &str) -> String {
    header.nfkc().filter(|c| !c.is_whitespace() && *c != '\u{feff}').flat_map(char::to_lowercase).collect()
}

const TYPES: [(&str, ColumnType); 7] = [
    ("text", ColumnType::Text),
    ("date", ColumnType::Date),
    ("instant", ColumnType::Instant),
    ("integer", ColumnType::Integer),
    ("decimal", ColumnType::Decimal),
    ("boolean", ColumnType::Boolean),
    ("list", ColumnType::List),
];

fn read_rate(section: &mut Section<'_>, diagnostics: &mut Diagnostics) -> f64 {
    let Some(placed) = section.number("max_quarantine_rate", diagnostics) else { return MAX_QUARANTINE_RATE };
    let rate = placed.value.parse::<f64>().ok().filter(|rate| (0.0..=1.0).contains(rate));
    if rate.is_none() {
        let says = format!("`max_quarantine_rate` is {}, expected a share from 0 to 1", placed.value);
        diagnostics.error("contract-share", section.file(), Some(placed.span), says);
    }
    rate.unwrap_or(MAX_QUARANTINE_RATE)
}

/// Reads one contract; what is wrong with it goes to `diagnostics`.
pub fn read_contract(name: &str, file: &str, text: &str, diagnostics: &mut Diagnostics) -> Option<TableContract> {
    diagnostics.remember(file, text);
    read_document(file, text, "a table contract", 0, diagnostics, |section, diagnostics| {
        let title = section.required_text("title", diagnostics);
        let basis = section.required_text("basis", diagnostics);
        let key = section.texts("key", diagnostics);
        let month = section.text("month", diagnostics);
        let references = section.texts("references", diagnostics);
        let keeps = section.text("keeps", diagnostics);
        let max_quarantine_rate = read_rate(section, diagnostics);
        let columns = section.sections("column", diagnostics, read_column);
        let checks = section.sections("check", diagnostics, read_check);
        if key.is_empty() {
            diagnostics.error("missing-key", file, Some(0..0), "a table contract needs the key `key`, the columns that make a row unique");
        }
        let names: Vec<&str> = columns.iter().map(|(column, _)| column.name.as_str()).collect();
        let known = |placed: &Placed<String>, diagnostics: &mut Diagnostics| {
            if !names.contains(&placed.value.as_str()) {
                diagnostics
                    .error("unknown-column", file, Some(placed.span.clone()), format!("`{name}` has no column `{}`", placed.value))
                    .hint_nearest(&placed.value, names.iter().copied());
            }
        };
        key.iter().chain(&month).chain(&keeps).for_each(|placed| known(placed, diagnostics));
        for (column, columns_named) in &columns {
            columns_named.iter().for_each(|placed| known(placed, diagnostics));
            if names.iter().filter(|name| **name == column.name).count() > 1 {
                diagnostics.error("duplicate-column", file, Some(section.span()), format!("column `{}` stands twice", column.name));
            }
        }
        let kind_of = |name: &str| columns.iter().find(|(column, _)| column.name == name).map(|(column, _)| column.kind);
        let is_no_date = |name: &str| kind_of(name).is_some_and(|kind| kind != ColumnType::Date);
        if let Some(month) = month.as_ref().filter(|month| is_no_date(&month.value)) {
            let dates = columns.iter().filter(|(column, _)| column.kind == ColumnType::Date).map(|(column, _)| column.name.as_str());
            let message = format!("`month` names `{}`, which is not a date", month.value);
            diagnostics
                .error("month-type", file, Some(month.span.clone()), message)
                .hint(format!("dates of the table: {}", dates.collect::<Vec<_>>().join(", ")));
        }
        for (column, named) in columns.iter().filter(|(column, _)| column.instant_of.is_some()) {
            let of = column.instant_of.as_deref().unwrap_or_default();
            if column.kind != ColumnType::Instant || is_no_date(of) {
                let message =
                    format!("`instant_of` fills an instant from a date's header, but `{}` or `{of}` is of another type", column.name);
                diagnostics.error("instant-of-type", file, named.last().map(|placed| placed.span.clone()), message);
            }
        }
        let references = references.iter().filter_map(|placed| read_reference(placed, file, diagnostics)).collect();
        let contract = TableContract {
            name: name.to_owned(),
            file: file.to_owned(),
            title: title?.value,
            basis: basis?.value,
            key: key.into_iter().map(|placed| placed.value).collect(),
            month: month.map(|placed| placed.value),
            columns: columns.into_iter().map(|(column, _)| column).collect(),
            checks,
            references,
            keeps: keeps.map(|placed| placed.value),
            max_quarantine_rate,
        };
        report_ambiguous_headers(&contract, diagnostics);
        Some(contract)
    })
}

fn read_column(section: &mut Section<'_>, diagnostics: &mut Diagnostics) -> Option<(Column, Vec<Placed<String>>)> {
    let name = section.required_text("name", diagnostics);
    let kind = section.required_word("type", &TYPES, diagnostics);
    let required = section.boolean("required", diagnostics).unwrap_or(false);
    let mut columns_named = section.texts("first_of", diagnostics);
    let first_of = columns_named.iter().map(|placed| placed.value.clone()).collect();
    let instant_of = section.text("instant_of", diagnostics);
    let values = |placed: Vec<Placed<String>>| placed.into_iter().map(|placed| placed.value).collect::<Vec<_>>();
    let aliases = values(section.texts("aliases", diagnostics));
    let aliases_in_wan = values(section.texts("aliases_in_wan", diagnostics));
    let meaning = section.required_text("meaning", diagnostics);
    let source = section.text("source", diagnostics).map(|placed| placed.value);
    let words = [("public", Sensitivity::Public), ("internal", Sensitivity::Internal), ("personal", Sensitivity::Personal)];
    let sensitivity = section.required_word("sensitivity", &words, diagnostics);
    let default = section.text("default", diagnostics);
    let mut codes = Vec::new();
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    for (code, labels) in section.free_table("enum", diagnostics) {
        for label in labels.iter().map(|label| &label.value).chain([&code.value]) {
            match seen.insert(normalise_header(label), code.value.clone()) {
                Some(other) if other != code.value => {
                    diagnostics.error(
                        "ambiguous-label",
                        section.file(),
                        Some(code.span.clone()),
                        format!("the label `{label}` stands for both `{other}` and `{}`", code.value),
                    );
                }
                _ => {}
            }
        }
        codes.push((code.value, values(labels)));
    }
    let marks = [("none", Money::None), ("penalty", Money::Penalty), ("wording", Money::Wording), ("kind", Money::Kind)];
    let marked = section.word("money", &marks, diagnostics);
    let mut column = Column {
        name: name?.value,
        kind: kind?,
        required,
        first_of,
        instant_of: instant_of.as_ref().map(|placed| placed.value.clone()),
        aliases,
        aliases_in_wan,
        meaning: meaning?.value,
        source,
        sensitivity: sensitivity?,
        default: default.as_ref().map(|placed| placed.value.clone()),
        codes,
        money: Money::None,
    };
    column.money = marked.unwrap_or_else(|| money_by_words(&column));
    if marked == Some(Money::None) && column.kind != ColumnType::Text && column.speaks_of_penalty_money() {
        let message = format!("`{}` is marked as no money of penalties, but its own words say that it is", column.name);
        diagnostics.error("wrong-money-mark", section.file(), Some(section.span()), message).hint(
            "`penalty`: an amount fined, confiscated or paid; `wording`: a text that may name one; `kind`: whether there was one; `none`: neither",
        );
    }
    report_wrong_default(&column, default.as_ref(), section.file(), diagnostics);
    report_unknown_domains(&column, section, diagnostics);
    columns_named.extend(instant_of);
    Some((column, columns_named))
}

/// Kinds of penalty that take money.
pub const MONEY_KINDS: [&str; 3] = ["fine", "confiscate_gains", "confiscate_property"];
/// Words for what a penalty takes.
const MONEY_WORDS: [&str; 7] = ["罚款", "罚没", "没收", "罚金", "罚缴", "实缴", "缴库"];
/// Words for the texts and codes of a penalty, which may name a fine.
const PENALTY_WORDS: [&str; 5] = ["处罚内容", "处罚结果", "处罚种类", "处罚类别", "处罚方式"];
/// Words for what is fixed before any case: no merit lies in a limit.
const LIMIT_WORDS: [&str; 3] = ["下限", "上限", "基准"];

impl Column {
    fn is_called(&self, words: &[&str]) -> bool {
        let said = std::iter::once(&self.meaning).chain(&self.aliases).chain(&self.aliases_in_wan);
        said.into_iter().any(|text| words.iter().any(|word| text.contains(word)))
    }

    fn speaks_of_penalty_money(&self) -> bool {
        let named = self.name.split('_').any(|part| ["fine", "fines", "fined", "confiscated", "confiscation"].contains(&part));
        (named || self.is_called(&MONEY_WORDS)) && !self.is_called(&LIMIT_WORDS)
    }
}

/// Without a mark a decimal is an amount, so that a new column of money under any name is one: what measures something else says so.
fn money_by_words(column: &Column) -> Money {
    let in_yuan = column.meaning.contains('元') || !column.aliases_in_wan.is_empty();
    match column.kind {
        ColumnType::Decimal if !column.is_called(&LIMIT_WORDS) => Money::Penalty,
        ColumnType::Integer if column.speaks_of_penalty_money() || in_yuan && !column.is_called(&LIMIT_WORDS) => Money::Penalty,
        ColumnType::Boolean if column.speaks_of_penalty_money() => Money::Kind,
        ColumnType::Text | ColumnType::List if !column.codes.is_empty() => {
            let takes_money = column.codes.iter().any(|(code, _)| MONEY_KINDS.contains(&code.as_str()));
            if takes_money || column.is_called(&PENALTY_WORDS) { Money::Kind } else { Money::None }
        }
        ColumnType::Text if column.speaks_of_penalty_money() || column.is_called(&PENALTY_WORDS) => Money::Wording,
        ColumnType::List if column.speaks_of_penalty_money() || column.is_called(&PENALTY_WORDS) => Money::Kind,
        _ => Money::None,
    }
}

/// A default is written as the column's values are: plain, or one of its codes or labels.
fn report_wrong_default(column: &Column, default: Option<&Placed<String>>, file: &str, diagnostics: &mut Diagnostics) {
    let Some(default) = default else { return };
    let text = default.value.as_str();
    let spellings = || column.codes.iter().flat_map(|(code, labels)| labels.iter().chain([code]));
    let is_code = |item: &str| column.codes.is_empty() || spellings().any(|label| normalise_header(label) == normalise_header(item));
    let fits = match column.kind {
        ColumnType::Text => is_code(text),
        ColumnType::List => text.split(';').all(is_code),
        ColumnType::Date => text.parse::<Date>().is_ok(),
        ColumnType::Instant => text.parse::<jiff::civil::DateTime>().is_ok(),
        ColumnType::Integer => text.parse::<i64>().is_ok(),
        ColumnType::Decimal => text.parse::<Decimal>().is_ok_and(|amount| amount.normalize().scale() <= 2),
        ColumnType::Boolean => matches!(text, "true" | "false"),
    };
    if fits {
        return;
    }
    let span = Some(default.span.clone());
    let said = diagnostics.error("wrong-default", file, span, format!("the default `{text}` of `{}` is no value of it", column.name));
    match column.kind {
        ColumnType::Text | ColumnType::List => said.hint_nearest(text, column.codes.iter().map(|(code, _)| code.as_str())),
        ColumnType::Date => said.hint("write a day as 2026-03-07"),
        ColumnType::Instant => said.hint("write an instant as 2026-03-07T09:00"),
        ColumnType::Integer => said.hint("write a whole number"),
        ColumnType::Decimal => said.hint("write a number with at most two decimals"),
        ColumnType::Boolean => said.hint("write true or false"),
    };
}

/// Clocks and parameters are looked up by the row's domain: a contract may not have a code of its own. `*` stands for all.
fn report_unknown_domains(column: &Column, section: &Section<'_>, diagnostics: &mut Diagnostics) {
    if column.name != "domain" {
        return;
    }
    for (code, _) in column.codes.iter().filter(|(code, _)| code != "*" && !DOMAINS.contains(&code.as_str())) {
        let message = format!("there is no domain `{code}`, expected {}", DOMAINS.join(", "));
        diagnostics.error("unknown-domain", section.file(), Some(section.span()), message).hint_nearest(code, DOMAINS);
    }
}

fn read_check(section: &mut Section<'_>, diagnostics: &mut Diagnostics) -> Option<Check> {
    let name = section.required_text("name", diagnostics);
    let says = section.required_text("says", diagnostics);
    let words = [("quarantine", CheckSeverity::Quarantine), ("warn", CheckSeverity::Warn), ("stop", CheckSeverity::Stop)];
    let severity = section.required_word("severity", &words, diagnostics);
    let predicate = section.required_text("where", diagnostics);
    let predicate = predicate?;
    Some(Check { name: name?.value, says: says?.value, severity: severity?, predicate: predicate.value, span: predicate.span })
}

fn read_reference(placed: &Placed<String>, file: &str, diagnostics: &mut Diagnostics) -> Option<Reference> {
    let parsed = placed.value.split_once("->").and_then(|(column, target)| {
        let (table, target) = target.trim().split_once('.')?;
        Some(Reference { column: column.trim().to_owned(), table: table.to_owned(), target: target.to_owned() })
    });
    if parsed.is_none() {
        diagnostics
            .error("reference-form", file, Some(placed.span.clone()), format!("`{}` is not a reference", placed.value))
            .hint("write it as unit_id -> units.unit_id");
    }
    parsed
}

fn report_ambiguous_headers(contract: &TableContract, diagnostics: &mut Diagnostics) {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for column in &contract.columns {
        for header in std::iter::once(&column.name).chain(&column.aliases).chain(&column.aliases_in_wan) {
            match seen.insert(normalise_header(header), &column.name) {
                Some(other) if other != column.name => {
                    diagnostics.error(
                        "ambiguous-header",
                        &contract.file,
                        None,
                        format!("the header `{header}` means both `{other}` and `{}`", column.name),
                    );
                }
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTRACT: &str = r#"
title = "检查"
basis = "测试"
key = ["visit_id"]
month = "checked_on"
[[column]]
name = "visit_id"
type = "text"
required = true
meaning = "编号"
sensitivity = "internal"
[[column]]
name = "domain"
type = "text"
default = "other"
meaning = "领域"
sensitivity = "internal"
[column.enum]
market = ["市场监管"]
other = ["其他"]
[[column]]
name = "checked_on"
type = "date"
default = "2000-01-01"
meaning = "检查日期"
sensitivity = "internal"
[[column]]
name = "checked_from"
type = "instant"
instant_of = "checked_on"
meaning = "检查开始的时刻"
sensitivity = "internal"
[[column]]
name = "problems"
type = "integer"
default = "0"
meaning = "问题数"
sensitivity = "internal"
"#;

    fn said(text: &str) -> (Vec<&'static str>, String) {
        let mut diagnostics = Diagnostics::default();
        read_contract("visits", "queries/tables/visits.toml", text, &mut diagnostics);
        (diagnostics.sorted().iter().map(|item| item.name).collect(), diagnostics.to_text())
    }

    #[track_caller]
    fn refused(from: &str, to: &str, name: &str, words: &[&str]) {
        assert!(CONTRACT.contains(from), "{from}");
        let (names, rendered) = said(&CONTRACT.replacen(from, to, 1));
        assert_eq!(names, [name], "{rendered}");
        words.iter().for_each(|word| assert!(rendered.contains(word), "`{word}` is missing in: {rendered}"));
    }

    #[test]
    fn a_contract_that_holds_to_the_rules_has_no_diagnostics() {
        assert_eq!(said(CONTRACT).1, "");
    }

    #[test]
    fn a_month_is_cut_by_a_date() {
        refused("month = \"checked_on\"", "month = \"domain\"", "month-type", &["visits.toml:5:9", "dates of the table: checked_on"]);
        refused("month = \"checked_on\"", "month = \"checked_from\"", "month-type", &["`checked_from`, which is not a date"]);
    }

    #[test]
    fn a_default_is_a_value_of_its_column() {
        refused("default = \"0\"", "default = \"none\"", "wrong-default", &["the default `none` of `problems`", "write a whole number"]);
        refused(
            "default = \"2000-01-01\"",
            "default = \"2000-13-01\"",
            "wrong-default",
            &["visits.toml:24:11", "write a day as 2026-03-07"],
        );
        refused("default = \"other\"", "default = \"othr\"", "wrong-default", &["did you mean `other`?"]);
        assert_eq!(said(&CONTRACT.replacen("default = \"other\"", "default = \"其他\"", 1)).1, "", "a label is a value too");
    }

    #[test]
    fn a_contract_has_no_domain_of_its_own() {
        refused("market = [", "makret = [", "unknown-domain", &["there is no domain `makret`", "did you mean `market`?"]);
    }

    #[test]
    fn a_time_of_day_is_taken_from_a_date_by_an_instant() {
        refused("instant_of = \"checked_on\"", "instant_of = \"chcked_on\"", "unknown-column", &["did you mean `checked_on`?"]);
        refused("instant_of = \"checked_on\"", "instant_of = \"problems\"", "instant-of-type", &["visits.toml:30:14"]);
    }
}
