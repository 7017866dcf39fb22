//! An edition looked through by somebody who has nothing else: digests, signature, and every score computed again.
//!
//! In: the folder of an edition, the public key of the office. Out: what was checked and what is not as it should be. Never here: the project, the lake, a network.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use arrow::array::{RecordBatch, RecordBatchReader};
use arrow::compute::{cast, concat_batches};

use super::corrected::correct_and_score;
use super::edition::{comment_of, input_of};
use super::evidence::Added;
use super::files::{self, MANIFEST, Manifest, SIGNATURE};
use super::{Head, Program, evidence, frozen, hearing, read_json};
use crate::error::{Context, Error, Kind, Result};
use crate::release::signing::{self, Signer};
use crate::report;
use crate::report::tables::parquet::open_table;
use crate::report::tables::tables_of_release;

/// Whose signature is asked for.
#[derive(Clone, Copy)]
pub enum Signature<'a> {
    /// That of the key in this file.
    Of(&'a Path),
    /// That of the key that is at hand.
    By(&'a Signer),
    /// Nobody's: it is not looked at.
    Unasked,
}

/// What was checked.
#[derive(Debug)]
pub struct Verified {
    /// The edition.
    pub head: Head,
    /// Files that are listed.
    pub files: usize,
    /// What the signature says besides; none where it was not asked for.
    pub signed: Option<String>,
    /// Rows of each table that were computed again.
    pub tables: Vec<(String, usize)>,
    /// Public files that were written again and are the same to the byte; none where another program made them.
    pub pages: Option<usize>,
    /// What the keys of the records add up to.
    pub evidence: Added,
    /// What is not as it should be.
    pub wrong: Vec<String>,
}

/// Checks an edition; `temp` takes what is written again.
///
/// # Errors
/// A folder that is no edition, a key that can't be read.
pub async fn verify(folder: &Path, signature: Signature<'_>, program: Program<'_>, temp: &Path, threads: usize) -> Result<Verified> {
    if [MANIFEST, "frozen"].iter().all(|part| folder.join(part).exists()) && !folder.join("release.json").is_file() {
        return Err(Error::new(Kind::Source, format!("not as it was signed: {} has no release.json any more", folder.display())));
    }
    let head = Head::read(folder)?;
    if head.finalised_at.is_none() {
        return Err(Error::new(Kind::Configuration, format!("{} is a draft: no ranking of it is signed yet", folder.display()))
            .with_hint("`kaohe release finalise` makes an edition of it"));
    }
    let mut verified = Verified {
        files: 0,
        signed: None,
        tables: Vec::new(),
        pages: None,
        evidence: Added::default(),
        wrong: files::strangers(folder)?,
        head,
    };
    let listed: Vec<&str> = [MANIFEST, SIGNATURE].into_iter().filter(|name| !folder.join(name).is_file()).collect();
    verified.wrong.extend(listed.iter().map(|name| format!("{name} is missing")));
    if !verified.wrong.is_empty() {
        return Ok(verified);
    }
    let Ok(manifest) = read_json::<Manifest>(&folder.join(MANIFEST)) else {
        verified.wrong.push(format!("{MANIFEST} is damaged"));
        return Ok(verified);
    };
    verified.files = manifest.files.len();
    verified.wrong = manifest.differences(&Manifest::of(folder)?);
    let signed = said_by(folder, signature)?;
    if let Some(said) = signed.as_ref().filter(|said| **said != comment_of(&verified.head)) {
        verified.wrong.push(format!("the signature speaks of `{said}`, and release.json of `{}`", comment_of(&verified.head)));
    }
    verified.signed = signed;
    if !verified.wrong.is_empty() {
        // What was changed may compute to anything.
        return Ok(verified);
    }
    let matters = hearing::all(folder)?;
    for matter in matters.values() {
        let papers = matter.document.iter().chain(matter.decisions.iter().map(|decision| &decision.document));
        for paper in papers {
            let path = folder.join("hearings").join(format!("{:04}", matter.number)).join(&paper.file);
            if !files::digest(&path).is_ok_and(|digest| digest == paper.blake3) {
                verified.wrong.push(format!("{} of the matter {} is not the paper that was taken", paper.file, matter.number));
            }
        }
    }
    let place = folder.join("frozen");
    let mut frozen = frozen::read(&place, temp).await?;
    let scored = correct_and_score(&mut frozen, folder, &matters, verified.head.edition)?;
    verified.evidence = evidence::add_up(&frozen, &place, &scored.before)?;
    verified.wrong.append(&mut verified.evidence.wrong);
    let input = input_of(&verified.head, &frozen, scored, &matters, folder)?;
    let mut tables = BTreeSet::new();
    for table in tables_of_release(&input)? {
        let path = format!("tables/{}.parquet", table.name);
        let stored = stored(&folder.join(&path))?;
        let is_same_program = is_made_by(&verified.head, program);
        verified.wrong.extend(difference(&table.batch, &stored, &path, is_same_program));
        verified.tables.push((table.name.to_owned(), table.rows_total));
        tables.insert(path);
    }
    let unknown = manifest.files.keys().filter(|path| path.starts_with("tables/") && !tables.contains(*path));
    verified.wrong.extend(unknown.map(|path| format!("{path} is no table of a release")));
    written_again(&mut verified, &input, folder, program, (temp, threads))?;
    Ok(verified)
}

/// What was checked of the part of an edition that everybody may have.
#[derive(Debug)]
pub struct VerifiedPublic {
    /// Files that are listed.
    pub files: usize,
    /// What the signature says besides: which edition of which run; none where it was not asked for.
    pub signed: Option<String>,
    /// What is not as it should be.
    pub wrong: Vec<String>,
}

/// Checks a copy of an edition's `public/`: digests and signature. Its scores can't be computed again, for what they rest on is not public; none where the folder
/// is no such copy.
///
/// # Errors
/// A folder or key that can't be read.
pub fn verify_public(folder: &Path, signature: Signature<'_>) -> Result<Option<VerifiedPublic>> {
    let is_copy =
        !folder.join("release.json").exists() && [MANIFEST, SIGNATURE, "record.html"].iter().all(|name| folder.join(name).is_file());
    if !is_copy {
        return Ok(None);
    }
    let manifest: Manifest = read_json(&folder.join(MANIFEST))?;
    let mut wrong = files::strangers(folder)?;
    wrong.extend(manifest.differences(&Manifest::of(folder)?));
    Ok(Some(VerifiedPublic { files: manifest.files.len(), signed: said_by(folder, signature)?, wrong }))
}

/// What the signature of a list says besides.
fn said_by(folder: &Path, signature: Signature<'_>) -> Result<Option<String>> {
    match signature {
        Signature::Of(key) => signing::verify(&folder.join(MANIFEST), key).map(Some),
        Signature::By(signer) => signer.verify(&folder.join(MANIFEST)).map(Some),
        Signature::Unasked => Ok(None),
    }
}

/// Writes the public tree again. What the same program wrote is the same to the byte; of another build the figures are held against each other, and the words not.
fn written_again(
    verified: &mut Verified,
    input: &report::ReportInput,
    folder: &Path,
    program: Program<'_>,
    (temp, threads): (&Path, usize),
) -> Result<()> {
    let again = temp.join("again");
    report::write_public(input, &again, threads)?;
    let made = files::below(&again.join("public"))?;
    let public = files::below(&folder.join("public"))?;
    let is_same_program = is_made_by(&verified.head, program);
    for (path, place) in &made {
        let there = folder.join("public").join(path);
        let says_other = match is_same_program {
            true => !fs::read(place).and_then(|again| Ok(again == fs::read(&there)?)).unwrap_or(false),
            // Another build writes the same figures into other bytes.
            false if path.ends_with(".parquet") => {
                public.contains_key(path) && !difference(&stored(place)?, &stored(&there)?, path, false).is_empty()
            }
            false => false,
        };
        if says_other {
            verified.wrong.push(format!("public/{path} says something else than the frozen figures"));
        }
    }
    let is_listed = |path: &&String| !made.contains_key(*path) && *path != MANIFEST && *path != SIGNATURE;
    verified.wrong.extend(public.keys().filter(is_listed).map(|path| format!("public/{path} is no file of a release")));
    verified.pages = is_same_program.then_some(made.len());
    Ok(())
}

fn is_made_by(head: &Head, program: Program<'_>) -> bool {
    (head.engine.as_str(), head.program.as_str()) == (program.engine, program.digest)
}

fn stored(path: &Path) -> Result<RecordBatch> {
    let doing = || format!("reading {}", path.display());
    let reader = open_table(path)?;
    let schema = reader.schema();
    let batches = reader.collect::<std::result::Result<Vec<_>, _>>().context(Kind::Environment, doing)?;
    concat_batches(&schema, &batches).context(Kind::Environment, doing)
}

/// Columns of a table that are not what is computed again. Another build may know other columns: those that both have are held against each other.
fn difference(again: &RecordBatch, stored: &RecordBatch, path: &str, is_same_program: bool) -> Vec<String> {
    if again.num_rows() != stored.num_rows() {
        return vec![format!("{path} has {} rows, and {} are computed again", stored.num_rows(), again.num_rows())];
    }
    let mut wrong = Vec::new();
    let names: BTreeSet<String> = [again, stored]
        .iter()
        .flat_map(|batch| batch.schema().fields().iter().map(|field| field.name().clone()).collect::<Vec<_>>())
        .collect();
    for name in names {
        let same = match (again.column_by_name(&name), stored.column_by_name(&name)) {
            (Some(again), Some(stored)) => cast(again, stored.data_type()).is_ok_and(|again| again.to_data() == stored.to_data()),
            _ => !is_same_program,
        };
        if !same {
            wrong.push(format!("`{name}` of {path} is not what is computed again"));
        }
    }
    wrong
}
