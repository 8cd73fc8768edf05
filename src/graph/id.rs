//! Node ids: kind and normalised key, never order.
//!
//! ```text
//! document:notes/plan.md
//! section:notes/plan.md#next-steps
//! chunk:notes/plan.md~3fa9c0d21b44        first 12 hex of the text's SHA-256;
//!                                         the 2nd chunk with this text ends in ~2
//! term:tokio::spawn
//! tag:release
//! external:https://example.org/
//! file:img/plan.png                       exists in the workspace, is no source
//! unresolved:notes/missing.md#fragment    names nothing that exists
//! ```

use std::fmt;
use std::str::FromStr;

use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

use super::{Chunk, WorkspacePath};
use crate::foundation::Sha256;

/// The kinds of nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeKind {
    /// A source that was extracted.
    Document,
    /// A heading and what it governs.
    Section,
    /// A citable span.
    Chunk,
    /// Inline code or the language of fenced code.
    Term,
    /// A front matter tag or `#tag`.
    Tag,
    /// A URL outside the workspace.
    External,
    /// A file or folder of the workspace that is not a source.
    File,
    /// A target inside the workspace that does not exist.
    Unresolved,
}

impl NodeKind {
    /// Every kind, in the order of its declaration.
    pub const ALL: [Self; 8] = [
        Self::Document,
        Self::Section,
        Self::Chunk,
        Self::Term,
        Self::Tag,
        Self::External,
        Self::File,
        Self::Unresolved,
    ];

    /// The kind's name in ids, JSON and SQL.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Document => "document",
            Self::Section => "section",
            Self::Chunk => "chunk",
            Self::Term => "term",
            Self::Tag => "tag",
            Self::External => "external",
            Self::File => "file",
            Self::Unresolved => "unresolved",
        }
    }
}

impl fmt::Display for NodeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A node's id: `kind:key`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId {
    kind: NodeKind,
    key: String,
}

/// Text that is not a node id.
#[derive(Debug, thiserror::Error)]
#[error(
    "not a node id: {0:?} (kinds: document, section, chunk, term, tag, external, file, unresolved; e.g. document:notes/plan.md)"
)]
pub struct ParseIdError(String);

impl NodeId {
    /// An id of `kind` with an already normalised `key`.
    #[must_use]
    pub fn new(kind: NodeKind, key: impl Into<String>) -> Self {
        Self {
            kind,
            key: key.into(),
        }
    }

    /// The id of a document.
    #[must_use]
    pub fn document(path: &WorkspacePath) -> Self {
        Self::new(NodeKind::Document, path.as_str())
    }

    /// The id of a section.
    #[must_use]
    pub fn section(path: &WorkspacePath, anchor: &str) -> Self {
        Self::new(NodeKind::Section, format!("{path}#{anchor}"))
    }

    /// The id of a chunk.
    #[must_use]
    pub fn chunk(path: &WorkspacePath, key: ChunkKey) -> Self {
        Self::new(NodeKind::Chunk, format!("{path}~{key}"))
    }

    /// The id of the tag that is written `Release` or `#release`.
    #[must_use]
    pub fn tag(written: &str) -> Self {
        Self::new(
            NodeKind::Tag,
            written.trim_start_matches('#').to_lowercase(),
        )
    }

    /// The node's kind.
    #[must_use]
    pub const fn kind(&self) -> NodeKind {
        self.kind
    }

    /// The key after the colon.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind.name(), self.key)
    }
}

impl FromStr for NodeId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        let (kind, key) = text
            .split_once(':')
            .ok_or_else(|| ParseIdError(text.to_owned()))?;
        let kind = NodeKind::ALL
            .into_iter()
            .find(|candidate| candidate.name() == kind)
            .filter(|_| !key.is_empty())
            .ok_or_else(|| ParseIdError(text.to_owned()))?;
        Ok(Self::new(kind, key))
    }
}

crate::foundation::text::serde_as_text!(NodeId);

/// What tells a chunk from the others of its document; shown as in its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkKey {
    /// The first six bytes of its text's SHA-256.
    pub hash: [u8; 6],
    /// Which of the chunks with this text it is, counted from 1.
    pub copy: u32,
}

impl ChunkKey {
    /// The keys of a document's chunks, in their order.
    #[must_use]
    pub fn of_all(chunks: &[Chunk]) -> Vec<Self> {
        let mut seen: HashMap<[u8; 6], u32> = HashMap::new();
        let keys = chunks.iter().map(|chunk| {
            let digest = Sha256::of(chunk.text.as_bytes());
            let &[a, b, c, d, e, f, ..] = digest.as_bytes();
            let hash = [a, b, c, d, e, f];
            let copy = seen.entry(hash).or_insert(0);
            *copy += 1;
            Self { hash, copy: *copy }
        });
        keys.collect()
    }
}

impl fmt::Display for ChunkKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.hash {
            write!(f, "{byte:02x}")?;
        }
        match self.copy {
            0 | 1 => Ok(()),
            copy => write!(f, "~{copy}"),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn ids_read_back_what_they_show() {
        for text in [
            "document:a/b.md",
            "section:a.md#b",
            "term:std::io",
            "external:https://a/",
        ] {
            assert_eq!(text.parse::<NodeId>().unwrap().to_string(), text);
        }
        for text in ["a/b.md", "document:", "thing:x"] {
            assert!(text.parse::<NodeId>().is_err(), "{text}");
        }
    }
}
