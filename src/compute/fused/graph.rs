//! The expressions of many queries over one relation, each distinct one once.
//!
//! In: expressions as the analyser leaves them, layer by layer above the relation. Out: a graph of steps; a batch is taken through it
//! once, and every step that several queries share is answered once. Never here: rows of a result, which queries there are.
//!
//! - A step is lifted out of the expression around it only where it can't fail: inside `CASE`, `AND`, `OR` and `coalesce` an expression may be
//!   guarded by what stands before it, and lifted it would meet the rows that the guard keeps away.
//! - A code that a `CASE` writes and that is only compared is never written: `CASE WHEN a THEN 'due' ELSE 'pending' END = 'due'` is
//!   answered from `a`.
//! - Where a value is compared with the as-of instant, or another moment that moves from run to run, the answers say between which moments
//!   they stay what they are.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, BooleanArray, DictionaryArray, Int32Array, PrimitiveArray, RecordBatch,
    RecordBatchOptions, Scalar, UInt32Array, make_array, new_null_array,
};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::compute::kernels::cmp;
use arrow::compute::{cast, concat, take};
use arrow::datatypes::{DataType, Date32Type, Field, Int32Type, Schema, SchemaRef, TimestampMicrosecondType};
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, DataFusionError, Result, ScalarValue};
use datafusion::execution::SessionState;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, Operator, cast as cast_to};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use datafusion::physical_expr::PhysicalExpr;

use crate::calendar::end_of_day;
use crate::functions;

/// A step of a graph.
pub type StepId = usize;

/// What answers a step.
#[derive(Debug, Clone)]
enum Work {
    /// A column of the relation.
    Column(usize),
    Literal(ScalarValue),
    /// An expression over earlier steps, which are the columns of its batch; whether it takes texts as dictionaries.
    Expression {
        of: Vec<StepId>,
        schema: SchemaRef,
        expression: Arc<dyn PhysicalExpr>,
        takes_dictionaries: bool,
    },
    /// The answer of the first condition that is true; NULL is no truth.
    Cases {
        when: Vec<(StepId, Option<bool>)>,
        otherwise: Option<bool>,
    },
    /// A comparison of an instant or a day with one that moves from run to run.
    Moving {
        of: StepId,
        comparison: Operator,
        now: i64,
    },
}

#[derive(Debug, Clone)]
struct Step {
    work: Work,
    kind: DataType,
    /// What a `CASE` that only writes literals tells: conditions with their literals, and what it writes else.
    codes: Option<Arc<Codes>>,
    /// The step of days of which it is the last instant.
    ends: Option<StepId>,
    /// The expression as text, with the digests of the steps below: equal digests, equal answers.
    digest: blake3::Hash,
}

#[derive(Debug)]
struct Codes {
    when: Vec<(StepId, ScalarValue)>,
    otherwise: ScalarValue,
}

/// The graph of the queries over one relation.
#[derive(Debug, Clone)]
pub struct Graph {
    steps: Vec<Step>,
    known: HashMap<Expr, StepId>,
    cases: HashMap<(Vec<(StepId, Option<bool>)>, Option<bool>), StepId>,
    /// The relation's own columns.
    columns: Vec<StepId>,
    /// What queries see in the place of each: the column itself, or what puts it in its place.
    seen: Vec<StepId>,
    /// Conditions of the rows that count.
    counts: Vec<StepId>,
    moving: Vec<Moving>,
}

/// An instant or a day that stands in queries as a literal and is another one in the next run.
#[derive(Debug, Clone, PartialEq)]
pub struct Moving {
    /// What it is, in every run.
    pub name: &'static str,
    /// Where it is now: an instant in UTC, or a day.
    pub value: ScalarValue,
}

/// The columns of one layer of a query, as steps.
#[derive(Debug, Clone)]
pub struct Layer {
    schema: Arc<DFSchema>,
    steps: Vec<StepId>,
    /// Whether a condition stands below: as a step, what may fail would meet the rows that the condition keeps away.
    pub is_guarded: bool,
}

impl Layer {
    /// The names and types of its columns.
    pub fn schema(&self) -> &Arc<DFSchema> {
        &self.schema
    }
}

impl Graph {
    /// A graph over a relation with these columns, for queries in which these moments move.
    pub fn new(relation: &Schema, moving: &[Moving]) -> Self {
        let moving = moving.to_vec();
        let mut graph = Self {
            steps: Vec::new(),
            known: HashMap::new(),
            cases: HashMap::new(),
            columns: Vec::new(),
            seen: Vec::new(),
            counts: Vec::new(),
            moving,
        };
        for (place, field) in relation.fields().iter().enumerate() {
            let digest = blake3::hash(format!("column {} {}", field.name(), field.data_type()).as_bytes());
            let step = graph.push(Work::Column(place), field.data_type().clone(), digest);
            graph.columns.push(step);
        }
        graph.seen = graph.columns.clone();
        graph
    }

    /// Puts rows in their places before any query sees them: columns by name, and the condition of the rows that count, all over the columns
    /// as they are read.
    ///
    /// # Errors
    /// An expression that does not plan.
    pub fn place(
        &mut self,
        state: &SessionState,
        schema: &Arc<DFSchema>,
        changed: &BTreeMap<String, Expr>,
        kept: Option<&Expr>,
    ) -> Result<()> {
        let read = Layer { schema: Arc::clone(schema), steps: self.columns.clone(), is_guarded: false };
        for (name, put) in changed {
            let (place, field) = (schema.index_of_column_by_name(None, name), schema.field_with_unqualified_name(name)?);
            let place = place.ok_or_else(|| DataFusionError::Internal(format!("there is no column `{name}`")))?;
            self.seen[place] = self.add(state, &cast_to(put.clone(), field.data_type().clone()), &read)?;
        }
        if let Some(kept) = kept {
            self.counts = self.conditions(state, kept, &read)?;
        }
        Ok(())
    }

