//! One year's scheme: `queries/schemes/<year>.toml`.
//!
//! In: TOML text and the library's indicators. Out: [`Scheme`], the tree of points with its curves, and diagnostics for every
//! rule that the text breaks. Never here: data, scores, the lineage of numerators (that is `compute`).
//!
//! The children of a node add up to its points; in a node of alternatives each child carries all of them, because only those
//! that apply to a unit's domain and tier stay. The total is the root; classes hang on it and keep their weight.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::diagnostics::Diagnostics;
use crate::document::{Placed, read_document};
use crate::library::indicator::{Better, Indicator};
use crate::terms::IndicatorId;

pub mod composites;
pub mod curve;
pub mod method;
mod read;
mod rules;
#[cfg(test)]
pub(crate) mod tests;

pub use curve::Curve;
use method::{Method, Relative, Transform};

/// Name of the root.
pub const TOTAL: &str = "total";

/// What gets a scorecard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Object {
    /// A unit in one of its domains.
    UnitDomain,
    /// A unit with all its domains.
    Unit,
}

/// Which score decides the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RankBasis {
    /// The published one.
    Rounded,
    /// The exact one.
    Unrounded,
}

/// Which rank equal scores share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ties {
    /// The best of their places, and the next is skipped: 1, 2, 2, 4.
    Competition,
    /// The best of their places, and none is skipped: 1, 2, 2, 3.
    Dense,
    /// The worst of their places: 1, 3, 3, 4.
    Worst,
}

/// What a score of one step is to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Steps {
    /// As published: whoever has the page can add it up.
    Rounded,
    /// As computed: only what is shown is rounded.
    Exact,
}

/// How figures are rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rounding {
    /// Decimals of every score, half up.
    pub decimals: u32,
    /// Which score decides the order.
    pub basis: RankBasis,
    /// Which rank equal scores share.
    pub ties: Ties,
    /// Whether an indicator's score goes into its node as it is published.
    pub steps: Steps,
}

/// What the points of children are to their parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weights {
    /// They add up to the parent's, and the classes' to the total.
    Points,
    /// They count beside their siblings only.
    Relative,
}

/// How ranks that chance leaves open are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uncertainty {
    /// Draws; 0 draws none.
    pub draws: u32,
    /// Where the random numbers begin.
    pub seed: u64,
    /// Share of cases in which intervals hold.
    pub confidence: Decimal,
    /// Which interval a proportion of counts has.
    pub interval: IntervalKind,
}

/// The 95 % interval of a proportion of counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IntervalKind {
    /// Wilson's: holds in 95 % of cases on average.
    #[default]
    Wilson,
    /// Clopper and Pearson's: holds in at least 95 % of cases whatever the true share, and is wider.
    Exact,
}

/// Which value is scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ScoreFrom {
    /// The unit's own.
    #[default]
    Own,
    /// The one drawn towards its peers'; the unit's own where there are too few of them.
    Shrunk,
}

/// Who is shown and not ranked, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exclusion {
    /// Unit.
    pub unit: String,
    /// Domain; `None` for all.
    pub domain: Option<String>,
    /// Why.
    pub because: String,
}

/// What becomes of something owed that did not arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absent {
    /// Held: no score, marked.
    Hold,
    /// Counted as zero.
    Zero,
}

/// What becomes of nothing. What does not apply and what had nothing due moves its weight inside the parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nothing {
    /// Owed and absent.
    pub owed_and_absent: Absent,
    /// Score of a class in which nothing could be scored; `None` where its weight moves as that of any other node.
    pub empty_class_score: Option<Decimal>,
}

/// What makes units comparable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PeerKey {
    /// Same domain.
    Domain,
    /// Same tier.
    Tier,
    /// Same size class.
    SizeClass,
}

/// Below these numbers a value is shown, but supports no rank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MinimumN {
    /// Cases of a rate.
    pub rate: i64,
    /// Answers of a value.
    pub value: i64,
    /// Answers of a survey: an average of fewer is neither shown nor scored, since who answered could be told.
    pub confidential: i64,
    /// Score points that half the width of the 95 % interval may span.
    pub half_width: Decimal,
    /// Share of the total's points that must rest on enough cases for a rank.
    pub rank_share: Decimal,
}

/// Whose score a regional value enters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attribution {
    /// Nobody's: it is shown on the region's page.
    None,
    /// The leading unit of the domain in the region.
    LeadUnit,
    /// Every unit of the domain in the region.
    AllUnitsInDomain,
}

/// Where perception, to which the plan gives no weight of its own, sits in the total.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Perception {
    /// `inside_<class>`: a group of that class, with a part of its points.
    Inside(String),
    /// `renormalised`: a class of its own on top of the others; all classes shrink in proportion until they make the total.
    Renormalised,
    /// `separate`: a class of its own that is scored and shown beside the total, and no part of it.
    Separate,
}

/// The node that [`Perception`] speaks of.
pub const PERCEPTION: &str = "perception";

/// A grade and the lowest total that earns it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grade {
    /// Name.
    pub name: String,
    /// Lowest total, inclusive.
    pub from: Decimal,
    /// Largest share of a peer group that may have it.
    pub quota: Option<Decimal>,
}

