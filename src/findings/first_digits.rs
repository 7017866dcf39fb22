//! First two digits of amounts against Benford's law, behind a gate that most amounts do not pass.
//!
//! In: positive amounts of the unit's records, of a kind that the detector's header declares (`quantity`). Out: a test for each unit, domain, table and sign.
//! Never here: fines, fees, counts, hours: `kaohe check` refuses such a header, for what a tariff assigns or the law bounds has other first digits by law
//! (methods 3).
//!
//! Gate: the 99th percentile at least a thousand times the first; no tenth of the total in the ten largest; otherwise not applicable, with the reason.
//! p: X² over the ninety pairs of digits. Effect: the excess mean absolute deviation MAD − 1 ÷ √(158.8 n), which must exceed the detector's
//! floor: a large n makes any deviation improbable, and X² alone says nothing. Source: Nigrini (2012), Benford's Law; methods 3.

use std::collections::BTreeMap;

use arrow::record_batch::RecordBatch;
use rust_decimal::Decimal;

use super::peers::Share;
use super::tables::Evidence;
use super::tail::{chi_squared, chi_squared_upper_tail};
use super::tested::{EvidenceOf, Tested};
use super::unit_by_unit::UnitByUnit;
use super::{Detecting, judged};
use crate::error::Result;
use crate::library::detector::Detector;
use crate::statistics::proportion::DEVIATE_95;

/// Pairs of first digits, 10 to 99.
const PAIRS: usize = 90;

/// Decimal orders between the first and the 99th percentile.
const LEAST_ORDERS: f64 = 3.0;

/// Part of the total that the ten largest may hold.
const LARGEST_PART: f64 = 0.1;

/// The share of the pair `first` (10 to 99).
fn expected(first: usize) -> f64 {
    (1.0 + 1.0 / first as f64).log10()
}

/// The first two digits, 10 to 99, of a positive amount; exactly, from its decimal digits.
fn first_two(amount: Decimal) -> Option<usize> {
    let mut mantissa = u128::try_from(amount.mantissa()).ok().filter(|mantissa| *mantissa > 0)?;
    while mantissa < 10 {
        mantissa *= 10;
    }
    while mantissa > 99 {
        mantissa /= 10;
    }
    usize::try_from(mantissa).ok()
}

/// What the digits of one unit show.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Deviation {
    chi_squared: f64,
    /// Mean absolute deviation of the shares.
    mean: f64,
    /// That, less what chance alone gives.
    excess: f64,
}

fn deviation(counts: &[u64; PAIRS]) -> Deviation {
    let n = counts.iter().sum::<u64>() as f64;
    let shares: [f64; PAIRS] = std::array::from_fn(|place| expected(place + 10));
    let mean = counts.iter().zip(shares).map(|(count, share)| (*count as f64 / n - share).abs()).sum::<f64>() / PAIRS as f64;
    Deviation { chi_squared: chi_squared(counts, &shares), mean, excess: mean - 1.0 / (158.8 * n).sqrt() }
}

/// 95 % limits of the excess: the mean deviation is a sum of 90 deviations of binomial shares over 90; their correlations, which are negative, are left out, so that
/// the limits are rather too wide.
fn excess_limits(excess: f64, counts: &[u64; PAIRS]) -> (f64, f64) {
    let n = counts.iter().sum::<u64>().max(1) as f64;
    let variance = counts.iter().map(|count| *count as f64 / n).map(|share| share * (1.0 - share) / n).sum::<f64>();
    let half = DEVIATE_95 * variance.sqrt() / PAIRS as f64;
    (excess - half, excess + half)
}

/// Why Benford's law is not to be expected of these amounts; `None` where it is.
fn gate(amounts: &[f64]) -> Option<String> {
    let mut sorted = amounts.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |share: f64| sorted[((sorted.len() - 1) as f64 * share).round() as usize];
    let orders = (at(0.99) / at(0.01)).log10();
    if orders < LEAST_ORDERS {
        return Some(format!("金额只跨 {orders:.1} 个数量级，至少需要 {LEAST_ORDERS:.0} 个"));
    }
    let total: f64 = sorted.iter().sum();
    let largest: f64 = sorted.iter().rev().take(10).sum();
    (largest > LARGEST_PART * total).then(|| "最大的十笔占总额十分之一以上".to_owned())
}

/// Amounts of one unit: their values, and the first digits of each with its record.
#[derive(Debug, Clone, Default)]
struct Amounts {
    values: Vec<f64>,
    rows: Vec<(usize, Evidence)>,
}

/// Tests every unit.
pub(super) async fn test<'a>(detecting: &Detecting<'a>) -> Result<Vec<Tested<'a>>> {
    let mut tests = Vec::new();
    let mut units = UnitByUnit::open(detecting.frame()?, detecting.detector).await?;
    while let Some(batch) = units.next().await? {
        for ((table, domain, unit, sign), amounts) in read(&batch)? {
            let tier = detecting.tiers.get(&unit).map_or("", String::as_str);
            let share = Share { n: amounts.rows.len() as u64, ..Share::of(&unit, tier, &domain, &table) };
            tests.push(test_unit(detecting.detector, share, sign, amounts));
        }
    }
    Ok(tests)
}

