//! One table from all its sources.
//!
//! In: contract, sources, context. Out: the staged table; what is wrong with a source holds the table, what is wrong with the
//! configuration or the machine is an error. Never here: how a file becomes columns.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::datatypes::SchemaRef;

use super::checks::Checks;
use super::decode;
use super::file::{FileLoad, FileOutcome, SHEET_SIGN};
use super::files::{self, SourceFile};
use super::last_load::LastLoad;
use super::losses::{self, Loaded, LostRows};
use super::quarantine::{self, Quarantine};
use super::reasons::ReasonCounts;
use super::schema::arrow_schema;
use super::staging::{Contested, Stage};
use super::unit_remarks::UnitRemarks;
use super::{CheckCount, FileAccounting, HeldBecause, LoadContext, StagedTable, words_of_sources};
use crate::diagnostics::is_harmful;
use crate::error::{Context, Error, Kind, Result};
use crate::library::contract::{CheckSeverity, TableContract};
use crate::project::Source;
use crate::terms::counted;

/// Different sentences of one kind that are kept for one file; the rest are counted together.
const DISTINCT_WARNINGS: usize = 200;

/// What all files of a table share.
pub(super) struct Load<'a> {
    pub contract: &'a TableContract,
    pub context: &'a LoadContext<'a>,
    pub schema: SchemaRef,
    pub checks: Checks,
    pub stage: Stage,
    pub quarantine: Quarantine,
    pub warnings: Warnings,
    pub unit_remarks: UnitRemarks,
    /// The first `stop` check that was true of a row.
    pub stopped: Option<String>,
}

/// Counted warnings of one table.
#[derive(Default)]
pub(super) struct Warnings {
    counts: BTreeMap<(String, String, String), (CheckSeverity, u64)>,
    distinct: BTreeMap<(String, String), usize>,
}

impl Warnings {
    /// Counts `rows` rows of `file` under a check and its sentence.
    pub fn add(&mut self, file: &str, check: &str, says: &str, severity: CheckSeverity, rows: u64) {
        let key = (file.to_owned(), check.to_owned(), says.to_owned());
        if let Some((_, count)) = self.counts.get_mut(&key) {
            *count += rows;
            return;
        }
        let distinct = self.distinct.entry((key.0.clone(), key.1.clone())).or_default();
        *distinct += 1;
        let key = if *distinct > DISTINCT_WARNINGS { (key.0, key.1, "其余同类情况".to_owned()) } else { key };
        self.counts.entry(key).or_insert((severity, 0)).1 += rows;
    }

    fn into_list(self, table: &str) -> Vec<CheckCount> {
        let one = |((source_file, check, says), (severity, rows))| CheckCount {
            table: table.to_owned(),
            check,
            says,
            severity,
            source_file,
            rows,
        };
        self.counts.into_iter().map(one).collect()
    }
}

