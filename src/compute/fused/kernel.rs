//! Counting: batches of a relation in, totals of all its queries out.
//!
//! In: a [`Plan`] of the queries, batches. Out: [`State`]s that add up, and from them each SELECT's rows. Never here: reading files, deciding
//! which queries go together.
//!
//! A batch is taken through the graph once. Each distinct condition becomes a bitmap, each distinct list of group columns (an anchor) a
//! number a row; every count is the number of set bits by that number, 64 rows at a time (`words`). Sums are whole numbers and decimals, so
//! that the order of rows, the cut into batches, files and threads make no difference. Cost grows with rows × distinct steps, and with the
//! groups that stand in 64 rows × counts; what is held grows with units × domains × months × figures.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, Decimal128Array, DictionaryArray, Int64Array, PrimitiveArray, RecordBatch,
    RecordBatchOptions, StringArray, UInt32Array, make_array,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Decimal128Type, Field, Int32Type, Int64Type, Schema, UInt32Type};
use datafusion::common::{DFSchema, DataFusionError, Result};
use datafusion::execution::SessionState;
use datafusion::logical_expr::Expr;

use super::counting::{Counting, Total};
use super::graph::{Answers, AskedTexts, Graph, StepId, Validity};
use super::kept::{self, FigureTable, Figures, Stays};
use super::words::{GroupedWords, Words, add, all_set, keep, set_rows, words_of};

/// What is counted of a relation, arranged so that nothing is done twice.
#[derive(Debug)]
pub struct Plan {
    graph: Graph,
    queries: Vec<Query>,
    /// Steps in the order of evaluation.
    steps: Vec<StepId>,
    /// Columns that are read: step and place in the relation.
    columns: Vec<(StepId, usize)>,
    /// Comparisons with moments that move from run to run, each with its moment.
    moving: Vec<(StepId, i64)>,
    /// Conditions that must all be true.
    masks: Vec<Vec<StepId>>,
    /// The masks in the order in which they are made.
    ways: Vec<Way>,
    /// Distinct lists of group columns but the last.
    heads: Vec<Vec<StepId>>,
    /// Distinct group columns.
    labels: Vec<StepId>,
    anchors: Vec<Anchor>,
}

#[derive(Debug)]
struct Query {
    counting: Counting,
    anchor: usize,
    /// The job that counts the rows of a group.
    rows: usize,
    /// The job of each aggregate.
    jobs: Vec<Job>,
    /// What its figures are.
    figures: Vec<String>,
    /// Its comparisons with moving moments, each with its moment.
    moments: Vec<(String, i64)>,
}

/// How a mask is made: from one with some of its conditions, and the others.
#[derive(Debug)]
struct Way {
    mask: usize,
    from: Option<usize>,
    more: Vec<StepId>,
}

/// A figure of an anchor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Job {
    Count(usize),
    /// A sum, and the count of what it is a sum of.
    Sum(usize, usize),
}

/// Rows grouped by the same columns.
#[derive(Debug, Default)]
struct Anchor {
    head: usize,
    /// The last group column, mostly the month.
    last: Option<StepId>,
    /// Mask, and the value that must be there.
    counts: Vec<(usize, Option<StepId>)>,
    sums: Vec<(usize, StepId)>,
    /// Masks of rows that have a group.
    rows: Vec<usize>,
    /// What each count and each sum is, by its expressions and its groups.
    digests: (Vec<String>, Vec<String>),
    /// What each group column is.
    group_digests: Vec<String>,
}

impl Plan {
    /// Arranges the queries over a graph.
    pub fn new(graph: Graph, countings: Vec<Counting>) -> Self {
        let mut plan = Self {
            steps: graph.below(countings.iter().flat_map(Counting::asks)),
            graph,
            queries: Vec::new(),
            columns: Vec::new(),
            moving: Vec::new(),
            masks: Vec::new(),
            ways: Vec::new(),
            heads: Vec::new(),
            labels: Vec::new(),
            anchors: Vec::new(),
        };
        plan.columns = plan.graph.columns_among(&plan.steps);
        plan.moving = plan.graph.moving_among(&plan.steps);
        for counting in countings {
            plan.add(counting);
        }
        plan.ways = ways_to(&plan.masks);
        plan.name_figures();
        plan
    }

    /// A plan of some of the queries.
    pub fn of_some(&self, is_wanted: &[bool]) -> Self {
        let some = self.queries.iter().zip(is_wanted).filter(|(_, is_wanted)| **is_wanted).map(|(query, _)| query.counting.clone());
        Self::new(self.graph.clone(), some.collect())
    }

