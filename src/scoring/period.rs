//! Months → one exact fraction for the period.
//!
//! In: measures in any order, and the scheme's indicators with the months that count. Out: sums per indicator, subject, domain
//! and scope. Never here: division, scores.
//!
//! A value over n answers is carried as value × n over n, so that it can be summed like a fraction; of a window other than flow
//! only the last computed month counts. The sums run through Polars in batches of bounded size, as 38-digit decimals.

use std::collections::{BTreeMap, HashMap};

use polars::prelude::{Column, DataFrame, Int128Chunked, IntoColumn, IntoLazy, IntoSeries, PolarsResult, col, polars_bail};

use super::ScoringInput;
use crate::compute::measures::{Amount, Measure, Scope};
use crate::error::{Context, Error, Kind, Result};
use crate::library::indicator::{Rollup, Shape, Window};
use crate::library::scheme::Scored;
use crate::library::scheme::composites::{Composite, composite};
use crate::terms::{Fraction, Month};

/// Rows of one Polars frame: about 70 MB.
const BATCH: usize = 1 << 20;

/// One indicator of the scheme with what its header says.
#[derive(Debug, Clone)]
pub(super) struct Entry<'a> {
    /// The scheme's line.
    pub scored: &'a Scored,
    /// Node it hangs on.
    pub node: &'a str,
    /// The composite, when it has no SQL file.
    pub composite: Option<&'static Composite>,
    /// Domains it applies to.
    pub domains: Vec<String>,
    /// Tiers it applies to.
    pub tiers: Vec<String>,
    /// What a row is.
    pub shape: Shape,
    /// Few of what it counts are shown to nobody.
    pub counts_answers: bool,
    /// Parents have sums of their children.
    pub rolls_up: bool,
    /// Months add up.
    flow: bool,
    /// First and last month that count; `None` when it is switched off.
    pub months: Option<(Month, Month)>,
    /// Last month whose deadlines are shown as pending.
    pending_until: Month,
}

impl Entry<'_> {
    /// The same entry over one month alone; of a month after `last` only what is pending counts.
    pub fn in_month(&self, month: Month, last: Month) -> Self {
        let counts = self.months.filter(|(first, until)| *first <= month && (month <= *until || (self.flow && last < month)));
        let months = counts.map(|_| if month <= last { (month, month) } else { (month.plus(-1), month.plus(-1)) });
        Self { months, pending_until: month, ..self.clone() }
    }
}

/// Every indicator of the scheme, in its order.
pub(super) fn entries<'a>(input: &ScoringInput<'a>) -> Result<Vec<Entry<'a>>> {
    input.scheme.indicators.iter().map(|scored| entry(input, scored)).collect()
}

fn entry<'a>(input: &ScoringInput<'a>, scored: &'a Scored) -> Result<Entry<'a>> {
    let months = months(input, scored);
    let node = scored.node.as_str();
    if let Some(header) = input.indicators.get(&scored.id) {
        return Ok(Entry {
            scored,
            node,
            composite: None,
            domains: header.domains.clone(),
            tiers: header.tiers.clone(),
            shape: header.shape,
            counts_answers: header.counts_answers,
            rolls_up: header.rollup != Rollup::None,
            flow: header.window == Window::Flow,
            months,
            pending_until: input.period.last,
        });
    }
    let Some(composite) = composite(&scored.id.0) else {
        let message = format!("the scheme `{}` scores `{}`, which has no header", input.scheme.name, scored.id);
        return Err(Error::new(Kind::Configuration, message).with_hint("kaohe check names the nearest indicator"));
    };
    let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    Ok(Entry {
        scored,
        node,
        composite: Some(composite),
        domains: owned(composite.domains),
        tiers: owned(composite.tiers),
        shape: Shape::Region,
        counts_answers: true,
        rolls_up: false,
        flow: false,
        months,
        pending_until: input.period.last,
    })
}

