//! Which rows of a load stay: the newest of each key.
//!
//! In: of every row the hash of its key and of its content, when it was updated, its unit's number, its place in the load. Out: what becomes of
//! each row; which keys rows of several units name. Never here: the rows themselves.
//!
//! An entry takes 48 bytes. They are kept apart by their keys; beyond some millions they wait in files, one for each part of the keys, so that a
//! load of a hundred million rows holds a small part of them at a time, and two parts are sorted side by side. A byte a row says what becomes of
//! it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU8, Ordering};

use crate::side_by_side::side_by_side;

/// What is kept of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    /// Hash of the key.
    pub key: u128,
    /// Microseconds; the smallest value stands for "unknown".
    pub updated_at: i64,
    /// Hash of the content.
    pub content: u128,
    /// The row's position in the whole load (48 bits), below the number of its unit (16 bits).
    place: u64,
}

/// Bits of [`Entry::place`] that hold the position.
const ORDINAL_BITS: u32 = 48;
/// The number of rows without a unit, and of those of units beyond [`MOST_UNITS`].
pub(super) const NO_UNIT: u64 = 0;
/// Units that have a number of their own.
pub(super) const MOST_UNITS: usize = u16::MAX as usize;
/// Bytes of an entry in a file.
const BYTES: usize = 48;

impl Entry {
    /// The entry of the row at a position.
    pub fn new(key: u128, updated_at: i64, content: u128, unit: u64, ordinal: u64) -> Self {
        Self { key, updated_at, content, place: unit << ORDINAL_BITS | ordinal }
    }

    /// The row's position in the whole load.
    fn ordinal(&self) -> u64 {
        self.place & ((1 << ORDINAL_BITS) - 1)
    }

    /// The number of its unit.
    fn unit(&self) -> u64 {
        self.place >> ORDINAL_BITS
    }

    fn write(&self, file: &mut impl Write) -> io::Result<()> {
        file.write_all(&self.key.to_le_bytes())?;
        file.write_all(&self.content.to_le_bytes())?;
        file.write_all(&self.updated_at.to_le_bytes())?;
        file.write_all(&self.place.to_le_bytes())
    }

    fn read(bytes: &[u8; BYTES]) -> Self {
        let number = |from: usize| u128::from_le_bytes(std::array::from_fn(|at| bytes[from + at]));
        let (key, content, last) = (number(0), number(16), number(32));
        Self { key, content, updated_at: last as i64, place: (last >> 64) as u64 }
    }
}

/// Parts of the keys: by their first six bits.
const PARTS: usize = 64;
/// Entries of a table that wait in memory: 200 MB.
const IN_MEMORY: usize = 4 << 20;

/// The entries of one load.
#[derive(Debug)]
pub(super) struct Entries {
    folder: PathBuf,
    parts: Vec<Part>,
    number: u64,
    waiting: usize,
    most_waiting: usize,
}

#[derive(Debug, Default)]
struct Part {
    waiting: Vec<Entry>,
    file: Option<PathBuf>,
}

impl Part {
    /// Those in the file first.
    fn each(&self, mut take: impl FnMut(Entry)) -> io::Result<()> {
        if let Some(path) = &self.file {
            let mut file = BufReader::with_capacity(1 << 20, File::open(path)?);
            let mut bytes = [0; BYTES];
            for _ in 0..std::fs::metadata(path)?.len() / BYTES as u64 {
                file.read_exact(&mut bytes)?;
                take(Entry::read(&bytes));
            }
        }
        self.waiting.iter().copied().for_each(take);
        Ok(())
    }

    fn write_out(&mut self, path: &Path) -> io::Result<()> {
        let mut file = BufWriter::new(OpenOptions::new().create(true).append(true).open(path)?);
        self.waiting.drain(..).try_for_each(|entry| entry.write(&mut file))?;
        file.flush()?;
        self.file = Some(path.to_owned());
        Ok(())
    }
}

impl Entries {
    /// None yet. `folder` takes the files, and goes with the load.
    pub fn new(folder: &Path) -> Self {
        Self::with_room_for(folder, IN_MEMORY)
    }

    fn with_room_for(folder: &Path, most_waiting: usize) -> Self {
        let parts = (0..PARTS).map(|_| Part::default()).collect();
        Self { folder: folder.to_owned(), parts, number: 0, waiting: 0, most_waiting }
    }

    /// How many there are.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Adds the entry of the next row.
    ///
    /// # Errors
    /// A disk that takes no more.
    pub fn push(&mut self, entry: Entry) -> io::Result<()> {
        self.parts[(entry.key >> (u128::BITS - PARTS.ilog2())) as usize].waiting.push(entry);
        self.number += 1;
        self.waiting += 1;
        if self.waiting > self.most_waiting {
            for (number, part) in self.parts.iter_mut().enumerate().filter(|(_, part)| !part.waiting.is_empty()) {
                part.write_out(&self.folder.join(format!("{number}.keys")))?;
            }
            self.waiting = 0;
        }
        Ok(())
    }

