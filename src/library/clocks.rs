//! Clocks and parameters: `queries/clocks.toml`, `queries/parameters.toml`.
//!
//! In: TOML text. Out: [`Clock`]s and [`Parameter`]s with their versions, for every domain one. Never here: computing a due date
//! (that is `calendar`).

use std::collections::BTreeMap;
use std::ops::Range;

use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::calendar::{Clock, ClockUnit, ClockVersion, Confirmed, Parameter, ParameterVersion};
use crate::diagnostics::Diagnostics;
use crate::document::{Section, read_document};
use crate::terms::DOMAINS;

/// Reads `clocks.toml`.
pub fn read_clocks(file: &str, text: &str, diagnostics: &mut Diagnostics) -> BTreeMap<String, Clock> {
    diagnostics.remember(file, text);
    let clocks = read_document(file, text, "the clock file", 0, diagnostics, |section, diagnostics| {
        Some(section.sections("clock", diagnostics, |section, diagnostics| {
            let span = section.span();
            let name = section.required_text("name", diagnostics);
            let title = section.required_text("title", diagnostics);
            let versions = section.sections("version", diagnostics, |section, diagnostics| {
                let span = section.span();
                read_clock_version(section, diagnostics).map(|version| (version, span))
            });
            let name = name?;
            if !name.value.ends_with(".target") && !name.value.ends_with(".statutory") {
                diagnostics
                    .error("clock-name", file, Some(name.span), format!("`{}` says neither .target nor .statutory", name.value))
                    .hint("a statutory limit and an assessment target are two clocks: step.statutory and step.target");
            }
            let placed = versions.iter().map(|(version, span)| (version.domain.as_deref(), version.from, span.clone())).collect();
            report_versions("clock", &name.value, span, placed, file, diagnostics);
            Some(Clock { name: name.value, title: title?.value, versions: versions.into_iter().map(|(version, _)| version).collect() })
        }))
    });
    by_name(clocks.unwrap_or_default(), |clock| &clock.name, file, "clock", diagnostics)
}

