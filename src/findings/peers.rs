//! What is usual among peers, and how far one unit lies above it.
//!
//! In: for each unit how many of its records show a sign. Out: the probability of so many among units like it. Never here: what the
//! sign is, thresholds of effect, data.
//!
//! Peers are the units of the same tier with acts in the same domain; where too few of them have enough records, the units of
//! every tier. Differences between honest units are part of the model: a binomial whose rates have normal logits around the usual one. How far they spread is
//! not one number but a law, from a prior (the logits of honest offices spread by about a half) and the group's likelihood on a grid; a probability
//! is the mean over that law, so that a few peers, which tell little of how honest offices differ, accuse less readily than many.
//!
//! The fit withstands offenders: a unit whose share lies above the upper quartile of its group counts as no more than "above it"
//! (right-censored likelihood; Cohen 1959, Technometrics 1, for the normal law), so that several offenders in one group don't hide each other, while honest
//! groups with a long tail are still fitted as what they are.

use std::collections::BTreeMap;

use super::tail::{Logits, logit, rate_of};
use super::usual_rate::UsualRate;

/// Spreads of honest units' rates that are thought of, as standard deviations of the logit.
const SPREADS: [f64; 9] = [0.1, 0.2, 0.3, 0.45, 0.65, 0.9, 1.2, 1.6, 2.2];

/// Centre and spread of the prior of the natural logarithm of that spread.
const PRIOR: (f64, f64) = (-0.7, 0.6);

/// A spread with less weight than this adds nothing to a probability that anybody looks at.
const LEAST_WEIGHT: f64 = 1e-4;

/// Units of a group that a fit looks at, evenly over the order of their shares: more would take time and tell little.
const FITTED: usize = 90;

/// A unit further than this many robust deviations above the median is no part of what is called usual.
const OUTLIER: f64 = 3.5;

/// Turns a median absolute deviation into a standard deviation of normal data.
const MAD_TO_SIGMA: f64 = 1.4826;

/// How many records of a unit show a sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// Unit.
    pub unit: String,
    /// Its tier; empty when unknown.
    pub tier: String,
    /// Domain of the acts.
    pub domain: String,
    /// Source table of the records.
    pub table: String,
    /// Records with the sign.
    pub odd: u64,
    /// Records that could show it.
    pub n: u64,
    /// Records that a known effect explains; they are not among those judged.
    pub left_out: u64,
    /// Records that lack what a judgement needs.
    pub unjudged: u64,
    /// How the records hang together, where the detector says so.
    pub occasions: Option<Occasions>,
}

/// Records of one occasion (a day, a party, one upload) tend to be odd together: what is needed to see how much. Sums are over the occasions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Occasions {
    /// Occasions with a judged record.
    pub count: u64,
    /// Of those, the ones with an odd record.
    pub odd: u64,
    /// Squares of their odd records.
    pub odd_squared: u64,
    /// Products of their odd and their judged records.
    pub odd_times_n: u64,
    /// Squares of their judged records.
    pub n_squared: u64,
}

impl Occasions {
    /// By how much the variance of the share exceeds that of independent records; never below 1 (Rao & Scott 1992, Biometrics 48: the ratio
    /// estimator of clustered binary data). Where every record is odd there is no variance to look at: as if all of an occasion were one.
    fn design_effect(&self, odd: u64, n: u64) -> f64 {
        if odd == 0 || n == 0 {
            return 1.0;
        }
        let (n, p) = (n as f64, odd as f64 / n as f64);
        if odd as f64 >= n || self.count < 2 {
            return self.n_squared as f64 / n;
        }
        let squares = self.odd_squared as f64 - 2.0 * p * self.odd_times_n as f64 + p * p * self.n_squared as f64;
        let count = self.count as f64;
        (count / (count - 1.0) * squares / (n * p * (1.0 - p))).max(1.0)
    }

    /// And these besides.
    pub fn add(&mut self, more: Self) {
        self.count += more.count;
        self.odd += more.odd;
        self.odd_squared += more.odd_squared;
        self.odd_times_n += more.odd_times_n;
        self.n_squared += more.n_squared;
    }

