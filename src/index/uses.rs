//! Where names are used first: a term, tag or target stands in no place of
//! its own, so its first use is what is cited for it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::edges::Edge;
use super::entity::{LinkKind, Node, NodePlace};
use super::error::IndexError;
use super::locate::{Locator, Ref, names_of};
use super::open::Index;
use crate::graph::{NodeId, NodeKind};

/// Names looked for by one statement: its text stays far below SQLite's limit.
const BATCH: usize = 8_192;

/// Which links use the names of a table, as pairs of name and document.
struct Users {
    names: NodeKind,
    kind: LinkKind,
    sql: &'static str,
}

const TERMS: Users = Users {
    names: NodeKind::Term,
    kind: LinkKind::Mentions,
    sql: "SELECT m.term, d.id, d.path FROM mention m JOIN chunk c ON c.id = m.id >> 12
          JOIN document d ON d.id = c.document WHERE m.term",
};
const TAGS: Users = Users {
    names: NodeKind::Tag,
    kind: LinkKind::Tagged,
    sql: "SELECT u.tag, d.id, d.path FROM tagged u
          JOIN document d ON d.id = u.id >> 20 WHERE u.tag",
};
/// Of all three kinds.
const TARGETS: Users = Users {
    names: NodeKind::Unresolved,
    kind: LinkKind::LinksTo,
    sql: "SELECT l.to_target, d.id, d.path FROM link l
          JOIN document d ON d.id = l.id >> 20 WHERE l.to_target",
};

impl Index {
    /// Gives every term, tag and target among `nodes` the place of its first
    /// use: by path, then by where it stands.
    ///
    /// # Errors
    /// [`IndexError::Damaged`] or [`IndexError::Io`].
    pub fn cite_names<'n>(
        &self,
        nodes: impl Iterator<Item = &'n mut Node>,
    ) -> Result<(), IndexError> {
        let mut uncited: HashMap<NodeId, &mut Node> = nodes
            .filter(|node| node.place.is_none())
            .map(|node| (node.id.clone(), node))
            .collect();
        let kinds: BTreeSet<NodeKind> = uncited.keys().map(NodeId::kind).collect();
        let mut names: BTreeMap<Ref, NodeId> = BTreeMap::new();
        for kind in kinds {
            let mut statement = self.connection().prepare(&names_of(kind))?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let id = NodeId::new(kind, row.get::<_, String>(1)?);
                if uncited.contains_key(&id) {
                    names.insert(Ref::name(kind, row.get(0)?), id);
                }
            }
        }
        let mut locator = Locator::new(self);
        let rows = names.keys().copied().collect();
        for (name, edge) in self.first_uses(&rows, &|_| true)? {
            if let Some(node) = uncited.get_mut(&names[&name]) {
                node.place = Some(place(&edge, &mut locator)?);
            }
        }
        Ok(())
    }

    /// The first use of each of `names` in the documents that `accept` takes:
    /// by path, then by place.
    pub(super) fn first_uses(
        &self,
        names: &BTreeSet<Ref>,
        accept: &dyn Fn(i64) -> bool,
    ) -> Result<BTreeMap<Ref, Edge>, IndexError> {
        let mut first = BTreeMap::new();
        let mut locator = Locator::new(self);
        for users in [TERMS, TAGS, TARGETS] {
            let ids: Vec<i64> = names.iter().filter_map(|at| users.row(*at)).collect();
            for (document, ids) in self.first_documents(&users, &ids, accept)? {
                let head = locator.head(document)?;
                for edge in self.edges_of(&head, users.kind)? {
                    if users.row(edge.target).is_some_and(|id| ids.contains(&id)) {
                        first.entry(edge.target).or_insert(edge);
                    }
                }
            }
        }
        Ok(first)
    }

    /// The documents that are the first by path to use some of the names
    /// `ids`, each with those names.
    fn first_documents(
        &self,
        users: &Users,
        ids: &[i64],
        accept: &dyn Fn(i64) -> bool,
    ) -> Result<BTreeMap<i64, BTreeSet<i64>>, IndexError> {
        let mut first: BTreeMap<i64, (String, i64)> = BTreeMap::new();
        for batch in ids.chunks(BATCH) {
            let list: Vec<String> = batch.iter().map(i64::to_string).collect();
            let sql = format!("{} IN ({})", users.sql, list.join(","));
            let mut statement = self.connection().prepare(&sql)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let (name, document): (i64, i64) = (row.get(0)?, row.get(1)?);
                let path = row.get_ref(2)?.as_str()?;
                let earlier = first
                    .get(&name)
                    .is_none_or(|(other, _)| path < other.as_str());
                if earlier && accept(document) {
                    first.insert(name, (path.to_owned(), document));
                }
            }
        }
        let mut documents: BTreeMap<i64, BTreeSet<i64>> = BTreeMap::new();
        for (name, (_, document)) in first {
            documents.entry(document).or_default().insert(name);
        }
        Ok(documents)
    }
}

impl Users {
    /// The row of `at`, if it is a name of this table.
    fn row(&self, at: Ref) -> Option<i64> {
        let (Ref::Term(id) | Ref::Tag(id) | Ref::Target(id)) = at else {
            return None;
        };
        (Ref::name(self.names, id) == at).then_some(id)
    }
}

/// Where the evidence of `edge` stands.
fn place(edge: &Edge, locator: &mut Locator<'_>) -> Result<NodePlace, IndexError> {
    let head = locator.head(edge.document)?;
    Ok(NodePlace {
        path: head.path.clone(),
        line: edge.line,
        end_line: edge.line,
        start: edge.start,
        end: edge.start.saturating_add(edge.bytes),
        sha256: head.sha256,
    })
}