/// Months of the period that have begun; for a dynamic indicator only those that lie wholly inside its dates.
fn months(input: &ScoringInput<'_>, scored: &Scored) -> Option<(Month, Month)> {
    let mut months = input.period.months_until(input.as_of);
    if let Some(dynamic) = &scored.dynamic {
        months.retain(|month| month.first_day() >= dynamic.from && dynamic.until.is_none_or(|until| month.last_day() <= until));
    }
    Some((*months.first()?, *months.last()?))
}

/// Sums over the period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct PeriodAmount {
    /// Numerator and denominator, scaled; value × n and n for values.
    pub fraction: Fraction,
    /// Not yet due.
    pub pending: i64,
    /// Left out.
    pub excluded: i64,
    /// Of the pending ones those due soon.
    pub due_soon: i64,
    /// One of the rows is an earlier run's.
    pub held: bool,
}

impl PeriodAmount {
    /// Adds another domain or month.
    pub fn merge(self, other: Self) -> Self {
        Self {
            fraction: self.fraction.merge(other.fraction),
            pending: self.pending + other.pending,
            excluded: self.excluded + other.excluded,
            due_soon: self.due_soon + other.due_soon,
            held: self.held || other.held,
        }
    }
}

type Key = (u32, u32, u32, bool);

/// Sums per entry, subject, domain and scope.
#[derive(Debug, Default)]
pub(super) struct Totals {
    subjects: HashMap<String, u32>,
    domains: HashMap<String, u32>,
    amounts: HashMap<Key, PeriodAmount>,
}

impl Totals {
    /// The sums of one subject in one domain.
    pub fn get(&self, entry: usize, subject: &str, domain: &str, subtree: bool) -> Option<PeriodAmount> {
        let key = (entry as u32, *self.subjects.get(subject)?, *self.domains.get(domain)?, subtree);
        self.amounts.get(&key).copied()
    }
}

/// The columns of one batch.
#[derive(Default)]
struct Rows {
    entry: Vec<u32>,
    subject: Vec<u32>,
    domain: Vec<u32>,
    subtree: Vec<bool>,
    numerator: Vec<i128>,
    denominator: Vec<i128>,
    pending: Vec<i64>,
    excluded: Vec<i64>,
    due_soon: Vec<i64>,
    held: Vec<bool>,
}

const KEYS: [&str; 4] = ["entry", "subject", "domain", "subtree"];

impl Rows {
    /// Of a month that lies ahead only what is pending counts.
    fn push(&mut self, key: Key, measure: &Measure<'_>, is_ahead: bool) {
        let (numerator, denominator) = match measure.amount {
            _ if is_ahead => (0, 0),
            Amount::Ratio(fraction) => (fraction.numerator, fraction.denominator),
            Amount::Value { value: Some(value), n } => (value * i128::from(n), i128::from(n) * Fraction::SCALE),
            Amount::Value { value: None, .. } => (0, 0),
        };
        self.entry.push(key.0);
        self.subject.push(key.1);
        self.domain.push(key.2);
        self.subtree.push(key.3);
        self.numerator.push(numerator);
        self.denominator.push(denominator);
        self.pending.push(measure.pending);
        self.excluded.push(if is_ahead { 0 } else { measure.excluded });
        self.due_soon.push(measure.due_soon);
        self.held.push(measure.held);
    }

    fn into_sums(self) -> PolarsResult<DataFrame> {
        let decimal = |name: &str, values: Vec<i128>| -> PolarsResult<Column> {
            Ok(Int128Chunked::from_vec(name.into(), values).into_decimal(38, 0)?.into_series().into_column())
        };
        let frame = DataFrame::new_infer_height(vec![
            Column::new("entry".into(), self.entry),
            Column::new("subject".into(), self.subject),
            Column::new("domain".into(), self.domain),
            Column::new("subtree".into(), self.subtree),
            decimal("numerator", self.numerator)?,
            decimal("denominator", self.denominator)?,
            Column::new("pending".into(), self.pending),
            Column::new("excluded".into(), self.excluded),
            Column::new("due_soon".into(), self.due_soon),
            Column::new("held".into(), self.held),
        ])?;
        frame
            .lazy()
            .group_by(KEYS.map(col))
            .agg([
                col("numerator").sum(),
                col("denominator").sum(),
                col("pending").sum(),
                col("excluded").sum(),
                col("due_soon").sum(),
                col("held").any(true),
            ])
            .collect()
    }
}

