//! `kaohe simulate`: a province that does not exist.
//!
//! In: size, seed, format. Out: a project folder with sources and, outside them, the answer key. Never here: how it is drawn.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jiff::civil::date;

use super::Common;
use crate::error::{Error, Kind, Result};
use crate::library::Library;
use crate::simulate::{Planting, ReferenceTexts, SimulationFormat, SimulationRequest};
use crate::terms::counted;

/// Flags of `kaohe simulate`. The last day is `--as-of` (default 2026-06-30).
#[derive(Args)]
pub struct Arguments {
    /// Folder of the new project
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Enforcement units
    #[arg(long, default_value_t = 40)]
    units: usize,
    /// Months, the last being that of --as-of
    #[arg(long, default_value_t = 24)]
    months: usize,
    /// Cases, about
    #[arg(long, default_value_t = 4_000)]
    cases: u64,
    /// The same seed gives the same province
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Formats of the sources
    #[arg(long, value_enum, default_value_t = Format::Offices)]
    format: Format,
    /// Six digits of a real province
    #[arg(long, default_value = "330000")]
    province: String,
    /// The extract of so many nights later
    #[arg(long)]
    night: Option<u32>,
    /// What is planted
    #[arg(long, value_enum, default_value_t = Plant::Usual)]
    plant: Plant,
}

#[derive(Clone, Copy, ValueEnum)]
enum Plant {
    /// Four patterns
    Usual,
    /// Nobody cheats
    None,
    /// Every pattern, in units of its own, and what only looks like one; needs --format parquet
    Every,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// As offices send them: GB18030 CSV, workbooks, JSON lines, Parquet; with dirty rows
    Offices,
    /// Parquet alone, clean and fast
    Parquet,
}

/// Writes the province.
pub fn simulate(common: &Common, arguments: &Arguments) -> Result<u8> {
    let out: PathBuf = arguments.out.clone().ok_or_else(|| {
        Error::new(Kind::Configuration, "`kaohe simulate` needs a folder to write into").with_hint("name it with --out DIR")
    })?;
    let (library, _) = Library::read(None)?;
    let reference = ReferenceTexts::of(&library);
    let request = SimulationRequest {
        units: arguments.units,
        months: arguments.months,
        cases: arguments.cases,
        seed: arguments.seed,
        as_of: common.as_of.unwrap_or(date(2026, 6, 30)),
        format: match arguments.format {
            Format::Offices => SimulationFormat::Offices,
            Format::Parquet => SimulationFormat::Parquet,
        },
        province: arguments.province.clone(),
        night: arguments.night,
        workers: std::thread::available_parallelism().map_or(1, usize::from),
        plant: match arguments.plant {
            Plant::Usual => Planting::Usual,
            Plant::None => Planting::Nothing,
            Plant::Every => Planting::Every,
        },
    };
    let summary = crate::simulate::simulate(&request, &library.tables, &reference, &out, &|_| {})?;
    for (table, rows) in &summary.rows {
        say_line!("{table:<30} {rows:>12}");
    }
    if summary.units < arguments.units {
        eprintln!(
            "{} instead of {}: the division {} has no more towns; name a larger one with --province",
            counted(summary.units, "unit"),
            arguments.units,
            request.province
        );
    }
    let planted: Vec<String> = summary.planted.iter().map(|(pattern, count)| format!("{pattern} {count}")).collect();
    eprintln!(
        "{}, {}, planted: {} (answers in {}); next: kaohe run --project {} --as-of {}",
        counted(summary.units, "unit"),
        counted(usize::try_from(summary.dirty).unwrap_or(usize::MAX), "dirty row"),
        if planted.is_empty() { "nothing".to_owned() } else { planted.join(", ") },
        out.join("answers.csv").display(),
        out.display(),
        request.as_of
    );
    Ok(0)
}
