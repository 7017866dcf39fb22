//! A run becomes the draft of a release.
//!
//! In: a published run whose period is over; or the last edition, to be corrected. Out: `releases/<period>/draft/`. Never here: figures that the run does not
//! have; a draft in the place of another.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::civil::Date;

use super::files::{self, MANIFEST};
use super::{
    Cited, DRAFT, FORMAT, Head, Program, SEALED, Sealed, Signature, evidence, folder_of, frozen, last_edition, my_turn, read_json, verify,
    write_json,
};
use crate::compute::counting_session::{CountingSession, Limits};
use crate::compute::shared::SharedPopulations;
use crate::error::{Context, Error, Kind, Result};
use crate::explain::evidence::EvidenceInput;
use crate::explain::{self, Policy};
use crate::lake::Lake;
use crate::library::Library;
use crate::library::indicator::Indicator;
use crate::library::scheme::Scheme;
use crate::nightly::journal::{Manifest, RunResults};
use crate::nightly::kept_texts;
use crate::nightly::left::{Left, records_of, scheme_of};
use crate::nightly::loading::shape_of;
use crate::release::signing::Signer;
use crate::release::{Current, hash_tables};
use crate::report;
use crate::terms::{Period, counted};

/// What is asked for.
pub struct CreateRequest<'a> {
    /// Where `lake/`, `runs/` and `releases/` stand.
    pub out: &'a Path,
    /// The period.
    pub period: &'a Period,
    /// The run; none goes on from the last edition, or takes the current run where there is no edition.
    pub run: Option<&'a str>,
    /// Also with sources or indicators that are held: their figures are those of an earlier night.
    pub with_held: bool,
    /// Name of the assessment.
    pub assessment: &'a str,
    /// A sentence at the head of every page.
    pub notice: &'a str,
    /// Who signs what is frozen, and has signed the edition before.
    pub signer: &'a Signer,
    /// The public key of whoever signed the edition before, where it was another.
    pub previous_key: Option<&'a Path>,
    /// Who freezes it.
    pub program: Program<'a>,
    /// The time, as text.
    pub now: &'a str,
    /// Takes what does not fit into memory.
    pub temp: &'a Path,
}

/// Makes the draft and returns its folder.
///
/// # Errors
/// A draft that is there already; an edition before it that is not as it was signed by the same key; a run of another period, that was not published, that is older than the period's end, or whose tables were changed; held
/// sources or indicators without `with_held`.
pub async fn create(request: &CreateRequest<'_>, limits: &Limits<'_>) -> Result<(PathBuf, Head)> {
    let period = request.period.name.as_str();
    let _turn = my_turn(request.out)?;
    let folder = folder_of(request.out, period);
    let draft = folder.join(DRAFT);
    if draft.exists() {
        return Err(Error::new(Kind::Configuration, format!("{} is there already", draft.display()))
            .with_hint("`kaohe release finalise` ends it; a draft that was a mistake is removed by hand, with what was heard"));
    }
    let making = folder.join(".making-draft");
    let made = make(request, limits, (&folder, &making)).await;
    if made.is_err() {
        // Nobody else would tidy up after a refusal; what can't be removed is removed by the next attempt.
        let _ = std::fs::remove_dir_all(&making);
        let _ = std::fs::remove_dir(&folder);
    }
    Ok((draft, made?))
}

/// Makes the draft in `making`, and puts it in its place.
async fn make(request: &CreateRequest<'_>, limits: &Limits<'_>, (folder, making): (&Path, &Path)) -> Result<Head> {
    let period = request.period.name.as_str();
    files::begin_anew(making)?;
    let last = last_edition(request.out, period)?;
    let edition = last.as_ref().map_or(1, |(number, _)| number.saturating_add(1));
    let cites = match &last {
        Some((_, folder)) => Some(cite(request, folder, making).await?),
        None => None,
    };
    let (manifest, held) = match (&last, request.run) {
        (Some((_, edition)), None) => {
            files::copy_all(&edition.join("frozen"), &making.join("frozen"))?;
            (read_json::<Manifest>(&making.join("frozen/manifest.json"))?, Head::read(edition)?.held)
        }
        (_, run) => freeze(request, run, limits, making).await?,
    };
    let head = Head {
        format: FORMAT,
        period: period.to_owned(),
        edition,
        cites,
        run: manifest.run.clone(),
        as_of: manifest.as_of.clone(),
        scheme: manifest.scheme.clone(),
        engine: request.program.engine.to_owned(),
        program: request.program.digest.to_owned(),
        assessment: request.assessment.to_owned(),
        notice: request.notice.to_owned(),
        held,
        created_at: request.now.to_owned(),
        finalised_at: None,
    };
    head.write(making)?;
    let sealed = making.join(SEALED);
    write_json(&sealed, &Sealed::of(making, &head)?)?;
    request.signer.sign(&sealed, &Sealed::comment(&head))?;
    files::put_in_place(making, &folder.join(DRAFT))?;
    Ok(head)
}

