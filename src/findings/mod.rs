//! Patterns for a reviewer, with their evidence.
//!
//! In: the populations of the run, at its moment; the detectors of `queries/findings/`. Out: [`tables::Detected`]. Never here:
//! deductions, the source table `leads`, sentences about fraud.
//!
//! ```text
//! queries/findings/<detector>.sql ──judged──▶ rows, odd or not
//!    rule ──────────────────────────────────▶ every odd row, a fact
//!    share, late_burst, number_order, evenness, contrast, last_digits, first_digits ──▶ p per unit ──Benjamini–Hochberg over all──▶ q ──floors──▶ findings with their odd rows
//! findings_review + the run before ──review──▶ new, standing, reviewed, changed, resolved
//! ```
//!
//! The SQL says which rows are looked at and which are odd; its header says how the counts are judged. A statistic is one file here. A unit becomes a
//! statistical finding when four things hold: q below `finding.q` over all tests of the report, enough rows, an effect above the detector's
//! floor, and every precondition. A precondition that fails is "not applicable", with the reason, and not a pass.
//!
//! Days with a known effect (a campaign, a migration: [`effects`]) are left out of the tests. Beside the detectors, and apart from them, [`watch`] charts
//! each unit's own months.
//!
//! Everything is judged over the part of the period that has passed: `$from` is the period's first instant, `$as_of` the end of the
//! as-of date or of the period, whichever is earlier; of a late burst, the end of the newest quarter that is over.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::Array;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::datasource::source_as_provider;
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::prelude::{DataFrame, SessionContext};
use jiff::ToSpan;
use jiff::civil::Date;

use crate::calendar::{end_of_day, start_of_day};
use crate::compute::shared::{SharedPopulations, with_less_memory};
use crate::error::{Context, Error, Kind, Result};
use crate::functions::Moment;
use crate::library::Library;
use crate::library::detector::{Detector, Statistic};
use crate::terms::{Month, Period, epoch_days};

#[cfg(test)]
mod calibration;
mod contrast;
mod digits;
pub mod effects;
pub mod evenness;
mod first_digits;
mod judged;
mod late_burst;
mod number_order;
mod numbers;
pub mod peers;
pub mod review;
mod rule;
mod share;
pub mod tables;
pub mod tail;
mod tested;
mod unit_by_unit;
mod usual_rate;
pub mod watch;

use effects::Effects;
pub use judged::check;
use peers::Share;
use tables::{Detected, Evidence, Finding, FindingKind, State};
use tested::{EvidenceOf, Tested, corrected, with_peers};

/// What is asked for.
#[derive(Clone, Copy)]
pub struct DetectRequest<'a> {
    /// SQL of the detectors, parameters, words of domains.
    pub library: &'a Library,
    /// State of the facts.
    pub as_of: Date,
    /// The months looked at.
    pub period: &'a Period,
    /// What is known to have disturbed the records.
    pub effects: &'a Effects,
    /// Seconds since the run began.
    pub elapsed: &'a (dyn Fn() -> f64 + Sync),
    /// From how many bytes of source tables on the rows are stored that detectors share: [`WORTH_STORING`], or 0 for always.
    pub stored_from: usize,
    /// Told when a detector has looked at everything.
    pub finished: &'a (dyn Fn() + Sync),
}

/// Bytes of source tables below which planning is most of what a detector costs, and storing rows is only more of it.
pub const WORTH_STORING: usize = 128 << 20;

impl DetectRequest<'_> {
    /// Last day looked at: the as-of date or the period's end, whichever is earlier.
    pub fn last_day(&self) -> Date {
        self.period.last.last_day().min(self.as_of)
    }

    /// The instants that `$as_of` and `$from` stand for in the SQL of most detectors.
    pub fn moment(&self) -> Moment {
        Self::moment_between(self.period.first.first_day(), self.last_day())
    }

    /// The end before which a burst is one: of the newest quarter within the period that is over, or of the period; none while no quarter is. An end that moved
    /// with every night would make another finding of the same entries each night, and no decision on them would hold.
    pub fn newest_end(&self) -> Option<Date> {
        let months =
            std::iter::successors(Some(self.period.first), |month| Some(month.plus(1))).take_while(|month| *month <= self.period.last);
        let is_end = |month: &Month| (month.month % 3 == 0 || *month == self.period.last) && month.last_day() <= self.as_of;
        months.filter(is_end).last().map(Month::last_day)
    }

    /// The instants that a detector's SQL is asked at.
    fn moment_of(&self, detector: &Detector) -> Moment {
        match detector.statistic {
            Statistic::LateBurst => {
                Self::moment_between(self.period.first.first_day(), self.newest_end().unwrap_or_else(|| self.last_day()))
            }
            _ => self.moment(),
        }
    }

    /// The same span a year before.
    fn moment_before(&self) -> Moment {
        let earlier = |day: Date| day.checked_sub(1.year()).unwrap_or(day);
        Self::moment_between(earlier(self.period.first.first_day()), earlier(self.last_day()))
    }

    fn moment_between(first: Date, last: Date) -> Moment {
        Moment { as_of: end_of_day(epoch_days(last)), from: start_of_day(epoch_days(first)) }
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

    /// The title of a source table.
    fn table_title<'b>(&'b self, table: &'b str) -> &'b str {
        self.library.tables.get(table).map_or(table, |table| table.title.as_str())
    }
}

