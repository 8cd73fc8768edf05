//! Links as rows: those of one document, and those that end at a node.

use std::collections::HashMap;

use rusqlite::{Params, Row};

use super::entity::{Evidence, Link, LinkKind, Node, Status};
use super::error::IndexError;
use super::layout::{mention_range, row_id, row_range, split_row_id};
use super::locate::{Head, Locator, Ref};
use super::open::Index;
use crate::graph::NodeId;

/// A link by the rows of its ends.
#[derive(Clone, Debug)]
pub(super) struct Edge {
    pub(super) source: Ref,
    pub(super) kind: LinkKind,
    pub(super) target: Ref,
    rule: &'static str,
    pub(super) document: i64,
    pub(super) line: u32,
    pub(super) start: u64,
    pub(super) bytes: u64,
    uses: u32,
    written: Option<String>,
}

const LINK: &str =
    "SELECT id, section, rule, written, line, start, bytes, to_document, to_section, to_target
     FROM link";
const MENTION: &str = "SELECT d.id, m.term, c.id - d.first_chunk, m.rule, m.uses,
       c.line + m.line, c.start + m.start,
       coalesce(m.bytes, length(CAST(t.name AS BLOB)) + CASE m.rule WHEN 0 THEN 2 ELSE 0 END)
     FROM mention m JOIN term t ON t.id = m.term JOIN chunk c ON c.id = m.id >> 12
       JOIN document d ON d.id = c.document";
const TAGGED: &str = "SELECT id, tag, rule, line, start, bytes FROM tagged";

fn rule(kind: LinkKind, code: i64) -> Result<&'static str, IndexError> {
    usize::try_from(code)
        .ok()
        .and_then(|code| kind.rules().get(code).copied())
        .ok_or_else(|| IndexError::damaged("a link has no rule"))
}

fn section_or_document(document: i64, section: Option<i64>) -> Result<Ref, IndexError> {
    match section {
        None => Ok(Ref::Document(document)),
        Some(number) => usize::try_from(number)
            .map(|number| Ref::Section(document, number))
            .map_err(|_| IndexError::damaged("a section has no number")),
    }
}

impl Index {
    /// The links of `kind` that begin in a document, in source order.
    pub(super) fn edges_of(&self, head: &Head, kind: LinkKind) -> Result<Vec<Edge>, IndexError> {
        let range = row_range(head.id);
        match kind {
            LinkKind::Contains => self.contains(head),
            LinkKind::Mentions => {
                let sql = format!("{MENTION} WHERE m.id >= ? AND m.id < ? ORDER BY m.id");
                self.rows(&sql, mention_range(head.first_chunk, head.chunks), mention)
            }
            LinkKind::Tagged => {
                let sql = format!("{TAGGED} WHERE id BETWEEN ? AND ? ORDER BY id");
                self.rows(&sql, range, tagged)
            }
            LinkKind::LinksTo => {
                let sql = format!("{LINK} WHERE id BETWEEN ? AND ? ORDER BY id");
                self.rows(&sql, range, link)
            }
        }
    }

    /// The links that end at `target`, in no particular order.
    pub(super) fn edges_to(
        &self,
        target: Ref,
        locator: &mut Locator<'_>,
    ) -> Result<Vec<Edge>, IndexError> {
        let mut edges = match target {
            Ref::Document(document) => self.rows(
                &format!("{LINK} WHERE to_document = ? AND to_section IS NULL"),
                [document],
                link,
            )?,
            Ref::Section(document, number) => self.rows(
                &format!("{LINK} WHERE to_document = ? AND to_section = ?"),
                [document, number as i64],
                link,
            )?,
            Ref::Chunk(..) => Vec::new(),
            Ref::Term(term) => {
                self.rows(&format!("{MENTION} WHERE m.term = ?"), [term], mention)?
            }
            Ref::Tag(tag) => self.rows(&format!("{TAGGED} WHERE tag = ?"), [tag], tagged)?,
            Ref::Target(id) => self.rows(&format!("{LINK} WHERE to_target = ?"), [id], link)?,
        };
        match target {
            Ref::Section(document, number) => {
                let id = row_id(document, number);
                let head = locator.head(document)?;
                edges.extend(self.contains_sections(&head, (id, id))?);
            }
            Ref::Chunk(document, number) => {
                let head = locator.head(document)?;
                let id = head.first_chunk.saturating_add(number as i64);
                edges.extend(self.contains_chunks(&head, id, 1)?);
            }
            Ref::Document(_) | Ref::Term(_) | Ref::Tag(_) | Ref::Target(_) => {}
        }
        Ok(edges)
    }

