//! Documents by the stems of their names, which is how wikilinks name them.

use rusqlite::Connection;

use super::link_names::stem_name;
use crate::graph::nearness;
use crate::graph::{lower, stem_of};

/// The ids of documents by a hash of their stems in lower case. Two that share
/// a hash may differ: who asks compares.
pub(super) struct Stems(Vec<Entry>);

struct Entry {
    hash: i64,
    /// The folders above the document.
    depth: usize,
    id: i64,
}

impl Stems {
    /// Of the documents in `paths`, which ascend, with their ids.
    pub(super) fn of<'p>(paths: impl Iterator<Item = (i64, &'p str)>) -> Self {
        Self::sorted(paths.map(|(id, path)| Entry::of(id, path)).collect())
    }

    /// Of the documents of an index.
    pub(super) fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let mut statement = connection.prepare("SELECT id, path FROM document ORDER BY path")?;
        let mut rows = statement.query([])?;
        let mut entries = Vec::new();
        while let Some(row) = rows.next()? {
            entries.push(Entry::of(row.get(0)?, row.get_ref(1)?.as_str()?));
        }
        Ok(Self::sorted(entries))
    }

    fn sorted(mut ascending: Vec<Entry>) -> Self {
        // Stable: documents of one stem and depth stay in the order of paths.
        ascending.sort_by_key(|entry| (entry.hash, entry.depth));
        Self(ascending)
    }

    /// The documents that may have this stem, which is in lower case, by
    /// [`nearness`]: the first that has it is the one that is meant.
    pub(super) fn may_have(&self, stem: &str) -> impl Iterator<Item = i64> {
        let name = stem_name(stem);
        let from = self.0.partition_point(|entry| entry.hash < name);
        let same = self.0[from..]
            .iter()
            .take_while(move |entry| entry.hash == name);
        same.map(|entry| entry.id)
    }
}

impl Entry {
    fn of(id: i64, path: &str) -> Self {
        Self {
            hash: hash(path),
            depth: nearness(path).0,
            id,
        }
    }
}

/// Of the stem of `path`.
fn hash(path: &str) -> i64 {
    stem_name(&lower(stem_of(path)))
}
