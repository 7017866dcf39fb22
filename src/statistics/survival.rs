//! Times until something was done, when some of it is not done yet.
//!
//! In: durations, each ended or still open. Out: Kaplan–Meier's curve, median and restricted mean with what is known of their error.
//! Never here: dates, deadlines, scores; leaving out what is open, which would make the slow look fast; a curve beyond the last time
//! that was seen; random numbers.

use statrs::distribution::{ContinuousCDF, Normal};

/// One duration, in any unit; all results have that unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Duration {
    /// Time until the end, or for how long it has been open so far.
    pub time: f64,
    /// Whether it ended then; otherwise it was still open (censored).
    pub ended: bool,
}

/// What happened at one time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Time.
    pub time: f64,
    /// Durations that had lasted until then, those that ended or were last seen then included.
    pub at_risk: u32,
    /// Ends.
    pub ended: u32,
    /// Last seen open; they outlive the ends of the same time.
    pub censored: u32,
    /// Share S still open just after.
    pub open: f64,
    /// Greenwood's sum Σ d/(n(n − d)) of the ends until then; infinite when nothing is open any more. Var(S) = S²·sum.
    pub greenwood: f64,
}

/// Scale on which an interval of S is symmetric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// S itself, as Brookmeyer and Crowley; may leave [0, 1], where it is cut.
    Linear,
    /// ln S, the default of R survival; cut at 1.
    Log,
    /// ln(−ln S): inside [0, 1] by itself, and best for small numbers. Source: Kalbfleisch, Prentice 1980.
    LogLog,
}

/// Mean of the time spent open until a horizon.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RestrictedMean {
    /// ∫₀^τ S(t) dt.
    pub value: f64,
    /// Its standard error, by Greenwood's sum.
    pub standard_error: f64,
}

/// Kaplan–Meier's estimate of the share that is open longer than t: S(t) = Π_{times ≤ t} (1 − d/n).
///
/// Assumes that those last seen open are no faster or slower than the rest. Source: Kaplan, Meier 1958, JASA 53:457.
#[derive(Debug, Clone, PartialEq)]
pub struct KaplanMeier {
    steps: Vec<Step>,
}

/// Rounding of a product of fractions: an S of one half must not be missed by its last digit.
const ROUNDING: f64 = 1e-9;

impl KaplanMeier {
    /// The curve of durations in any order; `None` without durations, or when a time is negative or not finite.
    pub fn of(durations: &[Duration]) -> Option<Self> {
        let mut sorted = durations.to_vec();
        sorted.sort_by(|a, b| a.time.total_cmp(&b.time));
        let sound = sorted.iter().all(|duration| duration.time.is_finite() && duration.time >= 0.0);
        let mut at_risk = u32::try_from(sorted.len()).ok()?;
        if sorted.is_empty() || !sound {
            return None;
        }
        let (mut steps, mut open, mut greenwood) = (Vec::new(), 1.0, 0.0);
        for same in sorted.chunk_by(|a, b| a.time == b.time) {
            let ended = same.iter().filter(|duration| duration.ended).count() as u32;
            let censored = same.len() as u32 - ended;
            let (risk, left) = (f64::from(at_risk), f64::from(at_risk - ended));
            open *= left / risk;
            greenwood += if ended > 0 { f64::from(ended) / (risk * left) } else { 0.0 };
            steps.push(Step { time: same[0].time, at_risk, ended, censored, open, greenwood });
            at_risk -= ended + censored;
        }
        Some(Self { steps })
    }

    /// Every time at which something ended or was last seen, ascending.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Share still open after a time; `None` for a negative time, and where nobody was seen so long although some were still open.
    pub fn open_after(&self, time: f64) -> Option<f64> {
        if !self.reaches(time) {
            return None;
        }
        Some(self.steps.iter().take_while(|step| step.time <= time).last().map_or(1.0, |step| step.open))
    }

    fn reaches(&self, time: f64) -> bool {
        let known = self.steps.last().is_some_and(|last| time <= last.time || last.open == 0.0);
        time >= 0.0 && known
    }