/// Reads `parameters.toml`.
pub fn read_parameters(file: &str, text: &str, diagnostics: &mut Diagnostics) -> BTreeMap<String, Parameter> {
    diagnostics.remember(file, text);
    let parameters = read_document(file, text, "the parameter file", 0, diagnostics, |section, diagnostics| {
        Some(section.sections("parameter", diagnostics, |section, diagnostics| {
            let span = section.span();
            let name = section.required_text("name", diagnostics);
            let title = section.required_text("title", diagnostics);
            let units = ["yuan", "count", "ratio", "days", "hours", "minutes"].map(|unit| (unit, unit));
            let unit = section.required_word("in", &units, diagnostics);
            let versions = section.sections("version", diagnostics, |section, diagnostics| {
                let span = section.span();
                read_parameter_version(section, diagnostics).map(|version| (version, span))
            });
            let name = name?.value;
            let placed = versions.iter().map(|(version, span)| (version.domain.as_deref(), version.from, span.clone())).collect();
            report_versions("parameter", &name, span, placed, file, diagnostics);
            let versions = versions.into_iter().map(|(version, _)| version).collect();
            Some(Parameter { name, title: title?.value, unit: unit?.to_owned(), versions })
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

/// Says what makes a choice of version impossible: none at all, two of one day, none for some domain.
fn report_versions(
    what: &str,
    name: &str,
    span: Range<usize>,
    versions: Vec<(Option<&str>, Date, Range<usize>)>,
    file: &str,
    diagnostics: &mut Diagnostics,
) {
    if versions.is_empty() {
        diagnostics.error("missing-key", file, Some(span), format!("{what} `{name}` has no [[{what}.version]]"));
        return;
    }
    for (index, (domain, from, place)) in versions.iter().enumerate() {
        if versions[..index].iter().any(|(other, day, _)| other == domain && day == from) {
            let whom = domain.map_or_else(|| "every domain".to_owned(), |domain| format!("`{domain}`"));
            diagnostics
                .error("duplicate-version", file, Some(place.clone()), format!("{what} `{name}` has two versions for {whom} from {from}"))
                .hint("a change takes effect on another day; a correction replaces the version");
        }
    }
    let is_for = |wanted: Option<&str>| versions.iter().any(|(domain, ..)| *domain == wanted);
    let without: Vec<&str> = DOMAINS.into_iter().filter(|domain| !is_for(Some(domain))).collect();
    if !is_for(None) && !without.is_empty() {
        let message = format!("{what} `{name}` needs a version for every domain, it has none for {}", without.join(", "));
        diagnostics
            .error("missing-domain", file, Some(span), message)
            .hint("add a version without `domain`: where no limit is in force, records would stay pending for ever");
    }
}

/// The domain that a version is for: one of the codes that every contract uses.
fn read_domain(section: &mut Section<'_>, diagnostics: &mut Diagnostics) -> Option<String> {
    let domain = section.text("domain", diagnostics)?;
    if !DOMAINS.contains(&domain.value.as_str()) {
        let message = format!("there is no domain `{}`, expected {}", domain.value, DOMAINS.join(", "));
        diagnostics.error("unknown-domain", section.file(), Some(domain.span), message).hint_nearest(&domain.value, DOMAINS);
    }
    Some(domain.value)
}

fn read_clock_version(section: &mut Section<'_>, diagnostics: &mut Diagnostics) -> Option<ClockVersion> {
    let domain = read_domain(section, diagnostics);
    let from = required_date(section, diagnostics);
    let amount = section.integer("amount", diagnostics);
    let units = ClockUnit::ALL.map(|unit| (unit.word(), unit));
    let unit = section.required_word("in", &units, diagnostics);
    let roll_to_working_day = section.boolean("roll_to_working_day", diagnostics).unwrap_or(false);
    let confirmed = section.required_word("confirmed", &Confirmed::ALL.map(|confirmed| (confirmed.mark(), confirmed)), diagnostics);
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

/// Decimals that `param` gives.
const DECIMALS: u32 = 4;

fn read_parameter_version(section: &mut Section<'_>, diagnostics: &mut Diagnostics) -> Option<ParameterVersion> {
    let domain = read_domain(section, diagnostics);
    let from = required_date(section, diagnostics);
    let amount = section.required_number("amount", diagnostics);
    let confirmed = section.required_word("confirmed", &Confirmed::ALL.map(|confirmed| (confirmed.mark(), confirmed)), diagnostics);
    let source = section.required_text("source", diagnostics);
    let amount = amount?;
    let Ok(value) = amount.value.parse::<Decimal>() else {
        diagnostics.error("wrong-type", section.file(), Some(amount.span), format!("`{}` is not a plain decimal number", amount.value));
        return None;
    };
    if value.normalize().scale() > DECIMALS {
        let message = format!("`{}` has more than {DECIMALS} decimals", amount.value);
        diagnostics.error("too-many-decimals", section.file(), Some(amount.span), message).hint("param() would round it");
    }
    Some(ParameterVersion { domain, from: from?, amount: value, confirmed: confirmed?, source: source?.value })
}

fn required_date(section: &mut Section<'_>, diagnostics: &mut Diagnostics) -> Option<Date> {
    let date = section.date("from", diagnostics);
    if date.is_none() {
        diagnostics.error("missing-key", section.file(), Some(section.span()), "a version needs `from`, its date of effect");
    }
    date
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLOCK: &str = r#"
[[clock]]
name = "filing.statutory"
title = "立案"
[[clock.version]]
from = 2021-07-15
amount = 15
in = "working_days"
confirmed = "V"
source = "第18条"
[[clock.version]]
domain = "market"
from = 2021-07-15
amount = 15
in = "working_days"
confirmed = "V"
source = "第18条"
"#;

    const PARAMETER: &str = r#"
[[parameter]]
name = "simple.fine_cap"
title = "上限"
in = "yuan"
[[parameter.version]]
domain = "urban"
from = 2021-07-15
amount = 200
confirmed = "V"
source = "第51条"
[[parameter.version]]
from = 2021-07-15
amount = 0.1250
confirmed = "V"
source = "第51条"
"#;

    /// Names of the diagnostics, and their rendering.
    fn said(text: &str) -> (Vec<&'static str>, String) {
        let mut diagnostics = Diagnostics::default();
        match text.contains("[[clock]]") {
            true => drop(read_clocks("queries/clocks.toml", text, &mut diagnostics)),
            false => drop(read_parameters("queries/parameters.toml", text, &mut diagnostics)),
        }
        (diagnostics.sorted().iter().map(|item| item.name).collect(), diagnostics.to_text())
    }

    #[track_caller]
    fn refused(text: &str, from: &str, to: &str, name: &str, words: &[&str]) {
        assert!(text.contains(from), "{from}");
        let (names, rendered) = said(&text.replacen(from, to, 1));
        assert_eq!(names, [name], "{rendered}");
        words.iter().for_each(|word| assert!(rendered.contains(word), "`{word}` is missing in: {rendered}"));
    }

    #[test]
    fn a_version_for_some_domains_and_one_for_the_others_is_a_whole_clock() {
        assert_eq!(said(CLOCK).1, "");
        assert_eq!(said(PARAMETER).1, "");
    }

    #[test]
    fn a_domain_that_no_contract_knows_is_named_with_the_nearest_one() {
        refused(CLOCK, "\"market\"", "\"makret\"", "unknown-domain", &["clocks.toml:12:10", "did you mean `market`?"]);
        refused(PARAMETER, "\"urban\"", "\"urbn\"", "unknown-domain", &["parameters.toml:7:10", "did you mean `urban`?"]);
    }

    #[test]
    fn two_versions_for_the_same_domain_and_day_are_refused() {
        refused(CLOCK, "domain = \"market\"\n", "", "duplicate-version", &["two versions for every domain from 2021-07-15"]);
        let (names, _) = said(&CLOCK.replacen("from = 2021-07-15", "from = 2020-01-01", 1).replacen("domain = \"market\"\n", "", 1));
        assert!(names.is_empty(), "another day is another version");
    }

    #[test]
    fn without_any_version_there_is_no_limit() {
        let cut = |text: &'static str| text.split_inclusive('\n').take_while(|line| !line.contains("version]]")).collect::<String>();
        for (text, words) in [(CLOCK, "clock `filing.statutory` has no"), (PARAMETER, "parameter `simple.fine_cap` has no")] {
            let (names, rendered) = said(&cut(text));
            assert_eq!(names, ["missing-key"]);
            assert!(rendered.contains(words), "{rendered}");
        }
    }

    #[test]
    fn a_domain_without_a_version_would_be_pending_for_ever() {
        let words = ["needs a version for every domain, it has none for urban, eco, transport, emergency, other", "clocks.toml:2:1"];
        refused(CLOCK, "[[clock.version]]\nfrom", "[[clock.version]]\ndomain = \"market\"\nfrom = 2000-01-01 #", "missing-domain", &words);
    }

    #[test]
    fn an_amount_that_would_be_rounded_is_refused() {
        refused(PARAMETER, "0.1250", "0.12501", "too-many-decimals", &["`0.12501` has more than 4 decimals", "parameters.toml:14:10"]);
    }
}