/// Looks through the edition that is to be corrected, and takes over its ranks and what was heard.
async fn cite(request: &CreateRequest<'_>, edition: &Path, making: &Path) -> Result<Cited> {
    let head = Head::read(edition)?;
    let signature = request.previous_key.map_or(Signature::By(request.signer), Signature::Of);
    let found = verify(edition, signature, request.program, request.temp, 1).await?;
    if let Some(wrong) = found.wrong.first() {
        return Err(Error::new(Kind::Environment, format!("edition {} is not as it was signed: {wrong}", head.edition))
            .with_hint("bring it back from where it was kept; nothing is built on what was changed"));
    }
    for table in ["ranks.parquet", "values.parquet"] {
        files::copy(&edition.join("tables").join(table), &making.join("cited").join(table))?;
    }
    files::copy_if_there(&edition.join("hearings"), &making.join("hearings"))?;
    Ok(Cited { edition: head.edition, manifest: files::digest(&edition.join(MANIFEST))?, run: head.run })
}

/// Sets apart what scoring read of a run, and its scorecards for the units; returns what is held in it.
async fn freeze(request: &CreateRequest<'_>, run: Option<&str>, limits: &Limits<'_>, making: &Path) -> Result<(Manifest, Vec<String>)> {
    let out = request.out;
    let current = Current::read(&out.join("current.json"))?;
    let run = match (run, &current) {
        (Some(run), _) => run.to_owned(),
        (None, Some(current)) => current.run.0.clone(),
        (None, None) => {
            return Err(Error::new(Kind::Configuration, format!("there is no current run in {}", out.display()))
                .with_hint(format!("`kaohe run --period {}` makes one", request.period.name)));
        }
    };
    let (manifest, results) = records_of(out, &run)?;
    let folder = out.join("runs").join(&run);
    let held = check_run(request, &manifest, &results)?;
    let changed = changed_tables(&folder, &results)?;
    if !changed.is_empty() {
        return Err(Error::new(Kind::Environment, format!("not as the run {run} left them: {}", changed.join(", ")))
            .with_hint("run once more, and release that run"));
    }
    let library = kept_texts::library_of(out, &manifest)?;
    let scheme = scheme_of(&manifest, &library)?;
    let left = Left::read(&library, out, &run, limits).await?;
    // What can't be scored again to what was shown would be signed without anybody being able to check it.
    let again = left.score(&scheme.clone().undrawn(), &library)?;
    let published = report::read_totals(&folder.join("tables"))?;
    let computed: BTreeMap<_, _> =
        again.ranks.iter().filter_map(|rank| Some(((rank.unit.clone(), rank.domain.clone()), rank.total?.normalize()))).collect();
    let shown: BTreeMap<_, _> = published.into_iter().map(|(object, total)| (object, total.normalize())).collect();
    let differs = computed.keys().chain(shown.keys()).find(|object| computed.get(*object) != shown.get(*object));
    if let Some((unit, _)) = differs {
        let says = format!("the total of `{unit}` can't be computed again from what the run {run} left");
        return Err(Error::new(Kind::Environment, says)
            .with_hint("an older kaohe made the run, or its folder was changed: run once more, and release that run"));
    }
    let frozen = making.join("frozen");
    frozen::freeze(&folder, &results, &library, &left, &frozen)?;
    freeze_evidence(request, &manifest, (&library, &scheme), &left, limits, &frozen).await?;
    let added = evidence::add_up(&frozen::read(&frozen, request.temp).await?, &frozen, &again)?;
    if let Some(first) = added.wrong.first() {
        let says = format!("{} not what the records of the lake add up to: {first}", counted(added.wrong.len(), "figure"));
        return Err(Error::new(Kind::Environment, says)
            .with_hint("the lake or the texts of the run were changed (run once more, and release that run), or the indicator's SELECT leaves groups out"));
    }
    files::copy_all(&folder.join("report/units"), &making.join("units"))?;
    Ok((manifest, held))
}

