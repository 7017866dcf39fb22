//! Where an indicator stands in the scheme, and the scheme as a tree.
//!
//! In: the scheme. Out: places in words, one chapter. Never here: scores.

use rust_decimal::Decimal;

use super::markdown::{code, heading, table, text};
use super::{Chapter, Sources};
use crate::explain::codes::{domain, tier};
use crate::library::scheme::composites::composite;
use crate::library::scheme::{Scheme, Scored, TOTAL};

/// An indicator's place, in words.
pub(super) struct Place {
    /// Class and points.
    pub short: String,
    /// The way from the total down, points, curve, target, since when.
    pub long: String,
}

/// The place of the indicator in the project's scheme.
pub(super) fn of(sources: &Sources<'_>, id: &str) -> Option<Place> {
    let scheme = sources.scheme?;
    let scored = scheme.indicators.iter().find(|scored| scored.id.0 == id)?;
    let way = way(scheme, &scored.node);
    let class = way.first().cloned().unwrap_or_default();
    if scored.report_only {
        return Some(Place { short: format!("{class}，只报告"), long: format!("{} › 只报告，不计分", way.join(" › ")) });
    }
    let long = format!("{} › {}分；{}{}{}", way.join(" › "), scored.points.normalize(), curve(scored), target(scored), dynamic(scored));
    Some(Place { short: format!("{class} {}分", scored.points.normalize()), long })
}

/// Titles of the nodes from the class down to `node`.
fn way(scheme: &Scheme, node: &str) -> Vec<String> {
    scheme.nodes_above(node).into_iter().rev().map(|node| node.title.clone()).collect()
}

fn curve(scored: &Scored) -> String {
    let point = |(value, score): &(Decimal, Decimal)| format!("{}→{}", value.normalize(), score.normalize());
    scored
        .curve
        .as_ref()
        .map(|curve| format!("计分曲线（值→分） {}", curve.points().iter().map(point).collect::<Vec<_>>().join("，")))
        .unwrap_or_default()
}

fn target(scored: &Scored) -> String {
    scored.target.map(|target| format!("；目标 {}", target.normalize())).unwrap_or_default()
}

fn dynamic(scored: &Scored) -> String {
    let Some(dynamic) = &scored.dynamic else { return String::new() };
    let until = dynamic.until.map(|until| format!("至 {until}")).unwrap_or_default();
    let corrects = dynamic.corrects.as_ref().map(|decision| format!("；依 {decision} 更正")).unwrap_or_default();
    format!(
        "；自 {} {until} 对 {} 启用（{} 公布）：{}{corrects}",
        dynamic.from,
        dynamic.regions.join("、"),
        dynamic.announced,
        dynamic.event
    )
}

/// The scheme's tree, one table a class.
pub(super) fn scheme(sources: &Sources<'_>) -> Option<Chapter> {
    let scheme = sources.scheme?;
    let mut markdown =
        format!("# {}\n\n总分 {}。各节点的分值是上级节点分值的组成部分。\n\n", text(&scheme.title), scheme.total.normalize());
    for class in scheme.nodes.iter().filter(|node| node.parent == TOTAL) {
        markdown.push_str(&heading(2, &class.id, &format!("{} {}分", class.title, class.points.normalize())));
        let mut rows = Vec::new();
        below(sources, scheme, &class.id, 0, &mut rows);
        markdown.push_str(&table(&["节点或指标", "编号", "分值", "目标", "计分", "适用"], rows));
    }
    Some(Chapter { name: "scheme".to_owned(), title: "考核方案".to_owned(), markdown })
}

fn below(sources: &Sources<'_>, scheme: &Scheme, node: &str, depth: usize, rows: &mut Vec<Vec<String>>) {
    let indent = "　".repeat(depth);
    for scored in scheme.indicators.iter().filter(|scored| scored.node == node) {
        let id = scored.id.0.as_str();
        let namespace = id.split('.').next().unwrap_or_default();
        let title = match sources.library.indicators.get(&scored.id) {
            Some(indicator) => format!("[{}](indicators-{namespace}.md#{id})", text(&indicator.title)),
            None => composite(id).map_or_else(|| code(id), |composite| text(composite.title)),
        };
        rows.push(vec![
            format!("{indent}{title}"),
            code(id),
            if scored.report_only { "只报告".to_owned() } else { scored.points.normalize().to_string() },
            scored.target.map(|target| target.normalize().to_string()).unwrap_or_default(),
            curve(scored),
            dynamic(scored),
        ]);
    }
    for child in scheme.nodes.iter().filter(|child| child.parent == node) {
        let domains = child.domains.iter().map(|name| domain(name));
        let applies: Vec<&str> = domains.chain(child.tiers.iter().map(|name| tier(name))).collect();
        let points = child.points.normalize().to_string();
        let choice = if child.alternatives { "下级按领域、层级择一" } else { "" };
        rows.push(vec![
            format!("{indent}**{}**", text(&child.title)),
            String::new(),
            points,
            String::new(),
            choice.to_owned(),
            applies.join("、"),
        ]);
        below(sources, scheme, &child.id, depth + 1, rows);
    }
}
