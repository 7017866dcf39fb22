//! What reviewers decided, and what is new since the run before.
//!
//! In: findings, the source table `findings_review`, the findings of the run before. Out: the state of each finding, and those that are none any more.
//! Never here: a change of any score; a decision that matters for one comes in as an event of the scheme, with its document.
//!
//! A decision names a finding by the number on the list: `<finding>-<evidence>`. It holds as long as the evidence is the same; with other
//! evidence the finding is to be looked at again, as changed. The newest decision holds. One without a document or without evidence in its number, of a
//! later day than the report's, or whose unit or detector is not that of its number, is none; it is told beside the findings, for a slip of the pen must
//! not lose it. What was decided of a finding stays beside it when it is none any more.
//!
//! What a detector that failed tonight had found waits: it is neither gone nor, when the detector is back, new.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use datafusion::prelude::{ParquetReadOptions, SessionContext};
use jiff::civil::Date;

use super::DetectRequest;
use super::judged;
use super::tables::{Decision, Detected, Earlier, Finding, IgnoredReview, Resolved, Review, State, WhyIgnored};
use crate::error::{Context, Kind, Result};
use crate::terms::date_from_epoch_days;

/// Settles every finding's state. `tables` is the folder of result tables of the run before, when there is one.
///
/// # Errors
/// A source table or result table that can't be read.
pub async fn settle(session: &SessionContext, request: &DetectRequest<'_>, tables: Option<&Path>, detected: &mut Detected) -> Result<()> {
    let reviews = reviews(session).await?;
    let (mut before, mut resolved): (BTreeMap<String, Resolved>, BTreeMap<String, Resolved>) = Default::default();
    if let Some(tables) = tables {
        for table in ["findings.parquet", "findings_waiting.parquet"] {
            for (id, row) in earlier_findings(session, &tables.join(table), request).await? {
                before.entry(id).or_insert(row);
            }
        }
        resolved = earlier_findings(session, &tables.join("findings_resolved.parquet"), request).await?;
        resolved.retain(|_, row| row.resolved_on <= request.as_of);
    }
    for finding in &mut detected.findings {
        let named = Named::from(&*finding);
        let fitting = reviews.iter().filter(|row| row.why_none(&named).is_none()).filter_map(|row| Some((row, row.review(request.as_of)?)));
        let (on_this, on_other): (Vec<_>, Vec<_>) = fitting.partition(|(row, _)| row.number == finding.number());
        let newest = |of: Vec<(&ReviewRow, Review)>| of.into_iter().map(|(_, review)| review).max_by_key(|review| review.on);
        let (on_this, on_other) = (newest(on_this), newest(on_other));
        // A second run as of the same date may have again what the first called resolved; a run of an earlier date knows no later day.
        let resolved_today = resolved.get(&finding.finding_id).filter(|row| row.resolved_on == request.as_of);
        let first_seen = before.get(&finding.finding_id).or(resolved_today).map(|row| row.finding.first_seen);
        let first_seen = first_seen.filter(|day| *day <= request.as_of).unwrap_or(request.as_of);
        (finding.state, finding.review) = match (on_this, on_other) {
            (Some(review), _) => (State::Reviewed, Some(review)),
            (None, Some(review)) => (State::Changed, Some(review)),
            (None, None) => (if first_seen < request.as_of { State::Standing } else { State::New }, None),
        };
        finding.first_seen = first_seen;
    }
    let decided = |finding: Earlier| Earlier { review: newest_review(&reviews, &finding, request.as_of), ..finding };
    let now: BTreeSet<&str> = detected.findings.iter().map(|finding| finding.finding_id.as_str()).collect();
    // What a failed detector does not say is not gone.
    let (waiting, gone): (Vec<Resolved>, Vec<Resolved>) =
        before.into_values().partition(|row| detected.failed.contains_key(&row.finding.detector));
    detected.waiting = waiting.into_iter().map(|row| decided(row.finding)).collect();
    // A second run as of the same date says the same: what the first resolved stays resolved, and what only the first showed was never there.
    for row in gone.into_iter().filter(|row| row.finding.first_seen < request.as_of) {
        resolved.entry(row.finding.finding_id.clone()).or_insert(row);
    }
    let gone = resolved.into_values().filter(|row| !now.contains(row.finding.finding_id.as_str()));
    detected.resolved = gone.map(|row| Resolved { finding: decided(row.finding), ..row }).collect();
    detected.resolved.sort_by(|Resolved { finding: a, .. }, Resolved { finding: b, .. }| {
        (&a.detector, &a.unit, &a.subject).cmp(&(&b.detector, &b.unit, &b.subject))
    });
    detected.ignored = ignored(&reviews, detected, request);
    Ok(())
}

