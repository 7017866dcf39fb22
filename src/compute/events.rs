//! Bonuses, deductions and vetoes of a span of days.
//!
//! In: the source table `scheme_events` in a session. Out: one [`Event`] a row. Never here: caps and grades, which are the scheme's; the
//! row's `note`, which may name persons.

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use datafusion::common::DataFusionError;
use datafusion::prelude::SessionContext;
use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::terms::{UnitId, date_from_epoch_days};

/// A bonus, a deduction or a veto (one row of the source table `scheme_events`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Identifier of the row.
    pub id: String,
    /// Unit; the event counts for all its scorecards.
    pub unit: UnitId,
    /// Code; one of the scheme's vetoes caps the grade.
    pub code: String,
    /// Points: a bonus when positive, a deduction when negative. A veto moves none, whatever its row says.
    pub points: Decimal,
    /// Best grade that is left, where the event itself says so.
    pub cap_grade: Option<String>,
    /// Declared as a veto.
    pub is_veto: bool,
    /// Document that it rests on; empty when there is none.
    pub document: String,
    /// Day; it counts when it lies in the period, until the as-of date.
    pub on: Date,
}

/// Reads the events from `first` to `last`, sorted by day and identifier.
///
/// # Errors
/// The session's own.
pub async fn read_events(context: &SessionContext, first: Date, last: Date) -> Result<Vec<Event>, DataFusionError> {
    let sql = format!(
        "SELECT event_id, unit_id, coalesce(code, '') AS code, CASE WHEN kind = 'veto' THEN NULL ELSE points END AS points, cap_grade,
                kind IS NOT DISTINCT FROM 'veto' AS is_veto, coalesce(evidence_doc, '') AS document, event_on
         FROM scheme_events WHERE event_on BETWEEN DATE '{first}' AND DATE '{last}' ORDER BY event_on, event_id"
    );
    let mut events = Vec::new();
    for batch in context.sql(&sql).await?.collect().await? {
        let text = |name: &str| cast(&batch[name], &DataType::Utf8);
        let texts = ["event_id", "unit_id", "code", "points", "cap_grade", "document"].map(text);
        let [ids, units, codes, points, caps, documents] = texts;
        let (ids, units, codes, points, caps, documents) = (ids?, units?, codes?, points?, caps?, documents?);
        let days = cast(&batch["event_on"], &DataType::Int32)?;
        let vetoes = batch["is_veto"].as_boolean().clone();
        for row in 0..batch.num_rows() {
            let cell = |column: &arrow::array::ArrayRef| (!column.is_null(row)).then(|| column.as_string::<i32>().value(row).to_owned());
            let day = days.as_primitive::<arrow::datatypes::Int32Type>().value(row);
            let Some(on) = date_from_epoch_days(day) else { continue };
            events.push(Event {
                id: cell(&ids).unwrap_or_default(),
                unit: UnitId(cell(&units).unwrap_or_default()),
                code: cell(&codes).unwrap_or_default(),
                points: cell(&points).and_then(|points| points.parse().ok()).map_or(Decimal::ZERO, |points: Decimal| points.normalize()),
                cap_grade: cell(&caps),
                is_veto: vetoes.value(row),
                document: cell(&documents).unwrap_or_default(),
                on,
            });
        }
    }
    Ok(events)
}
