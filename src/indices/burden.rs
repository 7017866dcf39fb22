//! Burden of enforcement on enterprises (catalogue of indicators, C2; methods, section 5).
//!
//! In: the panel's reports, one row a firm and quarter; totals of the register of inspections; enterprises over their yearly cap. Out:
//! rows of the index against the base quarter, of reported against recorded visits, of shares over the cap, of what the panel could
//! detect. Never here: SQL; ranks of units; fines, which are no burden in this sense.
//!
//! Means inside strata are weighted by the base quarter's firms (Laspeyres), so that a change of the panel is no change of
//! burden. Reports beyond median + 5·MAD of their stratum and quarter are pulled in to that limit, never dropped; where the MAD
//! is zero there is no such limit. Floating point serves here alone: the figures are estimates with an interval.
//!
//! Visits by the register are a census without sampling error, and the panel's quarterly movements are mostly noise. So the register
//! carries the index's V, but only while the firms' own reports agree with it: a register that leaves visits out would make the burden
//! look lighter.

use std::collections::BTreeSet;

use jiff::civil::Date;
use rust_decimal::prelude::{FromPrimitive, ToPrimitive};
use rust_decimal::{Decimal, RoundingStrategy};

use self::register::Register;
use super::amount;
use super::bootstrap::quantile;
use super::tables::{Burden, BurdenCaps, BurdenPower, BurdenVisits};
use crate::library::Library;
use crate::library::scheme::Curve;

mod calibration;
mod caps;
mod chain;
mod index;
mod panel;
mod power;
mod recorded;
mod register;

/// The scope of everybody, and of those whose city is not known.
const PROVINCE: &str = "province";

/// One firm's report of one quarter; `None` is no answer, zero is one.
///
/// Firm and quarter are a key. Rows are ordered by their fields; of two rows with one key, the later in that order is the report.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PanelRow {
    /// Firm.
    pub firm: String,
    /// City's division code; empty when not known.
    pub city: String,
    /// Stratum.
    pub stratum: String,
    /// `2026Q1`.
    pub quarter: String,
    /// Firms of the population that this one stands for.
    pub weight: Decimal,
    /// Visits.
    pub visits: Option<Decimal>,
    /// Hours of materials and escort.
    pub hours: Option<Decimal>,
    /// Extra cost, fines excluded.
    pub cost: Option<Decimal>,
    /// Legally required safety equipment, shown apart.
    pub equipment: Option<Decimal>,
    /// Visits that the register holds for the firm in the quarter; `None` when the two can't be compared.
    pub recorded: Option<Decimal>,
}

/// What the register of inspections holds for one city and quarter; rows of one key add up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisterRow {
    /// City's division code; empty when not known, which counts in the province alone.
    pub city: String,
    /// `2026Q1`.
    pub quarter: String,
    /// On-site visits to enterprises.
    pub visits: Decimal,
    /// Enterprises in being at the quarter's end, visited or not.
    pub enterprises: u64,
}

/// Enterprises of one city with a yearly cap on inspections; rows of one key add up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapRow {
    /// City's division code; empty when not known, which counts in the province alone.
    pub city: String,
    /// Year.
    pub year: i16,
    /// Enterprises with a cap.
    pub enterprises: u64,
    /// Of these, inspected more often.
    pub over: u64,
}

/// Amounts that policy may change.
#[derive(Debug, Clone, PartialEq)]
pub struct BurdenParameters {
    /// Quarter that is 100; `None` takes the first of the panel. Where the panel lacks it, no index of the panel can be stated.
    pub base_quarter: Option<String>,
    /// Weights of visits, hours and cost.
    pub weights: [f64; 3],
    /// Limit of a stratum: median plus so many MAD.
    pub winsor_mads: f64,
    /// Bootstrap replicates.
    pub draws: u32,
    /// Seed.
    pub seed: u64,
    /// A city with fewer firms has no index of its own.
    pub minimum_firms: u32,
    /// From the index to a score.
    pub curve: Curve,
    /// The register may carry V.
    pub register_carries: bool,
    /// The share of reported visits that the register must hold, and the most that it may hold in all ÷ reported; both included.
    pub recorded_band: (Decimal, Decimal),
    /// The register's share of reported visits may differ between the two quarters by so much of it, or the register moves by itself.
    pub recorded_drift: Decimal,
    /// The greatest calibrated weight is at most so many times the least.
    pub weight_ratio_limit: f64,
    /// Each replicate pulls in to the limits of the firms that it drew, instead of those of the panel.
    ///
    /// A limit is an estimate too. Replicates that take it as given make intervals too short when answers are skewed: of a hundred
    /// lognormal answers in four strata they covered the truth in 92, 88 and 82 of 100 panels where the logarithms' standard deviation
    /// is 0.5, 0.8 and 1.1, and not in 95 (`tests/coverage.rs`).
    pub limits_redrawn: bool,
}

