//! What holds for any panel.

use proptest::prelude::*;

use super::*;

/// Reports of up to nine firms in three strata, two cities and none, and three quarters; keys may repeat.
fn panels() -> impl Strategy<Value = Vec<PanelRow>> {
    let answer = || proptest::option::weighted(0.85, (0_i64..200).prop_map(|tenths| Decimal::new(tenths, 1)));
    let report = (0_usize..9, 0_usize..3, 0_usize..3, 0_i64..60, (answer(), answer(), answer(), answer(), answer()));
    let row = report.prop_map(|(firm, stratum, quarter, weight, (visits, hours, cost, equipment, recorded))| PanelRow {
        firm: format!("f{firm}"),
        city: ["", "330100", "330200"][firm % 3].to_owned(),
        stratum: ["A", "B", "C"][stratum].to_owned(),
        quarter: ["2025Q1", "2025Q2", "2025Q3"][quarter].to_owned(),
        weight: Decimal::from(weight),
        visits,
        hours,
        cost,
        equipment,
        recorded,
    });
    proptest::collection::vec(row, 0..40)
}

fn registers() -> impl Strategy<Value = Vec<RegisterRow>> {
    let row = (0_usize..3, 0_usize..3, 0_i64..500, 0_u64..100);
    let row = row.prop_map(|(city, quarter, visits, enterprises)| {
        registered(["", "330100", "330300"][city], ["2025Q1", "2025Q2", "2025Q3"][quarter], visits, enterprises)
    });
    proptest::collection::vec(row, 0..12)
}

fn caps() -> impl Strategy<Value = Vec<CapRow>> {
    let row = (0_usize..2, 2025_i16..2027, 0_u64..50, 0_u64..50);
    let row = row.prop_map(|(city, year, enterprises, over)| CapRow { city: ["", "330100"][city].to_owned(), year, enterprises, over });
    proptest::collection::vec(row, 0..6)
}

/// Few replicates, small cities, and a band in which most ratios lie, so that both carriers occur.
fn parameters() -> BurdenParameters {
    BurdenParameters { draws: 20, minimum_firms: 2, recorded_band: (Decimal::new(3, 1), Decimal::from(3)), ..BurdenParameters::usual(7) }
}

