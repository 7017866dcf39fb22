//! Clocks, parameters, days, the check of credit codes, the likeness of texts and of pictures as SQL functions.
//!
//! In: the library's clocks, parameters, calendar and reference lists. Out: DataFusion functions `due_on`, `due_at`, `param`,
//! `workdays_between`, `day_of`, `month_of`, `end_of`, `uscc_is_valid`, `text_similarity`, `text_bands`, `picture_distance`, `picture_bands`, evaluated a column at a
//! time; the reference lists as tables ([`REFERENCE_TABLES`]). Never here: data that somebody sends.
//!
//! The name of a clock or parameter is a literal: an unknown one is a planning error with our text. The version is that of
//! the row's domain in force on the date that starts the clock.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, OnceLock};

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, BooleanArray, Date32Array, Decimal128Array, DictionaryArray, Int32Array, Int64Array,
    Int64Builder, ListBuilder, PrimitiveArray, StringArray, TimestampMicrosecondArray,
};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::compute::{cast, max, min};
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Field, FieldRef, Int32Type, Int64Type, Schema, TimeUnit, TimestampMicrosecondType,
};
use arrow::record_batch::RecordBatch;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::{ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};
use datafusion::prelude::SessionContext;
use datafusion::sql::parser::{DFParserBuilder, Statement};
use datafusion::sql::sqlparser::ast::{Expr as SyntaxExpr, ExprWithAlias, Value, VisitMut, visit_expressions_mut};

use crate::calendar::{Clock, Parameter, WorkCalendar, end_of_day, shanghai_day};
use crate::diagnostics::nearest;
use crate::library::Library;
use crate::terms::{Month, date_from_epoch_days, is_credit_code};

mod picture_hashes;

/// What the functions look up. Two sets are equal when every clock, parameter and day is.
#[derive(Clone, PartialEq, Eq)]
pub struct Clocks {
    clocks: BTreeMap<String, Clock>,
    parameters: BTreeMap<String, Parameter>,
    calendar: WorkCalendar,
    /// Lists of `queries/reference/` that populations read, as CSV text by name.
    reference: BTreeMap<&'static str, String>,
    /// Of every day of the calendar.
    calendar_digest: String,
    tables: DayTables,
}

/// The lists of `queries/reference/<name>.csv` that SQL reads as tables, all columns text: what is looked up, and is no extract.
pub const REFERENCE_TABLES: [&str; 1] = ["hotline_categories"];

impl fmt::Debug for Clocks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clocks({} clocks, {} parameters)", self.clocks.len(), self.parameters.len())
    }
}

impl Clocks {
    /// The library's clocks, parameters and calendar.
    pub fn of(library: &Library) -> Arc<Self> {
        let text = |name: &&'static str| Some((*name, library.files.get(&format!("reference/{name}.csv"))?.clone()));
        Arc::new(Self {
            clocks: library.clocks.clone(),
            parameters: library.parameters.clone(),
            calendar: library.calendar.clone(),
            reference: REFERENCE_TABLES.iter().filter_map(text).collect(),
            calendar_digest: blake3::hash(format!("{:?}", library.calendar).as_bytes()).to_hex().to_string(),
            tables: DayTables::default(),
        })
    }
}

/// What the calls in an expression answer by, beside their arguments: the versions of the clocks and parameters that they name, and the calendar
/// where working days are counted. Empty where nothing is looked up.
pub fn definitions(expression: &Expr) -> String {
    let mut said = String::new();
    let told = expression.apply(|part| {
        if let Expr::ScalarFunction(call) = part
            && let Some(own) = call.func.inner().downcast_ref::<CalendarFunction>()
        {
            let name = match call.args.first() {
                Some(Expr::Literal(value, _)) => literal_text(value),
                _ => None,
            };
            said.push_str(&own.definition(name));
        }
        Ok(TreeNodeRecursion::Continue)
    });
    told.expect("no step of the walk fails");
    said
}

/// What every reference list says, by its name.
pub fn reference_digest(clocks: &Clocks) -> String {
    blake3::hash(format!("{:?}", clocks.reference).as_bytes()).to_hex().to_string()
}

/// Every function of this module, by the name that SQL uses.
pub const NAMES: [&str; 12] = [
    "due_on",
    "due_at",
    "param",
    "workdays_between",
    "day_of",
    "month_of",
    "end_of",
    "uscc_is_valid",
    "text_similarity",
    "text_bands",
    "picture_distance",
    "picture_bands",
];

/// The last instant of a day.
pub const END_OF: &str = NAMES[6];

/// Functions that look a text up and take it as a dictionary too.
pub const LOOKING_UP: [&str; 2] = [NAMES[0], NAMES[2]];

/// Adds the functions and the reference tables to a session.
pub fn register(context: &SessionContext, clocks: &Arc<Clocks>) {
    for (name, text) in &clocks.reference {
        // A list that does not read is missed by the population that reads it, with its place.
        if let Ok(batch) = reference_rows(text) {
            let _ = context.deregister_table(*name);
            let _ = context.register_batch(*name, batch);
        }
    }
    for which in [
        Which::DueOn,
        Which::DueAt,
        Which::Param,
        Which::WorkdaysBetween,
        Which::DayOf,
        Which::MonthOf,
        Which::EndOf,
        Which::UsccIsValid,
        Which::TextSimilarity,
        Which::TextBands,
        Which::PictureDistance,
        Which::PictureBands,
    ] {
        context.register_udf(ScalarUDF::new_from_impl(CalendarFunction {
            which,
            clocks: Arc::clone(clocks),
            signature: Signature::user_defined(Volatility::Immutable),
        }));
    }
}

