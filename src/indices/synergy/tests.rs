//! Borders small enough to compute by hand.

use jiff::civil::date;
use rust_decimal::Decimal;

use super::duties::waiting_of;
use super::*;
use crate::statistics::survival::Duration;

pub(super) fn parameters() -> SynergyParameters {
    SynergyParameters::usual(date(2026, 1, 1), date(2026, 6, 30))
}

/// `in_time` of `due` duties of one part done on the last day, the rest never.
pub(super) fn duties(part: char, region: &str, neighbour: &str, in_time: usize, due: usize) -> Vec<Transaction> {
    (0..due)
        .map(|number| Transaction {
            part,
            region: region.to_owned(),
            neighbour: neighbour.to_owned(),
            domain: "eco".to_owned(),
            begun_on: date(2026, 3, 2),
            due_on: date(2026, 3, 9),
            done_on: (number < in_time).then(|| date(2026, 3, 9)),
            origin: Origin::default(),
        })
        .collect()
}

pub(super) fn border(region_a: &str, region_b: &str) -> Border {
    Border { region_a: region_a.to_owned(), region_b: region_b.to_owned(), cross_province: false, required_patrols: None }
}

pub(super) fn patrol(region_a: &str, region_b: &str, recorded_by_b: bool) -> Patrol {
    Patrol {
        region_a: region_a.to_owned(),
        region_b: region_b.to_owned(),
        domain: "eco".to_owned(),
        patrolled_on: date(2026, 4, 1),
        minutes: Some(30),
        recorded_by_a: true,
        recorded_by_b,
    }
}

/// A owes B 14 leads and sends 12 in time; B owes A 6 and is silent; B accepts 9 of 12; nothing was due for R; two patrols are
/// required, one was recorded by both and one by A alone.
pub(super) fn silent_neighbour() -> SynergyRows {
    SynergyRows {
        transactions: [duties('T', "A", "B", 12, 14), duties('T', "B", "A", 0, 6), duties('A', "B", "A", 9, 12)].concat(),
        patrols: vec![patrol("A", "B", true), patrol("A", "B", false)],
        penalties: Vec::new(),
        borders: vec![border("A", "B")],
        regions: vec!["A".to_owned(), "B".to_owned(), "island".to_owned()],
    }
}

fn index_of(regions: &[SynergyRegion], region: &str) -> Option<String> {
    let row = regions.iter().find(|row| row.region == region && row.domain == "eco").expect("the region has a row");
    row.index.map(|index| format!("{:.4}", index.round_dp(4)))
}

#[test]
fn a_missing_part_is_left_out_and_a_silent_side_counts_against_itself_alone() {
    let SynergyTables { pairs, regions, .. } = synergy(&silent_neighbour(), &parameters());
    // A: (0.25·½ + 0.25·12/14) / 0.50; B: (0.25·½ + 0.25·0 + 0.20·¾) / 0.70.
    assert_eq!(index_of(&regions, "A").as_deref(), Some("0.6786"));
    assert_eq!(index_of(&regions, "B").as_deref(), Some("0.3929"));
    let sent = |region: &str| pairs.iter().find(|row| row.region == region && row.part == 'T').expect("both sides are shown");
    assert_eq!((sent("A").numerator, sent("A").denominator), (Decimal::from(12), Decimal::from(14)));
    assert_eq!((sent("B").value, sent("B").median_days), (Some(Decimal::ZERO), None));
    assert_eq!(sent("A").median_days, Some(7));
    let results = pairs.iter().find(|row| row.region == "A" && row.part == 'R').expect("a part with nothing due is shown");
    assert_eq!((results.denominator, results.value), (Decimal::ZERO, None));
}

#[test]
fn an_isolated_region_has_no_index_and_says_why() {
    let regions = synergy(&silent_neighbour(), &parameters()).regions;
    let island = regions.iter().find(|row| row.region == "island").expect("it has a row");
    assert_eq!((island.index, island.reason.as_deref()), (None, Some("isolated")));
}

