//! Totals of all objects again and again, under other weights, other methods or other scores.
//!
//! In: scored objects and the scheme. Out: totals and ranks of a draw, in binary fractions. Never here: published figures; those are decimal
//! and come from `tree`, whose rules this follows (a test compares the two).
//!
//! Scores stand column by column, so that a draw is a few sums over long arrays: its cost grows with objects × (indicators + nodes).

use std::collections::{BTreeMap, HashMap};

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::means::node_score_binary;
use super::tables::{Rank, Scorecards, Status};
use super::tree::{Child, Tree};
use crate::library::scheme::method::{Mean, Method, Missing};
use crate::library::scheme::{RankBasis, Scheme, Scored, Ties, Weights};

/// What a draw changes; nothing by default.
#[derive(Debug, Clone, Default)]
pub struct Draw {
    /// A factor on the weight of each node, in the order of the scheme; empty: none.
    pub node_factors: Vec<f64>,
    /// A factor on the weight of each indicator; 0 leaves it out. Empty: none.
    pub indicator_factors: Vec<f64>,
    /// The mean of each node in the place of its own. Empty: none.
    pub means: Vec<Option<Mean>>,
    /// Scores in the place of those that were published: indicator × objects + object. Empty: none.
    pub scores: Vec<f64>,
}

/// Where an object and an indicator stand among those of a scheme and its scorecards.
pub(super) struct Places<'a> {
    rows: HashMap<(&'a str, &'a str), usize>,
    /// The same indicator may hang on two nodes, for different units.
    leaves: HashMap<(&'a str, &'a str), usize>,
}

impl<'a> Places<'a> {
    pub fn of(scheme: &'a Scheme, ranks: &'a [Rank]) -> Self {
        let row = |(row, rank): (usize, &'a Rank)| ((rank.unit.as_ref(), rank.domain.as_str()), row);
        let leaf = |(leaf, scored): (usize, &'a Scored)| ((scored.id.as_ref(), scored.node.as_str()), leaf);
        Self { rows: ranks.iter().enumerate().map(row).collect(), leaves: scheme.indicators.iter().enumerate().map(leaf).collect() }
    }

    /// The row of the ranks and the place of the indicator; `None` for what is in neither.
    pub fn get(&self, unit: &str, domain: &str, indicator: &str, node: &str) -> Option<(usize, usize)> {
        Some((*self.rows.get(&(unit, domain))?, *self.leaves.get(&(indicator, node))?))
    }
}

/// Scored objects, ready for draws.
pub struct Drawable<'a> {
    scheme: &'a Scheme,
    tree: Tree<'a>,
    /// Objects.
    pub objects: usize,
    /// The ranks' rows, in the order of objects.
    pub ranks: &'a [Rank],
    /// Place of each object's peer group.
    pub groups: Vec<u32>,
    /// Score of an indicator of an object, NaN for none: indicator × objects + object.
    pub scores: Vec<f64>,
    /// Whether an indicator applies to an object, scored or not, in the same order.
    applies: Vec<bool>,
    /// Whether anything below a node applies: node × objects + object.
    node_applies: Vec<bool>,
    /// Bonus less deduction.
    added: Vec<f64>,
}

impl<'a> Drawable<'a> {
    /// Takes over what was scored.
    pub fn of(scheme: &'a Scheme, cards: &'a Scorecards) -> Self {
        let objects = cards.ranks.len();
        let places = Places::of(scheme, &cards.ranks);
        let mut scores = vec![f64::NAN; scheme.indicators.len() * objects];
        let mut applies = vec![false; scores.len()];
        for value in &cards.values {
            let found = places.get(value.unit.as_ref(), &value.domain, value.indicator.as_ref(), &value.node);
            let Some((row, leaf)) = found else { continue };
            if matches!(value.status, Status::ReportOnly | Status::NotApplicable) {
                continue;
            }
            let at = leaf * objects + row;
            applies[at] = true;
            scores[at] = value.score.and_then(|score| score.to_f64()).unwrap_or(f64::NAN);
        }
        let mut groups: BTreeMap<&str, u32> = BTreeMap::new();
        for rank in &cards.ranks {
            let next = groups.len() as u32;
            groups.entry(&rank.peer_group).or_insert(next);
        }
        let number = |amount: Decimal| amount.to_f64().unwrap_or_default();
        let mut drawable = Self {
            scheme,
            tree: Tree::of(scheme),
            objects,
            ranks: &cards.ranks,
            groups: cards.ranks.iter().map(|rank| groups[rank.peer_group.as_str()]).collect(),
            scores,
            applies,
            node_applies: vec![false; scheme.nodes.len() * objects],
            added: cards.ranks.iter().map(|rank| number(rank.bonus - rank.deduction)).collect(),
        };
        for root in drawable.tree.roots.clone() {
            drawable.mark(root);
        }
        drawable
    }

