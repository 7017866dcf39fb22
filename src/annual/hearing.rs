//! What units say of their draft scorecards, and what is decided of it.
//!
//! In: a TOML file with `[[matter]]` and `[[decision]]` tables, and the documents that it names. Out: `hearings/<number>/` of the draft: who said what, the
//! documents with their digests, the decisions. Never here: a matter without a unit, a decision without reason and approver, one that could not be
//! applied; scores.
//!
//! A file is taken as a whole or not at all. A decision may revise an earlier one of its matter, in a later edition too: the last one holds, all are kept.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::corrected::apply;
use super::evidence::Retaken;
use super::frozen::Frozen;
use super::{Head, draft_of, evidence, files, frozen, my_turn, names_in, read_json, write_json};
use crate::diagnostics::Diagnostics;
use crate::document::{Placed, Section, read_document};
use crate::error::{Error, Kind, Result};
use crate::library::indicator::Better;
use crate::library::scheme::composites::composite;
use crate::nightly::correcting::read_figure;
use crate::report::input::ChangedFigure;
use crate::scoring::tables::{Scorecards, Value};
use crate::terms::IndicatorId;

/// What somebody asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MatterKind {
    /// A remark, to be answered.
    Comment,
    /// A figure is said to be wrong (申诉).
    Appeal,
    /// Something that nobody could help is to be left out (不可抗力).
    Exclusion,
}

/// What was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ruling {
    /// As was asked for.
    Granted,
    /// Some of it.
    Partly,
    /// None of it.
    Refused,
    /// A comment was answered.
    Answered,
    /// The unit has taken it back; the reason and the document tell how.
    Withdrawn,
}

const KINDS: [(&str, MatterKind); 3] =
    [("comment", MatterKind::Comment), ("appeal", MatterKind::Appeal), ("exclusion", MatterKind::Exclusion)];
const RULINGS: [(&str, Ruling); 5] = [
    ("granted", Ruling::Granted),
    ("partly", Ruling::Partly),
    ("refused", Ruling::Refused),
    ("answered", Ruling::Answered),
    ("withdrawn", Ruling::Withdrawn),
];

/// A file that came with a matter or a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// Its path, below the matter's folder.
    pub file: String,
    /// Its digest.
    pub blake3: String,
}

/// What a granted matter changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// A figure ought to be another: `48/50`, `4.5`.
    Figure {
        /// Where the unit has several scorecards.
        domain: Option<String>,
        /// Of which indicator.
        indicator: String,
        /// What it ought to be.
        figure: String,
    },
    /// Records are taken out of a figure, or count as met in it.
    Records {
        /// The scorecard.
        domain: String,
        /// Of which indicator.
        indicator: String,
        /// Which.
        records: Vec<Retaken>,
    },
    /// A bonus, deduction or veto falls away.
    Void {
        /// Its identifier.
        event: String,
    },
}

/// A decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// What.
    pub ruling: Ruling,
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub approver: String,
    /// When.
    pub decided_on: String,
    /// The paper.
    pub document: Document,
    /// What it changes.
    pub changes: Vec<Change>,
    /// The edition in whose hearing it was made.
    pub edition: u32,
}

/// A comment, an appeal, an exclusion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matter {
    /// Its number in this release.
    pub number: u32,
    /// Who asks.
    pub unit: String,
    /// What for.
    pub kind: MatterKind,
    /// Which indicator it is about, if one.
    pub indicator: Option<String>,
    /// Which records, by their keys; none where it is about a whole figure.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub records: Vec<String>,
    /// In the unit's words.
    pub says: String,
    /// When it came.
    pub received_on: String,
    /// What it rests on; a comment may have none.
    pub document: Option<Document>,
    /// What was decided; the last one holds.
    pub decisions: Vec<Decision>,
}

impl Matter {
    /// The decision that holds.
    pub fn decision(&self) -> Option<&Decision> {
        self.decisions.last()
    }

