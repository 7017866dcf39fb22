//! Units as they stand on a date, and who is below whom.
//!
//! In: the source table `units` in a session. Out: its rows; one [`Unit`] for each identifier that is valid on the date; the [`Hierarchy`], in
//! which those that have ended keep their last place. Never here: measures, scores.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type};
use datafusion::common::DataFusionError;
use datafusion::prelude::SessionContext;
use jiff::civil::Date;

use crate::terms::{UnitId, date_from_epoch_days};

/// A unit as it stands on the as-of date (one row of the source table `units`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// Identifier.
    pub id: UnitId,
    /// Chinese name.
    pub name: String,
    /// `province`, `city`, `county`, `township`.
    pub tier: String,
    /// Domains in which it has powers.
    pub domains: Vec<String>,
    /// Division code.
    pub region: String,
    /// Unit above.
    pub parent: Option<UnitId>,
    /// `small`, `medium`, `large`.
    pub size_class: String,
    /// Those that were merged into it or whose name it changed; it answers for their records.
    pub predecessors: Vec<Predecessor>,
}

/// A unit that has ended, and in whose place another stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Predecessor {
    /// Identifier.
    pub id: UnitId,
    /// Chinese name.
    pub name: String,
    /// Last valid day.
    pub last: Option<Date>,
}

/// Reads the units that are valid on `as_of`, sorted by identifier; of several valid rows the latest stands.
///
/// # Errors
/// The session's own.
pub async fn read_units(context: &SessionContext, as_of: Date) -> Result<Vec<Unit>, DataFusionError> {
    let sql = format!(
        "SELECT unit_id, unit_name, tier, array_to_string(domain_list, ';') AS domains, region_code, parent_unit_id, size_class
         FROM units WHERE valid_from <= DATE '{as_of}' AND (valid_to IS NULL OR valid_to >= DATE '{as_of}') ORDER BY unit_id, valid_from"
    );
    let mut units = BTreeMap::new();
    for batch in context.sql(&sql).await?.collect().await? {
        let columns: Vec<Vec<String>> = (0..batch.num_columns()).map(|index| texts(&batch, index)).collect::<Result<_, _>>()?;
        for row in 0..batch.num_rows() {
            let cell = |column: usize| columns[column][row].clone();
            let unit = Unit {
                id: UnitId(cell(0)),
                name: cell(1),
                tier: cell(2),
                domains: domains_of(&cell(3)),
                region: cell(4),
                parent: Some(cell(5)).filter(|parent| !parent.is_empty()).map(UnitId),
                size_class: cell(6),
                predecessors: Vec::new(),
            };
            units.insert(unit.id.clone(), unit);
        }
    }
    Ok(units.into_values().collect())
}

/// A row of the source table `units`: a unit in one span of validity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) unit: String,
    pub(super) name: String,
    pub(super) domains: Vec<String>,
    pub(super) first: Date,
    /// Last valid day; none while it is valid.
    pub(super) last: Option<Date>,
    pub(super) replaced_by: Option<String>,
}

/// Reads every span of every unit, sorted by unit, first and last day.
///
/// # Errors
/// The session's own.
pub(super) async fn read_spans(context: &SessionContext) -> Result<Vec<Span>, DataFusionError> {
    let sql = "SELECT unit_id, array_to_string(domain_list, ';') AS domains, valid_from, valid_to, replaced_by, unit_name
         FROM units WHERE valid_from IS NOT NULL ORDER BY unit_id, valid_from, valid_to";
    let mut spans = Vec::new();
    for batch in context.sql(sql).await?.collect().await? {
        let (units, domains, replaced_by, names) = (texts(&batch, 0)?, texts(&batch, 1)?, texts(&batch, 4)?, texts(&batch, 5)?);
        let days = |index: usize| cast(batch.column(index), &DataType::Date32);
        let (first, last) = (days(2)?, days(3)?);
        let day = |days: &ArrayRef, row: usize| {
            let days = days.as_primitive::<Date32Type>();
            days.is_valid(row).then(|| days.value(row)).and_then(date_from_epoch_days)
        };
        for row in 0..batch.num_rows() {
            let Some(from) = day(&first, row) else { continue };
            spans.push(Span {
                unit: units[row].clone(),
                name: names[row].clone(),
                domains: domains_of(&domains[row]),
                first: from,
                last: day(&last, row),
                replaced_by: Some(replaced_by[row].clone()).filter(|unit| !unit.is_empty()),
            });
        }
    }
    Ok(spans)
}

fn domains_of(list: &str) -> Vec<String> {
    list.split(';').filter(|domain| !domain.is_empty()).map(str::to_owned).collect()
}

/// Units and those above them: who counts as whose ancestor.
#[derive(Debug, Clone, Default)]
pub struct Hierarchy {
    parents: BTreeMap<String, String>,
    units: BTreeSet<String>,
}

impl Hierarchy {
    /// From pairs of unit and parent; a circle is cut where it closes.
    pub fn new(units: impl IntoIterator<Item = (String, Option<String>)>) -> Self {
        let mut hierarchy = Self::default();
        for (unit, parent) in units {
            hierarchy.units.insert(unit.clone());
            if let Some(parent) = parent {
                hierarchy.parents.insert(unit, parent);
            }
        }
        hierarchy
    }

