//! From a node along links.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use serde::{Deserialize, Serialize};

use super::edges::{Edge, Namer};
use super::entity::{Link, LinkKind, Node};
use super::error::IndexError;
use super::locate::{Locator, Ref};
use super::open::Index;
use crate::graph::{NodeId, WorkspacePath, composed};

/// Which way links are followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From source to target.
    Out,
    /// From target to source.
    In,
    /// Both ways.
    Both,
}

/// How far and along what to go.
#[derive(Clone, Debug)]
pub struct Walk {
    /// Which way.
    pub direction: Direction,
    /// Along links of these kinds; empty means all. Where these leave `contains`
    /// out, a document stands for its sections and chunks: their links are its.
    pub kinds: BTreeSet<LinkKind>,
    /// At most this many links away.
    pub depth: u32,
    /// At most this many nodes beside the first.
    pub limit: usize,
}

impl Walk {
    fn takes(&self, kind: LinkKind) -> bool {
        self.kinds.is_empty() || self.kinds.contains(&kind)
    }

    /// Whether `at` stands for all its parts: they cannot be reached.
    fn is_whole(&self, at: Ref) -> bool {
        matches!(at, Ref::Document(_)) && !self.takes(LinkKind::Contains)
    }

    /// Whether `part` counts as `at`.
    fn is(&self, at: Ref, part: Ref) -> bool {
        part == at || (self.is_whole(at) && part.document() == at.document())
    }

    /// Whether `end` was reached, or what it counts as.
    fn has(&self, reached: &HashMap<Ref, u32>, end: Ref) -> bool {
        let document = end.document().map(Ref::Document);
        let whole = document.filter(|document| self.is_whole(*document));
        reached.contains_key(&end) || whole.is_some_and(|document| reached.contains_key(&document))
    }
}

/// What lies around a node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Neighborhood {
    /// The nodes, the first one included: by distance, then by id.
    pub nodes: Vec<Neighbor>,
    /// The links along which they were reached, or which lead back: by
    /// source, kind, target and place.
    pub links: Vec<Link>,
    /// Whether the limit left nodes out.
    pub truncated: bool,
}

/// A node and how many links away it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Neighbor {
    /// Links from the first node.
    pub distance: u32,
    /// The node.
    pub node: Node,
}

impl Index {
    /// The node `id`; `None` when the index has none.
    ///
    /// # Errors
    /// [`IndexError::Damaged`] or [`IndexError::Io`].
    pub fn node(&self, id: &NodeId) -> Result<Option<Node>, IndexError> {
        let mut locator = Locator::new(self);
        match locator.find(id)? {
            Some(at) => locator.node(at).map(Some),
            None => Ok(None),
        }
    }

