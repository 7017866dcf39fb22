//! `kaohe check`: library, project and scheme without data; every diagnostic at once.
//!
//! In: the project's text. Out: diagnostics on standard output, as text or JSON lines, and what a province has to confirm. Never here: data.

use clap::Args;
use serde_json::json;

use super::Common;
use crate::compute;
use crate::compute::check::Depth;
use crate::error::Result;
use crate::explain::{way_back, words};
use crate::findings;
use crate::handbook::limits::{Version, unconfirmed};
use crate::indices;
use crate::library::{is_shipped, texts_below};
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

/// So many files of the project are named.
const NAMED: usize = 6;

/// Checks, prints, and ends with 1 when there is an error.
pub fn check(common: &Common, arguments: &Arguments) -> Result<u8> {
    let mut opened = common.open()?;
    let planned = compute::check::check(&opened.library, Depth::Full, &mut opened.diagnostics)?;
    if let Some(project) = &opened.project {
        compute::mappings::check(project, &mut opened.diagnostics);
    }
    compute::alone::check(&planned, &opened.library, &mut opened.diagnostics)?;
    indices::amounts::check(&opened.library, &mut opened.diagnostics);
    findings::check(&planned, &opened.library, Depth::Full, &mut opened.diagnostics)?;
    // A missing word is an error here only: no figure of a run is held for want of a word.
    words::check(&planned, &opened.library, &mut opened.diagnostics)?;
    way_back::check(&planned, &opened.library, &mut opened.diagnostics)?;
    let diagnostics = &opened.diagnostics;
    let open = unconfirmed(&opened.library);
    if arguments.format == "json" {
        say!("{}", diagnostics.to_json_lines());
        for version in open.iter().filter(|_| arguments.to_confirm) {
            let Version { file, name, title, amount, of, from, confirmed, source } = version;
            let version = json!({ "file": file, "name": name, "title": title, "domain": of, "from": from, "amount": amount,
                                  "mark": confirmed.mark(), "source": source });
            say_line!("{}", json!({ "to_confirm": version }));
        }
    } else {
        if !diagnostics.is_empty() {
            say_line!("{}", diagnostics.to_text());
        }
        let library = &opened.library;
        if let (Some(project), Some(scheme)) = (&opened.project, &opened.scheme) {
            let missing = compute::usage::without_source(project, library, scheme);
            if let Some(says) = compute::usage::says_without_source(&missing).filter(|_| !project.sources.is_empty()) {
                say_line!("{says}\n");
            }
        }
        let left_out = match opened.left_out {
            0 => String::new(),
            some => format!(" of the scheme ({some} more are not computed)"),
        };
        say_line!(
            "{}, {}, {}{left_out}, {}, {}: {}, {}",
            counted(library.tables.len(), "table"),
            counted(library.populations.len(), "population"),
            counted(library.indicators.len(), "indicator"),
            counted(library.clocks.len(), "clock"),
            counted(library.parameters.len(), "parameter"),
            counted(diagnostics.errors(), "error"),
            counted(diagnostics.warnings(), "warning"),
        );
        let own = texts_below(&opened.directory.join("queries"))?;
        let (replacing, new): (Vec<&String>, Vec<&String>) = own.keys().partition(|path| is_shipped(path));
        if !own.is_empty() {
            let names = |paths: &[&String]| match paths {
                [] => String::new(),
                _ => format!(
                    " ({})",
                    paths.iter().take(NAMED).map(|path| path.as_str()).collect::<Vec<_>>().join(", ")
                        + if paths.len() > NAMED { ", …" } else { "" }
                ),
            };
            let replaces = format!("{} of the library replaced{}", counted(replacing.len(), "file"), names(&replacing));
            say_line!("the project's queries/: {replaces}, {} of its own{}", new.len(), names(&new));
        }
        let listed = if arguments.to_confirm { ":" } else { "; `kaohe check --to-confirm` lists them" };
        say_line!("the province must confirm {} of clocks and parameters before it relies on them{listed}", counted(open.len(), "version"));
        for version in open.iter().filter(|_| arguments.to_confirm) {
            let Version { file, name, title, amount, of, from, confirmed, source } = version;
            let domain = of.as_ref().map(|domain| format!(" ({domain})")).unwrap_or_default();
            say_line!("  {file} {name}{domain} {title}: {amount} from {from} [{}] {source}", confirmed.mark());
        }
    }
    Ok(u8::from(diagnostics.errors() > 0))
}
