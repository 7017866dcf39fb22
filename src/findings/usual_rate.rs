//! A rate that a unit is held against, how well it is known, and how many times as large the unit's own odds are.
//!
//! In: counts of peers and how far honest peers differ. Out: odds ratios with limits. Never here: probabilities, floors.

use super::peers::Share;
use super::tail::{logit, rate_of};
use crate::statistics::proportion::{DEVIATE_95, wilson_at};

/// What is usual.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UsualRate {
    /// As it was counted: what a sentence says.
    pub share: f64,
    /// Its logit; half a row keeps that of counts without an odd row finite.
    logit: f64,
    /// Standard error of the logit.
    error: f64,
}

impl UsualRate {
    /// A rate that is given.
    pub fn exactly(rate: f64) -> Self {
        Self { share: rate, logit: logit(rate.clamp(1e-9, 1.0 - 1e-9)), error: 0.0 }
    }

    /// The rate of so many rows of so many units, whose own logits have this variance.
    pub fn counted(odd: u64, n: u64, between: f64, units: usize) -> Self {
        let (with, without) = (odd as f64 + 0.5, (n - odd) as f64 + 0.5);
        let variance = 1.0 / with + 1.0 / without + between / units.max(1) as f64;
        Self { share: odd as f64 / n.max(1) as f64, logit: (with / without).ln(), error: variance.sqrt() }
    }

    /// The rate that a test compares with: never 0 or 1.
    pub fn rate(self) -> f64 {
        rate_of(self.logit)
    }

    /// The rate of the rows without the sign.
    pub fn complement(self) -> Self {
        Self { share: 1.0 - self.share, logit: -self.logit, ..self }
    }

    /// The odds of a unit's share, whose limits are as wide as its records are worth.
    pub fn odds_ratio_of(self, share: &Share) -> (Option<f64>, Option<(f64, f64)>) {
        let (odd, n) = share.effective();
        (self.odds_ratio(share.odd, share.n).0, self.odds_ratio(odd, n).1)
    }

    /// The odds of a unit's share against the usual odds, with 95 % limits; nothing where the unit has every row. Where both shares are small, this
    /// is how many times the usual; unlike that it reads the same for a share and for what is left of it.
    ///
    /// Limits: Wilson's of the share and those of the usual rate together, by squaring and adding their distances (MOVER; Zou & Donner 2008).
    pub fn odds_ratio(self, odd: u64, n: u64) -> (Option<f64>, Option<(f64, f64)>) {
        let share = odd as f64 / n.max(1) as f64;
        let ratio = |share: f64| (share < 1.0).then(|| share / (1.0 - share) / self.logit.exp());
        let limits = wilson_at(odd, n, DEVIATE_95).and_then(|limits| {
            let (low, high, own) = (ratio(limits.low)?, ratio(limits.high)?, ratio(share)?);
            let reach = DEVIATE_95 * self.error;
            // Without an odd row the logarithm of the own odds is no number: the usual rate's distance is all that is added.
            if odd == 0 {
                return Some((0.0, high * reach.exp()));
            }
            let apart = |limit: f64| ((limit / own).ln().powi(2) + reach * reach).sqrt().exp();
            Some((own / apart(low), own * apart(high)))
        });
        (ratio(share), limits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn against_a_given_rate_the_limits_are_those_of_the_share_alone() {
        let (ratio, limits) = UsualRate::exactly(0.2).odds_ratio(50, 100);
        let wilson = wilson_at(50, 100, DEVIATE_95).expect("counts");
        let odds = |share: f64| share / (1.0 - share) / 0.25;
        let (low, high) = limits.expect("finite odds");
        assert!((ratio.expect("finite odds") - 4.0).abs() < 1e-9);
        assert!((low - odds(wilson.low)).abs() < 1e-9 && (high - odds(wilson.high)).abs() < 1e-9);
    }

    #[test]
    fn the_less_is_known_of_the_peers_the_wider_the_limits() {
        let width = |usual: UsualRate| usual.odds_ratio(50, 100).1.map_or(f64::NAN, |(low, high)| (high / low).ln());
        let (many, few, differing) =
            (UsualRate::counted(2_000, 10_000, 0.0, 30), UsualRate::counted(4, 20, 0.0, 4), UsualRate::counted(2_000, 10_000, 0.6, 4));
        assert!(width(UsualRate::exactly(0.2)) < width(many) && width(many) < width(few) && width(many) < width(differing));
        // Both samples of the same size: nearly the limits of the logarithm of an odds ratio of two samples (Woolf 1955), ±1.96 √(Σ 1/cell).
        let equal = UsualRate::counted(50, 100, 0.0, 1);
        let woolf = 2.0 * DEVIATE_95 * (4.0_f64 / 50.0).sqrt();
        assert!((width(equal) / woolf - 1.0).abs() < 0.03, "{} {woolf}", width(equal));
    }

    #[test]
    fn peers_without_an_odd_row_are_shown_as_none_and_still_have_odds() {
        let usual = UsualRate::counted(0, 400, 0.0, 10);
        assert_eq!(usual.share, 0.0);
        let (ratio, limits) = usual.odds_ratio(6, 100);
        let (low, high) = limits.expect("finite odds");
        assert!(ratio.is_some_and(|ratio| ratio > 40.0 && low > 1.0 && low < ratio && ratio < high));
        assert_eq!((usual.odds_ratio(100, 100).0, usual.odds_ratio(0, 100).0), (None, Some(0.0)));
    }

    #[test]
    fn the_complement_turns_the_odds_over() {
        let usual = UsualRate::counted(30, 100, 0.3, 5);
        let ((one, limits), (other, turned)) = (usual.odds_ratio(60, 100), usual.complement().odds_ratio(40, 100));
        assert!((one.expect("odds") * other.expect("odds") - 1.0).abs() < 1e-9);
        let ((low, high), (turned_low, turned_high)) = (limits.expect("limits"), turned.expect("limits"));
        assert!((low * turned_high - 1.0).abs() < 1e-9 && (high * turned_low - 1.0).abs() < 1e-9);
    }
}
