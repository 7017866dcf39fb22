//! What the law refuses in an indicator, decided on column lineage (catalogue of indicators, C7).
//!
//! In: an indicator, its plan with views inlined, the contracts that say which columns speak of penalty money. Out: diagnostics with the text of the law. Never here: data.
//!
//! 行政处罚法 art. 74: fines and confiscations may not be tied, openly or covertly, to the assessment of an agency.
//! 国办发〔2024〕54号 [M]: no inspection quotas, no assessment by inspection frequency or fines. So an amount is never added up
//! into a figure, whichever way is good; it may stand in a condition only as a cap, or choose whom a duty concerns, in both
//! sides alike, without forgiving what the numerator asks for; it never decides how often a row counts; and acts count only as a part of
//! the acts that were due.

mod caps;
mod counts;
mod duty;
mod marks;

use std::collections::{BTreeMap, BTreeSet};

use datafusion::common::Result;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::expr::AggregateFunction;
use datafusion::logical_expr::{Expr, LogicalPlan, Operator};

use super::lineage::{Lineage, Resolved, touched};
use crate::diagnostics::Diagnostics;
use crate::library::contract::{Money, TableContract};
use crate::library::indicator::{Better, Indicator, Shape, Window, span_of_word};
use caps::{holds_directly, is_cap, multiplies};
use counts::{as_count, counts_undivided, is_decided_by_branch, is_part_of, made_up_branch};
use duty::cites_law;
use marks::{counts_as_amounts, imposes_money, mark, mark_of};

/// Tables whose rows are no acts of enforcement: a count of them is no quota of penalties or inspections.
const NO_ACTS: [&str; 2] = ["innovation_cases", "mediation_records"];
/// Tables that describe subjects and may stand beside those.
const DIMENSIONS: [&str; 4] = ["units", "regions", "officers", "enterprises"];
/// Name of the diagnostics that stop a run: what the law forbids.
pub const UNLAWFUL: &str = "unlawful-indicator";
const ART_74: &str = "行政处罚法 第七十四条：罚款、没收的违法所得……不得同作出行政处罚决定的行政机关及其工作人员的考核、考评直接或者变相挂钩; \
     an amount may stand below its cap (`fine_amount <= param(…)`), be compared with the same amount in another table, or choose whom a duty \
     concerns, in numerator and denominator alike; every decimal column of a contract counts as an amount, unless its contract says \
     `money = \"none\"`";
const NO_QUOTA: &str = "国办发〔2024〕54号：不得下达检查指标，不得将考核考评与检查频次、罚没数额挂钩 [M]; count the acts in time out of the acts due, in both sides of one population";

/// Refuses what the law forbids in one indicator.
///
/// # Errors
/// A plan node that the lineage walk does not understand; the caller reports it, since what can't be traced can't be cleared.
pub fn refuse_unlawful(
    indicator: &Indicator,
    plan: &LogicalPlan,
    tables: &BTreeMap<String, TableContract>,
    diagnostics: &mut Diagnostics,
) -> Result<()> {
    report_missing_duty(indicator, diagnostics);
    let matters = |condition: &Expr| holds_amount(&mark(condition.clone(), tables));
    let resolved = Lineage { matters: &matters, meets: &|_| {} }.resolve(plan)?;
    let marked = |all: Vec<Expr>| all.into_iter().map(|expression| mark(expression, tables)).collect();
    let resolved = Resolved { columns: marked(resolved.columns), filters: marked(resolved.filters), weights: marked(resolved.weights) };
    let mut trial = Trial { indicator, plan, resolved: &resolved, diagnostics };
    if resolved.weights.iter().chain(&resolved.filters).any(|condition| multiplies(condition, true)) {
        let message = format!("an amount of fines or confiscations decides how often a row counts in `{}`", indicator.id);
        trial.refuse("FROM", message, ART_74);
    }
    trial.refuse_groups_by_amount();
    match indicator.shape {
        Shape::Value | Shape::Region => trial.judge_value(),
        Shape::Ratio | Shape::Pair => trial.judge_ratio(),
    }
    Ok(())
}

