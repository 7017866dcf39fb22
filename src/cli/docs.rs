//! `kaohe docs`: the handbook of the project's library.
//!
//! In: the project's text. Out: `handbook/` as Markdown and HTML. Never here: data.

use std::path::PathBuf;

use clap::Args;

use super::Common;
use crate::compute;
use crate::compute::check::Depth;
use crate::error::{Error, Kind, Result};
use crate::handbook::{self, Sources};

/// Flags of `kaohe docs`.
#[derive(Args)]
pub struct Arguments {
    /// Folder that the chapters are written into; default: handbook/ in the project
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Writes the handbook into `--out` (default: `handbook/` in the project).
///
/// A library with errors has no handbook: it would describe what does not run.
pub fn docs(common: &Common, arguments: &Arguments) -> Result<u8> {
    let mut opened = common.open()?;
    let context = compute::check::check(&opened.library, Depth::BeforeRun, &mut opened.diagnostics)?;
    if opened.diagnostics.errors() > 0 {
        eprintln!("{}", opened.diagnostics.to_text());
        return Err(
            Error::new(Kind::Configuration, "the library has errors").with_hint("`kaohe check` names them; the handbook needs none")
        );
    }
    let usages = compute::usage::usages(&context, &opened.library)?;
    let pages = handbook::test_pages(&opened.directory.join("tests/cases/indicators"))?;
    let sources = Sources { library: &opened.library, scheme: opened.scheme.as_ref(), usages: &usages, pages: &pages };
    let folder = arguments.out.clone().unwrap_or_else(|| opened.directory.join("handbook"));
    let chapters = handbook::write(&sources, &folder)?;
    say_line!("{chapters} chapters as Markdown and HTML: {}", folder.join("index.html").display());
    Ok(0)
}
