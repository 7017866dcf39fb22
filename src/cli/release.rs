//! `kaohe release`: freezes a period, hears the units, corrects, signs, and checks what was signed.
//!
//! In: flags, the clock, a key. Out: a draft or an edition below `releases/<period>/`, and what was done in words. Never here: what a release is (that is
//! `annual`).

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::sql::Grid;
use super::surroundings::{Reading, TemporaryFolder};
use super::{Common, say_grid, surroundings};
use crate::annual::{self, CreateRequest, FinaliseRequest, HearRequest, Listed, Program, Signature};
use crate::error::{Context, Error, Kind, Result};
use crate::release::signing::Signer;
use crate::report::input::ChangedFigure;
use crate::terms::{Period, counted};

/// Flags of `kaohe release`.
#[derive(Args)]
pub struct Arguments {
    #[command(subcommand)]
    step: Step,
}

#[derive(Subcommand)]
enum Step {
    /// Freeze a run as the draft of its period's release; once there is an edition, begin the next one, which corrects it
    Create {
        /// The run; default: the current one, or what the last edition froze
        #[arg(long, value_name = "RUN")]
        run: Option<String>,
        /// Also where sources or indicators are held: their figures are those of an earlier night, and the record names them
        #[arg(long)]
        with_held: bool,
        /// Public key of whoever signed the edition before, where that was another key
        #[arg(long, value_name = "FILE")]
        previous_public_key: Option<PathBuf>,
        /// Secret key (minisign) that seals what is frozen, and is to sign the edition; kept outside the project
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
    },
    /// Take comments, appeals, exclusions and decisions with their documents into the draft
    Comment {
        /// TOML file with [[matter]] and [[decision]] tables; it is taken whole or not at all
        file: PathBuf,
    },
    /// Apply what was decided, rank anew, write and sign the edition
    Finalise {
        /// The secret key that sealed the draft; its password, if it has one, is read from KAOHE_KEY_PASSWORD
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
    },
    /// Check an edition: every digest, the signature, and every score computed again; needs no project
    Verify {
        /// Folder of the edition, or a copy of its `public/`
        folder: PathBuf,
        /// Public key of the office, had from somewhere else than the edition
        #[arg(long, value_name = "FILE")]
        public_key: Option<PathBuf>,
    },
    /// Drafts and editions
    List,
}

/// Does one step.
pub fn release(common: &Common, arguments: &Arguments) -> Result<u8> {
    match &arguments.step {
        Step::Create { run, with_held, key, previous_public_key } => {
            create(common, run.as_deref(), *with_held, (key, previous_public_key.as_deref()))
        }
        Step::Comment { file } => comment(common, file),
        Step::Finalise { key } => finalise(common, key),
        Step::Verify { folder, public_key } => verify(folder, public_key.as_deref()),
        Step::List => list(common),
    }
}

fn create(common: &Common, run: Option<&str>, with_held: bool, (key, previous_key): (&Path, Option<&Path>)) -> Result<u8> {
    let opened = common.open()?;
    let project = opened.project.as_ref().ok_or_else(|| {
        Error::new(Kind::Configuration, "the project can't be read").with_hint("`kaohe check` says what is wrong with kaohe.toml")
    })?;
    let out = common.out(&opened.directory);
    let period = common.period(project);
    let signer = signer(key, &[&opened.directory, &out])?;
    let temp = TemporaryFolder::make()?;
    let reading = Reading::of(common, &out)?;
    let digest = surroundings::program()?;
    let request = CreateRequest {
        out: &out,
        period: &period,
        run,
        with_held,
        assessment: &project.name,
        notice: &project.notice,
        signer: &signer,
        previous_key,
        program: Program { engine: surroundings::ENGINE, digest: &digest },
        now: &surroundings::now(),
        temp: temp.path(),
    };
    let (folder, head) = surroundings::runtime(reading.cores)?.block_on(annual::create(&request, &reading.limits()))?;
    say_line!("draft      {} · period {}, edition {}", folder.display(), head.period, head.edition);
    say_line!("frozen     run {} as of {}, scheme {}", head.run, head.as_of, head.scheme.0);
    if let Some(cited) = &head.cites {
        say_line!("corrects   edition {} ({})", cited.edition, &cited.manifest[..12]);
    }
    if !head.held.is_empty() {
        say_line!("held       {}: the record names them", head.held.join(", "));
    }
    if folder.join("units").is_dir() {
        say_line!("scorecards {}/units, one folder a unit: send each unit its own", folder.display());
    }
    say_line!("then       kaohe release comment FILE · kaohe release finalise --period {} --key FILE", head.period);
    Ok(0)
}

