//! The library against the catalogue of indicators, against the plan that it serves, and against its own house rules.
//!
//! In: the shipped `queries/`, `tests/cases/`, `catalogue.txt` (the ids of the catalogue). Out: what is missing, or breaks a rule. Never
//! here: figures.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::Path;

use datafusion::prelude::SessionContext;
use datafusion::sql::sqlparser::ast::{BinaryOperator, Expr, Function, UnaryOperator, visit_expressions_mut};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::Parser;
use kaohe::compute::check::{Depth, check_library, planning_config};
use kaohe::compute::populations::names_read;
use kaohe::diagnostics::Diagnostics;
use kaohe::library::Library;
use kaohe::library::scheme::{Scheme, read_scheme};

/// Rows of the catalogue that are no file of their own, and what they are instead.
const ELSEWHERE: [(&str, &str); 6] = [
    ("procedure.compliance", "a node of the scheme over its six parts"),
    ("eco.cross_region_synergy", "the synergy index, computed over pairs of neighbours"),
    ("burden.enterprise_burden_index", "the burden index, computed over the panel"),
    ("province.field_completeness_gate", "one definition with integrity.field_completeness"),
    ("province.cross_city_synergy", "left out, see queries/README.md"),
    ("topic.policy_topic_rate", "an extension point: any file of a project in indicators/topic/"),
];

/// The plan's wording (2026年行政执法考核创新方法探索工作计划) → what measures it.
const PLAN: [(&str, &[&str]); 33] = [
    ("“双随机一公开”覆盖率", &["market.dual_random_coverage"]),
    ("涉企行政检查频次合规率", &["market.inspection_frequency_compliance"]),
    ("7日内立案率", &["market.filing_within_7d"]),
    ("30日内办结率", &["market.closure_within_30d"]),
    ("24小时内联系率", &["market.complaint_contact_24h"]),
    ("非现场执法应用率", &["urban.offsite_enforcement_rate"]),
    ("执法冲突化解率", &["urban.conflict_resolution_rate"]),
    ("民生设施维护类执法案件群众满意度", &["urban.livelihood_satisfaction"]),
    ("跨区域执法协同效率", &["eco.cross_region_synergy"]),
    ("相邻区县联合巡查频次", &["synergy.joint_patrol_frequency"]),
    ("线索移送及时率", &["synergy.lead_transfer_timeliness"]),
    ("行政处罚与生态修复联动率", &["eco.restoration_linkage", "eco.restoration_linkage_all_penalties"]),
    ("环境监测数据执法应用率", &["eco.monitoring_data_use"]),
    ("事项清单执行准确率", &["township.item_list_accuracy"]),
    ("“一专多能”培训覆盖率", &["township.multi_skill_training"]),
    ("简易程序使用规范率", &["township.simple_procedure_compliance", "township.simple_procedure_compliance_plan_scope"]),
    (
        "立案、调查、听证、决定等环节的时限",
        &[
            "procedure.filing_timeliness",
            "procedure.investigation_timeliness",
            "procedure.hearing_compliance",
            "procedure.decision_timeliness",
            "procedure.delivery_timeliness",
        ],
    ),
    ("文书规范率", &["procedure.document_standard_rate"]),
    ("案件经行政复议或诉讼的纠错率", &["law.review_correction_rate"]),
    ("执法系统与考核平台数据一致率", &["data.consistency_rate"]),
    ("涉企执法检查备案率", &["inspection.prior_filing_rate"]),
    ("柔性执法适用率", &["penalty.flexible_enforcement_rate"]),
    ("隐患排查整改闭环率", &["hazard.closure_rate"]),
    ("重点行业执法频次达标率", &["inspection.key_industry_frequency_rate"]),
    ("非现场执法技术应用创新", &["innovation.offsite_tech_cases"]),
    ("跨部门执法数据共享案例", &["innovation.data_sharing_cases"]),
    ("化解轻微行政争议的数量", &["innovation.mediation_resolved"]),
    ("合理诉求解决满意度", &["perception.hotline_resolution_satisfaction", "perception.attitude_complaint_rate"]),
    ("政务服务“好差评”", &["perception.good_rating_rate"]),
    (
        "5分制评分，取平均分",
        &["perception.survey_mean_score", "perception.survey_transparency", "perception.survey_basis_clear", "perception.survey_guidance"],
    ),
    ("企业执法负担指数", &["burden.enterprise_burden_index", "burden.visits_per_firm", "burden.hours_per_firm", "burden.extra_cost_ratio"]),
    ("执法记录仪", &["recording.coverage"]),
    (
        "日常跟踪+阶段核验+现场抽查+第三方评估",
        &[
            "fullcycle.daily_trace_rate",
            "fullcycle.stage_verification_pass",
            "fullcycle.spot_check_agreement",
            "fullcycle.third_party_score",
        ],
    ),
];

