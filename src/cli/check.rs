//! `kaohe check`: library, project and scheme without data; every diagnostic at once.
//!
//! In: the project's text. Out: diagnostics on standard output, as text or JSON lines. Never here: data.

use clap::Args;

use super::Common;
use crate::compute;
use crate::error::Result;
use crate::findings;

/// Flags of `kaohe check`.
#[derive(Args)]
pub struct Arguments {
    /// `text` with excerpts, or `json` (one object a line) for editors
    #[arg(long, default_value = "text", value_parser = ["text", "json"])]
    format: String,
}

/// Checks, prints, and ends with 1 when there is an error.
pub fn check(common: &Common, arguments: &Arguments) -> Result<u8> {
    let mut opened = common.open()?;
    let planned = compute::check::check(&opened.library, &mut opened.diagnostics)?;
    findings::check(&planned, &opened.library, &mut opened.diagnostics)?;
    let diagnostics = &opened.diagnostics;
    if arguments.format == "json" {
        say!("{}", diagnostics.to_json_lines());
    } else {
        if !diagnostics.is_empty() {
            say_line!("{}", diagnostics.to_text());
        }
        let library = &opened.library;
        say_line!(
            "{} tables, {} populations, {} indicators, {} clocks, {} parameters: {} errors, {} warnings",
            library.tables.len(),
            library.populations.len(),
            library.indicators.len(),
            library.clocks.len(),
            library.parameters.len(),
            diagnostics.errors(),
            diagnostics.warnings(),
        );
    }
    Ok(u8::from(diagnostics.errors() > 0))
}
