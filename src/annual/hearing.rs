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
use super::frozen::Frozen;
use super::{Head, draft_of, files, frozen, my_turn, names_in, read_json, write_json};
use crate::diagnostics::Diagnostics;
use crate::document::{Placed, Section, read_document};
use crate::error::{Error, Kind, Result};
use crate::library::scheme::composites::composite;
use crate::nightly::correcting::read_figure;
use crate::report::input::ChangedFigure;
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
    let taking = Taking { known: &known, file: &name, folder: file.parent().unwrap_or(Path::new(".")), today: request.today };
    let first = matters.keys().max().map_or(1, |last| last + 1);
    let mut heard = Heard::default();
    // What is copied where, once all of it is known to be in order.
    let mut papers: Vec<(PathBuf, PathBuf)> = Vec::new();
    let mut changed = BTreeSet::new();
    for (number, submitted) in (first..).zip(submission.matters) {
        let paper = taking.document(submitted.document.as_ref(), "matter", &mut diagnostics);
        taking.check_matter(&submitted, &mut diagnostics);
        let mut matter = Matter { number, ..submitted.what.clone() };
        if let Some((from, document)) = paper {
            papers.push((from, place_of(&draft, number).join(&document.file)));
            matter.document = Some(document);
        }
        let digest = |matter: &Matter| matter.document.as_ref().map(|document| document.blake3.clone());
        let is_same = |known: &&Matter| {
            (&known.unit, known.kind, &known.indicator, &known.says) == (&matter.unit, matter.kind, &matter.indicator, &matter.says)
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
    for Deciding { matter: number, unit, revises, submitted } in submission.decisions {
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
        known.scheme.uncertainty.draws = 0;
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
        says: says?.value,
        received_on: received_on?,
        document: None,
        decisions: Vec::new(),
    };
    Some(Submitted { what, document, span: section.span() })
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
    let figures = section.sections("correction", diagnostics, |section, diagnostics| {
        let domain = section.text("domain", diagnostics).map(|domain| domain.value);
        let indicator = section.required_text("indicator", diagnostics);
        let figure = section.required_text("figure", diagnostics);
        Some(Change::Figure { domain, indicator: indicator?.value, figure: figure?.value })
    });
    let voids = section.texts("void", diagnostics).into_iter().map(|event| Change::Void { event: event.value });
    let changes = figures.into_iter().chain(voids).collect();
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
    let submitted = Submitted { what, document: Some(document?), span: section.span() };
    Some(Deciding { matter: matter?, unit: unit?, revises, submitted })
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
            (Change::Figure { indicator, .. }, Some(asked)) if indicator != asked => Some((indicator, asked)),
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
            (_, Ruling::Granted | Ruling::Partly) if !changes => {
                let says = format!("the matter {number} is granted, and nothing is changed");
                wrong("granted-nothing", says, "[[decision.correction]] with `indicator` and `figure`, or `void = [\"event\"]`");
            }
            _ => {}
        }
        for change in &decision.changes {
            self.check_change(matter, change, submitted.span.clone(), diagnostics);
        }
    }

    fn check_change(&self, matter: &Matter, change: &Change, at: std::ops::Range<usize>, diagnostics: &mut Diagnostics) {
        match change {
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