    /// Reads who is below whom on `as_of`. A unit that has ended stays where its last row has it: what it did or failed to do in the
    /// period would otherwise leave the sums of those above it on the day it is abolished or merged.
    ///
    /// # Errors
    /// The session's own.
    pub async fn read(context: &SessionContext, as_of: Date) -> Result<Self, DataFusionError> {
        let sql =
            format!("SELECT unit_id, parent_unit_id FROM units WHERE valid_from <= DATE '{as_of}' ORDER BY unit_id, valid_from, valid_to");
        let mut last = BTreeMap::new();
        for batch in context.sql(&sql).await?.collect().await? {
            let (units, parents) = (texts(&batch, 0)?, texts(&batch, 1)?);
            last.extend(units.into_iter().zip(parents));
        }
        Ok(Self::new(last.into_iter().map(|(unit, parent)| (unit, Some(parent).filter(|parent| !parent.is_empty())))))
    }

    /// The unit itself, then its parent, and so on up.
    pub fn with_ancestors(&self, unit: &str) -> Vec<String> {
        self.chain_of(unit).into_iter().map(str::to_owned).collect()
    }

    /// The same, borrowed.
    pub(super) fn chain_of<'a>(&'a self, unit: &'a str) -> Vec<&'a str> {
        let mut chain = vec![unit];
        while let Some(parent) = self.parents.get(*chain.last().expect("the chain starts with the unit")) {
            if chain.contains(&parent.as_str()) {
                break;
            }
            chain.push(parent);
        }
        chain
    }

    /// The unit itself first, then everything below it, sorted.
    pub fn with_descendants(&self, unit: &str) -> Vec<String> {
        let is_below = |other: &&String| other.as_str() != unit && self.with_ancestors(other).iter().any(|above| above == unit);
        std::iter::once(unit.to_owned()).chain(self.units.iter().filter(is_below).cloned()).collect()
    }

    /// Every unit with the one above it, as [`Self::new`] takes them.
    pub fn rows(&self) -> Vec<(String, Option<String>)> {
        self.units.iter().map(|unit| (unit.clone(), self.parents.get(unit).cloned())).collect()
    }

    /// Rows (unit_id, ancestor_id), the unit itself included.
    pub(super) fn pairs(&self) -> (Vec<String>, Vec<String>) {
        self.units.iter().flat_map(|unit| self.with_ancestors(unit).into_iter().map(move |ancestor| (unit.clone(), ancestor))).unzip()
    }
}

/// A column as texts; NULL is empty.
fn texts(batch: &RecordBatch, index: usize) -> Result<Vec<String>, DataFusionError> {
    let column = cast(batch.column(index), &DataType::Utf8)?;
    let column = column.as_string::<i32>();
    Ok((0..batch.num_rows()).map(|row| if column.is_null(row) { String::new() } else { column.value(row).to_owned() }).collect())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    async fn registry() -> SessionContext {
        let context = SessionContext::new();
        let rows = "CREATE TABLE units AS SELECT * FROM (VALUES
            ('CITY', NULL, DATE '2019-01-01', NULL), ('COUNTY', 'CITY', DATE '2019-01-01', NULL),
            ('MERGED', 'COUNTY', DATE '2019-01-01', DATE '2026-01-15'),
            ('MOVED', 'COUNTY', DATE '2019-01-01', DATE '2026-02-28'), ('MOVED', 'CITY', DATE '2026-03-01', NULL),
            ('LATER', 'COUNTY', DATE '2026-07-01', NULL)) AS rows (unit_id, parent_unit_id, valid_from, valid_to)";
        context.sql(rows).await.expect("planned").collect().await.expect("made");
        context
    }

    #[tokio::test]
    async fn a_unit_that_has_ended_stays_in_the_sums_of_those_above_it() {
        let hierarchy = Hierarchy::read(&registry().await, date(2026, 6, 30)).await.expect("read");
        assert_eq!(hierarchy.with_ancestors("MERGED"), ["MERGED", "COUNTY", "CITY"]);
        assert_eq!(hierarchy.with_descendants("COUNTY"), ["COUNTY", "MERGED"]);
        assert_eq!(hierarchy.with_descendants("CITY"), ["CITY", "COUNTY", "MERGED", "MOVED"]);
    }

    #[tokio::test]
    async fn a_unit_counts_where_it_stands_on_the_as_of_date() {
        let context = registry().await;
        let before = Hierarchy::read(&context, date(2026, 2, 28)).await.expect("read");
        let after = Hierarchy::read(&context, date(2026, 3, 1)).await.expect("read");
        assert_eq!((before.with_ancestors("MOVED").len(), after.with_ancestors("MOVED").len()), (3, 2));
        assert_eq!(after.with_descendants("LATER"), ["LATER"], "it is not there yet");
        assert_eq!(Hierarchy::read(&context, date(2026, 7, 1)).await.expect("read").with_ancestors("LATER").len(), 3);
    }
}
