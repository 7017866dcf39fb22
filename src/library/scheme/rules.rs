//! What a scheme must hold to: sums, places in the tree, curves, duties, dates.
//!
//! In: a scheme that was read and the library's indicators. Out: diagnostics with the place. Never here: reading text; the
//! lineage of numerators, which needs plans (that is `compute`).

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use super::composites::{COMPOSITES, composite, parts_of};
use super::method::{Mean, Spread};
use super::{Attribution, Node, PERCEPTION, PeerKey, Perception, Scheme, ScoreFrom, Scored, TOTAL, UNSCORED, Weights};
use crate::diagnostics::Diagnostics;
use crate::library::indicator::{Better, Indicator, Measures, Shape, Window};
use crate::terms::{DOMAINS, IndicatorId};

/// Where something applies: domains and tiers, each the words that are left.
#[derive(Debug, Clone)]
struct Reach {
    domains: BTreeSet<String>,
    tiers: BTreeSet<String>,
}

impl Reach {
    fn everywhere() -> Self {
        let set = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Self { domains: set(&DOMAINS), tiers: set(&["province", "city", "county", "township"]) }
    }

    fn narrow(&mut self, domains: &[String], tiers: &[String]) {
        if !domains.is_empty() {
            self.domains.retain(|domain| domains.contains(domain));
        }
        if !tiers.is_empty() {
            self.tiers.retain(|tier| tiers.contains(tier));
        }
    }

    fn is_empty(&self) -> bool {
        self.domains.is_empty() || self.tiers.is_empty()
    }

    fn meets(&self, other: &Self) -> bool {
        !self.domains.is_disjoint(&other.domains) && !self.tiers.is_disjoint(&other.tiers)
    }
}

struct Rules<'a> {
    scheme: &'a Scheme,
    indicators: &'a BTreeMap<IndicatorId, Indicator>,
    diagnostics: &'a mut Diagnostics,
}

/// Holds a scheme over a table of any indicators against the rules that it can be held against without the library's headers.
pub(super) fn check_alone(scheme: &Scheme, indicators: &BTreeMap<IndicatorId, Indicator>, diagnostics: &mut Diagnostics) {
    let mut rules = Rules { scheme, indicators, diagnostics };
    rules.tree();
    rules.sums();
    rules.means();
    rules.grades();
    rules.perception();
    for scored in &scheme.indicators {
        rules.curve(scored);
        rules.relative(scored, false);
        rules.duty(scored);
        rules.merit_by_name(scored);
    }
    rules.once();
}

/// Holds a scheme against every rule.
pub(super) fn check(scheme: &Scheme, indicators: &BTreeMap<IndicatorId, Indicator>, diagnostics: &mut Diagnostics) {
    let mut rules = Rules { scheme, indicators, diagnostics };
    rules.tree();
    rules.sums();
    rules.means();
    rules.peer_groups();
    rules.grades();
    rules.perception();
    for scored in &scheme.indicators {
        rules.known(scored);
        rules.curve(scored);
        rules.relative(scored, true);
        rules.duty(scored);
        rules.dates(scored);
        rules.window(scored);
        rules.attribution(scored);
    }
    rules.once();
    rules.unscored();
}

impl<'a> Rules<'a> {
    /// The indicator's own file has an error: the scheme is not blamed for what its header does not say.
    fn is_broken(&self, scored: &Scored) -> bool {
        self.indicators.get(&scored.id).is_some_and(|indicator| self.diagnostics.has_error_in(&indicator.file))
    }

    fn reach(&self, scored: &Scored) -> Reach {
        let mut reach = Reach::everywhere();
        for node in self.scheme.nodes_above(&scored.node) {
            reach.narrow(&node.domains, &node.tiers);
        }
        if let Some(indicator) = self.indicators.get(&scored.id) {
            reach.narrow(&indicator.domains, &indicator.tiers);
        } else if let Some(composite) = composite(&scored.id.0) {
            let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
            reach.narrow(&owned(composite.domains), &owned(composite.tiers));
        }
        reach
    }

