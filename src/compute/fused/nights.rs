//! Incremental = full: random nights over a lake of few rows.
//!
//! In: the shipped library, rows drawn from its contracts. Out: after every night (rows changed, added late, deleted; days that go by; an
//! indicator edited, a clock changed) the measures with kept counts are those without, and what was not touched was not read. Never here:
//! what an indicator ought to say.

use std::collections::BTreeMap;
use std::path::Path;

use arrow::array::{Array, AsArray, RecordBatch, UInt32Array};
use arrow::compute::{concat_batches, take_record_batch};
use arrow::datatypes::Date32Type;
use arrow::ipc::writer::StreamWriter;
use datafusion::prelude::SessionContext;
use jiff::ToSpan;
use jiff::civil::{Date, date};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::reuse::Reuse;
use super::tests::rows_of;
use crate::compute::run::{ANCESTORS, Outcome, Task, compute, moment_of};
use crate::compute::shared::SharedPopulations;
use crate::compute::units::Hierarchy;
use crate::functions::{self, Clocks};
use crate::ingest::arrow_schema;
use crate::lake::{Lake, MonthFile, Replacement, TableShape, session};
use crate::library::Library;
use crate::library::indicator::Window;
use crate::terms::{IndicatorId, Month, Period, RunId, date_from_epoch_days};

/// Over months of one table, over a join, over windows; by sum and by recount.
const SOME: [&str; 11] = [
    "county.backlog_rate",
    "eco.restoration_linkage_all_penalties",
    "emergency.hazard_overdue_days",
    "emergency.major_hazard_closure",
    "hazard.closure_rate",
    "inspection.prior_filing_rate",
    "perception.hotline_on_time",
    "perception.hotline_resolution_satisfaction",
    "procedure.decision_timeliness",
    "procedure.investigation_timeliness",
    "market.filing_within_7d",
];
const TABLES: [&str; 7] = ["cases", "hazards", "hotline_orders", "inspections", "leads", "case_suspensions", "units"];

struct Province {
    folder: tempfile::TempDir,
    lake: Lake,
    library: Library,
    rows: BTreeMap<String, RecordBatch>,
    as_of: Date,
    nights: usize,
}

impl Province {
    async fn new(random: &mut ChaCha8Rng) -> Self {
        let (library, _) = Library::read(None).expect("the shipped library reads");
        let folder = tempfile::tempdir().expect("temporary folder");
        let lake = Lake::open(&folder.path().join("lake")).expect("an empty lake");
        let rows = TABLES.iter().map(|table| ((*table).to_owned(), rows_of(&library.tables[*table], 150, random))).collect();
        let mut province = Self { folder, lake, library, rows, as_of: date(2026, 6, 10), nights: 0 };
        for table in TABLES {
            province.load(table).await;
        }
        province
    }

    fn shape(&self, table: &str) -> TableShape {
        let contract = &self.library.tables[table];
        TableShape { table: table.to_owned(), schema: arrow_schema(contract), by_month: contract.month.is_some() }
    }

    fn month_of(&self, table: &str, row: usize) -> Option<Month> {
        let rows = &self.rows[table];
        let days = rows.column_by_name(self.library.tables[table].month.as_ref()?)?.as_primitive::<Date32Type>();
        days.is_valid(row).then(|| date_from_epoch_days(days.value(row))).flatten().map(Month::of)
    }

    /// Stores what the table is now, as a full extract.
    async fn load(&mut self, table: &str) {
        self.nights += 1;
        let rows = &self.rows[table];
        let mut months: BTreeMap<Option<Month>, Vec<u32>> = BTreeMap::new();
        let is_cut = self.library.tables[table].month.is_some();
        for row in 0..rows.num_rows() {
            let month = self.month_of(table, row);
            // A row without the date that cuts the table does not come this far.
            if month.is_some() || !is_cut {
                months.entry(month).or_default().push(row as u32);
            }
        }
        let mut staged = BTreeMap::new();
        for (month, places) in months {
            let part = take_record_batch(rows, &UInt32Array::from(places)).expect("its own rows");
            let path = self.folder.path().join(format!("{table}-{}-{}.arrow", self.nights, staged.len()));
            let file = std::fs::File::create(&path).expect("staging file");
            let mut writer = StreamWriter::try_new(file, &part.schema()).expect("writer");
            writer.write(&part).expect("rows");
            writer.finish().expect("end");
            staged.insert(
                month,
                MonthFile { digest: blake3::hash(format!("{part:?}").as_bytes()).to_hex().to_string(), rows: part.num_rows() as u64, path },
            );
        }
        let replacement = Replacement { shape: self.shape(table), key: self.library.tables[table].key.clone(), months: staged };
        let run = RunId::from(format!("20260630T{:06}-ab12", self.nights).as_str());
        self.lake.commit(&replacement, &run).await.expect("the load is stored");
    }

