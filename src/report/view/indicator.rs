//! One indicator over every assessed object, and the list of all indicators.
//!
//! In: values, the scheme, headers. Out: [`IndicatorPageView`] (a funnel and a table for each peer group; of a large province the groups alone, with a page
//! for each domain) and the rows of the list. Never here: a value, a limit or a place of its own: scoring made them.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use rust_decimal::prelude::{FromPrimitive, ToPrimitive};

use super::Facts;
use super::indicators::{Badge, badges};
use super::ranking::{GroupOrder, KeyFigure, group_order, median, total};
use crate::library::indicator::{Better, ShownAs};
use crate::report::chart::{self, ChartWords, FunnelDot, FunnelLimits, FunnelSide};
use crate::report::input::{IndicatorView, SchemeIndicator};
use crate::report::names::{Text, file_name};
use crate::report::numbers;
use crate::report::svg::Svg;
use crate::report::texts;
use crate::scoring::tables::{InFunnel, Status, Value};
use crate::statistics::funnel::Position;

/// Everything on the page of one indicator.
#[derive(Debug, Clone)]
pub struct IndicatorPageView {
    /// Identifier.
    pub id: Text,
    /// Definition in words.
    pub definition: Text,
    /// Clause that asks for it.
    pub basis: Text,
    /// Groups of the scheme that it hangs on, from the class down.
    pub node: Text,
    /// Points, target, which way is good.
    pub figures: Vec<KeyFigure>,
    /// Peer groups: those of the domain, where each has a page.
    pub groups: Vec<GroupOfValues>,
    /// The groups are only listed here; each domain has a page.
    pub is_split: bool,
    /// Of a domain's page: the domain in words, and the page of all domains.
    pub domain: Option<(Text, String)>,
}

impl IndicatorPageView {
    /// Whether a group has enough members for one.
    pub fn has_funnel(&self) -> bool {
        self.groups.iter().any(|group| !group.funnel.is_empty())
    }
}

/// One peer group.
#[derive(Debug, Clone)]
pub struct GroupOfValues {
    /// Anchor on the page.
    pub anchor: String,
    /// Where its values stand: here, or on the page of its domain.
    pub href: String,
    /// Name.
    pub title: Text,
    /// Objects with a value of those in the group.
    pub members: String,
    /// Cases against value, with the limits.
    pub funnel: Svg,
    /// Lowest, median, highest value.
    pub spread: Spread,
    /// The best first, those without a value last.
    pub rows: Vec<ObjectRow>,
}

/// Values of several objects.
#[derive(Debug, Clone)]
pub struct Spread {
    /// Lowest.
    pub lowest: String,
    /// In the middle.
    pub median: String,
    /// Highest.
    pub highest: String,
}

/// One object.
#[derive(Debug, Clone)]
pub struct ObjectRow {
    /// Unit.
    pub unit: Text,
    /// Its page.
    pub href: Option<String>,
    /// Numerator over denominator, or how many answers.
    pub fraction: String,
    /// Value.
    pub value: String,
    /// Interval.
    pub interval: String,
    /// Score.
    pub score: String,
    /// How to read it.
    pub badges: Vec<Badge>,
}

/// One indicator of a list.
#[derive(Debug, Clone)]
pub struct ListRow {
    /// Title.
    pub title: Text,
    /// Its page.
    pub href: String,
    /// Where it hangs.
    pub node: Text,
    /// Points.
    pub points: String,
    /// Target.
    pub target: String,
    /// Objects with a value of all that it was asked of.
    pub objects: String,
    /// Lowest, median, highest value.
    pub spread: Spread,
    /// Objects below the inner limits of their peers.
    pub low: String,
    /// Objects above them.
    pub high: String,
}

/// Where the page of an indicator stands, seen from the first page of the office's tree.
pub fn page_of(id: &str) -> String {
    format!("indicators/{}.html", file_name(id))
}

/// Objects from which on the values stand on a page for each domain: some 300 bytes a row.
const OBJECTS_ON_PAGE: usize = 1_500;

/// Where the values of one domain stand, where each has a page.
pub fn page_of_domain(id: &str, domain: &str) -> String {
    format!("indicators/{}.{}.html", file_name(id), file_name(domain))
}

