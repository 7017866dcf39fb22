//! Synergy between neighbouring regions (indicators.md C1).
//!
//! In: transactions across borders, joint patrols, penalties, borders. Out: both sides of every border by part, and one index a
//! region. Never here: SQL; correlation of outcomes, which is no cooperation; raw counts of requests, which punish quiet borders.
//!
//! Every part is attributed to the side that is responsible for it: P and K to both, T to the sender, A and R to the recipient.
//! What is still open when its deadline passes is due and not in time; what is not due yet stands in neither side.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use polars::prelude::{Column, DataFrame, DataType, IntoLazy, PolarsResult, col, lit};
use rust_decimal::Decimal;
use rust_decimal::prelude::{FromPrimitive, ToPrimitive};

use super::amount;
use super::tables::{SynergyPair, SynergyRegion};
use crate::error::{Context, Kind, Result};
use crate::library::Library;
use crate::terms::epoch_days;

/// Parts in the order of their weights.
pub const PARTS: [char; 5] = ['P', 'T', 'A', 'R', 'K'];

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

/// One fine with its benchmark band.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Penalty {
    /// Region.
    pub region: String,
    /// Domain.
    pub domain: String,
    /// What makes cases alike: item and severity.
    pub kind: String,
    /// Fine.
    pub fine: Decimal,
    /// Lower end of the band.
    pub least: Decimal,
    /// Upper end of the band.
    pub most: Decimal,
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
    /// Joint patrols that the pair owes a year; 0 takes the parameter.
    pub required_patrols: i64,
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

/// Amounts that policy may change.
#[derive(Debug, Clone, PartialEq)]
pub struct SynergyParameters {
    /// First day of the period: deadlines and patrols from here on count.
    pub from: Date,
    /// As-of date: deadlines until here count.
    pub as_of: Date,
    /// Weights of [`PARTS`].
    pub weights: [Decimal; 5],
    /// Parts that a pair needs.
    pub minimum_parts: usize,
    /// Due transactions that a pair needs, both sides together.
    pub minimum_due: i64,
    /// Scale of K = exp(−δ/δ0).
    pub delta0: f64,
    /// Penalties that a kind needs on each side.
    pub minimum_penalties: usize,
    /// Joint patrols a quarter, where the border does not say.
    pub patrols_per_quarter: i64,
    /// Shorter patrols are none.
    pub patrol_minutes: i64,
    /// A side that sent fewer officers took no part.
    pub patrol_officers: i64,
}

impl SynergyParameters {
    /// The amounts of indicators.md C1 for a period.
    pub fn usual(from: Date, as_of: Date) -> Self {
        Self {
            from,
            as_of,
            weights: [25, 25, 20, 15, 15].map(|percent| Decimal::new(percent, 2)),
            minimum_parts: 3,
            minimum_due: 20,
            delta0: 0.5,
            minimum_penalties: 20,
            patrols_per_quarter: 1,
            patrol_minutes: 30,
            patrol_officers: 1,
        }
    }

    /// The amounts in force on the as-of date; those of [`Self::usual`] where the library names none.
    pub fn of(library: &Library, from: Date, as_of: Date) -> Self {
        let usual = Self::usual(from, as_of);
        let amount = |name: &str| amount(library, name, as_of);
        let whole = |name: &str, usual: i64| amount(name).and_then(|amount| amount.to_i64()).unwrap_or(usual);
        let names = ["patrols", "transfers", "acceptance", "results", "consistency"];
        let mut weights = usual.weights;
        for (weight, name) in weights.iter_mut().zip(names) {
            *weight = amount(&format!("synergy.weight.{name}")).unwrap_or(*weight);
        }
        Self {
            weights,
            minimum_parts: whole("synergy.minimum_parts", usual.minimum_parts as i64) as usize,
            minimum_due: whole("synergy.minimum_due", usual.minimum_due),
            delta0: amount("synergy.consistency_delta0").and_then(|amount| amount.to_f64()).unwrap_or(usual.delta0),
            minimum_penalties: whole("synergy.consistency_minimum_n", usual.minimum_penalties as i64) as usize,
            patrols_per_quarter: whole("synergy.patrols_per_quarter", usual.patrols_per_quarter),
            patrol_minutes: whole("synergy.patrol_minimum_minutes", usual.patrol_minutes),
            patrol_officers: whole("synergy.patrol_minimum_officers", usual.patrol_officers),
            ..usual
        }
    }

    /// Whole quarters of the period that are over.
    fn quarters_over(&self) -> i64 {
        let mut quarters = 0;
        let mut first = jiff::civil::date(self.from.year(), (self.from.month() - 1) / 3 * 3 + 1, 1);
        loop {
            let last = first.saturating_add(jiff::Span::new().months(2)).last_of_month();
            if last > self.as_of {
                return quarters;
            }
            quarters += i64::from(first >= self.from);
            first = first.saturating_add(jiff::Span::new().months(3));
        }
    }
}

