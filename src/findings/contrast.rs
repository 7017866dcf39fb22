//! Odd outcomes among marked rows against the other rows of the same unit.
//!
//! In: judged rows with a mark (`is_marked`). Out: a test for each unit, domain, table and sign. Never here: peers; what the mark means.
//!
//! p: Fisher's exact test, upper tail of the hypergeometric law: were outcomes dealt out to the unit's rows at random, as many among the marked ones or more.
//! That is the limit of a permutation test with all permutations. Effect: odds among the marked against the odds among the others; it must
//! reach `finding.peer_ratio`, the share among the marked the detector's floor, three odd rows at least. Without other rows there is nothing to compare with: not
//! applicable.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use datafusion::prelude::col;
use futures::StreamExt;

use super::peers::Share;
use super::tables::Evidence;
use super::tail::hypergeometric_upper_tail;
use super::tested::{EvidenceOf, Tested};
use super::usual_rate::UsualRate;
use super::{Detecting, LEAST_ODD, judged, share};
use crate::error::{Context, Kind, Result};

/// Marked and other rows of a unit, odd or not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Counts {
    marked: u64,
    marked_odd: u64,
    others: u64,
    others_odd: u64,
}

type Key = (String, String, String, String);

/// Tests every unit and sign.
pub(super) async fn test<'a>(detecting: &Detecting<'a>, says: &str) -> Result<Vec<Tested<'a>>> {
    let (detector, request) = (detecting.detector, detecting.request);
    let mut tests = Vec::new();
    for ((table, domain, unit, sign), (counts, evidence)) in read(detecting).await? {
        let tier = detecting.tiers.get(&unit).cloned().unwrap_or_default();
        let share = Share { unit, tier, domain, table, odd: counts.marked_odd, n: counts.marked, left_out: 0, unjudged: 0 };
        if counts.marked < detector.minimum_n {
            tests.push(Tested::not_made(detector, &share, &sign, share.share(), None));
            continue;
        }
        if counts.others == 0 {
            tests.push(Tested::not_made(detector, &share, &sign, share.share(), Some("没有其他记录可比")));
            continue;
        }
        let usual = UsualRate::counted(counts.others_odd, counts.others, 0.0, 1);
        let (effect, effect_interval) = usual.odds_ratio(share.odd, share.n);
        let ratio = request.parameter("finding.peer_ratio", Some(&share.domain))?;
        let p = hypergeometric_upper_tail(share.odd, share.n, share.odd + counts.others_odd, share.n + counts.others);
        tests.push(Tested {
            detector,
            statistic: share.share(),
            usual: Some(usual.share),
            peers: 0,
            all_tiers: false,
            effect,
            effect_interval,
            p: Some(p),
            worth: share.odd >= LEAST_ODD && share.share() >= detector.floor && effect.is_none_or(|effect| effect >= ratio),
            not_applicable: None,
            says: share::filled(says, &share, usual.share, &sign),
            evidence: EvidenceOf::Rows(evidence),
            sign,
            share,
        });
    }
    Ok(tests)
}

/// Counts and the odd marked rows, by table, domain, unit and sign.
async fn read(detecting: &Detecting<'_>) -> Result<BTreeMap<Key, (Counts, Vec<Evidence>)>> {
    let what = || detecting.detector.file.clone();
    let columns = detecting.detector.statistic.columns();
    let frame = detecting.frame().await?.filter(col("is_odd").is_not_null()).and_then(|frame| frame.select_columns(&columns));
    let mut found: BTreeMap<Key, (Counts, Vec<Evidence>)> = BTreeMap::new();
    let mut batches = frame.context(Kind::Query, what)?.execute_stream().await.context(Kind::Query, what)?;
    while let Some(batch) = batches.next().await {
        let batch = &batch.context(Kind::Query, what)?;
        let flag = |name: &str| {
            let column = batch.column(judged::place(batch, name).expect("a column of the statistic"));
            cast(column, &DataType::Boolean).context(Kind::Query, what)
        };
        let (odd, marked) = (flag("is_odd")?, flag("is_marked")?);
        let is = |flags: &arrow::array::ArrayRef, row: usize| flags.is_valid(row) && flags.as_boolean().value(row);
        let signs = judged::text(batch, judged::place(batch, "sign").expect("a column of the statistic"))?;
        for (place, row) in judged::recorded(batch)?.into_iter().enumerate() {
            let key = (row.evidence.table.clone(), row.domain, row.unit, signs.value(place).to_owned());
            let (counts, evidence) = found.entry(key).or_default();
            match (is(&marked, place), is(&odd, place)) {
                (true, is_odd) => {
                    counts.marked += 1;
                    if is_odd {
                        counts.marked_odd += 1;
                        evidence.push(row.evidence);
                    }
                }
                (false, is_odd) => {
                    counts.others += 1;
                    counts.others_odd += u64::from(is_odd);
                }
            }
        }
    }
    Ok(found)
}