    /// Of the records without the sign.
    fn complement(&self) -> Self {
        let odd_squared = (self.n_squared + self.odd_squared).saturating_sub(2 * self.odd_times_n);
        // How many occasions have one is not known; nobody asks of what is left.
        Self { odd: self.count, odd_squared, odd_times_n: self.n_squared - self.odd_times_n, ..*self }
    }
}

impl Share {
    /// A unit's records of a table in a domain, none of them counted yet.
    pub fn of(unit: &str, tier: &str, domain: &str, table: &str) -> Self {
        let [unit, tier, domain, table] = [unit, tier, domain, table].map(str::to_owned);
        Self { unit, tier, domain, table, odd: 0, n: 0, left_out: 0, unjudged: 0, occasions: None }
    }

    /// Odd and judged records, as many as they are worth: fewer than there are, where one occasion made several odd.
    pub fn effective(&self) -> (u64, u64) {
        let effect = self.occasions.map_or(1.0, |occasions| occasions.design_effect(self.odd, self.n));
        let worth = |records: u64| (records as f64 / effect + 1e-9).floor() as u64;
        (worth(self.odd), worth(self.n).max(worth(self.odd)))
    }

    /// Odd records that are not all of one or two occasions.
    pub fn has_several_odd(&self, least: u64) -> bool {
        self.odd >= least && self.occasions.is_none_or(|occasions| occasions.odd >= least)
    }

    /// odd ÷ n.
    pub fn share(&self) -> f64 {
        self.odd as f64 / self.n.max(1) as f64
    }

    /// Why so little of the unit can be judged, where it is what the records lack: that is no pass.
    pub fn why_none(&self) -> Option<String> {
        match (self.n, self.unjudged, self.left_out) {
            (0, 0, left_out) if left_out > 0 => Some(format!("{left_out} 条记录都属于已知影响的日期")),
            (0, unjudged, _) if unjudged > 0 => Some(format!("{unjudged} 条记录缺少判断所需的内容")),
            (n, unjudged, _) if unjudged > 0 => Some(format!("只有 {n} 条记录可以判断，另有 {unjudged} 条缺少判断所需的内容")),
            _ => None,
        }
    }

    /// The records without the sign: too few of one is too many of the other.
    pub fn complement(&self) -> Self {
        let occasions = self.occasions.as_ref().map(Occasions::complement);
        Self { odd: self.n - self.odd, occasions, ..self.clone() }
    }
}

/// What is usual in a group.
#[derive(Debug, Clone, PartialEq)]
struct Usual {
    median: f64,
    /// Spread between units, as a standard deviation.
    spread: f64,
    /// Rate of all units that don't lie far above: what a sentence says is usual.
    pooled: UsualRate,
    /// Rate and weight of each of [`SPREADS`].
    laws: [(f64, f64); SPREADS.len()],
    units: usize,
}

impl Usual {
    /// Nothing is known but a rate.
    fn at(rate: f64) -> Self {
        let weights = normalised(SPREADS.map(ln_prior));
        Self { median: rate, spread: 0.0, pooled: UsualRate::exactly(rate), laws: weights.map(|weight| (rate, weight)), units: 0 }
    }

    fn kept_weight(&self) -> f64 {
        self.laws.iter().map(|(_, weight)| *weight).filter(|weight| *weight >= LEAST_WEIGHT).sum()
    }

    /// Probability of at least `odd` of `n`, the rate never below `least_rate`.
    fn upper_tail(&self, odd: u64, n: u64, least_rate: f64) -> f64 {
        // What is not above the usual stands out for nothing; how usual it is, nobody asks.
        if odd as f64 <= n as f64 * self.pooled.rate().max(least_rate) {
            return 1.0;
        }
        let kept = self.laws.iter().zip(SPREADS).filter(|((_, weight), _)| *weight >= LEAST_WEIGHT);
        let of = |((rate, weight), spread): (&(f64, f64), f64)| {
            let centre = logit(rate.max(least_rate).clamp(1e-6, 1.0 - 1e-6));
            weight * Logits { centre, spread }.upper_tail(odd, n)
        };
        (kept.map(of).sum::<f64>() / self.kept_weight()).min(1.0)
    }
}

