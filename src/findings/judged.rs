//! Judged rows: the relations of `queries/findings/`, run over the session.
//!
//! In: the SQL of a detector (columns: [`crate::library::detector::Statistic::columns`]). Out: counts per unit and sign, and the rows of a few
//! units as evidence. Never here: thresholds, tests.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch, StringArray};
use arrow::compute::{cast, filter_record_batch};
use arrow::datatypes::{DataType, Date32Type, Int64Type};
use datafusion::common::{Column, DFSchema};
use datafusion::functions::expr_fn::coalesce;
use datafusion::functions_aggregate::expr_fn::{count, count_distinct, sum};
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::prelude::{DataFrame, SessionContext, cast as as_type, col, lit};
use futures::StreamExt;

use super::peers::{Occasions, Share};
use super::tables::Evidence;
use super::{Detecting, digits};
use crate::compute::check::{Depth, describe};
use crate::compute::flow::Flow;
use crate::compute::loads::apart;
use crate::diagnostics::Diagnostics;
use crate::error::{Context, Kind, Result};
use crate::functions::{Moment, parse_bound};
use crate::library::Library;
use crate::library::contract::{self, ColumnType, Money, Sensitivity};
use crate::library::detector::{Detector, Statistic};
use crate::library::indicator::span_of_word;

/// The plan of the rows that a detector's file selects, at a moment.
pub(super) async fn planned(context: &SessionContext, detector: &Detector, moment: Moment) -> Result<LogicalPlan> {
    let what = || detector.file.clone();
    let statement = parse_bound(context, &detector.sql, moment).context(Kind::Query, what)?;
    context.state().statement_to_plan(statement).await.context(Kind::Query, what)
}

/// The rows of such a plan.
pub(super) fn frame(context: &SessionContext, rows: LogicalPlan, detector: &Detector) -> Result<DataFrame> {
    let rows = DataFrame::new(context.state(), rows);
    match detector.statistic {
        Statistic::LastDigits => digits::with_evidence(rows).context(Kind::Query, || detector.file.clone()),
        _ => Ok(rows),
    }
}

/// Plans every file of `queries/findings/` and says what is wrong with its text, or which column it lacks.
///
/// `context` is the session that [`crate::compute::check::check`] leaves: functions, empty tables, populations.
///
/// # Errors
/// Only a planner that can't be started.
pub fn check(context: &SessionContext, library: &Library, depth: Depth, diagnostics: &mut Diagnostics) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().context(Kind::Environment, || "starting the planner")?;
    let moment = Moment { as_of: 0, from: 0 };
    let names: Vec<&str> = library.tables.keys().chain(library.populations.keys()).map(String::as_str).collect();
    runtime.block_on(async {
        for detector in library.detectors.values() {
            diagnostics.remember(&detector.file, &detector.text);
            let planned = async {
                let statement = parse_bound(context, &detector.sql, moment)?;
                let plan = context.state().statement_to_plan(statement).await?;
                depth.optimise(context, &plan).map(|()| plan)
            };
            match planned.await {
                Err(error) => describe(&error, &detector.file, &detector.text, detector.sql_offset, &names, diagnostics),
                Ok(plan) => {
                    check_columns(detector, plan.schema(), diagnostics);
                    check_span(detector, diagnostics);
                    check_sources(detector, &plan, library, diagnostics);
                }
            }
        }
        Ok(())
    })
}

/// The column of the row's own values that make it odd.
const JUDGED: &str = "judged";

/// The column of what makes rows hang together.
const OCCASION: &str = "occasion";

/// The beginning of the period is asked for: rows of other years are nobody's finding of this one.
fn check_span(detector: &Detector, diagnostics: &mut Diagnostics) {
    if !detector.sql.contains("$from") {
        diagnostics
            .error("detector-span", &detector.file, None, "the SQL does not ask for `$from`, so that rows of earlier periods are judged")
            .hint("keep rows of the period: `… >= day_of($from) AND end_of(…) <= $as_of`");
    }
}

