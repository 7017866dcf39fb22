//! Row types of the result tables that scoring makes: units, values, scores, ranks.
//!
//! In: nothing. Out: plain rows with declared sort keys, read by explain, report and release. Never here: computation.

use rust_decimal::Decimal;

use crate::statistics::funnel::Position;
use crate::statistics::ranks::{Band, RankSet};
use crate::terms::{IndicatorId, Month, UnitId};

pub use crate::compute::units::Unit;

/// Why a value has a score, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Scored.
    Scored,
    /// The unit has no such power: weight moves inside the parent.
    NotApplicable,
    /// Nothing was due (denominator 0): same, and shown.
    NothingDue,
    /// A survey with so few answers that who answered could be told: same, and neither value nor number of answers is shown.
    Confidential,
    /// A source that the unit must feed did not arrive: yesterday's value, marked.
    Held,
    /// Owed and absent, counted as zero because the scheme says so.
    AbsentAsZero,
    /// Shown, never scored.
    ReportOnly,
    /// The table of values has no value for it.
    Missing,
}

impl Status {
    /// The word that tables use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Scored => "scored",
            Self::NotApplicable => "not_applicable",
            Self::NothingDue => "nothing_due",
            Self::Confidential => "confidential",
            Self::Held => "held",
            Self::AbsentAsZero => "absent_as_zero",
            Self::ReportOnly => "report_only",
            Self::Missing => "missing",
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
    /// Of the pending ones those that fall due within the days of `ledger.due_soon_days`.
    pub due_soon: i64,
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
    /// Half the score's range over the interval, in score points, where there is an interval and a curve.
    pub half_width: Option<Decimal>,
    /// Fewer cases than the minimum: shown, but no rank rests on it.
    pub too_few: bool,
    /// Clocks and parameters beyond the published calendar were used.
    pub provisional: bool,
    /// The value drawn towards those of its peers, where it is a proportion of counts and enough peers have one.
    pub shrunk: Option<Shrunken>,
    /// Where it stands in the funnel of its peers.
    pub funnel: Option<InFunnel>,
}

impl Value {
    /// Whether acts in this domain are among those that the scorecard counts.
    pub fn counts_domain(&self, domain: &str) -> bool {
        self.domain.split('+').any(|own| own == domain)
    }
}

/// A proportion in the funnel of its peers: where it stands, and what chance and the usual differences leave open to a unit with as many cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InFunnel {
    /// Within the limits or beyond.
    pub position: Position,
    /// The proportion of all peers together.
    pub centre: Decimal,
    /// Limits of 95 %.
    pub usual: (Decimal, Decimal),
    /// Limits of 99.8 %.
    pub alarm: (Decimal, Decimal),
}

/// A proportion drawn towards that of its peers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shrunken {
    /// The shrunk proportion.
    pub value: Decimal,
    /// Share of the unit's own cases in it: near 1 for many cases, near 0 for few.
    pub weight: Decimal,
    /// Standard deviation of its law.
    pub deviation: Decimal,
}

/// The ranks that chance leaves open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RankUncertainty {
    /// Median rank in draws.
    pub median: u32,
    /// Between which ranks the unit lies with the scheme's confidence, taken by itself; the published rank is among them.
    pub interval: RankSet,
    /// Between which ranks all units of the group lie at once with that confidence.
    pub set: RankSet,
    /// Above, below or not distinguishable from the mean of the group.
    pub band: Band,
    /// Draws.
    pub draws: u32,
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

/// What a line of the score_lines says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LineKind {
    /// A class: the sum of the lines below it.
    Class,
    /// A group: the sum of the lines below it.
    Group,
    /// An indicator's score times its effective points.
    Indicator,
    /// A class, group or indicator of what is scored and shown beside the total.
    Beside,
    /// A class in which nothing could be scored, at the scheme's score.
    EmptyClass,
    /// What a node's mean, cap or veto adds to what its children earn, or takes.
    Method,
    /// Bonus points of one event.
    Bonus,
    /// Deducted points of one event.
    Deduction,
    /// A veto: it caps the grade and moves no points.
    Veto,
    /// What the caps on bonus and deduction take back.
    Cap,
    /// What rounding the total adds or takes.
    Rounding,
    /// The published total.
    Total,
}

