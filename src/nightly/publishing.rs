//! Publishing: what was computed becomes the report's input.
//!
//! In: the request, what was loaded and assessed, the run before. Out: [`ReportInput`]. Never here: figures of its own.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::assessing::Assessed;
use super::loading::Loaded;
use super::{Previous, Request};
use crate::compute::events::Event;
use crate::compute::measures::Scope;
use crate::compute::reporting::UnknownCodes;
use crate::indices::burden::BurdenParameters;
use crate::indices::synergy::SynergyParameters;
use crate::ingest::{FileAccounting, UnitRemark};
use crate::lake::Snapshot;
use crate::library::Library;
use crate::library::contract::{CheckSeverity, ColumnType, REGISTRY};
use crate::library::indicator::ShownAs;
use crate::library::scheme::composites::{BURDEN, COMPOSITES, SYNERGY};
use crate::library::scheme::{Scheme, ScoreFrom};
use crate::report::guard::mask;
use crate::report::input::{
    AccountingRow, HeldItem, IndicatorView, LineEvent, Lineage, Mark, MethodSection, Minimum, NodeView, NotReported, PreviousRun,
    ReasonCount, ReportInput, SchemeIndicator, SchemeView, UnitRemarkRow,
};
use crate::report::texts::{self, composites, method};
use crate::scoring::audit::audit;
use crate::scoring::grade_cap;
use crate::scoring::tables::{LineKind, ScoreLine, Scorecards, Unit};
use crate::terms::{IndicatorId, Period, UnitId, date_from_epoch_days};

/// By what texts figures were computed: what pages say of scheme, indicators, clocks and places.
#[derive(Clone, Copy)]
pub struct Texts<'a> {
    /// The library.
    pub library: &'a Library,
    /// The year's policy.
    pub scheme: &'a Scheme,
    /// What the scorecards speak about.
    pub period: &'a Period,
    /// State of the facts.
    pub as_of: Date,
    /// Of the bootstrap.
    pub seed: u64,
}

impl<'a> Texts<'a> {
    fn of(request: &'a Request<'_>) -> Self {
        let Request { library, scheme, period, as_of, seed, .. } = request;
        Self { library, scheme, period, as_of: *as_of, seed: *seed }
    }
}

/// Puts together what pages and result tables show.
pub fn report_input(
    request: &Request<'_>,
    loaded: &Loaded,
    assessed: Assessed,
    quarantine_reasons: Vec<ReasonCount>,
    snapshot: &Snapshot,
    previous: Option<&Previous>,
) -> ReportInput {
    let texts = &Texts::of(request);
    let line_events = line_events(request.scheme, &assessed.events, &assessed.scorecards);
    ReportInput {
        assessment: request.project.name.clone(),
        notice: request.project.notice.clone(),
        period: request.period.clone(),
        as_of: request.as_of,
        run_id: request.run.clone(),
        engine_version: request.engine.to_owned(),
        lake_versions: snapshot.versions(),
        scheme: scheme_view(texts),
        indicators: indicator_views(request.library),
        lineage: lineage(request, &assessed, snapshot),
        regions: region_names(request.library),
        line_events,
        accounting: loaded.files.iter().map(accounting_row).collect(),
        quarantine_reasons,
        warnings: warning_counts(request, loaded, &assessed),
        unit_remarks: unit_remarks(request, loaded, &assessed),
        held: held(request, loaded, &assessed, previous.and_then(|previous| previous.as_of)),
        not_reported: assessed
            .silent
            .into_iter()
            .map(|silent| NotReported { table: silent.table, unit: silent.unit, last_seen: silent.last_seen })
            .collect(),
        marks: marks(request.library, request.as_of),
        previous: previous.map(|previous| PreviousRun { as_of: previous.as_of, ranks: ranks_before(previous, &assessed.units) }),
        units: assessed.units.into_iter().map(with_a_name_to_show).collect(),
        audit: audit(request.scheme, &assessed.scorecards),
        scorecards: assessed.scorecards,
        measures: assessed.measures,
        synergy: assessed.indices.synergy,
        burden: assessed.indices.burden,
        reconciliation: assessed.reconciliation,
        reconciled: assessed.reconciled,
        declarations: assessed.declarations,
        verification: assessed.verification,
        held_below: assessed.held_below,
        detected: assessed.detected,
        charts: assessed.charts,
        effects: assessed.effects,
        detectors: request.library.detectors.values().cloned().collect(),
        records: assessed.records,
        edition: None,
        tables: request.library.tables.values().map(|table| (table.name.clone(), table.title.clone())).collect(),
    }
}