/// One unit against its peers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Compared {
    /// Rate among its peers.
    pub usual: UsualRate,
    /// Probability of at least so many.
    pub p: f64,
    /// Robust distance from the median of the group.
    pub z: f64,
    /// Units in the group, itself among them.
    pub peers: usize,
    /// The group holds units of every tier.
    pub all_tiers: bool,
}

/// The groups of one sign.
pub struct Peers {
    by_tier: BTreeMap<(String, String, String), Usual>,
    by_domain: BTreeMap<(String, String), Usual>,
}

impl Peers {
    /// Fits every group that has at least `minimum_peers` units with at least a third of `minimum_n` records: what is tested must
    /// rest on `minimum_n`, but a smaller peer also says what is usual, weighted by its records.
    pub fn fit(shares: &[Share], minimum_n: u64, minimum_peers: usize) -> Self {
        let mut by_tier: BTreeMap<_, Vec<&Share>> = BTreeMap::new();
        let mut by_domain: BTreeMap<_, Vec<&Share>> = BTreeMap::new();
        for share in shares.iter().filter(|share| share.n >= (minimum_n / 3).max(1)) {
            by_tier.entry((share.table.clone(), share.domain.clone(), share.tier.clone())).or_default().push(share);
            by_domain.entry((share.table.clone(), share.domain.clone())).or_default().push(share);
        }
        let enough = |group: &Vec<&Share>| (group.len() >= minimum_peers.max(1)).then(|| usual(group));
        Self {
            by_tier: by_tier.into_iter().filter_map(|(key, group)| Some((key, enough(&group)?))).collect(),
            by_domain: by_domain.into_iter().filter_map(|(key, group)| Some((key, enough(&group)?))).collect(),
        }
    }

    /// The unit against its group; the rate it is held against is never below `least_rate`. Without peers only a positive
    /// `least_rate` can be tested against.
    pub fn compare(&self, share: &Share, least_rate: f64) -> Option<Compared> {
        let of_tier = self.by_tier.get(&(share.table.clone(), share.domain.clone(), share.tier.clone()));
        let group = of_tier.or_else(|| self.by_domain.get(&(share.table.clone(), share.domain.clone())));
        let alone;
        let usual = match group {
            Some(usual) => usual,
            None if least_rate > 0.0 => {
                alone = Usual::at(least_rate);
                &alone
            }
            None => return None,
        };
        let (odd, n) = share.effective();
        Some(Compared {
            usual: usual.pooled,
            p: usual.upper_tail(odd, n, least_rate),
            z: (share.share() - usual.median) / deviation(usual, n),
            peers: usual.units,
            all_tiers: of_tier.is_none(),
        })
    }
}

/// Spread between units and chance within one together (the additive model of Spiegelhalter 2005).
fn deviation(usual: &Usual, n: u64) -> f64 {
    let n = n.max(1) as f64;
    let rate = usual.median.max(1.0 / n).min(0.5);
    (usual.spread * usual.spread + rate * (1.0 - rate) / n).sqrt()
}

fn usual(group: &[&Share]) -> Usual {
    let mut sorted: Vec<&Share> = group.to_vec();
    sorted.sort_by(|a, b| a.share().total_cmp(&b.share()).then(a.n.cmp(&b.n)));
    let shares: Vec<f64> = sorted.iter().map(|share| share.share()).collect();
    let centre = median(shares.clone());
    let spread = MAD_TO_SIGMA * median(shares.iter().map(|share| (share - centre).abs()).collect());
    let quartile = shares[(shares.len() * 3 / 4).saturating_sub(1)];
    let step = sorted.len().div_ceil(FITTED);
    let fitted: Vec<&Share> = sorted.iter().copied().step_by(step).collect();
    let fits = SPREADS.map(|spread| best_rate(&fitted, quartile, spread));
    let mut posterior = SPREADS.map(ln_prior);
    posterior.iter_mut().zip(&fits).for_each(|(weight, (_, likelihood))| *weight += likelihood);
    let weights = normalised(posterior);
    let mut laws = [(0.0, 0.0); SPREADS.len()];
    for (law, ((rate, _), weight)) in laws.iter_mut().zip(fits.into_iter().zip(weights)) {
        *law = (rate, weight);
    }
    let fitted = Usual { median: centre, spread, pooled: UsualRate::exactly(centre), laws, units: group.len() };
    let kept = group.iter().filter(|share| share.share() - centre <= OUTLIER * deviation(&fitted, share.n));
    let (odd, n, units) = kept.fold((0, 0, 0), |(odd, n, units), share| (odd + share.odd, n + share.n, units + 1));
    let between = weights.iter().zip(SPREADS).map(|(weight, spread)| weight * spread * spread).sum();
    Usual { pooled: UsualRate::counted(odd, n, between, units), ..fitted }
}

