//! Literate test pages: every `##` heading of every `tests/cases/**/*.md` is a test.
//!
//! In: Markdown pages (see `queries/README.md`, "Test pages"), those of the project that `KAOHE_PROJECT` names if it is set. Out: one
//! test a heading, found by walking the folder; a failed one for each indicator without a page. Never here: anything about a particular
//! indicator; adding a page needs no Rust and no rebuild.

mod page;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use libtest_mimic::{Arguments, Failed, Trial};

fn main() {
    let arguments = Arguments::from_args();
    let root = page::project().unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).to_owned());
    let cases = root.join("tests/cases");
    let mut trials = unpaired(&root);
    trials.extend(page::refused::trials());
    for path in files_below(&cases, "md") {
        let name = name_below(&cases, &path);
        match std::fs::read_to_string(&path).map_err(|error| error.to_string()).and_then(|text| page::parse(&text)) {
            Ok(cases) => {
                for case in cases {
                    trials.push(Trial::test(format!("{name}: {}", case.title), move || page::run(&case).map_err(Failed::from)));
                }
            }
            Err(error) => trials.push(Trial::test(name, move || Err(Failed::from(error)))),
        }
    }
    if let Some(filter) = arguments.filter.as_ref().filter(|filter| !trials.iter().any(|trial| trial.name().contains(filter.as_str()))) {
        let whose = if page::project().is_some() { "of the project (KAOHE_PROJECT); pages of the library are run without it" } else { "" };
        eprintln!("no page {whose} has `{filter}` in its name");
    }
    libtest_mimic::run(&arguments, trials).exit();
}

/// Every indicator has a page, and every page an indicator. Each that has not is a test of the page's name, so that whoever asks for it by
/// name hears of it too. A project's pages may be about shipped indicators.
fn unpaired(root: &Path) -> Vec<Trial> {
    let below = |folder: &str, ending: &str| -> BTreeSet<String> {
        let folder = root.join(folder);
        let files = if folder.is_dir() { files_below(&folder, ending) } else { Vec::new() };
        files.iter().map(|path| name_below(&folder, path)).collect()
    };
    let (indicators, pages) = (below("queries/indicators", "sql"), below("tests/cases/indicators", "md"));
    let without_page = indicators.difference(&pages).map(|name| {
        let says = format!(
            "queries/indicators/{name}.sql has no page: write tests/cases/indicators/{name}.md (queries/README.md, \"Test pages\")"
        );
        (name.clone(), says)
    });
    let without_indicator = pages.difference(&indicators).filter(|_| page::project().is_none()).map(|name| {
        let says = format!("tests/cases/indicators/{name}.md has no indicator: there is no queries/indicators/{name}.sql");
        (name.clone(), says)
    });
    let unpaired: Vec<(String, String)> = without_page.chain(without_indicator).collect();
    let all: Vec<String> = unpaired.iter().map(|(_, says)| says.clone()).collect();
    let whole = Trial::test("every indicator has a page and every page an indicator", move || {
        if all.is_empty() { Ok(()) } else { Err(Failed::from(all.join("\n"))) }
    });
    let single = |(name, says): (String, String)| Trial::test(format!("indicators/{name} stands alone"), move || Err(Failed::from(says)));
    std::iter::once(whole).chain(unpaired.into_iter().map(single)).collect()
}

/// The path below `folder` without its ending.
fn name_below(folder: &Path, path: &Path) -> String {
    path.strip_prefix(folder).unwrap_or(path).with_extension("").display().to_string()
}

fn files_below(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let entries = std::fs::read_dir(folder).expect("tests/cases is part of the project");
    for path in entries.map(|entry| entry.expect("a folder entry can be read").path()) {
        if path.is_dir() {
            files.extend(files_below(&path, ending));
        } else if path.extension().is_some_and(|extension| extension == ending) {
            files.push(path);
        }
    }
    files.sort();
    files
}
