//! The same work on several things, on several threads.
//!
//! In: things, and what is done with each. Out: the results in the order of the things, or the first error. Never here: what the work is.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

/// Does the work with each thing, on at most `threads` threads. After an error no thread begins with another thing.
///
/// # Errors
/// One of the work's own, of the thing that stands first among those that failed.
pub fn side_by_side<T: Sync, R: Send, E: Send>(
    things: &[T],
    threads: usize,
    work: impl Fn(&T) -> Result<R, E> + Sync,
) -> Result<Vec<R>, E> {
    let (next, has_failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let one_after_another = || {
        let mut done = Vec::new();
        while !has_failed.load(Ordering::Relaxed) {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(thing) = things.get(place) else { break };
            let result = work(thing);
            has_failed.fetch_or(result.is_err(), Ordering::Relaxed);
            done.push((place, result));
        }
        done
    };
    let mut done: Vec<(usize, Result<R, E>)> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads.max(1).min(things.len())).map(|_| scope.spawn(one_after_another)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
    });
    done.sort_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_stand_in_the_order_of_the_things_and_the_first_error_ends_the_work() {
        let things: Vec<usize> = (0..100).collect();
        for threads in [0, 1, 3, 200] {
            assert_eq!(side_by_side(&things, threads, |thing| Ok::<_, usize>(thing * 2)), Ok((0..100).map(|thing| thing * 2).collect()));
            let failing = side_by_side(&things, threads, |thing| if *thing >= 40 { Err(*thing) } else { Ok(()) });
            assert_eq!(failing, Err(40));
        }
        assert_eq!(side_by_side(&[], 2, |thing: &usize| Ok::<_, ()>(*thing)), Ok(Vec::new()));
    }
}
