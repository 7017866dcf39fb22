//! Who answers for a row, and in which domain.
//!
//! In: the units of a session, every span of them; its source tables. Out: the same tables, in which a unit that was merged or renamed
//! has become its successor, and a row whose domain the source left open, or called `other`, stands in the only domain in which its unit
//! has powers. Never here: the lake, which keeps what was sent; populations, which read the tables as they stand here.
//!
//! - A successor answers for what its predecessors did or left undone, in the whole period: a record does not end with a name. The last
//!   of a chain of successors answers. A unit that is still there, or whose successor nobody knows, keeps its rows.
//! - To the registry the successor has been there since the first day of whom it follows, and those that it follows are no units any more.
//! - A unit with one domain can't move a record out of its assessment by a blank domain. Of a unit with several, the item tells the domain
//!   when every list of powers has it under the same one; else it is not known where the row belongs: it stays as it is, and the sources'
//!   checks speak of it, unit by unit.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{Column, DFSchema, DataFusionError, ScalarValue, Statistics};
use datafusion::datasource::TableType;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, TableProviderFilterPushDown, Volatility, cast as cast_to,
    when,
};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::prelude::{SessionContext, col, lit};
use jiff::civil::Date;

use super::measures::{Measure, Measures};
use super::units::{Predecessor, Span, Unit, read_spans};
use crate::library::Library;
use crate::library::contract::{self, ColumnType, TableContract};
use crate::terms::UnitId;

/// The table in which units stand.
const REGISTRY: &str = contract::REGISTRY.0;
/// The column of [`REGISTRY`] that others refer to.
const UNIT: &str = contract::REGISTRY.1;
/// The column of [`REGISTRY`] with the unit above.
const PARENT: &str = "parent_unit_id";
/// The column of [`REGISTRY`] with a unit's domains; a domain that refers to it is one of its unit's.
const DOMAINS: &str = "domain_list";
/// The table of the units' powers, and its column with the item.
const ITEM_LISTS: &str = "item_lists";
const ITEM: &str = "item_code";
/// What a source writes that does not say which domain.
pub(super) const NO_DOMAIN: &str = "other";

/// Who answers for whom on a date.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attribution {
    /// A unit that has ended → the one that took over.
    successors: BTreeMap<String, String>,
    /// Successor → the first day of its first span, and that of the oldest unit that it follows where that is earlier.
    since: BTreeMap<String, (Date, Date)>,
    /// Successor → whom it follows, by identifier.
    predecessors: BTreeMap<String, Vec<Predecessor>>,
    /// What a row of the unit that names no domain is taken for.
    only_domain: BTreeMap<String, String>,
    /// What a row about the item that names no domain is taken for, where the unit does not tell.
    domain_of_item: BTreeMap<String, String>,
    /// What the registry says that has no effect, and whose records count for nobody.
    oddities: BTreeMap<Oddity, u64>,
}

/// Something about units that a reader of the registry would not see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Oddity {
    /// The unit has ended and names nobody.
    EndedWithoutSuccessor,
    /// The unit has ended; whom it names is unknown or has not begun.
    UnknownSuccessor,
    /// Units that name each other.
    Circle,
    /// A successor is named, but no last day.
    SuccessorWithoutEnd,
}

impl Oddity {
    /// Its name among the warnings, and the sentence.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::EndedWithoutSuccessor => ("ended_without_successor", "执法主体已终止而没有承继单位：其记录不计入任何考核对象"),
            Self::UnknownSuccessor => ("successor_unknown", "执法主体已终止，承继单位不在单位表内或者尚未成立：其记录不计入任何考核对象"),
            Self::Circle => ("successor_circle", "执法主体互为承继单位：其记录不计入任何考核对象"),
            Self::SuccessorWithoutEnd => ("successor_without_end", "有承继单位而没有失效日期：视为仍然存在，承继没有起作用"),
        }
    }
}