    /// Whether it is still to be decided.
    pub fn is_open(&self) -> bool {
        self.decisions.is_empty()
    }
}

/// What a file added.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Heard {
    /// Numbers that its matters were given, in their order.
    pub matters: Vec<u32>,
    /// Numbers of the matters that it decided.
    pub decided: Vec<u32>,
    /// What these decisions change.
    pub changes: Vec<ChangedFigure>,
    /// Figures in which records stand that were taken out elsewhere, and which stay: they are no counts of records.
    pub untouched: Vec<String>,
    /// Matters of the draft that are still to be decided.
    pub open: usize,
}

/// Every matter of a release, by number.
///
/// # Errors
/// A folder that can't be read, a matter that is damaged.
pub fn all(release: &Path) -> Result<BTreeMap<u32, Matter>> {
    let folder = release.join("hearings");
    let mut matters = BTreeMap::new();
    if !folder.is_dir() {
        return Ok(matters);
    }
    // What was being written when a process ended begins with a point, and was not taken.
    for name in names_in(&folder)?.into_iter().filter(|name| name.parse::<u32>().is_ok()) {
        let path = folder.join(&name).join("matter.json");
        let matter: Matter =
            read_json(&path).map_err(|error| error.or_hint("bring the folder back from a backup; what was heard is not made up"))?;
        matters.insert(matter.number, matter);
    }
    Ok(matters)
}

/// A matter or decision as it is written, with the place of the document that it names.
struct Submitted<T> {
    what: T,
    document: Option<Placed<String>>,
    /// Records that it names.
    records: Vec<Retaking>,
    span: std::ops::Range<usize>,
}

/// Records that are named, to be looked up.
#[derive(Debug, Clone)]
struct Retaking {
    domain: Option<String>,
    indicator: Option<String>,
    leave_out: Vec<Placed<String>>,
    as_met: Vec<Placed<String>>,
    span: std::ops::Range<usize>,
}

#[derive(Default)]
struct Submission {
    matters: Vec<Submitted<Matter>>,
    decisions: Vec<Deciding>,
}

/// A decision, and what it decides.
struct Deciding {
    matter: Placed<i64>,
    unit: Placed<String>,
    revises: bool,
    submitted: Submitted<Decision>,
}

/// What is asked for.
pub struct HearRequest<'a> {
    /// Where `releases/` stands.
    pub out: &'a Path,
    /// The period.
    pub period: &'a str,
    /// The file.
    pub file: &'a Path,
    /// Today, as `2026-07-10`.
    pub today: &'a str,
    /// Takes what does not fit into memory.
    pub temp: &'a Path,
}

