//! Months, one after the other or in parallel.
//!
//! In: the province. Out: every table's files and the lines of the answer key, in the order of months whatever finished first; where every
//! pattern is planted, the months are held in memory until `planting` has edited them.
//! Never here: what a row holds.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use crate::error::{Error, Kind, Result};
use crate::library::contract::TableContract;
use crate::simulate::draw::Stream;
use crate::simulate::offices::OfficesOutput;
use crate::simulate::planting::{self, Kept, Tables};
use crate::simulate::project::Answer;
use crate::simulate::sheet::{Output, Sheets};
use crate::simulate::world::{THIN, World};
use crate::simulate::write::ParquetOutput;
use crate::simulate::{Planting, ReferenceTexts, SimulationFormat, SimulationRequest};
use crate::terms::epoch_days;

type Contracts = BTreeMap<String, TableContract>;
type Rows = BTreeMap<String, u64>;
type DirtDone = BTreeMap<String, BTreeMap<&'static str, u64>>;
/// Pattern, unit, group → records.
type Planted = BTreeMap<(&'static str, String, String), Vec<String>>;

/// More workers than this would only hold more row groups in memory.
const MOST_WORKERS: usize = 8;

/// Writes every table.
pub(super) fn write_all(
    world: &World,
    request: &SimulationRequest,
    contracts: &Contracts,
    reference: &ReferenceTexts<'_>,
    out: &Path,
    progress: &dyn Fn(u64),
) -> Result<(Rows, Vec<Answer>, DirtDone)> {
    let folder = out.join("sources");
    let (rows, planted, dirt) = match request.format {
        SimulationFormat::Parquet if request.plant == Planting::Every => {
            return write_planted(world, request, contracts, reference, &folder, progress);
        }
        SimulationFormat::Parquet => {
            let mut output = ParquetOutput::new(&folder, None);
            let mut sheets = Sheets::new(contracts);
            world.write_province(reference, &mut sheets, &mut output)?;
            let mut rows = output.finish()?;
            let month = |nth: usize| write_month_file(world, contracts, &folder, nth);
            let mut planted = Planted::new();
            for (month_rows, month_planted) in months_in_parallel(world, request.workers, progress, &month)? {
                add(&mut rows, month_rows);
                for (key, records) in month_planted {
                    planted.entry(key).or_default().extend(records);
                }
            }
            (rows, planted, DirtDone::new())
        }
        SimulationFormat::Offices => {
            let cities = world.cities.iter().map(|city| city.code.clone()).collect();
            let mut output = OfficesOutput::new(&folder, contracts, request.seed, cities);
            let mut sheets = Sheets::new(contracts);
            world.write_province(reference, &mut sheets, &mut output)?;
            let mut planted = Planted::new();
            let mut cases = 0;
            for nth in 0..world.months.len() {
                cases += world.write_month(nth, &mut sheets, &mut output, &mut planted)?;
                progress(cases);
            }
            let (rows, dirt) = output.finish()?;
            (rows, planted, dirt)
        }
    };
    let answers = planted.into_iter().map(|((pattern, unit_id, group), records)| Answer {
        pattern,
        unit_id,
        group,
        records,
        strength: String::new(),
    });
    Ok((rows, answers.collect(), dirt))
}

/// The honest extract is kept in memory, edited by those who cheat, and written.
fn write_planted(
    world: &World,
    request: &SimulationRequest,
    contracts: &Contracts,
    reference: &ReferenceTexts<'_>,
    folder: &Path,
    progress: &dyn Fn(u64),
) -> Result<(Rows, Vec<Answer>, DirtDone)> {
    let mut output = ParquetOutput::new(folder, None);
    world.write_province(reference, &mut Sheets::new(contracts), &mut output)?;
    let mut rows = output.finish()?;
    let mut tables = honest_tables(world, request.workers, contracts, progress)?;
    let answers = planting::plant_every(world, &mut tables);
    let files: Vec<String> = world.months.iter().map(|(month, _)| month.to_string()).collect();
    add(&mut rows, tables.write(contracts, folder, &files)?);
    Ok((rows, answers, DirtDone::new()))
}

/// Every row of every month, as the province would send it.
pub(super) fn honest_tables(world: &World, workers: usize, contracts: &Contracts, progress: &dyn Fn(u64)) -> Result<Tables> {
    let month = |nth: usize| -> Result<(u64, Kept)> {
        let (mut kept, mut planted) = (Kept::default(), Planted::new());
        let cases = world.write_month(nth, &mut Sheets::new(contracts), &mut kept, &mut planted)?;
        Ok((cases, kept))
    };
    let mut tables = Tables::new(contracts);
    for (nth, kept) in months_in_parallel(world, workers, progress, &month)?.into_iter().enumerate() {
        kept.0.iter().for_each(|(table, batch)| tables.take_in(nth, table, batch));
    }
    Ok(tables)
}

/// Months are independent, so each worker takes the next one that nobody has. What each made, in the order of months.
fn months_in_parallel<T: Send>(
    world: &World,
    workers: usize,
    progress: &dyn Fn(u64),
    make: &(dyn Fn(usize) -> Result<(u64, T)> + Sync),
) -> Result<Vec<T>> {
    let workers = workers.clamp(1, MOST_WORKERS).min(world.months.len());
    let next = AtomicUsize::new(0);
    let (sender, receiver) = mpsc::channel::<(usize, Result<(u64, T)>)>();
    std::thread::scope(|scope| {
        for _ in 0..workers {
            let (sender, next) = (sender.clone(), &next);
            scope.spawn(move || {
                while let Some(nth) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|nth| *nth < world.months.len()) {
                    // Nobody listens any more once another month has failed.
                    if sender.send((nth, make(nth))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let (mut months, mut cases) = (BTreeMap::new(), 0);
        for (nth, done) in receiver {
            let (written, made) = done?;
            cases += written;
            progress(cases);
            months.insert(nth, made);
        }
        if months.len() < world.months.len() {
            return Err(Error::new(Kind::Bug, "a month was not written"));
        }
        Ok(months.into_values().collect())
    })
}

fn write_month_file(world: &World, contracts: &Contracts, folder: &Path, nth: usize) -> Result<(u64, (Rows, Planted))> {
    let mut output = ParquetOutput::new(folder, Some(world.months[nth].0.to_string()));
    let (mut sheets, mut planted) = (Sheets::new(contracts), Planted::new());
    let cases = world.write_month(nth, &mut sheets, &mut output, &mut planted)?;
    Ok((cases, (output.finish()?, planted)))
}

fn add(rows: &mut Rows, more: Rows) {
    for (table, count) in more {
        *rows.entry(table).or_default() += count;
    }
}

impl World {
    /// Every row of the `nth` month; how many cases the extract knows of it.
    fn write_month(&self, nth: usize, sheets: &mut Sheets, output: &mut dyn Output, planted: &mut Planted) -> Result<u64> {
        let (month, total) = self.months[nth];
        let thickness = self.thickness_of(nth);
        let mut known = 0;
        let renamed = self.renamed().filter(|renamed| epoch_days(month.first_day()) < renamed.on);
        sheets.call_by_former(renamed.as_ref().map(|renamed| (self.units[renamed.unit].id.as_str(), renamed.former.as_str())));
        for unit in &self.units {
            let expected = total * unit.weight / self.total_weight;
            let cases = self.cases_of(unit, month, expected);
            for case in &cases {
                let parts = [unit.index as u64, month.to_epoch_days() as u64, case.number as u64];
                self.write_case(sheets, unit, case);
                self.write_procedure(sheets, unit, case, &mut Stream::new(self.seed, "procedure", &parts));
                self.write_case_transfer(sheets, unit, case, &mut Stream::new(self.seed, "transfer", &parts));
                self.write_coordination(sheets, unit, case);
                if self.knows(case) {
                    known += 1;
                    for (pattern, group) in &case.planted {
                        planted.entry((pattern, unit.id.clone(), group.clone())).or_default().push(case.id.clone());
                    }
                }
                sheets.hand_on_full(output)?;
            }
            self.write_inspections(sheets, unit, month, &cases, expected);
            self.write_plans(sheets, unit, month);
            self.write_leads(sheets, unit, month, expected);
            self.write_public(sheets, unit, month, &cases, expected);
            self.write_alerts(sheets, unit, month, expected, thickness);
            self.write_reported_hazards(sheets, unit, month, expected, thickness);
            self.write_township_requests(sheets, unit, month, thickness);
            self.write_trainings(sheets, unit, month, thickness);
            self.write_oversight(sheets, unit, month, &cases, thickness);
            self.write_innovation(sheets, unit, month, thickness);
            self.write_yearly_disclosure(sheets, unit, month);
            sheets.hand_on_full(output)?;
        }
        if thickness > THIN {
            self.write_surveys(sheets, month, output)?;
        }
        self.write_neighbours(sheets, month, thickness);
        self.write_burden(sheets, month);
        self.write_assessment(sheets, month);
        sheets.hand_on_all(output)?;
        Ok(known)
    }
}
