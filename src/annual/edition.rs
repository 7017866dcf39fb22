//! A draft that was heard becomes an edition: corrected, ranked anew, written, listed, signed.
//!
//! In: the draft, a key. Out: `releases/<period>/<edition>/`, complete or not at all. Never here: a matter that is not decided; a change of an edition.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::corrected::{Scored, correct_and_score};
use super::files::{self, MANIFEST, Manifest};
use super::frozen::{self, Frozen};
use super::hearing::{self, Matter, MatterKind};
use super::{Head, Program, Sealed, Signature, draft_of, folder_of, my_turn, verify, write_json};
use crate::error::{Context, Error, Kind, Result};
use crate::nightly::publishing::{Texts, indicator_views, line_events, marks, region_names, scheme_view};
use crate::release::signing::Signer;
use crate::report::input::Edition;
use crate::report::tables::parquet::Shown;
use crate::report::{self, ReportInput, read_shown};
use crate::scoring::audit::audit;
use crate::scoring::tables::{Rank, Scorecards};
use crate::scoring::whatif::{Move, moves};
use crate::terms::{RunId, UnitId, counted};

/// What is asked for.
pub struct FinaliseRequest<'a> {
    /// Where `releases/` stands.
    pub out: &'a Path,
    /// The period.
    pub period: &'a str,
    /// Who signs.
    pub signer: &'a Signer,
    /// The time, as text.
    pub now: &'a str,
    /// Who makes the edition.
    pub program: Program<'a>,
    /// Takes what does not fit into memory.
    pub temp: &'a Path,
    /// Cores.
    pub threads: usize,
}

/// What became of it.
pub struct Finalised {
    /// The edition.
    pub head: Head,
    /// Its folder.
    pub folder: PathBuf,
    /// What the hearing changed, as the record says it.
    pub edition: Edition,
    /// What was decided in this hearing, a line each: what the signature stands for.
    pub decisions: Vec<String>,
    /// Ranked objects of all.
    pub ranked: (usize, usize),
}

/// Makes the edition; the draft is gone afterwards.
///
/// # Errors
/// No draft, one that is not what the key has sealed, matters that are not decided, a change that can't be made, nothing that differs from the edition before, a
/// folder that can't be written.
pub async fn finalise(request: &FinaliseRequest<'_>) -> Result<Finalised> {
    let _turn = my_turn(request.out)?;
    let draft = draft_of(request.out, request.period)?;
    let matters = hearing::all(&draft)?;
    let open: Vec<String> = matters.values().filter(|matter| matter.is_open()).map(|matter| matter.number.to_string()).collect();
    if !open.is_empty() {
        return Err(Error::new(Kind::Configuration, format!("{} not decided: {}", counted(open.len(), "matter"), open.join(", ")))
            .with_hint("each needs a `[[decision]]` with reason, approver and document: `kaohe release comment FILE`"));
    }
    let parent = folder_of(request.out, request.period);
    let draft_head = Head::read(&draft)?;
    let folder = parent.join(draft_head.edition.to_string());
    if folder.exists() {
        return Err(Error::new(Kind::Configuration, format!("{} is there already, and an edition is never replaced", folder.display()))
            .with_hint("a process ended before it removed the draft: if `kaohe release verify` finds that edition in order, remove the draft by hand"));
    }
    Sealed::check(&draft, &draft_head, request.signer)?;
    let is_decided_here = |matter: &Matter| matter.decisions.iter().any(|decision| decision.edition == draft_head.edition);
    if draft_head.cites.as_ref().is_some_and(|cited| cited.run == draft_head.run) && !matters.values().any(is_decided_here) {
        let says = "nothing was decided since the edition that this one is to correct, and it is of the same run";
        return Err(Error::new(Kind::Configuration, says).with_hint("an edition that says the same would only be taken for another"));
    }
    let making = parent.join(".making-edition");
    files::begin_anew(&making)?;
    for part in ["frozen", "hearings", "cited"] {
        files::copy_if_there(&draft.join(part), &making.join(part))?;
    }
    let (engine, program) = (request.program.engine.to_owned(), request.program.digest.to_owned());
    let head = Head { engine, program, finalised_at: Some(request.now.to_owned()), ..draft_head };
    head.write(&making)?;
    let mut frozen = frozen::read(&making.join("frozen"), request.temp).await?;
    let scored = correct_and_score(&mut frozen, &making, &matters, head.edition)?;
    let input = input_of(&head, &frozen, scored, &matters, &making)?;
    report::write_release(&input, &making, request.threads)?;
    // Who has only what was published can tell that it is what was published.
    let public = making.join("public");
    write_json(&public.join(MANIFEST), &Manifest::of(&public)?)?;
    request.signer.sign(&public.join(MANIFEST), &comment_of(&head))?;
    let manifest = making.join(MANIFEST);
    write_json(&manifest, &Manifest::of(&making)?)?;
    request.signer.sign(&manifest, &comment_of(&head))?;
    // What is signed is what whoever verifies it will find, the papers of the hearing with it; else nothing has the name of an edition.
    let found = verify(&making, Signature::By(request.signer), request.program, request.temp, request.threads).await?;
    if let Some(wrong) = found.wrong.first() {
        return Err(Error::new(Kind::Environment, format!("what was heard is not as it was taken: {wrong}"))
            .with_hint("bring `draft/hearings` back from a backup; it is written by `kaohe release comment` alone"));
    }
    files::make_read_only(&making)?;
    files::put_in_place(&making, &folder)?;
    fs::remove_dir_all(&draft)
        .context(Kind::Environment, || format!("removing {}, whose edition is {}", draft.display(), folder.display()))?;
    files::make_folders_read_only(&folder).map_err(|error| error.with_hint("the edition itself is complete"))?;
    let ranks = &input.scorecards.ranks;
    let ranked = (ranks.iter().filter(|rank| rank.rank.is_some()).count(), ranks.len());
    let decisions = matters.values().filter(|matter| is_decided_here(matter)).map(Matter::in_words).collect();
    Ok(Finalised { decisions, edition: input.edition.expect("an edition was put in"), head, folder, ranked })
}

