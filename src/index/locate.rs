//! From node ids to rows and back.

use std::collections::HashMap;
use std::rc::Rc;

use rusqlite::OptionalExtension;

use super::entity::{Node, NodePlace};
use super::error::IndexError;
use super::layout::{Code, plain_anchor, row_id, row_range, split_row_id};
use super::open::Index;
use crate::foundation::Sha256;
use crate::graph::{ChunkKey, NodeId, NodeKind, WorkspacePath};

/// A node by its rows. Sections and chunks by their number in the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Ref {
    Document(i64),
    Section(i64, usize),
    Chunk(i64, usize),
    Term(i64),
    Tag(i64),
    Target(i64),
}

impl Ref {
    /// The document that this is or is part of.
    pub(super) const fn document(self) -> Option<i64> {
        match self {
            Self::Document(document) | Self::Section(document, _) | Self::Chunk(document, _) => {
                Some(document)
            }
            Self::Term(_) | Self::Tag(_) | Self::Target(_) => None,
        }
    }

    /// The term, tag or target (whatever `kind` is) with this row.
    pub(super) const fn name(kind: NodeKind, id: i64) -> Self {
        match kind {
            NodeKind::Term => Self::Term(id),
            NodeKind::Tag => Self::Tag(id),
            _ => Self::Target(id),
        }
    }
}

/// The statement that reads id and name of all terms, tags or targets of a
/// kind.
pub(super) fn names_of(kind: NodeKind) -> String {
    match kind {
        NodeKind::Term => "SELECT id, name FROM term".to_owned(),
        NodeKind::Tag => "SELECT id, name FROM tag".to_owned(),
        _ => format!("SELECT id, key FROM target WHERE kind = {}", kind.code()),
    }
}

/// What is needed of a document to name and cite what stands in it.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) id: i64,
    pub(super) path: WorkspacePath,
    pub(super) title: Option<String>,
    pub(super) sha256: Sha256,
    pub(super) bytes: u64,
    pub(super) lines: u32,
    pub(super) first_chunk: i64,
    pub(super) chunks: i64,
}

/// Reads heads and nodes, and remembers the heads.
pub(super) struct Locator<'i> {
    index: &'i Index,
    heads: HashMap<i64, Rc<Head>>,
}

impl<'i> Locator<'i> {
    pub(super) fn new(index: &'i Index) -> Self {
        Self {
            index,
            heads: HashMap::new(),
        }
    }

    pub(super) fn head(&mut self, document: i64) -> Result<Rc<Head>, IndexError> {
        if let Some(head) = self.heads.get(&document) {
            return Ok(Rc::clone(head));
        }
        let mut statement = self.index.connection().prepare_cached(
            "SELECT path, title, sha256, bytes, lines, first_chunk, chunks
             FROM document WHERE id = ?",
        )?;
        let mut rows = statement.query([document])?;
        let row = rows
            .next()?
            .ok_or_else(|| IndexError::damaged("a document is missing"))?;
        let head = Rc::new(Head {
            id: document,
            path: row.get_ref(0)?.as_str()?.parse()?,
            title: row.get(1)?,
            sha256: Sha256::from_bytes(row.get(2)?),
            bytes: row.get(3)?,
            lines: row.get(4)?,
            first_chunk: row.get(5)?,
            chunks: row.get(6)?,
        });
        // Bounded: a traversal may touch every document of a large index.
        if self.heads.len() == 4_096 {
            self.heads.clear();
        }
        self.heads.insert(document, Rc::clone(&head));
        Ok(head)
    }

