//! What one index says that another does not.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::ControlFlow;

use serde::Serialize;

use super::edges::Namer;
use super::entity::{Link, LinkKind, Node};
use super::error::IndexError;
use super::layout::row_range;
use super::locate::{Head, Locator, document_node};
use super::open::Index;
use super::recompute;
use super::stream::Documents;
use crate::graph::{NodeId, NodeKind, WorkspacePath};

/// The difference between two indexes, each list by path.
///
/// Where something merely moved within its source, it has not changed: lines
/// and bytes are evidence, not content. A document changes when its bytes do,
/// a section when its heading or rank does, a link when its rule or its
/// number of uses does. A chunk is named by its text, so it never changes: it
/// is removed and another added.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Nodes.
    pub nodes: Changes<Node>,
    /// Links.
    pub links: Changes<Link>,
}

/// What came, went and changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Changes<T> {
    /// Only in the second.
    pub added: Vec<T>,
    /// Only in the first.
    pub removed: Vec<T>,
    /// In both, but not the same: as it was, and as it is.
    pub changed: Vec<(T, T)>,
}

impl<T> Default for Changes<T> {
    fn default() -> Self {
        Self {
            added: Vec::new(),
            removed: Vec::new(),
            changed: Vec::new(),
        }
    }
}

impl<T> Changes<T> {
    /// Whether nothing came, went or changed.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }
}

/// Compares `before` with `after`: documents that are equal cost a look at
/// where their links point, nothing more.
///
/// # Errors
/// [`IndexError::Damaged`] or [`IndexError::Io`], of either index.
pub fn diff(before: &Index, after: &Index) -> Result<Difference, IndexError> {
    let mut difference = Difference::default();
    let mut sides = [Side::new(before)?, Side::new(after)?];
    loop {
        let next: Vec<Option<WorkspacePath>> = sides.iter().map(Side::path).collect();
        let path = match (&next[0], &next[1]) {
            (Some(a), Some(b)) => a.min(b).clone(),
            (Some(path), None) | (None, Some(path)) => path.clone(),
            (None, None) => break,
        };
        let [one, two] = &mut sides;
        let (old, new) = (one.take(&path)?, two.take(&path)?);
        if let (Some(old), Some(new)) = (&old, &new)
            && old.head.sha256 == new.head.sha256
        {
            if old.points != new.points {
                links(one.links(old)?, two.links(new)?, &mut difference.links);
            }
            continue;
        }
        let (old_nodes, old_links) = one.parts(old)?;
        let (new_nodes, new_links) = two.parts(new)?;
        nodes(old_nodes, new_nodes, &mut difference.nodes);
        links(old_links, new_links, &mut difference.links);
    }
    let names = [
        NodeKind::Term,
        NodeKind::Tag,
        NodeKind::External,
        NodeKind::File,
        NodeKind::Unresolved,
    ];
    for kind in names {
        nodes(
            names_of(before, kind)?,
            names_of(after, kind)?,
            &mut difference.nodes,
        );
    }
    Ok(difference)
}

/// One document of one side.
struct Document {
    head: std::rc::Rc<Head>,
    /// A digest of where its links point.
    points: Option<crate::foundation::Sha256>,
}

/// One of the two indexes, read document by document.
struct Side<'i> {
    index: &'i Index,
    namer: Namer<'i>,
    documents: Documents,
    next: Option<std::rc::Rc<Head>>,
}

impl<'i> Side<'i> {
    fn new(index: &'i Index) -> Result<Self, IndexError> {
        let mut side = Self {
            index,
            namer: Namer::new(index),
            documents: Documents::default(),
            next: None,
        };
        side.advance()?;
        Ok(side)
    }

    fn advance(&mut self) -> Result<(), IndexError> {
        self.next = match self.documents.next(self.index)? {
            Some(id) => Some(self.namer.locator().head(id)?),
            None => None,
        };
        Ok(())
    }

    fn path(&self) -> Option<WorkspacePath> {
        self.next.as_ref().map(|head| head.path.clone())
    }

