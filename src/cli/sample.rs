//! `kaohe sample`: draws the enterprise panel and the lists for checks on the spot, and checks a list that was drawn.
//!
//! In: a sample of `queries/samples/`, the tables of the current run, a seed that was published beforehand, the list drawn last. Out: a folder with
//! `list.csv`, `list.json` and, with a key, `list.json.minisig`; a line in `samples/journal.jsonl`. Never here: choice by hand; a drawing that leaves
//! no trace, since whoever may draw until the list suits has chosen it.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Deserialize;
use serde_json::json;

use super::sql::{Grid, open};
use super::{Common, Opened, runs, say_grid, score, surroundings};
use crate::compute::samples;
use crate::error::{Context, Error, Kind, Result};
use crate::lake::{replace_file, sync_parent, turn};
use crate::library::Library;
use crate::library::sample::{Allocation, Sample, Size};
use crate::release::signing;
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
    /// Public key that must have signed the list of --verify, and that of --previous
    #[arg(long, value_name = "FILE")]
    public_key: Option<PathBuf>,
}

/// Lists samples, draws one, makes keys, or checks a list.
pub fn sample(common: &Common, arguments: &Arguments) -> Result<u8> {
    if let Some(key) = &arguments.make_keys {
        if let Ok(project) = common.directory() {
            let folder = key.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            super::release::refuse_key_inside(folder, &[&project, &common.out(&project)])
                .map_err(|error| error.while_doing(format!("making {}", key.display())))?;
        }
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
    say_grid(&Grid::of_texts(&["sample", "title", "size", "file"], opened.library.samples.values().map(row).collect()))?;
    if let Some(said) = Some(opened.diagnostics.to_text_of(|file| file.starts_with("queries/samples/"))).filter(|said| !said.is_empty()) {
        tell_line!("{said}");
    }
    Ok(0)
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
        let own = &readers.results.as_of;
        let as_of = as_of.map_or_else(|| own.clone(), |date| date.to_string());
        if as_of > *own {
            return Err(Error::new(Kind::Configuration, format!("the current run knows the facts of {own}, and {as_of} is later"))
                .with_hint("run for that date first, or draw for an earlier one; without --as-of a list is drawn for the run's date"));
        }
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
    let current = runs::current(&out)?;
    let (frame, as_of) = frame_of(common, opened, sample, common.as_of, None)?;
    // Two drawings at once would both be the next of the same line.
    let samples = out.join("samples");
    let _turn = turn(&samples).context(Kind::Environment, || format!("waiting for other drawings in {}", samples.display()))?;
    let journal = Journal::read(&out.join("samples").join("journal.jsonl"))?;
    if let (Some(last), Some(folder)) = (&previous, &arguments.previous) {
        refuse_other_previous(sample, &last.record, &as_of)?;
        refuse_unknown_previous(&journal, last, folder, arguments.public_key.as_deref())?;
    }
    let drawing = sampling::draw(sample, &frame, &seed, previous.as_ref().map(list::Read::members))?;
    let folder = arguments.into.clone().unwrap_or_else(|| out.join("samples").join(&sample.name).join(&as_of));
    // Who goes on from a list has its seed; who draws afresh with a seed for a second date has had a choice.
    let fresh_seed = previous.is_none().then_some(seed.as_str());
    let of = Circumstances {
        as_of: as_of.clone(),
        seed: seed.clone(),
        lake_versions: current.lake_versions,
        drawn_before: journal.drawn(sample, |entry| entry.as_of == as_of || fresh_seed == Some(entry.seed.as_str())),
        history: journal.drawn(sample, |_| true),
        journal: journal.head.clone(),
        is_shipped: is_shipped(sample)?,
        library: library_digest(opened),
        previous,
    };
    let (csv, record) = list::write(sample, &frame, &drawing, &of)?;
    if folder.join(list::RECORD).exists() || folder.join(list::LIST).exists() {
        return sign_again(&folder, &record, signer.as_ref());
    }
    if fs::read_dir(&folder).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(Error::new(Kind::Configuration, format!("{} is not empty", folder.display()))
            .with_hint("a list has a folder of its own: name a new one with --into"));
    }
    // The journal first: a drawing whose list was thrown away has left its line.
    let json = record.to_json()?;
    journal.append(&record, &json, &folder)?;
    keep(&folder, &csv, &json, signer.as_ref(), &trusted_comment(&record))?;
    tell(common, sample, &drawing, &folder, signer.is_some(), &of)?;
    Ok(0)
}

fn trusted_comment(record: &list::ListRecord) -> String {
    format!("{} {} {}", record.sample, record.as_of, record.title)
}

/// Whether the sample's text is the one that kaohe ships.
fn is_shipped(sample: &Sample) -> Result<bool> {
    let (shipped, _) = Library::read(None)?;
    Ok(shipped.samples.get(&sample.name).is_some_and(|shipped| shipped.text == sample.text))
}

