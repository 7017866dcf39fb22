//! An explanation as text for a terminal: Chinese, columns aligned by display width.
//!
//! In: an [`Explanation`]. Out: lines. Never here: figures that the explanation does not hold.

use unicode_width::UnicodeWidthStr;

use super::codes;
use super::composites::CompositeParts;
use super::curve::{plain, shown, two};
use super::records::{Part, Record, Records, Section};
use super::results::{Scorecard, ValueRow};
use super::{Explained, Explanation};
use crate::compute::loads::began;
use crate::library::Library;
use crate::library::indicator::{Better, Shape, ShownAs};
use crate::terms::IndicatorId;

const NONE: &str = "—";

/// The explanation as text.
pub fn render(explanation: &Explanation, library: &Library) -> String {
    let name = if explanation.unit_name.is_empty() {
        explanation.unit.clone()
    } else {
        format!("{}（{}）", explanation.unit_name, explanation.unit)
    };
    let mut out = format!("{name}　考核期 {}　数据截止 {}\n", explanation.period, explanation.as_of);
    for card in &explanation.scorecards {
        scorecard(card, library, &mut out);
    }
    for explained in &explanation.indicators {
        indicator(explained, library, &mut out);
    }
    out
}

fn line(out: &mut String, text: &str) {
    out.push_str(text.trim_end());
    out.push('\n');
}

fn domain_word<'a>(library: &'a Library, domain: &'a str) -> &'a str {
    let column = library.tables.get("cases").and_then(|table| table.column("domain"));
    let label = column.and_then(|column| column.codes.iter().find(|(code, _)| code == domain)).and_then(|(_, labels)| labels.first());
    label.map_or(if domain.is_empty() { "全部领域" } else { domain }, String::as_str)
}

fn scorecard(card: &Scorecard, library: &Library, out: &mut String) {
    line(out, &format!("\n{}", domain_word(library, &card.domain)));
    let rank = match (card.rank, &card.withheld) {
        (Some(rank), _) => {
            let open = card.rank_interval.map(|(best, worst)| format!("（只计偶然因素在第 {best}–{worst} 名）")).unwrap_or_default();
            format!("第 {rank} 名{open}，共 {} 个", card.ranked_units)
        }
        (None, Some(why)) => codes::withheld(why).to_owned(),
        (None, None) => NONE.to_owned(),
    };
    let total = card.total.map_or(NONE.to_owned(), |total| total.to_string());
    let provisional = if card.withheld.as_deref().is_some_and(codes::is_uncertain) { "（暂定）" } else { "" };
    let grade = card.grade.as_deref().unwrap_or(NONE);
    let group = codes::peer_group(&card.peer_group);
    line(out, &format!("  总分 {total}　等次 {grade}{provisional}　名次 {rank}　同类组 {group}"));
    let or_none = |number: Option<_>| number.map_or(NONE.to_owned(), two);
    let classes = card
        .classes
        .iter()
        .map(|class| vec![class.title.clone(), or_none(class.score), two(class.effective_points), or_none(class.earned)]);
    table(&[("类别", false), ("得分", true), ("分值", true), ("实得", true)], &classes.collect::<Vec<_>>(), out);
    for class in card.classes.iter().filter(|class| class.is_empty) {
        line(out, &format!("  {}：{}", class.title, codes::empty_class(&class.score.map_or(String::new(), plain))));
    }
    let indicators = card.indicators.iter().map(|value| {
        let header = library.indicators.get(&IndicatorId::from(value.indicator.as_str()));
        let shown_as = header.map_or(ShownAs::Index, |header| header.shown_as);
        vec![
            or_none(value.lost),
            or_none(value.score),
            two(value.effective_points),
            value.value.map_or(NONE.to_owned(), |value| shown(value, shown_as)),
            fraction(value, header.map(|header| header.shape)),
            value.title.clone(),
            value.indicator.clone(),
            status(value),
        ]
    });
    let headings = [
        ("失分", true),
        ("得分", true),
        ("分值", true),
        ("完成值", true),
        ("分子/分母", true),
        ("指标", false),
        ("编号", false),
        ("", false),
    ];
    table(&headings, &indicators.collect::<Vec<_>>(), out);
    let adjustments = card.adjustments.iter().map(|entry| {
        let kind = codes::line_kind(&entry.kind).to_owned();
        vec![kind, entry.points.map_or(NONE.to_owned(), plain), entry.says.clone(), entry.document.clone()]
    });
    let adjustments: Vec<_> = adjustments.collect();
    if !adjustments.is_empty() {
        table(&[("加减分", false), ("分", true), ("事由", false), ("文号", false)], &adjustments, out);
    }
}

