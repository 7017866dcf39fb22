//! View models: exactly what each page shows, as words.
//!
//! In: [`Facts`] (the report's input, looked up by unit). Out: structs of [`Text`](super::names::Text), formatted numbers and
//! drawings, which the templates write down without deciding anything. Never here: HTML, files, figures that no stage computed.
//!
//! * [`facts`] looks things up; [`frame`] is what every page shares
//! * [`ranking`] the first page and the public one, with [`today`] at the head of the first; [`unit`] a unit with where it stands ([`standing`]), its [`indicators`], [`ledger`] and [`records`]; [`findings`] patterns for a reviewer
//! * [`indicator`] one indicator over all objects; [`domain`], [`region`] what belongs to one of them
//! * [`synergy`], [`burden`] the two composite indices; [`quality`] where every record went; [`tables`] what there is for Excel
//! * [`reconciliation`] the units' systems and the platform; [`verification`] what was claimed and what was confirmed

pub mod burden;
pub mod domain;
pub mod facts;
pub mod findings;
pub mod frame;
pub mod indicator;
pub mod indicators;
pub mod ledger;
pub mod method;
pub mod quality;
pub mod ranking;
pub mod reconciliation;
pub mod records;
pub mod region;
pub mod standing;
pub mod synergy;
pub mod tables;
pub mod today;
pub mod unit;
pub mod verification;
pub mod watch;

pub use facts::Facts;
