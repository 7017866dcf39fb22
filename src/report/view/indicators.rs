//! The indicators of one assessed object, as rows grouped by the scheme's nodes.
//!
//! In: values, the scheme, measures of each month. Out: one [`ClassBlock`] a class, with a [`NodeBlock`] a node that indicators
//! hang on. Never here: a value or score of its own; the months of a sparkline are divided only to be drawn.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;

use super::Facts;
use super::facts::{Object, Quartiles};
use super::frame::Reader;
use super::indicator::page_of;
use super::ranking::total;
use super::records::RecordsBlock;
use super::watch;
use crate::compute::measures::{Amount, Measure};
use crate::library::indicator::{Better, ShownAs};
use crate::report::input::IndicatorView;
use crate::report::names::{Text, file_name};
use crate::report::numbers;
use crate::report::svg::{self, Svg};
use crate::report::texts;
use crate::scoring::tables::{Status, Value};
use crate::terms::{Fraction, IndicatorId};

/// The indicators of one class.
#[derive(Debug, Clone)]
pub struct ClassBlock {
    /// Title of the class.
    pub title: Text,
    /// Why it has a score although nothing in it could be scored.
    pub note: String,
    /// Its nodes.
    pub nodes: Vec<NodeBlock>,
}

/// The indicators that hang on one node.
#[derive(Debug, Clone)]
pub struct NodeBlock {
    /// Titles from below the class down to the node.
    pub title: Text,
    /// Score of the node.
    pub score: String,
    /// Effective points over points.
    pub points: String,
    /// Indicators.
    pub rows: Vec<IndicatorRow>,
}

/// A word about how to read a row.
#[derive(Debug, Clone, Copy)]
pub struct Badge {
    /// Words.
    pub words: &'static str,
    /// `quiet` or `warn`: a class of the stylesheet.
    pub tone: &'static str,
}

/// One indicator of one assessed object.
#[derive(Debug, Clone)]
pub struct IndicatorRow {
    /// Title.
    pub title: Text,
    /// The page of the indicator; the office's tree alone has one.
    pub href: Option<String>,
    /// How to read it.
    pub badges: Vec<Badge>,
    /// Numerator.
    pub numerator: String,
    /// Denominator.
    pub denominator: String,
    /// How many answers a value rests on that is no ratio.
    pub sample: String,
    /// Value.
    pub value: String,
    /// Interval in words.
    pub interval: String,
    /// The middle half of the peers, in words.
    pub peers: String,
    /// The value drawn towards the peers', where few cases make it another, or the score is made of it.
    pub shrunk: String,
    /// Value, interval and target as a drawing.
    pub strip: Svg,
    /// Target.
    pub target: String,
    /// Not yet due.
    pub pending: String,
    /// Left out.
    pub excluded: String,
    /// Score.
    pub score: String,
    /// Points that it carries.
    pub effective: String,
    /// Points of the scheme.
    pub points: String,
    /// Where weight went, when it moved.
    pub points_note: String,
    /// Month after month.
    pub spark: Svg,
    /// Anchor of its definition on the page.
    pub definition: String,
    /// Anchor of the records behind it; empty where the page lists none.
    pub records: String,
}

/// The class blocks of an object, in the order of the scheme; indicators whose node is unknown stand in a block of their own.
///
/// For the office each indicator leads to its own page.
pub fn class_blocks<'a>(facts: &Facts<'a>, object: Object<'a>, axes: Axes, reader: Reader) -> Vec<ClassBlock> {
    let mut blocks: Vec<(String, ClassBlock)> = Vec::new();
    let mut last_node = "";
    for value in facts.values(object) {
        let path = facts.path(&value.node);
        let class = path.iter().find(|node| node.class).or(path.first());
        let class_id = class.map_or("", |node| node.id.as_str());
        let block = match blocks.iter().position(|(id, _)| id == class_id) {
            Some(place) => place,
            None => {
                let title = class.map_or_else(|| Text::of(&value.node), |node| Text::of(&node.title));
                let note = empty_class(facts, object, class_id);
                blocks.push((class_id.to_owned(), ClassBlock { title, note, nodes: Vec::new() }));
                blocks.len() - 1
            }
        };
        let nodes = &mut blocks[block].1.nodes;
        if nodes.is_empty() || last_node != value.node {
            nodes.push(node_block(facts, object, &value.node));
            last_node = &value.node;
        }
        nodes.last_mut().expect("a block was pushed above").rows.push(row(facts, object, value, axes, reader));
    }
    blocks.into_iter().map(|(_, block)| block).collect()
}