    /// The conditions of the rows that count at all.
    pub fn counting_rows(&self) -> &[StepId] {
        &self.counts
    }

    /// The relation's own columns, by the names that `schema` gives them.
    pub fn relation(&self, schema: &Arc<DFSchema>) -> Layer {
        Layer { schema: Arc::clone(schema), steps: self.seen.clone(), is_guarded: !self.counts.is_empty() }
    }

    /// The columns of a projection over a layer.
    ///
    /// # Errors
    /// An expression that does not plan.
    pub fn projected(&mut self, state: &SessionState, expressions: &[Expr], over: &Layer, schema: &Arc<DFSchema>) -> Result<Layer> {
        let steps = expressions.iter().map(|expression| self.add(state, expression, over)).collect::<Result<_>>()?;
        Ok(Layer { schema: Arc::clone(schema), steps, is_guarded: over.is_guarded })
    }

    /// The same columns under the names of an alias.
    pub fn renamed(over: &Layer, schema: &Arc<DFSchema>) -> Layer {
        Layer { schema: Arc::clone(schema), ..over.clone() }
    }

    /// The step that answers an expression over a layer.
    ///
    /// # Errors
    /// An expression that does not plan, or that may fail above a condition.
    pub fn add(&mut self, state: &SessionState, expression: &Expr, over: &Layer) -> Result<StepId> {
        let context = SimplifyContext::builder()
            .with_schema(Arc::clone(&over.schema))
            .with_config_options(Arc::clone(state.config_options()))
            .with_query_execution_start_time(state.execution_props().query_execution_start_time)
            .build();
        let simple = ExprSimplifier::new(context).simplify(expression.clone().unalias_nested().data)?;
        if over.is_guarded && !can_not_fail(&simple, &over.schema) {
            return Err(DataFusionError::Plan(format!("`{simple}` may fail for rows that a condition below it keeps away")));
        }
        self.intern(state, &simple, over)
    }

    /// The parts of a condition, all of which must be true.
    ///
    /// # Errors
    /// An expression that does not plan.
    pub fn conditions(&mut self, state: &SessionState, condition: &Expr, over: &Layer) -> Result<Vec<StepId>> {
        let parts = datafusion::logical_expr::utils::split_conjunction_owned(condition.clone());
        parts.iter().map(|part| self.add(state, part, over)).collect()
    }

    /// The type of a step's answer.
    pub fn kind(&self, step: StepId) -> &DataType {
        &self.steps[step].kind
    }

    /// What a step answers and by what, so that equal digests over equal rows give equal answers between the instants of validity.
    pub fn digest(&self, step: StepId) -> blake3::Hash {
        self.steps[step].digest
    }

    /// Every step that these rest on, themselves included, in the order of evaluation.
    pub fn below(&self, wanted: impl IntoIterator<Item = StepId>) -> Vec<StepId> {
        let mut is_needed = vec![false; self.steps.len()];
        let mut ahead: Vec<StepId> = wanted.into_iter().collect();
        while let Some(step) = ahead.pop() {
            if !std::mem::replace(&mut is_needed[step], true) {
                match &self.steps[step].work {
                    Work::Column(_) | Work::Literal(_) => {}
                    Work::Expression { of, .. } => ahead.extend(of),
                    Work::Cases { when, .. } => ahead.extend(when.iter().map(|(condition, _)| *condition)),
                    Work::Moving { of, .. } => ahead.push(*of),
                }
            }
        }
        (0..self.steps.len()).filter(|step| is_needed[*step]).collect()
    }

    /// The columns of the relation among these steps: step and place.
    pub fn columns_among(&self, steps: &[StepId]) -> Vec<(StepId, usize)> {
        let place = |step: &StepId| match self.steps[*step].work {
            Work::Column(place) => Some((*step, place)),
            _ => None,
        };
        steps.iter().filter_map(place).collect()
    }

    /// Comparisons with moving moments among these steps, each with its moment.
    pub fn moving_among(&self, steps: &[StepId]) -> Vec<(StepId, i64)> {
        let moment = |step: &StepId| match self.steps[*step].work {
            Work::Moving { now, .. } => Some((*step, now)),
            _ => None,
        };
        steps.iter().filter_map(moment).collect()
    }

    fn push(&mut self, work: Work, kind: DataType, digest: blake3::Hash) -> StepId {
        self.steps.push(Step { work, kind, codes: None, ends: None, digest });
        self.steps.len() - 1
    }

    /// An expression as a step; the layer's columns are replaced by theirs.
    fn intern(&mut self, state: &SessionState, expression: &Expr, over: &Layer) -> Result<StepId> {
        match expression {
            Expr::Alias(alias) => return self.intern(state, &alias.expr, over),
            Expr::Column(column) => return Ok(over.steps[over.schema.index_of_column(column)?]),
            Expr::Literal(value, _) => {
                let kept = Expr::Literal(value.clone(), None);
                if let Some(step) = self.known.get(&kept) {
                    return Ok(*step);
                }
                let digest = blake3::hash(format!("literal {value:?}").as_bytes());
                let step = self.push(Work::Literal(value.clone()), value.data_type(), digest);
                self.known.insert(kept, step);
                return Ok(step);
            }
            _ => {}
        }
        let above = expression.clone().map_children(|child| Ok(Transformed::yes(self.lift(state, child, over)?)))?.data;
        if let Some(step) = self.known.get(&above) {
            return Ok(*step);
        }
        let step = match self.answered_by_codes(state, &above)? {
            Some(step) => step,
            None => self.evaluated(state, &above)?,
        };
        self.known.insert(above, step);
        Ok(step)
    }

