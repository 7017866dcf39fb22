//! Where every record went, what is held, who has not reported, which limits are provisional.
//!
//! In: accounting rows, counts of reasons, held items, remarks on the rows of units, declared flags, marks. Out: tables of words and counts.
//! Never here: raw text of a row; a reason is the check's own sentence.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::Facts;
use crate::compute::declarations::{Declared, FLAGS};
use crate::library::indicator::ShownAs;
use crate::report::input::{AccountingRow, HeldItem, Mark, NotReported, ReasonCount, UnitRemarkRow};
use crate::report::names::Text;
use crate::report::numbers;
use crate::report::texts;

/// The counts of one file, or of one table's files together.
#[derive(Debug, Clone)]
pub struct AccountingView {
    /// Source table.
    pub table: Text,
    /// File, with its sheet; the number of files for a table.
    pub file: Text,
    /// Format and encoding.
    pub format: Text,
    /// Bytes.
    pub bytes: String,
    /// Records in the file.
    pub seen: String,
    /// Records made by a mapping.
    pub expanded: String,
    /// Records in the lake.
    pub loaded: String,
    /// Records set apart.
    pub quarantined: String,
    /// Records twice.
    pub duplicates: String,
    /// Records left out by a mapping.
    pub filtered: String,
    /// Records kept back with their table.
    pub held: String,
    /// The sum holds.
    pub balanced: bool,
}

/// A reason with its count.
#[derive(Debug, Clone)]
pub struct ReasonView {
    /// Source table.
    pub table: Text,
    /// Check.
    pub check: Text,
    /// Its sentence.
    pub says: Text,
    /// Rows.
    pub rows: String,
}

/// Something that is held.
#[derive(Debug, Clone)]
pub struct HeldView {
    /// Kind in words.
    pub kind: Text,
    /// Name.
    pub name: Text,
    /// Why, in words.
    pub reason: Text,
    /// Why, in the program's own words.
    pub raw: Text,
    /// Date of the value that stands in.
    pub since: String,
}

/// A source with the units that have sent it nothing.
#[derive(Debug, Clone)]
pub struct SilentView {
    /// Source table.
    pub table: Text,
    /// Unit.
    pub unit: Text,
    /// Last date with a row.
    pub last_seen: String,
}

/// A clock or parameter with a reservation.
#[derive(Debug, Clone)]
pub struct MarkView {
    /// Name.
    pub name: Text,
    /// Title.
    pub title: Text,
    /// What the mark means.
    pub confirmed: Text,
    /// Source.
    pub source: Text,
    /// First provisional date.
    pub provisional: String,
}

/// A flag of all units or of one.
#[derive(Debug, Clone)]
pub struct DeclaredView {
    /// What was declared; empty below the first row of a flag.
    pub title: Text,
    /// All units, or one.
    pub unit: Text,
    /// Records compared.
    pub compared: String,
    /// Declared, but not so.
    pub only_declared: String,
    /// So, but not declared.
    pub only_derived: String,
}

/// Rows of a unit that a check speaks of more often than of the rows of all.
#[derive(Debug, Clone)]
pub struct RemarkView {
    /// Unit.
    pub unit: Text,
    /// Source table.
    pub table: Text,
    /// What the check says.
    pub says: Text,
    /// Rows.
    pub rows: String,
    /// Share of what the unit sent.
    pub share: String,
    /// Share of what all sent.
    pub usual: String,
}

/// The version of a table in the lake.
#[derive(Debug, Clone)]
pub struct VersionView {
    /// Source table.
    pub label: Text,
    /// Version.
    pub version: String,
}

/// Everything on the page.
#[derive(Debug, Clone)]
pub struct QualityView {
    /// All files together.
    pub sum: AccountingView,
    /// One row a table.
    pub tables: Vec<AccountingView>,
    /// One row a file.
    pub files: Vec<AccountingView>,
    /// Versions of the lake that were read.
    pub versions: Vec<VersionView>,
    /// Why rows were quarantined.
    pub reasons: Vec<ReasonView>,
    /// Checks that warn.
    pub warnings: Vec<ReasonView>,
    /// What is held.
    pub held: Vec<HeldView>,
    /// Who has not reported, the longest silent first where they are too many for the page.
    pub silent: Vec<SilentView>,
    /// That there are more of them; empty where all stand there.
    pub more_silent: String,
    /// That there are more files; empty where all stand there.
    pub more_files: String,
    /// Units whose rows are remarked on more often than is usual.
    pub remarks: Vec<RemarkView>,
    /// Flags as the units declared them, beside what the data tell: all units together, then those that differ most.
    pub declared: Vec<DeclaredView>,
    /// Reservations.
    pub marks: Vec<MarkView>,
}

