//! Threads, as far as the machine has any to give.

use std::error::Error;
use std::io;
use std::panic::resume_unwind;
use std::sync::OnceLock;
use std::thread;

/// Starts the pool in which heavy work is done on all cores. Where no thread is to
/// be had at all, the calling one does that work.
///
/// # Errors
/// When there are threads, but fewer than cores.
pub fn start_pool() -> io::Result<()> {
    static STARTED: OnceLock<Result<(), String>> = OnceLock::new();
    let started = STARTED.get_or_init(|| {
        let probe = thread::Builder::new().spawn(|| ());
        let pool = rayon::ThreadPoolBuilder::new();
        let pool = match probe.map(thread::JoinHandle::join) {
            Ok(_) => pool,
            Err(_) => pool.num_threads(1).use_current_thread(),
        };
        match pool.build_global() {
            // The only other error is that there is a pool already.
            Err(error) if error.source().is_some() => Err(error.to_string()),
            Ok(()) | Err(_) => Ok(()),
        }
    });
    started.clone().map_err(io::Error::other)
}

/// Does `here` on this thread and the others on threads of their own: they wait
/// for the disk more than they compute. Those for which there is no thread come
/// after `here`, the last first: a job may wait for one behind it. Ends when all
/// have; the first error.
///
/// # Errors
/// Those of the jobs.
pub fn at_once<E: Send, const N: usize>(
    beside: [&(dyn Fn() -> Result<(), E> + Sync); N],
    here: impl FnOnce() -> Result<(), E>,
) -> Result<(), E> {
    thread::scope(|scope| {
        let running = beside.map(|job| {
            let thread = thread::Builder::new().spawn_scoped(scope, job);
            thread.map_err(|_| job)
        });
        let mut done = here();
        let mut threads = Vec::with_capacity(N);
        for job in running.into_iter().rev() {
            match job {
                Ok(thread) => threads.push(thread),
                Err(job) => done = done.and(job()),
            }
        }
        let ended = threads
            .into_iter()
            .rev()
            .map(thread::ScopedJoinHandle::join);
        ended.fold(done, |done, ended| {
            done.and(ended.unwrap_or_else(|why| resume_unwind(why)))
        })
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn all_jobs_end_and_the_first_error_counts() {
        assert!(start_pool().is_ok() && start_pool().is_ok());
        let count = std::sync::atomic::AtomicUsize::new(0);
        let job = |outcome: Result<(), u8>| {
            count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            outcome
        };
        let fine = || job(Ok(()));
        let wrong = || job(Err(1));
        assert_eq!(at_once([&fine, &wrong, &fine], || job(Ok(()))), Err(1));
        assert_eq!(at_once([&wrong, &fine], || job(Err(2))), Err(2));
        assert_eq!(at_once([&fine], || job(Ok(()))), Ok(()));
        assert_eq!(count.into_inner(), 9);
    }
}
