//! `kaohe.toml` → [`Project`]: what to load from where, which scheme to assess with, who is told, how long results stay, where they are sent.
//!
//! In: the project's folder and the few environment variables that `cli` passes in. Out: the project, with every path
//! checked to stay inside its folder (or a declared root); diagnostics for whatever is wrong with the text. Never here:
//! source data (that is [`crate::ingest`]), the library, the process environment.

mod database;
mod object_prefix;
mod source;

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::str::FromStr;

use crate::diagnostics::Diagnostics;
use crate::document::{Placed, Section, read_document};
use crate::error::{Context, Kind, Result};
use crate::terms::Period;

pub use database::{ConnectionUrl, Database, Selection};
pub use object_prefix::{ObjectPrefix, PATIENCE};
pub use source::{Encoding, Format, Mapping, Remote, Source, SourcePlaces};

/// The file that makes a folder a project.
pub const PROJECT_FILE: &str = "kaohe.toml";

/// One project.
#[derive(Debug, Clone, PartialEq)]
pub struct Project {
    /// The folder of `kaohe.toml`.
    pub directory: PathBuf,
    /// Name shown on every page.
    pub name: String,
    /// Name of the scheme: `queries/schemes/<scheme>.toml`.
    pub scheme: String,
    /// Period assessed when the command line names none.
    pub period: Option<Period>,
    /// Whether only what the scheme scores or shows is computed, instead of the whole library.
    pub only_of_scheme: bool,
    /// More than this share of indicators held keeps the whole run back.
    pub hold_max_share: f64,
    /// A sentence at the head of every page, whoever reads it; empty when there is none.
    pub notice: String,
    /// Who is told how a night ended.
    pub hooks: Hooks,
    /// How long results stay.
    pub retention: Retention,
    /// Where results are sent besides.
    pub publish: Option<Publish>,
    /// What to load, as written.
    pub sources: Vec<Source>,
}

/// Commands of the shell that are called when a run or load has ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hooks {
    /// Everything was published.
    pub success: Option<String>,
    /// It ran, and something is held, has failed, or was kept back.
    pub held: Option<String>,
    /// It stopped on an error.
    pub failure: Option<String>,
}

/// How long what nights left stays; what has no number of days stays for ever.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Retention {
    /// Days after which a run's tables and pages may go, and with them the versions of the lake that it alone has read.
    pub runs_days: Option<u32>,
    /// Days after which refused records may go, of runs that stay as well.
    pub quarantine_days: Option<u32>,
}

/// The object store to which published results are sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publish {
    /// Below it stand `lake/`, `runs/`, `texts/` and `current.json`.
    pub to: ObjectPrefix,
    /// Somebody vouches that nobody else writes there: a store that can't refuse a second writer is trusted.
    pub single_writer: bool,
}

impl Project {
    /// Reads `kaohe.toml` in `directory`; `None` when its text has errors, which then stand in `diagnostics`.
    ///
    /// `environment` holds the variables that a `root` and `[publish]` may name, and what an object store's client takes from it.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn read(directory: &Path, environment: &BTreeMap<String, String>, diagnostics: &mut Diagnostics) -> Result<Option<Self>> {
        let path = directory.join(PROJECT_FILE);
        let text = std::fs::read_to_string(&path).context(Kind::Configuration, || format!("reading {}", path.display()))?;
        diagnostics.remember(PROJECT_FILE, &text);
        let errors_before = diagnostics.errors();
        let codes = source::read_codes(&text, diagnostics);
        let project = read_document(PROJECT_FILE, &text, "a project", 0, diagnostics, |section, diagnostics| {
            let name = section.required_text("name", diagnostics);
            let scheme = section.required_text("scheme", diagnostics);
            let period = section.text("period", diagnostics).and_then(|placed| read_period(&placed, diagnostics));
            let only_of_scheme = section.section("library", diagnostics, |library, diagnostics| {
                library.word("indicators", &[("all", false), ("scheme", true)], diagnostics)
            });
            let hold = section.section("hold", diagnostics, |hold, diagnostics| read_share(hold, "max_share", diagnostics));
            let notice = section.section("report", diagnostics, read_notice);
            let hooks = section.section("hooks", diagnostics, |hooks, diagnostics| {
                let [success, held, failure] =
                    ["success", "held", "failure"].map(|key| hooks.text(key, diagnostics).map(|placed| placed.value));
                Some(Hooks { success, held, failure })
            });
            let retention = section.section("retention", diagnostics, |retention, diagnostics| {
                let [runs_days, quarantine_days] = ["runs_days", "quarantine_days"].map(|key| read_days(retention, key, diagnostics));
                Some(Retention { runs_days, quarantine_days })
            });
            let publish = section.section("publish", diagnostics, |section, diagnostics| read_publish(section, environment, diagnostics));
            let mut index = 0;
            let sources = section.sections("source", diagnostics, |section, diagnostics| {
                let codes = codes.get(&index).cloned().unwrap_or_default();
                index += 1;
                source::read_source(section, directory, environment, codes, diagnostics)
            });
            source::report_repeated(&sources, diagnostics);
            Some(Self {
                directory: directory.to_owned(),
                name: name?.value,
                scheme: scheme?.value,
                period,
                only_of_scheme: only_of_scheme.unwrap_or(false),
                hold_max_share: hold.unwrap_or(0.25),
                notice: notice.unwrap_or_default(),
                hooks: hooks.unwrap_or_default(),
                retention: retention.unwrap_or_default(),
                publish,
                sources: sources.into_iter().map(|placed| placed.value).collect(),
            })
        });
        Ok(project.filter(|_| diagnostics.errors() == errors_before))
    }

    /// The sources of one table, in the order written.
    pub fn sources_of(&self, table: &str) -> Vec<Source> {
        self.sources.iter().filter(|source| source.table == table).cloned().collect()
    }
}

