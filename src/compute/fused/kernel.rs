//! Counting: batches of a relation in, totals of all its queries out.
//!
//! In: a [`Plan`] of the queries, batches. Out: [`State`]s that add up, and from them each SELECT's rows. Never here: reading files, deciding
//! which queries go together.
//!
//! A batch is taken through the graph once. Each distinct condition becomes a bitmap, each distinct list of group columns (an anchor) a
//! number a row; every count is the number of set bits by that number. Sums are whole numbers and decimals, so that the order of rows, the cut
//! into batches, files and threads make no difference. Cost grows with rows × distinct steps, and with set bits; what is held grows with units
//! × domains × months × figures.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, Decimal128Array, Int64Array, PrimitiveArray, RecordBatch, RecordBatchOptions,
    StringArray, make_array,
};
use arrow::buffer::BooleanBuffer;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Decimal128Type, Field, Int32Type, Int64Type, Schema};
use datafusion::common::{DFSchema, DataFusionError, Result};
use datafusion::execution::SessionState;

use super::counting::{Counting, Total};
use super::graph::{Answers, AskedTexts, Graph, StepId, Validity};
use super::kept::{self, FigureTable, Figures};

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
    masks: Vec<Vec<StepId>>,
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
            heads: Vec::new(),
            labels: Vec::new(),
            anchors: Vec::new(),
        };
        plan.columns = plan.graph.columns_among(&plan.steps);
        plan.moving = plan.graph.moving_among(&plan.steps);
        for counting in countings {
            plan.add(counting);
        }
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

    /// The values behind numbers, in a column of this type.
    fn column(&self, labels: &[u32], kind: &DataType) -> Result<ArrayRef> {
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
            _ => Arc::new(labels.iter().map(|label| place(label).map(|at| self.texts[at].as_ref())).collect::<StringArray>()),
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

/// The groups of one anchor with their figures.
#[derive(Debug, Default, Clone)]
struct Groups {
    /// By head, then by last label: the place of the group.
    slots: Vec<Vec<u32>>,
    /// Head and last label of each group.
    keys: Vec<(u32, u32)>,
    counts: Vec<i64>,
    sums: Vec<i128>,
}

impl Groups {
    fn slot(&mut self, anchor: &Anchor, head: u32, last: u32) -> u32 {
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
            self.counts.resize(self.keys.len() * anchor.counts.len(), 0);
            self.sums.resize(self.keys.len() * anchor.sums.len(), 0);
        }
        row[last_place]
    }

    fn bytes(&self) -> usize {
        self.counts.capacity() * 8
            + self.sums.capacity() * 16
            + self.keys.capacity() * 8
            + self.slots.iter().map(|row| 24 + row.capacity() * 4).sum::<usize>()
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
            groups: vec![Groups::default(); plan.anchors.len()],
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
        let mut bits: HashMap<StepId, BooleanBuffer> = HashMap::new();
        let mut masks = Vec::with_capacity(plan.masks.len());
        for conditions in &plan.masks {
            let mut mask: Option<BooleanBuffer> = None;
            for step in conditions {
                let bits = bits.entry(*step).or_insert_with(|| answers.truths(*step));
                mask = Some(match mask {
                    Some(mask) => &mask & &*bits,
                    None => bits.clone(),
                });
            }
            masks.push(mask.unwrap_or_else(|| BooleanBuffer::new_set(rows)));
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
            let mut counted: Option<BooleanBuffer> = None;
            for mask in &anchor.rows {
                counted = Some(match counted {
                    Some(counted) => &counted | &masks[*mask],
                    None => masks[*mask].clone(),
                });
            }
            let (mut key, mut slot) = ((u32::MAX, u32::MAX), 0);
            for row in counted.iter().flat_map(BooleanBuffer::set_indices) {
                let this = (heads[row], lasts.map_or(0, |lasts| lasts[row]));
                if this != key {
                    slot = groups.slot(anchor, this.0, this.1);
                    key = this;
                }
                slots[row] = slot;
            }
            let width = anchor.counts.len();
            for (job, (mask, value)) in anchor.counts.iter().enumerate() {
                let mask = &masks[*mask];
                let there = value.and_then(|value| answers.get(value).logical_nulls());
                let both = there.filter(|nulls| nulls.null_count() > 0).map(|nulls| mask & nulls.inner());
                for row in both.as_ref().unwrap_or(mask).set_indices() {
                    groups.counts[slots[row] as usize * width + job] += 1;
                }
            }
            let width = anchor.sums.len();
            for (job, (mask, value)) in anchor.sums.iter().enumerate() {
                let values = answers.get(*value);
                let whole = whole_numbers(values)?;
                for row in masks[*mask].set_indices().filter(|row| values.is_valid(*row)) {
                    let sum = &mut groups.sums[slots[row] as usize * width + job];
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
            for (from, (head, last)) in other.keys.iter().enumerate() {
                let last = lasts.map_or(0, |place| labels[place][*last as usize]);
                let to = own.slot(anchor, heads[anchor.head][*head as usize], last) as usize;
                let width = anchor.counts.len();
                for (total, more) in own.counts[to * width..].iter_mut().zip(&other.counts[from * width..(from + 1) * width]) {
                    *total += more;
                }
                let width = anchor.sums.len();
                for (total, more) in own.sums[to * width..].iter_mut().zip(&other.sums[from * width..(from + 1) * width]) {
                    *total = total.wrapping_add(*more);
                }
            }
        }
    }

    /// The figures without this plan's numbering.
    pub fn figures(&self, plan: &Plan) -> Figures {
        let place = |step: &StepId| plan.label_place(*step);
        let mut figures = Figures { rows: self.rows, ..Figures::default() };
        for ((step, _), validity) in plan.moving.iter().zip(&self.validity) {
            figures.validity.insert(plan.graph.digest(*step).to_hex().to_string(), (validity.from, validity.until));
        }
        for (anchor, groups) in plan.anchors.iter().zip(&self.groups) {
            let mut labels = Vec::new();
            for (column, step) in plan.heads[anchor.head].iter().chain(&anchor.last).enumerate() {
                let known = &self.labels[place(step)];
                let lists = &self.heads[anchor.head].lists;
                let of = |(head, last): &(u32, u32)| lists[*head as usize].get(column).copied().unwrap_or(*last);
                let of_groups = groups.keys.iter().map(of).collect();
                labels.push(kept::Labels { texts: known.texts.clone(), numbers: known.numbers.clone(), of_groups });
            }
            let column = |job: usize, width: usize| (0..groups.keys.len()).map(move |slot| slot * width + job);
            let counts = anchor
                .digests
                .0
                .iter()
                .enumerate()
                .map(|(job, digest)| (digest.clone(), column(job, anchor.counts.len()).map(|at| groups.counts[at]).collect()));
            let sums = anchor
                .digests
                .1
                .iter()
                .enumerate()
                .map(|(job, digest)| (digest.clone(), column(job, anchor.sums.len()).map(|at| groups.sums[at]).collect()));
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
            for from in 0..number_of_groups {
                let label = |column: usize| here[column][table.labels[column].of_groups[from] as usize];
                list.iter_mut().enumerate().for_each(|(column, place)| *place = label(column));
                let head = self.heads[anchor.head].number(&list);
                let slot = groups.slot(anchor, head, anchor.last.map_or(0, |_| label(head_width))) as usize;
                for (job, all) in &counts {
                    groups.counts[slot * anchor.counts.len() + job] += all[from];
                }
                for (job, all) in &sums {
                    let sum = &mut groups.sums[slot * anchor.sums.len() + job];
                    *sum = sum.wrapping_add(all[from]);
                }
            }
        }
    }

    /// The rows of the query at this place, in no order.
    ///
    /// # Errors
    /// A SELECT that fails above its aggregates.
    pub fn rows_of(&self, plan: &Plan, state: &SessionState, place: usize) -> Result<RecordBatch> {
        let query = &plan.queries[place];
        let (anchor, groups) = (&plan.anchors[query.anchor], &self.groups[query.anchor]);
        let width = anchor.counts.len();
        let counted = |slot: usize, job: usize| groups.counts[slot * width + job];
        let there: Vec<usize> = (0..groups.keys.len()).filter(|slot| counted(*slot, query.rows) > 0).collect();
        let fields = query.counting.aggregated.fields();
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(fields.len());
        for (place, step) in query.counting.groups.iter().enumerate() {
            let labels = &self.labels[plan.label_place(*step)];
            let label = |slot: &usize| {
                let (head, last) = groups.keys[*slot];
                self.heads[anchor.head].lists[head as usize].get(place).copied().unwrap_or(last)
            };
            let of_groups: Vec<u32> = there.iter().map(label).collect();
            columns.push(labels.column(&of_groups, fields[place].data_type())?);
        }
        // Without GROUP BY there is one row, whatever was there.
        let is_whole = query.counting.groups.is_empty();
        for (job, counted_by) in query.jobs.iter().zip(&query.counting.counted) {
            let column: ArrayRef = match job {
                Job::Count(job) if is_whole && there.is_empty() => {
                    Arc::new(Int64Array::from(vec![groups.counts.get(*job).copied().unwrap_or(0)]))
                }
                Job::Count(job) => Arc::new(there.iter().map(|slot| counted(*slot, *job)).collect::<Int64Array>()),
                Job::Sum(job, number) => {
                    let sum = |slot: &usize| (counted(*slot, *number) > 0).then(|| groups.sums[slot * anchor.sums.len() + job]);
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
    let fields: Vec<Field> = aggregated.fields().iter().map(|field| field.as_ref().clone().with_nullable(true)).collect();
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    let batch = RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options)?;
    let mut made = Vec::new();
    for expression in &query.counting.select {
        let bare: &DFSchema = aggregated;
        made.push(state.create_physical_expr(expression.clone(), bare)?.evaluate(&batch)?.into_array(rows)?);
    }
    let kinds = query.counting.schema.fields().iter().zip(&made);
    let fields: Vec<Field> = kinds.map(|(field, column)| Field::new(field.name(), column.data_type().clone(), true)).collect();
    Ok(RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), made, &options)?)
}

/// States by the part of the relation that they were counted from.
pub type Parts = BTreeMap<Option<i32>, State>;