/// Why a class without anything to score has one; nothing for other classes.
pub fn empty_class<'a>(facts: &Facts<'a>, object: Object<'a>, class: &str) -> String {
    facts.empty_class(object, class).map_or_else(String::new, |score| texts::empty_class(&numbers::points(score)))
}

fn node_block<'a>(facts: &Facts<'a>, object: Object<'a>, node: &'a str) -> NodeBlock {
    let path = facts.path(node);
    let below: Vec<&str> = path.iter().filter(|node| !node.class).map(|node| node.title.as_str()).collect();
    let title = if below.is_empty() { path.last().map_or(node, |node| node.title.as_str()).to_owned() } else { below.join(" › ") };
    let score = facts.score(object, node);
    NodeBlock {
        title: Text::of(&title),
        score: total(facts, score.and_then(|score| score.score)),
        points: score
            .map_or_else(String::new, |score| format!("{}／{}", numbers::points(score.effective_points), numbers::points(score.points))),
        rows: Vec::new(),
    }
}

/// How to read a value.
pub fn badges(value: &Value) -> Vec<Badge> {
    let quiet = |words| Badge { words, tone: "quiet" };
    let warn = |words| Badge { words, tone: "warn" };
    let mut badges = Vec::new();
    match value.status {
        Status::Scored => {}
        Status::NotApplicable => badges.push(quiet(texts::NOT_APPLICABLE)),
        Status::NothingDue => badges.push(quiet(texts::NOTHING_DUE)),
        Status::Confidential => badges.push(quiet(texts::CONFIDENTIAL)),
        Status::Held => badges.push(warn(texts::HELD)),
        Status::AbsentAsZero => badges.push(warn(texts::ABSENT_AS_ZERO)),
        Status::ReportOnly => badges.push(quiet(texts::REPORT_ONLY)),
        Status::Missing => badges.push(warn(texts::MISSING)),
    }
    if let Some(words) = value.funnel.and_then(|place| texts::funnel(place.position)) {
        badges.push(quiet(words));
    }
    if value.too_few && value.value.is_some() {
        badges.push(warn(texts::TOO_FEW));
    }
    if value.provisional {
        badges.push(warn(texts::PROVISIONAL));
    }
    badges
}

fn row<'a>(facts: &Facts<'a>, object: Object<'a>, value: &'a Value, axes: Axes, reader: Reader) -> IndicatorRow {
    let header = facts.input.indicators.get(&value.indicator);
    let shown_as = header.map_or(ShownAs::Number, |header| header.shown_as);
    let dash = || texts::NONE.to_owned();
    let shown = value.value.map(|number| numbers::value(number, shown_as));
    let interval = value.interval.map(|(low, high)| format!("{}–{}", numbers::value(low, shown_as), numbers::value(high, shown_as)));
    let target = value.target.map(|target| numbers::target(target, shown_as));
    let peers = facts.quartiles(object, &value.indicator);
    // A count of nothing is said once, by the badge, and not as 0/0.
    let counted = !matches!(value.status, Status::NotApplicable);
    let number = |number: Option<Decimal>| number.filter(|_| counted).map_or_else(String::new, numbers::amount);
    IndicatorRow {
        title: Text::of(header.map_or(value.indicator.as_ref(), |header| &header.title)),
        href: (reader == Reader::Office).then(|| format!("../{}", page_of(value.indicator.as_ref()))),
        badges: badges(value),
        numerator: number(value.numerator),
        denominator: number(value.denominator),
        sample: if header.is_some_and(|header| !header.ratio) && value.denominator.is_some() {
            texts::sample(&number(value.denominator))
        } else {
            String::new()
        },
        strip: header.map_or_else(Svg::default, |header| {
            let words = shown.as_deref().map(|shown| texts::interval_words(shown, interval.as_deref(), target.as_deref()));
            strip(value, header, axes, peers, words)
        }),
        peers: peers.map_or_else(String::new, |peers| {
            let of = |number: Decimal| numbers::value(number, shown_as);
            texts::middle_half(&of(peers.median), &of(peers.low), &of(peers.high))
        }),
        value: shown.unwrap_or_else(dash),
        interval: interval.unwrap_or_default(),
        shrunk: shrunk(facts, value, shown_as),
        target: target.unwrap_or_else(dash),
        pending: numbers::count(value.pending.max(0).unsigned_abs()),
        excluded: numbers::count(value.excluded.max(0).unsigned_abs()),
        score: total(facts, value.score),
        effective: numbers::points(value.effective_points),
        points: numbers::points(value.points),
        points_note: points_note(facts, object, value),
        spark: if counted {
            sparkline(facts, object, value, shown_as, header.is_some_and(|header| header.monthly))
        } else {
            Svg::default()
        },
        definition: definition_anchor(&value.indicator),
        records: String::new(),
    }
}

