//! Dynamic indicators as runs counted them: the past stays as it was assessed.
//!
//! In: the scheme of this run, and what the published run before it counted. Out: what this run counts, or the refusal to count days
//! otherwise that have been assessed already. Never here: whether an event deserves an indicator; the scheme says so.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Kind, Result};
use crate::library::scheme::Scheme;

/// Year of a scheme → what published runs have counted of it. Each run hands it on to the next, so that going back and forth between
/// dates or schemes forgets nothing.
pub type Counted = BTreeMap<i16, CountedYear>;

/// What published runs have counted of one year's scheme. Dates are written `2026-03-01`, so that they sort as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountedYear {
    /// The last day that one of them assessed.
    pub until: String,
    /// What was switched on.
    pub entries: BTreeSet<SwitchedOn>,
    /// Indicator → the decisions by which what was announced of it has been corrected.
    pub corrections: BTreeMap<String, BTreeSet<String>>,
}

/// A dynamic indicator as a run counted it.
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
    fn of(scheme: &Scheme) -> BTreeSet<Self> {
        let mut all = BTreeSet::new();
        for scored in &scheme.indicators {
            let Some(dynamic) = &scored.dynamic else { continue };
            let (from, until) = (dynamic.from.to_string(), dynamic.until.map(|until| until.to_string()));
            let entry =
                |region: &String| Self { indicator: scored.id.0.clone(), region: region.clone(), from: from.clone(), until: until.clone() };
            all.extend(dynamic.regions.iter().map(entry));
        }
        all
    }

    /// The same as far as it reaches back to `day`; none when it begins later.
    fn until_day(&self, day: &str) -> Option<Self> {
        let until = self.until.as_deref().map_or(day, |until| until.min(day)).to_owned();
        (self.from.as_str() <= day).then(|| Self { until: Some(until), ..self.clone() })
    }
}

/// Decisions that the scheme names for the indicator's correction.
fn corrections(scheme: &Scheme, indicator: &str) -> BTreeSet<String> {
    let entries = scheme.indicators.iter().filter(|scored| scored.id.0 == indicator);
    entries.filter_map(|scored| scored.dynamic.as_ref()?.corrects.clone()).collect()
}

/// What is counted once a run of the scheme as of `as_of` is published, after what was `before`.
///
/// # Errors
/// Configuration: the scheme counts days otherwise that a published run has assessed. A dynamic indicator counts from its announcement on;
/// an entry that names the decision behind its correction, a new one each time, may.
pub fn count(before: &Counted, scheme: &Scheme, as_of: Date) -> Result<Counted> {
    let now = SwitchedOn::of(scheme);
    let mut counted = before.clone();
    let mut year = CountedYear { until: as_of.to_string(), entries: now.clone(), corrections: BTreeMap::new() };
    if let Some(known) = before.get(&scheme.year) {
        let past = |all: &BTreeSet<SwitchedOn>| all.iter().filter_map(|one| one.until_day(&known.until)).collect::<BTreeSet<_>>();
        let (was, is) = (past(&known.entries), past(&now));
        let used = |indicator: &str| known.corrections.get(indicator).cloned().unwrap_or_default();
        let is_corrected = |changed: &&SwitchedOn| !corrections(scheme, &changed.indicator).is_subset(&used(&changed.indicator));
        if let Some(SwitchedOn { indicator, region, .. }) = was.symmetric_difference(&is).find(|changed| !is_corrected(changed)) {
            let day = &known.until;
            let message = format!(
                "{}: `{indicator}` is switched on or off in {region} for days up to {day}, which a published run has assessed",
                scheme.file
            );
            return Err(Error::new(Kind::Configuration, message).with_hint(format!(
                "let its dates begin after {day}; to correct what was announced, name the decision in the entry: corrects = \"…〔2026〕…号\""
            )));
        }
        year.until = year.until.max(known.until.clone());
        year.corrections = known.corrections.clone();
        for changed in was.symmetric_difference(&is) {
            year.corrections.entry(changed.indicator.clone()).or_default().extend(corrections(scheme, &changed.indicator));
        }
    }
    counted.insert(scheme.year, year);
    Ok(counted)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::library::scheme::tests::scheme_with;

    const ENTRY: &str = "regions = [\"330000\"], from = 2026-02-01, until = 2026-12-31, announced = 2026-01-20, event = \"a notice\"";

    fn refused(from: &str, to: &str, day: Date) -> bool {
        let before = count(&Counted::new(), &scheme_with("", ""), day).expect("nothing was before");
        count(&before, &scheme_with(from, to), date(2026, 7, 31)).is_err()
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
    fn days_to_come_are_free_and_a_decision_corrects_the_past_once() {
        assert!(!refused("until = 2026-12-31", "until = 2026-09-30", date(2026, 6, 30)));
        assert!(!refused("from = 2026-02-01", "from = 2026-03-01", date(2026, 1, 31)), "nothing of it was assessed");
        let day = date(2026, 6, 30);
        let corrected = |from: &str| scheme_with(ENTRY, &(ENTRY.replace("from = 2026-02-01", from) + ", corrects = \"号\""));
        let before = count(&Counted::new(), &scheme_with("", ""), day).expect("nothing was before");
        let once = count(&before, &corrected("from = 2026-03-01"), day).expect("a decision is named");
        assert!(count(&once, &corrected("from = 2026-03-01"), day).is_ok(), "it stays so");
        assert!(count(&once, &corrected("from = 2026-04-01"), day).is_err(), "the decision was about March");
    }

    #[test]
    fn a_run_of_an_earlier_day_or_another_year_forgets_nothing() {
        let june = count(&Counted::new(), &scheme_with("", ""), date(2026, 6, 30)).expect("nothing was before");
        let later = scheme_with("from = 2026-02-01", "from = 2026-05-01");
        assert!(count(&june, &later, date(2026, 2, 28)).is_err());
        let back = count(&june, &scheme_with("", ""), date(2026, 2, 28)).expect("the same scheme");
        let mut other = scheme_with("", "");
        other.year = 2025;
        let back = count(&back, &other, date(2025, 12, 31)).expect("another year's scheme");
        assert!(count(&back, &later, date(2026, 6, 30)).is_err());
    }
}
