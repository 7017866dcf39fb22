//! The list of a drawing as files: who is on it, and how it came about.
//!
//! In: a drawing. Out: `list.csv` and `list.json`, the same bytes for the same drawing; both read back. Never here: names of people, signing (that
//! is `release::signing`, over `list.json`, which holds the digest of `list.csv`).

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Drawing, Frame, Previous, Role, Stratum};
use crate::error::{Context, Error, Kind, Result};
use crate::library::sample::Sample;

/// The list.
pub const LIST: &str = "list.csv";

/// How it came about.
pub const RECORD: &str = "list.json";

/// The format this version writes.
const FORMAT: u32 = 1;

/// How a list came about: what somebody needs to draw it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListRecord {
    /// Version of this file's format.
    pub format: u32,
    /// The sample's name.
    pub sample: String,
    /// Its title.
    pub title: String,
    /// The clause that asks for it.
    pub basis: String,
    /// State of the facts.
    pub as_of: String,
    /// The seed, as it was published.
    pub seed: String,
    /// Digest of `queries/samples/<name>.sql`.
    pub definition: String,
    /// That text is the one that kaohe ships, not the project's own.
    pub is_shipped: bool,
    /// Digest of the whole library: populations, clocks, parameters.
    pub library: String,
    /// Digest of the frame: ids and strata.
    pub frame: String,
    /// Members of the frame.
    pub frame_rows: usize,
    /// Source table → version in the lake.
    pub lake_versions: BTreeMap<String, u64>,
    /// Digest of the list before, when this one goes on from it.
    pub previous: Option<String>,
    /// Drawings of this sample for this date, or afresh with this seed, that were made before this one: more than none has to be explained.
    pub drawn_before: Vec<String>,
    /// Every earlier drawing of this sample that the journal knows: date and seed.
    pub history: Vec<String>,
    /// Digest of the journal's last line before this drawing's: the lines are a chain, and a line that is taken out breaks it.
    pub journal: String,
    /// Strata.
    pub strata: Vec<StratumRecord>,
    /// Digest of `list.csv`.
    pub list: String,
    /// Version of kaohe.
    pub kaohe: String,
}

/// A stratum in the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StratumRecord {
    /// Its name.
    pub stratum: String,
    /// The number at which the window of the ring begins.
    pub begins: u64,
    /// Members of the frame.
    pub frame: usize,
    /// Members of the sample.
    pub drawn: usize,
    /// Of these, those from the last time.
    pub kept: usize,
    /// Members of the last time that are not any more.
    pub retired: usize,
}

impl From<&Stratum> for StratumRecord {
    fn from(stratum: &Stratum) -> Self {
        let Stratum { name, begins, frame, drawn, kept, retired } = stratum;
        Self { stratum: name.clone(), begins: *begins, frame: *frame, drawn: *drawn, kept: *kept, retired: *retired }
    }
}

/// Circumstances of a drawing, for its record.
#[derive(Debug, Clone, Default)]
pub struct Circumstances {
    /// State of the facts.
    pub as_of: String,
    /// The seed.
    pub seed: String,
    /// Source table → version in the lake.
    pub lake_versions: BTreeMap<String, u64>,
    /// The list before.
    pub previous: Option<Read>,
    /// Drawings made before for the same date, or afresh with the same seed.
    pub drawn_before: Vec<String>,
    /// Every earlier drawing of the sample.
    pub history: Vec<String>,
    /// Digest of the journal's last line.
    pub journal: String,
    /// The sample's text is the one that kaohe ships.
    pub is_shipped: bool,
    /// Digest of the whole library.
    pub library: String,
}

/// A list that was read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// How it came about.
    pub record: ListRecord,
    /// Bytes of `list.csv`.
    pub csv: Vec<u8>,
    /// Bytes of `list.json`.
    pub json: Vec<u8>,
    /// Since when each member is in the sample, by id.
    since: BTreeMap<String, String>,
    previous: Previous,
}

impl Read {
    /// What the next drawing needs of it.
    pub fn members(&self) -> &Previous {
        &self.previous
    }
}