/// Loads one table.
///
/// A source that is missing, damaged, shrunk, full of wrong rows, without a column that it had, or no more as its mapping
/// expects it holds the table: the reason stands in [`StagedTable::held`], and the account of every readable file is still
/// complete.
///
/// # Errors
/// A check of severity `stop` is true of a row ([`Kind::Source`]); a rename or check is wrong; the staging folder can't be
/// written.
pub fn load_table(contract: &TableContract, sources: &[Source], context: &LoadContext<'_>) -> Result<StagedTable> {
    let schema = arrow_schema(contract);
    let what = || format!("loading `{}`", contract.name);
    sources.iter().try_for_each(|source| words_of_sources::refuse(source, contract).map_err(|error| error.while_doing(what())))?;
    std::fs::create_dir_all(context.staging).context(Kind::Environment, what)?;
    let mut load = Load {
        contract,
        context,
        checks: Checks::plan(contract, &schema, context.as_of, context.functions)?,
        stage: Stage::new(contract, &schema, context)?,
        quarantine: Quarantine::new(&contract.name, context.staging),
        schema,
        warnings: Warnings::default(),
        unit_remarks: UnitRemarks::default(),
        stopped: None,
    };
    let mut held: Vec<Reason> = Vec::new();
    let mut loaded: Vec<Loaded<'_>> = Vec::new();
    let (files, skipped) = all_files(sources, &mut held)?;
    for (file, source) in files {
        load.stage.next_file();
        let (mut outcomes, ended) = FileLoad::run(&mut load, source, &file);
        match ended {
            Ok(()) => {}
            // A file that no longer fits its mapping is as unusable as one that is cut off.
            Err(error) if matches!(error.kind, Kind::Source | Kind::Query) => {
                held.push((HeldBecause::FileUnreadable, format!("{}: {}", file.name, error.without_kind())));
                if let Some(last) = outcomes.last_mut() {
                    last.account.failed = Some(error.without_kind());
                }
            }
            Err(error) => return Err(error.while_doing(file.name).while_doing(what())),
        }
        loaded.extend(outcomes.into_iter().map(|outcome| (source, outcome)));
    }
    for (source, name) in &skipped {
        load.warnings.add(
            name,
            "skipped_file",
            &format!("文件夹“{}”中的“{name}”不是可识别的格式，未装载", source.path),
            CheckSeverity::Warn,
            1,
        );
    }
    if let Some(says) = &load.stopped {
        return Err(Error::new(Kind::Source, says.clone())
            .while_doing(what())
            .with_hint("the check has severity `stop`: the run stays back until the source is mended"));
    }
    let skipped = skipped.into_iter().map(|(_, name)| name).collect();
    finish(load, loaded, held, sources, skipped)
}

/// Files to load with their sources; the names of what else lies in the sources' folders.
pub(super) type Files<'s> = (Vec<(SourceFile, &'s Source)>, Vec<(&'s Source, String)>);

/// A reason to hold a table, and its sentence.
pub(super) type Reason = (HeldBecause, String);

/// All files in the order of their names, so that lineage does not depend on the order in kaohe.toml.
pub(super) fn all_files<'a>(sources: &'a [Source], held: &mut Vec<Reason>) -> Result<Files<'a>> {
    let mut all: Vec<(SourceFile, &Source)> = Vec::new();
    let mut skipped = Vec::new();
    for source in sources {
        match files::find(source) {
            Ok(found) => {
                skipped.extend(found.skipped.into_iter().map(|name| (source, name)));
                for file in found.files {
                    // Overlapping globs: the same sheet of the same file is loaded once.
                    let is_known = all
                        .iter()
                        .any(|(known, other)| known.path == file.path && other.sheet == source.sheet && other.mapping == source.mapping);
                    if !is_known {
                        all.push((file, source));
                    }
                }
            }
            Err(error) if error.kind == Kind::Source => {
                let because = if source.database.is_some() { HeldBecause::NotPulled } else { HeldBecause::NoFile };
                held.push((because, error.without_kind()));
            }
            Err(error) => return Err(error),
        }
    }
    all.sort_by(|(left, _), (right, _)| left.cmp(right));
    Ok((all, skipped))
}

/// Bytes of the files that loading a table from `sources` reads; what can't be found has none.
pub fn bytes_of(sources: &[Source]) -> u64 {
    let (files, _) = all_files(sources, &mut Vec::new()).unwrap_or_default();
    files.iter().filter_map(|(file, _)| std::fs::metadata(&file.path).ok()).map(|metadata| metadata.len()).sum()
}

/// Whether the sources lead to the files of these accounts and to no others, each with the bytes that were read.
pub fn are_as_accounted(sources: &[Source], accounts: &[FileAccounting]) -> bool {
    let mut held = Vec::new();
    let Ok((files, _)) = all_files(sources, &mut held) else { return false };
    // Further worksheets of a workbook have accounts of their own, with its digest.
    let file_of = |account: &'_ FileAccounting| account.source_file.split(SHEET_SIGN).next().unwrap_or_default().to_owned();
    let known: BTreeMap<String, &str> = accounts.iter().map(|account| (file_of(account), account.digest.as_str())).collect();
    let is_known = |(file, _): &(SourceFile, &Source)| {
        // The encoding plays no part: a binary format is read once, for its digest alone.
        let found = decode::examine(&file.path, false, None);
        known.get(&file.name).is_some_and(|digest| found.is_ok_and(|examined| examined.digest == *digest))
    };
    let names: BTreeSet<&str> = files.iter().map(|(file, _)| file.name.as_str()).collect();
    held.is_empty() && names.len() == known.len() && files.iter().all(is_known)
}

