//! Measures and rows of the two indices of an earlier run, read back from its result tables.
//!
//! In: the folder `tables/` of a run. Out: its measures, and rows of [`super::tables`]. Never here: deciding which of them still stand.
//!
//! An absent table is an empty one, and a column that an older version did not write is empty too: a night on which a source is missing is
//! no night to stop for that.

use std::path::Path;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Decimal128Type, Int64Type};
use datafusion::prelude::{ParquetReadOptions, SessionContext};
use rust_decimal::Decimal;

use super::Indices;
use super::burden::BurdenTables;
use super::synergy::SynergyTables;
use super::tables::{Burden, BurdenCaps, BurdenPower, BurdenVisits, SynergyPair, SynergyRegion, SynergySide};
use crate::compute::measures::Measures;
use crate::compute::previous::read_measures;
use crate::error::{Context, Kind, Result};
use crate::library::scheme::composites::{BURDEN, SYNERGY};

/// `found`, with the tables of the run before in place of those of composites that are held. Records of a held index are none: nobody
/// kept them, and those of today belong to other figures.
///
/// # Errors
/// A file of the run before that is not such a table.
pub async fn in_place_of_held(
    session: &SessionContext,
    mut found: Indices,
    tables: &Path,
    is_held: impl Fn(&str) -> bool,
) -> Result<Indices> {
    if is_held(SYNERGY) {
        found.synergy = synergy(session, tables).await?;
        found.missed.clear();
    }
    if is_held(BURDEN) {
        found.burden = burden(session, tables).await?;
    }
    Ok(found)
}

/// What scoring reads of the result tables of a run.
#[derive(Debug, Clone)]
pub struct Results {
    /// Of every month.
    pub measures: Measures,
    /// Sides of borders, and regions over all their borders.
    pub synergy: SynergyTables,
    /// Burden on enterprises.
    pub burden: BurdenTables,
}

/// Reads measures and both indices from `tables`; measures of indicators that are held are marked.
///
/// # Errors
/// A file that is not such a table.
pub async fn results(session: &SessionContext, tables: &Path, is_held: impl Fn(&str) -> bool) -> Result<Results> {
    let measures = read_measures(session, &tables.join("measures.parquet"), |_| true, is_held)
        .await
        .context(Kind::Query, || format!("reading the measures in {}", tables.display()))?;
    Ok(Results { measures, synergy: synergy(session, tables).await?, burden: burden(session, tables).await? })
}

/// The same without a lake; `temp` takes what does not fit into memory.
///
/// # Errors
/// As [`results`]; a folder that can't be written.
pub async fn results_alone(tables: &Path, temp: &Path, is_held: impl Fn(&str) -> bool) -> Result<Results> {
    results(&crate::lake::session(None, temp, 1)?, tables, is_held).await
}