/// Types of what is measured or counted.
const MEASURED: [ColumnType; 4] = [ColumnType::Integer, ColumnType::Decimal, ColumnType::Date, ColumnType::Instant];

/// Columns that people read.
const READ: [&str; 3] = ["sign", "says", "record_id"];

/// What people read says nothing that a personal column holds. First digits are of money alone (no hours, days or counts, which begin at one), and of no fine, which
/// stands between its limits; what was gained unlawfully is set by nobody.
fn check_sources(detector: &Detector, plan: &LogicalPlan, library: &Library, diagnostics: &mut Diagnostics) {
    let place = |column: &str| plan.schema().index_of_column_by_name(None, column);
    let span = |column: &str| span_of_word(&detector.text, detector.sql_offset, column);
    let is_personal = |column: &contract::Column| column.sensitivity == Sensitivity::Personal;
    let personal = Flow { library, is_of: &is_personal, counts: false }.through(plan);
    for name in READ.into_iter().filter(|name| place(name).is_some_and(|place| personal[place])) {
        diagnostics
            .error("detector-personal", &detector.file, span(name), format!("`{name}` is made of a personal column"))
            .hint("the report names the record by its key: leave out what its contract calls `personal`");
    }
    let Some(amount) = place("amount").filter(|_| matches!(detector.statistic, Statistic::FirstDigits)) else { return };
    let is_fine = |column: &contract::Column| column.money == Money::Penalty && !column.name.starts_with("confiscated");
    // Money is a decimal in yuan whose contract says so, or an amount by its name.
    let is_money =
        |column: &contract::Column| column.kind == ColumnType::Decimal && (column.money != Money::None || column.name.ends_with("_amount"));
    let is_other = |column: &contract::Column| !is_money(column) && MEASURED.contains(&column.kind);
    let made_of = |is_of: &dyn Fn(&contract::Column) -> bool, counts| (Flow { library, is_of, counts }.through(plan))[amount];
    if made_of(&is_fine, true) || made_of(&is_other, true) || !made_of(&is_money, false) {
        let says =
            "Benford's law is not to be expected of `amount`, which is made of a fine, a count, or something that is no money".to_owned();
        diagnostics
            .error("detector-benford", &detector.file, span("amount"), says)
            .hint("use `last_digits` or `share`, which compare with peers");
    }
}

/// Every column that the statistic needs must be there. A share says what makes rows odd together, or why nothing does: else a sitting that decides
/// ten cases counts as ten.
fn check_columns(detector: &Detector, schema: &DFSchema, diagnostics: &mut Diagnostics) {
    let end = detector.text[detector.sql_offset..].find('\n').map_or(detector.text.len(), |end| detector.sql_offset + end);
    let select = detector.sql_offset..end;
    let has_occasions = schema.has_column_with_unqualified_name(OCCASION);
    if matches!(detector.statistic, Statistic::Share { .. }) && has_occasions == detector.rows_stand_alone.is_some() {
        let says = if has_occasions {
            "the SELECT names an `occasion` of its rows, and the header says that each row stands alone"
        } else {
            "a `share` needs a column `occasion`, or the key `rows_stand_alone` that says why there is none"
        };
        diagnostics
            .error("detector-occasion", &detector.file, Some(select.clone()), says)
            .hint("rows of one sitting, one party, one upload tend to be odd together: see `occasion` in queries/README.md");
    }
    for name in detector.statistic.columns() {
        if !schema.has_column_with_unqualified_name(name) {
            let says = format!("the SELECT of a `{}` needs a column `{name}`", detector.statistic.word());
            diagnostics
                .error("detector-column", &detector.file, Some(select.clone()), says)
                .hint(format!("it needs {}", detector.statistic.columns().join(", ")));
        }
    }
}