    fn mark(&mut self, child: Child) {
        let Child::Node(node) = child else { return };
        for below in self.tree.children[node].clone() {
            self.mark(below);
            for object in 0..self.objects {
                let applies = self.child_applies(below, object);
                self.node_applies[node * self.objects + object] |= applies;
            }
        }
    }

    fn child_applies(&self, child: Child, object: usize) -> bool {
        match child {
            Child::Leaf(leaf) => self.applies[leaf * self.objects + object],
            Child::Node(node) => self.node_applies[node * self.objects + object],
        }
    }

    /// Objects to which an indicator applies, scored or not.
    pub fn applies_to(&self, leaf: usize) -> usize {
        self.applies[leaf * self.objects..(leaf + 1) * self.objects].iter().filter(|applies| **applies).count()
    }

    /// Whether an indicator applies to an object and has no score; `at` is its place among the scores.
    pub fn is_missing(&self, at: usize) -> bool {
        self.applies[at] && self.scores[at].is_nan()
    }

    /// The total of every object, NaN for none.
    pub fn totals(&self, draw: &Draw) -> Vec<f64> {
        let mut nodes = vec![f64::NAN; self.scheme.nodes.len() * self.objects];
        for root in &self.tree.roots {
            self.score_below(*root, draw, &mut nodes);
        }
        let keeps_classes = self.scheme.weights == Weights::Points && self.scheme.nothing.empty_class_score.is_some();
        let mut totals = if keeps_classes { self.of_classes(draw, &nodes) } else { self.of_roots(draw, &nodes) };
        totals.iter_mut().zip(&self.added).for_each(|(total, added)| *total += added);
        totals
    }

    fn score_below(&self, child: Child, draw: &Draw, nodes: &mut [f64]) {
        let Child::Node(node) = child else { return };
        for below in &self.tree.children[node] {
            self.score_below(*below, draw, nodes);
        }
        let mut method = self.scheme.nodes[node].method;
        if let Some(Some(mean)) = draw.means.get(node) {
            method.mean = *mean;
            method.floor = method.floor.max(Decimal::ONE);
        }
        let scores = self.combined(&self.tree.children[node], &method, draw, nodes);
        nodes[node * self.objects..(node + 1) * self.objects].copy_from_slice(&scores);
    }

    fn weight(&self, child: Child, draw: &Draw) -> f64 {
        let factor = match child {
            Child::Node(node) => draw.node_factors.get(node),
            Child::Leaf(leaf) => draw.indicator_factors.get(leaf),
        };
        self.tree.weight(child).to_f64().unwrap_or_default() * factor.copied().unwrap_or(1.0)
    }

