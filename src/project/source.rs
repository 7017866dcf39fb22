//! One `[[source]]` of `kaohe.toml`.
//!
//! In: the section, the project's folder, the environment passed in. Out: [`Source`]: files below an absolute root or a prefix of
//! an object store, or rows of a database ([`super::database`]); the text of its mapping. Never here: opening source data, matching globs.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::object_prefix::ObjectPrefix;
use super::{Database, PROJECT_FILE, database, read_share, stays_inside, value_of_variable};
use crate::diagnostics::Diagnostics;
use crate::document::{Placed, Section};

/// Format of a source file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// Text with delimiters.
    Csv,
    /// A workbook.
    Xlsx,
    /// One JSON object a line.
    JsonLines,
    /// Apache Parquet.
    Parquet,
}

impl Format {
    /// How `kaohe.toml` and the accounting write it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::JsonLines => "jsonl",
            Self::Parquet => "parquet",
        }
    }

    /// Whether its bytes are text of some encoding.
    pub fn is_text(self) -> bool {
        matches!(self, Self::Csv | Self::JsonLines)
    }

    /// The format that a file name's ending stands for.
    pub fn of_extension(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "csv" | "tsv" | "txt" => Some(Self::Csv),
            "xlsx" | "xlsm" => Some(Self::Xlsx),
            "jsonl" | "ndjson" => Some(Self::JsonLines),
            "parquet" => Some(Self::Parquet),
            _ => None,
        }
    }
}

/// Declared encoding of a text source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8.
    Utf8,
    /// GB18030, which includes GBK and GB2312.
    Gb18030,
    /// Western European, for foreign data only.
    Windows1252,
}

impl Encoding {
    /// How `kaohe.toml` writes it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Gb18030 => "gb18030",
            Self::Windows1252 => "windows-1252",
        }
    }
}

/// SQL that shapes raw rows into rows of the contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// Path as written.
    pub file: String,
    /// Its text.
    pub sql: String,
}

/// An object store that files come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote {
    /// What stands for the root folder.
    pub prefix: ObjectPrefix,
    /// Why the files are not here; `None` once they were fetched.
    pub missing: Option<String>,
}

/// Where one table, or a part of it, comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// Source table.
    pub table: String,
    /// File, folder or glob, relative to `root`; of a database, the name by which its rows are known.
    pub path: String,
    /// The database that holds the rows, where files don't.
    pub database: Option<Database>,
    /// Folder that the files must not leave: the project's, or the declared root; of an object store, where its files are fetched to.
    pub root: PathBuf,
    /// The object store that the files come from, where the declared root names one.
    pub remote: Option<Remote>,
    /// Declared format; else by the file name's ending.
    pub format: Option<Format>,
    /// Declared encoding; else recognised.
    pub encoding: Option<Encoding>,
    /// Declared delimiter; else recognised.
    pub delimiter: Option<u8>,
    /// Declared worksheet; else the first visible one with a recognised header.
    pub sheet: Option<String>,
    /// Mapping SQL.
    pub mapping: Option<Mapping>,
    /// Above this share of quarantined rows the table is held; without one, the contract of the table says it.
    pub max_quarantine_rate: Option<f64>,
    /// Fewer rows than last time by more than this share: the table is held.
    pub max_shrink: f64,
    /// Renamed headers: header → column (or an accepted header); an empty text ignores the column.
    pub columns: BTreeMap<String, String>,
    /// Further labels: column → label → code.
    pub codes: BTreeMap<String, BTreeMap<String, String>>,
    /// What an empty or missing cell of a column means in this source: column → value, as the source would write it.
    pub constants: BTreeMap<String, String>,
    /// Columns that this source gave once and gives no more; without a word here their loss holds the table.
    pub dropped: Vec<String>,
    /// Where its words stand in `kaohe.toml`.
    pub places: SourcePlaces,
}

/// The bytes of `kaohe.toml` where a source's words stand, for whoever judges them by the table's contract.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SourcePlaces {
    /// Of the table's name.
    pub table: Range<usize>,
    /// Of what a header is renamed to, by header.
    pub columns: BTreeMap<String, Range<usize>>,
    /// Of a constant, by column.
    pub constants: BTreeMap<String, Range<usize>>,
    /// Of a dropped column, by column.
    pub dropped: BTreeMap<String, Range<usize>>,
    /// Of a code, by column and label.
    pub codes: BTreeMap<(String, String), Range<usize>>,
}

