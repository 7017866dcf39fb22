//! The result tables of a run, read back.
//!
//! In: the folder `runs/<id>/tables`. Out: what scoring said of one unit. Never here: source tables, computation.

use std::collections::BTreeSet;
use std::path::Path;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Decimal128Type, Int64Type};
use datafusion::prelude::{ParquetReadOptions, SessionContext, col, lit};
use rust_decimal::Decimal;
use serde::{Serialize, Serializer};

use super::Policy;
use super::curve::lost_points;
use crate::error::{Context, Error, Kind, Result};
use crate::library::Library;
use crate::terms::IndicatorId;

/// Total, class scores and indicators of one assessed object.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scorecard {
    /// Domain; empty when the unit is assessed as a whole.
    pub domain: String,
    /// Peer group.
    pub peer_group: String,
    /// Total.
    #[serde(serialize_with = "exact_or_null")]
    pub total: Option<Decimal>,
    /// Grade.
    pub grade: Option<String>,
    /// Rank inside the peer group.
    pub rank: Option<i64>,
    /// Best and worst rank that chance leaves open.
    pub rank_interval: Option<(i64, i64)>,
    /// How many are ranked there.
    pub ranked_units: i64,
    /// Why there is no rank.
    pub withheld: Option<String>,
    /// Classes, in the order of the scheme.
    pub classes: Vec<NodeScore>,
    /// Indicators, most points lost first.
    pub indicators: Vec<ValueRow>,
    /// Entries outside the tree.
    pub adjustments: Vec<OwnLine>,
}

/// Score of a class.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NodeScore {
    /// Title, or the node's id where the scheme has none.
    pub title: String,
    /// Score 0 to 100.
    #[serde(serialize_with = "exact_or_null")]
    pub score: Option<Decimal>,
    /// Points after weight has moved.
    #[serde(serialize_with = "exact")]
    pub effective_points: Decimal,
    /// Points earned.
    #[serde(serialize_with = "exact_or_null")]
    pub earned: Option<Decimal>,
    /// Nothing in it could be scored: the score is the scheme's.
    pub is_empty: bool,
}

/// One indicator of one assessed object.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ValueRow {
    /// Domain of the assessed object.
    pub domain: String,
    /// Indicator.
    pub indicator: String,
    /// Title.
    pub title: String,
    /// Numerator (the value itself for a mean or an index).
    #[serde(serialize_with = "exact_or_null")]
    pub numerator: Option<Decimal>,
    /// Denominator (number of answers for a mean or an index).
    #[serde(serialize_with = "exact_or_null")]
    pub denominator: Option<Decimal>,
    /// Not yet due.
    pub pending: i64,
    /// Left out.
    pub excluded: i64,
    /// Value.
    #[serde(serialize_with = "exact_or_null")]
    pub value: Option<Decimal>,
    /// The value drawn towards the peers', where there is one.
    #[serde(serialize_with = "exact_or_null")]
    pub shrunk: Option<Decimal>,
    /// Score 0 to 100.
    #[serde(serialize_with = "exact_or_null")]
    pub score: Option<Decimal>,
    /// Points that the scheme gives.
    #[serde(serialize_with = "exact")]
    pub points: Decimal,
    /// Points after weight has moved.
    #[serde(serialize_with = "exact")]
    pub effective_points: Decimal,
    /// effective points × (100 − score) ÷ 100.
    #[serde(serialize_with = "exact_or_null")]
    pub lost: Option<Decimal>,
    /// Target shown.
    #[serde(serialize_with = "exact_or_null")]
    pub target: Option<Decimal>,
    /// Why it has a score, or none.
    pub status: String,
    /// Too few cases to be ranked by.
    pub too_few: bool,
}

/// A score line that is not a part of the tree.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OwnLine {
    /// Domain.
    pub domain: String,
    /// Kind of line.
    pub kind: String,
    /// Points, with their sign; none for a veto.
    #[serde(serialize_with = "exact_or_null")]
    pub points: Option<Decimal>,
    /// What for; the class, for one in which nothing could be scored.
    pub says: String,
    /// Document that decides it.
    pub document: String,
}

/// Decimals stand in JSON as text: a reader that takes numbers for floating point would round them.
pub(super) fn exact<S: Serializer>(number: &Decimal, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    serializer.collect_str(number)
}

pub(super) fn exact_or_null<S: Serializer>(number: &Option<Decimal>, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    match number {
        Some(number) => serializer.collect_str(number),
        None => serializer.serialize_none(),
    }
}

