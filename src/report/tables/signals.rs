//! Result tables of the composite indices and of findings.
//!
//! In: [`ReportInput`]. Out: tables in their declared order. Never here: computation, verdicts.

use std::slice;

use super::ResultTable;
use super::columns::Columns;
use crate::error::Result;
use crate::findings::tables::{Earlier, Evidence, Finding, Resolved};
use crate::findings::watch::{ChartPoint, ControlChart};
use crate::indices::tables::SynergyPair;
use crate::report::input::ReportInput;
use crate::statistics::control_chart::Assurance;

/// Parts of the sides of borders.
pub fn synergy_pairs(input: &ReportInput) -> Result<ResultTable> {
    let mut rows: Vec<_> = input.synergy.pairs.iter().map(|row| (row, row.part.to_string())).collect();
    rows.sort_by(|(a, a_part), (b, b_part)| {
        (&a.region, &a.neighbour, &a.domain, a_part).cmp(&(&b.region, &b.neighbour, &b.domain, b_part))
    });
    let median = |row: &SynergyPair, side: fn((Option<u32>, Option<u32>)) -> Option<u32>| row.median_interval.and_then(side).map(i64::from);
    Columns::of("synergy_pairs", &["region", "neighbour", "domain", "part"], &rows)
        .text("region", |(row, _)| &row.region)
        .text("neighbour", |(row, _)| &row.neighbour)
        .text("domain", |(row, _)| &row.domain)
        .text("part", |(_, part)| part)
        .share_or_null("numerator", |(row, _)| Some(row.numerator))
        .share_or_null("denominator", |(row, _)| Some(row.denominator))
        .share_or_null("value", |(row, _)| row.value)
        .share_or_null("value_low", |(row, _)| row.interval.map(|(low, _)| low))
        .share_or_null("value_high", |(row, _)| row.interval.map(|(_, high)| high))
        .flag("report_only", |(row, _)| row.report_only)
        .count_or_null("median_days", |(row, _)| row.median_days.map(i64::from))
        .flag("has_median_interval", |(row, _)| row.median_interval.is_some())
        .count_or_null("median_days_low", move |(row, _)| median(row, |limits| limits.0))
        .count_or_null("median_days_high", move |(row, _)| median(row, |limits| limits.1))
        .count("open", |(row, _)| i64::from(row.open))
        .count("unsent", |(row, _)| i64::from(row.unsent))
        .share_or_null("reference", |(row, _)| row.reference)
        .count("reference_pairs", |(row, _)| i64::from(row.reference_pairs))
        .share_or_null("reference_share", |(row, _)| row.reference_share)
        .flag("cross_province", |(row, _)| row.cross_province)
        .flag("bordering", |(row, _)| row.bordering)
        .flag("scored", |(row, _)| row.scored)
        .table(input.synergy.pairs.len())
}

/// Sides of borders over their parts.
pub fn synergy_sides(input: &ReportInput) -> Result<ResultTable> {
    let mut rows: Vec<_> = input.synergy.sides.iter().collect();
    rows.sort_by_key(|row| (&row.region, &row.neighbour, &row.domain));
    Columns::of("synergy_sides", &["region", "neighbour", "domain"], &rows)
        .text("region", |row| &row.region)
        .text("neighbour", |row| &row.neighbour)
        .text("domain", |row| &row.domain)
        .share_or_null("value", |row| row.value)
        .share_or_null("value_low", |row| row.interval.map(|(low, _)| low))
        .share_or_null("value_high", |row| row.interval.map(|(_, high)| high))
        .share_or_null("due", |row| Some(row.due))
        .flag("scored", |row| row.scored)
        .text_or_null("reason", |row| row.reason.as_deref())
        .share_or_null("coupling", |row| row.coupling)
        .share_or_null("coupling_low", |row| row.coupling_interval.map(|(low, _)| low))
        .share_or_null("coupling_high", |row| row.coupling_interval.map(|(_, high)| high))
        .table(input.synergy.sides.len())
}

