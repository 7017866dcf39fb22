//! What a run left, read back so that it can be scored again: by another scheme, with a corrected figure, a year later.
//!
//! In: the folder of a run with the lake at the versions that it read, or its tables and registry as a release froze them. Out: [`Left`]: everything that
//! scoring reads. Never here: sources, indicators computed anew, anything that readers would see.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jiff::civil::Date;

use super::assessing::provisional;
use super::journal::{Manifest, RunResults};
use super::loading::shape_of;
use crate::compute::counting_session::{CountingSession, Limits};
use crate::compute::events::{Event, read_events};
use crate::compute::measures::Measures;
use crate::compute::units::{Hierarchy, Unit, read_units};
use crate::diagnostics::Diagnostics;
use crate::error::{Context, Error, Kind, Result};
use crate::indices::burden::BurdenTables;
use crate::indices::previous;
use crate::indices::synergy::SynergyTables;
use crate::lake::Lake;
use crate::library::Library;
use crate::library::indicator::Indicator;
use crate::library::scheme::{Scheme, read_scheme};
use crate::scoring::tables::Scorecards;
use crate::scoring::{RegionalValue, ScoringInput, regional, score_without_ledger};
use crate::terms::{IndicatorId, Period};

/// Who is assessed on the run's date, and what moves a total outside the indicators.
pub struct Registry {
    /// Units on that date.
    pub units: Vec<Unit>,
    /// Who is below whom.
    pub hierarchy: Hierarchy,
    /// Bonus, deduction, veto.
    pub events: Vec<Event>,
}

/// Everything that the run's scoring has read.
pub struct Left {
    /// The run.
    pub run: String,
    /// Its date.
    pub as_of: Date,
    /// What its scorecards speak about.
    pub period: Period,
    /// Name of the scheme that scored it, and the digest of its text.
    pub scheme: (String, String),
    /// Units on that date.
    pub units: Vec<Unit>,
    /// Who is below whom.
    pub hierarchy: Hierarchy,
    /// Its measures.
    pub measures: Measures,
    /// Sides of borders, and regions over all their borders.
    pub synergy: SynergyTables,
    /// Burden on enterprises.
    pub burden: BurdenTables,
    /// Bonus, deduction, veto.
    pub events: Vec<Event>,
    regional: Vec<RegionalValue>,
    held: BTreeSet<IndicatorId>,
    provisional: BTreeSet<IndicatorId>,
}

/// What a run says about itself, from its folder.
///
/// # Errors
/// A run that left no results, files that are damaged.
pub fn records_of(out: &Path, run: &str) -> Result<(Manifest, RunResults)> {
    let folder = out.join("runs").join(run);
    if folder.join("run_results.json").is_file() && folder.join("manifest.json").is_file() && !folder.join("tables").is_dir() {
        let says = format!("the tables of the run {run} are gone: [retention] in kaohe.toml lets them go, or somebody removed them");
        return Err(
            Error::new(Kind::Configuration, says).with_hint("`kaohe backfill` computes its day again over the records as they stand")
        );
    }
    let read = |name: &str| {
        std::fs::read_to_string(folder.join(name)).map_err(|_| {
            Error::new(Kind::Configuration, format!("there are no results of a run `{run}` in {}: {name} is missing", out.display()))
                .with_hint("`kaohe runs` lists the runs; one that only loaded, or stopped, left no results")
        })
    };
    let doing = || format!("reading the run {run}");
    let results: RunResults = serde_json::from_str(&read("run_results.json")?).context(Kind::Environment, doing)?;
    let manifest: Manifest = serde_json::from_str(&read("manifest.json")?).context(Kind::Environment, doing)?;
    Ok((manifest, results))
}

/// The scheme that scored a run, as it has read it.
///
/// # Errors
/// A library without it.
pub fn scheme_of(manifest: &Manifest, library: &Library) -> Result<Scheme> {
    let name = &manifest.scheme.0;
    let doing = || Error::new(Kind::Environment, format!("the scheme `{name}`, as the run {} has read it, can't be read", manifest.run));
    let (file, text) = library.scheme_text(name).ok_or_else(doing)?;
    read_scheme(name, &file, text, &library.indicators, &mut Diagnostics::default()).ok_or_else(doing)
}

