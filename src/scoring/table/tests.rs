//! Any table by any tree: what holds whatever the values are.

use std::collections::BTreeMap;

use proptest::prelude::*;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::read::read_csv;
use super::*;
use crate::diagnostics::Diagnostics;
use crate::library::scheme::read_table_scheme;
use crate::scoring::draws::{Draw, Drawable};
use crate::scoring::tables::LineKind;

const SCHEME: &str = r#"
title = "a table"
year = 2026
weights = "relative"
[rounding]
decimals = 2
[peer_group]
by = []
minimum_units = 1
[[node]]
id = "fair"
parent = "total"
title = "fair"
weight = 2
mean = "geometric"
[[node]]
id = "fast"
parent = "total"
title = "fast"
minimum_available = 0.5
[[indicator]]
id = "a"
node = "fair"
goalposts = [0, 10]
[[indicator]]
id = "b"
node = "fair"
weight = 3
goalposts = [10, 0]
[[indicator]]
id = "c"
node = "fast"
goalposts = [1, 10]
transform = "log"
[[indicator]]
id = "d"
node = "fast"
goalposts = [0, 10]
[[indicator]]
id = "e"
node = "total"
goalposts = [0, 10]
"#;

fn scheme(text: &str) -> Scheme {
    let mut diagnostics = Diagnostics::default();
    let scheme = read_table_scheme("table", "table.toml", text, &BTreeMap::new(), &mut diagnostics);
    assert_eq!(diagnostics.errors(), 0, "{}", diagnostics.to_text());
    scheme.expect("a scheme")
}

fn cards(text: &str, scheme: &Scheme) -> Scorecards {
    let table = read_csv(text.as_bytes(), "values.csv").expect("values");
    score(&table, scheme, &BTreeMap::new()).expect("scores")
}

fn total(cards: &Scorecards, unit: &str) -> Option<String> {
    let rank = cards.ranks.iter().find(|rank| rank.unit.as_ref() == unit).expect("the unit");
    rank.total.map(|total| total.to_string())
}

#[test]
fn a_unit_is_scored_up_a_tree_of_several_means() {
    // fair: 40 and 90 with weights 1 and 3, geometric: 40^¼·90^¾ = 73.4847; fast: ln 5 ÷ ln 10 = 69.8970 and 50; e: 80.
    let cards = cards("unit,a,b,c,d,e\nA,4,1,5,5,8\n", &scheme(SCHEME));
    let score = |node: &str| cards.scores.iter().find(|row| row.node == node).and_then(|row| row.score).map(|score| score.to_string());
    assert_eq!(score("fair").as_deref(), Some("73.48"));
    assert_eq!(score("fast").as_deref(), Some("59.95"));
    // (2·73.4847 + 59.9485 + 80) ÷ 4.
    assert_eq!(total(&cards, "A").as_deref(), Some("71.73"));
}

#[test]
fn too_little_of_a_node_is_no_score_and_its_weight_moves() {
    let scheme = scheme(&SCHEME.replace("minimum_available = 0.5", "minimum_available = 0.6"));
    let cards = cards("unit,a,b,c,d,e\nA,4,1,,5,8\nB,4,1,5,5,8\n", &scheme);
    // fast is left out: (2·73.4847 + 80) ÷ 3.
    assert_eq!(total(&cards, "A").as_deref(), Some("75.66"));
    assert_eq!(total(&cards, "B").as_deref(), Some("71.73"));
}

#[test]
fn what_is_missing_counts_as_zero_or_withholds_where_the_scheme_says_so() {
    let zero = scheme(&SCHEME.replace("minimum_available = 0.5", "missing = \"zero\""));
    let of_zero = cards("unit,a,b,c,d,e\nA,4,1,,5,8\n", &zero);
    // fast: (0 + 50) ÷ 2.
    assert_eq!(total(&of_zero, "A").as_deref(), Some("62.99"));
    let withhold = scheme(&SCHEME.replacen("weights = \"relative\"", "weights = \"relative\"\nmissing = \"withhold\"", 1));
    let withheld = cards("unit,a,b,c,d,e\nA,4,1,5,5,\nB,4,1,5,5,8\n", &withhold);
    assert_eq!(total(&withheld, "A"), None);
    assert_eq!(withheld.ranks[0].withheld.as_deref(), Some("too_little_available"));
    assert_eq!(withheld.ranks[1].rank, Some(1));
}

