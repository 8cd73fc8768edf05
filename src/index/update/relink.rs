//! Links while an index is updated: resolved against its rows.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeSet, HashMap};

use rusqlite::{Connection, OptionalExtension, params};

use super::names::LiveNames;
use crate::graph::resolve::{self, Targets};
use crate::graph::{Format, LinkRule, NodeId, WorkspacePath};
use crate::index::build::{End, Inserts, LinkRow, Lookup, NameIds, written};
use crate::index::digest::place;
use crate::index::error::IndexError;
use crate::index::layout::{Code, row_id, row_range};
use crate::index::prepare::Prepared;
use crate::index::stems::Stems;

/// Gathers links that are new or may have turned, then writes them all: the
/// ids of their targets are found in one pass.
pub(super) struct Relinker<'c, 'p> {
    connection: &'c Connection,
    live: Live<'c>,
    fresh: Vec<Fresh<'p>>,
    turned: Vec<Turned>,
}

/// A link of an edited document.
struct Fresh<'p> {
    document: i64,
    number: usize,
    of: &'p Prepared,
    node: NodeId,
    end: Option<End>,
}

/// A link of another document, that points elsewhere now.
struct Turned {
    id: i64,
    target: String,
    node: NodeId,
    end: Option<End>,
}

impl<'c, 'p> Relinker<'c, 'p> {
    /// With the `stems` of all documents, where they are known.
    pub(super) fn new(
        connection: &'c Connection,
        files: &'c BTreeSet<WorkspacePath>,
        stems: Option<Stems>,
    ) -> Self {
        Self {
            connection,
            live: Live {
                connection,
                files,
                stems: stems.map_or_else(OnceCell::new, OnceCell::from),
                labels: OnceCell::new(),
                failure: RefCell::new(None),
            },
            fresh: Vec::new(),
            turned: Vec::new(),
        }
    }

    /// The links of an edited document.
    pub(super) fn insert(&mut self, document: i64, of: &'p Prepared) -> Result<(), IndexError> {
        for (number, link) in of.document.links.iter().enumerate() {
            let (node, end) = self
                .live
                .resolve(&of.source.path, link.rule, &link.target)?;
            self.fresh.push(Fresh {
                document,
                number,
                of,
                node,
                end,
            });
        }
        Ok(())
    }

    /// Links of another document that may have turned.
    pub(super) fn turn(
        &mut self,
        _document: i64,
        source: &WorkspacePath,
        links: &[i64],
    ) -> Result<(), IndexError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT l.rule, coalesce(l.written, g.key)
             FROM link l LEFT JOIN target g ON g.id = l.to_target WHERE l.id = ?",
        )?;
        for id in links {
            let (rule, target): (i64, String) =
                statement.query_row([*id], |row| Ok((row.get(0)?, row.get(1)?)))?;
            let rule = LinkRule::from_code(rule)
                .ok_or_else(|| IndexError::Damaged("a link has no rule".to_owned()))?;
            let (node, end) = self.live.resolve(source, rule, &target)?;
            self.turned.push(Turned {
                id: *id,
                target,
                node,
                end,
            });
        }
        Ok(())
    }

    /// Writes all links gathered.
    pub(super) fn write(self, names: &mut LiveNames<'_>) -> Result<(), IndexError> {
        let fresh = self.fresh.iter().map(|link| (&link.node, link.end));
        let turned = self.turned.iter().map(|link| (&link.node, link.end));
        let outside = fresh
            .chain(turned)
            .filter(|(_, end)| end.is_none())
            .map(|(node, _)| (node.kind(), node.key().to_owned()));
        names.learn_targets(outside)?;
        let inserts = Inserts::new(self.connection);
        for fresh in &self.fresh {
            let link = &fresh.of.document.links[fresh.number];
            inserts.link(&LinkRow {
                id: row_id(fresh.document, fresh.number),
                section: link.section,
                rule: link.rule.code(),
                written: written(&link.target, &fresh.node, &fresh.end),
                place: place(link.span),
                to_document: fresh.end.map(|end| end.document),
                to_section: fresh.end.and_then(|end| end.section),
                to_target: target_id(names, &fresh.node, fresh.end)?,
                name: fresh.of.names[fresh.number],
            })?;
        }
        let mut before = self
            .connection
            .prepare("SELECT to_target FROM link WHERE id = ?")?;
        let mut update = self.connection.prepare(
            "UPDATE link SET written = ?, to_document = ?, to_section = ?, to_target = ?
             WHERE id = ?",
        )?;
        for turned in &self.turned {
            let old: Option<i64> = before.query_row([turned.id], |row| row.get(0))?;
            old.into_iter().for_each(|id| names.release_target(id));
            update.execute(params![
                written(&turned.target, &turned.node, &turned.end),
                turned.end.map(|end| end.document),
                turned.end.and_then(|end| end.section),
                target_id(names, &turned.node, turned.end)?,
                turned.id,
            ])?;
        }
        Ok(())
    }
}

fn target_id(
    names: &mut LiveNames<'_>,
    node: &NodeId,
    end: Option<End>,
) -> Result<Option<i64>, IndexError> {
    match end {
        Some(_) => Ok(None),
        None => names.target(node.kind(), node.key()).map(Some),
    }
}

