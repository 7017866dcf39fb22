//! `kaohe runs` and `kaohe status`: what ran, how fresh each source is, what is held, what was noticed, who has not reported, what changes next, the disk.
//!
//! In: `runs/*/run_results.json` (of a stopped run its journal), `current.json`, what the object store was last sent, the library. Out: text on standard output, one screen; a list that is cut says where the
//! rest stands. Never here: computation.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jiff::civil::Date;
use unicode_width::UnicodeWidthStr;

use super::Common;
use super::surroundings::human;
use crate::error::{Error, Kind, Result};
use crate::lake::Lake;
use crate::nightly::journal::{RunResults, RunStatus, Warning, name_of, run_folders};
use crate::object_storage::send::Shown;
use crate::release::Current;
use crate::terms::counted;

/// Runs by name, oldest first; one that left no results was stopped.
type Runs = BTreeMap<String, Option<RunResults>>;

/// Lines of a list in `status`; the rest is a query away.
const LISTED: usize = 20;

/// Every run.
fn all_runs(out: &Path) -> Result<Runs> {
    Ok(run_folders(&out.join("runs"))?.into_iter().map(|folder| (name_of(&folder), RunResults::of(&folder))).collect())
}

/// The run that readers see.
///
/// # Errors
/// None is there, or its pointer can't be read.
pub fn current(out: &Path) -> Result<Current> {
    Current::read(&out.join("current.json"))?.ok_or_else(|| {
        Error::new(Kind::Environment, format!("there is no current run in {}", out.display())).with_hint("`kaohe run` makes one")
    })
}

/// Names of the runs that readers have seen.
pub fn published(out: &Path) -> Result<Vec<String>> {
    let all = all_runs(out)?.into_iter();
    Ok(all.filter(|(_, results)| results.as_ref().is_some_and(RunResults::is_published)).map(|(name, _)| name).collect())
}

fn word(results: Option<&RunResults>) -> &'static str {
    match results.map(|results| results.status) {
        None => "stopped",
        Some(RunStatus::Done) => "done",
        Some(RunStatus::DoneWithHeld) => "done, held",
        Some(RunStatus::KeptBack) => "kept back",
        Some(RunStatus::Loaded) => "loaded",
        Some(RunStatus::PastDay) => "past day",
        Some(RunStatus::Failed) => "failed",
    }
}

/// What a run took over.
fn goes_on_from(run: &str, tables: usize) -> String {
    format!("goes on from {run}, which did not end: {} taken over", counted(tables, "loaded table"))
}

/// How far a run came that left no results.
fn last_event(out: &Path, run: &str) -> Option<String> {
    let journal = std::fs::read_to_string(out.join("runs").join(run).join("journal.jsonl")).ok()?;
    let lines: Vec<serde_json::Value> = journal.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let text = |line: &serde_json::Value, key: &str| line[key].as_str().unwrap_or_default().to_owned();
    let told = |line: &serde_json::Value| format!("{} {} at {}", text(line, "event"), text(line, "subject"), text(line, "at"));
    // The job goes on until the process is gone, and may have written after its last word.
    let stopped = lines.iter().position(|line| text(line, "event") == "run-stopped");
    Some(match stopped {
        Some(at) => {
            let before = at.checked_sub(1).map(|before| format!(", after {}", told(&lines[before]))).unwrap_or_default();
            format!("ended by {}{before}", text(&lines[at], "detail"))
        }
        None => format!("at work, or killed, after {}", told(lines.last()?)),
    })
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
    let heads = ["run", "as of", "period", "status", "seconds", "held tables", "held indicators", ""];
    let mut rows = vec![heads.map(str::to_owned).to_vec()];
    let mut errors = BTreeMap::new();
    for (name, results) in &all {
        let mark = if current.as_ref().is_some_and(|current| current.run.0 == *name) { "◀ current" } else { "" };
        let (as_of, period, counts) = match results {
            Some(results) => {
                // The sum of nothing is a negative nought.
                let seconds = results.stages.iter().map(|stage| stage.seconds).sum::<f64>() + 0.0;
                let tables = results.tables.values().filter(|table| table.held.is_some()).count();
                let counts = [format!("{seconds:.1}"), tables.to_string(), results.held_indicators.len().to_string()];
                (results.as_of.clone(), results.period.clone(), counts)
            }
            None => Default::default(),
        };
        let said = match results {
            Some(results) => results.error.clone().or_else(|| results.resumes.as_ref().map(|(run, tables)| goes_on_from(run, *tables))),
            None => last_event(&out, name),
        };
        errors.extend(said.map(|says| (rows.len(), says)));
        let status = word(results.as_ref()).to_owned();
        rows.push([name.clone(), as_of, period, status].into_iter().chain(counts).chain([mark.to_owned()]).collect());
    }
    for (index, line) in lines(&rows, &[false, false, false, false, true, true, true, false]).into_iter().enumerate() {
        say_line!("{line}");
        if let Some(error) = errors.get(&index) {
            say_line!("    {}", first_line(error));
        }
    }
    Ok(0)
}