/// The rows of a span, counted per sign, unit, domain and table; tiers as given, sorted. One query counts what is judged, what can't be, and what
/// a known effect explains; units of which nothing is judged are among them.
pub(super) async fn shares(detecting: &Detecting<'_>, frame: DataFrame) -> Result<BTreeMap<String, Vec<Share>>> {
    let what = || format!("counting the rows of {}", detecting.detector.file);
    let domain = if detecting.detector.is_over_domains { lit("").alias("domain") } else { col("domain") };
    let mut keys = vec![col("sign"), col("unit_id"), domain, col("source_table")];
    // A key, and not the filter of each count: DataFusion 55 makes a common part of filters and then refuses its own plan.
    // As it is, NULL where it can't be told: of `IS TRUE` the planner and its plan don't agree whether it may be NULL.
    keys.extend(detecting.known.clone().map(|known| known.alias("is_known")));
    let known_at = detecting.known.is_some().then_some(keys.len() - 1);
    let first_count = keys.len();
    let has_occasions = frame.schema().has_column_with_unqualified_name(OCCASION);
    let counted = if has_occasions { counted_by_occasion(frame, keys) } else { frame.aggregate(keys, row_counts()) };
    let batches = counted.context(Kind::Query, what)?.collect().await.context(Kind::Query, what)?;
    let mut shares: BTreeMap<String, BTreeMap<(String, String, String), Share>> = BTreeMap::new();
    for batch in &batches {
        let [signs, units, domains, tables] = [0, 1, 2, 3].map(|index| text(batch, index));
        let (signs, units, domains, tables) = (signs?, units?, domains?, tables?);
        let counted = (first_count..batch.num_columns()).map(|index| counts(batch, index)).collect::<Result<Vec<_>>>()?;
        let known = known_at.map(|at| batch.column(at).as_boolean());
        let is_known = |row: usize| known.is_some_and(|known| known.is_valid(row) && known.value(row));
        for row in 0..batch.num_rows() {
            let [unit, domain, table] = [&units, &domains, &tables].map(|texts| texts.value(row).to_owned());
            let of_sign = shares.entry(signs.value(row).to_owned()).or_default();
            let share = of_sign.entry((table.clone(), domain.clone(), unit.clone())).or_insert_with(|| {
                let tier = detecting.tiers.get(&unit).map_or("", String::as_str);
                Share::of(&unit, tier, &domain, &table)
            });
            let [odd, n, all] = [0, 1, 2].map(|count| counted[count][row]);
            if is_known(row) {
                share.left_out += n;
                continue;
            }
            share.odd += odd;
            share.n += n;
            share.unjudged += all - n;
            if let [_, _, _, occasions @ ..] = &counted[..]
                && let [count, odd, odd_squared, odd_times_n, n_squared] = occasions
            {
                let [count, odd, odd_squared, odd_times_n, n_squared] = [count, odd, odd_squared, odd_times_n, n_squared].map(|of| of[row]);
                share.occasions.get_or_insert_default().add(Occasions { count, odd, odd_squared, odd_times_n, n_squared });
            }
        }
    }
    Ok(shares.into_iter().map(|(sign, shares)| (sign, shares.into_values().collect())).collect())
}

/// Odd rows, judged rows, all rows.
fn row_counts() -> Vec<Expr> {
    let odd = sum(coalesce(vec![as_type(col("is_odd"), DataType::Int64), lit(0_i64)])).alias("odd");
    vec![odd, count(col("is_odd")).alias("n"), count(lit(1)).alias("all")]
}

/// The same, and how the rows of an occasion hang together: [`Occasions`], in its order. A row without an occasion is one by itself.
fn counted_by_occasion(frame: DataFrame, keys: Vec<Expr>) -> datafusion::error::Result<DataFrame> {
    let names: Vec<String> = keys.iter().map(|key| key.schema_name().to_string()).collect();
    let occasion = coalesce(vec![as_type(col(OCCASION), DataType::Utf8), as_type(col("record_id"), DataType::Utf8)]).alias(OCCASION);
    let of_occasion = frame.aggregate(keys.into_iter().chain([occasion]).collect(), row_counts())?;
    let is_any = |count: Expr| sum(as_type(count.gt(lit(0_i64)), DataType::Int64));
    let sums = vec![
        sum(col("odd")).alias("odd_rows"),
        sum(col("n")).alias("judged_rows"),
        sum(col("all")).alias("all_rows"),
        is_any(col("n")).alias("count"),
        is_any(col("odd")).alias("odd_occasions"),
        sum(col("odd") * col("odd")).alias("odd_squared"),
        sum(col("odd") * col("n")).alias("odd_times_n"),
        sum(col("n") * col("n")).alias("n_squared"),
    ];
    of_occasion.aggregate(names.iter().map(|name| col(Column::from_name(name))).collect(), sums)
}

