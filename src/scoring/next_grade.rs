//! What would have lifted an object by one grade: the fewest records that would have had to be otherwise.
//!
//! In: scorecards, the scheme. Out: one [`NextGrade`] for every object that has a grade and not the best one. Never here: advice. Records are what they
//! are; this says how far a total is from the next grade in the only unit that a bureau can check, its own records.
//!
//! A record that is otherwise moves the numerator of one proportion of counts by one, the way that its curve rises; denominators, peers and all else stand. As long as a
//! total is a sum of scores, what such records add is known for each indicator alone, and the fewest of them over all indicators are found exactly,
//! by dynamic programming over their number (Kellerer, Pferschy and Pisinger, Knapsack Problems, 2004, chapter 11): curves are bent and stepped, so that going for the steepest
//! one first can be wrong. Indicators that are scored by comparison, means and amounts are left out.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::draws::Places;
use super::leaf_score;
use super::tables::{NextGrade, OtherRecords, Rank, Scorecards, Status, Value, Way};
use crate::library::scheme::{Curve, Scheme};

/// Nobody changes more records than this with a list in his hand, and the search grows with the square of it.
const MOST_RECORDS: usize = 100;
/// Decimals of a gain: a score has four at most and points have eight.
const GAIN_DECIMALS: u32 = 14;

/// One row for every object with a grade below the best.
pub(super) fn rows(scheme: &Scheme, cards: &Scorecards) -> Vec<NextGrade> {
    let places = Places::of(scheme, &cards.ranks);
    let mut values: BTreeMap<usize, Vec<(usize, &Value)>> = BTreeMap::new();
    for value in &cards.values {
        let found = places.get(value.unit.as_ref(), &value.domain, value.indicator.as_ref(), &value.node);
        if let Some((row, leaf)) = found {
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
    if !reaches(ladders.iter().filter_map(|ladder| ladder.gains.iter().max()).sum()) {
        return without(Way::OutOfReach);
    }
    let mut alone: Vec<OtherRecords> = ladders.iter().filter_map(|ladder| ladder.alone(&reaches)).collect();
    alone.sort_by(|a, b| (a.records, &a.indicator, &a.node).cmp(&(b.records, &b.indicator, &b.node)));
    match fewest(&ladders, &reaches) {
        Some(together) => Some(row(Way::Records, together, alone)),
        None => Some(row(Way::TooMany, Vec::new(), alone)),
    }
}

/// What one, two, three … records of an indicator would add to the total.
struct Ladder<'a> {
    value: &'a Value,
    /// The numerator would have to be smaller.
    is_less: bool,
    /// Gains in units of 10⁻¹⁴ points, that of one record first.
    gains: Vec<i128>,
}

impl<'a> Ladder<'a> {
    /// `None` where no record changes the score, or none that can be counted.
    fn of(scheme: &Scheme, leaf: usize, value: &'a Value) -> Option<Self> {
        let scored = &scheme.indicators[leaf];
        let is_live = matches!(value.status, Status::Scored | Status::Held) && !value.effective_points.is_zero();
        let curve = scored.curve.as_ref().filter(|_| is_live && scored.relative.is_none() && scheme.is_in_total(&scored.node))?;
        let (numerator, denominator, score) = (value.numerator?, value.denominator?, value.score?);
        // A proportion of counts; a composite has an interval as well, and its value in the place of a numerator.
        let is_of_counts = value.interval.is_some() && numerator.fract().is_zero() && value.value == Some(numerator / denominator);
        let points = curve.points();
        let is_less = points.first()?.1 > points.last()?.1;
        let room = if is_less { numerator } else { denominator - numerator };
        let room = usize::try_from(room.to_string().parse::<i64>().ok()?).ok()?.min(MOST_RECORDS);
        if !is_of_counts {
            return None;
        }
        let gain = |records: usize| {
            let records = Decimal::from(records);
            let moved = if is_less { numerator - records } else { numerator + records };
            gain_of(scheme, curve, value, score, moved, denominator)
        };
        let gains: Vec<i128> = (1..=room).map(gain).collect();
        gains.iter().any(|gain| *gain > 0).then_some(Self { value, is_less, gains })
    }

    /// So many records of this indicator.
    fn records(&self, records: usize) -> OtherRecords {
        OtherRecords {
            indicator: self.value.indicator.clone(),
            node: self.value.node.clone(),
            records: records as u32,
            is_less: self.is_less,
            gain: Decimal::from_i128_with_scale(self.gains[records - 1], GAIN_DECIMALS).normalize(),
        }
    }

    /// The fewest records of this indicator that do without any other.
    fn alone(&self, reaches: &dyn Fn(i128) -> bool) -> Option<OtherRecords> {
        self.gains.iter().position(|gain| reaches(*gain)).map(|place| self.records(place + 1))
    }
}

/// What the total would gain, were the numerator `moved`.
fn gain_of(scheme: &Scheme, curve: &Curve, value: &Value, score: Decimal, moved: Decimal, denominator: Decimal) -> i128 {
    let after = leaf_score(scheme, curve.score_of_ratio(moved, denominator));
    let mut gain = ((after - score) * value.effective_points / Decimal::ONE_HUNDRED).round_dp(GAIN_DECIMALS);
    gain.rescale(GAIN_DECIMALS);
    gain.mantissa()
}

/// The fewest records over all indicators; of as many the ones that gain most. `None` when it takes more than [`MOST_RECORDS`].
fn fewest(ladders: &[Ladder<'_>], reaches: &dyn Fn(i128) -> bool) -> Option<Vec<OtherRecords>> {
    let mut most = 4;
    loop {
        most = usize::min(most * 2, MOST_RECORDS);
        // The best gain of up to so many records of the indicators so far, and how many of them each indicator takes.
        let mut best = vec![0_i128; most + 1];
        let mut taken: Vec<Vec<usize>> = Vec::with_capacity(ladders.len());
        for ladder in ladders {
            let before = best.clone();
            let mut own = vec![0; most + 1];
            for all in 1..=most {
                for (records, gain) in (1..=all).zip(&ladder.gains) {
                    let with = before[all - records] + gain;
                    if with > best[all] {
                        (best[all], own[all]) = (with, records);
                    }
                }
            }
            taken.push(own);
        }
        if let Some(mut left) = (1..=most).find(|all| reaches(best[*all])) {
            let mut found = Vec::new();
            for (ladder, taken) in ladders.iter().zip(&taken).rev() {
                if taken[left] > 0 {
                    found.push(ladder.records(taken[left]));
                    left -= taken[left];
                }
            }
            found.reverse();
            return Some(found);
        }
        if most == MOST_RECORDS {
            return None;
        }
    }
}