    fn name_figures(&mut self) {
        let (graph, masks, heads) = (&self.graph, &self.masks, &self.heads);
        for anchor in &mut self.anchors {
            let groups = heads[anchor.head].iter().copied().chain(anchor.last);
            anchor.group_digests = groups.map(|step| graph.digest(step).to_hex().to_string()).collect();
            let digest = |what: &str, mask: usize, value: Option<StepId>| {
                let mut conditions: Vec<String> = masks[mask].iter().map(|step| graph.digest(*step).to_hex().to_string()).collect();
                conditions.sort_unstable();
                let value = value.map(|step| graph.digest(step).to_hex().to_string());
                blake3::hash(format!("{what} {value:?} {conditions:?} {:?}", anchor.group_digests).as_bytes()).to_hex().to_string()
            };
            anchor.digests.0 = anchor.counts.iter().map(|(mask, value)| digest("count", *mask, *value)).collect();
            anchor.digests.1 = anchor.sums.iter().map(|(mask, value)| digest("sum", *mask, Some(*value))).collect();
        }
        for query in &mut self.queries {
            let (counts, sums) = &self.anchors[query.anchor].digests;
            query.figures.push(counts[query.rows].clone());
            for job in &query.jobs {
                match job {
                    Job::Count(job) => query.figures.push(counts[*job].clone()),
                    Job::Sum(job, number) => query.figures.extend([sums[*job].clone(), counts[*number].clone()]),
                }
            }
            let moments = graph.moving_among(&graph.below(query.counting.asks())).into_iter();
            query.moments = moments.map(|(step, now)| (graph.digest(step).to_hex().to_string(), now)).collect();
        }
    }

    /// What the figures of the query at this place are.
    pub fn figures_asked(&self, place: usize) -> &[String] {
        &self.queries[place].figures
    }

    /// The comparisons with moving moments below the query at this place, each with its moment.
    pub fn moments_asked(&self, place: usize) -> &[(String, i64)] {
        &self.queries[place].moments
    }

    /// What the figures of some queries are.
    pub fn figures_of(&self, is_wanted: &[bool]) -> HashSet<String> {
        let some = is_wanted.iter().enumerate().filter(|(_, is_wanted)| **is_wanted);
        some.flat_map(|(place, _)| self.figures_asked(place).iter().cloned()).collect()
    }

    fn add(&mut self, counting: Counting) {
        let (last, head) = match counting.groups.split_last() {
            Some((last, head)) => (Some(*last), head.to_vec()),
            None => (None, Vec::new()),
        };
        for label in &counting.groups {
            place_of(&mut self.labels, *label);
        }
        let head = place_of(&mut self.heads, head);
        let anchor = self.anchors.iter().position(|anchor| anchor.head == head && anchor.last == last).unwrap_or_else(|| {
            self.anchors.push(Anchor { head, last, ..Anchor::default() });
            self.anchors.len() - 1
        });
        let rows_mask = place_of(&mut self.masks, counting.conditions.clone());
        let rows = place_of(&mut self.anchors[anchor].counts, (rows_mask, None));
        place_of(&mut self.anchors[anchor].rows, rows_mask);
        let mut jobs = Vec::new();
        for counted in &counting.counted {
            let mut conditions = counting.conditions.clone();
            conditions.extend(&counted.conditions);
            conditions.sort_unstable();
            conditions.dedup();
            let mask = place_of(&mut self.masks, conditions);
            let anchor = &mut self.anchors[anchor];
            jobs.push(match counted.total {
                Total::Rows(value) => Job::Count(place_of(&mut anchor.counts, (mask, value))),
                Total::Sum(value) => Job::Sum(place_of(&mut anchor.sums, (mask, value)), place_of(&mut anchor.counts, (mask, Some(value)))),
            });
        }
        self.queries.push(Query { counting, anchor, rows, jobs, figures: Vec::new(), moments: Vec::new() });
    }

    /// Places of the relation's columns that are read, ascending. Batches hold these, in this order.
    pub fn columns(&self) -> Vec<usize> {
        let mut places: Vec<usize> = self.columns.iter().map(|(_, place)| *place).collect();
        places.sort_unstable();
        places
    }

    /// The place of a group column among the labels.
    fn label_place(&self, step: StepId) -> usize {
        self.labels.iter().position(|label| *label == step).expect("a group column has labels")
    }

    /// How many queries are answered.
    pub fn number_of_queries(&self) -> usize {
        self.queries.len()
    }
}

/// Masks with few conditions first; each begins with the one that has most of its conditions.
fn ways_to(masks: &[Vec<StepId>]) -> Vec<Way> {
    let mut order: Vec<usize> = (0..masks.len()).collect();
    order.sort_by_key(|mask| masks[*mask].len());
    let way = |(place, mask): (usize, &usize)| {
        let conditions = &masks[*mask];
        let is_within = |other: &&usize| masks[**other].iter().all(|step| conditions.contains(step));
        let from = order[..place].iter().filter(is_within).max_by_key(|other| masks[**other].len()).copied();
        let is_ahead = |step: &&StepId| from.is_none_or(|from| !masks[from].contains(step));
        Way { mask: *mask, from, more: conditions.iter().filter(is_ahead).copied().collect() }
    };
    order.iter().enumerate().map(way).collect()
}

fn place_of<T: PartialEq>(all: &mut Vec<T>, one: T) -> usize {
    all.iter().position(|known| *known == one).unwrap_or_else(|| {
        all.push(one);
        all.len() - 1
    })
}