    /// The part as a column that stands for its step where it can't fail, else with its own parts lifted.
    fn lift(&mut self, state: &SessionState, part: Expr, over: &Layer) -> Result<Expr> {
        if can_not_fail(&part, &over.schema) {
            let step = self.intern(state, &part, over)?;
            return Ok(match &self.steps[step].work {
                Work::Literal(value) => Expr::Literal(value.clone(), None),
                _ => named(step),
            });
        }
        Ok(part.map_children(|child| Ok(Transformed::yes(self.lift(state, child, over)?)))?.data)
    }

    /// An expression over steps, planned over a schema of exactly these.
    fn evaluated(&mut self, state: &SessionState, above: &Expr) -> Result<StepId> {
        let mut of = Vec::new();
        above.apply(|part| {
            if let Expr::Column(column) = part {
                let step = numbered(column)?;
                if !of.contains(&step) {
                    of.push(step);
                }
            }
            Ok(TreeNodeRecursion::Continue)
        })?;
        let fields: Vec<Field> = of.iter().map(|step| Field::new(name_of(*step), self.steps[*step].kind.clone(), true)).collect();
        let schema = Arc::new(Schema::new(fields));
        let columns = DFSchema::try_from(Arc::clone(&schema))?;
        let kind = above.get_type(&columns)?;
        let digest = self.digest_of(above, &of)?;
        if let Some((of, comparison, moment)) = self.compared_with_moving(above) {
            let now = number_of(&moment.value).unwrap_or_default();
            let work = match self.steps[of].ends {
                Some(of) => {
                    let (comparison, now) = of_days(comparison, now);
                    Work::Moving { of, comparison, now }
                }
                None => Work::Moving { of, comparison, now },
            };
            return Ok(self.push(work, DataType::Boolean, digest));
        }
        if let Some((when, otherwise)) = truths(above) {
            let step = self.push(Work::Cases { when, otherwise }, DataType::Boolean, digest);
            return Ok(step);
        }
        let codes = codes_of(above).map(Arc::new);
        let expression = state.create_physical_expr(above.clone(), &columns)?;
        let step = self.push(Work::Expression { of, schema, expression, takes_dictionaries: takes_dictionaries(above) }, kind, digest);
        self.steps[step].codes = codes;
        self.steps[step].ends = self.day_that_ends(above);
        Ok(step)
    }

    /// A question about nothing but a step that writes codes, asked of each code instead.
    fn answered_by_codes(&mut self, state: &SessionState, above: &Expr) -> Result<Option<StepId>> {
        if !matches!(above, Expr::BinaryExpr(_) | Expr::InList(_) | Expr::IsNull(_) | Expr::IsNotNull(_)) {
            return Ok(None);
        }
        let mut columns: Vec<&Column> = above.column_refs().into_iter().collect();
        let (Some(column), true) = (columns.pop(), columns.is_empty()) else { return Ok(None) };
        let step = numbered(column)?;
        let Some(codes) = self.steps[step].codes.clone() else { return Ok(None) };
        let schema = Arc::new(Schema::new(vec![Field::new(name_of(step), self.steps[step].kind.clone(), true)]));
        let columns = DFSchema::try_from(Arc::clone(&schema))?;
        if above.get_type(&columns)? != DataType::Boolean {
            return Ok(None);
        }
        let question = state.create_physical_expr(above.clone(), &columns)?;
        let ask = |code: &ScalarValue| -> Result<Option<bool>> {
            let asked = cast(&code.to_array_of_size(1)?, schema.field(0).data_type())?;
            let batch = RecordBatch::try_new(Arc::clone(&schema), vec![asked])?;
            let answer = question.evaluate(&batch)?.into_array(1)?;
            let answer = answer.as_boolean();
            Ok(answer.is_valid(0).then(|| answer.value(0)))
        };
        let when = codes.when.iter().map(|(condition, code)| Ok((*condition, ask(code)?))).collect::<Result<Vec<_>>>()?;
        let otherwise = ask(&codes.otherwise)?;
        if let Some(known) = self.cases.get(&(when.clone(), otherwise)) {
            return Ok(Some(*known));
        }
        let mut told = format!("cases {otherwise:?}");
        for (condition, answer) in &when {
            told.push_str(&format!(" {} {answer:?}", self.steps[*condition].digest.to_hex()));
        }
        let work = Work::Cases { when: when.clone(), otherwise };
        let step = self.push(work, DataType::Boolean, blake3::hash(told.as_bytes()));
        self.cases.insert((when, otherwise), step);
        Ok(Some(step))
    }

    /// The step of days whose last instant an expression tells.
    fn day_that_ends(&self, above: &Expr) -> Option<StepId> {
        let Expr::ScalarFunction(function) = above else { return None };
        let [Expr::Column(day)] = function.args.as_slice() else { return None };
        let day = numbered(day).ok().filter(|_| function.name() == functions::END_OF)?;
        (self.steps[day].kind == DataType::Date32).then_some(day)
    }

    /// A comparison of one step with a moving moment.
    fn compared_with_moving(&self, above: &Expr) -> Option<(StepId, Operator, &Moving)> {
        let Expr::BinaryExpr(binary) = above else { return None };
        let moment = |side: &Expr| match side {
            Expr::Literal(value, _) => self.moving.iter().find(|moment| moment.value == *value),
            _ => None,
        };
        let step = |side: &Expr| match side {
            Expr::Column(column) => numbered(column).ok(),
            _ => None,
        };
        let (of, comparison, moment) = match (step(&binary.left), moment(&binary.right)) {
            (Some(of), Some(moment)) => (of, binary.op, moment),
            _ => (step(&binary.right)?, binary.op.swap()?, moment(&binary.left)?),
        };
        let is_ordering = matches!(comparison, Operator::Lt | Operator::LtEq | Operator::Gt | Operator::GtEq);
        let is_of_kind = self.steps[of].kind == moment.value.data_type() && number_of(&moment.value).is_some();
        (is_ordering && is_of_kind).then_some((of, comparison, moment))
    }

