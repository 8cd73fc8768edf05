//! How many bytes a run may write.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts bytes as they are written and refuses the first one over its
/// allowance: the last line of defence of the footprint budget (FR-010),
/// should a plan ever have been wrong. Files that are written at the same time
/// share one.
#[derive(Debug)]
pub struct Meter {
    allowed: u64,
    written: AtomicU64,
}

/// The meter's refusal, carried inside an [`io::Error`].
#[derive(Debug, thiserror::Error)]
#[error("the write would pass its allowance of {allowed} bytes")]
pub struct OverAllowance {
    /// Bytes that were allowed in all.
    pub allowed: u64,
}

impl Meter {
    /// A meter that allows `allowed` bytes in all.
    #[must_use]
    pub const fn new(allowed: u64) -> Self {
        Self {
            allowed,
            written: AtomicU64::new(0),
        }
    }

    /// Bytes written so far.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// Accounts for `bytes` about to be written.
    ///
    /// # Errors
    /// [`OverAllowance`] as an [`io::Error`]; nothing is accounted then.
    pub fn account(&self, bytes: u64) -> io::Result<()> {
        let within = |written: u64| {
            let next = written.saturating_add(bytes);
            (next <= self.allowed).then_some(next)
        };
        self.written
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, within)
            .map(|_| ())
            .map_err(|_| {
                io::Error::other(OverAllowance {
                    allowed: self.allowed,
                })
            })
    }
}
