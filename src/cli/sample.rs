//! `kaohe sample`: draws the enterprise panel and the lists for checks on the spot, and checks a list that was drawn.
//!
//! In: a sample of `queries/samples/`, the tables of the current run, a seed that was published beforehand, the list drawn last. Out: a folder with
//! `list.csv`, `list.json` and, with a key, `list.json.minisig`; a line in `samples/journal.jsonl`. Never here: choice by hand; a drawing that leaves
//! no trace, since whoever may draw until the list suits has chosen it.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::sql::{Grid, open};
use super::{Common, Opened, score, surroundings};
use crate::compute::samples;
use crate::error::{Context, Error, Kind, Result};
use crate::lake::{replace_file, sync_parent};
use crate::library::sample::{Allocation, Sample, Size};
use crate::release::{Current, signing};
use crate::sampling::list::{self, Circumstances};
use crate::sampling::{self, Drawing, Frame};
use crate::terms::counted;

/// Flags of `kaohe sample`.
#[derive(Args)]
pub struct Arguments {
    /// Which sample: a file of queries/samples/ without its ending; none lists them
    name: Option<String>,
    /// A text that nobody could choose and everybody could read before the drawing, such as the numbers of a public lottery of that day
    #[arg(long, value_name = "TEXT")]
    seed: Option<String>,
    /// Folder of the list drawn last: its members stay, but for the share that rotates; its seed goes on
    #[arg(long, value_name = "DIR", conflicts_with = "seed")]
    previous: Option<PathBuf>,
    /// Folder for the list; default: samples/NAME/DATE beside the runs
    #[arg(long, value_name = "DIR")]
    into: Option<PathBuf>,
    /// Secret key (minisign) that signs the list; its password, if it has one, is read from KAOHE_KEY_PASSWORD
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Make a pair of keys, FILE and FILE.pub, and end; a password in KAOHE_KEY_PASSWORD encrypts the secret one
    #[arg(long, value_name = "FILE", conflicts_with_all = ["name", "seed", "previous", "into", "key", "verify"])]
    make_keys: Option<PathBuf>,
    /// Check the list in this folder: its digest, its signature, and by drawing it again
    #[arg(long, value_name = "DIR", conflicts_with_all = ["name", "seed", "into", "key"])]
    verify: Option<PathBuf>,
    /// Public key that the signature of --verify must be of
    #[arg(long, value_name = "FILE", requires = "verify")]
    public_key: Option<PathBuf>,
}

/// Lists samples, draws one, makes keys, or checks a list.
pub fn sample(common: &Common, arguments: &Arguments) -> Result<u8> {
    if let Some(key) = &arguments.make_keys {
        signing::make_keys(key, surroundings::key_password())?;
        say_line!("{} (keep it) and {} (publish it)", key.display(), signing::public_key_of(key).display());
        return Ok(0);
    }
    if let Some(folder) = &arguments.verify {
        return verify(common, arguments, folder);
    }
    let opened = common.open()?;
    let Some(name) = &arguments.name else { return tell_samples(&opened) };
    let sample = sample_of(&opened, name)?;
    draw(common, arguments, &opened, sample)
}

fn sample_of<'a>(opened: &'a Opened, name: &str) -> Result<&'a Sample> {
    if let Some(sample) = opened.library.samples.get(name) {
        return Ok(sample);
    }
    let file = format!("queries/samples/{name}.sql");
    let said = opened.diagnostics.to_text_of(|named| named == file);
    if !said.is_empty() {
        return Err(Error::new(Kind::Configuration, format!("the sample `{name}` can't be read\n{}", said.trim_end())));
    }
    let names: Vec<&str> = opened.library.samples.keys().map(String::as_str).collect();
    Err(Error::new(Kind::Configuration, format!("there is no sample `{name}`"))
        .with_hint(format!("there are {}; a new one is a file {file}", names.join(", "))))
}

fn size_words(sample: &Sample) -> String {
    match (sample.size, sample.allocation) {
        (Size::OfStratum(each), _) => format!("{each} of each stratum"),
        (Size::Whole(whole), Allocation::Proportional) => format!("{whole}, by size of stratum"),
        (Size::Whole(whole), Allocation::Neyman) => format!("{whole}, by Neyman"),
    }
}

fn tell_samples(opened: &Opened) -> Result<u8> {
    let row = |sample: &Sample| vec![sample.name.clone(), sample.title.clone(), size_words(sample), sample.file.clone()];
    print(&Grid::of_texts(&["sample", "title", "size", "file"], opened.library.samples.values().map(row).collect()))?;
    if let Some(said) = Some(opened.diagnostics.to_text_of(|file| file.starts_with("queries/samples/"))).filter(|said| !said.is_empty()) {
        tell_line!("{said}");
    }
    Ok(0)
}

fn print(grid: &Grid) -> Result<()> {
    let mut bytes = Vec::new();
    grid.write(&mut bytes).context(Kind::Bug, || "writing a table")?;
    say!("{}", String::from_utf8_lossy(&bytes));
    Ok(())
}

