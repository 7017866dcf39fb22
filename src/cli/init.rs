//! `kaohe init DIR`: a new project, with comments.
//!
//! In: a folder that has no project yet. Out: `kaohe.toml`, `sources/`, `queries/`. Never here: data.

use std::path::PathBuf;

use clap::Args;

use crate::error::{Context, Error, Kind, Result};
use crate::project::PROJECT_FILE;

/// Flags of `kaohe init`.
#[derive(Args)]
pub struct Arguments {
    /// Folder of the new project
    directory: PathBuf,
}

const TEMPLATE: &str = r#"# A kaohe project: what to load from where, and which scheme to assess with.

name   = "某省行政执法考核"    # stands on every page
scheme = "2026"              # queries/schemes/2026.toml; put a file of that name into queries/ here to change it
period = "2026"              # 2026, 2026-H1, 2026-Q2 or 2026-06

[hold]
max_share = 0.25             # more than this share of indicators held keeps the whole run back

# [report]
# notice = "试运行数据，不作为考核结论"   # one sentence at the head of every page, whoever reads it, also in print

# One [[source]] a table, or several. Headers and labels that the contract knows need no mapping
# (`kaohe check` names the tables; their contracts are queries/tables/<table>.toml).
#
# [[source]]
# table = "cases"
# path  = "sources/cases/*.csv"        # file, folder or glob, inside this folder
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
"#;

/// Makes the project.
pub fn init(arguments: &Arguments) -> Result<u8> {
    let directory = &arguments.directory;
    let file = directory.join(PROJECT_FILE);
    if file.exists() {
        return Err(Error::new(Kind::Configuration, format!("{} exists already", file.display())).with_hint("choose another folder"));
    }
    let doing = || format!("making the project {}", directory.display());
    for folder in ["sources", "queries"] {
        std::fs::create_dir_all(directory.join(folder)).context(Kind::Environment, doing)?;
    }
    std::fs::write(&file, TEMPLATE).context(Kind::Environment, doing)?;
    std::fs::write(directory.join(".gitignore"), "lake/\nruns/\ncurrent.json\n").context(Kind::Environment, doing)?;
    say_line!("{}", file.display());
    eprintln!(
        "next: name your sources in {PROJECT_FILE}, then `kaohe check --project {0}` and `kaohe run --project {0}`",
        directory.display()
    );
    Ok(0)
}
