//! Populations as views in a session, at one moment.
//!
//! In: a session in which every source table is registered, the library, a [`Moment`]. Out: one view a population, in the
//! order of their FROM, and for each name the source tables that it reads in the end. Never here: indicators, data.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use datafusion::catalog::MemTable;
use datafusion::catalog::view::ViewTable;
use datafusion::common::DataFusionError;
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

    /// Only the populations that the indicators rest on, in the same order: planning every population anew for each moment would cost
    /// more than reading the data.
    pub fn needed_by(&self, context: &SessionContext, indicators: &[&Indicator]) -> Self {
        let read = indicators.iter().flat_map(|indicator| names_read(context, &indicator.sql).unwrap_or_default());
        let wanted = self.populations_below(read);
        let kept = |name: &&String| wanted.contains(*name);
        let direct = self.direct.iter().filter(|(name, _)| kept(name)).map(|(name, reads)| (name.clone(), reads.clone()));
        Self { direct: direct.collect(), order: self.order.iter().filter(kept).cloned().collect() }
    }

    /// The source tables that an indicator rests on in the end.
    pub fn tables_of(&self, context: &SessionContext, indicator: &Indicator) -> BTreeSet<String> {
        let names = names_read(context, &indicator.sql).unwrap_or_default();
        names.iter().flat_map(|name| self.tables_below(name)).collect()
    }
}

/// Bytes on disk up to which the tables below a population make it small.
const SMALL_BYTES: usize = 4 << 20;

/// Names of the populations whose source tables are all small; tables of unknown size are not.
pub async fn small_populations(context: &SessionContext, dependencies: &Dependencies) -> BTreeSet<String> {
    let mut small = BTreeSet::new();
    for name in &dependencies.order {
        let mut bytes = Some(0);
        for table in dependencies.tables_below(name) {
            let statistics = context.table_provider(table.as_str()).await.ok().and_then(|provider| provider.statistics());
            let size = statistics.and_then(|statistics| statistics.total_byte_size.get_value().copied());
            bytes = bytes.zip(size).map(|(sum, size)| sum + size);
        }
        if bytes.is_some_and(|bytes| bytes <= SMALL_BYTES) {
            small.insert(name.clone());
        }
    }
    small
}

/// As [`register_populations`], but with the rows of `small` populations in the place of their views, so that many queries over few rows
/// don't plan the same joins again and again. What can't be computed stays a view: the query that reads it then says why.
pub async fn register_with_rows(
    context: &SessionContext,
    library: &Library,
    dependencies: &Dependencies,
    small: &BTreeSet<String>,
    moment: Moment,
) -> Vec<(String, DataFusionError)> {
    let mut failures = Vec::new();
    for name in &dependencies.order {
        if let Err(error) = register_one(context, &library.populations[name], moment).await {
            failures.push((name.clone(), error));
        }
        if !small.contains(name) {
            continue;
        }
        let rows = async {
            let plan = context.table(name.as_str()).await?.create_physical_plan().await?;
            let schema = plan.schema();
            let partitions = datafusion::physical_plan::collect_partitioned(plan, context.task_ctx()).await?;
            MemTable::try_new(schema, partitions)
        };
        if let Ok(rows) = rows.await {
            let _ = context.deregister_table(name.as_str());
            let _ = context.register_table(name.as_str(), Arc::new(rows));
        }
    }
    failures
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

async fn register_one(context: &SessionContext, population: &Population, moment: Moment) -> Result<(), DataFusionError> {
    let name = population.name.as_str();
    let _ = context.deregister_table(name);
    let statement = parse_bound(context, &population.sql, moment)?;
    let plan = context.state().statement_to_plan(statement).await?;
    context.register_table(name, Arc::new(ViewTable::new(plan, None)))?;
    Ok(())
}
