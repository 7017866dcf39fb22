//! Co-operation between regions: the regions' indices, the matrix of pairs, every part of every pair.
//!
//! In: synergy rows. Out: one [`DomainView`] a domain; for a unit's page the [`OwnSide`] of its region. Never here: an index of a pair; a cell shows the parts side by side, because
//! weighing them is the indices' business.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use super::Facts;
use super::facts::Object;
use super::region::page_of;
use crate::indices::tables::{SynergyPair, SynergyRegion, SynergySide};
use crate::library::scheme::composites::SYNERGY;
use crate::report::layout;
use crate::report::names::Text;
use crate::report::numbers;
use crate::report::svg::{self, Svg};
use crate::report::texts;
use crate::scoring::regional::{SYNERGY_DOMAIN, upwards};
use crate::scoring::tables::Status;

/// The parts in their order.
const PARTS: [char; 5] = ['P', 'T', 'A', 'R', 'K'];

/// More regions than this make a matrix nobody can read or print; the list of pairs then stands alone.
const MATRIX_LIMIT: usize = 14;

/// With more pairs over all domains than this each stands on the page of its region alone: the page of a province stays below a megabyte.
const MOST_PAIRS: usize = 400;

/// Synergy in one domain.
#[derive(Debug, Clone)]
pub struct DomainView {
    /// Domain in words.
    pub title: Text,
    /// Regions.
    pub regions: Vec<RegionRow>,
    /// Regions and borders as a schematic map; over all domains together alone.
    pub map: Svg,
    /// Heads of the matrix's columns; empty when there are too many.
    pub columns: Vec<Text>,
    /// Rows of the matrix.
    pub matrix: Vec<MatrixRow>,
    /// Every pair; empty where each stands on the page of its region.
    pub pairs: Vec<PairRow>,
    /// The pairs stand on the pages of their regions.
    pub is_short: bool,
    /// One of the pairs has a 耦合协调度.
    pub has_coupling: bool,
    /// What was due between regions that are no neighbours, in words; empty when there is none.
    pub outside: String,
}

/// What makes up the index of a unit's region: its own side of every border.
#[derive(Debug, Clone)]
pub struct OwnSide {
    /// Region.
    pub region: Text,
    /// What the index rests on, in words.
    pub words: String,
    /// One row a neighbour.
    pub rows: Vec<PairRow>,
}

/// A region over all its borders.
#[derive(Debug, Clone)]
pub struct RegionRow {
    /// Region.
    pub region: Text,
    /// Its page, on the page over all regions.
    pub href: Option<String>,
    /// Index in per cent.
    pub index: String,
    /// Its interval.
    pub interval: String,
    /// Index as a bar.
    pub bar: Svg,
    /// Neighbours with enough contact, and all.
    pub neighbours: String,
    /// What the index rests on, and all that was due.
    pub due: String,
    /// Why there is no index.
    pub reason: Text,
}

/// A row of the matrix.
#[derive(Debug, Clone)]
pub struct MatrixRow {
    /// The side that is responsible.
    pub region: Text,
    /// One drawing a column; empty where the two do not touch.
    pub cells: Vec<Svg>,
}

/// A pair with its parts.
#[derive(Debug, Clone)]
pub struct PairRow {
    /// The side that is responsible.
    pub region: Text,
    /// The other side.
    pub neighbour: Text,
    /// The border runs between provinces.
    pub cross: bool,
    /// Neighbours inside the province with too little between them to be scored.
    pub few: bool,
    /// One cell a part.
    pub cells: Vec<PartCell>,
    /// All parts together.
    pub whole: PartCell,
    /// 耦合协调度 with its interval; empty where it is not asked for.
    pub coupling: String,
}

/// A part of a pair.
#[derive(Debug, Clone)]
pub struct PartCell {
    /// Part in words.
    pub label: &'static str,
    /// Value in per cent.
    pub figure: String,
    /// In time over due.
    pub fraction: String,
    /// How long it took, or that it is only shown.
    pub note: String,
    /// Step of the colour scale: a class of the stylesheet.
    pub step: &'static str,
}