/// An event that caps the grade.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Veto {
    /// Code in the source table `scheme_events`.
    pub code: String,
    /// Title.
    pub title: String,
    /// Best grade that is left.
    pub cap_grade: String,
    /// Clause.
    pub basis: String,
}

/// One node of the tree: a class or a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Identifier.
    pub id: String,
    /// Node above; [`TOTAL`] for a class.
    pub parent: String,
    /// Title.
    pub title: String,
    /// Points.
    pub points: Decimal,
    /// Each child carries all of the points, and only those that apply stay.
    pub alternatives: bool,
    /// Domains it applies to; empty means all.
    pub domains: Vec<String>,
    /// Tiers it applies to; empty means all.
    pub tiers: Vec<String>,
    /// How its score is made of its children's.
    pub method: Method,
    /// Where its points stand.
    pub span: Range<usize>,
}

/// Where and when a dynamic indicator is switched on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dynamic {
    /// Division codes; a code stands for everything below it.
    pub regions: Vec<String>,
    /// First day.
    pub from: Date,
    /// Last day.
    pub until: Option<Date>,
    /// The day on which the units were told: nothing counts before it.
    pub announced: Date,
    /// What did it.
    pub event: String,
    /// The decision that corrects what was announced before; without one the past stays as it was assessed.
    pub corrects: Option<String>,
}

/// An indicator with its points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scored {
    /// Which indicator.
    pub id: IndicatorId,
    /// Node it hangs on.
    pub node: String,
    /// Points; zero when it is only reported.
    pub points: Decimal,
    /// Target, shown.
    pub target: Option<Decimal>,
    /// From value to score; `None` when it is only reported, or compared with others.
    pub curve: Option<Curve>,
    /// By comparison with others, in the place of a curve.
    pub relative: Option<Relative>,
    /// What is done to values before they are compared with others (a curve has its own).
    pub transform: Transform,
    /// Which direction is better, where no header of the library says it.
    pub better: Option<Better>,
    /// Which value is scored.
    pub score_from: ScoreFrom,
    /// Switched on for some regions and dates only.
    pub dynamic: Option<Dynamic>,
    /// Shown, never scored.
    pub report_only: bool,
    /// Where it stands.
    pub span: Range<usize>,
}

/// One year's policy.
#[derive(Debug, Clone)]
pub struct Scheme {
    /// Name = file name, usually the year.
    pub name: String,
    /// Its file, for messages.
    pub file: String,
    /// The whole file: its digest identifies the policy.
    pub text: String,
    /// Chinese title.
    pub title: String,
    /// Year.
    pub year: i16,
    /// Day of publication: nothing may be switched on before it.
    pub published_on: Option<Date>,
    /// Points of the total, usually 100.
    pub total: Decimal,
    /// What the points of children are to their parent.
    pub weights: Weights,
    /// How the total is made of the classes.
    pub method: Method,
    /// What gets a scorecard.
    pub object: Object,
    /// Rounding.
    pub rounding: Rounding,
    /// How ranks that chance leaves open are drawn.
    pub uncertainty: Uncertainty,
    /// Three kinds of nothing.
    pub nothing: Nothing,
    /// What makes units comparable, in the order in which a group's name says it.
    pub peer_group: Vec<PeerKey>,
    /// Why ranks may be formed across domains or tiers.
    pub peer_group_allow: Option<String>,
    /// Where the peer groups are declared.
    pub peer_group_span: Option<Range<usize>>,
    /// Who is shown and not ranked.
    pub exclusions: Vec<Exclusion>,
    /// Fewer ranked objects than this make no ranking.
    pub minimum_units: u32,
    /// Minimum n.
    pub minimum_n: MinimumN,
    /// Tiers whose units answer for the acts of every unit below them; the others answer for their own.
    pub subtree_tiers: BTreeSet<String>,
    /// Where the class or group `perception` (民意感知度) sits; `None` where the scheme does not say, and the tree alone decides.
    pub perception: Option<Perception>,
    /// Largest sum of bonus points.
    pub bonus_cap: Decimal,
    /// Largest sum of deducted points.
    pub deduction_cap: Decimal,
    /// Grades, best first.
    pub grades: Vec<Grade>,
    /// Vetoes.
    pub vetoes: Vec<Veto>,
    /// Attribution by family of regional values: `synergy`, `burden`, `survey`.
    pub regional: BTreeMap<&'static str, Attribution>,
    /// Nodes in the order of the file.
    pub nodes: Vec<Node>,
    /// Indicators in the order of the file.
    pub indicators: Vec<Scored>,
}

impl Scheme {
    /// The same without drawing what chance leaves open of ranks: no total rests on that.
    pub fn undrawn(mut self) -> Self {
        self.uncertainty.draws = 0;
        self
    }

    /// The node of that id.
    pub fn node(&self, id: &str) -> Option<&Node> {
        self.nodes.iter().find(|node| node.id == id)
    }

