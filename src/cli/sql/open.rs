//! The session that readers get: the run that is current, and nothing newer.
//!
//! In: the project's library, `current.json`. Out: a session with source tables at the pinned versions, populations at the run's
//! instant, the run's result tables, and its quarantine; before the first published run, tables and quarantine of the last load. Never
//! here: writing, or results of a run that was not published.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use arrow::record_batch::RecordBatch;
use datafusion::prelude::{ParquetReadOptions, SessionContext, ident};
use jiff::civil::Date;

use crate::compute::attribution::Attribution;
use crate::compute::populations::{Dependencies, register_populations};
use crate::compute::run::moment_of;
use crate::error::{Context, Error, Kind, Result};
use crate::functions::{self, Clocks, Moment};
use crate::ingest::quarantine_schema;
use crate::lake::{Lake, SpillFolder};
use crate::library::Library;
use crate::library::indicator::Window;
use crate::nightly::journal::RunResults;
use crate::nightly::loading::shape_of;
use crate::release::Current;

/// What readers see.
pub struct Readers {
    /// The session.
    pub context: SessionContext,
    /// The instants of `$as_of` and `$from`.
    pub moment: Moment,
    /// The run.
    pub results: RunResults,
    /// Its result tables.
    pub tables: PathBuf,
    /// Where its queries spill; kept as long as they run.
    _spill: SpillFolder,
}

/// Source table → version in the lake.
type Versions = BTreeMap<String, u64>;

/// Opens the current run for reading; its populations stand as of `as_of`, or of the run's own date. Result tables are the run's. With
/// `versions` the source tables stand at these instead of the run's.
///
/// # Errors
/// Nothing was loaded yet, the files of the run are damaged, or a version is not there any more.
pub async fn open(
    library: &Library,
    out: &Path,
    as_of: Option<Date>,
    versions: Option<&Versions>,
    memory_limit: Option<usize>,
    cores: usize,
) -> Result<Readers> {
    let current = Current::read(&out.join("current.json"))?;
    let run = match &current {
        Some(current) => current.run.0.clone(),
        // Whoever begins wants to see what a load refused before anything could be published.
        None => last_run(out).ok_or_else(|| {
            Error::new(Kind::Configuration, format!("no run has been published in {}", out.display())).with_hint("`kaohe run` makes one")
        })?,
    };
    let folder = out.join("runs").join(&run);
    let doing = || format!("reading the run {run}");
    let text = std::fs::read_to_string(folder.join("run_results.json")).context(Kind::Environment, doing)?;
    let results: RunResults = serde_json::from_str(&text).context(Kind::Environment, doing)?;
    let own: Date = results.as_of.parse().context(Kind::Environment, doing)?;
    let lake = Lake::open(&out.join("lake"))?;
    let snapshot = match &current {
        Some(current) => lake.pin_at(versions.unwrap_or(&current.lake_versions)).await?,
        None => {
            eprintln!("no run has been published yet: these are the tables and the quarantine of {run}, without results");
            lake.pin().await?
        }
    };
    let spill = SpillFolder::new(&out.join("lake"), &format!("reader-{}", std::process::id()))?;
    let context = crate::lake::session(memory_limit, spill.path(), cores)?;
    functions::register(&context, &Clocks::of(library));
    let shapes: Vec<_> = library.tables.values().map(shape_of).collect();
    lake.register(&context, &snapshot, &shapes)?;
    let moment = moment_of(Window::Flow, as_of.unwrap_or(own));
    let (dependencies, _) = Dependencies::of(&context, library);
    // Populations count rows where they belong; the tables themselves show what was sent.
    Attribution::settle(&context, library, as_of.unwrap_or(own)).await.context(Kind::Query, || "putting rows where they count")?;
    register_populations(&context, library, &dependencies, moment).await;
    lake.register(&context, &snapshot, &shapes)?;
    let tables = folder.join("tables");
    for name in current.iter().flat_map(|current| current.tables.keys()) {
        let path = tables.join(format!("{name}.parquet"));
        context
            .register_parquet(name.as_str(), path.to_string_lossy().as_ref(), ParquetReadOptions::default())
            .await
            .context(Kind::Environment, || format!("opening the result table `{name}`"))?;
    }
    register_quarantine(&context, &folder.join("quarantine")).await?;
    Ok(Readers { context, moment, results, tables, _spill: spill })
}

/// The newest run that left its results, published or not.
fn last_run(out: &Path) -> Option<String> {
    let runs = std::fs::read_dir(out.join("runs")).ok()?.flatten();
    runs.filter(|run| run.path().join("run_results.json").is_file()).map(|run| run.file_name().to_string_lossy().into_owned()).max()
}

/// Name of the relation that holds the run's refused records.
pub const QUARANTINE: &str = "quarantine";

/// The records that the run refused, of all source tables, as one relation; it has no rows when none was refused.
///
/// `table` and `column` of the files are words of SQL: here they are called so that nobody has to quote them.
async fn register_quarantine(context: &SessionContext, folder: &Path) -> Result<()> {
    let doing = || "opening the quarantine".to_owned();
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<String> = entries.map(|entry| entry.path().to_string_lossy().into_owned()).collect();
    files.sort();
    let schema = quarantine_schema();
    let rows = if files.is_empty() {
        context.read_batch(RecordBatch::new_empty(schema))
    } else {
        context.read_parquet(files, ParquetReadOptions::default().schema(&schema)).await
    };
    let columns = [
        ("table", "source_table"),
        ("source_file", "source_file"),
        ("sheet", "sheet"),
        ("source_line", "source_line"),
        ("column", "columns"),
        ("reasons", "reasons"),
        ("raw_text", "raw_text"),
    ];
    let columns = columns.map(|(name, shown)| ident(name).alias(shown));
    let view = rows.and_then(|rows| rows.select(columns.to_vec())).context(Kind::Environment, doing)?.into_view();
    context.register_table(QUARANTINE, view).context(Kind::Environment, doing)?;
    Ok(())
}
