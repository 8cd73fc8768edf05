//! Which files of the workspace links point at: an image that exists is no
//! broken link. Only names that some document links to are looked at, so a
//! new object file somewhere changes nothing.

use std::collections::BTreeMap;

use crate::graph::candidates::candidates;
use crate::graph::{Document, WorkspacePath};
use crate::run::tree::{Entry, Files};
use crate::source::Root;
use crate::workspace::DERIVED_FOLDER;

/// Paths that links name, each with how many links do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::run) struct LinkFiles(pub(in crate::run) BTreeMap<WorkspacePath, u32>);

/// The paths that the links of one document name.
pub(super) fn of_document(path: &WorkspacePath, document: &Document) -> Vec<WorkspacePath> {
    document
        .links
        .iter()
        .flat_map(|link| candidates(path, link.rule, &link.target).into_files())
        .filter(|target| target != path)
        .collect()
}

impl LinkFiles {
    pub(super) fn add(&mut self, paths: Vec<WorkspacePath>) {
        for path in paths {
            *self.0.entry(path).or_insert(0) += 1;
        }
    }

    pub(super) fn remove(&mut self, paths: &[WorkspacePath]) {
        for path in paths {
            if let Some(count) = self.0.get_mut(path) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    self.0.remove(path);
                }
            }
        }
    }

    /// The linked files that exist and are neither sources nor folders of
    /// sources: those the tree names anyway.
    pub(super) fn existing(&self, root: &Root, files: &Files) -> Vec<WorkspacePath> {
        let mut look = root.look();
        self.0
            .keys()
            .filter(|path| {
                !matches!(
                    files.get(path),
                    Some(Entry::Source { .. } | Entry::Refused { .. })
                ) && !holds_sources(path, files)
                    && path.as_str().split('/').next() != Some(DERIVED_FOLDER)
                    && look.exists(path)
            })
            .cloned()
            .collect()
    }
}

/// Whether some file of the run lies below `folder`.
pub(in crate::run) fn holds_sources(folder: &WorkspacePath, files: &Files) -> bool {
    let below = format!("{folder}/");
    let Ok(from) = format!("{below}\u{1}").parse::<WorkspacePath>() else {
        return false;
    };
    files
        .range(from..)
        .next()
        .is_some_and(|(path, _)| path.as_str().starts_with(&below))
}
