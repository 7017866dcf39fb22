//! What the synergy index reads, as plain rows.
//!
//! In: nothing. Out: row types. Never here: SQL, counting.

use jiff::civil::Date;
use rust_decimal::Decimal;

/// The source row that a duty rests on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Origin {
    /// Source table.
    pub table: String,
    /// Key of the row.
    pub record_id: String,
    /// Whose duty it is; empty when the row does not say.
    pub unit: String,
    /// File.
    pub source_file: String,
    /// Line in it.
    pub source_line: Option<i64>,
    /// The load that read it there.
    pub batch_id: String,
}

/// One duty across a border.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    /// `T`, `A` or `R`.
    pub part: char,
    /// The side whose duty it is.
    pub region: String,
    /// The other side.
    pub neighbour: String,
    /// Domain.
    pub domain: String,
    /// Day on which the clock started.
    pub begun_on: Date,
    /// Last day in time.
    pub due_on: Date,
    /// Day on which it was done.
    pub done_on: Option<Date>,
    /// Where it stands.
    pub origin: Origin,
}

impl Transaction {
    pub(super) fn is_in_time(&self) -> bool {
        self.done_on.is_some_and(|done| done <= self.due_on)
    }
}

/// One joint patrol at a border.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patrol {
    /// One side.
    pub region_a: String,
    /// The other side.
    pub region_b: String,
    /// Domain.
    pub domain: String,
    /// Day.
    pub patrolled_on: Date,
    /// Duration, when both ends are recorded.
    pub minutes: Option<i64>,
    /// The first side recorded it in its own system, with enough officers.
    pub recorded_by_a: bool,
    /// So did the second.
    pub recorded_by_b: bool,
}

/// One fine, by its place in the benchmark's band.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Penalty {
    /// Region.
    pub region: String,
    /// Domain.
    pub domain: String,
    /// What makes cases alike: item and severity.
    pub kind: String,
    /// Where the fine lies in its band: 0 the lower end, 1 the upper.
    pub position: Decimal,
}

/// One border.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Border {
    /// One side.
    pub region_a: String,
    /// The other side.
    pub region_b: String,
    /// It runs between provinces.
    pub cross_province: bool,
    /// Joint patrols that the pair owes a year: 0 is none, `None` takes the parameter.
    pub required_patrols: Option<i64>,
}

/// Everything that the index reads.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SynergyRows {
    /// Duties, in any order.
    pub transactions: Vec<Transaction>,
    /// Joint patrols.
    pub patrols: Vec<Patrol>,
    /// Fines.
    pub penalties: Vec<Penalty>,
    /// Borders.
    pub borders: Vec<Border>,
    /// Regions of the province, those without a border included.
    pub regions: Vec<String>,
}
