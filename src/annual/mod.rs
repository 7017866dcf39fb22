//! The release of a period: a run frozen, heard, corrected, signed, and computed again by anybody.
//!
//! In: a finished run; comments, appeals and exclusions with documents and decisions; a key. Out: below `releases/<period>/` the folder `draft/` while units
//! are heard, then one folder an edition, which nothing changes any more. Never here: figures counted from records, a decision, the clock.
//!
//! ```text
//! runs/<run>/ ──create──▶ draft/frozen, draft/units ──comment──▶ draft/hearings ──finalise──▶ 1/ ──verify──▶ the same figures
//!               (signed)     ▲                                                   (signed)    │
//!                            └─────────── create again: verifies and cites edition 1 ────────┘
//! ```
//!
//! What is frozen is signed as soon as it is frozen: weeks of hearing lie between that and the edition, and whoever may write the folder then must not write
//! the ranking. One step at a time works in `releases/`.
//!
//! | below an edition | what it is |
//! |---|---|
//! | `release.json` | which run, scheme, program; which edition it corrects |
//! | `frozen/` | everything that scoring read: measures, both indices, units, events, the texts of the library (`queries/`); and the keys of the records behind each figure (`evidence/`) |
//! | `cited/` | ranks and values of the edition that it corrects |
//! | `hearings/<number>/` | who said what with which document, and what was decided, by whom and why |
//! | `tables/` | values, scores, ranks, and `errata`, as Parquet |
//! | `units/<unit>/` | each unit's final scorecard |
//! | `public/` | what everybody may see: the only part that is published, with a signed manifest of its own |
//! | `manifest.json`, `manifest.json.minisig` | the digest of every file, signed |
//!
//! A draft also has `units/<unit>/` (each unit's scorecard as the run has it, to be sent) and `sealed.json`, signed: what was frozen.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::{Context, Error, Kind, Result};
use crate::lake::{create_folders, replace_json, turn};
use crate::nightly::journal::Manifest;
use crate::nightly::retention::{Needed, Why};
use crate::release::of_format;
use crate::release::signing::Signer;

mod corrected;
mod create;
mod edition;
mod evidence;
mod files;
mod frozen;
mod hearing;
mod submission;
mod taking;
mod verify;

pub use create::{CreateRequest, create};
pub use edition::{FinaliseRequest, Finalised, finalise};
pub use hearing::{HearRequest, Heard, hear};
pub use verify::{Signature, Verified, VerifiedPublic, verify, verify_public};

/// The format this version writes.
const FORMAT: u32 = 2;

/// The folder of a release that is still being heard.
const DRAFT: &str = "draft";

/// The kaohe that does a step.
#[derive(Debug, Clone, Copy)]
pub struct Program<'a> {
    /// Its version.
    pub engine: &'a str,
    /// blake3 of the program itself: two builds of one version may write different pages.
    pub digest: &'a str,
}

/// The edition that another one corrects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cited {
    /// Its number.
    pub edition: u32,
    /// blake3 of its manifest.
    pub manifest: String,
    /// The run that it froze.
    pub run: String,
}

/// `sealed.json`: what a draft froze.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Sealed {
    head: Head,
    /// Every file below `frozen/`.
    frozen: files::Manifest,
    /// Every file below `cited/`.
    cited: files::Manifest,
}

const SEALED: &str = "sealed.json";

impl Sealed {
    fn of(folder: &Path, head: &Head) -> Result<Self> {
        let cited = folder.join("cited");
        let cited = if cited.is_dir() { files::Manifest::of(&cited)? } else { files::Manifest::default() };
        Ok(Self { head: head.clone(), frozen: files::Manifest::of(&folder.join("frozen"))?, cited })
    }

    /// What the signature says besides.
    fn comment(head: &Head) -> String {
        format!("kaohe release {} draft of edition {} of run {}", head.period, head.edition, head.run)
    }

    /// Refuses a draft that is not what was sealed.
    fn check(folder: &Path, head: &Head, signer: &Signer) -> Result<()> {
        let path = folder.join(SEALED);
        let hint = "what was frozen was changed, or another key froze it: remove the draft, and create it again";
        let signed = signer.verify(&path).map_err(|error| error.with_hint(hint))?;
        let sealed: Self = read_json(&path)?;
        let found = Self::of(folder, head)?;
        let mut wrong: Vec<String> = sealed.frozen.differences(&found.frozen).into_iter().map(|says| format!("frozen/{says}")).collect();
        wrong.extend(sealed.cited.differences(&found.cited).into_iter().map(|says| format!("cited/{says}")));
        if sealed.head != *head || signed != Self::comment(head) {
            wrong.push("release.json was changed after it was signed".to_owned());
        }
        if wrong.is_empty() { Ok(()) } else { Err(Error::new(Kind::Environment, wrong.join("; ")).with_hint(hint)) }
    }
}

