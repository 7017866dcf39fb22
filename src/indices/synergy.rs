//! Synergy between neighbouring regions (catalogue of indicators, C1).
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

/// A part in words.
pub fn part_title(part: char) -> &'static str {
    match part {
        'P' => "联合巡查",
        'T' => "线索移送",
        'A' => "受理答复",
        'R' => "结果反馈",
        'K' => "处罚一致",
        _ => "其他",
    }
}

/// Codes of domains.
const DOMAINS: [&str; 6] = ["market", "urban", "eco", "transport", "emergency", "other"];

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
    fn is_in_time(&self) -> bool {
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

/// Amounts that policy may change.
#[derive(Debug, Clone, PartialEq)]
pub struct SynergyParameters {
    /// First day of the period: deadlines and patrols from here on count.
    pub from: Date,
    /// Last day that counts: the period's, or the as-of date while the period runs.
    pub until: Date,
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
    /// Domains in which neighbours owe joint patrols, with the number a quarter where the border does not say: what a region owes
    /// over all such neighbours together. The plan asks for patrols in the domain eco alone.
    pub patrols_per_quarter: BTreeMap<String, i64>,
    /// Shorter patrols are none.
    pub patrol_minutes: i64,
}

impl SynergyParameters {
    /// The amounts of the catalogue of indicators, C1, for a period.
    pub fn usual(from: Date, until: Date) -> Self {
        Self {
            from,
            until,
            weights: [25, 25, 20, 15, 15].map(|percent| Decimal::new(percent, 2)),
            minimum_parts: 3,
            minimum_due: 20,
            delta0: 0.5,
            minimum_penalties: 20,
            patrols_per_quarter: BTreeMap::from([("eco".to_owned(), 1)]),
            patrol_minutes: 30,
        }
    }

    /// The amounts in force on the last day; those of [`Self::usual`] where the library names none.
    pub fn of(library: &Library, from: Date, until: Date) -> Self {
        let usual = Self::usual(from, until);
        let amount = |name: &str| amount(library, name, until);
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
            patrols_per_quarter: patrol_duties(library, until).unwrap_or_else(|| usual.patrols_per_quarter.clone()),
            patrol_minutes: whole("synergy.patrol_minimum_minutes", usual.patrol_minutes),
            ..usual
        }
    }

    /// Whole quarters of the period that are over.
    fn quarters_over(&self) -> i64 {
        let mut quarters = 0;
        let mut first = jiff::civil::date(self.from.year(), (self.from.month() - 1) / 3 * 3 + 1, 1);
        loop {
            let last = first.saturating_add(jiff::Span::new().months(2)).last_of_month();
            if last > self.until {
                return quarters;
            }
            quarters += i64::from(first >= self.from);
            first = first.saturating_add(jiff::Span::new().months(3));
        }
    }
}

/// Domains in which `synergy.patrols_per_quarter` asks for patrols, with their number; `None` without the parameter.
fn patrol_duties(library: &Library, until: Date) -> Option<BTreeMap<String, i64>> {
    let parameter = library.parameters.get("synergy.patrols_per_quarter")?;
    let duty = |domain: &&str| Some(((*domain).to_owned(), parameter.amount_on(Some(domain), until)?.to_i64()?));
    Some(DOMAINS.iter().filter_map(duty).filter(|(_, a_quarter)| *a_quarter > 0).collect())
}

/// One side of one border in one domain: (region, neighbour, domain).
type Side = (String, String, String);

/// Numerator, denominator and value of a part.
#[derive(Debug, Clone, Copy, Default)]
struct PartValue {
    numerator: Decimal,
    denominator: Decimal,
    value: Option<Decimal>,
    report_only: bool,
}

impl PartValue {
    fn ratio(numerator: i64, denominator: i64) -> Self {
        let (numerator, denominator) = (Decimal::from(numerator), Decimal::from(denominator));
        let value = (!denominator.is_zero()).then(|| (numerator / denominator).min(Decimal::ONE));
        Self { numerator, denominator, value, report_only: false }
    }

    /// The value, unless it is only shown.
    fn scored(&self) -> Option<Decimal> {
        self.value.filter(|_| !self.report_only)
    }
}

/// What is known of one side.
#[derive(Debug, Clone, Copy)]
struct SideParts {
    /// In the order of [`PARTS`].
    parts: [PartValue; 5],
    /// Required patrols that this side adds to what was due.
    patrols_due: Decimal,
    cross_province: bool,
}

impl SideParts {
    /// Due transactions, without required patrols.
    fn transactions_due(&self) -> Decimal {
        self.parts[1..4].iter().map(|part| part.denominator).sum()
    }