/// Says what readers see, what is missing from it, and why the last run is not what they see; ends with 1 when something is held
/// or was kept back.
pub fn status(common: &Common) -> Result<u8> {
    let out = common.out(&common.directory()?);
    let mut runs = all_runs(&out)?;
    // A past day that was computed beside says nothing about tonight.
    runs.retain(|_, results| results.as_ref().is_none_or(|results| results.status != RunStatus::PastDay));
    let current = Current::read(&out.join("current.json"))?;
    let last = runs.iter().next_back().filter(|(last, _)| current.as_ref().is_none_or(|current| current.run.0 != **last));
    let Some(current) = current else {
        say_line!("current    none: no run has been published in {}", out.display());
        if let Some((last, ended)) = last {
            last_run(&out, last, ended.as_ref());
        }
        return Ok(1);
    };
    let results = runs.get(&current.run.0).cloned().flatten();
    say_line!("current    {} (published {})", current.run, current.written_at);
    in_the_store(&out, &current, results.as_ref())?;
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
        last_run(&out, last, ended.as_ref());
        code = code.max(ended.as_ref().map_or(1, RunResults::exit_code));
    }
    say_line!("");
    freshness(&runs, &results);
    let noticed = || results.tables.iter().flat_map(|(name, table)| table.notices.iter().map(move |notice| (name, notice)));
    if results.tables.values().any(|table| table.held.is_some()) || noticed().next().is_some() {
        say_line!("");
    }
    held(&results, "");
    for (table, notice) in noticed() {
        say_line!("{table}: {notice}");
    }
    if let Some(says) = &results.without_source {
        say_line!("{says}");
    }
    warned(&results);
    if !results.not_reported.is_empty() {
        let units: BTreeSet<&str> = results.not_reported.iter().filter_map(|line| line.split(' ').nth(1)).collect();
        say_line!("\nnot reported for two months: {} by {}", counted(results.not_reported.len(), "table"), counted(units.len(), "unit"));
        let rows = results.not_reported.iter().map(|line| line.splitn(3, ' ').map(str::to_owned).collect());
        shortened(rows.collect(), &[false; 3], "not_reported");
    }
    say_line!("");
    for line in next_changes(common, &results.as_of).unwrap_or_default() {
        say_line!("{line}");
    }
    disk(&out);
    Ok(code)
}

/// What of the law or its calendar changes after a day: the next clock or parameter to take effect, the end of the published calendar.
fn next_changes(common: &Common, as_of: &str) -> Result<Vec<String>> {
    let library = common.open()?.library;
    let Ok(day) = as_of.parse::<Date>() else { return Ok(Vec::new()) };
    let clocks = library.clocks.values().flat_map(|clock| {
        clock
            .versions
            .iter()
            .map(|version| (version.from, "clock", clock.name.as_str(), version.domain.as_deref().unwrap_or("every domain")))
    });
    let parameters = library.parameters.values().flat_map(|parameter| {
        parameter
            .versions
            .iter()
            .map(|version| (version.from, "parameter", parameter.name.as_str(), version.domain.as_deref().unwrap_or("every domain")))
    });
    let mut ahead: Vec<_> = clocks.chain(parameters).filter(|(from, ..)| *from > day).collect();
    ahead.sort();
    let next = ahead.first().map(|(from, ..)| *from);
    let mut lines: Vec<String> = ahead
        .iter()
        .take_while(|(from, ..)| Some(*from) == next)
        .map(|(from, kind, name, domain)| format!("next       {from}: the {kind} {name} changes ({domain})"))
        .collect();
    if lines.is_empty() {
        lines.push("next       no clock or parameter has a later version".to_owned());
    }
    let (_, last) = library.calendar.published();
    if let Some(last) = crate::terms::date_from_epoch_days(last) {
        lines.push(format!("calendar   published to {last}; what falls due after it is provisional"));
    }
    Ok(lines)
}

/// What nights take on the disk, and what is left.
fn disk(out: &Path) {
    let lake = Lake::open(&out.join("lake")).and_then(|lake| lake.disk_usage()).unwrap_or_default();
    let free = fs4::available_space(out).map(human).unwrap_or_else(|_| "?".to_owned());
    say_line!("disk       lake {} in {}, {free} free", human(lake.bytes), counted(lake.files as usize, "file"));
}

/// What readers of the object store see, where results were ever to be sent to one.
fn in_the_store(out: &Path, current: &Current, results: Option<&RunResults>) -> Result<()> {
    let shown = Shown::read(out)?;
    match &shown {
        Some(shown) if shown.run == current.run => say_line!("store      {} shows it (sent {})", shown.to, shown.at),
        Some(shown) => say_line!("store      {} still shows {} (sent {})", shown.to, shown.run, shown.at),
        None => {}
    }
    if let Some(sending) = results.and_then(|results| results.sending.as_ref()).filter(|sending| !sending.sent) {
        say_line!("not sent   {}", indented(sending.reason.as_deref().unwrap_or(""), "     "));
    }
    Ok(())
}

