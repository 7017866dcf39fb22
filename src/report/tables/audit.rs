//! Result tables of a scheme's audit.
//!
//! In: an [`Audit`]. Out: `audit_indicators`, `audit_correlations`. Never here: judgement; figures are rounded to nine decimals, far beyond
//! what they can bear.

use super::ResultTable;
use super::columns::Columns;
use crate::error::Result;
use crate::scoring::audit::Audit;

/// What every indicator does, in the order of the scheme.
pub fn indicators(audit: &Audit) -> Result<ResultTable> {
    let rows: Vec<_> = audit.indicators.iter().zip(1..).collect();
    Columns::of("audit_indicators", &["place"], &rows)
        .count("place", |(_, place)| *place)
        .text("indicator", |(row, _)| &row.indicator)
        .text("node", |(row, _)| &row.node)
        .real_or_null("nominal_weight", |(row, _)| Some(rounded(row.nominal_weight)))
        .real_or_null("effective_weight", |(row, _)| row.effective_weight.map(rounded))
        .count("applies_to", |(row, _)| row.applies_to as i64)
        .count("scored", |(row, _)| row.scored as i64)
        .real_or_null("deviation", |(row, _)| Some(rounded(row.deviation)))
        .real_or_null("at_zero", |(row, _)| Some(rounded(row.at_zero)))
        .real_or_null("at_full", |(row, _)| Some(rounded(row.at_full)))
        .count("moved", |(row, _)| row.moved as i64)
        .real_or_null("mean_shift", |(row, _)| Some(rounded(row.mean_shift)))
        .count("largest_shift", |(row, _)| i64::from(row.largest_shift))
        .table(audit.indicators.len())
}

/// Siblings whose scores hang together.
pub fn correlations(audit: &Audit) -> Result<ResultTable> {
    let rows: Vec<_> = audit.correlations.iter().zip(1..).collect();
    Columns::of("audit_correlations", &["place"], &rows)
        .count("place", |(_, place)| *place)
        .text("node", |(row, _)| &row.node)
        .text("first", |(row, _)| &row.first)
        .text("second", |(row, _)| &row.second)
        .real_or_null("correlation", |(row, _)| Some(rounded(row.correlation)))
        .count("n", |(row, _)| row.n as i64)
        .table(audit.correlations.len())
}

/// The last bits of a binary sum are not worth keeping.
fn rounded(figure: f64) -> f64 {
    (figure * 1e9).round() / 1e9
}
