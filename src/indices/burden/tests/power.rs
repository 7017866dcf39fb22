//! What a panel could show, of answers one and three.

use super::*;

/// Firms of a stratum of a thousand that answer 1 and 3 in turns; in the base quarter the last two the other way round. The first
/// `base` of them answered there.
fn panel(base: usize, now: usize) -> Vec<PanelRow> {
    let answer = |firm: usize, swapped: bool| if (firm % 2 == 0) != swapped { 1 } else { 3 };
    let weight = |firms: usize| 1000 / firms as i64;
    let earlier = (0..base).map(|firm| row(&format!("f{firm:02}"), "A", "2025Q1", weight(base), [answer(firm, firm == 8 || firm == 9); 3]));
    let later = (0..now).map(|firm| row(&format!("f{firm:02}"), "A", "2025Q2", weight(now), [answer(firm, false); 3]));
    earlier.chain(later).collect()
}

fn own(panel: &[PanelRow]) -> BurdenPower {
    // Without replicates there is no interval, and the formula speaks.
    let rows = burden(panel, &[], &[], &BurdenParameters { draws: 0, ..few_draws() }).power;
    rows.into_iter().find(|row| row.is_own && row.component == "hours").expect("a row")
}

#[test]
fn ten_firms_give_the_figures_of_the_formula() {
    let found = own(&panel(10, 10));
    assert_eq!((found.firms, found.pairs, found.quarter.as_str(), found.scope.as_str()), (10, Some(10), "2025Q2", "province"));
    // Eight pairs of deviations agree and two are opposed: (8 − 2)/10. CV = √(10/9)/2.
    let shown = |value: Decimal| format!("{value:.4}");
    assert_eq!([found.correlation, found.variation, found.design_effect].map(shown), ["0.6000", "0.5270", "1.0000"]);
    // √0.8·0.527046·√0.1 = 0.149071; exp(1.959964·0.149071) − 1; exp((1.959964 + 0.841621)·0.149071) − 1.
    assert_eq!([found.standard_error, found.half_width, found.detectable_rise].map(shown), ["0.1491", "0.3393", "0.5184"]);
}

#[test]
fn the_own_row_says_what_the_interval_of_the_component_says() {
    let tables = burden(&panel(10, 10), &[], &[], &few_draws());
    let (low, high) = find(&tables.rows, "province", "2025Q2", "hours").interval.expect("replicates");
    let own = tables.power.iter().find(|row| row.is_own && row.component == "hours").expect("a row");
    let float = |value: Decimal| value.to_f64().expect("small");
    let standard_error = (float(high).ln() - float(low).ln()) / (2.0 * 1.959_964);
    assert!((float(own.standard_error) - standard_error).abs() < 1e-4, "{own:?} {low} {high}");
    assert!((float(own.half_width) - ((1.959_964 * standard_error).exp() - 1.0)).abs() < 1e-3, "{own:?}");
}

#[test]
fn nine_pairs_are_too_few_for_a_correlation() {
    let found = own(&panel(9, 10));
    assert_eq!((found.pairs, found.correlation), (Some(9), Decimal::ZERO));
}

#[test]
fn firms_of_one_quarter_only_count_as_drawn_afresh() {
    let found = own(&panel(10, 20));
    // 0.6 of ten pairs is 0.3 of twenty firms: √(2·0.7)·√(20/19)/2·√(1/20).
    assert_eq!((found.firms, found.pairs, found.correlation), (20, Some(10), Decimal::new(6, 1)));
    assert_eq!(format!("{:.4}", found.standard_error), "0.1357");
}

#[test]
fn what_strata_differ_by_is_no_correlation_of_firms() {
    let mut panel = panel(10, 10);
    // The same answers a hundred higher in another stratum.
    let shifted = panel.clone().into_iter().map(|row| PanelRow {
        firm: format!("g{}", row.firm),
        stratum: "B".to_owned(),
        hours: row.hours.map(|hours| hours + Decimal::ONE_HUNDRED),
        ..row
    });
    panel.extend(shifted);
    let found = own(&panel);
    assert_eq!((found.pairs, found.correlation), (Some(20), Decimal::new(6, 1)));
    assert!(found.design_effect < Decimal::new(1, 2), "strata of such a difference help: {found:?}");
}

#[test]
fn a_base_quarter_that_is_the_latest_is_no_second_answer() {
    let found = own(&panel(10, 0));
    assert_eq!((found.quarter.as_str(), found.pairs, found.correlation), ("2025Q1", Some(0), Decimal::ZERO));
}

#[test]
fn the_grid_has_twenty_plans_after_the_own_row_of_each_component() {
    let rows = burden(&panel(10, 10), &[], &[], &few_draws()).power;
    assert_eq!(rows.iter().map(|row| row.component.as_str()).collect::<Vec<_>>(), [["cost"; 21], ["hours"; 21], ["visits"; 21]].concat());
    assert!(rows.iter().enumerate().all(|(place, row)| row.is_own == (place % 21 == 0)));
    let plan = rows.iter().find(|row| !row.is_own && row.firms == 100 && row.correlation.is_zero()).expect("a plan");
    // √2·0.527046/10.
    assert_eq!((format!("{:.4}", plan.standard_error).as_str(), plan.pairs), ("0.0745", None));
    let key = |row: &BurdenPower| (row.scope.clone(), row.quarter.clone(), row.component.clone(), !row.is_own, row.firms, row.correlation);
    assert!(rows.windows(2).all(|pair| key(&pair[0]) < key(&pair[1])));
}

#[test]
fn a_sample_that_is_the_population_has_the_design_effect_of_a_simple_one() {
    let everyone: Vec<PanelRow> = panel(10, 10).into_iter().map(|row| PanelRow { weight: Decimal::ONE, ..row }).collect();
    assert_eq!(own(&everyone).design_effect, Decimal::ONE);
}

#[test]
fn equal_answers_and_single_firms_have_no_plan() {
    let equal: Vec<PanelRow> =
        (0..12).flat_map(|firm| ["2025Q1", "2025Q2"].map(|quarter| row(&format!("f{firm}"), "A", quarter, 10, [1, 0, 5]))).collect();
    assert_eq!(burden(&equal, &[], &[], &few_draws()).power, []);
    assert_eq!(burden(&panel(1, 1), &[], &[], &few_draws()).power, []);
}