/// A reference list as rows of text; an empty cell is null.
fn reference_rows(text: &str) -> std::result::Result<RecordBatch, Box<dyn std::error::Error>> {
    let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).trim(csv::Trim::All).from_reader(text.as_bytes());
    let names: Vec<String> = reader.headers()?.iter().map(str::to_owned).collect();
    let mut columns: Vec<Vec<Option<String>>> = vec![Vec::new(); names.len()];
    for record in reader.records() {
        let record = record?;
        columns.iter_mut().zip(record.iter()).for_each(|(column, cell)| column.push(Some(cell.to_owned()).filter(|cell| !cell.is_empty())));
    }
    let fields: Vec<Field> = names.iter().map(|name| Field::new(name, DataType::Utf8, true)).collect();
    let columns = columns.into_iter().map(|column| Arc::new(StringArray::from(column)) as ArrayRef).collect();
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
}

/// The instants that the placeholders `$as_of` and `$from` stand for, UTC microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// 24:00 Asia/Shanghai of the as-of date.
    pub as_of: i64,
    /// First instant of the window.
    pub from: i64,
}

/// Parses one SQL statement and puts the instants where `$as_of` and `$from` stand; positions stay those of the text.
///
/// Binding happens in the syntax tree, before types are inferred: DataFusion would take `$as_of - INTERVAL '1 day'` for a
/// difference of intervals.
///
/// # Errors
/// Text that is not one statement, or a placeholder of another name.
pub fn parse_bound(context: &SessionContext, sql: &str, moment: Moment) -> Result<Statement> {
    let mut statement = context.state().sql_to_statement(sql, &context.state().config().options().sql_parser.dialect)?;
    if let Statement::Statement(inner) = &mut statement {
        bind(inner.as_mut(), moment)?;
    }
    Ok(statement)
}

/// Parses one SQL expression and puts the instants where `$as_of` and `$from` stand.
///
/// # Errors
/// Text that is not one expression, or a placeholder of another name.
pub fn parse_bound_expression(context: &SessionContext, sql: &str, moment: Moment) -> Result<ExprWithAlias> {
    let mut expression = context.state().sql_to_expr_with_alias(sql, &context.state().config().options().sql_parser.dialect)?;
    bind(&mut expression.expr, moment)?;
    Ok(expression)
}

fn bind(syntax: &mut impl VisitMut, moment: Moment) -> Result<()> {
    let unknown = visit_expressions_mut(syntax, |expression| {
        if let SyntaxExpr::Value(value) = expression
            && let Value::Placeholder(name) = &value.value
        {
            let instant = match name.as_str() {
                "$as_of" => moment.as_of,
                "$from" => moment.from,
                other => return ControlFlow::Break(other.to_owned()),
            };
            *expression = instant_literal(instant);
        }
        ControlFlow::Continue(())
    });
    match unknown {
        ControlFlow::Break(name) => Err(DataFusionError::Plan(format!("there is no placeholder `{name}`, only `$as_of` and `$from`"))),
        ControlFlow::Continue(()) => Ok(()),
    }
}

/// `arrow_cast(<microseconds>, 'Timestamp(Microsecond, Some("UTC"))')`, which folds to a literal.
fn instant_literal(microseconds: i64) -> SyntaxExpr {
    let text = format!("arrow_cast({microseconds}, 'Timestamp(Microsecond, Some(\"UTC\"))')");
    DFParserBuilder::new(text.as_str())
        .build()
        .and_then(|mut parser| parser.parse_into_expr())
        .expect("the text is a call with two literals")
        .expr
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Which {
    DueOn,
    DueAt,
    Param,
    WorkdaysBetween,
    DayOf,
    MonthOf,
    EndOf,
    UsccIsValid,
    TextSimilarity,
    TextBands,
    PictureDistance,
    PictureBands,
}

impl Which {
    fn name(self) -> &'static str {
        NAMES[match self {
            Self::DueOn => 0,
            Self::DueAt => 1,
            Self::Param => 2,
            Self::WorkdaysBetween => 3,
            Self::DayOf => 4,
            Self::MonthOf => 5,
            Self::EndOf => 6,
            Self::UsccIsValid => 7,
            Self::TextSimilarity => 8,
            Self::TextBands => 9,
            Self::PictureDistance => 10,
            Self::PictureBands => 11,
        }]
    }

    fn usage(self) -> &'static str {
        match self {
            Self::DueOn => "due_on('clock', domain, start_date) or due_on('clock', domain, start_date, extra_days)",
            Self::DueAt => "due_at('clock', domain, start_instant)",
            Self::Param => "param('parameter', domain, date)",
            Self::WorkdaysBetween => "workdays_between(date, date)",
            Self::DayOf => "day_of(instant)",
            Self::MonthOf => "month_of(date)",
            Self::EndOf => "end_of(date)",
            Self::UsccIsValid => "uscc_is_valid(text)",
            Self::TextSimilarity => "text_similarity(text, text)",
            Self::TextBands => "text_bands(text)",
            Self::PictureDistance => "picture_distance(hash, hash)",
            Self::PictureBands => "picture_bands(hash)",
        }
    }
}

