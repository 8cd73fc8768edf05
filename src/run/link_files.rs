//! Which files of the workspace links point at: an image that exists is no
//! broken link. Only names that some document links to are looked at, so a
//! new object file somewhere changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::tree::{Entry, Files};
use crate::graph::candidates::candidates;
use crate::graph::{Document, FileNames, FileTarget, WorkspacePath};
use crate::source::{CannotRead, Root};
use crate::workspace::DERIVED_FOLDER;

/// Names per task when they are looked for in parallel.
const LOOKS: usize = 64;

/// Files that links name, each with how many links do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct LinkFiles(pub(super) BTreeMap<FileTarget, u32>);

/// The files that the links of one document name.
pub(super) fn of_document(path: &WorkspacePath, document: &Document) -> Vec<FileTarget> {
    document
        .links
        .iter()
        .flat_map(|link| candidates(path, link.rule, &link.target).into_files())
        .filter(|target| !matches!(target, FileTarget::At(target) if target == path))
        .collect()
}

impl LinkFiles {
    pub(super) fn add(&mut self, targets: Vec<FileTarget>) {
        for target in targets {
            *self.0.entry(target).or_insert(0) += 1;
        }
    }

    pub(super) fn remove(&mut self, targets: &[FileTarget]) {
        for target in targets {
            if let Some(count) = self.0.get_mut(target) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    self.0.remove(target);
                }
            }
        }
    }

    /// The linked files that exist and are neither sources nor folders of
    /// sources: those the tree names anyway. `others` are the files of the
    /// workspace that are no sources.
    ///
    /// # Errors
    /// [`CannotRead`].
    pub(super) fn existing(
        &self,
        root: &Root,
        files: &Files,
        others: &[WorkspacePath],
    ) -> Result<BTreeSet<WorkspacePath>, CannotRead> {
        let named = self.0.keys().filter_map(FileTarget::path).filter(|path| {
            !matches!(
                files.get(path),
                Some(Entry::Source { .. } | Entry::Refused { .. })
            ) && !holds_sources(path, files)
                && path.as_str().split('/').next() != Some(DERIVED_FOLDER)
        });
        let mut look = root.look();
        let mut existing = BTreeSet::new();
        for path in named {
            if look.exists(path)? {
                existing.insert(path.clone());
            }
        }
        let ends = || self.0.keys().filter_map(FileTarget::end);
        let names = FileNames::meant(ends(), existing.iter().chain(others));
        let found: Vec<_> = ends().filter_map(|end| names.find(end)).cloned().collect();
        existing.extend(found);
        Ok(existing)
    }
}

/// Whether the files that links name are there, or not, as they were: the
/// `watched` ones, each with the one that was found. `others` are the files of
/// the workspace that are no sources.
///
/// # Errors
/// [`CannotRead`].
pub(super) fn are_as_before(
    watched: &[(&FileTarget, Option<&WorkspacePath>)],
    root: &Root,
    others: &[WorkspacePath],
) -> Result<bool, CannotRead> {
    let (mut at, mut ends) = (Vec::new(), Vec::new());
    for &(target, before) in watched {
        match target {
            FileTarget::At(path) => at.push((path, before.is_some())),
            FileTarget::EndingIn(end) => ends.push((end.as_str(), before)),
        }
    }
    let are_as_before = |paths: &[(&WorkspacePath, bool)]| {
        let mut look = root.look();
        for (path, was_there) in paths {
            if look.exists(path)? != *was_there {
                return Ok(false);
            }
        }
        Ok(true)
    };
    let parts = at.par_chunks(LOOKS).map(are_as_before);
    if !parts.try_reduce(|| true, |one, other| Ok(one && other))? {
        return Ok(false);
    }
    let there = at.iter().filter(|(_, is_there)| *is_there);
    let names = FileNames::meant(
        ends.iter().map(|(end, _)| *end),
        there.map(|(path, _)| *path).chain(others),
    );
    Ok(ends.iter().all(|(end, before)| names.find(end) == *before))
}

/// Whether some file of the run lies below `folder`.
pub(super) fn holds_sources(folder: &WorkspacePath, files: &Files) -> bool {
    let below = format!("{folder}/");
    let Ok(from) = format!("{below}\u{1}").parse::<WorkspacePath>() else {
        return false;
    };
    files
        .range(from..)
        .next()
        .is_some_and(|(path, _)| path.as_str().starts_with(&below))
}
