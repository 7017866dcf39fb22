//! What moved between two runs, and because of what.
//!
//! In: two runs of one project, with the texts and the lake versions that they have read. Out: a [`Difference`]. Never here: words for people; a change of
//! anything.
//!
//! The later run's data under the earlier run's texts were never computed: where a text changed, the indicators that rest on it are counted once more
//! over the later data, under the earlier texts, and again with the later clocks. All others are taken from what the runs left.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::journal::{Manifest, RunResults};
use super::kept_texts;
use super::left::{Left, records_of, scheme_of};
use super::loading::shape_of;
use crate::compute::counting_session::{CountingSession, Limits};
use crate::compute::measures::Measures;
use crate::compute::resting::Resting;
use crate::compute::run::{Task, compute};
use crate::compute::shared::SharedPopulations;
use crate::error::{Context, Error, Kind, Result};
use crate::lake::Lake;
use crate::library::Library;
use crate::library::indicator::Indicator;
use crate::library::scheme::Scheme;
use crate::release::hash_tables;
use crate::report;
use crate::scoring::difference::{Cause, Difference, IndicatorChange, ObjectChange, RunSide, TableChange, TextChange, Totals, Way, totals};
use crate::scoring::tables::Scorecards;
use crate::scoring::whatif::moves;
use crate::scoring::{RegionalValue, ScoringInput, score_without_ledger};
use crate::terms::IndicatorId;

/// One of the two runs, read back.
struct Side {
    manifest: Manifest,
    results: RunResults,
    library: Library,
    scheme: Scheme,
    left: Left,
    published: Totals,
    hashes: BTreeMap<String, String>,
}

impl Side {
    async fn read(out: &Path, run: &str, limits: &Limits<'_>) -> Result<Self> {
        let folder = out.join("runs").join(run);
        let (manifest, results) = records_of(out, run)?;
        let library = kept_texts::library_of(out, &manifest)?;
        let scheme = scheme_of(&manifest, &library)?.undrawn();
        let left = Left::read(&library, out, run, limits).await?;
        let published = report::read_totals(&folder.join("tables"))?;
        let published = published.into_iter().map(|((unit, domain), total)| ((unit.0, domain), total)).collect();
        Ok(Self { hashes: hash_tables(&folder)?, manifest, results, library, scheme, left, published })
    }

    fn side(&self) -> RunSide {
        RunSide {
            run: self.manifest.run.clone(),
            as_of: self.manifest.as_of.clone(),
            period: self.manifest.period.clone(),
            scheme: self.manifest.scheme.0.clone(),
            scheme_hash: self.manifest.scheme.1.clone(),
            engine: self.manifest.engine.clone(),
        }
    }
}

/// Compares two runs of a project.
///
/// Cost: reading both runs and scoring seven times; where a text changed, one or two computations of the indicators that rest on it.
///
/// # Errors
/// Runs that left no results or no texts, lake versions that are gone, an indicator that can't be counted again.
pub async fn difference(out: &Path, before: &str, after: &str, limits: &Limits<'_>) -> Result<Difference> {
    let a = Side::read(out, before, limits).await?;
    let b = Side::read(out, after, limits).await?;
    let texts = text_changes(&a, &b);
    let lake = Lake::open(&out.join("lake"))?;
    let changed = texts.iter().flat_map(|change| change.names.iter().map(String::as_str)).collect();
    let lists_changed = texts.iter().any(|change| change.file.starts_with("reference/"));
    let resting = Resting::of([&a.library, &b.library], &changed, lists_changed);

    let recounter = Recounter { lake: &lake, side: &b, limits };
    let counts = recounter.measures_on_the_way(&a, &resting).await?;
    let way = way(&a, &b, &counts, regional_moves_with(&texts))?;
    let (first, last) = (&way.1, &way.2);
    Ok(Difference {
        before: a.side(),
        after: b.side(),
        tables: table_changes(&a, &b),
        units: unit_changes(&a, &b),
        indicators: indicator_changes(&a, &b, first, last, &resting),
        all_objects: a.published.keys().chain(b.published.keys()).collect::<BTreeSet<_>>().len(),
        objects: object_changes(&a, &b, first, last, &way.0),
        results: changed_results(&a, &b),
        names: names(&a).chain(names(&b)).collect(),
        texts,
    })
}

fn names(side: &Side) -> impl Iterator<Item = (String, String)> + '_ {
    let units = side.left.units.iter().map(|unit| (unit.id.0.clone(), unit.name.clone()));
    units.chain(side.library.indicators.values().map(|indicator| (indicator.id.0.clone(), indicator.title.clone())))
}

