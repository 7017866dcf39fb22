//! What a report is made of: one value that holds every figure, and nothing else.
//!
//! In: what the stages before it computed. Out: plain structs that pages and result tables read. Never here: whole rows of
//! a source table; of a record only key, dates, codes and place in its file. No struct below has a place for a party's name, number, address
//! or raw text, and that is the first of the three walls
//! that keep personal data off a page (the others: [`super::allowed`] and [`super::guard`]).

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::compute::declarations::Declared;
use crate::compute::measures::{Measures, Scope};
use crate::compute::reconciliation::Reconciled;
use crate::compute::verification::Verified;
use crate::explain::lists::RecordLists;
use crate::explain::reconciled::ReconciledRecords;
use crate::findings::effects::Effects;
use crate::findings::tables::Detected;
use crate::findings::watch::ControlChart;
use crate::indices::burden::BurdenTables;
use crate::indices::synergy::SynergyTables;
use crate::ingest::UnitRemark;
use crate::library::detector::Detector;
use crate::library::indicator::{Better, Indicator, Shape, ShownAs, Window};
use crate::scoring::audit::Audit;
use crate::scoring::tables::{Scorecards, Unit};
use crate::scoring::whatif::Move;
use crate::terms::{IndicatorId, Period, RunId, UnitId};

/// Everything that pages and result tables show.
#[derive(Debug, Clone)]
pub struct ReportInput {
    /// Name of the assessment, on every page.
    pub assessment: String,
    /// A sentence at the head of every page; empty when there is none.
    pub notice: String,
    /// The span that the scorecards speak about.
    pub period: Period,
    /// State of the facts: 24:00 of this date.
    pub as_of: Date,
    /// The run.
    pub run_id: RunId,
    /// Version of kaohe.
    pub engine_version: String,
    /// Source table → version of the lake that was read.
    pub lake_versions: BTreeMap<String, u64>,
    /// The year's policy.
    pub scheme: SchemeView,
    /// Headers of the indicators that the scheme names.
    pub indicators: BTreeMap<IndicatorId, IndicatorView>,
    /// Where each indicator's figures come from.
    pub lineage: BTreeMap<IndicatorId, Lineage>,
    /// Units on the as-of date.
    pub units: Vec<Unit>,
    /// Division code → name.
    pub regions: BTreeMap<String, String>,
    /// Source table → Chinese title of its contract.
    pub tables: BTreeMap<String, String>,
    /// Values, scores, ranks.
    pub scorecards: Scorecards,
    /// What the scheme does, beside what its weights say.
    pub audit: Audit,
    /// The events behind score lines: bonus, deduction, veto.
    pub line_events: Vec<LineEvent>,
    /// Measures of every month.
    pub measures: Measures,
    /// Sides of borders, and regions over all their borders.
    pub synergy: SynergyTables,
    /// Burden on enterprises.
    pub burden: BurdenTables,
    /// Both sides of the comparison between the units' systems and the platform.
    pub reconciliation: Vec<Reconciled>,
    /// The records on which they do not agree: the office's pages, and each unit's own.
    pub reconciled: ReconciledRecords,
    /// What the units recorded, beside what four ways of checking confirmed.
    pub verification: Vec<Verified>,
    /// What the units declared of their records, beside what the data tell.
    pub declarations: Vec<Declared>,
    /// Population behind one of the two → source tables below it that are held.
    pub held_below: BTreeMap<String, Vec<String>>,
    /// Records behind each unit's figures: its own pages only.
    pub records: RecordLists,
    /// Patterns for a reviewer: the office's tree only.
    pub detected: Detected,
    /// Months of each unit in each indicator, watched.
    pub charts: Vec<ControlChart>,
    /// What is known to have disturbed the records.
    pub effects: Effects,
    /// What was looked for.
    pub detectors: Vec<Detector>,
    /// One row a source file.
    pub accounting: Vec<AccountingRow>,
    /// Why rows were quarantined, as counts.
    pub quarantine_reasons: Vec<ReasonCount>,
    /// Checks of severity "warn" that some rows did not pass.
    pub warnings: Vec<ReasonCount>,
    /// What was noticed about the rows of each unit.
    pub unit_remarks: Vec<UnitRemarkRow>,
    /// Tables and indicators whose values are those of an earlier run.
    pub held: Vec<HeldItem>,
    /// Units without any row in a source that they must feed.
    pub not_reported: Vec<NotReported>,
    /// Clocks and parameters that were used beyond the published calendar, or rest on a source that nobody has confirmed.
    pub marks: Vec<Mark>,
    /// Totals and ranks of the run before, where there is one.
    pub previous: Option<PreviousRun>,
    /// What a signed edition says of itself; none of a run.
    pub edition: Option<Edition>,
}