/// Days that have a table: to the year 2100.
const LISTED_DAYS: usize = 47_500;

/// Values of a group column by number; 0 is NULL.
#[derive(Debug, Default, Clone)]
struct Labels {
    texts: Vec<Arc<str>>,
    of_text: HashMap<Arc<str>, u32>,
    numbers: Vec<i64>,
    of_number: HashMap<i64, u32>,
    /// Numbers of the days from 1970-01-01 on.
    of_day: Vec<u32>,
    /// The texts of the last dictionary with their numbers: the batches of a row group share one.
    of_dictionary: Option<(ArrayRef, Arc<[u32]>)>,
}

impl Labels {
    fn text(&mut self, text: &str) -> u32 {
        if let Some(label) = self.of_text.get(text) {
            return *label;
        }
        let text: Arc<str> = text.into();
        self.texts.push(Arc::clone(&text));
        let label = self.texts.len() as u32;
        self.of_text.insert(text, label);
        label
    }

    fn number(&mut self, number: i64) -> u32 {
        if let Some(label) = self.of_number.get(&number) {
            return *label;
        }
        self.numbers.push(number);
        let label = self.numbers.len() as u32;
        self.of_number.insert(number, label);
        label
    }

    /// A number for every row.
    fn of_rows(&mut self, values: &ArrayRef) -> Result<Vec<u32>> {
        match values.data_type() {
            DataType::Utf8 => {
                let values = values.as_string::<i32>();
                Ok(self.of_texts(values.iter()))
            }
            DataType::Utf8View => {
                let values = values.as_string_view();
                Ok(self.of_texts(values.iter()))
            }
            DataType::LargeUtf8 => {
                let values = values.as_string::<i64>();
                Ok(self.of_texts(values.iter()))
            }
            DataType::Dictionary(_, _) => {
                let dictionary = values.as_any_dictionary();
                let texts = dictionary.values();
                if texts.is_empty() {
                    return Ok(vec![0; values.len()]);
                }
                let known = self.of_dictionary.take().filter(|(of, _)| Arc::ptr_eq(of, texts) || of.to_data().ptr_eq(&texts.to_data()));
                let (of, labels) = match known {
                    Some(known) => known,
                    None => (Arc::clone(texts), self.of_rows(texts)?.into()),
                };
                let keys = cast(&make_array(dictionary.keys().to_data()), &DataType::Int32)?;
                let keys = keys.as_primitive::<Int32Type>();
                let of_rows = match keys.null_count() {
                    0 => keys.values().iter().map(|key| labels[*key as usize]).collect(),
                    _ => keys.iter().map(|key| key.map_or(0, |key| labels[key as usize])).collect(),
                };
                self.of_dictionary = Some((of, labels));
                Ok(of_rows)
            }
            DataType::Date32 => Ok(self.of_days(values.as_primitive::<Date32Type>())),
            DataType::Boolean => {
                let values = values.as_boolean();
                Ok(self.of_numbers(values.iter().map(|truth| truth.map(i64::from))))
            }
            _ => {
                let values = cast(values, &DataType::Int64)?;
                Ok(self.of_numbers(values.as_primitive::<Int64Type>().iter()))
            }
        }
    }

    /// Days have a table: mostly months, of which there are few, in any order.
    fn of_days(&mut self, days: &PrimitiveArray<Date32Type>) -> Vec<u32> {
        let mut label = |day: i32| {
            let place = usize::try_from(day).unwrap_or(usize::MAX);
            if place >= LISTED_DAYS {
                return self.number(i64::from(day));
            }
            if self.of_day.is_empty() {
                self.of_day = vec![0; LISTED_DAYS];
            }
            if self.of_day[place] == 0 {
                self.of_day[place] = self.number(i64::from(day));
            }
            self.of_day[place]
        };
        match days.nulls() {
            Some(nulls) if nulls.null_count() > 0 => days.iter().map(|day| day.map_or(0, &mut label)).collect(),
            _ => days.values().iter().map(|day| label(*day)).collect(),
        }
    }