    fn tree(&mut self) {
        let scheme = self.scheme;
        let file = scheme.file.as_str();
        let is_flat = scheme.weights == Weights::Relative;
        if (scheme.nodes.is_empty() && !is_flat) || scheme.indicators.is_empty() {
            self.diagnostics
                .error("empty-tree", file, None, "the scheme has no tree: there is no node or no indicator")
                .hint("[[node]] for classes and groups, [[indicator]] for what they are made of");
        }
        let known: Vec<&str> = scheme.nodes.iter().map(|node| node.id.as_str()).collect();
        for (index, node) in scheme.nodes.iter().enumerate() {
            let span = Some(node.span.clone());
            if known[..index].contains(&node.id.as_str()) || node.id == TOTAL {
                self.diagnostics.error("duplicate-node", file, span.clone(), format!("the node `{}` stands twice", node.id));
            }
            if node.parent != TOTAL && !known.contains(&node.parent.as_str()) {
                self.diagnostics
                    .error("unknown-node", file, span.clone(), format!("the parent `{}` of `{}` is no node", node.parent, node.id))
                    .hint_nearest(&node.parent, known.iter().copied().chain([TOTAL]));
            }
            if self.scheme.nodes_above(&node.id).len() > scheme.nodes.len() {
                self.diagnostics.error("node-circle", file, span.clone(), format!("`{}` stands below itself", node.id));
            }
            let has_child =
                scheme.nodes.iter().any(|child| child.parent == node.id) || scheme.indicators.iter().any(|scored| scored.node == node.id);
            if !has_child {
                self.diagnostics.error("empty-node", file, span, format!("nothing hangs on the node `{}`", node.id));
            }
        }
        for scored in &scheme.indicators {
            let hangs_on_total = scored.node == TOTAL && scheme.weights == Weights::Relative;
            if !known.contains(&scored.node.as_str()) && !hangs_on_total {
                self.diagnostics
                    .error(
                        "unknown-node",
                        file,
                        Some(scored.span.clone()),
                        format!("`{}` hangs on `{}`, which is no node", scored.id, scored.node),
                    )
                    .hint_nearest(&scored.node, known.iter().copied());
            }
        }
    }

    fn sums(&mut self) {
        let scheme = self.scheme;
        if scheme.weights == Weights::Relative {
            return self.relative_weights();
        }
        // Of a class that is renormalised into the total, or stands beside it, the points come on top.
        let is_on_top =
            |node: &Node| node.id == PERCEPTION && matches!(scheme.perception, Some(Perception::Renormalised | Perception::Separate));
        let classes: Decimal = scheme.nodes.iter().filter(|node| node.parent == TOTAL && !is_on_top(node)).map(|node| node.points).sum();
        if classes != scheme.total && !scheme.nodes.is_empty() {
            let span = scheme.nodes.iter().find(|node| node.parent == TOTAL).map(|node| node.span.clone());
            self.diagnostics.error(
                "points-sum",
                &scheme.file,
                span,
                format!("the classes add up to {} points, expected {}", classes.normalize(), scheme.total.normalize()),
            );
        }
        for node in &scheme.nodes {
            if node.points <= Decimal::ZERO {
                self.diagnostics.error(
                    "points-missing",
                    &scheme.file,
                    Some(node.span.clone()),
                    format!("the node `{}` has no points", node.id),
                );
            }
            let groups =
                scheme.nodes.iter().filter(|child| child.parent == node.id).map(|child| (child.id.as_str(), child.points, &child.span));
            let leaves = scheme.indicators.iter().filter(|scored| scored.node == node.id && !scored.report_only);
            let children: Vec<_> = groups.chain(leaves.map(|scored| (scored.id.0.as_str(), scored.points, &scored.span))).collect();
            if node.alternatives {
                for (id, points, span) in children.iter().filter(|(_, points, _)| *points != node.points) {
                    self.diagnostics.error(
                        "points-alternative",
                        &scheme.file,
                        Some((*span).clone()),
                        format!(
                            "`{id}` is an alternative in `{}` and has {} points, expected {}",
                            node.id,
                            points.normalize(),
                            node.points.normalize()
                        ),
                    );
                }
                continue;
            }
            let sum: Decimal = children.iter().map(|(_, points, _)| *points).sum();
            if sum != node.points && !children.is_empty() {
                self.diagnostics.error(
                    "points-sum",
                    &scheme.file,
                    Some(node.span.clone()),
                    format!("the parts of `{}` add up to {} points, expected {}", node.id, sum.normalize(), node.points.normalize()),
                );
            }
        }
    }

