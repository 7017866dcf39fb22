//! Populations that are answered once for everything that reads them.
//!
//! In: a session over pinned tables, the library, the queries of one moment. Out: the same queries, optimised, over stored rows wherever a
//! population that joins, aggregates or numbers its rows is read more than once. Never here: which indicators there are, figures.
//!
//! - A population that looks at neither `$as_of` nor `$from`, itself or below, stands for every moment; one that looks at `$as_of` alone
//!   for every window that ends there.
//! - Only the columns that somebody reads are computed and kept. A later query that needs another column has the rows made again, with it.
//! - So is a part of a population (`WITH name AS …`) that its own SELECT reads more than once, and that joins, aggregates or numbers;
//!   and a part of a query, as long as its asker needs it ([`SharedPopulations::over_shared_rows`]).
//! - What reads its tables row by row stays a view: reading them again costs no more than reading a copy.
//! - Rows that can't be stored stay a view as well; the query that needs them then says why.
//! - `source_file` names the load as well, as in [`super::loads`], so that rows lead back to their file wherever they are read.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use datafusion::common::tree_node::{Transformed, TreeNodeRecursion};
use datafusion::common::{DataFusionError, Result, TableReference};
use datafusion::datasource::{provider_as_source, source_as_provider};
use datafusion::execution::{SessionState, SessionStateBuilder, TaskContext};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, SubqueryAlias};
use datafusion::physical_plan::{ExecutionPlan, collect};
use datafusion::prelude::SessionContext;
use futures::StreamExt;
use futures::stream::FuturesUnordered;

use super::loads::with_loads;
use super::populations::{Dependencies, register_one};
use crate::functions::Moment;
use crate::lake::{RoomForRows, StoredRows, in_parts};
use crate::library::Library;

/// Columns that lead from a row to its record: kept wherever records will be listed.
pub const RECORD_COLUMNS: [&str; 7] = ["record_id", "source_file", "source_line", "due_on", "due_at", "state", "excluded_because"];

/// Queries that are answered at the same time: where one of them gathers a side of a join on one core, the others have the rest.
const AT_ONCE: usize = 3;

/// What later stages of a run will read at one instant, beside the queries that are being prepared.
#[derive(Debug, Clone, Default)]
pub struct Later {
    /// Population → how often, with the columns of a record beside its own.
    pub listed: BTreeMap<String, usize>,
    /// Populations that are read with all their columns.
    pub whole: BTreeSet<String>,
    /// Population, or part of one → columns that are read: see [`SharedPopulations::would_store`].
    pub columns: BTreeMap<String, BTreeSet<String>>,
}

/// The populations of one run.
pub struct SharedPopulations<'a> {
    context: SessionContext,
    library: &'a Library,
    dependencies: Dependencies,
    /// Population → which of `$as_of` and `$from` it looks at, itself or below.
    looks_at: BTreeMap<String, (bool, bool)>,
    folder: PathBuf,
    /// The moment that later stages stand at, and what they will read there.
    later: Option<(Moment, Later)>,
    moment: Option<Moment>,
    /// Views of the moment: populations, and the parts of them that are read more than once.
    views: BTreeMap<String, View>,
    /// What a part is called in its population → the views that it may stand for.
    part_names: BTreeMap<String, Vec<String>>,
    stored: BTreeMap<Key, Kept>,
    /// Populations whose rows could not be stored.
    failed: BTreeSet<Key>,
    /// Population → seconds spent on storing its rows.
    seconds: BTreeMap<String, f64>,
    elapsed: &'a (dyn Fn() -> f64 + Sync),
}

/// A population at the moments at which it is the same.
type Key = (String, Option<i64>, Option<i64>);

struct View {
    plan: LogicalPlan,
    /// Populations and parts that its own SQL reads, once for each time.
    reads: Vec<String>,
    is_work: bool,
    /// Whose part it is; none for a population.
    part_of: Option<String>,
}

struct Kept {
    rows: Arc<StoredRows>,
    /// Answers all columns; reads stored rows of others.
    plan: LogicalPlan,
}

/// Rows that are to be stored.
struct Ahead {
    name: String,
    /// Places of the columns.
    columns: Vec<usize>,
    /// Answers exactly these.
    plan: LogicalPlan,
    /// Stored rows that it reads.
    reads: Vec<String>,
}

impl<'a> SharedPopulations<'a> {
    /// Nothing is stored yet. `folder` takes the files, and goes with the run; `elapsed` gives the seconds since the run began.
    pub fn new(context: &SessionContext, library: &'a Library, folder: PathBuf, elapsed: &'a (dyn Fn() -> f64 + Sync)) -> Self {
        let (dependencies, _) = Dependencies::of(context, library);
        let mut looks_at: BTreeMap<String, (bool, bool)> = BTreeMap::new();
        for name in dependencies.in_order() {
            let sql = &library.populations[name].sql;
            let own = (sql.contains("$as_of"), sql.contains("$from"));
            let below = dependencies.reads(name).filter_map(|read| looks_at.get(read));
            let all = below.fold(own, |all, below| (all.0 || below.0, all.1 || below.1));
            looks_at.insert(name.to_owned(), all);
        }
        Self {
            context: context.clone(),
            library,
            dependencies,
            looks_at,
            folder,
            later: None,
            moment: None,
            views: BTreeMap::new(),
            part_names: BTreeMap::new(),
            stored: BTreeMap::new(),
            failed: BTreeSet::new(),
            seconds: BTreeMap::new(),
            elapsed,
        }
    }

    /// The session.
    pub fn context(&self) -> &SessionContext {
        &self.context
    }

    /// Who reads what.
    pub fn dependencies(&self) -> &Dependencies {
        &self.dependencies
    }

    /// How many queries may be answered at the same time: one, where memory is short.
    pub fn at_once(&self) -> usize {
        let is_plenty = RoomForRows::of(&self.context.copied_config()).is_some_and(|room| room.is_plenty());
        if is_plenty { AT_ONCE } else { 1 }
    }

    /// Seconds spent on storing rows, by population; those that were stored at the same time count their own each.
    pub fn seconds(&self) -> &BTreeMap<String, f64> {
        &self.seconds
    }

