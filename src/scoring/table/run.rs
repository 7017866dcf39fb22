//! The values of a run → [`ValueTable`], to be scored by another scheme.
//!
//! In: the folder of a run's result tables, which of its indicators are ratios. Out: values, peer facts, events. Never here: a figure that the run
//! did not publish.
//!
//! What had nothing due has no value. An indicator that was held has the value that the run showed.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use jiff::civil::Date;
use polars::prelude::{DataFrame, ParquetReader, SerReader};
use rust_decimal::Decimal;

use super::read::cell_text;
use super::{UnitFacts, ValueRow, ValueTable};
use crate::compute::events::Event;
use crate::error::{Context, Error, Kind, Result};
use crate::terms::UnitId;

/// One result table, read whole.
struct Table {
    name: &'static str,
    frame: DataFrame,
}

impl Table {
    fn read(tables: &Path, name: &'static str) -> Result<Self> {
        let path = tables.join(format!("{name}.parquet"));
        let file = File::open(&path).context(Kind::Environment, || format!("opening {}", path.display()))?;
        let frame = ParquetReader::new(file).finish().context(Kind::Environment, || format!("reading {}", path.display()))?;
        Ok(Self { name, frame })
    }

    fn text(&self, column: &str, row: usize) -> Result<String> {
        let what = || format!("reading `{column}` of the result table `{}`", self.name);
        let column = self.frame.column(column).map_err(|_| {
            Error::new(Kind::Environment, format!("the result table `{}` has no column `{column}`", self.name))
                .with_hint("it is of an earlier kaohe: `kaohe run` makes it anew")
        })?;
        Ok(cell_text(column.get(row).context(Kind::Bug, what)?))
    }

    fn number(&self, column: &str, row: usize) -> Result<Option<Decimal>> {
        let text = self.text(column, row)?;
        if text.is_empty() {
            return Ok(None);
        }
        let number = text.parse::<Decimal>().context(Kind::Bug, || format!("reading `{column}` of the result table `{}`", self.name))?;
        Ok(Some(number.normalize()))
    }
}

/// Reads what a run has published; `is_ratio` says of an indicator whether its value is numerator ÷ denominator.
///
/// # Errors
/// Tables that are missing, can't be read, or are those of an earlier kaohe.
pub fn read(tables: &Path, is_ratio: &dyn Fn(&str) -> bool, on: Date) -> Result<ValueTable> {
    let mut table = ValueTable::default();
    let ranks = Table::read(tables, "ranks")?;
    for row in 0..ranks.frame.height() {
        let some = |text: String| Some(text).filter(|text| !text.is_empty());
        let facts =
            UnitFacts { name: None, group: None, tier: some(ranks.text("tier", row)?), size_class: some(ranks.text("size_class", row)?) };
        table.units.insert((ranks.text("unit_id", row)?, ranks.text("domain", row)?), facts);
    }
    let values = Table::read(tables, "values")?;
    for row in 0..values.frame.height() {
        let indicator = values.text("indicator", row)?;
        let (numerator, denominator) = (values.number("numerator", row)?, values.number("denominator", row)?);
        let is_ratio = is_ratio(&indicator);
        table.rows.push(ValueRow {
            unit: values.text("unit_id", row)?,
            domain: values.text("domain", row)?,
            value: values.number("value", row)?,
            applies: values.text("status", row)? != "not_applicable",
            fraction: numerator.zip(denominator).filter(|_| is_ratio),
            standard_error: None,
            answers: denominator.filter(|_| !is_ratio),
            interval: values.number("value_low", row)?.zip(values.number("value_high", row)?).filter(|_| !is_ratio),
            line: row as u64 + 1,
            indicator,
        });
    }
    table.events = events(tables, on)?;
    Ok(table)
}

/// Published totals by unit and domain.
///
/// # Errors
/// As [`read`].
pub fn totals(tables: &Path) -> Result<BTreeMap<(String, String), Option<Decimal>>> {
    let ranks = Table::read(tables, "ranks")?;
    let one = |row| Ok(((ranks.text("unit_id", row)?, ranks.text("domain", row)?), ranks.number("total", row)?));
    (0..ranks.frame.height()).map(one).collect()
}

/// Bonus, deduction and veto, once a unit: the lines of its scorecards repeat them.
fn events(tables: &Path, on: Date) -> Result<Vec<Event>> {
    let lines = Table::read(tables, "score_lines")?;
    let mut events: Vec<Event> = Vec::new();
    for row in 0..lines.frame.height() {
        let kind = lines.text("kind", row)?;
        if !["bonus", "deduction", "veto"].contains(&kind.as_str()) {
            continue;
        }
        let event = Event {
            id: lines.text("event_id", row)?,
            unit: UnitId(lines.text("unit_id", row)?),
            code: lines.text("id", row)?,
            points: lines.number("earned", row)?.unwrap_or_default(),
            cap_grade: None,
            is_veto: kind == "veto",
            document: lines.text("document", row)?,
            on,
        };
        match events.iter_mut().find(|known| known.id == event.id && known.unit == event.unit) {
            // One event may move points and cap the grade: two lines.
            Some(known) if known.points.is_zero() => known.points = event.points,
            Some(_) => {}
            None => events.push(event),
        }
    }
    Ok(events)
}