/// Leads from each indicator to its records on the page.
pub fn link_records(blocks: &mut [ClassBlock], records: &[RecordsBlock]) {
    let anchors: BTreeMap<String, &str> = records
        .iter()
        .filter(|block| !block.lists.is_empty())
        .map(|block| (definition_anchor(&block.indicator), block.anchor.as_str()))
        .collect();
    for row in blocks.iter_mut().flat_map(|block| &mut block.nodes).flat_map(|node| &mut node.rows) {
        row.records = anchors.get(&row.definition).map_or_else(String::new, |anchor| (*anchor).to_owned());
    }
}

/// What an indicator is, told once a page however many objects it has.
#[derive(Debug, Clone)]
pub struct Definition {
    /// Anchor on the page.
    pub anchor: String,
    /// Title.
    pub title: Text,
    /// Identifier.
    pub id: Text,
    /// In words.
    pub definition: Text,
    /// Clause that asks for it.
    pub basis: Text,
}

fn definition_anchor(indicator: &IndicatorId) -> String {
    format!("def-{}", file_name(indicator.as_ref()))
}

/// The definitions of all indicators of some objects, in the order of the scheme.
pub fn definitions<'a>(facts: &Facts<'a>, objects: &[Object<'a>]) -> Vec<Definition> {
    let mut told = BTreeSet::new();
    let values = objects.iter().flat_map(|object| facts.values(*object));
    let of = |value: &'a Value| {
        let header = facts.input.indicators.get(&value.indicator);
        Definition {
            anchor: definition_anchor(&value.indicator),
            title: Text::of(header.map_or(value.indicator.as_ref(), |header| &header.title)),
            id: Text::of(value.indicator.as_ref()),
            definition: header.map_or_else(Text::default, |header| Text::of(&header.comment)),
            basis: header.map_or_else(Text::default, |header| Text::of(&header.basis)),
        }
    };
    values.filter(|value| told.insert(&value.indicator)).map(of).collect()
}

/// The value drawn towards the peers', in words.
fn shrunk(facts: &Facts, value: &Value, shown_as: ShownAs) -> String {
    let Some(shrunk) = value.shrunk else { return String::new() };
    let is_scored = facts.input.scheme.indicators.iter().any(|scored| scored.from_shrunk && scored.id == value.indicator);
    if !is_scored && shrunk.weight >= MANY_CASES {
        return String::new();
    }
    texts::shrunk(&numbers::value(shrunk.value, shown_as), is_scored)
}

/// Share of the own cases in a shrunk value from which on it is the value itself for a reader.
const MANY_CASES: Decimal = Decimal::from_parts(8, 0, 0, false, 1);

/// Where an indicator's points went or came from: only what is true of the node and the class is said.
fn points_note<'a>(facts: &Facts<'a>, object: Object<'a>, value: &'a Value) -> String {
    let moved = value.effective_points - value.points;
    if numbers::points(value.effective_points) == numbers::points(value.points) {
        return String::new();
    }
    if !value.effective_points.is_zero() {
        return texts::points_moved(moved.is_sign_positive(), &numbers::points(moved.abs()));
    }
    let path = facts.path(&value.node);
    let class = path.iter().find(|node| node.class).map_or(value.node.as_str(), |node| node.id.as_str());
    let carries = |node: &'a str| facts.score(object, node).is_some_and(|score| !score.effective_points.is_zero());
    match facts.node(class) {
        // Nothing in the class could be scored, so there was no indicator to take the points over.
        Some(class) if facts.empty_class(object, &class.id).is_some() || !carries(&class.id) => String::new(),
        _ if carries(&value.node) => texts::POINTS_GONE.to_owned(),
        _ => texts::POINTS_GONE_FAR.to_owned(),
    }
}

/// The spans of an object's drawings: one for "higher is better" and bands, one for "lower is better".
#[derive(Debug, Clone, Copy, Default)]
pub struct Axes {
    /// Left end of the first; its right end is 100 %.
    low: Option<Decimal>,
    /// Right end of the second; its left end is 0.
    high: Option<Decimal>,
}

