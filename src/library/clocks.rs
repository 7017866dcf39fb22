//! Clocks and parameters: `queries/clocks.toml`, `queries/parameters.toml`.
//!
//! In: TOML text. Out: [`Clock`]s and [`Parameter`]s with their versions. Never here: computing a due date (that is `calendar`).

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::calendar::{Clock, ClockUnit, ClockVersion, Confirmed, Parameter, ParameterVersion};
use crate::diagnostics::Diagnostics;
use crate::document::{Section, read_document};

const CONFIRMED: [(&str, Confirmed); 6] = [
    ("V", Confirmed::Text),
    ("M", Confirmed::Mirror),
    ("K", Confirmed::Knowledge),
    ("T", Confirmed::Template),
    ("plan", Confirmed::Plan),
    ("own", Confirmed::Own),
];

/// Reads `clocks.toml`.
pub fn read_clocks(file: &str, text: &str, diagnostics: &mut Diagnostics) -> BTreeMap<String, Clock> {
    diagnostics.remember(file, text);
    let clocks = read_document(file, text, "the clock file", 0, diagnostics, |section, diagnostics| {
        Some(section.sections("clock", diagnostics, |section, diagnostics| {
            let span = section.span();
            let name = section.required_text("name", diagnostics);
            let title = section.required_text("title", diagnostics);
            let versions = section.sections("version", diagnostics, read_clock_version);
            let name = name?;
            if !name.value.ends_with(".target") && !name.value.ends_with(".statutory") {
                diagnostics
                    .error("clock-name", file, Some(name.span), format!("`{}` says neither .target nor .statutory", name.value))
                    .hint("a statutory limit and an assessment target are two clocks: step.statutory and step.target");
            }
            if versions.is_empty() {
                diagnostics.error("missing-key", file, Some(span), format!("clock `{}` has no [[clock.version]]", name.value));
            }
            Some(Clock { name: name.value, title: title?.value, versions })
        }))
    });
    by_name(clocks.unwrap_or_default(), |clock| &clock.name, file, "clock", diagnostics)
}

/// Reads `parameters.toml`.
pub fn read_parameters(file: &str, text: &str, diagnostics: &mut Diagnostics) -> BTreeMap<String, Parameter> {
    diagnostics.remember(file, text);
    let parameters = read_document(file, text, "the parameter file", 0, diagnostics, |section, diagnostics| {
        Some(section.sections("parameter", diagnostics, |section, diagnostics| {
            let name = section.required_text("name", diagnostics);
            let title = section.required_text("title", diagnostics);
            let units = ["yuan", "count", "ratio", "days", "hours", "minutes"].map(|unit| (unit, unit));
            let unit = section.required_word("in", &units, diagnostics);
            let versions = section.sections("version", diagnostics, read_parameter_version);
            Some(Parameter { name: name?.value, title: title?.value, unit: unit?.to_owned(), versions })
        }))
    });
    by_name(parameters.unwrap_or_default(), |parameter| &parameter.name, file, "parameter", diagnostics)
}

fn by_name<T>(items: Vec<T>, name: impl Fn(&T) -> &String, file: &str, what: &str, diagnostics: &mut Diagnostics) -> BTreeMap<String, T> {
    let mut map = BTreeMap::new();
    for item in items {
        let key = name(&item).clone();
        if map.insert(key.clone(), item).is_some() {
            diagnostics.error("duplicate-name", file, None, format!("{what} `{key}` is declared twice"));
        }
    }
    map
}

fn read_clock_version(section: &mut Section<'_>, diagnostics: &mut Diagnostics) -> Option<ClockVersion> {
    let domain = section.text("domain", diagnostics).map(|text| text.value);
    let from = required_date(section, diagnostics);
    let amount = section.integer("amount", diagnostics);
    let units = [("working_days", ClockUnit::WorkingDays), ("calendar_days", ClockUnit::CalendarDays), ("hours", ClockUnit::Hours)];
    let unit = section.required_word("in", &units, diagnostics);
    let roll_to_working_day = section.boolean("roll_to_working_day", diagnostics).unwrap_or(false);
    let confirmed = section.required_word("confirmed", &CONFIRMED, diagnostics);
    let source = section.required_text("source", diagnostics);
    let amount = amount?;
    if !(0..=3660).contains(&amount.value) {
        diagnostics.error("clock-amount", section.file(), Some(amount.span), format!("{} is no usable time limit", amount.value));
        return None;
    }
    Some(ClockVersion {
        domain,
        from: from?,
        amount: amount.value,
        unit: unit?,
        roll_to_working_day,
        confirmed: confirmed?,
        source: source?.value,
    })
}

fn read_parameter_version(section: &mut Section<'_>, diagnostics: &mut Diagnostics) -> Option<ParameterVersion> {
    let domain = section.text("domain", diagnostics).map(|text| text.value);
    let from = required_date(section, diagnostics);
    let amount = section.required_number("amount", diagnostics);
    let confirmed = section.required_word("confirmed", &CONFIRMED, diagnostics);
    let source = section.required_text("source", diagnostics);
    let amount = amount?;
    let Ok(value) = amount.value.parse::<Decimal>() else {
        diagnostics.error("wrong-type", section.file(), Some(amount.span), format!("`{}` is not a plain decimal number", amount.value));
        return None;
    };
    Some(ParameterVersion { domain, from: from?, amount: value, confirmed: confirmed?, source: source?.value })
}

fn required_date(section: &mut Section<'_>, diagnostics: &mut Diagnostics) -> Option<jiff::civil::Date> {
    let date = section.date("from", diagnostics);
    if date.is_none() {
        diagnostics.error("missing-key", section.file(), Some(section.span()), "a version needs `from`, its date of effect");
    }
    date
}