impl BurdenParameters {
    /// The amounts of the catalogue of indicators, C2 and A13, and of methods, section 5.
    pub fn usual(seed: u64) -> Self {
        let points = [(60, 100), (100, 80), (150, 0)].map(|(value, score)| (Decimal::from(value), Decimal::from(score)));
        Self {
            base_quarter: None,
            weights: [0.3, 0.4, 0.3],
            winsor_mads: 5.0,
            draws: 2000,
            seed,
            minimum_firms: 100,
            curve: Curve::new(points.to_vec()).expect("the usual curve ascends"),
            register_carries: true,
            recorded_band: (Decimal::new(8, 1), Decimal::new(12, 1)),
            recorded_drift: Decimal::new(1, 1),
            weight_ratio_limit: 5.0,
            limits_redrawn: true,
        }
    }

    /// The amounts in force on that day; those of [`Self::usual`] where the library names none.
    ///
    /// `burden.base_quarter` is a number such as 20251 for 2025Q1, or 0 for the panel's first. One that is no quarter, such as 20255, is
    /// a quarter that the panel lacks, so that the slip shows.
    pub fn of(library: &Library, until: Date, seed: u64) -> Self {
        Self::of_amounts(|name| amount(library, name, until), seed)
    }

    fn of_amounts(amount: impl Fn(&str) -> Option<Decimal>, seed: u64) -> Self {
        let usual = Self::usual(seed);
        let float = |name: &str, usual: f64| amount(name).and_then(|amount| amount.to_f64()).unwrap_or(usual);
        let whole = |name: &str, usual: u32| amount(name).and_then(|amount| amount.to_u32()).unwrap_or(usual);
        let [visits, hours, cost] = usual.weights;
        let (low, high) = usual.recorded_band;
        let base = whole("burden.base_quarter", 0);
        Self {
            base_quarter: (base > 0).then(|| format!("{}Q{}", base / 10, base % 10)),
            weights: [float("burden.weight.visits", visits), float("burden.weight.hours", hours), float("burden.weight.cost", cost)],
            winsor_mads: float("burden.winsor_mads", usual.winsor_mads),
            draws: whole("burden.bootstrap_draws", usual.draws),
            minimum_firms: whole("burden.minimum_firms", usual.minimum_firms),
            register_carries: amount("burden.register_carries").map_or(usual.register_carries, |amount| !amount.is_zero()),
            recorded_band: (amount("burden.recorded_band_low").unwrap_or(low), amount("burden.recorded_band_high").unwrap_or(high)),
            recorded_drift: amount("burden.recorded_drift").unwrap_or(usual.recorded_drift),
            weight_ratio_limit: float("burden.weight_ratio_limit", usual.weight_ratio_limit),
            limits_redrawn: amount("burden.limits_redrawn").map_or(usual.limits_redrawn, |amount| !amount.is_zero()),
            ..usual
        }
    }
}

/// All tables of the burden, each by its sort key.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BurdenTables {
    /// Scope, quarter and component.
    pub rows: Vec<Burden>,
    /// Scope and quarter, where a firm could be compared.
    pub visits: Vec<BurdenVisits>,
    /// Scope and year.
    pub caps: Vec<BurdenCaps>,
    /// The panel's latest quarter: the province, and each city with enough firms.
    pub power: Vec<BurdenPower>,
    /// The base quarter, where the panel has answers and none of it: no index can be stated.
    pub missing_base: Option<String>,
}

/// One scope's part of the panel.
struct Scope<'a> {
    name: &'a str,
    /// In the order of the rows.
    panel: Vec<&'a PanelRow>,
    base: &'a str,
    minimum_firms: u32,
}

impl Scope<'_> {
    /// Firms that reported in a quarter.
    fn firms(&self, quarter: &str) -> u32 {
        self.panel.iter().filter(|row| row.quarter == quarter).map(|row| row.firm.as_str()).collect::<BTreeSet<_>>().len() as u32
    }

    fn large_enough(&self, quarter: &str) -> bool {
        self.firms(quarter) >= self.minimum_firms
    }
}

