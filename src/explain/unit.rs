//! The unit that is asked about, from the source table `units` as of the date.
//!
//! In: an identifier or a name. Out: identifier, name, tier, region, and the units below. Never here: scores.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use datafusion::prelude::SessionContext;
use jiff::civil::Date;

use crate::error::{Context, Kind, Result};

/// A unit with its place in the hierarchy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Assessed {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) tier: String,
    pub(super) region: Option<String>,
    /// The unit itself first, then everything below it, level by level.
    pub(super) with_descendants: Vec<String>,
}

struct UnitRow {
    id: String,
    name: Option<String>,
    tier: Option<String>,
    region: Option<String>,
    parent: Option<String>,
}

impl Assessed {
    /// The unit of that identifier, else the one of that name; `None` when `units` has neither on the date.
    pub(super) async fn find(context: &SessionContext, wanted: &str, as_of: Date) -> Result<Option<Self>> {
        let rows = rows(context, as_of).await?;
        let own = rows.iter().find(|row| row.id == wanted).or_else(|| rows.iter().find(|row| row.name.as_deref() == Some(wanted)));
        Ok(own.map(|own| Self {
            id: own.id.clone(),
            name: own.name.clone().unwrap_or_default(),
            tier: own.tier.clone().unwrap_or_default(),
            region: own.region.clone(),
            with_descendants: with_descendants(&rows, &own.id),
        }))
    }
}

fn with_descendants(rows: &[UnitRow], unit: &str) -> Vec<String> {
    let mut children: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for row in rows {
        if let Some(parent) = &row.parent {
            children.entry(parent).or_default().push(&row.id);
        }
    }
    let mut all = vec![unit];
    let mut at = 0;
    while at < all.len() {
        for child in children.get(all[at]).map_or(&[][..], Vec::as_slice) {
            // A circle in the source must not become an endless list.
            if !all.contains(child) {
                all.push(child);
            }
        }
        at += 1;
    }
    all.into_iter().map(str::to_owned).collect()
}

/// The rows of `units` in force on the date; of several of one unit the latest.
async fn rows(context: &SessionContext, as_of: Date) -> Result<Vec<UnitRow>> {
    let sql = format!(
        "SELECT unit_id, unit_name, tier, region_code, parent_unit_id FROM units \
         WHERE valid_from <= DATE '{as_of}' AND coalesce(valid_to, DATE '9999-12-31') >= DATE '{as_of}' ORDER BY unit_id, valid_from DESC"
    );
    let what = || "reading `units`".to_owned();
    let batches = context.sql(&sql).await.context(Kind::Query, what)?.collect().await.context(Kind::Query, what)?;
    let mut rows: Vec<UnitRow> = Vec::new();
    for batch in &batches {
        let mut columns = Vec::new();
        for column in batch.columns() {
            columns.push(cast(column, &DataType::Utf8).context(Kind::Query, what)?);
        }
        for row in 0..batch.num_rows() {
            let value = |index: usize| columns[index].is_valid(row).then(|| columns[index].as_string::<i32>().value(row).to_owned());
            let Some(id) = value(0) else { continue };
            if rows.last().is_none_or(|last| last.id != id) {
                rows.push(UnitRow { id, name: value(1), tier: value(2), region: value(3), parent: value(4) });
            }
        }
    }
    Ok(rows)
}
