//! `kaohe runs` and `kaohe status`: what ran, how fresh it is, what is held, who has not reported.
//!
//! In: `runs/*/run_results.json` and `current.json`. Out: text on standard output. Never here: computation.

use std::collections::BTreeMap;
use std::path::Path;

use super::Common;
use crate::error::{Context, Kind, Result};
use crate::nightly::journal::{RunResults, RunStatus};
use crate::release::Current;

/// Every run, oldest first; one that left no results was stopped.
fn all_runs(out: &Path) -> Result<BTreeMap<String, Option<RunResults>>> {
    let mut all = BTreeMap::new();
    let folder = out.join("runs");
    if !folder.is_dir() {
        return Ok(all);
    }
    for entry in std::fs::read_dir(&folder).context(Kind::Environment, || format!("reading {}", folder.display()))? {
        let path = entry.context(Kind::Environment, || format!("reading {}", folder.display()))?.path();
        if path.join("journal.jsonl").is_file() {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let results = std::fs::read_to_string(path.join("run_results.json")).ok().and_then(|text| serde_json::from_str(&text).ok());
            all.insert(name, results);
        }
    }
    Ok(all)
}

fn word(results: Option<&RunResults>) -> &'static str {
    match results.map(|results| results.status) {
        None => "stopped",
        Some(RunStatus::Done) => "done",
        Some(RunStatus::DoneWithHeld) => "done, held",
        Some(RunStatus::KeptBack) => "kept back",
        Some(RunStatus::Loaded) => "loaded",
        Some(RunStatus::Failed) => "failed",
    }
}

/// Lists every run.
pub fn runs(common: &Common) -> Result<u8> {
    let out = common.out(&common.directory()?);
    let current = Current::read(&out.join("current.json"))?;
    let all = all_runs(&out)?;
    if all.is_empty() {
        eprintln!("nothing has run in {} yet", out.display());
        return Ok(0);
    }
    say_line!("{:<22} {:<11} {:<8} {:<11} {:>8} {:>5}", "run", "as of", "period", "status", "seconds", "held");
    for (name, results) in all {
        let (as_of, period, seconds, held) = match &results {
            Some(results) => {
                let seconds: f64 = results.stages.iter().map(|stage| stage.seconds).sum();
                (results.as_of.as_str(), results.period.as_str(), format!("{seconds:.1}"), results.held_indicators.len().to_string())
            }
            None => ("", "", String::new(), String::new()),
        };
        let mark = if current.as_ref().is_some_and(|current| current.run.0 == name) { "  ◀ current" } else { "" };
        say_line!("{name:<22} {as_of:<11} {period:<8} {:<11} {seconds:>8} {held:>5}{mark}", word(results.as_ref()));
        if let Some(error) = results.and_then(|results| results.error) {
            say_line!("    {}", first_line(&error));
        }
    }
    Ok(0)
}

/// Says what readers see, what is missing from it, and why the last run is not what they see; ends with 1 when something is held
/// or was kept back.
pub fn status(common: &Common) -> Result<u8> {
    let out = common.out(&common.directory()?);
    let runs = all_runs(&out)?;
    let current = Current::read(&out.join("current.json"))?;
    let last = runs.iter().next_back().filter(|(last, _)| current.as_ref().is_none_or(|current| current.run.0 != **last));
    let Some(current) = current else {
        say_line!("current    none: no run has been published in {}", out.display());
        if let Some((last, ended)) = last {
            last_run(last, ended.as_ref());
        }
        return Ok(1);
    };
    let results = runs.get(&current.run.0).cloned().flatten();
    say_line!("current    {} (published {})", current.run, current.written_at);
    for mismatch in current.verify(&out.join("runs").join(&current.run.0))? {
        say_line!("damaged    {mismatch}");
    }
    let Some(results) = results else {
        say_line!("damaged    run_results.json of the current run is missing or can't be read");
        return Ok(1);
    };
    say_line!("as of      {}, period {}", results.as_of, results.period);
    let mut code = u8::from(results.exit_code() > 0);
    if let Some((last, ended)) = last {
        last_run(last, ended.as_ref());
        code = code.max(ended.as_ref().map_or(1, RunResults::exit_code));
    }
    say_line!("\n{:<30} {:>12} {:>12} {:>11}", "source table", "rows", "quarantined", "duplicates");
    for (name, table) in &results.tables {
        let held = if table.held.is_some() { "held" } else { "" };
        let line = format!("{name:<30} {:>12} {:>12} {:>11}  {held}", table.rows, table.records[2], table.records[3]);
        say_line!("{}", line.trim_end());
    }
    if results.tables.values().any(|table| table.held.is_some() || !table.notices.is_empty()) {
        say_line!("");
    }
    held(&results, "");
    for (table, notice) in results.tables.iter().flat_map(|(name, table)| table.notices.iter().map(move |notice| (name, notice))) {
        say_line!("{table}: {notice}");
    }
    if !results.not_reported.is_empty() {
        say_line!("\nnot reported for two months: {}", results.not_reported.len());
        for line in &results.not_reported {
            say_line!("  {line}");
        }
    }
    Ok(code)
}

/// The run after the current one: how it ended, and everything that kept it from readers.
fn last_run(name: &str, ended: Option<&RunResults>) {
    say_line!("last run   {name}: {}", word(ended));
    let Some(results) = ended else {
        say_line!("           it left no results: it is still at work, or was stopped from outside; nothing of it is current");
        return;
    };
    for line in results.error.iter().flat_map(|error| error.lines()) {
        say_line!("           {line}");
    }
    held(results, "           ");
}

/// What a run held, with the reasons and what to do about them.
fn held(results: &RunResults, indent: &str) {
    for (table, reason) in results.tables.iter().filter_map(|(name, table)| Some((name, table.held.as_ref()?))) {
        say_line!("{indent}held: {table}: {}", indented(reason, indent));
    }
    if !results.held_indicators.is_empty() {
        say_line!("{indent}held or failed indicators: {}", results.held_indicators.len());
        for (id, reason) in &results.held_indicators {
            say_line!("{indent}  {id}: {}", first_line(reason));
        }
    }
}

/// Further lines stand below the first.
pub fn indented(text: &str, indent: &str) -> String {
    text.lines().collect::<Vec<_>>().join(&format!("\n{indent}      "))
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or("")
}
