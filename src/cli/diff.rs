//! `kaohe diff`: what moved between two runs, and because of what.
//!
//! In: two runs of one project. Out: what was read and by what texts, whose total and rank moved, each move split by cause; as text, and with `--into` as
//! Parquet and a page. Never here: comparing, a result of a run.

use std::path::{Path, PathBuf};

use clap::Args;
use rust_decimal::Decimal;

use super::sql::Grid;
use super::surroundings::Reading;
use super::{Common, runs, say_grid, score, surroundings};
use crate::error::{Context, Error, Kind, Result};
use crate::nightly::difference::difference;
use crate::report::difference::page;
use crate::report::tables::parquet::write_tables;
use crate::report::tables::tables_of_difference;
use crate::scoring::difference::{ByCause, CAUSES, Cause, Difference, ObjectChange};
use crate::terms::counted;

/// Flags of `kaohe diff`.
#[derive(Args)]
pub struct Arguments {
    /// The earlier run; default: the one that was published before AFTER
    before: Option<String>,
    /// The later run; default: the current one
    after: Option<String>,
    /// Rows that are printed of each list; 0 prints all
    #[arg(long, default_value_t = 20)]
    rows: usize,
    /// Folder that takes `difference.html` and the tables `diff_objects`, `diff_indicators`, `diff_tables`, `diff_texts` as Parquet
    #[arg(long, value_name = "DIR")]
    into: Option<PathBuf>,
}

/// Compares and prints.
pub fn diff(common: &Common, arguments: &Arguments) -> Result<u8> {
    if let Some(folder) = &arguments.into {
        score::refuse_results(folder)?;
    }
    let directory = common.directory()?;
    let out = common.out(&directory);
    let (before, after) = names(&out, arguments)?;
    let reading = Reading::of(common, &out)?;
    let found = surroundings::runtime(reading.cores)?.block_on(difference(&out, &before, &after, &reading.limits()))?;
    print(&found, arguments.rows)?;
    if let Some(folder) = &arguments.into {
        let files = write_tables(&tables_of_difference(&found)?, folder, 1)?;
        let path = folder.join("difference.html");
        std::fs::write(&path, page(&found)?).context(Kind::Environment, || format!("writing {}", path.display()))?;
        tell_line!("{} and {}", counted(files.len(), "table"), path.display());
    }
    Ok(0)
}

/// The two runs, by name; those that readers saw last where nothing is said.
fn names(out: &Path, arguments: &Arguments) -> Result<(String, String)> {
    let after = match &arguments.after {
        Some(run) => run.clone(),
        None => runs::current(out)?.run.0,
    };
    let before = match &arguments.before {
        Some(run) => run.clone(),
        None => runs::published(out)?.into_iter().filter(|run| *run < after).max().ok_or_else(|| {
            Error::new(Kind::Configuration, format!("no run was published before {after}"))
                .with_hint("name two runs: kaohe diff BEFORE AFTER; `kaohe runs` lists them")
        })?,
    };
    Ok((before, after))
}

fn points(points: Decimal) -> String {
    if points.is_zero() { "·".to_owned() } else { format!("{:+}", points.round_dp(2).normalize()) }
}

fn shown<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| value.to_string())
}

fn arrow(before: String, after: String) -> String {
    if before == after { after } else { format!("{before} → {after}") }
}

/// Prints a list, and how much of it was left out.
fn list(headers: &[&str], rows: Vec<Vec<String>>, most: usize) -> Result<()> {
    let all = rows.len();
    if all == 0 {
        return Ok(());
    }
    let most = if most == 0 { all } else { most.min(all) };
    say_grid(&Grid::of_texts(headers, rows.into_iter().take(most).collect()))?;
    if most < all {
        say_line!("{most} of {all} rows; --rows 0 prints all");
    }
    Ok(())
}

