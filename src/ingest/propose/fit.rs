//! How well a table's contract fits what a file begins with.
//!
//! In: headers, what their values are, contracts. Out: for each contract which header feeds which column, how sure that is and why, and a
//! score by which contracts compare. Never here: files, text for people beyond the reasons.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::likeness::{Vocabulary, Words};
use super::profile::{Profile, normalised};
use super::sample::Beginning;
use crate::ingest::header::{HeaderMap, Headers};
use crate::library::contract::{Column, ColumnType, REGISTRY, TableContract, normalise_header};
use crate::project::Source;

/// A guess below is none.
const LEAST: f64 = 0.5;
/// A name below says nothing by itself.
const LEAST_LIKENESS: f64 = 0.4;
/// Two columns nearer to each other than this can't be told apart.
const MARGIN: f64 = 0.08;
/// A name above, with values that fit, is sure.
const SURE_LIKENESS: f64 = 0.8;
const SURE_FIT: f64 = 0.9;
/// A header that says less (`date`, `type`) may be many columns.
const SURE_WEIGHT: f64 = 1.0;
/// The meaning of a column is in nobody's header word for word.
const OF_MEANING: f64 = 0.9;
/// How much the name of the file or worksheet counts where it is that of the table.
const OF_FILE_NAME: f64 = 0.8;

/// Records whose keys are compared, and how large a share of them must differ.
const KEYS: usize = 5_000;
const TOLD_APART: f64 = 0.8;

/// One header of a file.
#[derive(Debug)]
pub(super) struct Header {
    pub name: String,
    words: Words,
    pub profile: Profile,
    /// Its labels as code lists compare them.
    labels: Option<Vec<(String, u64)>>,
}

impl Header {
    pub fn new(name: &str, profile: Profile, vocabulary: &Vocabulary) -> Self {
        let labels = profile.labels.as_deref().map(normalised);
        Self { name: name.trim().to_owned(), words: vocabulary.words_of_header(name), profile, labels }
    }
}

/// A contract, ready to be compared.
pub(super) struct Table<'a> {
    pub contract: &'a TableContract,
    pub headers: Headers<'a>,
    columns: Vec<Spellings>,
    /// Its name and title.
    names: [Words; 2],
}

struct Spellings {
    /// The column's name, then every accepted header.
    words: Vec<Words>,
    /// What its meaning begins with.
    meaning: (String, Words),
    /// Codes and labels as they are compared; empty when the column is free.
    labels: BTreeSet<String>,
}

/// What becomes of a header.
#[derive(Debug, Clone)]
pub(super) enum Place {
    /// The contract knows it.
    Known(usize),
    /// The contract knows it, but another header gives the same column and has more values.
    Second(usize),
    /// It may be this column.
    Guess(Guess),
    Nothing,
}

/// A header that may mean a column.
#[derive(Debug, Clone)]
pub(super) struct Guess {
    pub column: usize,
    pub is_sure: bool,
    pub because: String,
    score: f64,
}

/// A contract laid over a file.
pub(super) struct Fit {
    /// By header.
    pub places: Vec<Place>,
    /// Columns that a row must have and that no recognised or sure header gives.
    pub missing: Vec<usize>,
    /// Columns that a row must have, and how many of them have a header.
    pub required: (usize, usize),
    pub score: f64,
}

impl Fit {
    /// How many headers have a place that is sure.
    pub fn found(&self) -> usize {
        self.places.iter().filter(|place| place.column(true).is_some()).count()
    }

    /// How many have one at all.
    pub fn perhaps(&self) -> usize {
        self.places.iter().filter(|place| place.column(false).is_some()).count()
    }
}

impl Place {
    /// The column that it feeds; a guess only where it is sure, or where `only_sure` is false.
    pub fn column(&self, only_sure: bool) -> Option<usize> {
        match self {
            Self::Known(column) => Some(*column),
            Self::Guess(guess) if guess.is_sure || !only_sure => Some(guess.column),
            _ => None,
        }
    }
}

impl<'a> Table<'a> {
    pub fn new(contract: &'a TableContract, source: &Source, vocabulary: &Vocabulary) -> Self {
        let columns = contract.columns.iter().map(|column| Spellings::of(column, vocabulary)).collect();
        let names = [contract.name.as_str(), &contract.title].map(|name| vocabulary.words(name));
        Self { contract, headers: Headers::new(contract, source), columns, names }
    }