/// What the signature says besides.
pub fn comment_of(head: &Head) -> String {
    format!("kaohe release {} edition {} of run {}", head.period, head.edition, head.run)
}

/// What pages and tables of an edition show, which stands or is being made in `folder`.
///
/// # Errors
/// Ranks of the edition that it corrects that can't be read.
pub fn input_of(head: &Head, frozen: &Frozen, scored: Scored, matters: &BTreeMap<u32, Matter>, folder: &Path) -> Result<ReportInput> {
    let Frozen { manifest, library, scheme, left, lineage } = frozen;
    let Scored { before, after, figures } = scored;
    let texts = Texts { library, scheme, period: &left.period, as_of: left.as_of, seed: manifest.seed };
    let of_kind = |kind: MatterKind| matters.values().filter(|matter| matter.kind == kind).count();
    let final_on = head.finalised_at.as_deref().unwrap_or_default();
    let moved = match &head.cites {
        Some(_) => moves_since(&folder.join("cited/ranks.parquet"), &after)?,
        None => moves(&before, &after),
    };
    let edition = Edition {
        number: head.edition,
        corrects: head.cites.as_ref().map(|cited| cited.edition),
        final_on: final_on.split('T').next().unwrap_or_default().to_owned(),
        heard: [of_kind(MatterKind::Comment), of_kind(MatterKind::Appeal), of_kind(MatterKind::Exclusion)],
        held: head.held.clone(),
        moved: moved.into_iter().filter(Move::is_a_move).collect(),
        figures,
    };
    Ok(ReportInput {
        assessment: head.assessment.clone(),
        notice: head.notice.clone(),
        period: left.period.clone(),
        as_of: left.as_of,
        run_id: RunId(head.run.clone()),
        engine_version: head.engine.clone(),
        lake_versions: manifest.lake_versions.clone(),
        scheme: scheme_view(&texts),
        indicators: indicator_views(library),
        lineage: lineage.clone(),
        regions: region_names(library),
        line_events: line_events(scheme, &left.events, &after),
        units: left.units.clone(),
        audit: audit(scheme, &after),
        scorecards: after,
        measures: left.measures.clone(),
        synergy: left.synergy.clone(),
        burden: left.burden.clone(),
        tables: library.tables.values().map(|table| (table.name.clone(), table.title.clone())).collect(),
        marks: marks(library, left.as_of),
        edition: Some(edition),
        reconciliation: Vec::new(),
        reconciled: Default::default(),
        verification: Vec::new(),
        declarations: Vec::new(),
        held_below: BTreeMap::new(),
        records: Default::default(),
        detected: Default::default(),
        charts: Vec::new(),
        effects: Default::default(),
        detectors: Vec::new(),
        accounting: Vec::new(),
        quarantine_reasons: Vec::new(),
        warnings: Vec::new(),
        unit_remarks: Vec::new(),
        held: Vec::new(),
        not_reported: Vec::new(),
        previous: None,
    })
}

/// Everybody in the ranks of an earlier edition, and now.
fn moves_since(path: &Path, after: &Scorecards) -> Result<Vec<Move>> {
    let earlier = read_shown(path)?;
    let key = |rank: &Rank| (rank.unit.clone(), rank.domain.clone());
    let shown = |rank: &Rank| (rank.peer_group.clone(), rank.total, rank.rank, rank.grade.clone());
    let now: BTreeMap<(UnitId, String), Shown> = after.ranks.iter().map(|rank| (key(rank), shown(rank))).collect();
    let objects: BTreeSet<&(UnitId, String)> = earlier.keys().chain(now.keys()).collect();
    let one = |object: &(UnitId, String)| {
        let of = |shown: Option<&Shown>| {
            let (group, total, rank, grade) = shown.cloned().unwrap_or_default();
            (group, total.map(|total| total.normalize()), rank, grade)
        };
        let (was, is) = (of(earlier.get(object)), of(now.get(object)));
        Move {
            unit: object.0.0.clone(),
            domain: object.1.clone(),
            peer_group: (was.0, is.0),
            total: (was.1, is.1),
            rank: (was.2, is.2),
            grade: (was.3, is.3),
            because: Vec::new(),
        }
    };
    Ok(objects.into_iter().map(one).collect())
}
