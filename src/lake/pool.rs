//! A memory pool that also counts what the engine does not tell it, and is fair only where memory is short.
//!
//! In: what operators ask of the pool, what the process holds. Out: the pool's word. Never here: how large the pool is.
//!
//! | who asks | how it is counted | what it may have |
//! |---|---|---|
//! | a side of a join | twice | what is left |
//! | what was dealt out by keys and nobody has read yet | as told | whatever it asks for, or see below |
//! | the same in a plan that runs in parts ([`super::in_turn`]) | as told | what is left, all of them together a quarter; the rest goes to disk |
//! | who else can spill | as told | its share of what the others don't have; or more, while all who spill have less than a quarter |
//! | who can't | as told | what is left |
//!
//! A hash join tells of the batches that it gathers, and then makes one batch of them before it lets them go (`collect_left_input`, DataFusion
//! 55.2), as do a cross join and a nested loop: at that moment the process holds twice what was told. With 12 million cases and a limit of
//! 2 GiB a run held 4.1 GB.
//!
//! The engine's fair pool (whose shares these are) gives each operator that can spill the same, whether it holds anything or not: the plan of a
//! detector has a hundred of them, and one failed for 130 MB with 10 GB to give. What waits has a consumer for every part of every join: were
//! each of them given a share, a sort beside them would have a hundredth of the pool, and were all of them, the joins they wait for would have nothing.
//!
//! What was dealt out is refused only where a single task deals it out. Several at once write to several files, and the reader of them waits at the end of
//! the first for rows that lie in the second, while those who write wait for the reader (apache/datafusion#24883, in 55.2; #24891 mends it): a run over 10 million
//! cases stood still for ever. Elsewhere it has what it asks for, and those beside it are refused: the query is asked again, in parts.
//!
//! Much is told by nobody: results of the run so far, rows on their way from one operator to the next, what sorters merge. So the pool also looks at
//! what the process really holds, and gives nothing more once that is as much as the process may; but a quarter of the pool is always there to be
//! given, so that the work goes on, in less memory and more time. With 10 million cases and a limit of 12 GiB a run held 18 GB before.

use std::fmt::{self, Display, Formatter};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use datafusion::common::{Result, resources_err};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation};

use crate::process_memory;

/// Consumers whose memory is held twice for a moment, by the beginning of their names.
const COPIED: [&str; 4] = ["HashJoinInput", "NestedLoopJoinLoad", "CrossJoinExec", "PiecewiseMergeJoinInput"];

/// Consumers of what the engine has dealt out by keys and nobody has read yet.
const DEALT_OUT: &str = "RepartitionExec";

/// All of these of a plan in parts, as one consumer.
const WAITING: &str = "rows of later parts";

/// One part in so many of the pool goes to whoever comes first of those that can spill, is the most that may wait, and is given whatever the process holds.
const ONE_PART_IN: usize = 4;

/// For how many who ask it is believed what the process held when it was looked at …
const BELIEVED_FOR: u32 = 64;
/// … and up to how many bytes that were given since.
const BELIEVED_UP_TO: usize = 16 << 20;

/// The pool of a session.
#[derive(Debug)]
pub(super) struct SessionPool {
    limit: usize,
    process: Process,
    taken: Mutex<Taken>,
}

/// What the process may hold, and how one sees what it does.
#[derive(Debug, Clone, Copy)]
struct Process {
    limit: usize,
    resident: fn() -> Option<u64>,
}

/// Bytes, by who has them.
#[derive(Debug, Default)]
struct Taken {
    /// How many there are that can spill; those that wait are not among them.
    spillers: usize,
    by_spillers: usize,
    by_waiting: usize,
    by_others: usize,
    /// Bytes that are taken for copies which are still to be made.
    for_copies: usize,
    seen: Option<Seen>,
}

/// What the process held at some moment.
#[derive(Debug)]
struct Seen {
    resident: usize,
    /// How often somebody has asked since.
    asked: u32,
    /// Bytes that were given since.
    given: usize,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Spiller,
    DealtOut,
    Waiting,
    Other,
}

fn is_dealt_out(consumer: &MemoryConsumer) -> bool {
    consumer.name().starts_with(DEALT_OUT)
}

fn kind_of(consumer: &MemoryConsumer) -> Kind {
    match consumer.can_spill() {
        true if is_dealt_out(consumer) => Kind::DealtOut,
        true if consumer.name() == WAITING => Kind::Waiting,
        true => Kind::Spiller,
        false => Kind::Other,
    }
}

/// Bytes that will be copied before they are let go.
fn copied(reservation: &MemoryReservation, bytes: usize) -> usize {
    let is_copied = COPIED.iter().any(|name| reservation.consumer().name().starts_with(name));
    if is_copied { bytes } else { 0 }
}

impl Taken {
    fn of(&mut self, kind: Kind) -> &mut usize {
        match kind {
            Kind::Spiller => &mut self.by_spillers,
            Kind::Waiting => &mut self.by_waiting,
            Kind::DealtOut | Kind::Other => &mut self.by_others,
        }
    }

