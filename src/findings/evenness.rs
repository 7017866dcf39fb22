//! Monthly counts of a unit's parts that are more even than chance lets them be, with fines in a narrow band above a round number.
//!
//! In: fined cases of parts (townships) with the unit they answer to and their month. Out: a test for each unit and domain. Never here: whether a
//! fine is high or low; only that many are nearly the same.
//!
//! Test: D = Σ over parts and months (x − x̄)² / x̄, x̄ the part's own mean, against the lower tail of χ² with parts × (months − 1)
//! degrees of freedom. Work that comes as it comes gives D about as large as the degrees of freedom, or larger; where counts are small the χ² is
//! wider than the exact law, so that p errs towards innocence. A quota may last half a year: besides the whole period every run of `…months` months is
//! looked at, and the smallest p is multiplied by how many were looked at (Bonferroni). Effect: D ÷ degrees, at most the detector's floor; besides, the share
//! `finding.quota_uniformity.band_share` of the fines lies from a round number up to `…band_width` above it. Needs `…months` whole months and
//! `…parts` parts: with fewer it is not applicable. A month that a known effect touches is left out whole: half a month would look like a dip.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use arrow::array::AsArray;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use arrow::record_batch::RecordBatch;

use super::peers::Share;
use super::tables::Evidence;
use super::tail::chi_squared_lower_tail;
use super::tested::{EvidenceOf, Tested};
use super::unit_by_unit::UnitByUnit;
use super::{Detecting, judged, percent};
use crate::error::{Context, Kind, Result};
use crate::library::detector::Detector;
use crate::statistics::count::chi_square;
use crate::terms::{Month, date_from_epoch_days};

const SIGN: &str = "月度件数过于平均";

/// Leading figures of round amounts of money.
const ROUND: [f64; 9] = [1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0];

/// One case of a part.
struct Case {
    part: String,
    month: Month,
    amount: f64,
    evidence: Evidence,
}

/// How even the months of the parts are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// Σ (x − x̄)² / x̄.
    pub statistic: f64,
    /// Parts × (months − 1).
    pub degrees: f64,
}

/// The spread of monthly counts around each part's own mean; parts without a case don't count.
pub fn spread(parts: &[Vec<u64>]) -> Spread {
    let (mut statistic, mut degrees) = (0.0, 0.0);
    for months in parts.iter().filter(|months| months.len() > 1 && months.iter().sum::<u64>() > 0) {
        let mean = months.iter().sum::<u64>() as f64 / months.len() as f64;
        statistic += months.iter().map(|count| (*count as f64 - mean).powi(2) / mean).sum::<f64>();
        degrees += months.len() as f64 - 1.0;
    }
    Spread { statistic, degrees }
}

/// The most even of the whole and of every run of `length` months: its months, its spread, its p times the number of runs looked at. Only runs that are
/// `enough` to be looked at count; `None` without one.
pub fn most_even(
    parts: &[Vec<u64>],
    months: usize,
    length: usize,
    enough: impl Fn(&[Vec<u64>]) -> bool,
) -> Option<(Range<usize>, Spread, f64)> {
    let whole = (months != length).then_some(0..months);
    let runs = (0..(months + 1).saturating_sub(length)).map(|from| from..from + length).chain(whole);
    let counted = runs.map(|run| (run.clone(), parts.iter().map(|counts| counts[run.clone()].to_vec()).collect::<Vec<Vec<u64>>>()));
    let runs: Vec<(Range<usize>, Vec<Vec<u64>>)> = counted.filter(|(_, counts)| enough(counts)).collect();
    let looked_at = runs.len() as f64;
    let of = |(run, counts): (Range<usize>, Vec<Vec<u64>>)| {
        let spread = spread(&counts);
        (run, spread, (chi_squared_lower_tail(spread.statistic, spread.degrees) * looked_at).min(1.0))
    };
    // Of equally even runs the longest, then the first.
    let order = |a: &(Range<usize>, Spread, f64), b: &(Range<usize>, Spread, f64)| {
        a.2.total_cmp(&b.2).then(b.0.len().cmp(&a.0.len())).then(a.0.start.cmp(&b.0.start))
    };
    runs.into_iter().map(of).min_by(order)
}

/// The round number with most amounts from it up to `width` above it: (number, share). Amounts are yuan.
pub fn fullest_band(amounts: &[f64], width: f64) -> Option<(f64, f64)> {
    let numbers = (1..6).flat_map(|power| ROUND.map(|lead| lead * 10_f64.powi(power)));
    let share = |from: f64| {
        let inside = amounts.iter().filter(|amount| **amount >= from && **amount <= from * (1.0 + width)).count();
        (from, inside as f64 / amounts.len() as f64)
    };
    // Of equally full bands the lowest.
    numbers.map(share).filter(|(_, share)| *share > 0.0).max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.total_cmp(&a.0)))
}

