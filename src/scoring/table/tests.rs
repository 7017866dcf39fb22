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
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

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
