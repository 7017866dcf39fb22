//! The page of a comparison of two runs; for the office.
//!
//! In: a [`Difference`]. Out: one page that needs nothing from outside. Never here: comparing; records.

use askama::Template;
use rust_decimal::Decimal;

use super::names::Text;
use super::view::frame::Frame;
use super::{guard, numbers, texts};
use crate::error::{Context, Kind, Result};
use crate::scoring::difference::{ByCause, CAUSES, Cause, Difference, ObjectChange, RunSide};

/// Objects that the page lists, those whose rank moved most first; all are in `diff_objects`.
const OBJECTS_ON_PAGE: usize = 1_000;

/// The page.
#[derive(Template)]
#[template(config = "src/report/templates/askama.toml", path = "difference.html")]
struct DifferencePage {
    frame: Frame,
    sides: Vec<SideView>,
    is_nothing: bool,
    causes: Vec<CauseView>,
    tables: Vec<[Text; 3]>,
    changed: Vec<[Text; 4]>,
    units: Vec<[Text; 3]>,
    indicators: Vec<[Text; 5]>,
    objects: Vec<ObjectView>,
    moved: String,
    more: String,
}

struct SideView {
    label: &'static str,
    run: Text,
    as_of: Text,
    period: Text,
    scheme: Text,
    engine: Text,
}

struct CauseView {
    label: &'static str,
    meaning: &'static str,
    points: String,
}

struct CauseFigure {
    label: &'static str,
    figure: String,
}

struct ObjectView {
    unit: Text,
    id: Text,
    domain: Text,
    rank: String,
    total: String,
    grade: Text,
    /// Points by cause, in the order of the columns; empty where one of the runs has no total.
    by_cause: Vec<CauseFigure>,
    lines: Text,
}

fn side(label: &'static str, side: &RunSide) -> SideView {
    SideView {
        label,
        run: Text::of(&side.run),
        as_of: Text::of(&side.as_of),
        period: Text::of(&side.period),
        scheme: Text::of(&side.scheme),
        engine: Text::of(&side.engine),
    }
}

fn signed(points: Decimal) -> String {
    if points.is_zero() { texts::NONE.to_owned() } else { format!("{:+}", points.round_dp(2).normalize()) }
}

fn arrow(before: Option<String>, after: Option<String>) -> String {
    let [before, after] = [before, after].map(|text| text.unwrap_or_else(|| texts::NONE.to_owned()));
    if before == after { after } else { texts::before_and_after(&before, &after) }
}

fn object(found: &Difference, object: &ObjectChange) -> ObjectView {
    let moved = &object.moved;
    let of_cause = |by_cause: ByCause| {
        let figure = |(cause, points): (&Cause, Decimal)| CauseFigure { label: texts::cause(*cause), figure: signed(points) };
        CAUSES.iter().zip(by_cause).map(figure).collect()
    };
    let lines: Vec<String> =
        moved.because.iter().take(3).map(|(line, points)| format!("{} {}", found.name(line), signed(*points))).collect();
    ObjectView {
        unit: Text::of(found.name(&moved.unit)),
        id: Text::of(&moved.unit),
        domain: Text::of(texts::domain(&moved.domain)),
        rank: arrow(moved.rank.0.map(|rank| rank.to_string()), moved.rank.1.map(|rank| rank.to_string())),
        total: arrow(moved.total.0.map(numbers::points), moved.total.1.map(numbers::points)),
        grade: Text::of(&arrow(moved.grade.0.clone(), moved.grade.1.clone())),
        by_cause: object.by_cause.map_or_else(Vec::new, of_cause),
        lines: Text::of(&lines.join(texts::LIST_SEPARATOR)),
    }
}

/// The page, as text.
///
/// # Errors
/// What looks like a personal number in a name.
pub fn page(found: &Difference) -> Result<String> {
    let count = |count: Option<u64>| count.map(numbers::count);
    let text = |text: &str| Text::of(text);
    let all = found.objects.len();
    let page = DifferencePage {
        frame: Frame::of_two_runs(&found.before, &found.after),
        sides: vec![side(texts::BEFORE, &found.before), side(texts::AFTER, &found.after)],
        is_nothing: found.is_nothing(),
        causes: CAUSES
            .iter()
            .zip(found.by_cause())
            .map(|(cause, points)| CauseView {
                label: texts::cause(*cause),
                meaning: texts::cause_meaning(*cause),
                points: if points.is_zero() { texts::NONE.to_owned() } else { numbers::points(points) },
            })
            .collect(),
        tables: found
            .tables
            .iter()
            .map(|table| {
                let version = |version: Option<u64>| version.map(|version| version.to_string());
                [
                    text(&table.table),
                    text(&arrow(count(table.rows.0), count(table.rows.1))),
                    text(&arrow(version(table.version.0), version(table.version.1))),
                ]
            })
            .collect(),
        changed: found
            .texts
            .iter()
            .map(|change| {
                let moves = change.cause.map_or(texts::MOVES_NO_SCORE, texts::cause);
                [text(&change.file), text(texts::how_changed(change.how)), text(moves), text(&change.names.join(texts::NAME_SEPARATOR))]
            })
            .collect(),
        units: found
            .units
            .iter()
            .map(|(id, name, is_new)| [text(name), text(id), text(texts::how_changed(if *is_new { "new" } else { "gone" }))])
            .collect(),
        indicators: found
            .indicators
            .iter()
            .map(|change| {
                let causes: Vec<&str> = change.causes.iter().map(|cause| texts::cause(*cause)).collect();
                [
                    text(found.name(&change.indicator)),
                    text(&change.indicator),
                    text(&texts::part_of(change.moved.0, change.moved.1)),
                    text(&numbers::points(change.points)),
                    text(&causes.join(texts::NAME_SEPARATOR)),
                ]
            })
            .collect(),
        objects: found.objects.iter().take(OBJECTS_ON_PAGE).map(|change| object(found, change)).collect(),
        moved: texts::part_of(all, found.all_objects),
        more: if all > OBJECTS_ON_PAGE { texts::moved_more(OBJECTS_ON_PAGE, all) } else { String::new() },
    };
    let html = page.render().context(Kind::Bug, || "rendering the comparison of two runs")?;
    guard::check_page("difference.html", &html)?;
    Ok(html)
}