/// Takes a file of matters and decisions into the draft of a period.
///
/// # Errors
/// No draft; anything wrong with the file, all of it at once with line and column: an unknown unit, indicator, event or matter, a document that is not there, a
/// decision that changes nothing or changes something without having been asked.
pub async fn hear(request: &HearRequest<'_>) -> Result<Heard> {
    let _turn = my_turn(request.out)?;
    let draft = draft_of(request.out, request.period)?;
    let edition = Head::read(&draft)?.edition;
    let file = request.file;
    let name = file.display().to_string();
    let text = fs::read_to_string(file).map_err(|error| {
        let says = Error::new(Kind::Configuration, error.to_string()).while_doing(format!("reading {name}"));
        says.with_hint("a text file in UTF-8; an editor of Windows may have saved it as GBK")
    })?;
    let mut known = frozen::read(&draft.join("frozen"), request.temp).await?;
    let mut matters = all(&draft)?;
    let mut diagnostics = Diagnostics::default();
    diagnostics.remember(&name, &text);
    let submission = read_document(&name, &text, "a file of matters", 0, &mut diagnostics, |section, diagnostics| {
        let matters = section.sections("matter", diagnostics, read_matter);
        let decisions = section.sections("decision", diagnostics, read_decision);
        Some(Submission { matters, decisions })
    });
    let submission = submission.unwrap_or_default();
    if submission.matters.is_empty() && submission.decisions.is_empty() && diagnostics.errors() == 0 {
        let hint = "[[matter]] tells what a unit says, [[decision]] what was decided of it: see README.md, operations";
        diagnostics.error("nothing-heard", &name, None, "the file has neither a `[[matter]]` nor a `[[decision]]`").hint(hint);
    }
    known.scheme = known.scheme.undrawn();
    let before = known.left.score(&known.scheme, &known.library)?;
    let taking = Taking {
        known: &known,
        before: &before,
        frozen: &draft.join("frozen"),
        file: &name,
        folder: file.parent().unwrap_or(Path::new(".")),
        today: request.today,
    };
    let first = matters.keys().max().map_or(1, |last| last + 1);
    let mut heard = Heard::default();
    // What is copied where, once all of it is known to be in order.
    let mut papers: Vec<(PathBuf, PathBuf)> = Vec::new();
    let mut changed = BTreeSet::new();
    for (number, submitted) in (first..).zip(submission.matters) {
        let paper = taking.document(submitted.document.as_ref(), "matter", &mut diagnostics);
        taking.check_matter(&submitted, &mut diagnostics);
        for named in &submitted.records {
            taking.retaken(&submitted.what, named, false, &mut diagnostics)?;
        }
        let mut matter = Matter { number, ..submitted.what.clone() };
        if let Some((from, document)) = paper {
            papers.push((from, place_of(&draft, number).join(&document.file)));
            matter.document = Some(document);
        }
        let digest = |matter: &Matter| matter.document.as_ref().map(|document| document.blake3.clone());
        let is_same = |known: &&Matter| {
            (&known.unit, known.kind, &known.indicator, &known.says) == (&matter.unit, matter.kind, &matter.indicator, &matter.says)
                && known.records == matter.records
                && digest(known) == digest(&matter)
        };
        if let Some(earlier) = matters.values().find(is_same) {
            let says = format!("`{}` has said the same already: it is the matter {}", matter.unit, earlier.number);
            diagnostics
                .error("said-already", &name, Some(submitted.span), says)
                .hint("a file is taken once; write what is new into another");
        }
        heard.matters.push(number);
        changed.insert(number);
        matters.insert(number, matter);
    }
    for Deciding { matter: number, unit, revises, mut submitted } in submission.decisions {
        let Some(matter) = u32::try_from(number.value).ok().and_then(|number| matters.get_mut(&number)) else {
            diagnostics
                .error("unknown-matter", &name, Some(number.span), format!("there is no matter {}", number.value))
                .hint("the number is the one that `kaohe release comment` gave it");
            continue;
        };
        if matter.unit != unit.value {
            let says = format!("the matter {} is one of `{}`, and the decision names `{}`", matter.number, matter.unit, unit.value);
            diagnostics
                .error("other-unit", &name, Some(unit.span), says)
                .hint("a matter has the number that `kaohe release comment` gave it, not its place in the file");
            continue;
        }
        if let Some(asked) = asked_for(matter, &submitted).filter(|_| diagnostics.errors() == 0) {
            submitted.records.push(asked);
        }
        for named in &submitted.records {
            let (changes, untouched) = taking.retaken(matter, named, true, &mut diagnostics)?;
            submitted.what.changes.extend(changes);
            heard.untouched.extend(untouched);
        }
        let folder = format!("decision-{}", matter.decisions.len() + 1);
        let paper = taking.document(submitted.document.as_ref(), &folder, &mut diagnostics);
        taking.check_decision(matter, revises, &submitted, &mut diagnostics);
        let Some((from, document)) = paper else { continue };
        papers.push((from, place_of(&draft, matter.number).join(&document.file)));
        matter.decisions.push(Decision { document, edition, ..submitted.what });
        heard.decided.push(matter.number);
        changed.insert(matter.number);
    }
    // What can't be applied is refused now, and not on the day of the ranking.
    if diagnostics.errors() == 0 && !heard.decided.is_empty() {
        heard.changes = apply(&mut known, &matters, edition).map_err(|error| error.while_doing(format!("nothing of {name} was taken")))?;
        heard.changes.retain(|change| heard.decided.contains(&change.matter));
    }
    if diagnostics.errors() > 0 {
        return Err(Error::new(Kind::Configuration, format!("nothing of {name} was taken\n{}", diagnostics.to_text().trim_end())));
    }
    // A new matter appears whole; of one that is known, only the last step changes what is read.
    for number in &changed {
        let place = place_of(&draft, *number);
        let is_new = heard.matters.contains(number);
        let making = if is_new { draft.join("hearings").join(format!(".making-{number:04}")) } else { place.clone() };
        if is_new {
            files::begin_anew(&making)?;
        }
        for (from, to) in papers.iter().filter(|(_, to)| to.starts_with(&place)) {
            files::copy(from, &making.join(to.strip_prefix(&place).expect("it begins so")))?;
        }
        write_json(&making.join("matter.json"), &matters[number])?;
        if is_new {
            files::put_in_place(&making, &place)?;
        }
    }
    heard.open = matters.values().filter(|matter| matter.is_open()).count();
    Ok(heard)
}

