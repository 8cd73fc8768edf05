//! Documents by the stems of their names, which is how wikilinks name them.

use std::borrow::Cow;

use rusqlite::Connection;

use super::prepare::stem_name;
use crate::graph::stem_of;

/// The ids of documents by a hash of their stems in lower case. Two that share
/// a hash may differ: who asks compares.
pub(super) struct Stems(Vec<(i64, i64)>);

impl Stems {
    /// Of the documents in `paths`, with their ids.
    pub(super) fn of<'p>(paths: impl Iterator<Item = (i64, &'p str)>) -> Self {
        Self::sorted(paths.map(|(id, path)| (hash(path), id)).collect())
    }

    /// Of the documents of an index.
    pub(super) fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let mut statement = connection.prepare("SELECT id, path FROM document")?;
        let mut rows = statement.query([])?;
        let mut hashed = Vec::new();
        while let Some(row) = rows.next()? {
            hashed.push((hash(row.get_ref(1)?.as_str()?), row.get(0)?));
        }
        Ok(Self::sorted(hashed))
    }

    fn sorted(mut hashed: Vec<(i64, i64)>) -> Self {
        hashed.sort_unstable();
        Self(hashed)
    }

    /// The documents that may have this stem, which is in lower case.
    pub(super) fn may_have(&self, stem: &str) -> impl Iterator<Item = i64> {
        let name = stem_name(stem);
        let from = self.0.partition_point(|(hash, _)| *hash < name);
        let same = self.0[from..]
            .iter()
            .take_while(move |(hash, _)| *hash == name);
        same.map(|(_, id)| *id)
    }
}

/// Of the stem of `path`.
fn hash(path: &str) -> i64 {
    stem_name(&lower(stem_of(path)))
}

fn lower(stem: &str) -> Cow<'_, str> {
    let is_lower = |byte: u8| byte.is_ascii() && !byte.is_ascii_uppercase();
    match stem.bytes().all(is_lower) {
        true => Cow::Borrowed(stem),
        false => Cow::Owned(stem.to_lowercase()),
    }
}
