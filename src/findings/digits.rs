//! Last digits that are not spread as those of the unit's peers.
//!
//! In: whole numbers of the unit's records. Out: a test for each unit, domain, table and sign. Never here: amounts that a tariff or the law rounds
//! (the SELECT leaves them out); first digits ([`super::first_digits`]).
//!
//! People round: a share of fives and noughts is usual, and how large it is differs. So the digits are held against those of the unit's peers, not against
//! an even spread: X² = Σ (observed − expected)² ÷ expected over the ten digits, expected from the other units of the group, divided by how much
//! honest units of the group differ (the median of their own X² over that of a χ² with 9 degrees of freedom, at least 1); p is the upper tail of that χ². Effect:
//! Cohen's w = √(X² ÷ n), at least the detector's floor. Besides, noughts and fives together must be more than among peers: a unit whose numbers
//! are rounder, not one whose are less so.

use std::collections::BTreeMap;

use arrow::datatypes::DataType;
use datafusion::functions::math::expr_fn::abs;
use datafusion::functions_aggregate::expr_fn::count;
use datafusion::logical_expr::Expr;
use datafusion::prelude::{DataFrame, cast as as_type, col, lit};

use super::peers::Share;
use super::tail::{chi_squared, chi_squared_upper_tail};
use super::tested::{EvidenceOf, Tested};
use super::{Detecting, judged, percent};
use crate::error::{Context, Kind, Result};

const DIGITS: usize = 10;

/// Median of a χ² with 9 degrees of freedom.
const MEDIAN_9: f64 = 8.343;

/// How many numbers of one unit end in each digit.
#[derive(Debug, Clone, Default)]
struct Unit {
    counts: [u64; DIGITS],
}

impl Unit {
    fn n(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Noughts and fives.
    fn round(&self) -> u64 {
        self.counts[0] + self.counts[5]
    }
}

/// Shares of the digits over several units; every digit is possible.
fn shares_of<'a>(units: impl Iterator<Item = &'a [u64; DIGITS]>) -> [f64; DIGITS] {
    let mut sums = [0.5; DIGITS];
    for counts in units {
        sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += *count as f64);
    }
    let all: f64 = sums.iter().sum();
    sums.map(|sum| sum / all)
}

/// For each unit X² against the others, and what a χ² is to be divided by: how much the units of the group differ anyway.
fn against_others(counts: &[[u64; DIGITS]]) -> (Vec<f64>, f64) {
    let of = |own: usize| {
        let others = counts.iter().enumerate().filter(|(place, _)| *place != own).map(|(_, counts)| counts);
        chi_squared(&counts[own], &shares_of(others))
    };
    let statistics: Vec<f64> = (0..counts.len()).map(of).collect();
    let mut sorted = statistics.clone();
    sorted.sort_by(f64::total_cmp);
    let median = sorted.get(sorted.len() / 2).copied().unwrap_or(0.0);
    (statistics, (median / MEDIAN_9).max(1.0))
}

type Group = (String, String, String, String);

/// Tests every unit.
pub(super) async fn test<'a>(detecting: &Detecting<'a>) -> Result<Vec<Tested<'a>>> {
    let (detector, request) = (detecting.detector, detecting.request);
    let minimum_peers = request.parameter("finding.minimum_peers", None)? as usize;
    let mut tests = Vec::new();
    for ((sign, table, domain, tier), units) in read(detecting).await? {
        let judged: Vec<(&String, &Unit)> = units.iter().filter(|(_, unit)| unit.n() >= detector.minimum_n).collect();
        let counts: Vec<[u64; DIGITS]> = judged.iter().map(|(_, unit)| unit.counts).collect();
        let (statistics, dispersion) = against_others(&counts);
        let share_of = |name: &str, unit: &Unit| Share { odd: unit.round(), n: unit.n(), ..Share::of(name, &tier, &domain, &table) };
        for (name, unit) in units.iter().filter(|(_, unit)| unit.n() < detector.minimum_n) {
            let share = share_of(name, unit);
            tests.push(Tested::not_made(detector, &share, &sign, share.share(), None));
        }
        for (place, (name, unit)) in judged.iter().enumerate() {
            let share = share_of(name, unit);
            if judged.len() < minimum_peers {
                let why = format!("同类中记录数足够的主体不足 {minimum_peers} 个");
                tests.push(Tested::not_made(detector, &share, &sign, share.share(), Some(&why)));
                continue;
            }
            let others = judged.iter().enumerate().filter(|(other, _)| *other != place).map(|(_, (_, unit))| unit);
            let (round, n) = others.fold((0, 0), |(round, n), unit| (round + unit.round(), n + unit.n()));
            let usual = round as f64 / n.max(1) as f64;
            let w = (statistics[place] / share.n as f64).sqrt();
            let says = format!(
                "{sign}共 {} 个，末位为 0 或者 5 的占 {}，同类 {}；十个末位数字的分布与同类相差 w = {w:.2}。",
                share.n,
                percent(share.share()),
                percent(usual)
            );
            tests.push(Tested {
                detector,
                statistic: share.share(),
                usual: Some(usual),
                peers: judged.len(),
                all_tiers: false,
                effect: Some(w),
                effect_interval: None,
                p: Some(chi_squared_upper_tail(statistics[place] / dispersion, (DIGITS - 1) as f64)),
                worth: w >= detector.floor && share.share() > usual,
                not_applicable: None,
                says,
                evidence: EvidenceOf::Odd(sign.clone()),
                sign: sign.clone(),
                share,
            });
        }
    }
    Ok(tests)
}

