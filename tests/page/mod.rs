//! One literate case, run against the library.
//!
//! In: a case of a page. Out: pass, or the cells that differ, or the line of a name that does not exist. Never here: knowledge of single
//! indicators or tables; column types and codes come from the contracts.

mod parse;
pub mod refused;
mod tables;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use datafusion::prelude::SessionContext;
use kaohe::compute::attribution::Attribution;
use kaohe::compute::check::{Depth, check_library, planning_config, register_empty_tables};
use kaohe::compute::measures::{Amount, Measure, Scope};
use kaohe::compute::populations::{Dependencies, names_read, register_populations};
use kaohe::compute::run::{Task, compute, moment_of};
use kaohe::compute::samples::frame;
use kaohe::compute::shared::SharedPopulations;
use kaohe::compute::units::Hierarchy;
use kaohe::diagnostics::nearest;
use kaohe::findings::effects::Effects;
use kaohe::findings::tables::{Detected, Finding, FindingTest};
use kaohe::findings::{DetectRequest, detect, review};
use kaohe::functions::{self, Clocks};
use kaohe::indices::tables::{Burden, BurdenCaps, BurdenVisits, SynergyPair, SynergyRegion, SynergySide};
use kaohe::indices::{Standing, indices};
use kaohe::library::Library;
use kaohe::library::indicator::{Shape, Window};
use kaohe::sampling::FrameRow;
use kaohe::terms::{Fraction, IndicatorId, Month, Period};
use rust_decimal::{Decimal, RoundingStrategy};

pub use parse::{Case, parse};
use parse::{Expectation, Grid, IndexTable};

/// The error of a name that nothing has: where it stands, and the name that was probably meant.
fn unknown<'a>(line: usize, says: String, name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let near = nearest(name, known).map(|near| format!("; did you mean `{near}`?"));
    format!("line {line}: {says}{}", near.unwrap_or_default())
}

fn check_headings(grid: &Grid, of: &str, known: &[&str]) -> Result<(), String> {
    match grid.headings.iter().find(|heading| !known.contains(&heading.as_str())) {
        Some(wrong) => {
            let says = format!("{of} has no column `{wrong}`, only {}", known.join(", "));
            Err(unknown(grid.line, says, wrong, known.iter().copied()))
        }
        None => Ok(()),
    }
}

/// Runs a case; the error lists what differs.
pub fn run(case: &Case) -> Result<(), String> {
    // Polars wants a runtime with threads of its own.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().map_err(|error| error.to_string())?;
    runtime.block_on(async {
        for expectation in &case.expectations {
            match expectation {
                Expectation::Diagnostics(expected) => expect_diagnostics(case, expected).await?,
                Expectation::Indicator(id, grid) => expect_indicator(case, id, grid).await?,
                Expectation::Population(name, grid) => expect_population(case, name, grid).await?,
                Expectation::Frame(sample, grid) => expect_frame(case, sample, grid).await?,
                Expectation::Findings(detector, grid) => expect_findings(case, detector, grid).await?,
                Expectation::Tests(detector, grid) => expect_tests(case, detector, grid).await?,
                Expectation::Index(table, grid) => expect_index(case, *table, grid).await?,
            }
        }
        Ok(())
    })
}

/// The project whose own pages and definitions are tried: its `tests/cases/` against its `queries/` over the shipped ones.
pub fn project() -> Option<std::path::PathBuf> {
    std::env::var_os("KAOHE_PROJECT").map(std::path::PathBuf::from)
}

/// The library's texts, the project's own over them.
fn library_texts() -> Result<BTreeMap<String, String>, String> {
    kaohe::library::texts(project().map(|project| project.join("queries")).as_deref()).map_err(|error| error.to_string())
}

/// The library with the page's own files over it.
fn library_with(files: &BTreeMap<String, String>) -> Result<(Library, kaohe::diagnostics::Diagnostics), String> {
    let mut texts = library_texts()?;
    texts.extend(files.clone());
    Library::from_texts(texts).map_err(|error| error.to_string())
}

/// The library of a page: read once for all pages that bring no files of their own.
fn library_of(case: &Case) -> Result<Arc<Library>, String> {
    static WITHOUT_FILES: OnceLock<Result<Arc<Library>, String>> = OnceLock::new();
    if case.files.is_empty() {
        return WITHOUT_FILES.get_or_init(|| Ok(Arc::new(library_with(&case.files)?.0))).clone();
    }
    Ok(Arc::new(library_with(&case.files)?.0))
}

