//! Assessing: a pinned snapshot becomes measures, indices, scorecards and findings.
//!
//! In: the lake at a snapshot, the library, the scheme, what is held, the run before. Out: [`Assessed`]. Never here: files of
//! the run, pages.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use jiff::civil::Date;

use super::freezes::freezes;
use super::loading::shape_of;
use super::{Request, Surroundings, Work, border_records};
use crate::compute::attribution::Oddity;
use crate::compute::counting_session::{CountingSession, Limits};
use crate::compute::declarations::{Declared, declared};
use crate::compute::events::{Event, read_events};
use crate::compute::fused::reuse::{CountedRelation, Reuse};
use crate::compute::measures::Measures;
use crate::compute::populations::names_read;
use crate::compute::previous::read_measures;
use crate::compute::reconciliation::{self, Reconciled, reconciled};
use crate::compute::reporting::{Silent, UnknownCodes, newest_dates, silent_units, unknown_codes};
use crate::compute::run::{Task, Watched, ahead, compute, moment_of};
use crate::compute::shared::{Later, SharedPopulations};
use crate::compute::units::{Unit, read_units};
use crate::compute::verification::{self, Verified, verified};
use crate::error::{Context, Kind, Result};
use crate::explain::Policy;
use crate::explain::lists::{ListInput, RecordLists, read_for_lists, record_lists};
use crate::explain::reconciled::{ReconciledRecords, reconciled_records};
use crate::findings::effects::Effects;
use crate::findings::watch::{ControlChart, Watch};
use crate::findings::{DetectRequest, WORTH_STORING, columns_read, detect, review, tables::Detected};
use crate::indices::extract::{BURDEN_POPULATIONS, BURDEN_SOURCES, SYNERGY_POPULATIONS, SYNERGY_SOURCES};
use crate::indices::{Indices, Standing, indices, previous};
use crate::lake::{Lake, Snapshot, SpillFolder, told_to_queries};
use crate::library::Library;
use crate::library::at_freeze::reads_at_freeze;
use crate::library::indicator::{Indicator, Window};
use crate::library::scheme::composites::{BURDEN, SYNERGY};
use crate::report::view::records::RECORDS_ON_PAGE;
use crate::scoring::tables::Scorecards;
use crate::scoring::{ScoringInput, regional, score};
use crate::terms::IndicatorId;

/// Everything that was computed from one snapshot.
#[derive(Debug, Default)]
pub struct Assessed {
    /// Units on the as-of date.
    pub units: Vec<Unit>,
    /// Measures, sorted.
    pub measures: Measures,
    /// Indicators that are held or failed, with the reason.
    pub held: BTreeMap<IndicatorId, String>,
    /// Values, scores, ranks, score lines, ledger.
    pub scorecards: Scorecards,
    /// Synergy and burden.
    pub indices: Indices,
    /// Bonuses, deductions and vetoes of the period.
    pub events: Vec<Event>,
    /// Both sides of the comparison between the units' systems and the platform.
    pub reconciliation: Vec<Reconciled>,
    /// The records on which they do not agree.
    pub reconciled: ReconciledRecords,
    /// What the units recorded, beside what was confirmed.
    pub verification: Vec<Verified>,
    /// What the units declared of their records, beside what the data tell.
    pub declarations: Vec<Declared>,
    /// Population behind one of the two → source tables below it that are held: it shows what their last good extract says.
    pub held_below: BTreeMap<String, Vec<String>>,
    /// Patterns for a reviewer.
    pub detected: Detected,
    /// Months of each unit in each indicator, watched.
    pub charts: Vec<ControlChart>,
    /// What is known to have disturbed the records.
    pub effects: Effects,
    /// Records behind the figures of each unit.
    pub records: RecordLists,
    /// Units that sent nothing lately.
    pub silent: Vec<Silent>,
    /// Source table → the newest date that it speaks of, not after the as-of date.
    pub newest: BTreeMap<String, Date>,
    /// Rows with a code that its dimension table does not have.
    pub unknown_codes: Vec<UnknownCodes>,
    /// What is odd about the registry of units, and of how many.
    pub oddities: BTreeMap<Oddity, u64>,
    /// Source tables below each indicator.
    pub sources: BTreeMap<IndicatorId, BTreeSet<String>>,
    /// Seconds spent on each indicator.
    pub seconds: BTreeMap<IndicatorId, f64>,
    /// Seconds spent on each population that several read.
    pub population_seconds: BTreeMap<String, f64>,
    /// What was read of each relation for the indicators, and what was kept from earlier runs.
    pub counted: Vec<CountedRelation>,
    /// Relations whose scan failed, so that their indicators were answered one by one.
    pub not_counted: BTreeMap<String, String>,
    /// Indicators whose deadlines may lie beyond the published calendar.
    pub provisional: BTreeSet<IndicatorId>,
}

