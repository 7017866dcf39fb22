//! Chained and calibrated indices, strata left out, remainders; and inputs that are hardly there.

use super::super::index::contributions;
use super::*;

/// Stratum A throughout, B from the second quarter on.
fn a_stratum_comes_later() -> Vec<PanelRow> {
    vec![
        row("a", "A", "2025Q1", 10, [2, 1, 1]),
        row("a", "A", "2025Q2", 10, [4, 1, 1]),
        row("b", "B", "2025Q2", 30, [1, 1, 1]),
        row("a", "A", "2025Q3", 10, [4, 1, 1]),
        row("b", "B", "2025Q3", 30, [3, 1, 1]),
    ]
}

#[test]
fn the_chain_counts_a_stratum_from_its_second_quarter_on_and_the_direct_index_never() {
    let rows = of_panel(&a_stratum_comes_later());
    let visits = |quarter| find(&rows, "province", quarter, "visits");
    assert_eq!(
        (shown(visits("2025Q1").index).as_deref(), shown(visits("2025Q1").chained).as_deref()),
        (Some("100.0000"), Some("100.0000"))
    );
    assert_eq!(
        (shown(visits("2025Q2").index).as_deref(), shown(visits("2025Q2").chained).as_deref()),
        (Some("200.0000"), Some("200.0000"))
    );
    // 200·(10·4 + 30·3)/(10·4 + 30·1).
    assert_eq!(
        (shown(visits("2025Q3").index).as_deref(), shown(visits("2025Q3").chained).as_deref()),
        (Some("200.0000"), Some("371.4286"))
    );
    // 0.3·371.4286 + 0.4·100 + 0.3·100.
    assert_eq!(shown(find(&rows, "province", "2025Q3", "index").chained).as_deref(), Some("181.4286"));
}

#[test]
fn strata_that_answered_once_are_counted_by_component_and_for_the_index() {
    let mut panel = a_stratum_comes_later();
    panel[0].hours = None;
    let rows = of_panel(&panel);
    let left_out = |component| find(&rows, "province", "2025Q3", component).strata_left_out;
    // B in all, A in hours; nobody has equipment, which leaves nothing out.
    assert_eq!(["visits", "hours", "cost", "index", "equipment"].map(left_out), [1, 2, 1, 2, 0]);
    assert_eq!(find(&rows, "province", "2025Q1", "visits").strata_left_out, 0);
}

#[test]
fn where_strata_and_their_proportions_stay_the_chain_is_the_direct_index() {
    let panel = vec![
        row("a", "A", "2025Q1", 10, [2, 1, 1]),
        row("b", "B", "2025Q1", 30, [1, 1, 1]),
        row("a", "A", "2025Q2", 20, [5, 1, 1]),
        row("b", "B", "2025Q2", 60, [2, 1, 1]),
        row("a", "A", "2025Q3", 10, [1, 1, 1]),
        row("b", "B", "2025Q3", 30, [4, 1, 1]),
    ];
    let rows = of_panel(&panel);
    for row in &rows {
        assert_eq!(row.chained, row.index, "{row:?}");
    }
    // 100·(10·1 + 30·4)/(10·2 + 30·1), so that the case is one in which something changes.
    assert_eq!(shown(find(&rows, "province", "2025Q3", "visits").chained).as_deref(), Some("260.0000"));
}

#[test]
fn a_chain_breaks_at_a_quarter_without_answers_or_with_zeros_only() {
    let mut panel = a_stratum_comes_later();
    for row in panel.iter_mut().filter(|row| row.quarter == "2025Q2") {
        (row.visits, row.hours) = (Some(Decimal::ZERO), None);
    }
    let rows = of_panel(&panel);
    let last = |component| find(&rows, "province", "2025Q3", component);
    assert_eq!((last("visits").chained, last("hours").chained), (None, None));
    assert_eq!(shown(last("cost").chained).as_deref(), Some("100.0000"));
    assert_eq!(shown(last("visits").index).as_deref(), Some("200.0000"));
}