impl LineKind {
    /// The word that tables use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Class => "class",
            Self::Group => "group",
            Self::Indicator => "indicator",
            Self::Beside => "beside",
            Self::EmptyClass => "empty_class",
            Self::Method => "method",
            Self::Bonus => "bonus",
            Self::Deduction => "deduction",
            Self::Veto => "veto",
            Self::Cap => "cap",
            Self::Rounding => "rounding",
            Self::Total => "total",
        }
    }

    /// True for lines that add up to the total; the others repeat sums.
    pub fn adds_up(self) -> bool {
        !matches!(self, Self::Class | Self::Group | Self::Beside | Self::Total)
    }
}

/// One line of how a total came about. Sort key: unit, domain, line.
///
/// The `earned` of the lines that add up ([`LineKind::adds_up`]) sums exactly to that of the line `total`; the `earned` of a
/// class or group is the exact sum of the lines below it.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoreLine {
    /// Unit.
    pub unit: UnitId,
    /// Domain.
    pub domain: String,
    /// Order on the page, from 1: parents before children.
    pub line: u32,
    /// What it says.
    pub kind: LineKind,
    /// Node, indicator or event code; empty for cap and rounding.
    pub id: String,
    /// Identifier of the event; empty for other lines.
    pub event: String,
    /// Node above; empty for `total` and what hangs on nothing.
    pub parent: String,
    /// Points that the scheme gives.
    pub points: Decimal,
    /// Points after weight has moved inside the parent.
    pub effective_points: Decimal,
    /// Rounded score.
    pub score: Option<Decimal>,
    /// Exact points earned.
    pub earned: Decimal,
}

/// What an object would have without the indicators that are switched on for some regions or dates only. Switched-on units share a peer
/// group with others, so both are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unswitched {
    /// Total.
    pub total: Option<Decimal>,
    /// Rank.
    pub rank: Option<u32>,
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
    /// Total of the tree alone, exact.
    pub tree_total: Option<Decimal>,
    /// Bonus points that count, capped.
    pub bonus: Decimal,
    /// Deducted points that count, capped; positive.
    pub deduction: Decimal,
    /// Grade that the total earns by the cut-offs alone.
    pub score_grade: Option<String>,
    /// Grade after quota and vetoes.
    pub grade: Option<String>,
    /// Codes of the vetoes that apply, sorted.
    pub vetoes: Vec<String>,
    /// The best grade that they leave; `None` without any.
    pub veto_cap: Option<String>,
    /// Share of the total's points that rest on enough cases.
    pub solid_share: Decimal,
    /// Rank inside the peer group (1 = best; ties share, "1,2,2,4").
    pub rank: Option<u32>,
    /// How many are ranked in the peer group.
    pub ranked_units: u32,
    /// The ranks that chance leaves open; `None` without a rank, or when the scheme draws none.
    pub uncertainty: Option<RankUncertainty>,
    /// The same without what is switched on for some only; `None` when the scheme switches nothing.
    pub unswitched: Option<Unswitched>,
    /// Half-width of the total's 95 % interval, in points: the values' half-widths, weighted, as independent errors.
    pub half_width: Decimal,
    /// Why there is no rank: `nothing_scored`, `too_little_available` (less than the scheme asks for has a score), `excluded` (the scheme says
    /// why), `too_few_cases`, `interval_too_wide`, `peer_group_too_small`,
    /// `too_few_ranked` (the group is large enough, but too few of it have enough cases).
    pub withheld: Option<String>,
}

