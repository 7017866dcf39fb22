//! A memory pool that also counts what the engine does not tell it, and is fair only where memory is short.
//!
//! In: what operators ask of the pool. Out: the pool's word, where a side of a join is asked for twice; to those that can spill yes, while they have less
//! than a quarter together; to what waits no, beyond a quarter. Never here: how large the pool is.
//!
//! A hash join tells of the batches that it gathers, and then makes one batch of them before it lets them go (`collect_left_input`, DataFusion
//! 55.2), as do a cross join and a nested loop: at that moment the process holds twice what was told. With 12 million cases and a limit of
//! 2 GiB a run held 4.1 GB.
//!
//! A fair pool gives each operator that can spill the same share, whether it holds anything or not: the plan of a detector has a hundred of
//! them, and one failed for 130 MB with 10 GB to give.
//!
//! What waits until a later part of a join is read ([`super::in_turn`]) may fill its shares and leave none to the sides of the joins, which can't
//! spill and for which all of it waits: it has a quarter of the pool at most, and the rest of it goes to disk.

use std::fmt::{self, Display, Formatter};
use std::sync::atomic::{AtomicUsize, Ordering};

use datafusion::common::{Result, resources_err};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation};

/// Consumers whose memory is held twice for a moment, by the beginning of their names.
const COPIED: [&str; 4] = ["HashJoinInput", "NestedLoopJoinLoad", "CrossJoinExec", "PiecewiseMergeJoinInput"];

/// A pool of which the sides of joins take twice what they ask for.
#[derive(Debug)]
pub(super) struct CountingCopies<Pool> {
    pool: Pool,
    /// What all that can spill have together.
    spillable: AtomicUsize,
    /// And of that, what only waits to be read.
    waiting: AtomicUsize,
}

impl<Pool: MemoryPool> CountingCopies<Pool> {
    /// The same limit as that of `pool`.
    pub fn new(pool: Pool) -> Self {
        Self { pool, spillable: AtomicUsize::new(0), waiting: AtomicUsize::new(0) }
    }

    /// Whether somebody who can spill may take so much, whatever its share: all of them together have less than a quarter. Later ones keep
    /// their shares, so that no more than a quarter is given twice; that much of the process' limit is not the pool's.
    fn leaves_room_for(&self, bytes: usize) -> bool {
        let MemoryLimit::Finite(limit) = self.pool.memory_limit() else { return false };
        let spillable = self.spillable.load(Ordering::Relaxed).saturating_add(bytes);
        spillable <= limit / ONE_PART_IN && self.pool.reserved().saturating_add(bytes) <= limit
    }

    /// Whether so much more may wait in memory.
    fn may_wait(&self, bytes: usize) -> bool {
        let MemoryLimit::Finite(limit) = self.pool.memory_limit() else { return true };
        self.waiting.load(Ordering::Relaxed).saturating_add(bytes) <= limit / ONE_PART_IN
    }

    fn count(&self, reservation: &MemoryReservation, bytes: usize) {
        if reservation.consumer().can_spill() {
            self.spillable.fetch_add(bytes, Ordering::Relaxed);
        }
        if waits(reservation) {
            self.waiting.fetch_add(bytes, Ordering::Relaxed);
        }
    }
}

/// Whether it is what the engine has dealt out by keys, and nobody has read yet.
fn waits(reservation: &MemoryReservation) -> bool {
    reservation.consumer().name().starts_with("RepartitionExec")
}

/// One part in so many of the pool goes to whoever comes first of those that can spill, and is the most that may wait.
const ONE_PART_IN: usize = 4;

/// What is taken from the pool for so many bytes.
fn with_copies(reservation: &MemoryReservation, bytes: usize) -> usize {
    let is_copied = COPIED.iter().any(|name| reservation.consumer().name().starts_with(name));
    if is_copied { bytes.saturating_mul(2) } else { bytes }
}

impl<Pool: MemoryPool> MemoryPool for CountingCopies<Pool> {
    fn name(&self) -> &str {
        self.pool.name()
    }

    fn register(&self, consumer: &MemoryConsumer) {
        self.pool.register(consumer);
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        self.pool.unregister(consumer);
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        let bytes = with_copies(reservation, additional);
        self.pool.grow(reservation, bytes);
        self.count(reservation, bytes);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        let bytes = with_copies(reservation, shrink);
        self.pool.shrink(reservation, bytes);
        if reservation.consumer().can_spill() {
            self.spillable.fetch_sub(bytes, Ordering::Relaxed);
        }
        if waits(reservation) {
            self.waiting.fetch_sub(bytes, Ordering::Relaxed);
        }
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        let bytes = with_copies(reservation, additional);
        if !reservation.consumer().can_spill() {
            return self.pool.try_grow(reservation, bytes);
        }
        if waits(reservation) && !self.may_wait(bytes) {
            return resources_err!("what waits for later parts of a join has its quarter of the memory");
        }
        if self.leaves_room_for(bytes) {
            self.pool.grow(reservation, bytes);
        } else {
            self.pool.try_grow(reservation, bytes)?;
        }
        self.count(reservation, bytes);
        Ok(())
    }

