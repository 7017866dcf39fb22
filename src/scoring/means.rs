//! The score of a node from those of its children.
//!
//! In: weights and scores (0 to 100) of the children that count, and the node's [`Method`]. Out: the score, exact where it is an arithmetic
//! mean, else to ten decimals. Never here: which children count, points.
//!
//! Formulas: OECD/JRC, Handbook on Constructing Composite Indicators (2008), step 6 (arithmetic, geometric, generalised means); balanced mean:
//! Mazziotta and Pareto, Social Indicators Research 127 (2016), adjusted index with a penalty that is subtracted. Sums run in the order of the
//! scheme, whatever the order of units.

use rust_decimal::Decimal;
use rust_decimal::prelude::{FromPrimitive, ToPrimitive};

use crate::library::scheme::curve::BINARY_DECIMALS;
use crate::library::scheme::method::{Mean, Method};

/// The score of a node; `None` without children or with weights that are all 0.
pub fn node_score(method: &Method, children: &[(Decimal, Decimal)]) -> Option<Decimal> {
    let weight: Decimal = children.iter().map(|(weight, _)| *weight).sum();
    if weight.is_zero() {
        return None;
    }
    let floored = |score: &Decimal| (*score).max(method.floor);
    let mean = match method.mean {
        Mean::Arithmetic => children.iter().map(|(weight, score)| *weight * floored(score)).sum::<Decimal>() / weight,
        Mean::Lowest => children.iter().map(|(_, score)| floored(score)).min()?,
        _ => {
            let parts: Vec<(f64, f64)> = children.iter().filter_map(|(weight, score)| Some((weight.to_f64()?, score.to_f64()?))).collect();
            Decimal::from_f64(mean_of(method, parts.iter().copied()))?.round_dp(BINARY_DECIMALS)
        }
    };
    let lowest = children.iter().map(|(_, score)| *score).min()?;
    let mean = method.cap_above_lowest.map_or(mean, |above| mean.min(lowest + above));
    Some(method.veto.filter(|veto| lowest < veto.below).map_or(mean, |veto| mean.min(veto.cap)))
}

/// The same in binary fractions, for many draws: children that count as (weight, score), not all of weight 0.
pub(super) fn node_score_binary(method: &Method, children: impl Iterator<Item = (f64, f64)> + Clone) -> f64 {
    let mean = mean_of(method, children.clone());
    if method.cap_above_lowest.is_none() && method.veto.is_none() {
        return mean;
    }
    let lowest = children.map(|(_, score)| score).fold(f64::INFINITY, f64::min);
    let number = |amount: Decimal| amount.to_f64().unwrap_or_default();
    let mean = method.cap_above_lowest.map_or(mean, |above| mean.min(lowest + number(above)));
    method.veto.filter(|veto| lowest < number(veto.below)).map_or(mean, |veto| mean.min(number(veto.cap)))
}

fn mean_of(method: &Method, children: impl Iterator<Item = (f64, f64)> + Clone) -> f64 {
    let floor = method.floor.to_f64().unwrap_or_default();
    let children = children.map(|(weight, score)| (weight, score.max(floor)));
    let weight: f64 = children.clone().map(|(weight, _)| weight).sum();
    let weighed = |of: fn(f64) -> f64| children.clone().map(|(weight, score)| weight * of(score)).sum::<f64>() / weight;
    match method.mean {
        Mean::Arithmetic => weighed(|score| score),
        Mean::Geometric => libm::exp(weighed(libm::log)),
        Mean::Harmonic => 1.0 / weighed(|score| 1.0 / score),
        Mean::Power(power) => {
            let power = power.to_f64().unwrap_or(1.0);
            // Beside the child that decides, so that no power leaves the range of numbers.
            let scores = children.clone().map(|(_, score)| score);
            let decisive = if power > 0.0 { scores.fold(0.0, f64::max) } else { scores.fold(f64::INFINITY, f64::min) };
            if decisive == 0.0 {
                return 0.0;
            }
            let sum: f64 = children.clone().map(|(weight, score)| weight * libm::pow(score / decisive, power)).sum();
            decisive * libm::pow(sum / weight, 1.0 / power)
        }
        Mean::Lowest => children.map(|(_, score)| score).fold(f64::INFINITY, f64::min),
        Mean::Balanced => balanced(children, weight),
    }
}