/// The frame of a sample as of a date, over the lake at the given versions, or those of the current run.
fn frame_of(
    common: &Common,
    opened: &Opened,
    sample: &Sample,
    as_of: Option<jiff::civil::Date>,
    at: Option<&list::ListRecord>,
) -> Result<(Frame, String)> {
    let out = common.out(&opened.directory);
    let cores = surroundings::cores();
    surroundings::runtime(cores)?.block_on(async {
        let memory = common.memory_limit.or_else(surroundings::default_memory);
        let versions = at.map(|record| &record.lake_versions);
        let readers = open::open(&opened.library, &out, as_of, versions, memory, cores).await?;
        let as_of = as_of.map_or_else(|| readers.results.as_of.clone(), |date| date.to_string());
        Ok((samples::frame(&readers.context, &opened.library, sample, readers.moment).await?, as_of))
    })
}

fn draw(common: &Common, arguments: &Arguments, opened: &Opened, sample: &Sample) -> Result<u8> {
    let previous = arguments.previous.as_deref().map(list::read).transpose()?;
    let seed = match (&previous, &arguments.seed) {
        (Some(last), _) => last.record.seed.clone(),
        (None, Some(seed)) if !seed.trim().is_empty() => seed.trim().to_owned(),
        _ => {
            return Err(Error::new(Kind::Configuration, "a drawing needs a seed").with_hint(
                "--seed TEXT: a text that is published at a time announced beforehand and that nobody can choose, such as the numbers of a public \
                 lottery; or --previous DIR, to go on from the list drawn last",
            ));
        }
    };
    if let Some(folder) = &arguments.into {
        score::refuse_results(folder)?;
    }
    // A key that does not open is found before anything is drawn.
    let signer = arguments.key.as_deref().map(|key| signing::Signer::read(key, surroundings::key_password)).transpose()?;
    let out = common.out(&opened.directory);
    let current = Current::read(&out.join("current.json"))?.ok_or_else(|| {
        Error::new(Kind::Environment, format!("there is no current run in {}", out.display())).with_hint("`kaohe run` makes one")
    })?;
    let (frame, as_of) = frame_of(common, opened, sample, common.as_of, None)?;
    if let Some(last) = &previous {
        refuse_other_previous(sample, &last.record, &as_of)?;
    }
    let drawing = sampling::draw(sample, &frame, &seed, previous.as_ref().map(list::Read::members))?;
    let folder = arguments.into.clone().unwrap_or_else(|| out.join("samples").join(&sample.name).join(&as_of));
    if folder.join(list::RECORD).exists() || folder.join(list::LIST).exists() {
        return Err(Error::new(Kind::Configuration, format!("{} holds a list already", folder.display())).with_hint(
            "a list that was drawn stays as it is; name another folder with --into, and the new list will say that it is not the first of its date",
        ));
    }
    let journal = out.join("samples").join("journal.jsonl");
    let drawn_before = drawn_before(&journal, &sample.name, &as_of)?;
    let of = Circumstances { as_of: as_of.clone(), seed: seed.clone(), lake_versions: current.lake_versions, previous, drawn_before };
    let (csv, json) = list::write(sample, &frame, &drawing, &of)?;
    let at = |path: &Path| format!("writing {}", path.display());
    fs::create_dir_all(&folder).context(Kind::Environment, || at(&folder))?;
    // The journal first: a drawing whose list was thrown away has left its line.
    let line = json!({ "sample": sample.name, "as_of": as_of, "seed": seed, "frame": frame.digest(), "record": blake3::hash(&json).to_hex().to_string(),
                       "folder": folder.display().to_string() });
    append(&journal, &line.to_string())?;
    replace_file(&folder.join(list::LIST), &csv)?;
    replace_file(&folder.join(list::RECORD), &json)?;
    if let Some(signer) = &signer {
        signer.sign(&folder.join(list::RECORD), &format!("{} {as_of} {}", sample.name, sample.title))?;
    }
    tell(common, sample, &drawing, &folder, signer.is_some(), &of)?;
    Ok(0)
}

fn refuse_other_previous(sample: &Sample, last: &list::ListRecord, as_of: &str) -> Result<()> {
    if last.sample != sample.name {
        let says = format!("the list before is one of `{}`, not of `{}`", last.sample, sample.name);
        return Err(Error::new(Kind::Configuration, says).with_hint("name the folder of this sample's last list"));
    }
    if last.as_of.as_str() >= as_of {
        let says = format!("the list before is of {}, and this drawing of {as_of}", last.as_of);
        return Err(Error::new(Kind::Configuration, says).with_hint("draw for a later date with --as-of, after a run that has its data"));
    }
    Ok(())
}

/// Seeds of the drawings of a sample for a date that stand in the journal.
fn drawn_before(journal: &Path, sample: &str, as_of: &str) -> Result<Vec<String>> {
    let text = match fs::read_to_string(journal) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        read => read.context(Kind::Environment, || format!("reading {}", journal.display()))?,
    };
    let mut seeds = Vec::new();
    for (line, text) in text.lines().enumerate().filter(|(_, text)| !text.trim().is_empty()) {
        let entry: serde_json::Value = serde_json::from_str(text)
            .context(Kind::Environment, || format!("{}:{}: reading the journal of drawings", journal.display(), line + 1))?;
        if entry["sample"] == sample && entry["as_of"] == as_of {
            seeds.push(entry["seed"].as_str().unwrap_or_default().to_owned());
        }
    }
    Ok(seeds)
}

