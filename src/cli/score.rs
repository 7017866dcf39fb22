//! `kaohe score`: the scoring stage on any table of values.
//!
//! In: a table (unit, indicator, value, …) and a scheme. Out: the ranking on standard output; with `--out`, all tables as Parquet and a
//! manifest that says of which files they are. Never here: months, laws of indicators, the network.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use rust_decimal::Decimal;
use serde_json::json;

use super::Common;
use super::sql::Grid;
use crate::diagnostics::Diagnostics;
use crate::error::{Context, Error, Kind, Result};
use crate::library::Library;
use crate::library::indicator::Indicator;
use crate::library::scheme::{Scheme, read_table_scheme};
use crate::report::tables::parquet::write_tables;
use crate::report::tables::{ResultTable, tables_of_scores};
use crate::scoring::audit::{self, Audit};
use crate::scoring::table::{self, ValueTable};
use crate::scoring::tables::Scorecards;
use crate::terms::{IndicatorId, counted};

/// Flags of `kaohe score`.
#[derive(Args)]
pub struct Arguments {
    /// Table of values, CSV or Parquet: unit, indicator, value (or numerator, denominator); where they exist standard_error, group, domain, name
    #[arg(long, value_name = "FILE")]
    values: PathBuf,
    /// The scheme: a tree of weights, and for each indicator how a value becomes a score
    #[arg(long, value_name = "FILE")]
    scheme: PathBuf,
    /// `table` for people, `csv` for programs
    #[arg(long, default_value = "table", value_parser = ["table", "csv"])]
    format: String,
}

/// Scores, prints the ranking, and writes the tables where `--out` says so.
pub fn score(common: &Common, arguments: &Arguments) -> Result<u8> {
    // The headers of the shipped library say which way is better; a table may have other indicators.
    let (library, _) = Library::read(None)?;
    let scheme = read_scheme(&arguments.scheme, &library)?;
    if let Some(out) = &common.out {
        refuse_results(out)?;
    }
    let values = table::read::read(&arguments.values)?;
    if values.rows.is_empty() {
        return Err(Error::new(Kind::Source, format!("{}: there is no row below the header", arguments.values.display()))
            .with_hint("one row a unit and indicator: unit, indicator, value"));
    }
    let mismatches = table::mismatches(&values, &scheme);
    for mismatch in mismatches.iter().filter(|_| !common.quiet) {
        tell_line!("warning: {}: {mismatch}", arguments.values.display());
    }
    let cards = table::score(&values, &scheme, &library.indicators)?;
    let audit = audit::audit(&scheme, &cards);
    let ranking = ranking(&values, &cards);
    let mut text = Vec::new();
    if arguments.format == "csv" {
        let mut writer = csv::Writer::from_writer(&mut text);
        let written = writer.write_record(HEADERS).and_then(|()| ranking.iter().try_for_each(|row| writer.write_record(row)));
        written.context(Kind::Bug, || "writing the ranking")?;
        drop(writer);
    } else {
        Grid::of_texts(&HEADERS, ranking).write(&mut text).context(Kind::Bug, || "writing the ranking")?;
    }
    say!("{}", String::from_utf8_lossy(&text));
    if arguments.format == "table" && !common.quiet {
        audit.remarks.iter().for_each(|remark| tell_line!("{remark}"));
    }
    if let Some(out) = &common.out {
        write(out, arguments, &scheme, &cards, &audit)?;
        if !common.quiet {
            tell_line!("{}: {}", counted(cards.ranks.len(), "unit"), out.display());
        }
    }
    Ok(0)
}

/// Refuses a folder that holds results which readers see: what is written there would pass for them.
pub(super) fn refuse_results(folder: &Path) -> Result<()> {
    let folder = std::path::absolute(folder).context(Kind::Environment, || format!("finding {}", folder.display()))?;
    let of_results = |above: &&Path| above.join("current.json").is_file() || above.join("lake").is_dir();
    let Some(above) = folder.ancestors().find(of_results) else { return Ok(()) };
    let inside = folder.strip_prefix(above).unwrap_or(&folder);
    let is_taken = inside.as_os_str().is_empty() || ["runs", "lake"].iter().any(|own| inside.starts_with(own));
    if is_taken {
        let message = format!("{} belongs to the results of a run, and what is written there would pass for one", folder.display());
        return Err(Error::new(Kind::Configuration, message).with_hint("name a folder of its own"));
    }
    Ok(())
}

/// Reads a scheme for any table; one with errors is told and not used.
pub(super) fn read_scheme(path: &Path, library: &Library) -> Result<Scheme> {
    scheme_of_file(path, library, read_table_scheme)
}

/// How a scheme's text is read: name, file, text, headers of the library.
type ReadScheme = fn(&str, &str, &str, &BTreeMap<IndicatorId, Indicator>, &mut Diagnostics) -> Option<Scheme>;

