//! Result tables of what was computed and scored: measures, values, scores, ranks, scorecards, score lines, ledger.
//!
//! In: [`ReportInput`], or scorecards alone. Out: tables in their declared order. Never here: computation.

use std::collections::BTreeMap;
use std::slice::Iter;

use super::ResultTable;
use super::columns::Columns;
use crate::compute::measures::{Amount, Measure};
use crate::error::Result;
use crate::report::input::{LineEvent, Lineage, ReportInput};
use crate::scoring::tables::{LedgerRow, NextGrade, OtherRecords, Rank, RankNeighbour, Score, ScoreLine, Scorecards, Unit, Value};
use crate::statistics::funnel::Position;
use crate::statistics::ranks::Band;
use crate::terms::UnitId;

/// Numerators and denominators of every month.
pub fn measures(input: &ReportInput) -> Result<ResultTable> {
    let sorted = input.sorted_measures();
    let ratio = |row: Measure<'_>| match row.amount {
        Amount::Ratio(fraction) => Some(fraction),
        Amount::Value { .. } => None,
    };
    Columns::over("measures", &["indicator", "subject", "domain", "month", "scope"], sorted.iter())
        .text("indicator", |row| row.indicator)
        .text("subject", |row| row.subject)
        .text("domain", |row| row.domain)
        .date("month", |row| row.month.first_day())
        .text("scope", |row| row.scope.word())
        .scaled_or_null("numerator", |row| ratio(row).map(|fraction| fraction.numerator))
        .scaled_or_null("denominator", |row| ratio(row).map(|fraction| fraction.denominator))
        .scaled_or_null("value", |row| match row.amount {
            Amount::Value { value, .. } => value,
            Amount::Ratio(_) => None,
        })
        .count_or_null("n", |row| match row.amount {
            Amount::Value { n, .. } => Some(n),
            Amount::Ratio(_) => None,
        })
        .count("pending", |row| row.pending)
        .count("excluded", |row| row.excluded)
        .count("due_soon", |row| row.due_soon)
        .flag("held", |row| row.held)
        .table(input.measures.len())
}

fn sorted_values(cards: &Scorecards) -> Vec<&Value> {
    let mut rows: Vec<&Value> = cards.values.iter().collect();
    rows.sort_by_key(|row| (&row.unit, &row.domain, &row.indicator));
    rows
}

/// Columns that `values` and `scorecards` share; `of` finds the value in a row.
fn value_columns<'r, R>(columns: Columns<Iter<'r, R>>, of: impl Fn(&'r R) -> &'r Value + Copy) -> Columns<Iter<'r, R>> {
    columns
        .text("node", move |row| &of(row).node)
        .share_or_null("numerator", move |row| of(row).numerator)
        .share_or_null("denominator", move |row| of(row).denominator)
        .count("pending", move |row| of(row).pending)
        .count("excluded", move |row| of(row).excluded)
        .count("due_soon", move |row| of(row).due_soon)
        .share_or_null("value", move |row| of(row).value)
        .share_or_null("value_low", move |row| of(row).interval.map(|(low, _)| low))
        .share_or_null("value_high", move |row| of(row).interval.map(|(_, high)| high))
        .share_or_null("score", move |row| of(row).score)
        .share_or_null("points", move |row| Some(of(row).points))
        .share_or_null("effective_points", move |row| Some(of(row).effective_points))
        .share_or_null("target", move |row| of(row).target)
        .text("status", move |row| of(row).status.word())
        .flag("too_few", move |row| of(row).too_few)
        .flag("provisional", move |row| of(row).provisional)
        .share_or_null("shrunk", move |row| of(row).shrunk.map(|shrunk| shrunk.value))
        .share_or_null("shrunk_weight", move |row| of(row).shrunk.map(|shrunk| shrunk.weight))
        .text_or_null("funnel", move |row| of(row).funnel.map(|place| funnel(place.position)))
}

/// The word for a place in the funnel.
fn funnel(position: Position) -> &'static str {
    match position {
        Position::AlarmLow => "alarm_low",
        Position::AttentionLow => "attention_low",
        Position::Within => "within",
        Position::AttentionHigh => "attention_high",
        Position::AlarmHigh => "alarm_high",
    }
}

/// The word for where a total stands to the mean of its peers.
fn band(band: Band) -> &'static str {
    match band {
        Band::Below => "below",
        Band::NotDistinguishable => "not_distinguishable",
        Band::Above => "above",
    }
}

