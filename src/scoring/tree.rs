//! The scheme's tree for one assessed object: weight moves, points add up.
//!
//! In: the object's values. Out: scores of nodes, score lines, the total before rank. Never here: curves, ranks.
//!
//! A child that can't be scored passes its weight to its siblings, in proportion to their points; a node without a child that
//! can be scored passes its own. A class keeps its weight, and when it is empty takes the scheme's score. Effective points have
//! eight decimals and add up exactly: the last child takes what rounding leaves.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use rust_decimal::prelude::{FromPrimitive, ToPrimitive};

use super::objects::{Assessed, capped};
use super::tables::{LineKind, Score, ScoreLine, Status, Value};
use super::{ScoringInput, grade_cap};
use crate::library::scheme::{Node, Scheme, TOTAL, apportioned};

#[derive(Debug, Clone, Copy)]
enum Child {
    Node(usize),
    Leaf(usize),
}

/// The tree, once for all objects.
pub(super) struct Tree<'a> {
    scheme: &'a Scheme,
    classes: Vec<usize>,
    children: Vec<Vec<Child>>,
    index: BTreeMap<&'a str, usize>,
}

/// The total of one object, before ranks.
#[derive(Debug, Clone, Default)]
pub(super) struct ObjectResult {
    /// Exact total of the tree; `None` when nothing could be scored.
    pub tree_total: Option<Decimal>,
    /// Exact total with bonus and deduction.
    pub exact: Option<Decimal>,
    /// As published.
    pub total: Option<Decimal>,
    /// Capped, positive.
    pub bonus: Decimal,
    /// Capped, positive.
    pub deduction: Decimal,
    /// Share of the total's points that rest on enough cases.
    pub solid_share: Decimal,
    /// Half-width of the total's interval.
    pub half_width: Decimal,
}

/// What adding up yields.
pub(super) struct Outcome {
    pub scores: Vec<Score>,
    pub score_lines: Vec<ScoreLine>,
    pub result: ObjectResult,
}

/// One walk through the tree.
struct Walk<'a, 'b> {
    tree: &'b Tree<'a>,
    object: &'b Assessed<'a>,
    values: &'b mut [Option<Value>],
    nodes: BTreeMap<usize, Score>,
    score_lines: Vec<ScoreLine>,
}

impl<'a> Tree<'a> {
    pub fn of(scheme: &'a Scheme) -> Self {
        let index: BTreeMap<&str, usize> = scheme.nodes.iter().enumerate().map(|(index, node)| (node.id.as_str(), index)).collect();
        let mut children: Vec<Vec<Child>> = vec![Vec::new(); scheme.nodes.len()];
        let mut classes = Vec::new();
        for (child, node) in scheme.nodes.iter().enumerate() {
            match index.get(node.parent.as_str()) {
                Some(parent) if node.parent != TOTAL => children[*parent].push(Child::Node(child)),
                _ => classes.push(child),
            }
        }
        for (leaf, scored) in scheme.indicators.iter().enumerate() {
            if let Some(parent) = index.get(scored.node.as_str()) {
                children[*parent].push(Child::Leaf(leaf));
            }
        }
        Self { scheme, classes, children, index }
    }

    /// True when every node from `node` up to the root applies to the object.
    pub fn reaches(&self, node: &str, object: &Assessed<'_>) -> bool {
        let mut at = node;
        while let Some(index) = self.index.get(at) {
            let node = &self.scheme.nodes[*index];
            if !object.is_among(&node.domains, &node.tiers) {
                return false;
            }
            at = &node.parent;
        }
        true
    }

    /// Moves weights and adds up; writes effective points into `values`.
    pub fn add_up(&self, input: &ScoringInput<'_>, object: &Assessed<'a>, values: &mut [Option<Value>]) -> Outcome {
        let mut walk = Walk { tree: self, object, values, nodes: BTreeMap::new(), score_lines: Vec::new() };
        let total = walk.classes(input);
        let mut result = walk.result(total);
        walk.closing_lines(input, &mut result);
        let root = Score {
            unit: object.unit.id.clone(),
            domain: object.domain.clone(),
            node: TOTAL.to_owned(),
            score: total.map(|earned| share(self.scheme, earned, self.scheme.total)),
            points: self.scheme.total,
            effective_points: self.scheme.total,
            earned: total,
        };
        let scores = std::iter::once(root).chain(walk.nodes.into_values()).collect();
        let score_lines = walk.score_lines.into_iter().zip(1..).map(|(line, number)| ScoreLine { line: number, ..line }).collect();
        Outcome { scores, score_lines, result }
    }
}

