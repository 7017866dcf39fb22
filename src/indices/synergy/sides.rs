//! One side of one border: its parts, its value, and whether it counts in its region.
//!
//! In: values of parts. Out: the weighted mean of the parts that the side is responsible for, and why it does not count. Never here: how a
//! part comes about, sums over neighbours.
//!
//! A pair whose sides have too little to do with each other has insufficient contact: a mean over such neighbours would be one of chance.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::parameters::SynergyParameters;

/// One side of one border in one domain: (region, neighbour, domain).
pub(super) type Side = (String, String, String);

/// Numerator, denominator and value of a part.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct PartValue {
    pub(super) numerator: Decimal,
    pub(super) denominator: Decimal,
    pub(super) value: Option<Decimal>,
    pub(super) report_only: bool,
}

impl PartValue {
    pub(super) fn ratio(numerator: i64, denominator: i64) -> Self {
        let (numerator, denominator) = (Decimal::from(numerator), Decimal::from(denominator));
        let value = (!denominator.is_zero()).then(|| (numerator / denominator).min(Decimal::ONE));
        Self { numerator, denominator, value, report_only: false }
    }

    /// The value, unless it is only shown.
    pub(super) fn scored(&self) -> Option<Decimal> {
        self.value.filter(|_| !self.report_only)
    }
}

/// What is known of one side.
#[derive(Debug, Clone, Copy)]
pub(super) struct SideParts {
    /// In the order of [`super::PARTS`].
    pub(super) parts: [PartValue; 5],
    /// Required patrols that this side adds to what was due.
    pub(super) patrols_due: Decimal,
    pub(super) cross_province: bool,
}

impl SideParts {
    /// Due transactions, without required patrols.
    pub(super) fn transactions_due(&self) -> Decimal {
        self.parts[1..4].iter().map(|part| part.denominator).sum()
    }

    /// What was due on the side: its weight in the region.
    pub(super) fn due(&self) -> Decimal {
        self.transactions_due() + self.patrols_due
    }
}

/// A pair, whichever side is named first.
pub(super) fn unordered(one: &str, other: &str, domain: &str) -> Side {
    let (first, second) = if one <= other { (one, other) } else { (other, one) };
    (first.to_owned(), second.to_owned(), domain.to_owned())
}

/// A pair needs enough parts, on either side, and enough due transactions, both sides together.
fn enough_contact(one: &SideParts, other: &SideParts, parameters: &SynergyParameters) -> bool {
    let scored = |(one, other): &(&PartValue, &PartValue)| one.scored().is_some() || other.scored().is_some();
    let parts = one.parts.iter().zip(&other.parts).filter(scored).count();
    let due = one.transactions_due() + other.transactions_due();
    parts >= parameters.minimum_parts && due >= Decimal::from(parameters.minimum_due)
}

/// A side's value, and where it stands in its region.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standing {
    pub(super) value: Option<Decimal>,
    /// Why it does not count; the first of several.
    pub(super) reason: Option<&'static str>,
}

impl Standing {
    /// The value, where it counts in the region.
    pub(super) fn scored(&self) -> Option<Decimal> {
        self.value.filter(|_| self.reason.is_none())
    }
}

/// Of every side: those that count are towards neighbours inside the province with enough contact.
pub(super) fn standings<'a>(sides: &'a BTreeMap<Side, SideParts>, parameters: &SynergyParameters) -> BTreeMap<&'a Side, Standing> {
    let standing = |(side, known): (&'a Side, &SideParts)| {
        let other = &sides[&opposite(side)];
        let value = own_side(&known.parts, parameters);
        let reason = match value {
            _ if known.cross_province => Some("cross_province"),
            Some(_) if known.due().is_zero() => Some("nothing_due"),
            None => Some("nothing_due"),
            _ if !enough_contact(known, other, parameters) => Some("insufficient_contact"),
            _ => None,
        };
        (side, Standing { value, reason })
    };
    sides.iter().map(standing).collect()
}

/// The same border in the same domain, seen from the neighbour.
pub(super) fn opposite(side: &Side) -> Side {
    (side.1.clone(), side.0.clone(), side.2.clone())
}

/// The parts that count in a side, each with its share in the side's value; the shares add up to 1.
pub(super) fn shares(parts: &[PartValue; 5], parameters: &SynergyParameters) -> Vec<(usize, Decimal)> {
    let present = || parts.iter().zip(&parameters.weights).enumerate().filter(|(_, (part, _))| part.scored().is_some());
    let whole: Decimal = present().map(|(_, (_, weight))| *weight).sum();
    present().filter(|_| !whole.is_zero()).map(|(part, (_, weight))| (part, *weight / whole)).collect()
}

/// Weighted mean of the parts that one side is responsible for; parts with nothing due are left out.
pub(super) fn own_side(parts: &[PartValue; 5], parameters: &SynergyParameters) -> Option<Decimal> {
    let present = || parts.iter().zip(&parameters.weights).filter_map(|(part, weight)| Some((part.scored()?, *weight)));
    let weights: Decimal = present().map(|(_, weight)| weight).sum();
    (!weights.is_zero()).then(|| present().map(|(value, weight)| value * weight).sum::<Decimal>() / weights)
}
