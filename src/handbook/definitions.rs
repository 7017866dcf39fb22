//! Contents, indicators, populations.
//!
//! In: the library and what each definition rests on. Out: chapters. Never here: limits, tables, the scheme.

use std::collections::{BTreeMap, BTreeSet};

use super::markdown::{block, code, codes, heading, table, text};
use super::{Chapter, Sources, places};
use crate::explain::codes::{domain, tier};
use crate::library::indicator::{Better, Indicator, Rollup, Shape, Window};

/// Namespaces in the order in which the plan speaks of them, with their titles.
const NAMESPACES: [(&str, &str); 25] = [
    ("procedure", "执法程序"),
    ("recording", "音像记录"),
    ("coercion", "行政强制"),
    ("law", "法律适用"),
    ("casefile", "案卷评查"),
    ("disclosure", "公示"),
    ("data", "数据真实性"),
    ("fullcycle", "全周期跟踪"),
    ("integrity", "数据质量"),
    ("market", "市场监管"),
    ("urban", "城市管理"),
    ("eco", "生态环境"),
    ("transport", "交通运输"),
    ("emergency", "应急管理"),
    ("township", "乡镇延伸"),
    ("county", "县级执行"),
    ("city", "市级指导"),
    ("province", "省级统筹"),
    ("synergy", "跨区域协同"),
    ("inspection", "涉企检查"),
    ("penalty", "柔性执法"),
    ("hazard", "隐患整改"),
    ("innovation", "创新"),
    ("perception", "民意感知度"),
    ("burden", "企业执法负担"),
];

/// The indicators of each namespace, namespaces in the plan's order, those of a project (such as `topic`) after them under
/// their own names.
fn by_namespace<'a>(sources: &Sources<'a>) -> Vec<(&'a str, &'a str, Vec<&'a Indicator>)> {
    let mut found: BTreeMap<&str, Vec<&Indicator>> = BTreeMap::new();
    for indicator in sources.library.indicators.values() {
        found.entry(indicator.id.0.split('.').next().unwrap_or_default()).or_default().push(indicator);
    }
    let mut ordered: Vec<(&str, &str, Vec<&Indicator>)> = Vec::new();
    for (name, title) in NAMESPACES {
        ordered.extend(found.remove_entry(name).map(|(name, indicators)| (name, title, indicators)));
    }
    ordered.extend(found.into_iter().map(|(name, indicators)| (name, name, indicators)));
    ordered
}

/// The first page: what there is, with links.
pub(super) fn contents(sources: &Sources<'_>) -> Chapter {
    let library = sources.library;
    let scheme = sources.scheme.map_or("（未指定考核方案）", |scheme| scheme.title.as_str());
    let mut markdown = format!(
        "# 指标手册\n\n本手册由程序所执行的定义文件直接生成：指标 {} 项，口径 {} 个，源表 {} 张，时限 {} 项，参数 {} 项；考核方案：{}。\n\n",
        library.indicators.len(),
        library.populations.len(),
        library.tables.len(),
        library.clocks.len(),
        library.parameters.len(),
        text(scheme)
    );
    for (name, title, indicators) in by_namespace(sources) {
        markdown.push_str(&heading(2, name, title));
        let rows = indicators.iter().map(|indicator| {
            vec![
                format!("[{}](indicators-{name}.md#{})", text(&indicator.title), indicator.id.0),
                code(&indicator.id.0),
                all_or(&indicator.domains, crate::terms::DOMAINS.len(), domain),
                all_or(&indicator.tiers, 4, tier),
                places::of(sources, &indicator.id.0).map_or_else(|| "不在方案中".to_owned(), |place| text(&place.short)),
            ]
        });
        markdown.push_str(&table(&["指标", "编号", "领域", "层级", "在方案中"], rows));
    }
    Chapter { name: "index".to_owned(), title: "目录".to_owned(), markdown }
}

fn all_or(names: &[String], all: usize, word: fn(&str) -> &str) -> String {
    if names.len() == all { "全部".to_owned() } else { names.iter().map(|name| word(name)).collect::<Vec<_>>().join("、") }
}

