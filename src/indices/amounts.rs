//! Amounts of the two indices that can't be.
//!
//! In: the library's parameters. Out: diagnostics at their names. Never here: amounts in force, figures.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::diagnostics::Diagnostics;
use crate::library::Library;

type Rule = (&'static str, fn(Decimal) -> bool, &'static str);

/// What an amount may be.
const RULES: [Rule; 16] = [
    ("burden.base_quarter", is_quarter, "a quarter as year and number, such as 20251, or 0 for the panel's first"),
    ("burden.minimum_firms", is_count, "a whole number from 1 on"),
    ("burden.bootstrap_draws", is_draws, "0, or a whole number from 200 on"),
    ("burden.winsor_mads", is_positive, "a number above 0"),
    ("burden.weight.visits", is_share, "a share from 0 to 1"),
    ("burden.weight.hours", is_share, "a share from 0 to 1"),
    ("burden.weight.cost", is_share, "a share from 0 to 1"),
    ("burden.register_carries", is_switch, "1 or 0"),
    ("burden.limits_redrawn", is_switch, "1 or 0"),
    ("burden.recorded_band_low", is_share, "a share from 0 to 1"),
    ("burden.recorded_band_high", |amount| amount >= Decimal::ONE, "1 or more"),
    ("burden.recorded_drift", is_share, "a share from 0 to 1"),
    ("synergy.minimum_parts", |amount| is_count(amount) && amount <= Decimal::from(5), "a whole number from 1 to 5"),
    ("synergy.minimum_due", is_whole, "a whole number from 0 on"),
    ("synergy.bootstrap_draws", is_draws, "0, or a whole number from 200 on"),
    ("synergy.coupling_column", is_switch, "1 or 0"),
];

fn is_whole(amount: Decimal) -> bool {
    amount.fract().is_zero() && amount >= Decimal::ZERO
}

fn is_count(amount: Decimal) -> bool {
    is_whole(amount) && amount >= Decimal::ONE
}

fn is_draws(amount: Decimal) -> bool {
    is_whole(amount) && (amount.is_zero() || amount >= Decimal::from(200))
}

fn is_positive(amount: Decimal) -> bool {
    amount > Decimal::ZERO
}

fn is_share(amount: Decimal) -> bool {
    (Decimal::ZERO..=Decimal::ONE).contains(&amount)
}

fn is_switch(amount: Decimal) -> bool {
    amount.is_zero() || amount == Decimal::ONE
}

fn is_quarter(amount: Decimal) -> bool {
    let quarter = || amount.to_u32().is_some_and(|number| (1..=4).contains(&(number % 10)) && (2000..2100).contains(&(number / 10)));
    amount.is_zero() || amount.fract().is_zero() && quarter()
}

/// Names every amount of the two indices that can't be.
pub fn check(library: &Library, diagnostics: &mut Diagnostics) {
    const FILE: &str = "parameters.toml";
    let text = library.files.get(FILE).map_or("", String::as_str);
    for (name, can_be, expected) in RULES {
        let Some(parameter) = library.parameters.get(name) else { continue };
        for version in parameter.versions.iter().filter(|version| !can_be(version.amount)) {
            let quoted = format!("\"{name}\"");
            let span = text.find(&quoted).map(|start| start..start + quoted.len());
            let says = format!("`{name}` is {} from {} on, expected {expected}", version.amount, version.from);
            diagnostics.error("amount-range", &format!("queries/{FILE}"), span, says);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(name: &str, amount: &str) -> String {
        let texts = crate::library::texts(None).expect("the shipped library");
        let (mut library, _) = Library::from_texts(texts).expect("it reads");
        let parameter = library.parameters.get_mut(name).expect("the library has it");
        parameter.versions.iter_mut().for_each(|version| version.amount = amount.parse().expect("a number"));
        let mut diagnostics = Diagnostics::default();
        check(&library, &mut diagnostics);
        diagnostics.to_text()
    }

    #[test]
    fn the_shipped_amounts_can_be_and_others_are_named_with_what_was_expected() {
        assert_eq!(said("burden.base_quarter", "0"), "");
        assert_eq!(said("burden.base_quarter", "20254"), "");
        for wrong in ["20255", "2025", "20254.5", "-1", "20250"] {
            let said = said("burden.base_quarter", wrong);
            assert!(said.contains(&format!("`burden.base_quarter` is {wrong}")) && said.contains("such as 20251"), "{said}");
        }
        for (name, wrong) in [
            ("burden.minimum_firms", "0"),
            ("burden.minimum_firms", "0.5"),
            ("burden.recorded_band_low", "1.2"),
            ("burden.limits_redrawn", "2"),
            ("synergy.minimum_parts", "6"),
            ("synergy.bootstrap_draws", "-3"),
        ] {
            assert!(said(name, wrong).contains("expected"), "{name} {wrong}");
        }
    }

    #[test]
    fn every_rule_is_of_a_parameter_that_the_library_has() {
        let (library, _) = Library::from_texts(crate::library::texts(None).expect("the shipped library")).expect("it reads");
        assert_eq!(
            RULES.iter().map(|rule| rule.0).filter(|name| !library.parameters.contains_key(*name)).collect::<Vec<_>>(),
            Vec::<&str>::new()
        );
    }
}
