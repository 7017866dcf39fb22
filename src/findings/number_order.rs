//! Document numbers that do not run with their dates: share of the documents out of line, against peers.
//!
//! In: numbered documents. Out: a test for each unit and domain. Never here: how documents get out of line ([`super::numbers`] finds the fewest
//! that must be taken out).

use std::collections::BTreeMap;

use arrow::array::AsArray;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type};

use super::numbers::{Numbered, out_of_line};
use super::peers::{Peers, Share};
use super::tables::Evidence;
use super::tested::{EvidenceOf, Tested, odds_ratio};
use super::{Detecting, LEAST_ODD, judged, percent};
use crate::error::{Context, Kind, Result};

const SIGN: &str = "文号倒序";

/// Tests every unit with enough numbered documents.
pub(super) async fn test<'a>(detecting: &Detecting<'a>) -> Result<Vec<Tested<'a>>> {
    let (detector, request) = (detecting.detector, detecting.request);
    let what = || detector.file.clone();
    let columns = detector.statistic.columns();
    let frame = detecting.frame().await?.select_columns(&columns).context(Kind::Query, what)?;
    let place = |name: &str| columns.iter().position(|column| *column == name).expect("a column of the statistic");
    let (mut documents, mut rows) = (Vec::new(), Vec::new());
    for batch in &frame.collect().await.context(Kind::Query, what)? {
        let [units, domains, tables, records, files, numbers] =
            ["unit_id", "domain", "source_table", "record_id", "source_file", "number"].map(|name| judged::text(batch, place(name)));
        let (units, domains, tables, records, files, numbers) = (units?, domains?, tables?, records?, files?, numbers?);
        let lines = judged::integers(batch, place("source_line"))?;
        let dates = cast(batch.column(place("dated_on")), &DataType::Date32).context(Kind::Query, what)?;
        let dates = dates.as_primitive::<Date32Type>();
        for row in 0..batch.num_rows() {
            let (unit, record_id) = (units.value(row).to_owned(), records.value(row).to_owned());
            documents.push(Numbered {
                unit,
                number: numbers.value(row).to_owned(),
                dated_on: dates.value(row),
                record_id: record_id.clone(),
            });
            let evidence = Evidence {
                table: tables.value(row).to_owned(),
                record_id,
                says: String::new(),
                source_file: files.value(row).to_owned(),
                source_line: lines[row].unwrap_or(0),
            };
            rows.push((domains.value(row).to_owned(), evidence));
        }
    }
    let mut shares: BTreeMap<(String, String, String), (Share, Vec<Evidence>)> = BTreeMap::new();
    for (place, why) in out_of_line(&documents) {
        let (unit, (domain, row)) = (&documents[place].unit, &rows[place]);
        let fresh = || {
            let tier = detecting.tiers.get(unit).cloned().unwrap_or_default();
            (Share { unit: unit.clone(), tier, domain: domain.clone(), table: row.table.clone(), odd: 0, n: 0 }, Vec::new())
        };
        let (share, evidence) = shares.entry((row.table.clone(), domain.clone(), unit.clone())).or_insert_with(fresh);
        share.n += 1;
        if let Some(says) = why {
            share.odd += 1;
            evidence.push(Evidence { says, ..row.clone() });
        }
    }
    let minimum_peers = request.parameter("finding.minimum_peers", None)? as usize;
    let all: Vec<Share> = shares.values().map(|(share, _)| share.clone()).collect();
    let peers = Peers::fit(&all, detector.minimum_n, minimum_peers);
    let mut tests = Vec::new();
    for (share, evidence) in shares.into_values() {
        if share.n < detector.minimum_n {
            tests.push(Tested::not_made(detector, &share, SIGN, share.share(), None));
            continue;
        }
        let Some(compared) = peers.compare(&share, 0.0) else {
            let why = format!("同类中记录数足够的主体不足 {minimum_peers} 个");
            tests.push(Tested::not_made(detector, &share, SIGN, share.share(), Some(&why)));
            continue;
        };
        let (effect, effect_interval) = odds_ratio(share.odd, share.n, compared.usual);
        let ratio = request.parameter("finding.peer_ratio", Some(&share.domain))?;
        let worth = share.odd >= LEAST_ODD && share.share() >= detector.floor && effect.is_none_or(|effect| effect >= ratio);
        let says = format!(
            "有连续文号的 {} 件文书中，至少 {} 件（{}）的文号顺序与日期顺序不一致，同类通常 {}。",
            share.n,
            share.odd,
            percent(share.share()),
            percent(compared.usual),
        );
        tests.push(Tested {
            detector,
            sign: SIGN.to_owned(),
            statistic: share.share(),
            usual: Some(compared.usual),
            peers: compared.peers,
            all_tiers: compared.all_tiers,
            effect,
            effect_interval,
            p: Some(compared.p),
            worth,
            not_applicable: None,
            says,
            evidence: EvidenceOf::Rows(evidence),
            share,
        });
    }
    Ok(tests)
}