/// One side of one border in one domain: (region, neighbour, domain).
type Side = (String, String, String);

/// Numerator, denominator and value of a part.
#[derive(Debug, Clone, Copy, Default)]
struct PartValue {
    numerator: Decimal,
    denominator: Decimal,
    value: Option<Decimal>,
}

impl PartValue {
    fn ratio(numerator: i64, denominator: i64) -> Self {
        let (numerator, denominator) = (Decimal::from(numerator), Decimal::from(denominator));
        let value = (!denominator.is_zero()).then(|| (numerator / denominator).min(Decimal::ONE));
        Self { numerator, denominator, value }
    }
}

/// Both result tables.
///
/// # Errors
/// Only a bug: the counts run through Polars.
pub fn synergy(rows: &SynergyRows, parameters: &SynergyParameters) -> Result<(Vec<SynergyPair>, Vec<SynergyRegion>)> {
    let counts = count_due(&rows.transactions, parameters).context(Kind::Bug, || "counting transactions across borders")?;
    let medians = censored_medians(&rows.transactions, parameters);
    let patrols = recorded_by_both(&rows.patrols, parameters);
    let positions = band_positions(&rows.penalties);
    let domains: BTreeSet<&str> =
        (rows.transactions.iter().map(|row| row.domain.as_str())).chain(rows.patrols.iter().map(|row| row.domain.as_str())).collect();
    let mut sides: BTreeMap<Side, ([PartValue; 5], bool)> = BTreeMap::new();
    let own: BTreeSet<&str> = rows.regions.iter().map(String::as_str).collect();
    // The table of borders may hold the whole country.
    let touches = |border: &&Border| own.contains(border.region_a.as_str()) || own.contains(border.region_b.as_str());
    for border in rows.borders.iter().filter(touches) {
        for domain in &domains {
            let pair = unordered(&border.region_a, &border.region_b, domain);
            let quarters = parameters.quarters_over();
            let required = if border.required_patrols > 0 {
                border.required_patrols * quarters / 4
            } else {
                parameters.patrols_per_quarter * quarters
            };
            let p = PartValue::ratio(patrols.get(&pair).copied().unwrap_or(0), required);
            let k = consistency(&positions, &pair, parameters);
            for (region, neighbour) in [(&border.region_a, &border.region_b), (&border.region_b, &border.region_a)] {
                let side = (region.clone(), neighbour.clone(), (*domain).to_owned());
                let counted = |part: char| {
                    let (in_time, due) = counts.get(&(part, side.clone())).copied().unwrap_or_default();
                    PartValue::ratio(in_time, due)
                };
                let parts = [p, counted('T'), counted('A'), counted('R'), k];
                sides.insert(side, (parts, border.cross_province));
            }
        }
    }
    let pairs = pair_rows(&sides, &medians);
    let regions = region_rows(rows, &domains, &sides, parameters);
    Ok((pairs, regions))
}

fn unordered(one: &str, other: &str, domain: &str) -> Side {
    let (first, second) = if one <= other { (one, other) } else { (other, one) };
    (first.to_owned(), second.to_owned(), domain.to_owned())
}

/// In time and due, by part and responsible side, of the deadlines inside the period.
fn count_due(transactions: &[Transaction], parameters: &SynergyParameters) -> PolarsResult<BTreeMap<(char, Side), (i64, i64)>> {
    let text = |name: &str, of: fn(&Transaction) -> &str| Column::new(name.into(), transactions.iter().map(of).collect::<Vec<_>>());
    let days = |name: &str, of: fn(&Transaction) -> Option<Date>| {
        Column::new(name.into(), transactions.iter().map(|row| of(row).map(epoch_days)).collect::<Vec<Option<i32>>>())
    };
    let frame = DataFrame::new_infer_height(vec![
        Column::new("part".into(), transactions.iter().map(|row| row.part as u32).collect::<Vec<_>>()),
        text("region", |row| &row.region),
        text("neighbour", |row| &row.neighbour),
        text("domain", |row| &row.domain),
        days("due_on", |row| Some(row.due_on)),
        days("done_on", |row| row.done_on),
    ])?;
    let inside = col("due_on").gt_eq(lit(epoch_days(parameters.from))).and(col("due_on").lt_eq(lit(epoch_days(parameters.as_of))));
    let in_time = col("done_on").lt_eq(col("due_on")).fill_null(lit(false));
    let counts = frame
        .lazy()
        .filter(inside)
        .group_by(["part", "region", "neighbour", "domain"].map(col))
        .agg([in_time.cast(DataType::Int64).sum().alias("in_time"), col("due_on").count().cast(DataType::Int64).alias("due")])
        .collect()?;
    let (part, in_time, due) = (counts.column("part")?.u32()?, counts.column("in_time")?.i64()?, counts.column("due")?.i64()?);
    let (region, neighbour, domain) =
        (counts.column("region")?.str()?, counts.column("neighbour")?.str()?, counts.column("domain")?.str()?);
    let row = |row: usize| {
        let side = (region.get(row)?.to_owned(), neighbour.get(row)?.to_owned(), domain.get(row)?.to_owned());
        Some(((char::from_u32(part.get(row)?)?, side), (in_time.get(row)?, due.get(row)?)))
    };
    Ok((0..counts.height()).filter_map(row).collect())
}