    /// The rows of the node `id`; `None` when the index has no such node.
    pub(super) fn find(&self, id: &NodeId) -> Result<Option<Ref>, IndexError> {
        let key = id.key();
        match id.kind() {
            NodeKind::Document => Ok(self.document(key)?.map(Ref::Document)),
            NodeKind::Section => self.split(key, '#', |document, anchor| {
                Ok(self
                    .section(document, anchor)?
                    .map(|number| Ref::Section(document, number)))
            }),
            NodeKind::Chunk => self.split(key, '~', |document, key| {
                Ok(self
                    .chunk(document, key)?
                    .map(|number| Ref::Chunk(document, number)))
            }),
            NodeKind::Term => Ok(self
                .row("SELECT id FROM term WHERE name = ?", key)?
                .map(Ref::Term)),
            NodeKind::Tag => Ok(self
                .row("SELECT id FROM tag WHERE name = ?", key)?
                .map(Ref::Tag)),
            kind => {
                let sql = format!(
                    "SELECT id FROM target WHERE kind = {} AND key = ?",
                    kind.code()
                );
                Ok(self.row(&sql, key)?.map(Ref::Target))
            }
        }
    }

    /// Tries every place where `key` may be a path and a name.
    fn split(
        &self,
        key: &str,
        at: char,
        find: impl Fn(i64, &str) -> Result<Option<Ref>, IndexError>,
    ) -> Result<Option<Ref>, IndexError> {
        for (place, _) in key.match_indices(at).take(64) {
            if let Some(document) = self.document(&key[..place])?
                && let Some(found) = find(document, &key[place + 1..])?
            {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    fn row(&self, sql: &str, key: &str) -> Result<Option<i64>, IndexError> {
        Ok(self
            .index
            .connection()
            .prepare_cached(sql)?
            .query_row([key], |row| row.get(0))
            .optional()?)
    }

    pub(super) fn document(&self, path: &str) -> Result<Option<i64>, IndexError> {
        self.row("SELECT id FROM document WHERE path = ?", path)
    }

    fn section(&self, document: i64, anchor: &str) -> Result<Option<usize>, IndexError> {
        let mut statement = self
            .index
            .connection()
            .prepare_cached("SELECT id, title, anchor FROM section WHERE id BETWEEN ? AND ?")?;
        let mut rows = statement.query(row_range(document))?;
        while let Some(row) = rows.next()? {
            let title: String = row.get(1)?;
            let stored: Option<String> = row.get(2)?;
            if stored.unwrap_or_else(|| plain_anchor(&title)) == anchor {
                return Ok(Some(split_row_id(row.get(0)?).1));
            }
        }
        Ok(None)
    }

    fn chunk(&self, document: i64, key: &str) -> Result<Option<usize>, IndexError> {
        let (hash, copy) = match key.split_once('~') {
            Some((hash, copy)) => (hash, copy.parse().unwrap_or(0)),
            None => (key, 1u32),
        };
        let number: Option<i64> = self
            .index
            .connection()
            .prepare_cached(
                "SELECT c.id - d.first_chunk FROM document d
                 JOIN chunk c ON c.id >= d.first_chunk AND c.id < d.first_chunk + d.chunks
                 WHERE d.id = ? AND lower(hex(c.key)) = ? AND c.copy = ? LIMIT 1",
            )?
            .query_row(rusqlite::params![document, hash, copy], |row| row.get(0))
            .optional()?;
        Ok(number.and_then(|number| usize::try_from(number).ok()))
    }

    /// The node with these rows.
    pub(super) fn node(&mut self, at: Ref) -> Result<Node, IndexError> {
        match at {
            Ref::Document(document) => Ok(document_node(&*self.head(document)?)),
            Ref::Section(document, number) => {
                let head = self.head(document)?;
                let id = row_id(document, number);
                self.sections(&head, (id, id))?
                    .pop()
                    .ok_or_else(|| IndexError::damaged("a section is missing"))
            }
            Ref::Chunk(document, number) => {
                let head = self.head(document)?;
                let id = head.first_chunk.saturating_add(number as i64);
                self.chunks(&head, id, 1)?
                    .pop()
                    .ok_or_else(|| IndexError::damaged("a chunk is missing"))
            }
            Ref::Term(id) => self.name(
                NodeKind::Term,
                "SELECT name, uses FROM term WHERE id = ?",
                id,
            ),
            Ref::Tag(id) => self.name(NodeKind::Tag, "SELECT name, uses FROM tag WHERE id = ?", id),
            Ref::Target(id) => {
                let (kind, key): (i64, String) = self
                    .index
                    .connection()
                    .prepare_cached("SELECT kind, key FROM target WHERE id = ?")?
                    .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))?;
                Ok(name_node(NodeKind::from_code(kind)?, &key, None))
            }
        }
    }

    fn name(&self, kind: NodeKind, sql: &str, id: i64) -> Result<Node, IndexError> {
        let (name, uses): (String, u64) = self
            .index
            .connection()
            .prepare_cached(sql)?
            .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(name_node(kind, &name, Some(uses)))
    }

    /// The sections of a document with ids in `range`, in source order.
    pub(super) fn sections(&self, head: &Head, range: (i64, i64)) -> Result<Vec<Node>, IndexError> {
        let mut statement = self.index.connection().prepare_cached(
            "SELECT title, anchor, level, line, start, bytes
             FROM section WHERE id BETWEEN ? AND ? ORDER BY id",
        )?;
        let mut rows = statement.query(range)?;
        let mut nodes = Vec::new();
        while let Some(row) = rows.next()? {
            let title: String = row.get(0)?;
            let anchor: Option<String> = row.get(1)?;
            let anchor = anchor.unwrap_or_else(|| plain_anchor(&title));
            let (line, start, bytes): (u32, u64, u64) = (row.get(3)?, row.get(4)?, row.get(5)?);
            nodes.push(Node {
                id: NodeId::section(&head.path, &anchor),
                kind: NodeKind::Section,
                title: Some(title),
                place: Some(NodePlace {
                    path: head.path.clone(),
                    line,
                    end_line: line,
                    start,
                    end: start.saturating_add(bytes),
                    sha256: head.sha256,
                }),
                level: Some(row.get(2)?),
                uses: None,
            });
        }
        Ok(nodes)
    }

    /// `count` chunks of a document from row `first`, in source order.
    pub(super) fn chunks(
        &self,
        head: &Head,
        first: i64,
        count: i64,
    ) -> Result<Vec<Node>, IndexError> {
        let mut statement = self.index.connection().prepare_cached(
            "SELECT key, copy, line, more_lines, start, bytes
             FROM chunk WHERE id >= ? AND id < ? ORDER BY id",
        )?;
        let mut rows = statement.query([first, first.saturating_add(count)])?;
        let mut nodes = Vec::new();
        while let Some(row) = rows.next()? {
            let key = ChunkKey {
                hash: row.get(0)?,
                copy: row.get(1)?,
            };
            let (line, more): (u32, u32) = (row.get(2)?, row.get(3)?);
            let (start, bytes): (u64, u64) = (row.get(4)?, row.get(5)?);
            nodes.push(Node {
                id: NodeId::chunk(&head.path, key),
                kind: NodeKind::Chunk,
                title: None,
                place: Some(NodePlace {
                    path: head.path.clone(),
                    line,
                    end_line: line.saturating_add(more),
                    start,
                    end: start.saturating_add(bytes),
                    sha256: head.sha256,
                }),
                level: None,
                uses: None,
            });
        }
        Ok(nodes)
    }
}

/// The node of a document.
pub(super) fn document_node(head: &Head) -> Node {
    Node {
        id: NodeId::document(&head.path),
        kind: NodeKind::Document,
        title: head.title.clone(),
        place: Some(NodePlace {
            path: head.path.clone(),
            line: 1,
            end_line: head.lines.max(1),
            start: 0,
            end: head.bytes,
            sha256: head.sha256,
        }),
        level: None,
        uses: None,
    }
}

/// The node of a term, tag or target.
pub(super) fn name_node(kind: NodeKind, name: &str, uses: Option<u64>) -> Node {
    Node {
        id: NodeId::new(kind, name),
        kind,
        title: Some(name.to_owned()),
        place: None,
        level: None,
        uses,
    }
}
