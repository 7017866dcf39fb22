//! The units' systems and the platform beside each other: counts by unit, and the records that do not agree.
//!
//! In: counts and records by unit. Out: [`ReconciliationView`] for the office, [`UnitReconciliation`] for one unit. Never here: another unit's
//! records on a unit's page, values of personal columns; keys and values come from rows, so whatever looks like a personal number in them is
//! covered.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::Facts;
use super::records::{RECORDS_ON_PAGE, place};
use crate::compute::reconciliation::{POPULATION, Reconciled};
use crate::explain::reconciled::{Differing, Place, ReconciledRecord};
use crate::library::indicator::ShownAs;
use crate::report::names::Text;
use crate::report::{numbers, texts};
use crate::terms::UnitId;

/// Outcomes that make both sides disagree, in the order in which their records are listed.
const DISAGREEING: [&str; 3] = ["differing", "missing_on_platform", "missing_in_system"];

/// What a unit may still put right.
const IN_TRANSIT: &str = "in_transit";

/// The office's page.
#[derive(Debug, Clone)]
pub struct ReconciliationView {
    /// Which sources are not of this run; empty when all are.
    pub held: String,
    /// All units together; none when nothing was compared.
    pub sum: Option<CountsRow>,
    /// Units, the least consistent first.
    pub units: Vec<CountsRow>,
    /// That there are more of them.
    pub more: String,
    /// The records are listed here, and not on the units' pages alone.
    pub is_listed: bool,
    /// Records that do not agree, by unit.
    pub blocks: Vec<UnitBlock>,
}

/// Records of more units than this would make a page that nobody can open.
const UNITS_LISTED: usize = 100;

/// Units of which the page shows the counts: some 500 bytes a row.
const UNITS_COUNTED: usize = 1_500;

/// What stands on a unit's own page.
#[derive(Debug, Clone)]
pub struct UnitReconciliation {
    /// Which sources are not of this run.
    pub held: String,
    /// One row a domain and source table, then all of them if they are several.
    pub rows: Vec<CountsRow>,
    /// How many records of each kind are listed, in words.
    pub words: String,
    /// Records that do not agree or are in transit.
    pub lists: Vec<ReconciledList>,
}

/// Records by how they stand.
#[derive(Debug, Clone)]
pub struct CountsRow {
    /// Unit.
    pub unit: Text,
    /// Its own page; empty where it has none.
    pub href: String,
    /// Domain in words; empty for all.
    pub domain: Text,
    /// Source table; empty for all.
    pub table: Text,
    /// On both sides, equal.
    pub matched: String,
    /// On both sides, not equal.
    pub differing: String,
    /// Which fields differ, with counts.
    pub fields: String,
    /// On the unit's side alone.
    pub missing_on_platform: String,
    /// On the platform's side alone.
    pub missing_in_system: String,
    /// Not yet due.
    pub in_transit: String,
    /// Left out.
    pub excluded: String,
    /// Matched, of what is due.
    pub share: String,
    /// A sum of other rows.
    pub whole: bool,
}

/// The records of one unit.
#[derive(Debug, Clone)]
pub struct UnitBlock {
    /// Unit.
    pub unit: Text,
    /// How many of each kind, in words.
    pub words: String,
    /// One list a kind.
    pub lists: Vec<ReconciledList>,
}

/// Records that stand alike.
#[derive(Debug, Clone)]
pub struct ReconciledList {
    /// Kind and number, in words.
    pub heading: String,
    /// The first of them.
    pub rows: Vec<ReconciledRow>,
}

/// One record.
#[derive(Debug, Clone)]
pub struct ReconciledRow {
    /// Key.
    pub record: Text,
    /// Domain in words.
    pub domain: Text,
    /// Source table.
    pub table: Text,
    /// Last day to arrive.
    pub due: Text,
    /// What is wrong.
    pub says: Text,
    /// Source file and line on either side.
    pub file: Text,
}