/// The page.
pub fn quality(facts: &Facts) -> QualityView {
    let input = facts.input;
    let mut files: Vec<&AccountingRow> = input.accounting.iter().collect();
    files.sort_by_key(|row| (&row.table, &row.source_file, &row.sheet));
    let mut tables: BTreeMap<&str, Vec<&AccountingRow>> = BTreeMap::new();
    for row in &files {
        tables.entry(&row.table).or_default().push(row);
    }
    let counted = |rows: &[&AccountingRow]| Text::of(&rows.len().to_string());
    let mut held: Vec<&HeldItem> = input.held.iter().collect();
    held.sort_by_key(|item| (std::cmp::Reverse(&item.kind), &item.name));
    let mut silent: Vec<&NotReported> = input.not_reported.iter().collect();
    silent.sort_by_key(|row| (&row.table, &row.unit));
    let more_silent = cut(&mut silent, texts::silent_more, |row| row.last_seen);
    let mut shown_files = files.clone();
    let is_plain = |row: &&AccountingRow| row.balanced && row.quarantined + row.duplicates + row.filtered + row.held == 0;
    let more_files = cut(&mut shown_files, texts::files_more, is_plain);
    let mut marks: Vec<&Mark> = input.marks.iter().collect();
    marks.sort_by_key(|mark| &mark.name);
    QualityView {
        sum: together(Text::default(), counted(&files), &files),
        tables: tables.iter().map(|(table, rows)| together(facts.table_name(table), counted(rows), rows)).collect(),
        files: shown_files.iter().map(|row| together(facts.table_name(&row.table), file_name(row), &[row])).collect(),
        versions: input
            .lake_versions
            .iter()
            .map(|(table, version)| VersionView { label: facts.table_name(table), version: version.to_string() })
            .collect(),
        reasons: reasons(facts, &input.quarantine_reasons),
        warnings: reasons(facts, &input.warnings),
        held: held.into_iter().map(|item| held_view(facts, item)).collect(),
        silent: silent.into_iter().map(|row| silent_view(facts, row)).collect(),
        more_silent,
        more_files,
        remarks: remarks(facts),
        declared: declared(facts),
        marks: marks.into_iter().map(mark_view).collect(),
    }
}

fn file_name(row: &AccountingRow) -> Text {
    // A further worksheet's name stands in the file's already.
    if row.sheet.is_empty() || row.source_file.ends_with(&format!(" › {}", row.sheet)) {
        Text::masked(&row.source_file)
    } else {
        Text::masked(&format!("{} › {}", row.source_file, row.sheet))
    }
}

fn together(table: Text, file: Text, rows: &[&AccountingRow]) -> AccountingView {
    let sum = |count: fn(&AccountingRow) -> u64| numbers::count(rows.iter().map(|row| count(row)).sum());
    let mut formats: Vec<String> = rows
        .iter()
        .map(|row| if row.encoding.is_empty() { row.format.clone() } else { format!("{} {}", row.format, row.encoding) })
        .collect();
    formats.sort();
    formats.dedup();
    AccountingView {
        table,
        file,
        format: Text::of(&formats.join(" · ")),
        bytes: sum(|row| row.bytes_read),
        seen: sum(|row| row.records_seen),
        expanded: sum(|row| row.expanded),
        loaded: sum(|row| row.loaded),
        quarantined: sum(|row| row.quarantined),
        duplicates: sum(|row| row.duplicates),
        filtered: sum(|row| row.filtered),
        held: sum(|row| row.held),
        balanced: rows.iter().all(|row| row.balanced),
    }
}

fn reasons(facts: &Facts, counts: &[ReasonCount]) -> Vec<ReasonView> {
    let mut counts: Vec<&ReasonCount> = counts.iter().collect();
    counts.sort_by_key(|count| (&count.table, std::cmp::Reverse(count.rows), &count.check));
    let view = |count: &ReasonCount| ReasonView {
        table: facts.table_name(&count.table),
        check: Text::of(&count.check),
        says: Text::of(&count.says),
        rows: numbers::count(count.rows),
    };
    counts.into_iter().map(view).collect()
}

fn held_view(facts: &Facts, item: &HeldItem) -> HeldView {
    let tables: Vec<String> = item.waits_for.iter().map(|table| facts.table_name(table).to_string()).collect();
    let reasons: Vec<String> = item.codes.iter().map(|code| texts::held_reason(code, &tables.join(texts::NAME_SEPARATOR))).collect();
    let title = facts.input.indicators.get(item.name.as_str()).map(|header| header.title.as_str());
    HeldView {
        kind: Text::of(texts::held_kind(&item.kind)),
        name: title.map_or_else(|| facts.table_name(&item.name), Text::of),
        reason: Text::of(&reasons.join(texts::LIST_SEPARATOR)),
        raw: Text::masked(&item.reason),
        since: item.since.map_or_else(|| texts::NONE.to_owned(), |date| date.to_string()),
    }
}