/// The head of a part's column.
#[derive(Debug, Clone, Copy)]
pub struct PartHead {
    /// Letter.
    pub letter: char,
    /// Words.
    pub label: &'static str,
}

/// A step of the colour scale for the legend.
#[derive(Debug, Clone, Copy)]
pub struct ScaleStep {
    /// Class of the stylesheet.
    pub step: &'static str,
    /// Words.
    pub label: &'static str,
}

/// Heads of the parts' columns.
pub fn part_heads() -> Vec<PartHead> {
    PARTS.map(|letter| PartHead { letter, label: texts::synergy_part(letter) }).to_vec()
}

/// The colour scale.
pub fn scale() -> Vec<ScaleStep> {
    let step = |step, label| ScaleStep { step, label };
    vec![
        step("h0", "<60%"),
        step("h1", "60–75%"),
        step("h2", "75–90%"),
        step("h3", "90–97%"),
        step("h4", "≥97%"),
        step("hx", texts::NOT_JUDGED),
    ]
}

/// What is only shown has no colour, which would judge it.
fn step(row: Option<&SynergyPair>) -> &'static str {
    step_of(row.filter(|row| !row.report_only).and_then(|row| row.value))
}

fn step_of(value: Option<Decimal>) -> &'static str {
    let Some(value) = value else { return "hx" };
    let steps = [("h4", 97), ("h3", 90), ("h2", 75), ("h1", 60)];
    steps.iter().find(|(_, from)| value * Decimal::ONE_HUNDRED >= Decimal::from(*from)).map_or("h0", |(step, _)| step)
}

fn percent(value: Option<Decimal>) -> String {
    value.map_or_else(|| texts::NONE.to_owned(), |value| format!("{}%", numbers::fixed(value * Decimal::ONE_HUNDRED, 1)))
}

type Pair<'a> = BTreeMap<char, &'a SynergyPair>;

/// Every domain that has synergy rows.
pub fn domains(facts: &Facts) -> Vec<DomainView> {
    let input = facts.input;
    let names: BTreeSet<&str> = input
        .synergy
        .pairs
        .iter()
        .map(|row| row.domain.as_str())
        .chain(input.synergy.regions.iter().map(|row| row.domain.as_str()))
        .collect();
    // Every pair has a row a part.
    let is_short = input.synergy.pairs.iter().filter(|row| row.bordering).count() > MOST_PAIRS * PARTS.len();
    let pages = facts.regions();
    let linked =
        |row: &SynergyRegion| RegionRow { href: pages.contains_key(&row.region).then(|| page_of(&row.region)), ..region_row(facts, row) };
    names.into_iter().map(|name| domain(facts, name, is_short, &linked)).collect()
}

fn domain(facts: &Facts, name: &str, is_short: bool, linked: &dyn Fn(&SynergyRegion) -> RegionRow) -> DomainView {
    let (bordering, outside): (Vec<&SynergyPair>, Vec<&SynergyPair>) =
        facts.input.synergy.pairs.iter().filter(|row| row.domain == name).partition(|row| row.bordering);
    let pairs = by_side(bordering.into_iter());
    let mut regions: Vec<&SynergyRegion> = facts.input.synergy.regions.iter().filter(|row| row.domain == name).collect();
    regions.sort_by_key(|row| (std::cmp::Reverse(row.index), &row.region));
    let mut codes: Vec<&str> = pairs.keys().flat_map(|(region, neighbour)| [*region, *neighbour]).collect();
    codes.sort_unstable();
    codes.dedup();
    let map = if name == SYNERGY_DOMAIN { map(facts, &codes, &pairs, &regions) } else { Svg::default() };
    if codes.len() > MATRIX_LIMIT {
        codes.clear();
    }
    DomainView {
        map,
        has_coupling: facts.input.synergy.sides.iter().any(|side| side.domain == name && side.coupling.is_some()),
        title: Text::of(texts::domain(name)),
        regions: regions.into_iter().map(linked).collect(),
        columns: codes.iter().map(|code| facts.region_name(code)).collect(),
        matrix: codes.iter().map(|region| matrix_row(facts, region, &codes, &pairs)).collect(),
        pairs: if is_short { Vec::new() } else { pair_rows(facts, &pairs) },
        is_short: is_short && !pairs.is_empty(),
        outside: outside_words(&outside),
    }
}