/// Rows that meet a condition, by unit, domain and table.
pub async fn counted(frame: &DataFrame, condition: Expr, detector: &Detector) -> Result<BTreeMap<(String, String, String), u64>> {
    let what = || format!("counting the rows of {}", detector.file);
    let record = count_distinct(col("record_id")).alias("records");
    let counted = frame.clone().filter(condition).and_then(|frame| {
        let keys = ["unit_id", "domain", "source_table"].map(col).to_vec();
        frame.aggregate(keys, vec![record])
    });
    let mut found = BTreeMap::new();
    for batch in &counted.context(Kind::Query, what)?.collect().await.context(Kind::Query, what)? {
        let [units, domains, tables] = [0, 1, 2].map(|index| text(batch, index));
        let (units, domains, tables) = (units?, domains?, tables?);
        let of = |row: usize| [&units, &domains, &tables].map(|texts| texts.value(row).to_owned());
        for (row, records) in counts(batch, 3)?.into_iter().enumerate() {
            let [unit, domain, table] = of(row);
            found.insert((unit, domain, table), records);
        }
    }
    Ok(found)
}

/// A row of a detector: whose it is, and the record as evidence.
pub struct Recorded {
    /// Unit.
    pub unit: String,
    /// Domain.
    pub domain: String,
    /// The record; without a column `says` it says nothing yet.
    pub evidence: Evidence,
}

/// The rows of a batch, by the names of the columns that every detector has.
pub fn recorded(batch: &RecordBatch) -> Result<Vec<Recorded>> {
    let texts = |name: &str| place(batch, name).map(|index| text(batch, index)).transpose();
    let [units, domains, tables, records, signs, says, files, judged] =
        ["unit_id", "domain", "source_table", "record_id", "sign", "says", "source_file", JUDGED].map(texts);
    let columns = [units?, domains?, tables?, records?, signs?, says?, files?, judged?];
    let lines = place(batch, "source_line").map(|index| integers(batch, index)).transpose()?;
    let value = |column: usize, row: usize| {
        let column = columns[column].as_ref().filter(|column| column.is_valid(row));
        column.map_or_else(String::new, |column| column.value(row).to_owned())
    };
    let of = |row: usize| Recorded {
        unit: value(0, row),
        domain: value(1, row),
        evidence: Evidence {
            table: value(2, row),
            record_id: value(3, row),
            sign: value(4, row),
            says: value(5, row),
            source_file: apart(&value(6, row)).0.to_owned(),
            source_line: lines.as_ref().and_then(|lines| lines[row]).unwrap_or(0),
            judged: columns[7].is_some().then(|| value(7, row)),
        },
    };
    Ok((0..batch.num_rows()).map(of).collect())
}

/// Where a column stands.
pub fn place(batch: &RecordBatch, name: &str) -> Option<usize> {
    batch.schema().index_of(name).ok()
}

/// A judged row with what it is evidence of.
pub struct JudgedRow {
    /// Whose, and which record.
    pub row: Recorded,
    /// Which sign.
    pub sign: String,
    /// Whether it is odd.
    pub is_odd: bool,
}

/// The rows of these units; all without a list.
fn of_units(batch: &RecordBatch, units: Option<&BTreeSet<&str>>) -> Result<RecordBatch> {
    let Some(units) = units else { return Ok(batch.clone()) };
    let of_row = text(batch, place(batch, "unit_id").expect("a column of every detector"))?;
    let wanted: BooleanArray = of_row.iter().map(|unit| Some(unit.is_some_and(|unit| units.contains(unit)))).collect();
    filter_record_batch(batch, &wanted).context(Kind::Query, || "picking the rows of some units")
}

