//! Populations as views in a session, at one moment.
//!
//! In: a session in which every source table is registered, the library, a [`Moment`]. Out: one view a population, in the
//! order of their FROM, and for each name the source tables that it reads in the end. Never here: indicators, data.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use datafusion::catalog::view::ViewTable;
use datafusion::common::DataFusionError;
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::SessionContext;

use crate::functions::{Moment, REFERENCE_TABLES, parse_bound};
use crate::library::Library;
use crate::library::indicator::{Indicator, Population};

/// Names read by SQL text: source tables, populations, or unknown.
pub fn names_read(context: &SessionContext, sql: &str) -> Result<BTreeSet<String>, DataFusionError> {
    let moment = Moment { as_of: 0, from: 0 };
    let statement = parse_bound(context, sql, moment)?;
    let references = context.state().resolve_table_references(&statement)?;
    Ok(references.iter().map(|reference| reference.table().to_owned()).collect())
}

/// What each population reads directly, and the order in which views can be made.
#[derive(Debug, Clone, Default)]
pub struct Dependencies {
    direct: BTreeMap<String, BTreeSet<String>>,
    order: Vec<String>,
}

impl Dependencies {
    /// Reads the FROM of every population. Populations that don't parse, or read each other in a circle, are left out and named in the second result.
    pub fn of(context: &SessionContext, library: &Library) -> (Self, Vec<(String, DataFusionError)>) {
        let mut dependencies = Self::default();
        let mut failures = Vec::new();
        for (name, population) in &library.populations {
            match names_read(context, &population.sql) {
                Ok(names) => {
                    dependencies.direct.insert(name.clone(), names);
                }
                Err(error) => failures.push((name.clone(), error)),
            }
        }
        let mut left: Vec<String> = dependencies.direct.keys().cloned().collect();
        loop {
            let (ready, waiting): (Vec<String>, Vec<String>) =
                left.iter().cloned().partition(|name| dependencies.direct[name].iter().all(|read| !left.contains(read)));
            if ready.is_empty() {
                let circle = waiting.join(", ");
                failures.extend(
                    waiting
                        .into_iter()
                        .map(|name| (name, DataFusionError::Plan(format!("populations read each other in a circle: {circle}")))),
                );
                break;
            }
            dependencies.order.extend(ready);
            left = waiting;
        }
        (dependencies, failures)
    }

    /// The source tables that a name (table or population) rests on in the end.
    pub fn tables_below(&self, name: &str) -> BTreeSet<String> {
        match self.direct.get(name) {
            // A reference list comes with the library: nobody sends it, and it can't be held.
            None if REFERENCE_TABLES.contains(&name) => BTreeSet::new(),
            None => BTreeSet::from([name.to_owned()]),
            Some(reads) if self.order.iter().any(|known| known == name) => reads.iter().flat_map(|read| self.tables_below(read)).collect(),
            Some(_) => BTreeSet::new(),
        }
    }

    /// Why rows of a population are left out: its own sentences over those of the populations that it reads. Empty for a source table.
    pub fn exclusions_of(&self, library: &Library, name: &str) -> BTreeMap<String, String> {
        self.inherited(library, name, |population| &population.excluded)
    }

    /// What derived columns of a population are called: its own words over those of the populations that it reads.
    pub fn columns_of(&self, library: &Library, name: &str) -> BTreeMap<String, String> {
        self.inherited(library, name, |population| &population.columns)
    }

    fn inherited(&self, library: &Library, name: &str, of: fn(&Population) -> &BTreeMap<String, String>) -> BTreeMap<String, String> {
        let mut all = BTreeMap::new();
        for read in self.direct.get(name).into_iter().flatten().filter(|read| self.order.contains(read)) {
            all.extend(self.inherited(library, read, of));
        }
        all.extend(library.populations.get(name).map(|population| of(population).clone()).unwrap_or_default());
        all
    }

    /// The populations that the names (tables or populations) rest on, themselves included.
    pub fn populations_below(&self, names: impl IntoIterator<Item = String>) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut ahead: Vec<String> = names.into_iter().collect();
        while let Some(name) = ahead.pop() {
            if let Some(reads) = self.direct.get(&name)
                && found.insert(name)
            {
                ahead.extend(reads.iter().cloned());
            }
        }
        found
    }

    /// Every population, each after those that it reads.
    pub fn in_order(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.order.iter().map(String::as_str)
    }

    /// Names that a population reads directly.
    pub fn reads(&self, name: &str) -> impl Iterator<Item = &str> {
        self.direct.get(name).into_iter().flatten().map(String::as_str)
    }

    /// The source tables that an indicator rests on in the end.
    pub fn tables_of(&self, context: &SessionContext, indicator: &Indicator) -> BTreeSet<String> {
        let names = names_read(context, &indicator.sql).unwrap_or_default();
        names.iter().flat_map(|name| self.tables_below(name)).collect()
    }
}

/// Makes one view a population at `moment`, replacing those of an earlier moment. Failures are returned by name; the others stand.
pub async fn register_populations(
    context: &SessionContext,
    library: &Library,
    dependencies: &Dependencies,
    moment: Moment,
) -> Vec<(String, DataFusionError)> {
    let mut failures = Vec::new();
    for name in &dependencies.order {
        if let Err(error) = register_one(context, &library.populations[name], moment).await {
            failures.push((name.clone(), error));
        }
    }
    failures
}

/// Makes the view of a population at a moment, over the populations that stand in the session; an earlier one goes in any case.
///
/// # Errors
/// SQL that does not plan.
pub(super) async fn register_one(
    context: &SessionContext,
    population: &Population,
    moment: Moment,
) -> Result<LogicalPlan, DataFusionError> {
    let name = population.name.as_str();
    let _ = context.deregister_table(name);
    let plan = context.state().statement_to_plan(parse_bound(context, &population.sql, moment)?).await?;
    context.register_table(name, Arc::new(ViewTable::new(plan.clone(), None)))?;
    Ok(plan)
}
