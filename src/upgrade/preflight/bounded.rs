//! Work that may never come back, waited for only so long.
//!
//! A stat on a dead network mount blocks in the kernel and cannot be
//! cancelled. So every item is worked on in a helper thread; one that does
//! not finish in time is given up, and its thread with it: it ends with the
//! process.

use std::sync::{Arc, mpsc};
use std::thread::Builder;
use std::time::{Duration, Instant};

/// Items worked on at the same time.
const AT_ONCE: usize = 8;

/// The result of `work` on each item, in order; `None` for one that took
/// longer than `wait`. Items that answer promptly cost no waiting, however
/// many there are. Where no thread is to be had at all, the calling one does
/// the work, and waits for as long as it takes.
pub fn each<T, R, F>(items: Vec<T>, wait: Duration, work: F) -> Vec<Option<R>>
where
    T: Send + Sync + 'static,
    R: Send + 'static,
    F: Fn(&T) -> R + Send + Sync + 'static,
{
    let count = items.len();
    let shared = Arc::new((items, work));
    let (sender, receiver) = mpsc::channel();
    let mut results: Vec<Option<R>> = (0..count).map(|_| None).collect();
    let mut active: Vec<(usize, Instant)> = Vec::new();
    let mut waiting = 0..count;
    loop {
        while active.len() < AT_ONCE && !waiting.is_empty() {
            let index = waiting.start;
            let (theirs, sender) = (Arc::clone(&shared), sender.clone());
            let thread = Builder::new().spawn(move || {
                let result = (theirs.1)(&theirs.0[index]);
                // Nobody listens when this item was given up.
                let _ = sender.send((index, result));
            });
            match thread {
                Ok(_) => active.push((index, Instant::now())),
                // One that ends makes room.
                Err(_) if !active.is_empty() => break,
                Err(_) => results[index] = Some((shared.1)(&shared.0[index])),
            }
            waiting.start += 1;
        }
        // Items start in order, so the first is the one that is due first.
        let Some((_, since)) = active.first() else {
            return results;
        };
        match receiver.recv_timeout(wait.saturating_sub(since.elapsed())) {
            Ok((index, result)) => {
                if let Some(position) = active.iter().position(|(other, _)| *other == index) {
                    active.remove(position);
                    results[index] = Some(result);
                }
            }
            Err(_) => active.retain(|(_, since)| since.elapsed() < wait),
        }
    }
}