/// Kaplan–Meier median of the days until a lead is sent, by sender's side; what is open counts as censored at the as-of date.
fn censored_medians(transactions: &[Transaction], parameters: &SynergyParameters) -> BTreeMap<Side, u32> {
    let mut spans: BTreeMap<Side, Vec<(i32, bool)>> = BTreeMap::new();
    let begun = |row: &&Transaction| row.part == 'T' && parameters.from <= row.begun_on && row.begun_on <= parameters.as_of;
    for row in transactions.iter().filter(begun) {
        let sent = row.done_on.filter(|done| *done <= parameters.as_of);
        let days = epoch_days(sent.unwrap_or(parameters.as_of)) - epoch_days(row.begun_on);
        spans.entry((row.region.clone(), row.neighbour.clone(), row.domain.clone())).or_default().push((days.max(0), sent.is_some()));
    }
    spans.into_iter().filter_map(|(side, spans)| Some((side, kaplan_meier_median(spans)?))).collect()
}

fn kaplan_meier_median(mut spans: Vec<(i32, bool)>) -> Option<u32> {
    spans.sort_unstable();
    let mut open = spans.len();
    let mut surviving = Decimal::ONE;
    let mut from = 0;
    while from < spans.len() {
        let day = spans[from].0;
        let same = spans[from..].iter().take_while(|span| span.0 == day).count();
        let events = spans[from..from + same].iter().filter(|span| span.1).count();
        surviving = surviving * Decimal::from(open - events) / Decimal::from(open);
        if surviving <= Decimal::new(5, 1) {
            return u32::try_from(day).ok();
        }
        open -= same;
        from += same;
    }
    None
}

fn recorded_by_both(patrols: &[Patrol], parameters: &SynergyParameters) -> BTreeMap<Side, i64> {
    let mut counts = BTreeMap::new();
    for patrol in patrols {
        let inside = parameters.from <= patrol.patrolled_on && patrol.patrolled_on <= parameters.as_of;
        let long_enough = patrol.minutes.is_some_and(|minutes| minutes >= parameters.patrol_minutes);
        if inside && long_enough && patrol.recorded_by_a && patrol.recorded_by_b {
            *counts.entry(unordered(&patrol.region_a, &patrol.region_b, &patrol.domain)).or_insert(0) += 1;
        }
    }
    counts
}

/// Positions of fines in their bands, sorted, by (region, domain) and kind.
type Positions<'a> = BTreeMap<(&'a str, &'a str), BTreeMap<&'a str, Vec<Decimal>>>;

fn band_positions(penalties: &[Penalty]) -> Positions<'_> {
    let mut positions: Positions<'_> = BTreeMap::new();
    for penalty in penalties.iter().filter(|penalty| penalty.most > penalty.least) {
        let position = (penalty.fine - penalty.least) / (penalty.most - penalty.least);
        positions.entry((&penalty.region, &penalty.domain)).or_default().entry(&penalty.kind).or_default().push(position);
    }
    positions.values_mut().flat_map(BTreeMap::values_mut).for_each(|values| values.sort_unstable());
    positions
}

fn median(sorted: &[Decimal]) -> Decimal {
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[middle] } else { (sorted[middle - 1] + sorted[middle]) / Decimal::TWO }
}

