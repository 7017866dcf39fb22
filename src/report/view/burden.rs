//! The burden index: one block a scope, quarter after quarter, with its components.
//!
//! In: burden rows, visits, caps, power. Out: [`ScopeView`]. Legally required safety equipment stands in a block of its own, outside the index. Never
//! here: a judgement that the interval does not carry.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::Facts;
use super::facts::Object;
use crate::indices::tables::{Burden, BurdenCaps, BurdenPower, BurdenVisits};
use crate::library::scheme::composites::BURDEN;
use crate::report::names::Text;
use crate::report::numbers;
use crate::report::svg::{self, Step, Svg};
use crate::report::texts;
use crate::scoring::regional::upwards;

/// The scope of everybody.
const PROVINCE: &str = "province";

/// The component that is the index itself.
const WHOLE: &str = "index";

/// The frequency by the register of inspections.
const REGISTER: &str = "register";

/// The component that the law requires anyway.
const EQUIPMENT: &str = "equipment";

/// One scope.
#[derive(Debug, Clone)]
pub struct ScopeView {
    /// Scope in words.
    pub title: Text,
    /// The index over the quarters.
    pub series: Svg,
    /// Quarters × components of the index.
    pub rows: Vec<BurdenRow>,
    /// What carries the visits of the last index, in words.
    pub carried: &'static str,
    /// Enterprises over their caps, in words; one sentence a year.
    pub over_caps: Vec<String>,
    /// Reported against recorded visits, quarter by quarter.
    pub visits: Vec<VisitsRow>,
    /// What the panel can show, a row a component.
    pub power: Vec<PowerRow>,
    /// Correlations above the columns of [`ScopeView::plans`].
    pub correlations: Vec<Text>,
    /// What other panels could show.
    pub plans: Vec<PlanRow>,
    /// The components by other ways of counting.
    pub others: Vec<OtherRow>,
    /// Quarters of the equipment that the law requires.
    pub equipment: Vec<BurdenRow>,
    /// Why the scope has no index of its own, in words; drawing and rows are empty then.
    pub reason: String,
}

/// One component of one quarter.
#[derive(Debug, Clone)]
pub struct BurdenRow {
    /// Quarter.
    pub quarter: Text,
    /// Component in words.
    pub component: Text,
    /// True for the index itself.
    pub whole: bool,
    /// Index.
    pub index: String,
    /// Interval.
    pub interval: String,
    /// Mean of a firm.
    pub mean: String,
    /// Points of the index that it causes.
    pub contribution: String,
    /// Firms.
    pub firms: String,
    /// What can be said of it.
    pub reading: &'static str,
    /// Score, for the index itself.
    pub score: String,
}

/// Visits of the panel's firms in one quarter.
#[derive(Debug, Clone)]
pub struct VisitsRow {
    /// Quarter.
    pub quarter: Text,
    /// As the firms report them.
    pub reported: String,
    /// As the register holds them.
    pub recorded: String,
    /// The second over the first.
    pub ratio: String,
    /// Interval of the ratio.
    pub interval: String,
    /// Share of the reported visits that the register holds, firm by firm.
    pub covered: String,
    /// Firms that could be compared.
    pub firms: String,
    /// What can be said of it.
    pub reading: &'static str,
}

/// What the panel can show of one component.
#[derive(Debug, Clone)]
pub struct PowerRow {
    /// Component in words.
    pub component: Text,
    /// Firms.
    pub firms: String,
    /// Of these, those of the base quarter.
    pub paired: String,
    /// Standard deviation over mean.
    pub variation: String,
    /// Correlation of both quarters.
    pub correlation: String,
    /// How far the interval reaches above the index.
    pub half_width: String,
    /// The least rise that is detected.
    pub detectable: String,
}

/// What panels of one size could show.
#[derive(Debug, Clone)]
pub struct PlanRow {
    /// Firms.
    pub firms: String,
    /// Half widths, a column each correlation.
    pub widths: Vec<Text>,
}