/// Sums measures over the months that count; a flow's deadlines of the period's later months are its pending.
pub(super) fn aggregate<'m>(measures: impl Iterator<Item = Measure<'m>> + Clone, entries: &[Entry<'_>]) -> Result<Totals> {
    let mut by_indicator: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, entry) in entries.iter().enumerate() {
        by_indicator.entry(entry.scored.id.as_ref()).or_default().push(index);
    }
    let counted = |entry: &Entry<'_>, month: Month| entry.months.is_some_and(|(first, last)| first <= month && month <= last);
    let mut last_computed: Vec<Option<Month>> = vec![None; entries.len()];
    for measure in measures.clone() {
        for &index in by_indicator.get(measure.indicator).into_iter().flatten() {
            if counted(&entries[index], measure.month) {
                last_computed[index] = last_computed[index].max(Some(measure.month));
            }
        }
    }
    let mut totals = Totals::default();
    let mut rows = Rows::default();
    for measure in measures {
        for &index in by_indicator.get(measure.indicator).into_iter().flatten() {
            let entry = &entries[index];
            let is_ahead = entry.flow && entry.months.is_some_and(|(_, last)| last < measure.month && measure.month <= entry.pending_until);
            let is_current = counted(entry, measure.month) && (entry.flow || last_computed[index] == Some(measure.month));
            if !is_ahead && !is_current {
                continue;
            }
            let subject = code(&mut totals.subjects, measure.subject);
            let domain = code(&mut totals.domains, measure.domain);
            rows.push((index as u32, subject, domain, measure.scope == Scope::Subtree), &measure, is_ahead);
            if rows.entry.len() == BATCH {
                add_batch(&mut totals, std::mem::take(&mut rows))?;
            }
        }
    }
    add_batch(&mut totals, rows)?;
    Ok(totals)
}

fn code(codes: &mut HashMap<String, u32>, text: &str) -> u32 {
    if let Some(code) = codes.get(text) {
        return *code;
    }
    let code = codes.len() as u32;
    codes.insert(text.to_owned(), code);
    code
}

fn add_batch(totals: &mut Totals, rows: Rows) -> Result<()> {
    if rows.entry.is_empty() {
        return Ok(());
    }
    let summing = || "summing measures over the period";
    let sums = Context::context(rows.into_sums(), Kind::Bug, summing)?;
    Context::context(read_sums(totals, &sums), Kind::Bug, summing)
}

fn read_sums(totals: &mut Totals, sums: &DataFrame) -> PolarsResult<()> {
    let (entry, subject, domain) = (sums.column("entry")?.u32()?, sums.column("subject")?.u32()?, sums.column("domain")?.u32()?);
    let (subtree, held) = (sums.column("subtree")?.bool()?, sums.column("held")?.bool()?);
    let numerator = sums.column("numerator")?.decimal()?.physical();
    let denominator = sums.column("denominator")?.decimal()?.physical();
    let (pending, excluded) = (sums.column("pending")?.i64()?, sums.column("excluded")?.i64()?);
    let due_soon = sums.column("due_soon")?.i64()?;
    for row in 0..sums.height() {
        let key = (entry.get(row), subject.get(row), domain.get(row), subtree.get(row));
        let (Some(entry), Some(subject), Some(domain), Some(subtree)) = key else { continue };
        let (Some(numerator), Some(denominator)) = (numerator.get(row), denominator.get(row)) else {
            polars_bail!(ComputeError: "a sum has more than 38 digits");
        };
        let amount = PeriodAmount {
            fraction: Fraction { numerator, denominator },
            pending: pending.get(row).unwrap_or_default(),
            excluded: excluded.get(row).unwrap_or_default(),
            due_soon: due_soon.get(row).unwrap_or_default(),
            held: held.get(row).unwrap_or_default(),
        };
        let known = totals.amounts.entry((entry, subject, domain, subtree)).or_default();
        *known = known.merge(amount);
    }
    Ok(())
}
