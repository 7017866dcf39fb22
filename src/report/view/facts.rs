//! The report's input, looked up by unit, domain and indicator.
//!
//! In: [`ReportInput`]. Out: borrowed rows. Never here: words, figures of its own.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use crate::compute::measures::{Measure, Measures, Scope};
use crate::compute::reconciliation::Reconciled;
use crate::compute::verification::Verified;
use crate::explain::lists::RecordList;
use crate::explain::reconciled::ReconciledRecord;
use crate::findings::tables::{Finding, FindingTest, Outcome};
use crate::findings::watch::ControlChart;
use crate::ingest::UnitRemark;
use crate::report::input::{HeldItem, NodeView, ReportInput, SchemeIndicator, UnitRemarkRow};
use crate::report::names::{Text, file_name};
use crate::report::sheets::SheetFiles;
use crate::report::texts;
use crate::scoring::regional::upwards;
use crate::scoring::tables::{LedgerRow, LineKind, NextGrade, Rank, RankNeighbour, Score, ScoreLine, Unit, Value};
use crate::terms::{IndicatorId, Month, UnitId};

/// An assessed object: a unit in one domain.
pub type Object<'a> = (&'a UnitId, &'a str);

/// The middle half of some values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quartiles {
    /// A quarter lies below.
    pub low: Decimal,
    /// Half lies below.
    pub median: Decimal,
    /// A quarter lies above.
    pub high: Decimal,
}

impl Quartiles {
    /// Fewer peers than this are not told: a quartile would be somebody's figure.
    const FEWEST: usize = 8;

    /// By the nearest rank.
    fn of(mut values: Vec<Decimal>) -> Option<Self> {
        let count = values.len();
        if count < Self::FEWEST {
            return None;
        }
        values.sort();
        let at = |quarters: usize| values[(count * quarters).div_ceil(4) - 1];
        Some(Self { low: at(1), median: at(2), high: at(3) })
    }
}