    fn of_texts<'a>(&mut self, values: impl Iterator<Item = Option<&'a str>>) -> Vec<u32> {
        repeating(values, |value| self.text(value))
    }

    fn of_numbers(&mut self, values: impl Iterator<Item = Option<i64>>) -> Vec<u32> {
        repeating(values, |value| self.number(value))
    }

    /// The numbers that another's labels have here.
    fn taking(&mut self, other: &Self) -> Vec<u32> {
        let texts = other.texts.iter().map(|text| self.text(text)).collect::<Vec<_>>();
        let numbers = other.numbers.iter().map(|number| self.number(*number)).collect::<Vec<_>>();
        std::iter::once(0).chain(texts).chain(numbers).collect()
    }

    /// Where each label stands in the order of values; NULL first.
    fn ranks(&self) -> Vec<u32> {
        let mut order: Vec<usize> = (0..self.texts.len().max(self.numbers.len())).collect();
        match self.texts.is_empty() {
            true => order.sort_unstable_by_key(|at| self.numbers[*at]),
            false => order.sort_unstable_by(|a, b| self.texts[*a].cmp(&self.texts[*b])),
        }
        let mut ranks = vec![0; order.len() + 1];
        order.into_iter().zip(1..).for_each(|(at, rank)| ranks[at + 1] = rank);
        ranks
    }

    /// The texts as a column.
    fn as_column(&self) -> ArrayRef {
        Arc::new(StringArray::from_iter_values(&self.texts))
    }

    /// The values behind numbers, in a column of this type; texts, which `texts` are, as a dictionary.
    fn column(&self, labels: &[u32], kind: &DataType, texts: &ArrayRef) -> Result<ArrayRef> {
        let place = |label: &u32| (*label as usize).checked_sub(1);
        let values: ArrayRef = match kind {
            DataType::Date32 => {
                Arc::new(labels.iter().map(|label| place(label).map(|at| self.numbers[at] as i32)).collect::<Date32Array>())
            }
            DataType::Boolean => {
                Arc::new(labels.iter().map(|label| place(label).map(|at| self.numbers[at] != 0)).collect::<BooleanArray>())
            }
            kind if kind.is_integer() => {
                Arc::new(labels.iter().map(|label| place(label).map(|at| self.numbers[at])).collect::<Int64Array>())
            }
            _ => {
                let keys: UInt32Array = labels.iter().map(|label| label.checked_sub(1)).collect();
                return Ok(Arc::new(DictionaryArray::<UInt32Type>::try_new(keys, Arc::clone(texts))?));
            }
        };
        Ok(if values.data_type() == kind { values } else { cast(&values, kind)? })
    }
}

/// The label of every value. Rows of a unit mostly stand together: the last value is mostly the next.
fn repeating<T: PartialEq + Copy>(values: impl Iterator<Item = Option<T>>, mut label_of: impl FnMut(T) -> u32) -> Vec<u32> {
    let (mut last, mut label) = (None, 0);
    values
        .map(|value| {
            if value != last {
                label = value.map_or(0, &mut label_of);
                last = value;
            }
            label
        })
        .collect()
}

/// Lists of labels by number.
#[derive(Debug, Default, Clone)]
struct Heads {
    lists: Vec<Vec<u32>>,
    of_list: HashMap<Vec<u32>, u32>,
}

impl Heads {
    fn number(&mut self, list: &[u32]) -> u32 {
        if let Some(head) = self.of_list.get(list) {
            return *head;
        }
        let head = self.lists.len() as u32;
        self.lists.push(list.to_vec());
        self.of_list.insert(list.to_vec(), head);
        head
    }

    fn of_rows(&mut self, columns: &[&Vec<u32>], rows: usize) -> Vec<u32> {
        let mut heads = Vec::with_capacity(rows);
        let (mut list, mut head) = (vec![u32::MAX; columns.len()], 0);
        for row in 0..rows {
            let is_same = row > 0 && columns.iter().zip(&list).all(|(column, label)| column[row] == *label);
            if !is_same {
                list.iter_mut().zip(columns).for_each(|(label, column)| *label = column[row]);
                head = self.number(&list);
            }
            heads.push(head);
        }
        heads
    }
}

/// A group that is not there yet.
const NO_SLOT: u32 = u32::MAX;

/// Groups of a block of figures.
const BLOCK: usize = 64;

/// Figures of groups, by block of groups and within it a column for each job: what grows is never copied.
#[derive(Debug, Default, Clone)]
struct Blocks<T> {
    jobs: usize,
    blocks: Vec<Box<[T]>>,
}

impl<T: Copy + Default> Blocks<T> {
    fn new(jobs: usize) -> Self {
        Self { jobs, blocks: Vec::new() }
    }

    fn make_room(&mut self, groups: usize) {
        while self.blocks.len() * BLOCK < groups {
            self.blocks.push(vec![T::default(); self.jobs * BLOCK].into());
        }
    }

    fn at(&self, job: usize, slot: u32) -> T {
        self.blocks[slot as usize / BLOCK][job * BLOCK + slot as usize % BLOCK]
    }

    fn at_mut(&mut self, job: usize, slot: u32) -> &mut T {
        &mut self.blocks[slot as usize / BLOCK][job * BLOCK + slot as usize % BLOCK]
    }

    fn column(&self, job: usize, groups: usize) -> Vec<T> {
        let mut column = Vec::with_capacity(groups);
        for block in &self.blocks {
            column.extend_from_slice(&block[job * BLOCK..(job + 1) * BLOCK]);
        }
        column.truncate(groups);
        column
    }

    fn bytes(&self) -> usize {
        self.blocks.len() * BLOCK * self.jobs * size_of::<T>()
    }
}

/// The groups of one anchor with their figures.
#[derive(Debug, Default, Clone)]
struct Groups {
    /// By head, then by last label: the place of the group.
    slots: Vec<Vec<u32>>,
    /// Head and last label of each group.
    keys: Vec<(u32, u32)>,
    counts: Blocks<i64>,
    sums: Blocks<i128>,
}

