//! The keys of the records behind the figures, as a release has frozen them.
//!
//! In: `frozen/evidence/<indicator>.parquet`. Out: what a figure is without some of its records; which published figures are not what their keys add up to. Never here: records, a
//! decision, figures that are no counts of rows (means, amounts, firms that are counted once).

use std::collections::BTreeMap;
use std::path::Path;

use arrow::array::{Array, AsArray};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::frozen::Frozen;
use crate::error::{Context, Error, Kind, Result};
use crate::explain::evidence::{ADDS_UP, file_of};
use crate::explain::rows::{DENOMINATOR, NUMERATOR};
use crate::library::indicator::{Better, Rollup, Shape};
use crate::scoring::correction::Figure;
use crate::scoring::tables::{Scorecards, Value};
use crate::terms::IndicatorId;

/// Below `frozen/`.
pub const FOLDER: &str = "evidence";

/// One row behind a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Whose act.
    pub unit: &'a str,
    /// In which domain.
    pub domain: &'a str,
    /// Its key.
    pub record: &'a str,
    /// The key as pages show it.
    pub shown: &'a str,
    /// Whether it counts above the line.
    pub in_numerator: bool,
    /// And below.
    pub in_denominator: bool,
}

/// A record that a decision takes out of a figure, or counts as met.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Retaken {
    /// Its key.
    pub record: String,
    /// Whose act.
    pub unit: String,
    /// In which domain.
    pub domain: String,
    /// So many of its rows counted above the line.
    pub numerator: u32,
    /// And below.
    pub denominator: u32,
    /// Whether it stays in the figure, and counts as met.
    pub as_met: bool,
}

impl Retaken {
    /// Whose act, in which domain, which record.
    pub fn key(&self) -> (&str, &str, &str) {
        (&self.unit, &self.domain, &self.record)
    }

    /// Whether the figure is another by it.
    pub fn changes(&self, better: Better) -> bool {
        match (self.as_met, better) {
            (false, _) => self.numerator > 0 || self.denominator > 0,
            (true, Better::Lower) => self.numerator > 0,
            (true, _) => self.denominator > self.numerator,
        }
    }
}

/// Tells of every row of an indicator, and whether its figures are counts of these rows; none where nothing was frozen of it.
///
/// # Errors
/// A file that is damaged.
pub fn each(frozen: &Path, indicator: &str, mut tell: impl FnMut(Entry<'_>)) -> Result<Option<bool>> {
    let path = file_of(&frozen.join(FOLDER), indicator);
    if !path.is_file() {
        return Ok(None);
    }
    let doing = || format!("reading {}", path.display());
    let file = std::fs::File::open(&path).context(Kind::Environment, doing)?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).context(Kind::Environment, doing)?;
    let said = builder.metadata().file_metadata().key_value_metadata().into_iter().flatten().find(|pair| pair.key == ADDS_UP);
    let adds_up = said.and_then(|pair| pair.value.as_deref()) == Some("true");
    for batch in builder.build().context(Kind::Environment, doing)? {
        let batch = batch.context(Kind::Environment, doing)?;
        let column = |name: &str| {
            let column = batch.column_by_name(name);
            column.ok_or_else(|| Error::new(Kind::Environment, format!("no column `{name}`")).while_doing(doing()))
        };
        let texts = |name: &str| column(name).map(|column| column.as_string::<i32>());
        let truths = |name: &str| column(name).map(|column| column.as_boolean());
        let (units, domains, records, shown) = (texts("unit_id")?, texts("domain")?, texts("record_id")?, texts("shown")?);
        let (numerator, denominator) = (truths(NUMERATOR)?, truths(DENOMINATOR)?);
        for row in 0..batch.num_rows() {
            let record = records.value(row);
            tell(Entry {
                unit: units.value(row),
                domain: domains.value(row),
                record,
                shown: if shown.is_valid(row) { shown.value(row) } else { record },
                in_numerator: numerator.value(row),
                in_denominator: denominator.value(row),
            });
        }
    }
    Ok(Some(adds_up))
}

/// Whether a published figure counts what the units below have done.
fn answers_for_others(frozen: &Frozen, value: &Value) -> bool {
    let is_summed = frozen.library.indicators.get(&value.indicator).is_some_and(|indicator| indicator.rollup != Rollup::None);
    let unit = frozen.left.units.iter().find(|unit| unit.id == value.unit);
    is_summed && unit.is_some_and(|unit| frozen.scheme.subtree_tiers.contains(&unit.tier))
}

/// Whether a row is one of those that a published figure counts.
pub fn counts_in(frozen: &Frozen, value: &Value, entry: Entry<'_>) -> bool {
    let below = || frozen.left.hierarchy.with_ancestors(entry.unit).iter().any(|above| above == value.unit.as_ref());
    is_of_domain(value, entry.domain) && (entry.unit == value.unit.as_ref() || (answers_for_others(frozen, value) && below()))
}

