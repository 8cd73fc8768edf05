//! Trees: which sources a run is made of, as content-addressed objects.
//!
//! A folder is a tree object from name to file or tree. One of more than
//! [`SPLIT_ABOVE`] entries is a tree of trees, split by a hash of the name, so
//! that an edit in a flat folder of 40,000 notes adds two small trees, and
//! two runs are compared by skipping equal trees.

mod edit;
mod limits;
mod node;
mod read;
mod write;

use std::collections::BTreeMap;

use crate::foundation::Sha256;
use crate::graph::WorkspacePath;
use crate::source::Refusal;

pub(super) use edit::{Edited, Edits, edit};
pub use limits::TooMany;
pub(super) use limits::check;
pub(super) use read::{Listing, find, read};
pub(super) use write::write;

/// Entries above which a tree is split.
pub(super) const SPLIT_ABOVE: usize = 256;
/// How often a folder is split at most: a digest has no more bytes to split by.
const MAX_LEVELS: usize = 32;
/// The largest tree, in bytes. That many entries with names of 255 bytes, each
/// of them escaped, are less than half of it.
pub(super) const MAX_BYTES: usize = 1024 * 1024;

/// Trees on the way from the root to any one, both included: an edit holds them
/// all at once. A path has at most 512 parts. A folder is split
/// above 256 entries, and one of its parts at some 60,000; so of the four million
/// files of a run, 512 folders, as many splits and some 60 more can lie on one
/// way.
const LONGEST_WAY: usize = 1_536;

/// How a tree is reached from the root.
#[derive(Clone, Copy, Debug, Default)]
struct Way {
    /// How often the folder was split.
    splits: usize,
    /// Trees above it.
    above: usize,
}

impl Way {
    /// To a folder in this one.
    const fn to_folder(self) -> Self {
        Self {
            splits: 0,
            above: self.above + 1,
        }
    }

    /// To a part of this folder.
    const fn to_part(self) -> Self {
        Self {
            splits: self.splits + 1,
            above: self.above + 1,
        }
    }

    /// Whether a tree can be here.
    ///
    /// # Errors
    /// The words why not.
    const fn check(self) -> Result<(), &'static str> {
        if self.splits > MAX_LEVELS {
            return Err("split too often");
        }
        if self.above >= LONGEST_WAY {
            return Err("too many trees lead to it");
        }
        Ok(())
    }
}

/// What a run knows of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// A source that was ingested.
    Source {
        /// SHA-256 of its bytes: the id of the object that holds them.
        sha256: Sha256,
        /// Its length.
        bytes: u64,
    },
    /// A file that matched and could not be ingested.
    Refused {
        /// Why.
        refusal: Refusal,
        /// SHA-256 of its bytes, where they could be read.
        sha256: Option<Sha256>,
        /// Its length, where known.
        bytes: u64,
    },
    /// A file or folder that is no source, exists, and is linked to.
    File,
}

/// The files of a run, by path.
pub(super) type Files = BTreeMap<WorkspacePath, Entry>;

/// Why trees cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum TreeError<E: std::error::Error> {
    /// An object cannot be had.
    #[error(transparent)]
    Object(E),
    /// An object is no tree, or one that leads nowhere good.
    #[error("tree {id}: {detail}")]
    Malformed {
        /// Which.
        id: Sha256,
        /// What was found.
        detail: String,
    },
}

#[cfg(test)]
#[path = "tree/tests.rs"]
mod tests;