fn digest(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

/// Bytes of `list.csv`, and the record of them.
///
/// # Errors
/// Only a bug: rows that can't be written.
pub fn write(sample: &Sample, frame: &Frame, drawing: &Drawing<'_>, of: &Circumstances) -> Result<(Vec<u8>, ListRecord)> {
    // Excel takes a file without the mark for GB18030.
    let mut csv: Vec<u8> = "\u{feff}".into();
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(&mut csv);
    let mut put = || -> std::result::Result<(), csv::Error> {
        let head = ["order", "role", "id", "stratum", "weight", "since"].into_iter().chain(frame.columns.iter().map(String::as_str));
        writer.write_record(head)?;
        for (place, member) in drawing.members.iter().enumerate() {
            let known = of.previous.as_ref().filter(|_| member.role == Role::Kept).and_then(|last| last.since.get(&member.row.id));
            let since = if member.role == Role::Reserve { "" } else { known.map_or(of.as_of.as_str(), String::as_str) };
            let weight = if member.role == Role::Reserve { String::new() } else { member.weight.to_string() };
            let own = [(place + 1).to_string(), member.role.word().to_owned(), member.row.id.clone(), member.row.stratum.clone(), weight];
            writer.write_record(own.iter().map(String::as_str).chain([since]).chain(member.row.carried.iter().map(String::as_str)))?;
        }
        Ok(writer.flush()?)
    };
    put().context(Kind::Bug, || "writing a list")?;
    drop(writer);
    let record = ListRecord {
        format: FORMAT,
        sample: sample.name.clone(),
        title: sample.title.clone(),
        basis: sample.basis.clone(),
        as_of: of.as_of.clone(),
        seed: of.seed.clone(),
        definition: digest(sample.text.as_bytes()),
        is_shipped: of.is_shipped,
        library: of.library.clone(),
        frame: frame.digest(),
        frame_rows: frame.rows.len(),
        lake_versions: of.lake_versions.clone(),
        previous: of.previous.as_ref().map(|last| digest(&last.json)),
        drawn_before: of.drawn_before.clone(),
        history: of.history.clone(),
        journal: of.journal.clone(),
        strata: drawing.strata.iter().map(StratumRecord::from).collect(),
        list: digest(&csv),
        kaohe: env!("CARGO_PKG_VERSION").to_owned(),
    };
    Ok((csv, record))
}

impl ListRecord {
    /// Bytes of `list.json`.
    ///
    /// # Errors
    /// Only a bug.
    pub fn to_json(&self) -> Result<Vec<u8>> {
        let mut json = serde_json::to_vec_pretty(self).context(Kind::Bug, || "writing the record of a list")?;
        json.push(b'\n');
        Ok(json)
    }
}

/// Reads a list back from its folder.
///
/// # Errors
/// A file that is not there or no list; a `list.csv` that is not the one of `list.json`.
pub fn read(folder: &Path) -> Result<Read> {
    if !folder.join(RECORD).is_file() {
        return Err(Error::new(Kind::Configuration, format!("there is no list in {}: it has no {RECORD}", folder.display()))
            .with_hint("name the folder that `kaohe sample` wrote, such as samples/enterprise_panel/2026-06-30"));
    }
    let bytes =
        |name: &str| std::fs::read(folder.join(name)).context(Kind::Configuration, || format!("reading {}", folder.join(name).display()));
    let (json, csv) = (bytes(RECORD)?, bytes(LIST)?);
    let doing = || format!("reading {}", folder.join(RECORD).display());
    let record: ListRecord = serde_json::from_slice(&json).map_err(|error| {
        Error::new(Kind::Source, format!("{} is no record of a drawing: {error}", folder.join(RECORD).display()))
            .with_hint("take the file as `kaohe sample` wrote it; one that was cut or edited is none any more")
    })?;
    if record.format != FORMAT {
        let says = format!("it has format {}, this kaohe reads format {FORMAT}", record.format);
        return Err(Error::new(Kind::Environment, says).with_hint("use the kaohe that wrote it, or a newer one").while_doing(doing()));
    }
    if digest(&csv) != record.list {
        let says = format!("{} is not the list that {RECORD} speaks of: it was changed after the drawing", folder.join(LIST).display());
        return Err(Error::new(Kind::Source, says).with_hint("take the files as they were drawn; who saved it in Excel has another file"));
    }
    let (mut since, mut previous) = (BTreeMap::new(), Previous::default());
    let text = csv.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&csv);
    for (line, row) in csv::Reader::from_reader(text).records().enumerate() {
        let row = row.context(Kind::Source, || format!("reading {}", folder.join(LIST).display()))?;
        let cell = |column: usize| row.get(column).unwrap_or_default();
        let (role, id, stratum, from) = (cell(1), cell(2), cell(3), cell(5));
        if id.is_empty() {
            return Err(Error::new(Kind::Source, format!("{}:{}: there is no id", folder.join(LIST).display(), line + 2)));
        }
        if role != Role::Reserve.word() {
            since.insert(id.to_owned(), from.to_owned());
            previous.members.entry(stratum.to_owned()).or_default().push(id.to_owned());
        }
    }
    previous.begins = record.strata.iter().map(|stratum| (stratum.stratum.clone(), stratum.begins)).collect();
    Ok(Read { record, csv, json, since, previous })
}
