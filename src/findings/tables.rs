//! Row types of the result tables `findings`, `findings_evidence`, `finding_tests`, `findings_resolved` and `findings_waiting`.
//!
//! In: nothing. Out: findings with their evidence, and every test that was made. Never here: verdicts; a finding is a clue for a reviewer.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::library::detector::Detector;

/// One record that a finding rests on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Evidence {
    /// Source table.
    pub table: String,
    /// Key of the row.
    pub record_id: String,
    /// What is odd about it, in Chinese.
    pub says: String,
    /// File it came from.
    pub source_file: String,
    /// Line in that file.
    pub source_line: i64,
    /// Which kinds of oddness, with 、 between; empty where the detector has one.
    pub sign: String,
    /// The row's own values that make it odd, where what is said of it also names those of others: see [`Evidence::judged_by`].
    pub judged: Option<String>,
}

impl Evidence {
    /// What a decision rests on: with other values of the row it is to be looked at again, with other words or other rows beside it, it is not. Where the
    /// detector has no column `judged`, the numbers in what is said: dates, times, amounts.
    pub fn judged_by(&self) -> String {
        let is_of_number = |letter: char| letter.is_ascii_digit() || matches!(letter, '-' | '.' | ':');
        let numbers =
            self.says.split(|letter: char| !is_of_number(letter)).filter(|part| part.contains(|letter: char| letter.is_ascii_digit()));
        self.judged.clone().unwrap_or_else(|| numbers.collect::<Vec<_>>().join(" "))
    }
}

/// A fact about rows, or the outcome of a test. The two are never mixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FindingKind {
    /// Every row shows it; there is no probability to speak of.
    Fact,
    /// So much is improbable among honest peers.
    Statistical,
}

impl FindingKind {
    /// The word in result tables.
    pub fn word(self) -> &'static str {
        match self {
            Self::Fact => "fact",
            Self::Statistical => "statistical",
        }
    }
}

/// What a reviewer decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The pattern is what it looks like.
    Confirmed,
    /// It is there, and has a good reason.
    Explained,
    /// It is not there.
    Dismissed,
}

impl Decision {
    /// The code in the source table `findings_review`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Explained => "explained",
            Self::Dismissed => "dismissed",
        }
    }

    /// The decision of a code.
    pub fn of_code(code: &str) -> Option<Self> {
        [Self::Confirmed, Self::Explained, Self::Dismissed].into_iter().find(|decision| decision.code() == code)
    }
}

/// The newest decision on a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// What was decided.
    pub decision: Decision,
    /// When.
    pub on: Date,
    /// The document that it rests on.
    pub document: String,
}

/// Where a finding stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// First shown as of this date.
    New,
    /// Shown before, and nobody has decided.
    Standing,
    /// Decided, and the evidence is the same since.
    Reviewed,
    /// Decided, but there is other evidence now: to be looked at again.
    Changed,
}

impl State {
    /// The word in result tables.
    pub fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Standing => "standing",
            Self::Reviewed => "reviewed",
            Self::Changed => "changed",
        }
    }

    /// A reviewer has yet to look at it.
    pub fn is_open(self) -> bool {
        self != Self::Reviewed
    }
}

/// One pattern found at one unit. Sort key: detector, unit, subject.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Detector, for example `stage_inversion`.
    pub detector: String,
    /// Chinese title of the pattern.
    pub title: String,
    /// A fact or a test.
    pub kind: FindingKind,
    /// Unit.
    pub unit: String,
    /// Domain, where there is one.
    pub domain: String,
    /// Source table of the rows looked at.
    pub table: String,
    /// The period looked at.
    pub period: String,
    /// Stable identifier: detector, unit, period, domain and table.
    pub finding_id: String,
    /// Of its evidence: two findings with the same number rest on the same records, odd in the same ways.
    pub evidence_digest: String,
    /// What it is about: period, domain, kind of record.
    pub subject: String,
    /// One or two sentences for the reviewer.
    pub says: String,
    /// The unit's share of odd rows, or the detector's own statistic.
    pub strength: f64,
    /// The same among peers.
    pub usual: Option<f64>,
    /// Effect: how many times the usual (for an evenness: spread ÷ what chance gives).
    pub effect: Option<f64>,
    /// 95 % limits of the effect.
    pub effect_interval: Option<(f64, f64)>,
    /// The statistic of the same span a year before.
    pub before: Option<f64>,
    /// Probability under the innocent hypothesis; none of a fact.
    pub p_value: Option<f64>,
    /// After correction for all tests of the report.
    pub q_value: Option<f64>,
    /// Rows that the detector looked at for this unit.
    pub n: i64,
    /// 1 to 5.
    pub severity: u8,
    /// Severity × certainty × size: the order in which reviewers look.
    pub worth: f64,
    /// Innocent explanations to rule out first.
    pub benign_causes: String,
    /// What to pull and look at.
    pub look_at: String,
    /// Date as of which a run first showed it.
    pub first_seen: Date,
    /// Where it stands.
    pub state: State,
    /// The newest decision.
    pub review: Option<Review>,
    /// Evidence, sorted.
    pub evidence: Vec<Evidence>,
}

impl Finding {
    /// The number on the list, by which a reviewer's decision names it: the finding and its evidence.
    pub fn number(&self) -> String {
        format!("{}-{}", self.finding_id, self.evidence_digest)
    }
}

/// What became of a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is a finding.
    Flagged,
    /// Improbable, but too small to be worth a look.
    BelowFloor,
    /// Not improbable among peers.
    Usual,
    /// Fewer rows than the detector's minimum.
    TooFew,
    /// A precondition fails: neither a pass nor a finding.
    NotApplicable,
}

