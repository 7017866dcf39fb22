//! What was noticed about the rows of single units.
//!
//! In: rows as they are judged, with the unit that each names. Out: for each unit and check how many rows, and how many the unit
//! sent. Never here: rows without a unit; whether a remark matters.

use std::collections::{BTreeMap, HashMap};

use arrow::array::{Array, StringArray};

use super::UnitRemark;

/// Units that are told apart in one table: a column of nonsense must not fill the memory.
const DISTINCT: usize = 50_000;

/// Remarks of one table.
#[derive(Debug, Default)]
pub(super) struct UnitRemarks {
    rows: HashMap<String, u64>,
    remarks: BTreeMap<(String, String), (String, u64)>,
}

impl UnitRemarks {
    /// Rows that units sent, whatever becomes of them.
    pub fn count(&mut self, units: &StringArray) {
        let mut row = 0;
        while row < units.len() {
            let unit = units.value(row);
            // Rows of one unit stand together, mostly.
            let same =
                (row..units.len()).take_while(|other| units.value(*other) == unit && units.is_valid(*other) == units.is_valid(row)).count();
            if units.is_valid(row) {
                if let Some(count) = self.rows.get_mut(unit) {
                    *count += same as u64;
                } else if self.rows.len() < DISTINCT {
                    self.rows.insert(unit.to_owned(), same as u64);
                }
            }
            row += same;
        }
    }

    /// Counts `rows` rows of a unit under a check.
    pub fn add(&mut self, unit: &str, check: &str, says: &str, rows: u64) {
        if self.rows.contains_key(unit) {
            self.remarks.entry((unit.to_owned(), check.to_owned())).or_insert_with(|| (says.to_owned(), 0)).1 += rows;
        }
    }

    /// The remarks, and how many rows each unit sent.
    pub fn into_parts(self, table: &str) -> (Vec<UnitRemark>, BTreeMap<String, u64>) {
        let one = |((unit, check), (says, rows))| UnitRemark { table: table.to_owned(), unit, check, says, rows };
        (self.remarks.into_iter().map(one).collect(), self.rows.into_iter().collect())
    }
}