/// How far each source table reaches, when it was last loaded and last changed, and the account of its records.
fn freshness(runs: &Runs, results: &RunResults) {
    let head = ["source table", "newest", "loaded", "changed", "rows", "quarantined", "duplicates", ""];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for (name, table) in &results.tables {
        let (loaded, changed) = last_loaded_and_changed(runs, &results.run, name);
        let newest = table.newest.clone().unwrap_or_else(|| "-".to_owned());
        let counts = [table.rows, table.records[2], table.records[3]].map(|count| count.to_string());
        let held = if table.held.is_some() { "held" } else { "" };
        rows.push([name.clone(), newest, loaded, changed].into_iter().chain(counts).chain([held.to_owned()]).collect());
    }
    aligned(&rows, &[false, false, false, false, true, true, true, false], "");
}

/// The days on which a table was last read, and last found to be other than before, as of a run.
fn last_loaded_and_changed(runs: &Runs, run: &str, table: &str) -> (String, String) {
    let day = |results: &RunResults| results.started.split('T').next().unwrap_or_default().to_owned();
    let back =
        runs.range(..=run.to_owned()).rev().filter_map(|(_, results)| Some((results.as_ref()?, results.as_ref()?.tables.get(table)?)));
    let loaded = back.clone().find(|(_, result)| result.held.is_none()).map_or_else(|| "-".to_owned(), |(results, _)| day(results));
    let version = back.clone().next().map(|(_, result)| result.version);
    // The version came with the earliest run that has it. If that one wrote nothing, the one that did is gone, or was stopped.
    let first = back.take_while(|(_, result)| Some(result.version) == version).last();
    let changed = first.map(|(results, result)| match result.months_written + result.months_removed {
        0 => format!("<{}", day(results)),
        _ => day(results),
    });
    (loaded, changed.unwrap_or_else(|| "-".to_owned()))
}

/// What was loaded with a remark, most rows first: the list is cut.
fn warned(results: &RunResults) {
    let Some(count) = results.warned() else { return };
    say_line!("\nwarnings: {count}");
    let mut warnings: Vec<_> = results.warnings.iter().collect();
    warnings.sort_by_key(|warning| std::cmp::Reverse(warning.rows));
    let row = |warning: &Warning| vec![warning.table.clone(), warning.rows.to_string(), warning.check.clone(), warning.says.clone()];
    shortened(warnings.into_iter().map(row).collect(), &[false, true, false, false], "warnings");
}

/// The first rows of a list, and the query that shows them all.
fn shortened(mut rows: Vec<Vec<String>>, to_right: &[bool], table: &str) {
    let more = rows.len().saturating_sub(LISTED);
    rows.truncate(LISTED);
    aligned(&rows, to_right, "  ");
    if more > 0 {
        say_line!("  … and {more} more: kaohe sql -c \"SELECT * FROM {table}\"");
    }
}

/// Columns as wide as their widest cell on a terminal, Chinese included.
fn aligned(rows: &[Vec<String>], to_right: &[bool], indent: &str) {
    for line in lines(rows, to_right) {
        say_line!("{indent}{line}");
    }
}

fn lines(rows: &[Vec<String>], to_right: &[bool]) -> Vec<String> {
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..to_right.len()).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).zip(to_right).map(|((cell, width), to_right)| {
            let gap = " ".repeat(width.saturating_sub(cell.width()));
            if *to_right { format!("{gap}{cell}") } else { format!("{cell}{gap}") }
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

/// The run after the current one: how it ended, and everything that kept it from readers.
fn last_run(out: &Path, name: &str, ended: Option<&RunResults>) {
    say_line!("last run   {name}: {}", word(ended));
    let Some(results) = ended else {
        say_line!("           {}; nothing of it is current", last_event(out, name).unwrap_or_else(|| "it left nothing".to_owned()));
        return;
    };
    for line in results.error.iter().flat_map(|error| error.lines()) {
        say_line!("           {line}");
    }
    held(results, "           ");
    if results.status == RunStatus::Loaded {
        warned(results);
    }
}

/// What a run held, with the reasons and what to do about them.
fn held(results: &RunResults, indent: &str) {
    for (table, reason) in results.tables.iter().filter_map(|(name, table)| Some((name, table.held.as_ref()?))) {
        say_line!("{indent}held: {table}: {}", indented(reason, indent));
    }
    if !results.failed_detectors.is_empty() {
        say_line!("{indent}failed detectors: {}", results.failed_detectors.len());
        for (name, reason) in &results.failed_detectors {
            say_line!("{indent}  {name}: {}", indented(reason, indent));
        }
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
