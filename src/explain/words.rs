//! Chinese words for the columns that decide and for the codes in a record's key.
//!
//! In: an indicator, the headers of its populations (`[columns]`), the contracts of the source tables below. Out: [`Words`]; diagnostics
//! where a word is missing or can't be used. Never here: data, words of result tables ([`super::codes`] has those).
//!
//! A derived column has its words in the header of the population that makes it; a source column is called what its contract says.

use std::collections::BTreeMap;

use datafusion::prelude::SessionContext;
use jiff::civil::date;

use super::records::Record;
use super::rows::{IndicatorRows, rows_of};
use crate::compute::populations::{Dependencies, names_read};
use crate::compute::run::moment_of;
use crate::diagnostics::Diagnostics;
use crate::error::{Context, Kind, Result};
use crate::functions::parse_bound;
use crate::library::Library;
use crate::library::contract::Column;
use crate::library::indicator::{Indicator, Population, Window, span_of_word};

/// What separates the parts of a key that is made of several.
const KEY_SEPARATOR: &str = " / ";

/// What stands on a page for names and codes of one indicator's records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words {
    /// Column → its words, and labels of its codes.
    facts: BTreeMap<String, (String, BTreeMap<String, String>)>,
    /// Code of an exclusion → sentence.
    exclusions: BTreeMap<String, String>,
    /// Code that may be a part of a key → label.
    in_keys: BTreeMap<String, String>,
}

impl Words {
    /// The words for an indicator's rows.
    pub fn of(
        context: &SessionContext,
        library: &Library,
        dependencies: &Dependencies,
        indicator: &Indicator,
        rows: &IndicatorRows,
    ) -> Self {
        let known = Known::of(context, library, dependencies, indicator);
        let of_fact = |name: &String| {
            let labels = known.source_column(name).into_iter().flat_map(labels).collect();
            (name.clone(), (known.word(name).unwrap_or_else(|| name.clone()), labels))
        };
        let of_table = |table: &String| library.tables.get(table).map(|table| table.columns.as_slice()).unwrap_or_default();
        let mut in_keys = BTreeMap::new();
        for (code, label) in known.tables.iter().flat_map(of_table).flat_map(labels) {
            in_keys.entry(code).or_insert(label);
        }
        let read = names_read(context, &indicator.sql).unwrap_or_default();
        Self {
            facts: rows.facts.iter().map(of_fact).collect(),
            exclusions: read.iter().flat_map(|name| dependencies.exclusions_of(library, name)).collect(),
            in_keys,
        }
    }

    /// What a column is called.
    pub fn column<'a>(&'a self, name: &'a str) -> &'a str {
        self.facts.get(name).map_or(name, |(word, _)| word)
    }

    /// The label of a code in a column; other values as they are.
    pub fn value<'a>(&'a self, column: &str, value: &'a str) -> &'a str {
        self.facts.get(column).and_then(|(_, labels)| labels.get(value)).map_or(value, String::as_str)
    }

    /// Why a row is left out.
    pub fn exclusion<'a>(&'a self, code: &'a str) -> &'a str {
        self.exclusions.get(code).map_or(code, String::as_str)
    }

    /// A record's key, its parts that are codes in words.
    pub fn key(&self, key: &str) -> String {
        let part = |part: &str| self.in_keys.get(part).map_or_else(|| part.to_owned(), String::clone);
        key.split(KEY_SEPARATOR).map(part).collect::<Vec<_>>().join(KEY_SEPARATOR)
    }

    /// What decides a record, as (words of the column, value in words).
    pub fn facts(&self, record: &Record) -> Vec<(String, String)> {
        let known = record.facts.iter().filter(|(name, _)| self.facts.contains_key(*name));
        known.map(|(name, value)| (self.column(name).to_owned(), self.value(name, value).to_owned())).collect()
    }
}

fn labels(column: &Column) -> impl Iterator<Item = (String, String)> {
    column.codes.iter().filter_map(|(code, labels)| Some((code.clone(), labels.first()?.clone())))
}

/// Where words for an indicator's columns may stand.
struct Known<'a> {
    library: &'a Library,
    tables: Vec<String>,
    derived: BTreeMap<String, String>,
}

