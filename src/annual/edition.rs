//! A draft that was heard becomes an edition: corrected, ranked anew, written, listed, signed.
//!
//! In: the draft, a key. Out: `releases/<period>/<edition>/`, complete or not at all. Never here: a matter that is not decided; a change of an edition.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::corrected::{Scored, correct_and_score};
use super::files::{self, MANIFEST, Manifest};
use super::frozen::{self, Frozen};
use super::hearing::{self, Matter, MatterKind};
use super::{Head, draft_of, folder_of, write_json};
use crate::error::{Context, Error, Kind, Result};
use crate::lake::{create_folders, sync_parent, sync_tree};
use crate::nightly::publishing::{Texts, indicator_views, line_events, marks, region_names, scheme_view};
use crate::release::signing::Signer;
use crate::report::{self, ReportInput, input::Edition};
use crate::scoring::audit::audit;
use crate::scoring::whatif::{Move, moves};
use crate::terms::{RunId, counted};

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
    /// Version of kaohe.
    pub engine: &'a str,
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
    /// Figures that decisions changed, and objects that moved.
    pub errata: (usize, usize),
    /// Ranked objects of all.
    pub ranked: (usize, usize),
}

/// Makes the edition; the draft is gone afterwards.
///
/// # Errors
/// No draft, matters that are not decided, a change that can't be made, a folder that can't be written.
pub async fn finalise(request: &FinaliseRequest<'_>) -> Result<Finalised> {
    let draft = draft_of(request.out, request.period)?;
    let matters = hearing::all(&draft)?;
    let open: Vec<String> = matters.values().filter(|matter| matter.decision.is_none()).map(|matter| matter.number.to_string()).collect();
    if !open.is_empty() {
        return Err(Error::new(Kind::Configuration, format!("{} not decided: {}", counted(open.len(), "matter"), open.join(", ")))
            .with_hint("each needs a `[[decision]]` with reason, approver and document: `kaohe release comment FILE`"));
    }
    let parent = folder_of(request.out, request.period);
    let draft_head = Head::read(&draft)?;
    let folder = parent.join(draft_head.edition.to_string());
    if folder.exists() {
        return Err(Error::new(Kind::Configuration, format!("{} is there already, and an edition is never replaced", folder.display())));
    }
    let making = parent.join(".making-edition");
    if making.exists() {
        fs::remove_dir_all(&making).context(Kind::Environment, || format!("removing {}", making.display()))?;
    }
    create_folders(&making).context(Kind::Environment, || format!("creating {}", making.display()))?;
    for part in ["frozen", "hearings", "units"] {
        let from = draft.join(part);
        if from.is_dir() {
            files::copy_all(&from, &making.join(part))?;
        }
    }
    let head = Head { engine: request.engine.to_owned(), finalised_at: Some(request.now.to_owned()), ..draft_head };
    head.write(&making)?;
    let mut frozen = frozen::read(&making.join("frozen"), request.temp).await?;
    let scored = correct_and_score(&mut frozen, &matters)?;
    let input = input_of(&head, &frozen, scored, &matters);
    report::write_release(&input, &making, request.threads)?;
    let manifest = making.join(MANIFEST);
    write_json(&manifest, &Manifest::of(&making)?)?;
    request.signer.sign(&manifest, &comment_of(&head))?;
    files::make_read_only(&making)?;
    let doing = || format!("making {}", folder.display());
    sync_tree(&making).context(Kind::Environment, doing)?;
    fs::rename(&making, &folder).and_then(|()| sync_parent(&folder)).context(Kind::Environment, doing)?;
    fs::remove_dir_all(&draft)
        .context(Kind::Environment, || format!("removing {}, whose edition is {}", draft.display(), folder.display()))?;
    let edition = input.edition.as_ref().expect("an edition was put in");
    let ranks = &input.scorecards.ranks;
    let ranked = (ranks.iter().filter(|rank| rank.rank.is_some()).count(), ranks.len());
    Ok(Finalised { errata: (edition.figures.len(), edition.moved.len()), head, folder, ranked })
}

/// What the signature says besides.
pub fn comment_of(head: &Head) -> String {
    format!("kaohe release {} edition {} of run {}", head.period, head.edition, head.run)
}

/// What pages and tables of an edition show.
pub fn input_of(head: &Head, frozen: &Frozen, scored: Scored, matters: &BTreeMap<u32, Matter>) -> ReportInput {
    let Frozen { manifest, library, scheme, left, lineage } = frozen;
    let Scored { before, after, figures } = scored;
    let texts = Texts { library, scheme, period: &left.period, as_of: left.as_of, seed: manifest.seed };
    let of_kind = |kind: MatterKind| matters.values().filter(|matter| matter.kind == kind).count();
    let final_on = head.finalised_at.as_deref().unwrap_or_default();
    let moved = moves(&before, &after).into_iter().filter(Move::is_a_move);
    let edition = Edition {
        number: head.edition,
        corrects: head.cites.as_ref().map(|cited| cited.edition),
        final_on: final_on.split('T').next().unwrap_or_default().to_owned(),
        heard: [of_kind(MatterKind::Comment), of_kind(MatterKind::Appeal), of_kind(MatterKind::Exclusion)],
        held: head.held.clone(),
        moved: if figures.is_empty() { Vec::new() } else { moved.collect() },
        figures,
    };
    ReportInput {
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
    }
}
