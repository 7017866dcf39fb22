//! What units say of their draft scorecards, and what is decided of it.
//!
//! In: a TOML file with `[[matter]]` and `[[decision]]` tables, and the documents that it names. Out: `hearings/<number>/` of the draft: who said what, the
//! documents with their digests, the decision. Never here: a matter without a unit, a decision without reason and approver; scores.
//!
//! A file is taken as a whole or not at all.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::frozen::Frozen;
use super::{draft_of, files, frozen, names_in, read_json, write_json};
use crate::diagnostics::{Diagnostics, nearest};
use crate::document::{Placed, Section, read_document};
use crate::error::{Context, Error, Kind, Result};
use crate::library::scheme::composites::composite;
use crate::nightly::correcting::read_figure;
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
}

const KINDS: [(&str, MatterKind); 3] =
    [("comment", MatterKind::Comment), ("appeal", MatterKind::Appeal), ("exclusion", MatterKind::Exclusion)];
const RULINGS: [(&str, Ruling); 4] =
    [("granted", Ruling::Granted), ("partly", Ruling::Partly), ("refused", Ruling::Refused), ("answered", Ruling::Answered)];

/// A file that came with a matter or a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// Its name, below the matter's folder.
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
    /// What was decided.
    pub decision: Option<Decision>,
}

/// What a file added.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Heard {
    /// Numbers that its matters were given, in their order.
    pub matters: Vec<u32>,
    /// Numbers of the matters that it decided.
    pub decided: Vec<u32>,
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
    for name in names_in(&folder)? {
        let matter: Matter = read_json(&folder.join(&name).join("matter.json"))?;
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
    /// With the number of the matter that each decides.
    decisions: Vec<(Placed<i64>, Submitted<Decision>)>,
}

/// Takes a file of matters and decisions into the draft of a period.
///
/// # Errors
/// No draft; anything wrong with the file, all of it at once with line and column: an unknown unit, indicator, event or matter, a document that is not there, a
/// decision that changes nothing or changes something without having been asked.
pub async fn hear(out: &Path, period: &str, file: &Path, temp: &Path) -> Result<Heard> {
    let draft = draft_of(out, period)?;
    let name = file.display().to_string();
    let text = fs::read_to_string(file).context(Kind::Configuration, || format!("reading {name}"))?;
    let known = frozen::read(&draft.join("frozen"), temp).await?;
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
    let taking = Taking { known: &known, file: &name, folder: file.parent().unwrap_or(Path::new(".")) };
    let first = matters.keys().max().map_or(1, |last| last + 1);
    let mut heard = Heard::default();
    // What is copied where, once all of it is known to be in order.
    let mut papers: Vec<(PathBuf, PathBuf)> = Vec::new();
    let mut changed = BTreeSet::new();
    for (number, submitted) in (first..).zip(submission.matters) {
        let paper = taking.document(submitted.document.as_ref(), &mut diagnostics);
        taking.check_matter(&submitted, &mut diagnostics);
        let mut matter = Matter { number, ..submitted.what };
        if let Some((from, document)) = paper {
            papers.push((from, place_of(&draft, number).join(&document.file)));
            matter.document = Some(document);
        }
        heard.matters.push(number);
        changed.insert(number);
        matters.insert(number, matter);
    }
    for (number, submitted) in submission.decisions {
        let Some(matter) = u32::try_from(number.value).ok().and_then(|number| matters.get_mut(&number)) else {
            diagnostics
                .error("unknown-matter", &name, Some(number.span), format!("there is no matter {}", number.value))
                .hint("the number is the one that `kaohe release comment` gave it");
            continue;
        };
        let paper = taking.document(submitted.document.as_ref(), &mut diagnostics);
        taking.check_decision(matter, &submitted, &mut diagnostics);
        let Some((from, document)) = paper else { continue };
        let document = Document { file: format!("decision-{}", document.file), ..document };
        papers.push((from, place_of(&draft, matter.number).join(&document.file)));
        matter.decision = Some(Decision { document, ..submitted.what });
        heard.decided.push(matter.number);
        changed.insert(matter.number);
    }
    if diagnostics.errors() > 0 {
        return Err(Error::new(Kind::Configuration, format!("nothing of {name} was taken\n{}", diagnostics.to_text().trim_end())));
    }
    for (from, to) in &papers {
        files::copy(from, to)?;
    }
    for number in changed {
        write_json(&place_of(&draft, number).join("matter.json"), &matters[&number])?;
    }
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
        decision: None,
    };
    Some(Submitted { what, document, span: section.span() })
}

fn read_decision(section: &mut Section<'_>, diagnostics: &mut Diagnostics) -> Option<(Placed<i64>, Submitted<Decision>)> {
    let matter = section.required_integer("matter", diagnostics);
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
    let what =
        Decision { ruling: ruling?, reason: reason?.value, approver: approver?.value, decided_on: decided_on?, document: blank, changes };
    Some((matter?, Submitted { what, document: Some(document?), span: section.span() }))
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
}

impl Taking<'_> {
    /// The document at its place, and what is kept of it.
    fn document(&self, named: Option<&Placed<String>>, diagnostics: &mut Diagnostics) -> Option<(PathBuf, Document)> {
        let named = named?;
        let place = self.folder.join(&named.value);
        let file = place.file_name().map(|name| name.to_string_lossy().into_owned());
        match (file, place.is_file().then(|| files::digest(&place).ok()).flatten()) {
            (Some(file), Some(blake3)) => Some((place, Document { file, blake3 })),
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
        if let Some(indicator) = &matter.indicator {
            self.check_indicator(indicator, at, diagnostics);
        }
    }

    fn check_unit(&self, unit: &str, at: Option<std::ops::Range<usize>>, diagnostics: &mut Diagnostics) {
        let units = || self.known.left.units.iter().map(|unit| unit.id.as_ref());
        if units().all(|known| known != unit) {
            let error = diagnostics.error("unknown-unit", self.file, at, format!("there is no unit `{unit}` in this release"));
            if let Some(near) = nearest(unit, units()) {
                error.hint(format!("did you mean `{near}`?"));
            }
        }
    }

    fn check_indicator(&self, indicator: &str, at: Option<std::ops::Range<usize>>, diagnostics: &mut Diagnostics) {
        let ids = || self.known.scheme.indicators.iter().map(|scored| scored.id.as_ref());
        if ids().all(|known| known != indicator) {
            let error = diagnostics.error("unknown-indicator", self.file, at, format!("the scheme has no indicator `{indicator}`"));
            if let Some(near) = nearest(indicator, ids()) {
                error.hint(format!("did you mean `{near}`?"));
            }
        }
    }

    fn check_decision(&self, matter: &Matter, submitted: &Submitted<Decision>, diagnostics: &mut Diagnostics) {
        let (decision, at) = (&submitted.what, Some(submitted.span.clone()));
        let mut wrong = |code: &'static str, says: String, hint: &str| {
            diagnostics.error(code, self.file, at.clone(), says).hint(hint);
        };
        let number = matter.number;
        if let Some(earlier) = &matter.decision {
            let says = format!("the matter {number} was decided on {}", earlier.decided_on);
            wrong("decided-already", says, "what was decided stands; who disagrees brings a matter of its own");
        }
        let changes = !decision.changes.is_empty();
        match (matter.kind, decision.ruling) {
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
