//! From one statement's text to its rows.
//!
//! In: a session, a text and the byte range of a statement in it. Out: a stream of batches whose types every writer knows, or
//! an error with line, column and caret. Never here: anything but queries; writing rows.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use datafusion::common::SchemaError;
use datafusion::dataframe::DataFrame;
use datafusion::error::DataFusionError;
use datafusion::execution::context::SQLOptions;
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::prelude::SessionContext;
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{SetExpr, Statement as Syntax};
use futures::{Stream, StreamExt};

use super::catalogue::Catalogue;
use super::{SqlFormat, statements};
use crate::compute::check::describe;
use crate::diagnostics::Diagnostics;
use crate::error::{Error, Kind, Result};
use crate::functions::{Moment, parse_bound};
use crate::library::Library;

/// A text with the name under which errors speak of it.
#[derive(Debug, Clone)]
pub(super) struct Text {
    pub name: String,
    pub text: String,
}

/// Why rows did not arrive.
#[derive(Debug)]
pub(super) enum Failure {
    /// The engine says so: the SQL is wrong, or a value is.
    Engine(DataFusionError),
    /// Writing failed, or the format can't hold the rows.
    Own(Error),
}

impl From<DataFusionError> for Failure {
    fn from(error: DataFusionError) -> Self {
        Self::Engine(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Own(error)
    }
}

/// Batches that arrive.
type Batches = std::pin::Pin<Box<dyn Stream<Item = Result<RecordBatch, DataFusionError>> + Send>>;

/// The rows of one statement; dropping them stops the query.
pub(super) struct Rows {
    /// Columns as they are written.
    pub schema: SchemaRef,
    /// Batches of that schema.
    pub stream: Batches,
}

/// A few batches ahead of whoever takes them.
const AHEAD: usize = 4;

/// A session that only reads.
pub(super) struct Engine {
    context: SessionContext,
    moment: Moment,
    /// What can be read, for completion, `\d` and hints.
    pub catalogue: Catalogue,
}

/// Statements that the parser may not even know, refused by their first word.
const CHANGES: [&str; 26] = [
    "ALTER",
    "ANALYZE",
    "ATTACH",
    "BEGIN",
    "CALL",
    "COMMIT",
    "COPY",
    "CREATE",
    "DEALLOCATE",
    "DELETE",
    "DROP",
    "EXECUTE",
    "GRANT",
    "INSERT",
    "INSTALL",
    "LOAD",
    "MERGE",
    "PREPARE",
    "RESET",
    "REVOKE",
    "ROLLBACK",
    "SET",
    "TRUNCATE",
    "UPDATE",
    "USE",
    "VACUUM",
];

impl Engine {
    pub async fn new(context: SessionContext, library: Library, moment: Moment) -> Self {
        let catalogue = Catalogue::read(&context, &library).await;
        Self { context, moment, catalogue }
    }

    /// Plans the statement and starts it.
    ///
    /// # Errors
    /// SQL that is wrong, with its place; a statement that is no query.
    pub async fn rows(&self, text: &Text, statement: &Range<usize>, format: SqlFormat) -> Result<Rows> {
        let sql = &text.text[statement.clone()];
        let parsed = match parse_bound(&self.context, sql, self.moment) {
            Ok(parsed) => parsed,
            Err(_) if CHANGES.contains(&first_word(sql).as_str()) => return Err(refusal(sql)),
            Err(error) => return Err(self.explain(error.into(), text, statement)),
        };
        if !is_query(&parsed) {
            return Err(refusal(sql));
        }
        match self.start(parsed, format).await {
            Ok(Some(rows)) => Ok(rows),
            Ok(None) => Err(refusal(sql)),
            Err(error) => Err(self.explain(error.into(), text, statement)),
        }
    }

    /// `None` when the plan would change something all the same.
    async fn start(&self, statement: Statement, format: SqlFormat) -> Result<Option<Rows>, DataFusionError> {
        let state = self.context.state();
        let plan = state.statement_to_plan(statement).await?;
        let only_queries = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
        if only_queries.verify_plan(&plan).is_err() {
            return Ok(None);
        }
        let has_order = is_ordered(&plan);
        let mut frame = DataFrame::new(state, plan);
        // Partitions arrive in any order; a file for others to compare must not depend on it.
        if format == SqlFormat::Parquet && !has_order {
            let by_all = frame.schema().columns().into_iter().map(|column| Expr::Column(column).sort(true, false)).collect();
            frame = frame.sort(by_all)?;
        }
        let fields: Vec<Field> = frame.schema().fields().iter().map(|field| written(field)).collect();
        let schema: SchemaRef = Arc::new(Schema::new(fields));
        let to = Arc::clone(&schema);
        let stream = frame.execute_stream().await?.map(move |batch| as_written(&batch?, &to));
        Ok(Some(Rows { schema, stream: on_other_threads(stream) }))
    }

