//! A page's text as cases.
//!
//! In: Markdown. Out: [`Case`]s, each grid with its line; an error with its line where something would else be passed over: a table that
//! belongs to nothing, a case without a date. Never here: the library; which names exist is asked when the case runs.

use std::collections::BTreeMap;
use std::str::FromStr;

use jiff::civil::Date;
use kaohe::terms::Month;

/// A Markdown table: headings and rows of trimmed cells.
#[derive(Debug, Clone, Default)]
pub struct Grid {
    /// Line of the page on which its name or `expect` stands.
    pub line: usize,
    pub headings: Vec<String>,
    pub rows: Vec<Vec<String>>,
    /// Line of each row.
    pub lines: Vec<usize>,
}

/// What a case expects.
#[derive(Debug, Clone)]
pub enum Expectation {
    Indicator(String, Grid),
    Population(String, Grid),
    Findings(String, Grid),
    /// What became of each test of a detector.
    Tests(String, Grid),
    /// The frame of a sample.
    Frame(String, Grid),
    Index(IndexTable, Grid),
    Diagnostics(String),
}

/// A result table of the two composite indices.
#[derive(Debug, Clone, Copy)]
pub enum IndexTable {
    SynergyPairs,
    SynergySides,
    SynergyRegions,
    Burden,
    BurdenVisits,
    BurdenCaps,
}

/// One heading of a page.
#[derive(Debug, Clone)]
pub struct Case {
    pub title: String,
    /// A case that expects nothing but diagnostics looks at no day, and any will do.
    pub as_of: Date,
    /// First month shown of an indicator that is computed anew each month; the last one only, where it is not said.
    pub since: Option<Month>,
    pub tables: Vec<(String, Grid)>,
    pub files: BTreeMap<String, String>,
    pub expectations: Vec<Expectation>,
}

/// Cuts a page into its cases.
pub fn parse(text: &str) -> Result<Vec<Case>, String> {
    let lines: Vec<&str> = text.lines().collect();
    let starts: Vec<usize> = (0..lines.len()).filter(|at| lines[*at].starts_with("## ")).collect();
    if starts.is_empty() {
        return Err("the page has no `##` heading, so it tests nothing".to_owned());
    }
    let ends = starts.iter().skip(1).copied().chain([lines.len()]);
    starts.iter().zip(ends).map(|(start, end)| Reader { lines: &lines[..end], at: *start }.case()).collect()
}

/// The lines of a page up to a case's end, and the next to be read.
struct Reader<'a> {
    lines: &'a [&'a str],
    at: usize,
}

impl Reader<'_> {
    fn case(&mut self) -> Result<Case, String> {
        let start = self.at;
        let title = self.lines[start].trim_start_matches("## ").trim().to_owned();
        self.at += 1;
        let mut case = Case {
            title,
            as_of: jiff::civil::date(2026, 6, 30),
            since: None,
            tables: Vec::new(),
            files: BTreeMap::new(),
            expectations: Vec::new(),
        };
        let mut is_dated = false;
        while self.at < self.lines.len() {
            let (line, number) = (self.lines[self.at].trim(), self.at + 1);
            self.at += 1;
            if let Some(date) = line.strip_prefix("as of ") {
                case.as_of = day(date, number)?;
                is_dated = true;
            } else if let Some(date) = line.strip_prefix("every month since ") {
                case.since = Some(Month::of(day(date, number)?));
            } else if let Some(path) = line.strip_prefix("file `").and_then(|rest| rest.strip_suffix('`')) {
                let block = self.block()?;
                case.files.insert(path.trim_start_matches("queries/").to_owned(), block);
            } else if line == "expect diagnostics" {
                let block = self.block()?;
                case.expectations.push(Expectation::Diagnostics(block));
            } else if let Some(name) = line.strip_prefix("expect population ") {
                case.expectations.push(Expectation::Population(bare(name), self.grid(line, number)?));
            } else if let Some(name) = line.strip_prefix("expect findings ") {
                case.expectations.push(Expectation::Findings(bare(name), self.grid(line, number)?));
            } else if let Some(name) = line.strip_prefix("expect tests ") {
                case.expectations.push(Expectation::Tests(bare(name), self.grid(line, number)?));
            } else if let Some(name) = line.strip_prefix("expect frame ") {
                case.expectations.push(Expectation::Frame(bare(name), self.grid(line, number)?));
            } else if let Some(table) = index_table(line) {
                case.expectations.push(Expectation::Index(table, self.grid(line, number)?));
            } else if let Some(name) = line.strip_prefix("expect ") {
                case.expectations.push(Expectation::Indicator(bare(name), self.grid(line, number)?));
            } else if let Some(name) = table_name(line) {
                if case.tables.iter().any(|(known, _)| known == name) {
                    return Err(format!("line {number}: the case has `{name}` twice; put all rows into one table"));
                }
                case.tables.push((name.to_owned(), self.grid(line, number)?));
            } else if line.starts_with("```") {
                // A fenced block of its own is prose.
                self.at -= 1;
                self.block()?;
            } else if line.starts_with('|') {
                return Err(format!(
                    "line {number}: this table belongs to nothing: above it stands `table` in backticks or `expect …`, on a line of its own \
                     (a table that only explains stands in a fenced block)"
                ));
            }
        }
        if case.expectations.is_empty() {
            return Err(format!("line {}: the case expects nothing", start + 1));
        }
        if !is_dated && case.expectations.iter().any(|expectation| !matches!(expectation, Expectation::Diagnostics(_))) {
            return Err(format!("line {}: the case has no line `as of YYYY-MM-DD`", start + 1));
        }
        Ok(case)
    }

    fn skip_empty(&mut self) {
        while self.lines.get(self.at).is_some_and(|line| line.trim().is_empty()) {
            self.at += 1;
        }
    }

    fn block(&mut self) -> Result<String, String> {
        self.skip_empty();
        if !self.lines.get(self.at).is_some_and(|line| line.starts_with("```")) {
            return Err(format!("line {}: a fenced block was expected", self.at + 1));
        }
        let start = self.at + 1;
        let mut ends = start..self.lines.len();
        let end = ends.find(|index| self.lines[*index].starts_with("```")).ok_or(format!("line {start}: a fenced block is not closed"))?;
        self.at = end + 1;
        Ok(self.lines[start..end].iter().map(|line| format!("{line}\n")).collect())
    }

    /// The table below a line; one without a heading row is an error, since it would compare nothing.
    fn grid(&mut self, above: &str, number: usize) -> Result<Grid, String> {
        self.skip_empty();
        let mut grid = Grid { line: number, ..Grid::default() };
        while let Some(line) = self.lines.get(self.at).map(|line| line.trim()).filter(|line| line.starts_with('|')) {
            let inner = line.strip_prefix('|').unwrap_or(line);
            let cells: Vec<String> = inner.strip_suffix('|').unwrap_or(inner).split('|').map(|cell| cell.trim().to_owned()).collect();
            self.at += 1;
            if cells.iter().all(|cell| !cell.is_empty() && cell.chars().all(|c| "-: ".contains(c))) {
                continue;
            }
            if grid.headings.is_empty() {
                if let Some(twice) = (1..cells.len()).find(|at| cells[..*at].contains(&cells[*at])) {
                    return Err(format!("line {}: the column `{}` stands twice", self.at, cells[twice]));
                }
                grid.headings = cells;
                continue;
            }
            if cells.len() != grid.headings.len() {
                return Err(format!("line {}: {} cells under {} headings", self.at, cells.len(), grid.headings.len()));
            }
            for row in repeated(cells).map_err(|error| format!("line {}: {error}", self.at))? {
                grid.rows.push(row);
                grid.lines.push(self.at);
            }
        }
        if grid.headings.is_empty() {
            return Err(format!("line {number}: no table follows {above}; a row of headings alone says that there are no rows"));
        }
        Ok(grid)
    }
}