#[test]
fn who_is_excluded_is_shown_and_leaves_no_hole_in_the_ranking() {
    let excluding = format!("{SCHEME}\n[[exclude]]\nunit = \"A\"\nbecause = \"merged on 1 May\"\n");
    let values = "unit,a,b,c,d,e\nA,10,0,10,10,10\nB,4,1,5,5,8\nC,4,1,5,5,8\nD,1,9,2,2,2\n";
    let ranks = |text: &str, ties: &str| -> Vec<Option<u32>> {
        let scheme = scheme(&text.replacen("decimals = 2", &format!("decimals = 2\nties = \"{ties}\""), 1));
        cards(values, &scheme).ranks.iter().map(|rank| rank.rank).collect()
    };
    assert_eq!(ranks(SCHEME, "competition"), [Some(1), Some(2), Some(2), Some(4)]);
    assert_eq!(ranks(SCHEME, "dense"), [Some(1), Some(2), Some(2), Some(3)]);
    assert_eq!(ranks(SCHEME, "worst"), [Some(1), Some(3), Some(3), Some(4)]);
    assert_eq!(ranks(&excluding, "competition"), [None, Some(1), Some(1), Some(3)]);
    let cards = cards(values, &scheme(&excluding));
    assert_eq!((total(&cards, "A").as_deref(), cards.ranks[0].withheld.as_deref()), (Some("100.00"), Some("excluded")));
}

#[test]
fn indicators_that_say_the_same_and_tell_nobody_apart_are_remarked_on() {
    let rows: Vec<String> = (0..12).map(|row| format!("U{row},{},{},5,10,{}", row % 7, 10 - row % 7, row % 3)).collect();
    let scheme = scheme(&SCHEME.replace("mean = \"geometric\"\n", ""));
    let audit = crate::scoring::audit::audit(&scheme, &cards(&format!("unit,a,b,c,d,e\n{}\n", rows.join("\n")), &scheme));
    let has = |words: &str| audit.remarks.iter().any(|remark| remark.contains(words));
    assert!(has("`a` and `b` say the same"), "{:?}", audit.remarks);
    assert!(has("`d` tells nobody apart: 100.0 % of the scores are 100"), "{:?}", audit.remarks);
    let effective: f64 = audit.indicators.iter().filter_map(|indicator| indicator.effective_weight).sum();
    assert!((effective - 1.0).abs() < 1e-3, "the shares of a sum add up to 1: {effective}");
}

fn tables() -> impl Strategy<Value = Vec<[Option<u32>; 5]>> {
    prop::collection::vec(prop::array::uniform5(prop::option::weighted(0.8, 0..100_u32)), 2..7)
}

fn text(rows: &[[Option<u32>; 5]]) -> String {
    let cell = |cell: &Option<u32>| cell.map(|tenths| Decimal::new(i64::from(tenths), 1).to_string()).unwrap_or_default();
    let line = |(place, row): (usize, &[Option<u32>; 5])| format!("U{place},{}", row.iter().map(cell).collect::<Vec<_>>().join(","));
    format!("unit,a,b,c,d,e\n{}\n", rows.iter().enumerate().map(line).collect::<Vec<_>>().join("\n"))
}