struct Trial<'a> {
    indicator: &'a Indicator,
    plan: &'a LogicalPlan,
    resolved: &'a Resolved,
    diagnostics: &'a mut Diagnostics,
}

impl Trial<'_> {
    fn side(&self, name: &str) -> Option<Expr> {
        self.plan.schema().index_of_column_by_name(None, name).map(|index| self.resolved.columns[index].clone())
    }

    fn refuse(&mut self, column: &str, message: String, law: &str) {
        let span = span_of_word(&self.indicator.text, self.indicator.sql_offset, column);
        self.diagnostics.error(UNLAWFUL, &self.indicator.file, span, message).hint(law);
    }

    fn judge_value(&mut self) {
        let Some(value) = self.side("value") else { return };
        let id = &self.indicator.id;
        if rewards_amount(&value, &self.resolved.filters, self.indicator.better) {
            self.refuse("value", format!("`{id}` is made of an amount of fines or confiscations"), ART_74);
        } else if !counts_no_acts(self.plan) && counts_undivided(&value, self.has_duty()) {
            let message = format!("the value of `{id}` counts acts without dividing by a count of the same rows");
            self.refuse("value", message, NO_QUOTA);
        }
        let beside: Vec<Expr> = self.side("n").iter().flat_map(|n| parts(n).into_iter().flat_map(|part| part.count().1)).collect();
        let own: Vec<_> = conditions_of_value(&value).into_iter().filter(|(condition, _)| !beside.contains(condition)).collect();
        self.refuse_merit_of_numbers("value", &own);
        let filters = self.resolved.filters.clone();
        let measured: Vec<Expr> = parts(&value)
            .iter()
            .flat_map(|part| {
                let (arguments, conditions) = part.count();
                arguments.into_iter().chain(conditions.into_iter().filter(|condition| !filters.contains(condition)))
            })
            .collect();
        self.refuse_forgiven("value", &measured, &filters);
        self.refuse_made_up_rows();
    }

    fn judge_ratio(&mut self) {
        let (Some(numerator), Some(denominator)) = (self.side("numerator"), self.side("denominator")) else { return };
        let id = &self.indicator.id;
        let rewarded_high = self.indicator.better != Better::Lower;
        let (extra, shared) = conditions(&numerator, &denominator);
        let flowing = [("numerator", &numerator), ("denominator", &denominator)].into_iter().find(|(_, side)| flows_amount(side));
        if let Some((name, _)) = flowing {
            self.refuse(name, format!("an amount of fines or confiscations flows into the {name} of `{id}`"), ART_74);
        } else if shared.iter().any(|condition| multiplies(condition, false)) {
            let message = format!("an amount of fines or confiscations decides how often a row counts in `{id}`");
            self.refuse("denominator", message, ART_74);
        } else if !extra.iter().all(|(condition, adds)| match adds {
            Some(adds) => is_cap(condition, *adds == rewarded_high),
            None => is_cap(condition, true) && is_cap(condition, false),
        }) {
            let message = format!("the numerator of `{id}` picks cases by a fine or confiscation other than as a cap");
            self.refuse("numerator", message, ART_74);
        }
        if !counts_no_acts(self.plan) {
            if !is_part_of(&numerator, &denominator, self.has_duty()) {
                let message = format!("the numerator of `{id}` counts acts that are not a part of its denominator");
                self.refuse("numerator", message, NO_QUOTA);
            } else if extra.iter().any(|(condition, _)| is_decided_by_branch(condition)) {
                let message = format!("the numerator of `{id}` counts one branch of a union against another, so it counts acts as merit");
                self.refuse("numerator", message, NO_QUOTA);
            }
        }
        self.refuse_merit_of_numbers("numerator", &extra);
        let asked: Vec<Expr> = extra.into_iter().map(|(condition, _)| condition).collect();
        self.refuse_forgiven("numerator", &asked, &shared);
        self.refuse_made_up_rows();
    }

    /// An amount may not decide where or when a row counts: it would hide the rows of the wrong amount.
    fn refuse_groups_by_amount(&mut self) {
        for name in ["unit_id", "domain", "month", "region_code", "region_a", "region_b"] {
            if self.side(name).is_some_and(|group| holds_amount(&group)) {
                let message = format!("an amount of fines or confiscations decides the `{name}` of a row in `{}`", self.indicator.id);
                self.refuse(name, message, ART_74);
            }
        }
    }

    /// Both sides may ask for an amount, to choose whom a duty concerns (a review of every fine above a threshold). Where the same condition
    /// also asks for what the numerator asks, it excuses rows for their amount: late ones, unless the fine was large. A threshold that
    /// depends on the row (`param(…, decided_on)`) is no such condition.
    fn refuse_forgiven(&mut self, column: &str, asked: &[Expr], shared: &[Expr]) {
        let mut merit = BTreeSet::new();
        asked.iter().for_each(|condition| columns_of(condition, &mut merit));
        let excuses = |condition: &Expr| {
            let mut beside = BTreeSet::new();
            columns_beside_amounts(condition, &mut beside);
            let repeats = |part: &Expr| asked.contains(part) && !matches!(part, Expr::Column(_) | Expr::Literal(..));
            !merit.is_disjoint(&beside) || holds_amount(condition) && any_part(condition, repeats)
        };
        if shared.iter().any(excuses) {
            let message =
                format!("both sides of `{}` excuse rows from what the {column} asks by a fine or confiscation", self.indicator.id);
            self.refuse(column, message, ART_74);
        }
    }

    /// How many acts there are may be rewarded below a limit only, unless a law makes the number a duty.
    fn refuse_merit_of_numbers(&mut self, column: &str, extra: &[(Expr, Option<bool>)]) {
        let rewarded_high = self.indicator.better != Better::Lower;
        let is_merit = |(condition, adds): &(Expr, Option<bool>)| {
            let asked = counts_as_amounts(condition.clone());
            holds_amount(&asked) && !is_cap(&asked, adds.is_none_or(|adds| adds == rewarded_high))
        };
        if !self.has_duty() && !counts_no_acts(self.plan) && extra.iter().any(is_merit) {
            let message =
                format!("the {column} of `{}` picks rows by how many acts there are, other than below a limit", self.indicator.id);
            self.refuse(column, message, NO_QUOTA);
        }
    }

    /// A branch of a union whose month is the same for every row adds rows that are no records.
    fn refuse_made_up_rows(&mut self) {
        if self.indicator.window == Window::Flow && self.side("month").is_some_and(|month| made_up_branch(&month)) {
            let message = format!("a union below `{}` adds rows with a constant month, which are no records of acts", self.indicator.id);
            self.refuse("month", message, NO_QUOTA);
        }
    }

    /// Whether a frequency or coverage names its duty and its cap (else it is refused for that).
    fn has_duty(&self) -> bool {
        let duty = self.indicator.statutory_duty.as_deref().is_some_and(cites_law);
        self.indicator.measures.is_some() && duty && self.indicator.companion.is_some()
    }
}

