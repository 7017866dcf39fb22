//! `kaohe vacuum`: what is older than the project keeps, removed.
//!
//! In: `[retention]` of kaohe.toml, `--dry-run`. Out: what goes and what is spared and why, on standard output; the removal. Never here: removing anything that a
//! release, a drawn sample, the current run or a month's freeze rests on; a project that says nothing loses only what no version names.

use std::path::Path;

use clap::Args;

use super::Common;
use super::surroundings::{self, human, runtime, today};
use crate::annual;
use crate::error::{Context, Error, Kind, Result};
use crate::lake::Lake;
use crate::nightly::journal::name_of;
use crate::nightly::retention::{self, Needed};
use crate::sampling::list;
use crate::terms::counted;

/// Flags of `kaohe vacuum`.
#[derive(Args)]
pub struct Arguments {
    /// Print what would go, and remove nothing
    #[arg(long)]
    dry_run: bool,
    /// No night has run for more than a week, and the clock is right
    #[arg(long)]
    after_a_pause: bool,
}

/// Days without a night after which the clock is doubted.
const PAUSE: i32 = 7;

/// A file of the lake that is younger (seconds) may belong to a table that somebody has just opened.
const YOUNG: i64 = 24 * 3600;

/// Removes what may go.
pub fn vacuum(common: &Common, arguments: &Arguments) -> Result<u8> {
    let opened = common.open()?;
    crate::nightly::refuse_unusable_text(&opened.diagnostics)?;
    let out = common.out(&opened.directory);
    let retention = opened.project.as_ref().map(|project| project.retention).unwrap_or_default();
    let (run, _lock) = surroundings::hold_lake(&out)?;
    if let Some(last) = retention::last_begun(&out, &run.0)?.filter(|last| (today() - *last).get_days() > PAUSE && !arguments.after_a_pause)
    {
        // A clock that is ahead makes every run old.
        let says = format!("the last run began on {last}, and this machine's clock says {}", today());
        return Err(Error::new(Kind::Environment, says)
            .with_hint("set the clock if it is wrong; if no night has run since, say so with --after-a-pause"));
    }
    let mut needed = annual::needed(&out)?;
    of_samples(&out.join("samples"), &mut needed)?;
    let plan = retention::plan(&out, &opened.library, &retention, needed, today())?;
    for (folder, age) in &plan.runs {
        say_line!("run         {}: {age} days old", name_of(folder));
    }
    for folder in &plan.quarantines {
        say_line!("quarantine  {}", folder.parent().map(name_of).unwrap_or_default());
    }
    for (run, why) in &plan.spared {
        say_line!("spared      {run}: {why}");
    }
    let runtime = runtime(surroundings::cores())?;
    let lake = Lake::open(&out.join("lake"))?;
    let unused = runtime.block_on(lake.unused(&plan.needed.versions, surroundings::seconds_now() - YOUNG))?;
    for (table, files) in &unused.files {
        say_line!("lake        {table}: {} that no version in use names", counted(files.len(), "file"));
    }
    let sum = format!(
        "{}, {}, {} of the lake ({})",
        counted(plan.runs.len(), "run"),
        counted(plan.quarantines.len(), "quarantine"),
        counted(unused.usage.files as usize, "file"),
        human(unused.usage.bytes),
    );
    if arguments.dry_run {
        say_line!("would go    {sum}");
        return Ok(0);
    }
    retention::remove(&plan)?;
    lake.remove(&unused)?;
    say_line!("gone        {sum}");
    if retention == Default::default() {
        say_line!("kept        every run: [retention] of kaohe.toml names no days");
    }
    Ok(0)
}

/// The versions that drawn lists were drawn from: `kaohe sample --verify` draws them again.
fn of_samples(folder: &Path, needed: &mut Needed) -> Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    let reading = || format!("reading {}", folder.display());
    for entry in std::fs::read_dir(folder).context(Kind::Environment, reading)? {
        let path = entry.context(Kind::Environment, reading)?.path();
        if path.is_dir() {
            of_samples(&path, needed)?;
        } else if path.file_name().is_some_and(|name| name == list::RECORD) {
            needed.add(&list::read(folder)?.record.lake_versions);
        }
    }
    Ok(())
}
