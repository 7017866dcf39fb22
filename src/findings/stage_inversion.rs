//! 程序时间倒置、倒签: the steps of a case are dated in an order that can't have happened.
//!
//! In: judged rows of `queries/findings/stage_inversion.sql` and the numbers of `stage_inversion_numbers.sql`. Out: a finding for each unit
//! and domain that stands out. Never here: a verdict on one case.
//!
//! Test: for each of four signs (order of dates, notice period, rest day, document numbers) the count of odd cases against the unit's peers,
//! upper tail of a beta-binomial. Order alone is also tested without peers, against the rate of typing errors. Minimum n:
//! `finding.stage_inversion.minimum_n` cases that could show the sign. Effect: `finding.stage_inversion.floor` for order, `…habit_floor` for the other
//! three, which are often a habit of the office or its system. Benign causes: [`WORDS`].

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Int64Type};
use datafusion::prelude::{DataFrame, SessionContext};

use super::judged::{self, OddRow};
use super::numbers::{Numbered, out_of_line};
use super::peers::Share;
use super::tables::{Evidence, Finding};
use super::{DetectRequest, Tested, Words, finding, percent, test_sign};
use crate::error::{Context, Kind, Result};

/// The detector's name.
pub const NAME: &str = "stage_inversion";
const NUMBERS: &str = "stage_inversion_numbers";

const WORDS: Words = Words {
    detector: NAME,
    title: "程序时间倒置（倒签）",
    benign_causes: "日期录入差错；系统预编文号或多个文号簿并用；告知后变更重新告知，只录了后一次；当事人当场陈述申辩或书面放弃但文书未录入；值班日集中审批；系统升级时批量补填日期",
};

/// Signs in the order in which a finding speaks of them.
const SIGNS: [(&str, &str); 4] = [
    ("order", "步骤日期前后颠倒"),
    ("short_notice", "告知至决定的工作日不足且无放弃陈述申辩文书"),
    ("rest_day", "决定日期落在休息日"),
    ("number", "文号顺序与决定日期顺序不一致"),
];

/// What the detector reads.
pub(super) struct Rows {
    frame: DataFrame,
    numbers: Vec<OddRow>,
    number_shares: BTreeMap<(String, String), (u64, u64)>,
}

impl Rows {
    /// Plans the judged rows, and reads and judges the numbers.
    pub(super) async fn read(context: &SessionContext, request: &DetectRequest<'_>) -> Result<Self> {
        let mut rows = Self { frame: judged::rows(context, request, NAME).await?, numbers: Vec::new(), number_shares: BTreeMap::new() };
        let what = || format!("queries/findings/{NUMBERS}.sql");
        let batches = judged::rows(context, request, NUMBERS).await?.collect().await.context(Kind::Query, what)?;
        let (mut documents, mut places) = (Vec::new(), Vec::new());
        for batch in &batches {
            let [units, domains, records, files] = [0, 1, 2, 3].map(|index| judged::text(batch, index));
            let (units, domains, records, files, numbers) = (units?, domains?, records?, files?, judged::text(batch, 5)?);
            let lines = cast(batch.column(4), &DataType::Int64).context(Kind::Query, what)?;
            let dates = cast(batch.column(6), &DataType::Date32).context(Kind::Query, what)?;
            let (lines, dates) = (lines.as_primitive::<Int64Type>(), dates.as_primitive::<Date32Type>());
            for row in 0..batch.num_rows() {
                let (unit, record_id) = (units.value(row).to_owned(), records.value(row).to_owned());
                documents.push(Numbered { unit, number: numbers.value(row).to_owned(), dated_on: dates.value(row), record_id });
                let line = if lines.is_valid(row) { lines.value(row) } else { 0 };
                places.push((domains.value(row).to_owned(), files.value(row).to_owned(), line));
            }
        }
        for (place, why) in out_of_line(&documents) {
            let (document, (domain, source_file, source_line)) = (&documents[place], &places[place]);
            let counts = rows.number_shares.entry((document.unit.clone(), domain.clone())).or_default();
            counts.1 += 1;
            if let Some(says) = why {
                counts.0 += 1;
                let (table, record_id, source_file) = ("cases".to_owned(), document.record_id.clone(), source_file.clone());
                let evidence = Evidence { table, record_id, says, source_file, source_line: *source_line };
                rows.numbers.push(OddRow { unit: document.unit.clone(), domain: domain.clone(), sign: "number".to_owned(), evidence });
            }
        }
        Ok(rows)
    }
}

