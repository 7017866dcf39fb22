//! What units say of their draft scorecards, and what is decided of it.
//!
//! In: a TOML file with `[[matter]]` and `[[decision]]` tables, and the documents that it names. Out: `hearings/<number>/` of the draft: who said what, the
//! documents with their digests, the decisions. Never here: a matter without a unit, a decision without reason and approver, one that could not be
//! applied; scores.
//!
//! A file is taken as a whole or not at all. A decision may revise an earlier one of its matter, in a later edition too: the last one holds, all are kept.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::corrected::effect;
use super::evidence::Named;
use super::frozen::Frozen;
use super::{Head, draft_of, evidence, files, frozen, my_turn, names_in, read_json, write_json};
use crate::diagnostics::Diagnostics;
use crate::document::{Placed, Section, read_document};
use crate::error::{Error, Kind, Result};
use crate::explain::rows::HIDDEN;
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
    /// It is right, and the data of the frozen run have it already.
    Settled,
    /// None of it.
    Refused,
    /// A comment was answered.
    Answered,
    /// The unit has taken it back; the reason and the document tell how.
    Withdrawn,
}

const KINDS: [(&str, MatterKind); 3] =
    [("comment", MatterKind::Comment), ("appeal", MatterKind::Appeal), ("exclusion", MatterKind::Exclusion)];