/// A unit's name comes from a file: a mobile number in it would keep every page that names it from being published, and is nothing to publish.
fn with_a_name_to_show(unit: Unit) -> Unit {
    Unit { name: mask(&unit.name), ..unit }
}

/// What is held, tables and indicators, each with its reasons as codes.
fn held(request: &Request<'_>, loaded: &Loaded, assessed: &Assessed, since: Option<Date>) -> Vec<HeldItem> {
    let mut held = Vec::new();
    for (table, result) in &loaded.tables {
        let Some(reason) = result.held.clone() else { continue };
        let codes = result.held_because.clone();
        held.push(HeldItem { kind: "table".to_owned(), name: table.clone(), codes, waits_for: Vec::new(), reason, since });
    }
    let broken = super::broken_indicators(request);
    for (id, reason) in &assessed.held {
        let is_held = |table: &&String| loaded.tables.get(*table).is_some_and(|result| result.held.is_some());
        let waits_for: Vec<String> = assessed.sources.get(id).into_iter().flatten().filter(is_held).cloned().collect();
        let code = match waits_for.is_empty() {
            _ if broken.contains_key(id) => "definition_broken",
            false => "source_held",
            true => "computation_failed",
        };
        let (name, codes) = (id.0.clone(), vec![code.to_owned()]);
        held.push(HeldItem { kind: "indicator".to_owned(), name, codes, waits_for, reason: reason.clone(), since });
    }
    held.sort_by(|a, b| (&a.kind, &a.name).cmp(&(&b.kind, &b.name)));
    held
}

/// The events behind score lines.
pub fn line_events(scheme: &Scheme, events: &[Event], cards: &Scorecards) -> Vec<LineEvent> {
    let entry = |line: &ScoreLine| {
        let event = events.iter().find(|event| event.id == line.event)?;
        let is_veto = line.kind == LineKind::Veto;
        let veto = scheme.vetoes.iter().find(|veto| is_veto && veto.code == event.code);
        Some(LineEvent {
            unit: line.unit.clone(),
            domain: line.domain.clone(),
            entry: event.id.clone(),
            recorded_on: event.on,
            kind: line.kind.word().to_owned(),
            points: (!is_veto).then_some(line.earned),
            says: veto.map_or_else(|| event.code.clone(), |veto| veto.title.clone()),
            cap_grade: grade_cap(scheme, event).filter(|_| is_veto).map(|grade| scheme.grades[grade].name.clone()),
            document: event.document.clone(),
        })
    };
    cards.score_lines.iter().filter(|line| !line.event.is_empty()).filter_map(entry).collect()
}

/// The scheme as pages show it.
pub fn scheme_view(texts: &Texts<'_>) -> SchemeView {
    let scheme = texts.scheme;
    let class_points = scheme.class_points();
    SchemeView {
        title: scheme.title.clone(),
        hash: blake3::hash(scheme.text.as_bytes()).to_hex().to_string(),
        decimals: scheme.rounding.decimals,
        grades: scheme.grades.iter().map(|grade| grade.name.clone()).collect(),
        minimum: Minimum {
            cases: u32::try_from(scheme.minimum_n.rate).unwrap_or(0),
            answers: u32::try_from(scheme.minimum_n.value).unwrap_or(0),
            half_width: scheme.minimum_n.half_width,
            rank_share: scheme.minimum_n.rank_share,
            units: scheme.minimum_units,
        },
        scopes: scheme.subtree_tiers.iter().map(|tier| (tier.clone(), Scope::Subtree)).collect(),
        nodes: scheme
            .nodes
            .iter()
            .map(|node| NodeView {
                id: node.id.clone(),
                title: node.title.clone(),
                parent: node.parent.clone(),
                points: class_points.get(node.id.as_str()).copied().unwrap_or(node.points),
                class: node.parent == "total" && !scheme.is_separate(&node.id),
            })
            .collect(),
        indicators: scheme
            .indicators
            .iter()
            .map(|scored| SchemeIndicator {
                id: scored.id.clone(),
                node: scored.node.clone(),
                points: scored.points,
                target: scored.target,
                report_only: scored.report_only,
                from_shrunk: scored.score_from == ScoreFrom::Shrunk,
                curve: scored.curve.as_ref().map(|curve| curve.points().to_vec()).unwrap_or_default(),
            })
            .collect(),
        method: method_of(texts),
    }
}

