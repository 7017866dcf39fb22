//! Row types of the result tables of the two composite indices: synergy pairs, synergy regions, burden.
//!
//! In: nothing. Out: plain rows with declared sort keys. Never here: computation.

use rust_decimal::Decimal;

/// One part of one side of a border. Sort key: region, neighbour, domain, part.
#[derive(Debug, Clone, PartialEq)]
pub struct SynergyPair {
    /// The side that is responsible.
    pub region: String,
    /// The other side.
    pub neighbour: String,
    /// Domain.
    pub domain: String,
    /// `P` joint patrols, `T` leads sent in time, `A` accepted or refused in time, `R` results fed back, `K` consistency.
    pub part: char,
    /// In time, or recorded by both; for `K` the distance δ.
    pub numerator: Decimal,
    /// Due, or required; for `K` the penalties compared.
    pub denominator: Decimal,
    /// 0 to 1; `None` when nothing was due.
    pub value: Option<Decimal>,
    /// The value rests on too little to be scored (`K` under its minimum): shown, never scored.
    pub report_only: bool,
    /// For `T`: days from knowing the owner until half was sent, what is still open included as censored.
    pub median_days: Option<u32>,
    /// The border runs between provinces: shown, never scored.
    pub cross_province: bool,
    /// The two are neighbours. False for what was due between regions without a common border, or with a city or the province on
    /// one side: shown, never scored.
    pub bordering: bool,
    /// The side counts in its region's index: neighbours inside the province with enough contact.
    pub scored: bool,
}

/// One region's own side over all its borders. Sort key: region, domain.
#[derive(Debug, Clone, PartialEq)]
pub struct SynergyRegion {
    /// Region.
    pub region: String,
    /// Domain.
    pub domain: String,
    /// 0 to 1; `None` when isolated or with insufficient contact everywhere.
    pub index: Option<Decimal>,
    /// Neighbours with enough contact.
    pub neighbours_scored: u32,
    /// All neighbours inside the province.
    pub neighbours: u32,
    /// Transactions due on the region's own side, and required patrols.
    pub due: Decimal,
    /// Of these, what the index rests on: those of the neighbours with enough contact.
    pub due_scored: Decimal,
    /// Why there is no index: `isolated`, `insufficient_contact`.
    pub reason: Option<String>,
}

/// The burden index of one scope and period. Sort key: scope, quarter, component.
#[derive(Debug, Clone, PartialEq)]
pub struct Burden {
    /// `province`, or a city's division code.
    pub scope: String,
    /// `2026Q1`.
    pub quarter: String,
    /// `index`, `visits`, `hours`, `cost`; `equipment` is legally required and shown apart.
    pub component: String,
    /// Base period = 100; `None` when the base is zero or the panel too small.
    pub index: Option<Decimal>,
    /// 95 % bootstrap interval.
    pub interval: Option<(Decimal, Decimal)>,
    /// Firms of the panel that reported this quarter.
    pub firms: u32,
    /// Firms that the scope needs for an index of its own; 0 for the province.
    pub minimum_firms: u32,
    /// Reports of this quarter that were pulled in to the limit of their stratum.
    pub winsorised: u32,
    /// True when the interval contains 100: "no detectable change".
    pub unchanged: bool,
    /// Score by the default curve (C2), only for the component `index`.
    pub score: Option<Decimal>,
}
