//! What stands beside the sources: `kaohe.toml`, `README.md`, `answers.csv`.
//!
//! In: what was generated. Out: three texts. Never here: rows of source tables.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use crate::error::{Context, Error, Kind, Result};
use crate::library::contract::TableContract;
use crate::simulate::offices::FileFormat;
use crate::simulate::{Planting, SimulationFormat, SimulationRequest};

/// One line of the answer key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Answer {
    pub pattern: &'static str,
    pub unit_id: String,
    /// Which occurrence: a quota's parent, a split's group; empty where the unit is one occurrence.
    pub group: String,
    pub records: Vec<String>,
    /// The share of the unit's work that shows the pattern, as the key writes it; nothing for what is planted while cases are drawn.
    pub strength: String,
}

/// First line of a generated project file: the mark by which a later run knows that the folder is its own.
const MARK: &str = "# 由 kaohe simulate 生成的示例项目：省是虚构的，区划代码是真实的。";

/// Divisions and the names of their agencies are real, so every page says that nothing else is.
const NOTICE: &str = "示例数据：单位、案件、人员与得分均为虚构，与现实中的同名机构无关";

/// Takes the sources of an earlier simulation away, so that none of its files is loaded with the new ones.
///
/// # Errors
/// Sources that no simulation wrote are left alone, and refused.
pub(super) fn clear(out: &Path) -> Result<()> {
    let sources = out.join("sources");
    if !sources.exists() {
        return std::fs::create_dir_all(out).context(Kind::Environment, || format!("creating {}", out.display()));
    }
    let own = std::fs::read_to_string(out.join("kaohe.toml")).is_ok_and(|text| text.starts_with(MARK));
    if !own {
        let message = format!("{} has sources that `kaohe simulate` did not write", out.display());
        return Err(Error::new(Kind::Configuration, message).with_hint("choose a new folder"));
    }
    std::fs::remove_dir_all(&sources).context(Kind::Environment, || format!("removing {}", sources.display()))
}