/// An edition of a release.
#[derive(Debug, Clone, PartialEq)]
pub struct Edition {
    /// Its number.
    pub number: u32,
    /// The edition that it corrects.
    pub corrects: Option<u32>,
    /// The day on which it became final.
    pub final_on: String,
    /// Comments, appeals and exclusions that were heard.
    pub heard: [usize; 3],
    /// Tables and indicators whose figures are those of an earlier night.
    pub held: Vec<String>,
    /// Published figures that are others than in the edition that it corrects, or in the frozen run: by decisions, and where the run is another by its data.
    pub figures: Vec<ChangedFigure>,
    /// Objects whose total, rank or grade is another than in the edition that it corrects, or in the frozen run.
    pub moved: Vec<Move>,
}

/// A figure that a decision changed.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangedFigure {
    /// The matters; none where other data have changed it.
    pub matters: Vec<u32>,
    /// Whose.
    pub unit: String,
    /// Scorecard; empty for all of them.
    pub domain: String,
    /// Indicator; or a bonus, deduction or veto.
    pub what: String,
    /// Whether it is no figure of an indicator, but a bonus, deduction or veto.
    pub is_event: bool,
    /// Its score before and after, where it has one.
    pub score: (Option<Decimal>, Option<Decimal>),
    /// Before and after, as `numerator/denominator` or a value; empty where there is none, as for an event that fell away.
    pub figure: (String, String),
    /// Whoever answers for the unit keeps its figure: it is counted anew from records, not added up.
    pub stays_above: bool,
    /// No total rests on it.
    pub only_shown: bool,
}

impl ReportInput {
    /// Findings that are none any more as of this report's date.
    pub fn newly_resolved(&self) -> usize {
        self.detected.resolved.iter().filter(|resolved| resolved.resolved_on == self.as_of).count()
    }

    /// The measures in their declared order: themselves where they stand in it.
    pub fn sorted_measures(&self) -> Cow<'_, Measures> {
        if self.measures.is_sorted() {
            return Cow::Borrowed(&self.measures);
        }
        let mut sorted = self.measures.clone();
        sorted.sort();
        Cow::Owned(sorted)
    }
}

/// A scheme as pages show it.
#[derive(Debug, Clone, Default)]
pub struct SchemeView {
    /// Title.
    pub title: String,
    /// Hash of its text, as in the manifest.
    pub hash: String,
    /// Decimals of published scores.
    pub decimals: u32,
    /// From what a total is ranked.
    pub minimum: Minimum,
    /// Names of the grades, the best first.
    pub grades: Vec<String>,
    /// Whose acts count for a unit of a tier; a tier that is not named counts its own.
    pub scopes: BTreeMap<String, Scope>,
    /// Nodes in the order of the scheme, parents first; the root (`total`) is not among them.
    pub nodes: Vec<NodeView>,
    /// Indicators in the order of the scheme.
    pub indicators: Vec<SchemeIndicator>,
    /// How every number comes about, in sentences.
    pub method: Vec<MethodSection>,
}

/// A part of the methodology page.
#[derive(Debug, Clone)]
pub struct MethodSection {
    /// Heading.
    pub title: String,
    /// Sentences.
    pub sentences: Vec<String>,
}

/// What the ranking asks for.
#[derive(Debug, Clone, Default)]
pub struct Minimum {
    /// Cases of a rate.
    pub cases: u32,
    /// Answers of a mean.
    pub answers: u32,
    /// Points that half of a total's interval may span.
    pub half_width: Decimal,
    /// Share of a total's points that must rest on enough cases.
    pub rank_share: Decimal,
    /// Ranked objects of a peer group.
    pub units: u32,
}

/// One node of the scheme's tree.
#[derive(Debug, Clone)]
pub struct NodeView {
    /// Identifier.
    pub id: String,
    /// Chinese title.
    pub title: String,
    /// Parent node, or `total`.
    pub parent: String,
    /// Points.
    pub points: Decimal,
    /// True for the classes (base, dynamic, innovation).
    pub class: bool,
}

/// One indicator's place in the scheme.
#[derive(Debug, Clone)]
pub struct SchemeIndicator {
    /// Identifier.
    pub id: IndicatorId,
    /// Node that it hangs on.
    pub node: String,
    /// Points.
    pub points: Decimal,
    /// Target shown beside the value.
    pub target: Option<Decimal>,
    /// Shown, never scored.
    pub report_only: bool,
    /// Points of its curve: value, score.
    pub curve: Vec<(Decimal, Decimal)>,
    /// Scored from the value drawn towards the peers'.
    pub from_shrunk: bool,
}

/// The header of an indicator, and its definition in words.
#[derive(Debug, Clone)]
pub struct IndicatorView {
    /// Chinese title.
    pub title: String,
    /// Definition in words.
    pub comment: String,
    /// Clause that asks for it.
    pub basis: String,
    /// How a value is shown.
    pub shown_as: ShownAs,
    /// Which way is good.
    pub better: Better,
    /// Domains it applies to.
    pub domains: Vec<String>,
    /// True when the value is a numerator over a denominator; else it stands alone over `n` answers.
    pub ratio: bool,
    /// True when a month's row speaks of that month alone.
    pub monthly: bool,
}

