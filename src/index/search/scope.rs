//! Which documents a search looks in: by path and by tag.

use std::collections::BTreeSet;

use globset::{Glob, GlobBuilder, GlobMatcher};

use super::Query;
use crate::graph::{NodeId, WorkspacePath, all_forms, composed};
use crate::index::error::IndexError;
use crate::index::layout::split_row_id;
use crate::index::open::Index;

/// A pattern for paths: a file or folder as it is, or a glob in which `*`
/// stays inside a folder and `**` does not; `.` is the folder of all. Names that
/// look equal are equal: what is typed is most often composed, the name of a file
/// need not be.
#[derive(Clone, Debug)]
pub struct PathPattern {
    exact: String,
    glob: GlobMatcher,
}

/// Text that is not a glob.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a pattern: {0}")]
pub struct PatternError(#[from] globset::Error);

impl PathPattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// [`PatternError`] when the glob is malformed.
    pub fn new(text: &str) -> Result<Self, PatternError> {
        let text = match text.trim_start_matches("./") {
            "." => "".into(),
            text => composed(text),
        };
        let glob: Glob = GlobBuilder::new(&text).literal_separator(true).build()?;
        Ok(Self {
            exact: text.trim_end_matches('/').to_owned(),
            glob: glob.compile_matcher(),
        })
    }

    /// Whether `path` matches: as the glob, as the file or as anything below
    /// the folder.
    #[must_use]
    pub fn matches(&self, path: &WorkspacePath) -> bool {
        let path = composed(path.as_str());
        path.strip_prefix(&self.exact)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || self.exact.is_empty())
            || self.glob.is_match(&*path)
    }
}

/// The documents a search looks in.
pub(in crate::index) struct Scope {
    /// `None` for all of them; else first chunk, one past the last, and the
    /// document, ascending.
    ranges: Option<Vec<(i64, i64, i64)>>,
}

impl Scope {
    pub(super) fn of(index: &Index, query: &Query) -> Result<Self, IndexError> {
        Self::new(index, &query.paths, &query.tags)
    }

    /// All documents.
    pub(super) const fn everything() -> Self {
        Self { ranges: None }
    }

    pub(in crate::index) fn new(
        index: &Index,
        paths: &[PathPattern],
        tags: &[String],
    ) -> Result<Self, IndexError> {
        if paths.is_empty() && tags.is_empty() {
            return Ok(Self::everything());
        }
        let mut tagged: Option<BTreeSet<i64>> = None;
        for tag in tags {
            let with = documents_with_tag(index, tag)?;
            tagged = Some(match tagged {
                Some(so_far) => so_far.intersection(&with).copied().collect(),
                None => with,
            });
        }
        let mut statement = index
            .connection()
            .prepare("SELECT id, path, first_chunk, chunks FROM document")?;
        let mut rows = statement.query([])?;
        let mut ranges: Vec<(i64, i64, i64)> = Vec::new();
        while let Some(row) = rows.next()? {
            let id: i64 = row.get(0)?;
            if tagged.as_ref().is_some_and(|tagged| !tagged.contains(&id)) {
                continue;
            }
            let path: WorkspacePath = row.get_ref(1)?.as_str()?.parse()?;
            if paths.is_empty() || paths.iter().any(|pattern| pattern.matches(&path)) {
                let (first, count): (i64, i64) = (row.get(2)?, row.get(3)?);
                ranges.push((first, first.saturating_add(count), id));
            }
        }
        ranges.sort_unstable();
        Ok(Self {
            ranges: Some(ranges),
        })
    }

    /// Whether the search is limited at all.
    pub(in crate::index) const fn is_everything(&self) -> bool {
        self.ranges.is_none()
    }

    /// The documents, when the search is limited.
    pub(in crate::index) fn documents(&self) -> impl Iterator<Item = i64> {
        self.ranges.iter().flatten().map(|(.., document)| *document)
    }

    /// First chunk and number of chunks of each document, when limited.
    pub(in crate::index) fn chunks(&self) -> impl Iterator<Item = (i64, i64)> {
        let ranges = self.ranges.iter().flatten();
        ranges.map(|(first, end, _)| (*first, end.saturating_sub(*first)))
    }

    pub(super) fn has_chunk(&self, chunk: i64) -> bool {
        let Some(ranges) = &self.ranges else {
            return true;
        };
        let after = ranges.partition_point(|(first, ..)| *first <= chunk);
        // A document without chunks begins where the next one does.
        ranges[..after]
            .iter()
            .rev()
            .find(|(first, end, _)| first < end)
            .is_some_and(|(_, end, _)| chunk < *end)
    }
}

/// The documents with the tag that is written so, or with one that looks equal.
fn documents_with_tag(index: &Index, tag: &str) -> Result<BTreeSet<i64>, IndexError> {
    let tag = NodeId::tag(tag);
    let mut statement = index
        .connection()
        .prepare_cached("SELECT u.id FROM tag t JOIN tagged u ON u.tag = t.id WHERE t.name = ?")?;
    let mut documents = BTreeSet::new();
    for name in all_forms(tag.key()) {
        for id in statement.query_map([name], |row| row.get(0))? {
            documents.insert(split_row_id(id?).0);
        }
    }
    Ok(documents)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_a_name_that_looks_equal() {
        for path in ["notes/caf\u{e9}/a.md", "notes/cafe\u{301}/a.md"] {
            let path: WorkspacePath = path.parse().unwrap();
            for text in [
                "./notes/caf\u{e9}",
                "notes/cafe\u{301}/",
                "notes/caf\u{e9}/*.md",
            ] {
                assert!(PathPattern::new(text).unwrap().matches(&path), "{text}");
            }
            assert!(!PathPattern::new("notes/cafe").unwrap().matches(&path));
            for all in [".", "./", "./."] {
                assert!(PathPattern::new(all).unwrap().matches(&path), "{all}");
            }
        }
    }
}
