//! What is usual among peers, and how far one unit lies above it.
//!
//! In: for each unit how many of its records show a sign. Out: the probability of so many among units like it. Never here: what the
//! sign is, thresholds of effect, data.
//!
//! Peers are the units of the same tier with acts in the same domain; where too few of them have enough records, the units of
//! every tier. The fit is robust: units that lie far above the median of their group don't shape what counts as usual, so several
//! offenders in one group don't hide each other. Differences between honest units are part of the model (beta-binomial with a correlation
//! fitted by moments), never below [`LEAST_CORRELATION`]: offices are never exactly alike. For a sign that hardly anybody
//! shows that floor sinks with the rate, so that honest rates are never thought to spread wider than their own mean.

use std::collections::BTreeMap;

use super::tail::upper_tail;

/// Least intra-unit correlation. With 1000 records it more than doubles the standard deviation that pure chance would give.
pub const LEAST_CORRELATION: f64 = 0.005;

/// A unit further than this many robust deviations above the median does not shape the fit.
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
}

impl Share {
    /// odd ÷ n.
    pub fn share(&self) -> f64 {
        self.odd as f64 / self.n.max(1) as f64
    }

    /// The records without the sign: too few of one is too many of the other.
    pub fn complement(&self) -> Self {
        Self { odd: self.n - self.odd, ..self.clone() }
    }
}

/// What is usual in a group.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Usual {
    median: f64,
    /// Spread between units, as a standard deviation.
    spread: f64,
    rate: f64,
    correlation: f64,
    units: usize,
}

/// One unit against its peers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Compared {
    /// Rate among its peers.
    pub usual: f64,
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
        let group = of_tier.or_else(|| self.by_domain.get(&(share.table.clone(), share.domain.clone()))).copied();
        let usual = match group {
            Some(usual) => usual,
            None if least_rate > 0.0 => Usual { median: least_rate, spread: 0.0, rate: least_rate, correlation: 0.0, units: 0 },
            None => return None,
        };
        let rate = usual.rate.max(least_rate);
        Some(Compared {
            usual: usual.rate,
            p: upper_tail(share.odd, share.n, rate, usual.correlation.max(LEAST_CORRELATION.min(rate))),
            z: (share.share() - usual.median) / deviation(&usual, share.n),
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
    let centre = median(group.iter().map(|share| share.share()).collect());
    let spread = MAD_TO_SIGMA * median(group.iter().map(|share| (share.share() - centre).abs()).collect());
    let first = Usual { median: centre, spread, rate: centre, correlation: 0.0, units: group.len() };
    let kept: Vec<&&Share> = group.iter().filter(|share| share.share() - centre <= OUTLIER * deviation(&first, share.n)).collect();
    let (odd, n) = kept.iter().fold((0, 0), |(odd, n), share| (odd + share.odd, n + share.n));
    let rate = (odd as f64 + 0.5) / (n as f64 + 1.0);
    Usual { rate, correlation: correlation(&kept, rate, n as f64), ..first }
}

/// Intra-unit correlation by moments.
fn correlation(group: &[&&Share], rate: f64, total: f64) -> f64 {
    let within = rate * (1.0 - rate);
    let (mut squares, mut a, mut c) = (0.0, 0.0, 0.0);
    for share in group {
        let n = share.n as f64;
        squares += n * (share.share() - rate).powi(2);
        a += 1.0 - n / total;
        c += n * (1.0 - n / total);
    }
    let below = within * (c - a);
    if below <= 0.0 { 0.0 } else { ((squares - within * a) / below).clamp(0.0, 0.99) }
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
        Share { unit: format!("U{unit}"), tier: tier.to_owned(), domain: "market".to_owned(), table: "cases".to_owned(), odd, n }
    }

    fn group(counts: &[(u64, u64)]) -> Vec<Share> {
        counts.iter().enumerate().map(|(unit, (odd, n))| share(unit, "county", *odd, *n)).collect()
    }

    #[test]
    fn one_unit_far_above_honest_peers_is_improbable_and_the_peers_are_not() {
        let shares = group(&[(2, 100), (1, 80), (3, 120), (0, 60), (2, 90), (40, 100)]);
        let peers = Peers::fit(&shares, 30, 4);
        let p = |index: usize| peers.compare(&shares[index], 0.0).expect("the group is large enough").p;
        assert!(p(5) < 1e-9, "{}", p(5));
        assert!((0..5).all(|index| p(index) > 0.1));
    }

    #[test]
    fn two_offenders_in_one_group_do_not_hide_each_other() {
        let shares = group(&[(2, 100), (1, 80), (3, 120), (0, 60), (40, 100), (35, 100)]);
        let peers = Peers::fit(&shares, 30, 4);
        assert!(shares[4..].iter().all(|share| peers.compare(share, 0.0).is_some_and(|compared| compared.p < 1e-6 && compared.z > 3.5)));
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
        assert!(peers.compare(&shares[4], 0.0).is_some_and(|compared| compared.p < 1e-6));
        let alone = Peers::fit(&shares[4..], 30, 4);
        assert_eq!(alone.compare(&shares[4], 0.0), None);
        assert!(alone.compare(&shares[4], 0.01).is_some_and(|compared| compared.p < 1e-6));
    }

    #[test]
    fn a_few_of_many_stand_out_where_nobody_else_has_one() {
        let mut shares = group(&[(0, 300); 12]);
        shares.push(share(20, "county", 6, 218));
        let peers = Peers::fit(&shares, 30, 4);
        assert!(peers.compare(&shares[12], 0.0).is_some_and(|compared| compared.p < 1e-4));
    }

    #[test]
    fn units_below_the_minimum_shape_nothing() {
        let shares = group(&[(20, 20), (19, 20), (1, 80), (3, 120), (0, 60), (1, 70)]);
        let peers = Peers::fit(&shares, 30, 4);
        assert!(peers.compare(&shares[2], 0.0).is_some_and(|compared| compared.usual < 0.03));
    }
}
