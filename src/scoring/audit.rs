//! Does a scheme do what its weights say?
//!
//! In: scored objects and their scheme. Out: [`Audit`]: for every indicator its nominal and its effective weight, availability, spread and what
//! leaving it out does to ranks; pairs of siblings that say the same or the opposite; remarks for people. Never here: new scores.
//!
//! Effective weight: Cov(earned, total) ÷ Var(total), inside peer groups; the shares of all indicators add up to 1 where points add up
//! (Paruolo, Saisana and Saltelli, Journal of the Royal Statistical Society A 176, 2013). The thresholds of remarks are those of COINr (Becker
//! et al., Journal of Open Source Software 7, 2022) where it has one.

use std::collections::BTreeMap;

use rust_decimal::prelude::ToPrimitive;

use super::draws::{Draw, Drawable, Places};
use super::tables::{LineKind, Scorecards};
use crate::library::scheme::Scheme;

/// An effective weight further than this from the nominal one is remarked on.
const WEIGHT_GAP: f64 = 0.1;
/// Siblings that correlate from here on say the same.
const SAME: f64 = 0.9;
/// Siblings that correlate down to here pull against each other.
const OPPOSITE: f64 = -0.4;
/// Objects that both have a score, below which a correlation says nothing.
const FEWEST: usize = 10;
/// Share of objects at one end of the scale from which on an indicator tells them no longer apart.
const AT_ONE_END: f64 = 0.9;

/// What one indicator does.
#[derive(Debug, Clone, PartialEq)]
pub struct IndicatorAudit {
    /// Indicator.
    pub indicator: String,
    /// Node it hangs on.
    pub node: String,
    /// Share of the total that the scheme gives it, averaged over the objects to which it applies and which have a total.
    pub nominal_weight: f64,
    /// Share of the differences between totals inside peer groups that it makes; `None` where totals do not differ.
    pub effective_weight: Option<f64>,
    /// Objects to which it applies.
    pub applies_to: usize,
    /// Of those the ones with a score.
    pub scored: usize,
    /// Standard deviation of its scores.
    pub deviation: f64,
    /// Share of scores that are 0.
    pub at_zero: f64,
    /// Share of scores that are 100.
    pub at_full: f64,
    /// Ranked objects whose rank moves when it is left out.
    pub moved: usize,
    /// Places by which a rank moves on average when it is left out.
    pub mean_shift: f64,
    /// Places by which a rank moves at most.
    pub largest_shift: u32,
}

impl IndicatorAudit {
    /// It makes far more or far fewer of the differences than its points say.
    pub fn is_off_its_weight(&self) -> bool {
        self.effective_weight.is_some_and(|effective| (effective - self.nominal_weight).abs() > WEIGHT_GAP)
    }

    /// The better on it are the worse in all.
    pub fn works_against(&self) -> bool {
        self.effective_weight.is_some_and(|effective| effective < -0.01)
    }

    /// Most or all objects stand at one end of the scale, or close together.
    pub fn tells_nobody_apart(&self) -> bool {
        self.scored > 1 && (self.at_full >= AT_ONE_END || self.at_zero >= AT_ONE_END || self.deviation < 1.0)
    }

    /// Less than two thirds of those to which it applies have a score.
    pub fn is_rare(&self) -> bool {
        self.applies_to >= FEWEST && (self.scored as f64) < self.applies_to as f64 * 2.0 / 3.0
    }
}

/// Two siblings whose scores hang together.
#[derive(Debug, Clone, PartialEq)]
pub struct Correlation {
    /// Node that both hang on.
    pub node: String,
    /// One.
    pub first: String,
    /// The other.
    pub second: String,
    /// Pearson's correlation of their scores.
    pub correlation: f64,
    /// Objects that have both.
    pub n: usize,
}

impl Correlation {
    /// They say the same, or pull against each other.
    pub fn is_suspicious(&self) -> bool {
        self.correlation >= SAME || self.correlation <= OPPOSITE
    }
}

/// What a scheme does.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Audit {
    /// Indicators in the order of the scheme; those that are only reported are left out.
    pub indicators: Vec<IndicatorAudit>,
    /// All pairs of siblings with enough objects, in the order of the scheme.
    pub correlations: Vec<Correlation>,
    /// What should be looked at, as sentences.
    pub remarks: Vec<String>,
}