async fn expect_diagnostics(case: &Case, expected: &str) -> Result<(), String> {
    // The shipped SQL has its own test; the page's files stand over the shipped tables, clocks and parameters.
    let mut texts = library_texts()?;
    texts.retain(|path, _| !["indicators/", "populations/", "findings/", "samples/"].iter().any(|folder| path.starts_with(folder)));
    texts.extend(case.files.clone());
    let (library, mut diagnostics) = Library::from_texts(texts).map_err(|error| error.to_string())?;
    let context = SessionContext::new_with_config(planning_config());
    check_library(&context, &library, Depth::Full, &mut diagnostics).await.map_err(|error| error.to_string())?;
    let wanted: Vec<String> = case.files.keys().map(|path| format!("queries/{path}")).collect();
    let shown = diagnostics.to_text_of(|file| wanted.iter().any(|path| path == file));
    if shown.trim() == expected.trim() { Ok(()) } else { Err(format!("expected\n{expected}\nfound\n{shown}")) }
}

async fn session_of(case: &Case, library: &Library) -> Result<SessionContext, String> {
    let context = SessionContext::new_with_config(planning_config());
    functions::register(&context, &Clocks::of(library));
    register_empty_tables(&context, library).map_err(|error| error.to_string())?;
    let at_freeze = library.contracts_at_freeze();
    for (name, grid) in &case.tables {
        let known = library.tables.keys().map(String::as_str);
        let beside = at_freeze.iter().find(|contract| contract.name == *name);
        let contract = library.tables.get(name).or(beside);
        let contract = contract.ok_or_else(|| unknown(grid.line, format!("there is no source table `{name}`"), name, known))?;
        let batch = tables::typed(contract, grid)?;
        context.deregister_table(name.as_str()).map_err(|error| error.to_string())?;
        context.register_batch(name, batch).map_err(|error| error.to_string())?;
    }
    Attribution::settle(&context, library, case.as_of).await.map_err(|error| error.to_string())?;
    Ok(context)
}

fn hierarchy_of(case: &Case) -> Hierarchy {
    let mut pairs = Vec::new();
    for (_, grid) in case.tables.iter().filter(|(name, _)| name == "units") {
        let index = |name: &str| grid.headings.iter().position(|heading| heading == name);
        let (unit, parent) = (index("unit_id"), index("parent_unit_id"));
        for row in &grid.rows {
            let cell = |index: Option<usize>| index.and_then(|index| row.get(index)).filter(|cell| !cell.is_empty()).cloned();
            pairs.extend(cell(unit).map(|unit| (unit, cell(parent))));
        }
    }
    Hierarchy::new(pairs)
}

async fn expect_indicator(case: &Case, id: &str, expected: &Grid) -> Result<(), String> {
    let library = library_of(case)?;
    let known = library.indicators.keys().map(|id| id.0.as_str());
    let indicator = library
        .indicators
        .get(&IndicatorId::from(id))
        .ok_or_else(|| unknown(expected.line, format!("there is no indicator `{id}`"), id, known))?;
    check_headings(expected, id, columns_of(indicator.shape))?;
    let context = session_of(case, &library).await?;
    let last = Month::of(case.as_of);
    let first = case.since.unwrap_or(if indicator.window == Window::Flow { Month { year: last.year - 2, month: 1 } } else { last });
    let period = Period { name: "test".to_owned(), first, last: if indicator.window == Window::Flow { last.plus(24) } else { last } };
    let hierarchy = hierarchy_of(case);
    let task = Task {
        library: &library,
        indicators: vec![indicator],
        period: &period,
        as_of: case.as_of,
        hierarchy: &hierarchy,
        finished: &|_| (),
        elapsed: &|| 0.0,
        reuse: None,
        watched: None,
    };
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let mut shared = SharedPopulations::new(&context, &library, folder.path().to_owned(), &|| 0.0);
    let outcome = compute(&mut shared, &task).await.map_err(|error| error.to_string())?;
    if let Some(failure) = outcome.failed.values().next() {
        return Err(failure.clone());
    }
    if let Some((relation, error)) = outcome.not_counted.first_key_value() {
        return Err(format!("the scan of {relation} failed, and its indicators were answered one by one: {error}"));
    }
    let scoped = expected.headings.iter().any(|heading| heading == "scope");
    let found: Vec<Vec<String>> = outcome
        .measures
        .iter()
        .filter(|measure| scoped || measure.scope == Scope::Own)
        .map(|measure| expected.headings.iter().map(|heading| cell_of(&measure, heading, indicator.shape)).collect())
        .collect();
    compare(expected, found)
}