#[test]
fn nineteen_due_transactions_are_insufficient_contact() {
    let mut rows = silent_neighbour();
    rows.transactions.truncate(12);
    rows.transactions.extend(duties('A', "B", "A", 7, 7));
    let regions = synergy(&rows, &parameters()).regions;
    let a = regions.iter().find(|row| row.region == "A").expect("it has a row");
    assert_eq!((a.index, a.reason.as_deref()), (None, Some("insufficient_contact")));
    rows.transactions.extend(duties('A', "B", "A", 1, 1));
    let regions = synergy(&rows, &parameters()).regions;
    assert_eq!(index_of(&regions, "A").as_deref(), Some("0.7500"));
}

#[test]
fn a_region_is_the_mean_over_neighbours_weighted_by_what_was_due_on_it() {
    let mut rows = silent_neighbour();
    rows.borders.push(border("A", "C"));
    rows.transactions.extend(duties('T', "A", "C", 10, 20));
    rows.transactions.extend(duties('A', "C", "A", 0, 1));
    let regions = synergy(&rows, &parameters()).regions;
    // Two patrols are due over both neighbours, and one was held. Towards C: (0.25·½ + 0.25·½) / 0.50 = 0.50, 20 + 1 due; towards B
    // 0.678571, 14 + 1 due.
    assert_eq!(index_of(&regions, "A").as_deref(), Some("0.5744"));
    let a = regions.iter().find(|row| row.region == "A").expect("it has a row");
    assert_eq!((a.due, a.due_scored, a.neighbours_scored), (Decimal::from(36), Decimal::from(36), 2));
}

#[test]
fn what_a_region_shows_as_due_is_apart_from_what_its_index_rests_on() {
    let mut rows = silent_neighbour();
    rows.borders.push(border("A", "C"));
    rows.transactions.extend(duties('T', "A", "C", 1, 5));
    let SynergyTables { pairs, regions, .. } = synergy(&rows, &parameters());
    let a = regions.iter().find(|row| row.region == "A").expect("it has a row");
    assert_eq!((a.due, a.due_scored), (Decimal::from(21), Decimal::from(15)), "five leads are too few");
    assert_eq!((a.neighbours, a.neighbours_scored), (2, 1));
    let of = |neighbour: &str| pairs.iter().find(|row| row.region == "A" && row.neighbour == neighbour).expect("it has a row");
    assert!(of("B").scored && !of("C").scored && of("C").bordering);
}

fn patrols_of(pairs: &[SynergyPair], region: &str, neighbour: &str, domain: &str) -> (Decimal, Decimal) {
    let is_it =
        |row: &&SynergyPair| (row.region.as_str(), row.neighbour.as_str(), row.part) == (region, neighbour, 'P') && row.domain == domain;
    let row = pairs.iter().find(is_it).expect("the part has a row");
    (row.numerator, row.denominator)
}

#[test]
fn a_declared_number_of_patrols_is_owed_to_that_neighbour_and_zero_is_none() {
    let mut rows = silent_neighbour();
    rows.borders = vec![
        Border { required_patrols: Some(8), ..border("A", "B") },
        Border { required_patrols: Some(0), ..border("A", "C") },
        border("A", "D"),
    ];
    rows.patrols.push(patrol("A", "D", true));
    let pairs = synergy(&rows, &parameters()).pairs;
    let patrols = |neighbour| patrols_of(&pairs, "A", neighbour, "eco");
    assert_eq!(patrols("B"), (Decimal::ONE, Decimal::from(4)), "two quarters of eight a year");
    assert_eq!(patrols("C"), (Decimal::ZERO, Decimal::ZERO));
    assert_eq!(patrols("D"), (Decimal::ONE, Decimal::TWO), "the cap is over those without a number");
}

#[test]
fn a_domain_in_which_the_plan_asks_for_no_patrols_owes_none() {
    let mut rows = silent_neighbour();
    let mut alarm = duties('T', "A", "B", 0, 1);
    alarm[0].domain = "emergency".to_owned();
    rows.transactions.extend(alarm);
    let pairs = synergy(&rows, &parameters()).pairs;
    assert_eq!(patrols_of(&pairs, "A", "B", "emergency"), (Decimal::ZERO, Decimal::ZERO));
    assert_eq!(patrols_of(&pairs, "A", "B", "eco"), (Decimal::ONE, Decimal::TWO));
}