/// Regions over all their borders.
pub fn synergy_regions(input: &ReportInput) -> Result<ResultTable> {
    let mut rows: Vec<_> = input.synergy.regions.iter().collect();
    rows.sort_by_key(|row| (&row.region, &row.domain));
    Columns::of("synergy_regions", &["region", "domain"], &rows)
        .text("region", |row| &row.region)
        .text("domain", |row| &row.domain)
        .share_or_null("index", |row| row.index)
        .share_or_null("index_low", |row| row.interval.map(|(low, _)| low))
        .share_or_null("index_high", |row| row.interval.map(|(_, high)| high))
        .count("neighbours_scored", |row| i64::from(row.neighbours_scored))
        .count("neighbours", |row| i64::from(row.neighbours))
        .share_or_null("due", |row| Some(row.due))
        .share_or_null("due_scored", |row| Some(row.due_scored))
        .text_or_null("reason", |row| row.reason.as_deref())
        .table(input.synergy.regions.len())
}

/// Burden on enterprises.
pub fn burden(input: &ReportInput) -> Result<ResultTable> {
    let mut rows: Vec<_> = input.burden.rows.iter().collect();
    rows.sort_by_key(|row| (&row.scope, &row.quarter, &row.component));
    Columns::of("burden", &["scope", "quarter", "component"], &rows)
        .text("scope", |row| &row.scope)
        .text("quarter", |row| &row.quarter)
        .text("component", |row| &row.component)
        .share_or_null("index", |row| row.index)
        .share_or_null("index_low", |row| row.interval.map(|(low, _)| low))
        .share_or_null("index_high", |row| row.interval.map(|(_, high)| high))
        .count("firms", |row| i64::from(row.firms))
        .count("minimum_firms", |row| i64::from(row.minimum_firms))
        .count("winsorised", |row| i64::from(row.winsorised))
        .flag("unchanged", |row| row.unchanged)
        .share_or_null("score", |row| row.score)
        .share_or_null("mean", |row| row.mean)
        .share_or_null("excess", |row| row.excess)
        .share_or_null("contribution", |row| row.contribution)
        .share_or_null("chained", |row| row.chained)
        .share_or_null("calibrated", |row| row.calibrated)
        .text("carried_by", |row| &row.carried_by)
        .count("strata_left_out", |row| i64::from(row.strata_left_out))
        .table(input.burden.rows.len())
}

/// Visits that firms report, and those that the register holds for them.
pub fn burden_visits(input: &ReportInput) -> Result<ResultTable> {
    let mut rows: Vec<_> = input.burden.visits.iter().collect();
    rows.sort_by_key(|row| (&row.scope, &row.quarter));
    Columns::of("burden_visits", &["scope", "quarter"], &rows)
        .text("scope", |row| &row.scope)
        .text("quarter", |row| &row.quarter)
        .count("firms", |row| i64::from(row.firms))
        .share_or_null("reported", |row| Some(row.reported))
        .share_or_null("recorded", |row| Some(row.recorded))
        .share_or_null("ratio", |row| row.ratio)
        .share_or_null("ratio_low", |row| row.interval.map(|(low, _)| low))
        .share_or_null("ratio_high", |row| row.interval.map(|(_, high)| high))
        .share_or_null("covered", |row| row.covered)
        .flag_or_null("inside_band", |row| row.inside_band)
        .table(input.burden.visits.len())
}

/// Enterprises that were inspected more often than their caps allow.
pub fn burden_caps(input: &ReportInput) -> Result<ResultTable> {
    let mut rows: Vec<_> = input.burden.caps.iter().collect();
    rows.sort_by_key(|row| (&row.scope, row.year));
    Columns::of("burden_caps", &["scope", "year"], &rows)
        .text("scope", |row| &row.scope)
        .count("year", |row| i64::from(row.year))
        .size("enterprises", |row| row.enterprises)
        .size("over", |row| row.over)
        .share_or_null("share", |row| row.share)
        .share_or_null("share_low", |row| row.interval.map(|(low, _)| low))
        .share_or_null("share_high", |row| row.interval.map(|(_, high)| high))
        .table(input.burden.caps.len())
}

