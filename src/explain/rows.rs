//! An indicator's SELECT, turned from counts into the rows that it counts.
//!
//! In: the plan `Projection → Aggregate → rows` of any indicator. Out: a plan over the same rows in which each `count(…) FILTER (WHERE
//! c)` has become the truth of `c` for the row, beside the columns that lead to the record. Never here: an indicator by name, data.

use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, Result};
use datafusion::logical_expr::expr::AggregateFunction;
use datafusion::logical_expr::{Aggregate, BinaryExpr, Expr, LogicalPlan, LogicalPlanBuilder, Operator, lit, when};

use crate::compute::personal::{Personal, personal};
use crate::library::Library;

/// Columns that say which group a row belongs to; those that the indicator has.
pub const KEYS: [&str; 4] = ["unit_id", "region_code", "domain", "month"];

/// What a row can be for an indicator: the name of its truth column, 1 or 0.
pub const NUMERATOR: &str = "in_numerator";
/// See [`NUMERATOR`].
pub const DENOMINATOR: &str = "in_denominator";
/// See [`NUMERATOR`].
pub const PENDING: &str = "in_pending";
/// See [`NUMERATOR`].
pub const EXCLUDED: &str = "in_excluded";

/// Columns that lead to the record, when the rows have them.
pub use crate::compute::shared::RECORD_COLUMNS as RECORD;

/// The rows of an indicator.
#[derive(Debug, Clone)]
pub struct IndicatorRows {
    /// Columns: those of [`KEYS`] and [`RECORD`] that exist, the four truths, then `facts`.
    pub plan: LogicalPlan,
    /// Columns that decide whether a row is in the numerator, by their own names; in the plan they are called `fact_0`, `fact_1`, ….
    pub facts: Vec<String>,
    /// Whether the truths added up are the figures: false where something is counted once however many rows it has, or is a sum.
    pub adds_up: bool,
    /// Whether there is a numerator at all: a mean or an index has none.
    pub has_numerator: bool,
    /// Columns of [`RECORD`] that the rows don't have.
    pub missing: Vec<&'static str>,
    /// The record's key is made from a personal column among others (an enterprise's code that some sources write as the party's): each key
    /// is looked at before it is shown.
    pub guarded: bool,
}

/// What stands for a key that is not shown.
pub const HIDDEN: &str = "（含个人信息，不显示）";

/// What one output of the SELECT adds and takes away.
#[derive(Default)]
struct Parts<'a> {
    added: Vec<&'a AggregateFunction>,
    taken: Vec<&'a AggregateFunction>,
}

/// The rows behind an indicator's plan; `None` when the plan has another form than one aggregate over rows.
///
/// # Errors
/// Expressions that the engine refuses over the rows.
pub fn rows_of(plan: &LogicalPlan, library: &Library) -> Result<Option<IndicatorRows>> {
    let LogicalPlan::Projection(projection) = plan else { return Ok(None) };
    let Some((aggregate, leaves_groups_out)) = aggregate_below(&projection.input) else { return Ok(None) };
    let output = |name: &str| {
        let index = projection.schema.index_of_column_by_name(None, name)?;
        Some(projection.expr[index].clone().unalias())
    };
    let parts_of = |names: &[&str]| names.iter().find_map(|name| output(name)).map(|expression| parts(&expression, aggregate, true));
    let numerator = parts_of(&["numerator"]).unwrap_or_default();
    let denominator = parts_of(&["denominator", "n"]).unwrap_or_default();
    let (pending, excluded) = (parts_of(&["pending"]).unwrap_or_default(), parts_of(&["excluded"]).unwrap_or_default());
    let schema = aggregate.input.schema();
    let mut columns = Vec::new();
    for name in KEYS {
        if let Some(expression) = output(name) {
            columns.push(over_rows(&expression, aggregate)?.alias(name));
        }
    }
    let mut missing = Vec::new();
    for name in RECORD {
        match named(schema, name) {
            Some(_) if columns.iter().any(|column| column.schema_name().to_string() == name) => {}
            Some(column) => columns.push(Expr::Column(column).alias(name)),
            None => missing.push(name),
        }
    }
    for (name, parts) in [(NUMERATOR, &numerator), (DENOMINATOR, &denominator), (PENDING, &pending), (EXCLUDED, &excluded)] {
        columns.push(membership(parts)?.alias(name));
    }
    let facts = facts(&numerator, schema);
    columns.extend(facts.iter().enumerate().map(|(index, column)| Expr::Column(column.clone()).alias(format!("fact_{index}"))));
    let plan = LogicalPlanBuilder::from(aggregate.input.as_ref().clone()).project(columns)?.build()?;
    let rows = IndicatorRows {
        plan,
        facts: facts.into_iter().map(|column| column.name).collect(),
        adds_up: output("numerator").is_some() && !leaves_groups_out && numerator.adds_up() && denominator.adds_up(),
        has_numerator: output("numerator").is_some(),
        missing,
        guarded: false,
    };
    without_personal(rows, library).map(Some)
}