#[test]
fn what_reaches_no_pair_of_neighbours_is_counted_and_not_scored() {
    let mut rows = silent_neighbour();
    rows.transactions.extend(duties('T', "city", "A", 3, 7));
    let SynergyTables { pairs, regions, .. } = synergy(&rows, &parameters());
    let outside: Vec<_> = pairs.iter().filter(|row| !row.bordering).collect();
    let [row] = outside.as_slice() else { panic!("one part has something due: {outside:?}") };
    assert_eq!((row.region.as_str(), row.part, row.numerator, row.denominator), ("city", 'T', Decimal::from(3), Decimal::from(7)));
    assert!(!row.scored);
    assert_eq!(index_of(&regions, "A").as_deref(), Some("0.6786"));
}

#[test]
fn what_was_missed_is_the_due_and_not_in_time_of_the_period() {
    let mut rows = silent_neighbour();
    rows.transactions[0].done_on = Some(date(2026, 3, 10));
    rows.transactions[1].due_on = date(2026, 7, 1);
    let missed = missed(&rows, &parameters());
    let of = |region: &str, part: char| missed.iter().filter(|row| row.region == region && row.part == part).count();
    assert_eq!([of("A", 'T'), of("B", 'T'), of("B", 'A')], [3, 6, 3]);
}

#[test]
fn a_border_between_provinces_is_shown_and_not_scored() {
    let mut rows = silent_neighbour();
    rows.borders[0].cross_province = true;
    let SynergyTables { pairs, regions, .. } = synergy(&rows, &parameters());
    assert!(pairs.iter().all(|row| row.cross_province) && pairs.len() == 10);
    assert_eq!(index_of(&regions, "A"), None);
}

#[test]
fn what_is_not_due_yet_stands_in_neither_side() {
    let mut rows = silent_neighbour();
    let mut open = duties('T', "A", "B", 0, 100);
    open.iter_mut().for_each(|row| row.due_on = date(2026, 7, 1));
    rows.transactions.extend(open);
    let regions = synergy(&rows, &parameters()).regions;
    assert_eq!(index_of(&regions, "A").as_deref(), Some("0.6786"));
}

#[test]
fn like_cases_fined_twice_as_high_lower_the_consistency_of_both_sides() {
    let mut rows = silent_neighbour();
    let fines = |region: &str, position: i64| {
        let penalty = Penalty {
            region: region.to_owned(),
            domain: "eco".to_owned(),
            kind: "item/light".to_owned(),
            position: Decimal::new(position, 1),
        };
        vec![penalty; 20]
    };
    rows.penalties = [fines("A", 4), fines("B", 2)].concat();
    let pairs = synergy(&rows, &parameters()).pairs;
    let k: Vec<_> = pairs.iter().filter(|row| row.part == 'K').map(|row| row.value).collect();
    // δ = ln(0.4/0.2) = 0.693147; exp(−2·δ) = ¼.
    assert_eq!(k, vec![Some(Decimal::new(25, 2)); 2]);
    rows.penalties.pop();
    let SynergyTables { pairs, regions, .. } = synergy(&rows, &parameters());
    let few: Vec<_> = pairs.iter().filter(|row| row.part == 'K').map(|row| (row.value, row.denominator, row.report_only)).collect();
    assert_eq!(few, vec![(Some(Decimal::new(25, 2)), Decimal::from(39), true); 2], "nineteen penalties are too few, and shown");
    assert_eq!(index_of(&regions, "A").as_deref(), Some("0.6786"));
}

#[test]
fn required_patrols_follow_the_quarters_that_are_over() {
    let quarters = |until| SynergyParameters::usual(date(2026, 1, 1), until).quarters_over();
    assert_eq!([quarters(date(2026, 3, 30)), quarters(date(2026, 3, 31)), quarters(date(2026, 12, 31))], [0, 1, 4]);
}

#[test]
fn the_median_of_open_transfers_is_censored_not_dropped() {
    let median = |days: &[(f64, bool)]| {
        let durations: Vec<Duration> = days.iter().map(|(time, ended)| Duration { time: *time, ended: *ended }).collect();
        waiting_of(&durations).median
    };
    assert_eq!(median(&[(2.0, true), (4.0, true), (9.0, false), (9.0, false)]), Some(4));
    assert_eq!(median(&[(2.0, true), (9.0, false), (9.0, false)]), None);
}