/// Writes the keys of the records behind every figure of the scheme, from the lake at the run's versions.
async fn freeze_evidence(
    request: &CreateRequest<'_>,
    manifest: &Manifest,
    (library, scheme): (&Library, &Scheme),
    left: &Left,
    limits: &Limits<'_>,
    frozen: &Path,
) -> Result<()> {
    let folder = frozen.join(evidence::FOLDER);
    files::begin_anew(&folder)?;
    let lake = Lake::open(&request.out.join("lake"))?;
    let snapshot = lake.pin_at(&manifest.lake_versions).await?;
    let shapes: Vec<_> = library.tables.values().map(shape_of).collect();
    let counting = CountingSession::open(&lake, &snapshot, library, &shapes, left.as_of, limits).await?;
    let mut shared = SharedPopulations::new(&counting.context, library, limits.spill.to_owned(), &|| 0.0);
    let policy = Policy::of(scheme);
    let is_wanted = |indicator: &&Indicator| policy.indicators.contains(&indicator.id) && !left.is_held(&indicator.id);
    let indicators = library.indicators.values().filter(is_wanted).collect();
    let input = EvidenceInput { library, policy: &policy, indicators, period: &left.period, as_of: left.as_of, folder: &folder };
    let written = explain::evidence::evidence(&mut shared, &input).await?;
    write_json(&frozen.join(evidence::LIST), &written)
}

/// Result tables that are not what the run says it wrote.
fn changed_tables(folder: &Path, results: &RunResults) -> Result<Vec<String>> {
    if results.table_hashes.is_empty() {
        return Err(Error::new(Kind::Configuration, format!("the run {} does not tell the digests of its tables", results.run))
            .with_hint("an older kaohe made it: run once more, and release that run"));
    }
    let found = hash_tables(folder)?;
    let differs = |(table, hash): &(&String, &String)| found.get(*table) != Some(hash);
    Ok(results.table_hashes.iter().filter(differs).map(|(table, _)| table.clone()).collect())
}

fn check_run(request: &CreateRequest<'_>, manifest: &Manifest, results: &RunResults) -> Result<Vec<String>> {
    let (run, period) = (&manifest.run, request.period);
    let wrong = |says: String, hint: String| Err(Error::new(Kind::Configuration, says).with_hint(hint));
    if manifest.period != period.name {
        let says = format!("the run {run} speaks about {}, and the release about {}", manifest.period, period.name);
        let hint = format!("say --period {}, or name a run of {} with --run (`kaohe runs` lists them)", manifest.period, period.name);
        return wrong(says, format!("{hint}; `kaohe run --period {}` makes one", period.name));
    }
    if !results.is_published() {
        return wrong(format!("the run {run} was not published"), "`kaohe runs` says why; release one that readers have seen".to_owned());
    }
    let as_of: Date = manifest.as_of.parse().context(Kind::Environment, || format!("reading the run {run}"))?;
    let last = period.last.last_day();
    if as_of < last {
        let says = format!("the run {run} is as of {as_of}, and the period ends on {last}");
        return wrong(says, format!("a period is released when it is over: `kaohe run --as-of {last} --period {}`", period.name));
    }
    let tables = results.tables.iter().filter(|(_, table)| table.held.is_some()).map(|(name, _)| name);
    let held: Vec<String> = tables.chain(results.held_indicators.keys()).cloned().collect();
    if !held.is_empty() && !request.with_held {
        let says = format!("{} held in the run {run}: {}", counted(held.len(), "thing"), held.join(", "));
        return wrong(
            says,
            "mend the sources and run, or release with their earlier figures by --with-held: the record then names them".to_owned(),
        );
    }
    Ok(held)
}
