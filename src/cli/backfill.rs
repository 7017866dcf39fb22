//! `kaohe backfill`: past days by the library as it stands, computed beside what readers see.
//!
//! In: the common flags, a span, how close together its days lie. Out: the plan; the sources loaded once; a run for each day that is not done yet. Never here:
//! the pointer to the current results, which no past day moves; a second computation of a day whose texts and records are the same.

use std::collections::BTreeMap;
use std::path::Path;

use clap::{Args, ValueEnum};
use jiff::civil::Date;

use super::hooks::Told;
use super::run::{Ready, job};
use super::surroundings::{absolute, cores, new_run, runtime};
use super::{Common, parse_date, stop};
use crate::error::Result;
use crate::lake::Lake;
use crate::nightly::backfill::{self, DayRun, Every, day_runs};
use crate::nightly::journal::name_of;
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
    let out = absolute(&common.out(&ready.project.directory));
    // Days that have not come are refused before anything is printed.
    ready.request(&at(common, arguments.to, None), RunId(String::new()), Purpose::OnlyLoad)?;
    let known = day_runs(&out.join("runs"))?;
    let planned = planned(common, &ready, &days, &versions(&out)?, &known)?;
    say!("{}", backfill::plan(&ready.library, &planned, known.last().map(|run| run.seconds)));
    if arguments.dry_run {
        return Ok(0);
    }
    let told = |run: &RunId, as_of: Date| {
        let (command, directory) = ("backfill", absolute(&ready.project.directory));
        stop::with_last_words(&hooks, &Told { command, run: run.0.clone(), as_of: as_of.to_string(), out: out.clone(), directory });
    };
    let ended = follow(common, &ready, &days, known, &out, &told);
    stop::tell(&ended);
    ended.map(|(code, _)| code)
}

/// Loads once, then computes each day that is not done over what was loaded; `told` is called before each of these runs.
fn follow(
    common: &Common,
    ready: &Ready,
    days: &[Date],
    mut known: Vec<DayRun>,
    out: &Path,
    told: &dyn Fn(&RunId, Date),
) -> Result<(u8, String)> {
    let load = new_run(out)?;
    let loaded_by = out.join("runs").join(&load.0);
    told(&load, *days.last().expect("a span has its last day"));
    let (mut code, mut summary) = job(common, &ready.request(common, load, Purpose::OnlyLoad)?)?;
    let versions = versions(out)?;
    for (day, period, done) in planned(common, ready, days, &versions, &known)? {
        if let Some(run) = done {
            say_line!("{day} is done by {run}");
            continue;
        }
        let run = new_run(out)?;
        told(&run, day);
        let folder = out.join("runs").join(&run.0);
        let before = backfill::before(&known, day).map(|run| run.folder.clone());
        let past = PastDay { loaded_by: loaded_by.clone(), versions: versions.clone(), before };
        let (of_day, text) = job(common, &ready.request(&at(common, day, Some(period)), run, Purpose::PastDay(&past))?)?;
        known.extend(DayRun::of(folder));
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
    known: &[DayRun],
) -> Result<Vec<(Date, Period, Option<String>)>> {
    let given = common.period.as_ref().or(ready.project.period.as_ref());
    let of_day = |day: &Date| {
        let period = backfill::period_of(*day, given);
        let request = ready.request(&at(common, *day, Some(period.clone())), RunId(String::new()), Purpose::OnlyLoad)?;
        let done = backfill::done(known, &manifest(&request, versions.clone()));
        Ok((*day, period, done.map(|run| name_of(&run.folder))))
    };
    days.iter().map(of_day).collect()
}
