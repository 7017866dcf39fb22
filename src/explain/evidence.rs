//! The key of every record behind every figure: what a release keeps of the lake.
//!
//! In: indicators, populations over pinned tables. Out: for each indicator a Parquet file of its rows, by unit, domain and record, with the side of the fraction
//! on which each stands. Never here: what a record says, keys that may be a person's ([`super::rows`] takes them out), rows that stand in no figure.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::compute::kernels::cmp::eq;
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use datafusion::common::{DataFusionError, ScalarValue};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::execute_stream;
use datafusion::prelude::{SessionContext, cast as as_type, col, lit};
use futures::StreamExt;
use jiff::civil::Date;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;

use super::Policy;
use super::lists::{by_moment, rows_of_all};
use super::records::{Part, subject_of};
use super::rows::{DENOMINATOR, NUMERATOR, guard};
use super::words::Words;
use serde::Serialize;

use crate::compute::populations::{Dependencies, names_read};
use crate::compute::shared::SharedPopulations;
use crate::error::{Context, Kind, Result};
use crate::functions::Moment;
use crate::library::Library;
use crate::library::indicator::{Indicator, Window};
use crate::terms::{IndicatorId, Period};

/// In a file's metadata: whether the rows added up are the figures, or something is counted once however many rows it has.
pub const ADDS_UP: &str = "kaohe.adds_up";

/// Why a figure has no keys.
const NO_KEYS: &str = "its rows have no key";
const NO_ROWS: &str = "its SELECT is not one count over rows";

/// What is asked.
pub struct EvidenceInput<'a> {
    /// Definitions.
    pub library: &'a Library,
    /// What the scheme says.
    pub policy: &'a Policy,
    /// Whose records are wanted.
    pub indicators: Vec<&'a Indicator>,
    /// Period of the run.
    pub period: &'a Period,
    /// As-of date of the run.
    pub as_of: Date,
    /// Where the files go; it is there.
    pub folder: &'a Path,
}

/// What was written.
#[derive(Debug, Default, Serialize)]
pub struct Evidence {
    /// Rows of each file.
    pub rows: BTreeMap<IndicatorId, u64>,
    /// Indicators without a file, with the reason.
    pub without: BTreeMap<IndicatorId, String>,
}

/// Where the keys behind an indicator stand.
pub fn file_of(folder: &Path, indicator: &str) -> PathBuf {
    folder.join(format!("{indicator}.parquet"))
}

/// Columns of each file, in the order of its rows.
fn schema() -> SchemaRef {
    let text = |name: &str| Field::new(name, DataType::Utf8, false);
    let truth = |name: &str| Field::new(name, DataType::Boolean, false);
    Arc::new(Schema::new(vec![
        text("unit_id"),
        text("domain"),
        // Its month in an indicator that counts month by month; none in one of a window.
        Field::new("month", DataType::Date32, true),
        text("record_id"),
        truth(NUMERATOR),
        truth(DENOMINATOR),
        // against, pending, excluded, counted
        text("part"),
        // The key as pages show it, where its parts are codes.
        Field::new("shown", DataType::Utf8, true),
    ]))
}

/// Writes the keys behind each indicator. One query an indicator, over the populations that the figures were computed from; cost grows with rows × indicators.
///
/// # Errors
/// A query that does not run, a folder that can't be written.
pub async fn evidence(shared: &mut SharedPopulations<'_>, input: &EvidenceInput<'_>) -> Result<Evidence> {
    let context = shared.context().clone();
    let (moments, without) = by_moment(input.policy, &input.indicators, input.period, input.as_of);
    let mut found = Evidence { without, ..Evidence::default() };
    for (moment, indicators) in moments {
        shared.stand_at(moment, indicators.iter().flat_map(|indicator| names_read(&context, &indicator.sql).unwrap_or_default())).await;
        let (mut asked, mut queries) = (Vec::new(), Vec::new());
        for indicator in indicators {
            let doing = || format!("listing the records of `{}`", indicator.id);
            match keys_of(&context, shared.dependencies(), input, indicator, moment).await.context(Kind::Query, doing)? {
                Ok(keys) => {
                    queries.push(keys.query.clone());
                    asked.push((indicator, keys));
                }
                Err(why) => {
                    found.without.insert(indicator.id.clone(), why.to_owned());
                }
            }
        }
        let prepared = shared.prepared(queries).await;
        for ((indicator, keys), query) in asked.into_iter().zip(prepared) {
            let doing = || format!("writing the records of `{}`", indicator.id);
            let query = query.context(Kind::Query, doing)?;
            let place = file_of(input.folder, indicator.id.as_ref());
            let written = shared.run(indicator.id.as_ref(), &query, async |plan, task| {
                let mut rows = execute_stream(plan, task)?;
                // A query that is run once more with less memory begins its file anew.
                let mut writer = ArrowWriter::try_new(File::create(&place)?, schema(), Some(properties(keys.adds_up)?))?;
                let mut count = 0;
                while let Some(batch) = rows.next().await {
                    let batch = as_written(&batch?, &keys)?;
                    count += batch.num_rows() as u64;
                    writer.write(&batch)?;
                }
                writer.close()?;
                Ok(count)
            });
            found.rows.insert(indicator.id.clone(), written.await.context(Kind::Query, doing)?);
        }
    }
    Ok(found)
}

