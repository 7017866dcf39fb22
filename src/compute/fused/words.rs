//! Truths as words of 64 rows, and counting by group over them.
//!
//! In: bitmaps of a batch, the group of each row. Out: bits that two conditions share, numbers of set bits by group. Never here: what a
//! condition or a group means.
//!
//! Rows of a unit stand together, so that 64 rows have few groups: a count is then a few numbers of bits, whatever the number of rows. Where a
//! word has many groups, or few rows are set, rows are taken one by one.

use arrow::buffer::BooleanBuffer;

/// Truths of a batch's rows, the first row in the lowest bit; bits beyond the last row are not set.
pub type Words = Vec<u64>;

/// The words of a bitmap.
pub fn words_of(bits: &BooleanBuffer) -> Words {
    bits.bit_chunks().iter_padded().take(bits.len().div_ceil(64)).collect()
}

/// Words in which every row is set.
pub fn all_set(rows: usize) -> Words {
    let mut words = vec![u64::MAX; rows.div_ceil(64)];
    if let Some(last) = words.last_mut()
        && !rows.is_multiple_of(64)
    {
        *last = (1 << (rows % 64)) - 1;
    }
    words
}

/// Keeps the rows that are set in both.
pub fn keep(words: &mut [u64], more: &[u64]) {
    words.iter_mut().zip(more).for_each(|(word, more)| *word &= more);
}

/// Adds the rows that are set in the other.
pub fn add(words: &mut [u64], more: &[u64]) {
    words.iter_mut().zip(more).for_each(|(word, more)| *word |= more);
}

/// The rows that are set, ascending.
pub fn set_rows(words: &[u64]) -> impl Iterator<Item = usize> {
    words.iter().enumerate().flat_map(|(place, word)| set_bits(*word).map(move |bit| place * 64 + bit))
}

fn set_bits(mut word: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let bit = (word != 0).then(|| word.trailing_zeros() as usize)?;
        word &= word - 1;
        Some(bit)
    })
}

/// Groups in a word up to which its bits are counted by group.
const MOST_GROUPS: usize = 12;

/// The groups of each word, with the rows that they have there.
#[derive(Debug)]
pub struct GroupedWords {
    pairs: Vec<(u32, u64)>,
    /// Where the pairs of each word begin, and where the last ones end. A word of many groups has none.
    starts: Vec<usize>,
}

impl GroupedWords {
    /// Sorts the rows that are set by the group that stands at their place.
    pub fn of(words: &[u64], groups: &[u32]) -> Self {
        let mut grouped = Self { pairs: Vec::new(), starts: Vec::with_capacity(words.len() + 1) };
        for (place, word) in words.iter().enumerate() {
            let start = grouped.pairs.len();
            grouped.starts.push(start);
            let (mut last, mut at) = (None, start);
            for bit in set_bits(*word) {
                let group = groups[place * 64 + bit];
                if last != Some(group) {
                    let known = grouped.pairs[start..].iter().position(|(known, _)| *known == group);
                    at = start + known.unwrap_or(grouped.pairs.len() - start);
                    if at == start + MOST_GROUPS {
                        grouped.pairs.truncate(start);
                        break;
                    }
                    if known.is_none() {
                        grouped.pairs.push((group, 0));
                    }
                    last = Some(group);
                }
                grouped.pairs[at].1 |= 1 << bit;
            }
        }
        grouped.starts.push(grouped.pairs.len());
        grouped
    }

    /// Tells how many of the rows that are set each group has, piece by piece. No row is set that was not when they were sorted.
    pub fn count(&self, words: &[u64], groups: &[u32], mut tell: impl FnMut(u32, i64)) {
        for (place, word) in words.iter().enumerate().filter(|(_, word)| **word != 0) {
            let pairs = &self.pairs[self.starts[place]..self.starts[place + 1]];
            if pairs.is_empty() || (word.count_ones() as usize) < pairs.len() {
                set_bits(*word).for_each(|bit| tell(groups[place * 64 + bit], 1));
                continue;
            }
            for (group, rows) in pairs {
                let number = (word & rows).count_ones();
                if number > 0 {
                    tell(*group, i64::from(number));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn no_row_beyond_the_last_is_set() {
        for rows in [0, 1, 63, 64, 65, 128] {
            assert_eq!(set_rows(&all_set(rows)).collect::<Vec<_>>(), (0..rows).collect::<Vec<_>>());
            assert_eq!(words_of(&BooleanBuffer::new_set(rows)), all_set(rows));
        }
        let cut = BooleanBuffer::from_iter((0..200).map(|row| row % 3 == 0)).slice(7, 130);
        assert_eq!(set_rows(&words_of(&cut)).collect::<Vec<_>>(), (0..130).filter(|row| (row + 7) % 3 == 0).collect::<Vec<_>>());
    }

    proptest! {
        #[test]
        fn a_group_has_as_many_rows_as_are_set_and_stand_in_it(
            rows in prop::collection::vec((0u32..40, any::<bool>(), any::<bool>()), 0..400),
            few in 1u32..40,
        ) {
            let groups: Vec<u32> = rows.iter().map(|(group, ..)| group % few).collect();
            let there = words_of(&rows.iter().map(|(_, there, _)| *there).collect());
            let mut asked = words_of(&rows.iter().map(|(.., asked)| *asked).collect());
            keep(&mut asked, &there);
            let (mut counted, mut one_by_one) = (BTreeMap::new(), BTreeMap::new());
            GroupedWords::of(&there, &groups).count(&asked, &groups, |group, number| *counted.entry(group).or_insert(0) += number);
            for (group, there, asked) in &rows {
                if *there && *asked {
                    *one_by_one.entry(group % few).or_insert(0) += 1;
                }
            }
            prop_assert_eq!(counted, one_by_one);
        }
    }
}
