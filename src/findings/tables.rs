//! Row types of the result table `findings`.
//!
//! In: nothing. Out: a finding with its evidence rows. Never here: verdicts; a finding is a clue for a reviewer.

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
}

/// One pattern found at one unit. Sort key: detector, unit, subject.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Detector, for example `stage_inversion`.
    pub detector: String,
    /// Chinese title of the pattern.
    pub title: String,
    /// Unit.
    pub unit: String,
    /// Domain, where there is one.
    pub domain: String,
    /// Stable identifier: detector, unit and subject.
    pub finding_id: String,
    /// What it is about (a case, a party, a month).
    pub subject: String,
    /// One sentence for the reviewer.
    pub says: String,
    /// Size of the effect in the detector's own measure.
    pub strength: f64,
    /// Probability under the innocent hypothesis, where the detector tests one.
    pub p_value: Option<f64>,
    /// After correction for all tests of the report.
    pub q_value: Option<f64>,
    /// Rows that the detector looked at for this unit.
    pub n: i64,
    /// Innocent explanations to rule out first.
    pub benign_causes: String,
    /// Evidence, sorted.
    pub evidence: Vec<Evidence>,
}
