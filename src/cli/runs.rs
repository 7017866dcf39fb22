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
    say_line!("{:<22} {:<11} {:<8} {:<11} {:>8} {:>5}", "run", "as of", "period", "status", "seconds", "held");
    for (name, results) in all_runs(&out)? {
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
            say_line!("    {}", error.lines().next().unwrap_or(""));
        }
    }
    Ok(0)
}

/// Says what readers see and what is missing from it; ends with 1 when something is held.
pub fn status(common: &Common) -> Result<u8> {
    let out = common.out(&common.directory()?);
    let runs = all_runs(&out)?;
    let Some(current) = Current::read(&out.join("current.json"))? else {
        say_line!("no run has been published in {}", out.display());
        return Ok(1);
    };
    let results = runs.get(&current.run.0).cloned().flatten();
    say_line!("current    {} (published {})", current.run, current.written_at);
    for mismatch in current.verify(&out.join("runs").join(&current.run.0))? {
        say_line!("damaged    {mismatch}");
    }
    if let Some((last, ended)) = runs.iter().next_back().filter(|(last, _)| **last != current.run.0) {
        say_line!("last run   {last}: {}", word(ended.as_ref()));
    }
    let Some(results) = results else { return Ok(1) };
    say_line!("as of      {}, period {}", results.as_of, results.period);
    say_line!("\n{:<30} {:>12} {:>12} {:>11}  held", "source table", "rows", "quarantined", "duplicates");
    for (name, table) in &results.tables {
        say_line!(
            "{name:<30} {:>12} {:>12} {:>11}  {}",
            table.rows,
            table.records[2],
            table.records[3],
            table.held.as_deref().and_then(|why| why.lines().next()).unwrap_or("")
        );
    }
    if !results.held_indicators.is_empty() {
        say_line!("\nheld or failed indicators");
        for (id, reason) in &results.held_indicators {
            say_line!("  {id}: {}", reason.lines().next().unwrap_or(""));
        }
    }
    if !results.not_reported.is_empty() {
        say_line!("\nnot reported for two months: {}", results.not_reported.len());
        for line in &results.not_reported {
            say_line!("  {line}");
        }
    }
    Ok(u8::from(results.exit_code() > 0))
}
