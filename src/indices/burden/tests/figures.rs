//! A panel of twelve firms in two strata. The expected figures come from an independent computation in Python: point values to
//! four decimals; interval ends from 40 000 replicates with another generator, so they are held to half an index point.

use super::super::panel::winsorise;
use super::*;

type Figures = [[Option<i64>; 6]; 3];

fn some(values: [i64; 6]) -> [Option<i64>; 6] {
    values.map(Some)
}

/// Firm reports of one stratum and quarter; hours come in tenths.
fn reports(stratum: &str, quarter: &str, weight: i64, [visits, tenths_of_hours, cost]: Figures) -> Vec<PanelRow> {
    let row = |firm: usize| PanelRow {
        firm: format!("{stratum}{firm}"),
        city: "330100".to_owned(),
        stratum: stratum.to_owned(),
        quarter: quarter.to_owned(),
        weight: Decimal::from(weight),
        visits: visits[firm].map(Decimal::from),
        hours: tenths_of_hours[firm].map(|tenths| Decimal::new(tenths, 1)),
        cost: cost[firm].map(Decimal::from),
        equipment: None,
        recorded: None,
    };
    (0..6).map(row).collect()
}

/// The independent computation takes the panel's limits as given.
fn with_limits_given() -> BurdenParameters {
    BurdenParameters { limits_redrawn: false, ..BurdenParameters::usual(7) }
}

pub fn panel() -> Vec<PanelRow> {
    let small = [some([2, 3, 4, 2, 3, 5]), some([60, 80, 100, 70, 90, 120]), some([300, 450, 500, 350, 420, 600])];
    let small_later = [some([2, 2, 3, 2, 3, 40]), some([50, 70, 90, 60, 80, 105]), some([280, 400, 520, 300, 400, 550])];
    let medium = [some([5, 6, 7, 6, 8, 5]), some([200, 250, 300, 240, 280, 220]), some([1500, 1800, 2100, 1700, 2000, 1600])];
    let medium_later = [
        [Some(4), Some(6), Some(6), Some(5), None, Some(5)],
        [Some(180), Some(220), Some(270), Some(200), None, Some(210)],
        [Some(1400), Some(1600), Some(2200), Some(1500), None, Some(1650)],
    ];
    [
        reports("small", "2025Q1", 150, small),
        reports("small", "2026Q1", 150, small_later),
        reports("medium", "2025Q1", 40, medium),
        reports("medium", "2026Q1", 40, medium_later),
    ]
    .concat()
}

#[test]
fn twelve_firms_give_the_figures_of_an_independent_computation() {
    let rows = burden(&panel(), &[], &[], &with_limits_given()).rows;
    let shown = |component| find(&rows, "province", "2026Q1", component).index.map(|index| format!("{index:.4}"));
    assert_eq!(shown("visits").as_deref(), Some("87.7136"));
    assert_eq!(shown("hours").as_deref(), Some("86.9259"));
    assert_eq!(shown("cost").as_deref(), Some("92.9963"));
    assert_eq!(shown("index").as_deref(), Some("88.9833"));
    assert_eq!(shown("equipment"), None);
    // Forty visits of one firm are pulled in to 2.5 + 5·0.5 = 5.
    assert_eq!((find(&rows, "province", "2026Q1", "visits").winsorised, find(&rows, "province", "2026Q1", "visits").firms), (1, 12));
}

#[test]
fn intervals_agree_with_forty_thousand_other_replicates() {
    let rows = burden(&panel(), &[], &[], &BurdenParameters { draws: 20_000, ..with_limits_given() }).rows;
    let expected = [("visits", 77.94, 96.52), ("hours", 83.61, 89.24), ("cost", 87.39, 97.56), ("index", 84.27, 92.42)];
    for (component, low, high) in expected {
        let interval = find(&rows, "province", "2026Q1", component).interval.expect("it has an interval");
        let near = |found: Decimal, expected: f64| (found.to_f64().expect("small") - expected).abs() < 0.5;
        assert!(near(interval.0, low) && near(interval.1, high), "{component}: {interval:?}");
    }
}

