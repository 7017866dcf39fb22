//! Control charts: does a series of months vary as it always did, or has something happened?
//!
//! In: one value, or one count of trials and successes, a month, oldest first. Out: centre, limits, and the signals of the rules. Never here: what a
//! month is, whether up is good, causes.
//!
//! Rules (NHS England, Making Data Count; Wheeler 2000, Understanding Variation): a point outside its limits; seven points in a row on one side of the
//! centre; seven points in a row that rise, or fall; two of three successive points beyond two thirds of the way to the same limit. A point on the
//! centre breaks a run; equal neighbours break a rise.
//!
//! Of independent normal values, 8 charts of 100 show at least one of these within 12 points and 19 within 24; the newest point completes one in 2 of 100.
//! So signals select what to look at.

/// Fewer points than this make limits that say nothing (methods: 12 to 15).
pub const LEAST_POINTS: usize = 12;

/// Points in a row on one side of the centre that are a signal, and points in a row in one direction.
pub const RUN: usize = 7;

/// d₂ of a range of two: the mean of |x − y| of two normal draws, in standard deviations.
const MEAN_RANGE: f64 = 1.128;

/// 3 ÷ d₂, rounded as in the literature: limits in mean moving ranges.
const LIMIT_IN_RANGES: f64 = 2.66;

/// D₄ of two: ranges above this many times the mean are left out of it, once.
const SCREENING: f64 = 3.267;

/// Expected successes and failures that a month needs at least, on average, for the share to be nearly normal.
pub const LEAST_EXPECTED: f64 = 5.0;

/// Which way a signal points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// Above the centre, or rising.
    High,
    /// Below the centre, or falling.
    Low,
}

impl Side {
    /// The word in result tables.
    pub fn word(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Low => "low",
        }
    }
}

/// What a rule saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// A point outside its limits.
    Outside,
    /// [`RUN`] points in a row on one side of the centre.
    OneSide,
    /// [`RUN`] points in a row that rise, or fall.
    Trend,
    /// Two of three successive points in the outer third on one side.
    OuterThird,
}

impl Rule {
    /// The word in result tables.
    pub fn word(self) -> &'static str {
        match self {
            Self::Outside => "outside",
            Self::OneSide => "one_side",
            Self::Trend => "trend",
            Self::OuterThird => "outer_third",
        }
    }
}

/// A rule that a point completes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Signal {
    /// Place of the point at which the rule is fulfilled, from 0.
    pub at: usize,
    /// Which rule.
    pub rule: Rule,
    /// Which way.
    pub side: Side,
}

/// A point with its limits, in the unit of the series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Value.
    pub value: f64,
    /// Lower limit.
    pub low: f64,
    /// Upper limit.
    pub high: f64,
}

/// A chart.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// Centre line.
    pub centre: f64,
    /// Points, oldest first.
    pub points: Vec<Point>,
}

/// Whether a target lies where the series usually is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assurance {
    /// Beyond both limits on the good side: it is met every month unless something changes.
    Met,
    /// Beyond both on the bad side: it is missed every month unless something changes.
    Missed,
    /// Between them: met or missed by chance.
    Chance,
}

impl Assurance {
    /// The word in result tables.
    pub fn word(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Missed => "missed",
            Self::Chance => "chance",
        }
    }
}

/// The chart of individual values and moving ranges (XmR): x̄ ± 2.66 × the mean of |xᵢ − xᵢ₋₁|, ranges above 3.267 times that mean left out of it, once.
///
/// `None` with fewer than [`LEAST_POINTS`], with a value that is not finite, or when no value moves (there is nothing to watch).
/// Source: Wheeler & Chambers (1992), Understanding Statistical Process Control.
pub fn individuals(values: &[f64]) -> Option<Chart> {
    if values.len() < LEAST_POINTS || values.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let centre = mean(values);
    let ranges: Vec<f64> = values.windows(2).map(|pair| (pair[1] - pair[0]).abs()).collect();
    let width = LIMIT_IN_RANGES * mean(&screened(&ranges));
    let points = values.iter().map(|value| Point { value: *value, low: centre - width, high: centre + width });
    (width > 0.0).then(|| Chart { centre, points: points.collect() })
}

