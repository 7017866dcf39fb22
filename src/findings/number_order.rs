//! Document numbers that do not run with their dates: share of the documents out of line, against peers.
//!
//! In: documents, those without a number among them. Out: a test for each unit and domain; documents without a number are told, not judged. Never here: how documents get out of line ([`super::numbers`] finds the fewest
//! that must be taken out), how a share is judged ([`super::share`]).

use std::collections::BTreeMap;

use arrow::array::Array;
use arrow::record_batch::RecordBatch;

use super::Detecting;
use super::judged::{self, Recorded};
use super::numbers::{Numbered, out_of_line};
use super::peers::Share;
use super::share::{self, ShareTest};
use super::tables::Evidence;
use super::tested::{EvidenceOf, Tested};
use super::unit_by_unit::UnitByUnit;
use crate::error::Result;
use crate::library::detector::Tail;

const SIGN: &str = "文号倒序";

const SAYS: &str = "有连续文号的 {n} 件文书中，至少 {odd} 件（{share}）的文号顺序与日期顺序不一致，同类通常 {usual}。";

/// Tests every unit with enough numbered documents.
pub(super) async fn test<'a>(detecting: &Detecting<'a>) -> Result<Vec<Tested<'a>>> {
    let mut shares = Counted::new();
    let mut units = UnitByUnit::open(detecting.frame()?, detecting.detector).await?;
    while let Some(batch) = units.next().await? {
        shares.extend(of_unit(detecting, &batch)?);
    }
    let (shares, evidence): (Vec<Share>, Vec<Vec<Evidence>>) = shares.into_values().unzip();
    let test = ShareTest { tail: Tail::Upper, least_rate: 0.0, says: SAYS };
    let mut tests = share::test_sign(detecting, &test, SIGN, &shares)?;
    for (test, evidence) in tests.iter_mut().zip(evidence) {
        test.evidence = EvidenceOf::Rows(evidence);
    }
    Ok(tests)
}

type Counted = BTreeMap<(String, String, String), (Share, Vec<Evidence>)>;

/// One unit's documents by table, domain and unit: how many are out of line, and which.
fn of_unit(detecting: &Detecting<'_>, batch: &RecordBatch) -> Result<Counted> {
    let column = |name: &str| judged::place(batch, name).expect("a column of the statistic");
    let (numbers, dates) = (judged::text(batch, column("number"))?, judged::days(batch, column("dated_on"))?);
    let rows = judged::recorded(batch)?;
    let mut counted: Counted = BTreeMap::new();
    let (numbered, without): (Vec<usize>, Vec<usize>) = (0..rows.len()).partition(|place| numbers.is_valid(*place));
    for place in without {
        count_of(&mut counted, detecting, &rows[place]).0.unjudged += 1;
    }
    let document = |place: &usize| Numbered {
        unit: rows[*place].unit.clone(),
        number: numbers.value(*place).to_owned(),
        dated_on: dates[*place],
        record_id: rows[*place].evidence.record_id.clone(),
    };
    let documents: Vec<Numbered> = numbered.iter().map(document).collect();
    for (nth, why) in out_of_line(&documents) {
        let row = &rows[numbered[nth]];
        let (share, evidence) = count_of(&mut counted, detecting, row);
        share.n += 1;
        if let Some(says) = why {
            share.odd += 1;
            let judged = Some(format!("{} {}", documents[nth].number, documents[nth].dated_on));
            evidence.push(Evidence { says, judged, ..row.evidence.clone() });
        }
    }
    Ok(counted)
}

/// What is counted for the unit, domain and table of a document.
fn count_of<'c>(counted: &'c mut Counted, detecting: &Detecting<'_>, row: &Recorded) -> &'c mut (Share, Vec<Evidence>) {
    let Recorded { unit, domain, evidence } = row;
    let tier = detecting.tiers.get(unit).map_or("", String::as_str);
    let fresh = || (Share::of(unit, tier, domain, &evidence.table), Vec::new());
    counted.entry((evidence.table.clone(), domain.clone(), unit.clone())).or_insert_with(fresh)
}
