//! Row rules: a fact about rows, every one listed; nothing is tested.
//!
//! In: judged rows. Out: a finding for each unit, domain and table with an odd row, and how many units have none. Never here: probabilities, peers.

use std::collections::{BTreeMap, BTreeSet};

use super::tables::{Evidence, Finding, FindingKind};
use super::{Detecting, finding_of, judged};
use crate::error::Result;

/// One finding for each unit, domain and source table with odd rows; and how many units had rows, none of them odd. A record that is odd in several ways is
/// one record with a line for each.
pub(super) async fn findings(detecting: &Detecting<'_>) -> Result<(Vec<Finding>, usize)> {
    let mut looked_at: BTreeMap<(String, String, String), u64> = BTreeMap::new();
    let mut finds_any = false;
    for share in detecting.shares().await?.into_values().flatten() {
        finds_any |= share.odd > 0;
        let n = looked_at.entry((share.unit, share.domain, share.table)).or_default();
        *n = (*n).max(share.n);
    }
    let mut unremarkable: BTreeSet<String> = looked_at.iter().filter(|(_, n)| **n > 0).map(|((unit, ..), _)| unit.clone()).collect();
    // Counting is one execution of the detector's query, listing another.
    if !finds_any {
        return Ok((Vec::new(), unremarkable.len()));
    }
    type OfOne = (Vec<Evidence>, BTreeMap<String, u64>);
    let mut odd: BTreeMap<(String, String, String), OfOne> = BTreeMap::new();
    for judged::JudgedRow { row, sign, .. } in judged::judged_rows(&detecting.frame()?, detecting.detector, None, true).await? {
        let (evidence, signs) = odd.entry((row.unit, row.domain, row.evidence.table.clone())).or_default();
        *signs.entry(sign).or_default() += 1;
        evidence.push(row.evidence);
    }
    let mut findings = Vec::new();
    for (key, (evidence, signs)) in odd {
        let n = looked_at.get(&key).copied().unwrap_or(0);
        let (unit, domain, table) = key;
        unremarkable.remove(&unit);
        let mut records: Vec<&str> = evidence.iter().map(|row| row.record_id.as_str()).collect();
        records.sort_unstable();
        records.dedup();
        let records = records.len() as u64;
        let parts: Vec<String> = signs.iter().map(|(sign, count)| format!("{sign} {count} 条")).collect();
        let title = detecting.request.table_title(&table);
        let says = format!("考察的 {n} 条{title}中，{records} 条属此情形：{}。", parts.join("，"));
        let strength = records as f64 / n.max(1) as f64;
        let mut finding = finding_of(detecting, &unit, &domain, &table, says, evidence);
        (finding.kind, finding.strength, finding.n) = (FindingKind::Fact, strength, i64::try_from(n).unwrap_or(i64::MAX));
        findings.push(finding);
    }
    Ok((findings, unremarkable.len()))
}
