//! Floor 0: what every other module stands on.
//!
//! Owns digests and checksums, bounded and canonical JSON, durable file writes and
//! the meter that counts them, work on all cores, the spill files in which artifacts
//! are built, databases that a stranger may have made, which characters a terminal
//! acts on, and which words a shell needs quoted. Knows nothing of runs, sources or
//! workspaces. Never prints.

pub mod checksum;
pub mod digest;
pub mod durable;
#[cfg(test)]
pub(crate) mod effort;
pub(crate) mod image;
pub mod in_order;
pub mod json;
pub mod meter;
pub mod pieces;
pub mod progress;
pub mod shell;
pub mod size;
pub mod spill;
pub mod sqlite;
pub mod terminal;
pub(crate) mod text;
pub mod threads;

pub use digest::{Sha256, Sha256Hasher};
