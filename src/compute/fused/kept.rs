//! Counts that a run keeps for the next: figures by part of a relation, under the digest of what they are counts of.
//!
//! In: the states of a [`Plan`], the parts of its relation (a month of a source table; or a made relation as a whole). Out: for a part that
//! is the same as it was, the figures that are the same, read back; what must be counted anew. Never here: scanning, deciding what an indicator
//! means.
//!
//! A figure is the same when its digest is: the expressions it is made of, down to the columns of the relation, with the versions of the
//! clocks and parameters that they look up. A part is the same when its files are: a month that did not change is not rewritten, and no file of
//! the lake is ever changed. What compares with the as-of instant says itself until when it stays.
//!
//! One Parquet file a part, under `counts/<relation>/`, and one for the sum of them all, which names them; it is written whole beside its
//! place and moved there. A file that can't be read, or was written by another version, is no error: the part is counted anew.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch};
use arrow::datatypes::{Int64Type, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::{KeyValue, ParquetMetaData};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use serde::{Deserialize, Serialize};

use super::graph::Validity;
use super::kernel::{Plan, State};

/// Raised whenever the same digest would stand for other figures than before.
const FORM: &str = concat!("3 ", env!("CARGO_PKG_VERSION"));
/// The folder of the answers of queries that are not counted together with others.
const ALONE: &str = "alone";
/// The key of a file's own description.
const DESCRIPTION: &str = "kaohe.counts";
/// The column of a file.
const NUMBERS: &str = "numbers";

/// The counts of a relation that stand beside those of other parts, without a plan's numbering.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Figures {
    /// Rows that were seen.
    pub rows: u64,
    /// In UTC microseconds or days.
    pub validity: Stays,
    /// Groups with their figures, one table for each list of group columns.
    pub tables: Vec<FigureTable>,
    /// Of what is a sum of parts, each of them by its name, with its validity: a part with the same rows and the same answers has the same
    /// figures.
    pub of: BTreeMap<String, Stays>,
}

/// By the digest of a comparison with a moving moment: between which moments its answers stay.
pub type Stays = BTreeMap<String, (i64, i64)>;

/// Whether comparisons answer now as they did.
pub fn stay<'a>(stays: &Stays, mut moments: impl Iterator<Item = &'a (String, i64)>) -> bool {
    moments.all(|(digest, now)| stays.get(digest).is_some_and(|(from, until)| Validity { from: *from, until: *until }.holds_at(*now)))
}

impl Figures {
    /// The figures that take these away from a sum.
    pub fn negated(mut self) -> Self {
        for table in &mut self.tables {
            table.counts.iter_mut().flat_map(|(_, counts)| counts).for_each(|count| *count = count.wrapping_neg());
            table.sums.iter_mut().flat_map(|(_, sums)| sums).for_each(|sum| *sum = sum.wrapping_neg());
        }
        self.validity.clear();
        self
    }

    /// Without the groups of which nothing is left.
    pub fn without_empty_groups(mut self) -> Self {
        for table in &mut self.tables {
            let length = table.length();
            let mut is_left = vec![table.labels.is_empty(); length];
            for (_, counts) in &table.counts {
                is_left.iter_mut().zip(counts).for_each(|(is_left, count)| *is_left |= *count != 0);
            }
            for (_, sums) in &table.sums {
                is_left.iter_mut().zip(sums).for_each(|(is_left, sum)| *is_left |= *sum != 0);
            }
            if is_left.iter().all(|is_left| *is_left) {
                continue;
            }
            table.labels.iter_mut().for_each(|labels| keep(&mut labels.of_groups, &is_left));
            table.counts.iter_mut().for_each(|(_, counts)| keep(counts, &is_left));
            table.sums.iter_mut().for_each(|(_, sums)| keep(sums, &is_left));
        }
        self
    }
}

fn keep<T>(values: &mut Vec<T>, is_kept: &[bool]) {
    let mut is_kept = is_kept.iter();
    values.retain(|_| is_kept.next() == Some(&true));
}

/// Figures of the same groups.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct FigureTable {
    /// Digests of the group columns.
    pub groups: Vec<String>,
    /// For each group column, the value of every group.
    pub labels: Vec<Labels>,
    /// Digest of a count, and its figure for every group.
    pub counts: Vec<(String, Vec<i64>)>,
    /// Digest of a sum, and its figure for every group.
    pub sums: Vec<(String, Vec<i128>)>,
}