/// The unit's scorecards, sorted by domain.
///
/// # Errors
/// Result tables that are missing or can't be read.
pub async fn scorecards(tables: &Path, unit: &str, library: &Library, policy: &Policy) -> Result<Vec<Scorecard>> {
    let ranks = Table::of_unit(tables, "ranks", unit).await?;
    let scores = Table::of_unit(tables, "scores", unit).await?;
    let values = values(tables, unit, library, policy).await?;
    let adjustments = adjustments(tables, unit).await?;
    let mut cards = Vec::new();
    for rank in ranks.rows() {
        let domain = rank.text("domain")?;
        let mut classes = Vec::new();
        for score in scores.rows() {
            let node = score.text("node")?;
            if score.text("domain")? == domain && policy.classes.contains(&node) {
                classes.push((
                    score.whole("node_order")?,
                    NodeScore {
                        score: score.decimal("score")?,
                        effective_points: score.decimal("effective_points")?.unwrap_or_default(),
                        earned: score.decimal("earned")?,
                        is_empty: adjustments.iter().any(|line| line.kind == "empty_class" && line.domain == domain && line.says == node),
                        title: policy.titles.get(&node).cloned().unwrap_or(node),
                    },
                ));
            }
        }
        classes.sort_by_key(|(order, _)| *order);
        let mut indicators: Vec<ValueRow> = values.iter().filter(|value| value.domain == domain).cloned().collect();
        indicators.sort_by(|a, b| b.lost.cmp(&a.lost).then_with(|| a.indicator.cmp(&b.indicator)));
        cards.push(Scorecard {
            peer_group: rank.text("peer_group")?,
            total: rank.decimal("total")?,
            grade: rank.text_or_null("grade")?,
            rank: rank.whole("rank")?,
            rank_interval: rank.whole_if_there("rank_best")?.zip(rank.whole_if_there("rank_worst")?),
            ranked_units: rank.whole("ranked_units")?.unwrap_or(0),
            withheld: rank.text_or_null("withheld")?,
            classes: classes.into_iter().map(|(_, class)| class).collect(),
            indicators,
            adjustments: adjustments
                .iter()
                .filter(|line| line.domain == domain && line.kind != "empty_class")
                // What a mean does is said of its node, by name.
                .map(|line| OwnLine { says: policy.titles.get(&line.says).unwrap_or(&line.says).clone(), ..line.clone() })
                .collect(),
            domain,
        });
    }
    cards.sort_by(|a, b| a.domain.cmp(&b.domain));
    Ok(cards)
}

/// Values of the unit, sorted by domain and indicator.
///
/// # Errors
/// Result tables that are missing or can't be read.
pub async fn values(tables: &Path, unit: &str, library: &Library, policy: &Policy) -> Result<Vec<ValueRow>> {
    let mut values = Vec::new();
    for row in Table::of_unit(tables, "values", unit).await?.rows() {
        let indicator = row.text("indicator")?;
        let header = library.indicators.get(&IndicatorId::from(indicator.as_str()));
        let (score, effective_points) = (row.decimal("score")?, row.decimal("effective_points")?.unwrap_or_default());
        values.push(ValueRow {
            domain: row.text("domain")?,
            title: header.map(|header| &header.title).or_else(|| policy.titles.get(&indicator)).unwrap_or(&indicator).clone(),
            numerator: row.decimal("numerator")?,
            denominator: row.decimal("denominator")?,
            pending: row.whole("pending")?.unwrap_or(0),
            excluded: row.whole("excluded")?.unwrap_or(0),
            shrunk: row.decimal_if_there("shrunk")?,
            value: row.decimal("value")?,
            lost: score.map(|score| lost_points(effective_points, score)),
            score,
            points: row.decimal("points")?.unwrap_or_default(),
            effective_points,
            target: row.decimal("target")?,
            status: row.text("status")?,
            too_few: row.flag("too_few")?,
            indicator,
        });
    }
    values.sort_by(|a, b| (&a.domain, &a.indicator).cmp(&(&b.domain, &b.indicator)));
    Ok(values)
}