fn text_changes(a: &Side, b: &Side) -> Vec<TextChange> {
    let files: BTreeSet<&String> = a.library.files.keys().chain(b.library.files.keys()).collect();
    let schemes = [&a.manifest.scheme.0, &b.manifest.scheme.0].map(|name| format!("schemes/{name}.toml"));
    let mut changes: Vec<TextChange> = files
        .into_iter()
        .filter(|file| a.library.files.get(*file) != b.library.files.get(*file))
        .map(|file| TextChange {
            how: match (a.library.files.contains_key(file), b.library.files.contains_key(file)) {
                (true, true) => "changed",
                (true, false) => "gone",
                _ => "new",
            },
            cause: cause_of(file, &schemes),
            names: match file.as_str() {
                "clocks.toml" => names_changed(&a.library.clocks, &b.library.clocks),
                "parameters.toml" => names_changed(&a.library.parameters, &b.library.parameters),
                _ => Vec::new(),
            },
            file: file.clone(),
        })
        .collect();
    if a.manifest.scheme.0 != b.manifest.scheme.0 && changes.iter().all(|change| change.cause != Some(Cause::Scheme)) {
        let file = schemes[1].clone();
        changes.push(TextChange { file, how: "changed", cause: Some(Cause::Scheme), names: Vec::new() });
    }
    changes
}

fn cause_of(file: &str, schemes: &[String; 2]) -> Option<Cause> {
    let folder = file.split('/').next().unwrap_or_default();
    match folder {
        "clocks.toml" | "parameters.toml" | "reference" => Some(Cause::Clocks),
        "populations" | "indicators" | "tables" => Some(Cause::Definition),
        "schemes" if schemes.iter().any(|scheme| scheme == file) => Some(Cause::Scheme),
        _ => None,
    }
}

fn names_changed<T: std::fmt::Debug>(a: &BTreeMap<String, T>, b: &BTreeMap<String, T>) -> Vec<String> {
    let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    let said = |of: Option<&T>| of.map(|entry| format!("{entry:?}"));
    names.into_iter().filter(|name| said(a.get(*name)) != said(b.get(*name))).cloned().collect()
}

/// The step at which the composites of regions become those of the later run: they are not computed again.
fn regional_moves_with(texts: &[TextChange]) -> usize {
    let is_composite = |name: &String| ["synergy.", "burden."].iter().any(|family| name.starts_with(family));
    let with_clocks = texts.iter().any(|change| change.names.iter().any(is_composite));
    if with_clocks { 2 } else { 1 }
}

/// Measures after each of the first three steps.
struct Counts {
    data: Measures,
    clocks: Measures,
}

/// Counts over the later run's data.
struct Recounter<'a> {
    lake: &'a Lake,
    side: &'a Side,
    limits: &'a Limits<'a>,
}

impl Recounter<'_> {
    async fn measures_on_the_way(&self, a: &Side, resting: &Resting) -> Result<Counts> {
        let b = self.side;
        let all: BTreeSet<&IndicatorId> = resting.definition.union(&resting.clocks).collect();
        let defined: BTreeSet<&IndicatorId> = resting.definition.iter().collect();
        let new: BTreeSet<&IndicatorId> = b.library.indicators.keys().filter(|id| !a.library.indicators.contains_key(*id)).collect();
        let same_data = a.manifest.lake_versions == b.manifest.lake_versions
            && (&a.manifest.as_of, &a.manifest.period) == (&b.manifest.as_of, &b.manifest.period);
        // On the same data under the same texts, the earlier run has counted them.
        let under_old = match same_data {
            true => only(&a.left.measures, &all),
            false => self.counted(&a.library, &all).await?,
        };
        let data = put(&b.left.measures, &all, &new, &under_old);
        let under_new_clocks = if resting.clocks.is_empty() || defined.is_empty() {
            only(&under_old, &defined)
        } else {
            let is_clock = |file: &str| cause_of(file, &Default::default()) == Some(Cause::Clocks);
            let old = a.library.files.iter().filter(|(file, _)| !is_clock(file));
            let files = old.chain(b.library.files.iter().filter(|(file, _)| is_clock(file)));
            let (mixed, _) = Library::from_texts(files.map(|(file, text)| (file.clone(), text.clone())).collect())?;
            self.counted(&mixed, &defined).await?
        };
        Ok(Counts { data, clocks: put(&b.left.measures, &defined, &new, &under_new_clocks) })
    }

    async fn counted(&self, library: &Library, ids: &BTreeSet<&IndicatorId>) -> Result<Measures> {
        let indicators: Vec<&Indicator> = library.indicators.values().filter(|indicator| ids.contains(&indicator.id)).collect();
        if indicators.is_empty() {
            return Ok(Measures::default());
        }
        let snapshot = self.lake.pin_at(&self.side.manifest.lake_versions).await?;
        let shapes: Vec<_> = library.tables.values().map(shape_of).collect();
        let (period, as_of) = (&self.side.left.period, self.side.left.as_of);
        let counting = CountingSession::open(self.lake, &snapshot, library, &shapes, as_of, self.limits).await?;
        let mut shared = SharedPopulations::new(&counting.context, library, self.limits.spill.to_owned(), &|| 0.0);
        let task = Task {
            library,
            indicators,
            period,
            as_of,
            hierarchy: &counting.hierarchy,
            finished: &|_| (),
            elapsed: &|| 0.0,
            reuse: None,
            watched: None,
        };
        let outcome = compute(&mut shared, &task).await.context(Kind::Query, || "counting under the earlier texts")?;
        match outcome.failed.first_key_value() {
            None => Ok(outcome.measures),
            Some((id, why)) => Err(Error::new(Kind::Query, format!("`{id}` can't be counted over the later data: {why}"))),
        }
    }
}