    /// The next document, if it is the one at `path`.
    fn take(&mut self, path: &WorkspacePath) -> Result<Option<Document>, IndexError> {
        let Some(head) = self.next.take_if(|head| head.path == *path) else {
            return Ok(None);
        };
        let (points, _) = recompute::resolution(self.index.connection(), head.id, &head.path)?;
        self.advance()?;
        Ok(Some(Document { head, points }))
    }

    /// What stands in a document, itself included, and what it links.
    fn parts(&mut self, document: Option<Document>) -> Result<(Vec<Node>, Vec<Link>), IndexError> {
        let Some(document) = document else {
            return Ok((Vec::new(), Vec::new()));
        };
        let (locator, head) = (Locator::new(self.index), &document.head);
        let mut nodes = vec![document_node(head)];
        nodes.extend(locator.sections(head, row_range(head.id))?);
        nodes.extend(locator.chunks(head, head.first_chunk, head.chunks)?);
        Ok((nodes, self.links(&document)?))
    }

    fn links(&mut self, document: &Document) -> Result<Vec<Link>, IndexError> {
        let mut links = Vec::new();
        self.namer.open(&document.head);
        for kind in LinkKind::ALL {
            for edge in self.index.edges_of(&document.head, kind)? {
                links.push(self.namer.link(edge)?);
            }
        }
        Ok(links)
    }
}

fn names_of(index: &Index, kind: NodeKind) -> Result<Vec<Node>, IndexError> {
    let mut nodes = Vec::new();
    index.each_node(&BTreeSet::from([kind]), &mut |node| {
        nodes.push(node);
        ControlFlow::Continue(())
    })?;
    Ok(nodes)
}

fn nodes(old: Vec<Node>, new: Vec<Node>, changes: &mut Changes<Node>) {
    let content = |node: &Node| {
        let bytes = (node.kind == NodeKind::Document)
            .then(|| node.place.as_ref().map(|place| place.sha256));
        (node.title.clone(), node.level, bytes)
    };
    compare(old, new, |node| node.id.clone(), content, changes);
}

fn links(old: Vec<Link>, new: Vec<Link>, changes: &mut Changes<Link>) {
    let key = |link: &Link| -> (NodeId, LinkKind, NodeId) {
        (link.source.clone(), link.kind, link.target.clone())
    };
    compare(old, new, key, |link| (link.rule, link.uses), changes);
}

/// Pairs what is equal first, then items by key, those with equal keys in their
/// order; what has no partner came or went.
fn compare<T, K: Ord, C: Ord>(
    old: Vec<T>,
    new: Vec<T>,
    key: impl Fn(&T) -> K,
    content: impl Fn(&T) -> C,
    changes: &mut Changes<T>,
) {
    let whole = |item: &T| (key(item), content(item));
    let (in_old, in_new) = (counts(&old, whole), counts(&new, whole));
    let mut before: BTreeMap<K, VecDeque<T>> = BTreeMap::new();
    for item in beyond(old, in_new, whole) {
        before.entry(key(&item)).or_default().push_back(item);
    }
    for item in beyond(new, in_old, whole) {
        let partner = before.get_mut(&key(&item)).and_then(VecDeque::pop_front);
        match partner {
            None => changes.added.push(item),
            Some(partner) => changes.changed.push((partner, item)),
        }
    }
    changes.removed.extend(before.into_values().flatten());
}

/// How many of `items` are equal, by what they are.
fn counts<T, W: Ord>(items: &[T], whole: impl Fn(&T) -> W) -> BTreeMap<W, usize> {
    let mut counts = BTreeMap::new();
    for item in items {
        *counts.entry(whole(item)).or_default() += 1;
    }
    counts
}

/// What of `items` has no partner among the others, of which there are so many.
fn beyond<T, W: Ord>(
    mut items: Vec<T>,
    mut others: BTreeMap<W, usize>,
    whole: impl Fn(&T) -> W,
) -> Vec<T> {
    items.retain(|item| match others.get_mut(&whole(item)) {
        Some(left) if *left > 0 => {
            *left -= 1;
            false
        }
        _ => true,
    });
    items
}
