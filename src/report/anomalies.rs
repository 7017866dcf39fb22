//! The anomaly report as a workbook: for the office's tree alone.
//!
//! In: findings, tests, detectors, control charts. Out: `findings.xlsx` with a sheet each for findings (the most worth looking at first), evidence, tests, resolved
//! findings, detectors, the charts with news, known effects, and one that says what they are and how many rows of how many each holds. Never here: cutting without saying so,
//! personal numbers (texts of rows are covered as on pages).

use std::collections::BTreeMap;
use std::path::Path;

use super::input::ReportInput;
use super::names::Text;
use super::tables::ResultTable;
use super::tables::columns::Columns;
use super::workbook::{Sheet, workbook};
use super::{texts, view};
use crate::error::{Context, Kind, Result};
use crate::findings::effects::Effect;
use crate::findings::tables::{Earlier, Evidence, Finding};
use crate::findings::watch::ControlChart;
use crate::terms::IndicatorId;

/// Rows of evidence that a workbook holds; a sheet ends at 1 048 576, and nobody pages through more.
const MOST_EVIDENCE: usize = 500_000;

fn masked(text: &str) -> String {
    Text::masked(text).to_string()
}

/// Writes the workbook.
///
/// # Errors
/// A file that can't be written.
pub fn write(input: &ReportInput, path: &Path) -> Result<()> {
    let findings = view::findings::in_order(input.detected.findings.iter().collect());
    let evidence: Vec<(&Finding, &Evidence)> =
        findings.iter().flat_map(|finding| finding.evidence.iter().map(move |row| (*finding, row))).collect();
    let shown = &evidence[..evidence.len().min(MOST_EVIDENCE)];
    let names = UnitNames::of(input);
    let sheets = [
        (texts::FINDINGS, sheet_of_findings(&names, &findings)?, findings.len()),
        (texts::EVIDENCE, sheet_of_evidence(input, &names, shown)?, evidence.len()),
        (texts::TESTS, sheet_of_tests(input, &names)?, input.detected.tests.len()),
        (texts::FINDINGS_RESOLVED, sheet_of_resolved(input, &names)?, input.detected.resolved.len()),
        (texts::DETECTORS, sheet_of_detectors(input)?, input.detectors.len()),
        (texts::PAGE_WATCH, sheet_of_watch(input, &names)?, input.charts.iter().filter(|chart| !chart.news.is_empty()).count()),
        (texts::EFFECTS, sheet_of_effects(input, &names)?, input.effects.list.len()),
    ];
    let mut workbook = workbook()?;
    let what = || format!("writing {}", path.display());
    let notes = workbook.add_worksheet();
    notes.set_name(texts::NOTES).context(Kind::Bug, what)?;
    notes.set_column_width(0, 110).context(Kind::Bug, what)?;
    let mut lines = vec![
        format!(
            "{} · {} {} · {} {} · {} {}",
            input.assessment,
            texts::PERIOD,
            input.period,
            texts::AS_OF,
            input.as_of,
            texts::RUN,
            input.run_id.0
        ),
        input.notice.clone(),
        texts::FINDINGS_NOTE.to_owned(),
        texts::DETECTORS_NOTE.to_owned(),
        texts::FINDINGS_ORDER.to_owned(),
        texts::FINDINGS_SIGNED.to_owned(),
    ];
    lines.extend(sheets.iter().map(|(name, table, total)| texts::rows_of(name, table.batch.num_rows(), *total)));
    for (row, line) in lines.iter().filter(|line| !line.is_empty()).enumerate() {
        notes.write_string(row as u32, 0, line).context(Kind::Bug, what)?;
    }
    for (name, table, _) in &sheets {
        let sheet = workbook.add_worksheet();
        sheet.set_name(*name).context(Kind::Bug, what)?;
        let mut sheet = Sheet::begin(sheet, table.batch.schema().fields())?;
        sheet.lay_out(&table.batch)?;
        sheet.add(&table.batch)?;
        sheet.end()?;
    }
    workbook.save(path).context(Kind::Environment, what)
}

/// A row with its texts as they may be shown.
struct Shown<'a> {
    finding: &'a Finding,
    number: String,
    unit: String,
    says: String,
    review: String,
}