struct CalendarFunction {
    which: Which,
    clocks: Arc<Clocks>,
    signature: Signature,
}

impl fmt::Debug for CalendarFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.which.name())
    }
}

impl PartialEq for CalendarFunction {
    fn eq(&self, other: &Self) -> bool {
        self.which == other.which && (Arc::ptr_eq(&self.clocks, &other.clocks) || self.clocks == other.clocks)
    }
}

impl Eq for CalendarFunction {}

impl Hash for CalendarFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.which.hash(state);
        self.clocks.clocks.len().hash(state);
        self.clocks.parameters.len().hash(state);
    }
}

fn instant() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

fn wrong(which: Which, message: impl fmt::Display) -> DataFusionError {
    DataFusionError::Plan(format!("{message}; write {}", which.usage()))
}

impl ScalarUDFImpl for CalendarFunction {
    fn name(&self) -> &str {
        self.which.name()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(match self.which {
            Which::DueOn | Which::DayOf | Which::MonthOf => DataType::Date32,
            Which::DueAt | Which::EndOf => instant(),
            Which::Param | Which::TextSimilarity => DataType::Decimal128(18, 4),
            Which::WorkdaysBetween | Which::PictureDistance => DataType::Int64,
            Which::UsccIsValid => DataType::Boolean,
            Which::TextBands | Which::PictureBands => DataType::new_list(DataType::Int64, true),
        })
    }

    fn return_field_from_args(&self, arguments: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        if matches!(self.which, Which::DueOn | Which::DueAt | Which::Param) {
            let name = match arguments.scalar_arguments.first() {
                Some(Some(scalar)) => literal_text(scalar),
                _ => None,
            };
            let name = name.ok_or_else(|| wrong(self.which, "the first argument must be a name in quotation marks"))?;
            let known: Vec<&str> = match self.which {
                Which::Param => self.clocks.parameters.keys().map(String::as_str).collect(),
                _ => self.clocks.clocks.keys().map(String::as_str).collect(),
            };
            if !known.contains(&name) {
                let what = if self.which == Which::Param { "parameter" } else { "clock" };
                let hint = nearest(name, known).map(|near| format!(", did you mean `{near}`?")).unwrap_or_default();
                return Err(DataFusionError::Plan(format!("there is no {what} `{name}`{hint}")));
            }
        }
        Ok(Arc::new(Field::new(self.name(), self.return_type(&[])?, true)))
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        let date_like = |kind: &DataType| match kind {
            DataType::Date32 | DataType::Null | DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8 => Ok(DataType::Date32),
            other => Err(wrong(self.which, format!("{} needs a date, but got {other}", self.name()))),
        };
        let instant_like = |kind: &DataType| match kind {
            DataType::Timestamp(_, _) | DataType::Null | DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8 => Ok(instant()),
            other => Err(wrong(self.which, format!("{} needs an instant, but got {other}", self.name()))),
        };
        match (self.which, types) {
            (Which::DueOn, [_, _, start]) => Ok(vec![DataType::Utf8, DataType::Utf8, date_like(start)?]),
            (Which::DueOn, [_, _, start, _]) => Ok(vec![DataType::Utf8, DataType::Utf8, date_like(start)?, DataType::Int64]),
            (Which::DueAt, [_, _, start]) => Ok(vec![DataType::Utf8, DataType::Utf8, instant_like(start)?]),
            (Which::Param, [_, _, on]) => Ok(vec![DataType::Utf8, DataType::Utf8, date_like(on)?]),
            (Which::WorkdaysBetween, [from, to]) => Ok(vec![date_like(from)?, date_like(to)?]),
            (Which::DayOf, [at]) => Ok(vec![instant_like(at)?]),
            (Which::MonthOf | Which::EndOf, [on]) => Ok(vec![date_like(on)?]),
            (Which::UsccIsValid | Which::TextBands | Which::PictureBands, [_]) => Ok(vec![DataType::Utf8]),
            (Which::TextSimilarity | Which::PictureDistance, [_, _]) => Ok(vec![DataType::Utf8, DataType::Utf8]),
            _ => Err(wrong(self.which, format!("{} does not take {} arguments", self.name(), types.len()))),
        }
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = arguments.number_rows;
        let all_scalar = arguments.args.iter().all(|argument| matches!(argument, ColumnarValue::Scalar(_)));
        let name = match arguments.args.first() {
            Some(ColumnarValue::Scalar(scalar)) => literal_text(scalar).map(str::to_owned),
            _ => None,
        };
        let length = if all_scalar { 1 } else { rows };
        // A name is read once, not row by row.
        let is_name = |place: usize| place == 0 && matches!(self.which, Which::DueOn | Which::DueAt | Which::Param);
        let arrays = arguments.args.iter().enumerate();
        let arrays = arrays.map(|(place, argument)| argument.to_array(if is_name(place) { 1 } else { length }));
        let arrays = arrays.collect::<Result<Vec<_>>>()?;
        let result = self.evaluate(name.as_deref(), &arrays)?;
        if all_scalar { Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&result, 0)?)) } else { Ok(ColumnarValue::Array(result)) }
    }
}