#[test]
fn calibrated_hours_are_those_per_reported_visit_times_recorded_visits_per_enterprise() {
    let panel = vec![
        row("a", "A", "2025Q1", 10, [2, 4, 0]),
        row("b", "A", "2025Q1", 10, [4, 4, 0]),
        row("a", "A", "2025Q2", 10, [2, 6, 0]),
        row("b", "A", "2025Q2", 10, [2, 4, 0]),
    ];
    let register = [registered("", "2025Q1", 120, 20), registered("", "2025Q2", 100, 20)];
    let rows = burden(&panel, &register, &[], &few_draws()).rows;
    let figures = |component| {
        let row = find(&rows, "province", "2025Q2", component);
        (shown(row.index), shown(row.calibrated))
    };
    let expected = |index: &str, calibrated: &str| (Some(index.to_owned()), Some(calibrated.to_owned()));
    // Factors 120/60 and 100/40; 20·8/20 = 8 hours per enterprise became 25·10/20 = 12.5.
    assert_eq!(figures("hours"), expected("125.0000", "156.2500"));
    // Calibrated visits are the register's: 5 instead of 6 per enterprise.
    assert_eq!(figures("visits"), expected("66.6667", "83.3333"));
    assert_eq!(shown(find(&rows, "province", "2025Q2", "register").index).as_deref(), Some("83.3333"));
    let without = burden(&panel, &register[1..], &[], &few_draws()).rows;
    assert_eq!(find(&without, "province", "2025Q2", "hours").calibrated, None);
}

#[test]
fn calibrated_weights_keep_their_limit() {
    let panel = vec![
        row("a", "A", "2025Q1", 10, [1, 0, 0]),
        row("b", "A", "2025Q1", 110, [1, 12, 0]),
        row("a", "A", "2025Q2", 10, [1, 12, 0]),
        row("b", "A", "2025Q2", 110, [1, 0, 0]),
    ];
    let register = [registered("", "2025Q1", 120, 120), registered("", "2025Q2", 120, 120)];
    let calibrated = |weight_ratio_limit: f64| {
        let parameters = BurdenParameters { weight_ratio_limit, ..few_draws() };
        shown(find(&burden(&panel, &register, &[], &parameters).rows, "province", "2025Q2", "hours").calibrated)
    };
    // Weights 20 and 100: 12·100/120 hours became 12·20/120. With 10 and 110 it would be one eleventh.
    assert_eq!(calibrated(5.0).as_deref(), Some("20.0000"));
    assert_eq!(calibrated(20.0).as_deref(), Some("9.0909"));
}

#[test]
fn a_grain_that_rounding_leaves_goes_to_the_largest_remainder_and_on_ties_to_the_first() {
    let of = |total: i64, parts: [f64; 3], weights: [f64; 3]| {
        let [visits, hours, cost] = parts.map(Some);
        contributions(Decimal::new(total, 4), [visits, hours, cost, None], None, weights).expect("shares")
    };
    let grains = |shares: [Decimal; 3]| shares.map(|share| (share * Decimal::from(10_000)).to_i64().expect("whole"));
    // A third of a grain each.
    assert_eq!(grains(of(1_000_001, [100.0001; 3], [1.0; 3])), [1, 0, 0]);
    // 0.1, 0.2 and 0.7 of a grain.
    assert_eq!(grains(of(1_000_001, [100.00003, 100.00006, 100.00021], [1.0; 3])), [0, 0, 1]);
    // A part that did not change causes nothing, whatever the others leave.
    assert_eq!(grains(of(1_000_000, [100.00004, 100.0, 99.99996], [1.0; 3]))[1], 0);
}

#[test]
fn without_input_there_is_no_row() {
    assert_eq!(burden(&[], &[], &[], &few_draws()), BurdenTables::default());
}

