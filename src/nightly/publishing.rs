//! Publishing: what was computed becomes the report's input.
//!
//! In: the request, what was loaded and assessed, the run before. Out: [`ReportInput`]. Never here: figures of its own.

use std::collections::BTreeMap;

use super::assessing::Assessed;
use super::loading::Loaded;
use super::{Previous, Request};
use crate::calendar::Confirmed;
use crate::compute::measures::Scope;
use crate::ingest::FileAccounting;
use crate::lake::Snapshot;
use crate::library::indicator::ShownAs;
use crate::library::scheme::Scheme;
use crate::library::scheme::composites::COMPOSITES;
use crate::report::input::{
    AccountingRow, HeldItem, IndicatorView, Lineage, Mark, NodeView, NotReported, PreviousRun, ReasonCount, ReportInput, SchemeIndicator,
    SchemeView,
};
use crate::terms::{IndicatorId, date_from_epoch_days};

/// Puts together what pages and result tables show.
pub fn report_input(
    request: &Request<'_>,
    loaded: &Loaded,
    assessed: Assessed,
    quarantine_reasons: Vec<ReasonCount>,
    snapshot: &Snapshot,
    previous: Option<&Previous>,
) -> ReportInput {
    let held_tables = loaded.tables.iter().filter_map(|(table, result)| Some(("table", table.clone(), result.held.clone()?)));
    let held_indicators = assessed.held.iter().map(|(id, reason)| ("indicator", id.0.clone(), reason.clone()));
    let since = previous.and_then(|previous| previous.as_of);
    let mut held: Vec<HeldItem> =
        held_tables.chain(held_indicators).map(|(kind, name, reason)| HeldItem { kind: kind.to_owned(), name, reason, since }).collect();
    held.sort_by(|a, b| (&a.kind, &a.name).cmp(&(&b.kind, &b.name)));
    ReportInput {
        assessment: request.project.name.clone(),
        period: request.period.clone(),
        as_of: request.as_of,
        run_id: request.run.clone(),
        engine_version: request.engine.to_owned(),
        scheme: scheme_view(request.scheme),
        indicators: indicator_views(request),
        lineage: lineage(request, &assessed, snapshot),
        regions: region_names(request),
        ledger: Vec::new(),
        accounting: loaded.files.iter().map(accounting_row).collect(),
        quarantine_reasons,
        warnings: warning_counts(request, loaded, &assessed),
        held,
        not_reported: assessed
            .silent
            .into_iter()
            .map(|silent| NotReported { table: silent.table, unit: silent.unit, last_seen: silent.last_seen })
            .collect(),
        marks: marks(request),
        previous: previous.map(|previous| PreviousRun { as_of: previous.as_of, ranks: previous.ranks.clone() }),
        units: assessed.units,
        scorecards: assessed.scorecards,
        measures: assessed.measures,
        synergy_pairs: assessed.synergy_pairs,
        synergy_regions: assessed.synergy_regions,
        burden: assessed.burden,
        findings: assessed.findings,
        records: assessed.records,
        tables: request.library.tables.values().map(|table| (table.name.clone(), table.title.clone())).collect(),
    }
}

fn scheme_view(scheme: &Scheme) -> SchemeView {
    SchemeView {
        title: scheme.title.clone(),
        decimals: scheme.rounding.decimals,
        minimum_n: u32::try_from(scheme.minimum_n.rate).unwrap_or(0),
        scopes: scheme.subtree_tiers.iter().map(|tier| (tier.clone(), Scope::Subtree)).collect(),
        nodes: scheme
            .nodes
            .iter()
            .map(|node| NodeView {
                id: node.id.clone(),
                title: node.title.clone(),
                parent: node.parent.clone(),
                points: node.points,
                class: node.parent == "total",
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
            })
            .collect(),
    }
}

