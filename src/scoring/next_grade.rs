//! What would have lifted an object by one grade: the fewest records that would have had to be otherwise.
//!
//! In: scorecards, the scheme. Out: one [`NextGrade`] for every object that has a grade and not the best one. Never here: advice. Records are what they
//! are; this says how far a total is from the next grade in the only unit that a bureau can check, its own records.
//!
//! A record that is otherwise moves the numerator of one proportion of counts by one, up or down; denominators, peers and all else stand. As long as a
//! total is a sum of scores, what such records add is known for each indicator alone, and the fewest of them over all indicators are found exactly,
//! by dynamic programming over their number (Kellerer, Pferschy and Pisinger, Knapsack Problems, 2004, chapter 11): curves are bent, stepped and may fall again, so that going for
//! the steepest one first can be wrong. Each indicator is counted by itself: a record that counts in two of them is two.
//!
//! Left out: indicators that others decide (header `decided_by`: rulings, ratings, marks), for nobody may be told how many of these should have been otherwise; scores by comparison or from shrunk values,
//! means and amounts.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use super::draws::Places;
use super::leaf_score;
use super::tables::{NextGrade, OtherRecords, Rank, Scorecards, Status, Value, Way};
use crate::library::scheme::{Curve, Scheme, ScoreFrom};
use crate::terms::IndicatorId;

/// Nobody goes through more records than this with a list in his hand, and the search grows with the square of it.
const MOST_RECORDS: usize = 100;
/// Decimals of a gain: a score has four at most and points have eight.
const GAIN_DECIMALS: u32 = 14;

/// One row for every object with a grade below the best; `others` are the indicators that others decide.
pub(super) fn rows(scheme: &Scheme, others: &BTreeSet<&IndicatorId>, cards: &Scorecards) -> Vec<NextGrade> {
    let places = Places::of(scheme, &cards.ranks);
    let mut values: BTreeMap<usize, Vec<(usize, &Value)>> = BTreeMap::new();
    for value in &cards.values {
        let found = places.get(value.unit.as_ref(), &value.domain, value.indicator.as_ref(), &value.node);
        if let Some((row, leaf)) = found.filter(|_| !others.contains(&value.indicator)) {
            values.entry(row).or_default().push((leaf, value));
        }
    }
    let none = Vec::new();
    cards.ranks.iter().enumerate().filter_map(|(row, rank)| of_object(scheme, rank, values.get(&row).unwrap_or(&none))).collect()
}

fn of_object(scheme: &Scheme, rank: &Rank, values: &[(usize, &Value)]) -> Option<NextGrade> {
    let place = |name: &Option<String>| scheme.grades.iter().position(|grade| Some(&grade.name) == name.as_ref());
    let (grade, by_total) = (place(&rank.grade)?, place(&rank.score_grade)?);
    let next = grade.checked_sub(1)?;
    let (total, from) = (rank.total?, scheme.grades[next].from);
    let row = |way, together, alone| NextGrade {
        unit: rank.unit.clone(),
        domain: rank.domain.clone(),
        grade: scheme.grades[next].name.clone(),
        from,
        missing: (from - total).max(Decimal::ZERO),
        has_quota: scheme.grades[next].quota.is_some(),
        way,
        together,
        alone,
    };
    let without = |way| Some(row(way, Vec::new(), Vec::new()));
    // What a veto or a quota has taken, no record gives back.
    if place(&rank.veto_cap).is_some_and(|cap| cap > next) {
        return without(Way::Veto);
    }
    if by_total < grade {
        return without(Way::Quota);
    }
    if !(scheme.method.adds_up() && scheme.nodes.iter().all(|node| node.method.adds_up())) {
        return without(Way::NoSum);
    }
    let exact = rank.tree_total? + rank.bonus - rank.deduction;
    let reaches = |gain: i128| scheme.round(exact + Decimal::from_i128_with_scale(gain, GAIN_DECIMALS)) >= from;
    let ladders: Vec<Ladder> = values.iter().filter_map(|(leaf, value)| Ladder::of(scheme, *leaf, value)).collect();
    if !reaches(ladders.iter().map(|ladder| ladder.most).sum()) {
        return without(Way::OutOfReach);
    }
    let mut alone: Vec<OtherRecords> = ladders.iter().filter_map(|ladder| ladder.alone(&reaches)).collect();
    alone.sort_by(|a, b| (a.records, &a.indicator, &a.node).cmp(&(b.records, &b.indicator, &b.node)));
    let gains: Vec<Vec<i128>> = ladders.iter().map(|ladder| ladder.steps.iter().map(|(gain, _)| *gain).collect()).collect();
    match fewest(&gains, &reaches) {
        Some(records) => {
            let wanted = ladders.iter().zip(records).filter(|(_, records)| *records > 0);
            Some(row(Way::Records, wanted.map(|(ladder, records)| ladder.records(records)).collect(), alone))
        }
        None => Some(row(Way::TooMany, Vec::new(), alone)),
    }
}

/// What one, two, three … records of an indicator would add to the total.
struct Ladder<'a> {
    value: &'a Value,
    /// For each number of records, the first for one: what they would add in units of 10⁻¹⁴ points, and whether the numerator would have to be smaller.
    steps: Vec<(i128, bool)>,
    /// What any number of records could add.
    most: i128,
}