/// Looks at every indicator of a scheme.
pub fn audit(scheme: &Scheme, cards: &Scorecards) -> Audit {
    let drawable = Drawable::of(scheme, cards);
    let objects = drawable.objects;
    let totals = drawable.totals(&Draw::default());
    let published = drawable.places(&totals);
    let earned = earned(scheme, cards);
    let centred_totals = centred(&totals, &drawable.groups);
    let variance: f64 = centred_totals.iter().filter(|total| !total.is_nan()).map(|total| total * total).sum();
    let mut audit = Audit::default();
    for (leaf, scored) in scheme.indicators.iter().enumerate().filter(|(_, scored)| !scored.report_only) {
        let column = &drawable.scores[leaf * objects..(leaf + 1) * objects];
        let scores: Vec<f64> = column.iter().copied().filter(|score| !score.is_nan()).collect();
        let (own, applies_to) = (&earned[leaf], drawable.applies_to(leaf));
        let points: Vec<f64> = own.iter().filter_map(|earned| earned.map(|(_, share)| share)).collect();
        let shares: Vec<f64> = own.iter().map(|earned| earned.map_or(0.0, |(earned, _)| earned)).collect();
        let centred_shares = centred(&shares, &drawable.groups);
        let together: f64 =
            centred_shares.iter().zip(&centred_totals).filter(|(_, total)| !total.is_nan()).map(|(share, total)| share * total).sum();
        let mut factors = vec![1.0; scheme.indicators.len()];
        factors[leaf] = 0.0;
        let without = drawable.places(&drawable.totals(&Draw { indicator_factors: factors, ..Draw::default() }));
        let shifts: Vec<u32> = published.iter().zip(&without).filter(|(a, b)| **a > 0 && **b > 0).map(|(a, b)| a.abs_diff(*b)).collect();
        audit.indicators.push(IndicatorAudit {
            indicator: scored.id.0.clone(),
            node: scored.node.clone(),
            nominal_weight: mean(&points),
            effective_weight: (variance > 1e-12).then(|| together / variance),
            applies_to,
            scored: scores.len(),
            deviation: deviation(&scores),
            at_zero: share_of(&scores, |score| score <= 0.0),
            at_full: share_of(&scores, |score| score >= 100.0),
            moved: shifts.iter().filter(|shift| **shift > 0).count(),
            mean_shift: mean(&shifts.iter().map(|shift| f64::from(*shift)).collect::<Vec<_>>()),
            largest_shift: shifts.iter().copied().max().unwrap_or_default(),
        });
    }
    audit.correlations = correlations(scheme, &drawable);
    audit.remarks = remarks(&audit);
    audit
}

/// Points that each indicator earns for each object, and its share of the total's points.
fn earned(scheme: &Scheme, cards: &Scorecards) -> Vec<Vec<Option<(f64, f64)>>> {
    let places = Places::of(scheme, &cards.ranks);
    let mut earned = vec![vec![None; cards.ranks.len()]; scheme.indicators.len()];
    let total = scheme.total.to_f64().unwrap_or(1.0);
    for line in cards.score_lines.iter().filter(|line| line.kind == LineKind::Indicator) {
        let Some((row, leaf)) = places.get(line.unit.as_ref(), &line.domain, &line.id, &line.parent) else { continue };
        let number = |amount: rust_decimal::Decimal| amount.to_f64().unwrap_or_default();
        earned[leaf][row] = Some((number(line.earned), number(line.effective_points) / total));
    }
    earned
}

/// Values less the mean of their group; NaN stays.
fn centred(values: &[f64], groups: &[u32]) -> Vec<f64> {
    let mut sums: BTreeMap<u32, (f64, f64)> = BTreeMap::new();
    for (value, group) in values.iter().zip(groups).filter(|(value, _)| !value.is_nan()) {
        let (sum, n) = sums.entry(*group).or_default();
        *sum += value;
        *n += 1.0;
    }
    values.iter().zip(groups).map(|(value, group)| sums.get(group).map_or(f64::NAN, |(sum, n)| value - sum / n)).collect()
}