/// The chart of shares of changing size (P′): p̄ ± 3 σᵢ σ_z with σᵢ = √(p̄(1 − p̄)/nᵢ) and σ_z = mean |zᵢ − zᵢ₋₁| ÷ 1.128, so that months differ as much as they
/// usually do, not as little as chance alone would let them. Limits may lie below 0 and above 1: cut there, a third of the way to them would be nearer
/// than two deviations, and months near 100 % would be news.
///
/// Counts are (successes, trials). `None` with fewer than [`LEAST_POINTS`], with a month without trials or with more successes than trials, where the
/// average month expects fewer than [`LEAST_EXPECTED`] successes or failures, or when no share moves.
/// Source: Laney (2002), Quality Engineering 14.
pub fn shares(counts: &[(u64, u64)]) -> Option<Chart> {
    if counts.len() < LEAST_POINTS || counts.iter().any(|(successes, trials)| *trials == 0 || successes > trials) {
        return None;
    }
    let (successes, trials) = counts.iter().fold((0, 0), |(all, of), (successes, trials)| (all + successes, of + trials));
    let centre = successes as f64 / trials as f64;
    if successes.min(trials - successes) as f64 / (counts.len() as f64) < LEAST_EXPECTED {
        return None;
    }
    let chance = |trials: u64| (centre * (1.0 - centre) / trials as f64).sqrt();
    let share = |(successes, trials): &(u64, u64)| *successes as f64 / *trials as f64;
    let scores: Vec<f64> = counts.iter().map(|count| (share(count) - centre) / chance(count.1)).collect();
    let usual = mean(&scores.windows(2).map(|pair| (pair[1] - pair[0]).abs()).collect::<Vec<_>>()) / MEAN_RANGE;
    let point = |count: &(u64, u64)| {
        let width = 3.0 * chance(count.1) * usual;
        Point { value: share(count), low: centre - width, high: centre + width }
    };
    (usual > 0.0).then(|| Chart { centre, points: counts.iter().map(point).collect() })
}

impl Chart {
    /// What the rules see, by point.
    pub fn signals(&self) -> Vec<Signal> {
        let mut signals = Vec::new();
        for at in 0..self.points.len() {
            for side in [Side::High, Side::Low] {
                let rules = [
                    (Rule::Outside, self.is_outside(at, side)),
                    (Rule::OneSide, self.last(at, RUN).is_some_and(|mut places| places.all(|place| self.is_beyond(place, side, 0.0)))),
                    (Rule::Trend, self.last(at, RUN).is_some_and(|places| places.skip(1).all(|place| self.moves(place, side)))),
                    (Rule::OuterThird, self.is_second_of_three(at, side)),
                ];
                signals.extend(rules.into_iter().filter(|(_, seen)| *seen).map(|(rule, _)| Signal { at, rule, side }));
            }
        }
        signals
    }

    /// Where a target lies beside the limits of the newest point.
    pub fn assurance(&self, target: f64, higher_is_better: bool) -> Option<Assurance> {
        let newest = self.points.last()?;
        let (met, missed) =
            if higher_is_better { (target <= newest.low, target > newest.high) } else { (target >= newest.high, target < newest.low) };
        Some(if met {
            Assurance::Met
        } else if missed {
            Assurance::Missed
        } else {
            Assurance::Chance
        })
    }

    /// How far a point lies from the centre, in thirds of the way to its limit (σ).
    pub fn deviation(&self, at: usize) -> f64 {
        let point = self.points[at];
        let limit = if point.value >= self.centre { point.high - self.centre } else { self.centre - point.low };
        if limit > 0.0 { 3.0 * (point.value - self.centre).abs() / limit } else { 0.0 }
    }

    /// Places of the `count` points that end with `at`.
    fn last(&self, at: usize, count: usize) -> Option<impl Iterator<Item = usize>> {
        Some((at + 1).checked_sub(count)?..at + 1)
    }