impl Attribution {
    /// Reads who answers for whom on `as_of`, and puts the session's tables in their places.
    ///
    /// # Errors
    /// The session's own, or a table that it does not know.
    pub async fn settle(context: &SessionContext, library: &Library, as_of: Date) -> Result<Self, DataFusionError> {
        let mut attribution = Self::read(context, as_of).await?;
        if library.tables.contains_key(ITEM_LISTS) {
            attribution.domain_of_item = domains_of_items(context).await?;
        }
        attribution.apply(context, library)?;
        Ok(attribution)
    }

    /// Reads who answers for whom on `as_of` from the source table `units`.
    ///
    /// # Errors
    /// The session's own.
    pub async fn read(context: &SessionContext, as_of: Date) -> Result<Self, DataFusionError> {
        Ok(Self::of(&read_spans(context).await?, as_of))
    }

    fn of(spans: &[Span], as_of: Date) -> Self {
        let mut of_unit: BTreeMap<&str, Vec<&Span>> = BTreeMap::new();
        for span in spans.iter().filter(|span| span.first <= as_of) {
            of_unit.entry(span.unit.as_str()).or_default().push(span);
        }
        let is_there =
            |unit: &str| of_unit.get(unit).is_some_and(|spans| spans.iter().any(|span| span.last.is_none_or(|last| last >= as_of)));
        let follows = |unit: &str| {
            let last = of_unit.get(unit)?.last()?;
            last.replaced_by.as_deref().filter(|next| !is_there(unit) && of_unit.contains_key(next))
        };
        let mut attribution = Self::default();
        for unit in of_unit.keys() {
            let (mut passed, mut last) = (BTreeSet::from([*unit]), *unit);
            // A circle ends nowhere: its units keep their rows.
            let is_open = loop {
                match follows(last) {
                    None => break true,
                    Some(next) if !passed.insert(next) => break false,
                    Some(next) => last = next,
                }
            };
            let named = of_unit[unit].last().and_then(|span| span.replaced_by.as_deref());
            let oddity = match (is_there(unit), named) {
                (true, Some(next)) if next != *unit && of_unit[unit].last().is_some_and(|span| span.last.is_none()) => {
                    Some(Oddity::SuccessorWithoutEnd)
                }
                (true, _) => None,
                (false, _) if !is_open => Some(Oddity::Circle),
                (false, None) => Some(Oddity::EndedWithoutSuccessor),
                (false, Some(_)) => (!is_there(last)).then_some(Oddity::UnknownSuccessor),
            };
            if let Some(oddity) = oddity {
                *attribution.oddities.entry(oddity).or_default() += 1;
            }
            if is_open && last != *unit {
                attribution.successors.insert((*unit).to_owned(), last.to_owned());
            }
        }
        for (unit, successor) in &attribution.successors {
            if let Some(span) = of_unit[unit.as_str()].last() {
                let predecessor = Predecessor { id: UnitId(unit.clone()), name: span.name.clone(), last: span.last };
                attribution.predecessors.entry(successor.clone()).or_default().push(predecessor);
            }
            let first = |unit: &str| of_unit[unit].iter().map(|span| span.first).min();
            if let (Some(theirs), Some(own)) = (first(unit), first(successor)) {
                let since = attribution.since.entry(successor.clone()).or_insert((own, own));
                since.1 = since.1.min(theirs);
            }
        }
        attribution.since.retain(|_, (own, oldest)| oldest < own);
        let only = |spans: &[&Span]| match spans.last()?.domains.as_slice() {
            [one] if one != NO_DOMAIN => Some(one.clone()),
            _ => None,
        };
        // What a unit with one domain sent stays in it when the successor has it too; else it is the successor's.
        let only_of = |unit: &str| {
            let successor = attribution.successors.get(unit).map_or(unit, String::as_str);
            let of_successor = of_unit.get(successor)?;
            let own = only(&of_unit[unit]).filter(|own| of_successor.last().is_some_and(|span| span.domains.contains(own)));
            own.or_else(|| only(of_successor))
        };
        attribution.only_domain = of_unit.keys().filter_map(|unit| Some(((*unit).to_owned(), only_of(unit)?))).collect();
        attribution
    }