    /// Weights that count beside their siblings only need no sum, but each is above 0, and alternatives say nothing by their weight.
    fn relative_weights(&mut self) {
        let scheme = self.scheme;
        let nodes = scheme.nodes.iter().map(|node| (node.id.as_str(), node.points, &node.span));
        let leaves =
            scheme.indicators.iter().filter(|scored| !scored.report_only).map(|scored| (scored.id.0.as_str(), scored.points, &scored.span));
        for (id, weight, span) in nodes.chain(leaves).filter(|(_, weight, _)| *weight <= Decimal::ZERO) {
            let message = format!("the weight of `{id}` is {}, expected more than 0", weight.normalize());
            self.diagnostics
                .error("points-missing", &scheme.file, Some(span.clone()), message)
                .hint("shown and not scored: report_only = true");
        }
    }

    /// What goes with which mean.
    fn means(&mut self) {
        let scheme = self.scheme;
        let nodes = scheme.nodes.iter().map(|node| (node.id.as_str(), &node.method, Some(node.span.clone())));
        for (id, method, span) in nodes.chain([(TOTAL, &scheme.method, None)]) {
            let has_zero =
                matches!(method.mean, Mean::Geometric | Mean::Harmonic) || matches!(method.mean, Mean::Power(p) if p < Decimal::ZERO);
            if has_zero && method.floor.is_zero() {
                let message = format!("one child at 0 makes `{id}` 0, whatever its weight");
                self.diagnostics
                    .warning("mean-of-zero", &scheme.file, span.clone(), message)
                    .hint("floor = 1 keeps a zero from deciding alone");
            }
            if scheme.weights == Weights::Points && id == TOTAL && !method.adds_up() {
                let message = "classes keep their points, so the total is their sum: no other mean, cap or veto stands on the total";
                self.diagnostics
                    .error("mean-of-classes", &scheme.file, None, message)
                    .hint("on a class or group: mean = \"geometric\"; a veto of the total is a [[veto]]; or weights = \"relative\"");
            }
        }
    }

    /// Ranks across domains or tiers compare offices that do different work.
    fn peer_groups(&mut self) {
        let scheme = self.scheme;
        if scheme.peer_group.contains(&PeerKey::Tier) && scheme.peer_group.contains(&PeerKey::Domain) {
            return;
        }
        let (file, span) = (scheme.file.as_str(), scheme.peer_group_span.clone());
        match &scheme.peer_group_allow {
            None => self
                .diagnostics
                .error("peer-group-too-wide", file, span, "a peer group never crosses domains or tiers")
                .hint("by = [\"domain\", \"tier\", \"size_class\"], or allow = \"…reason…\" where an ordinance asks for one list"),
            Some(reason) => self.diagnostics.warning(
                "peer-group-too-wide",
                file,
                span,
                format!("ranks are formed across domains or tiers, allowed because: {reason}"),
            ),
        };
    }