/// One indicator of one assessed object over the period.
pub fn values(cards: &Scorecards) -> Result<ResultTable> {
    let rows = sorted_values(cards);
    let columns = Columns::of("values", &["unit_id", "domain", "indicator"], &rows)
        .text("unit_id", |row| row.unit.as_ref())
        .text("domain", |row| &row.domain)
        .text("indicator", |row| row.indicator.as_ref());
    value_columns(columns, |row| row).table(cards.values.len())
}

/// One node of one assessed object.
pub fn scores<'a>(cards: &Scorecards, nodes: impl Iterator<Item = &'a str>) -> Result<ResultTable> {
    // The root first, then the nodes as the scheme lists them: the order is a column, so that it can be declared.
    let mut place: BTreeMap<&str, i64> = nodes.zip(1..).collect();
    place.insert("total", 0);
    let place_of = |row: &Score| place.get(row.node.as_str()).copied().unwrap_or(i64::MAX);
    let mut rows: Vec<&Score> = cards.scores.iter().collect();
    rows.sort_by_key(|row| (&row.unit, &row.domain, place_of(row), &row.node));
    Columns::of("scores", &["unit_id", "domain", "node_order", "node"], &rows)
        .text("unit_id", |row| row.unit.as_ref())
        .text("domain", |row| &row.domain)
        .count("node_order", |row| place_of(row))
        .text("node", |row| &row.node)
        .share_or_null("score", |row| row.score)
        .share_or_null("points", |row| Some(row.points))
        .share_or_null("effective_points", |row| Some(row.effective_points))
        .share_or_null("earned", |row| row.earned)
        .table(cards.scores.len())
}

/// Total, grade and rank of every assessed object, with all that decides whether it is ranked.
pub fn ranks(cards: &Scorecards, units: &[Unit]) -> Result<ResultTable> {
    let units: BTreeMap<&UnitId, &Unit> = units.iter().map(|unit| (&unit.id, unit)).collect();
    let unit = |rank: &Rank| units.get(&rank.unit).copied();
    let mut rows: Vec<(&Rank, String)> = cards.ranks.iter().map(|row| (row, row.vetoes.join(" "))).collect();
    rows.sort_by_key(|(row, _)| (&row.unit, &row.domain));
    Columns::of("ranks", &["unit_id", "domain"], &rows)
        .text("unit_id", |(row, _)| row.unit.as_ref())
        .text("domain", |(row, _)| &row.domain)
        .text("peer_group", |(row, _)| &row.peer_group)
        .text_or_null("tier", |(row, _)| unit(row).map(|unit| unit.tier.as_str()))
        .text_or_null("size_class", |(row, _)| unit(row).map(|unit| unit.size_class.as_str()))
        .share_or_null("total", |(row, _)| row.total)
        .text_or_null("grade", |(row, _)| row.grade.as_deref())
        .count_or_null("rank", |(row, _)| row.rank.map(i64::from))
        .count("ranked_units", |(row, _)| i64::from(row.ranked_units))
        .text_or_null("withheld", |(row, _)| row.withheld.as_deref())
        .share_or_null("unswitched_total", |(row, _)| row.unswitched.and_then(|without| without.total))
        .count_or_null("unswitched_rank", |(row, _)| row.unswitched.and_then(|without| without.rank).map(i64::from))
        .share_or_null("tree_total", |(row, _)| row.tree_total)
        .share_or_null("bonus", |(row, _)| Some(row.bonus))
        .share_or_null("deduction", |(row, _)| Some(row.deduction))
        .text_or_null("score_grade", |(row, _)| row.score_grade.as_deref())
        .text("vetoes", |(_, vetoes)| vetoes)
        .share_or_null("solid_share", |(row, _)| Some(row.solid_share))
        .share_or_null("half_width", |(row, _)| Some(row.half_width))
        .count_or_null("rank_median", |(row, _)| row.uncertainty.map(|open| i64::from(open.median)))
        .count_or_null("rank_best", |(row, _)| row.uncertainty.map(|open| i64::from(open.interval.best)))
        .count_or_null("rank_worst", |(row, _)| row.uncertainty.map(|open| i64::from(open.interval.worst)))
        .count_or_null("rank_set_best", |(row, _)| row.uncertainty.map(|open| i64::from(open.set.best)))
        .count_or_null("rank_set_worst", |(row, _)| row.uncertainty.map(|open| i64::from(open.set.worst)))
        .text_or_null("band", |(row, _)| row.uncertainty.map(|open| band(open.band)))
        .table(cards.ranks.len())
}