/// One detector at work.
struct Detecting<'a> {
    session: &'a SessionContext,
    request: &'a DetectRequest<'a>,
    detector: &'a Detector,
    rows: Arc<RowsOfSpans>,
    tiers: &'a BTreeMap<String, String>,
    /// Division code of each unit.
    regions: &'a BTreeMap<String, String>,
    /// True of rows that a known effect explains; tests leave them out.
    known: Option<Expr>,
}

/// Plans of a detector's rows over what is stored of the populations.
struct RowsOfSpans {
    of_period: LogicalPlan,
    /// The same span a year before; where it is asked for.
    of_year_before: Option<LogicalPlan>,
}

impl Detecting<'_> {
    /// Its rows.
    fn all_rows(&self) -> Result<DataFrame> {
        judged::frame(self.session, self.rows.of_period.clone(), self.detector)
    }

    /// Its rows, without those that a known effect explains.
    fn frame(&self) -> Result<DataFrame> {
        let frame = self.all_rows()?;
        let Some(known) = &self.known else { return Ok(frame) };
        frame.filter(known.clone().is_not_true()).context(Kind::Query, || self.detector.file.clone())
    }

    /// Its rows counted, by sign.
    async fn shares(&self) -> Result<BTreeMap<String, Vec<Share>>> {
        judged::shares(self, self.all_rows()?).await
    }

    /// The same of the span a year before, as it stands today; none where nobody asked for that span.
    async fn shares_before(&self) -> Result<Option<BTreeMap<String, Vec<Share>>>> {
        let Some(rows) = &self.rows.of_year_before else { return Ok(None) };
        judged::shares(self, judged::frame(self.session, rows.clone(), self.detector)?).await.map(Some)
    }

    /// Rows that a known effect explains, by unit, domain and table: for statistics that read rows and don't count them in the engine.
    async fn left_out(&self) -> Result<BTreeMap<(String, String, String), u64>> {
        let Some(known) = &self.known else { return Ok(BTreeMap::new()) };
        let rows = self.all_rows()?;
        judged::counted(&rows, known.clone(), self.detector).await
    }
}

/// Population, or part of one → columns that the detectors will read, so that what is stored before has them; none where [`detect`] stores nothing. All views
/// must stand at the moment of the request.
pub async fn columns_read(shared: &mut SharedPopulations<'_>, request: &DetectRequest<'_>) -> BTreeMap<String, BTreeSet<String>> {
    let session = &planned_in_one_pass(shared.context());
    let mut plans = Vec::new();
    for detector in request.library.detectors.values() {
        // Whoever runs it hears what is wrong with it; a table as of a freeze is not there yet.
        plans.extend(judged::planned(session, detector, request.moment_of(detector)).await);
    }
    if bytes_read(plans.iter()) < request.stored_from { BTreeMap::new() } else { shared.would_store(&session.state(), &plans).await }
}