/// The aggregate, and whether some of its groups are left out (`HAVING`).
fn aggregate_below(plan: &LogicalPlan) -> Option<(&Aggregate, bool)> {
    match plan {
        LogicalPlan::Aggregate(aggregate) => Some((aggregate, false)),
        LogicalPlan::Filter(filter) => aggregate_below(&filter.input).map(|(aggregate, _)| (aggregate, true)),
        LogicalPlan::SubqueryAlias(alias) => aggregate_below(&alias.input),
        _ => None,
    }
}

impl Parts<'_> {
    /// One plain count of rows, nothing taken away: two may count a row twice.
    fn adds_up(&self) -> bool {
        let plain = |part: &&AggregateFunction| part.func.name() == "count" && !part.params.distinct && column_of(part).is_none();
        self.taken.is_empty() && self.added.len() == 1 && self.added.iter().all(plain)
    }
}

/// Which aggregates an output adds, and which it takes away.
fn parts<'a>(expression: &Expr, aggregate: &'a Aggregate, is_added: bool) -> Parts<'a> {
    let mut found = Parts::default();
    match expression {
        Expr::Column(column) => {
            let place = aggregate.schema.maybe_index_of_column(column).and_then(|index| index.checked_sub(aggregate.group_expr.len()));
            if let Some(Expr::AggregateFunction(function)) = place.and_then(|place| aggregate.aggr_expr.get(place)).map(unaliased) {
                if is_added { found.added.push(function) } else { found.taken.push(function) }
            }
        }
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
            for (side, is_added) in [(left, is_added), (right, is_added != (*op == Operator::Minus))] {
                let below = parts(side, aggregate, is_added);
                found.added.extend(below.added);
                found.taken.extend(below.taken);
            }
        }
        other => {
            // Casts, aliases and functions pass through what they hold.
            let _ = other.apply_children(|child| {
                let below = parts(child, aggregate, is_added);
                found.added.extend(below.added);
                found.taken.extend(below.taken);
                Ok(TreeNodeRecursion::Continue)
            });
        }
    }
    found
}

fn unaliased(expression: &Expr) -> &Expr {
    match expression {
        Expr::Alias(alias) => unaliased(&alias.expr),
        other => other,
    }
}

/// The argument of an aggregate that is not `*` or a constant.
fn column_of(function: &AggregateFunction) -> Option<&Expr> {
    #[expect(deprecated, reason = "count(*) may still be written as a wildcard in a plan")]
    function.params.args.first().filter(|argument| !matches!(argument, Expr::Literal(..) | Expr::Wildcard { .. }))
}

/// Whether the row is one that the aggregate looks at; null is no.
fn condition(function: &AggregateFunction) -> Expr {
    let filter = function.params.filter.as_ref().map_or_else(|| lit(true), |filter| (**filter).clone());
    match column_of(function) {
        Some(argument) => filter.and(argument.clone().is_not_null()),
        None => filter,
    }
}

/// 1 when the row is added by one of the aggregates and taken away by none, else 0. Numbers, because the engine's simplification of `IS
/// TRUE` over a nullable condition changes the column's nullability and then refuses its own plan.
fn membership(parts: &Parts<'_>) -> Result<Expr> {
    let any = |functions: &[&AggregateFunction]| functions.iter().map(|function| condition(function)).reduce(Expr::or);
    let (yes, no) = (lit(1_i64), lit(0_i64));
    match (any(&parts.added), any(&parts.taken)) {
        (None, _) => Ok(no),
        (Some(added), None) => when(added, yes).otherwise(no),
        (Some(added), Some(taken)) => when(taken, no.clone()).when(added, yes).otherwise(no),
    }
}