/// Folders of the runs before this one.
#[derive(Debug, Clone, Copy, Default)]
pub struct Before<'a> {
    /// What readers see.
    pub published: Option<&'a Path>,
    /// The newest one of the same period: what its findings were.
    pub of_period: Option<&'a Path>,
}

/// Computes, scores and detects.
///
/// `held_tables` names the tables whose last extract is not in the snapshot; `broken` the indicators whose text is wrong.
///
/// # Errors
/// A session that can't be set up, or an index whose tables can't be read. A failing indicator is held instead.
pub async fn assess(
    request: &Request<'_>,
    lake: &Lake,
    snapshot: &Snapshot,
    held_tables: &BTreeMap<String, String>,
    broken: &BTreeMap<IndicatorId, String>,
    before: Before<'_>,
    surroundings: &dyn Surroundings,
) -> Result<Assessed> {
    let previous_run = before.published;
    let library = request.library;
    let spill = SpillFolder::new(&request.out.join("lake"), &request.run.0)?;
    let counting = counting_session(request, lake, snapshot, spill.path()).await?;
    let CountingSession { context: session, attribution, hierarchy } = &counting;
    let mut assessed =
        Assessed { units: read_units(session, request.as_of).await.context(Kind::Query, || "reading `units`")?, ..Default::default() };
    attribution.name_predecessors(&mut assessed.units);
    assessed.oddities = attribution.oddities().clone();
    let elapsed = || surroundings.elapsed();
    let mut shared = SharedPopulations::new(session, library, spill.path().to_owned(), &elapsed);
    let dependencies = shared.dependencies().clone();
    for indicator in library.indicators.values() {
        assessed.sources.insert(indicator.id.clone(), dependencies.tables_of(session, indicator));
    }
    let composites: [(&str, &[&str], &[&str]); 2] =
        [(SYNERGY, &SYNERGY_POPULATIONS, &SYNERGY_SOURCES), (BURDEN, &BURDEN_POPULATIONS, &BURDEN_SOURCES)];
    for (composite, populations, sources) in composites {
        let below = populations.iter().flat_map(|population| dependencies.tables_below(population));
        let all = below.chain(sources.iter().map(|source| (*source).to_owned())).collect();
        assessed.sources.insert(IndicatorId::from(composite), all);
    }
    assessed.held = held_by_tables(&assessed.sources, held_tables);
    assessed.held.extend(broken.clone());
    let indicators: Vec<_> = library.indicators.values().filter(|indicator| !assessed.held.contains_key(&indicator.id)).collect();
    surroundings.stage("assess", Work::Things(indicators.len(), "indicator"));
    let finished = |_: &IndicatorId| surroundings.advance(1);
    // What is only shown pulls no total down; its records are there for `kaohe explain`.
    let pulling = request.scheme.indicators.iter().filter(|scored| !scored.report_only);
    let scored: BTreeSet<&IndicatorId> = pulling.map(|scored| &scored.id).collect();
    let listed: Vec<&Indicator> = indicators.iter().copied().filter(|indicator| scored.contains(&indicator.id)).collect();
    let whole = [reconciliation::POPULATION, verification::POPULATION].map(str::to_owned).into();
    let (period, as_of) = (&request.period, request.as_of);
    let reuse = reuse_in(request, &counting, snapshot);
    assessed.effects = Effects::read(session, as_of).await?;
    let (detected_one, nothing) = (|| surroundings.advance(1), || ());
    let looked_for = DetectRequest {
        library,
        as_of,
        period,
        effects: &assessed.effects,
        elapsed: &elapsed,
        stored_from: WORTH_STORING,
        finished: &nothing,
    };
    // Planning the detectors is most of what they cost on small tables.
    let columns = if snapshot.bytes() < WORTH_STORING as u64 {
        BTreeMap::new()
    } else {
        shared.stand_at(moment_of(Window::Flow, as_of), dependencies.in_order().map(str::to_owned)).await;
        columns_read(&mut shared, &looked_for).await
    };
    shared.expect(moment_of(Window::Flow, as_of), Later { listed: read_for_lists(session, &listed), whole, columns });
    let watch = Watch::over(request.scheme, &assessed.units, looked_for.last_day(), &assessed.effects);
    // The months before this year are counted only where nothing below asks for the beginning of the window.
    let whole = |indicator: &Indicator| {
        let names = names_read(session, &indicator.sql).unwrap_or_default();
        let below = dependencies.populations_below(names);
        let texts = below.iter().filter_map(|name| library.populations.get(name)).map(|population| population.sql.as_str());
        texts.chain([indicator.sql.as_str()]).all(|sql| !sql.contains("$from"))
    };
    let watched: BTreeSet<&IndicatorId> = indicators.iter().filter(|indicator| whole(indicator)).map(|indicator| &indicator.id).collect();
    let charts = Mutex::new(Vec::new());
    let tell = |indicator: &Indicator, measures: &Measures| {
        if watched.contains(&indicator.id) {
            let of_indicator = watch.charts(indicator, measures);
            charts.lock().unwrap_or_else(PoisonError::into_inner).extend(of_indicator);
        }
    };
    let months = looked_for.parameter("watch.months", None)? as i32;
    let watched = Some(Watched { first: watch.newest().plus(1 - months), tell: &tell });
    let task = Task { library, indicators, period, as_of, hierarchy, finished: &finished, elapsed: &elapsed, reuse: Some(&reuse), watched };
    let outcome = compute(&mut shared, &task).await.context(Kind::Query, || "computing indicators")?;
    reuse.sweep();
    let mut charts = charts.into_inner().unwrap_or_else(PoisonError::into_inner);
    charts.retain(|chart: &ControlChart| !outcome.failed.contains_key(&IndicatorId::from(chart.indicator.as_str())));
    charts.sort_by(|a, b| (&a.indicator, &a.unit, &a.domain).cmp(&(&b.indicator, &b.unit, &b.domain)));
    assessed.charts = charts;
    assessed.held.extend(outcome.failed);
    assessed.seconds = outcome.seconds;
    assessed.counted = outcome.counted;
    assessed.not_counted = outcome.not_counted;
    assessed.measures = outcome.measures;
    if let Some(folder) = previous_run.filter(|_| !assessed.held.is_empty()) {
        let is_held = |indicator: &str| assessed.held.contains_key(indicator);
        let kept = read_measures(session, &folder.join("tables/measures.parquet"), is_held, |_| true)
            .await
            .context(Kind::Query, || "reading the measures of the run before")?;
        assessed.measures.extend(attribution.handed_over(&kept));
        assessed.measures.sort();
    }
    let _measures = told_to_queries(session, "measures", assessed.measures.bytes());
    assessed.silent = silent_units(session, library, &assessed.units, request.as_of)
        .await
        .context(Kind::Query, || "looking for units that have not reported")?;
    assessed.newest = newest_dates(session, library, request.as_of).await.context(Kind::Query, || "looking for the newest records")?;
    assessed.unknown_codes = unknown_codes(session, library).await.context(Kind::Query, || "looking for unknown codes")?;

    surroundings.stage("indices", Work::Unknown);
    let until = request.period.last.last_day().min(request.as_of);
    for (composite, populations, _) in composites {
        let names = populations.iter().map(|population| (*population).to_owned());
        let failures = shared.stand_at(moment_of(Window::Flow, request.as_of), names).await;
        if let Some((population, error)) = failures.first() {
            assessed.held.insert(IndicatorId::from(composite), format!("`{population}`: {}", error.strip_backtrace()));
        }
    }
    let is_held = |composite: &str| assessed.held.contains_key(&IndicatorId::from(composite));
    let standing = Standing { synergy: !is_held(SYNERGY), burden: !is_held(BURDEN) };
    let found = indices(session, library, request.period.first.first_day(), until, request.seed, standing).await?;
    if let Some(quarter) = &found.burden.missing_base {
        let says = format!("the panel has no answers of the base quarter {quarter} (`burden.base_quarter`)");
        assessed.held.insert(IndicatorId::from(BURDEN), says);
    }
    // Without a run before there is no folder, and the tables of what is held are empty.
    let tables = previous_run.map(|folder| folder.join("tables")).unwrap_or_default();
    let is_held = |composite: &str| assessed.held.contains_key(&IndicatorId::from(composite));
    assessed.indices = previous::in_place_of_held(session, found, &tables, is_held).await?;

    surroundings.stage("records", Work::Unknown);
    let listed = listed.into_iter().filter(|indicator| !assessed.held.contains_key(&indicator.id));
    let wanted = ListInput {
        library,
        policy: &Policy::of(request.scheme),
        units: &assessed.units,
        hierarchy,
        indicators: listed.collect(),
        period: &request.period,
        as_of: request.as_of,
        longest: RECORDS_ON_PAGE,
    };
    assessed.records = record_lists(&mut shared, &wanted).await;
    if scored.contains(&IndicatorId::from(SYNERGY)) {
        let sides = border_records::Sides { pairs: &assessed.indices.synergy.pairs, missed: &assessed.indices.missed };
        assessed.records.lists.extend(sides.lists_of(&assessed.units, RECORDS_ON_PAGE));
    }

    let _lists = told_to_queries(session, "lists of records", assessed.records.bytes());

    surroundings.stage("findings", Work::Things(library.detectors.len(), "detector"));
    shared.stand_at(moment_of(Window::Flow, request.as_of), dependencies.in_order().map(str::to_owned)).await;
    let looked_for = DetectRequest { finished: &detected_one, effects: &assessed.effects, ..looked_for };
    let edited: Vec<_> = library.tables_at_freeze().into_iter().map(shape_of).collect();
    let frozen = lake.register_at_freeze(session, snapshot, &freezes(request)?, &edited).await;
    let mut detected = detect(&mut shared, &looked_for).await?;
    // A detector that looks for what is missing would find it in every table that did not come.
    for detector in library.detectors.values() {
        let names = names_read(session, &detector.sql).unwrap_or_default();
        let below = names.iter().flat_map(|name| dependencies.tables_below(name)).collect();
        if let Some(reason) = held_reason(&below, held_tables) {
            detected.fail([detector].into_iter(), &reason);
        }
    }
    if let Err(error) = frozen {
        // Edits that can't be seen are no innocence: who looks for them says nothing.
        detected.fail(library.detectors.values().filter(|detector| reads_at_freeze(&detector.sql)), &error.to_string());
    }
    let earlier = before.of_period.map(|folder| folder.join("tables"));
    review::settle(session, &looked_for, earlier.as_deref(), &mut detected).await?;
    assessed.detected = detected;
    assessed.population_seconds = shared.seconds().clone();

    // The populations stand at the as-of moment since the findings were looked for.
    if let [first, .., last] | [first @ last] = request.period.months_until(request.as_of).as_slice() {
        let (months, comparing) = ((*first, *last), || "comparing both sides");
        assessed.reconciliation = reconciled(&mut shared, months).await.context(Kind::Query, comparing)?;
        assessed.reconciled = reconciled_records(&mut shared, library, months).await.context(Kind::Query, comparing)?;
        assessed.declarations = declared(&mut shared, months).await.context(Kind::Query, || "comparing what was declared")?;
        assessed.verification = verified(&mut shared, months).await.context(Kind::Query, || "comparing what was checked")?;
    }
    for population in [reconciliation::POPULATION, verification::POPULATION] {
        let held = dependencies.tables_below(population).into_iter().filter(|table| held_tables.contains_key(table)).collect();
        assessed.held_below.insert(population.to_owned(), held);
    }

    surroundings.stage("scoring", Work::Unknown);
    let until = request.as_of.min(request.period.last.last_day());
    assessed.events =
        read_events(session, request.period.first.first_day(), until).await.context(Kind::Query, || "reading `scheme_events`")?;
    assessed.provisional = provisional(library, request.as_of, assessed.sources.keys().cloned());
    assessed.scorecards = scorecards(request, &assessed)?;
    Ok(assessed)
}