/// Lookups over one input.
pub struct Facts<'a> {
    /// The input itself.
    pub input: &'a ReportInput,
    /// Months that sparklines span.
    pub months: Vec<Month>,
    /// The files of each result table; empty where none are written.
    pub sheets: Vec<SheetFiles>,
    units: BTreeMap<&'a str, &'a Unit>,
    ranks: BTreeMap<Object<'a>, &'a Rank>,
    by_peer_group: BTreeMap<&'a str, Vec<&'a Rank>>,
    scores: BTreeMap<(&'a UnitId, &'a str, &'a str), &'a Score>,
    values: BTreeMap<Object<'a>, Vec<&'a Value>>,
    by_indicator: BTreeMap<&'a IndicatorId, Vec<&'a Value>>,
    quartiles: BTreeMap<(&'a str, &'a IndicatorId), Quartiles>,
    charts: BTreeMap<(&'a str, &'a str, &'a str), &'a ControlChart>,
    measures: Cow<'a, Measures>,
    findings: BTreeMap<&'a str, Vec<&'a Finding>>,
    /// By detector and unit: the strongest of its findings.
    strongest: BTreeMap<&'a str, BTreeMap<&'a str, f64>>,
    tests: BTreeMap<&'a str, Vec<&'a FindingTest>>,
    places: BTreeMap<&'a IndicatorId, (usize, &'a SchemeIndicator)>,
    score_lines: BTreeMap<Object<'a>, Vec<&'a ScoreLine>>,
    next_grades: BTreeMap<Object<'a>, &'a NextGrade>,
    rank_neighbours: BTreeMap<Object<'a>, Vec<&'a RankNeighbour>>,
    ledger: BTreeMap<(&'a UnitId, &'a str, &'a IndicatorId), Vec<&'a LedgerRow>>,
    reconciliation: BTreeMap<&'a UnitId, Vec<&'a Reconciled>>,
    reconciled: BTreeMap<&'a UnitId, Vec<&'a ReconciledRecord>>,
    verification: BTreeMap<&'a UnitId, Vec<&'a Verified>>,
    remarks: BTreeMap<&'a str, Vec<&'a UnitRemarkRow>>,
    /// By table and check: rows remarked on, whoever sent them.
    remarked: BTreeMap<(&'a str, &'a str), u64>,
    /// By table: rows sent.
    sent: BTreeMap<&'a str, u64>,
}

impl<'a> Facts<'a> {
    /// Sorts the input into its lookups.
    pub fn of(input: &'a ReportInput) -> Self {
        let mut facts = Self {
            input,
            months: input.period.months_until(input.as_of),
            sheets: Vec::new(),
            units: input.units.iter().map(|unit| (unit.id.as_ref(), unit)).collect(),
            ranks: input.scorecards.ranks.iter().map(|rank| ((&rank.unit, rank.domain.as_str()), rank)).collect(),
            by_peer_group: BTreeMap::new(),
            scores: BTreeMap::new(),
            values: BTreeMap::new(),
            by_indicator: BTreeMap::new(),
            quartiles: BTreeMap::new(),
            charts: input
                .charts
                .iter()
                .map(|chart| ((chart.unit.as_str(), chart.domain.as_str(), chart.indicator.as_str()), chart))
                .collect(),
            measures: input.sorted_measures(),
            findings: BTreeMap::new(),
            strongest: BTreeMap::new(),
            tests: BTreeMap::new(),
            places: input.scheme.indicators.iter().enumerate().map(|(place, indicator)| (&indicator.id, (place, indicator))).collect(),
            score_lines: BTreeMap::new(),
            next_grades: input.scorecards.next_grades.iter().map(|row| ((&row.unit, row.domain.as_str()), row)).collect(),
            rank_neighbours: BTreeMap::new(),
            ledger: BTreeMap::new(),
            reconciliation: BTreeMap::new(),
            reconciled: BTreeMap::new(),
            verification: BTreeMap::new(),
            remarks: BTreeMap::new(),
            remarked: BTreeMap::new(),
            sent: BTreeMap::new(),
        };
        let follows = |unit: &'a Unit| unit.predecessors.iter().map(|before| (before.id.as_ref(), unit.id.as_ref()));
        let successors: BTreeMap<&str, &'a str> = input.units.iter().flat_map(follows).collect();
        for row in &input.unit_remarks {
            let remark = &row.remark;
            let unit = successors.get(remark.unit.as_str()).copied().unwrap_or(&remark.unit);
            facts.remarks.entry(unit).or_default().push(row);
            *facts.remarked.entry((&remark.table, &remark.check)).or_default() += remark.rows;
        }
        for row in &input.accounting {
            *facts.sent.entry(&row.table).or_default() += row.records_seen + row.expanded;
        }
        for rank in facts.ranks.values() {
            facts.by_peer_group.entry(&rank.peer_group).or_default().push(rank);
        }
        for row in &input.reconciliation {
            facts.reconciliation.entry(&row.unit).or_default().push(row);
        }
        for record in &input.reconciled.records {
            facts.reconciled.entry(&record.unit).or_default().push(record);
        }
        for row in &input.verification {
            facts.verification.entry(&row.unit).or_default().push(row);
        }
        for row in &input.scorecards.ledger {
            facts.ledger.entry((&row.unit, &row.domain, &row.indicator)).or_default().push(row);
        }
        for line in &input.scorecards.score_lines {
            facts.score_lines.entry((&line.unit, &line.domain)).or_default().push(line);
        }
        for row in &input.scorecards.rank_neighbours {
            facts.rank_neighbours.entry((&row.unit, &row.domain)).or_default().push(row);
        }
        for score in &input.scorecards.scores {
            facts.scores.insert((&score.unit, &score.domain, &score.node), score);
        }
        for value in &input.scorecards.values {
            facts.values.entry((&value.unit, &value.domain)).or_default().push(value);
            facts.by_indicator.entry(&value.indicator).or_default().push(value);
        }
        for values in facts.by_indicator.values_mut() {
            values.sort_by(|a, b| (&a.unit, &a.domain).cmp(&(&b.unit, &b.domain)));
        }
        facts.quartiles = facts.all_quartiles();
        for finding in &input.detected.findings {
            facts.findings.entry(&finding.unit).or_default().push(finding);
            let strongest = facts.strongest.entry(&finding.detector).or_default().entry(&finding.unit).or_default();
            *strongest = strongest.max(finding.strength);
        }
        for test in &input.detected.tests {
            facts.tests.entry(&test.detector).or_default().push(test);
        }
        facts
    }

    fn all_quartiles(&self) -> BTreeMap<(&'a str, &'a IndicatorId), Quartiles> {
        let mut known: BTreeMap<(&str, &IndicatorId), Vec<Decimal>> = BTreeMap::new();
        for value in &self.input.scorecards.values {
            let group = self.ranks.get(&(&value.unit, value.domain.as_str())).map(|rank| rank.peer_group.as_str());
            if let Some((group, number)) = group.zip(value.value) {
                known.entry((group, &value.indicator)).or_default().push(number);
            }
        }
        known.into_iter().filter_map(|(key, values)| Some((key, Quartiles::of(values)?))).collect()
    }

    /// The middle half of an object's peers in an indicator, itself among them; nothing where they are so few that it would tell one of them.
    pub fn quartiles(&self, object: Object<'a>, indicator: &'a IndicatorId) -> Option<Quartiles> {
        self.quartiles.get(&(self.rank(object)?.peer_group.as_str(), indicator)).copied()
    }

    /// The months of an object in an indicator between their control limits, where there are enough of them.
    pub fn chart(&self, object: Object<'a>, indicator: &'a IndicatorId) -> Option<&'a ControlChart> {
        self.charts.get(&(object.0.as_ref(), object.1, indicator.as_ref())).copied()
    }

    /// The test behind a finding: of its flagged ones the least probable.
    pub fn test_of(&self, finding: &Finding) -> Option<&'a FindingTest> {
        let tests = self.tests.get(finding.detector.as_str())?;
        let own = tests.iter().filter(|test| {
            (&test.unit, &test.domain, &test.table) == (&finding.unit, &finding.domain, &finding.table) && test.outcome == Outcome::Flagged
        });
        own.copied().min_by(|a, b| a.p_value.unwrap_or(1.0).total_cmp(&b.p_value.unwrap_or(1.0)))
    }

    /// The statistics of the units that a test compares with.
    pub fn tests_beside(&self, test: &FindingTest) -> Vec<f64> {
        let tests = self.tests.get(test.detector.as_str()).map_or(&[][..], Vec::as_slice);
        let is_beside = |other: &&&FindingTest| {
            (&other.sign, &other.table, &other.group) == (&test.sign, &test.table, &test.group)
                && other.p_value.is_some()
                && other.unit != test.unit
        };
        tests.iter().filter(is_beside).map(|other| other.statistic).collect()
    }

    /// The strongest finding of the same detector at every other unit that has one.
    pub fn strongest_beside(&self, finding: &Finding) -> Vec<f64> {
        let of_detector = self.strongest.get(finding.detector.as_str()).into_iter().flatten();
        of_detector.filter(|(unit, _)| **unit != finding.unit).map(|(_, strength)| *strength).collect()
    }

    /// A unit's row.
    pub fn unit(&self, id: impl AsRef<str>) -> Option<&'a Unit> {
        self.units.get(id.as_ref()).copied()
    }

    /// Whether a unit is another one or answers to it.
    pub fn is_below(&self, unit: impl AsRef<str>, other: &UnitId) -> bool {
        let mut at = Some(unit.as_ref());
        // No chain of command is longer than there are units, even one that turns in a circle.
        for _ in 0..=self.units.len() {
            match at {
                Some(unit) if unit == other.as_ref() => return true,
                Some(unit) => at = self.unit(unit).and_then(|unit| unit.parent.as_ref()).map(AsRef::as_ref),
                None => return false,
            }
        }
        false
    }

    /// A unit's name; its identifier where the units' table does not know it.
    pub fn unit_name(&self, id: impl AsRef<str>) -> Text {
        Text::of(self.unit(&id).map_or(id.as_ref(), |unit| &unit.name))
    }

    /// A division's name, or its code.
    pub fn region_name(&self, code: &str) -> Text {
        Text::of(self.input.regions.get(code).map_or(code, String::as_str))
    }

    /// What a finding is about: a span of time, a domain, sometimes a source table.
    pub fn subject(&self, subject: &str) -> Text {
        let part = |part: &str| self.input.tables.get(part).map_or_else(|| part.to_owned(), String::clone);
        Text::masked(&subject.split(" · ").map(part).collect::<Vec<_>>().join(" · "))
    }

    /// A source table's title, or its name.
    pub fn table_name(&self, table: &str) -> Text {
        Text::of(self.input.tables.get(table).map_or(table, String::as_str))
    }

    /// Units that have a page: those with a rank row or a value, in the order of their identifiers.
    pub fn assessed_units(&self) -> Vec<&'a UnitId> {
        let mut units: Vec<&UnitId> = self.ranks.keys().chain(self.values.keys()).map(|(unit, _)| *unit).collect();
        units.sort();
        units.dedup();
        units
    }

    /// Assessed objects of a unit, in the order of their domains.
    pub fn objects_of(&self, unit: &'a UnitId) -> Vec<Object<'a>> {
        let ranked = self.ranks.range((unit, "")..).map(|(object, _)| *object).take_while(|(of, _)| *of == unit);
        let valued = self.values.range((unit, "")..).map(|(object, _)| *object).take_while(|(of, _)| *of == unit);
        let mut objects: Vec<Object> = ranked.chain(valued).collect();
        objects.sort();
        objects.dedup();
        objects
    }

    /// Rank row of an object.
    pub fn rank(&self, object: Object<'a>) -> Option<&'a Rank> {
        self.ranks.get(&object).copied()
    }

    /// What would have lifted an object by one grade; nothing for the best grade, or none.
    pub fn next_grade(&self, object: Object<'a>) -> Option<&'a NextGrade> {
        self.next_grades.get(&object).copied()
    }

    /// An object beside those of its group that stand near, the best of them first.
    pub fn rank_neighbours(&self, object: Object<'a>) -> &[&'a RankNeighbour] {
        self.rank_neighbours.get(&object).map_or(&[], Vec::as_slice)
    }

    /// All rank rows.
    pub fn ranks(&self) -> impl Iterator<Item = &'a Rank> {
        self.ranks.values().copied()
    }

    /// The objects of a peer group, in the order of [`Facts::ranks`].
    pub fn peer_group(&self, group: &str) -> &[&'a Rank] {
        self.by_peer_group.get(group).map_or(&[], Vec::as_slice)
    }

    /// Score of an object at a node.
    pub fn score(&self, object: Object<'a>, node: &'a str) -> Option<&'a Score> {
        self.scores.get(&(object.0, object.1, node)).copied()
    }

    /// An object's ledger of one indicator, month by month.
    pub fn ledger(&self, object: Object<'a>, indicator: &'a IndicatorId) -> Vec<&'a LedgerRow> {
        let mut rows = self.ledger.get(&(object.0, object.1, indicator)).cloned().unwrap_or_default();
        rows.sort_by_key(|row| row.month);
        rows
    }

    /// Lines of an object's score, of one kind.
    pub fn lines(&self, object: Object<'a>, kind: LineKind) -> impl Iterator<Item = &'a ScoreLine> {
        self.score_lines.get(&object).into_iter().flatten().copied().filter(move |line| line.kind == kind)
    }

    /// The score that the scheme gives a class in which nothing could be scored; `None` for other nodes.
    pub fn empty_class(&self, object: Object<'a>, node: &str) -> Option<Decimal> {
        self.lines(object, LineKind::EmptyClass).find(|line| line.id == node)?.score
    }

    /// Values of an object, in the order of the scheme.
    pub fn values(&self, object: Object<'a>) -> Vec<&'a Value> {
        let mut values = self.values.get(&object).cloned().unwrap_or_default();
        values.sort_by_key(|value| (self.places.get(&value.indicator).map_or(usize::MAX, |(place, _)| *place), &value.indicator));
        values
    }

    /// Values of one indicator, by unit and domain.
    pub fn values_of(&self, indicator: &IndicatorId) -> &[&'a Value] {
        self.by_indicator.get(indicator).map_or(&[], Vec::as_slice)
    }

    /// Indicators with a page: those of the scheme with a value somewhere, in its order.
    pub fn shown_indicators(&self) -> impl Iterator<Item = &'a SchemeIndicator> {
        self.input.scheme.indicators.iter().filter(|indicator| self.by_indicator.contains_key(&indicator.id))
    }

    /// Domains of assessed objects, in their order.
    pub fn domains(&self) -> BTreeSet<&'a str> {
        self.ranks.keys().map(|(_, domain)| *domain).collect()
    }

    /// Counties and cities with assessed units of their own or below them.
    pub fn regions(&self) -> BTreeMap<String, Vec<&'a Unit>> {
        let mut regions: BTreeMap<String, Vec<&Unit>> = BTreeMap::new();
        for unit in self.assessed_units().into_iter().filter_map(|id| self.unit(id)) {
            for code in upwards(&unit.region).into_iter().filter(|code| code.len() == 6 && !code.ends_with("0000")) {
                regions.entry(code).or_default().push(unit);
            }
        }
        regions
    }

    /// The page of the county or city that a division belongs to, seen from a unit's page.
    pub fn region_page(&self, region: &str) -> Option<String> {
        let code = upwards(region).into_iter().find(|code| code.len() == 6 && !code.ends_with("0000"))?;
        Some(format!("../{}", super::region::page_of(&code)))
    }

    /// One indicator of one object, month after month, with the acts that the scheme counts for the unit's tier.
    pub fn monthly(&self, object: Object<'a>, indicator: &'a IndicatorId) -> Vec<Option<Measure<'_>>> {
        let tier = self.unit(object.0).map_or("", |unit| unit.tier.as_str());
        let scope = self.input.scheme.scopes.get(tier).copied().unwrap_or(Scope::Own);
        let rows: Vec<Measure<'_>> =
            self.measures.of(indicator, object.0.as_ref(), object.1).filter(|measure| measure.scope == scope).collect();
        self.months.iter().map(|month| rows.iter().find(|row| row.month == *month).copied()).collect()
    }

    /// Why an indicator's figures are those of an earlier run, if they are.
    pub fn held(&self, indicator: &str) -> Option<&'a HeldItem> {
        self.input.held.iter().find(|item| item.kind == "indicator" && item.name == indicator)
    }

    /// Records behind a figure; of an object that is a whole unit those of all its domains.
    pub fn records(&self, object: Object<'a>, indicator: &IndicatorId) -> Vec<&'a RecordList> {
        let of_domain = |domain: &str| self.input.records.lists.get(&(object.0.clone(), domain.to_owned(), indicator.clone()));
        object.1.split('+').filter_map(of_domain).flatten().collect()
    }

    /// How the records of each unit stand on both sides.
    pub fn reconciliation(&self) -> &BTreeMap<&'a UnitId, Vec<&'a Reconciled>> {
        &self.reconciliation
    }

    /// The unit's records of one outcome on which both sides do not agree, by deadline.
    pub fn reconciled(&self, unit: &UnitId, outcome: &str) -> Vec<&'a ReconciledRecord> {
        let of_unit = self.reconciled.get(unit).into_iter().flatten().copied();
        let mut records: Vec<_> = of_unit.filter(|record| record.outcome == outcome).collect();
        records.sort_by_key(|record| (record.due_on, *record));
        records
    }

    /// What was checked of each unit.
    pub fn verification(&self) -> &BTreeMap<&'a UnitId, Vec<&'a Verified>> {
        &self.verification
    }

    /// What was noticed about the rows of a unit and of those that it follows, table by table.
    pub fn remarks_of(&self, unit: &UnitId) -> &[&'a UnitRemarkRow] {
        self.remarks.get(unit.as_ref()).map_or(&[], Vec::as_slice)
    }

    /// How often a check speaks of a table's rows: rows remarked on, rows sent.
    pub fn usual_share(&self, remark: &UnitRemark) -> (u64, u64) {
        let remarked = self.remarked.get(&(remark.table.as_str(), remark.check.as_str())).copied().unwrap_or(0);
        (remarked, self.sent.get(remark.table.as_str()).copied().unwrap_or(0))
    }

    /// Which source tables below a population are not of this run, in words; empty when all are.
    pub fn held_below(&self, population: &str) -> String {
        let held = self.input.held_below.get(population).into_iter().flatten();
        let titles: Vec<String> = held.map(|table| self.table_name(table).to_string()).collect();
        if titles.is_empty() { String::new() } else { texts::held_sources(&titles.join(texts::NAME_SEPARATOR)) }
    }

    /// Findings of a unit, in their sort order.
    pub fn findings_of(&self, unit: &UnitId) -> Vec<&'a Finding> {
        let mut findings = self.findings.get(unit.as_ref()).cloned().unwrap_or_default();
        findings.sort_by(|a, b| (&a.detector, &a.subject, &a.finding_id).cmp(&(&b.detector, &b.subject, &b.finding_id)));
        findings
    }

    /// Classes of the scheme, in its order.
    pub fn classes(&self) -> impl Iterator<Item = &'a NodeView> {
        self.input.scheme.nodes.iter().filter(|node| node.class)
    }

    /// A node of the scheme.
    pub fn node(&self, id: &str) -> Option<&'a NodeView> {
        self.input.scheme.nodes.iter().find(|node| node.id == id)
    }

    /// The nodes from the class down to `id`.
    pub fn path(&self, id: &str) -> Vec<&'a NodeView> {
        let mut path = Vec::new();
        let mut at = self.node(id);
        // A scheme is a tree; the bound keeps a broken one from turning in a circle.
        while let Some(node) = at.filter(|_| path.len() < self.input.scheme.nodes.len()) {
            path.push(node);
            at = self.node(&node.parent);
        }
        path.reverse();
        path
    }

    /// Where the unit's page stands, seen from the first page of the office's tree.
    pub fn unit_page(&self, unit: &UnitId) -> Option<String> {
        let assessed = self.ranks.range((unit, "")..).next().is_some_and(|((of, _), _)| *of == unit)
            || self.values.range((unit, "")..).next().is_some_and(|((of, _), _)| *of == unit);
        assessed.then(|| format!("units/{}.html", file_name(unit.as_ref())))
    }
}