    /// Whose numerators are not known, a name still tells of fines and numbers of cases.
    fn merit_by_name(&mut self, scored: &Scored) {
        const WORDS: [&str; 12] =
            ["fine", "penalt", "confiscat", "seizure", "罚款", "罚没", "没收", "处罚数", "件数", "案件数", "检查次数", "立案数"];
        let name = scored.id.0.to_lowercase();
        let falls = scored.curve.as_ref().is_some_and(|curve| curve.points().windows(2).all(|pair| pair[0].1 >= pair[1].1));
        let is_merit = !scored.report_only && !falls && scored.better != Some(Better::Lower) && !self.indicators.contains_key(&scored.id);
        if is_merit && let Some(word) = WORDS.iter().find(|word| name.contains(**word)) {
            let message = format!("`{}` raises a score, and its name has `{word}`", scored.id);
            self.diagnostics.warning("merit-by-name", &self.scheme.file, Some(scored.span.clone()), message).hint(
                "fines and numbers of cases or inspections never raise the score of an office (行政处罚法 art. 74; 国办发〔2024〕54号)",
            );
        }
    }

    /// A score by comparison with others: everybody's moves with one unit's value, and years can't be compared.
    fn relative(&mut self, scored: &Scored, between_years: bool) {
        let Some(relative) = &scored.relative else { return };
        if scored.score_from == ScoreFrom::Shrunk {
            let message = format!("`{}` is scored by comparison, and from shrunk values: only one of both", scored.id);
            let span = Some(scored.span.clone());
            self.diagnostics
                .error("shrunk-compared", &self.scheme.file, span, message)
                .hint("score_from = \"shrunk\" goes with a curve or goalposts");
        }
        let (file, span) = (self.scheme.file.as_str(), Some(scored.span.clone()));
        if matches!(self.better(scored), None | Some(Better::Band)) {
            self.diagnostics
                .error(
                    "better-missing",
                    file,
                    span.clone(),
                    format!("`{}` is compared with others, and nothing says which way is better", scored.id),
                )
                .hint("better = \"higher\" or better = \"lower\"; a band needs a curve");
        }
        if relative.by == Spread::DistanceToTarget && scored.target.is_none() {
            let message = format!("`{}` is scored by its distance to a target, and has none", scored.id);
            self.diagnostics.error("target-missing", file, span.clone(), message).hint("target = …");
        }
        let what = format!(
            "`{}` is scored by the values of the others, so that one unit moves everybody's score and years can't be compared",
            scored.id
        );
        match &relative.allow {
            Some(reason) => {
                self.diagnostics.warning("sample-normalisation", file, span, format!("{what}; allowed because: {reason}"));
            }
            None if between_years => {
                self.diagnostics
                    .error("sample-normalisation", file, span, what)
                    .hint("goalposts = [worst, best], published before the year; or allow = \"…reason…\"");
            }
            None => {
                self.diagnostics
                    .warning("sample-normalisation", file, span, what)
                    .hint("goalposts = [worst, best] stay the same; or allow = \"…reason…\"");
            }
        }
    }

    /// Which way is better: the header's word, the composite's, or the scheme's own.
    fn better(&self, scored: &Scored) -> Option<Better> {
        let header = self.indicators.get(&scored.id).map(|indicator| indicator.better);
        header.or_else(|| composite(&scored.id.0).map(|composite| composite.better)).or(scored.better)
    }

    fn grades(&mut self) {
        let scheme = self.scheme;
        for pair in scheme.grades.windows(2) {
            if pair[1].from >= pair[0].from {
                self.diagnostics.error(
                    "grade-order",
                    &scheme.file,
                    None,
                    format!(
                        "grades must descend, but {} begins at {} and {} at {}",
                        pair[0].name, pair[0].from, pair[1].name, pair[1].from
                    ),
                );
            }
        }
        for grade in &scheme.grades {
            if scheme.grades.iter().filter(|other| other.name == grade.name).count() > 1 {
                self.diagnostics.error("duplicate-grade", &scheme.file, None, format!("the grade {} stands twice", grade.name));
            }
            if grade.quota.is_some_and(|quota| quota <= Decimal::ZERO || quota > Decimal::ONE) {
                self.diagnostics.error(
                    "grade-quota",
                    &scheme.file,
                    None,
                    format!("the quota of {} is a share: above 0, at most 1", grade.name),
                );
            }
        }
        for veto in &scheme.vetoes {
            if !scheme.grades.iter().any(|grade| grade.name == veto.cap_grade) {
                self.diagnostics
                    .error(
                        "unknown-grade",
                        &scheme.file,
                        None,
                        format!("the veto `{}` caps at {}, which is no grade", veto.code, veto.cap_grade),
                    )
                    .hint_nearest(&veto.cap_grade, scheme.grades.iter().map(|grade| grade.name.as_str()));
            }
        }
    }

