//! Patterns for a reviewer, with their evidence; one detector a file.
//!
//! In: the session over pinned tables, with functions and populations. Out: [`tables::Finding`] rows. Never here: deductions, and the
//! source table `leads`.
//!
//! ```text
//! queries/findings/<detector>.sql ──judged──▶ counts per unit and sign ──peers──▶ p ──Benjamini–Hochberg over all──▶ q
//!                       └────────────────── odd rows of the units that stand out ──────────────────▶ evidence
//! ```
//!
//! The SQL says which rows are looked at and which are odd; a detector's file says how the counts are tested and what counts as an
//! effect. A unit becomes a finding when three things hold: q at most `finding.q`, at least `finding.<detector>.minimum_n` records,
//! and the detector's floor of effect. Thresholds are parameters (`finding.*` in `queries/parameters.toml`), in force on the last day looked at.
//!
//! Everything is judged over the part of the period that has passed: `$from` is the period's first instant, `$as_of` the end of the
//! as-of date or of the period, whichever is earlier.

use std::collections::BTreeMap;

use datafusion::prelude::SessionContext;
use jiff::civil::Date;

use crate::calendar::{end_of_day, start_of_day};
use crate::error::{Context, Error, Kind, Result};
use crate::functions::Moment;
use crate::library::Library;
use crate::terms::{Period, epoch_days};

pub mod case_splitting;
mod judged;
mod numbers;
pub mod peers;
pub mod stage_inversion;
pub mod tables;
pub mod tail;
pub mod yearend_backfill;

pub use judged::check;
use peers::Share;
use tables::{Evidence, Finding};

/// What is asked for.
#[derive(Clone, Copy)]
pub struct DetectRequest<'a> {
    /// SQL of the detectors, parameters, words of domains.
    pub library: &'a Library,
    /// State of the facts.
    pub as_of: Date,
    /// The months looked at.
    pub period: &'a Period,
}

impl DetectRequest<'_> {
    /// Last day looked at: the as-of date or the period's end, whichever is earlier.
    pub fn last_day(&self) -> Date {
        self.period.last.last_day().min(self.as_of)
    }

    /// The instants that `$as_of` and `$from` stand for in the SQL of a detector.
    pub fn moment(&self) -> Moment {
        Moment { as_of: end_of_day(epoch_days(self.last_day())), from: start_of_day(epoch_days(self.period.first.first_day())) }
    }

    /// The amount of a parameter on the last day looked at, the domain's own version before that of every domain.
    ///
    /// # Errors
    /// A parameter that the library does not have.
    pub fn parameter(&self, name: &str, domain: Option<&str>) -> Result<f64> {
        let Some(parameter) = self.library.parameters.get(name) else {
            return Err(
                Error::new(Kind::Configuration, format!("there is no parameter `{name}`")).with_hint("add it to queries/parameters.toml")
            );
        };
        let amount = parameter.amount_on(domain, self.last_day());
        amount.and_then(|amount| amount.to_string().parse().ok()).ok_or_else(|| {
            Error::new(Kind::Configuration, format!("parameter `{name}` has no version on {}", self.last_day()))
                .with_hint("add it to queries/parameters.toml")
        })
    }

    /// The domain in Chinese: the first label of the code in the contract of `cases`.
    fn domain_word<'b>(&'b self, domain: &'b str) -> &'b str {
        let column = self.library.tables.get("cases").and_then(|table| table.column("domain"));
        let codes = column.map_or(&[][..], |column| column.codes.as_slice());
        codes.iter().find(|(code, _)| code == domain).and_then(|(_, labels)| labels.first()).map_or(domain, String::as_str)
    }
}

/// One test of one unit.
struct Tested {
    detector: &'static str,
    share: Share,
    sign: &'static str,
    usual: f64,
    p: f64,
    /// The effect is large enough, whatever the probability.
    worth: bool,
}