/// Runs every detector; q-values are corrected over all tests together. Where findings stand is settled by [`review::settle`]. A detector that fails is
/// named in the outcome, and the others stand.
///
/// Populations that detectors share are stored once for all of them; what one detector reads several times of its own is stored while it is at work; neither
/// where the source tables are small ([`DetectRequest::stored_from`]).
///
/// # Errors
/// A registry of units that can't be read, or a missing parameter.
pub async fn detect(shared: &mut SharedPopulations<'_>, request: &DetectRequest<'_>) -> Result<Detected> {
    let session = &planned_in_one_pass(shared.context());
    let (tiers, regions) = places(session, request).await?;
    let sessions: Vec<SessionContext> = with_less_memory(&session.state()).into_iter().map(SessionContext::new_with_state).collect();
    let sessions: Vec<&SessionContext> = [session].into_iter().chain(&sessions).collect();
    let known = |detector: &Detector| {
        let day = detector.statistic.day()?;
        request.effects.condition(&detector.name, day, &regions)
    };
    let within =
        |session, detector, rows| Detecting { session, request, detector, rows, tiers: &tiers, regions: &regions, known: known(detector) };
    let (mut findings, mut tests, mut unremarkable, mut failed) = (Vec::new(), Vec::new(), BTreeMap::new(), BTreeMap::new());
    let (mut seconds, mut plans) = (BTreeMap::new(), BTreeMap::new());
    for detector in request.library.detectors.values() {
        match judged::planned(session, detector, request.moment_of(detector)).await {
            Ok(plan) => drop(plans.insert(detector.name.as_str(), plan)),
            Err(error) => drop(failed.insert(detector.name.clone(), error.to_string())),
        }
    }
    let stores = bytes_read(plans.values()) >= request.stored_from;
    if stores {
        shared.store_for(&session.state(), plans.values().cloned().collect()).await;
    }
    let shared = &mut stores.then_some(shared);
    for detector in request.library.detectors.values() {
        let begun = (request.elapsed)();
        let seen = async {
            let Some(plan) = plans.get(detector.name.as_str()) else { return Ok(None) };
            let rows = rows_of_spans(shared, session, detector, plan, None).await?;
            first_answer(&sessions, async |session| looked_for(&within(session, detector, Arc::clone(&rows))).await).await.map(Some)
        };
        match seen.await {
            Ok(Some(Seen::Facts { findings: facts, unremarkable: units })) => {
                findings.extend(facts);
                unremarkable.insert(detector.name.clone(), units);
            }
            Ok(Some(Seen::Tests(of_detector))) => tests.extend(of_detector),
            Ok(None) => {}
            Err(error) => drop(failed.insert(detector.name.clone(), error.to_string())),
        }
        forget_parts(shared, detector);
        seconds.insert(detector.name.clone(), (request.elapsed)() - begun);
        (request.finished)();
    }
    let (rows, flagged) = corrected(&tests, request.parameter("finding.q", None)?);
    for detector in request.library.detectors.values() {
        let of_detector: Vec<&(&Tested<'_>, f64)> = flagged.iter().filter(|(test, _)| test.detector.name == detector.name).collect();
        let Some(plan) = plans.get(detector.name.as_str()).filter(|_| !of_detector.is_empty()) else { continue };
        let begun = (request.elapsed)();
        let found = async {
            let before = match detector.statistic {
                Statistic::Share { .. } => Some(judged::planned(session, detector, request.moment_before()).await?),
                _ => None,
            };
            let rows = rows_of_spans(shared, session, detector, plan, before).await?;
            first_answer(&sessions, async |session| flagged_findings(&within(session, detector, Arc::clone(&rows)), &of_detector).await)
                .await
        };
        match found.await {
            Ok(of_detector) => findings.extend(of_detector),
            Err(error) => drop(failed.insert(detector.name.clone(), error.to_string())),
        }
        forget_parts(shared, detector);
        *seconds.entry(detector.name.clone()).or_default() += (request.elapsed)() - begun;
    }
    findings.retain(|finding: &Finding| !failed.contains_key(&finding.detector));
    findings.sort_by(|a, b| (&a.detector, &a.unit, &a.subject).cmp(&(&b.detector, &b.unit, &b.subject)));
    Ok(Detected { findings, tests: rows, unremarkable, failed, seconds, ..Detected::default() })
}

/// Bytes of the tables that the plans read, as far as the tables know.
fn bytes_read<'p>(plans: impl Iterator<Item = &'p LogicalPlan>) -> usize {
    let mut of_tables: BTreeMap<String, usize> = BTreeMap::new();
    for plan in plans {
        let walked = plan.apply_with_subqueries(|node| {
            if let LogicalPlan::TableScan(scan) = node {
                let statistics = source_as_provider(&scan.source).ok().and_then(|provider| provider.statistics());
                let bytes = statistics.and_then(|statistics| statistics.total_byte_size.get_value().copied());
                of_tables.insert(scan.table_name.to_string(), bytes.unwrap_or(0));
            }
            Ok(TreeNodeRecursion::Continue)
        });
        walked.expect("no step of the walk fails");
    }
    of_tables.into_values().sum()
}