    fn all(&self) -> usize {
        self.by_spillers.saturating_add(self.by_waiting).saturating_add(self.by_others)
    }

    /// Whether the process may hold so much more.
    fn fits_into(&mut self, process: Process, bytes: usize) -> bool {
        let is_believed = |seen: &Seen| seen.asked < BELIEVED_FOR && seen.given < BELIEVED_UP_TO;
        if !self.seen.as_ref().is_some_and(is_believed) {
            let resident = (process.resident)().and_then(|bytes| usize::try_from(bytes).ok());
            self.seen = resident.map(|resident| Seen { resident, asked: 0, given: 0 });
        }
        if let Some(seen) = &mut self.seen {
            seen.asked += 1;
        }
        let held = |seen: &Seen| seen.resident.saturating_add(seen.given).saturating_add(self.for_copies);
        self.seen.as_ref().is_none_or(|seen| held(seen).saturating_add(bytes) <= process.limit)
    }

    fn give(&mut self, kind: Kind, bytes: usize, copies: usize) {
        *self.of(kind) += bytes + copies;
        self.for_copies += copies;
        if let Some(seen) = &mut self.seen {
            seen.given = seen.given.saturating_add(bytes);
        }
    }

    /// Whether somebody who holds `held` may have so much more of a pool of `limit` bytes.
    fn leaves(&self, limit: usize, kind: Kind, held: usize, bytes: usize) -> bool {
        let is_left = self.all().saturating_add(bytes) <= limit;
        match kind {
            Kind::DealtOut => true,
            Kind::Other => is_left,
            Kind::Waiting => is_left && self.by_waiting.saturating_add(bytes) <= limit / ONE_PART_IN,
            Kind::Spiller => {
                let first = is_left && self.by_spillers.saturating_add(bytes) <= limit / ONE_PART_IN;
                // Later ones keep their shares, so that no more than a quarter is given twice; that much of the process' limit is not the pool's.
                let shared = limit.saturating_sub(self.by_waiting.saturating_add(self.by_others));
                first || held.saturating_add(bytes) <= shared / self.spillers.max(1)
            }
        }
    }
}

impl SessionPool {
    /// A pool of so many bytes, in a process that may hold `of_process`.
    pub fn new(limit: usize, of_process: usize) -> Self {
        // Unit tests share a process: what it holds is not this session's.
        let resident = if cfg!(test) { || None } else { process_memory::resident };
        Self { limit, process: Process { limit: of_process, resident }, taken: Mutex::default() }
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl MemoryPool for SessionPool {
    fn name(&self) -> &str {
        "session"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        self.taken().spillers += usize::from(kind_of(consumer) == Kind::Spiller);
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        let mut taken = self.taken();
        taken.spillers = taken.spillers.saturating_sub(usize::from(kind_of(consumer) == Kind::Spiller));
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        self.taken().give(kind_of(reservation.consumer()), additional, copied(reservation, additional));
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        let copies = copied(reservation, shrink);
        let mut taken = self.taken();
        *taken.of(kind_of(reservation.consumer())) -= shrink + copies;
        taken.for_copies -= copies;
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        let (kind, copies) = (kind_of(reservation.consumer()), copied(reservation, additional));
        let bytes = additional.saturating_add(copies);
        let mut taken = self.taken();
        if !taken.leaves(self.limit, kind, reservation.size(), bytes) {
            let left = self.limit.saturating_sub(taken.all());
            return resources_err!("{bytes} bytes for {} of the {left} that are left of {}", reservation.consumer().name(), self.limit);
        }
        let is_little = kind == Kind::DealtOut || taken.all().saturating_add(bytes) <= self.limit / ONE_PART_IN;
        if !is_little && !taken.fits_into(self.process, bytes) {
            let (name, limit) = (reservation.consumer().name(), self.process.limit);
            return resources_err!("{bytes} bytes for {name} in a process that holds nearly the {limit} that it may");
        }
        taken.give(kind, additional, copies);
        Ok(())
    }

    fn reserved(&self) -> usize {
        self.taken().all()
    }

    fn memory_limit(&self) -> MemoryLimit {
        MemoryLimit::Finite(self.limit)
    }
}

impl Display for SessionPool {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "session(pool_size: {})", self.limit)
    }
}

/// The pool of a session, for plans in which each dealing out is one task's work: what waits for a later part goes to disk.
#[derive(Debug)]
pub(super) struct PoolInParts {
    pool: Arc<dyn MemoryPool>,
    waiting: MemoryReservation,
}

impl PoolInParts {
    /// A part of this pool is that pool.
    pub fn over(pool: Arc<dyn MemoryPool>) -> Self {
        let waiting = MemoryConsumer::new(WAITING).with_can_spill(true).register(&pool);
        Self { pool, waiting }
    }
}

