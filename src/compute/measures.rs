//! Measures: what compute hands to scoring.
//!
//! In: single measures, or columns of one indicator. Out: [`Measures`], the rows of the result table `measures` in their order; sums over
//! everybody below. Never here: division, policy.
//!
//! A province has millions of cells. They stand in columns, one block an indicator, with texts by number: a cell takes some eighty bytes and
//! allocates nothing. Sums of parents cost rows × depth of the tree.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Arc;

use super::units::Hierarchy;
use crate::terms::{Fraction, IndicatorId, Month};

/// The domain of what speaks about no domain in particular: in SQL, in measures and in regional values.
pub const NO_DOMAIN: &str = "";

/// Whose acts a measure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// The subject's own acts.
    Own,
    /// The subject's own acts and those of every unit below it.
    Subtree,
}

impl Scope {
    /// The word that tables and schemes use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Subtree => "subtree",
        }
    }
}

/// What was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amount {
    /// Numerator over denominator.
    Ratio(Fraction),
    /// A value over `n` answers, scaled by [`Fraction::SCALE`]; `None` when there is nothing to take it of.
    Value {
        /// The value × [`Fraction::SCALE`].
        value: Option<i128>,
        /// How many answers it rests on.
        n: i64,
    },
}

/// One indicator for one subject, domain and month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measure<'a> {
    /// Which indicator.
    pub indicator: &'a str,
    /// `unit_id`, or `region_code` for an indicator of shape "region", or [`pair_subject`] for one of shape "pair".
    pub subject: &'a str,
    /// Domain of the acts.
    pub domain: &'a str,
    /// The month it belongs to; for windows other than flow, the month at whose end it was computed.
    pub month: Month,
    /// Whose acts.
    pub scope: Scope,
    /// What was measured.
    pub amount: Amount,
    /// Rows whose deadline is still ahead.
    pub pending: i64,
    /// Of those, rows whose deadline falls within the days of `ledger.due_soon_days`; 0 where the rows have no deadline of their own.
    pub due_soon: i64,
    /// Rows left out, for a reason that the population names.
    pub excluded: i64,
    /// True when a source was held and the value is that of an earlier run.
    pub held: bool,
}

impl Measure<'_> {
    fn figures(&self) -> CellFigures {
        CellFigures { amount: self.amount, pending: self.pending, due_soon: self.due_soon, excluded: self.excluded }
    }

    /// Adds what another unit did in the same domain and month.
    pub(super) fn add(&mut self, other: &Self) {
        let mut figures = self.figures();
        figures.add(&other.figures());
        let CellFigures { amount, pending, due_soon, excluded } = figures;
        *self = Self { amount, pending, due_soon, excluded, ..*self };
    }
}

/// The figures of one measure.
#[derive(Debug, Clone, Copy)]
pub(super) struct CellFigures {
    pub amount: Amount,
    pub pending: i64,
    pub due_soon: i64,
    pub excluded: i64,
}

impl CellFigures {
    /// Only ratios add up; another figure stands as it is.
    fn add(&mut self, other: &Self) {
        if let (Amount::Ratio(total), Amount::Ratio(part)) = (&mut self.amount, other.amount) {
            *total = total.merge(part);
        }
        self.pending += other.pending;
        self.due_soon += other.due_soon;
        self.excluded += other.excluded;
    }
}

/// The subject of a pair of regions, in its direction: what the first owes the second.
pub fn pair_subject(region_a: &str, region_b: &str) -> String {
    format!("{region_a}|{region_b}")
}

/// Texts by number.
#[derive(Debug, Clone, Default)]
struct Texts {
    texts: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, u32>,
}

impl Texts {
    fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let text: Arc<str> = text.into();
        let number = self.texts.len() as u32;
        self.texts.push(Arc::clone(&text));
        self.numbers.insert(text, number);
        number
    }

    /// Numbers the texts by their order; the new number of each old one, unless all stay.
    fn sort(&mut self) -> Option<Vec<u32>> {
        if self.texts.is_sorted() {
            return None;
        }
        let mut order: Vec<u32> = (0..self.texts.len() as u32).collect();
        order.sort_unstable_by(|a, b| self.texts[*a as usize].cmp(&self.texts[*b as usize]));
        let mut renumbered = vec![0; order.len()];
        order.iter().zip(0..).for_each(|(old, new)| renumbered[*old as usize] = new);
        self.texts = order.iter().map(|old| Arc::clone(&self.texts[*old as usize])).collect();
        self.numbers.values_mut().for_each(|number| *number = renumbered[*number as usize]);
        Some(renumbered)
    }
}

/// A subject and a domain by their numbers, the month and whose acts: the key of a measure of an indicator.
type Cell = (u32, u32, Month, Scope);

