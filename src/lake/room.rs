//! Memory for what stays between the queries of a run.
//!
//! In: the memory limit of the process. Out: [`Held`] pieces of it, given to whoever comes first, told to the memory pool, as is what a run
//! holds of its results. Never here: which rows are worth it.
//!
//! A run reads the same tables and populations some hundred times. Where memory is plenty, what was decoded once stays; where it is short,
//! nothing is held, and all of it is there for joins and sorts.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use datafusion::execution::memory_pool::{MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation};
use datafusion::prelude::{SessionConfig, SessionContext};

/// Tells the session's pool of bytes that a run holds for itself, until the answer goes: queries have so much less. A quarter of the pool at most: results of
/// a large province in little memory would leave nothing to queries, and all of them would fail.
pub fn told_to_queries(context: &SessionContext, name: &str, bytes: usize) -> MemoryReservation {
    let pool = &context.runtime_env().memory_pool;
    let most = match pool.memory_limit() {
        MemoryLimit::Finite(limit) => limit / 4,
        _ => bytes,
    };
    let told = MemoryConsumer::new(name.to_owned()).register(pool);
    told.grow(bytes.min(most));
    told
}

/// What joins, sorts and counts of a province need first.
const NEEDED_BY_QUERIES: usize = 2 << 30;
/// From this room on, memory is plenty: a limit of 5 GiB.
const PLENTY: usize = 1 << 30;
/// What is held where nobody set a limit.
const WITHOUT_LIMIT: usize = 1 << 30;

/// Bytes that rows may take between queries.
#[derive(Debug)]
pub struct RoomForRows {
    all: usize,
    taken: Arc<AtomicUsize>,
}

impl RoomForRows {
    /// A third of what the limit of the process leaves when queries have theirs.
    pub fn within(memory_limit: Option<usize>) -> Self {
        let all = memory_limit.map_or(WITHOUT_LIMIT, |limit| limit.saturating_sub(NEEDED_BY_QUERIES) / 3);
        Self { all, taken: Arc::default() }
    }

    /// The room of a session; none where nothing is held.
    pub fn of(config: &SessionConfig) -> Option<Arc<Self>> {
        config.get_extension::<Self>()
    }

    /// Whether queries may hold their sides of joins at the same time.
    pub fn is_plenty(&self) -> bool {
        self.all >= PLENTY
    }

    /// A piece of nothing yet, under a name for messages.
    pub fn hold(&self, name: &str, pool: &Arc<dyn MemoryPool>) -> Held {
        let reservation = MemoryConsumer::new(format!("rows of {name}")).register(pool);
        Held { all: self.all, taken: Arc::clone(&self.taken), reservation }
    }
}

/// A piece of the room; it is free again when this goes.
#[derive(Debug)]
pub struct Held {
    all: usize,
    taken: Arc<AtomicUsize>,
    reservation: MemoryReservation,
}

impl Held {
    /// Takes more, if there is as much left; says whether it was.
    pub fn try_grow(&self, bytes: usize) -> bool {
        let grown = |taken: usize| taken.checked_add(bytes).filter(|taken| *taken <= self.all);
        if self.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, grown).is_err() {
            return false;
        }
        let is_told = self.reservation.try_grow(bytes).is_ok();
        if !is_told {
            self.taken.fetch_sub(bytes, Ordering::Relaxed);
        }
        is_told
    }

    /// Gives some of it back.
    pub fn shrink(&self, bytes: usize) {
        self.reservation.shrink(bytes);
        self.taken.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.taken.fetch_sub(self.reservation.size(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use datafusion::execution::memory_pool::GreedyMemoryPool;

    use super::*;

    #[test]
    fn no_more_is_held_than_the_limit_leaves_and_what_is_given_back_is_there_again() {
        let pool: Arc<dyn MemoryPool> = Arc::new(GreedyMemoryPool::new(8 << 30));
        let room = RoomForRows::within(Some(5 << 30));
        let (one, two) = (room.hold("one", &pool), room.hold("two", &pool));
        assert!(one.try_grow(1 << 30) && !two.try_grow(1), "a third of three");
        assert_eq!(pool.reserved(), 1 << 30);
        one.shrink(1);
        assert!(two.try_grow(1) && !two.try_grow(1));
        two.shrink(1);
        drop(one);
        assert!(two.try_grow(1 << 30));
        assert_eq!(pool.reserved(), 1 << 30);
        assert!(!RoomForRows::within(Some(2 << 30)).hold("short", &pool).try_grow(1), "all of it is for queries");
        let narrow: Arc<dyn MemoryPool> = Arc::new(GreedyMemoryPool::new(10));
        let told = RoomForRows::within(None).hold("told", &narrow);
        assert!(!told.try_grow(11) && told.try_grow(10), "the pool has the last word");
    }
}
