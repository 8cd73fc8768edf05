//! Documents by the stems of their names, which is how wikilinks name them.

use std::borrow::Cow;

use rusqlite::Connection;

use super::prepare::stem_name;
use crate::graph::stem_of;

/// The ids of documents by a hash of their stems in lower case. Two that share
/// a hash may differ: who asks compares.
#[derive(Default)]
pub(super) struct Stems(Vec<(i64, i64)>);

impl Stems {
    /// Of the documents in `paths`, with their ids.
    pub(super) fn of<'p>(paths: impl Iterator<Item = (i64, &'p str)>) -> Self {
        let hashed = paths.map(|(id, path)| (stem_name(&lower(stem_of(path))), id));
        Self(sorted(hashed.collect()))
    }

    /// Of the documents of an index.
    pub(super) fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let mut statement = connection.prepare("SELECT id, path FROM document")?;
        let mut rows = statement.query([])?;
        let mut hashed = Vec::new();
        while let Some(row) = rows.next()? {
            let path = row.get_ref(1)?.as_str()?;
            hashed.push((stem_name(&lower(stem_of(path))), row.get(0)?));
        }
        Ok(Self(sorted(hashed)))
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

fn sorted(mut hashed: Vec<(i64, i64)>) -> Vec<(i64, i64)> {
    hashed.sort_unstable();
    hashed
}

fn lower(stem: &str) -> Cow<'_, str> {
    let is_lower = |byte: u8| byte.is_ascii() && !byte.is_ascii_uppercase();
    match stem.bytes().all(is_lower) {
        true => Cow::Borrowed(stem),
        false => Cow::Owned(stem.to_lowercase()),
    }
}
