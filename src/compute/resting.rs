//! Which indicators rest on a text of the library that was changed.
//!
//! In: two libraries, the clocks and parameters that differ. Out: [`Resting`]. Never here: figures, what a change has moved.

use std::collections::{BTreeMap, BTreeSet};

use datafusion::prelude::SessionContext;

use super::populations::{Dependencies, names_read};
use crate::library::Library;
use crate::terms::IndicatorId;

/// Indicators of the earlier library whose figures a changed text may have moved.
#[derive(Debug, Default)]
pub struct Resting {
    /// Through their own file, a population or a contract below it; those that are gone are among them.
    pub definition: BTreeSet<IndicatorId>,
    /// Through a clock or parameter that their SQL or that of a population names.
    pub clocks: BTreeSet<IndicatorId>,
    /// Source tables below each indicator, as the later library has it, or the earlier where it alone has it.
    pub tables: BTreeMap<IndicatorId, BTreeSet<String>>,
}

impl Resting {
    /// `names` are the clocks and parameters that differ; `lists_changed`: so does a reference list, on which everything rests.
    pub fn of([a, b]: [&Library; 2], names: &BTreeSet<&str>, lists_changed: bool) -> Self {
        let mut resting = Self::default();
        // What is read stands in the SQL: no table is needed.
        let session = &SessionContext::new();
        let [of_a, of_b] = [a, b].map(|library| Dependencies::of(session, library).0);
        for (library, dependencies) in [(a, &of_a), (b, &of_b)] {
            for indicator in library.indicators.values() {
                resting.tables.insert(indicator.id.clone(), dependencies.tables_of(session, indicator));
            }
        }
        let differs = |file: String| a.files.get(&file) != b.files.get(&file);
        for indicator in a.indicators.values() {
            let below = of_a.populations_below(names_read(session, &indicator.sql).unwrap_or_default());
            let is_other = b.indicators.get(&indicator.id).is_none_or(|other| other.text != indicator.text)
                || below.iter().any(|name| differs(format!("populations/{name}.sql")))
                || resting.tables[&indicator.id].iter().any(|table| differs(format!("tables/{table}.toml")));
            if is_other {
                resting.definition.insert(indicator.id.clone());
            }
            let sql = below.iter().filter_map(|name| a.populations.get(name)).map(|population| population.sql.as_str());
            let mut texts = sql.chain([indicator.sql.as_str()]);
            if lists_changed || texts.any(|sql| names.iter().any(|name| sql.contains(&format!("'{name}'")))) {
                resting.clocks.insert(indicator.id.clone());
            }
        }
        resting
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_indicator_rests_on_its_file_its_populations_their_contracts_and_the_clocks_that_they_name() {
        let (shipped, _) = Library::read(None).expect("the shipped library reads");
        let edited = |file: &str| {
            let mut files = shipped.files.clone();
            files.get_mut(file).expect("a file").push_str("\n-- edited\n");
            Library::from_texts(files).expect("it reads").0
        };
        let id = IndicatorId::from("procedure.decision_timeliness");
        let of = |other: &Library, names: &[&str]| Resting::of([&shipped, other], &names.iter().copied().collect(), false);
        let own = of(&edited("indicators/procedure/decision_timeliness.sql"), &[]);
        assert_eq!((own.definition.iter().collect::<Vec<_>>(), own.clocks.len()), (vec![&id], 0));
        assert!(own.tables[&id].contains("cases"));
        let below = of(&edited("populations/ordinary_cases.sql"), &[]).definition;
        assert!(below.contains(&id) && below.len() > 1, "{below:?}");
        assert!(!of(&edited("populations/survey_answers.sql"), &[]).definition.contains(&id));
        let clocks = of(&shipped, &["investigation.target"]);
        assert!(clocks.definition.is_empty() && clocks.clocks.contains(&IndicatorId::from("procedure.investigation_timeliness")));
        assert!(!clocks.clocks.contains(&IndicatorId::from("perception.survey_mean_score")));
        let everything = Resting::of([&shipped, &shipped], &BTreeSet::new(), true);
        assert_eq!(everything.clocks.len(), shipped.indicators.len());
    }
}
