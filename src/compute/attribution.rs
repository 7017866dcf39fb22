//! Who answers for a row, and in which domain.
//!
//! In: the units of a session, every span of them; its source tables. Out: the same tables, in which a unit that was merged or renamed
//! has become its successor, and a row whose domain the source left open, or called `other`, stands in the only domain in which its unit
//! has powers. Never here: the lake, which keeps what was sent; populations, which read the tables as they stand here.
//!
//! - A successor answers for what its predecessors did or left undone, in the whole period: a record does not end with a name. The last
//!   of a chain of successors answers. A unit that is still there, or whose successor nobody knows, keeps its rows.
//! - To the registry the successor has been there since the first day of whom it follows, and those that it follows are no units any more.
//! - A unit with one domain can't move a record out of its assessment by a blank domain. Of a unit with several it is not known where it
//!   belongs; such rows stay as they are and the sources' checks speak of them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, StringArray};
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

use super::units::{Predecessor, Span, Unit, read_spans};
use crate::library::Library;
use crate::library::contract::{ColumnType, TableContract};
use crate::terms::UnitId;

/// The table in which units stand.
const REGISTRY: &str = "units";
/// The column of [`REGISTRY`] that others refer to.
const UNIT: &str = "unit_id";
/// The column of [`REGISTRY`] with a unit's domains; a domain that refers to it is one of its unit's.
const DOMAINS: &str = "domain_list";
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
    /// Unit → its domain, where it has one alone.
    only_domain: BTreeMap<String, String>,
}

impl Attribution {
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
        let only = |spans: &Vec<&Span>| match spans.last()?.domains.as_slice() {
            [one] if one != NO_DOMAIN => Some(one.clone()),
            _ => None,
        };
        attribution.only_domain = of_unit.iter().filter_map(|(unit, spans)| Some(((*unit).to_owned(), only(spans)?))).collect();
        attribution
    }

    /// Who answers for a unit that has ended; `None` when it answers itself.
    pub fn successor_of(&self, unit: &str) -> Option<&str> {
        self.successors.get(unit).map(String::as_str)
    }

    /// Tells each unit whom it follows.
    pub fn name_predecessors(&self, units: &mut [Unit]) {
        for unit in units {
            unit.predecessors = self.predecessors.get(&unit.id.0).cloned().unwrap_or_default();
        }
    }

    /// Puts the tables of the library in their places: from here on the session reads rows as they count. Once is enough, twice is
    /// harmless.
    ///
    /// # Errors
    /// A table that the session does not know.
    pub fn apply(&self, context: &SessionContext, library: &Library) -> Result<(), DataFusionError> {
        for contract in library.tables.values() {
            let is_registry = contract.name == REGISTRY;
            let changed = if is_registry { self.since() } else { self.changed(contract) };
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
            to_units.map(|reference| reference.column.as_str()).filter(|name| is_text(contract, name))
        };
        let units: Vec<&str> = referring(UNIT).collect();
        let mut changed = BTreeMap::new();
        let answering = |name: &str| match self.successors.is_empty() {
            true => col(name),
            false => function("answering_unit", &self.successors).call(vec![col(name)]),
        };
        if !self.successors.is_empty() {
            changed.extend(units.iter().map(|name| ((*name).to_owned(), answering(name))));
        }
        for name in referring(DOMAINS).filter(|_| !self.only_domain.is_empty() && units.contains(&UNIT)) {
            let only = function("only_domain", &self.only_domain).call(vec![answering(UNIT)]);
            let open = col(name).is_null().or(col(name).eq(lit(NO_DOMAIN)));
            let put = when(open.and(only.clone().is_not_null()), only).otherwise(col(name)).expect("a case with one branch and its other");
            changed.insert(name.to_owned(), put);
        }
        changed
    }

    /// Who has a successor is no unit of its own any more, in no month.
    fn answering_units(&self) -> Option<Expr> {
        let followed: Vec<Expr> = self.successors.keys().map(|unit| lit(unit.as_str())).collect();
        (!followed.is_empty()).then(|| col(UNIT).in_list(followed, true))
    }

    /// The first day of whom a successor follows, in its own first span.
    fn since(&self) -> BTreeMap<String, Expr> {
        let day = |day: Date| lit(ScalarValue::Date32(Some(crate::terms::epoch_days(day))));
        let mut from = col("valid_from");
        for (unit, (own, oldest)) in &self.since {
            let is_first = col(UNIT).eq(lit(unit.as_str())).and(col("valid_from").eq(day(*own)));
            from = when(is_first, day(*oldest)).otherwise(from).expect("a case with one branch and its other");
        }
        if self.since.is_empty() { BTreeMap::new() } else { BTreeMap::from([("valid_from".to_owned(), from)]) }
    }
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

/// A list of answers as a function of SQL: `answering_unit` leaves what it does not know as it is, `only_domain` answers NULL.
#[derive(Debug)]
struct Answers {
    name: &'static str,
    answers: Arc<HashMap<String, String>>,
    signature: Signature,
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

    fn return_type(&self, _: &[DataType]) -> Result<DataType, DataFusionError> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue, DataFusionError> {
        let asked = arguments.args[0].to_array(arguments.number_rows)?;
        let asked = cast(&asked, &DataType::Utf8)?;
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
        Ok(ColumnarValue::Array(Arc::new(answers.collect::<StringArray>()) as ArrayRef))
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

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
}