    /// What was due on the side: its weight in the region.
    fn due(&self) -> Decimal {
        self.transactions_due() + self.patrols_due
    }
}

/// Both result tables.
///
/// # Errors
/// Only a bug: the counts run through Polars.
pub fn synergy(rows: &SynergyRows, parameters: &SynergyParameters) -> Result<(Vec<SynergyPair>, Vec<SynergyRegion>)> {
    let counts = count_due(&rows.transactions, parameters).context(Kind::Bug, || "counting transactions across borders")?;
    let medians = censored_medians(&rows.transactions, parameters);
    let positions = band_positions(&rows.penalties);
    let domains: BTreeSet<&str> =
        (rows.transactions.iter().map(|row| row.domain.as_str())).chain(rows.patrols.iter().map(|row| row.domain.as_str())).collect();
    let own: BTreeSet<&str> = rows.regions.iter().map(String::as_str).collect();
    // The table of borders may hold the whole country.
    let touches = |border: &&Border| own.contains(border.region_a.as_str()) || own.contains(border.region_b.as_str());
    let borders: Vec<&Border> = rows.borders.iter().filter(touches).collect();
    let patrols = PatrolDuties::of(&borders, recorded_by_both(&rows.patrols, parameters), parameters);
    let counted = |part: char, side: &Side| {
        let (in_time, due) = counts.get(&(part, side.clone())).copied().unwrap_or_default();
        PartValue::ratio(in_time, due)
    };
    let mut sides: BTreeMap<Side, SideParts> = BTreeMap::new();
    for border in &borders {
        for domain in &domains {
            let k = consistency(&positions, &unordered(&border.region_a, &border.region_b, domain), parameters);
            for (region, neighbour) in [(&border.region_a, &border.region_b), (&border.region_b, &border.region_a)] {
                let side = (region.clone(), neighbour.clone(), (*domain).to_owned());
                let (p, patrols_due) = patrols.of_side(&side, border);
                let parts = [p, counted('T', &side), counted('A', &side), counted('R', &side), k];
                sides.insert(side, SideParts { parts, patrols_due, cross_province: border.cross_province });
            }
        }
    }
    let scored = scored_sides(&sides, parameters);
    let mut pairs = pair_rows(&sides, &scored, &medians);
    let without_border = counts.keys().filter(|(_, side)| !sides.contains_key(side));
    pairs.extend(without_border.map(|(part, side)| pair_row(side, *part, &counted(*part, side), &medians)));
    pairs.sort_by(|a, b| (&a.region, &a.neighbour, &a.domain, a.part).cmp(&(&b.region, &b.neighbour, &b.domain, b.part)));
    let regions = region_rows(rows, &domains, &sides, &scored);
    Ok((pairs, regions))
}

/// Duties of the period that were not done in time: what counts against a side, by side and deadline.
pub fn missed(rows: &SynergyRows, parameters: &SynergyParameters) -> Vec<Transaction> {
    let inside = |row: &&Transaction| parameters.from <= row.due_on && row.due_on <= parameters.until && !row.is_in_time();
    let mut missed: Vec<Transaction> = rows.transactions.iter().filter(inside).cloned().collect();
    missed.sort_by(|a, b| (&a.region, &a.domain, a.due_on, a.part, &a.origin).cmp(&(&b.region, &b.domain, b.due_on, b.part, &b.origin)));
    missed
}

/// Of these, what lowers a region's index in a domain: its own side towards the neighbours that count.
pub fn missed_by<'a>(region: &str, domain: &str, missed: &'a [Transaction], pairs: &[SynergyPair]) -> Vec<&'a Transaction> {
    let own = pairs.iter().filter(|row| row.scored && row.region == region && row.domain == domain);
    let neighbours: BTreeSet<&str> = own.map(|row| row.neighbour.as_str()).collect();
    let is_own = |row: &&Transaction| row.region == region && row.domain == domain && neighbours.contains(row.neighbour.as_str());
    missed.iter().filter(is_own).collect()
}

/// Joint patrols: how many each side owes, and how many it has.
///
/// A number that the border itself declares is owed to that neighbour. Where it declares none, the parameter's number caps what a region
/// owes over all such neighbours together: with nine neighbours it need not go nine times.
struct PatrolDuties<'a> {
    parameters: &'a SynergyParameters,
    recorded: BTreeMap<Side, i64>,
    /// Neighbours inside the province without a number of their own, by region.
    pooled: BTreeMap<&'a str, Vec<&'a str>>,
    quarters: i64,
}