/// The last digit of the column `number`.
fn last_digit() -> Expr {
    abs(as_type(col("number"), DataType::Int64)) % lit(DIGITS as i64)
}

/// The rows with `is_odd`: the number ends in nought or five. These are the evidence of a flagged unit.
pub(super) fn with_evidence(frame: DataFrame) -> datafusion::error::Result<DataFrame> {
    frame.with_column("is_odd", (last_digit() % lit(5_i64)).eq(lit(0_i64)))
}

/// Last digits by sign, table, domain and tier, and in each by unit, counted by the engine: there may be tens of millions of numbers.
async fn read(detecting: &Detecting<'_>) -> Result<BTreeMap<Group, BTreeMap<String, Unit>>> {
    let what = || detecting.detector.file.clone();
    let mut keys = ["sign", "unit_id", "domain", "source_table"].map(col).to_vec();
    keys.push(last_digit().alias("digit"));
    let frame = detecting.frame().await?.filter(col("number").is_not_null());
    let counted = frame.and_then(|frame| frame.aggregate(keys, vec![count(lit(1)).alias("n")])).context(Kind::Query, what)?;
    let mut groups: BTreeMap<Group, BTreeMap<String, Unit>> = BTreeMap::new();
    for batch in &counted.collect().await.context(Kind::Query, what)? {
        let [signs, units, domains, tables] = [0, 1, 2, 3].map(|index| judged::text(batch, index));
        let (signs, units, domains, tables) = (signs?, units?, domains?, tables?);
        let (digits, n) = (judged::counts(batch, 4)?, judged::counts(batch, 5)?);
        for row in 0..batch.num_rows() {
            let name = units.value(row).to_owned();
            let tier = detecting.tiers.get(&name).cloned().unwrap_or_default();
            let group = (signs.value(row).to_owned(), tables.value(row).to_owned(), domains.value(row).to_owned(), tier);
            groups.entry(group).or_default().entry(name).or_default().counts[digits[row] as usize] += n[row];
        }
    }
    Ok(groups)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_statistic_is_that_of_the_textbook() {
        let even = [0.1; DIGITS];
        assert_eq!(chi_squared(&[10; DIGITS], &even), 0.0);
        // 30 noughts instead of 10, 70 others spread: (20² + 9 × (70/9 − 10)²) ÷ 10, with whole counts.
        let counts = [30, 8, 8, 8, 8, 8, 8, 8, 7, 7];
        assert!((chi_squared(&counts, &even) - (400.0 + 7.0 * 4.0 + 2.0 * 9.0) / 10.0).abs() < 1e-9);
    }

    #[test]
    fn a_habit_of_the_whole_group_is_no_difference_and_a_spread_of_habits_is_divided_out() {
        let rounded = |round: u64| [round, 10, 10, 10, 10, round, 10, 10, 10, 10];
        let (same, dispersion) = against_others(&[rounded(60); 6]);
        assert!(same.iter().all(|statistic| *statistic < 0.1) && dispersion == 1.0);
        let habits: Vec<[u64; DIGITS]> = [20, 60, 100, 30, 90].map(rounded).to_vec();
        assert!(against_others(&habits).1 > 2.0);
    }

    #[test]
    fn one_unit_with_rounder_numbers_than_all_others_stands_out() {
        let mut counts = vec![[20; DIGITS]; 6];
        counts.push([90, 5, 5, 5, 5, 70, 5, 5, 5, 5]);
        let (statistics, dispersion) = against_others(&counts);
        assert!(chi_squared_upper_tail(statistics[6] / dispersion, 9.0) < 1e-6);
        assert!(statistics[..6].iter().all(|statistic| chi_squared_upper_tail(statistic / dispersion, 9.0) > 0.01));
    }
}