fn sheet_of_findings(names: &UnitNames<'_>, findings: &[&Finding]) -> Result<ResultTable> {
    let mut rows = Vec::new();
    for finding in findings {
        let review = finding.review.as_ref().map(|review| masked(&texts::reviewed(review.decision, review.on, &review.document)));
        rows.push(Shown {
            finding,
            number: finding.number(),
            unit: names.name(&finding.unit),
            says: masked(&finding.says),
            review: review.unwrap_or_default(),
        });
    }
    Columns::of("findings", &[], &rows)
        .text(texts::FINDING_NUMBER, |row| &row.number)
        .text(texts::STATE, |row| texts::finding_state(row.finding.state))
        .text(texts::KIND, |row| texts::finding_kind(row.finding.kind))
        .text(texts::FINDING_KIND, |row| &row.finding.title)
        .text(texts::UNIT, |row| &row.unit)
        .text(texts::UNIT_CODE, |row| &row.finding.unit)
        .text(texts::SUBJECT, |row| &row.finding.subject)
        .text(texts::SAYS, |row| &row.says)
        .count(texts::SEVERITY, |row| i64::from(row.finding.severity))
        .real_or_null(texts::WORTH, |row| Some(row.finding.worth))
        .count(texts::LOOKED_AT, |row| row.finding.n)
        .real_or_null(texts::STATISTIC, |row| Some(row.finding.strength))
        .real_or_null(texts::COMPARED_WITH, |row| row.finding.usual)
        .real_or_null(texts::EFFECT_ALONE, |row| row.finding.effect)
        .real_or_null(texts::LOW, |row| row.finding.effect_interval.map(|(low, _)| low))
        .real_or_null(texts::HIGH, |row| row.finding.effect_interval.map(|(_, high)| high))
        .real_or_null(texts::YEAR_BEFORE, |row| row.finding.before)
        .real_or_null(texts::P_VALUE, |row| row.finding.p_value)
        .real_or_null(texts::Q_VALUE, |row| row.finding.q_value)
        .size(texts::EVIDENCE_COUNT, |row| row.finding.evidence.len() as u64)
        .text(texts::REVIEW, |row| &row.review)
        .text(texts::BENIGN, |row| &row.finding.benign_causes)
        .text(texts::LOOK_AT, |row| &row.finding.look_at)
        .table(rows.len())
}

/// The names of units by identifier, as they may be shown; looked up for every row of evidence.
struct UnitNames<'a>(BTreeMap<&'a str, &'a str>);

impl<'a> UnitNames<'a> {
    fn of(input: &'a ReportInput) -> Self {
        Self(input.units.iter().map(|unit| (unit.id.as_ref(), unit.name.as_str())).collect())
    }

    fn name(&self, unit: &str) -> String {
        masked(self.0.get(unit).copied().unwrap_or(unit))
    }
}

fn sheet_of_evidence(input: &ReportInput, names: &UnitNames<'_>, evidence: &[(&Finding, &Evidence)]) -> Result<ResultTable> {
    let shown = |(finding, row): &(&Finding, &Evidence)| {
        let table = input.tables.get(&row.table).cloned().unwrap_or_else(|| row.table.clone());
        [finding.number(), names.name(&finding.unit), table, masked(&row.record_id), masked(&row.says), masked(&row.source_file)]
    };
    let rows: Vec<([String; 6], i64)> = evidence.iter().map(|row| (shown(row), row.1.source_line)).collect();
    Columns::of("evidence", &[], &rows)
        .text(texts::FINDING_NUMBER, |(texts, _)| &texts[0])
        .text(texts::UNIT, |(texts, _)| &texts[1])
        .text(texts::TABLE, |(texts, _)| &texts[2])
        .text(texts::RECORD, |(texts, _)| &texts[3])
        .text(texts::WHAT_IS_ODD, |(texts, _)| &texts[4])
        .text(texts::FILE, |(texts, _)| &texts[5])
        .count(texts::LINE, |(_, line)| *line)
        .table(rows.len())
}

fn sheet_of_tests(input: &ReportInput, names: &UnitNames<'_>) -> Result<ResultTable> {
    let rows: Vec<_> = input
        .detected
        .tests
        .iter()
        .map(|test| {
            let title = input.detectors.iter().find(|detector| detector.name == test.detector).map_or("", |detector| &detector.title);
            (test, title, names.name(&test.unit))
        })
        .collect();
    Columns::of("tests", &[], &rows)
        .text(texts::FINDING_KIND, |(_, title, _)| title)
        .text(texts::SIGN, |(test, ..)| &test.sign)
        .text(texts::UNIT, |(_, _, unit)| unit)
        .text(texts::DOMAIN, |(test, ..)| texts::domain(&test.domain))
        .text(texts::OUTCOME, |(test, ..)| texts::finding_outcome(test.outcome))
        .text(texts::WHY_NOT_JUDGED, |(test, ..)| &test.reason)
        .count(texts::LOOKED_AT, |(test, ..)| test.n)
        .count(texts::MINIMUM, |(test, ..)| test.minimum_n)
        .count(texts::ODD, |(test, ..)| test.odd)
        .real_or_null(texts::STATISTIC, |(test, ..)| Some(test.statistic))
        .real_or_null(texts::COMPARED_WITH, |(test, ..)| test.usual)
        .count(texts::PEERS, |(test, ..)| test.peers)
        .real_or_null(texts::EFFECT_ALONE, |(test, ..)| test.effect)
        .real_or_null(texts::LOW, |(test, ..)| test.effect_interval.map(|(low, _)| low))
        .real_or_null(texts::HIGH, |(test, ..)| test.effect_interval.map(|(_, high)| high))
        .real_or_null(texts::P_VALUE, |(test, ..)| test.p_value)
        .real_or_null(texts::Q_VALUE, |(test, ..)| test.q_value)
        .real_or_null(texts::FAMILY_Q, |(test, ..)| test.family_q_value)
        .count(texts::LEFT_OUT, |(test, ..)| test.left_out)
        .table(rows.len())
}