fn print(found: &Difference, most: usize) -> Result<()> {
    for (word, side) in [("from", &found.before), ("to", &found.after)] {
        say_line!("{word:<8} {} as of {}, period {}, scheme {}, kaohe {}", side.run, side.as_of, side.period, side.scheme, side.engine);
    }
    if found.is_nothing() {
        say_line!("nothing changed: the same records, texts and program, and the same results to the byte");
        return Ok(());
    }
    let or_none = |count: usize, word: &str| if count == 0 { format!("no {word}") } else { counted(count, word) };
    say_line!("\nread     {} with other rows, {} that changed", or_none(found.tables.len(), "table"), or_none(found.texts.len(), "text"));
    let rows = found.tables.iter().map(|table| {
        vec![table.table.clone(), arrow(shown(table.rows.0), shown(table.rows.1)), arrow(shown(table.version.0), shown(table.version.1))]
    });
    list(&["table", "rows", "version in the lake"], rows.collect(), most)?;
    let rows = found.texts.iter().map(|text| {
        let moves = text.cause.map_or("no score", Cause::word);
        vec![format!("queries/{}", text.file), text.how.to_owned(), moves.to_owned(), text.names.join(", ")]
    });
    list(&["text", "is", "moves", "names"], rows.collect(), most)?;
    if !found.units.is_empty() {
        say_line!("\nunits    {}", counted(found.units.len(), "unit"));
        let rows =
            found.units.iter().map(|(id, name, is_new)| vec![id.clone(), name.clone(), (if *is_new { "new" } else { "gone" }).to_owned()]);
        list(&["unit", "name", "is"], rows.collect(), most)?;
    }
    say_line!("\nvalues   {} with other values", or_none(found.indicators.len(), "indicator"));
    let rows = found.indicators.iter().map(|change| {
        let causes: Vec<&str> = change.causes.iter().map(|cause| cause.word()).collect();
        let moved = format!("{} of {}", change.moved.0, change.moved.1);
        vec![change.indicator.clone(), moved, change.points.round_dp(2).normalize().to_string(), causes.join(", ")]
    });
    list(&["indicator", "values", "points moved", "because of"], rows.collect(), most)?;
    let of_rank = found.objects.iter().filter(|object| object.moved.rank.0 != object.moved.rank.1).count();
    say_line!("\nscores   {} of {} moved, {of_rank} in rank", found.objects.len(), counted(found.all_objects, "scorecard"));
    say_line!("         points moved, all together: {}", by_cause(found.by_cause(), |points| points.round_dp(2).normalize().to_string()));
    list(&["unit", "domain", "rank", "total", "grade", "because of", "lines"], found.objects.iter().map(object).collect(), most)?;
    Ok(())
}

/// Points by cause in words, those that moved nothing left out.
fn by_cause(by_cause: ByCause, sign: fn(Decimal) -> String) -> String {
    let moved = CAUSES.iter().zip(by_cause).filter(|(_, points)| !points.is_zero());
    let said: Vec<String> = moved.map(|(cause, moved)| format!("{} {}", cause.word(), sign(moved))).collect();
    if said.is_empty() { "none".to_owned() } else { said.join(", ") }
}

fn object(object: &ObjectChange) -> Vec<String> {
    let moved = &object.moved;
    let total = |total: Option<Decimal>| shown(total.map(|total| total.normalize()));
    let lines: Vec<String> = moved.because.iter().take(3).map(|(line, moved)| format!("{line} {}", points(*moved))).collect();
    vec![
        moved.unit.clone(),
        moved.domain.clone(),
        arrow(shown(moved.rank.0), shown(moved.rank.1)),
        arrow(total(moved.total.0), total(moved.total.1)),
        arrow(shown(moved.grade.0.as_ref()), shown(moved.grade.1.as_ref())),
        object.by_cause.map_or_else(|| "one run has no total".to_owned(), |causes| by_cause(causes, points)),
        lines.join("; "),
    ]
}