impl<'a> PatrolDuties<'a> {
    fn of(borders: &[&'a Border], recorded: BTreeMap<Side, i64>, parameters: &'a SynergyParameters) -> Self {
        let mut pooled: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for border in borders.iter().filter(|border| border.required_patrols.is_none() && !border.cross_province) {
            pooled.entry(&border.region_a).or_default().push(&border.region_b);
            pooled.entry(&border.region_b).or_default().push(&border.region_a);
        }
        Self { parameters, recorded, pooled, quarters: parameters.quarters_over() }
    }

    fn recorded(&self, region: &str, neighbour: &str, domain: &str) -> i64 {
        self.recorded.get(&unordered(region, neighbour, domain)).copied().unwrap_or(0)
    }

    /// The part, and what it adds to what was due on the side: of a cap over several neighbours each carries its share.
    fn of_side(&self, side: &Side, border: &Border) -> (PartValue, Decimal) {
        let (region, neighbour, domain) = (side.0.as_str(), side.1.as_str(), side.2.as_str());
        let own = self.recorded(region, neighbour, domain);
        let Some(per_quarter) = self.parameters.patrols_per_quarter.get(domain) else { return (PartValue::ratio(own, 0), Decimal::ZERO) };
        if let Some(a_year) = border.required_patrols {
            let required = a_year.max(0) * self.quarters / 4;
            return (PartValue::ratio(own, required), Decimal::from(required));
        }
        let cap = per_quarter * self.quarters;
        match self.pooled.get(region).filter(|_| !border.cross_province) {
            Some(neighbours) => {
                let all = neighbours.iter().map(|neighbour| self.recorded(region, neighbour, domain)).sum();
                (PartValue::ratio(all, cap), Decimal::from(cap) / Decimal::from(neighbours.len()))
            }
            None => (PartValue::ratio(own, cap), Decimal::from(cap)),
        }
    }
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
    let inside = col("due_on").gt_eq(lit(epoch_days(parameters.from))).and(col("due_on").lt_eq(lit(epoch_days(parameters.until))));
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

/// Kaplan–Meier median of the days until a lead is sent, by sender's side; what is open counts as censored at the last day.
fn censored_medians(transactions: &[Transaction], parameters: &SynergyParameters) -> BTreeMap<Side, u32> {
    let mut spans: BTreeMap<Side, Vec<(i32, bool)>> = BTreeMap::new();
    let begun = |row: &&Transaction| row.part == 'T' && parameters.from <= row.begun_on && row.begun_on <= parameters.until;
    for row in transactions.iter().filter(begun) {
        let sent = row.done_on.filter(|done| *done <= parameters.until);
        let days = epoch_days(sent.unwrap_or(parameters.until)) - epoch_days(row.begun_on);
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
        let inside = parameters.from <= patrol.patrolled_on && patrol.patrolled_on <= parameters.until;
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
    for penalty in penalties {
        positions.entry((&penalty.region, &penalty.domain)).or_default().entry(&penalty.kind).or_default().push(penalty.position);
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
/// Where no kind has enough, whatever both sides have is compared and only shown.
fn consistency(positions: &Positions<'_>, pair: &Side, parameters: &SynergyParameters) -> PartValue {
    let (first, second) = ((pair.0.as_str(), pair.2.as_str()), (pair.1.as_str(), pair.2.as_str()));
    let (Some(a), Some(b)) = (positions.get(&first), positions.get(&second)) else { return PartValue::default() };
    let least = |minimum: usize| distance(a, b, minimum).map(|(delta, compared)| consistency_of(delta, compared, parameters));
    let few = || least(1).map(|value| PartValue { report_only: true, ..value });
    least(parameters.minimum_penalties).or_else(few).unwrap_or_default()
}

/// Distance and number of the penalties of kinds with at least `minimum` on both sides.
fn distance(a: &BTreeMap<&str, Vec<Decimal>>, b: &BTreeMap<&str, Vec<Decimal>>, minimum: usize) -> Option<(f64, usize)> {
    let (mut distance, mut compared) = (0.0, 0);
    for (kind, in_a) in a {
        let Some(in_b) = b.get(kind) else { continue };
        if in_a.len() < minimum || in_b.len() < minimum {
            continue;
        }
        let position = |sorted: &[Decimal]| median(sorted).to_f64().unwrap_or(1.0).max(0.01);
        let n = in_a.len() + in_b.len();
        distance += (position(in_a) / position(in_b)).ln().abs() * n as f64;
        compared += n;
    }
    (compared > 0).then(|| (distance / compared as f64, compared))
}

fn consistency_of(delta: f64, compared: usize, parameters: &SynergyParameters) -> PartValue {
    let six = |value: f64| Decimal::from_f64(value).unwrap_or_default().round_dp(6);
    let value = Some(six((-delta / parameters.delta0).exp()));
    PartValue { numerator: six(delta), denominator: Decimal::from(compared), value, report_only: false }
}

/// Values of the sides that count: neighbours inside the province with enough contact.
fn scored_sides<'a>(sides: &'a BTreeMap<Side, SideParts>, parameters: &SynergyParameters) -> BTreeMap<&'a Side, Decimal> {
    let value = |(side, known): (&'a Side, &SideParts)| {
        let other = &sides[&(side.1.clone(), side.0.clone(), side.2.clone())];
        let counts = !known.cross_province && enough_contact(known, other, parameters) && !known.due().is_zero();
        Some((side, own_side(&known.parts, parameters).filter(|_| counts)?))
    };
    sides.iter().filter_map(value).collect()
}

fn pair_rows(sides: &BTreeMap<Side, SideParts>, scored: &BTreeMap<&Side, Decimal>, medians: &BTreeMap<Side, u32>) -> Vec<SynergyPair> {
    let mut pairs = Vec::new();
    for (side, known) in sides {
        for (part, value) in PARTS.into_iter().zip(&known.parts) {
            let row = pair_row(side, part, value, medians);
            let (cross_province, scored) = (known.cross_province, scored.contains_key(side));
            pairs.push(SynergyPair { cross_province, bordering: true, scored, ..row });
        }
    }
    pairs
}

/// A part of a side that is taken to have no border.
fn pair_row(side: &Side, part: char, value: &PartValue, medians: &BTreeMap<Side, u32>) -> SynergyPair {
    SynergyPair {
        region: side.0.clone(),
        neighbour: side.1.clone(),
        domain: side.2.clone(),
        part,
        numerator: value.numerator,
        denominator: value.denominator,
        value: value.value.map(|value| value.round_dp(6)),
        report_only: value.report_only,
        median_days: medians.get(side).copied().filter(|_| part == 'T'),
        cross_province: false,
        bordering: false,
        scored: false,
    }
}

fn region_rows(
    rows: &SynergyRows,
    domains: &BTreeSet<&str>,
    sides: &BTreeMap<Side, SideParts>,
    values: &BTreeMap<&Side, Decimal>,
) -> Vec<SynergyRegion> {
    let regions: BTreeSet<&str> = rows.regions.iter().map(String::as_str).collect();
    let mut result = Vec::new();
    for region in regions {
        for domain in domains {
            let (mut neighbours, mut scored, mut due, mut weight, mut sum) = (0, 0, Decimal::ZERO, Decimal::ZERO, Decimal::ZERO);
            let own = sides.iter().filter(|(side, known)| side.0 == region && side.2 == *domain && !known.cross_province);
            for (side, known) in own {
                neighbours += 1;
                due += known.due();
                if let Some(value) = values.get(side) {
                    scored += 1;
                    weight += known.due();
                    sum += known.due() * value;
                }
            }
            let index = (!weight.is_zero()).then(|| (sum / weight).round_dp(6));
            let reason = match (neighbours, index) {
                (0, _) => Some("isolated".to_owned()),
                (_, None) => Some("insufficient_contact".to_owned()),
                _ => None,
            };
            // Shares of a cap over three neighbours are thirds; their sum is whole again.
            let [due, due_scored] = [due, weight].map(|amount| amount.round_dp(6).normalize());
            let (region, domain) = (region.to_owned(), (*domain).to_owned());
            result.push(SynergyRegion { region, domain, index, neighbours_scored: scored, neighbours, due, due_scored, reason });
        }
    }
    result
}

/// A pair needs enough parts, on either side, and enough due transactions, both sides together.
fn enough_contact(one: &SideParts, other: &SideParts, parameters: &SynergyParameters) -> bool {
    let scored = |(one, other): &(&PartValue, &PartValue)| one.scored().is_some() || other.scored().is_some();
    let parts = one.parts.iter().zip(&other.parts).filter(scored).count();
    let due = one.transactions_due() + other.transactions_due();
    parts >= parameters.minimum_parts && due >= Decimal::from(parameters.minimum_due)
}

/// Weighted mean of the parts that one side is responsible for; parts with nothing due are left out.
fn own_side(parts: &[PartValue; 5], parameters: &SynergyParameters) -> Option<Decimal> {
    let present = || parts.iter().zip(&parameters.weights).filter_map(|(part, weight)| Some((part.scored()?, *weight)));
    let weights: Decimal = present().map(|(_, weight)| weight).sum();
    (!weights.is_zero()).then(|| present().map(|(value, weight)| value * weight).sum::<Decimal>() / weights)
}

#[cfg(test)]
#[path = "synergy_tests.rs"]
mod tests;