impl FigureTable {
    /// How many groups it has.
    fn length(&self) -> usize {
        self.labels.first().map_or_else(|| self.counts.first().map_or(0, |(_, all)| all.len()), |labels| labels.of_groups.len())
    }
}

/// The values of one group column: each distinct one, and which of them every group has (0 is NULL).
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Labels {
    /// Distinct values where they are texts.
    pub texts: Vec<Arc<str>>,
    /// Distinct values where they are numbers, days or truths.
    pub numbers: Vec<i64>,
    /// By group: the place of the value, from 1 on.
    pub of_groups: Vec<u32>,
}

/// What a file says of itself.
#[derive(Debug, Serialize, Deserialize)]
struct Description {
    form: String,
    rows: u64,
    validity: Stays,
    tables: Vec<Described>,
    of: BTreeMap<String, Stays>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Described {
    groups: Vec<String>,
    counts: Vec<String>,
    sums: Vec<String>,
    /// How many groups; of each group column its texts, which are few, and how many numbers it has.
    length: usize,
    texts: Vec<Vec<String>>,
    numbers: Vec<usize>,
}

/// Where counts are kept.
#[derive(Debug)]
pub struct KeptCounts {
    folder: PathBuf,
    /// Files that this run has read or written: the others go.
    used: Mutex<BTreeSet<PathBuf>>,
}

impl KeptCounts {
    /// The counts in a folder, which need not be there yet.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, used: Mutex::default() }
    }

    fn path(&self, relation: &str, part: &str) -> PathBuf {
        self.folder.join(relation.replace(|c: char| !c.is_ascii_alphanumeric() && c != '_', "_")).join(format!("{part}.parquet"))
    }

    /// The figures of a part; none where there is no file, or none that can be used.
    pub fn read(&self, relation: &str, part: &str) -> Option<Figures> {
        self.read_if(relation, part, |_| true)
    }

    /// The same, if what the file says of itself (no figures, no values of groups) is wanted.
    pub fn read_if(&self, relation: &str, part: &str, is_wanted: impl Fn(&Figures) -> bool) -> Option<Figures> {
        read(&self.path(relation, part), is_wanted).ok().flatten()
    }

    /// The rows of a query that is answered alone; none where there is no file, or none that can be used.
    pub fn read_rows(&self, name: &str) -> Option<Vec<RecordBatch>> {
        let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(self.path(ALONE, name)).ok()?).ok()?;
        let batches =
            if description_of(builder.metadata()) == Some(FORM) { builder.build().ok()?.collect::<Result<_, _>>().ok() } else { None };
        batches.inspect(|_| self.uses(ALONE, name))
    }

    /// Whether rows of a query that is answered alone are kept under this name.
    pub fn has_rows(&self, name: &str) -> bool {
        self.path(ALONE, name).is_file()
    }

    /// Keeps the rows of a query that is answered alone.
    ///
    /// # Errors
    /// A disk that takes no more.
    pub fn write_rows(&self, name: &str, schema: SchemaRef, batches: &[RecordBatch]) -> io::Result<()> {
        self.placed(ALONE, name, |path| {
            let properties =
                WriterProperties::builder().set_key_value_metadata(Some(vec![KeyValue::new(DESCRIPTION.to_owned(), FORM.to_owned())]));
            let mut writer = ArrowWriter::try_new(File::create(path)?, schema, Some(properties.build())).map_err(io::Error::other)?;
            batches.iter().try_for_each(|batch| writer.write(batch)).map_err(io::Error::other)?;
            writer.close().map(|_| ()).map_err(io::Error::other)
        })
    }

    /// Writes a file beside its place and moves it there.
    fn placed(&self, relation: &str, part: &str, write: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
        let path = self.path(relation, part);
        fs::create_dir_all(path.parent().unwrap_or(&self.folder))?;
        let beside = path.with_extension("writing");
        write(&beside)?;
        fs::rename(&beside, &path)?;
        self.uses(relation, part);
        Ok(())
    }

    /// Says that a file is still wanted.
    pub fn uses(&self, relation: &str, part: &str) {
        if let Ok(mut used) = self.used.lock() {
            used.insert(self.path(relation, part));
        }
    }

    /// Keeps the figures of a part in the place of earlier ones.
    ///
    /// # Errors
    /// A disk that takes no more.
    pub fn write(&self, relation: &str, part: &str, figures: &Figures) -> io::Result<()> {
        self.placed(relation, part, |path| write(path, figures))
    }

    /// Removes what this run has not used.
    ///
    /// # Errors
    /// A folder that can't be listed; a file that can't be removed.
    pub fn sweep(&self) -> io::Result<()> {
        let Ok(used) = self.used.lock() else { return Ok(()) };
        if !self.folder.is_dir() {
            return Ok(());
        }
        for relation in fs::read_dir(&self.folder)? {
            let relation = relation?.path();
            if !relation.is_dir() {
                continue;
            }
            let mut is_empty = true;
            for file in fs::read_dir(&relation)? {
                let file = file?.path();
                if used.contains(&file) {
                    is_empty = false;
                } else {
                    fs::remove_file(file)?;
                }
            }
            if is_empty {
                fs::remove_dir(relation)?;
            }
        }
        Ok(())
    }
}

