//! Fused = alone: every query of the library, over random rows.
//!
//! In: the shipped library, rows drawn from its contracts. Out: for every query that is fused the same rows as the query run by itself, to the
//! last digit, whatever the order and cut of the rows. Never here: what an indicator ought to say (its page in `tests/cases` says that).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Int64Array, ListBuilder, RecordBatch, RecordBatchOptions, StringArray,
    StringBuilder, TimestampMicrosecondArray, UInt32Array,
};
use arrow::compute::{cast, concat_batches, take_record_batch};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::datasource::MemTable;
use datafusion::physical_plan::collect;
use datafusion::prelude::{SessionConfig, SessionContext};
use jiff::civil::{Date, date};
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::kernel::State;
use super::{Fusion, count, fuse};
use crate::compute::populations::{Dependencies, register_populations};
use crate::compute::run::{moment_of, moving, register_ancestors};
use crate::compute::shared::{answer, physical};
use crate::compute::units::Hierarchy;
use crate::functions::{self, Clocks, parse_bound};
use crate::ingest::arrow_schema;
use crate::library::Library;
use crate::library::contract::{ColumnType, TableContract};
use crate::library::indicator::Window;
use crate::terms::epoch_days;

const AS_OF: Date = date(2026, 6, 30);

/// Rows of a table: few keys, so that joins meet, dates around the as-of date, and NULLs.
pub(super) fn rows_of(contract: &TableContract, rows: usize, random: &mut ChaCha8Rng) -> RecordBatch {
    let schema = arrow_schema(contract);
    let columns = schema.fields().iter().map(|field| column_of(contract.column(field.name()), field.name(), rows, random)).collect();
    let drawn = RecordBatch::try_new(Arc::clone(&schema), columns).expect("columns of the contract's types");
    // A key stands once, as in the lake: of rows with the same key, which one counts would be left to chance.
    let mut seen = BTreeSet::new();
    let keys: Vec<ArrayRef> = contract.key.iter().filter_map(|key| drawn.column_by_name(key).cloned()).collect();
    let once: Vec<u32> = (0..rows as u32).filter(|row| seen.insert(line(&keys, *row as usize))).collect();
    take_record_batch(&drawn, &UInt32Array::from(once)).expect("its own rows")
}

fn line(columns: &[ArrayRef], row: usize) -> String {
    let options = FormatOptions::default().with_null("NULL");
    let shown = columns.iter().map(|column| ArrayFormatter::try_new(column, &options).expect("shown").value(row).to_string());
    shown.collect::<Vec<_>>().join(" | ")
}

fn column_of(column: Option<&crate::library::contract::Column>, name: &str, rows: usize, random: &mut ChaCha8Rng) -> ArrayRef {
    let nulls = if name.ends_with("_id") { 0.02 } else { 0.25 };
    let day = |random: &mut ChaCha8Rng| epoch_days(AS_OF) + random.random_range(-400..40);
    let Some(column) = column else {
        return match name {
            "source_line" => Arc::new((0..rows as i64).collect::<Int64Array>()),
            _ => Arc::new((0..rows).map(|_| Some("cases.csv")).collect::<StringArray>()),
        };
    };
    let text = |random: &mut ChaCha8Rng| match column.codes.as_slice() {
        [] if name.ends_with("code") && name.starts_with("region") => format!("3301{:02}", random.random_range(0..4)),
        [] => format!("{}{}", name.split('_').next().unwrap_or("x"), random.random_range(0..if name.ends_with("_id") { 120 } else { 6 })),
        codes => codes[random.random_range(0..codes.len())].0.clone(),
    };
    let some = |random: &mut ChaCha8Rng| random.random_bool(1.0 - nulls);
    match column.kind {
        ColumnType::Text => Arc::new((0..rows).map(|_| some(random).then(|| text(random))).collect::<StringArray>()),
        ColumnType::Date => Arc::new((0..rows).map(|_| some(random).then(|| day(random))).collect::<Date32Array>()),
        ColumnType::Instant => {
            // 16:00 UTC is midnight in Shanghai: where days, and moments of computation, end.
            let hours = [1, 9, 16, 16];
            let at = |random: &mut ChaCha8Rng| {
                i64::from(day(random)) * 86_400_000_000 + hours[random.random_range(0..hours.len())] * 3_600_000_000
            };
            let values: TimestampMicrosecondArray = (0..rows).map(|_| some(random).then(|| at(random))).collect();
            Arc::new(values.with_timezone("UTC"))
        }
        ColumnType::Integer => Arc::new((0..rows).map(|_| some(random).then(|| random.random_range(-2..9))).collect::<Int64Array>()),
        ColumnType::Decimal => {
            let values: Decimal128Array = (0..rows).map(|_| some(random).then(|| random.random_range(-500..900_000))).collect();
            Arc::new(values.with_precision_and_scale(18, 2).expect("a decimal"))
        }
        ColumnType::Boolean => Arc::new((0..rows).map(|_| some(random).then(|| random.random_bool(0.5))).collect::<BooleanArray>()),
        ColumnType::List => {
            let mut lists = ListBuilder::new(StringBuilder::new());
            for _ in 0..rows {
                for _ in 0..random.random_range(0..3) {
                    lists.values().append_value(text(random));
                }
                let is_there = some(random);
                lists.append(is_there);
            }
            Arc::new(lists.finish())
        }
    }
}

