//! Answers to a query: chunks ranked by BM25, with the weight of titles and
//! headings above that of text; or the sections and documents they stand in;
//! or terms, tags and targets by their names.

mod absent;
mod expression;
mod matches;
mod names;
mod parse;
mod ranking;
mod scope;
mod snippet;
mod ties;

use std::collections::BTreeSet;

use super::edges::Edge;
use super::error::IndexError;
use super::fulltext::FullText;
use super::layout::row_id;
use super::locate::{Locator, Ref};
use super::open::Index;
use crate::foundation::Sha256;
use crate::graph::{ChunkKey, NodeId, NodeKind, WorkspacePath};
use matches::Matches;
use ranking::Ranking;
pub(super) use scope::Scope;

pub use absent::Absence;
pub use parse::{Expression, QueryError, parse};
pub use scope::{PathPattern, PatternError};
pub use snippet::{Snippet, excerpt, snippet};

/// How much a match weighs, by the column it stands in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weights {
    /// In the document's title (or, without one, its file name).
    pub title: f64,
    /// In a heading.
    pub heading: f64,
    /// In the text.
    pub text: f64,
}

/// What a configuration that says nothing comes to.
impl Default for Weights {
    fn default() -> Self {
        Self {
            title: 4.0,
            heading: 4.0,
            text: 1.0,
        }
    }
}

/// A search.
#[derive(Clone, Debug)]
pub struct Query {
    /// What to search for, from [`parse`].
    pub expression: Expression,
    /// Kinds of nodes to find; empty means chunks.
    pub kinds: BTreeSet<NodeKind>,
    /// Only in documents whose path matches one of these; empty means all.
    pub paths: Vec<PathPattern>,
    /// Only in documents that carry all these tags.
    pub tags: Vec<String>,
    /// At most this many hits.
    pub limit: usize,
    /// The weights of the columns.
    pub weights: Weights,
}

impl Query {
    /// A search for `expression` in all chunks, at most ten hits.
    #[must_use]
    pub fn new(expression: Expression) -> Self {
        Self {
            expression,
            kinds: BTreeSet::new(),
            paths: Vec::new(),
            tags: Vec::new(),
            limit: 10,
            weights: Weights::default(),
        }
    }
}

/// One answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// The node found.
    pub id: NodeId,
    /// Where it was found.
    pub place: Place,
    /// BM25, greater is better; for a name, how much of it matched, 0 to 1.
    pub score: f64,
}

/// What a hit cites: the chunk that was found; for a term, tag or target, its
/// first use in the documents searched.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// Its document.
    pub path: WorkspacePath,
    /// First line.
    pub line: u32,
    /// Last line.
    pub end_line: u32,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
    /// Title of the document.
    pub title: Option<String>,
    /// The headings above it, outermost first.
    pub trail: Vec<String>,
    /// Digest of the source's bytes at the time of the run.
    pub sha256: Sha256,
}

/// A hit whose name may still have to be cited.
struct Found {
    id: NodeId,
    at: At,
    score: f64,
}

enum At {
    Chunk(Place),
    Name(Ref),
}

impl Index {
    /// The best hits for `query`, best first; equal scores by path and line,
    /// names by themselves.
    ///
    /// # Errors
    /// [`IndexError::Damaged`] or [`IndexError::Io`].
    pub fn search(&self, query: &Query) -> Result<Vec<Hit>, IndexError> {
        let scope = Scope::of(self, query)?;
        let mut found = Vec::new();
        let wanted = |kind| match kind {
            NodeKind::Chunk => query.kinds.is_empty() || query.kinds.contains(&kind),
            _ => query.kinds.contains(&kind),
        };
        let placed = [NodeKind::Document, NodeKind::Section, NodeKind::Chunk];
        if placed.into_iter().any(wanted) {
            let mut ranked = self.ranked(query, &scope)?;
            for kind in placed.into_iter().filter(|kind| wanted(*kind)) {
                self.best(kind, &mut ranked, query.limit, &mut found)?;
            }
        }
        for kind in NodeKind::ALL {
            if !placed.contains(&kind) && wanted(kind) {
                names::search(self, kind, query, &scope, &mut found)?;
            }
        }
        found.sort_by(|a, b| {
            b.score
                .total_cmp(&a.score)
                .then_with(|| a.order().cmp(&b.order()))
        });
        found.truncate(query.limit);
        self.cited(found, &scope)
    }

    /// Finds what is to be cited for names.
    fn cited(&self, found: Vec<Found>, scope: &Scope) -> Result<Vec<Hit>, IndexError> {
        let name = |hit: &Found| match hit.at {
            At::Name(name) => Some(name),
            At::Chunk(_) => None,
        };
        let names: BTreeSet<Ref> = found.iter().filter_map(name).collect();
        let inside: BTreeSet<i64> = scope.documents().collect();
        let accept = |document| scope.is_everything() || inside.contains(&document);
        let uses = self.first_uses(&names, &accept)?;
        let mut locator = Locator::new(self);
        let mut hits = Vec::with_capacity(found.len());
        for Found { id, at, score } in found {
            let place = match at {
                At::Chunk(place) => place,
                At::Name(name) => {
                    let edge = uses
                        .get(&name)
                        .ok_or_else(|| IndexError::Damaged(format!("{id} is used nowhere")))?;
                    self.place_of(edge, &mut locator)?
                }
            };
            hits.push(Hit { id, place, score });
        }
        Ok(hits)
    }

