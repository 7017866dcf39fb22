//! `kaohe sql`: read-only SQL over the current tables, as a shell, a text or a file.
//!
//! In: a session in which source tables, populations and result tables stand, the SQL, the instants of `$as_of` and `$from`.
//! Out: the rows, all of them, to standard output or into a file; everything else goes to standard error. Never here: opening
//! the lake, parsing the command line, anything that writes to a table.

mod catalogue;
mod complete;
mod excel;
mod json;
pub mod open;
mod output;
mod query;
mod records;
mod shell;
mod statements;
mod table;
pub(super) use table::Grid;

use std::io::{IsTerminal, Read};
use std::path::PathBuf;

use datafusion::prelude::SessionContext;

use crate::error::{Context, Error, Kind, Result};
use crate::functions::Moment;
use crate::library::Library;
use output::Target;
use query::{Engine, Text};

/// What to run, and where its rows go.
#[derive(Debug, Clone)]
pub struct SqlOptions {
    /// The SQL.
    pub input: SqlInput,
    /// How rows are written; `None` follows the ending of `output`, and is a table without one.
    pub format: Option<SqlFormat>,
    /// The file to write; `None` is standard output.
    pub output: Option<PathBuf>,
    /// Where the shell keeps its history; `None` keeps none, since statements may hold personal data.
    pub history: Option<PathBuf>,
    /// The instants of `$as_of` and `$from`.
    pub moment: Moment,
    /// Titles and meanings of tables and columns, names of clocks and parameters.
    pub library: Library,
}

/// Where the SQL comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SqlInput {
    /// `-c`: this text.
    Text(String),
    /// `-f`: this file.
    File(PathBuf),
    /// A person at a terminal, or a script on standard input.
    Shell,
}

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum SqlFormat {
    /// For people.
    Table,
    /// RFC 4180 for machines: nothing escaped for spreadsheets, lines end with LF.
    Csv,
    /// One object a line.
    Json,
    /// Into a file; the same rows give the same bytes.
    Parquet,
    /// Into a file; a workbook of typed cells without formulas.
    Xlsx,
}

impl SqlFormat {
    fn of(options: &SqlOptions) -> Result<Self> {
        let ending = options.output.as_ref().and_then(|path| path.extension()?.to_str().map(str::to_ascii_lowercase));
        let by_ending = match ending.as_deref() {
            Some("csv") => Self::Csv,
            Some("json" | "jsonl" | "ndjson") => Self::Json,
            Some("parquet") => Self::Parquet,
            Some("xlsx") => Self::Xlsx,
            Some(other) if other != "txt" && options.format.is_none() => {
                let message = format!("no format is known by the ending `.{other}`");
                return Err(
                    Error::new(Kind::Configuration, message).with_hint("end the name in csv, json, parquet, xlsx or txt, or say --format")
                );
            }
            _ => Self::Table,
        };
        let format = options.format.unwrap_or(by_ending);
        if matches!(format, Self::Parquet | Self::Xlsx) && options.output.is_none() {
            return Err(Error::new(Kind::Configuration, "parquet and xlsx are written into a file").with_hint("add --output FILE"));
        }
        Ok(format)
    }
}

/// Flags of `kaohe sql`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Run this SQL and end
    #[arg(short = 'c', long = "command", value_name = "SQL", conflicts_with = "file")]
    command: Option<String>,
    /// Run the SQL of this file and end
    #[arg(short = 'f', long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// How rows are written; default: by the ending of --output, else a table
    #[arg(long, value_enum)]
    format: Option<SqlFormat>,
    /// Write into this file
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Keep no history of the shell
    #[arg(long)]
    no_history: bool,
}

/// `kaohe sql`: opens the current run and runs the SQL, or the shell.
///
/// # Errors
/// As [`sql`], or no run was published yet.
pub fn run(common: &super::Common, arguments: &Arguments) -> Result<u8> {
    let opened = common.open()?;
    let input = match (&arguments.command, &arguments.file) {
        (Some(text), _) => SqlInput::Text(text.clone()),
        (None, Some(path)) => SqlInput::File(path.clone()),
        (None, None) => SqlInput::Shell,
    };
    let out = common.out(&opened.directory);
    let cores = super::surroundings::cores();
    let runtime = super::surroundings::runtime(cores)?;
    runtime.block_on(async {
        let memory = common.memory_limit.or_else(super::surroundings::default_memory);
        let readers = open::open(&opened.library, &out, common.as_of, None, memory, cores).await?;
        let options = SqlOptions {
            input,
            format: arguments.format,
            output: arguments.output.clone(),
            history: if arguments.no_history { None } else { super::surroundings::history_file() },
            moment: readers.moment,
            library: opened.library,
        };
        sql(readers.context, options).await
    })?;
    Ok(0)
}

/// Runs the SQL, or the shell. The runtime must have more than one thread, since the shell waits for keys on this one.
///
/// # Errors
/// SQL that is wrong or would change something, with its place; a file that can't be read or written.
pub async fn sql(context: SessionContext, options: SqlOptions) -> Result<()> {
    let format = SqlFormat::of(&options)?;
    let text = match &options.input {
        SqlInput::Text(text) => Text { name: "-c".to_owned(), text: text.clone() },
        SqlInput::File(path) => {
            let text = std::fs::read_to_string(path).context(Kind::Configuration, || format!("reading {} as UTF-8", path.display()))?;
            Text { name: path.display().to_string(), text: text.trim_start_matches('\u{feff}').to_owned() }
        }
        SqlInput::Shell if std::io::stdin().is_terminal() => {
            if options.output.is_some() {
                return Err(Error::new(Kind::Configuration, "the shell writes to the terminal").with_hint("use --output with -c or -f"));
            }
            let engine = Engine::new(context, options.library, options.moment).await;
            return shell::run(engine, format, options.history).await;
        }
        SqlInput::Shell => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).context(Kind::Configuration, || "reading standard input as UTF-8")?;
            Text { name: "stdin".to_owned(), text }
        }
    };
    let engine = Engine::new(context, options.library, options.moment).await;
    run_text(&engine, &text, format, options.output).await
}

async fn run_text(engine: &Engine, text: &Text, format: SqlFormat, output: Option<PathBuf>) -> Result<()> {
    let statements = statements::split(&text.text);
    if statements.is_empty() {
        return Err(Error::new(Kind::Configuration, format!("{} holds no statement", text.name)));
    }
    // Rows of two statements in one CSV, or the second file over the first, would be a silent loss.
    if statements.len() > 1 && (format != SqlFormat::Table || output.is_some()) {
        let message = format!("{} holds {} statements, and only one can be written in this format", text.name, statements.len());
        return Err(Error::new(Kind::Configuration, message));
    }
    let mut target = Target::open(output.as_deref())?;
    for statement in statements {
        let rows = engine.rows(text, &statement, format).await?;
        match output::write(rows, format, &mut target).await {
            Ok(_) if target.is_broken() => return Ok(()),
            Ok(rows) => target.say_rows(rows, format),
            Err(_) if target.is_broken() => return Ok(()),
            Err(failure) => return Err(engine.explain(failure, text, &statement)),
        }
    }
    target.finish()
}

#[cfg(test)]
mod tests;
