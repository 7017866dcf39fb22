//! `kaohe whatif`: other weights, another scheme, a corrected figure; and what each rank hangs on.
//!
//! In: what the current run or an earlier one left, or any table of values; a scheme, changes of it, corrections. Out: who moves and why, the new
//! distribution, which curves reach their ends, what the scheme does; with `--draws` how much of each rank is chance and how much choice. Never here: results: every line and every row says that it is not
//! for publication, and nothing that readers see changes.

mod basis;

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use rust_decimal::Decimal;

use super::sql::Grid;
use super::{Common, say_grid, score, surroundings};
use crate::error::{Context, Error, Kind, Result};
use crate::library::scheme::{Scheme, TOTAL, Weights, read_scheme};
use crate::report::tables::parquet::write_tables;
use crate::report::tables::tables_of_whatif;
use crate::scoring::audit::audit;
use crate::scoring::tables::Scorecards;
use crate::scoring::whatif::{CurveUse, Move, Shares, Variation, curves, moves, shares};
use crate::terms::counted;
use basis::Basis;

/// Flags of `kaohe whatif`.
#[derive(Args)]
pub struct Arguments {
    /// Another scheme; default: the project's
    #[arg(long, value_name = "FILE")]
    scheme: Option<PathBuf>,
    /// A table of values in the place of the current run's (as for `kaohe score`; then --scheme is needed)
    #[arg(long, value_name = "FILE")]
    values: Option<PathBuf>,
    /// An earlier run instead of the current one, such as last year's: how would a draft have come out?
    #[arg(long, value_name = "RUN", conflicts_with = "values")]
    run: Option<String>,
    /// Another weight: `law.court_attendance_rate=2`, or a group's; its siblings share the rest in proportion. As often as needed
    #[arg(long, value_name = "ID=POINTS")]
    weight: Vec<String>,
    /// A corrected figure: `330114SJ/market.filing_within_7d=48/50` (UNIT/INDICATOR=NUMERATOR/DENOMINATOR, or =VALUE; UNIT/DOMAIN/INDICATOR where the
    /// unit has several scorecards). Those who answer for the unit move with it. As often as needed
    #[arg(long, value_name = "UNIT/INDICATOR=FIGURE")]
    correct: Vec<String>,
    /// Rank everybody so often with everything that may be otherwise drawn: cases, missing scores, curves (±5 points), weights (±25 %), means. 1500
    /// tells tenths of the variance apart, 10000 twentieths
    #[arg(long, value_name = "N", default_value_t = 0)]
    draws: usize,
    /// Where the random numbers begin
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Rows that are printed; 0 prints all
    #[arg(long, default_value_t = 20)]
    rows: usize,
    /// `table` for people, `csv` for programs
    #[arg(long, default_value = "table", value_parser = ["table", "csv"])]
    format: String,
    /// Folder that takes `whatif_moves`, `whatif_shares`, `whatif_curves` as Parquet
    #[arg(long, value_name = "DIR")]
    into: Option<PathBuf>,
}

const MARK: &str = "NOT FOR PUBLICATION 不得发布";