impl Axes {
    /// The spans that hold every percentage of the object, its interval and its target, to the next ten per cent.
    pub fn of(facts: &Facts, values: &[&Value]) -> Self {
        let mut axes = Self::default();
        for value in values {
            let Some(header) = facts.input.indicators.get(&value.indicator) else { continue };
            // What is only shown may lie far outside, and would press all others together.
            let is_drawn = header.shown_as == ShownAs::Percent && value.status != Status::ReportOnly;
            let Some(number) = value.value.filter(|_| is_drawn) else { continue };
            let (low, high) = value.interval.unwrap_or((number, number));
            let target = value.target.unwrap_or(number);
            if header.better == Better::Lower {
                let high = (high.max(number).max(target) * Decimal::TEN).ceil() / Decimal::TEN;
                axes.high = Some(axes.high.map_or(high, |so_far| so_far.max(high)));
            } else {
                let low = (low.min(number).min(target) * Decimal::TEN).floor() / Decimal::TEN;
                axes.low = Some(axes.low.map_or(low, |so_far| so_far.min(low)));
            }
        }
        axes
    }

    /// The spans in words.
    pub fn words(self) -> String {
        let percent = |share| numbers::target(share, ShownAs::Percent);
        texts::axes(self.low.map(percent).as_deref(), self.high.map(percent).as_deref())
    }

    /// From where to where.
    fn span(self, better: Better) -> (Decimal, Decimal) {
        match better {
            Better::Lower => (Decimal::ZERO, self.high.unwrap_or(Decimal::ONE)),
            Better::Higher | Better::Band => (self.low.unwrap_or(Decimal::ZERO), Decimal::ONE),
        }
    }
}

fn strip(value: &Value, header: &IndicatorView, axes: Axes, peers: Option<Quartiles>, words: Option<String>) -> Svg {
    let (Some(number), Some(words), ShownAs::Percent) = (value.value, words, header.shown_as) else { return Svg::default() };
    let (low, high) = axes.span(header.better);
    if number < low || (number > high && value.status == Status::ReportOnly) {
        return Svg::default();
    }
    let place = |number| numbers::place(number, low, high);
    let span = value.interval.map(|(low, high)| (place(low), place(high)));
    svg::interval(place(number), span, peers.map(|peers| (place(peers.low), place(peers.high))), value.target.map(place), &words)
}

/// The value of one month, only to be drawn.
fn of_month(measure: Measure<'_>) -> Option<Decimal> {
    let scaled = |number: i128| Decimal::try_from_i128_with_scale(number, Fraction::DECIMALS).ok();
    match measure.amount {
        Amount::Ratio(fraction) => scaled(fraction.numerator)?.checked_div(scaled(fraction.denominator)?),
        Amount::Value { value, .. } => scaled(value?),
    }
}

fn sparkline<'a>(facts: &Facts<'a>, object: Object<'a>, value: &'a Value, shown_as: ShownAs, monthly: bool) -> Svg {
    let chart = facts.chart(object, &value.indicator);
    if let Some(chart) = chart.filter(|chart| !chart.points.is_empty()) {
        return watch::drawing(chart, shown_as);
    }
    // Where nothing is new, the limits of the newest month do.
    let limits = chart.and_then(|chart| {
        let of = |limit: f64| Decimal::from_f64(limit);
        of(chart.newest.low).zip(of(chart.newest.high))
    });
    let series: Vec<Option<Decimal>> = facts.monthly(object, &value.indicator).into_iter().map(|row| row.and_then(of_month)).collect();
    let known = || series.iter().flatten().copied().chain(limits.into_iter().flat_map(|(low, high)| [low, high]));
    let (low, high) = match shown_as {
        ShownAs::Percent => (known().min().unwrap_or_default().min(Decimal::new(5, 1)), Decimal::ONE),
        _ => (known().min().unwrap_or_default(), known().max().unwrap_or_default()),
    };
    let within = limits.map(|(from, to)| (numbers::place(from, low, high), numbers::place(to, low, high)));
    let places: Vec<Option<i64>> = series.iter().map(|number| number.map(|number| numbers::place(number, low, high))).collect();
    let months = facts.months.iter().zip(&series);
    let words: Vec<(String, String)> =
        months.filter_map(|(month, number)| Some((month.to_string(), numbers::value((*number)?, shown_as)))).collect();
    let limits = limits.map(|(low, high)| (numbers::value(low, shown_as), numbers::value(high, shown_as)));
    svg::sparkline(&places, within, &texts::spark_words(monthly, &words, limits))
}