    /// Hands over the hash of each row's key.
    ///
    /// # Errors
    /// A file that can't be read.
    pub fn each_key(&self, take: &mut dyn FnMut(u128)) -> io::Result<()> {
        self.parts.iter().try_for_each(|part| part.each(|entry| take(entry.key)))
    }

    /// Marks the rows that are not the newest of their key: newest `updated_at`, then content, so that the order of the files does not matter;
    /// of identical rows the first one stays. `file_starts` says with which row each file begins. What rows of several units name is left open.
    ///
    /// # Errors
    /// A file that can't be read.
    pub fn choose(self, file_starts: Vec<u64>, threads: usize) -> io::Result<Chosen> {
        let fates: Vec<AtomicU8> = (0..self.number).map(|_| AtomicU8::new(Fate::Stays as u8)).collect();
        let choose = |part: &Part| {
            let (mut entries, mut counted, mut open) = (Vec::new(), Counted::new(file_starts.len()), Vec::new());
            part.each(|entry| entries.push(entry))?;
            entries.sort_unstable_by_key(|entry| (entry.key, std::cmp::Reverse((entry.updated_at, entry.content)), entry.ordinal()));
            for group in entries.chunk_by(|left, right| left.key == right.key).filter(|group| group.len() > 1) {
                match units_of(group).len() {
                    0 | 1 => counted.settle(group.iter(), &fates, &file_starts),
                    _ => open.push(group.to_vec()),
                }
            }
            Ok::<_, io::Error>((counted, open))
        };
        let parts = side_by_side(&self.parts, threads, choose)?;
        let (mut counted, mut open) = (Counted::new(file_starts.len()), Vec::new());
        for (of_part, open_in_part) in parts {
            counted.add(&of_part);
            open.extend(open_in_part);
        }
        for path in self.parts.iter().filter_map(|part| part.file.as_ref()) {
            std::fs::remove_file(path)?;
        }
        Ok(Chosen { fates, counted, file_starts, open })
    }
}

fn units_of(group: &[Entry]) -> BTreeSet<u64> {
    group.iter().map(Entry::unit).filter(|unit| *unit != NO_UNIT).collect()
}

/// What becomes of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Fate {
    Stays,
    /// A newer row of its key stays, or the same row from elsewhere.
    Duplicate,
    /// Its key belongs to another unit, or to nobody knows which.
    Contested,
}

/// Rows of each file that are left out, and keys whose newest rows differ in content, by the file of the row that was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Counted {
    pub duplicates: Vec<u64>,
    pub conflicts: Vec<u64>,
}

impl Counted {
    fn new(files: usize) -> Self {
        Self { duplicates: vec![0; files], conflicts: vec![0; files] }
    }

    fn add(&mut self, more: &Self) {
        self.duplicates.iter_mut().zip(&more.duplicates).for_each(|(all, more)| *all += more);
        self.conflicts.iter_mut().zip(&more.conflicts).for_each(|(all, more)| *all += more);
    }

    /// The first row of a key stays, of those that are given in their order.
    fn settle<'e>(&mut self, mut own: impl Iterator<Item = &'e Entry>, fates: &[AtomicU8], file_starts: &[u64]) {
        let Some(winner) = own.next() else { return };
        let mut is_conflict = false;
        for entry in own {
            fates[entry.ordinal() as usize].store(Fate::Duplicate as u8, Ordering::Relaxed);
            self.duplicates[file_of(file_starts, entry.ordinal())] += 1;
            is_conflict |= entry.updated_at == winner.updated_at && entry.content != winner.content;
        }
        if is_conflict {
            self.conflicts[file_of(file_starts, winner.ordinal())] += 1;
        }
    }
}

fn file_of(file_starts: &[u64], ordinal: u64) -> usize {
    file_starts.partition_point(|start| *start <= ordinal) - 1
}

/// What becomes of the rows of a load.
#[derive(Debug)]
pub(super) struct Chosen {
    fates: Vec<AtomicU8>,
    /// What was left out.
    pub counted: Counted,
    file_starts: Vec<u64>,
    /// Rows of keys that rows of several units name, until [`Chosen::settle`] is told whose they are.
    open: Vec<Vec<Entry>>,
}

impl Chosen {
    /// The keys that rows of several units name, with those units' numbers.
    pub fn contested(&self) -> BTreeMap<u128, BTreeSet<u64>> {
        self.open.iter().map(|group| (group[0].key, units_of(group))).collect()
    }

