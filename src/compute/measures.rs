//! Measures: what compute hands to scoring.
//!
//! In: nothing. Out: the row type of the result table `measures` and its order. Never here: division, policy.

use crate::terms::{Fraction, IndicatorId, Month};

/// The domain of what speaks about no domain in particular: in SQL, in measures and in regional values.
pub const NO_DOMAIN: &str = "";

/// Whose acts a measure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// The subject's own acts.
    Own,
    /// The subject's own acts and those of every unit below it.
    Subtree,
}

impl Scope {
    /// The word that tables and schemes use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Subtree => "subtree",
        }
    }
}

/// What was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amount {
    /// Numerator over denominator.
    Ratio(Fraction),
    /// A value over `n` answers, scaled by [`Fraction::SCALE`]; `None` when there is nothing to take it of.
    Value {
        /// The value × [`Fraction::SCALE`].
        value: Option<i128>,
        /// How many answers it rests on.
        n: i64,
    },
}

/// One indicator for one subject, domain and month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measure {
    /// Which indicator.
    pub indicator: IndicatorId,
    /// `unit_id`, or `region_code` for an indicator of shape "region", or [`pair_subject`] for one of shape "pair".
    pub subject: String,
    /// Domain of the acts.
    pub domain: String,
    /// The month it belongs to; for windows other than flow, the month at whose end it was computed.
    pub month: Month,
    /// Whose acts.
    pub scope: Scope,
    /// What was measured.
    pub amount: Amount,
    /// Rows whose deadline is still ahead.
    pub pending: i64,
    /// Of those, rows whose deadline falls within the days of `ledger.due_soon_days`; 0 where the rows have no deadline of their own.
    pub due_soon: i64,
    /// Rows left out, for a reason that the population names.
    pub excluded: i64,
    /// True when a source was held and the value is that of an earlier run.
    pub held: bool,
}

impl Measure {
    /// Adds what another unit did in the same domain and month. Only ratios add up; another figure stands as it is.
    pub(super) fn add(&mut self, other: &Self) {
        if let (Amount::Ratio(total), Amount::Ratio(part)) = (&mut self.amount, &other.amount) {
            *total = total.merge(*part);
        }
        self.pending += other.pending;
        self.excluded += other.excluded;
        self.due_soon += other.due_soon;
    }
}

/// The subject of a pair of regions, in its direction: what the first owes the second.
pub fn pair_subject(region_a: &str, region_b: &str) -> String {
    format!("{region_a}|{region_b}")
}

/// Sorts measures by their declared key: indicator, subject, domain, month, scope.
pub fn sort_measures(measures: &mut [Measure]) {
    // No two measures have the same key, so that nothing is lost by an order that is not stable.
    measures.sort_unstable_by(|a, b| {
        (&a.indicator, &a.subject, &a.domain, a.month, a.scope).cmp(&(&b.indicator, &b.subject, &b.domain, b.month, b.scope))
    });
}
