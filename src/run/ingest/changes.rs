//! What an edit of a few sources changes in an index and in the names that
//! links give.

use std::collections::BTreeMap;

use super::before::Before;
use super::derive::{Derivation, Derived};
use crate::graph::{Document, WorkspacePath};
use crate::index::{Change, Prepared};
use crate::run::tree::{Entry, Files};
use crate::run::{RunError, link_files};

/// The changes from the sources `before`, where `documents` are those that are
/// new or say something else now, and `kept` are the files that stand.
pub(super) fn changes(
    before: &Before,
    kept: &Files,
    derivation: &mut Derivation<'_>,
    documents: Vec<(Derived, Prepared)>,
) -> Result<Vec<Change>, RunError> {
    let mut changes = BTreeMap::new();
    for (derived, new) in documents {
        let path = derived.source.path;
        let old = before_of(before, derivation, &path)?;
        derivation.links.add(derived.links);
        changes.insert(path, Change::Put { old, new });
    }
    let files = &derivation.files;
    let gone = before.gone(|path| files.get(path).or_else(|| kept.get(path)));
    for path in gone {
        if let Some(old) = before_of(before, derivation, &path)? {
            changes.insert(path.clone(), Change::Remove { path, old });
        }
    }
    Ok(changes.into_values().collect())
}

/// What the source at `path` said before, if it was one; the names that its
/// links gave are let go of.
fn before_of(
    before: &Before,
    derivation: &mut Derivation<'_>,
    path: &WorkspacePath,
) -> Result<Option<Document>, RunError> {
    let Some(Entry::Source { sha256, .. }) = before.get(path) else {
        return Ok(None);
    };
    let document = derivation.shared.document(path, *sha256)?;
    let links = link_files::of_document(path, &document);
    derivation.links.remove(&links);
    Ok(Some(document))
}