fn write(path: &Path, figures: &Figures) -> io::Result<()> {
    let described = |table: &FigureTable| Described {
        groups: table.groups.clone(),
        counts: table.counts.iter().map(|(digest, _)| digest.clone()).collect(),
        sums: table.sums.iter().map(|(digest, _)| digest.clone()).collect(),
        length: table.length(),
        texts: table.labels.iter().map(|labels| labels.texts.iter().map(|text| text.to_string()).collect()).collect(),
        numbers: table.labels.iter().map(|labels| labels.numbers.len()).collect(),
    };
    let description = Description {
        form: FORM.to_owned(),
        rows: figures.rows,
        validity: figures.validity.clone(),
        tables: figures.tables.iter().map(described).collect(),
        of: figures.of.clone(),
    };
    let text = serde_json::to_string(&description).map_err(io::Error::other)?;
    // All one after another: what is held is described. Of a sum the upper half goes before the lower one.
    let mut numbers: Vec<i64> = Vec::new();
    for table in &figures.tables {
        for column in &table.labels {
            numbers.extend(&column.numbers);
            numbers.extend(column.of_groups.iter().map(|label| i64::from(*label)));
        }
        table.counts.iter().for_each(|(_, figures)| numbers.extend(figures));
        for (_, figures) in &table.sums {
            numbers.extend(figures.iter().map(|sum| (sum >> 64) as i64));
            numbers.extend(figures.iter().map(|sum| *sum as i64));
        }
    }
    let columns: [(&str, ArrayRef); 1] = [(NUMBERS, Arc::new(Int64Array::from(numbers)))];
    let batch = RecordBatch::try_from_iter(columns).map_err(io::Error::other)?;
    let schema = batch.schema();
    // Counts are small numbers, most of them like the one before.
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1).map_err(io::Error::other)?))
        .set_dictionary_enabled(false)
        .set_statistics_enabled(EnabledStatistics::None)
        .set_column_encoding(ColumnPath::from(NUMBERS), Encoding::DELTA_BINARY_PACKED)
        .set_key_value_metadata(Some(vec![KeyValue::new(DESCRIPTION.to_owned(), text)]))
        .build();
    let mut writer = ArrowWriter::try_new(File::create(path)?, schema, Some(properties)).map_err(io::Error::other)?;
    writer.write(&batch).map_err(io::Error::other)?;
    writer.close().map_err(io::Error::other)?;
    Ok(())
}

fn read(path: &Path, is_wanted: impl Fn(&Figures) -> bool) -> io::Result<Option<Figures>> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(io::Error::other)?;
    let said = description_of(builder.metadata()).unwrap_or_default();
    let Ok(description) = serde_json::from_str::<Description>(said) else { return Ok(None) };
    if description.form != FORM || !is_wanted(&outline(&description)) {
        return Ok(None);
    }
    let rows = usize::try_from(builder.metadata().file_metadata().num_rows()).unwrap_or(0).max(1);
    let mut reader = builder.with_batch_size(rows).build().map_err(io::Error::other)?;
    let batch = reader.next().transpose().map_err(io::Error::other)?;
    let numbers = batch.as_ref().and_then(|batch| batch.column_by_name(NUMBERS)?.as_primitive_opt::<Int64Type>());
    // Nothing was there to be counted: that is known, too.
    Ok(taken(description, numbers.map_or(&[], |numbers| numbers.values())))
}