impl<'a> Ladder<'a> {
    /// `None` where no record changes the score for the better, or none that can be counted.
    fn of(scheme: &Scheme, leaf: usize, value: &'a Value) -> Option<Self> {
        let scored = &scheme.indicators[leaf];
        let is_live = matches!(value.status, Status::Scored | Status::Held) && !value.effective_points.is_zero();
        let is_own = scored.relative.is_none() && scored.score_from != ScoreFrom::Shrunk;
        let curve = scored.curve.as_ref().filter(|_| is_live && is_own && scheme.is_in_total(&scored.node))?;
        let (numerator, denominator, score) = (value.numerator?, value.denominator?, value.score?);
        // A proportion of counts; a composite has an interval as well, and its value in the place of a numerator.
        if value.interval.is_none() || !numerator.fract().is_zero() || value.value != Some(numerator / denominator) {
            return None;
        }
        let gain = |moved: Decimal| {
            let is_count = Decimal::ZERO <= moved && moved <= denominator;
            is_count.then(|| gain_of(scheme, curve, value, score, moved, denominator))
        };
        let step = |records: usize| {
            let records = Decimal::from(records);
            let (more, fewer) = (gain(numerator + records).map(|gain| (gain, false)), gain(numerator - records).map(|gain| (gain, true)));
            more.into_iter().chain(fewer).max_by_key(|(gain, is_less)| (*gain, !is_less))
        };
        let steps: Vec<(i128, bool)> = (1..=MOST_RECORDS).map_while(step).collect();
        // A curve of straight lines is highest at one of its points, or at an end.
        let bends = curve.points().iter().map(|point| point.0 * denominator).flat_map(|at| [at.floor(), at.ceil()]);
        let most = bends.chain([Decimal::ZERO, denominator]).filter_map(gain).max().unwrap_or_default();
        (most > 0).then_some(Self { value, steps, most })
    }

    /// So many records of this indicator.
    fn records(&self, records: usize) -> OtherRecords {
        let (gain, is_less) = self.steps[records - 1];
        OtherRecords {
            indicator: self.value.indicator.clone(),
            node: self.value.node.clone(),
            records: records as u32,
            is_less,
            gain: Decimal::from_i128_with_scale(gain, GAIN_DECIMALS).normalize(),
        }
    }

    /// The fewest records of this indicator that do without any other.
    fn alone(&self, reaches: &dyn Fn(i128) -> bool) -> Option<OtherRecords> {
        self.steps.iter().position(|(gain, _)| reaches(*gain)).map(|place| self.records(place + 1))
    }
}

/// What the total would gain, were the numerator `moved`.
fn gain_of(scheme: &Scheme, curve: &Curve, value: &Value, score: Decimal, moved: Decimal, denominator: Decimal) -> i128 {
    let after = leaf_score(scheme, curve.score_of_ratio(moved, denominator));
    let mut gain = ((after - score) * value.effective_points / Decimal::ONE_HUNDRED).round_dp(GAIN_DECIMALS);
    gain.rescale(GAIN_DECIMALS);
    gain.mantissa()
}

/// How many records of each indicator, the fewest over all; of as many the ones that gain most. `gains` has for each indicator what one, two, three … of its
/// records add. `None` when it takes more than [`MOST_RECORDS`].
fn fewest(gains: &[Vec<i128>], reaches: &dyn Fn(i128) -> bool) -> Option<Vec<usize>> {
    let mut most = 4;
    loop {
        most = usize::min(most * 2, MOST_RECORDS);
        // The best gain of up to so many records of the indicators so far, and how many of them each indicator takes.
        let mut best = vec![0_i128; most + 1];
        let mut taken: Vec<Vec<usize>> = Vec::with_capacity(gains.len());
        for gains in gains {
            let before = best.clone();
            let mut own = vec![0; most + 1];
            for all in 1..=most {
                for (records, gain) in (1..=all).zip(gains) {
                    let with = before[all - records] + gain;
                    if with > best[all] {
                        (best[all], own[all]) = (with, records);
                    }
                }
            }
            taken.push(own);
        }
        if let Some(mut left) = (1..=most).find(|all| reaches(best[*all])) {
            let mut found: Vec<usize> = taken
                .iter()
                .rev()
                .map(|own| {
                    let records = own[left];
                    left -= records;
                    records
                })
                .collect();
            found.reverse();
            return Some(found);
        }
        if most == MOST_RECORDS {
            return None;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Every choice of up to so many records of each indicator: the fewest that reach, looked for one by one.
    fn by_trying(gains: &[Vec<i128>], wanted: i128) -> Option<usize> {
        let mut choices: Vec<(usize, i128)> = vec![(0, 0)];
        for gains in gains {
            let with = |(records, gain): (usize, i128)| gains.iter().zip(1..).map(move |(own, number)| (records + number, gain + own));
            choices = choices.iter().flat_map(|choice| std::iter::once(*choice).chain(with(*choice))).collect();
        }
        choices.into_iter().filter(|(_, gain)| *gain >= wanted).map(|(records, _)| records).min()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

        #[test]
        fn no_choice_of_fewer_records_does_it(
            gains in prop::collection::vec(prop::collection::vec(-5..20_i128, 0..6), 0..4),
            wanted in 1..40_i128,
        ) {
            let found = fewest(&gains, &|gain| gain >= wanted);
            prop_assert_eq!(found.as_ref().map(|found| found.iter().sum::<usize>()), by_trying(&gains, wanted));
            if let Some(found) = found {
                let gain: i128 = found.iter().zip(&gains).filter(|(records, _)| **records > 0).map(|(records, gains)| gains[*records - 1]).sum();
                prop_assert!(gain >= wanted);
            }
        }
    }
}
