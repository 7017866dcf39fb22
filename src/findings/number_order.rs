//! Document numbers that do not run with their dates: share of the documents out of line, against peers.
//!
//! In: numbered documents. Out: a test for each unit and domain. Never here: how documents get out of line ([`super::numbers`] finds the fewest
//! that must be taken out), how a share is judged ([`super::share`]).

use std::collections::BTreeMap;

use futures::StreamExt;

use super::numbers::{Numbered, out_of_line};
use super::peers::Share;
use super::share::{self, ShareTest};
use super::tables::Evidence;
use super::tested::{EvidenceOf, Tested};
use super::{Detecting, judged};
use crate::error::{Context, Kind, Result};
use crate::library::detector::Tail;

const SIGN: &str = "文号倒序";

const SAYS: &str = "有连续文号的 {n} 件文书中，至少 {odd} 件（{share}）的文号顺序与日期顺序不一致，同类通常 {usual}。";

/// Tests every unit with enough numbered documents.
pub(super) async fn test<'a>(detecting: &Detecting<'a>) -> Result<Vec<Tested<'a>>> {
    let what = || detecting.detector.file.clone();
    let frame = detecting.frame().await?.select_columns(&detecting.detector.statistic.columns()).context(Kind::Query, what)?;
    let (mut documents, mut rows) = (Vec::new(), Vec::new());
    let mut batches = frame.execute_stream().await.context(Kind::Query, what)?;
    while let Some(batch) = batches.next().await {
        let batch = &batch.context(Kind::Query, what)?;
        let column = |name: &str| judged::place(batch, name).expect("a column of the statistic");
        let (numbers, dates) = (judged::text(batch, column("number"))?, judged::days(batch, column("dated_on"))?);
        for (place, row) in judged::recorded(batch)?.into_iter().enumerate() {
            documents.push(Numbered {
                unit: row.unit,
                number: numbers.value(place).to_owned(),
                dated_on: dates[place],
                record_id: row.evidence.record_id.clone(),
            });
            rows.push((row.domain, row.evidence));
        }
    }
    let mut shares: BTreeMap<(String, String, String), (Share, Vec<Evidence>)> = BTreeMap::new();
    for (place, why) in out_of_line(&documents) {
        let (unit, (domain, row)) = (&documents[place].unit, &rows[place]);
        let fresh = || {
            let tier = detecting.tiers.get(unit).cloned().unwrap_or_default();
            (
                Share {
                    unit: unit.clone(),
                    tier,
                    domain: domain.clone(),
                    table: row.table.clone(),
                    odd: 0,
                    n: 0,
                    left_out: 0,
                    unjudged: 0,
                },
                Vec::new(),
            )
        };
        let (share, evidence) = shares.entry((row.table.clone(), domain.clone(), unit.clone())).or_insert_with(fresh);
        share.n += 1;
        if let Some(says) = why {
            share.odd += 1;
            evidence.push(Evidence { says, ..row.clone() });
        }
    }
    let (shares, evidence): (Vec<Share>, Vec<Vec<Evidence>>) = shares.into_values().unzip();
    let test = ShareTest { tail: Tail::Upper, least_rate: 0.0, says: SAYS };
    let mut tests = share::test_sign(detecting, &test, SIGN, &shares)?;
    for (test, evidence) in tests.iter_mut().zip(evidence) {
        test.evidence = EvidenceOf::Rows(evidence);
    }
    Ok(tests)
}
