//! An extract that nobody has seen → a `[[source]]` to edit.
//!
//! In: a file, the library's contracts, the project where there is one. Out: for each table of the file the contract that fits best and the
//! next best, what each header means and why, codes for unknown labels, what is missing, what is odd, and what became of the first records
//! when the proposal was tried on the loader itself. Never here: the text of kaohe.toml, any value of a record but labels of coded columns
//! that are about no person.
//!
//! ```text
//! file ─sample─▶ headers + first records ─profile─▶ what values are ─fit (every contract)─▶ best ─labels, shape─▶ proposal ─trial─▶ figures
//! ```

mod fit;
mod labels;
mod likeness;
mod profile;
mod sample;
mod shape;
mod trial;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use arrow::array::AsArray;
use arrow::ipc::reader::FileReader;
use jiff::civil::Date;

use self::fit::{Fit, Header, Place, Table};
use self::likeness::Vocabulary;
use self::profile::{KnownIds, Profile};
use self::sample::Beginning;
use self::trial::Bench;
use super::StagedTable;
use super::csv;
use super::raw::Expect;
use crate::error::{Context, Error, Kind, Result};
use crate::functions::Clocks;
use crate::library::Library;
use crate::library::contract::{Column, ColumnType, REGISTRY, TableContract, normalise_header};
use crate::project::{Encoding, Format, Project, Source};

pub use labels::{ColumnLabels, LabelProposal};
pub use trial::Trial;

/// What is asked.
pub struct Question<'a> {
    /// The extract.
    pub file: &'a Path,
    /// Whose contracts are tried.
    pub library: &'a Library,
    /// Whose units and regions are known, where there is one.
    pub project: Option<&'a Project>,
    /// The only table to try.
    pub table: Option<&'a str>,
    /// Records that are looked at, of each table of the file.
    pub rows: u64,
    /// As of when records are checked.
    pub as_of: Date,
    /// A folder for what is staged; the caller removes it.
    pub staging: &'a Path,
}

/// What a file holds and what it may become.
#[derive(Debug)]
pub struct Answer {
    /// How it is read.
    pub format: Format,
    /// Whether the ending of its name says another format, or none.
    pub format_is_untold: bool,
    /// Name of the encoding of text.
    pub encoding: Option<&'static str>,
    /// The encoding, where it has to be declared.
    pub declared: Option<Encoding>,
    /// Its tables.
    pub tables: Vec<Proposal>,
    /// Visible worksheets without a header.
    pub other_sheets: Vec<String>,
}

/// One table of a file and what is proposed for it.
#[derive(Debug)]
pub struct Proposal {
    /// Worksheets of this header.
    pub sheets: Vec<String>,
    /// The worksheet, where it has to be declared.
    pub sheet: Option<String>,
    /// Line of the header; 0 where the format has none.
    pub line: i64,
    /// Records looked at.
    pub records: u64,
    /// Whether there are more.
    pub goes_on: bool,
    /// Delimiter of text.
    pub delimiter: Option<u8>,
    /// Whether it has to be declared.
    pub delimiter_is_needed: bool,
    /// Contracts, the best first; at most four.
    pub candidates: Vec<Candidate>,
    /// By header of the file; empty ones are left out.
    pub headers: Vec<HeaderProposal>,
    /// Labels that code lists of the best contract do not know.
    pub labels: Vec<ColumnLabels>,
    /// Columns of the best contract that rows must have and that no sure header gives.
    pub missing: Vec<Missing>,
    /// What is odd about the table.
    pub remarks: Vec<String>,
    /// What the sure part does; `None` when it names no column.
    pub trial: Option<Trial>,
    /// What the doubtful part does besides; `None` when there is none.
    pub trial_with_doubtful: Option<Trial>,
}

impl Proposal {
    /// The best contract, where it fits at all.
    pub fn best(&self) -> Option<&Candidate> {
        self.candidates.first().filter(|candidate| candidate.fits)
    }
}

