//! Detectors: what each looks for, how it judges, and what a reviewer does with it.
//!
//! In: the library's detectors and parameters. Out: one chapter, a section a detector. Never here: findings.

use super::markdown::{block, code, heading, table, text};
use super::{Chapter, Sources};
use crate::library::detector::{Detector, Statistic, Tail};
use crate::report::texts;

/// The chapter.
pub(super) fn findings(sources: &Sources<'_>) -> Chapter {
    let mut markdown = format!("# {}\n\n{}\n\n{}\n\n", texts::DETECTORS, texts::FINDINGS_NOTE, texts::DETECTORS_NOTE);
    let rows = sources.library.detectors.values().map(|detector| {
        vec![format!("[{}](#{})", text(&detector.title), detector.name), code(&detector.name), how(detector), detector.severity.to_string()]
    });
    markdown.push_str(&table(&["疑点", "编号", "判定方法", "严重程度"], rows));
    for detector in sources.library.detectors.values() {
        markdown.push_str(&heading(2, &detector.name, &detector.title));
        markdown.push_str(&format!("{} · {}\n\n{}\n\n", code(&detector.name), how(detector), text(&detector.pattern)));
        detector.comment.lines().for_each(|line| markdown.push_str(&format!("{}\n\n", text(line))));
        let facts = [
            (texts::LOOK_AT, detector.look_at.as_str()),
            (texts::BENIGN, &detector.benign),
            (texts::DOCUMENTED, &detector.documented),
            (texts::BASIS, &detector.basis),
        ];
        markdown.push_str(&table(&["", ""], facts.into_iter().map(|(name, says)| vec![name.to_owned(), text(says)])));
        markdown.push_str(&table(&["界限", "数值", "来源"], limits(sources, detector)));
        markdown.push_str(&block("sql", &detector.sql));
    }
    Chapter { name: "findings".to_owned(), title: texts::DETECTORS.to_owned(), markdown }
}

fn how(detector: &Detector) -> String {
    match &detector.statistic {
        Statistic::Rule => "事实：逐条列出，不作检验".to_owned(),
        Statistic::Share { tail: Tail::Upper, .. } => "检验：异常占比高于同类（二项分布，各主体比例的对数几率服从正态分布）".to_owned(),
        Statistic::Share { tail: Tail::Lower, .. } => "检验：占比低于同类（二项分布，各主体比例的对数几率服从正态分布）".to_owned(),
        Statistic::LateBurst => "检验：迟录与期末录入同时高于同类".to_owned(),
        Statistic::NumberOrder => "检验：文号倒序占比高于同类".to_owned(),
        Statistic::Contrast { .. } => {
            "检验：有标记的记录与同一层（如同一人员）的其他记录相比，异常占比更高（各层合并，共同优势比的精确检验）".to_owned()
        }
        Statistic::LastDigits => {
            "检验：末位为 0、5 的占比高于同类（二项分布，各主体比例的对数几率服从正态分布），且十个末位数字的分布与同类相距够远（w）"
                .to_owned()
        }
        Statistic::FirstDigits => "检验：前两位数字偏离本福特定律（先过前提）".to_owned(),
        Statistic::Evenness => "检验：逐月件数的离散程度低于随机波动（χ² 下尾），且罚款集中于窄幅".to_owned(),
    }
}

/// Every threshold of a detector: those of its header, and the parameters under its name.
fn limits(sources: &Sources<'_>, detector: &Detector) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    if detector.statistic != Statistic::Rule {
        let own = || format!("{} 首部", detector.file);
        rows.push(vec![texts::MINIMUM.to_owned(), detector.minimum_n.to_string(), own()]);
        rows.push(vec![texts::FLOOR.to_owned(), detector.floor.to_string(), own()]);
        if let Statistic::Share { least_rate, .. } = detector.statistic
            && least_rate > 0.0
        {
            rows.push(vec!["对照比例不低于".to_owned(), least_rate.to_string(), own()]);
        }
    }
    if detector.is_over_domains {
        rows.push(vec!["领域".to_owned(), "合并判断".to_owned(), format!("{} 首部", detector.file)]);
    }
    let prefix = format!("finding.{}.", detector.name);
    for parameter in sources.library.parameters.values().filter(|parameter| parameter.name.starts_with(&prefix)) {
        for version in &parameter.versions {
            let of = version.domain.as_deref().map_or_else(String::new, |domain| format!("（{}）", texts::domain(domain)));
            rows.push(vec![format!("{}{of}", text(&parameter.title)), version.amount.normalize().to_string(), text(&version.source)]);
        }
    }
    rows
}