fn is_of_domain(value: &Value, domain: &str) -> bool {
    value.domain.split('+').any(|own| own == domain)
}

/// A figure without the records that were taken out, and with those that count as met.
pub fn without<'r>(figure: (Decimal, Decimal), better: Better, records: impl IntoIterator<Item = &'r Retaken>) -> Figure {
    let (mut numerator, mut denominator) = figure;
    for record in records {
        let [above, below] = [record.numerator, record.denominator].map(Decimal::from);
        match (record.as_met, better) {
            (false, _) => (numerator, denominator) = (numerator - above, denominator - below),
            (true, Better::Lower) => numerator -= above,
            (true, _) => numerator += below - above,
        }
    }
    Figure::Ratio(numerator, denominator)
}

/// What was said of records of an indicator when they were taken out, and what was frozen does not say.
///
/// # Errors
/// A file that is damaged.
pub fn differences(frozen: &Path, indicator: &str, records: &[Retaken]) -> Result<Vec<String>> {
    let mut found: BTreeMap<(String, String, String), (u32, u32)> = BTreeMap::new();
    let wanted: BTreeMap<(&str, &str, &str), &Retaken> = records.iter().map(|record| (record.key(), record)).collect();
    each(frozen, indicator, |entry| {
        if wanted.contains_key(&(entry.unit, entry.domain, entry.record)) {
            let counted = found.entry((entry.unit.to_owned(), entry.domain.to_owned(), entry.record.to_owned())).or_default();
            counted.0 += u32::from(entry.in_numerator);
            counted.1 += u32::from(entry.in_denominator);
        }
    })?;
    let is_other = |record: &&Retaken| {
        let key = (record.unit.clone(), record.domain.clone(), record.record.clone());
        found.get(&key).copied().unwrap_or_default() != (record.numerator, record.denominator)
    };
    let says = |record: &Retaken| format!("the record `{}` of `{indicator}` did not count as was said", record.record);
    Ok(records.iter().filter(is_other).map(says).collect())
}

/// What the keys say of the published figures.
#[derive(Debug, Default)]
pub struct Added {
    /// Keys of figures that are counts of rows.
    pub keys: u64,
    /// Published figures that are what their keys add up to.
    pub figures: usize,
    /// Other published figures: means, amounts, firms counted once, those of earlier nights.
    pub others: usize,
    /// Those that are not, with both.
    pub wrong: Vec<String>,
}

/// Adds up the keys of every figure that is a count of rows, and holds them against the scorecards.
///
/// # Errors
/// A file that is damaged.
pub fn add_up(frozen: &Frozen, folder: &Path, published: &Scorecards) -> Result<Added> {
    let mut added = Added::default();
    let mut by_indicator: BTreeMap<&IndicatorId, Vec<&Value>> = BTreeMap::new();
    for value in published.values.iter().filter(|value| !frozen.left.is_held(&value.indicator)) {
        by_indicator.entry(&value.indicator).or_default().push(value);
    }
    for (indicator, values) in by_indicator {
        if frozen.library.indicators.get(indicator).is_none_or(|header| header.shape != Shape::Ratio) {
            continue;
        }
        // By domain and unit: its own rows, and those of the units below.
        let mut keys = 0;
        let mut counts: BTreeMap<String, BTreeMap<String, [Counted; 2]>> = BTreeMap::new();
        let adds_up = each(folder, indicator.as_ref(), |entry| {
            let of_domain = match counts.get_mut(entry.domain) {
                Some(known) => known,
                None => counts.entry(entry.domain.to_owned()).or_default(),
            };
            let [own, _] = match of_domain.get_mut(entry.unit) {
                Some(known) => known,
                None => of_domain.entry(entry.unit.to_owned()).or_default(),
            };
            own.add(Counted { numerator: u64::from(entry.in_numerator), denominator: u64::from(entry.in_denominator) });
            keys += 1;
        })?;
        if adds_up != Some(true) {
            continue;
        }
        added.keys += keys;
        for of_domain in counts.values_mut() {
            let own: Vec<(String, Counted)> = of_domain.iter().map(|(unit, [own, _])| (unit.clone(), *own)).collect();
            for (unit, count) in own {
                for above in frozen.left.hierarchy.with_ancestors(&unit).into_iter().filter(|above| *above != unit) {
                    of_domain.entry(above).or_default()[1].add(count);
                }
            }
        }
        for value in values {
            let (Some(numerator), Some(denominator)) = (value.numerator, value.denominator) else { continue };
            let mut sum = Counted::default();
            for (_, of_domain) in counts.iter().filter(|(domain, _)| is_of_domain(value, domain)) {
                let [own, below] = of_domain.get(value.unit.as_ref()).copied().unwrap_or_default();
                sum.add(own);
                if answers_for_others(frozen, value) {
                    sum.add(below);
                }
            }
            if (Decimal::from(sum.numerator), Decimal::from(sum.denominator)) == (numerator, denominator) {
                added.figures += 1;
            } else {
                let (published, found) = (Figure::Ratio(numerator, denominator), format!("{}/{}", sum.numerator, sum.denominator));
                added.wrong.push(format!("`{indicator}` of `{}` is {published}, and its records add up to {found}", value.unit));
            }
        }
    }
    let published = published.values.iter().filter(|value| value.numerator.is_some() && value.denominator.is_some()).count();
    added.others = published.saturating_sub(added.figures + added.wrong.len());
    Ok(added)
}

