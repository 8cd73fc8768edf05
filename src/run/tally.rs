//! What the files of a run come to.

use std::collections::{BTreeMap, BTreeSet};

use super::tree::{Entry, Files};
use crate::foundation::Sha256;
use crate::graph::WorkspacePath;
use crate::index::Facts;
use crate::source::Refusal;

/// All that the manifest and the index of a run have to know of its files,
/// apart from the documents.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// How many files there are.
    pub(super) totals: Totals,
    /// The files that could not be ingested.
    pub(super) refused: BTreeMap<WorkspacePath, Refusal>,
    /// Files that are no sources, and folders.
    outside: BTreeSet<WorkspacePath>,
    /// Those of them that links alone make part of the run.
    linked: BTreeSet<WorkspacePath>,
}

/// How many files a run has of each kind.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Totals {
    pub(super) sources: u64,
    pub(super) source_bytes: u64,
    pub(super) refused: u64,
    /// Files that are no sources and are linked to.
    pub(super) linked: u64,
}

impl Tally {
    /// Of a run with these files.
    pub(super) fn of(files: &Files) -> Self {
        let mut tally = Self::default();
        let mut last = "";
        for (path, entry) in files {
            tally.add_entry(path, entry);
            // Neighbours mostly share a folder.
            let folder = path.parent();
            if folder != std::mem::replace(&mut last, folder) {
                tally.add_folders(folder);
            }
        }
        tally
    }

    /// Enters a file into `files`, of which this is the tally.
    pub(super) fn enter(&mut self, files: &mut Files, path: WorkspacePath, entry: Entry) {
        self.add_folders(path.parent());
        if let Some(before) = files.get(&path) {
            self.take_out(&path, before);
        }
        self.add_entry(&path, &entry);
        files.insert(path, entry);
    }

    fn take_out(&mut self, path: &WorkspacePath, entry: &Entry) {
        match entry {
            Entry::Source { bytes, .. } => {
                self.totals.sources -= 1;
                self.totals.source_bytes -= bytes;
            }
            Entry::File => {
                self.totals.linked -= 1;
                self.linked.remove(path);
                self.outside.remove(path);
            }
            Entry::Refused { .. } => {
                self.totals.refused -= 1;
                self.outside.remove(path);
                self.refused.remove(path);
            }
        }
    }

    fn add_entry(&mut self, path: &WorkspacePath, entry: &Entry) {
        match entry {
            Entry::Source { bytes, .. } => {
                self.totals.sources += 1;
                self.totals.source_bytes += bytes;
            }
            Entry::File => {
                self.totals.linked += 1;
                self.linked.insert(path.clone());
                self.outside.insert(path.clone());
            }
            Entry::Refused { refusal, .. } => {
                self.totals.refused += 1;
                self.outside.insert(path.clone());
                self.refused.insert(path.clone(), *refusal);
            }
        }
    }

    /// Every folder above a file of the run exists.
    fn add_folders(&mut self, mut folder: &str) {
        while let Ok(path) = folder.parse::<WorkspacePath>() {
            if !self.outside.insert(path) {
                break;
            }
            folder = folder.rsplit_once('/').map_or("", |(parent, _)| parent);
        }
    }

    /// The facts of the run with this root tree and digest.
    pub(super) fn facts(self, tree: Sha256, run_digest: Sha256) -> Facts {
        let refused = self.refused.into_iter();
        Facts {
            root_tree: tree.to_string(),
            run_digest: run_digest.to_string(),
            source_bytes: self.totals.source_bytes,
            refused: refused
                .map(|(path, refusal)| (path, refusal.name().to_owned()))
                .collect(),
            files: self.outside,
            linked: self.linked,
        }
    }
}