    /// What an expression says, with the digests of its steps in the place of their numbers; the moving moment of a comparison by its name.
    fn digest_of(&self, above: &Expr, of: &[StepId]) -> Result<blake3::Hash> {
        let mut hasher = blake3::Hasher::new();
        let moving = self.compared_with_moving(above).map(|(_, _, moment)| moment);
        let said = above.clone().transform_up(|part| {
            Ok(match part {
                Expr::Column(column) => {
                    let place = of.iter().position(|step| numbered(&column).is_ok_and(|number| number == *step)).unwrap_or(usize::MAX);
                    Transformed::yes(Expr::Column(Column::new_unqualified(format!("of{place}"))))
                }
                Expr::Literal(value, metadata) => match moving.filter(|moment| moment.value == value) {
                    Some(moment) => Transformed::yes(Expr::Column(Column::new_unqualified(moment.name))),
                    None => Transformed::no(Expr::Literal(value, metadata)),
                },
                other => Transformed::no(other),
            })
        })?;
        hasher.update(format!("{:?}", said.data).as_bytes());
        for step in of {
            hasher.update(self.steps[*step].digest.as_bytes());
            hasher.update(self.steps[*step].kind.to_string().as_bytes());
        }
        hasher.update(functions::definitions(above).as_bytes());
        Ok(hasher.finalize())
    }
}

/// Between which moments the answers stay what they are: from the first inclusive to the second exclusive, UTC microseconds or days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// First moment.
    pub from: i64,
    /// First moment after.
    pub until: i64,
}

impl Validity {
    /// What looks at no moment.
    pub const ALWAYS: Self = Self { from: i64::MIN, until: i64::MAX };

    /// Both.
    pub fn and(self, other: Self) -> Self {
        Self { from: self.from.max(other.from), until: self.until.min(other.until) }
    }

    /// Whether the answers at this moment are the same.
    pub fn holds_at(self, moment: i64) -> bool {
        self.from <= moment && (moment < self.until || self.until == i64::MAX)
    }
}

/// What was answered of the distinct texts of a dictionary. The batches of a row group share one, so that each text is asked about once.
#[derive(Debug, Default, Clone)]
pub struct AskedTexts {
    of_step: HashMap<StepId, (ArrayRef, ArrayRef)>,
}

/// The answers of a batch, step by step.
pub struct Answers<'a> {
    graph: &'a Graph,
    rows: usize,
    answers: Vec<Option<ArrayRef>>,
    /// Texts of dictionaries, row by row, where an expression needs them so.
    plain: Vec<Option<ArrayRef>>,
    /// By dictionary: the rows of each of its texts that was asked about.
    of_text: HashMap<StepId, Vec<Option<BooleanBuffer>>>,
}

impl<'a> Answers<'a> {
    /// Takes a batch through the steps, which stand in the order of evaluation; `columns` says where the relation's columns stand in it.
    ///
    /// # Errors
    /// The engine's own, such as a text that is no number.
    pub fn of(
        graph: &'a Graph,
        steps: &[StepId],
        columns: &[(StepId, usize)],
        batch: &RecordBatch,
        asked: &mut AskedTexts,
    ) -> Result<Self> {
        let nothing = vec![None; graph.steps.len()];
        let mut answers = Self { graph, rows: batch.num_rows(), answers: nothing.clone(), plain: nothing, of_text: HashMap::new() };
        for (step, place) in columns {
            answers.answers[*step] = Some(Arc::clone(batch.column(*place)));
        }
        for step in steps {
            if answers.answers[*step].is_none() {
                answers.answers[*step] = Some(answers.answer(*step, asked)?);
            }
        }
        Ok(answers)
    }

    /// The answer of a step that was asked for.
    pub fn get(&self, step: StepId) -> &ArrayRef {
        self.answers[step].as_ref().expect("a step that others rest on is answered before them")
    }

    /// The answer of a step with its texts row by row.
    fn plain(&mut self, step: StepId) -> Result<ArrayRef> {
        let answer = Arc::clone(self.get(step));
        if answer.as_any_dictionary_opt().is_none() {
            return Ok(answer);
        }
        if self.plain[step].is_none() {
            self.plain[step] = Some(cast(&answer, &self.graph.steps[step].kind)?);
        }
        Ok(self.plain[step].clone().unwrap_or(answer))
    }

    /// Rows for which a condition is true.
    pub fn truths(&self, step: StepId) -> BooleanBuffer {
        let answer = self.get(step);
        match answer.as_boolean_opt() {
            Some(answer) => match answer.nulls() {
                Some(nulls) if nulls.null_count() > 0 => answer.values() & nulls.inner(),
                _ => answer.values().clone(),
            },
            // A condition that is nothing but NULL.
            None => BooleanBuffer::new_unset(self.rows),
        }
    }

    /// Between which moments the comparison of this step answers the same for every row of the batch.
    pub fn validity(&self, step: StepId) -> Validity {
        let Work::Moving { of, comparison, now } = self.graph.steps[step].work else { return Validity::ALWAYS };
        let values = self.get(of);
        match values.data_type() {
            DataType::Date32 => validity(values.as_primitive::<Date32Type>(), comparison, now),
            _ => validity(values.as_primitive::<TimestampMicrosecondType>(), comparison, now),
        }
    }

    /// The answer of a step that asks about nothing but one column of texts: each distinct one is asked about once.
    fn answer_by_text(
        &mut self,
        step: StepId,
        of: StepId,
        schema: &SchemaRef,
        expression: &dyn PhysicalExpr,
        asked: &mut AskedTexts,
    ) -> Result<ArrayRef> {
        let texts = Arc::clone(self.get(of));
        let texts = texts.as_any_dictionary();
        let answers = asked_of_texts(step, texts.values(), schema, expression, asked)?;
        let keys = cast(&make_array(texts.keys().to_data()), &DataType::Int32)?;
        let keys = keys.as_primitive::<Int32Type>();
        if let Some(truths) = answers.as_boolean_opt().filter(|truths| truths.len() <= FEW_TEXTS) {
            return Ok(Arc::new(truths_by_text(truths, keys, self.of_text.entry(of).or_default())));
        }
        let none = texts.values().len() as i32;
        let places: Vec<i32> = match keys.null_count() {
            0 => keys.values().to_vec(),
            _ => keys.iter().map(|key| key.unwrap_or(none)).collect(),
        };
        handed_out(&answers, places)
    }