/// The same rows in another order, cut elsewhere.
fn shuffled(batch: &RecordBatch, random: &mut ChaCha8Rng) -> Vec<Vec<RecordBatch>> {
    let mut order: Vec<u32> = (0..batch.num_rows() as u32).collect();
    order.shuffle(random);
    let rows = take_record_batch(batch, &UInt32Array::from(order)).expect("its own rows");
    let mut parts = vec![Vec::new(), Vec::new(), Vec::new()];
    let mut from = 0;
    while from < rows.num_rows() {
        let some = random.random_range(1..=7).min(rows.num_rows() - from);
        parts[random.random_range(0..3)].push(rows.slice(from, some));
        from += some;
    }
    parts
}

async fn session(library: &Library, tables: &BTreeMap<&str, Vec<Vec<RecordBatch>>>, partitions: usize) -> SessionContext {
    let mut config = SessionConfig::new().with_target_partitions(partitions);
    config.options_mut().sql_parser.map_string_types_to_utf8view = false;
    let context = SessionContext::new_with_config(config);
    functions::register(&context, &Clocks::of(library));
    for contract in library.tables.values() {
        let table = MemTable::try_new(arrow_schema(contract), tables[contract.name.as_str()].clone()).expect("a table");
        context.register_table(contract.name.as_str(), Arc::new(table)).expect("its place is free");
    }
    register_ancestors(&context, &Hierarchy::read(&context, AS_OF).await.expect("units")).expect("ancestors");
    context
}

fn lines(batches: &[RecordBatch]) -> Vec<String> {
    let mut lines: Vec<String> = batches.iter().flat_map(|batch| (0..batch.num_rows()).map(|row| line(batch.columns(), row))).collect();
    lines.sort();
    lines
}

/// The same rows with their texts as dictionaries, as the lake hands them over.
fn as_dictionaries(batch: &RecordBatch) -> RecordBatch {
    let kind = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    let column = |column: &ArrayRef| match column.data_type() {
        DataType::Utf8 => cast(column, &kind).expect("a dictionary"),
        _ => Arc::clone(column),
    };
    let columns: Vec<ArrayRef> = batch.columns().iter().map(column).collect();
    let fields = batch
        .schema()
        .fields()
        .iter()
        .zip(&columns)
        .map(|(field, column)| Field::new(field.name(), column.data_type().clone(), true))
        .collect::<Vec<_>>();
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options).expect("the same rows")
}