fn literal_text(scalar: &ScalarValue) -> Option<&str> {
    match scalar {
        ScalarValue::Utf8(text) | ScalarValue::Utf8View(text) | ScalarValue::LargeUtf8(text) => text.as_deref(),
        ScalarValue::Dictionary(_, inner) => literal_text(inner),
        _ => None,
    }
}

impl CalendarFunction {
    fn definition(&self, name: Option<&str>) -> String {
        let clocks = &self.clocks;
        match self.which {
            Which::DueOn | Which::DueAt => format!("{:?} {}", name.and_then(|name| clocks.clocks.get(name)), clocks.calendar_digest),
            Which::Param => format!("{:?}", name.and_then(|name| clocks.parameters.get(name))),
            Which::WorkdaysBetween => clocks.calendar_digest.clone(),
            _ => String::new(),
        }
    }

    fn evaluate(&self, name: Option<&str>, arrays: &[ArrayRef]) -> Result<ArrayRef> {
        let calendar = &self.clocks.calendar;
        let unnamed = || DataFusionError::Internal(format!("{} was planned without a name", self.name()));
        Ok(match self.which {
            Which::DayOf => Arc::new(arrays[0].as_primitive::<TimestampMicrosecondType>().unary::<_, Date32Type>(shanghai_day)),
            Which::MonthOf => {
                let (on, months) = (arrays[0].as_primitive::<Date32Type>(), first_days());
                let is_listed = |day: &i32| (FIRST_DAY..FIRST_DAY + DAYS as i32).contains(day);
                if on.values().iter().all(is_listed) {
                    Arc::new(on.unary::<_, Date32Type>(|day| months[(day - FIRST_DAY) as usize]))
                } else {
                    Arc::new(on.iter().map(|on| first_of_month(on?)).collect::<Date32Array>())
                }
            }
            Which::EndOf => {
                let ends = arrays[0].as_primitive::<Date32Type>().unary::<_, TimestampMicrosecondType>(end_of_day);
                Arc::new(ends.with_timezone("UTC"))
            }
            Which::WorkdaysBetween => {
                let (from, to) = (arrays[0].as_primitive::<Date32Type>(), arrays[1].as_primitive::<Date32Type>());
                Arc::new(from.iter().zip(to).map(|(from, to)| Some(calendar.working_days_between(from?, to?))).collect::<Int64Array>())
            }
            Which::DueOn => {
                let clock = self.clocks.clocks.get(name.ok_or_else(unnamed)?).ok_or_else(unnamed)?;
                let domains = Domains::of(&arrays[1])?;
                let start = arrays[2].as_primitive::<Date32Type>();
                let extra = arrays.get(3).map(|extra| extra.as_primitive::<Int64Type>());
                let mut tables = TablesOfBatch::new(&self.clocks.tables, self.which.name(), &clock.name);
                let mut longer: HashMap<(Option<&str>, i32, i64), Option<i32>> = HashMap::new();
                let due_on = |row, start, days| Some(clock.due_on(calendar, domains.at(row), start, days)?.epoch_day);
                let mut in_time = |row, start| tables.at(&domains, row).get(start, || due_on(row, start, 0).map(i64::from));
                Arc::new(match extra {
                    None => answered_by_day::<Date32Type>(start, &domains, in_time, |day| day as i32),
                    Some(extra) => answered::<_, Date32Type>(start, |row, start| match extra.value(row) {
                        days if days != 0 && extra.is_valid(row) => {
                            *longer.entry((domains.at(row), start, days)).or_insert_with(|| due_on(row, start, days))
                        }
                        _ => in_time(row, start).map(|day| day as i32),
                    }),
                })
            }
            Which::DueAt => {
                let clock = self.clocks.clocks.get(name.ok_or_else(unnamed)?).ok_or_else(unnamed)?;
                let domains = texts(&arrays[1])?;
                let start = arrays[2].as_primitive::<TimestampMicrosecondType>();
                let due: TimestampMicrosecondArray = answered(start, |row, start| clock.due_at(calendar, text_at(&domains, row), start));
                Arc::new(due.with_timezone("UTC"))
            }
            Which::Param => {
                let parameter = self.clocks.parameters.get(name.ok_or_else(unnamed)?).ok_or_else(unnamed)?;
                let domains = Domains::of(&arrays[1])?;
                let on = arrays[2].as_primitive::<Date32Type>();
                let mut tables = TablesOfBatch::new(&self.clocks.tables, self.which.name(), &parameter.name);
                let amount_on = |row, on| {
                    tables.at(&domains, row).get(on, || {
                        let mut amount = parameter.amount_on(domains.at(row), date_from_epoch_days(on)?)?;
                        amount.rescale(4);
                        i64::try_from(amount.mantissa()).ok()
                    })
                };
                let amounts = answered_by_day::<Decimal128Type>(on, &domains, amount_on, i128::from);
                Arc::new(amounts.with_precision_and_scale(18, 4)?)
            }
            Which::UsccIsValid => {
                let codes = texts(&arrays[0])?;
                Arc::new(codes.iter().map(|code| code.map(is_credit_code)).collect::<BooleanArray>())
            }
            Which::TextSimilarity => {
                let (left, right) = (texts(&arrays[0])?, texts(&arrays[1])?);
                let likeness: Decimal128Array = similarities(&left, &right).into_iter().collect();
                Arc::new(likeness.with_precision_and_scale(18, 4)?)
            }
            Which::TextBands => lists_of(&arrays[0], |text| Some(Profile::of(text).bands()))?,
            Which::PictureDistance => {
                let (left, right) = (texts(&arrays[0])?, texts(&arrays[1])?);
                let distances = left.iter().zip(&right).map(|(left, right)| picture_hashes::distance(left?, right?));
                Arc::new(distances.collect::<Int64Array>())
            }
            Which::PictureBands => lists_of(&arrays[0], picture_hashes::bands)?,
        })
    }
}