fn report_missing_duty(indicator: &Indicator, diagnostics: &mut Diagnostics) {
    if indicator.measures.is_none() {
        return;
    }
    let id = &indicator.id;
    let (word, message) = match &indicator.statutory_duty {
        Some(duty) if !cites_law(duty) => ("statutory_duty", format!("the `statutory_duty` of `{id}` cites no law")),
        Some(_) if indicator.companion.is_some() => return,
        _ => ("measures", format!("`{id}` measures frequency or coverage, but names no duty and cap")),
    };
    diagnostics.error("frequency-without-duty", &indicator.file, span_of_word(&indicator.text, 0, word), message).hint(format!(
        "cite the law in `statutory_duty`, with its article (`安全生产法 第62条`) or its number (`国办发〔2024〕54号`), and name the indicator that \
         caps it in `companion`; {NO_QUOTA}"
    ));
}

/// Whether only rows are read that are no acts of enforcement: verified innovations and mediations are exempt by kind.
fn counts_no_acts(plan: &LogicalPlan) -> bool {
    let mut read = BTreeSet::new();
    let walked = plan.apply_with_subqueries(|node| {
        if let LogicalPlan::TableScan(scan) = node {
            read.insert(scan.table_name.table().to_owned());
        }
        Ok(TreeNodeRecursion::Continue)
    });
    let known = |table: &String| NO_ACTS.contains(&table.as_str()) || DIMENSIONS.contains(&table.as_str());
    walked.is_ok() && read.iter().all(known) && read.iter().any(|table| NO_ACTS.contains(&table.as_str()))
}

