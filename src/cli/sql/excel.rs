//! Rows as a workbook.
//!
//! In: batches. Out: one sheet ([`crate::report::workbook`]). Never here: cutting; what Excel can't hold is an error.

use std::io::Write;

use futures::StreamExt;

use super::query::{Failure, Rows};
use crate::error::{Context, Kind};
use crate::report::workbook::{Sheet, workbook};

/// Writes all rows; how many they were.
pub(super) async fn write(mut rows: Rows, out: &mut (dyn Write + Send)) -> Result<u64, Failure> {
    let mut workbook = workbook()?;
    let mut sheet = Sheet::begin(workbook.add_worksheet(), rows.schema.fields())?;
    while let Some(batch) = rows.stream.next().await {
        sheet.add(&batch?)?;
    }
    let total = sheet.end()?;
    let bytes = workbook.save_to_buffer().context(Kind::Environment, || "writing a workbook")?;
    out.write_all(&bytes).context(Kind::Environment, || "writing a workbook")?;
    Ok(total)
}