/// The judged rows of these units; of every unit without a list.
pub async fn judged_rows(frame: &DataFrame, detector: &Detector, units: Option<&BTreeSet<&str>>, odd_only: bool) -> Result<Vec<JudgedRow>> {
    let what = || format!("collecting evidence from {}", detector.file);
    let columns = ["sign", "is_odd", "unit_id", "domain", "source_table", "record_id", "says", "source_file", "source_line"];
    let wanted = if odd_only { col("is_odd") } else { col("is_odd").is_not_null() };
    let frame = frame.clone().filter(wanted).and_then(|frame| frame.select(columns.map(col).to_vec()));
    let mut batches = frame.context(Kind::Query, what)?.execute_stream().await.context(Kind::Query, what)?;
    let mut rows = Vec::new();
    // Units are picked here and not by the query: one unit is a constant, and of a union of windows over a constant DataFusion 55 makes a plan that
    // fails its own check.
    while let Some(batch) = batches.next().await {
        let batch = &of_units(&batch.context(Kind::Query, what)?, units)?;
        let signs = text(batch, 0)?;
        let odd = cast(batch.column(1), &DataType::Boolean).context(Kind::Query, what)?;
        let odd = odd.as_boolean();
        let judged = |(place, row): (usize, Recorded)| JudgedRow {
            row,
            sign: signs.value(place).to_owned(),
            is_odd: odd.is_valid(place) && odd.value(place),
        };
        rows.extend(recorded(batch)?.into_iter().enumerate().map(judged));
    }
    Ok(rows)
}

/// A column as text.
pub fn text(batch: &RecordBatch, index: usize) -> Result<StringArray> {
    let column =
        cast(batch.column(index), &DataType::Utf8).context(Kind::Query, || format!("column {} of a detector's rows", index + 1))?;
    Ok(column.as_string::<i32>().clone())
}

/// A column of whole numbers.
pub fn integers(batch: &RecordBatch, index: usize) -> Result<Vec<Option<i64>>> {
    let what = || format!("column {} of a detector's rows", index + 1);
    let column = cast(batch.column(index), &DataType::Int64).context(Kind::Query, what)?;
    Ok(column.as_primitive::<Int64Type>().iter().collect())
}

/// A column of dates as days since 1970; NULL is 1970-01-01.
pub fn days(batch: &RecordBatch, index: usize) -> Result<Vec<i32>> {
    let what = || format!("column {} of a detector's rows", index + 1);
    let column = cast(batch.column(index), &DataType::Date32).context(Kind::Query, what)?;
    Ok(column.as_primitive::<Date32Type>().iter().map(Option::unwrap_or_default).collect())
}