/// Measures of one indicator, column by column.
#[derive(Debug, Clone, Default)]
pub struct Block {
    cells: Vec<Cell>,
    figures: Vec<CellFigures>,
    /// Those that are an earlier run's: none, or all.
    held: bool,
}

impl Block {
    pub(super) fn push(&mut self, cell: Cell, figures: CellFigures) {
        self.cells.push(cell);
        self.figures.push(figures);
    }

    fn append(&mut self, mut other: Self) {
        if self.cells.is_empty() {
            *self = other;
            return;
        }
        self.cells.append(&mut other.cells);
        self.figures.append(&mut other.figures);
        self.held |= other.held;
    }

    fn begin_with(&mut self, first: Month) {
        let mut kept = self.cells.iter().map(|(_, _, month, _)| *month >= first).collect::<Vec<_>>().into_iter();
        self.figures.retain(|_| kept.next().unwrap_or(true));
        self.cells.retain(|(_, _, month, _)| *month >= first);
    }

    fn renumber(&mut self, subjects: Option<&[u32]>, domains: Option<&[u32]>) {
        for (subject, domain, ..) in &mut self.cells {
            *subject = subjects.map_or(*subject, |renumbered| renumbered[*subject as usize]);
            *domain = domains.map_or(*domain, |renumbered| renumbered[*domain as usize]);
        }
    }

    fn sort(&mut self) {
        if self.cells.is_sorted() {
            return;
        }
        let mut order: Vec<u32> = (0..self.cells.len() as u32).collect();
        // No two measures have the same key, so that nothing is lost by an order that is not stable.
        order.sort_unstable_by_key(|row| self.cells[*row as usize]);
        self.cells = order.iter().map(|row| self.cells[*row as usize]).collect();
        self.figures = order.iter().map(|row| self.figures[*row as usize]).collect();
    }

    /// Its rows, which are sorted, with the sums of those in whose chain they are.
    fn with_sums(&self, chains: &[Vec<u32>], domains: usize) -> Self {
        let months = self.cells.iter().map(|(_, _, month, _)| *month);
        let Some((first, last)) = months.clone().min().zip(months.max()) else { return Self::default() };
        let months = first.months_to(last) as usize + 1;
        // Below everybody the rows of each subject, which stand together.
        let mut below: BTreeMap<u32, Vec<Range<usize>>> = BTreeMap::new();
        let mut from = 0;
        for rows in self.cells.chunk_by(|a, b| a.0 == b.0) {
            let range = from..from + rows.len();
            from = range.end;
            for above in &chains[rows[0].0 as usize] {
                below.entry(*above).or_default().push(range.clone());
            }
        }
        let mut all = Self { held: self.held, ..Self::default() };
        let mut totals: Vec<Option<CellFigures>> = vec![None; domains * months];
        let place = |(_, domain, month, _): &Cell| *domain as usize * months + first.months_to(*month) as usize;
        for (above, ranges) in below {
            for row in ranges.iter().cloned().flatten() {
                match &mut totals[place(&self.cells[row])] {
                    Some(total) => total.add(&self.figures[row]),
                    empty => *empty = Some(self.figures[row]),
                }
            }
            let own = ranges.into_iter().find(|rows| self.cells[rows.start].0 == above);
            let mut own = own.unwrap_or_default().peekable();
            for (at, total) in totals.iter_mut().enumerate() {
                let Some(total) = total.take() else { continue };
                while let Some(row) = own.next_if(|row| place(&self.cells[*row]) == at) {
                    all.push(self.cells[row], self.figures[row]);
                }
                all.push((above, (at / months) as u32, first.plus((at % months) as i32), Scope::Subtree), total);
            }
        }
        all
    }
}

/// Measures of any number of indicators.
#[derive(Debug, Clone, Default)]
pub struct Measures {
    subjects: Texts,
    domains: Texts,
    blocks: BTreeMap<IndicatorId, Block>,
}

impl Measures {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.blocks.values().map(|block| block.cells.len()).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes in memory, but for the names of subjects.
    pub fn bytes(&self) -> usize {
        let of = |block: &Block| block.cells.capacity() * size_of::<Cell>() + block.figures.capacity() * size_of::<CellFigures>();
        self.blocks.values().map(of).sum()
    }

    /// The number of a subject in [`Measures::add_block`].
    pub(super) fn subject(&mut self, text: &str) -> u32 {
        self.subjects.number(text)
    }

    /// The number of a domain likewise.
    pub(super) fn domain(&mut self, text: &str) -> u32 {
        self.domains.number(text)
    }

    /// Adds measures of an indicator whose texts have the numbers of these.
    pub(super) fn add_block(&mut self, indicator: &IndicatorId, block: Block) {
        self.blocks.entry(indicator.clone()).or_default().append(block);
    }