    /// Says what will be read at a moment once the queries before are done.
    pub fn expect(&mut self, moment: Moment, later: Later) {
        self.later = Some((moment, later));
    }

    /// Makes a view of every population that the names (populations or tables) rest on, at a moment. Rows of other instants are dropped,
    /// except those that later stages read. Failures are returned by name.
    pub async fn stand_at(&mut self, moment: Moment, names: impl IntoIterator<Item = String>) -> Vec<(String, DataFusionError)> {
        if self.moment != Some(moment) {
            for name in std::mem::take(&mut self.views).into_keys() {
                let _ = self.context.deregister_table(TableReference::bare(name));
            }
            self.part_names.clear();
            let kept = [Some(moment.as_of), self.later.as_ref().map(|(moment, _)| moment.as_of)];
            self.stored.retain(|(_, as_of, _), _| as_of.is_none() || kept.contains(as_of));
            self.moment = Some(moment);
        }
        let wanted = self.dependencies.populations_below(names);
        let mut failures = Vec::new();
        let is_ahead = |name: &&str| wanted.contains(*name) && !self.views.contains_key(*name);
        let ahead: Vec<String> = self.dependencies.in_order().filter(is_ahead).map(str::to_owned).collect();
        for name in ahead {
            match register_one(&self.context, &self.library.populations[&name], moment).await {
                Ok(plan) => {
                    let is_work = self.is_work(&plan);
                    self.add_parts(&name, &plan);
                    self.views.insert(name, View { reads: self.read_by(&plan), is_work, part_of: None, plan });
                }
                Err(error) => failures.push((name, error)),
            }
        }
        failures
    }

    /// Makes a view of every part of a population's plan that is work and stands there more than once. One that another population has as well
    /// is the same part, and looks at an instant only where both do.
    fn add_parts(&mut self, name: &str, plan: &LogicalPlan) {
        let own = self.looks(name);
        for known in self.read_by(plan).into_iter().filter(|known| self.views[known].part_of.is_some()) {
            let theirs = self.looks(&known);
            self.looks_at.insert(known, (own.0 && theirs.0, own.1 && theirs.1));
        }
        let mut found: Vec<(String, LogicalPlan, usize)> = Vec::new();
        self.each_own_node(plan, |node| {
            let LogicalPlan::SubqueryAlias(SubqueryAlias { input, alias, .. }) = node else { return };
            // `FROM firms AS f` is the part `firms` by another name.
            if matches!(input.as_ref(), LogicalPlan::SubqueryAlias(_)) {
                return;
            }
            match found.iter_mut().find(|(known, plan, _)| known == alias.table() && *plan == **input) {
                Some((_, _, times)) => *times += 1,
                None => found.push((alias.table().to_owned(), input.as_ref().clone(), 1)),
            }
        });
        let is_known = |plan: &LogicalPlan| self.views.values().any(|view| view.part_of.is_some() && view.plan == *plan);
        found.retain(|(_, plan, times)| *times > 1 && self.is_work(plan) && !is_known(plan));
        // What is read by another part is a part of its plan.
        found.sort_by_cached_key(|(_, plan, _)| nodes_of(plan));
        for (alias, plan, _) in found {
            let part = format!("{name}.{alias}");
            // Two parts of one name: the second is answered where it stands.
            if self.views.contains_key(&part) {
                continue;
            }
            let view = View { reads: self.read_by(&plan), is_work: true, part_of: Some(name.to_owned()), plan };
            self.views.insert(part.clone(), view);
            self.looks_at.insert(part.clone(), own);
            self.part_names.entry(alias).or_default().push(part);
        }
    }

    /// Every view, each after those that it reads.
    fn in_order(&self) -> Vec<&str> {
        let mut order = Vec::with_capacity(self.views.len());
        let mut ahead: Vec<(&str, bool)> = self.views.keys().rev().map(|name| (name.as_str(), false)).collect();
        let mut seen = BTreeSet::new();
        while let Some((name, has_what_it_reads)) = ahead.pop() {
            if has_what_it_reads {
                order.push(name);
            } else if seen.insert(name) {
                ahead.push((name, true));
                ahead.extend(self.views[name].reads.iter().map(|read| (read.as_str(), false)));
            }
        }
        order
    }

    /// Runs one query at the moment.
    ///
    /// # Errors
    /// A query that does not plan or run.
    pub async fn rows(&mut self, sql: &str) -> Result<Vec<RecordBatch>> {
        let plan = self.context.sql(sql).await?.into_unoptimized_plan();
        self.answered(plan).await
    }

    /// Runs one planned query at the moment.
    ///
    /// # Errors
    /// A query that does not run.
    pub async fn answered(&mut self, plan: LogicalPlan) -> Result<Vec<RecordBatch>> {
        let prepared = self.prepared(vec![plan]).await.pop().expect("an answer a query");
        answer(&self.context, &prepared?).await
    }

    /// Whether a node of a plan stands for a population whose rows are made and not only read: it joins, groups or numbers them.
    pub fn is_made(&self, node: &LogicalPlan) -> bool {
        self.population_of(node).is_some_and(|name| self.views[name].is_work)
    }

    /// Runs an optimised query at the moment; its seconds are told with those of the population `name`.
    ///
    /// # Errors
    /// A query that does not run.
    pub async fn run<T>(
        &mut self,
        name: &str,
        optimised: &LogicalPlan,
        run: impl AsyncFn(Arc<dyn ExecutionPlan>, Arc<TaskContext>) -> Result<T>,
    ) -> Result<T> {
        let begun = (self.elapsed)();
        let state = self.context.state();
        let answer = async { in_memory_or_less(&state, optimised, physical(&state, optimised).await?, run).await }.await;
        *self.seconds.entry(name.to_owned()).or_default() += (self.elapsed)() - begun;
        answer
    }

    /// The queries, optimised, in the same order; the rows that they share are there when this returns.
    pub async fn prepared(&mut self, queries: Vec<LogicalPlan>) -> Vec<Result<LogicalPlan>> {
        let state = self.context.state();
        self.prepared_by(&state, queries).await
    }