/// Documents by a name that several may have.
type ByName = HashMap<String, Vec<WorkspacePath>>;

/// What links can point at, asked of the database.
struct Live<'c> {
    connection: &'c Connection,
    files: &'c BTreeSet<WorkspacePath>,
    stems: OnceCell<Stems>,
    labels: OnceCell<ByName>,
    /// The first error: [`Targets`] has no way to tell.
    failure: RefCell<Option<IndexError>>,
}

impl Live<'_> {
    fn resolve(
        &self,
        source: &WorkspacePath,
        rule: LinkRule,
        target: &str,
    ) -> Result<(NodeId, Option<End>), IndexError> {
        let node = resolve::resolve(source, rule, target, self);
        let end = self.end(&node);
        match self.failure.take() {
            Some(error) => Err(error),
            None => Ok((node, end)),
        }
    }

    fn or_note<T>(&self, outcome: Result<T, IndexError>) -> Option<T> {
        outcome
            .map_err(|error| {
                self.failure.borrow_mut().get_or_insert(error);
            })
            .ok()
    }

    fn find_fragment(
        &self,
        document: i64,
        anchor: &str,
    ) -> Result<Option<Option<u32>>, IndexError> {
        let (first, last) = row_range(document);
        let section: Option<u32> = self
            .connection
            .prepare_cached(
                "SELECT id - ?1 FROM section WHERE id BETWEEN ?1 AND ?2
                   AND coalesce(anchor, replace(lower(title), ' ', '-')) = ?3
                 ORDER BY id LIMIT 1",
            )?
            .query_row(params![first, last, anchor], |row| row.get(0))
            .optional()?;
        if section.is_some() {
            return Ok(Some(section));
        }
        Ok(self
            .connection
            .prepare_cached(
                "SELECT section FROM anchor WHERE id BETWEEN ?1 AND ?2 AND name = ?3
                 ORDER BY id LIMIT 1",
            )?
            .query_row(params![first, last, anchor], |row| row.get(0))
            .optional()?)
    }

    /// The documents with this stem, which is in lower case.
    fn find_stem(&self, stem: &str) -> Result<Vec<WorkspacePath>, IndexError> {
        let stems = match self.stems.get() {
            Some(stems) => stems,
            None => {
                let stems = Stems::read(self.connection)?;
                self.stems.get_or_init(|| stems)
            }
        };
        let mut path_of = self
            .connection
            .prepare_cached("SELECT path FROM document WHERE id = ?")?;
        let mut found = Vec::new();
        for id in stems.may_have(stem) {
            let path: String = path_of.query_row([id], |row| row.get(0))?;
            let path: WorkspacePath = path.parse()?;
            if path.stem().to_lowercase() == stem {
                found.push(path);
            }
        }
        Ok(found)
    }

    fn read_labels(&self) -> Result<ByName, IndexError> {
        let sql = format!(
            "SELECT d.path, a.name FROM anchor a JOIN document d ON d.id = a.id >> 20
             WHERE d.format = {}",
            Format::Rst.code()
        );
        self.read_names(&sql, |_, label| label)
    }

    /// The documents in the rows of `sql`, by what `name` makes of a row.
    fn read_names(
        &self,
        sql: &str,
        name: impl Fn(&WorkspacePath, String) -> String,
    ) -> Result<ByName, IndexError> {
        let mut statement = self.connection.prepare(sql)?;
        let mut rows = statement.query([])?;
        let mut names = ByName::new();
        while let Some(row) = rows.next()? {
            let path: String = row.get(0)?;
            let path: WorkspacePath = path.parse()?;
            names
                .entry(name(&path, row.get(1)?))
                .or_default()
                .push(path);
        }
        Ok(names)
    }
}

impl Lookup for Live<'_> {
    fn document(&self, path: &str) -> Option<i64> {
        let find = || -> Result<Option<i64>, IndexError> {
            Ok(self
                .connection
                .prepare_cached("SELECT id FROM document WHERE path = ?")?
                .query_row([path], |row| row.get(0))
                .optional()?)
        };
        self.or_note(find()).flatten()
    }

    fn fragment(&self, document: i64, anchor: &str) -> Option<Option<u32>> {
        self.or_note(self.find_fragment(document, anchor)).flatten()
    }
}

impl Targets for Live<'_> {
    fn has_document(&self, path: &str) -> bool {
        self.document(path).is_some()
    }

    fn has_section(&self, path: &WorkspacePath, anchor: &str) -> bool {
        self.document(path.as_str())
            .is_some_and(|document| self.fragment(document, anchor).is_some())
    }

    fn has_file(&self, path: &WorkspacePath) -> bool {
        self.files.contains(path)
    }

    fn documents_with_stem(&self, stem: &str) -> Vec<WorkspacePath> {
        self.or_note(self.find_stem(stem)).unwrap_or_default()
    }

    fn documents_with_label(&self, label: &str) -> Vec<WorkspacePath> {
        let labels = self
            .labels
            .get_or_init(|| self.or_note(self.read_labels()).unwrap_or_default());
        labels.get(label).cloned().unwrap_or_default()
    }
}