fn only(measures: &Measures, ids: &BTreeSet<&IndicatorId>) -> Measures {
    let mut kept = Measures::default();
    kept.extend(measures.iter().filter(|measure| ids.iter().any(|id| id.as_ref() == measure.indicator)));
    kept.sort();
    kept
}

/// `measures` without those of `others` and of `new`, and with `instead`.
fn put(measures: &Measures, others: &BTreeSet<&IndicatorId>, new: &BTreeSet<&IndicatorId>, instead: &Measures) -> Measures {
    let mut all = measures.clone();
    others.iter().chain(new).for_each(|id| all.remove(id));
    all.extend(instead.iter());
    all.sort();
    all
}

/// Totals along the way, and the scorecards at its ends.
fn way(a: &Side, b: &Side, counts: &Counts, regional_step: usize) -> Result<(Way, Scorecards, Scorecards)> {
    // A scheme may name an indicator that the other library does not have.
    let with = |first: &Library, over: &Library| {
        let mut headers = first.indicators.clone();
        headers.extend(over.indicators.clone());
        headers
    };
    let (old, new) = (with(&b.library, &a.library), with(&a.library, &b.library));
    let regional = |step: usize| -> &[RegionalValue] { if step >= regional_step { b.left.regional() } else { a.left.regional() } };
    let later = |step: usize, scheme, headers, measures| ScoringInput {
        measures,
        units: &a.left.units,
        regional: regional(step),
        ..b.left.input(scheme, headers)
    };
    let first = score_without_ledger(&a.left.input(&a.scheme, &old))?;
    let steps = [
        later(1, &a.scheme, &old, &counts.data),
        later(2, &a.scheme, &old, &counts.clocks),
        later(3, &a.scheme, &new, &b.left.measures),
        later(4, &b.scheme, &new, &b.left.measures),
    ];
    let mut of_steps = vec![totals(&first)];
    for step in &steps {
        of_steps.push(totals(&score_without_ledger(step)?));
    }
    let last = score_without_ledger(&b.left.input(&b.scheme, &new))?;
    of_steps.push(totals(&last));
    let way = Way {
        published_before: a.published.clone(),
        steps: of_steps.try_into().map_err(|_| Error::new(Kind::Bug, "the way has six steps"))?,
        published_after: b.published.clone(),
    };
    Ok((way, first, last))
}

fn table_changes(a: &Side, b: &Side) -> Vec<TableChange> {
    let tables: BTreeSet<&String> = a.manifest.lake_versions.keys().chain(b.manifest.lake_versions.keys()).collect();
    let rows = |side: &Side, table: &str| side.results.tables.get(table).map(|result| result.rows);
    let version = |side: &Side, table: &str| side.manifest.lake_versions.get(table).copied();
    tables
        .into_iter()
        .filter(|table| version(a, table) != version(b, table))
        .map(|table| TableChange {
            rows: (rows(a, table), rows(b, table)),
            version: (version(a, table), version(b, table)),
            table: table.clone(),
        })
        .collect()
}