/// The domains that have pages of their own, for the values of one indicator; none where one page has all.
pub fn domains_apart<'a>(facts: &Facts<'a>, scheme: &SchemeIndicator) -> BTreeSet<&'a str> {
    let values = facts.values_of(&scheme.id);
    if values.len() <= OBJECTS_ON_PAGE {
        BTreeSet::new()
    } else {
        values.iter().filter(|value| value.status != Status::NotApplicable).map(|value| value.domain.as_str()).collect()
    }
}

/// The page of one indicator; with a domain, that of its values there.
pub fn page<'a>(facts: &Facts<'a>, scheme: &'a SchemeIndicator, domain: Option<&str>) -> IndicatorPageView {
    let is_split = domain.is_none() && !domains_apart(facts, scheme).is_empty();
    let header = facts.input.indicators.get(&scheme.id);
    let mut groups: BTreeMap<GroupOrder<'a>, Vec<&Value>> = BTreeMap::new();
    for value in values_in(facts, scheme, domain) {
        let group = facts.rank((&value.unit, &value.domain)).map_or("", |rank| rank.peer_group.as_str());
        groups.entry(group_order(group)).or_default().push(value);
    }
    // A peer group over several domains, which a scheme may allow, is listed once for each.
    let parts = |((order, name), values): (GroupOrder<'a>, Vec<&'a Value>)| {
        let mut of_domain: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
        for value in values {
            of_domain.entry(if is_split { &value.domain } else { "" }).or_default().push(value);
        }
        of_domain.into_iter().map(move |(domain, values)| ((order, name), domain, values)).collect::<Vec<_>>()
    };
    // A group of which nothing is asked has nothing to show.
    let has_any = |(.., values): &(_, _, Vec<&Value>)| values.iter().any(|value| value.status != Status::NotApplicable);
    let groups: Vec<_> = groups.into_iter().flat_map(parts).filter(has_any).collect();
    let group = |(place, ((_, name), of_domain, values)): (usize, (GroupOrder<'a>, &str, Vec<&Value>))| {
        // Within its domain a group has the same place as here.
        let place = groups[..place].iter().filter(|(_, other, _)| *other == of_domain).count();
        group(facts, header, place, name, values, is_split.then(|| page_of_domain(scheme.id.as_ref(), of_domain)))
    };
    IndicatorPageView {
        id: Text::of(scheme.id.as_ref()),
        definition: header.map_or_else(Text::default, |header| Text::of(&header.comment)),
        basis: header.map_or_else(Text::default, |header| Text::of(&header.basis)),
        node: node(facts, &scheme.node),
        figures: figures(facts, scheme, header),
        groups: groups.iter().cloned().enumerate().map(group).collect(),
        is_split,
        domain: domain.map(|domain| (Text::of(texts::domain(domain)), format!("../{}", page_of(scheme.id.as_ref())))),
    }
}

/// Rows of the indicators with a value in one of the domains; all without one.
pub fn list(facts: &Facts, up: &str, domain: Option<&str>) -> Vec<ListRow> {
    let row = |scheme: &SchemeIndicator| {
        let values: Vec<&Value> = values_in(facts, scheme, domain).collect();
        let with_value = values.iter().filter(|value| value.value.is_some()).count();
        let header = facts.input.indicators.get(&scheme.id);
        let is = |low: bool| values.iter().filter(|value| value.funnel.is_some_and(|place| is_beyond(place, low))).count();
        let count = |count: usize| if count == 0 { texts::NONE.to_owned() } else { numbers::count(count as u64) };
        (!values.is_empty()).then(|| ListRow {
            title: title(header, scheme),
            href: format!("{up}{}", page_of(scheme.id.as_ref())),
            node: node(facts, &scheme.node),
            points: numbers::points(scheme.points),
            target: scheme.target.map_or_else(|| texts::NONE.to_owned(), |target| numbers::target(target, shown_as(header))),
            objects: format!("{}／{}", numbers::count(with_value as u64), numbers::count(values.len() as u64)),
            spread: spread(&values, shown_as(header)),
            low: count(is(true)),
            high: count(is(false)),
        })
    };
    facts.shown_indicators().filter_map(row).collect()
}

