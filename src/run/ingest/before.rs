//! What the previous run had where this one may differ: all that an edit is
//! compared with, however many files stand as they were.

use std::collections::BTreeMap;

use crate::graph::WorkspacePath;
use crate::run::plan::Changes;
use crate::run::tree::{Edits, Entry, Files};

/// The previous run's entry at every path that may not be as it was, `None`
/// where it had nothing. All other paths are as they were.
#[derive(Debug, Default)]
pub(super) struct Before(BTreeMap<WorkspacePath, Option<Entry>>);

impl Before {
    /// Notes what the previous run had at `path`; the first word counts.
    pub(super) fn note(&mut self, path: WorkspacePath, entry: Option<Entry>) {
        self.0.entry(path).or_insert(entry);
    }

    /// Notes what the previous run had.
    pub(super) fn note_all(&mut self, files: Files) {
        self.0
            .extend(files.into_iter().map(|(path, entry)| (path, Some(entry))));
    }

    /// What the previous run had at `path`, which may not be as it was.
    pub(super) fn get(&self, path: &WorkspacePath) -> Option<&Entry> {
        self.0.get(path)?.as_ref()
    }

    /// What becomes of the previous run's files, where `now` says what this
    /// one has at a path.
    pub(super) fn edits<'a>(&self, now: impl Fn(&WorkspacePath) -> Option<&'a Entry>) -> Edits {
        let paths = self.0.iter().map(|(path, entry)| (path, entry, now(path)));
        paths
            .filter(|(_, before, now)| before.as_ref() != *now)
            .map(|(path, _, now)| (path.clone(), now.cloned()))
            .collect()
    }

    /// The paths of sources that are none any more, where `now` says what this
    /// run has at a path.
    pub(super) fn gone<'a>(
        &self,
        now: impl Fn(&WorkspacePath) -> Option<&'a Entry>,
    ) -> Vec<WorkspacePath> {
        let was = self.0.iter().filter(|(_, entry)| is_source(entry.as_ref()));
        was.filter(|(path, _)| !is_source(now(path)))
            .map(|(path, _)| path.clone())
            .collect()
    }

    /// How the sources among `files`, of which there are `sources`, differ.
    pub(super) fn changes(&self, files: &Files, sources: u64) -> Changes {
        let mut changes = Changes::default();
        for (path, before) in &self.0 {
            let (before, now) = (before.as_ref(), files.get(path));
            let list = match (is_source(before), is_source(now)) {
                (false, true) => &mut changes.added,
                (true, false) => &mut changes.removed,
                (true, true) if before != now => &mut changes.changed,
                _ => continue,
            };
            list.push(path.clone());
        }
        let others = changes.added.len() + changes.changed.len();
        changes.unchanged = sources.saturating_sub(others as u64);
        changes
    }
}

const fn is_source(entry: Option<&Entry>) -> bool {
    matches!(entry, Some(Entry::Source { .. }))
}
