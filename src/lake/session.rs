//! The SQL session: how much memory, where it spills, how many cores, and the rule that queries only read.
//!
//! In: limits that the command line decided. Out: a `SessionContext` that knows no table yet.
//! Never here: tables (see `provider`), functions (see `crate::functions`).

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use datafusion::execution::SessionStateBuilder;
use datafusion::execution::context::SQLOptions;
use datafusion::execution::memory_pool::TrackConsumersPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::{SessionConfig, SessionContext};

use super::durable::create_folders;
use super::pool::SessionPool;
use super::room::RoomForRows;
use super::sorted_windows::ReadSortedRowsOnce;
use crate::error::{Context, Error, Kind, Result};

/// What the process needs beside the pool: code, Arrow buffers in flight, allocator slack. Measured, see the pool's tests in
/// the benches: about 90 MB over the pool on top of 57 MB at start.
const BESIDE_THE_POOL: usize = 150 << 20;
/// Up to here all of what is left is the pool's …
const ALL_TO_THE_POOL: usize = 512 << 20;
/// … and of what is above, one part in so many is not: sorters that merge and write, and memory that is freed and not yet given back, are not
/// told, and there is the more of them the more is sorted. Measured with 12 million cases and 2 GiB: all of it to the pool, and the process
/// held 2.8 GiB.
const LEFT_OUT: usize = 4;
/// Below this no aggregation over a real province ends.
const SMALLEST_POOL: usize = 32 << 20;
/// A query that spills more than this is a mistake; it must not fill the disk.
const LARGEST_SPILL: u64 = 64 << 30;

/// A session without tables. `memory_limit` is for the whole process, in bytes; `temp` takes what does not fit.
pub fn session(memory_limit: Option<usize>, temp: &Path, target_partitions: usize) -> Result<SessionContext> {
    create_folders(temp).context(Kind::Environment, || format!("creating the temporary folder `{}`", temp.display()))?;
    let mut runtime = RuntimeEnvBuilder::new().with_temp_file_path(temp).with_max_temp_directory_size(LARGEST_SPILL);
    if let Some(limit) = memory_limit {
        let left = limit.saturating_sub(BESIDE_THE_POOL);
        let pool = (left - left.saturating_sub(ALL_TO_THE_POOL) / LEFT_OUT).max(SMALLEST_POOL);
        let named_in_errors = NonZeroUsize::new(5).expect("five is not zero");
        runtime = runtime.with_memory_pool(Arc::new(TrackConsumersPool::new(SessionPool::new(pool, limit), named_in_errors)));
    }
    let runtime = runtime.build_arc().context(Kind::Environment, || "preparing the SQL session")?;
    let mut config = SessionConfig::new().with_target_partitions(target_partitions.max(1)).with_information_schema(true);
    // Messages point at the place in the text of a query.
    config.options_mut().sql_parser.collect_spans = true;
    // Sorted views keep the buffers of every batch they were taken from, and accounting walks them all, batch by batch: sorting a million
    // rows by a text that was cast spent most of its time there.
    config.options_mut().sql_parser.map_string_types_to_utf8view = false;
    // The first records of every unit are found without sorting all of them.
    config.options_mut().optimizer.enable_window_topn = true;
    let state = SessionStateBuilder::new().with_default_features().with_config(config).with_runtime_env(runtime);
    Ok(SessionContext::new_with_state(state.with_physical_optimizer_rule(Arc::new(ReadSortedRowsOnce)).build()))
}

/// A session for a run, whose queries read the same rows again and again: they stay in memory as far as the limit leaves room.
pub fn session_of_a_run(memory_limit: Option<usize>, temp: &Path, target_partitions: usize) -> Result<SessionContext> {
    let context = session(memory_limit, temp, target_partitions)?;
    context.state_ref().write().config_mut().set_extension(Arc::new(RoomForRows::within(memory_limit)));
    Ok(context)
}

/// Refuses a plan that does anything but read.
pub fn verify_read_only(plan: &LogicalPlan) -> Result<()> {
    let options = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    options.verify_plan(plan).map_err(|error| {
        Error::new(Kind::Query, error.strip_backtrace()).with_hint("queries only read; the lake is written by `kaohe load` and `kaohe run`")
    })
}

#[cfg(test)]
mod tests {
    use datafusion::execution::memory_pool::MemoryLimit;

    use super::*;

    #[tokio::test]
    async fn a_session_reads_and_does_nothing_else() {
        let temp = tempfile::tempdir().expect("temporary folder");
        let context = session(None, temp.path(), 2).expect("a session");
        for refused in
            ["CREATE TABLE t AS SELECT 1", "COPY (SELECT 1) TO '/tmp/x.csv' STORED AS CSV", "SET datafusion.execution.batch_size = 1"]
        {
            let plan = context.state().create_logical_plan(refused).await.expect("it parses");
            assert_eq!(verify_read_only(&plan).expect_err(refused).kind, Kind::Query);
        }
        for allowed in ["SELECT 1", "EXPLAIN SELECT 1", "SELECT table_name FROM information_schema.tables"] {
            let plan = context.state().create_logical_plan(allowed).await.expect("it parses");
            verify_read_only(&plan).expect(allowed);
        }
    }

    #[test]
    fn the_pool_leaves_room_for_what_it_does_not_see() {
        let temp = tempfile::tempdir().expect("temporary folder");
        let pool = |limit| match session(Some(limit), temp.path(), 1).expect("a session").runtime_env().memory_pool.memory_limit() {
            MemoryLimit::Finite(bytes) => bytes,
            _ => panic!("the pool is limited"),
        };
        assert_eq!(pool(512 << 20), 362 << 20);
        assert_eq!(pool(2210 << 20), (512 + 1161) << 20);
        assert_eq!(pool(64 << 20), 32 << 20);
    }
}