/// An amount, or the mark that there was one.
fn is_amount(expression: &Expr) -> bool {
    mark_of(expression) != Money::None || imposes_money(expression)
}

fn any_part(expression: &Expr, is_it: impl Fn(&Expr) -> bool) -> bool {
    expression.exists(|part| Ok(is_it(part))).unwrap_or(true)
}

/// Whether an amount stands anywhere in the expression, or touched it.
fn holds_amount(expression: &Expr) -> bool {
    any_part(expression, is_amount)
}

/// An aggregate of a side, the conditions that touched it, and whether it adds to the result (`None`: that depends).
struct Part<'a> {
    aggregate: &'a AggregateFunction,
    touched_by: Vec<Expr>,
    adds: Option<bool>,
}

impl Part<'_> {
    /// What is counted, and the conditions of what is counted.
    fn count(&self) -> (Vec<Expr>, Vec<Expr>) {
        let (arguments, mut conditions) = as_count(self.aggregate);
        conditions.extend(self.touched_by.iter().cloned());
        (arguments, conditions)
    }
}

fn parts(expression: &Expr) -> Vec<Part<'_>> {
    let mut found = Vec::new();
    collect_parts(expression, Some(true), &[], &mut found);
    found
}

fn collect_parts<'a>(expression: &'a Expr, adds: Option<bool>, touched_by: &[Expr], found: &mut Vec<Part<'a>>) {
    if let Some((value, by)) = touched(expression) {
        return collect_parts(value, adds, &[touched_by, by].concat(), found);
    }
    match expression {
        Expr::AggregateFunction(aggregate) => found.push(Part { aggregate, touched_by: touched_by.to_vec(), adds }),
        Expr::Alias(alias) => collect_parts(&alias.expr, adds, touched_by, found),
        Expr::Cast(cast) => collect_parts(&cast.expr, adds, touched_by, found),
        Expr::TryCast(cast) => collect_parts(&cast.expr, adds, touched_by, found),
        Expr::Negative(inner) => collect_parts(inner, adds.map(|adds| !adds), touched_by, found),
        Expr::BinaryExpr(binary) if matches!(binary.op, Operator::Plus | Operator::Minus) => {
            collect_parts(&binary.left, adds, touched_by, found);
            let right = if binary.op == Operator::Minus { adds.map(|adds| !adds) } else { adds };
            collect_parts(&binary.right, right, touched_by, found);
        }
        Expr::ScalarFunction(function) if function.name() == "coalesce" => {
            function.args.iter().for_each(|argument| collect_parts(argument, adds, touched_by, found));
        }
        other => children(other).into_iter().for_each(|child| collect_parts(child, None, touched_by, found)),
    }
}

fn children(expression: &Expr) -> Vec<&Expr> {
    let mut all = Vec::new();
    let walked = expression.apply_children(|child| {
        all.push(child);
        Ok(TreeNodeRecursion::Continue)
    });
    debug_assert!(walked.is_ok(), "nothing in the walk fails");
    all
}

/// Whether an amount is added up, counted, averaged or otherwise becomes a value.
fn flows_amount(expression: &Expr) -> bool {
    let inside = parts(expression).iter().any(|part| {
        let sorted = part.aggregate.params.order_by.iter().any(|key| holds_amount(&key.expr));
        sorted || part.count().0.iter().any(holds_amount)
    });
    inside || stands_outside(expression)
}

/// Whether an amount stands outside of every aggregate.
fn stands_outside(expression: &Expr) -> bool {
    match (expression, touched(expression)) {
        (Expr::AggregateFunction(_), _) => false,
        (_, Some((value, _))) if !parts(value).is_empty() => stands_outside(value),
        _ => is_amount(expression) || children(expression).into_iter().any(stands_outside),
    }
}