/// `codes` of one source, and where each code stands.
#[derive(Debug, Clone, Default)]
pub(super) struct Codes {
    by_column: BTreeMap<String, BTreeMap<String, String>>,
    places: BTreeMap<(String, String), Range<usize>>,
}

pub(super) fn read_source(
    section: &mut Section<'_>,
    directory: &Path,
    environment: &BTreeMap<String, String>,
    codes: Codes,
    diagnostics: &mut Diagnostics,
) -> Option<Placed<Source>> {
    let table = section.required_text("table", diagnostics);
    let is_database = section.place("database").is_some();
    database::refuse_foreign_keys(section, is_database, diagnostics);
    let (path, root, database) = if is_database {
        let (path, database) = database::read(section, directory, environment, diagnostics).unzip();
        (path, Some((directory.to_owned(), None)), database)
    } else {
        let path = section.required_text("path", diagnostics).filter(|placed| is_inside(placed, diagnostics));
        (path, read_root(section, directory, environment, diagnostics), None)
    };
    let formats = [("csv", Format::Csv), ("xlsx", Format::Xlsx), ("jsonl", Format::JsonLines), ("parquet", Format::Parquet)];
    let format = section.word("format", &formats, diagnostics);
    let encodings = [
        ("utf-8", Encoding::Utf8),
        ("utf8", Encoding::Utf8),
        ("gb18030", Encoding::Gb18030),
        ("gbk", Encoding::Gb18030),
        ("gb2312", Encoding::Gb18030),
        ("windows-1252", Encoding::Windows1252),
        ("latin-1", Encoding::Windows1252),
    ];
    let encoding = section.word("encoding", &encodings, diagnostics);
    let delimiter = section.text("delimiter", diagnostics).and_then(|placed| read_delimiter(&placed, diagnostics));
    let sheet = section.text("sheet", diagnostics).map(|placed| placed.value);
    let mapping = match section.text("mapping", diagnostics) {
        Some(placed) => Some(read_mapping(&placed, directory, diagnostics)?),
        None => None,
    };
    let max_quarantine_rate = read_share(section, "max_quarantine_rate", diagnostics);
    let max_shrink = read_share(section, "max_shrink", diagnostics).unwrap_or(0.30);
    let mut pairs = |key| -> (BTreeMap<String, String>, BTreeMap<String, Range<usize>>) {
        let rows = section.free_table(key, diagnostics).into_iter();
        let pairs = rows.filter_map(|(name, values)| Some((name.value, values.into_iter().next()?)));
        pairs.map(|(name, placed)| ((name.clone(), placed.value), (name, placed.span))).unzip()
    };
    let ((columns, column_places), (constants, constant_places)) = (pairs("columns"), pairs("constants"));
    let dropped = section.texts("dropped", diagnostics);
    // `codes` nests one level deeper than a free table; `read_codes` has read it already, this only marks it as known.
    section.text("codes", &mut Diagnostics::default());
    let span = path.as_ref().map_or(section.span(), |path| path.span.clone());
    let (table, (root, remote)) = (table?, root?);
    let places = SourcePlaces {
        table: table.span.clone(),
        columns: column_places,
        constants: constant_places,
        dropped: dropped.iter().map(|placed| (placed.value.clone(), placed.span.clone())).collect(),
        codes: codes.places,
    };
    let source = Source {
        table: table.value,
        path: path?.value,
        database,
        root,
        remote,
        format,
        encoding,
        delimiter,
        sheet,
        mapping,
        max_quarantine_rate,
        max_shrink,
        columns,
        codes: codes.by_column,
        constants,
        dropped: dropped.into_iter().map(|placed| placed.value).collect(),
        places,
    };
    Some(Placed { value: source, span })
}

pub(super) fn is_inside(placed: &Placed<String>, diagnostics: &mut Diagnostics) -> bool {
    let inside = stays_inside(&placed.value) && !placed.value.is_empty() && !ObjectPrefix::is_meant(&placed.value);
    if !inside {
        diagnostics
            .error("path-outside", PROJECT_FILE, Some(placed.span.clone()), format!("`{}` does not stay inside the project", placed.value))
            .hint("write a path relative to kaohe.toml, with `/` and without `..`; data elsewhere, also in an object store, needs `root = \"$VARIABLE\"`");
    }
    inside
}

