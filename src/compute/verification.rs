//! What the units recorded, beside what four ways of checking confirmed.
//!
//! In: the population `verified_agreement` in a session. Out: one [`Verified`] a unit, domain, quarter and way, for the quarters of the
//! period. Never here: sums over the ways, which count different things; single records.

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Decimal128Type, Int64Type};
use datafusion::common::DataFusionError;
use rust_decimal::Decimal;

use super::shared::SharedPopulations;
use crate::terms::{Month, UnitId};

/// The population that puts the ways beside each other.
pub const POPULATION: &str = "verified_agreement";

/// The columns that it must have.
const COLUMNS: [&str; 7] = ["unit_id", "domain", "quarter", "way", "claimed", "confirmed", "third_party_mean"];

/// Codes of the four ways, in the order of the assessment's documents: tracking day by day, verification by stage, checks on the spot, a
/// third party.
pub const WAYS: [&str; 4] = ["daily_tracking", "stage_verification", "spot_check", "third_party"];

/// What one way of checking found in one quarter. Sort key: unit, domain, quarter, way.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Verified {
    /// Unit.
    pub unit: UnitId,
    /// Domain.
    pub domain: String,
    /// Quarter as `2026Q1`.
    pub quarter: String,
    /// One of [`WAYS`].
    pub way: String,
    /// What the unit recorded and was checked, in records, items or facts.
    pub claimed: i64,
    /// How many of them were confirmed.
    pub confirmed: i64,
    /// Mean of the third party's scores, in points of 100; they confirm nothing and stand beside it.
    pub third_party_mean: Option<Decimal>,
}

impl Verified {
    /// Confirmed over claimed, 0 to 1; none when nothing was checked.
    pub fn share(&self) -> Option<Decimal> {
        (self.claimed > 0).then(|| Decimal::from(self.confirmed) / Decimal::from(self.claimed))
    }
}

/// The quarter of a month, as `2026Q1`.
pub fn quarter_of(month: Month) -> String {
    format!("{}Q{}", month.year, (month.month + 2) / 3)
}

/// What was checked in the quarters of the months; nothing when the library has no such population, or one of another form.
///
/// A quarter counts whole, even if the months are only a part of it: checks have no month.
///
/// # Errors
/// The session's own.
pub async fn verified(shared: &mut SharedPopulations<'_>, (first, last): (Month, Month)) -> Result<Vec<Verified>, DataFusionError> {
    let Ok(population) = shared.context().table(POPULATION).await else { return Ok(Vec::new()) };
    if COLUMNS.iter().any(|column| population.schema().index_of_column_by_name(None, column).is_none()) {
        return Ok(Vec::new());
    }
    let sql =
        format!("SELECT {} FROM {POPULATION} WHERE quarter BETWEEN '{}' AND '{}'", COLUMNS.join(", "), quarter_of(first), quarter_of(last));
    let mut rows = Vec::new();
    for batch in shared.rows(&sql).await? {
        let texts: Vec<_> = (0..4).map(|index| cast(batch.column(index), &DataType::Utf8)).collect::<Result<_, _>>()?;
        let counts = [cast(batch.column(4), &DataType::Int64)?, cast(batch.column(5), &DataType::Int64)?];
        let means = cast(batch.column(6), &DataType::Decimal128(28, MEAN_PLACES))?;
        for row in 0..batch.num_rows() {
            // A null is an empty text or nothing checked.
            let text = |column: usize| if texts[column].is_valid(row) { texts[column].as_string::<i32>().value(row) } else { "" };
            let count =
                |column: usize| if counts[column].is_valid(row) { counts[column].as_primitive::<Int64Type>().value(row) } else { 0 };
            let mean = means.is_valid(row).then(|| means.as_primitive::<Decimal128Type>().value(row));
            rows.push(Verified {
                unit: UnitId(text(0).to_owned()),
                domain: text(1).to_owned(),
                quarter: text(2).to_owned(),
                way: text(3).to_owned(),
                claimed: count(0),
                confirmed: count(1),
                third_party_mean: mean.map(|mean| Decimal::from_i128_with_scale(mean, MEAN_PLACES.unsigned_abs().into()).normalize()),
            });
        }
    }
    rows.sort();
    Ok(rows)
}

/// Places of a mean: as many as the population gives.
const MEAN_PLACES: i8 = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_belongs_to_its_quarter_and_nothing_checked_has_no_share() {
        let month = |month| Month { year: 2026, month };
        assert_eq!([1, 3, 4, 12].map(|number| quarter_of(month(number))), ["2026Q1", "2026Q1", "2026Q2", "2026Q4"]);
        let row = |claimed, confirmed| Verified {
            unit: UnitId::from("A"),
            domain: "urban".to_owned(),
            quarter: "2026Q1".to_owned(),
            way: WAYS[3].to_owned(),
            claimed,
            confirmed,
            third_party_mean: Some(Decimal::from(85)),
        };
        assert_eq!((row(0, 0).share(), row(4, 3).share()), (None, Some(Decimal::new(75, 2))));
    }
}