#[test]
fn where_the_panel_lacks_the_base_quarter_none_of_its_indices_is_stated() {
    let parameters = BurdenParameters { base_quarter: Some("2024Q4".to_owned()), ..few_draws() };
    let tables = burden(&a_stratum_comes_later(), &[], &[], &parameters);
    assert_eq!(tables.rows.len(), 3 * 5);
    for row in &tables.rows {
        assert_eq!((row.index, row.interval, row.score, row.mean), (None, None, None, None));
        assert_eq!((row.contribution, row.chained, row.calibrated, row.unchanged), (None, None, None, false));
    }
    assert_eq!(tables.power, []);
}

#[test]
fn a_base_of_zeros_gives_a_mean_and_no_index() {
    let panel = vec![row("a", "A", "2025Q1", 10, [0, 1, 1]), row("a", "A", "2025Q2", 10, [3, 1, 1])];
    let rows = of_panel(&panel);
    let visits = find(&rows, "province", "2025Q2", "visits");
    assert_eq!((visits.index, visits.interval, shown(visits.mean).as_deref()), (None, None, Some("3.0000")));
    let index = find(&rows, "province", "2025Q2", "index");
    assert_eq!((index.index, index.score, index.chained), (None, None, None));
    assert_eq!(find(&rows, "province", "2025Q2", "hours").contribution, None);
}

#[test]
fn quarters_before_the_base_have_no_row() {
    let parameters = BurdenParameters { base_quarter: Some("2025Q2".to_owned()), ..few_draws() };
    let tables = burden(&a_stratum_comes_later(), &[registered("", "2025Q1", 1, 1)], &[], &parameters);
    assert!(tables.rows.iter().all(|row| row.quarter.as_str() >= "2025Q2"));
    assert_eq!(shown(find(&tables.rows, "province", "2025Q2", "visits").index).as_deref(), Some("100.0000"));
}

#[test]
fn redrawn_limits_move_intervals_and_nothing_else() {
    let panel = super::figures::panel();
    let of = |limits_redrawn: bool| burden(&panel, &[], &[], &BurdenParameters { limits_redrawn, ..few_draws() }).rows;
    let (given, redrawn) = (of(false), of(true));
    let points =
        |rows: &[Burden]| rows.iter().map(|row| (row.index, row.mean, row.excess, row.chained, row.winsorised)).collect::<Vec<_>>();
    assert_eq!(points(&given), points(&redrawn));
    assert_ne!(find(&given, "province", "2026Q1", "visits").interval, find(&redrawn, "province", "2026Q1", "visits").interval);
}

#[test]
fn a_replicate_is_pulled_in_to_the_limit_of_the_firms_that_it_drew_as_often_as_it_drew_them() {
    let reports = |answers: [i64; 5]| {
        let firms = answers.into_iter().enumerate();
        firms.map(|(firm, visits)| row(&format!("f{firm}"), "A", "2025Q1", 10, [visits, 0, 0])).collect::<Vec<_>>()
    };
    let panel = reports([1, 2, 3, 4, 90]);
    let rows: Vec<&PanelRow> = panel.iter().collect();
    let strata = super::super::panel::Comparison::of(&rows, "2025Q1", "2025Q1", 5.0).strata;
    let visits = |reports: &[super::super::panel::Report]| reports.iter().filter_map(|report| report[0]).collect::<Vec<_>>();
    // Median 3, MAD 1.
    assert_eq!(visits(&strata[0].later.reports), [1.0, 2.0, 3.0, 4.0, 8.0]);
    // Drawn are 1, 1, 2 and 90: median 1.5, deviations 0.5, 0.5, 0.5 and 88.5, so that the limit is 1.5 + 5·0.5.
    assert_eq!(visits(&strata[0].redrawn(&[2.5, 1.25, 0.0, 0.0, 1.25], 5.0).later.reports), [1.0, 2.0, 3.0, 4.0, 4.0]);
}