fn pair_rows(facts: &Facts, pairs: &BTreeMap<(&str, &str), Pair>) -> Vec<PairRow> {
    pairs.iter().map(|((region, neighbour), pair)| pair_row(facts, region, neighbour, pair)).collect()
}

fn by_side<'a>(rows: impl Iterator<Item = &'a SynergyPair>) -> BTreeMap<(&'a str, &'a str), Pair<'a>> {
    let mut pairs: BTreeMap<(&str, &str), Pair> = BTreeMap::new();
    for row in rows {
        pairs.entry((&row.region, &row.neighbour)).or_default().insert(row.part, row);
    }
    pairs
}

/// Due transactions that reach no pair of neighbours: with a city or the province on one side, and others.
fn outside_words(rows: &[&SynergyPair]) -> String {
    let is_county = |code: &str| !code.is_empty() && !code.ends_with("00");
    let (between, above): (Vec<&SynergyPair>, Vec<&SynergyPair>) =
        rows.iter().partition(|row| is_county(&row.region) && is_county(&row.neighbour));
    let due = |rows: &[&SynergyPair]| rows.iter().map(|row| row.denominator).sum::<Decimal>();
    let figure = |due: Decimal| (!due.is_zero()).then(|| numbers::amount(due));
    texts::outside_pairs(figure(due(&above)).as_deref(), figure(due(&between)).as_deref())
}

/// The own side of the region whose index an object shows; `None` where the index does not apply or the region has no border.
pub fn own_side<'a>(facts: &Facts<'a>, object: Object<'a>) -> Option<OwnSide> {
    facts.values(object).into_iter().find(|value| value.indicator.as_ref() == SYNERGY && value.status != Status::NotApplicable)?;
    let codes = upwards(&facts.unit(object.0)?.region);
    let row_of = |code: &String| facts.input.synergy.regions.iter().find(|row| row.region == *code && row.domain == SYNERGY_DOMAIN);
    let row = codes.iter().find_map(row_of)?;
    let is_own = |pair: &&SynergyPair| pair.bordering && pair.region == row.region && pair.domain == SYNERGY_DOMAIN;
    let pairs = by_side(facts.input.synergy.pairs.iter().filter(is_own));
    let scored = texts::rests_on(&row.neighbours_scored.to_string(), &row.neighbours.to_string(), &due_in_words(row.due_scored));
    Some(OwnSide {
        region: facts.region_name(&row.region),
        words: row.reason.as_deref().map_or(scored, |reason| texts::without_index(texts::synergy_reason(reason))),
        rows: pair_rows(facts, &pairs),
    })
}

/// A region's index in one domain.
#[derive(Debug, Clone)]
pub struct RegionOfDomain {
    /// Domain in words.
    pub title: Text,
    /// The index and what it rests on.
    pub row: RegionRow,
    /// The own side of each of its borders.
    pub sides: Vec<PairRow>,
    /// One of them has a 耦合协调度.
    pub has_coupling: bool,
}

/// A region's index over all domains, in per cent.
pub fn index_of(facts: &Facts, region: &str) -> String {
    let mut rows = facts.input.synergy.regions.iter();
    percent(rows.find(|row| row.region == region && row.domain == SYNERGY_DOMAIN).and_then(|row| row.index))
}