    /// Adds one.
    pub fn push(&mut self, measure: Measure<'_>) {
        let cell = (self.subject(measure.subject), self.domain(measure.domain), measure.month, measure.scope);
        let block = self.blocks.entry(IndicatorId::from(measure.indicator)).or_default();
        block.push(cell, measure.figures());
        block.held |= measure.held;
    }

    /// Indicators that have any.
    pub fn indicators(&self) -> impl Iterator<Item = &IndicatorId> {
        self.blocks.iter().filter(|(_, block)| !block.cells.is_empty()).map(|(indicator, _)| indicator)
    }

    /// Takes the measures of an indicator away.
    pub fn remove(&mut self, indicator: &IndicatorId) {
        self.blocks.remove(indicator);
    }

    /// Takes away the months before `first`.
    pub(super) fn begin_with(&mut self, first: Month) {
        self.blocks.values_mut().for_each(|block| block.begin_with(first));
    }

    /// Puts them in their declared order: indicator, subject, domain, month, scope.
    pub fn sort(&mut self) {
        let (subjects, domains) = (self.subjects.sort(), self.domains.sort());
        for block in self.blocks.values_mut() {
            if subjects.is_some() || domains.is_some() {
                block.renumber(subjects.as_deref(), domains.as_deref());
            }
            block.sort();
        }
    }

    /// Whether they stand in their declared order.
    pub fn is_sorted(&self) -> bool {
        self.subjects.texts.is_sorted() && self.domains.texts.is_sorted() && self.blocks.values().all(|block| block.cells.is_sorted())
    }

    /// One after another, by indicator.
    pub fn iter(&self) -> impl Iterator<Item = Measure<'_>> + Clone {
        self.blocks.iter().flat_map(|(indicator, block)| self.of_block(indicator, block, 0..block.cells.len()))
    }

    /// Those of one month.
    pub fn in_month(&self, month: Month) -> impl Iterator<Item = Measure<'_>> + Clone {
        self.blocks.iter().flat_map(move |(indicator, block)| {
            let rows = (0..block.cells.len()).filter(move |row| block.cells[*row].2 == month);
            self.of_block(indicator, block, rows)
        })
    }

    /// Those of one indicator, subject and domain; the measures must be sorted.
    pub fn of(&self, indicator: &IndicatorId, subject: &str, domain: &str) -> impl Iterator<Item = Measure<'_>> {
        let place = self.subjects.numbers.get(subject).copied().zip(self.domains.numbers.get(domain).copied());
        let found = self.blocks.get_key_value(indicator).zip(place);
        found.into_iter().flat_map(|((indicator, block), place)| {
            let from = block.cells.partition_point(|(subject, domain, ..)| (*subject, *domain) < place);
            let until = block.cells.partition_point(|(subject, domain, ..)| (*subject, *domain) <= place);
            self.of_block(indicator, block, from..until)
        })
    }

    fn of_block<'a>(
        &'a self,
        indicator: &'a IndicatorId,
        block: &'a Block,
        rows: impl Iterator<Item = usize> + Clone,
    ) -> impl Iterator<Item = Measure<'a>> + Clone {
        rows.map(|row| {
            let (subject, domain, month, scope) = block.cells[row];
            let CellFigures { amount, pending, due_soon, excluded } = block.figures[row];
            let (subject, domain) = (&self.subjects.texts[subject as usize], &self.domains.texts[domain as usize]);
            Measure { indicator: indicator.as_ref(), subject, domain, month, scope, amount, pending, due_soon, excluded, held: block.held }
        })
    }

    /// Beside what units did themselves, exact sums of it over themselves and everything below them: of every unit of these measures, and of
    /// everybody above one. The result is sorted.
    pub(super) fn with_sums(mut self, hierarchy: &Hierarchy) -> Self {
        // Everybody has a number before the texts are put in their order.
        for unit in self.subjects.texts.clone() {
            hierarchy.chain_of(&unit).into_iter().for_each(|ancestor| {
                self.subject(ancestor);
            });
        }
        self.sort();
        let numbers = &self.subjects.numbers;
        let chain = |unit: &Arc<str>| hierarchy.chain_of(unit).into_iter().map(|ancestor| numbers[ancestor]).collect();
        let chains: Vec<Vec<u32>> = self.subjects.texts.iter().map(chain).collect();
        for block in self.blocks.values_mut() {
            *block = block.with_sums(&chains, self.domains.texts.len());
        }
        self
    }

    /// Adds measures that have numbers of their own.
    pub(super) fn append(&mut self, other: Self) {
        let subjects: Vec<u32> = other.subjects.texts.iter().map(|text| self.subjects.number(text)).collect();
        let domains: Vec<u32> = other.domains.texts.iter().map(|text| self.domains.number(text)).collect();
        for (indicator, mut block) in other.blocks {
            block.renumber(Some(&subjects), Some(&domains));
            self.blocks.entry(indicator).or_default().append(block);
        }
    }
}

