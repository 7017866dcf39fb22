//! Amounts of the synergy index that policy may change.
//!
//! In: the library, a period, a seed. Out: the amounts in force on the last day. Never here: counting.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::indices::amount;
use crate::library::Library;

/// Codes of domains.
const DOMAINS: [&str; 6] = ["market", "urban", "eco", "transport", "emergency", "other"];

/// Amounts that policy may change.
#[derive(Debug, Clone, PartialEq)]
pub struct SynergyParameters {
    /// First day of the period: deadlines and patrols from here on count.
    pub from: Date,
    /// Last day that counts: the period's, or the as-of date while the period runs.
    pub until: Date,
    /// Weights of [`super::PARTS`].
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
    /// Whether 耦合协调度 is shown beside the sides. In no score either way.
    pub has_coupling: bool,
    /// Replicates of the bootstrap; 0 is no interval of sides and regions.
    pub bootstrap_draws: usize,
    /// Of the replicates, and of the sample of pairs that K is compared with.
    pub seed: u64,
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
            has_coupling: false,
            bootstrap_draws: 1000,
            seed: 0,
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
            has_coupling: whole("synergy.coupling_column", i64::from(usual.has_coupling)) != 0,
            bootstrap_draws: usize::try_from(whole("synergy.bootstrap_draws", usual.bootstrap_draws as i64)).unwrap_or(0),
            ..usual
        }
    }

    /// The same amounts with a seed of its own.
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Whole quarters of the period that are over.
    pub(super) fn quarters_over(&self) -> i64 {
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
