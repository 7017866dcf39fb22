//! The database behind a `[[source]]` of `kaohe.toml`.
//!
//! In: the section, the project's folder, the environment passed in. Out: [`Database`]: which variable holds its address, which rows of
//! it are meant, in which order. Never here: connecting; an address in a message, because it holds a password.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use super::source::{is_inside, read_sql};
use super::{PROJECT_FILE, stays_inside};
use crate::diagnostics::Diagnostics;
use crate::document::{Placed, Section};

/// Rows of a database, pulled before a load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    /// The environment variable that holds the address: the name of the database wherever somebody reads of it.
    pub variable: String,
    /// The variable's value; `None` when it is not set.
    pub url: Option<ConnectionUrl>,
    /// Which rows.
    pub selection: Selection,
    /// The columns that put the rows in order.
    pub order_by: Vec<String>,
    /// What pulling them came to, once it was tried: the rows then lie as a file below the source's root, or there is a reason why not.
    pub pulled: Option<Result<(), String>>,
}

/// Which rows of a database a source means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// All rows of a table or view: its name, perhaps behind that of its schema.
    Relation(Vec<String>),
    /// What a SELECT in the database's own SQL yields.
    Query {
        /// Path as written.
        file: String,
        /// Its text.
        sql: String,
    },
}

/// `postgres://user:password@host:port/database`. It holds a password: what is printed of it hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct ConnectionUrl(String);

impl ConnectionUrl {
    /// The address, to connect and for nothing else.
    pub fn secret(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ConnectionUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

const OF_FILES: [&str; 6] = ["path", "root", "format", "encoding", "delimiter", "sheet"];
const OF_DATABASES: [&str; 3] = ["relation", "query", "order_by"];

/// Reports keys that mean nothing for a source of this kind.
pub(super) fn refuse_foreign_keys(section: &mut Section<'_>, is_database: bool, diagnostics: &mut Diagnostics) {
    let foreign: &[&'static str] = if is_database { &OF_FILES } else { &OF_DATABASES };
    let (own, hint) = match is_database {
        true => ("a source of a database", "a source is files (`path`) or rows of a database (`database`): leave the line out"),
        false => ("a source of files", "it belongs to a source with `database = \"$VARIABLE\"` and without `path`"),
    };
    for key in foreign {
        if let Some(place) = section.place(key) {
            diagnostics.error("key-of-other-source", PROJECT_FILE, Some(place), format!("`{key}` means nothing for {own}")).hint(hint);
        }
    }
}

/// Reads the keys of a database, and the name by which its rows are known: `VARIABLE/schema.view` or `VARIABLE/queries/x.sql`.
pub(super) fn read(
    section: &mut Section<'_>,
    directory: &Path,
    environment: &BTreeMap<String, String>,
    diagnostics: &mut Diagnostics,
) -> Option<(Placed<String>, Database)> {
    let variable = section.text("database", diagnostics).and_then(|placed| read_variable(&placed, diagnostics));
    let relation = section.text("relation", diagnostics);
    let query = section.text("query", diagnostics);
    let order_by = section.texts("order_by", diagnostics);
    if order_by.is_empty() {
        diagnostics
            .error("missing-key", PROJECT_FILE, Some(section.span()), "a source of a database needs the key `order_by`")
            .hint("name the columns that tell its rows apart: order_by = [\"case_id\"]");
    }
    let selected = match (relation, query) {
        (Some(relation), None) => read_relation(&relation, diagnostics).map(|selection| (relation, selection)),
        (None, Some(query)) => is_inside(&query, diagnostics)
            .then(|| read_sql(&query, "query", directory, diagnostics))
            .flatten()
            .map(|sql| (query.clone(), Selection::Query { file: query.value, sql })),
        (both, _) => {
            let says = if both.is_some() { "names both `relation` and `query`" } else { "names neither `relation` nor `query`" };
            diagnostics
                .error("source-selection", PROJECT_FILE, Some(section.span()), format!("a source of a database {says}"))
                .hint("write relation = \"schema.view\", or query = \"queries/x.sql\" for one SELECT in the database's own SQL");
            None
        }
    };
    let (variable, (name, selection)) = (variable?, selected?);
    let url = environment.get(&variable.value).filter(|value| !value.is_empty()).map(|value| ConnectionUrl(value.clone()));
    if url.is_none() {
        let says = format!("the environment variable {} is not set here: a load would hold the table", variable.value);
        diagnostics
            .warning("unset-variable", PROJECT_FILE, Some(variable.span), says)
            .hint("where kaohe loads, it holds postgres://user:password@host:5432/database");
    }
    let order_by = order_by.into_iter().map(|placed| placed.value).collect();
    let path = Placed { value: format!("{}/{}", variable.value, name.value), span: name.span };
    Some((path, Database { variable: variable.value, url, selection, order_by, pulled: None }))
}

/// The variable's name. What is written instead may be an address with a password: it is not shown, and neither is its line.
fn read_variable(placed: &Placed<String>, diagnostics: &mut Diagnostics) -> Option<Placed<String>> {
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let name = placed.value.strip_prefix('$').filter(|name| is_name(name));
    if name.is_none() {
        diagnostics
            .error("database-form", PROJECT_FILE, None, "`database` of a [[source]] is not the name of an environment variable")
            .hint(
                "write database = \"$CASES_DATABASE\", and keep the address with its password in that variable, never in a file of the project",
            );
    }
    name.map(|name| Placed { value: name.to_owned(), span: placed.span.clone() })
}

fn read_relation(placed: &Placed<String>, diagnostics: &mut Diagnostics) -> Option<Selection> {
    let parts: Vec<String> = placed.value.split('.').map(str::to_owned).collect();
    let is_name = |part: &String| !part.is_empty() && !part.contains(['"', '/']) && !part.contains(char::is_control);
    if parts.len() <= 2 && parts.iter().all(is_name) && stays_inside(&placed.value) {
        return Some(Selection::Relation(parts));
    }
    diagnostics
        .error("relation-form", PROJECT_FILE, Some(placed.span.clone()), format!("`{}` is not the name of a table or view", placed.value))
        .hint("write schema.view as the database stores it, without quotation marks; of anything else `query` selects the rows");
    None
}
