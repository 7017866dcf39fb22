//! The release of a period: a run frozen, heard, corrected, signed, and computed again by anybody.
//!
//! In: a finished run; comments, appeals and exclusions with documents and decisions; a key. Out: below `releases/<period>/` the folder `draft/` while units
//! are heard, then one folder an edition, which nothing changes any more. Never here: figures counted from records, a decision, the clock.
//!
//! ```text
//! runs/<run>/ ──create──▶ draft/frozen, draft/units ──comment──▶ draft/hearings ──finalise──▶ 1/ ──verify──▶ the same figures
//!                            ▲                                                               │
//!                            └─────────────────── create again: cites edition 1 ─────────────┘
//! ```
//!
//! | below an edition | what it is |
//! |---|---|
//! | `release.json` | which run, scheme, program; which edition it corrects |
//! | `frozen/` | everything that scoring read: measures, both indices, units, events, and the texts of the library (`queries/`) |
//! | `hearings/<number>/` | who said what with which document, and what was decided, by whom and why |
//! | `tables/` | values, scores, ranks, and `errata`, as Parquet |
//! | `public/` | what everybody may see: the only part that is published |
//! | `manifest.json`, `manifest.json.minisig` | the digest of every file, signed |

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::{Context, Error, Kind, Result};
use crate::lake::{create_folders, replace_file};

mod corrected;
mod create;
mod edition;
mod files;
mod frozen;
mod hearing;
mod verify;

pub use create::{CreateRequest, create};
pub use edition::{FinaliseRequest, Finalised, finalise};
pub use hearing::{Heard, hear};
pub use verify::{Verified, verify};

/// The format this version writes.
const FORMAT: u32 = 1;

/// The folder of a release that is still being heard.
const DRAFT: &str = "draft";

/// The edition that another one corrects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cited {
    /// Its number.
    pub edition: u32,
    /// blake3 of its manifest.
    pub manifest: String,
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
        let doing = || format!("reading {}", path.display());
        let text = fs::read_to_string(&path).map_err(|_| {
            Error::new(Kind::Configuration, format!("{} is no release: it has no release.json", folder.display()))
                .with_hint("`kaohe release list` names them")
        })?;
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let format: Format = serde_json::from_str(&text).context(Kind::Environment, doing)?;
        if format.format != FORMAT {
            let says = format!("it has format {}, this kaohe reads format {FORMAT}", format.format);
            return Err(Error::new(Kind::Environment, says).with_hint("use the kaohe that wrote it, or a newer one").while_doing(doing()));
        }
        serde_json::from_str(&text).context(Kind::Environment, doing)
    }

    fn write(&self, folder: &Path) -> Result<()> {
        write_json(&folder.join("release.json"), self)
    }
}

fn write_json(path: &Path, value: &impl Serialize) -> Result<()> {
    let mut text = serde_json::to_string_pretty(value).context(Kind::Bug, || format!("writing {}", path.display()))?;
    text.push('\n');
    if let Some(folder) = path.parent() {
        create_folders(folder).context(Kind::Environment, || format!("creating {}", folder.display()))?;
    }
    replace_file(path, text.as_bytes())
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
    for period in names_in(&releases)? {
        for name in names_in(&releases.join(&period))? {
            let folder = releases.join(&period).join(&name);
            if !folder.join("release.json").is_file() || name.starts_with('.') {
                continue;
            }
            let head = Head::read(&folder)?;
            let matters = hearing::all(&folder)?;
            let open = matters.values().filter(|matter| matter.decision.is_none()).count();
            let key = (head.period.clone(), head.edition, name == DRAFT);
            listed.insert(key, Listed { head, is_draft: name == DRAFT, matters: (matters.len(), open) });
        }
    }
    Ok(listed.into_values().collect())
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
        .with_hint(format!("`kaohe release create --period {period}` makes one; `kaohe release list` names what is there")))
}

/// The newest edition of a period.
fn last_edition(out: &Path, period: &str) -> Result<Option<(u32, PathBuf)>> {
    let folder = folder_of(out, period);
    if !folder.is_dir() {
        return Ok(None);
    }
    let numbers = names_in(&folder)?.into_iter().filter_map(|name| name.parse::<u32>().ok());
    Ok(numbers.max().map(|number| (number, folder.join(number.to_string()))))
}