/// Rows above and below the line.
#[derive(Debug, Clone, Copy, Default)]
struct Counted {
    numerator: u64,
    denominator: u64,
}

impl Counted {
    fn add(&mut self, other: Self) {
        self.numerator += other.numerator;
        self.denominator += other.denominator;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, BooleanArray, RecordBatch, StringArray};
    use parquet::arrow::ArrowWriter;
    use parquet::file::metadata::KeyValue;
    use parquet::file::properties::WriterProperties;

    use super::*;

    fn taken(record: &str, numerator: u32, denominator: u32, as_met: bool) -> Retaken {
        Retaken { record: record.to_owned(), unit: "a".to_owned(), domain: "market".to_owned(), numerator, denominator, as_met }
    }

    /// Two rows of `late` and one of `kept`, as a release freezes them.
    fn frozen(adds_up: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join(FOLDER)).expect("made");
        let text = |texts: [&str; 3]| Arc::new(StringArray::from(texts.to_vec())) as ArrayRef;
        let truth = |truths: [bool; 3]| Arc::new(BooleanArray::from(truths.to_vec())) as ArrayRef;
        let shown: ArrayRef = Arc::new(StringArray::from(vec![None, None, Some("留存")]));
        let columns = [
            ("unit_id", text(["a"; 3])),
            ("domain", text(["market"; 3])),
            ("record_id", text(["late", "late", "kept"])),
            (NUMERATOR, truth([false, false, true])),
            (DENOMINATOR, truth([true; 3])),
            ("shown", shown),
        ];
        let batch = RecordBatch::try_from_iter(columns).expect("a batch");
        let says = WriterProperties::builder().set_key_value_metadata(Some(vec![KeyValue::new(ADDS_UP.to_owned(), adds_up.to_owned())]));
        let file = std::fs::File::create(file_of(&folder.path().join(FOLDER), "rate")).expect("created");
        let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(says.build())).expect("a writer");
        writer.write(&batch).expect("written");
        writer.close().expect("closed");
        folder
    }

    #[test]
    fn what_is_left_out_leaves_both_sides_and_what_is_met_only_changes_sides() {
        let rate = (Decimal::from(45), Decimal::from(50));
        let figure = |better, records: &[Retaken]| without(rate, better, records).to_string();
        assert_eq!(figure(Better::Higher, &[taken("late", 0, 1, false), taken("kept", 1, 1, false)]), "44/48");
        assert_eq!(figure(Better::Higher, &[taken("late", 0, 2, true), taken("kept", 1, 1, true)]), "47/50", "what was met stays met");
        assert_eq!(figure(Better::Lower, &[taken("late", 1, 1, true), taken("kept", 0, 1, true)]), "44/50", "less is better");
        assert_eq!(figure(Better::Lower, &[taken("late", 1, 1, false)]), "44/49");
    }

    #[test]
    fn a_record_that_did_not_count_as_was_said_is_named() {
        let folder = frozen("true");
        let said = |records: &[Retaken]| differences(folder.path(), "rate", records).expect("read").len();
        assert_eq!(said(&[taken("late", 0, 2, false), taken("kept", 1, 1, false)]), 0);
        assert_eq!(said(&[taken("late", 0, 1, false), taken("kept", 0, 1, false), taken("made up", 0, 1, false)]), 3);
    }

    #[test]
    fn rows_are_told_by_both_keys_and_with_whether_they_add_up() {
        let keys = |folder: &tempfile::TempDir, indicator: &str| {
            let mut keys = Vec::new();
            let adds_up = each(folder.path(), indicator, |entry| keys.push(format!("{} {}", entry.record, entry.shown))).expect("read");
            (adds_up, keys)
        };
        let all: Vec<String> = ["late late", "late late", "kept 留存"].map(str::to_owned).to_vec();
        assert_eq!(keys(&frozen("true"), "rate"), (Some(true), all.clone()));
        assert_eq!(keys(&frozen("false"), "rate"), (Some(false), all));
        assert_eq!(keys(&frozen("true"), "another"), (None, Vec::new()));
    }
}
