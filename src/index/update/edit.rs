//! One change, matched with the rows it meets.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OptionalExtension, params};

use super::Change;
use super::names::{LiveNames, next_id};
use crate::graph::{ChunkKey, Document, WorkspacePath};
use crate::index::error::IndexError;
use crate::index::layout::{mention_range, row_range};
use crate::index::prepare::{Prepared, search_text};

/// A change and the ids of its rows.
pub(super) struct Edit<'a> {
    pub(super) path: &'a WorkspacePath,
    pub(super) id: i64,
    pub(super) old: Option<&'a Document>,
    pub(super) new: Option<&'a Prepared>,
    old_first_chunk: i64,
    pub(super) new_first_chunk: i64,
}

impl<'a> Edit<'a> {
    /// Finds the rows of the document that `change` is about, and makes sure
    /// that they are of the text it is said to have had: `search` can only
    /// forget a text that it is told exactly.
    pub(super) fn of(connection: &Connection, change: &'a Change) -> Result<Self, IndexError> {
        let (path, old, new) = match change {
            Change::Remove { path, old } => (path, Some(old), None),
            Change::Put { new, old } => (&new.source.path, old.as_ref(), Some(new)),
        };
        let stored: Option<(i64, i64)> = connection
            .prepare_cached("SELECT id, first_chunk FROM document WHERE path = ?")?
            .query_row([path.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let (id, old_first_chunk) = match (stored, old) {
            (Some(stored), Some(old)) => {
                let (id, first) = stored;
                if stored_keys(connection, id, first, old.chunks.len())?
                    != ChunkKey::of_all(&old.chunks)
                {
                    return Err(IndexError::Stale(path.clone()));
                }
                stored
            }
            (None, None) => (0, 0),
            _ => return Err(IndexError::Stale(path.clone())),
        };
        Ok(Self {
            path,
            id,
            old,
            new,
            old_first_chunk,
            new_first_chunk: 0,
        })
    }

    fn chunk_counts(&self) -> (usize, usize) {
        (
            self.old.map_or(0, |old| old.chunks.len()),
            self.new.map_or(0, |new| new.document.chunks.len()),
        )
    }

    /// Whether links elsewhere may point at something else now.
    pub(super) fn turns_links(&self) -> bool {
        match (self.old, self.new) {
            (Some(old), Some(new)) => {
                fragments(old) != fragments(&new.document) || labels(old) != labels(&new.document)
            }
            _ => true,
        }
    }

    /// Whether `search` already holds chunk `number` of the new text under
    /// the id it will have.
    fn is_searchable_already(&self, number: usize) -> bool {
        match (self.old, self.new) {
            (Some(old), Some(new)) if old.chunks.len() == new.document.chunks.len() => {
                search_text(self.path, old, number) == search_text(self.path, &new.document, number)
            }
            _ => false,
        }
    }

    /// Tells `search` the new text, as far as it does not hold it yet.
    pub(super) fn make_searchable(&self, connection: &Connection) -> Result<(), IndexError> {
        let Some(new) = self.new else {
            return Ok(());
        };
        let mut insert = connection
            .prepare_cached("INSERT INTO search(rowid, text, heading, title) VALUES(?, ?, ?, ?)")?;
        for number in 0..new.document.chunks.len() {
            if !self.is_searchable_already(number) {
                let text = search_text(self.path, &new.document, number);
                let id = self.new_first_chunk.saturating_add(number as i64);
                insert.execute(params![id, text.text, text.heading, text.title])?;
            }
        }
        Ok(())
    }

    /// Deletes the rows of the old document, and lets go of the names they
    /// use.
    pub(super) fn delete(
        &self,
        connection: &Connection,
        names: &mut LiveNames<'_>,
    ) -> Result<(), IndexError> {
        let Some(old) = self.old else {
            return Ok(());
        };
        let mut forget = connection.prepare_cached(
            "INSERT INTO search(search, rowid, text, heading, title)
             VALUES('delete', ?, ?, ?, ?)",
        )?;
        for number in 0..old.chunks.len() {
            if !self.is_searchable_already(number) {
                let text = search_text(self.path, old, number);
                let id = self.old_first_chunk.saturating_add(number as i64);
                forget.execute(params![id, text.text, text.heading, text.title])?;
            }
        }
        let mentions = mention_range(self.old_first_chunk, old.chunks.len() as i64);
        names.release(self.id, mentions)?;
        connection
            .prepare_cached("DELETE FROM document WHERE id = ?")?
            .execute([self.id])?;
        connection
            .prepare_cached("DELETE FROM chunk WHERE id >= ? AND id < ?")?
            .execute([
                self.old_first_chunk,
                self.old_first_chunk.saturating_add(old.chunks.len() as i64),
            ])?;
        connection
            .prepare_cached("DELETE FROM mention WHERE id >= ? AND id < ?")?
            .execute(mentions)?;
        for table in ["section", "anchor", "tagged", "link"] {
            connection
                .prepare_cached(&format!("DELETE FROM {table} WHERE id BETWEEN ? AND ?"))?
                .execute(row_range(self.id))?;
        }
        Ok(())
    }
}

/// The keys of the chunks that are stored for a document.
fn stored_keys(
    connection: &Connection,
    document: i64,
    first: i64,
    count: usize,
) -> Result<Vec<ChunkKey>, IndexError> {
    let mut statement = connection.prepare_cached(
        "SELECT c.key, c.copy FROM document d
         JOIN chunk c ON c.id >= ?2 AND c.id < ?2 + ?3
         WHERE d.id = ?1 AND d.chunks = ?3 ORDER BY c.id",
    )?;
    let rows = statement.query_map(params![document, first, count as i64], |row| {
        Ok(ChunkKey {
            hash: row.get(0)?,
            copy: row.get(1)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// What a link can name in a document, and the number of the section each
/// fragment leads to.
fn fragments(document: &Document) -> BTreeMap<&str, Option<usize>> {
    let mut fragments = BTreeMap::new();
    for (number, section) in document.sections.iter().enumerate() {
        fragments
            .entry(section.anchor.as_str())
            .or_insert(Some(number));
    }
    for anchor in &document.anchors {
        fragments
            .entry(anchor.name.as_str())
            .or_insert(anchor.section.map(|section| section as usize));
    }
    fragments
}

/// By which labels a document is found: one may share its name with a heading,
/// and come or go while the fragments stay.
fn labels(document: &Document) -> BTreeSet<&str> {
    document.labels().collect()
}

/// Gives new documents their ids, and chunks theirs: the old ones where as
/// many are needed as there were, else new ones behind all others. Sorts the
/// edits by where their chunks will be, the order in which FTS5 writes best.
pub(super) fn assign_ids(
    connection: &Connection,
    edits: &mut [Edit<'_>],
) -> Result<(), IndexError> {
    let mut next_document = next_id(connection, "document")?;
    let mut next_chunk = next_id(connection, "chunk")?;
    edits.sort_by_key(|edit| (edit.old_first_chunk == 0, edit.old_first_chunk, edit.path));
    for edit in edits.iter_mut().filter(|edit| edit.new.is_some()) {
        if edit.old.is_none() {
            edit.id = next_document;
            next_document = next_document.saturating_add(1);
        }
        let (before, after) = edit.chunk_counts();
        if edit.old.is_some() && before == after {
            edit.new_first_chunk = edit.old_first_chunk;
        } else {
            edit.new_first_chunk = next_chunk;
            next_chunk = next_chunk.saturating_add(after as i64);
        }
    }
    edits.sort_by_key(|edit| (edit.new_first_chunk, edit.old_first_chunk));
    Ok(())
}
