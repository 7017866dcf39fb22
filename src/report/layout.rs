//! Where regions stand on a schematic map: neighbours near each other, and nothing else.
//!
//! In: who touches whom. Out: a place between 0 and 10 000 across and down for each. Never here: geography; there is none in the data, so that north is anywhere and a kilometre
//! nothing. The same borders give the same map.
//!
//! Distances on paper follow the number of borders between two regions, by stress majorisation (Gansner, Koren and North, Graph Drawing 2004), from a start that three regions far
//! apart make: across, how much nearer a region is to the first than to the second; down, how far it is from the third.

use std::collections::VecDeque;

/// Rounds; after these nothing moves by a point on paper with a province's ninety counties.
const ROUNDS: usize = 300;
/// Width and height of the paper.
const PAPER: f64 = 10_000.0;

/// A place for each of `regions`, by the pairs that touch.
pub fn places(regions: usize, borders: &[(usize, usize)]) -> Vec<(i64, i64)> {
    if regions < 2 {
        return vec![(5_000, 5_000); regions];
    }
    let distances = distances(regions, borders);
    let mut at = start(&distances);
    for _ in 0..ROUNDS {
        for one in 0..regions {
            at[one] = pulled(one, &at, &distances[one]);
        }
    }
    on_paper(&at)
}

/// Borders between every two regions; what no borders join stands further away than anything that some do.
fn distances(regions: usize, borders: &[(usize, usize)]) -> Vec<Vec<f64>> {
    let mut beside = vec![Vec::new(); regions];
    for (one, other) in borders {
        beside[*one].push(*other);
        beside[*other].push(*one);
    }
    let from = |start: usize| {
        let mut found = vec![None; regions];
        let mut next = VecDeque::from([(start, 0_u32)]);
        while let Some((region, distance)) = next.pop_front() {
            if found[region].is_none() {
                found[region] = Some(distance);
                next.extend(beside[region].iter().map(|other| (*other, distance + 1)));
            }
        }
        found
    };
    let found: Vec<Vec<Option<u32>>> = (0..regions).map(from).collect();
    let furthest = found.iter().flatten().flatten().max().copied().unwrap_or(0);
    found.into_iter().map(|row| row.into_iter().map(|distance| f64::from(distance.unwrap_or(furthest + 1))).collect()).collect()
}

fn start(distances: &[Vec<f64>]) -> Vec<(f64, f64)> {
    let furthest =
        |of: &dyn Fn(usize) -> f64| (0..distances.len()).fold(0, |best, region| if of(region) > of(best) { region } else { best });
    let first = furthest(&|region| distances[0][region]);
    let second = furthest(&|region| distances[first][region]);
    let third = furthest(&|region| distances[first][region].min(distances[second][region]));
    // Who is as far from all three would stand on one point, and nothing could pull them apart.
    let apart = |region: usize, step: f64| (region as f64 * step).fract() * 0.1;
    let place = |region: usize| {
        let across = distances[region][first] - distances[region][second];
        (across + apart(region, 0.618), distances[region][third] + apart(region, 0.414))
    };
    (0..distances.len()).map(place).collect()
}

/// Where the others want a region: each as far away as its distance, the near ones most.
fn pulled(one: usize, at: &[(f64, f64)], distances: &[f64]) -> (f64, f64) {
    let (mut across, mut down, mut weights) = (0.0, 0.0, 0.0);
    for (other, place) in at.iter().enumerate().filter(|(other, _)| *other != one) {
        let (dx, dy) = (at[one].0 - place.0, at[one].1 - place.1);
        let length = dx.hypot(dy).max(1e-9);
        let (wanted, weight) = (distances[other], 1.0 / (distances[other] * distances[other]));
        across += weight * (place.0 + wanted * dx / length);
        down += weight * (place.1 + wanted * dy / length);
        weights += weight;
    }
    (across / weights, down / weights)
}

/// Stretched over the paper.
fn on_paper(at: &[(f64, f64)]) -> Vec<(i64, i64)> {
    let span = |of: fn(&(f64, f64)) -> f64| {
        let (low, high) = at.iter().map(of).fold((f64::MAX, f64::MIN), |(low, high), place| (low.min(place), high.max(place)));
        (low, (high - low).max(1e-9))
    };
    let (across, down) = (span(|place| place.0), span(|place| place.1));
    let scaled = |place: f64, (low, width): (f64, f64)| ((place - low) / width * PAPER).round() as i64;
    at.iter().map(|place| (scaled(place.0, across), scaled(place.1, down))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apart(places: &[(i64, i64)], one: usize, other: usize) -> f64 {
        ((places[one].0 - places[other].0) as f64).hypot((places[one].1 - places[other].1) as f64)
    }

    #[test]
    fn neighbours_stand_nearer_than_those_two_borders_away() {
        // A grid of four by four.
        let mut borders = Vec::new();
        for region in 0..16 {
            borders.extend((region % 4 < 3).then_some((region, region + 1)));
            borders.extend((region < 12).then_some((region, region + 4)));
        }
        let places = places(16, &borders);
        let mean = |wanted: f64| {
            let distances = distances(16, &borders);
            let pairs: Vec<f64> = (0..16)
                .flat_map(|one| (0..one).map(move |other| (one, other)))
                .filter(|(one, other)| distances[*one][*other] == wanted)
                .map(|(one, other)| apart(&places, one, other))
                .collect();
            pairs.iter().sum::<f64>() / pairs.len() as f64
        };
        assert!(mean(1.0) < 0.8 * mean(2.0) && mean(2.0) < mean(3.0) && mean(3.0) < mean(5.0), "{places:?}");
        assert!(places.iter().all(|(across, down)| (0..=10_000).contains(across) && (0..=10_000).contains(down)));
    }

    #[test]
    fn no_two_regions_stand_on_one_place_even_where_nothing_joins_them() {
        for (regions, borders) in [(1, vec![]), (2, vec![]), (3, vec![(0, 1)]), (6, vec![(0, 1), (0, 2), (0, 3), (0, 4), (0, 5)])] {
            let places = places(regions, &borders);
            assert_eq!(places.len(), regions);
            for one in 0..regions {
                assert!((0..one).all(|other| apart(&places, one, other) > 500.0), "{places:?}");
            }
        }
        assert_eq!(places(0, &[]), []);
    }
}