fn forget_parts(shared: &mut Option<&mut SharedPopulations<'_>>, detector: &Detector) {
    if let Some(shared) = shared {
        shared.forget_parts_of(&owner_of_parts(detector));
    }
}

/// The plans of a detector's rows; over what is stored, where anything is. Of what a detector reads several times, the parts that both spans have in common
/// are stored as well, and those of the period.
async fn rows_of_spans(
    shared: &mut Option<&mut SharedPopulations<'_>>,
    session: &SessionContext,
    detector: &Detector,
    of_period: &LogicalPlan,
    of_year_before: Option<LogicalPlan>,
) -> Result<Arc<RowsOfSpans>> {
    let Some(shared) = shared else { return Ok(Arc::new(RowsOfSpans { of_period: of_period.clone(), of_year_before })) };
    let spans: Vec<LogicalPlan> = [of_period.clone()].into_iter().chain(of_year_before).collect();
    let stored = shared.over_shared_rows(&session.state(), &owner_of_parts(detector), spans).await;
    let mut stored = stored.context(Kind::Query, || detector.file.clone())?.into_iter();
    let of_period = stored.next().expect("a plan for each span");
    Ok(Arc::new(RowsOfSpans { of_period, of_year_before: stored.next() }))
}

/// Under this name the parts of a detector are stored; no population has a dot in its own.
fn owner_of_parts(detector: &Detector) -> String {
    format!("finding.{}", detector.name)
}

/// What the first session answers that has the memory for it. Joins hold one side: where that is too much, the next has less need of it; what is wrong for
/// another reason is so in each.
async fn first_answer<'s, T>(sessions: &[&'s SessionContext], ask: impl AsyncFn(&'s SessionContext) -> Result<T>) -> Result<T> {
    let mut answer = ask(sessions[0]).await;
    for session in &sessions[1..] {
        if answer.is_err() {
            answer = ask(session).await;
        }
    }
    answer
}

/// The same tables, whose plans are optimised once and not until nothing changes: a detector's plan is deep, is made several times a night, and on
/// small data is all that it costs.
fn planned_in_one_pass(session: &SessionContext) -> SessionContext {
    let mut state = session.state();
    state.config_mut().options_mut().optimizer.max_passes = 1;
    SessionContext::new_with_state(state)
}

/// What one detector sees.
enum Seen<'a> {
    /// Of a row rule: its findings, and how many units have records but none that is odd.
    Facts { findings: Vec<Finding>, unremarkable: usize },
    /// Of a statistic: its tests, not yet corrected.
    Tests(Vec<Tested<'a>>),
}

async fn looked_for<'a>(detecting: &Detecting<'a>) -> Result<Seen<'a>> {
    let mut tests = match &detecting.detector.statistic {
        Statistic::Rule => {
            let (findings, unremarkable) = rule::findings(detecting).await?;
            return Ok(Seen::Facts { findings, unremarkable });
        }
        Statistic::Share { tail, least_rate, says } => {
            let test = share::ShareTest { tail: *tail, least_rate: *least_rate, says };
            return Ok(Seen::Tests(share::test(detecting, &test).await?));
        }
        Statistic::LateBurst => return Ok(Seen::Tests(late_burst::test(detecting).await?)),
        Statistic::NumberOrder => number_order::test(detecting).await?,
        Statistic::Evenness => return Ok(Seen::Tests(with_peers(evenness::test(detecting).await?))),
        Statistic::LastDigits => return Ok(Seen::Tests(digits::test(detecting).await?)),
        Statistic::Contrast { says } => with_peers(contrast::test(detecting, says).await?),
        Statistic::FirstDigits => with_peers(first_digits::test(detecting).await?),
    };
    let left_out = detecting.left_out().await?;
    for test in &mut tests {
        let key = (test.share.unit.clone(), test.share.domain.clone(), test.share.table.clone());
        test.share.left_out = left_out.get(&key).copied().unwrap_or(0);
    }
    Ok(Seen::Tests(tests))
}

