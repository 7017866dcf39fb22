//! Literate test pages: every `##` heading of every `tests/cases/**/*.md` is a test.
//!
//! In: Markdown pages (see `queries/README.md`, "Test pages"), those of the project that `KAOHE_PROJECT` names if it is set. Out: one
//! test a heading, found by walking the folder. Never here: anything about a particular indicator; adding a page needs no Rust and
//! no rebuild.

mod page;

use std::path::Path;

use libtest_mimic::{Arguments, Failed, Trial};

fn main() {
    let arguments = Arguments::from_args();
    let root = page::project().unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()).join("tests/cases");
    let mut trials = Vec::new();
    for path in pages_below(&root) {
        let name = path.strip_prefix(&root).unwrap_or(&path).display().to_string().replace(".md", "");
        match std::fs::read_to_string(&path).map_err(|error| error.to_string()).and_then(|text| page::parse(&text)) {
            Ok(cases) => {
                for case in cases {
                    trials.push(Trial::test(format!("{name}: {}", case.title), move || page::run(&case).map_err(Failed::from)));
                }
            }
            Err(error) => trials.push(Trial::test(name, move || Err(Failed::from(error)))),
        }
    }
    libtest_mimic::run(&arguments, trials).exit();
}

fn pages_below(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut pages = Vec::new();
    let entries = std::fs::read_dir(folder).expect("tests/cases is part of the project");
    for path in entries.map(|entry| entry.expect("a folder entry can be read").path()) {
        if path.is_dir() {
            pages.extend(pages_below(&path));
        } else if path.extension().is_some_and(|extension| extension == "md") {
            pages.push(path);
        }
    }
    pages.sort();
    pages
}
