//! The figures of a run are those of their own SELECT, run alone.
//!
//! In: the finished samples. Out: for every indicator, subject, domain and month of the run, the numbers in `measures` against those of the
//! indicator's SQL over plain views, one query each; of levels the first month and the last. Never here: sums over parents, what is due soon.

use std::collections::BTreeMap;

use arrow::array::AsArray;
use datafusion::prelude::{ParquetReadOptions, SessionContext};
use kaohe::compute::attribution::Attribution;
use kaohe::compute::check::planning_config;
use kaohe::compute::populations::{Dependencies, register_populations};
use kaohe::compute::run::moment_of;
use kaohe::functions::{self, Clocks, Moment, parse_bound};
use kaohe::lake::Lake;
use kaohe::library::Library;
use kaohe::library::indicator::{Indicator, Shape, Window};
use kaohe::nightly::loading::shape_of;
use kaohe::release::Current;
use kaohe::terms::{Month, Period};

use crate::province::{AS_OF, finished_sample};

/// Subject, domain, month, then numerator, denominator, value, n, pending, excluded.
type Rows = Vec<Vec<String>>;

#[tokio::test(flavor = "multi_thread")]
async fn the_figures_of_a_run_are_those_of_their_own_select_run_alone() {
    let (province, _) = finished_sample();
    let (library, _) = Library::read(None).expect("the shipped library reads");
    let current = Current::read(&province.path("current.json")).expect("it reads").expect("a run is current");
    let lake = Lake::open(&province.path("lake")).expect("a lake");
    let snapshot = lake.pin_at(&current.lake_versions).await.expect("pinned");
    let shapes: Vec<_> = library.tables.values().map(shape_of).collect();
    let context = SessionContext::new_with_config(planning_config());
    functions::register(&context, &Clocks::of(&library));
    lake.register(&context, &snapshot, &shapes).expect("tables");
    let measures = province.path(&format!("runs/{}/tables/measures.parquet", current.run));
    context.register_parquet("measures", measures.to_string_lossy(), ParquetReadOptions::default()).await.expect("measures");
    let (dependencies, _) = Dependencies::of(&context, &library);
    let as_of = AS_OF.parse().expect("a date");
    Attribution::settle(&context, &library, as_of).await.expect("in their places");
    let period: Period = "2026".parse().expect("a period");
    let mut moments: BTreeMap<(i64, i64), Vec<(&Indicator, Option<Month>)>> = BTreeMap::new();
    for indicator in library.indicators.values().filter(|indicator| !indicator.sql.is_empty()) {
        let months = period.months_until(as_of);
        let months = if indicator.window == Window::Flow { vec![None] } else { vec![months.first().copied(), months.last().copied()] };
        for month in months {
            let moment = moment_of(indicator.window, month.map_or(as_of, |month| month.last_day().min(as_of)));
            moments.entry((moment.as_of, moment.from)).or_default().push((indicator, month));
        }
    }
    let (mut differing, mut compared) = (Vec::new(), 0);
    for ((as_of, from), indicators) in moments {
        let moment = Moment { as_of, from };
        assert!(register_populations(&context, &library, &dependencies, moment).await.is_empty());
        for (indicator, month) in indicators {
            let (alone, in_run) = (alone(&context, indicator, month, &period, moment).await, in_run(&context, indicator, month).await);
            compared += alone.len();
            if alone != in_run {
                let odd = alone.iter().find(|row| !in_run.contains(row)).or_else(|| in_run.iter().find(|row| !alone.contains(row)));
                differing.push(format!("{} {month:?}: {} rows alone, {} in the run; {odd:?}", indicator.id, alone.len(), in_run.len()));
            }
        }
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
    assert!(compared > 10_000, "only {compared} figures were compared");
}

fn columns(subject: &str, month: &str, has: impl Fn(&str) -> bool) -> String {
    let exact = |name: &str| match has(name) {
        true => format!("CAST(CAST(coalesce({name}, 0) AS DECIMAL(38, 4)) AS VARCHAR) AS {name}"),
        false => format!("'0.0000' AS {name}"),
    };
    let numbers = ["numerator", "denominator", "value", "n", "pending", "excluded"].map(exact).join(", ");
    format!("{subject} AS subject, coalesce(domain, '') AS domain, {month} AS month, {numbers}")
}

async fn alone(context: &SessionContext, indicator: &Indicator, month: Option<Month>, period: &Period, moment: Moment) -> Rows {
    let plan = context.state().statement_to_plan(parse_bound(context, &indicator.sql, moment).expect("parses")).await.expect("plans");
    let has = |name: &str| plan.schema().index_of_column_by_name(None, name).is_some();
    let subject = match indicator.shape {
        Shape::Region => "region_code",
        Shape::Pair => "region_a || '|' || region_b",
        _ => "unit_id",
    };
    let own_month = month.map_or("CAST(month AS DATE)".to_owned(), |month| format!("DATE '{}'", month.first_day()));
    let columns = columns(subject, &own_month, has);
    let sql = format!(
        "SELECT * FROM (SELECT {columns} FROM ({}) AS q) AS r WHERE subject IS NOT NULL AND month BETWEEN DATE '{}' AND DATE '{}'",
        indicator.sql,
        period.first.first_day(),
        period.last.first_day()
    );
    let plan = context.state().statement_to_plan(parse_bound(context, &sql, moment).expect("parses")).await.expect("plans");
    rows(
        context.execute_logical_plan(plan).await.expect("runs").collect().await.unwrap_or_else(|error| panic!("{}: {error}", indicator.id)),
    )
}

async fn in_run(context: &SessionContext, indicator: &Indicator, month: Option<Month>) -> Rows {
    let columns = columns("subject", "month", |_| true);
    let of_month = month.map_or(String::new(), |month| format!(" AND month = DATE '{}'", month.first_day()));
    let sql = format!("SELECT {columns} FROM measures WHERE indicator = '{}' AND scope = 'own'{of_month}", indicator.id);
    rows(context.sql(&sql).await.expect("plans").collect().await.expect("runs"))
}

fn rows(batches: Vec<arrow::record_batch::RecordBatch>) -> Rows {
    let mut rows = Vec::new();
    for batch in &batches {
        let columns: Vec<_> =
            batch.columns().iter().map(|column| arrow::compute::cast(column, &arrow::datatypes::DataType::Utf8).expect("text")).collect();
        rows.extend(
            (0..batch.num_rows())
                .map(|row| columns.iter().map(|column| column.as_string::<i32>().value(row).to_owned()).collect::<Vec<_>>()),
        );
    }
    rows.sort();
    rows
}
