//! Clocks, parameters, and what of them a province has to confirm.
//!
//! In: the library's clocks and parameters, what each definition rests on. Out: chapters that name the readers of each, and the table of
//! those that one definition asks for. Never here: days.

use std::collections::BTreeSet;

use super::markdown::{code, heading, table, text};
use super::{Chapter, Sources};
use crate::calendar::{Clock, ClockUnit, Confirmed, Parameter};
use crate::compute::usage::Usage;
use crate::explain::codes::domain;
use crate::library::Library;
use crate::report::texts::confirmed;

/// One version of a clock or parameter, in words.
pub struct Version {
    /// Where it is written.
    pub file: &'static str,
    /// Dotted name.
    pub name: String,
    /// Chinese title.
    pub title: String,
    /// How much of what.
    pub amount: String,
    /// The domain's code; none is for every domain without a version of its own.
    pub of: Option<String>,
    /// Date of effect.
    pub from: String,
    /// How far the source is backed.
    pub confirmed: Confirmed,
    /// Legal or plan source.
    pub source: String,
}

fn of_clock(clock: &Clock) -> Vec<Version> {
    let one = |version: &crate::calendar::ClockVersion| Version {
        file: "queries/clocks.toml",
        name: clock.name.clone(),
        title: clock.title.clone(),
        amount: format!(
            "{}{}{}",
            version.amount,
            unit(version.unit),
            if version.roll_to_working_day { "（末日遇法定节假日顺延）" } else { "" }
        ),
        of: version.domain.clone(),
        from: version.from.to_string(),
        confirmed: version.confirmed,
        source: version.source.clone(),
    };
    clock.versions.iter().map(one).collect()
}

fn of_parameter(parameter: &Parameter) -> Vec<Version> {
    let one = |version: &crate::calendar::ParameterVersion| Version {
        file: "queries/parameters.toml",
        name: parameter.name.clone(),
        title: parameter.title.clone(),
        amount: format!("{} {}", version.amount.normalize(), parameter_unit(&parameter.unit)),
        of: version.domain.clone(),
        from: version.from.to_string(),
        confirmed: version.confirmed,
        source: version.source.clone(),
    };
    parameter.versions.iter().map(one).collect()
}

fn unit(unit: ClockUnit) -> &'static str {
    match unit {
        ClockUnit::WorkingDays => "个工作日",
        ClockUnit::CalendarDays => "日",
        ClockUnit::Hours => "小时",
    }
}

fn parameter_unit(unit: &str) -> &str {
    match unit {
        "yuan" => "元",
        "ratio" => "（比例）",
        "days" => "日",
        "hours" => "小时",
        "minutes" => "分钟",
        "months" => "个月",
        "years" => "年",
        "count" => "",
        other => other,
    }
}

const HEADS: [&str; 5] = ["期限或数额", "领域", "生效日期", "核实程度", "来源"];

fn row(version: &Version) -> Vec<String> {
    vec![
        text(&version.amount),
        version.of.as_deref().map_or("各领域", domain).to_owned(),
        version.from.clone(),
        confirmed(version.confirmed.mark()).to_owned(),
        text(&version.source),
    ]
}

/// The clocks and parameters of one definition, the versions of its domains; nothing when it asks for none.
pub(super) fn of_usage(sources: &Sources<'_>, usage: &Usage, domains: &[String]) -> String {
    let applies = |version: &Version| version.of.as_ref().is_none_or(|of| domains.contains(of));
    let clocks = usage.clocks.iter().filter_map(|name| sources.library.clocks.get(name)).flat_map(of_clock);
    let parameters = usage.parameters.iter().filter_map(|name| sources.library.parameters.get(name)).flat_map(of_parameter);
    let rows = clocks.chain(parameters).filter(applies).map(|version| {
        let mut cells = vec![format!("{} {}", text(&version.title), code(&version.name))];
        cells.extend(row(&version));
        cells
    });
    table(&["名称", HEADS[0], HEADS[1], HEADS[2], HEADS[3], HEADS[4]], rows)
}

/// Parameters that the program itself asks for, by their family.
const OF_THE_PROGRAM: [(&str, &str); 4] =
    [("finding.", "疑点规则"), ("synergy.", "跨区域协同指数"), ("burden.", "企业执法负担指数"), ("ledger.", "动态考核台账")];

