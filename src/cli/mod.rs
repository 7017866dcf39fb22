//! The command line: flags, the wall clock, the environment, the terminal.
//!
//! In: arguments, environment, signals. Out: calls of the stages, text on standard output and standard error, an exit code.
//! Never here: what the stages do. One file a subcommand.
//!
//! Exit codes: 0 done, nothing held · 1 it ran and something failed, is held, or was diagnosed · 2 usage, configuration, or
//! library text that stops a run · 3 environment (disk, lock, store, conflict) · 130 SIGINT · 143 SIGTERM.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use jiff::civil::Date;

use crate::diagnostics::Diagnostics;
use crate::error::{Context, Error, Kind, Result};
use crate::library::Library;
use crate::library::scheme::{Scheme, UNSCORED, read_scheme};
use crate::project::{PROJECT_FILE, Project};
use crate::terms::Period;

/// Writes to standard output; a reader that has gone away (`| head`) ends the output quietly.
macro_rules! say {
    ($($text:tt)*) => {{
        use std::io::Write;
        let _ = write!(std::io::stdout(), $($text)*);
    }};
}

/// As `say!`, with a line end.
macro_rules! say_line {
    ($($text:tt)*) => {{
        use std::io::Write;
        let _ = writeln!(std::io::stdout(), $($text)*);
    }};
}

/// Writes a line to standard error; a reader that has gone away is no failure.
macro_rules! tell_line {
    ($($text:tt)*) => {{
        use std::io::Write;
        let _ = writeln!(std::io::stderr(), $($text)*);
    }};
}

mod backfill;
mod check;
mod diff;
mod docs;
mod doctor;
mod explain;
mod hooks;
mod init;
mod map;
mod publish;
mod release;
mod run;
mod runs;
mod sample;
mod score;
mod simulate;
mod sql;
mod stop;
mod surroundings;
mod vacuum;
mod whatif;

/// Nightly assessment of administrative enforcement (考核).
#[derive(Parser)]
#[command(name = "kaohe", version, max_term_width = 120)]
struct CommandLine {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

/// Flags of every subcommand.
#[derive(Args, Clone)]
struct Common {
    /// Folder of kaohe.toml; default: the current folder or the nearest parent that has one
    #[arg(long, global = true, value_name = "DIR")]
    project: Option<PathBuf>,
    /// State of the facts: 24:00 Asia/Shanghai of this date; default: yesterday
    #[arg(long, global = true, value_name = "DATE", value_parser = parse_date)]
    as_of: Option<Date>,
    /// Span of the scorecards: 2026, 2026-H1, 2026-Q2 or 2026-06; default: the project's, else the year of --as-of
    #[arg(long, global = true, value_name = "PERIOD")]
    period: Option<Period>,
    /// Where lake/, runs/ and current.json stand; default: the project's folder
    #[arg(long, global = true, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Memory for the engine, like 4GB; default: 60 % of what is available
    #[arg(long, global = true, value_name = "SIZE", value_parser = parse_size)]
    memory_limit: Option<usize>,
    /// No progress on standard error
    #[arg(long, global = true)]
    quiet: bool,
    /// Progress as plain text or JSON lines
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text", value_parser = ["text", "json"])]
    log_format: String,
}

#[derive(Subcommand)]
enum Command {
    /// Make a new project, with comments
    Init(init::Arguments),
    /// Look at an extract nobody has described, and propose its table, headers and codes as a [[source]] to edit
    Map(map::Arguments),
    /// Check library, project and scheme without data
    Check(check::Arguments),
    /// Read the sources into the lake, and stop there
    Load,
    /// The nightly job: load, compute, score, detect, report, switch
    Run(run::Arguments),
    /// Past days by the library as it stands, beside what readers see; prints its plan first
    Backfill(backfill::Arguments),
    /// Send the current run to the object store of [publish], where a night could not
    Publish,
    /// What ran
    Runs,
    /// Freshness of each source, what is held, who has not reported
    Status,
    /// Shell with completion and history over the current run, or one statement
    Sql(sql::Arguments),
    /// Why this score, down to source file and line
    Explain(explain::Arguments),
    /// The handbook: indicators, populations, tables, clocks, scheme, made from the files that run
    Docs(docs::Arguments),
    /// Draw the enterprise panel or a list for checks on the spot: seeded, stratified, rotating, signed
    Sample(sample::Arguments),
    /// Score and rank any table of values (unit, indicator, value) by a scheme
    Score(score::Arguments),
    /// Other weights, another scheme, a corrected figure: who moves and why; never publishable
    Whatif(whatif::Arguments),
    /// What moved between two runs, and because of what: data, clocks, definitions, scheme, units
    Diff(diff::Arguments),
    /// Freeze a period, hear the units, correct, sign; check what was signed
    Release(release::Arguments),
    /// Remove what is older than [retention] keeps, and nothing that a release, a sample or a freeze rests on
    Vacuum(vacuum::Arguments),
    /// Can this machine, this disk, an object store keep the promises?
    Doctor(doctor::Arguments),
    /// Make a province that does not exist, with planted cheating and its answer key
    Simulate(simulate::Arguments),
}

/// Runs the program.
pub fn main() -> ExitCode {
    let line = CommandLine::parse();
    stop::exit_on_signals(match line.command {
        Command::Run(_) | Command::Backfill(_) => "; nothing was published, readers see what they saw before",
        Command::Load => "; months that were stored already stay in the lake, readers see what they saw before",
        _ => "",
    });
    let ended = match line.command {
        Command::Init(arguments) => init::init(&arguments),
        Command::Map(arguments) => map::map(&line.common, &arguments),
        Command::Check(arguments) => check::check(&line.common, &arguments),
        Command::Load => run::run(&line.common, &run::Arguments { dry_run: false }, true),
        Command::Run(arguments) => run::run(&line.common, &arguments, false),
        Command::Backfill(arguments) => backfill::backfill(&line.common, &arguments),
        Command::Publish => publish::publish(&line.common),
        Command::Runs => runs::runs(&line.common),
        Command::Status => runs::status(&line.common),
        Command::Sql(arguments) => sql::run(&line.common, &arguments),
        Command::Explain(arguments) => explain::run(&line.common, &arguments),
        Command::Docs(arguments) => docs::docs(&line.common, &arguments),
        Command::Sample(arguments) => sample::sample(&line.common, &arguments),
        Command::Score(arguments) => score::score(&line.common, &arguments),
        Command::Whatif(arguments) => whatif::whatif(&line.common, &arguments),
        Command::Diff(arguments) => diff::diff(&line.common, &arguments),
        Command::Release(arguments) => release::release(&line.common, &arguments),
        Command::Vacuum(arguments) => vacuum::vacuum(&line.common, &arguments),
        Command::Doctor(arguments) => doctor::doctor(&line.common, &arguments),
        Command::Simulate(arguments) => simulate::simulate(&line.common, &arguments),
    };
    match ended {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(error.kind.exit_code())
        }
    }
}