impl Outcome {
    /// The word in result tables.
    pub fn word(self) -> &'static str {
        match self {
            Self::Flagged => "flagged",
            Self::BelowFloor => "below_floor",
            Self::Usual => "usual",
            Self::TooFew => "too_few",
            Self::NotApplicable => "not_applicable",
        }
    }
}

/// One test of one unit. Sort key: detector, unit, domain, table, sign.
#[derive(Debug, Clone, PartialEq)]
pub struct FindingTest {
    /// Detector.
    pub detector: String,
    /// Unit.
    pub unit: String,
    /// Domain of the acts.
    pub domain: String,
    /// Source table of the rows.
    pub table: String,
    /// Which kind of oddness.
    pub sign: String,
    /// Those it was compared with: domain and tier.
    pub group: String,
    /// Units in that group.
    pub peers: i64,
    /// Rows looked at.
    pub n: i64,
    /// Rows that a unit must have.
    pub minimum_n: i64,
    /// Odd rows.
    pub odd: i64,
    /// The unit's share, or the detector's own statistic.
    pub statistic: f64,
    /// The same among peers.
    pub usual: Option<f64>,
    /// Effect.
    pub effect: Option<f64>,
    /// 95 % limits of the effect.
    pub effect_interval: Option<(f64, f64)>,
    /// p.
    pub p_value: Option<f64>,
    /// q over all tests of the report.
    pub q_value: Option<f64>,
    /// q over the tests of this detector.
    pub family_q_value: Option<f64>,
    /// What became of it.
    pub outcome: Outcome,
    /// Why it was not judged.
    pub reason: String,
    /// Rows of the unit that a known effect explains: not among those judged.
    pub left_out: i64,
}

/// A finding of an earlier run over the period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Earlier {
    /// Its identifier.
    pub finding_id: String,
    /// Detector.
    pub detector: String,
    /// Title.
    pub title: String,
    /// Unit.
    pub unit: String,
    /// What it was about.
    pub subject: String,
    /// What it said.
    pub says: String,
    /// Date as of which a run first showed it.
    pub first_seen: Date,
    /// The newest decision on it.
    pub review: Option<Review>,
}

/// One that is none any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// What it was.
    pub finding: Earlier,
    /// Date as of which it was none any more.
    pub resolved_on: Date,
}

/// Why a decision decides nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhyIgnored {
    /// It has no decision, or one that is not known.
    NoDecision,
    /// It has no document.
    NoDocument,
    /// No finding has this number: a slip, or it is none any more.
    NoFinding,
    /// Its unit is not that of the finding.
    OtherUnit,
    /// Its detector is not that of the finding.
    OtherDetector,
    /// Its number does not name the evidence.
    NoEvidence,
    /// Its day is later than the report's: it is not known yet.
    LaterDay,
}

/// A decision that decides nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IgnoredReview {
    /// Its number, as written.
    pub number: String,
    /// Its unit, as written.
    pub unit: String,
    /// Its day.
    pub on: Date,
    /// Its document.
    pub document: String,
    /// What is wrong.
    pub why: WhyIgnored,
}

/// Everything that a report says about patterns.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Detected {
    /// Findings, by detector, unit, subject.
    pub findings: Vec<Finding>,
    /// Every test, by detector, unit, domain, table, sign.
    pub tests: Vec<FindingTest>,
    /// Row rule → units with records that it looks at, none of them odd.
    pub unremarkable: BTreeMap<String, usize>,
    /// What was a finding earlier in the period and is none any more.
    pub resolved: Vec<Resolved>,
    /// What detectors that failed had found before.
    pub waiting: Vec<Earlier>,
    /// Decisions that decide nothing.
    pub ignored: Vec<IgnoredReview>,
    /// Detectors that failed, with the engine's words: they say nothing, and the others stand.
    pub failed: BTreeMap<String, String>,
    /// Seconds spent on each detector.
    pub seconds: BTreeMap<String, f64>,
}

impl Detected {
    /// Detectors that could not see everything say nothing.
    pub fn fail<'a>(&mut self, detectors: impl Iterator<Item = &'a Detector>, reason: &str) {
        self.failed.extend(detectors.map(|detector| (detector.name.clone(), reason.to_owned())));
        self.findings.retain(|finding| !self.failed.contains_key(&finding.detector));
    }

    /// Findings that a reviewer has yet to look at.
    pub fn open(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.state.is_open())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decision_rests_on_the_rows_own_values_and_not_on_words_or_on_other_rows() {
        let said = |says: &str, judged: Option<&str>| {
            let evidence = Evidence {
                table: "cases".to_owned(),
                record_id: "1".to_owned(),
                says: says.to_owned(),
                source_file: "cases.csv".to_owned(),
                source_line: 2,
                sign: String::new(),
                judged: judged.map(str::to_owned),
            };
            evidence.judged_by()
        };
        assert_eq!(said("2026-03-01 至 10:30，罚款 3000.00 元", None), "2026-03-01 10:30 3000.00");
        assert_eq!(said("罚款 3000 元", None), said("本件罚款为 3000 元", None), "other words");
        assert_ne!(said("罚款 3000 元", None), said("罚款 2990 元", None), "another amount");
        assert_eq!(said("罚款 3000 元，等 4 件", Some("3000")), said("罚款 3000 元，等 5 件", Some("3000")), "another row beside it");
        assert_ne!(said("等 4 件", Some("3000")), said("等 4 件", Some("2990")));
    }
}