/// One row of `findings_review`.
struct ReviewRow {
    number: String,
    unit: String,
    detector: String,
    decision: Option<Decision>,
    on: Date,
    document: String,
}

impl ReviewRow {
    /// What it decides by a day; none without a decision, a document, or evidence in its number.
    fn review(&self, by: Date) -> Option<Review> {
        let decision = self.decision.filter(|_| !self.document.is_empty() && self.names_evidence() && self.on <= by)?;
        Some(Review { decision, on: self.on, document: self.document.clone() })
    }

    fn names_evidence(&self) -> bool {
        self.number.split_once('-').is_some_and(|(_, evidence)| !evidence.is_empty())
    }

    /// The part of its number that names the finding.
    fn finding_part(&self) -> &str {
        self.number.split('-').next().unwrap_or(&self.number)
    }

    /// Why it says nothing of a finding of this period.
    fn why_none(&self, finding: &Named<'_>) -> Option<WhyIgnored> {
        let is_of = |named: &str, known: &[&str]| named.is_empty() || known.contains(&named);
        if self.finding_part() != finding.id {
            Some(WhyIgnored::NoFinding)
        } else if !is_of(&self.unit, &[finding.unit]) {
            Some(WhyIgnored::OtherUnit)
        } else if !is_of(&self.detector, &[finding.detector, finding.title]) {
            Some(WhyIgnored::OtherDetector)
        } else {
            None
        }
    }
}

/// What a decision must name.
#[derive(Clone, Copy)]
struct Named<'a> {
    id: &'a str,
    unit: &'a str,
    detector: &'a str,
    title: &'a str,
}

impl<'a> From<&'a Finding> for Named<'a> {
    fn from(finding: &'a Finding) -> Self {
        Self { id: &finding.finding_id, unit: &finding.unit, detector: &finding.detector, title: &finding.title }
    }
}

impl<'a> From<&'a Earlier> for Named<'a> {
    fn from(finding: &'a Earlier) -> Self {
        Self { id: &finding.finding_id, unit: &finding.unit, detector: &finding.detector, title: &finding.title }
    }
}

/// The newest decision on what is no finding tonight, known by a day.
fn newest_review(reviews: &[ReviewRow], finding: &Earlier, by: Date) -> Option<Review> {
    let of_it = reviews.iter().filter(|review| review.why_none(&finding.into()).is_none()).filter_map(|review| review.review(by));
    of_it.max_by_key(|review| review.on)
}

/// Decisions of the period that decide nothing, with the reason, in the order of their days.
fn ignored(reviews: &[ReviewRow], detected: &Detected, request: &DetectRequest<'_>) -> Vec<IgnoredReview> {
    let findings = detected.findings.iter().map(Named::from);
    let rows = detected.resolved.iter().map(|row| &row.finding).chain(&detected.waiting).map(Named::from);
    let known: BTreeMap<&str, Named<'_>> = findings.chain(rows).map(|named| (named.id, named)).collect();
    let why = |row: &ReviewRow| {
        let of_number = known.get(row.finding_part());
        match (of_number, row.decision) {
            // On a finding of a later period.
            (None, _) if row.on > request.period.last.last_day() => None,
            (_, None) => Some(WhyIgnored::NoDecision),
            _ if row.document.is_empty() => Some(WhyIgnored::NoDocument),
            _ if !row.names_evidence() => Some(WhyIgnored::NoEvidence),
            _ if row.on > request.as_of => Some(WhyIgnored::LaterDay),
            (None, _) => Some(WhyIgnored::NoFinding),
            (Some(named), _) => row.why_none(named),
        }
    };
    let is_recent = |row: &&ReviewRow| row.on >= request.period.first.first_day();
    let told = |row: &ReviewRow| {
        let (number, unit, document) = (row.number.clone(), row.unit.clone(), row.document.clone());
        Some(IgnoredReview { number, unit, on: row.on, document, why: why(row)? })
    };
    reviews.iter().filter(is_recent).filter_map(told).collect()
}

