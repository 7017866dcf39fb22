//! `kaohe check`: library, project and scheme without data; every diagnostic at once.
//!
//! In: the project's text. Out: diagnostics on standard output, as text or JSON lines, and what a province has to confirm. Never here: data.

use clap::Args;
use serde::Serialize;

use super::Common;
use crate::compute;
use crate::error::Result;
use crate::explain::{way_back, words};
use crate::findings;
use crate::library::Library;
use crate::terms::counted;

/// Flags of `kaohe check`.
#[derive(Args)]
pub struct Arguments {
    /// `text` with excerpts, or `json` (one object a line) for editors
    #[arg(long, default_value = "text", value_parser = ["text", "json"])]
    format: String,
    /// List every version of a clock or parameter that a province must confirm before it relies on it
    #[arg(long)]
    to_confirm: bool,
}

/// A version of a clock or parameter whose source nobody has confirmed against the text of the law.
#[derive(Serialize)]
struct ToConfirm<'a> {
    file: &'static str,
    name: &'a str,
    title: &'a str,
    domain: Option<&'a str>,
    from: String,
    amount: String,
    mark: &'static str,
    source: &'a str,
}

/// Every version that must be confirmed, clocks first.
fn to_confirm(library: &Library) -> Vec<ToConfirm<'_>> {
    let mut open = Vec::new();
    for clock in library.clocks.values() {
        for version in clock.versions.iter().filter(|version| version.confirmed.must_be_confirmed()) {
            open.push(ToConfirm {
                file: "queries/clocks.toml",
                name: &clock.name,
                title: &clock.title,
                domain: version.domain.as_deref(),
                from: version.from.to_string(),
                amount: format!("{} {}", version.amount, version.unit.word()),
                mark: version.confirmed.mark(),
                source: &version.source,
            });
        }
    }
    for parameter in library.parameters.values() {
        for version in parameter.versions.iter().filter(|version| version.confirmed.must_be_confirmed()) {
            open.push(ToConfirm {
                file: "queries/parameters.toml",
                name: &parameter.name,
                title: &parameter.title,
                domain: version.domain.as_deref(),
                from: version.from.to_string(),
                amount: format!("{} {}", version.amount.normalize(), parameter.unit),
                mark: version.confirmed.mark(),
                source: &version.source,
            });
        }
    }
    open
}

/// Checks, prints, and ends with 1 when there is an error.
pub fn check(common: &Common, arguments: &Arguments) -> Result<u8> {
    let mut opened = common.open()?;
    let planned = compute::check::check(&opened.library, &mut opened.diagnostics)?;
    findings::check(&planned, &opened.library, &mut opened.diagnostics)?;
    // A missing word is an error here only: no figure of a run is held for want of a word.
    words::check(&planned, &opened.library, &mut opened.diagnostics)?;
    way_back::check(&planned, &opened.library, &mut opened.diagnostics)?;
    let diagnostics = &opened.diagnostics;
    let open = to_confirm(&opened.library);
    if arguments.format == "json" {
        say!("{}", diagnostics.to_json_lines());
        for version in open.iter().filter(|_| arguments.to_confirm) {
            say_line!("{}", serde_json::json!({ "to_confirm": version }));
        }
    } else {
        if !diagnostics.is_empty() {
            say_line!("{}", diagnostics.to_text());
        }
        let library = &opened.library;
        say_line!(
            "{}, {}, {}, {}, {}: {}, {}",
            counted(library.tables.len(), "table"),
            counted(library.populations.len(), "population"),
            counted(library.indicators.len(), "indicator"),
            counted(library.clocks.len(), "clock"),
            counted(library.parameters.len(), "parameter"),
            counted(diagnostics.errors(), "error"),
            counted(diagnostics.warnings(), "warning"),
        );
        let listed = if arguments.to_confirm { ":" } else { "; `kaohe check --to-confirm` lists them" };
        say_line!("the province must confirm {} of clocks and parameters before it relies on them{listed}", counted(open.len(), "version"));
        for version in open.iter().filter(|_| arguments.to_confirm) {
            let domain = version.domain.map(|domain| format!(" ({domain})")).unwrap_or_default();
            let ToConfirm { file, name, title, from, amount, mark, source, .. } = version;
            say_line!("  {file} {name}{domain} {title}: {amount} from {from} [{mark}] {source}");
        }
    }
    Ok(u8::from(diagnostics.errors() > 0))
}