/// Parts, sides and regions of the run.
///
/// # Errors
/// A file that is not such a table.
pub async fn synergy(session: &SessionContext, tables: &Path) -> Result<SynergyTables> {
    let mut found = SynergyTables::default();
    for row in Rows::of(session, tables, "synergy_pairs").await?.each() {
        let limits = (row.count("median_days_low")?, row.count("median_days_high")?);
        found.pairs.push(SynergyPair {
            region: row.text("region")?.unwrap_or_default(),
            neighbour: row.text("neighbour")?.unwrap_or_default(),
            domain: row.text("domain")?.unwrap_or_default(),
            part: row.text("part")?.and_then(|part| part.chars().next()).unwrap_or('T'),
            numerator: row.decimal("numerator")?.unwrap_or_default(),
            denominator: row.decimal("denominator")?.unwrap_or_default(),
            value: row.decimal("value")?,
            interval: row.interval("value")?,
            report_only: row.flag("report_only")?.unwrap_or(false),
            median_days: row.count("median_days")?,
            median_interval: row.flag("has_median_interval")?.unwrap_or(false).then_some(limits),
            open: row.count("open")?.unwrap_or(0),
            unsent: row.count("unsent")?.unwrap_or(0),
            reference: row.decimal("reference")?,
            reference_pairs: row.count("reference_pairs")?.unwrap_or(0),
            reference_share: row.decimal("reference_share")?,
            cross_province: row.flag("cross_province")?.unwrap_or(false),
            bordering: row.flag("bordering")?.unwrap_or(true),
            scored: row.flag("scored")?.unwrap_or(false),
        });
    }
    for row in Rows::of(session, tables, "synergy_sides").await?.each() {
        found.sides.push(SynergySide {
            region: row.text("region")?.unwrap_or_default(),
            neighbour: row.text("neighbour")?.unwrap_or_default(),
            domain: row.text("domain")?.unwrap_or_default(),
            value: row.decimal("value")?,
            interval: row.interval("value")?,
            due: row.decimal("due")?.unwrap_or_default(),
            scored: row.flag("scored")?.unwrap_or(false),
            reason: row.text("reason")?,
            coupling: row.decimal("coupling")?,
            coupling_interval: row.interval("coupling")?,
        });
    }
    for row in Rows::of(session, tables, "synergy_regions").await?.each() {
        let due = row.decimal("due")?.unwrap_or_default();
        found.regions.push(SynergyRegion {
            region: row.text("region")?.unwrap_or_default(),
            domain: row.text("domain")?.unwrap_or_default(),
            index: row.decimal("index")?,
            interval: row.interval("index")?,
            neighbours_scored: row.count("neighbours_scored")?.unwrap_or(0),
            neighbours: row.count("neighbours")?.unwrap_or(0),
            due,
            due_scored: row.decimal("due_scored")?.unwrap_or(due),
            reason: row.text("reason")?,
        });
    }
    Ok(found)
}

/// Burden of the run: the index, visits, caps and power.
///
/// # Errors
/// A file that is not such a table.
pub async fn burden(session: &SessionContext, tables: &Path) -> Result<BurdenTables> {
    let mut found = BurdenTables::default();
    for row in Rows::of(session, tables, "burden").await?.each() {
        found.rows.push(Burden {
            scope: row.text("scope")?.unwrap_or_default(),
            quarter: row.text("quarter")?.unwrap_or_default(),
            component: row.text("component")?.unwrap_or_default(),
            index: row.decimal("index")?,
            interval: row.interval("index")?,
            firms: row.count("firms")?.unwrap_or(0),
            minimum_firms: row.count("minimum_firms")?.unwrap_or(0),
            winsorised: row.count("winsorised")?.unwrap_or(0),
            unchanged: row.flag("unchanged")?.unwrap_or(false),
            score: row.decimal("score")?,
            mean: row.decimal("mean")?,
            excess: row.decimal("excess")?,
            contribution: row.decimal("contribution")?,
            chained: row.decimal("chained")?,
            calibrated: row.decimal("calibrated")?,
            carried_by: row.text("carried_by")?.unwrap_or_else(|| "panel".to_owned()),
            strata_left_out: row.count("strata_left_out")?.unwrap_or(0),
        });
    }
    for row in Rows::of(session, tables, "burden_visits").await?.each() {
        found.visits.push(BurdenVisits {
            scope: row.text("scope")?.unwrap_or_default(),
            quarter: row.text("quarter")?.unwrap_or_default(),
            firms: row.count("firms")?.unwrap_or(0),
            reported: row.decimal("reported")?.unwrap_or_default(),
            recorded: row.decimal("recorded")?.unwrap_or_default(),
            ratio: row.decimal("ratio")?,
            interval: row.interval("ratio")?,
            covered: row.decimal("covered")?,
            inside_band: row.flag("inside_band")?,
        });
    }
    for row in Rows::of(session, tables, "burden_caps").await?.each() {
        found.caps.push(BurdenCaps {
            scope: row.text("scope")?.unwrap_or_default(),
            year: row.count("year")?.and_then(|year| i16::try_from(year).ok()).unwrap_or_default(),
            enterprises: row.count("enterprises")?.unwrap_or(0).into(),
            over: row.count("over")?.unwrap_or(0).into(),
            share: row.decimal("share")?,
            interval: row.interval("share")?,
        });
    }
    for row in Rows::of(session, tables, "burden_power").await?.each() {
        found.power.push(BurdenPower {
            scope: row.text("scope")?.unwrap_or_default(),
            quarter: row.text("quarter")?.unwrap_or_default(),
            component: row.text("component")?.unwrap_or_default(),
            firms: row.count("firms")?.unwrap_or(0),
            pairs: row.count("pairs")?,
            correlation: row.decimal("correlation")?.unwrap_or_default(),
            is_own: !row.flag("is_planned")?.unwrap_or(true),
            variation: row.decimal("variation")?.unwrap_or_default(),
            design_effect: row.decimal("design_effect")?.unwrap_or_default(),
            standard_error: row.decimal("standard_error")?.unwrap_or_default(),
            half_width: row.decimal("half_width")?.unwrap_or_default(),
            detectable_rise: row.decimal("detectable_rise")?.unwrap_or_default(),
        });
    }
    Ok(found)
}