/// What change the panel, or another one, could show.
pub fn burden_power(input: &ReportInput) -> Result<ResultTable> {
    let mut rows: Vec<_> = input.burden.power.iter().collect();
    rows.sort_by_key(|row| (&row.scope, &row.quarter, &row.component, !row.is_own, row.firms, row.correlation));
    let sorted_by = &["scope", "quarter", "component", "is_planned", "firms", "correlation"];
    Columns::of("burden_power", sorted_by, &rows)
        .text("scope", |row| &row.scope)
        .text("quarter", |row| &row.quarter)
        .text("component", |row| &row.component)
        .flag("is_planned", |row| !row.is_own)
        .count("firms", |row| i64::from(row.firms))
        .share_or_null("correlation", |row| Some(row.correlation))
        .count_or_null("pairs", |row| row.pairs.map(i64::from))
        .share_or_null("variation", |row| Some(row.variation))
        .share_or_null("design_effect", |row| Some(row.design_effect))
        .share_or_null("standard_error", |row| Some(row.standard_error))
        .share_or_null("half_width", |row| Some(row.half_width))
        .share_or_null("detectable_rise", |row| Some(row.detectable_rise))
        .table(input.burden.power.len())
}

fn sorted_findings(input: &ReportInput) -> Vec<&Finding> {
    let mut rows: Vec<&Finding> = input.detected.findings.iter().collect();
    rows.sort_by_key(|row| (&row.detector, &row.unit, &row.subject, &row.finding_id));
    rows
}

/// Patterns for a reviewer.
pub fn findings(input: &ReportInput) -> Result<ResultTable> {
    let rows = sorted_findings(input);
    Columns::of("findings", &["detector", "unit_id", "subject", "finding_id"], &rows)
        .text("detector", |row| &row.detector)
        .text("unit_id", |row| &row.unit)
        .text("subject", |row| &row.subject)
        .text("finding_id", |row| &row.finding_id)
        .text("evidence_digest", |row| &row.evidence_digest)
        .text("kind", |row| row.kind.word())
        .text("state", |row| row.state.word())
        .text("period", |row| &row.period)
        .date("first_seen", |row| row.first_seen)
        .text("domain", |row| &row.domain)
        .text("title", |row| &row.title)
        .text("says", |row| &row.says)
        .count("severity", |row| i64::from(row.severity))
        .real_or_null("worth", |row| Some(row.worth))
        .real_or_null("strength", |row| Some(row.strength))
        .real_or_null("usual", |row| row.usual)
        .real_or_null("effect", |row| row.effect)
        .real_or_null("effect_low", |row| row.effect_interval.map(|(low, _)| low))
        .real_or_null("effect_high", |row| row.effect_interval.map(|(_, high)| high))
        .real_or_null("before", |row| row.before)
        .real_or_null("p_value", |row| row.p_value)
        .real_or_null("q_value", |row| row.q_value)
        .count("n", |row| row.n)
        .text("benign_causes", |row| &row.benign_causes)
        .text("look_at", |row| &row.look_at)
        .text_or_null("decision", |row| row.review.as_ref().map(|review| review.decision.code()))
        .date_or_null("reviewed_on", |row| row.review.as_ref().map(|review| review.on))
        .text_or_null("document", |row| row.review.as_ref().map(|review| review.document.as_str()))
        .size("evidence_rows", |row| row.evidence.len() as u64)
        .table(input.detected.findings.len())
}