/// Earned ÷ effective points × 100, rounded.
fn share(scheme: &Scheme, earned: Decimal, points: Decimal) -> Decimal {
    if points.is_zero() { scheme.round(Decimal::ZERO) } else { scheme.round(earned * Decimal::ONE_HUNDRED / points) }
}

impl<'a> Walk<'a, '_> {
    fn node(&self, index: usize) -> &'a Node {
        &self.tree.scheme.nodes[index]
    }

    fn live_value(&self, leaf: usize) -> Option<(&Value, Decimal)> {
        let value = self.values[leaf].as_ref().filter(|value| value.status != Status::ReportOnly)?;
        Some((value, value.score?))
    }

    fn is_live(&self, child: Child) -> bool {
        match child {
            Child::Leaf(leaf) => self.live_value(leaf).is_some(),
            Child::Node(node) => self.applies(node) && self.tree.children[node].iter().any(|child| self.is_live(*child)),
        }
    }

    fn applies(&self, node: usize) -> bool {
        let node = self.node(node);
        self.object.is_among(&node.domains, &node.tiers)
    }

    /// Scores every class; the exact total, or `None` when no class has anything to score.
    fn classes(&mut self, input: &ScoringInput<'_>) -> Option<Decimal> {
        let scheme = self.tree.scheme;
        let anything =
            self.tree.classes.iter().any(|class| !scheme.is_separate(&self.node(*class).id) && self.is_live(Child::Node(*class)));
        let mut total = Decimal::ZERO;
        let points_of = scheme.class_points();
        for &class in &self.tree.classes {
            let node = self.node(class);
            let Some(points) = points_of.get(node.id.as_str()).copied() else {
                self.beside_the_total(class);
                continue;
            };
            if self.is_live(Child::Node(class)) || !anything {
                total += self.descend(class, if anything { points } else { Decimal::ZERO });
                continue;
            }
            let score = input.scheme.round(scheme.nothing.empty_class_score);
            let earned = score * points / Decimal::ONE_HUNDRED;
            self.descend(class, Decimal::ZERO);
            if let Some(row) = self.nodes.get_mut(&class) {
                *row = Score { score: Some(score), effective_points: points, earned: Some(earned), ..row.clone() };
            }
            let mut line = self.line(LineKind::EmptyClass, &node.id, TOTAL);
            (line.points, line.effective_points, line.score, line.earned) = (node.points, points, Some(score), earned);
            // The class's own line stands first among its lines; the filling follows the ones that earned nothing.
            if let Some(own) = self.score_lines.iter_mut().find(|line| line.kind == LineKind::Class && line.id == node.id) {
                (own.effective_points, own.score, own.earned) = (points, Some(score), earned);
            }
            self.score_lines.push(line);
            total += earned;
        }
        anything.then_some(total)
    }

    /// Scores a class that is no part of the total; its lines add up to nothing.
    fn beside_the_total(&mut self, class: usize) {
        let points = if self.is_live(Child::Node(class)) { self.node(class).points } else { Decimal::ZERO };
        let first = self.score_lines.len();
        self.descend(class, points);
        self.score_lines[first..].iter_mut().for_each(|line| line.kind = LineKind::Beside);
    }

    /// Whether an indicator's points are part of the total.
    fn is_in_total(&self, leaf: usize) -> bool {
        let scheme = self.tree.scheme;
        !scheme.nodes_above(&scheme.indicators[leaf].node).iter().any(|node| scheme.is_separate(&node.id))
    }

    /// Gives `effective` points to a node and its children; returns what they earn, exactly.
    fn descend(&mut self, index: usize, effective: Decimal) -> Decimal {
        let node = self.node(index);
        if !self.applies(index) {
            return Decimal::ZERO;
        }
        let kind = if node.parent == TOTAL { LineKind::Class } else { LineKind::Group };
        let place = self.score_lines.len();
        let line = self.line(kind, &node.id, &node.parent);
        self.score_lines.push(ScoreLine { points: node.points, effective_points: effective, ..line });
        let mut earned = Decimal::ZERO;
        for (child, points) in self.shares(index, effective) {
            earned += match child {
                Child::Node(child) => self.descend(child, points),
                Child::Leaf(leaf) => self.earn(leaf, points, &node.id),
            };
        }
        let live = !effective.is_zero();
        let score = live.then(|| share(self.tree.scheme, earned, effective));
        (self.score_lines[place].score, self.score_lines[place].earned) = (score, earned);
        let row = Score {
            unit: self.object.unit.id.clone(),
            domain: self.object.domain.clone(),
            node: node.id.clone(),
            score,
            points: node.points,
            effective_points: effective,
            earned: live.then_some(earned),
        };
        self.nodes.insert(index, row);
        earned
    }

    /// The children of a node with their effective points, which add up exactly to the node's.
    fn shares(&self, index: usize, effective: Decimal) -> Vec<(Child, Decimal)> {
        let children = &self.tree.children[index];
        let points = |child: Child| match child {
            Child::Node(node) => self.node(node).points,
            Child::Leaf(leaf) => self.tree.scheme.indicators[leaf].points,
        };
        let live = |child: Child| !effective.is_zero() && self.is_live(child);
        let parts: Vec<Decimal> = children.iter().map(|child| if live(*child) { points(*child) } else { Decimal::ZERO }).collect();
        children.iter().copied().zip(apportioned(effective, &parts)).collect()
    }

    fn earn(&mut self, leaf: usize, effective: Decimal, parent: &str) -> Decimal {
        let Some(value) = self.values[leaf].as_mut() else { return Decimal::ZERO };
        value.effective_points = effective;
        if value.status == Status::ReportOnly {
            return Decimal::ZERO;
        }
        let (score, points, id) = (value.score, value.points, value.indicator.0.clone());
        let earned = score.unwrap_or_default() * effective / Decimal::ONE_HUNDRED;
        let line = self.line(LineKind::Indicator, &id, parent);
        self.score_lines.push(ScoreLine { points, effective_points: effective, score, earned, ..line });
        earned
    }

    fn line(&self, kind: LineKind, id: &str, parent: &str) -> ScoreLine {
        ScoreLine {
            unit: self.object.unit.id.clone(),
            domain: self.object.domain.clone(),
            line: 0,
            kind,
            id: id.to_owned(),
            event: String::new(),
            parent: parent.to_owned(),
            points: Decimal::ZERO,
            effective_points: Decimal::ZERO,
            score: None,
            earned: Decimal::ZERO,
        }
    }

    fn result(&self, tree_total: Option<Decimal>) -> ObjectResult {
        let scheme = self.tree.scheme;
        let (bonus, deduction) = capped(scheme, &self.object.events);
        let exact = tree_total.map(|total| total + bonus - deduction);
        let solid = (0..self.values.len())
            .filter(|leaf| self.is_in_total(*leaf))
            .filter_map(|leaf| self.live_value(leaf))
            .filter(|(value, _)| !value.too_few);
        let solid: Decimal = solid.map(|(value, _)| value.effective_points).sum();
        let solid_share = if scheme.total.is_zero() { Decimal::ZERO } else { (solid / scheme.total).round_dp(4) };
        let total = exact.map(|exact| scheme.round(exact));
        ObjectResult { tree_total, exact, total, bonus, deduction, solid_share, half_width: self.half_width() }
    }

    /// The values' half-widths, weighted with their points, added as independent errors.
    fn half_width(&self) -> Decimal {
        let leaves = (0..self.values.len()).filter(|leaf| self.is_in_total(*leaf)).filter_map(|leaf| self.live_value(leaf));
        let parts = leaves.filter_map(|(value, _)| Some(value.half_width? * value.effective_points / Decimal::ONE_HUNDRED));
        let squares: f64 = parts.filter_map(|part| part.to_f64()).map(|part| part * part).sum();
        Decimal::from_f64(squares.sqrt()).unwrap_or_default().round_dp(2)
    }

    /// Bonus, deduction, veto, cap, rounding, total.
    fn closing_lines(&mut self, input: &ScoringInput<'_>, result: &mut ObjectResult) {
        let (Some(exact), Some(total)) = (result.exact, result.total) else { return };
        for event in self.object.events.iter().filter(|event| !event.points.is_zero()) {
            let kind = if event.points > Decimal::ZERO { LineKind::Bonus } else { LineKind::Deduction };
            let line = self.line(kind, &event.code, "");
            self.score_lines.push(ScoreLine { event: event.id.clone(), earned: event.points, ..line });
        }
        for event in self.object.events.iter().filter(|event| grade_cap(input.scheme, event).is_some()) {
            let line = self.line(LineKind::Veto, &event.code, "");
            self.score_lines.push(ScoreLine { event: event.id.clone(), ..line });
        }
        let claimed: Decimal = self.object.events.iter().map(|event| event.points).sum();
        let taken_back = result.bonus - result.deduction - claimed;
        if !taken_back.is_zero() {
            let line = self.line(LineKind::Cap, "", "");
            self.score_lines.push(ScoreLine { earned: taken_back, ..line });
        }
        let line = self.line(LineKind::Rounding, "", "");
        self.score_lines.push(ScoreLine { earned: total - exact, ..line });
        let points = input.scheme.total;
        let line = self.line(LineKind::Total, TOTAL, "");
        self.score_lines.push(ScoreLine { points, effective_points: points, score: Some(total), earned: total, ..line });
    }
}
