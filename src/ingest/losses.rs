//! What a load lacks against the last one: columns, files, rows.
//!
//! In: what every file gave, and the table as it was last loaded. Out: reasons to hold the table, each with what to do about
//! it. Never here: reading files.
//!
//! An extract that lost something looks like any other: it reads, it balances, and the indicators over what it lost are wrong.

use std::collections::{BTreeMap, BTreeSet};

use super::columns::ColumnReader;
use super::file::FileOutcome;
use super::files;
use super::fill::Filler;
use super::header::Headers;
use super::last_load::LastLoad;
use super::staging::Stage;
use crate::error::Result;
use crate::library::contract::TableContract;
use crate::project::Source;
use crate::terms::{Month, counted};

/// A column of objects that is seldom filled may be missing altogether from a small delivery.
const SELDOM: f64 = 0.3;
/// In a file that is still there, fewer rows than this come and go without anybody's fault.
const FEW_ROWS: u64 = 10;

/// A file that was loaded, with the source that it belongs to.
pub(super) type Loaded<'s> = (&'s Source, FileOutcome);

/// Columns that a file does not give although it should.
///
/// # Errors
/// A source whose constants or renames are wrong.
pub(super) fn of_columns(contract: &TableContract, sources: &[Source], loaded: &[Loaded<'_>], last: &LastLoad<'_>) -> Result<Vec<String>> {
    let is_lost = |source: &Source, outcome: &FileOutcome, index: usize| {
        let seen = &outcome.columns[index];
        let is_nothing = outcome.account.records_seen > 0 && seen.values == 0 && (seen.header.is_none() || seen.unknown > 0);
        is_nothing && !source.dropped.contains(&contract.columns[index].name)
    };
    let mut reasons = Vec::new();
    for source in sources {
        let own: Vec<&FileOutcome> = loaded.iter().filter(|(of, _)| std::ptr::eq(*of, source)).map(|(_, outcome)| outcome).collect();
        let headers = Headers::new(contract, source);
        let mut told: BTreeSet<(&str, usize)> = BTreeSet::new();
        let candidates: BTreeSet<usize> =
            (0..contract.columns.len()).filter(|index| own.iter().any(|outcome| is_lost(source, outcome, *index))).collect();
        let filled = if candidates.is_empty() { BTreeSet::new() } else { last.filled() };
        for index in candidates.intersection(&filled).copied() {
            let mut readers: Vec<ColumnReader> =
                contract.columns.iter().map(|column| ColumnReader::new(contract, column, source)).collect();
            let filler = Filler::new(contract, source, &mut readers)?;
            let given = last.given(index, &filler);
            let somewhere = own.iter().any(|outcome| outcome.columns[index].values > 0);
            let of_source =
                given.iter().filter(|(name, _)| sources.len() == 1 || files::leads_to(source, name)).map(|(_, rows)| rows).sum();
            let lost: Vec<(&FileOutcome, u64)> = own
                .iter()
                .filter(|outcome| is_lost(source, outcome, index))
                .filter_map(|outcome| {
                    let name = &outcome.account.source_file;
                    let was: u64 = match last.rows.contains_key(name) {
                        true => given.get(name).copied().unwrap_or(0),
                        false if somewhere => 0,
                        false => of_source,
                    };
                    let is_seldom = outcome.account.format == "jsonl"
                        && outcome.unknown.is_empty()
                        && (was as f64) < SELDOM * last.rows.get(name).copied().unwrap_or(0) as f64;
                    (was > 0 && !is_seldom).then_some((*outcome, was))
                })
                .collect();
            if let Some((first, _)) = lost.first() {
                told.extend(lost.iter().map(|(outcome, _)| (outcome.account.source_file.as_str(), index)));
                let was = lost.iter().map(|(_, was)| was).max().copied().unwrap_or(0);
                reasons.push(lost_column(contract, index, first, lost.len() - 1, was, &headers));
            }
        }
        if source.mapping.is_none() {
            own.iter().for_each(|outcome| reasons.extend(renamed(contract, source, outcome, &told)));
        }
    }
    Ok(reasons)
}

fn lost_column(contract: &TableContract, index: usize, outcome: &FileOutcome, others: usize, was: u64, headers: &Headers<'_>) -> String {
    let (column, seen) = (&contract.columns[index], &outcome.columns[index]);
    let further = if others == 0 { String::new() } else { format!(" (and {})", counted(others, "further file")) };
    let before = format!(
        "{}{further}: the column `{}` ({}) held values in {was} rows when the table was last loaded",
        outcome.account.source_file,
        column.name,
        column.aliases.iter().find(|alias| !alias.is_ascii()).unwrap_or(&column.meaning)
    );
    let accept = format!("dropped = [\"{}\"] accepts the loss", column.name);
    if seen.header.is_some() {
        return format!(
            "{before}, and none of its labels is known now, such as `{}`\nhint: write in kaohe.toml what they mean: codes.{} = {{ \"{}\" = \"…\" }}; {accept}",
            seen.example, column.name, seen.example
        );
    }
    let mut unknown: Vec<(usize, &str)> = outcome.unknown.iter().map(|(name, _)| (headers.distance(name, index), name.as_str())).collect();
    unknown.sort_unstable();
    match unknown.first() {
        Some((_, nearest)) => {
            let names: Vec<String> = unknown.iter().take(3).map(|(_, name)| format!("`{name}`")).collect();
            format!(
                "{before}, and no header gives it now; unknown headers are {}\nhint: if `{nearest}` is the new name, write in kaohe.toml: columns = {{ \"{nearest}\" = \"{}\" }}; {accept}",
                names.join(", "),
                column.name
            )
        }
        None => format!("{before}, and nothing gives it now\nhint: ask for it; {accept} (in the [[source]] of kaohe.toml)"),
    }
}

/// Unknown headers that look like a column which the file lacks.
fn renamed(contract: &TableContract, source: &Source, outcome: &FileOutcome, told: &BTreeSet<(&str, usize)>) -> Vec<String> {
    let mut reasons = Vec::new();
    let file = outcome.account.source_file.as_str();
    for (name, near) in &outcome.unknown {
        let Some(index) = near.as_ref().and_then(|near| contract.columns.iter().position(|column| column.name == *near)) else { continue };
        let column = &contract.columns[index].name;
        if outcome.columns[index].header.is_none() && !source.dropped.contains(column) && !told.contains(&(file, index)) {
            reasons.push(format!(
                "{file}: the header `{name}` is unknown, and nothing gives the column `{column}`\nhint: if they are the same, write in kaohe.toml: columns = {{ \"{name}\" = \"{column}\" }}; if not: columns = {{ \"{name}\" = \"\" }}"
            ));
        }
    }
    reasons
}

/// Rows of the last load that are in none of the files now.
pub(super) struct LostRows {
    /// Source files of the last load that are gone or much shorter, and how many of their rows are lost, by month.
    files: BTreeMap<String, BTreeMap<Option<Month>, u64>>,
}

impl LostRows {
    /// Looks for the rows of files that are gone or much shorter, before the staged rows are put in order. That a file has
    /// another name, or its rows went to another file, loses none of them.
    pub fn find(sources: &[Source], loaded: &[Loaded<'_>], last: &LastLoad<'_>, stage: &Stage) -> Result<Self> {
        let staged = stage.rows_of_files();
        let mut now: BTreeMap<&str, u64> = BTreeMap::new();
        for ((_, outcome), rows) in loaded.iter().zip(staged) {
            *now.entry(outcome.account.source_file.as_str()).or_default() += rows;
        }
        let may_shrink = |name: &str| source_of(sources, name).map_or(1.0, |source| source.max_shrink);
        let is_short = |name: &str, before: u64| (now.get(name).copied().unwrap_or(0) as f64) < before as f64 * (1.0 - may_shrink(name));
        let mut suspects: Vec<String> =
            last.rows.iter().filter(|(name, before)| is_short(name, **before)).map(|(name, _)| name.clone()).collect();
        // A source that shrank by a little in each of its files.
        for source in sources.iter().filter(|_| sources.len() > 1) {
            let own = || last.rows.iter().filter(|(name, _)| source_of(sources, name).is_some_and(|of| std::ptr::eq(of, source)));
            let (before, after): (u64, u64) =
                own().fold((0, 0), |(before, after), (name, rows)| (before + rows, after + now.get(name.as_str()).copied().unwrap_or(0)));
            if (after as f64) < before as f64 * (1.0 - source.max_shrink) {
                suspects.extend(own().map(|(name, _)| name.clone()));
            }
        }
        suspects.sort();
        suspects.dedup();
        let mut files: BTreeMap<String, BTreeMap<Option<Month>, u64>> = BTreeMap::new();
        if suspects.is_empty() {
            return Ok(Self { files });
        }
        let mut keys = last.keys(&suspects, stage)?;
        stage.remove_staged(&mut keys)?;
        for (number, month) in keys.into_values() {
            *files.entry(suspects[number].clone()).or_default().entry(month).or_default() += 1;
        }
        Ok(Self { files })
    }

    /// The reasons: a file of several that is gone or much shorter, a source of several that is much shorter.
    ///
    /// `first` is the first month of the load: what lies before stays in the lake, so that of a file whose months are over
    /// nothing is lost.
    pub fn reasons(&self, sources: &[Source], loaded: &[Loaded<'_>], last: &LastLoad<'_>, first: Option<Month>) -> Vec<String> {
        let mut reasons = Vec::new();
        let is_there: BTreeSet<&str> = loaded.iter().map(|(_, outcome)| outcome.account.source_file.as_str()).collect();
        for source in sources {
            let own: Vec<(&String, u64)> = last
                .rows
                .iter()
                .filter(|(name, _)| source_of(sources, name).is_some_and(|of| std::ptr::eq(of, source)))
                .map(|(name, rows)| (name, *rows))
                .collect();
            let before: u64 = own.iter().map(|(_, rows)| rows).sum();
            let lost: u64 = own.iter().flat_map(|(name, _)| self.files.get(*name)).flat_map(BTreeMap::values).sum();
            let limit = source.max_shrink * 100.0;
            if sources.len() > 1 && lost as f64 > before as f64 * source.max_shrink {
                reasons.push(format!(
                    "{}: {lost} of the {before} rows when last loaded are gone: more than {limit:.0} %\nhint: {SHRINK_HINT}",
                    source.path
                ));
                continue;
            }
            for (name, rows) in own.iter().filter(|_| own.len() > 1) {
                let by_month = self.files.get(*name).into_iter().flatten();
                let lost: u64 = by_month.filter(|(month, _)| first.is_none() || **month >= first).map(|(_, lost)| lost).sum();
                if lost as f64 <= *rows as f64 * source.max_shrink {
                    continue;
                }
                if !is_there.contains(name.as_str()) {
                    reasons.push(format!(
                        "{name}: the file is gone, and {lost} of its {rows} rows are in no other file\nhint: deliver it again; if it is no more, load once with max_shrink = 1"
                    ));
                } else if lost >= FEW_ROWS {
                    reasons.push(format!(
                        "{name}: {lost} of its {rows} rows when last loaded are gone: more than {limit:.0} %\nhint: {SHRINK_HINT}"
                    ));
                }
            }
        }
        reasons
    }
}

/// Values of the contract's `keeps` column that were in the last load and come no more.
pub(super) fn of_kept_values(contract: &TableContract, sources: &[Source], last: &LastLoad<'_>, stage: &Stage) -> Vec<String> {
    let (Some(column), Some(now)) = (&contract.keeps, stage.kept()) else { return Vec::new() };
    // Whoever accepts any loss accepts this one.
    if sources.iter().any(|source| source.max_shrink >= 1.0) {
        return Vec::new();
    }
    let gone: Vec<String> = last.kept().into_iter().filter(|value| !now.contains(value)).collect();
    if gone.is_empty() {
        return Vec::new();
    }
    let named = gone.iter().take(NAMED_VALUES).map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", ");
    let further = if gone.len() > NAMED_VALUES { format!(" and {} more", gone.len() - NAMED_VALUES) } else { String::new() };
    vec![format!(
        "{named}{further}: in column `{column}` when last loaded, and gone now\nhint: a row of this table is ended (valid_to, replaced_by), never \
         deleted: ask for the whole registry; if it was never right, load once with max_shrink = 1"
    )]
}

/// So many lost values stand by name.
const NAMED_VALUES: usize = 8;

/// What to do about rows that are gone.
pub(super) const SHRINK_HINT: &str = "ask for the whole extract; if the rows are rightly gone, raise max_shrink in kaohe.toml for one load";

/// The source that a file of the last load came from.
fn source_of<'s>(sources: &'s [Source], name: &str) -> Option<&'s Source> {
    // A further worksheet is named behind its file.
    let file = name.split_once(super::file::SHEET_SIGN).map_or(name, |(file, _)| file);
    sources.iter().find(|source| files::leads_to(source, file))
}
