//! Charts with axes: drawn by a library, made fit for our pages.
//!
//! In: figures. Out: [`Svg`] with our class and words, without an address, an identifier or a background of its own; colours are keys that the stylesheet turns into those of
//! the page, light or dark. Never here: words from data inside the drawing.
//!
//! kuva draws them. Of charts-rs 2.3 and kuva 0.6, both maintained, the funnel asks for a logarithmic axis, areas between limits and markers of several forms in one chart:
//! kuva has all three and needs four crates; charts-rs draws scatters without areas and measures texts by a font of its own that has no Chinese. What stands in a line of
//! a table or follows a rank, a matrix or a map ([`super::svg`]) neither draws: their smallest chart has axes.

use std::sync::Arc;

use kuva::backend::svg::SvgBackend;
use kuva::plot::scatter::MarkerShape;
use kuva::plot::{BandPlot, LinePlot, ScatterPlot};
use kuva::render::layout::{Layout, TickFormat};
use kuva::render::plots::Plot;
use kuva::render::render::render_multiple;

use super::svg::Svg;

/// Size of a chart; it scales with the page.
const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 320.0;

/// Colours as kuva writes them: the stylesheet knows each (`[fill="#e7eef6"]`).
const OUTER: &str = "#e7eef6";
const INNER: &str = "#d3e1f0";
const CENTRE: &str = "#6b7c8f";
const PEER: &str = "#4c78a8";
const RING: &str = "#9a6700";
const BEYOND: &str = "#a4262c";

/// Where a dot lies, told by its form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FunnelSide {
    /// Between the inner limits: a disc.
    Within,
    /// Between inner and outer limits: a ring.
    Between,
    /// A square.
    Beyond,
}

/// One object in a funnel.
#[derive(Debug, Clone, Copy)]
pub struct FunnelDot {
    /// Cases.
    pub cases: f64,
    /// Value.
    pub value: f64,
    /// Where it lies.
    pub side: FunnelSide,
}

/// Limits for one number of cases.
#[derive(Debug, Clone, Copy)]
pub struct FunnelLimits {
    /// Cases.
    pub cases: f64,
    /// Inner limits.
    pub usual: (f64, f64),
    /// Outer limits.
    pub alarm: (f64, f64),
}

/// What a chart says: at its axes, and to those who do not see it.
#[derive(Debug, Clone, Copy)]
pub struct ChartWords<'a> {
    /// Below the axis across.
    pub across: &'a str,
    /// Beside the axis upwards.
    pub upwards: &'a str,
    /// What kind of chart it is, and of what.
    pub title: &'a str,
    /// What it shows.
    pub description: &'a str,
}

/// Objects by their number of cases and their value, between the limits that narrow with the cases. `limits` in the order of the cases; `shown` writes a value at the axis.
pub fn funnel(
    dots: &[FunnelDot],
    limits: &[FunnelLimits],
    centre: f64,
    shown: impl Fn(f64) -> String + Send + Sync + 'static,
    words: &ChartWords<'_>,
) -> Svg {
    let cases = || limits.iter().map(|at| at.cases);
    let band = |colour: &str, of: fn(&FunnelLimits) -> (f64, f64)| {
        let (low, high) = (limits.iter().map(|at| of(at).0), limits.iter().map(|at| of(at).1));
        Plot::Band(BandPlot::new(cases(), low, high).with_color(colour).with_opacity(1.0))
    };
    let mut plots = vec![
        band(OUTER, |at| at.alarm),
        band(INNER, |at| at.usual),
        Plot::Line(LinePlot::new().with_data(cases().map(|cases| (cases, centre))).with_color(CENTRE).with_stroke_width(1.0)),
    ];
    for side in [FunnelSide::Within, FunnelSide::Between, FunnelSide::Beyond] {
        let of_side: Vec<(f64, f64)> = dots.iter().filter(|dot| dot.side == side).map(|dot| (dot.cases, dot.value)).collect();
        if of_side.is_empty() {
            continue;
        }
        let scatter = ScatterPlot::new().with_data(of_side);
        plots.push(Plot::Scatter(match side {
            FunnelSide::Within => scatter.with_color(PEER).with_size(3.0),
            FunnelSide::Between => scatter.with_color(RING).with_size(3.5).with_marker_opacity(0.0).with_marker_stroke_width(1.8),
            FunnelSide::Beyond => scatter.with_color(BEYOND).with_size(3.5).with_marker(MarkerShape::Square),
        }));
    }
    let layout = Layout::auto_from_plots(&plots)
        .with_log_x()
        .with_width(WIDTH)
        .with_height(HEIGHT)
        .with_x_label(words.across)
        .with_y_label(words.upwards)
        .with_x_tick_format(TickFormat::Integer)
        .with_y_tick_format(TickFormat::Custom(Arc::new(shown)));
    fitted(&SvgBackend::default().render_scene(&render_multiple(plots, layout)), "funnel", words)
}