impl<'a> Known<'a> {
    fn of(context: &SessionContext, library: &'a Library, dependencies: &Dependencies, indicator: &Indicator) -> Self {
        let read = names_read(context, &indicator.sql).unwrap_or_default();
        Self {
            library,
            tables: dependencies.tables_of(context, indicator).into_iter().collect(),
            derived: read.iter().flat_map(|name| dependencies.columns_of(library, name)).collect(),
        }
    }

    fn source_column(&self, name: &str) -> Option<&'a Column> {
        source_column(self.library, &self.tables, name)
    }

    fn word(&self, name: &str) -> Option<String> {
        // The meaning goes on with remarks for whoever fills the column.
        let of_source = || self.source_column(name)?.meaning.split(['；', '（', '，', '。']).next().map(str::to_owned);
        self.derived.get(name).cloned().or_else(of_source)
    }
}

fn source_column<'a>(library: &'a Library, tables: &[String], name: &str) -> Option<&'a Column> {
    tables.iter().find_map(|table| library.tables.get(table)?.column(name))
}

/// Says which words are missing, and which `[columns]` no page would use.
///
/// `context` is the session that [`crate::compute::check::check`] leaves: functions, empty tables, populations.
///
/// # Errors
/// Only a planner that can't be started.
pub fn check(context: &SessionContext, library: &Library, diagnostics: &mut Diagnostics) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().context(Kind::Environment, || "starting the planner")?;
    let (dependencies, _) = Dependencies::of(context, library);
    runtime.block_on(async {
        for population in library.populations.values() {
            check_population(context, library, &dependencies, population, diagnostics).await;
        }
        for indicator in library.indicators.values() {
            check_indicator(context, library, &dependencies, indicator, diagnostics).await;
        }
    });
    Ok(())
}

async fn check_population(
    context: &SessionContext,
    library: &Library,
    dependencies: &Dependencies,
    population: &Population,
    diagnostics: &mut Diagnostics,
) {
    // Without a view the population has an error of its own.
    let Ok(view) = context.table(population.name.as_str()).await else { return };
    let columns: Vec<&str> = view.schema().fields().iter().map(|field| field.name().as_str()).collect();
    let tables: Vec<String> = dependencies.tables_below(&population.name).into_iter().collect();
    for name in population.columns.keys() {
        let span = span_of_word(&population.text, 0, name);
        if !columns.contains(&name.as_str()) {
            diagnostics
                .error("unused-words", &population.file, span, format!("`{}` has no column `{name}` to give words to", population.name))
                .hint_nearest(name, columns.iter().copied());
        } else if source_column(library, &tables, name).is_some() {
            diagnostics
                .error("words-of-source", &population.file, span, format!("`{name}` is a source column and called what its contract says"))
                .hint("take the line away; `meaning` in queries/tables has its words");
        }
    }
}

async fn check_indicator(
    context: &SessionContext,
    library: &Library,
    dependencies: &Dependencies,
    indicator: &Indicator,
    diagnostics: &mut Diagnostics,
) {
    let planned = async {
        let statement = parse_bound(context, &indicator.sql, moment_of(Window::Flow, date(2026, 6, 30)))?;
        context.state().statement_to_plan(statement).await
    };
    // What does not plan has an error of its own.
    let Ok(Some(rows)) = planned.await.and_then(|plan| rows_of(&plan, library)) else { return };
    let known = Known::of(context, library, dependencies, indicator);
    let population = names_read(context, &indicator.sql).ok().and_then(|names| library.populations.get(names.first()?));
    for name in rows.facts.iter().filter(|name| known.word(name).is_none()) {
        let (file, text, offset) = population.map_or((&indicator.file, &indicator.text, indicator.sql_offset), |population| {
            (&population.file, &population.text, population.sql_offset)
        });
        diagnostics
            .error("missing-words", file, span_of_word(text, offset, name), format!("`{name}` decides `{}` and has no words", indicator.id))
            .hint(format!("add to the population's header: `-- [columns]` and `-- {name} = \"…\"`, words that the unit reads"));
    }
}
