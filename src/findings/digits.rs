//! Last digits that are not spread as those of the unit's peers.
//!
//! In: whole numbers of the unit's records. Out: a test for each unit, domain, table and sign. Never here: amounts that a tariff or the law rounds
//! (the SELECT leaves them out); first digits ([`super::first_digits`]).
//!
//! People round: a share of fives and noughts is usual, and how large it is differs from one honest office to the next. So that share is judged as any
//! other, by the law fitted to the unit's peers ([`super::peers`]): p is its upper tail. Beside it the ten digits together must lie far from those of
//! the peers: Cohen's w = √(X² ÷ n) ≥ the detector's floor, where X² = Σ (observed − expected)² ÷ expected and the other units of the group say
//! what is expected. A test by X² itself would call every habit a finding: habits differ along one of its nine directions only, so that no
//! factor makes them a χ².

use std::collections::BTreeMap;

use arrow::datatypes::DataType;
use datafusion::functions::math::expr_fn::abs;
use datafusion::functions_aggregate::expr_fn::count;
use datafusion::logical_expr::Expr;
use datafusion::prelude::{DataFrame, cast as as_type, col, lit};

use super::peers::{Peers, Share};
use super::tail::chi_squared;
use super::tested::{EvidenceOf, Tested};
use super::{Detecting, LEAST_ODD, judged, percent};
use crate::error::{Context, Kind, Result};
use crate::library::detector::Detector;
use crate::statistics::proportion::DEVIATE_95;

const DIGITS: usize = 10;

/// How many numbers end in each digit.
type Digits = [u64; DIGITS];

/// Sign, table, domain, unit.
type Key = (String, String, String, String);

/// Tests every unit.
pub(super) async fn test<'a>(detecting: &Detecting<'a>) -> Result<Vec<Tested<'a>>> {
    let minimum_peers = detecting.request.parameter("finding.minimum_peers", None)? as usize;
    let digits = read(detecting).await?;
    let mut tests = Vec::new();
    for (sign, shares) in &detecting.shares().await? {
        let own = |share: &Share| {
            let key = (sign.clone(), share.table.clone(), share.domain.clone(), share.unit.clone());
            digits.get(&key).copied().unwrap_or_default()
        };
        let counted: Vec<(&Share, Digits)> = shares.iter().map(|share| (share, own(share))).collect();
        tests.extend(judged_against_peers(detecting.detector, minimum_peers, sign, &counted));
    }
    Ok(tests)
}

/// One test for each unit of a sign.
fn judged_against_peers<'a>(detector: &'a Detector, minimum_peers: usize, sign: &str, counted: &[(&Share, Digits)]) -> Vec<Tested<'a>> {
    let shares: Vec<Share> = counted.iter().map(|(share, _)| (*share).clone()).collect();
    let peers = Peers::fit(&shares, detector.minimum_n, minimum_peers);
    let (mut of_domain, mut of_tier) = (BTreeMap::<_, Digits>::new(), BTreeMap::<_, Digits>::new());
    for (share, digits) in counted {
        add(of_domain.entry((&share.table, &share.domain)).or_default(), digits);
        add(of_tier.entry((&share.table, &share.domain, &share.tier)).or_default(), digits);
    }
    let mut tests = Vec::new();
    for (share, digits) in counted {
        if share.n < detector.minimum_n {
            tests.push(Tested::not_made(detector, share, sign, share.share(), share.why_none().as_deref()));
            continue;
        }
        let Some(compared) = peers.compare(share, 0.0) else {
            let why = format!("同类中记录数足够的主体不足 {minimum_peers} 个");
            tests.push(Tested::not_made(detector, share, sign, share.share(), Some(&why)));
            continue;
        };
        let group = match compared.all_tiers {
            true => of_domain[&(&share.table, &share.domain)],
            false => of_tier[&(&share.table, &share.domain, &share.tier)],
        };
        let w = (chi_squared(digits, &shares_without(&group, digits)) / share.n as f64).sqrt();
        let usual = compared.usual.share;
        let says = format!(
            "{sign}共 {} 个，末位为 0 或者 5 的占 {}，同类 {}；十个末位数字的分布与同类相差 w = {w:.2}。",
            share.n,
            percent(share.share()),
            percent(usual)
        );
        tests.push(Tested {
            detector,
            share: (*share).clone(),
            sign: sign.to_owned(),
            statistic: share.share(),
            usual: Some(usual),
            peers: compared.peers,
            all_tiers: compared.all_tiers,
            effect: Some(w),
            effect_interval: Some(w_limits(w, share.n)),
            p: Some(compared.p),
            worth: w >= detector.floor && share.share() > usual && share.has_several_odd(LEAST_ODD),
            not_applicable: None,
            says,
            evidence: EvidenceOf::Odd(sign.to_owned()),
        });
    }
    tests
}

/// 95 % limits of w = √(λ ÷ n): χ² has the mean df + λ and the variance 2 (df + 2 λ) (Patnaik 1949, Biometrika 36: 202–232), taken as normal. As small an effect as
/// chance alone gives has a limit below its estimate, which then is the limit.
fn w_limits(w: f64, n: u64) -> (f64, f64) {
    let (n, degrees) = (n as f64, (DIGITS - 1) as f64);
    let noncentral = (w * w * n - degrees).max(0.0);
    let half = DEVIATE_95 * (2.0 * (degrees + 2.0 * noncentral)).sqrt();
    let at = |noncentral: f64| (noncentral.max(0.0) / n).sqrt();
    (at(noncentral - half).min(w), at(noncentral + half).max(w))
}

