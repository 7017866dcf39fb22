//! Records of a list in little memory.
//!
//! In: records in their order. Out: the same, one by one. Never here: which records a list has.
//!
//! A run keeps the lists of all its units until their pages are written: three million records of 3 000 units. Texts of one list repeat each other
//! (file, load, names of columns, dates), so each stands once, and a record is the numbers of its texts.

use std::collections::HashMap;

/// One record as a page shows it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ListedRecord<T = String> {
    /// Last day or moment; empty when the rows have none.
    pub due: T,
    /// Key of the source row; empty when the population has none.
    pub record_id: T,
    /// Whose act.
    pub unit: T,
    /// Why it is left out, in words; empty for others.
    pub because: T,
    /// What decides, as (meaning of the column, value).
    pub facts: Vec<(T, T)>,
    /// Source file; empty when the population has none.
    pub source_file: T,
    /// Line in that file.
    pub source_line: Option<i64>,
    /// The run whose load read them there; empty when unknown.
    pub batch_id: T,
}

impl<'a> ListedRecord<&'a str> {
    /// The same, for itself.
    pub fn owned(&self) -> ListedRecord {
        let text = |text: &&'a str| (*text).to_owned();
        ListedRecord {
            due: text(&self.due),
            record_id: text(&self.record_id),
            unit: text(&self.unit),
            because: text(&self.because),
            facts: self.facts.iter().map(|(name, value)| (text(name), text(value))).collect(),
            source_file: text(&self.source_file),
            source_line: self.source_line,
            batch_id: text(&self.batch_id),
        }
    }
}

/// Records, as written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PackedRecords {
    /// Every text once, one after another.
    texts: Box<str>,
    /// Where each of them ends.
    ends: Box<[u32]>,
    records: Box<[Packed]>,
    /// The facts of all records, one after another.
    facts: Box<[(u32, u32)]>,
}

/// A record: numbers of its texts, and where its facts end.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Packed {
    due: u32,
    record_id: u32,
    unit: u32,
    because: u32,
    source_file: u32,
    batch_id: u32,
    facts_end: u32,
    source_line: Option<i64>,
}

/// Texts and their numbers.
#[derive(Default)]
struct Texts<'a> {
    numbers: HashMap<&'a str, u32>,
    texts: String,
    ends: Vec<u32>,
}

impl<'a> Texts<'a> {
    fn number(&mut self, text: &'a str) -> u32 {
        *self.numbers.entry(text).or_insert_with(|| {
            self.texts.push_str(text);
            self.ends.push(place(self.texts.len()));
            place(self.ends.len() - 1)
        })
    }
}

/// A list that a page shows is no four gigabytes long.
fn place(at: usize) -> u32 {
    u32::try_from(at).expect("a list of less than four gigabytes")
}

impl FromIterator<ListedRecord> for PackedRecords {
    fn from_iter<I: IntoIterator<Item = ListedRecord>>(records: I) -> Self {
        let records: Vec<ListedRecord> = records.into_iter().collect();
        let (mut texts, mut facts, mut packed) = (Texts::default(), Vec::new(), Vec::with_capacity(records.len()));
        for record in &records {
            facts.extend(record.facts.iter().map(|(name, value)| (texts.number(name), texts.number(value))));
            packed.push(Packed {
                due: texts.number(&record.due),
                record_id: texts.number(&record.record_id),
                unit: texts.number(&record.unit),
                because: texts.number(&record.because),
                source_file: texts.number(&record.source_file),
                batch_id: texts.number(&record.batch_id),
                facts_end: place(facts.len()),
                source_line: record.source_line,
            });
        }
        Self {
            texts: texts.texts.into_boxed_str(),
            ends: texts.ends.into_boxed_slice(),
            records: packed.into_boxed_slice(),
            facts: facts.into_boxed_slice(),
        }
    }
}

impl PackedRecords {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// All of them, in their order.
    pub fn iter(&self) -> impl Iterator<Item = ListedRecord<&str>> {
        let begins = std::iter::once(0).chain(self.records.iter().map(|record| record.facts_end));
        self.records.iter().zip(begins).map(|(record, begin)| ListedRecord {
            due: self.text(record.due),
            record_id: self.text(record.record_id),
            unit: self.text(record.unit),
            because: self.text(record.because),
            facts: self.facts[begin as usize..record.facts_end as usize]
                .iter()
                .map(|(name, value)| (self.text(*name), self.text(*value)))
                .collect(),
            source_file: self.text(record.source_file),
            source_line: record.source_line,
            batch_id: self.text(record.batch_id),
        })
    }

    fn text(&self, number: u32) -> &str {
        let number = number as usize;
        let begin = number.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.texts[begin as usize..self.ends[number] as usize]
    }

    /// Bytes in memory.
    pub fn bytes(&self) -> usize {
        size_of::<Self>() + self.texts.len() + size_of_val(&*self.ends) + size_of_val(&*self.records) + size_of_val(&*self.facts)
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn record() -> impl Strategy<Value = ListedRecord> {
        let text = || "[a-c漢]{0,3}";
        let facts = vec((text(), text()), 0..4);
        (text(), text(), text(), text(), facts, text(), any::<Option<i64>>(), text()).prop_map(
            |(due, record_id, unit, because, facts, source_file, source_line, batch_id)| ListedRecord {
                due,
                record_id,
                unit,
                because,
                facts,
                source_file,
                source_line,
                batch_id,
            },
        )
    }

    proptest! {
        #[test]
        fn what_was_packed_is_there_again_in_its_order(records in vec(record(), 0..12)) {
            let packed: PackedRecords = records.iter().cloned().collect();
            prop_assert_eq!(packed.iter().map(|record| record.owned()).collect::<Vec<_>>(), records.clone());
            prop_assert_eq!((packed.len(), packed.is_empty()), (records.len(), records.is_empty()));
        }
    }

    #[test]
    fn twenty_records_of_one_file_take_a_third_of_what_they_take_as_texts() {
        let record = |number: i64| ListedRecord {
            due: format!("2026-03-{number:02}"),
            record_id: format!("浙温市监罚〔2026〕{number}号"),
            unit: "330300-market".to_owned(),
            because: String::new(),
            facts: ["立案日期", "决定日期", "送达日期"].map(|name| (name.to_owned(), format!("2026-02-{number:02}"))).to_vec(),
            source_file: "sources/cases/cases_2026-02.parquet".to_owned(),
            source_line: Some(number),
            batch_id: "20260630T010203-ab12".to_owned(),
        };
        let records: Vec<ListedRecord> = (1..=20).map(record).collect();
        let texts = |record: &ListedRecord| {
            let facts = record.facts.iter().map(|(name, value)| size_of::<(String, String)>() + name.len() + value.len());
            let others = [&record.due, &record.record_id, &record.unit, &record.because, &record.source_file, &record.batch_id];
            size_of::<ListedRecord>() + facts.sum::<usize>() + others.into_iter().map(String::len).sum::<usize>()
        };
        let as_texts: usize = records.iter().map(texts).sum();
        let packed = records.into_iter().collect::<PackedRecords>().bytes();
        assert!(packed * 3 < as_texts, "{packed} of {as_texts}");
    }
}