/// The office's page.
pub fn reconciliation(facts: &Facts) -> ReconciliationView {
    let mut units: Vec<(Option<Decimal>, &UnitId, CountsRow)> = Vec::new();
    for (unit, rows) in facts.reconciliation() {
        let counts = Counts::of(rows);
        let href = facts.unit_page(unit).map_or_else(String::new, |page| format!("{page}#reconciliation"));
        units.push((counts.share(), unit, CountsRow { unit: facts.unit_name(unit), href, ..counts.row() }));
    }
    // Nothing due is neither good nor bad.
    units.sort_by(|(a, a_unit, _), (b, b_unit, _)| (a.is_none(), a, a_unit).cmp(&(b.is_none(), b, b_unit)));
    let all: Vec<&Reconciled> = facts.reconciliation().values().flatten().copied().collect();
    // With many units the records stand on the units' own pages alone.
    let is_listed = units.len() <= UNITS_LISTED;
    let blocks = units.iter().filter(|_| is_listed).filter_map(|(_, unit, row)| block(facts, unit, row));
    let all_units = units.len();
    ReconciliationView {
        is_listed,
        more: if all_units > UNITS_COUNTED { texts::units_more(UNITS_COUNTED, all_units, "reconciliation") } else { String::new() },
        held: facts.held_below(POPULATION),
        sum: (!all.is_empty()).then(|| CountsRow { unit: Text::of(texts::ALL_UNITS), whole: true, ..Counts::of(&all).row() }),
        blocks: blocks.collect(),
        units: units.into_iter().take(UNITS_COUNTED).map(|(.., row)| row).collect(),
    }
}

/// A unit's own part; none when none of its records was compared.
pub fn of_unit(facts: &Facts, unit: &UnitId) -> Option<UnitReconciliation> {
    let counted = facts.reconciliation().get(unit)?;
    let mut parts: BTreeMap<(&str, &str), Vec<&Reconciled>> = BTreeMap::new();
    for row in counted {
        parts.entry((&row.domain, &row.source_table)).or_default().push(row);
    }
    let part = |((domain, table), rows): (&(&str, &str), &Vec<&Reconciled>)| CountsRow {
        domain: Text::of(texts::domain(domain)),
        table: facts.table_name(table),
        ..Counts::of(rows).row()
    };
    let mut rows: Vec<CountsRow> = parts.iter().map(part).collect();
    if rows.len() > 1 {
        rows.push(CountsRow { domain: Text::of(texts::ALL_RECORDS), whole: true, ..Counts::of(counted).row() });
    }
    let (words, lists) = lists(facts, unit, DISAGREEING.into_iter().chain([IN_TRANSIT]));
    Some(UnitReconciliation { held: facts.held_below(POPULATION), rows, words, lists })
}

/// Records by outcome, and those that differ by field.
struct Counts<'a> {
    by_outcome: BTreeMap<&'a str, u64>,
    by_field: BTreeMap<&'a str, u64>,
}

