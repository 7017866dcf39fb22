//! Judged rows: the relations of `queries/findings/`, run over the session.
//!
//! In: the SQL of a detector (columns `unit_id, domain, source_table, record_id, source_file, source_line, sign, is_odd, says`). Out:
//! counts per unit and sign, and the odd rows of a few units as evidence. Never here: thresholds, tests.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{Array, AsArray, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use datafusion::functions_aggregate::expr_fn::{count, sum};
use datafusion::prelude::{DataFrame, SessionContext, cast as as_type, col, lit};

use super::DetectRequest;
use super::peers::Share;
use super::tables::Evidence;
use crate::compute::check::describe;
use crate::diagnostics::Diagnostics;
use crate::error::{Context, Error, Kind, Result};
use crate::functions::{Moment, parse_bound};
use crate::library::Library;

/// The rows that a file of `queries/findings/` selects.
pub async fn rows(context: &SessionContext, request: &DetectRequest<'_>, name: &str) -> Result<DataFrame> {
    let path = format!("findings/{name}.sql");
    let sql = request.library.files.get(&path).ok_or_else(|| Error::new(Kind::Configuration, format!("queries/{path} is missing")))?;
    let what = || format!("queries/{path}");
    let statement = parse_bound(context, sql.trim_end().trim_end_matches(';'), request.moment()).context(Kind::Query, what)?;
    let plan = context.state().statement_to_plan(statement).await.context(Kind::Query, what)?;
    context.execute_logical_plan(plan).await.context(Kind::Query, what)
}

/// Plans every file of `queries/findings/` and says what is wrong with its text.
///
/// `context` is the session that [`crate::compute::check::check`] leaves: functions, empty tables, populations.
///
/// # Errors
/// Only a planner that can't be started.
pub fn check(context: &SessionContext, library: &Library, diagnostics: &mut Diagnostics) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().context(Kind::Environment, || "starting the planner")?;
    let moment = Moment { as_of: 0, from: 0 };
    let names: Vec<&str> = library.tables.keys().chain(library.populations.keys()).map(String::as_str).collect();
    runtime.block_on(async {
        for (path, sql) in library.files.iter().filter(|(path, _)| path.starts_with("findings/") && path.ends_with(".sql")) {
            let file = format!("queries/{path}");
            diagnostics.remember(&file, sql);
            let planned = async {
                let statement = parse_bound(context, sql.trim_end().trim_end_matches(';'), moment)?;
                let plan = context.state().statement_to_plan(statement).await?;
                context.state().optimize(&plan)
            };
            if let Err(error) = planned.await {
                describe(&error, &file, sql, 0, &names, diagnostics);
            }
        }
        Ok(())
    })
}

/// Counts per sign, unit, domain and table; tiers as given, sorted.
pub async fn shares(frame: &DataFrame, name: &str, tiers: &BTreeMap<String, String>) -> Result<BTreeMap<String, Vec<Share>>> {
    let what = || format!("counting the rows of queries/findings/{name}.sql");
    let keys = ["sign", "unit_id", "domain", "source_table"].map(col).to_vec();
    let odd = sum(as_type(col("is_odd"), DataType::Int64)).alias("odd");
    let counted =
        frame.clone().filter(col("is_odd").is_not_null()).and_then(|frame| frame.aggregate(keys, vec![odd, count(lit(1)).alias("n")]));
    let batches = counted.context(Kind::Query, what)?.collect().await.context(Kind::Query, what)?;
    let mut shares: BTreeMap<String, Vec<Share>> = BTreeMap::new();
    for batch in &batches {
        let [signs, units, domains, tables] = [0, 1, 2, 3].map(|index| text(batch, index));
        let (signs, units, domains, tables) = (signs?, units?, domains?, tables?);
        let (odd, n) = (numbers(batch, 4)?, numbers(batch, 5)?);
        for row in 0..batch.num_rows() {
            let unit = units.value(row).to_owned();
            shares.entry(signs.value(row).to_owned()).or_default().push(Share {
                tier: tiers.get(&unit).cloned().unwrap_or_default(),
                unit,
                domain: domains.value(row).to_owned(),
                table: tables.value(row).to_owned(),
                odd: odd[row],
                n: n[row],
            });
        }
    }
    for group in shares.values_mut() {
        group.sort_by(|a, b| (&a.table, &a.domain, &a.unit).cmp(&(&b.table, &b.domain, &b.unit)));
    }
    Ok(shares)
}