/// Who counts with a clock or parameter, here or on the way down, with links; that nobody does yet is said as well.
fn readers(sources: &Sources<'_>, name: &str, of: fn(&Usage) -> &BTreeSet<String>) -> String {
    let (mut populations, mut indicators) = (Vec::new(), Vec::new());
    for (reader, _) in sources.usages.iter().filter(|(_, usage)| of(usage).contains(name)) {
        match sources.library.indicators.values().find(|indicator| indicator.id.0 == *reader) {
            Some(indicator) => {
                let namespace = reader.split('.').next().unwrap_or_default();
                indicators.push(format!("[{}](indicators-{namespace}.md#{reader})", text(&indicator.title)));
            }
            None => populations.push(format!("[{reader}](populations.md#{reader})")),
        }
    }
    let family = OF_THE_PROGRAM.iter().find(|(family, _)| name.starts_with(family)).map(|(_, reader)| format!("程序 {reader}"));
    let list = |what: &str, names: &[String]| (!names.is_empty()).then(|| format!("{what} {}", names.join("、")));
    let all: Vec<String> = [list("口径", &populations), list("指标", &indicators), family].into_iter().flatten().collect();
    if all.is_empty() { "尚无口径或指标使用。\n\n".to_owned() } else { format!("使用者：{}\n\n", all.join("；")) }
}

fn chapter(
    sources: &Sources<'_>,
    (name, title, opening): (&str, &str, &str),
    of: fn(&Usage) -> &BTreeSet<String>,
    entries: Vec<Vec<Version>>,
) -> Chapter {
    let mut markdown = format!("# {title}\n\n{opening}\n\n");
    for versions in entries.iter().filter(|versions| !versions.is_empty()) {
        markdown.push_str(&heading(2, &versions[0].name, &versions[0].title));
        markdown.push_str(&format!("{}\n\n", code(&versions[0].name)));
        markdown.push_str(&readers(sources, &versions[0].name, of));
        markdown.push_str(&table(&HEADS, versions.iter().map(row)));
    }
    Chapter { name: name.to_owned(), title: title.to_owned(), markdown }
}

/// Every clock.
pub(super) fn clocks(sources: &Sources<'_>) -> Chapter {
    let opening = "法定时限（`.statutory`）与考核目标时限（`.target`）分开列示。适用的版本由起算之日决定，先看本领域的，再看通用的；最后一日办结视为及时。";
    chapter(sources, ("clocks", "时限", opening), |usage| &usage.clocks, sources.library.clocks.values().map(of_clock).collect())
}

/// Every parameter.
pub(super) fn parameters(sources: &Sources<'_>) -> Chapter {
    let opening = "改变分子或分母、又不是时限的数额、比例和阈值。计分的区间只在考核方案中。";
    let entries = sources.library.parameters.values().map(of_parameter).collect();
    chapter(sources, ("parameters", "参数", opening), |usage| &usage.parameters, entries)
}

/// What a province confirms before it relies on it, clocks first.
pub fn unconfirmed(library: &Library) -> Vec<Version> {
    let all = library.clocks.values().flat_map(of_clock).chain(library.parameters.values().flat_map(of_parameter));
    all.filter(|version| version.confirmed.must_be_confirmed()).collect()
}

/// The same as a chapter.
pub(super) fn to_confirm(sources: &Sources<'_>) -> Chapter {
    let open = unconfirmed(sources.library);
    let mut markdown = format!(
        "# 待确认\n\n使用前须由省级法规机构确认的时限和参数版本，共 {} 项。确认后在 `clocks.toml`、`parameters.toml` 中改为 `confirmed = \"V\"` 并写明出处。\n\n",
        open.len()
    );
    let rows = open.iter().map(|version| {
        let mut cells = vec![format!("{} {}", text(&version.title), code(&version.name))];
        cells.extend(row(version));
        cells
    });
    markdown.push_str(&table(&["名称", HEADS[0], HEADS[1], HEADS[2], HEADS[3], HEADS[4]], rows));
    Chapter { name: "to-confirm".to_owned(), title: "待确认".to_owned(), markdown }
}