/// A component by other ways of counting.
#[derive(Debug, Clone)]
pub struct OtherRow {
    /// Quarter.
    pub quarter: Text,
    /// Component in words.
    pub component: Text,
    /// Linked quarter to quarter.
    pub chained: String,
    /// With weights that meet the register.
    pub calibrated: String,
    /// Answers that were pulled in.
    pub winsorised: String,
    /// What they lost.
    pub excess: String,
}

/// Every scope, the province first.
pub fn scopes(facts: &Facts) -> Vec<ScopeView> {
    let mut scopes: BTreeMap<(bool, &str), Vec<&Burden>> = BTreeMap::new();
    for row in &facts.input.burden.rows {
        scopes.entry((row.scope != PROVINCE, &row.scope)).or_default().push(row);
    }
    scopes.into_iter().map(|((_, scope), rows)| view(facts, scope, rows)).collect()
}

/// The last quarter of the nearest scope with an index, for an object that shows it; the whole series stands on the page of its own.
pub fn of_region<'a>(facts: &Facts<'a>, object: Object<'a>) -> Option<ScopeView> {
    facts.values(object).into_iter().find(|value| value.indicator.as_ref() == BURDEN && value.value.is_some())?;
    let codes = upwards(&facts.unit(object.0)?.region);
    let with_index =
        |scope: &str| facts.input.burden.rows.iter().any(|row| row.scope == scope && row.component == WHOLE && row.index.is_some());
    let scope = codes.iter().map(String::as_str).chain([PROVINCE]).find(|scope| with_index(scope))?;
    Some(view(facts, scope, last_quarter(facts, scope)?))
}

/// Rows of the last quarter for which a scope has an index.
fn last_quarter<'a>(facts: &Facts<'a>, scope: &str) -> Option<Vec<&'a Burden>> {
    let rows = || facts.input.burden.rows.iter().filter(|row| row.scope == scope);
    let last = rows().filter(|row| row.component == WHOLE && row.index.is_some()).map(|row| &row.quarter).max()?;
    Some(rows().filter(|row| row.quarter == *last).collect())
}

/// The last quarter's index of a scope and its components, the index first; empty without one.
pub fn last_of(facts: &Facts, scope: &str) -> Vec<BurdenRow> {
    last_quarter(facts, scope).map_or_else(Vec::new, |rows| view(facts, scope, rows).rows)
}

fn view(facts: &Facts, scope: &str, mut rows: Vec<&Burden>) -> ScopeView {
    const ORDER: [&str; 5] = [WHOLE, "visits", REGISTER, "hours", "cost"];
    let place = |component: &str| ORDER.iter().position(|known| *known == component).unwrap_or(ORDER.len());
    rows.sort_by_key(|row| (&row.quarter, place(&row.component), &row.component));
    let tables = &facts.input.burden;
    let mut view = ScopeView {
        title: if scope == PROVINCE { Text::of(texts::PROVINCE) } else { facts.region_name(scope) },
        series: Svg::default(),
        rows: Vec::new(),
        carried: "",
        over_caps: tables.caps.iter().filter(|row| row.scope == scope).filter_map(over_caps).collect(),
        visits: Vec::new(),
        power: Vec::new(),
        correlations: Vec::new(),
        plans: Vec::new(),
        others: Vec::new(),
        equipment: Vec::new(),
        reason: String::new(),
    };
    if let Some(most) = rows.iter().max_by_key(|row| row.firms).filter(|row| row.firms < row.minimum_firms) {
        let figure = |number: u32| numbers::count(u64::from(number));
        view.reason = texts::panel_too_small(&figure(most.firms), &figure(most.minimum_firms));
        return view;
    }
    let (equipment, parts): (Vec<&Burden>, Vec<&Burden>) = rows.iter().copied().partition(|row| row.component == EQUIPMENT);
    view.series = series(&view.title, &parts);
    view.rows = parts.iter().map(|row| burden_row(row)).collect();
    view.equipment = equipment.iter().filter(|row| row.index.is_some()).map(|row| burden_row(row)).collect();
    view.carried = match parts.iter().rfind(|row| row.component == WHOLE && row.index.is_some()).map(|row| row.carried_by.as_str()) {
        Some("register") => texts::CARRIED_BY_REGISTER,
        Some(_) => texts::CARRIED_BY_PANEL,
        None => "",
    };
    view.visits = tables.visits.iter().filter(|row| row.scope == scope).map(visits_row).collect();
    let power = || tables.power.iter().filter(|row| row.scope == scope);
    view.power = power().filter(|row| row.is_own).map(power_row).collect();
    (view.correlations, view.plans) = plans(power().filter(|row| !row.is_own && row.component == "hours"));
    let is_other = |row: &&&Burden| row.chained.is_some() || row.calibrated.is_some() || row.winsorised > 0;
    view.others = parts.iter().filter(|row| row.component != REGISTER).filter(is_other).map(|row| other_row(row)).collect();
    view
}

