//! Dynamic indicators as runs counted them: the past stays as it was assessed.
//!
//! In: the scheme of this run, and what the published run before it counted. Out: what this run counts, or the refusal to count days
//! otherwise that have been assessed already. Never here: whether an event deserves an indicator; the scheme says so.

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Kind, Result};
use crate::library::scheme::Scheme;

/// A dynamic indicator as a run counted it. Dates are written `2026-03-01`, so that they sort as text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SwitchedOn {
    /// Indicator.
    pub indicator: String,
    /// Division code; it stands for everything below it.
    pub region: String,
    /// First day.
    pub from: String,
    /// Last day; none where it has no end.
    pub until: Option<String>,
}

impl SwitchedOn {
    /// What a scheme switches on, sorted.
    pub fn of(scheme: &Scheme) -> Vec<Self> {
        let mut all = Vec::new();
        for scored in &scheme.indicators {
            let Some(dynamic) = &scored.dynamic else { continue };
            let (from, until) = (dynamic.from.to_string(), dynamic.until.map(|until| until.to_string()));
            let entry =
                |region: &String| Self { indicator: scored.id.0.clone(), region: region.clone(), from: from.clone(), until: until.clone() };
            all.extend(dynamic.regions.iter().map(entry));
        }
        all.sort();
        all
    }

    /// The same as far as it reaches back to `day`; none when it begins later.
    fn until_day(&self, day: &str) -> Option<Self> {
        let until = self.until.as_deref().map_or(day, |until| until.min(day)).to_owned();
        (self.from.as_str() <= day).then(|| Self { until: Some(until), ..self.clone() })
    }
}

/// Refuses a scheme that counts days otherwise which a published run has assessed up to `day`: a dynamic indicator counts from its
/// announcement on. An entry that names the decision behind its correction may.
///
/// # Errors
/// Configuration, with the indicator.
pub fn refuse_changed_past(scheme: &Scheme, before: &[SwitchedOn], day: Date) -> Result<()> {
    let past = |all: &[SwitchedOn]| all.iter().filter_map(|one| one.until_day(&day.to_string())).collect::<BTreeSet<_>>();
    let (before, now) = (past(before), past(&SwitchedOn::of(scheme)));
    let is_corrected = |changed: &&SwitchedOn| {
        let entries = scheme.indicators.iter().filter(|scored| scored.id.0 == changed.indicator);
        entries.filter_map(|scored| scored.dynamic.as_ref()).any(|dynamic| dynamic.corrects.is_some())
    };
    match before.symmetric_difference(&now).find(|changed| !is_corrected(changed)) {
        None => Ok(()),
        Some(SwitchedOn { indicator, region, .. }) => {
            let message = format!(
                "{}: `{indicator}` is switched on or off in {region} for days up to {day}, which a published run has assessed",
                scheme.file
            );
            Err(Error::new(Kind::Configuration, message).with_hint(format!(
                "let its dates begin after {day}; to correct what was announced, name the decision in the entry: corrects = \"…〔2026〕…号\""
            )))
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::library::scheme::tests::scheme_with;

    const ENTRY: &str = "regions = [\"330000\"], from = 2026-02-01, until = 2026-12-31, announced = 2026-01-20, event = \"a notice\"";

    fn refused(from: &str, to: &str, day: Date) -> bool {
        let (before, now) = (scheme_with("", ""), scheme_with(from, to));
        refuse_changed_past(&now, &SwitchedOn::of(&before), day).is_err()
    }

    #[test]
    fn days_that_were_assessed_stay_as_they_were() {
        let assessed = date(2026, 6, 30);
        assert!(!refused("", "", assessed));
        assert!(refused("from = 2026-02-01", "from = 2026-03-01", assessed), "it begins later");
        assert!(refused("regions = [\"330000\"]", "regions = [\"330000\", \"340000\"]", assessed), "it counts for others too");
        assert!(refused("until = 2026-12-31", "until = 2026-05-31", assessed), "it had ended");
        assert!(refused(&format!("dynamic = {{ {ENTRY} }}"), "", assessed), "it never was");
    }

    #[test]
    fn days_to_come_are_free_and_a_decision_corrects_the_past() {
        let assessed = date(2026, 6, 30);
        assert!(!refused("until = 2026-12-31", "until = 2026-09-30", assessed));
        assert!(!refused("from = 2026-02-01", "from = 2026-03-01", date(2026, 1, 31)), "nothing of it was assessed");
        let corrected = ENTRY.replace("from = 2026-02-01", "from = 2026-03-01") + ", corrects = \"号\"";
        assert!(!refused(ENTRY, &corrected, assessed));
    }
}
