//! Row types of the result tables that scoring makes: units, values, scores, ranks.
//!
//! In: nothing. Out: plain rows with declared sort keys, read by explain, report and release. Never here: computation.

use rust_decimal::Decimal;

use crate::terms::{IndicatorId, UnitId};

/// A unit as it stands on the as-of date (one row of the source table `units`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// Identifier.
    pub id: UnitId,
    /// Chinese name.
    pub name: String,
    /// `province`, `city`, `county`, `township`.
    pub tier: String,
    /// Domains in which it has powers.
    pub domains: Vec<String>,
    /// Division code.
    pub region: String,
    /// Unit above.
    pub parent: Option<UnitId>,
    /// `small`, `medium`, `large`.
    pub size_class: String,
}

/// Why a value has a score, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Scored.
    Scored,
    /// The unit has no such power: weight moves inside the parent.
    NotApplicable,
    /// Nothing was due (denominator 0): same, and shown.
    NothingDue,
    /// A source that the unit must feed did not arrive: yesterday's value, marked.
    Held,
    /// Owed and absent, counted as zero because the scheme says so.
    AbsentAsZero,
    /// Shown, never scored.
    ReportOnly,
}

impl Status {
    /// The word that tables use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Scored => "scored",
            Self::NotApplicable => "not_applicable",
            Self::NothingDue => "nothing_due",
            Self::Held => "held",
            Self::AbsentAsZero => "absent_as_zero",
            Self::ReportOnly => "report_only",
        }
    }
}

/// One indicator of one assessed object over the period. Sort key: unit, domain, indicator.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    /// Unit.
    pub unit: UnitId,
    /// Domain.
    pub domain: String,
    /// Indicator.
    pub indicator: IndicatorId,
    /// Scheme node that it hangs on.
    pub node: String,
    /// Numerator over the period (the value itself for shapes "value" and "region").
    pub numerator: Option<Decimal>,
    /// Denominator over the period (n for shapes "value" and "region").
    pub denominator: Option<Decimal>,
    /// Not yet due.
    pub pending: i64,
    /// Left out for a named reason.
    pub excluded: i64,
    /// numerator ÷ denominator (or the value), unrounded.
    pub value: Option<Decimal>,
    /// 95 % interval of the value (Wilson) for a ratio of counts.
    pub interval: Option<(Decimal, Decimal)>,
    /// Score 0 to 100, rounded as the scheme declares.
    pub score: Option<Decimal>,
    /// Points that the scheme gives it.
    pub points: Decimal,
    /// Points that it carries for this unit after weight has moved.
    pub effective_points: Decimal,
    /// Target shown beside it.
    pub target: Option<Decimal>,
    /// Why.
    pub status: Status,
    /// Fewer cases than the minimum, or an interval too wide: shown, rank withheld.
    pub too_few: bool,
    /// Clocks and parameters beyond the published calendar were used.
    pub provisional: bool,
}

/// One node of the scheme's tree for one assessed object. Sort key: unit, domain, node order in the scheme.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// Unit.
    pub unit: UnitId,
    /// Domain.
    pub domain: String,
    /// Node id; `total` is the root.
    pub node: String,
    /// Score 0 to 100, rounded.
    pub score: Option<Decimal>,
    /// Points that the scheme gives the node.
    pub points: Decimal,
    /// Points that it carries after weight has moved inside its parent.
    pub effective_points: Decimal,
    /// score × effective points ÷ 100.
    pub earned: Option<Decimal>,
}

/// Total, grade and rank of one assessed object. Sort key: unit, domain.
#[derive(Debug, Clone, PartialEq)]
pub struct Rank {
    /// Unit.
    pub unit: UnitId,
    /// Domain.
    pub domain: String,
    /// Peer group: domain, tier, size class, joined by ` · `.
    pub peer_group: String,
    /// Total after the tree and capped bonus and deduction, rounded to the published decimals.
    pub total: Option<Decimal>,
    /// Grade.
    pub grade: Option<String>,
    /// Rank inside the peer group (1 = best; ties share, "1,2,2,4").
    pub rank: Option<u32>,
    /// How many are ranked in the peer group.
    pub ranked_units: u32,
    /// Why there is no rank.
    pub withheld: Option<String>,
}

/// Everything that scoring yields.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scorecards {
    /// Values, in their sort order.
    pub values: Vec<Value>,
    /// Scores, in their sort order.
    pub scores: Vec<Score>,
    /// Ranks, in their sort order.
    pub ranks: Vec<Rank>,
}