    /// Population, or part of one → columns that would be stored for the queries and whatever else is asked at the moment. Nothing is stored.
    pub async fn would_store(&mut self, state: &SessionState, queries: &[LogicalPlan]) -> BTreeMap<String, BTreeSet<String>> {
        let known: BTreeSet<Key> = self.stored.keys().cloned().collect();
        let mut chosen = self.chosen(queries, 1);
        for name in chosen.clone() {
            if self.make_place(&name, &chosen).is_err() {
                chosen.retain(|one| *one != name);
            }
        }
        let ahead = loop {
            let optimised = self.optimised(state, queries, &chosen).await;
            match self.ahead_of(&optimised, &chosen) {
                Ok(ahead) => break ahead,
                Err(name) => chosen.retain(|one| *one != name),
            }
        };
        let columns = ahead.into_iter().map(|one| {
            let fields = self.stored[&self.key(&one.name)].plan.schema().fields().clone();
            (one.name, one.columns.into_iter().map(|place| fields[place].name().clone()).collect())
        });
        let columns = columns.collect();
        self.stored.retain(|key, _| known.contains(key));
        columns
    }

    async fn prepared_by(&mut self, state: &SessionState, queries: Vec<LogicalPlan>) -> Vec<Result<LogicalPlan>> {
        loop {
            let chosen = self.chosen(&queries, 2);
            for name in &chosen {
                if self.make_place(name, &chosen).is_err() {
                    self.give_up(name);
                }
            }
            let optimised = self.optimised(state, &queries, &chosen).await;
            match self.fill(&optimised, &chosen).await {
                Ok(()) => return optimised,
                // Once more without it: as a view it may fail again, but then only those fail that read what is wrong.
                Err(name) => self.give_up(&name),
            }
        }
    }

    /// Stores what the queries share, and the columns that any of them needs by the optimiser of `state`. Queries that can't be prepared are passed over:
    /// whoever runs them hears why.
    pub async fn store_for(&mut self, state: &SessionState, queries: Vec<LogicalPlan>) {
        drop(self.prepared_by(state, queries).await);
    }

    /// The queries over stored rows, which are there when this returns, in the same order; not optimised, so that more can be asked of them than their rows:
    /// in `state`, whose optimiser says which columns are stored. Their own parts are stored as well, until [`Self::forget_parts_of`] this name, which is no
    /// population's.
    ///
    /// # Errors
    /// A query that does not plan.
    pub async fn over_shared_rows(&mut self, state: &SessionState, name: &str, queries: Vec<LogicalPlan>) -> Result<Vec<LogicalPlan>> {
        queries.iter().for_each(|query| self.add_parts(name, query));
        self.prepared_by(state, queries.clone()).await.into_iter().collect::<Result<Vec<_>>>()?;
        let mut chosen = self.chosen(&queries, 2);
        // What the optimiser has done away with is not stored.
        chosen.retain(|name| self.stored.get(&self.key(name)).is_some_and(|kept| !kept.rows.columns().is_empty()));
        queries.into_iter().map(|query| self.over_stored(query, &chosen)).collect()
    }

    /// Gives back the rows of a query's own parts.
    pub fn forget_parts_of(&mut self, name: &str) {
        let is_part = |view: &View| view.part_of.as_deref() == Some(name);
        let parts: Vec<String> = self.views.iter().filter(|(_, view)| is_part(view)).map(|(part, _)| part.clone()).collect();
        for part in parts {
            let key = self.key(&part);
            self.stored.remove(&key);
            self.failed.remove(&key);
            self.looks_at.remove(&part);
            self.views.remove(&part);
            self.part_names.values_mut().for_each(|known| known.retain(|known| *known != part));
        }
    }

    fn give_up(&mut self, name: &str) {
        let key = self.key(name);
        self.stored.remove(&key);
        // What is not filled yet may have been planned over it.
        self.stored.retain(|_, kept| !kept.rows.columns().is_empty());
        self.failed.insert(key);
    }

    /// Whose time it is that a view takes: a part's is its population's.
    fn owner<'n>(&'n self, name: &'n str) -> &'n str {
        self.views.get(name).and_then(|view| view.part_of.as_deref()).unwrap_or(name)
    }

    /// Which of `$as_of` and `$from` a population or part looks at; both where that is not known.
    fn looks(&self, name: &str) -> (bool, bool) {
        self.looks_at.get(name).copied().unwrap_or((true, true))
    }

    fn key(&self, name: &str) -> Key {
        let (as_of, from) = self.looks(name);
        let moment = self.moment.unwrap_or(Moment { as_of: 0, from: 0 });
        (name.to_owned(), as_of.then_some(moment.as_of), from.then_some(moment.from))
    }

    fn later(&self) -> Option<&Later> {
        let (moment, later) = self.later.as_ref()?;
        (self.moment?.as_of == moment.as_of).then_some(later)
    }

    /// Columns of a view that later stages read where it is the same for them: what looks at the beginning of the window is another one in another window.
    fn read_later(&self, name: &str) -> Option<&BTreeSet<String>> {
        let (moment, _) = self.later.as_ref()?;
        let is_same = self.moment? == *moment || !self.looks(name).1;
        self.later()?.columns.get(name).filter(|_| is_same)
    }

    /// The population, or the part of one, that a node of a plan stands for.
    fn population_of(&self, node: &LogicalPlan) -> Option<&str> {
        let LogicalPlan::SubqueryAlias(SubqueryAlias { input, alias, .. }) = node else { return None };
        let of_that_name = self.views.get_key_value(alias.table()).map(|(name, _)| name);
        let mut names = of_that_name.into_iter().chain(self.part_names.get(alias.table()).into_iter().flatten());
        // A CTE may have the name of a population.
        names.find(|name| self.views[name.as_str()].plan == **input).map(String::as_str)
    }

    /// Populations that a plan reads, once for each time; not those that they read.
    fn read_by(&self, plan: &LogicalPlan) -> Vec<String> {
        let mut found = Vec::new();
        self.each_own_node(plan, |node| found.extend(self.population_of(node).map(str::to_owned)));
        found
    }