/// On the scale r = 70 + 0.6·(s − 50), on which 0 to 100 is 40 to 100: mean r − variance of r ÷ mean r, and back, at least 0.
fn balanced(children: impl Iterator<Item = (f64, f64)> + Clone, weight: f64) -> f64 {
    let scaled = children.map(|(part, score)| (part, 70.0 + 0.6 * (score - 50.0)));
    let mean = scaled.clone().map(|(part, value)| part * value).sum::<f64>() / weight;
    let variance = scaled.map(|(part, value)| part * (value - mean) * (value - mean)).sum::<f64>() / weight;
    (50.0 + (mean - variance / mean - 70.0) / 0.6).max(0.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::library::scheme::method::NodeVeto;

    fn of(mean: Mean) -> Method {
        Method { mean, floor: Decimal::ONE, ..Method::default() }
    }

    fn score(method: &Method, children: &[(i64, i64)]) -> Decimal {
        let children: Vec<_> = children.iter().map(|(weight, score)| (Decimal::from(*weight), Decimal::from(*score))).collect();
        node_score(method, &children).expect("it has children").round_dp(6)
    }

    fn near(mean: Mean, children: &[(i64, i64)], expected: &str) {
        assert_eq!(score(&of(mean), children).normalize().to_string(), expected, "{mean:?}");
    }

    #[test]
    fn the_means_of_40_and_90_are_the_textbook_ones() {
        let children = [(1, 40), (1, 90)];
        near(Mean::Arithmetic, &children, "65");
        near(Mean::Geometric, &children, "60");
        near(Mean::Harmonic, &children, "55.384615");
        near(Mean::Power(Decimal::TWO), &children, "69.641941");
        near(Mean::Lowest, &children, "40");
        // r = 64 and 94: mean 79, population variance 225; 79 − 225 ÷ 79 = 76.151899, back on the scale of 0 to 100.
        near(Mean::Balanced, &children, "60.253165");
    }

    #[test]
    fn weights_count_beside_their_siblings_only() {
        assert_eq!(score(&of(Mean::Arithmetic), &[(1, 40), (3, 90)]), score(&of(Mean::Arithmetic), &[(2, 40), (6, 90)]));
        near(Mean::Arithmetic, &[(1, 40), (3, 90)], "77.5");
        near(Mean::Geometric, &[(3, 16), (1, 81)], "24");
    }

    #[test]
    fn a_third_is_a_third_of_the_sum_and_the_order_of_children_changes_no_digit() {
        let one = score(&of(Mean::Arithmetic), &[(1, 60), (1, 71), (1, 80)]);
        assert_eq!(one, score(&of(Mean::Arithmetic), &[(1, 80), (1, 71), (1, 60)]));
        assert_eq!(one.to_string(), "70.333333");
    }

    #[test]
    fn a_zero_weighs_as_the_floor_and_not_for_everything() {
        near(Mean::Geometric, &[(1, 0), (1, 100)], "10");
        let bare = Method { mean: Mean::Geometric, ..Method::default() };
        assert_eq!(score(&bare, &[(1, 0), (9, 100)]), Decimal::ZERO);
    }

    #[test]
    fn a_weak_child_caps_the_node_where_the_scheme_says_so() {
        let capped = Method { cap_above_lowest: Some(Decimal::from(20)), ..Method::default() };
        assert_eq!(score(&capped, &[(1, 40), (1, 90)]), Decimal::from(60));
        assert_eq!(score(&capped, &[(1, 70), (1, 90)]), Decimal::from(80));
        let veto = Method { veto: Some(NodeVeto { below: Decimal::from(60), cap: Decimal::from(59) }), ..Method::default() };
        assert_eq!(score(&veto, &[(1, 59), (9, 100)]), Decimal::from(59));
        assert_eq!(score(&veto, &[(1, 60), (9, 100)]), Decimal::from(96));
    }

    fn methods() -> impl Strategy<Value = Method> {
        let means = prop_oneof![
            Just(Mean::Arithmetic),
            Just(Mean::Geometric),
            Just(Mean::Harmonic),
            Just(Mean::Lowest),
            Just(Mean::Power(Decimal::new(5, 1))),
            Just(Mean::Power(Decimal::NEGATIVE_ONE)),
        ];
        (means, prop::option::of(0..60_i64)).prop_map(|(mean, above)| Method { cap_above_lowest: above.map(Decimal::from), ..of(mean) })
    }

    proptest! {
        #[test]
        fn a_better_child_never_lowers_a_node(method in methods(), children in prop::collection::vec((1..9_i64, 0..90_i64), 1..6), better in 1..10_i64) {
            let mut raised = children.clone();
            raised[0].1 += better;
            prop_assert!(score(&method, &raised) >= score(&method, &children));
        }

        #[test]
        fn a_node_lies_between_its_lowest_and_its_highest_child(method in methods(), children in prop::collection::vec((1..9_i64, 1..100_i64), 1..6)) {
            let score = score(&method, &children);
            let scores = || children.iter().map(|child| Decimal::from(child.1));
            prop_assert!(scores().min() <= Some(score + Decimal::new(1, 6)));
            prop_assert!(Some(score - Decimal::new(1, 6)) <= scores().max());
        }

        #[test]
        fn equal_weights_are_the_plain_mean(scores in prop::collection::vec(0..100_i64, 1..8)) {
            let children: Vec<_> = scores.iter().map(|score| (7, *score)).collect();
            let mean = (scores.iter().copied().map(Decimal::from).sum::<Decimal>() / Decimal::from(scores.len())).round_dp(6);
            prop_assert_eq!(score(&Method::default(), &children), mean);
        }

        #[test]
        fn binary_fractions_give_the_same_score(method in methods(), children in prop::collection::vec((1..9_i64, 0..100_i64), 1..6)) {
            let binary = node_score_binary(&method, children.iter().map(|(weight, score)| (*weight as f64, *score as f64)));
            let decimal = score(&method, &children).to_f64().expect("a number");
            prop_assert!((binary - decimal).abs() < 1e-5, "{binary} and {decimal}");
        }
    }
}
