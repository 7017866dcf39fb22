//! The burden index: one block a scope, quarter after quarter, with its components.
//!
//! In: burden rows. Out: [`ScopeView`]. Legally required safety equipment stands in a block of its own, outside the index. Never here: a judgement that the interval does not carry.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::Facts;
use super::facts::Object;
use crate::indices::tables::Burden;
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
    /// Firms.
    pub firms: String,
    /// What can be said of it.
    pub reading: &'static str,
    /// Score, for the index itself.
    pub score: String,
}

/// Every scope, the province first.
pub fn scopes(facts: &Facts) -> Vec<ScopeView> {
    let mut scopes: BTreeMap<(bool, &str), Vec<&Burden>> = BTreeMap::new();
    for row in &facts.input.burden {
        scopes.entry((row.scope != PROVINCE, &row.scope)).or_default().push(row);
    }
    scopes.into_iter().map(|((_, scope), rows)| view(facts, scope, rows)).collect()
}

/// The last quarter of the nearest scope with an index, for an object that shows it; the whole series stands on the page of its own.
pub fn of_region<'a>(facts: &Facts<'a>, object: Object<'a>) -> Option<ScopeView> {
    facts.values(object).into_iter().find(|value| value.indicator.as_ref() == BURDEN && value.value.is_some())?;
    let codes = upwards(&facts.unit(object.0)?.region);
    let with_index = |scope: &str| facts.input.burden.iter().any(|row| row.scope == scope && row.component == WHOLE && row.index.is_some());
    let scope = codes.iter().map(String::as_str).chain([PROVINCE]).find(|scope| with_index(scope))?;
    let rows = || facts.input.burden.iter().filter(|row| row.scope == scope);
    let last = rows().filter(|row| row.component == WHOLE && row.index.is_some()).map(|row| &row.quarter).max()?;
    Some(view(facts, scope, rows().filter(|row| row.quarter == *last).collect()))
}

fn view(facts: &Facts, scope: &str, mut rows: Vec<&Burden>) -> ScopeView {
    const ORDER: [&str; 4] = [WHOLE, "visits", "hours", "cost"];
    let place = |component: &str| ORDER.iter().position(|known| *known == component).unwrap_or(ORDER.len());
    rows.sort_by_key(|row| (&row.quarter, place(&row.component), &row.component));
    let title = if scope == PROVINCE { Text::of(texts::PROVINCE) } else { facts.region_name(scope) };
    if let Some(most) = rows.iter().max_by_key(|row| row.firms).filter(|row| row.firms < row.minimum_firms) {
        let figure = |number: u32| numbers::count(u64::from(number));
        let reason = texts::panel_too_small(&figure(most.firms), &figure(most.minimum_firms));
        return ScopeView { title, series: Svg::default(), rows: Vec::new(), equipment: Vec::new(), reason };
    }
    let (equipment, parts): (Vec<&Burden>, Vec<&Burden>) = rows.iter().copied().partition(|row| row.component == EQUIPMENT);
    ScopeView {
        series: series(&title, &parts),
        rows: parts.iter().map(|row| burden_row(row)).collect(),
        equipment: equipment.iter().filter(|row| row.index.is_some()).map(|row| burden_row(row)).collect(),
        reason: String::new(),
        title,
    }
}

fn burden_row(row: &Burden) -> BurdenRow {
    let interval = |(low, high)| format!("{}–{}", numbers::fixed(low, 1), numbers::fixed(high, 1));
    let reading = match row.index {
        None => texts::NONE,
        Some(_) if row.unchanged => texts::UNCHANGED,
        Some(index) if index < Decimal::ONE_HUNDRED => texts::CHANGED_DOWN,
        Some(_) => texts::CHANGED_UP,
    };
    BurdenRow {
        quarter: Text::of(&row.quarter),
        component: Text::of(texts::burden_component(&row.component)),
        whole: row.component == WHOLE,
        index: row.index.map_or_else(|| texts::NONE.to_owned(), |index| numbers::fixed(index, 1)),
        interval: row.interval.map_or_else(|| texts::NONE.to_owned(), interval),
        firms: numbers::count(u64::from(row.firms)),
        reading,
        score: row.score.map_or_else(String::new, |score| numbers::fixed(score, 2)),
    }
}

fn series(title: &Text, rows: &[&Burden]) -> Svg {
    let whole: Vec<&&Burden> = rows.iter().filter(|row| row.component == WHOLE).collect();
    let edges = || whole.iter().flat_map(|row| row.index.into_iter().chain(row.interval.into_iter().flat_map(|(low, high)| [low, high])));
    let low = edges().min().unwrap_or(Decimal::ONE_HUNDRED).min(Decimal::from(95)) - Decimal::ONE;
    let high = edges().max().unwrap_or(Decimal::ONE_HUNDRED).max(Decimal::from(105)) + Decimal::ONE;
    let place = |number| numbers::place(number, low, high);
    let step = |row: &&&Burden| Step {
        label: Text::of(&row.quarter).to_string(),
        figure: row.index.map_or_else(String::new, |index| numbers::fixed(index, 1)),
        place: row.index.map(place),
        span: row.interval.map(|(low, high)| (place(low), place(high))),
    };
    let steps: Vec<Step> = whole.iter().map(step).collect();
    let figures: Vec<(String, String)> = steps.iter().map(|step| (step.label.clone(), step.figure.clone())).collect();
    let words = format!("{title}{}", texts::burden_words(&figures));
    svg::series(&steps, place(Decimal::ONE_HUNDRED), "100", &words)
}