async fn counting_session(request: &Request<'_>, lake: &Lake, snapshot: &Snapshot, spill: &Path) -> Result<CountingSession> {
    let shapes: Vec<_> = request.library.tables.values().map(shape_of).collect();
    let limits = Limits { memory: request.memory_limit, spill, partitions: request.partitions };
    CountingSession::open(lake, snapshot, request.library, &shapes, request.as_of, &limits).await
}

fn reuse_in(request: &Request<'_>, counting: &CountingSession, snapshot: &Snapshot) -> Reuse {
    counting.reuse(request.out.join("counts"), snapshot, request.library, request.as_of)
}

/// What a run would count if nothing were loaded before it, and what is kept from earlier runs.
///
/// # Errors
/// A lake that can't be read; a session that can't be set up.
pub async fn counts_ahead(request: &Request<'_>, broken: &BTreeMap<IndicatorId, String>) -> Result<Vec<CountedRelation>> {
    let lake = Lake::open(&request.out.join("lake"))?;
    let snapshot = lake.pin().await?;
    let spill = SpillFolder::new(&request.out.join("lake"), &request.run.0)?;
    let counting = counting_session(request, &lake, &snapshot, spill.path()).await?;
    let mut shared = SharedPopulations::new(&counting.context, request.library, spill.path().to_owned(), &|| 0.0);
    let reuse = reuse_in(request, &counting, &snapshot);
    let task = Task {
        library: request.library,
        indicators: request.library.indicators.values().filter(|indicator| !broken.contains_key(&indicator.id)).collect(),
        period: &request.period,
        as_of: request.as_of,
        hierarchy: &counting.hierarchy,
        finished: &|_| (),
        elapsed: &|| 0.0,
        reuse: Some(&reuse),
        watched: None,
    };
    ahead(&mut shared, &task).await.context(Kind::Query, || "looking at what would be counted")
}