/// A contract that was tried on a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Name.
    pub table: String,
    /// Chinese title.
    pub title: String,
    /// Whether it can be meant at all.
    pub fits: bool,
    /// Headers that it knows.
    pub known: usize,
    /// Headers that it does not know and that surely mean one of its columns.
    pub sure: usize,
    /// Headers that may mean one.
    pub doubtful: usize,
    /// Columns that its rows must have.
    pub required: usize,
    /// Of them, those that no header gives and nothing fills.
    pub missing: Vec<String>,
}

/// What becomes of a header.
#[derive(Debug, Clone, PartialEq)]
pub struct HeaderProposal {
    /// As the file writes it.
    pub name: String,
    /// Its place.
    pub fate: Fate,
    /// What stands below it, without any value.
    pub holds: String,
}

/// The place of a header.
#[derive(Debug, Clone, PartialEq)]
pub enum Fate {
    /// The contract knows it.
    Recognised {
        /// Column.
        column: String,
        /// What speaks against it: its values are not the column's.
        doubt: Option<String>,
    },
    /// It means a column.
    Renamed {
        /// What `columns` has to say: a column, `(万元)` behind it where amounts are in 万元.
        to: String,
        /// Whether it is sure enough to be written.
        is_sure: bool,
        /// Why.
        because: String,
    },
    /// Another header gives the same column.
    Ignored {
        /// That column.
        column: String,
    },
    /// It means nothing here.
    Unknown,
}

/// A column that rows must have and that no header gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// Column.
    pub column: String,
    /// What it means.
    pub meaning: String,
    /// Its codes, where it has some.
    pub codes: Vec<String>,
    /// Whether it is the key, which no constant can give.
    pub is_key: bool,
    /// What every row gets without it; `None`: no row can do without.
    pub default: Option<String>,
    /// A doubtful header that may give it.
    pub perhaps: Option<String>,
}

/// Looks at a file and proposes.
///
/// # Errors
/// A file that can't be read; a table that nobody knows; a staging folder that can't be written.
pub fn propose(question: &Question<'_>) -> Result<Answer> {
    let file = question.file.canonicalize().context(Kind::Source, || format!("looking for {}", question.file.display()))?;
    if !file.is_file() {
        return Err(Error::new(Kind::Configuration, format!("{} is no file", question.file.display())).with_hint("name one file of it"));
    }
    let contracts = contracts(question)?;
    let vocabulary = Vocabulary::new();
    let sources: Vec<Source> = contracts.iter().map(|contract| bare_source(contract, &file)).collect();
    let tables: Vec<Table<'_>> =
        contracts.iter().zip(&sources).map(|(contract, source)| Table::new(contract, source, &vocabulary)).collect();
    let is_known = |cell: &str| tables.iter().any(|table| table.knows(cell));
    let what = || format!("reading {}", question.file.display());
    let sample = sample::read(&file, question.rows, &is_known).map_err(|error| error.while_doing(what()))?;
    let clocks = Clocks::of(question.library);
    let bench = Bench { staging: question.staging, as_of: question.as_of, at_most: question.rows, clocks: &clocks };
    let known = known_ids(question, &bench)?;
    let several = sample.tables.len() > 1;
    let asker =
        Asker { file: &file, tables: &tables, known: &known, vocabulary: &vocabulary, bench: &bench, is_asked: question.table.is_some() };
    let mut proposals = Vec::new();
    for beginning in &sample.tables {
        let sheets: Vec<Option<&String>> = if several { beginning.sheets.iter().map(Some).collect() } else { vec![None] };
        for sheet in sheets {
            proposals.push(asker.proposal(&sample, beginning, sheet)?);
        }
    }
    Ok(Answer {
        format: sample.format,
        format_is_untold: Format::of_extension(&file) != Some(sample.format),
        encoding: sample.encoding.map(encoding_rs::Encoding::name),
        declared: sample.declared,
        tables: proposals,
        other_sheets: sample.other_sheets,
    })
}