fn add(sums: &mut Digits, digits: &Digits) {
    sums.iter_mut().zip(digits).for_each(|(sum, count)| *sum += count);
}

/// Shares of the digits in a group without one of its units; every digit is possible.
fn shares_without(group: &Digits, own: &Digits) -> [f64; DIGITS] {
    let mut others = [0.5; DIGITS];
    others.iter_mut().zip(group.iter().zip(own)).for_each(|(other, (all, own))| *other += (all - own) as f64);
    let sum: f64 = others.iter().sum();
    others.map(|other| other / sum)
}

/// The last digit of the column `number`.
fn last_digit() -> Expr {
    abs(as_type(col("number"), DataType::Int64)) % lit(DIGITS as i64)
}

/// The rows with `is_odd`: the number ends in nought or five; NULL without a number. The odd ones are the evidence of a flagged unit.
pub(super) fn with_evidence(frame: DataFrame) -> datafusion::error::Result<DataFrame> {
    frame.with_column("is_odd", (last_digit() % lit(5_i64)).eq(lit(0_i64)))
}

/// Last digits by sign, table, domain and unit, counted by the engine: there may be tens of millions of numbers.
async fn read(detecting: &Detecting<'_>) -> Result<BTreeMap<Key, Digits>> {
    let what = || detecting.detector.file.clone();
    let mut keys = ["sign", "source_table", "domain", "unit_id"].map(col).to_vec();
    keys.push(last_digit().alias("digit"));
    let frame = detecting.frame()?.filter(col("number").is_not_null());
    let counted = frame.and_then(|frame| frame.aggregate(keys, vec![count(lit(1)).alias("n")])).context(Kind::Query, what)?;
    let mut found: BTreeMap<Key, Digits> = BTreeMap::new();
    for batch in &counted.collect().await.context(Kind::Query, what)? {
        let [signs, tables, domains, units] = [0, 1, 2, 3].map(|index| judged::text(batch, index));
        let (signs, tables, domains, units) = (signs?, tables?, domains?, units?);
        let (digits, n) = (judged::counts(batch, 4)?, judged::counts(batch, 5)?);
        for row in 0..batch.num_rows() {
            let key = [&signs, &tables, &domains, &units].map(|texts| texts.value(row).to_owned()).into();
            found.entry(key).or_default()[digits[row] as usize] += n[row];
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::findings::tail::{logit, rate_of};
    use crate::findings::tested::corrected;
    use crate::library::Library;
    use crate::statistics::ranks::standard_normal;

    #[test]
    fn the_statistic_is_that_of_the_textbook() {
        let even = [0.1; DIGITS];
        assert_eq!(chi_squared(&[10; DIGITS], &even), 0.0);
        // 30 noughts instead of 10, 70 others spread: (20² + 9 × (70/9 − 10)²) ÷ 10, with whole counts.
        let counts = [30, 8, 8, 8, 8, 8, 8, 8, 7, 7];
        assert!((chi_squared(&counts, &even) - (400.0 + 7.0 * 4.0 + 2.0 * 9.0) / 10.0).abs() < 1e-9);
    }

    #[test]
    fn what_the_others_end_in_is_expected() {
        let own = [4, 0, 0, 0, 0, 6, 0, 0, 0, 0];
        let group = [5, 1, 1, 1, 1, 7, 1, 1, 1, 1];
        assert!(shares_without(&group, &own).iter().all(|share| (share - 0.1).abs() < 1e-9));
    }

    /// Units of one group, each with so many numbers, of which its own share ends in nought or five.
    fn units(shares: &[f64], n: u64, random: &mut ChaCha8Rng) -> Vec<(Share, Digits)> {
        let of = |(unit, share): (usize, &f64)| {
            let mut digits = [0; DIGITS];
            for _ in 0..n {
                let round = random.random::<f64>() < *share;
                let digit = if round { [0, 5][random.random_range(0..2)] } else { [1, 2, 3, 4, 6, 7, 8, 9][random.random_range(0..8)] };
                digits[digit] += 1;
            }
            let odd = digits[0] + digits[5];
            (Share { odd, n, ..Share::of(&format!("U{unit}"), "county", "urban", "inspections") }, digits)
        };
        shares.iter().enumerate().map(of).collect()
    }

    fn flagged(units: &[(Share, Digits)]) -> Vec<String> {
        let (library, _) = Library::from_texts(crate::library::texts(None).expect("texts")).expect("the shipped library");
        let counted: Vec<(&Share, Digits)> = units.iter().map(|(share, digits)| (share, *digits)).collect();
        let tests = judged_against_peers(&library.detectors["digit_heaping"], 4, "甲", &counted);
        corrected(&tests, 0.05).1.into_iter().map(|(test, _)| test.share.unit.clone()).collect()
    }

    #[test]
    fn honest_habits_of_rounding_are_not_named_and_a_unit_that_rounds_nearly_everything_is() {
        let mut random = ChaCha8Rng::seed_from_u64(11);
        let mut named = 0;
        for _ in 0..12 {
            // Habits whose logits differ by 0.45, around 35 %: from a quarter to a half of the numbers in most offices.
            let habits: Vec<f64> = (0..50).map(|_| rate_of(logit(0.35) + 0.45 * standard_normal(&mut random))).collect();
            named += flagged(&units(&habits, 300, &mut random)).len();
        }
        assert!(named <= 1, "{named} of 600 honest units are named");
        let mut shares = vec![0.35; 50];
        shares[7] = 0.9;
        assert_eq!(flagged(&units(&shares, 300, &mut random)), ["U7"]);
    }
}
