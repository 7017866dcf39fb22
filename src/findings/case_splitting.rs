//! 拆分案件: one violation is cut into several small fines.
//!
//! In: judged rows of `queries/findings/case_splitting.sql`. Out: a finding for each unit and domain that stands out. Never here: a verdict
//! on one case, the party.
//!
//! Test: share of fined cases that are part of a split, against the unit's peers (upper tail of a beta-binomial). Minimum n:
//! `finding.case_splitting.minimum_n` fined cases with party and violation on record. Effect: `finding.case_splitting.floor`, and
//! `finding.peer_ratio` times the peers. Benign causes: [`WORDS`].

use std::collections::{BTreeMap, BTreeSet};

use datafusion::prelude::DataFrame;

use super::tables::Finding;
use super::{DetectRequest, Tested, Words, finding, judged, percent, test_sign};
use crate::error::Result;

/// The detector's name.
pub const NAME: &str = "case_splitting";

const WORDS: Words = Words {
    detector: NAME,
    title: "拆分案件",
    benign_causes: "确为多次独立违法行为；同一企业多个门店、车辆或项目分别立案；非现场设备逐次抓拍；法律规定按次处罚；同一案件重复报送",
};

/// Tests every unit with enough fined cases.
pub(super) async fn test(rows: &DataFrame, request: &DetectRequest<'_>, tiers: &BTreeMap<String, String>) -> Result<Vec<Tested>> {
    let shares = judged::shares(rows, NAME, tiers).await?;
    let floor = request.parameter("finding.case_splitting.floor", None)?;
    test_sign(request, NAME, "split", shares.get("split").map_or(&[][..], Vec::as_slice), floor, 0.0)
}

/// One finding for each flagged unit and domain. Evidence: the cases of every split.
pub(super) async fn findings(rows: &DataFrame, request: &DetectRequest<'_>, flagged: &[&(Tested, f64)]) -> Result<Vec<Finding>> {
    if flagged.is_empty() {
        return Ok(Vec::new());
    }
    let units: BTreeSet<&str> = flagged.iter().map(|(test, _)| test.share.unit.as_str()).collect();
    let odd = judged::odd_rows(rows, NAME, &units).await?;
    Ok(flagged
        .iter()
        .map(|test| {
            let share = &test.0.share;
            let own = odd.iter().filter(|row| row.unit == share.unit && row.domain == share.domain);
            let evidence = own.map(|row| row.evidence.clone()).collect();
            let subject = format!("{} · {}", request.period, request.domain_word(&share.domain));
            let says = format!(
                "有罚款的 {} 件案件中，{} 件（{}）与同一当事人、同一违法行为的其他案件相隔不超过 7 日，单件均不超过简易程序罚款上限而合计超过；同类通常 {}。",
                share.n,
                share.odd,
                percent(share.share()),
                percent(test.0.usual),
            );
            finding(&WORDS, subject, says, &[*test], evidence)
        })
        .collect())
}