fn shipped() -> (Library, Scheme) {
    let (library, mut diagnostics) = Library::read(None).expect("the shipped library reads");
    let (file, text) = library.scheme_text("2026").expect("the scheme is shipped");
    let scheme = read_scheme("2026", &file, text, &library.indicators, &mut diagnostics).expect("the scheme reads");
    assert!(diagnostics.is_empty(), "{}", diagnostics.to_text());
    (library, scheme)
}

#[test]
fn every_row_of_the_catalogue_is_an_indicator_or_said_to_be_something_else() {
    let (library, scheme) = shipped();
    let ids: BTreeSet<&str> = include_str!("catalogue.txt").lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(ids.len(), 149);
    let have: BTreeSet<&str> = library.indicators.keys().map(|id| id.0.as_str()).collect();
    let elsewhere: BTreeSet<&str> = ELSEWHERE.iter().map(|(id, _)| *id).collect();
    let missing: Vec<_> = ids.iter().filter(|id| !have.contains(*id) && !elsewhere.contains(*id)).collect();
    assert!(missing.is_empty(), "neither a file nor explained: {missing:?}");
    assert!(elsewhere.iter().all(|id| ids.contains(id) && !have.contains(id)), "explained although there is a file");
    // What is measured beyond the catalogue is the second figure of one of its rows.
    let further: Vec<_> = have.difference(&ids).collect();
    assert_eq!(further.len(), 4, "{further:?}");
    assert!(scheme.node("procedure.compliance").is_some());
    let notes = include_str!("../../queries/README.md");
    assert!(notes.contains("province.cross_city_synergy"), "what is left out has its reason in queries/README.md");
}

#[test]
fn everything_that_the_plan_names_is_measured_and_stands_in_the_scheme() {
    let (_, scheme) = shipped();
    let in_scheme: BTreeSet<&str> = scheme.indicators.iter().map(|scored| scored.id.0.as_str()).collect();
    for (wording, ids) in PLAN {
        for id in ids {
            assert!(in_scheme.contains(id), "{wording}: {id} is not in the scheme");
        }
    }
    assert_eq!(in_scheme.len(), scheme.indicators.len(), "an indicator stands twice in the scheme");
}

