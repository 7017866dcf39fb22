//! Intervals, shrinkage, funnels, ranks, surveys, durations, control charts: formulas of the literature on plain numbers.
//!
//! In: counts, estimates, standard errors. Out: what the named formula makes of them. Never here: tables, units' names, schemes, rounding,
//! randomness without a seed.
//!
//! Each function says its formula and its source; most are held against published tables (`tests/published/`).

pub mod control_chart;
pub mod count;
pub mod funnel;
pub mod proportion;
pub mod ranks;
pub mod shrinkage;
pub mod survey;
pub mod survival;