    /// Who answers for a unit that has ended; `None` when it answers itself.
    pub fn successor_of(&self, unit: &str) -> Option<&str> {
        self.successors.get(unit).map(String::as_str)
    }

    /// By unit that has ended, the one that answers for it.
    pub fn successors(&self) -> &BTreeMap<String, String> {
        &self.successors
    }

    /// What is odd about the registry, and of how many units.
    pub fn oddities(&self) -> &BTreeMap<Oddity, u64> {
        &self.oddities
    }

    /// Tells each unit whom it follows.
    pub fn name_predecessors(&self, units: &mut [Unit]) {
        for unit in units {
            unit.predecessors = self.predecessors.get(&unit.id.0).cloned().unwrap_or_default();
        }
    }

    /// Figures of an earlier run for those who answer now: ratios of a unit and of those that it follows add up; of other figures the
    /// unit's own stands, else the first by identifier of those that it follows.
    pub fn handed_over<'a>(&'a self, measures: &'a Measures) -> Vec<Measure<'a>> {
        let (of_others, own): (Vec<Measure<'_>>, Vec<Measure<'_>>) =
            measures.iter().partition(|measure| self.successors.contains_key(measure.subject));
        let key = |measure: &Measure<'a>| (measure.indicator, measure.subject, measure.domain, measure.month, measure.scope);
        let mut all: BTreeMap<_, Measure<'a>> = BTreeMap::new();
        let of_successors = of_others.into_iter().map(|measure| Measure { subject: &self.successors[measure.subject], ..measure });
        for measure in own.into_iter().chain(of_successors) {
            all.entry(key(&measure)).and_modify(|known| known.add(&measure)).or_insert(measure);
        }
        all.into_values().collect()
    }

    /// Puts the tables of the library in their places: from here on the session reads rows as they count. Once is enough, twice is
    /// harmless.
    ///
    /// # Errors
    /// A table that the session does not know.
    fn apply(&self, context: &SessionContext, library: &Library) -> Result<(), DataFusionError> {
        for contract in library.tables.values() {
            let is_registry = contract.name == REGISTRY;
            let changed = if is_registry { self.registry() } else { self.changed(contract) };
            let kept = is_registry.then(|| self.answering_units()).flatten();
            if changed.is_empty() && kept.is_none() {
                continue;
            }
            let sent = context.deregister_table(contract.name.as_str())?;
            let sent = sent.ok_or_else(|| DataFusionError::Plan(format!("there is no table `{}`", contract.name)))?;
            context.register_table(contract.name.as_str(), Arc::new(CountedRows { sent, changed, kept }))?;
        }
        Ok(())
    }

