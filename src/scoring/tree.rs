//! The scheme's tree for one assessed object: children become one score, weight moves, points add up.
//!
//! In: the object's values. Out: scores of nodes, score lines, the total before rank. Never here: curves, means (see `means`), ranks.
//!
//! The score of a node is made of its children's by its method, exactly; points say how much of the total a score carries. A child without a
//! score passes its weight to its siblings, in proportion to their points, unless the node says otherwise; a node without a child that can be
//! scored passes its own. A class keeps its weight, and when it is empty takes the scheme's score. Effective points have eight decimals and
//! add up exactly: the last child takes what rounding leaves. Where a node's score is not the sum of what its children earn, a line says the
//! difference.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use rust_decimal::prelude::{FromPrimitive, ToPrimitive};

use super::grade_cap;
use super::means::node_score;
use super::objects::{Assessed, capped};
use super::tables::{LineKind, Score, ScoreLine, Status, Value};
use crate::library::scheme::method::{Method, Missing};
use crate::library::scheme::{Node, POINT_DECIMALS, Scheme, TOTAL, Weights, apportioned};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Child {
    Node(usize),
    Leaf(usize),
}

/// The tree, once for all objects.
pub(super) struct Tree<'a> {
    scheme: &'a Scheme,
    /// What hangs on the total: classes, and with relative weights also indicators.
    pub roots: Vec<Child>,
    /// Children of each node: nodes first, then indicators, in the order of the scheme.
    pub children: Vec<Vec<Child>>,
    index: BTreeMap<&'a str, usize>,
}

/// The total of one object, before ranks.
#[derive(Debug, Clone, Default)]
pub(super) struct ObjectResult {
    /// There is too little of what the scheme asks for, so that nothing is rated.
    pub lacks: bool,
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
    /// Exact scores of nodes.
    exact: Vec<Option<Decimal>>,
    nodes: BTreeMap<usize, Score>,
    score_lines: Vec<ScoreLine>,
}

impl<'a> Tree<'a> {
    pub fn of(scheme: &'a Scheme) -> Self {
        let index: BTreeMap<&str, usize> = scheme.nodes.iter().enumerate().map(|(index, node)| (node.id.as_str(), index)).collect();
        let mut children: Vec<Vec<Child>> = vec![Vec::new(); scheme.nodes.len()];
        let mut roots = Vec::new();
        for (child, node) in scheme.nodes.iter().enumerate() {
            match index.get(node.parent.as_str()) {
                Some(parent) if node.parent != TOTAL => children[*parent].push(Child::Node(child)),
                _ => roots.push(Child::Node(child)),
            }
        }
        for (leaf, scored) in scheme.indicators.iter().enumerate() {
            match index.get(scored.node.as_str()) {
                Some(parent) => children[*parent].push(Child::Leaf(leaf)),
                None => roots.push(Child::Leaf(leaf)),
            }
        }
        Self { scheme, roots, children, index }
    }