fn contracts<'a>(question: &Question<'a>) -> Result<Vec<&'a TableContract>> {
    let all = &question.library.tables;
    let Some(name) = question.table else { return Ok(all.values().collect()) };
    all.get(name).map(|contract| vec![contract]).ok_or_else(|| {
        Error::new(Kind::Configuration, format!("there is no source table `{name}`"))
            .with_hint(format!("there are {}", all.keys().cloned().collect::<Vec<_>>().join(", ")))
            .hint_nearest(name, all.keys().map(String::as_str))
    })
}

/// A source that says nothing but where its file is.
fn bare_source(contract: &TableContract, file: &Path) -> Source {
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Source {
        table: contract.name.clone(),
        path: name,
        database: None,
        remote: None,
        root: file.parent().map(Path::to_owned).unwrap_or_default(),
        format: None,
        encoding: None,
        delimiter: None,
        sheet: None,
        mapping: None,
        max_quarantine_rate: None,
        max_shrink: 1.0,
        columns: BTreeMap::new(),
        codes: BTreeMap::new(),
        constants: BTreeMap::new(),
        dropped: Vec::new(),
        places: Default::default(),
    }
}

/// Regions of the library and of the project, units of the project: what its sources hold, read as a load reads them.
fn known_ids(question: &Question<'_>, bench: &Bench<'_>) -> Result<KnownIds> {
    let mut known = KnownIds::default();
    let shipped = question.library.files.get("reference/regions.csv").map_or("", String::as_str);
    known.regions.extend(shipped.lines().skip(1).filter_map(|line| Some(line.split_once(',')?.0.to_owned())));
    let wholly = Bench { at_most: u64::MAX, ..*bench };
    for (table, column, ids) in [("regions", "region_code", &mut known.regions), (REGISTRY.0, REGISTRY.1, &mut known.units)] {
        let sources = question.project.map(|project| project.sources_of(table)).unwrap_or_default();
        let Some(contract) = question.library.tables.get(table).filter(|_| !sources.is_empty()) else { continue };
        match wholly.load(contract, &sources, |staged| ids_of(staged, column)) {
            Ok(found) => ids.extend(found),
            // A registry that can't be read is told by a load; here it only knows less.
            Err(error) if matches!(error.kind, Kind::Source | Kind::Query | Kind::Configuration) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(known)
}

fn ids_of(staged: &StagedTable, column: &str) -> Result<BTreeSet<String>> {
    let mut ids = BTreeSet::new();
    for month in staged.months.values() {
        let doing = || format!("reading {}", month.path.display());
        let file = std::fs::File::open(&month.path).context(Kind::Environment, doing)?;
        for batch in FileReader::try_new(file, None).context(Kind::Environment, doing)? {
            let batch = batch.context(Kind::Environment, doing)?;
            let texts = batch.column_by_name(column).and_then(|array| array.as_string_opt::<i32>());
            ids.extend(texts.into_iter().flat_map(|texts| texts.iter().flatten()).map(str::to_owned));
        }
    }
    Ok(ids)
}

/// What all tables of a file share.
struct Asker<'a> {
    file: &'a Path,
    tables: &'a [Table<'a>],
    known: &'a KnownIds,
    vocabulary: &'a Vocabulary,
    bench: &'a Bench<'a>,
    /// Whether the user has named the table.
    is_asked: bool,
}

