//! `kaohe run` and `kaohe load`: the nightly job, or what it would do.
//!
//! In: the common flags and `--dry-run`. Out: a run's folder; six lines on standard output; the project's hook told how it ended; for
//! other commands, a project that may run ([`Ready`]). Never here: the job
//! itself.

use std::path::PathBuf;

use clap::Args;

use super::hooks::Told;
use super::runs::indented;
use super::surroundings::{Terminal, absolute, cores, default_memory, new_run, today};
use super::{Common, Opened, stop};
use crate::compute;
use crate::compute::check::Depth;
use crate::diagnostics::Diagnostics;
use crate::error::{Error, Kind, Result};
use crate::findings;
use crate::indices;
use crate::library::Library;
use crate::library::scheme::Scheme;
use crate::nightly::journal::{RunResults, RunStatus};
use crate::nightly::{self, Purpose, Request, Surroundings};
use crate::project::Project;
use crate::terms::{RunId, counted};

/// Flags of `kaohe run`.
#[derive(Args)]
pub struct Arguments {
    /// Print what would be read, computed and published, and do nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// The seed of the burden index's bootstrap: fixed, so that the same input gives the same bytes.
const SEED: u64 = 20_260_101;

/// Runs the job and tells those whom the project names how it ended; or prints its plan.
pub fn run(common: &Common, arguments: &Arguments, only_load: bool) -> Result<u8> {
    let opened = common.open()?;
    let directory = absolute(&opened.directory);
    let out = absolute(&common.out(&directory));
    let run = new_run(&out)?;
    let hooks = opened.project.as_ref().map(|project| project.hooks.clone()).unwrap_or_default();
    if arguments.dry_run {
        let ready = Ready::of(opened, only_load)?;
        let request = ready.request(common, run, purpose(only_load))?;
        say!("{}", nightly::plan(&request)?);
        return Ok(0);
    }
    let told =
        Told { command: if only_load { "load" } else { "run" }, run: run.0.clone(), as_of: common.as_of().to_string(), out, directory };
    stop::with_last_words(&hooks, &told);
    let ended = Ready::of(opened, only_load).and_then(|ready| job(common, &ready.request(common, run, purpose(only_load))?));
    stop::tell(&ended);
    ended.map(|(code, _)| code)
}

fn purpose(only_load: bool) -> Purpose<'static> {
    if only_load { Purpose::OnlyLoad } else { Purpose::Publish }
}

/// A project that may run: its texts are read and checked, and nothing in them stops a run.
pub struct Ready {
    directory: PathBuf,
    /// What to load.
    pub project: Project,
    /// The library.
    pub library: Library,
    /// The year's policy.
    pub scheme: Scheme,
    diagnostics: Diagnostics,
}

impl Ready {
    /// Checks what was read; what is wrong with it is printed.
    ///
    /// # Errors
    /// Text that stops a run, a project without sources.
    pub fn of(mut opened: Opened, only_load: bool) -> Result<Self> {
        // What can't even be read is refused below, before anything is planned.
        let is_readable = nightly::refuse_unusable_text(&opened.diagnostics).is_ok();
        if is_readable && only_load {
            compute::check::check_tables(&opened.library, &mut opened.diagnostics)?;
        } else if is_readable {
            let planned = compute::check::check(&opened.library, Depth::BeforeRun, &mut opened.diagnostics)?;
            indices::amounts::check(&opened.library, &mut opened.diagnostics);
            findings::check(&planned, &opened.library, Depth::BeforeRun, &mut opened.diagnostics)?;
        }
        if opened.diagnostics.errors() > 0 {
            eprintln!("{}", opened.diagnostics.to_text_of(|_| true));
        }
        nightly::refuse_unusable_text(&opened.diagnostics)?;
        let Opened { directory, project: Some(project), library, scheme: Some(scheme), diagnostics, .. } = opened else {
            return Err(Error::new(Kind::Configuration, "the project can't be used as it is").with_hint("`kaohe check` says why"));
        };
        if project.sources.is_empty() {
            return Err(Error::new(
                Kind::Configuration,
                format!("{} names no [[source]], so there is nothing to load", crate::project::PROJECT_FILE),
            )
            .with_hint("name at least `units` and `cases`; the comments in the file show how"));
        }
        Ok(Self { directory, project, library, scheme, diagnostics })
    }

    /// A run of the day that the command line names, for its period.
    ///
    /// # Errors
    /// A day that has not come yet.
    pub fn request<'a>(&'a self, common: &Common, run: RunId, purpose: Purpose<'a>) -> Result<Request<'a>> {
        let as_of = common.as_of();
        if as_of > today() {
            let says = format!("{as_of} has not come yet: what is to happen until then would count as not done");
            return Err(Error::new(Kind::Configuration, says)
                .with_hint("name a day up to today with --as-of; if it is one, look at this machine's clock"));
        }
        Ok(Request {
            project: &self.project,
            library: &self.library,
            scheme: &self.scheme,
            diagnostics: &self.diagnostics,
            period: common.period(&self.project),
            as_of,
            run,
            out: common.out(&self.directory),
            memory_limit: common.memory_limit.or_else(default_memory),
            partitions: cores(),
            seed: SEED,
            engine: super::surroundings::ENGINE,
            build: super::surroundings::build(),
            purpose,
        })
    }
}

