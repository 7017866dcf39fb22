//! How a node makes one score of its children's, and how a value becomes a score where no fixed points say it.
//!
//! In: the keys of a node or an indicator. Out: [`Method`], [`Relative`], [`Transform`]. Never here: data, scores.
//!
//! Formulas: OECD/JRC, Handbook on Constructing Composite Indicators (2008), steps 5 and 6; the balanced mean is the adjusted
//! Mazziotta–Pareto index (Mazziotta and Pareto, Social Indicators Research 127, 2016).

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::read::amount;
use crate::diagnostics::Diagnostics;
use crate::document::Section;

/// Which mean a node takes of its children's scores s with weights w.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mean {
    /// Σ w·s ÷ Σ w: a weak child is made up for by a strong one, point for point.
    #[default]
    Arithmetic,
    /// exp(Σ w·ln s ÷ Σ w): a weak child is made up for in part.
    Geometric,
    /// Σ w ÷ Σ (w ÷ s): still less.
    Harmonic,
    /// (Σ w·sᵖ ÷ Σ w)^(1/p), p not 0.
    Power(Decimal),
    /// The lowest child; weights do nothing.
    Lowest,
    /// M − S²÷M of the children on the scale 70 ± 30 (adjusted Mazziotta–Pareto): the mean less a penalty for unequal children.
    Balanced,
}

/// What becomes of a child that has no score although it applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Missing {
    /// Its weight goes to its siblings.
    #[default]
    MoveWeight,
    /// It counts as 0.
    Zero,
    /// The node has no score either.
    Withhold,
}

/// A child below a score caps its node, whatever the mean says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeVeto {
    /// A child that scores less than this …
    pub below: Decimal,
    /// … leaves its node at most this.
    pub cap: Decimal,
}

/// How a node makes one score of its children's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Method {
    /// Which mean.
    pub mean: Mean,
    /// Scores below this count as this: a geometric or harmonic mean of a zero is zero, however small the weight.
    pub floor: Decimal,
    /// What becomes of a child without a score.
    pub missing: Missing,
    /// Share of the weight of the children that apply which must have a score; below it the node has none.
    pub minimum_available: Decimal,
    /// Points by which the node may exceed its lowest child.
    pub cap_above_lowest: Option<Decimal>,
    /// A child that caps the node.
    pub veto: Option<NodeVeto>,
}

impl Method {
    /// Whether the score is the arithmetic mean, so that it is the sum of what the children earn.
    pub fn adds_up(&self) -> bool {
        self.mean == Mean::Arithmetic && self.floor.is_zero() && self.cap_above_lowest.is_none() && self.veto.is_none()
    }
}

/// What is done to values before they are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Transform {
    /// Nothing.
    #[default]
    None,
    /// The natural logarithm; of values above 0.
    Log,
    /// The square root; of values from 0 on.
    SquareRoot,
    /// ln(x ÷ (1 − x)); of shares between 0 and 1.
    Logit,
}

impl Transform {
    /// The transformed value; `None` outside its domain.
    pub fn of(self, value: Decimal) -> Option<f64> {
        let value = value.to_f64()?;
        // libm computes the same bits on every machine.
        match self {
            Self::None => Some(value),
            Self::Log => (value > 0.0).then(|| libm::log(value)),
            Self::SquareRoot => (value >= 0.0).then(|| libm::sqrt(value)),
            Self::Logit => (value > 0.0 && value < 1.0).then(|| libm::log(value / (1.0 - value))),
        }
    }
}

/// Which rows a value is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// All that have a value.
    All,
    /// Those of the same peer group.
    PeerGroup,
}

/// A score that depends on the values of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spread {
    /// 100·(x − worst) ÷ (best − worst).
    MinMax,
    /// 50 + 10·(x − mean) ÷ standard deviation (n − 1), between 0 and 100.
    Z,
    /// 100·(number of others that are worse) ÷ (n − 1).
    Percentile,
    /// 100·(x − worst) ÷ (target − worst), at most 100.
    DistanceToTarget,
}

/// A score by comparison with the other rows of the table, in the place of a curve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relative {
    /// How.
    pub by: Spread,
    /// With whom.
    pub over: Over,
    /// Why it is allowed although one unit's value then moves everybody's score.
    pub allow: Option<String>,
}