/// The expression of a group, written over the rows instead of over the aggregate.
fn over_rows(expression: &Expr, aggregate: &Aggregate) -> Result<Expr> {
    let replaced = expression.clone().transform_up(|part| {
        Ok(match &part {
            Expr::Column(column) => {
                match aggregate.schema.maybe_index_of_column(column).and_then(|index| aggregate.group_expr.get(index)) {
                    Some(group) => Transformed::new(unaliased(group).clone(), true, TreeNodeRecursion::Jump),
                    None => Transformed::no(part),
                }
            }
            _ => Transformed::no(part),
        })
    })?;
    Ok(replaced.data)
}

fn named(schema: &DFSchema, name: &str) -> Option<Column> {
    schema.columns().into_iter().find(|column| column.name == name)
}

/// Columns that the numerator's conditions speak of, except those that every row shows anyway.
fn facts(numerator: &Parts<'_>, schema: &DFSchema) -> Vec<Column> {
    let mut facts: Vec<Column> = Vec::new();
    for function in numerator.added.iter().chain(&numerator.taken) {
        let mut columns: Vec<Column> = condition(function).column_refs().into_iter().cloned().collect();
        columns.sort();
        for column in columns {
            let shown = RECORD.contains(&column.name.as_str()) || KEYS.contains(&column.name.as_str());
            if !shown && schema.has_column(&column) && !facts.contains(&column) {
                facts.push(column);
            }
        }
    }
    facts
}

/// The same rows without what is about a person. Dates and truths that were derived stay, texts do not; a record's key that was computed is
/// guarded. A plan whose columns can't be traced keeps neither facts nor keys.
fn without_personal(rows: IndicatorRows, library: &Library) -> Result<IndicatorRows> {
    let held = personal(&rows.plan, library);
    let judge = |index: usize| held[index];
    let schema = rows.plan.schema().clone();
    let (mut columns, mut facts, mut guarded) = (Vec::new(), Vec::new(), false);
    for (index, field) in schema.fields().iter().enumerate() {
        let column = Expr::Column(Column::from(schema.qualified_field(index)));
        let fact = field.name().strip_prefix("fact_").and_then(|place| place.parse::<usize>().ok());
        if let Some(place) = fact {
            if matches!(judge(index), Personal::No | Personal::Derived) {
                columns.push(column.alias(format!("fact_{}", facts.len())));
                facts.push(rows.facts[place].clone());
            }
        } else if field.name() == "record_id" && judge(index) == Personal::Yes {
            columns.push(lit(HIDDEN).alias("record_id"));
        } else {
            guarded |= field.name() == "record_id" && judge(index) == Personal::Text;
            columns.push(column);
        }
    }
    let plan = LogicalPlanBuilder::from(rows.plan).project(columns)?.build()?;
    Ok(IndicatorRows { plan, facts, guarded, ..rows })
}

/// A guarded key: shown when it can only be numbers and codes of things. Anything but plain letters, digits and separators may be a name or
/// a masked number; eleven digits from 1 may be a telephone, and a birthday in its place makes a resident's number.
pub fn guard(key: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || " -_/:.".contains(c);
    let parts: Vec<&str> = key.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    if key.chars().all(is_plain) && !parts.iter().any(|part| is_of_a_person(part)) { key.to_owned() } else { HIDDEN.to_owned() }
}

fn is_of_a_person(part: &str) -> bool {
    let digits = part.bytes().take_while(u8::is_ascii_digit).count();
    let number = |range: std::ops::Range<usize>| part.get(range).and_then(|text| text.parse::<u32>().ok()).unwrap_or(0);
    let is_day = |month: u32, day: u32| (1..=12).contains(&month) && (1..=31).contains(&day);
    match part.len() {
        11 => digits == 11 && part.starts_with('1'),
        15 => digits == 15 && is_day(number(8..10), number(10..12)),
        18 => digits >= 17 && (1900..2100).contains(&number(6..10)) && is_day(number(10..12), number(12..14)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_things_are_shown_and_numbers_of_people_are_not() {
        for key in ["CJ-2026-01 / 91330105MA006T3K40", "JC330105SJ2503N00004", "12 / 3", "20260311"] {
            assert_eq!(guard(key), key);
        }
        for key in
            ["CJ-1 / 330102199001011234", "33010219900101123X", "330105******000123", "CJ-1 / 张三", "13800000000", "330102900101123"]
        {
            assert_eq!(guard(key), HIDDEN, "{key}");
        }
    }
}
