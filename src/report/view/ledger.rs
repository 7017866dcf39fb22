//! The dynamic ledger of one assessed object: its indicators month by month.
//!
//! In: ledger rows that scoring made. Out: one [`LedgerBlock`] an indicator, in the order of the page's other tables. Never here: a value
//! or score of its own.

use super::Facts;
use super::facts::Object;
use super::ranking::total;
use crate::library::indicator::ShownAs;
use crate::report::names::Text;
use crate::report::{numbers, texts};
use crate::scoring::tables::LedgerRow;

/// The months of one indicator.
#[derive(Debug, Clone)]
pub struct LedgerBlock {
    /// Title.
    pub title: Text,
    /// What is not yet due, and how much of it soon.
    pub words: String,
    /// Months, earliest first.
    pub rows: Vec<MonthRow>,
}

/// One month.
#[derive(Debug, Clone)]
pub struct MonthRow {
    /// The month.
    pub month: String,
    /// Numerator over denominator, or how many answers a value rests on.
    pub fraction: String,
    /// Not yet due.
    pub pending: String,
    /// Of those, due soon.
    pub soon: String,
    /// Left out.
    pub excluded: String,
    /// Value.
    pub value: String,
    /// Score.
    pub score: String,
}

/// The blocks of an object; indicators without any month are left out.
pub fn ledger_blocks<'a>(facts: &Facts<'a>, object: Object<'a>) -> Vec<LedgerBlock> {
    let of_value = |value: &'a crate::scoring::tables::Value| {
        let header = facts.input.indicators.get(&value.indicator);
        let rows = facts.ledger(object, &value.indicator);
        let (pending, soon) = rows.iter().fold((0, 0), |(pending, soon), row| (pending + row.pending, soon + row.due_soon));
        let shown_as = header.map_or(ShownAs::Number, |header| header.shown_as);
        let is_ratio = header.is_none_or(|header| header.ratio);
        (!rows.is_empty()).then(|| LedgerBlock {
            title: Text::of(header.map_or(value.indicator.as_ref(), |header| &header.title)),
            words: texts::ledger_words(rows.len(), &count(pending), &count(soon)),
            rows: rows.iter().map(|row| month_row(facts, row, shown_as, is_ratio)).collect(),
        })
    };
    facts.values(object).into_iter().filter_map(of_value).collect()
}

fn month_row(facts: &Facts<'_>, row: &LedgerRow, shown_as: ShownAs, is_ratio: bool) -> MonthRow {
    let amount = |number: Option<rust_decimal::Decimal>| number.map_or_else(String::new, numbers::amount);
    let has_any = row.denominator.is_some_and(|denominator| !denominator.is_zero());
    MonthRow {
        month: row.month.to_string(),
        fraction: match (has_any, is_ratio) {
            (false, _) => texts::NONE.to_owned(),
            (true, true) => format!("{}／{}", amount(row.numerator), amount(row.denominator)),
            (true, false) => texts::sample(&amount(row.denominator)),
        },
        pending: count(row.pending),
        soon: count(row.due_soon),
        excluded: count(row.excluded),
        value: row.value.map_or_else(|| texts::NONE.to_owned(), |value| numbers::value(value, shown_as)),
        score: total(facts, row.score),
    }
}

fn count(number: i64) -> String {
    numbers::count(number.max(0).unsigned_abs())
}
