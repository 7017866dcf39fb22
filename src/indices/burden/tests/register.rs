//! The register of inspections: when it carries V, what it is compared with; caps; parameters.

use super::figures;
use super::*;

/// Twelve firms whose reports the register confirms.
fn confirmed() -> Vec<PanelRow> {
    figures::panel().into_iter().map(|row| PanelRow { recorded: row.visits, ..row }).collect()
}

/// Two visits per enterprise, then one and a half.
fn fewer_visits() -> Vec<RegisterRow> {
    vec![
        registered("330100", "2025Q1", 700, 300),
        registered("", "2025Q1", 300, 200),
        registered("330100", "2026Q1", 600, 300),
        registered("", "2026Q1", 300, 300),
    ]
}

fn carried_by(panel: &[PanelRow], register: &[RegisterRow], parameters: &BurdenParameters) -> String {
    find(&burden(panel, register, &[], parameters).rows, "province", "2026Q1", "index").carried_by.clone()
}

#[test]
fn the_register_carries_the_frequency_and_its_contribution() {
    let rows = burden(&confirmed(), &fewer_visits(), &[], &few_draws()).rows;
    let of = |component| find(&rows, "province", "2026Q1", component);
    let register = of("register");
    assert_eq!((shown(register.index).as_deref(), shown(register.mean).as_deref()), (Some("75.0000"), Some("1.5000")));
    assert_eq!((register.interval, register.unchanged, register.carried_by.as_str()), (None, false, "register"));
    // 0.3·75 + 0.4·86.92593 + 0.3·92.99627.
    assert_eq!((shown(of("index").index).as_deref(), of("index").carried_by.as_str()), (Some("85.1693"), "register"));
    assert_eq!((shown(register.contribution).as_deref(), of("visits").contribution), (Some("-7.5000"), None));
    // The panel's own estimate stays.
    assert_eq!((shown(of("visits").index).as_deref(), of("visits").carried_by.as_str()), (Some("87.7136"), "panel"));
}

#[test]
fn a_census_adds_no_error_to_the_interval_of_the_index() {
    let steady = |firm: usize, quarter: &str, visits: i64| PanelRow {
        recorded: Some(Decimal::from(visits)),
        ..row(&format!("f{firm}"), "A", quarter, 10, [visits, 5, 5])
    };
    let panel: Vec<PanelRow> = (0..6).flat_map(|firm| [steady(firm, "2025Q1", 2), steady(firm, "2026Q1", [1, 2, 3][firm % 3])]).collect();
    let rows = burden(&panel, &fewer_visits(), &[], &few_draws()).rows;
    let index = find(&rows, "province", "2026Q1", "index");
    // 0.3·75 + 0.7·100 in each replicate, while the panel's visits vary.
    let point = Decimal::new(925, 1);
    assert_eq!((index.index, index.interval, index.unchanged), (Some(point), Some((point, point)), false));
    assert!(find(&rows, "province", "2026Q1", "visits").interval.is_some_and(|(low, high)| low < high));
}

#[test]
fn the_register_carries_only_with_both_quarters_and_while_reports_agree_in_both() {
    let (panel, register, usual) = (confirmed(), fewer_visits(), few_draws());
    assert_eq!(carried_by(&panel, &register, &usual), "register");
    assert_eq!(carried_by(&panel, &register, &BurdenParameters { register_carries: false, ..usual.clone() }), "panel");
    assert_eq!(carried_by(&panel, &register[2..], &usual), "panel");
    assert_eq!(carried_by(&panel, &register[..2], &usual), "panel");
    // No firm can be compared.
    assert_eq!(carried_by(&figures::panel(), &register, &usual), "panel");
    for quarter in ["2025Q1", "2026Q1"] {
        let mut disagreeing = panel.clone();
        disagreeing.iter_mut().filter(|row| row.quarter == quarter).for_each(|row| row.recorded = Some(Decimal::ZERO));
        assert_eq!(carried_by(&disagreeing, &register, &usual), "panel", "{quarter}");
    }
}

#[test]
fn the_ratio_is_recorded_by_reported_and_the_edges_of_the_band_are_inside() {
    let with = |recorded: [i64; 2]| {
        let firm =
            |name: &str, recorded: i64| PanelRow { recorded: Some(Decimal::new(recorded, 2)), ..row(name, "A", "2025Q1", 1, [5; 3]) };
        // The third can't be compared and the fourth did not answer.
        let silent = PanelRow { visits: None, ..firm("d", 900) };
        let panel = [firm("a", recorded[0]), firm("b", recorded[1]), row("c", "A", "2025Q1", 1, [99; 3]), silent];
        burden(&panel, &[], &[], &few_draws()).visits.remove(0)
    };
    let row = with([300, 500]);
    assert_eq!((row.firms, row.reported, row.recorded, row.ratio), (2, Decimal::TEN, Decimal::from(8), Some(Decimal::new(8, 1))));
    assert_eq!(
        [[300, 500], [300, 499], [700, 500], [700, 501]].map(|recorded| with(recorded).inside_band.expect("a ratio")),
        [true, false, true, false]
    );
    // Replicates draw one of the two firms: 3/5 or 5/5.
    assert_eq!(row.interval, Some((Decimal::new(6, 1), Decimal::ONE)));
}

