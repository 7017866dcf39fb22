//! One literate case: parsed from Markdown, run against the library.
//!
//! In: the text of a page. Out: pass, or the cells that differ. Never here: knowledge of single indicators or tables; column
//! types come from the contracts.

mod tables;

use std::collections::BTreeMap;

use datafusion::prelude::SessionContext;
use jiff::civil::Date;
use kaohe::compute::check::{check_library, register_empty_tables};
use kaohe::compute::measures::{Amount, Measure, Scope};
use kaohe::compute::populations::{Dependencies, register_populations};
use kaohe::compute::run::{Task, compute, moment_of};
use kaohe::compute::shared::SharedPopulations;
use kaohe::compute::units::Hierarchy;
use kaohe::findings::tables::Finding;
use kaohe::findings::{DetectRequest, detect};
use kaohe::functions::{self, Clocks};
use kaohe::indices::indices;
use kaohe::indices::tables::{Burden, SynergyPair, SynergyRegion};
use kaohe::library::Library;
use kaohe::library::indicator::{Shape, Window};
use kaohe::terms::{Fraction, IndicatorId, Month, Period};
use rust_decimal::{Decimal, RoundingStrategy};

/// A Markdown table: headings and rows of trimmed cells.
#[derive(Debug, Clone, Default)]
pub struct Grid {
    pub headings: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

/// What a case expects.
#[derive(Debug, Clone)]
enum Expectation {
    Indicator(String, Grid),
    Population(String, Grid),
    Findings(String, Grid),
    Index(IndexTable, Grid),
    Diagnostics(String),
}

/// A result table of the two composite indices.
#[derive(Debug, Clone, Copy)]
enum IndexTable {
    SynergyPairs,
    SynergyRegions,
    Burden,
}

/// One heading of a page.
#[derive(Debug, Clone)]
pub struct Case {
    pub title: String,
    as_of: Date,
    /// First month shown of an indicator that is computed anew each month; the last one only, where it is not said.
    since: Option<Month>,
    tables: Vec<(String, Grid)>,
    files: BTreeMap<String, String>,
    expectations: Vec<Expectation>,
}

/// Cuts a page into its cases.
pub fn parse(text: &str) -> Result<Vec<Case>, String> {
    let mut cases = Vec::new();
    for section in text.split("\n## ").skip(1) {
        cases.push(parse_case(section).map_err(|error| format!("{}: {error}", section.lines().next().unwrap_or("")))?);
    }
    if cases.is_empty() {
        return Err("the page has no `##` heading, so it tests nothing".to_owned());
    }
    Ok(cases)
}

fn parse_case(section: &str) -> Result<Case, String> {
    let lines: Vec<&str> = section.lines().collect();
    let mut case = Case {
        title: lines[0].trim().to_owned(),
        as_of: jiff::civil::date(2026, 6, 30),
        since: None,
        tables: Vec::new(),
        files: BTreeMap::new(),
        expectations: Vec::new(),
    };
    let mut at = 1;
    while at < lines.len() {
        let line = lines[at].trim();
        at += 1;
        if let Some(date) = line.strip_prefix("as of ") {
            case.as_of = date.trim().parse().map_err(|error| format!("`{date}`: {error}"))?;
        } else if let Some(date) = line.strip_prefix("every month since ") {
            case.since = Some(Month::of(date.trim().parse().map_err(|error| format!("`{date}`: {error}"))?));
        } else if let Some(path) = line.strip_prefix("file `").and_then(|rest| rest.strip_suffix('`')) {
            let block = take_block(&lines, &mut at)?;
            case.files.insert(path.trim_start_matches("queries/").to_owned(), block);
        } else if line == "expect diagnostics" {
            let block = take_block(&lines, &mut at)?;
            case.expectations.push(Expectation::Diagnostics(block));
        } else if let Some(name) = line.strip_prefix("expect population ") {
            let grid = take_grid(&lines, &mut at);
            case.expectations.push(Expectation::Population(name.trim_matches(['`', ' ']).to_owned(), grid));
        } else if let Some(name) = line.strip_prefix("expect findings ") {
            let grid = take_grid(&lines, &mut at);
            case.expectations.push(Expectation::Findings(name.trim_matches(['`', ' ']).to_owned(), grid));
        } else if let Some(table) = index_table(line) {
            case.expectations.push(Expectation::Index(table, take_grid(&lines, &mut at)));
        } else if let Some(name) = line.strip_prefix("expect ") {
            let grid = take_grid(&lines, &mut at);
            case.expectations.push(Expectation::Indicator(name.trim_matches(['`', ' ']).to_owned(), grid));
        } else if line.starts_with('`') && line.ends_with('`') && line.len() > 2 && !line.starts_with("```") {
            let grid = take_grid(&lines, &mut at);
            case.tables.push((line.trim_matches('`').to_owned(), grid));
        }
    }
    if case.expectations.is_empty() {
        return Err("the case expects nothing".to_owned());
    }
    Ok(case)
}

fn index_table(line: &str) -> Option<IndexTable> {
    match line {
        "expect synergy pairs" => Some(IndexTable::SynergyPairs),
        "expect synergy regions" => Some(IndexTable::SynergyRegions),
        "expect burden" => Some(IndexTable::Burden),
        _ => None,
    }
}

fn take_block(lines: &[&str], at: &mut usize) -> Result<String, String> {
    while *at < lines.len() && lines[*at].trim().is_empty() {
        *at += 1;
    }
    if *at >= lines.len() || !lines[*at].starts_with("```") {
        return Err("a fenced block was expected".to_owned());
    }
    let start = *at + 1;
    let end = (start..lines.len()).find(|index| lines[*index].starts_with("```")).ok_or("a fenced block is not closed")?;
    *at = end + 1;
    Ok(lines[start..end].iter().map(|line| format!("{line}\n")).collect())
}

fn take_grid(lines: &[&str], at: &mut usize) -> Grid {
    while *at < lines.len() && lines[*at].trim().is_empty() {
        *at += 1;
    }
    let mut grid = Grid::default();
    while *at < lines.len() && lines[*at].trim_start().starts_with('|') {
        let line = lines[*at].trim();
        let cells: Vec<String> = line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
        *at += 1;
        if cells.iter().all(|cell| !cell.is_empty() && cell.chars().all(|c| "-: ".contains(c))) {
            continue;
        }
        if grid.headings.is_empty() { grid.headings = cells } else { grid.rows.extend(repeated(cells)) }
    }
    grid
}

/// A row with `{1..30}` in its cells stands for thirty rows: in each, every `{1..30}` is that row's number.
fn repeated(cells: Vec<String>) -> Vec<Vec<String>> {
    let range_of = |cell: &String| {
        let (first, last) = cell.split_once('{')?.1.split_once('}')?.0.split_once("..")?;
        Some((first.parse::<u32>().ok()?, last.parse::<u32>().ok()?))
    };
    let Some((first, last)) = cells.iter().find_map(range_of) else { return vec![cells] };
    let mark = format!("{{{first}..{last}}}");
    (first..=last).map(|number| cells.iter().map(|cell| cell.replace(&mark, &number.to_string())).collect()).collect()
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
                Expectation::Findings(detector, grid) => expect_findings(case, detector, grid).await?,
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
fn library_texts() -> Result<std::collections::BTreeMap<String, String>, String> {
    kaohe::library::texts(project().map(|project| project.join("queries")).as_deref()).map_err(|error| error.to_string())
}

fn library_of(case: &Case) -> Result<(Library, kaohe::diagnostics::Diagnostics), String> {
    let mut texts = library_texts()?;
    texts.extend(case.files.clone());
    Library::from_texts(texts).map_err(|error| error.to_string())
}

async fn expect_diagnostics(case: &Case, expected: &str) -> Result<(), String> {
    // The shipped SQL has its own test; the page's files stand over the shipped tables, clocks and parameters.
    let mut texts = library_texts()?;
    texts.retain(|path, _| !["indicators/", "populations/", "findings/"].iter().any(|folder| path.starts_with(folder)));
    texts.extend(case.files.clone());
    let (library, mut diagnostics) = Library::from_texts(texts).map_err(|error| error.to_string())?;
    let context = SessionContext::new_with_config(kaohe::compute::check::planning_config());
    check_library(&context, &library, &mut diagnostics).await.map_err(|error| error.to_string())?;
    let wanted: Vec<String> = case.files.keys().map(|path| format!("queries/{path}")).collect();
    let shown = diagnostics.to_text_of(|file| wanted.iter().any(|path| path == file));
    if shown.trim() == expected.trim() { Ok(()) } else { Err(format!("expected\n{expected}\nfound\n{shown}")) }
}

async fn session_of(case: &Case, library: &Library) -> Result<SessionContext, String> {
    let context = SessionContext::new();
    functions::register(&context, &Clocks::of(library));
    register_empty_tables(&context, library).map_err(|error| error.to_string())?;
    for (name, grid) in &case.tables {
        let contract = library.tables.get(name).ok_or_else(|| format!("there is no source table `{name}`"))?;
        let batch = tables::typed(contract, grid)?;
        context.deregister_table(name.as_str()).map_err(|error| error.to_string())?;
        context.register_batch(name, batch).map_err(|error| error.to_string())?;
    }
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
    let (library, _) = library_of(case)?;
    let indicator = library.indicators.get(&IndicatorId::from(id)).ok_or_else(|| format!("there is no indicator `{id}`"))?;
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
    };
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let mut shared = SharedPopulations::new(&context, &library, folder.path().to_owned(), &|| 0.0);
    let outcome = compute(&mut shared, &task).await.map_err(|error| error.to_string())?;
    if let Some(failure) = outcome.failed.values().next() {
        return Err(failure.clone());
    }
    let scoped = expected.headings.iter().any(|heading| heading == "scope");
    let found: Vec<Vec<String>> = outcome
        .measures
        .iter()
        .filter(|measure| scoped || measure.scope == Scope::Own)
        .map(|measure| expected.headings.iter().map(|heading| cell_of(measure, heading, indicator.shape)).collect())
        .collect();
    compare(expected, found)
}

fn cell_of(measure: &Measure, heading: &str, shape: Shape) -> String {
    let decimal = |scaled: i128| {
        let sign = if scaled < 0 { "-" } else { "" };
        let text = format!("{sign}{}.{:04}", (scaled / Fraction::SCALE).abs(), (scaled % Fraction::SCALE).abs());
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    match (heading, measure.amount, shape) {
        ("region_a", _, Shape::Pair) => measure.subject.split('|').next().unwrap_or("").to_owned(),
        ("region_b", _, Shape::Pair) => measure.subject.split('|').nth(1).unwrap_or("").to_owned(),
        ("unit_id" | "region_code", _, _) => measure.subject.clone(),
        ("domain", _, _) => measure.domain.clone(),
        ("month", _, _) => measure.month.to_string(),
        ("scope", _, _) => measure.scope.word().to_owned(),
        ("pending", _, _) => measure.pending.to_string(),
        ("excluded", _, _) => measure.excluded.to_string(),
        ("numerator", Amount::Ratio(fraction), _) => decimal(fraction.numerator),
        ("denominator", Amount::Ratio(fraction), _) => decimal(fraction.denominator),
        ("value", Amount::Value { value, .. }, _) => value.map(decimal).unwrap_or_default(),
        ("n", Amount::Value { n, .. }, _) => n.to_string(),
        (other, _, _) => format!("no column `{other}`"),
    }
}

async fn expect_population(case: &Case, name: &str, expected: &Grid) -> Result<(), String> {
    let (library, _) = library_of(case)?;
    let context = session_of(case, &library).await?;
    let (dependencies, _) = Dependencies::of(&context, &library);
    let failures = register_populations(&context, &library, &dependencies, moment_of(Window::Flow, case.as_of)).await;
    if let Some((failed, error)) = failures.first() {
        return Err(format!("population {failed}: {error}"));
    }
    let columns = expected.headings.iter().map(|heading| format!("\"{heading}\"")).collect::<Vec<_>>().join(", ");
    let frame = context.sql(&format!("SELECT {columns} FROM {name}")).await.map_err(|error| error.to_string())?;
    let batches = frame.collect().await.map_err(|error| error.to_string())?;
    compare(expected, tables::cells(&batches)?)
}

async fn expect_findings(case: &Case, detector: &str, expected: &Grid) -> Result<(), String> {
    let (library, _) = library_of(case)?;
    let context = session_of(case, &library).await?;
    let (dependencies, _) = Dependencies::of(&context, &library);
    let failures = register_populations(&context, &library, &dependencies, moment_of(Window::Flow, case.as_of)).await;
    if let Some((failed, error)) = failures.first() {
        return Err(format!("population {failed}: {error}"));
    }
    let period: Period = case.as_of.year().to_string().parse()?;
    let request = DetectRequest { library: &library, as_of: case.as_of, period: &period };
    let findings = detect(&context, &request).await.map_err(|error| error.to_string())?;
    let of_detector = findings.iter().filter(|finding| finding.detector == detector);
    compare(expected, of_detector.map(|finding| expected.headings.iter().map(|heading| finding_cell(finding, heading)).collect()).collect())
}

fn finding_cell(finding: &Finding, heading: &str) -> String {
    match heading {
        "unit_id" => finding.unit.clone(),
        "domain" => finding.domain.clone(),
        "subject" => finding.subject.clone(),
        "says" => finding.says.clone(),
        "n" => finding.n.to_string(),
        "strength" => format!("{:.3}", finding.strength),
        "evidence" => finding.evidence.iter().map(|row| row.record_id.as_str()).collect::<Vec<_>>().join(";"),
        "evidence_says" => finding.evidence.iter().map(|row| row.says.as_str()).collect::<Vec<_>>().join(";"),
        other => format!("no column `{other}`"),
    }
}

/// The period is the year of the as-of date. Of pairs and burden, rows without a value are left out unless the page has the column
/// that tells why (`denominator`, `firms`), so that a page need not list every part with nothing due.
async fn expect_index(case: &Case, table: IndexTable, expected: &Grid) -> Result<(), String> {
    let (library, _) = library_of(case)?;
    let context = session_of(case, &library).await?;
    let from = jiff::civil::date(case.as_of.year(), 1, 1);
    let found = indices(&context, &library, from, case.as_of, 1).await.map_err(|error| error.to_string())?;
    let shows = |heading: &str| expected.headings.iter().any(|known| known == heading);
    let cells = |cell: &dyn Fn(&str) -> String| expected.headings.iter().map(|heading| cell(heading)).collect::<Vec<_>>();
    let rows = match table {
        IndexTable::SynergyPairs => {
            let shown = found.synergy_pairs.iter().filter(|row| row.value.is_some() || shows("denominator"));
            shown.map(|row| cells(&|heading| pair_cell(row, heading))).collect()
        }
        IndexTable::SynergyRegions => found.synergy_regions.iter().map(|row| cells(&|heading| region_cell(row, heading))).collect(),
        IndexTable::Burden => {
            let shown = found.burden.iter().filter(|row| row.index.is_some() || shows("firms"));
            shown.map(|row| cells(&|heading| burden_cell(row, heading))).collect()
        }
    };
    compare(expected, rows)
}

/// Shares and index figures to four decimals, half up, as a page writes them.
fn four_decimals(number: Option<Decimal>) -> String {
    number.map(|number| format!("{:.4}", number.round_dp_with_strategy(4, RoundingStrategy::MidpointAwayFromZero))).unwrap_or_default()
}

fn pair_cell(row: &SynergyPair, heading: &str) -> String {
    match heading {
        "region" => row.region.clone(),
        "neighbour" => row.neighbour.clone(),
        "domain" => row.domain.clone(),
        "part" => row.part.to_string(),
        "numerator" => row.numerator.to_string(),
        "denominator" => row.denominator.to_string(),
        "value" => four_decimals(row.value),
        "median_days" => row.median_days.map(|days| days.to_string()).unwrap_or_default(),
        "cross_province" => row.cross_province.to_string(),
        "report_only" => row.report_only.to_string(),
        "bordering" => row.bordering.to_string(),
        "scored" => row.scored.to_string(),
        other => format!("no column `{other}`"),
    }
}

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
        other => format!("no column `{other}`"),
    }
}

fn burden_cell(row: &Burden, heading: &str) -> String {
    match heading {
        "scope" => row.scope.clone(),
        "quarter" => row.quarter.clone(),
        "component" => row.component.clone(),
        "index" => four_decimals(row.index),
        "firms" => row.firms.to_string(),
        "winsorised" => row.winsorised.to_string(),
        "unchanged" => row.unchanged.to_string(),
        "score" => row.score.map(|score| score.to_string()).unwrap_or_default(),
        other => format!("no column `{other}`"),
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
        "columns: {}\nmissing:\n  {}\nunexpected:\n  {}",
        expected.headings.join(" | "),
        missing.join("\n  "),
        unexpected.join("\n  ")
    ))
}