/// One indicator of one assessed object in one month: a row of the dynamic ledger (动态考核台账). Sort key: unit, domain, indicator,
/// month.
///
/// A month that lies ahead has only what is pending. A value of a window other than flow is that of the window which ends with the
/// month. Months without anything have no row.
#[derive(Debug, Clone, PartialEq)]
pub struct LedgerRow {
    /// Unit.
    pub unit: UnitId,
    /// Domain.
    pub domain: String,
    /// Indicator.
    pub indicator: IndicatorId,
    /// Month of the deadline, or at whose end the window was computed.
    pub month: Month,
    /// Numerator (the value itself for shapes "value" and "region").
    pub numerator: Option<Decimal>,
    /// Denominator (n for shapes "value" and "region").
    pub denominator: Option<Decimal>,
    /// Not yet due.
    pub pending: i64,
    /// Of those, due within the days of `ledger.due_soon_days`.
    pub due_soon: i64,
    /// Left out for a named reason.
    pub excluded: i64,
    /// The month's value.
    pub value: Option<Decimal>,
    /// Target shown beside it.
    pub target: Option<Decimal>,
    /// What the scheme's curve makes of the month's value; none for what is only reported.
    pub score: Option<Decimal>,
    /// Why.
    pub status: Status,
}

/// How the next grade could have been reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// By the records that are named.
    Records,
    /// By more records than a search goes through; perhaps by those of one indicator alone.
    TooMany,
    /// Not by any number of records of the proportions that are scored.
    OutOfReach,
    /// A veto keeps the grade where it is.
    Veto,
    /// The total is enough, the places of the grade are taken.
    Quota,
    /// Not told: the scheme makes totals that are no sums of scores.
    NoSum,
}

impl Way {
    /// The word that tables use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Records => "records",
            Self::TooMany => "too_many",
            Self::OutOfReach => "out_of_reach",
            Self::Veto => "veto",
            Self::Quota => "quota",
            Self::NoSum => "no_sum",
        }
    }
}

/// Records of one indicator that would have had to be otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherRecords {
    /// Indicator.
    pub indicator: IndicatorId,
    /// Scheme node that it hangs on.
    pub node: String,
    /// How many.
    pub records: u32,
    /// They count in the numerator and should not; otherwise they don't and should.
    pub is_less: bool,
    /// Points that the total would gain.
    pub gain: Decimal,
}

/// What would have lifted an object by one grade. Sort key: unit, domain. Objects with the best grade, or none, have no row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextGrade {
    /// Unit.
    pub unit: UnitId,
    /// Domain.
    pub domain: String,
    /// The next better grade.
    pub grade: String,
    /// The total from which it is given.
    pub from: Decimal,
    /// Points that the total lacks.
    pub missing: Decimal,
    /// The grade has places for a share of the group only.
    pub has_quota: bool,
    /// How.
    pub way: Way,
    /// The fewest records over all indicators, in the order of the scheme.
    pub together: Vec<OtherRecords>,
    /// The fewest records of one indicator alone, for each that can do it alone; the fewest first.
    pub alone: Vec<OtherRecords>,
}

/// An object beside one of its group that stands near. Sort key: unit, domain, rank and identifier of the other.
#[derive(Debug, Clone, PartialEq)]
pub struct RankNeighbour {
    /// Unit.
    pub unit: UnitId,
    /// Domain.
    pub domain: String,
    /// The other one.
    pub other: UnitId,
    /// Its rank.
    pub other_rank: u32,
    /// Probability that the unit's total is really the higher one, by both published totals and the errors of their own cases. It is said of these two
    /// alone; of the whole group speak the sets.
    pub probability: Decimal,
    /// What may be said of the two beside all others of the group; `None` in a group too large to say.
    pub said: Option<Said>,
}

/// What may be said of two units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// The unit is better.
    Better,
    /// Nothing.
    NotDistinguishable,
    /// It is worse.
    Worse,
}

impl Said {
    /// The word that tables use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Better => "better",
            Self::NotDistinguishable => "not_distinguishable",
            Self::Worse => "worse",
        }
    }
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
    /// How every total came about, in its sort order.
    pub score_lines: Vec<ScoreLine>,
    /// The dynamic ledger: the values of single months.
    pub ledger: Vec<LedgerRow>,
    /// How far each object is from the next grade.
    pub next_grades: Vec<NextGrade>,
    /// Each ranked object beside those that stand near.
    pub rank_neighbours: Vec<RankNeighbour>,
}
