//! Drawings written by hand as inline SVG: they print, need nothing from outside, and are the same bytes for the same figures.
//!
//! In: places between 0 and 10 000 (see [`super::numbers::place`]) and words for people who cannot see the drawing. Out: [`Svg`],
//! the only type that a template writes without escaping. Never here: data that was not cleaned, colours (they are in the
//! stylesheet), floating point.

use std::collections::BTreeSet;
use std::fmt::{self, Write};

/// A finished drawing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Svg(String);

impl fmt::Display for Svg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

// The words inside a drawing go through `escaped`; everything else in it is written by this file.
impl askama::filters::HtmlSafe for Svg {}

impl Svg {
    /// True when there is nothing to draw.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What a library drew, under our class and words.
    pub(super) fn drawn(class: &str, (width, height): (u32, u32), (title, words): (&str, &str), inside: &str) -> Self {
        Self(format!("{}<desc>{}</desc>{inside}</svg>", open(class, width, height, title), escaped(words)))
    }
}

/// Words for inside an element or a quoted attribute.
fn escaped(words: &str) -> String {
    words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// `place` on an axis that is `width` tenths long, with one decimal.
fn along(place: i64, width: i64) -> String {
    let tenths = (place * width + 5_000) / 10_000;
    format!("{}.{}", tenths / 10, tenths % 10)
}

fn open(class: &str, width: u32, height: u32, words: &str) -> String {
    format!("<svg class=\"{class}\" viewBox=\"0 0 {width} {height}\" role=\"img\"><title>{}</title>", escaped(words))
}

/// A bar on its track. It repeats a number that stands beside it, so it is hidden from readers of the text.
pub fn bar(place: i64) -> Svg {
    Svg(format!(
        "<svg class=\"bar\" viewBox=\"0 0 100 6\" preserveAspectRatio=\"none\" aria-hidden=\"true\"><rect class=\"track\" width=\"100\" \
         height=\"6\"/><rect class=\"fill\" width=\"{}\" height=\"6\"/></svg>",
        along(place, 1_000)
    ))
}

/// One dot on a strip.
#[derive(Debug, Clone, Copy)]
pub struct Dot {
    /// Where.
    pub place: i64,
    /// True for the unit that the page is about.
    pub own: bool,
}

/// With more peers than this dots lie over each other, and tell no more where most of them are.
const CROWD: usize = 60;
/// Width of a step in which a crowd is counted.
const STEP: i64 = 8;

/// The outline of a crowd: the wider, the more peers there are.
fn crowd(peers: &[i64]) -> String {
    let mut counts = [0_i64; 38];
    for peer in peers {
        let last = counts.len() as i64 - 1;
        counts[(peer / STEP).clamp(0, last) as usize] += 1;
    }
    let most = counts.iter().copied().max().unwrap_or(1).max(1);
    let half = |count: i64| if count == 0 { 0 } else { (count * 100 / most).max(8) };
    let point = |step: usize, tenths: i64| {
        let sign = if tenths < 0 { "-" } else { "" };
        format!("L{} {sign}{}.{}", step as i64 * STEP + STEP / 2, tenths.abs() / 10, tenths.abs() % 10)
    };
    let above: String = counts.iter().enumerate().map(|(step, count)| point(step, -half(*count))).collect();
    let below: String = counts.iter().enumerate().rev().map(|(step, count)| point(step, half(*count))).collect();
    format!("M0 0{above}L304 0{below}Z")
}

/// Peers as dots on one line, or where there are many as a band that is wide where most of them are; the own unit in front, the median as a tick.
pub fn strip(dots: &[Dot], median: Option<i64>, words: &str) -> Svg {
    let mut svg = open("strip", 320, 28, words);
    svg.push_str("<line class=\"axis\" x1=\"8\" y1=\"14\" x2=\"312\" y2=\"14\"/>");
    let at = |place: i64| along(place, 3_040);
    if let Some(median) = median {
        let _ = write!(
            svg,
            "<g transform=\"translate(8 0)\"><line class=\"median\" x1=\"{x}\" y1=\"4\" x2=\"{x}\" y2=\"24\"/></g>",
            x = at(median)
        );
    }
    let peers: Vec<i64> = dots.iter().filter(|dot| !dot.own).map(|dot| (dot.place * 304 + 5_000) / 10_000).collect();
    if peers.len() > CROWD {
        let _ = write!(svg, "<path class=\"crowd\" transform=\"translate(8 14)\" d=\"{}\"/>", crowd(&peers));
    } else if !peers.is_empty() {
        // Peers on the same point of the strip are drawn once.
        let peers: BTreeSet<i64> = peers.into_iter().collect();
        // Strokes without length, with round ends: one drawing of a few bytes a peer.
        let dots: String = peers.iter().map(|peer| format!("M{peer} 0h0")).collect();
        let _ = write!(svg, "<path class=\"peer\" transform=\"translate(8 14)\" d=\"{dots}\"/>");
    }
    for dot in dots.iter().filter(|dot| dot.own) {
        let _ = write!(svg, "<circle class=\"own\" transform=\"translate(8 14)\" cx=\"{}\" cy=\"0\" r=\"7\"/>", at(dot.place));
    }
    svg.push_str("</svg>");
    Svg(svg)
}

/// A value with its interval, the middle half of the peers behind it, and the target as a mark.
pub fn interval(value: i64, span: Option<(i64, i64)>, peers: Option<(i64, i64)>, target: Option<i64>, words: &str) -> Svg {
    let mut svg = open("interval", 120, 14, words);
    svg.push_str("<line class=\"axis\" x1=\"4\" y1=\"7\" x2=\"116\" y2=\"7\"/><g transform=\"translate(4 0)\">");
    let at = |place: i64| along(place, 1_120);
    if let Some((low, high)) = peers {
        let _ = write!(svg, "<rect class=\"peers\" x=\"{}\" y=\"2\" width=\"{}\" height=\"10\"/>", at(low), at((high - low).max(100)));
    }
    if let Some((low, high)) = span {
        let _ = write!(svg, "<line class=\"span\" x1=\"{}\" y1=\"7\" x2=\"{}\" y2=\"7\"/>", at(low), at(high));
    }
    if let Some(target) = target {
        let _ = write!(svg, "<line class=\"target\" x1=\"{x}\" y1=\"1\" x2=\"{x}\" y2=\"13\"/>", x = at(target));
    }
    let _ = write!(svg, "<circle class=\"own\" cx=\"{}\" cy=\"7\" r=\"3.5\"/></g></svg>", at(value));
    Svg(svg)
}

/// A region on a schematic map.
#[derive(Debug, Clone)]
pub struct MapRegion {
    /// Across and down.
    pub place: (i64, i64),
    /// Its name.
    pub label: String,
    /// Its index.
    pub figure: String,
    /// Step of the colour scale: a class of the stylesheet.
    pub step: &'static str,
    /// Name and figure, for who points at it; all of them together describe the drawing to who can't see it.
    pub words: String,
}

/// A border on a schematic map.
#[derive(Debug, Clone)]
pub struct MapBorder {
    /// The two regions, by their number.
    pub between: (usize, usize),
    /// Step of the worse side.
    pub step: &'static str,
    /// Both sides in words.
    pub words: String,
}

/// Regions as discs with their names, borders as lines between them.
pub fn map(regions: &[MapRegion], borders: &[MapBorder], words: &str) -> Svg {
    // A few regions need no sheet for a province.
    let height = (200 + 20 * regions.len() as u32).min(640);
    let mut svg = open("map", 960, height, words);
    let at = |place: (i64, i64)| (along(place.0, 8_400), along(place.1, i64::from(height - 80) * 10));
    let told: Vec<String> =
        regions.iter().map(|region| escaped(&region.words)).chain(borders.iter().map(|border| escaped(&border.words))).collect();
    let _ = write!(svg, "<desc>{}</desc><g transform=\"translate(60 30)\">", told.join(" · "));
    for border in borders {
        let ((x1, y1), (x2, y2)) = (at(regions[border.between.0].place), at(regions[border.between.1].place));
        let title = escaped(&border.words);
        let _ =
            write!(svg, "<line class=\"l{}\" x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\"><title>{title}</title></line>", border.step);
    }
    for region in regions {
        let ((x, y), title, label) = (at(region.place), escaped(&region.words), escaped(&region.label));
        let _ = write!(
            svg,
            "<g transform=\"translate({x} {y})\"><circle class=\"{}\" r=\"11\"><title>{title}</title></circle><text y=\"26\">{label}</text>\
             <text class=\"figure\" y=\"39\">{}</text></g>",
            region.step,
            escaped(&region.figure)
        );
    }
    svg.push_str("</g></svg>");
    Svg(svg)
}

/// One month after the other; a month without cases leaves a gap.
pub fn sparkline(places: &[Option<i64>], limits: Option<(i64, i64)>, words: &str) -> Svg {
    if places.iter().flatten().count() < 2 {
        return Svg::default();
    }
    let mut svg = open("spark", 96, 24, words);
    let last = places.len() as i64 - 1;
    let down = |place: i64| (10_000 - place) * 180 / 10_000 + 30;
    let point = |(month, place): (usize, i64)| {
        let y = down(place);
        format!("{} {}.{}", along(month as i64 * 10_000 / last, 880), y / 10, y % 10)
    };
    if let Some((low, high)) = limits {
        let (top, tall) = (down(high), (down(low) - down(high)).max(4));
        let _ = write!(
            svg,
            "<rect class=\"limits\" x=\"0\" y=\"{}.{}\" width=\"96\" height=\"{}.{}\"/>",
            top / 10,
            top % 10,
            tall / 10,
            tall % 10
        );
    }
    let mut path = String::new();
    let mut pen = 'M';
    for (month, place) in places.iter().enumerate() {
        match place {
            Some(place) => {
                let _ = write!(path, "{pen}{}", point((month, *place)));
                // A lone month between two gaps still shows, as a point of the line's width.
                if pen == 'M' {
                    path.push_str("h0.1");
                }
                pen = 'L';
            }
            None => pen = 'M',
        }
    }
    let _ = write!(svg, "<g transform=\"translate(4 0)\"><path d=\"{path}\"/>");
    if let Some((month, Some(place))) = places.iter().enumerate().rfind(|(_, place)| place.is_some()) {
        let end = point((month, *place));
        let (x, y) = end.split_once(' ').expect("a point is two numbers");
        let _ = write!(svg, "<circle class=\"own\" cx=\"{x}\" cy=\"{y}\" r=\"2.6\"/>");
    }
    svg.push_str("</g></svg>");
    Svg(svg)
}

/// One month of a control chart.
#[derive(Debug, Clone, Copy)]
pub struct Month {
    /// Where the value lies.
    pub value: i64,
    /// Where the lower limit lies.
    pub low: i64,
    /// Where the upper limit lies.
    pub high: i64,
    /// A rule was complete in this month.
    pub is_signal: bool,
}

/// Months between their limits: a band that widens where a month has few cases, the centre, the values; months with a signal are filled squares, so
/// that they show without colour; red in the newest month where its news is bad.
pub fn control_chart(months: &[Month], centre: i64, is_worse: bool, words: &str) -> Svg {
    if months.len() < 2 {
        return Svg::default();
    }
    let mut svg = open("control", 240, 56, words);
    let last = months.len() as i64 - 1;
    let x = |at: usize| along(at as i64 * 10_000 / last, 2_280);
    let y = |place: i64| along(10_000 - place, 480);
    let line = |at: usize, month: &Month, of: fn(&Month) -> i64| format!("{} {}", x(at), y(of(month)));
    let above: Vec<String> = months.iter().enumerate().map(|(at, month)| line(at, month, |month| month.high)).collect();
    let below: Vec<String> = months.iter().enumerate().rev().map(|(at, month)| line(at, month, |month| month.low)).collect();
    let values: Vec<String> = months.iter().enumerate().map(|(at, month)| line(at, month, |month| month.value)).collect();
    let _ = write!(svg, "<g transform=\"translate(6 4)\"><path class=\"limits\" d=\"M{}L{}Z\"/>", above.join("L"), below.join("L"));
    let _ = write!(svg, "<line class=\"median\" x1=\"0\" y1=\"{at}\" x2=\"228\" y2=\"{at}\"/>", at = y(centre));
    let _ = write!(svg, "<path class=\"line\" d=\"M{}\"/>", values.join("L"));
    for (at, month) in months.iter().enumerate() {
        let class = if is_worse && at + 1 == months.len() { "own" } else { "noted" };
        let (x, y) = (x(at), y(month.value));
        let _ = if month.is_signal {
            write!(svg, "<rect class=\"{class}\" transform=\"translate(-3 -3)\" x=\"{x}\" y=\"{y}\" width=\"6\" height=\"6\"/>")
        } else {
            write!(svg, "<circle class=\"month\" cx=\"{x}\" cy=\"{y}\" r=\"2\"/>")
        };
    }
    svg.push_str("</g></svg>");
    Svg(svg)
}

/// Small squares side by side, one a part; the step of the scale is a class of the stylesheet.
pub fn squares(steps: &[(char, &'static str)], words: &str) -> Svg {
    let mut svg = open("squares", 10 * steps.len() as u32, 12, words);
    for (index, (part, step)) in steps.iter().enumerate() {
        let x = index * 10;
        let _ = write!(svg, "<rect class=\"{step}\" x=\"{x}\" y=\"0\" width=\"9\" height=\"12\"/>");
        let _ = write!(svg, "<text x=\"{}.5\" y=\"9\">{}</text>", x + 4, escaped(&part.to_string()));
    }
    svg.push_str("</svg>");
    Svg(svg)
}

/// One period of a series.
#[derive(Debug, Clone)]
pub struct Step {
    /// Under the axis.
    pub label: String,
    /// Beside the point.
    pub figure: String,
    /// Where, when it is known.
    pub place: Option<i64>,
    /// Its interval.
    pub span: Option<(i64, i64)>,
}

/// Points with whiskers over periods, and a line for the base.
pub fn series(steps: &[Step], base: i64, base_label: &str, words: &str) -> Svg {
    let count = steps.len().max(1) as i64;
    let apart = (960 / count).clamp(110, 240);
    let width = 80 + apart * count;
    let mut svg = open("series", width as u32, 210, words);
    let y = |place: i64| 170 - place * 135 / 10_000;
    let x = |index: usize| 60 + apart / 2 + apart * index as i64;
    let _ = write!(svg, "<line class=\"base\" x1=\"48\" y1=\"{at}\" x2=\"{}\" y2=\"{at}\"/>", width - 10, at = y(base));
    let _ = write!(svg, "<text class=\"base-label\" x=\"40\" y=\"{}\">{}</text>", y(base) + 4, escaped(base_label));
    let known: Vec<(i64, i64)> = steps.iter().enumerate().filter_map(|(index, step)| Some((x(index), y(step.place?)))).collect();
    for pair in known.windows(2) {
        let ((x1, y1), (x2, y2)) = (pair[0], pair[1]);
        let _ = write!(svg, "<line class=\"line\" x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\"/>");
    }
    for (index, step) in steps.iter().enumerate() {
        let x = x(index);
        let _ = write!(svg, "<text class=\"label\" x=\"{x}\" y=\"204\">{}</text>", escaped(&step.label));
        let Some(place) = step.place else { continue };
        if let Some((low, high)) = step.span {
            let _ = write!(svg, "<line class=\"span\" x1=\"{x}\" y1=\"{}\" x2=\"{x}\" y2=\"{}\"/>", y(low), y(high));
        }
        let _ = write!(svg, "<circle class=\"own\" cx=\"{x}\" cy=\"{}\" r=\"5\"/>", y(place));
        // Beside the point: at the end of the whisker it would pass for the upper limit.
        let _ = write!(svg, "<text class=\"figure\" x=\"{}\" y=\"{}\">{}</text>", x + 10, y(place) - 6, escaped(&step.figure));
    }
    svg.push_str("</svg>");
    Svg(svg)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_drawing_cannot_end_it() {
        let drawn = strip(&[Dot { place: 10, own: true }], None, "甲</title><script>\"").to_string();
        assert!(!drawn.contains("<script") && drawn.contains("&lt;/title&gt;"));
    }

    #[test]
    fn a_crowd_is_wide_where_most_of_it_is() {
        let at = |place: i64, times: usize| std::iter::repeat_n(Dot { place, own: false }, times);
        let few: Vec<Dot> = at(5_000, CROWD).collect();
        assert!(strip(&few, None, "x").to_string().contains("class=\"peer\""));
        let many: Vec<Dot> = at(0, 50).chain(at(5_000, 100)).chain(at(10_000, 1)).collect();
        let drawn = strip(&many, None, "x").to_string();
        assert!(drawn.contains("class=\"crowd\"") && !drawn.contains("class=\"peer\""), "{drawn}");
        for told in ["M0 0L4 -5.0L12 0.0", "L156 -10.0", "L300 -0.8L304 0L300 0.8", "L4 5.0Z"] {
            assert!(drawn.contains(told), "{told}: {drawn}");
        }
    }

    #[test]
    fn a_sparkline_needs_two_months_and_keeps_its_gaps() {
        assert!(sparkline(&[Some(1), None], None, "x").is_empty());
        let within = sparkline(&[Some(0), Some(5_000)], Some((0, 10_000)), "x").to_string();
        assert!(within.contains("<rect class=\"limits\" x=\"0\" y=\"3.0\" width=\"96\" height=\"18.0\"/>"), "{within}");
        let drawn = sparkline(&[Some(0), None, Some(10_000), Some(5_000)], None, "x").to_string();
        assert_eq!(drawn.matches('M').count(), 2, "{drawn}");
    }
}