    /// The links that end at a section of `document`.
    pub(super) fn edges_to_sections(&self, document: i64) -> Result<Vec<Edge>, IndexError> {
        let sql = format!("{LINK} WHERE to_document = ? AND to_section IS NOT NULL");
        self.rows(&sql, [document], link)
    }

    fn rows<P: Params>(
        &self,
        sql: &str,
        params: P,
        read: fn(&Row<'_>) -> Result<Edge, IndexError>,
    ) -> Result<Vec<Edge>, IndexError> {
        let mut statement = self.connection().prepare_cached(sql)?;
        let mut rows = statement.query(params)?;
        let mut edges = Vec::new();
        while let Some(row) = rows.next()? {
            edges.push(read(row)?);
        }
        Ok(edges)
    }

    /// The structure of a document: what contains its sections and chunks.
    fn contains(&self, head: &Head) -> Result<Vec<Edge>, IndexError> {
        let mut edges = self.contains_sections(head, row_range(head.id))?;
        edges.extend(self.contains_chunks(head, head.first_chunk, head.chunks)?);
        Ok(edges)
    }

    /// What contains the sections of a document with ids in `range`.
    fn contains_sections(&self, head: &Head, range: (i64, i64)) -> Result<Vec<Edge>, IndexError> {
        let mut statement = self.connection().prepare_cached(
            "SELECT id, parent, line, start, heading
             FROM section WHERE id BETWEEN ? AND ? ORDER BY id",
        )?;
        let mut rows = statement.query(range)?;
        let mut edges = Vec::new();
        while let Some(row) = rows.next()? {
            let (_, number) = split_row_id(row.get(0)?);
            edges.push(contains(head, Ref::Section(head.id, number), row)?);
        }
        Ok(edges)
    }

    /// What contains `count` chunks of a document from row `first`.
    fn contains_chunks(
        &self,
        head: &Head,
        first: i64,
        count: i64,
    ) -> Result<Vec<Edge>, IndexError> {
        let mut statement = self.connection().prepare_cached(
            "SELECT id, section, line, start, bytes
             FROM chunk WHERE id >= ? AND id < ? ORDER BY id",
        )?;
        let mut rows = statement.query([first, first.saturating_add(count)])?;
        let mut edges = Vec::new();
        while let Some(row) = rows.next()? {
            let number = usize::try_from(row.get::<_, i64>(0)? - head.first_chunk)
                .map_err(|_| IndexError::damaged("a chunk has no number"))?;
            edges.push(contains(head, Ref::Chunk(head.id, number), row)?);
        }
        Ok(edges)
    }
}

/// What contains `target`, which the row is of.
fn contains(head: &Head, target: Ref, row: &Row<'_>) -> Result<Edge, IndexError> {
    Ok(Edge {
        source: section_or_document(head.id, row.get(1)?)?,
        kind: LinkKind::Contains,
        target,
        rule: "structure",
        document: head.id,
        line: row.get(2)?,
        start: row.get(3)?,
        bytes: row.get(4)?,
        uses: 1,
        written: None,
    })
}

fn link(row: &Row<'_>) -> Result<Edge, IndexError> {
    let (document, _) = split_row_id(row.get(0)?);
    let target = match (row.get::<_, Option<i64>>(7)?, row.get::<_, Option<i64>>(9)?) {
        (Some(document), _) => section_or_document(document, row.get(8)?)?,
        (None, Some(target)) => Ref::Target(target),
        (None, None) => return Err(IndexError::damaged("a link points nowhere")),
    };
    Ok(Edge {
        source: section_or_document(document, row.get(1)?)?,
        kind: LinkKind::LinksTo,
        target,
        rule: rule(LinkKind::LinksTo, row.get(2)?)?,
        document,
        line: row.get(4)?,
        start: row.get(5)?,
        bytes: row.get(6)?,
        uses: 1,
        written: row.get(3)?,
    })
}

fn mention(row: &Row<'_>) -> Result<Edge, IndexError> {
    let (document, chunk): (i64, u32) = (row.get(0)?, row.get(2)?);
    Ok(Edge {
        source: Ref::Chunk(document, chunk as usize),
        kind: LinkKind::Mentions,
        target: Ref::Term(row.get(1)?),
        rule: rule(LinkKind::Mentions, row.get(3)?)?,
        document,
        line: row.get(5)?,
        start: row.get(6)?,
        bytes: row.get(7)?,
        uses: row.get(4)?,
        written: None,
    })
}

fn tagged(row: &Row<'_>) -> Result<Edge, IndexError> {
    let (document, _) = split_row_id(row.get(0)?);
    Ok(Edge {
        source: Ref::Document(document),
        kind: LinkKind::Tagged,
        target: Ref::Tag(row.get(1)?),
        rule: rule(LinkKind::Tagged, row.get(2)?)?,
        document,
        line: row.get(3)?,
        start: row.get(4)?,
        bytes: row.get(5)?,
        uses: 1,
        written: None,
    })
}

/// Names the ends of edges; remembers the ids it has read.
pub(super) struct Namer<'i> {
    locator: Locator<'i>,
    ids: HashMap<Ref, NodeId>,
    open: Option<Open>,
}

