//! Turning the index of one run into that of the next, at the cost of what
//! changed: the previous file is copied, the rows of changed documents are
//! exchanged, and links elsewhere that an edit may have turned are resolved
//! again. The result equals a build from scratch row for row, rowids aside.

mod edit;
mod names;
mod relink;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rusqlite::Connection;

use super::build::{Built, Counts, Facts, Inserts, Workshop, files_digest, write_refused};
use super::error::IndexError;
use super::link_names::{names_of_document, names_of_labels};
use super::open::{Meta, check_schema};
use super::prepare::Prepared;
use super::recompute;
use super::stems::Stems;
use super::{digest, layout};
use crate::foundation::checksum::{Checking, Checksum};
use crate::foundation::digest::MultisetDigest;
use crate::foundation::durable;
use crate::foundation::sqlite::Scratch;
use crate::graph::{Document, LinkRule, WorkspacePath};
use edit::Edit;
use names::LiveNames;
use relink::Relinker;

/// What happened to one source since the previous run.
// Few of them exist at a time, and each is taken apart at once.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, Debug)]
pub enum Change {
    /// It is gone.
    Remove {
        /// Where it was.
        path: WorkspacePath,
        /// What it said.
        old: Document,
    },
    /// It is new, or says something else now.
    Put {
        /// What it says now.
        new: Prepared,
        /// What it said, when it was there before.
        old: Option<Document>,
    },
}

impl Change {
    /// The source's path.
    #[must_use]
    pub const fn path(&self) -> &WorkspacePath {
        match self {
            Self::Remove { path, .. } => path,
            Self::Put { new, .. } => &new.source.path,
        }
    }

    /// What a document says now that was there before.
    const fn edit(&self) -> Option<&Prepared> {
        match self {
            Self::Put { new, old: Some(_) } => Some(new),
            Self::Put { old: None, .. } | Self::Remove { .. } => None,
        }
    }
}

/// A copy of an index, to be turned into that of the next run.
pub struct Editable {
    workshop: Workshop,
    meta: Meta,
    /// Of its documents, where they are known beforehand.
    stems: Option<Stems>,
}

impl Editable {
    /// Copies the index at `previous`, which says `meta` of itself and had the
    /// checksum `written`: damage must not be carried from run to run.
    ///
    /// # Errors
    /// As [`Index::open`](super::Index::open).
    pub fn copy(
        previous: &Path,
        meta: Meta,
        written: Checksum,
        scratch: &Scratch,
    ) -> Result<Self, IndexError> {
        let file = durable::open_regular(previous)?;
        let bytes = file.metadata()?.len();
        let mut file = Checking::new(file, written);
        let workshop = Workshop::copy(scratch, &mut file, bytes)?;
        if !file.is_as_expected() {
            return Err(IndexError::damaged("its bytes have changed"));
        }
        // The file may have been exchanged since it was opened.
        check_schema(workshop.connection())?;
        Ok(Self {
            workshop,
            meta,
            stems: None,
        })
    }

    /// Whether it is so much larger than one of `source_bytes` of sources need be
    /// that building one anew is worth its time: what edits take out of the full
    /// text stays there for long, and no page is given back.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn is_worn(&self, source_bytes: u64) -> Result<bool, IndexError> {
        let pages = self.workshop.pages()?;
        let origin = self.meta.origin;
        Ok(origin.is_some_and(|origin| origin.is_outgrown(pages, source_bytes)))
    }

    /// Reads what [`update`](Self::update) with these changes will ask of all
    /// documents: it does not depend on what else the new run is made of.
    ///
    /// # Errors
    /// As [`copy`](Self::copy).
    pub fn prepare(&mut self, changes: &[Change]) -> Result<(), IndexError> {
        let edits: Option<Vec<&Prepared>> = changes.iter().map(Change::edit).collect();
        let by_stem = |new: &&Prepared| {
            let mut links = new.document.links.iter();
            links.any(|link| link.rule == LinkRule::Wikilink)
        };
        // Where no document comes or goes, names stay as they are.
        if edits.is_some_and(|edits| edits.iter().any(by_stem)) {
            self.stems = Some(Stems::read(self.workshop.connection())?);
        }
        Ok(())
    }

    /// Applies `changes`, at most one for each path; `facts` are those of the
    /// new run.
    ///
    /// # Errors
    /// [`IndexError::Stale`] when a change does not fit the index; others as
    /// [`copy`](Self::copy). Where [`IndexError::is_damage`] holds, building
    /// from scratch is the remedy.
    pub fn update(self, changes: &[Change], facts: &Facts) -> Result<Built, IndexError> {
        let mut updater = Updater {
            connection: self.workshop.connection(),
            sum: MultisetDigest::from_digest(self.meta.rows),
            counts: self.meta.counts,
        };
        let files_changed = self.meta.files != files_digest(facts);
        updater.apply(changes, facts, files_changed, self.stems)?;
        let (sum, counts) = (updater.sum, updater.counts);
        self.workshop.complete(facts, sum, counts)
    }
}

struct Updater<'c> {
    connection: &'c Connection,
    sum: MultisetDigest,
    counts: Counts,
}