    fn answer(&mut self, step: StepId, asked: &mut AskedTexts) -> Result<ArrayRef> {
        let graph = self.graph;
        match &graph.steps[step].work {
            Work::Column(_) => Err(DataFusionError::Internal("a column that was not read".to_owned())),
            Work::Literal(value) => value.to_array_of_size(self.rows),
            Work::Expression { of, schema, expression, takes_dictionaries } => {
                if let ([one], false) = (of.as_slice(), *takes_dictionaries)
                    && self.get(*one).as_any_dictionary_opt().is_some()
                {
                    return self.answer_by_text(step, *one, schema, expression.as_ref(), asked);
                }
                // Texts, alone or beside truths, have few combinations.
                let is_text = |one: &StepId| self.get(*one).as_any_dictionary_opt().is_some();
                let is_truth = |one: &StepId| *self.get(*one).data_type() == DataType::Boolean;
                if !*takes_dictionaries && of.iter().any(is_text) && of.iter().all(|one| is_text(one) || is_truth(one)) {
                    let all: Vec<&ArrayRef> = of.iter().map(|one| self.get(*one)).collect();
                    if let Some(answer) = answered_by_combination(&all, schema, expression.as_ref())? {
                        return Ok(answer);
                    }
                }
                let mut columns = Vec::with_capacity(of.len());
                for one in of {
                    columns.push(if *takes_dictionaries { Arc::clone(self.get(*one)) } else { self.plain(*one)? });
                }
                let of_batch = if *takes_dictionaries { typed_as(schema, &columns) } else { Arc::clone(schema) };
                let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
                let batch = RecordBatch::try_new_with_options(of_batch, columns, &options)?;
                expression.evaluate(&batch)?.into_array(self.rows)
            }
            Work::Cases { when, otherwise } => {
                let mut left = BooleanBuffer::new_set(self.rows);
                let mut values = BooleanBuffer::new_unset(self.rows);
                let mut valid = values.clone();
                for (condition, answer) in when {
                    let truths = self.truths(*condition);
                    let met = &left & &truths;
                    left = &left & &!&truths;
                    if let Some(answer) = answer {
                        valid = &valid | &met;
                        if *answer {
                            values = &values | &met;
                        }
                    }
                }
                if let Some(answer) = otherwise {
                    valid = &valid | &left;
                    if *answer {
                        values = &values | &left;
                    }
                }
                let nulls = Some(NullBuffer::new(valid)).filter(|nulls| nulls.null_count() > 0);
                Ok(Arc::new(BooleanArray::new(values, nulls)))
            }
            Work::Moving { of, comparison, now } => {
                let values = self.get(*of);
                Ok(Arc::new(match values.data_type() {
                    DataType::Date32 => compared(values.as_primitive::<Date32Type>(), *comparison, *now as i32),
                    _ => compared(values.as_primitive::<TimestampMicrosecondType>(), *comparison, *now),
                }?))
            }
        }
    }
}

/// Asks about each distinct text, and about none, which stands last.
fn asked_of_texts(
    step: StepId,
    values: &ArrayRef,
    schema: &SchemaRef,
    expression: &dyn PhysicalExpr,
    asked: &mut AskedTexts,
) -> Result<ArrayRef> {
    let known = asked.of_step.get(&step).filter(|(of, _)| Arc::ptr_eq(of, values) || of.to_data().ptr_eq(&values.to_data()));
    if let Some((_, answers)) = known {
        return Ok(Arc::clone(answers));
    }
    let none = new_null_array(values.data_type(), 1);
    let all = cast(&concat(&[values.as_ref(), none.as_ref()])?, schema.field(0).data_type())?;
    let number = all.len();
    let batch = RecordBatch::try_new(Arc::clone(schema), vec![all])?;
    let answers = expression.evaluate(&batch)?.into_array(number)?;
    asked.of_step.insert(step, (Arc::clone(values), Arc::clone(&answers)));
    Ok(answers)
}

/// Texts of a dictionary, with none as one of them, up to which the rows of each are kept as a bitmap.
const FEW_TEXTS: usize = 16;

/// Truths of a dictionary's texts, the last one of no text, handed out to the rows: the rows of the texts for which they are so. `of_text` keeps
/// the rows of each text for the next question.
fn truths_by_text(truths: &BooleanArray, keys: &Int32Array, of_text: &mut Vec<Option<BooleanBuffer>>) -> BooleanArray {
    let texts = truths.len() - 1;
    of_text.resize(texts, None);
    let mut rows_of = |is_wanted: &dyn Fn(usize) -> bool| {
        let mut rows = match keys.nulls().filter(|nulls| is_wanted(texts) && nulls.null_count() > 0) {
            Some(nulls) => !nulls.inner(),
            None => BooleanBuffer::new_unset(keys.len()),
        };
        for text in (0..texts).filter(|text| is_wanted(*text)) {
            let own = of_text[text].get_or_insert_with(|| {
                let (values, text) = (keys.values(), text as i32);
                let own = BooleanBuffer::collect_bool(keys.len(), |row| values[row] == text);
                match keys.nulls().filter(|nulls| nulls.null_count() > 0) {
                    Some(nulls) => &own & nulls.inner(),
                    None => own,
                }
            });
            rows = &rows | &*own;
        }
        rows
    };
    let values = rows_of(&|text| truths.is_valid(text) && truths.value(text));
    let nulls = (truths.null_count() > 0).then(|| NullBuffer::new(!&rows_of(&|text| truths.is_null(text))));
    BooleanArray::new(values, nulls.filter(|nulls| nulls.null_count() > 0))
}