    /// Whether answering it once and reading the answer costs less than answering it twice: joins, groups, numbers, takes lists apart.
    fn is_work(&self, plan: &LogicalPlan) -> bool {
        use LogicalPlan::{Aggregate, Distinct, Join, Sort, Unnest, Window};
        let mut found = false;
        self.each_own_node(plan, |node| {
            found |= matches!(node, Join(_) | Aggregate(_) | Window(_) | Distinct(_) | Unnest(_) | Sort(_));
        });
        found
    }

    /// Tells of every node of a plan, down to the populations that it reads and not below them.
    fn each_own_node(&self, plan: &LogicalPlan, mut tell: impl FnMut(&LogicalPlan)) {
        let walked = plan.apply_with_subqueries(|node| {
            tell(node);
            Ok(if self.population_of(node).is_some() { TreeNodeRecursion::Jump } else { TreeNodeRecursion::Continue })
        });
        walked.expect("no step of the walk fails");
    }

    /// Which populations and parts are stored, each after those that it reads: those that are read so often, and what others read as well.
    fn chosen(&self, queries: &[LogicalPlan], times_read: usize) -> Vec<String> {
        let mut uses: BTreeMap<String, usize> = BTreeMap::new();
        for name in queries.iter().flat_map(|query| self.read_by(query)) {
            *uses.entry(name).or_default() += 1;
        }
        for (name, more) in self.later().into_iter().flat_map(|later| &later.listed) {
            if let Some(uses) = uses.get_mut(name) {
                *uses += more;
            }
        }
        let mut chosen = Vec::new();
        for name in self.in_order().into_iter().rev() {
            let (view, Some(times)) = (&self.views[name], uses.get(name).copied()) else { continue };
            let times = times + usize::from(self.read_later(name).is_some());
            let key = self.key(name);
            // What stands for every moment is read at the next one as well.
            let is_for_all = view.part_of.is_none() && key.1.is_none();
            let is_shared = times >= times_read || is_for_all || self.later().is_some_and(|later| later.whole.contains(name));
            let is_stored = view.is_work && is_shared && !self.failed.contains(&key);
            if is_stored || self.stored.contains_key(&key) {
                chosen.push(name.to_owned());
            }
            for read in &view.reads {
                *uses.entry(read.clone()).or_default() += if is_stored { 1 } else { times };
            }
        }
        chosen.reverse();
        chosen
    }

    /// The plan over the stored rows of `chosen`.
    fn over_stored(&self, plan: LogicalPlan, chosen: &[String]) -> Result<LogicalPlan> {
        let replaced = plan.transform_down_with_subqueries(|node| {
            let kept = self
                .population_of(&node)
                .filter(|name| chosen.iter().any(|one| one == name))
                .and_then(|name| Some((name.to_owned(), self.stored.get(&self.key(name))?)));
            let Some((name, kept)) = kept else { return Ok(Transformed::no(node)) };
            let source = provider_as_source(Arc::clone(&kept.rows) as _);
            let mut scan = LogicalPlanBuilder::scan(TableReference::bare(name.clone()), source, None)?;
            if let LogicalPlan::SubqueryAlias(SubqueryAlias { alias, .. }) = &node
                && alias.table() != name
            {
                scan = scan.alias(alias.clone())?;
            }
            Ok(Transformed::new(scan.build()?, true, TreeNodeRecursion::Jump))
        })?;
        with_loads(replaced.data)
    }

    /// A place for the rows of a population, before anything is computed: its columns have the types that the engine gives them in the end.
    fn make_place(&mut self, name: &str, chosen: &[String]) -> Result<()> {
        let key = self.key(name);
        if self.stored.contains_key(&key) {
            return Ok(());
        }
        let plan = self.over_stored(self.views[name].plan.clone(), chosen)?;
        let state = self.context.state();
        let plan = state.analyzer().execute_and_check(plan, state.config_options(), |_, _| {})?;
        let rows = Arc::new(StoredRows::new(name, plan.schema().as_arrow()));
        self.stored.insert(key, Kept { rows, plan });
        Ok(())
    }

    async fn optimised(&self, state: &SessionState, queries: &[LogicalPlan], chosen: &[String]) -> Vec<Result<LogicalPlan>> {
        let mut tasks = Vec::new();
        for query in queries {
            let state = state.clone();
            let over_stored = self.over_stored(query.clone(), chosen);
            tasks.push(tokio::spawn(async move { state.optimize(&over_stored?) }));
        }
        let mut optimised = Vec::new();
        for task in tasks {
            optimised.push(task.await.map_err(|error| DataFusionError::External(Box::new(error))).and_then(|plan| plan));
        }
        optimised
    }

    /// What the plans need and is not there yet, each after what it reads; else the name of the population that can't be planned.
    fn ahead_of(&self, plans: &[Result<LogicalPlan>], chosen: &[String]) -> std::result::Result<Vec<Ahead>, String> {
        let mut needed: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
        for plan in plans.iter().flatten() {
            columns_read(plan, &mut needed);
        }
        let state = self.context.state();
        let mut ahead: Vec<Ahead> = Vec::new();
        for name in chosen.iter().rev() {
            let Some(kept) = self.stored.get(&self.key(name)) else { continue };
            let Some(mut columns) = needed.get(name).cloned() else { continue };
            if kept.rows.has(columns.iter().copied()) {
                continue;
            }
            columns.extend(kept.rows.columns());
            columns.extend(self.columns_for_later(name, kept.plan.schema().as_arrow()));
            let columns: Vec<usize> = columns.into_iter().collect();
            let plan = projected(&kept.plan, &columns).and_then(|plan| state.optimize(&plan)).map_err(|_| name.clone())?;
            let mut read = BTreeMap::new();
            columns_read(&plan, &mut read);
            let reads = read.keys().cloned().collect();
            read.into_iter().for_each(|(name, columns)| needed.entry(name).or_default().extend(columns));
            ahead.push(Ahead { name: name.clone(), columns, plan, reads });
        }
        ahead.reverse();
        Ok(ahead)
    }