impl Updater<'_> {
    fn apply(
        &mut self,
        changes: &[Change],
        facts: &Facts,
        files_changed: bool,
        stems: Option<Stems>,
    ) -> Result<(), IndexError> {
        let mut edits = Vec::with_capacity(changes.len());
        for change in changes {
            edits.push(Edit::of(self.connection, change)?);
        }
        edit::assign_ids(self.connection, &mut edits)?;
        let turned = self.links_to_look_at(&edits, files_changed)?;
        for edit in &edits {
            if edit.old.is_some() {
                let rows = recompute::document(self.connection, edit.id)?;
                self.sum.remove(rows.digest);
                rows.resolution
                    .into_iter()
                    .for_each(|row| self.sum.remove(row));
                self.counts.release(&rows.counts);
            }
        }
        for (document, (path, _)) in &turned {
            let (row, unresolved) = recompute::resolution(self.connection, *document, path)?;
            row.into_iter().for_each(|row| self.sum.remove(row));
            self.counts.unresolved = self.counts.unresolved.wrapping_sub(unresolved);
        }

        let mut names = LiveNames::new(self.connection)?;
        for edit in &edits {
            edit.delete(self.connection, &mut names)?;
        }
        names.learn(edits.iter().filter_map(|edit| edit.new))?;
        let inserts = Inserts::new(self.connection);
        for edit in &edits {
            if let Some(new) = edit.new {
                inserts.document(edit.id, new, edit.new_first_chunk, &mut names)?;
            }
            edit.make_searchable(self.connection)?;
        }
        let mut relinker = Relinker::new(self.connection, facts, stems);
        for edit in &edits {
            if let Some(new) = edit.new {
                relinker.insert(edit.id, new)?;
            }
        }
        for (path, links) in turned.values() {
            relinker.turn(path, links)?;
        }
        relinker.write(&mut names)?;

        for edit in &edits {
            if let Some(new) = edit.new {
                self.sum.add(new.digest);
                self.counts.add(new);
                self.add_resolution(edit.id, &new.source.path)?;
            }
        }
        for (document, (path, _)) in &turned {
            self.add_resolution(*document, path)?;
        }
        names.settle(&mut self.counts)?;
        self.refused(facts)
    }

    fn add_resolution(&mut self, document: i64, path: &WorkspacePath) -> Result<(), IndexError> {
        let (row, unresolved) = recompute::resolution(self.connection, document, path)?;
        row.into_iter().for_each(|row| self.sum.add(row));
        self.counts.unresolved = self.counts.unresolved.wrapping_add(unresolved);
        Ok(())
    }

    /// The links of documents that are not edited which an edit may turn, by
    /// document: those that may name a document whose coming, going or set of
    /// fragments is an edit, and those to files where files have changed.
    fn links_to_look_at(
        &self,
        edits: &[Edit<'_>],
        files_changed: bool,
    ) -> Result<BTreeMap<i64, (WorkspacePath, Vec<i64>)>, IndexError> {
        let mut links: Vec<i64> = Vec::new();
        let mut named = self
            .connection
            .prepare("SELECT id FROM link WHERE name = ?")?;
        let mut add = |name: i64| -> Result<(), IndexError> {
            for id in named.query_map([name], |row| row.get(0))? {
                links.push(id?);
            }
            Ok(())
        };
        for edit in edits.iter().filter(|edit| edit.turns_links()) {
            let new = edit.new.map(|new| &new.document);
            let labels = edit.old.into_iter().chain(new).flat_map(names_of_labels);
            for name in names_of_document(edit.path).into_iter().chain(labels) {
                add(name)?;
            }
        }
        if files_changed {
            let mut outside = self.connection.prepare(
                "SELECT l.id FROM target g JOIN link l ON l.to_target = g.id
                 WHERE g.kind IN (1, 2) AND l.name IS NOT NULL",
            )?;
            for id in outside.query_map([], |row| row.get(0))? {
                links.push(id?);
            }
        }
        let edited: BTreeSet<i64> = edits.iter().map(|edit| edit.id).collect();
        links.sort_unstable();
        links.dedup();
        let mut turned: BTreeMap<i64, (WorkspacePath, Vec<i64>)> = BTreeMap::new();
        let mut path_of = self
            .connection
            .prepare("SELECT path FROM document WHERE id = ?")?;
        for link in links {
            let (document, _) = layout::split_row_id(link);
            if edited.contains(&document) {
                continue;
            }
            if let Some((_, links)) = turned.get_mut(&document) {
                links.push(link);
                continue;
            }
            let path: String = path_of.query_row([document], |row| row.get(0))?;
            let path = path.parse()?;
            turned.insert(document, (path, vec![link]));
        }
        Ok(turned)
    }

    /// Exchanges the refused sources: few, so all of them.
    fn refused(&mut self, facts: &Facts) -> Result<(), IndexError> {
        let mut statement = self
            .connection
            .prepare("SELECT path, reason FROM refused")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (path, reason): (String, String) = (row.get(0)?, row.get(1)?);
            self.sum.remove(digest::refused(&path, &reason));
        }
        drop(rows);
        self.connection.execute("DELETE FROM refused", [])?;
        write_refused(self.connection, facts, &mut self.sum)?;
        self.counts.refused = facts.refused.len() as u64;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