/// The keys of a node's method.
pub(super) fn read_method(section: &mut Section<'_>, diagnostics: &mut Diagnostics) -> Method {
    #[derive(Clone, Copy, PartialEq)]
    enum Word {
        Arithmetic,
        Geometric,
        Harmonic,
        Power,
        Lowest,
        Balanced,
    }
    let words = [
        ("arithmetic", Word::Arithmetic),
        ("geometric", Word::Geometric),
        ("harmonic", Word::Harmonic),
        ("power", Word::Power),
        ("lowest", Word::Lowest),
        ("balanced", Word::Balanced),
    ];
    let word = section.word("mean", &words, diagnostics).unwrap_or(Word::Arithmetic);
    let exponent = amount(section, "exponent", diagnostics);
    let mean = match word {
        Word::Arithmetic => Mean::Arithmetic,
        Word::Geometric => Mean::Geometric,
        Word::Harmonic => Mean::Harmonic,
        Word::Lowest => Mean::Lowest,
        Word::Balanced => Mean::Balanced,
        Word::Power => Mean::Power(exponent.unwrap_or(Decimal::ONE)),
    };
    let is_power = word == Word::Power;
    let is_outside = |exponent: Decimal| exponent.abs() < Decimal::new(1, 2) || exponent.abs() > Decimal::from(20);
    if is_power != exponent.is_some() || exponent.is_some_and(is_outside) {
        diagnostics
            .error(
                "mean-exponent",
                section.file(),
                Some(section.span()),
                "`exponent` goes with mean = \"power\", and is 0.01 to 20, or −0.01 to −20",
            )
            .hint("mean = \"power\", exponent = 0.5; an exponent near 0 is mean = \"geometric\"");
    }
    let usual_floor = if matches!(mean, Mean::Geometric | Mean::Harmonic) { Decimal::ONE } else { Decimal::ZERO };
    let floor = score_of(section, "floor", diagnostics).unwrap_or(usual_floor);
    let words = [("move_weight", Missing::MoveWeight), ("zero", Missing::Zero), ("withhold", Missing::Withhold)];
    let missing = section.word("missing", &words, diagnostics).unwrap_or_default();
    let minimum_available = amount(section, "minimum_available", diagnostics).unwrap_or_default();
    if minimum_available < Decimal::ZERO || minimum_available > Decimal::ONE {
        diagnostics
            .error(
                "available-range",
                section.file(),
                Some(section.span()),
                format!("`minimum_available` is {minimum_available}, not a share from 0 to 1"),
            )
            .hint("0.67 = two thirds of the weight must have a score");
    }
    let cap_above_lowest = score_of(section, "cap_above_lowest", diagnostics);
    let veto = match (score_of(section, "veto_below", diagnostics), score_of(section, "veto_cap", diagnostics)) {
        (Some(below), Some(cap)) => Some(NodeVeto { below, cap }),
        (None, None) => None,
        _ => {
            diagnostics
                .error("veto-half", section.file(), Some(section.span()), "`veto_below` and `veto_cap` go together")
                .hint("veto_below = 60, veto_cap = 59: a child below 60 leaves the node at most 59");
            None
        }
    };
    Method { mean, floor, missing, minimum_available, cap_above_lowest, veto }
}

/// An amount that must be a score.
fn score_of(section: &mut Section<'_>, key: &'static str, diagnostics: &mut Diagnostics) -> Option<Decimal> {
    let score = amount(section, key, diagnostics)?;
    if score < Decimal::ZERO || score > Decimal::ONE_HUNDRED {
        diagnostics.error(
            "score-range",
            section.file(),
            Some(section.span()),
            format!("`{key}` is {score}, and scores lie between 0 and 100"),
        );
    }
    Some(score)
}

/// `transform`.
pub(super) fn read_transform(section: &mut Section<'_>, diagnostics: &mut Diagnostics) -> Transform {
    let words = [("none", Transform::None), ("log", Transform::Log), ("square_root", Transform::SquareRoot), ("logit", Transform::Logit)];
    section.word("transform", &words, diagnostics).unwrap_or_default()
}

/// `normalise`, `over` and `allow` of an indicator.
pub(super) fn read_relative(section: &mut Section<'_>, diagnostics: &mut Diagnostics) -> Option<Relative> {
    let words = [
        ("min_max", Spread::MinMax),
        ("z", Spread::Z),
        ("percentile", Spread::Percentile),
        ("distance_to_target", Spread::DistanceToTarget),
    ];
    let by = section.word("normalise", &words, diagnostics);
    let over = section.word("over", &[("all", Over::All), ("peer_group", Over::PeerGroup)], diagnostics);
    let allow = section.text("allow", diagnostics).map(|allow| allow.value).filter(|allow| !allow.trim().is_empty());
    if by.is_none() && (over.is_some() || allow.is_some()) {
        diagnostics
            .error("normalise-missing", section.file(), Some(section.span()), "`over` and `allow` speak of `normalise`, which is not there")
            .hint("normalise = \"min_max\", \"z\", \"percentile\" or \"distance_to_target\"");
    }
    Some(Relative { by: by?, over: over.unwrap_or(Over::PeerGroup), allow })
}
