//! Thirty units of a province that does not exist: what the tests render, and what people look at when they change a page.
//!
//! In: nothing. Out: one [`ReportInput`] that holds every case a page must show. Never here: randomness; figures come from a
//! multiplied counter.

use std::collections::BTreeMap;

use jiff::civil::{Date, date};
use rust_decimal::{Decimal, RoundingStrategy};

use super::input::*;
use crate::compute::measures::{Amount, Measure, Scope};
use crate::findings::tables::{Evidence, Finding};
use crate::indices::tables::{Burden, SynergyPair, SynergyRegion};
use crate::library::indicator::{Better, ShownAs};
use crate::scoring::tables::{Rank, Score, Scorecards, Status, Unit, Value};
use crate::terms::{Fraction, IndicatorId, Month, UnitId};

/// A name that tries to leave its place.
pub const HOSTILE: &str = "</script><script>alert(1)</script>\u{202e}局务商 http://evil.example";

const COUNTIES: [(&str, &str); 14] = [
    ("990101", "东林区"),
    ("990102", "南浦区"),
    ("990103", "清河县"),
    ("990104", "云溪县"),
    ("990105", "石桥县"),
    ("990106", "长岭市"),
    ("990201", "江北区"),
    ("990202", "白沙区"),
    ("990203", "临海镇区"),
    ("990204", "望山县"),
    ("990205", "平原县"),
    ("990206", "安澜县"),
    ("990207", "古渡县"),
    ("990208", "银滩市"),
];

struct Topic(&'static str, &'static str, &'static str, i64, ShownAs, &'static str);

/// id, title, node, points, shown as, definition.
const TOPICS: [Topic; 13] = [
    Topic(
        "procedure.filing_timeliness",
        "立案及时率",
        "base.procedure",
        6,
        ShownAs::Percent,
        "应当立案的线索中，在法定期限内作出立案决定的比例。依法延期的从延长后的期限计算；依法不予立案的不计入。",
    ),
    Topic(
        "procedure.hearing_compliance",
        "听证程序合规率",
        "base.procedure",
        6,
        ShownAs::Percent,
        "依法应当告知听证权利的案件中，告知、通知期限和主持人均合规的比例。",
    ),
    Topic(
        "procedure.delivery_timeliness",
        "文书送达及时率",
        "base.procedure",
        8,
        ShownAs::Percent,
        "处罚决定书在法定期限内送达当事人的比例。",
    ),
    Topic(
        "law.review_correction_rate",
        "复议诉讼纠错率",
        "base.law",
        10,
        ShownAs::Percent,
        "经行政复议、诉讼终局处理的案件中，被撤销、变更或者确认违法的比例；一案只计一次，以终局结果为准。",
    ),
    Topic(
        "data.consistency_rate",
        "执法数据一致率",
        "base.data",
        10,
        ShownAs::Percent,
        "执法系统与考核平台可比对字段完全一致的记录比例，在途记录不计入。",
    ),
    Topic(
        "domain.filing_within_7d",
        "食品药品案件7日内立案率",
        "base.domain",
        10,
        ShownAs::Percent,
        "7个工作日立案期限已到的食品药品线索中，期限内立案的比例。最后一日立案视为及时；无决定且逾期的计入分母。",
    ),
    Topic(
        "domain.closure_within_30d",
        "案件30日内办结率",
        "base.domain",
        6,
        ShownAs::Percent,
        "30日办结期限已到的案件中，期限内作出决定的比例；移送、撤销的案件两边均不计入。",
    ),
    Topic("domain.emergency_drill", "突发事件处置联动率", "base.domain", 4, ShownAs::Percent, "发生突发事件后按预案启动联动处置的比例。"),
    Topic(
        "dynamic.inspection_filing",
        "涉企检查备案率",
        "dynamic.business",
        8,
        ShownAs::Percent,
        "对企业的现场检查中，检查前已在平台备案的比例。",
    ),
    Topic(
        "dynamic.flexible_enforcement",
        "柔性执法适用率",
        "dynamic.business",
        7,
        ShownAs::Percent,
        "符合轻微免罚条件的案件中，依法适用指导、责令改正等方式的比例。",
    ),
    Topic(
        "perception.hotline_satisfaction",
        "合理诉求解决满意度",
        "dynamic.perception",
        8,
        ShownAs::Percent,
        "与行政执法直接相关、且诉求合理的热线工单中，已解决且群众评价满意的比例；未评价的不计入，另列回复率。",
    ),
    Topic("perception.survey_score", "随机抽样调查得分", "dynamic.perception", 7, ShownAs::Score, "第三方抽样问卷五分制平均分。"),
    Topic(
        "innovation.verified_cases",
        "经核验的创新案例",
        "innovation",
        10,
        ShownAs::Number,
        "提交材料并经核验的创新做法，按级别折算，达到上限计满分。",
    ),
];

