//! Contracts of source tables: `queries/tables/<table>.toml`.
//!
//! In: one TOML text a table. Out: [`TableContract`], the only place where column types stand: reading, validation, the data
//! dictionary, the simulator, test pages and SQL completion take them from here. Never here: Arrow, files, data.

use std::collections::BTreeMap;
use std::ops::Range;

use unicode_normalization::UnicodeNormalization;

use crate::diagnostics::Diagnostics;
use crate::document::{Placed, Section, read_document};

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
}

/// What happens to a row for which a check's predicate is true.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
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
#[derive(Debug, Clone, PartialEq, Eq)]
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
}

impl TableContract {
    /// The column of that name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
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

/// Reads one contract; what is wrong with it goes to `diagnostics`.
pub fn read_contract(name: &str, file: &str, text: &str, diagnostics: &mut Diagnostics) -> Option<TableContract> {
    diagnostics.remember(file, text);
    read_document(file, text, "a table contract", 0, diagnostics, |section, diagnostics| {
        let title = section.required_text("title", diagnostics);
        let basis = section.required_text("basis", diagnostics);
        let key = section.texts("key", diagnostics);
        let month = section.text("month", diagnostics);
        let references = section.texts("references", diagnostics);
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
        key.iter().chain(&month).for_each(|placed| known(placed, diagnostics));
        for (column, first_of) in &columns {
            first_of.iter().for_each(|placed| known(placed, diagnostics));
            if names.iter().filter(|name| **name == column.name).count() > 1 {
                diagnostics.error("duplicate-column", file, Some(section.span()), format!("column `{}` stands twice", column.name));
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
        };
        report_ambiguous_headers(&contract, diagnostics);
        Some(contract)
    })
}

fn read_column(section: &mut Section<'_>, diagnostics: &mut Diagnostics) -> Option<(Column, Vec<Placed<String>>)> {
    let name = section.required_text("name", diagnostics);
    let kind = section.required_word("type", &TYPES, diagnostics);
    let required = section.boolean("required", diagnostics).unwrap_or(false);
    let first_of = section.texts("first_of", diagnostics);
    let values = |placed: Vec<Placed<String>>| placed.into_iter().map(|placed| placed.value).collect::<Vec<_>>();
    let aliases = values(section.texts("aliases", diagnostics));
    let aliases_in_wan = values(section.texts("aliases_in_wan", diagnostics));
    let meaning = section.required_text("meaning", diagnostics);
    let source = section.text("source", diagnostics).map(|placed| placed.value);
    let words = [("public", Sensitivity::Public), ("internal", Sensitivity::Internal), ("personal", Sensitivity::Personal)];
    let sensitivity = section.required_word("sensitivity", &words, diagnostics);
    let default = section.text("default", diagnostics).map(|placed| placed.value);
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
    let column = Column {
        name: name?.value,
        kind: kind?,
        required,
        first_of: first_of.iter().map(|placed| placed.value.clone()).collect(),
        aliases,
        aliases_in_wan,
        meaning: meaning?.value,
        source,
        sensitivity: sensitivity?,
        default,
        codes,
    };
    Some((column, first_of))
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