/// Combinations up to which each has a place in a table.
const LISTED_COMBINATIONS: u64 = 4096;

/// Asks about each distinct combination of texts and truths, and gives every row the answer of its own. `None` where the combinations can't be
/// numbered.
fn answered_by_combination(columns: &[&ArrayRef], schema: &SchemaRef, expression: &dyn PhysicalExpr) -> Result<Option<ArrayRef>> {
    let rows = columns[0].len();
    let mut combined = vec![0_u64; rows];
    let mut size = 1_u64;
    for one in columns {
        let number = one.as_any_dictionary_opt().map_or(3, |texts| texts.values().len() as u64 + 1);
        let Some(larger) = size.checked_mul(number) else { return Ok(None) };
        size = larger;
        let mut add = |row: usize, key: u64| combined[row] = combined[row] * number + key;
        match one.as_boolean_opt() {
            Some(truths) => truths.iter().enumerate().for_each(|(row, truth)| add(row, truth.map_or(0, |truth| 1 + u64::from(truth)))),
            None => {
                let keys = cast(&make_array(one.as_any_dictionary().keys().to_data()), &DataType::Int32)?;
                let keys = keys.as_primitive::<Int32Type>();
                keys.iter().enumerate().for_each(|(row, key)| add(row, key.map_or(0, |key| key as u64 + 1)));
            }
        }
    }
    // Few combinations have a table of their own; of many, rows of a unit stand together: the last one is mostly the next.
    let mut table = vec![-1_i32; if size <= LISTED_COMBINATIONS { size as usize } else { 0 }];
    let mut place_of: HashMap<u64, i32> = HashMap::new();
    let (mut first_rows, mut places) = (Vec::new(), Vec::with_capacity(rows));
    let (mut last, mut place) = (None, 0);
    for (row, combination) in combined.into_iter().enumerate() {
        if last != Some(combination) {
            let known = match table.get_mut(combination as usize) {
                Some(known) => known,
                None => place_of.entry(combination).or_insert(-1),
            };
            if *known < 0 {
                *known = first_rows.len() as i32;
                first_rows.push(row as u32);
            }
            (place, last) = (*known, Some(combination));
        }
        places.push(place);
    }
    let first_rows = UInt32Array::from(first_rows);
    let mut asked = Vec::with_capacity(columns.len());
    for (one, field) in columns.iter().zip(schema.fields()) {
        asked.push(cast(&take(one.as_ref(), &first_rows, None)?, field.data_type())?);
    }
    let number = first_rows.len();
    let batch = RecordBatch::try_new(Arc::clone(schema), asked)?;
    let answers = expression.evaluate(&batch)?.into_array(number)?;
    handed_out(&answers, places).map(Some)
}

/// The answer at each row's place; texts as a dictionary of the answers.
fn handed_out(answers: &ArrayRef, places: Vec<i32>) -> Result<ArrayRef> {
    if let Some(truths) = answers.as_boolean_opt() {
        let by_place = |of: &BooleanBuffer| {
            let mut places = places.iter();
            if of.len() <= 64 {
                // Few answers stand in one word.
                let word = of.iter().enumerate().fold(0_u64, |word, (place, truth)| word | u64::from(truth) << place);
                return BooleanBuffer::collect_bool(places.len(), |_| places.next().is_some_and(|place| word >> place & 1 == 1));
            }
            let of: Vec<bool> = of.iter().collect();
            BooleanBuffer::collect_bool(places.len(), |_| places.next().is_some_and(|place| of[*place as usize]))
        };
        let nulls = truths.nulls().map(|nulls| NullBuffer::new(by_place(nulls.inner())));
        return Ok(Arc::new(BooleanArray::new(by_place(truths.values()), nulls)));
    }
    let places: Int32Array = match answers.null_count() {
        0 => places.into(),
        _ => places.into_iter().map(|place| answers.is_valid(place as usize).then_some(place)).collect(),
    };
    if *answers.data_type() == DataType::Utf8 {
        return Ok(Arc::new(DictionaryArray::<Int32Type>::try_new(places, Arc::clone(answers))?));
    }
    Ok(take(answers, &places, None)?)
}