/// The document whose links come next, and its parts once one was asked for:
/// they are worth reading all at once.
struct Open {
    document: i64,
    parts: Option<Parts>,
}

/// The ids of all parts of a document, by their numbers.
struct Parts {
    sections: Vec<NodeId>,
    chunks: Vec<NodeId>,
}

impl Open {
    fn parts(&mut self, locator: &mut Locator<'_>) -> Result<&Parts, IndexError> {
        let parts = match self.parts.take() {
            Some(parts) => parts,
            None => Parts::of(self.document, locator)?,
        };
        Ok(self.parts.insert(parts))
    }
}

impl Parts {
    fn of(document: i64, locator: &mut Locator<'_>) -> Result<Self, IndexError> {
        let head = locator.head(document)?;
        let ids = |nodes: Vec<Node>| nodes.into_iter().map(|node| node.id).collect();
        Ok(Self {
            sections: ids(locator.sections(&head, row_range(document))?),
            chunks: ids(locator.chunks(&head, head.first_chunk, head.chunks)?),
        })
    }

    /// The id of `at`, which is one of them.
    fn id(&self, at: Ref) -> Option<&NodeId> {
        match at {
            Ref::Section(_, number) => self.sections.get(number),
            Ref::Chunk(_, number) => self.chunks.get(number),
            Ref::Document(_) | Ref::Term(_) | Ref::Tag(_) | Ref::Target(_) => None,
        }
    }
}

impl<'i> Namer<'i> {
    pub(super) fn new(index: &'i Index) -> Self {
        Self {
            locator: Locator::new(index),
            ids: HashMap::new(),
            open: None,
        }
    }

    pub(super) const fn locator(&mut self) -> &mut Locator<'i> {
        &mut self.locator
    }

    /// The links of this document come next.
    pub(super) fn open(&mut self, head: &Head) {
        self.open = Some(Open {
            document: head.id,
            parts: None,
        });
    }

    pub(super) fn id(&mut self, at: Ref) -> Result<NodeId, IndexError> {
        if let Ref::Section(document, _) | Ref::Chunk(document, _) = at
            && let Some(open) = &mut self.open
            && open.document == document
        {
            let id = open.parts(&mut self.locator)?.id(at);
            return id
                .cloned()
                .ok_or_else(|| IndexError::damaged("a link ends at a row that is missing"));
        }
        if let Some(id) = self.ids.get(&at) {
            return Ok(id.clone());
        }
        // Bounded: an export names every node there is.
        if self.ids.len() >= 65_536 {
            self.ids.clear();
        }
        let id = self.locator.node(at)?.id;
        self.ids.insert(at, id.clone());
        Ok(id)
    }

    /// The link with its ends named.
    pub(super) fn link(&mut self, edge: Edge) -> Result<Link, IndexError> {
        let (source, target) = (self.id(edge.source)?, self.id(edge.target)?);
        let head = self.locator.head(edge.document)?;
        let written = match (edge.kind, edge.written) {
            (LinkKind::LinksTo, None) => Some(target.key().to_owned()),
            (_, written) => written,
        };
        Ok(Link {
            source,
            kind: edge.kind,
            status: Status::of(target.kind()),
            target,
            rule: edge.rule,
            uses: edge.uses,
            written,
            evidence: Evidence {
                path: head.path.clone(),
                line: edge.line,
                start: edge.start,
                end: edge.start.saturating_add(edge.bytes),
                sha256: head.sha256,
            },
        })
    }
}