impl Left {
    /// Reads what the run left. The registry of units and the events are those of the lake at the run's own versions.
    ///
    /// # Errors
    /// A run that left no results, files that are missing or damaged, versions that the lake does not have any more.
    pub async fn read(library: &Library, out: &Path, run: &str, limits: &Limits<'_>) -> Result<Self> {
        let (manifest, results) = records_of(out, run)?;
        let doing = || format!("reading the run {run}");
        let as_of: Date = results.as_of.parse().context(Kind::Environment, doing)?;
        let period: Period = results.period.parse().map_err(|error: String| Error::new(Kind::Environment, error))?;
        let lake = Lake::open(&out.join("lake"))?;
        let snapshot = lake.pin_at(&manifest.lake_versions).await?;
        let shapes: Vec<_> = library.tables.values().map(shape_of).collect();
        let CountingSession { context, attribution, hierarchy } =
            CountingSession::open(&lake, &snapshot, library, &shapes, as_of, limits).await?;
        let mut units = read_units(&context, as_of).await.context(Kind::Query, || "reading `units`")?;
        attribution.name_predecessors(&mut units);
        let until = as_of.min(period.last.last_day());
        let events = read_events(&context, period.first.first_day(), until).await.context(Kind::Query, || "reading `scheme_events`")?;
        let tables = out.join("runs").join(run).join("tables");
        let found = previous::results(&context, &tables, |id| results.held_indicators.contains_key(id)).await?;
        let held = results.held_indicators.keys().map(|id| IndicatorId::from(id.as_str())).collect();
        Self::of(library, &manifest, held, Registry { units, hierarchy, events }, found)
    }

    /// The same of what is known already.
    ///
    /// # Errors
    /// A manifest with a date or period that is none.
    pub fn of(
        library: &Library,
        manifest: &Manifest,
        held: BTreeSet<IndicatorId>,
        registry: Registry,
        found: previous::Results,
    ) -> Result<Self> {
        let Registry { units, hierarchy, events } = registry;
        let doing = || format!("reading the run {}", manifest.run);
        let as_of: Date = manifest.as_of.parse().context(Kind::Environment, doing)?;
        let period: Period = manifest.period.parse().map_err(|error: String| Error::new(Kind::Environment, error))?;
        let previous::Results { measures, synergy, burden } = found;
        let province = units.iter().find(|unit| unit.tier == "province").map_or("", |unit| unit.region.as_str());
        let mut regional = regional::from_synergy(&synergy.regions);
        regional.extend(regional::from_burden(&burden.rows, province));
        let provisional = provisional(library, as_of, library.indicators.keys().cloned());
        let (run, scheme) = (manifest.run.clone(), manifest.scheme.clone());
        Ok(Self { run, as_of, period, scheme, units, hierarchy, measures, synergy, burden, events, regional, held, provisional })
    }

    /// What its scoring reads, under a scheme.
    pub fn input<'a>(&'a self, scheme: &'a Scheme, indicators: &'a BTreeMap<IndicatorId, Indicator>) -> ScoringInput<'a> {
        ScoringInput {
            measures: &self.measures,
            units: &self.units,
            scheme,
            indicators,
            period: &self.period,
            as_of: self.as_of,
            regional: &self.regional,
            held: &self.held,
            provisional: &self.provisional,
            events: &self.events,
        }
    }

    /// Composites of regions.
    pub fn regional(&self) -> &[RegionalValue] {
        &self.regional
    }

    /// Whether the figures of an indicator are those of an earlier night.
    pub fn is_held(&self, indicator: &IndicatorId) -> bool {
        self.held.contains(indicator)
    }

    /// Scores it by a scheme; the ledger stays empty.
    ///
    /// # Errors
    /// As [`crate::scoring::score`].
    pub fn score(&self, scheme: &Scheme, library: &Library) -> Result<Scorecards> {
        score_without_ledger(&self.input(scheme, &library.indicators))
    }

    /// Indicators of the scheme of which the run measured nothing at all, for anybody.
    pub fn unmeasured<'a>(&self, scheme: &'a Scheme) -> Vec<&'a IndicatorId> {
        let mut seen: BTreeMap<&str, bool> = scheme.indicators.iter().map(|scored| (scored.id.as_ref(), false)).collect();
        for id in self.measures.indicators().map(IndicatorId::as_ref).chain(self.regional.iter().map(|value| value.indicator.as_ref())) {
            seen.entry(id).and_modify(|seen| *seen = true);
        }
        scheme.indicators.iter().map(|scored| &scored.id).filter(|id| seen.get(id.as_ref()) == Some(&false)).collect()
    }
}
