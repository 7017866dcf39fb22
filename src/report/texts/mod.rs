//! The catalogue: every sentence of pages, sheets and documents. Another language is this folder again.
//!
//! In: codes of tables, figures as they are written. Out: zh-CN for justice officials. Never here: figures that nobody handed in, HTML.
//!
//! A key is a name of this module: one that is missing does not build. Templates and view models hold no text of their own (`allowed` looks). What
//! somebody else has written stays as it was: titles and definitions of the library and the scheme, what detectors say of rows, names.

pub mod composites;
pub mod method;
mod pages;
pub mod tables;

pub use pages::*;