/// The query of an indicator's keys.
struct Keys {
    query: LogicalPlan,
    adds_up: bool,
    guarded: bool,
    words: Words,
}

async fn keys_of(
    context: &SessionContext,
    dependencies: &Dependencies,
    input: &EvidenceInput<'_>,
    indicator: &Indicator,
    moment: Moment,
) -> Result<Result<Keys, &'static str>, DataFusionError> {
    let texts = (input.library, input.policy);
    let Some((rows, frame)) = rows_of_all(context, texts, (input.period, input.as_of), indicator, moment).await? else {
        return Ok(Err(NO_ROWS));
    };
    if rows.missing.contains(&"record_id") {
        return Ok(Err(NO_KEYS));
    }
    let text = |name: &str, alias: &str| as_type(col(name), DataType::Utf8).alias(alias);
    let (subject, part) = (subject_of(&frame), text("part", "part"));
    let has_month = indicator.window == Window::Flow && frame.schema().index_of_column_by_name(None, "month").is_some();
    let month = if has_month { col("month") } else { lit(ScalarValue::Date32(None)) };
    let month = as_type(month, DataType::Date32).alias("month");
    let [unit, domain, record] =
        [(subject, "unit_id"), ("domain", "domain"), ("record_id", "record_id")].map(|(name, alias)| text(name, alias));
    let columns = vec![unit, domain, month, record, col(NUMERATOR), col(DENOMINATOR), part];
    let frame = frame.filter(col("part").not_eq(lit(Part::Outside.word())))?.select(columns)?;
    let order = ["unit_id", "domain", "record_id", "month", "part", NUMERATOR, DENOMINATOR].map(|name| col(name).sort(true, true)).to_vec();
    let query = frame.sort(order)?.into_unoptimized_plan();
    let words = Words::of(context, input.library, dependencies, indicator, &rows);
    Ok(Ok(Keys { query, adds_up: rows.adds_up, guarded: rows.guarded, words }))
}

fn properties(adds_up: bool) -> Result<WriterProperties, DataFusionError> {
    let level = ZstdLevel::try_new(3)?;
    Ok(WriterProperties::builder()
        .set_created_by(concat!("kaohe ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::ZSTD(level))
        .set_key_value_metadata(Some(vec![KeyValue::new(ADDS_UP.to_owned(), adds_up.to_string())]))
        .build())
}

/// The rows as they are written: nothing instead of NULL, truths as truths, guarded keys only where they can be no person's.
fn as_written(batch: &RecordBatch, keys: &Keys) -> Result<RecordBatch, DataFusionError> {
    let one = arrow::array::Int64Array::new_scalar(1);
    let text = |name: &str| -> Result<StringArray, DataFusionError> {
        let column = cast(&batch[name], &DataType::Utf8)?;
        Ok(column.as_string::<i32>().iter().map(|text| Some(text.unwrap_or_default())).collect())
    };
    let truth = |name: &str| -> Result<BooleanArray, DataFusionError> {
        let column = cast(&batch[name], &DataType::Int64)?;
        let is_one = eq(column.as_primitive::<Int64Type>(), &one)?;
        Ok(is_one.iter().map(|truth| Some(truth.unwrap_or_default())).collect())
    };
    let records = text("record_id")?;
    let records: StringArray = if keys.guarded { records.iter().map(|key| key.map(guard)).collect() } else { records };
    let shown: StringArray = records
        .iter()
        .map(|key| key.map(|key| (key, keys.words.key(key))).filter(|(key, shown)| key != shown).map(|(_, shown)| shown))
        .collect();
    let columns: Vec<ArrayRef> = vec![
        Arc::new(text("unit_id")?),
        Arc::new(text("domain")?),
        cast(&batch["month"], &DataType::Date32)?,
        Arc::new(records),
        Arc::new(truth(NUMERATOR)?),
        Arc::new(truth(DENOMINATOR)?),
        Arc::new(text("part")?),
        Arc::new(shown),
    ];
    Ok(RecordBatch::try_new(schema(), columns)?)
}