/// Every scope and quarter from the base quarter on: the province, and each city of the panel or of the register.
///
/// Rows of the panel's components stand for every quarter of the panel, the row `register` for every quarter of the register. Where the
/// panel lacks the base quarter, each of its indices is `None`; so are those of a city that joined later. Nothing depends on the order
/// of the rows.
pub fn burden(panel: &[PanelRow], register: &[RegisterRow], caps: &[CapRow], parameters: &BurdenParameters) -> BurdenTables {
    let mut rows: Vec<&PanelRow> = panel.iter().collect();
    rows.sort();
    let mut tables = BurdenTables { caps: caps::shares(caps), ..BurdenTables::default() };
    let quarters: BTreeSet<&str> = rows.iter().map(|row| row.quarter.as_str()).collect();
    let Some(base) = parameters.base_quarter.as_deref().or_else(|| quarters.first().copied()) else { return tables };
    tables.missing_base = (!quarters.contains(base)).then(|| base.to_owned());
    let register = Register::of(register);
    let panel_quarters: Vec<&str> = quarters.into_iter().filter(|quarter| *quarter >= base).collect();
    let cities = rows.iter().map(|row| row.city.as_str()).chain(register.scopes());
    let cities: BTreeSet<&str> = cities.filter(|city| !city.is_empty() && *city != PROVINCE).collect();
    for name in cities.into_iter().chain([PROVINCE]) {
        let is_province = name == PROVINCE;
        let panel: Vec<&PanelRow> = rows.iter().copied().filter(|row| is_province || row.city == name).collect();
        let quarters = if panel.is_empty() { &[] } else { panel_quarters.as_slice() };
        let scope = Scope { name, panel, base, minimum_firms: if is_province { 0 } else { parameters.minimum_firms } };
        tables.extend(&scope, quarters, &register, parameters);
    }
    tables.rows.sort_by(|a, b| (&a.scope, &a.quarter, &a.component).cmp(&(&b.scope, &b.quarter, &b.component)));
    tables
}

impl BurdenTables {
    /// One scope's rows, for the quarters of its panel and those of its register; scopes come by name, quarters in order.
    fn extend(&mut self, scope: &Scope<'_>, quarters: &[&str], register: &Register<'_>, parameters: &BurdenParameters) {
        let visits: Vec<BurdenVisits> = quarters.iter().filter_map(|quarter| recorded::compared(scope, quarter, parameters)).collect();
        let agrees = |quarter: &str| visits.iter().any(|row| row.quarter == quarter && row.inside_band == Some(true));
        let disagrees = |quarter: &str| visits.iter().any(|row| row.quarter == quarter && row.inside_band == Some(false));
        let chained = chain::chained(scope, quarters, parameters.winsor_mads);
        let steady = |quarter: &str| recorded::is_steady(&visits, scope.base, quarter, parameters.recorded_drift);
        for quarter in quarters {
            let carries = parameters.register_carries && agrees(scope.base) && agrees(quarter) && steady(quarter);
            let mut rows = index::rows(scope, quarter, &chained, register, carries, parameters);
            // Weights that meet a register which leaves visits out would be worse than none.
            if disagrees(scope.base) || disagrees(quarter) {
                rows.iter_mut().for_each(|row| row.calibrated = None);
            }
            self.rows.extend(rows);
        }
        let alone = register.quarters(scope.name).filter(|quarter| *quarter >= scope.base && !quarters.contains(quarter));
        self.rows.extend(alone.filter_map(|quarter| register.row(scope, quarter, None)));
        if let Some(latest) = quarters.last().filter(|latest| scope.large_enough(latest)) {
            let interval_of = |component: &str| {
                let is_it = |row: &&Burden| row.scope == scope.name && row.quarter == **latest && row.component == component;
                self.rows.iter().find(is_it).and_then(|row| row.interval)
            };
            let power = power::rows(scope, latest, parameters.winsor_mads, &interval_of);
            self.power.extend(power);
        }
        self.visits.extend(visits);
    }
}

/// The 2.5 % and 97.5 % quantiles of the replicates; a percentile is the same on a logarithmic scale.
fn interval(mut sample: Vec<f64>, rounded: fn(f64) -> Option<Decimal>) -> Option<(Decimal, Decimal)> {
    sample.sort_by(f64::total_cmp);
    Some((rounded(quantile(&sample, 0.025)?)?, rounded(quantile(&sample, 0.975)?)?))
}

/// An estimate: four decimals, halves away from zero; `None` for what is no number.
fn rounded(value: f64) -> Option<Decimal> {
    Some(Decimal::from_f64(value)?.round_dp_with_strategy(4, RoundingStrategy::MidpointAwayFromZero))
}

/// A share or ratio: six decimals, as indicators have.
fn share(value: f64) -> Option<Decimal> {
    Some(Decimal::from_f64(value)?.round_dp_with_strategy(6, RoundingStrategy::MidpointAwayFromZero))
}

#[cfg(test)]
mod tests;