impl Groups {
    fn new(anchor: &Anchor) -> Self {
        Self { counts: Blocks::new(anchor.counts.len()), sums: Blocks::new(anchor.sums.len()), ..Self::default() }
    }

    /// The place of a group, which has figures only after [`Groups::make_room`].
    fn slot(&mut self, head: u32, last: u32) -> u32 {
        let (head_place, last_place) = (head as usize, last as usize);
        if self.slots.len() <= head_place {
            self.slots.resize(head_place + 1, Vec::new());
        }
        let row = &mut self.slots[head_place];
        if row.len() <= last_place {
            row.resize(last_place + 1, NO_SLOT);
        }
        if row[last_place] == NO_SLOT {
            row[last_place] = self.keys.len() as u32;
            self.keys.push((head, last));
        }
        row[last_place]
    }

    fn make_room(&mut self) {
        self.counts.make_room(self.keys.len());
        self.sums.make_room(self.keys.len());
    }

    fn bytes(&self) -> usize {
        self.counts.bytes()
            + self.sums.bytes()
            + self.keys.capacity() * 8
            + self.slots.iter().map(|row| 24 + row.capacity() * 4).sum::<usize>()
    }
}

/// Adds a column of counts, each to the group at its place.
fn add_counts(totals: &mut Blocks<i64>, job: usize, places: &[u32], more: impl IntoIterator<Item = i64>) {
    places.iter().zip(more).for_each(|(place, more)| *totals.at_mut(job, *place) += more);
}

/// Adds a column of sums, each to the group at its place.
fn add_sums(totals: &mut Blocks<i128>, job: usize, places: &[u32], more: impl IntoIterator<Item = i128>) {
    for (place, more) in places.iter().zip(more) {
        let total = totals.at_mut(job, *place);
        *total = total.wrapping_add(more);
    }
}

/// What was counted so far of a relation.
#[derive(Debug, Clone)]
pub struct State {
    labels: Vec<Labels>,
    heads: Vec<Heads>,
    groups: Vec<Groups>,
    rows: u64,
    /// Of each comparison with a moving moment.
    validity: Vec<Validity>,
    asked: AskedTexts,
}

impl State {
    /// Nothing counted yet.
    pub fn new(plan: &Plan) -> Self {
        Self {
            labels: vec![Labels::default(); plan.labels.len()],
            heads: vec![Heads::default(); plan.heads.len()],
            groups: plan.anchors.iter().map(Groups::new).collect(),
            rows: 0,
            validity: vec![Validity::ALWAYS; plan.moving.len()],
            asked: AskedTexts::default(),
        }
    }

    /// Rows that were seen: counted here, and not by anybody's statistics.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// What it holds in memory, in bytes.
    pub fn bytes(&self) -> usize {
        self.groups.iter().map(Groups::bytes).sum()
    }

    /// Counts a batch whose columns are [`Plan::columns`].
    ///
    /// # Errors
    /// The engine's own, such as a text that is no number.
    pub fn update(&mut self, plan: &Plan, batch: &RecordBatch) -> Result<()> {
        let rows = batch.num_rows();
        if rows == 0 {
            return Ok(());
        }
        self.rows += rows as u64;
        let places = plan.columns();
        let in_batch = |place: usize| places.binary_search(&place).expect("every column that is read is in the batch");
        let columns: Vec<(StepId, usize)> = plan.columns.iter().map(|(step, place)| (*step, in_batch(*place))).collect();
        let answers = Answers::of(&plan.graph, &plan.steps, &columns, batch, &mut self.asked)?;
        for (validity, (step, _)) in self.validity.iter_mut().zip(&plan.moving) {
            *validity = validity.and(answers.validity(*step));
        }
        let mut truths: HashMap<StepId, Words> = HashMap::new();
        let mut masks = vec![Words::new(); plan.masks.len()];
        for Way { mask, from, more } in &plan.ways {
            let mut words = from.map_or_else(|| all_set(rows), |from| masks[from].clone());
            for step in more {
                keep(&mut words, truths.entry(*step).or_insert_with(|| words_of(&answers.truths(*step))));
            }
            masks[*mask] = words;
        }
        let mut labels = Vec::with_capacity(plan.labels.len());
        for (known, step) in self.labels.iter_mut().zip(&plan.labels) {
            labels.push(known.of_rows(answers.get(*step))?);
        }
        let label_of = |step: &StepId| &labels[plan.label_place(*step)];
        let mut heads = Vec::with_capacity(plan.heads.len());
        for (known, steps) in self.heads.iter_mut().zip(&plan.heads) {
            let columns: Vec<&Vec<u32>> = steps.iter().map(label_of).collect();
            heads.push(known.of_rows(&columns, rows));
        }
        let mut slots = vec![0_u32; rows];
        for (anchor, groups) in plan.anchors.iter().zip(&mut self.groups) {
            let heads = &heads[anchor.head];
            let lasts = anchor.last.as_ref().map(label_of);
            let mut counted = vec![0; rows.div_ceil(64)];
            anchor.rows.iter().for_each(|mask| add(&mut counted, &masks[*mask]));
            let (mut key, mut slot) = ((u32::MAX, u32::MAX), 0);
            for row in set_rows(&counted) {
                let this = (heads[row], lasts.map_or(0, |lasts| lasts[row]));
                if this != key {
                    slot = groups.slot(this.0, this.1);
                    key = this;
                }
                slots[row] = slot;
            }
            groups.make_room();
            let grouped = GroupedWords::of(&counted, &slots);
            for (job, (mask, value)) in anchor.counts.iter().enumerate() {
                let mask = &masks[*mask];
                let there = value.and_then(|value| answers.get(value).logical_nulls()).filter(|nulls| nulls.null_count() > 0);
                let both = there.map(|nulls| {
                    let mut both = words_of(nulls.inner());
                    keep(&mut both, mask);
                    both
                });
                grouped.count(both.as_ref().unwrap_or(mask), &slots, |slot, number| *groups.counts.at_mut(job, slot) += number);
            }
            for (job, (mask, value)) in anchor.sums.iter().enumerate() {
                let values = answers.get(*value);
                let whole = whole_numbers(values)?;
                for row in set_rows(&masks[*mask]).filter(|row| values.is_valid(*row)) {
                    let sum = groups.sums.at_mut(job, slots[row]);
                    *sum = sum.wrapping_add(whole.value(row));
                }
            }
        }
        Ok(())
    }

