//! Row rules: a fact about rows, every one listed; nothing is tested.
//!
//! In: judged rows. Out: a finding for each unit, domain and table with an odd row, and how many units have none. Never here: probabilities.
//!
//! What a reviewer looks at first is where the odd rows are more than those of others: of a share `s` where others have `u`, the part `1 − u ÷ s` is the
//! unit's own (the attributable fraction among the exposed). A slip that everybody makes now and then is likelier to be how things are recorded, and
//! of a unit with a hundred of them it is not. `u` is the mean of the other units' shares of the domain and table, none of which counts for more than `s`: one
//! offender hides nobody.

use std::collections::{BTreeMap, BTreeSet};

use super::tables::{Evidence, Finding, FindingKind};
use super::{Detecting, finding_of, judged};
use crate::error::Result;

/// What everybody has keeps so much of its worth.
const LEAST_OWN_PART: f64 = 0.1;

/// The part of a unit's share that others don't have; its own share is among them all.
fn own_part(share: f64, all: &[f64]) -> f64 {
    let others = all.len().saturating_sub(1).max(1) as f64;
    let usual = (all.iter().map(|of| of.min(share)).sum::<f64>() - share) / others;
    1.0 - usual / share
}

/// How many records the evidence names.
fn records_of(evidence: &[Evidence]) -> u64 {
    evidence.iter().map(|row| row.record_id.as_str()).collect::<BTreeSet<_>>().len() as u64
}

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
    let mut shares: BTreeMap<(String, String), Vec<f64>> = BTreeMap::new();
    for (key, n) in looked_at.iter().filter(|(_, n)| **n > 0) {
        let records = odd.get(key).map_or(0, |(evidence, _)| records_of(evidence));
        shares.entry((key.1.clone(), key.2.clone())).or_default().push(records as f64 / records.max(*n) as f64);
    }
    let mut findings = Vec::new();
    for (key, (evidence, signs)) in odd {
        let records = records_of(&evidence);
        // A record may be looked at for several signs, and be judged for one alone.
        let n = looked_at.get(&key).copied().unwrap_or(0).max(records);
        let (unit, domain, table) = key;
        unremarkable.remove(&unit);
        let all = shares.get(&(domain.clone(), table.clone()));
        let parts: Vec<String> = signs.iter().map(|(sign, count)| format!("{sign} {count} 条")).collect();
        let title = detecting.request.table_title(&table);
        let says = format!("考察的 {n} 条{title}中，{records} 条属此情形：{}。", parts.join("，"));
        let strength = records as f64 / n as f64;
        let mut finding = finding_of(detecting, &unit, &domain, &table, says, evidence);
        (finding.kind, finding.strength, finding.n) = (FindingKind::Fact, strength, i64::try_from(n).unwrap_or(i64::MAX));
        finding.worth *= all.map_or(1.0, |all| own_part(strength, all)).max(LEAST_OWN_PART);
        findings.push(finding);
    }
    Ok((findings, unremarkable.len()))
}