    /// Whether the contract accepts a header as it is.
    pub fn knows(&self, header: &str) -> bool {
        self.headers.find(header).is_some()
    }

    /// Lays the contract over the headers; `file_names` are what file and worksheet are called, `tables_that_know` says in how many contracts
    /// each header stands.
    pub fn fit(&self, table: &Beginning, headers: &[Header], file_names: &[Words], tables_that_know: &[usize]) -> Fit {
        let mut places = self.known(headers);
        self.guess(headers, &mut places);
        self.guess_required(headers, &mut places);
        let missing = self.missing(headers, &places, true);
        let required: Vec<usize> =
            (0..self.columns.len()).filter(|column| self.contract.must_have(&self.contract.columns[*column])).collect();
        let without = self.missing(headers, &places, false);
        let unmet = without.len();
        let named = file_names.iter().flat_map(|file| self.names.iter().map(|name| name.likeness(file))).fold(0.0, f64::max);
        // A required column that is doubtful is half there.
        let met = required.len() as f64 - (unmet + missing.len()) as f64 / 2.0;
        let mut score = met / required.len().max(1) as f64 + OF_FILE_NAME * named;
        // A row of another table may name this one's key; a row of this one must.
        let lacks_key = |columns: &[usize]| columns.iter().any(|column| self.contract.key.contains(&self.contract.columns[*column].name));
        let of_key = if lacks_key(&without) {
            0.0
        } else if lacks_key(&missing) {
            0.25
        } else {
            0.5
        };
        score += of_key * if self.is_key_told_apart(table, &places) { 1.0 } else { -1.0 };
        for ((place, header), known_by) in places.iter().zip(headers).zip(tables_that_know) {
            let says = match place {
                // `year` or `name` is the header of many a thing.
                Place::Known(column) => header.words.weight().min(1.0) * (0.5 + 0.5 * self.evidence(*column, header).fit),
                Place::Guess(guess) if guess.is_sure => 0.6 * guess.score,
                // Among many headers some are a little like anything.
                Place::Guess(guess) => 0.6 * (guess.score - LEAST),
                Place::Second(_) | Place::Nothing => 0.0,
            };
            // What many tables know tells none from the others.
            score += says / ((*known_by).max(1) as f64).sqrt();
        }
        score += places.iter().filter(|place| place.column(true).is_some()).count() as f64 / self.columns.len() as f64;
        Fit { places, required: (required.len() - unmet, required.len()), missing, score }
    }

    /// Whether the headers that may be the key tell most records apart.
    fn is_key_told_apart(&self, table: &Beginning, places: &[Place]) -> bool {
        let is_of_key =
            |place: &Place| place.column(false).is_some_and(|column| self.contract.key.contains(&self.contract.columns[column].name));
        let of_key: Vec<usize> = (0..places.len()).filter(|at| is_of_key(&places[*at])).collect();
        if of_key.is_empty() {
            return true;
        }
        let mut rows = 0;
        let mut keys: HashSet<Vec<&str>> = HashSet::new();
        for (chunk, row) in table.rows().take(KEYS) {
            rows += 1;
            keys.insert(of_key.iter().map(|at| chunk.cell(row, *at).0).collect());
        }
        keys.len() as f64 >= TOLD_APART * f64::from(rows)
    }

    fn known(&self, headers: &[Header]) -> Vec<Place> {
        let found: Vec<Option<usize>> = headers.iter().map(|header| Some(self.headers.find(&header.name)?.0)).collect();
        let mut best: BTreeMap<usize, usize> = BTreeMap::new();
        for (at, column) in found.iter().enumerate().filter_map(|(at, column)| Some((at, (*column)?))) {
            let keeps = best.get(&column).is_some_and(|other| headers[*other].profile.filled >= headers[at].profile.filled);
            if !keeps {
                best.insert(column, at);
            }
        }
        let place = |(at, column): (usize, &Option<usize>)| match column {
            Some(column) if best[column] == at => Place::Known(*column),
            Some(column) => Place::Second(*column),
            None => Place::Nothing,
        };
        found.iter().enumerate().map(place).collect()
    }