/// An exclusion that names its records and is granted without another word: these are left out.
fn asked_for(matter: &Matter, submitted: &Submitted<Decision>) -> Option<Retaking> {
    let says_more = !submitted.what.changes.is_empty() || !submitted.records.is_empty();
    if says_more || submitted.what.ruling != Ruling::Granted || matter.kind != MatterKind::Exclusion || matter.records.is_empty() {
        return None;
    }
    let placed = |record: &String| Placed { value: record.clone(), span: submitted.span.clone() };
    Some(Retaking {
        domain: None,
        indicator: matter.indicator.clone(),
        leave_out: matter.records.iter().map(placed).collect(),
        as_met: Vec::new(),
        span: submitted.span.clone(),
    })
}

fn place_of(draft: &Path, number: u32) -> PathBuf {
    draft.join("hearings").join(format!("{number:04}"))
}

fn read_matter(section: &mut Section<'_>, diagnostics: &mut Diagnostics) -> Option<Submitted<Matter>> {
    let unit = section.required_text("unit", diagnostics);
    let kind = section.required_word("kind", &KINDS, diagnostics);
    let indicator = section.text("indicator", diagnostics);
    let says = section.required_text("says", diagnostics);
    let received_on = required_date(section, "received_on", diagnostics);
    let document = section.text("document", diagnostics);
    let records = section.texts("records", diagnostics);
    let kind = kind?;
    if document.is_none() && kind != MatterKind::Comment {
        let says = "an appeal or exclusion needs `document`, what it rests on";
        diagnostics
            .error("missing-key", section.file(), Some(section.span()), says)
            .hint("the path of a file, beside this one or absolute");
        return None;
    }
    let what = Matter {
        number: 0,
        unit: unit?.value,
        kind,
        indicator: indicator.map(|indicator| indicator.value),
        records: records.iter().map(|record| record.value.clone()).collect(),
        says: says?.value,
        received_on: received_on?,
        document: None,
        decisions: Vec::new(),
    };
    let named = Retaking { domain: None, indicator: what.indicator.clone(), leave_out: records, as_met: Vec::new(), span: section.span() };
    let records = if named.leave_out.is_empty() { Vec::new() } else { vec![named] };
    Some(Submitted { what, document, records, span: section.span() })
}