    /// The failure as an error with the place in the text.
    pub fn explain(&self, failure: Failure, text: &Text, statement: &Range<usize>) -> Error {
        let error = match failure {
            Failure::Own(error) => return error,
            Failure::Engine(error) => error,
        };
        let mut diagnostics = Diagnostics::default();
        diagnostics.remember(&text.name, &text.text);
        let known: Vec<&str> = match error.find_root() {
            DataFusionError::Plan(message) if message.starts_with("Invalid function") => {
                self.catalogue.functions.iter().map(String::as_str).collect()
            }
            _ => self.catalogue.relations.iter().map(|relation| relation.name.as_str()).collect(),
        };
        describe(&error, &text.name, &text.text, statement.start, &known, &mut diagnostics);
        let rendered = diagnostics.to_text();
        let rendered = rendered.trim_end().trim_start_matches("error[sql]: ");
        let columns = columns_instead(&error).filter(|_| !rendered.contains("\nhint: "));
        Error::new(kind_of(&error), format!("{rendered}{}", columns.map(|hint| format!("\nhint: {hint}")).unwrap_or_default()))
    }
}

/// Columns of one relation that are listed; the widest table has more than anyone reads.
const LISTED: usize = 40;

/// What a column that is not there could have been: the columns of everything that is read at that place.
fn columns_instead(error: &DataFusionError) -> Option<String> {
    let DataFusionError::SchemaError(error, _) = error.find_root() else { return None };
    let SchemaError::FieldNotFound { valid_fields, .. } = error.as_ref() else { return None };
    let mut by_relation: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for field in valid_fields {
        let relation = field.relation.as_ref().map(|relation| relation.table().to_owned()).unwrap_or_default();
        by_relation.entry(relation).or_default().push(&field.name);
    }
    let list = |(relation, columns): (String, Vec<&str>)| {
        let more = columns.len().saturating_sub(LISTED);
        let shown = columns.into_iter().take(LISTED).collect::<Vec<_>>().join(", ");
        let of = if relation.is_empty() { "there are".to_owned() } else { format!("`{relation}` has") };
        if more > 0 { format!("{of} {shown} and {more} more; DESCRIBE shows all") } else { format!("{of} {shown}") }
    };
    (!by_relation.is_empty()).then(|| by_relation.into_iter().map(list).collect::<Vec<_>>().join("; "))
}

/// Memory, disk and broken files are not the writer's fault.
fn kind_of(error: &DataFusionError) -> Kind {
    match error.find_root() {
        DataFusionError::ResourcesExhausted(_) | DataFusionError::IoError(_) | DataFusionError::ObjectStore(_) => Kind::Environment,
        DataFusionError::Internal(_) => Kind::Bug,
        _ => Kind::Query,
    }
}

/// Computes the batches on the runtime's own threads: a join may compute for minutes without a pause, and Ctrl-C must be
/// heard meanwhile.
fn on_other_threads(mut batches: impl Stream<Item = Result<RecordBatch, DataFusionError>> + Send + Unpin + 'static) -> Batches {
    let (sender, receiver) = tokio::sync::mpsc::channel(AHEAD);
    let mut task = tokio::task::JoinSet::new();
    task.spawn(async move {
        while let Some(batch) = batches.next().await {
            if sender.send(batch).await.is_err() {
                return;
            }
        }
    });
    let next = |(mut receiver, mut task): (tokio::sync::mpsc::Receiver<_>, tokio::task::JoinSet<()>)| async move {
        if let Some(batch) = receiver.recv().await {
            return Some((batch, (receiver, task)));
        }
        // The end of the rows is only believed when the task ended well.
        let failed = task.join_next().await?.err()?;
        Some((Err(DataFusionError::Internal(format!("the query broke off: {failed}"))), (receiver, task)))
    };
    Box::pin(futures::stream::unfold((receiver, task), next))
}

fn first_word(sql: &str) -> String {
    let mut from = 0;
    // Comments before the statement are not part of it: `split` starts at the first word.
    if let Some(range) = statements::split(sql).first() {
        from = range.start;
    }
    sql[from..].split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or("").to_ascii_uppercase()
}

fn is_query(statement: &Statement) -> bool {
    match statement {
        Statement::Explain(explain) => is_query(&explain.statement),
        Statement::Statement(syntax) => is_query_syntax(syntax),
        _ => false,
    }
}

fn is_query_syntax(syntax: &Syntax) -> bool {
    match syntax {
        Syntax::Explain { statement, .. } => is_query_syntax(statement),
        Syntax::Query(query) => !matches!(*query.body, SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_)),
        Syntax::ExplainTable { .. } | Syntax::ShowTables { .. } | Syntax::ShowColumns { .. } => true,
        _ => false,
    }
}

fn refusal(sql: &str) -> Error {
    let word = first_word(sql);
    let hint = match word.as_str() {
        "COPY" => "write rows into a file with --format and --output",
        "SET" | "RESET" | "USE" => "the session is the same for everybody, so that the same SQL gives the same rows",
        _ => "tables come from `kaohe load` and `kaohe run` alone; correct the source and load it again",
    };
    let what = if matches!(word.as_str(), "SELECT" | "WITH" | "") { "a query that writes".to_owned() } else { format!("`{word}`") };
    Error::new(Kind::Query, format!("{what} is refused: kaohe sql only reads")).with_hint(hint)
}

fn is_ordered(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Sort(_) => true,
        LogicalPlan::Projection(projection) => is_ordered(&projection.input),
        LogicalPlan::Limit(limit) => is_ordered(&limit.input),
        LogicalPlan::SubqueryAlias(alias) => is_ordered(&alias.input),
        _ => false,
    }
}

/// The field as it is written: no dictionaries and views, instants in UTC microseconds.
fn written(field: &Field) -> Field {
    let kind = match field.data_type() {
        DataType::Dictionary(_, value) => written(&Field::new("", value.as_ref().clone(), true)).data_type().clone(),
        DataType::Utf8View | DataType::LargeUtf8 => DataType::Utf8,
        DataType::BinaryView => DataType::Binary,
        DataType::Timestamp(_, Some(_)) => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        DataType::List(item) => DataType::List(Arc::new(written(item))),
        other => other.clone(),
    };
    Field::new(field.name(), kind, true)
}

fn as_written(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, DataFusionError> {
    let convert = |(column, field): (&ArrayRef, &Arc<Field>)| {
        if column.data_type() == field.data_type() { Ok(Arc::clone(column)) } else { cast(column, field.data_type()) }
    };
    let columns = batch.columns().iter().zip(schema.fields()).map(convert).collect::<Result<Vec<_>, _>>()?;
    let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)?)
}