struct Rows {
    name: &'static str,
    batches: Vec<RecordBatch>,
}

impl Rows {
    async fn of(session: &SessionContext, tables: &Path, name: &'static str) -> Result<Self> {
        let path = tables.join(format!("{name}.parquet"));
        if !path.is_file() {
            return Ok(Self { name, batches: Vec::new() });
        }
        let reading = || format!("reading `{name}` of the run before");
        let frame =
            session.read_parquet(path.to_string_lossy().as_ref(), ParquetReadOptions::default()).await.context(Kind::Query, reading)?;
        Ok(Self { name, batches: frame.collect().await.context(Kind::Query, reading)? })
    }

    fn each(&self) -> impl Iterator<Item = Row<'_>> {
        self.batches.iter().flat_map(|batch| (0..batch.num_rows()).map(|row| Row { table: self.name, batch, row }))
    }
}

struct Row<'a> {
    table: &'a str,
    batch: &'a RecordBatch,
    row: usize,
}

impl Row<'_> {
    /// The cell as that type; `None` when it is null or the column is not there.
    fn cell(&self, column: &str, kind: &DataType) -> Result<Option<ArrayRef>> {
        let Some(array) = self.batch.column_by_name(column).filter(|array| array.is_valid(self.row)) else { return Ok(None) };
        let cell =
            cast(&array.slice(self.row, 1), kind).context(Kind::Query, || format!("`{column}` of `{}` of the run before", self.table))?;
        Ok(Some(cell))
    }

    fn text(&self, column: &str) -> Result<Option<String>> {
        Ok(self.cell(column, &DataType::Utf8)?.map(|cell| cell.as_string::<i32>().value(0).to_owned()))
    }

    fn flag(&self, column: &str) -> Result<Option<bool>> {
        Ok(self.cell(column, &DataType::Boolean)?.map(|cell| cell.as_boolean().value(0)))
    }

    fn count(&self, column: &str) -> Result<Option<u32>> {
        let count = self.cell(column, &DataType::Int64)?.map(|cell| cell.as_primitive::<Int64Type>().value(0));
        Ok(count.and_then(|count| u32::try_from(count).ok()))
    }

    /// The columns `<of>_low` and `<of>_high`.
    fn interval(&self, of: &str) -> Result<Option<(Decimal, Decimal)>> {
        Ok(self.decimal(&format!("{of}_low"))?.zip(self.decimal(&format!("{of}_high"))?))
    }

    fn decimal(&self, column: &str) -> Result<Option<Decimal>> {
        let Some(cell) = self.cell(column, &DataType::Decimal128(38, 12))? else { return Ok(None) };
        let scaled = cell.as_primitive::<Decimal128Type>().value(0);
        let decimal = Decimal::try_from_i128_with_scale(scaled, 12)
            .context(Kind::Query, || format!("`{column}` of `{}` of the run before", self.table))?;
        Ok(Some(decimal.normalize()))
    }
}