    /// The measures, with the counts that are kept in `counts`.
    async fn measured(&self, counts: Option<&Path>) -> Outcome {
        let context = session(None, &self.folder.path().join("spill"), 2).expect("a session");
        functions::register(&context, &Clocks::of(&self.library));
        let snapshot = self.lake.pin().await.expect("pinned");
        let shapes: Vec<TableShape> = self.library.tables.keys().map(|table| self.shape(table)).collect();
        self.lake.register(&context, &snapshot, &shapes).expect("tables");
        let hierarchy = Hierarchy::read(&context, self.as_of).await.expect("units");
        let mut beside: BTreeMap<String, String> =
            functions::REFERENCE_TABLES.iter().map(|name| ((*name).to_owned(), String::new())).collect();
        beside.insert(ANCESTORS.to_owned(), format!("{hierarchy:?}"));
        let now = moment_of(Window::Flow, self.as_of).as_of;
        let reuse = counts.map(|folder| {
            Reuse::with_small_tables(folder.to_owned(), &snapshot, String::new(), beside, now, 0).knows(self.library.tables.keys())
        });
        let outcome = self.computed(&context, &hierarchy, reuse.as_ref()).await;
        if let Some(reuse) = reuse {
            reuse.sweep();
        }
        outcome
    }

    async fn computed(&self, context: &SessionContext, hierarchy: &Hierarchy, reuse: Option<&Reuse>) -> Outcome {
        let period: Period = "2026-H1".parse().expect("a period");
        let task = Task {
            library: &self.library,
            indicators: SOME.iter().map(|id| &self.library.indicators[&IndicatorId::from(*id)]).collect(),
            period: &period,
            as_of: self.as_of,
            hierarchy,
            finished: &|_| (),
            elapsed: &|| 0.0,
            reuse,
            watched: None,
        };
        let spill = self.folder.path().join("spill");
        let mut shared = SharedPopulations::new(context, &self.library, spill, &|| 0.0);
        let outcome = compute(&mut shared, &task).await.expect("computed");
        assert_eq!(outcome.failed, BTreeMap::new());
        assert_eq!(outcome.not_counted, BTreeMap::new());
        outcome
    }

