//! A packet that an appeal board reads without kaohe.
//!
//! In: an explanation with every record, the texts that it rests on, the unit's page, who would move if an appeal were granted. Out: files by name, and a list of
//! them with their digests. Never here: a disk; records of a unit that does not count for the one that asks; new figures.

use std::collections::{BTreeMap, BTreeSet};

use super::sheets::csv_of_texts;
use super::texts;
use crate::error::Result;
use crate::explain::records::Record;
use crate::explain::text::{part_title, render};
use crate::explain::{Explained, Explanation};
use crate::library::Library;
use crate::scoring::whatif::Move;
use crate::terms::IndicatorId;

/// What a packet is made of.
pub struct Packet<'a> {
    /// The explanation, with every record.
    pub explanation: &'a Explanation,
    /// The library that the run has read.
    pub library: &'a Library,
    /// Files of the library that the figures rest on.
    pub definitions: &'a BTreeSet<String>,
    /// The unit's page.
    pub page: Option<Vec<u8>>,
    /// The run.
    pub run: &'a str,
    /// Version of kaohe.
    pub engine: &'a str,
    /// What an appeal would change.
    pub granted: Option<&'a Granted>,
}

/// What an appeal would change.
pub struct Granted {
    /// The figure as it is.
    pub was: String,
    /// The figure that is said to be right.
    pub figure: String,
    /// Everybody, before and after.
    pub moves: Vec<Move>,
    /// Unit → name.
    pub names: BTreeMap<String, String>,
}

/// The files of a packet; `contents.txt` lists the others.
///
/// # Errors
/// A bug in a table.
pub fn files(packet: &Packet<'_>) -> Result<BTreeMap<String, Vec<u8>>> {
    let explanation = packet.explanation;
    let mut files = BTreeMap::new();
    files.insert("explanation.txt".to_owned(), render(explanation, packet.library).into_bytes());
    files.insert("records.csv".to_owned(), records(packet)?);
    if let Some(page) = &packet.page {
        files.insert("scorecard.html".to_owned(), page.clone());
    }
    for path in packet.definitions {
        if let Some(text) = packet.library.files.get(path) {
            files.insert(format!("definition/{path}"), text.clone().into_bytes());
        }
    }
    let unit =
        if explanation.unit_name.is_empty() { explanation.unit.clone() } else { format!("{} {}", explanation.unit, explanation.unit_name) };
    let mut contents = texts::packet_head(&unit, &explanation.period, &explanation.as_of, packet.run, packet.engine);
    if let Some(granted) = packet.granted {
        let moved: Vec<&Move> = granted.moves.iter().filter(|one| one.is_a_move()).collect();
        let title = explanation.indicators.first().map_or("", |explained| explained.value.title.as_str());
        contents.push_str(&texts::packet_granted(title, (&granted.was, &granted.figure), moved.len(), granted.moves.len()));
        files.insert("if-granted.csv".to_owned(), moves(granted, &moved)?);
    }
    for (name, bytes) in &files {
        contents.push_str(&format!("{name}　{}　{}\n", what(name), blake3::hash(bytes).to_hex()));
    }
    contents.push_str(texts::PACKET_FOOT);
    files.insert("contents.txt".to_owned(), contents.into_bytes());
    Ok(files)
}

fn what(name: &str) -> &'static str {
    match name {
        "explanation.txt" => texts::PACKET_EXPLANATION,
        "records.csv" => texts::PACKET_RECORDS,
        "scorecard.html" => texts::PACKET_PAGE,
        "if-granted.csv" => texts::PACKET_GRANTED,
        _ => texts::PACKET_DEFINITION,
    }
}

fn records(packet: &Packet<'_>) -> Result<Vec<u8>> {
    let headings = [
        texts::INDICATOR_TITLE,
        texts::PACKET_ROLE,
        texts::PACKET_RECORD,
        texts::UNIT,
        texts::PACKET_DUE,
        texts::PACKET_EXCLUDED,
        texts::PACKET_FACTS,
        texts::PACKET_FILE,
        texts::PACKET_LINE,
        texts::PACKET_LOAD,
        texts::PACKET_AS_SENT,
    ];
    let mut rows = Vec::new();
    for explained in &packet.explanation.indicators {
        rows.extend(records_of(packet.library, explained));
    }
    csv_of_texts(&headings, &rows)
}

fn records_of(library: &Library, explained: &Explained) -> Vec<Vec<String>> {
    let Some(records) = &explained.records else { return Vec::new() };
    let header = library.indicators.get(&IndicatorId::from(explained.value.indicator.as_str()));
    let better = header.map(|header| header.better).filter(|_| records.has_numerator);
    let words = &explained.words;
    let mut rows = Vec::new();
    for section in &records.sections {
        rows.extend(section.records.iter().map(|record| {
            let facts: Vec<String> = words.facts(record).into_iter().map(|(column, value)| format!("{column} {value}")).collect();
            vec![
                explained.value.title.clone(),
                part_title(section.part, better).to_owned(),
                words.key(&record.record_id),
                record.unit.clone(),
                record.due.clone(),
                words.exclusion(&record.excluded_because).to_owned(),
                facts.join("；"),
                record.source_file.clone(),
                record.source_line.map(|line| line.to_string()).unwrap_or_default(),
                record.batch_id.clone(),
                as_sent(record),
            ]
        }));
    }
    rows
}

/// Headers and cells in one.
fn as_sent(record: &Record) -> String {
    let cells = record.as_sent.iter().flat_map(|sent| &sent.cells).filter(|(_, cell)| !cell.is_empty());
    cells.map(|(header, cell)| format!("{header}={cell}")).collect::<Vec<_>>().join("；")
}

fn moves(granted: &Granted, moved: &[&Move]) -> Result<Vec<u8>> {
    let headings = [
        texts::UNIT,
        texts::UNIT_NAME,
        texts::DOMAIN,
        texts::PACKET_TOTAL_BEFORE,
        texts::PACKET_TOTAL_AFTER,
        texts::PACKET_RANK_BEFORE,
        texts::PACKET_RANK_AFTER,
        texts::PACKET_GRADE_BEFORE,
        texts::PACKET_GRADE_AFTER,
    ];
    let or_none = |text: Option<String>| text.unwrap_or_else(|| texts::NONE.to_owned());
    let row = |one: &&Move| {
        vec![
            one.unit.clone(),
            granted.names.get(&one.unit).cloned().unwrap_or_default(),
            texts::domain(&one.domain).to_owned(),
            or_none(one.total.0.map(|total| total.normalize().to_string())),
            or_none(one.total.1.map(|total| total.normalize().to_string())),
            or_none(one.rank.0.map(|rank| rank.to_string())),
            or_none(one.rank.1.map(|rank| rank.to_string())),
            or_none(one.grade.0.clone()),
            or_none(one.grade.1.clone()),
        ]
    };
    csv_of_texts(&headings, &moved.iter().map(row).collect::<Vec<_>>())
}