/// How every number comes about: the scheme's rules, and of composites that it scores or shows those of the library.
fn method_of(texts: &Texts<'_>) -> Vec<MethodSection> {
    let title = |id: &IndicatorId| texts.library.indicators.get(id).map_or_else(|| id.0.clone(), |header| header.title.clone());
    let mut sections = method::sections(texts.scheme, &title);
    // The law stands last.
    let law = sections.pop();
    let until = texts.period.last.last_day().min(texts.as_of);
    let synergy = SynergyParameters::of(texts.library, texts.period.first.first_day(), until).with_seed(texts.seed);
    sections.extend(composites::sections(&synergy, &BurdenParameters::of(texts.library, until, texts.seed)));
    sections.extend(law);
    sections
}

/// Headers of indicators and composites, as pages show them.
pub fn indicator_views(library: &Library) -> BTreeMap<IndicatorId, IndicatorView> {
    let mut views: BTreeMap<IndicatorId, IndicatorView> =
        library.indicators.iter().map(|(id, indicator)| (id.clone(), IndicatorView::from(indicator))).collect();
    for composite in &COMPOSITES {
        let view = IndicatorView {
            title: composite.title.to_owned(),
            comment: texts::COMPOSITE_COMMENT.to_owned(),
            basis: texts::COMPOSITE_BASIS.to_owned(),
            shown_as: if composite.family == "burden" { ShownAs::Index } else { ShownAs::Percent },
            better: composite.better,
            domains: composite.domains.iter().map(|domain| (*domain).to_owned()).collect(),
            monthly: false,
            ratio: false,
        };
        views.insert(IndicatorId::from(composite.id), view);
    }
    views
}

/// The text that defines a composite: the program's own, since it has no SQL file.
const COMPOSITE_TEXTS: [(&str, &[&str]); 2] = [
    (SYNERGY, &[include_str!("../indices/synergy.rs"), include_str!("../indices/extract.rs")]),
    (BURDEN, &[include_str!("../indices/burden.rs"), include_str!("../indices/bootstrap.rs"), include_str!("../indices/extract.rs")]),
];

/// The definition's hash covers the indicator's text and every population and clock file, since any of them may change it.
fn lineage(request: &Request<'_>, assessed: &Assessed, snapshot: &Snapshot) -> BTreeMap<IndicatorId, Lineage> {
    let mut shared = blake3::Hasher::new();
    for (path, text) in &request.library.files {
        if path.starts_with("populations/") {
            shared.update(text.as_bytes());
        }
    }
    let clock_text = |path: &str| request.library.files.get(path).map_or("", String::as_str);
    let clocks =
        blake3::hash(format!("{}{}", clock_text("clocks.toml"), clock_text("parameters.toml")).as_bytes()).to_hex()[..16].to_owned();
    let versions = snapshot.versions();
    let of_library = request.library.indicators.iter().map(|(id, indicator)| (id.clone(), vec![indicator.text.as_str()]));
    let of_program = COMPOSITE_TEXTS.iter().map(|(id, texts)| (IndicatorId::from(*id), texts.to_vec()));
    let mut all = BTreeMap::new();
    for (id, texts) in of_library.chain(of_program) {
        let mut hasher = shared.clone();
        texts.iter().for_each(|text| {
            hasher.update(text.as_bytes());
        });
        let sources = assessed.sources.get(&id).cloned().unwrap_or_default();
        let lake = sources.iter().filter_map(|table| versions.get(table).map(|version| format!("{table}@{version}"))).collect::<Vec<_>>();
        let lineage = Lineage {
            definition_hash: hasher.finalize().to_hex()[..16].to_owned(),
            clock_versions: clocks.clone(),
            lake_versions: lake.join(" "),
        };
        all.insert(id, lineage);
    }
    all
}