proptest! {
    // Each case scores a province several times over.
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_rows_changes_nothing(rows in tables()) {
        let lines = text(&rows);
        let mut shuffled: Vec<&str> = lines.lines().collect();
        shuffled[1..].reverse();
        let scheme = scheme(SCHEME);
        prop_assert_eq!(cards(&lines, &scheme), cards(&shuffled.join("\n"), &scheme));
    }

    #[test]
    fn a_unit_more_changes_nobodys_score_under_fixed_goalposts(rows in tables()) {
        let scheme = scheme(SCHEME);
        let (before, after) = (cards(&text(&rows[1..]), &scheme), cards(&text(&[&rows[1..], &rows[..1]].concat()), &scheme));
        for (one, other) in before.ranks.iter().zip(&after.ranks) {
            prop_assert_eq!((&one.unit, one.total), (&other.unit, other.total));
        }
    }

    #[test]
    fn a_better_value_never_lowers_a_total(rows in tables(), column in 0..5_usize) {
        let scheme = scheme(SCHEME);
        let mut better = rows.clone();
        if let Some(value) = better[0][column].as_mut() {
            *value = if column == 1 { value.saturating_sub(7) } else { (*value + 7).min(100) };
        }
        let (before, after) = (cards(&text(&rows), &scheme), cards(&text(&better), &scheme));
        prop_assert!(after.ranks[0].total >= before.ranks[0].total);
    }

    #[test]
    fn lines_add_up_to_the_total(rows in tables()) {
        let cards = cards(&text(&rows), &scheme(SCHEME));
        for rank in &cards.ranks {
            let sum: Decimal = cards.score_lines.iter().filter(|line| line.unit == rank.unit && line.kind.adds_up()).map(|line| line.earned).sum();
            prop_assert_eq!(sum, rank.total.unwrap_or_default());
            let rounding = cards.score_lines.iter().find(|line| line.unit == rank.unit && line.kind == LineKind::Rounding);
            prop_assert!(rounding.is_none_or(|line| line.earned.abs() < Decimal::new(501, 5)), "rounding explains no more than rounding");
        }
    }

    #[test]
    fn a_draw_that_changes_nothing_gives_the_published_totals_and_ranks(rows in tables()) {
        for text_of_scheme in [SCHEME.to_owned(), SCHEME.replacen("[rounding]", "missing = \"zero\"\n[rounding]", 1)] {
            let scheme = scheme(&text_of_scheme);
            let cards = cards(&text(&rows), &scheme);
            let drawable = Drawable::of(&scheme, &cards);
            let totals = drawable.totals(&Draw::default());
            for (rank, total) in cards.ranks.iter().zip(&totals) {
                let published = rank.total.and_then(|total| total.to_f64());
                prop_assert_eq!(published.is_none(), total.is_nan());
                prop_assert!(published.is_none_or(|published| (published - total).abs() < 0.005 + 1e-6), "{:?} {}", published, total);
            }
            let ranks: Vec<u32> = cards.ranks.iter().map(|rank| rank.rank.unwrap_or_default()).collect();
            prop_assert_eq!(drawable.places(&totals), ranks);
        }
    }
}

const RATES: &str = r#"
title = "rates"
year = 2026
weights = "relative"
[rounding]
decimals = 2
[uncertainty]
draws = 2000
seed = 7
[peer_group]
by = []
minimum_units = 1
[minimum_n]
rate = 0
half_width = 100
rank_share = 0
[[indicator]]
id = "r"
node = "total"
goalposts = [0, 1]
[[indicator]]
id = "s"
node = "total"
goalposts = [0, 1]
"#;

/// Counts of two rates for units of one group.
fn rates(units: &[(&str, [(u64, u64); 2])]) -> String {
    let mut lines = vec!["unit,group,indicator,numerator,denominator".to_owned()];
    for (unit, counts) in units {
        for (indicator, (numerator, denominator)) in ["r", "s"].into_iter().zip(counts) {
            lines.push(format!("{unit},one,{indicator},{numerator},{denominator}"));
        }
    }
    lines.join("\n")
}

const SIX: [(&str, [(u64, u64); 2]); 6] = [
    ("A", [(3, 3), (90, 100)]),
    ("B", [(95, 100), (90, 100)]),
    ("C", [(90, 100), (80, 100)]),
    ("D", [(85, 100), (70, 100)]),
    ("E", [(80, 100), (60, 100)]),
    ("F", [(60, 100), (50, 100)]),
];