fn held_by_tables(
    sources: &BTreeMap<IndicatorId, BTreeSet<String>>,
    held_tables: &BTreeMap<String, String>,
) -> BTreeMap<IndicatorId, String> {
    sources.iter().filter_map(|(id, tables)| Some((id.clone(), held_reason(tables, held_tables)?))).collect()
}

/// Which of the tables are held; none of them.
fn held_reason(tables: &BTreeSet<String>, held_tables: &BTreeMap<String, String>) -> Option<String> {
    let below: Vec<String> = tables.iter().filter(|table| held_tables.contains_key(*table)).cloned().collect();
    match below.as_slice() {
        [] => None,
        [one] => Some(format!("source table {one} is held")),
        several => Some(format!("source tables {} are held", several.join(", "))),
    }
}

fn scorecards(request: &Request<'_>, assessed: &Assessed) -> Result<Scorecards> {
    let province = assessed.units.iter().find(|unit| unit.tier == "province").map_or("", |unit| unit.region.as_str());
    let mut values = regional::from_synergy(&assessed.indices.synergy.regions);
    values.extend(regional::from_burden(&assessed.indices.burden.rows, province));
    let held: BTreeSet<IndicatorId> = assessed.held.keys().cloned().collect();
    score(&ScoringInput {
        measures: &assessed.measures,
        units: &assessed.units,
        scheme: request.scheme,
        indicators: &request.library.indicators,
        period: &request.period,
        as_of: request.as_of,
        regional: &values,
        held: &held,
        provisional: &assessed.provisional,
        events: &assessed.events,
    })
}

/// Within two months of the last published day, deadlines in working days may lie beyond it.
pub(super) fn provisional(library: &Library, as_of: Date, all: impl Iterator<Item = IndicatorId>) -> BTreeSet<IndicatorId> {
    let (_, last) = library.calendar.published();
    if crate::terms::epoch_days(as_of) + 60 <= last { BTreeSet::new() } else { all.collect() }
}
