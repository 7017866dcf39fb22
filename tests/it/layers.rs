//! The layers and fences that `src/lib.rs` promises, and one version each of the engine's crates.

use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for path in std::fs::read_dir(folder).expect("src can be read").map(|entry| entry.expect("an entry can be read").path()) {
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// Modules in the order of `src/lib.rs`, lowest first.
fn layers() -> Vec<String> {
    let text = std::fs::read_to_string(root().join("src/lib.rs")).expect("src/lib.rs can be read");
    text.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).map(str::to_owned).collect()
}

fn module_of(file: &Path) -> String {
    let relative = file.strip_prefix(root().join("src")).expect("the file is below src");
    let first = relative.components().next().expect("a path has a component").as_os_str().to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

/// Lines of code: without comments, and without what follows `#[cfg(test)]`.
fn code_lines(file: &Path) -> Vec<(usize, String)> {
    let text = std::fs::read_to_string(file).expect("a source file can be read");
    let product = text.split("#[cfg(test)]\nmod ").next().unwrap_or("").to_owned();
    product.lines().enumerate().map(|(index, line)| (index + 1, line.split("//").next().unwrap_or("").to_owned())).collect()
}

#[test]
fn a_module_uses_only_modules_above_it() {
    let layers = layers();
    let mut violations = Vec::new();
    for file in rust_files(&root().join("src")) {
        let Some(own) = layers.iter().position(|layer| *layer == module_of(&file)) else { continue };
        for (line, code) in code_lines(&file) {
            for used in code.split("crate::").skip(1) {
                let names: Vec<&str> = match used.strip_prefix('{') {
                    Some(group) => group.split(',').map(|part| part.trim().split("::").next().unwrap_or("")).collect(),
                    None => vec![used.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or("")],
                };
                for name in names {
                    if let Some(position) = layers.iter().position(|layer| layer == name)
                        && position > own
                    {
                        violations.push(format!("{}:{line}: `{}` uses `{name}`, which stands below it", file.display(), layers[own]));
                    }
                }
            }
        }
    }
    assert!(violations.is_empty(), "{}", violations.join("\n"));
}

#[test]
fn heavy_crates_stay_behind_their_fences() {
    let fences: [(&str, &[&str]); 6] = [
        ("deltalake", &["lake", "release"]),
        ("datafusion", &["functions", "ingest", "lake", "compute", "indices", "findings", "explain", "cli/sql"]),
        ("object_store", &["lake", "object_storage"]),
        ("polars", &["scoring", "findings", "report"]),
        ("tokio_postgres", &["ingest/databases"]),
        ("clap", &["cli"]),
    ];
    let mut violations = Vec::new();
    for file in rust_files(&root().join("src")) {
        let relative = file.strip_prefix(root().join("src")).expect("the file is below src").to_string_lossy().into_owned();
        for (line, code) in code_lines(&file) {
            for (name, homes) in &fences {
                let names_it = code.contains(&format!("{name}::")) && !code.contains(&format!("_{name}::"));
                if names_it && !homes.iter().any(|home| relative.starts_with(home)) {
                    violations.push(format!("{relative}:{line}: `{name}` is fenced to {}", homes.join(", ")));
                }
            }
        }
    }
    assert!(violations.is_empty(), "{}", violations.join("\n"));
}

/// What differs from one run to the next must be told to a stage, so that the same input gives the same bytes.
#[test]
fn clock_environment_and_randomness_enter_through_cli_alone() {
    let sources = [
        "std::env",
        "env::var",
        "env::current_dir",
        "env::temp_dir",
        "env::args",
        "SystemTime",
        "Instant::now",
        "Zoned::now",
        "Timestamp::now",
        "rand::rng",
        "thread_rng",
        "from_os_rng",
        "from_entropy",
        "available_parallelism",
        "process::id",
    ];
    // What the compiler puts in (`env!("CARGO_PKG_VERSION")`, `$CARGO_MANIFEST_DIR`) is the same in every run of one binary. When
    // a file was written (`lake/month_file.rs`) is the file's own date, which Delta's log wants; nothing is computed from it.
    let mut violations = Vec::new();
    for file in rust_files(&root().join("src")) {
        let relative = file.strip_prefix(root().join("src")).expect("the file is below src").to_string_lossy().into_owned();
        let is_test = relative.ends_with("tests.rs") || relative.contains("/tests/");
        if relative.starts_with("cli") || is_test {
            continue;
        }
        for (line, code) in code_lines(&file) {
            for source in sources.iter().filter(|source| code.contains(*source)) {
                violations.push(format!("{relative}:{line}: `{source}` enters through cli alone"));
            }
        }
    }
    assert!(violations.is_empty(), "{}", violations.join("\n"));
}

#[test]
fn every_file_opens_with_what_it_is_for() {
    let bare: Vec<String> = rust_files(&root().join("src"))
        .into_iter()
        .filter(|file| !std::fs::read_to_string(file).is_ok_and(|text| text.starts_with("//!") && !text.contains("//! Placeholder")))
        .map(|file| file.display().to_string())
        .collect();
    assert!(bare.is_empty(), "no opening words in:\n{}", bare.join("\n"));
}

#[test]
fn the_lock_file_holds_one_version_each_of_the_engine() {
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).expect("Cargo.lock is committed");
    for name in ["datafusion", "arrow", "parquet", "object_store"] {
        let versions = lock.matches(&format!("\nname = \"{name}\"\n")).count();
        assert_eq!(versions, 1, "{name} stands {versions} times in Cargo.lock");
    }
}