    /// Each header that nobody knows gets the free column that it is most like; the best pair is taken first.
    fn guess(&self, headers: &[Header], places: &mut [Place]) {
        let taken: BTreeSet<usize> = places.iter().filter_map(|place| place.column(false)).collect();
        let free: Vec<usize> = (0..self.columns.len()).filter(|column| !taken.contains(column)).collect();
        let mut guesses: Vec<(usize, Guess)> = Vec::new();
        for (at, header) in headers.iter().enumerate() {
            if matches!(places[at], Place::Nothing) && !header.name.is_empty() {
                guesses.extend(self.guesses(header, &free).into_iter().map(|guess| (at, guess)));
            }
        }
        // Two headers of which each may be the column: neither is told from the other by what it says.
        let best: BTreeMap<usize, (usize, f64)> = guesses.iter().rev().map(|(at, guess)| (*at, (guess.column, guess.score))).collect();
        for (at, guess) in &mut guesses {
            let rival =
                best.iter().find(|(other, (column, score))| *other != at && *column == guess.column && score + MARGIN > guess.score);
            if let Some((other, _)) = rival.filter(|_| guess.is_sure) {
                guess.is_sure = false;
                guess.because = format!("{}; so may be `{}`", guess.because, headers[*other].name);
            }
        }
        guesses.sort_by(|(at, one), (other_at, other)| {
            other.score.total_cmp(&one.score).then_with(|| (one.column, *at).cmp(&(other.column, *other_at)))
        });
        let mut given = BTreeSet::new();
        for (at, guess) in guesses {
            if matches!(places[at], Place::Nothing) && given.insert(guess.column) {
                places[at] = Place::Guess(guess);
            }
        }
    }