    fn column<'c>(&'c self, child: Child, draw: &'c Draw, nodes: &'c [f64]) -> &'c [f64] {
        let (all, place) = match child {
            Child::Node(node) => (nodes, node),
            Child::Leaf(leaf) if draw.scores.is_empty() => (self.scores.as_slice(), leaf),
            Child::Leaf(leaf) => (draw.scores.as_slice(), leaf),
        };
        &all[place * self.objects..(place + 1) * self.objects]
    }

    /// The score of these children for every object.
    fn combined(&self, children: &[Child], method: &Method, draw: &Draw, nodes: &[f64]) -> Vec<f64> {
        // Report-only indicators weigh nothing, and what a draw leaves out is as if it were not there.
        let weighed: Vec<(Child, f64)> =
            children.iter().map(|child| (*child, self.weight(*child, draw))).filter(|(_, weight)| *weight > 0.0).collect();
        let is_plain = method.adds_up() && method.missing == Missing::MoveWeight && method.minimum_available.is_zero();
        if is_plain {
            let (mut weights, mut sums) = (vec![0.0; self.objects], vec![0.0; self.objects]);
            for (child, weight) in weighed {
                let column = self.column(child, draw, nodes);
                for ((score, sum), total) in column.iter().zip(&mut sums).zip(&mut weights) {
                    let is_there = if score.is_nan() { 0.0 } else { 1.0 };
                    *total += weight * is_there;
                    *sum += if score.is_nan() { 0.0 } else { weight * score };
                }
            }
            // 0 ÷ 0 is NaN: no child, no score.
            return sums.iter().zip(&weights).map(|(sum, weight)| sum / weight).collect();
        }
        // Who has enough of a node is decided by the scheme's weights, whatever is drawn.
        let nominal: Vec<f64> = weighed.iter().map(|(child, _)| self.tree.weight(*child).to_f64().unwrap_or_default()).collect();
        let columns: Vec<&[f64]> = weighed.iter().map(|(child, _)| self.column(*child, draw, nodes)).collect();
        let minimum = method.minimum_available.to_f64().unwrap_or_default();
        let mut counted = Vec::with_capacity(weighed.len());
        let one = |object: usize| {
            let (mut applying, mut available) = (0.0, 0.0);
            counted.clear();
            for (((child, weight), column), nominal) in weighed.iter().zip(&columns).zip(&nominal) {
                if !self.child_applies(*child, object) {
                    continue;
                }
                applying += nominal;
                let score = column[object];
                match (score.is_nan(), method.missing) {
                    (false, _) => {
                        available += nominal;
                        counted.push((*weight, score));
                    }
                    (true, Missing::Withhold) => return f64::NAN,
                    (true, Missing::Zero) => counted.push((*weight, 0.0)),
                    (true, Missing::MoveWeight) => {}
                }
            }
            if counted.is_empty() || available < minimum * applying - 1e-9 {
                f64::NAN
            } else {
                node_score_binary(method, counted.iter().copied())
            }
        };
        (0..self.objects).map(one).collect()
    }

    fn of_roots(&self, draw: &Draw, nodes: &[f64]) -> Vec<f64> {
        let is_in = |child: &&Child| !matches!(child, Child::Node(node) if self.scheme.is_separate(&self.scheme.nodes[*node].id));
        let roots: Vec<Child> = self.tree.roots.iter().filter(is_in).copied().collect();
        let total = self.scheme.total.to_f64().unwrap_or_default();
        self.combined(&roots, &self.scheme.method, draw, nodes).into_iter().map(|score| score * total / 100.0).collect()
    }

    /// Classes keep their points; an empty one has the scheme's score, and one that lacks what its method asks for leaves no total.
    fn of_classes(&self, draw: &Draw, nodes: &[f64]) -> Vec<f64> {
        let number = |amount: Decimal| amount.to_f64().unwrap_or_default();
        let points = self.scheme.class_points();
        let classes: Vec<(usize, f64)> = self
            .tree
            .roots
            .iter()
            .filter_map(|root| match root {
                Child::Node(node) => {
                    Some((*node, number(*points.get(self.scheme.nodes[*node].id.as_str())?) * draw.node_factors.get(*node).unwrap_or(&1.0)))
                }
                Child::Leaf(_) => None,
            })
            .collect();
        let all: f64 = classes.iter().map(|(_, points)| points).sum();
        let scale = if draw.node_factors.is_empty() { 1.0 } else { number(self.scheme.total) / all };
        let empty = number(self.scheme.nothing.empty_class_score.map(|score| self.scheme.round(score)).unwrap_or_default());
        let one = |object: usize| {
            let score = |node: usize| nodes[node * self.objects + object];
            let anything = classes.iter().any(|(node, _)| !score(*node).is_nan());
            let lacks = classes.iter().any(|(node, _)| score(*node).is_nan() && self.has_scores(Child::Node(*node), object));
            if !anything || lacks {
                return f64::NAN;
            }
            classes.iter().map(|(node, points)| points * scale * if score(*node).is_nan() { empty } else { score(*node) } / 100.0).sum()
        };
        (0..self.objects).map(one).collect()
    }

    fn has_scores(&self, child: Child, object: usize) -> bool {
        match child {
            Child::Leaf(leaf) => !self.scores[leaf * self.objects + object].is_nan(),
            Child::Node(node) => self.tree.children[node].iter().any(|child| self.has_scores(*child, object)),
        }
    }

    /// Ranks inside peer groups of the objects that are ranked in the published result, by totals as the scheme rounds them; 0 for the others.
    pub fn places(&self, totals: &[f64]) -> Vec<u32> {
        let scale = match self.scheme.rounding.basis {
            RankBasis::Rounded => 10_f64.powi(self.scheme.rounding.decimals as i32),
            RankBasis::Unrounded => 1e10,
        };
        let mut order: Vec<(u32, i64, usize)> = (0..self.objects)
            .filter(|object| self.ranks[*object].rank.is_some() && !totals[*object].is_nan())
            // The last bits of a binary sum must not decide which way a half is rounded.
            .map(|object| (self.groups[object], -((totals[object] * scale + 1e-7).round() as i64), object))
            .collect();
        order.sort_unstable();
        let mut places = vec![0; self.objects];
        for group in order.chunk_by(|a, b| a.0 == b.0) {
            let (mut before, mut dense) = (0, 0);
            for tied in group.chunk_by(|a, b| a.1 == b.1) {
                dense += 1;
                let place = match self.scheme.rounding.ties {
                    Ties::Competition => before + 1,
                    Ties::Dense => dense,
                    Ties::Worst => before + tied.len(),
                };
                tied.iter().for_each(|(_, _, object)| places[*object] = place as u32);
                before += tied.len();
            }
        }
        places
    }
}
