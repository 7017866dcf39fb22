//! Row types of the result tables of the two composite indices: synergy pairs, sides and regions; burden, its visits, caps and power.
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
    /// For `T`, `A`, `R`: Wilson's 95 % interval of the value; `None` when nothing was due.
    pub interval: Option<(Decimal, Decimal)>,
    /// For `T`: days from knowing the owner until half was sent, what is still open included as censored.
    pub median_days: Option<u32>,
    /// For `T`: 95 % limits of that median in days (log-log scale), each `None` when not reached; `None` when no lead became known.
    pub median_interval: Option<(Option<u32>, Option<u32>)>,
    /// For `T`: leads that became known in the period and were not sent on its last day, whatever their deadline: the censored ones.
    pub open: u32,
    /// For `T`: of those due, leads never sent at all until the last day. Those that were sent late are due, not in time and not here.
    pub unsent: u32,
    /// For `K`: median K of the pairs of regions of the province that do not touch, each with enough penalties in common.
    pub reference: Option<Decimal>,
    /// For `K`: number m of those pairs.
    pub reference_pairs: u32,
    /// For `K`: (1 + pairs among them with a distance δ no larger than this one's) / (1 + m), 0 to 1: small says that these neighbours
    /// agree more than regions do anyway. `None` without such pairs, and for a value that is only reported.
    pub reference_share: Option<Decimal>,
    /// The border runs between provinces: shown, never scored.
    pub cross_province: bool,
    /// The two are neighbours. False for what was due between regions without a common border, or with a city or the province on
    /// one side: shown, never scored.
    pub bordering: bool,
    /// The side counts in its region's index: neighbours inside the province with enough contact.
    pub scored: bool,
}

/// One side of one border, over its parts. Sort key: region, neighbour, domain.
#[derive(Debug, Clone, PartialEq)]
pub struct SynergySide {
    /// The side that is responsible.
    pub region: String,
    /// The other side.
    pub neighbour: String,
    /// Domain.
    pub domain: String,
    /// 0 to 1: weighted mean of the parts that the side is responsible for; `None` when none of them has a value.
    pub value: Option<Decimal>,
    /// 95 % bootstrap interval of the value.
    pub interval: Option<(Decimal, Decimal)>,
    /// Transactions due on the side, and its share of required patrols: the side's weight in its region.
    pub due: Decimal,
    /// The side counts in its region's index.
    pub scored: bool,
    /// Why it does not, the first that holds: `cross_province` (the other side cannot be seen), `nothing_due` (on this side),
    /// `insufficient_contact` (too few parts or too few due transactions, both sides together).
    pub reason: Option<String>,
    /// 耦合协调度 of the two sides, 0 to 1, the same on both; `None` unless asked for, and when a side has no value. In no score.
    pub coupling: Option<Decimal>,
    /// Its 95 % bootstrap interval.
    pub coupling_interval: Option<(Decimal, Decimal)>,
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
    /// 95 % bootstrap interval of the index.
    pub interval: Option<(Decimal, Decimal)>,
    /// Neighbours with enough contact.
    pub neighbours_scored: u32,
    /// All neighbours inside the province.
    pub neighbours: u32,
    /// Transactions due on the region's own side, and required patrols.
    pub due: Decimal,
    /// Of these, what the index rests on: those of the neighbours with enough contact.
    pub due_scored: Decimal,
    /// Why there is no index: `isolated` (no neighbour inside the province) or `insufficient_contact` (no neighbour with enough parts
    /// and due transactions, or nothing due on the region's own sides towards those that have).
    pub reason: Option<String>,
}

