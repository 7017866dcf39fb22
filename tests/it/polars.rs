//! A dozen indicators of a run are what Polars computes of the same rows.
//!
//! In: the finished samples: the rows of their lake as they count (`counted`), `measures` of the run. Out: for every unit, domain and month
//! the figures of twelve indicators, computed from what their titles and comments say, against those of the run; the same for every unit
//! with all below it. Never here: what an indicator means (`dozen`), a SELECT, clock or parameter of the library, a query that kaohe runs.

mod counted;
mod dozen;

use std::collections::BTreeMap;

use ::polars::prelude::{DataType, Expr, IntoLazy, LazyFrame, PolarsResult, UnionArgs, col, concat, lit};
use jiff::ToSpan;
use jiff::civil::{Date, date};

use self::counted::{DAY, Sample, days, is_within, month_of, stored};
use crate::province::{AS_OF, finished_sample};

/// A published mean has four decimals, of a figure with six.
const ROUNDING: f64 = 0.000_050_6;

/// At the end of `last`, looking back to `first`.
#[derive(Clone, Copy)]
struct Moment {
    first: i32,
    last: i32,
}

impl Moment {
    /// What happened before this instant is known.
    fn end(self) -> Expr {
        lit((i64::from(self.last) + 1) * DAY)
    }
}

/// Which moments an indicator is computed at.
#[derive(Clone, Copy, PartialEq)]
enum Window {
    /// Once; a row has its own month.
    Flow,
    /// At each month's end, since 1 January.
    YearToDate,
    /// At each month's end, over so many months.
    Rolling(i32),
}

/// What its figures are.
#[derive(Clone, Copy, PartialEq)]
enum Counted {
    /// Rows that meet the condition, and all that are due.
    Rows,
    /// The same of different `key`s, so that a superior counts a key of two units once; what is not due by `row`.
    Keys,
    /// The mean `amount` by `weight`, and of how many; a superior has none.
    Mean,
}

/// Rows of an indicator: `subject`, `domain`, `month` (of a flow), `state`, and `is_met` or `amount` and `weight`.
type Rows = fn(&Sample, Moment) -> PolarsResult<LazyFrame>;

const DOZEN: [(&str, Window, Counted, Rows); 12] = [
    ("procedure.electronic_delivery_rate", Window::Flow, Counted::Rows, dozen::electronic_delivery),
    ("market.filing_within_7d", Window::Flow, Counted::Rows, dozen::filing_within_seven_days),
    ("recording.coverage", Window::Flow, Counted::Rows, dozen::recording_coverage),
    ("casefile.pass_rate", Window::Flow, Counted::Rows, dozen::casefiles_passed),
    ("township.certified_staff_ratio", Window::YearToDate, Counted::Rows, dozen::certified_staff),
    ("township.multi_skill_training", Window::YearToDate, Counted::Rows, dozen::multi_skill_training),
    ("market.food_full_coverage_2y", Window::Rolling(24), Counted::Rows, dozen::food_operators_visited),
    ("county.repeat_fault_rate", Window::Rolling(12), Counted::Rows, dozen::repeated_faults),
    ("fullcycle.third_party_score", Window::YearToDate, Counted::Mean, dozen::third_party_scores),
    ("perception.survey_guidance", Window::YearToDate, Counted::Mean, dozen::guidance_in_surveys),
    ("inspection.repeat_30d_rate", Window::YearToDate, Counted::Keys, dozen::repeated_inspections),
    ("province.benchmark_coverage", Window::YearToDate, Counted::Keys, dozen::items_with_benchmark),
];

#[test]
fn a_dozen_indicators_are_what_polars_computes_of_the_same_rows() {
    let (province, _) = finished_sample();
    let measures = province.path(&format!("runs/{}/tables/measures.parquet", province.current_run()));
    let measures = stored(&[measures]).expect("measures reads");
    let sample = Sample::open(province.path("lake"), AS_OF.parse().expect("a date")).expect("the registry reads");
    let mut differing = Vec::new();
    for (indicator, window, counted, rows) in DOZEN {
        let rows = at_all_moments(&sample, window, rows).unwrap_or_else(|error| panic!("{indicator}: {error}"));
        for scope in if counted == Counted::Mean { &["own"][..] } else { &["own", "subtree"] } {
            let computed = computed(&sample, rows.clone(), scope, counted).unwrap_or_else(|error| panic!("{indicator}: {error}"));
            let published = published(&sample, &measures, indicator, scope, counted).expect("measures reads");
            // What counts nothing, or the same on both sides, would agree with anything.
            let telling = computed.values().filter(|cell| cell[0] > Some(0.0) && cell[1] > Some(0.0) && cell[0] != cell[1]).count();
            assert!(telling >= 10, "{indicator}, {scope}: only {telling} of {} figures say something", computed.len());
            println!("{indicator}, {scope}: {} figures", computed.len());
            for key in computed.keys().chain(published.keys().filter(|key| !computed.contains_key(key))) {
                let (computed, published) = (computed.get(key), published.get(key));
                if !agree(computed, published, counted) {
                    differing.push(format!("{indicator}, {scope}, {key:?}: {computed:?}, in the run {published:?}"));
                }
            }
        }
    }
    assert!(differing.is_empty(), "numerator or value, denominator or n, pending, excluded:\n{}", differing.join("\n"));
}