    fn perception(&mut self) {
        let scheme = self.scheme;
        let classes: Vec<&str> = scheme.nodes.iter().filter(|node| node.parent == TOTAL).map(|node| node.id.as_str()).collect();
        if let Some(Perception::Inside(class)) = &scheme.perception
            && !classes.contains(&class.as_str())
        {
            self.diagnostics
                .error("unknown-word", &scheme.file, None, format!("`mode` of [perception] is `inside_{class}`, and `{class}` is no class"))
                .hint(format!("`inside_` and a class ({}), `renormalised` or `separate`", classes.join(", ")));
            return;
        }
        let (Some(node), Some(perception)) = (scheme.node(PERCEPTION), &scheme.perception) else { return };
        let (mode, wrong) = match perception {
            Perception::Inside(class) if !scheme.nodes_above(PERCEPTION).iter().any(|above| above.id == *class) => {
                (format!("inside_{class}"), format!("does not stand below `{class}`"))
            }
            Perception::Renormalised if node.parent != TOTAL => {
                ("renormalised".to_owned(), format!("is no class: its parent is not `{TOTAL}`"))
            }
            Perception::Separate if node.parent != TOTAL => ("separate".to_owned(), format!("is no class: its parent is not `{TOTAL}`")),
            _ => return,
        };
        let message = format!("[perception] says `{mode}`, but the node `{PERCEPTION}` {wrong}");
        self.diagnostics.error("perception-place", &scheme.file, Some(node.span.clone()), message);
    }

    fn known(&mut self, scored: &Scored) {
        if self.indicators.contains_key(&scored.id) || composite(&scored.id.0).is_some() {
            if self.reach(scored).is_empty() {
                let message = format!("`{}` applies to no domain and tier that `{}` lets through", scored.id, scored.node);
                self.diagnostics.warning("never-applies", &self.scheme.file, Some(scored.span.clone()), message);
            }
            return;
        }
        let known = self.indicators.keys().map(|id| id.0.as_str()).chain(COMPOSITES.iter().map(|composite| composite.id));
        self.diagnostics
            .error("unknown-indicator", &self.scheme.file, Some(scored.span.clone()), format!("there is no indicator `{}`", scored.id))
            .hint_nearest(&scored.id.0, known);
    }