const RULINGS: [(&str, Ruling); 6] = [
    ("granted", Ruling::Granted),
    ("partly", Ruling::Partly),
    ("settled", Ruling::Settled),
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
    /// Records are left out, or count as met.
    Records {
        /// In this indicator alone; else wherever they count.
        indicator: Option<String>,
        /// Which.
        records: Vec<Named>,
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
    /// The how manieth decision of the release it is.
    pub sequence: u32,
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

    /// What was decided of it, in a line.
    pub fn in_words(&self) -> String {
        let word = |ruling: Ruling| RULINGS.iter().find(|(_, known)| *known == ruling).map_or("", |(word, _)| word);
        let kind = KINDS.iter().find(|(_, known)| *known == self.kind).map_or("", |(word, _)| word);
        let decided = self.decision().map_or_else(String::new, |decision| {
            format!("{} by {} on {}, on {}", word(decision.ruling), decision.approver, decision.decided_on, decision.document.file)
        });
        format!("matter {}, {kind} of {}: {decided}", self.number, self.unit)
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
    /// Figures in which records stand that were left out elsewhere, and which stay: they are no counts of records.
    pub untouched: BTreeSet<String>,
    /// Records that no figure counts now: they are pending, or left out anyway.
    pub without_effect: BTreeSet<String>,
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
    records: Vec<Naming>,
    span: std::ops::Range<usize>,
}

/// Records that are named, to be looked up.
#[derive(Debug, Clone)]
struct Naming {
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
    let earlier = matters.clone();
    let mut sequence = matters.values().flat_map(|matter| &matter.decisions).map(|decision| decision.sequence).max().unwrap_or_default();
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
            taking.named(&submitted.what, named, false, &mut diagnostics)?;
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
            let found = taking.named(matter, named, true, &mut diagnostics)?;
            submitted.what.changes.extend(found.change);
            heard.untouched.extend(found.untouched);
            heard.without_effect.extend(found.without_effect);
        }
        taking.settle_domains(matter, &mut submitted.what.changes);
        let folder = format!("decision-{}", matter.decisions.len() + 1);
        let paper = taking.document(submitted.document.as_ref(), &folder, &mut diagnostics);
        taking.check_decision(matter, revises, &submitted, &mut diagnostics);
        let Some((from, document)) = paper else { continue };
        papers.push((from, place_of(&draft, matter.number).join(&document.file)));
        sequence += 1;
        matter.decisions.push(Decision { document, edition, sequence, ..submitted.what });
        heard.decided.push(matter.number);
        changed.insert(matter.number);
    }
    // What can't be applied is refused now, and not on the day of the ranking.
    if diagnostics.errors() == 0 && !heard.decided.is_empty() {
        heard.changes = effect(&mut known, &draft, &before, (&earlier, &matters), edition)
            .map_err(|error| error.while_doing(format!("nothing of {name} was taken")))?;
        let changes_nothing = |number: &&u32| {
            let grants = matters[*number].decision().is_some_and(|decision| !decision.changes.is_empty());
            grants && !heard.changes.iter().any(|change| change.matters.contains(number))
        };
        if let Some(number) = heard.decided.iter().find(changes_nothing) {
            let says = format!("nothing of {name} was taken: by what was decided of the matter {number} no figure is another");
            return Err(Error::new(Kind::Configuration, says)
                .with_hint("another matter has changed the same already; where nothing is left to change, the ruling is `settled`"));
        }
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
fn asked_for(matter: &Matter, submitted: &Submitted<Decision>) -> Option<Naming> {
    let says_more = !submitted.what.changes.is_empty() || !submitted.records.is_empty();
    if says_more || submitted.what.ruling != Ruling::Granted || matter.kind != MatterKind::Exclusion || matter.records.is_empty() {
        return None;
    }
    let placed = |record: &String| Placed { value: record.clone(), span: submitted.span.clone() };
    Some(Naming {
        domain: None,
        indicator: matter.indicator.clone(),
        leave_out: matter.records.iter().map(placed).collect(),
        as_met: Vec::new(),
        span: submitted.span.clone(),
    })
}

/// Whether a decision that names records leaves some of those out that were asked for.
fn names_fewer(matter: &Matter, submitted: &Submitted<Decision>) -> bool {
    let named: BTreeSet<&str> = submitted
        .records
        .iter()
        .flat_map(|naming| naming.leave_out.iter().chain(&naming.as_met))
        .map(|record| record.value.as_str())
        .collect();
    !named.is_empty() && matter.records.iter().any(|record| !named.contains(record.as_str()))
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
    let named = Naming { domain: None, indicator: what.indicator.clone(), leave_out: records, as_met: Vec::new(), span: section.span() };
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
        sequence: 0,
    };
    let submitted = Submitted { what, document: Some(document?), records, span: section.span() };
    Some(Deciding { matter: matter?, unit: unit?, revises, submitted })
}

/// A correction as it is written.
enum Correcting {
    Figure(Change),
    Records(Naming),
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
    Some(Correcting::Records(Naming { domain, indicator, leave_out, as_met, span: section.span() }))
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

/// What became of records that were named.
#[derive(Default)]
struct Found {
    change: Option<Change>,
    untouched: BTreeSet<String>,
    without_effect: BTreeSet<String>,
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

    /// Looks up the records that a file names in what was frozen. Where nothing is decided yet, it is only asked whether they are there.
    ///
    /// # Errors
    /// Evidence that is damaged.
    fn named(&self, matter: &Matter, named: &Naming, decides: bool, diagnostics: &mut Diagnostics) -> Result<Found> {
        let indicator = named.indicator.as_ref().or(matter.indicator.as_ref());
        let before = diagnostics.errors();
        if let Some(indicator) = indicator {
            self.check_indicator(indicator, Some(named.span.clone()), diagnostics);
        } else if let Some(record) = named.as_met.first() {
            let says = "a record counts as met in an indicator, and none is named: in others it may be something else";
            diagnostics.error("met-where", self.file, Some(record.span.clone()), says).hint("`indicator = \"…\"`");
        }
        let asked: Vec<(&Placed<String>, bool)> =
            named.leave_out.iter().map(|record| (record, false)).chain(named.as_met.iter().map(|record| (record, true))).collect();
        let mut places: HashMap<&str, usize> = HashMap::new();
        for (place, (record, _)) in asked.iter().enumerate() {
            let at = Some(record.span.clone());
            if places.insert(&record.value, place).is_some() {
                diagnostics.error("named-twice", self.file, at, format!("the record `{}` is named twice", record.value));
            } else if record.value.is_empty() || record.value == HIDDEN {
                let says = "records whose keys are not shown can't be told apart";
                diagnostics.error("no-key", self.file, at, says).hint("[[decision.correction]] with `figure`");
            } else if decides && !matter.records.is_empty() && !matter.records.contains(&record.value) {
                let says = format!("the matter {} has not asked for the record `{}`", matter.number, record.value);
                diagnostics.error("not-asked", self.file, at, says).hint("what is wrong besides is a matter of its own");
            }
        }
        if diagnostics.errors() > before {
            return Ok(Found::default());
        }
        let is_asked = |value: &&Value| {
            value.unit.as_ref() == matter.unit
                && value.denominator.is_some()
                && named.domain.as_ref().is_none_or(|domain| value.domain == *domain)
                && indicator.is_none_or(|indicator| value.indicator.as_ref() == indicator)
        };
        let mut found = Found::default();
        let (mut records, mut raw, mut counted) = (BTreeSet::new(), vec![BTreeSet::new(); asked.len()], BTreeSet::new());
        let mut is_frozen = false;
        for value in self.before.values.iter().filter(is_asked) {
            let Some(header) = self.known.library.indicators.get(&value.indicator) else { continue };
            let counts = evidence::counting(self.known, value);
            let (mut stands, mut changes) = (false, BTreeSet::new());
            let adds_up = evidence::each(self.frozen, value.indicator.as_ref(), |entry| {
                let Some(place) = places.get(entry.record).or_else(|| places.get(entry.shown)).copied() else { return };
                if !counts(entry) {
                    return;
                }
                stands = true;
                let as_met = asked[place].1;
                raw[place].insert(entry.record.to_owned());
                if evidence::difference(entry, as_met, header.better) != (0, 0) {
                    changes.insert(place);
                }
                let (record, unit, domain) = (entry.record.to_owned(), entry.unit.to_owned(), entry.domain.to_owned());
                records.insert(Named { record, unit, domain, as_met });
            })?;
            is_frozen |= adds_up.is_some();
            match adds_up {
                Some(true) => counted.extend(changes),
                Some(false) if stands => {
                    found.untouched.insert(header.id.0.clone());
                }
                _ => {}
            }
        }
        let of = indicator.map_or_else(|| format!("`{}`", matter.unit), |indicator| format!("`{indicator}` of `{}`", matter.unit));
        if !is_frozen {
            let says = format!("nothing was frozen of the records behind {of}");
            diagnostics
                .error("nothing-frozen", self.file, Some(named.span.clone()), says)
                .hint("it is held, or has no keys, or an older kaohe made the draft: [[decision.correction]] with `figure`");
            return Ok(Found::default());
        }
        for (place, (record, as_met)) in asked.iter().enumerate() {
            let (key, at) = (&record.value, Some(record.span.clone()));
            if raw[place].is_empty() {
                let known = self.keys_near(key, &is_asked)?;
                diagnostics
                    .error("unknown-record", self.file, at, format!("no figure of {of} rests on a record `{key}`"))
                    .hint("keys stand in the lists of the unit's page, and in `kaohe explain UNIT INDICATOR --all`")
                    .hint_nearest(key, known.iter().map(String::as_str));
            } else if raw[place].len() > 1 {
                let keys: Vec<&str> = raw[place].iter().map(String::as_str).collect();
                let says = format!("`{key}` is what pages show of {}", keys.join(" and "));
                diagnostics.error("several-records", self.file, at, says).hint("name the key as the source has it");
            } else if let (true, Some(indicator), false) = (decides, indicator, found.untouched.is_empty()) {
                let says = format!("`{indicator}` is no count of records: what it is without `{key}` can't be told from the keys");
                diagnostics.error("no-count", self.file, at, says).hint("[[decision.correction]] with `figure`");
            } else if decides && *as_met && !counted.contains(&place) {
                diagnostics.error("met-already", self.file, at, format!("`{key}` counts as met in {of}, or can't: nothing changes"));
            } else if decides && !counted.contains(&place) {
                found.without_effect.insert(key.clone());
            }
        }
        if diagnostics.errors() == before && !records.is_empty() {
            found.change = Some(Change::Records { indicator: indicator.cloned(), records: records.into_iter().collect() });
        }
        Ok(found)
    }

    /// Keys of the unit's records that may have been meant: of as many as anybody would look through.
    fn keys_near(&self, key: &str, is_asked: &impl Fn(&&Value) -> bool) -> Result<BTreeSet<String>> {
        const ENOUGH: usize = 20_000;
        let mut known = BTreeSet::new();
        for value in self.before.values.iter().filter(|value| is_asked(value)) {
            let counts = evidence::counting(self.known, value);
            evidence::each(self.frozen, value.indicator.as_ref(), |entry| {
                let may_be = known.len() < ENOUGH && entry.shown.len().abs_diff(key.len()) <= 2;
                if may_be && counts(entry) {
                    known.insert(entry.shown.to_owned());
                }
            })?;
        }
        Ok(known)
    }

    /// A figure of the only scorecard is one of that scorecard: two matters that give it speak of the same.
    fn settle_domains(&self, matter: &Matter, changes: &mut [Change]) {
        for change in changes {
            let Change::Figure { domain, indicator, .. } = change else { continue };
            let of = |value: &&Value| value.unit.as_ref() == matter.unit && value.indicator.as_ref() == indicator.as_str();
            let domains: BTreeSet<&str> = self.before.values.iter().filter(of).map(|value| value.domain.as_str()).collect();
            if let (None, [only]) = (&domain, domains.into_iter().collect::<Vec<_>>().as_slice()) {
                *domain = Some((*only).to_owned());
            }
        }
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
            (Change::Figure { indicator, .. } | Change::Records { indicator: Some(indicator), .. }, Some(asked)) if indicator != asked => {
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
                let says = format!("the matter {number} asks for a decision: `granted`, `partly`, `settled` or `refused`");
                wrong("not-decided", says, "only a comment is answered");
            }
            (_, Ruling::Settled) if changes => {
                let says = format!("what the matter {number} asks for is said to be in the data, and the decision changes something");
                wrong("settled-changes", says, "take one of them away");
            }
            (_, Ruling::Settled) => {}
            (_, Ruling::Refused) if changes => {
                wrong(
                    "refused-changes",
                    format!("the matter {number} is refused, and the decision changes something"),
                    "take one of them away",
                );
            }
            (_, Ruling::Granted) if names_fewer(matter, submitted) => {
                let says = format!("the matter {number} is granted, and not all the records that it names are in the decision");
                wrong("granted-partly", says, "the ruling is `partly`, or name them all");
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
