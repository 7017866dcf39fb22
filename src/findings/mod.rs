//! Patterns for a reviewer, with their evidence; one detector a file.
//!
//! In: the session over pinned tables. Out: [`tables::Finding`] rows. Never here: deductions, and the source table `leads`.

pub mod tables;

use datafusion::prelude::SessionContext;
use jiff::civil::Date;

use crate::error::Result;
use crate::terms::Period;
use tables::Finding;

/// What to look at.
#[derive(Debug, Clone, Copy)]
pub struct DetectRequest<'a> {
    /// As-of date.
    pub as_of: Date,
    /// Period.
    pub period: &'a Period,
}

/// Placeholder until the stage is merged.
pub async fn detect(_: &SessionContext, _: &DetectRequest<'_>) -> Result<Vec<Finding>> {
    Ok(Vec::new())
}