/// A column of counts.
pub fn counts(batch: &RecordBatch, index: usize) -> Result<Vec<u64>> {
    Ok(integers(batch, index)?.into_iter().map(|count| count.unwrap_or(0).max(0).unsigned_abs()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of the files that lie over the shipped ones; of every shipped detector without any.
    fn checked(files: &[(&str, &str)]) -> String {
        let mut texts = crate::library::texts(None).expect("the shipped library reads");
        texts.extend(files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())));
        let (mut library, mut diagnostics) = Library::from_texts(texts).expect("the library reads");
        library.detectors.retain(|name, _| files.is_empty() || files.iter().any(|(path, _)| *path == format!("findings/{name}.sql")));
        check(&crate::compute::check::unchecked_session(&library), &library, Depth::Full, &mut diagnostics).expect("a planner");
        diagnostics.to_text_of(|file| file.starts_with("queries/findings/"))
    }

    #[test]
    fn the_shipped_detectors_plan_and_a_wrong_or_missing_column_is_named() {
        assert_eq!(checked(&[]), "");
        let with = |select: &str| over("case_splitting", select);
        let said = with("SELECT unit_id, fine FROM case_register");
        assert!(said.contains("queries/findings/case_splitting.sql:") && said.contains("fine"), "{said}");
        assert!(with("SELECT unit_id, domain FROM case_register").contains("needs a column `is_odd`"));
    }

    #[test]
    fn a_share_says_what_makes_its_rows_odd_together_or_why_nothing_does_and_not_both() {
        let shipped = &crate::library::texts(None).expect("the shipped library reads")["findings/short_notice.sql"];
        assert_eq!(checked(&[("findings/short_notice.sql", shipped)]), "");
        let without = shipped.replace(" AS occasion", " AS another");
        let said = checked(&[("findings/short_notice.sql", &without)]);
        assert!(said.contains("queries/findings/short_notice.sql:") && said.contains("`rows_stand_alone`"), "{said}");
        let explained = |text: &str| text.replacen("-- says ", "-- rows_stand_alone = \"每件单独决定\"\n-- says ", 1);
        assert_eq!(checked(&[("findings/short_notice.sql", &explained(&without))]), "");
        assert!(checked(&[("findings/short_notice.sql", &explained(shipped))]).contains("says that each row stands alone"));
    }

    /// What is said of a shipped detector's header over another SELECT.
    fn over(detector: &str, select: &str) -> String {
        let file = format!("findings/{detector}.sql");
        let shipped = &crate::library::texts(None).expect("the shipped library reads")[file.as_str()];
        let header = shipped.split_inclusive('\n').take_while(|line| line.starts_with("--")).collect::<String>();
        checked(&[(&file, &format!("{header}{select}\n"))])
    }

    #[test]
    fn what_people_read_holds_no_personal_column_though_one_may_decide_what_is_said() {
        let saying = |says: &str| {
            over(
                "stage_inversion",
                &format!(
                    "WITH named AS (SELECT *, {says} AS words FROM case_register WHERE decided_on >= day_of($from))
                     SELECT unit_id, domain, 'cases' AS source_table, record_id, source_file, source_line, 'x' AS sign, true AS is_odd, words AS says FROM named"
                ),
            )
        };
        for refused in [
            "party_name_masked",
            "concat('of ', party_name_masked)",
            "CASE WHEN fine_amount > 1 THEN substr(party_name_masked, 1, 1) ELSE '' END",
        ] {
            assert!(saying(refused).contains("`says` is made of a personal column"), "{refused}");
        }
        for allowed in
            ["'x'", "CASE WHEN party_name_masked LIKE '%x%' THEN 'a' ELSE 'b' END", "CAST(character_length(party_name_masked) AS VARCHAR)"]
        {
            assert_eq!(saying(allowed), "", "{allowed}");
        }
    }

    #[test]
    fn first_digits_of_a_fine_or_a_count_are_refused_whatever_they_are_called() {
        let amounts = |amount: &str| {
            over(
                "benford_amounts",
                &format!(
                    "WITH sums AS (SELECT *, {amount} AS total FROM case_register WHERE decided_on >= day_of($from))
                     SELECT unit_id, domain, 'cases' AS source_table, record_id, source_file, source_line, 'x' AS sign, total AS amount, decided_on AS happened_on, 'x' AS says FROM sums"
                ),
            )
        };
        assert_eq!(amounts("confiscated_amount"), "");
        for refused in [
            "fine_amount",
            "paid_amount",
            "CAST(closed_on - opened_on AS DECIMAL(18, 2))",
            "CAST(CAST(updated_at AS BIGINT) - CAST(created_at AS BIGINT) AS DECIMAL(18, 2))",
            "CAST(1 AS DECIMAL(18, 2))",
            "coalesce(fine_amount, confiscated_amount)",
            "CAST(count(*) OVER (PARTITION BY unit_id) AS DECIMAL(18, 2))",
        ] {
            assert!(amounts(refused).contains("made of a fine, a count"), "{refused}: {}", amounts(refused));
        }
    }

    #[test]
    fn rows_of_other_periods_are_refused() {
        let said = over(
            "stage_inversion",
            "SELECT unit_id, domain, 'cases' AS source_table, record_id, source_file, source_line, 'x' AS sign, true AS is_odd, 'x' AS says FROM case_register",
        );
        assert!(said.contains("`$from`"), "{said}");
    }
}
