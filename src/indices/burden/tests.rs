//! The burden of small panels: figures by hand, properties, and how often an interval covers the truth.

use super::*;

mod coverage;
mod figures;
mod methods;
mod power;
mod properties;
mod register;

fn find<'a>(rows: &'a [Burden], scope: &str, quarter: &str, component: &str) -> &'a Burden {
    rows.iter()
        .find(|row| (row.scope.as_str(), row.quarter.as_str(), row.component.as_str()) == (scope, quarter, component))
        .expect("a row")
}

/// A firm without a city that answers visits, hours and cost.
fn row(firm: &str, stratum: &str, quarter: &str, weight: i64, [visits, hours, cost]: [i64; 3]) -> PanelRow {
    PanelRow {
        firm: firm.to_owned(),
        city: String::new(),
        stratum: stratum.to_owned(),
        quarter: quarter.to_owned(),
        weight: Decimal::from(weight),
        visits: Some(Decimal::from(visits)),
        hours: Some(Decimal::from(hours)),
        cost: Some(Decimal::from(cost)),
        equipment: None,
        recorded: None,
    }
}

fn registered(city: &str, quarter: &str, visits: i64, enterprises: u64) -> RegisterRow {
    RegisterRow { city: city.to_owned(), quarter: quarter.to_owned(), visits: Decimal::from(visits), enterprises }
}

fn few_draws() -> BurdenParameters {
    BurdenParameters { draws: 50, ..BurdenParameters::usual(7) }
}

fn of_panel(panel: &[PanelRow]) -> Vec<Burden> {
    burden(panel, &[], &[], &few_draws()).rows
}

fn shown(value: Option<Decimal>) -> Option<String> {
    value.map(|value| format!("{value:.4}"))
}