fn ln_prior(of: f64) -> f64 {
    let (centre, spread) = PRIOR;
    -0.5 * ((of.ln() - centre) / spread).powi(2)
}

/// Weights that add up to 1 from their logarithms.
fn normalised<const N: usize>(logarithms: [f64; N]) -> [f64; N] {
    let highest = logarithms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let weights = logarithms.map(|logarithm| (logarithm - highest).exp());
    let sum: f64 = weights.iter().sum();
    weights.map(|weight| weight / sum)
}

/// The rate with the highest likelihood at a spread, with that likelihood's logarithm; by golden sections of the rate's logit.
fn best_rate(group: &[&Share], quartile: f64, spread: f64) -> (f64, f64) {
    const GOLDEN: f64 = 0.618_033_988_749_894_8;
    let likelihood = |centre: f64| ln_likelihood(group, quartile, Logits { centre, spread });
    let (mut low, mut high) = (-11.0_f64, 11.0_f64);
    let (mut left, mut right) = (high - GOLDEN * (high - low), low + GOLDEN * (high - low));
    let (mut of_left, mut of_right) = (likelihood(left), likelihood(right));
    for _ in 0..16 {
        if of_left > of_right {
            (high, right, of_right) = (right, left, of_left);
            left = high - GOLDEN * (high - low);
            of_left = likelihood(left);
        } else {
            (low, left, of_left) = (left, right, of_right);
            right = low + GOLDEN * (high - low);
            of_right = likelihood(right);
        }
    }
    if of_left > of_right { (rate_of(left), of_left) } else { (rate_of(right), of_right) }
}

