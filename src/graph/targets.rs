//! What links can point at, and which of several things of one name they mean.

use super::WorkspacePath;

/// What exists in a workspace, as far as links can point at it.
pub trait Targets {
    /// Whether `path` is a document of the run.
    fn has_document(&self, path: &str) -> bool;
    /// Whether the document `path` has a section or explicit anchor `anchor`.
    fn has_section(&self, path: &WorkspacePath, anchor: &str) -> bool;
    /// Whether `path` is a file or folder of the workspace that is no source.
    fn has_file(&self, path: &WorkspacePath) -> bool;
    /// Of the files of the workspace that are no sources, the nearest whose
    /// path ends in `end`, which is in lower case.
    fn file_ending_in(&self, end: &str) -> Option<WorkspacePath>;
    /// Of the documents whose file name without extension equals `stem`,
    /// compared in lower case, and whose path `fits`, the one of least
    /// [`nearness`].
    fn document_with_stem(
        &self,
        stem: &str,
        fits: &dyn Fn(&WorkspacePath) -> bool,
    ) -> Option<WorkspacePath>;
    /// Of the documents of reStructuredText that define the label `label`, the
    /// one of least [`nearness`].
    fn document_with_label(&self, label: &str) -> Option<WorkspacePath>;
}

/// What decides between several documents with one name: the folders between
/// the root and `path`, then its bytes. A link means the least.
#[must_use]
pub fn nearness(path: &str) -> (usize, &str) {
    (path.matches('/').count(), path)
}

pub(super) fn nearest(found: impl Iterator<Item = WorkspacePath>) -> Option<WorkspacePath> {
    found.min_by(|a, b| nearness(a.as_str()).cmp(&nearness(b.as_str())))
}