fn dec(number: i64, scale: u32) -> Decimal {
    Decimal::new(number, scale)
}

fn half_up(number: Decimal, places: u32) -> Decimal {
    number.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero)
}

/// Figures that look unlike each other, the same on every run: `0..limit`.
fn figure(seed: u64, limit: u64) -> u64 {
    let mixed = (seed.wrapping_add(0x9e37_79b9_7f4a_7c15)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    ((mixed ^ (mixed >> 29)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 33) % limit
}

fn nodes() -> Vec<NodeView> {
    [
        ("base", "基础指标", "total", 60, true),
        ("base.procedure", "执法程序合规", "base", 20, false),
        ("base.law", "法律适用准确", "base", 10, false),
        ("base.data", "执法数据真实", "base", 10, false),
        ("base.domain", "领域专项", "base", 20, false),
        ("dynamic", "动态指标", "total", 30, true),
        ("dynamic.business", "优化营商环境", "dynamic", 15, false),
        ("dynamic.perception", "民意感知", "dynamic", 15, false),
        ("innovation", "创新指标", "total", 10, true),
    ]
    .map(|(id, title, parent, points, class)| NodeView {
        id: id.to_owned(),
        title: title.to_owned(),
        parent: parent.to_owned(),
        points: Decimal::from(points),
        class,
    })
    .to_vec()
}

/// The units: 12 + 8 + 6 counties in three domains, two cities, one province office, one hostile name.
fn units() -> Vec<Unit> {
    let mut units = Vec::new();
    let mut add = |id: String, name: String, tier: &str, domain: &str, region: &str, parent: Option<&str>, size: &str| {
        units.push(Unit {
            id: UnitId(id),
            name,
            tier: tier.to_owned(),
            domains: vec![domain.to_owned()],
            region: region.to_owned(),
            parent: parent.map(UnitId::from),
            size_class: size.to_owned(),
        });
    };
    add("990000-SJ".into(), "示例省市场监督管理局".into(), "province", "market", "990000", None, "large");
    add("990100-SJ".into(), "东林市市场监督管理局".into(), "city", "market", "990100", Some("990000-SJ"), "large");
    add("990200-SJ".into(), "江北市市场监督管理局".into(), "city", "market", "990200", Some("990000-SJ"), "large");
    for (domain, word, count) in [("market", "市场监督管理局", 12), ("urban", "综合行政执法局", 8), ("eco", "生态环境分局", 6)]
    {
        for (code, name) in &COUNTIES[..count] {
            let parent = if code.starts_with("9901") { "990100-SJ" } else { "990200-SJ" };
            add(format!("{code}-{domain}"), format!("{name}{word}"), "county", domain, code, Some(parent), "medium");
        }
    }
    add("990207/../x".into(), HOSTILE.to_owned(), "county", "market", "990207", Some("990200-SJ"), "medium");
    units
}

/// Numerator, denominator and status of a topic at a unit.
fn counted(unit: usize, topic: usize) -> (u64, u64, Status) {
    let seed = (unit * 131 + topic * 17) as u64;
    if topic == 7 && unit % 3 != 0 {
        return (0, 0, Status::NotApplicable);
    }
    if topic == 1 && unit % 5 == 1 {
        return (0, 0, Status::NothingDue);
    }
    let denominator = if unit == 9 { 3 + figure(seed, 4) } else { 24 + figure(seed, 420) };
    // Per mille of failures: a unit's own level, and a topic's luck.
    let bad = (figure(unit as u64 * 7 + 3, 120) + figure(seed + 7, 100) * figure(seed + 11, 160) / 100).min(300);
    let status = if topic == 4 && unit % 11 == 4 { Status::Held } else { Status::Scored };
    match topic {
        3 => (denominator * bad / 4_000, denominator, status),
        _ => (denominator - denominator * bad / 1_000, denominator, status),
    }
}

fn wilson(numerator: u64, denominator: u64) -> (Decimal, Decimal) {
    let (n, p, z) = (denominator as f64, numerator as f64 / denominator as f64, 1.96f64);
    let middle = (p + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt() / (1.0 + z * z / n);
    let as_decimal = |share: f64| dec((share * 1e6).round() as i64, 6);
    (as_decimal(middle - half), as_decimal(middle + half))
}

fn value_of(place: usize, unit: &Unit, topic: usize) -> Value {
    let Topic(id, _, node, points, shown_as, _) = &TOPICS[topic];
    let (numerator, denominator, status) = counted(place, topic);
    let known = denominator > 0;
    let share = if known { Decimal::from(numerator) / Decimal::from(denominator) } else { Decimal::ZERO };
    let value = match shown_as {
        ShownAs::Score => half_up(dec(35, 1) + share * dec(14, 1), 2),
        ShownAs::Number => Decimal::from(1 + numerator % 4),
        _ => share,
    };
    let score = match (topic, shown_as) {
        (3, _) => (Decimal::ONE - value * Decimal::from(4)).max(Decimal::ZERO) * Decimal::ONE_HUNDRED,
        (_, ShownAs::Score) => value * Decimal::from(20),
        (_, ShownAs::Number) => (value * Decimal::from(25)).min(Decimal::ONE_HUNDRED),
        _ => ((value - dec(6, 1)) / dec(38, 2) * Decimal::ONE_HUNDRED).clamp(Decimal::ZERO, Decimal::ONE_HUNDRED),
    };
    Value {
        unit: unit.id.clone(),
        domain: unit.domains[0].clone(),
        indicator: IndicatorId::from(*id),
        node: (*node).to_owned(),
        numerator: known.then(|| if *shown_as == ShownAs::Percent { Decimal::from(numerator) } else { value }),
        denominator: known.then(|| Decimal::from(denominator)),
        pending: figure((place * 7 + topic) as u64, 30) as i64,
        excluded: figure((place * 3 + topic) as u64, 9) as i64,
        value: known.then_some(value),
        interval: (known && *shown_as == ShownAs::Percent).then(|| wilson(numerator, denominator)),
        score: known.then(|| half_up(score, 2)),
        points: Decimal::from(*points),
        effective_points: if known { Decimal::from(*points) } else { Decimal::ZERO },
        target: (*shown_as == ShownAs::Percent).then(|| if topic == 3 { dec(2, 2) } else { dec(95, 2) }),
        status,
        half_width: None,
        too_few: known && denominator < 10,
        provisional: topic == 6 && place % 7 == 2,
    }
}

/// Moves weight inside each node, and sums up the tree.
fn scored(unit: &Unit, values: &mut [Value]) -> Vec<Score> {
    let mut scores: BTreeMap<String, (Decimal, Decimal)> = BTreeMap::new();
    let nodes = nodes();
    for node in &nodes {
        if values.iter().all(|value| value.node != node.id) {
            continue;
        }
        let kept: Decimal = values.iter().filter(|value| value.node == node.id).map(|value| value.effective_points).sum();
        let mut earned = Decimal::ZERO;
        for value in values.iter_mut().filter(|value| value.node == node.id && !value.effective_points.is_zero()) {
            value.effective_points = value.effective_points * node.points / kept;
            earned += value.effective_points * value.score.unwrap_or_default() / Decimal::ONE_HUNDRED;
        }
        let mut at = Some(node);
        while let Some(up) = at {
            let entry = scores.entry(up.id.clone()).or_default();
            entry.0 += earned;
            entry.1 = up.points;
            at = nodes.iter().find(|node| node.id == up.parent);
        }
        scores.entry("total".to_owned()).or_default().0 += earned;
    }
    scores.entry("total".to_owned()).or_default().1 = Decimal::ONE_HUNDRED;
    let score = |(node, (earned, points)): (String, (Decimal, Decimal))| Score {
        unit: unit.id.clone(),
        domain: unit.domains[0].clone(),
        node,
        score: Some(half_up(earned / points * Decimal::ONE_HUNDRED, 2)),
        points,
        effective_points: points,
        earned: Some(half_up(earned, 2)),
    };
    scores.into_iter().map(score).collect()
}

fn scorecards(units: &[Unit]) -> Scorecards {
    let mut cards = Scorecards::default();
    for (place, unit) in units.iter().enumerate() {
        let mut values: Vec<Value> = (0..TOPICS.len()).map(|topic| value_of(place, unit, topic)).collect();
        let scores = scored(unit, &mut values);
        let outside: Decimal = ledger().iter().filter(|entry| entry.unit == unit.id).filter_map(|entry| entry.points).sum();
        let total = scores.iter().find(|score| score.node == "total").and_then(|score| score.earned).map(|earned| earned + outside);
        let grade = total.map(|total| match total {
            total if total >= Decimal::from(90) => "优秀",
            total if total >= Decimal::from(80) => "良好",
            total if total >= Decimal::from(60) => "合格",
            _ => "不合格",
        });
        cards.ranks.push(Rank {
            unit: unit.id.clone(),
            domain: unit.domains[0].clone(),
            peer_group: format!("{} · {} · {}", unit.domains[0], unit.tier, unit.size_class),
            total,
            grade: grade.map(str::to_owned),
            rank: None,
            ranked_units: 0,
            tree_total: total,
            bonus: Decimal::ZERO,
            deduction: Decimal::ZERO,
            score_grade: None,
            vetoes: Vec::new(),
            solid_share: Decimal::ONE,
            half_width: Decimal::ZERO,
            withheld: if values.iter().any(|value| value.too_few) { Some("too_few".to_owned()) } else { None },
        });
        cards.values.extend(values);
        cards.scores.extend(scores);
    }
    let groups: BTreeMap<String, Vec<Decimal>> =
        cards.ranks.iter().filter(|rank| rank.withheld.is_none()).fold(BTreeMap::new(), |mut groups, rank| {
            groups.entry(rank.peer_group.clone()).or_insert_with(Vec::new).extend(rank.total);
            groups
        });
    for rank in cards.ranks.iter_mut().filter(|rank| rank.withheld.is_none()) {
        let totals = &groups[&rank.peer_group];
        if totals.len() < 3 {
            rank.withheld = Some("small_group".to_owned());
            continue;
        }
        rank.ranked_units = totals.len() as u32;
        rank.rank = rank.total.map(|own| 1 + totals.iter().filter(|total| **total > own).count() as u32);
    }
    cards
}

fn measures(units: &[Unit]) -> Vec<Measure> {
    let mut measures = Vec::new();
    for (place, unit) in units.iter().enumerate() {
        for (number, Topic(id, _, _, _, shown_as, _)) in TOPICS.iter().enumerate() {
            let (numerator, denominator, status) = counted(place, number);
            for month in 1..=6i8 {
                let seed = (place * 1_009 + number * 31 + month as usize) as u64;
                let n = (denominator / 6 + figure(seed, 3)) as i128;
                if denominator == 0 || figure(seed + 5, 12) == 0 {
                    continue;
                }
                let hit = (n * numerator as i128 / denominator as i128 - figure(seed + 9, 3) as i128).clamp(0, n);
                let amount = match shown_as {
                    ShownAs::Percent => Amount::Ratio(Fraction { numerator: hit * Fraction::SCALE, denominator: n * Fraction::SCALE }),
                    _ => Amount::Value { value: Some((35_000 + figure(seed, 12_000)) as i128), n: n as i64 },
                };
                measures.push(Measure {
                    indicator: IndicatorId::from(*id),
                    subject: unit.id.0.clone(),
                    domain: unit.domains[0].clone(),
                    month: Month { year: 2026, month },
                    scope: if unit.tier == "county" { Scope::Own } else { Scope::Subtree },
                    amount,
                    pending: 0,
                    excluded: 0,
                    held: status == Status::Held,
                });
            }
        }
    }
    measures
}

fn findings() -> Vec<Finding> {
    let evidence = |table: &str, record: &str, says: &str, file: &str, line| Evidence {
        table: table.to_owned(),
        record_id: record.to_owned(),
        says: says.to_owned(),
        source_file: file.to_owned(),
        source_line: line,
    };
    let finding = |detector: &str, title: &str, unit: &str, subject: &str, says: &str, q: Option<f64>, benign: &str, evidence| Finding {
        detector: detector.to_owned(),
        title: title.to_owned(),
        unit: unit.to_owned(),
        domain: unit.rsplit('-').next().unwrap_or_default().to_owned(),
        finding_id: format!("{detector}:{unit}:{subject}"),
        subject: subject.to_owned(),
        says: says.to_owned(),
        strength: 3.42,
        p_value: q.map(|q| q / 20.0),
        q_value: q,
        n: 286,
        benign_causes: benign.to_owned(),
        evidence,
    };
    let many = (0..60)
        .map(|row| {
            evidence(
                "cases",
                &format!("清市监案〔2026〕{}号", 100 + row),
                "立案日期为期限最后一日",
                "sources/cases/qinghe-2026.csv",
                1_200 + row,
            )
        })
        .collect();
    vec![
        finding(
            "deadline_heaping",
            "办结日期在期限最后一日异常集中",
            "990103-market",
            "2026-03",
            "3月份办结的 286 件案件中，有 61 件恰在期限最后一日办结，同类单位平均为 9 件。",
            Some(0.00004),
            "期限前集中审批；系统按批次回写日期；月末集体讨论。",
            many,
        ),
        finding(
            "stage_inversion",
            "办案环节时间倒置",
            "990202-urban",
            "白综执罚〔2026〕17号",
            "决定日期早于立案日期，且文书落款相互矛盾。",
            None,
            "补录历史案件；系统时钟或时区错误；立案审批表日期误填。",
            vec![
                evidence("cases", "BS-2026-0017", "决定 2026-02-11，立案 2026-02-19", "sources/cases/baisha.xlsx", 18),
                evidence(
                    "case_stages",
                    "当事人11010519491231002X",
                    "登记号形似身份证号，应在源系统中更换",
                    "sources/stages/baisha.csv",
                    402,
                ),
            ],
        ),
    ]
}

fn synergy() -> (Vec<SynergyPair>, Vec<SynergyRegion>) {
    let regions = &COUNTIES[..9];
    let mut pairs = Vec::new();
    for (a, (region, _)) in regions.iter().enumerate() {
        for (b, (neighbour, _)) in regions.iter().enumerate().filter(|(b, _)| *b != a && a.abs_diff(*b) <= 2) {
            for (index, part) in ['P', 'T', 'A', 'R', 'K'].into_iter().enumerate() {
                let seed = (a * 97 + b * 13 + index) as u64;
                let denominator = figure(seed, 30);
                let numerator = denominator - figure(seed + 3, 10).min(denominator);
                pairs.push(SynergyPair {
                    region: (*region).to_owned(),
                    neighbour: (*neighbour).to_owned(),
                    domain: "eco".to_owned(),
                    part,
                    numerator: Decimal::from(numerator),
                    denominator: Decimal::from(denominator),
                    value: (denominator > 0).then(|| Decimal::from(numerator) / Decimal::from(denominator)),
                    cross_province: a == 8,
                    median_days: None,
                });
            }
        }
    }
    let side = |(place, (region, _)): (usize, &(&str, &str))| SynergyRegion {
        region: (*region).to_owned(),
        domain: "eco".to_owned(),
        index: (place != 5).then(|| dec(62 + figure(place as u64, 36) as i64, 2)),
        neighbours_scored: if place == 5 { 0 } else { 3 },
        neighbours: 4,
        due: Decimal::from(30 + figure(place as u64, 90)),
        reason: (place == 5).then(|| "insufficient_contact".to_owned()),
    };
    (pairs, regions.iter().enumerate().map(side).collect())
}

fn burden() -> Vec<Burden> {
    let mut rows = Vec::new();
    for (scope, lift) in [("province", 0), ("990100", 4), ("990200", -3)] {
        for (number, quarter) in ["2025Q3", "2025Q4", "2026Q1", "2026Q2"].into_iter().enumerate() {
            for (part, component) in ["index", "visits", "hours", "cost"].into_iter().enumerate() {
                let index = 101 + lift - 4 * number as i64 + figure((number * 5 + part) as u64, 7) as i64;
                rows.push(Burden {
                    scope: scope.to_owned(),
                    quarter: quarter.to_owned(),
                    component: component.to_owned(),
                    index: Some(dec(index * 10 + 3, 1)),
                    interval: Some((Decimal::from(index - 6), Decimal::from(index + 7))),
                    firms: 100,
                    winsorised: 0,
                    unchanged: index - 6 <= 100 && index + 7 >= 100,
                    score: (component == "index").then(|| dec(8_000 + (100 - index) * 50, 2)),
                });
            }
        }
    }
    rows
}

fn accounting() -> Vec<AccountingRow> {
    let row = |table: &str, file: &str, sheet: &str, encoding: &str, loaded, quarantined, duplicates, filtered| AccountingRow {
        table: table.to_owned(),
        source_file: file.to_owned(),
        sheet: sheet.to_owned(),
        format: file.rsplit('.').next().unwrap_or_default().to_owned(),
        encoding: encoding.to_owned(),
        bytes_size: loaded * 311,
        bytes_read: loaded * 311,
        records_seen: loaded + quarantined + duplicates + filtered,
        expanded: 0,
        loaded,
        quarantined,
        duplicates,
        filtered,
        digest: blake3::hash(file.as_bytes()).to_hex().to_string(),
    };
    vec![
        row("cases", "sources/cases/donglin-2026.csv", "", "gb18030", 184_223, 41, 17, 0),
        row("cases", "sources/cases/qinghe-2026.csv", "", "utf-8", 92_017, 3, 0, 1_204),
        row("cases", "sources/cases/baisha.xlsx", "案件", "", 18_331, 212, 9, 0),
        row("leads", "sources/leads/2026.jsonl", "", "utf-8", 310_554, 18, 0, 0),
        row("hotline_orders", "sources/hotline/12345-2026H1.parquet", "", "", 1_204_882, 0, 126, 44_019),
        row("units", "sources/units.csv", "", "utf-8", 30, 0, 0, 0),
    ]
}

fn reason(table: &str, check: &str, says: &str, rows: u64) -> ReasonCount {
    ReasonCount { table: table.to_owned(), check: check.to_owned(), says: says.to_owned(), rows }
}

fn header(topic: &Topic) -> (IndicatorId, IndicatorView) {
    let Topic(id, title, _, _, shown_as, comment) = topic;
    let view = IndicatorView {
        title: (*title).to_owned(),
        comment: (*comment).to_owned(),
        basis: "2026考核计划 一(一)".to_owned(),
        shown_as: *shown_as,
        better: if *id == "law.review_correction_rate" { Better::Lower } else { Better::Higher },
        domains: vec!["market".to_owned()],
        ratio: *shown_as == ShownAs::Percent,
        monthly: *shown_as == ShownAs::Percent,
    };
    (IndicatorId::from(*id), view)
}

fn scheme() -> SchemeView {
    let indicator = |Topic(id, _, node, points, _, _): &Topic| SchemeIndicator {
        id: IndicatorId::from(*id),
        node: (*node).to_owned(),
        points: Decimal::from(*points),
        target: Some(dec(95, 2)),
        report_only: false,
    };
    SchemeView {
        title: "2026年度行政执法考核方案".to_owned(),
        decimals: 2,
        minimum_n: 10,
        scopes: ["province", "city"].map(|tier| (tier.to_owned(), Scope::Subtree)).into(),
        nodes: nodes(),
        indicators: TOPICS.iter().map(indicator).collect(),
    }
}

fn ledger() -> Vec<LedgerEntry> {
    let entry = |entry: &str, on: Date, kind: &str, points, says: &str, document: &str| LedgerEntry {
        unit: UnitId::from("990103-market"),
        domain: "market".to_owned(),
        entry: entry.to_owned(),
        recorded_on: on,
        kind: kind.to_owned(),
        points,
        says: says.to_owned(),
        document: document.to_owned(),
    };
    vec![
        entry("1", date(2026, 3, 12), "bonus", Some(dec(15, 1)), "跨部门数据共享做法获省级推广", "省考核办〔2026〕9号"),
        entry("2", date(2026, 5, 20), "deduction", Some(dec(-5, 1)), "一件处罚决定未按期公示", "监督通知书〔2026〕31号"),
    ]
}

/// Thirty units with everything that a page must show.
pub fn province() -> ReportInput {
    let units = units();
    let scorecards = scorecards(&units);
    let before =
        |rank: &Rank| Some(((rank.unit.clone(), rank.domain.clone()), (rank.rank? + rank.unit.0.len() as u32 * rank.rank? % 3).max(2) - 1));
    let previous = PreviousRun { as_of: Some(date(2026, 5, 31)), ranks: scorecards.ranks.iter().filter_map(before).collect() };
    let (synergy_pairs, synergy_regions) = synergy();
    let lineage = |Topic(id, ..): &Topic| {
        let definition_hash = blake3::hash(id.as_bytes()).to_hex()[..16].to_owned();
        let lineage =
            Lineage { definition_hash, clock_versions: "case_filing@2021-07-15".to_owned(), lake_versions: "cases@41,leads@40".to_owned() };
        (IndicatorId::from(*id), lineage)
    };
    let mut regions: BTreeMap<String, String> = COUNTIES.iter().map(|(code, name)| ((*code).to_owned(), (*name).to_owned())).collect();
    regions
        .extend([("990000", "示例省"), ("990100", "东林市"), ("990200", "江北市")].map(|(code, name)| (code.to_owned(), name.to_owned())));
    let tables = [
        ("cases", "行政处罚案件"),
        ("leads", "案件线索"),
        ("hotline_orders", "12345热线工单"),
        ("units", "执法主体名录"),
        ("inspections", "行政检查"),
        ("surveys", "抽样问卷"),
        ("case_stages", "办案环节"),
    ];
    ReportInput {
        tables: tables.map(|(table, title)| (table.to_owned(), title.to_owned())).into(),
        assessment: "示例省行政执法考核".to_owned(),
        period: "2026-H1".parse().expect("a period"),
        as_of: date(2026, 6, 30),
        run_id: "20260701T010203-ab12".into(),
        engine_version: "0.1.0".to_owned(),
        scheme: scheme(),
        indicators: TOPICS.iter().map(header).collect(),
        lineage: TOPICS.iter().map(lineage).collect(),
        regions,
        measures: measures(&units),
        ledger: ledger(),
        synergy_pairs,
        synergy_regions,
        burden: burden(),
        findings: findings(),
        accounting: accounting(),
        quarantine_reasons: vec![
            reason("cases", "filed_on_unreadable", "立案日期无法识别", 148),
            reason("cases", "unit_id_missing", "缺少执法主体编号", 108),
            reason("leads", "received_in_future", "收到时间晚于数据截止时间", 18),
        ],
        warnings: vec![
            reason("cases", "decided_before_filed", "决定日期早于立案日期", 27),
            reason("leads", "unknown_unit", "执法主体编号不在名录中", 5),
        ],
        held: vec![
            HeldItem {
                kind: "table".into(), name: "surveys".into(), reason: "本期未收到任何文件".into(), since: Some(date(2026, 5, 31))
            },
            HeldItem {
                kind: "indicator".into(),
                name: "data.consistency_rate".into(),
                reason: "源表 platform_records 比上次减少 41%，超过允许的 30%".into(),
                since: Some(date(2026, 5, 31)),
            },
        ],
        not_reported: vec![
            NotReported { table: "inspections".into(), unit: UnitId::from("990204-urban"), last_seen: Some(date(2026, 4, 2)) },
            NotReported { table: "inspections".into(), unit: UnitId::from("990106-eco"), last_seen: None },
        ],
        marks: vec![Mark {
            name: "food_drug_filing.target".into(),
            title: "食品药品案件立案目标时限".into(),
            confirmed: "plan".into(),
            source: "2026考核计划 一(一)".into(),
            provisional_from: Some(date(2027, 1, 1)),
        }],
        previous: Some(previous),
        units,
        scorecards,
    }
}