/// Every test that was made, and those that were not, with the reason.
pub fn finding_tests(input: &ReportInput) -> Result<ResultTable> {
    let rows: Vec<_> = input.detected.tests.iter().collect();
    Columns::of("finding_tests", &["detector", "unit_id", "domain", "table", "sign"], &rows)
        .text("detector", |row| &row.detector)
        .text("unit_id", |row| &row.unit)
        .text("domain", |row| &row.domain)
        .text("table", |row| &row.table)
        .text("sign", |row| &row.sign)
        .text("outcome", |row| row.outcome.word())
        .text("reason", |row| &row.reason)
        .text("group", |row| &row.group)
        .count("peers", |row| row.peers)
        .count("n", |row| row.n)
        .count("minimum_n", |row| row.minimum_n)
        .count("odd", |row| row.odd)
        .real_or_null("statistic", |row| Some(row.statistic))
        .real_or_null("usual", |row| row.usual)
        .real_or_null("effect", |row| row.effect)
        .real_or_null("effect_low", |row| row.effect_interval.map(|(low, _)| low))
        .real_or_null("effect_high", |row| row.effect_interval.map(|(_, high)| high))
        .real_or_null("p_value", |row| row.p_value)
        .real_or_null("q_value", |row| row.q_value)
        .real_or_null("family_q_value", |row| row.family_q_value)
        .count("left_out", |row| row.left_out)
        .table(input.detected.tests.len())
}

/// The monthly watch: one chart a unit, indicator and domain.
pub fn control_charts(input: &ReportInput) -> Result<ResultTable> {
    let news = |row: &ControlChart| {
        let words: Vec<String> = row.news.iter().map(|(rule, side)| format!("{}_{}", rule.word(), side.word())).collect();
        words.join(";")
    };
    let mut rows: Vec<(&ControlChart, String)> = input.charts.iter().map(|row| (row, news(row))).collect();
    rows.sort_by(|(a, _), (b, _)| (&a.indicator, &a.unit, &a.domain).cmp(&(&b.indicator, &b.unit, &b.domain)));
    Columns::of("control_charts", &["indicator", "unit_id", "domain"], &rows)
        .text("indicator", |(row, _)| &row.indicator)
        .text("unit_id", |(row, _)| &row.unit)
        .text("domain", |(row, _)| &row.domain)
        .text("chart", |(row, _)| row.kind.word())
        .date("first_month", |(row, _)| row.first.first_day())
        .date("month", |(row, _)| row.newest.month.first_day())
        .size("months", |(row, _)| row.months as u64)
        .size("left_out", |(row, _)| row.left_out as u64)
        .real_or_null("value", |(row, _)| Some(row.newest.value))
        .real_or_null("n", |(row, _)| Some(row.newest.n))
        .real_or_null("centre", |(row, _)| Some(row.centre))
        .real_or_null("low", |(row, _)| Some(row.newest.low))
        .real_or_null("high", |(row, _)| Some(row.newest.high))
        .real_or_null("deviation", |(row, _)| Some(row.deviation))
        .text("news", |(_, news)| news)
        .flag_or_null("is_worse", |(row, _)| row.is_worse)
        .size("earlier_signals", |(row, _)| row.earlier_signals as u64)
        .text_or_null("assurance", |(row, _)| row.assurance.map(Assurance::word))
        .table(input.charts.len())
}

/// Every month of the charts that have news.
pub fn control_points(input: &ReportInput) -> Result<ResultTable> {
    let mut rows: Vec<(&ControlChart, &(ChartPoint, bool))> =
        input.charts.iter().flat_map(|chart| chart.points.iter().map(move |point| (chart, point))).collect();
    rows.sort_by(|(a, (one, _)), (b, (two, _))| {
        (&a.indicator, &a.unit, &a.domain, one.month).cmp(&(&b.indicator, &b.unit, &b.domain, two.month))
    });
    let rows_total = input.charts.iter().map(|chart| chart.points.len()).sum();
    Columns::of("control_points", &["indicator", "unit_id", "domain", "month"], &rows)
        .text("indicator", |(chart, _)| &chart.indicator)
        .text("unit_id", |(chart, _)| &chart.unit)
        .text("domain", |(chart, _)| &chart.domain)
        .date("month", |(_, (point, _))| point.month.first_day())
        .real_or_null("value", |(_, (point, _))| Some(point.value))
        .real_or_null("n", |(_, (point, _))| Some(point.n))
        .real_or_null("low", |(_, (point, _))| Some(point.low))
        .real_or_null("high", |(_, (point, _))| Some(point.high))
        .flag("is_signal", |(_, (_, signal))| *signal)
        .table(rows_total)
}