/// Runs every detector; q-values are corrected over all tests together. Sorted by detector, unit, subject.
///
/// # Errors
/// SQL of a detector that does not run, or a missing parameter.
pub async fn detect(context: &SessionContext, request: &DetectRequest<'_>) -> Result<Vec<Finding>> {
    let tiers = tiers(context, request).await?;
    let inversion = stage_inversion::Rows::read(context, request).await?;
    let backfill = judged::rows(context, request, yearend_backfill::NAME).await?;
    let splitting = judged::rows(context, request, case_splitting::NAME).await?;
    let mut tests = stage_inversion::test(&inversion, request, &tiers).await?;
    tests.extend(yearend_backfill::test(&backfill, request, &tiers).await?);
    tests.extend(case_splitting::test(&splitting, request, &tiers).await?);
    let p: Vec<f64> = tests.iter().map(|test| test.p).collect();
    let limit = request.parameter("finding.q", None)?;
    let flagged: Vec<(Tested, f64)> =
        tests.into_iter().zip(tail::benjamini_hochberg(&p)).filter(|(test, q)| test.worth && *q <= limit).collect();
    let of = |name: &str| -> Vec<&(Tested, f64)> { flagged.iter().filter(|(test, _)| test.detector == name).collect() };
    let mut findings = stage_inversion::findings(&inversion, request, &of(stage_inversion::NAME)).await?;
    findings.extend(yearend_backfill::findings(&backfill, request, &of(yearend_backfill::NAME)).await?);
    findings.extend(case_splitting::findings(&splitting, request, &of(case_splitting::NAME)).await?);
    findings.sort_by(|a, b| (&a.detector, &a.unit, &a.subject).cmp(&(&b.detector, &b.unit, &b.subject)));
    Ok(findings)
}

/// The tier of each unit on the last day.
async fn tiers(context: &SessionContext, request: &DetectRequest<'_>) -> Result<BTreeMap<String, String>> {
    let sql = format!(
        "SELECT unit_id, tier FROM unit_spans WHERE DATE '{}' BETWEEN valid_from AND valid_to AND tier IS NOT NULL",
        request.last_day()
    );
    let what = || "reading the tiers of units for the detectors".to_owned();
    let batches = context.sql(&sql).await.context(Kind::Query, what)?.collect().await.context(Kind::Query, what)?;
    let mut tiers = BTreeMap::new();
    for batch in &batches {
        let (units, words) = (judged::text(batch, 0)?, judged::text(batch, 1)?);
        tiers.extend((0..batch.num_rows()).map(|row| (units.value(row).to_owned(), words.value(row).to_owned())));
    }
    Ok(tiers)
}

/// Enough records, at least `floor` of them odd, at least three, and clearly more than among peers.
fn is_worth(request: &DetectRequest<'_>, share: &Share, usual: f64, floor: f64) -> Result<bool> {
    let ratio = request.parameter("finding.peer_ratio", Some(&share.domain))?;
    Ok(share.odd >= LEAST_ODD && share.share() >= floor && share.share() >= ratio * usual)
}

/// One or two odd records are an accident, whatever their share.
const LEAST_ODD: u64 = 3;

/// Tests one sign over all units with enough records, one by one against their peers.
fn test_sign(
    request: &DetectRequest<'_>,
    detector: &'static str,
    sign: &'static str,
    shares: &[Share],
    floor: f64,
    least_rate: f64,
) -> Result<Vec<Tested>> {
    let minimum_n = request.parameter(&format!("finding.{detector}.minimum_n"), None)? as u64;
    let groups = peers::Peers::fit(shares, minimum_n, request.parameter("finding.minimum_peers", None)? as usize);
    let mut tests = Vec::new();
    for share in shares.iter().filter(|share| share.n >= minimum_n) {
        if let Some(compared) = groups.compare(share, least_rate) {
            let worth = is_worth(request, share, compared.usual, floor)?;
            tests.push(Tested { detector, share: share.clone(), sign, usual: compared.usual, p: compared.p, worth });
        }
    }
    Ok(tests)
}

/// Texts of a detector.
struct Words {
    detector: &'static str,
    title: &'static str,
    benign_causes: &'static str,
}

/// The finding of one unit and subject from its flagged tests (at least one) and evidence.
fn finding(words: &Words, subject: String, says: String, flagged: &[&(Tested, f64)], mut evidence: Vec<Evidence>) -> Finding {
    let strongest = flagged.iter().min_by(|a, b| a.0.p.total_cmp(&b.0.p)).expect("a finding has a flagged test");
    let (test, q) = strongest;
    evidence.sort();
    evidence.dedup();
    let unit = test.share.unit.clone();
    let key = [words.detector, &unit, &subject].join("\u{1f}");
    Finding {
        detector: words.detector.to_owned(),
        title: words.title.to_owned(),
        domain: test.share.domain.clone(),
        finding_id: blake3::hash(key.as_bytes()).to_hex()[..12].to_owned(),
        subject,
        says,
        strength: test.share.share(),
        p_value: Some(test.p),
        q_value: Some(*q),
        n: i64::try_from(test.share.n).unwrap_or(i64::MAX),
        benign_causes: words.benign_causes.to_owned(),
        evidence,
        unit,
    }
}

/// 12.3%
fn percent(share: f64) -> String {
    format!("{:.1}%", share * 100.0)
}
