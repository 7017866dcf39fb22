//! What reviewers decided, and what is new since the run before.
//!
//! In: findings, the source table `findings_review`, the findings of the run before. Out: the state of each finding, and those that are none any more.
//! Never here: a change of any score; a decision that matters for one comes in as an event of the scheme, with its document.
//!
//! A decision names a finding by the number on the list: `<finding>-<evidence>`. It holds as long as the evidence is the same; with other
//! evidence the finding returns, as changed. A decision that gives only the first half holds whatever the evidence. The newest decision holds;
//! without a document it is none.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use datafusion::prelude::{ParquetReadOptions, SessionContext};
use jiff::civil::Date;

use super::DetectRequest;
use super::judged;
use super::tables::{Decision, Detected, Finding, Resolved, Review, State};
use crate::error::{Context, Kind, Result};
use crate::terms::date_from_epoch_days;

/// Settles every finding's state. `tables` is the folder of result tables of the run before, when there is one.
///
/// # Errors
/// A source table or result table that can't be read.
pub async fn settle(session: &SessionContext, request: &DetectRequest<'_>, tables: Option<&Path>, detected: &mut Detected) -> Result<()> {
    let reviews = reviews(session, request).await?;
    let (before, resolved) = match tables {
        Some(tables) => (
            rows_before(session, &tables.join("findings.parquet"), "first_seen", request).await?,
            rows_before(session, &tables.join("findings_resolved.parquet"), "resolved_on", request).await?,
        ),
        None => Default::default(),
    };
    for finding in &mut detected.findings {
        let by_number = decided(&reviews, finding);
        let of_other_evidence = || {
            reviews
                .iter()
                .filter(|(number, _)| finding_part(number) == finding.finding_id)
                .map(|(_, review)| review)
                .max_by_key(|review| review.on)
        };
        finding.first_seen = before.get(&finding.finding_id).map_or(request.as_of, |(_, day)| *day);
        let was_there = finding.first_seen < request.as_of;
        (finding.state, finding.review) = match by_number {
            Some(review) => (State::Reviewed, Some(review.clone())),
            None => match of_other_evidence() {
                Some(review) => (State::Changed, Some(review.clone())),
                None => (if was_there { State::Standing } else { State::New }, None),
            },
        };
    }
    let now: BTreeSet<&str> = detected.findings.iter().map(|finding| finding.finding_id.as_str()).collect();
    // A second run as of the same date says the same: what the first resolved stays resolved, and what only the first showed was never there.
    let gone = before.into_values().filter(|(_, first_seen)| *first_seen < request.as_of).map(|(row, _)| row);
    let earlier = resolved.into_values().filter(|(_, resolved_on)| *resolved_on == request.as_of).map(|(row, _)| row);
    // What a failed detector does not say is not gone.
    let is_gone = |row: &Resolved| !now.contains(row.finding_id.as_str()) && !detected.failed.contains_key(&row.detector);
    detected.resolved = gone.chain(earlier).filter(is_gone).collect();
    detected.resolved.sort_by(|a, b| (&a.detector, &a.unit, &a.subject).cmp(&(&b.detector, &b.unit, &b.subject)));
    Ok(())
}

/// The decision that holds for a finding: of one on this evidence and one whatever the evidence the newer; of the same day, that on this evidence.
fn decided<'a>(reviews: &'a BTreeMap<String, Review>, finding: &Finding) -> Option<&'a Review> {
    let [whatever, on_this] = [&finding.finding_id, &finding.number()].map(|number| reviews.get(number));
    whatever.into_iter().chain(on_this).max_by_key(|review| review.on)
}

/// The part of a number that names the finding.
fn finding_part(number: &str) -> &str {
    number.split('-').next().unwrap_or(number)
}

/// The newest decision for each number, of those made by the last day looked at. A decision without a document is none: the contract warns of it.
async fn reviews(session: &SessionContext, request: &DetectRequest<'_>) -> Result<BTreeMap<String, Review>> {
    let what = || "reading `findings_review`".to_owned();
    let sql = format!(
        "SELECT finding_id, decision, reviewed_on, document FROM findings_review \
         WHERE decision IS NOT NULL AND trim(document) <> '' AND reviewed_on <= DATE '{}' ORDER BY reviewed_on, document, decision",
        request.as_of
    );
    let mut reviews = BTreeMap::new();
    for batch in &session.sql(&sql).await.context(Kind::Query, what)?.collect().await.context(Kind::Query, what)? {
        let [numbers, decisions, documents] = [0, 1, 3].map(|column| judged::text(batch, column));
        let (numbers, decisions, documents) = (numbers?, decisions?, documents?);
        let days = judged::days(batch, 2)?;
        for row in 0..batch.num_rows() {
            let (Some(decision), Some(on)) = (Decision::of_code(decisions.value(row)), date_from_epoch_days(days[row])) else { continue };
            let review = Review { decision, on, document: documents.value(row).to_owned() };
            reviews.insert(numbers.value(row).trim().to_ascii_lowercase(), review);
        }
    }
    Ok(reviews)
}