    /// Some rows are no longer there, or others stand in their place, or more have come.
    fn change(&mut self, table: &str, random: &mut ChaCha8Rng) {
        let known = self.rows[table].clone();
        let gone = random.random_range(0..3);
        let from = random.random_range(0..known.num_rows() - gone);
        let stays: Vec<u32> = (0..known.num_rows() as u32).filter(|row| !(from..from + gone).contains(&(*row as usize))).collect();
        let mut parts = vec![take_record_batch(&known, &UInt32Array::from(stays)).expect("its own rows")];
        let come = random.random_range(0..3);
        let more = rows_of(&self.library.tables[table], 500, random);
        if come > 0 && more.num_rows() > 400 {
            // Their keys are beyond those that are there.
            parts.push(more.slice(300 + self.nights % 90, come));
        }
        self.rows.insert(table.to_owned(), concat_batches(&known.schema(), &parts).expect("one schema"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_kept_counts_every_night_ends_as_without_them() {
    for seed in 0..2 {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut province = Province::new(&mut random).await;
        let counts = province.folder.path().join("counts");
        let mut said = Vec::new();
        for night in 0..8 {
            let what = random.random_range(0..8);
            match what {
                0..3 => {
                    for table in TABLES {
                        if random.random_bool(0.4) {
                            province.change(table, &mut random);
                            province.load(table).await;
                        }
                    }
                }
                3 | 4 => province.as_of = province.as_of.saturating_add(i64::from(random.random_range(1..20)).days()),
                5 => {
                    let id = IndicatorId::from("hazard.closure_rate");
                    let indicator = province.library.indicators.get_mut(&id).expect("an indicator");
                    indicator.sql = indicator.sql.replace("'due' AND", &format!("'due' AND unit_id <> 'x{night}' AND"));
                }
                6 => {
                    let clock = province.library.clocks.get_mut("decision.statutory").expect("a clock");
                    clock.versions.iter_mut().for_each(|version| version.amount += 1);
                }
                _ => {}
            }
            let kept = province.measured(Some(&counts)).await;
            let full = province.measured(None).await;
            said.push(what);
            assert_eq!(kept.measures, full.measures, "seed {seed}: after {said:?}");
            assert!(!full.measures.is_empty());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_what_changed_is_read_again() {
    let mut random = ChaCha8Rng::seed_from_u64(3);
    let mut province = Province::new(&mut random).await;
    let counts = province.folder.path().join("counts");
    let anew = |outcome: &Outcome, relation: &str| -> Vec<(usize, usize)> {
        outcome.counted.iter().filter(|counted| counted.relation == relation).map(|counted| (counted.queries, counted.anew)).collect()
    };
    let first = province.measured(Some(&counts)).await;
    let months = first.counted.iter().find(|counted| counted.relation == "hazards").expect("hazards are counted").parts;
    assert!(months > 5, "{months}");
    assert!(first.counted.iter().all(|counted| counted.anew == counted.parts), "nothing was kept yet");
    let again = province.measured(Some(&counts)).await;
    assert!(again.counted.iter().all(|counted| counted.anew == 0 && counted.rows == 0), "{:?}", again.counted);

    // One row of one month.
    let rows = province.rows["hazards"].clone();
    let gone = (0..rows.num_rows()).find(|row| province.month_of("hazards", *row).is_some()).expect("a row");
    let stays: Vec<u32> = (0..rows.num_rows() as u32).filter(|row| *row != gone as u32).collect();
    province.rows.insert("hazards".to_owned(), take_record_batch(&rows, &UInt32Array::from(stays)).expect("its own rows"));
    province.load("hazards").await;
    let after = province.measured(Some(&counts)).await;
    assert_eq!(anew(&after, "hazards").first().map(|(_, anew)| *anew), Some(1));
    assert_eq!(after.measures, province.measured(None).await.measures, "the month as it was is no longer in the sum");
    assert!(after.counted.iter().filter(|counted| counted.relation != "hazards").all(|counted| counted.anew == 0), "{:?}", after.counted);

    // One indicator of those that share a scan.
    let id = IndicatorId::from("hazard.closure_rate");
    let indicator = province.library.indicators.get_mut(&id).expect("an indicator");
    indicator.sql = indicator.sql.replace("'due' AND", "'due' AND unit_id <> 'x' AND");
    let edited = province.measured(Some(&counts)).await;
    assert!(edited.counted.iter().filter(|counted| counted.relation != "hazards").all(|counted| counted.anew == 0));
    assert_eq!(anew(&edited, "hazards").first().map(|(_, anew)| *anew), Some(months));

    // Nobody's clock.
    let clock = province.library.clocks.get_mut("seizure.statutory").expect("a clock");
    clock.versions.iter_mut().for_each(|version| version.amount += 1);
    assert!(province.measured(Some(&counts)).await.counted.iter().all(|counted| counted.anew == 0));

    // A day goes by: months in which nothing falls due are not read again.
    province.as_of = province.as_of.saturating_add(1.days());
    let next = province.measured(Some(&counts)).await;
    let hazards = anew(&next, "hazards");
    assert!(hazards.first().is_some_and(|(_, anew)| *anew < months / 2), "{hazards:?} of {months}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counts_that_are_damaged_or_of_another_version_are_counted_anew() {
    let mut random = ChaCha8Rng::seed_from_u64(4);
    let province = Province::new(&mut random).await;
    let counts = province.folder.path().join("counts");
    let first = province.measured(Some(&counts)).await;
    let mut damaged = 0;
    for (number, file) in glob::glob(&format!("{}/*/*.parquet", counts.display())).expect("a pattern").flatten().enumerate() {
        let bytes = std::fs::read(&file).expect("a file");
        let bytes = if number % 2 == 0 { bytes[..bytes.len() / 2].to_vec() } else { Vec::new() };
        damaged += usize::from(!file.to_string_lossy().contains("/alone/"));
        std::fs::write(&file, bytes).expect("written");
    }
    assert!(damaged > 5);
    let again = province.measured(Some(&counts)).await;
    assert_eq!(again.measures, first.measures);
    assert!(again.counted.iter().all(|counted| counted.anew == counted.parts));
}

#[tokio::test]
async fn a_change_deep_in_a_list_of_values_makes_another_query() {
    let context = SessionContext::new();
    let reuse = Reuse::new(std::path::PathBuf::new(), &crate::lake::Snapshot::default(), String::new(), BTreeMap::new(), 0);
    let mut names = Vec::new();
    for last in [8, 8, 9] {
        let sql = format!("SELECT count(DISTINCT x) FROM (VALUES (1), (2), (3), (4), (5), (6), (7), ({last})) AS some (x)");
        let plan = context.state().create_logical_plan(&sql).await.expect("planned");
        names.push(reuse.name_of(&plan).expect("it rests on nothing unknown"));
    }
    assert_eq!(names[0], names[1]);
    assert_ne!(names[1], names[2]);
}