    /// Columns of a table that stand for something else than was sent.
    fn changed(&self, contract: &TableContract) -> BTreeMap<String, Expr> {
        let referring = |target: &'static str| {
            let to_units = contract.references.iter().filter(move |reference| reference.table == REGISTRY && reference.target == target);
            to_units.map(|reference| reference.column.as_str())
        };
        let units = referring(UNIT).filter(|name| is_text(contract, name) || is_list(contract, name));
        let mut changed = BTreeMap::new();
        if !self.successors.is_empty() {
            let answering = |name: &str| function("answering_unit", &self.successors).call(vec![col(name)]);
            changed.extend(units.map(|name| (name.to_owned(), answering(name))));
        }
        let Some(owner) = contract.owner() else { return changed };
        for name in referring(DOMAINS) {
            let mut told = Vec::new();
            if !self.only_domain.is_empty() {
                told.push(function("only_domain", &self.only_domain).call(vec![col(owner)]));
            }
            if !self.domain_of_item.is_empty() && contract.name != ITEM_LISTS && is_text(contract, ITEM) {
                told.push(function("domain_of_item", &self.domain_of_item).call(vec![col(ITEM)]));
            }
            if !told.is_empty() {
                let open = col(name).is_null().or(col(name).eq(lit(NO_DOMAIN)));
                // Not `coalesce`: that exists only until a query is optimised.
                let either = |rest: Expr, first: Expr| when(first.clone().is_not_null(), first).otherwise(rest);
                let put = told.into_iter().rev().try_fold(col(name), either);
                let put = put.and_then(|told| when(open, told).otherwise(col(name))).expect("cases with one branch and its other");
                changed.insert(name.to_owned(), put);
            }
        }
        changed
    }

    /// Who has a successor is no unit of its own any more, in no month.
    fn answering_units(&self) -> Option<Expr> {
        let followed: Vec<Expr> = self.successors.keys().map(|unit| lit(unit.as_str())).collect();
        (!followed.is_empty()).then(|| col(UNIT).in_list(followed, true))
    }

    /// The registry: the first day of whom a successor follows, in its own first span; a unit below one that has ended stands below the
    /// successor.
    fn registry(&self) -> BTreeMap<String, Expr> {
        if self.successors.is_empty() {
            return BTreeMap::new();
        }
        let day = |day: Date| lit(ScalarValue::Date32(Some(crate::terms::epoch_days(day))));
        let mut from = col("valid_from");
        for (unit, (own, oldest)) in &self.since {
            let is_first = col(UNIT).eq(lit(unit.as_str())).and(col("valid_from").eq(day(*own)));
            from = when(is_first, day(*oldest)).otherwise(from).expect("a case with one branch and its other");
        }
        let parent = function("answering_unit", &self.successors).call(vec![col(PARENT)]);
        // Of a unit that took over its own superior.
        let parent = when(parent.clone().not_eq(col(UNIT)), parent).end().expect("a case with one branch");
        BTreeMap::from([("valid_from".to_owned(), from), (PARENT.to_owned(), parent)])
    }
}

/// Items that every list of powers has under one domain, with it.
async fn domains_of_items(context: &SessionContext) -> Result<BTreeMap<String, String>, DataFusionError> {
    let sql = format!(
        "SELECT {ITEM}, min(domain) FROM {ITEM_LISTS} WHERE {ITEM} IS NOT NULL AND domain <> '{NO_DOMAIN}'
         GROUP BY 1 HAVING count(DISTINCT domain) = 1"
    );
    let mut domains = BTreeMap::new();
    for batch in context.sql(&sql).await?.collect().await? {
        let (items, of_items) = (cast(batch.column(0), &DataType::Utf8)?, cast(batch.column(1), &DataType::Utf8)?);
        let pairs = items.as_string::<i32>().iter().zip(of_items.as_string::<i32>());
        domains.extend(pairs.filter_map(|(item, domain)| Some((item?.to_owned(), domain?.to_owned()))));
    }
    Ok(domains)
}

fn is_list(contract: &TableContract, name: &str) -> bool {
    contract.column(name).is_some_and(|column| column.kind == ColumnType::List)
}

fn is_text(contract: &TableContract, name: &str) -> bool {
    contract.column(name).is_some_and(|column| column.kind == ColumnType::Text)
}

/// A table as it was sent, with some columns in their places. A condition on such a column is looked at after that.
#[derive(Debug)]
struct CountedRows {
    sent: Arc<dyn TableProvider>,
    changed: BTreeMap<String, Expr>,
    /// Rows that count; all where there is no condition.
    kept: Option<Expr>,
}

/// A table of a session as it was sent, and what puts its rows in their places: columns by name, and the condition of the rows that count.
pub struct Placed<'a> {
    /// The rows as they were sent.
    pub sent: &'a Arc<dyn TableProvider>,
    /// Column → what stands in it, over columns as they were sent.
    pub changed: &'a BTreeMap<String, Expr>,
    /// Rows that count; all where there is no condition.
    pub kept: Option<&'a Expr>,
}

/// How a table's rows are put in their places; none for a table that stands as it was sent.
pub fn placed(provider: &dyn TableProvider) -> Option<Placed<'_>> {
    let counted = provider.downcast_ref::<CountedRows>()?;
    Some(Placed { sent: &counted.sent, changed: &counted.changed, kept: counted.kept.as_ref() })
}