    /// Adds what was counted elsewhere by the same plan.
    pub fn merge(&mut self, plan: &Plan, other: &Self) {
        self.rows += other.rows;
        for (validity, more) in self.validity.iter_mut().zip(&other.validity) {
            *validity = validity.and(*more);
        }
        let labels: Vec<Vec<u32>> = self.labels.iter_mut().zip(&other.labels).map(|(own, other)| own.taking(other)).collect();
        let place = |step: &StepId| plan.label_place(*step);
        let mut heads = Vec::new();
        for ((own, other), steps) in self.heads.iter_mut().zip(&other.heads).zip(&plan.heads) {
            let places: Vec<usize> = steps.iter().map(place).collect();
            let here = |list: &Vec<u32>| {
                let list: Vec<u32> = list.iter().zip(&places).map(|(label, place)| labels[*place][*label as usize]).collect();
                own.number(&list)
            };
            heads.push(other.lists.iter().map(here).collect::<Vec<u32>>());
        }
        for ((anchor, own), other) in plan.anchors.iter().zip(&mut self.groups).zip(&other.groups) {
            let lasts = anchor.last.as_ref().map(place);
            let here = |(head, last): &(u32, u32)| {
                own.slot(heads[anchor.head][*head as usize], lasts.map_or(0, |place| labels[place][*last as usize]))
            };
            let slots: Vec<u32> = other.keys.iter().map(here).collect();
            own.make_room();
            (0..anchor.counts.len()).for_each(|job| add_counts(&mut own.counts, job, &slots, other.counts.column(job, slots.len())));
            (0..anchor.sums.len()).for_each(|job| add_sums(&mut own.sums, job, &slots, other.sums.column(job, slots.len())));
        }
    }

    /// How long the answers of the plan's comparisons stay.
    pub fn stays(&self, plan: &Plan) -> Stays {
        let named = |(step, _): &(StepId, i64)| plan.graph.digest(*step).to_hex().to_string();
        plan.moving.iter().map(named).zip(self.validity.iter().map(|validity| (validity.from, validity.until))).collect()
    }

    /// The figures without this plan's numbering.
    pub fn figures(&self, plan: &Plan) -> Figures {
        let place = |step: &StepId| plan.label_place(*step);
        let mut figures = Figures { rows: self.rows, validity: self.stays(plan), ..Figures::default() };
        for (anchor, groups) in plan.anchors.iter().zip(&self.groups) {
            let mut labels = Vec::new();
            for (column, step) in plan.heads[anchor.head].iter().chain(&anchor.last).enumerate() {
                let known = &self.labels[place(step)];
                let lists = &self.heads[anchor.head].lists;
                let of = |(head, last): &(u32, u32)| lists[*head as usize].get(column).copied().unwrap_or(*last);
                let of_groups = groups.keys.iter().map(of).collect();
                labels.push(kept::Labels { texts: known.texts.clone(), numbers: known.numbers.clone(), of_groups });
            }
            let number = groups.keys.len();
            let counts = anchor.digests.0.iter().enumerate().map(|(job, digest)| (digest.clone(), groups.counts.column(job, number)));
            let sums = anchor.digests.1.iter().enumerate().map(|(job, digest)| (digest.clone(), groups.sums.column(job, number)));
            figures.tables.push(FigureTable {
                groups: anchor.group_digests.clone(),
                labels,
                counts: counts.collect(),
                sums: sums.collect(),
            });
        }
        figures
    }