fn mean(values: &[f64]) -> f64 {
    if values.is_empty() { 0.0 } else { values.iter().sum::<f64>() / values.len() as f64 }
}

fn deviation(values: &[f64]) -> f64 {
    if values.len() < 2 {
        return 0.0;
    }
    let mean = mean(values);
    libm::sqrt(values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / (values.len() - 1) as f64)
}

fn share_of(values: &[f64], is_so: impl Fn(f64) -> bool) -> f64 {
    if values.is_empty() { 0.0 } else { values.iter().filter(|value| is_so(**value)).count() as f64 / values.len() as f64 }
}

/// Every pair of scored indicators on the same node.
fn correlations(scheme: &Scheme, drawable: &Drawable<'_>) -> Vec<Correlation> {
    let objects = drawable.objects;
    let column = |leaf: usize| &drawable.scores[leaf * objects..(leaf + 1) * objects];
    let scored: Vec<usize> = (0..scheme.indicators.len()).filter(|leaf| !scheme.indicators[*leaf].report_only).collect();
    let mut found = Vec::new();
    for (place, first) in scored.iter().enumerate() {
        for second in &scored[place + 1..] {
            let (one, other) = (&scheme.indicators[*first], &scheme.indicators[*second]);
            if one.node != other.node {
                continue;
            }
            let both: Vec<(f64, f64)> =
                column(*first).iter().copied().zip(column(*second).iter().copied()).filter(|(a, b)| !a.is_nan() && !b.is_nan()).collect();
            if both.len() < FEWEST {
                continue;
            }
            let Some(correlation) = correlation(&both) else { continue };
            found.push(Correlation {
                node: one.node.clone(),
                first: one.id.0.clone(),
                second: other.id.0.clone(),
                correlation,
                n: both.len(),
            });
        }
    }
    found
}

/// Pearson's; `None` where one side does not vary.
fn correlation(pairs: &[(f64, f64)]) -> Option<f64> {
    let n = pairs.len() as f64;
    let (a, b) = (pairs.iter().map(|pair| pair.0).sum::<f64>() / n, pairs.iter().map(|pair| pair.1).sum::<f64>() / n);
    let sum = |of: &dyn Fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>();
    let (of_a, of_b) = (sum(&|pair| (pair.0 - a) * (pair.0 - a)), sum(&|pair| (pair.1 - b) * (pair.1 - b)));
    (of_a > 1e-9 && of_b > 1e-9).then(|| sum(&|pair| (pair.0 - a) * (pair.1 - b)) / libm::sqrt(of_a * of_b))
}

fn remarks(audit: &Audit) -> Vec<String> {
    let mut remarks = Vec::new();
    let percent = |share: f64| format!("{:.1} %", share * 100.0);
    for indicator in &audit.indicators {
        let name = &indicator.indicator;
        let (nominal, effective) = (percent(indicator.nominal_weight), percent(indicator.effective_weight.unwrap_or_default()));
        if indicator.is_off_its_weight() {
            remarks.push(format!("`{name}` has {nominal} of the points and makes {effective} of the differences"));
        } else if indicator.works_against() {
            remarks.push(format!("`{name}` works against the total: the better on it are the worse in all ({effective})"));
        }
        if indicator.tells_nobody_apart() {
            let ends = format!("{} of the scores are 100, {} are 0", percent(indicator.at_full), percent(indicator.at_zero));
            remarks.push(format!("`{name}` tells nobody apart: {ends}, and they deviate by {:.2} points", indicator.deviation));
        }
        if indicator.is_rare() {
            remarks.push(format!("`{name}` is there for {} of {}", indicator.scored, indicator.applies_to));
        }
    }
    for pair in audit.correlations.iter().filter(|pair| pair.is_suspicious()) {
        let (first, second, correlation) = (&pair.first, &pair.second, pair.correlation);
        remarks.push(if correlation > 0.0 {
            format!("`{first}` and `{second}` say the same (correlation {correlation:.2}): what they measure counts twice")
        } else {
            format!("`{first}` and `{second}` pull against each other (correlation {correlation:.2})")
        });
    }
    remarks
}
