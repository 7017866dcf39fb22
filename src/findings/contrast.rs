//! Odd outcomes among marked rows against the other rows of the same unit.
//!
//! In: judged rows with a mark (`is_marked`). Out: a test for each unit, domain, table and sign. Never here: peers; what the mark means.
//!
//! p: were outcomes dealt out at random to the rows of each stratum, as many odd ones among the marked or more, over all strata together (the exact test of
//! a common odds ratio). What a stratum is (one officer's cases) the SQL says: who is lenient with everybody is compared with himself. Effect: the common odds
//! ratio (Mantel–Haenszel); it must reach `finding.peer_ratio`, the share among the marked the detector's floor, three odd rows at least. Marked rows of a
//! stratum without others have nothing to be compared with and don't count; where no stratum has others: not applicable. A row whose mark or outcome is
//! not known (`is_odd` or `is_marked` NULL) is told.

use std::collections::BTreeMap;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use futures::StreamExt;

use super::peers::Share;
use super::tables::Evidence;
use super::tail::{Drawn, common_odds_ratio, stratified_upper_tail};
use super::tested::{EvidenceOf, Tested};
use super::{Detecting, LEAST_ODD, judged, share};
use crate::error::{Context, Kind, Result};

/// Marked and other rows of a stratum, odd or not.
#[derive(Debug, Clone, Default, PartialEq)]
struct Counts {
    marked: u64,
    marked_odd: u64,
    others: u64,
    others_odd: u64,
    /// The odd marked rows.
    evidence: Vec<Evidence>,
}

impl Counts {
    fn drawn(&self) -> Drawn {
        Drawn { odd: self.marked_odd, drawn: self.marked, all_odd: self.marked_odd + self.others_odd, all: self.marked + self.others }
    }

    /// Marked rows that would be odd, were their share that of the others.
    fn expected(&self) -> f64 {
        self.marked as f64 * self.others_odd as f64 / self.others as f64
    }
}

type Key = (String, String, String, String);

/// A unit's strata, and its rows that could not be judged.
#[derive(Debug, Default)]
struct Strata {
    counts: BTreeMap<String, Counts>,
    unjudged: u64,
}

/// Tests every unit and sign.
pub(super) async fn test<'a>(detecting: &Detecting<'a>, says: &str) -> Result<Vec<Tested<'a>>> {
    let (detector, request) = (detecting.detector, detecting.request);
    let mut tests = Vec::new();
    for ((table, domain, unit, sign), strata) in read(detecting).await? {
        let tier = detecting.tiers.get(&unit).map_or("", String::as_str);
        let Strata { counts, unjudged } = strata;
        let (strata, alone): (Vec<Counts>, Vec<Counts>) = counts.into_values().partition(|counts| counts.others > 0);
        let sum = |of: fn(&Counts) -> u64| strata.iter().map(of).sum::<u64>();
        let alone: u64 = alone.iter().map(|counts| counts.marked).sum();
        let (odd, n) = (sum(|counts| counts.marked_odd), sum(|counts| counts.marked));
        let share = Share { odd, n, unjudged: unjudged + alone, ..Share::of(&unit, tier, &domain, &table) };
        if share.n < detector.minimum_n {
            let has_none_beside = share.n + alone >= detector.minimum_n;
            let why =
                if has_none_beside { Some("没有其他记录可比".to_owned()) } else { Share { unjudged, ..share.clone() }.why_none() };
            tests.push(Tested::not_made(detector, &share, &sign, share.share(), why.as_deref()));
            continue;
        }
        let drawn: Vec<Drawn> = strata.iter().map(Counts::drawn).collect();
        let (effect, effect_interval) = common_odds_ratio(&drawn);
        let usual = strata.iter().map(Counts::expected).sum::<f64>() / n.max(1) as f64;
        let ratio = request.parameter("finding.peer_ratio", Some(&share.domain))?;
        tests.push(Tested {
            detector,
            statistic: share.share(),
            usual: Some(usual),
            peers: 0,
            all_tiers: false,
            effect,
            effect_interval,
            p: Some(stratified_upper_tail(&drawn)),
            worth: share.odd >= LEAST_ODD && share.share() >= detector.floor && effect.is_none_or(|effect| effect >= ratio),
            not_applicable: None,
            says: share::filled(says, &share, usual, &sign),
            evidence: EvidenceOf::Rows(strata.into_iter().flat_map(|counts| counts.evidence).collect()),
            sign,
            share,
        });
    }
    Ok(tests)
}

/// Counts of each stratum, by table, domain, unit and sign.
async fn read(detecting: &Detecting<'_>) -> Result<BTreeMap<Key, Strata>> {
    let what = || detecting.detector.file.clone();
    let columns = detecting.detector.statistic.columns();
    let frame = detecting.frame()?.select_columns(&columns);
    let mut found: BTreeMap<Key, Strata> = BTreeMap::new();
    let mut batches = frame.context(Kind::Query, what)?.execute_stream().await.context(Kind::Query, what)?;
    while let Some(batch) = batches.next().await {
        let batch = &batch.context(Kind::Query, what)?;
        let flag = |name: &str| {
            let column = batch.column(judged::place(batch, name).expect("a column of the statistic"));
            cast(column, &DataType::Boolean).context(Kind::Query, what)
        };
        let (odd, marked) = (flag("is_odd")?, flag("is_marked")?);
        let is = |flags: &ArrayRef, row: usize| flags.is_valid(row).then(|| flags.as_boolean().value(row));
        let words = |name: &str| judged::text(batch, judged::place(batch, name).expect("a column of the statistic"));
        let (signs, strata) = (words("sign")?, words("stratum")?);
        for (place, row) in judged::recorded(batch)?.into_iter().enumerate() {
            let key = (row.evidence.table.clone(), row.domain, row.unit, signs.value(place).to_owned());
            let of_unit = found.entry(key).or_default();
            let (Some(is_marked), Some(is_odd)) = (is(&marked, place), is(&odd, place)) else {
                of_unit.unjudged += 1;
                continue;
            };
            let counts = of_unit.counts.entry(strata.value(place).to_owned()).or_default();
            let (all, all_odd) =
                if is_marked { (&mut counts.marked, &mut counts.marked_odd) } else { (&mut counts.others, &mut counts.others_odd) };
            *all += 1;
            *all_odd += u64::from(is_odd);
            if is_marked && is_odd {
                counts.evidence.push(row.evidence);
            }
        }
    }
    Ok(found)
}
