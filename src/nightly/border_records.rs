//! The records behind a unit's synergy figure: what its own region's side of a border did late, or never.
//!
//! In: duties that were missed, the sides that count, units. Out: lists as those of other figures. Never here: the other side's records,
//! figures.

use std::collections::BTreeSet;

use crate::compute::units::Unit;
use crate::explain::lists::{FigureKey, RecordList};
use crate::explain::packed::ListedRecord;
use crate::explain::records::Part;
use crate::indices::synergy::{Transaction, missed_by, part_title};
use crate::indices::tables::SynergyPair;
use crate::library::scheme::composites::SYNERGY;
use crate::report::texts;
use crate::scoring::regional::{SYNERGY_DOMAIN, upwards};
use crate::terms::IndicatorId;

/// Both sides of every border.
pub struct Sides<'a> {
    /// Parts of sides.
    pub pairs: &'a [SynergyPair],
    /// Duties that were not done in time.
    pub missed: &'a [Transaction],
}

impl Sides<'_> {
    /// One list for every unit of the domain, in the order of deadlines; the first `longest` records of it.
    pub fn lists_of(&self, units: &[Unit], longest: usize) -> Vec<(FigureKey, Vec<RecordList>)> {
        let counted = self.pairs.iter().filter(|row| row.scored && row.domain == SYNERGY_DOMAIN);
        let regions: BTreeSet<&str> = counted.map(|row| row.region.as_str()).collect();
        let of_unit = |unit: &Unit| {
            let region = upwards(&unit.region).into_iter().find(|code| regions.contains(code.as_str()))?;
            let missed = missed_by(&region, SYNERGY_DOMAIN, self.missed, self.pairs);
            let records = missed.iter().take(longest).map(|row| listed(row)).collect();
            let list = RecordList { part: Part::Against, total: missed.len() as u64, records };
            let key = (unit.id.clone(), SYNERGY_DOMAIN.to_owned(), IndicatorId::from(SYNERGY));
            (list.total > 0).then(|| (key, vec![list]))
        };
        units.iter().filter(|unit| unit.domains.iter().any(|domain| domain == SYNERGY_DOMAIN)).filter_map(of_unit).collect()
    }
}

fn listed(row: &Transaction) -> ListedRecord {
    let done = row.done_on.map(|day| day.to_string()).unwrap_or_default();
    ListedRecord {
        due: row.due_on.to_string(),
        record_id: row.origin.record_id.clone(),
        unit: row.origin.unit.clone(),
        because: String::new(),
        facts: vec![
            (texts::PART.to_owned(), part_title(row.part).to_owned()),
            (texts::OTHER_REGION.to_owned(), row.neighbour.clone()),
            (texts::BEGUN.to_owned(), row.begun_on.to_string()),
            (texts::DONE.to_owned(), done),
        ],
        source_file: row.origin.source_file.clone(),
        source_line: row.origin.source_line,
        batch_id: row.origin.batch_id.clone(),
    }
}