    /// What one header may be, best first; nothing is sure where a second column is as near.
    fn guesses(&self, header: &Header, free: &[usize]) -> Vec<Guess> {
        let mut rated: Vec<(f64, f64, Evidence, usize)> = Vec::new();
        for column in free {
            let likeness = self.likeness(*column, header);
            let evidence = self.evidence(*column, header);
            if evidence.fit < 0.5 || likeness < LEAST_LIKENESS && evidence.strong == 0.0 {
                continue;
            }
            let by_values = if evidence.strong > 0.0 { evidence.strong + 0.2 * likeness } else { 0.0 };
            let must = if self.contract.must_have(&self.contract.columns[*column]) { 0.03 } else { 0.0 };
            let score = (0.75 * likeness + 0.25 * evidence.fit).max(by_values) + must;
            if score >= LEAST {
                rated.push((score, likeness, evidence, *column));
            }
        }
        rated.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.3.cmp(&other.3)));
        let mut guesses = Vec::new();
        for (rank, (score, likeness, evidence, column)) in rated.iter().enumerate() {
            let rival =
                rated.iter().enumerate().find(|(other, rated)| *other != rank && rated.0 + MARGIN > *score).map(|(_, rated)| rated.3);
            let has_values = header.profile.filled > 0 || *likeness > 0.99;
            let by_name = *likeness >= SURE_LIKENESS && header.words.weight() >= SURE_WEIGHT && evidence.fit >= SURE_FIT;
            let is_told = by_name || evidence.strong > 0.0 && *likeness >= LEAST_LIKENESS;
            let mut because = Vec::new();
            if *likeness >= LEAST_LIKENESS {
                because.push(format!(
                    "{} {}",
                    if *likeness > 0.99 { "says the same as" } else { "is like" },
                    self.nearest(*column, header)
                ));
            }
            because.push(evidence.says.clone());
            if let Some(rival) = rival {
                because.push(format!("it may as well be `{}`", self.contract.columns[rival].name));
            }
            let is_sure = has_values && is_told && rival.is_none();
            guesses.push(Guess { column: *column, is_sure, because: because.join("; "), score: *score });
        }
        guesses
    }

    /// A key that nothing gives may be the only header whose values are unique; a month, the only one of dates.
    fn guess_required(&self, headers: &[Header], places: &mut [Place]) {
        for column in self.missing(headers, places, false) {
            let name = &self.contract.columns[column].name;
            let is_key = self.contract.key == [name.clone()] && self.contract.columns[column].kind == ColumnType::Text;
            let is_month = self.contract.month.as_ref() == Some(name);
            let fits = |at: &usize| {
                let profile = &headers[*at].profile;
                let is_date = profile.share(profile.dates) > 0.9 || profile.share(profile.unclear_dates) > 0.9;
                let is_short = profile.share(profile.dates) < 0.5 && !headers[*at].name.is_empty();
                is_key && profile.is_unique() && is_short || is_month && is_date
            };
            let free: Vec<usize> = (0..headers.len()).filter(|at| matches!(places[*at], Place::Nothing)).filter(fits).collect();
            let [at] = free[..] else { continue };
            let because = if is_key {
                "the only header under which no value stands twice, and the table needs a key".to_owned()
            } else {
                format!("the only header of dates left, and the table needs one; {}", headers[at].profile.says())
            };
            places[at] = Place::Guess(Guess { column, is_sure: false, because, score: LEAST });
        }
    }

    /// Columns that a row must have and that no header gives.
    pub fn missing(&self, headers: &[Header], places: &[Place], only_sure: bool) -> Vec<usize> {
        let mut map = HeaderMap { columns: vec![None; self.columns.len()], unknown: Vec::new() };
        for (at, place) in places.iter().enumerate() {
            if let Some(column) = place.column(only_sure) {
                map.columns[column] = Some((at, headers[at].name.clone(), 1));
            }
        }
        self.headers.missing(&map)
    }

    fn likeness(&self, column: usize, header: &Header) -> f64 {
        self.rated(column, header).map(|(likeness, _)| likeness).fold(0.0, f64::max)
    }

    /// What a column is called, and how like a header is to it.
    fn rated<'s>(&'s self, column: usize, header: &'s Header) -> impl DoubleEndedIterator<Item = (f64, &'s str)> {
        let Spellings { words, meaning: (meaning, meaning_words), .. } = &self.columns[column];
        let names = spellings(&self.contract.columns[column]).zip(words).map(|(name, words)| (header.words.likeness(words), name));
        names.collect::<Vec<_>>().into_iter().chain([(OF_MEANING * header.words.likeness(meaning_words), meaning.as_str())])
    }

    /// What a header is most like of all that a column is called; the first of equals.
    fn nearest<'s>(&'s self, column: usize, header: &'s Header) -> &'s str {
        self.rated(column, header).rev().max_by(|(one, _), (other, _)| one.total_cmp(other)).map_or("", |(_, name)| name)
    }

    /// What the values under a header say about a column.
    pub fn evidence(&self, column: usize, header: &Header) -> Evidence {
        let contract_column = &self.contract.columns[column];
        let profile = &header.profile;
        let refers_to = |table: &str, target: &str| {
            let mut references = self.contract.references.iter().filter(|reference| reference.column == contract_column.name);
            references.any(|reference| (reference.table.as_str(), reference.target.as_str()) == (table, target))
        };
        let of = |count: u64, what: &str| format!("{count} of {} values are {what}", profile.filled);
        if profile.filled == 0 {
            return Evidence { fit: 0.5, strong: 0.0, says: "it has no values".to_owned() };
        }
        if !self.columns[column].labels.is_empty() {
            return self.evidence_of_labels(column, header);
        }
        let (count, called) = profile.read_as(contract_column.kind);
        let read = Evidence { fit: profile.share(count), strong: 0.0, says: of(count, called) };
        match contract_column.kind {
            ColumnType::Date | ColumnType::Instant if profile.share(profile.unclear_dates) > 0.5 => Evidence {
                fit: 0.5,
                strong: 0.0,
                says: of(profile.unclear_dates, "days that are not written year first: a mapping has to turn them"),
            },
            // Of a date and an instant of one name the values say which is meant.
            ColumnType::Date => {
                let factor = if profile.share(profile.with_time) > 0.5 { 0.7 } else { 1.0 };
                Evidence { fit: factor * profile.share(profile.dates) + 0.6 * profile.share(profile.serials), ..read }
            }
            ColumnType::Instant => {
                let factor = if profile.with_time == 0 { 0.6 } else { 1.0 };
                Evidence { fit: factor * profile.share(profile.dates) + 0.6 * profile.share(profile.serials), ..read }
            }
            ColumnType::Boolean if profile.distinct > 2 => Evidence { fit: 0.0, ..read },
            ColumnType::Integer | ColumnType::Decimal | ColumnType::Boolean => read,
            _ if is_credit_code(contract_column) && profile.share(profile.credit_codes) > 0.8 => {
                Evidence { fit: 1.0, strong: 0.7, says: of(profile.credit_codes, "credit codes with a valid check letter") }
            }
            _ if refers_to("regions", "region_code") && profile.share(profile.regions) > 0.9 => {
                Evidence { fit: 1.0, strong: 0.6, says: of(profile.regions, "codes of known regions") }
            }
            _ if refers_to(REGISTRY.0, REGISTRY.1) && profile.share(profile.units) > 0.9 => {
                Evidence { fit: 1.0, strong: 0.65, says: of(profile.units, "units of the registry") }
            }
            // An id that is none of those known may be one that is written otherwise.
            _ if refers_to("regions", "region_code") || refers_to(REGISTRY.0, REGISTRY.1) && profile.units > 0 => {
                Evidence { fit: 0.7, strong: 0.0, says: profile.says() }
            }
            _ if self.contract.key == [contract_column.name.clone()] => match profile.is_unique() {
                true => Evidence { fit: 1.0, strong: 0.0, says: "no value stands twice".to_owned() },
                false => Evidence { fit: 0.6, strong: 0.0, says: "values stand twice, which a key's may not".to_owned() },
            },
            _ => Evidence { fit: fit_of_text(profile), strong: 0.0, says: profile.says() },
        }
    }

    fn evidence_of_labels(&self, column: usize, header: &Header) -> Evidence {
        let profile = &header.profile;
        let known = &self.columns[column].labels;
        let Some(labels) = &header.labels else {
            let says = format!("{}, more than a list of codes has", profile.says());
            return Evidence { fit: 0.0, strong: 0.0, says };
        };
        let is_list = self.contract.columns[column].kind == ColumnType::List;
        let is_known = |label: &str| {
            let items = label.split([';', '；', ',', '，', '、', '|']);
            known.contains(label) || is_list && items.map(str::trim).all(|item| known.contains(item))
        };
        let (mut cells, mut different, mut letters) = (0, 0, 0);
        for (label, count) in labels.iter().filter(|(label, _)| is_known(label)) {
            (cells, different, letters) = (cells + count, different + 1, letters.max(label.chars().count()));
        }
        let share = profile.share(cells);
        let says = format!("{cells} of {} values are labels that it knows", profile.filled);
        // `1`, `是` and the like are labels of many columns.
        let is_telling = share > 0.9 && different > 1 && letters > 1 && profile.share(profile.booleans) < 0.5;
        // A code list may know none of an office's labels and still be meant: the name decides.
        Evidence { fit: 0.6 + 0.4 * share, strong: if is_telling { 0.55 } else { 0.0 }, says }
    }
}