impl CountedRows {
    fn is_changed(&self, column: &Column) -> bool {
        self.changed.contains_key(&column.name)
    }
}

#[async_trait]
impl TableProvider for CountedRows {
    fn schema(&self) -> SchemaRef {
        self.sent.schema()
    }

    fn table_type(&self) -> TableType {
        self.sent.table_type()
    }

    fn statistics(&self) -> Option<Statistics> {
        self.sent.statistics()
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>, DataFusionError> {
        let below = self.sent.supports_filters_pushdown(filters)?;
        let of_changed = |filter: &&Expr| filter.column_refs().into_iter().any(|column| self.is_changed(column));
        let allowed = filters.iter().zip(below);
        Ok(allowed.map(|(filter, below)| if of_changed(filter) { TableProviderFilterPushDown::Unsupported } else { below }).collect())
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        let schema = self.schema();
        let wanted: Vec<usize> = projection.cloned().unwrap_or_else(|| (0..schema.fields().len()).collect());
        let own = |index: &usize| schema.field(*index).name().as_str();
        let mut needed: BTreeSet<usize> = wanted.iter().copied().collect();
        for put in wanted.iter().filter_map(|index| self.changed.get(own(index))).chain(&self.kept) {
            for column in put.column_refs() {
                needed.insert(schema.index_of(&column.name)?);
            }
        }
        let needed: Vec<usize> = needed.into_iter().collect();
        let limit = limit.filter(|_| self.kept.is_none());
        let mut rows = self.sent.scan(state, Some(&needed), filters, limit).await?;
        let read = DFSchema::try_from(rows.schema())?;
        if let Some(kept) = &self.kept {
            rows = Arc::new(FilterExec::try_new(state.create_physical_expr(kept.clone(), &read)?, rows)?);
        }
        if needed == wanted && !wanted.iter().any(|index| self.changed.contains_key(own(index))) {
            return Ok(rows);
        }
        let mut columns = Vec::with_capacity(wanted.len());
        for index in &wanted {
            let field = schema.field(*index);
            let put = match self.changed.get(field.name()) {
                Some(put) => cast_to(put.clone(), field.data_type().clone()),
                None => col(Column::from_name(field.name())),
            };
            columns.push((state.create_physical_expr(put, &read)?, field.name().clone()));
        }
        Ok(Arc::new(ProjectionExec::try_new(columns, rows)?))
    }
}

fn function(name: &'static str, answers: &BTreeMap<String, String>) -> ScalarUDF {
    let answers = Arc::new(answers.iter().map(|(from, to)| (from.clone(), to.clone())).collect());
    ScalarUDF::new_from_impl(Answers { name, answers, signature: Signature::any(1, Volatility::Immutable) })
}

/// A list of answers as a function of SQL: `answering_unit` leaves what it does not know as it is, the others answer NULL.
struct Answers {
    name: &'static str,
    answers: Arc<HashMap<String, String>>,
    signature: Signature,
}

impl fmt::Debug for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl PartialEq for Answers {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && (Arc::ptr_eq(&self.answers, &other.answers) || self.answers == other.answers)
    }
}

impl Eq for Answers {}

impl Hash for Answers {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
        self.answers.len().hash(state);
    }
}

