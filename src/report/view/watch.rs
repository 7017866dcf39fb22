//! The monthly watch: what changed at a unit, against its own months; for the office's tree alone.
//!
//! In: control charts. Out: those with news in the newest month, the worse first, each with its drawing. Never here: comparison of units, findings.

use std::cmp::Ordering;

use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;

use super::Facts;
use crate::findings::watch::ControlChart;
use crate::library::indicator::ShownAs;
use crate::report::names::Text;
use crate::report::numbers;
use crate::report::svg::{self, Month, Svg};
use crate::report::texts;
use crate::terms::{IndicatorId, UnitId};

/// Charts that the page shows; all of them are in the result table, and the page says so.
const CHARTS_ON_PAGE: usize = 200;

/// One chart with news.
#[derive(Debug, Clone)]
pub struct WatchRow {
    /// Unit.
    pub unit: Text,
    /// Its page.
    pub href: Option<String>,
    /// Domain in words.
    pub domain: Text,
    /// Title of the indicator.
    pub title: Text,
    /// Better, worse, or changed.
    pub sign: &'static str,
    /// What the rules saw.
    pub says: String,
    /// Value of the newest month.
    pub value: String,
    /// Cases behind it.
    pub n: String,
    /// Where it usually lies.
    pub usual: String,
    /// Whether the target is within reach.
    pub target: &'static str,
    /// The months.
    pub drawing: Svg,
}

/// Everything on the page.
#[derive(Debug, Clone)]
pub struct WatchView {
    /// How many charts, how many with news, and how often chance alone gives some.
    pub counted: String,
    /// Charts with news.
    pub rows: Vec<WatchRow>,
    /// That there are more of them.
    pub more: String,
}

/// The whole page.
pub fn view(facts: &Facts) -> WatchView {
    let charts = &facts.input.charts;
    let news = news(charts);
    let of = |is_worse: Option<bool>| news.iter().filter(|chart| chart.is_worse == is_worse).count();
    let shown = news.len().min(CHARTS_ON_PAGE);
    let month = charts.iter().map(|chart| chart.newest.month).max().map_or_else(String::new, |month| month.to_string());
    WatchView {
        counted: texts::watch_counted(charts.len(), &month, [of(Some(true)), of(None), of(Some(false))]),
        rows: news[..shown].iter().map(|chart| row(facts, chart)).collect(),
        more: if news.len() > shown { texts::watch_more(shown, news.len()) } else { String::new() },
    }
}

/// Those with news, in the order of [`in_order`].
pub fn news(charts: &[ControlChart]) -> Vec<&ControlChart> {
    let mut news: Vec<&ControlChart> = charts.iter().filter(|chart| !chart.news.is_empty()).collect();
    news.sort_by(|a, b| in_order(a, b));
    news
}

/// Worse before neither before better; then the further from the centre.
fn in_order(a: &ControlChart, b: &ControlChart) -> Ordering {
    let rank = |chart: &ControlChart| chart.is_worse.map_or(1, |worse| if worse { 0 } else { 2 });
    let key = |chart: &ControlChart| (chart.indicator.clone(), chart.unit.clone(), chart.domain.clone());
    rank(a).cmp(&rank(b)).then_with(|| b.deviation.total_cmp(&a.deviation)).then_with(|| key(a).cmp(&key(b)))
}

fn row(facts: &Facts, chart: &ControlChart) -> WatchRow {
    let id = UnitId(chart.unit.clone());
    let indicator = facts.input.indicators.get(&IndicatorId::from(chart.indicator.as_str()));
    let shown_as = indicator.map_or(ShownAs::Number, |indicator| indicator.shown_as);
    let shown = |value: f64| figure(value, shown_as);
    let says: Vec<&str> = chart.news.iter().map(|(rule, side)| texts::chart_signal(*rule, *side)).collect();
    WatchRow {
        unit: facts.unit_name(&id),
        href: facts.unit_page(&id),
        domain: Text::of(if chart.domain.is_empty() { "" } else { texts::domain(&chart.domain) }),
        title: Text::of(indicator.map_or(chart.indicator.as_str(), |indicator| indicator.title.as_str())),
        sign: texts::chart_news(chart.is_worse),
        says: says.join("；"),
        value: shown(chart.newest.value),
        n: numbers::count(chart.newest.n.round().max(0.0) as u64),
        usual: texts::chart_usual(&shown(chart.centre), &shown(chart.newest.low), &shown(chart.newest.high)),
        target: texts::chart_assurance(chart.assurance),
        drawing: drawing(chart, shown_as),
    }
}

/// A figure as its indicator is shown; limits of ratios come as binary numbers.
fn figure(value: f64, shown_as: ShownAs) -> String {
    Decimal::from_f64(value).map_or_else(|| texts::NONE.to_owned(), |value| numbers::value(value, shown_as))
}

/// The months of a chart between their limits.
pub fn drawing(chart: &ControlChart, shown_as: ShownAs) -> Svg {
    let shown = |value: f64| figure(value, shown_as);
    let points = || chart.points.iter().map(|(point, _)| point);
    let low = points().map(|point| point.value.min(point.low)).fold(f64::INFINITY, f64::min);
    let high = points().map(|point| point.value.max(point.high)).fold(f64::NEG_INFINITY, f64::max);
    let place = |value: f64| if high > low { ((value - low) / (high - low) * 10_000.0).round() as i64 } else { 5_000 };
    let months: Vec<Month> = chart
        .points
        .iter()
        .map(|(point, is_signal)| Month {
            value: place(point.value),
            low: place(point.low),
            high: place(point.high),
            is_signal: *is_signal,
        })
        .collect();
    let words = texts::chart_words(
        &chart.first.to_string(),
        &chart.newest.month.to_string(),
        &shown(chart.centre),
        &shown(chart.newest.value),
        &shown(low),
        &shown(high),
    );
    svg::control_chart(&months, place(chart.centre), chart.is_worse == Some(true), &words)
}
