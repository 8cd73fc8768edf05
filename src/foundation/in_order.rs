//! Work on all cores whose results are taken in the order in which it was
//! given, so that what is made of them does not depend on the machine.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};

use rayon::ScopeFifo;

/// Pieces of work that are given and not yet taken, whatever the number of
/// cores: what bounds memory.
const MOST_PIECES: usize = 64;

/// A queue of work: pieces go in at one end and come out done at the other,
/// in their order, while later ones are worked on.
///
/// Whoever waits for a result does other work of the pool meanwhile, if it is a
/// thread of the pool.
pub struct InOrder<'work, R, F> {
    work: &'work F,
    done: Sender<Done<R>>,
    results: Receiver<Done<R>>,
    /// Results of pieces that overtook others.
    early: BTreeMap<usize, std::thread::Result<R>>,
    given: usize,
    taken: usize,
}

type Done<R> = (usize, std::thread::Result<R>);

impl<'work, R: Send + 'work, F: Sync> InOrder<'work, R, F> {
    /// An empty queue in which `work` is done.
    pub fn new(work: &'work F) -> Self {
        let (done, results) = channel();
        Self {
            work,
            done,
            results,
            early: BTreeMap::new(),
            given: 0,
            taken: 0,
        }
    }

    /// Whether another piece keeps a core busy rather than memory.
    #[must_use]
    pub fn has_room(&self) -> bool {
        let wanted = 2 * rayon::current_num_threads() + 2;
        self.given - self.taken < wanted.min(MOST_PIECES)
    }

    /// Gives a piece of work to the pool.
    pub fn give<T: Send + 'work>(&mut self, scope: &ScopeFifo<'work>, piece: T)
    where
        F: Fn(T) -> R,
    {
        let (number, work, done) = (self.given, self.work, self.done.clone());
        self.given += 1;
        scope.spawn_fifo(move |_| {
            let result = catch_unwind(AssertUnwindSafe(|| work(piece)));
            // Nobody waits for it any more after an error elsewhere.
            let _ = done.send((number, result));
        });
    }

    /// The next result, for which it waits; `None` when none is to come.
    ///
    /// # Panics
    /// When the work did.
    pub fn take(&mut self) -> Option<R> {
        if self.taken == self.given {
            return None;
        }
        while !self.early.contains_key(&self.taken) {
            let done = match self.results.try_recv() {
                Ok(done) => Some(done),
                // Where there is nothing to do, others are at all that is given.
                Err(_) => match rayon::yield_now() {
                    Some(rayon::Yield::Executed) => None,
                    Some(rayon::Yield::Idle) | None => Some(self.results.recv().ok()?),
                },
            };
            self.early.extend(done);
        }
        self.next_early()
    }

    /// The next result, if it is there already.
    ///
    /// # Panics
    /// When the work did.
    pub fn take_ready(&mut self) -> Option<R> {
        self.early.extend(self.results.try_iter());
        self.next_early()
    }

    fn next_early(&mut self) -> Option<R> {
        let result = self.early.remove(&self.taken)?;
        self.taken += 1;
        Some(result.unwrap_or_else(|panic| resume_unwind(panic)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_pieces() {
        // The earlier a piece, the longer it takes.
        let work = |piece: u64| {
            let rounds = (200 - piece) * 2_000;
            std::hint::black_box((0..rounds).sum::<u64>());
            piece * 2
        };
        let mut results = Vec::new();
        rayon::in_place_scope_fifo(|scope| {
            let mut queue = InOrder::new(&work);
            let mut pieces = 0..200;
            loop {
                while queue.has_room()
                    && let Some(piece) = pieces.next()
                {
                    queue.give(scope, piece);
                }
                let Some(result) = queue.take() else { break };
                results.push(result);
                results.extend(queue.take_ready());
            }
        });
        assert_eq!(results, (0..200).map(|piece| piece * 2).collect::<Vec<_>>());
    }

    #[test]
    fn work_that_panics_is_heard_of() {
        let work = |piece: u32| assert!(piece != 3, "three");
        let caught = catch_unwind(|| {
            rayon::in_place_scope_fifo(|scope| {
                let mut queue = InOrder::new(&work);
                (0..5).for_each(|piece| queue.give(scope, piece));
                while queue.take().is_some() {}
            });
        });
        assert!(caught.is_err());
    }
}
