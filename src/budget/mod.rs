//! The footprint budget: how many bytes may live under a profile, and the
//! verdict on a plan (FR-008 to FR-010).
//!
//! Pure integer arithmetic: thresholds are parts per million, the multiplier
//! is thousandths; a limit is rounded down to a whole byte. What is on disk
//! is measured by `workspace::usage`; what a plan adds is known by the plan.

use serde::{Deserialize, Serialize};

/// Sources count as at least this many bytes (1 MiB), so that a handful of
/// notes is not stopped by the fixed cost of a database file.
pub const SOURCE_FLOOR_BYTES: u64 = 1024 * 1024;

/// The rules of a workspace's budget.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Limit as a multiple of the source bytes, in thousandths: 3000 is 3x.
    pub multiplier_thousandths: u64,
    /// A usage from this part of the limit warns, in parts per million.
    pub warn_ppm: u64,
    /// A usage from this part of the limit blocks, in parts per million.
    pub block_ppm: u64,
    /// An absolute limit in bytes; when set it replaces the multiple.
    pub max_bytes: Option<u64>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            multiplier_thousandths: 3_000,
            warn_ppm: 800_000,
            block_ppm: 1_000_000,
            max_bytes: None,
        }
    }
}

impl Policy {
    /// The limit in bytes for sources of `source_bytes` (FR-008).
    #[must_use]
    pub fn limit(&self, source_bytes: u64) -> u64 {
        self.max_bytes.unwrap_or_else(|| {
            let sources = u128::from(source_bytes.max(SOURCE_FLOOR_BYTES));
            let limit = sources * u128::from(self.multiplier_thousandths) / 1_000;
            u64::try_from(limit).unwrap_or(u64::MAX)
        })
    }

    /// Judges a usage: `used` bytes are on disk, `added` bytes would come.
    #[must_use]
    pub fn assess(&self, source_bytes: u64, used: u64, added: u64) -> Assessment {
        let limit_bytes = self.limit(source_bytes);
        let projected_bytes = used.saturating_add(added);
        let reaches = |ppm: u64| {
            u128::from(projected_bytes) * 1_000_000 >= u128::from(limit_bytes) * u128::from(ppm)
        };
        let verdict = if reaches(self.block_ppm) {
            Verdict::Block
        } else if reaches(self.warn_ppm) {
            Verdict::Warn
        } else {
            Verdict::Ok
        };
        Assessment {
            verdict,
            source_bytes,
            used_bytes: used,
            added_bytes: added,
            projected_bytes,
            limit_bytes,
            ratio_ppm: ratio_ppm(projected_bytes, limit_bytes),
            policy: self.clone(),
        }
    }
}

/// What the budget says of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Below the warn threshold.
    Ok,
    /// From the warn threshold: go on, and say so (FR-009).
    Warn,
    /// From the block threshold: stop before the first byte (FR-010).
    Block,
}

/// A verdict with every number it rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Assessment {
    /// The verdict.
    pub verdict: Verdict,
    /// Bytes of the sources of the run, before the floor is applied.
    pub source_bytes: u64,
    /// Bytes on disk under the profile now.
    pub used_bytes: u64,
    /// Bytes the plan adds at its peak.
    pub added_bytes: u64,
    /// `used_bytes + added_bytes`.
    pub projected_bytes: u64,
    /// The limit in bytes.
    pub limit_bytes: u64,
    /// `projected / limit` in parts per million, rounded down.
    pub ratio_ppm: u64,
    /// The rules in force.
    pub policy: Policy,
}

impl Assessment {
    /// Bytes that may still be written before the block threshold is reached:
    /// the allowance of the metered writer.
    #[must_use]
    pub fn allowance(&self) -> u64 {
        let limit = u128::from(self.limit_bytes) * u128::from(self.policy.block_ppm);
        // The first blocked total is the smallest t with t * 10^6 >= limit.
        let first_blocked = limit.div_ceil(1_000_000);
        let allowed = first_blocked
            .saturating_sub(1)
            .saturating_sub(u128::from(self.used_bytes));
        u64::try_from(allowed).unwrap_or(u64::MAX)
    }
}

fn ratio_ppm(projected: u64, limit: u64) -> u64 {
    if limit == 0 {
        return u64::MAX;
    }
    u64::try_from(u128::from(projected) * 1_000_000 / u128::from(limit)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