    /// Of a contested key the rows of its owner are compared, if one of them has it; the others are set apart. `owner_of` tells the number of the
    /// unit that has a key.
    pub fn settle(&mut self, owner_of: impl Fn(u128) -> Option<u64>) {
        for group in std::mem::take(&mut self.open) {
            let owner = owner_of(group[0].key).filter(|owner| units_of(&group).contains(owner));
            let is_own = |entry: &&Entry| owner == Some(entry.unit());
            for entry in group.iter().filter(|entry| !is_own(entry)) {
                self.fates[entry.ordinal() as usize].store(Fate::Contested as u8, Ordering::Relaxed);
            }
            self.counted.settle(group.iter().filter(is_own), &self.fates, &self.file_starts);
        }
    }

    /// Whether the row at a position meets this fate.
    pub fn is(&self, ordinal: u64, fate: Fate) -> bool {
        self.fates[ordinal as usize].load(Ordering::Relaxed) == fate as u8
    }

    /// The number of the file that a row came from.
    pub fn file_of(&self, ordinal: u64) -> usize {
        file_of(&self.file_starts, ordinal)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_entry_comes_back_as_it_was_written() {
        let entry = Entry::new(u128::MAX - 7, -3, 1 << 90, u64::from(u16::MAX), (1 << ORDINAL_BITS) - 2);
        let mut bytes = Vec::new();
        entry.write(&mut bytes).expect("written");
        assert_eq!(Entry::read(&bytes.try_into().expect("as long as it is said to be")), entry);
    }

    /// What becomes of each row by comparing it with every other of its key.
    fn one_by_one(entries: &[Entry], owner: Option<u64>) -> Vec<Fate> {
        let fate = |entry: &Entry| {
            let of_key: Vec<Entry> = entries.iter().filter(|other| other.key == entry.key).copied().collect();
            let units = units_of(&of_key);
            let is_contested = units.len() > 1;
            let is_own = |entry: &Entry| !is_contested || owner.is_some_and(|owner| units.contains(&owner) && owner == entry.unit());
            if !is_own(entry) {
                return Fate::Contested;
            }
            let rank = |entry: &Entry| (entry.updated_at, entry.content, std::cmp::Reverse(entry.ordinal()));
            let is_beaten = of_key.iter().filter(|other| is_own(other)).any(|other| rank(other) > rank(entry));
            if is_beaten { Fate::Duplicate } else { Fate::Stays }
        };
        entries.iter().map(fate).collect()
    }

    proptest! {
        #[test]
        fn in_files_as_in_memory_the_newest_row_of_a_key_stays(
            rows in prop::collection::vec((0..6_u128, 0..3_i64, 0..2_u128, 0..3_u64), 1..60),
            room in 0..20_usize,
            owner in prop::option::of(1..4_u64),
            second_file in 0..60_u64,
        ) {
            let folder = tempfile::tempdir().expect("temporary folder");
            // Keys of two parts, several in each.
            let entry = |(ordinal, (key, updated_at, content, unit)): (usize, &(u128, i64, u128, u64))| {
                Entry::new(key << 127 | key, *updated_at, *content, *unit, ordinal as u64)
            };
            let rows: Vec<Entry> = rows.iter().enumerate().map(entry).collect();
            let mut entries = Entries::with_room_for(folder.path(), room);
            rows.iter().try_for_each(|entry| entries.push(*entry)).expect("written");
            prop_assert_eq!(entries.number(), rows.len() as u64);
            let mut keys = Vec::new();
            entries.each_key(&mut |key| keys.push(key)).expect("read");
            keys.sort_unstable();
            let mut expected: Vec<u128> = rows.iter().map(|entry| entry.key).collect();
            expected.sort_unstable();
            prop_assert_eq!(keys, expected);
            let mut chosen = entries.choose(vec![0, second_file], 2).expect("chosen");
            chosen.settle(|_| owner);
            let fates = one_by_one(&rows, owner);
            for (ordinal, fate) in fates.iter().enumerate() {
                prop_assert!(chosen.is(ordinal as u64, *fate), "{ordinal}: {fate:?}");
            }
            let of_file = |is_counted: &dyn Fn(usize) -> bool| {
                let number = |file: bool| (0..rows.len()).filter(|ordinal| (*ordinal as u64 >= second_file) == file && is_counted(*ordinal)).count();
                [number(false) as u64, number(true) as u64]
            };
            prop_assert_eq!(&chosen.counted.duplicates, &of_file(&|ordinal| fates[ordinal] == Fate::Duplicate));
            let is_in_conflict = |ordinal: usize| {
                let is_other = |other: &usize| {
                    let (one, other) = (rows[ordinal], rows[*other]);
                    one.key == other.key && one.updated_at == other.updated_at && one.content != other.content
                };
                fates[ordinal] == Fate::Stays && (0..rows.len()).filter(|other| fates[*other] == Fate::Duplicate).any(|other| is_other(&other))
            };
            prop_assert_eq!(&chosen.counted.conflicts, &of_file(&is_in_conflict));
            prop_assert_eq!(std::fs::read_dir(folder.path()).expect("listing").count(), 0, "files go with the entries");
        }
    }
}