/// Rows of a table of findings of the run before, of the same period, by identifier, each with the day in a column. A run of an engine that did not
/// write that column yet has none.
async fn rows_before(
    session: &SessionContext,
    path: &Path,
    day: &str,
    request: &DetectRequest<'_>,
) -> Result<BTreeMap<String, (Resolved, Date)>> {
    if !path.is_file() {
        return Ok(BTreeMap::new());
    }
    let what = || format!("reading {}", path.display());
    let frame = session.read_parquet(path.to_string_lossy().as_ref(), ParquetReadOptions::default()).await.context(Kind::Query, what)?;
    if !frame.schema().has_column_with_unqualified_name(day) {
        return Ok(BTreeMap::new());
    }
    let columns = ["finding_id", "detector", "title", "unit_id", "subject", "says", "period", day];
    let frame = frame.select_columns(&columns).context(Kind::Query, what)?;
    let period = request.period.to_string();
    let mut found = BTreeMap::new();
    for batch in &frame.collect().await.context(Kind::Query, what)? {
        let texts = (0..7).map(|column| judged::text(batch, column)).collect::<Result<Vec<_>>>()?;
        let days = judged::days(batch, 7)?;
        for row in (0..batch.num_rows()).filter(|row| texts[6].value(*row) == period) {
            let value = |column: usize| texts[column].value(row).to_owned();
            let Some(day) = date_from_epoch_days(days[row]) else { continue };
            let resolved = Resolved {
                finding_id: value(0),
                detector: value(1),
                title: value(2),
                unit: value(3),
                subject: value(4),
                says: value(5),
                resolved_on: request.as_of,
            };
            found.insert(value(0), (resolved, day));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use datafusion::dataframe::DataFrameWriteOptions;

    use super::*;
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

    #[test]
    fn the_newest_decision_holds_and_of_one_day_that_on_the_evidence() {
        let finding = crate::report::fixture::signals::detected().findings.remove(0);
        let review = |decision, day| Review { decision, on: jiff::civil::date(2026, 6, day), document: "文".to_owned() };
        let held = |on_this: i8, whatever: i8| {
            let reviews = BTreeMap::from([
                (finding.number(), review(Decision::Dismissed, on_this)),
                (finding.finding_id.clone(), review(Decision::Confirmed, whatever)),
            ]);
            decided(&reviews, &finding).map(|review| review.decision)
        };
        assert_eq!(
            [(1, 2), (2, 1), (1, 1)].map(|(a, b)| held(a, b)),
            [Decision::Confirmed, Decision::Dismissed, Decision::Dismissed].map(Some)
        );
    }

    #[tokio::test]
    async fn what_the_run_before_had_of_the_same_period_and_this_one_has_not_is_resolved() {
        let (library, _) = crate::library::Library::read(None).expect("the library");
        let session = SessionContext::new();
        let none = "SELECT 'x' AS finding_id, 'x' AS decision, DATE '2026-01-01' AS reviewed_on, 'x' AS document WHERE false";
        let none = session.sql(none).await.expect("no review").into_view();
        session.register_table("findings_review", none).expect("a table");
        let period: Period = "2026".parse().expect("a period");
        let request =
            DetectRequest { library: &library, as_of: jiff::civil::date(2026, 6, 30), period: &period, effects: &Default::default() };
        let folder = tables(&session).await;
        let mut detected = Detected::default();
        settle(&session, &request, Some(folder.path()), &mut detected).await.expect("settled");
        let resolved: Vec<&str> = detected.resolved.iter().map(|row| row.finding_id.as_str()).collect();
        assert_eq!(resolved, ["0a"]);
        settle(&session, &request, None, &mut detected).await.expect("settled");
        assert!(detected.resolved.is_empty(), "without a run before nothing is resolved");
    }
}