/// Conditions of the numerator that the denominator does not share, with whether what they pick adds to it; and those of the denominator.
fn conditions(numerator: &Expr, denominator: &Expr) -> (Vec<(Expr, Option<bool>)>, Vec<Expr>) {
    let shared: Vec<Expr> = parts(denominator).iter().flat_map(|part| part.count().1).collect();
    let extra = parts(numerator)
        .iter()
        .flat_map(|part| part.count().1.into_iter().map(|condition| (condition, part.adds)))
        .filter(|(condition, _)| !shared.contains(condition))
        .collect();
    (extra, shared)
}

/// Conditions of a value's aggregates that not all of them share.
fn conditions_of_value(value: &Expr) -> Vec<(Expr, Option<bool>)> {
    let all: Vec<(Vec<Expr>, Option<bool>)> = parts(value).iter().map(|part| (part.count().1, part.adds)).collect();
    let shared = |condition: &Expr| all.len() > 1 && all.iter().all(|(conditions, _)| conditions.contains(condition));
    let own = all.iter().flat_map(|(conditions, adds)| conditions.iter().map(|condition| (condition.clone(), *adds)));
    own.filter(|(condition, _)| !shared(condition)).collect()
}

/// Names of the columns that an expression reads of its own row, not through rows gathered from elsewhere (dates of stages and documents
/// stand in everything that a case is asked). A copy in another table has the same name.
fn columns_of(expression: &Expr, names: &mut BTreeSet<String>) {
    match expression {
        Expr::Column(column) => {
            names.insert(column.name.clone());
        }
        Expr::AggregateFunction(_) | Expr::WindowFunction(_) => {}
        other => children(other).into_iter().for_each(|child| columns_of(child, names)),
    }
}

/// Names of the columns that a condition on an amount reads in its other parts.
fn columns_beside_amounts(condition: &Expr, names: &mut BTreeSet<String>) {
    // A CASE inside a comparison has conditions of its own: `CASE WHEN late AND fine >= … THEN 'excluded' END = …`.
    let is_plain = |side: &Expr| holds_directly(side) && !any_part(side, |part| matches!(part, Expr::Case(_)));
    let decides = |expression: &Expr| match expression {
        Expr::BinaryExpr(binary) => {
            !matches!(binary.op, Operator::And | Operator::Or) && (is_plain(&binary.left) || is_plain(&binary.right))
        }
        Expr::Between(between) => is_plain(&between.expr),
        other => is_amount(other),
    };
    let mut walk = vec![condition];
    if !holds_amount(condition) {
        return;
    }
    while let Some(expression) = walk.pop() {
        // Whether a date or a reason is there at all says who is concerned (a decided case), not how it was done.
        if matches!(expression, Expr::IsNull(_) | Expr::IsNotNull(_)) && !holds_amount(expression) {
            continue;
        }
        if !holds_amount(expression) {
            columns_of(expression, names);
        } else if let Expr::Case(case) = expression {
            // Only the branches that an amount chooses, or that give one; an ELSE is what all of them did not choose.
            let otherwise = case.else_expr.as_deref().filter(|other| holds_amount(other));
            let chosen = |when: &Expr, then: &Expr| otherwise.is_some() || holds_amount(when) || holds_amount(then);
            walk.extend(case.when_then_expr.iter().filter(|(when, then)| chosen(when, then)).flat_map(|(when, then)| [&**when, &**then]));
            walk.extend(case.expr.as_deref().into_iter().chain(otherwise));
        } else if !decides(expression) {
            walk.extend(children(expression));
        }
    }
}

/// Whether a value is made of amounts. What every row passed may hold one; how far equal cases lie apart may be measured.
fn rewards_amount(value: &Expr, filters: &[Expr], better: Better) -> bool {
    if better != Better::Higher && counts::measures_spread(value, better == Better::Lower) {
        return false;
    }
    let touches = |part: &Part<'_>| {
        let (arguments, conditions) = part.count();
        arguments.iter().any(holds_amount)
            || conditions.iter().any(|condition| holds_amount(condition) && !filters.contains(condition))
            || part.aggregate.params.order_by.iter().any(|key| holds_amount(&key.expr))
    };
    stands_outside(value) || parts(value).iter().any(touches)
}