/// What is answered about each value that is there; the question names its row.
fn answered<I: ArrowPrimitiveType, O: ArrowPrimitiveType>(
    values: &PrimitiveArray<I>,
    mut answer: impl FnMut(usize, I::Native) -> Option<O::Native>,
) -> PrimitiveArray<O> {
    let nulls = values.nulls().filter(|nulls| nulls.null_count() > 0);
    let mut found = vec![O::Native::default(); values.len()];
    let mut places = found.iter_mut();
    let there = BooleanBuffer::collect_bool(values.len(), |row| {
        let place = places.next();
        let is_asked = nulls.is_none_or(|nulls| nulls.is_valid(row));
        match place.zip(is_asked.then(|| answer(row, values.value(row))).flatten()) {
            Some((place, value)) => {
                *place = value;
                true
            }
            None => false,
        }
    });
    let nulls = Some(NullBuffer::new(there)).filter(|nulls| nulls.null_count() > 0);
    PrimitiveArray::new(found.into(), nulls)
}

/// The same where the answer follows from the day and the domain: a batch of few days and domains asks once for each of them.
fn answered_by_day<O: ArrowPrimitiveType>(
    days: &PrimitiveArray<Date32Type>,
    domains: &Domains<'_>,
    mut answer: impl FnMut(usize, i32) -> Option<i64>,
    told: impl Fn(i64) -> O::Native,
) -> PrimitiveArray<O> {
    let Some((keys, first, width, mut known)) = few_days(days, domains) else {
        return answered(days, |row, day| answer(row, day).map(&told));
    };
    let nulls = days.nulls().filter(|nulls| nulls.null_count() > 0);
    let (values, no_domain) = (days.values(), known.len() / width - 1);
    let place = |row: usize| {
        let domain = if keys.is_valid(row) { keys.value(row) as usize } else { no_domain };
        domain * width + (values[row] - first) as usize
    };
    let mut found = vec![O::Native::default(); days.len()];
    let mut is_missed = false;
    for (row, found) in found.iter_mut().enumerate() {
        if nulls.is_some_and(|nulls| nulls.is_null(row)) {
            continue;
        }
        let known = &mut known[place(row)];
        if *known == OPEN {
            *known = answer(row, values[row]).unwrap_or(NONE);
        }
        match *known {
            NONE => is_missed = true,
            value => *found = told(value),
        }
    }
    let nulls = match is_missed {
        false => nulls.cloned(),
        true => {
            let is_there = |row: usize| nulls.is_none_or(|nulls| nulls.is_valid(row)) && known[place(row)] != NONE;
            Some(NullBuffer::new(BooleanBuffer::collect_bool(days.len(), is_there)))
        }
    };
    PrimitiveArray::new(found.into(), nulls)
}

/// The keys of the domains, the first day, how many there are to the last one, and an open table of them for every domain and for none; `None`
/// where that is more than there are rows, where no row has a day, and where domains stand there as texts.
fn few_days<'a>(days: &PrimitiveArray<Date32Type>, domains: &Domains<'a>) -> Option<(&'a Int32Array, i32, usize, Vec<i64>)> {
    let Domains::Keys(keys, texts) = domains else { return None };
    let (first, last) = (min(days)?, max(days)?);
    let width = usize::try_from(i64::from(last) - i64::from(first) + 1).ok()?;
    let size = width.checked_mul(texts.len() + 1).filter(|size| *size <= days.len())?;
    Some((keys, first, width, vec![OPEN; size]))
}

/// First day that a table of days holds: 1970-01-01, which also stands where there is none.
const FIRST_DAY: i32 = 0;
/// Days that a table holds: to the year 2100.
const DAYS: usize = 47_500;
/// The first day of a day's month; `None` outside the calendar's range.
fn first_of_month(day: i32) -> Option<i32> {
    Some(Month::of(date_from_epoch_days(day)?).to_epoch_days())
}

/// The first day of its month for each day from [`FIRST_DAY`] on.
fn first_days() -> &'static [i32] {
    static FIRST_DAYS: LazyLock<Vec<i32>> =
        LazyLock::new(|| (0..DAYS as i32).map(|day| first_of_month(FIRST_DAY + day).unwrap_or(FIRST_DAY + day)).collect());
    &FIRST_DAYS
}

