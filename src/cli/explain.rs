//! `kaohe explain UNIT [INDICATOR]`: why this score, down to source file and line.
//!
//! In: the current run. Out: text or JSON on standard output; with `--packet` a folder for an appeal. Never here: new figures of the run.

use std::path::PathBuf;

use clap::Args;

use super::{Common, sql};
use crate::error::{Context, Error, Kind, Result};
use crate::explain::{ExplainInput, Policy, definitions, explain, text};
use crate::terms::{IndicatorId, Period, counted};

mod as_sent;
mod packet;

/// Flags of `kaohe explain`.
#[derive(Args)]
pub struct Arguments {
    /// Identifier or name of the unit
    unit: String,
    /// Indicator, as namespace.name; without it the whole scorecard
    indicator: Option<String>,
    /// One domain of the unit
    #[arg(long)]
    domain: Option<String>,
    /// Every record, not only the first ones
    #[arg(long)]
    all: bool,
    /// Each record as its file gives it too, by line where the file is the one that was loaded, else by key; columns about persons stay out
    #[arg(long)]
    as_sent: bool,
    /// Folder for a packet that an appeal board reads without kaohe: the explanation, every record, the definitions, the scorecard
    #[arg(long, value_name = "DIR")]
    packet: Option<PathBuf>,
    /// With --packet: the figure that the unit says is right (48/50, 4.5); the packet tells who would move
    #[arg(long, value_name = "FIGURE", requires = "packet", requires = "indicator")]
    granted: Option<String>,
    /// `text` or `json`
    #[arg(long, default_value = "text", value_parser = ["text", "json"])]
    format: String,
}

/// Explains one unit of the current run.
pub fn run(common: &Common, arguments: &Arguments) -> Result<u8> {
    let opened = common.open()?;
    let scheme = opened
        .scheme
        .as_ref()
        .ok_or_else(|| Error::new(Kind::Configuration, "the scheme can't be used as it is").with_hint("`kaohe check` says why"))?;
    let indicator = arguments.indicator.as_deref().map(IndicatorId::from);
    let cores = super::surroundings::cores();
    let runtime = super::surroundings::runtime(cores)?;
    let explanation = runtime.block_on(async {
        let memory = common.memory_limit.or_else(super::surroundings::default_memory);
        let readers = sql::open::open(&opened.library, &common.out(&opened.directory), None, None, memory, cores).await?;
        let period: Period = readers.results.period.parse().map_err(|error: String| Error::new(Kind::Environment, error))?;
        let input = ExplainInput {
            library: &opened.library,
            policy: &Policy::of(scheme),
            tables: &readers.tables,
            unit: &arguments.unit,
            domain: arguments.domain.as_deref(),
            indicator: indicator.as_ref(),
            period: &period,
            as_of: readers.results.as_of.parse().context(Kind::Environment, || "reading the current run's date")?,
            all: arguments.all || arguments.packet.is_some(),
        };
        let explanation = explain(&readers.context, &input).await?;
        let paths = definitions(&readers.context, &opened.library, &explanation, &scheme.name);
        Ok::<_, Error>((explanation, paths, readers.results.run.clone()))
    })?;
    let (mut explanation, paths, run) = explanation;
    if arguments.as_sent || arguments.packet.is_some() {
        let without = as_sent::add(&opened, &common.out(&opened.directory), &run, &mut explanation)?;
        if without > 0 {
            eprintln!(
                "{} can't be shown as sent: the file is gone, is shaped by a mapping or comes from a database or an object store, or has changed and holds no such key any more",
                counted(without, "record")
            );
        }
    }
    if let Some(folder) = &arguments.packet {
        let asked = packet::Asked {
            folder,
            definitions: &paths,
            run: &run,
            granted: arguments.granted.as_deref(),
            domain: arguments.domain.as_deref(),
        };
        return packet::write(common, &opened, &explanation, &asked);
    }
    if arguments.format == "json" {
        say_line!("{}", serde_json::to_string_pretty(&explanation).context(Kind::Bug, || "writing JSON")?);
    } else {
        say_line!("{}", text::render(&explanation, &opened.library));
    }
    Ok(0)
}