/// One chapter a namespace.
pub(super) fn indicators(sources: &Sources<'_>) -> Vec<Chapter> {
    by_namespace(sources)
        .into_iter()
        .map(|(name, title, indicators)| {
            let mut markdown = format!("# {}\n\n", text(title));
            indicators.iter().for_each(|indicator| markdown.push_str(&one_indicator(sources, indicator)));
            Chapter { name: format!("indicators-{name}"), title: title.to_owned(), markdown }
        })
        .collect()
}

fn one_indicator(sources: &Sources<'_>, indicator: &Indicator) -> String {
    let id = indicator.id.0.as_str();
    let nothing = Default::default();
    let usage = sources.usages.get(id).unwrap_or(&nothing);
    let mut markdown = heading(2, id, &indicator.title);
    markdown.push_str(&format!("{}\n\n", code(id)));
    indicator.comment.lines().for_each(|line| markdown.push_str(&format!("{}\n\n", text(line))));
    let place = places::of(sources, id);
    let mut facts = vec![
        ("依据", text(&indicator.basis)),
        ("领域", all_or(&indicator.domains, crate::terms::DOMAINS.len(), domain)),
        ("层级", all_or(&indicator.tiers, 4, tier)),
        ("方向", better(indicator.better).to_owned()),
        ("计算窗口", window(indicator.window)),
        ("上卷", rollup(indicator.rollup).to_owned()),
        ("形式", shape(indicator.shape).to_owned()),
        ("在方案中", place.map_or_else(|| "不在本方案中".to_owned(), |place| text(&place.long))),
    ];
    facts.extend(indicator.statutory_duty.as_ref().map(|duty| ("法定职责", text(duty))));
    facts.extend(indicator.companion.as_ref().map(|other| ("制衡指标", code(&other.0))));
    facts.extend(indicator.alone.as_ref().map(|why| ("单独计算", text(why))));
    markdown.push_str(&table(&["项目", "内容"], facts.into_iter().map(|(name, says)| vec![name.to_owned(), says])));
    markdown.push_str("**计算公式**\n\n");
    markdown.push_str(&block("sql", &indicator.sql));
    let exclusions = exclusions(sources, &usage.populations);
    if !exclusions.is_empty() {
        markdown.push_str("**不计入的情形**\n\n");
        markdown.push_str(&table(&["代码", "情形", "口径"], exclusions));
    }
    let limits = super::limits::of_usage(sources, usage, &indicator.domains);
    if !limits.is_empty() {
        markdown.push_str("**时限和参数**\n\n");
        markdown.push_str(&limits);
    }
    markdown.push_str("**来源**\n\n");
    markdown.push_str(&source_fields(sources, usage));
    let populations = usage.populations.iter().map(|name| format!("[{name}](populations.md#{name})"));
    markdown.push_str(&format!("口径：{}\n\n", populations.collect::<Vec<_>>().join("、")));
    if let Some((title, example)) = sources.pages.get(id).and_then(|page| first_case(page)) {
        markdown.push_str(&format!(
            "**算例**（测试页 `tests/cases/indicators/{}.md` 的第一例：{}）\n\n",
            id.replace('.', "/"),
            text(&title)
        ));
        markdown.push_str(&format!("{example}\n\n"));
    }
    markdown
}

/// The first `##` section of a test page: its heading and the rest.
fn first_case(page: &str) -> Option<(String, String)> {
    let section = page.split("\n## ").nth(1)?;
    let (title, rest) = section.split_once('\n')?;
    let mut example = String::new();
    for line in rest.trim().lines() {
        let is_row = line.starts_with('|');
        // A line before a table must end its paragraph, or the table would be text.
        if is_row && !example.trim_end().ends_with('|') {
            example.push('\n');
        }
        example.push_str(&match (line.strip_prefix("as of "), line.strip_prefix("expect population "), line.strip_prefix("expect ")) {
            (Some(day), ..) => format!("数据截止 {day}"),
            (_, Some(name), _) => format!("口径 {} 的行：", code(name)),
            (.., Some(id)) => format!("{} 的结果：", code(id)),
            _ => line.to_owned(),
        });
        example.push('\n');
    }
    Some((title.to_owned(), example))
}