/// Division code → name, from the library's reference files and the project's overlay of them.
pub fn region_names(library: &Library) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    for file in ["reference/regions.csv", "reference/townships.csv"] {
        for line in library.files.get(file).map_or("", String::as_str).lines().skip(1) {
            let mut cells = line.split(',');
            if let (Some(code), Some(name)) = (cells.next(), cells.next()) {
                names.insert(code.to_owned(), name.to_owned());
            }
        }
    }
    names
}

fn accounting_row(file: &FileAccounting) -> AccountingRow {
    AccountingRow {
        table: file.table.clone(),
        source_file: file.source_file.clone(),
        sheet: file.sheet.clone().unwrap_or_default(),
        format: file.format.clone(),
        encoding: file.encoding.clone().unwrap_or_default(),
        bytes_size: file.bytes_size,
        bytes_read: file.bytes_read,
        records_seen: file.records_seen,
        expanded: file.expanded,
        loaded: file.loaded,
        quarantined: file.quarantined,
        duplicates: file.duplicates,
        filtered: file.filtered,
        held: file.held,
        balanced: file.balances(),
        digest: file.digest.clone(),
    }
}

/// Ranks of the run before; a unit that has followed another since is compared with that one's.
fn ranks_before(previous: &Previous, units: &[Unit]) -> BTreeMap<(UnitId, String), u32> {
    let mut ranks = previous.ranks.clone();
    for unit in units {
        if let [one] = unit.predecessors.as_slice() {
            let of_predecessor = previous.ranks.iter().filter(|((id, _), _)| *id == one.id);
            for ((_, domain), rank) in of_predecessor {
                ranks.entry((unit.id.clone(), domain.clone())).or_insert(*rank);
            }
        }
    }
    ranks
}

/// What was noticed about rows that are loaded all the same; who was refused stands among the reasons of the quarantine.
pub fn warning_counts(request: &Request<'_>, loaded: &Loaded, assessed: &Assessed) -> Vec<ReasonCount> {
    let (unknown_codes, events) = (&assessed.unknown_codes, &assessed.events);
    let mut counts: BTreeMap<(String, String, String), u64> = BTreeMap::new();
    for warning in loaded.warnings.iter().filter(|warning| warning.severity == CheckSeverity::Warn) {
        *counts.entry((warning.table.clone(), warning.check.clone(), warning.says.clone())).or_default() += warning.rows;
    }
    for unknown in unknown_codes {
        let says = format!("{}{}", unknown_says(request, unknown), named_units(unknown));
        *counts.entry((unknown.table.clone(), format!("unknown_{}", unknown.column), says)).or_default() += unknown.rows();
    }
    for (oddity, units) in &assessed.oddities {
        let (check, says) = oddity.words();
        counts.insert(("units".to_owned(), check.to_owned(), says.to_owned()), *units);
    }
    let has_no_effect = |event: &&Event| event.is_veto && grade_cap(request.scheme, event).is_none();
    let without_effect = events.iter().filter(has_no_effect).count() as u64;
    if without_effect > 0 {
        let says = texts::VETO_WITHOUT_EFFECT.to_owned();
        counts.insert(("scheme_events".to_owned(), "unknown_veto".to_owned(), says), without_effect);
    }
    counts.into_iter().map(|((table, check, says), rows)| ReasonCount { table, check, says, rows }).collect()
}

