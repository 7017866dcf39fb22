//! Seconds of the computation of some indicators over a project's lake, beside the seconds of only decoding the columns that they read.
//!
//! In: a project with a lake (argument 1), the prefix of the indicators (argument 2), how often (argument 3), and optionally a folder for kept
//! counts (argument 4, `-` for none) and a file for the measures of the units themselves (argument 5, CSV). Out: one JSON object: seconds of each
//! repetition, cells, columns. Never here: a judgement.
//!
//! `cargo bench --bench fused -- PROJECT bench. 5`

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use arrow::datatypes::{DataType, Field, Schema};
use kaohe::compute::attribution::Attribution;
use kaohe::compute::fused::reuse::Reuse;
use kaohe::compute::measures::{Amount, Measure, Measures, Scope};
use kaohe::compute::run::{ANCESTORS, Task, compute, moment_of};
use kaohe::compute::shared::SharedPopulations;
use kaohe::compute::units::Hierarchy;
use kaohe::functions::{self, Clocks};
use kaohe::ingest::arrow_schema;
use kaohe::lake::{Lake, Snapshot, TableShape, session_of_a_run};
use kaohe::library::Library;
use kaohe::library::indicator::Window;
use kaohe::terms::{Fraction, Period};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};

/// As in the program itself.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let [project, prefix, times, rest @ ..] = arguments.as_slice() else {
        // `cargo test --benches` calls it without arguments.
        println!("usage: fused PROJECT PREFIX TIMES [COUNTS|-] [MEASURES.csv]");
        return;
    };
    let project = PathBuf::from(project);
    let times: usize = times.parse().expect("a number of times");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("threads");
    let measured =
        runtime.block_on(measure(&project, prefix, times, rest.first().filter(|counts| *counts != "-").map(PathBuf::from), rest.get(1)));
    println!("{}", serde_json::to_string(&measured).expect("JSON"));
}

async fn measure(
    project: &Path,
    prefix: &str,
    times: usize,
    counts: Option<PathBuf>,
    csv: Option<&String>,
) -> BTreeMap<&'static str, serde_json::Value> {
    let (library, _) = Library::read(Some(&project.join("queries"))).expect("the library reads");
    let lake = Lake::open(&project.join("lake")).expect("a lake");
    let snapshot = lake.pin().await.expect("pinned");
    let as_of = jiff::civil::date(2026, 6, 30);
    let period = Period { name: "all".to_owned(), first: "2023-01".parse().expect("a month"), last: "2026-12".parse().expect("a month") };
    let spill = project.join("bench-spill");
    let (mut seconds, mut decoding, mut scans, mut cells, mut rows, mut columns) = (Vec::new(), Vec::new(), Vec::new(), 0, 0, Vec::new());
    for _ in 0..times {
        let begun = Instant::now();
        let context = session_of_a_run(None, &spill, 2).expect("a session");
        functions::register(&context, &Clocks::of(&library));
        let shape = |contract: &kaohe::library::contract::TableContract| TableShape {
            table: contract.name.clone(),
            schema: arrow_schema(contract),
            by_month: contract.month.is_some(),
        };
        let shapes: Vec<TableShape> = library.tables.values().map(shape).collect();
        lake.register(&context, &snapshot, &shapes).expect("tables");
        Attribution::settle(&context, &library, as_of).await.expect("attribution");
        let hierarchy = Hierarchy::read(&context, as_of).await.expect("units");
        let now = moment_of(Window::Flow, as_of).as_of;
        let beside = BTreeMap::from([(ANCESTORS.to_owned(), String::new())]);
        let reuse = counts.clone().map(|folder| Reuse::new(folder, &snapshot, String::new(), beside, now).knows(library.tables.keys()));
        let elapsed = || begun.elapsed().as_secs_f64();
        let task = Task {
            library: &library,
            indicators: library.indicators.values().filter(|indicator| indicator.id.0.starts_with(prefix)).collect(),
            period: &period,
            as_of,
            hierarchy: &hierarchy,
            finished: &|_| (),
            elapsed: &elapsed,
            reuse: reuse.as_ref(),
            watched: None,
        };
        let mut shared = SharedPopulations::new(&context, &library, spill.clone(), &elapsed);
        let outcome = compute(&mut shared, &task).await.expect("computed");
        assert!(outcome.failed.is_empty(), "{:?}", outcome.failed);
        assert!(outcome.not_counted.is_empty(), "{:?}", outcome.not_counted);
        seconds.push(elapsed());
        cells = outcome.measures.len();
        if let Some(csv) = csv {
            write_measures(Path::new(csv), &outcome.measures);
        }
        rows = outcome.counted.iter().map(|counted| counted.rows).sum::<u64>();
        scans.push(shared.seconds().values().sum::<f64>());
        columns = read_columns(&library, prefix);
        let begun = Instant::now();
        decode(project, &snapshot, &library, &columns);
        decoding.push(begun.elapsed().as_secs_f64());
    }
    BTreeMap::from([
        ("seconds", serde_json::json!(seconds)),
        ("scan_seconds", serde_json::json!(scans)),
        ("decode_seconds", serde_json::json!(decoding)),
        ("measures", serde_json::json!(cells)),
        ("rows", serde_json::json!(rows)),
        ("columns", serde_json::json!(columns)),
    ])
}