/// Two quarters of firms that answer everything alike: (answer of the first, of the second, stratum); the second times `factor`.
fn two_quarters(answers: &[(i64, i64, usize)], factor: Decimal) -> Vec<PanelRow> {
    let of = |quarter: &str, factor: Decimal, pick: fn(&(i64, i64, usize)) -> i64| -> Vec<PanelRow> {
        let row = |(firm, answer): (usize, &(i64, i64, usize))| {
            let amount = Some(Decimal::from(pick(answer)) * factor);
            let plain = row(&format!("f{firm}"), ["A", "B", "C"][answer.2], quarter, 10 + 7 * answer.2 as i64, [0; 3]);
            PanelRow { visits: amount, hours: amount, cost: amount, equipment: amount, ..plain }
        };
        answers.iter().enumerate().map(row).collect()
    };
    [of("2025Q1", Decimal::ONE, |answer| answer.0), of("2025Q2", factor, |answer| answer.1)].concat()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_rows_changes_nothing_and_tables_come_sorted(
        (panel, shuffled) in panels().prop_flat_map(|rows| (Just(rows.clone()), Just(rows).prop_shuffle())),
        (register, registered) in registers().prop_flat_map(|rows| (Just(rows.clone()), Just(rows).prop_shuffle())),
        (caps, capped) in caps().prop_flat_map(|rows| (Just(rows.clone()), Just(rows).prop_shuffle())),
    ) {
        let tables = burden(&panel, &register, &caps, &parameters());
        prop_assert_eq!(&tables, &burden(&shuffled, &registered, &capped, &parameters()));
        let keys: Vec<_> = tables.rows.iter().map(|row| (&row.scope, &row.quarter, &row.component)).collect();
        prop_assert!(keys.windows(2).all(|pair| pair[0] < pair[1]));
        let keys: Vec<_> = tables.visits.iter().map(|row| (&row.scope, &row.quarter)).collect();
        prop_assert!(keys.windows(2).all(|pair| pair[0] < pair[1]));
        let keys: Vec<_> = tables.caps.iter().map(|row| (&row.scope, row.year)).collect();
        prop_assert!(keys.windows(2).all(|pair| pair[0] < pair[1]));
        let keys: Vec<_> = tables.power.iter().map(|row| (&row.scope, &row.quarter, &row.component, !row.is_own, row.firms)).collect();
        prop_assert!(keys.windows(2).all(|pair| pair[0] <= pair[1]));
    }

    #[test]
    fn contributions_add_up_to_the_index_exactly_whoever_carries_it(panel in panels(), register in registers()) {
        let rows = burden(&panel, &register, &[], &parameters()).rows;
        for index in rows.iter().filter(|row| row.component == "index") {
            let parts: Vec<&Burden> = rows.iter().filter(|row| (&row.scope, &row.quarter) == (&index.scope, &index.quarter)).collect();
            let shares: Vec<&str> = parts.iter().filter(|row| row.contribution.is_some()).map(|row| row.component.as_str()).collect();
            let sum: Decimal = parts.iter().filter_map(|row| row.contribution).sum();
            match index.index {
                None => prop_assert_eq!(shares, Vec::<&str>::new()),
                Some(value) => {
                    prop_assert_eq!(sum, value - Decimal::ONE_HUNDRED);
                    let visits = if index.carried_by == "register" { "register" } else { "visits" };
                    let expected = if visits == "register" { ["cost", "hours", visits] } else { ["cost", "hours", "visits"] };
                    prop_assert_eq!(shares, expected);
                }
            }
            for part in parts.iter().filter(|row| row.contribution.is_some()) {
                // A part's share is off by one grain at most.
                let weight = if part.component == "hours" { 0.4 } else { 0.3 };
                let exact = weight * (part.index.expect("it contributes").to_f64().expect("small") - 100.0);
                prop_assert!((part.contribution.expect("just filtered").to_f64().expect("small") - exact).abs() < 1.6e-4);
            }
        }
    }

    #[test]
    fn answers_that_are_all_some_times_as_high_give_an_index_so_many_times_as_high(
        answers in proptest::collection::vec((1_i64..100, 0_i64..100, 0_usize..3), 1..20), hundredths in 1_i64..1000,
    ) {
        let factor = Decimal::new(hundredths, 2);
        let (plain, scaled) = (of_panel(&two_quarters(&answers, Decimal::ONE)), of_panel(&two_quarters(&answers, factor)));
        for component in ["visits", "hours", "cost", "equipment", "index"] {
            let index = |rows: &[Burden]| find(rows, "province", "2025Q2", component).index.expect("no base is zero");
            prop_assert!((index(&plain) * factor - index(&scaled)).abs() <= (factor + Decimal::ONE) * Decimal::new(6, 5));
        }
    }

    #[test]
    fn a_quarter_that_repeats_the_base_is_one_hundred_and_unchanged(
        answers in proptest::collection::vec((1_i64..100, 0_usize..3), 1..20),
    ) {
        let same: Vec<_> = answers.iter().map(|(answer, stratum)| (*answer, *answer, *stratum)).collect();
        for row in of_panel(&two_quarters(&same, Decimal::ONE)) {
            let hundred = Decimal::ONE_HUNDRED;
            prop_assert_eq!((row.index, row.chained), (Some(hundred), Some(hundred)));
            prop_assert_eq!((row.interval, row.unchanged), (Some((hundred, hundred)), true));
        }
    }

    #[test]
    fn calibrated_visits_are_the_index_of_the_register(
        answers in proptest::collection::vec((1_i64..100, 1_i64..100, 0_usize..3), 1..20),
        visits in (1_i64..900, 1_i64..900),
        firms in (1_u64..90, 1_u64..90),
    ) {
        let register = [registered("", "2025Q1", visits.0, firms.0), registered("", "2025Q2", visits.1, firms.1)];
        let rows = burden(&two_quarters(&answers, Decimal::ONE), &register, &[], &few_draws()).rows;
        let of = |component| find(&rows, "province", "2025Q2", component);
        let (calibrated, register) = (of("visits").calibrated.expect("a total"), of("register").index.expect("a total"));
        prop_assert!((calibrated - register).abs() <= Decimal::new(1, 4));
    }
}