/// A share as `12.3%`.
fn percent(share: Decimal) -> String {
    format!("{}%", numbers::fixed(share * Decimal::ONE_HUNDRED, 1))
}

fn or_none(figure: Option<String>) -> String {
    figure.unwrap_or_else(|| texts::NONE.to_owned())
}

fn over_caps(row: &BurdenCaps) -> Option<String> {
    let interval = row.interval.map(|(low, high)| texts::between(&percent(low), &percent(high))).unwrap_or_default();
    let (enterprises, over) = (numbers::count(row.enterprises), numbers::count(row.over));
    Some(texts::over_caps(&row.year.to_string(), &enterprises, &over, &percent(row.share?), &interval))
}

fn visits_row(row: &BurdenVisits) -> VisitsRow {
    let reading = match (row.inside_band, row.ratio) {
        (Some(true), _) => texts::INSIDE_BAND,
        // What is missing decides, whatever is recorded too much of others.
        (Some(false), Some(ratio)) if row.covered.is_some_and(|covered| covered < ratio.min(Decimal::ONE)) || ratio < Decimal::ONE => {
            texts::TOO_FEW_RECORDED
        }
        (Some(false), Some(_)) => texts::TOO_MANY_RECORDED,
        _ => texts::NONE,
    };
    VisitsRow {
        quarter: Text::of(&texts::quarter(&row.quarter)),
        reported: numbers::amount(row.reported),
        recorded: numbers::amount(row.recorded),
        ratio: or_none(row.ratio.map(|ratio| numbers::fixed(ratio, 2))),
        interval: or_none(row.interval.map(|(low, high)| format!("{}–{}", numbers::fixed(low, 2), numbers::fixed(high, 2)))),
        covered: or_none(row.covered.map(percent)),
        firms: numbers::count(u64::from(row.firms)),
        reading,
    }
}

fn power_row(row: &BurdenPower) -> PowerRow {
    PowerRow {
        component: Text::of(texts::burden_component(&row.component)),
        firms: numbers::count(u64::from(row.firms)),
        paired: or_none(row.pairs.map(|pairs| numbers::count(u64::from(pairs)))),
        variation: numbers::fixed(row.variation, 2),
        correlation: numbers::fixed(row.correlation, 2),
        half_width: percent(row.half_width),
        detectable: percent(row.detectable_rise),
    }
}

/// Half widths by firms and correlation.
fn plans<'a>(rows: impl Iterator<Item = &'a BurdenPower>) -> (Vec<Text>, Vec<PlanRow>) {
    let mut by_firms: BTreeMap<u32, BTreeMap<Decimal, Decimal>> = BTreeMap::new();
    for row in rows {
        by_firms.entry(row.firms).or_default().insert(row.correlation, row.half_width);
    }
    let correlations =
        by_firms.values().next().into_iter().flat_map(BTreeMap::keys).map(|number| Text::of(&numbers::amount(*number))).collect();
    let row = |(firms, widths): (u32, BTreeMap<Decimal, Decimal>)| PlanRow {
        firms: numbers::count(u64::from(firms)),
        widths: widths.into_values().map(|width| Text::of(&percent(width))).collect(),
    };
    (correlations, by_firms.into_iter().map(row).collect())
}

