//! `kaohe explain --packet`: the packet of an appeal, in a folder.
//!
//! In: an explanation of the current run, the run itself, a figure that the unit says is right. Out: the folder. Never here: what is in it (that is
//! `report::packet`); a change of the run.

use std::collections::BTreeSet;
use std::path::Path;

use super::super::surroundings::Reading;
use super::super::{Common, Opened, score, surroundings};
use crate::error::{Context, Error, Kind, Result};
use crate::explain::Explanation;
use crate::lake::create_folders;
use crate::library::Library;
use crate::nightly::correcting::{Corrected, Correction, figure_of, published, read_figure};
use crate::nightly::journal::Manifest;
use crate::nightly::kept_texts;
use crate::nightly::left::{Left, records_of, scheme_of};
use crate::report::names::file_name;
use crate::report::packet::{Granted, Packet, files};
use crate::scoring::whatif::moves;
use crate::terms::counted;

/// What is asked for.
pub struct Asked<'a> {
    /// Where the packet goes.
    pub folder: &'a Path,
    /// Files of the library that the explained figures rest on.
    pub definitions: &'a BTreeSet<String>,
    /// The current run.
    pub run: &'a str,
    /// The figure that is said to be right.
    pub granted: Option<&'a str>,
    /// Where the unit has several scorecards.
    pub domain: Option<&'a str>,
}

/// Writes the packet.
pub fn write(common: &Common, opened: &Opened, explanation: &Explanation, asked: &Asked<'_>) -> Result<u8> {
    score::refuse_results(asked.folder)?;
    if std::fs::read_dir(asked.folder).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(Error::new(Kind::Configuration, format!("{} is not empty", asked.folder.display()))
            .with_hint("a packet stands alone, so that nothing of another one is taken for its own: name a new folder"));
    }
    let out = common.out(&opened.directory);
    let (manifest, _) = records_of(&out, asked.run)?;
    // The texts that the run has read, also when they have changed since.
    let library = kept_texts::library_of(&out, &manifest)?;
    let granted = asked.granted.map(|figure| if_granted(common, &out, (&manifest, &library), explanation, asked, figure)).transpose()?;
    let page = out.join("runs").join(asked.run).join("report/units").join(file_name(&explanation.unit)).join("index.html");
    let packet = Packet {
        explanation,
        library: &library,
        definitions: asked.definitions,
        page: std::fs::read(&page).ok(),
        run: asked.run,
        engine: surroundings::ENGINE,
        granted: granted.as_ref(),
    };
    let files = files(&packet)?;
    for (name, bytes) in &files {
        let path = asked.folder.join(name);
        let doing = || format!("writing {}", path.display());
        if let Some(parent) = path.parent() {
            create_folders(parent).context(Kind::Environment, doing)?;
        }
        std::fs::write(&path, bytes).context(Kind::Environment, doing)?;
    }
    say_line!("{} in {}; contents.txt lists them", counted(files.len(), "file"), asked.folder.display());
    if let Some(granted) = granted {
        let moved = granted.moves.iter().filter(|one| one.is_a_move()).count();
        say_line!("if granted: {moved} of {} would move", counted(granted.moves.len(), "scorecard"));
    }
    Ok(0)
}

/// Everybody as the run was scored, and as it would be scored with the figure.
fn if_granted(
    common: &Common,
    out: &Path,
    (manifest, library): (&Manifest, &Library),
    explanation: &Explanation,
    asked: &Asked<'_>,
    figure: &str,
) -> Result<Granted> {
    let [explained] = explanation.indicators.as_slice() else {
        let says = format!("`{}` has several scorecards with the indicator", explanation.unit);
        return Err(Error::new(Kind::Configuration, says).with_hint("say which with --domain"));
    };
    let indicator = explained.value.indicator.clone();
    let scheme = scheme_of(manifest, library)?.undrawn();
    let reading = Reading::of(common, out)?;
    let mut left = surroundings::runtime(reading.cores)?.block_on(Left::read(library, out, asked.run, &reading.limits()))?;
    let before = left.score(&scheme, library)?;
    let correction = Correction {
        unit: explanation.unit.clone(),
        domain: asked.domain.map(str::to_owned).or_else(|| Some(explained.value.domain.clone())),
        figure: read_figure(figure, library, &indicator)?,
        indicator,
    };
    let was = figure_of(published(&before, &correction)?, library);
    Corrected::default().correct(&mut left, (library, &scheme), &before, &correction)?;
    let after = left.score(&scheme, library)?;
    Ok(Granted {
        was: was.map(|was| was.to_string()).unwrap_or_default(),
        figure: figure.to_owned(),
        moves: moves(&before, &after),
        names: left.units.iter().map(|unit| (unit.id.0.clone(), unit.name.clone())).collect(),
    })
}