fn comment(common: &Common, file: &Path) -> Result<u8> {
    let out = common.out(&common.directory()?);
    let period = period_of_draft(common, &out)?;
    let temp = TemporaryFolder::make()?;
    let today = surroundings::today().to_string();
    let request = HearRequest { out: &out, period: &period, file, today: &today, temp: temp.path() };
    let heard = surroundings::runtime(1)?.block_on(annual::hear(&request))?;
    let numbers = |numbers: &[u32]| numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
    if !heard.matters.is_empty() {
        say_line!("{}: {} taken as {}", file.display(), counted(heard.matters.len(), "matter"), numbers(&heard.matters));
    }
    if !heard.decided.is_empty() {
        say_line!("{}: decided {}", file.display(), numbers(&heard.decided));
        heard.changes.iter().for_each(say_change);
    }
    if !heard.untouched.is_empty() {
        let untouched: Vec<&str> = heard.untouched.iter().map(String::as_str).collect();
        say_line!("unchanged  {}: the records stand there too, and the figure is no count of records", untouched.join(", "));
    }
    if !heard.without_effect.is_empty() {
        let records: Vec<&str> = heard.without_effect.iter().map(String::as_str).collect();
        say_line!("no effect  {}: pending, or left out anyway, in every figure that is a count of records", records.join(", "));
    }
    say_line!("{} still to be decided", counted(heard.open, "matter"));
    Ok(0)
}

fn finalise(common: &Common, key: &Path) -> Result<u8> {
    let directory = common.directory()?;
    let out = common.out(&directory);
    let signer = signer(key, &[&directory, &out])?;
    let period = period_of_draft(common, &out)?;
    let temp = TemporaryFolder::make()?;
    let (cores, digest) = (surroundings::cores(), surroundings::program()?);
    let request = FinaliseRequest {
        out: &out,
        period: &period,
        signer: &signer,
        now: &surroundings::now(),
        program: Program { engine: surroundings::ENGINE, digest: &digest },
        temp: temp.path(),
        threads: cores,
    };
    let done = surroundings::runtime(cores)?.block_on(annual::finalise(&request))?;
    say_line!("edition    {} · period {}, edition {}, signed", done.folder.display(), done.head.period, done.head.edition);
    let edition = &done.edition;
    say_line!("errata     {} changed, {} moved", counted(edition.figures.len(), "figure"), counted(edition.moved.len(), "scorecard"));
    edition.figures.iter().take(SAID).for_each(say_change);
    if edition.figures.len() > SAID {
        say_line!("           and {} more: tables/errata_figures.parquet", edition.figures.len() - SAID);
    }
    done.decisions.iter().for_each(|decision| say_line!("decided    {decision}"));
    say_line!("ranked     {} of {}", done.ranked.0, counted(done.ranked.1, "scorecard"));
    say_line!("publish    {}/public; keep the whole folder", done.folder.display());
    say_line!("check      kaohe release verify {} --public-key FILE", done.folder.display());
    Ok(0)
}

fn verify(folder: &Path, public_key: Option<&Path>) -> Result<u8> {
    let cores = surroundings::cores();
    let temp = TemporaryFolder::make()?;
    let signature = public_key.map_or(Signature::Unasked, Signature::Of);
    if let Some(found) = annual::verify_public(folder, signature)? {
        say_signature(found.signed.as_deref());
        say_line!("computed   nothing: what the scores rest on is not public; the office has the whole edition");
        return Ok(say_verdict(found.files, &found.wrong, found.signed.is_some()));
    }
    let program = Program { engine: surroundings::ENGINE, digest: &surroundings::program()? };
    let found = annual::verify(folder, signature, program, temp.path(), cores);
    let found = surroundings::runtime(cores)?.block_on(found)?;
    let head = &found.head;
    say_line!("release    period {}, edition {}, run {} as of {}, kaohe {}", head.period, head.edition, head.run, head.as_of, head.engine);
    if let Some(cited) = &head.cites {
        say_line!("corrects   edition {} with the manifest {}", cited.edition, cited.manifest);
    }
    say_signature(found.signed.as_deref());
    for (table, rows) in &found.tables {
        say_line!("computed   {table}: {}", counted(*rows, "row"));
    }
    let added = &found.evidence;
    if added.keys > 0 {
        let (keys, figures) = (counted(added.keys as usize, "record"), counted(added.figures, "figure"));
        say_line!("evidence   {keys} add up to {figures}; {} are no counts of records", added.others);
    }
    match found.pages {
        Some(pages) => say_line!("written    {} again, of the public tree", counted(pages, "file")),
        None if found.wrong.is_empty() => {
            say_line!("written    the public figures again; another build of kaohe made the pages, whose words are not compared")
        }
        None => {}
    }
    Ok(say_verdict(found.files, &found.wrong, found.signed.is_some()))
}

fn say_signature(signed: Option<&str>) {
    match signed {
        Some(comment) => say_line!("signature  good: {comment}"),
        None => say_line!("signature  not checked: no --public-key was given"),
    }
}