impl Asker<'_> {
    fn proposal(&self, sample: &sample::Sample, beginning: &Beginning, sheet: Option<&String>) -> Result<Proposal> {
        let names = beginning.names.iter().enumerate();
        let headers: Vec<Header> =
            names.map(|(at, name)| Header::new(name, Profile::of(beginning.texts(at), self.known), self.vocabulary)).collect();
        let known_by: Vec<usize> =
            headers.iter().map(|header| self.tables.iter().filter(|table| table.knows(&header.name)).count()).collect();
        let stem = self.file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let file_names: Vec<_> = beginning.sheets.iter().chain([&stem]).map(|name| self.vocabulary.words(name)).collect();
        let mut fits: Vec<(&Table<'_>, Fit)> =
            self.tables.iter().map(|table| (table, table.fit(beginning, &headers, &file_names, &known_by))).collect();
        fits.sort_by(|(one, one_fit), (other, other_fit)| {
            other_fit.score.total_cmp(&one_fit.score).then_with(|| one.contract.name.cmp(&other.contract.name))
        });
        let best_score = fits.first().map_or(0.0, |(_, fit)| fit.score);
        let near = fits.iter().filter(|(_, fit)| fit.score * 3.0 > best_score);
        let candidates = near.take(4).map(|(table, fit)| self.candidate(table, fit, &headers)).collect();
        let mut proposal = Proposal {
            sheets: beginning.sheets.clone(),
            sheet: sheet.cloned(),
            line: beginning.line,
            records: beginning.records,
            goes_on: beginning.goes_on,
            delimiter: sample.delimiter,
            delimiter_is_needed: false,
            candidates,
            headers: Vec::new(),
            labels: Vec::new(),
            missing: Vec::new(),
            remarks: Vec::new(),
            trial: None,
            trial_with_doubtful: None,
        };
        let Some((table, fit)) = fits.first().filter(|_| proposal.best().is_some()) else { return Ok(proposal) };
        proposal.headers = fates(table, fit, &headers);
        let mut source = bare_source(table.contract, self.file);
        source.format = Some(sample.format);
        source.encoding = sample.declared;
        source.sheet = sheet.cloned();
        proposal.labels = self.labels(table, fit, beginning, &source);
        proposal.missing = missing(table, fit, &headers);
        proposal.remarks = shape::remarks(beginning, &headers, &fit.places, table.contract);
        let sure = proposal.written(source.clone(), false);
        if let (Format::Csv, Some(delimiter)) = (sample.format, sample.delimiter) {
            proposal.delimiter_is_needed = self.sniffed(table.contract, &sure, sample)? != delimiter;
            source.delimiter = Some(delimiter).filter(|_| proposal.delimiter_is_needed);
        }
        if fit.found() > 0 {
            proposal.trial = Some(self.bench.try_source(table.contract, &proposal.written(source.clone(), false))?);
        }
        let all = proposal.written(source, true);
        if all.columns != sure.columns || all.codes != sure.codes {
            proposal.trial_with_doubtful = Some(self.bench.try_source(table.contract, &all)?);
        }
        Ok(proposal)
    }

    /// A contract can be meant when it gives places to two headers and to a fair part of them, and has one of its required columns.
    fn candidate(&self, table: &Table<'_>, fit: &Fit, headers: &[Header]) -> Candidate {
        let contract = table.contract;
        let known = fit.places.iter().filter(|place| matches!(place, Place::Known(_))).count();
        let (sure, perhaps) = (fit.found(), fit.perhaps());
        // Of a table turned on its side nobody expects that its columns have places.
        let named =
            headers.iter().zip(&fit.places).filter(|(header, place)| !header.name.is_empty() && !shape::is_turned(header, place)).count();
        let is_fair = perhaps * 3 >= named.min(12) && (sure > 0 || perhaps > 1);
        let missing = table.missing(headers, &fit.places, false);
        Candidate {
            table: contract.name.clone(),
            title: contract.title.clone(),
            fits: self.is_asked || fit.required.0 > 0 && perhaps > 1 && is_fair,
            known,
            sure: sure - known,
            doubtful: perhaps - sure,
            required: fit.required.1,
            missing: missing.into_iter().map(|column| contract.columns[column].name.clone()).collect(),
        }
    }

    fn labels(&self, table: &Table<'_>, fit: &Fit, beginning: &Beginning, source: &Source) -> Vec<ColumnLabels> {
        let of_place = |(at, place): (usize, &Place)| {
            let column = &table.contract.columns[place.column(true)?];
            labels::unknown(table.contract, column, source, beginning, at, self.vocabulary)
        };
        fit.places.iter().enumerate().filter_map(of_place).collect()
    }

    /// The delimiter that a load would find by itself.
    fn sniffed(&self, contract: &TableContract, source: &Source, sample: &sample::Sample) -> Result<u8> {
        let headers = super::header::Headers::new(contract, source);
        let (is_known, is_complete) = (|cell: &str| headers.find(cell).is_some(), |_: &[String]| false);
        let encoding = sample.encoding.unwrap_or(encoding_rs::UTF_8);
        csv::sniff(self.file, encoding, &Expect::Known { is_known: &is_known, is_complete: &is_complete })
    }
}