/// Numerator or value, denominator or n, pending, excluded.
type Cell = [Option<f64>; 4];
/// By subject, domain, month (202601).
type Figures = BTreeMap<(String, String, i32), Cell>;

/// Counts are equal; a mean is equal as far as it is published.
fn agree(computed: Option<&Cell>, published: Option<&Cell>, counted: Counted) -> bool {
    let (Some(computed), Some(published)) = (computed, published) else { return false };
    let tolerance = if counted == Counted::Mean { ROUNDING } else { 0.0 };
    computed.iter().zip(published).all(|pair| match pair {
        (Some(computed), Some(published)) => (computed - published).abs() <= tolerance,
        (computed, published) => computed == published,
    })
}

fn at_all_moments(sample: &Sample, window: Window, rows: Rows) -> PolarsResult<LazyFrame> {
    let as_of: Date = AS_OF.parse().expect("a date");
    let mut all = Vec::new();
    for month in 1..=as_of.month() {
        let begun = date(as_of.year(), month, 1);
        let first = match window {
            Window::Flow | Window::YearToDate => begun.first_of_year(),
            Window::Rolling(months) => begun.saturating_sub((months - 1).months()),
        };
        let at = Moment { first: days(first), last: days(begun.last_of_month().min(as_of)) };
        if window != Window::Flow {
            all.push(rows(sample, at)?.with_column(lit(i32::from(begun.year()) * 100 + i32::from(month)).alias("month")));
        } else if month == as_of.month() {
            all.push(rows(sample, at)?);
        }
    }
    let year = i32::from(as_of.year()) * 100;
    let is_counted = col("subject").is_not_null().and(is_within("month", year + 1, year + 12));
    Ok(concat(all, UnionArgs::default())?.filter(is_counted).collect()?.lazy())
}

fn computed(sample: &Sample, mut rows: LazyFrame, scope: &str, counted: Counted) -> PolarsResult<Figures> {
    if scope == "subtree" {
        rows = rows.inner_join(sample.ancestors.clone(), col("subject"), col("unit")).with_column(col("ancestor").alias("subject"));
    }
    let is_in = |state: &str| col("state").eq(lit(state));
    let due = || is_in("due");
    let count = |those: Expr, key: &str| if counted == Counted::Keys { col(key).filter(those).n_unique() } else { those.sum() };
    let first = match counted {
        Counted::Rows | Counted::Keys => count(due().and(col("is_met")), "key"),
        Counted::Mean => (col("amount") * col("weight")).filter(due()).sum() / col("weight").filter(due()).sum(),
    };
    let second = count(due(), "key").alias("second");
    let others = [count(is_in("pending"), "row").alias("pending"), count(is_in("excluded"), "row").alias("excluded")];
    let cells = rows.group_by([col("subject"), col("domain"), col("month")]).agg([&[first.alias("first"), second], &others[..]].concat());
    figures(cells)
}

/// What the run has; of a unit with all below it, where the registry knows the unit.
fn published(sample: &Sample, measures: &LazyFrame, indicator: &str, scope: &str, counted: Counted) -> PolarsResult<Figures> {
    let mut rows = measures.clone().filter(col("indicator").eq(lit(indicator)).and(col("scope").eq(lit(scope))));
    if scope == "subtree" {
        rows = rows.inner_join(sample.units.clone().select([col("unit_id")]), col("subject"), col("unit_id"));
    }
    let (first, second) = if counted == Counted::Mean { ("value", "n") } else { ("numerator", "denominator") };
    figures(rows.with_columns([month_of(col("month")).alias("month"), col(first).alias("first"), col(second).alias("second")]))
}

fn figures(cells: LazyFrame) -> PolarsResult<Figures> {
    let numbers = ["first", "second", "pending", "excluded"];
    let cells = cells.with_columns(numbers.map(|name| col(name).cast(DataType::Float64))).collect()?;
    let (subject, domain, month) = (cells.column("subject")?.str()?, cells.column("domain")?.str()?, cells.column("month")?.i32()?);
    let mut figures = Figures::new();
    for row in 0..cells.height() {
        let mut cell = [None; 4];
        for (figure, name) in cell.iter_mut().zip(numbers) {
            // The mean of nothing is no number.
            *figure = cells.column(name)?.f64()?.get(row).filter(|number| !number.is_nan());
        }
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let key = (text(subject.get(row)), text(domain.get(row)), month.get(row).unwrap_or_default());
        assert!(figures.insert(key, cell).is_none(), "two cells of one unit, domain and month");
    }
    Ok(figures)
}