/// Text of a source may hold what moves a terminal's cursor or turns its writing around; such characters are shown by number.
fn printable(text: &str) -> String {
    let shown = |c: char| if c != '\n' && is_harmful(c) { c.escape_unicode().to_string() } else { c.to_string() };
    text.chars().map(shown).collect()
}

fn finish(
    load: Load<'_>,
    mut loaded: Vec<Loaded<'_>>,
    mut held: Vec<Reason>,
    sources: &[Source],
    skipped: Vec<String>,
) -> Result<StagedTable> {
    let Load { contract, context, schema, stage, quarantine: mut set_apart, mut warnings, mut unit_remarks, .. } = load;
    let has_failed = !held.is_empty();
    // That rows or columns are missing when a file could not be read is no news.
    let last = LastLoad::read(contract, if has_failed { &[] } else { context.last });
    let lost = LostRows::find(sources, &loaded, &last, &stage)?;
    let gone = losses::of_kept_values(contract, sources, &last, &stage);
    let finished = stage.finish(!has_failed, |keys, stage| last.owners(keys, stage), &mut |row| {
        let Contested { file, line, unit, units, text } = row;
        let FileOutcome { account, reasons, .. } = &mut loaded[file].1;
        let others: Vec<&str> = units.iter().filter(|other| **other != unit).map(String::as_str).collect();
        let reason =
            [quarantine::Reason { column: None, says: format!("主键与其他单位的记录相同（{}）", others.join("、")) }];
        reasons.add(&reason);
        account.quarantined += 1;
        unit_remarks.add(&unit, CONTESTED_KEY, "主键与其他单位的记录相同，已隔离", 1);
        warnings.add(&account.source_file, CONTESTED_KEY, &contested_says(&units), CheckSeverity::Warn, 1);
        set_apart.add(&account.source_file, account.sheet.as_deref(), line, &reason, &text)
    })?;
    let quarantine = set_apart.finish()?;
    let mut hold = |because: HeldBecause, reasons: Vec<String>| held.extend(reasons.into_iter().map(|says| (because, says)));
    hold(HeldBecause::TooManyQuarantined, over_quarantine_rate(contract, sources, &loaded));
    if !has_failed {
        hold(HeldBecause::ColumnLost, losses::of_columns(contract, sources, &loaded, &last)?);
        hold(HeldBecause::Shrunk, shrunk(sources, last.total(), finished.loaded.iter().sum()).into_iter().collect());
        hold(HeldBecause::RowsLost, gone);
        hold(HeldBecause::RowsLost, lost.reasons(sources, &loaded, &last, finished.months.keys().next().copied().flatten()));
    }
    for (index, (_, FileOutcome { account, .. })) in loaded.iter_mut().enumerate() {
        let rows = finished.loaded[index];
        account.duplicates = finished.duplicates[index];
        (account.loaded, account.held) = match (held.is_empty(), &account.failed) {
            (true, _) => (rows, 0),
            (false, None) => (0, rows),
            // What was read before the failure, typed or not, is held with the table.
            (false, Some(_)) => {
                let gone = account.quarantined + account.duplicates + account.filtered;
                (0, (account.records_seen + account.expanded).saturating_sub(gone))
            }
        };
        if finished.conflicts[index] > 0 {
            let says = "同一主键有内容不同、更新时间相同的多条记录，只保留一条";
            warnings.add(&account.source_file, "conflicting_duplicates", says, CheckSeverity::Warn, finished.conflicts[index]);
        }
        if account.failed.is_none() && !account.balances() {
            return Err(Error::new(Kind::Bug, format!("the account of {} does not balance: {account:?}", account.source_file)));
        }
    }
    let (unit_remarks, unit_rows) = unit_remarks.into_parts(&contract.name);
    Ok(StagedTable {
        table: contract.name.clone(),
        schema: Arc::clone(&schema),
        months: finished.months,
        notices: notices(&loaded, skipped).iter().map(|notice| printable(notice)).collect(),
        files: loaded.into_iter().map(|(_, outcome)| outcome.account).collect(),
        quarantine,
        warnings: warnings.into_list(&contract.name),
        unit_remarks,
        unit_rows,
        held_because: held.iter().map(|(because, _)| *because).collect(),
        held: (!held.is_empty()).then(|| printable(&held.into_iter().map(|(_, says)| says).collect::<Vec<_>>().join("\n"))),
    })
}

