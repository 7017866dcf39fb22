//! `kaohe explain --packet`: the packet of an appeal, in a folder.
//!
//! In: an explanation of the current run, the run itself, a figure that the unit says is right. Out: the folder. Never here: what is in it (that is
//! `report::packet`); a change of the run.

use std::collections::BTreeSet;
use std::path::Path;

use super::super::{Common, Opened, score, surroundings};
use crate::compute::counting_session::Limits;
use crate::error::{Context, Error, Kind, Result};
use crate::explain::Explanation;
use crate::lake::{SpillFolder, create_folders};
use crate::library::Library;
use crate::nightly::correcting::{Corrected, Correction, read_figure};
use crate::nightly::kept_texts;
use crate::nightly::left::{Left, records_of, scheme_of};
use crate::report::names::file_name;
use crate::report::packet::{Granted, Packet, files};
use crate::scoring::score_without_ledger;
use crate::scoring::whatif::{Move, moves};
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
    let mut names = Vec::new();
    let all: Option<Vec<Move>> = match asked.granted {
        Some(figure) => {
            let (left, moves) = granted(common, &out, &library, explanation, asked, figure)?;
            names = left.units;
            Some(moves)
        }
        None => None,
    };
    let page = out.join("runs").join(asked.run).join("report/units").join(file_name(&explanation.unit)).join("index.html");
    let packet = Packet {
        explanation,
        library: &library,
        definitions: asked.definitions,
        page: std::fs::read(&page).ok(),
        run: asked.run,
        engine: surroundings::ENGINE,
        granted: asked.granted.zip(all.as_deref()).map(|(figure, moves)| Granted {
            was: shown(explanation),
            figure,
            moves,
            names: names.iter().map(|unit| (unit.id.as_ref(), unit.name.as_str())).collect(),
        }),
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
    if let Some(all) = all {
        let moved = all.iter().filter(|one| one.is_a_move()).count();
        say_line!("if granted: {moved} of {} would move", counted(all.len(), "scorecard"));
    }
    Ok(0)
}

/// The explained figure as it is.
fn shown(explanation: &Explanation) -> String {
    let value = explanation.indicators.first().map(|explained| &explained.value);
    match value.map(|value| (value.numerator, value.denominator)) {
        Some((Some(numerator), Some(denominator))) => format!("{}/{}", numerator.normalize(), denominator.normalize()),
        _ => value.and_then(|value| value.value).map(|value| value.normalize().to_string()).unwrap_or_default(),
    }
}

/// Everybody as the run was scored, and as it would be scored with the figure.
fn granted(
    common: &Common,
    out: &Path,
    library: &Library,
    explanation: &Explanation,
    asked: &Asked<'_>,
    figure: &str,
) -> Result<(Left, Vec<Move>)> {
    let [explained] = explanation.indicators.as_slice() else {
        let says = format!("`{}` has several scorecards with the indicator", explanation.unit);
        return Err(Error::new(Kind::Configuration, says).with_hint("say which with --domain"));
    };
    let indicator = explained.value.indicator.clone();
    let (manifest, _) = records_of(out, asked.run)?;
    let mut scheme = scheme_of(&manifest, library)?;
    scheme.uncertainty.draws = 0;
    let cores = surroundings::cores();
    let spill = SpillFolder::new(&out.join("lake"), &format!("reader-{}", std::process::id()))?;
    let memory = common.memory_limit.or_else(surroundings::default_memory);
    let limits = Limits { memory, spill: spill.path(), partitions: cores };
    let mut left = surroundings::runtime(cores)?.block_on(Left::read(library, out, asked.run, &limits))?;
    let before = score_without_ledger(&left.input(&scheme, &library.indicators))?;
    let correction = Correction {
        unit: explanation.unit.clone(),
        domain: asked.domain.map(str::to_owned).or_else(|| Some(explained.value.domain.clone())),
        figure: read_figure(figure, library, &indicator)?,
        indicator,
    };
    Corrected::default().correct(&mut left, (library, &scheme), &before, &correction)?;
    let after = score_without_ledger(&left.input(&scheme, &library.indicators))?;
    let all = moves(&before, &after);
    Ok((left, all))
}