/// The drawing inside our element: without the library's comment, background, clipping and its address of SVG, which a page needs not.
fn fitted(drawn: &str, class: &str, words: &ChartWords<'_>) -> Svg {
    let inside = drawn.split_once('>').map_or("", |(_, inside)| inside);
    let inside = without(inside, "<!--", "-->");
    let inside = without(&inside, "<defs>", "</defs>");
    let inside = without(&inside, "<rect width=\"100%\"", "/>");
    let inside = without(&inside, " clip-path=\"", "\"");
    Svg::drawn(
        class,
        (WIDTH as u32, HEIGHT as u32),
        (words.title, words.description),
        &shortened(inside.trim_end().trim_end_matches("</svg>")),
    )
}

/// Numbers with two decimals at most: a hundredth of a point is nothing to see, and sixteen digits pass for the number of a bank card.
fn shortened(drawn: &str) -> String {
    let mut short = String::with_capacity(drawn.len());
    // Digits since a point that stands behind a digit.
    let mut decimals: Option<usize> = None;
    for character in drawn.chars() {
        decimals = match (character, decimals) {
            ('0'..='9', Some(written)) => Some(written + 1),
            ('.', None) if short.ends_with(|before: char| before.is_ascii_digit()) => Some(0),
            _ => None,
        };
        if decimals.is_none_or(|written| written <= 2) {
            short.push(character);
        }
    }
    short
}

/// Without every piece from `begin` to the next `end`, both included.
fn without(text: &str, begin: &str, end: &str) -> String {
    let mut left = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(begin) {
        left.push_str(before);
        rest = after.split_once(end).map_or("", |(_, after)| after);
    }
    left + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_has_our_class_and_words_and_nothing_that_a_page_refuses() {
        let dots = [(10.0, 0.5, FunnelSide::Beyond), (100.0, 0.8, FunnelSide::Within), (1_000.0, 0.7, FunnelSide::Between)]
            .map(|(cases, value, side)| FunnelDot { cases, value, side });
        let limits = [10.0, 100.0, 1_000.0].map(|cases: f64| {
            let half = 1.0 / cases.sqrt();
            FunnelLimits { cases, usual: (0.8 - half, 0.8 + half), alarm: (0.8 - 1.6 * half, 0.8 + 1.6 * half) }
        });
        let words = ChartWords { across: "案件数", upwards: "完成值", title: "甲<乙", description: "三家" };
        let draw = || funnel(&dots, &limits, 0.8, |value| format!("{:.0}%", value * 100.0), &words).to_string();
        let svg = draw();
        assert!(
            svg.starts_with("<svg class=\"funnel\" viewBox=\"0 0 640 320\" role=\"img\"><title>甲&lt;乙</title><desc>三家</desc>"),
            "{svg}"
        );
        assert!(svg.contains(">案件数<") && svg.contains(">完成值<"), "{svg}");
        assert!(!["http", "url(", " id=", "<!--", "<defs", "white\""].iter().any(|refused| svg.contains(refused)), "{svg}");
        assert!([PEER, RING, BEYOND, OUTER, INNER].iter().all(|colour| svg.contains(colour)), "{svg}");
        assert!(svg.contains(">100<") && svg.contains("%<") && svg.ends_with("</svg>"), "{svg}");
        assert_eq!(svg, draw(), "the same figures are the same bytes");
        let longest = svg.split(|character: char| !character.is_ascii_digit()).map(str::len).max();
        assert!(longest <= Some(6), "{svg}");
        assert_eq!(shortened("M61.300000000000004 9.5L-0.126,12 v1.2.3"), "M61.30 9.5L-0.12,12 v1.2.3");
    }
}
