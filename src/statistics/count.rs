//! A count of events, its rate and its limits under a Poisson law.
//!
//! In: events, an exposure or an expected number, a level or a tail. Out: exact limits. Never here: shares of a fixed number of trials (see
//! `proportion`), overdispersion (see `funnel`), rounding.
//!
//! Exact limits say what chance alone explains. Units differ by more than chance, so they are no verdict: see `funnel`.

use super::proportion::{Interval, tail_of};
use statrs::distribution::{ChiSquared, ContinuousCDF};
use statrs::function::gamma::{checked_gamma_lr, checked_gamma_ur};

/// The part beyond each limit of 95 %.
pub const TAIL_95: f64 = 0.025;

/// The part beyond each limit of 99.8 %.
pub const TAIL_998: f64 = 0.001;

/// Events of one unit and the exposure in which they fell (firms, inspections, months …).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// Events.
    pub events: u64,
    /// The exposure: finite, not negative, and positive where there are events.
    pub exposure: f64,
}

/// How likely a Poisson count is to be as low, and as high, as the one observed. Both contain the observed count.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tails {
    /// P(X ≤ observed).
    pub at_most: f64,
    /// P(X ≥ observed).
    pub at_least: f64,
}

/// The exact interval of the mean of a Poisson count, in events.
///
/// ```text
/// L = χ²_{2r}(t)/2,   U = χ²_{2(r + 1)}(1 − t)/2,   t = (1 − level)/2
/// ```
///
/// L = 0 if r = 0. `None` unless 0 < level < 1. Source: Garwood (1936), Biometrika 28.
pub fn poisson(events: u64, level: f64) -> Option<Interval> {
    let tail = tail_of(level)?;
    let r = events as f64;
    let low = if events == 0 { 0.0 } else { chi_square(2.0 * r, tail)? / 2.0 };
    Some(Interval { low, high: chi_square(2.0 * (r + 1.0), 1.0 - tail)? / 2.0 })
}

/// The exact interval of a rate, in events per unit of exposure: the interval of [`poisson`] over the exposure.
///
/// `None` unless 0 < level < 1 and the exposure is positive and finite.
pub fn rate(rate: Rate, level: f64) -> Option<Interval> {
    let events = poisson(rate.events, level)?;
    positive(rate.exposure)?;
    Some(Interval { low: events.low / rate.exposure, high: events.high / rate.exposure })
}

/// The funnel's limits of observed over expected around 1, with `tail` beyond each: [`TAIL_95`] or [`TAIL_998`]. Without unit.
///
/// ```text
/// L = χ²_{2E}(tail)/2E,   U = χ²_{2(E + 1)}(1 − tail)/2E
/// ```
///
/// These are the limits that NHS funnel plots draw: Garwood's interval around a count of E. They are *not* the tails of the count: L is
/// always positive, so no event at all lies below it however small E is, even where E = 1 and that has a probability of 37 %. Draw them;
/// but ask [`poisson_tails`] before you say that a unit with a small E is low.
///
/// `None` unless the expected number is positive and finite and 0 < tail < 0.5.
/// Source: FunnelPlotR (NHS-R), `calculate_limits`; Spiegelhalter (2005), Statistics in Medicine 24, for funnel plots.
pub fn funnel_limits(expected: f64, tail: f64) -> Option<Interval> {
    positive(expected)?;
    if !(0.0 < tail && tail < 0.5) {
        return None;
    }
    let twice = 2.0 * expected;
    Some(Interval { low: chi_square(twice, tail)? / twice, high: chi_square(twice + 2.0, 1.0 - tail)? / twice })
}

/// The exact tails of a Poisson law with mean `expected` at the observed count.
///
/// ```text
/// P(X ≤ r) = Q(r + 1, E),   P(X ≥ r) = P(r, E), and 1 if r = 0;   P, Q the regularised incomplete gamma functions
/// ```
///
/// `None` unless the expected number is positive and finite.
pub fn poisson_tails(observed: u64, expected: f64) -> Option<Tails> {
    positive(expected)?;
    let at_most = checked_gamma_ur(observed as f64 + 1.0, expected).ok()?;
    let at_least = if observed == 0 { 1.0 } else { checked_gamma_lr(observed as f64, expected).ok()? };
    Some(Tails { at_most, at_least })
}

fn positive(value: f64) -> Option<f64> {
    (value > 0.0 && value.is_finite()).then_some(value)
}

