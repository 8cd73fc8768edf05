//! How much trees may stand for. Trees that name each other many times over stand
//! for far more files than there are bytes of them: whoever reads them may be
//! made to hold and do no more than this, and whoever writes them keeps to it.

use std::collections::BTreeMap;

use super::node::{Meaning, Tree};
use super::{Files, write};
use crate::foundation::Sha256;

/// How much trees stand for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Size {
    /// Files of a run.
    pub(super) files: usize,
    /// Trees, each counted in every place in which it stands.
    pub(super) trees: usize,
    /// Bytes of all paths.
    pub(super) path_bytes: usize,
    /// Files and trees below trees that stand in several places: folders that are
    /// alike name by name and byte by byte. The only ones that cost a stranger
    /// nothing.
    pub(super) repeated: usize,
}

/// The most of each.
pub(super) const LIMITS: Size = Size {
    files: 4_000_000,
    trees: 4_000_000,
    path_bytes: 256 << 20,
    repeated: 500_000,
};

/// A run of more files, or of others, than one may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("more than {limit} {what}")]
pub struct TooMany {
    /// How many there may be.
    pub limit: usize,
    /// Of what.
    pub what: &'static str,
}

impl Size {
    pub(super) fn check(self, limits: Self) -> Result<(), TooMany> {
        let of = [
            (self.files, limits.files, "files"),
            (self.trees, limits.trees, "trees"),
            (self.path_bytes, limits.path_bytes, "bytes of paths"),
            (
                self.repeated,
                limits.repeated,
                "files in folders that are alike",
            ),
        ];
        match of.into_iter().find(|(size, limit, _)| size > limit) {
            Some((_, limit, what)) => Err(TooMany { limit, what }),
            None => Ok(()),
        }
    }

    /// No less than that of `files`, from their paths alone.
    fn at_most(files: &Files) -> Self {
        let mut size = Self {
            files: files.len(),
            ..Self::default()
        };
        let mut folders = 0;
        for path in files.keys() {
            size.path_bytes += path.as_str().len();
            folders += path.as_str().matches('/').count();
        }
        // A tree in each folder on the way, and in each split of the last.
        size.trees = folders + SPLITS * files.len();
        size.repeated = size.trees + size.files;
        size
    }

    /// That of `files`.
    fn of(files: &Files) -> Self {
        let mut size = Self {
            trees: 0,
            repeated: 0,
            ..Self::at_most(files)
        };
        let mut places: BTreeMap<Sha256, (usize, usize)> = BTreeMap::new();
        write(files, &mut |id, bytes| {
            size.trees += 1;
            let of_tree = || (0, 1 + entries(&bytes));
            places.entry(id).or_insert_with(of_tree).0 += 1;
        });
        let alike = places.into_values().filter(|(places, _)| *places > 1);
        size.repeated = alike.map(|(places, each)| places * each).sum();
        size
    }
}

/// How many files the tree with these bytes names itself.
fn entries(bytes: &[u8]) -> usize {
    let Ok(Tree::Whole(nodes)) = Tree::parse(bytes) else {
        return 0;
    };
    let meanings = nodes.into_iter().map(|(_, node)| node.meaning());
    meanings
        .filter(|meaning| matches!(meaning, Some(Meaning::Entry(_))))
        .count()
}

/// Trees that one more file can cost in its folder.
const SPLITS: usize = 4;

/// Whether a run may have these files.
///
/// # Errors
/// [`TooMany`].
pub(in crate::run) fn check(files: &Files) -> Result<(), TooMany> {
    check_within(LIMITS, files)
}

pub(super) fn check_within(limits: Size, files: &Files) -> Result<(), TooMany> {
    // Few files need no second look.
    if Size::at_most(files).check(limits).is_ok() {
        return Ok(());
    }
    Size::of(files).check(limits)
}