fn read_decision(section: &mut Section<'_>, diagnostics: &mut Diagnostics) -> Option<Deciding> {
    let matter = section.required_integer("matter", diagnostics);
    let unit = section.required_text("unit", diagnostics);
    let revises = section.boolean("revises", diagnostics).unwrap_or_default();
    let ruling = section.required_word("ruling", &RULINGS, diagnostics);
    let reason = section.required_text("reason", diagnostics);
    let approver = section.required_text("approver", diagnostics);
    let decided_on = required_date(section, "decided_on", diagnostics);
    let document = section.required_text("document", diagnostics);
    let (mut changes, mut records) = (Vec::new(), Vec::new());
    for correction in section.sections("correction", diagnostics, read_correction) {
        match correction {
            Correcting::Figure(change) => changes.push(change),
            Correcting::Records(named) => records.push(named),
        }
    }
    changes.extend(section.texts("void", diagnostics).into_iter().map(|event| Change::Void { event: event.value }));
    let blank = Document { file: String::new(), blake3: String::new() };
    let what = Decision {
        ruling: ruling?,
        reason: reason?.value,
        approver: approver?.value,
        decided_on: decided_on?,
        document: blank,
        changes,
        edition: 0,
    };
    let submitted = Submitted { what, document: Some(document?), records, span: section.span() };
    Some(Deciding { matter: matter?, unit: unit?, revises, submitted })
}

/// A correction as it is written.
enum Correcting {
    Figure(Change),
    Records(Retaking),
}

fn read_correction(section: &mut Section<'_>, diagnostics: &mut Diagnostics) -> Option<Correcting> {
    let domain = section.text("domain", diagnostics).map(|domain| domain.value);
    let figure = section.text("figure", diagnostics);
    let (leave_out, as_met) = (section.texts("leave_out", diagnostics), section.texts("as_met", diagnostics));
    let names_records = !leave_out.is_empty() || !as_met.is_empty();
    if names_records == figure.is_some() {
        diagnostics.error("figure-or-records", section.file(), Some(section.span()), "a correction has either `figure` or records").hint(
            "`figure = \"48/50\"`, or `leave_out = [\"…\"]` and `as_met = [\"…\"]` with keys of records as the unit's page shows them",
        );
        return None;
    }
    if let Some(figure) = figure {
        let indicator = section.required_text("indicator", diagnostics)?.value;
        return Some(Correcting::Figure(Change::Figure { domain, indicator, figure: figure.value }));
    }
    let indicator = section.text("indicator", diagnostics).map(|indicator| indicator.value);
    Some(Correcting::Records(Retaking { domain, indicator, leave_out, as_met, span: section.span() }))
}

fn required_date(section: &mut Section<'_>, key: &'static str, diagnostics: &mut Diagnostics) -> Option<String> {
    let span = section.span();
    let before = diagnostics.errors();
    let date = section.date(key, diagnostics);
    if date.is_none() && diagnostics.errors() == before {
        diagnostics.error("missing-key", section.file(), Some(span), format!("it needs the key `{key}`, a date without quotation marks"));
    }
    date.map(|date| date.to_string())
}

/// What a file is checked against.
struct Taking<'a> {
    known: &'a Frozen,
    /// As it was published.
    before: &'a Scorecards,
    /// Where evidence lies.
    frozen: &'a Path,
    file: &'a str,
    folder: &'a Path,
    today: &'a str,
}

