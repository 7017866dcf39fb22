//! What holds for every province.

use jiff::civil::date;
use proptest::prelude::*;
use rust_decimal::Decimal;

use super::Event;
use super::tables::{LineKind, OtherRecords, Rank, Value, Way};
use super::tests::{Province, measure, ratio, unit};
use crate::compute::measures::{Amount, Measure};
use crate::terms::{Fraction, UnitId};

const UNITS: [&str; 8] = ["u0", "u1", "u2", "u3", "u4", "u5", "u6", "u7"];

/// Provinces of up to eight market units with any amounts, in any order.
fn provinces() -> impl Strategy<Value = Province> {
    let names = ["a.rate", "a.fault", "a.market", "a.stock", "a.new"];
    let one = (0..names.len(), 0..8_usize, 1..3_i8, 0..60_i64, 0..60_i64);
    (prop::collection::vec(one, 0..60), prop::collection::vec(-6..6_i64, 0..3)).prop_map(move |(rows, events)| {
        let mut province = Province::market();
        province.units = UNITS.map(|name| unit(name, "county", "market", "330102")).into();
        let row = |(indicator, unit, month, part, rest): (usize, usize, i8, i64, i64)| {
            measure(names[indicator], UNITS[unit], month, ratio(part, part + rest))
        };
        province.measures = rows.into_iter().map(row).collect();
        let event = |points| Event {
            id: "event".to_owned(),
            is_veto: false,
            document: String::new(),
            unit: UnitId::from("u0"),
            code: "event".to_owned(),
            points: Decimal::from(points),
            cap_grade: None,
            on: date(2026, 1, 5),
        };
        province.events = events.into_iter().map(event).collect();
        province
    })
}

/// The province, were these records of the unit otherwise: those of the newest months first, for a stock is that of the last one.
fn with(province: &Province, unit: &UnitId, records: &[OtherRecords]) -> Province {
    let mut other = Province::market();
    (other.units, other.events, other.measures) = (province.units.clone(), province.events.clone(), province.measures.clone());
    other.measures.sort_by_key(|row| std::cmp::Reverse(row.month));
    for wanted in records {
        let mut left = i128::from(wanted.records) * Fraction::SCALE;
        let is_of = |row: &&mut Measure<'static>| row.subject == unit.0 && row.indicator == wanted.indicator.0;
        for row in other.measures.iter_mut().filter(is_of) {
            let Amount::Ratio(fraction) = &mut row.amount else { continue };
            let room = if wanted.is_less { fraction.numerator } else { fraction.denominator - fraction.numerator };
            let taken = left.min(room);
            fraction.numerator += if wanted.is_less { -taken } else { taken };
            left -= taken;
        }
        assert_eq!(left, 0, "no more records than there are");
    }
    other
}

