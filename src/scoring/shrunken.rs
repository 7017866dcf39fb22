//! Proportions of few cases beside those of their peers.
//!
//! In: values of all objects. Out: for every proportion of counts its shrunk value with the weight of the unit's own cases, and where it stands
//! in the funnel of its peer group; the score of the shrunk value where the scheme says so. Never here: other scores, ranks.
//!
//! A small unit with 3 of 3 in time is not the best of the province: its proportion is drawn towards that of its peers by as much as chance
//! alone would move it (beta-binomial moments, [`crate::statistics::shrinkage`]). Both values are shown; which one is scored is the scheme's
//! choice. The funnel (Spiegelhalter, Statistics in Medicine 24, 2005) says who differs from the peers by more than chance and the spread that
//! is usual among them ([`crate::statistics::funnel`]).

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use rust_decimal::prelude::{FromPrimitive, ToPrimitive};

use super::leaf_score;
use super::objects::Assessed;
use super::tables::{InFunnel, Shrunken, Status, Value};
use crate::library::scheme::{Scheme, ScoreFrom};
use crate::statistics::funnel::{Adjustment, Point, Trimming, USUAL_SHARE, overdispersion};
use crate::statistics::proportion::{Counts, DEVIATE_95, DEVIATE_998, pooled};
use crate::statistics::shrinkage::beta_prior;

/// Peers with cases below which nothing is known of their spread.
const FEWEST_PEERS: usize = 5;
/// Decimals of what went through binary fractions.
const DECIMALS: u32 = 9;

/// Adds shrunk values and places in the funnel.
pub(super) fn add(scheme: &Scheme, objects: &[Assessed<'_>], values: &mut [Vec<Option<Value>>]) {
    let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (row, object) in objects.iter().enumerate() {
        groups.entry(&object.peer_group).or_default().push(row);
    }
    for (index, scored) in scheme.indicators.iter().enumerate() {
        for rows in groups.values() {
            let of_row = |row: &usize| values[*row][index].as_ref().and_then(counts).map(|counts| (*row, counts));
            let peers: Vec<(usize, Counts)> = rows.iter().filter_map(of_row).collect();
            let all: Vec<Counts> = peers.iter().map(|(_, counts)| *counts).collect();
            let (Some(prior), Some(target)) = (beta_prior(&all).filter(|_| all.len() >= FEWEST_PEERS), pooled(&all)) else { continue };
            let points: Vec<Point> = all.iter().filter_map(|counts| Point::proportion(*counts, target)).collect();
            let adjustment = overdispersion(&points, Trimming::Winsorise(USUAL_SHARE)).map(|spread| spread.additive());
            for (row, counts) in peers {
                let Some(value) = values[row][index].as_mut() else { continue };
                let Some(shrunk) = prior.shrink(counts) else { continue };
                // The spread among peers is itself estimated, and where it is underestimated the posterior is far too narrow: the law is never
                // narrower than the unit's own cases leave it. Without any spread all have the same mean, and the ranks are open.
                let own = (shrunk.value * (1.0 - shrunk.value) / counts.trials as f64).sqrt();
                let deviation = shrunk.posterior.map_or(own, |law| law.standard_deviation().max(own));
                let (Some(at), Some(weight), Some(deviation)) = (decimal(shrunk.value), decimal(shrunk.weight), decimal(deviation)) else {
                    continue;
                };
                value.shrunk = Some(Shrunken { value: at, weight, deviation });
                value.funnel = adjustment.and_then(|adjustment| in_funnel(Point::proportion(counts, target)?, adjustment, target));
                if let (ScoreFrom::Shrunk, Some(curve), Status::Scored) = (scored.score_from, &scored.curve, value.status) {
                    value.score = Some(leaf_score(scheme, curve.score(at)));
                }
            }
        }
    }
}

fn decimal(figure: f64) -> Option<Decimal> {
    Decimal::from_f64(figure).map(|figure| figure.round_dp(DECIMALS))
}

fn in_funnel(point: Point, adjustment: Adjustment, centre: f64) -> Option<InFunnel> {
    let limits = |deviate: f64| {
        let limits = point.limits(adjustment, deviate)?;
        decimal(limits.low).zip(decimal(limits.high))
    };
    Some(InFunnel {
        position: point.position(adjustment),
        centre: decimal(centre)?,
        usual: limits(DEVIATE_95)?,
        alarm: limits(DEVIATE_998)?,
    })
}

/// The counts of a value that is a proportion of them, with at least one case.
pub(super) fn counts(value: &Value) -> Option<Counts> {
    let count = |amount: Option<Decimal>| amount.filter(|amount| amount.fract().is_zero())?.to_u64();
    let counts = Counts { successes: count(value.numerator)?, trials: count(value.denominator)? };
    let is_scored = matches!(value.status, Status::Scored | Status::Held | Status::ReportOnly);
    // Of a value that is no ratio, numerator and value are the same.
    let is_ratio = value.value.is_some_and(|shown| shown <= Decimal::ONE) && counts.successes <= counts.trials && counts.trials > 0;
    let is_proportion =
        is_ratio && value.numerator.zip(value.denominator).map(|(numerator, denominator)| numerator / denominator) == value.value;
    (is_scored && is_proportion).then_some(counts)
}
