//! A province that does not exist, with known cheating.
//!
//! In: a request (units, months, cases, seed, last day), the contracts, the reference texts. Out: a project folder with sources in
//! the formats that offices send (or Parquet alone), `kaohe.toml`, and the answer key outside the sources.
//! Never here: the clock, the system's randomness, real persons or companies.
//!
//! The story of each case is drawn to its end, by a stream named after the unit and the month; the extract is that story cut at the
//! last day. So months are independent, the same request gives the same bytes, and a later night tells the same story a day further.
//!
//! ```text
//! world (divisions, units, skill) ─▶ cases of unit × month ─▶ rows by contract ─▶ Parquet, or texts of offices with their dirt
//!                                       └─ cheating ─▶ answers.csv      └─ planting (every pattern: rows edited afterwards) ─▶ answers.csv
//! ```

use std::collections::BTreeMap;
use std::path::Path;

use jiff::civil::Date;

use crate::error::Result;
use crate::library::Library;
use crate::library::contract::TableContract;

mod case_detail;
mod cases;
mod cheating;
mod days;
mod dirt;
mod draw;
mod firms;
mod hotline;
mod inspections;
mod items;
mod leads;
mod month;
mod offices;
mod planting;
mod project;
mod public;
mod public_detail;
mod ratings;
mod render;
mod rows_alerts;
mod rows_assessment;
mod rows_case;
mod rows_coercion;
mod rows_coordination;
mod rows_disclosure;
mod rows_entry;
mod rows_hazard;
mod rows_innovation;
mod rows_oversight;
mod rows_people;
mod rows_procedure;
mod rows_province;
mod rows_recording;
mod rows_standards;
mod sheet;
mod synergy;
#[cfg(test)]
mod tests;
mod world;
mod write;

/// In which formats the sources are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SimulationFormat {
    /// As offices send them: GB18030 CSV, workbooks with a title row, JSON lines, Parquet; with dirty rows.
    Offices,
    /// Parquet alone, clean and fast, months in parallel.
    Parquet,
}

/// What is planted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Planting {
    /// Four patterns, while cases are drawn.
    Usual,
    /// Nobody cheats.
    Nothing,
    /// Every pattern and its benign twins, as edits of the honest extract.
    Every,
}

/// What to simulate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimulationRequest {
    /// Enforcement units, at least 8; a province has room for about 2 000.
    pub units: usize,
    /// Months, the last being that of `as_of`.
    pub months: usize,
    /// Cases, about.
    pub cases: u64,
    /// The same seed gives the same province.
    pub seed: u64,
    /// The last day that the extract knows (before any nights).
    pub as_of: Date,
    /// Formats of the sources.
    pub format: SimulationFormat,
    /// Six digits of a real province, as `330000`.
    pub province: String,
    /// The extract of so many nights later: new rows of the days since, events of open cases, corrections of old ones.
    pub night: Option<u32>,
    /// Months that may be written at the same time; the result does not depend on it.
    pub workers: usize,
    /// What is planted.
    pub plant: Planting,
}

/// The reference texts that the library carries.
#[derive(Debug, Clone, Copy)]
pub struct ReferenceTexts<'a> {
    /// `regions.csv`
    pub regions: &'a str,
    /// `townships.csv`
    pub townships: &'a str,
    /// `region_adjacency.csv`
    pub adjacency: &'a str,
    /// `work_calendar.csv`
    pub work_calendar: &'a str,
}

impl<'a> ReferenceTexts<'a> {
    /// Those of a library; a text that it lacks is empty.
    pub fn of(library: &'a Library) -> Self {
        let text = |name: &str| library.files.get(&format!("reference/{name}")).map_or("", String::as_str);
        Self {
            regions: text("regions.csv"),
            townships: text("townships.csv"),
            adjacency: text("region_adjacency.csv"),
            work_calendar: text("work_calendar.csv"),
        }
    }
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimulationSummary {
    /// Rows by table, before duplicates that dirt adds.
    pub rows: BTreeMap<String, u64>,
    /// Units; fewer than asked for where the province has no more townships.
    pub units: usize,
    /// Lines of the answer key by pattern.
    pub planted: BTreeMap<String, usize>,
    /// Dirty rows.
    pub dirty: u64,
}

/// Writes the project folder `out`; `progress` is told the cases written so far.
///
/// # Errors
/// A request that cannot be met (configuration), a folder that cannot be written (environment).
pub fn simulate(
    request: &SimulationRequest,
    contracts: &BTreeMap<String, TableContract>,
    reference: &ReferenceTexts<'_>,
    out: &Path,
    progress: &dyn Fn(u64),
) -> Result<SimulationSummary> {
    if request.plant == Planting::Every {
        planting::refuse_what_cannot_be_edited(request)?;
    }
    let world = world::World::new(request, reference)?;
    project::clear(out)?;
    let (rows, answers, dirt) = month::write_all(&world, request, contracts, reference, out, progress)?;
    project::write_project(out, request, contracts, &rows)?;
    project::write_answers(out, request.plant, &answers)?;
    project::write_readme(out, request, &rows, &answers, &dirt)?;
    let mut planted = BTreeMap::<String, usize>::new();
    for answer in &answers {
        *planted.entry(answer.pattern.to_owned()).or_default() += 1;
    }
    let dirty = dirt.values().flat_map(BTreeMap::values).sum();
    Ok(SimulationSummary { rows, units: world.units.len(), planted, dirty })
}