/// The findings of a detector's flagged tests: one for each unit, domain and table, its signs together.
async fn flagged_findings(detecting: &Detecting<'_>, flagged: &[&(&Tested<'_>, f64)]) -> Result<Vec<Finding>> {
    let mut by_unit: BTreeMap<(&str, &str, &str), Vec<&(&Tested<'_>, f64)>> = BTreeMap::new();
    for test in flagged {
        let share = &test.0.share;
        by_unit.entry((&share.unit, &share.domain, &share.table)).or_default().push(test);
    }
    let reads_rows = flagged.iter().any(|(test, _)| !matches!(test.evidence, EvidenceOf::Rows(_)));
    let only_odd = !flagged.iter().any(|(test, _)| matches!(test.evidence, EvidenceOf::NotOdd(_)));
    let rows = if reads_rows {
        let units: BTreeSet<&str> = by_unit.keys().map(|(unit, ..)| *unit).collect();
        judged::judged_rows(&detecting.frame()?, detecting.detector, Some(&units), only_odd).await?
    } else {
        Vec::new()
    };
    let before = share::Before::read(detecting).await?;
    let mut findings = Vec::new();
    for ((unit, domain, table), tests) in by_unit {
        let mut evidence = Vec::new();
        for (test, _) in &tests {
            let (sign, is_odd) = match &test.evidence {
                EvidenceOf::Rows(rows) => {
                    evidence.extend(rows.iter().cloned());
                    continue;
                }
                EvidenceOf::Odd(sign) => (sign, true),
                EvidenceOf::NotOdd(sign) => (sign, false),
            };
            let own = rows.iter().filter(|judged| judged.sign == *sign && judged.is_odd == is_odd).map(|judged| &judged.row);
            let is_of_domain = |row: &judged::Recorded| row.domain == domain || detecting.detector.is_over_domains;
            let own = own.filter(|row| row.unit == unit && is_of_domain(row) && row.evidence.table == table);
            evidence.extend(own.map(|row| row.evidence.clone()));
        }
        let mut says = String::new();
        for (test, _) in &tests {
            says.push_str(&test.says);
            says.extend(before.as_ref().and_then(|before| before.of(test)).map(share::says_before));
        }
        let left_out = tests.iter().map(|(test, _)| test.share.left_out).max().unwrap_or(0);
        if left_out > 0 {
            says.push_str(&format!("另有 {left_out} 条属于已知影响（专项行动、数据迁移等）的日期，未计入。"));
        }
        let unjudged = tests.iter().map(|(test, _)| test.share.unjudged).max().unwrap_or(0);
        if unjudged > 0 {
            says.push_str(&format!("另有 {unjudged} 条缺少判断所需的内容，未计入。"));
        }
        let mut finding = finding_of(detecting, unit, domain, table, says, evidence);
        let (test, q) = tests.iter().min_by(|a, b| a.1.total_cmp(&b.1)).expect("a unit with a flagged test");
        finding.strength = test.statistic;
        (finding.usual, finding.effect, finding.effect_interval) = (test.usual, test.effect, test.effect_interval);
        finding.before = before.as_ref().and_then(|before| before.of(test)).map(Share::share);
        (finding.p_value, finding.q_value) = (test.p, Some(*q));
        finding.n = i64::try_from(test.share.n).unwrap_or(i64::MAX);
        finding.worth *= 1.0 - q;
        findings.push(finding);
    }
    Ok(findings)
}

/// On the last day: the tier of each unit, and its division code.
async fn places(session: &SessionContext, request: &DetectRequest<'_>) -> Result<(BTreeMap<String, String>, BTreeMap<String, String>)> {
    let sql = format!(
        "SELECT unit_id, tier, region_code FROM unit_spans WHERE DATE '{}' BETWEEN valid_from AND valid_to ORDER BY unit_id",
        request.last_day()
    );
    let what = || "reading the tiers of units for the detectors".to_owned();
    let batches = session.sql(&sql).await.context(Kind::Query, what)?.collect().await.context(Kind::Query, what)?;
    let (mut tiers, mut regions) = (BTreeMap::new(), BTreeMap::new());
    for batch in &batches {
        let [units, words, codes] = [0, 1, 2].map(|column| judged::text(batch, column));
        let (units, words, codes) = (units?, words?, codes?);
        for row in 0..batch.num_rows() {
            let unit = units.value(row).to_owned();
            if words.is_valid(row) {
                tiers.insert(unit.clone(), words.value(row).to_owned());
            }
            if codes.is_valid(row) {
                regions.insert(unit, codes.value(row).to_owned());
            }
        }
    }
    Ok((tiers, regions))
}

/// One or two odd records are an accident, whatever their share.
const LEAST_ODD: u64 = 3;

/// What a finding is about: period, domain and source table in words. No domain: all of them.
fn finding_subject(period: &str, domain: &str, table: &str) -> String {
    [period, domain, table].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}

/// The identifier of a finding: the same for the same detector, unit, period, domain and table in every run, whatever these are called.
pub fn finding_id(detector: &str, unit: &str, period: &str, domain: &str, table: &str) -> String {
    digest_of(&[detector, unit, period, domain, table], 12)
}

/// The beginning of a digest that has a letter: a number of digits alone may look like somebody's card, and no page would be written.
fn digest_of(parts: &[&str], length: usize) -> String {
    let mut hash = blake3::hash(parts.join("\u{1f}").as_bytes());
    loop {
        let digest = &hash.to_hex()[..length];
        if digest.bytes().any(|byte| byte.is_ascii_alphabetic()) {
            return digest.to_owned();
        }
        hash = blake3::hash(hash.as_bytes());
    }
}

/// A finding of a unit from its evidence; figures of a test are filled in by whoever made one. Worth: severity × (1 + decimal logarithm of the
/// records), times the certainty where there is a test, times the part beyond the usual where it is a fact.
fn finding_of(detecting: &Detecting<'_>, unit: &str, domain: &str, table: &str, says: String, evidence: Vec<Evidence>) -> Finding {
    let evidence = merged(evidence);
    let (detector, request) = (detecting.detector, detecting.request);
    let subject = finding_subject(&request.period.to_string(), request.domain_word(domain), request.table_title(table));
    // The words about a row may change with the engine. Which rows they are, in which way odd, and by which values of their own is what counts: a date that is
    // put further back after a dismissal, or another amount, is other evidence.
    let judged: Vec<String> = evidence.iter().map(Evidence::judged_by).collect();
    let mut keys: Vec<&str> = evidence
        .iter()
        .zip(&judged)
        .flat_map(|(row, judged)| [row.table.as_str(), row.record_id.as_str(), row.sign.as_str(), judged.as_str()])
        .collect();
    keys.push(&detector.name);
    Finding {
        detector: detector.name.clone(),
        title: detector.title.clone(),
        kind: FindingKind::Statistical,
        unit: unit.to_owned(),
        domain: domain.to_owned(),
        table: table.to_owned(),
        period: request.period.to_string(),
        finding_id: finding_id(&detector.name, unit, &request.period.to_string(), domain, table),
        evidence_digest: digest_of(&keys, 6),
        says: format!("{says}{TO_EXPLAIN}"),
        strength: 0.0,
        usual: None,
        effect: None,
        effect_interval: None,
        before: None,
        p_value: None,
        q_value: None,
        n: 0,
        severity: detector.severity,
        worth: f64::from(detector.severity) * (1.0 + (evidence.len().max(1) as f64).log10()),
        benign_causes: detector.benign.clone(),
        look_at: detector.look_at.clone(),
        first_seen: request.as_of,
        state: State::New,
        review: None,
        evidence,
        subject,
    }
}

/// What every finding ends with: it asks, and charges nobody.
const TO_EXPLAIN: &str = "这一情形需要说明。";

/// Sorted; a record that is odd in several ways of which the same is said is one row with all its signs.
fn merged(mut evidence: Vec<Evidence>) -> Vec<Evidence> {
    evidence.sort();
    evidence.dedup();
    evidence.dedup_by(|next, kept| {
        let sign = std::mem::take(&mut next.sign);
        let is_same = Evidence { sign: String::new(), ..kept.clone() } == *next;
        if is_same {
            kept.sign = format!("{}、{sign}", kept.sign);
        } else {
            next.sign = sign;
        }
        is_same
    });
    evidence
}

/// 12.3%
fn percent(share: f64) -> String {
    format!("{:.1}%", share * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_number_of_a_finding_is_of_digits_alone() {
        // In a province of two thousand units one of five thousand findings was 547952561753-779981, which looks like a card.
        for number in 0..20_000 {
            let digest = digest_of(&[&number.to_string()], 6);
            assert!(digest.len() == 6 && digest.bytes().any(|byte| byte.is_ascii_alphabetic()), "{number}: {digest}");
        }
        assert_eq!(digest_of(&["a", "b"], 12), blake3::hash("a\u{1f}b".as_bytes()).to_hex()[..12].to_owned(), "others stay what they were");
    }
}
