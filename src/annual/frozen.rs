//! Everything that scoring read, set apart from the run and from the lake: it scores alike in ten years, on a machine that has neither.
//!
//! In: a finished run. Out: the folder `frozen/` of a release, and what is read back from it. Never here: records, findings (they are under review), corrections.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{files, read_json, write_json};
use crate::compute::events::Event;
use crate::compute::units::{Hierarchy, Predecessor, Unit};
use crate::error::{Context, Error, Kind, Result};
use crate::indices::previous;
use crate::lake::replace_file;
use crate::library::Library;
use crate::library::scheme::Scheme;
use crate::nightly::journal::{Manifest, RunResults};
use crate::nightly::left::{Left, Registry, scheme_of};
use crate::report::input::Lineage;
use crate::report::tables::parquet::open_table;
use crate::terms::{IndicatorId, UnitId};

/// Result tables that scoring reads, or that say where figures came from. No other table of a run goes with it: findings are under review.
const TABLES: [&str; 10] = [
    "measures",
    "scorecards",
    "synergy_pairs",
    "synergy_sides",
    "synergy_regions",
    "burden",
    "burden_visits",
    "burden_caps",
    "burden_power",
    "accounting",
];

/// The registry as it is written: dates and numbers as text.
#[derive(Serialize, Deserialize)]
struct Written {
    units: Vec<WrittenUnit>,
    /// Every unit that counts for somebody, also those that have ended, with the one above it.
    parents: BTreeMap<String, Option<String>>,
    events: Vec<WrittenEvent>,
}

#[derive(Serialize, Deserialize)]
struct WrittenUnit {
    id: String,
    name: String,
    tier: String,
    domains: Vec<String>,
    region: String,
    parent: Option<String>,
    size_class: String,
    /// Identifier, name, last day.
    predecessors: Vec<(String, String, Option<String>)>,
}

#[derive(Serialize, Deserialize)]
struct WrittenEvent {
    id: String,
    unit: String,
    code: String,
    points: String,
    cap_grade: Option<String>,
    is_veto: bool,
    document: String,
    on: String,
}

impl Written {
    fn of(left: &Left) -> Self {
        let unit = |unit: &Unit| WrittenUnit {
            id: unit.id.0.clone(),
            name: unit.name.clone(),
            tier: unit.tier.clone(),
            domains: unit.domains.clone(),
            region: unit.region.clone(),
            parent: unit.parent.as_ref().map(|parent| parent.0.clone()),
            size_class: unit.size_class.clone(),
            predecessors: unit
                .predecessors
                .iter()
                .map(|one| (one.id.0.clone(), one.name.clone(), one.last.map(|last| last.to_string())))
                .collect(),
        };
        let event = |event: &Event| WrittenEvent {
            id: event.id.clone(),
            unit: event.unit.0.clone(),
            code: event.code.clone(),
            points: event.points.to_string(),
            cap_grade: event.cap_grade.clone(),
            is_veto: event.is_veto,
            document: event.document.clone(),
            on: event.on.to_string(),
        };
        Self {
            units: left.units.iter().map(unit).collect(),
            parents: left.hierarchy.rows().into_iter().collect(),
            events: left.events.iter().map(event).collect(),
        }
    }

    fn registry(self) -> std::result::Result<Registry, String> {
        let date = |text: &str| text.parse().map_err(|_| format!("`{text}` is no date"));
        let mut units = Vec::new();
        for unit in self.units {
            let mut predecessors = Vec::new();
            for (id, name, last) in unit.predecessors {
                predecessors.push(Predecessor { id: UnitId(id), name, last: last.as_deref().map(date).transpose()? });
            }
            units.push(Unit {
                id: UnitId(unit.id),
                name: unit.name,
                tier: unit.tier,
                domains: unit.domains,
                region: unit.region,
                parent: unit.parent.map(UnitId),
                size_class: unit.size_class,
                predecessors,
            });
        }
        let mut events = Vec::new();
        for event in self.events {
            events.push(Event {
                id: event.id,
                unit: UnitId(event.unit),
                code: event.code,
                points: event.points.parse::<Decimal>().map_err(|_| format!("`{}` are no points", event.points))?,
                cap_grade: event.cap_grade,
                is_veto: event.is_veto,
                document: event.document,
                on: date(&event.on)?,
            });
        }
        Ok(Registry { units, hierarchy: Hierarchy::new(self.parents), events })
    }
}