/// All decisions, by day.
async fn reviews(session: &SessionContext) -> Result<Vec<ReviewRow>> {
    let what = || "reading `findings_review`".to_owned();
    let sql = "SELECT finding_id, coalesce(unit_id, ''), coalesce(detector, ''), coalesce(decision, ''), coalesce(document, ''), reviewed_on \
         FROM findings_review WHERE reviewed_on IS NOT NULL ORDER BY reviewed_on, finding_id, document, decision";
    let mut reviews = Vec::new();
    for batch in &session.sql(sql).await.context(Kind::Query, what)?.collect().await.context(Kind::Query, what)? {
        let texts = (0..5).map(|column| judged::text(batch, column)).collect::<Result<Vec<_>>>()?;
        let days = judged::days(batch, 5)?;
        for row in 0..batch.num_rows() {
            let text = |column: usize| texts[column].value(row).trim().to_owned();
            let Some(on) = date_from_epoch_days(days[row]) else { continue };
            reviews.push(ReviewRow {
                number: text(0).to_ascii_lowercase(),
                unit: text(1),
                detector: text(2),
                decision: Decision::of_code(&text(3)),
                on,
                document: text(4),
            });
        }
    }
    Ok(reviews)
}

/// Findings of a result table of the run before, of the same period, by identifier. What was there is taken for resolved as of this date, what was resolved
/// keeps its date. A table of an engine that did not write the days yet has none.
async fn earlier_findings(session: &SessionContext, path: &Path, request: &DetectRequest<'_>) -> Result<BTreeMap<String, Resolved>> {
    if !path.is_file() {
        return Ok(BTreeMap::new());
    }
    let what = || format!("reading {}", path.display());
    let frame = session.read_parquet(path.to_string_lossy().as_ref(), ParquetReadOptions::default()).await.context(Kind::Query, what)?;
    if !frame.schema().has_column_with_unqualified_name("first_seen") {
        return Ok(BTreeMap::new());
    }
    let is_of_resolved = frame.schema().has_column_with_unqualified_name("resolved_on");
    let columns = ["finding_id", "detector", "title", "unit_id", "subject", "says", "period", "first_seen", "resolved_on"];
    let columns = &columns[..if is_of_resolved { 9 } else { 8 }];
    let frame = frame.select_columns(columns).context(Kind::Query, what)?;
    let period = request.period.to_string();
    let mut found = BTreeMap::new();
    for batch in &frame.collect().await.context(Kind::Query, what)? {
        let texts = (0..7).map(|column| judged::text(batch, column)).collect::<Result<Vec<_>>>()?;
        let first_seen = judged::days(batch, 7)?;
        let resolved_on = if is_of_resolved { Some(judged::days(batch, 8)?) } else { None };
        for row in (0..batch.num_rows()).filter(|row| texts[6].value(*row) == period) {
            let value = |column: usize| texts[column].value(row).to_owned();
            let resolved_on = resolved_on.as_ref().map_or(Some(request.as_of), |days| date_from_epoch_days(days[row]));
            let (Some(first_seen), Some(resolved_on)) = (date_from_epoch_days(first_seen[row]), resolved_on) else { continue };
            let finding = Earlier {
                finding_id: value(0),
                detector: value(1),
                title: value(2),
                unit: value(3),
                subject: value(4),
                says: value(5),
                first_seen,
                review: None,
            };
            found.insert(value(0), Resolved { finding, resolved_on });
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use datafusion::dataframe::DataFrameWriteOptions;

    use super::*;
    use crate::findings::effects::Effects;
    use crate::library::Library;
    use crate::terms::Period;

    /// The result table of a run before with findings `0a` of 2026 and `0b` of 2025.
    async fn tables(session: &SessionContext) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        let rows = "SELECT * FROM (VALUES ('0a', 'd', 't', 'A', 's', 'x', '2026', DATE '2026-06-29'), ('0b', 'd', 't', 'A', 's', 'x', '2025', DATE '2025-06-29')) \
                    AS f (finding_id, detector, title, unit_id, subject, says, period, first_seen)";
        let path = folder.path().join("findings.parquet");
        let frame = session.sql(rows).await.expect("rows");
        frame
            .write_parquet(&path.to_string_lossy(), DataFrameWriteOptions::new().with_single_file_output(true), None)
            .await
            .expect("a file");
        folder
    }

    fn finding() -> Finding {
        Finding { finding_id: "0a1b2c3d4e5f".to_owned(), ..crate::report::fixture::signals::detected().findings.remove(0) }
    }

    fn row(number: &str, decision: Option<Decision>, day: i8) -> ReviewRow {
        let (on, document) = (jiff::civil::date(2026, 6, day), "文".to_owned());
        ReviewRow { number: number.to_owned(), unit: String::new(), detector: String::new(), decision, on, document }
    }

    fn at_mid_year<'a>(library: &'a Library, period: &'a Period, effects: &'a Effects) -> DetectRequest<'a> {
        DetectRequest {
            library,
            as_of: jiff::civil::date(2026, 6, 30),
            period,
            effects,
            elapsed: &|| 0.0,
            stored_from: 0,
            finished: &|| (),
        }
    }

    const NONE: &str = "SELECT 'x' AS finding_id, 'x' AS unit_id, 'x' AS detector, 'x' AS decision, DATE '2026-01-01' AS reviewed_on, 'x' AS document \
                        WHERE false";

    #[test]
    fn a_decision_is_of_the_unit_and_detector_of_its_number_and_says_what_it_lacks() {
        let (library, _) = crate::library::Library::read(None).expect("the library");
        let period: Period = "2026".parse().expect("a period");
        let effects = Default::default();
        let request = at_mid_year(&library, &period, &effects);
        let finding = finding();
        let (whole, half) = (finding.number(), finding.finding_id.clone());
        let confirmed = Some(Decision::Confirmed);
        let rows = [
            (row(&whole, confirmed, 1), None),
            (ReviewRow { unit: finding.unit.clone(), detector: finding.title.clone(), ..row(&whole, confirmed, 1) }, None),
            (ReviewRow { unit: "elsewhere".to_owned(), ..row(&whole, confirmed, 1) }, Some(WhyIgnored::OtherUnit)),
            (ReviewRow { detector: "another".to_owned(), ..row(&whole, confirmed, 1) }, Some(WhyIgnored::OtherDetector)),
            (row(&half, confirmed, 1), Some(WhyIgnored::NoEvidence)),
            (row("0123-4567", confirmed, 1), Some(WhyIgnored::NoFinding)),
            (ReviewRow { on: jiff::civil::date(2026, 7, 1), ..row(&whole, confirmed, 1) }, Some(WhyIgnored::LaterDay)),
            (row(&whole, None, 1), Some(WhyIgnored::NoDecision)),
            (ReviewRow { document: String::new(), ..row(&whole, confirmed, 1) }, Some(WhyIgnored::NoDocument)),
        ];
        for (row, why) in rows {
            let detected = Detected { findings: vec![finding.clone()], ..Detected::default() };
            let told = ignored(&[row], &detected, &request);
            assert_eq!(told.first().map(|told| told.why), why);
        }
        let old = ReviewRow { on: jiff::civil::date(2025, 6, 1), ..row("0123-4567", confirmed, 1) };
        assert!(ignored(&[old], &Detected::default(), &request).is_empty(), "of an earlier period nothing is expected here");
    }

    #[tokio::test]
    async fn what_the_run_before_had_of_the_same_period_and_this_one_has_not_is_resolved() {
        let (library, _) = crate::library::Library::read(None).expect("the library");
        let session = SessionContext::new();
        let none = session.sql(NONE).await.expect("no review").into_view();
        session.register_table("findings_review", none).expect("a table");
        let period: Period = "2026".parse().expect("a period");
        let effects = Default::default();
        let request = at_mid_year(&library, &period, &effects);
        let folder = tables(&session).await;
        let mut detected = Detected::default();
        settle(&session, &request, Some(folder.path()), &mut detected).await.expect("settled");
        let resolved: Vec<&str> = detected.resolved.iter().map(|row| row.finding.finding_id.as_str()).collect();
        assert_eq!(resolved, ["0a"]);
        detected.failed.insert("d".to_owned(), "a source is held".to_owned());
        settle(&session, &request, Some(folder.path()), &mut detected).await.expect("settled");
        assert!(detected.resolved.is_empty(), "what a failed detector does not say is not gone");
        let waiting: Vec<_> =
            detected.waiting.iter().map(|waiting| (waiting.finding_id.as_str(), waiting.first_seen.to_string())).collect();
        assert_eq!(waiting, [("0a", "2026-06-29".to_owned())], "and it is known since when, once the detector is back");
        settle(&session, &request, None, &mut detected).await.expect("settled");
        assert!(detected.resolved.is_empty(), "without a run before nothing is resolved");
    }
}
