//! What is shown beside the values: intervals, sides, medians, K without a border. Numbers by hand.

use jiff::civil::{Date, date};
use rust_decimal::Decimal;

use super::tests::{border, duties, parameters, silent_neighbour};
use super::*;
use crate::library::Library;

fn pair<'a>(tables: &'a SynergyTables, region: &str, neighbour: &str, part: char) -> &'a SynergyPair {
    let is_it = |row: &&SynergyPair| (row.region.as_str(), row.neighbour.as_str(), row.part) == (region, neighbour, part);
    tables.pairs.iter().find(is_it).expect("the part has a row")
}

fn side<'a>(tables: &'a SynergyTables, region: &str, neighbour: &str) -> &'a SynergySide {
    let is_it = |row: &&SynergySide| (row.region.as_str(), row.neighbour.as_str()) == (region, neighbour);
    tables.sides.iter().find(is_it).expect("the side has a row")
}

fn region<'a>(tables: &'a SynergyTables, region: &str) -> &'a SynergyRegion {
    tables.regions.iter().find(|row| row.region == region).expect("the region has a row")
}

fn four(value: Option<Decimal>) -> String {
    format!("{:.4}", value.expect("a value").round_dp(4))
}

fn fines(region: &str, position: i64, number: usize) -> Vec<Penalty> {
    let (region, domain, kind) = (region.to_owned(), "eco".to_owned(), "item/light".to_owned());
    vec![Penalty { region, domain, kind, position: Decimal::new(position, 1) }; number]
}

#[test]
fn a_share_of_what_was_due_has_wilsons_interval_and_the_other_parts_have_none() {
    let tables = synergy(&silent_neighbour(), &parameters());
    // 12 of 14 with 1.96: centre 0.994343/1.2744 = 0.780244, half-width 1.96/1.2744·√(0.0087464 + 0.0049) = 0.179664.
    let (low, high) = pair(&tables, "A", "B", 'T').interval.expect("leads were due");
    assert_eq!((four(Some(low)), four(Some(high))), ("0.6006".to_owned(), "0.9599".to_owned()));
    // 0 of 6: 0 to 3.8416/(6 + 3.8416).
    let (low, high) = pair(&tables, "B", "A", 'T').interval.expect("leads were due");
    assert_eq!((low, four(Some(high))), (Decimal::ZERO, "0.3903".to_owned()));
    for part in ['P', 'R', 'K'] {
        assert_eq!(pair(&tables, "A", "B", part).interval, None, "{part}");
    }
}

#[test]
fn both_sides_of_a_border_stand_with_value_weight_and_interval() {
    let tables = synergy(&silent_neighbour(), &parameters());
    let (a, b) = (side(&tables, "A", "B"), side(&tables, "B", "A"));
    assert_eq!((four(a.value), four(b.value)), ("0.6786".to_owned(), "0.3929".to_owned()));
    // 14 leads and two patrols; 6 leads, 12 answers and two patrols.
    assert_eq!((a.due, b.due), (Decimal::from(16), Decimal::from(20)));
    assert!(a.scored && b.scored && a.reason.is_none());
    // The only neighbour is the whole region.
    assert_eq!((region(&tables, "A").interval, region(&tables, "B").interval), (a.interval, b.interval));
    // P = ½ is certain and half of A's value: whatever T is, the value lies between 0.25 and 0.75.
    let (low, high) = a.interval.expect("a value");
    assert!(Decimal::new(25, 2) < low && low < Decimal::new(6, 1) && high < Decimal::new(75, 2), "{low} {high}");
    assert_eq!(region(&tables, "island").interval, None);
}