/// The name under which rows are counted whose key several units name.
const CONTESTED_KEY: &str = "contested_key";

fn contested_says(units: &BTreeSet<String>) -> String {
    let named: Vec<&str> = units.iter().map(String::as_str).collect();
    format!("同一主键出现在不同单位（{}）：上次装载时属于谁的，仍归谁；都不属于的，一律隔离", named.join("、"))
}

/// What was left out, one sentence for each kind of thing.
fn notices(loaded: &[Loaded<'_>], skipped: Vec<String>) -> Vec<String> {
    let mut notices = Vec::new();
    let mut headers: BTreeSet<String> = BTreeSet::new();
    let mut files: BTreeSet<&str> = BTreeSet::new();
    for (_, outcome) in loaded {
        for (name, _) in &outcome.unknown {
            headers.insert(format!("`{name}`"));
            files.insert(&outcome.account.source_file);
        }
        for sheet in &outcome.skipped_sheets {
            notices.push(format!("the worksheet `{sheet}` of {} has no known header and was not read", outcome.account.source_file));
        }
    }
    if let Some(first) = files.first() {
        let further = if files.len() == 1 { String::new() } else { format!(" and of {}", counted(files.len() - 1, "further file")) };
        let (word, verb) = if headers.len() == 1 { ("header", "is unknown and was") } else { ("headers", "are unknown and were") };
        let names = headers.into_iter().collect::<Vec<_>>().join(", ");
        notices.push(format!("{word} {names} of {first}{further} {verb} not read"));
    }
    if !skipped.is_empty() {
        notices.push(format!("not of a known format and not read: {}", skipped.join(", ")));
    }
    notices
}

/// The sources of which too many records are wrong.
fn over_quarantine_rate(contract: &TableContract, sources: &[Source], loaded: &[Loaded<'_>]) -> Vec<String> {
    let mut over = Vec::new();
    for source in sources {
        let is_own = |(of, outcome): &&Loaded<'_>| std::ptr::eq(*of, source) && outcome.account.failed.is_none();
        let own = || loaded.iter().filter(is_own).map(|(_, outcome)| &outcome.account);
        let seen: u64 = own().map(|account| account.records_seen + account.expanded).sum();
        let quarantined: u64 = own().map(|account| account.quarantined).sum();
        let most = source.max_quarantine_rate.unwrap_or(contract.max_quarantine_rate);
        if seen > 0 && quarantined as f64 > most * seen as f64 {
            let mut reasons = ReasonCounts::default();
            loaded.iter().filter(is_own).for_each(|(_, outcome)| reasons.absorb(&outcome.reasons));
            let mostly = reasons.most_frequent().map(|reason| format!("; most frequent: {reason}")).unwrap_or_default();
            over.push(format!(
                "{}: {quarantined} of {seen} records are quarantined ({:.1} %), more than {:.1} %{mostly}\nhint: quarantine/ in the run's folder has them with their reasons; if they are rightly out, raise max_quarantine_rate in kaohe.toml",
                source.path,
                quarantined as f64 * 100.0 / seen as f64,
                most * 100.0
            ));
        }
    }
    over
}

/// The table as a whole; what of it single sources and files lost, [`LostRows`] tells.
fn shrunk(sources: &[Source], previous: u64, loaded: u64) -> Option<String> {
    let limit = sources.iter().map(|source| source.max_shrink).fold(0.0, f64::max);
    let is_less = (loaded as f64) < previous as f64 * (1.0 - limit);
    is_less.then(|| {
        let hint = losses::SHRINK_HINT;
        format!("{loaded} rows, {previous} when last loaded: fewer by more than {:.0} %\nhint: {hint}", limit * 100.0)
    })
}