/// K = exp(−δ/δ0), δ the mean distance |ln(m_a/m_b)| of median positions over kinds with enough penalties on both sides,
/// weighted by penalties. A position below one hundredth of the band counts as one hundredth, since a logarithm needs one.
fn consistency(positions: &Positions<'_>, pair: &Side, parameters: &SynergyParameters) -> PartValue {
    let (first, second) = ((pair.0.as_str(), pair.2.as_str()), (pair.1.as_str(), pair.2.as_str()));
    let (Some(a), Some(b)) = (positions.get(&first), positions.get(&second)) else { return PartValue::default() };
    let (mut distance, mut compared) = (0.0, 0);
    for (kind, in_a) in a {
        let Some(in_b) = b.get(kind) else { continue };
        if in_a.len() < parameters.minimum_penalties || in_b.len() < parameters.minimum_penalties {
            continue;
        }
        let position = |sorted: &[Decimal]| median(sorted).to_f64().unwrap_or(1.0).max(0.01);
        let n = in_a.len() + in_b.len();
        distance += (position(in_a) / position(in_b)).ln().abs() * n as f64;
        compared += n;
    }
    if compared == 0 {
        return PartValue::default();
    }
    let delta = distance / compared as f64;
    let six = |value: f64| Decimal::from_f64(value).unwrap_or_default().round_dp(6);
    PartValue { numerator: six(delta), denominator: Decimal::from(compared), value: Some(six((-delta / parameters.delta0).exp())) }
}

fn pair_rows(sides: &BTreeMap<Side, ([PartValue; 5], bool)>, medians: &BTreeMap<Side, u32>) -> Vec<SynergyPair> {
    let mut pairs = Vec::new();
    for (side, (parts, cross_province)) in sides {
        for (part, value) in PARTS.into_iter().zip(parts) {
            pairs.push(SynergyPair {
                region: side.0.clone(),
                neighbour: side.1.clone(),
                domain: side.2.clone(),
                part,
                numerator: value.numerator,
                denominator: value.denominator,
                value: value.value.map(|value| value.round_dp(6)),
                median_days: medians.get(side).copied().filter(|_| part == 'T'),
                cross_province: *cross_province,
            });
        }
    }
    pairs.sort_by(|a, b| (&a.region, &a.neighbour, &a.domain, a.part).cmp(&(&b.region, &b.neighbour, &b.domain, b.part)));
    pairs
}

/// Due transactions of one side, without required patrols.
fn transactions_due(parts: &[PartValue; 5]) -> Decimal {
    parts[1..4].iter().map(|part| part.denominator).sum()
}

fn region_rows(
    rows: &SynergyRows,
    domains: &BTreeSet<&str>,
    sides: &BTreeMap<Side, ([PartValue; 5], bool)>,
    parameters: &SynergyParameters,
) -> Vec<SynergyRegion> {
    let regions: BTreeSet<&str> = rows.regions.iter().map(String::as_str).collect();
    let mut result = Vec::new();
    for region in regions {
        for domain in domains {
            let (mut neighbours, mut scored, mut due, mut weight, mut sum) = (0, 0, Decimal::ZERO, Decimal::ZERO, Decimal::ZERO);
            let own = sides.iter().filter(|(side, (_, cross_province))| side.0 == region && side.2 == *domain && !cross_province);
            for (side, (parts, _)) in own {
                neighbours += 1;
                let side_due = transactions_due(parts) + parts[0].denominator;
                due += side_due;
                let other = &sides[&(side.1.clone(), side.0.clone(), side.2.clone())].0;
                if !enough_contact(parts, other, parameters) {
                    continue;
                }
                if let Some(value) = own_side(parts, parameters).filter(|_| !side_due.is_zero()) {
                    scored += 1;
                    weight += side_due;
                    sum += side_due * value;
                }
            }
            let index = (!weight.is_zero()).then(|| (sum / weight).round_dp(6));
            let reason = match (neighbours, index) {
                (0, _) => Some("isolated".to_owned()),
                (_, None) => Some("insufficient_contact".to_owned()),
                _ => None,
            };
            let (region, domain) = (region.to_owned(), (*domain).to_owned());
            result.push(SynergyRegion { region, domain, index, neighbours_scored: scored, neighbours, due, reason });
        }
    }
    result
}

/// A pair needs enough parts, on either side, and enough due transactions, both sides together.
fn enough_contact(one: &[PartValue; 5], other: &[PartValue; 5], parameters: &SynergyParameters) -> bool {
    let parts = one.iter().zip(other).filter(|(one, other)| one.value.is_some() || other.value.is_some()).count();
    parts >= parameters.minimum_parts && transactions_due(one) + transactions_due(other) >= Decimal::from(parameters.minimum_due)
}

/// Weighted mean of the parts that one side is responsible for; parts with nothing due are left out.
fn own_side(parts: &[PartValue; 5], parameters: &SynergyParameters) -> Option<Decimal> {
    let present = || parts.iter().zip(&parameters.weights).filter_map(|(part, weight)| Some((part.value?, *weight)));
    let weights: Decimal = present().map(|(_, weight)| weight).sum();
    (!weights.is_zero()).then(|| present().map(|(value, weight)| value * weight).sum::<Decimal>() / weights)
}

#[cfg(test)]
#[path = "synergy_tests.rs"]
mod tests;