/// Tests every sign of every unit with enough cases.
pub(super) async fn test(rows: &Rows, request: &DetectRequest<'_>, tiers: &BTreeMap<String, String>) -> Result<Vec<Tested>> {
    let mut shares = judged::shares(&rows.frame, NAME, tiers).await?;
    let numbers = rows.number_shares.iter().map(|((unit, domain), (odd, n))| Share {
        unit: unit.clone(),
        tier: tiers.get(unit).cloned().unwrap_or_default(),
        domain: domain.clone(),
        table: "cases".to_owned(),
        odd: *odd,
        n: *n,
    });
    shares.insert("number".to_owned(), numbers.collect());
    let floor = request.parameter("finding.stage_inversion.floor", None)?;
    let habit = request.parameter("finding.stage_inversion.habit_floor", None)?;
    let typing_errors = request.parameter("finding.stage_inversion.typing_errors", None)?;
    let mut tests = Vec::new();
    for (sign, _) in SIGNS {
        let (floor, least_rate) = if sign == "order" { (floor, typing_errors) } else { (habit, 0.0) };
        tests.extend(test_sign(request, NAME, sign, shares.get(sign).map_or(&[][..], Vec::as_slice), floor, least_rate)?);
    }
    Ok(tests)
}

/// One finding for each unit and domain with a flagged sign. Evidence: the odd cases of its flagged signs, and every case whose order of dates
/// is broken.
pub(super) async fn findings(rows: &Rows, request: &DetectRequest<'_>, flagged: &[&(Tested, f64)]) -> Result<Vec<Finding>> {
    let mut by_unit: BTreeMap<(&str, &str), Vec<&(Tested, f64)>> = BTreeMap::new();
    for test in flagged {
        by_unit.entry((&test.0.share.unit, &test.0.share.domain)).or_default().push(test);
    }
    if by_unit.is_empty() {
        return Ok(Vec::new());
    }
    let units: BTreeSet<&str> = by_unit.keys().map(|(unit, _)| *unit).collect();
    let odd = judged::odd_rows(&rows.frame, NAME, &units).await?;
    let mut findings = Vec::new();
    for ((unit, domain), tests) in by_unit {
        let counts_as_evidence = |row: &&OddRow| {
            row.unit == unit && row.domain == domain && (row.sign == "order" || tests.iter().any(|(test, _)| test.sign == row.sign))
        };
        let evidence = odd.iter().chain(&rows.numbers).filter(counts_as_evidence).map(|row| row.evidence.clone()).collect();
        let subject = format!("{} · {}", request.period, request.domain_word(domain));
        findings.push(finding(&WORDS, subject, says(&tests), &tests, evidence));
    }
    Ok(findings)
}

fn says(tests: &[&(Tested, f64)]) -> String {
    let part = |(sign, word): &(&str, &str)| {
        let (test, _) = tests.iter().find(|(test, _)| test.sign == *sign)?;
        let (share, usual) = (percent(test.share.share()), percent(test.usual));
        Some(format!("{word} {} 件（占 {} 件的 {share}，同类通常 {usual}）", test.share.odd, test.share.n))
    };
    format!("{}。需调取案卷核对各文书原件日期。", SIGNS.iter().filter_map(part).collect::<Vec<_>>().join("；"))
}