/// A region's index, domain by domain.
pub fn of_region(facts: &Facts, region: &str) -> Vec<RegionOfDomain> {
    let mut rows: Vec<&SynergyRegion> = facts.input.synergy.regions.iter().filter(|row| row.region == region).collect();
    rows.sort_by_key(|row| (row.domain != SYNERGY_DOMAIN, &row.domain));
    let of_domain = |row: &SynergyRegion| {
        let is_own = |pair: &&SynergyPair| pair.bordering && pair.region == row.region && pair.domain == row.domain;
        let sides = pair_rows(facts, &by_side(facts.input.synergy.pairs.iter().filter(is_own)));
        RegionOfDomain {
            title: Text::of(texts::domain(&row.domain)),
            row: region_row(facts, row),
            has_coupling: sides.iter().any(|side| !side.coupling.is_empty()),
            sides,
        }
    };
    rows.into_iter().map(of_domain).collect()
}

/// An interval of shares in per cent, in brackets; empty where there is none.
fn interval(of: Option<(Decimal, Decimal)>) -> String {
    let figure = |share: Decimal| numbers::fixed(share * Decimal::ONE_HUNDRED, 1);
    // What rests on a census alone has an interval without width, which says nothing.
    of.filter(|(low, high)| low < high).map(|(low, high)| texts::between(&figure(low), &figure(high))).unwrap_or_default()
}

fn region_row(facts: &Facts, row: &SynergyRegion) -> RegionRow {
    RegionRow {
        region: facts.region_name(&row.region),
        href: None,
        index: percent(row.index),
        interval: interval(row.interval),
        bar: row.index.map_or_else(Svg::default, |index| svg::bar(numbers::place(index, Decimal::ZERO, Decimal::ONE))),
        neighbours: format!("{}／{}", row.neighbours_scored, row.neighbours),
        due: format!("{}／{}", due_in_words(row.due_scored), due_in_words(row.due)),
        reason: Text::of(row.reason.as_deref().map_or("", texts::synergy_reason)),
    }
}

/// Fewer regions than these need no map.
const LEAST_REGIONS: usize = 3;

/// The regions by their index, the borders by the worse of their two sides.
fn map(facts: &Facts, codes: &[&str], pairs: &BTreeMap<(&str, &str), Pair>, regions: &[&SynergyRegion]) -> Svg {
    let number = |code: &str| codes.binary_search(&code).ok();
    let mut borders: Vec<(usize, usize)> = pairs
        .keys()
        .filter_map(|(region, neighbour)| Some((number(region)?, number(neighbour)?)))
        .map(|(one, other)| (one.min(other), one.max(other)))
        .collect();
    borders.sort_unstable();
    borders.dedup();
    if codes.len() < LEAST_REGIONS {
        return Svg::default();
    }
    let side = |one: usize, other: usize| {
        let is_it = |side: &&SynergySide| {
            (side.region.as_str(), side.neighbour.as_str(), side.domain.as_str()) == (codes[one], codes[other], SYNERGY_DOMAIN)
        };
        facts.input.synergy.sides.iter().find(is_it).filter(|side| side.scored).and_then(|side| side.value)
    };
    let name = |region: usize| facts.region_name(codes[region]);
    let border = |(one, other): &(usize, usize)| {
        let (here, there) = (side(*one, *other), side(*other, *one));
        svg::MapBorder {
            between: (*one, *other),
            step: step_of(here.into_iter().chain(there).min()),
            words: texts::border_words(name(*one).as_str(), &percent(here), name(*other).as_str(), &percent(there)),
        }
    };
    let drawn: Vec<svg::MapBorder> = borders.iter().map(border).collect();
    let region = |(place, code): ((i64, i64), &&str)| {
        let index = regions.iter().find(|row| row.region == **code).and_then(|row| row.index);
        svg::MapRegion {
            place,
            label: facts.region_name(code).to_string(),
            figure: percent(index),
            step: step_of(index),
            words: texts::named(facts.region_name(code).as_str(), &percent(index)),
        }
    };
    let placed: Vec<svg::MapRegion> = layout::places(codes.len(), &borders).into_iter().zip(codes).map(region).collect();
    svg::map(&placed, &drawn, texts::MAP)
}