/// Numerator and denominator; of a mean or an index the number of answers.
fn fraction(value: &ValueRow, shape: Option<Shape>) -> String {
    match (value.numerator, value.denominator) {
        (Some(numerator), Some(denominator)) if matches!(shape, Some(Shape::Ratio | Shape::Pair)) => {
            format!("{}/{}", plain(numerator), plain(denominator))
        }
        (_, Some(n)) => format!("n={}", plain(n)),
        _ => NONE.to_owned(),
    }
}

fn status(value: &ValueRow) -> String {
    let word = match value.status.as_str() {
        "scored" => "",
        "not_applicable" => "不适用",
        "nothing_due" => "暂无到期事项",
        "confidential" => "答卷过少，为保护答卷人不列不计",
        "held" => "沿用上次结果",
        "absent_as_zero" => "应报未报，按零分计",
        "report_only" => "只展示，不计分",
        "missing" => "没有数值",
        other => other,
    };
    let too_few = if value.too_few { "样本不足" } else { "" };
    [word, too_few].into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join("，")
}

fn indicator(explained: &Explained, library: &Library, out: &mut String) {
    let value = &explained.value;
    line(out, &format!("\n{}　{}　{}", domain_word(library, &value.domain), value.title, value.indicator));
    if !explained.definition.is_empty() {
        line(out, "\n口径");
        explained.definition.lines().for_each(|text| line(out, &format!("  {text}")));
        line(out, &format!("  依据　{}", explained.basis));
        line(out, &format!("  定义　{}", explained.file));
    }
    if let Some(population) = &explained.population {
        line(out, &format!("  取自　{}（{}）", population.title, population.file));
    }
    line(out, "\n得分");
    let missing = || NONE.to_owned();
    let header = library.indicators.get(&IndicatorId::from(value.indicator.as_str()));
    let amount = fraction(value, header.map(|header| header.shape));
    line(
        out,
        &format!(
            "  完成值 {}　分子/分母 {amount}　目标 {}",
            explained.shown.clone().unwrap_or_else(missing),
            explained.target.clone().unwrap_or_else(missing)
        ),
    );
    line(
        out,
        &format!(
            "  得分 {}　分值 {}（方案 {}）　失分 {}　{}",
            value.score.map_or_else(missing, two),
            two(value.effective_points),
            two(value.points),
            value.lost.map_or_else(missing, two),
            status(value)
        ),
    );
    if let Some(curve) = &explained.curve {
        line(out, &format!("  曲线　{curve}"));
    }
    if let Some(composite) = &explained.composite {
        parts(composite, out);
    }
    if let Some(records) = &explained.records {
        sections(records, explained, header.map(|header| header.better).filter(|_| records.has_numerator), &amount, out);
    }
    if let Some(why) = &explained.why_no_records {
        line(out, &format!("\n记录\n  {why}"));
    }
}

/// The parts of a composite index of the unit's region.
fn parts(composite: &CompositeParts, out: &mut String) {
    line(out, &format!("\n分项　{}　{}", composite.region, composite.says));
    let rows = composite.parts.iter().map(|part| {
        let amount = part
            .numerator
            .map_or_else(|| format!("n={}", plain(part.denominator)), |done| format!("{}/{}", plain(done), plain(part.denominator)));
        vec![
            part.of.clone(),
            part.part.clone(),
            amount,
            part.value.map_or(NONE.to_owned(), |value| plain(value.round_dp(4))),
            part.note.clone(),
        ]
    });
    table(&[("对方/季度", false), ("分项", false), ("按时/到期", true), ("值", true), ("", false)], &rows.collect::<Vec<_>>(), out);
}

fn sections(records: &Records, explained: &Explained, better: Option<Better>, amount: &str, out: &mut String) {
    if explained.subjects.len() > 1 {
        line(out, &format!("\n计入本单位及下属共 {} 个主体的记录", explained.subjects.len()));
    }
    if explained.agrees == Some(false) {
        let (numerator, denominator) = records.counted.unwrap_or_default();
        line(out, &format!("\n注意：逐条核对为 {numerator}/{denominator}，与结果表的 {amount} 不一致：运行之后数据或口径有变动。"));
    }
    if records.has_numerator && records.counted.is_none() && explained.composite.is_none() {
        line(out, "\n本指标按对象去重或按数值加总，记录条数不必等于分子、分母。");
    }
    if !records.missing.is_empty() {
        line(out, &format!("\n注意：口径没有提供 {}，不能追溯到源文件的行。", records.missing.join("、")));
    }
    if records.sections.is_empty() {
        line(out, "\n没有记录。");
    }
    if records.sections.iter().flat_map(|section| &section.records).any(|record| !record.batch_id.is_empty()) {
        line(out, "\n文件和行号是所标那次装载时的位置；内容未变的月份不重新装载，此后送来的文件里位置可能不同。");
    }
    for section in &records.sections {
        one_section(section, better, explained, out);
    }
}