impl<'a> Counts<'a> {
    fn of(rows: &[&'a Reconciled]) -> Self {
        let (mut by_outcome, mut by_field) = (BTreeMap::new(), BTreeMap::new());
        for row in rows {
            let records = row.records.max(0).unsigned_abs();
            *by_outcome.entry(row.outcome.as_str()).or_default() += records;
            if !row.field.is_empty() {
                *by_field.entry(row.field.as_str()).or_default() += records;
            }
        }
        Self { by_outcome, by_field }
    }

    fn number(&self, outcome: &str) -> u64 {
        self.by_outcome.get(outcome).copied().unwrap_or(0)
    }

    fn share(&self) -> Option<Decimal> {
        let matched = self.number("matched");
        let due = matched + DISAGREEING.iter().map(|outcome| self.number(outcome)).sum::<u64>();
        (due > 0).then(|| Decimal::from(matched) / Decimal::from(due))
    }

    fn row(&self) -> CountsRow {
        let count = |outcome: &str| numbers::count(self.number(outcome));
        let mut fields: Vec<(&str, u64)> = self.by_field.iter().map(|(field, records)| (*field, *records)).collect();
        fields.sort_by_key(|(field, records)| (std::cmp::Reverse(*records), *field));
        let fields: Vec<String> = fields.iter().map(|(field, records)| texts::differing_count(field, &numbers::count(*records))).collect();
        CountsRow {
            unit: Text::default(),
            href: String::new(),
            domain: Text::default(),
            table: Text::default(),
            matched: count("matched"),
            differing: count("differing"),
            fields: fields.join(texts::NAME_SEPARATOR),
            missing_on_platform: count("missing_on_platform"),
            missing_in_system: count("missing_in_system"),
            in_transit: count(IN_TRANSIT),
            excluded: count("excluded"),
            share: self.share().map_or_else(|| texts::NONE.to_owned(), |share| numbers::value(share, ShownAs::Percent)),
            whole: false,
        }
    }
}

fn block(facts: &Facts, unit: &UnitId, row: &CountsRow) -> Option<UnitBlock> {
    let (words, lists) = lists(facts, unit, DISAGREEING.into_iter());
    (!lists.is_empty()).then(|| UnitBlock { unit: row.unit.clone(), words, lists })
}

/// How many records of each outcome there are, in words, and the first of them.
fn lists(facts: &Facts, unit: &UnitId, outcomes: impl Iterator<Item = &'static str>) -> (String, Vec<ReconciledList>) {
    let (mut words, mut lists) = (Vec::new(), Vec::new());
    for outcome in outcomes {
        let records = facts.reconciled(unit, outcome);
        let (kind, total) = (texts::reconciled(outcome), numbers::count(records.len() as u64));
        let shown: Vec<ReconciledRow> = records.iter().take(RECORDS_ON_PAGE).map(|record| row(facts, record)).collect();
        if !shown.is_empty() {
            words.push(texts::records_of(kind, &total));
            lists.push(ReconciledList { heading: texts::records_heading(kind, shown.len(), &total), rows: shown });
        }
    }
    (words.join(texts::LIST_SEPARATOR), lists)
}

fn row(facts: &Facts, record: &ReconciledRecord) -> ReconciledRow {
    let label = |field: &str, value: &str| {
        let label = facts.input.reconciled.labels.get(&(field.to_owned(), value.to_owned()));
        label.cloned().unwrap_or_else(|| value.to_owned())
    };
    let differing = |differing: &Differing| {
        let values = differing.values.as_ref().map(|(own, platform)| (label(&differing.field, own), label(&differing.field, platform)));
        let values = values.as_ref().map(|(own, platform)| (own.as_str(), platform.as_str()));
        texts::differing_values(&differing.field, values)
    };
    let says = match record.difference.as_str() {
        "" => texts::AGREES_SO_FAR.to_owned(),
        "missing_on_platform" => texts::NOT_ON_PLATFORM.to_owned(),
        "missing_in_system" => texts::NOT_IN_SYSTEM.to_owned(),
        _ => record.differing.iter().map(differing).collect::<Vec<_>>().join(texts::LIST_SEPARATOR),
    };
    let shown = |place_of: &Place| place(&place_of.file, place_of.line, &place_of.batch_id);
    let on_platform = |place_of: &Place| format!("{} {}", texts::PLACE_ON_PLATFORM, shown(place_of));
    let places: Vec<String> = record.own.iter().map(shown).chain(record.platform.iter().map(on_platform)).collect();
    ReconciledRow {
        record: Text::masked(&record.record_id),
        domain: Text::of(texts::domain(&record.domain)),
        table: facts.table_name(&record.source_table),
        due: record.due_on.map_or_else(Text::default, |due| Text::of(&due.to_string())),
        says: Text::masked(&says),
        file: Text::masked(&places.join(texts::LIST_SEPARATOR)),
    }
}
