//! How much work something is, for tests of how it grows. Counted is the time
//! this thread is on a core, and the best of several attempts: what runs beside
//! it must decide nothing.

#![allow(clippy::unwrap_used)]

use std::hint::black_box;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Efforts below this say nothing, and harm nobody.
const NEGLIGIBLE: Duration = Duration::from_millis(12);
/// How often a measurement that looks bad is repeated.
const ATTEMPTS: usize = 10;

/// The effort of `work`.
pub(crate) fn of<T>(work: impl FnOnce() -> T) -> Duration {
    let start = so_far();
    black_box(work());
    so_far() - start
}

fn so_far() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let nanoseconds = u32::try_from(time.tv_nsec).unwrap();
    Duration::new(u64::try_from(time.tv_sec).unwrap(), nanoseconds)
}

/// Asserts that `work` is at most `times` the effort of `measure`.
#[track_caller]
pub(crate) fn assert_within(
    times: u32,
    what: &str,
    mut measure: impl FnMut() -> Duration,
    mut work: impl FnMut() -> Duration,
) {
    let (mut least, mut own) = (Duration::MAX, Duration::MAX);
    for _ in 0..ATTEMPTS {
        least = least.min(measure());
        own = own.min(work());
        if own <= NEGLIGIBLE || own <= least * times {
            return;
        }
    }
    panic!("{what}: {own:?}, and {times} times {least:?} are tolerated");
}