/// What records are for the figure, in words; `better` of an indicator whose records are judged by a numerator.
pub fn part_title(part: Part, better: Option<Better>) -> &'static str {
    match (part, better) {
        (Part::Against, Some(Better::Lower)) => "拉低得分：计入分子（越低越好）",
        (Part::Against, _) => "拉低得分：在分母、不在分子",
        (Part::Pending, _) => "未到期或尚无结果（本考核期内）",
        (Part::Excluded, _) => "剔除",
        (Part::Counted, Some(Better::Higher)) => "达标：计入分子",
        (Part::Counted, _) => "计入",
        (Part::Outside, _) => "在口径内，不进入本指标",
    }
}

fn one_section(section: &Section, better: Option<Better>, explained: &Explained, out: &mut String) {
    let (several, words) = (explained.subjects.len() > 1, &explained.words);
    let title = part_title(section.part, better);
    line(out, &format!("\n{title}　显示 {} 条，共 {} 条", section.records.len(), section.total));
    let facts: Vec<&String> = section.records.first().map(|record| record.facts.keys().collect()).unwrap_or_default();
    let has = |of: fn(&Record) -> &str| section.records.iter().any(|record| !of(record).is_empty());
    let (due, because) = (has(|record| &record.due), has(|record| &record.excluded_because));
    let mut headings = vec![("记录", false)];
    headings.extend(several.then_some(("主体", false)));
    headings.extend(due.then_some(("期限", false)));
    headings.extend(because.then_some(("剔除原因", false)));
    headings.extend(facts.iter().map(|fact| (words.column(fact), false)));
    headings.extend([("源文件", false), ("行", true)]);
    let load = has(|record| &record.batch_id);
    headings.extend(load.then_some(("装载", false)));
    let rows = section.records.iter().map(|record| {
        let mut cells = vec![words.key(&record.record_id)];
        cells.extend(several.then(|| record.unit.clone()));
        cells.extend(due.then(|| record.due.clone()));
        cells.extend(because.then(|| words.exclusion(&record.excluded_because).to_owned()));
        let shown =
            |fact: &&String| record.facts.get(*fact).filter(|value| !value.is_empty()).map_or(NONE, |value| words.value(fact, value));
        cells.extend(facts.iter().map(|fact| shown(fact).to_owned()));
        cells.extend([record.source_file.clone(), record.source_line.map_or(String::new(), |line| line.to_string())]);
        cells.extend(load.then(|| began(&record.batch_id)));
        cells
    });
    table(&headings, &rows.collect::<Vec<_>>(), out);
    for (record, sent) in section.records.iter().filter_map(|record| Some((record, record.as_sent.as_ref()?))) {
        let cells: Vec<String> = sent.cells.iter().map(|(header, cell)| format!("{header}={}", printable(cell))).collect();
        line(out, &format!("  原文 {} 行 {}：{}", words.key(&record.record_id), sent.line, cells.join("；")));
    }
    if (section.records.len() as i64) < section.total {
        line(out, "  全部显示请加 --all");
    }
}

/// Columns as wide as their widest cell; `true` = to the right.
fn table(headings: &[(&str, bool)], rows: &[Vec<String>], out: &mut String) {
    if rows.is_empty() {
        return;
    }
    let widths: Vec<usize> = headings
        .iter()
        .enumerate()
        .map(|(column, (heading, _))| rows.iter().map(|row| printable(&row[column]).width()).chain([heading.width()]).max().unwrap_or(0))
        .collect();
    let titles = headings.iter().map(|(heading, _)| (*heading).to_owned()).collect::<Vec<_>>();
    for row in [&titles].into_iter().chain(rows) {
        let cells = row.iter().zip(&widths).zip(headings).map(|((cell, width), (_, to_right))| {
            let cell = printable(cell);
            let gap = " ".repeat(width.saturating_sub(cell.width()));
            if *to_right { format!("{gap}{cell}") } else { format!("{cell}{gap}") }
        });
        line(out, &format!("  {}", cells.collect::<Vec<_>>().join("  ")));
    }
}

/// Text from data can't move the cursor or break the line.
fn printable(cell: &str) -> String {
    cell.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}