async fn adjustments(tables: &Path, unit: &str) -> Result<Vec<OwnLine>> {
    if !tables.join("score_lines.parquet").is_file() {
        return Ok(Vec::new());
    }
    let mut lines = Vec::new();
    for row in Table::of_unit(tables, "score_lines", unit).await?.rows() {
        let (domain, kind, id) = (row.text("domain")?, row.text("kind")?, row.text("id")?);
        if OUTSIDE_THE_TREE.contains(&kind.as_str()) {
            let points = row.decimal("earned")?.filter(|_| kind != "veto");
            let says = row.text_or_null("says")?.unwrap_or(id);
            lines.push(OwnLine { domain, kind, points, says, document: row.text("document")? });
        }
    }
    Ok(lines)
}

/// Lines that no value or class repeats.
const OUTSIDE_THE_TREE: [&str; 6] = ["empty_class", "method", "bonus", "deduction", "veto", "cap"];

/// Every unit that has a scorecard in the run.
pub async fn units(tables: &Path) -> Result<BTreeSet<String>> {
    let table = Table::read(tables, "ranks", None).await?;
    table.rows().map(|row| row.text("unit_id")).collect()
}

struct Table {
    name: String,
    batches: Vec<RecordBatch>,
}

impl Table {
    async fn of_unit(tables: &Path, name: &str, unit: &str) -> Result<Self> {
        Self::read(tables, name, Some(unit)).await
    }

    async fn read(tables: &Path, name: &str, unit: Option<&str>) -> Result<Self> {
        let path = tables.join(format!("{name}.parquet"));
        if !path.is_file() {
            return Err(Error::new(Kind::Configuration, format!("{} does not exist", path.display()))
                .with_hint("kaohe run writes the result tables"));
        }
        let what = || format!("reading {}", path.display());
        let context = SessionContext::new();
        let mut frame =
            context.read_parquet(path.to_string_lossy().as_ref(), ParquetReadOptions::default()).await.context(Kind::Environment, what)?;
        if let Some(unit) = unit {
            frame = frame.filter(col("unit_id").eq(lit(unit))).context(Kind::Environment, what)?;
        }
        Ok(Self { name: name.to_owned(), batches: frame.collect().await.context(Kind::Environment, what)? })
    }

    fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.batches.iter().flat_map(|batch| (0..batch.num_rows()).map(|row| Row { table: &self.name, batch, row }))
    }
}

struct Row<'a> {
    table: &'a str,
    batch: &'a RecordBatch,
    row: usize,
}

impl Row<'_> {
    fn column(&self, name: &str, kind: &DataType) -> Result<Option<arrow::array::ArrayRef>> {
        let what = || format!("column `{name}` of the result table `{}`", self.table);
        let column = self.batch.column_by_name(name).ok_or_else(|| Error::new(Kind::Bug, format!("{} is missing", what())))?;
        if column.is_null(self.row) { Ok(None) } else { cast(&column.slice(self.row, 1), kind).map(Some).context(Kind::Bug, what) }
    }

    fn text_or_null(&self, name: &str) -> Result<Option<String>> {
        Ok(self.column(name, &DataType::Utf8)?.map(|column| column.as_string::<i32>().value(0).to_owned()))
    }

    fn text(&self, name: &str) -> Result<String> {
        Ok(self.text_or_null(name)?.unwrap_or_default())
    }

    fn whole(&self, name: &str) -> Result<Option<i64>> {
        Ok(self.column(name, &DataType::Int64)?.map(|column| column.as_primitive::<Int64Type>().value(0)))
    }

    /// As `decimal`, of a column that results of an earlier kaohe do not have.
    fn decimal_if_there(&self, name: &str) -> Result<Option<Decimal>> {
        if self.batch.column_by_name(name).is_none() { Ok(None) } else { self.decimal(name) }
    }

    /// As `whole`, of a column that results of an earlier kaohe do not have.
    fn whole_if_there(&self, name: &str) -> Result<Option<i64>> {
        if self.batch.column_by_name(name).is_none() { Ok(None) } else { self.whole(name) }
    }

    fn flag(&self, name: &str) -> Result<bool> {
        Ok(self.column(name, &DataType::Boolean)?.is_some_and(|column| column.as_boolean().value(0)))
    }

    fn decimal(&self, name: &str) -> Result<Option<Decimal>> {
        let Some(column) = self.column(name, &DataType::Decimal128(38, 12))? else { return Ok(None) };
        let scaled = column.as_primitive::<Decimal128Type>().value(0);
        let decimal = Decimal::try_from_i128_with_scale(scaled, 12)
            .context(Kind::Bug, || format!("`{name}` of the result table `{}`", self.table))?;
        Ok(Some(decimal.normalize()))
    }
}