#[test]
fn three_of_three_is_drawn_towards_the_peers_and_scored_so_only_where_the_scheme_says_so() {
    let value = |cards: &Scorecards, unit: &str| {
        cards.values.iter().find(|value| value.unit.as_ref() == unit && value.indicator.as_ref() == "r").expect("a value").clone()
    };
    let own = cards(&rates(&SIX), &scheme(RATES));
    let (few, many) = (value(&own, "A"), value(&own, "B"));
    let (few_shrunk, many_shrunk) = (few.shrunk.expect("shrunk"), many.shrunk.expect("shrunk"));
    assert_eq!(few.score, Some(Decimal::from(100)), "what is published is the unit's own");
    assert!(few_shrunk.value < many_shrunk.value, "three cases say less than a hundred: {few_shrunk:?} {many_shrunk:?}");
    assert!(few_shrunk.weight < Decimal::new(3, 1) && many_shrunk.weight > Decimal::new(8, 1));
    let shrunk = cards(&rates(&SIX), &scheme(&RATES.replace("id = \"r\"\n", "id = \"r\"\nscore_from = \"shrunk\"\n")));
    let score = value(&shrunk, "A").score.expect("a score");
    assert!((score - few_shrunk.value * Decimal::ONE_HUNDRED).abs() < Decimal::new(1, 6));
    assert_eq!(value(&own, "A").value, value(&shrunk, "A").value, "both values are shown");
    let four = cards(&rates(&SIX[..4]), &scheme(RATES));
    assert_eq!(value(&four, "A").shrunk, None, "four peers say nothing of their spread");
}

#[test]
fn ranks_that_chance_leaves_open_are_wide_where_units_are_alike_and_narrow_where_they_are_not() {
    let alike: Vec<(String, [(u64, u64); 2])> = (0..6).map(|unit| (format!("U{unit}"), [(80 + unit % 2, 100), (80, 100)])).collect();
    let alike: Vec<(&str, [(u64, u64); 2])> = alike.iter().map(|(unit, counts)| (unit.as_str(), *counts)).collect();
    let apart = [
        ("A", [(9900, 10000), (9900, 10000)]),
        ("B", [(8000, 10000), (8000, 10000)]),
        ("C", [(6000, 10000), (6000, 10000)]),
        ("D", [(4000, 10000), (4000, 10000)]),
        ("E", [(2000, 10000), (2000, 10000)]),
    ];
    let intervals = |units: &[(&str, [(u64, u64); 2])]| -> Vec<(u32, u32)> {
        let cards = cards(&rates(units), &scheme(RATES));
        let open = cards.ranks.iter().map(|rank| rank.uncertainty.expect("it is ranked"));
        open.map(|open| (open.interval.best, open.interval.worst)).collect()
    };
    assert_eq!(intervals(&apart), [(1, 1), (2, 2), (3, 3), (4, 4), (5, 5)]);
    assert!(intervals(&alike).iter().all(|(best, worst)| worst - best >= 4), "{:?}", intervals(&alike));
}

#[test]
fn another_group_changes_nothing_that_chance_leaves_open() {
    let own = rates(&SIX);
    let with_other = format!("{own}\nX,other,r,5,10\nX,other,s,5,10\nY,other,r,7,10\nY,other,s,5,10");
    let open = |text: &str| {
        let cards = cards(text, &scheme(RATES));
        cards.ranks.iter().filter(|rank| rank.peer_group == "one").map(|rank| rank.uncertainty).collect::<Vec<_>>()
    };
    assert_eq!(open(&own), open(&with_other));
}