fn append(journal: &Path, line: &str) -> Result<()> {
    let write = || -> std::io::Result<()> {
        if let Some(folder) = journal.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut file = OpenOptions::new().create(true).append(true).open(journal)?;
        file.write_all(format!("{line}\n").as_bytes())?;
        file.sync_all()?;
        sync_parent(journal)
    };
    write().context(Kind::Environment, || format!("writing {}", journal.display()))
}

fn tell(common: &Common, sample: &Sample, drawing: &Drawing<'_>, folder: &Path, signed: bool, of: &Circumstances) -> Result<()> {
    let rotating = of.previous.is_some();
    let row = |stratum: &sampling::Stratum| {
        let mut cells = vec![stratum.name.clone(), stratum.frame.to_string(), stratum.drawn.to_string()];
        if rotating {
            cells.extend([stratum.kept.to_string(), stratum.retired.to_string()]);
        }
        cells
    };
    let headers = if rotating { &["stratum", "frame", "drawn", "kept", "left"][..] } else { &["stratum", "frame", "drawn"] };
    print(&Grid::of_texts(headers, drawing.strata.iter().map(row).collect()))?;
    if common.quiet {
        return Ok(());
    }
    let drawn: usize = drawing.strata.iter().map(|stratum| stratum.drawn).sum();
    let in_frame: usize = drawing.strata.iter().map(|stratum| stratum.frame).sum();
    let seal = if signed { "signed" } else { "not signed: --key FILE signs" };
    tell_line!("{} {}: {drawn} of {in_frame} drawn for {}, {seal}: {}", sample.name, sample.title, of.as_of, folder.display());
    let short = drawing.strata.iter().filter(|stratum| stratum.drawn < sample.minimum as usize).count();
    if short > 0 {
        tell_line!("{} with fewer than {} members: all of them are in", counted(short, "stratum"), sample.minimum);
    }
    if !of.drawn_before.is_empty() {
        tell_line!(
            "warning: this sample was drawn for {} before ({}); the list says so",
            of.as_of,
            of.drawn_before.iter().map(|seed| format!("seed `{seed}`")).collect::<Vec<_>>().join(", ")
        );
    }
    Ok(())
}

/// Checks a list: what can't be checked is said, what is wrong is an error.
fn verify(common: &Common, arguments: &Arguments, folder: &Path) -> Result<u8> {
    let read = list::read(folder)?;
    let record = &read.record;
    say_line!("{}: list.csv is the list that list.json speaks of", folder.display());
    match &arguments.public_key {
        Some(key) => {
            let comment = signing::verify(&folder.join(list::RECORD), key)?;
            say_line!("signed with the key {}: {comment}", key.display());
        }
        None => say_line!("signature not checked: name the office's key with --public-key FILE"),
    }
    if !record.drawn_before.is_empty() {
        say_line!("{} of this sample for {} came before it", counted(record.drawn_before.len(), "drawing"), record.as_of);
    }
    let opened = common.open()?;
    let sample = sample_of(&opened, &record.sample)?;
    let changed = |says: String| Err(Error::new(Kind::Source, format!("the list can't be drawn again: {says}")));
    if blake3::hash(sample.text.as_bytes()).to_hex().to_string() != record.definition {
        return changed(format!("{} is not the text that it was drawn by", sample.file));
    }
    let previous = match (&arguments.previous, &record.previous) {
        (Some(folder), Some(digest)) => {
            let last = list::read(folder)?;
            if blake3::hash(&last.json).to_hex().to_string() != *digest {
                return changed(format!("{} is not the list that it goes on from", folder.display()));
            }
            Some(last)
        }
        (None, Some(_)) => return changed("it goes on from another list; name its folder with --previous".to_owned()),
        (_, None) => None,
    };
    let as_of = record.as_of.parse().context(Kind::Source, || format!("reading the date of {}", folder.join(list::RECORD).display()))?;
    let (frame, _) = frame_of(common, &opened, sample, Some(as_of), Some(record))?;
    if frame.digest() != record.frame {
        return changed("populations, clocks or the data of that time give another frame now".to_owned());
    }
    let drawing = sampling::draw(sample, &frame, &record.seed, previous.as_ref().map(list::Read::members))?;
    let of = Circumstances {
        as_of: record.as_of.clone(),
        seed: record.seed.clone(),
        lake_versions: record.lake_versions.clone(),
        previous,
        drawn_before: record.drawn_before.clone(),
    };
    let (csv, _) = list::write(sample, &frame, &drawing, &of)?;
    if csv != read.csv {
        let says = "drawn again from the same frame with the same seed it is another list: it was not drawn by this rule";
        return Err(Error::new(Kind::Source, says));
    }
    say_line!("drawn again from {} with the seed `{}`: the same list", counted(frame.rows.len(), "member"), record.seed);
    Ok(0)
}