/// The folder of the files; of an object store its address, until they are fetched.
fn read_root(
    section: &mut Section<'_>,
    directory: &Path,
    environment: &BTreeMap<String, String>,
    diagnostics: &mut Diagnostics,
) -> Option<(PathBuf, Option<Remote>)> {
    let Some(placed) = section.text("root", diagnostics) else { return Some((directory.to_owned(), None)) };
    let value = value_of_variable("root", &placed, environment, diagnostics)?;
    if !ObjectPrefix::is_meant(value) {
        return Some((PathBuf::from(value), None));
    }
    let prefix = super::read_prefix(&placed, value, environment, diagnostics)?;
    let missing = Some(format!("the files of {prefix} were not fetched yet"));
    Some((PathBuf::from(prefix.to_string()), Some(Remote { prefix, missing })))
}

fn read_delimiter(placed: &Placed<String>, diagnostics: &mut Diagnostics) -> Option<u8> {
    match placed.value.as_bytes() {
        [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r' | 0) => Some(*byte),
        _ => {
            let message = format!("`{}` is not a delimiter: it must be one ASCII character", placed.value);
            diagnostics.error("delimiter-form", PROJECT_FILE, Some(placed.span.clone()), message);
            None
        }
    }
}

fn read_mapping(placed: &Placed<String>, directory: &Path, diagnostics: &mut Diagnostics) -> Option<Mapping> {
    let sql = is_inside(placed, diagnostics).then(|| read_sql(placed, "mapping", directory, diagnostics))??;
    Some(Mapping { file: placed.value.clone(), sql })
}

/// The text of a file of the project that a source names as its mapping or query.
pub(super) fn read_sql(placed: &Placed<String>, what: &str, directory: &Path, diagnostics: &mut Diagnostics) -> Option<String> {
    match std::fs::read_to_string(directory.join(&placed.value)) {
        Ok(sql) => Some(sql),
        Err(error) => {
            let message = format!("the {what} `{}` can't be read: {error}", placed.value);
            let rule = if what == "mapping" { "mapping-missing" } else { "query-missing" };
            diagnostics.error(rule, PROJECT_FILE, Some(placed.span.clone()), message);
            None
        }
    }
}

/// `codes.<column> = { label = code }` of every `[[source]]`, by its position.
pub(super) fn read_codes(text: &str, diagnostics: &mut Diagnostics) -> BTreeMap<usize, Codes> {
    let mut all = BTreeMap::new();
    let Ok(document) = DeTable::parse(text) else { return all };
    let sources = document.get_ref().get("source").and_then(|value| value.get_ref().as_array());
    // Only tables are counted, as `Section::sections` counts them.
    let tables = sources.into_iter().flat_map(|array| array.iter()).filter_map(|item| item.get_ref().as_table());
    for (index, table) in tables.enumerate() {
        let Some(codes) = table.get("codes") else { continue };
        let mut wrong = |span| {
            diagnostics
                .error("codes-form", PROJECT_FILE, Some(span), "`codes` holds, for each column, a table of labels and codes")
                .hint("write codes.outcome = { \"罚了\" = \"penalty\" }");
        };
        let Some(columns) = codes.get_ref().as_table() else {
            wrong(codes.span());
            continue;
        };
        let mut read = Codes::default();
        for (column, labels) in columns.iter() {
            let Some(labels) = labels.get_ref().as_table() else {
                wrong(column.span());
                continue;
            };
            for (label, code) in labels.iter() {
                match code.get_ref() {
                    DeValue::String(text) => {
                        let (column, label) = (column.get_ref().to_string(), label.get_ref().to_string());
                        read.places.insert((column.clone(), label.clone()), code.span());
                        read.by_column.entry(column).or_default().insert(label, text.to_string());
                    }
                    _ => wrong(label.span()),
                }
            }
        }
        all.insert(index, read);
    }
    all
}

pub(super) fn report_repeated(sources: &[Placed<Source>], diagnostics: &mut Diagnostics) {
    let mut seen = BTreeSet::new();
    for placed in sources {
        let source = &placed.value;
        if !seen.insert((&source.table, &source.path, &source.root, &source.sheet, source.mapping.as_ref().map(|mapping| &mapping.file))) {
            let message = format!("`{}` is loaded from `{}` twice", source.table, source.path);
            diagnostics.error("duplicate-source", PROJECT_FILE, Some(placed.span.clone()), message);
        }
    }
}
