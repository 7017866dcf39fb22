//! What the share test finds and whom it names for nothing, in provinces drawn by chance.
//!
//! In: a seed. Out: flags among honest units, the share of false ones among planted provinces, and recall by strength and number of records. Never
//! here: SQL, thresholds other than those of the shipped files.
//!
//! Honest units differ: each has its own rate, whose logit is drawn around that of its pattern (0.5 % to 40 %) with a standard deviation that is the
//! pattern's own, from 0.2 to 1; and its own number of records (lognormal, median 120). That is not the law that the test fits. In each province twenty patterns are looked for at 180 units of three groups. Where
//! something is planted, a unit's own rate is raised to a rate drawn from 0.3 to 0.9. `cargo test --lib calibration -- --ignored --nocapture` prints
//! the table of 200 seeds that stands in `benches/README.md`.

use std::collections::BTreeMap;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::peers::Share;
use super::share::{Against, ShareTest, judged_against_peers};
use super::tables::Outcome;
use super::tested::corrected;
use crate::diagnostics::Diagnostics;
use crate::library::detector::{Detector, Tail, read_detector};
use crate::statistics::ranks::standard_normal;

const PATTERNS: usize = 20;
const UNITS: usize = 180;
const GROUPS: usize = 3;

/// Floors of the shipped detectors lie between these.
const FLOORS: [f64; 4] = [0.02, 0.05, 0.10, 0.20];

fn detector(pattern: usize) -> Detector {
    let text = format!(
        "-- /// finding\n-- title = \"甲\"\n-- statistic = \"share\"\n-- severity = 3\n-- pattern = \"甲\"\n-- benign = \"甲\"\n-- look_at = \"甲\"\n\
         -- documented = \"甲\"\n-- basis = \"甲\"\n-- tail = \"upper\"\n-- minimum_n = 30\n-- floor = {}\n-- says = \"甲\"\n-- ///\n-- 甲。\nSELECT 1\n",
        FLOORS[pattern % FLOORS.len()]
    );
    read_detector(&format!("pattern{pattern}"), "x.sql", &text, &mut Diagnostics::default()).expect("a detector")
}

/// What is planted in a province: at which units, and how many records they have.
#[derive(Clone, Copy)]
struct Plan {
    planted: usize,
    /// The planted rate; none draws one from 0.3 to 0.9.
    rate: Option<f64>,
    /// Records of a planted unit; none leaves what it has.
    n: Option<u64>,
}

const HONEST: Plan = Plan { planted: 0, rate: None, n: None };

/// Planted and flagged pairs of pattern and unit.
struct Outcomes {
    planted: Vec<(usize, usize)>,
    flagged: Vec<(usize, usize)>,
}

fn province(detectors: &[Detector], seed: u64, plan: Plan) -> Outcomes {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let against = Against { minimum_peers: 4, peer_ratios: BTreeMap::from([("market".to_owned(), 1.5)]) };
    let test = ShareTest { tail: Tail::Upper, least_rate: 0.0, says: "" };
    let records: Vec<u64> = (0..UNITS).map(|_| (120.0 * standard_normal(&mut random).exp()).round().max(1.0) as u64).collect();
    let planted: Vec<(usize, usize)> =
        (0..plan.planted).map(|_| (random.random_range(0..PATTERNS), random.random_range(0..UNITS))).collect();
    let mut tests = Vec::new();
    for (pattern, detector) in detectors.iter().enumerate() {
        let mean = 0.005 * 80_f64.powf(random.random::<f64>());
        let spread = 0.2 + 0.8 * random.random::<f64>();
        let mut shares = Vec::new();
        for (unit, records) in records.iter().enumerate() {
            let is_planted = planted.contains(&(pattern, unit));
            let logit = (mean / (1.0 - mean)).ln() + spread * standard_normal(&mut random);
            let honest = 1.0 / (1.0 + (-logit).exp());
            let drawn = 0.3 + 0.6 * random.random::<f64>();
            let rate = if is_planted { plan.rate.unwrap_or(drawn).max(honest) } else { honest };
            let n = plan.n.filter(|_| is_planted).unwrap_or(*records);
            let odd = (0..n).filter(|_| random.random::<f64>() < rate).count() as u64;
            let (unit, tier) = (unit.to_string(), (unit % GROUPS).to_string());
            shares.push(Share { odd, n, ..Share::of(&unit, &tier, "market", "cases") });
        }
        tests.extend(judged_against_peers(detector, &against, &test, "甲", &shares));
    }
    let (rows, _) = corrected(&tests, 0.05);
    let number = |text: &str| text.trim_start_matches("pattern").parse().expect("a number");
    let is_flagged = rows.iter().filter(|row| row.outcome == Outcome::Flagged);
    Outcomes { planted, flagged: is_flagged.map(|row| (number(&row.detector), number(&row.unit))).collect() }
}

/// Flags per 1000 unit-years in honest provinces; false discovery proportion where twelve are planted.
fn calibrated(seeds: u64) -> (f64, f64) {
    let detectors: Vec<Detector> = (0..PATTERNS).map(detector).collect();
    let honest: usize = (0..seeds).map(|seed| province(&detectors, seed, HONEST).flagged.len()).sum();
    let mut proportions = 0.0;
    for seed in 0..seeds {
        let found = province(&detectors, 1_000_000 + seed, Plan { planted: 12, ..HONEST });
        let wrong = found.flagged.iter().filter(|pair| !found.planted.contains(pair)).count();
        proportions += wrong as f64 / found.flagged.len().max(1) as f64;
    }
    (honest as f64 / (seeds as f64 * UNITS as f64) * 1000.0, proportions / seeds as f64)
}

/// Share of planted pairs that are flagged.
fn recall(seeds: u64, rate: f64, n: u64) -> f64 {
    let detectors: Vec<Detector> = (0..PATTERNS).map(detector).collect();
    let (mut planted, mut found) = (0, 0);
    for seed in 0..seeds {
        let outcomes = province(&detectors, 2_000_000 + seed, Plan { planted: 12, rate: Some(rate), n: Some(n) });
        planted += outcomes.planted.len();
        found += outcomes.planted.iter().filter(|pair| outcomes.flagged.contains(pair)).count();
    }
    f64::from(found as u32) / planted.max(1) as f64
}

#[test]
fn honest_units_are_rarely_named_and_most_of_those_named_have_done_it() {
    let (flags, proportion) = calibrated(8);
    assert!(flags <= 2.0, "{flags:.2} flags per 1000 unit-years");
    assert!(proportion <= 0.05, "{proportion:.3} of those named are honest");
}

#[test]
#[ignore = "prints the table of 200 seeds"]
fn calibration_table() {
    let (flags, proportion) = calibrated(200);
    println!("flags per 1000 honest unit-years {flags:.2}; false discovery proportion {proportion:.3}");
    print!("{:>10}", "rate");
    let numbers = [30, 50, 100, 200, 500];
    numbers.iter().for_each(|n| print!("{:>8}", format!("n={n}")));
    println!();
    for rate in [0.1, 0.2, 0.3, 0.5, 0.7, 0.9] {
        print!("{rate:>10}");
        numbers.iter().for_each(|n| print!("{:>8.2}", recall(12, rate, *n)));
        println!();
    }
}