/// The value that a χ² with so many degrees of freedom stays below with this probability.
pub fn chi_square(freedom: f64, share: f64) -> Option<f64> {
    Some(ChiSquared::new(freedom).ok()?.inverse_cdf(share))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn near(found: f64, expected: f64) -> bool {
        (found - expected).abs() <= 1e-9 * expected.abs()
    }

    #[test]
    fn exact_limits_of_a_count_agree_with_scipy() {
        // scipy 1.17.1: chi2.ppf(0.025, 2 * r) / 2 and chi2.ppf(0.975, 2 * r + 2) / 2.
        let table = [
            (0, 0.0, 3.6888794541139354),
            (1, 0.025317807984289876, 5.571643390938898),
            (10, 4.7953886961324335, 18.39035604201778),
            (1_000_000, 998_040.983_340_293_9, 1_001_961.911_945_432_2),
        ];
        for (events, low, high) in table {
            let found = poisson(events, 0.95).expect("a level");
            assert!(near(found.low, low) && near(found.high, high), "{events} {found:?}");
        }
    }

    #[test]
    fn funnel_limits_are_those_of_the_nhs_package() {
        // FunnelPlotR, tests/testthat/test-poisson_limits.R (its ll99 and ul99 are at a tail of 0.001).
        let table = [
            (15.0, [0.5596924, 1.649348], [0.3862650, 2.082907]),
            (20.0, [0.6108260, 1.544419], [0.4479107, 1.902094]),
            (30.0, [0.6746958, 1.427562], [0.5289724, 1.702771]),
        ];
        for (expected, attention, alarm) in table {
            for (tail, [low, high]) in [(TAIL_95, attention), (TAIL_998, alarm)] {
                let found = funnel_limits(expected, tail).expect("a positive number");
                assert!((found.low - low).abs() < 5.1e-8 && (found.high - high).abs() < 5.1e-7, "{expected} {found:?}");
            }
        }
    }

    #[test]
    fn a_rate_has_the_limits_of_its_count_over_the_exposure() {
        let (events, found) = (poisson(10, 0.95).expect("a level"), rate(Rate { events: 10, exposure: 4.0 }, 0.95).expect("exposed"));
        assert_eq!((found.low, found.high), (events.low / 4.0, events.high / 4.0));
    }

    #[test]
    fn without_exposure_expectation_or_level_there_are_no_limits() {
        for amount in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(rate(Rate { events: 1, exposure: amount }, 0.95), None, "{amount}");
            assert_eq!(funnel_limits(amount, TAIL_95), None, "{amount}");
            assert_eq!(poisson_tails(1, amount), None, "{amount}");
        }
        assert_eq!((poisson(1, 0.0), poisson(1, 1.0), poisson(1, f64::NAN)), (None, None, None));
        assert_eq!((funnel_limits(5.0, 0.0), funnel_limits(5.0, 0.5), funnel_limits(5.0, f64::NAN)), (None, None, None));
    }

    #[test]
    fn no_event_of_one_expected_lies_below_the_drawn_limit_though_it_is_likely() {
        assert!(funnel_limits(1.0, TAIL_998).expect("a positive number").low > 0.0);
        let tails = poisson_tails(0, 1.0).expect("a positive number");
        assert!(near(tails.at_most, (-1.0f64).exp()) && tails.at_least == 1.0, "{tails:?}");
    }

    #[test]
    fn tails_of_a_count_agree_with_scipy() {
        // scipy 1.17.1: poisson.cdf(r, 10) and poisson.sf(r - 1, 10).
        for (observed, at_most, at_least) in [(4, 0.029252688076961124, 0.9896639493240743), (19, 0.9965456580241432, 0.007186504603854357)]
        {
            let tails = poisson_tails(observed, 10.0).expect("a positive number");
            assert!((tails.at_most - at_most).abs() < 1e-12 && (tails.at_least - at_least).abs() < 1e-12, "{tails:?}");
        }
    }

    proptest! {
        #[test]
        fn an_interval_contains_its_count_and_widens_with_the_level(events in 0u64..5_000, level in 0.5..0.99) {
            let (narrow, wide) = (poisson(events, level).expect("a level"), poisson(events, level + 0.009).expect("a level"));
            prop_assert!(narrow.low <= events as f64 && events as f64 <= narrow.high);
            prop_assert!(wide.low <= narrow.low && narrow.high < wide.high);
        }

        #[test]
        fn funnel_limits_enclose_one_and_narrow_with_the_expected_number(expected in 0.5..5_000.0, times in 1.1..50.0) {
            let limits = |expected| funnel_limits(expected, TAIL_95).expect("positive");
            let (few, many) = (limits(expected), limits(expected * times));
            prop_assert!(few.low < many.low && many.low < 1.0 && 1.0 < many.high && many.high < few.high);
        }

        #[test]
        fn a_count_is_at_most_r_or_at_least_r_and_one(observed in 0u64..300, expected in 0.01..300.0) {
            let tails = |count| poisson_tails(count, expected).expect("positive");
            prop_assert!((tails(observed).at_most + tails(observed + 1).at_least - 1.0).abs() < 1e-12);
        }
    }
}
