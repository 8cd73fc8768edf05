//! Links while an index is updated: resolved against its rows.

use std::cell::{OnceCell, RefCell};
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, OptionalExtension, params};

use super::names::LiveNames;
use crate::graph::resolve;
use crate::graph::{FileNames, Format, LinkRule, NodeId, WorkspacePath};
use crate::graph::{Targets, nearness};
use crate::index::build::{End, Facts, Fragments, Inserts, LinkRow, Lookup, NameIds, written};
use crate::index::digest::place;
use crate::index::error::IndexError;
use crate::index::layout::{Code, plain_anchor, row_id, row_range, split_row_id};
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
    pub(super) fn new(connection: &'c Connection, facts: &'c Facts, stems: Option<Stems>) -> Self {
        Self {
            connection,
            live: Live {
                connection,
                facts,
                file_names: OnceCell::new(),
                stems: stems.map_or_else(OnceCell::new, OnceCell::from),
                labels: OnceCell::new(),
                fragments: RefCell::default(),
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
    pub(super) fn turn(&mut self, source: &WorkspacePath, links: &[i64]) -> Result<(), IndexError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT l.rule, coalesce(l.written, g.key)
             FROM link l LEFT JOIN target g ON g.id = l.to_target WHERE l.id = ?",
        )?;
        for id in links {
            let (rule, target): (i64, String) =
                statement.query_row([*id], |row| Ok((row.get(0)?, row.get(1)?)))?;
            let rule = LinkRule::from_code(rule)?;
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
                written: written(&link.target, &fresh.node, fresh.end),
                place: place(link.span),
                end: fresh.end,
                to_target: names.outside(&fresh.node, fresh.end)?,
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
                written(&turned.target, &turned.node, turned.end),
                turned.end.map(|end| end.document),
                turned.end.and_then(|end| end.section),
                names.outside(&turned.node, turned.end)?,
                turned.id,
            ])?;
        }
        Ok(())
    }
}

/// By label, of the documents that define it the nearest.
type Labels = HashMap<String, WorkspacePath>;

/// The fragments of the documents that links were found to lead into.
#[derive(Default)]
struct Learned {
    documents: HashSet<i64>,
    fragments: Fragments,
}

/// What links can point at, asked of the database, which does not change
/// meanwhile in what is remembered of it.
struct Live<'c> {
    connection: &'c Connection,
    facts: &'c Facts,
    file_names: OnceCell<FileNames<'c>>,
    stems: OnceCell<Stems>,
    labels: OnceCell<Labels>,
    fragments: RefCell<Learned>,
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
        let mut learned = self.fragments.borrow_mut();
        // All at once: many links may lead into one document.
        if learned.documents.insert(document) {
            self.read_fragments(document, &mut learned.fragments)?;
        }
        Ok(learned.fragments.find(document, anchor))
    }

    fn read_fragments(&self, document: i64, to: &mut Fragments) -> Result<(), IndexError> {
        let mut sections = self.connection.prepare_cached(
            "SELECT id, title, anchor FROM section WHERE id BETWEEN ? AND ? ORDER BY id",
        )?;
        let mut rows = sections.query(row_range(document))?;
        while let Some(row) = rows.next()? {
            let (_, number) = split_row_id(row.get(0)?);
            let anchor: Option<String> = row.get(2)?;
            let anchor = match anchor {
                Some(anchor) => anchor,
                None => plain_anchor(row.get_ref(1)?.as_str()?),
            };
            to.add(document, &anchor, Some(number as u32));
        }
        let mut anchors = self.connection.prepare_cached(
            "SELECT name, section FROM anchor WHERE id BETWEEN ? AND ? ORDER BY id",
        )?;
        let mut rows = anchors.query(row_range(document))?;
        while let Some(row) = rows.next()? {
            let name = row.get_ref(0)?.as_str()?;
            to.add(document, name, row.get(1)?);
        }
        Ok(())
    }

    /// The nearest document with this stem, which is in lower case, that `fits`.
    fn find_stem(
        &self,
        stem: &str,
        fits: &dyn Fn(&WorkspacePath) -> bool,
    ) -> Result<Option<WorkspacePath>, IndexError> {
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
        for id in stems.may_have(stem) {
            let path: String = path_of.query_row([id], |row| row.get(0))?;
            let path: WorkspacePath = path.parse()?;
            if path.stem().to_lowercase() == stem && fits(&path) {
                return Ok(Some(path));
            }
        }
        Ok(None)
    }

    fn read_labels(&self) -> Result<Labels, IndexError> {
        let sql = format!(
            "SELECT d.path, a.name FROM anchor a JOIN document d ON d.id = a.id >> 20
             WHERE d.format = {}",
            Format::Rst.code()
        );
        let mut statement = self.connection.prepare(&sql)?;
        let mut rows = statement.query([])?;
        let mut labels = Labels::new();
        while let Some(row) = rows.next()? {
            let path: WorkspacePath = row.get_ref(0)?.as_str()?.parse()?;
            match labels.entry(row.get(1)?) {
                Entry::Vacant(free) => drop(free.insert(path)),
                Entry::Occupied(mut other) => {
                    if nearness(path.as_str()) < nearness(other.get().as_str()) {
                        other.insert(path);
                    }
                }
            }
        }
        Ok(labels)
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
        self.facts.files.contains(path)
    }

    fn file_ending_in(&self, end: &str) -> Option<WorkspacePath> {
        let linked = || FileNames::of(self.facts.linked.iter());
        self.file_names.get_or_init(linked).find(end).cloned()
    }

    fn document_with_stem(
        &self,
        stem: &str,
        fits: &dyn Fn(&WorkspacePath) -> bool,
    ) -> Option<WorkspacePath> {
        self.or_note(self.find_stem(stem, fits)).flatten()
    }

    fn document_with_label(&self, label: &str) -> Option<WorkspacePath> {
        let labels = self
            .labels
            .get_or_init(|| self.or_note(self.read_labels()).unwrap_or_default());
        labels.get(label).cloned()
    }
}