    /// First time after which at most half is still open; `None` when that has not been reached.
    ///
    /// R survival takes the middle of the stretch where S is exactly one half; here, as in the synergy index, its beginning counts.
    pub fn median(&self) -> Option<f64> {
        self.steps.iter().find(|step| step.open <= 0.5 + ROUNDING).map(|step| step.time)
    }

    /// Limits of the median: first times at which the lower and the upper limit of S are at most one half, each `None` when not reached.
    ///
    /// `None` as a whole for a confidence outside (0, 1). Once nothing is open, S has no interval. Source: Brookmeyer, Crowley 1982,
    /// Biometrics 38:29.
    pub fn median_interval(&self, confidence: f64, scale: Scale) -> Option<(Option<f64>, Option<f64>)> {
        let z = quantile(confidence)?;
        let limits: Vec<(f64, Option<(f64, f64)>)> = self.steps.iter().map(|step| (step.time, step.interval(z, scale))).collect();
        let first = |limit: fn((f64, f64)) -> f64| {
            let is_below = |limits: &Option<(f64, f64)>| limits.is_some_and(|limits| limit(limits) <= 0.5 + ROUNDING);
            limits.iter().find(|(_, limits)| is_below(limits)).map(|(time, _)| *time)
        };
        Some((first(|limits| limits.0), first(|limits| limits.1)))
    }

    /// Limits of the share still open after a time; `None` as for [`Self::open_after`], for a confidence outside (0, 1), and once nothing
    /// is open.
    pub fn interval_after(&self, time: f64, confidence: f64, scale: Scale) -> Option<(f64, f64)> {
        let z = quantile(confidence)?;
        self.open_after(time)?;
        self.steps.iter().take_while(|step| step.time <= time).last().map_or(Some((1.0, 1.0)), |step| step.interval(z, scale))
    }

    /// Mean time spent open until a horizon τ, what is still open then counted with τ.
    ///
    /// Var = Σ_{t ≤ τ} (∫_t^τ S)²·d/(n(n − d)). `None` when τ is not positive or not finite, or lies beyond the last time seen while some
    /// were still open: the curve is not prolonged. Source: Klein, Moeschberger 2003, Survival Analysis, 4.5; agrees with rmean of R
    /// survival.
    pub fn restricted_mean(&self, horizon: f64) -> Option<RestrictedMean> {
        if !(horizon > 0.0 && horizon.is_finite() && self.reaches(horizon)) {
            return None;
        }
        // From the horizon backwards, so that the area behind each step is known when it is needed.
        let (mut area, mut variance, mut until) = (0.0, 0.0, horizon);
        for step in self.steps.iter().rev().filter(|step| step.time < horizon) {
            area += step.open * (until - step.time);
            until = step.time;
            let (risk, left) = (f64::from(step.at_risk), f64::from(step.at_risk - step.ended));
            // When all have ended, no area is left behind: 0²·∞ is nothing.
            variance += if left > 0.0 { area * area * f64::from(step.ended) / (risk * left) } else { 0.0 };
        }
        Some(RestrictedMean { value: area + until, standard_error: f64::sqrt(variance) })
    }
}

impl Step {
    /// Interval of S; none once nothing is open.
    fn interval(&self, z: f64, scale: Scale) -> Option<(f64, f64)> {
        let (open, error) = (self.open, z * self.greenwood.sqrt());
        match scale {
            _ if open <= 0.0 => None,
            // Nothing has ended: the logarithm of −ln 1 does not exist.
            _ if self.greenwood == 0.0 => Some((1.0, 1.0)),
            Scale::Linear => Some(((open - open * error).max(0.0), (open + open * error).min(1.0))),
            Scale::Log => Some((open * (-error).exp(), (open * error.exp()).min(1.0))),
            Scale::LogLog => {
                let spread = error / open.ln().abs();
                Some((open.powf(spread.exp()), open.powf((-spread).exp())))
            }
        }
    }
}