    /// Stores what the plans need and is not there yet; else the name of the population that could not be.
    async fn fill(&mut self, plans: &[Result<LogicalPlan>], chosen: &[String]) -> std::result::Result<(), String> {
        let ahead = self.ahead_of(plans, chosen)?;
        let state = self.context.state();
        let (seconds, failed) = self.fill_side_by_side(&state, ahead).await;
        for (name, seconds) in seconds {
            let owner = self.owner(&name).to_owned();
            *self.seconds.entry(owner).or_default() += seconds;
        }
        failed.map_or(Ok(()), Err)
    }

    /// Stores what stands ahead, several at once where memory is plenty: each after what it reads. What does not fit beside others is tried again
    /// alone, where it may also run in parts, and so is all that follows. Returns the seconds of each, and the first that could not be stored.
    async fn fill_side_by_side(&self, state: &SessionState, mut ahead: Vec<Ahead>) -> (Vec<(String, f64)>, Option<String>) {
        let fill = async |one: Ahead, is_alone: bool| {
            let begun = (self.elapsed)();
            let rows = &self.stored[&self.key(&one.name)].rows;
            let fill = async |plan, task| rows.fill(plan, one.columns.clone(), task, &self.folder).await;
            let stored = async {
                let plan = physical(state, &one.plan).await?;
                if is_alone { in_memory_or_less(state, &one.plan, plan, fill).await } else { fill(plan, state.task_ctx()).await }
            };
            let stored = stored.await;
            (one, (self.elapsed)() - begun, stored)
        };
        let (mut filling, mut seconds, mut failed) = (FuturesUnordered::new(), Vec::new(), None);
        let mut in_hand: BTreeSet<String> = ahead.iter().map(|one| one.name.clone()).collect();
        let mut at_once = self.at_once();
        loop {
            while failed.is_none() && filling.len() < at_once {
                let is_ready = |one: &Ahead| one.reads.iter().all(|name| !in_hand.contains(name));
                let Some(place) = ahead.iter().position(is_ready) else { break };
                filling.push(fill(ahead.remove(place), at_once == 1));
            }
            let Some((one, spent, stored)) = filling.next().await else { break };
            seconds.push((one.name.clone(), spent));
            match stored {
                Ok(()) => drop(in_hand.remove(&one.name)),
                Err(error) if at_once > 1 && has_no_room(&error) => {
                    at_once = 1;
                    ahead.insert(0, one);
                }
                Err(_) => drop(failed.get_or_insert(one.name)),
            }
        }
        // Nothing waits for itself; if it did, it would be answered where it stands.
        (seconds, failed.or_else(|| ahead.into_iter().next().map(|one| one.name)))
    }

    fn columns_for_later(&self, name: &str, schema: &Schema) -> Vec<usize> {
        let Some(later) = self.later() else { return Vec::new() };
        let is_whole = later.whole.contains(name);
        let is_listed = later.listed.contains_key(name);
        let own = self.read_later(name);
        let is_own = |column: &str| own.is_some_and(|columns| columns.contains(column));
        let is_kept = |column: &str| is_whole || is_own(column) || is_listed && RECORD_COLUMNS.contains(&column);
        (0..schema.fields().len()).filter(|place| is_kept(schema.field(*place).name())).collect()
    }
}

fn nodes_of(plan: &LogicalPlan) -> usize {
    let mut nodes = 0;
    let walked = plan.apply_with_subqueries(|_| {
        nodes += 1;
        Ok(TreeNodeRecursion::Continue)
    });
    walked.expect("no step of the walk fails");
    nodes
}

/// The physical plan of a query that is optimised already.
///
/// # Errors
/// A plan that the engine refuses.
pub async fn physical(state: &SessionState, optimised: &LogicalPlan) -> Result<Arc<dyn ExecutionPlan>> {
    state.query_planner().create_physical_plan(optimised, state).await
}

/// The rows of a query that is optimised already.
///
/// # Errors
/// A query that does not run.
pub async fn answer(context: &SessionContext, optimised: &LogicalPlan) -> Result<Vec<RecordBatch>> {
    let state = context.state();
    answer_by(&state, optimised, physical(&state, optimised).await?).await
}

/// The rows of a query that is optimised already, by the physical plan that was made of it.
///
/// # Errors
/// A query that does not run.
pub async fn answer_by(state: &SessionState, optimised: &LogicalPlan, plan: Arc<dyn ExecutionPlan>) -> Result<Vec<RecordBatch>> {
    in_memory_or_less(state, optimised, plan, collect).await
}

/// Runs a plan with hash joins, which are fast and hold one side in memory; where the memory limit does not allow that, once more as
/// [`with_less_memory`] says.
async fn in_memory_or_less<T>(
    state: &SessionState,
    optimised: &LogicalPlan,
    plan: Arc<dyn ExecutionPlan>,
    run: impl AsyncFn(Arc<dyn ExecutionPlan>, Arc<TaskContext>) -> Result<T>,
) -> Result<T> {
    let mut answer = run(plan, state.task_ctx()).await;
    for state in with_less_memory(state) {
        if !answer.as_ref().is_err_and(has_no_room) {
            break;
        }
        answer = async { run(physical(&state, optimised).await?, state.task_ctx()).await }.await;
    }
    answer
}

/// Sessions for a query that has found no room, each with less need of memory than the one before: in parts, of which a few are in memory at a
/// time; then, for a part that is too large by itself (half of the rows have one key), with joins that sort both sides and spill.
pub fn with_less_memory(state: &SessionState) -> [SessionState; 2] {
    [in_parts(state.clone()), spilling(state.clone())]
}

/// Whether a query failed because of the memory limit.
pub fn has_no_room(error: &DataFusionError) -> bool {
    matches!(error.find_root(), DataFusionError::ResourcesExhausted(_))
}

/// Rows of a batch where memory is short.
const SPILLING_BATCH_ROWS: usize = 1024;

/// The session with joins that spill. Batches are small: a sorter that merges what it has spilled holds two batches of every file, and
/// leaves nothing to the other side of the join where they are large.
fn spilling(state: SessionState) -> SessionState {
    let mut config = state.config().clone().with_batch_size(SPILLING_BATCH_ROWS);
    config.options_mut().optimizer.prefer_hash_join = false;
    // The tables are those of the session, whose catalog is shared: a new one would stand in its place.
    config.options_mut().catalog.create_default_catalog_and_schema = false;
    SessionStateBuilder::new_from_existing(state).with_config(config).build()
}