    fn reserved(&self) -> usize {
        self.pool.reserved()
    }

    fn memory_limit(&self) -> MemoryLimit {
        self.pool.memory_limit()
    }
}

impl<Pool: MemoryPool> Display for CountingCopies<Pool> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}, sides of joins twice", self.pool)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use datafusion::execution::memory_pool::FairSpillPool;
    use datafusion::execution::runtime_env::RuntimeEnvBuilder;
    use datafusion::prelude::{SessionConfig, SessionContext};

    use super::*;

    #[test]
    fn a_side_of_a_join_is_taken_twice_and_given_back_twice() {
        let pool: Arc<dyn MemoryPool> = Arc::new(CountingCopies::new(FairSpillPool::new(100)));
        let join = MemoryConsumer::new("HashJoinInput[0]").register(&pool);
        let other = MemoryConsumer::new("ExternalSorter[0]").register(&pool);
        assert!(join.try_grow(51).is_err());
        join.try_grow(40).expect("twice forty is within a hundred");
        assert!(other.try_grow(21).is_err());
        other.try_grow(20).expect("as told");
        join.shrink(30);
        assert_eq!(pool.reserved(), 40);
        drop((join, other));
        assert_eq!(pool.reserved(), 0);
    }

    #[test]
    fn who_spills_has_more_than_its_share_while_a_quarter_is_there_and_later_ones_keep_theirs() {
        let pool: Arc<dyn MemoryPool> = Arc::new(CountingCopies::new(FairSpillPool::new(100)));
        let sorters: Vec<MemoryReservation> =
            (0..10).map(|number| MemoryConsumer::new(format!("ExternalSorter[{number}]")).with_can_spill(true).register(&pool)).collect();
        sorters[0].try_grow(25).expect("a fair share would be ten");
        assert!(sorters[0].try_grow(1).is_err(), "from there on it spills");
        for sorter in &sorters[1..] {
            sorter.try_grow(10).expect("the others have their share");
            assert!(sorter.try_grow(1).is_err());
        }
        assert!(pool.reserved() <= 125, "no more than a quarter is given twice");
        sorters[0].shrink(25);
        drop(sorters);
        assert_eq!(pool.reserved(), 0);
        let alone = MemoryConsumer::new("ExternalSorter").with_can_spill(true).register(&pool);
        alone.try_grow(25).expect("what was given back counts no more");
    }

    #[test]
    fn what_waits_to_be_read_has_a_quarter_and_joins_have_the_rest() {
        let pool: Arc<dyn MemoryPool> = Arc::new(CountingCopies::new(FairSpillPool::new(100)));
        let waiting = |part| MemoryConsumer::new(format!("RepartitionExec[{part}]")).with_can_spill(true).register(&pool);
        let (first, second) = (waiting(0), waiting(1));
        first.try_grow(20).expect("less than a quarter");
        assert!(second.try_grow(6).is_err(), "the rest goes to disk");
        second.try_grow(5).expect("a quarter");
        let join = MemoryConsumer::new("HashJoinInput[0]").register(&pool);
        join.try_grow(37).expect("twice as much is there for a side of a join");
        first.shrink(20);
        second.try_grow(20).expect("what was read waits no more");
    }

    /// The names above are those of this version of the engine. (A nested loop writes to disk what does not fit.)
    #[tokio::test]
    async fn the_engine_calls_the_sides_of_its_joins_so() {
        let joins = ["SELECT count(*) FROM a JOIN b ON a.value = b.value", "SELECT sum(a.value * b.value) FROM a CROSS JOIN b"];
        for sql in joins {
            let refused = |limit| async move {
                let pool = CountingCopies::new(FairSpillPool::new(limit));
                let runtime = RuntimeEnvBuilder::new().with_memory_pool(Arc::new(pool)).build_arc().expect("a runtime");
                let context = SessionContext::new_with_config_rt(SessionConfig::new().with_target_partitions(1), runtime);
                for table in ["a", "b"] {
                    let made = format!("CREATE TABLE {table} AS SELECT value FROM generate_series(1, 3000) AS rows (value)");
                    context.sql(&made).await.expect("planned").collect().await.expect("made");
                }
                context.sql(sql).await.expect("planned").collect().await.err().map(|error| error.to_string())
            };
            let message = refused(1 << 10).await.unwrap_or_else(|| panic!("{sql}: it fits"));
            assert!(COPIED.iter().any(|name| message.contains(name)), "{sql}: {message}");
        }
    }
}