fn read_period(placed: &Placed<String>, diagnostics: &mut Diagnostics) -> Option<Period> {
    match Period::from_str(&placed.value) {
        Ok(period) => Some(period),
        Err(message) => {
            diagnostics.error("period-form", PROJECT_FILE, Some(placed.span.clone()), message);
            None
        }
    }
}

/// What pages say of themselves: one line, so that it stays a sentence at their head.
fn read_notice(section: &mut Section<'_>, diagnostics: &mut Diagnostics) -> Option<String> {
    let placed = section.text("notice", diagnostics)?;
    let text = placed.value.trim();
    if text.is_empty() || text.chars().any(char::is_control) {
        diagnostics
            .error("notice-form", PROJECT_FILE, Some(placed.span), "`notice` is one sentence on one line")
            .hint("without the key, pages have no notice");
        return None;
    }
    Some(text.to_owned())
}

fn read_publish(section: &mut Section<'_>, environment: &BTreeMap<String, String>, diagnostics: &mut Diagnostics) -> Option<Publish> {
    let single_writer = section.boolean("single_writer", diagnostics).unwrap_or(false);
    let placed = section.required_text("to", diagnostics)?;
    let value = value_of_variable("to", &placed, environment, diagnostics)?;
    Some(Publish { to: read_prefix(&placed, value, environment, diagnostics)?, single_writer })
}

/// What the environment variable holds that a key names: paths and addresses of a machine stand outside the project.
fn value_of_variable<'a>(
    key: &str,
    placed: &Placed<String>,
    environment: &'a BTreeMap<String, String>,
    diagnostics: &mut Diagnostics,
) -> Option<&'a str> {
    let Some(variable) = placed.value.strip_prefix('$') else {
        diagnostics
            .error(
                "root-form",
                PROJECT_FILE,
                Some(placed.span.clone()),
                format!("`{}` is not the name of an environment variable", placed.value),
            )
            .hint(format!("write {key} = \"$KAOHE_DATA\""));
        return None;
    };
    let value = environment.get(variable).filter(|value| !value.is_empty());
    if value.is_none() {
        diagnostics
            .error("unset-variable", PROJECT_FILE, Some(placed.span.clone()), format!("the environment variable {variable} is not set"))
            .hint_nearest(variable, environment.keys().map(String::as_str));
    }
    value.map(String::as_str)
}

/// The address that a variable holds.
fn read_prefix(
    placed: &Placed<String>,
    value: &str,
    environment: &BTreeMap<String, String>,
    diagnostics: &mut Diagnostics,
) -> Option<ObjectPrefix> {
    let read = ObjectPrefix::read(value, environment);
    if let Err(says) = &read {
        diagnostics
            .error("store-form", PROJECT_FILE, Some(placed.span.clone()), format!("`{}` names no object store: {says}", placed.value))
            .hint("the variable holds s3://bucket/prefix");
    }
    read.ok()
}

/// A share between 0 and 1.
fn read_share(section: &mut Section<'_>, key: &'static str, diagnostics: &mut Diagnostics) -> Option<f64> {
    let placed = section.number(key, diagnostics)?;
    match placed.value.parse::<f64>() {
        Ok(share) if (0.0..=1.0).contains(&share) => Some(share),
        _ => {
            diagnostics
                .error(
                    "share-range",
                    PROJECT_FILE,
                    Some(placed.span),
                    format!("`{key}` is {}, but a share lies between 0 and 1", placed.value),
                )
                .hint("write 5 % as 0.05");
            None
        }
    }
}

/// A number of days, at least one.
fn read_days(section: &mut Section<'_>, key: &'static str, diagnostics: &mut Diagnostics) -> Option<u32> {
    let placed = section.number(key, diagnostics)?;
    match placed.value.parse::<u32>() {
        Ok(days) if days > 0 => Some(days),
        _ => {
            let says = format!("`{key}` is {}, but it is a whole number of days, at least 1", placed.value);
            diagnostics.error("days-form", PROJECT_FILE, Some(placed.span), says).hint("leave the key out to keep everything");
            None
        }
    }
}

/// Whether a written path is relative and never climbs out of its folder.
fn stays_inside(path: &str) -> bool {
    !path.contains('\\') && Path::new(path).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}

#[cfg(test)]
mod tests;