/// How many indicators have a value, or the reason for none, in a domain.
pub fn count_in(facts: &Facts, domain: &str) -> usize {
    facts.shown_indicators().filter(|scheme| values_in(facts, scheme, Some(domain)).next().is_some()).count()
}

fn values_in<'f, 'a>(
    facts: &'f Facts<'a>,
    scheme: &SchemeIndicator,
    domain: Option<&'f str>,
) -> impl Iterator<Item = &'a Value> + use<'f, 'a> {
    facts.values_of(&scheme.id).iter().copied().filter(move |value| domain.is_none_or(|domain| value.domain == domain))
}

/// Title of an indicator, or its identifier.
pub fn title(header: Option<&IndicatorView>, scheme: &SchemeIndicator) -> Text {
    Text::of(header.map_or(scheme.id.as_ref(), |header| &header.title))
}

fn shown_as(header: Option<&IndicatorView>) -> ShownAs {
    header.map_or(ShownAs::Number, |header| header.shown_as)
}

fn is_beyond(place: InFunnel, low: bool) -> bool {
    match place.position {
        Position::AlarmLow | Position::AttentionLow => low,
        Position::AlarmHigh | Position::AttentionHigh => !low,
        Position::Within => false,
    }
}

fn node(facts: &Facts, id: &str) -> Text {
    let titles: Vec<&str> = facts.path(id).iter().map(|node| node.title.as_str()).collect();
    Text::of(&titles.join(" › "))
}

fn figures(facts: &Facts, scheme: &SchemeIndicator, header: Option<&IndicatorView>) -> Vec<KeyFigure> {
    let values = facts.values_of(&scheme.id);
    let with_value = values.iter().filter(|value| value.value.is_some()).count();
    let figure = |label: &str, figure: String| KeyFigure { label: Text::of(label), figure, href: None, alert: false };
    vec![
        figure(texts::POINTS, if scheme.report_only { texts::REPORT_ONLY.to_owned() } else { numbers::points(scheme.points) }),
        figure(texts::TARGET, scheme.target.map_or_else(|| texts::NONE.to_owned(), |target| numbers::target(target, shown_as(header)))),
        figure(texts::BETTER, header.map_or("", |header| texts::better(header.better)).to_owned()),
        figure(texts::OBJECTS_WITH_VALUE, format!("{}／{}", numbers::count(with_value as u64), numbers::count(values.len() as u64))),
    ]
}

fn spread(values: &[&Value], shown_as: ShownAs) -> Spread {
    let mut known: Vec<Decimal> = values.iter().filter_map(|value| value.value).collect();
    known.sort();
    let shown = |value: Option<Decimal>| value.map_or_else(|| texts::NONE.to_owned(), |value| numbers::value(value, shown_as));
    Spread { lowest: shown(known.first().copied()), median: shown(median(&known)), highest: shown(known.last().copied()) }
}

/// `elsewhere`: the page on which its values stand, if that is not this one.
fn group(
    facts: &Facts,
    header: Option<&IndicatorView>,
    number: usize,
    name: &str,
    mut values: Vec<&Value>,
    elsewhere: Option<String>,
) -> GroupOfValues {
    let better = header.map_or(Better::Higher, |header| header.better);
    let with_value = values.iter().filter(|value| value.value.is_some()).count();
    values.sort_by_cached_key(|value| {
        let (up, down) = match (better, value.value) {
            (Better::Lower, Some(value)) => (Some(value), None),
            (Better::Higher, Some(value)) => (None, Some(value)),
            (Better::Band, Some(_)) => (None, value.score),
            (_, None) => (None, None),
        };
        (value.value.is_none(), up, std::cmp::Reverse(down), facts.unit_name(&value.unit), value.unit.clone())
    });
    let title = texts::peer_group(name);
    let anchor = format!("g{}", number + 1);
    let is_here = elsewhere.is_none();
    GroupOfValues {
        href: elsewhere.map_or_else(|| format!("#{anchor}"), |page| format!("../{page}#{anchor}")),
        anchor,
        members: texts::objects_with_value(with_value, values.len()),
        funnel: if is_here { funnel(&title, shown_as(header), &values) } else { Svg::default() },
        spread: spread(&values, shown_as(header)),
        rows: values.iter().filter(|_| is_here).map(|value| row(facts, header, value)).collect(),
        title: Text::of(&title),
    }
}