#[test]
fn without_a_reported_visit_there_is_no_ratio_and_nothing_inside_a_band() {
    let panel = [PanelRow { recorded: Some(Decimal::TWO), ..row("a", "A", "2025Q1", 1, [0; 3]) }];
    let rows = burden(&panel, &[], &[], &few_draws()).visits;
    assert_eq!((rows[0].ratio, rows[0].interval, rows[0].inside_band), (None, None, None));
    assert_eq!(burden(&figures::panel(), &[], &[], &few_draws()).visits, []);
}

#[test]
fn neither_register_nor_records_move_what_the_panel_estimates() {
    let (with, without) = (burden(&confirmed(), &fewer_visits(), &[], &few_draws()), of_panel(&figures::panel()));
    for old in without.iter().filter(|row| row.component != "index") {
        let new = find(&with.rows, &old.scope, &old.quarter, &old.component);
        assert_eq!((new.index, new.interval, new.mean, new.chained), (old.index, old.interval, old.mean, old.chained));
    }
}

#[test]
fn a_city_has_its_register_however_small_its_panel() {
    let mut register = fewer_visits();
    register.push(registered("330200", "2026Q1", 9, 3));
    let rows = burden(&confirmed(), &register, &[], &few_draws()).rows;
    // (600/300)/(700/300).
    assert_eq!(shown(find(&rows, "330100", "2026Q1", "register").index).as_deref(), Some("85.7143"));
    assert_eq!(find(&rows, "330100", "2026Q1", "index").index, None);
    // A city without panel and without base: its rate alone.
    let alone: Vec<_> =
        rows.iter().filter(|row| row.scope == "330200").map(|row| (row.component.as_str(), row.index, shown(row.mean))).collect();
    assert_eq!(alone, [("register", None, Some("3.0000".to_owned()))]);
}

#[test]
fn the_share_over_the_cap_has_wilsons_interval_and_the_province_is_the_sum() {
    let caps = [("330100", 4, 3), ("", 6, 5), ("330200", 0, 0)].map(|(city, enterprises, over)| CapRow {
        city: city.to_owned(),
        year: 2026,
        enterprises,
        over,
    });
    let rows = burden(&[], &[], &caps, &few_draws()).caps;
    assert_eq!(rows.iter().map(|row| row.scope.as_str()).collect::<Vec<_>>(), ["330100", "330200", "province"]);
    // Eight of ten.
    assert_eq!((rows[2].enterprises, rows[2].over, rows[2].share), (10, 8, Some(Decimal::new(8, 1))));
    let (low, high) = rows[2].interval.expect("an interval");
    assert_eq!([low, high], [Decimal::new(490_157, 6), Decimal::new(943_319, 6)]);
    assert_eq!((rows[1].share, rows[1].interval), (None, None));
}

#[test]
fn amounts_of_the_library_stand_in_for_the_usual_ones() {
    let with = |amounts: &[(&str, Decimal)]| {
        BurdenParameters::of_amounts(|name| amounts.iter().find(|(known, _)| *known == name).map(|(_, amount)| *amount), 7)
    };
    assert_eq!(with(&[]), BurdenParameters::usual(7));
    let found = with(&[
        ("burden.register_carries", Decimal::ZERO),
        ("burden.recorded_band_low", Decimal::new(9, 1)),
        ("burden.recorded_band_high", Decimal::new(11, 1)),
        ("burden.weight_ratio_limit", Decimal::from(4)),
        ("burden.base_quarter", Decimal::from(20251)),
        ("burden.limits_redrawn", Decimal::ONE),
    ]);
    assert_eq!(
        found,
        BurdenParameters {
            register_carries: false,
            recorded_band: (Decimal::new(9, 1), Decimal::new(11, 1)),
            weight_ratio_limit: 4.0,
            limits_redrawn: true,
            base_quarter: Some("2025Q1".to_owned()),
            ..BurdenParameters::usual(7)
        }
    );
    assert_eq!(with(&[("burden.base_quarter", Decimal::ZERO)]).base_quarter, None);
}
