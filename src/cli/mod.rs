//! The command line.
//!
//! In: arguments, the clock, the environment. Out: calls of the stages, data to standard output, an exit code. Never here:
//! what the stages do.

pub mod sql;