/// What is wrong, and the last line; the exit code.
fn say_verdict(files: usize, wrong: &[String], is_signed: bool) -> u8 {
    for wrong in wrong {
        say_line!("wrong      {wrong}");
    }
    let says = match (wrong.is_empty(), is_signed) {
        (true, true) => "all as it was signed",
        (true, false) => "all as it is listed; who listed it was not checked",
        (false, _) => "not as it was signed",
    };
    say_line!("{} · {says}", counted(files, "file"));
    u8::from(!wrong.is_empty() || !is_signed)
}

fn list(common: &Common) -> Result<u8> {
    let out = common.out(&common.directory()?);
    let row = |listed: &Listed| {
        let head = &listed.head;
        let (all, open) = listed.matters;
        vec![
            head.period.clone(),
            head.edition.to_string(),
            if listed.is_draft { format!("draft, {open} to decide") } else { "final".to_owned() },
            head.run.clone(),
            head.as_of.clone(),
            all.to_string(),
            head.finalised_at.clone().unwrap_or_default(),
            head.cites.as_ref().map(|cited| format!("edition {}", cited.edition)).unwrap_or_default(),
        ]
    };
    let rows: Vec<Vec<String>> = annual::list(&out)?.iter().map(row).collect();
    if rows.is_empty() {
        tell_line!("nothing was released in {} yet: `kaohe release create --period PERIOD --key FILE` begins", out.display());
        return Ok(0);
    }
    say_grid(&Grid::of_texts(&["period", "edition", "is", "run", "as of", "matters", "final since", "corrects"], rows))?;
    Ok(0)
}

/// A key that does not open, or lies where those who run the nights can write, is found before anything is made.
fn signer(key: &Path, project: &[&Path]) -> Result<Signer> {
    refuse_key_inside(key, project)?;
    Signer::read(key, surroundings::key_password)
}

/// So many changed figures are said; the others stand in the tables of the edition.
const SAID: usize = 100;

/// A figure that a decision changed, and what it does not reach.
fn say_change(change: &ChangedFigure) {
    let ChangedFigure { matters, unit, what, figure: (was, is), score, .. } = change;
    let matters: Vec<String> = matters.iter().map(u32::to_string).collect();
    let by = match matters.as_slice() {
        [] => "other data".to_owned(),
        [one] => format!("matter {one}"),
        several => format!("matters {}", several.join(", ")),
    };
    let points = match score {
        (Some(was), Some(is)) if was < is => format!(", score {was} → {is}"),
        (Some(was), Some(is)) if was > is => format!(", score {was} → {is}: lower than before"),
        _ => String::new(),
    };
    let of = |figure: &str| figure.split_once('/').map(|(_, of)| of.to_owned());
    let recounted = if of(was) == of(is) { "" } else { " (another denominator: other records count than before)" };
    let besides = match (change.only_shown, change.stays_above) {
        (true, _) => " (only shown: no total rests on it)",
        (false, true) => " (whoever answers for the unit keeps its figure: it is counted anew from records)",
        (false, false) => "",
    };
    let none = if change.is_event { "void" } else { "none" };
    let [was, is] = [was, is].map(|figure| if figure.is_empty() { none } else { figure });
    say_line!("           {by}: {unit} {what} {was} → {is}{points}{recounted}{besides}");
}

/// The period that is asked for, or the only one that has a draft.
fn period_of_draft(common: &Common, out: &Path) -> Result<String> {
    if let Some(Period { name, .. }) = &common.period {
        return Ok(name.clone());
    }
    let drafts: Vec<String> = annual::list(out)?.into_iter().filter(|listed| listed.is_draft).map(|listed| listed.head.period).collect();
    match drafts.as_slice() {
        [one] => Ok(one.clone()),
        [] => Err(Error::new(Kind::Configuration, format!("there is no draft in {}", out.display()))
            .with_hint("`kaohe release create --period PERIOD --key FILE` makes one; `kaohe release list` tells what was released")),
        several => {
            Err(Error::new(Kind::Configuration, format!("there are drafts of {}", several.join(", "))).with_hint("say which with --period"))
        }
    }
}

/// Whoever can write the project could sign with a key that lies in it.
pub(super) fn refuse_key_inside(key: &Path, folders: &[&Path]) -> Result<()> {
    let real = |path: &Path| path.canonicalize().context(Kind::Configuration, || format!("finding {}", path.display()));
    let key = real(key).map_err(|error| error.with_hint("`kaohe sample --make-keys FILE` makes a pair of keys"))?;
    for folder in folders {
        if key.starts_with(real(folder)?) {
            return Err(Error::new(Kind::Configuration, format!("the key {} lies in the project", key.display()))
                .with_hint("keep it where those who run the nights can't read it, and name it from there"));
        }
    }
    Ok(())
}