#[test]
fn a_clear_fall_is_scored_on_the_curve() {
    let rows = burden(&panel(), &[], &[], &with_limits_given()).rows;
    let index = find(&rows, "province", "2026Q1", "index");
    // 100 + (88.9833 − 60) · (80 − 100) / 40 = 85.508…
    assert_eq!((index.unchanged, index.score), (false, Some(Decimal::new(8551, 2))));
}

#[test]
fn no_detectable_change_is_exactly_eighty() {
    let rows = burden(&panel(), &[], &[], &with_limits_given()).rows;
    let base = find(&rows, "province", "2025Q1", "index");
    assert_eq!((base.index, base.unchanged, base.score), (Some(Decimal::from(100)), true, Some(Decimal::new(8000, 2))));
}

#[test]
fn a_city_below_the_minimum_of_firms_has_no_index() {
    let rows = burden(&panel(), &[], &[], &with_limits_given()).rows;
    let city = find(&rows, "330100", "2026Q1", "index");
    assert_eq!((city.index, city.interval, city.score, city.firms), (None, None, None, 12));
}

#[test]
fn the_order_of_reports_changes_nothing() {
    let mut reversed = panel();
    reversed.reverse();
    let parameters = BurdenParameters { draws: 200, ..BurdenParameters::usual(7) };
    assert_eq!(burden(&panel(), &[], &[], &parameters), burden(&reversed, &[], &[], &parameters));
}

#[test]
fn where_most_firms_had_no_visit_the_few_are_not_pulled_in_to_zero() {
    let mut reports = [0.0, 0.0, 0.0, 0.0, 3.0].map(|visits| [Some(visits), None, None, None]);
    // The median deviation is 0; 0.8453 of the mean one, 3/5, stands for it: 5·0.8453473·0.6 = 2.5360419.
    assert_eq!(winsorise(&mut reports, 5.0).reports, [1, 0, 0, 0]);
    assert_eq!(reports[4][0].map(|visits| format!("{visits:.6}")).as_deref(), Some("2.536042"));
}

#[test]
fn what_was_cut_off_and_the_mean_per_firm_stand_beside_the_index() {
    let rows = burden(&panel(), &[], &[], &with_limits_given()).rows;
    let visits = find(&rows, "province", "2026Q1", "visits");
    // 40 − 5; (900·17/6 + 240·26/5)/1140.
    assert_eq!((shown(visits.excess).as_deref(), shown(visits.mean).as_deref()), (Some("35.0000"), Some("3.3316")));
    let index = find(&rows, "province", "2026Q1", "index");
    assert_eq!((index.excess, index.mean, index.carried_by.as_str()), (None, None, "panel"));
    // A city that is too small has no figure of any kind.
    let city = find(&rows, "330100", "2026Q1", "visits");
    assert_eq!((city.excess, city.mean, city.contribution, city.chained, city.calibrated), (None, None, None, None, None));
}

#[test]
fn contributions_are_the_weights_times_the_changes() {
    let rows = burden(&panel(), &[], &[], &with_limits_given()).rows;
    let contribution = |component| shown(find(&rows, "province", "2026Q1", component).contribution);
    // 0.3·(87.71364 − 100) = −3.68591, 0.4·(86.92593 − 100) = −5.22963, 0.3·(92.99627 − 100) = −2.10112: each to the nearest they would
    // add up to −11.0166, and the index is 88.9833. Rounded down they lack two grains, and hours have the least remainder.
    assert_eq!(contribution("visits").as_deref(), Some("-3.6859"));
    assert_eq!(contribution("hours").as_deref(), Some("-5.2297"));
    assert_eq!(contribution("cost").as_deref(), Some("-2.1011"));
    assert_eq!((contribution("index"), contribution("equipment")), (None, None));
    let sum: Decimal = ["visits", "hours", "cost"].iter().filter_map(|part| find(&rows, "province", "2026Q1", part).contribution).sum();
    assert_eq!(Some(sum), find(&rows, "province", "2026Q1", "index").index.map(|index| index - Decimal::ONE_HUNDRED));
}