fn write_measures(path: &Path, measures: &Measures) {
    let mut file = BufWriter::new(File::create(path).expect("a file"));
    writeln!(file, "indicator,unit_id,domain,month,numerator,denominator,pending").expect("written");
    for measure in measures.iter().filter(|measure| measure.scope == Scope::Own) {
        let Amount::Ratio(fraction) = measure.amount else { continue };
        let (numerator, denominator) = (fraction.numerator / Fraction::SCALE, fraction.denominator / Fraction::SCALE);
        let Measure { indicator, subject, domain, month, pending, .. } = measure;
        writeln!(file, "{indicator},{subject},{domain},{month},{numerator},{denominator},{pending}").expect("written");
    }
}

/// The columns of the case table that the texts of the indicators and their populations name.
fn read_columns(library: &Library, prefix: &str) -> Vec<String> {
    let mut texts = String::new();
    for indicator in library.indicators.values().filter(|indicator| indicator.id.0.starts_with(prefix)) {
        texts.push_str(&indicator.sql);
    }
    let named = |text: &str, word: &str| text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|part| part == word);
    let below: Vec<&str> = library.populations.values().filter(|one| named(&texts, &one.name)).map(|one| one.sql.as_str()).collect();
    let of_population = below.join("\n");
    let used =
        |name: &str| named(&texts, name) || named(&of_population, name) && !["case_id", "source_file", "source_line"].contains(&name);
    library.tables["cases"].columns.iter().map(|column| column.name.clone()).filter(|name| used(name)).collect()
}

/// Decodes columns of every file of the case table on two threads, text as dictionaries.
fn decode(project: &Path, snapshot: &Snapshot, library: &Library, columns: &[String]) {
    let schema = arrow_schema(&library.tables["cases"]);
    let kept: Vec<Field> = schema
        .fields()
        .iter()
        .map(|field| match field.data_type() {
            DataType::Utf8 => Field::new(field.name(), DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)), true),
            other => Field::new(field.name(), other.clone(), true),
        })
        .collect();
    let kept = Arc::new(Schema::new(kept));
    let files = snapshot.files("cases");
    let halves = [files.iter().step_by(2).collect::<Vec<_>>(), files.iter().skip(1).step_by(2).collect()];
    std::thread::scope(|scope| {
        for half in halves {
            let kept = Arc::clone(&kept);
            scope.spawn(move || {
                let mut rows = 0;
                for pinned in half {
                    let file = File::open(project.join("lake").join(&pinned.path)).expect("a file");
                    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
                    let plain = ArrowReaderMetadata::load(&file, options.clone()).expect("a footer");
                    let fields: Vec<Field> = plain
                        .schema()
                        .fields()
                        .iter()
                        .map(|field| match kept.field_with_name(field.name()) {
                            Ok(own) if *field.data_type() == DataType::Utf8 => own.clone(),
                            _ => field.as_ref().clone(),
                        })
                        .collect();
                    let options = options.with_schema(Arc::new(Schema::new(fields)));
                    let metadata = ArrowReaderMetadata::load(&file, options).expect("the columns as dictionaries");
                    let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata);
                    let mask = ProjectionMask::columns(builder.parquet_schema(), columns.iter().map(String::as_str));
                    for batch in builder.with_projection(mask).with_batch_size(8192).build().expect("a reader") {
                        rows += batch.expect("rows").num_rows();
                    }
                }
                std::hint::black_box(rows);
            });
        }
    });
}
