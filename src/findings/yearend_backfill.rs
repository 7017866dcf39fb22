//! 年底突击补录: old events are entered in a burst before the period ends.
//!
//! In: judged rows of `queries/findings/yearend_backfill.sql`. Out: a finding for each unit, domain and source table that stands out. Never
//! here: a verdict on one record.
//!
//! Test: two signs must both stand out, entry long after the event and entry in the last working days; each count against the unit's peers
//! (upper tail of a beta-binomial, the second never against less than an even spread over the period's working days), and p is the
//! larger of the two, which is exact for "both". Besides, both must lie `finding.yearend_backfill.z` robust deviations above the group's
//! median. Minimum n: `…minimum_n` records entered in the period. Effect: the late share reaches `…floor`, the share at the end
//! half as much again as an even spread would give. A period of which fewer than three times the last working days have passed has no
//! end to speak of, and is not judged. Benign causes: [`WORDS`]; bulk loads are left out by the SQL.

use std::collections::{BTreeMap, BTreeSet};

use datafusion::prelude::DataFrame;

use super::peers::{Compared, Peers, Share};
use super::tables::Finding;
use super::{DetectRequest, Tested, Words, finding, is_worth, judged, percent};
use crate::error::Result;
use crate::terms::epoch_days;

/// The detector's name.
pub const NAME: &str = "yearend_backfill";

const WORDS: Words = Words {
    detector: NAME,
    title: "年底突击补录",
    benign_causes: "系统切换或数据迁移未标批次；上级统一要求集中补录并有通知；接口中断后恢复补传；外勤单位定期集中录入；机构合并后移交的历史案件",
};

/// The period must be so many times longer than its end.
const LEAST_LENGTH: f64 = 3.0;

/// Working days of the period so far, and how many of them are its end.
fn working_days(request: &DetectRequest<'_>) -> Result<(f64, f64)> {
    let first = epoch_days(request.period.first.first_day()) - 1;
    let all = request.library.calendar.working_days_between(first, epoch_days(request.last_day())) as f64;
    Ok((all, request.parameter("finding.yearend_backfill.last_workdays", None)?))
}

/// Tests both signs of every unit with enough records; one test a unit, domain and table.
pub(super) async fn test(rows: &DataFrame, request: &DetectRequest<'_>, tiers: &BTreeMap<String, String>) -> Result<Vec<Tested>> {
    let (all_days, last_days) = working_days(request)?;
    if all_days < LEAST_LENGTH * last_days {
        return Ok(Vec::new());
    }
    let even = last_days / all_days;
    let mut shares = judged::shares(rows, NAME, tiers).await?;
    let (late, at_end) = (shares.remove("late").unwrap_or_default(), shares.remove("year_end").unwrap_or_default());
    let minimum_n = request.parameter("finding.yearend_backfill.minimum_n", None)? as u64;
    let minimum_peers = request.parameter("finding.minimum_peers", None)? as usize;
    let (late_peers, end_peers) = (Peers::fit(&late, minimum_n, minimum_peers), Peers::fit(&at_end, minimum_n, minimum_peers));
    let z = request.parameter("finding.yearend_backfill.z", None)?;
    let floor = request.parameter("finding.yearend_backfill.floor", None)?;
    let mut tests = Vec::new();
    // Both lists hold the same units in the same order: each judged row has every sign.
    for (late, at_end) in late.iter().zip(&at_end).filter(|(late, _)| late.n >= minimum_n) {
        let (Some(one), Some(two)) = (late_peers.compare(late, 0.0), end_peers.compare(at_end, even)) else { continue };
        let stands_out = |compared: &Compared| compared.z >= z;
        let worth = is_worth(request, late, one.usual, floor)?
            && is_worth(request, at_end, even.max(two.usual), 0.0)?
            && stands_out(&one)
            && stands_out(&two);
        tests.push(Tested { detector: NAME, share: late.clone(), sign: "late", usual: one.usual, p: one.p.max(two.p), worth });
    }
    Ok(tests)
}

/// One finding for each flagged unit, domain and table. Evidence: records that are both late and entered at the end.
pub(super) async fn findings(rows: &DataFrame, request: &DetectRequest<'_>, flagged: &[&(Tested, f64)]) -> Result<Vec<Finding>> {
    if flagged.is_empty() {
        return Ok(Vec::new());
    }
    let units: BTreeSet<&str> = flagged.iter().map(|(test, _)| test.share.unit.as_str()).collect();
    let odd = judged::odd_rows(rows, NAME, &units).await?;
    let last_days = working_days(request)?.1;
    Ok(flagged
        .iter()
        .map(|test| {
            let share = &test.0.share;
            let both = odd.iter().filter(|row| row.sign == "both" && row.evidence.table == share.table && is_of(share, &row.unit, &row.domain));
            let evidence: Vec<_> = both.map(|row| row.evidence.clone()).collect();
            let table = request.library.tables.get(&share.table).map_or(share.table.as_str(), |table| table.title.as_str());
            let subject = format!("{} · {} · {table}", request.period, request.domain_word(&share.domain));
            let says = format!(
                "本期录入的 {} 条{table}中，{} 条（{}）在事项发生很久之后才录入，同类通常 {}；其中 {} 条集中在截至 {} 的最后 {last_days} 个工作日。",
                share.n,
                share.odd,
                percent(share.share()),
                percent(test.0.usual),
                evidence.len(),
                request.last_day(),
            );
            finding(&WORDS, subject, says, &[*test], evidence)
        })
        .collect())
}

fn is_of(share: &Share, unit: &str, domain: &str) -> bool {
    share.unit == unit && share.domain == domain
}