    /// What a child weighs beside its siblings.
    pub fn weight(&self, child: Child) -> Decimal {
        match child {
            Child::Node(node) => self.scheme.nodes[node].points,
            Child::Leaf(leaf) => self.scheme.indicators[leaf].points,
        }
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

    /// Makes scores of the values, moves weights and adds up; writes effective points into `values`.
    pub fn add_up(&self, object: &Assessed<'a>, values: &mut [Option<Value>]) -> Outcome {
        let exact = vec![None; self.scheme.nodes.len()];
        let mut walk = Walk { tree: self, object, values, exact, nodes: BTreeMap::new(), score_lines: Vec::new() };
        for root in &self.roots {
            walk.score_below(*root);
        }
        let total = walk.total();
        let mut result = walk.result(total);
        walk.closing_lines(&mut result);
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

    /// Exact scores of a node and of all below it.
    fn score_below(&mut self, child: Child) {
        let Child::Node(node) = child else { return };
        let tree = self.tree;
        for below in &tree.children[node] {
            self.score_below(*below);
        }
        if self.applies(node) {
            self.exact[node] = self.score_of(&tree.children[node], &self.node(node).method);
        }
    }

    fn score(&self, child: Child) -> Option<Decimal> {
        match child {
            Child::Node(node) => self.exact[node],
            Child::Leaf(leaf) => self.live_value(leaf).map(|(_, score)| score),
        }
    }

    /// Whether there is, or should be, anything to score in it.
    fn is_for_object(&self, child: Child) -> bool {
        match child {
            Child::Leaf(leaf) => {
                let value = self.values[leaf].as_ref();
                value.is_some_and(|value| !matches!(value.status, Status::ReportOnly | Status::NotApplicable))
            }
            Child::Node(node) => self.applies(node) && self.tree.children[node].iter().any(|child| self.is_for_object(*child)),
        }
    }

    fn applies(&self, node: usize) -> bool {
        let node = self.node(node);
        self.object.is_among(&node.domains, &node.tiers)
    }

    /// The score that counts for a child: its own, or 0 where the scheme says that what is missing counts as that.
    fn counted(&self, child: Child, method: &Method) -> Option<Decimal> {
        let as_zero = || (method.missing == Missing::Zero && self.is_for_object(child)).then_some(Decimal::ZERO);
        self.score(child).or_else(as_zero)
    }

    /// The exact score of children by a method; `None` where there is none, or too few.
    fn score_of(&self, children: &[Child], method: &Method) -> Option<Decimal> {
        let (mut applying, mut available, mut counted) = (Decimal::ZERO, Decimal::ZERO, Vec::with_capacity(children.len()));
        for child in children.iter().copied().filter(|child| self.is_for_object(*child)) {
            let weight = self.tree.weight(child);
            applying += weight;
            match self.score(child) {
                Some(_) => available += weight,
                None if method.missing == Missing::Withhold => return None,
                None => {}
            }
            counted.extend(self.counted(child, method).map(|score| (weight, score)));
        }
        if available < method.minimum_available * applying {
            return None;
        }
        node_score(method, &counted)
    }

    /// The exact total: of classes that keep their points, or of whatever hangs on the total; `None` when there is nothing to score, or too
    /// little of it.
    fn total(&mut self) -> Option<Decimal> {
        let scheme = self.tree.scheme;
        match scheme.nothing.empty_class_score {
            Some(score) if scheme.weights == Weights::Points => self.classes(scheme.round(score)),
            _ => self.whole(),
        }
    }

    /// Classes whose weight moves like that of any other node.
    fn whole(&mut self) -> Option<Decimal> {
        let (tree, scheme) = (self.tree, self.tree.scheme);
        let is_beside = |child: &Child| matches!(child, Child::Node(node) if scheme.is_separate(&self.node(*node).id));
        let (beside, roots): (Vec<Child>, Vec<Child>) = tree.roots.iter().copied().partition(is_beside);
        let score = self.score_of(&roots, &scheme.method);
        let points = if score.is_some() { scheme.total } else { Decimal::ZERO };
        let earned = self.give(&roots, &scheme.method, points, TOTAL);
        self.line_of_method(&scheme.method, TOTAL, points, score, earned);
        for class in beside {
            self.beside_the_total(class);
        }
        Some(scheme.total * score? / Decimal::ONE_HUNDRED)
    }

    /// Classes that keep their points, filled with `empty` where they are empty.
    fn classes(&mut self, empty: Decimal) -> Option<Decimal> {
        let scheme = self.tree.scheme;
        let roots = self.tree.roots.clone();
        let points_of = scheme.class_points();
        let counts = |child: &Child| matches!(child, Child::Node(node) if !scheme.is_separate(&self.node(*node).id));
        let anything = roots.iter().filter(|class| counts(class)).any(|class| self.score(*class).is_some());
        // A class that has something and yet no score lacks what its method asks for: no filling in its place.
        let lacks = roots.iter().filter(|class| counts(class)).any(|class| self.score(*class).is_none() && self.has_scores(*class));
        let is_rated = anything && !lacks;
        let mut total = Decimal::ZERO;
        for class in roots {
            let Child::Node(index) = class else { continue };
            let node = self.node(index);
            let Some(points) = points_of.get(node.id.as_str()).copied() else {
                self.beside_the_total(class);
                continue;
            };
            if let Some(score) = self.exact[index].filter(|_| is_rated) {
                self.descend(index, points);
                total += score * points / Decimal::ONE_HUNDRED;
                continue;
            }
            self.descend(index, Decimal::ZERO);
            if !is_rated {
                continue;
            }
            let earned = empty * points / Decimal::ONE_HUNDRED;
            if let Some(row) = self.nodes.get_mut(&index) {
                *row = Score { score: Some(empty), effective_points: points, earned: Some(earned), ..row.clone() };
            }
            let mut line = self.line(LineKind::EmptyClass, &node.id, TOTAL);
            (line.points, line.effective_points, line.score, line.earned) = (node.points, points, Some(empty), earned);
            // The class's own line stands first among its lines; the filling follows the ones that earned nothing.
            if let Some(own) = self.score_lines.iter_mut().find(|line| line.kind == LineKind::Class && line.id == node.id) {
                (own.effective_points, own.score, own.earned) = (points, Some(empty), earned);
            }
            self.score_lines.push(line);
            total += earned;
        }
        is_rated.then_some(total)
    }

    /// Whether any indicator below has a score.
    fn has_scores(&self, child: Child) -> bool {
        match child {
            Child::Leaf(leaf) => self.live_value(leaf).is_some(),
            Child::Node(node) => self.applies(node) && self.tree.children[node].iter().any(|child| self.has_scores(*child)),
        }
    }

    /// Scores a class that is no part of the total; its lines add up to nothing.
    fn beside_the_total(&mut self, class: Child) {
        let Child::Node(index) = class else { return };
        let points = if self.score(class).is_some() { self.node(index).points } else { Decimal::ZERO };
        let first = self.score_lines.len();
        self.descend(index, points);
        self.score_lines[first..].iter_mut().for_each(|line| line.kind = LineKind::Beside);
    }

    /// Whether an indicator's points are part of the total.
    fn is_in_total(&self, leaf: usize) -> bool {
        self.tree.scheme.is_in_total(&self.tree.scheme.indicators[leaf].node)
    }

    /// Gives `effective` points to a node and its children; returns what its lines earn, exactly.
    fn descend(&mut self, index: usize, effective: Decimal) -> Decimal {
        let node = self.node(index);
        if !self.applies(index) {
            return Decimal::ZERO;
        }
        let kind = if node.parent == TOTAL { LineKind::Class } else { LineKind::Group };
        let place = self.score_lines.len();
        let line = self.line(kind, &node.id, &node.parent);
        self.score_lines.push(ScoreLine { points: node.points, effective_points: effective, ..line });
        let live = !effective.is_zero();
        let exact = self.exact[index].filter(|_| live);
        let tree = self.tree;
        let mut earned = self.give(&tree.children[index], &node.method, effective, &node.id);
        earned += self.line_of_method(&node.method, &node.id, effective, exact, earned);
        let score = exact.map(|score| tree.scheme.round(score));
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

    /// Gives points to children, which add up exactly to `effective`; returns what they earn.
    fn give(&mut self, children: &[Child], method: &Method, effective: Decimal, parent: &str) -> Decimal {
        let is_live = |child: &Child| !effective.is_zero() && self.counted(*child, method).is_some();
        let parts: Vec<Decimal> =
            children.iter().map(|child| if is_live(child) { self.tree.weight(*child) } else { Decimal::ZERO }).collect();
        let mut earned = Decimal::ZERO;
        for (child, points) in children.iter().zip(apportioned(effective, &parts)) {
            earned += match *child {
                Child::Node(child) => self.descend(child, points),
                Child::Leaf(leaf) => self.earn(leaf, points, parent),
            };
        }
        earned
    }

    /// What a node's mean, cap or veto adds to what its children earn, as a line; nothing where the score is their sum.
    fn line_of_method(&mut self, method: &Method, parent: &str, effective: Decimal, score: Option<Decimal>, earned: Decimal) -> Decimal {
        let Some(score) = score.filter(|_| !method.adds_up()) else { return Decimal::ZERO };
        let difference = (effective * score / Decimal::ONE_HUNDRED).round_dp(POINT_DECIMALS) - earned;
        let line = self.line(LineKind::Method, parent, parent);
        self.score_lines.push(ScoreLine { earned: difference, ..line });
        difference
    }

    fn earn(&mut self, leaf: usize, effective: Decimal, parent: &str) -> Decimal {
        let Some(value) = self.values[leaf].as_mut() else { return Decimal::ZERO };
        value.effective_points = effective;
        if value.status == Status::ReportOnly {
            return Decimal::ZERO;
        }
        let (score, points, id) = (value.score, value.points, value.indicator.0.clone());
        // A published score has four decimals at most, so fourteen are exact.
        let earned = (score.unwrap_or_default() * effective / Decimal::ONE_HUNDRED).round_dp(14);
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
        let lacks = total.is_none() && self.tree.roots.iter().any(|root| self.has_scores(*root));
        ObjectResult { lacks, tree_total, exact, total, bonus, deduction, solid_share, half_width: self.half_width() }
    }

    /// The values' half-widths, weighted with their points, added as independent errors.
    fn half_width(&self) -> Decimal {
        let leaves = (0..self.values.len()).filter(|leaf| self.is_in_total(*leaf)).filter_map(|leaf| self.live_value(leaf));
        let parts = leaves.filter_map(|(value, _)| Some(value.half_width? * value.effective_points / Decimal::ONE_HUNDRED));
        let squares: f64 = parts.filter_map(|part| part.to_f64()).map(|part| part * part).sum();
        Decimal::from_f64(squares.sqrt()).unwrap_or_default().round_dp(2)
    }

    /// Bonus, deduction, veto, cap, rounding, total.
    fn closing_lines(&mut self, result: &mut ObjectResult) {
        let Some(total) = result.total else { return };
        let scheme = self.tree.scheme;
        for event in self.object.events.iter().filter(|event| !event.points.is_zero()) {
            let kind = if event.points > Decimal::ZERO { LineKind::Bonus } else { LineKind::Deduction };
            let line = self.line(kind, &event.code, "");
            self.score_lines.push(ScoreLine { event: event.id.clone(), earned: event.points, ..line });
        }
        for event in self.object.events.iter().filter(|event| grade_cap(scheme, event).is_some()) {
            let line = self.line(LineKind::Veto, &event.code, "");
            self.score_lines.push(ScoreLine { event: event.id.clone(), ..line });
        }
        let claimed: Decimal = self.object.events.iter().map(|event| event.points).sum();
        let taken_back = result.bonus - result.deduction - claimed;
        if !taken_back.is_zero() {
            let line = self.line(LineKind::Cap, "", "");
            self.score_lines.push(ScoreLine { earned: taken_back, ..line });
        }
        let lines: Decimal = self.score_lines.iter().filter(|line| line.kind.adds_up()).map(|line| line.earned).sum();
        let line = self.line(LineKind::Rounding, "", "");
        self.score_lines.push(ScoreLine { earned: total - lines, ..line });
        let points = scheme.total;
        let line = self.line(LineKind::Total, TOTAL, "");
        self.score_lines.push(ScoreLine { points, effective_points: points, score: Some(total), earned: total, ..line });
    }
}