impl From<&Indicator> for IndicatorView {
    fn from(indicator: &Indicator) -> Self {
        Self {
            title: indicator.title.clone(),
            comment: unwrapped(&indicator.comment),
            basis: indicator.basis.clone(),
            shown_as: indicator.shown_as,
            better: indicator.better,
            domains: indicator.domains.clone(),
            ratio: matches!(indicator.shape, Shape::Ratio | Shape::Pair),
            monthly: indicator.window == Window::Flow,
        }
    }
}

/// Lines of a comment as one paragraph; Chinese takes no blank where a line ended.
fn unwrapped(comment: &str) -> String {
    let mut text = String::new();
    for line in comment.lines() {
        if text.chars().next_back().is_some_and(|last| last.is_ascii()) {
            text.push(' ');
        }
        text.push_str(line.trim());
    }
    text
}

/// What fixes an indicator's figures: written into every row of `scorecards`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lineage {
    /// Hash of the resolved definition.
    pub definition_hash: String,
    /// Versions of clocks and parameters in force.
    pub clock_versions: String,
    /// Source tables with their lake versions.
    pub lake_versions: String,
}

/// An event that moves a total outside the tree, or caps the grade. Sort key: unit, domain, date, entry, kind.
#[derive(Debug, Clone, PartialEq)]
pub struct LineEvent {
    /// Unit.
    pub unit: UnitId,
    /// Domain.
    pub domain: String,
    /// Identifier of the event.
    pub entry: String,
    /// Its day.
    pub recorded_on: Date,
    /// Kind of its line: `bonus`, `deduction`, `veto`.
    pub kind: String,
    /// Points before the cap, with their sign; none for a veto.
    pub points: Option<Decimal>,
    /// What for, in Chinese.
    pub says: String,
    /// Best grade that a veto leaves.
    pub cap_grade: Option<String>,
    /// Document that decides it.
    pub document: String,
}

/// The accounting of one source file. Sort key: table, file, sheet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AccountingRow {
    /// Source table.
    pub table: String,
    /// File.
    pub source_file: String,
    /// Sheet of a workbook.
    pub sheet: String,
    /// `csv`, `xlsx`, ….
    pub format: String,
    /// `utf-8`, `gb18030`.
    pub encoding: String,
    /// Size on disk.
    pub bytes_size: u64,
    /// Bytes that were read.
    pub bytes_read: u64,
    /// Records in the file.
    pub records_seen: u64,
    /// Records that a mapping made out of others (more rows out than in).
    pub expanded: u64,
    /// Records in the lake.
    pub loaded: u64,
    /// Records set apart with their reasons.
    pub quarantined: u64,
    /// Records with a key that another record has.
    pub duplicates: u64,
    /// Records that a mapping leaves out.
    pub filtered: u64,
    /// Good records that stay out because their table is held.
    pub held: u64,
    /// Every record and every byte is accounted for, as ingest says.
    pub balanced: bool,
    /// Hash of the file.
    pub digest: String,
}

/// A remark about a unit's rows of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitRemarkRow {
    /// Table, unit, check, rows.
    pub remark: UnitRemark,
    /// Rows that the unit sent in the table, if any were read.
    pub of_rows: Option<u64>,
}

/// How many rows of a table a check speaks of. Sort key: table, check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReasonCount {
    /// Source table.
    pub table: String,
    /// Name of the check or reason.
    pub check: String,
    /// Its sentence, in Chinese: the check's own, never a value of a row.
    pub says: String,
    /// Rows.
    pub rows: u64,
}

/// Something whose value is that of an earlier run. Sort key: kind, name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldItem {
    /// `table` or `indicator`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Why, as codes.
    pub codes: Vec<String>,
    /// Source tables that an indicator waits for.
    pub waits_for: Vec<String>,
    /// Why, in the program's own words.
    pub reason: String,
    /// As-of date of the value that stands in for it.
    pub since: Option<Date>,
}

/// A unit that has sent nothing to a source. Sort key: table, unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotReported {
    /// Source table.
    pub table: String,
    /// Unit.
    pub unit: UnitId,
    /// Last date for which it has a row, if ever.
    pub last_seen: Option<Date>,
}

/// A clock or parameter with a reservation. Sort key: name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Clock or parameter.
    pub name: String,
    /// Chinese title.
    pub title: String,
    /// Confidence mark of its source (`V`, `M`, `K`, `T`, `plan`, `own`).
    pub confirmed: String,
    /// Source.
    pub source: String,
    /// First date that lies beyond the published calendar, when it was reached.
    pub provisional_from: Option<Date>,
}

/// What the run before said.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PreviousRun {
    /// Its as-of date.
    pub as_of: Option<Date>,
    /// Rank of each assessed object.
    pub ranks: BTreeMap<(UnitId, String), u32>,
}
