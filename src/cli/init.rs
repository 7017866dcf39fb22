//! `kaohe init DIR`: a new project, with comments.
//!
//! In: a folder that has no project yet. Out: `kaohe.toml`, `sources/`, `queries/`, with files of the library that are asked for. Never here: data.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::error::{Context, Error, Kind, Result};
use crate::library::Library;
use crate::project::PROJECT_FILE;

/// Flags of `kaohe init`.
#[derive(Args)]
pub struct Arguments {
    /// Folder of the new project
    directory: PathBuf,
    /// Bring a file of the library into its queries/, to be changed: schemes/2026.toml, clocks.toml, populations/….sql
    #[arg(long, value_name = "FILE")]
    with: Vec<String>,
}

const TEMPLATE: &str = r#"# A kaohe project: what to load from where, and which scheme to assess with.

name   = "某省行政执法考核"    # stands on every page
scheme = "2026"              # queries/schemes/2026.toml; `kaohe init --with schemes/2026.toml DIR` brings it here, to be changed
period = "2026"              # 2026, 2026-H1, 2026-Q2 or 2026-06

# [library]
# indicators = "scheme"      # compute only what the scheme scores or shows; default: "all", whose figures a next scheme can be tried on

[hold]
max_share = 0.25             # more than this share of indicators held keeps the whole run back

# [report]
# notice = "试运行数据，不作为考核结论"   # one sentence at the head of every page, whoever reads it, also in print

# [hooks]                    # commands that are told how a run or load ended; see README.md, "Told"
# success = ""
# held = "ops/tell.sh"       # it ran, and something is held, has failed, or was kept back
# failure = "ops/tell.sh"    # it stopped on an error

# [retention]                # what `kaohe vacuum` may remove; what is not named stays for ever
# runs_days = 60             # tables and pages of a run, and the versions of the lake that it alone has read
# quarantine_days = 30       # refused records

# [publish]                  # where a published run is sent besides; it holds personal data: keep the bucket closed
# to = "$KAOHE_STORE"        # a variable that holds s3://bucket/prefix; keys only in AWS_*, see README.md, "Object store"

# One [[source]] a table, or several; `kaohe map FILE` proposes one for an extract. Headers and labels that the contract knows need no mapping
# (`kaohe docs` lists tables, headers and labels; `units` and `cases` are the first to name).
#
# [[source]]
# table = "cases"
# path  = "sources/cases/*.csv"        # file, folder or glob, inside this folder
# root  = "$KAOHE_DATA"                # or inside the folder, or the s3://bucket/prefix, that this variable holds
# encoding = "gb18030"                 # default: byte-order mark, else UTF-8, else GB18030
# max_quarantine_rate = 0.05           # above this share of unusable rows the table is held
# max_shrink = 0.30                    # fewer rows than last time by more than this share: held
# columns = { "原表头" = "case_id" }    # a header that the contract does not know; "" ignores it
# dropped = ["decided_on"]             # columns that the source gives no more; else their loss holds the table
# constants = { domain = "market" }    # what the whole file means where it has no such column, or an empty cell
# [source.codes.outcome]               # a label that the contract does not know
# "罚了" = "penalty"
#
# A source that is shaped otherwise brings SQL over its raw columns (the table is called `source`):
# mapping = "mapping/cases.sql"
#
# Rows that stand in a PostgreSQL database are pulled from it, all tables of one database as they were at one moment:
# [[source]]
# table = "cases"
# database = "$CASES_DATABASE"         # the variable that holds postgres://user:password@host:5432/database?sslmode=require
# relation = "public.cases"            # a table or view; or query = "queries/cases.sql", one SELECT in the database's own SQL
# order_by = ["case_id"]               # the columns that tell its rows apart
"#;

/// Makes the project.
pub fn init(arguments: &Arguments) -> Result<u8> {
    let directory = &arguments.directory;
    let file = directory.join(PROJECT_FILE);
    let brought = arguments.with.iter().map(|name| shipped(name)).collect::<Result<Vec<_>>>()?;
    if file.exists() && !brought.is_empty() {
        return bring(directory, &brought);
    }
    if file.exists() {
        return Err(Error::new(Kind::Configuration, format!("{} exists already", file.display())).with_hint("choose another folder"));
    }
    let doing = || format!("making the project {}", directory.display());
    for folder in ["sources", "queries"] {
        std::fs::create_dir_all(directory.join(folder)).context(Kind::Environment, doing)?;
    }
    std::fs::write(&file, TEMPLATE).context(Kind::Environment, doing)?;
    std::fs::write(directory.join(".gitignore"), "lake/\nruns/\ncurrent.json\nsent.json\n").context(Kind::Environment, doing)?;
    say_line!("{}", file.display());
    bring(directory, &brought)?;
    eprintln!(
        "next: name your sources in {PROJECT_FILE}, then `kaohe check --project {0}` and `kaohe run --project {0}`",
        directory.display()
    );
    Ok(0)
}

/// A file of the shipped library by its path below `queries/`, with its text.
fn shipped(name: &str) -> Result<(String, String)> {
    let (library, _) = Library::read(None)?;
    let name = name.trim_start_matches("queries/");
    let text = library.files.get(name).ok_or_else(|| {
        Error::new(Kind::Configuration, format!("the library has no file `{name}`"))
            .with_hint("name it as it stands below queries/, such as schemes/2026.toml; `kaohe docs` names the files")
            .hint_nearest(name, library.files.keys().map(String::as_str))
    })?;
    Ok((name.to_owned(), text.clone()))
}

/// Writes files of the library into a project's `queries/`; one that is there already stays.
fn bring(directory: &Path, files: &[(String, String)]) -> Result<u8> {
    for (name, text) in files {
        let path = directory.join("queries").join(name);
        if path.exists() {
            return Err(
                Error::new(Kind::Configuration, format!("{} exists already", path.display())).with_hint("it is the project's own: edit it")
            );
        }
        let doing = || format!("writing {}", path.display());
        std::fs::create_dir_all(path.parent().unwrap_or(directory)).context(Kind::Environment, doing)?;
        std::fs::write(&path, text).context(Kind::Environment, doing)?;
        say_line!("{}", path.display());
    }
    Ok(0)
}