/// The schema with the types that the columns really have.
fn typed_as(schema: &SchemaRef, columns: &[ArrayRef]) -> SchemaRef {
    let fields = schema.fields().iter().zip(columns);
    let fields = fields.map(|(field, column)| field.as_ref().clone().with_data_type(column.data_type().clone()));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// A call of one of our functions on nothing but columns and literals: these look texts up, dictionary or not.
fn takes_dictionaries(above: &Expr) -> bool {
    let Expr::ScalarFunction(function) = above else { return false };
    let is_plain = |argument: &Expr| matches!(argument, Expr::Column(_) | Expr::Literal(..));
    functions::LOOKING_UP.contains(&function.name()) && function.args.iter().all(is_plain)
}

/// A comparison of the ends of days with an instant, as one of the days themselves with the last of them that it holds for: days take half the
/// room, and their ends need not be computed.
fn of_days(comparison: Operator, instant: i64) -> (Operator, i64) {
    let last_day = |instant: i64| (instant - end_of_day(0)).div_euclid(end_of_day(1) - end_of_day(0));
    match comparison {
        Operator::LtEq => (Operator::LtEq, last_day(instant)),
        Operator::Lt => (Operator::LtEq, last_day(instant - 1)),
        Operator::Gt => (Operator::Gt, last_day(instant)),
        _ => (Operator::Gt, last_day(instant - 1)),
    }
}

/// Between which moments a comparison answers the same for every value.
fn validity<T: ArrowPrimitiveType<Native: Into<i64>>>(values: &PrimitiveArray<T>, comparison: Operator, now: i64) -> Validity {
    // `<=` and `>` split after the moment, `<` and `>=` before it.
    let splits_after = matches!(comparison, Operator::LtEq | Operator::Gt);
    let (below, above) = around(values, now, splits_after);
    let after = |value: i64| if splits_after { value } else { value.saturating_add(1) };
    Validity { from: below.map_or(i64::MIN, after), until: above.map_or(i64::MAX, after) }
}

/// The last value before a moment and the first one after it; the moment itself stands before the split where that comes after it.
fn around<T: ArrowPrimitiveType<Native: Into<i64>>>(
    values: &PrimitiveArray<T>,
    now: i64,
    splits_after: bool,
) -> (Option<i64>, Option<i64>) {
    let (mut below, mut above) = (i64::MIN, i64::MAX);
    let mut look = |value: i64| {
        if value < now || splits_after && value == now { below = below.max(value) } else { above = above.min(value) }
    };
    match values.nulls() {
        Some(nulls) if nulls.null_count() > 0 => nulls.valid_indices().for_each(|row| look(values.value(row).into())),
        _ => values.values().iter().for_each(|value| look((*value).into())),
    }
    (Some(below).filter(|value| *value != i64::MIN), Some(above).filter(|value| *value != i64::MAX))
}

fn compared<T: ArrowPrimitiveType>(values: &PrimitiveArray<T>, comparison: Operator, now: T::Native) -> Result<BooleanArray> {
    let now = PrimitiveArray::<T>::from_value(now, 1).with_data_type(values.data_type().clone());
    let now = Scalar::new(now);
    Ok(match comparison {
        Operator::Lt => cmp::lt(values, &now),
        Operator::LtEq => cmp::lt_eq(values, &now),
        Operator::Gt => cmp::gt(values, &now),
        _ => cmp::gt_eq(values, &now),
    }?)
}

/// A moment as a number of its own measure.
fn number_of(moment: &ScalarValue) -> Option<i64> {
    match moment {
        ScalarValue::Date32(day) => day.map(i64::from),
        ScalarValue::TimestampMicrosecond(at, Some(_)) => *at,
        _ => None,
    }
}

fn name_of(step: StepId) -> String {
    format!("#{step}")
}

fn named(step: StepId) -> Expr {
    Expr::Column(Column::new_unqualified(name_of(step)))
}

fn numbered(column: &Column) -> Result<StepId> {
    let number = column.name.strip_prefix('#').and_then(|number| number.parse().ok());
    number.ok_or_else(|| DataFusionError::Internal(format!("`{}` is no step", column.name)))
}

/// A `CASE WHEN` over steps whose answers are all literals.
fn branches(above: &Expr) -> Option<(Vec<(StepId, &ScalarValue)>, ScalarValue)> {
    let Expr::Case(case) = above else { return None };
    if case.expr.is_some() {
        return None;
    }
    let mut when = Vec::new();
    for (condition, then) in &case.when_then_expr {
        let (Expr::Column(column), Expr::Literal(value, _)) = (condition.as_ref(), then.as_ref()) else { return None };
        when.push((numbered(column).ok()?, value));
    }
    let otherwise = match case.else_expr.as_deref() {
        None => ScalarValue::Null,
        Some(Expr::Literal(value, _)) => value.clone(),
        Some(_) => return None,
    };
    Some((when, otherwise))
}

fn codes_of(above: &Expr) -> Option<Codes> {
    let (when, otherwise) = branches(above)?;
    Some(Codes { when: when.into_iter().map(|(condition, value)| (condition, value.clone())).collect(), otherwise })
}

/// A `CASE` that writes nothing but truths.
fn truths(above: &Expr) -> Option<(Vec<(StepId, Option<bool>)>, Option<bool>)> {
    let (when, otherwise) = branches(above)?;
    let truth = |value: &ScalarValue| match value {
        ScalarValue::Boolean(truth) => Some(*truth),
        ScalarValue::Null => Some(None),
        _ => None,
    };
    let when: Vec<_> = when.into_iter().map(|(condition, value)| Some((condition, truth(value)?))).collect::<Option<_>>()?;
    let is_boolean = when.iter().any(|(_, answer)| answer.is_some()) || matches!(otherwise, ScalarValue::Boolean(_));
    Some((when, truth(&otherwise)?)).filter(|_| is_boolean)
}

/// Whether an expression answers every row, whatever the row holds.
pub fn can_not_fail(expression: &Expr, schema: &DFSchema) -> bool {
    let mut is_safe = true;
    let walked = expression.apply(|part| {
        is_safe &= part_can_not_fail(part, schema);
        Ok(if is_safe { TreeNodeRecursion::Continue } else { TreeNodeRecursion::Stop })
    });
    walked.is_ok() && is_safe
}

/// Functions of the engine that answer every row.
const SAFE_FUNCTIONS: [&str; 29] = [
    "array_element",
    "array_concat",
    "array_except",
    "array_has",
    "array_has_all",
    "array_has_any",
    "array_length",
    "btrim",
    "cardinality",
    "char_length",
    "character_length",
    "coalesce",
    "ends_with",
    "flatten",
    "greatest",
    "isnan",
    "least",
    "left",
    "length",
    "lower",
    "make_array",
    "nullif",
    "nvl",
    "regexp_like",
    "right",
    "starts_with",
    "strpos",
    "substr",
    "upper",
];

fn part_can_not_fail(part: &Expr, schema: &DFSchema) -> bool {
    let kind = |expression: &Expr| expression.get_type(schema).ok();
    match part {
        Expr::Column(_)
        | Expr::Literal(..)
        | Expr::Alias(_)
        | Expr::Not(_)
        | Expr::IsNull(_)
        | Expr::IsNotNull(_)
        | Expr::IsTrue(_)
        | Expr::IsFalse(_)
        | Expr::IsUnknown(_)
        | Expr::IsNotTrue(_)
        | Expr::IsNotFalse(_)
        | Expr::IsNotUnknown(_)
        | Expr::Between(_)
        | Expr::InList(_)
        | Expr::Like(_)
        | Expr::Case(_) => true,
        Expr::BinaryExpr(binary) => match binary.op {
            Operator::And
            | Operator::Or
            | Operator::Eq
            | Operator::NotEq
            | Operator::Lt
            | Operator::LtEq
            | Operator::Gt
            | Operator::GtEq
            | Operator::IsDistinctFrom
            | Operator::IsNotDistinctFrom => true,
            // Whole numbers wrap; a day less a day is a whole number; no instant that a source can give is within an interval of the last.
            Operator::Plus | Operator::Minus => match (kind(&binary.left), kind(&binary.right)) {
                (Some(left), Some(right)) if left.is_integer() && right.is_integer() => true,
                (Some(DataType::Date32), Some(DataType::Date32)) => binary.op == Operator::Minus,
                (Some(DataType::Timestamp(..) | DataType::Date32), Some(DataType::Interval(_))) => {
                    matches!(*binary.right, Expr::Literal(..))
                }
                _ => false,
            },
            Operator::Multiply => [&binary.left, &binary.right].iter().all(|side| kind(side).is_some_and(|kind| kind.is_integer())),
            _ => false,
        },
        Expr::Cast(cast) => {
            kind(&cast.expr).is_some_and(|from| from == *cast.field.data_type() || is_widening(&from, cast.field.data_type()))
        }
        Expr::ScalarFunction(function) => functions::NAMES.contains(&function.name()) || SAFE_FUNCTIONS.contains(&function.name()),
        _ => false,
    }
}

fn is_widening(from: &DataType, to: &DataType) -> bool {
    let is_text = |kind: &DataType| matches!(kind, DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8);
    match (from, to) {
        (DataType::Null, _) => true,
        (DataType::Dictionary(_, value), to) => **value == *to || is_widening(value, to),
        (DataType::Timestamp(one, _), DataType::Timestamp(two, _)) => one == two,
        (from, DataType::Decimal128(precision, scale)) if from.is_integer() => i16::from(*precision) - i16::from(*scale) >= 20,
        (DataType::Boolean, to) => to.is_integer(),
        (DataType::Int64, DataType::Timestamp(..)) | (DataType::Timestamp(..), DataType::Int64) => true,
        (DataType::Timestamp(..), DataType::Date32) | (DataType::Int8 | DataType::Int16 | DataType::Int32, DataType::Int64) => true,
        (DataType::Decimal128(precision, scale), DataType::Decimal128(wider, finer)) => {
            finer >= scale && i16::from(*wider) - i16::from(*finer) >= i16::from(*precision) - i16::from(*scale)
        }
        (DataType::List(from), DataType::List(to)) => is_widening(from.data_type(), to.data_type()) || from.data_type() == to.data_type(),
        (from, to) => is_text(from) && is_text(to),
    }
}

/// What of a plan stands row by row above a relation: the layers, the lowest first.
pub fn layers_above<'a>(plan: &'a LogicalPlan, is_relation: &dyn Fn(&LogicalPlan) -> bool) -> (Vec<&'a LogicalPlan>, &'a LogicalPlan) {
    let mut layers = Vec::new();
    let mut node = plan;
    while !is_relation(node) {
        let below = match node {
            LogicalPlan::Projection(projection) => &projection.input,
            LogicalPlan::Filter(filter) => &filter.input,
            LogicalPlan::SubqueryAlias(alias) => &alias.input,
            _ => break,
        };
        layers.push(node);
        node = below.as_ref();
    }
    layers.reverse();
    (layers, node)
}