    fn curve(&mut self, scored: &Scored) {
        if self.is_broken(scored) {
            return;
        }
        if let (Some(better), Some(said)) = (self.better(scored), scored.better)
            && better != said
        {
            let message = format!("`better` of `{}` is not what its header says", scored.id);
            self.diagnostics
                .error("better-differs", &self.scheme.file, Some(scored.span.clone()), message)
                .hint("leave it out: the header says it");
        }
        let Some(curve) = &scored.curve else { return };
        let scores: Vec<Decimal> = curve.points().iter().map(|point| point.1).collect();
        let (file, span) = (self.scheme.file.as_str(), Some(scored.span.clone()));
        if scores.iter().any(|score| *score < Decimal::ZERO || *score > Decimal::ONE_HUNDRED) {
            self.diagnostics.error(
                "curve-range",
                file,
                span.clone(),
                format!("the scores of the curve of `{}` lie between 0 and 100", scored.id),
            );
        }
        let Some(better) = self.better(scored) else { return };
        let rises = |scores: &[Decimal]| scores.windows(2).all(|pair| pair[0] <= pair[1]);
        let falls = |scores: &[Decimal]| scores.windows(2).all(|pair| pair[0] >= pair[1]);
        let wrong = match better {
            Better::Higher if !rises(&scores) => Some("higher is better, so its curve must not fall"),
            Better::Lower if !falls(&scores) => Some("lower is better, so its curve must not rise"),
            Better::Band if scores.len() != 4 => Some("a band is best, so its curve has four points"),
            Better::Band if !(rises(&scores[..3]) && falls(&scores[1..])) => {
                Some("a band is best, so its curve rises to the band and falls after it")
            }
            _ => None,
        };
        if let Some(wrong) = wrong {
            self.diagnostics
                .error("curve-direction", file, span, format!("`{}`: {wrong}", scored.id))
                .hint("`better` stands in the indicator's header, the curve in the scheme");
        } else if !scores.contains(&Decimal::ONE_HUNDRED) || !scores.contains(&Decimal::ZERO) {
            self.diagnostics.warning(
                "curve-open",
                file,
                span,
                format!("the curve of `{}` has no point with score {}", scored.id, if scores.contains(&Decimal::ZERO) { 100 } else { 0 }),
            );
        }
    }

    fn duty(&mut self, scored: &Scored) {
        let Some(indicator) = self.indicators.get(&scored.id).filter(|_| !self.is_broken(scored)) else { return };
        let what = match indicator.measures {
            Some(_) if scored.report_only => return,
            Some(Measures::Frequency) => "a frequency",
            Some(Measures::Coverage) => "a coverage",
            None => return,
        };
        let (file, span) = (self.scheme.file.as_str(), Some(scored.span.clone()));
        let law = "国办发〔2024〕54号 forbids inspection quotas and tying assessment to inspection frequency";
        if indicator.statutory_duty.is_none() {
            self.diagnostics
                .error(
                    "duty-missing",
                    file,
                    span.clone(),
                    format!("`{}` is {what} and is scored without a statutory duty ({law})", scored.id),
                )
                .hint(format!("cite the duty in {} (`statutory_duty`), or set report_only = true", indicator.file));
        }
        match &indicator.companion {
            None => {
                self.diagnostics
                    .error("companion-missing", file, span, format!("`{}` is {what} and is scored without a companion ({law})", scored.id))
                    .hint(format!("name the cap that keeps it honest in {} (`companion`), or set report_only = true", indicator.file));
            }
            Some(companion) if !self.scheme.indicators.iter().any(|other| other.id == *companion) => {
                self.diagnostics
                    .error(
                        "companion-absent",
                        file,
                        span,
                        format!("`{}` is scored, but its companion `{companion}` is not in the scheme", scored.id),
                    )
                    .hint("add the companion, scored or report_only");
            }
            Some(_) => {}
        }
    }

    fn dates(&mut self, scored: &Scored) {
        let Some(dynamic) = &scored.dynamic else { return };
        let year_begins = jiff::civil::Date::new(self.scheme.year, 1, 1).ok();
        let earliest = self.scheme.published_on.max(year_begins);
        if dynamic.from < dynamic.announced {
            let message = format!("`{}` is switched on from {}, before it was announced ({})", scored.id, dynamic.from, dynamic.announced);
            self.diagnostics
                .error("dynamic-backwards", &self.scheme.file, Some(scored.span.clone()), message)
                .hint("a dynamic indicator counts from its announcement on, never for the past");
        } else if earliest.is_some_and(|earliest| dynamic.from < earliest) {
            let earliest = earliest.map(|date| date.to_string()).unwrap_or_default();
            self.diagnostics
                .error(
                    "dynamic-backwards",
                    &self.scheme.file,
                    Some(scored.span.clone()),
                    format!("`{}` is switched on from {}, before the scheme was there ({earliest})", scored.id, dynamic.from),
                )
                .hint("a dynamic indicator counts from its announcement on, never for the past");
        }
    }

