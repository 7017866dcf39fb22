//! The keys of the records behind the figures, as a release has frozen them.
//!
//! In: `frozen/evidence/<indicator>.parquet`. Out: every row behind a figure, and what it adds once it is left out or counts as met; which published figures are not what their keys add up to. Never here: records, a
//! decision, figures that are no counts of rows (means, amounts, firms that are counted once).

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use arrow::array::{Array, AsArray};
use arrow::datatypes::Date32Type;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::frozen::Frozen;
use super::read_json;
use crate::error::{Context, Error, Kind, Result};
use crate::explain::evidence::{ADDS_UP, file_of};
use crate::explain::rows::{DENOMINATOR, NUMERATOR};
use crate::library::indicator::{Better, Rollup, Shape};
use crate::scoring::correction::Figure;
use crate::scoring::tables::{Scorecards, Value};
use crate::terms::{IndicatorId, UnitId};

/// Below `frozen/`.
pub const FOLDER: &str = "evidence";

/// Beside the folder: how many keys each file has, and which indicators have none, and why.
pub const LIST: &str = "evidence.json";

/// Of that list, what is asked here.
#[derive(Deserialize)]
struct Written {
    without: BTreeMap<String, String>,
}

/// One row behind a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Whose act.
    pub unit: &'a str,
    /// In which domain.
    pub domain: &'a str,
    /// First day of its month, in days since 1970; none in a figure of a window.
    pub month: Option<i32>,
    /// Its key.
    pub record: &'a str,
    /// The key as pages show it.
    pub shown: &'a str,
    /// Whether it counts above the line.
    pub in_numerator: bool,
    /// And below.
    pub in_denominator: bool,
}

/// A record that a decision names: what it counts for is looked up in what an edition has frozen, and may be something else in a later one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Named {
    /// Its key.
    pub record: String,
    /// Whose act.
    pub unit: String,
    /// In which domain.
    pub domain: String,
    /// Whether it stays in the figure, and counts as met; else it is left out.
    pub as_met: bool,
}

impl Named {
    /// Whose act, in which domain, which record.
    pub fn key(&self) -> (&str, &str, &str) {
        (&self.unit, &self.domain, &self.record)
    }
}

/// What a row adds to a figure once it is left out, or counts as met: above the line, below it.
pub fn difference(entry: Entry<'_>, as_met: bool, better: Better) -> (i64, i64) {
    let (above, below) = (i64::from(entry.in_numerator), i64::from(entry.in_denominator));
    match (as_met, better) {
        (false, _) => (-above, -below),
        (true, Better::Lower) => (-above, 0),
        (true, Better::Higher) => (below - above, 0),
        // What is met in a band no record says.
        (true, Better::Band) => (0, 0),
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
        let months = column("month")?.as_primitive::<Date32Type>();
        for row in 0..batch.num_rows() {
            let record = records.value(row);
            tell(Entry {
                unit: units.value(row),
                domain: domains.value(row),
                month: months.is_valid(row).then(|| months.value(row)),
                record,
                shown: if shown.is_valid(row) { shown.value(row) } else { record },
                in_numerator: numerator.value(row),
                in_denominator: denominator.value(row),
            });
        }
    }
    Ok(Some(adds_up))
}

/// Units whose figures count what the units below have done.
fn answering(frozen: &Frozen) -> BTreeSet<&UnitId> {
    let tiers = &frozen.scheme.subtree_tiers;
    frozen.left.units.iter().filter(|unit| tiers.contains(&unit.tier)).map(|unit| &unit.id).collect()
}

/// Whether what units below have done is a part of such a figure.
fn is_summed(frozen: &Frozen, value: &Value) -> bool {
    frozen.library.indicators.get(&value.indicator).is_some_and(|indicator| indicator.rollup != Rollup::None)
}

/// Whether a row is one of those that a published figure counts; asked once a figure.
pub fn counting<'f>(frozen: &'f Frozen, value: &'f Value) -> impl Fn(Entry<'_>) -> bool + use<'f> {
    let answers = answering(frozen).contains(&value.unit) && is_summed(frozen, value);
    move |entry| {
        let below = || frozen.left.hierarchy.with_ancestors(entry.unit).iter().any(|above| above == value.unit.as_ref());
        value.counts_domain(entry.domain) && (entry.unit == value.unit.as_ref() || (answers && below()))
    }
}

/// What the keys say of the published figures.
#[derive(Debug, Default)]
pub struct Added {
    /// Keys of figures that are counts of rows.
    pub keys: u64,
    /// Published figures that are what their keys add up to.
    pub figures: usize,
    /// Other published figures: means, amounts, firms counted once, composites, those of earlier nights.
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
    let written: Written = read_json(&folder.join(LIST))?;
    let answering = answering(frozen);
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
        if adds_up.is_none() && !written.without.contains_key(indicator.as_ref()) {
            added.wrong.push(format!("the keys of the records behind `{indicator}` are missing"));
        }
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
            let answers = answering.contains(&value.unit) && is_summed(frozen, value);
            for (_, of_domain) in counts.iter().filter(|(domain, _)| value.counts_domain(domain)) {
                let [own, below] = of_domain.get(value.unit.as_ref()).copied().unwrap_or_default();
                sum.add(own);
                if answers {
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
            ("month", Arc::new(arrow::array::Date32Array::from(vec![None, Some(20_454), None])) as ArrayRef),
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
        let entry = |in_numerator, in_denominator| Entry {
            unit: "a",
            domain: "",
            month: None,
            record: "r",
            shown: "r",
            in_numerator,
            in_denominator,
        };
        let (late, kept) = (entry(false, true), entry(true, true));
        assert_eq!([late, kept].map(|entry| difference(entry, false, Better::Higher)), [(0, -1), (-1, -1)]);
        assert_eq!([late, kept].map(|entry| difference(entry, true, Better::Higher)), [(1, 0), (0, 0)], "what was met stays met");
        assert_eq!([late, kept].map(|entry| difference(entry, true, Better::Lower)), [(0, 0), (-1, 0)], "less is better");
        assert_eq!(difference(kept, true, Better::Band), (0, 0));
    }

    #[test]
    fn rows_are_told_by_both_keys_and_with_whether_they_add_up() {
        let keys = |folder: &tempfile::TempDir, indicator: &str| {
            let mut keys = Vec::new();
            let adds_up = each(folder.path(), indicator, |entry| keys.push(format!("{} {} {:?}", entry.record, entry.shown, entry.month)))
                .expect("read");
            (adds_up, keys)
        };
        let all: Vec<String> = ["late late None", "late late Some(20454)", "kept 留存 None"].map(str::to_owned).to_vec();
        assert_eq!(keys(&frozen("true"), "rate"), (Some(true), all.clone()));
        assert_eq!(keys(&frozen("false"), "rate"), (Some(false), all));
        assert_eq!(keys(&frozen("true"), "another"), (None, Vec::new()));
    }
}