#[cfg(test)]
mod tests {
    use arrow::array::Date32Array;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_comparison_answers_the_same_exactly_as_long_as_it_says(
            values in prop::collection::vec(prop::option::of(-6..6_i32), 0..6),
            now in -8..8_i32,
            later in -8..8_i32,
        ) {
            let values = Date32Array::from(values);
            for comparison in [Operator::Lt, Operator::LtEq, Operator::Gt, Operator::GtEq] {
                let at = |moment| compared(&values, comparison, moment).expect("compared");
                let holds = validity(&values, comparison, now.into()).holds_at(later.into());
                prop_assert_eq!(holds, at(now) == at(later), "{} {:?}: {} {}", comparison, values, now, later);
            }
        }

        #[test]
        fn the_ends_of_days_are_compared_as_the_days_are(day in -3..4_i32, beside in 0..5_usize, other in -3..4_i32) {
            let half = (end_of_day(1) - end_of_day(0)) / 2;
            let instant = end_of_day(other) + [-half, -1, 0, 1, half][beside];
            let holds = |comparison, left: i64, right: i64| match comparison {
                Operator::Lt => left < right,
                Operator::LtEq => left <= right,
                Operator::Gt => left > right,
                _ => left >= right,
            };
            for comparison in [Operator::Lt, Operator::LtEq, Operator::Gt, Operator::GtEq] {
                let (of_days, last) = of_days(comparison, instant);
                prop_assert_eq!(holds(comparison, end_of_day(day), instant), holds(of_days, day.into(), last), "{} {}", comparison, instant);
            }
        }

        #[test]
        fn a_row_has_the_truth_of_its_text(
            keys in prop::collection::vec(prop::option::of(0..3_i32), 0..200),
            truths in prop::collection::vec(prop::option::of(any::<bool>()), 4),
            others in prop::collection::vec(prop::option::of(any::<bool>()), 4),
        ) {
            let mut of_text = Vec::new();
            for truths in [truths, others] {
                let expected: BooleanArray = keys.iter().map(|key| truths[key.map_or(3, |key| key as usize)]).collect();
                let handed_out = truths_by_text(&truths.into(), &keys.clone().into(), &mut of_text);
                prop_assert_eq!(handed_out, expected);
            }
        }
    }
}
