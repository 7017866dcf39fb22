//! The records behind an object's figures: what counts against it, what is pending, what is left out.
//!
//! In: lists by figure. Out: one [`RecordsBlock`] an indicator that has any. Never here: records that count for the unit, personal
//! columns; keys come from rows, so whatever looks like a personal number in them is covered.

use super::Facts;
use super::facts::Object;
use super::frame::Reader;
use crate::compute::loads::began;
use crate::explain::lists::RecordList;
use crate::explain::packed::ListedRecord;
use crate::library::indicator::Better;
use crate::report::names::Text;
use crate::report::numbers;
use crate::report::texts;
use crate::scoring::tables::Status;
use crate::terms::IndicatorId;

/// Records of one kind that a page lists at most.
pub const RECORDS_ON_PAGE: usize = 20;

/// Records that one page lists together, some 250 bytes a row: a city that answers for a hundred units has thousands. Fewer, where the page would be too
/// large with so many.
pub const RECORDS_OF_A_UNIT: [usize; 4] = [1_200, 600, 300, 100];

/// How many records of each kind a unit's page lists that lists `most` together: as many as leave all of them room.
pub fn longest_list<'a>(facts: &Facts<'a>, objects: &[Object<'a>], most: usize) -> usize {
    let of =
        |object: &Object<'a>| facts.values(*object).iter().flat_map(|value| facts.records(*object, &value.indicator)).collect::<Vec<_>>();
    let lengths: Vec<usize> = objects.iter().flat_map(of).map(|list| list.records.len()).collect();
    let together = |longest: usize| lengths.iter().map(|length| (*length).min(longest)).sum::<usize>();
    (1..=RECORDS_ON_PAGE).rev().find(|longest| together(*longest) <= most).unwrap_or(1)
}

/// The records behind one figure.
#[derive(Debug, Clone)]
pub struct RecordsBlock {
    /// Anchor on the page.
    pub anchor: String,
    /// Indicator.
    pub indicator: IndicatorId,
    /// Title of the indicator.
    pub title: Text,
    /// How many of each kind, in words.
    pub words: String,
    /// Why there are none, where that is not for want of records; or why their number is not that of the figure.
    pub reason: Text,
    /// One list a kind.
    pub lists: Vec<RecordListView>,
}

/// Records of one kind.
#[derive(Debug, Clone)]
pub struct RecordListView {
    /// Kind and number, in words.
    pub heading: String,
    /// Whether some are those of units below.
    pub of_several: bool,
    /// Records.
    pub rows: Vec<RecordRow>,
}

/// One record.
#[derive(Debug, Clone)]
pub struct RecordRow {
    /// Key of the source row.
    pub record: Text,
    /// Whose act.
    pub unit: Text,
    /// Deadline.
    pub due: Text,
    /// What decides, or why it is left out.
    pub says: Text,
    /// Source file and line, and the load that found the record there.
    pub file: Text,
}

/// Blocks of an object, in the order of the scheme. What a region does together rests on records of several units: outside the office's tree those of others are left out.
pub fn records_blocks<'a>(facts: &Facts<'a>, object: Object<'a>, reader: Reader, longest: usize) -> Vec<RecordsBlock> {
    let mut blocks = Vec::new();
    for value in facts.values(object) {
        let lists = facts.records(object, &value.indicator);
        let by_record = !facts.input.records.not_by_record.contains(&value.indicator);
        let note = if by_record { "" } else { texts::NOT_BY_RECORD };
        let reason = facts.input.records.without.get(&value.indicator).map_or(note, String::as_str);
        let header = facts.input.indicators.get(&value.indicator);
        // Of what does not apply nothing is asked, whatever the unit recorded.
        if value.status == Status::NotApplicable || lists.is_empty() && (reason.is_empty() || value.value.is_none()) {
            continue;
        }
        let better = header.map_or(Better::Higher, |header| header.better);
        let counts: Vec<String> =
            lists.iter().map(|list| texts::records_of(texts::part(list.part, better), &numbers::count(list.total))).collect();
        blocks.push(RecordsBlock {
            anchor: anchor(object, blocks.len()),
            indicator: value.indicator.clone(),
            title: Text::of(header.map_or(value.indicator.as_ref(), |header| &header.title)),
            words: if counts.is_empty() { texts::NOT_LISTED.to_owned() } else { counts.join(texts::LIST_SEPARATOR) },
            reason: Text::masked(reason),
            lists: lists.into_iter().map(|list| view(facts, object, list, better, (reader, longest))).collect(),
        });
    }
    blocks
}

fn anchor(object: Object, place: usize) -> String {
    format!("r-{}-{}", crate::report::names::file_name(object.1), place + 1)
}

fn view<'a>(
    facts: &Facts<'a>,
    object: Object<'a>,
    list: &RecordList,
    better: Better,
    (reader, longest): (Reader, usize),
) -> RecordListView {
    let is_shown = |record: &ListedRecord<&str>| reader == Reader::Office || facts.is_below(record.unit, object.0);
    let mut records: Vec<ListedRecord<&str>> = list.records.iter().filter(is_shown).collect();
    let is_of_others_too = records.len() < list.records.len();
    records.truncate(longest);
    let (part, total) = (texts::part(list.part, better), numbers::count(list.total));
    RecordListView {
        heading: match is_of_others_too {
            false => texts::records_heading(part, records.len(), &total),
            true => texts::own_records_heading(part, records.len(), &total),
        },
        of_several: records.iter().any(|record| record.unit != object.0.as_ref()),
        rows: records.iter().map(|record| row(facts, record)).collect(),
    }
}

fn row(facts: &Facts, record: &ListedRecord<&str>) -> RecordRow {
    let known = record.facts.iter().map(|(meaning, value)| texts::fact(meaning, value));
    let says = if record.because.is_empty() { known.collect::<Vec<_>>().join(texts::LIST_SEPARATOR) } else { record.because.to_owned() };
    RecordRow {
        record: Text::masked(record.record_id),
        unit: facts.unit_name(record.unit),
        due: Text::of(record.due),
        says: Text::masked(&says),
        file: Text::masked(&place(record.source_file, record.source_line, record.batch_id)),
    }
}

/// File, line, and the load that read it there.
pub fn place(file: &str, line: Option<i64>, batch_id: &str) -> String {
    let place = line.map_or_else(|| file.to_owned(), |line| format!("{file}:{line}"));
    if batch_id.is_empty() { place } else { texts::as_loaded(&place, &began(batch_id)) }
}