/// The columns of a plan at these places.
fn projected(plan: &LogicalPlan, columns: &[usize]) -> Result<LogicalPlan> {
    let schema = plan.schema();
    let columns = columns.iter().map(|place| Expr::from(schema.qualified_field(*place)));
    LogicalPlanBuilder::from(plan.clone()).project(columns)?.build()
}

/// Adds the columns of stored rows that an optimised plan reads; the first one where it only counts rows: there must be something to count.
fn columns_read(plan: &LogicalPlan, needed: &mut BTreeMap<String, BTreeSet<usize>>) {
    let _ = plan.apply_with_subqueries(|node| {
        if let LogicalPlan::TableScan(scan) = node
            && source_as_provider(&scan.source).is_ok_and(|provider| provider.is::<StoredRows>())
        {
            let columns = needed.entry(scan.table_name.table().to_owned()).or_default();
            match &scan.projection {
                Some(places) => columns.extend(places),
                None => columns.extend(0..scan.source.schema().fields().len()),
            }
            if columns.is_empty() {
                columns.insert(0);
            }
        }
        Ok(TreeNodeRecursion::Continue)
    });
}

#[cfg(test)]
mod tests {
    use arrow::util::pretty::pretty_format_batches;
    use datafusion::prelude::{DataFrame, SessionConfig, col, lit};

    use super::*;
    use crate::library::indicator::Population;

    const EARLY: Moment = Moment { as_of: 1_000_000, from: 0 };
    const LATE: Moment = Moment { as_of: 2_000_000, from: 0 };

    /// A library of these populations and no others.
    fn library(populations: &[(&str, &str)]) -> Library {
        let (mut library, _) = Library::read(None).expect("the shipped library reads");
        let some = library.populations.values().next().expect("a population").clone();
        let of = |(name, sql): &(&str, &str)| {
            ((*name).to_owned(), Population { name: (*name).to_owned(), sql: (*sql).to_owned(), ..some.clone() })
        };
        library.populations = populations.iter().map(of).collect();
        library
    }

    async fn session() -> SessionContext {
        let config = SessionConfig::new().with_extension(Arc::new(RoomForRows::within(None)));
        let context = SessionContext::new_with_config(config);
        let rows = "CREATE TABLE visits AS SELECT * FROM (VALUES ('A', 'X', 1, 'one'), ('A', 'X', 2, 'two'), ('B', 'Y', 1, '3'))
            AS rows (unit_id, firm, visit, said)";
        context.sql(rows).await.expect("planned").collect().await.expect("made");
        context
    }

    const NUMBERED: (&str, &str) =
        ("numbered", "SELECT unit_id, firm, said, row_number() OVER (PARTITION BY firm ORDER BY visit) AS nth FROM visits");
    /// It looks at the as-of instant, and keeps every row of it.
    const SEEN: (&str, &str) =
        ("seen", "SELECT DISTINCT unit_id, firm, said FROM visits WHERE arrow_cast(visit, 'Int64') > 0 AND $as_of IS NOT NULL");
    const COUNT: &str = "SELECT unit_id, count(*) AS visits FROM numbered WHERE nth = 1 GROUP BY unit_id";

    async fn plans(context: &SessionContext, queries: &[&str]) -> Vec<LogicalPlan> {
        let mut plans = Vec::new();
        for query in queries {
            plans.push(context.state().create_logical_plan(query).await.expect("planned"));
        }
        plans
    }

    async fn answer(context: &SessionContext, plan: Result<LogicalPlan>) -> String {
        let batches = super::answer(context, &plan.expect("optimised")).await.expect("answered");
        let mut lines: Vec<String> = pretty_format_batches(&batches).expect("text").to_string().lines().map(str::to_owned).collect();
        lines.sort();
        lines.join("\n")
    }

    /// What is stored, with the number of its columns.
    fn stored(shared: &SharedPopulations<'_>) -> Vec<(String, usize)> {
        shared
            .stored
            .iter()
            .map(|((name, ..), kept)| (name.clone(), kept.rows.columns().len()))
            .filter(|(_, columns)| *columns > 0)
            .collect()
    }

    #[tokio::test]
    async fn what_is_read_twice_is_answered_once_with_the_columns_that_are_read() {
        let (context, library) = (session().await, library(&[NUMBERED, SEEN]));
        let folder = tempfile::tempdir().expect("temporary folder");
        let mut shared = SharedPopulations::new(&context, &library, folder.path().to_owned(), &|| 0.0);
        assert!(shared.stand_at(EARLY, ["seen".to_owned(), "numbered".to_owned()]).await.is_empty());
        let once = "SELECT firm FROM seen";
        let alone = [answer(&context, context.state().optimize(&plans(&context, &[COUNT]).await[0])).await];
        let prepared = shared.prepared(plans(&context, &[once]).await).await;
        assert_eq!(stored(&shared), [], "read once, it stays a view");
        assert_eq!(prepared.len(), 1);
        for plan in shared.prepared(plans(&context, &[COUNT, COUNT]).await).await {
            assert_eq!([answer(&context, plan).await], alone);
        }
        assert_eq!(stored(&shared), [("numbered".to_owned(), 2)]);
        for plan in shared.prepared(plans(&context, &["SELECT said FROM numbered WHERE nth = 2"]).await).await {
            assert!(answer(&context, plan).await.contains("two"));
        }
        assert_eq!(stored(&shared), [("numbered".to_owned(), 3)], "another column has the rows made again");
    }