fn row(facts: &Facts, header: Option<&IndicatorView>, value: &Value) -> ObjectRow {
    let shown = |number: Decimal| numbers::value(number, shown_as(header));
    let ratio = header.is_some_and(|header| header.ratio);
    let fraction = match (value.numerator, value.denominator) {
        _ if value.value.is_none() => texts::NONE.to_owned(),
        (Some(numerator), Some(denominator)) if ratio => format!("{}／{}", numbers::amount(numerator), numbers::amount(denominator)),
        (_, Some(denominator)) => texts::sample(&numbers::amount(denominator)),
        _ => texts::NONE.to_owned(),
    };
    ObjectRow {
        unit: facts.unit_name(&value.unit),
        href: facts.unit_page(&value.unit).map(|page| format!("../{page}")),
        fraction,
        value: value.value.map_or_else(|| texts::NONE.to_owned(), shown),
        interval: value.interval.map_or_else(String::new, |(low, high)| format!("{}–{}", shown(low), shown(high))),
        score: total(facts, value.score),
        badges: badges(value),
    }
}

/// Steps across and down within which two dots are one: a group of a thousand needs no thousand.
const STEPS: f64 = 400.0;

/// The funnel of a group; nothing where too few of it have a place in one.
fn funnel(group: &str, shown_as: ShownAs, values: &[&Value]) -> Svg {
    let number = |value: Decimal| value.to_f64().unwrap_or_default();
    let of = |value: &&Value| Some((value.denominator?.to_f64()?, number(value.value?), value.funnel?));
    let mut points: Vec<(f64, f64, InFunnel)> = values.iter().filter_map(of).collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let (Some((fewest, _, first)), Some((most, ..))) = (points.first().copied(), points.last().copied()) else { return Svg::default() };
    let span = |low: f64, high: f64| (high - low).max(f64::MIN_POSITIVE);
    let (low, high) = points.iter().fold((f64::MAX, f64::MIN), |(low, high), point| (low.min(point.1), high.max(point.1)));
    // By logarithm: from ten cases to a hundred matters as much as from a hundred to a thousand.
    let step = |cases: f64, value: f64| {
        let across = (cases / fewest).ln() / span(0.0, (most / fewest).ln());
        [across, (value - low) / span(low, high)].map(|place| (place * STEPS).round() as i64)
    };
    let side = |place: &InFunnel| match place.position {
        Position::Within => FunnelSide::Within,
        Position::AttentionLow | Position::AttentionHigh => FunnelSide::Between,
        Position::AlarmLow | Position::AlarmHigh => FunnelSide::Beyond,
    };
    let distinct: BTreeMap<(FunnelSide, [i64; 2]), FunnelDot> = points
        .iter()
        .map(|(cases, value, place)| {
            let side = side(place);
            ((side, step(*cases, *value)), FunnelDot { cases: *cases, value: *value, side })
        })
        .collect();
    let pair = |(low, high): (Decimal, Decimal)| (number(low), number(high));
    let at = |(cases, _, place): &(f64, f64, InFunnel)| FunnelLimits { cases: *cases, usual: pair(place.usual), alarm: pair(place.alarm) };
    let mut limits: Vec<FunnelLimits> = points.iter().map(at).collect();
    limits.dedup_by_key(|at| step(at.cases, low)[0]);
    let shown = move |value: f64| Decimal::from_f64(value).map_or_else(String::new, |value| numbers::tick(value, shown_as));
    let beyond = |low: bool| points.iter().filter(|(_, _, place)| is_beyond(*place, low)).count();
    let words = texts::funnel_words(group, points.len(), &numbers::value(first.centre, shown_as), beyond(true), beyond(false));
    let dots: Vec<FunnelDot> = distinct.into_values().collect();
    let words = ChartWords { across: texts::CASES_LOG, upwards: texts::VALUE, title: &texts::funnel_title(group), description: &words };
    chart::funnel(&dots, &limits, number(first.centre), shown, &words)
}
