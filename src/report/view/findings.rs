//! Patterns for a reviewer, with their evidence: for the office's tree alone.
//!
//! In: findings. Out: one [`FindingView`] a finding. Never here: verdicts. Keys and sentences of evidence come from rows, so
//! whatever looks like a personal number in them is covered.

use std::collections::BTreeSet;

use super::Facts;
use crate::findings::tables::{Evidence, Finding};
use crate::report::names::Text;
use crate::report::numbers;
use crate::report::texts;
use crate::terms::UnitId;

/// Rows of evidence that a page lists; all of them are in the result table, and the page says so.
const EVIDENCE_ON_PAGE: usize = 50;

/// One finding.
#[derive(Debug, Clone)]
pub struct FindingView {
    /// Title of the pattern.
    pub title: Text,
    /// Domain in words.
    pub domain: Text,
    /// What it is about.
    pub subject: Text,
    /// One sentence.
    pub says: Text,
    /// Share of the records looked at that are odd.
    pub strength: String,
    /// p.
    pub p: String,
    /// q.
    pub q: String,
    /// Rows looked at.
    pub n: String,
    /// Innocent explanations.
    pub benign: Text,
    /// Evidence.
    pub evidence: Vec<EvidenceView>,
    /// That there is more of it, when there is.
    pub more: String,
}

/// One record of evidence.
#[derive(Debug, Clone)]
pub struct EvidenceView {
    /// Source table.
    pub table: Text,
    /// Record.
    pub record: Text,
    /// What is odd.
    pub says: Text,
    /// File.
    pub file: Text,
    /// Line.
    pub line: i64,
}

/// Findings of one detector over all units.
#[derive(Debug, Clone)]
pub struct DetectorView {
    /// Anchor on the page.
    pub anchor: String,
    /// Title of the pattern.
    pub title: Text,
    /// Title with the number of findings.
    pub heading: Text,
    /// Innocent explanations.
    pub benign: Text,
    /// Units concerned.
    pub units: String,
    /// Findings.
    pub count: String,
    /// Findings, strongest evidence first as the detector sorts them.
    pub rows: Vec<FindingRow>,
}

/// One finding in the list.
#[derive(Debug, Clone)]
pub struct FindingRow {
    /// Unit.
    pub unit: Text,
    /// Its page, at its findings.
    pub href: Option<String>,
    /// What it is about.
    pub subject: Text,
    /// One sentence.
    pub says: Text,
    /// q.
    pub q: String,
    /// Rows of evidence.
    pub evidence: String,
}

/// A probability with four decimals; smaller ones as a bound.
fn probability(p: Option<f64>) -> String {
    match p {
        None => texts::NONE.to_owned(),
        Some(p) if p < 0.0001 => "<0.0001".to_owned(),
        Some(p) => format!("{p:.4}"),
    }
}

/// Findings of a unit.
pub fn of_unit<'a>(facts: &Facts<'a>, unit: &'a UnitId) -> Vec<FindingView> {
    facts.findings_of(unit).into_iter().map(|row| finding(facts, row)).collect()
}

fn finding(facts: &Facts, finding: &Finding) -> FindingView {
    let all = finding.evidence.len();
    FindingView {
        title: Text::of(&finding.title),
        domain: Text::of(if finding.domain.is_empty() { "" } else { texts::domain(&finding.domain) }),
        subject: facts.subject(&finding.subject),
        says: Text::masked(&finding.says),
        strength: format!("{:.1}%", finding.strength * 100.0),
        p: probability(finding.p_value),
        q: probability(finding.q_value),
        n: numbers::count(finding.n.max(0).unsigned_abs()),
        benign: Text::of(&finding.benign_causes),
        evidence: finding.evidence.iter().take(EVIDENCE_ON_PAGE).map(|row| evidence(facts, row)).collect(),
        more: if all > EVIDENCE_ON_PAGE { texts::evidence_more(EVIDENCE_ON_PAGE, all) } else { String::new() },
    }
}

fn evidence(facts: &Facts, evidence: &Evidence) -> EvidenceView {
    EvidenceView {
        table: facts.table_name(&evidence.table),
        record: Text::masked(&evidence.record_id),
        says: Text::masked(&evidence.says),
        file: Text::masked(&evidence.source_file),
        line: evidence.source_line,
    }
}

/// All findings, by detector.
pub fn detectors(facts: &Facts) -> Vec<DetectorView> {
    let mut sorted: Vec<&Finding> = facts.input.detected.findings.iter().collect();
    sorted.sort_by(|a, b| (&a.detector, &a.unit, &a.subject, &a.finding_id).cmp(&(&b.detector, &b.unit, &b.subject, &b.finding_id)));
    let of_detector = |(number, findings): (usize, &[&Finding])| {
        let units: BTreeSet<&str> = findings.iter().map(|finding| finding.unit.as_str()).collect();
        let first = findings[0];
        DetectorView {
            anchor: format!("f{}", number + 1),
            title: Text::of(&first.title),
            heading: Text::of(&texts::finding_heading(&first.title, findings.len())),
            benign: Text::of(&first.benign_causes),
            units: numbers::count(units.len() as u64),
            count: numbers::count(findings.len() as u64),
            rows: findings.iter().map(|finding| row(facts, finding)).collect(),
        }
    };
    sorted.chunk_by(|a, b| a.detector == b.detector).enumerate().map(of_detector).collect()
}

fn row(facts: &Facts, finding: &Finding) -> FindingRow {
    let id = UnitId(finding.unit.clone());
    FindingRow {
        unit: facts.unit_name(&id),
        href: facts.unit_page(&id).map(|page| format!("{page}#findings")),
        subject: facts.subject(&finding.subject),
        says: Text::masked(&finding.says),
        q: probability(finding.q_value),
        evidence: numbers::count(finding.evidence.len() as u64),
    }
}