    #[tokio::test]
    async fn a_part_that_its_population_reads_twice_is_answered_once() {
        let sql = "WITH firms AS (SELECT firm, unit_id, count(*) AS visits, min(said) AS said FROM visits
                    WHERE arrow_cast(visit, 'Int64') * 1000000 <= arrow_cast($as_of, 'Int64') GROUP BY firm, unit_id),
                largest AS (SELECT firm, max(visits) AS visits FROM firms GROUP BY firm)
            SELECT f.unit_id, f.firm, f.visits, f.visits = g.visits AS is_largest
            FROM firms AS f LEFT JOIN largest AS g ON g.firm = f.firm WHERE f.visits > 0";
        let (context, library) = (session().await, library(&[("compared", sql)]));
        let folder = tempfile::tempdir().expect("temporary folder");
        let mut shared = SharedPopulations::new(&context, &library, folder.path().to_owned(), &|| 0.0);
        let count = "SELECT unit_id, sum(visits) AS visits, count(*) FILTER (WHERE is_largest) AS largest FROM compared GROUP BY unit_id";
        let mut answers = Vec::new();
        for moment in [EARLY, LATE] {
            assert!(shared.stand_at(moment, ["compared".to_owned()]).await.is_empty());
            let alone = answer(&context, context.state().optimize(&plans(&context, &[count]).await[0])).await;
            for plan in shared.prepared(plans(&context, &[count]).await).await {
                assert_eq!(answer(&context, plan).await, alone);
            }
            assert_eq!(stored(&shared), [("compared.firms".to_owned(), 3)], "without the column that nobody reads; `largest` is read once");
            answers.push(alone);
        }
        assert_ne!(answers[0], answers[1], "one visit is later");
        assert_eq!(shared.seconds().keys().collect::<Vec<_>>(), ["compared"]);
    }

    #[tokio::test]
    async fn a_part_of_two_populations_is_one_and_one_that_can_not_be_made_fails_nobody_else() {
        let part = "WITH numbered AS (SELECT unit_id, said, row_number() OVER (PARTITION BY firm ORDER BY visit) AS nth FROM visits)";
        let twice = "SELECT a.unit_id, a.nth FROM numbered AS a JOIN numbered AS b ON b.unit_id = a.unit_id AND b.nth = a.nth";
        let (first, second) = (format!("{part} {twice}"), format!("{part} {twice} WHERE $as_of IS NOT NULL"));
        let wrong = "WITH numbers AS (SELECT unit_id, nth, CAST(said AS BIGINT) AS number
                FROM (SELECT *, row_number() OVER (PARTITION BY firm ORDER BY visit) AS nth FROM visits) AS v)
            SELECT a.unit_id FROM numbers AS a JOIN numbers AS b ON b.nth = a.nth AND b.number = a.number";
        let (context, library) = (session().await, library(&[("first", &first), ("second", &second), ("wrong", wrong)]));
        let folder = tempfile::tempdir().expect("temporary folder");
        let mut shared = SharedPopulations::new(&context, &library, folder.path().to_owned(), &|| 0.0);
        let asked = ["first", "second", "wrong"].map(|name| format!("SELECT unit_id, count(*) AS n FROM {name} GROUP BY unit_id"));
        let asked: Vec<&str> = asked.iter().map(String::as_str).collect();
        for moment in [EARLY, LATE] {
            assert!(shared.stand_at(moment, ["first", "second", "wrong"].map(str::to_owned)).await.is_empty());
            let [first, second, wrong] = <[_; 3]>::try_from(shared.prepared(plans(&context, &asked).await).await).expect("three");
            assert_eq!(answer(&context, first).await, answer(&context, second).await);
            assert!(super::answer(&context, &wrong.expect("optimised")).await.is_err());
            let kept: Vec<String> = stored(&shared).into_iter().map(|(name, _)| name).collect();
            assert_eq!(kept.iter().filter(|name| name.ends_with(".numbered")).count(), 1, "{kept:?}");
            assert!(!kept.iter().any(|name| ["wrong", "wrong.numbers"].contains(&name.as_str())), "{kept:?}");
        }
    }

    #[tokio::test]
    async fn what_reads_stored_rows_is_stored_after_them() {
        let counted = "SELECT a.unit_id, a.nth, count(*) AS n FROM numbered AS a JOIN numbered AS b ON b.unit_id = a.unit_id GROUP BY 1, 2";
        let compared = "SELECT a.unit_id, a.n, b.nth FROM counted AS a JOIN counted AS b ON b.unit_id = a.unit_id AND b.nth = a.nth";
        let (context, library) = (session().await, library(&[NUMBERED, ("counted", counted), ("compared", compared)]));
        let folder = tempfile::tempdir().expect("temporary folder");
        let mut shared = SharedPopulations::new(&context, &library, folder.path().to_owned(), &|| 0.0);
        assert_eq!(shared.at_once(), AT_ONCE);
        assert!(shared.stand_at(EARLY, ["compared".to_owned()]).await.is_empty());
        let count = "SELECT unit_id, sum(n) AS n FROM compared GROUP BY unit_id";
        let alone = answer(&context, context.state().optimize(&plans(&context, &[count]).await[0])).await;
        for plan in shared.prepared(plans(&context, &[count, count]).await).await {
            assert_eq!(answer(&context, plan).await, alone);
        }
        let kept: Vec<String> = stored(&shared).into_iter().map(|(name, _)| name).collect();
        assert_eq!(kept, ["compared", "counted", "numbered"]);
    }

    #[tokio::test]
    async fn what_looks_at_no_instant_stays_for_the_next_one_and_the_rest_goes() {
        let (context, library) = (session().await, library(&[NUMBERED, SEEN]));
        let folder = tempfile::tempdir().expect("temporary folder");
        let mut shared = SharedPopulations::new(&context, &library, folder.path().to_owned(), &|| 0.0);
        let names = || ["seen".to_owned(), "numbered".to_owned()];
        shared.stand_at(EARLY, names()).await;
        let seen = "SELECT count(*) FROM seen";
        shared.prepared(plans(&context, &[COUNT, seen, seen]).await).await;
        let keys = |shared: &SharedPopulations<'_>| shared.stored.keys().cloned().collect::<Vec<_>>();
        assert_eq!(keys(&shared), [("numbered".to_owned(), None, None), ("seen".to_owned(), Some(EARLY.as_of), None)]);
        shared.stand_at(LATE, names()).await;
        assert_eq!(keys(&shared), [("numbered".to_owned(), None, None)]);
        shared.expect(LATE, Later { whole: ["seen".to_owned()].into(), ..Later::default() });
        shared.prepared(plans(&context, &[seen]).await).await;
        assert_eq!(stored(&shared), [("numbered".to_owned(), 2), ("seen".to_owned(), 3)], "later stages read all of it");
    }

    #[tokio::test]
    async fn what_is_read_once_now_and_once_later_is_stored_now_with_the_columns_of_both() {
        let (context, library) = (session().await, library(&[NUMBERED, SEEN]));
        let folder = tempfile::tempdir().expect("temporary folder");
        let mut shared = SharedPopulations::new(&context, &library, folder.path().to_owned(), &|| 0.0);
        shared.stand_at(LATE, ["seen".to_owned()]).await;
        let now = "SELECT firm FROM seen";
        shared.prepared(plans(&context, &[now]).await).await;
        assert_eq!(stored(&shared), [], "nobody else reads it");
        let columns = shared.would_store(&context.state(), &plans(&context, &["SELECT said FROM seen"]).await).await;
        assert_eq!(columns, BTreeMap::from([("seen".to_owned(), BTreeSet::from(["said".to_owned()]))]));
        assert_eq!((stored(&shared), shared.stored.len()), (vec![], 0), "it was only asked");
        shared.expect(LATE, Later { columns, ..Later::default() });
        shared.prepared(plans(&context, &[now]).await).await;
        assert_eq!(stored(&shared), [("seen".to_owned(), 2)]);
    }

    #[tokio::test]
    async fn rows_that_can_not_be_made_fail_only_those_that_read_what_is_wrong() {
        let wrong =
            ("wrong", "SELECT unit_id, CAST(said AS BIGINT) AS number, row_number() OVER (ORDER BY unit_id, visit) AS nth FROM visits");
        let (context, library) = (session().await, library(&[wrong]));
        let folder = tempfile::tempdir().expect("temporary folder");
        let mut shared = SharedPopulations::new(&context, &library, folder.path().to_owned(), &|| 0.0);
        shared.stand_at(EARLY, ["wrong".to_owned()]).await;
        let [right, wrong] = <[_; 2]>::try_from(
            shared.prepared(plans(&context, &["SELECT unit_id FROM wrong WHERE nth = 1", "SELECT sum(number) FROM wrong"]).await).await,
        )
        .expect("two");
        assert!(answer(&context, right).await.contains("| A "));
        let error = super::answer(&context, &wrong.expect("optimised")).await.expect_err("one is no number").to_string();
        assert!(error.contains("'one'") || error.contains("'two'"), "{error}");
    }

    #[tokio::test]
    async fn a_join_that_does_not_fit_into_memory_is_sorted_and_spilled() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let side = "SELECT value AS key, repeat(CAST(value AS VARCHAR), 80) AS said FROM generate_series(1, 300000)";
        let sql = format!("SELECT a.key % 2 AS odd, count(*) AS n FROM ({side}) AS a JOIN ({side}) AS b ON a.said = b.said GROUP BY 1");
        let mut answers = Vec::new();
        for limit in [None, Some(300 << 20)] {
            let context = crate::lake::session(limit, folder.path(), 2).expect("a session");
            context.register_table("known", Arc::new(StoredRows::new("known", &Schema::empty()))).expect("registered");
            let plan = context.state().create_logical_plan(&sql).await.expect("planned");
            let optimised = context.state().optimize(&plan).expect("optimised");
            let hashed = physical(&context.state(), &optimised).await.expect("planned");
            let is_too_large = collect(hashed, context.task_ctx()).await.is_err_and(|error| has_no_room(&error));
            assert_eq!(is_too_large, limit.is_some());
            answers.push(answer(&context, Ok(optimised)).await);
            assert!(context.table_exist("known").expect("a catalog"), "the session keeps its tables");
        }
        assert_eq!(answers[0], answers[1]);
    }

    #[tokio::test]
    async fn a_part_of_a_query_with_the_name_of_a_population_is_not_taken_for_it() {
        let (context, library) = (session().await, library(&[NUMBERED]));
        let folder = tempfile::tempdir().expect("temporary folder");
        let mut shared = SharedPopulations::new(&context, &library, folder.path().to_owned(), &|| 0.0);
        shared.stand_at(EARLY, ["numbered".to_owned()]).await;
        let named = "WITH numbered AS (SELECT 7 AS nth) SELECT nth FROM numbered";
        for plan in shared.prepared(plans(&context, &[named, named, COUNT, COUNT]).await).await.into_iter().take(2) {
            assert!(answer(&context, plan).await.contains("| 7 "));
        }
    }

    #[tokio::test]
    async fn parts_of_a_query_are_stored_while_it_is_at_work_and_what_more_is_asked_of_it_reads_them() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let (context, library) = (session().await, library(&[NUMBERED]));
        let mut shared = SharedPopulations::new(&context, &library, folder.path().to_owned(), &|| 0.0);
        shared.stand_at(EARLY, ["numbered".to_owned()]).await;
        let twice = "WITH firsts AS (SELECT unit_id, firm, max(nth) AS last FROM numbered GROUP BY unit_id, firm)
            SELECT a.unit_id, b.firm, b.last FROM firsts AS a JOIN firsts AS b ON b.firm = a.firm";
        let query = plans(&context, &[twice]).await.pop().expect("a plan");
        let state = context.state();
        let over = shared.over_shared_rows(&state, "finding.firsts", vec![query.clone()]).await.expect("stored").pop().expect("a plan");
        // The population looks at no instant, and may be read at the next.
        let numbered = ("numbered".to_owned(), 3);
        assert_eq!(stored(&shared), [("finding.firsts.firsts".to_owned(), 3), numbered.clone()]);
        let counted = |plan: LogicalPlan| {
            let frame = DataFrame::new(context.state(), plan);
            async move { frame.filter(col("last").gt(lit(1_i64))).expect("a column").collect().await.expect("answered") }
        };
        let (shared_rows, own_rows) = (counted(over).await, counted(query).await);
        assert_eq!(
            pretty_format_batches(&shared_rows).expect("text").to_string(),
            pretty_format_batches(&own_rows).expect("text").to_string()
        );
        assert_eq!(shared_rows.iter().map(RecordBatch::num_rows).sum::<usize>(), 1, "X was visited twice");
        shared.forget_parts_of("finding.firsts");
        assert_eq!((stored(&shared), shared.views.len()), (vec![numbered], 1), "the population stands as it did");
    }
}
