//! What `stat` says of a file, in 64 bits.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::Stat;
use serde::{Deserialize, Serialize};

/// A summary of a file's size, modification and status change times, inode
/// and device. Equal fingerprints mean "not touched", provided the earlier
/// one was [`settled`](Self::settled).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Fingerprint {
    /// The summary.
    pub value: u64,
    /// Whether a later change is sure to change the summary. It is not when
    /// the file was touched so shortly before the look that another write
    /// could carry the same time (git calls such an entry racily clean): its
    /// content has to be compared next time.
    pub settled: bool,
}

/// Time stamps advance in steps of a kernel tick (up to 10 ms) where they
/// show fractions of a second, and of two seconds on the coarsest file
/// system (FAT).
const FINE: Duration = Duration::from_millis(50);
const COARSE: Duration = Duration::from_secs(2);

impl Fingerprint {
    /// The fingerprint for what `stat` told at `now` or later.
    pub(super) fn of(stat: &Stat, now: SystemTime) -> Self {
        let modified = (signed(stat.st_mtime), unsigned(stat.st_mtime_nsec));
        let changed = (signed(stat.st_ctime), unsigned(stat.st_ctime_nsec));
        let words = [
            size(stat),
            modified.0.cast_unsigned(),
            modified.1,
            changed.0.cast_unsigned(),
            changed.1,
            unsigned(stat.st_ino),
            unsigned(stat.st_dev),
        ];
        Self {
            value: mix(&words),
            settled: is_settled(
                modified.max(changed),
                modified.1 != 0 || changed.1 != 0,
                now,
            ),
        }
    }
}

/// A file's size in bytes.
pub(super) fn size(stat: &Stat) -> u64 {
    unsigned(stat.st_size)
}

fn is_settled(latest: (i64, u64), fine: bool, now: SystemTime) -> bool {
    let Ok(now) = now.duration_since(UNIX_EPOCH) else {
        return false;
    };
    let horizon = now.saturating_sub(if fine { FINE } else { COARSE });
    let horizon = (
        i64::try_from(horizon.as_secs()).unwrap_or(i64::MAX),
        u64::from(horizon.subsec_nanos()),
    );
    latest < horizon
}

/// Multiply-and-fold over 128 bits (the mixing step of wyhash): not
/// cryptographic; nobody gains by forging their own file times.
fn mix(words: &[u64]) -> u64 {
    let mut hash = 0x9e37_79b9_7f4a_7c15_u64;
    for word in words {
        let product = u128::from(hash ^ word) * 0xa076_1d64_78bd_642f_u128;
        #[allow(clippy::cast_possible_truncation)] // folding the halves is the point
        let folded = (product >> 64) as u64 ^ product as u64;
        hash = folded ^ hash.rotate_left(23);
    }
    hash
}

// The widths and signs of these fields differ between platforms; a value
// that does not fit can only come from a broken file system.
fn unsigned<T: TryInto<u64>>(value: T) -> u64 {
    value.try_into().unwrap_or(u64::MAX)
}

fn signed<T: TryInto<i64>>(value: T) -> i64 {
    value.try_into().unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fresh_time_stamp_is_not_settled() {
        let now = UNIX_EPOCH + Duration::from_millis(1_000_500);
        assert!(is_settled((1_000, 449_000_000), true, now));
        assert!(!is_settled((1_000, 451_000_000), true, now));
        assert!(!is_settled((1_001, 0), true, now), "a time in the future");
        assert!(
            !is_settled((999, 0), false, now),
            "whole seconds: wait for two"
        );
        assert!(is_settled((998, 0), false, now));
    }

    #[test]
    fn every_word_counts() {
        let base = [1, 2, 3, 4, 5, 6, 7];
        for at in 0..base.len() {
            let mut other = base;
            other[at] += 1;
            assert_ne!(mix(&base), mix(&other));
        }
        assert_ne!(mix(&[1, 2]), mix(&[2, 1]));
    }
}
