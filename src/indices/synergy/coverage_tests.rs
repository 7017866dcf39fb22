//! Borders drawn from known rates: how often intervals hold the truth.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::RngCore;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::tests::{border, duties, parameters};
use super::*;
use crate::indices::bootstrap::stream;

fn uniform(random: &mut ChaCha8Rng) -> f64 {
    ((random.next_u64() >> 12) as f64 + 0.5) / (1_u64 << 52) as f64
}

/// Due duties and the true rate of T, A and R towards one neighbour each.
type Truth = [(i64, f64); 3];

/// Data sets whose interval lies below, around and above the true mean of a region's sides: weights of parts as usual, sides
/// by what is due. Neither patrols nor fines.
fn placed(name: &str, truth: &[Truth], sets: usize) -> [usize; 3] {
    let parameters = SynergyParameters { bootstrap_draws: 200, ..parameters() };
    let mut random = stream(11, name);
    let key = |number: usize| ("A".to_owned(), format!("N{number:02}"), "eco".to_owned());
    let weights = [0.25, 0.20, 0.15];
    let due = |side: &Truth| side.iter().map(|(due, _)| *due).sum::<i64>();
    let all: i64 = truth.iter().map(due).sum();
    let of_side = |side: &Truth| side.iter().zip(weights).map(|((_, rate), weight)| rate * weight).sum::<f64>() / 0.6;
    let expected: f64 = truth.iter().map(|side| of_side(side) * due(side) as f64 / all as f64).sum();
    let mut places = [0; 3];
    for set in 0..sets {
        let parameters = SynergyParameters { seed: set as u64, ..parameters.clone() };
        let mut sides = BTreeMap::new();
        for (number, side) in truth.iter().enumerate() {
            let mut parts = [PartValue::default(); 5];
            for (part, (due, rate)) in (1..).zip(side) {
                let in_time = (0..*due).filter(|_| uniform(&mut random) < *rate).count() as i64;
                parts[part] = PartValue::ratio(in_time, *due);
            }
            sides.insert(key(number), SideParts { parts, patrols_due: Decimal::ZERO, cross_province: false });
        }
        let weighted: Vec<(&Side, Decimal)> = sides.iter().map(|(side, known)| (side, known.due())).collect();
        let value = |known: &SideParts| sides::own_side(&known.parts, &parameters).expect("something is due");
        let index = sides.values().map(|known| value(known) * known.due()).sum::<Decimal>() / Decimal::from(all);
        let replicates = Resampling::of(&sides, &BTreeMap::new(), &parameters).of_sides(&weighted);
        let (low, high) = intervals::interval(index, replicates).expect("replicates");
        let (low, high) = (low.to_f64().expect("a number"), high.to_f64().expect("a number"));
        // Six published digits.
        places[if high < expected - 1e-6 { 0 } else { usize::from(low > expected + 1e-6) + 1 }] += 1;
    }
    places
}

/// Share of data sets whose interval holds the truth, in per cent.
fn coverage(name: &str, truth: &[Truth]) -> f64 {
    let [below, around, above] = placed(name, truth, 500);
    let share = around as f64 / 5.0;
    println!("{name}: {share} % (below {below}, above {above} of 500)");
    share
}

#[test]
fn intervals_of_regions_hold_the_true_mean_about_as_often_as_they_say() {
    // Standard error of a coverage of 95 % in 500 data sets: 1.0. Bounds are three of them around what was measured with more of them:
    // 94.1, 94.6 and 95.1.
    let usual: Vec<Truth> = vec![[(40, 0.9), (25, 0.8), (12, 0.7)], [(60, 0.95), (30, 0.85), (15, 0.6)], [(20, 0.5), (9, 0.75), (7, 0.9)]];
    assert!((91.0..=97.5).contains(&coverage("usual", &usual)));
    let small: Vec<Truth> = vec![[(5, 0.8); 3]; 6];
    assert!((91.5..=97.8).contains(&coverage("small", &small)));
    let even: Vec<Truth> = vec![[(5, 0.5); 3]; 6];
    assert!((92.0..=98.2).contains(&coverage("even", &even)));
}

#[test]
fn intervals_of_rates_near_one_are_rather_too_wide_than_too_narrow() {
    // Measured: 98.2, 95.0, 99.0, 96.8.
    assert!(coverage("few near one", &[[(5, 0.95); 3]]) >= 95.0);
    assert!(coverage("many near one", &vec![[(5, 0.95); 3]; 6]) >= 92.0);
    assert!(coverage("nearly all", &vec![[(5, 0.99); 3]; 6]) >= 95.0);
    assert!(
        coverage("mixed", &[[(1, 0.9), (10, 0.8), (3, 1.0)], [(50, 0.99), (2, 0.6), (1, 0.95)], [(20, 0.97), (5, 1.0), (8, 0.9)]]) >= 94.0
    );
}

/// Two regions that fine from the same band, or one of them higher; the true K and how often the interval of a region holds it.
fn coverage_of_consistency(name: &str, true_ratio: f64, n: usize) -> f64 {
    let mut random = stream(12, name);
    // Positions u in (0, 0.5] with the median 0.25; the other region's are divided by the ratio.
    let expected = (-true_ratio.ln() / 0.5).exp();
    let sets = 400;
    let mut held = 0;
    for set in 0..sets {
        let parameters = SynergyParameters { bootstrap_draws: 200, seed: set, minimum_parts: 1, minimum_due: 0, ..parameters() };
        let mut rows = SynergyRows { borders: vec![border("A", "B")], regions: vec!["A".to_owned()], ..Default::default() };
        rows.transactions = duties('T', "A", "B", 1, 1);
        for (region, ratio) in [("A", true_ratio), ("B", 1.0)] {
            for kind in ["1/light", "2/light", "3/light"] {
                for _ in 0..n {
                    let position = Decimal::try_from(0.5 * uniform(&mut random) * ratio).expect("a number");
                    let (region, domain, kind) = (region.to_owned(), "eco".to_owned(), kind.to_owned());
                    rows.penalties.push(Penalty { region, domain, kind, position });
                }
            }
        }
        // The side of K alone.
        let parameters = SynergyParameters { weights: [0, 0, 0, 0, 1].map(Decimal::from), ..parameters };
        let side = synergy(&rows, &parameters).sides.remove(0);
        let (low, high) = side.interval.expect("an interval");
        held += usize::from(low.to_f64().expect("a number") <= expected && expected <= high.to_f64().expect("a number") + 1e-6);
    }
    let share = held as f64 * 100.0 / sets as f64;
    println!("{name}: {share} %");
    share
}

#[test]
fn intervals_of_a_true_difference_in_fines_hold_it_and_those_of_none_often_do_not() {
    // Standard error 1.1. Measured with more data sets: 94 to 96 % from a ratio of 1.3 up with 20 fines a kind, and from 1.1 up with 100.
    assert!((91.3..=98.5).contains(&coverage_of_consistency("twice 20", 2.0, 20)));
    // A distance is never negative: of regions that fine alike the median of a sample hardly ever is alike. A known weakness.
    assert!((40.0..=60.0).contains(&coverage_of_consistency("same 20", 1.0, 20)));
}
