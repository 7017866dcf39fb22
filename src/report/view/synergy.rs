//! Co-operation between regions: the regions' indices, the matrix of pairs, every part of every pair.
//!
//! In: synergy rows. Out: one [`DomainView`] a domain. Never here: an index of a pair; a cell shows the parts side by side, because
//! weighing them is the indices' business.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use super::Facts;
use crate::indices::tables::{SynergyPair, SynergyRegion};
use crate::report::names::Text;
use crate::report::numbers;
use crate::report::svg::{self, Svg};
use crate::report::texts;

/// The parts in their order.
const PARTS: [char; 5] = ['P', 'T', 'A', 'R', 'K'];

/// More regions than this make a matrix nobody can read or print; the list of pairs then stands alone.
const MATRIX_LIMIT: usize = 14;

/// Synergy in one domain.
#[derive(Debug, Clone)]
pub struct DomainView {
    /// Domain in words.
    pub title: Text,
    /// Regions.
    pub regions: Vec<RegionRow>,
    /// Heads of the matrix's columns; empty when there are too many.
    pub columns: Vec<Text>,
    /// Rows of the matrix.
    pub matrix: Vec<MatrixRow>,
    /// Every pair.
    pub pairs: Vec<PairRow>,
}

/// A region over all its borders.
#[derive(Debug, Clone)]
pub struct RegionRow {
    /// Region.
    pub region: Text,
    /// Index in per cent.
    pub index: String,
    /// Index as a bar.
    pub bar: Svg,
    /// Neighbours with enough contact, and all.
    pub neighbours: String,
    /// Transactions due.
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
    /// One cell a part.
    pub cells: Vec<PartCell>,
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
        step("hx", texts::NOTHING_THERE),
    ]
}

fn step(value: Option<Decimal>) -> &'static str {
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
        .synergy_pairs
        .iter()
        .map(|row| row.domain.as_str())
        .chain(input.synergy_regions.iter().map(|row| row.domain.as_str()))
        .collect();
    names.into_iter().map(|name| domain(facts, name)).collect()
}

fn domain(facts: &Facts, name: &str) -> DomainView {
    let mut pairs: BTreeMap<(&str, &str), Pair> = BTreeMap::new();
    for row in facts.input.synergy_pairs.iter().filter(|row| row.domain == name) {
        pairs.entry((&row.region, &row.neighbour)).or_default().insert(row.part, row);
    }
    let mut regions: Vec<&SynergyRegion> = facts.input.synergy_regions.iter().filter(|row| row.domain == name).collect();
    regions.sort_by_key(|row| (std::cmp::Reverse(row.index), &row.region));
    let mut codes: Vec<&str> = pairs.keys().flat_map(|(region, neighbour)| [*region, *neighbour]).collect();
    codes.sort_unstable();
    codes.dedup();
    if codes.len() > MATRIX_LIMIT {
        codes.clear();
    }
    DomainView {
        title: Text::of(texts::domain(name)),
        regions: regions.into_iter().map(|row| region_row(facts, row)).collect(),
        columns: codes.iter().map(|code| facts.region_name(code)).collect(),
        matrix: codes.iter().map(|region| matrix_row(facts, region, &codes, &pairs)).collect(),
        pairs: pairs.iter().map(|((region, neighbour), pair)| pair_row(facts, region, neighbour, pair)).collect(),
    }
}

fn region_row(facts: &Facts, row: &SynergyRegion) -> RegionRow {
    RegionRow {
        region: facts.region_name(&row.region),
        index: percent(row.index),
        bar: row.index.map_or_else(Svg::default, |index| svg::bar(numbers::place(index, Decimal::ZERO, Decimal::ONE))),
        neighbours: format!("{}／{}", row.neighbours_scored, row.neighbours),
        due: numbers::amount(row.due),
        reason: Text::of(row.reason.as_deref().map_or("", texts::synergy_reason)),
    }
}

fn matrix_row(facts: &Facts, region: &str, codes: &[&str], pairs: &BTreeMap<(&str, &str), Pair>) -> MatrixRow {
    let cell = |neighbour: &&str| {
        let Some(pair) = pairs.get(&(region, *neighbour)) else { return Svg::default() };
        let steps: Vec<(char, &'static str)> = PARTS.map(|part| (part, step(pair.get(&part).and_then(|row| row.value)))).to_vec();
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
    let cell = |part: char| {
        let row = pair.get(&part);
        PartCell {
            label: texts::synergy_part(part),
            figure: percent(row.and_then(|row| row.value)),
            fraction: row
                .map_or_else(String::new, |row| format!("{}／{}", numbers::amount(row.numerator), numbers::amount(row.denominator))),
            step: step(row.and_then(|row| row.value)),
        }
    };
    PairRow {
        region: facts.region_name(region),
        neighbour: facts.region_name(neighbour),
        cross: pair.values().any(|row| row.cross_province),
        cells: PARTS.map(cell).to_vec(),
    }
}