    fn is_outside(&self, at: usize, side: Side) -> bool {
        let point = self.points[at];
        match side {
            Side::High => point.value > point.high,
            Side::Low => point.value < point.low,
        }
    }

    /// Further than `part` of the way from the centre to the limit.
    fn is_beyond(&self, at: usize, side: Side, part: f64) -> bool {
        let point = self.points[at];
        match side {
            Side::High => point.value > self.centre + part * (point.high - self.centre),
            Side::Low => point.value < self.centre - part * (self.centre - point.low),
        }
    }

    fn moves(&self, at: usize, side: Side) -> bool {
        let (before, value) = (self.points[at - 1].value, self.points[at].value);
        if side == Side::High { value > before } else { value < before }
    }

    fn is_second_of_three(&self, at: usize, side: Side) -> bool {
        let is_outer = |place: &usize| self.is_beyond(*place, side, 2.0 / 3.0);
        is_outer(&at) && (at.saturating_sub(2)..at).any(|place| is_outer(&place))
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// The ranges without those that no usual month makes.
fn screened(ranges: &[f64]) -> Vec<f64> {
    let most = SCREENING * mean(ranges);
    ranges.iter().copied().filter(|range| *range <= most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Flow rates of ten batches (NIST/SEMATECH e-Handbook of Statistical Methods, 6.3.2.2): mean 50.81, mean range 1.8778, limits 45.8159 and 55.8041
    /// with 3 ÷ 1.128; here twice, for ten points are too few.
    const FLOW: [f64; 10] = [49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1];

    fn chart_of(values: &[f64]) -> Chart {
        Chart { centre: 0.0, points: values.iter().map(|value| Point { value: *value, low: -3.0, high: 3.0 }).collect() }
    }

    fn signals(values: &[f64]) -> Vec<(usize, Rule, Side)> {
        chart_of(values).signals().into_iter().map(|signal| (signal.at, signal.rule, signal.side)).collect()
    }

    #[test]
    fn limits_of_individual_values_are_those_of_the_handbook() {
        assert_eq!(individuals(&FLOW), None, "ten points are too few");
        // There and back again: the same ranges twice, and one of nothing between.
        let twice: Vec<f64> = FLOW.iter().chain(FLOW.iter().rev()).copied().collect();
        let chart = individuals(&twice).expect("a chart");
        let width = LIMIT_IN_RANGES * 1.877_78 * 18.0 / 19.0;
        assert!((chart.centre - 50.81).abs() < 1e-9);
        assert!((chart.points[0].high - (50.81 + width)).abs() < 1e-3 && (chart.points[0].low - (50.81 - width)).abs() < 1e-3);
    }

    #[test]
    fn one_leap_does_not_widen_the_limits() {
        let mut values: Vec<f64> = (0..14).map(|place| f64::from(place % 2)).collect();
        let calm = individuals(&values).expect("a chart").points[0].high;
        values.extend(std::iter::repeat_n(50.0, 1));
        let leap = individuals(&values).expect("a chart");
        assert!((leap.points[0].high - leap.centre - (calm - 0.5)).abs() < 1e-9);
        assert!(leap.signals().contains(&Signal { at: 14, rule: Rule::Outside, side: Side::High }));
    }

    #[test]
    fn shares_that_differ_by_more_than_chance_have_wider_limits_and_a_calm_series_narrower() {
        let swinging: Vec<(u64, u64)> = (0..12).map(|month| (if month % 2 == 0 { 400 } else { 600 }, 1000)).collect();
        let chart = shares(&swinging).expect("a chart");
        // z = ±6.3246, its mean range 12.649, σ_z = 11.214; σ = 0.015811; 3 σ σ_z = 0.5319.
        assert!(
            (chart.centre - 0.5).abs() < 1e-12
                && (chart.points[0].low + 0.0319).abs() < 1e-4
                && (chart.points[0].high - 1.0319).abs() < 1e-4
        );
        assert!(chart.signals().is_empty());
        let calm: Vec<(u64, u64)> = (0..12).map(|month| (if month % 2 == 0 { 499 } else { 501 }, 1000)).collect();
        let chart = shares(&calm).expect("a chart");
        assert!((chart.points[0].high - 0.505_319).abs() < 1e-6, "{}", chart.points[0].high);
    }

    #[test]
    fn two_months_near_all_are_no_news_where_the_limit_lies_above_all() {
        // Centre 0.8, limits far above 1: of the way to 1 two thirds are 0.93, of the way to the limit 1.1.
        let counts: Vec<(u64, u64)> =
            (0..12).map(|month| (if month % 2 == 0 { 62 } else { 98 }, 100)).chain([(95, 100), (96, 100)]).collect();
        let chart = shares(&counts).expect("a chart");
        assert!(chart.points[13].high > 1.0 && chart.signals().is_empty(), "{:?}", chart.signals());
    }

    #[test]
    fn a_month_with_fewer_trials_has_wider_limits() {
        let counts: Vec<(u64, u64)> = (0..12).map(|month| if month == 5 { (24, 50) } else { (95 + month % 3 * 5, 200) }).collect();
        let chart = shares(&counts).expect("a chart");
        let width = |place: usize| chart.points[place].high - chart.centre;
        assert!((width(5) / width(0) - 2.0).abs() < 1e-9);
    }

    #[test]
    fn what_can_not_be_charted_is_not() {
        assert_eq!(shares(&[(1, 100); 12]), None, "one success a month is too few");
        assert_eq!(shares(&[(99, 100); 12]), None, "one failure a month is too few");
        assert_eq!(shares(&[(50, 100); 12]), None, "nothing moves");
        assert_eq!(shares(&[(50, 100); 11]), None, "eleven months are too few");
        let mut counts = [(50, 100); 12];
        counts[3] = (0, 0);
        assert_eq!(shares(&counts), None, "a month without trials");
        assert_eq!(individuals(&[1.0; 12]), None);
        assert_eq!(individuals(&[f64::NAN; 12]), None);
    }

    #[test]
    fn each_rule_sees_its_pattern_and_not_one_point_less() {
        use Rule::*;
        use Side::*;
        assert_eq!(signals(&[0.0, 3.1, 0.0]), [(1, Outside, High)]);
        assert_eq!(signals(&[0.0, 3.0, 0.0]), []);
        assert_eq!(signals(&[0.5, 0.4, 0.5, 0.4, 0.5, 0.4, 0.5]), [(6, OneSide, High)]);
        assert_eq!(signals(&[0.5, 0.4, 0.5, 0.0, 0.5, 0.4, 0.5]), [], "a point on the centre breaks the run");
        assert_eq!(signals(&[0.3, 0.2, 0.1, 0.0, -0.1, -0.2, -0.3]), [(6, Trend, Low)]);
        assert_eq!(signals(&[0.3, 0.2, 0.1, 0.1, -0.1, -0.2, -0.3]), [], "equal neighbours break the fall");
        assert_eq!(signals(&[2.1, 0.0, 2.1]), [(2, OuterThird, High)]);
        assert_eq!(signals(&[2.1, 0.0, -2.1]), [], "on two sides");
        assert_eq!(signals(&[2.1, 0.0, 0.0, 2.1]), [], "two of four");
        assert_eq!(signals(&[2.0, 0.0, 2.0]), [], "on the border of the third");
    }

    #[test]
    fn a_target_outside_the_limits_is_always_met_or_always_missed() {
        let chart = chart_of(&[0.0; 12]);
        assert_eq!(chart.assurance(-3.5, true), Some(Assurance::Met));
        assert_eq!(chart.assurance(3.5, true), Some(Assurance::Missed));
        assert_eq!(chart.assurance(1.0, true), Some(Assurance::Chance));
        assert_eq!(chart.assurance(3.5, false), Some(Assurance::Met));
        assert_eq!(chart.assurance(-3.5, false), Some(Assurance::Missed));
    }
}