impl MemoryPool for PoolInParts {
    fn name(&self) -> &str {
        "session in parts"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        if !is_dealt_out(consumer) {
            self.pool.register(consumer);
        }
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        if !is_dealt_out(consumer) {
            self.pool.unregister(consumer);
        }
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        if is_dealt_out(reservation.consumer()) { self.waiting.grow(additional) } else { self.pool.grow(reservation, additional) }
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        if is_dealt_out(reservation.consumer()) { self.waiting.shrink(shrink) } else { self.pool.shrink(reservation, shrink) }
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        if is_dealt_out(reservation.consumer()) { self.waiting.try_grow(additional) } else { self.pool.try_grow(reservation, additional) }
    }

    fn reserved(&self) -> usize {
        self.pool.reserved()
    }

    fn memory_limit(&self) -> MemoryLimit {
        self.pool.memory_limit()
    }
}

impl Display for PoolInParts {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "in parts of {}", self.pool)
    }
}

#[cfg(test)]
mod tests {
    use datafusion::execution::runtime_env::RuntimeEnvBuilder;
    use datafusion::prelude::{SessionConfig, SessionContext};

    use super::*;

    /// More than any test holds.
    const PLENTY: usize = usize::MAX;

    #[test]
    fn a_side_of_a_join_is_taken_twice_and_given_back_twice() {
        let pool: Arc<dyn MemoryPool> = Arc::new(SessionPool::new(100, PLENTY));
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
        let pool: Arc<dyn MemoryPool> = Arc::new(SessionPool::new(100, PLENTY));
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
        let whole: Arc<dyn MemoryPool> = Arc::new(SessionPool::new(100, PLENTY));
        let pool: Arc<dyn MemoryPool> = Arc::new(PoolInParts::over(Arc::clone(&whole)));
        let waiting = |part| MemoryConsumer::new(format!("RepartitionExec[{part}]")).with_can_spill(true).register(&pool);
        let (first, second) = (waiting(0), waiting(1));
        first.try_grow(20).expect("less than a quarter");
        assert!(second.try_grow(6).is_err(), "the rest goes to disk");
        second.try_grow(5).expect("a quarter");
        let sorter = MemoryConsumer::new("ExternalSorter[0]").with_can_spill(true).register(&pool);
        sorter.try_grow(75).expect("what waits takes nobody's share");
        sorter.shrink(75);
        let join = MemoryConsumer::new("HashJoinInput[0]").register(&pool);
        join.try_grow(37).expect("twice as much is there for a side of a join");
        first.shrink(20);
        second.try_grow(20).expect("what was read waits no more");
        drop((first, second, sorter, join));
        assert_eq!(whole.reserved(), 0);
    }

    #[test]
    fn what_several_tasks_deal_out_is_never_refused_and_leaves_less_to_others() {
        let pool: Arc<dyn MemoryPool> = Arc::new(SessionPool::new(100, PLENTY));
        let dealt = MemoryConsumer::new("RepartitionExec[0]").with_can_spill(true).register(&pool);
        dealt.try_grow(90).expect("it would stand still");
        let join = MemoryConsumer::new("HashJoinInput[0]").register(&pool);
        assert!(join.try_grow(6).is_err(), "the query is asked again, in parts");
        dealt.try_grow(90).expect("even then");
        dealt.shrink(180);
        assert_eq!(pool.reserved(), 0);
    }

    #[test]
    fn a_process_that_holds_what_it_may_gives_a_quarter_of_the_pool_and_no_more() {
        let pool = |of_process: usize| -> Arc<dyn MemoryPool> {
            let process = Process { limit: of_process, resident: || Some(1000) };
            Arc::new(SessionPool { process, ..SessionPool::new(10_000, 0) })
        };
        let consumers = |pool| {
            (MemoryConsumer::new("GroupedHashAggregateStream[0]").register(pool), MemoryConsumer::new("HashJoinInput[0]").register(pool))
        };
        let full = pool(1000);
        let (groups, join) = consumers(&full);
        groups.try_grow(2500).expect("a quarter, so that the work goes on");
        assert!(groups.try_grow(1).is_err() && join.try_grow(1).is_err());
        groups.shrink(2500);
        join.try_grow(1250).expect("what was given back can be given again");
        let nearly = pool(7500);
        let (groups, join) = consumers(&nearly);
        join.try_grow(3000).expect("three thousand, and as many for their copy");
        let refused = groups.try_grow(3501).expect_err("the pool has four thousand, the process has not");
        assert!(refused.to_string().contains("in a process that holds nearly the 7500"), "{refused}");
        groups.try_grow(500).expect("both have five hundred");
    }

    /// The names above are those of this version of the engine. (A nested loop writes to disk what does not fit.)
    #[tokio::test]
    async fn the_engine_calls_the_sides_of_its_joins_so() {
        let joins = ["SELECT count(*) FROM a JOIN b ON a.value = b.value", "SELECT sum(a.value * b.value) FROM a CROSS JOIN b"];
        for sql in joins {
            let refused = |limit| async move {
                let pool = SessionPool::new(limit, PLENTY);
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