/// So many rows of a list stand on the page.
const ROWS_ON_PAGE: usize = 1_000;

/// Cuts a list that is too long for the page, what `first` orders first being kept, and says so; a list that fits stays in its order.
fn cut<T, K: Ord>(rows: &mut Vec<T>, says: fn(usize, usize) -> String, first: impl Fn(&T) -> K) -> String {
    let all = rows.len();
    if all <= ROWS_ON_PAGE {
        return String::new();
    }
    rows.sort_by_key(first);
    rows.truncate(ROWS_ON_PAGE);
    says(ROWS_ON_PAGE, all)
}

fn silent_view(facts: &Facts, row: &NotReported) -> SilentView {
    SilentView {
        table: facts.table_name(&row.table),
        unit: facts.unit_name(&row.unit),
        last_seen: row.last_seen.map_or_else(|| texts::NEVER.to_owned(), |date| date.to_string()),
    }
}

/// So many remarks stand on the page; the others are in the result table.
const REMARKS: usize = 30;
/// A remark stands out when it is on at least so many rows of a unit, and its share so many times that of all units.
const LEAST_ROWS: u64 = 3;
const TIMES_USUAL: u64 = 2;

/// Whether the remark is on many more of the unit's rows than is usual. Shares are compared by cross products, so that no rounding decides.
fn stands_out(facts: &Facts, row: &UnitRemarkRow) -> bool {
    let (rows, (remarked, sent)) = (row.remark.rows, facts.usual_share(&row.remark));
    let of_rows = u128::from(row.of_rows.unwrap_or(rows));
    rows >= LEAST_ROWS && u128::from(rows) * u128::from(sent) >= u128::from(TIMES_USUAL * remarked) * of_rows
}

/// A remark, beside how usual it is.
pub fn remark_view(facts: &Facts, row: &UnitRemarkRow) -> RemarkView {
    let percent = |rows: u64, of: u64| {
        let share = Decimal::from(rows).checked_div(Decimal::from(of));
        share.map_or_else(|| texts::NONE.to_owned(), |share| numbers::value(share, ShownAs::Percent))
    };
    let (remarked, sent) = facts.usual_share(&row.remark);
    RemarkView {
        unit: facts.unit_name(&row.remark.unit),
        table: facts.table_name(&row.remark.table),
        says: Text::of(&row.remark.says),
        rows: numbers::count(row.remark.rows),
        share: percent(row.remark.rows, row.of_rows.unwrap_or(0)),
        usual: percent(remarked, sent),
    }
}

/// The remarks that stand out, those on most rows first.
fn remarks(facts: &Facts) -> Vec<RemarkView> {
    let mut rows: Vec<&UnitRemarkRow> = facts.input.unit_remarks.iter().filter(|row| stands_out(facts, row)).collect();
    rows.sort_by_key(|row| (std::cmp::Reverse(row.remark.rows), &row.remark));
    rows.into_iter().take(REMARKS).map(|row| remark_view(facts, row)).collect()
}

/// So many units of each flag stand by name; the others are in the result table.
const UNITS_A_FLAG: usize = 5;

fn declared(facts: &Facts) -> Vec<DeclaredView> {
    let mut views = Vec::new();
    for flag in FLAGS {
        let mut rows: Vec<&Declared> = facts.input.declarations.iter().filter(|row| row.flag == flag).collect();
        if rows.is_empty() {
            continue;
        }
        let sum = |count: fn(&Declared) -> i64| rows.iter().map(|row| count(row)).sum::<i64>().unsigned_abs();
        views.push(DeclaredView {
            title: Text::of(texts::declared_flag(flag)),
            unit: Text::of(texts::ALL_UNITS),
            compared: numbers::count(sum(|row| row.compared)),
            only_declared: numbers::count(sum(|row| row.only_declared)),
            only_derived: numbers::count(sum(|row| row.only_derived)),
        });
        rows.sort_by_key(|row| (std::cmp::Reverse(row.differing()), &row.unit, &row.domain));
        for row in rows.into_iter().filter(|row| row.differing() > 0).take(UNITS_A_FLAG) {
            views.push(DeclaredView {
                title: Text::default(),
                unit: facts.unit_name(&row.unit),
                compared: numbers::count(row.compared.unsigned_abs()),
                only_declared: numbers::count(row.only_declared.unsigned_abs()),
                only_derived: numbers::count(row.only_derived.unsigned_abs()),
            });
        }
    }
    views
}

fn mark_view(mark: &Mark) -> MarkView {
    MarkView {
        name: Text::of(&mark.name),
        title: Text::of(&mark.title),
        confirmed: Text::of(texts::confirmed(&mark.confirmed)),
        source: Text::of(&mark.source),
        provisional: mark.provisional_from.map_or_else(|| texts::NONE.to_owned(), |date| date.to_string()),
    }
}
