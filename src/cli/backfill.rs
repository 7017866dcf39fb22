//! `kaohe backfill`: past days by the library as it stands, computed beside what readers see.
//!
//! In: the common flags, a span, how close together its days lie. Out: the plan; the sources loaded once; a run for each day that is not done yet. Never here:
//! the pointer to the current results, which no past day moves; a second computation of a day whose texts and records are the same.

use std::collections::BTreeMap;
use std::path::Path;

use clap::{Args, ValueEnum};
use jiff::civil::Date;

use super::hooks::{Ended, Told};
use super::run::{Ready, job};
use super::surroundings::{cores, new_run, runtime};
use super::{Common, hooks, parse_date, stop};
use crate::error::Result;
use crate::lake::Lake;
use crate::nightly::backfill::{self, Every, day_runs};
use crate::nightly::{PastDay, Purpose, manifest};
use crate::terms::{Period, RunId};

/// Flags of `kaohe backfill`.
#[derive(Args)]
pub struct Arguments {
    /// The first day
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    from: Date,
    /// The last day
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    to: Date,
    /// Which days between them: each, Sundays, or the last of each month; the last day always
    #[arg(long, value_name = "WHICH", default_value = "month")]
    every: Which,
    /// Print the plan, and do nothing
    #[arg(long)]
    dry_run: bool,
}

/// As the flag is written.
#[derive(Clone, Copy, ValueEnum)]
enum Which {
    Day,
    Week,
    Month,
}

/// Prints the plan and follows it.
pub fn backfill(common: &Common, arguments: &Arguments) -> Result<u8> {
    let every = match arguments.every {
        Which::Day => Every::Day,
        Which::Week => Every::Week,
        Which::Month => Every::Month,
    };
    let days = backfill::days(arguments.from, arguments.to, every)?;
    let opened = common.open()?;
    let hooks = opened.project.as_ref().map(|project| project.hooks.clone()).unwrap_or_default();
    let ready = Ready::of(opened, false)?;
    let out = std::path::absolute(common.out(&ready.project.directory)).unwrap_or_else(|_| common.out(&ready.project.directory));
    let mut told = Told {
        command: "backfill",
        run: String::new(),
        as_of: arguments.to.to_string(),
        out: out.clone(),
        directory: std::path::absolute(&ready.project.directory).unwrap_or_else(|_| ready.project.directory.clone()),
    };
    // Days that have not come are refused before anything is printed.
    ready.request(&at(common, arguments.to, None), RunId(String::new()), Purpose::OnlyLoad)?;
    let planned = planned(common, &ready, &days, &versions(&out)?, &out)?;
    let seconds = day_runs(&out.join("runs")).last().map(|run| run.seconds);
    say!("{}", backfill::plan(&ready.library, &planned, seconds));
    if arguments.dry_run {
        return Ok(0);
    }
    let load = new_run(&out)?;
    told.run = load.0.clone();
    stop::with_last_words(&hooks, &told);
    let ended = follow(common, &ready, &days, load, &out, &hooks, &mut told);
    if stop::unneeded() {
        hooks::tell(&hooks, &told, &Ended::of(ended.as_ref().map(|(code, summary)| (*code, summary.as_str()))));
    }
    ended.map(|(code, _)| code)
}

/// Loads once, then computes each day that is not done over what was loaded.
fn follow(
    common: &Common,
    ready: &Ready,
    days: &[Date],
    load: RunId,
    out: &Path,
    hooks: &crate::project::Hooks,
    told: &mut Told,
) -> Result<(u8, String)> {
    let loaded_by = out.join("runs").join(&load.0);
    let (mut code, mut summary) = job(common, &ready.request(common, load, Purpose::OnlyLoad)?)?;
    let versions = versions(out)?;
    for (day, period, done) in planned(common, ready, days, &versions, out)? {
        if let Some(run) = done {
            say_line!("{day} is done by {run}");
            continue;
        }
        let run = new_run(out)?;
        (told.run, told.as_of) = (run.0.clone(), day.to_string());
        stop::with_last_words(hooks, told);
        let known = day_runs(&out.join("runs"));
        let before = backfill::before(&known, day).map(|run| run.folder.clone());
        let past = PastDay { loaded_by: loaded_by.clone(), versions: versions.clone(), before };
        let (of_day, text) = job(common, &ready.request(&at(common, day, Some(period)), run, Purpose::PastDay(&past))?)?;
        code = code.max(of_day);
        summary.push_str(&text);
    }
    Ok((code, summary))
}

/// The command line, of another day and period.
fn at(common: &Common, day: Date, period: Option<Period>) -> Common {
    Common { as_of: Some(day), period: period.or_else(|| common.period.clone()), ..common.clone() }
}

/// The newest versions of the lake.
fn versions(out: &Path) -> Result<BTreeMap<String, u64>> {
    let lake = out.join("lake");
    if !lake.is_dir() {
        return Ok(BTreeMap::new());
    }
    Ok(runtime(cores())?.block_on(Lake::open(&lake)?.pin())?.versions())
}

/// Each day with its period and the run that has done it.
fn planned(
    common: &Common,
    ready: &Ready,
    days: &[Date],
    versions: &BTreeMap<String, u64>,
    out: &Path,
) -> Result<Vec<(Date, Period, Option<String>)>> {
    let known = day_runs(&out.join("runs"));
    let given = common.period.as_ref().or(ready.project.period.as_ref());
    let of_day = |day: &Date| {
        let period = backfill::period_of(*day, given);
        let request = ready.request(&at(common, *day, Some(period.clone())), RunId(String::new()), Purpose::OnlyLoad)?;
        let done = backfill::done(&known, &manifest(&request, versions.clone()));
        let name = done.and_then(|run| Some(run.folder.file_name()?.to_string_lossy().into_owned()));
        Ok((*day, period, name))
    };
    days.iter().map(of_day).collect()
}