/// Scores by what is, and by what if; prints the difference.
pub fn whatif(common: &Common, arguments: &Arguments) -> Result<u8> {
    if let Some(folder) = &arguments.into {
        score::refuse_results(folder)?;
    }
    let mut basis = Basis::read(common, arguments)?;
    // What chance leaves open is drawn by --draws, with everything else.
    basis.scheme = basis.scheme.undrawn();
    let before = basis.score(&basis.scheme)?;
    let mut scheme = match &arguments.scheme {
        Some(path) if basis.is_table() => score::read_scheme(path, &basis.library)?,
        // A draft is held against every rule of the house.
        Some(path) => score::scheme_of_file(path, &basis.library, read_scheme)?,
        None => basis.scheme.clone(),
    }
    .undrawn();
    for weight in &arguments.weight {
        change_weight(&mut scheme, weight)?;
    }
    let before_audit = audit(&basis.scheme, &before);
    for correction in &arguments.correct {
        let stays = basis.correct(correction, &before)?;
        stays.iter().for_each(|says| tell_line!("warning: {says}"));
    }
    let after = basis.score(&scheme)?;
    if !common.quiet {
        basis.mismatches(&scheme).iter().for_each(|mismatch| tell_line!("warning: {mismatch}"));
    }
    let moved = moves(&before, &after);
    let mut opened = Vec::new();
    if arguments.draws > 0 {
        let variation = Variation { pairs: arguments.draws.div_ceil(7).max(1), seed: arguments.seed, weights: 0.25, curves: 5.0 };
        opened = shares(&scheme, &after, &variation, surroundings::cores())?;
    }
    tell_line!("{MARK}: a what-if on {}; readers see the current run as before", basis.words());
    let audit = audit(&scheme, &after);
    let curves = curves(&before_audit, &audit);
    if arguments.format == "csv" {
        print_csv(&moved, &opened)?;
    } else {
        print_table(arguments, &before, &after, &moved, &opened, &curves)?;
        let remarks = &audit.remarks;
        remarks.iter().filter(|_| !common.quiet).take(arguments.rows.max(1)).for_each(|remark| tell_line!("{remark}"));
        if remarks.len() > arguments.rows.max(1) && !common.quiet {
            tell_line!("and {} more remarks on the scheme; --rows N shows more", remarks.len() - arguments.rows.max(1));
        }
    }
    if let Some(folder) = &arguments.into {
        let files = write_tables(&tables_of_whatif(&moved, &opened, &curves)?, folder, 1)?;
        let path = folder.join("NOT-FOR-PUBLICATION.txt");
        let text = format!("{MARK}\nA what-if by `kaohe whatif`: no result of a run, and no part of a release.\n");
        std::fs::write(&path, text).context(Kind::Environment, || format!("writing {}", path.display()))?;
        tell_line!("{}: {}", counted(files.len(), "table"), folder.display());
    }
    Ok(0)
}

/// Gives an indicator or a node other points; its siblings share the rest of their parent in proportion.
fn change_weight(scheme: &mut Scheme, change: &str) -> Result<()> {
    let wrong = |says: String| Error::new(Kind::Configuration, says).with_hint("--weight law.court_attendance_rate=2");
    let (id, points) = change.split_once('=').ok_or_else(|| wrong(format!("`{change}` is no ID=POINTS")))?;
    let points: Decimal = points.parse().map_err(|_| wrong(format!("`{points}` is no number of points")))?;
    let parent = |scheme: &Scheme| {
        let of_indicator =
            scheme.indicators.iter().find(|scored| scored.id.0 == id && !scored.report_only).map(|scored| scored.node.clone());
        of_indicator.or_else(|| scheme.node(id).map(|node| node.parent.clone()))
    };
    let known = scheme.nodes.iter().map(|node| node.id.as_str()).chain(scheme.indicators.iter().map(|scored| scored.id.as_ref()));
    let parent = parent(scheme).ok_or_else(|| wrong(format!("the scheme scores nothing that is called `{id}`")).hint_nearest(id, known))?;
    let whole = if parent == TOTAL { scheme.total } else { scheme.node(&parent).map(|node| node.points).unwrap_or_default() };
    if scheme.node(&parent).is_some_and(|node| node.alternatives) {
        return Err(wrong(format!("`{id}` is one of several alternatives, which all have the points of `{parent}`")));
    }
    let old = scheme.indicators.iter().find(|scored| scored.id.0 == id && !scored.report_only).map(|scored| scored.points);
    let old = old.or_else(|| scheme.node(id).map(|node| node.points)).unwrap_or_default();
    if scheme.weights == Weights::Relative {
        if points <= Decimal::ZERO {
            return Err(wrong(format!("the weight of `{id}` is above 0")));
        }
        scheme.nodes.iter_mut().filter(|node| node.id == id).for_each(|node| node.points = points);
        scheme.indicators.iter_mut().filter(|scored| scored.id.0 == id && !scored.report_only).for_each(|scored| scored.points = points);
        return Ok(());
    }
    if points < Decimal::ZERO || points >= whole || old >= whole {
        return Err(wrong(format!("`{id}` can have 0 to less than {} points", whole.normalize())));
    }
    if points.is_zero() && scheme.node(id).is_some() {
        let says = format!("`{id}` is a group: with 0 points nothing below it could be scored, and the total with it");
        return Err(Error::new(Kind::Configuration, says).with_hint("give it a small weight, or leave it out of a draft scheme (--scheme)"));
    }
    let factor = (whole - points) / (whole - old);
    // A node's own points go down to everything below it.
    let mut scaled: BTreeMap<String, Decimal> = BTreeMap::new();
    for node in scheme.nodes.iter_mut().filter(|node| node.parent == parent) {
        let own = if node.id == id { if old.is_zero() { Decimal::ONE } else { points / old } } else { factor };
        node.points *= own;
        scaled.insert(node.id.clone(), own);
    }
    for scored in scheme.indicators.iter_mut().filter(|scored| scored.node == parent && !scored.report_only) {
        scored.points = if scored.id.0 == id { points } else { scored.points * factor };
    }
    // The parent may stand behind its children in the file.
    for _ in 0..scheme.nodes.len() {
        for index in 0..scheme.nodes.len() {
            let (below, above) = (scheme.nodes[index].id.clone(), scheme.nodes[index].parent.clone());
            if let Some(own) = scaled.get(&above).copied().filter(|_| !scaled.contains_key(&below)) {
                scheme.nodes[index].points *= own;
                scaled.insert(below, own);
            }
        }
    }
    for scored in scheme.indicators.iter_mut().filter(|scored| scored.node != parent) {
        if let Some(own) = scaled.get(&scored.node) {
            scored.points *= *own;
        }
    }
    Ok(())
}