/// An odd row with the unit, domain and sign that it is evidence of.
pub struct OddRow {
    /// Unit.
    pub unit: String,
    /// Domain.
    pub domain: String,
    /// Which sign.
    pub sign: String,
    /// The record.
    pub evidence: Evidence,
}

/// The odd rows of these units.
pub async fn odd_rows(frame: &DataFrame, name: &str, units: &BTreeSet<&str>) -> Result<Vec<OddRow>> {
    let what = || format!("collecting evidence from queries/findings/{name}.sql");
    let wanted = units.iter().map(|unit| lit(*unit)).collect();
    let columns = ["unit_id", "domain", "sign", "source_table", "record_id", "says", "source_file", "source_line"].map(col).to_vec();
    let frame = frame.clone().filter(col("is_odd").and(col("unit_id").in_list(wanted, false)));
    let batches = frame.and_then(|frame| frame.select(columns)).context(Kind::Query, what)?.collect().await.context(Kind::Query, what)?;
    let mut rows = Vec::new();
    for batch in &batches {
        let mut columns = Vec::new();
        for index in 0..7 {
            columns.push(text(batch, index)?);
        }
        let lines = cast(batch.column(7), &DataType::Int64).context(Kind::Query, what)?;
        let lines = lines.as_primitive::<Int64Type>();
        for row in 0..batch.num_rows() {
            let value = |index: usize| if columns[index].is_valid(row) { columns[index].value(row).to_owned() } else { String::new() };
            let source_line = if lines.is_valid(row) { lines.value(row) } else { 0 };
            let evidence = Evidence { table: value(3), record_id: value(4), says: value(5), source_file: value(6), source_line };
            rows.push(OddRow { unit: value(0), domain: value(1), sign: value(2), evidence });
        }
    }
    Ok(rows)
}

/// A column as text.
pub fn text(batch: &RecordBatch, index: usize) -> Result<StringArray> {
    let column =
        cast(batch.column(index), &DataType::Utf8).context(Kind::Query, || format!("column {} of a detector's rows", index + 1))?;
    Ok(column.as_string::<i32>().clone())
}

fn numbers(batch: &RecordBatch, index: usize) -> Result<Vec<u64>> {
    let column = cast(batch.column(index), &DataType::Int64).context(Kind::Query, || "the counts of a detector".to_owned())?;
    Ok(column.as_primitive::<Int64Type>().iter().map(|count| count.unwrap_or(0).max(0).unsigned_abs()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(files: &[(&str, &str)]) -> String {
        let mut texts = crate::library::texts(None).expect("the shipped library reads");
        texts.extend(files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())));
        let (library, mut diagnostics) = Library::from_texts(texts).expect("the library reads");
        let context = crate::compute::check::check(&library, &mut diagnostics).expect("a session for planning");
        check(&context, &library, &mut diagnostics).expect("a planner");
        diagnostics.to_text_of(|file| file.starts_with("queries/findings/"))
    }

    #[test]
    fn the_shipped_detectors_plan_and_a_wrong_column_is_named() {
        assert_eq!(checked(&[]), "");
        let said = checked(&[("findings/case_splitting.sql", "-- wrong\nSELECT unit_id, fine FROM case_register\n")]);
        assert!(said.contains("queries/findings/case_splitting.sql:2:") && said.contains("fine"), "{said}");
    }
}