/// What a row of `scorecards` is made of.
struct Card<'a> {
    value: &'a Value,
    unit: Option<&'a Unit>,
    rank: Option<&'a Rank>,
    title: &'a str,
    lineage: &'a Lineage,
}

/// Everything that fixes a score, one row an assessed object and indicator: enough to recompute it years later.
pub fn scorecards(input: &ReportInput) -> Result<ResultTable> {
    let units: BTreeMap<&UnitId, &Unit> = input.units.iter().map(|unit| (&unit.id, unit)).collect();
    let ranks: BTreeMap<(&UnitId, &str), &Rank> =
        input.scorecards.ranks.iter().map(|rank| ((&rank.unit, rank.domain.as_str()), rank)).collect();
    let unknown = Lineage::default();
    let cards = sorted_values(&input.scorecards).into_iter().map(|value| Card {
        unit: units.get(&value.unit).copied(),
        rank: ranks.get(&(&value.unit, value.domain.as_str())).copied(),
        title: input.indicators.get(&value.indicator).map_or(value.indicator.as_ref(), |header| &header.title),
        lineage: input.lineage.get(&value.indicator).unwrap_or(&unknown),
        value,
    });
    let rows: Vec<Card> = cards.collect();
    let columns = Columns::of("scorecards", &["unit_id", "domain", "indicator"], &rows)
        .text("unit_id", |row| row.value.unit.as_ref())
        .text("unit_name", |row| row.unit.map_or("", |unit| &unit.name))
        .text("domain", |row| &row.value.domain)
        .text_or_null("peer_group", |row| row.rank.map(|rank| rank.peer_group.as_str()))
        .share_or_null("total", |row| row.rank.and_then(|rank| rank.total))
        .text_or_null("grade", |row| row.rank.and_then(|rank| rank.grade.as_deref()))
        .count_or_null("rank", |row| row.rank.and_then(|rank| rank.rank).map(i64::from))
        .text_or_null("withheld", |row| row.rank.and_then(|rank| rank.withheld.as_deref()))
        .text("indicator", |row| row.value.indicator.as_ref())
        .text("title", |row| row.title);
    value_columns(columns, |row| row.value)
        .text("definition_hash", |row| &row.lineage.definition_hash)
        .text("clock_versions", |row| &row.lineage.clock_versions)
        .text("lake_versions", |row| &row.lineage.lake_versions)
        .text("scheme", |_| &input.scheme.title)
        .text("scheme_hash", |_| &input.scheme.hash)
        .text("period", |_| &input.period.name)
        .date("as_of", |_| input.as_of)
        .text("engine_version", |_| &input.engine_version)
        .table(input.scorecards.values.len())
}

/// How every total came about, line by line; lines that rest on an event have its day, its reason and its document.
pub fn score_lines(cards: &Scorecards, line_events: &[LineEvent]) -> Result<ResultTable> {
    let events: BTreeMap<_, &LineEvent> =
        line_events.iter().map(|entry| ((&entry.unit, entry.domain.as_str(), entry.entry.as_str(), entry.kind.as_str()), entry)).collect();
    let event = |line: &ScoreLine| events.get(&(&line.unit, line.domain.as_str(), line.event.as_str(), line.kind.word())).copied();
    let mut rows: Vec<_> = cards.score_lines.iter().map(|line| (line, event(line))).collect();
    rows.sort_by_key(|(line, _)| (&line.unit, &line.domain, line.line));
    Columns::of("score_lines", &["unit_id", "domain", "line"], &rows)
        .text("unit_id", |(line, _)| line.unit.as_ref())
        .text("domain", |(line, _)| &line.domain)
        .count("line", |(line, _)| i64::from(line.line))
        .text("kind", |(line, _)| line.kind.word())
        .text("id", |(line, _)| &line.id)
        .text("parent", |(line, _)| &line.parent)
        .flag("adds_up", |(line, _)| line.kind.adds_up())
        .share_or_null("points", |(line, _)| Some(line.points))
        .share_or_null("effective_points", |(line, _)| Some(line.effective_points))
        .share_or_null("score", |(line, _)| line.score)
        .share_or_null("earned", |(line, _)| Some(line.earned))
        .text_or_null("event_id", |(line, _)| Some(line.event.as_str()).filter(|event| !event.is_empty()))
        .date_or_null("recorded_on", |(_, event)| event.map(|event| event.recorded_on))
        .text_or_null("says", |(_, event)| event.map(|event| event.says.as_str()))
        .text_or_null("document", |(_, event)| event.map(|event| event.document.as_str()))
        .table(cards.score_lines.len())
}

