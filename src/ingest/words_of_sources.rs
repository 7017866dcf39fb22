//! What `kaohe.toml` says of a source, judged by the contract of its table.
//!
//! In: sources as written, contracts. Out: what is wrong with their words, each at its place, before any file is opened. Never here:
//! files; whether their headers are known; the SQL of mappings.

use std::collections::BTreeMap;
use std::ops::Range;

use super::columns::ColumnReader;
use super::fill;
use super::header::Headers;
use crate::diagnostics::{Diagnostics, nearest};
use crate::error::{Error, Kind, Result};
use crate::library::contract::{Column, TableContract};
use crate::project::{PROJECT_FILE, Project, Source};

/// A word that the contract does not know.
struct Fault {
    rule: &'static str,
    place: Range<usize>,
    message: String,
    hint: String,
}

/// Reports every source whose table nobody knows, or whose words do not fit its table's contract.
pub fn check_sources(project: &Project, tables: &BTreeMap<String, TableContract>, diagnostics: &mut Diagnostics) {
    for source in &project.sources {
        let Some(contract) = tables.get(&source.table) else {
            let place = Some(source.places.table.clone());
            let unknown = diagnostics.error("unknown-table", PROJECT_FILE, place, format!("there is no source table `{}`", source.table));
            let titled = tables.values().find(|contract| contract.title.contains(&source.table));
            match titled.map(|contract| contract.name.as_str()).or_else(|| nearest(&source.table, tables.keys().map(String::as_str))) {
                Some(near) => _ = unknown.hint(format!("did you mean `{near}`?")),
                None => _ = unknown.hint(format!("there are {}", tables.keys().cloned().collect::<Vec<_>>().join(", "))),
            }
            continue;
        };
        let address = source.database.as_ref().map(|database| (&database.variable, super::databases::fault_of(database.url.as_ref())));
        if let Some((variable, Some((says, hint)))) = address {
            let message = format!("the source of `{}` stands in ${variable}: {says}", contract.name);
            diagnostics.error("database-address", PROJECT_FILE, Some(source.places.table.clone()), message).hint(hint);
        }
        for Fault { rule, place, message, hint } in faults(source, contract) {
            diagnostics.error(rule, PROJECT_FILE, Some(place), message).hint(hint);
        }
    }
}

/// The first word of a source that its contract does not know.
///
/// # Errors
/// There is one.
pub(super) fn refuse(source: &Source, contract: &TableContract) -> Result<()> {
    match faults(source, contract).into_iter().next() {
        Some(Fault { message, hint, .. }) => Err(Error::new(Kind::Configuration, message).with_hint(hint)),
        None => Ok(()),
    }
}

fn faults(source: &Source, contract: &TableContract) -> Vec<Fault> {
    let of = format!("the source of `{}`", contract.name);
    let place = |places: &BTreeMap<String, Range<usize>>, name: &String| places.get(name).cloned().unwrap_or_default();
    let no_column = |place: Range<usize>, says: String, column: &str| {
        let names = contract.columns.iter().map(|column| column.name.as_str());
        let hint = nearest(column, names).map_or_else(
            || format!("queries/tables/{}.toml lists its columns, and so does `kaohe docs`", contract.name),
            |near| format!("did you mean `{near}`?"),
        );
        Fault { rule: "unknown-column", place, message: format!("{of} {says}, which is no column of it"), hint }
    };
    let mut faults = Vec::new();
    for (name, text) in &source.constants {
        let place = place(&source.places.constants, name);
        match contract.column(name) {
            None => faults.push(no_column(place, format!("has a constant for `{name}`"), name)),
            Some(column) if fill::one_value(&mut ColumnReader::new(contract, column, source), text).is_none() => {
                let message = format!("{of} gives `{name}` the constant `{text}`, which is not of its type");
                let hint = if column.codes.is_empty() { "write it as the source would".to_owned() } else { codes_of(column) };
                faults.push(Fault { rule: "constant-type", place, message, hint });
            }
            Some(_) => {}
        }
    }
    for name in source.dropped.iter().filter(|name| contract.column(name).is_none()) {
        faults.push(no_column(place(&source.places.dropped, name), format!("has dropped `{name}`"), name));
    }
    let headers = Headers::new(contract, source);
    for (header, column) in source.columns.iter().filter(|(_, column)| !column.is_empty() && headers.find(column).is_none()) {
        faults.push(no_column(place(&source.places.columns, header), format!("renames `{header}` to `{column}`"), column));
    }
    for (name, labels) in &source.codes {
        for (label, code) in labels {
            let place = source.places.codes.get(&(name.clone(), label.clone())).cloned().unwrap_or_default();
            let Some(column) = contract.column(name) else {
                faults.push(no_column(place, format!("has codes for `{name}`"), name));
                continue;
            };
            if column.codes.is_empty() {
                let message = format!("{of} has codes for `{name}`, which has no list of codes");
                let hint = "its cells are read as they are: leave the line out, or shape them with a mapping".to_owned();
                faults.push(Fault { rule: "codes-of-free-column", place, message, hint });
            } else if column.codes.iter().all(|(known, _)| known != code) {
                let message = format!("{of} reads `{label}` of `{name}` as `{code}`, which is no code of it");
                let near = nearest(code, column.codes.iter().map(|(known, _)| known.as_str()));
                let hint = near.map_or_else(|| codes_of(column), |near| format!("did you mean `{near}`? {}", codes_of(column)));
                faults.push(Fault { rule: "unknown-code", place, message, hint });
            }
        }
    }
    faults
}

fn codes_of(column: &Column) -> String {
    let codes: Vec<&str> = column.codes.iter().map(|(code, _)| code.as_str()).collect();
    format!("it is one of {}", codes.join(", "))
}