    /// Adds figures that stand without a numbering, those that are wanted. Of comparisons with moving moments those are taken that hold now.
    pub fn take(&mut self, plan: &Plan, figures: &Figures, is_wanted: &dyn Fn(&str) -> bool) {
        self.rows = self.rows.max(figures.rows);
        let place = |step: &StepId| plan.label_place(*step);
        for ((step, now), own) in plan.moving.iter().zip(&mut self.validity) {
            let digest = plan.graph.digest(*step).to_hex();
            if let Some((from, until)) = figures.validity.get(digest.as_str()) {
                let more = Validity { from: *from, until: *until };
                *own = if more.holds_at(*now) { own.and(more) } else { *own };
            }
        }
        for table in &figures.tables {
            let Some(number) = plan.anchors.iter().position(|anchor| anchor.group_digests == table.groups) else { continue };
            let (anchor, groups) = (&plan.anchors[number], &mut self.groups[number]);
            let job = |digests: &[String], digest: &str| digests.iter().position(|known| known == digest).filter(|_| is_wanted(digest));
            let counts: Vec<(usize, &Vec<i64>)> =
                table.counts.iter().filter_map(|(digest, all)| Some((job(&anchor.digests.0, digest)?, all))).collect();
            let sums: Vec<(usize, &Vec<i128>)> =
                table.sums.iter().filter_map(|(digest, all)| Some((job(&anchor.digests.1, digest)?, all))).collect();
            if counts.is_empty() && sums.is_empty() {
                continue;
            }
            let steps: Vec<StepId> = plan.heads[anchor.head].iter().copied().chain(anchor.last).collect();
            let mut here = Vec::new();
            for (labels, step) in table.labels.iter().zip(&steps) {
                let own = &mut self.labels[place(step)];
                let texts: Vec<u32> = labels.texts.iter().map(|text| own.text(text)).collect();
                let numbers = labels.numbers.iter().map(|number| own.number(*number));
                here.push(std::iter::once(0).chain(texts).chain(numbers.collect::<Vec<_>>()).collect::<Vec<u32>>());
            }
            let number_of_groups = table.labels.first().map_or(usize::from(!table.counts.is_empty()), |labels| labels.of_groups.len());
            let head_width = plan.heads[anchor.head].len();
            let mut list = vec![0; head_width];
            let mut slots = Vec::with_capacity(number_of_groups);
            for from in 0..number_of_groups {
                let label = |column: usize| here[column][table.labels[column].of_groups[from] as usize];
                list.iter_mut().enumerate().for_each(|(column, place)| *place = label(column));
                let head = self.heads[anchor.head].number(&list);
                slots.push(groups.slot(head, anchor.last.map_or(0, |_| label(head_width))));
            }
            groups.make_room();
            counts.iter().for_each(|(job, all)| add_counts(&mut groups.counts, *job, &slots, all.iter().copied()));
            sums.iter().for_each(|(job, all)| add_sums(&mut groups.sums, *job, &slots, all.iter().copied()));
        }
    }

    /// The places of an anchor's groups in the order of their values, column after column.
    fn order(&self, plan: &Plan, number: usize) -> Vec<u32> {
        let (anchor, groups) = (&plan.anchors[number], &self.groups[number]);
        let mut order: Vec<u32> = (0..groups.keys.len() as u32).collect();
        let head = &plan.heads[anchor.head];
        // By the last column first: what is sorted by a later column stays so within an earlier one.
        for column in (0..head.len() + usize::from(anchor.last.is_some())).rev() {
            let step = head.get(column).or(anchor.last.as_ref()).expect("a group column");
            let ranks = self.labels[plan.label_place(*step)].ranks();
            let lists = &self.heads[anchor.head].lists;
            let rank = |slot: u32| {
                let (head, last) = groups.keys[slot as usize];
                ranks[lists[head as usize].get(column).copied().unwrap_or(last) as usize] as usize
            };
            let mut starts = vec![0_u32; ranks.len() + 1];
            order.iter().for_each(|slot| starts[rank(*slot) + 1] += 1);
            (1..starts.len()).for_each(|at| starts[at] += starts[at - 1]);
            let mut sorted = vec![0; order.len()];
            for slot in order {
                let start = &mut starts[rank(slot)];
                sorted[*start as usize] = slot;
                *start += 1;
            }
            order = sorted;
        }
        order
    }

    /// Puts the groups in the order of their values, when nothing more is to be counted.
    pub fn into_totals(self, plan: &Plan) -> Totals {
        let orders = (0..plan.anchors.len()).map(|anchor| self.order(plan, anchor)).collect();
        let texts = self.labels.iter().map(Labels::as_column).collect();
        Totals { state: self, orders, texts }
    }
}

/// All that was counted of a relation.
#[derive(Debug)]
pub struct Totals {
    state: State,
    /// Of each anchor its groups, in the order of their values.
    orders: Vec<Vec<u32>>,
    /// Of each label its texts.
    texts: Vec<ArrayRef>,
}