/// Findings of earlier runs over the period that are none any more.
pub fn findings_resolved(input: &ReportInput) -> Result<ResultTable> {
    let period = input.period.to_string();
    let mut rows: Vec<&Resolved> = input.detected.resolved.iter().collect();
    rows.sort_by_key(|row| order_of(&row.finding));
    let began = earlier("findings_resolved", &rows, |row| &row.finding, &period).date("resolved_on", |row| row.resolved_on);
    decided(began, |row| &row.finding).table(rows.len())
}

/// Findings of detectors that say nothing tonight.
pub fn findings_waiting(input: &ReportInput) -> Result<ResultTable> {
    let period = input.period.to_string();
    let mut rows: Vec<&Earlier> = input.detected.waiting.iter().collect();
    rows.sort_by_key(|row| order_of(row));
    decided(earlier("findings_waiting", &rows, |row| row, &period), |row| row).table(rows.len())
}

fn order_of(finding: &Earlier) -> [&String; 4] {
    [&finding.detector, &finding.unit, &finding.subject, &finding.finding_id]
}

/// A table of findings of earlier runs, in their order: what each was, and since when.
fn earlier<'r, R>(name: &'static str, rows: &'r [&'r R], of: fn(&'r R) -> &'r Earlier, period: &'r str) -> Columns<slice::Iter<'r, &'r R>> {
    Columns::of(name, &["detector", "unit_id", "subject", "finding_id"], rows)
        .text("detector", |row| &of(row).detector)
        .text("unit_id", |row| &of(row).unit)
        .text("subject", |row| &of(row).subject)
        .text("finding_id", |row| &of(row).finding_id)
        .text("title", |row| &of(row).title)
        .text("says", |row| &of(row).says)
        .text("period", |_| period)
        .date("first_seen", |row| of(row).first_seen)
}

/// What was decided of each.
fn decided<'r, R>(columns: Columns<slice::Iter<'r, &'r R>>, of: fn(&'r R) -> &'r Earlier) -> Columns<slice::Iter<'r, &'r R>> {
    let review = move |row: &&'r R| of(row).review.as_ref();
    columns
        .text_or_null("decision", |row| review(row).map(|review| review.decision.code()))
        .date_or_null("reviewed_on", |row| review(row).map(|review| review.on))
        .text_or_null("document", |row| review(row).map(|review| review.document.as_str()))
}

/// Records that findings rest on.
pub fn findings_evidence(input: &ReportInput) -> Result<ResultTable> {
    let mut rows: Vec<(&str, &Evidence)> = Vec::new();
    for finding in &input.detected.findings {
        rows.extend(finding.evidence.iter().map(|evidence| (finding.finding_id.as_str(), evidence)));
    }
    rows.sort();
    let rows_total = input.detected.findings.iter().map(|finding| finding.evidence.len()).sum();
    Columns::of("findings_evidence", &["finding_id", "table", "record_id", "sign", "says", "source_file", "source_line"], &rows)
        .text("finding_id", |(finding, _)| finding)
        .text("table", |(_, row)| &row.table)
        .text("record_id", |(_, row)| &row.record_id)
        .text("sign", |(_, row)| &row.sign)
        .text("says", |(_, row)| &row.says)
        .text("source_file", |(_, row)| &row.source_file)
        .count("source_line", |(_, row)| row.source_line)
        .table(rows_total)
}