/// Every query of the library that is fused, with its rows; and those that are not, with the reason.
async fn answers(
    library: &Library,
    context: &SessionContext,
    is_alone: bool,
    with_dictionaries: bool,
) -> (BTreeMap<String, Vec<String>>, BTreeMap<String, String>) {
    let moment = moment_of(Window::Flow, AS_OF);
    let (dependencies, _) = Dependencies::of(context, library);
    assert!(register_populations(context, library, &dependencies, moment).await.is_empty());
    let (mut names, mut queries) = (Vec::new(), Vec::new());
    for indicator in library.indicators.values() {
        names.push(indicator.id.0.clone());
        let statement = parse_bound(context, &indicator.sql, moment).expect("parses");
        queries.push(context.state().statement_to_plan(statement).await.expect("plans"));
    }
    let state = context.state();
    let Fusion { scans, alone } = fuse(&state, &queries, &moving(moment, AS_OF), &|_| false).await;
    let reasons = alone.iter().map(|(place, reason)| (names[*place].clone(), reason.to_string())).collect();
    let mut found = BTreeMap::new();
    for scan in scans {
        if is_alone {
            for place in scan.queries {
                let optimised = state.optimize(&queries[place]).expect("optimised");
                found.insert(names[place].clone(), lines(&answer(context, &optimised).await.expect("answered")));
            }
            continue;
        }
        let optimised = state.optimize(&scan.rows(&scan.plan, false).expect("a plan")).expect("optimised");
        let rows = physical(&state, &optimised).await.expect("planned");
        let counted = if with_dictionaries {
            let mut counted = State::new(&scan.plan);
            for batch in collect(rows, state.task_ctx()).await.expect("rows") {
                counted.update(&scan.plan, &as_dictionaries(&batch)).expect("counted");
            }
            counted
        } else {
            let counted = count(Arc::clone(&scan.plan), rows, state.task_ctx(), false).await.expect("counted");
            counted.into_values().next().unwrap_or_else(|| State::new(&scan.plan))
        };
        let totals = counted.into_totals(&scan.plan);
        for (within, place) in scan.queries.iter().enumerate() {
            found.insert(names[*place].clone(), lines(&[totals.rows_of(&scan.plan, &state, within).expect("rows")]));
        }
    }
    (found, reasons)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fused_indicator_of_the_library_answers_as_it_does_alone_over_random_rows() {
    let (library, _) = Library::read(None).expect("the shipped library reads");
    let mut not_empty: BTreeMap<String, usize> = BTreeMap::new();
    let mut reasons = BTreeMap::new();
    for seed in 0..3 {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let sizes = [0, 1, 40, 250];
        let mut drawn = BTreeMap::new();
        for contract in library.tables.values() {
            let size = if seed == 0 { 250 } else { sizes[random.random_range(0..4)] };
            drawn.insert(contract.name.as_str(), rows_of(contract, size, &mut random));
        }
        let together = drawn.iter().map(|(name, batch)| (*name, vec![vec![batch.clone()]])).collect();
        let (alone, _) = answers(&library, &session(&library, &together, 1).await, true, false).await;
        let apart = drawn.iter().map(|(name, batch)| (*name, shuffled(batch, &mut random))).collect();
        let (fused, why) = answers(&library, &session(&library, &apart, 3).await, false, seed % 2 == 1).await;
        for (name, expected) in &alone {
            assert_eq!(fused[name], *expected, "seed {seed}: {name}");
            *not_empty.entry(name.clone()).or_default() += expected.len();
        }
        reasons.extend(why);
    }
    let empty: Vec<&String> = not_empty.iter().filter(|(_, rows)| **rows == 0).map(|(name, _)| name).collect();
    assert!(not_empty.len() * 10 > library.indicators.len() * 8, "too little of the library is fused: {reasons:#?}");
    assert!(empty.len() * 5 < not_empty.len(), "the rows decide too little: {empty:?}");
}

#[test]
fn batches_of_one_cut_are_the_rows_of_another() {
    let (library, _) = Library::read(None).expect("the shipped library reads");
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let batch = rows_of(&library.tables["cases"], 40, &mut random);
    let parts: Vec<RecordBatch> = shuffled(&batch, &mut random).concat();
    let together = concat_batches(&batch.schema(), &parts).expect("one schema");
    assert_eq!(lines(&[together]), lines(&[batch]));
}