/// The platform's side of units that have no interface to it, out of their own cases.
const PLATFORM_FROM_CASES: &str = "\
-- One decided case of a unit without an interface = one record of the platform.
-- Both sides then come from one export: kaohe sees it and leaves these pairs out of the comparison.
SELECT concat('PT', \"案号\") AS platform_id,
       'cases' AS source_table,
       \"行政处罚决定书文号\" AS key_text,
       \"执法单位编码\" AS unit_id,
       \"执法领域\" AS domain,
       \"决定日期\" AS event_date,
       \"决定日期\" AS decided_on,
       \"行政处罚决定书文号\" AS decision_no,
       \"罚款数额\" AS fine_amount,
       \"当事人代码\" AS party_code,
       \"案件结果\" AS outcome,
       \"修改时间\" AS arrived_at,
       source_line
FROM source
WHERE \"决定日期\" <> '' AND \"行政处罚决定书文号\" <> ''
";

/// Writes the project file.
pub(super) fn write_project(
    out: &Path,
    request: &SimulationRequest,
    contracts: &BTreeMap<String, TableContract>,
    rows: &BTreeMap<String, u64>,
) -> Result<()> {
    let mut text = format!("{MARK}\n");
    let _ = writeln!(text, "name = \"示例省\"\nscheme = \"2026\"\nperiod = \"{}\"", request.as_of.year());
    let _ = writeln!(text, "\n[report]\nnotice = \"{NOTICE}\"");
    for table in contracts.keys().filter(|table| rows.get(*table).is_some_and(|rows| *rows > 0)) {
        let format = match request.format {
            SimulationFormat::Parquet => FileFormat::Parquet,
            SimulationFormat::Offices => FileFormat::of(table),
        };
        let _ = writeln!(text, "\n[[source]]\ntable = \"{table}\"\npath = \"sources/{table}/*.{}\"", format.ending());
        if format == FileFormat::ChineseCsv {
            text.push_str("encoding = \"gb18030\"\n");
        }
    }
    if request.format == SimulationFormat::Offices {
        let province = &request.province;
        let _ = writeln!(text, "\n# 省级单位没有平台接口：其“平台记录”取自它自己的导出文件，比对不能证明什么。");
        let _ = writeln!(text, "[[source]]\ntable = \"platform_records\"\npath = \"sources/cases/cases_{province}.csv\"");
        let _ = writeln!(text, "encoding = \"gb18030\"\nmapping = \"mapping/platform_from_cases.sql\"");
        let folder = out.join("mapping");
        std::fs::create_dir_all(&folder).context(Kind::Environment, || format!("creating {}", folder.display()))?;
        write_text(&folder.join("platform_from_cases.sql"), PLATFORM_FROM_CASES)?;
    }
    write_text(&out.join("kaohe.toml"), &text)
}

/// Writes the answer key, sorted.
pub(super) fn write_answers(out: &Path, plant: Planting, answers: &[Answer]) -> Result<()> {
    let (heading, has_strength) = if plant == Planting::Usual { ("", false) } else { (",strength", true) };
    let mut text = format!("pattern,unit_id,group,records{heading}\n");
    for answer in answers {
        let _ = write!(text, "{},{},{},{}", answer.pattern, answer.unit_id, answer.group, answer.records.join(";"));
        let _ = if has_strength { writeln!(text, ",{}", answer.strength) } else { writeln!(text) };
    }
    write_text(&out.join("answers.csv"), &text)
}

/// Writes the page that says what is planted.
pub(super) fn write_readme(
    out: &Path,
    request: &SimulationRequest,
    rows: &BTreeMap<String, u64>,
    answers: &[Answer],
    dirt: &BTreeMap<String, BTreeMap<&'static str, u64>>,
) -> Result<()> {
    let mut text =
        String::from("# 示例省\n\n由 `kaohe simulate` 生成；单位、人员、企业、案件均为虚构，区划代码与相邻关系取自公开资料。\n\n");
    let _ = writeln!(
        text,
        "参数：单位 {}，月数 {}，案件约 {}，种子 {}，统计截止 {}{}。\n",
        request.units,
        request.months,
        request.cases,
        request.seed,
        request.as_of,
        request.night.map_or(String::new(), |night| format!("，其后第 {night} 夜"))
    );
    let format = if request.format == SimulationFormat::Parquet { " --format parquet" } else { "" };
    let province = if request.province == "330000" { String::new() } else { format!(" --province {}", request.province) };
    let night = request.night.map_or(String::new(), |night| format!(" --night {night}"));
    let plant = match request.plant {
        Planting::Usual => "",
        Planting::Nothing => " --plant none",
        Planting::Every => " --plant every",
    };
    let _ = writeln!(
        text,
        "命令：`kaohe simulate --units {} --months {} --cases {} --seed {} --as-of {}{format}{province}{night}{plant} --out DIR`\n",
        request.units, request.months, request.cases, request.seed, request.as_of,
    );
    text.push_str("## 数据表\n\n| 表 | 行数 |\n|---|---|\n");
    for (table, rows) in rows {
        let _ = writeln!(text, "| {table} | {rows} |");
    }
    text.push_str("\n## 埋入的造假（答案在 answers.csv，不在 sources/ 内）\n\n| 模式 | 单位数 | 记录数 |\n|---|---|---|\n");
    let mut patterns: BTreeMap<&str, (std::collections::BTreeSet<&str>, usize)> = BTreeMap::new();
    for answer in answers {
        let entry = patterns.entry(answer.pattern).or_default();
        entry.0.insert(&answer.unit_id);
        entry.1 += answer.records.len();
    }
    for (pattern, (units, records)) in patterns {
        let _ = writeln!(text, "| {pattern} | {} | {records} |", units.len());
    }
    if !dirt.is_empty() {
        text.push_str("\n## 埋入的脏数据\n\n| 表 | 种类 | 行数 |\n|---|---|---|\n");
        for (table, kinds) in dirt {
            for (kind, rows) in kinds {
                let _ = writeln!(text, "| {table} | {kind} | {rows} |");
            }
        }
    }
    write_text(&out.join("README.md"), &text)
}

fn write_text(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).context(Kind::Environment, || format!("writing {}", path.display()))
}