fn unit_changes(a: &Side, b: &Side) -> Vec<(String, String, bool)> {
    let ids = |side: &Side| side.left.units.iter().map(|unit| unit.id.0.clone()).collect::<BTreeSet<_>>();
    let (old, new) = (ids(a), ids(b));
    let named = |side: &Side, others: &BTreeSet<String>, is_new: bool| {
        let alone = side.left.units.iter().filter(|unit| !others.contains(&unit.id.0));
        alone.map(|unit| (unit.id.0.clone(), unit.name.clone(), is_new)).collect::<Vec<_>>()
    };
    let mut units = named(a, &new, false);
    units.extend(named(b, &old, true));
    units
}

fn indicator_changes(a: &Side, b: &Side, first: &Scorecards, last: &Scorecards, resting: &Resting) -> Vec<IndicatorChange> {
    let of = |cards: &'_ Scorecards| -> BTreeMap<(String, String, String), [String; 2]> {
        let row = |value: &crate::scoring::tables::Value| {
            let key = (value.indicator.0.clone(), value.unit.0.clone(), value.domain.clone());
            (key, [format!("{:?}", (value.numerator, value.denominator, value.value)), format!("{:?}", value.score)])
        };
        cards.values.iter().map(row).collect()
    };
    let (old, new) = (of(first), of(last));
    let mut moved: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut scored_otherwise: BTreeSet<&str> = BTreeSet::new();
    for key in old.keys().collect::<BTreeSet<_>>().union(&new.keys().collect()) {
        let counts = moved.entry(key.0.as_str()).or_default();
        counts.0 += usize::from(old.get(*key) != new.get(*key));
        counts.1 += 1;
        if let Some((old, new)) = old.get(*key).zip(new.get(*key))
            && old[0] == new[0]
            && old[1] != new[1]
        {
            scored_otherwise.insert(&key.0);
        }
    }
    let mut points: BTreeMap<String, rust_decimal::Decimal> = BTreeMap::new();
    for (line, gained) in moves(first, last).iter().flat_map(|one| &one.because) {
        *points.entry(line.clone()).or_default() += gained.abs();
    }
    let is_later = (&a.manifest.as_of, &a.manifest.period) != (&b.manifest.as_of, &b.manifest.period);
    let has_other_rows = |id: &IndicatorId| {
        let tables = resting.tables.get(id).cloned().unwrap_or_default();
        is_later || tables.iter().any(|table| a.manifest.lake_versions.get(table) != b.manifest.lake_versions.get(table))
    };
    let mut changes: Vec<IndicatorChange> = moved
        .into_iter()
        .filter(|(_, (moved, _))| *moved > 0)
        .map(|(id, moved)| {
            let known = IndicatorId::from(id);
            let is_new = !a.library.indicators.contains_key(&known) && b.library.indicators.contains_key(&known);
            let causes = [
                (Cause::Data, has_other_rows(&known)),
                (Cause::Clocks, resting.clocks.contains(&known)),
                (Cause::Definition, is_new || resting.definition.contains(&known)),
                (Cause::Scheme, scored_otherwise.contains(id)),
            ];
            IndicatorChange {
                causes: causes.into_iter().filter(|(_, is)| *is).map(|(cause, _)| cause).collect(),
                points: points.get(id).copied().unwrap_or_default(),
                moved,
                indicator: id.to_owned(),
            }
        })
        .collect();
    changes.sort_by(|one, other| other.points.cmp(&one.points).then_with(|| one.indicator.cmp(&other.indicator)));
    changes
}

fn object_changes(a: &Side, b: &Side, first: &Scorecards, last: &Scorecards, way: &Way) -> Vec<ObjectChange> {
    let change = |mut moved: crate::scoring::whatif::Move| {
        let key = (moved.unit.clone(), moved.domain.clone());
        moved.total = (a.published.get(&key).copied(), b.published.get(&key).copied());
        ObjectChange { by_cause: way.of(&key), moved }
    };
    let is_change = |change: &ObjectChange| {
        let moved = &change.moved;
        moved.total.0 != moved.total.1
            || moved.rank.0 != moved.rank.1
            || moved.grade.0 != moved.grade.1
            || moved.peer_group.0 != moved.peer_group.1
            || change.by_cause.is_some_and(|by_cause| by_cause.iter().any(|points| !points.is_zero()))
    };
    moves(first, last).into_iter().map(change).filter(is_change).collect()
}

fn changed_results(a: &Side, b: &Side) -> Vec<String> {
    let tables: BTreeSet<&String> = a.hashes.keys().chain(b.hashes.keys()).collect();
    tables.into_iter().filter(|table| a.hashes.get(*table) != b.hashes.get(*table)).cloned().collect()
}