/// What a page may show of an indicator.
fn columns_of(shape: Shape) -> &'static [&'static str] {
    match shape {
        Shape::Ratio => &["unit_id", "domain", "month", "numerator", "denominator", "pending", "excluded", "scope"],
        Shape::Value => &["unit_id", "domain", "month", "value", "n", "pending", "excluded", "scope"],
        Shape::Region => &["region_code", "domain", "month", "value", "n", "pending", "excluded", "scope"],
        Shape::Pair => &["region_a", "region_b", "domain", "month", "numerator", "denominator", "pending", "excluded", "scope"],
    }
}

fn cell_of(measure: &Measure<'_>, heading: &str, shape: Shape) -> String {
    let decimal = |scaled: i128| {
        let sign = if scaled < 0 { "-" } else { "" };
        let text = format!("{sign}{}.{:04}", (scaled / Fraction::SCALE).abs(), (scaled % Fraction::SCALE).abs());
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    match (heading, measure.amount, shape) {
        ("region_a", _, Shape::Pair) => measure.subject.split('|').next().unwrap_or("").to_owned(),
        ("region_b", _, Shape::Pair) => measure.subject.split('|').nth(1).unwrap_or("").to_owned(),
        ("unit_id" | "region_code", _, _) => measure.subject.to_owned(),
        ("domain", _, _) => measure.domain.to_owned(),
        ("month", _, _) => measure.month.to_string(),
        ("scope", _, _) => measure.scope.word().to_owned(),
        ("pending", _, _) => measure.pending.to_string(),
        ("excluded", _, _) => measure.excluded.to_string(),
        ("numerator", Amount::Ratio(fraction), _) => decimal(fraction.numerator),
        ("denominator", Amount::Ratio(fraction), _) => decimal(fraction.denominator),
        ("value", Amount::Value { value, .. }, _) => value.map(decimal).unwrap_or_default(),
        ("n", Amount::Value { n, .. }, _) => n.to_string(),
        (other, _, _) => unreachable!("columns_of names `{other}`"),
    }
}

/// The page's tables, and every population over them at the page's instant.
async fn with_populations(case: &Case) -> Result<(Arc<Library>, SessionContext), String> {
    let library = library_of(case)?;
    let context = session_of(case, &library).await?;
    let (dependencies, _) = Dependencies::of(&context, &library);
    let failures = register_populations(&context, &library, &dependencies, moment_of(Window::Flow, case.as_of)).await;
    if let Some((failed, error)) = failures.first() {
        return Err(format!("population {failed}: {error}"));
    }
    Ok((library, context))
}

async fn expect_population(case: &Case, name: &str, expected: &Grid) -> Result<(), String> {
    let (library, context) = with_populations(case).await?;
    if !library.populations.contains_key(name) {
        let known = library.populations.keys().map(String::as_str);
        return Err(unknown(expected.line, format!("there is no population `{name}`"), name, known));
    }
    let view = context.table(name).await.map_err(|error| error.to_string())?;
    let known: Vec<&str> = view.schema().fields().iter().map(|field| field.name().as_str()).collect();
    check_headings(expected, name, &known)?;
    let columns = expected.headings.iter().map(|heading| format!("\"{heading}\"")).collect::<Vec<_>>().join(", ");
    let frame = context.sql(&format!("SELECT {columns} FROM {name}")).await.map_err(|error| error.to_string())?;
    let batches = frame.collect().await.map_err(|error| error.to_string())?;
    compare(expected, tables::cells(&batches)?)
}

/// Rows of a sample's frame; of a deviation three decimals.
async fn expect_frame(case: &Case, name: &str, expected: &Grid) -> Result<(), String> {
    let (library, context) = with_populations(case).await?;
    let known = library.samples.keys().map(String::as_str);
    let sample = library.samples.get(name).ok_or_else(|| unknown(expected.line, format!("there is no sample `{name}`"), name, known))?;
    let found = frame(&context, &library, sample, moment_of(Window::Flow, case.as_of)).await.map_err(|error| error.to_string())?;
    let known: Vec<&str> = ["id", "stratum", "deviation"].into_iter().chain(found.columns.iter().map(String::as_str)).collect();
    check_headings(expected, name, &known)?;
    let cell = |row: &FrameRow, heading: &str| match heading {
        "id" => row.id.clone(),
        "stratum" => row.stratum.clone(),
        "deviation" => row.deviation.map(|deviation| format!("{deviation:.3}")).unwrap_or_default(),
        other => found.columns.iter().position(|column| column == other).map(|place| row.carried[place].clone()).unwrap_or_default(),
    };
    compare(expected, found.rows.iter().map(|row| expected.headings.iter().map(|heading| cell(row, heading)).collect()).collect())
}

async fn expect_findings(case: &Case, detector: &str, expected: &Grid) -> Result<(), String> {
    compare_rows(expected, detector, &FINDING_COLUMNS, &detected(case, detector, expected).await?.findings, finding_cell)
}

async fn expect_tests(case: &Case, detector: &str, expected: &Grid) -> Result<(), String> {
    compare_rows(expected, detector, &TEST_COLUMNS, &detected(case, detector, expected).await?.tests, test_cell)
}

fn compare_rows<Row>(expected: &Grid, of: &str, known: &[&str], rows: &[Row], cell: fn(&Row, &str) -> String) -> Result<(), String> {
    check_headings(expected, of, known)?;
    compare(expected, rows.iter().map(|row| expected.headings.iter().map(|heading| cell(row, heading)).collect()).collect())
}

const TEST_COLUMNS: [&str; 7] = ["unit_id", "domain", "sign", "n", "odd", "outcome", "reason"];

fn test_cell(test: &FindingTest, heading: &str) -> String {
    match heading {
        "unit_id" => test.unit.clone(),
        "domain" => test.domain.clone(),
        "sign" => test.sign.clone(),
        "n" => test.n.to_string(),
        "odd" => test.odd.to_string(),
        "outcome" => test.outcome.word().to_owned(),
        "reason" => test.reason.clone(),
        other => unreachable!("TEST_COLUMNS names `{other}`"),
    }
}

/// What one detector sees, beside what was reviewed.
async fn detected(case: &Case, detector: &str, expected: &Grid) -> Result<Detected, String> {
    let library = library_of(case)?;
    let context = session_of(case, &library).await?;
    let Some(of_case) = library.detectors.get(detector) else {
        let known = library.detectors.keys().map(String::as_str);
        return Err(unknown(expected.line, format!("there is no detector `{detector}`"), detector, known));
    };
    // Beside what the detector reads, every one asks where units stand.
    let mut read = names_read(&context, &of_case.sql).map_err(|error| error.to_string())?;
    read.insert("unit_spans".to_owned());
    // The others would only take time: a page is about one.
    let mut library = (*library).clone();
    library.detectors.retain(|name, _| name == detector);
    let period: Period = case.as_of.year().to_string().parse()?;
    let effects = Effects::read(&context, case.as_of).await.map_err(|error| error.to_string())?;
    let request = DetectRequest {
        library: &library,
        as_of: case.as_of,
        period: &period,
        effects: &effects,
        elapsed: &|| 0.0,
        stored_from: 0,
        finished: &|| (),
    };
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let mut shared = SharedPopulations::new(&context, &library, folder.path().to_owned(), &|| 0.0);
    let failures = shared.stand_at(moment_of(Window::Flow, case.as_of), read).await;
    if let Some((failed, error)) = failures.first() {
        return Err(format!("population {failed}: {error}"));
    }
    let mut detected = detect(&mut shared, &request).await.map_err(|error| error.to_string())?;
    if let Some(reason) = detected.failed.get(detector) {
        return Err(format!("the detector failed: {reason}"));
    }
    review::settle(&context, &request, None, &mut detected).await.map_err(|error| error.to_string())?;
    Ok(detected)
}

const FINDING_COLUMNS: [&str; 11] =
    ["unit_id", "domain", "subject", "says", "n", "strength", "worth", "state", "number", "evidence", "evidence_says"];

fn finding_cell(finding: &Finding, heading: &str) -> String {
    match heading {
        "unit_id" => finding.unit.clone(),
        "domain" => finding.domain.clone(),
        "subject" => finding.subject.clone(),
        "says" => finding.says.clone(),
        "n" => finding.n.to_string(),
        "state" => finding.state.word().to_owned(),
        "number" => finding.number(),
        "strength" => format!("{:.3}", finding.strength),
        "worth" => format!("{:.2}", finding.worth),
        "evidence" => finding.evidence.iter().map(|row| row.record_id.as_str()).collect::<Vec<_>>().join(";"),
        "evidence_says" => finding.evidence.iter().map(|row| row.says.as_str()).collect::<Vec<_>>().join(";"),
        other => unreachable!("FINDING_COLUMNS names `{other}`"),
    }
}

/// The period is the year of the as-of date. Of pairs and burden, rows without a value are left out unless the page has the column
/// that tells why (`denominator`, `firms`), so that a page need not list every part with nothing due.
async fn expect_index(case: &Case, table: IndexTable, expected: &Grid) -> Result<(), String> {
    let (name, known): (&str, &[&str]) = match table {
        IndexTable::SynergyPairs => ("synergy pairs", &PAIR_COLUMNS),
        IndexTable::SynergyRegions => ("synergy regions", &REGION_COLUMNS),
        IndexTable::SynergySides => ("synergy sides", &SIDE_COLUMNS),
        IndexTable::Burden => ("burden", &BURDEN_COLUMNS),
        IndexTable::BurdenVisits => ("burden visits", &VISITS_COLUMNS),
        IndexTable::BurdenCaps => ("burden caps", &CAPS_COLUMNS),
    };
    check_headings(expected, name, known)?;
    let (library, context) = with_populations(case).await?;
    let from = jiff::civil::date(case.as_of.year(), 1, 1);
    let standing = Standing { synergy: true, burden: true };
    let found = indices(&context, &library, from, case.as_of, 1, standing).await.map_err(|error| error.to_string())?;
    let shows = |heading: &str| expected.headings.iter().any(|known| known == heading);
    let cells = |cell: &dyn Fn(&str) -> String| expected.headings.iter().map(|heading| cell(heading)).collect::<Vec<_>>();
    let rows = match table {
        IndexTable::SynergyPairs => {
            let shown = found.synergy.pairs.iter().filter(|row| row.value.is_some() || shows("denominator"));
            shown.map(|row| cells(&|heading| pair_cell(row, heading))).collect()
        }
        IndexTable::SynergySides => found.synergy.sides.iter().map(|row| cells(&|heading| side_cell(row, heading))).collect(),
        IndexTable::BurdenVisits => found.burden.visits.iter().map(|row| cells(&|heading| visits_cell(row, heading))).collect(),
        IndexTable::BurdenCaps => found.burden.caps.iter().map(|row| cells(&|heading| caps_cell(row, heading))).collect(),
        IndexTable::SynergyRegions => found.synergy.regions.iter().map(|row| cells(&|heading| region_cell(row, heading))).collect(),
        IndexTable::Burden => {
            let shown = found.burden.rows.iter().filter(|row| row.index.is_some() || shows("firms"));
            shown.map(|row| cells(&|heading| burden_cell(row, heading))).collect()
        }
    };
    compare(expected, rows)
}

/// Shares and index figures to four decimals, half up, as a page writes them.
fn four_decimals(number: Option<Decimal>) -> String {
    number.map(|number| format!("{:.4}", number.round_dp_with_strategy(4, RoundingStrategy::MidpointAwayFromZero))).unwrap_or_default()
}

const PAIR_COLUMNS: [&str; 19] = [
    "value_low",
    "value_high",
    "open",
    "unsent",
    "reference",
    "reference_pairs",
    "reference_share",
    "region",
    "neighbour",
    "domain",
    "part",
    "numerator",
    "denominator",
    "value",
    "median_days",
    "cross_province",
    "report_only",
    "bordering",
    "scored",
];

fn pair_cell(row: &SynergyPair, heading: &str) -> String {
    match heading {
        "region" => row.region.clone(),
        "neighbour" => row.neighbour.clone(),
        "domain" => row.domain.clone(),
        "part" => row.part.to_string(),
        "numerator" => row.numerator.to_string(),
        "denominator" => row.denominator.to_string(),
        "value" => four_decimals(row.value),
        "value_low" => four_decimals(row.interval.map(|(low, _)| low)),
        "value_high" => four_decimals(row.interval.map(|(_, high)| high)),
        "open" => row.open.to_string(),
        "unsent" => row.unsent.to_string(),
        "reference" => four_decimals(row.reference),
        "reference_pairs" => row.reference_pairs.to_string(),
        "reference_share" => four_decimals(row.reference_share),
        "median_days" => row.median_days.map(|days| days.to_string()).unwrap_or_default(),
        "cross_province" => row.cross_province.to_string(),
        "report_only" => row.report_only.to_string(),
        "bordering" => row.bordering.to_string(),
        "scored" => row.scored.to_string(),
        other => unreachable!("PAIR_COLUMNS names `{other}`"),
    }
}

const REGION_COLUMNS: [&str; 8] = ["region", "domain", "index", "neighbours", "neighbours_scored", "due", "due_scored", "reason"];

fn region_cell(row: &SynergyRegion, heading: &str) -> String {
    match heading {
        "region" => row.region.clone(),
        "domain" => row.domain.clone(),
        "index" => four_decimals(row.index),
        "neighbours" => row.neighbours.to_string(),
        "neighbours_scored" => row.neighbours_scored.to_string(),
        "due" => row.due.to_string(),
        "due_scored" => row.due_scored.to_string(),
        "reason" => row.reason.clone().unwrap_or_default(),
        other => unreachable!("REGION_COLUMNS names `{other}`"),
    }
}

const SIDE_COLUMNS: [&str; 7] = ["region", "neighbour", "domain", "value", "due", "scored", "reason"];

fn side_cell(row: &SynergySide, heading: &str) -> String {
    match heading {
        "region" => row.region.clone(),
        "neighbour" => row.neighbour.clone(),
        "domain" => row.domain.clone(),
        "value" => four_decimals(row.value),
        "due" => row.due.to_string(),
        "scored" => row.scored.to_string(),
        "reason" => row.reason.clone().unwrap_or_default(),
        other => unreachable!("SIDE_COLUMNS names `{other}`"),
    }
}

const VISITS_COLUMNS: [&str; 7] = ["scope", "quarter", "firms", "reported", "recorded", "ratio", "inside_band"];

fn visits_cell(row: &BurdenVisits, heading: &str) -> String {
    match heading {
        "scope" => row.scope.clone(),
        "quarter" => row.quarter.clone(),
        "firms" => row.firms.to_string(),
        "reported" => row.reported.to_string(),
        "recorded" => row.recorded.to_string(),
        "ratio" => four_decimals(row.ratio),
        "inside_band" => row.inside_band.map(|inside| inside.to_string()).unwrap_or_default(),
        other => unreachable!("VISITS_COLUMNS names `{other}`"),
    }
}

const CAPS_COLUMNS: [&str; 5] = ["scope", "year", "enterprises", "over", "share"];

fn caps_cell(row: &BurdenCaps, heading: &str) -> String {
    match heading {
        "scope" => row.scope.clone(),
        "year" => row.year.to_string(),
        "enterprises" => row.enterprises.to_string(),
        "over" => row.over.to_string(),
        "share" => four_decimals(row.share),
        other => unreachable!("CAPS_COLUMNS names `{other}`"),
    }
}

const BURDEN_COLUMNS: [&str; 13] = [
    "scope",
    "quarter",
    "component",
    "index",
    "firms",
    "winsorised",
    "unchanged",
    "score",
    "mean",
    "contribution",
    "chained",
    "calibrated",
    "carried_by",
];

fn burden_cell(row: &Burden, heading: &str) -> String {
    match heading {
        "scope" => row.scope.clone(),
        "quarter" => row.quarter.clone(),
        "component" => row.component.clone(),
        "index" => four_decimals(row.index),
        "firms" => row.firms.to_string(),
        "winsorised" => row.winsorised.to_string(),
        "unchanged" => row.unchanged.to_string(),
        "mean" => four_decimals(row.mean),
        "contribution" => four_decimals(row.contribution),
        "chained" => four_decimals(row.chained),
        "calibrated" => four_decimals(row.calibrated),
        "carried_by" => row.carried_by.clone(),
        "score" => row.score.map(|score| score.to_string()).unwrap_or_default(),
        other => unreachable!("BURDEN_COLUMNS names `{other}`"),
    }
}

/// Compares rows as sets, cells as numbers where both are numbers; the error lists rows only on one side.
fn compare(expected: &Grid, mut found: Vec<Vec<String>>) -> Result<(), String> {
    let canonical = |cell: &String| cell.parse::<f64>().map_or_else(|_| cell.clone(), |number| number.to_string());
    let mut missing = Vec::new();
    for row in &expected.rows {
        let wanted: Vec<String> = row.iter().map(canonical).collect();
        match found.iter().position(|candidate| candidate.iter().map(canonical).collect::<Vec<_>>() == wanted) {
            Some(index) => {
                found.swap_remove(index);
            }
            None => missing.push(row.join(" | ")),
        }
    }
    if missing.is_empty() && found.is_empty() {
        return Ok(());
    }
    let unexpected: Vec<String> = found.iter().map(|row| row.join(" | ")).collect();
    Err(format!(
        "line {}: columns: {}\nmissing:\n  {}\nunexpected:\n  {}",
        expected.line,
        expected.headings.join(" | "),
        missing.join("\n  "),
        unexpected.join("\n  ")
    ))
}