/// `release.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    format: u32,
    /// Period.
    pub period: String,
    /// Which edition it is, or will be.
    pub edition: u32,
    /// The one that it corrects.
    pub cites: Option<Cited>,
    /// The frozen run.
    pub run: String,
    /// Its as-of date.
    pub as_of: String,
    /// Scheme and blake3 of its text.
    pub scheme: (String, String),
    /// Version of kaohe that made it.
    pub engine: String,
    /// blake3 of that program.
    pub program: String,
    /// Name of the assessment.
    pub assessment: String,
    /// A sentence at the head of every page.
    pub notice: String,
    /// Tables and indicators that were held in the run: their figures are those of an earlier night.
    pub held: Vec<String>,
    /// When it was frozen.
    pub created_at: String,
    /// When it became final.
    pub finalised_at: Option<String>,
}

impl Head {
    fn read(folder: &Path) -> Result<Self> {
        let path = folder.join("release.json");
        let text = fs::read_to_string(&path).map_err(|_| {
            Error::new(Kind::Configuration, format!("{} is no release: it has no release.json", folder.display()))
                .with_hint("`kaohe release list` names them")
        })?;
        of_format(&text, FORMAT).map_err(|error| error.while_doing(format!("reading {}", path.display())))
    }

    fn write(&self, folder: &Path) -> Result<()> {
        write_json(&folder.join("release.json"), self)
    }
}

fn write_json(path: &Path, value: &impl Serialize) -> Result<()> {
    if let Some(folder) = path.parent() {
        create_folders(folder).context(Kind::Environment, || format!("creating {}", folder.display()))?;
    }
    replace_json(path, value)
}

fn read_json<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T> {
    let doing = || format!("reading {}", path.display());
    let text = fs::read_to_string(path).context(Kind::Environment, doing)?;
    serde_json::from_str(&text).context(Kind::Environment, doing)
}

/// Where the releases of a period stand.
pub fn folder_of(out: &Path, period: &str) -> PathBuf {
    out.join("releases").join(period)
}

/// One line of a list of releases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// What it is.
    pub head: Head,
    /// Whether it is still being heard.
    pub is_draft: bool,
    /// Comments, appeals and exclusions, and how many of them are not decided.
    pub matters: (usize, usize),
}

/// Every edition and draft, by period and number.
///
/// # Errors
/// A folder that can't be read, a release that is damaged.
pub fn list(out: &Path) -> Result<Vec<Listed>> {
    let releases = out.join("releases");
    if !releases.is_dir() {
        return Ok(Vec::new());
    }
    let mut listed = BTreeMap::new();
    for period in names_in(&releases)?.into_iter().filter(|name| releases.join(name).is_dir()) {
        for name in names_in(&releases.join(&period))? {
            let folder = releases.join(&period).join(&name);
            if !folder.join("release.json").is_file() || name.starts_with('.') {
                continue;
            }
            let head = Head::read(&folder)?;
            let matters = hearing::all(&folder)?;
            let open = matters.values().filter(|matter| matter.is_open()).count();
            let key = (head.period.clone(), head.edition, name == DRAFT);
            listed.insert(key, Listed { head, is_draft: name == DRAFT, matters: (matters.len(), open) });
        }
    }
    Ok(listed.into_values().collect())
}

/// What releases rest on: run → the release, and the versions of the lake that each has read.
///
/// # Errors
/// A folder that can't be read, a release that is damaged.
pub fn needed(out: &Path) -> Result<Needed> {
    let mut needed = Needed::default();
    for Listed { head, is_draft, .. } in list(out)? {
        let folder = folder_of(out, &head.period).join(if is_draft { DRAFT.to_owned() } else { head.edition.to_string() });
        let manifest: Manifest = read_json(&folder.join("frozen/manifest.json"))?;
        needed.add(&manifest.lake_versions);
        needed.runs.insert(head.run, Why::Release(head.period));
    }
    Ok(needed)
}

fn names_in(folder: &Path) -> Result<Vec<String>> {
    let doing = || format!("reading {}", folder.display());
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).context(Kind::Environment, doing)? {
        names.push(entry.context(Kind::Environment, doing)?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

/// Waits until no other step of a release is under way.
fn my_turn(out: &Path) -> Result<fs::File> {
    let releases = out.join("releases");
    turn(&releases).context(Kind::Environment, || format!("waiting for another step in {}", releases.display()))
}

/// The draft of a period.
///
/// # Errors
/// None is there.
fn draft_of(out: &Path, period: &str) -> Result<PathBuf> {
    let draft = folder_of(out, period).join(DRAFT);
    if draft.join("release.json").is_file() {
        return Ok(draft);
    }
    Err(Error::new(Kind::Configuration, format!("there is no draft of the period {period} in {}", out.display()))
        .with_hint(format!("`kaohe release create --period {period} --key FILE` makes one; `kaohe release list` names what is there")))
}

/// The newest edition of a period.
fn last_edition(out: &Path, period: &str) -> Result<Option<(u32, PathBuf)>> {
    let folder = folder_of(out, period);
    if !folder.is_dir() {
        return Ok(None);
    }
    let is_edition = |number: &u32| folder.join(number.to_string()).join("release.json").is_file();
    let numbers = names_in(&folder)?.into_iter().filter_map(|name| name.parse::<u32>().ok()).filter(is_edition);
    Ok(numbers.max().map(|number| (number, folder.join(number.to_string()))))
}