/// What an unknown code means for its rows.
fn unknown_says(request: &Request<'_>, unknown: &UnknownCodes) -> String {
    if is_of_powers(request, unknown) {
        return texts::DOMAIN_OF_NO_POWERS.to_owned();
    }
    if unknown.dimension == REGISTRY.0 {
        return texts::UNIT_OF_NO_REGISTRY.to_owned();
    }
    let tables = &request.library.tables;
    let column = tables.get(&unknown.table).and_then(|table| table.column(&unknown.column));
    let column = column.map_or(unknown.column.as_str(), |column| column.meaning.as_str());
    let dimension = tables.get(&unknown.dimension).map_or(unknown.dimension.as_str(), |table| table.title.as_str());
    texts::unknown_code(column, dimension)
}

/// Whether the code is one of a list that each unit has, as its domains.
fn is_of_powers(request: &Request<'_>, unknown: &UnknownCodes) -> bool {
    let contract = request.library.tables.get(&unknown.table);
    let mut references = contract.into_iter().flat_map(|contract| &contract.references);
    let reference = references.find(|reference| reference.column == unknown.column && reference.table == unknown.dimension);
    let target = reference.and_then(|reference| request.library.tables.get(&reference.table)?.column(&reference.target));
    target.is_some_and(|target| target.kind == ColumnType::List)
}

/// So many unknown units stand in a sentence.
const NAMED_UNITS: usize = 5;

/// The units that nobody knows, by name: whoever fell out of the registry must not vanish in a count.
fn named_units(unknown: &UnknownCodes) -> String {
    if unknown.dimension != REGISTRY.0 {
        return String::new();
    }
    let mut units: Vec<(&String, &u64)> = unknown.units.iter().collect();
    units.sort_by_key(|(unit, rows)| (std::cmp::Reverse(**rows), *unit));
    let named: Vec<(&str, u64)> = units.iter().take(NAMED_UNITS).map(|(unit, rows)| (unit.as_str(), **rows)).collect();
    texts::units_with_rows(&named, units.len() > NAMED_UNITS)
}

/// What was noticed about the rows of each unit, while loading and when codes were looked up.
fn unit_remarks(request: &Request<'_>, loaded: &Loaded, assessed: &Assessed) -> Vec<UnitRemarkRow> {
    let of_loading = loaded.unit_remarks.iter().cloned();
    let of_codes = assessed.unknown_codes.iter().flat_map(|unknown| {
        let says = unknown_says(request, unknown);
        unknown.units.iter().map(move |(unit, rows)| UnitRemark {
            table: unknown.table.clone(),
            unit: unit.clone(),
            check: format!("unknown_{}", unknown.column),
            says: says.clone(),
            rows: *rows,
        })
    });
    let sent = |remark: &UnitRemark| loaded.unit_rows.get(&remark.table)?.get(&remark.unit).copied();
    let mut remarks: Vec<UnitRemarkRow> =
        of_loading.chain(of_codes).map(|remark| UnitRemarkRow { of_rows: sent(&remark), remark }).collect();
    remarks.sort_by(|left, right| left.remark.cmp(&right.remark));
    remarks
}

/// Clocks and parameters whose source a province has to confirm, and where the published calendar ends.
pub fn marks(library: &Library, as_of: Date) -> Vec<Mark> {
    let (_, last) = library.calendar.published();
    let beyond = date_from_epoch_days(last + 1).filter(|_| crate::terms::epoch_days(as_of) + 60 > last);
    let mut marks = Vec::new();
    for clock in library.clocks.values() {
        for version in clock.versions.iter().filter(|version| version.confirmed.must_be_confirmed()) {
            marks.push(Mark {
                name: clock.name.clone(),
                title: clock.title.clone(),
                confirmed: version.confirmed.mark().to_owned(),
                source: version.source.clone(),
                provisional_from: beyond,
            });
        }
    }
    for parameter in library.parameters.values() {
        for version in parameter.versions.iter().filter(|version| version.confirmed.must_be_confirmed()) {
            marks.push(Mark {
                name: parameter.name.clone(),
                title: parameter.title.clone(),
                confirmed: version.confirmed.mark().to_owned(),
                source: version.source.clone(),
                provisional_from: None,
            });
        }
    }
    marks
}