fn text<T: ToString>(value: Option<T>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

fn because(one: &Move, most: usize) -> String {
    let mut said: Vec<String> = one.because.iter().take(most).map(|(line, points)| format!("{line} {points:+}")).collect();
    if one.because.len() > most {
        let rest: Decimal = one.because[most..].iter().map(|(_, points)| *points).sum();
        said.push(format!("{} others {rest:+}", one.because.len() - most));
    }
    said.join("; ")
}

fn print_csv(moved: &[Move], opened: &[Shares]) -> Result<()> {
    let shares: BTreeMap<(&str, &str), &Shares> = opened.iter().map(|row| ((row.unit.as_str(), row.domain.as_str()), row)).collect();
    let mut bytes = Vec::new();
    let mut writer = csv::Writer::from_writer(&mut bytes);
    let header = [
        "not_for_publication",
        "peer_group",
        "unit",
        "domain",
        "rank_before",
        "rank_after",
        "total_before",
        "total_after",
        "grade_before",
        "grade_after",
        "because",
        "rank_best",
        "rank_worst",
        "sampling",
        "imputation",
        "curves",
        "weights",
        "aggregation",
    ];
    let mut write = || -> std::result::Result<(), csv::Error> {
        writer.write_record(header)?;
        for one in moved {
            let open = shares.get(&(one.unit.as_str(), one.domain.as_str()));
            let mut row = vec![
                MARK.to_owned(),
                one.peer_group.1.clone(),
                one.unit.clone(),
                one.domain.clone(),
                text(one.rank.0),
                text(one.rank.1),
                text(one.total.0),
                text(one.total.1),
                text(one.grade.0.clone()),
                text(one.grade.1.clone()),
                because(one, usize::MAX),
                text(open.map(|open| open.interval.0)),
                text(open.map(|open| open.interval.1)),
            ];
            row.extend((0..5).map(|cause| text(open.and_then(|open| open.of).map(|of| format!("{:.3}", of[cause])))));
            writer.write_record(row)?;
        }
        Ok(writer.flush()?)
    };
    write().context(Kind::Bug, || "writing CSV")?;
    drop(writer);
    say!("{}", String::from_utf8_lossy(&bytes));
    Ok(())
}

fn print_table(
    arguments: &Arguments,
    before: &Scorecards,
    after: &Scorecards,
    moved: &[Move],
    opened: &[Shares],
    curves: &[CurveUse],
) -> Result<()> {
    let most = if arguments.rows == 0 { usize::MAX } else { arguments.rows };
    let arrow = |before: String, after: String| if before == after { after } else { format!("{before} -> {after}") };
    let row = |one: &Move| {
        vec![
            one.peer_group.1.clone(),
            one.unit.clone(),
            arrow(text(one.rank.0), text(one.rank.1)),
            arrow(text(one.total.0), text(one.total.1)),
            arrow(text(one.grade.0.clone()), text(one.grade.1.clone())),
            because(one, 3),
        ]
    };
    let print = |grid: Grid| -> Result<()> {
        say_grid(&grid)?;
        say_line!();
        Ok(())
    };
    let is_moved = |one: &&Move| one.rank.0 != one.rank.1 || one.total.0 != one.total.1 || one.grade.0 != one.grade.1;
    let all: Vec<&Move> = moved.iter().filter(is_moved).collect();
    let of_rank = all.iter().filter(|one| one.rank.0 != one.rank.1).count();
    say_line!("{MARK}");
    say_line!("{} of {}: another total or grade, {of_rank} of them another rank", all.len(), counted(moved.len(), "scorecard"));
    if !all.is_empty() {
        let rows = all.iter().take(most).map(|one| row(one)).collect();
        print(Grid::of_texts(&["peer_group", "unit", "rank", "total", "grade", "because"], rows))?;
        if all.len() > most {
            say_line!("{most} of {} rows; --rows 0 prints all", all.len());
        }
    }
    let distribution = |cards: &Scorecards| {
        let mut totals: Vec<Decimal> = cards.ranks.iter().filter_map(|rank| rank.total).collect();
        totals.sort();
        let at = |share: usize| text(totals.get(totals.len().saturating_sub(1) * share / 4));
        (0..5).map(at).collect::<Vec<String>>()
    };
    let line = |name: &str, cards: &Scorecards| std::iter::once(name.to_owned()).chain(distribution(cards)).collect::<Vec<String>>();
    print(Grid::of_texts(
        &["totals", "lowest", "quarter", "median", "three quarters", "highest"],
        vec![line("before", before), line("after", after)],
    ))?;
    let mut grades: BTreeMap<&str, [usize; 2]> = BTreeMap::new();
    for (side, cards) in [before, after].into_iter().enumerate() {
        for grade in cards.ranks.iter().filter_map(|rank| rank.grade.as_deref()) {
            grades.entry(grade).or_default()[side] += 1;
        }
    }
    if !grades.is_empty() {
        let row = |(grade, counts): (&str, [usize; 2])| vec![grade.to_owned(), counts[0].to_string(), counts[1].to_string()];
        print(Grid::of_texts(&["grade", "before", "after"], grades.into_iter().map(row).collect()))?;
    }
    let saturated: Vec<&CurveUse> = curves.iter().filter(|curve| curve.is_saturated()).collect();
    if !saturated.is_empty() {
        let share = |share: Option<f64>| share.map(|share| format!("{:.0} %", share * 100.0)).unwrap_or_default();
        let sides = |of: [Option<f64>; 2]| arrow(share(of[0]), share(of[1]));
        let row = |curve: &&CurveUse| vec![curve.indicator.clone(), curve.scored.to_string(), sides(curve.at_zero), sides(curve.at_full)];
        say_line!("curves that reach an end for half of the scorecards or more: they tell these no longer apart");
        print(Grid::of_texts(&["indicator", "scored", "at 0", "at 100"], saturated.iter().take(most).map(row).collect()))?;
        if saturated.len() > most {
            say_line!("{most} of {} rows; --rows 0 prints all", saturated.len());
        }
    }
    if !opened.is_empty() {
        let mut shown: Vec<&Shares> = opened.iter().collect();
        shown.sort_by(|a, b| b.deviation.total_cmp(&a.deviation).then_with(|| (&a.unit, &a.domain).cmp(&(&b.unit, &b.domain))));
        let percent = |row: &Shares, cause: usize| text(row.of.map(|of| format!("{:.0} %", of[cause] * 100.0)));
        let row = |row: &&Shares| {
            let mut cells =
                vec![row.peer_group.clone(), row.unit.clone(), row.rank.to_string(), format!("{}-{}", row.interval.0, row.interval.1)];
            cells.extend((0..5).map(|cause| percent(row, cause)));
            cells
        };
        say_line!(
            "what the rank hangs on (total shares of its variance, together more than 100 % where causes act together; weights ±25 %, ends of curves \
             ±5 points, a missing score left out or the peers' mean, groups by their own or the geometric mean)"
        );
        let headers = ["peer_group", "unit", "rank", "95 % of draws", "sampling", "imputation", "curves", "weights", "aggregation"];
        print(Grid::of_texts(&headers, shown.iter().take(most).map(row).collect()))?;
    }
    Ok(())
}