/// The dynamic ledger (动态考核台账): one row an assessed object, indicator and month.
pub fn ledger(input: &ReportInput) -> Result<ResultTable> {
    let mut rows: Vec<&LedgerRow> = input.scorecards.ledger.iter().collect();
    rows.sort_by_key(|row| (&row.unit, &row.domain, &row.indicator, row.month));
    Columns::of("ledger", &["unit_id", "domain", "indicator", "month"], &rows)
        .text("unit_id", |row| row.unit.as_ref())
        .text("domain", |row| &row.domain)
        .text("indicator", |row| row.indicator.as_ref())
        .date("month", |row| row.month.first_day())
        .share_or_null("numerator", |row| row.numerator)
        .share_or_null("denominator", |row| row.denominator)
        .count("pending", |row| row.pending)
        .count("due_soon", |row| row.due_soon)
        .count("excluded", |row| row.excluded)
        .share_or_null("value", |row| row.value)
        .share_or_null("target", |row| row.target)
        .share_or_null("score", |row| row.score)
        .text("status", |row| row.status.word())
        .table(input.scorecards.ledger.len())
}

/// What would have lifted each object by one grade: one row an indicator whose records it takes, or one that says why none do.
pub fn next_grades(cards: &Scorecards) -> Result<ResultTable> {
    let mut grades: Vec<&NextGrade> = cards.next_grades.iter().collect();
    grades.sort_by_key(|row| (&row.unit, &row.domain));
    let mut rows: Vec<(&NextGrade, &str, Option<&OtherRecords>)> = Vec::new();
    for grade in grades {
        let before = rows.len();
        for (kind, records) in [("alone", &grade.alone), ("together", &grade.together)] {
            let mut records: Vec<&OtherRecords> = records.iter().collect();
            records.sort_by_key(|row| (&row.indicator, &row.node));
            rows.extend(records.into_iter().map(|records| (grade, kind, Some(records))));
        }
        if rows.len() == before {
            rows.push((grade, "", None));
        }
    }
    let total = rows.len();
    Columns::of("next_grades", &["unit_id", "domain", "kind", "indicator", "node"], &rows)
        .text("unit_id", |(row, ..)| row.unit.as_ref())
        .text("domain", |(row, ..)| &row.domain)
        .text("grade", |(row, ..)| &row.grade)
        .share_or_null("from_total", |(row, ..)| Some(row.from))
        .share_or_null("missing_points", |(row, ..)| Some(row.missing))
        .flag("has_quota", |(row, ..)| row.has_quota)
        .text("way", |(row, ..)| row.way.word())
        .text("kind", |(_, kind, _)| kind)
        .text("indicator", |(.., records)| records.map_or("", |records| records.indicator.as_ref()))
        .text("node", |(.., records)| records.map_or("", |records| &records.node))
        .count_or_null("records", |(.., records)| records.map(|records| i64::from(records.records)))
        .flag_or_null("fewer_in_numerator", |(.., records)| records.map(|records| records.is_less))
        .share_or_null("gain", |(.., records)| records.map(|records| records.gain))
        .table(total)
}

/// Each ranked object beside those of its group that stand near.
pub fn rank_neighbours(cards: &Scorecards) -> Result<ResultTable> {
    let mut rows: Vec<&RankNeighbour> = cards.rank_neighbours.iter().collect();
    rows.sort_by_key(|row| (&row.unit, &row.domain, row.other_rank, &row.other));
    Columns::of("rank_neighbours", &["unit_id", "domain", "other_rank", "other_unit_id"], &rows)
        .text("unit_id", |row| row.unit.as_ref())
        .text("domain", |row| &row.domain)
        .count("other_rank", |row| i64::from(row.other_rank))
        .text("other_unit_id", |row| row.other.as_ref())
        .share_or_null("probability_above", |row| Some(row.probability))
        .text_or_null("said", |row| row.said.map(|said| said.word()))
        .table(cards.rank_neighbours.len())
}