/// A project with its library and scheme, read, and everything that is wrong with their text.
struct Opened {
    directory: PathBuf,
    project: Option<Project>,
    library: Library,
    scheme: Option<Scheme>,
    diagnostics: Diagnostics,
    /// Indicators of the library that the project does not compute.
    left_out: usize,
}

impl Common {
    fn directory(&self) -> Result<PathBuf> {
        if let Some(directory) = &self.project {
            if directory.join(PROJECT_FILE).is_file() {
                return Ok(directory.clone());
            }
            return Err(Error::new(Kind::Configuration, format!("there is no {PROJECT_FILE} in {}", directory.display()))
                .with_hint("make a project with `kaohe init DIR`"));
        }
        let here = std::env::current_dir().context(Kind::Environment, || "finding the current folder")?;
        let found = here.ancestors().find(|folder| folder.join(PROJECT_FILE).is_file()).map(Path::to_owned);
        found.ok_or_else(|| {
            Error::new(Kind::Configuration, format!("there is no {PROJECT_FILE} in {} or above it", here.display()))
                .with_hint("name the project with --project DIR, or make one with `kaohe init DIR`")
        })
    }

    fn out(&self, directory: &Path) -> PathBuf {
        self.out.clone().unwrap_or_else(|| directory.to_owned())
    }

    fn as_of(&self) -> Date {
        self.as_of.unwrap_or_else(surroundings::yesterday)
    }

    fn period(&self, project: &Project) -> Period {
        let year = || self.as_of().year().to_string().parse().expect("a year is a period");
        self.period.clone().or_else(|| project.period.clone()).unwrap_or_else(year)
    }

    /// Reads everything that people wrote, without stopping at the first mistake.
    fn open(&self) -> Result<Opened> {
        let directory = self.directory()?;
        let (mut library, mut diagnostics) = Library::read(Some(&directory.join("queries")))?;
        let environment: BTreeMap<String, String> = std::env::vars().collect();
        let project = Project::read(&directory, &environment, &mut diagnostics)?;
        let mut scheme = None;
        if let Some(project) = &project {
            match library.scheme_text(&project.scheme) {
                Some((file, text)) => scheme = read_scheme(&project.scheme, &file, text, &library.indicators, &mut diagnostics),
                None => {
                    diagnostics
                        .error("unknown-scheme", PROJECT_FILE, None, format!("there is no scheme `{}`", project.scheme))
                        .hint(format!("write it as queries/schemes/{}.toml", project.scheme));
                }
            }
            crate::ingest::check_sources(project, &library.tables, &mut diagnostics);
        }
        let mut left_out = 0;
        if let (Some(Project { only_of_scheme: true, .. }), Some(scheme)) = (&project, &scheme) {
            left_out = library.keep_of_scheme(scheme);
            diagnostics.forget(UNSCORED);
        }
        Ok(Opened { directory, project, library, scheme, diagnostics, left_out })
    }
}

/// Writes a table to standard output.
fn say_grid(grid: &sql::Grid) -> Result<()> {
    let mut bytes = Vec::new();
    grid.write(&mut bytes).context(Kind::Bug, || "writing a table")?;
    say!("{}", String::from_utf8_lossy(&bytes));
    Ok(())
}

fn parse_date(text: &str) -> std::result::Result<Date, String> {
    text.trim().parse().map_err(|_| format!("`{text}` is no date of the calendar; write it as 2026-06-30"))
}

fn parse_size(text: &str) -> std::result::Result<usize, String> {
    let upper = text.trim().to_ascii_uppercase();
    let digits: String = upper.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
    let factor = match upper[digits.len()..].trim().trim_end_matches('B').trim_end_matches('I') {
        "" => 1.0,
        "K" => 1024.0,
        "M" => 1024.0 * 1024.0,
        "G" => 1024.0 * 1024.0 * 1024.0,
        _ => return Err(format!("`{text}` is not a size; write 512MB or 4GB")),
    };
    digits.parse::<f64>().map(|number| (number * factor) as usize).map_err(|_| format!("`{text}` is not a size; write 512MB or 4GB"))
}