impl Totals {
    /// The rows of the query at this place, in the order of their groups. A group column of texts that the SELECT gives as it is comes as a
    /// dictionary.
    ///
    /// # Errors
    /// A SELECT that fails above its aggregates.
    pub fn rows_of(&self, plan: &Plan, state: &SessionState, place: usize) -> Result<RecordBatch> {
        let query = &plan.queries[place];
        let (anchor, groups) = (&plan.anchors[query.anchor], &self.state.groups[query.anchor]);
        let order = self.orders[query.anchor].iter().copied();
        let there: Vec<u32> = order.filter(|slot| groups.counts.at(query.rows, *slot) > 0).collect();
        let fields = query.counting.aggregated.fields();
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(fields.len());
        for (place, step) in query.counting.groups.iter().enumerate() {
            let number = plan.label_place(*step);
            let lists = &self.state.heads[anchor.head].lists;
            let label = |slot: &u32| {
                let (head, last) = groups.keys[*slot as usize];
                lists[head as usize].get(place).copied().unwrap_or(last)
            };
            let of_groups: Vec<u32> = there.iter().map(label).collect();
            columns.push(self.state.labels[number].column(&of_groups, fields[place].data_type(), &self.texts[number])?);
        }
        // Without GROUP BY there is one row, whatever was there.
        let is_whole = query.counting.groups.is_empty();
        for (job, counted_by) in query.jobs.iter().zip(&query.counting.counted) {
            let column: ArrayRef = match job {
                Job::Count(job) if is_whole && there.is_empty() => {
                    Arc::new(Int64Array::from(vec![if groups.keys.is_empty() { 0 } else { groups.counts.at(*job, 0) }]))
                }
                Job::Count(job) => Arc::new(Int64Array::from_iter_values(there.iter().map(|slot| groups.counts.at(*job, *slot)))),
                Job::Sum(job, number) => {
                    let sum = |slot: &u32| (groups.counts.at(*number, *slot) > 0).then(|| groups.sums.at(*job, *slot));
                    let mut sums: Vec<Option<i128>> = there.iter().map(sum).collect();
                    if is_whole && there.is_empty() {
                        sums.push(None);
                    }
                    total(sums, &counted_by.kind)?
                }
            };
            columns.push(if *column.data_type() == counted_by.kind { column } else { cast(&column, &counted_by.kind)? });
        }
        let rows = columns.first().map_or(0, Array::len);
        selected(state, query, columns, rows)
    }
}

/// Values as whole numbers of their smallest digit.
fn whole_numbers(values: &ArrayRef) -> Result<Decimal128Array> {
    if let Some(decimals) = values.as_primitive_opt::<Decimal128Type>() {
        return Ok(decimals.clone());
    }
    let numbers = cast(values, &DataType::Int64)?;
    let numbers = numbers.as_primitive::<Int64Type>();
    Ok(numbers.iter().map(|number| number.map(i128::from)).collect())
}

fn total(sums: Vec<Option<i128>>, kind: &DataType) -> Result<ArrayRef> {
    Ok(match kind {
        DataType::Decimal128(precision, scale) => {
            Arc::new(sums.into_iter().collect::<Decimal128Array>().with_precision_and_scale(*precision, *scale)?)
        }
        // The engine's sums of whole numbers wrap.
        DataType::Int64 => Arc::new(sums.into_iter().map(|sum| sum.map(|sum| sum as i64)).collect::<Int64Array>()),
        other => return Err(DataFusionError::Internal(format!("a sum of type {other}"))),
    })
}

/// What the SELECT makes of groups and figures.
fn selected(state: &SessionState, query: &Query, columns: Vec<ArrayRef>, rows: usize) -> Result<RecordBatch> {
    let aggregated = &query.counting.aggregated;
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    let (mut plain, mut made) = (None, Vec::new());
    for expression in &query.counting.select {
        let bare: &DFSchema = aggregated;
        if let Expr::Column(column) = expression.clone().unalias() {
            made.push(Arc::clone(&columns[bare.index_of_column(&column)?]));
            continue;
        }
        let batch = match &plain {
            Some(batch) => batch,
            None => {
                let fields: Vec<Field> = aggregated.fields().iter().map(|field| field.as_ref().clone().with_nullable(true)).collect();
                let columns = columns.iter().zip(&fields).map(|(column, field)| cast(column, field.data_type()));
                let columns = columns.collect::<std::result::Result<Vec<_>, _>>()?;
                &*plain.insert(RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options)?)
            }
        };
        made.push(state.create_physical_expr(expression.clone(), bare)?.evaluate(batch)?.into_array(rows)?);
    }
    let kinds = query.counting.schema.fields().iter().zip(&made);
    let fields: Vec<Field> = kinds.map(|(field, column)| Field::new(field.name(), column.data_type().clone(), true)).collect();
    Ok(RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), made, &options)?)
}

/// States by the part of the relation that they were counted from.
pub type Parts = BTreeMap<Option<i32>, State>;