impl Taking<'_> {
    /// The document at its place, and what is kept of it.
    fn document(&self, named: Option<&Placed<String>>, folder: &str, diagnostics: &mut Diagnostics) -> Option<(PathBuf, Document)> {
        let named = named?;
        let place = self.folder.join(&named.value);
        let file = place.file_name().map(|name| name.to_string_lossy().into_owned());
        match (file, place.is_file().then(|| files::digest(&place).ok()).flatten()) {
            (Some(file), Some(blake3)) => Some((place, Document { file: format!("{folder}/{file}"), blake3 })),
            _ => {
                diagnostics
                    .error("no-document", self.file, Some(named.span.clone()), format!("there is no file {}", place.display()))
                    .hint("the path is taken from the folder of this file");
                None
            }
        }
    }

    fn check_matter(&self, submitted: &Submitted<Matter>, diagnostics: &mut Diagnostics) {
        let (matter, at) = (&submitted.what, Some(submitted.span.clone()));
        self.check_unit(&matter.unit, at.clone(), diagnostics);
        self.check_text("says", &matter.says, at.clone(), diagnostics);
        self.check_not_later("received_on", &matter.received_on, at.clone(), diagnostics);
        if let Some(indicator) = &matter.indicator {
            self.check_indicator(indicator, at, diagnostics);
        }
    }

    /// What becomes of the records that a file names: changes, figure by figure; and figures in which they stand and stay, for these are no counts of records.
    ///
    /// Where nothing is decided yet, it is only asked whether they are there.
    ///
    /// # Errors
    /// Evidence that is damaged.
    fn retaken(
        &self,
        matter: &Matter,
        named: &Retaking,
        decides: bool,
        diagnostics: &mut Diagnostics,
    ) -> Result<(Vec<Change>, Vec<String>)> {
        let indicator = named.indicator.as_ref().or(matter.indicator.as_ref());
        if let Some(indicator) = indicator {
            self.check_indicator(indicator, Some(named.span.clone()), diagnostics);
        }
        let asked: Vec<(&Placed<String>, bool)> =
            named.leave_out.iter().map(|record| (record, false)).chain(named.as_met.iter().map(|record| (record, true))).collect();
        let is_asked = |value: &&Value| {
            value.unit.as_ref() == matter.unit
                && named.domain.as_ref().is_none_or(|domain| value.domain == *domain)
                && indicator.is_none_or(|indicator| value.indicator.as_ref() == indicator)
        };
        let (mut changes, mut untouched) = (Vec::new(), BTreeSet::new());
        let (mut seen, mut known, mut counted) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for value in self.before.values.iter().filter(is_asked) {
            let Some(header) = self.known.library.indicators.get(&value.indicator) else { continue };
            let mut records: BTreeMap<(usize, String, String), Retaken> = BTreeMap::new();
            let adds_up = evidence::each(self.frozen, value.indicator.as_ref(), |entry| {
                if !evidence::counts_in(self.known, value, entry) {
                    return;
                }
                let place = asked.iter().position(|(record, _)| record.value == entry.record || record.value == entry.shown);
                let Some(place) = place else {
                    known.insert(entry.shown.to_owned());
                    return;
                };
                let key = (place, entry.unit.to_owned(), entry.domain.to_owned());
                let retaken = records.entry(key).or_insert_with(|| Retaken {
                    record: entry.record.to_owned(),
                    unit: entry.unit.to_owned(),
                    domain: entry.domain.to_owned(),
                    numerator: 0,
                    denominator: 0,
                    as_met: asked[place].1,
                });
                retaken.numerator += u32::from(entry.in_numerator);
                retaken.denominator += u32::from(entry.in_denominator);
            })?;
            seen.extend(records.keys().map(|(place, ..)| *place));
            if adds_up == Some(false) && !records.is_empty() {
                untouched.insert(header.id.0.clone());
                continue;
            }
            let is_a_band = header.better == Better::Band;
            records.retain(|_, record| record.changes(header.better) && !(is_a_band && record.as_met));
            counted.extend(records.keys().map(|(place, ..)| *place));
            if !records.is_empty() {
                let records = records.into_values().collect();
                changes.push(Change::Records { domain: value.domain.clone(), indicator: header.id.0.clone(), records });
            }
        }
        let of = indicator.map_or_else(|| format!("`{}`", matter.unit), |indicator| format!("`{indicator}` of `{}`", matter.unit));
        for (place, (record, as_met)) in asked.iter().enumerate() {
            let at = Some(record.span.clone());
            let key = &record.value;
            if !seen.contains(&place) {
                diagnostics
                    .error("unknown-record", self.file, at, format!("no figure of {of} rests on a record `{key}`"))
                    .hint("keys stand in the lists of the unit's page, and in `kaohe explain UNIT INDICATOR --all`")
                    .hint_nearest(key, known.iter().map(String::as_str));
            } else if !decides {
            } else if let (Some(indicator), false) = (indicator, untouched.is_empty()) {
                let says = format!("`{indicator}` is no count of records: what it is without `{key}` can't be told from the keys");
                diagnostics.error("no-count", self.file, at, says).hint("[[decision.correction]] with `figure`");
            } else if !counted.contains(&place) {
                let why = if *as_met { "it counts as met, or nothing is met there" } else { "it is pending, or was left out" };
                diagnostics.error(
                    "record-without-effect",
                    self.file,
                    at,
                    format!("no figure of {of} changes by the record `{key}`: {why}"),
                );
            }
        }
        Ok((changes, untouched.into_iter().collect()))
    }

    fn check_text(&self, key: &str, text: &str, at: Option<std::ops::Range<usize>>, diagnostics: &mut Diagnostics) {
        if text.chars().filter(|c| c.is_alphanumeric()).count() < 2 {
            diagnostics.error("says-nothing", self.file, at, format!("`{key}` says nothing")).hint("it is kept for whoever asks in years");
        }
    }

    fn check_not_later(&self, key: &str, date: &str, at: Option<std::ops::Range<usize>>, diagnostics: &mut Diagnostics) {
        if date > self.today {
            diagnostics.error("not-yet", self.file, at, format!("`{key}` is {date}, and today is {}", self.today)).hint("look at the year");
        }
    }

    fn check_unit(&self, unit: &str, at: Option<std::ops::Range<usize>>, diagnostics: &mut Diagnostics) {
        let units = || self.known.left.units.iter().map(|unit| unit.id.as_ref());
        if units().all(|known| known != unit) {
            let says = format!("there is no unit `{unit}` in this release");
            diagnostics.error("unknown-unit", self.file, at, says).hint_nearest(unit, units());
        }
    }

    fn check_indicator(&self, indicator: &str, at: Option<std::ops::Range<usize>>, diagnostics: &mut Diagnostics) {
        let ids = || self.known.scheme.indicators.iter().map(|scored| scored.id.as_ref());
        if ids().all(|known| known != indicator) {
            let says = format!("the scheme has no indicator `{indicator}`");
            diagnostics.error("unknown-indicator", self.file, at, says).hint_nearest(indicator, ids());
        }
    }

    fn check_decision(&self, matter: &Matter, revises: bool, submitted: &Submitted<Decision>, diagnostics: &mut Diagnostics) {
        let (decision, at) = (&submitted.what, Some(submitted.span.clone()));
        self.check_text("reason", &decision.reason, at.clone(), diagnostics);
        self.check_text("approver", &decision.approver, at.clone(), diagnostics);
        self.check_not_later("decided_on", &decision.decided_on, at.clone(), diagnostics);
        let mut wrong = |code: &'static str, says: String, hint: &str| {
            diagnostics.error(code, self.file, at.clone(), says).hint(hint);
        };
        let number = matter.number;
        let changes = !decision.changes.is_empty();
        let is_same = |earlier: &&Decision| {
            (earlier.ruling, &earlier.reason, &earlier.changes) == (decision.ruling, &decision.reason, &decision.changes)
        };
        if revises && matter.decision().filter(is_same).is_some() {
            wrong(
                "decided-so",
                format!("the matter {number} is decided so already"),
                "a file is taken once; write what is new into another",
            );
        }
        match matter.decision() {
            Some(earlier) if !revises => {
                let says = format!("the matter {number} was decided on {}", earlier.decided_on);
                wrong("decided-already", says, "`revises = true` puts this decision in the place of that one; both are kept");
            }
            None if revises => wrong("nothing-to-revise", format!("the matter {number} has no decision to revise"), "leave `revises` out"),
            _ => {}
        }
        if decision.decided_on < matter.received_on {
            let says = format!("the matter {number} came on {}, and is said to be decided on {}", matter.received_on, decision.decided_on);
            wrong("decided-before", says, "look at both dates");
        }
        let other = decision.changes.iter().find_map(|change| match (change, &matter.indicator) {
            (Change::Figure { indicator, .. } | Change::Records { indicator, .. }, Some(asked)) if indicator != asked => {
                Some((indicator, asked))
            }
            _ => None,
        });
        if let Some((indicator, asked)) = other {
            let says = format!("the matter {number} is about `{asked}`, and the decision corrects `{indicator}`");
            wrong("other-indicator", says, "what is wrong besides is a matter of its own");
        }
        match (matter.kind, decision.ruling) {
            (_, Ruling::Withdrawn) if changes => {
                let says = format!("the matter {number} was withdrawn, and the decision changes something");
                wrong("withdrawn-changes", says, "take one of them away");
            }
            (_, Ruling::Withdrawn) => {}
            (MatterKind::Comment, Ruling::Answered) if !changes => {}
            (MatterKind::Comment, _) => {
                let says = format!("the matter {number} is a comment: it is `answered`, and changes nothing");
                wrong("comment-decided", says, "who wants a figure changed brings an appeal or an exclusion, with its document");
            }
            (_, Ruling::Answered) => {
                let says = format!("the matter {number} asks for a decision: `granted`, `partly` or `refused`");
                wrong("not-decided", says, "only a comment is answered");
            }
            (_, Ruling::Refused) if changes => {
                wrong(
                    "refused-changes",
                    format!("the matter {number} is refused, and the decision changes something"),
                    "take one of them away",
                );
            }
            (_, Ruling::Granted | Ruling::Partly) if !changes && submitted.records.is_empty() => {
                let says = format!("the matter {number} is granted, and nothing is changed");
                let hint = "[[decision.correction]] with `indicator` and `figure`, or with records to `leave_out`; or `void = [\"event\"]`";
                wrong("granted-nothing", says, hint);
            }
            _ => {}
        }
        for change in &decision.changes {
            self.check_change(matter, change, submitted.span.clone(), diagnostics);
        }
    }

    fn check_change(&self, matter: &Matter, change: &Change, at: std::ops::Range<usize>, diagnostics: &mut Diagnostics) {
        match change {
            // Looked up in what was frozen.
            Change::Records { .. } => {}
            Change::Figure { indicator, figure, .. } => {
                if composite(indicator).is_some() {
                    let says = format!("`{indicator}` is a composite of a region, and several units carry it");
                    diagnostics
                        .error("composite", self.file, Some(at), says)
                        .hint("correct the records that it is made of, run, and release that run");
                    return;
                }
                self.check_indicator(indicator, Some(at.clone()), diagnostics);
                let is_known = self.known.library.indicators.contains_key(&IndicatorId::from(indicator.as_str()));
                if let Some(error) = read_figure(figure, &self.known.library, indicator).err().filter(|_| is_known) {
                    diagnostics
                        .error("figure", self.file, Some(at), error.message().to_owned())
                        .hint("`figure = \"48/50\"` of a ratio, `\"4.5\"` of a value");
                }
            }
            Change::Void { event } => {
                let own = self.known.left.events.iter().filter(|known| known.unit.as_ref() == matter.unit);
                let ids: Vec<&str> = own.map(|event| event.id.as_str()).collect();
                if !ids.contains(&event.as_str()) {
                    let says = format!("`{}` has no bonus, deduction or veto `{event}`", matter.unit);
                    diagnostics.error("unknown-event", self.file, Some(at), says).hint_nearest(event, ids);
                }
            }
        }
    }
}