/// What values say about a column.
pub(super) struct Evidence {
    /// 0 they can't be its values, 1 they are as its values are.
    pub fit: f64,
    /// How much they say by themselves, whatever the header is called.
    strong: f64,
    /// In a sentence, without any value.
    pub says: String,
}

/// Free text holds anything, but seldom what has a type.
fn fit_of_text(profile: &Profile) -> f64 {
    let most = |count| profile.share(count) > 0.95;
    if most(profile.dates) || most(profile.unclear_dates) {
        0.4
    } else if most(profile.booleans) || most(profile.decimals) && !most(profile.integers) {
        0.6
    } else {
        0.95
    }
}

fn is_credit_code(column: &Column) -> bool {
    column.aliases.iter().any(|alias| normalise_header(alias).ends_with("社会信用代码"))
}

/// The column's name, then every accepted header.
fn spellings(column: &Column) -> impl Iterator<Item = &str> {
    std::iter::once(&column.name).chain(&column.aliases).chain(&column.aliases_in_wan).map(String::as_str)
}

impl Spellings {
    fn of(column: &Column, vocabulary: &Vocabulary) -> Self {
        let words = spellings(column).map(|spelling| vocabulary.words(spelling)).collect();
        let labels =
            column.codes.iter().flat_map(|(code, labels)| labels.iter().chain([code])).map(|label| normalise_header(label)).collect();
        let meaning = column.meaning.split(['，', '；', '（', '：', '。', ',', ';', '(']).next().unwrap_or_default().to_owned();
        let meaning_words = vocabulary.words(&meaning);
        Self { words, meaning: (meaning, meaning_words), labels }
    }
}