#[test]
fn the_true_rank_lies_in_the_interval_as_often_as_is_said() {
    // Twenty provinces of twelve units, whose true rates are known and whose cases are drawn.
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::{RngCore, SeedableRng};
    let mut random = ChaCha8Rng::seed_from_u64(11);
    let mut uniform = || (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
    let scheme = scheme(RATES);
    let (mut held, mut all) = (0, 0);
    for _ in 0..20 {
        let truth: Vec<[f64; 2]> = (0..12).map(|_| [0.6 + 0.3 * uniform(), 0.5 + 0.4 * uniform()]).collect();
        let names: Vec<String> = (0..12).map(|unit| format!("U{unit:02}")).collect();
        let mut draw = |rate: f64, cases: u64| ((0..cases).filter(|_| uniform() < rate).count() as u64, cases);
        let counts: Vec<[(u64, u64); 2]> =
            truth.iter().enumerate().map(|(unit, rates)| rates.map(|rate| draw(rate, 30 + 15 * unit as u64))).collect();
        let units: Vec<(&str, [(u64, u64); 2])> = names.iter().map(String::as_str).zip(counts).collect();
        let cards = cards(&rates(&units), &scheme);
        let true_totals: Vec<f64> = truth.iter().map(|rates| rates[0] + rates[1]).collect();
        for (rank, own) in cards.ranks.iter().zip(&true_totals) {
            let true_rank = true_totals.iter().filter(|other| *other > own).count() as u32 + 1;
            held += u32::from(rank.uncertainty.expect("it is ranked").interval.contains(true_rank));
            all += 1;
        }
    }
    // 240 intervals of 95 %: a Monte Carlo error of 1.4 points; units of one province hang together.
    let share = f64::from(held) / f64::from(all);
    assert!((0.91..=0.99).contains(&share), "{share} of the true ranks lie in their intervals");
}

#[test]
fn a_rank_that_hangs_on_one_thing_is_said_to_hang_on_it() {
    use crate::scoring::whatif::{Cause, Variation, shares};
    // Many cases, no gaps: only weights and curves can move these two, and `A` leads on one indicator and trails on the other.
    let units = [
        ("A", [(9_000, 10_000), (5_000, 10_000)]),
        ("B", [(5_100, 10_000), (8_900, 10_000)]),
        ("C", [(1_000, 10_000), (1_000, 10_000)]),
        ("D", [(900, 10_000), (900, 10_000)]),
        ("E", [(800, 10_000), (800, 10_000)]),
    ];
    let scheme = scheme(RATES);
    let cards = cards(&rates(&units), &scheme);
    let of = |variation: &Variation, threads: usize| shares(&scheme, &cards, variation, threads).expect("shares");
    let weights_only = Variation { pairs: 60, seed: 3, weights: 0.25, curves: 0.0 };
    let found = of(&weights_only, 1);
    assert_eq!(found, of(&weights_only, 2), "on any number of threads");
    let first = found.iter().find(|row| row.unit == "A").expect("A");
    let shares = first.of.expect("its rank moves");
    assert!(shares[Cause::Weights as usize] > 0.8, "{shares:?}");
    assert!(shares[Cause::Imputation as usize] == 0.0 && shares[Cause::Curves as usize] == 0.0, "{shares:?}");
    assert_eq!((first.interval.0, first.interval.1), (1, 2));
    let fast = of(&Variation { weights: 0.0, ..weights_only }, 1);
    assert!(fast.iter().find(|row| row.unit == "C").expect("C").of.is_none(), "nothing moves it: its rank has no variance");
}

#[test]
fn a_half_is_rounded_up_however_many_divisions_lie_before_it() {
    let text = r#"
title = "thirds and sevenths"
year = 2026
weights = "relative"
[peer_group]
by = []
[[node]]
id = "thirds"
parent = "total"
title = "thirds"
weight = 3
[[node]]
id = "sevenths"
parent = "total"
title = "sevenths"
weight = 7
"#;
    let leaf = |node: &str, place: usize| format!("[[indicator]]\nid = \"{node}{place}\"\nnode = \"{node}\"\ngoalposts = [0, 100]\n");
    let leaves: String = (0..3).map(|place| leaf("thirds", place)).chain((0..7).map(|place| leaf("sevenths", place))).collect();
    let scheme = scheme(&format!("{text}{leaves}"));
    let names: Vec<String> = (0..3).map(|place| format!("thirds{place}")).chain((0..7).map(|place| format!("sevenths{place}"))).collect();
    // The total is the sum of all ten values ÷ 10, whatever the nodes divide by: values with two decimals whose sum ends in 5.
    for start in 0..400_u32 {
        let mut hundredths: Vec<u32> = (0..10).map(|place| (start * 37 + place * 911) % 9_000).collect();
        let rest = hundredths.iter().sum::<u32>() % 10;
        hundredths[9] += (15 - rest) % 10;
        let sum: u32 = hundredths.iter().sum();
        let cells: Vec<String> = hundredths.iter().map(|value| Decimal::new(i64::from(*value), 2).to_string()).collect();
        let cards = cards(&format!("unit,{}\nA,{}\n", names.join(","), cells.join(",")), &scheme);
        assert_eq!(total(&cards, "A"), Some(Decimal::new(i64::from(sum / 10 + 1), 2).to_string()), "{cells:?}");
    }
}

#[test]
fn ranks_are_open_where_chance_alone_tells_units_apart() {
    let units: Vec<(String, [(u64, u64); 2])> =
        (0..10).map(|unit| (format!("U{unit}"), [(900 + unit, 1000), (900 + unit, 1000)])).collect();
    let units: Vec<(&str, [(u64, u64); 2])> = units.iter().map(|(unit, counts)| (unit.as_str(), *counts)).collect();
    let cards = cards(&rates(&units), &scheme(RATES));
    for rank in &cards.ranks {
        let interval = rank.uncertainty.expect("it is ranked").interval;
        assert!(interval.best <= 2 && interval.worst >= 9, "{:?}", rank);
    }
}

#[test]
fn an_excluded_unit_takes_no_place_of_a_quota() {
    let grades = "[[grade]]\nname = \"优秀\"\nfrom = 80\nquota = 0.34\n[[grade]]\nname = \"良好\"\nfrom = 0\n[[exclude]]\nunit = \"A\"\nbecause = \"merged\"\n";
    let cards = cards("unit,a,b,c,d,e\nA,10,0,10,10,10\nB,9,1,9,9,9\nC,9,2,8,8,8\nD,8,3,8,8,8\n", &scheme(&format!("{SCHEME}{grades}")));
    let grade = |unit: usize| cards.ranks[unit].grade.as_deref();
    assert_eq!((cards.ranks[1].rank, grade(1), grade(2)), (Some(1), Some("优秀"), Some("良好")));
}

#[test]
fn a_parquet_file_is_the_same_table_as_its_csv() {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Decimal128Array, Float64Array, Int32Array, RecordBatch, StringArray};
    use parquet::arrow::ArrowWriter;

    let decimals = Decimal128Array::from(vec![Some(1_500), None, Some(-25)]).with_precision_and_scale(10, 3).expect("three places");
    let columns: [(&str, ArrayRef); 4] = [
        ("unit", Arc::new(StringArray::from(vec!["甲", "乙", "丙"]))),
        ("a", Arc::new(Float64Array::from(vec![Some(0.000_000_1), Some(2.0), None]))),
        ("b", Arc::new(decimals)),
        ("c", Arc::new(Int32Array::from(vec![3, 4, 5]))),
    ];
    let batch = RecordBatch::try_from_iter(columns).expect("a batch");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("values.parquet");
    let mut writer = ArrowWriter::try_new(std::fs::File::create(&path).expect("a file"), batch.schema(), None).expect("a writer");
    writer.write(&batch).expect("written");
    writer.close().expect("closed");
    let (stored, written) = (
        read::read(&path).expect("it reads"),
        read_csv("unit,a,b,c\n甲,0.0000001,1.5,3\n乙,2,,4\n丙,,-0.025,5\n".as_bytes(), "x").expect("it reads"),
    );
    let figures = |table: &ValueTable| -> Vec<(String, String, Option<String>)> {
        table.rows.iter().map(|row| (row.unit.clone(), row.indicator.clone(), row.value.map(|value| value.to_string()))).collect()
    };
    assert_eq!(figures(&stored), figures(&written));
    assert!(figures(&stored).contains(&("丙".to_owned(), "b".to_owned(), Some("-0.025".to_owned()))), "{:?}", figures(&stored));
}