/// What a test of evenness asks for.
struct Limits {
    /// Months that a run must have.
    months: f64,
    /// Parts with cases that it must have.
    parts: f64,
    /// Width of a band, as a share of its lower end.
    width: f64,
    /// Share of the fines that must lie in it.
    band_share: f64,
}

/// Tests every unit with parts.
pub(super) async fn test<'a>(detecting: &Detecting<'a>) -> Result<Vec<Tested<'a>>> {
    let request = detecting.request;
    let parameter = |name: &str| request.parameter(&format!("finding.quota_uniformity.{name}"), None);
    let limits = Limits {
        months: parameter("months")?,
        parts: parameter("parts")?,
        width: parameter("band_width")?,
        band_share: parameter("band_share")?,
    };
    // A month that is not over yet has fewer cases than the others for no reason of the unit's.
    let whole: Vec<Month> =
        request.period.months_until(request.as_of).into_iter().filter(|month| month.last_day() <= request.last_day()).collect();
    let mut tests = Vec::new();
    let mut units = UnitByUnit::open(detecting.all_rows()?, detecting.detector).await?;
    while let Some(batch) = units.next().await? {
        for (key, cases) in read(&batch, detecting.detector)? {
            tests.push(test_unit(detecting, &limits, &whole, key, &cases));
        }
    }
    Ok(tests)
}

fn test_unit<'a>(detecting: &Detecting<'a>, limits: &Limits, whole: &[Month], (table, domain, unit): Key, cases: &[Case]) -> Tested<'a> {
    let (detector, request) = (detecting.detector, detecting.request);
    let Limits { months: least_months, parts: least_parts, width, band_share } = *limits;
    let region = detecting.regions.get(&unit).map_or("", String::as_str);
    let is_known = |month: &Month| request.effects.touches_month(&detector.name, &unit, region, &domain, *month);
    let (known, months): (Vec<Month>, Vec<Month>) = whole.iter().partition(|month| is_known(month));
    let left_out = cases.iter().filter(|case| known.contains(&case.month)).count() as u64;
    let place = |month: Month| months.iter().position(|other| *other == month);
    let mut parts: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for case in cases {
        if let Some(place) = place(case.month) {
            parts.entry(&case.part).or_insert_with(|| vec![0; months.len()])[place] += 1;
        }
    }
    let counts: Vec<Vec<u64>> = parts.into_values().collect();
    let with_cases = |counts: &[Vec<u64>]| counts.iter().filter(|months| months.iter().any(|count| *count > 0)).count();
    let n_of = |counts: &[Vec<u64>]| counts.iter().flatten().sum::<u64>();
    let enough = |counts: &[Vec<u64>]| with_cases(counts) as f64 >= least_parts && n_of(counts) >= detector.minimum_n;
    let found = if months.len() as f64 >= least_months { most_even(&counts, months.len(), least_months as usize, enough) } else { None };
    let (run, Spread { statistic, degrees }, p) = found.clone().unwrap_or_else(|| (0..months.len(), spread(&counts), 1.0));
    let in_run = |case: &&Case| place(case.month).is_some_and(|place| run.contains(&place));
    let amounts: Vec<f64> = cases.iter().filter(in_run).map(|case| case.amount).collect();
    let band = fullest_band(&amounts, width);
    let in_band = |case: &&Case| band.is_some_and(|(from, _)| case.amount >= from && case.amount <= from * (1.0 + width));
    let odd = cases.iter().filter(in_run).filter(in_band).count() as u64;
    let tier = detecting.tiers.get(&unit).map_or("", String::as_str);
    let share = Share { odd, n: amounts.len() as u64, left_out, ..Share::of(&unit, tier, &domain, &table) };
    let ratio = if degrees > 0.0 { statistic / degrees } else { 0.0 };
    if found.is_none() {
        let why = if (months.len() as f64) < least_months {
            Some(format!("统计期内没有已知影响的整月只有 {} 个，至少需要 {least_months} 个", months.len()))
        } else if (with_cases(&counts) as f64) < least_parts {
            Some(format!("有案件的下级主体只有 {} 个，至少需要 {least_parts} 个", with_cases(&counts)))
        } else {
            None
        };
        return Tested::not_made(detector, &share, SIGN, ratio, why.as_deref());
    }
    let parts = cases.iter().filter(in_run).map(|case| case.part.as_str()).collect::<BTreeSet<_>>().len();
    let (from, filled) = band.unwrap_or((0.0, 0.0));
    let says = format!(
        "{parts} 个下级主体在 {} 至 {} 的 {} 个月中罚款案件共 {} 件，各月件数的离散程度仅为随机波动的 {}（逐月大致相同）；其中 {odd} 件（{}）罚款在 {from} 元至 {} 元之间。",
        months[run.start],
        months[run.end - 1],
        run.len(),
        share.n,
        percent(ratio),
        percent(filled),
        from * (1.0 + width),
    );
    let worth = ratio <= detector.floor && filled >= band_share;
    // What is not worth a look is never shown: its rows need not be kept.
    let shown = cases.iter().filter(|_| worth).filter(in_run).filter(in_band);
    let evidence = shown.map(|case| case.evidence.clone()).collect();
    Tested {
        detector,
        sign: SIGN.to_owned(),
        statistic: ratio,
        usual: Some(1.0),
        peers: 0,
        all_tiers: false,
        effect: Some(ratio),
        effect_interval: spread_limits(statistic, degrees),
        p: Some(p),
        worth,
        not_applicable: None,
        says,
        evidence: EvidenceOf::Rows(evidence),
        share,
    }
}