/// The burden index of one scope and period. Sort key: scope, quarter, component.
#[derive(Debug, Clone, PartialEq)]
pub struct Burden {
    /// `province`, or a city's division code.
    pub scope: String,
    /// `2026Q1`.
    pub quarter: String,
    /// `index`, `visits`, `hours`, `cost`; `equipment` is legally required and shown apart; `register` is the frequency by the register
    /// of inspections.
    pub component: String,
    /// Base period = 100; `None` when the base is zero or absent, or the panel too small.
    pub index: Option<Decimal>,
    /// 95 % bootstrap interval; `None` for `register`, which is a census.
    pub interval: Option<(Decimal, Decimal)>,
    /// Firms of the panel that reported this quarter.
    pub firms: u32,
    /// Firms that the scope needs for an index of its own; 0 for the province. The component `register` needs none.
    pub minimum_firms: u32,
    /// Reports of this quarter that were pulled in to the limit of their stratum.
    pub winsorised: u32,
    /// True when the interval contains 100: "no detectable change". For `register`: when nothing changed at all.
    pub unchanged: bool,
    /// Score by the default curve (C2), only for the component `index`.
    pub score: Option<Decimal>,
    /// Per firm and quarter, with the base quarter's firms as weights: visits, person-hours, yuan. For `register` visits per enterprise;
    /// `None` for `index`.
    pub mean: Option<Decimal>,
    /// What pulling in cut off this quarter, summed over the firms of the panel: visits, person-hours, yuan; `None` for `index` and
    /// `register`.
    pub excess: Option<Decimal>,
    /// Points of the index minus 100 that this component causes. It stands on the rows that carry the index; they add up exactly.
    pub contribution: Option<Decimal>,
    /// Index linked quarter to quarter, base period = 100.
    pub chained: Option<Decimal>,
    /// Index with weights that meet the register's visits, base period = 100; `None` without a register's total, where firms and register
    /// disagree, and for `register`.
    pub calibrated: Option<Decimal>,
    /// `panel` or `register`: where the figure comes from; for `index` where its V comes from.
    pub carried_by: String,
    /// Strata that answered in one of the two quarters only and so are in neither mean; for `index` those missing from any panel component
    /// that it is made of.
    pub strata_left_out: u32,
}

/// Visits that firms report and visits that the register holds for the same firms and quarter. Sort key: scope, quarter.
#[derive(Debug, Clone, PartialEq)]
pub struct BurdenVisits {
    /// `province`, or a city's division code.
    pub scope: String,
    /// `2026Q1`.
    pub quarter: String,
    /// Firms of the panel that could be compared.
    pub firms: u32,
    /// Visits that they report, as reported.
    pub reported: Decimal,
    /// Visits that the register holds for them.
    pub recorded: Decimal,
    /// Recorded ÷ reported (`burden.recorded_ratio`, A13): below 1 the register leaves visits out. `None` when none was reported.
    pub ratio: Option<Decimal>,
    /// 95 % bootstrap interval; `None` when the scope is too small.
    pub interval: Option<(Decimal, Decimal)>,
    /// Share of the reported visits that the register holds, firm by firm: what is recorded too much of one firm does not make up for what is
    /// missing of another. `None` when none was reported.
    pub covered: Option<Decimal>,
    /// `covered` reaches the lower end of the band, and `ratio` does not pass the upper one, both before rounding; `None` without a ratio.
    pub inside_band: Option<bool>,
}

/// Enterprises that were inspected more often than their yearly cap allows. Sort key: scope, year.
#[derive(Debug, Clone, PartialEq)]
pub struct BurdenCaps {
    /// `province`, or a city's division code.
    pub scope: String,
    /// Year.
    pub year: i16,
    /// Enterprises with a cap.
    pub enterprises: u64,
    /// Of these, over it.
    pub over: u64,
    /// 0 to 1; `None` without enterprises, or when more are over than there are.
    pub share: Option<Decimal>,
    /// Wilson's 95 % interval of the share.
    pub interval: Option<(Decimal, Decimal)>,
}

/// What change an index of this panel, or of another one, could show. Sort key: scope, quarter, component, own row first, firms,
/// correlation.
#[derive(Debug, Clone, PartialEq)]
pub struct BurdenPower {
    /// `province`, or a city's division code.
    pub scope: String,
    /// The panel's latest quarter.
    pub quarter: String,
    /// `visits`, `hours`, `cost`.
    pub component: String,
    /// Firms that answered this quarter; in the grid the firms of the plan.
    pub firms: u32,
    /// Firms that answered in the base quarter too; `None` in the grid, where all do.
    pub pairs: Option<u32>,
    /// Correlation of one firm's answers in both quarters around the means of its stratum. Of fewer than ten pairs none is taken: 0.
    pub correlation: Decimal,
    /// The panel as it is; false for the grid of plans.
    pub is_own: bool,
    /// Standard deviation of an answer ÷ mean, after pulling in.
    pub variation: Decimal,
    /// Variance of the mean ÷ that of a simple random sample; 1 where it can't be stated.
    pub design_effect: Decimal,
    /// Standard error of the index's logarithm.
    pub standard_error: Decimal,
    /// How far the 95 % interval reaches above the index, as a share of it.
    pub half_width: Decimal,
    /// The least rise that is detected with probability 0.8, as a share: 0.68 is a rise by 68 %.
    pub detectable_rise: Decimal,
}
