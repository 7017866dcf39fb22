//! Patterns for a reviewer, with their evidence; one detector a file.
//!
//! In: the session over pinned tables. Out: [`tables::Finding`] rows. Never here: deductions, and the source table `leads`.

pub mod tables;