fn exclusions(sources: &Sources<'_>, populations: &BTreeSet<String>) -> Vec<Vec<String>> {
    let of = |name: &String| {
        let excluded = sources.library.populations.get(name).map(|population| &population.excluded);
        excluded.into_iter().flatten().map(|(reason, says)| vec![code(reason), text(says), code(name)]).collect::<Vec<_>>()
    };
    populations.iter().flat_map(of).collect()
}

/// Source tables with the columns that are needed.
fn source_fields(sources: &Sources<'_>, usage: &crate::compute::usage::Usage) -> String {
    let rows = usage.tables.iter().filter_map(|(name, columns)| {
        let contract = sources.library.tables.get(name)?;
        let fields = columns.iter().filter_map(|column| {
            let column = contract.column(column)?;
            Some(format!("{}（{}）", code(&column.name), text(&column.meaning)))
        });
        Some(vec![format!("[{}](tables.md#{name})", text(&contract.title)), code(name), fields.collect::<Vec<_>>().join("；")])
    });
    table(&["源表", "表名", "字段"], rows)
}

/// Every population, with who reads it.
pub(super) fn populations(sources: &Sources<'_>) -> Chapter {
    let mut readers: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (name, usage) in sources.usages {
        usage.reads.iter().for_each(|read| readers.entry(read).or_default().push(name.clone()));
    }
    let mut markdown = "# 口径\n\n口径是一次定义、多处使用的行集：哪些记录应当计入、到期与否、为何不计入。\n\n".to_owned();
    for population in sources.library.populations.values() {
        let nothing = Default::default();
        let usage = sources.usages.get(&population.name).unwrap_or(&nothing);
        markdown.push_str(&heading(2, &population.name, &population.title));
        markdown.push_str(&format!("{} · {}\n\n", code(&population.name), text(&population.grain)));
        population.comment.lines().for_each(|line| markdown.push_str(&format!("{}\n\n", text(line))));
        let own = BTreeSet::from([population.name.clone()]);
        markdown.push_str(&table(&["代码", "不计入的情形", "口径"], exclusions(sources, &own)));
        let words = population.columns.iter().map(|(column, says)| vec![code(column), text(says)]);
        markdown.push_str(&table(&["派生列", "含义"], words));
        markdown.push_str(&format!("读取：{}\n\n", codes(&usage.reads)));
        markdown.push_str(&format!("被读取：{}\n\n", codes(readers.get(population.name.as_str()).into_iter().flatten())));
        markdown.push_str(&block("sql", &population.sql));
    }
    Chapter { name: "populations".to_owned(), title: "口径".to_owned(), markdown }
}

fn better(better: Better) -> &'static str {
    match better {
        Better::Higher => "越高越好",
        Better::Lower => "越低越好",
        Better::Band => "在区间内为好",
    }
}

fn window(window: Window) -> String {
    match window {
        Window::Flow => "逐月，各月相加".to_owned(),
        Window::YearToDate => "自1月1日至各月末，每月末重新计算".to_owned(),
        Window::Rolling(months) => format!("各月末以前{months}个月，每月末重新计算"),
        Window::Stock => "各月末时点".to_owned(),
    }
}

fn rollup(rollup: Rollup) -> &'static str {
    match rollup {
        Rollup::Sum => "上级等于下级之和",
        Rollup::Recompute => "以上级为主体重新计算",
        Rollup::None => "不上卷",
    }
}

fn shape(shape: Shape) -> &'static str {
    match shape {
        Shape::Ratio => "比率：分子、分母",
        Shape::Value => "数值：值、样本数",
        Shape::Pair => "成对区域：分子、分母",
        Shape::Region => "区域数值：值、样本数",
    }
}