#[test]
fn sides_weigh_in_the_interval_as_in_the_index() {
    let mut rows = silent_neighbour();
    rows.borders.push(border("A", "C"));
    rows.transactions = [duties('T', "A", "B", 90, 180), duties('T', "A", "C", 20, 20)].concat();
    let lenient = SynergyParameters { minimum_parts: 1, patrols_per_quarter: BTreeMap::new(), ..parameters() };
    let tables = synergy(&rows, &lenient);
    let a = region(&tables, "A");
    // (180·½ + 20·1)/200 = 0.55. The standard error is that of 0.9·½ over 180: 0.034; two of them end below 0.62, the plain mean is 0.75.
    let (low, high) = a.interval.expect("an index");
    assert_eq!(a.index.map(|index| index.normalize()), Some(Decimal::new(55, 2)));
    assert!(Decimal::new(46, 2) < low && low < Decimal::new(50, 2), "{low}");
    assert!(Decimal::new(60, 2) < high && high < Decimal::new(63, 2), "{high}");
}

#[test]
fn a_side_that_does_not_count_says_why_and_still_shows_its_value() {
    let mut rows = silent_neighbour();
    rows.borders.extend([Border { cross_province: true, ..border("A", "abroad") }, border("A", "C")]);
    rows.transactions.extend([duties('T', "A", "abroad", 15, 30), duties('T', "C", "A", 1, 2)].concat());
    let tables = synergy(&rows, &SynergyParameters { patrols_per_quarter: BTreeMap::new(), ..parameters() });
    let shown = |region, neighbour| {
        let row = side(&tables, region, neighbour);
        (row.value.map(|value| value.normalize()), row.scored, row.reason.clone().unwrap_or_default())
    };
    assert_eq!(shown("A", "abroad"), (Some(Decimal::new(5, 1)), false, "cross_province".to_owned()));
    assert_eq!(shown("C", "A"), (Some(Decimal::new(5, 1)), false, "insufficient_contact".to_owned()));
    assert_eq!(shown("A", "C"), (None, false, "nothing_due".to_owned()));
    assert!(side(&tables, "C", "A").interval.is_some() && side(&tables, "A", "C").interval.is_none());
}

#[test]
fn a_side_on_which_nothing_was_due_shows_the_consistency_alone_and_does_not_count() {
    let mut rows = silent_neighbour();
    rows.transactions = [duties('T', "A", "B", 20, 30), duties('A', "A", "B", 5, 10)].concat();
    rows.penalties = [fines("A", 4, 20), fines("B", 2, 20)].concat();
    let tables = synergy(&rows, &SynergyParameters { patrols_per_quarter: BTreeMap::new(), ..parameters() });
    let b = side(&tables, "B", "A");
    assert_eq!((b.value, b.scored, b.reason.as_deref()), (Some(Decimal::new(25, 2)), false, Some("nothing_due")));
    assert!(side(&tables, "A", "B").scored);
}

#[test]
fn patrols_are_a_census_and_add_no_width() {
    let mut rows = silent_neighbour();
    rows.transactions = duties('T', "A", "B", 20, 20);
    let tables = synergy(&rows, &SynergyParameters { minimum_parts: 2, ..parameters() });
    let half = Decimal::new(5, 1);
    assert_eq!((side(&tables, "B", "A").value, side(&tables, "B", "A").interval), (Some(half), Some((half, half))));
}

#[test]
fn all_in_time_is_one_and_its_interval_reaches_one_but_does_not_start_there() {
    let mut rows = silent_neighbour();
    rows.patrols.clear();
    rows.transactions = [duties('T', "A", "B", 20, 20), duties('A', "A", "B", 5, 5), duties('R', "A", "B", 3, 3)].concat();
    let tables = synergy(&rows, &SynergyParameters { patrols_per_quarter: BTreeMap::new(), ..parameters() });
    let a = region(&tables, "A");
    let (low, high) = a.interval.expect("an index");
    assert_eq!((a.index, high), (Some(Decimal::ONE), Decimal::ONE));
    assert!(Decimal::new(7, 1) < low && low < Decimal::new(97, 2), "{low}");
}