/// What a file holds, without the figures themselves.
fn outline(description: &Description) -> Figures {
    let table = |table: &Described| FigureTable {
        groups: table.groups.clone(),
        labels: Vec::new(),
        counts: table.counts.iter().map(|digest| (digest.clone(), Vec::new())).collect(),
        sums: table.sums.iter().map(|digest| (digest.clone(), Vec::new())).collect(),
    };
    Figures {
        rows: description.rows,
        validity: description.validity.clone(),
        tables: description.tables.iter().map(table).collect(),
        of: description.of.clone(),
    }
}

/// What a file says of itself.
fn description_of(metadata: &ParquetMetaData) -> Option<&str> {
    metadata.file_metadata().key_value_metadata()?.iter().find(|pair| pair.key == DESCRIPTION)?.value.as_deref()
}

/// The next `length` of what stands one after another.
fn next<'a>(rest: &mut &'a [i64], length: usize) -> Option<&'a [i64]> {
    let (next, left) = rest.split_at_checked(length)?;
    *rest = left;
    Some(next)
}

fn taken(description: Description, mut numbers: &[i64]) -> Option<Figures> {
    let mut figures = Figures { rows: description.rows, validity: description.validity, tables: Vec::new(), of: description.of };
    for table in &description.tables {
        let mut found = FigureTable { groups: table.groups.clone(), ..FigureTable::default() };
        for (texts, number) in table.texts.iter().zip(&table.numbers) {
            let texts: Vec<Arc<str>> = texts.iter().map(|text| Arc::from(text.as_str())).collect();
            let own = next(&mut numbers, *number)?.to_vec();
            let last = texts.len().max(own.len());
            let label = |label: &i64| usize::try_from(*label).ok().filter(|label| *label <= last).map(|label| label as u32);
            let of_groups = next(&mut numbers, table.length)?.iter().map(label).collect::<Option<Vec<u32>>>()?;
            found.labels.push(Labels { texts, numbers: own, of_groups });
        }
        for digest in &table.counts {
            found.counts.push((digest.clone(), next(&mut numbers, table.length)?.to_vec()));
        }
        for digest in &table.sums {
            let (upper, lower) = (next(&mut numbers, table.length)?, next(&mut numbers, table.length)?);
            let sum = |(upper, lower): (&i64, &i64)| i128::from(*upper) << 64 | i128::from(*lower as u64);
            found.sums.push((digest.clone(), upper.iter().zip(lower).map(sum).collect()));
        }
        figures.tables.push(found);
    }
    Some(figures)
}

impl Figures {
    fn digests(&self) -> HashSet<&str> {
        self.tables
            .iter()
            .flat_map(|table| {
                table.counts.iter().map(|(digest, _)| digest.as_str()).chain(table.sums.iter().map(|(digest, _)| digest.as_str()))
            })
            .collect()
    }

    /// Whether every figure of a plan is there, as of whichever moment.
    pub fn has_all(&self, plan: &Plan) -> bool {
        let there = self.digests();
        (0..plan.number_of_queries()).all(|place| plan.figures_asked(place).iter().all(|digest| there.contains(digest.as_str())))
    }

    /// Which queries of a plan these figures answer at the plan's instants, one by one.
    pub fn answer(&self, plan: &Plan) -> Vec<bool> {
        let there = self.digests();
        (0..plan.number_of_queries())
            .map(|place| {
                plan.figures_asked(place).iter().all(|digest| there.contains(digest.as_str()))
                    && stay(&self.validity, plan.moments_asked(place).iter())
            })
            .collect()
    }
}

/// What a part's figures are made of: those read back, with the queries that they answer, and those counted anew.
pub fn put_together(plan: &Plan, kept: Option<(&Figures, &[bool])>, fresh: Option<&Figures>) -> State {
    let mut state = State::new(plan);
    let wanted = kept.map(|(_, answers)| plan.figures_of(answers)).unwrap_or_default();
    if let Some((figures, _)) = kept {
        state.take(plan, figures, &|digest| wanted.contains(digest));
    }
    if let Some(figures) = fresh {
        state.take(plan, figures, &|digest| !wanted.contains(digest));
    }
    state
}