/// Reads a scheme's file by `read`; one with errors is told and not used.
pub(super) fn scheme_of_file(path: &Path, library: &Library, read: ReadScheme) -> Result<Scheme> {
    let file = path.display().to_string();
    let text = fs::read_to_string(path).context(Kind::Configuration, || format!("reading the scheme {file}"))?;
    let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or("scheme").to_owned();
    let mut diagnostics = Diagnostics::default();
    let scheme = read(&name, &file, &text, &library.indicators, &mut diagnostics);
    if !diagnostics.is_empty() {
        tell_line!("{}", diagnostics.to_text());
    }
    let refused = || Error::new(Kind::Configuration, format!("the scheme {file} has {}", counted(diagnostics.errors(), "error")));
    match scheme {
        Some(scheme) if diagnostics.errors() == 0 => Ok(scheme),
        _ => Err(refused().with_hint("nothing was scored")),
    }
}

const HEADERS: [&str; 9] = ["peer_group", "rank", "rank_interval", "of", "unit", "domain", "total", "grade", "withheld"];

/// The ranking: peer groups by name, in each the ranked by rank and total, then the others.
fn ranking(values: &ValueTable, cards: &Scorecards) -> Vec<Vec<String>> {
    let mut ranks: Vec<_> = cards.ranks.iter().collect();
    ranks.sort_by(|a, b| {
        let place = |rank: Option<u32>| rank.unwrap_or(u32::MAX);
        (&a.peer_group, place(a.rank), b.total, &a.unit, &a.domain).cmp(&(&b.peer_group, place(b.rank), a.total, &b.unit, &b.domain))
    });
    let name = |unit: &str, domain: &str| {
        let facts = values.units.get(&(unit.to_owned(), domain.to_owned()));
        facts
            .and_then(|facts| facts.name.clone())
            .map_or_else(|| unit.to_owned(), |name| if name == unit { name } else { format!("{unit} {name}") })
    };
    let text = |amount: Option<Decimal>| amount.map(|amount| amount.to_string()).unwrap_or_default();
    let row = |rank: &crate::scoring::tables::Rank| {
        vec![
            rank.peer_group.clone(),
            rank.rank.map(|rank| rank.to_string()).unwrap_or_default(),
            rank.uncertainty.map(|open| format!("{}-{}", open.interval.best, open.interval.worst)).unwrap_or_default(),
            rank.ranked_units.to_string(),
            name(rank.unit.as_ref(), &rank.domain),
            rank.domain.clone(),
            text(rank.total),
            rank.grade.clone().unwrap_or_default(),
            rank.withheld.clone().unwrap_or_default(),
        ]
    };
    ranks.into_iter().map(row).collect()
}

/// Writes all tables and the manifest into a folder beside, and moves them in once all are there.
fn write(out: &Path, arguments: &Arguments, scheme: &Scheme, cards: &Scorecards, audit: &Audit) -> Result<()> {
    let environment = |what: &str, path: &Path| format!("{what} {}", path.display());
    fs::create_dir_all(out).context(Kind::Environment, || environment("creating", out))?;
    let staged = staging_in(out)?;
    let mut tables: Vec<ResultTable> = tables_of_scores(cards, scheme.nodes.iter().map(|node| node.id.as_str()))?;
    tables.extend(crate::report::tables::tables_of_audit(audit)?);
    let files = write_tables(&tables, &staged, 1)?;
    let digest = |path: &Path| -> Result<String> {
        let bytes = fs::read(path).context(Kind::Environment, || environment("reading", path))?;
        Ok(blake3::hash(&bytes).to_hex().to_string())
    };
    let manifest = json!({
        "kind": "scores of a table by `kaohe score`; no run, and no part of a release",
        "engine": concat!("kaohe ", env!("CARGO_PKG_VERSION")),
        "scheme": { "file": arguments.scheme.display().to_string(), "blake3": digest(&arguments.scheme)? },
        "values": { "file": arguments.values.display().to_string(), "blake3": digest(&arguments.values)? },
        "tables": files.iter().map(|file| (file.name.clone(), json!({ "rows": file.rows, "blake3": file.blake3 }))).collect::<BTreeMap<_, _>>(),
    });
    let path = staged.join("manifest.json");
    let text = serde_json::to_string_pretty(&manifest).context(Kind::Bug, || "writing the manifest")?;
    fs::write(&path, text + "\n").context(Kind::Environment, || environment("writing", &path))?;
    let names: Vec<String> = files.iter().map(|file| format!("{}.parquet", file.name)).chain(["manifest.json".to_owned()]).collect();
    for name in names {
        fs::rename(staged.join(&name), out.join(&name)).context(Kind::Environment, || environment("moving into", out))?;
    }
    fs::remove_dir(&staged).context(Kind::Environment, || environment("removing", &staged))
}

/// A folder inside `out` that nothing else uses.
fn staging_in(out: &Path) -> Result<PathBuf> {
    let staged = out.join(format!(".writing-{}", std::process::id()));
    fs::create_dir_all(&staged).context(Kind::Environment, || format!("creating {}", staged.display()))?;
    Ok(staged)
}