fn fates(table: &Table<'_>, fit: &Fit, headers: &[Header]) -> Vec<HeaderProposal> {
    let columns = &table.contract.columns;
    let fate = |header: &Header, place: &Place| match place {
        Place::Known(column) => {
            let evidence = table.evidence(*column, header);
            let doubt = (evidence.fit < 0.5 && header.profile.filled > 0).then_some(evidence.says);
            Fate::Recognised { column: columns[*column].name.clone(), doubt }
        }
        // By its name alone both would be ignored.
        Place::Second(column) if is_repeated(&header.name, headers) => {
            Fate::Recognised { column: columns[*column].name.clone(), doubt: None }
        }
        Place::Second(column) => Fate::Ignored { column: columns[*column].name.clone() },
        Place::Guess(guess) => {
            let column = &columns[guess.column];
            Fate::Renamed { to: target(column, &header.name), is_sure: guess.is_sure, because: guess.because.clone() }
        }
        Place::Nothing => Fate::Unknown,
    };
    let mut seen = BTreeSet::new();
    let named = headers.iter().zip(&fit.places).filter(|(header, _)| !header.name.is_empty() && seen.insert(header.name.as_str()));
    named
        .map(|(header, place)| HeaderProposal { name: header.name.clone(), fate: fate(header, place), holds: header.profile.says() })
        .collect()
}

fn is_repeated(name: &str, headers: &[Header]) -> bool {
    headers.iter().filter(|header| normalise_header(&header.name) == normalise_header(name)).count() > 1
}

/// What a header is renamed to; the loader sees 万元 only where the header ends with it in brackets.
fn target(column: &Column, header: &str) -> String {
    let is_told = normalise_header(header).ends_with("(万元)");
    if column.kind == ColumnType::Decimal && header.contains('万') && !is_told {
        format!("{}（万元）", column.name)
    } else {
        column.name.clone()
    }
}

fn missing(table: &Table<'_>, fit: &Fit, headers: &[Header]) -> Vec<Missing> {
    let contract = table.contract;
    let given: BTreeSet<usize> = fit.places.iter().filter_map(|place| place.column(true)).collect();
    let by_default = |(index, column): &(usize, &Column)| contract.must_have(column) && column.default.is_some() && !given.contains(index);
    let columns = contract.columns.iter().enumerate();
    let lacking = columns.filter(|(index, column)| fit.missing.contains(index) || by_default(&(*index, *column)));
    lacking
        .map(|(index, column)| Missing {
            column: column.name.clone(),
            meaning: column.meaning.clone(),
            codes: column.codes.iter().map(|(code, _)| code.clone()).collect(),
            is_key: contract.key == [column.name.clone()],
            default: column.default.clone(),
            perhaps: fit.places.iter().position(|place| place.column(false) == Some(index)).map(|at| headers[at].name.clone()),
        })
        .collect()
}

impl Proposal {
    /// `source` with what is proposed: the sure part, or all of it.
    fn written(&self, mut source: Source, with_doubtful: bool) -> Source {
        for header in &self.headers {
            match &header.fate {
                Fate::Renamed { to, is_sure, .. } if *is_sure || with_doubtful => {
                    _ = source.columns.insert(header.name.clone(), to.clone())
                }
                Fate::Ignored { .. } => _ = source.columns.insert(header.name.clone(), String::new()),
                _ => {}
            }
        }
        for ColumnLabels { column, labels, .. } in &self.labels {
            for label in labels.iter().filter(|label| label.is_sure || with_doubtful) {
                let Some(code) = &label.code else { continue };
                source.codes.entry(column.clone()).or_default().insert(label.label.clone(), code.clone());
            }
        }
        source
    }
}
