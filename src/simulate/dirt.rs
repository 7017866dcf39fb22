//! The errors that offices make, seldom and always in the same rows.
//!
//! In: a row of texts. Out: the row as it arrives, perhaps twice. Never here: cheating, which is no error.

use std::collections::BTreeMap;

use crate::library::contract::{ColumnType, TableContract};
use crate::simulate::draw::{Stream, hash_of};
use crate::simulate::render::Layout;

/// One row in how many is dirty.
const ONE_IN: u64 = 130;

/// Makes rows dirty and counts what it did.
pub(super) struct Dirt {
    seed: u64,
    rows: u64,
    /// Kinds of dirt with their numbers.
    pub done: BTreeMap<&'static str, u64>,
}

/// A row as it arrives.
pub(super) struct Arrived {
    pub cells: Vec<String>,
    /// Cells more (or fewer) than headings.
    pub ragged: bool,
}

impl Dirt {
    /// Dirt of its own for the table.
    pub fn new(seed: u64, table: &str) -> Self {
        let name = table.bytes().fold(0u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
        Self { seed: seed ^ name, rows: 0, done: BTreeMap::new() }
    }

    /// The row, clean or dirty; twice when the office sent it twice.
    pub fn pass(&mut self, contract: &TableContract, layout: &Layout, cells: Vec<String>) -> Vec<Arrived> {
        self.rows += 1;
        // Tables without a month are kept by hand, and clean.
        if contract.month.is_none() || hash_of(self.seed, 81, self.rows) % ONE_IN != 0 {
            return vec![Arrived { cells, ragged: false }];
        }
        let mut stream = Stream::new(self.seed, "dirt", &[self.rows]);
        for _ in 0..12 {
            let kind = stream.below(KINDS.len());
            if let Some(arrived) = soil(kind, contract, layout, &cells, &mut stream) {
                *self.done.entry(KINDS[kind]).or_default() += 1;
                return arrived;
            }
        }
        vec![Arrived { cells, ragged: false }]
    }
}

/// Kinds of dirt, in the order of [`soil`].
const KINDS: [&str; 12] = [
    "日期不存在或写“不详”",
    "主键为空",
    "全角数字",
    "千分位逗号",
    "首尾空格",
    "重复行（更新时间较新）",
    "执法主体编码不存在",
    "信用代码校验位错误",
    "未来日期",
    "列数不符",
    "引号内换行",
    "枚举值不认识",
];

fn soil(kind: usize, contract: &TableContract, layout: &Layout, clean: &[String], stream: &mut Stream) -> Option<Vec<Arrived>> {
    let mut cells = clean.to_vec();
    let filled = |kinds: &[ColumnType], cells: &[String]| -> Vec<usize> {
        (0..cells.len()).filter(|place| !cells[*place].is_empty() && kinds.contains(&layout.columns[*place].1.kind)).collect()
    };
    let mut one_of = |kinds: &[ColumnType], cells: &[String]| {
        let places = filled(kinds, cells);
        places.get(stream.below(places.len())).copied()
    };
    let month = contract.month.as_deref().and_then(|month| layout.place(month));
    let mut ragged = false;
    match kind {
        0 => {
            let place = one_of(&[ColumnType::Date], &cells)?;
            cells[place] = if place % 2 == 0 { "2026-02-30".to_owned() } else { "不详".to_owned() };
        }
        1 => cells[layout.place(contract.key.first()?)?].clear(),
        2 => {
            let place = one_of(&[ColumnType::Decimal, ColumnType::Date, ColumnType::Integer], &cells)?;
            cells[place] = cells[place].chars().map(full_width).collect();
        }
        3 => {
            let place = one_of(&[ColumnType::Decimal], &cells).filter(|place| cells[*place].len() > 3 && !cells[*place].contains('.'))?;
            let at = cells[place].len() - 3;
            cells[place].insert(at, ',');
        }
        4 => {
            let place = one_of(&[ColumnType::Text], &cells)?;
            cells[place] = format!(" {}\u{3000} ", cells[place]);
        }
        5 => {
            let place = layout.place("updated_at")?;
            cells[place] = later(&cells[place])?;
            return Some(vec![Arrived { cells: clean.to_vec(), ragged }, Arrived { cells, ragged }]);
        }
        6 => cells[layout.place("unit_id")?] = "999999SJ".to_owned(),
        7 => {
            let place = layout.place("credit_code").filter(|place| cells[*place].len() == 18)?;
            let wrong = if cells[place].ends_with('0') { "1" } else { "0" };
            cells[place].replace_range(17.., wrong);
        }
        8 => cells[month?] = "2036-05-01".to_owned(),
        9 => (ragged, _) = (true, cells.push("多余".to_owned())),
        10 => {
            let place = one_of(&[ColumnType::Text], &cells)
                .filter(|place| !cells[*place].is_ascii() && layout.columns[*place].1.codes.is_empty())?;
            let at = cells[place].chars().next()?.len_utf8();
            cells[place].insert(at, '\n');
        }
        _ => {
            let place = (0..cells.len()).find(|place| {
                layout.columns[*place].1.codes.len() > 3 && layout.columns[*place].1.kind == ColumnType::Text && !cells[*place].is_empty()
            })?;
            cells[place] = "待定".to_owned();
        }
    }
    Some(vec![Arrived { cells, ragged }])
}

fn full_width(letter: char) -> char {
    if letter.is_ascii_digit() { char::from_u32(letter as u32 + 0xFEE0).unwrap_or(letter) } else { letter }
}

/// The same time with another second, so that it is newer.
fn later(text: &str) -> Option<String> {
    let (head, second) = text.rsplit_once(':')?;
    let second: u32 = second.parse().ok()?;
    (second < 59).then(|| format!("{head}:{:02}", second + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_time_is_one_second_later() {
        assert_eq!(later("2026-03-02 09:15:08").as_deref(), Some("2026-03-02 09:15:09"));
        assert_eq!(later("2026-03-02"), None);
    }

    #[test]
    fn digits_become_full_width_and_nothing_else_does() {
        assert_eq!("2026-03".chars().map(full_width).collect::<String>(), "２０２６-０３");
    }
}