/// A run as a release holds it.
pub struct Frozen {
    /// What the run was computed from.
    pub manifest: Manifest,
    /// The library that it read.
    pub library: Library,
    /// The scheme that scored it.
    pub scheme: Scheme,
    /// What its scoring reads.
    pub left: Left,
    /// Where each indicator's figures come from.
    pub lineage: BTreeMap<IndicatorId, Lineage>,
}

/// Texts of the library that scoring never reads: what detectors look for is the office's, and samples are drawn from other runs.
const LEFT_OUT: [&str; 2] = ["findings/", "samples/"];

/// Writes what scoring read of a run into `folder`. Of its results only what is held goes with it: they count findings, which are under review.
///
/// # Errors
/// A run without one of its tables, a folder that can't be written.
pub fn freeze(run_folder: &Path, results: &RunResults, library: &Library, left: &Left, folder: &Path) -> Result<()> {
    files::copy(&run_folder.join("manifest.json"), &folder.join("manifest.json"))?;
    write_json(&folder.join("held.json"), &results.held_indicators)?;
    for table in TABLES {
        let name = format!("tables/{table}.parquet");
        files::copy(&run_folder.join(&name), &folder.join(&name))?;
    }
    for (path, text) in library.files.iter().filter(|(path, _)| !LEFT_OUT.iter().any(|folder| path.starts_with(folder))) {
        let place = folder.join("queries").join(path);
        let parent = place.parent().expect("a text stands below `queries`");
        fs::create_dir_all(parent).context(Kind::Environment, || format!("creating {}", parent.display()))?;
        replace_file(&place, text.as_bytes())?;
    }
    write_json(&folder.join("registry.json"), &Written::of(left))
}

/// Reads what [`freeze`] wrote; `temp` takes what does not fit into memory.
///
/// # Errors
/// Files that are missing or damaged.
pub async fn read(folder: &Path, temp: &Path) -> Result<Frozen> {
    let manifest: Manifest = read_json(&folder.join("manifest.json"))?;
    let held: BTreeMap<String, String> = read_json(&folder.join("held.json"))?;
    let texts = folder.join("queries");
    let mut read = BTreeMap::new();
    for (path, place) in files::below(&texts)? {
        let text = fs::read_to_string(&place).context(Kind::Environment, || format!("reading {}", place.display()))?;
        read.insert(path, text);
    }
    let (library, _) = Library::from_texts(read)?;
    let scheme = scheme_of(&manifest, &library)?;
    let registry: Written = read_json(&folder.join("registry.json"))?;
    let registry = registry
        .registry()
        .map_err(|says| Error::new(Kind::Environment, says).while_doing(format!("reading {}", folder.join("registry.json").display())))?;
    let tables = folder.join("tables");
    let found = previous::results_alone(&tables, temp, |id| held.contains_key(id)).await?;
    let held = held.keys().map(|id| IndicatorId::from(id.as_str())).collect();
    let left = Left::of(&library, &manifest, held, registry, found)?;
    Ok(Frozen { manifest, library, scheme, left, lineage: lineage(&tables.join("scorecards.parquet"))? })
}

/// Where each indicator's figures come from, as the run's scorecards say.
fn lineage(path: &Path) -> Result<BTreeMap<IndicatorId, Lineage>> {
    let doing = || format!("reading {}", path.display());
    let mut found = BTreeMap::new();
    for batch in open_table(path)? {
        let batch = batch.context(Kind::Environment, doing)?;
        let column = |name: &str| {
            let column = batch
                .column_by_name(name)
                .ok_or_else(|| Error::new(Kind::Environment, format!("no column `{name}`")).while_doing(doing()))?;
            cast(column, &DataType::Utf8).context(Kind::Environment, doing)
        };
        let columns = [column("indicator")?, column("definition_hash")?, column("clock_versions")?, column("lake_versions")?];
        let text = |place: usize, row: usize| {
            let column = columns[place].as_string::<i32>();
            if column.is_null(row) { String::new() } else { column.value(row).to_owned() }
        };
        for row in 0..batch.num_rows() {
            let of = || Lineage { definition_hash: text(1, row), clock_versions: text(2, row), lake_versions: text(3, row) };
            found.entry(IndicatorId(text(0, row))).or_insert_with(of);
        }
    }
    Ok(found)
}