fn sheet_of_resolved(input: &ReportInput, names: &UnitNames<'_>) -> Result<ResultTable> {
    let review =
        |finding: &Earlier| finding.review.as_ref().map(|review| masked(&texts::reviewed(review.decision, review.on, &review.document)));
    let rows: Vec<_> = input
        .detected
        .resolved
        .iter()
        .map(|row| (row, names.name(&row.finding.unit), masked(&row.finding.says), review(&row.finding).unwrap_or_default()))
        .collect();
    Columns::of("resolved", &[], &rows)
        .text(texts::FINDING_KIND, |(row, ..)| &row.finding.title)
        .text(texts::UNIT, |(_, unit, ..)| unit)
        .text(texts::SUBJECT, |(row, ..)| &row.finding.subject)
        .text(texts::SAYS, |(_, _, says, _)| says)
        .date(texts::RESOLVED_ON, |(row, ..)| row.resolved_on)
        .text(texts::REVIEW, |(.., review)| review)
        .table(rows.len())
}

/// The control charts with news.
fn sheet_of_watch(input: &ReportInput, names: &UnitNames<'_>) -> Result<ResultTable> {
    let says =
        |chart: &ControlChart| chart.news.iter().map(|(rule, side)| texts::chart_signal(*rule, *side)).collect::<Vec<_>>().join("；");
    let title = |chart: &ControlChart| {
        let indicator = input.indicators.get(&IndicatorId::from(chart.indicator.as_str()));
        indicator.map_or_else(|| chart.indicator.clone(), |indicator| indicator.title.clone())
    };
    let rows: Vec<_> = view::watch::news(&input.charts)
        .into_iter()
        .map(|chart| (chart, names.name(&chart.unit), title(chart), says(chart), chart.newest.month.to_string()))
        .collect();
    Columns::of("watch", &[], &rows)
        .text(texts::UNIT, |(_, unit, ..)| unit)
        .text(texts::DOMAIN, |(chart, ..)| texts::domain(&chart.domain))
        .text(texts::INDICATOR, |(_, _, title, ..)| title)
        .text(texts::WATCH_SIGN, |(chart, ..)| texts::chart_news(chart.is_worse))
        .text(texts::SAYS, |(_, _, _, says, _)| says)
        .text(texts::WATCH_MONTH, |(.., month)| month)
        .real_or_null(texts::WATCH_VALUE, |(chart, ..)| Some(chart.newest.value))
        .real_or_null(texts::LOOKED_AT, |(chart, ..)| Some(chart.newest.n))
        .real_or_null(texts::WATCH_CENTRE, |(chart, ..)| Some(chart.centre))
        .real_or_null(texts::CONTROL_LOW, |(chart, ..)| Some(chart.newest.low))
        .real_or_null(texts::CONTROL_HIGH, |(chart, ..)| Some(chart.newest.high))
        .size(texts::WATCH_MONTHS, |(chart, ..)| chart.months as u64)
        .text(texts::WATCH_TARGET, |(chart, ..)| texts::chart_assurance(chart.assurance))
        .table(rows.len())
}

fn sheet_of_effects(input: &ReportInput, names: &UnitNames<'_>) -> Result<ResultTable> {
    let who = |effect: &Effect| {
        let region = effect.region.as_ref().map(|code| input.regions.get(code).cloned().unwrap_or_else(|| code.clone()));
        effect.unit.as_ref().map(|unit| names.name(unit)).or(region).unwrap_or_else(|| texts::EVERYBODY.to_owned())
    };
    let days = |effect: &Effect| texts::effect_days(effect.days, &effect.detectors);
    let rows: Vec<_> = input.effects.list.iter().map(|effect| (effect, who(effect), days(effect), masked(&effect.document))).collect();
    Columns::of("effects", &[], &rows)
        .text(texts::EFFECT_NAME, |(effect, ..)| texts::effect_kind(&effect.kind))
        .text(texts::EFFECT_WHO, |(_, who, ..)| who)
        .text(texts::DOMAIN, |(effect, ..)| effect.domain.as_deref().map_or(texts::EVERYTHING, texts::domain))
        .text(texts::EFFECT_DAYS, |(_, _, days, _)| days)
        .text(texts::EFFECT_DOCUMENT, |(.., document)| document)
        .table(rows.len())
}

fn sheet_of_detectors(input: &ReportInput) -> Result<ResultTable> {
    let rows: Vec<_> = input.detectors.iter().collect();
    Columns::of("detectors", &[], &rows)
        .text(texts::FINDING_KIND, |row| &row.title)
        .text(texts::PATTERN, |row| &row.pattern)
        .count(texts::SEVERITY, |row| i64::from(row.severity))
        .size(texts::MINIMUM, |row| row.minimum_n)
        .real_or_null(texts::FLOOR, |row| Some(row.floor))
        .text(texts::BENIGN, |row| &row.benign)
        .text(texts::LOOK_AT, |row| &row.look_at)
        .text(texts::DOCUMENTED, |row| &row.documented)
        .text(texts::BASIS, |row| &row.basis)
        .text(texts::HOW_JUDGED, |row| &row.comment)
        .table(rows.len())
}