/// Digest of every file of the library, by path.
fn library_digest(opened: &Opened) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in opened.library.files.iter().flat_map(|(path, text)| [path, text]) {
        hasher.update(&(part.len() as u64).to_le_bytes()).update(part.as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

/// Puts all files of a list into its folder at once: none of them is there without the others.
fn keep(folder: &Path, csv: &[u8], json: &[u8], signer: Option<&signing::Signer>, comment: &str) -> Result<()> {
    let at = || format!("writing {}", folder.display());
    let above = folder.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(above).context(Kind::Environment, at)?;
    let aside = tempfile_beside(above, folder);
    let _ = fs::remove_dir_all(&aside);
    fs::create_dir(&aside).context(Kind::Environment, at)?;
    let written = replace_file(&aside.join(list::LIST), csv)
        .and_then(|()| replace_file(&aside.join(list::RECORD), json))
        .and_then(|()| signer.map_or(Ok(()), |signer| signer.sign(&aside.join(list::RECORD), comment)))
        .and_then(|()| fs::rename(&aside, folder).context(Kind::Environment, at))
        .and_then(|()| sync_parent(folder).context(Kind::Environment, at));
    if written.is_err() {
        let _ = fs::remove_dir_all(&aside);
    }
    written
}

fn tempfile_beside(above: &Path, folder: &Path) -> PathBuf {
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    above.join(format!(".{name}.{}.part", std::process::id()))
}

/// A list that stands there already is signed when it is the one that would be drawn; nothing else happens to it.
fn sign_again(folder: &Path, drawn: &list::ListRecord, signer: Option<&signing::Signer>) -> Result<u8> {
    let stands = list::read(folder)?;
    let is_same = stands.record.list == drawn.list && stands.record.seed == drawn.seed && stands.record.frame == drawn.frame;
    match signer.filter(|_| is_same && !signing::signature_of(&folder.join(list::RECORD)).exists()) {
        Some(signer) => {
            signer.sign(&folder.join(list::RECORD), &trusted_comment(&stands.record))?;
            tell_line!("signed the list that stood there: {}", folder.display());
            Ok(0)
        }
        None => Err(Error::new(Kind::Configuration, format!("{} holds a list already", folder.display())).with_hint(
            "a list that was drawn stays as it is; name another folder with --into, and the new list will say that it is not the first of its date",
        )),
    }
}

/// A list to go on from is one that this project drew, or one that a key vouches for: whoever could write one by hand would choose the members.
fn refuse_unknown_previous(journal: &Journal, last: &list::Read, folder: &Path, public_key: Option<&Path>) -> Result<()> {
    if let Some(key) = public_key {
        return signing::verify(&folder.join(list::RECORD), key).map(|_| ());
    }
    let digest = blake3::hash(&last.json).to_hex().to_string();
    if journal.entries.iter().any(|entry| entry.record == digest) {
        return Ok(());
    }
    Err(Error::new(
        Kind::Source,
        format!("{} is no list that this project has drawn: {} does not know it", folder.display(), journal.path.display()),
    )
    .with_hint("name the folder of the list as it was drawn; a list that was drawn elsewhere needs its signature: --public-key FILE"))
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

/// What was drawn: one line a drawing, each with the digest of the line before.
struct Journal {
    path: PathBuf,
    entries: Vec<Entry>,
    /// Digest of the last line; empty where there is none.
    head: String,
}

#[derive(Deserialize)]
struct Entry {
    sample: String,
    as_of: String,
    seed: String,
    /// Digest of `list.json`.
    record: String,
    /// Digest of the line before.
    after: String,
}

impl Journal {
    fn read(path: &Path) -> Result<Self> {
        let mut journal = Self { path: path.to_owned(), entries: Vec::new(), head: String::new() };
        let text = match fs::read_to_string(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(journal),
            read => read.context(Kind::Environment, || format!("reading {}", path.display()))?,
        };
        for (line, text) in text.lines().enumerate() {
            let place = || format!("{}:{}", path.display(), line + 1);
            let entry: Entry =
                serde_json::from_str(text).context(Kind::Environment, || format!("{}: reading the journal of drawings", place()))?;
            if entry.after != journal.head {
                return Err(Error::new(Kind::Source, format!("{}: a line before this one was changed or taken out", place()))
                    .with_hint("put the journal of drawings back from the backup: it is a chain, so that no drawing can be forgotten"));
            }
            journal.head = blake3::hash(text.as_bytes()).to_hex().to_string();
            journal.entries.push(entry);
        }
        Ok(journal)
    }

    /// Drawings of a sample: date and seed.
    fn drawn(&self, sample: &Sample, wanted: impl Fn(&Entry) -> bool) -> Vec<String> {
        let of_sample = self.entries.iter().filter(|entry| entry.sample == sample.name && wanted(entry));
        of_sample.map(|entry| format!("{}, seed `{}`", entry.as_of, entry.seed)).collect()
    }

    fn append(&self, record: &list::ListRecord, json: &[u8], folder: &Path) -> Result<()> {
        let line = json!({ "sample": record.sample, "as_of": record.as_of, "seed": record.seed, "frame": record.frame,
                           "record": blake3::hash(json).to_hex().to_string(), "folder": folder.display().to_string(), "after": self.head });
        let write = || -> std::io::Result<()> {
            if let Some(folder) = self.path.parent() {
                fs::create_dir_all(folder)?;
            }
            let mut file = OpenOptions::new().create(true).append(true).open(&self.path)?;
            file.write_all(format!("{line}\n").as_bytes())?;
            file.sync_all()?;
            sync_parent(&self.path)
        };
        write().context(Kind::Environment, || format!("writing {}", self.path.display()))
    }
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
    say_grid(&Grid::of_texts(headers, drawing.strata.iter().map(row).collect()))?;
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
            "warning: this sample was drawn for that date or with that seed before ({}); the list says so",
            of.drawn_before.join("; ")
        );
    }
    Ok(())
}

/// Checks a list: what can't be checked is said, what is wrong is an error.
fn verify(common: &Common, arguments: &Arguments, folder: &Path) -> Result<u8> {
    let read = list::read(folder)?;
    let record = &read.record;
    say_line!("{}: list.csv is the list that list.json speaks of", folder.display());
    let is_signed = signing::signature_of(&folder.join(list::RECORD)).is_file();
    match &arguments.public_key {
        Some(_) if !is_signed => {
            return Err(Error::new(Kind::Source, format!("{} is not signed", folder.display()))
                .with_hint("draw with --key FILE; a list that stands there already is signed by the same command with --key"));
        }
        Some(key) => {
            let comment = signing::verify(&folder.join(list::RECORD), key)?;
            say_line!("signed with the key {}: {comment}", key.display());
        }
        None if is_signed => say_line!("signature not checked: name the office's key with --public-key FILE"),
        None => say_line!("not signed"),
    }
    if !record.drawn_before.is_empty() {
        say_line!("not the first: {}", record.drawn_before.join("; "));
    }
    if !record.is_shipped {
        say_line!("drawn by the project's own text of the sample, not the one that kaohe ships");
    }
    let opened = common.open()?;
    if record.library != library_digest(&opened) {
        say_line!("populations, clocks or parameters have changed since; what follows says whether the frame is still the same");
    }
    let previous = arguments.previous.as_deref().map(list::read).transpose()?;
    if let (Some(last), Some(folder)) = (&previous, &arguments.previous) {
        let journal = Journal::read(&common.out(&opened.directory).join("samples").join("journal.jsonl"))?;
        refuse_unknown_previous(&journal, last, folder, arguments.public_key.as_deref())?;
    }
    let members = draw_again(common, &opened, &read, previous)?;
    say_line!("drawn again from {} with the seed `{}`: the same list", counted(members, "member"), record.seed);
    Ok(0)
}

/// Draws a list again and compares; the number of members of its frame.
fn draw_again(common: &Common, opened: &Opened, read: &list::Read, previous: Option<list::Read>) -> Result<usize> {
    let record = &read.record;
    let sample = sample_of(opened, &record.sample)?;
    let changed = |says: String| Err(Error::new(Kind::Source, format!("the list can't be drawn again: {says}")));
    if blake3::hash(sample.text.as_bytes()).to_hex().to_string() != record.definition {
        return changed(format!("{} is not the text that it was drawn by", sample.file));
    }
    match (&previous, &record.previous) {
        (Some(last), Some(digest)) if blake3::hash(&last.json).to_hex().to_string() != *digest => {
            return changed("the list that --previous names is not the one that it goes on from".to_owned());
        }
        (None, Some(_)) => return changed("it goes on from another list; name its folder with --previous".to_owned()),
        _ => {}
    }
    let as_of = record.as_of.parse().context(Kind::Source, || "reading the date of the list".to_owned())?;
    let (frame, _) = frame_of(common, opened, sample, Some(as_of), Some(record))?;
    if frame.digest() != record.frame {
        return changed("populations, clocks or the data of that time give another frame now".to_owned());
    }
    let previous = previous.filter(|_| record.previous.is_some());
    let drawing = sampling::draw(sample, &frame, &record.seed, previous.as_ref().map(list::Read::members))?;
    let of = Circumstances {
        as_of: record.as_of.clone(),
        seed: record.seed.clone(),
        lake_versions: record.lake_versions.clone(),
        previous,
        drawn_before: record.drawn_before.clone(),
        history: record.history.clone(),
        journal: record.journal.clone(),
        is_shipped: record.is_shipped,
        library: record.library.clone(),
    };
    let (csv, again) = list::write(sample, &frame, &drawing, &of)?;
    if csv != read.csv {
        let says = "drawn again from the same frame with the same seed it is another list: it was not drawn by this rule";
        return Err(Error::new(Kind::Source, says));
    }
    if (list::ListRecord { kaohe: record.kaohe.clone(), ..again }) != *record {
        return Err(Error::new(Kind::Source, "the list is as it was drawn, but list.json says otherwise of how: it was edited"));
    }
    Ok(frame.rows.len())
}
