//! Every node and every link, one at a time, in an order that depends on
//! nothing but what they are: documents by path, what stands in them in
//! source order, then names by themselves.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::edges::Namer;
use super::entity::{Link, LinkKind, Node};
use super::error::IndexError;
use super::layout::{Code, row_range};
use super::locate::{Head, Locator, document_node, name_node};
use super::open::Index;
use crate::graph::NodeKind;

impl Index {
    /// Calls `visit` with every node whose kind is among `kinds`, until it
    /// breaks.
    ///
    /// # Errors
    /// [`IndexError::Damaged`] or [`IndexError::Io`].
    pub fn each_node(
        &self,
        kinds: &BTreeSet<NodeKind>,
        visit: &mut dyn FnMut(Node) -> ControlFlow<()>,
    ) -> Result<(), IndexError> {
        self.nodes_where(kinds, &|_| true, visit)
    }

    /// As [`each_node`](Self::each_node), only in documents that `accept`
    /// takes.
    pub(super) fn nodes_where(
        &self,
        kinds: &BTreeSet<NodeKind>,
        accept: &dyn Fn(&Head) -> bool,
        visit: &mut dyn FnMut(Node) -> ControlFlow<()>,
    ) -> Result<(), IndexError> {
        let wants = |kind| kinds.contains(&kind);
        if wants(NodeKind::Document) || wants(NodeKind::Section) || wants(NodeKind::Chunk) {
            let mut locator = Locator::new(self);
            let mut documents = Documents::default();
            while let Some(document) = documents.next(self)? {
                let head = locator.head(document)?;
                if !accept(&head) {
                    continue;
                }
                let mut nodes = Vec::new();
                if wants(NodeKind::Document) {
                    nodes.push(document_node(&head));
                }
                if wants(NodeKind::Section) {
                    nodes.extend(locator.sections(&head, row_range(document))?);
                }
                if wants(NodeKind::Chunk) {
                    nodes.extend(locator.chunks(&head, head.first_chunk, head.chunks)?);
                }
                for node in nodes {
                    if visit(node).is_break() {
                        return Ok(());
                    }
                }
            }
        }
        for (kind, sql) in [
            (NodeKind::Term, "SELECT name, uses FROM term ORDER BY name"),
            (NodeKind::Tag, "SELECT name, uses FROM tag ORDER BY name"),
        ] {
            if wants(kind) && self.each_name(kind, sql, visit)?.is_break() {
                return Ok(());
            }
        }
        for kind in <NodeKind as Code>::ALL.iter().copied() {
            let code = kind.code();
            let sql = format!("SELECT key, NULL FROM target WHERE kind = {code} ORDER BY key");
            if wants(kind) && self.each_name(kind, &sql, visit)?.is_break() {
                return Ok(());
            }
        }
        Ok(())
    }

    fn each_name(
        &self,
        kind: NodeKind,
        sql: &str,
        visit: &mut dyn FnMut(Node) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, IndexError> {
        let mut statement = self.connection().prepare(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let name = row.get_ref(0)?.as_str()?;
            let node = name_node(kind, name, row.get(1)?);
            if visit(node).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Calls `visit` with every link whose kind is among `kinds`, until it
    /// breaks: by document, by kind, in source order.
    ///
    /// # Errors
    /// [`IndexError::Damaged`] or [`IndexError::Io`].
    pub fn each_link(
        &self,
        kinds: &BTreeSet<LinkKind>,
        visit: &mut dyn FnMut(Link) -> ControlFlow<()>,
    ) -> Result<(), IndexError> {
        self.links_where(kinds, &|_| true, visit)
    }

    /// As [`each_link`](Self::each_link), only in documents that `accept`
    /// takes.
    pub(super) fn links_where(
        &self,
        kinds: &BTreeSet<LinkKind>,
        accept: &dyn Fn(&Head) -> bool,
        visit: &mut dyn FnMut(Link) -> ControlFlow<()>,
    ) -> Result<(), IndexError> {
        let mut namer = Namer::new(self);
        let mut documents = Documents::default();
        while let Some(document) = documents.next(self)? {
            let head = namer.locator().head(document)?;
            if !accept(&head) {
                continue;
            }
            namer.open(&head);
            for kind in kinds {
                for edge in self.edges_of(&head, *kind)? {
                    let link = namer.link(edge)?;
                    if visit(link).is_break() {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }
}

/// The ids of all documents by path, read in batches: memory does not grow
/// with the index, and no statement stays open meanwhile.
#[derive(Default)]
pub(super) struct Documents {
    batch: std::vec::IntoIter<i64>,
    last: String,
}

impl Documents {
    /// The next document's id.
    pub(super) fn next(&mut self, index: &Index) -> Result<Option<i64>, IndexError> {
        if let Some(id) = self.batch.next() {
            return Ok(Some(id));
        }
        let mut statement = index.connection().prepare_cached(
            "SELECT id, path FROM document WHERE path > ? ORDER BY path LIMIT 512",
        )?;
        let mut rows = statement.query([&self.last])?;
        let mut batch = Vec::new();
        let mut last = None;
        while let Some(row) = rows.next()? {
            batch.push(row.get(0)?);
            last = Some(row.get(1)?);
        }
        if let Some(last) = last {
            self.last = last;
        }
        self.batch = batch.into_iter();
        Ok(self.batch.next())
    }
}