fn ln_likelihood(group: &[&Share], quartile: f64, logits: Logits) -> f64 {
    let of = |share: &&Share| {
        let (odd, n) = share.effective();
        if share.share() > quartile { logits.above(quartile, n).max(f64::MIN_POSITIVE).ln() } else { logits.ln_likelihood(odd, n) }
    };
    group.iter().map(of).sum()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => 0.0,
        length if length % 2 == 1 => values[length / 2],
        length => (values[length / 2 - 1] + values[length / 2]) / 2.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(unit: usize, tier: &str, odd: u64, n: u64) -> Share {
        Share { odd, n, ..Share::of(&format!("U{unit}"), tier, "market", "cases") }
    }

    fn group(counts: &[(u64, u64)]) -> Vec<Share> {
        counts.iter().enumerate().map(|(unit, (odd, n))| share(unit, "county", *odd, *n)).collect()
    }

    #[test]
    fn one_unit_far_above_honest_peers_is_improbable_and_the_peers_are_not() {
        let shares = group(&[(2, 100), (1, 80), (3, 120), (0, 60), (2, 90), (40, 100)]);
        let peers = Peers::fit(&shares, 30, 4);
        let p = |index: usize| peers.compare(&shares[index], 0.0).expect("the group is large enough").p;
        assert!(p(5) < 1e-3, "{}", p(5));
        assert!((0..5).all(|index| p(index) > 0.1));
    }

    #[test]
    fn two_offenders_in_one_group_do_not_hide_each_other() {
        let shares = group(&[(2, 100), (1, 80), (3, 120), (0, 60), (40, 100), (35, 100)]);
        let peers = Peers::fit(&shares, 30, 4);
        assert!(shares[4..].iter().all(|share| peers.compare(share, 0.0).is_some_and(|compared| compared.p < 1e-3 && compared.z > 3.5)));
    }

    #[test]
    fn what_everybody_does_is_usual() {
        let shares = group(&[(60, 100), (50, 80), (80, 120), (35, 60), (55, 90), (70, 100)]);
        let peers = Peers::fit(&shares, 30, 4);
        assert!(shares.iter().all(|share| peers.compare(share, 0.0).is_some_and(|compared| compared.p > 0.05)));
    }

    #[test]
    fn a_group_that_is_too_small_falls_back_on_its_domain_and_then_on_nothing() {
        let mut shares = group(&[(2, 100), (1, 80), (3, 120), (0, 60)]);
        shares.push(share(9, "township", 30, 60));
        let peers = Peers::fit(&shares, 30, 4);
        assert!(peers.compare(&shares[4], 0.0).is_some_and(|compared| compared.p < 2e-3));
        let alone = Peers::fit(&shares[4..], 30, 4);
        assert_eq!(alone.compare(&shares[4], 0.0), None);
        assert!(alone.compare(&shares[4], 0.01).is_some_and(|compared| compared.p < 1e-3));
    }

    #[test]
    fn a_few_of_many_stand_out_where_nobody_else_has_one() {
        let mut shares = group(&[(0, 300); 12]);
        shares.push(share(20, "county", 6, 218));
        let peers = Peers::fit(&shares, 30, 4);
        assert!(peers.compare(&shares[12], 0.0).is_some_and(|compared| compared.p < 1e-3));
    }

    /// Occasions of so many records, of which so many are odd.
    fn occasions(of: &[(u64, u64)]) -> Occasions {
        let sum = |term: fn(u64, u64) -> u64| of.iter().map(|(odd, n)| term(*odd, *n)).sum();
        Occasions {
            count: of.len() as u64,
            odd: of.iter().filter(|(odd, _)| *odd > 0).count() as u64,
            odd_squared: sum(|odd, _| odd * odd),
            odd_times_n: sum(|odd, n| odd * n),
            n_squared: sum(|_, n| n * n),
        }
    }

    #[test]
    fn records_of_one_occasion_count_as_one_and_independent_ones_as_many() {
        let of = |of: &[(u64, u64)]| {
            let (odd, n) = of.iter().fold((0, 0), |(odd, n), one| (odd + one.0, n + one.1));
            Share { odd, n, occasions: Some(occasions(of)), ..share(1, "county", 0, 0) }
        };
        let mut one_day = vec![(0, 1); 12];
        one_day.push((8, 8));
        let (odd, n) = of(&one_day).effective();
        assert!(odd <= 2 && n <= 4, "{odd} of {n}");
        assert!(!of(&one_day).has_several_odd(3));
        // Every second record of each day: as independent as can be.
        assert_eq!(of(&[(2, 4); 20]).effective(), (40, 80));
        assert_eq!(of(&[(1, 1); 30]).effective(), (30, 30));
        assert_eq!(of(&[(10, 10); 3]).effective(), (3, 3));
        // Against the variance between days, computed directly: r = odd − p·n of each, (C ÷ (C − 1)) Σ r² ÷ (N p (1 − p)).
        let days = [(3_u64, 4_u64), (0, 2), (1, 5), (6, 6), (0, 3)];
        let (odd, n) = (10.0_f64, 20.0_f64);
        let squares: f64 = days.iter().map(|(o, m)| (*o as f64 - odd / n * *m as f64).powi(2)).sum();
        let expected = 5.0 / 4.0 * squares / (n * 0.25);
        assert!((occasions(&days).design_effect(10, 20) - expected).abs() < 1e-9);
        assert!((occasions(&days).complement().design_effect(10, 20) - expected).abs() < 1e-9, "a share and what is left of it vary alike");
    }

    #[test]
    fn units_below_the_minimum_shape_nothing() {
        let shares = group(&[(20, 20), (19, 20), (1, 80), (3, 120), (0, 60), (1, 70)]);
        let peers = Peers::fit(&shares, 30, 4);
        assert!(peers.compare(&shares[2], 0.0).is_some_and(|compared| compared.usual.share < 0.03));
    }
}