/// The quantile of a two-sided interval; `None` for a confidence outside (0, 1).
fn quantile(confidence: f64) -> Option<f64> {
    (confidence > 0.0 && confidence < 1.0).then(|| Normal::standard().inverse_cdf(0.5 + confidence / 2.0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::{RngCore, SeedableRng};

    use super::*;

    fn durations(ended: &[f64], open: &[f64]) -> Vec<Duration> {
        let of = |times: &[f64], ended| times.iter().map(|time| Duration { time: *time, ended }).collect::<Vec<_>>();
        [of(ended, true), of(open, false)].concat()
    }

    fn curve(ended: &[f64], open: &[f64]) -> KaplanMeier {
        KaplanMeier::of(&durations(ended, open)).expect("durations")
    }

    /// Weeks in remission of leukaemia (Miller 1981), `aml` in R survival: maintained and nonmaintained chemotherapy.
    fn aml() -> [KaplanMeier; 2] {
        [
            curve(&[9.0, 13.0, 18.0, 23.0, 31.0, 34.0, 48.0], &[13.0, 28.0, 45.0, 161.0]),
            curve(&[5.0, 5.0, 8.0, 8.0, 12.0, 23.0, 27.0, 30.0, 33.0, 43.0, 45.0], &[16.0]),
        ]
    }

    #[test]
    fn the_curve_of_the_maintained_patients_is_the_published_one() {
        // summary(survfit(Surv(time, status) ~ x, aml)): times, at risk, share and standard error.
        let published = [
            (9.0, 11, 0.909, 0.0867),
            (13.0, 10, 0.818, 0.1163),
            (18.0, 8, 0.716, 0.1397),
            (23.0, 7, 0.614, 0.1526),
            (31.0, 5, 0.491, 0.1642),
            (34.0, 4, 0.368, 0.1627),
            (48.0, 2, 0.184, 0.1535),
        ];
        let [maintained, _] = aml();
        let steps: Vec<&Step> = maintained.steps().iter().filter(|step| step.ended > 0).collect();
        assert_eq!(steps.len(), published.len());
        for (step, (time, at_risk, open, error)) in steps.into_iter().zip(published) {
            assert_eq!((step.time, step.at_risk), (time, at_risk));
            assert!((step.open - open).abs() < 0.0005 && (step.open * step.greenwood.sqrt() - error).abs() < 0.00005, "{step:?}");
        }
        assert_eq!(maintained.steps()[1], Step { ended: 1, censored: 1, ..maintained.steps()[1] });
    }

    #[test]
    fn medians_of_both_groups_are_the_published_ones() {
        let [maintained, nonmaintained] = aml();
        assert_eq!((maintained.median(), nonmaintained.median()), (Some(31.0), Some(23.0)));
        // print(survfit(Surv(time, status) ~ x, aml)): 18 to NA and 8 to NA.
        assert_eq!(maintained.median_interval(0.95, Scale::Log), Some((Some(18.0), None)));
        assert_eq!(nonmaintained.median_interval(0.95, Scale::Log), Some((Some(8.0), None)));
        // lifelines 0.30, which has this scale.
        assert_eq!(maintained.median_interval(0.95, Scale::LogLog), Some((Some(13.0), None)));
        assert_eq!(nonmaintained.median_interval(0.95, Scale::LogLog), Some((Some(5.0), Some(33.0))));
        assert_eq!(maintained.median_interval(1.0, Scale::Log), None);
    }

    #[test]
    fn intervals_of_the_open_share_are_those_of_the_three_scales() {
        let [maintained, nonmaintained] = aml();
        let near = |interval: Option<(f64, f64)>, low: f64, high: f64| {
            let interval = interval.expect("an interval");
            assert!((interval.0 - low).abs() < 5e-7 && (interval.1 - high).abs() < 5e-7, "{interval:?}");
        };
        // lifelines 0.30 at 31 weeks; the others by hand from 0.490909 ± 1.959964·0.164193.
        near(maintained.interval_after(31.0, 0.95, Scale::LogLog), 0.167_331, 0.753_400);
        near(maintained.interval_after(33.9, 0.95, Scale::LogLog), 0.167_331, 0.753_400);
        near(maintained.interval_after(31.0, 0.95, Scale::Linear), 0.169096, 0.812722);
        near(maintained.interval_after(31.0, 0.95, Scale::Log), 0.254860, 0.945585);
        assert_eq!(maintained.interval_after(8.0, 0.95, Scale::LogLog), Some((1.0, 1.0)));
        assert_eq!(nonmaintained.interval_after(50.0, 0.95, Scale::LogLog), None);
        assert_eq!(maintained.interval_after(8.0, 0.0, Scale::LogLog), None);
    }

    #[test]
    fn restricted_means_of_both_groups_are_the_published_ones() {
        // print(survfit(Surv(time, status) ~ x, aml), rmean = "common"), upper limit 161: 52.6 (19.83) and 22.7 (4.18).
        let [maintained, nonmaintained] = aml();
        for (curve, value, error) in [(maintained, 52.645_454_5, 19.83), (nonmaintained, 22.708_333_3, 4.18)] {
            let mean = curve.restricted_mean(161.0).expect("a mean");
            assert!((mean.value - value).abs() < 1e-6 && (mean.standard_error - error).abs() < 0.005, "{mean:?}");
        }
    }

    #[test]
    fn a_restricted_mean_ends_at_its_horizon() {
        let [maintained, nonmaintained] = aml();
        let mean = |curve: &KaplanMeier, horizon| curve.restricted_mean(horizon).map(|mean| mean.value);
        assert!((mean(&maintained, 30.0).expect("a mean") - 24.602_272_7).abs() < 1e-6);
        assert!((mean(&nonmaintained, 30.0).expect("a mean") - 19.694_444_4).abs() < 1e-6);
        assert_eq!(maintained.restricted_mean(5.0), Some(RestrictedMean { value: 5.0, standard_error: 0.0 }));
        // Whoever was last seen at 161 may last any longer; of the others nobody is left.
        assert_eq!(mean(&maintained, 162.0), None);
        assert_eq!(mean(&nonmaintained, 1e6), mean(&nonmaintained, 45.0));
        assert_eq!((mean(&maintained, 0.0), mean(&maintained, f64::NAN), mean(&nonmaintained, f64::INFINITY)), (None, None, None));
    }

    #[test]
    fn what_is_last_seen_at_the_time_of_an_end_outlives_it() {
        let tied = curve(&[10.0], &[10.0]);
        assert_eq!(tied.steps()[0], Step { time: 10.0, at_risk: 2, ended: 1, censored: 1, open: 0.5, greenwood: 0.5 });
        assert_eq!((tied.median(), tied.open_after(10.0), tied.open_after(9.9)), (Some(10.0), Some(0.5), Some(1.0)));
        assert_eq!((tied.open_after(10.1), tied.open_after(-1.0)), (None, None));
    }

    #[test]
    fn a_median_that_half_has_not_reached_is_none() {
        assert_eq!(curve(&[3.0], &[5.0, 6.0]).median(), None);
        assert_eq!(curve(&[], &[5.0]).median(), None);
        // The product of twelve fractions, 23/24 to 12/13, rounds to a little more than one half.
        let distinct: Vec<f64> = (1..=24).map(f64::from).collect();
        assert_eq!(curve(&distinct, &[]).median(), Some(12.0));
    }

    #[test]
    fn what_are_no_durations_have_no_curve() {
        assert_eq!(KaplanMeier::of(&[]), None);
        assert_eq!(KaplanMeier::of(&durations(&[-1.0], &[])), None);
        assert_eq!(KaplanMeier::of(&durations(&[f64::NAN], &[])), None);
    }

    #[test]
    fn intervals_of_the_restricted_mean_hold_the_true_one_as_often_as_declared() {
        // Exponential ends of mean 40 and censoring of mean 120: the true mean until 60 is 40·(1 − exp(−1.5)).
        let truth = 40.0 * (1.0 - (-1.5_f64).exp());
        let mut random = ChaCha8Rng::seed_from_u64(3);
        let (mut covered, mut median_covered, mut seen) = (0, 0, 0);
        for _ in 0..800 {
            let mut exponential = |mean: f64| -mean * (((random.next_u64() >> 12) as f64 + 0.5) / (1_u64 << 52) as f64).ln();
            let sample: Vec<Duration> = (0..80)
                .map(|_| {
                    let (end, seen) = (exponential(40.0), exponential(120.0));
                    Duration { time: end.min(seen), ended: end <= seen }
                })
                .collect();
            let curve = KaplanMeier::of(&sample).expect("durations");
            let Some(mean) = curve.restricted_mean(60.0) else { continue };
            seen += 1;
            covered += u32::from((mean.value - truth).abs() <= 1.96 * mean.standard_error);
            let (low, high) = curve.median_interval(0.95, Scale::LogLog).expect("a confidence");
            let median = 40.0 * std::f64::consts::LN_2;
            median_covered += u32::from(low.is_none_or(|low| low <= median) && high.is_none_or(|high| median <= high));
        }
        // 760 with a Monte Carlo error of 6.2.
        assert!(seen >= 795, "{seen}");
        assert!((735..=780).contains(&covered), "{covered}");
        assert!((735..=785).contains(&median_covered), "{median_covered}");
    }

    fn some_durations() -> impl Strategy<Value = Vec<Duration>> {
        prop::collection::vec((0_u32..12, any::<bool>()), 1..20)
            .prop_map(|rows| rows.into_iter().map(|(time, ended)| Duration { time: f64::from(time), ended }).collect())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

        #[test]
        fn without_censoring_the_curve_is_the_share_that_lasted_longer(times in prop::collection::vec(0_u32..12, 1..20)) {
            let times: Vec<f64> = times.into_iter().map(f64::from).collect();
            let (curve, n) = (curve(&times, &[]), times.len() as f64);
            for time in [0.0, 2.5, 7.0, 11.0, 40.0] {
                let longer = times.iter().filter(|other| **other > time).count() as f64;
                prop_assert!((curve.open_after(time).expect("known") - longer / n).abs() < 1e-12);
            }
            let mean = times.iter().sum::<f64>() / n;
            let error = (times.iter().map(|time| (time - mean).powi(2)).sum::<f64>() / (n * n)).sqrt();
            let restricted = curve.restricted_mean(12.0).expect("known");
            prop_assert!((restricted.value - mean).abs() < 1e-9 && (restricted.standard_error - error).abs() < 1e-9);
            let mut sorted = times;
            sorted.sort_by(f64::total_cmp);
            prop_assert_eq!(curve.median(), Some(sorted[(sorted.len() - 1) / 2]));
        }

        #[test]
        fn the_order_of_durations_does_not_matter_and_the_curve_only_falls(durations in some_durations()) {
            let curve = KaplanMeier::of(&durations).expect("durations");
            let turned: Vec<Duration> = durations.iter().rev().copied().collect();
            prop_assert_eq!(&curve, &KaplanMeier::of(&turned).expect("durations"));
            prop_assert!(curve.steps().windows(2).all(|pair| pair[0].time < pair[1].time && pair[0].open >= pair[1].open));
            let seen: u32 = curve.steps().iter().map(|step| step.ended + step.censored).sum();
            prop_assert_eq!(seen as usize, durations.len());
        }

        #[test]
        fn intervals_surround_what_they_belong_to(durations in some_durations()) {
            let curve = KaplanMeier::of(&durations).expect("durations");
            for scale in [Scale::Linear, Scale::Log, Scale::LogLog] {
                for step in curve.steps() {
                    if let Some((low, high)) = curve.interval_after(step.time, 0.9, scale) {
                        prop_assert!(0.0 <= low && low <= step.open + 1e-12 && step.open - 1e-12 <= high && high <= 1.0);
                    }
                }
                if let (Some(median), Some((low, high))) = (curve.median(), curve.median_interval(0.9, scale)) {
                    prop_assert!(low.is_none_or(|low| low <= median) && high.is_none_or(|high| median <= high));
                }
            }
        }

        #[test]
        fn what_is_still_open_prolongs_the_restricted_mean(durations in some_durations()) {
            let ended: Vec<Duration> = durations.iter().map(|duration| Duration { ended: true, ..*duration }).collect();
            let until = durations.iter().map(|duration| duration.time).fold(1.0, f64::max);
            let mean = |durations: &[Duration]| KaplanMeier::of(durations)?.restricted_mean(until).map(|mean| mean.value);
            if let (Some(mean), Some(as_if_ended)) = (mean(&durations), mean(&ended)) {
                prop_assert!(mean >= as_if_ended - 1e-12);
            }
        }
    }
}