fn test_unit(detector: &Detector, share: Share, sign: String, amounts: Amounts) -> Tested<'_> {
    let mut counts = [0; PAIRS];
    amounts.rows.iter().for_each(|(first, _)| counts[first - 10] += 1);
    let n = share.n;
    // The pair that is most above what the law gives.
    let over = |place: &usize| counts[*place] as f64 - n as f64 * expected(place + 10);
    let fullest = (0..PAIRS).max_by(|a, b| over(a).total_cmp(&over(b))).unwrap_or(0);
    let share = Share { odd: counts[fullest], ..share };
    if n < detector.minimum_n {
        return Tested::not_made(detector, &share, &sign, share.share(), None);
    }
    if let Some(why) = gate(&amounts.values) {
        return Tested::not_made(detector, &share, &sign, share.share(), Some(&why));
    }
    let Deviation { chi_squared, mean, excess } = deviation(&counts);
    let first = fullest + 10;
    let says = format!(
        "{sign} {n} 笔，前两位数字的分布偏离本福特定律：平均绝对偏差 {mean:.4}，超出随机波动 {excess:.4}；最多的是以 {first} 开头的 {} 笔，按定律约 {:.0} 笔。",
        counts[fullest],
        n as f64 * expected(first)
    );
    let worth = excess > detector.floor;
    // What is not worth a look is never shown: its rows need not be kept.
    let evidence = amounts.rows.into_iter().filter(|(pair, _)| worth && *pair == first).map(|(_, row)| row).collect();
    Tested {
        detector,
        statistic: share.share(),
        usual: Some(expected(first)),
        peers: 0,
        all_tiers: false,
        effect: Some(excess),
        effect_interval: Some(excess_limits(excess, &counts)),
        p: Some(chi_squared_upper_tail(chi_squared, (PAIRS - 1) as f64)),
        worth,
        not_applicable: None,
        says,
        evidence: EvidenceOf::Rows(evidence),
        sign,
        share,
    }
}

type Key = (String, String, String, String);

/// One unit's amounts by table, domain, unit and sign.
fn read(batch: &RecordBatch) -> Result<BTreeMap<Key, Amounts>> {
    let column = |name: &str| judged::place(batch, name).expect("a column of the statistic");
    let (texts, signs) = (judged::text(batch, column("amount"))?, judged::text(batch, column("sign"))?);
    let mut found: BTreeMap<Key, Amounts> = BTreeMap::new();
    for (place, row) in judged::recorded(batch)?.into_iter().enumerate() {
        let Some(amount) = texts.value(place).parse::<Decimal>().ok().filter(|amount| *amount > Decimal::ZERO) else { continue };
        let Some(first) = first_two(amount) else { continue };
        let key = (row.evidence.table.clone(), row.domain, row.unit, signs.value(place).to_owned());
        let amounts = found.entry(key).or_default();
        amounts.values.push(rust_decimal::prelude::ToPrimitive::to_f64(&amount).unwrap_or(0.0));
        amounts.rows.push((first, row.evidence));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_come_from_the_decimal_text_and_not_from_its_length() {
        let first = |text: &str| first_two(text.parse().expect("a decimal"));
        assert_eq!(
            [first("123.45"), first("0.0119"), first("7"), first("990000"), first("0")],
            [Some(12), Some(11), Some(70), Some(99), None]
        );
    }

    #[test]
    fn the_law_adds_up_and_has_the_shares_of_the_tables() {
        assert!(((10..100).map(expected).sum::<f64>() - 1.0).abs() < 1e-12);
        assert!((expected(10) - 0.041_39).abs() < 1e-5 && (expected(99) - 0.004_36).abs() < 1e-5);
    }

    #[test]
    fn powers_follow_the_law_and_numbers_from_a_narrow_span_do_not_pass_the_gate() {
        // The first digits of 1.01 to the n are spread by the law (Weyl).
        let powers: Vec<f64> = (0..4000).map(|power| 1.01_f64.powi(power % 1400) * 10.0).collect();
        assert_eq!(gate(&powers), None);
        let mut counts = [0; PAIRS];
        for power in &powers {
            counts[first_two(Decimal::from_f64_retain(*power).expect("a decimal").round_dp(2)).expect("two digits") - 10] += 1;
        }
        assert!(deviation(&counts).excess < 0.0015, "{:?}", deviation(&counts));
        let fines: Vec<f64> = (0..2000).map(|place| 2000.0 + f64::from(place % 500)).collect();
        assert!(gate(&fines).is_some_and(|why| why.contains("数量级")));
        let mut one_giant = powers;
        one_giant.extend([1e12; 10]);
        assert!(gate(&one_giant).is_some_and(|why| why.contains("最大的十笔")));
    }

    #[test]
    fn amounts_that_all_begin_alike_deviate() {
        let mut counts = [10; PAIRS];
        counts[39] = 600;
        assert!(deviation(&counts).excess > 0.0015 && chi_squared_upper_tail(deviation(&counts).chi_squared, 89.0) < 1e-9);
    }
}