fn indicator_views(request: &Request<'_>) -> BTreeMap<IndicatorId, IndicatorView> {
    let mut views: BTreeMap<IndicatorId, IndicatorView> =
        request.library.indicators.iter().map(|(id, indicator)| (id.clone(), IndicatorView::from(indicator))).collect();
    for composite in &COMPOSITES {
        let view = IndicatorView {
            title: composite.title.to_owned(),
            comment: "由地区数据合成，见协同、负担页。".to_owned(),
            basis: "2026考核计划".to_owned(),
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
    let mut all = BTreeMap::new();
    for (id, indicator) in &request.library.indicators {
        let mut hasher = shared.clone();
        hasher.update(indicator.text.as_bytes());
        let sources = assessed.sources.get(id).cloned().unwrap_or_default();
        let lake = sources.iter().filter_map(|table| versions.get(table).map(|version| format!("{table}@{version}"))).collect::<Vec<_>>();
        let lineage = Lineage {
            definition_hash: hasher.finalize().to_hex()[..16].to_owned(),
            clock_versions: clocks.clone(),
            lake_versions: lake.join(" "),
        };
        all.insert(id.clone(), lineage);
    }
    all
}

/// Division code → name, from the library's reference files and the project's overlay of them.
fn region_names(request: &Request<'_>) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    for file in ["reference/regions.csv", "reference/townships.csv"] {
        for line in request.library.files.get(file).map_or("", String::as_str).lines().skip(1) {
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

fn warning_counts(request: &Request<'_>, loaded: &Loaded, assessed: &Assessed) -> Vec<ReasonCount> {
    let mut counts: BTreeMap<(String, String, String), u64> = BTreeMap::new();
    for warning in &loaded.warnings {
        *counts.entry((warning.table.clone(), warning.check.clone(), warning.says.clone())).or_default() += warning.rows;
    }
    for unknown in &assessed.unknown_codes {
        let says = if unknown.dimension == "units" {
            "执法主体编码不在单位表内：已装载，不计入任何单位".to_owned()
        } else {
            let tables = &request.library.tables;
            let column = tables.get(&unknown.table).and_then(|table| table.column(&unknown.column));
            let column = column.map_or(unknown.column.as_str(), |column| column.meaning.as_str());
            let dimension = tables.get(&unknown.dimension).map_or(unknown.dimension.as_str(), |table| table.title.as_str());
            format!("「{column}」有编码不在{dimension}内：已装载")
        };
        *counts.entry((unknown.table.clone(), format!("unknown_{}", unknown.column), says)).or_default() += unknown.rows;
    }
    counts.into_iter().map(|((table, check, says), rows)| ReasonCount { table, check, says, rows }).collect()
}

/// Clocks and parameters whose source a province has to confirm, and where the published calendar ends.
fn marks(request: &Request<'_>) -> Vec<Mark> {
    let (_, last) = request.library.calendar.published();
    let beyond = date_from_epoch_days(last + 1).filter(|_| crate::terms::epoch_days(request.as_of) + 60 > last);
    let word = |confirmed| match confirmed {
        Confirmed::Text => "V",
        Confirmed::Mirror => "M",
        Confirmed::Knowledge => "K",
        Confirmed::Template => "T",
        Confirmed::Plan => "plan",
        Confirmed::Own => "own",
    };
    let open = |confirmed| matches!(confirmed, Confirmed::Knowledge | Confirmed::Template | Confirmed::Own);
    let mut marks = Vec::new();
    for clock in request.library.clocks.values() {
        for version in clock.versions.iter().filter(|version| open(version.confirmed)) {
            marks.push(Mark {
                name: clock.name.clone(),
                title: clock.title.clone(),
                confirmed: word(version.confirmed).to_owned(),
                source: version.source.clone(),
                provisional_from: beyond,
            });
        }
    }
    for parameter in request.library.parameters.values() {
        for version in parameter.versions.iter().filter(|version| open(version.confirmed)) {
            marks.push(Mark {
                name: parameter.name.clone(),
                title: parameter.title.clone(),
                confirmed: word(version.confirmed).to_owned(),
                source: version.source.clone(),
                provisional_from: None,
            });
        }
    }
    marks
}