impl ScalarUDFImpl for Answers {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType, DataFusionError> {
        Ok(if let [list @ DataType::List(_)] = types { list.clone() } else { DataType::Utf8 })
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue, DataFusionError> {
        let asked = arguments.args[0].to_array(arguments.number_rows)?;
        let DataType::List(item) = asked.data_type() else { return Ok(ColumnarValue::Array(self.of(&asked)?)) };
        let list = asked.as_list::<i32>();
        let values = cast(&self.of(list.values())?, item.data_type())?;
        let answered = ListArray::try_new(Arc::clone(item), list.offsets().clone(), values, list.nulls().cloned())?;
        Ok(ColumnarValue::Array(Arc::new(answered)))
    }
}

impl Answers {
    fn of(&self, asked: &ArrayRef) -> Result<ArrayRef, DataFusionError> {
        let asked = cast(asked, &DataType::Utf8)?;
        let asked = asked.as_string::<i32>();
        let keeps_unknown = self.name == "answering_unit";
        // Rows of a unit stand together: the last answer is mostly the next.
        let (mut last, mut answer): (Option<&str>, Option<&str>) = (None, None);
        let answers = asked.iter().map(|one| {
            if one != last || last.is_none() {
                (last, answer) = (one, one.and_then(|one| self.answers.get(one).map(String::as_str).or(keeps_unknown.then_some(one))));
            }
            answer
        });
        Ok(Arc::new(answers.collect::<StringArray>()))
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::compute::check::register_empty_tables;
    use crate::compute::measures::{Amount, Scope};
    use crate::compute::units::Hierarchy;
    use crate::terms::{Fraction, Month};

    fn span(unit: &str, first: Date, last: Option<Date>, replaced_by: Option<&str>) -> Span {
        let replaced_by = replaced_by.map(str::to_owned);
        Span { unit: unit.to_owned(), name: format!("{unit}局"), domains: vec!["market".to_owned()], first, last, replaced_by }
    }

    #[test]
    fn the_last_of_a_chain_answers_from_the_day_after_the_first_one_ended() {
        let spans = [
            span("A", date(2019, 1, 1), Some(date(2025, 12, 31)), Some("B")),
            span("B", date(2026, 1, 1), Some(date(2026, 3, 31)), Some("C")),
            span("C", date(2026, 4, 1), None, None),
        ];
        let on = |day| Attribution::of(&spans, day);
        assert_eq!(on(date(2025, 12, 31)).successor_of("A"), None, "it is still there");
        assert_eq!(on(date(2026, 1, 1)).successor_of("A"), Some("B"));
        let after = on(date(2026, 4, 1));
        assert_eq!((after.successor_of("A"), after.successor_of("B"), after.successor_of("C")), (Some("C"), Some("C"), None));
        assert_eq!(after.since["C"], (date(2026, 4, 1), date(2019, 1, 1)));
    }

    #[test]
    fn a_successor_that_nobody_knows_takes_nothing_and_neither_does_a_circle() {
        let ended = Some(date(2025, 12, 31));
        let spans = [
            span("A", date(2019, 1, 1), ended, Some("NOBODY")),
            span("B", date(2019, 1, 1), ended, Some("C")),
            span("C", date(2019, 1, 1), ended, Some("B")),
            span("D", date(2019, 1, 1), ended, Some("B")),
        ];
        assert_eq!(Attribution::of(&spans, date(2026, 6, 30)).successors, BTreeMap::new());
    }

    #[test]
    fn only_a_unit_with_one_domain_gives_it_to_what_names_none() {
        let mut spans =
            [span("A", date(2019, 1, 1), None, None), span("B", date(2019, 1, 1), None, None), span("C", date(2019, 1, 1), None, None)];
        spans[1].domains.push("urban".to_owned());
        spans[2].domains = vec![NO_DOMAIN.to_owned()];
        let only = Attribution::of(&spans, date(2026, 6, 30)).only_domain;
        assert_eq!(only, BTreeMap::from([("A".to_owned(), "market".to_owned())]));
    }

    #[test]
    fn a_merged_units_open_rows_stay_in_its_domain_where_the_successor_has_it() {
        let ended = Some(date(2025, 12, 31));
        let mut spans = [
            span("A", date(2019, 1, 1), ended, Some("C")),
            span("B", date(2019, 1, 1), ended, Some("C")),
            span("C", date(2019, 1, 1), None, None),
        ];
        spans[1].domains = vec!["eco".to_owned()];
        spans[2].domains.push("urban".to_owned());
        let only = Attribution::of(&spans, date(2026, 6, 30)).only_domain;
        assert_eq!(only, BTreeMap::from([("A".to_owned(), "market".to_owned())]), "C has no powers in eco, and two domains of its own");
    }

    #[test]
    fn what_the_registry_says_without_effect_is_told() {
        let ended = Some(date(2025, 12, 31));
        let spans = [
            span("ABOLISHED", date(2019, 1, 1), ended, None),
            span("CIRCLE", date(2019, 1, 1), ended, Some("ELCRIC")),
            span("ELCRIC", date(2019, 1, 1), ended, Some("CIRCLE")),
            span("LATER", date(2026, 7, 1), None, None),
            span("NOT YET", date(2019, 1, 1), ended, Some("LATER")),
            span("OPEN", date(2019, 1, 1), None, Some("STAYS")),
            span("STAYS", date(2019, 1, 1), None, None),
            span("UNKNOWN", date(2019, 1, 1), ended, Some("NOBODY")),
        ];
        let oddities = Attribution::of(&spans, date(2026, 6, 30)).oddities;
        let expected =
            [(Oddity::EndedWithoutSuccessor, 1), (Oddity::UnknownSuccessor, 2), (Oddity::Circle, 2), (Oddity::SuccessorWithoutEnd, 1)];
        assert_eq!(oddities, BTreeMap::from(expected));
    }

    #[tokio::test]
    async fn what_stood_below_a_renamed_unit_stands_below_its_successor() {
        let (library, _) = Library::read(None).expect("the shipped library reads");
        let context = SessionContext::new();
        register_empty_tables(&context, &library).expect("tables");
        context.deregister_table("units").expect("its place is free");
        let rows =
            "CREATE TABLE units AS SELECT column1 AS unit_id, column1 AS unit_name, column2 AS parent_unit_id, column3 AS valid_from,
            column4 AS valid_to, column5 AS replaced_by, make_array('urban') AS domain_list
            FROM (VALUES ('CITY', NULL, DATE '2019-01-01', NULL, NULL), ('OLD', 'CITY', DATE '2019-01-01', DATE '2026-03-31', 'NEW'),
            ('NEW', 'CITY', DATE '2026-04-01', NULL, NULL), ('TOWN', 'OLD', DATE '2019-01-01', NULL, NULL))";
        context.sql(rows).await.expect("planned").collect().await.expect("made");
        let day = date(2026, 6, 30);
        Attribution::settle(&context, &library, day).await.expect("in their places");
        let hierarchy = Hierarchy::read(&context, day).await.expect("read");
        assert_eq!(hierarchy.with_ancestors("TOWN"), ["TOWN", "NEW", "CITY"]);
        assert_eq!(hierarchy.with_descendants("NEW"), ["NEW", "TOWN"]);
        assert_eq!(hierarchy.with_descendants("CITY"), ["CITY", "NEW", "TOWN"]);
    }

    #[test]
    fn figures_of_the_run_before_are_the_successors() {
        let ended = Some(date(2026, 3, 31));
        let spans = [
            span("A", date(2019, 1, 1), ended, Some("C")),
            span("B", date(2019, 1, 1), ended, Some("C")),
            span("C", date(2026, 4, 1), None, None),
        ];
        let measure = |unit: &'static str, numerator: i64, denominator: i64| Measure {
            indicator: "a.rate",
            subject: unit,
            domain: "market",
            month: Month { year: 2026, month: 3 },
            scope: Scope::Own,
            amount: Amount::Ratio(Fraction { numerator: numerator.into(), denominator: denominator.into() }),
            pending: 1,
            due_soon: 0,
            excluded: 0,
            held: true,
        };
        let attribution = Attribution::of(&spans, date(2026, 6, 30));
        let before = [measure("A", 1, 3), measure("B", 2, 4), measure("OTHER", 5, 6)].into_iter().collect();
        let expected = [Measure { pending: 2, ..measure("C", 3, 7) }, measure("OTHER", 5, 6)];
        assert_eq!(attribution.handed_over(&before), expected);
    }
}