/// The job: its exit code, and the lines that it printed.
pub fn job(common: &Common, request: &Request<'_>) -> Result<(u8, String)> {
    let terminal = Terminal::new(common.quiet, common.log_format == "json");
    let ended = nightly::run(request, &terminal);
    terminal.finish();
    let results = ended?;
    for (table, notice) in results.tables.iter().flat_map(|(table, result)| result.notices.iter().map(move |notice| (table, notice))) {
        eprintln!("{table}: {notice}");
    }
    // `kaohe status` speaks of what readers see; this run may have been kept back, so it gives its reasons itself.
    let held = || results.tables.iter().filter_map(|(table, result)| Some((table, result.held.as_ref()?)));
    held().for_each(|(table, reason)| eprintln!("held: {table}: {}", indented(reason, "")));
    let summary = summary(&results, request, terminal.elapsed(), terminal.peak_memory());
    say!("{summary}");
    // Whoever reads a message in a chat has no terminal to look at.
    let held: String = held().map(|(table, reason)| format!("held: {table}: {reason}\n")).collect();
    Ok((results.exit_code(), summary + &held))
}

/// Six lines that a data team wants in the morning; four after a load.
fn summary(results: &RunResults, request: &Request<'_>, seconds: f64, peak: u64) -> String {
    let mut records = [0u64; 5];
    for table in results.tables.values() {
        for (total, part) in records.iter_mut().zip(table.records) {
            *total += part;
        }
    }
    let held_records: u64 = results.tables.values().map(|table| table.records_held).sum();
    let held_records = if held_records == 0 { String::new() } else { format!(" + {} held", grouped(held_records)) };
    let [seen, loaded, quarantined, duplicates, filtered] = records.map(grouped);
    let written: usize = results.tables.values().map(|table| table.months_written).sum();
    let unchanged: usize = results.tables.values().map(|table| table.months_unchanged).sum();
    let removed: usize = results.tables.values().map(|table| table.months_removed).sum();
    let held_tables: Vec<&str> = results.tables.iter().filter(|(_, table)| table.held.is_some()).map(|(name, _)| name.as_str()).collect();
    let mut held = match (held_tables.as_slice(), results.held_indicators.len()) {
        ([], 0) => "nothing".to_owned(),
        (tables, 0) => tables.join(", "),
        (tables, indicators) => format!("tables: {}; indicators: {indicators}", or_none(&tables.join(", "))),
    };
    let warned = results.warned();
    held.push_str(&warned.as_ref().map_or_else(String::new, |rows| format!("; warnings: {rows}")));
    if warned.is_some() || held != "nothing" {
        held.push_str("; see `kaohe status`");
    }
    let stages: Vec<String> = results.stages.iter().map(|stage| format!("{} {:.1}", stage.stage, stage.seconds)).collect();
    let resumed = results.resumes.as_ref().map(|(run, tables)| {
        format!("resumed    {run}, which did not end: {} taken over, the rest done again\n", counted(*tables, "loaded table"))
    });
    let mut text = resumed.unwrap_or_default()
        + &format!(
            "loaded     {}: {seen} records = {loaded} loaded + {quarantined} quarantined + {duplicates} duplicates + {filtered} filtered{held_records}; months {written} written, {unchanged} unchanged{}\n",
            counted(results.tables.len(), "table"),
            if removed == 0 { String::new() } else { format!(", {removed} removed") },
        );
    if results.status != RunStatus::Loaded {
        let findings: Vec<String> = results.findings.iter().map(|(detector, count)| format!("{detector} {count}")).collect();
        text.push_str(&format!(
            "assessed   {} as of {}: {}, {} of them ranked\n",
            counted(results.indicators, "indicator"),
            results.as_of,
            counted(results.scorecards, "scorecard"),
            results.ranked,
        ));
        text.push_str(&format!("findings   {} (clues for a reviewer, never a deduction)\n", or_none(&findings.join(", "))));
        if !results.failed_detectors.is_empty() {
            let names: Vec<&str> = results.failed_detectors.keys().map(String::as_str).collect();
            text.push_str(&format!("failed     {}: nothing was looked for; see `kaohe status`\n", names.join(", ")));
        }
    }
    text.push_str(&format!("held       {held}\ntook       {seconds:.1} s ({}), peak memory {} MB\n", stages.join(", "), peak / 1_000_000));
    text.push_str(&match (results.status, &results.report) {
        (RunStatus::Loaded, _) => format!("stored     {}\n", request.out.join("lake").display()),
        (RunStatus::PastDay, Some(page)) => format!("beside     {}\n", request.out.join("runs").join(&results.run).join(page).display()),
        (RunStatus::KeptBack, _) => format!("published  nothing: {}\n", results.error.as_deref().unwrap_or("")),
        (_, Some(page)) => {
            let back = results.back_from.as_ref().map(|from| format!(" (goes back from {from} to {})", results.as_of)).unwrap_or_default();
            let same = match results.pages {
                [_, 0] => String::new(),
                [pages, same] => format!(" ({same} of {pages} pages are those of an earlier run)"),
            };
            format!("published  {}{back}{same}\n", request.out.join("runs").join(&results.run).join(page).display())
        }
        (_, None) => "published  nothing\n".to_owned(),
    });
    text.push_str(&super::publish::said(results));
    text
}

fn or_none(text: &str) -> &str {
    if text.is_empty() { "none" } else { text }
}

/// `1234567` as `1 234 567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}