fn other_row(row: &Burden) -> OtherRow {
    let figure = |index: Option<Decimal>| or_none(index.map(|index| numbers::fixed(index, 1)));
    OtherRow {
        quarter: Text::of(&texts::quarter(&row.quarter)),
        component: Text::of(texts::burden_component(&row.component)),
        chained: figure(row.chained),
        calibrated: figure(row.calibrated),
        winsorised: numbers::count(u64::from(row.winsorised)),
        excess: or_none(row.excess.map(|excess| numbers::fixed(excess, 2))),
    }
}

fn burden_row(row: &Burden) -> BurdenRow {
    let interval = |(low, high)| format!("{}–{}", numbers::fixed(low, 1), numbers::fixed(high, 1));
    let reading = match row.index {
        None => texts::NONE,
        // A register that does not carry is no judgement: it may leave visits out.
        Some(_) if row.component == REGISTER && row.contribution.is_none() => texts::ONLY_SHOWN,
        Some(index) if index == Decimal::ONE_HUNDRED && row.interval.is_none_or(|(low, high)| low == high) => texts::BASE_QUARTER,
        Some(_) if row.unchanged => texts::UNCHANGED,
        Some(index) if index < Decimal::ONE_HUNDRED => texts::CHANGED_DOWN,
        Some(_) => texts::CHANGED_UP,
    };
    BurdenRow {
        quarter: Text::of(&texts::quarter(&row.quarter)),
        component: Text::of(texts::burden_component(&row.component)),
        whole: row.component == WHOLE,
        index: row.index.map_or_else(|| texts::NONE.to_owned(), |index| numbers::fixed(index, 1)),
        interval: row.interval.filter(|(low, high)| low < high).map_or_else(|| texts::NONE.to_owned(), interval),
        mean: row.mean.map_or_else(String::new, |mean| numbers::fixed(mean, 2)),
        contribution: row.contribution.map_or_else(String::new, signed),
        firms: numbers::count(u64::from(row.firms)),
        reading,
        score: row.score.map_or_else(String::new, |score| numbers::fixed(score, 2)),
    }
}

/// Points with their sign.
fn signed(points: Decimal) -> String {
    let text = numbers::fixed(points.abs(), 2);
    if points < Decimal::ZERO { format!("−{text}") } else { format!("+{text}") }
}

fn series(title: &Text, rows: &[&Burden]) -> Svg {
    let whole: Vec<&&Burden> = rows.iter().filter(|row| row.component == WHOLE).collect();
    let edges = || whole.iter().flat_map(|row| row.index.into_iter().chain(row.interval.into_iter().flat_map(|(low, high)| [low, high])));
    let low = edges().min().unwrap_or(Decimal::ONE_HUNDRED).min(Decimal::from(95)) - Decimal::ONE;
    let high = edges().max().unwrap_or(Decimal::ONE_HUNDRED).max(Decimal::from(105)) + Decimal::ONE;
    let place = |number| numbers::place(number, low, high);
    let step = |row: &&&Burden| Step {
        label: Text::of(&texts::quarter(&row.quarter)).to_string(),
        figure: row.index.map_or_else(String::new, |index| numbers::fixed(index, 1)),
        place: row.index.map(place),
        span: row.interval.map(|(low, high)| (place(low), place(high))),
    };
    let steps: Vec<Step> = whole.iter().map(step).collect();
    let figures: Vec<(String, String)> = steps.iter().map(|step| (step.label.clone(), step.figure.clone())).collect();
    let words = format!("{title}{}", texts::burden_words(&figures));
    svg::series(&steps, place(Decimal::ONE_HUNDRED), "100", &words)
}