    /// The path of the document at `path`, else of the first whose path looks
    /// equal: what is typed is most often composed, the name of a file need not
    /// be.
    ///
    /// # Errors
    /// [`IndexError::Damaged`] or [`IndexError::Io`].
    pub fn document_like(&self, path: &str) -> Result<Option<WorkspacePath>, IndexError> {
        if Locator::new(self).document(path)?.is_some() {
            return Ok(Some(path.parse()?));
        }
        if path.is_ascii() {
            return Ok(None);
        }
        let wanted = composed(path);
        let mut statement = self
            .connection()
            .prepare_cached("SELECT path FROM document ORDER BY path")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let path: String = row.get(0)?;
            if !path.is_ascii() && composed(&path) == wanted {
                return Ok(Some(path.parse()?));
            }
        }
        Ok(None)
    }

    /// The links that begin or end at the node `id`, by source, kind, target
    /// and place; empty when the index has no such node.
    ///
    /// # Errors
    /// As [`node`](Self::node).
    pub fn links_of(&self, id: &NodeId, direction: Direction) -> Result<Vec<Link>, IndexError> {
        let mut walker = Walker::new(self);
        let Some(at) = walker.namer.locator().find(id)? else {
            return Ok(Vec::new());
        };
        let mut links = Vec::new();
        for edge in walker.edges(at, direction, false)? {
            links.push(walker.namer.link(edge)?);
        }
        sort(&mut links);
        Ok(links)
    }

    /// What lies around the node `id`, breadth first; `None` when the index
    /// has no such node. Equal for equal content: within a distance nodes
    /// are taken by id, so a limit always leaves out the same ones.
    ///
    /// # Errors
    /// As [`node`](Self::node).
    pub fn neighbors(&self, id: &NodeId, walk: &Walk) -> Result<Option<Neighborhood>, IndexError> {
        let mut walker = Walker::new(self);
        let Some(start) = walker.namer.locator().find(id)? else {
            return Ok(None);
        };
        let mut reached: HashMap<Ref, u32> = HashMap::from([(start, 0)]);
        let mut found = vec![(0, start)];
        let mut links = Vec::new();
        let mut truncated = false;
        let mut frontier = vec![start];
        for distance in 1..=walk.depth {
            let mut next: BTreeMap<NodeId, Ref> = BTreeMap::new();
            let mut edges: Vec<Edge> = Vec::new();
            for at in frontier {
                let whole = walk.is_whole(at);
                for edge in walker.edges(at, walk.direction, whole)? {
                    if !walk.takes(edge.kind) {
                        continue;
                    }
                    let other = if walk.is(at, edge.source) {
                        edge.target
                    } else {
                        edge.source
                    };
                    if !walk.is(at, other) && !reached.contains_key(&other) {
                        next.insert(walker.namer.id(other)?, other);
                    }
                    edges.push(edge);
                }
            }
            let room = walk.limit.saturating_sub(found.len() - 1);
            truncated |= next.len() > room;
            frontier = next.into_values().take(room).collect();
            for at in &frontier {
                reached.insert(*at, distance);
                found.push((distance, *at));
            }
            for edge in edges {
                let ends = [edge.source, edge.target];
                if ends.into_iter().all(|end| walk.has(&reached, end)) {
                    links.push(walker.namer.link(edge)?);
                }
            }
            if frontier.is_empty() {
                break;
            }
        }
        sort(&mut links);
        links.dedup();
        let mut nodes = Vec::with_capacity(found.len());
        for (distance, at) in found {
            let node = walker.namer.locator().node(at)?;
            nodes.push(Neighbor { distance, node });
        }
        Ok(Some(Neighborhood {
            nodes,
            links,
            truncated,
        }))
    }
}

fn sort(links: &mut [Link]) {
    fn order(link: &Link) -> impl Ord {
        let (start, end) = (link.evidence.start, link.evidence.end);
        (&link.source, link.kind, &link.target, start, end, link.rule)
    }
    links.sort_by(|a, b| order(a).cmp(&order(b)));
}

/// Reads edges around nodes; keeps those of the last documents at hand.
struct Walker<'i> {
    index: &'i Index,
    namer: Namer<'i>,
    outgoing: HashMap<i64, Rc<HashMap<Ref, Vec<Edge>>>>,
}

impl<'i> Walker<'i> {
    fn new(index: &'i Index) -> Self {
        Self {
            index,
            namer: Namer::new(index),
            outgoing: HashMap::new(),
        }
    }

    /// The links of `at`; those of its sections and chunks too where it is a
    /// `whole` document.
    fn edges(
        &mut self,
        at: Ref,
        direction: Direction,
        whole: bool,
    ) -> Result<Vec<Edge>, IndexError> {
        let mut edges = Vec::new();
        if matches!(direction, Direction::Out | Direction::Both)
            && let Some(document) = at.document()
        {
            let outgoing = self.outgoing(document)?;
            if whole {
                edges.extend(outgoing.values().flatten().cloned());
            } else {
                edges.extend(outgoing.get(&at).into_iter().flatten().cloned());
            }
        }
        if matches!(direction, Direction::In | Direction::Both) {
            edges.extend(self.index.edges_to(at, self.namer.locator())?);
            if whole && let Ref::Document(document) = at {
                edges.extend(self.index.edges_to_sections(document)?);
            }
        }
        Ok(edges)
    }

    /// All links that begin in a document, by the node they begin at.
    fn outgoing(&mut self, document: i64) -> Result<Rc<HashMap<Ref, Vec<Edge>>>, IndexError> {
        if let Some(edges) = self.outgoing.get(&document) {
            return Ok(Rc::clone(edges));
        }
        let head = self.namer.locator().head(document)?;
        let mut edges: HashMap<Ref, Vec<Edge>> = HashMap::new();
        for kind in LinkKind::ALL {
            for edge in self.index.edges_of(&head, kind)? {
                edges.entry(edge.source).or_default().push(edge);
            }
        }
        let edges = Rc::new(edges);
        if self.outgoing.len() == 64 {
            self.outgoing.clear();
        }
        self.outgoing.insert(document, Rc::clone(&edges));
        Ok(edges)
    }
}