#[test]
fn a_part_without_weight_takes_no_part_in_the_interval() {
    let without = |weights: [i64; 5]| {
        let parameters = SynergyParameters { weights: weights.map(Decimal::from), patrols_per_quarter: BTreeMap::new(), ..parameters() };
        let mut rows = silent_neighbour();
        rows.transactions.extend(duties('R', "B", "A", 1, 2));
        side(&synergy(&rows, &parameters), "B", "A").interval.expect("a value")
    };
    assert_eq!(without([0, 1, 1, 0, 0]), without([9, 1, 1, 0, 9]));
    assert_eq!(without([0, 0, 0, 1, 0]), without([1, 0, 0, 7, 1]));
}

#[test]
fn replicates_follow_the_seed_and_none_are_no_interval() {
    let interval = |parameters: SynergyParameters| region(&synergy(&silent_neighbour(), &parameters), "B").interval;
    assert_eq!(interval(parameters().with_seed(5)), interval(parameters().with_seed(5)));
    assert_ne!(interval(parameters().with_seed(5)), interval(parameters().with_seed(6)));
    assert_eq!(interval(SynergyParameters { bootstrap_draws: 0, ..parameters() }), None);
}

#[test]
fn the_degree_of_coupling_stands_on_both_sides_when_it_is_asked_for() {
    assert_eq!(side(&synergy(&silent_neighbour(), &parameters()), "A", "B").coupling, None);
    let parameters = SynergyParameters { has_coupling: true, ..parameters() };
    let tables = synergy(&silent_neighbour(), &parameters);
    let (a, b) = (side(&tables, "A", "B"), side(&tables, "B", "A"));
    // U 0.392857 and 0.678571: C² = 0.714286·0.578947 = 0.413534, T = 0.535714, D = √(0.643066·0.535714).
    assert_eq!((four(a.coupling), a.coupling), ("0.5869".to_owned(), b.coupling));
    let (low, high) = a.coupling_interval.expect("replicates");
    assert!(low < a.coupling.expect("a degree") && a.coupling.expect("a degree") < high);
    assert_eq!(a.coupling_interval, b.coupling_interval);
    assert_eq!(region(&tables, "A").index, region(&synergy(&silent_neighbour(), &super::tests::parameters()), "A").index);
    // One side does nothing at all.
    let mut rows = silent_neighbour();
    rows.patrols.clear();
    rows.transactions = [duties('T', "A", "B", 12, 14), duties('T', "B", "A", 0, 6)].concat();
    assert_eq!(side(&synergy(&rows, &parameters), "A", "B").coupling, Some(Decimal::ZERO));
}

#[test]
fn the_median_of_leads_has_limits_and_says_how_many_are_open() {
    // aml in R survival, nonmaintained group, days for weeks: median 23, limits 5 and 33 on the log-log scale (lifelines 0.30).
    let first = date(2026, 3, 2);
    let lead = |begun_on: Date, done_on: Option<Date>| Transaction { begun_on, done_on, ..duties('T', "A", "B", 0, 1).remove(0) };
    let sent = [5, 5, 8, 8, 12, 23, 27, 30, 33, 43, 45].map(|days| lead(first, Some(first + jiff::Span::new().days(days))));
    let mut rows = silent_neighbour();
    rows.transactions = [sent.as_slice(), &[lead(date(2026, 6, 14), None)]].concat();
    let tables = synergy(&rows, &parameters());
    let row = pair(&tables, "A", "B", 'T');
    assert_eq!((row.median_days, row.median_interval, row.open), (Some(23), Some((Some(5), Some(33))), 1));
    let quiet = pair(&tables, "B", "A", 'T');
    assert_eq!((quiet.median_days, quiet.median_interval, quiet.open), (None, None, 0));
    // Nothing sent: the median lies beyond what was seen.
    let silent = synergy(&silent_neighbour(), &parameters());
    let row = pair(&silent, "B", "A", 'T');
    assert_eq!((row.median_days, row.median_interval, row.open), (None, Some((None, None)), 6));
    assert_eq!(pair(&silent, "B", "A", 'A').open, 0);
}