/// 95 % limits of how many times chance the months spread: those of a ratio of variances, X² over the quantiles of its law.
fn spread_limits(statistic: f64, degrees: f64) -> Option<(f64, f64)> {
    Some((statistic / chi_square(degrees, 0.975)?, statistic / chi_square(degrees, 0.025)?))
}

type Key = (String, String, String);

/// One unit's cases by table, domain and unit.
fn read(batch: &RecordBatch, detector: &Detector) -> Result<BTreeMap<Key, Vec<Case>>> {
    let column = |name: &str| judged::place(batch, name).expect("a column of the statistic");
    let (parts, months) = (judged::text(batch, column("part"))?, judged::days(batch, column("month"))?);
    let amounts = cast(batch.column(column("amount")), &DataType::Float64).context(Kind::Query, || detector.file.clone())?;
    let amounts = amounts.as_primitive::<Float64Type>();
    let mut cases: BTreeMap<Key, Vec<Case>> = BTreeMap::new();
    for (place, row) in judged::recorded(batch)?.into_iter().enumerate() {
        let Some(day) = date_from_epoch_days(months[place]) else { continue };
        let key = (row.evidence.table.clone(), row.domain, row.unit);
        let (part, amount) = (parts.value(place).to_owned(), amounts.value(place));
        cases.entry(key).or_default().push(Case { part, month: Month::of(day), amount, evidence: row.evidence });
    }
    Ok(cases)
}

#[cfg(test)]
mod tests {
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn equal_months_have_no_spread_and_one_full_month_has_much() {
        assert_eq!(spread(&[vec![2, 2, 2], vec![3, 3, 3]]), Spread { statistic: 0.0, degrees: 4.0 });
        assert_eq!(spread(&[vec![6, 0, 0], vec![0, 0, 0]]), Spread { statistic: 12.0, degrees: 2.0 });
    }

    /// Every case falls into a month by chance: p must then be below any level at most as often as the level says.
    #[test]
    fn work_that_comes_as_it_comes_is_rarely_called_even() {
        let mut random = ChaCha8Rng::seed_from_u64(20_260_701);
        for (parts, cases) in [(5, 6), (23, 15), (10, 60)] {
            let mut below = 0;
            for _ in 0..2000 {
                let months: Vec<Vec<u64>> = (0..parts)
                    .map(|_| {
                        let mut months = vec![0; 6];
                        (0..cases).for_each(|_| months[random.random_range(0..6)] += 1);
                        months
                    })
                    .collect();
                let found = spread(&months);
                below += usize::from(chi_squared_lower_tail(found.statistic, found.degrees) <= 0.01);
            }
            assert!(below <= 40, "{below} of 2000 for {parts} parts of {cases} cases");
        }
    }

    #[test]
    fn half_a_year_of_quota_is_found_within_a_year_and_what_was_looked_at_is_counted() {
        let year =
            |from: usize| (0..12).map(|month| if (from..from + 6).contains(&month) { 2 } else { [9, 0, 4, 1, 7, 0][month % 6] }).collect();
        let parts: Vec<Vec<u64>> = (0..8).map(|_| year(3)).collect();
        let (run, spread, p) = most_even(&parts, 12, 6, |_| true).expect("a run");
        assert_eq!((run, spread.statistic), (3..9, 0.0));
        assert_eq!(p, 0.0);
        let chance = vec![vec![2, 1, 3, 0, 4, 2, 1, 2, 3, 0, 2, 4]; 5];
        let (run, spread, p) = most_even(&chance, 12, 6, |_| true).expect("a run");
        assert!((p - 8.0 * chi_squared_lower_tail(spread.statistic, spread.degrees)).abs() < 1e-12 || p == 1.0, "{run:?} {p}");
        assert_eq!(most_even(&chance, 12, 6, |_| false), None);
        assert_eq!(most_even(&chance[..1], 6, 6, |_| true).map(|found| found.0), Some(0..6), "six months are looked at once");
    }

    #[test]
    fn the_fullest_band_begins_at_the_round_number() {
        let (from, share) = fullest_band(&[2000.0, 2100.0, 2400.0, 2500.0, 9000.0], 0.25).expect("a band");
        assert_eq!((from, share), (2000.0, 0.8));
        assert_eq!(fullest_band(&[], 0.25), None);
    }
}