impl std::fmt::Debug for Province {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Province").field("measures", &self.measures).field("events", &self.events).finish()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn the_score_lines_add_up_exactly_and_parents_are_sums(province in provinces()) {
        let cards = province.score();
        for rank in cards.ranks.iter().filter(|rank| rank.total.is_some()) {
            let lines: Vec<_> = cards.score_lines.iter().filter(|line| line.unit == rank.unit).collect();
            let sum: Decimal = lines.iter().filter(|line| line.kind.adds_up()).map(|line| line.earned).sum();
            prop_assert_eq!(Some(sum), rank.total);
            for parent in lines.iter().filter(|line| matches!(line.kind, LineKind::Class | LineKind::Group)) {
                let children = || lines.iter().filter(|line| line.parent == parent.id && !matches!(line.kind, LineKind::EmptyClass));
                let empty = lines.iter().any(|line| line.kind == LineKind::EmptyClass && line.id == parent.id);
                if !empty {
                    prop_assert_eq!(children().map(|line| line.earned).sum::<Decimal>(), parent.earned);
                    prop_assert_eq!(children().map(|line| line.effective_points).sum::<Decimal>(), parent.effective_points);
                }
            }
            let classes: Decimal = lines.iter().filter(|line| line.kind == LineKind::Class).map(|line| line.effective_points).sum();
            prop_assert_eq!(classes, Decimal::ONE_HUNDRED, "weight never moves between classes");
        }
    }

    #[test]
    fn ranks_are_a_permutation_with_shared_ties(province in provinces()) {
        let cards = province.score();
        let ranked: Vec<_> = cards.ranks.iter().filter_map(|rank| Some((rank.rank?, rank.total?))).collect();
        for (rank, total) in &ranked {
            let better = ranked.iter().filter(|(_, other)| other > total).count() as u32;
            prop_assert_eq!(*rank, better + 1);
        }
        for rank in &cards.ranks {
            prop_assert_eq!(rank.rank.is_none(), rank.withheld.is_some());
        }
    }

    #[test]
    fn the_order_of_measures_changes_nothing(province in provinces(), seed in 0..1000_usize) {
        let cards = province.score();
        let mut shuffled = province;
        let length = shuffled.measures.len().max(1);
        shuffled.measures.rotate_left(seed % length);
        shuffled.measures.reverse();
        shuffled.units.reverse();
        shuffled.events.reverse();
        prop_assert_eq!(cards, shuffled.score());
    }

    #[test]
    fn another_unit_changes_nobodys_score(province in provinces()) {
        let before = province.score();
        let mut with_more = province;
        with_more.units.push(unit("zz", "county", "market", "330199"));
        with_more.measures.push(measure("a.rate", "zz", 1, ratio(10, 10)));
        let after = with_more.score();
        // What peers say of a unit's chance is theirs to change; its value and score are not.
        let own = |values: Vec<Value>| -> Vec<Value> {
            values.into_iter().filter(|value| value.unit.0 != "zz").map(|value| Value { shrunk: None, funnel: None, ..value }).collect()
        };
        prop_assert_eq!(own(before.values), own(after.values));
        let totals = |ranks: &[Rank]| ranks.iter().filter(|rank| rank.unit.0 != "zz").map(|rank| rank.total).collect::<Vec<_>>();
        prop_assert_eq!(totals(&before.ranks), totals(&after.ranks));
    }

    #[test]
    fn the_records_named_give_the_next_grade_and_one_less_does_not(province in provinces()) {
        let place = |grade: &Option<String>| ["优秀", "良好", "不合格"].iter().position(|name| Some(*name) == grade.as_deref());
        for next in province.score().next_grades.iter().filter(|next| next.way == Way::Records) {
            let grade_with = |records: &[OtherRecords]| {
                let cards = with(&province, &next.unit, records).score();
                cards.ranks.iter().find(|rank| rank.unit == next.unit).and_then(|rank| place(&rank.score_grade))
            };
            let wanted = place(&Some(next.grade.clone()));
            prop_assert!(grade_with(&next.together) <= wanted, "{next:?}");
            for left_out in 0..next.together.len() {
                let mut fewer = next.together.clone();
                fewer[left_out].records -= 1;
                prop_assert!(grade_with(&fewer) > wanted, "{fewer:?} would do for {next:?}");
            }
            for alone in &next.alone {
                prop_assert!(grade_with(std::slice::from_ref(alone)) <= wanted, "{alone:?} of {next:?}");
            }
        }
    }

    #[test]
    fn a_rising_curve_never_falls(a in 0..10_000_i64, b in 0..10_000_i64) {
        let point = |value: i64, score: i64| (Decimal::new(value, 2), Decimal::from(score));
        let curve = crate::library::scheme::Curve::new(vec![point(20, 0), point(55, 35), point(97, 100)]).expect("ascending");
        let score = |value: i64| curve.score(Decimal::new(value, 4));
        prop_assert_eq!(a.cmp(&b) == std::cmp::Ordering::Greater && score(a) < score(b), false);
        prop_assert!(score(a) >= Decimal::ZERO && score(a) <= Decimal::ONE_HUNDRED);
    }
}
