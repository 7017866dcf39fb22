//! Source tables: the data dictionary.
//!
//! In: the contracts. Out: one chapter. Never here: what indicators make of them.

use super::markdown::{code, codes, heading, table, text};
use super::{Chapter, Sources};
use crate::library::contract::{CheckSeverity, Column, ColumnType, Sensitivity, TableContract};

/// Every source table with its columns, codes and checks.
pub(super) fn tables(sources: &Sources<'_>) -> Chapter {
    let mut markdown =
        "# 源表\n\n每张源表的字段、别名、代码和检查。必填为空的记录不装载，进入隔离区并写明原因；警告不影响装载。\n\n".to_owned();
    let tables = sources.library.tables.values();
    let links = tables.clone().map(|contract| format!("[{}](#{})", text(&contract.title), contract.name));
    markdown.push_str(&format!("{}\n\n", links.collect::<Vec<_>>().join("、")));
    tables.for_each(|contract| markdown.push_str(&one(sources, contract)));
    Chapter { name: "tables".to_owned(), title: "源表".to_owned(), markdown }
}

fn one(sources: &Sources<'_>, contract: &TableContract) -> String {
    let mut markdown = heading(2, &contract.name, &contract.title);
    let month = contract.month.as_ref().map_or_else(|| "整表更换".to_owned(), |column| format!("按 {} 分月", code(column)));
    markdown.push_str(&format!("{} · 主键 {} · {month} · {}\n\n", code(&contract.name), codes(&contract.key), text(&contract.basis)));
    markdown.push_str(&table(&["字段", "类型", "必填", "含义", "表头别名", "代码", "可见"], contract.columns.iter().map(column)));
    let checks = contract.checks.iter().map(|check| vec![code(&check.name), severity(check.severity).to_owned(), text(&check.says)]);
    markdown.push_str(&table(&["检查", "后果", "说明"], checks));
    let references = contract.references.iter().map(|reference| {
        let title = sources.library.tables.get(&reference.table).map_or(reference.table.as_str(), |table| table.title.as_str());
        vec![code(&reference.column), format!("[{}](#{})", text(title), reference.table), code(&reference.target)]
    });
    markdown.push_str(&table(&["字段", "应见于源表", "其字段"], references));
    markdown
}

fn column(column: &Column) -> Vec<String> {
    let meaning = match &column.source {
        Some(source) => format!("{}（{}）", text(&column.meaning), text(source)),
        None => text(&column.meaning),
    };
    let labels = column.codes.iter().map(|(code_, labels)| match labels.first() {
        Some(label) => format!("{} {}", code(code_), text(label)),
        None => code(code_),
    });
    vec![
        code(&column.name),
        kind(column.kind).to_owned(),
        if column.required { "是".to_owned() } else { String::new() },
        meaning,
        column.aliases.iter().chain(&column.aliases_in_wan).map(|alias| text(alias)).collect::<Vec<_>>().join("、"),
        labels.collect::<Vec<_>>().join("、"),
        sensitivity(column.sensitivity).to_owned(),
    ]
}

fn kind(kind: ColumnType) -> &'static str {
    match kind {
        ColumnType::Text => "文本",
        ColumnType::Date => "日期",
        ColumnType::Instant => "时刻",
        ColumnType::Integer => "整数",
        ColumnType::Decimal => "小数",
        ColumnType::Boolean => "是否",
        ColumnType::List => "列表",
    }
}

fn sensitivity(sensitivity: Sensitivity) -> &'static str {
    match sensitivity {
        Sensitivity::Public => "可公开",
        Sensitivity::Internal => "内部",
        Sensitivity::Personal => "个人信息",
    }
}

fn severity(severity: CheckSeverity) -> &'static str {
    match severity {
        CheckSeverity::Quarantine => "不装载",
        CheckSeverity::Warn => "警告",
        CheckSeverity::Stop => "停止运行",
    }
}
