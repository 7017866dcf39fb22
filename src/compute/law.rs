//! What the law refuses in an indicator, decided on column lineage (catalogue of indicators, C7).
//!
//! In: an indicator and its plan with views inlined. Out: diagnostics with the text of the law. Never here: data.
//!
//! 行政处罚法 art. 74: fines and confiscations may not be tied, openly or covertly, to the assessment of an agency.
//! 国办发〔2024〕54号 [M]: no inspection quotas, no assessment by inspection frequency or fines. So an amount is never added up
//! into a figure, whichever way is good; it may stand in a condition only as a cap, or choose whom a duty concerns, in both
//! sides alike; it never decides how often a row counts; and acts count only as a part of the acts that were due.

mod caps;
mod counts;

use std::collections::BTreeSet;

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, Result};
use datafusion::logical_expr::expr::AggregateFunction;
use datafusion::logical_expr::{Expr, LogicalPlan, Operator};

use super::forms::text_of;
use super::lineage::{Lineage, Resolved, touched};
use crate::diagnostics::Diagnostics;
use crate::library::indicator::{Better, Indicator, Shape, Window, span_of_word};
use caps::{is_cap, multiplies};
use counts::{as_count, counts_undivided, is_decided_by_branch, is_part_of, made_up_branch};

const AMOUNTS: [&str; 4] = ["fine_amount", "confiscated_amount", "paid_amount", "fine_paid"];
/// Kinds of penalty that take money.
const MONEY_KINDS: [&str; 3] = ["fine", "confiscate_gains", "confiscate_property"];
/// Tables whose rows are no acts of enforcement: a count of them is no quota of penalties or inspections.
const NO_ACTS: [&str; 2] = ["innovation_cases", "mediation_records"];
/// Tables that describe subjects and may stand beside those.
const DIMENSIONS: [&str; 4] = ["units", "regions", "officers", "enterprises"];
/// Name of the diagnostics that stop a run: what the law forbids.
pub const UNLAWFUL: &str = "unlawful-indicator";
const ART_74: &str = "行政处罚法 第七十四条：罚款、没收的违法所得……不得同作出行政处罚决定的行政机关及其工作人员的考核、考评直接或者变相挂钩; \
     an amount may stand below its cap (`fine_amount <= param(…)`), be compared with the same amount in another table, or choose whom a duty \
     concerns, in numerator and denominator alike";
const NO_QUOTA: &str = "国办发〔2024〕54号：不得下达检查指标，不得将考核考评与检查频次、罚没数额挂钩 [M]; count the acts in time out of the acts due, in both sides of one population";

/// Refuses what the law forbids in one indicator.
///
/// # Errors
/// A plan node that the lineage walk does not understand; the caller reports it, since what can't be traced can't be cleared.
pub fn refuse_unlawful(indicator: &Indicator, plan: &LogicalPlan, diagnostics: &mut Diagnostics) -> Result<()> {
    report_missing_duty(indicator, diagnostics);
    let resolved = Lineage { matters: &holds_amount, meets: &|_| {} }.resolve(plan)?;
    let mut trial = Trial { indicator, plan, resolved: &resolved, diagnostics };
    if resolved.weights.iter().chain(&resolved.filters).any(|condition| multiplies(condition, true)) {
        let message = format!("an amount of fines or confiscations decides how often a row counts in `{}`", indicator.id);
        trial.refuse("FROM", message, ART_74);
    }
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
            if !is_part_of(&numerator, &denominator) {
                let message = format!("the numerator of `{id}` counts acts that are not a part of its denominator");
                self.refuse("numerator", message, NO_QUOTA);
            } else if extra.iter().any(|(condition, _)| is_decided_by_branch(condition)) {
                let message = format!("the numerator of `{id}` counts one branch of a union against another, so it counts acts as merit");
                self.refuse("numerator", message, NO_QUOTA);
            }
        }
        self.refuse_made_up_rows();
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
        self.indicator.measures.is_some() && self.indicator.statutory_duty.is_some() && self.indicator.companion.is_some()
    }
}

fn report_missing_duty(indicator: &Indicator, diagnostics: &mut Diagnostics) {
    if indicator.measures.is_some() && (indicator.statutory_duty.is_none() || indicator.companion.is_none()) {
        let span = span_of_word(&indicator.text, 0, "measures");
        diagnostics
            .error(
                "frequency-without-duty",
                &indicator.file,
                span,
                format!("`{}` measures frequency or coverage, but names no duty and cap", indicator.id),
            )
            .hint(format!("cite the law in `statutory_duty` and name the indicator that caps it in `companion`; {NO_QUOTA}"));
    }
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
    let is_column = |column: &Column| AMOUNTS.contains(&column.name.as_str());
    matches!(expression, Expr::Column(column) | Expr::OuterReferenceColumn(_, column) if is_column(column)) || imposes_money(expression)
}

/// Whether the kinds of a penalty are asked for a fine or confiscation.
fn imposes_money(expression: &Expr) -> bool {
    match expression {
        Expr::ScalarFunction(function) if function.name() == "array_has" => {
            function.args.iter().any(|argument| text_of(argument).is_some_and(|kind| MONEY_KINDS.contains(&kind.as_str())))
        }
        _ => false,
    }
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