    /// A figure over several months knows days before the switch.
    fn window(&mut self, scored: &Scored) {
        let (Some(dynamic), Some(indicator)) = (&scored.dynamic, self.indicators.get(&scored.id)) else { return };
        let looks_back = matches!(indicator.window, Window::YearToDate | Window::Rolling(_));
        let is_whole_year = indicator.window == Window::YearToDate && (dynamic.from.month(), dynamic.from.day()) == (1, 1);
        if looks_back && !is_whole_year && !scored.report_only {
            let message = format!("`{}` looks back over several months, also on days before {}", scored.id, dynamic.from);
            self.diagnostics
                .error("dynamic-window", &self.scheme.file, Some(scored.span.clone()), message)
                .hint("switch on an indicator of single months (window = \"flow\") or a stock; one of the year from 1 January on only");
        }
    }

    fn attribution(&mut self, scored: &Scored) {
        let family = match self.indicators.get(&scored.id) {
            Some(indicator) if indicator.shape == Shape::Region => "survey",
            Some(indicator) if indicator.shape == Shape::Pair && !scored.report_only => {
                let message = format!("`{}` speaks of pairs of regions and can't be scored", scored.id);
                self.diagnostics
                    .error("pair-scored", &self.scheme.file, Some(scored.span.clone()), message)
                    .hint("its part of the synergy index is `eco.cross_region_synergy`; or set report_only = true");
                return;
            }
            Some(_) => return,
            None => match composite(&scored.id.0) {
                Some(composite) => composite.family,
                None => return,
            },
        };
        let attribution = self.scheme.regional.get(family).copied().unwrap_or(Attribution::None);
        if attribution == Attribution::None && !scored.report_only {
            self.diagnostics
                .warning(
                    "never-attributed",
                    &self.scheme.file,
                    Some(scored.span.clone()),
                    format!("`{}` belongs to regions and enters nobody's score: its points always move", scored.id),
                )
                .hint(format!("[regional.{family}] attribution = \"lead_unit\" or \"all_units_in_domain\", or report_only = true"));
        }
    }

    fn once(&mut self) {
        let all = &self.scheme.indicators;
        for (index, later) in all.iter().enumerate() {
            let reach = self.reach(later);
            for earlier in &all[..index] {
                let same = earlier.id == later.id;
                let weighed = !earlier.report_only && !later.report_only;
                let part = weighed
                    && (parts_of(&earlier.id.0).contains(&later.id.0.as_str()) || parts_of(&later.id.0).contains(&earlier.id.0.as_str()));
                if !(same || part) || !reach.meets(&self.reach(earlier)) {
                    continue;
                }
                let (file, span) = (&self.scheme.file, Some(later.span.clone()));
                if same {
                    self.diagnostics.error("weighed-twice", file, span, format!("`{}` stands twice for the same units", later.id));
                } else {
                    self.diagnostics
                        .error(
                            "weighed-twice",
                            file,
                            span,
                            format!("`{}` and `{}` are both weighed, but one is part of the other", earlier.id, later.id),
                        )
                        .hint("keep the whole or its parts, or set report_only = true");
                }
            }
            for node in self.scheme.nodes_above(&later.node) {
                if node.id == later.id.0 {
                    let message = format!("`{}` stands below a node of its own name: a node is the sum of its parts", later.id);
                    self.diagnostics.error("weighed-twice", &self.scheme.file, Some(later.span.clone()), message);
                    break;
                }
            }
        }
    }

    fn unscored(&mut self) {
        for id in self.indicators.keys() {
            if !self.scheme.indicators.iter().any(|scored| scored.id == *id) {
                let message = format!("the indicator `{id}` is not in the scheme");
                self.diagnostics.warning(UNSCORED, &self.scheme.file, None, message).hint(
                    "add an `[[indicator]]` with its id, a `node` and points, or with a `node` and `report_only = true` to show it only",
                );
            }
        }
    }
}