impl<'a> Extend<Measure<'a>> for Measures {
    fn extend<I: IntoIterator<Item = Measure<'a>>>(&mut self, more: I) {
        more.into_iter().for_each(|measure| self.push(measure));
    }
}

impl<'a> FromIterator<Measure<'a>> for Measures {
    fn from_iter<I: IntoIterator<Item = Measure<'a>>>(measures: I) -> Self {
        let mut all = Self::default();
        all.extend(measures);
        all
    }
}

impl PartialEq for Measures {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const UNITS: [&str; 6] = ["A", "AB", "ABC", "B", "PROVINCE", "Z"];

    /// ABC below AB below A below PROVINCE, as B is; Z stands alone.
    fn hierarchy() -> Hierarchy {
        let parents = [("A", Some("PROVINCE")), ("AB", Some("A")), ("ABC", Some("AB")), ("B", Some("PROVINCE")), ("PROVINCE", None)];
        Hierarchy::new(parents.map(|(unit, parent)| (unit.to_owned(), parent.map(str::to_owned))))
    }

    fn month(number: i32) -> Month {
        Month { year: 2025, month: 11 }.plus(number)
    }

    fn measure(subject: &'static str, domain: &'static str, month: Month, numerator: i64, denominator: i64) -> Measure<'static> {
        let amount = Amount::Ratio(Fraction { numerator: numerator.into(), denominator: denominator.into() });
        let (pending, due_soon, excluded) = (numerator + 1, numerator, 2 * denominator);
        Measure { indicator: "a.rate", subject, domain, month, scope: Scope::Own, amount, pending, due_soon, excluded, held: false }
    }

    /// What units did, each cell once, in any order.
    fn own() -> impl Strategy<Value = Vec<Measure<'static>>> {
        let cell = (0..UNITS.len(), 0..3_usize, 0..4_i32);
        prop::collection::hash_map(cell, (0..50_i64, 0..50_i64), 0..40).prop_map(|cells| {
            let domains = ["", "market", "eco"];
            cells.into_iter().map(|((unit, domain, at), (n, d))| measure(UNITS[unit], domains[domain], month(at), n, d)).collect()
        })
    }

    proptest! {
        #[test]
        fn parents_are_the_sums_of_themselves_and_all_below(own in own()) {
            let all = own.iter().copied().collect::<Measures>().with_sums(&hierarchy());
            prop_assert!(all.is_sorted());
            let (units, sums): (Vec<_>, Vec<_>) = all.iter().partition(|measure| measure.scope == Scope::Own);
            let mut sent = own.clone();
            sent.sort_by_key(|measure| (measure.subject, measure.domain, measure.month));
            prop_assert_eq!(&units, &sent, "what units did stands as it was");
            let mut expected: BTreeMap<_, Measure<'_>> = BTreeMap::new();
            for measure in &own {
                for ancestor in hierarchy().with_ancestors(measure.subject) {
                    let sum = Measure { subject: UNITS.iter().find(|unit| **unit == ancestor).expect("a unit"), scope: Scope::Subtree, ..*measure };
                    expected.entry((sum.subject, sum.domain, sum.month)).and_modify(|known| known.add(measure)).or_insert(sum);
                }
            }
            prop_assert_eq!(sums, expected.into_values().collect::<Vec<_>>());
        }

        #[test]
        fn measures_in_any_order_are_the_same_sorted(own in own()) {
            let (mut one, mut two): (Measures, Measures) = (own.iter().copied().collect(), own.iter().rev().copied().collect());
            one.sort();
            two.sort();
            prop_assert!(one.is_sorted());
            prop_assert_eq!(&one, &two);
            let keys: Vec<_> = one.iter().map(|measure| (measure.indicator, measure.subject, measure.domain, measure.month)).collect();
            prop_assert!(keys.is_sorted());
            let mut appended = Measures::default();
            own.chunks(7).for_each(|own| appended.append(own.iter().copied().collect()));
            appended.sort();
            prop_assert_eq!(&one, &appended);
            for measure in &own {
                let found: Vec<_> = one.of(&IndicatorId::from("a.rate"), measure.subject, measure.domain).collect();
                prop_assert!(found.contains(measure));
                prop_assert!(found.iter().all(|found| (found.subject, found.domain) == (measure.subject, measure.domain)));
                prop_assert!(one.in_month(measure.month).any(|found| found == *measure));
            }
        }
    }
}
