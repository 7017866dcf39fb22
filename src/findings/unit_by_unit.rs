//! A detector's rows, one unit after the other.
//!
//! In: its rows, in any order. Out: the rows of one unit at a time, in an order that does not depend on the reading. Never here: all rows at once; the
//! engine sorts them, and puts on disk what its memory does not hold.

use std::collections::VecDeque;

use arrow::compute::{concat_batches, partition};
use arrow::record_batch::RecordBatch;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::prelude::{DataFrame, col};
use futures::StreamExt;

use super::judged;
use crate::error::{Context, Kind, Result};
use crate::library::detector::Detector;

/// The units of a sorted stream.
pub(super) struct UnitByUnit {
    rows: SendableRecordBatchStream,
    /// Parts of the last batch, each of one unit, that are still to be given.
    ahead: VecDeque<RecordBatch>,
    file: String,
}

impl UnitByUnit {
    /// Sorts the columns that the detector's statistic needs.
    pub async fn open(frame: DataFrame, detector: &Detector) -> Result<Self> {
        let what = || detector.file.clone();
        let order = ["unit_id", "source_table", "domain", "record_id", "source_file", "source_line"];
        let sorted = frame
            .select_columns(&detector.statistic.columns())
            .and_then(|frame| frame.sort(order.iter().map(|name| col(*name).sort(true, true)).collect()));
        let rows = sorted.context(Kind::Query, what)?.execute_stream().await.context(Kind::Query, what)?;
        Ok(Self { rows, ahead: VecDeque::new(), file: detector.file.clone() })
    }

    /// The next unit's rows.
    pub async fn next(&mut self) -> Result<Option<RecordBatch>> {
        let mut held: Vec<RecordBatch> = Vec::new();
        while self.fill().await? {
            let is_same = match (held.first(), self.ahead.front()) {
                (Some(own), Some(next)) => unit_of(own)? == unit_of(next)?,
                _ => true,
            };
            if !is_same {
                break;
            }
            held.extend(self.ahead.pop_front());
        }
        let Some(first) = held.first() else { return Ok(None) };
        concat_batches(&first.schema(), &held).context(Kind::Query, || self.file.clone()).map(Some)
    }

    /// Reads on where nothing is ahead; false at the end.
    async fn fill(&mut self) -> Result<bool> {
        while self.ahead.is_empty() {
            let Some(batch) = self.rows.next().await else { return Ok(false) };
            let batch = batch.context(Kind::Query, || self.file.clone())?;
            let units = batch.column(judged::place(&batch, "unit_id").expect("a column of every detector"));
            let parts = partition(std::slice::from_ref(units)).context(Kind::Query, || self.file.clone())?;
            self.ahead.extend(parts.ranges().into_iter().map(|range| batch.slice(range.start, range.len())));
        }
        Ok(true)
    }
}

/// The unit of a part.
fn unit_of(part: &RecordBatch) -> Result<String> {
    let first = part.slice(0, 1);
    Ok(judged::text(&first, judged::place(&first, "unit_id").expect("a column of every detector"))?.value(0).to_owned())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int64Array, StringArray};
    use datafusion::prelude::{SessionConfig, SessionContext};

    use super::*;
    use crate::diagnostics::Diagnostics;
    use crate::library::detector::read_detector;

    /// Rows of three units, dealt out over batches of a few rows: each unit comes once, whole and sorted.
    #[tokio::test]
    async fn each_unit_comes_once_with_all_its_rows() {
        let (_, text) = crate::library::texts(None)
            .expect("the shipped library reads")
            .into_iter()
            .find(|(file, _)| file == "findings/number_inversion.sql")
            .expect("the detector is shipped");
        let detector = read_detector("number_inversion", "x.sql", &text, &mut Diagnostics::default()).expect("a detector");
        let context = SessionContext::new_with_config(SessionConfig::new().with_batch_size(4));
        let rows = 0..50_i64;
        let units: Vec<String> = rows.clone().map(|row| format!("U{}", if row == 49 { 2 } else { row % 2 })).collect();
        let records: Vec<String> = rows.clone().map(|row| format!("{:02}", (row * 7) % 50)).collect();
        let mut columns: Vec<(&str, ArrayRef)> = Vec::new();
        for name in detector.statistic.columns() {
            let column: ArrayRef = match name {
                "unit_id" => Arc::new(StringArray::from(units.clone())),
                "record_id" => Arc::new(StringArray::from(records.clone())),
                "source_line" => Arc::new(Int64Array::from_iter_values(rows.clone())),
                _ => Arc::new(StringArray::from(vec!["x"; 50])),
            };
            columns.push((name, column));
        }
        let batch = RecordBatch::try_from_iter(columns).expect("columns of one length");
        let mut units = UnitByUnit::open(context.read_batch(batch).expect("a frame"), &detector).await.expect("sorted");
        let mut found = Vec::new();
        while let Some(batch) = units.next().await.expect("rows") {
            let column = |name: &str| judged::text(&batch, judged::place(&batch, name).expect("a column")).expect("text");
            assert!(column("unit_id").iter().all(|unit| unit == Some(column("unit_id").value(0))));
            let records: Vec<String> = column("record_id").iter().map(|record| record.unwrap_or_default().to_owned()).collect();
            assert!(records.is_sorted());
            found.push((column("unit_id").value(0).to_owned(), records.len()));
        }
        assert_eq!(found, [("U0".to_owned(), 25), ("U1".to_owned(), 24), ("U2".to_owned(), 1)]);
    }
}