#[test]
fn leads_never_sent_are_counted_apart_from_those_sent_late() {
    let mut rows = silent_neighbour();
    // Of B's six leads one was sent late and one after the period; one is not due before July.
    rows.transactions[14].done_on = Some(date(2026, 6, 30));
    rows.transactions[15].done_on = Some(date(2026, 7, 1));
    rows.transactions[16].due_on = date(2026, 7, 1);
    let tables = synergy(&rows, &parameters());
    let b = pair(&tables, "B", "A", 'T');
    assert_eq!((b.numerator, b.denominator, b.unsent, b.open), (Decimal::ZERO, Decimal::from(5), 4, 5));
    assert_eq!((pair(&tables, "A", "B", 'T').unsent, pair(&tables, "B", "A", 'A').unsent), (2, 0));
}

#[test]
fn consistency_stands_beside_that_of_regions_that_do_not_touch() {
    let mut rows = silent_neighbour();
    rows.regions.push("C".to_owned());
    rows.penalties = [fines("A", 4, 20), fines("B", 2, 20), fines("C", 4, 20), fines("abroad", 4, 20), fines("island", 4, 19)].concat();
    let shown = |rows: &SynergyRows| {
        let tables = synergy(rows, &parameters());
        let others = ['P', 'T', 'A', 'R'].map(|part| pair(&tables, "A", "B", part).reference_pairs);
        assert_eq!(others, [0; 4]);
        let row = pair(&tables, "A", "B", 'K').clone();
        (row.reference.map(|value| value.normalize()), row.reference_pairs, row.reference_share.map(|share| share.normalize()))
    };
    // A and C have δ = 0 and K = 1, B and C δ = ln 2 and K = ¼ as A and B: both are at least as alike.
    assert_eq!(shown(&rows), (Some(Decimal::new(625, 3)), 2, Some(Decimal::ONE)));
    rows.borders.push(border("C", "B"));
    assert_eq!(shown(&rows), (Some(Decimal::ONE), 1, Some(Decimal::ONE)));
    // Once C fines as low as a quarter of A, K = 1/16 there, and A and B are more alike: one of two, themselves included.
    let mut low = rows.clone();
    low.penalties.iter_mut().filter(|row| row.region == "C").for_each(|row| row.position = Decimal::new(1, 1));
    assert_eq!(shown(&low), (Some(Decimal::new(625, 4)), 1, Some(Decimal::new(5, 1))));
    rows.borders.push(border("C", "A"));
    assert_eq!(shown(&rows), (None, 0, None));
    // With nineteen in B its K is only shown, and has no place among those that rest on more.
    rows.borders.truncate(1);
    rows.penalties.remove(20);
    assert_eq!(shown(&rows), (Some(Decimal::ONE), 1, None));
}

#[test]
fn amounts_are_those_of_the_library_where_it_names_them() {
    let of = |amounts: &[(&str, i64)]| {
        let texts = crate::library::texts(None).expect("the shipped library");
        let (mut library, _) = Library::from_texts(texts).expect("it reads");
        library.parameters.retain(|name, _| amounts.iter().any(|(wanted, _)| wanted == name));
        for (name, amount) in amounts {
            let parameter = library.parameters.get_mut(*name).expect("the library has it");
            parameter.versions.iter_mut().for_each(|version| version.amount = Decimal::from(*amount));
        }
        SynergyParameters::of(&library, date(2026, 1, 1), date(2026, 6, 30))
    };
    assert_eq!(of(&[]), parameters());
    let set = of(&[("synergy.bootstrap_draws", 50), ("synergy.coupling_column", 1), ("synergy.patrol_minimum_minutes", 45)]);
    assert_eq!((set.bootstrap_draws, set.has_coupling, set.patrol_minutes), (50, true, 45));
    assert_eq!(of(&[("synergy.bootstrap_draws", -1)]).bootstrap_draws, 0);
}