    /// The node of that id and those above it, up to its class; in a tree that turns in a circle one more than it has nodes.
    pub fn nodes_above(&self, id: &str) -> Vec<&Node> {
        let mut above = Vec::new();
        let mut at = id;
        while let Some(node) = self.node(at) {
            above.push(node);
            at = &node.parent;
            if above.len() > self.nodes.len() {
                break;
            }
        }
        above
    }

    /// Whether the node is a class that is shown beside the total, and no part of it.
    pub fn is_separate(&self, node: &str) -> bool {
        self.perception == Some(Perception::Separate) && node == PERCEPTION
    }

    /// Whether what hangs on the node is part of the total.
    pub fn is_in_total(&self, node: &str) -> bool {
        !self.nodes_above(node).iter().any(|node| self.is_separate(&node.id))
    }

    /// The points that each class carries in the total, exactly: those of the scheme, or what renormalising makes of them.
    pub fn class_points(&self) -> BTreeMap<&str, Decimal> {
        let classes: Vec<&Node> = self.nodes.iter().filter(|node| node.parent == TOTAL && !self.is_separate(&node.id)).collect();
        let mut points: Vec<Decimal> = classes.iter().map(|class| class.points).collect();
        if self.perception == Some(Perception::Renormalised) || self.weights == Weights::Relative {
            points = apportioned(self.total, &points);
        }
        classes.iter().map(|class| class.id.as_str()).zip(points).collect()
    }

    /// A score as the scheme rounds it: half up. Division leaves errors in the last of 28 digits, which must not decide a half.
    pub fn round(&self, score: Decimal) -> Decimal {
        let mut rounded = score
            .round_dp_with_strategy(EXACT_DECIMALS, rust_decimal::RoundingStrategy::MidpointAwayFromZero)
            .round_dp_with_strategy(self.rounding.decimals, rust_decimal::RoundingStrategy::MidpointAwayFromZero);
        rounded.rescale(self.rounding.decimals);
        rounded
    }

    /// The index of the grade that a total earns, without quota and veto.
    pub fn grade_of(&self, total: Decimal) -> Option<usize> {
        self.grades.iter().position(|grade| total >= grade.from)
    }
}

/// Decimals up to which a computed score is what it would be without any error of division.
const EXACT_DECIMALS: u32 = 15;

/// Decimals of points after weight has moved: every share but the last of a node is cut to these, and the last one takes the rest.
pub const POINT_DECIMALS: u32 = 8;

/// Shares `whole` out in proportion to `parts`: the shares add up to it exactly, and a part of zero gets nothing.
pub fn apportioned(whole: Decimal, parts: &[Decimal]) -> Vec<Decimal> {
    let sum: Decimal = parts.iter().sum();
    let last = parts.iter().rposition(|part| !part.is_zero());
    let mut left = whole;
    let share = |(place, part): (usize, &Decimal)| {
        let share = match part.is_zero() {
            true => Decimal::ZERO,
            false if Some(place) == last => left,
            false => (whole * part / sum).round_dp_with_strategy(POINT_DECIMALS, rust_decimal::RoundingStrategy::ToZero),
        };
        left -= share;
        share
    };
    parts.iter().enumerate().map(share).collect()
}

/// What is said of an indicator of the library that a scheme does not name.
pub const UNSCORED: &str = "unscored-indicator";

/// Reads one scheme; what is wrong with it goes to `diagnostics`.
///
/// A scheme is returned even when rules are broken, so that later checks can go on; errors in `diagnostics` forbid to score by it.
pub fn read_scheme(
    name: &str,
    file: &str,
    text: &str,
    indicators: &BTreeMap<IndicatorId, Indicator>,
    diagnostics: &mut Diagnostics,
) -> Option<Scheme> {
    diagnostics.remember(file, text);
    let scheme = read_any_scheme(name, file, text, diagnostics)?;
    rules::check(&scheme, indicators, diagnostics);
    Some(scheme)
}

/// Reads a scheme over a table of any indicators: what it says of itself is checked, and where it scores indicators of the library their
/// direction.
pub fn read_table_scheme(
    name: &str,
    file: &str,
    text: &str,
    indicators: &BTreeMap<IndicatorId, Indicator>,
    diagnostics: &mut Diagnostics,
) -> Option<Scheme> {
    diagnostics.remember(file, text);
    let scheme = read_any_scheme(name, file, text, diagnostics)?;
    rules::check_alone(&scheme, indicators, diagnostics);
    Some(scheme)
}

fn read_any_scheme(name: &str, file: &str, text: &str, diagnostics: &mut Diagnostics) -> Option<Scheme> {
    read_document(file, text, "a scheme", 0, diagnostics, |section, diagnostics| read::read(name, text, section, diagnostics))
}

/// A number as written → decimal; a number that is none becomes a diagnostic.
fn decimal(placed: &Placed<String>, file: &str, diagnostics: &mut Diagnostics) -> Option<Decimal> {
    let parsed = Decimal::from_str_exact(&placed.value).or_else(|_| Decimal::from_scientific(&placed.value));
    if parsed.is_err() {
        diagnostics.error(
            "bad-number",
            file,
            Some(placed.span.clone()),
            format!("`{}` is not a number of at most 28 digits", placed.value),
        );
    }
    parsed.ok()
}