    /// Where the evidence of `edge` stands.
    fn place_of(&self, edge: &Edge, locator: &mut Locator<'_>) -> Result<Place, IndexError> {
        let head = locator.head(edge.document)?;
        let section = match edge.source {
            Ref::Section(_, number) => Some(number as i64),
            Ref::Chunk(_, number) => self
                .connection()
                .prepare_cached("SELECT section FROM chunk WHERE id = ?")?
                .query_row([head.first_chunk + number as i64], |row| row.get(0))?,
            _ => None,
        };
        let offset =
            |at: u64| u32::try_from(at).map_err(|_| IndexError::damaged("a link stands nowhere"));
        Ok(Place {
            path: head.path.clone(),
            line: edge.line,
            end_line: edge.line,
            start: offset(edge.start)?,
            end: offset(edge.start.saturating_add(edge.bytes))?,
            title: head.title.clone(),
            trail: self.trail(edge.document, section)?.0,
            sha256: head.sha256,
        })
    }

    /// Every chunk that matches.
    fn ranked(&self, query: &Query, scope: &Scope) -> Result<Ranking<'_>, IndexError> {
        let fulltext = FullText::open(self.connection())?;
        let matches = Matches::of(&fulltext, &query.expression, query.weights, scope)?;
        Ok(Ranking::of(fulltext, matches))
    }

    /// Takes hits of `kind` from the ranking until `limit` different ones
    /// are found. Which of equal scores come first is decided by path and
    /// line, never by rowid.
    fn best(
        &self,
        kind: NodeKind,
        ranked: &mut Ranking<'_>,
        limit: usize,
        found: &mut Vec<Found>,
    ) -> Result<(), IndexError> {
        let mut seen: BTreeSet<NodeId> = BTreeSet::new();
        let mut from = 0;
        while seen.len() < limit {
            let group = ranked.ties(from)?;
            if group.is_empty() {
                break;
            }
            ties::by_place(self, group)?;
            from += group.len();
            for (score, chunk) in group {
                if seen.len() == limit {
                    break;
                }
                if let Some(hit) = self.hit(kind, *chunk, *score)?
                    && seen.insert(hit.id.clone())
                {
                    found.push(hit);
                }
            }
        }
        Ok(())
    }

    /// The node of `kind` that a chunk stands for; `None` when a section is
    /// wanted and the chunk stands before the first heading.
    fn hit(&self, kind: NodeKind, chunk: i64, score: f64) -> Result<Option<Found>, IndexError> {
        let mut statement = self.connection().prepare_cached(
            "SELECT d.path, c.line, c.line + c.more_lines,
               c.start, c.start + c.bytes, d.title, d.sha256, d.id, c.section,
               c.key, c.copy
             FROM chunk c JOIN document d ON d.id = c.document WHERE c.id = ?",
        )?;
        let mut rows = statement.query([chunk])?;
        let Some(row) = rows.next()? else {
            return Err(IndexError::Damaged(format!("chunk {chunk} is missing")));
        };
        let path: WorkspacePath = row.get_ref(0)?.as_str()?.parse()?;
        let section: Option<i64> = row.get(8)?;
        let (trail, anchor) = self.trail(row.get(7)?, section)?;
        let id = match (kind, anchor) {
            (NodeKind::Section, Some(anchor)) => NodeId::section(&path, &anchor),
            (NodeKind::Section, None) => return Ok(None),
            (NodeKind::Chunk, _) => {
                let key = ChunkKey {
                    hash: row.get(9)?,
                    copy: row.get(10)?,
                };
                NodeId::chunk(&path, key)
            }
            _ => NodeId::document(&path),
        };
        Ok(Some(Found {
            id,
            at: At::Chunk(Place {
                path,
                line: row.get(1)?,
                end_line: row.get(2)?,
                start: row.get(3)?,
                end: row.get(4)?,
                title: row.get(5)?,
                trail,
                sha256: Sha256::from_bytes(row.get(6)?),
            }),
            score,
        }))
    }

    /// The headings from the outermost to section number `section` of
    /// `document`, and that section's anchor.
    pub(super) fn trail(
        &self,
        document: i64,
        section: Option<i64>,
    ) -> Result<(Vec<String>, Option<String>), IndexError> {
        let mut statement = self
            .connection()
            .prepare_cached("SELECT title, anchor, parent FROM section WHERE id = ?")?;
        let (mut trail, mut innermost) = (Vec::new(), None);
        let mut next = section;
        while let Some(number) = next {
            // Ranks are 1 to 6: a longer trail is a loop.
            if trail.len() == 6 {
                return Err(IndexError::damaged("sections enclose each other"));
            }
            let number = usize::try_from(number)
                .map_err(|_| IndexError::damaged("a section has no number"))?;
            let mut rows = statement.query([row_id(document, number)])?;
            let Some(row) = rows.next()? else {
                return Err(IndexError::damaged("a section is missing"));
            };
            let title: String = row.get(0)?;
            if innermost.is_none() {
                let anchor: Option<String> = row.get(1)?;
                innermost = Some(anchor.unwrap_or_else(|| super::layout::plain_anchor(&title)));
            }
            trail.push(title);
            next = row.get(2)?;
        }
        trail.reverse();
        Ok((trail, innermost))
    }
}

impl Found {
    /// What decides between equal scores.
    fn order(&self) -> (Option<(&WorkspacePath, u32, u32)>, &NodeId) {
        let place = match &self.at {
            At::Chunk(place) => Some((&place.path, place.line, place.start)),
            At::Name(_) => None,
        };
        (place, &self.id)
    }
}

#[cfg(test)]
mod tests;
