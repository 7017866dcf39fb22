//! The share of odd rows against peers, and beside the unit's own share a year before.
//!
//! In: judged rows. Out: one test for each sign, unit, domain and table. Never here: what a sign means.
//!
//! p: the tail of the law fitted to the peers ([`super::peers`]); for "too few" the same of the rows that are not odd. Effect: the odds of
//! the unit's share against the usual odds, which must reach `finding.peer_ratio`. Besides, three odd rows at least and the
//! detector's floor: of the unit's own share for "too many", of the peers' usual share for "too few" (where hardly anybody shows the sign,
//! showing none says nothing). Where the detector names an occasion of each row (a day of decisions, a party), records of one occasion are worth fewer
//! ([`super::peers::Share::effective`]), and three occasions at least must have an odd row.

use std::collections::BTreeMap;

use super::peers::{Peers, Share};
use super::tested::{EvidenceOf, Tested};
use super::{Detecting, LEAST_ODD, percent};
use crate::error::Result;
use crate::library::detector::{Detector, Tail};

/// What a share is tested for.
pub(super) struct ShareTest<'a> {
    /// Too many or too few.
    pub tail: Tail,
    /// The rate that a share is held against is never below this.
    pub least_rate: f64,
    /// The sentence.
    pub says: &'a str,
}

/// Tests every sign.
pub(super) async fn test<'a>(detecting: &Detecting<'a>, test: &ShareTest<'_>) -> Result<Vec<Tested<'a>>> {
    let shares = detecting.shares().await?;
    let mut tests = Vec::new();
    for (sign, shares) in &shares {
        tests.extend(test_sign(detecting, test, sign, shares)?);
    }
    Ok(tests)
}

/// Shares of the same span a year before.
pub(super) struct Before(BTreeMap<String, Vec<Share>>);

impl Before {
    /// Judges the rows of the year before by the same SQL, as they stand today; none of a statistic that has no use for them.
    pub(super) async fn read(detecting: &Detecting<'_>) -> Result<Option<Self>> {
        Ok(detecting.shares_before().await?.map(Self))
    }

    /// The share of the same unit, domain, table and sign, where it had enough rows to speak of.
    pub(super) fn of(&self, test: &Tested<'_>) -> Option<&Share> {
        let (share, is_same) = (&test.share, |a: &Share, b: &Share| (&a.unit, &a.domain, &a.table) == (&b.unit, &b.domain, &b.table));
        self.0.get(&test.sign)?.iter().find(|before| is_same(before, share) && before.n >= test.detector.minimum_n)
    }
}

/// The unit's own history in words.
pub(super) fn says_before(before: &Share) -> String {
    format!("上年同期本单位 {}（{} 条）。", percent(before.share()), before.n)
}

/// Tests one sign: one test for each share, in their order.
pub(super) fn test_sign<'a>(detecting: &Detecting<'a>, test: &ShareTest<'_>, sign: &str, shares: &[Share]) -> Result<Vec<Tested<'a>>> {
    let request = detecting.request;
    let mut peer_ratios = BTreeMap::new();
    for share in shares {
        if !peer_ratios.contains_key(&share.domain) {
            peer_ratios.insert(share.domain.clone(), request.parameter("finding.peer_ratio", Some(&share.domain))?);
        }
    }
    let against = Against { minimum_peers: request.parameter("finding.minimum_peers", None)? as usize, peer_ratios };
    Ok(judged_against_peers(detecting.detector, &against, test, sign, shares))
}

/// What shares are judged by, beside the detector's own limits.
pub(super) struct Against {
    /// Units that a group needs.
    pub minimum_peers: usize,
    /// How many times the usual odds, by domain.
    pub peer_ratios: BTreeMap<String, f64>,
}

/// One test for each share.
pub(super) fn judged_against_peers<'a>(
    detector: &'a Detector,
    against: &Against,
    test: &ShareTest<'_>,
    sign: &str,
    shares: &[Share],
) -> Vec<Tested<'a>> {
    let minimum_peers = against.minimum_peers;
    let sided: Vec<Share> = shares.iter().map(|share| if test.tail == Tail::Upper { share.clone() } else { share.complement() }).collect();
    let peers = Peers::fit(&sided, detector.minimum_n, minimum_peers);
    let mut tests = Vec::new();
    for (share, sided) in shares.iter().zip(&sided) {
        if share.n < detector.minimum_n {
            tests.push(Tested::not_made(detector, share, sign, share.share(), share.why_none().as_deref()));
            continue;
        }
        let Some(compared) = peers.compare(sided, test.least_rate) else {
            let why = format!("同类中记录数足够的主体不足 {minimum_peers} 个");
            tests.push(Tested::not_made(detector, share, sign, share.share(), Some(&why)));
            continue;
        };
        let usual = if test.tail == Tail::Upper { compared.usual } else { compared.usual.complement() };
        let (effect, effect_interval) = usual.odds_ratio_of(share);
        let usual = usual.share;
        let ratio = against.peer_ratios.get(&share.domain).copied().unwrap_or(1.0);
        let is_large = match test.tail {
            Tail::Upper => {
                share.has_several_odd(LEAST_ODD) && share.share() >= detector.floor && effect.is_none_or(|effect| effect >= ratio)
            }
            Tail::Lower => usual >= detector.floor && effect.is_none_or(|effect| effect <= 1.0 / ratio),
        };
        let says = filled(test.says, share, usual, sign);
        let evidence = match test.tail {
            Tail::Upper => EvidenceOf::Odd(sign.to_owned()),
            Tail::Lower => EvidenceOf::NotOdd(sign.to_owned()),
        };
        tests.push(Tested {
            detector,
            share: share.clone(),
            sign: sign.to_owned(),
            statistic: share.share(),
            usual: Some(usual),
            peers: compared.peers,
            all_tiers: compared.all_tiers,
            effect,
            effect_interval,
            p: Some(compared.p),
            worth: is_large,
            not_applicable: None,
            says,
            evidence,
        });
    }
    tests
}

/// A detector's sentence with its figures.
pub(super) fn filled(says: &str, share: &Share, usual: f64, sign: &str) -> String {
    let mut says = says.to_owned();
    let values = [
        ("n", share.n.to_string()),
        ("odd", share.odd.to_string()),
        ("share", percent(share.share())),
        ("usual", percent(usual)),
        ("sign", sign.to_owned()),
    ];
    for (name, value) in values {
        says = says.replace(&format!("{{{name}}}"), &value);
    }
    says
}