fn day(written: &str, number: usize) -> Result<Date, String> {
    Date::from_str(written.trim()).map_err(|_| format!("line {number}: `{}` is not a day like 2026-06-30", written.trim()))
}

fn bare(name: &str) -> String {
    name.trim_matches(['`', ' ']).to_owned()
}

/// A name in backticks that is all there is on its line.
fn table_name(line: &str) -> Option<&str> {
    line.strip_prefix('`')?.strip_suffix('`').filter(|name| !name.is_empty() && !name.contains('`'))
}

fn index_table(line: &str) -> Option<IndexTable> {
    match line {
        "expect synergy pairs" => Some(IndexTable::SynergyPairs),
        "expect synergy sides" => Some(IndexTable::SynergySides),
        "expect synergy regions" => Some(IndexTable::SynergyRegions),
        "expect burden visits" => Some(IndexTable::BurdenVisits),
        "expect burden caps" => Some(IndexTable::BurdenCaps),
        "expect burden" => Some(IndexTable::Burden),
        _ => None,
    }
}

/// A row with `{1..30}` in its cells stands for thirty rows: in each, every `{1..30}` is that row's number. Another range of the same length goes along with it
/// (`{1..9}` and `2026-03-{02..10}`), with as many digits as its first number has.
fn repeated(cells: Vec<String>) -> Result<Vec<Vec<String>>, String> {
    let mut ranges: Vec<Numbers> = Vec::new();
    for mark in cells.iter().flat_map(|cell| cell.split('{').skip(1)).filter_map(|rest| rest.split_once('}')).map(|(inside, _)| inside) {
        let Some(numbers) = Numbers::read(mark) else { continue };
        if !ranges.contains(&numbers) {
            ranges.push(numbers);
        }
    }
    let Some(count) = ranges.first().map(Numbers::count) else { return Ok(vec![cells]) };
    if let Some(other) = ranges.iter().find(|range| range.count() != count) {
        return Err(format!("`{}` and `{}` stand in one row and are not of the same length", ranges[0].mark, other.mark));
    }
    let row = |nth: u32| cells.iter().map(|cell| ranges.iter().fold(cell.clone(), |cell, range| range.put(&cell, nth))).collect();
    Ok((0..count).map(row).collect())
}

/// `{02..10}`
#[derive(PartialEq)]
struct Numbers {
    mark: String,
    first: u32,
    last: u32,
    digits: usize,
}

impl Numbers {
    fn read(inside: &str) -> Option<Self> {
        let (first, last) = inside.split_once("..")?;
        let (digits, first, last) = (first.len(), first.parse().ok()?, last.parse().ok()?);
        (first <= last).then(|| Self { mark: format!("{{{inside}}}"), first, last, digits })
    }

    fn count(&self) -> u32 {
        self.last - self.first + 1
    }

    fn put(&self, cell: &str, nth: u32) -> String {
        cell.replace(&self.mark, &format!("{:0width$}", self.first + nth, width = self.digits))
    }
}
