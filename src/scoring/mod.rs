//! Measures + scheme → values, scores, ranks.
//!
//! In: measures, units, the scheme. Out: [`tables::Scorecards`]. Never here: SQL, I/O, randomness.

pub mod tables;
