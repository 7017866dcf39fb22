//! Frames of samples: the SELECTs of `queries/samples/`, checked on their plans and run.
//!
//! In: the library, a session in which tables and populations stand. Out: diagnostics, or a [`Frame`]. Never here: drawing (that is `sampling`);
//! personal columns, since a list goes through many hands.

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use datafusion::common::DataFusionError;
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::SessionContext;

use super::check::describe;
use super::forms::{Written, refuse_forms, refuse_other_statements, refuse_unknown_codes};
use super::personal::{Personal, personal};
use super::run::{SOME_DAY, moment_of};
use crate::diagnostics::Diagnostics;
use crate::error::{Context, Error, Kind, Result};
use crate::functions::{Moment, parse_bound};
use crate::library::Library;
use crate::library::indicator::{Window, span_of_word};
use crate::library::sample::{Allocation, DEVIATION, OF_THE_LIST, REQUIRED, Sample};
use crate::sampling::{Frame, FrameRow};

/// Plans the frame of every sample and says what is wrong with it.
///
/// `context` is a session with functions, empty tables, populations.
pub async fn check(context: &SessionContext, library: &Library, diagnostics: &mut Diagnostics) {
    for sample in library.samples.values() {
        let written = Written { file: &sample.file, text: &sample.text, offset: sample.sql_offset };
        if !refuse_other_statements(context, written, diagnostics) {
            continue;
        }
        match plan(context, sample, moment_of(Window::Flow, SOME_DAY)).await {
            Ok(plan) => {
                refuse_forms(context, &plan, written, diagnostics);
                refuse_unknown_codes(library, &plan, written, diagnostics);
                check_columns(sample, &plan, library, diagnostics);
                // What the optimiser would refuse later is said now.
                if let Err(error) = context.state().optimize(&plan) {
                    report(&error, sample, library, diagnostics);
                }
            }
            Err(error) => report(&error, sample, library, diagnostics),
        }
    }
}

fn report(error: &DataFusionError, sample: &Sample, library: &Library, diagnostics: &mut Diagnostics) {
    let known: Vec<&str> = library.tables.keys().chain(library.populations.keys()).map(String::as_str).collect();
    describe(error, &sample.file, &sample.text, sample.sql_offset, &known, diagnostics);
}

async fn plan(context: &SessionContext, sample: &Sample, moment: Moment) -> std::result::Result<LogicalPlan, DataFusionError> {
    let statement = parse_bound(context, &sample.sql, moment)?;
    context.state().statement_to_plan(statement).await
}

fn check_columns(sample: &Sample, plan: &LogicalPlan, library: &Library, diagnostics: &mut Diagnostics) {
    let schema = plan.schema();
    let select = sample.sql_offset..sample.sql_offset + 6;
    let wanted = REQUIRED.iter().copied().chain((sample.allocation == Allocation::Neyman).then_some(DEVIATION));
    for name in wanted.filter(|name| schema.index_of_column_by_name(None, name).is_none()) {
        let says = format!("the frame of `{}` yields no column `{name}`", sample.name);
        diagnostics.error("sample-columns", &sample.file, Some(select.clone()), says).hint(
            "expected id (key, unique), stratum, with allocation = \"neyman\" deviation (the standard deviation expected there), and what the list is to \
             show besides",
        );
    }
    let held = personal(plan, library);
    for (field, held) in schema.fields().iter().zip(held) {
        let (name, kind) = (field.name(), field.data_type());
        let span = span_of_word(&sample.text, sample.sql_offset, name);
        let is_text = matches!(kind, DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8 | DataType::Null);
        if REQUIRED.contains(&name.as_str()) && !is_text {
            diagnostics
                .error("sample-columns", &sample.file, span, format!("`{name}` is {kind}, expected text"))
                .hint(format!("CAST({name} AS VARCHAR)"));
        } else if name == DEVIATION && !(kind.is_numeric() || matches!(kind, DataType::Null)) {
            diagnostics.error("sample-columns", &sample.file, span, format!("`{name}` is {kind}, expected a number"));
        } else if OF_THE_LIST.contains(&name.as_str()) {
            diagnostics
                .error("sample-columns", &sample.file, span, format!("`{name}` is a column that the list has of its own"))
                .hint("call it otherwise with AS");
        } else if matches!(kind, DataType::Timestamp(..)) {
            diagnostics
                .error("sample-columns", &sample.file, span, format!("`{name}` is an instant, which a list can't show"))
                .hint(format!("day_of({name})"));
        } else if matches!(held, Personal::Yes | Personal::Text) {
            diagnostics
                .error(
                    "sample-personal",
                    &sample.file,
                    span,
                    format!("`{name}` holds personal data, or can't be traced to columns that hold none"),
                )
                .hint("a list goes through many hands: name the record or the firm by its code, and let those who visit look up the rest");
        }
    }
}

/// Runs the SELECT of a sample's frame.
///
/// # Errors
/// SQL that does not plan or run, with its place; columns that no frame has.
pub async fn frame(context: &SessionContext, library: &Library, sample: &Sample, moment: Moment) -> Result<Frame> {
    let mut diagnostics = Diagnostics::default();
    diagnostics.remember(&sample.file, &sample.text);
    let planned = plan(context, sample, moment).await;
    match &planned {
        Ok(plan) => check_columns(sample, plan, library, &mut diagnostics),
        Err(error) => report(error, sample, library, &mut diagnostics),
    }
    if diagnostics.errors() > 0 {
        let says = diagnostics.to_text();
        return Err(Error::new(Kind::Configuration, says.trim_end().trim_start_matches("error").to_owned()));
    }
    let doing = || format!("running the frame of `{}` ({})", sample.name, sample.file);
    let frame = context.execute_logical_plan(planned.context(Kind::Query, doing)?).await.context(Kind::Query, doing)?;
    let names: Vec<String> = frame.schema().fields().iter().map(|field| field.name().clone()).collect();
    let place = |name: &str| names.iter().position(|column| column == name);
    let carried: Vec<usize> =
        (0..names.len()).filter(|place| !REQUIRED.contains(&names[*place].as_str()) && names[*place] != DEVIATION).collect();
    let mut found = Frame { columns: carried.iter().map(|place| names[*place].clone()).collect(), rows: Vec::new() };
    for batch in frame.collect().await.context(Kind::Query, doing)? {
        let columns = batch.columns().iter().map(|column| cast(column, &DataType::Utf8).context(Kind::Query, doing));
        let columns = columns.collect::<Result<Vec<_>>>()?;
        let text = |place: usize, row: usize| {
            let texts = columns[place].as_string::<i32>();
            if texts.is_valid(row) { texts.value(row).to_owned() } else { String::new() }
        };
        let deviations =
            place(DEVIATION).map(|place| cast(batch.column(place), &DataType::Float64).context(Kind::Query, doing)).transpose()?;
        let deviation = |row: usize| {
            let deviations = deviations.as_ref()?.as_primitive::<Float64Type>();
            deviations.is_valid(row).then(|| deviations.value(row))
        };
        for row in 0..batch.num_rows() {
            found.rows.push(FrameRow {
                id: place("id").map(|place| text(place, row)).unwrap_or_default(),
                stratum: place("stratum").map(|place| text(place, row)).unwrap_or_default(),
                deviation: deviation(row),
                carried: carried.iter().map(|place| text(*place, row)).collect(),
            });
        }
    }
    Ok(found)
}
