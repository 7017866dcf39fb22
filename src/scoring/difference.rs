//! What moved between two runs, and because of what.
//!
//! In: the totals of everybody after each step from the one run to the other. Out: [`Difference`], in which the causes of an object add up to its move.
//! Never here: reading runs, computing figures.
//!
//! The way goes from the earlier run to the later one in one order, and each step changes one thing: first the data (and the date with them), then
//! clocks and parameters, definitions, the scheme, the registry of units. Where two causes meet in one figure, what they do only together belongs to
//! the later step.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::tables::Scorecards;
use super::whatif::Move;

/// Why a total is another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// Records that came, changed or went, and what fell due by a later date.
    Data,
    /// Limits, amounts, thresholds, the work calendar.
    Clocks,
    /// Indicators, populations, contracts of source tables.
    Definition,
    /// Weights, targets, curves, grades.
    Scheme,
    /// Who is assessed, at what level, below whom.
    Units,
    /// The program: the published figures are not those that this version makes of the same.
    Engine,
}

/// Every cause, in the order of the steps.
pub const CAUSES: [Cause; 6] = [Cause::Data, Cause::Clocks, Cause::Definition, Cause::Scheme, Cause::Units, Cause::Engine];

impl Cause {
    /// The word that tables and the terminal use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Clocks => "clocks",
            Self::Definition => "definition",
            Self::Scheme => "scheme",
            Self::Units => "units",
            Self::Engine => "engine",
        }
    }
}

/// An object: unit and domain.
pub type Key = (String, String);

/// The total of every object that has one.
pub type Totals = BTreeMap<Key, Decimal>;

/// The totals of scorecards.
pub fn totals(cards: &Scorecards) -> Totals {
    cards.ranks.iter().filter_map(|rank| Some(((rank.unit.0.clone(), rank.domain.clone()), rank.total?))).collect()
}

/// Totals along the way from one run to the other.
#[derive(Debug, Clone, Default)]
pub struct Way {
    /// As the earlier run published them.
    pub published_before: Totals,
    /// The same, scored again, and after each step: data, clocks, definitions, scheme, units.
    pub steps: [Totals; 6],
    /// As the later run published them.
    pub published_after: Totals,
}

/// Points by cause, in the order of [`CAUSES`].
pub type ByCause = [Decimal; 6];

impl Way {
    /// The move of an object by cause; none where it has no total somewhere on the way.
    pub fn of(&self, object: &Key) -> Option<ByCause> {
        let (before, after) = (self.published_before.get(object)?, self.published_after.get(object)?);
        let mut totals = Vec::with_capacity(self.steps.len());
        for step in &self.steps {
            totals.push(*step.get(object)?);
        }
        let mut by_cause = ByCause::default();
        for (place, pair) in totals.windows(2).enumerate() {
            by_cause[place] = pair[1] - pair[0];
        }
        by_cause[5] = (totals[0] - before) + (after - totals[5]);
        Some(by_cause)
    }
}

/// One of the two runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunSide {
    /// The run.
    pub run: String,
    /// Its date.
    pub as_of: String,
    /// What its scorecards speak about.
    pub period: String,
    /// Its scheme.
    pub scheme: String,
    /// Digest of the scheme's text.
    pub scheme_hash: String,
    /// Version of the program.
    pub engine: String,
}

/// A source table of which the runs have read other rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableChange {
    /// Source table.
    pub table: String,
    /// Rows before and after.
    pub rows: (Option<u64>, Option<u64>),
    /// Versions in the lake.
    pub version: (Option<u64>, Option<u64>),
}

/// A file of the library that the runs have read differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextChange {
    /// Path below `queries/`.
    pub file: String,
    /// `new`, `gone`, `changed`.
    pub how: &'static str,
    /// What it may have moved; none for texts on which no score rests.
    pub cause: Option<Cause>,
    /// Clocks and parameters that are others, where it is a file of those.
    pub names: Vec<String>,
}

/// An indicator of which some values are others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndicatorChange {
    /// Indicator.
    pub indicator: String,
    /// What of it is another: data, clocks, definition; the scheme where a value without change has another score.
    pub causes: Vec<Cause>,
    /// Values that are others, of those that one of the runs has.
    pub moved: (usize, usize),
    /// Points that it moved, over all objects, without sign.
    pub points: Decimal,
}

/// An object whose total, rank, grade or peer group is another.
#[derive(Debug, Clone, PartialEq)]
pub struct ObjectChange {
    /// Before and after.
    pub moved: Move,
    /// Its move by cause; none where one of the runs has no total of it.
    pub by_cause: Option<ByCause>,
}

/// Everything that moved.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// The earlier run.
    pub before: RunSide,
    /// The later one.
    pub after: RunSide,
    /// Source tables.
    pub tables: Vec<TableChange>,
    /// Files of the library.
    pub texts: Vec<TextChange>,
    /// Units that one of the runs alone has: identifier, name, whether it is new.
    pub units: Vec<(String, String, bool)>,
    /// Indicators, those that moved most points first.
    pub indicators: Vec<IndicatorChange>,
    /// Objects, those whose rank moved most first.
    pub objects: Vec<ObjectChange>,
    /// All objects of both runs.
    pub all_objects: usize,
    /// Result tables with other bytes.
    pub results: Vec<String>,
    /// Names of units and titles of indicators, as the later run has them, or the earlier where it alone has them.
    pub names: BTreeMap<String, String>,
}

impl Difference {
    /// The name of a unit or the title of an indicator; where there is none, what it was asked for.
    pub fn name<'a>(&'a self, id: &'a str) -> &'a str {
        self.names.get(id).map_or(id, String::as_str)
    }

    /// Whether every result is the same to the byte, and everything that it was made of.
    pub fn is_nothing(&self) -> bool {
        self.tables.is_empty() && self.texts.is_empty() && self.results.is_empty() && self.objects.is_empty()
    }

    /// Points by cause over all objects, without sign.
    pub fn by_cause(&self) -> ByCause {
        let mut sum = ByCause::default();
        for by_cause in self.objects.iter().filter_map(|object| object.by_cause) {
            for (sum, points) in sum.iter_mut().zip(by_cause) {
                *sum += points.abs();
            }
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn totals_of(total: i64) -> Totals {
        Totals::from([(("u".to_owned(), "market".to_owned()), Decimal::from(total))])
    }

    #[test]
    fn the_causes_of_a_move_add_up_to_it() {
        let way = Way { published_before: totals_of(70), steps: [70, 73, 73, 68, 69, 69].map(totals_of), published_after: totals_of(71) };
        let by_cause = way.of(&("u".to_owned(), "market".to_owned())).expect("it has a total everywhere");
        assert_eq!(by_cause, [3, 0, -5, 1, 0, 2].map(Decimal::from));
        assert_eq!(by_cause.iter().sum::<Decimal>(), Decimal::ONE);
    }

    #[test]
    fn an_object_without_a_total_somewhere_on_the_way_has_no_causes() {
        let mut way = Way { published_before: totals_of(70), steps: [70; 6].map(totals_of), published_after: totals_of(70) };
        way.steps[3] = Totals::new();
        assert_eq!(way.of(&("u".to_owned(), "market".to_owned())), None);
        assert_eq!(way.of(&("v".to_owned(), "market".to_owned())), None);
    }
}