fn matrix_row(facts: &Facts, region: &str, codes: &[&str], pairs: &BTreeMap<(&str, &str), Pair>) -> MatrixRow {
    let cell = |neighbour: &&str| {
        let Some(pair) = pairs.get(&(region, *neighbour)) else { return Svg::default() };
        let steps: Vec<(char, &'static str)> = PARTS.map(|part| (part, step(pair.get(&part).copied()))).to_vec();
        let parts: Vec<String> = pair
            .values()
            .map(|row| {
                let (numerator, denominator) = (numbers::amount(row.numerator), numbers::amount(row.denominator));
                texts::pair_words(texts::synergy_part(row.part), &percent(row.value), &numerator, &denominator)
            })
            .collect();
        let words = texts::matrix_words(facts.region_name(region).as_str(), facts.region_name(neighbour).as_str(), &parts);
        svg::squares(&steps, &words)
    };
    MatrixRow { region: facts.region_name(region), cells: codes.iter().map(cell).collect() }
}

fn pair_row(facts: &Facts, region: &str, neighbour: &str, pair: &Pair) -> PairRow {
    let domain = pair.values().next().map_or("", |row| row.domain.as_str());
    let is_it = |side: &&SynergySide| side.region == region && side.neighbour == neighbour && side.domain == domain;
    let side = facts.input.synergy.sides.iter().find(is_it);
    let cell = |part: char| {
        let row = pair.get(&part);
        PartCell {
            label: texts::synergy_part(part),
            figure: percent(row.and_then(|row| row.value)),
            fraction: row.map_or_else(String::new, |row| fraction(row)),
            note: row.map_or_else(String::new, |row| part_note(row)),
            step: step(row.copied()),
        }
    };
    PairRow {
        region: facts.region_name(region),
        neighbour: facts.region_name(neighbour),
        cross: pair.values().any(|row| row.cross_province),
        few: !pair.values().any(|row| row.cross_province || row.scored),
        cells: PARTS.map(cell).to_vec(),
        whole: PartCell {
            label: texts::SIDE_WHOLE,
            figure: percent(side.and_then(|side| side.value)),
            fraction: interval(side.and_then(|side| side.interval)),
            note: side.map_or_else(String::new, |side| texts::due_on_side(&due_in_words(side.due))),
            step: "hx",
        },
        coupling: side.and_then(|side| Some((side.coupling?, side.coupling_interval))).map_or_else(String::new, |(coupling, of)| {
            let figure = |number| numbers::fixed(number, 2);
            let between = of.map(|(low, high)| texts::between(&figure(low), &figure(high))).unwrap_or_default();
            format!("{}{between}", figure(coupling))
        }),
    }
}

/// What was due, which a matter that several share may divide.
fn due_in_words(due: Decimal) -> String {
    numbers::amount(due.round_dp(1))
}

/// In time over due; of K, which counts nothing, the distance and the penalties compared.
fn fraction(row: &SynergyPair) -> String {
    let (numerator, denominator) = (numbers::amount(row.numerator), numbers::amount(row.denominator));
    if row.part == 'K' {
        return if row.denominator.is_zero() { String::new() } else { texts::distance(&numerator, &denominator) };
    }
    format!("{numerator}／{denominator}{}", interval(row.interval))
}

fn part_note(row: &SynergyPair) -> String {
    let mut said = Vec::new();
    if row.report_only {
        said.push(texts::FEW_AND_SHOWN.to_owned());
    }
    if row.part == 'T' && !row.denominator.is_zero() {
        let days = row.median_days.map(|days| texts::median_days(&numbers::count(u64::from(days))));
        said.push(days.unwrap_or_else(|| texts::MEDIAN_NOT_REACHED.to_owned()));
        if row.unsent > 0 {
            said.push(texts::unsent(&numbers::count(u64::from(row.unsent))));
        }
    }
    if let Some(reference) = row.reference {
        let share = row.reference_share.map(|share| percent(Some(share)));
        said.push(texts::reference(&percent(Some(reference)), &numbers::count(u64::from(row.reference_pairs)), share.as_deref()));
    }
    said.join(" · ")
}