#[tokio::test]
async fn house_rules_hold_over_every_file() {
    let (library, scheme) = shipped();
    let context = SessionContext::new_with_config(planning_config());
    check_library(&context, &library, Depth::BeforeRun, &mut Diagnostics::default()).await.expect("a session can be set up");
    let in_scheme: BTreeSet<&str> = scheme.indicators.iter().map(|scored| scored.id.0.as_str()).collect();
    let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/indicators");
    let mut broken = Vec::new();
    let mut say = |id: &str, rule: &str| broken.push(format!("{id}: {rule}"));
    for indicator in library.indicators.values() {
        let id = indicator.id.0.as_str();
        let comment: Vec<&str> = indicator.comment.lines().filter(|line| !line.is_empty()).collect();
        if indicator.title.is_empty() || indicator.basis.is_empty() || comment.is_empty() {
            say(id, "title, basis and comment are required");
        }
        if indicator.title.is_ascii() {
            say(id, "the title is Chinese");
        }
        let read = names_read(&context, &indicator.sql).unwrap_or_default();
        if read.len() != 1 || !read.iter().all(|name| library.populations.contains_key(name) || library.tables.contains_key(name)) {
            say(id, "it reads one population or source table, and no indicator");
        }
        // A code that rows are compared with belongs to a population, where others can use it; one word may choose a part of it.
        let states = ["due", "pending", "excluded"];
        let words =
            indicator.sql.split('\'').skip(1).step_by(2).filter(|word| !states.contains(word) && !library.parameters.contains_key(*word));
        let parts: BTreeSet<&str> = words.collect();
        if parts.len() > 1 {
            say(id, &format!("it compares with several codes: {parts:?}"));
        }
        if indicator.sql.to_ascii_uppercase().contains(" JOIN ") {
            say(id, "joins stand in populations");
        }
        if !in_scheme.contains(id) {
            say(id, "it is not in the scheme");
        }
        let page = std::fs::read_to_string(pages.join(format!("{}.md", id.replace('.', "/")))).unwrap_or_default();
        let cases = page.matches("\n## ").count();
        if !page.contains(&format!("expect {id}\n")) || cases < 2 {
            say(id, &format!("its page has {cases} cases"));
        }
    }
    let written = written_pages();
    for population in library.populations.values() {
        for code in population.excluded.keys().filter(|code| !written.contains(&format!("| {code} |"))) {
            say(&population.name, &format!("no page tries the exclusion `{code}`"));
        }
    }
    let mut stands_in: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for indicator in library.indicators.values() {
        for condition in own_conditions(&indicator.sql) {
            stands_in.entry(condition).or_default().insert(indicator.id.0.as_str());
        }
    }
    for (condition, ids) in stands_in.iter().filter(|(_, ids)| ids.len() > 1) {
        say(&format!("{ids:?}"), &format!("`{condition}` belongs to a population"));
    }
    for population in library.populations.values() {
        if population.comment.is_empty() || population.title.is_empty() {
            say(&population.name, "a population says what it is");
        }
    }
    // The engine keeps the first side of a cross join, and makes a batch for each of its rows: a million of them took minutes.
    let detectors = library.detectors.values().map(|detector| (&detector.file, &detector.sql));
    for (file, sql) in library.populations.values().map(|population| (&population.name, &population.sql)).chain(detectors) {
        if sql.contains("CROSS JOIN (VALUES") {
            say(file, "in a cross join what has a few rows stands first");
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// Conditions that an indicator states itself, apart at AND. A column of its population, the state of a row and "before the deadline" are
/// no conditions of its own: the population states them.
fn own_conditions(sql: &str) -> BTreeSet<String> {
    let mut statements = Parser::parse_sql(&GenericDialect {}, sql).expect("an indicator is SQL");
    let mut conditions = BTreeSet::new();
    let _ = visit_expressions_mut(&mut statements, |expression| {
        if let Expr::Function(Function { filter: Some(filter), .. }) = expression {
            let mut ahead = vec![filter.as_ref().clone()];
            while let Some(condition) = ahead.pop() {
                match condition {
                    Expr::BinaryOp { left, op: BinaryOperator::And, right } => ahead.extend([*left, *right]),
                    Expr::Nested(inner) | Expr::UnaryOp { op: UnaryOperator::Not, expr: inner } => ahead.push(*inner),
                    Expr::Identifier(_) => {}
                    other => {
                        conditions.insert(other.to_string());
                    }
                }
            }
        }
        ControlFlow::<()>::Continue(())
    });
    conditions
        .retain(|condition| !condition.starts_with("state = ") && !condition.ends_with(" <= due_on") && !condition.ends_with(" <= due_at"));
    conditions
}

/// A detector is its SQL and its page, on which it speaks once and is silent once; nothing else names it.
#[test]
fn every_detector_has_a_page_on_which_it_speaks_and_is_silent() {
    let (library, _) = shipped();
    let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/findings");
    let mut broken = Vec::new();
    for detector in library.detectors.values() {
        let page = std::fs::read_to_string(pages.join(format!("{}.md", detector.name))).unwrap_or_default();
        let expected: Vec<&str> = page.split(&format!("expect findings {}\n", detector.name)).skip(1).collect();
        // A table of expectations is a heading, a line under it, and its rows.
        let is_silent = |table: &&&str| table.lines().take_while(|line| line.starts_with('|')).count() == 2;
        let silent = expected.iter().filter(is_silent).count();
        if silent == 0 || silent == expected.len() {
            broken.push(format!("{}: {} cases, {silent} of them silent", detector.name, expected.len()));
        }
        let words = [&detector.title, &detector.pattern, &detector.benign, &detector.look_at, &detector.documented];
        if words.iter().any(|words| words.is_ascii()) {
            broken.push(format!("{}: title, pattern, benign causes, what to look at and the documented case are Chinese", detector.name));
        }
        // A finding is a clue: the words of a verdict stand nowhere.
        let judges = ["造假", "弄虚作假", "欺诈", "舞弊"].iter().find(|word| detector.text.contains(**word));
        broken.extend(judges.map(|word| format!("{}: `{word}` is a verdict", detector.name)));
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    assert!(library.detectors.len() >= 27, "{} detectors", library.detectors.len());
}

/// The text of every page of `tests/cases`.
fn written_pages() -> String {
    let mut text = String::new();
    let mut ahead = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases")];
    while let Some(folder) = ahead.pop() {
        for path in std::fs::read_dir(folder).expect("pages").flatten().map(|entry| entry.path()) {
            match path.is_dir() {
                true => ahead.push(path),
                false => text.push_str(&std::fs::read_to_string(&path).expect("a page is text")),
            }
        }
    }
    text
}
