//! What every reader is tried with: one input, any bytes.
//!
//! In: the name of a target, bytes. Out: nothing; a panic where a promise is broken. Never here: where the bytes come from: cargo-fuzz guides them by
//! coverage, `tests/it/hostile.rs` replays the corpus and draws others by chance.
//!
//! The promises: no reader panics or reads without end; a file is refused with a sentence, or every record of it is accounted for; text that somebody wrote is
//! read or diagnosed, with places inside it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

use kaohe::diagnostics::Diagnostics;
use kaohe::functions::{Clocks, register};
use kaohe::ingest::{LoadContext, load_table};
use kaohe::library::Library;
use kaohe::library::scheme::read_scheme;
use kaohe::project::Project;
use kaohe::terms::RunId;

/// Every target; each has its corpus.
#[allow(dead_code, reason = "each fuzz target knows its own name")]
pub const TARGETS: [&str; 9] = ["csv", "xlsx", "jsonl", "parquet", "header", "mapping", "contract", "scheme", "project"];

static LIBRARY: LazyLock<Library> = LazyLock::new(|| Library::read(None).expect("the shipped library reads").0);

/// Tries one input.
///
/// # Panics
/// Where a promise is broken.
pub fn try_one(target: &str, bytes: &[u8]) {
    match target {
        "csv" | "xlsx" | "jsonl" | "parquet" => file(target, bytes, ""),
        // The first line alone is the input; what stands below it is a good record.
        "header" => file("csv", &[bytes, "\nXS1,330101SJ,市场监管,2026-03-01\n".as_bytes()].concat(), ""),
        "mapping" => file("csv", LEADS.as_bytes(), &String::from_utf8_lossy(bytes)),
        "contract" => text("tables/leads.toml", bytes),
        "scheme" => scheme(bytes),
        "project" => project(bytes),
        _ => panic!("there is no target `{target}`"),
    }
}

const LEADS: &str = "线索编号,执法主体编码,领域,接收日期\nXS1,330101SJ,市场监管,2026-03-01\nXS2,330101SJ,市场监管,2026-03-02\n";

/// Loads a file of leads, shaped by a mapping where there is one.
fn file(format: &str, bytes: &[u8], mapping: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("leads.bin"), bytes).expect("written");
    std::fs::write(folder.path().join("mapping.sql"), mapping).expect("written");
    let shaped = if mapping.is_empty() { "" } else { "mapping = \"mapping.sql\"\n" };
    let config =
        format!("name = \"a\"\nscheme = \"2026\"\n[[source]]\ntable = \"leads\"\npath = \"leads.bin\"\nformat = \"{format}\"\n{shaped}");
    std::fs::write(folder.path().join("kaohe.toml"), config).expect("written");
    let Some(project) = Project::read(folder.path(), &BTreeMap::new(), &mut Diagnostics::default()).expect("it reads") else { return };
    let staging = folder.path().join("staging");
    std::fs::create_dir(&staging).expect("made");
    let clocks = Clocks::of(&LIBRARY);
    let context = LoadContext {
        staging: &staging,
        as_of: jiff::civil::date(2026, 6, 30),
        batch: &RunId::from("20260630T010000-abcd"),
        last: &[],
        successors: &BTreeMap::new(),
        open_files: 36,
        at_most: u64::MAX,
        progress: &|_| {},
        functions: &|session| register(session, &clocks),
    };
    match load_table(&LIBRARY.tables["leads"], &project.sources_of("leads"), &context) {
        Err(error) => assert!(!error.to_string().is_empty()),
        Ok(staged) => {
            for account in staged.files.iter().filter(|account| account.failed.is_none()) {
                assert!(account.balances(), "{account:?}");
            }
            let loaded: u64 = staged.files.iter().map(|account| account.loaded).sum();
            let rows: u64 = staged.months.values().map(|month| month.rows).sum();
            assert!(staged.held.is_some() || loaded == rows, "{loaded} rows are accounted for, {rows} are staged");
            assert!(staged.held.as_deref() != Some(""), "held without a reason");
        }
    }
}

/// A library in which one text is these bytes.
fn text(path: &str, bytes: &[u8]) {
    let mut files = LIBRARY.files.clone();
    files.insert(path.to_owned(), String::from_utf8_lossy(bytes).into_owned());
    if let Ok((_, diagnostics)) = Library::from_texts(files) {
        judge(&diagnostics);
    }
}

fn scheme(bytes: &[u8]) {
    let (text, mut diagnostics) = (String::from_utf8_lossy(bytes), Diagnostics::default());
    diagnostics.remember("scheme.toml", &text);
    let read = read_scheme("a", "scheme.toml", &text, &LIBRARY.indicators, &mut diagnostics);
    assert!(read.is_some() || diagnostics.errors() > 0, "refused without a word");
    judge(&diagnostics);
}

fn project(bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("kaohe.toml"), bytes).expect("written");
    let mut diagnostics = Diagnostics::default();
    match Project::read(folder.path(), &BTreeMap::new(), &mut diagnostics) {
        Ok(Some(project)) => {
            for source in &project.sources {
                assert!(!Path::new(&source.path).is_absolute(), "{} leaves its folder", source.path);
            }
        }
        Ok(None) => assert!(diagnostics.errors() > 0, "refused without a word"),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    judge(&diagnostics);
}

/// Every diagnostic can be shown: its place lies in its text.
fn judge(diagnostics: &Diagnostics) {
    assert!(diagnostics.errors() == 0 || !diagnostics.to_text_of(|_| true).is_empty());
}