/// Not looked up yet.
const OPEN: i64 = i64::MIN;
/// Looked up, and there is none.
const NONE: i64 = i64::MIN + 1;

/// Days of a part of a table: a year and a half. Of some hundred tables only the years that are asked for take memory.
const DAYS_OF_PART: usize = 512;

/// What a clock or parameter says for each day, in one domain; looked up when first asked.
struct DayTable {
    parts: Vec<OnceLock<Box<[AtomicI64]>>>,
}

impl DayTable {
    fn get(&self, day: i32, compute: impl FnOnce() -> Option<i64>) -> Option<i64> {
        let place = usize::try_from(i64::from(day) - i64::from(FIRST_DAY)).unwrap_or(usize::MAX);
        let Some(part) = self.parts.get(place / DAYS_OF_PART) else { return compute() };
        let place = &part.get_or_init(|| (0..DAYS_OF_PART).map(|_| AtomicI64::new(OPEN)).collect())[place % DAYS_OF_PART];
        // Whoever comes first writes what the others would.
        match place.load(Ordering::Relaxed) {
            OPEN => {
                let value = compute();
                place.store(value.unwrap_or(NONE), Ordering::Relaxed);
                value
            }
            NONE => None,
            value => Some(value),
        }
    }
}

/// Tables of days by function, name and domain. They follow from the clocks, so that two sets with the same clocks have the same.
#[derive(Default)]
struct DayTables(Mutex<HashMap<(&'static str, String, Option<String>), Arc<DayTable>>>);

impl Clone for DayTables {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for DayTables {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for DayTables {}

impl DayTables {
    fn of(&self, function: &'static str, name: &str, domain: Option<&str>) -> Arc<DayTable> {
        let open = || Arc::new(DayTable { parts: (0..DAYS.div_ceil(DAYS_OF_PART)).map(|_| OnceLock::new()).collect() });
        match self.0.lock() {
            Ok(mut tables) => Arc::clone(tables.entry((function, name.to_owned(), domain.map(str::to_owned))).or_insert_with(open)),
            Err(_) => open(),
        }
    }
}

/// A column of domains, as a dictionary where it comes as one.
enum Domains<'a> {
    Rows(StringArray),
    Keys(&'a Int32Array, &'a StringArray),
}

impl<'a> Domains<'a> {
    fn of(array: &'a ArrayRef) -> Result<Self> {
        let dictionary = array.as_any().downcast_ref::<DictionaryArray<Int32Type>>();
        Ok(match dictionary.and_then(|dictionary| Some((dictionary.keys(), dictionary.values().as_string_opt::<i32>()?))) {
            Some((keys, values)) => Self::Keys(keys, values),
            None => Self::Rows(texts(array)?),
        })
    }

    fn at(&self, row: usize) -> Option<&str> {
        match self {
            Self::Rows(texts) => text_at(texts, row),
            Self::Keys(keys, values) => keys.is_valid(row).then(|| text_at(values, keys.value(row) as usize)).flatten(),
        }
    }
}

/// The tables of the domains in one batch.
struct TablesOfBatch<'a> {
    all: &'a DayTables,
    function: &'static str,
    name: &'a str,
    known: Vec<(Option<String>, Arc<DayTable>)>,
    /// Place in `known` by key of a dictionary.
    by_key: Vec<Option<usize>>,
    last: usize,
}

impl<'a> TablesOfBatch<'a> {
    fn new(all: &'a DayTables, function: &'static str, name: &'a str) -> Self {
        Self { all, function, name, known: Vec::new(), by_key: Vec::new(), last: 0 }
    }

    /// The table of a row's domain.
    fn at(&mut self, domains: &Domains<'_>, row: usize) -> &DayTable {
        let Domains::Keys(keys, values) = domains else { return self.of(domains.at(row)) };
        if keys.is_null(row) {
            return self.of(None);
        }
        let key = keys.value(row) as usize;
        if self.by_key.len() <= key {
            self.by_key.resize(values.len().max(key + 1), None);
        }
        match self.by_key[key] {
            Some(place) => &self.known[place].1,
            None => {
                self.of(text_at(values, key));
                self.by_key[key] = Some(self.last);
                &self.known[self.last].1
            }
        }
    }

    /// Rows of a domain mostly stand together, and there are few.
    fn of(&mut self, domain: Option<&str>) -> &DayTable {
        if self.known.get(self.last).is_none_or(|(known, _)| known.as_deref() != domain) {
            self.last = self.known.iter().position(|(known, _)| known.as_deref() == domain).unwrap_or_else(|| {
                self.known.push((domain.map(str::to_owned), self.all.of(self.function, self.name, domain)));
                self.known.len() - 1
            });
        }
        &self.known[self.last].1
    }
}

/// A text as it is compared: its characters without white space, and the pairs of neighbours among them, sorted.
struct Profile {
    characters: Vec<char>,
    pairs: Vec<(char, char)>,
}

impl Profile {
    fn of(text: &str) -> Self {
        let characters: Vec<char> = text.chars().filter(|character| !character.is_whitespace()).collect();
        let mut pairs: Vec<(char, char)> = characters.windows(2).map(|pair| (pair[0], pair[1])).collect();
        pairs.sort_unstable();
        Self { characters, pairs }
    }

    /// Sørensen–Dice over pairs of neighbouring characters, in ten thousandths: 0 nothing in common, 10000 the same pairs. Two texts of
    /// which one has fewer than two characters are alike only when they are equal.
    ///
    /// Our own because `strsim::sorensen_dice` (0.11) divides by bytes, which makes Chinese texts a third as alike as they are.
    fn similarity(&self, other: &Self) -> i128 {
        let all = (self.pairs.len() + other.pairs.len()) as i128;
        if self.characters == other.characters || all == 0 {
            return if self.characters == other.characters { 10_000 } else { 0 };
        }
        let (mut left, mut right, mut shared) = (0, 0, 0);
        while let (Some(one), Some(two)) = (self.pairs.get(left), other.pairs.get(right)) {
            let order = one.cmp(two);
            shared += i128::from(order.is_eq());
            left += usize::from(order.is_le());
            right += usize::from(order.is_ge());
        }
        (2 * shared * 10_000 + all / 2) / all
    }
}

/// Bands of a text's signature, and smallest hashes in each.
const BANDS: (usize, usize) = (20, 3);

impl Profile {
    /// MinHash (Broder 1997) of the pairs, cut into bands: texts that are alike share a band, so that candidates are found by an equal join and not by
    /// comparing each with each. At a Sørensen–Dice similarity of 0.8 (two of three pairs in common) two texts miss each other once in a thousand,
    /// at 0.9 never in practice; at 0.5 one in two is a candidate. A text without pairs has one band, its own.
    fn bands(&self) -> Vec<i64> {
        if self.pairs.is_empty() {
            return self.characters.first().map(|only| i64::from(u32::from(*only))).into_iter().collect();
        }
        let (bands, each) = BANDS;
        let mut distinct = self.pairs.clone();
        distinct.dedup();
        let mut least = vec![u64::MAX; bands * each];
        for (first, second) in distinct {
            let pair = mixed(u64::from(u32::from(first)) << 32 | u64::from(u32::from(second)));
            for (place, least) in least.iter_mut().enumerate() {
                *least = (*least).min(mixed(pair ^ mixed(place as u64 + 1)));
            }
        }
        let band = |(place, hashes): (usize, &[u64])| hashes.iter().fold(mixed(place as u64), |all, hash| mixed(all ^ hash)) as i64;
        least.chunks(each).enumerate().map(band).collect()
    }
}

/// Spreads 64 bits (the finaliser of SplitMix64, Steele et al. 2014): the same on every machine and in every version.
fn mixed(bits: u64) -> u64 {
    let bits = bits.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// How alike the texts of two columns are, row by row. Where every text is compared with every other, a batch has few distinct ones:
/// each is taken apart once.
fn similarities(left: &StringArray, right: &StringArray) -> Vec<Option<i128>> {
    let mut profiles: HashMap<&str, Profile> = HashMap::new();
    for text in left.iter().chain(right).flatten() {
        profiles.entry(text).or_insert_with(|| Profile::of(text));
    }
    left.iter().zip(right).map(|(left, right)| Some(profiles[left?].similarity(&profiles[right?]))).collect()
}

/// A list of numbers for each text; NULL where there is none.
fn lists_of(array: &ArrayRef, numbers: impl Fn(&str) -> Option<Vec<i64>>) -> Result<ArrayRef> {
    let mut lists = ListBuilder::new(Int64Builder::new());
    for text in texts(array)?.iter() {
        let numbers = text.and_then(&numbers);
        lists.values().append_slice(numbers.as_deref().unwrap_or_default());
        lists.append(numbers.is_some());
    }
    Ok(Arc::new(lists.finish()))
}

fn texts(array: &ArrayRef) -> Result<StringArray> {
    Ok(cast(array, &DataType::Utf8)?.as_string::<i32>().clone())
}

fn text_at(texts: &StringArray, row: usize) -> Option<&str> {
    texts.is_valid(row).then(|| texts.value(row))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_credit_code_is_valid_by_its_last_letter_and_an_empty_one_is_neither() {
        let (library, _) = Library::read(None).expect("the shipped library reads");
        let context = SessionContext::new();
        register(&context, &Clocks::of(&library));
        let sql = "SELECT uscc_is_valid('91230500MA1B3N1N2M') AND NOT uscc_is_valid('91230500MA1B3N1N20'), uscc_is_valid(NULL) IS NULL";
        let batches = context.sql(sql).await.expect("planned").collect().await.expect("computed");
        assert!((0..2).all(|column| batches[0].column(column).as_boolean().value(0)));
    }

    #[tokio::test]
    async fn texts_are_alike_by_their_pairs_of_characters() {
        let (library, _) = Library::read(None).expect("the shipped library reads");
        let context = SessionContext::new();
        register(&context, &Clocks::of(&library));
        // 无人 人机 机巡 巡查 against 无人 人机 机执 执法: two of four and four pairs.
        let sql = "SELECT text_similarity('无人机巡查', '无人机执法') = 0.5, text_similarity('无人机 巡查', '无人机巡查') = 1, \
                   text_similarity('无人机', '税务') = 0, text_similarity('无人机', NULL) IS NULL";
        let batches = context.sql(sql).await.expect("planned").collect().await.expect("computed");
        assert!((0..4).all(|column| batches[0].column(column).as_boolean().value(0)), "{batches:?}");
    }

    /// Of a thousand texts of 200 characters, each with a copy in which 19 in 200 characters are others: about 0.82 alike. Against each other the
    /// thousand are strangers.
    #[test]
    fn texts_that_are_alike_share_a_band_and_strangers_do_not() {
        let mut state = 1;
        let mut next = |below: u64| {
            state = mixed(state);
            state % below
        };
        let character = |number: u64| char::from_u32(0x4e00 + number as u32).expect("a character");
        let (mut missed, mut alike, mut earlier) = (0, 0, std::collections::BTreeSet::new());
        let mut met = 0;
        for _ in 0..1000 {
            let text: Vec<char> = (0..200).map(|_| character(next(800))).collect();
            let mut copy = text.clone();
            (0..19).for_each(|_| copy[next(200) as usize] = character(next(800)));
            let (text, copy) = (Profile::of(&text.iter().collect::<String>()), Profile::of(&copy.iter().collect::<String>()));
            let (bands, others) = (text.bands(), copy.bands());
            if text.similarity(&copy) >= 8000 {
                alike += 1;
                missed += u32::from(!bands.iter().any(|band| others.contains(band)));
            }
            met += bands.iter().filter(|band| earlier.contains(*band)).count();
            earlier.extend(bands);
        }
        assert!(alike > 700 && missed <= 3, "{missed} of {alike} missed");
        assert_eq!(met, 0);
        assert_eq!((Profile::of("甲").bands(), Profile::of(" ").bands()), (vec![0x7532], vec![]));
    }

    /// Days outside the tables, NULL, and a column of domains as texts and as a dictionary.
    #[tokio::test]
    async fn what_is_looked_up_in_a_table_of_days_is_what_the_calendar_says() {
        let (library, _) = Library::read(None).expect("the shipped library reads");
        let clocks = Clocks::of(&library);
        let function =
            |which| CalendarFunction { which, clocks: Arc::clone(&clocks), signature: Signature::user_defined(Volatility::Immutable) };
        let days: Vec<Option<i32>> = [None]
            .into_iter()
            .chain((FIRST_DAY - 40..FIRST_DAY + DAYS as i32 + 40).step_by(17).map(Some))
            .chain([Some(-900_000)])
            .collect();
        let months = |days: &[Option<i32>]| {
            let answer = function(Which::MonthOf).evaluate(None, &[Arc::new(Date32Array::from(days.to_vec()))]).expect("months");
            answer.as_primitive::<Date32Type>().iter().collect::<Vec<_>>()
        };
        let expected: Vec<Option<i32>> = days.iter().map(|day| day.and_then(first_of_month)).collect();
        assert_eq!(months(&days), expected, "some of them have no table");
        assert_eq!(months(&days[4..900]), expected[4..900], "all of them have one");

        // Few days are looked up once for each domain, many row by row.
        let few: Vec<Option<i32>> = (0..1000).map(|row| Some(20_610 + row * 7 % 40).filter(|_| row % 11 > 0)).collect();
        let before: Vec<Option<i32>> = few.iter().map(|day| day.map(|day| day - 20_640)).collect();
        for days in [days, few, before] {
            let domains: StringArray = days.iter().enumerate().map(|(row, _)| [Some("market"), Some("eco"), None][row % 3]).collect();
            let kind = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
            let as_texts: ArrayRef = Arc::new(domains);
            let as_keys = cast(&as_texts, &kind).expect("a dictionary");
            let clock = &library.clocks["filing.target"];
            let name: ArrayRef = Arc::new(StringArray::from(vec![clock.name.as_str(); days.len()]));
            for column in [as_texts.clone(), as_keys] {
                let arguments = [Arc::clone(&name), column, Arc::new(Date32Array::from(days.clone())) as ArrayRef];
                let due = function(Which::DueOn).evaluate(Some(&clock.name), &arguments).expect("limits");
                for (row, day) in days.iter().enumerate() {
                    let domain = text_at(as_texts.as_string::<i32>(), row);
                    let expected = day.and_then(|day| Some(clock.due_on(&library.calendar, domain, day, 0)?.epoch_day));
                    let due = due.as_primitive::<Date32Type>();
                    assert_eq!(due.is_valid(row).then(|| due.value(row)), expected, "{domain:?} {day:?}");
                }
                let (parameter, arguments) = (&library.parameters["simple.fine_cap.person"], &arguments);
                let amounts = function(Which::Param).evaluate(Some(&parameter.name), arguments).expect("amounts");
                for (row, day) in days.iter().enumerate() {
                    let domain = text_at(as_texts.as_string::<i32>(), row);
                    let amount = day.and_then(|day| parameter.amount_on(domain, date_from_epoch_days(day)?));
                    let expected = amount.map(|mut amount| {
                        amount.rescale(4);
                        amount.mantissa()
                    });
                    let amounts = amounts.as_primitive::<Decimal128Type>();
                    assert_eq!(amounts.is_valid(row).then(|| amounts.value(row)), expected, "{domain:?} {day:?}");
                }
            }
        }
    }
}
