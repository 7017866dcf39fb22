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

use super::corrected::effect;
use super::evidence::Named;
use super::submission::{self, Deciding, asked_for};
use super::taking::Taking;
use super::{Head, draft_of, files, frozen, my_turn, names_in, read_json, write_json};
use crate::diagnostics::Diagnostics;
use crate::error::{Error, Kind, Result};
use crate::report::input::ChangedFigure;

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

pub const KINDS: [(&str, MatterKind); 3] =
    [("comment", MatterKind::Comment), ("appeal", MatterKind::Appeal), ("exclusion", MatterKind::Exclusion)];
pub const RULINGS: [(&str, Ruling); 6] = [
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
    let submission = submission::read(&name, &text, &mut diagnostics);
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

fn place_of(draft: &Path, number: u32) -> PathBuf {
    draft.join("hearings").join(format!("{number:04}"))
}
